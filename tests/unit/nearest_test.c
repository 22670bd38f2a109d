/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/nearest.h: the nearest of the offered words is suggested,
 * counted in insertions, deletions, substitutions and swaps, whatever the
 * case; one too far away never is.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "rds/nearest.h"

/* `known` are words separated by spaces; `best` NULL: none is near. */
static const struct {
    const char *typed;
    const char *known;
    const char *best;
} rows[] = {
    {"us-wets-2", "us-east-1 us-east-2 us-west-1 us-west-2", "us-west-2"},
    {"us-west-2", "us-west-2", "us-west-2"},
    {"US-WEST-2", "us-west-1 us-west-2", "us-west-2"},
    {"us-west2", "eu-west-2 us-west-2", "us-west-2"},
    {"us-west--2", "us-west-2", "us-west-2"},
    {"s-west-2", "us-west-2", "us-west-2"},
    {"us-gov-west1", "us-west-1 us-gov-west-1", "us-gov-west-1"},
    {"rol", "ca role expired stage", "role"},
    {"expierd", "ca role expired stage", "expired"},
    /* a swap counts one, two substitutions two */
    {"ab", "cd ba", "ba"},
    {"abcd", "abdc xxcd", "abdc"},
    /* within 2 of a short word */
    {"abc", "axy", "axy"},
    {"abc", "xyz", NULL},
    {"abcdef", "abcdxy", "abcdxy"},
    {"abcdef", "abcxyz", NULL},
    /* within a third of a long one */
    {"abcdefghi", "abcdefxyz", "abcdefxyz"},
    {"abcdefghi", "abcdewxyz", NULL},
    {"abcdefghijkl", "abcdefghwxyz", "abcdefghwxyz"},
    {"abcdefghijkl", "abcdefgvwxyz", NULL},
    {"completely-different", "us-west-2 us-east-1", NULL},
    {"x", "", NULL},
    {"", "a ca", NULL},
};

/* Offers each word; returns a copy of the best, or NULL. */
static char *best_of(const char *typed, const char *known)
{
    char *words = strdup(known), *rest, *word, *best;
    char *exact = (char *)exact_copy(typed, strlen(typed));
    struct rds_nearest nearest = RDS_NEAREST_INIT(exact, strlen(typed));

    NEED(words != NULL);
    for (word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        rds_nearest_offer(&nearest, word);
    best = nearest.best != NULL ? strdup(nearest.best) : NULL;
    free(exact);
    free(words);
    return best;
}

static void test_nearest(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *best = best_of(rows[i].typed, rows[i].known);

        CHECK_TEXT(best != NULL ? best : "(none)",
                   rows[i].best != NULL ? rows[i].best : "(none)",
                   "'%s' of '%s'", rows[i].typed, rows[i].known);
        free(best);
    }
}

static void test_hint(void)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT("us-wets-2", 9);
    char hint[RDS_QUOTE_MAX];

    CHECK_TEXT(rds_nearest_hint(hint, &nearest), "", "nothing offered");
    rds_nearest_offer(&nearest, "ap-east-1");
    CHECK_TEXT(rds_nearest_hint(hint, &nearest), "", "too far away");
    rds_nearest_offer(&nearest, "us-west-2");
    CHECK_TEXT(rds_nearest_hint(hint, &nearest), ", did you mean 'us-west-2'?",
               "near");
    rds_nearest_offer(&nearest, "us-west-1");
    CHECK_TEXT(rds_nearest_hint(hint, &nearest), ", did you mean 'us-west-2'?",
               "a farther one later");
}

/* Words of any length do no harm, and each is nearest to itself. */
static void test_long_words(void)
{
    char word[400], hint[RDS_QUOTE_MAX];

    for (size_t size = 1; size < sizeof(word); size++) {
        struct rds_nearest nearest;

        memset(word, 'a', size);
        word[size] = '\0';
        nearest = (struct rds_nearest)RDS_NEAREST_INIT(word, size);
        rds_nearest_offer(&nearest, word);
        rds_nearest_offer(&nearest, "b");
        CHECK(strlen(rds_nearest_hint(hint, &nearest)) < RDS_QUOTE_MAX,
              "%zu letters", size);
        CHECK(size > 60 || nearest.best == word, "%zu letters", size);
        nearest = (struct rds_nearest)RDS_NEAREST_INIT("a", 1);
        rds_nearest_offer(&nearest, word);
        CHECK(size > 3 ? nearest.best == NULL : nearest.best == word,
              "%zu letters known", size);
    }
}

CU_TestInfo nearest_tests[] = {
    {"the nearest word", test_nearest},
    {"the hint", test_hint},
    {"long words", test_long_words},
    CU_TEST_INFO_NULL,
};
