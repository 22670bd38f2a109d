/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves which URIs open and that every refusal is raised with a reason of
 * the module's own and a text that names the offender.
 */

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

/* Counts that the next region changes. */
enum { ALL = 10000, GLOBAL, GLOBAL_FILE };

static int expected(int count)
{
    switch (count) {
    case ALL:
        return carried_all();
    case GLOBAL:
        return carried_global();
    case GLOBAL_FILE: /* with the roots of beta and preview */
        return carried_global() + 6;
    default:
        return count;
    }
}

static void test_counts(void)
{
    static const struct {
        const char *uri;
        int count;
    } rows[] = {
        {"rds://region/us-west-2", 3},
        {"rds:region/us-west-2", 3},
        {"RDS://region/us-west-2", 3},
        {"Rds:region/us-west-2", 3},
        {"rdS://region/us-west-2", 3},
        {"rds://region/us-west-2?ca=rds-ca-2019", 2},
        {"rds://region/us-west-2?expired=include", 7},
        {"rds://region/us-west-2/rds-ca-ecc384-g1", 1},
        {"rds://host/db.cluster-abc123.us-west-2.rds.amazonaws.com:5432", 8},
        {"rds://host/DB.Cluster-ABC123.US-West-2.RDS.amazonaws.com.", 8},
        {"rds://host/db.proxy-abc123.us-west-2.rds.amazonaws.com", 5},
        {"rds://region/us-west-2,eu-west-1+proxy", 11},
        {"rds://region/us-west-2+region/us-west-2", 3},
        {"rds://partition/aws-cn", 6},
        {"rds://proxy", 5},
        {"rds://all", ALL},
        {"rds://", ALL},
        {"rds:", ALL},
        {"rds://global", GLOBAL},
        {"rds://file/rds-ca-2019-us-west-2.pem", 1},
        {"rds://file/rds-ca-2019-us-west-2.p7b", 1},
        {"rds://file/rds-ca-2019-root.pem", 1},
        {"rds://file/us-west-2-bundle.pem", 3},
        {"rds://file/global-bundle.pem", GLOBAL_FILE},
        {"rds://file/rds-combined-ca-bundle.pem", 30}, /* frozen */
        {"rds://sha256/"
         "afebb840be0c1af65e63e0cbd79cce35654bf60f4e076254bba935e9636d53f7",
         1},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int count = count_of(lib, rows[i].uri);

        CHECK(count == expected(rows[i].count), "%s: %d certificates, not %d",
              rows[i].uri, count, expected(rows[i].count));
    }
    OSSL_LIB_CTX_free(lib);
}

