/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rds-trust does not open: leaves of the very CA that is trusted, each
 * with one thing that takes it out of scope, in the certificates of a real
 * chain.  The rule itself is tested by tests/unit/scope_test.c.
 */

#include <openssl/err.h>
#include <string.h>

#include "rds/scope.h"
#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define HOST_TRUST "rds://host/" HOST

/* What the log says of a clause. */
static const char *const clause_texts[] = {
#define CLAUSE_TEXT(name, text) [name] = text,
    RDS_CLAUSES(CLAUSE_TEXT)
#undef CLAUSE_TEXT
};

struct row {
    const char *what;
    enum rds_clause clause;
    struct recipe recipe;
};

static void check_row_of(const struct row *row, const struct chain *chain)
{
    struct recipe recipe = row->recipe;
    struct pair leaf;
    size_t before;

    recipe.issuer = &chain->subordinate;
    pair_make(&leaf, &recipe);
    before = log_count("no anchor offered");
    if (row->clause == RDS_CLAUSE_IN_SCOPE) {
        CHECK_ERROR(verify_leaf(chain, &leaf), X509_V_OK, "%s", row->what);
        CHECK(log_count("no anchor offered") == before, "%s: no refusal",
              row->what);
    } else {
        log_clear();
        CHECK(verify_leaf(chain, &leaf) != X509_V_OK, "%s", row->what);
        before = log_count("no anchor offered");
        CHECK(before >= 1 && before <= 2, "%s: logged %zu times", row->what,
              before);
        CHECK(log_count(clause_texts[row->clause]) == before,
              "%s: the clause '%s'", row->what, clause_texts[row->clause]);
        CHECK(log_count("offered for") == 0, "%s: no anchor", row->what);
        CHECK(!handshake_with(chain, &leaf, NULL), "%s: TLS", row->what);
    }
    pair_free(&leaf);
}

static void check_rows(const struct row *rows, size_t count)
{
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "a good leaf");
    for (size_t i = 0; i < count; i++)
        check_row_of(&rows[i], &chain);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "a good leaf, after all");
    chain_free(&chain);
}

static void test_names(void)
{
    static const struct row rows[] = {
        {"the endpoint", RDS_CLAUSE_IN_SCOPE, {.cn = HOST}},
        {"no CN", RDS_CLAUSE_IN_SCOPE, {.san = "DNS:" HOST}},
        {"a stranger", RDS_CLAUSE_FOREIGN_NAME, {.cn = EVIL}},
        {"a stranger beside the endpoint",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = HOST, .san = "DNS:" HOST ",DNS:" EVIL}},
        {"a stranger as CN",
         RDS_CLAUSE_FOREIGN_CN,
         {.cn = EVIL, .san = "DNS:" HOST}},
        {"an address as CN",
         RDS_CLAUSE_FOREIGN_CN,
         {.cn = "127.0.0.1", .san = "DNS:" HOST}},
        {"otherName",
         RDS_CLAUSE_OTHER_SAN,
         {.cn = HOST, .san = "otherName:1.2.3.4;UTF8:evil.example.com"}},
        {"otherName beside the endpoint",
         RDS_CLAUSE_OTHER_SAN,
         {.cn = HOST,
          .san = "DNS:" HOST ",otherName:1.2.3.4;UTF8:evil.example.com"}},
        {"an address in the SAN",
         RDS_CLAUSE_OTHER_SAN,
         {.cn = HOST, .san = "DNS:" HOST ",IP:127.0.0.1"}},
        {"an e-mail address in the SAN",
         RDS_CLAUSE_OTHER_SAN,
         {.cn = HOST, .san = "DNS:" HOST ",email:a@example.com"}},
        {"an e-mail address in the subject",
         RDS_CLAUSE_EMAIL,
         {.cn = HOST, .email = "a@example.com"}},
        {"no SAN", RDS_CLAUSE_NO_SAN, {.cn = HOST, .san = ""}},
        {"another region",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = "db.abc123def.us-east-1.rds.amazonaws.com"}},
        {"a name that only ends so",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = "db.abc123def.us-west-2.fake-rds.amazonaws.com"}},
        {"a global writer alone",
         RDS_CLAUSE_NEUTRAL_ONLY,
         {.san = "DNS:db.global-abc123def.global.rds.amazonaws.com"}},
        {"the whole region",
         RDS_CLAUSE_FOREIGN_NAME,
         {.san = "DNS:*.us-west-2.rds.amazonaws.com"}},
    };

    check_rows(rows, COUNT_OF(rows));
}

