/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as JSON.  Refuses to leave a member out: what is not known is
 * null.
 */

#include "report_json.h"

#include <stdlib.h>
#include <string.h>

#include "../certs/describe.h"
#include "../cli/json.h"
#include "san.h"
#include "rds/bundle.h"
#include "rds/sha256.h"
#include "verdict.h"

#define SCHEMA 1

/* A text, or null for NULL and "". */
static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t seconds)
{
    char text[RDSCA_TIME_MAX];

    if (seconds == RDSCA_NO_TIME)
        return json_null();
    return json_string(rdsca_time(text, seconds));
}

static json_t *days_or_null(int64_t until, int64_t now)
{
    if (until == RDSCA_NO_TIME)
        return json_null();
    return json_integer((json_int_t)rdsca_days_left(until, now));
}

static json_t *pack_endpoint(const struct rdsca_finding *finding)
{
    const struct rds_endpoint *endpoint = &finding->endpoint;

    if (!finding->is_endpoint)
        return json_null();
    return json_pack("{s:s,s:o,s:s,s:o}", "kind",
                     rds_endpoint_kind_name(endpoint->kind), "region",
                     text_or_null(endpoint->region), "partition",
                     rds_partition_name(endpoint->partition), "label",
                     text_or_null(endpoint->label));
}

static json_t *pack_tls(const struct rdsca_finding *finding)
{
    if (finding->peer.version == NULL)
        return json_null();
    return json_pack("{s:s,s:s}", "version", finding->peer.version, "cipher",
                     finding->peer.cipher);
}

/* ---- the chain --------------------------------------------------------- */

static json_t *pack_names(X509 *x509)
{
    json_t *packed = json_array();
    struct rdsca_names names;
    char text[RDSCA_NAME_MAX];

    rdsca_names_read(&names, x509);
    for (size_t i = 0; packed != NULL && i < names.count; i++)
        rdsca_json_append(&packed,
                          json_string(rdsca_name(text, names.items[i].at,
                                                 names.items[i].size)));
    return packed;
}

static json_t *pack_name(const X509_NAME *name)
{
    char *text = rdsca_name_text(name);
    json_t *packed = text != NULL ? json_string(text) : json_null();

    free(text);
    return packed;
}

static json_t *pack_sha256(const X509 *x509)
{
    unsigned char *der = NULL, sha256[RDS_SHA256_SIZE];
    char text[RDS_SHA256_TEXT];
    int size = i2d_X509(x509, &der);

    if (size <= 0)
        return NULL;
    rds_sha256(der, (size_t)size, sha256);
    OPENSSL_free(der);
    return json_string(rds_sha256_write(text, sha256));
}

static json_t *pack_certificate(X509 *x509, int64_t now)
{
    char subject[RDSCA_NAME_MAX], issuer[RDSCA_NAME_MAX], key[RDSCA_KEY_MAX];
    int64_t until = rdsca_not_after(x509);

    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o}", "cn",
                     rdsca_cn(subject, X509_get_subject_name(x509)),
                     "issuer_cn", rdsca_cn(issuer, X509_get_issuer_name(x509)),
                     "subject", pack_name(X509_get_subject_name(x509)),
                     "issuer", pack_name(X509_get_issuer_name(x509)), "names",
                     pack_names(x509), "key", rdsca_key(key, x509),
                     "not_before", time_or_null(rdsca_not_before(x509)),
                     "not_after", time_or_null(until), "days_left",
                     days_or_null(until, now), "sha256", pack_sha256(x509));
}

static json_t *pack_chain(const struct rdsca_finding *finding)
{
    const STACK_OF(X509) *chain = finding->peer.chain;
    json_t *packed = json_array();

    for (int i = 0; packed != NULL && i < sk_X509_num(chain); i++)
        rdsca_json_append(
            &packed, pack_certificate(sk_X509_value(chain, i), finding->now));
    return packed;
}

/* ---- what stands behind it --------------------------------------------- */