static void test_refusals(void)
{
    static const struct {
        const char *uri;
        enum rds_reason reason;
        const char *part;
    } rows[] = {
        {"rds://region/us-wets-2", RDS_R_UNKNOWN_WORD,
         "unknown region 'us-wets-2', did you mean 'us-west-2'?"},
        {"rds:region/us-wets-2", RDS_R_UNKNOWN_WORD, "'us-wets-2'"},
        {"rds://region/us-west-2+", RDS_R_BAD_URI, "empty selector"},
        {"rds://+proxy", RDS_R_BAD_URI, "empty selector"},
        {"rds://region/", RDS_R_BAD_URI, "empty region"},
        {"rds://region", RDS_R_BAD_URI, "'region' needs a name"},
        {"rds://region/us-west-2,", RDS_R_BAD_URI, "empty region"},
        {"rds://region/us-west-2/", RDS_R_BAD_URI, "empty CA identifier"},
        {"rds://region/US-WEST-2", RDS_R_BAD_URI, "'US-WEST-2'"},
        {"rds://region/us%2dwest%2d2", RDS_R_BAD_URI, "us%2dwest%2d2"},
        {"rds://region/../../etc/passwd", RDS_R_BAD_URI, "../etc/passwd"},
        {"rds://file//etc/passwd", RDS_R_BAD_URI, "/etc/passwd"},
        {"rds://file/../x.pem", RDS_R_BAD_URI, "../x.pem"},
        {"rds:///region/us-west-2", RDS_R_BAD_URI, "empty selector"},
        {"rds://regoin/us-west-2", RDS_R_UNKNOWN_WORD, "'region'"},
        {"rds://us-west-2", RDS_R_UNKNOWN_WORD, "'us-west-2'"},
        {"rds://all/", RDS_R_BAD_URI, "'all/'"},
        {"rds://region/us-gov-west-1", RDS_R_NOTHING_IN_FORCE,
         "run 'rdsca update us-gov-west-1'"},
        {"rds://region/us-west-2+region/us-gov-west-1", RDS_R_NOTHING_IN_FORCE,
         "us-gov-west-1"},
        {"rds://region/us-west-2?role=intermediate", RDS_R_NOTHING_IN_FORCE,
         "add expired=include"},
        {"rds://region/us-west-2?role=", RDS_R_BAD_URI, "root, intermediate"},
        {"rds://region/us-west-2?rol=root", RDS_R_UNKNOWN_WORD, "'role'"},
        {"rds://region/us-west-2?", RDS_R_BAD_URI, "empty filter"},
        {"rds://region/us-west-2?role=root&role=root", RDS_R_BAD_URI,
         "given twice"},
        {"rds://region/us-west-2?ca=rds-ca-2018", RDS_R_UNKNOWN_WORD,
         "'rds-ca-2018'"},
        {"rds://host/", RDS_R_BAD_URI, "empty host"},
        {"rds://host/db.abc.us-east-1.rds.amazonaws.uk", RDS_R_UNKNOWN_WORD,
         "'amazonaws.uk' is not known to be a domain of AWS"},
        {"rds://host/fake-rds.amazonaws.com", RDS_R_UNKNOWN_WORD,
         "'fake-rds.amazonaws.com'"},
        {"rds://host/db.abc123.us-west-2.rds.amazonaws.com.evil.example",
         RDS_R_UNKNOWN_WORD, "evil.example"},
        {"rds://host/db.abc123.us-west-2.rds.amazonaws.com:0", RDS_R_BAD_URI,
         "bad port '0'"},
        {"rds://host/db.abc123.us-west-2.rds.amazonaws.com:65536",
         RDS_R_BAD_URI, "bad port '65536'"},
        {"rds://partition/aws-us-gvo", RDS_R_UNKNOWN_WORD, "'aws-us-gov'"},
        {"rds://sha256/00", RDS_R_BAD_URI, "'00'"},
        {"rds://sha256/"
         "0000000000000000000000000000000000000000000000000000000000000000",
         RDS_R_UNKNOWN_WORD, "unknown SHA-256"},
        {"rds://list+all", RDS_R_BAD_URI, "'list' stands alone"},
        {"rds://file/rds-ca-2012-us-gov-west-1.pem", RDS_R_NOT_CARRIED,
         "rdsca update --retired"},
        {"rds://file/us-west-2-bundle.der", RDS_R_UNKNOWN_WORD, ".p7b"},
        {"rds://region/\x01\x7f\xff\n'\\", RDS_R_BAD_URI,
         "'\\x01\\x7f\\xff\\x0a\\x27\\x5c'"},
        {"rds://\xc3\xbc"
         "ber",
         RDS_R_UNKNOWN_WORD, "'\\xc3\\xbc"},
        {"rds://region/us-west-2 ", RDS_R_BAD_URI, "'us-west-2 '"},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_REFUSED(lib, rows[i].uri, rows[i].reason, rows[i].part);
    CHECK(count_of(lib, "rds://region/us-west-2") == 3,
          "refusals change nothing");
    OSSL_LIB_CTX_free(lib);
}

/* One long name; then many selectors.  Sizes around the limit and beyond. */
static void test_huge(void)
{
    static const size_t sizes[] = {88, 4095, 4096, 4097, 1024 * 1024};
    static const char head[] = "rds://region/";
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *uri = malloc(sizes[i] + 1);

        memset(uri, 'a', sizes[i]);
        memcpy(uri, head, strlen(head));
        uri[sizes[i]] = '\0';
        CHECK_REFUSED(lib, uri, RDS_R_BAD_URI,
                      sizes[i] > 4096 ? "longer than 4096" : "too long");
        free(uri);
    }
    OSSL_LIB_CTX_free(lib);
}

