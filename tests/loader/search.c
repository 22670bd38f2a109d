/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that a search finds what a walk over all certificates finds: by
 * subject however it is encoded, issuer and serial number, fingerprint, and
 * AWS's name; and that what is not a certificate is not there.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define EVERYTHING "rds://all+proxy?expired=include"
#define G1_CN "Amazon RDS us-west-2 Root CA RSA2048 G1"
#define WEST "rds://region/us-west-2"

/* How many are found; -1 where the search was refused. */
static int find(OSSL_LIB_CTX *lib, const char *uri, OSSL_STORE_SEARCH *search,
                X509 **first)
{
    const struct question question = {.uri = uri, .search = search};
    struct answer answer;
    int count;

    ask(lib, &question, &answer);
    count =
        answer.set && !answer.failed ? sk_X509_num(answer.certificates) : -1;
    if (answer.set && count == 0 && !answer.at_once)
        count = -2; /* the end must be seen at once */
    if (first != NULL)
        *first = count > 0 ? sk_X509_shift(answer.certificates) : NULL;
    answer_clear(&answer);
    OSSL_STORE_SEARCH_free(search);
    return count;
}

/* 4.0 gives names that are const; 3.x does not take them. */
static int find_name(OSSL_LIB_CTX *lib, const char *uri, const X509_NAME *name)
{
    return find(lib, uri, OSSL_STORE_SEARCH_by_name((X509_NAME *)name), NULL);
}

/* ---- against a walk ---------------------------------------------------- */

static bool same_subject(X509 *a, X509 *b)
{
    return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) ==
           0;
}

static bool same_issuer_and_serial(X509 *a, X509 *b)
{
    return X509_NAME_cmp(X509_get_issuer_name(a), X509_get_issuer_name(b)) ==
               0 &&
           ASN1_INTEGER_cmp(X509_get0_serialNumber(a),
                            X509_get0_serialNumber(b)) == 0;
}

static int walk(STACK_OF(X509) * all, X509 *like,
                bool (*same)(X509 *a, X509 *b))
{
    int count = 0;

    for (int i = 0; i < sk_X509_num(all); i++)
        count += same(sk_X509_value(all, i), like);
    return count;
}

static void test_every_subject(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *all = certificates_of(lib, EVERYTHING);

    CU_ASSERT(sk_X509_num(all) > 90);
    for (int i = 0; i < sk_X509_num(all); i++) {
        X509 *one = sk_X509_value(all, i);
        int expected = walk(all, one, same_subject);
        int found = find_name(lib, EVERYTHING, X509_get_subject_name(one));

        CHECK(found == expected, "number %d: %d found, %d there", i, found,
              expected);
    }
    certificates_free(all);
    OSSL_LIB_CTX_free(lib);
}

/* A pair of 2015 shares issuer and serial; one serial number is 0. */
static void test_every_serial(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *all = certificates_of(lib, EVERYTHING);
    int shared = 0, zero = 0;

    for (int i = 0; i < sk_X509_num(all); i++) {
        X509 *one = sk_X509_value(all, i);
        int expected = walk(all, one, same_issuer_and_serial);
        int found =
            find(lib, EVERYTHING,
                 OSSL_STORE_SEARCH_by_issuer_serial(
                     X509_get_issuer_name(one), X509_get0_serialNumber(one)),
                 NULL);
        int64_t serial;

        CHECK(found == expected, "number %d: %d found, %d there", i, found,
              expected);
        shared += expected == 2;
        zero += ASN1_INTEGER_get_int64(&serial, X509_get0_serialNumber(one)) ==
                    1 &&
                serial == 0;
    }
    CHECK(shared == 2, "%d certificates share issuer and serial", shared);
    CHECK(zero == 1, "%d certificates have the serial 0", zero);
    certificates_free(all);
    OSSL_LIB_CTX_free(lib);
}

/* How many are found by the issuer of `like` and another serial number. */
static int find_serial(OSSL_LIB_CTX *lib, X509 *like, const BIGNUM *serial)
{
    ASN1_INTEGER *number = BN_to_ASN1_INTEGER(serial, NULL);
    int found = find(
        lib, EVERYTHING,
        OSSL_STORE_SEARCH_by_issuer_serial(X509_get_issuer_name(like), number),
        NULL);

    ASN1_INTEGER_free(number);
    return found;
}

