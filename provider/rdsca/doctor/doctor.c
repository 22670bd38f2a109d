/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca doctor: why the module or its trust is not in effect on this machine.
 * Refuses to change anything, and to load anything into its own process.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "../cli/command.h"
#include "../cli/json.h"
#include "../cli/options.h"
#include "../cli/table.h"

#define NAME "doctor"
#define SCHEMA 1
#define SECONDS 10 /* for one check */
#define SECONDS_MAX 600
#define DEBUG "RDS_PROVIDER_DEBUG" /* the module would write its log */

const char rdsca_doctor_help[] =
    "usage: rdsca doctor [OPTION...]\n"
    "\n"
    "Checks this machine: OpenSSL and its configuration, whether the module\n"
    "loads and does what the configuration says, the bundle directory, and\n"
    "the certificates.  Says for each finding what mends it.  Nothing is\n"
    "changed.  Run it as the user, and with the environment, of the program\n"
    "that does not work.\n"
    "\n"
    "  --conf FILE   the OpenSSL configuration, in place of OPENSSL_CONF and\n"
    "                the default file.  The module that it names is loaded\n"
    "  --timeout S   seconds for one check (10)\n"
    "  -q, --quiet   only problems and notes\n"
    "  --json        as JSON\n"
    "\n"
    "Exit status: 0 no problem (notes do not count), 1 a problem, 2 usage.\n";

/* ---- the checks -------------------------------------------------------- */

/* In the order in which they run; some are shown under one name. */
enum {
    OPENSSL,
    ENVIRONMENT,
    FILE_IN_FORCE,
    OWNERS,
    SECTIONS,
    VALUES,
    MODULE,
    PROCESS,
    DIRECTORY,
    ANCHORS,
    CHECKS
};

#define AFTER(check) (1u << (check))

static const struct {
    const char *name;
    rdsca_check_fn *run;
    unsigned after; /* the checks that must have gone well */
} checks[] = {
    [OPENSSL] = {"openssl", rdsca_check_openssl, 0},
    [ENVIRONMENT] = {"environment", rdsca_check_environment, 0},
    [FILE_IN_FORCE] = {"openssl.cnf", rdsca_check_file, 0},
    [OWNERS] = {"openssl.cnf", rdsca_check_owners, AFTER(FILE_IN_FORCE)},
    [SECTIONS] = {"openssl.cnf", rdsca_check_sections, AFTER(FILE_IN_FORCE)},
    [VALUES] = {"openssl.cnf", rdsca_check_values, AFTER(FILE_IN_FORCE)},
    [MODULE] = {"module", rdsca_check_module, AFTER(OWNERS)},
    [PROCESS] = {"process", rdsca_check_process,
                 AFTER(SECTIONS) | AFTER(VALUES) | AFTER(MODULE)},
    [DIRECTORY] = {"directory", rdsca_check_directory, AFTER(VALUES)},
    [ANCHORS] = {"anchors", rdsca_check_anchors, AFTER(VALUES)},
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == CHECKS,
               "every check has its row");

static void run_checks(const struct rdsca_doctor *doctor, long seconds,
                       json_t *findings)
{
    unsigned gone_well = 0;

    for (unsigned i = 0; i < CHECKS; i++) {
        if ((checks[i].after & ~gone_well) == 0 &&
            rdsca_doctor_child(checks[i].name, checks[i].run, doctor, seconds,
                               findings))
            gone_well |= 1u << i;
    }
}

/* ---- the options ------------------------------------------------------- */

struct options {
    const char *conf;
    long seconds;
    bool quiet;
    bool json;
};

