/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_HANDSHAKE_H
#define RDSCA_HANDSHAKE_H

/*
 * What a server shows of itself in a TLS handshake.
 *
 * The handshake proves that the server holds the key of its certificate; what
 * that certificate is worth is judged afterwards (see verdict.h), so no
 * verification of OpenSSL's runs in it.  Nothing is sent but the handshake.
 */

#include <openssl/x509.h>

#include "starttls.h"

#define RDSCA_CHAIN_MAX 16 /* certificates of a server */

struct rdsca_peer {
    STACK_OF(X509) * chain; /* as sent, the server's own first; NULL: none */
    const char *version;    /* constants of OpenSSL's; NULL: no handshake */
    const char *cipher;
    int security_level; /* that a client of this machine would have */
};

/*
 * Makes the handshake; `name` is what to ask for (SNI), NULL for an address.
 * The chain is to be freed with its certificates; it is NULL for every
 * outcome but RDSCA_CONTACT_TLS.
 */
RDS_MUST_CHECK enum rdsca_contact rdsca_handshake(struct rdsca_wire *wire,
                                                  const char *name,
                                                  struct rdsca_peer *out,
                                                  struct rds_error *err);

#endif
