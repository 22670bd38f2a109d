/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that change while the process runs: replaced, withdrawn, damaged,
 * distrusted; by one thread and among many.
 */

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define BUNDLE REGION "-bundle.pem"

static void test_replaced(void)
{
    X509_STORE *store = X509_STORE_new();
    struct chain old, new;
    const X509 *both[2];

    chain_make(&old, REGION);
    chain_make(&new, REGION);
    both[0] = old.root.certificate;
    both[1] = new.root.certificate;
    write_root(old.root.certificate);
    CHECK_ERROR(verify_in(store, &old), X509_V_OK, "the old root");
    CHECK_ERROR(verify_in(store, &new), NO_ISSUER, "the new one, too early");
    write_bundle(BUNDLE, both, 2);
    CHECK_ERROR(verify_in(store, &old), X509_V_OK, "both: the old");
    CHECK_ERROR(verify_in(store, &new), X509_V_OK, "both: the new");
    write_root(new.root.certificate);
    CHECK_ERROR(verify_in(store, &old), NO_ISSUER, "the old is withdrawn");
    CHECK_ERROR(verify_in(store, &new), X509_V_OK, "the new");
    CHECK(!handshake_with(&old, &old.leaf, HOST), "TLS: the old");
    CHECK(handshake_with(&new, &new.leaf, HOST), "TLS: the new");
    remove_bundle(BUNDLE);
    CHECK_ERROR(verify_in(store, &new), NO_ISSUER, "no bundle any more");
    X509_STORE_free(store);
    chain_free(&old);
    chain_free(&new);
}

/* A damaged or unsafe file keeps its last good content in this process. */
static void test_last_good(void)
{
    char path[PATH_SIZE];
    struct chain chain;
    FILE *file;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "good");
    (void)path_of(path, "bundles/" BUNDLE);
    NEED(chmod(path, 0666) == 0);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "writable by others");
    CHECK(log_count("writable by group or others") >= 1, "it is logged");
    NEED(chmod(path, 0644) == 0);
    file = fopen(path, "w");
    NEED(file != NULL && fputs("damaged\n", file) >= 0 && fclose(file) == 0);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "damaged");
    CHECK(log_count("no PEM certificate in it") >= 1, "it is logged");
    (void)path_of(path, "bundles");
    NEED(chmod(path, 0777) == 0);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "a folder for all");
    NEED(chmod(path, 0755) == 0);
    chain_free(&chain);
}

/* The number of unused bits of its signature is none: our reader, which does
 * not look there, takes it, and libcrypto does not. */
static void write_unreadable(FILE *file, const X509 *certificate)
{
    const ASN1_BIT_STRING *signature;
    const unsigned char *at;
    unsigned char *der = NULL;
    int size;

    X509_get0_signature(&signature, NULL, certificate);
    size = i2d_X509((X509 *)certificate, &der);
    NEED(size > ASN1_STRING_length(signature));
    der[size - ASN1_STRING_length(signature) - 1] = 9;
    at = der;
    NEED(d2i_X509(NULL, &at, size) == NULL);
    ERR_clear_error();
    NEED(PEM_write(file, PEM_STRING_X509, "", der, size) > 0);
    OPENSSL_free(der);
}

/* It is not offered, hides nothing behind it, and leaves no trace. */
static void test_unreadable(void)
{
    char path[PATH_SIZE];
    struct chain bad, good;
    FILE *file;

    chain_make(&bad, REGION);
    chain_make(&good, REGION);
    for (int both = 0; both < 2; both++) {
        file = fopen(path_of(path, "bundles/" BUNDLE), "w");
        NEED(file != NULL);
        write_unreadable(file, bad.root.certificate);
        NEED(both == 0 || PEM_write_X509(file, good.root.certificate) == 1);
        NEED(fclose(file) == 0);
        log_clear();
        CHECK_ERROR(verify_chain(&bad), NO_ISSUER, "it, %d", both);
        CHECK(log_count("libcrypto cannot read us-west-2-rds-ca-ecc384-g1 "
                        "of " BUNDLE) >= 1,
              "it is logged, %d", both);
        CHECK_ERROR(verify_chain(&good), both == 1 ? X509_V_OK : NO_ISSUER,
                    "the other, %d", both);
        CHECK(ERR_peek_error() == 0, "no error is left");
    }
    write_root(bad.root.certificate);
    CHECK_ERROR(verify_chain(&bad), X509_V_OK, "repaired");
    chain_free(&bad);
    chain_free(&good);
}

