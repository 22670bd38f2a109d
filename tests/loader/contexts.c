/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that an instance of the provider belongs to its library context:
 * two with different values do not mix, and loading and unloading leaves
 * nothing behind.
 */

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define HEX_SIZE (2 * SHA256_SIZE + 1)

static void to_hex(const X509 *certificate, char out[HEX_SIZE])
{
    unsigned char sha256[SHA256_SIZE];

    CU_ASSERT(sha256_of(certificate, sha256));
    for (size_t i = 0; i < SHA256_SIZE; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

/* ---- two contexts ------------------------------------------------------ */

static void test_two_folders(void)
{
    char one_folder[PATH_SIZE], two_folder[PATH_SIZE];
    const struct setup one_setup = {.bundles = temp_folder(one_folder, "one")};
    const struct setup two_setup = {.bundles = temp_folder(two_folder, "two")};
    struct pair a, b;
    OSSL_LIB_CTX *one, *two;

    CU_ASSERT(
        pair_new(&a, NULL, "Amazon RDS ap-foo-1 Root CA ECC384 G1", PAIR_CA));
    CU_ASSERT(
        pair_new(&b, NULL, "Amazon RDS ap-foo-2 Root CA ECC384 G1", PAIR_CA));
    CU_ASSERT(write_bundle(one_folder, "ap-foo-1-bundle.pem", FRESH,
                           (const X509 *const[]){a.certificate}, 1));
    CU_ASSERT(write_bundle(two_folder, "ap-foo-2-bundle.pem", FRESH,
                           (const X509 *const[]){b.certificate}, 1));
    one = context_new(&one_setup);
    two = context_new(&two_setup);
    CU_ASSERT(count_of(one, "rds://region/ap-foo-1") == 1);
    CU_ASSERT(count_of(one, "rds://region/ap-foo-2") == -1);
    CU_ASSERT(count_of(two, "rds://region/ap-foo-1") == -1);
    CU_ASSERT(count_of(two, "rds://region/ap-foo-2") == 1);
    OSSL_LIB_CTX_free(one);
    CHECK(count_of(two, "rds://region/ap-foo-2") == 1,
          "one context outlives the other");
    OSSL_LIB_CTX_free(two);
    pair_free(&a);
    pair_free(&b);
}

/* A distrusted certificate is gone, whatever URI would have named it. */
static void test_distrust(void)
{
    char folder[PATH_SIZE], builtin[HEX_SIZE], mine[HEX_SIZE], uri[PATH_SIZE];
    char both[2 * HEX_SIZE + 2];
    struct setup setup = {.bundles = temp_folder(folder, "distrust")};
    OSSL_LIB_CTX *lib = context_plain(), *strict;
    STACK_OF(X509) *found =
        certificates_of(lib, "rds://region/us-west-2/rds-ca-ecc384-g1");
    struct pair root;

    CU_ASSERT_FATAL(sk_X509_num(found) == 1);
    CU_ASSERT(pair_new(&root, NULL, "Amazon RDS ap-foo-9 Root CA ECC384 G1",
                       PAIR_CA));
    CU_ASSERT(write_bundle(folder, "ap-foo-9-bundle.pem", FRESH,
                           (const X509 *const[]){root.certificate}, 1));
    to_hex(sk_X509_value(found, 0), builtin);
    to_hex(root.certificate, mine);
    (void)snprintf(both, sizeof(both), "%s, %s", builtin, mine);
    setup.distrust = both;
    strict = context_new(&setup);
    CU_ASSERT(count_of(strict, "rds://region/us-west-2") == 2);
    CU_ASSERT(count_of(strict, "rds://all") == carried_all() - 1);
    CU_ASSERT(count_of(strict, "rds://region/us-west-2/rds-ca-ecc384-g1") ==
              -1);
    CU_ASSERT(count_of(strict, "rds://file/us-west-2-bundle.pem") == 2);
    CU_ASSERT(count_of(strict, "rds://region/ap-foo-9") == -1);
    (void)snprintf(uri, sizeof(uri), "rds://sha256/%s", builtin);
    CHECK_REFUSED(strict, uri, RDS_R_NOT_CARRIED, "distrusted");
    CHECK(count_of(lib, uri) == 1, "the other context trusts it");
    CU_ASSERT(count_of(lib, "rds://region/us-west-2") == 3);
    certificates_free(found);
    pair_free(&root);
    OSSL_LIB_CTX_free(strict);
    OSSL_LIB_CTX_free(lib);
}

/* A store that is still open when the provider is unloaded. */
static void test_open_while_unloading(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(
        "rds://region/us-west-2", lib, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_PROVIDER *again = OSSL_PROVIDER_load(lib, "rds");
    int count = 0;

    CU_ASSERT_FATAL(store != NULL && again != NULL);
    CU_ASSERT(OSSL_PROVIDER_unload(again) == 1);
    while (OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info == NULL)
            break;
        count++;
        OSSL_STORE_INFO_free(info);
    }
    CU_ASSERT(count == 3);
    CU_ASSERT(OSSL_STORE_close(store) == 1);
    OSSL_LIB_CTX_free(lib);
}

/* ---- many rounds ------------------------------------------------------- */

#define ROUNDS 200
#define WARM_UP                                                               \
    150 /* until OpenSSL uses its numbers of error libraries again */
#define FEW 10
#define GROWTH_MAX 8192 /* bytes in all: 40 for each round */

/* A context each time, as a program that starts over. */
static bool use_context(void *arg)
{
    OSSL_LIB_CTX *lib = context_new(arg);
    bool good =
        lib != NULL &&
        count_of(lib, "rds://region/us-west-2/rds-ca-ecc384-g1") == 1 &&
        count_of(lib, "rds://region/ap-foo-9") == 1 &&
        count_of(lib, "rds://region/us-wets-2") == -1 &&
        count_of(lib, "rds://list") == 0;

    OSSL_LIB_CTX_free(lib);
    return good;
}

/* The same context; the provider is loaded and unloaded. */
static bool use_provider(void *arg)
{
    OSSL_LIB_CTX *lib = arg;
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(lib, "rds");
    bool good =
        provider != NULL && count_of(lib, "rds://region/us-west-2") > 0;

    return OSSL_PROVIDER_unload(provider) == 1 && good;
}

/* The same without the module: OpenSSL itself keeps a little each time. */
static bool use_no_module(void *arg)
{
    const struct setup setup = {.no_module = true};
    OSSL_LIB_CTX *lib = context_new(&setup);

    (void)arg;
    OSSL_LIB_CTX_free(lib);
    return lib != NULL;
}

struct rounds {
    bool (*use)(void *arg);
    bool (*compare)(void *arg); /* what grows without us, or NULL */
    void *arg;
};

#ifdef __GLIBC__
static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}
#else
static size_t memory_in_use(void)
{
    return 0;
}
#endif

/* Other allocators, a checker's or that of musl, tell nothing. */
static bool measurable(void)
{
    size_t before = memory_in_use();
    void *volatile block = malloc(GROWTH_MAX); /* really */
    bool good = block != NULL && memory_in_use() >= before + GROWTH_MAX;

    free(block);
    return good;
}

static bool repeat(bool (*use)(void *arg), void *arg, int times)
{
    for (int i = 0; i < times; i++) {
        if (!use(arg))
            return false;
        ERR_clear_error();
    }
    return true;
}

/* How many bytes more are in use after ROUNDS; false where one failed. */
static bool measure(bool (*use)(void *arg), void *arg, size_t *growth)
{
    size_t before, after;

    *growth = 0;
    if (!measurable())
        return repeat(use, arg, FEW);
    if (!repeat(use, arg, WARM_UP))
        return false;
    before = memory_in_use();
    if (!repeat(use, arg, ROUNDS))
        return false;
    after = memory_in_use();
    *growth = after > before ? after - before : 0;
    return true;
}

/* In a child: after some 128 loads OpenSSL runs out of error libraries. */
static bool many_rounds(void *arg)
{
    const struct rounds *rounds = arg;
    size_t growth, usual = 0;

    if ((rounds->compare != NULL && !measure(rounds->compare, NULL, &usual)) ||
        !measure(rounds->use, rounds->arg, &growth))
        return false;
    if (growth <= usual + GROWTH_MAX)
        return true;
    (void)fprintf(stderr,
                  "%d rounds: %zu bytes more, %zu without the module\n",
                  ROUNDS, growth, usual);
    return false;
}

static void test_many_contexts(void)
{
    char folder[PATH_SIZE];
    struct setup setup = {.bundles = temp_folder(folder, "rounds")};
    struct rounds rounds = {use_context, use_no_module, &setup};
    struct pair root;

    CU_ASSERT(pair_new(&root, NULL, "Amazon RDS ap-foo-9 Root CA ECC384 G1",
                       PAIR_CA));
    CU_ASSERT(write_bundle(folder, "ap-foo-9-bundle.pem", FRESH,
                           (const X509 *const[]){root.certificate}, 1));
    CHECK(in_child(many_rounds, &rounds, 300), "%d contexts", ROUNDS);
    pair_free(&root);
}

static void test_many_loads(void)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    struct rounds rounds = {use_provider, NULL, lib};
    char folder[PATH_SIZE * 4];

    (void)snprintf(folder, sizeof(folder), "%.*s",
                   (int)(strrchr(module_path(), '/') - module_path()),
                   module_path());
    CU_ASSERT(OSSL_PROVIDER_set_default_search_path(lib, folder) == 1);
    CHECK(in_child(many_rounds, &rounds, 300), "%d loads", ROUNDS);
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"two folders", test_two_folders},
    {"distrust", test_distrust},
    {"open while another unloads", test_open_while_unloading},
    {"many contexts", test_many_contexts},
    {"many loads", test_many_loads},
};

