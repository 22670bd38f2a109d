/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_IDENTITY_H
#define RDS_IDENTITY_H

/*
 * Whom an application expects: what its verify parameters say (see
 * X509_VERIFY_PARAM_set1_host(3) and what stands beside it).
 */

#include "rds/libcrypto.h"
#include "rds/scope.h"

#define RDS_HOSTS_MAX 8 /* host names of an application that we look at */

/*
 * Adds to `leaf`, the description of `certificate`, whom the application
 * expects of it.  Up to OpenSSL 3 these are the hosts themselves, in `hosts`,
 * which must live as long as `leaf`.  From OpenSSL 4 on the hosts cannot be
 * read, and `leaf` says only whether the certificate fails to fit them.
 */
void rds_identity_describe(const struct rds_libcrypto *lc, X509_STORE_CTX *ctx,
                           X509 *certificate, const char *hosts[RDS_HOSTS_MAX],
                           struct rds_leaf *leaf);

#endif
