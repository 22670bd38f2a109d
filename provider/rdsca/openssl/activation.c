/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that load the module.  Refuses to touch a section that is not
 * rdsca's own but for the lists that it must stand in.
 */

#include "activation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OUR_NAME "rds"
#define OUR_SECTION "rds_sect"
#define OUR_DEFAULT "rds_default_sect"
#define OUR_NODE "rds_node_sect"
#define OUR_NODE_LIST "rds_node_providers"

/* What is named as in OpenSSL's own manual, where the file has no name. */
#define START "openssl_init"
#define LIST "provider_sect"

struct activation {
    const struct rdsca_cnf *cnf;
    const struct rdsca_wish *wish;
    const char *section; /* that loads the module */
    bool defaulted;      /* OUR_DEFAULT is in use */
    FILE *to;
    struct rds_error *err;
};

static bool refuse(const struct activation *at, const char *format, ...)
    RDS_PRINTF(2, 3);

static bool refuse(const struct activation *at, const char *format, ...)
{
    char text[RDS_ERROR_TEXT], quoted[RDS_QUOTE_MAX];
    const char *file = at->cnf->file != NULL ? at->cnf->file : "?";
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return rds_fail(at->err, RDS_R_BAD_CONFIGURATION, "'%s': %s",
                    rds_quote(quoted, file, strlen(file)), text);
}

/* ---- words ------------------------------------------------------------- */

/* Names of sections are repeated in brackets. */
static bool plain_name(const struct activation *at, const char *name)
{
    char quoted[RDS_QUOTE_MAX];

    if (rdsca_cnf_plain(name))
        return true;
    return refuse(at, "the section name '%s' is too odd to be repeated",
                  rds_quote(quoted, name, strlen(name)));
}

/* A section that is to be made must not be there. */
static bool is_free(const struct activation *at, const char *section)
{
    if (!rdsca_cnf_has_section(at->cnf, section))
        return true;
    return refuse(at,
                  "there is a section [%s] already, which is not of 'rdsca "
                  "enable'; rename or remove it",
                  section);
}

/* The name of OpenSSL's manual, or where that is taken, ours before it. */
static const char *name_for(const struct activation *at, const char *usual,
                            const char *ours)
{
    return rdsca_cnf_has_section(at->cnf, usual) ? ours : usual;
}

/* ---- a list of providers ----------------------------------------------- */

static bool is_on(const char *value)
{
    static const char *const words[] = {"1", "yes", "true", "on"};

    for (size_t i = 0; value != NULL && i < sizeof(words) / sizeof(words[0]);
         i++) {
        if (strcasecmp(value, words[i]) == 0)
            return true;
    }
    return false;
}

/* The provider of this name in a list. */
static bool find_name(const struct activation *at, const char *list,
                      const char *name, struct rdsca_cnf_provider *out)
{
    for (int i = 0; rdsca_cnf_provider(at->cnf, list, i, out); i++) {
        if (strcmp(out->name, name) == 0 || strcmp(out->line, name) == 0)
            return true;
    }
    return false;
}

/* Whether a line of the list activates a provider. */
static bool activates_any(const struct activation *at, const char *list)
{
    struct rdsca_cnf_provider line;

    for (int i = 0; rdsca_cnf_provider(at->cnf, list, i, &line); i++) {
        if (rdsca_cnf_value(at->cnf, line.section, "activate") != NULL)
            return true;
    }
    return false;
}

/* The line for the default provider, where the list has none. */
static void write_default_line(struct activation *at, const char *list)
{
    struct rdsca_cnf_provider line;

    if (find_name(at, list, "default", &line))
        return;
    (void)fputs("default = " OUR_DEFAULT "\n", at->to);
    at->defaulted = true;
}

/* Its section, where it has no activate or another one. */
static bool write_default_section(const struct activation *at,
                                  const char *list)
{
    struct rdsca_cnf_provider line;

    if (!find_name(at, list, "default", &line))
        return true;
    if (!at->wish->own_file &&
        is_on(rdsca_cnf_value(at->cnf, line.section, "activate")))
        return true;
    if (!plain_name(at, line.section))
        return false;
    (void)fprintf(at->to, "\n[%s]\nactivate = 1\n", line.section);
    return true;
}

