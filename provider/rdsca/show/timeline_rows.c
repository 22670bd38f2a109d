/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer grouped for a drawing.  Refuses to put certificates into one lane
 * that end in different years.
 */

#include "timeline_rows.h"

#include <stdlib.h>
#include <string.h>

#include "../certs/describe.h"

#define NAMED_MAX                                                             \
    2 /* regions that a label names; of more it says how many                 \
       */

int rdsca_year(int64_t seconds)
{
    char date[RDS_DATE_MAX];

    return (int)strtol(rds_date_write(date, seconds), NULL, 10);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By what certificates share when they share a lane. */
static int compare_kinds(const struct rds_anchor *a,
                         const struct rds_anchor *b)
{
    int order = compare_numbers(a->family, b->family);

    if (order == 0)
        order = strcmp(a->ca, b->ca);
    if (order == 0)
        order = compare_numbers(a->stage, b->stage);
    if (order == 0)
        order = compare_numbers(a->role, b->role);
    if (order == 0)
        order = compare_numbers(a->region[0] != '\0', b->region[0] != '\0');
    if (order == 0)
        order = compare_numbers(rdsca_year(a->not_before),
                                rdsca_year(b->not_before));
    if (order == 0)
        order = compare_numbers(rdsca_year(a->not_after),
                                rdsca_year(b->not_after));
    return order;
}

static int compare_anchors(const void *a, const void *b)
{
    const struct rds_anchor *const *left = a, *const *right = b;
    int order = compare_kinds(*left, *right);

    return order != 0 ? order : rds_anchor_compare(*left, *right);
}

static int compare_lanes(const void *a, const void *b)
{
    const struct rdsca_lane *left = a, *right = b;
    int order =
        compare_numbers(left->anchors[0]->family, right->anchors[0]->family);

    if (order == 0)
        order = compare_numbers(left->since, right->since);
    return order != 0 ? order
                      : compare_anchors(&left->anchors[0], &right->anchors[0]);
}

bool rdsca_lane_same_ca(const struct rdsca_lane *a, const struct rdsca_lane *b)
{
    return a->anchors[0]->family == b->anchors[0]->family &&
           strcmp(a->anchors[0]->ca, b->anchors[0]->ca) == 0;
}

static void add_to_lane(struct rdsca_lane *lane,
                        const struct rds_anchor *anchor)
{
    lane->count++;
    if (lane->count == 1 || anchor->not_before < lane->from)
        lane->from = anchor->not_before;
    if (lane->count == 1 || anchor->not_after < lane->until)
        lane->until = anchor->not_after;
    if (lane->count == 1 || anchor->not_after > lane->last)
        lane->last = anchor->not_after;
}

/* Cuts the sorted anchors into lanes. */
static void cut(struct rdsca_lanes *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_kinds(out->anchors[i - 1], out->anchors[i]) != 0)
            out->lanes[out->count++].anchors = &out->anchors[i];
        add_to_lane(&out->lanes[out->count - 1], out->anchors[i]);
    }
}

/* The lanes of a CA stand together here. */
static void date_lanes(struct rdsca_lanes *lanes)
{
    size_t end;

    for (size_t begin = 0; begin < lanes->count; begin = end) {
        int64_t since = lanes->lanes[begin].from;

        for (end = begin;
             end < lanes->count &&
             rdsca_lane_same_ca(&lanes->lanes[begin], &lanes->lanes[end]);
             end++) {
            if (lanes->lanes[end].from < since)
                since = lanes->lanes[end].from;
        }
        for (size_t i = begin; i < end; i++)
            lanes->lanes[i].since = since;
    }
}

bool rdsca_lanes_make(const struct rdsca_answer *answer,
                      struct rdsca_lanes *out)
{
    size_t count = answer->selection.count;

    out->count = 0;
    out->anchors = calloc(count + 1, sizeof(void *));
    out->lanes = calloc(count + 1, sizeof(out->lanes[0]));
    if (out->anchors == NULL || out->lanes == NULL) {
        rdsca_lanes_clear(out);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        out->anchors[i] = rdsca_answer_entry(answer, i)->anchor;
    qsort(out->anchors, count, sizeof(void *), compare_anchors);
    cut(out, count);
    date_lanes(out);
    qsort(out->lanes, out->count, sizeof(out->lanes[0]), compare_lanes);
    return true;
}

void rdsca_lanes_clear(struct rdsca_lanes *lanes)
{
    free(lanes->anchors);
    free(lanes->lanes);
    memset(lanes, 0, sizeof(*lanes));
}

const char *rdsca_lane_label(char out[RDSCA_LANE_LABEL_MAX],
                             const struct rdsca_lane *lane)
{
    bool many = lane->count > NAMED_MAX, one = lane->count == 1;
    bool intermediate = lane->anchors[0]->role == RDS_ROLE_INTERMEDIATE;
    char first[RDSCA_PLACE_MAX], second[RDSCA_PLACE_MAX] = "";

    if (many)
        (void)snprintf(first, sizeof(first), "%zu %s", lane->count,
                       lane->anchors[0]->region[0] != '\0' ? "regions"
                                                           : "partitions");
    else
        (void)rdsca_place(first, lane->anchors[0]);
    if (!many && !one)
        (void)rdsca_place(second, lane->anchors[1]);
    (void)snprintf(out, RDSCA_LANE_LABEL_MAX, "%s%s%s%s", first,
                   second[0] != '\0' ? ", " : "", second,
                   !intermediate ? ""
                   : one         ? ", intermediate"
                                 : ", intermediates");
    return out;
}
