/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rds-trust opens, with nothing but the configuration: server chains of
 * endpoints in scope, in verifications and in TLS connections; and nothing
 * but roots, for nothing but TLS servers.
 */

#include <openssl/ocsp.h>

#include "tests.h"

static void test_verify(void)
{
    struct question question = {.leaf = NULL};
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "the chain");
    CHECK(X509_cmp(answer.top, chain.root.certificate) == 0,
          "it ends in the root of the bundle");
    answer_clear(&answer);
    question.host = HOST;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "with its host");
    answer_clear(&answer);
    question.untrusted[0] = NULL;
    CHECK_ERROR(verify(&question, &answer),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                "without the subordinate");
    answer_clear(&answer);
    CHECK(log_count("offered for '" HOST "'") == 2, "the log says so");
    chain_free(&chain);
}

static void test_without(void)
{
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_chain(&chain),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "nobody");
    CHECK(!handshake_with(&chain, &chain.leaf, HOST), "TLS");
    load_into_default("no-line.cnf", &(struct section){.trust = NULL});
    CHECK_ERROR(verify_chain(&chain),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                "the module without rds-trust");
    CHECK(log_count("trust:") == 0, "nothing is said of trust");
    chain_free(&chain);
}

static void test_handshake(void)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct tls tls = {.server_pair = &chain.leaf,
                          .extra = chain.subordinate.certificate,
                          .host = HOST,
                          .version = versions[i]};

        CHECK(handshake(&tls), "version %x", (unsigned)versions[i]);
        CHECK_ERROR((int)tls.client_result, X509_V_OK, "its result");
        tls.host = "other.abc123def.us-west-2.rds.amazonaws.com";
        CHECK(!handshake(&tls), "another endpoint, version %zu", i);
        CHECK_ERROR((int)tls.client_result,
                    BY_LINE(X509_V_ERR_HOSTNAME_MISMATCH,
                            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
                    "the host is OpenSSL's to check");
        tls.host = EVIL;
        CHECK(!handshake(&tls), "a stranger's name, version %zu", i);
        tls.host = NULL;
        CHECK(handshake(&tls), "no name, version %zu", i);
    }
    chain_free(&chain);
}

/* A server that verifies its clients trusts nobody more than before. */
static void test_client_certificates(void)
{
    static const char *const usages[] = {"", "serverAuth",
                                         "serverAuth,clientAuth"};
    struct chain chain;
    struct pair pair;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(usages); i++) {
        struct tls tls = {.server_pair = &chain.leaf,
                          .client_pair = &pair,
                          .extra = chain.subordinate.certificate,
                          .trust_nothing = true};

        pair_make(&pair, &(struct recipe){.cn = HOST,
                                          .eku = usages[i],
                                          .issuer = &chain.subordinate});
        CHECK(handshake(&tls), "a server that does not ask, EKU '%s'",
              usages[i]);
        tls.verify_client = true;
        CHECK(!handshake(&tls), "a server that asks, EKU '%s'", usages[i]);
        CHECK(tls.server_result != X509_V_OK, "its result");
        pair_free(&pair);
    }
    chain_free(&chain);
}