/*
 * Puts the module into a list, and the default provider where it is to be
 * kept.
 */
static bool write_list(struct activation *at, const char *list,
                       bool keep_default)
{
    struct rdsca_cnf_provider line;
    bool there = rdsca_cnf_ours(at->cnf, list, &line);

    if (!there && find_name(at, list, OUR_NAME, &line))
        return refuse(at,
                      "the provider '" OUR_NAME "' in [%s] is not of 'rdsca "
                      "enable'; rename or remove it",
                      list);
    if (!plain_name(at, list))
        return false;
    (void)fprintf(at->to, "\n[%s]\n", list);
    if (keep_default)
        write_default_line(at, list);
    if (!there)
        (void)fprintf(at->to, OUR_NAME " = %s\n", at->section);
    return !keep_default || write_default_section(at, list);
}

/* ---- OpenSSL's section, and Node.js's ---------------------------------- */

/* The names at the top, which are in the section "default". */
static void write_names(const struct activation *at, const char *start)
{
    bool openssl = at->cnf->start == NULL, node = at->cnf->node == NULL;

    if (openssl || node)
        (void)fputs("[default]\n", at->to);
    if (openssl)
        (void)fprintf(at->to, "openssl_conf = %s\n", start);
    if (node)
        (void)fputs("nodejs_conf = " OUR_NODE "\n", at->to);
}

static bool write_openssl(struct activation *at, const char *start)
{
    const char *list = at->cnf->providers;

    if (!plain_name(at, start))
        return false;
    if (list == NULL) {
        list = name_for(at, LIST, "rds_" LIST);
        if (!is_free(at, list))
            return false;
        (void)fprintf(at->to, "\n[%s]\nproviders = %s\n", start, list);
    }
    return write_list(at, list, at->wish->keep_default);
}

/* A section of Node.js's own, or what is missing in the one that is there. */
static bool write_node(struct activation *at, const char *start)
{
    const char *node = at->cnf->node != NULL ? at->cnf->node : OUR_NODE;
    const char *list = rdsca_cnf_value(at->cnf, node, "providers");
    struct rdsca_cnf_provider ours;

    if (strcmp(node, start) == 0 ||
        (list != NULL && at->cnf->providers != NULL &&
         strcmp(list, at->cnf->providers) == 0) ||
        rdsca_cnf_ours(at->cnf, list, &ours))
        return true;
    if (list == NULL) {
        list = OUR_NODE_LIST;
        if (!plain_name(at, node) || !is_free(at, list))
            return false;
        (void)fprintf(at->to, "\n[%s]\nproviders = %s\n", node, list);
    }
    return write_list(at, list, !activates_any(at, list));
}

/* ---- the module's section ---------------------------------------------- */

static void write_sections(const struct activation *at)
{
    if (at->defaulted)
        (void)fputs("\n[" OUR_DEFAULT "]\nactivate = 1\n", at->to);
    (void)fprintf(at->to, "\n[%s]\nmodule = %s\nactivate = 1\n", at->section,
                  at->wish->module);
    if (at->wish->trust != NULL)
        (void)fprintf(at->to, "rds-trust = %s\n", at->wish->trust);
}

/* Which section loads the module. */
static bool choose_section(struct activation *at)
{
    struct rdsca_cnf_provider ours;
    char quoted[RDS_QUOTE_MAX];

    at->section = OUR_SECTION;
    if (!rdsca_cnf_ours(at->cnf, at->cnf->providers, &ours))
        return is_free(at, OUR_SECTION) &&
               (at->cnf->node != NULL || is_free(at, OUR_NODE)) &&
               is_free(at, OUR_DEFAULT);
    at->section = ours.section;
    if (at->wish->own_file)
        return plain_name(at, ours.section);
    return refuse(at,
                  "[%s] loads rds.so already, by lines that are not of 'rdsca "
                  "enable'; edit them, or remove them first",
                  rds_quote(quoted, ours.section, strlen(ours.section)));
}

