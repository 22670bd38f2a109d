/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_LEAF_H
#define RDS_LEAF_H

/*
 * From a server's certificate in libcrypto to what the scope rule looks at.
 *
 * The module judges by it whom to help, and the command tells by it whom the
 * module would help: the same code, so that the answer is the same.
 */

#include "rds/libcrypto.h"
#include "rds/scope.h"

/*
 * Describes the certificate alone: `nested` is false, and nobody is expected.
 * Whoever knows better sets these after.  What is pointed to belongs to the
 * certificate and lives as long.  Allocates nothing of ours.
 */
void rds_leaf_describe(const struct rds_libcrypto *lc, X509 *certificate,
                       struct rds_leaf *out);

#endif
