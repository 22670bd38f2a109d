/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_RESOLVE_H
#define RDSCA_RESOLVE_H

/*
 * From a host's name to its addresses, in bounded time.
 *
 * getaddrinfo(3) takes as long as the resolver's configuration lets it, and
 * cannot be stopped.  So it runs in a thread of its own, which is left alone
 * when time is up; it ends with the process at the latest.
 */

#include <netdb.h>
#include <stdint.h>

#include "rds/error.h"

/* Milliseconds of a clock that nobody sets. */
int64_t rdsca_clock(void);

/*
 * The stream addresses of a host; free with freeaddrinfo().  `deadline` is a
 * time of rdsca_clock().  NULL on failure.
 */
struct addrinfo *rdsca_resolve(const char *host, bool address,
                               int64_t deadline,
                               struct rds_error *err) RDS_MUST_CHECK;

#endif
