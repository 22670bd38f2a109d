/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/answer.h: an answer is what rds_select() gives, is shared as
 * long as it holds and no longer, the index finds by subject what a walk
 * finds, and users keep what others forget.
 */

#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/answer.h"

#define ALL "rds://all+proxy?expired=include"

static const struct rds_answer *ask(struct rds_answers *answers,
                                    const struct rds_view *view,
                                    const char *text, int64_t now,
                                    struct rds_error *err)
{
    struct rds_uri *uri = malloc(sizeof(*uri));
    const struct rds_answer *answer;

    NEED(uri != NULL && rds_uri_read(text, uri, NULL));
    answer = rds_answer_get(answers, view, text, uri, now, err);
    free(uri);
    return answer;
}

static const struct rds_answer *need_answer(struct rds_answers *answers,
                                            const struct rds_view *view,
                                            const char *text, int64_t now)
{
    const struct rds_answer *answer = ask(answers, view, text, now, NULL);

    NEED(answer != NULL);
    return answer;
}

/* Asks, gives back, and tells which one it was. */
static const void *which(struct rds_answers *answers,
                         const struct rds_view *view, const char *text,
                         int64_t now)
{
    const struct rds_answer *answer = need_answer(answers, view, text, now);

    rds_answer_release(answer);
    return answer;
}

static void test_same_as_select(void)
{
    static const char *const uris[] = {
        "rds://all",   "rds://region/us-west-2",
        ALL,           "rds://file/rds-combined-ca-bundle.pem",
        "rds://proxy",
    };
    int64_t now = day(2026, 11, 23);
    struct rds_answers answers = {{NULL}, 0};
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < 2 * COUNT(uris); i++) {
        const char *text = uris[i / 2]; /* each twice */
        const struct rds_answer *answer =
            need_answer(&answers, &view.view, text, now);
        struct rds_selection wanted;
        struct rds_uri *uri = malloc(sizeof(*uri));

        NEED(uri != NULL && rds_uri_read(text, uri, NULL) &&
             rds_select(uri, &view.view, now, &wanted, NULL));
        CHECK(answer->selection.count == wanted.count &&
                  memcmp(answer->selection.index, wanted.index,
                         wanted.count * sizeof(wanted.index[0])) == 0,
              "%s, time %zu", text, i % 2);
        rds_selection_clear(&wanted);
        rds_answer_release(answer);
        free(uri);
    }
    rds_answers_clear(&answers);
    view_clear(&view);
}

/* Kept for the same text only, and the last RDS_ANSWERS_MAX of them. */
static void test_kept(void)
{
    int64_t now = day(2026, 11, 23);
    struct rds_answers answers = {{NULL}, 0};
    const struct rds_answer *held;
    struct test_view view;
    char text[64];

    view_start(&view, true);
    held = need_answer(&answers, &view.view, "rds://all", now);
    CHECK(which(&answers, &view.view, "rds://all", now) == held, "again");
    CHECK(which(&answers, &view.view, "rds://all+all", now) != held,
          "another text");
    for (int i = 0; i < RDS_ANSWERS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "rds://all%s?stage=beta",
                       &"+all+all+all+all"[i * 4]);
        (void)which(&answers, &view.view, text, now);
    }
    CHECK(which(&answers, &view.view, "rds://all", now) != held, "replaced");
    CHECK_NUMBER(held->selection.count, built(BUILT_CURRENT),
                 "what is held stays");
    CHECK_TEXT(held->text, "rds://all", "what is held stays");
    rds_answers_clear(&answers);
    CHECK_NUMBER(held->selection.count, built(BUILT_CURRENT),
                 "beyond the rest");
    rds_answer_release(held);
    view_clear(&view);
}

/*
 * The moments at which an anchor comes or goes, and the seconds around them;
 * an answer that was kept must be the one that a fresh look gives.
 */
static void test_time(void)
{
    static const struct {
        const char *row;
        int64_t first, then; /* seconds from the change */
        bool same;
    } rows[] = {
        {"before it", -20, -10, true},     {"up to it", -20, -1, true},
        {"at it", -20, 0, false},          {"beyond it", -20, 10, false},
        {"at and after it", 0, 10, true},  {"back before it", 10, -10, false},
        {"the same second", 10, 10, true}, {"back a second", 10, 9, false},
    };
    int64_t comes = day(2030, 1, 1), goes = day(2031, 1, 1) + 1;
    struct test_view view;

    view_start(&view, false);
    view_add(&view, &(struct recipe){.cn = "Amazon RDS Root 2030 CA",
                                     .from = day(2029, 1, 1),
                                     .until = day(2090, 1, 1)});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS Root 2031 CA",
                                     .from = comes,
                                     .until = goes - 1});
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        int64_t change = i % 2 == 0 ? comes : goes;
        int64_t first = change + rows[i / 2].first;
        int64_t then = change + rows[i / 2].then;
        struct rds_answers answers = {{NULL}, 0};
        const struct rds_answer *one =
            need_answer(&answers, &view.view, "rds://all", first);
        const struct rds_answer *other =
            need_answer(&answers, &view.view, "rds://all", then);

        CHECK_NUMBER(one == other, rows[i / 2].same, "%s, %s", rows[i / 2].row,
                     i % 2 == 0 ? "comes" : "goes");
        CHECK_NUMBER(other->selection.count,
                     answer_count(&view.view, "rds://all", then), "%s, %s",
                     rows[i / 2].row, i % 2 == 0 ? "comes" : "goes");
        rds_answer_release(one);
        rds_answer_release(other);
        rds_answers_clear(&answers);
    }
    view_clear(&view);
}

