/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of one side: it prepares, and does what it is told.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../trust/process.h"
#include "bench.h"

#define TIME_LIMIT 300 /* seconds that a process may live */
#define RUNS_MAX 1000000

/* ---- tasks ------------------------------------------------------------- */

/* How many runs take about so long. */
static unsigned runs_in(const struct side *side, double seconds)
{
    unsigned runs = 1;
    double once;

    for (;;) {
        once = bench_measured(side->run, runs);
        if (once * runs >= seconds / 8 || runs >= RUNS_MAX)
            break;
        runs *= 2;
    }
    if (once * RUNS_MAX <= seconds)
        return RUNS_MAX;
    return once >= seconds ? 1 : (unsigned)(seconds / once);
}

static void answer(double number)
{
    (void)printf("%.12g\n", number);
    (void)fflush(stdout);
}

static void take_turns(const struct side *side, double seconds)
{
    unsigned runs;

    side->run(); /* the first fills caches */
    runs = runs_in(side, seconds);
    answer(runs);
    while (getchar() != EOF)
        answer(bench_measured(side->run, runs));
}

static void run_first(const struct side *side, double number)
{
    (void)number;
    answer(bench_measured(side->run, 1));
}

static void count_runs(const struct side *side, double number)
{
    if (number > 1) /* several are to be warm */
        side->run();
    (void)bench_measured(side->run, (unsigned)number);
}

/*
 * What is its own for good: pages of no file.  Those of a file, such as the
 * module's tables, are there once for all processes.
 */
static void show_memory(const struct side *side, double number)
{
    static const char field[] = "Anonymous:";
    unsigned long kilobytes = 0;
    char line[256];
    FILE *file;

    (void)number;
    side->run();
    file = fopen("/proc/self/smaps_rollup", "r");
    NEED(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            kilobytes = strtoul(line + strlen(field), NULL, 10);
    }
    (void)fclose(file);
    answer((double)kilobytes * 1024);
}

static const struct {
    const char *name;
    void (*work)(const struct side *side, double number);
} tasks[] = {
    {TASK_TURNS, take_turns},
    {TASK_FIRST, run_first},
    {TASK_MEMORY, show_memory},
    {TASK_COUNT, count_runs},
};

/* ---- starting ---------------------------------------------------------- */

const struct side *side_of(const struct row *row, enum which which)
{
    return which == OURS     ? row->ours
           : which == THEIRS ? row->theirs
                             : row->neither;
}

/* argv: program SIDE_WORD ROW WHICH FOLDER TASK NUMBER */
int run_side(char **argv)
{
    enum which which = (enum which)strtol(argv[3], NULL, 10);
    const struct side *side = NULL;

    (void)alarm(TIME_LIMIT);
    set_folder(argv[4]);
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].name, argv[2]) == 0)
            side = side_of(&rows[i], which);
    }
    for (size_t i = 0; side != NULL && i < COUNT_OF(tasks); i++) {
        if (strcmp(tasks[i].name, argv[5]) != 0)
            continue;
        if (side->prepare != NULL)
            side->prepare();
        tasks[i].work(side, strtod(argv[6], NULL));
        return 0;
    }
    return 2;
}

const char *const *side_command(const struct row *row, enum which which,
                                const char *task, double number)
{
    static char program[PATH_SIZE], side[4], count[32];
    static const char *argv[SIDE_ARGUMENTS + 1];
    ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);

    NEED(size > 0);
    program[size] = '\0';
    (void)snprintf(side, sizeof(side), "%d", (int)which);
    (void)snprintf(count, sizeof(count), "%g", number);
    argv[0] = program;
    argv[1] = SIDE_WORD;
    argv[2] = row->name;
    argv[3] = side;
    argv[4] = bench_folder();
    argv[5] = task;
    argv[6] = count;
    return argv;
}

void use_configuration(const struct side *side)
{
    char path[PATH_SIZE];

    NEED(setenv("OPENSSL_CONF", path_of(path, side->configuration), 1) == 0);
}

double ask_side(const struct row *row, enum which which, const char *task)
{
    char out[64];

    use_configuration(side_of(row, which));
    if (run_program(side_command(row, which, task, 1), out, sizeof(out)) != 0)
        die("%s: the process of a side failed", row->name);
    return strtod(out, NULL);
}
