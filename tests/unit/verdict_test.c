/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/probe/result.h and verdict.h what no server on
 * loopback can show, since only Amazon has the keys: chains under Amazon Trust
 * Services, other stages and partitions, and roots of one name with several
 * keys.  The roots are made here, with Amazon's names, and are all of the
 * view.
 */

#include "tests.h"

#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/probe/verdict.h"

#define DAY 86400L
#define HOST "db.cluster-abc123def.us-west-2.rds.amazonaws.com"
#define PROXY "db.proxy-abc123def.us-west-2.rds.amazonaws.com"
#define DOCDB "db.cluster-abc123def.us-west-2.docdb.amazonaws.com"
#define ELSEWHERE "check the name, DNS and tunnels"

/* ---- certificates ------------------------------------------------------- */

struct signed_one {
    X509 *x509;
    EVP_PKEY *key;
};

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    NEED(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509_NAME *name_with(const char *cn)
{
    X509_NAME *name = X509_NAME_new();

    NEED(name != NULL && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                    (const unsigned char *)cn,
                                                    -1, -1, 0) == 1);
    return name;
}

/* Signs a certificate for the key of `out`; `issuer` NULL: by itself. */
static void sign_one(struct signed_one *out, const char *cn, const char *san,
                     const struct signed_one *issuer)
{
    static long serial = 1;
    X509_NAME *name = name_with(cn);

    out->x509 = X509_new();
    NEED(out->x509 != NULL && X509_set_version(out->x509, X509_VERSION_3) &&
         ASN1_INTEGER_set(X509_get_serialNumber(out->x509), ++serial) &&
         X509_set_subject_name(out->x509, name) &&
         X509_set_issuer_name(
             out->x509,
             issuer != NULL ? X509_get_subject_name(issuer->x509) : name) &&
         X509_set_pubkey(out->x509, out->key) &&
         X509_gmtime_adj(X509_getm_notBefore(out->x509), -DAY) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(out->x509), 365 * DAY) != NULL);
    if (issuer == NULL)
        issuer = out;
    add_extension(out->x509, issuer->x509, NID_basic_constraints,
                  san != NULL ? "CA:FALSE" : "critical,CA:TRUE");
    if (san != NULL)
        add_extension(out->x509, issuer->x509, NID_subject_alt_name, san);
    NEED(X509_sign(out->x509, issuer->key, EVP_sha256()) != 0);
    X509_NAME_free(name);
}

static void make_one(struct signed_one *out, const char *cn, const char *san,
                     const struct signed_one *issuer)
{
    out->key = EVP_EC_gen("P-256");
    NEED(out->key != NULL);
    sign_one(out, cn, san, issuer);
}

static void free_one(struct signed_one *one)
{
    X509_free(one->x509);
    EVP_PKEY_free(one->key);
}

/* ---- a world ------------------------------------------------------------ */

#define ROOTS_MAX 4

/* Roots, in the order of rds_anchor_compare(), the view of them, and what a
 * server sends. */
struct world {
    struct signed_one roots[ROOTS_MAX];
    struct rds_anchor anchors[ROOTS_MAX];
    struct rds_entry entries[ROOTS_MAX];
    struct rds_view view;
    STACK_OF(X509) * chain;
    struct rdsca_host host;
    struct rdsca_finding finding;
};

static void add_root(struct world *world, const char *cn)
{
    size_t i = world->view.count++;
    unsigned char *der = NULL, sha256[RDS_SHA256_SIZE];
    size_t digest_size;
    struct rds_error err;
    int size;

    NEED(i < ROOTS_MAX);
    make_one(&world->roots[i], cn, NULL, NULL);
    size = i2d_X509(world->roots[i].x509, &der);
    NEED(size > 0 &&
         rds_digest(rds_libcrypto_linked(), "SHA256", der, (size_t)size,
                    sha256, &digest_size) &&
         rds_anchor_describe(&world->anchors[i], der, (size_t)size, sha256, 0,
                             &err));
    world->entries[i] = (struct rds_entry){&world->anchors[i], der, NULL};
}

