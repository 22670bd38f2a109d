/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several library contexts: where stores are reached, that the first
 * rds-trust holds and is never joined by another, and that an anchor belongs
 * to the context that lives as long as the process.
 */

#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define OTHER_TRUST "rds://region/us-east-1"

/* ---- helpers ----------------------------------------------------------- */

static int verify_under(OSSL_LIB_CTX *lib, const struct chain *chain)
{
    const struct question question = {
        .lib = lib,
        .leaf = chain->leaf.certificate,
        .untrusted = {chain->subordinate.certificate}};
    struct answer answer;

    (void)verify(&question, &answer);
    answer_clear(&answer);
    return answer.error;
}

static bool handshake_under(OSSL_LIB_CTX *lib, const struct chain *chain)
{
    struct tls tls = {.client = SSL_CTX_new_ex(lib, NULL, TLS_client_method()),
                      .server_pair = &chain->leaf,
                      .extra = chain->subordinate.certificate,
                      .host = HOST};
    bool good;

    NEED(tls.client != NULL);
    good = handshake(&tls);
    SSL_CTX_free(tls.client);
    return good;
}

static void back_to_global(void)
{
    (void)OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default());
}

/* Runs in a thread of its own. */
struct errand {
    void (*run)(void *arg);
    void *arg;
};

static void *run_errand(void *arg)
{
    const struct errand *errand = arg;

    errand->run(errand->arg);
    return NULL;
}

static void in_thread(void (*run)(void *arg), void *arg)
{
    struct errand errand = {run, arg};
    pthread_t thread;

    NEED(pthread_create(&thread, NULL, run_errand, &errand) == 0);
    NEED(pthread_join(thread, NULL) == 0);
}

/* A thread whose default context is `lib`, NULL for the global one. */
struct under {
    OSSL_LIB_CTX *lib;
    const struct chain *chain;
    int error;
};

static void verify_with_default(void *arg)
{
    struct under *under = arg;

    if (under->lib != NULL)
        (void)OSSL_LIB_CTX_set0_default(under->lib);
    under->error = verify_chain(under->chain);
    back_to_global();
}

static int verify_in_thread(OSSL_LIB_CTX *lib, const struct chain *chain)
{
    struct under under = {lib, chain, -1};

    in_thread(verify_with_default, &under);
    return under.error;
}

/* ---- where stores are reached ------------------------------------------ */

/* The module is loaded by a context that is no thread's default. */
static void test_loaded_elsewhere(void)
{
    const struct section section = {.trust = TRUST};
    OSSL_LIB_CTX *lib, *plain = OSSL_LIB_CTX_new();
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), NO_ISSUER, "before");
    lib = context_new("lib.cnf", &section);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the global default");
    CHECK_ERROR(verify_under(lib, &chain), X509_V_OK, "its own");
    CHECK_ERROR(verify_under(plain, &chain), X509_V_OK, "one without it");
    CHECK_ERROR(verify_in_thread(NULL, &chain), X509_V_OK, "in a thread");
    CHECK(handshake_under(NULL, &chain), "TLS, the global default");
    CHECK(handshake_under(lib, &chain), "TLS, its own");
    OSSL_LIB_CTX_free(lib);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "after it is gone");
    CHECK_ERROR(verify_under(plain, &chain), X509_V_OK, "and elsewhere");
    OSSL_LIB_CTX_free(plain);
    chain_free(&chain);
}

/* The global default has it; a store of another context's is made there. */
static void test_store_of_another(void)
{
    OSSL_LIB_CTX *plain = OSSL_LIB_CTX_new();
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_under(plain, &chain), X509_V_OK, "another context");
    CHECK(handshake_under(plain, &chain), "TLS");
    CHECK_ERROR(verify_in_thread(NULL, &chain), X509_V_OK, "in a thread");
    OSSL_LIB_CTX_free(plain);
    chain_free(&chain);
}

static OSSL_LIB_CTX *made;

static void load_as_default(void *arg)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    char path[PATH_SIZE];

    NEED(lib != NULL);
    (void)OSSL_LIB_CTX_set0_default(lib);
    NEED(OSSL_LIB_CTX_load_config(
             lib, write_configuration(path, "thread.cnf", arg)) == 1);
    back_to_global();
    made = lib;
}

