/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a host, and what to do.  Refuses to call anything good that
 * a client which follows the advice would not verify.
 */

#include "verdict.h"

#include <stdarg.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "../certs/describe.h"

static const struct {
    const char *name;
    enum rdsca_exit code;
} verdicts[] = {
#define VERDICT_ROW(value, text, exit) [value] = {text, exit},
    RDSCA_VERDICTS(VERDICT_ROW)
#undef VERDICT_ROW
};

_Static_assert(sizeof(verdicts) / sizeof(verdicts[0]) == RDSCA_VERDICT_END,
               "every verdict has a row");

const char *rdsca_verdict_name(enum rdsca_verdict verdict)
{
    return (unsigned)verdict < RDSCA_VERDICT_END ? verdicts[verdict].name
                                                 : "?";
}

enum rdsca_exit rdsca_verdict_exit(enum rdsca_verdict verdict)
{
    return (unsigned)verdict < RDSCA_VERDICT_END ? verdicts[verdict].code
                                                 : RDSCA_FINDING;
}

#define ELSEWHERE "check the name, DNS and tunnels"

static void say(struct rdsca_finding *finding, enum rdsca_verdict verdict,
                const char *format, ...) RDS_PRINTF(3, 4);

static void say(struct rdsca_finding *finding, enum rdsca_verdict verdict,
                const char *format, ...)
{
    va_list args;

    finding->verdict = verdict;
    va_start(args, format);
    (void)vsnprintf(finding->advice, sizeof(finding->advice), format, args);
    va_end(args);
}

/* ---- words ------------------------------------------------------------- */

#define WORDS_MAX RDSCA_WORDS_MAX

/* How to get a region's anchors. */
static const char *update_words(char out[WORDS_MAX],
                                const struct rds_anchor *anchor)
{
    const char *partition =
        rds_partition_name((enum rds_partition)anchor->partition);

    if (anchor->partition > RDS_PARTITION_AWS_CN)
        (void)snprintf(out, WORDS_MAX,
                       "put the bundle of partition %s into the bundle "
                       "directory; AWS does not publish it openly",
                       partition);
    else if (anchor->region[0] != '\0')
        (void)snprintf(out, WORDS_MAX, "run 'rdsca update %s'",
                       anchor->region);
    else
        (void)snprintf(out, WORDS_MAX, "run 'rdsca update --partition %s'",
                       partition);
    return out;
}

static X509 *leaf_of(const struct rdsca_finding *finding)
{
    return sk_X509_value(finding->peer.chain, 0);
}

/* " (the name is of us-west-2)", where a CA is of another region. */
static const char *name_words(char out[WORDS_MAX],
                              const struct rdsca_finding *finding,
                              const struct rds_anchor *anchor)
{
    out[0] = '\0';
    if (finding->is_endpoint && finding->endpoint.region[0] != '\0' &&
        anchor->region[0] != '\0' &&
        strcmp(finding->endpoint.region, anchor->region) != 0)
        (void)snprintf(out, WORDS_MAX, " (the name is of %s)",
                       finding->endpoint.region);
    return out;
}

/* Names the case of a database whose CA is not one of RDS's. */
static const char *case_words(const struct rdsca_finding *finding)
{
    bool proxy = rdsca_finding_anchor(finding)->family == RDS_FAMILY_PROXY;

    return proxy && finding->is_endpoint &&
                   rds_endpoint_ambiguous(&finding->endpoint)
               ? " (" RDS_ENDPOINT_AMBIGUITY ")"
               : "";
}

/* ---- no anchor behind it ----------------------------------------------- */