static void start_world(struct world *world, const char *root)
{
    static const char regions[][RDS_REGION_MAX] = {"us-west-2"};

    memset(world, 0, sizeof(*world));
    world->view.entries = world->entries;
    world->view.regions = regions;
    world->view.region_count = 1;
    world->chain = sk_X509_new_null();
    NEED(world->chain != NULL);
    add_root(world, root);
}

static void send_one(struct world *world, X509 *x509)
{
    NEED(X509_add_cert(world->chain, x509, X509_ADD_FLAG_UP_REF) == 1);
}

/* The server sends a leaf for this name, and its intermediate. */
static void send_chain(struct world *world, const struct signed_one *root,
                       const char *intermediate, const char *name)
{
    struct signed_one sub, leaf;
    char san[300];

    (void)snprintf(san, sizeof(san), "DNS:%s", name);
    make_one(&sub, intermediate, NULL, root);
    make_one(&leaf, name, san, &sub);
    send_one(world, leaf.x509);
    send_one(world, sub.x509);
    free_one(&sub);
    free_one(&leaf);
}

/* Probes it; the advice lives as long as the world. */
static const char *advice(struct world *world, const char *host,
                          const char *trust)
{
    struct rdsca_finding *finding = &world->finding;
    struct rds_error err;

    rdsca_finding_clear(finding);
    memset(finding, 0, sizeof(*finding));
    NEED(rdsca_host_read(host, &world->host, &err));
    finding->host = &world->host;
    finding->is_endpoint = rds_endpoint_read(
        world->host.name, strlen(world->host.name), &finding->endpoint);
    finding->now = (int64_t)time(NULL);
    finding->peer.security_level = 1;
    finding->peer.chain = X509_chain_up_ref(world->chain);
    NEED(finding->peer.chain != NULL);
    rdsca_examine(finding, &world->view, trust);
    rdsca_judge(finding, 30);
    return finding->advice;
}

static void end_world(struct world *world)
{
    rdsca_finding_clear(&world->finding);
    sk_X509_pop_free(world->chain, X509_free);
    for (size_t i = 0; i < world->view.count; i++) {
        free_one(&world->roots[i]);
        OPENSSL_free((void *)world->entries[i].der);
    }
}

/* ---- Amazon Trust Services ---------------------------------------------- */

#define ROOT_1 "amazon-root-ca-1 of Amazon Trust Services"

#define CASE                                                                  \
    " (Aurora express configuration or Serverless v1: Amazon Trust Services " \
    "under an ordinary endpoint name)"

/* One host under Amazon Root CA 1, and what is said of it. */
static void check_proxy(const char *host, const char *trust,
                        enum rdsca_verdict verdict, const char *expected)
{
    struct world world;

    start_world(&world, "Amazon RDS us-west-2 Root CA ECC384 G1");
    add_root(&world, "Amazon Root CA 1");
    send_chain(&world, &world.roots[1], "Amazon RSA 2048 M02", host);
    CHECK_TEXT(advice(&world, host, trust), expected, "%s", host);
    CHECK_NUMBER(world.finding.verdict, verdict, "%s", host);
    end_world(&world);
}

static void test_proxy(void)
{
    check_proxy(PROXY, NULL, RDSCA_VERIFIED,
                "verified by " ROOT_1 "; use rds://host/" PROXY);
    check_proxy(HOST, NULL, RDSCA_VERIFIED,
                "verified by " ROOT_1 CASE "; use rds://host/" HOST);
    check_proxy(HOST, "rds://host/" HOST, RDSCA_VERIFIED,
                "verified by " ROOT_1 CASE "; rds-trust covers it");
    check_proxy(HOST, "rds://host/" HOST "+proxy", RDSCA_VERIFIED,
                "verified by " ROOT_1 CASE "; rds-trust covers it");
    check_proxy(HOST, "rds://region/us-west-2+proxy", RDSCA_VERIFIED,
                "verified by " ROOT_1 CASE "; rds-trust covers it");
    check_proxy(HOST, "rds://region/us-west-2", RDSCA_NOT_COVERED,
                "verified by " ROOT_1 CASE
                ", but rds-trust = 'rds://region/us-west-2' does not cover "
                "it; use rds://host/" HOST);
    check_proxy(HOST, "rds://host/db.zyx987.us-west-2.rds.amazonaws.com",
                RDSCA_NOT_COVERED,
                "verified by " ROOT_1 CASE ", but rds-trust = "
                "'rds://host/db.zyx987.us-west-2.rds.amazonaws.com' does not "
                "cover it; use rds://host/" HOST);
    check_proxy(DOCDB, NULL, RDSCA_NO_URI,
                "verified by " ROOT_1 ", but rds-trust = rds://host/" DOCDB
                " would refuse: in scope, but the root of this chain, " ROOT_1
                ", is none that this URI gives for these names");
    check_proxy("www.example.com", NULL, RDSCA_NO_ENDPOINT,
                "verified by " ROOT_1 ", but 'www.example.com' is not the "
                "name of an endpoint, so rds-trust never helps it; "
                "rds://proxy does as a CA store");
}

