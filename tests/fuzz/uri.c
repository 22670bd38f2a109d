/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs: what is read says again what was read, selects certificates that its
 * selectors name and no others, and makes a scope that is no wider.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-."

/* ---- the form ----------------------------------------------------------- */

static void claim_name(const char *name, size_t room)
{
    CLAIM(memchr(name, '\0', room) != NULL, "a name without an end");
    CLAIM(strspn(name, NAME_LETTERS) == strlen(name), "the name '%s'", name);
}

static void claim_selector(const struct rds_uri *uri,
                           const struct rds_selector *selector)
{
    switch (selector->kind) {
    case RDS_SELECT_REGION:
        claim_name(selector->u.region.name, RDS_REGION_MAX);
        claim_name(selector->u.region.ca, RDS_CA_MAX);
        CLAIM(selector->u.region.name[0] != '\0', "an empty region");
        break;
    case RDS_SELECT_CA:
        claim_name(selector->u.ca, RDS_CA_MAX);
        CLAIM(selector->u.ca[0] != '\0', "an empty CA identifier");
        break;
    case RDS_SELECT_FILE:
        claim_name(selector->u.file, RDS_FILE_NAME_MAX);
        CLAIM(selector->u.file[0] != '\0', "an empty file");
        break;
    case RDS_SELECT_HOST:
        claim_name(selector->u.host.name, RDS_ENDPOINT_MAX + 1);
        break;
    case RDS_SELECT_PARTITION:
        CLAIM(selector->u.partition <= RDS_PARTITION_AWS_CN, "partition %d",
              (int)selector->u.partition);
        break;
    case RDS_SELECT_LIST:
        CLAIM(uri->count == 1, "a list among %zu", uri->count);
        break;
    case RDS_SELECT_ALL:
    case RDS_SELECT_GLOBAL:
    case RDS_SELECT_SHA256:
    case RDS_SELECT_PROXY:
        break;
    case RDS_SELECTOR_KINDS:
        CLAIM(false, "no kind of selector");
    }
}

static void claim_form(const struct rds_uri *uri)
{
    const struct rds_filters *filters = &uri->filters;

    CLAIM(uri->count >= 1 && uri->count <= RDS_SELECTORS_MAX, "%zu selectors",
          uri->count);
    for (size_t i = 0; i < uri->count; i++)
        claim_selector(uri, &uri->selectors[i]);
    claim_name(filters->ca, sizeof(filters->ca));
    CLAIM(filters->role <= RDS_ROLES && filters->stage < RDS_STAGES,
          "role %d, stage %d", (int)filters->role, (int)filters->stage);
    CLAIM(!rds_uri_is_list(uri) ||
              (filters->ca[0] == '\0' && filters->role == RDS_ROLES &&
               filters->stage == RDS_STAGE_PRODUCTION && !filters->expired),
          "a list with filters");
}

/* ---- writing it again --------------------------------------------------- */

