/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Examining what a server showed of itself.  Refuses to take a certificate's
 * word for more than a claim.
 */

#include "result.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "san.h"

static bool matches_host(X509 *leaf, const struct rdsca_host *host)
{
    if (host->address)
        return X509_check_ip_asc(leaf, host->name, 0) == 1;
    return X509_check_host(leaf, host->name, strlen(host->name), 0, NULL) == 1;
}

/* ---- claims ------------------------------------------------------------ */

static X509 *issuer_in(const STACK_OF(X509) * chain, const X509 *x509)
{
    const X509_NAME *issuer = X509_get_issuer_name(x509);

    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *other = sk_X509_value(chain, i);

        if (other != x509 &&
            X509_NAME_cmp(X509_get_subject_name(other), issuer) == 0)
            return other;
    }
    return NULL;
}

/* The certificate whose issuer the server does not send, or a root. */
X509 *rdsca_finding_top(const struct rdsca_finding *finding)
{
    const STACK_OF(X509) *chain = finding->peer.chain;
    X509 *top = sk_X509_value(chain, 0), *next;

    for (int i = 0; i < sk_X509_num(chain); i++) {
        next = issuer_in(chain, top);
        if (next == NULL)
            break;
        top = next;
    }
    return top;
}

static bool read_claim(struct rdsca_finding *finding)
{
    unsigned char *der = NULL;
    struct rds_certificate fields;
    int size = i2d_X509(rdsca_finding_top(finding), &der);
    bool good = size > 0 &&
                rds_certificate_read(der, (size_t)size, &fields, NULL) &&
                rds_anchor_read_name(&finding->claim, fields.issuer_cn);

    OPENSSL_free(der);
    return good;
}

/* The first name that is a whole endpoint with a region of its own. */
static bool read_shown(X509 *leaf, struct rds_endpoint *out)
{
    struct rdsca_names names;

    rdsca_names_read(&names, leaf);
    for (size_t i = 0; i < names.count; i++) {
        if (rds_endpoint_read((const char *)names.items[i].at,
                              names.items[i].size, out) &&
            out->kind != RDS_ENDPOINT_GLOBAL_WRITER)
            return true;
    }
    return false;
}

/* ---- the URI ----------------------------------------------------------- */

/* A global writer's name is none for rds-trust; a regional one is. */
static const struct rds_endpoint *
endpoint_to_name(const struct rdsca_finding *finding)
{
    if (finding->is_endpoint &&
        finding->endpoint.kind != RDS_ENDPOINT_GLOBAL_WRITER)
        return &finding->endpoint;
    return finding->shows ? &finding->shown : NULL;
}

static void recommend(struct rdsca_finding *finding)
{
    const struct rds_endpoint *endpoint = endpoint_to_name(finding);

    if (endpoint != NULL)
        (void)snprintf(finding->recommended, sizeof(finding->recommended),
                       "rds://host/%s", endpoint->name);
}

static void ask(struct rdsca_finding *finding, const char *uri, bool in_force)
{
    struct rdsca_subject subject = {
        finding->host,     finding->peer.chain, finding->view,
        &finding->signers, finding->now,        finding->peer.security_level};
    struct rdsca_asked *asked = &finding->asked[finding->asked_count++];

    asked->uri = uri;
    asked->in_force = in_force;
    asked->recommended = strcmp(uri, finding->recommended) == 0;
    rdsca_opinion_form(&asked->opinion, uri, &subject);
}

/* ---- all of it --------------------------------------------------------- */

const struct rds_anchor *
rdsca_finding_anchor(const struct rdsca_finding *finding)
{
    return finding->path.anchor != NULL ? finding->path.anchor->anchor : NULL;
}

void rdsca_examine(struct rdsca_finding *finding, const struct rds_view *view,
                   const char *trust)
{
    X509 *leaf = sk_X509_value(finding->peer.chain, 0);
    struct rdsca_terms terms = {NULL, finding->now,
                                finding->peer.security_level};

    finding->view = view;
    rdsca_signers_find(&finding->signers, view, finding->peer.chain);
    rdsca_path_build(&finding->path, &finding->signers, finding->peer.chain,
                     &terms);
    finding->named = matches_host(leaf, finding->host);
    finding->claims = read_claim(finding);
    finding->shows = read_shown(leaf, &finding->shown);
    recommend(finding);
    if (trust != NULL)
        ask(finding, trust, true);
    if (finding->recommended[0] != '\0' &&
        (trust == NULL || strcmp(trust, finding->recommended) != 0))
        ask(finding, finding->recommended, false);
}

void rdsca_finding_clear(struct rdsca_finding *finding)
{
    rdsca_signers_clear(&finding->signers);
    sk_X509_pop_free(finding->peer.chain, X509_free);
    finding->peer.chain = NULL;
}