/* As AWS sends it: the root again, signed by another that is at hand too. */
static void test_cross_signed(void)
{
    struct signed_one crossed;
    struct world world;

    start_world(&world, "Amazon Root CA 1");
    add_root(&world, "Starfield Services Root Certificate Authority - G2");
    send_chain(&world, &world.roots[0], "Amazon RSA 2048 M02", PROXY);
    crossed.key = world.roots[0].key;
    sign_one(&crossed, "Amazon Root CA 1", NULL, &world.roots[1]);
    send_one(&world, crossed.x509);
    X509_free(crossed.x509);
    CHECK_TEXT(advice(&world, PROXY, NULL),
               "verified by " ROOT_1 "; use rds://host/" PROXY, "both");
    CHECK_NUMBER(world.finding.signers.count, 2, "both signed");
    end_world(&world);
}

static void test_imitation(void)
{
    struct signed_one fake;
    struct world world;

    start_world(&world, "Amazon Root CA 1");
    make_one(&fake, "Amazon Root CA 1", NULL, NULL);
    send_chain(&world, &fake, "Amazon RSA 2048 M02", PROXY);
    CHECK_TEXT(advice(&world, PROXY, NULL),
               "its issuer 'Amazon Root CA 1' has the name of a CA of "
               "Amazon's, but not its key: not AWS's server, or something in "
               "between intercepts TLS; " ELSEWHERE,
               "another key");
    CHECK_NUMBER(world.finding.verdict, RDSCA_FOREIGN_CA, "another key");
    free_one(&fake);
    end_world(&world);
}

/* ---- RDS CAs ------------------------------------------------------------ */

static void test_stage(void)
{
    struct world world;

    start_world(&world, "Amazon RDS Beta us-west-2 Root CA ECC384 G1");
    send_chain(&world, &world.roots[0], "Amazon RDS Beta", HOST);
    CHECK_TEXT(advice(&world, HOST, NULL),
               "the name is of us-west-2, but its certificate is by "
               "rds-ca-ecc384-g1 of us-west-2 beta; no rds: URI trusts "
               "that: " ELSEWHERE,
               "beta");
    end_world(&world);
}

static void test_partition(void)
{
    struct world world;

    start_world(&world, "Amazon RDS CN Root 2019 CA");
    send_chain(&world, &world.roots[0], "Amazon RDS us-west-2 2019 CA", HOST);
    CHECK_TEXT(advice(&world, HOST, NULL),
               "the name is of us-west-2, but its certificate is by "
               "rds-ca-2019 of all of aws-cn; no rds: URI trusts "
               "that: " ELSEWHERE,
               "a root of all of China");
    end_world(&world);
}

static void test_two_keys(void)
{
    struct world world;

    for (size_t i = 0; i < 2; i++) {
        start_world(&world, "Amazon RDS us-west-2 Root CA ECC384 G1");
        add_root(&world, "Amazon RDS us-west-2 Root CA ECC384 G1");
        send_chain(&world, &world.roots[i],
                   "Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1", HOST);
        CHECK_TEXT(advice(&world, HOST, NULL),
                   "verified by rds-ca-ecc384-g1 of us-west-2; use "
                   "rds://host/" HOST,
                   "key %zu", i);
        CHECK(world.finding.path.anchor == &world.entries[i], "key %zu", i);
        end_world(&world);
    }
}

