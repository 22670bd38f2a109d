/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding as text.  Refuses to show a byte of a server's unquoted.
 */

#include "report_text.h"

#include <string.h>

#include "../certs/describe.h"
#include "san.h"
#include "rds/bundle.h"

#define NAMES_SHOWN 4 /* of a certificate */

static const char *const protocol_titles[] = {"?", "PostgreSQL", "MySQL",
                                              "TLS without STARTTLS"};
_Static_assert(sizeof(protocol_titles) / sizeof(protocol_titles[0]) ==
                   RDSCA_PROTOCOLS,
               "every protocol has a title");

/* "  key:        " */
static void begin(FILE *to, const char *key)
{
    (void)fprintf(to, "  %s:%*s", key, (int)(11 - strlen(key)), "");
}

/* As it was given. */
static void print_host(const struct rdsca_host *host, FILE *to)
{
    bool brackets = host->port != 0 && strchr(host->name, ':') != NULL;

    (void)fprintf(to, brackets ? "[%s]" : "%s", host->name);
    if (host->port != 0)
        (void)fprintf(to, ":%u", host->port);
    (void)fputc('\n', to);
}

static void print_connection(const struct rdsca_finding *finding, FILE *to)
{
    if (finding->address[0] == '\0')
        return;
    begin(to, "connected");
    (void)fprintf(to, "%s port %u, %s", finding->address, finding->port,
                  protocol_titles[finding->protocol]);
    if (finding->peer.version != NULL)
        (void)fprintf(to, ", %s, %s", finding->peer.version,
                      finding->peer.cipher);
    (void)fputc('\n', to);
}

static void print_endpoint(const struct rdsca_finding *finding, FILE *to)
{
    const struct rds_endpoint *endpoint = &finding->endpoint;

    begin(to, "endpoint");
    if (!finding->is_endpoint) {
        (void)fputs("no name of an RDS endpoint\n", to);
        return;
    }
    (void)fputs(rds_endpoint_kind_name(endpoint->kind), to);
    if (endpoint->region[0] != '\0')
        (void)fprintf(to, " in %s", endpoint->region);
    if (endpoint->label[0] != '\0')
        (void)fprintf(to, ", account label %s", endpoint->label);
    (void)fputc('\n', to);
}

/* ---- the chain --------------------------------------------------------- */

static void print_names(X509 *x509, FILE *to)
{
    struct rdsca_names names;
    char name[RDSCA_NAME_MAX];
    size_t shown;

    rdsca_names_read(&names, x509);
    if (names.count + names.others == 0)
        return;
    shown = names.count < NAMES_SHOWN ? names.count : NAMES_SHOWN;
    begin(to, "names");
    for (size_t i = 0; i < shown; i++)
        (void)fprintf(
            to, "%s'%s'", i == 0 ? "" : ", ",
            rdsca_name(name, names.items[i].at, names.items[i].size));
    if (names.count + names.beyond > shown)
        (void)fprintf(to, ", and %zu more",
                      names.count + names.beyond - shown);
    if (names.others != 0)
        (void)fprintf(to, "%s%zu that %s no host name",
                      shown != 0 ? ", and " : "", names.others,
                      names.others == 1 ? "is" : "are");
    (void)fputc('\n', to);
}

/* "2026-01-01 to 2027-01-01, 236 days left" */
static void print_dates(int64_t from, int64_t until, int64_t now, FILE *to)
{
    char first[RDS_DATE_MAX], last[RDS_DATE_MAX];

    if (from == RDSCA_NO_TIME || until == RDSCA_NO_TIME) {
        (void)fputs("dates that cannot be read", to);
        return;
    }
    (void)fprintf(to, "%s to %s, ", rds_date_write(first, from),
                  rds_date_write(last, until));
    if (until < now)
        (void)fputs("expired", to);
    else if (from > now)
        (void)fputs("not yet valid", to);
    else
        (void)fprintf(to, "%lld days left",
                      (long long)rdsca_days_left(until, now));
}

static void print_chain(const struct rdsca_finding *finding, FILE *to)
{
    const STACK_OF(X509) *chain = finding->peer.chain;
    char key[24], subject[RDSCA_NAME_MAX], issuer[RDSCA_NAME_MAX];

    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *x509 = sk_X509_value(chain, i);

        (void)snprintf(key, sizeof(key), "chain %d", i);
        begin(to, key);
        (void)fprintf(to, "'%s' issued by '%s', ",
                      rdsca_cn(subject, X509_get_subject_name(x509)),
                      rdsca_cn(issuer, X509_get_issuer_name(x509)));
        print_dates(rdsca_not_before(x509), rdsca_not_after(x509),
                    finding->now, to);
        (void)fputc('\n', to);
        print_names(x509, to);
    }
}

/* ---- what stands behind it --------------------------------------------- */

static void print_anchor(const struct rdsca_finding *finding, FILE *to)
{
    const struct rds_entry *entry = finding->path.anchor;
    char place[RDSCA_PLACE_MAX], date[RDS_DATE_MAX], sha256[RDS_SHA256_TEXT];
    const struct rds_anchor *anchor;

    begin(to, "anchor");
    if (entry == NULL) {
        (void)fputs("none at hand\n", to);
        return;
    }
    anchor = entry->anchor;
    (void)fprintf(to, "%s, ", rdsca_place(place, anchor));
    if (entry->bundle == NULL)
        (void)fputs("built in, ", to);
    else
        (void)fprintf(to, "%s of %s, ", entry->bundle->name.file,
                      rds_date_write(date, entry->bundle->confirmed));
    print_dates(anchor->not_before, anchor->not_after, finding->now, to);
    (void)fprintf(to, ", SHA-256 %s\n",
                  rds_sha256_write(sha256, anchor->sha256));
}

static void print_ca(const struct rdsca_finding *finding, FILE *to)
{
    const struct rds_anchor *anchor = rdsca_finding_anchor(finding);

    begin(to, "CA");
    if (anchor != NULL)
        (void)fprintf(to, "%s\n", anchor->ca);
    else if (finding->claims && finding->claim.ca[0] != '\0')
        (void)fprintf(to, "%s, by its name alone\n", finding->claim.ca);
    else
        (void)fputs("unknown\n", to);
}

static void print_opinions(const struct rdsca_finding *finding, FILE *to)
{
    char quoted[RDS_QUOTE_MAX], text[RDSCA_OPINION_MAX];

    for (size_t i = 0; i < finding->asked_count; i++) {
        const struct rdsca_asked *asked = &finding->asked[i];
        const char *uri = asked->uri;

        if (asked->opinion.kind == RDSCA_UNUSABLE)
            uri = rds_quote(quoted, uri, strlen(uri));
        begin(to, "rds-trust");
        (void)fprintf(to, "%s (%s%s%s): %s\n", uri,
                      asked->in_force ? "in force" : "",
                      asked->in_force && asked->recommended ? ", " : "",
                      asked->recommended ? "recommended" : "",
                      rdsca_opinion_text(text, &asked->opinion));
    }
}

void rdsca_probe_text(const struct rdsca_finding *finding, FILE *to)
{
    print_host(finding->host, to);
    print_connection(finding, to);
    print_endpoint(finding, to);
    if (finding->peer.chain != NULL) {
        print_chain(finding, to);
        print_anchor(finding, to);
        print_ca(finding, to);
        print_opinions(finding, to);
    }
    (void)fprintf(to, "  verdict: %s\n", finding->advice);
}
