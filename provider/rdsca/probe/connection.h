/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_CONNECTION_H
#define RDSCA_CONNECTION_H

/*
 * A TCP connection to a server that may be anything: slow, silent or hostile.
 *
 * All that is done on it ends at its deadline, a time of rdsca_clock(), and
 * what is read from it has a size that the reader chose.
 */

#include <netdb.h>
#include <sys/socket.h>

#include "resolve.h"

#define RDSCA_PORTS_MAX 2
#define RDSCA_ADDRESS_MAX 64 /* bytes of an address as text */

struct rdsca_wire {
    int fd; /* -1: none */
    int64_t deadline;
    struct sockaddr_storage address; /* of the server */
    socklen_t address_size;
    unsigned port;
    char text[RDSCA_ADDRESS_MAX]; /* the address without its port */
};

/* Which server to call. */
struct rdsca_call {
    const char *host;
    bool address; /* `host` is an IP address */
    unsigned ports[RDSCA_PORTS_MAX];
    size_t port_count; /* they are tried in this order */
    int64_t deadline;
};

/*
 * Connects to the first port that lets us, at any address of the host.  Each
 * of them gets its share of the time that is left.  False, and nothing to
 * hang up, where none does; the error tells of each port.
 */
RDS_MUST_CHECK bool rdsca_dial(const struct rdsca_call *call,
                               struct rdsca_wire *out, struct rds_error *err);

/* Ends the connection and makes another to the same address. */
RDS_MUST_CHECK bool rdsca_redial(struct rdsca_wire *wire,
                                 struct rds_error *err);

void rdsca_hang_up(struct rdsca_wire *wire);

/* Waits for poll(2)'s POLLIN or POLLOUT, at most `limit` milliseconds. */
RDS_MUST_CHECK bool rdsca_wait(const struct rdsca_wire *wire, short events,
                               int64_t limit);

/* Milliseconds until the deadline, 0 where it is over. */
int64_t rdsca_time_left(const struct rdsca_wire *wire);

enum rdsca_receipt {
    RDSCA_RECEIVED, /* all of it */
    RDSCA_CLOSED,   /* the server ended the connection before */
    RDSCA_LATE,     /* the limit is over */
};

/*
 * Reads exactly `size` bytes within `limit` milliseconds; *got tells how many
 * came.  Reads nothing beyond them.
 */
enum rdsca_receipt rdsca_receive(const struct rdsca_wire *wire, void *bytes,
                                 size_t size, int64_t limit, size_t *got);

/* Sends a few bytes; false where the server does not take them. */
RDS_MUST_CHECK bool rdsca_send(const struct rdsca_wire *wire,
                               const void *bytes, size_t size);

#endif
