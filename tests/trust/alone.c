/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rds-trust leaves alone: the application's own trust store, issuer
 * function, trusted stack and callback; its error queue, errno, and the
 * error that it sees where a chain does not verify.
 */

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define ODD_ERRNO 12345

/* ---- the trust store --------------------------------------------------- */

static int objects_in(X509_STORE *store)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

static void test_store_unchanged(void)
{
    X509_STORE *store = X509_STORE_new();
    struct chain chain, stranger;

    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    for (int i = 0; i < 3; i++) {
        CHECK_ERROR(verify_in(store, &chain), X509_V_OK, "ours, %d", i);
        CHECK_ERROR(verify_in(store, &stranger), NO_ISSUER, "a stranger, %d",
                    i);
        CHECK(objects_in(store) == 0, "%d objects in the store",
              objects_in(store));
    }
    NEED(X509_STORE_add_cert(store, stranger.root.certificate) == 1);
    CHECK_ERROR(verify_in(store, &chain), X509_V_OK, "ours beside its own");
    CHECK_ERROR(verify_in(store, &stranger), X509_V_OK, "its own");
    CHECK(objects_in(store) == 1, "%d objects in the store",
          objects_in(store));
    X509_STORE_free(store);
    chain_free(&chain);
    chain_free(&stranger);
}

/* Where both know the root, the application's is the one that is used. */
static void test_own_store_first(void)
{
    struct question question = {.store = X509_STORE_new()};
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    NEED(X509_STORE_add_cert(question.store, chain.root.certificate) == 1);
    log_clear();
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "the chain");
    CHECK(answer.top == chain.root.certificate, "the application's object");
    CHECK(log_count("offered") == 0, "nothing was offered");
    answer_clear(&answer);
    question.purpose = NO_PURPOSE;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK,
                "with all that the application trusts it for");
    answer_clear(&answer);
    X509_STORE_free(question.store);
    chain_free(&chain);
}

/* Documented: what the application has under the name is its answer. */
static void test_expired_masks(void)
{
    X509_STORE *store = X509_STORE_new();
    struct recipe recipe = {.kind = KIND_CA,
                            .cn = "Amazon RDS " REGION " Root CA ECC384 G1",
                            .from = -100,
                            .until = -1};
    struct chain chain;
    struct pair expired;
    X509 *copy;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    copy = X509_dup(chain.root.certificate);
    NEED(copy != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(copy), -3600) != NULL &&
         X509_sign(copy, chain.root.key, EVP_sha256()) != 0 &&
         X509_STORE_add_cert(store, copy) == 1);
    CHECK_ERROR(verify_in(store, &chain), X509_V_ERR_CERT_HAS_EXPIRED,
                "the same name and key, expired, masks");
    X509_STORE_free(store);
    store = X509_STORE_new();
    pair_make(&expired, &recipe);
    NEED(X509_STORE_add_cert(store, expired.certificate) == 1);
    CHECK_ERROR(verify_in(store, &chain), X509_V_OK,
                "the same name, another key, does not");
    X509_STORE_free(store);
    X509_free(copy);
    pair_free(&expired);
    chain_free(&chain);
}

/* ---- other ways to be asked -------------------------------------------- */

static int own_calls;

#if OPENSSL_VERSION_MAJOR >= 4
static int own_get_issuer(X509 **issuer, X509_STORE_CTX *ctx, const X509 *x)
#else
static int own_get_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *x)
#endif
{
    own_calls++;
    return X509_STORE_CTX_get1_issuer(issuer, ctx, x);
}

static void test_own_issuer_function(void)
{
    X509_STORE *store = X509_STORE_new();
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    X509_STORE_set_get_issuer(store, own_get_issuer);
    log_clear();
    CHECK_ERROR(verify_in(store, &chain), NO_ISSUER, "its own function");
    CHECK(own_calls != 0, "it was called");
    CHECK(log_count("trust:") == 0, "ours was not");
    X509_STORE_free(store);
    chain_free(&chain);
}

