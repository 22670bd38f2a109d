/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by AWS's file names and by fingerprint.  Refuses names that
 * AWS does not use, and says so where AWS has a file that is not at hand.
 */

#include <stdio.h>
#include <string.h>

#include "picker.h"
#include "rds/nearest.h"

/* Files that hold what AWS serves now for a partition. */
static const struct {
    const char *name;
    enum rds_partition partition;
} global_files[] = {
    {"global-bundle", RDS_PARTITION_AWS},
    {"aws-global-bundle", RDS_PARTITION_AWS},
    {"aws-us-gov-global-bundle", RDS_PARTITION_AWS_US_GOV},
    {"aws-cn-global-bundle", RDS_PARTITION_AWS_CN},
};

#define GLOBAL_FILES (sizeof(global_files) / sizeof(global_files[0]))
#define COMBINED "rds-combined-ca-bundle"
#define COMBINED_US_GOV "rds-combined-ca-us-gov-bundle"
#define BUNDLE_SUFFIX "-bundle"

/* The name without .pem or .p7b. */
static bool file_stem(const char *file, char stem[RDS_FILE_NAME_MAX])
{
    size_t size = strlen(file);

    if (size <= 4 || (strcmp(file + size - 4, ".pem") != 0 &&
                      strcmp(file + size - 4, ".p7b") != 0))
        return false;
    memcpy(stem, file, size - 4);
    stem[size - 4] = '\0';
    return true;
}

static void pick_current(struct picker *picker, enum rds_partition partition)
{
    const struct rds_view *view = picker->view;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (anchor->family == RDS_FAMILY_RDS &&
            anchor->partition == partition &&
            !rds_anchor_retired(anchor, view->set_date))
            rds_pick(picker, i);
    }
}

static bool find_sha256(const struct rds_view *view,
                        const unsigned char *sha256, size_t *found)
{
    for (size_t i = 0; i < view->count; i++) {
        if (memcmp(view->entries[i].anchor->sha256, sha256, RDS_SHA256_SIZE) ==
            0) {
            *found = i;
            return true;
        }
    }
    return false;
}

static void pick_combined(struct picker *picker)
{
    const struct rds_view *view = picker->view;
    size_t found;

    for (size_t i = 0; i < view->combined_count; i++) {
        if (find_sha256(view, view->combined[i], &found))
            rds_pick(picker, found);
    }
}

static void pick_alias(struct picker *picker, const char *alias)
{
    for (size_t i = 0; i < picker->view->count; i++) {
        if (strcmp(picker->view->entries[i].anchor->alias, alias) == 0)
            rds_pick(picker, i);
    }
}

/* "us-west-2-bundle": the current anchors of the region. */
static bool region_file(const char *stem, char region[RDS_REGION_MAX])
{
    size_t size = strlen(stem), suffix = strlen(BUNDLE_SUFFIX);

    if (size <= suffix || strcmp(stem + size - suffix, BUNDLE_SUFFIX) != 0 ||
        !rds_region_shape(stem, size - suffix))
        return false;
    memcpy(region, stem, size - suffix);
    region[size - suffix] = '\0';
    return true;
}

static bool pick_region_file(struct picker *picker, const char *region)
{
    const struct wish wish = {"", RDS_STAGE_PRODUCTION, true};
    const struct rds_view *view = picker->view;
    enum rds_partition partition =
        rds_region_partition(region, strlen(region));

    for (size_t i = rds_lower_bound(view, partition, region);
         rds_in_region(view, i, partition, region); i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (!rds_anchor_retired(anchor, view->set_date) &&
            anchor->stage == RDS_STAGE_PRODUCTION)
            rds_pick(picker, i);
    }
    if (picker->picked_count == 0)
        return rds_nothing_in_region(picker, region, &wish);
    rds_pick_issuers(picker, &wish, partition, region);
    return true;
}

static bool unknown_file(struct picker *picker, const char *file)
{
    const struct rds_view *view = picker->view;
    char stem[RDS_FILE_NAME_MAX], hint[RDS_QUOTE_MAX];
    struct rds_nearest nearest;

    if (!file_stem(file, stem))
        return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                        "unknown file '%s': AWS's names end in .pem or .p7b",
                        file);
    nearest = (struct rds_nearest)RDS_NEAREST_INIT(stem, strlen(stem));
    for (size_t i = 0; i < view->count; i++)
        rds_nearest_offer(&nearest, view->entries[i].anchor->alias);
    for (size_t i = 0; i < GLOBAL_FILES; i++)
        rds_nearest_offer(&nearest, global_files[i].name);
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++)
        rds_nearest_offer(&nearest, rds_legacy_files[i].stem);
    (void)rds_nearest_hint(hint, &nearest);
    return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                    "unknown file '%s'%s (.pem or .p7b; rds://list names "
                    "all)",
                    file, hint);
}

