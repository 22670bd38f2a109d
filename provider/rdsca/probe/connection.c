/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting, reading and sending in bounded time.  Refuses to wait for a
 * server beyond its deadline.
 */

#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADDRESSES_MAX 8 /* of a host that are tried */

/* ---- waiting ----------------------------------------------------------- */

static int64_t left_until(int64_t deadline)
{
    int64_t left = deadline - rdsca_clock();

    return left > 0 ? left : 0;
}

int64_t rdsca_time_left(const struct rdsca_wire *wire)
{
    return left_until(wire->deadline);
}

static bool wait_until(int fd, short events, int64_t deadline)
{
    struct pollfd one = {.fd = fd, .events = events};
    int count;

    do {
        int64_t left = left_until(deadline);

        count = poll(&one, 1, left < 60000 ? (int)left : 60000);
    } while ((count < 0 && errno == EINTR) ||
             (count == 0 && left_until(deadline) != 0));
    return count > 0;
}

/* The earlier of the wire's deadline and a limit. */
static int64_t end_of(const struct rdsca_wire *wire, int64_t limit)
{
    int64_t left = rdsca_time_left(wire);

    return rdsca_clock() + (limit < left ? limit : left);
}

bool rdsca_wait(const struct rdsca_wire *wire, short events, int64_t limit)
{
    return wait_until(wire->fd, events, end_of(wire, limit));
}

/* ---- connecting -------------------------------------------------------- */

static void set_port(struct sockaddr_storage *address, unsigned port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

/* 0, or what errno says of the failure. */
static int connect_until(int fd, const struct rdsca_wire *wire,
                         int64_t deadline)
{
    socklen_t size = sizeof(int);
    int error = 0;

    if (connect(fd, (const struct sockaddr *)&wire->address,
                wire->address_size) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    if (!wait_until(fd, POLLOUT, deadline))
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error
                                                                    : errno;
}

/* Connects to wire->address; 0, or an errno. */
static int open_wire(struct rdsca_wire *wire, int64_t deadline)
{
    int error;

    wire->fd = socket(wire->address.ss_family,
                      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return errno;
    error = connect_until(wire->fd, wire, deadline);
    if (error != 0)
        rdsca_hang_up(wire);
    return error;
}

static size_t count_addresses(const struct addrinfo *found)
{
    size_t count = 0;

    for (; found != NULL && count < ADDRESSES_MAX; found = found->ai_next)
        count++;
    return count;
}

static void set_address(struct rdsca_wire *wire, const struct addrinfo *found,
                        unsigned port)
{
    memset(&wire->address, 0, sizeof(wire->address));
    memcpy(&wire->address, found->ai_addr, found->ai_addrlen);
    wire->address_size = found->ai_addrlen;
    wire->port = port;
    set_port(&wire->address, port);
    if (getnameinfo(found->ai_addr, found->ai_addrlen, wire->text,
                    sizeof(wire->text), NULL, 0, NI_NUMERICHOST) != 0)
        (void)snprintf(wire->text, sizeof(wire->text), "?");
}

/* One port, at each address; 0, or the last errno. */
static int try_port(struct rdsca_wire *wire, const struct addrinfo *found,
                    unsigned port, int64_t deadline)
{
    size_t left = count_addresses(found);
    int error = EADDRNOTAVAIL;

    for (; left != 0; left--, found = found->ai_next) {
        if (found->ai_addrlen > sizeof(wire->address))
            continue;
        set_address(wire, found, port);
        error = open_wire(wire, rdsca_clock() +
                                    left_until(deadline) / (int64_t)left);
        if (error == 0)
            return 0;
    }
    return error;
}

static void tell(struct rds_error *err, const struct rdsca_wire *wire,
                 int error)
{
    struct rds_error before = *err;

    (void)rds_fail(err, RDS_R_TRANSIENT, "%.300s%s%s port %u: %s", before.text,
                   before.text[0] != '\0' ? ", " : "", wire->text, wire->port,
                   error == ETIMEDOUT
                       ? "no answer (a firewall or a security group?)"
                       : strerror(error));
}

bool rdsca_dial(const struct rdsca_call *call, struct rdsca_wire *out,
                struct rds_error *err)
{
    struct addrinfo *found;
    int error = -1;

    memset(out, 0, sizeof(*out));
    out->fd = -1;
    out->deadline = call->deadline;
    found = rdsca_resolve(call->host, call->address, call->deadline, err);
    if (found == NULL)
        return false;
    err->text[0] = '\0';
    for (size_t i = 0; error != 0 && i < call->port_count; i++) {
        int64_t share = (int64_t)(call->port_count - i);

        error = try_port(out, found, call->ports[i],
                         rdsca_clock() + rdsca_time_left(out) / share);
        if (error != 0)
            tell(err, out, error);
    }
    freeaddrinfo(found);
    return error == 0;
}

bool rdsca_redial(struct rdsca_wire *wire, struct rds_error *err)
{
    int error;

    rdsca_hang_up(wire);
    error = open_wire(wire, wire->deadline);
    if (error == 0)
        return true;
    err->text[0] = '\0';
    tell(err, wire, error);
    return false;
}

void rdsca_hang_up(struct rdsca_wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    wire->fd = -1;
}

/* ---- bytes ------------------------------------------------------------- */

static bool again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

enum rdsca_receipt rdsca_receive(const struct rdsca_wire *wire, void *bytes,
                                 size_t size, int64_t limit, size_t *got)
{
    int64_t deadline = end_of(wire, limit);

    *got = 0;
    while (*got < size) {
        ssize_t count;

        if (!wait_until(wire->fd, POLLIN, deadline))
            return RDSCA_LATE;
        count = recv(wire->fd, (char *)bytes + *got, size - *got, 0);
        if (count > 0)
            *got += (size_t)count;
        else if (count == 0 || !again())
            return RDSCA_CLOSED;
    }
    return RDSCA_RECEIVED;
}

bool rdsca_send(const struct rdsca_wire *wire, const void *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count;

        if (!wait_until(wire->fd, POLLOUT, wire->deadline))
            return false;
        count = send(wire->fd, (const char *)bytes + sent, size - sent,
                     MSG_NOSIGNAL);
        if (count >= 0)
            sent += (size_t)count;
        else if (!again())
            return false;
    }
    return true;
}
