/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that many threads can open, search and load at once while the
 * bundles change under them, and that a fork in the middle of that leaves a
 * child that works.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define THREADS 8
#define MILLISECONDS 1000 /* how long files change; slower under checkers */
#define FORKS_AT_LEAST 20

/* The allocator of AddressSanitizer may hold a lock of its own in a fork. */
#if defined(__SANITIZE_ADDRESS__)
#define FORK_IS_SOUND 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FORK_IS_SOUND 0
#endif
#endif
#ifndef FORK_IS_SOUND
#define FORK_IS_SOUND 1
#endif
#define FILE_NAME "ap-foo-9-bundle.pem"
#define NEW_REGION "rds://region/ap-foo-9"

struct crowd {
    OSSL_LIB_CTX *lib;
    X509 *wanted; /* always in the bundle */
    bool alone;   /* the threads do nothing */
    atomic_bool stop;
    atomic_uint rounds;
    atomic_uint faults;
};

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

static long elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 +
           (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void expect(struct crowd *crowd, bool good)
{
    if (!good)
        atomic_fetch_add(&crowd->faults, 1);
}

/* The threads' function runs until the crowd is told to stop. */
static size_t start(pthread_t threads[THREADS], void *(*run)(void *),
                    struct crowd *crowd)
{
    size_t count = 0;

    while (count < THREADS &&
           pthread_create(&threads[count], NULL, run, crowd) == 0)
        count++;
    CHECK(count == THREADS, "%zu threads", count);
    return count;
}

static void finish(pthread_t threads[THREADS], size_t count,
                   struct crowd *crowd)
{
    atomic_store(&crowd->stop, true);
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK(crowd->rounds >= count || crowd->alone, "%u rounds", crowd->rounds);
    CHECK(crowd->faults == 0, "%u faults in %u rounds", crowd->faults,
          crowd->rounds);
}

/* ---- files that change ------------------------------------------------- */

/* The bundle holds one or two certificates, `wanted` always among them. */
static void *reader(void *arg)
{
    struct crowd *crowd = arg;
    OSSL_STORE_SEARCH *search =
        OSSL_STORE_SEARCH_by_name(X509_get_subject_name(crowd->wanted));
    const struct question question = {.uri = NEW_REGION, .search = search};
    struct answer answer;

    while (!atomic_load(&crowd->stop)) {
        int count = count_of(crowd->lib, NEW_REGION);

        expect(crowd, count == 1 || count == 2);
        ask(crowd->lib, &question, &answer);
        expect(crowd, sk_X509_num(answer.certificates) == 1 &&
                          X509_cmp(sk_X509_value(answer.certificates, 0),
                                   crowd->wanted) == 0);
        answer_clear(&answer);
        expect(crowd, count_of(crowd->lib, "rds://region/us-west-2") == 3);
        expect(crowd, count_of(crowd->lib, "rds://region/us-wets-2") == -1);
        ERR_clear_error();
        atomic_fetch_add(&crowd->rounds, 1);
    }
    OSSL_STORE_SEARCH_free(search);
    OPENSSL_thread_stop_ex(crowd->lib);
    return NULL;
}

static void test_changing_files(void)
{
    char folder[PATH_SIZE];
    const struct setup setup = {.bundles = temp_folder(folder, "crowd")};
    pthread_t threads[THREADS];
    struct crowd crowd = {.lib = context_new(&setup)};
    struct pair a, b;
    struct timespec begin;
    size_t count, writes;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    CU_ASSERT(
        pair_new(&a, NULL, "Amazon RDS ap-foo-9 Root CA ECC384 G1", PAIR_CA));
    CU_ASSERT(
        pair_new(&b, NULL, "Amazon RDS ap-foo-9 Root CA RSA2048 G1", PAIR_CA));
    crowd.wanted = a.certificate;
    CU_ASSERT(write_bundle(folder, FILE_NAME, FRESH,
                           (const X509 *const[]){a.certificate}, 1));
    count = start(threads, reader, &crowd);
    for (writes = 0; writes < 10 || elapsed_ms(&begin) < MILLISECONDS;
         writes++) {
        CU_ASSERT(
            write_bundle(folder, FILE_NAME, FRESH + (long)writes,
                         (const X509 *const[]){a.certificate, b.certificate},
                         1 + writes % 2));
        pause_ms(writes % 50 == 49 ? 40 : 3);
    }
    finish(threads, count, &crowd);
    OSSL_LIB_CTX_free(crowd.lib);
    pair_free(&a);
    pair_free(&b);
}

/* Verification looks issuers up in any thread, in a store they share. */
struct shared_store {
    struct crowd crowd;
    X509_STORE *store;
};

static void *verifier(void *arg)
{
    struct shared_store *shared = arg;
    struct crowd *crowd = &shared->crowd;

    while (!atomic_load(&crowd->stop)) {
        X509_STORE_CTX *context = X509_STORE_CTX_new_ex(crowd->lib, NULL);
        X509_OBJECT *object = NULL;

        if (X509_STORE_CTX_init(context, shared->store, NULL, NULL) == 1)
            object = X509_STORE_CTX_get_obj_by_subject(
                context, X509_LU_X509, X509_get_subject_name(crowd->wanted));
        expect(crowd, object != NULL);
        X509_OBJECT_free(object);
        X509_STORE_CTX_free(context);
        atomic_fetch_add(&crowd->rounds, 1);
    }
    OPENSSL_thread_stop_ex(crowd->lib);
    return NULL;
}

/* openssl#28171 crashes here in 3.0.17, 3.5.1 and 3.5.2. */
static bool store_is_sound(void)
{
    static const unsigned long unsound[] = {0x30000110UL, 0x30500010UL,
                                            0x30500020UL};
    unsigned long version = OpenSSL_version_num();

    for (size_t i = 0; i < COUNT_OF(unsound); i++) {
        if (version == unsound[i])
            return false;
    }
    return true;
}

static void test_shared_store(void)
{
    struct shared_store shared = {.crowd = {.lib = context_plain()}};
    STACK_OF(X509) *found =
        certificates_of(shared.crowd.lib, "rds://region/us-west-2");
    pthread_t threads[THREADS];
    size_t count;

    CU_ASSERT_FATAL(sk_X509_num(found) == 3);
    shared.crowd.wanted = sk_X509_value(found, 0);
    for (int i = 0; store_is_sound() && i < 10; i++) {
        shared.store = X509_STORE_new();
        CU_ASSERT(X509_STORE_load_store_ex(shared.store,
                                           "rds://region/us-west-2",
                                           shared.crowd.lib, NULL) == 1);
        atomic_store(&shared.crowd.stop, false);
        atomic_store(&shared.crowd.rounds, 0);
        count = start(threads, verifier, &shared.crowd);
        pause_ms(10);
        while (shared.crowd.rounds < count)
            pause_ms(1);
        finish(threads, count, &shared.crowd);
        X509_STORE_free(shared.store);
    }
    certificates_free(found);
    OSSL_LIB_CTX_free(shared.crowd.lib);
}

/* ---- fork -------------------------------------------------------------- */

/*
 * The threads call the module directly: OpenSSL's own locks do not survive a
 * fork, and here only the module's are in question.
 */
static void *opener(void *arg)
{
    struct crowd *crowd = arg;

    while (crowd->alone && !atomic_load(&crowd->stop))
        pause_ms(1);
    while (!atomic_load(&crowd->stop)) {
        void *opened =
            shim.open(shim.provctx, "rds://region/us-west-2/rds-ca-ecc384-g1");

        expect(crowd, opened != NULL);
        (void)shim.close(opened);
        atomic_fetch_add(&crowd->rounds, 1);
    }
    return NULL;
}

static bool open_in_child(void *arg)
{
    return count_of(arg, "rds://region/us-west-2/rds-ca-ecc384-g1") == 1;
}

static void test_fork(void)
{
    struct crowd crowd = {.lib = shim_context(SHIM_PLAIN, NULL),
                          .alone = !FORK_IS_SOUND};
    pthread_t threads[THREADS];
    struct timespec begin;
    size_t count;
    int forks = 0;
    bool good = true;

    CU_ASSERT(open_in_child(crowd.lib));
    count = start(threads, opener, &crowd);
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;
         good && (forks < FORKS_AT_LEAST || elapsed_ms(&begin) < MILLISECONDS);
         forks++)
        good = in_child(open_in_child, crowd.lib, 20);
    CHECK(good, "child number %d works", forks);
    finish(threads, count, &crowd);
    OSSL_LIB_CTX_free(crowd.lib);
}

