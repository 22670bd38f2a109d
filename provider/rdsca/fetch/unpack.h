/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_UNPACK_H
#define RDSCA_UNPACK_H

/*
 * From the bytes of a bundle to certificates: PEM (RFC 7468), or a
 * certificates-only PKCS#7 (RFC 2315) in PEM or DER.  Nothing else may be in
 * it, and nothing of it may be missing; what the certificates say is not
 * looked at.
 */

#include <openssl/x509.h>

#include "rds/bundle.h"

/*
 * At least one certificate, in their order; free with sk_X509_pop_free().
 * NULL on failure; `name` is what the text calls the bundle, and limits how
 * many certificates it may have.
 */
STACK_OF(X509) * rdsca_unpack(const struct rds_bundle_name *name,
                              const void *bytes, size_t size,
                              struct rds_error *err);

#endif