static void judge_claim(struct rdsca_finding *finding)
{
    const struct rds_anchor *claim = &finding->claim;
    char issuer[RDSCA_NAME_MAX], ca[WORDS_MAX], update[WORDS_MAX];
    char name[WORDS_MAX];

    (void)rdsca_cn(issuer, X509_get_issuer_name(rdsca_finding_top(finding)));
    if (claim->role != RDS_ROLE_INTERMEDIATE)
        say(finding, RDSCA_NOT_AT_HAND,
            "its root '%s', %s%s, is not at hand; %s", issuer,
            rdsca_ca_words(ca, claim), name_words(name, finding, claim),
            update_words(update, claim));
    else if (claim->partition == RDS_PARTITION_AWS_US_GOV)
        say(finding, RDSCA_NO_INTERMEDIATE,
            "the server does not send '%s'%s, which issued its certificate; "
            "AWS's file for GovCloud may hold it: %s",
            issuer, name_words(name, finding, claim),
            update_words(update, claim));
    else
        say(finding, RDSCA_NO_INTERMEDIATE,
            "the server does not send '%s'%s, which issued its certificate, "
            "so no client can build the chain; rotate the server's "
            "certificate",
            issuer, name_words(name, finding, claim));
}

static void judge_foreign(struct rdsca_finding *finding)
{
    const struct rds_entry *namesake = finding->signers.namesake;
    bool alone = sk_X509_num(finding->peer.chain) == 1;
    char issuer[RDSCA_NAME_MAX];
    const char *what = "is no CA of Amazon's";

    if (namesake != NULL)
        what = "has the name of a CA of Amazon's, but not its key";
    else if (alone)
        what = "is no RDS CA, and no intermediate is sent";
    say(finding, RDSCA_FOREIGN_CA, "its issuer '%s' %s%s",
        rdsca_cn(issuer, X509_get_issuer_name(rdsca_finding_top(finding))),
        what,
        finding->is_endpoint
            ? ": not AWS's server, or something in between intercepts "
              "TLS; " ELSEWHERE
            : "; rds: URIs do not help there, give clients the file of "
              "that CA");
}

static void judge_unknown(struct rdsca_finding *finding)
{
    const struct rds_entry *namesake = finding->signers.namesake;
    char ca[WORDS_MAX], update[WORDS_MAX];

    if (X509_self_signed(leaf_of(finding), 0) == 1)
        say(finding, RDSCA_SELF_SIGNED,
            "the server's certificate is self-signed, so nobody vouches for "
            "it; RDS servers have no such ones: " ELSEWHERE);
    else if (namesake != NULL && namesake->anchor->family == RDS_FAMILY_RDS)
        say(finding, RDSCA_STALE,
            "its CA has the name of %s, but not the key that is at hand; %s, "
            "and if that does not help it is not AWS's server",
            rdsca_ca_words(ca, namesake->anchor),
            update_words(update, namesake->anchor));
    else if (finding->claims)
        judge_claim(finding);
    else
        judge_foreign(finding);
}

/* ---- dates and faults -------------------------------------------------- */

/* Who has a bad date: the server's certificate, its root, or one between. */
static const char *owner_words(char out[WORDS_MAX],
                               const struct rdsca_finding *finding,
                               const X509 *x509)
{
    char cn[RDSCA_NAME_MAX];

    if (x509 == leaf_of(finding))
        (void)snprintf(out, WORDS_MAX, "the server's certificate");
    else if (finding->path.anchor != NULL && X509_self_signed((X509 *)x509, 0))
        (void)rdsca_ca_words(out, finding->path.anchor->anchor);
    else
        (void)snprintf(out, WORDS_MAX, "the intermediate '%.*s'",
                       RDS_QUOTE_MAX,
                       rdsca_cn(cn, X509_get_subject_name(x509)));
    return out;
}

static void judge_dates(struct rdsca_finding *finding)
{
    const struct rdsca_path *path = &finding->path;
    char owner[WORDS_MAX], date[RDS_DATE_MAX], clock[RDSCA_TIME_MAX];

    (void)rdsca_time(clock, finding->now);
    if (path->expired == NULL)
        say(finding, RDSCA_NOT_YET_VALID,
            "%s is valid from %s on only; is this machine's clock right? It "
            "says %s",
            owner_words(owner, finding, path->early),
            rds_date_write(date, rdsca_not_before(path->early)), clock);
    else if (path->expired == leaf_of(finding))
        say(finding, RDSCA_EXPIRED,
            "the server's certificate expired on %s; rotate it (this "
            "machine's clock says %s)",
            rds_date_write(date, rdsca_not_after(path->expired)), clock);
    else
        say(finding, RDSCA_CA_EXPIRED,
            "%s expired on %s; move the server to a CA in force, as by "
            "modify-db-instance --ca-certificate-identifier (this machine's "
            "clock says %s)",
            owner_words(owner, finding, path->expired),
            rds_date_write(date, rdsca_not_after(path->expired)), clock);
}

