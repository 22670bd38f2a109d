/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MySQL's greeting.  Refuses packets that no MySQL server begins with.
 */

#include "mysql_greeting.h"

#include <string.h>

#define PROTOCOL 10        /* of every server since MySQL 3.21 */
#define ERROR 0xff         /* in the place of the protocol */
#define CODE_SIZE 2        /* of an error */
#define STATE_SIZE 6       /* "#" and five characters, since 4.1 */
#define FIXED_SIZE 13      /* thread 4, scramble 8, filler 1 */
#define CAPABILITY_SSL 0x8 /* of the second byte: 0x0800 */

size_t rdsca_greeting_size(const unsigned char head[RDSCA_GREETING_HEAD])
{
    size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;

    return head[3] == 0 && size <= RDSCA_GREETING_MAX ? size : 0;
}

static enum rdsca_greeting_kind read_error(const unsigned char *packet,
                                           size_t size, const char **message,
                                           size_t *message_size)
{
    size_t skipped = 1 + CODE_SIZE;

    if (size < skipped)
        return RDSCA_GREETING_STRANGE;
    if (size >= skipped + STATE_SIZE && packet[skipped] == '#')
        skipped += STATE_SIZE;
    *message = (const char *)packet + skipped;
    *message_size = size - skipped;
    return RDSCA_GREETING_ERROR;
}

enum rdsca_greeting_kind rdsca_greeting_read(const unsigned char *packet,
                                             size_t size, const char **message,
                                             size_t *message_size)
{
    const unsigned char *end; /* of the server's version */
    size_t at;

    *message = "";
    *message_size = 0;
    if (size != 0 && packet[0] == ERROR)
        return read_error(packet, size, message, message_size);
    if (size == 0 || packet[0] != PROTOCOL)
        return RDSCA_GREETING_STRANGE;
    end = memchr(packet + 1, '\0', size - 1);
    if (end == NULL)
        return RDSCA_GREETING_STRANGE;
    at = (size_t)(end - packet) + 1 + FIXED_SIZE;
    if (size < at + 2)
        return RDSCA_GREETING_STRANGE;
    return (packet[at + 1] & CAPABILITY_SSL) != 0 ? RDSCA_GREETING_TLS
                                                  : RDSCA_GREETING_PLAIN;
}

void rdsca_greeting_request(unsigned char out[RDSCA_SSL_REQUEST])
{
    static const unsigned char start[] = {
        32,   0,    0,    1, /* size, number */
        0x01, 0x8a, 0x00, 0, /* long password, 4.1, SSL, secure connection */
        0,    0,    0,    1, /* 16 MB */
        33,                  /* utf8_general_ci */
    };

    memset(out, 0, RDSCA_SSL_REQUEST);
    memcpy(out, start, sizeof(start));
}
