/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_NEAREST_H
#define RDS_NEAREST_H

/*
 * The nearest known word to a mistyped one, by counting the insertions,
 * deletions, substitutions and swaps of neighbours that lead from one to the
 * other (optimal string alignment), case ignored.
 *
 * Start with RDS_NEAREST_INIT, offer every known word, then ask.  A word too
 * far away (more than a third of the typed one, at least 2) is never
 * suggested.  Pure and thread-safe.
 */

#include "rds/error.h"

struct rds_nearest {
    const char *typed;
    size_t typed_size;
    const char *best; /* one of the offered words, not copied, or NULL */
    size_t distance;
};

#define RDS_NEAREST_INIT(word, size)                                          \
    {                                                                         \
        (word), (size), NULL, (size_t)-1                                      \
    }

/* Considers one known word, which must outlive the struct. */
void rds_nearest_offer(struct rds_nearest *nearest, const char *word);

/*
 * Writes ", did you mean 'WORD'?" or "" to `out` and returns it.
 */
const char *rds_nearest_hint(char out[RDS_QUOTE_MAX],
                             const struct rds_nearest *nearest);

#endif
