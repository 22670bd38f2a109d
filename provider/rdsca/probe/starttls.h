/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_STARTTLS_H
#define RDSCA_STARTTLS_H

/*
 * Bringing a database server to the point where TLS begins, as its clients
 * do, without saying who one is.
 *
 * Source of the forms: PostgreSQL documentation, "Message Flow", "SSL Session
 * Encryption"; for MySQL see mysql_greeting.h.
 */

#include "connection.h"

enum rdsca_protocol {
    RDSCA_PROTOCOL_AUTO,
    RDSCA_PROTOCOL_POSTGRES,
    RDSCA_PROTOCOL_MYSQL,
    RDSCA_PROTOCOL_TLS, /* TLS from the first byte */
    RDSCA_PROTOCOLS
};

/* "auto", "postgres", "mysql", "tls"; "?" for a value that is none. */
const char *rdsca_protocol_name(enum rdsca_protocol protocol);
RDS_MUST_CHECK bool rdsca_protocol_find(const char *name,
                                        enum rdsca_protocol *out);

/* How far we came with a server. */
enum rdsca_contact {
    RDSCA_CONTACT_TLS,         /* TLS can begin, or has */
    RDSCA_CONTACT_UNREACHABLE, /* no connection, or it breaks off */
    RDSCA_CONTACT_TURNED_AWAY, /* the server says that it will not */
    RDSCA_CONTACT_NO_TLS,      /* the server has none to offer */
    RDSCA_CONTACT_STRANGE,     /* it says what we do not understand */
};

/*
 * Makes the server ready for a TLS handshake on the wire.  With
 * RDSCA_PROTOCOL_AUTO the port tells what it speaks, as far as it is a known
 * one; else the server is asked, by a second connection if need be.
 * *protocol is then what it was taken for.  The error says what else there
 * is to say than RDSCA_CONTACT_TLS.
 */
RDS_MUST_CHECK enum rdsca_contact rdsca_starttls(struct rdsca_wire *wire,
                                                 unsigned port,
                                                 enum rdsca_protocol *protocol,
                                                 struct rds_error *err);

#endif
