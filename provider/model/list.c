/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rds://list: every URI that gets an answer now.  Refuses to name one that
 * would not.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/select.h"

#define DESCRIPTION_MAX 160

struct lister {
    const struct rds_view *view;
    int64_t now;
    rds_list_fn *each;
    void *arg;
    struct rds_uri *uri; /* scratch, too large for the stack */
};

/* Whether the URI has an answer now; the error tells why not. */
static bool answers(struct lister *lister, const char *text,
                    struct rds_error *err)
{
    struct rds_selection selection;

    if (!rds_uri_read(text, lister->uri, err) ||
        !rds_select(lister->uri, lister->view, lister->now, &selection, err))
        return false;
    rds_selection_clear(&selection);
    return true;
}

/*
 * Names one URI with the selector's words `path`.  Where memory fails nobody
 * knows whether it has an answer, and the list would have a gap.
 */
static bool name(struct lister *lister, const char *path,
                 const char *description)
{
    char uri[RDS_QUOTE_MAX];
    struct rds_error err;

    (void)snprintf(uri, sizeof(uri), "rds://%s", path);
    if (!answers(lister, uri, &err))
        return err.reason != RDS_R_NO_MEMORY;
    return lister->each(lister->arg, uri, description);
}

static bool name_fixed(struct lister *lister)
{
    static const char *const rows[][2] = {
        {"all", "every region of every partition"},
        {"global", "every region of the partition aws"},
        {"proxy", "Amazon Trust Services roots: RDS Proxy, Aurora express "
                  "configuration and Serverless v1, Aurora DSQL, Redshift, "
                  "Neptune"},
        {"partition/aws", "every region of the partition aws"},
        {"partition/aws-us-gov", "every region of the partition aws-us-gov"},
        {"partition/aws-cn", "every region of the partition aws-cn"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!name(lister, rows[i][0], rows[i][1]))
            return false;
    }
    return true;
}

/* Each region once, and each of its CAs in force. */
static bool name_regions(struct lister *lister)
{
    char path[RDS_QUOTE_MAX], description[DESCRIPTION_MAX];
    const char *last_region = "", *last_ca = "";

    for (size_t i = 0; i < lister->view->count; i++) {
        const struct rds_anchor *anchor = lister->view->entries[i].anchor;

        if (anchor->region[0] == '\0' ||
            anchor->stage != RDS_STAGE_PRODUCTION ||
            !rds_anchor_in_force(anchor, lister->now))
            continue;
        if (strcmp(anchor->region, last_region) != 0) {
            last_region = anchor->region;
            last_ca = "";
            (void)snprintf(path, sizeof(path), "region/%s", last_region);
            (void)snprintf(description, sizeof(description),
                           "every CA in force of %s", last_region);
            if (!name(lister, path, description))
                return false;
        }
        if (strcmp(anchor->ca, last_ca) != 0) {
            last_ca = anchor->ca;
            (void)snprintf(path, sizeof(path), "region/%s/%s", last_region,
                           last_ca);
            (void)snprintf(description, sizeof(description), "%s of %s",
                           last_ca, last_region);
            if (!name(lister, path, description))
                return false;
        }
    }
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Names, sorted and once each, the words that `word` takes from anchors; ""
 * stands for none.
 */
static bool name_words(struct lister *lister, const char *selector,
                       const char *suffix, const char *description,
                       const char *(*word)(const struct rds_anchor *anchor))
{
    const char **words = calloc(lister->view->count + 1, sizeof(words[0]));
    char path[RDS_QUOTE_MAX];
    bool go_on = words != NULL;
    size_t count = 0;

    for (size_t i = 0; go_on && i < lister->view->count; i++)
        words[count++] = word(lister->view->entries[i].anchor);
    if (go_on)
        qsort(words, count, sizeof(words[0]), compare_texts);
    for (size_t i = 0; go_on && i < count; i++) {
        if (words[i][0] == '\0' ||
            (i != 0 && strcmp(words[i], words[i - 1]) == 0))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s%s", selector, words[i],
                       suffix);
        go_on = name(lister, path, description);
    }
    free(words);
    return go_on;
}

static const char *ca_of(const struct rds_anchor *anchor)
{
    return anchor->ca;
}

static const char *alias_of(const struct rds_anchor *anchor)
{
    /* Named by name_bundles() */
    return rds_legacy_find(anchor->alias) == NULL ? anchor->alias : "";
}

static bool name_file(struct lister *lister, const char *file)
{
    char path[RDS_QUOTE_MAX];

    (void)snprintf(path, sizeof(path), "file/%s", file);
    return name(lister, path, "the content of AWS's file of this name");
}

static bool name_bundles(struct lister *lister)
{
    static const char *const rows[] = {
        "global-bundle.pem",
        "aws-global-bundle.pem",
        "aws-us-gov-global-bundle.pem",
        "aws-cn-global-bundle.pem",
    };
    char file[RDS_FILE_NAME_MAX];
    const char *last = "";

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!name_file(lister, rows[i]))
            return false;
    }
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++) {
        if (!name_file(lister, rds_legacy_files[i].file))
            return false;
    }
    for (size_t i = 0; i < lister->view->count; i++) {
        const struct rds_anchor *anchor = lister->view->entries[i].anchor;

        if (anchor->region[0] == '\0' || strcmp(anchor->region, last) == 0)
            continue;
        last = anchor->region;
        (void)snprintf(file, sizeof(file), "%s-bundle.pem", last);
        if (!name_file(lister, file))
            return false;
    }
    return true;
}

bool rds_list(const struct rds_view *view, int64_t now, rds_list_fn *each,
              void *arg)
{
    struct lister lister = {view, now, each, arg, NULL};
    bool whole;

    lister.uri = malloc(sizeof(*lister.uri));
    if (lister.uri == NULL)
        return false;
    whole = name_fixed(&lister) && name_regions(&lister) &&
            name_words(&lister, "ca", "", "this CA, wherever it is", ca_of) &&
            name_bundles(&lister) &&
            name_words(&lister, "file", ".pem", "this certificate", alias_of);
    free(lister.uri);
    return whole;
}
