/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that what is loaded is exactly what AWS publishes, in the documented
 * order, each certificate once, and that the end comes when it should.
 */

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define PINS "provider/anchors/pins.tsv"
#define COMBINED "provider/anchors/rds-combined-ca-bundle.list"
#define LINES_MAX 512
#define EVERYTHING "rds://all+proxy?expired=include"

/* ---- fingerprints ------------------------------------------------------ */

/* Reads the fingerprints at the beginning of the lines of a file. */
static size_t read_fingerprints(const char *path,
                                unsigned char out[LINES_MAX][SHA256_SIZE])
{
    FILE *file = fopen(path, "r");
    char line[512];
    size_t count = 0;

    while (file != NULL && count < LINES_MAX &&
           fgets(line, sizeof(line), file) != NULL) {
        unsigned byte;
        size_t i;

        for (i = 0; i < SHA256_SIZE && isxdigit((unsigned char)line[2 * i]) &&
                    sscanf(line + 2 * i, "%2x", &byte) == 1;
             i++)
            out[count][i] = (unsigned char)byte;
        if (i == SHA256_SIZE)
            count++;
    }
    if (file != NULL)
        (void)fclose(file);
    CHECK(count != 0, "fingerprints in %s", path);
    return count;
}

static bool among(const unsigned char sha256[SHA256_SIZE],
                  unsigned char list[LINES_MAX][SHA256_SIZE], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(sha256, list[i], SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

/* Every certificate that any URI gives is pinned, and comes once. */
static void test_pins(void)
{
    static const char *const uris[] = {
        EVERYTHING,
        "rds://all?stage=beta",
        "rds://all?stage=preview",
        "rds://file/rds-combined-ca-bundle.pem",
        "rds://region/us-west-2",
    };
    static unsigned char pins[LINES_MAX][SHA256_SIZE],
        seen[LINES_MAX][SHA256_SIZE];
    size_t count = read_fingerprints(PINS, pins);
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        STACK_OF(X509) *found = certificates_of(lib, uris[i]);
        int total = sk_X509_num(found);

        CHECK(total > 0, "%s has certificates", uris[i]);
        for (int j = 0; j < total && j < LINES_MAX; j++) {
            CU_ASSERT(sha256_of(sk_X509_value(found, j), seen[j]));
            CHECK(among(seen[j], pins, count), "%s: number %d is pinned",
                  uris[i], j);
            CHECK(!among(seen[j], seen, (size_t)j), "%s: number %d is new",
                  uris[i], j);
        }
        certificates_free(found);
    }
    OSSL_LIB_CTX_free(lib);
}

/* The object is the exact DER: what it decodes to encodes to the same. */
static int keep_object(const OSSL_PARAM params[], void *arg)
{
    const OSSL_PARAM *type =
        OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_TYPE);
    const OSSL_PARAM *data =
        OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_DATA);
    const OSSL_PARAM *data_type =
        OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_DATA_TYPE);
    unsigned char **der = arg;
    const unsigned char *at;
    X509 *certificate;
    int number = 0, size;

    CU_ASSERT(type != NULL && OSSL_PARAM_get_int(type, &number) == 1 &&
              number == OSSL_OBJECT_CERT);
    CHECK(data_type == NULL || strcmp(data_type->data, "CERTIFICATE") == 0,
          "the data type is none, or that of a plain certificate");
    CU_ASSERT_FATAL(data != NULL &&
                    data->data_type == OSSL_PARAM_OCTET_STRING);
    at = data->data;
    certificate = d2i_X509(NULL, &at, (long)data->data_size);
    CU_ASSERT(certificate != NULL);
    CHECK(at == (const unsigned char *)data->data + data->data_size,
          "nothing follows the certificate");
    size = i2d_X509(certificate, der);
    CHECK(size > 0 && (size_t)size == data->data_size &&
              memcmp(*der, data->data, data->data_size) == 0,
          "the DER is exact");
    OPENSSL_free(*der);
    *der = NULL;
    X509_free(certificate);
    return 1;
}

static void test_exact_der(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    void *opened = shim.open(shim.provctx, EVERYTHING);
    unsigned char *der = NULL;
    size_t count = 0;

    CU_ASSERT_FATAL(opened != NULL);
    while (shim.eof(opened) == 0 && count < LINES_MAX) {
        CHECK(shim.load(opened, keep_object, &der, NULL, NULL) == 1,
              "load number %zu", count);
        count++;
    }
    CHECK(count > 90, "%zu certificates", count);
    CHECK(shim.load(opened, keep_object, &der, NULL, NULL) == 0,
          "nothing after the end");
    CU_ASSERT(shim.close(opened) == 1);
    OSSL_LIB_CTX_free(lib);
}

