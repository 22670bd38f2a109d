/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the configuration loads the module, and what else it must have for
 * that.  Refuses to call a line good that works in one libcrypto only.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What a check of the sections looks at. */
struct sections {
    FILE *to;
    struct rdsca_cnf cnf;
    struct rdsca_cnf_provider ours;
    char file[RDS_QUOTE_MAX]; /* quoted */
    char section[RDS_QUOTE_MAX];
};

/* ---- is it configured? ------------------------------------------------- */

static bool find_line(const struct rdsca_cnf *cnf, const char *name,
                      struct rdsca_cnf_provider *out)
{
    for (int i = 0; rdsca_cnf_provider(cnf, cnf->providers, i, out); i++) {
        if (strcmp(out->name, name) == 0)
            return true;
    }
    return false;
}

/* A section that is named for rds, and loads something else. */
static void tell_other_module(struct sections *at,
                              const struct rdsca_cnf_provider *other)
{
    char module[RDS_QUOTE_MAX], section[RDS_QUOTE_MAX];
    char *path = rdsca_module_at_hand();

    rdsca_find(at->to, RDSCA_PROBLEM,
               "[%s] names the module '%s', which is not rds.so",
               rds_quote(section, other->section, strlen(other->section)),
               rds_quote(module, other->module, strlen(other->module)));
    rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file, "[%s]\nmodule = %s",
               other->section, path != NULL ? path : "rds.so");
    free(path);
}

static void tell_not_configured(struct sections *at)
{
    const struct rdsca_cnf *cnf = &at->cnf;
    char name[RDS_QUOTE_MAX];
    const char *word = cnf->providers != NULL ? cnf->providers
                       : cnf->start != NULL   ? cnf->start
                                              : "";

    (void)rds_quote(name, word, strlen(word));
    if (cnf->start == NULL)
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' does not load the module: it has no line "
                   "openssl_conf",
                   at->file);
    else if (!rdsca_cnf_has_section(cnf, word))
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' does not load the module: it names the section "
                   "[%s], which is not there",
                   at->file, name);
    else if (cnf->providers == NULL)
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' does not load the module: [%s] has no line "
                   "providers",
                   at->file, name);
    else
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' does not load the module: nothing in [%s] loads "
                   "rds.so",
                   at->file, name);
    rdsca_mend_activation(at->to, cnf);
}

static bool is_configured(struct sections *at)
{
    struct rdsca_cnf_provider other;

    if (rdsca_cnf_ours(&at->cnf, at->cnf.providers, &at->ours)) {
        (void)rds_quote(at->section, at->ours.section,
                        strlen(at->ours.section));
        return true;
    }
    if (find_line(&at->cnf, "rds", &other))
        tell_other_module(at, &other);
    else
        tell_not_configured(at);
    return false;
}

/* ---- the list of providers --------------------------------------------- */

static void mend_our_section(struct sections *at)
{
    char *path = rdsca_module_at_hand();

    rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file,
               "[%s]\nmodule = %s\nactivate = 1", at->ours.section,
               path != NULL ? path : "rds.so");
    free(path);
}

/* OpenSSL gives the list up at the first line without a section. */
static bool all_have_sections(struct sections *at)
{
    struct rdsca_cnf_provider line;
    char section[RDS_QUOTE_MAX], name[RDS_QUOTE_MAX];
    bool good = true;

    for (int i = 0; rdsca_cnf_provider(&at->cnf, at->cnf.providers, i, &line);
         i++) {
        if (rdsca_cnf_has_section(&at->cnf, line.section))
            continue;
        good = false;
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' is to be loaded by the section [%s], which is not "
                   "there: OpenSSL loads neither this provider nor those "
                   "behind it",
                   rds_quote(name, line.line, strlen(line.line)),
                   rds_quote(section, line.section, strlen(line.section)));
        if (line.ours)
            mend_our_section(at);
        else
            rdsca_mend(at->to, RDSCA_MEND_REMOVE, at->cnf.file, "%s = %s",
                       line.line, line.section);
    }
    return good;
}

/* A second one has a rds-trust of its own, which is not joined to the first.
 */
static void tell_repeated(struct sections *at)
{
    struct rdsca_cnf_provider line;
    char name[RDS_QUOTE_MAX];

    for (int i = 0; rdsca_cnf_provider(&at->cnf, at->cnf.providers, i, &line);
         i++) {
        if (!line.ours || line.line == at->ours.line)
            continue;
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "'%s' loads rds.so once more: only the values of [%s] "
                   "hold",
                   rds_quote(name, line.line, strlen(line.line)), at->section);
        rdsca_mend(at->to, RDSCA_MEND_REMOVE, at->cnf.file, "%s = %s",
                   line.line, line.section);
    }
}

/* ---- activate ---------------------------------------------------------- */

enum activation { ABSENT, ON, OFF, ODD };

/* As later releases read it; in OpenSSL 3.0 every value activates. */
static enum activation activation(const struct rdsca_cnf *cnf,
                                  const struct rdsca_cnf_provider *provider)
{
    static const char *const words[2][4] = {{"1", "yes", "true", "on"},
                                            {"0", "no", "false", "off"}};
    const char *value = rdsca_cnf_value(cnf, provider->section, "activate");

    if (value == NULL)
        return ABSENT;
    for (size_t off = 0; off < 2; off++) {
        for (size_t i = 0; i < 4; i++) {
            if (strcasecmp(value, words[off][i]) == 0)
                return off == 0 ? ON : OFF;
        }
    }
    return ODD;
}

