/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From loading to the end of the process: no file is read at start, nothing
 * grows, stores outlive the provider, processes fork, and exit in any order.
 */

#include <malloc.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define ROUNDS 2000
#define WARM_ROUNDS 200

/* ---- start ------------------------------------------------------------- */

/* A file that would be refused: the refusal is logged when it is read. */
static void test_nothing_read_at_start(void)
{
    char path[PATH_SIZE];
    struct chain chain, stranger;
    FILE *file = fopen(path_of(path, "bundles/" REGION "-bundle.pem"), "w");

    NEED(file != NULL && fputs("nothing\n", file) >= 0 && fclose(file) == 0);
    NEED(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    CHECK(log_count("rds-trust: " TRUST) == 1, "loaded");
    chain_make(&chain, REGION);
    stranger_make(&stranger);
    CHECK(stranger_verifies(&stranger), "a stranger's chain");
    CHECK(log_count("bundle.pem") == 0, "not read at start, nor for those");
    (void)verify_chain(&chain);
    CHECK(log_count("bundle.pem") != 0, "read when it is needed");
    chain_free(&chain);
    chain_free(&stranger);
}

/* ---- growth ------------------------------------------------------------ */

/* The least time of making a store, in seconds: other load only adds. */
static double store_time(void)
{
    enum { COUNT = 500, TIMES = 20 };
    double least = 1;

    for (int i = 0; i < TIMES; i++) {
        double from = now_seconds(), took;

        for (int k = 0; k < COUNT; k++)
            X509_STORE_free(X509_STORE_new());
        took = now_seconds() - from;
        if (took < least)
            least = took;
    }
    return least / COUNT;
}

/* A registration each round would make it a hundred times as slow. */
#define SLOWER 5

/* Large blocks, too: they move between the heap and mappings of their own. */
#ifdef __GLIBC__
static size_t memory_in_use(void)
{
    struct mallinfo2 all = mallinfo2();

    return all.uordblks + all.hblkhd;
}
#else
static size_t memory_in_use(void)
{
    static bool said;

    if (!said)
        skip("only glibc tells how much memory is in use");
    said = true;
    return 0;
}
#endif

/* One life of a context, as the thread's default in every other round. */
static void one_round(const char *path, bool as_default)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();

    NEED(lib != NULL);
    if (as_default)
        (void)OSSL_LIB_CTX_set0_default(lib);
    NEED(OSSL_LIB_CTX_load_config(lib, path) == 1);
    X509_STORE_free(X509_STORE_new());
    (void)OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default());
    OSSL_LIB_CTX_free(lib);
}

static size_t growth_of(const struct section *section, int rounds)
{
    char path[PATH_SIZE];
    size_t before;

    (void)write_configuration(path, "round.cnf", section);
    for (int i = 0; i < WARM_ROUNDS; i++)
        one_round(path, i % 2 == 1);
    before = memory_in_use();
    for (int i = 0; i < rounds; i++)
        one_round(path, i % 2 == 1);
    return memory_in_use() > before ? memory_in_use() - before : 0;
}

/* OpenSSL itself keeps some 150 bytes of each configuration. */
static void check_growth(const struct section *section, const char *what)
{
    const struct section nothing = {.absent = true};
    int rounds = slowness() > 1 ? ROUNDS / 20 : ROUNDS;
    size_t without = growth_of(&nothing, rounds), with;
    double before = store_time(), after;

    with = growth_of(section, rounds);
    after = store_time();
    CHECK(with <= without + (size_t)rounds * 64, "%s: %zu bytes, %zu without",
          what, with, without);
    CHECK(after < before * SLOWER, "%s: X509_STORE_new %.2f us, then %.2f",
          what, before * 1e6, after * 1e6);
}

static void test_rounds(void)
{
    const struct section same = {.trust = TRUST};

    check_growth(&same, "the same line");
}

static void test_rounds_refused(void)
{
    const struct section other = {.trust = "rds://region/us-east-1"};
    const struct section bad = {.trust = "rds://nonsense"};
    const struct section distrust = {
        .trust = TRUST,
        .distrust = "0123456789abcdef0123456789abcdef0123456789abcdef0123456"
                    "789abcdef"};

    check_growth(&other, "another line");
    check_growth(&bad, "a malformed line");
    check_growth(&distrust, "the same line with distrust");
}