static void test_extensions(void)
{
    static const struct row rows[] = {
        {"no EKU", RDS_CLAUSE_IN_SCOPE, {.cn = HOST, .eku = ""}},
        {"EKU of both sides",
         RDS_CLAUSE_IN_SCOPE,
         {.cn = HOST, .eku = "clientAuth,serverAuth"}},
        {"EKU of clients",
         RDS_CLAUSE_NOT_SERVER,
         {.cn = HOST, .eku = "clientAuth"}},
        {"any EKU",
         RDS_CLAUSE_NOT_SERVER,
         {.cn = HOST, .eku = "anyExtendedKeyUsage"}},
        {"a CA",
         RDS_CLAUSE_CA,
         {.cn = HOST,
          .basic = "CA:TRUE",
          .usage = "keyCertSign,digitalSignature"}},
        {"a CA by its constraints",
         RDS_CLAUSE_CA,
         {.cn = HOST, .basic = "CA:TRUE"}},
        {"a signer of CRLs",
         RDS_CLAUSE_CA,
         {.cn = HOST, .usage = "digitalSignature,cRLSign"}},
        {"a signer of OCSP answers",
         RDS_CLAUSE_CA,
         {.cn = HOST, .eku = "serverAuth,OCSPSigning"}},
        {"the usage of a CA",
         RDS_CLAUSE_CA,
         {.cn = HOST, .basic = "", .usage = "keyCertSign,digitalSignature"}},
        {"a proxy certificate",
         RDS_CLAUSE_CA,
         {.cn = HOST,
          .basic = "",
          .other = {"critical,language:id-ppl-anyLanguage"},
          .other_nid = {NID_proxyCertInfo}}},
        {"two SANs",
         RDS_CLAUSE_MANY_SAN,
         {.cn = HOST,
          .other = {"DNS:" EVIL},
          .other_nid = {NID_subject_alt_name}}},
        {"two equal SANs",
         RDS_CLAUSE_MANY_SAN,
         {.cn = HOST,
          .other = {"DNS:" HOST},
          .other_nid = {NID_subject_alt_name}}},
        {"an empty SAN",
         RDS_CLAUSE_EMPTY_SAN,
         {.cn = HOST,
          .san = "",
          .other = {"DER:3000"},
          .other_nid = {NID_subject_alt_name}}},
        {"an empty SAN and a stranger as CN",
         RDS_CLAUSE_EMPTY_SAN,
         {.cn = EVIL,
          .san = "",
          .other = {"DER:3000"},
          .other_nid = {NID_subject_alt_name}}},
        {"an undecodable SAN",
         RDS_CLAUSE_BAD_SAN,
         {.cn = HOST,
          .san = "",
          .other = {"DER:30058205616263"},
          .other_nid = {NID_subject_alt_name}}},
    };

    check_rows(rows, COUNT_OF(rows));
}

/* host/ENDPOINT is that account in that region, whatever the cluster. */
static void test_host(void)
{
    static const struct row rows[] = {
        {"itself", RDS_CLAUSE_IN_SCOPE, {.cn = HOST}},
        {"another of the account",
         RDS_CLAUSE_IN_SCOPE,
         {.cn = "x.cluster-ro-abc123def.us-west-2.rds.amazonaws.com"}},
        {"the account's wildcard",
         RDS_CLAUSE_IN_SCOPE,
         {.cn = "*.abc123def.us-west-2.rds.amazonaws.com"}},
        {"another account",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = "db.evil00.us-west-2.rds.amazonaws.com"}},
        {"another account beside it",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = HOST,
          .san = "DNS:" HOST ",DNS:db.evil00.us-west-2.rds.amazonaws.com"}},
        {"another account as CN",
         RDS_CLAUSE_FOREIGN_CN,
         {.cn = "db.evil00.us-west-2.rds.amazonaws.com", .san = "DNS:" HOST}},
        {"another region",
         RDS_CLAUSE_FOREIGN_NAME,
         {.cn = "db.abc123def.us-west-1.rds.amazonaws.com"}},
    };

    check_rows(rows, COUNT_OF(rows));
}

