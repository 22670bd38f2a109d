/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the provider's section.  Refuses what the module refuses, by
 * the same functions, and names what is wider than it need be.
 */

#include "../openssl/trust_uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rds/configuration.h"
#include "rds/nearest.h"
#include "rds/scope.h"

/* What means itself to sed, too. */
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *const known[] = {"rds-bundles", "rds-distrust",
                                    "rds-trust"};

struct values {
    FILE *to;
    struct rdsca_cnf cnf;
    const char *section;
    char quoted[RDS_QUOTE_MAX]; /* the section's name */
};

static const char *value(const struct values *at, const char *name)
{
    return rdsca_cnf_value(&at->cnf, at->section, name);
}

/* ---- rds-bundles and rds-distrust -------------------------------------- */

static bool read_alone(const char *bundles, const char *distrust,
                       struct rds_error *err)
{
    struct rds_configuration *out = malloc(sizeof(*out));
    bool good = out != NULL &&
                rds_configuration_read(bundles, distrust, NULL, out, err);

    if (out == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    free(out);
    return good;
}

/* A fault in these makes every URI an error. */
static bool judge_files(const struct values *at)
{
    const char *distrust = value(at, "rds-distrust");
    struct rds_error err;
    bool good = true;

    if (!read_alone(value(at, "rds-bundles"), NULL, &err)) {
        good = false;
        rdsca_find(at->to, RDSCA_PROBLEM, "%s; every URI is an error now",
                   err.text);
        rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file,
                   "[%s]\nrds-bundles = " RDS_DIRECTORY_DEFAULT, at->section);
    }
    if (!read_alone(NULL, distrust, &err)) {
        good = false;
        rdsca_find(at->to, RDSCA_PROBLEM, "%s; every URI is an error now",
                   err.text);
        if (distrust[strspn(distrust, ", \t")] == '\0')
            rdsca_mend(at->to, RDSCA_MEND_REMOVE, at->cnf.file,
                       "rds-distrust = %s", distrust);
        else
            rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                       "correct rds-distrust in [%s]; 'rdsca list "
                       "--fingerprint' shows fingerprints",
                       at->section);
    }
    return good;
}

/* ---- rds-trust --------------------------------------------------------- */

bool rdsca_trust_read(const char *text, struct rds_uri *out,
                      struct rds_error *err)
{
    struct rds_scope *scope = malloc(sizeof(*scope));
    bool good = scope != NULL && rds_uri_read(text, out, err) &&
                rds_scope_make(scope, out, err);

    if (scope == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    free(scope);
    return good;
}

/* Often only the scheme is missing. */
static void mend_trust(const struct values *at, const char *text,
                       struct rds_uri *uri)
{
    char *whole = NULL;

    if (strchr(text, ':') == NULL && asprintf(&whole, "rds://%s", text) >= 0 &&
        rdsca_trust_read(whole, uri, NULL))
        rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file,
                   "[%s]\nrds-trust = %s", at->section, whole);
    else
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "correct rds-trust in [%s]; the form to use is rds-trust = "
                   "rds://host/ENDPOINT",
                   at->section);
    free(whole);
}

const char *rdsca_trust_wide(const struct rds_uri *uri)
{
    static const char *const words[] = {
        [RDS_SELECT_ALL] = "all",        [RDS_SELECT_GLOBAL] = "global",
        [RDS_SELECT_REGION] = "region/", [RDS_SELECT_PARTITION] = "partition/",
        [RDS_SELECT_HOST] = NULL,        [RDS_SELECT_CA] = "ca/",
        [RDS_SELECT_FILE] = "file/",     [RDS_SELECT_SHA256] = "sha256/",
        [RDS_SELECT_PROXY] = NULL, /* narrowed by the others */
        [RDS_SELECT_LIST] = NULL,
    };
    bool only_proxy = true;

    _Static_assert(sizeof(words) / sizeof(words[0]) == RDS_SELECTOR_KINDS,
                   "every kind is judged");
    for (size_t i = 0; i < uri->count; i++) {
        enum rds_selector_kind kind = uri->selectors[i].kind;

        if (words[kind] != NULL)
            return words[kind];
        only_proxy = only_proxy && kind == RDS_SELECT_PROXY;
    }
    return only_proxy ? "proxy" : NULL;
}

