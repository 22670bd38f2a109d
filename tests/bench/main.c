/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module costs, beside what one would use instead: `make bench`.
 * Judges ratios against the aims; refuses to call any of them a failure,
 * since a busy machine is none.
 *
 * usage: bench [--rows NAME,...] [--format text|markdown] [--sessions N]
 *              [--short]
 */

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../trust/process.h"
#include "bench.h"

#define EXIT_USAGE 2

/* ---- what the helpers of the tests need -------------------------------- */

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

void need(bool good, const char *what, const char *file, int line)
{
    if (!good)
        die("%s:%d: %s", file, line, what);
}

bool check_row(bool good, const char *file, int line, const char *format, ...)
{
    if (!good)
        die("%s:%d: %s", file, line, format);
    return good;
}

/* ---- what is asked for ------------------------------------------------- */

struct options {
    const char *rows; /* names, separated by commas; NULL or "": all */
    enum format format;
    struct effort effort;
    bool quick; /* judges nothing, but wants a number in every row */
};

static const struct effort usual = {
    .sessions = 25, .turns = 9, .turn = 0.004, .count = true};
static const struct effort quick = {
    .sessions = 1, .turns = 3, .turn = 0.001, .count = false};

static _Noreturn void usage(const char *why, const char *word)
{
    (void)fprintf(stderr,
                  "bench: %s '%s'\n"
                  "usage: bench [--rows NAME,...] [--format text|markdown] "
                  "[--sessions N] [--short]\nrows:",
                  why, word);
    for (size_t i = 0; i < row_count; i++)
        (void)fprintf(stderr, " %s", rows[i].name);
    (void)fputc('\n', stderr);
    exit(EXIT_USAGE);
}

static bool chosen(const char *names, const char *name)
{
    size_t size = strlen(name);

    if (names == NULL || names[0] == '\0')
        return true;
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += size) {
        if ((at == names || at[-1] == ',') &&
            (at[size] == '\0' || at[size] == ','))
            return true;
    }
    return false;
}

static bool chosen_slow(const char *names)
{
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].slow && chosen(names, rows[i].name))
            return true;
    }
    return false;
}

static void check_names(const char *names)
{
    char *copy = strdup(names), *rest = NULL;

    NEED(copy != NULL);
    for (char *name = strtok_r(copy, ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        bool known = false;

        for (size_t i = 0; i < row_count; i++)
            known |= strcmp(rows[i].name, name) == 0;
        if (!known)
            usage("unknown row", name);
    }
    free(copy);
}

static enum format read_format(const char *word)
{
    if (strcmp(word, "text") == 0 || word[0] == '\0')
        return FORMAT_TEXT;
    if (strcmp(word, "markdown") == 0)
        return FORMAT_MARKDOWN;
    usage("unknown format", word);
}

static unsigned read_sessions(const char *word)
{
    char *end;
    long value = strtol(word, &end, 10);

    if (word[0] == '\0')
        return usual.sessions;
    if (*end != '\0' || value < 1 || value > SESSIONS_MAX)
        usage("no number of sessions", word);
    return (unsigned)value;
}

static void read_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {
        {"rows", required_argument, NULL, 'r'},
        {"format", required_argument, NULL, 'f'},
        {"sessions", required_argument, NULL, 's'},
        {"short", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *out = (struct options){.effort = usual};
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'r')
            check_names(out->rows = optarg);
        else if (option == 'f')
            out->format = read_format(optarg);
        else if (option == 's')
            out->effort.sessions = read_sessions(optarg);
        else if (option == 'q')
            out->quick = true;
        else
            usage("unknown option", argv[optind - 1]);
    }
    if (optind < argc)
        usage("unexpected word", argv[optind]);
    if (out->quick)
        out->effort = quick;
}

/* ---- the table --------------------------------------------------------- */

static bool is_number(double value)
{
    return value > 0 && value < 1e18; /* neither infinite nor none */
}

/* Interrupted: the processes of the sides end, and then we do, in order, so
 * that the folder goes. */
static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* Returns whether every row has its numbers. */
static bool print_table(const struct options *options)
{
    bool whole = true;

    print_head(options->format, &options->effort);
    for (size_t i = 0; i < row_count; i++) {
        struct result result;

        if (!chosen(options->rows, rows[i].name))
            continue;
        if (stopping)
            die("interrupted");
        measure_row(&rows[i], &options->effort, &result);
        print_row(options->format, &rows[i], &result, !options->quick);
        if (is_number(result.ours) && is_number(result.theirs) &&
            is_number(result.ratio))
            continue;
        whole = false;
        (void)fprintf(stderr, "bench: no number for '%s'%s\n", rows[i].name,
                      has_valgrind() ? ""
                                     : "; install valgrind (conf/install-deps "
                                       "lint)");
    }
    return whole;
}

int main(int argc, char **argv)
{
    struct options options;

    (void)umask(022);
    if (argc == SIDE_ARGUMENTS && strcmp(argv[1], SIDE_WORD) == 0)
        return run_side(argv);
    read_options(argc, argv, &options);
    if (!find_module())
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, stop);
    (void)signal(SIGTERM, stop);
    (void)atexit(remove_files);
    make_files(chosen_slow(options.rows));
    return print_table(&options) || !options.quick ? 0 : 1;
}
