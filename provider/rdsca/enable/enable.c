/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca enable: makes programs load the module.  Refuses to leave a
 * configuration with which less works than before, and to change what is not
 * its own.
 */

#include "enable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../openssl/trust_uri.h"
#include "../cli/options.h"
#include "../file/replace.h"

#define NAME "enable"

const char rdsca_enable_help[] =
    "usage: rdsca enable [OPTION...]\n"
    "\n"
    "Makes every program that uses the system's OpenSSL, and Node.js, load\n"
    "the module: rds:// URIs have answers then, and with --trust the servers\n"
    "that the URI names are trusted by all of them.  Writes a file of its "
    "own\n"
    "where openssl.cnf includes a directory, else a marked block at the end "
    "of\n"
    "openssl.cnf.  All is tried in processes of its own before it is "
    "written,\n"
    "and again after; where something works less than before, nothing "
    "changes.\n"
    "Processes that run see it when they start anew.  'rdsca disable' takes "
    "it\n"
    "back, byte for byte.\n"
    "\n"
    "  --trust URI   trust the servers that it names; rds://host/ENDPOINT is\n"
    "                the form to use\n"
    "  --system      for the whole system (the default)\n"
    "  --unit NAME   for one service of systemd only\n"
    "  --print       try it, show what would be written, write nothing\n"
    "  --conf FILE   the system's OpenSSL configuration, in place of the\n"
    "                default file\n"
    "\n"
    "Exit status: 0 it is on, 2 usage, 4 nothing was changed.\n";

/* ---- shared ------------------------------------------------------------ */

char *rdsca_enable_prepare(bool alone)
{
    static const char *const others[] = {"OPENSSL_CONF_INCLUDE",
                                         "OPENSSL_MODULES", "OPENSSL_ENGINES"};
    const char *variable = getenv("OPENSSL_CONF");
    char *conf = variable != NULL ? strdup(variable) : NULL;

    (void)unsetenv("OPENSSL_CONF");
    (void)unsetenv("RDS_PROVIDER_DEBUG"); /* trials write no log */
    for (size_t i = 0; alone && i < sizeof(others) / sizeof(others[0]); i++)
        (void)unsetenv(others[i]);
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    return conf;
}

bool rdsca_enable_trust(const char *trust, struct rds_error *err)
{
    struct rds_uri *uri = malloc(sizeof(*uri));
    char quoted[RDS_QUOTE_MAX];
    bool good;

    (void)rds_quote(quoted, trust, strlen(trust));
    if (uri == NULL)
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    good = rdsca_trust_read(trust, uri, err);
    free(uri);
    if (good && !rdsca_cnf_plain(trust))
        good = rds_fail(err, RDS_R_BAD_URI, "'%s' cannot stand in openssl.cnf",
                        quoted);
    return good;
}

bool rdsca_enable_same(const char *there, const char *wanted)
{
    return strcmp(there != NULL ? there : "", wanted != NULL ? wanted : "") ==
           0;
}

char *rdsca_enable_module(struct rds_error *err)
{
    char *path = rdsca_module_at_hand();
    char quoted[RDS_QUOTE_MAX];

    if (path == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        return NULL;
    }
    (void)rds_quote(quoted, path, strlen(path));
    if (access(path, F_OK) != 0)
        (void)rds_fail(err, RDS_R_BAD_CONFIGURATION,
                       "the module is not installed: '%s': %s", quoted,
                       strerror(errno));
    else if (!rdsca_cnf_plain(path))
        (void)rds_fail(err, RDS_R_BAD_CONFIGURATION,
                       "the path of the module cannot stand in openssl.cnf: "
                       "'%s'",
                       quoted);
    else
        return path;
    free(path);
    return NULL;
}

bool rdsca_enable_before(struct rdsca_trial *trial, const char *file, bool own,
                         struct rdsca_facts *out, struct rds_error *err)
{
    char why[RDS_ERROR_TEXT];