/* A number that only begins or ends like the serial number is another. */
static void test_other_serials(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *found = certificates_of(lib, "rds://region/us-west-2");
    X509 *one = sk_X509_value(found, 0);
    BIGNUM *serial, *other = BN_new();
    int bits;

    CU_ASSERT_FATAL(one != NULL);
    serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(one), NULL);
    bits = BN_num_bits(serial);
    CU_ASSERT_FATAL(bits > 64);
    CU_ASSERT(find_serial(lib, one, serial) == 1);
    CU_ASSERT(BN_copy(other, serial) != NULL);
    CU_ASSERT(BN_mask_bits(other, bits / 8 * 8 - 8) == 1);
    CHECK(find_serial(lib, one, other) == 0, "its end");
    CU_ASSERT(BN_rshift(other, serial, 8) == 1);
    CHECK(find_serial(lib, one, other) == 0, "its beginning");
    CU_ASSERT(BN_copy(other, serial) != NULL);
    CU_ASSERT(BN_set_bit(other, bits + 16) == 1);
    CHECK(find_serial(lib, one, other) == 0, "more before it");
    CU_ASSERT(BN_lshift(other, serial, 8) == 1);
    CHECK(find_serial(lib, one, other) == 0, "more behind it");
    BN_zero(other);
    CHECK(find_serial(lib, one, other) == 0, "zero");
    BN_free(serial);
    BN_free(other);
    certificates_free(found);
    OSSL_LIB_CTX_free(lib);
}

static void test_every_fingerprint(void)
{
    static const char *const digests[] = {"SHA1", "SHA256", "SHA384", "SHA512",
                                          "SHA3-256"};
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *all = certificates_of(lib, EVERYTHING);

    for (int i = 0; i < sk_X509_num(all); i++) {
        X509 *one = sk_X509_value(all, i), *first;
        EVP_MD *digest =
            EVP_MD_fetch(lib, digests[(size_t)i % COUNT_OF(digests)], NULL);
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned int size = sizeof(bytes);
        int found;

        CU_ASSERT(X509_digest(one, digest, bytes, &size) == 1);
        found = find(lib, EVERYTHING,
                     OSSL_STORE_SEARCH_by_key_fingerprint(digest, bytes, size),
                     &first);
        CHECK(found == 1 && X509_cmp(first, one) == 0,
              "number %d by %s: %d found", i, EVP_MD_get0_name(digest), found);
        X509_free(first);
        bytes[size - 1] ^= 1;
        found = find(lib, EVERYTHING,
                     OSSL_STORE_SEARCH_by_key_fingerprint(digest, bytes, size),
                     NULL);
        CHECK(found == 0, "a changed digest: %d found", found);
        EVP_MD_free(digest);
    }
    certificates_free(all);
    OSSL_LIB_CTX_free(lib);
}

/*
 * A digest that nobody has is an error, never an empty answer.  Some releases
 * of OpenSSL refuse this one themselves.
 */
static void test_unknown_digest(void)
{
    OSSL_STORE_SEARCH *search = OSSL_STORE_SEARCH_by_key_fingerprint(
        EVP_md_null(), (const unsigned char *)"", 0);
    OSSL_LIB_CTX *lib = context_plain();
    char text[ERROR_SIZE];

    ERR_clear_error();
    if (search != NULL) {
        CU_ASSERT(find(lib, "rds://all", search, NULL) == -1);
        CHECK(last_error(text) == RDS_R_BAD_SEARCH &&
                  strstr(text, "digest") != NULL,
              "the text names the digest: '%s'", text);
    }
    OSSL_LIB_CTX_free(lib);
}

/* ---- the same name in other words -------------------------------------- */

enum spelling { AS_IS, LOWER, SPACED };

static size_t spell(const char *text, enum spelling spelling, int type,
                    unsigned char out[512])
{
    char plain[256];
    size_t used = 0, width = type == V_ASN1_BMPSTRING         ? 2
                             : type == V_ASN1_UNIVERSALSTRING ? 4
                                                              : 1;
    (void)snprintf(plain, sizeof(plain), spelling == SPACED ? "  %s  " : "%s",
                   text);
    memset(out, 0, 512);
    for (const char *c = plain; *c != '\0'; c++) {
        bool upper = *c >= 'A' && *c <= 'Z';
        char letter = spelling == LOWER && upper ? (char)(*c + 32) : *c;

        for (int times = spelling == SPACED && *c == ' ' ? 2 : 1; times > 0;
             times--) {
            out[used + width - 1] = (unsigned char)letter;
            used += width;
        }
    }
    return used;
}