/* ---- names ------------------------------------------------------------- */

static void judge_name(struct rdsca_finding *finding)
{
    const struct rds_anchor *anchor = rdsca_finding_anchor(finding);
    const char *host = finding->host->name;
    char shown[RDSCA_NAME_MAX], ca[WORDS_MAX], name[WORDS_MAX];

    if (finding->shows && !finding->is_endpoint)
        say(finding, RDSCA_NO_ENDPOINT,
            "'%s' is not the name of an endpoint; the server is '%s': clients "
            "must connect by that name, with %s",
            host, finding->shown.name, finding->recommended);
    else if (finding->shows)
        say(finding, RDSCA_OTHER_NAME,
            "the certificate is for '%s', by %s, not for '%s'%s; " ELSEWHERE,
            finding->shown.name, rdsca_ca_words(ca, anchor), host,
            name_words(name, finding, anchor));
    else
        say(finding, RDSCA_OTHER_NAME,
            "the certificate, of '%s' by %s, is not for '%s'%s; " ELSEWHERE,
            rdsca_cn(shown, X509_get_subject_name(leaf_of(finding))),
            rdsca_ca_words(ca, anchor), host,
            name_words(name, finding, anchor));
}

/* Whether the root is of the region, partition and stage of the name. */
static bool same_place(const struct rds_endpoint *endpoint,
                       const struct rds_anchor *anchor)
{
    enum rds_stage stage = endpoint->kind == RDS_ENDPOINT_PREVIEW
                               ? RDS_STAGE_PREVIEW
                               : RDS_STAGE_PRODUCTION;

    return anchor->family == RDS_FAMILY_PROXY ||
           (anchor->partition == endpoint->partition &&
            (anchor->region[0] == '\0' || endpoint->region[0] == '\0' ||
             strcmp(anchor->region, endpoint->region) == 0) &&
            anchor->stage == stage);
}

/* ---- what rds-trust says ----------------------------------------------- */

static const struct rdsca_asked *
find_asked(const struct rdsca_finding *finding, bool in_force)
{
    for (size_t i = 0; i < finding->asked_count; i++) {
        if (in_force ? finding->asked[i].in_force
                     : finding->asked[i].recommended)
            return &finding->asked[i];
    }
    return NULL;
}

static bool would_trust(const struct rdsca_asked *asked)
{
    return asked != NULL && asked->opinion.kind == RDSCA_WOULD_TRUST;
}

/* No advice to give that rds-trust would follow. */
static void judge_refusal(struct rdsca_finding *finding,
                          const struct rdsca_asked *recommended)
{
    const struct rds_anchor *anchor = rdsca_finding_anchor(finding);
    char ca[WORDS_MAX], text[RDSCA_OPINION_MAX];

    if (recommended != NULL)
        say(finding, RDSCA_NO_URI, "verified by %s, but rds-trust = %s %s",
            rdsca_ca_words(ca, anchor), recommended->uri,
            rdsca_opinion_text(text, &recommended->opinion));
    else if (!finding->is_endpoint)
        say(finding, RDSCA_NO_ENDPOINT,
            "verified by %s, but '%s' is not the name of an endpoint, so "
            "rds-trust never helps it; %s does as a CA store",
            rdsca_ca_words(ca, anchor), finding->host->name,
            anchor->family == RDS_FAMILY_PROXY ? "rds://proxy" : "rds://all");
    else
        say(finding, RDSCA_NO_URI,
            "verified by %s, but rds-trust takes no global writer's name, and "
            "the certificate has no other; rds://host/%s does as a CA store",
            rdsca_ca_words(ca, anchor), finding->host->name);
}