/* ---- order ------------------------------------------------------------- */

/* What the order of G1 roots goes by: partition, region, CA identifier. */
static void sort_key(const X509 *certificate, char out[NAME_SIZE * 2])
{
    char cn[NAME_SIZE], region[32] = "", algorithm[32] = "";
    int partition;

    CHECK(sscanf(cn_of(certificate, cn), "Amazon RDS %31s Root CA %31s G1",
                 region, algorithm) == 2,
          "'%s' is a root of the first generation", cn);
    partition = strncmp(region, "us-gov-", 7) == 0 ? 1
                : strncmp(region, "cn-", 3) == 0   ? 2
                                                   : 0;
    (void)snprintf(out, NAME_SIZE * 2, "%d %s %s", partition, region,
                   algorithm);
}

static void test_order(void)
{
    static const char *const uris[] = {
        "rds://all",
        "rds://region/us-west-2,af-south-1,cn-north-1",
        "rds://region/us-west-2+region/af-south-1",
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        STACK_OF(X509) *found = certificates_of(lib, uris[i]);
        char before[NAME_SIZE * 2] = "", key[NAME_SIZE * 2];

        CHECK(sk_X509_num(found) >= 6, "%s", uris[i]);
        for (int j = 0; j < sk_X509_num(found); j++) {
            sort_key(sk_X509_value(found, j), key);
            CHECK(strcmp(before, key) < 0, "%s: '%s' before '%s'", uris[i],
                  before, key);
            memcpy(before, key, sizeof(before));
        }
        certificates_free(found);
    }
    OSSL_LIB_CTX_free(lib);
}

/* Within a CA of a region the root stands first; RDS before the proxies. */
static void test_roots_first(void)
{
    static const char *const cns[] = {
        "Amazon RDS Root 2019 CA",
        "Amazon RDS us-west-2 2019 CA",
    };
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *found =
        certificates_of(lib, "rds://region/us-west-2?ca=rds-ca-2019");
    char cn[NAME_SIZE];

    CU_ASSERT(sk_X509_num(found) == 2);
    for (int i = 0; i < sk_X509_num(found) && i < 2; i++)
        CHECK(strcmp(cn_of(sk_X509_value(found, i), cn), cns[i]) == 0,
              "number %d is '%s', not '%s'", i, cns[i], cn);
    certificates_free(found);
    found = certificates_of(lib, "rds://proxy+region/us-west-2");
    CU_ASSERT(sk_X509_num(found) == 8);
    for (int i = 0; i < sk_X509_num(found); i++)
        CHECK((strncmp(cn_of(sk_X509_value(found, i), cn), "Amazon RDS ",
                       strlen("Amazon RDS ")) == 0) == (i < 3),
              "number %d is '%s'", i, cn);
    certificates_free(found);
    OSSL_LIB_CTX_free(lib);
}

/* AWS's combined file, asked for alone, keeps AWS's order. */
static void test_combined_order(void)
{
    static unsigned char list[LINES_MAX][SHA256_SIZE];
    size_t count = read_fingerprints(COMBINED, list);
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *found =
        certificates_of(lib, "rds://file/rds-combined-ca-bundle.pem");
    unsigned char sha256[SHA256_SIZE];

    CHECK((size_t)sk_X509_num(found) == count, "%zu certificates, not %d",
          count, sk_X509_num(found));
    for (int i = 0; i < sk_X509_num(found) && (size_t)i < count; i++)
        CHECK(sha256_of(sk_X509_value(found, i), sha256) &&
                  memcmp(sha256, list[i], SHA256_SIZE) == 0,
              "number %d", i);
    certificates_free(found);
    OSSL_LIB_CTX_free(lib);
}

/* ---- the end ----------------------------------------------------------- */

