/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a server for TLS.  Refuses packets larger than an honest server's,
 * and reads nothing beyond the answer that it waits for: what a server sends
 * before TLS must not pass for what it sends in it.
 */

#include "starttls.h"

#include <poll.h>
#include <string.h>

#include "mysql_greeting.h"

#define SPEAKS_FIRST 1000 /* ms that a MySQL server has to greet unasked */
#define ANSWERS 3000      /* ms that a server has to show that it is another */
#define LAST_WORDS 1000   /* ms for the text of an error */
#define TEXT_MAX 200      /* bytes of it */

static const char *const protocol_names[] = {"auto", "postgres", "mysql",
                                             "tls"};

_Static_assert(sizeof(protocol_names) / sizeof(protocol_names[0]) ==
                   RDSCA_PROTOCOLS,
               "every protocol has a name");

const char *rdsca_protocol_name(enum rdsca_protocol protocol)
{
    return (unsigned)protocol < RDSCA_PROTOCOLS ? protocol_names[protocol]
                                                : "?";
}

bool rdsca_protocol_find(const char *name, enum rdsca_protocol *out)
{
    for (size_t i = 0; i < RDSCA_PROTOCOLS; i++) {
        if (strcmp(protocol_names[i], name) == 0) {
            *out = (enum rdsca_protocol)i;
            return true;
        }
    }
    return false;
}

static const struct {
    unsigned port;
    enum rdsca_protocol protocol;
} known_ports[] = {
    {5432, RDSCA_PROTOCOL_POSTGRES}, {5439, RDSCA_PROTOCOL_POSTGRES},
    {6432, RDSCA_PROTOCOL_POSTGRES}, {3306, RDSCA_PROTOCOL_MYSQL},
    {2484, RDSCA_PROTOCOL_TLS}, /* Oracle, TCPS */
    {8182, RDSCA_PROTOCOL_TLS}, /* Neptune */
    {27017, RDSCA_PROTOCOL_TLS} /* DocumentDB */
};

static enum rdsca_protocol protocol_of(unsigned port)
{
    for (size_t i = 0; i < sizeof(known_ports) / sizeof(known_ports[0]); i++) {
        if (known_ports[i].port == port)
            return known_ports[i].protocol;
    }
    return RDSCA_PROTOCOL_AUTO;
}

static enum rdsca_contact strange(struct rds_error *err, const void *bytes,
                                  size_t size, const char *expected)
{
    char quoted[RDS_QUOTE_MAX];

    (void)rds_fail(err, RDS_R_TRANSIENT,
                   "the server says '%s', which is not what %s says",
                   rds_quote(quoted, bytes, size), expected);
    return RDSCA_CONTACT_STRANGE;
}

static enum rdsca_contact broken_off(struct rds_error *err,
                                     enum rdsca_receipt receipt)
{
    (void)rds_fail(err, RDS_R_TRANSIENT, "the server %s",
                   receipt == RDSCA_LATE
                       ? "accepts the connection and then keeps silent"
                       : "closes the connection before TLS begins");
    return RDSCA_CONTACT_UNREACHABLE;
}

static enum rdsca_contact turned_away(struct rds_error *err, const char *text,
                                      size_t size)
{
    char quoted[RDS_QUOTE_MAX];

    (void)rds_fail(err, RDS_R_TRANSIENT, "the server turns us away: '%s'",
                   rds_quote(quoted, text, size));
    return RDSCA_CONTACT_TURNED_AWAY;
}

/* ---- PostgreSQL -------------------------------------------------------- */

/* An error from before TLS: text, with a NUL behind it. */
static enum rdsca_contact postgres_error(const struct rdsca_wire *wire,
                                         struct rds_error *err)
{
    char text[TEXT_MAX];
    size_t got;

    (void)rdsca_receive(wire, text, sizeof(text), LAST_WORDS, &got);
    while (got != 0 && (text[got - 1] == '\0' || text[got - 1] == '\n'))
        got--;
    return turned_away(err, text, got);
}

/* *answer is the byte that came, or 0. */
static enum rdsca_contact ask_postgres(const struct rdsca_wire *wire,
                                       int64_t limit, char *answer,
                                       struct rds_error *err)
{
    static const unsigned char request[] = {0,    0,    0,    8,
                                            0x04, 0xd2, 0x16, 0x2f};
    enum rdsca_receipt receipt = RDSCA_CLOSED;
    size_t got;

