/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table: for a terminal, two lines a row; or as Markdown.
 */

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

#define LATER 0x30500000UL /* OpenSSL 3.5 */
#define TEXT_SIZE 192

/* ---- numbers ----------------------------------------------------------- */

/* "" for what was not measured, here and below. */
static void write_value(char out[TEXT_SIZE], enum gauge gauge, double value)
{
    out[0] = '\0';
    if (value == 0)
        return;
    if (gauge == GAUGE_MEMORY)
        (void)snprintf(out, TEXT_SIZE, "%.0f kB", value / 1024);
    else if (gauge == GAUGE_START)
        (void)snprintf(out, TEXT_SIZE, "%.3f M", value / 1e6);
    else if (value < 1e-3)
        (void)snprintf(out, TEXT_SIZE, "%.1f us", value * 1e6);
    else
        (void)snprintf(out, TEXT_SIZE, "%.2f ms", value * 1e3);
}

static void write_ratio(char out[TEXT_SIZE], double ratio)
{
    out[0] = '\0';
    if (ratio != 0)
        (void)snprintf(out, TEXT_SIZE, ratio < 10 ? "%.3f" : "%.1f", ratio);
}

static void write_range(char out[TEXT_SIZE], const struct result *result)
{
    char low[TEXT_SIZE], high[TEXT_SIZE];

    out[0] = '\0';
    if (result->low == 0)
        return;
    write_ratio(low, result->low);
    write_ratio(high, result->high);
    (void)snprintf(out, TEXT_SIZE, "%.80s-%.80s", low, high);
}

static double aim_of(const struct row *row)
{
    return row->aim_later != 0 && OpenSSL_version_num() >= LATER
               ? row->aim_later
               : row->aim;
}

static void write_aim(char out[TEXT_SIZE], const struct row *row)
{
    out[0] = '\0';
    if (row->aim != 0)
        (void)snprintf(out, TEXT_SIZE, "at %s %g",
                       row->times ? "least" : "most", aim_of(row));
}

static const char *verdict(const struct row *row, const struct result *result,
                           bool judged)
{
    bool met = row->times ? result->ratio >= aim_of(row)
                          : result->ratio <= aim_of(row);

    if (!judged || row->aim == 0)
        return "";
    if (result->ratio == 0)
        return "needs valgrind";
    return met ? "met" : "NOT MET";
}

/* ---- head -------------------------------------------------------------- */

/* The value of a line of a file, without quotes; "?" where there is none. */
static void read_line_of(const char *path, const char *key,
                         char out[TEXT_SIZE])
{
    char line[512];
    FILE *file = fopen(path, "r");

    (void)snprintf(out, TEXT_SIZE, "?");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *value = line + strlen(key);

        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        value += strspn(value, " \t:=\"");
        (void)snprintf(out, TEXT_SIZE, "%.*s", (int)strcspn(value, "\"\n"),
                       value);
        break;
    }
    (void)fclose(file);
}

void print_head(enum format format, const struct effort *effort)
{
    const char *commit = getenv("BENCH_COMMIT"), *lead = "", *end = "";
    char processor[TEXT_SIZE], system[TEXT_SIZE];
    struct utsname kernel;

    if (format == FORMAT_MARKDOWN) {
        lead = "- ";
        end = ".";
    }
    NEED(uname(&kernel) == 0);
    read_line_of("/proc/cpuinfo", "model name", processor);
    read_line_of("/etc/os-release", "PRETTY_NAME", system);
    (void)printf("%sMachine: %s, %ld processors; %s, %s %s%s\n", lead,
                 processor, sysconf(_SC_NPROCESSORS_ONLN), system,
                 kernel.sysname, kernel.release, end);
    (void)printf("%s%s; commit %s%s\n", lead, OpenSSL_version(OPENSSL_VERSION),
                 commit != NULL && commit[0] != '\0' ? commit : "unknown",
                 end);
    (void)printf("%sGlobal bundle: %s%s\n", lead, global_origin(), end);
    (void)printf("%sMedians of %u sessions of %u turns each%s\n\n", lead,
                 effort->sessions, effort->turns, end);
    if (format == FORMAT_MARKDOWN)
        (void)puts("| measure | against | ours | theirs | ratio | lowest - "
                   "highest | in instructions | aim | |\n"
                   "|---|---|--:|--:|--:|--:|--:|---|---|");
    else
        (void)printf("%-18s %10s %10s %7s %15s %6s  %s\n", "", "ours",
                     "theirs", "ratio", "range", "instr.", "aim");
}

/* ---- rows -------------------------------------------------------------- */

/* Without the marks of Markdown. */
static void write_plain(char out[TEXT_SIZE], const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 1 < TEXT_SIZE; text++) {
        if (*text != '`')
            out[used++] = *text;
    }
    out[used] = '\0';
}

void print_row(enum format format, const struct row *row,
               const struct result *result, bool judged)
{
    char ours[TEXT_SIZE], theirs[TEXT_SIZE], ratio[TEXT_SIZE],
        range[TEXT_SIZE], instructions[TEXT_SIZE], aim[TEXT_SIZE],
        measure[TEXT_SIZE], against[TEXT_SIZE];
    const char *word = verdict(row, result, judged);

    write_value(ours, row->gauge, result->ours);
    write_value(theirs, row->gauge, result->theirs);
    write_ratio(ratio, result->ratio);
    write_range(range, result);
    write_ratio(instructions, result->instructions);
    write_aim(aim, row);
    write_plain(measure, row->measure);
    write_plain(against, row->against);
    if (format == FORMAT_MARKDOWN)
        (void)printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
                     row->measure, row->against, ours, theirs, ratio, range,
                     instructions, aim, word);
    else
        (void)printf("%-18s %10s %10s %7s %15s %6s  %-12s %s\n"
                     "    %s\n    against %s\n",
                     row->name, ours, theirs, ratio, range, instructions, aim,
                     word, measure, against);
    (void)fflush(stdout);
}
