/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_OVERLAY_H
#define RDSCA_OVERLAY_H

/*
 * A configuration in a file of our own, for one unit or one command: it reads
 * the one that would be in force without it, and adds the module.
 */

#include "enable.h"

/*
 * Makes such a configuration that includes `base` (NULL: none), and tries it.
 * `title` is its first line; `own` as for rdsca_enable_before().
 */
RDS_MUST_CHECK bool rdsca_own_file_make(const char *title, const char *base,
                                        bool own, const char *trust,
                                        struct rdsca_text *out,
                                        struct rds_error *err);

/* The same of such a file in its place: what processes have that read it. */
RDS_MUST_CHECK bool rdsca_own_file_confirm(const char *path, const char *base,
                                           const char *trust,
                                           struct rds_error *err);

/* The value of rds-trust in a file, to be freed; NULL where there is none. */
char *rdsca_own_file_trust(const char *path);

#endif