static int open_files(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* No descriptor is kept; where there is none left, the last good set is. */
static void test_descriptors(void)
{
    struct rlimit limit, none;
    struct chain chain;
    int before;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    before = open_files();
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "good");
    CHECK(open_files() == before, "%d descriptors, then %d", before,
          open_files());
    write_root(chain.root.certificate); /* to be read again */
    NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 0;
    NEED(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "no descriptor left");
    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    remove_bundle(BUNDLE);
    CHECK_ERROR(verify_chain(&chain), NO_ISSUER, "seen again");
    chain_free(&chain);
}

/* ---- distrust ---------------------------------------------------------- */

#define SHA256_TEXT 65

static const char *sha256_of(const X509 *certificate, char out[SHA256_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;

    NEED(X509_digest(certificate, EVP_sha256(), digest, &size) == 1 &&
         size == 32);
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02X", digest[i]);
    return out;
}

static void test_distrust(void)
{
    struct section section = {.trust = TRUST};
    char text[SHA256_TEXT];
    struct chain bad, good;
    const X509 *both[2];

    chain_make(&bad, REGION);
    chain_make(&good, REGION);
    both[0] = bad.root.certificate;
    both[1] = good.root.certificate;
    write_bundle(BUNDLE, both, 2);
    section.distrust = sha256_of(bad.root.certificate, text);
    load_into_default("distrust.cnf", &section);
    CHECK_ERROR(verify_chain(&bad), NO_ISSUER, "distrusted");
    CHECK_ERROR(verify_chain(&good), X509_V_OK, "the other");
    chain_free(&bad);
    chain_free(&good);
}

/*
 * More distrust takes effect in the whole process, whoever asks for it: with
 * the same line, with another one, or with none.
 */
static void test_distrust_adds_up(void)
{
    static const char *const lines[] = {TRUST, "rds://all", NULL};
    enum { COUNT = COUNT_OF(lines) };
    struct section section = {.trust = TRUST};
    struct chain chains[COUNT + 1];
    const X509 *roots[COUNT + 1];
    OSSL_LIB_CTX *lib[COUNT];
    char text[SHA256_TEXT];

    for (size_t i = 0; i <= COUNT; i++) {
        chain_make(&chains[i], REGION);
        roots[i] = chains[i].root.certificate;
    }
    write_bundle(BUNDLE, roots, COUNT + 1);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_ERROR(verify_chain(&chains[i]), X509_V_OK, "root %zu", i);
        section.trust = lines[i];
        section.distrust = sha256_of(roots[i], text);
        lib[i] = context_new("distrust.cnf", &section);
        CHECK_ERROR(verify_chain(&chains[i]), NO_ISSUER, "no root %zu", i);
        CHECK_ERROR(verify_chain(&chains[0]), NO_ISSUER, "still none, %zu", i);
    }
    for (size_t i = 0; i < COUNT; i++)
        OSSL_LIB_CTX_free(lib[i]);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_ERROR(verify_chain(&chains[i]), NO_ISSUER, "for good, %zu", i);
    CHECK_ERROR(verify_chain(&chains[COUNT]), X509_V_OK, "the last one");
    for (size_t i = 0; i <= COUNT; i++)
        chain_free(&chains[i]);
}

/* ---- retired files ----------------------------------------------------- */

#define RETIRED "rds-ca-2012-us-gov-west-1.pem"

/* One root in the directory of retired files, in force as it is. */
static void write_retired(const X509 *root)
{
    char path[PATH_SIZE];

    NEED(mkdir(path_of(path, "bundles/retired"), 0755) == 0);
    write_bundle("retired/" RETIRED, &root, 1);
}

/* It is no issuer under a URI that does not name its file. */
static void test_retired(void)
{
    struct chain retired, good;

    chain_make(&retired, REGION);
    chain_make(&good, REGION);
    write_retired(retired.root.certificate);
    CHECK_ERROR(verify_chain(&retired), NO_ISSUER, "nothing else at hand");
    CHECK(!handshake_with(&retired, &retired.leaf, HOST), "TLS");
    write_root(good.root.certificate);
    CHECK_ERROR(verify_chain(&retired), NO_ISSUER, "beside a bundle");
    CHECK_ERROR(verify_chain(&good), X509_V_OK, "the bundle's");
    chain_free(&retired);
    chain_free(&good);
}

