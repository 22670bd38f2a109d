/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions in user space, by callgrind.  They hardly change from run to
 * run, but leave out what the kernel does: a stat costs next to none.
 */

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define RUNS 5 /* of a side, when it is warm */
#define ARGUMENTS_MAX 16

/* "$0" is what switches counting on and off, "$@" the command. */
#define CALLGRIND                                                             \
    "exec valgrind --tool=callgrind --callgrind-out-file=/dev/null $0 "       \
    "\"$@\" 2>&1 </dev/null | sed -n 's/.*Collected : *//p'"
#define SWITCHES                                                              \
    "--toggle-collect=bench_measured --toggle-collect=bench_excluded"

/* 0 where it fails. */
static double count(const char *switches, const char *const *command)
{
    const char *argv[ARGUMENTS_MAX] = {"/bin/sh", "-c", CALLGRIND, switches};
    size_t used = 4;
    char out[64];

    for (; *command != NULL; command++) {
        NEED(used + 1 < COUNT_OF(argv));
        argv[used++] = *command;
    }
    argv[used] = NULL;
    return run_program(argv, out, sizeof(out)) == 0 ? strtod(out, NULL) : 0;
}

bool has_valgrind(void)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "command -v valgrind >/dev/null", NULL};
    char out[4];

    return run_program(argv, out, sizeof(out)) == 0;
}

double count_side(const struct row *row, enum which which)
{
    unsigned runs = row->gauge == GAUGE_WARM ? RUNS : 1;

    use_configuration(side_of(row, which));
    return count(SWITCHES, side_command(row, which, TASK_COUNT, runs)) / runs;
}

double count_start(const struct row *row, enum which which)
{
    static const char *const command[] = {"openssl", "version", NULL};

    use_configuration(side_of(row, which));
    return count("", command);
}