static bool write_all(struct activation *at)
{
    const char *start = at->cnf->start;

    if (start == NULL)
        start = name_for(at, START, "rds_" START);
    if (!choose_section(at))
        return false;
    write_names(at, start);
    if (!write_openssl(at, start) || !write_node(at, start))
        return false;
    write_sections(at);
    return true;
}

bool rdsca_activation_lines(const struct rdsca_cnf *cnf,
                            const struct rdsca_wish *wish, char **lines,
                            struct rds_error *err)
{
    struct activation at = {.cnf = cnf, .wish = wish, .err = err};
    size_t size = 0;
    bool good;

    *lines = NULL;
    at.to = open_memstream(lines, &size);
    if (at.to == NULL)
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    good = write_all(&at);
    if (fclose(at.to) != 0 && good)
        good = rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    if (!good) {
        free(*lines);
        *lines = NULL;
    }
    return good;
}

/* ---- what they change -------------------------------------------------- */

struct comparison {
    const struct rdsca_cnf *before, *after;
    struct rdsca_cnf lines;
    bool own_file;
    struct rds_error *err;
};

typedef bool value_fn(const struct comparison *at, const CONF_VALUE *value);

/* Calls for each value of a configuration; stops where told. */
static bool each_value(const struct comparison *at, const CONF *conf,
                       value_fn *each)
{
    STACK_OF(OPENSSL_CSTRING) *names = NCONF_get_section_names(conf);
    bool good = names != NULL;

    for (int i = 0; good && i < sk_OPENSSL_CSTRING_num(names); i++) {
        STACK_OF(CONF_VALUE) *values =
            NCONF_get_section(conf, sk_OPENSSL_CSTRING_value(names, i));

        for (int j = 0; good && j < sk_CONF_VALUE_num(values); j++)
            good = each(at, sk_CONF_VALUE_value(values, j));
    }
    sk_OPENSSL_CSTRING_free(names);
    return good;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool changes(const struct comparison *at, const CONF_VALUE *value)
{
    const char *file = at->after->file;
    char quoted[RDS_QUOTE_MAX], section[RDS_QUOTE_MAX], name[RDS_QUOTE_MAX];

    return rds_fail(
        at->err, RDS_R_BAD_CONFIGURATION,
        "'%s': the lines for rds would change '%s' in [%s], which must stay "
        "as it is",
        rds_quote(quoted, file, strlen(file)),
        rds_quote(name, value->name, strlen(value->name)),
        rds_quote(section, value->section, strlen(value->section)));
}

static bool is_kept(const struct comparison *at, const CONF_VALUE *value)
{
    const char *ours =
        rdsca_cnf_value(&at->lines, value->section, value->name);
    bool may = at->own_file || strcmp(value->name, "activate") == 0;

    if (same(rdsca_cnf_value(at->after, value->section, value->name),
             ours != NULL && may ? ours : value->value))
        return true;
    return changes(at, value);
}

static bool is_added(const struct comparison *at, const CONF_VALUE *value)
{
    if (same(rdsca_cnf_value(at->after, value->section, value->name),
             value->value))
        return true;
    return changes(at, value);
}

static bool is_known(const struct comparison *at, const CONF_VALUE *value)
{
    if (rdsca_cnf_value(at->before, value->section, value->name) != NULL ||
        rdsca_cnf_value(&at->lines, value->section, value->name) != NULL)
        return true;
    return changes(at, value);
}

bool rdsca_activation_adds(const struct rdsca_cnf *before,
                           const struct rdsca_cnf *after, const char *lines,
                           bool own_file, struct rds_error *err)
{
    struct comparison at = {
        .before = before, .after = after, .own_file = own_file, .err = err};
    bool good;

    rdsca_cnf_read_text(&at.lines, after->file, lines, strlen(lines));
    if (after->state != RDSCA_CNF_READ || at.lines.state != RDSCA_CNF_READ)
        good = rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "the lines for rds make the configuration unreadable: "
                        "%s",
                        after->why);
    else
        good = each_value(&at, before->conf, is_kept) &&
               each_value(&at, at.lines.conf, is_added) &&
               each_value(&at, after->conf, is_known);
    rdsca_cnf_clear(&at.lines);
    return good;
}