/* The provider comes and goes in one context. */
static void test_activations(void)
{
    const struct section section = {.trust = TRUST};
    OSSL_LIB_CTX *lib = context_new("one.cnf", &section);
    double before = store_time(), after;
    OSSL_PROVIDER *provider;

    for (int i = 0; i < ROUNDS; i++) {
        provider = OSSL_PROVIDER_load(lib, "rds");
        NEED(provider != NULL);
        NEED(OSSL_PROVIDER_unload(provider) == 1);
    }
    after = store_time();
    CHECK(after < before * SLOWER, "X509_STORE_new %.2f us, then %.2f",
          before * 1e6, after * 1e6);
    OSSL_LIB_CTX_free(lib);
}

/* ---- the provider goes, stores stay ------------------------------------ */

static void test_unloaded(void)
{
    const struct section section = {.trust = TRUST};
    OSSL_LIB_CTX *lib = context_new("gone.cnf", &section);
    X509_STORE *used = X509_STORE_new(), *fresh = X509_STORE_new();
    OSSL_PROVIDER *provider;
    struct chain chain;
    const X509 *root;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_in(used, &chain), X509_V_OK, "before");
    provider = OSSL_PROVIDER_load(lib, "rds");
    NEED(provider != NULL && OSSL_PROVIDER_unload(provider) == 1);
    CHECK_ERROR(verify_in(used, &chain), X509_V_OK, "unloaded once");
    OSSL_LIB_CTX_free(lib);
    CHECK_ERROR(verify_in(used, &chain), X509_V_OK, "a used store");
    CHECK_ERROR(verify_in(fresh, &chain), X509_V_OK, "one not used before");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "a new one");
    root = chain.subordinate.certificate;
    write_bundle(REGION "-bundle.pem", &root, 1);
    CHECK_ERROR(verify_in(used, &chain), NO_ISSUER, "files are still read");
    X509_STORE_free(used);
    X509_STORE_free(fresh);
    chain_free(&chain);
}

/* ---- fork -------------------------------------------------------------- */

static bool verifies(void *arg)
{
    return verify_chain(arg) == X509_V_OK;
}

static void test_fork(void)
{
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK(in_fork(verifies, &chain), "a child before the first use");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the parent");
    CHECK(in_fork(verifies, &chain), "a child after it");
    write_root(chain.root.certificate);
    CHECK(in_fork(verifies, &chain), "a child that reads the bundle again");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "the parent");
    chain_free(&chain);
}

/*
 * Asks our function alone, and as often as it can: in between OpenSSL holds
 * none of its own locks that a child would miss.
 */
struct asker {
    const struct chain *chain;
    X509_STORE *store;
    X509_STORE_CTX *ctx;
    atomic_bool *stop;
};

static bool ask_once(const struct asker *asker)
{
    X509 *issuer = NULL;
    int result = X509_STORE_get_get_issuer(asker->store)(
        &issuer, asker->ctx, asker->chain->subordinate.certificate);

    X509_free(issuer);
    return result == 1;
}

static void asker_start(struct asker *asker, const struct chain *chain,
                        atomic_bool *stop)
{
    asker->chain = chain;
    asker->stop = stop;
    asker->store = X509_STORE_new();
    asker->ctx = X509_STORE_CTX_new();
    NEED(asker->store != NULL && asker->ctx != NULL &&
         X509_STORE_CTX_init(asker->ctx, asker->store, chain->leaf.certificate,
                             NULL) == 1);
    NEED(ask_once(asker));
}

static void asker_end(struct asker *asker)
{
    X509_STORE_CTX_free(asker->ctx);
    X509_STORE_free(asker->store);
}

static void *ask_on(void *arg)
{
    const struct asker *asker = arg;

    while (!atomic_load(asker->stop))
        CHECK(ask_once(asker), "a thread beside fork");
    return NULL;
}

static bool ask_in_child(void *arg)
{
    return ask_once(arg);
}

static void test_fork_among_threads(void)
{
    struct asker askers[4], own;
    pthread_t threads[4];
    atomic_bool stop = false;
    int forks = slowness() > 1 ? 10 : 200, good = 0;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    sleep_ms(50); /* the file's time is settled: it is not read again */
    NEED(verify_chain(&chain) == X509_V_OK);
    asker_start(&own, &chain, &stop);
    for (int i = 0; i < 4; i++) {
        asker_start(&askers[i], &chain, &stop);
        NEED(pthread_create(&threads[i], NULL, ask_on, &askers[i]) == 0);
    }
    for (int i = 0; i < forks; i++)
        good += in_fork(ask_in_child, &own);
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
        asker_end(&askers[i]);
    }
    asker_end(&own);
    CHECK(good == forks, "%d of %d children", good, forks);
    chain_free(&chain);
}

/* ---- exit -------------------------------------------------------------- */

static X509_STORE *kept_store;
static SSL_CTX *kept_tls;
static OSSL_LIB_CTX *kept_lib;