static bool is_activated(struct sections *at)
{
    enum activation how = activation(&at->cnf, &at->ours);

    if (how == ON)
        return true;
    if (how == ABSENT)
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "[%s] has no line activate = 1: the module is not loaded",
                   at->section);
    else
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "[%s] has an activate of another value than 1: early "
                   "releases of OpenSSL 3 load the module, later ones do not",
                   at->section);
    rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file, "[%s]\nactivate = 1",
               at->ours.section);
    return false;
}

static bool activates(const struct rdsca_cnf *cnf, const char *name)
{
    struct rdsca_cnf_provider provider;

    for (int i = 0; rdsca_cnf_provider(cnf, cnf->providers, i, &provider);
         i++) {
        if (strcmp(provider.name, name) == 0 &&
            activation(cnf, &provider) == ON)
            return true;
    }
    return false;
}

static void mend_provider(struct sections *at, const char *name)
{
    struct rdsca_cnf_provider line;

    if (find_line(&at->cnf, name, &line))
        rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file,
                   "[%s]\nactivate = 1", line.section);
    else
        rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file,
                   "[%s]\n%s = %s_sect\n\n[%s_sect]\nactivate = 1",
                   at->cnf.providers, name, name, name);
}

/* Any provider that is activated turns the implicit default one off. */
static bool has_cryptography(struct sections *at)
{
    bool fips = activates(&at->cnf, "fips");

    if (activates(&at->cnf, "default"))
        return true;
    if (fips && activates(&at->cnf, "base"))
        return true;
    rdsca_find(at->to, RDSCA_PROBLEM,
               fips ? "'%s' activates fips without base: no key or "
                      "certificate can be read, and TLS fails in every "
                      "process"
                    : "'%s' does not activate the default provider, which "
                      "is off as soon as rds is on: TLS then fails in every "
                      "process (library has no ciphers)",
               at->file);
    mend_provider(at, fips ? "base" : "default");
    return false;
}

/* ---- the path of the module -------------------------------------------- */

static void judge_path(struct sections *at)
{
    char module[RDS_QUOTE_MAX], *path;

    if (at->ours.module != NULL && at->ours.module[0] == '/')
        return;
    path = rdsca_module_at_hand();
    if (at->ours.module == NULL)
        rdsca_find(at->to, RDSCA_PROBLEM,
                   "[%s] has no line module: each libcrypto looks for rds.so "
                   "in a directory of its own, Node.js's in one that is not "
                   "here",
                   at->section);
    else
        rdsca_find(
            at->to, RDSCA_PROBLEM,
            "[%s] has the relative path '%s': each libcrypto looks for "
            "it in a directory of its own, Node.js's in one that is "
            "not here",
            at->section,
            rds_quote(module, at->ours.module, strlen(at->ours.module)));
    rdsca_mend(at->to, RDSCA_MEND_APPEND, at->cnf.file, "[%s]\nmodule = %s",
               at->ours.section, path != NULL ? path : "rds.so");
    free(path);
}

/* ---- Node.js ----------------------------------------------------------- */

static bool has_program(const char *name)
{
    const char *path = getenv("PATH");
    char *copy = strdup(path != NULL ? path : ""), *rest = copy, *directory;
    bool found = false;

    while (!found && (directory = strsep(&rest, ":")) != NULL) {
        char *file = NULL;

        if (directory[0] == '/' &&
            asprintf(&file, "%s/%s", directory, name) >= 0) {
            found = access(file, X_OK) == 0;
            free(file);
        }
    }
    free(copy);
    return found;
}

static void judge_node(struct sections *at)
{
    const struct rdsca_cnf *cnf = &at->cnf;
    struct rdsca_cnf_provider ours;
    char node[RDS_QUOTE_MAX];

    if (cnf->node == NULL && !has_program("node")) {
        rdsca_find(at->to, RDSCA_OK,
                   "no line nodejs_conf, which only Node.js needs");
        return;
    }
    if (cnf->node == NULL) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "'%s' has no line nodejs_conf: Node.js does not load the "
                   "module",
                   at->file);
    } else if (!rdsca_cnf_ours(
                   cnf, rdsca_cnf_value(cnf, cnf->node, "providers"), &ours)) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "nodejs_conf names [%s], which does not load the module",
                   rds_quote(node, cnf->node, strlen(cnf->node)));
    } else {
        rdsca_find(at->to, RDSCA_OK, "Node.js loads the module, too");
        return;
    }
    rdsca_mend(at->to, RDSCA_MEND_APPEND, cnf->file,
               "[default]\nnodejs_conf = %s", cnf->start);
}

/* ---- all of it --------------------------------------------------------- */

static bool judge(struct sections *at)
{
    bool good;

    if (!is_configured(at))
        return false;
    good = all_have_sections(at);
    if (!good)
        return false;
    judge_path(at);
    tell_repeated(at);
    good = is_activated(at);
    good = has_cryptography(at) && good;
    if (good)
        rdsca_find(at->to, RDSCA_OK, "rds is activated, by [%s]; so is %s",
                   at->section,
                   activates(&at->cnf, "default") ? "default" : "fips");
    judge_node(at);
    return good;
}

bool rdsca_check_sections(const struct rdsca_doctor *doctor)
{
    struct sections at = {.to = doctor->to};
    bool good = false;

    rdsca_cnf_read(&at.cnf);
    if (at.cnf.state == RDSCA_CNF_READ) {
        (void)rds_quote(at.file, at.cnf.file, strlen(at.cnf.file));
        good = judge(&at);
    }
    rdsca_cnf_clear(&at.cnf);
    return good;
}