/* What a name claims, of CAs that are not at hand. */
static void test_claims(void)
{
    static const struct {
        const char *root;
        const char *expected;
    } rows[] = {
        {"Amazon RDS eusc-de-east-1 Root CA RSA2048 G1",
         "its root 'Amazon RDS eusc-de-east-1 Root CA RSA2048 G1', "
         "rds-ca-rsa2048-g1 of eusc-de-east-1 (the name is of us-west-2), is "
         "not at hand; put the bundle of partition aws-eusc into the bundle "
         "directory; AWS does not publish it openly"},
        {"Amazon RDS CN Root 2029 CA",
         "its root 'Amazon RDS CN Root 2029 CA', rds-ca-2029 of all of "
         "aws-cn, is not at hand; run 'rdsca update --partition aws-cn'"},
        {"Amazon RDS us-west-2 Root CA",
         "its root 'Amazon RDS us-west-2 Root CA', an RDS CA of us-west-2, "
         "is not at hand; run 'rdsca update us-west-2'"},
        {"Amazon RDS us-west-2 Root CA RSA2048 G1 Evil",
         "its issuer 'Amazon RDS us-west-2 Root CA RSA2048 G1 Evil' is no CA "
         "of Amazon's: not AWS's server, or something in between intercepts "
         "TLS; " ELSEWHERE},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signed_one root;
        struct world world;

        start_world(&world, "Amazon Root CA 1");
        make_one(&root, rows[i].root, NULL, NULL);
        send_chain(&world, &root, "Amazon RDS something", HOST);
        CHECK_TEXT(advice(&world, HOST, NULL), rows[i].expected, "row %zu", i);
        free_one(&root);
        end_world(&world);
    }
}

/* A chain that runs in a circle, or repeats itself, ends. */
static void test_circle(void)
{
    struct signed_one a, b, leaf;
    struct world world;

    start_world(&world, "Amazon Root CA 1");
    make_one(&a, "A", NULL, NULL);
    make_one(&b, "B", NULL, &a);
    X509_free(a.x509);
    sign_one(&a, "A", NULL, &b);
    make_one(&leaf, HOST, "DNS:" HOST, &a);
    send_one(&world, leaf.x509);
    for (size_t i = 0; i < 7; i++) {
        send_one(&world, a.x509);
        send_one(&world, b.x509);
    }
    (void)advice(&world, HOST, NULL);
    CHECK_NUMBER(world.finding.verdict, RDSCA_FOREIGN_CA, "a circle");
    free_one(&a);
    free_one(&b);
    free_one(&leaf);
    end_world(&world);
}

/* ---- names and exit codes ----------------------------------------------- */

static void test_verdicts(void)
{
    for (int i = 0; i < RDSCA_VERDICT_END; i++) {
        enum rdsca_verdict verdict = (enum rdsca_verdict)i;
        bool retry =
            verdict == RDSCA_TURNED_AWAY || verdict == RDSCA_NO_ANSWER;

        CHECK_NUMBER(rdsca_verdict_exit(verdict),
                     verdict == RDSCA_VERIFIED ? RDSCA_FINE
                     : retry                   ? RDSCA_RETRY
                                               : RDSCA_FINDING,
                     "%s", rdsca_verdict_name(verdict));
        for (int j = 0; j < i; j++)
            CHECK(strcmp(rdsca_verdict_name(verdict),
                         rdsca_verdict_name((enum rdsca_verdict)j)) != 0,
                  "%s", rdsca_verdict_name(verdict));
    }
    CHECK_TEXT(rdsca_verdict_name(RDSCA_VERDICT_END), "?", "none");
    CHECK_NUMBER(rdsca_verdict_exit(RDSCA_VERDICT_END), RDSCA_FINDING, "none");
}

CU_TestInfo verdict_tests[] = {
    {"Amazon Trust Services", test_proxy},
    {"a root that another one signed", test_cross_signed},
    {"an imitated root", test_imitation},
    {"another stage", test_stage},
    {"another partition", test_partition},
    {"two keys of one name", test_two_keys},
    {"claims", test_claims},
    {"a chain in a circle", test_circle},
    {"names and exit codes", test_verdicts},
    CU_TEST_INFO_NULL,
};
