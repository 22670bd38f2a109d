/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URI to an ordered list of anchors.  Refuses to answer with nothing,
 * or with more than was asked for.
 */

#include <stdlib.h>
#include <string.h>

#include "picker.h"

struct wish rds_wish_of(const struct rds_uri *uri, const char *ca)
{
    struct wish wish = {ca, uri->filters.stage, false};

    wish.out_of_force =
        uri->filters.expired || ca[0] != '\0' || uri->filters.ca[0] != '\0';
    return wish;
}

bool rds_anchor_retired(const struct rds_anchor *anchor, int64_t set_date)
{
    return anchor->not_after < set_date;
}

static bool passes(const struct picker *picker, const struct wish *wish,
                   const struct rds_anchor *anchor)
{
    const char *filter_ca = picker->uri->filters.ca;

    return (wish->stage == RDS_STAGES || anchor->stage == wish->stage) &&
           (wish->ca[0] == '\0' || strcmp(wish->ca, anchor->ca) == 0) &&
           (filter_ca[0] == '\0' || strcmp(filter_ca, anchor->ca) == 0) &&
           (wish->out_of_force || rds_anchor_in_force(anchor, picker->now));
}

void rds_pick(struct picker *picker, size_t i)
{
    if (picker->is_picked[i])
        return;
    picker->is_picked[i] = true;
    picker->picked[picker->picked_count++] = (uint32_t)i;
}

/* The first entry that does not stand before this place in the order. */
size_t rds_lower_bound(const struct rds_view *view,
                       enum rds_partition partition, const char *region)
{
    size_t low = 0, high = view->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rds_anchor *anchor = view->entries[middle].anchor;

        if (anchor->family == RDS_FAMILY_RDS &&
            (anchor->partition < partition ||
             (anchor->partition == partition &&
              strcmp(anchor->region, region) < 0)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool rds_in_region(const struct rds_view *view, size_t i,
                   enum rds_partition partition, const char *region)
{
    const struct rds_anchor *anchor;

    if (i >= view->count)
        return false;
    anchor = view->entries[i].anchor;
    return anchor->family == RDS_FAMILY_RDS &&
           anchor->partition == partition &&
           strcmp(anchor->region, region) == 0;
}

bool rds_view_serves(const struct rds_view *view,
                     const struct rds_anchor *anchor, const char *region)
{
    bool bound = false;

    for (size_t i = 0; i < view->bound_count; i++) {
        const struct rds_bound *found = &view->bounds[i];

        if (memcmp(found->anchor->sha256, anchor->sha256, RDS_SHA256_SIZE) !=
            0)
            continue;
        if (strcmp(found->region, region) == 0)
            return true;
        bound = true;
    }
    return !bound;
}

void rds_pick_issuers(struct picker *picker, const struct wish *wish,
                      enum rds_partition partition, const char *region)
{
    /* An issuer counts whatever its stage. */
    const struct wish any = {wish->ca, RDS_STAGES, wish->out_of_force};
    const struct rds_view *view = picker->view;
    size_t own = picker->picked_count;

    for (size_t i = rds_lower_bound(view, partition, "");
         rds_in_region(view, i, partition, ""); i++) {
        const struct rds_entry *root = &view->entries[i];

        if (root->anchor->role != RDS_ROLE_ROOT ||
            !passes(picker, &any, root->anchor) ||
            !rds_view_serves(view, root->anchor, region))
            continue;
        for (size_t j = 0; j < own; j++) {
            const struct rds_entry *entry = &view->entries[picker->picked[j]];

            if (entry->anchor->role == RDS_ROLE_INTERMEDIATE &&
                rds_entry_issued_by(entry, root)) {
                rds_pick(picker, i);
                break;
            }
        }
    }
}

static void pick_region(struct picker *picker, const char *region,
                        const struct wish *wish)
{
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));
    const struct rds_view *view = picker->view;

    for (size_t i = rds_lower_bound(view, partition, region);
         rds_in_region(view, i, partition, region); i++) {
        if (passes(picker, wish, view->entries[i].anchor))
            rds_pick(picker, i);
    }
    rds_pick_issuers(picker, wish, partition, region);
}

void rds_pick_family(struct picker *picker, enum rds_family family,
                     enum rds_partition partition, const struct wish *wish)
{
    const struct rds_view *view = picker->view;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (anchor->family == family &&
            (partition == RDS_PARTITIONS || anchor->partition == partition) &&
            passes(picker, wish, anchor))
            rds_pick(picker, i);
    }
}