static OSSL_STORE_CTX *open_uri(OSSL_LIB_CTX *lib, const char *uri)
{
    return OSSL_STORE_open_ex(uri, lib, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void test_end(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_CTX *store = open_uri(lib, "rds://region/us-west-2");

    CU_ASSERT_FATAL(store != NULL);
    ERR_clear_error();
    for (int i = 0; i < 3; i++) {
        OSSL_STORE_INFO *info;

        CHECK(OSSL_STORE_eof(store) == 0, "no end before number %d", i);
        info = OSSL_STORE_load(store);
        CHECK(info != NULL &&
                  OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT,
              "number %d is a certificate", i);
        CHECK(OSSL_STORE_error(store) == 0, "no error at number %d", i);
        OSSL_STORE_INFO_free(info);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(OSSL_STORE_eof(store) == 1, "the end stays");
        CHECK(OSSL_STORE_load(store) == NULL, "nothing more");
        CHECK(OSSL_STORE_error(store) == 0, "the end is no error");
    }
    CU_ASSERT(ERR_peek_error() == 0);
    CU_ASSERT(OSSL_STORE_close(store) == 1);
    OSSL_LIB_CTX_free(lib);
}

/* Closed before anything is loaded, in the middle, and at the end. */
static void test_close_early(void)
{
    OSSL_LIB_CTX *lib = context_plain();

    for (int loads = 0; loads <= 4; loads++) {
        OSSL_STORE_CTX *store = open_uri(lib, "rds://region/us-west-2");

        for (int i = 0; i < loads; i++)
            OSSL_STORE_INFO_free(OSSL_STORE_load(store));
        CHECK(OSSL_STORE_close(store) == 1, "closed after %d", loads);
    }
    OSSL_LIB_CTX_free(lib);
}

/* One store's progress is its own. */
static void test_interleaved(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_CTX *a = open_uri(lib, "rds://region/us-west-2");
    OSSL_STORE_CTX *b = open_uri(lib, "rds://region/us-west-2");
    int pairs = 0;

    while (OSSL_STORE_eof(a) == 0 && OSSL_STORE_eof(b) == 0) {
        OSSL_STORE_INFO *one = OSSL_STORE_load(a), *two = OSSL_STORE_load(b);

        CU_ASSERT_FATAL(one != NULL && two != NULL);
        CU_ASSERT(X509_cmp(OSSL_STORE_INFO_get0_CERT(one),
                           OSSL_STORE_INFO_get0_CERT(two)) == 0);
        OSSL_STORE_INFO_free(one);
        OSSL_STORE_INFO_free(two);
        pairs++;
    }
    CU_ASSERT(pairs == 3);
    CU_ASSERT(OSSL_STORE_eof(a) == 1 && OSSL_STORE_eof(b) == 1);
    (void)OSSL_STORE_close(a);
    (void)OSSL_STORE_close(b);
    OSSL_LIB_CTX_free(lib);
}

/* ---- the list ---------------------------------------------------------- */

/* The list names URIs that answer, without a failing one among them. */
static void test_list(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_CTX *store = open_uri(lib, "rds://list");
    int names = 0;

    CU_ASSERT_FATAL(store != NULL);
    while (OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        const char *uri, *description;
        OSSL_STORE_CTX *named;

        CU_ASSERT_FATAL(info != NULL && OSSL_STORE_INFO_get_type(info) ==
                                            OSSL_STORE_INFO_NAME);
        uri = OSSL_STORE_INFO_get0_NAME(info);
        description = OSSL_STORE_INFO_get0_NAME_description(info);
        named = open_uri(lib, uri);
        CHECK(named != NULL && OSSL_STORE_eof(named) == 0, "%s answers", uri);
        CHECK(strncmp(uri, "rds://", 6) == 0, "%s in the long form", uri);
        CHECK(description != NULL && description[0] != '\0', "%s is described",
              uri);
        (void)OSSL_STORE_close(named);
        OSSL_STORE_INFO_free(info);
        names++;
    }
    CHECK(names > 200, "%d names", names);
    CU_ASSERT(OSSL_STORE_error(store) == 0);
    (void)OSSL_STORE_close(store);
    OSSL_LIB_CTX_free(lib);
}

/* Names come from rds://list only: a CA store is followed one deep. */
static void test_no_names_elsewhere(void)
{
    static const char *const uris[] = {"rds://all", "rds://region/us-west-2",
                                       "rds://proxy", EVERYTHING};
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        const struct question question = {.uri = uris[i]};
        struct answer answer;

        ask(lib, &question, &answer);
        CHECK(answer.names == 0 && !answer.failed &&
                  sk_X509_num(answer.certificates) > 0,
              "%s has certificates only", uris[i]);
        answer_clear(&answer);
    }
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"every certificate is pinned", test_pins},
    {"the exact DER", test_exact_der},
    {"order", test_order},
    {"roots first", test_roots_first},
    {"the combined file's order", test_combined_order},
    {"the end", test_end},
    {"closed early", test_close_early},
    {"two at the same time", test_interleaved},
    {"the list", test_list},
    {"names only in the list", test_no_names_elsewhere},
};

SUITE(load);