/* A leaf that restricts itself as little as the scope allows. */
static void test_purposes(void)
{
    static const struct {
        const char *name;
        int purpose;
        int error; /* -1: any but X509_V_OK */
    } rows[] = {
        {"sslserver", X509_PURPOSE_SSL_SERVER, X509_V_OK},
        {"nssslserver", X509_PURPOSE_NS_SSL_SERVER, X509_V_OK},
        {"none", NO_PURPOSE, X509_V_ERR_CERT_REJECTED},
        {"any", X509_PURPOSE_ANY, X509_V_ERR_CERT_REJECTED},
        {"sslclient", X509_PURPOSE_SSL_CLIENT, X509_V_ERR_CERT_REJECTED},
        {"smimesign", X509_PURPOSE_SMIME_SIGN, X509_V_ERR_CERT_REJECTED},
        {"smimeencrypt", X509_PURPOSE_SMIME_ENCRYPT, X509_V_ERR_CERT_REJECTED},
        {"timestampsign", X509_PURPOSE_TIMESTAMP_SIGN, -1},
    };
    static const unsigned long flags[] = {0, X509_V_FLAG_PARTIAL_CHAIN};
    struct answer answer;
    struct chain chain;
    struct pair leaf;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    pair_make(&leaf, &(struct recipe){.cn = HOST,
                                      .eku = "",
                                      .usage = "",
                                      .issuer = &chain.subordinate});
    for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(flags); i++) {
        size_t row = i / COUNT_OF(flags);
        const struct question question = {
            .leaf = leaf.certificate,
            .untrusted = {chain.subordinate.certificate},
            .purpose = rows[row].purpose,
            .flags = flags[i % COUNT_OF(flags)]};

        (void)verify(&question, &answer);
        if (rows[row].error >= 0)
            CHECK_ERROR(answer.error, rows[row].error, "%s, flags %lx",
                        rows[row].name, question.flags);
        else
            CHECK(answer.error != X509_V_OK, "%s, flags %lx", rows[row].name,
                  question.flags);
        answer_clear(&answer);
    }
    pair_free(&leaf);
    chain_free(&chain);
}

static bool answer_for(OCSP_BASICRESP *response, OCSP_CERTID *id)
{
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    bool good = now != NULL &&
                OCSP_basic_add1_status(response, id, V_OCSP_CERTSTATUS_GOOD, 0,
                                       NULL, now, NULL) != NULL;

    ASN1_TIME_free(now);
    return good;
}

/* A leaf of the trusted CA does not speak for the CA in OCSP. */
static void test_ocsp(void)
{
    static const char *const usages[] = {"", "serverAuth",
                                         "serverAuth,OCSPSigning"};
    OCSP_BASICRESP *response;
    OCSP_CERTID *id;
    struct chain chain;
    struct pair leaf;
    X509_STORE *store;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(usages); i++) {
        pair_make(&leaf, &(struct recipe){.cn = HOST,
                                          .eku = usages[i],
                                          .usage = "",
                                          .issuer = &chain.subordinate});
        store = X509_STORE_new();
        response = OCSP_BASICRESP_new();
        id = OCSP_cert_to_id(NULL, chain.leaf.certificate,
                             chain.subordinate.certificate);
        NEED(store != NULL && response != NULL && id != NULL);
        NEED(answer_for(response, id) &&
             OCSP_basic_add1_cert(response, chain.subordinate.certificate) ==
                 1 &&
             OCSP_basic_sign(response, leaf.certificate, leaf.key,
                             EVP_sha256(), NULL, 0) == 1);
        CHECK(OCSP_basic_verify(response, NULL, store, 0) <= 0, "EKU '%s'",
              usages[i]);
        OCSP_CERTID_free(id);
        OCSP_BASICRESP_free(response);
        X509_STORE_free(store);
        pair_free(&leaf);
    }
    chain_free(&chain);
}

/* An anchor says itself what it is for, whoever asks. */
static void test_explicit_trust(void)
{
    struct question question = {.purpose = 0};
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "the chain");
    CHECK(X509_check_trust(answer.top, X509_TRUST_SSL_SERVER, 0) ==
              X509_TRUST_TRUSTED,
          "TLS servers");
    CHECK(X509_check_trust(answer.top, X509_TRUST_SSL_CLIENT, 0) ==
              X509_TRUST_REJECTED,
          "TLS clients");
    CHECK(X509_check_trust(answer.top, X509_TRUST_EMAIL, 0) ==
              X509_TRUST_REJECTED,
          "mail");
    CHECK(X509_check_trust(answer.top, X509_TRUST_OBJECT_SIGN, 0) ==
              X509_TRUST_REJECTED,
          "code");
    answer_clear(&answer);
    chain_free(&chain);
}