/* Whether it names databases by their place, and the RDS CAs alone. */
static bool leaves_out_express(const struct rds_uri *uri)
{
    bool by_place = false, proxy = false;

    for (size_t i = 0; i < uri->count; i++) {
        enum rds_selector_kind kind = uri->selectors[i].kind;

        proxy |= kind == RDS_SELECT_PROXY;
        by_place |= kind == RDS_SELECT_ALL || kind == RDS_SELECT_GLOBAL ||
                    kind == RDS_SELECT_REGION || kind == RDS_SELECT_PARTITION;
    }
    return by_place && !proxy;
}

static void judge_trust(const struct values *at, struct rds_uri *uri)
{
    const char *text = value(at, "rds-trust"), *wide;
    char quoted[RDS_QUOTE_MAX];
    struct rds_error err;

    if (text == NULL) {
        rdsca_find(at->to, RDSCA_OK,
                   "rds-trust is not set: store URIs work, nothing is trusted "
                   "process-wide");
        return;
    }
    (void)rds_quote(quoted, text, strlen(text));
    if (!rdsca_trust_read(text, uri, &err)) {
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "rds-trust = '%s': %s; nothing is trusted process-wide",
                   quoted, err.text);
        mend_trust(at, text, uri);
        return;
    }
    if (leaves_out_express(uri))
        rdsca_find(at->to, RDSCA_OK,
                   "rds-trust leaves out " RDS_ENDPOINT_AMBIGUITY
                   "; rds://host/ENDPOINT covers it, and so does +proxy");
    wide = rdsca_trust_wide(uri);
    if (wide == NULL) {
        rdsca_find(at->to, RDSCA_OK, "rds-trust = '%s'", quoted);
        return;
    }
    rdsca_find(at->to, RDSCA_NOTE,
               "rds-trust = '%s': '%s' admits the databases of every account",
               quoted, wide);
    rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
               "write rds-trust = rds://host/ENDPOINT in [%s], with the name "
               "of your endpoint; it admits one account's only",
               at->section);
}

/* ---- other names ------------------------------------------------------- */

static void tell_unknown(const struct values *at, const CONF_VALUE *line)
{
    struct rds_nearest nearest =
        RDS_NEAREST_INIT(line->name, strlen(line->name));
    char name[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX], word[RDSCA_WORD_MAX];

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        rds_nearest_offer(&nearest, known[i]);
    rdsca_find(at->to, RDSCA_PROBLEM,
               "[%s] has the name '%s', which the module does not know%s",
               at->quoted, rds_quote(name, line->name, strlen(line->name)),
               rds_nearest_hint(hint, &nearest));
    if (nearest.best != NULL && value(at, nearest.best) == NULL &&
        strspn(line->name, WORD) == strlen(line->name))
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL,
                   "sed -i --follow-symlinks 's/^\\( *\\)%s *=/\\1%s =/' %s",
                   line->name, nearest.best, rdsca_word(word, at->cnf.file));
    else
        rdsca_mend(at->to, RDSCA_MEND_REMOVE, at->cnf.file, "%s = %s",
                   line->name, line->value);
}

/* OpenSSL passes every name to the module, which asks for those it knows. */
static void judge_names(const struct values *at)
{
    STACK_OF(CONF_VALUE) *lines = NCONF_get_section(at->cnf.conf, at->section);

    for (int i = 0; i < sk_CONF_VALUE_num(lines); i++) {
        const CONF_VALUE *line = sk_CONF_VALUE_value(lines, i);
        bool found = strncasecmp(line->name, "rds", 3) != 0;

        for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
            found = found || strcmp(line->name, known[j]) == 0;
        if (!found)
            tell_unknown(at, line);
    }
}

/* ---- all of it --------------------------------------------------------- */

bool rdsca_check_values(const struct rdsca_doctor *doctor)
{
    struct values at = {.to = doctor->to};
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct rdsca_cnf_provider ours;
    bool good = uri != NULL;

    rdsca_cnf_read(&at.cnf);
    if (uri != NULL && rdsca_cnf_ours(&at.cnf, at.cnf.providers, &ours)) {
        at.section = ours.section;
        (void)rds_quote(at.quoted, ours.section, strlen(ours.section));
        judge_names(&at);
        good = judge_files(&at);
        judge_trust(&at, uri);
    }
    rdsca_cnf_clear(&at.cnf);
    free(uri);
    return good;
}
