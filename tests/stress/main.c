/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and a directory that changes: `make stress`.  Fails where an answer
 * is wrong, and where some kind of question or change did not come up.
 *
 * usage: stress [SECONDS [SEED]]
 */

#include <openssl/provider.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../trust/process.h"
#include "stress.h"

#define SECONDS_USUAL 5
#define SECONDS_MAX 86400
#define PATIENCE 600 /* seconds beyond, in which the least must be done */
#define EXIT_USAGE 2

/* ---- what the helpers of the tests need -------------------------------- */

static char folder[PATH_SIZE / 2];

static void remove_folder(void)
{
    if (folder[0] != '\0')
        remove_tree(folder);
}

void need(bool good, const char *what, const char *file, int line)
{
    if (good)
        return;
    (void)fprintf(stderr, "stress: %s:%d: %s\n", file, line, what);
    remove_folder();
    _exit(1); /* the other threads go on meanwhile */
}

bool check_row(bool good, const char *file, int line, const char *format, ...)
{
    need(good, format, file, line);
    return good;
}

unsigned random_below(unsigned *state, unsigned limit)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8) % limit;
}

/* ---- time -------------------------------------------------------------- */

static double begin, seconds;

bool time_is_over(void)
{
    return now_seconds() > begin + seconds + PATIENCE;
}

static bool go_on(void)
{
    return !time_is_over() && work_faults() == 0 &&
           (now_seconds() < begin + seconds || !work_whole() ||
            !world_whole());
}

/* ---- the run ----------------------------------------------------------- */

static void prepare(void)
{
    static const struct section section = {.trust = STRESS_TRUST};
    const char *where = getenv("TMPDIR");
    char path[PATH_SIZE], debug[PATH_SIZE * 2];

    (void)snprintf(folder, sizeof(folder), "%.300s/rds-stress.XXXXXX",
                   where != NULL && where[0] == '/' ? where : "/tmp");
    NEED(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
    set_folder(folder);
    (void)snprintf(debug, sizeof(debug), "file:%s,level:1",
                   path_of(path, "log"));
    (void)setenv("RDS_PROVIDER_DEBUG", debug, 1);
    (void)setenv("OPENSSL_CONF",
                 write_configuration(path, "openssl.cnf", &section), 1);
    NEED(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    NEED(OSSL_PROVIDER_available(NULL, "rds") == 1);
}

static long read_number(const char *word, long most)
{
    char *end;
    long value = strtol(word, &end, 10);

    if (end != word && *end == '\0' && value >= 0 && value <= most)
        return value;
    (void)fprintf(stderr,
                  "stress: '%s' is no number up to %ld\n"
                  "usage: stress [SECONDS [SEED]]\n",
                  word, most);
    exit(EXIT_USAGE);
}

static bool run(unsigned seed)
{
    bool whole;

    prepare();
    world_make(seed);
    begin = now_seconds();
    work_start(seed);
    world_wait(); /* there is a last good content of each file now */
    while (go_on())
        world_change();
    work_stop();
    (void)printf("stress: %.1f s, seed %u\n", now_seconds() - begin, seed);
    work_report();
    world_report();
    world_free();
    whole = work_whole() && world_whole();
    if (!whole && work_faults() == 0)
        (void)fprintf(stderr,
                      "stress: not all was asked or changed, or "
                      "answered in each way, in %d s\n",
                      PATIENCE);
    return whole && work_faults() == 0;
}

int main(int argc, char **argv)
{
    unsigned seed = (unsigned)time(NULL) % 1000000;
    bool good;

    (void)umask(022);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    seconds =
        argc > 1 ? (double)read_number(argv[1], SECONDS_MAX) : SECONDS_USUAL;
    if (argc > 2)
        seed = (unsigned)read_number(argv[2], 1000000);
    if (!find_module())
        return 1;
    good = run(seed);
    remove_folder();
    return good ? 0 : 1;
}