/* The subject of a G1 root, with its values spelled in another way. */
static X509_NAME *respell(const char *cn, enum spelling spelling, int type)
{
    const char *const parts[][2] = {
        {"C", "US"},          {"O", "Amazon Web Services, Inc."},
        {"OU", "Amazon RDS"}, {"ST", "WA"},
        {"CN", cn},           {"L", "Seattle"},
    };
    X509_NAME *name = X509_NAME_new();
    unsigned char value[512];

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        size_t size = spell(parts[i][1], spelling, type, value);

        CU_ASSERT(X509_NAME_add_entry_by_txt(name, parts[i][0], type, value,
                                             (int)size, -1, 0) == 1);
    }
    return name;
}

static void test_spellings(void)
{
    static const int types[] = {
        V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_T61STRING,
        V_ASN1_IA5STRING,       V_ASN1_BMPSTRING,  V_ASN1_UNIVERSALSTRING,
    };
    static const enum spelling spellings[] = {AS_IS, LOWER, SPACED};
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        for (size_t j = 0; j < COUNT_OF(spellings); j++) {
            X509_NAME *same = respell(G1_CN, spellings[j], types[i]);
            X509_NAME *other = respell("Amazon RDS us-west-2 Root CA RSA2048 "
                                       "G2",
                                       spellings[j], types[i]);

            CHECK(find_name(lib, "rds://region/us-west-2", same) == 1,
                  "type %d, spelling %zu", types[i], j);
            CHECK(find_name(lib, "rds://region/us-west-2", other) == 0,
                  "another name, type %d, spelling %zu", types[i], j);
            X509_NAME_free(same);
            X509_NAME_free(other);
        }
    }
    OSSL_LIB_CTX_free(lib);
}

/* Names that only look alike: X509_NAME_cmp() tells them apart. */
static void test_lookalikes(void)
{
    static const char *const cns[] = {
        "Amazon RDS us-west2 Root CA RSA2048 G1",
        "Amazon RDS us.west.2 Root CA RSA2048 G1",
        "AmazonRDS us-west-2 Root CA RSA2048 G1",
        "Amazon RDS us-west-2 Root CA RSA2048 G1.",
        "Amazon RDS us-west-2 Root CA RSA2048 G1 G1",
        "",
    };
    OSSL_LIB_CTX *lib = context_plain();
    X509_NAME *name;

    for (size_t i = 0; i < COUNT_OF(cns); i++) {
        name = respell(cns[i], AS_IS, V_ASN1_UTF8STRING);
        CHECK(find_name(lib, "rds://region/us-west-2", name) == 0, "'%s'",
              cns[i]);
        X509_NAME_free(name);
    }
    name = X509_NAME_new(); /* no attribute at all */
    CU_ASSERT(find_name(lib, "rds://region/us-west-2", name) == 0);
    X509_NAME_free(name);
    name = respell(G1_CN, AS_IS, V_ASN1_UTF8STRING); /* in another order */
    CU_ASSERT(X509_NAME_add_entry(name, X509_NAME_get_entry(name, 0), -1, 0) ==
              1);
    CU_ASSERT(find_name(lib, "rds://region/us-west-2", name) == 0);
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, 0));
    CU_ASSERT(find_name(lib, "rds://region/us-west-2", name) == 0);
    X509_NAME_free(name);
    OSSL_LIB_CTX_free(lib);
}

/* ---- AWS's names ------------------------------------------------------- */

static void test_alias(void)
{
    static const struct {
        const char *uri, *alias;
        int count;
    } rows[] = {
        {EVERYTHING, "rds-ca-2019-us-west-2", 1},
        {EVERYTHING, "rds-ca-2019-root", 1},
        {EVERYTHING, "rds-ca-af-south-1-2019-root", 1},
        {EVERYTHING, "rds-ca-2017-us-gov-west-1", 1},
        {EVERYTHING, "us-west-2-rds-ca-rsa2048-g1", 1},
        {EVERYTHING, "amazon-root-ca-1", 1},
        {"rds://region/us-west-2", "us-west-2-rds-ca-ecc384-g1", 1},
        {"rds://region/us-west-2", "rds-ca-2019-us-west-2", 0},
        {"rds://region/us-west-2", "us-west-1-rds-ca-ecc384-g1", 0},
        {"rds://all", "us-west-2-rds-ca-rsa2048-g", 0},
        {"rds://all", "US-WEST-2-RDS-CA-RSA2048-G1", 0},
        {"rds://all", "", 0},
        {"rds://list", "us-west-2-rds-ca-rsa2048-g1", 0},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int found = find(lib, rows[i].uri,
                         OSSL_STORE_SEARCH_by_alias(rows[i].alias), NULL);

        CHECK(found == rows[i].count, "%s, '%s': %d found", rows[i].uri,
              rows[i].alias, found);
    }
    OSSL_LIB_CTX_free(lib);
}