/* Explicit trust would make an anchor of an intermediate: never offered. */
static void test_intermediates(void)
{
    const unsigned long partial = X509_V_FLAG_PARTIAL_CHAIN;
    const X509 *certificates[2];
    struct question question = {.leaf = NULL};
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    certificates[0] = chain.root.certificate;
    certificates[1] = chain.subordinate.certificate;
    question.leaf = chain.leaf.certificate;
    for (size_t count = 1; count <= 2; count++) {
        write_bundle(REGION "-bundle.pem", certificates + 2 - count, count);
        for (int i = 0; i < 2; i++) {
            question.flags = i == 0 ? 0 : partial;
            CHECK_ERROR(verify(&question, &answer),
                        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                        "%zu in the bundle, flags %lx", count, question.flags);
            answer_clear(&answer);
        }
    }
    question.untrusted[0] = chain.subordinate.certificate;
    question.flags = partial;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "sent along");
    CHECK(answer.top != NULL &&
              X509_get_extension_flags(answer.top) & EXFLAG_SS,
          "up to the root");
    answer_clear(&answer);
    chain_free(&chain);
}

/* The shape of 2017: a root for the partition, an intermediate a region. */
static void test_govcloud(void)
{
    struct chain chain, aws;
    const X509 *certificates[2];

    chain_make(&aws, "us-gov-west-1");
    pair_make(&chain.root,
              &(struct recipe){.kind = KIND_CA,
                               .cn = "Amazon RDS GovCloud Root CA"});
    pair_make(&chain.subordinate,
              &(struct recipe){.kind = KIND_CA,
                               .cn = "Amazon RDS us-gov-west-1 CA",
                               .issuer = &chain.root});
    pair_make(
        &chain.leaf,
        &(struct recipe){.cn = "db.abc123def.us-gov-west-1.rds.amazonaws.com",
                         .issuer = &chain.subordinate});
    certificates[0] = chain.root.certificate;
    certificates[1] = chain.subordinate.certificate;
    write_bundle("us-gov-west-1-bundle.pem", certificates, 2);
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "with its intermediate");
    pair_free(&chain.leaf);
    leaf_make(&chain.leaf, &chain, "DNS:" HOST);
    CHECK_ERROR(verify_chain(&chain),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                "never outside of its partition");
    chain_free(&chain);
    chain_free(&aws);
}

/* A server that sends the root, too. */
static void test_root_sent(void)
{
    struct question question = {.leaf = NULL};
    struct chain chain, forged;
    struct answer answer;

    chain_make(&chain, REGION);
    chain_make(&forged, REGION);
    write_root(chain.root.certificate);
    for (int i = 0; i < 2; i++) {
        question.leaf = chain.leaf.certificate;
        question.untrusted[0] = chain.subordinate.certificate;
        question.untrusted[1] = chain.root.certificate;
        question.less_flags = i == 0 ? 0 : X509_V_FLAG_TRUSTED_FIRST;
        CHECK_ERROR(verify(&question, &answer), X509_V_OK, "the root, %d", i);
        answer_clear(&answer);
        question.leaf = forged.leaf.certificate;
        question.untrusted[0] = forged.subordinate.certificate;
        question.untrusted[1] = forged.root.certificate;
        CHECK(verify(&question, &answer) != X509_V_OK, "a forged root, %d", i);
        answer_clear(&answer);
    }
    CHECK(verify_chain(&forged) != X509_V_OK, "a forged chain");
    chain_free(&chain);
    chain_free(&forged);
}

