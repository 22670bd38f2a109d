/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_HOSTS_H
#define RDSCA_HOSTS_H

/*
 * HOST[:PORT], as a person or a list of hosts names a server: a name of
 * letters, digits, '-', '_' and '.', an IPv4 address, or an IPv6 address,
 * which stands in brackets where a port follows.
 */

#include <stdio.h>

#include "rds/endpoint.h"

#define RDSCA_HOSTS_MAX 256 /* hosts of one run */

struct rdsca_host {
    char name[RDS_ENDPOINT_MAX + 1]; /* in lower case, no final dot, or the
                                      * address without its brackets */
    bool address;                    /* an IP address, not a name */
    unsigned port;                   /* 0: none given */
};

/* Reads one; pure. */
RDS_MUST_CHECK bool rdsca_host_read(const char *text, struct rdsca_host *out,
                                    struct rds_error *err);

struct rdsca_hosts {
    size_t count;
    struct rdsca_host items[RDSCA_HOSTS_MAX];
};

RDS_MUST_CHECK bool rdsca_hosts_add(struct rdsca_hosts *hosts,
                                    const char *text, struct rds_error *err);

/*
 * Adds those of a list, one a line; blank lines and those that begin with #
 * are left out.  The error names the line.
 */
RDS_MUST_CHECK bool rdsca_hosts_add_list(struct rdsca_hosts *hosts, FILE *from,
                                         struct rds_error *err);

#endif
