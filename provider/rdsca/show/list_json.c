/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a URI as JSON.  Refuses to leave a member out: what is not
 * known is null.
 */

#include "list_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../certs/describe.h"
#include "../cli/json.h"

#define SCHEMA 1

/* To be freed with free(). */
static char *path_of(const struct rdsca_answer *answer,
                     const struct rds_bundle *bundle)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", answer->trust.directory, bundle->name.file) <
        0)
        return NULL;
    return path;
}

/* NULL: unreadable. */
static json_t *subject_of(const struct rds_entry *entry)
{
    X509 *x509 = rdsca_x509(entry);
    char *text =
        x509 != NULL ? rdsca_name_text(X509_get_subject_name(x509)) : NULL;
    json_t *subject = text != NULL ? json_string(text) : json_null();

    free(text);
    X509_free(x509);
    return subject;
}

/* When AWS last confirmed it; retired anchors it no longer serves. */
static json_t *confirmed_of(const struct rdsca_answer *answer,
                            const struct rds_entry *entry)
{
    int64_t set_date = answer->trust.view->set_date;
    char text[RDSCA_TIME_MAX];

    if (entry->bundle != NULL)
        return json_string(rdsca_time(text, entry->bundle->confirmed));
    if (rds_anchor_retired(entry->anchor, set_date))
        return json_null();
    return json_string(rdsca_time(text, set_date));
}

static json_t *pack_anchor(const struct rdsca_answer *answer,
                           const struct rds_entry *entry)
{
    const struct rds_anchor *a = entry->anchor;
    char key[RDSCA_KEY_MAX], from[RDSCA_TIME_MAX], until[RDSCA_TIME_MAX];
    char sha256[RDS_SHA256_TEXT];
    bool built_in = entry->bundle == NULL;
    char *file = built_in ? NULL : path_of(answer, entry->bundle);
    json_t *packed = NULL;

    if (built_in || file != NULL)
        packed = json_pack(
            "{s:s?,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:o,s:o,s:s,s:o,"
            "s:s}",
            "region", a->region[0] != '\0' ? a->region : NULL, "partition",
            rds_partition_name((enum rds_partition)a->partition), "family",
            a->family == RDS_FAMILY_PROXY ? "proxy" : "rds", "ca", a->ca,
            "role", rds_role_name((enum rds_role)a->role), "stage",
            rds_stage_name((enum rds_stage)a->stage), "key",
            rdsca_entry_key(key, entry), "not_before",
            rdsca_time(from, a->not_before), "not_after",
            rdsca_time(until, a->not_after), "days_left",
            (json_int_t)rdsca_days_left(a->not_after, answer->now), "source",
            built_in ? "built in" : "directory", "file",
            built_in ? json_null() : rdsca_json_text(file), "confirmed",
            confirmed_of(answer, entry), "sha256",
            rds_sha256_write(sha256, a->sha256), "subject", subject_of(entry),
            "alias", a->alias);
    free(file);
    return packed;
}

static json_t *pack_anchors(const struct rdsca_answer *answer)
{
    json_t *anchors = json_array();

    for (size_t i = 0; anchors != NULL && i < answer->selection.count; i++)
        rdsca_json_append(&anchors,
                          pack_anchor(answer, rdsca_answer_entry(answer, i)));
    return anchors;
}

enum rdsca_exit rdsca_list_json(const char *name,
                                const struct rdsca_answer *answer)
{
    json_t *anchors = pack_anchors(answer), *all = NULL;
    char now[RDSCA_TIME_MAX];

    if (anchors != NULL)
        all = json_pack("{s:i,s:o,s:s,s:o,s:o}", "schema", SCHEMA, "uri",
                        rdsca_json_text(answer->uri), "time",
                        rdsca_time(now, answer->now), "directory",
                        rdsca_json_text(answer->trust.directory), "anchors",
                        anchors);
    return rdsca_json_print(name, all);
}