/* Under one that does, it vouches for its own region, and no more. */
static void test_retired_by_name(void)
{
    struct chain named, other;
    struct pair stray;
    char path[PATH_SIZE];

    chain_make(&named, REGION);
    chain_make(&other, REGION);
    leaf_make(&stray, &named, "DNS:db.abc123def.eu-west-1.rds.amazonaws.com");
    write_root(other.root.certificate);
    CHECK_ERROR(verify_chain(&named), NO_ISSUER, "the file is not there");
    write_retired(named.root.certificate);
    CHECK_ERROR(verify_chain(&named), X509_V_OK, "the root of the file");
    CHECK_ERROR(verify_leaf(&named, &stray), NO_ISSUER, "another region");
    CHECK_ERROR(verify_chain(&other), NO_ISSUER, "no other root");
    remove_bundle("retired/" RETIRED);
    CHECK_ERROR(verify_chain(&named), NO_ISSUER, "the file is gone");
    NEED(rmdir(path_of(path, "bundles/retired")) == 0);
    pair_free(&stray);
    chain_free(&named);
    chain_free(&other);
}

/* ---- threads ----------------------------------------------------------- */

#define THREADS 8
#define SECONDS 1.0

struct worker {
    const struct chain *chain, *stranger;
    atomic_bool *stop;
    unsigned long verified, refused, failed;
};

static void *work(void *arg)
{
    struct worker *worker = arg;

    while (!atomic_load(worker->stop)) {
        if (verify_chain(worker->chain) == X509_V_OK)
            worker->verified++;
        else
            worker->failed++;
        if (verify_chain(worker->stranger) == NO_ISSUER)
            worker->refused++;
        else
            worker->failed++;
    }
    return NULL;
}

/* Replaces the bundle as often as it can: the first root is always in it. */
static unsigned replace_for(double seconds, const struct chain *kept,
                            const struct chain *others)
{
    double until = now_seconds() + seconds;
    unsigned count = 0;

    for (; now_seconds() < until; count++) {
        const X509 *roots[2] = {kept->root.certificate,
                                others[count % 2].root.certificate};

        write_bundle(BUNDLE, roots, 1 + count % 3 % 2);
        sleep_ms(2);
    }
    return count;
}

static void test_threads(void)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct chain kept, others[2], stranger;
    atomic_bool stop = false;
    unsigned replaced;

    chain_make(&kept, REGION);
    chain_make(&others[0], REGION);
    chain_make(&others[1], REGION);
    stranger_make(&stranger);
    write_root(kept.root.certificate);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&kept, &stranger, &stop, 0, 0, 0};
        NEED(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    replaced = replace_for(SECONDS, &kept, others);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].failed == 0, "thread %d: %lu of %lu failed", i,
              workers[i].failed, workers[i].verified + workers[i].refused);
        CHECK(workers[i].verified != 0, "thread %d verified", i);
    }
    CHECK(replaced >= 2, "%u times replaced", replaced);
    write_root(others[0].root.certificate);
    CHECK_ERROR(verify_chain(&kept), NO_ISSUER, "withdrawn at last");
    CHECK_ERROR(verify_chain(&others[0]), X509_V_OK, "the new one");
    chain_free(&kept);
    chain_free(&others[0]);
    chain_free(&others[1]);
    chain_free(&stranger);
}

/* The first use of all, by many threads at once. */
static void *wait_and_verify(void *arg)
{
    struct worker *worker = arg;

    while (!atomic_load(worker->stop))
        ;
    if (verify_chain(worker->chain) == X509_V_OK)
        worker->verified++;
    return NULL;
}

static void test_first_use_by_many(void)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    atomic_bool go = false;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.chain = &chain, .stop = &go};
        NEED(pthread_create(&threads[i], NULL, wait_and_verify, &workers[i]) ==
             0);
    }
    atomic_store(&go, true);
    for (int i = 0; i < THREADS; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].verified == 1, "thread %d", i);
    }
    chain_free(&chain);
}

static const struct test tests[] = {
    TEST("a bundle is replaced", TRUST, test_replaced),
    TEST("the last good content", TRUST, test_last_good),
    TEST("an unreadable certificate", TRUST, test_unreadable),
    TEST("descriptors", TRUST, test_descriptors),
    TEST("a retired file", TRUST, test_retired),
    TEST("a retired file, all trusted", "rds://all+proxy", test_retired),
    TEST("a retired file by its name", "rds://file/" RETIRED,
         test_retired_by_name),
    TEST("rds-distrust", NULL, test_distrust),
    TEST("rds-distrust adds up", TRUST, test_distrust_adds_up),
    TEST("threads while bundles are replaced", TRUST, test_threads),
    TEST("the first use by many threads", TRUST, test_first_use_by_many),
};
SUITE(bundles);
