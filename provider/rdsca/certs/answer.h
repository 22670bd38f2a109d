/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_ANSWER_H
#define RDSCA_ANSWER_H

/*
 * The answer to a URI, at one moment: what list, timeline and export work on.
 */

#include "../cli/command.h"

struct rdsca_answer {
    const char *uri; /* borrowed */
    int64_t now;     /* seconds since 1970-01-01 UTC */
    struct rdsca_trust trust;
    struct rds_selection selection;
};

/*
 * Opens the trust store and selects; `uri` NULL means rds://all.  A directory
 * that is named must exist; it may be relative.  RDSCA_FINE, or another code
 * after a complaint; then there is nothing to close.
 */
enum rdsca_exit rdsca_answer_open(struct rdsca_answer *out, const char *name,
                                  const char *uri, const char *directory);
void rdsca_answer_close(struct rdsca_answer *answer);

const struct rds_entry *rdsca_answer_entry(const struct rdsca_answer *answer,
                                           size_t i);

#endif