/* Loaded in a thread whose default context is another: both are reached. */
static void test_loaded_by_another_default(void)
{
    struct section section = {.trust = TRUST};
    OSSL_LIB_CTX *plain = OSSL_LIB_CTX_new();
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    in_thread(load_as_default, &section);
    CHECK(OSSL_LIB_CTX_set0_default(NULL) ==
              OSSL_LIB_CTX_get0_global_default(),
          "the default is as it was");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the global default");
    CHECK_ERROR(verify_in_thread(made, &chain), X509_V_OK, "the other");
    CHECK_ERROR(verify_in_thread(plain, &chain), NO_ISSUER,
                "one where it was not loaded");
    CHECK_ERROR(verify_in_thread(made, &chain), X509_V_OK, "again");
    OSSL_LIB_CTX_free(made);
    OSSL_LIB_CTX_free(plain);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "after both are gone");
    chain_free(&chain);
}

/* A second context with the same line reaches its own thread's stores. */
static void test_same_line_twice(void)
{
    struct section section = {.trust = TRUST};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    in_thread(load_as_default, &section);
    CHECK(log_count("already holds") == 0, "it is the same");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the first");
    CHECK_ERROR(verify_in_thread(made, &chain), X509_V_OK, "the second");
    OSSL_LIB_CTX_free(made);
    chain_free(&chain);
}

/* ---- the first holds --------------------------------------------------- */

static void check_first_holds(const struct chain *first,
                              const struct chain *second, const char *when)
{
    CHECK_ERROR(verify_chain(first), X509_V_OK, "the first, %s", when);
    CHECK_ERROR(verify_chain(second), NO_ISSUER, "the second, %s", when);
    CHECK_ERROR(verify_in_thread(made, second), NO_ISSUER,
                "the second in its own context, %s", when);
}

static void test_first_holds(void)
{
    struct section section = {.trust = OTHER_TRUST};
    struct chain first, second;
    const X509 *root;
    OSSL_LIB_CTX *lib;

    chain_make(&first, REGION);
    chain_make(&second, "us-east-1");
    write_root(first.root.certificate);
    root = second.root.certificate;
    write_bundle("us-east-1-bundle.pem", &root, 1);
    CHECK_ERROR(verify_chain(&first), X509_V_OK, "the first");
    in_thread(load_as_default, &section);
    CHECK(log_count("'" TRUST "' already holds") == 1, "the log says so");
    check_first_holds(&first, &second, "after another was loaded");
    lib = context_new("union.cnf",
                      &(struct section){.trust = TRUST "+region/us-east-1"});
    CHECK(log_count("'" TRUST "' already holds") == 2, "a union, too");
    check_first_holds(&first, &second, "after a wider one was loaded");
    OSSL_LIB_CTX_free(lib);
    OSSL_LIB_CTX_free(made);
    made = NULL;
    check_first_holds(&first, &second, "after they are gone");
    chain_free(&first);
    chain_free(&second);
}

/* Other bundles would be other anchors: they are not joined either. */
static void test_other_bundles(void)
{
    struct section section = {.trust = TRUST, .bundles = "/nonexistent"};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    in_thread(load_as_default, &section);
    CHECK(log_count("already holds") == 1, "the log says so");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the first folder");
    OSSL_LIB_CTX_free(made);
    chain_free(&chain);
}

/* A line that cannot be used leaves the place to the next. */
static void test_bad_then_good(void)
{
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), NO_ISSUER, "a malformed line");
    load_into_default("good.cnf", &(struct section){.absent = true});
    made = context_new("good.cnf", &(struct section){.trust = TRUST});
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "a good one after it");
    CHECK(log_count("already holds") == 0, "nothing held before");
    OSSL_LIB_CTX_free(made);
    chain_free(&chain);
}

/* ---- whose an anchor is ------------------------------------------------ */

struct looking {
    const OSSL_PROVIDER *wanted;
    bool found;
};

static int look(OSSL_PROVIDER *provider, void *arg)
{
    struct looking *looking = arg;

    looking->found |= provider == looking->wanted;
    return 1;
}