/* Out of force is decided when an issuer is looked for. */
static void test_out_of_force(void)
{
    static const long dates[][2] = {{-100, -1}, {1, 100}};
    struct chain chain;

    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        chain_make(&chain, REGION);
        pair_free(&chain.subordinate);
        pair_free(&chain.root);
        pair_make(&chain.root, &(struct recipe){.kind = KIND_CA,
                                                .cn = "Amazon RDS " REGION
                                                      " Root CA ECC384 G1",
                                                .from = dates[i][0],
                                                .until = dates[i][1]});
        pair_make(&chain.subordinate,
                  &(struct recipe){.kind = KIND_CA,
                                   .cn = "Amazon RDS " REGION
                                         " Subordinate CA ECC384 G1.A.1",
                                   .issuer = &chain.root});
        pair_free(&chain.leaf);
        leaf_make(&chain.leaf, &chain, "DNS:" HOST);
        write_root(chain.root.certificate);
        CHECK_ERROR(verify_chain(&chain),
                    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "row %zu",
                    i);
        chain_free(&chain);
    }
    CHECK(log_count("has no valid root for") != 0, "the log says so");
}

/* A leaf issued by the root itself, and one that issued itself. */
static void test_short_chains(void)
{
    struct question question = {.leaf = NULL};
    struct answer answer;
    struct chain chain;
    struct pair leaf;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    pair_make(&leaf, &(struct recipe){.cn = HOST, .issuer = &chain.root});
    question.leaf = leaf.certificate;
    CHECK_ERROR(verify(&question, &answer), X509_V_OK, "by the root");
    answer_clear(&answer);
    pair_free(&leaf);
    pair_make(&leaf, &(struct recipe){.cn = HOST});
    question.leaf = leaf.certificate;
    CHECK_ERROR(verify(&question, &answer),
                X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "by itself");
    answer_clear(&answer);
    question.leaf = chain.root.certificate;
    CHECK(verify(&question, &answer) != X509_V_OK, "the root as a leaf");
    answer_clear(&answer);
    pair_free(&leaf);
    chain_free(&chain);
}

/* Parsing is what costs: one object for all, as long as its root is there. */
static void test_parsed_once(void)
{
    struct question question = {.purpose = 0};
    struct answer first, later;
    struct chain chain, other;
    const X509 *both[2];

    chain_make(&chain, REGION);
    chain_make(&other, REGION);
    both[0] = other.root.certificate;
    both[1] = chain.root.certificate;
    question.leaf = chain.leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    write_root(chain.root.certificate);
    CHECK_ERROR(verify(&question, &first), X509_V_OK, "the first time");
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            write_root(chain.root.certificate);
        else if (i == 2)
            write_bundle(REGION "-bundle.pem", both, 2);
        CHECK_ERROR(verify(&question, &later), X509_V_OK, "later, %d", i);
        CHECK(later.top == first.top, "the same object, %d", i);
        answer_clear(&later);
    }
    answer_clear(&first);
    chain_free(&chain);
    chain_free(&other);
}

/* Documented: a store that is older than the configuration is as it was. */
static void test_older_store(void)
{
    X509_STORE *store = X509_STORE_new();
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    CHECK_ERROR(verify_in(store, &chain),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                "made before the configuration was loaded");
    CHECK_ERROR(verify_chain(&chain), X509_V_OK, "made after it");
    X509_STORE_free(store);
    chain_free(&chain);
}

static const struct test tests[] = {
    TEST("a chain verifies", TRUST, test_verify),
    TEST_UNLOADED("an older store", TRUST, test_older_store),
    TEST("without the line", NULL, test_without),
    TEST("TLS connections", TRUST, test_handshake),
    TEST("client certificates", TRUST, test_client_certificates),
    TEST("purposes", TRUST, test_purposes),
    TEST("OCSP", TRUST, test_ocsp),
    TEST("explicit trust", TRUST, test_explicit_trust),
    TEST("intermediates", TRUST, test_intermediates),
    TEST("GovCloud", "rds://all", test_govcloud),
    TEST("a server that sends the root", TRUST, test_root_sent),
    TEST("roots out of force", TRUST, test_out_of_force),
    TEST("an anchor is parsed once", TRUST, test_parsed_once),
    TEST("short chains", TRUST, test_short_chains),
};
SUITE(accept);
