/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_CHAIN_H
#define RDSCA_CHAIN_H

/*
 * Which anchors stand behind a server's chain, and whether it verifies.
 *
 * The verification is OpenSSL's, in a store of our own that holds the given
 * anchors and nothing else: neither the machine's CAs nor what rds-trust in
 * this very process would add take part.
 */

#include <openssl/x509.h>

#include "rds/select.h"

/* A certificate's dates in seconds since 1970-01-01 UTC; RDSCA_NO_TIME where
 * they cannot be read. */
int64_t rdsca_not_before(const X509 *x509);
int64_t rdsca_not_after(const X509 *x509);

/* An anchor whose key signed a certificate of the chain. */
struct rdsca_signer {
    const struct rds_entry *entry;
    X509 *x509;
};

#define RDSCA_SIGNERS_MAX 16

struct rdsca_signers {
    size_t count;
    struct rdsca_signer items[RDSCA_SIGNERS_MAX];
    /* An anchor that has the name of an issuer but not its key, where none
     * has both; or NULL. */
    const struct rds_entry *namesake;
};

/*
 * Finds the anchors that signed a certificate of the chain, and those that
 * signed these, whether they are in force or not.  The signers belong to the
 * view's life.  Clear with rdsca_signers_clear().
 */
void rdsca_signers_find(struct rdsca_signers *out, const struct rds_view *view,
                        const STACK_OF(X509) * chain);
void rdsca_signers_clear(struct rdsca_signers *signers);

/* A path from the server's certificate to an anchor. */
struct rdsca_path {
    const struct rds_entry *anchor; /* the root that it ends in, or NULL */
    /* Of the path, or NULL; they belong to the chain or the signers. */
    X509 *expired;  /* the one nearest to the root that has */
    X509 *early;    /* the same for "not yet valid" */
    X509 *soonest;  /* the one that expires first */
    int error;      /* the first other X509_V_ERR_*, or X509_V_OK */
    bool no_memory; /* nothing was found out */
};

/* How to verify. */
struct rdsca_terms {
    const bool *allowed; /* of each signer, whether it counts; NULL: all do */
    int64_t now;
    int security_level;
};

/* Builds the path of a TLS server; the host's name is not looked at. */
void rdsca_path_build(struct rdsca_path *out,
                      const struct rdsca_signers *signers,
                      STACK_OF(X509) * chain, const struct rdsca_terms *terms);

/* Whether it ends in an anchor, and nothing is wrong with it. */
bool rdsca_path_good(const struct rdsca_path *path);

#endif