    if (file != NULL && !own && !rdsca_trial_owners(trial, file, err))
        return false;
    if (rdsca_trial_facts(trial, file, out, err))
        return true;
    (void)snprintf(why, sizeof(why), "%s", err->text);
    return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                    "something is wrong already, before any change: %s", why);
}

bool rdsca_enable_confirm(struct rdsca_trial *trial,
                          const struct rdsca_facts *before, const char *file,
                          struct rds_error *err)
{
    struct rdsca_facts after;

    return rdsca_trial_module(trial, file, err) &&
           rdsca_trial_facts(trial, file, &after, err) &&
           rdsca_facts_add(before, &after, err);
}

bool rdsca_enable_try(struct rdsca_trial *trial,
                      const struct rdsca_facts *before,
                      const struct rdsca_text *text, struct rds_error *err)
{
    return rdsca_trial_write(trial, text->bytes, text->size, err) &&
           rdsca_enable_confirm(trial, before, trial->conf, err) &&
           rdsca_trial_rds(trial, err);
}

bool rdsca_enable_options(const char *name, int argc, char **argv,
                          const struct option *longs, struct rdsca_enable *out)
{
    bool system = false, good = true;
    int letter;

    *out = (struct rdsca_enable){.conf = NULL};
    while (good &&
           (letter = rdsca_option(name, argc, argv, ":", longs)) != -1) {
        switch (letter) {
        case 'c':
            out->conf = optarg;
            break;
        case 'p':
            out->print = true;
            break;
        case 's':
            system = true;
            break;
        case 't':
            out->trust = optarg;
            break;
        case 'u':
            good = rdsca_unit_name(name, optarg, out->unit);
            break;
        default:
            good = false;
        }
    }
    if (!good || !rdsca_no_operand(name, argc, argv))
        return false;
    if (!system || out->unit[0] == '\0')
        return true;
    (void)rdsca_misuse(name, "--system and --unit exclude each other");
    return false;
}

void rdsca_enable_note(const struct rdsca_enable *options)
{
    const char *variable = options->variable;
    struct rds_uri *uri = malloc(sizeof(*uri));
    char quoted[RDS_QUOTE_MAX];
    const char *wide = NULL;

    if (uri != NULL && options->trust != NULL &&
        rdsca_trust_read(options->trust, uri, NULL))
        wide = rdsca_trust_wide(uri);
    if (wide != NULL)
        rdsca_complain(NAME,
                       "note: '%s' admits the databases of every account; "
                       "rds://host/ENDPOINT admits one account's only",
                       wide);
    if (variable != NULL)
        rdsca_complain(
            NAME,
            "note: OPENSSL_CONF is '%s' here and plays no part: the "
            "file of processes without the variable is changed",
            rds_quote(quoted, variable, strlen(variable)));
    free(uri);
}

/* ---- the whole system -------------------------------------------------- */

struct change {
    const struct rdsca_enable *options;
    struct rdsca_place place;
    struct rdsca_trial *trial;
    struct rdsca_facts before;
    char *module;
    char *lines;
    bool drop_in;            /* a file of its own, not a block */
    struct rdsca_text text;  /* openssl.cnf as it would be, or would read */
    struct rdsca_text write; /* what is to be written */
    struct rds_error err;
};

/* It is on already: whether as it is wanted. */
static enum rdsca_exit tell_on(const struct change *change)
{
    const struct rdsca_place *place = &change->place;
    const char *file = place->dropped_in ? place->dropin : place->file;
    const char *wanted = change->options->trust, *there = NULL;
    char quoted[RDS_QUOTE_MAX];
    struct rdsca_cnf_provider ours;

    if (rdsca_cnf_ours(&place->cnf, place->cnf.providers, &ours))
        there = rdsca_cnf_value(&place->cnf, ours.section, "rds-trust");
    if (rdsca_enable_same(there, wanted)) {
        (void)printf("%s: it is on already\n", file);
        return rdsca_finish_output(NAME);
    }
    rdsca_complain(
        NAME, "'%s': it is on already, with %s'%s'; 'rdsca disable' first",
        file, there != NULL ? "rds-trust = " : "no rds-trust",
        rds_quote(quoted, there != NULL ? there : "",
                  there != NULL ? strlen(there) : 0));
    return RDSCA_UNSAFE;
}

