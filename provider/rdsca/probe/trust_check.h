/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TRUST_CHECK_H
#define RDSCA_TRUST_CHECK_H

/*
 * What rds-trust, with a given URI, would say of a server.
 *
 * The scope and the choice of roots are the module's own functions
 * (rds/leaf.h, rds/scope.h, rds/select.h); the path is built with the roots
 * that these allow.
 */

#include "chain.h"
#include "hosts.h"
#include "rds/scope.h"

/* All that is known of a server's chain. */
struct rdsca_subject {
    const struct rdsca_host *host;
    STACK_OF(X509) * chain;
    const struct rds_view *view;
    const struct rdsca_signers *signers;
    int64_t now;
    int security_level;
};

enum rdsca_answer_kind {
    RDSCA_WOULD_TRUST,
    RDSCA_OUT_OF_SCOPE, /* see clause and name */
    RDSCA_NO_ANCHOR,    /* in scope, but see reason */
    RDSCA_UNUSABLE,     /* the URI; see reason */
};

struct rdsca_opinion {
    enum rdsca_answer_kind kind;
    enum rds_clause clause;
    /* The name that the clause is about, within the leaf or the host. */
    const unsigned char *name;
    size_t name_size;
    char reason[RDS_ERROR_TEXT]; /* "" where the clause says it */
};

/* Asks one URI, a text of any length. */
void rdsca_opinion_form(struct rdsca_opinion *out, const char *uri,
                        const struct rdsca_subject *subject);

/*
 * Writes "would trust" or "would refuse: ..." in one line of ASCII; returns
 * `out`.
 */
#define RDSCA_OPINION_MAX 1024
const char *rdsca_opinion_text(char out[RDSCA_OPINION_MAX],
                               const struct rdsca_opinion *opinion);

#endif