static void use_and_keep(void)
{
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    kept_store = X509_STORE_new();
    kept_tls = SSL_CTX_new(TLS_client_method());
    CHECK_ERROR(verify_in(kept_store, &chain), X509_V_OK, "a use");
    CHECK(handshake(&(struct tls){.client = kept_tls,
                                  .server_pair = &chain.leaf,
                                  .extra = chain.subordinate.certificate}),
          "TLS");
    chain_free(&chain);
}

static void clean_up_first(void)
{
    OPENSSL_cleanup();
    X509_STORE_free(kept_store);
}

static void free_context_last(void)
{
    X509_STORE_free(kept_store);
    SSL_CTX_free(kept_tls);
    OSSL_LIB_CTX_free(kept_lib);
}

static void exit_from_a_thread_at_exit(void)
{
    X509_STORE_free(kept_store);
    kept_store = NULL;
}

static void test_exit_alive(void)
{
    use_and_keep();
}

static void test_exit_cleanup_first(void)
{
    use_and_keep();
    at_the_end = clean_up_first;
}

static void test_exit_context_alive(void)
{
    kept_lib = context_new("kept.cnf", &(struct section){.trust = TRUST});
    use_and_keep();
}

static void test_exit_context_last(void)
{
    kept_lib = context_new("kept.cnf", &(struct section){.trust = TRUST});
    use_and_keep();
    at_the_end = free_context_last;
}

/* Registered before libcrypto's own: runs after it. */
static void test_exit_handler(void)
{
    NEED(atexit(exit_from_a_thread_at_exit) == 0);
    use_and_keep();
}

static void test_exit_unused(void)
{
    kept_store = X509_STORE_new();
    CHECK(kept_store != NULL, "a store that is never asked");
}

/* ---- raised privileges ------------------------------------------------- */

#define RAISED_WORD "RDS_TRUST_RAISED"

/* In the copy that runs with another group: no environment counts there. */
static void raised(void)
{
    char path[PATH_SIZE];
    struct chain chain;

    if (getauxval(AT_SECURE) == 0) {
        skip("set-group-id has no effect here");
        return;
    }
    load_into_default("raised.cnf", &(struct section){.trust = TRUST});
    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "trust works");
    CHECK(access(path_of(path, "log"), F_OK) != 0, "the log is off");
    chain_free(&chain);
}

/* Another group than our own, or our own. */
static gid_t another_group(void)
{
    gid_t groups[64];
    int count = getgroups(COUNT_OF(groups), groups);

    if (geteuid() == 0)
        return 65534;
    for (int i = 0; i < count; i++) {
        if (groups[i] != getegid())
            return groups[i];
    }
    return getegid();
}

static void test_raised(void)
{
    char own[PATH_SIZE] = "", copy[PATH_SIZE];
    gid_t group = another_group();
    ssize_t size;

    if (getenv(RAISED_WORD) != NULL) {
        raised();
        return;
    }
    if (slowness() > 1) {
        skip("a checker cannot follow a program with raised privileges");
        return;
    }
    size = readlink("/proc/self/exe", own, sizeof(own) - 1);
    NEED(size > 0);
    (void)path_of(copy, "raised");
    if (group == getegid() || !copy_file(own, copy) ||
        chown(copy, (uid_t)-1, group) != 0 || chmod(copy, 02755) != 0) {
        skip("no group to run under");
        return;
    }
    log_clear();
    NEED(setenv(RAISED_WORD, "1", 1) == 0);
    NEED(run_again(copy) == 0);
    CHECK(true, "it has run");
}

static const struct test tests[] = {
    TEST_UNLOADED("nothing is read at start", TRUST,
                  test_nothing_read_at_start),
    TEST("2000 rounds", TRUST, test_rounds),
    TEST("2000 rounds that are refused", TRUST, test_rounds_refused),
    TEST("2000 activations", TRUST, test_activations),
    TEST("the provider is gone", NULL, test_unloaded),
    TEST("fork", TRUST, test_fork),
    TEST("fork among threads", TRUST, test_fork_among_threads),
    TEST("exit with all alive", TRUST, test_exit_alive),
    TEST("exit, cleaned up first", TRUST, test_exit_cleanup_first),
    TEST("exit with a context alive", NULL, test_exit_context_alive),
    TEST("exit, the context last", NULL, test_exit_context_last),
    TEST_UNLOADED("exit, a handler after libcrypto's", TRUST,
                  test_exit_handler),
    TEST("exit, never used", TRUST, test_exit_unused),
    TEST_UNLOADED("raised privileges", TRUST, test_raised),
};
SUITE(life);