/* Fills `text`; whether it is what is there with the lines, and no more. */
static bool compose(struct change *change)
{
    const struct rdsca_place *place = &change->place;
    struct rdsca_cnf after;
    bool good;

    rdsca_text_clear(&change->text);
    good = change->drop_in
               ? rdsca_place_dropped(place, change->lines, &change->text)
               : rdsca_marked_add(&place->text, change->lines, !place->exists,
                                  &change->text);
    if (!good)
        return rds_fail(&change->err, RDS_R_NO_MEMORY, "out of memory");
    rdsca_cnf_read_text(&after, place->file, change->text.bytes,
                        change->text.size);
    good = rdsca_activation_adds(&place->cnf, &after, change->lines, false,
                                 &change->err);
    rdsca_cnf_clear(&after);
    return good;
}

/* A drop-in where that gives what is wanted, else a block. */
static bool plan(struct change *change)
{
    const struct rdsca_wish wish = {
        .module = change->module,
        .trust = change->options->trust,
        .keep_default = rdsca_facts_have(&change->before, "default"),
    };
    int size;

    if (!rdsca_activation_lines(&change->place.cnf, &wish, &change->lines,
                                &change->err))
        return false;
    change->drop_in = change->place.dropin[0] != '\0';
    if (!compose(change)) {
        if (!change->drop_in)
            return false;
        change->drop_in = false;
        if (!compose(change))
            return false;
    }
    if (!change->drop_in) {
        change->write = change->text;
        return true;
    }
    size = asprintf(&change->write.bytes, RDSCA_OWN_FILE "%s", change->lines);
    change->write.size = size > 0 ? (size_t)size : 0;
    return size > 0 ||
           rds_fail(&change->err, RDS_R_NO_MEMORY, "out of memory");
}

/* Nothing was changed so far. */
static bool may_write(struct change *change)
{
    const struct rdsca_place *place = &change->place;
    const char *directory =
        place->dropin[0] != '\0' ? place->dropins : place->directory;
    char quoted[RDS_QUOTE_MAX];

    if (change->options->print || access(directory, W_OK) == 0)
        return true;
    return rds_fail(&change->err, RDS_R_BAD_CONFIGURATION,
                    "'%s': cannot be written to: %s%s",
                    rds_quote(quoted, directory, strlen(directory)),
                    strerror(errno),
                    errno == EACCES ? "; run this as root" : "");
}

static bool prepare(struct change *change)
{
    const struct rdsca_place *place = &change->place;

    change->module = rdsca_enable_module(&change->err);
    if (change->module == NULL || !may_write(change))
        return false;
    change->trial = rdsca_trial_begin(change->options->trust, &change->err);
    if (change->trial == NULL)
        return false;
    if (!rdsca_enable_before(change->trial, place->exists ? place->file : NULL,
                             false, &change->before, &change->err))
        return false;
    return plan(change) && rdsca_enable_try(change->trial, &change->before,
                                            &change->text, &change->err);
}

/* ---- writing ----------------------------------------------------------- */

/* The drop-in, or openssl.cnf after its backup. */
static bool put(struct change *change)
{
    const struct rdsca_place *place = &change->place;
    const struct rdsca_text *new = &change->write;

    if (change->drop_in)
        return rdsca_replace(place->dropin, new->bytes, new->size,
                             &change->err);
    if (!place->exists)
        return rdsca_replace(place->file, new->bytes, new->size, &change->err);
    return rdsca_replace_like(place->backup, place->text.bytes,
                              place->text.size, place->file, true,
                              &change->err) &&
           rdsca_replace_like(place->file, new->bytes, new->size, place->file,
                              false, &change->err);
}

/* As it was. */
static bool take_back(const struct change *change, struct rds_error *err)
{
    const struct rdsca_place *place = &change->place;

    if (change->drop_in)
        return rdsca_remove(place->dropin, err);
    if (!place->exists)
        return rdsca_remove(place->file, err);
    return rdsca_replace_like(place->file, place->text.bytes, place->text.size,
                              place->backup, true, err) &&
           rdsca_remove(place->backup, err);
}

