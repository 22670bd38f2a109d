/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that are in force: of which source, for how long, and
 * whether rds-trust finds all that it names.  Judges by the module's own
 * functions.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cli/command.h"
#include "../certs/describe.h"
#include "../openssl/trust_uri.h"
#include "rds/builtin.h"

#define NAMED_MAX 8 /* certificates or regions that a line names */

struct anchors {
    const struct rdsca_doctor *doctor;
    FILE *to;
    struct rdsca_settings settings;
    struct rdsca_trust trust;
    int64_t now;
};

/* A line that names some things, and says how many more there are. */
struct names {
    char text[RDS_ERROR_TEXT];
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    size_t used = strlen(names->text);

    if (names->count++ < NAMED_MAX)
        (void)snprintf(names->text + used, sizeof(names->text) - used, "%s%s",
                       used != 0 ? ", " : "", name);
}

static const char *end_names(struct names *names)
{
    size_t used = strlen(names->text);

    if (names->count > NAMED_MAX)
        (void)snprintf(names->text + used, sizeof(names->text) - used,
                       " and %zu more", names->count - NAMED_MAX);
    return names->text;
}

/* ---- regions ----------------------------------------------------------- */

struct region {
    bool any;      /* it has anchors of the production stage, but retired
                    * built-in ones */
    bool in_force; /* a root of them is in force */
    bool bundled;  /* that root comes from a bundle */
};

static struct region look_at_region(const struct anchors *at,
                                    const char *region)
{
    const struct rds_view *view = at->trust.view;
    struct region found = {false, false, false};

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_entry *entry = &view->entries[i];
        const struct rds_anchor *anchor = entry->anchor;

        if (strcmp(anchor->region, region) != 0 ||
            anchor->stage != RDS_STAGE_PRODUCTION)
            continue;
        found.any |= entry->bundle != NULL ||
                     !rds_anchor_retired(anchor, at->trust.view->set_date);
        if (anchor->role == RDS_ROLE_ROOT &&
            rds_anchor_in_force(anchor, at->now)) {
            found.in_force = true;
            found.bundled = found.bundled || entry->bundle != NULL;
        }
    }
    return found;
}

/* Every region that is known or has an anchor, once. */
typedef void region_fn(const struct anchors *at, void *arg,
                       const char *region);

static void each_region(const struct anchors *at, region_fn *each, void *arg)
{
    const struct rds_view *view = at->trust.view;
    const char *last = "";

    for (size_t i = 0; i < view->region_count; i++)
        each(at, arg, view->regions[i]);
    for (size_t i = 0; i < view->count; i++) {
        const char *region = view->entries[i].anchor->region;
        bool known = region[0] == '\0' || strcmp(region, last) == 0;

        for (size_t j = 0; !known && j < view->region_count; j++)
            known = strcmp(view->regions[j], region) == 0;
        if (!known)
            each(at, arg, region);
        last = region;
    }
}

struct summary {
    size_t built_in;
    size_t bundled;
    struct names absent; /* known, but not carried */
};

static void sum_up(const struct anchors *at, void *arg, const char *region)
{
    struct region found = look_at_region(at, region);
    struct summary *summary = arg;

    if (!found.any) {
        add_name(&summary->absent, region);
    } else if (found.in_force) {
        summary->bundled += found.bundled;
        summary->built_in += !found.bundled;
    } else {
        rdsca_find(at->to, RDSCA_NOTE,
                   "region '%s' has no root in force any more", region);
        rdsca_mend_update(at->doctor, at->trust.directory, region,
                          rds_region_partition(region, strlen(region)));
    }
}

static void tell_sources(const struct anchors *at)
{
    struct summary summary = {0, 0, {"", 0}};

    each_region(at, sum_up, &summary);
    rdsca_find(at->to, RDSCA_OK,
               "in force: the built-in set (%s) for %zu regions, the "
               "directory for %zu",
               rds_builtin_summary, summary.built_in, summary.bundled);
    if (summary.absent.count != 0)
        rdsca_find(at->to, RDSCA_OK,
                   "known but not carried: %s ('rdsca update REGION' brings "
                   "them)",
                   end_names(&summary.absent));
}

/* ---- what rds-trust needs ---------------------------------------------- */

static void mend_selector(const struct anchors *at,
                          const struct rds_selector *selector,
                          const struct rds_error *err)
{
    const char *directory = at->trust.directory;
    const char *region = selector->kind == RDS_SELECT_HOST
                             ? selector->u.host.region
                             : selector->u.region.name;

    if (err->reason != RDS_R_NOTHING_IN_FORCE ||
        (selector->kind != RDS_SELECT_REGION &&
         selector->kind != RDS_SELECT_HOST &&
         selector->kind != RDS_SELECT_PARTITION))
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL, "correct rds-trust in [%s]",
                   at->settings.section);
    else if (at->trust.view->refusal_count != 0)
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "mend first what is refused in '%s'", directory);
    else if (selector->kind == RDS_SELECT_PARTITION)
        rdsca_mend_update(at->doctor, directory, "", selector->u.partition);
    else
        rdsca_mend_update(at->doctor, directory, region,
                          rds_region_partition(region, strlen(region)));
}

/* One selector without an answer, and nothing is trusted. */
static void judge_selectors(const struct anchors *at,
                            const struct rds_uri *uri)
{
    struct rds_uri *alone = malloc(sizeof(*alone));
    struct rds_selection selection;
    struct rds_error err;

    for (size_t i = 0; alone != NULL && i < uri->count; i++) {
        alone->filters = uri->filters;
        alone->count = 1;
        alone->selectors[0] = uri->selectors[i];
        if (rds_select(alone, at->trust.view, at->now, &selection, &err)) {
            rds_selection_clear(&selection);
            continue;
        }
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "rds-trust has no answer, so nothing is trusted: %s",
                   err.text);
        mend_selector(at, &uri->selectors[i], &err);
    }
    free(alone);
}

