/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nearest known word.  Refuses to suggest one that is too far away.
 */

#include "rds/nearest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64 /* longer words are never near anything */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Optimal string alignment distance; three rows suffice. */
static size_t distance(const char *a, size_t a_size, const char *b,
                       size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2], *swap;

    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);

            row[j] = least(last[j - 1] + (x == y ? 0 : 1),
                           1 + least(last[j], row[j - 1]));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        swap = before;
        before = last;
        last = row;
        row = swap;
    }
    return last[b_size];
}

void rds_nearest_offer(struct rds_nearest *nearest, const char *word)
{
    size_t size = strlen(word), limit = nearest->typed_size / 3, found;

    if (nearest->typed_size == 0 || nearest->typed_size > WORD_MAX ||
        size > WORD_MAX)
        return;
    found = distance(nearest->typed, nearest->typed_size, word, size);
    if (found <= (limit < 2 ? 2 : limit) && found < nearest->distance) {
        nearest->best = word;
        nearest->distance = found;
    }
}

const char *rds_nearest_hint(char out[RDS_QUOTE_MAX],
                             const struct rds_nearest *nearest)
{
    out[0] = '\0';
    if (nearest->best != NULL)
        (void)snprintf(out, RDS_QUOTE_MAX, ", did you mean '%s'?",
                       nearest->best);
    return out;
}