/* ---- combinations ------------------------------------------------------ */

static void test_supported(void)
{
    static const struct {
        int type;
        int supported;
    } rows[] = {
        {OSSL_STORE_SEARCH_BY_NAME, 1},
        {OSSL_STORE_SEARCH_BY_ISSUER_SERIAL, 1},
        {OSSL_STORE_SEARCH_BY_KEY_FINGERPRINT, 1},
        {OSSL_STORE_SEARCH_BY_ALIAS, 1},
        {99, 0},
    };
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex("rds://all", lib, NULL, NULL,
                                               NULL, NULL, NULL, NULL);

    CU_ASSERT_FATAL(store != NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(OSSL_STORE_supports_search(store, rows[i].type) ==
                  rows[i].supported,
              "type %d", rows[i].type);
    (void)OSSL_STORE_close(store);
    OSSL_LIB_CTX_free(lib);
}

/* The list has names of URIs; no search finds one. */
static void test_search_in_list(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    X509_NAME *name = respell(G1_CN, AS_IS, V_ASN1_UTF8STRING);
    OSSL_STORE_SEARCH *search = OSSL_STORE_SEARCH_by_name(name);
    const struct question question = {.uri = "rds://list", .search = search};
    struct answer answer;

    ask(lib, &question, &answer);
    CU_ASSERT(answer.set && !answer.failed && answer.at_once);
    CU_ASSERT(answer.names == 0 && sk_X509_num(answer.certificates) == 0);
    answer_clear(&answer);
    OSSL_STORE_SEARCH_free(search);
    X509_NAME_free(name);
    OSSL_LIB_CTX_free(lib);
}

/* What is expected and not there is at its end at once. */
static void test_expect(void)
{
    static const struct {
        const char *uri;
        int type, certificates;
        bool names;
    } rows[] = {
        {"rds://region/us-west-2", OSSL_STORE_INFO_CERT, 3, false},
        {"rds://region/us-west-2", OSSL_STORE_INFO_PKEY, 0, false},
        {"rds://region/us-west-2", OSSL_STORE_INFO_PUBKEY, 0, false},
        {"rds://region/us-west-2", OSSL_STORE_INFO_PARAMS, 0, false},
        {"rds://region/us-west-2", OSSL_STORE_INFO_CRL, 0, false},
        {"rds://region/us-west-2", OSSL_STORE_INFO_NAME, 0, false},
        {"rds://list", OSSL_STORE_INFO_NAME, 0, true},
        {"rds://list", OSSL_STORE_INFO_PKEY, 0, false},
        {"rds://list", OSSL_STORE_INFO_CRL, 0, false},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct question question = {.uri = rows[i].uri,
                                          .expect = rows[i].type};
        bool nothing = rows[i].certificates == 0 && !rows[i].names;
        struct answer answer;

        ask(lib, &question, &answer);
        CHECK(answer.set && !answer.failed, "%s, type %d", rows[i].uri,
              rows[i].type);
        CHECK(sk_X509_num(answer.certificates) == rows[i].certificates &&
                  (answer.names != 0) == rows[i].names,
              "%s, type %d: %d certificates, %zu names", rows[i].uri,
              rows[i].type, sk_X509_num(answer.certificates), answer.names);
        CHECK(answer.at_once == nothing, "%s, type %d: the end", rows[i].uri,
              rows[i].type);
        answer_clear(&answer);
    }
    OSSL_LIB_CTX_free(lib);
}

/* An expectation counts whether it comes before or after the search. */
static void test_expect_and_search(void)
{
    static const struct {
        int type, count;
    } rows[] = {
        {OSSL_STORE_INFO_CERT, 1},
        {OSSL_STORE_INFO_PKEY, 0},
        {OSSL_STORE_INFO_CRL, 0},
    };
    OSSL_LIB_CTX *lib = context_plain();
    OSSL_STORE_SEARCH *search =
        OSSL_STORE_SEARCH_by_alias("us-west-2-rds-ca-ecc384-g1");

    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        const struct question question = {
            .uri = "rds://region/us-west-2",
            .search = search,
            .expect = rows[i / 2].type,
            .expect_last = i % 2 == 1,
        };
        struct answer answer;

        ask(lib, &question, &answer);
        CHECK(answer.set && !answer.failed &&
                  sk_X509_num(answer.certificates) == rows[i / 2].count,
              "type %d, %s: %d found", question.expect,
              i % 2 == 1 ? "after" : "before",
              sk_X509_num(answer.certificates));
        answer_clear(&answer);
    }
    OSSL_STORE_SEARCH_free(search);
    OSSL_LIB_CTX_free(lib);
}

