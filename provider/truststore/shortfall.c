/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bundles lack compared with the built-in set: collects it, and words it
 * for the log and `rdsca doctor`.
 */

#include "rds/shortfall.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 8 /* regions or CAs that a line names */

static struct rds_shortfall *find(struct rds_shortfalls *shortfalls,
                                  const struct rds_bundle *bundle,
                                  enum rds_lack lack)
{
    struct rds_shortfall *found;

    for (size_t i = 0; i < shortfalls->count; i++) {
        found = &shortfalls->list[i];
        if (found->bundle == bundle && found->lack == lack)
            return found;
    }
    found = &shortfalls->list[shortfalls->count++];
    memset(found, 0, sizeof(*found));
    found->bundle = bundle;
    found->lack = lack;
    return found;
}

void rds_shortfalls_add(struct rds_shortfalls *shortfalls,
                        const struct rds_bundle *bundle, enum rds_lack lack,
                        const struct rds_anchor *anchor)
{
    struct rds_shortfall *to = find(shortfalls, bundle, lack);
    size_t used = strlen(to->names);
    bool production = anchor->stage == RDS_STAGE_PRODUCTION;

    if (to->count++ >= NAMED_MAX)
        return;
    (void)snprintf(
        to->names + used, sizeof(to->names) - used, "%s%s%s%s%s%s",
        used != 0 ? ", " : "",
        anchor->region[0] != '\0'
            ? anchor->region
            : rds_partition_name((enum rds_partition)anchor->partition),
        lack == RDS_LACK_CA ? " " : "", lack == RDS_LACK_CA ? anchor->ca : "",
        production ? "" : " ",
        production ? "" : rds_stage_name((enum rds_stage)anchor->stage));
}

const char *rds_shortfall_write(char out[RDS_ERROR_TEXT],
                                const struct rds_shortfall *shortfall)
{
    static const struct {
        const char *before, *one, *many, *after;
    } texts[] = {
        [RDS_LACK_VALID] = {"has no valid root for", "region", "regions",
                            "what is valid there stays; fetch the file again"},
        [RDS_LACK_CA] = {"lacks", "valid CA of the built-in set",
                         "valid CAs of the built-in set",
                         "fetch the file again, unless this is meant"},
    };
    char more[48] = "";
    size_t count = shortfall->count;

    _Static_assert(sizeof(texts) / sizeof(texts[0]) == RDS_LACKS,
                   "a text for each lack");
    if (count > NAMED_MAX)
        (void)snprintf(more, sizeof(more), " and %zu more", count - NAMED_MAX);
    /* All are shorter; the bounds are for compilers that cannot see it. */
    (void)snprintf(
        out, RDS_ERROR_TEXT, "%.60s: %s %zu %s (%.280s%.40s); %s",
        shortfall->bundle->name.file, texts[shortfall->lack].before, count,
        count == 1 ? texts[shortfall->lack].one : texts[shortfall->lack].many,
        shortfall->names, more, texts[shortfall->lack].after);
    return out;
}