/* Whether the key of the anchor is held by a provider of the context. */
static bool belongs_to(OSSL_LIB_CTX *lib, const X509 *anchor)
{
    struct looking looking = {EVP_PKEY_get0_provider(X509_get0_pubkey(anchor)),
                              false};

    NEED(looking.wanted != NULL);
    NEED(OSSL_PROVIDER_do_all(lib, look, &looking) == 1);
    return looking.found;
}

/*
 * The first lookup of the process happens in a thread whose default context
 * is another one, before the global one has loaded its configuration: parsing
 * the anchor loads it, and comes back to our init.
 */
static void test_parsed_for_good(void)
{
    struct section section = {.trust = TRUST};
    struct question question = {.purpose = 0};
    struct answer answer;
    struct chain chain;
    X509_STORE *store;

    in_thread(load_as_default, &section);
    (void)OSSL_LIB_CTX_set0_default(made);
    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    store = question.store = X509_STORE_new();
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "the first lookup");
    NEED(answer.top != NULL);
    CHECK(!belongs_to(made, answer.top), "not of the thread's default");
    CHECK(belongs_to(OSSL_LIB_CTX_get0_global_default(), answer.top),
          "of the global default");
    chain_free(&chain);
    X509_STORE_free(store);
    back_to_global();
    OSSL_LIB_CTX_free(made);
    CHECK(X509_verify(answer.top, X509_get0_pubkey(answer.top)) == 1,
          "it still works");
    answer_clear(&answer);
}

/* The same anchor, before and after the context of its first use is gone. */
static void test_outlives_the_context(void)
{
    struct section section = {.trust = TRUST};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    in_thread(load_as_default, &section);
    CHECK_ERROR(verify_in_thread(made, &chain), X509_V_OK, "the first use");
    OSSL_LIB_CTX_free(made);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the second");
    CHECK(handshake_with(&chain, &chain.leaf, HOST), "TLS");
    chain_free(&chain);
}

/*
 * OpenSSL remembers in a certificate that its extensions could not be digested
 * in some thread; a program decodes those of a new connection anew.
 */
static void fresh(X509 **certificate)
{
    X509 *copy = X509_dup(*certificate);

    NEED(copy != NULL);
    X509_free(*certificate);
    *certificate = copy;
}

/*
 * A store of the process, used first in a thread whose default context has no
 * algorithms: what cannot be read there is not lost for the others.
 */
static void verify_without_algorithms(void *arg)
{
    struct under *under = arg;
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *nothing = OSSL_PROVIDER_load(lib, "null");

    NEED(nothing != NULL);
    (void)OSSL_LIB_CTX_set0_default(lib);
    under->error = verify_in((X509_STORE *)under->lib, under->chain);
    back_to_global();
    (void)OSSL_PROVIDER_unload(nothing);
    OSSL_LIB_CTX_free(lib);
}

static void test_thread_without_algorithms(void)
{
    X509_STORE *store = X509_STORE_new();
    struct under under = {(OSSL_LIB_CTX *)store, NULL, -1};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    sleep_ms(50); /* until the file's time is settled */
    under.chain = &chain;
    in_thread(verify_without_algorithms, &under);
    CHECK(under.error != -1, "that thread went on");
    fresh(&chain.leaf.certificate);
    fresh(&chain.subordinate.certificate);
    CHECK_ERROR(verify_in(store, &chain), X509_V_OK, "afterwards");
    X509_STORE_free(store);
    chain_free(&chain);
}

static const struct test tests[] = {
    TEST("loaded elsewhere", NULL, test_loaded_elsewhere),
    TEST("a store of another context", TRUST, test_store_of_another),
    TEST("loaded by another default", NULL, test_loaded_by_another_default),
    TEST("the same line twice", TRUST, test_same_line_twice),
    TEST("the first holds", TRUST, test_first_holds),
    TEST("other bundles", TRUST, test_other_bundles),
    TEST("a bad line, then a good one", "rds://nonsense", test_bad_then_good),
    TEST_UNLOADED("an anchor is the global default's", TRUST,
                  test_parsed_for_good),
    TEST("an anchor outlives contexts", NULL, test_outlives_the_context),
    TEST("a thread without algorithms", TRUST, test_thread_without_algorithms),
};
SUITE(contexts);
