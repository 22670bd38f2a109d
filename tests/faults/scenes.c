/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What applications do, written so that each step may fail: a step that does
 * is a refusal, and no reason to stop the program.
 */

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "faults.h"

#define URI "rds://region/" REGION
#define LIST_LEAST 100 /* names */
#define STEPS_MAX 20   /* of a handshake */

/*
 * Two chains of one region, whose bundle has the root of one of them at a
 * time: so each turn finds a file that has changed, and one chain whose root
 * is withdrawn.
 */
static struct chain chains[2];
static struct pair evil_leaf;
static unsigned turn;

static const struct chain *present(void)
{
    return &chains[turn % 2];
}

static const struct chain *withdrawn(void)
{
    return &chains[1 - turn % 2];
}

void scene_prepare(void)
{
    turn++;
    write_root(present()->root.certificate);
}

/* ---- chains ------------------------------------------------------------ */

static bool accepts(const struct chain *chain, const struct pair *leaf)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    bool accepted =
        store != NULL && ctx != NULL && untrusted != NULL &&
        sk_X509_push(untrusted, chain->subordinate.certificate) > 0 &&
        X509_STORE_CTX_init(ctx, store, leaf->certificate, untrusted) == 1 &&
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1 &&
        X509_verify_cert(ctx) == 1;

    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(untrusted);
    ERR_clear_error();
    return accepted;
}

static enum verdict chain(void)
{
    return accepts(present(), &present()->leaf) ? VERDICT_RIGHT
                                                : VERDICT_REFUSED;
}

static enum verdict withdrawn_chain(void)
{
    return accepts(withdrawn(), &withdrawn()->leaf) ? VERDICT_WRONG
                                                    : VERDICT_RIGHT;
}

static enum verdict bad_chain(void)
{
    return accepts(&chains[0], &evil_leaf) ? VERDICT_WRONG : VERDICT_RIGHT;
}

/* ---- TLS --------------------------------------------------------------- */

static bool join(SSL *client, SSL *server)
{
    BIO *one, *other;

    if (client == NULL || server == NULL ||
        BIO_new_bio_pair(&one, 0, &other, 0) != 1)
        return false;
    SSL_set_bio(client, one, one);
    SSL_set_bio(server, other, other);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_verify(client, SSL_VERIFY_PEER, NULL);
    return true;
}

static bool present_leaf(SSL *server, const struct chain *chain)
{
    return SSL_use_certificate(server, chain->leaf.certificate) == 1 &&
           SSL_use_PrivateKey(server, chain->leaf.key) == 1 &&
           SSL_add1_chain_cert(server, chain->subordinate.certificate) == 1;
}

static bool shake(SSL *client, SSL *server)
{
    bool done = false, other_done = false;

    for (int i = 0; i < STEPS_MAX && !(done && other_done); i++) {
        if (!done)
            done = SSL_do_handshake(client) == 1;
        if (!other_done)
            other_done = SSL_do_handshake(server) == 1;
    }
    return done;
}

/* Whether the client has a connection to the chain's server. */
static bool connects(const struct chain *chain)
{
    SSL_CTX *client_ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX *server_ctx = SSL_CTX_new(TLS_server_method());
    SSL *client = client_ctx != NULL ? SSL_new(client_ctx) : NULL;
    SSL *server = server_ctx != NULL ? SSL_new(server_ctx) : NULL;
    bool connected = join(client, server) && present_leaf(server, chain) &&
                     SSL_set1_host(client, HOST) == 1 && shake(client, server);

    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    ERR_clear_error();
    return connected;
}

static enum verdict connection(void)
{
    return connects(present()) ? VERDICT_RIGHT : VERDICT_REFUSED;
}

static enum verdict withdrawn_connection(void)
{
    return connects(withdrawn()) ? VERDICT_WRONG : VERDICT_RIGHT;
}

/* ---- URIs -------------------------------------------------------------- */

/* What was loaded, and whether an error was to be seen. */
struct loaded {
    unsigned names, certificates;
    bool present; /* the present root is among them */
    bool failed;
    bool said; /* something stands in the error queue */
};

static void take(struct loaded *loaded, const OSSL_STORE_INFO *info)
{
    if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_NAME) {
        loaded->names++;
    } else {
        loaded->certificates++;
        loaded->present |= X509_cmp(OSSL_STORE_INFO_get0_CERT(info),
                                    present()->root.certificate) == 0;
    }
}

/* The search is given up, since it may be what failed. */
static struct loaded load(OSSL_LIB_CTX *lib, const char *uri,
                          OSSL_STORE_SEARCH *search)
{
    OSSL_STORE_CTX *ctx;
    struct loaded loaded = {.failed = false};
    OSSL_STORE_INFO *info;

    ERR_clear_error();
    ctx = OSSL_STORE_open_ex(uri, lib, NULL, NULL, NULL, NULL, NULL, NULL);
    if (ctx == NULL || (search != NULL && OSSL_STORE_find(ctx, search) != 1))
        loaded.failed = true;
    while (!loaded.failed && OSSL_STORE_eof(ctx) == 0) {
        info = OSSL_STORE_load(ctx);
        if (info != NULL)
            take(&loaded, info);
        else
            loaded.failed = OSSL_STORE_error(ctx) != 0;
        OSSL_STORE_INFO_free(info);
    }
    loaded.said = ERR_peek_error() != 0;
    (void)OSSL_STORE_close(ctx);
    OSSL_STORE_SEARCH_free(search);
    ERR_clear_error();
    return loaded;
}

