/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_MYSQL_GREETING_H
#define RDSCA_MYSQL_GREETING_H

/*
 * The first packet of a MySQL or MariaDB server.
 *
 * Source of the form: "Protocol::HandshakeV10", "Protocol::SSLRequest" and
 * "ERR_Packet" in the MySQL Internals manual; "Connecting to server" in the
 * MariaDB Knowledge Base.  Pure.
 */

#include <stddef.h>

#include "rds/error.h"

#define RDSCA_GREETING_HEAD 4   /* bytes before a packet: size, number */
#define RDSCA_GREETING_MAX 1024 /* bytes of a packet; real ones: about 100 */
#define RDSCA_SSL_REQUEST 36    /* bytes */

enum rdsca_greeting_kind {
    RDSCA_GREETING_TLS,    /* the server offers TLS */
    RDSCA_GREETING_PLAIN,  /* it does not */
    RDSCA_GREETING_ERROR,  /* it turns us away; see `message` */
    RDSCA_GREETING_STRANGE /* no MySQL */
};

/* The size of the packet that follows its head; 0: it is no MySQL greeting. */
size_t rdsca_greeting_size(const unsigned char head[RDSCA_GREETING_HEAD]);

/*
 * Reads the packet.  Of an error: *message is the server's text, within
 * `packet`, which may hold anything.
 */
enum rdsca_greeting_kind rdsca_greeting_read(const unsigned char *packet,
                                             size_t size, const char **message,
                                             size_t *message_size);

/* Writes the packet that asks for TLS, its head included. */
void rdsca_greeting_request(unsigned char out[RDSCA_SSL_REQUEST]);

#endif