static json_t *pack_anchor(const struct rdsca_finding *finding)
{
    const struct rds_entry *entry = finding->path.anchor;
    char sha256[RDS_SHA256_TEXT];
    const struct rds_anchor *a;

    if (entry == NULL)
        return json_null();
    a = entry->anchor;
    return json_pack(
        "{s:s,s:o,s:s,s:o,s:o,s:s,s:s,s:o}", "ca", a->ca, "region",
        text_or_null(a->region), "family",
        a->family == RDS_FAMILY_PROXY ? "proxy" : "rds", "not_after",
        time_or_null(a->not_after), "days_left",
        days_or_null(a->not_after, finding->now), "sha256",
        rds_sha256_write(sha256, a->sha256), "source",
        entry->bundle == NULL ? "built in" : "directory", "file",
        text_or_null(entry->bundle != NULL ? entry->bundle->name.file : NULL));
}

static json_t *pack_ca(const struct rdsca_finding *finding)
{
    const struct rds_anchor *anchor = rdsca_finding_anchor(finding);

    if (anchor != NULL)
        return json_string(anchor->ca);
    return text_or_null(finding->claims ? finding->claim.ca : NULL);
}

static json_t *pack_opinion(const struct rdsca_asked *asked)
{
    const struct rdsca_opinion *opinion = &asked->opinion;
    bool by_clause = opinion->kind == RDSCA_OUT_OF_SCOPE;
    char text[RDSCA_OPINION_MAX], name[RDSCA_NAME_MAX] = "";
    char quoted[RDS_QUOTE_MAX];
    const char *uri = asked->uri;

    if (opinion->kind == RDSCA_UNUSABLE)
        uri = rds_quote(quoted, uri, strlen(uri));
    if (by_clause && opinion->name != NULL)
        (void)rdsca_name(name, opinion->name, opinion->name_size);
    return json_pack(
        "{s:s,s:b,s:b,s:b,s:o,s:o,s:s}", "uri", uri, "in_force",
        (int)asked->in_force, "recommended", (int)asked->recommended, "trusts",
        (int)(opinion->kind == RDSCA_WOULD_TRUST), "clause",
        text_or_null(by_clause ? rds_clause_text(opinion->clause) : NULL),
        "name", text_or_null(name), "text", rdsca_opinion_text(text, opinion));
}

static json_t *pack_opinions(const struct rdsca_finding *finding)
{
    json_t *packed = json_array();

    for (size_t i = 0; packed != NULL && i < finding->asked_count; i++)
        rdsca_json_append(&packed, pack_opinion(&finding->asked[i]));
    return packed;
}

/* ---- all of it --------------------------------------------------------- */

json_t *rdsca_probe_json(const struct rdsca_finding *finding)
{
    bool connected = finding->address[0] != '\0';
    unsigned port = connected ? finding->port : finding->host->port;

    return json_pack(
        "{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:i,s:s}", "host",
        finding->host->name, "endpoint", pack_endpoint(finding), "address",
        text_or_null(finding->address), "port",
        port != 0 ? json_integer((json_int_t)port) : json_null(), "protocol",
        connected && finding->protocol != RDSCA_PROTOCOL_AUTO
            ? json_string(rdsca_protocol_name(finding->protocol))
            : json_null(),
        "tls", pack_tls(finding), "chain", pack_chain(finding), "ca",
        pack_ca(finding), "anchor", pack_anchor(finding), "trust",
        pack_opinions(finding), "verdict",
        rdsca_verdict_name(finding->verdict), "exit",
        (int)rdsca_verdict_exit(finding->verdict), "text", finding->advice);
}

enum rdsca_exit rdsca_probe_print_json(const char *name, json_t *hosts,
                                       int64_t now, const char *directory)
{
    char time[RDSCA_TIME_MAX];

    return rdsca_json_print(
        name, json_pack("{s:i,s:s,s:o,s:o}", "schema", SCHEMA, "time",
                        rdsca_time(time, now), "directory",
                        rdsca_json_text(directory), "hosts", hosts));
}
