/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rds-trust would say.  Refuses to answer by other rules than the
 * module's.
 */

#include "trust_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../certs/describe.h"
#include "rds/leaf.h"

/* The URI taken apart, and what it admits; too large for a stack. */
struct asked {
    struct rds_uri uri;
    struct rds_scope scope;
};

static void judge_leaf(struct rdsca_opinion *out, const struct asked *asked,
                       const struct rdsca_subject *subject,
                       struct rds_verdict *verdict)
{
    const char *host = subject->host->name;
    struct rds_leaf leaf;

    rds_leaf_describe(rds_libcrypto_linked(), sk_X509_value(subject->chain, 0),
                      &leaf);
    if (subject->host->address) {
        leaf.other_identity = true;
    } else {
        leaf.hosts = &host;
        leaf.host_count = 1;
    }
    if (!rds_scope_judge(&asked->scope, &leaf, verdict))
        out->kind = RDSCA_OUT_OF_SCOPE;
    out->clause = verdict->clause;
    out->name = verdict->name;
    out->name_size = verdict->name_size;
}

/* The selectors that picked the entry; 0: none. */
static uint64_t selectors_of(const struct rds_selection *selection,
                             const struct rds_view *view,
                             const struct rds_entry *entry)
{
    for (size_t i = 0; i < selection->count; i++) {
        if (&view->entries[selection->index[i]] == entry)
            return selection->selectors[i];
    }
    return 0;
}

/* The root behind the chain that may not vouch for it, or NULL. */
static const struct rds_anchor *
mark_allowed(const struct asked *asked, const struct rdsca_subject *subject,
             const struct rds_verdict *verdict,
             const struct rds_selection *selection,
             bool allowed[RDSCA_SIGNERS_MAX])
{
    const struct rds_anchor *barred = NULL;

    for (size_t i = 0; i < subject->signers->count; i++) {
        const struct rds_entry *entry = subject->signers->items[i].entry;

        allowed[i] = entry->anchor->role == RDS_ROLE_ROOT &&
                     rds_scope_anchor(
                         &asked->scope, verdict, subject->view, entry->anchor,
                         selectors_of(selection, subject->view, entry));
        if (!allowed[i] && entry->anchor->role == RDS_ROLE_ROOT)
            barred = entry->anchor;
    }
    return barred;
}

static void explain_path(struct rdsca_opinion *out,
                         const struct rdsca_path *path,
                         const struct rds_anchor *barred)
{
    char ca[RDSCA_WORDS_MAX];

    out->kind = RDSCA_NO_ANCHOR;
    if (path->no_memory)
        (void)snprintf(out->reason, sizeof(out->reason), "out of memory");
    else if (path->anchor == NULL && barred != NULL)
        (void)snprintf(out->reason, sizeof(out->reason),
                       "in scope, but the root of this chain, %s, is none "
                       "that this URI gives for these names",
                       rdsca_ca_words(ca, barred));
    else if (path->anchor == NULL)
        (void)snprintf(out->reason, sizeof(out->reason),
                       "in scope, but no root at hand is that of this chain");
    else
        (void)snprintf(
            out->reason, sizeof(out->reason), "in scope, but OpenSSL says: %s",
            X509_verify_cert_error_string(
                path->expired != NULL ? X509_V_ERR_CERT_HAS_EXPIRED
                : path->early != NULL ? X509_V_ERR_CERT_NOT_YET_VALID
                                      : path->error));
}

static void judge_chain(struct rdsca_opinion *out, const struct asked *asked,
                        const struct rdsca_subject *subject,
                        const struct rds_verdict *verdict)
{
    bool allowed[RDSCA_SIGNERS_MAX] = {false};
    struct rdsca_terms terms = {allowed, subject->now,
                                subject->security_level};
    const struct rds_anchor *barred;
    struct rds_selection selection;
    struct rdsca_path path;
    struct rds_error err;

    if (!rds_select(&asked->uri, subject->view, subject->now, &selection,
                    &err)) {
        out->kind = RDSCA_NO_ANCHOR;
        (void)snprintf(out->reason, sizeof(out->reason), "%s", err.text);
        return;
    }
    barred = mark_allowed(asked, subject, verdict, &selection, allowed);
    rds_selection_clear(&selection);
    rdsca_path_build(&path, subject->signers, subject->chain, &terms);
    if (!rdsca_path_good(&path))
        explain_path(out, &path, barred);
}

void rdsca_opinion_form(struct rdsca_opinion *out, const char *uri,
                        const struct rdsca_subject *subject)
{
    struct asked *asked = malloc(sizeof(*asked));
    struct rds_verdict verdict;
    struct rds_error err;

    memset(out, 0, sizeof(*out));
    out->kind = RDSCA_WOULD_TRUST;
    if (asked == NULL)
        (void)rds_fail(&err, RDS_R_NO_MEMORY, "out of memory");
    if (asked == NULL || !rds_uri_read(uri, &asked->uri, &err) ||
        !rds_scope_make(&asked->scope, &asked->uri, &err)) {
        out->kind = RDSCA_UNUSABLE;
        (void)snprintf(out->reason, sizeof(out->reason), "%s", err.text);
    } else {
        judge_leaf(out, asked, subject, &verdict);
        if (out->kind == RDSCA_WOULD_TRUST)
            judge_chain(out, asked, subject, &verdict);
    }
    free(asked);
}

const char *rdsca_opinion_text(char out[RDSCA_OPINION_MAX],
                               const struct rdsca_opinion *opinion)
{
    char name[RDSCA_NAME_MAX] = "";

    switch (opinion->kind) {
    case RDSCA_WOULD_TRUST:
        (void)snprintf(out, RDSCA_OPINION_MAX, "would trust");
        break;
    case RDSCA_OUT_OF_SCOPE:
        if (opinion->name != NULL)
            (void)rdsca_name(name, opinion->name, opinion->name_size);
        (void)snprintf(out, RDSCA_OPINION_MAX,
                       "would refuse: %s%s%sclause: %s",
                       opinion->name != NULL ? "name '" : "", name,
                       opinion->name != NULL ? "', " : "",
                       rds_clause_text(opinion->clause));
        break;
    case RDSCA_NO_ANCHOR:
    case RDSCA_UNUSABLE:
        (void)snprintf(out, RDSCA_OPINION_MAX, "would refuse: %s",
                       opinion->reason);
        break;
    }
    return out;
}