static void own_store_made(void *parent, void *ptr, CRYPTO_EX_DATA *ad,
                           int index, long argl, void *argp)
{
    (void)ptr;
    (void)ad;
    (void)index;
    (void)argl;
    (void)argp;
    X509_STORE_set_get_issuer(parent, own_get_issuer);
}

/* An application that sets its function in the very way that we do. */
static void test_own_function_from_the_start(void)
{
    X509_STORE *store;
    struct chain chain;

    NEED(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0, NULL,
                                 own_store_made, NULL, NULL) >= 0);
    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    load_into_default("own.cnf", &(struct section){.trust = TRUST});
    store = X509_STORE_new();
    CHECK(X509_STORE_get_get_issuer(store) == own_get_issuer,
          "the application's function stays");
    CHECK_ERROR(verify_in(store, &chain), NO_ISSUER, "its own function");
    CHECK(own_calls != 0, "it was called");
    X509_STORE_free(store);
    chain_free(&chain);
}

static void test_trusted_stack(void)
{
    struct question question = {.trusted_stack = true};
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    log_clear();
    CHECK_ERROR(verify(&question, &answer), NO_ISSUER, "an empty stack");
    CHECK(log_count("trust:") == 0, "ours was not asked");
    answer_clear(&answer);
    question.trusted_stack = false;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "without it");
    answer_clear(&answer);
    chain_free(&chain);
}

static int callback_calls;

static int verify_all(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    callback_calls++;
    return *(const int *)arg;
}

static void test_whole_chain_callback(void)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct chain chain;
    int verdict = 0;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    SSL_CTX_set_cert_verify_callback(client, verify_all, &verdict);
    log_clear();
    for (verdict = 0; verdict < 2; verdict++) {
        struct tls tls = {.client = client,
                          .server_pair = &chain.leaf,
                          .extra = chain.subordinate.certificate};

        CHECK(handshake(&tls) == (verdict == 1), "verdict %d", verdict);
    }
    CHECK(callback_calls == 2, "%d calls", callback_calls);
    CHECK(log_count("trust:") == 0, "ours was not asked");
    SSL_CTX_free(client);
    chain_free(&chain);
}

/* ---- no trace ---------------------------------------------------------- */

/* Asks our function itself, as libcrypto would. */
struct asking {
    X509_STORE *store;
    X509_STORE_CTX *ctx;
    X509_STORE_CTX_get_issuer_fn ask;
    X509 *issuer;
};

static void asking_start(struct asking *asking, X509 *leaf)
{
    memset(asking, 0, sizeof(*asking));
    asking->store = X509_STORE_new();
    asking->ctx = X509_STORE_CTX_new();
    NEED(asking->store != NULL && asking->ctx != NULL);
    asking->ask = X509_STORE_get_get_issuer(asking->store);
    NEED(asking->ask != NULL && asking->ask != X509_STORE_CTX_get1_issuer);
    NEED(X509_STORE_CTX_init(asking->ctx, asking->store, leaf, NULL) == 1);
}

static void asking_end(struct asking *asking)
{
    X509_free(asking->issuer);
    X509_STORE_CTX_free(asking->ctx);
    X509_STORE_free(asking->store);
}

/* Ways for the lookup to fail or to succeed: what is there to be read. */
static void set_stage(int stage, const struct chain *chain)
{
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\nx\n";
    char path[PATH_SIZE];
    FILE *file;

    (void)path_of(path, "bundles/" REGION "-bundle.pem");
    (void)unlink(path);
    if (stage == 1) {
        file = fopen(path, "w");
        NEED(file != NULL && fputs(damaged, file) >= 0 && fclose(file) == 0);
    } else if (stage == 2) {
        NEED(symlink("/nonexistent", path) == 0);
    } else if (stage == 3) {
        write_root(chain->root.certificate);
    }
}

