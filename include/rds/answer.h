/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_ANSWER_H
#define RDS_ANSWER_H

/*
 * What a URI gives, kept beside the view that it was selected from.
 *
 * OpenSSL opens a CA store anew for each issuer that it looks for.  Choosing
 * among thousands of anchors each time, and looking at each of them for a
 * subject, is what this avoids.
 *
 * An answer holds for a span of time: until an anchor of the view comes into
 * force or goes out of it.  It does not change, and counts its users.  It is
 * valid as long as the view is.  Errors are not kept.  Thread-safe.
 */

#include <stdatomic.h>

#include "rds/select.h"

#define RDS_ANSWERS_MAX 4 /* URIs whose answers are kept, the last ones */

struct rds_answer {
    unsigned users; /* under the guard */
    int64_t from;   /* it holds from then ... */
    int64_t until;  /* ... until before then */
    char *text;     /* of the URI */
    struct rds_selection selection;
    _Atomic(uint32_t *) by_subject; /* made when first needed */
};

/* Of one view; all zero is empty.  Under the guard. */
struct rds_answers {
    struct rds_answer *kept[RDS_ANSWERS_MAX];
    unsigned next; /* to be replaced */
};

/*
 * The answer to a URI, given as text and as what rds_uri_read() made of it.
 * Fails as rds_select() does.  Give it back with rds_answer_release().
 */
const struct rds_answer *rds_answer_get(struct rds_answers *answers,
                                        const struct rds_view *view,
                                        const char *text,
                                        const struct rds_uri *uri, int64_t now,
                                        struct rds_error *err) RDS_MUST_CHECK;

/* NULL is allowed. */
void rds_answer_release(const struct rds_answer *answer);

/*
 * Those of the answer whose subject has this key (rds_name_key()), in its
 * order: places in view->entries, malloc'ed.  NULL where memory fails.
 */
uint32_t *rds_answer_with_subject(const struct rds_answer *answer,
                                  const struct rds_view *view,
                                  unsigned long long key,
                                  size_t *count) RDS_MUST_CHECK;

/* Forgets them; their users keep theirs. */
void rds_answers_clear(struct rds_answers *answers);

#endif
