/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_STRESS_H
#define RDS_STRESS_H

/*
 * Many threads ask while the bundle directory changes under them, and every
 * answer is judged by what the directory can have held meanwhile.
 *
 * Time is a count of phases.  An even one is calm; an odd one is a change in
 * progress.  For each phase the world keeps which contents of each moving
 * file a reader may answer with.  An answer is right if it fits one of those
 * of the phases from the question to the answer.
 */

#include "../trust/tests.h"

#define THREADS 64

/* Each has a trust store of its own, with its own last good contents. */
enum reader {
    READER_TRUST, /* rds-trust: X509_verify_cert() and TLS */
    READER_STORE, /* rds:// URIs of the default library context */
    READERS
};

/* The files that change. */
enum moving { MOVING_WEST, MOVING_FOO, MOVING_FILES };

/*
 * What a file holds: a set of roots.  CONTENT_NONE is an absent file, for
 * which the built-in set answers: with three roots of us-west-2, and none of
 * ap-foo-9.
 */
enum content {
    CONTENT_NONE,
    CONTENT_OLD = 1,
    CONTENT_NEW = 2,
    CONTENT_BOTH = 3,
    CONTENT_FOO = 1,
    CONTENTS = 4
};

/* A set of contents: bit 1 << content. */
typedef unsigned contents;
#define ONLY(content) (1U << (content))

/* ---- world.c ----------------------------------------------------------- */

/* Chains: by roots that come and go; by one that stays; by nobody's. */
extern struct chain old_chain, new_chain, foo_chain, steady_chain,
    stranger_chain;

#define FOO_URI "rds://region/ap-foo-9"
#define STEADY_REGION "eu-west-1"
#define STRESS_TRUST TRUST "+region/" STEADY_REGION

/* The certificates and the first state of the directory. */
void world_make(unsigned seed);
void world_free(void);

/* Until both readers have answered some questions in the present phase. */
void world_wait(void);

/* A change, and that wait; or a row of hurried ones, and it. */
void world_change(void);

unsigned world_phase(void);

/* What may have been there since phase `began`; *exact: nothing changed. */
contents world_allows(enum reader reader, enum moving file, unsigned began,
                      bool *exact);

/* The reader was asked and has answered, all in this phase. */
void world_seen(enum reader reader, unsigned phase);

/* The names of the last changes before and in the phases, for a report. */
void world_tell(unsigned from, unsigned to);

void world_report(void);

/* Every kind of change was made some times. */
bool world_whole(void);

/* Told by main.c. */
bool time_is_over(void);
unsigned random_below(unsigned *state, unsigned limit);

/* ---- work.c ------------------------------------------------------------ */

/* Asks until it is stopped, in THREADS threads. */
void work_start(unsigned seed);
void work_stop(void);
unsigned long work_faults(void);
void work_report(void);

/* Every kind of question was answered in each way that it can be. */
bool work_whole(void);

#endif