/* A root vouches for its own region only, whatever the URI admits. */
static void test_region_of_the_root(void)
{
    static const char *const names[] = {
        "DNS:db.abc123def.us-east-1.rds.amazonaws.com",
        "DNS:db.abc123def.us-gov-west-1.rds.amazonaws.com",
        "DNS:db.abc123def.rds.cn-north-1.amazonaws.com.cn",
        "DNS:p.proxy-abc123def.us-west-2.rds.amazonaws.com",
        "DNS:n.cluster-abc123def.us-west-2.neptune.amazonaws.com",
    };
    struct chain chain;
    struct pair leaf;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "its own region");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        leaf_make(&leaf, &chain, names[i]);
        CHECK_ERROR(verify_leaf(&chain, &leaf), NO_ISSUER, "%s", names[i]);
        pair_free(&leaf);
    }
    chain_free(&chain);
}

/* ---- the path of a CRL's issuer ---------------------------------------- */

#define POINT                                                                 \
    "[point]\nfullname = URI:http://example.com/crl\n"                        \
    "CRLissuer = dirName:issuer\n[issuer]\n"                                  \
    "1.CN = " HOST "\n2.OU = RDS\n3.O = Amazon.com\n4.L = Seattle\n"          \
    "5.ST = Washington\n6.C = US\n"

/* What a CRL says of itself is looked at when it is read from DER. */
static X509_CRL *crl_read_again(X509_CRL *crl)
{
    unsigned char *der = NULL;
    const unsigned char *at;
    int size = i2d_X509_CRL(crl, &der);

    NEED(size > 0);
    X509_CRL_free(crl);
    at = der;
    crl = d2i_X509_CRL(NULL, &at, size);
    NEED(crl != NULL);
    OPENSSL_free(der);
    return crl;
}

/* An indirect CRL by a certificate that is in scope itself. */
static X509_CRL *crl_make(const struct pair *issuer)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    X509_EXTENSION *extension;

    NEED(crl != NULL && time != NULL);
    NEED(X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
         X509_CRL_set_issuer_name(
             crl, X509_get_subject_name(issuer->certificate)) == 1);
    NEED(X509_gmtime_adj(time, -3600) != NULL &&
         X509_CRL_set1_lastUpdate(crl, time) == 1 &&
         X509_gmtime_adj(time, 3600) != NULL &&
         X509_CRL_set1_nextUpdate(crl, time) == 1);
    extension =
        X509V3_EXT_nconf_nid(NULL, NULL, NID_issuing_distribution_point,
                             "critical,indirectCRL:TRUE");
    NEED(extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1);
    NEED(X509_CRL_sign(crl, issuer->key, EVP_sha256()) != 0);
    X509_EXTENSION_free(extension);
    ASN1_TIME_free(time);
    return crl_read_again(crl);
}

static void test_crl_issuer(void)
{
    struct question question = {.flags = X509_V_FLAG_CRL_CHECK |
                                         X509_V_FLAG_EXTENDED_CRL_SUPPORT};
    X509_STORE *store = X509_STORE_new();
    struct answer answer;
    struct pair issuer, leaf;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    pair_make(&issuer, &(struct recipe){.cn = HOST,
                                        .usage = "digitalSignature,cRLSign",
                                        .issuer = &chain.subordinate});
    pair_make(&leaf,
              &(struct recipe){.cn = HOST,
                               .issuer = &chain.subordinate,
                               .conf = POINT,
                               .other = {"point"},
                               .other_nid = {NID_crl_distribution_points}});
    question.leaf = leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    question.untrusted[1] = issuer.certificate;
    question.crl = crl_make(&issuer);
    log_clear();
    CHECK_ERROR(verify(&question, &answer),
                X509_V_ERR_CRL_PATH_VALIDATION_ERROR, "our root");
    answer_clear(&answer);
    CHECK(log_count("offered for") == 1, "offered to the leaf's own path");
    CHECK(log_count(clause_texts[RDS_CLAUSE_NESTED]) == 1, "the clause");
    NEED(X509_STORE_add_cert(store, chain.root.certificate) == 1);
    question.store = store;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK,
                "the same root in the application's store");
    answer_clear(&answer);
    X509_CRL_free(question.crl);
    X509_STORE_free(store);
    pair_free(&issuer);
    pair_free(&leaf);
    chain_free(&chain);
}

static const struct test tests[] = {
    TEST("names", TRUST, test_names),
    TEST("extensions", TRUST, test_extensions),
    TEST("host/ENDPOINT", HOST_TRUST, test_host),
    TEST("the region of a root", "rds://all+proxy", test_region_of_the_root),
    TEST("the path of a CRL's issuer", TRUST, test_crl_issuer),
};
SUITE(refuse);