static int write_selector(const struct rds_selector *selector, char *out,
                          size_t room)
{
    char hex[RDS_SHA256_TEXT];

    switch (selector->kind) {
    case RDS_SELECT_ALL:
        return snprintf(out, room, "all");
    case RDS_SELECT_GLOBAL:
        return snprintf(out, room, "global");
    case RDS_SELECT_REGION:
        return snprintf(out, room, "region/%s%s%s", selector->u.region.name,
                        selector->u.region.ca[0] != '\0' ? "/" : "",
                        selector->u.region.ca);
    case RDS_SELECT_PARTITION:
        return snprintf(out, room, "partition/%s",
                        rds_partition_name(selector->u.partition));
    case RDS_SELECT_HOST:
        return snprintf(out, room, "host/%s:5432", selector->u.host.name);
    case RDS_SELECT_CA:
        return snprintf(out, room, "ca/%s", selector->u.ca);
    case RDS_SELECT_FILE:
        return snprintf(out, room, "file/%s", selector->u.file);
    case RDS_SELECT_SHA256:
        return snprintf(out, room, "sha256/%s",
                        rds_sha256_write(hex, selector->u.sha256));
    case RDS_SELECT_PROXY:
        return snprintf(out, room, "proxy");
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return snprintf(out, room, "list");
}

static void write_uri(const struct rds_uri *uri, char *out, size_t room)
{
    const struct rds_filters *filters = &uri->filters;
    const char *joint = "RDS://", *mark = "?";
    size_t used = 0;

#define ADD(...) used += (size_t)snprintf(out + used, room - used, __VA_ARGS__)
    for (size_t i = 0; i < uri->count; i++, joint = "+") {
        ADD("%s", joint);
        used += (size_t)write_selector(&uri->selectors[i], out + used,
                                       room - used);
    }
    if (filters->stage != RDS_STAGE_PRODUCTION) {
        ADD("%sstage=%s", mark, rds_stage_name(filters->stage));
        mark = "&";
    }
    if (filters->expired) {
        ADD("%sexpired=include", mark);
        mark = "&";
    }
    if (filters->role != RDS_ROLES) {
        ADD("%srole=%s", mark, rds_role_name(filters->role));
        mark = "&";
    }
    if (filters->ca[0] != '\0')
        ADD("%sca=%s", mark, filters->ca);
#undef ADD
}

static bool same_selector(const struct rds_selector *a,
                          const struct rds_selector *b)
{
    char one[512], other[512];

    (void)write_selector(a, one, sizeof(one));
    (void)write_selector(b, other, sizeof(other));
    return strcmp(one, other) == 0;
}

static void claim_again(const struct rds_uri *uri)
{
    static struct rds_uri again;
    static char text[4 * RDS_URI_MAX];
    struct rds_error err;

    write_uri(uri, text, sizeof(text));
    if (strlen(text) > RDS_URI_MAX)
        return; /* one CA for many regions is longer when it is repeated */
    CLAIM(rds_uri_read(text, &again, &err), "'%s': %s", text, err.text);
    CLAIM(again.count == uri->count &&
              again.filters.expired == uri->filters.expired &&
              again.filters.role == uri->filters.role &&
              again.filters.stage == uri->filters.stage &&
              strcmp(again.filters.ca, uri->filters.ca) == 0,
          "'%s' is read in two ways", text);
    for (size_t i = 0; i < uri->count; i++)
        CLAIM(same_selector(&again.selectors[i], &uri->selectors[i]),
              "selector %zu of '%s' is read in two ways", i, text);
}

/* ---- what it selects ---------------------------------------------------- */

/* Whether a URI that names this selector may answer with the anchor. */
static bool names_anchor(const struct rds_selector *selector,
                         const struct rds_anchor *anchor)
{
    const char *region = "";
    const char *ca = "";
    bool proxy = anchor->family == RDS_FAMILY_PROXY;

    switch (selector->kind) {
    case RDS_SELECT_ALL:
        return !proxy;
    case RDS_SELECT_GLOBAL:
        return !proxy && anchor->partition == RDS_PARTITION_AWS;
    case RDS_SELECT_PARTITION:
        return !proxy && anchor->partition == selector->u.partition;
    case RDS_SELECT_PROXY:
        return proxy;
    case RDS_SELECT_CA:
        return strcmp(anchor->ca, selector->u.ca) == 0;
    case RDS_SELECT_SHA256:
        return memcmp(anchor->sha256, selector->u.sha256, RDS_SHA256_SIZE) ==
               0;
    case RDS_SELECT_FILE:
        return !proxy || strncmp(selector->u.file, anchor->alias,
                                 strlen(anchor->alias)) == 0;
    case RDS_SELECT_REGION:
        region = selector->u.region.name;
        ca = selector->u.region.ca;
        break;
    case RDS_SELECT_HOST:
        if (selector->u.host.family == RDS_FAMILY_PROXY ||
            (proxy && selector->u.host.kind == RDS_ENDPOINT_DATABASE))
            return proxy;
        region = selector->u.host.region;
        if (region[0] == '\0')
            return !proxy && anchor->partition == selector->u.host.partition;
        break;
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        return false;
    }
    return !proxy && (ca[0] == '\0' || strcmp(ca, anchor->ca) == 0) &&
           anchor->partition ==
               (uint8_t)rds_region_partition(region, strlen(region)) &&
           (strcmp(anchor->region, region) == 0 ||
            (anchor->region[0] == '\0' && anchor->role == RDS_ROLE_ROOT));
}

/* Whether a selector names a CA, so that its expired ones count, too. */
static bool names_expired(const struct rds_selector *selector)
{
    return selector->kind == RDS_SELECT_CA ||
           selector->kind == RDS_SELECT_FILE ||
           selector->kind == RDS_SELECT_SHA256 ||
           (selector->kind == RDS_SELECT_REGION &&
            selector->u.region.ca[0] != '\0');
}

static bool other_stage(const struct rds_selector *selector)
{
    return selector->kind == RDS_SELECT_FILE ||
           selector->kind == RDS_SELECT_SHA256 ||
           (selector->kind == RDS_SELECT_HOST &&
            selector->u.host.kind == RDS_ENDPOINT_PREVIEW);
}

static void claim_filters(const struct rds_uri *uri,
                          const struct rds_anchor *anchor, int64_t now)
{
    const struct rds_filters *filters = &uri->filters;
    bool expired = filters->expired || filters->ca[0] != '\0';
    bool stages = anchor->region[0] == '\0';
    bool named = false;

    for (size_t i = 0; i < uri->count; i++) {
        expired |= names_expired(&uri->selectors[i]);
        stages |= other_stage(&uri->selectors[i]);
        named |= names_anchor(&uri->selectors[i], anchor);
    }
    CLAIM(named, "%s, which no selector names", anchor->alias);
    CLAIM(filters->role == RDS_ROLES || anchor->role == (uint8_t)filters->role,
          "%s against role=", anchor->alias);
    CLAIM(filters->ca[0] == '\0' || strcmp(filters->ca, anchor->ca) == 0,
          "%s against ca=", anchor->alias);
    CLAIM(stages || anchor->stage == (uint8_t)filters->stage,
          "%s against stage=", anchor->alias);
    CLAIM(expired || rds_anchor_in_force(anchor, now), "%s is not in force",
          anchor->alias);
}

static void claim_order(const struct rds_uri *uri,
                        const struct rds_selection *selection)
{
    static bool seen[4096];
    bool sorted = uri->count != 1 || uri->selectors[0].kind != RDS_SELECT_FILE;

    NEED(builtin_view()->count <= sizeof(seen));
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < selection->count; i++) {
        uint32_t at = selection->index[i];

        CLAIM(at < builtin_view()->count, "place %u", at);
        CLAIM(!seen[at], "place %u twice", at);
        seen[at] = true;
        CLAIM(!sorted || i == 0 || selection->index[i - 1] < at,
              "place %u out of order", at);
    }
}