/*
 * What was expected, or an error.  Where the last load has failed, OpenSSL
 * says so nowhere but in the error queue.
 */
static enum verdict judge(const struct loaded *loaded, bool as_expected)
{
    if (!loaded->failed && as_expected)
        return VERDICT_RIGHT;
    return loaded->failed || loaded->said ? VERDICT_REFUSED : VERDICT_WRONG;
}

/* The present root and nothing else. */
static enum verdict judge_root(const struct loaded *loaded)
{
    return judge(loaded, loaded->certificates == 1 && loaded->present);
}

static enum verdict uri(void)
{
    struct loaded loaded = load(NULL, URI, NULL);

    return judge_root(&loaded);
}

static enum verdict search(OSSL_STORE_SEARCH *search)
{
    struct loaded loaded;

    if (search == NULL)
        return VERDICT_REFUSED;
    loaded = load(NULL, URI, search);
    return judge_root(&loaded);
}

static enum verdict subject(void)
{
    return search(OSSL_STORE_SEARCH_by_name(
        X509_get_subject_name(present()->root.certificate)));
}

static enum verdict issuer_serial(void)
{
    const X509 *root = present()->root.certificate;

    return search(OSSL_STORE_SEARCH_by_issuer_serial(
        X509_get_issuer_name(root), X509_get0_serialNumber(root)));
}

static enum verdict fingerprint(void)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size;

    if (X509_digest(present()->root.certificate, EVP_sha1(), bytes, &size) !=
        1)
        return VERDICT_REFUSED;
    return search(
        OSSL_STORE_SEARCH_by_key_fingerprint(EVP_sha1(), bytes, size));
}

static enum verdict alias(void)
{
    return search(OSSL_STORE_SEARCH_by_alias(REGION "-rds-ca-ecc384-g1"));
}

static enum verdict list(void)
{
    static unsigned all; /* names, as the first turn has seen them */
    struct loaded loaded = load(NULL, "rds://list", NULL);

    if (all == 0)
        all = loaded.names;
    return judge(&loaded, loaded.names == all && all >= LIST_LEAST);
}

/* A store that asks a URI; rds-trust offers the root as well. */
static enum verdict by_store(void)
{
    X509_STORE *store = X509_STORE_new();
    bool good = store != NULL && X509_STORE_load_store(store, URI) == 1;

    X509_STORE_free(store);
    ERR_clear_error();
    return good ? VERDICT_RIGHT : VERDICT_REFUSED;
}

/* ---- loading ----------------------------------------------------------- */

/* A library context with the module, asked for a region that stays. */
static enum verdict context(void)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    enum verdict verdict = VERDICT_REFUSED;
    struct loaded loaded;
    char path[PATH_SIZE];

    if (lib != NULL &&
        OSSL_LIB_CTX_load_config(lib, path_of(path, "openssl.cnf")) == 1) {
        loaded = load(lib, URI, NULL);
        verdict = judge_root(&loaded);
    }
    OSSL_LIB_CTX_free(lib);
    ERR_clear_error();
    return verdict;
}

/* The first in the process, and what it trusts then. */
static enum verdict first_context(void)
{
    enum verdict verdict = context();

    if (accepts(withdrawn(), &withdrawn()->leaf) ||
        accepts(&chains[0], &evil_leaf))
        return VERDICT_WRONG;
    return verdict == VERDICT_RIGHT ? chain() : verdict;
}

/* ---- all of them ------------------------------------------------------- */

const struct scene scenes[] = {
    {.name = "a chain", .act = chain},
    {.name = "a chain whose root is withdrawn", .act = withdrawn_chain},
    {.name = "a chain to refuse", .act = bad_chain},
    {.name = "a connection", .act = connection},
    {.name = "a connection, root withdrawn", .act = withdrawn_connection},
    {.name = "a URI", .act = uri},
    {.name = "by subject", .act = subject},
    {.name = "by issuer and serial number", .act = issuer_serial},
    {.name = "by fingerprint", .act = fingerprint},
    {.name = "by alias", .act = alias},
    {.name = "the list of URIs", .act = list},
    {.name = "a CA store", .act = by_store},
    {.name = "one more library context", .act = context, .configures = true},
    {.name = "the first library context",
     .act = first_context,
     .unloaded = true,
     .configures = true},
};
const size_t scene_count = COUNT_OF(scenes);

void scenes_start(void)
{
    chain_make(&chains[0], REGION);
    chain_make(&chains[1], REGION);
    leaf_make(&evil_leaf, &chains[0], "DNS:" EVIL);
}

void scenes_end(void)
{
    chain_free(&chains[0]);
    chain_free(&chains[1]);
    pair_free(&evil_leaf);
}