    *answer = '\0';
    if (rdsca_send(wire, request, sizeof(request)))
        receipt = rdsca_receive(wire, answer, 1, limit, &got);
    if (receipt != RDSCA_RECEIVED)
        return broken_off(err, receipt);
    switch (*answer) {
    case 'S':
        return RDSCA_CONTACT_TLS;
    case 'N':
        (void)rds_fail(err, RDS_R_TRANSIENT, "the server offers no TLS");
        return RDSCA_CONTACT_NO_TLS;
    case 'E':
        return postgres_error(wire, err);
    default:
        return strange(err, answer, 1, "PostgreSQL");
    }
}

static enum rdsca_contact postgres(const struct rdsca_wire *wire,
                                   struct rds_error *err)
{
    char answer;

    return ask_postgres(wire, rdsca_time_left(wire), &answer, err);
}

/* ---- MySQL ------------------------------------------------------------- */

static enum rdsca_contact read_greeting(const struct rdsca_wire *wire,
                                        struct rds_error *err)
{
    unsigned char head[RDSCA_GREETING_HEAD], packet[RDSCA_GREETING_MAX];
    int64_t limit = rdsca_time_left(wire);
    enum rdsca_receipt receipt;
    size_t got, size, text_size;
    const char *text;

    receipt = rdsca_receive(wire, head, sizeof(head), limit, &got);
    if (receipt != RDSCA_RECEIVED)
        return broken_off(err, receipt);
    size = rdsca_greeting_size(head);
    if (size == 0)
        return strange(err, head, sizeof(head), "MySQL");
    receipt = rdsca_receive(wire, packet, size, limit, &got);
    if (receipt != RDSCA_RECEIVED)
        return broken_off(err, receipt);
    switch (rdsca_greeting_read(packet, size, &text, &text_size)) {
    case RDSCA_GREETING_TLS:
        return RDSCA_CONTACT_TLS;
    case RDSCA_GREETING_PLAIN:
        (void)rds_fail(err, RDS_R_TRANSIENT, "the server offers no TLS");
        return RDSCA_CONTACT_NO_TLS;
    case RDSCA_GREETING_ERROR:
        return turned_away(err, text, text_size);
    case RDSCA_GREETING_STRANGE:
        break;
    }
    return strange(err, packet, size, "MySQL");
}

static enum rdsca_contact mysql(const struct rdsca_wire *wire,
                                struct rds_error *err)
{
    unsigned char request[RDSCA_SSL_REQUEST];
    enum rdsca_contact contact = read_greeting(wire, err);

    if (contact != RDSCA_CONTACT_TLS)
        return contact;
    rdsca_greeting_request(request);
    return rdsca_send(wire, request, sizeof(request))
               ? RDSCA_CONTACT_TLS
               : broken_off(err, RDSCA_CLOSED);
}

/* ---- finding out ------------------------------------------------------- */

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/*
 * MySQL greets unasked.  PostgreSQL answers its own request.  What does
 * neither may be waiting for TLS: a TLS server takes that request for damage,
 * so it gets a new connection.
 */
static enum rdsca_contact find_out(struct rdsca_wire *wire,
                                   enum rdsca_protocol *protocol,
                                   struct rds_error *err)
{
    int64_t left = rdsca_time_left(wire);
    enum rdsca_contact contact;
    char answer;

    *protocol = RDSCA_PROTOCOL_MYSQL;
    if (rdsca_wait(wire, POLLIN, shorter(SPEAKS_FIRST, left / 4)))
        return mysql(wire, err);
    *protocol = RDSCA_PROTOCOL_POSTGRES;
    contact = ask_postgres(wire, shorter(ANSWERS, left / 3), &answer, err);
    if (answer == 'S' || answer == 'N' || answer == 'E')
        return contact;
    *protocol = RDSCA_PROTOCOL_TLS;
    return rdsca_redial(wire, err) ? RDSCA_CONTACT_TLS
                                   : RDSCA_CONTACT_UNREACHABLE;
}

enum rdsca_contact rdsca_starttls(struct rdsca_wire *wire, unsigned port,
                                  enum rdsca_protocol *protocol,
                                  struct rds_error *err)
{
    if (*protocol == RDSCA_PROTOCOL_AUTO)
        *protocol = protocol_of(port);
    switch (*protocol) {
    case RDSCA_PROTOCOL_POSTGRES:
        return postgres(wire, err);
    case RDSCA_PROTOCOL_MYSQL:
        return mysql(wire, err);
    case RDSCA_PROTOCOL_TLS:
        return RDSCA_CONTACT_TLS;
    case RDSCA_PROTOCOL_AUTO:
    case RDSCA_PROTOCOLS:
        break;
    }
    return find_out(wire, protocol, err);
}
