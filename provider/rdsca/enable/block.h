/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_BLOCK_H
#define RDSCA_BLOCK_H

/*
 * A block of ours at the end of a file of somebody else's, between two lines
 * that mark it.  Putting it in and taking it out again gives the same bytes,
 * whatever the file was: empty, without a last line end, with CR LF.
 *
 * Pure: texts in memory only.  Thread-safe.
 */

#include <stddef.h>

#include "rds/error.h"

struct rdsca_text {
    char *bytes; /* malloc'ed, with a NUL behind the last one; or NULL */
    size_t size;
};

void rdsca_text_clear(struct rdsca_text *text);
bool rdsca_text_same(const struct rdsca_text *a, const struct rdsca_text *b);

enum rdsca_marks {
    RDSCA_MARKS_NONE,
    RDSCA_MARKS_BLOCK,  /* one block, whole */
    RDSCA_MARKS_DAMAGED /* anything else that has a mark */
};

enum rdsca_marks rdsca_marks(const struct rdsca_text *text);

/*
 * The text with a block of these lines at its end; `fresh` notes in it that
 * there was no file before.  False where memory fails.
 */
RDS_MUST_CHECK bool rdsca_marked_add(const struct rdsca_text *text,
                                     const char *lines, bool fresh,
                                     struct rdsca_text *out);

/*
 * The text without its block, which must be whole; *fresh where the block says
 * that there was no file.  False where memory fails.
 */
RDS_MUST_CHECK bool rdsca_marked_remove(const struct rdsca_text *text,
                                        struct rdsca_text *out, bool *fresh);

#endif