static void test_many_selectors(void)
{
    static const struct {
        const char *more; /* after the first */
        size_t times;
        int count; /* -1: refused */
    } rows[] = {
        {"+all", 0, ALL},
        {"+all", 63, ALL},
        {"+all", 64, -1},
        {"+region/us-west-2,us-west-1,eu-west-1", 21, ALL},
        {"+region/us-west-2,us-west-1,eu-west-1", 22, -1},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char uri[4096] = "rds://all";
        int count;

        for (size_t j = 0; j < rows[i].times; j++)
            (void)strcat(uri, rows[i].more);
        count = count_of(lib, uri);
        CHECK(count == expected(rows[i].count), "%zu times %s: %d",
              rows[i].times, rows[i].more, count);
        if (rows[i].count < 0)
            CHECK_REFUSED(lib, uri, RDS_R_BAD_URI, "more than 64 selectors");
    }
    OSSL_LIB_CTX_free(lib);
}

/* Any byte, at any place of a URI: an answer or an error of the module. */
static void test_each_byte(void)
{
    static const char base[] = "rds://region/us-west-2?ca=rds-ca-2019";
    OSSL_LIB_CTX *lib = context_plain();
    char uri[sizeof(base)], text[ERROR_SIZE];

    for (size_t at = strlen("rds:"); at < strlen(base); at++) {
        for (int byte = 1; byte < 256; byte++) {
            memcpy(uri, base, sizeof(base));
            uri[at] = (char)byte;
            ERR_clear_error();
            if (count_of(lib, uri) < 0 && last_error(text) == 0)
                CHECK(false, "byte %d at %zu: no error", byte, at);
        }
    }
    OSSL_LIB_CTX_free(lib);
}

/*
 * OpenSSL tries the file loader first: a file ./rds:region/us-west-2 hijacks
 * the URI rds:region/us-west-2, but never rds://region/us-west-2.
 */
static void test_hijack(void)
{
    char folder[PATH_SIZE], inner[PATH_SIZE];
    const X509 *certificates[1];
    struct pair evil = {NULL, NULL};
    OSSL_LIB_CTX *lib = context_plain();
    int back = open(".", O_RDONLY | O_DIRECTORY);

    (void)temp_folder(folder, "hijack");
    (void)temp_folder(inner, "hijack/rds:region");
    CU_ASSERT(pair_new(&evil, NULL, "evil", PAIR_CA));
    certificates[0] = evil.certificate;
    CU_ASSERT(write_bundle(inner, "us-west-2", FRESH, certificates, 1));
    if (back >= 0 && chdir(folder) == 0) {
        struct answer answer;

        ask(lib, &(struct question){.uri = "rds:region/us-west-2"}, &answer);
        CHECK(has_cn(answer.certificates, "evil"),
              "the short form is hijacked");
        answer_clear(&answer);
        ask(lib, &(struct question){.uri = "rds://region/us-west-2"}, &answer);
        CHECK(sk_X509_num(answer.certificates) == 3 &&
                  !has_cn(answer.certificates, "evil"),
              "the long form is not");
        answer_clear(&answer);
        CU_ASSERT(fchdir(back) == 0);
    }
    if (back >= 0)
        (void)close(back);
    pair_free(&evil);
    OSSL_LIB_CTX_free(lib);
}

/*
 * The loader reads no data that somebody hands over.  Where it has no attach
 * function at all, OpenSSL 3.0 crashes (later ones do not), so nothing is
 * tried there.
 */
static bool attach_nothing(void *arg)
{
    OSSL_LIB_CTX *lib = arg;
    BIO *bio = BIO_new_mem_buf("rds://all", -1);
    OSSL_STORE_CTX *store =
        OSSL_STORE_attach(bio, "rds", lib, NULL, NULL, NULL, NULL, NULL, NULL);
    bool good = store == NULL && ERR_peek_error() != 0;

    (void)OSSL_STORE_close(store);
    BIO_free(bio);
    return good;
}

static bool can_attach(void)
{
    for (const OSSL_DISPATCH *at = shim.store_functions; at->function_id != 0;
         at++) {
        if (at->function_id == OSSL_FUNC_STORE_ATTACH)
            return true;
    }
    return false;
}

static void test_attach(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);

    if (can_attach() || OpenSSL_version_num() >= 0x30200000UL)
        CHECK(in_child(attach_nothing, lib, 20), "nothing can be attached");
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"how many certificates", test_counts},
    {"refusals", test_refusals},
    {"long URIs", test_huge},
    {"many selectors", test_many_selectors},
    {"each byte at each place", test_each_byte},
    {"a file in the working directory", test_hijack},
    {"attach", test_attach},
};

SUITE(open);
