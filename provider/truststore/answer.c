/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are kept.  Refuses to give one beyond the time for which it
 * holds.
 */

#include "rds/answer.h"

#include <stdlib.h>
#include <string.h>

#include "rds/guard.h"

/* ---- users ------------------------------------------------------------- */

static void free_answer(struct rds_answer *answer)
{
    if (answer == NULL)
        return;
    free(atomic_load(&answer->by_subject));
    rds_selection_clear(&answer->selection);
    free(answer->text);
    free(answer);
}

void rds_answer_release(const struct rds_answer *answer)
{
    struct rds_answer *mine = (struct rds_answer *)answer;
    if (mine != NULL && rds_guard_leave(&mine->users))
        free_answer(mine);
}

void rds_answers_clear(struct rds_answers *answers)
{
    for (size_t i = 0; i < RDS_ANSWERS_MAX; i++) {
        struct rds_answer *gone;

        rds_guard_lock();
        gone = answers->kept[i];
        answers->kept[i] = NULL;
        rds_guard_unlock();
        rds_answer_release(gone);
    }
}

/* ---- keeping ----------------------------------------------------------- */

static bool holds(const struct rds_answer *answer, int64_t now)
{
    return now >= answer->from && now < answer->until;
}

static struct rds_answer *find(struct rds_answers *answers, const char *text,
                               int64_t now)
{
    struct rds_answer *found = NULL;

    rds_guard_lock();
    for (size_t i = 0; i < RDS_ANSWERS_MAX && found == NULL; i++) {
        struct rds_answer *kept = answers->kept[i];

        if (kept != NULL && holds(kept, now) && strcmp(kept->text, text) == 0)
            found = kept;
    }
    if (found != NULL)
        found->users++;
    rds_guard_unlock();
    return found;
}

/* Keeps it in the place of the one that came first, with a share of its own.
 */
static void keep(struct rds_answers *answers, struct rds_answer *answer)
{
    struct rds_answer *replaced;

    rds_guard_lock();
    replaced = answers->kept[answers->next];
    answers->kept[answers->next] = answer;
    answers->next = (answers->next + 1) % RDS_ANSWERS_MAX;
    answer->users++;
    rds_guard_unlock();
    rds_answer_release(replaced);
}

/* When the first anchor comes into force or goes out of it. */
static int64_t next_change(const struct rds_view *view, int64_t now)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;
        int64_t change = INT64_MAX;

        if (anchor->not_before > now)
            change = anchor->not_before;
        else if (anchor->not_after >= now && anchor->not_after < INT64_MAX)
            change = anchor->not_after + 1;
        first = change < first ? change : first;
    }
    return first;
}

const struct rds_answer *rds_answer_get(struct rds_answers *answers,
                                        const struct rds_view *view,
                                        const char *text,
                                        const struct rds_uri *uri, int64_t now,
                                        struct rds_error *err)
{
    struct rds_answer *answer = find(answers, text, now);

    if (answer != NULL)
        return answer;
    answer = calloc(1, sizeof(*answer));
    if (answer != NULL)
        answer->text = strdup(text);
    if (answer == NULL || answer->text == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        goto failed;
    }
    answer->users = 1;
    answer->from = now;
    answer->until = next_change(view, now);
    if (!rds_select(uri, view, now, &answer->selection, err))
        goto failed;
    keep(answers, answer);
    return answer;
failed:
    free_answer(answer);
    return NULL;
}

/* ---- by subject -------------------------------------------------------- */

/* A place in the selection and the key of the subject there. */
struct keyed {
    unsigned long long key;
    uint32_t place;
};

static int compare_keyed(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static unsigned long long key_at(const struct rds_answer *answer,
                                 const struct rds_view *view, uint32_t place)
{
    return view->entries[answer->selection.index[place]].anchor->subject_key;
}

/* All places, sorted by key, then as they are. */
static uint32_t *sort_by_subject(const struct rds_answer *answer,
                                 const struct rds_view *view)
{
    size_t count = answer->selection.count;
    struct keyed *keyed = calloc(count + 1, sizeof(keyed[0]));
    uint32_t *places = calloc(count + 1, sizeof(places[0]));

    if (keyed == NULL || places == NULL) {
        free(keyed);
        free(places);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        keyed[i] =
            (struct keyed){key_at(answer, view, (uint32_t)i), (uint32_t)i};
    qsort(keyed, count, sizeof(keyed[0]), compare_keyed);
    for (size_t i = 0; i < count; i++)
        places[i] = keyed[i].place;
    free(keyed);
    return places;
}

static const uint32_t *sorted_places(const struct rds_answer *answer,
                                     const struct rds_view *view)
{
    struct rds_answer *mine = (struct rds_answer *)answer;
    uint32_t *places = atomic_load(&mine->by_subject), *made;

    if (places != NULL)
        return places;
    made = sort_by_subject(answer, view);
    if (made == NULL ||
        atomic_compare_exchange_strong(&mine->by_subject, &places, made))
        return made;
    free(made); /* another thread was faster */
    return places;
}

uint32_t *rds_answer_with_subject(const struct rds_answer *answer,
                                  const struct rds_view *view,
                                  unsigned long long key, size_t *count)
{
    const uint32_t *places = sorted_places(answer, view);
    size_t low = 0, high = answer->selection.count, end;
    uint32_t *found;

    if (places == NULL)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (key_at(answer, view, places[middle]) < key)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < answer->selection.count &&
                    key_at(answer, view, places[end]) == key;)
        end++;
    found = calloc(end - low + 1, sizeof(found[0]));
    if (found == NULL)
        return NULL;
    *count = end - low;
    for (size_t i = 0; i < *count; i++)
        found[i] = answer->selection.index[places[low + i]];
    return found;
}
