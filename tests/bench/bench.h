/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_BENCH_H
#define RDS_BENCH_H

/*
 * What the files of the bench share.
 *
 * A row of the table compares two sides: ours, and what a user would pick
 * instead.  Each side runs in fresh processes of its own, under an
 * openssl.cnf of its own, and the two take turns, so that what the machine
 * does besides falls on both.  A ratio is made of each turn; a session is one
 * pair of processes and gives the median of its turns; the table has the
 * median of the sessions.
 *
 * Only ratios travel from one machine to the next.
 */

#include <stdbool.h>
#include <stddef.h>

#include "../trust/tests.h"

/* ---- rows -------------------------------------------------------------- */

/* The configurations that files.c writes, by the names of their files. */
#define PLAIN "plain.cnf"   /* the default provider, no rds lines */
#define NULLED "null.cnf"   /* OpenSSL's own null provider beside it */
#define MODULE "module.cnf" /* the module, no rds-trust, no bundles */
#define TRUSTED "trust.cnf" /* rds-trust, and a bundle with the root */
#define TRUSTED_REGION "trust-region.cnf" /* it is one of a region's */
#define TRUSTED_GLOBAL "trust-global.cnf" /* it is one of a partition's */
#define TRUSTED_MANY_FILES                                                    \
    "trust-files.cnf" /* and FILES_MANY more bundles                          \
                       */
#define ANCHORS_ONE_FILE "anchors-one-file.cnf" /* 100 in one bundle */
#define ANCHORS_FEW "anchors-few.cnf"           /* ANCHOR_FILES bundles each */
#define ANCHORS_MANY "anchors-many.cnf"

#define FILES_MANY 35 /* with the root's as many as AWS has regions */
#define ANCHOR_FILES 20
#define FEW_IN_A_FILE 5    /* 100 anchors */
#define MANY_IN_A_FILE 200 /* 4,000 anchors: about the bytes that are read */

enum gauge {
    GAUGE_WARM,   /* processor time of one run of many in a process */
    GAUGE_FIRST,  /* processor time of the first run of a process */
    GAUGE_MEMORY, /* what the first run adds to a process */
    GAUGE_START,  /* instructions of `openssl version` */
    GAUGES
};

struct side {
    const char *configuration;
    void (*prepare)(void); /* not counted; may be NULL */
    void (*run)(void);
};

struct row {
    const char *name; /* one word, to choose it by */
    const char *measure;
    const char *against;
    enum gauge gauge;
    bool times; /* the ratio says how many times faster ours is */
    double aim; /* at most this ratio (at least, with `times`); 0: none */
    double aim_later; /* the same with OpenSSL 3.5 and later; 0: no other */
    bool slow;        /* to prepare: few sessions, no instructions */
    const struct side *ours, *theirs;
    const struct side *neither; /* GAUGE_MEMORY: what both sides add to */
};

extern const struct row rows[];
extern const size_t row_count;

/* What is measured: tls.c and store.c. */
extern const struct side ready_plain, ready_null, ready_trust, ready_global,
    ready_region;
extern const struct side first_trust, first_trust_region, first_trust_global,
    first_file, first_global, first_nobody;
extern const struct side later_trust, later_file;
extern const struct side verify_trust, verify_trust_files, verify_file;
extern const struct side stranger_trust, stranger_plain;
extern const struct side unknown_trust, unknown_plain;
extern const struct side load_region, parse_region, load_all, file_all,
    parse_all;
extern const struct side search_all, search_hashed, search_few, search_many,
    search_one_file;

/* ---- measuring --------------------------------------------------------- */

/* What a row gave.  0 stands for what could not be measured. */
struct result {
    double ours, theirs;     /* seconds, bytes or instructions */
    double ratio, low, high; /* of the sessions: median, lowest, highest */
    double instructions;     /* ratio of the instructions in user space */
};

#define SESSIONS_MAX 64
#define TURNS_MAX 64

struct effort {
    unsigned sessions; /* pairs of processes, at most SESSIONS_MAX */
    unsigned turns;    /* of each side in a session, at most TURNS_MAX */
    double turn;       /* seconds, about */
    bool count;        /* instructions, too */
};

void measure_row(const struct row *row, const struct effort *effort,
                 struct result *out);

/* Sorts them. */
double median(double *values, size_t count);

/* ---- the process of a side --------------------------------------------- */

enum which { OURS, THEIRS, NEITHER };
const struct side *side_of(const struct row *row, enum which which);

/* What it is to do. */
#define TASK_TURNS "turns"   /* seconds of a run, for each byte it is sent */
#define TASK_FIRST "first"   /* seconds of its first run */
#define TASK_MEMORY "memory" /* bytes that it has after its first run */
#define TASK_COUNT "count"   /* runs for callgrind to watch */

#define SIDE_WORD "--side"
#define SIDE_ARGUMENTS 7 /* program SIDE_WORD ROW WHICH FOLDER TASK NUMBER */

/* Does it; returns the exit code. */
int run_side(char **argv);

/* The arguments that start one.  The texts live until the next call. */
const char *const *side_command(const struct row *row, enum which which,
                                const char *task, double number);

/* Sets OPENSSL_CONF for the processes that are started next. */
void use_configuration(const struct side *side);

/* Starts one for a task that gives one number.  0 where it fails. */
double ask_side(const struct row *row, enum which which, const char *task);

/* The seconds of one run of many. */
double bench_measured(void (*run)(void), unsigned times);

/* Called by run functions for what does not count. */
void bench_excluded(void (*what)(void *arg), void *arg);

/* ---- instructions ------------------------------------------------------ */

/* Whether they can be counted here. */
bool has_valgrind(void);

/* Of one run of a side in user space, or of `openssl version`. */
double count_side(const struct row *row, enum which which);
double count_start(const struct row *row, enum which which);

/* ---- files ------------------------------------------------------------- */

/* Makes all that the sides read, in a temporary folder, for slow rows only
 * where there are some; remove_files() is to follow. */
void make_files(bool slow);
void remove_files(void);
const char *bench_folder(void);

/* One line about where the global bundle's certificates come from. */
const char *global_origin(void);

/* Bundles of made-up regions: `files` of them with `count` roots each. */
void make_anchors(const char *folder, unsigned files, unsigned count);

/* A whole file, malloc'ed. */
unsigned char *read_file(const char *name, size_t *size);

/* The chains: made once and kept in the folder, since RSA keys take long. */
void read_chain(struct chain *out, const char *name);

/* ---- the table --------------------------------------------------------- */

enum format { FORMAT_TEXT, FORMAT_MARKDOWN };

void print_head(enum format format, const struct effort *effort);
void print_row(enum format format, const struct row *row,
               const struct result *result, bool judged);

/* Ends the program. */
_Noreturn void die(const char *format, ...) PRINTF(1, 2);

#endif
