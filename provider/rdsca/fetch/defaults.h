/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_DEFAULTS_H
#define RDSCA_DEFAULTS_H

/*
 * /etc/default/rdsca: what `rdsca update` does when nobody stands beside it.
 *
 * One NAME=VALUE a line, the value bare or in " or '; # begins a comment.
 * Nothing is expanded, so that systemd's EnvironmentFile= and sh read the
 * same values.
 *
 *   RDSCA_UPDATE    regions, partitions, or "all", separated by spaces
 *   RDSCA_MIRROR    as --mirror
 *   RDSCA_CACERT    as --cacert
 *   RDSCA_TIMEOUT   as --timeout
 *   RDSCA_TRIES     as --tries
 *   https_proxy, no_proxy, all_proxy
 *                   as in the environment, which comes first
 *
 * It decides where trust comes from, so a file that others than root or the
 * user of the process could have written is refused, and so is a name that is
 * not known.  There is none for --accept-new: that is said for one bundle, by
 * the one who compared it.
 */

#include "../cli/command.h"

#define RDSCA_DEFAULTS_FILE "/etc/default/rdsca"
#define RDSCA_DEFAULTS_MAX 16384 /* bytes of the file */

struct rdsca_defaults {
    char *text; /* the file; the others point into it, NULL where not given */
    const char *path;
    const char *update;
    const char *mirror;
    const char *cacert;
    const char *timeout;
    const char *tries;
    const char *https_proxy;
    const char *no_proxy;
    const char *all_proxy;
};

/*
 * Reads the file; `path` NULL means the default one, which may be absent.  On
 * failure *err names the file and the line, and nothing is to be cleared.
 */
RDS_MUST_CHECK bool rdsca_defaults_read(const char *path,
                                        struct rdsca_defaults *out,
                                        struct rds_error *err);

/* Puts the proxies into the environment, where they are not there already. */
void rdsca_defaults_set_proxies(const struct rdsca_defaults *defaults);

void rdsca_defaults_clear(struct rdsca_defaults *defaults);

#endif
