/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a URI has no answer, and what to do.  Refuses to leave a reader with
 * "not found".
 */

#include <string.h>

#include "picker.h"
#include "rds/nearest.h"

/* Offers the known regions that are, or are not, of this partition. */
static void offer_regions(const struct rds_view *view,
                          enum rds_partition partition, bool same,
                          struct rds_nearest *nearest)
{
    for (size_t i = 0; i < view->region_count; i++) {
        const char *region = view->regions[i];

        if ((rds_region_partition(region, strlen(region)) == partition) ==
            same)
            rds_nearest_offer(nearest, region);
    }
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (anchor->region[0] != '\0' &&
            (anchor->partition == partition) == same)
            rds_nearest_offer(nearest, anchor->region);
    }
    for (size_t i = 0; i < RDS_ANNOUNCED_REGIONS; i++) {
        const char *region = rds_announced_regions[i];

        if ((rds_region_partition(region, strlen(region)) == partition) ==
            same)
            rds_nearest_offer(nearest, region);
    }
}

static bool unknown_region(struct picker *picker, const char *region)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(region, strlen(region));
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));
    char hint[RDS_QUOTE_MAX];

    if (rds_region_announced(region))
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "region '%s' is announced, no certificates seen yet; "
                        "run 'rdsca update %s'",
                        region, region);
    /* Of two that are equally near, the one of the same partition. */
    offer_regions(picker->view, partition, true, &nearest);
    offer_regions(picker->view, partition, false, &nearest);
    (void)rds_nearest_hint(hint, &nearest);
    if (!rds_region_shape(region, strlen(region)))
        return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                        "unknown region '%s'%s", region, hint);
    if (partition > RDS_PARTITION_AWS_CN)
        return rds_fail(picker->err, RDS_R_NOT_CARRIED,
                        "region '%s' is of partition '%s', whose "
                        "certificates AWS does not publish openly; put its "
                        "bundle into the bundle directory as %s-bundle.pem",
                        region, rds_partition_name(partition), region);
    return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                    "unknown region '%s'%s (if it is new, run 'rdsca "
                    "update %s')",
                    region, hint, region);
}

/*
 * A file that would have answered, had it not been refused.  Without a
 * region: one that speaks for the whole partition.
 */
static const char *refusal_for(const struct rds_view *view,
                               enum rds_partition partition,
                               const char *region)
{
    for (size_t i = 0; i < view->refusal_count; i++) {
        const struct rds_refusal *refusal = &view->refusals[i];

        if (refusal->region[0] != '\0'
                ? strcmp(refusal->region, region) == 0
                : refusal->partition == RDS_PARTITIONS ||
                      refusal->partition == partition)
            return refusal->text;
    }
    return NULL;
}

/* Whether the region has any anchor under these conditions. */
static bool region_has(struct picker *picker, const char *region,
                       enum rds_role role, bool out_of_force)
{
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));
    const struct rds_view *view = picker->view;

    for (size_t i = rds_lower_bound(view, partition, region);
         rds_in_region(view, i, partition, region); i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if ((role == RDS_ROLES || anchor->role == role) &&
            (out_of_force || rds_anchor_in_force(anchor, picker->now)))
            return true;
    }
    return false;
}

bool rds_nothing_in_region(struct picker *picker, const char *region,
                           const struct wish *wish)
{
    const struct rds_filters *filters = &picker->uri->filters;
    const char *refusal = refusal_for(
        picker->view, rds_region_partition(region, strlen(region)), region);
    const char *ca = wish->ca[0] != '\0' ? wish->ca : filters->ca;

    if (!rds_view_knows_region(picker->view, region) && refusal == NULL)
        return unknown_region(picker, region);
    if (!region_has(picker, region, RDS_ROLES, false)) {
        if (refusal != NULL)
            return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                            "region '%s': %s", region, refusal);
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "region '%s' is known, but no certificate in force "
                        "is at hand; run 'rdsca update %s'",
                        region, region);
    }
    if (wish->stage != RDS_STAGE_PRODUCTION)
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "region '%s' has no certificate of the stage '%s' "
                        "that the URI asks for",
                        region, rds_stage_name(wish->stage));
    if (ca[0] != '\0')
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "region '%s' has no %s of '%s'", region,
                        filters->role == RDS_ROLES
                            ? "certificate"
                            : rds_role_name(filters->role),
                        ca);
    if (filters->role == RDS_ROLE_INTERMEDIATE)
        return rds_fail(
            picker->err, RDS_R_NOTHING_IN_FORCE,
            "AWS publishes no intermediate in force for '%s': servers send "
            "theirs%s",
            region,
            region_has(picker, region, RDS_ROLE_INTERMEDIATE, true) &&
                    !filters->expired
                ? "; retired ones: add expired=include"
                : "");
    return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                    "the filters leave no certificate of region '%s'", region);
}

