/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_SCOPE_H
#define RDS_SCOPE_H

/*
 * The scope of process-wide trust: for which server certificates an anchor
 * may vouch.
 *
 * A scope is made from the URI of rds-trust and names endpoints.  A leaf is
 * in scope if every name in it is such an endpoint, and if there is nothing
 * in it under which it could pass for anything else: see enum rds_clause, one
 * value for each way to be refused.  Anything that cannot be read is refused.
 *
 * Pure: the leaf comes as bytes and flags.  Allocates nothing; thread-safe.
 * Sources: RFC 5280, 4.2.1.6 (subjectAltName); RFC 6125, 6.4.4 (the common
 * name as a fallback, which OpenSSL's X509_check_host() still knows).
 */

#include "rds/select.h"

/* What a URI admits: a rule or two for each of its selectors. */
struct rds_scope_rule {
    uint64_t selectors;     /* of the URI, whose anchors vouch by this rule; a
                             * bit as in struct rds_selection */
    enum rds_family family; /* and of those only anchors of this family */
    char ca[RDS_CA_MAX];    /* only this CA's; "": any */
    enum rds_partition partition;    /* RDS_PARTITIONS: any */
    bool preview;                    /* preview endpoints, and no others */
    char region[RDS_REGION_MAX];     /* "": any */
    char label[RDS_LABEL_MAX + 1];   /* account label; "": any */
    char host[RDS_ENDPOINT_MAX + 1]; /* "": any; else this very name */
};

#define RDS_SCOPE_RULES_MAX (2 * RDS_SELECTORS_MAX)
#define RDS_SCOPE_RULE_WORDS (RDS_SCOPE_RULES_MAX / 64)

struct rds_scope {
    enum rds_stage stage; /* of the URI's filter */
    size_t count;
    struct rds_scope_rule rules[RDS_SCOPE_RULES_MAX];
};

/*
 * Makes the scope of a URI (about 50 kB: not for the stack).  Selectors:
 * region/R admits R; host/ENDPOINT the endpoint's account label in its
 * region, or that very name where it shows no label, under the CAs of Amazon
 * Trust Services too if it is a database name; partition, global and
 * all what they say; ca, file and sha256 any endpoint that their anchors may
 * vouch for; proxy adds the proxy CAs for the regions and labels of the other
 * selectors, or for all where it stands alone.
 *
 * A union admits what its parts admit, never more: all names of a leaf must
 * fit one rule, and a selector of that rule must have picked the anchor.  file
 * and sha256 cannot be joined with anything but proxy.  A global writer's name
 * is refused, since it shows neither region nor account, and so is
 * role=intermediate.
 */
RDS_MUST_CHECK bool rds_scope_make(struct rds_scope *out,
                                   const struct rds_uri *uri,
                                   struct rds_error *err);

/* Why a leaf is out of scope; each clause of the rule has its value. */
#define RDS_CLAUSES(F)                                                        \
    F(RDS_CLAUSE_IN_SCOPE, "in scope")                                        \
    F(RDS_CLAUSE_NESTED, "the path of a CRL issuer")                          \
    F(RDS_CLAUSE_NO_SAN, "no subjectAltName extension")                       \
    F(RDS_CLAUSE_MANY_SAN, "more than one subjectAltName extension")          \
    F(RDS_CLAUSE_BAD_SAN, "undecodable subjectAltName")                       \
    F(RDS_CLAUSE_EMPTY_SAN, "empty subjectAltName")                           \
    F(RDS_CLAUSE_OTHER_SAN, "a subjectAltName entry that is no dNSName")      \
    F(RDS_CLAUSE_BAD_NAME, "a malformed dNSName")                             \
    F(RDS_CLAUSE_MANY_NAMES, "more names than any endpoint has")              \
    F(RDS_CLAUSE_FOREIGN_NAME, "a name that is no endpoint in scope")         \
    F(RDS_CLAUSE_MIXED_NAMES, "names of several regions")                     \
    F(RDS_CLAUSE_NEUTRAL_ONLY, "global writer names only")                    \
    F(RDS_CLAUSE_BAD_SUBJECT, "undecodable subject")                          \
    F(RDS_CLAUSE_FOREIGN_CN, "a common name that is no endpoint in scope")    \
    F(RDS_CLAUSE_EMAIL, "an e-mail address in the subject")                   \
    F(RDS_CLAUSE_CA, "a CA, proxy, CRL or OCSP signer, or invalid")           \
    F(RDS_CLAUSE_NOT_SERVER, "not for TLS servers (extended key usage)")      \
    F(RDS_CLAUSE_IDENTITY, "the application expects another identity")

enum rds_clause {
#define RDS_CLAUSE_ENUM(name, text) name,
    RDS_CLAUSES(RDS_CLAUSE_ENUM)
#undef RDS_CLAUSE_ENUM
        RDS_CLAUSE_END
};

const char *rds_clause_text(enum rds_clause clause);

/* A leaf, as far as the rule looks at it.  All pointers are borrowed. */
struct rds_leaf {
    const unsigned char *subject; /* the Name in DER */
    size_t subject_size;
    size_t san_count;         /* of subjectAltName extensions */
    const unsigned char *san; /* the value of the one, in DER */
    size_t san_size;
    bool nested;      /* the verification of a CRL's issuer */
    bool ca_or_proxy; /* a CA, a proxy certificate, a signer of CRLs or OCSP
                       * answers, or flagged invalid */
    bool has_eku;     /* an extended key usage extension ... */
    bool server_auth; /* ... with serverAuth */
    /* What the application expects: hosts, and whether anything else (an
     * address, an e-mail address) is expected. */
    const char *const *hosts;
    size_t host_count;
    bool other_identity;
};

/* The outcome.  `name` points into the leaf (or is the application's host):
 * what was refused, else the first name. */
struct rds_verdict {
    enum rds_clause clause;
    const unsigned char *name;
    size_t name_size;
    uint64_t rules[RDS_SCOPE_RULE_WORDS]; /* those that admit every name */
    enum rds_partition partition;
    enum rds_stage stage;
    char region[RDS_REGION_MAX];
};

#define RDS_SCOPE_NAMES_MAX 64 /* names of a leaf that are looked at */

/* Judges a leaf; true where it is in scope. */
RDS_MUST_CHECK bool rds_scope_judge(const struct rds_scope *scope,
                                    const struct rds_leaf *leaf,
                                    struct rds_verdict *out);

/*
 * The last clause alone, for a leaf that was found in scope before the
 * application's expectations were known.
 */
RDS_MUST_CHECK bool rds_scope_judge_identity(const struct rds_scope *scope,
                                             const struct rds_leaf *leaf,
                                             struct rds_verdict *verdict);

/*
 * Whether the anchor may vouch for a leaf that was found in scope: a root
 * that fits a rule which admits all names, never outside its partition,
 * region and stage, nor outside the regions whose files brought it
 * (rds_view_serves()).  `selectors` are those that picked it, as in struct
 * rds_selection; `view` is what it was picked from.
 */
bool rds_scope_anchor(const struct rds_scope *scope,
                      const struct rds_verdict *verdict,
                      const struct rds_view *view,
                      const struct rds_anchor *anchor, uint64_t selectors);

#endif
