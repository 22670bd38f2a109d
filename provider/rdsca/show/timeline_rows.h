/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TIMELINE_ROWS_H
#define RDSCA_TIMELINE_ROWS_H

/*
 * An answer grouped for a drawing: certificates of the same CA identifier,
 * role and stage, that begin in the same year and end in the same year, share
 * a lane.
 */

#include "../certs/answer.h"

struct rdsca_lane {
    const struct rds_anchor **anchors; /* within lanes->anchors */
    size_t count;                      /* at least 1 */
    int64_t from;                      /* the earliest not_before */
    int64_t until, last;               /* the earliest and latest not_after */
    int64_t since; /* the earliest not_before of the CA identifier */
};

struct rdsca_lanes {
    const struct rds_anchor **anchors;
    struct rdsca_lane *lanes; /* a CA's stand together, older CAs first */
    size_t count;
};

RDS_MUST_CHECK bool rdsca_lanes_make(const struct rdsca_answer *answer,
                                     struct rdsca_lanes *out);
void rdsca_lanes_clear(struct rdsca_lanes *lanes);

/* Whether the lanes are of the same CA identifier. */
bool rdsca_lane_same_ca(const struct rdsca_lane *a,
                        const struct rdsca_lane *b);

/* "us-east-1, us-west-2", "24 regions", "20 regions, intermediates" */
#define RDSCA_LANE_LABEL_MAX 128
const char *rdsca_lane_label(char out[RDSCA_LANE_LABEL_MAX],
                             const struct rdsca_lane *lane);

/* The year of a date. */
int rdsca_year(int64_t seconds);

#endif
