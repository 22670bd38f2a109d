/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration of our own around another one.  Refuses to go on without the
 * other one: less would be forbidden then, by a policy or by FIPS.
 */

#include "overlay.h"

#include <stdlib.h>
#include <string.h>

struct making {
    const char *base;
    bool own;
    const char *trust;
    char *module;
    char *lines;
    struct rdsca_trial *trial;
    struct rdsca_facts before;
    struct rdsca_cnf cnf; /* before the lines */
    struct rds_error *err;
};

/* The file without the lines, which is what the base is. */
static bool begin(struct making *at, const char *title, struct rdsca_text *out)
{
    const char *base = at->base;
    int size;

    if (base != NULL && !rdsca_cnf_plain(base))
        return rdsca_fail_at(at->err, base,
                             "this path cannot stand in a configuration");
    size = base != NULL
               ? asprintf(&out->bytes, "%s.include = %s\n\n", title, base)
               : asprintf(&out->bytes, "%s\n", title);
    out->size = size > 0 ? (size_t)size : 0;
    if (size < 0)
        return rds_fail(at->err, RDS_R_NO_MEMORY, "out of memory");
    if (base != NULL) {
        rdsca_cnf_read_file(&at->cnf, base); /* for what is wrong with it */
        if (at->cnf.state != RDSCA_CNF_READ)
            return rdsca_fail_at(at->err, base, at->cnf.why);
        rdsca_cnf_clear(&at->cnf);
    }
    rdsca_cnf_read_text(&at->cnf, base != NULL ? base : "", out->bytes,
                        out->size);
    return true;
}

static bool add_lines(struct making *at, struct rdsca_text *out)
{
    const struct rdsca_wish wish = {
        .module = at->module,
        .trust = at->trust,
        .keep_default = rdsca_facts_have(&at->before, "default"),
        .own_file = true,
    };
    struct rdsca_cnf after;
    char *whole = NULL;
    bool good;
    int size;

    if (!rdsca_activation_lines(&at->cnf, &wish, &at->lines, at->err))
        return false;
    size = asprintf(&whole, "%s%s", out->bytes, at->lines);
    if (size < 0)
        return rds_fail(at->err, RDS_R_NO_MEMORY, "out of memory");
    free(out->bytes);
    *out = (struct rdsca_text){whole, (size_t)size};
    rdsca_cnf_read_text(&after, at->cnf.file, out->bytes, out->size);
    good = rdsca_activation_adds(&at->cnf, &after, at->lines, true, at->err);
    rdsca_cnf_clear(&after);
    return good;
}

static bool make(struct making *at, const char *title, struct rdsca_text *out)
{
    at->module = rdsca_enable_module(at->err);
    if (at->module == NULL || !begin(at, title, out))
        return false;
    at->trial = rdsca_trial_begin(at->trust, at->err);
    return at->trial != NULL &&
           rdsca_enable_before(at->trial, at->base, at->own, &at->before,
                               at->err) &&
           add_lines(at, out) &&
           rdsca_enable_try(at->trial, &at->before, out, at->err);
}

bool rdsca_own_file_make(const char *title, const char *base, bool own,
                         const char *trust, struct rdsca_text *out,
                         struct rds_error *err)
{
    struct making at = {.base = base, .own = own, .trust = trust, .err = err};
    bool good;

    *out = (struct rdsca_text){NULL, 0};
    good = make(&at, title, out);
    if (!good)
        rdsca_text_clear(out);
    rdsca_trial_end(at.trial);
    rdsca_cnf_clear(&at.cnf);
    free(at.lines);
    free(at.module);
    return good;
}

bool rdsca_own_file_confirm(const char *path, const char *base,
                            const char *trust, struct rds_error *err)
{
    struct rdsca_trial *trial = rdsca_trial_begin(trust, err);
    struct rdsca_facts before;
    bool good = trial != NULL &&
                rdsca_enable_before(trial, base, false, &before, err) &&
                rdsca_enable_confirm(trial, &before, path, err);

    rdsca_trial_end(trial);
    return good;
}

char *rdsca_own_file_trust(const char *path)
{
    struct rdsca_cnf_provider ours;
    struct rdsca_cnf cnf;
    const char *value = NULL;
    char *trust;

    rdsca_cnf_read_file(&cnf, path);
    if (rdsca_cnf_ours(&cnf, cnf.providers, &ours))
        value = rdsca_cnf_value(&cnf, ours.section, "rds-trust");
    trust = value != NULL ? strdup(value) : NULL;
    rdsca_cnf_clear(&cnf);
    return trust;
}