/* ---- what expires ------------------------------------------------------ */

/* Whether it is in force now, but will not be for long. */
static bool ends_soon(const struct anchors *at,
                      const struct rds_anchor *anchor)
{
    return rds_anchor_in_force(anchor, at->now) &&
           rdsca_days_left(anchor->not_after, at->now) < RDSCA_SOON;
}

/* By name one can ask for what has expired, which is of no use for TLS. */
static void tell_all_expired(const struct anchors *at, const char *what)
{
    rdsca_find(at->to, RDSCA_NOTE, "nothing that '%s' selects is in force",
               what);
    rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
               "name a region or an endpoint in place of what has expired");
}

/* Whether a root of the answer that issued it will be in force for long. */
static bool root_remains(const struct anchors *at,
                         const struct rds_selection *selection,
                         const struct rds_entry *entry)
{
    if (entry->anchor->role == RDS_ROLE_ROOT)
        return false;
    for (size_t i = 0; i < selection->count; i++) {
        const struct rds_entry *root =
            &at->trust.view->entries[selection->index[i]];

        if (root->anchor->role == RDS_ROLE_ROOT &&
            rds_entry_issued_by(entry, root) &&
            rds_anchor_in_force(root->anchor, at->now) &&
            !ends_soon(at, root->anchor))
            return true;
    }
    return false;
}

/* What ends soon in an answer. */
struct ending {
    struct names passing;           /* intermediates whose roots remain */
    struct names lost;              /* all else */
    const struct rds_anchor *first; /* of those; or NULL */
    size_t in_force;
};

static void find_ending(const struct anchors *at,
                        const struct rds_selection *selection,
                        struct ending *out)
{
    char place[RDSCA_PLACE_MAX], date[RDS_DATE_MAX], name[256];

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < selection->count; i++) {
        const struct rds_entry *entry =
            &at->trust.view->entries[selection->index[i]];
        const struct rds_anchor *anchor = entry->anchor;
        bool passing = root_remains(at, selection, entry);

        out->in_force += rds_anchor_in_force(anchor, at->now);
        if (!ends_soon(at, anchor))
            continue;
        (void)snprintf(name, sizeof(name), "%s %s (%s)",
                       rdsca_place(place, anchor), anchor->ca,
                       rds_date_write(date, anchor->not_after));
        add_name(passing ? &out->passing : &out->lost, name);
        if (!passing && out->first == NULL)
            out->first = anchor;
    }
}

/*
 * No update helps before AWS replaces them, and none is needed where the
 * roots are trusted: it is the servers that may need another certificate.
 */
static void tell_passing(const struct anchors *at, const char *what,
                         struct names *passing)
{
    if (passing->count == 0)
        return;
    rdsca_find(at->to, RDSCA_NOTE,
               "of '%s' %zu intermediate%s within %d days, and the roots "
               "remain: %s",
               what, passing->count,
               passing->count == 1 ? " expires" : "s expire", RDSCA_SOON,
               end_names(passing));
    rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
               "nothing to change here; ask the servers of the region with "
               "'rdsca probe ENDPOINT', and rotate the certificate of one "
               "whose chain expires");
}

static void tell_expiring(const struct anchors *at, const char *what,
                          const struct rds_selection *selection)
{
    struct ending ending;

    find_ending(at, selection, &ending);
    if (ending.in_force == 0) {
        tell_all_expired(at, what);
        return;
    }
    if (ending.lost.count != 0) {
        rdsca_find(at->to, RDSCA_NOTE, "of '%s' %zu expire within %d days: %s",
                   what, ending.lost.count, RDSCA_SOON,
                   end_names(&ending.lost));
        rdsca_mend_update(at->doctor, at->trust.directory,
                          ending.first->region,
                          (enum rds_partition)ending.first->partition);
    }
    tell_passing(at, what, &ending.passing);
    if (ending.lost.count + ending.passing.count == 0)
        rdsca_find(at->to, RDSCA_OK, "nothing of '%s' expires within %d days",
                   what, RDSCA_SOON);
}

static void judge_uri(const struct anchors *at, struct rds_uri *uri)
{
    const char *trust = at->settings.trust, *text = "rds://all";
    struct rds_selection selection;
    char quoted[RDS_QUOTE_MAX];
    struct rds_error err;

    if (trust != NULL && rdsca_trust_read(trust, uri, &err)) {
        text = trust;
        judge_selectors(at, uri);
    } else if (!rds_uri_read(text, uri, &err)) {
        return; /* cannot be */
    }
    if (!rds_select(uri, at->trust.view, at->now, &selection, &err))
        return; /* was told of, selector by selector */
    tell_expiring(at, rds_quote(quoted, text, strlen(text)), &selection);
    rds_selection_clear(&selection);
}

/* ---- all of it --------------------------------------------------------- */

bool rdsca_check_anchors(const struct rdsca_doctor *doctor)
{
    struct anchors at = {.doctor = doctor, .to = doctor->to};
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct rds_error err;

    at.now = (int64_t)time(NULL);
    rdsca_settings_read(&at.settings);
    if (uri != NULL && rdsca_trust_load(&at.trust, NULL, NULL, NULL, &err)) {
        tell_sources(&at);
        judge_uri(&at, uri);
        rdsca_trust_close(&at.trust);
    }
    rdsca_settings_clear(&at.settings);
    free(uri);
    return true;
}
