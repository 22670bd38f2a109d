/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_REPORT_H
#define RDSCA_REPORT_H

/*
 * What `rdsca doctor` finds: a level, one line of text, and for a note or a
 * problem what mends it.
 *
 * A check runs in a process of its own and writes its findings to a pipe, a
 * line of JSON each, so that those before a crash are not lost.  The process
 * at the other end takes each line for what it is: bytes from a process that
 * may have gone wrong.
 *
 * In a text everything but printable ASCII stands as \xNN, and it is cut
 * after RDSCA_FINDING_TEXT bytes.  Words from outside pass rds_quote() all
 * the same, so that their ends can be seen.
 */

#include <jansson.h>
#include <stdio.h>

#include "diagnosis.h"

#define RDSCA_FINDING_TEXT 1024
#define RDSCA_MEND_TEXT (2 * RDSCA_WORD_MAX + 1024)

/* "ok", "note", "problem"; "?" for a value that is none. */
const char *rdsca_level_name(enum rdsca_level level);
/* "run", "append", "remove", "do" */
const char *rdsca_how_name(enum rdsca_how how);

/* ---- written by a check ------------------------------------------------ */

void rdsca_find(FILE *to, enum rdsca_level level, const char *format, ...)
    RDS_PRINTF(3, 4);

/* The same with the mend. */
void rdsca_find_diagnosis(FILE *to, const struct rdsca_diagnosis *diagnosis);

/*
 * What mends the finding before.  `file` is the one that APPEND and REMOVE
 * are about, else NULL.  Lines of the text are separated by '\n'.
 */
void rdsca_mend(FILE *to, enum rdsca_how how, const char *file,
                const char *format, ...) RDS_PRINTF(4, 5);

/*
 * What the check does next, which it may not survive.  Shown only where it
 * does not; `mend` then says to a person what to do.
 */
void rdsca_step(FILE *to, const char *mend, const char *format, ...)
    RDS_PRINTF(3, 4);

/* ---- read by who prints them ------------------------------------------- */

/*
 * Reads one line of a check.  Appends a finding to `findings`, or a mend to
 * the last of them; keeps a step in *step.  False where the line is none.
 *
 *   {"check": "module", "level": "problem", "text": "...",
 *    "mend": {"how": "run", "file": null, "lines": ["..."]}}
 */
RDS_MUST_CHECK bool rdsca_finding_read(const char *line, const char *check,
                                       json_t *findings, json_t **step);

/* Appends a finding of the reader's own, with the mend of the step, if any. */
void rdsca_finding_add(json_t *findings, const char *check,
                       enum rdsca_level level, const json_t *step,
                       const char *format, ...) RDS_PRINTF(5, 6);

#endif