static void check_no_trace(struct asking *asking, X509 *subject, int expected,
                           const char *what, int stage)
{
    unsigned long code, top = ERR_PACK(ERR_LIB_USER, 0, 7);
    int result;

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 5);
    NEED(ERR_set_mark() == 1);
    ERR_raise(ERR_LIB_USER, 7);
    errno = ODD_ERRNO;
    result = asking->ask(&asking->issuer, asking->ctx, subject);
    CHECK(errno == ODD_ERRNO, "%s, %d: errno is %d", what, stage, errno);
    CHECK(result == expected, "%s, %d: the result is %d", what, stage, result);
    CHECK(ERR_peek_last_error() == top, "%s, %d: the last error is ours", what,
          stage);
    CHECK(ERR_pop_to_mark() == 1, "%s, %d: the mark is there", what, stage);
    code = ERR_get_error();
    CHECK(ERR_GET_REASON(code) == 5 && ERR_get_error() == 0,
          "%s, %d: what was there before, and nothing else", what, stage);
    if (result != 1)
        CHECK(asking->issuer == NULL, "%s, %d: no issuer", what, stage);
    X509_free(asking->issuer);
    asking->issuer = NULL;
}

static void test_no_trace(void)
{
    struct asking good, foreign;
    struct chain chain, stranger;

    chain_make(&chain, REGION);
    stranger_make(&stranger);
    for (int stage = 0; stage < 4; stage++) {
        set_stage(stage, &chain);
        asking_start(&good, chain.leaf.certificate);
        asking_start(&foreign, stranger.leaf.certificate);
        for (int again = 0; again < 2; again++) {
            check_no_trace(&good, chain.subordinate.certificate, stage == 3,
                           "the subordinate", stage);
            check_no_trace(&good, chain.leaf.certificate, 0, "the leaf",
                           stage);
            check_no_trace(&foreign, stranger.leaf.certificate, 0,
                           "a stranger", stage);
        }
        asking_end(&good);
        asking_end(&foreign);
    }
    CHECK(log_count("bundle.pem: ") >= 2, "bad bundles were read and refused");
    chain_free(&chain);
    chain_free(&stranger);
}

/* A subject that libcrypto itself cannot deal with. */
static void test_two_keys_leave_no_trace(void)
{
    struct asking asking;
    const X509 *roots[2];
    struct chain chain;
    struct pair other, subordinate;

    chain_make(&chain, REGION);
    pair_make(&other, &(struct recipe){.kind = KIND_CA,
                                       .cn = "Amazon RDS " REGION
                                             " Root CA ECC384 G1"});
    pair_make(&subordinate,
              &(struct recipe){.kind = KIND_CA,
                               .cn = "Amazon RDS " REGION
                                     " Subordinate CA ECC384 G1.A.2",
                               .issuer = &other,
                               .no_aki = true});
    roots[0] = chain.root.certificate;
    roots[1] = other.certificate;
    write_bundle(REGION "-bundle.pem", roots, 2);
    asking_start(&asking, chain.leaf.certificate);
    check_no_trace(&asking, subordinate.certificate, 1,
                   "signatures were tried", 0);
    asking_end(&asking);
    pair_free(&other);
    pair_free(&subordinate);
    chain_free(&chain);
}

/* ---- what the application sees ----------------------------------------- */

/* The same question to a store with and to one without our function. */
static void check_same(const char *what, const struct question *asked)
{
    struct question with = *asked, without = *asked;
    struct answer one, other;
    unsigned long code;

    with.store = X509_STORE_new();
    without.store = X509_STORE_new();
    X509_STORE_set_get_issuer(without.store, X509_STORE_CTX_get1_issuer);
    ERR_clear_error();
    (void)verify(&without, &other);
    code = ERR_peek_last_error();
    ERR_clear_error();
    (void)verify(&with, &one);
    CHECK_ERROR(one.error, other.error, "%s", what);
    CHECK(one.error != X509_V_OK, "%s fails", what);
    CHECK(one.depth == other.depth, "%s: depth %d, not %d", what, one.depth,
          other.depth);
    CHECK(ERR_peek_last_error() == code, "%s: the error queue", what);
    ERR_clear_error();
    answer_clear(&one);
    answer_clear(&other);
    X509_STORE_free(with.store);
    X509_STORE_free(without.store);
}