bool rds_view_knows_region(const struct rds_view *view, const char *region)
{
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));

    for (size_t i = 0; i < view->region_count; i++) {
        if (strcmp(view->regions[i], region) == 0)
            return true;
    }
    return rds_in_region(view, rds_lower_bound(view, partition, region),
                         partition, region);
}

/* Whether the region has a certificate in force, whatever the filters say. */
static bool region_serves(const struct picker *picker, const char *region,
                          enum rds_stage stage)
{
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));
    const struct rds_view *view = picker->view;

    for (size_t i = rds_lower_bound(view, partition, region);
         rds_in_region(view, i, partition, region); i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (anchor->stage == stage && rds_anchor_in_force(anchor, picker->now))
            return true;
    }
    return false;
}

/*
 * For a database name also the Amazon Trust Services roots, which its server
 * may have instead.  They never make up for a region without certificates:
 * nobody would notice that its databases fail.
 */
static void pick_host(struct picker *picker, const struct rds_endpoint *host)
{
    struct wish wish = rds_wish_of(picker->uri, "");

    if (host->kind == RDS_ENDPOINT_PREVIEW)
        wish.stage = RDS_STAGE_PREVIEW;
    if (host->family == RDS_FAMILY_PROXY) {
        rds_pick_family(picker, RDS_FAMILY_PROXY, RDS_PARTITIONS, &wish);
        return;
    }
    if (host->region[0] == '\0') {
        rds_pick_family(picker, RDS_FAMILY_RDS, host->partition, &wish);
        return;
    }
    pick_region(picker, host->region, &wish);
    if (rds_endpoint_ambiguous(host) &&
        region_serves(picker, host->region, wish.stage))
        rds_pick_family(picker, RDS_FAMILY_PROXY, RDS_PARTITIONS, &wish);
}