static void judge_days(struct rdsca_finding *finding, int64_t expiring)
{
    int64_t until = rdsca_not_after(finding->path.soonest);
    char ca[WORDS_MAX], owner[WORDS_MAX], date[RDS_DATE_MAX];

    if (until > finding->now + expiring * RDSCA_DAY)
        return;
    say(finding, RDSCA_EXPIRING,
        "verified by %s, but %s expires on %s, in %lld days; %s",
        rdsca_ca_words(ca, rdsca_finding_anchor(finding)),
        owner_words(owner, finding, finding->path.soonest),
        rds_date_write(date, until),
        (long long)rdsca_days_left(until, finding->now),
        finding->path.soonest == leaf_of(finding)
            ? "rotate it before"
            : "move the server to another CA before");
}

static void judge_verified(struct rdsca_finding *finding, int64_t expiring)
{
    const struct rdsca_asked *in_force = find_asked(finding, true);
    const struct rdsca_asked *recommended = find_asked(finding, false);
    char ca[WORDS_MAX], quoted[RDS_QUOTE_MAX];
    const char *which = case_words(finding);

    (void)rdsca_ca_words(ca, rdsca_finding_anchor(finding));
    if (!would_trust(in_force) && !would_trust(recommended)) {
        judge_refusal(finding, recommended);
        return;
    }
    if (in_force != NULL && !would_trust(in_force)) {
        say(finding, RDSCA_NOT_COVERED,
            "verified by %s%s, but rds-trust = '%s' does not cover it; use "
            "%s",
            ca, which, rds_quote(quoted, in_force->uri, strlen(in_force->uri)),
            recommended->uri);
        return;
    }
    if (in_force == NULL)
        say(finding, RDSCA_VERIFIED, "verified by %s%s; use %s", ca, which,
            recommended->uri);
    else
        say(finding, RDSCA_VERIFIED, "verified by %s%s; rds-trust covers it",
            ca, which);
    judge_days(finding, expiring);
}

/* ---- all of it --------------------------------------------------------- */

static void judge_chain(struct rdsca_finding *finding, int64_t expiring)
{
    const struct rds_anchor *anchor = rdsca_finding_anchor(finding);
    const struct rdsca_path *path = &finding->path;
    char ca[WORDS_MAX];

    if (path->no_memory)
        say(finding, RDSCA_FAULTY_CHAIN, "out of memory");
    else if (anchor == NULL)
        judge_unknown(finding);
    else if (path->expired != NULL || path->early != NULL)
        judge_dates(finding);
    else if (path->error != X509_V_OK)
        say(finding, RDSCA_FAULTY_CHAIN,
            "the chain to %s does not verify: %s; " ELSEWHERE,
            rdsca_ca_words(ca, anchor),
            X509_verify_cert_error_string(path->error));
    else if (!finding->named)
        judge_name(finding);
    else if (finding->is_endpoint && !same_place(&finding->endpoint, anchor))
        say(finding, RDSCA_OTHER_REGION,
            "the name is of %s, but its certificate is by %s; no rds: URI "
            "trusts that: " ELSEWHERE,
            finding->endpoint.region[0] != '\0'
                ? finding->endpoint.region
                : rds_partition_name(finding->endpoint.partition),
            rdsca_ca_words(ca, anchor));
    else
        judge_verified(finding, expiring);
}

void rdsca_judge(struct rdsca_finding *finding, int64_t expiring)
{
    const char *trouble = finding->trouble.text;

    switch (finding->contact) {
    case RDSCA_CONTACT_TLS:
        judge_chain(finding, expiring);
        break;
    case RDSCA_CONTACT_UNREACHABLE:
        say(finding, RDSCA_NO_ANSWER, "unreachable: %s", trouble);
        break;
    case RDSCA_CONTACT_TURNED_AWAY:
        say(finding, RDSCA_TURNED_AWAY, "%s; try again later", trouble);
        break;
    case RDSCA_CONTACT_NO_TLS:
        say(finding, RDSCA_NO_TLS,
            "%s, so nobody knows who answers; RDS always can: set "
            "rds.force_ssl=1 (MySQL: require_secure_transport=ON), or see "
            "what stands in between",
            trouble);
        break;
    case RDSCA_CONTACT_STRANGE:
        say(finding, RDSCA_STRANGE,
            "%s; --protocol says what the server speaks", trouble);
        break;
    }
}