/* Nothing is kept of an error: what is right later is an answer then. */
static void test_errors(void)
{
    struct rds_answers answers = {{NULL}, 0};
    struct rds_error err = {RDS_R_NONE, ""};
    struct test_view view;

    view_start(&view, true);
    for (int i = 0; i < 2; i++) {
        CHECK(ask(&answers, &view.view, "rds://region/us-wets-2",
                  day(2026, 11, 23), &err) == NULL,
              "unknown");
        CHECK(strstr(err.text, "us-west-2") != NULL, "'%s'", err.text);
    }
    CHECK(ask(&answers, &view.view, "rds://all", day(2200, 1, 1), &err) ==
              NULL,
          "nothing in force");
    rds_answer_release(
        need_answer(&answers, &view.view, "rds://all", day(2026, 11, 23)));
    rds_answers_clear(&answers);
    view_clear(&view);
}

/* By the index and by a walk, for the subject of each anchor and none. */
static void test_subjects(void)
{
    struct rds_answers answers = {{NULL}, 0};
    const struct rds_answer *answer;
    size_t several = 0;
    struct test_view view;

    view_start(&view, true);
    for (int i = 1; i <= 3; i++)
        view_add(&view, &(struct recipe){.cn = "Amazon RDS Root 2030 CA",
                                         .until = day(2060 + i, 1, 1)});
    answer = need_answer(&answers, &view.view, ALL, day(2026, 11, 23));
    for (size_t i = 0; i <= answer->selection.count; i++) {
        unsigned long long key =
            i < answer->selection.count
                ? view.view.entries[answer->selection.index[i]]
                      .anchor->subject_key
                : 12345;
        size_t count = 99, place = 0;
        uint32_t *found =
            rds_answer_with_subject(answer, &view.view, key, &count);

        NEED(found != NULL);
        for (size_t j = 0; j < answer->selection.count; j++) {
            uint32_t at = answer->selection.index[j];

            if (view.view.entries[at].anchor->subject_key != key)
                continue;
            CHECK(place < count && found[place] == at, "subject %zu", i);
            place++;
        }
        CHECK_NUMBER(count, place, "subject %zu", i);
        several += count > 1;
        free(found);
    }
    CHECK(several != 0, "some subjects have several certificates");
    rds_answer_release(answer);
    rds_answers_clear(&answers);
    view_clear(&view);
}

/* ---- threads ------------------------------------------------------------ */

#define THREADS 6
#define TIMES 400

struct crowd {
    struct rds_answers answers;
    const struct rds_view *view;
};

static void *ask_often(void *arg)
{
    static const char *const uris[] = {
        "rds://all",
        "rds://global",
        "rds://proxy",
        "rds://ca/rds-ca-2019",
        "rds://partition/aws-cn",
        ALL,
    };
    struct crowd *crowd = arg;
    size_t wrong = 0;

    for (size_t i = 0; i < TIMES; i++) {
        const struct rds_answer *answer =
            need_answer(&crowd->answers, crowd->view, uris[i % COUNT(uris)],
                        day(2026, 11, 23));
        uint32_t first = answer->selection.index[0];
        size_t count = 0;
        uint32_t *found = rds_answer_with_subject(
            answer, crowd->view,
            crowd->view->entries[first].anchor->subject_key, &count);

        wrong += found == NULL || count == 0 || found[0] != first;
        free(found);
        rds_answer_release(answer);
    }
    return (void *)wrong;
}

static void test_threads(void)
{
    struct crowd crowd = {{{NULL}, 0}, NULL};
    pthread_t threads[THREADS];
    struct test_view view;
    void *wrong;

    view_start(&view, true);
    crowd.view = &view.view;
    for (size_t i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, ask_often, &crowd) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        NEED(pthread_join(threads[i], &wrong) == 0);
        CHECK(wrong == NULL, "thread %zu", i);
    }
    rds_answers_clear(&crowd.answers);
    view_clear(&view);
}

CU_TestInfo answer_tests[] = {
    {"the same as a selection", test_same_as_select},
    {"what is kept", test_kept},
    {"as long as it holds", test_time},
    {"errors are not kept", test_errors},
    {"by subject", test_subjects},
    {"threads", test_threads},
    CU_TEST_INFO_NULL,
};