/* Whether the new bytes are there, be it by a write that failed at its end. */
static bool is_there(const struct change *change)
{
    const struct rdsca_place *place = &change->place;

    return rdsca_holds(change->drop_in ? place->dropin : place->file,
                       change->write.bytes, change->write.size);
}

static bool carry_out(struct change *change)
{
    const struct rdsca_place *place = &change->place;
    char why[RDS_ERROR_TEXT];
    struct rds_error undo;

    if (put(change) && rdsca_enable_confirm(change->trial, &change->before,
                                            place->file, &change->err))
        return true;
    if (!is_there(change)) {
        if (!change->drop_in && place->exists)
            (void)unlink(place->backup);
        return false;
    }
    (void)snprintf(why, sizeof(why), "%s", change->err.text);
    if (take_back(change, &undo))
        return rds_fail(&change->err, RDS_R_BAD_CONFIGURATION,
                        "written, found wrong and taken back: %s", why);
    return rds_fail(&change->err, RDS_R_BAD_CONFIGURATION,
                    "written, found wrong, and NOT taken back (%s): %s",
                    undo.text, why);
}

static void tell_done(const struct change *change)
{
    const struct rdsca_place *place = &change->place;

    (void)printf("%s: on\n", change->drop_in ? place->dropin : place->file);
    if (!change->drop_in && place->exists)
        (void)printf("%s: what was there before\n", place->backup);
    if (change->options->trust != NULL)
        (void)printf("processes that start from now on trust %s\n",
                     change->options->trust);
    (void)puts("'rdsca disable' turns it off");
    rdsca_enable_note(change->options);
}

static enum rdsca_exit enable_system(const struct rdsca_enable *options)
{
    struct change *change = calloc(1, sizeof(*change));
    enum rdsca_exit code = RDSCA_UNSAFE;
    bool good;

    if (change == NULL) {
        rdsca_complain(NAME, "out of memory");
        return code;
    }
    change->options = options;
    good = rdsca_place_open(&change->place, options->conf, !options->print,
                            &change->err) &&
           rdsca_place_understand(&change->place, &change->err);
    if (good && rdsca_place_on(&change->place)) {
        code = tell_on(change);
    } else if (good && prepare(change)) {
        if (options->print)
            (void)fwrite(change->write.bytes, 1, change->write.size, stdout);
        else if (carry_out(change))
            tell_done(change);
        else
            good = false;
        code = good ? rdsca_finish_output(NAME) : code;
    } else {
        good = false;
    }
    if (!good)
        rdsca_complain(NAME, "%s", change->err.text);
    rdsca_trial_end(change->trial);
    rdsca_place_clear(&change->place);
    if (change->drop_in)
        rdsca_text_clear(&change->write);
    rdsca_text_clear(&change->text);
    free(change->lines);
    free(change->module);
    free(change);
    return code;
}

/* ---- the command ------------------------------------------------------- */

enum rdsca_exit rdsca_enable(int argc, char **argv)
{
    static const struct option longs[] = {
        {"conf", required_argument, NULL, 'c'},
        {"print", no_argument, NULL, 'p'},
        {"system", no_argument, NULL, 's'},
        {"trust", required_argument, NULL, 't'},
        {"unit", required_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    struct rdsca_enable options;
    enum rdsca_exit code;
    struct rds_error err;
    char *variable;

    if (!rdsca_enable_options(NAME, argc, argv, longs, &options))
        return RDSCA_USAGE;
    variable = rdsca_enable_prepare(true);
    if (options.trust != NULL && !rdsca_enable_trust(options.trust, &err)) {
        free(variable);
        return rdsca_misuse(NAME, "--trust: %s", err.text);
    }
    options.variable = variable;
    code = options.unit[0] == '\0' ? enable_system(&options)
                                   : rdsca_enable_unit(&options);
    free(variable);
    return code;
}