SUITE(contexts);

/* ---- an empty default context ------------------------------------------ */

/* "Amazon RDS ap-foo-9 Root CA ECC384 G1"; nobody has its key any more. */
static const char root_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBlzCCATygAwIBAgIUGnL2cj7eWVA6+PdqshuBEGCZIO8wCgYIKoZIzj0EAwIw\n"
    "MDEuMCwGA1UEAwwlQW1hem9uIFJEUyBhcC1mb28tOSBSb290IENBIEVDQzM4NCBH\n"
    "MTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowMDEuMCwGA1UEAwwl\n"
    "QW1hem9uIFJEUyBhcC1mb28tOSBSb290IENBIEVDQzM4NCBHMTBZMBMGByqGSM49\n"
    "AgEGCCqGSM49AwEHA0IABKSe1Q5vqFecQ5Y3UMiDfJ9tVl/PT1uiKMIBCztRFNsX\n"
    "QXgOmC57qZWQo7lgdGN1AJ/yU2RoM7bOwVqtagFxJKejMjAwMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wHQYDVR0OBBYEFDnD3VxwaucL6xR52UiiDz7ckoaTMAoGCCqGSM49BAMC\n"
    "A0kAMEYCIQDuwFLbrUAWXqz+xGCgswC61SJ8HqIovbhXY+Ib5d00TQIhANGhInqa\n"
    "dy7vI7BSSGdRmppdZPgJ5S+N/Bj9pUJV45K3\n"
    "-----END CERTIFICATE-----\n";

/*
 * Programs that use contexts of their own may empty the default one with the
 * null provider.  Neither built-in certificates nor bundles need it.
 */
static bool with_null_provider(void *arg)
{
    OSSL_PROVIDER *null = OSSL_PROVIDER_load(NULL, "null");
    OSSL_LIB_CTX *lib = context_new(arg);

    return null != NULL && lib != NULL &&
           count_of(lib, "rds://region/us-west-2") == 3 &&
           count_of(lib, "rds://region/ap-foo-9") == 1;
}

static void test_null_provider(void)
{
    char folder[PATH_SIZE];
    struct setup setup = {.bundles = temp_folder(folder, "null")};

    CU_ASSERT(
        write_file(folder, "ap-foo-9-bundle.pem", root_pem, strlen(root_pem)));
    CHECK(in_child(with_null_provider, &setup, 60),
          "the null provider in the default context");
}

static const struct test bare_tests[] = {
    {"an empty default context", test_null_provider},
};

const struct suite bare_suite = {"bare", bare_tests, COUNT_OF(bare_tests)};