/* Picks for one selector; then explains, should nothing pass the role. */
static bool pick_selector(struct picker *picker,
                          const struct rds_selector *selector)
{
    struct wish wish = rds_wish_of(picker->uri, "");

    switch (selector->kind) {
    case RDS_SELECT_ALL:
        rds_pick_family(picker, RDS_FAMILY_RDS, RDS_PARTITIONS, &wish);
        return true;
    case RDS_SELECT_GLOBAL:
        rds_pick_family(picker, RDS_FAMILY_RDS, RDS_PARTITION_AWS, &wish);
        return true;
    case RDS_SELECT_PARTITION:
        rds_pick_family(picker, RDS_FAMILY_RDS, selector->u.partition, &wish);
        return true;
    case RDS_SELECT_PROXY:
        rds_pick_family(picker, RDS_FAMILY_PROXY, RDS_PARTITIONS, &wish);
        return true;
    case RDS_SELECT_REGION:
        if (selector->u.region.ca[0] != '\0' &&
            !rds_known_ca(picker, selector->u.region.ca))
            return false;
        wish = rds_wish_of(picker->uri, selector->u.region.ca);
        pick_region(picker, selector->u.region.name, &wish);
        return true;
    case RDS_SELECT_HOST:
        pick_host(picker, &selector->u.host);
        return true;
    case RDS_SELECT_CA:
        if (!rds_known_ca(picker, selector->u.ca))
            return false;
        wish = rds_wish_of(picker->uri, selector->u.ca);
        rds_pick_family(picker, RDS_FAMILY_RDS, RDS_PARTITIONS, &wish);
        rds_pick_family(picker, RDS_FAMILY_PROXY, RDS_PARTITIONS, &wish);
        return true;
    case RDS_SELECT_FILE:
        return rds_pick_file(picker, selector->u.file);
    case RDS_SELECT_SHA256:
        return rds_pick_sha256(picker, selector->u.sha256);
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return rds_fail(picker->err, RDS_R_BAD_URI,
                    "rds://list names URIs; it has no certificates");
}

/* What the filters ask for holds of every selector, file/ and sha256/ too. */
static bool passes_filters(const struct rds_filters *filters,
                           enum rds_selector_kind kind,
                           const struct rds_anchor *anchor)
{
    bool by_name = kind == RDS_SELECT_FILE || kind == RDS_SELECT_SHA256;

    return (filters->role == RDS_ROLES ||
            anchor->role == (uint8_t)filters->role) &&
           (filters->ca[0] == '\0' || strcmp(filters->ca, anchor->ca) == 0) &&
           (!by_name || filters->stage == RDS_STAGE_PRODUCTION ||
            anchor->stage == (uint8_t)filters->stage);
}

/* One selector: picks, passes the picked through the filters. */
static bool choose(struct picker *picker, const struct rds_selector *selector)
{
    uint64_t bit = (uint64_t)1 << (selector - picker->uri->selectors);
    size_t kept = 0;

    picker->picked_count = 0;
    if (!pick_selector(picker, selector))
        return false;
    for (size_t i = 0; i < picker->picked_count; i++) {
        uint32_t at = picker->picked[i];

        picker->is_picked[at] = false;
        if (!passes_filters(&picker->uri->filters, selector->kind,
                            picker->view->entries[at].anchor))
            continue;
        picker->chosen[at] |= bit;
        picker->picked[kept++] = at;
    }
    picker->picked_count = kept;
    return kept != 0 || rds_nothing_selected(picker, selector);
}

/* Only file/ may ask for a CA that nothing but a retired file has. */
static bool knows_filter(struct picker *picker)
{
    const struct rds_view *view = picker->view;
    const char *ca = picker->uri->filters.ca;
    bool file = false;

    for (size_t i = 0; i < picker->uri->count; i++)
        file |= picker->uri->selectors[i].kind == RDS_SELECT_FILE;
    for (size_t i = 0; file && i < view->retired_count; i++) {
        if (strcmp(view->entries[view->count + i].anchor->ca, ca) == 0)
            return true;
    }
    return ca[0] == '\0' || rds_known_ca(picker, ca);
}

/* One of AWS's files, asked for alone, keeps AWS's order. */
static bool keeps_file_order(const struct rds_uri *uri)
{
    return uri->count == 1 && uri->selectors[0].kind == RDS_SELECT_FILE;
}

/*
 * Whether the same certificate, of another source, is in the answer: then
 * that one counts for these selectors, too.
 */
static bool given_already(struct picker *picker, size_t at)
{
    const struct rds_entry *entries = picker->view->entries;

    for (size_t i = 0; i < picker->picked_count; i++) {
        if (memcmp(entries[picker->picked[i]].anchor->sha256,
                   entries[at].anchor->sha256, RDS_SHA256_SIZE) != 0)
            continue;
        picker->chosen[picker->picked[i]] |= picker->chosen[at];
        return true;
    }
    return false;
}

/* All that was chosen, each certificate once; retired files at the end. */
static void put_in_order(struct picker *picker)
{
    const struct rds_view *view = picker->view;
    size_t all = view->count + view->retired_count, i;

    picker->picked_count = 0;
    for (i = 0; i < view->count; i++) {
        if (picker->chosen[i] != 0)
            picker->picked[picker->picked_count++] = (uint32_t)i;
    }
    for (; i < all; i++) {
        if (picker->chosen[i] != 0 && !given_already(picker, i))
            picker->picked[picker->picked_count++] = (uint32_t)i;
    }
}

/* Hands over what was picked, and which selectors chose it. */
static bool give_out(struct picker *picker, struct rds_selection *out)
{
    out->selectors =
        calloc(picker->picked_count + 1, sizeof(out->selectors[0]));
    if (out->selectors == NULL)
        return rds_fail(picker->err, RDS_R_NO_MEMORY, "out of memory");
    out->index = picker->picked;
    out->count = picker->picked_count;
    picker->picked = NULL;
    for (size_t i = 0; i < out->count; i++)
        out->selectors[i] = picker->chosen[out->index[i]];
    return true;
}

bool rds_select(const struct rds_uri *uri, const struct rds_view *view,
                int64_t now, struct rds_selection *out, struct rds_error *err)
{
    struct picker picker = {.uri = uri, .view = view, .now = now, .err = err};
    size_t room = view->count + view->retired_count + 1;
    bool good = false;

    memset(out, 0, sizeof(*out));
    picker.is_picked = calloc(room, sizeof(picker.is_picked[0]));
    picker.picked = calloc(room, sizeof(picker.picked[0]));
    picker.chosen = calloc(room, sizeof(picker.chosen[0]));
    if (picker.is_picked == NULL || picker.picked == NULL ||
        picker.chosen == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        goto done;
    }
    if (!knows_filter(&picker))
        goto done;
    for (size_t i = 0; i < uri->count; i++) {
        if (!choose(&picker, &uri->selectors[i]))
            goto done;
    }
    if (!keeps_file_order(uri))
        put_in_order(&picker);
    good = give_out(&picker, out);
done:
    free(picker.is_picked);
    free(picker.picked);
    free(picker.chosen);
    return good;
}

void rds_selection_clear(struct rds_selection *selection)
{
    free(selection->index);
    free(selection->selectors);
    memset(selection, 0, sizeof(*selection));
}