static bool read_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {
        {"conf", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"timeout", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *out = (struct options){.seconds = SECONDS};
    while ((letter = rdsca_option(NAME, argc, argv, ":q", longs)) != -1) {
        switch (letter) {
        case 'c':
            out->conf = optarg;
            break;
        case 'j':
            out->json = true;
            break;
        case 'q':
            out->quiet = true;
            break;
        case 't':
            if (!rdsca_number(NAME, "--timeout", optarg, 1, SECONDS_MAX,
                              &out->seconds))
                return false;
            break;
        default:
            return false;
        }
    }
    return rdsca_no_operand(NAME, argc, argv);
}

/* ---- the report -------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

static bool is_level(const json_t *finding, enum rdsca_level level)
{
    return strcmp(text_of(finding, "level"), rdsca_level_name(level)) == 0;
}

static size_t count(const json_t *findings, enum rdsca_level level)
{
    size_t found = 0;

    for (size_t i = 0; i < json_array_size(findings); i++)
        found += is_level(json_array_get(findings, i), level);
    return found;
}

static void drop_ok(json_t *findings)
{
    for (size_t i = json_array_size(findings); i-- != 0;) {
        if (is_level(json_array_get(findings, i), RDSCA_OK))
            (void)json_array_remove(findings, i);
    }
}

/* What stands before the lines of a mend, by its name. */
static const char *lead_of(const char *how)
{
    if (strcmp(how, rdsca_how_name(RDSCA_MEND_APPEND)) == 0)
        return "append to";
    if (strcmp(how, rdsca_how_name(RDSCA_MEND_REMOVE)) == 0)
        return "remove from";
    return NULL;
}

static void print_mend(const json_t *mend)
{
    const json_t *lines = json_object_get(mend, "lines");
    const char *lead = lead_of(text_of(mend, "how"));

    if (lead != NULL)
        (void)printf("    mend: %s %s:\n", lead, text_of(mend, "file"));
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *line = json_string_value(json_array_get(lines, i));

        if (line == NULL || line[0] == '\0')
            (void)putchar('\n');
        else
            (void)printf("    %s%s\n", lead == NULL ? "mend: " : "      ",
                         line);
    }
}

static void print_finding(const json_t *finding, bool colours)
{
    enum rdsca_colour colour = is_level(finding, RDSCA_PROBLEM) ? RDSCA_RED
                               : is_level(finding, RDSCA_NOTE)  ? RDSCA_YELLOW
                                                                : RDSCA_PLAIN;

    rdsca_paint(stdout, colours ? colour : RDSCA_PLAIN, "%-7s",
                text_of(finding, "level"));
    (void)printf("  %-11s  %s\n", text_of(finding, "check"),
                 text_of(finding, "text"));
    print_mend(json_object_get(finding, "mend"));
}

static void print_text(const json_t *findings, bool quiet)
{
    size_t problems = count(findings, RDSCA_PROBLEM);
    size_t notes = count(findings, RDSCA_NOTE);
    bool colours = rdsca_wants_colours(stdout);

    for (size_t i = 0; i < json_array_size(findings); i++)
        print_finding(json_array_get(findings, i), colours);
    if (!quiet)
        (void)printf("\n%zu problem%s, %zu note%s\n", problems,
                     problems == 1 ? "" : "s", notes, notes == 1 ? "" : "s");
}

static enum rdsca_exit print_json(json_t *findings)
{
    return rdsca_json_print(
        NAME, json_pack("{s:i, s:I, s:I, s:O}", "schema", SCHEMA, "problems",
                        (json_int_t)count(findings, RDSCA_PROBLEM), "notes",
                        (json_int_t)count(findings, RDSCA_NOTE), "findings",
                        findings));
}

/* ---- the command ------------------------------------------------------- */

/*
 * The environment of the checks.  unsetenv() leaves the text of a variable
 * where it is.
 */
static bool prepare(struct rdsca_doctor *doctor, const char *conf)
{
    doctor->conf = conf;
    doctor->debug = getenv(DEBUG);
    return unsetenv(DEBUG) == 0 &&
           (conf == NULL || setenv("OPENSSL_CONF", conf, 1) == 0);
}

static enum rdsca_exit report(json_t *findings, const struct options *options)
{
    enum rdsca_exit code =
        count(findings, RDSCA_PROBLEM) != 0 ? RDSCA_FINDING : RDSCA_FINE;

    if (options->quiet)
        drop_ok(findings);
    if (options->json)
        return rdsca_worse(code, print_json(findings));
    print_text(findings, options->quiet);
    return rdsca_worse(code, rdsca_finish_output(NAME));
}

enum rdsca_exit rdsca_doctor(int argc, char **argv)
{
    struct rdsca_doctor doctor = {.to = NULL};
    enum rdsca_exit code = RDSCA_UNSAFE;
    struct options options;
    json_t *findings;

    if (!read_options(argc, argv, &options))
        return RDSCA_USAGE;
    findings = json_array();
    /* Before anything else touches libcrypto, which would load the
     * configuration that is to be examined. */
    if (findings == NULL || !prepare(&doctor, options.conf) ||
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        rdsca_complain(NAME, "out of memory");
    } else {
        run_checks(&doctor, options.seconds, findings);
        code = report(findings, &options);
    }
    json_decref(findings);
    return code;
}