/* A second search looks among what the first left. */
static void test_two_searches(void)
{
    static const struct {
        const char *alias;
        int certificate; /* whose subject is searched for after that */
        int count;
    } rows[] = {
        {"us-west-2-rds-ca-ecc384-g1", 0, 1},
        {"us-west-2-rds-ca-ecc384-g1", 1, 0},
        {"us-west-2-rds-ca-ecc384-g1", 2, 0},
        {"us-west-2-rds-ca-rsa4096-g1", 2, 1},
        {"us-west-2-rds-ca-rsa4096-g1", 0, 0},
    };
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *all = certificates_of(lib, WEST);

    CU_ASSERT_FATAL(sk_X509_num(all) == 3);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        X509 *wanted = sk_X509_value(all, rows[i].certificate);
        OSSL_STORE_SEARCH *first = OSSL_STORE_SEARCH_by_alias(rows[i].alias);
        OSSL_STORE_SEARCH *second =
            OSSL_STORE_SEARCH_by_name(X509_get_subject_name(wanted));
        OSSL_STORE_CTX *store =
            OSSL_STORE_open_ex(WEST, lib, NULL, NULL, NULL, NULL, NULL, NULL);
        int count = 0;

        CU_ASSERT_FATAL(store != NULL && OSSL_STORE_find(store, first) == 1 &&
                        OSSL_STORE_find(store, second) == 1);
        for (; !OSSL_STORE_eof(store); count++)
            OSSL_STORE_INFO_free(OSSL_STORE_load(store));
        CHECK(count == rows[i].count, "row %zu: %d", i, count);
        (void)OSSL_STORE_close(store);
        OSSL_STORE_SEARCH_free(first);
        OSSL_STORE_SEARCH_free(second);
    }
    certificates_free(all);
    OSSL_LIB_CTX_free(lib);
}

static int count_one(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    ++*(int *)arg;
    return 1;
}

/* Loads `before`, searches for a subject, loads the rest; returns how many. */
static int rest_after(int before, X509_NAME *subject)
{
    void *opened = shim.open(shim.provctx, WEST);
    OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
    unsigned char *der = NULL;
    int size = i2d_X509_NAME(subject, &der), count = 0;

    CU_ASSERT_FATAL(opened != NULL && size > 0);
    for (int i = 0; i < before; i++)
        CU_ASSERT(shim.load(opened, count_one, &count, NULL, NULL) == 1);
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_STORE_PARAM_SUBJECT,
                                                  der, (size_t)size);
    CU_ASSERT(shim.set(opened, params) == 1);
    for (count = 0; shim.eof(opened) == 0;)
        CU_ASSERT(shim.load(opened, count_one, &count, NULL, NULL) == 1);
    (void)shim.close(opened);
    OPENSSL_free(der);
    return count;
}

/* A search in the midst of loading finds what has not been loaded yet. */
static void test_search_after_load(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    STACK_OF(X509) *all = certificates_of(lib, WEST);

    CU_ASSERT_FATAL(sk_X509_num(all) == 3);
    for (int before = 0; before <= 3; before++) {
        for (int i = 0; i < 3; i++)
            CHECK(rest_after(before, X509_get_subject_name(sk_X509_value(
                                         all, i))) == (i >= before),
                  "%d loaded, then number %d", before, i);
    }
    certificates_free(all);
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"every subject", test_every_subject},
    {"every issuer and serial", test_every_serial},
    {"other serials", test_other_serials},
    {"every fingerprint", test_every_fingerprint},
    {"an unknown digest", test_unknown_digest},
    {"a name in other words", test_spellings},
    {"names that look alike", test_lookalikes},
    {"AWS's names", test_alias},
    {"what is supported", test_supported},
    {"a search in the list", test_search_in_list},
    {"expectations", test_expect},
    {"expectation and search", test_expect_and_search},
    {"two searches", test_two_searches},
    {"a search after loading", test_search_after_load},
};

SUITE(search);