static void test_same_errors(void)
{
    struct chain chain, stranger, forged;
    struct pair expired, self;

    chain_make(&chain, REGION);
    chain_make(&forged, "us-east-1");
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    pair_make(&expired, &(struct recipe){.cn = EVIL,
                                         .from = -9,
                                         .until = -1,
                                         .issuer = &chain.subordinate});
    pair_make(&self, &(struct recipe){.cn = EVIL});
    check_same(
        "a stranger",
        &(struct question){.leaf = stranger.leaf.certificate,
                           .untrusted = {stranger.subordinate.certificate}});
    check_same("a stranger's leaf alone",
               &(struct question){.leaf = stranger.leaf.certificate});
    check_same(
        "a stranger with its root",
        &(struct question){.leaf = stranger.leaf.certificate,
                           .untrusted = {stranger.subordinate.certificate,
                                         stranger.root.certificate}});
    check_same("self-signed", &(struct question){.leaf = self.certificate});
    check_same(
        "out of scope, expired",
        &(struct question){.leaf = expired.certificate,
                           .untrusted = {chain.subordinate.certificate}});
    check_same(
        "another region",
        &(struct question){.leaf = forged.leaf.certificate,
                           .untrusted = {forged.subordinate.certificate}});
    check_same("its leaf alone",
               &(struct question){.leaf = chain.leaf.certificate});
    check_same(
        "a wrong purpose",
        &(struct question){.leaf = stranger.leaf.certificate,
                           .untrusted = {stranger.subordinate.certificate},
                           .purpose = X509_PURPOSE_SSL_CLIENT});
    pair_free(&expired);
    pair_free(&self);
    chain_free(&chain);
    chain_free(&stranger);
    chain_free(&forged);
}

/* A stranger's connection, while errors of the application's are queued. */
static void test_strangers_go_on(void)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct chain chain, stranger;
    struct tls tls = {.client = client, .host = "www.example.com"};

    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    tls.server_pair = &stranger.leaf;
    tls.extra = stranger.subordinate.certificate;
    CHECK(!handshake(&tls), "nobody knows it");
    CHECK_ERROR((int)tls.client_result, NO_ISSUER, "nobody knows it");
    NEED(X509_STORE_add_cert(SSL_CTX_get_cert_store(client),
                             stranger.root.certificate) == 1);
    CHECK(handshake(&tls), "the application knows it");
    tls.host = EVIL;
    CHECK(!handshake(&tls), "by its name only");
    tls.server_pair = &chain.leaf;
    tls.extra = chain.subordinate.certificate;
    tls.host = HOST;
    CHECK(handshake(&tls), "and ours beside it");
    SSL_CTX_free(client);
    chain_free(&chain);
    chain_free(&stranger);
}

static const struct test tests[] = {
    TEST("the store is unchanged", TRUST, test_store_unchanged),
    TEST("the application's store first", TRUST, test_own_store_first),
    TEST("an expired root masks ours", TRUST, test_expired_masks),
    TEST("its own issuer function", TRUST, test_own_issuer_function),
    TEST("its own function from the start", NULL,
         test_own_function_from_the_start),
    TEST("its own trusted stack", TRUST, test_trusted_stack),
    TEST("its own callback", TRUST, test_whole_chain_callback),
    TEST("no trace", TRUST, test_no_trace),
    TEST("no trace of two keys", TRUST, test_two_keys_leave_no_trace),
    TEST("the same errors", TRUST, test_same_errors),
    TEST("strangers go on", TRUST, test_strangers_go_on),
};
SUITE(alone);
