/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_SHORTFALL_H
#define RDS_SHORTFALL_H

/*
 * What a bundle lacks compared with what answers without it: a note for the
 * operator.  The bundle is read all the same.
 */

#include "rds/bundle.h"

#define RDS_SHORTFALL_NAMES 384 /* bytes of the names, NUL included */

enum rds_lack {
    RDS_LACK_VALID, /* no valid root for a region that others have one for:
                     * the bundle replaces nothing there */
    RDS_LACK_CA,    /* no valid root of a CA that the built-in set has for a
                     * region which the bundle replaces */
    RDS_LACKS
};

struct rds_shortfall {
    const struct rds_bundle *bundle; /* borrowed from its snapshot */
    enum rds_lack lack;
    size_t count;                    /* regions, or CAs */
    char names[RDS_SHORTFALL_NAMES]; /* of the first of them */
};

/* Of all bundles of a snapshot, with room for each lack of each bundle. */
struct rds_shortfalls {
    struct rds_shortfall *list; /* malloc'ed, or NULL */
    size_t count;
};

/*
 * Notes that the bundle lacks this anchor (RDS_LACK_CA), or any valid root
 * for its region (RDS_LACK_VALID).
 */
void rds_shortfalls_add(struct rds_shortfalls *shortfalls,
                        const struct rds_bundle *bundle, enum rds_lack lack,
                        const struct rds_anchor *anchor);

/* One line, which begins with the bundle's file name.  Returns `out`. */
const char *rds_shortfall_write(char out[RDS_ERROR_TEXT],
                                const struct rds_shortfall *shortfall);

#endif