static bool unknown_ca(struct picker *picker, const char *ca)
{
    const struct rds_view *view = picker->view;
    struct rds_nearest nearest = RDS_NEAREST_INIT(ca, strlen(ca));
    char hint[RDS_QUOTE_MAX];

    if (strcmp(ca, "rds-ca-2012") == 0)
        return rds_fail(picker->err, RDS_R_NOT_CARRIED,
                        "CA '%s' has no trustworthy public copy; see "
                        "rds://file/rds-ca-2012-us-gov-west-1.pem",
                        ca);
    for (size_t i = 0; i < view->count; i++)
        rds_nearest_offer(&nearest, view->entries[i].anchor->ca);
    return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                    "unknown CA identifier '%s'%s", ca,
                    rds_nearest_hint(hint, &nearest));
}

bool rds_known_ca(struct picker *picker, const char *ca)
{
    for (size_t i = 0; i < picker->view->count; i++) {
        if (strcmp(picker->view->entries[i].anchor->ca, ca) == 0)
            return true;
    }
    return unknown_ca(picker, ca);
}

bool rds_nothing_in_partition(struct picker *picker,
                              enum rds_partition partition)
{
    const char *refusal = refusal_for(picker->view, partition, "");
    const char *name = rds_partition_name(partition);

    if (refusal != NULL)
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "partition '%s': %s", name, refusal);
    return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                    "partition '%s' is known, but no certificate in force "
                    "is at hand; run 'rdsca update --partition %s'",
                    name, name);
}

/* Whether the URI asks for no more than what is in force. */
static bool unfiltered(const struct rds_filters *filters)
{
    return filters->ca[0] == '\0' && filters->role == RDS_ROLES &&
           filters->stage == RDS_STAGE_PRODUCTION;
}

static bool nothing_left(struct picker *picker, const char *selector,
                         const char *name)
{
    if (unfiltered(&picker->uri->filters))
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                        "no certificate of '%s%s' is in force at hand; run "
                        "'rdsca update'",
                        selector, name);
    return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                    "the filters leave no certificate of '%s%s'", selector,
                    name);
}

/* The same of all, global and partition: there are retired intermediates. */
static bool nothing_wide(struct picker *picker, const char *selector,
                         const char *name)
{
    const struct rds_filters *filters = &picker->uri->filters;

    if (filters->role != RDS_ROLE_INTERMEDIATE || filters->expired ||
        filters->ca[0] != '\0' || filters->stage != RDS_STAGE_PRODUCTION)
        return nothing_left(picker, selector, name);
    return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE,
                    "AWS publishes no intermediate in force for '%s%s': "
                    "servers send theirs; retired ones: add expired=include",
                    selector, name);
}

static bool nothing_for_host(struct picker *picker,
                             const struct rds_endpoint *host)
{
    struct wish wish = rds_wish_of(picker->uri, "");

    if (host->kind == RDS_ENDPOINT_PREVIEW)
        wish.stage = RDS_STAGE_PREVIEW;
    if (host->family == RDS_FAMILY_RDS && host->region[0] != '\0')
        return rds_nothing_in_region(picker, host->region, &wish);
    return nothing_left(picker, "host/", rds_endpoint_kind_name(host->kind));
}

bool rds_nothing_selected(struct picker *picker,
                          const struct rds_selector *selector)
{
    struct wish wish;

    switch (selector->kind) {
    case RDS_SELECT_REGION:
        wish = rds_wish_of(picker->uri, selector->u.region.ca);
        return rds_nothing_in_region(picker, selector->u.region.name, &wish);
    case RDS_SELECT_HOST:
        return nothing_for_host(picker, &selector->u.host);
    case RDS_SELECT_PARTITION:
        if (unfiltered(&picker->uri->filters))
            return rds_nothing_in_partition(picker, selector->u.partition);
        return nothing_wide(picker, "partition/",
                            rds_partition_name(selector->u.partition));
    case RDS_SELECT_CA:
        return nothing_left(picker, "ca/", selector->u.ca);
    case RDS_SELECT_FILE:
        return nothing_left(picker, "file/", selector->u.file);
    case RDS_SELECT_SHA256:
        return nothing_left(picker, "sha256/", "");
    case RDS_SELECT_GLOBAL:
        return nothing_wide(picker, "global", "");
    case RDS_SELECT_PROXY:
        return nothing_left(picker, "proxy", "");
    case RDS_SELECT_ALL:
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return nothing_wide(picker, "all", "");
}
