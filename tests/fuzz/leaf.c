/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves, through the module itself: it is loaded with rds-trust, and its
 * issuer function is asked for the issuer of the certificate that the input
 * is.  Where an anchor is offered, the leaf must be in scope by libcrypto's
 * reading.  The input: DER, then a byte for what the application expects, and
 * a host.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define TRUST "rds://region/us-west-2+proxy"
#define ROOT "us-west-2-rds-ca-ecc384-g1" /* whose name the issuer gets */

static X509_STORE *store;
static X509_STORE_CTX *chain;
static X509_NAME *issuer_name;
static struct rds_uri uri;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct rds_view *view = builtin_view();
    struct rds_error err;

    (void)argc;
    (void)argv;
    load_module(TRUST);
    NEED(rds_uri_read(TRUST, &uri, &err));
    store = X509_STORE_new();
    chain = X509_STORE_CTX_new();
    NEED(store != NULL && chain != NULL &&
         X509_STORE_get_get_issuer(store) != NULL);
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;
        const unsigned char *at = view->entries[i].der + anchor->subject.at;

        if (strcmp(anchor->alias, ROOT) == 0)
            issuer_name = d2i_X509_NAME(NULL, &at, anchor->subject.size);
    }
    NEED(issuer_name != NULL);
    return 0;
}

/* The certificate with which the input begins, as if a root had issued it. */
static X509 *take_leaf(struct feed *feed)
{
    const unsigned char *at = feed->at;
    X509 *leaf = d2i_X509(NULL, &at, (long)feed->left);

    if (leaf == NULL)
        return NULL;
    feed->left -= (size_t)(at - feed->at);
    feed->at = at;
    NEED(X509_set_issuer_name(leaf, issuer_name) == 1);
    return leaf;
}

/* What the application expects, and whether that is in scope. */
static bool expect(struct feed *feed, X509_VERIFY_PARAM *param)
{
    unsigned kind = feed_byte(feed) % 5;
    char *host = feed_text(feed, '\0');
    struct rds_endpoint endpoint;
    bool good = true;

    switch (kind) {
    case 1:
        good = X509_VERIFY_PARAM_set1_host(param, host, 0) != 1 ||
               host[0] == '\0' ||
               (grammar_reads(host, strlen(host), &endpoint) &&
                uri_covers(&uri, &endpoint));
        break;
    case 2:
        good = X509_VERIFY_PARAM_set1_ip_asc(param, "192.0.2.1") != 1;
        break;
    case 3:
        good = X509_VERIFY_PARAM_set1_email(param, "a@b.example", 0) != 1;
        break;
    default:
        break;
    }
    free(host);
    return good;
}

static void claim_root(X509 *root)
{
    unsigned char sha256[EVP_MAX_MD_SIZE];
    const struct rds_view *view = builtin_view();

    NEED(X509_digest(root, EVP_sha256(), sha256, NULL) == 1);
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (memcmp(anchor->sha256, sha256, RDS_SHA256_SIZE) != 0)
            continue;
        CLAIM(anchor->role == RDS_ROLE_ROOT &&
                  (anchor->family == RDS_FAMILY_PROXY ||
                   strcmp(anchor->region, "us-west-2") == 0),
              "%s", anchor->alias);
        return;
    }
    CLAIM(false, "an anchor that is not built in");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    X509 *leaf = take_leaf(&feed), *root = NULL;
    bool expected;
    int offered;

    ERR_clear_error();
    if (leaf == NULL)
        return 0;
    NEED(X509_STORE_CTX_init(chain, store, leaf, NULL) == 1);
    expected = expect(&feed, X509_STORE_CTX_get0_param(chain));
    ERR_clear_error();
    offered = X509_STORE_get_get_issuer(store)(&root, chain, leaf);
    CLAIM(offered == 0 || offered == 1, "the answer %d", offered);
    CLAIM((offered == 1) == (root != NULL), "an answer without an issuer");
    CLAIM(ERR_peek_error() == 0, "a trace in the error queue");
    if (offered == 1) {
        reached();
        CLAIM(expected, "another identity is expected");
        claim_root(root);
        claim_leaf(leaf, uri_covers, &uri);
    }
    X509_free(root);
    X509_STORE_CTX_cleanup(chain);
    X509_free(leaf);
    ERR_clear_error();
    return 0;
}