/* ---- contexts ---------------------------------------------------------- */

static void *loader(void *arg)
{
    struct crowd *crowd = arg;
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider;
    char folder[PATH_SIZE * 4];

    (void)snprintf(folder, sizeof(folder), "%.*s",
                   (int)(strrchr(module_path(), '/') - module_path()),
                   module_path());
    (void)OSSL_PROVIDER_set_default_search_path(lib, folder);
    for (int i = 0; i < 4; i++) {
        provider = OSSL_PROVIDER_load(lib, "rds");
        expect(crowd, provider != NULL);
        expect(crowd, count_of(lib, "rds://proxy") == 5);
        expect(crowd, OSSL_PROVIDER_unload(provider) == 1);
        atomic_fetch_add(&crowd->rounds, 1);
    }
    OPENSSL_thread_stop_ex(lib);
    OSSL_LIB_CTX_free(lib);
    return NULL;
}

/* Several library contexts load and unload the module at the same time. */
static void test_loading(void)
{
    pthread_t threads[THREADS];
    struct crowd crowd = {0};

    finish(threads, start(threads, loader, &crowd), &crowd);
}

static const struct test tests[] = {
    {"changing files", test_changing_files},
    {"a shared X509_STORE", test_shared_store},
    {"fork", test_fork},
    {"loading at the same time", test_loading},
};

SUITE(threads);
