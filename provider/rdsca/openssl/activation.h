/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_ACTIVATION_H
#define RDSCA_ACTIVATION_H

/*
 * The lines that make an OpenSSL configuration load the module, and what they
 * change in it.
 *
 * The lines stand behind all others, or in a file that is read by .include.
 * Sections of the same name are merged then, and of two values for a name the
 * later one holds, so nothing of what is there needs to be edited.
 *
 * Node.js gets a list of providers of its own.  The section of OpenSSL itself
 * may have settings of the distribution's that the libcrypto within Node.js
 * does not know, at which Node.js would not start.
 *
 * Pure: configurations come as they were read (conf.h).
 */

#include "conf.h"

struct rdsca_wish {
    const char *module; /* its absolute path */
    const char *trust;  /* the value of rds-trust, or NULL */
    /* Whether the default provider is active now, be it by itself.  It stays
     * so; where it is not, as on a FIPS host, it is not activated. */
    bool keep_default;
    /* The lines stand in a file of their own that includes the configuration.
     * Then they stand for themselves whatever becomes of it later, and may
     * change values of a section that loads the module already. */
    bool own_file;
};

/*
 * Writes the lines to *lines, to be freed.  Fails where the file has a
 * provider or a section of a name that is ours, and where a name in it cannot
 * be repeated.
 */
RDS_MUST_CHECK bool rdsca_activation_lines(const struct rdsca_cnf *cnf,
                                           const struct rdsca_wish *wish,
                                           char **lines,
                                           struct rds_error *err);

/*
 * Whether `after` is `before` with what the lines say, and with nothing else:
 * no value lost, none changed, none that the lines do not name.
 */
RDS_MUST_CHECK bool rdsca_activation_adds(const struct rdsca_cnf *before,
                                          const struct rdsca_cnf *after,
                                          const char *lines, bool own_file,
                                          struct rds_error *err);

#endif
