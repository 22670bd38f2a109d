/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_SAN_H
#define RDSCA_SAN_H

/*
 * The host names in a certificate's subjectAltName (RFC 5280, 4.2.1.6), as
 * bytes that may hold anything.
 */

#include <openssl/x509.h>

#include "rds/scope.h"

struct rdsca_alt_name {
    const unsigned char *at; /* within the certificate */
    size_t size;
};

struct rdsca_names {
    size_t count;  /* of the host names that are kept */
    size_t beyond; /* host names that are not, being too many */
    size_t others; /* entries of another kind */
    struct rdsca_alt_name items[RDS_SCOPE_NAMES_MAX];
};

/* Reads them; none where there is no extension, or one that is damaged. */
void rdsca_names_read(struct rdsca_names *out, X509 *x509);

#endif