/* ---- retired files ------------------------------------------------------ */

static const struct rds_retired *retired_of(const struct picker *picker,
                                            const struct rds_legacy *legacy)
{
    return &picker->view->retired[legacy - rds_legacy_files];
}

/* A file that was fetched is the answer, whatever is built in. */
static bool pick_retired(struct picker *picker, const char *file,
                         const struct rds_retired *retired)
{
    for (size_t i = 0; i < retired->count; i++)
        rds_pick(picker, retired->first + i);
    return picker->picked_count != 0 ||
           rds_fail(picker->err, RDS_R_NOT_CARRIED,
                    "file '%s': every certificate in it is distrusted", file);
}

static bool not_fetched(struct picker *picker, const char *file,
                        const struct rds_legacy *legacy)
{
    const char *refusal = retired_of(picker, legacy)->refusal;

    if (refusal == NULL)
        refusal = picker->view->retired_refusal;
    if (refusal != NULL)
        return rds_fail(picker->err, RDS_R_NOTHING_IN_FORCE, "file '%s': %s",
                        file, refusal);
    return rds_fail(picker->err, RDS_R_NOT_CARRIED,
                    "file '%s' has no trustworthy public copy; AWS serves it "
                    "at %s; run 'rdsca update --retired'",
                    file, legacy->url);
}

/* ---- all files ---------------------------------------------------------- */

/*
 * Picks what the sorted entries have for a file, which may be nothing.  False
 * where there is a name for what is missing.
 */
static bool pick_known(struct picker *picker, const char *stem)
{
    const struct wish gov = {"rds-ca-2017", RDS_STAGES, true};
    char region[RDS_REGION_MAX];

    for (size_t i = 0; i < GLOBAL_FILES; i++) {
        if (strcmp(stem, global_files[i].name) != 0)
            continue;
        pick_current(picker, global_files[i].partition);
        return picker->picked_count != 0 ||
               rds_nothing_in_partition(picker, global_files[i].partition);
    }
    if (region_file(stem, region))
        return pick_region_file(picker, region);
    if (strcmp(stem, COMBINED) == 0)
        pick_combined(picker);
    else if (strcmp(stem, COMBINED_US_GOV) == 0)
        rds_pick_family(picker, RDS_FAMILY_RDS, RDS_PARTITION_AWS_US_GOV,
                        &gov);
    else
        pick_alias(picker, stem);
    return true;
}

bool rds_pick_file(struct picker *picker, const char *file)
{
    const struct rds_legacy *legacy;
    char stem[RDS_FILE_NAME_MAX];

    if (!file_stem(file, stem))
        return unknown_file(picker, file);
    legacy = rds_legacy_find(stem);
    if (legacy != NULL && retired_of(picker, legacy)->present)
        return pick_retired(picker, file, retired_of(picker, legacy));
    if (!pick_known(picker, stem))
        return false;
    if (picker->picked_count != 0)
        return true;
    return legacy != NULL ? not_fetched(picker, file, legacy)
                          : unknown_file(picker, file);
}

bool rds_pick_sha256(struct picker *picker, const unsigned char *sha256)
{
    const struct rds_view *view = picker->view;
    char text[RDS_SHA256_TEXT];
    size_t found;

    if (find_sha256(view, sha256, &found)) {
        rds_pick(picker, found);
        return true;
    }
    (void)rds_sha256_write(text, sha256);
    for (size_t i = 0; i < view->pin_count; i++) {
        if (memcmp(view->pins[i].sha256, sha256, RDS_SHA256_SIZE) == 0)
            return rds_fail(picker->err, RDS_R_NOT_CARRIED,
                            "SHA-256 '%s' is '%s', which is not at hand "
                            "(not carried, withdrawn or distrusted); to "
                            "fetch it run 'rdsca update'",
                            text, view->pins[i].cn);
    }
    return rds_fail(picker->err, RDS_R_UNKNOWN_WORD,
                    "unknown SHA-256 '%s': no Amazon RDS certificate at hand "
                    "has it",
                    text);
}
