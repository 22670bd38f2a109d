/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of a side: that of the processor, so that waiting for a machine
 * that does other things does not count.
 *
 * In a file of its own, so that no compiler makes these functions part of
 * their callers: callgrind knows them by name (see count.c).
 */

#include <time.h>

#include "bench.h"

static double excluded;

static double processor_seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void bench_excluded(void (*what)(void *arg), void *arg)
{
    double from = processor_seconds();

    what(arg);
    excluded += processor_seconds() - from;
}

double bench_measured(void (*run)(void), unsigned times)
{
    double from = processor_seconds(), all;

    excluded = 0;
    for (unsigned i = 0; i < times; i++)
        run();
    all = processor_seconds() - from - excluded;
    return all / times;
}
