/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_PICKER_H
#define RDS_PICKER_H

/*
 * What the parts of selecting share: select.c picks by region and family,
 * file.c by AWS's file names, explain.c says why nothing was found.
 */

#include "rds/select.h"

struct picker {
    const struct rds_uri *uri;
    const struct rds_view *view;
    int64_t now;
    struct rds_error *err;
    bool *is_picked;  /* for each entry: by the selector at hand */
    uint32_t *picked; /* the entries that are */
    size_t picked_count;
    uint64_t *chosen; /* for each entry: the selectors that picked it, filters
                       * passed */
};

/* What a selector says beyond the filters. */
struct wish {
    const char *ca;       /* "": any */
    enum rds_stage stage; /* RDS_STAGES: any */
    bool out_of_force;    /* take those that are not in force, too */
};

/* select.c */
struct wish rds_wish_of(const struct rds_uri *uri, const char *ca);
void rds_pick(struct picker *picker, size_t i);
void rds_pick_family(struct picker *picker, enum rds_family family,
                     enum rds_partition partition, const struct wish *wish);

/* Picks the roots that issued what was picked, of those without a region. */
void rds_pick_issuers(struct picker *picker, const struct wish *wish,
                      enum rds_partition partition, const char *region);

/* The first entry that does not stand before this place in the order. */
size_t rds_lower_bound(const struct rds_view *view,
                       enum rds_partition partition, const char *region);

/* Whether entry i (which may be behind the last) is one of the region's. */
bool rds_in_region(const struct rds_view *view, size_t i,
                   enum rds_partition partition, const char *region);

/* file.c: both fail with a text where there is nothing of that name. */
RDS_MUST_CHECK bool rds_pick_file(struct picker *picker, const char *file);
RDS_MUST_CHECK bool rds_pick_sha256(struct picker *picker,
                                    const unsigned char *sha256);

/* explain.c: all return false, but for rds_known_ca() where the CA is known.
 */
bool rds_nothing_in_region(struct picker *picker, const char *region,
                           const struct wish *wish);
bool rds_nothing_in_partition(struct picker *picker,
                              enum rds_partition partition);
bool rds_nothing_selected(struct picker *picker,
                          const struct rds_selector *selector);
RDS_MUST_CHECK bool rds_known_ca(struct picker *picker, const char *ca);

#endif
