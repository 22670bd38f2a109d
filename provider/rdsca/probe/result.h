/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_RESULT_H
#define RDSCA_RESULT_H

/*
 * What was found out about one host, from the connection to the verdict.
 */

#include "hosts.h"
#include "trust_check.h"
#include "handshake.h"

/* The verdicts: enum, name in JSON, exit code. */
#define RDSCA_VERDICTS(F)                                                     \
    F(RDSCA_VERIFIED, "verified", RDSCA_FINE)                                 \
    F(RDSCA_EXPIRING, "expiring", RDSCA_FINDING)                              \
    F(RDSCA_NOT_COVERED, "not-covered", RDSCA_FINDING)                        \
    F(RDSCA_NO_URI, "no-uri", RDSCA_FINDING)                                  \
    F(RDSCA_OTHER_REGION, "other-region", RDSCA_FINDING)                      \
    F(RDSCA_OTHER_NAME, "other-name", RDSCA_FINDING)                          \
    F(RDSCA_NO_ENDPOINT, "no-endpoint", RDSCA_FINDING)                        \
    F(RDSCA_EXPIRED, "expired", RDSCA_FINDING)                                \
    F(RDSCA_CA_EXPIRED, "ca-expired", RDSCA_FINDING)                          \
    F(RDSCA_NOT_YET_VALID, "not-yet-valid", RDSCA_FINDING)                    \
    F(RDSCA_FAULTY_CHAIN, "faulty-chain", RDSCA_FINDING)                      \
    F(RDSCA_STALE, "stale", RDSCA_FINDING)                                    \
    F(RDSCA_NOT_AT_HAND, "not-at-hand", RDSCA_FINDING)                        \
    F(RDSCA_NO_INTERMEDIATE, "no-intermediate", RDSCA_FINDING)                \
    F(RDSCA_SELF_SIGNED, "self-signed", RDSCA_FINDING)                        \
    F(RDSCA_FOREIGN_CA, "foreign-ca", RDSCA_FINDING)                          \
    F(RDSCA_NO_TLS, "no-tls", RDSCA_FINDING)                                  \
    F(RDSCA_STRANGE, "not-understood", RDSCA_FINDING)                         \
    F(RDSCA_TURNED_AWAY, "turned-away", RDSCA_RETRY)                          \
    F(RDSCA_NO_ANSWER, "unreachable", RDSCA_RETRY)

enum rdsca_verdict {
#define RDSCA_VERDICT_ENUM(name, text, code) name,
    RDSCA_VERDICTS(RDSCA_VERDICT_ENUM)
#undef RDSCA_VERDICT_ENUM
        RDSCA_VERDICT_END
};

#define RDSCA_ADVICE_MAX 1536 /* bytes of a verdict and its advice */
#define RDSCA_OPINIONS_MAX 2

/* What rds-trust would say, by which URI. */
struct rdsca_asked {
    const char *uri;  /* borrowed from the finding or the options */
    bool in_force;    /* --trust, else the configuration's */
    bool recommended; /* for this host */
    struct rdsca_opinion opinion;
};

struct rdsca_finding {
    const struct rdsca_host *host;
    bool is_endpoint; /* then `endpoint` is what the host's name says */
    struct rds_endpoint endpoint;
    int64_t now;

    /* The connection; `trouble` says why it is not RDSCA_CONTACT_TLS. */
    enum rdsca_contact contact;
    struct rds_error trouble;
    enum rdsca_protocol protocol;
    char address[RDSCA_ADDRESS_MAX]; /* "" where there was no connection */
    unsigned port;
    struct rdsca_peer peer;

    /* The chain, where there is one. */
    const struct rds_view *view;
    struct rdsca_signers signers;
    struct rdsca_path path;
    bool named;                /* the certificate is for the host's name */
    bool claims;               /* it names an RDS CA as its issuer: */
    struct rds_anchor claim;   /* what that name says */
    struct rds_endpoint shown; /* the first endpoint among its names, */
    bool shows;                /* if there is one */
    char recommended[RDS_ENDPOINT_MAX + 24]; /* a URI, or "" */
    struct rdsca_asked asked[RDSCA_OPINIONS_MAX];
    size_t asked_count;

    enum rdsca_verdict verdict;
    char advice[RDSCA_ADVICE_MAX]; /* the verdict in one line of ASCII */
};

/*
 * Looks at the chain of `peer`, which the finding has got from a handshake,
 * and fills in what follows it but for the verdict.  `trust`: the URI of
 * rds-trust in force, or NULL.
 */
void rdsca_examine(struct rdsca_finding *finding, const struct rds_view *view,
                   const char *trust);

void rdsca_finding_clear(struct rdsca_finding *finding);

/*
 * The last certificate of the chain that the server sends: the one whose
 * issuer it does not send, or a root.
 */
X509 *rdsca_finding_top(const struct rdsca_finding *finding);

/* The root behind the chain, or NULL. */
const struct rds_anchor *
rdsca_finding_anchor(const struct rdsca_finding *finding);

#endif