/* Each selector contributes, or there is no answer at all. */
static void claim_contribution(const struct rds_uri *uri,
                               const struct rds_selection *selection)
{
    const struct rds_entry *entries = builtin_view()->entries;
    bool any;

    for (size_t i = 0; i < uri->count; i++) {
        any = false;
        for (size_t j = 0; !any && j < selection->count; j++)
            any = names_anchor(&uri->selectors[i],
                               entries[selection->index[j]].anchor);
        CLAIM(any, "selector %zu contributes nothing", i);
    }
}

/* Amazon Trust Services answers for no region that has nothing in force. */
static void claim_serving(const struct rds_endpoint *host,
                          enum rds_stage stage, int64_t now)
{
    const struct rds_view *view = builtin_view();
    bool any = false;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        any |= strcmp(anchor->region, host->region) == 0 &&
               anchor->stage == (uint8_t)stage &&
               rds_anchor_in_force(anchor, now);
    }
    CLAIM(any, "'%s' has an answer, and its region no certificate",
          host->name);
}

static void claim_databases(const struct rds_uri *uri,
                            const struct rds_selection *selection, int64_t now)
{
    bool proxy = false;

    for (size_t i = 0; i < selection->count; i++)
        proxy |= builtin_view()->entries[selection->index[i]].anchor->family ==
                 RDS_FAMILY_PROXY;
    /* With more selectors, another may have brought them. */
    if (proxy && uri->count == 1 &&
        uri->selectors[0].kind == RDS_SELECT_HOST &&
        uri->selectors[0].u.host.kind == RDS_ENDPOINT_DATABASE)
        claim_serving(&uri->selectors[0].u.host, uri->filters.stage, now);
}

static void claim_selection(const struct rds_uri *uri, int64_t now)
{
    struct rds_selection selection;
    struct rds_error err;

    if (!rds_select(uri, builtin_view(), now, &selection, &err)) {
        claim_error(&err);
        return;
    }
    CLAIM(!rds_uri_is_list(uri), "a list with certificates");
    CLAIM(selection.count != 0, "an empty answer");
    claim_order(uri, &selection);
    claim_contribution(uri, &selection);
    claim_databases(uri, &selection, now);
    for (size_t i = 0; i < selection.count; i++)
        claim_filters(uri, builtin_view()->entries[selection.index[i]].anchor,
                      now);
    rds_selection_clear(&selection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rds_uri uri;
    struct feed feed = {data, size};
    char *text = feed_text(&feed, '\0');
    struct rds_error err;

    memset(&uri, 0xa5, sizeof(uri));
    if (rds_uri_read(text, &uri, &err)) {
        reached();
        CLAIM(rds_uri_is_rds(text), "another scheme");
        claim_form(&uri);
        claim_again(&uri);
        for (size_t i = 0; i < TIMES; i++)
            claim_selection(&uri, times[i]);
        claim_scope(&uri);
    } else {
        claim_error(&err);
    }
    free(text);
    return 0;
}
