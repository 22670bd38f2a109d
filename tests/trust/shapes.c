/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and chains of real servers, rebuilt from public dumps of 2020
 * to 2026: accepted under the scopes that name them, refused under the
 * others, each in TLS connections whose client trusts by rds-trust alone.
 */

#include <ctype.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define LABEL "abc123def456"
#define OTHER_LABEL "zyx987wvu654"
#define IN(label, region) label "." region ".rds.amazonaws.com"
#define ZONE IN(LABEL, REGION)
#define INSTANCE "orders-1." ZONE
#define CLUSTER "orders.cluster-" ZONE
#define READER "orders.cluster-ro-" ZONE
#define LONG_CLUSTER "orders-production-aurora-pg.cluster-" ZONE
#define LONG_READER "orders-production-aurora-pg.cluster-ro-" ZONE
#define LONG_IDENTIFIER "orders-production-aurora-pg-1"
#define LONG_INSTANCE LONG_IDENTIFIER "." ZONE
#define LONGEST_INSTANCE                                                      \
    "orders-production-aurora-postgresql-blue-green-2026-instance-01." ZONE
#define PROXY_ZONE "proxy-" ZONE
#define REDSHIFT_ZONE LABEL "." REGION ".redshift.amazonaws.com"
#define NEPTUNE_ZONE LABEL "." REGION ".neptune.amazonaws.com"

/* ---- the shapes -------------------------------------------------------- */

/* What is served.  Only RDS has a CA of its own; the others, and databases of
 * Aurora's express configuration, have one of Amazon Trust Services. */
enum service { RDS, PROXY, REDSHIFT, NEPTUNE, EXPRESS, SERVICES };

/* What a server may send after its certificate. */
enum sent {
    NOTHING_MORE,
    SUBORDINATE,
    SIBLING, /* another subordinate of the same root */
    ROOT,
    CROSS, /* the root's name and key, signed by somebody else */
};

/* Of all keys in a chain.  The usual ones are fast to make. */
enum algorithm { USUAL, ECC384, RSA2048, ALGORITHMS };

#define SENT_MAX 6
#define HOSTS_MAX 5

static const struct shape {
    const char *name;
    enum service service;
    enum algorithm algorithm;
    const char *san;
    const char *hosts[HOSTS_MAX]; /* the endpoints that it stands for */
    enum sent sent[SENT_MAX];     /* NOTHING_MORE first: SUBORDINATE */
    size_t cn_size;               /* of the common name, if it matters */
    bool never;                   /* refused under every scope */
    struct recipe recipe;         /* the common name, and what is unusual */
} shapes[] = {
    {.name = "an instance",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .recipe = {.cn = INSTANCE}},
    {.name = "an Aurora instance with its cluster",
     .san = "DNS:" CLUSTER ",DNS:" READER ",DNS:" INSTANCE,
     .hosts = {CLUSTER, READER, INSTANCE},
     .recipe = {.cn = INSTANCE}},
    {.name = "a common name of 70 characters",
     .san = "DNS:" LONG_CLUSTER ",DNS:" LONG_READER ",DNS:" LONG_INSTANCE,
     .hosts = {LONG_CLUSTER, LONG_READER, LONG_INSTANCE},
     .cn_size = 70,
     .recipe = {.cn = LONG_INSTANCE}},
    {.name = "the same as a PrintableString",
     .san = "DNS:" LONG_INSTANCE,
     .hosts = {LONG_INSTANCE},
     .cn_size = 70,
     .recipe = {.cn = LONG_INSTANCE, .cn_type = V_ASN1_PRINTABLESTRING}},
    {.name = "an identifier of 63 characters",
     .san = "DNS:" LONGEST_INSTANCE,
     .hosts = {LONGEST_INSTANCE},
     .cn_size = 104,
     .recipe = {.cn = LONGEST_INSTANCE}},
    {.name = "ECC384",
     .algorithm = ECC384,
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .recipe = {.cn = INSTANCE}},
    {.name = "RSA2048",
     .algorithm = RSA2048,
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .recipe = {.cn = INSTANCE}},
    {.name = "no basicConstraints",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .recipe = {.cn = INSTANCE, .basic = ""}},
    {.name = "key usages, as before",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .recipe = {.cn = INSTANCE,
                .eku = "serverAuth",
                .usage = "digitalSignature,keyEncipherment"}},
    {.name = "the root is sent",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .sent = {SUBORDINATE, ROOT},
     .recipe = {.cn = INSTANCE}},
    {.name = "subordinates that are not its own",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .sent = {SIBLING, SUBORDINATE, SIBLING},
     .recipe = {.cn = INSTANCE}},
    {.name = "a subordinate twice",
     .san = "DNS:" INSTANCE,
     .hosts = {INSTANCE},
     .sent = {SUBORDINATE, SUBORDINATE},
     .recipe = {.cn = INSTANCE}},
    {.name = "everything twice",
     .san = "DNS:" LONG_INSTANCE,
     .hosts = {LONG_INSTANCE},
     .sent = {SUBORDINATE, ROOT, SIBLING, SUBORDINATE, ROOT, SIBLING},
     .cn_size = 70,
     .recipe = {.cn = LONG_INSTANCE}},
    {.name = "a common name cut at 64 characters",
     .never = true,
     .san = "DNS:" LONG_INSTANCE,
     .hosts = {LONG_INSTANCE},
     .cn_size = 64,
     .recipe = {.cn = LONG_IDENTIFIER "." LABEL "." REGION ".rds.amazona"}},
    {.name = "a proxy's name by an RDS CA",
     .never = true,
     .san = "DNS:*." PROXY_ZONE,
     .hosts = {"orders." PROXY_ZONE},
     .recipe = {.cn = "*." PROXY_ZONE}},
    {.name = "a Neptune name by an RDS CA",
     .never = true,
     .san = "DNS:*.cluster-" NEPTUNE_ZONE,
     .hosts = {"graph.cluster-" NEPTUNE_ZONE},
     .recipe = {.cn = "*.cluster-" NEPTUNE_ZONE}},
    {.name = "RDS Proxy",
     .service = PROXY,
     .san = "DNS:*." PROXY_ZONE,
     .hosts = {"orders." PROXY_ZONE, "other." PROXY_ZONE},
     .recipe = {.cn = "*." PROXY_ZONE}},
    {.name = "RDS Proxy, with usages and a cross-signed root",
     .service = PROXY,
     .san = "DNS:*." PROXY_ZONE,
     .hosts = {"orders." PROXY_ZONE},
     .sent = {SUBORDINATE, CROSS},
     .recipe = {.cn = "*." PROXY_ZONE,
                .eku = "serverAuth,clientAuth",
                .usage = "critical,digitalSignature,keyEncipherment"}},
    {.name = "Redshift",
     .service = REDSHIFT,
     .san = "DNS:*." REDSHIFT_ZONE,
     .hosts = {"sales." REDSHIFT_ZONE},
     .recipe = {.cn = "*." REDSHIFT_ZONE}},
    {.name = "Neptune",
     .service = NEPTUNE,
     .san = "DNS:*.cluster-" NEPTUNE_ZONE ",DNS:*.cluster-ro-" NEPTUNE_ZONE
            ",DNS:*." NEPTUNE_ZONE,
     .hosts = {"graph.cluster-" NEPTUNE_ZONE, "graph.cluster-ro-" NEPTUNE_ZONE,
               "graph-1." NEPTUNE_ZONE},
     .recipe = {.cn = "*.cluster-" NEPTUNE_ZONE}},
    {.name = "Aurora's express configuration",
     .service = EXPRESS,
     .san = "DNS:" CLUSTER,
     .hosts = {CLUSTER},
     .recipe = {.cn = CLUSTER}},
};

/* ---- the scopes -------------------------------------------------------- */

/*
 * A letter for each service: a accepted, r refused.  A and R: with slow keys,
 * too.  host/ stands for its account label and region, whatever service
 * the name is of; the label of Redshift is another.
 */
#define SCOPES(F)                                                             \
    F(instance, "rds://host/" INSTANCE, "Aaraa")                              \
    F(long_instance, "rds://host/" LONG_INSTANCE, "aaraa")                    \
    F(reader, "rds://host/" READER, "aaraa")                                  \
    F(instance_proxy, "rds://host/" INSTANCE "+proxy", "aaraa")               \
    F(region, "rds://region/" REGION, "Arrrr")                                \
    F(region_proxy, "rds://region/" REGION "+proxy", "aaaaa")                 \
    F(global, "rds://global", "arrrr")                                        \
    F(all, "rds://all", "arrrr")                                              \
    F(all_proxy, "rds://all+proxy", "Aaaaa")                                  \
    F(proxy, "rds://proxy", "raaaa")                                          \
    F(host_proxy, "rds://host/orders." PROXY_ZONE, "raraa")                   \
    F(host_redshift, "rds://host/sales." REDSHIFT_ZONE, "rrarr")              \
    F(host_neptune, "rds://host/graph.cluster-" NEPTUNE_ZONE, "raraa")        \
    F(other_region, "rds://region/us-east-1", "Rrrrr")                        \
    F(other_region_proxy, "rds://region/us-east-1+proxy", "rrrrr")            \
    F(other_region_host, "rds://host/orders." IN(LABEL, "us-east-1"),         \
      "rrrrr")                                                                \
    F(other_account, "rds://host/orders." IN(OTHER_LABEL, REGION), "Rrrrr")   \
    F(other_account_proxy,                                                    \
      "rds://host/orders." IN(OTHER_LABEL, REGION) "+proxy", "rrrrr")         \
    F(other_proxy, "rds://host/orders.proxy-" IN(OTHER_LABEL, REGION),        \
      "rrrrr")                                                                \
    F(other_redshift,                                                         \
      "rds://host/sales." OTHER_LABEL "." REGION ".redshift.amazonaws.com",   \
      "rrrrr")                                                                \
    F(other_partition, "rds://partition/aws-cn+proxy", "rrrrr")

/* ---- the CAs ----------------------------------------------------------- */

struct authority {
    struct pair root, subordinate, sibling;
    X509 *cross;
};

static const struct {
    const char *name; /* in those of the CAs */
    const char *group;
    bool rsa;
} algorithms[] = {
    [USUAL] = {"RSA4096", "P-256", false},
    [ECC384] = {"ECC384", "P-384", false},
    [RSA2048] = {"RSA2048", NULL, true},
};

_Static_assert(COUNT_OF(algorithms) == ALGORITHMS, "every algorithm");

static void make_ca(struct pair *out, const char *cn,
                    const struct pair *issuer, enum algorithm algorithm)
{
    pair_make(out,
              &(struct recipe){
                  .kind = KIND_CA,
                  .cn = cn,
                  .issuer = issuer,
                  .basic = issuer == NULL ? "critical,CA:TRUE"
                                          : "critical,CA:TRUE,pathlen:0",
                  .usage = "critical,digitalSignature,keyCertSign,cRLSign",
                  .rsa = algorithms[algorithm].rsa,
                  .group = algorithms[algorithm].group,
                  .from = -30,
                  .until = issuer == NULL ? 40 * 365 : 10 * 365});
}

static void make_rds(struct authority *out, const char *region,
                     enum algorithm algorithm)
{
    const char *name = algorithms[algorithm].name;
    char root[128], subordinate[128], sibling[128];

    memset(out, 0, sizeof(*out));
    (void)snprintf(root, sizeof(root), "Amazon RDS %s Root CA %s G1", region,
                   name);
    (void)snprintf(subordinate, sizeof(subordinate),
                   "Amazon RDS %s Subordinate CA %s G1.A.1", region, name);
    (void)snprintf(sibling, sizeof(sibling),
                   "Amazon RDS %s Subordinate CA %s G1.A.2", region, name);
    make_ca(&out->root, root, NULL, algorithm);
    make_ca(&out->subordinate, subordinate, &out->root, algorithm);
    make_ca(&out->sibling, sibling, &out->root, USUAL);
}

/* The root whose key is ours and which the trial module has built in. */
static void read_trial_root(struct pair *out)
{
    char path[PATH_SIZE];
    FILE *file = fopen(beside_module(path, TRIAL_ROOT), "r");

    NEED(file != NULL);
    out->certificate = PEM_read_X509(file, NULL, NULL, NULL);
    NEED(out->certificate != NULL && fclose(file) == 0);
    file = fopen(beside_module(path, TRIAL_KEY), "r");
    NEED(file != NULL);
    out->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    NEED(out->key != NULL && fclose(file) == 0);
}

/* As the older Starfield root signs the Amazon roots. */
static X509 *cross_sign(const struct pair *root)
{
    X509 *cross = X509_dup(root->certificate);
    struct pair older;

    make_ca(&older, "Starfield Class 2 Certification Authority", NULL, USUAL);
    NEED(cross != NULL &&
         X509_set_issuer_name(cross,
                              X509_get_subject_name(older.certificate)) == 1 &&
         X509_sign(cross, older.key, EVP_sha256()) != 0);
    pair_free(&older);
    return cross;
}

static void make_ats(struct authority *out)
{
    memset(out, 0, sizeof(*out));
    read_trial_root(&out->root);
    make_ca(&out->subordinate, "Amazon ECDSA 256 M01", &out->root, USUAL);
    make_ca(&out->sibling, "Amazon ECDSA 256 M02", &out->root, USUAL);
    out->cross = cross_sign(&out->root);
}

static void authority_free(struct authority *authority)
{
    pair_free(&authority->root);
    pair_free(&authority->subordinate);
    pair_free(&authority->sibling);
    X509_free(authority->cross);
}

/* ---- a server of a shape ----------------------------------------------- */

static X509 *sent_certificate(const struct authority *authority,
                              enum sent which)
{
    switch (which) {
    case SUBORDINATE:
        return authority->subordinate.certificate;
    case SIBLING:
        return authority->sibling.certificate;
    case ROOT:
        return authority->root.certificate;
    case CROSS:
        return authority->cross;
    case NOTHING_MORE:
        break;
    }
    return NULL;
}

static STACK_OF(X509) *
    chain_of(const struct shape *shape, const struct authority *authority)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    size_t count = 0;

    NEED(chain != NULL);
    while (count < SENT_MAX && shape->sent[count] != NOTHING_MORE)
        NEED(sk_X509_push(chain, sent_certificate(authority,
                                                  shape->sent[count++])) > 0);
    if (count == 0)
        NEED(sk_X509_push(chain, authority->subordinate.certificate) > 0);
    return chain;
}

/* AKI and SKI, a year, no usages. */
static void make_leaf(struct pair *out, const struct shape *shape,
                      const struct authority *authority)
{
    struct recipe recipe = shape->recipe;

    CHECK(shape->cn_size == 0 || shape->cn_size == strlen(recipe.cn),
          "%s: %zu characters", shape->name, strlen(recipe.cn));
    recipe.issuer = &authority->subordinate;
    recipe.san = shape->san;
    recipe.rsa = algorithms[shape->algorithm].rsa;
    recipe.group = algorithms[shape->algorithm].group;
    recipe.eku = recipe.eku != NULL ? recipe.eku : "";
    recipe.usage = recipe.usage != NULL ? recipe.usage : "";
    recipe.basic = recipe.basic != NULL ? recipe.basic : "critical,CA:FALSE";
    pair_make(out, &recipe);
}

/* ---- connecting -------------------------------------------------------- */

static void check_accepted(const struct shape *shape, struct tls *tls)
{
    for (size_t i = 0; i < HOSTS_MAX && shape->hosts[i] != NULL; i++) {
        tls->host = shape->hosts[i];
        log_clear();
        CHECK(handshake(tls), "%s: as %s", shape->name, tls->host);
        CHECK_ERROR((int)tls->client_result, X509_V_OK, "%s: as %s",
                    shape->name, tls->host);
        CHECK(log_count("offered for") == 1, "%s: one offer", shape->name);
    }
    tls->host = NULL;
    CHECK(handshake(tls), "%s: whatever its name", shape->name);
    tls->host = EVIL;
    CHECK(!handshake(tls), "%s: as a stranger", shape->name);
    tls->host = "orders-2." IN(OTHER_LABEL, REGION);
    CHECK(!handshake(tls), "%s: as another account's", shape->name);
}

/* By the scope alone: a client that has the root itself accepts. */
static void check_refused(const struct shape *shape, struct tls *tls,
                          X509 *root)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    tls->host = NULL;
    CHECK(!handshake(tls), "%s: whatever its name", shape->name);
    for (size_t i = 0; i < HOSTS_MAX && shape->hosts[i] != NULL; i++) {
        tls->host = shape->hosts[i];
        tls->client = NULL;
        log_clear();
        CHECK(!handshake(tls), "%s: as %s", shape->name, tls->host);
        CHECK(tls->client_result ==
                      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                  tls->client_result == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
              "%s: for want of a root, not %ld", shape->name,
              tls->client_result);
        CHECK(log_count("offered for") == 0, "%s: no offer", shape->name);
        CHECK(log_count("trust: ") != 0, "%s: the log says why", shape->name);
        tls->client = client;
        NEED(X509_STORE_add_cert(SSL_CTX_get_cert_store(client), root) == 1);
        CHECK(handshake(tls), "%s: with the root in a file", shape->name);
    }
    SSL_CTX_free(client);
}

static void check_shape(const struct shape *shape,
                        const struct authority *authority, char outcome)
{
    STACK_OF(X509) *chain = chain_of(shape, authority);
    struct tls tls = {.chain = chain};
    struct pair leaf;

    make_leaf(&leaf, shape, authority);
    tls.server_pair = &leaf;
    if (shape->never || tolower(outcome) == 'r')
        check_refused(shape, &tls, authority->root.certificate);
    else if (tolower(outcome) == 'a')
        check_accepted(shape, &tls);
    pair_free(&leaf);
    sk_X509_free(chain);
}

/* `outcomes` has a letter for each service: see SCOPES. */
static void check_rds(const char *outcomes)
{
    enum algorithm end = isupper(outcomes[RDS]) ? ALGORITHMS : USUAL + 1;
    struct authority authorities[ALGORITHMS], east;
    const X509 *roots[ALGORITHMS];

    make_rds(&east, "us-east-1", USUAL);
    roots[0] = east.root.certificate;
    write_bundle("us-east-1-bundle.pem", roots, 1);
    for (enum algorithm i = USUAL; i < end; i++) {
        make_rds(&authorities[i], REGION, i);
        roots[i] = authorities[i].root.certificate;
    }
    write_bundle(REGION "-bundle.pem", roots, end);
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (shapes[i].service == RDS && shapes[i].algorithm < end)
            check_shape(&shapes[i], &authorities[shapes[i].algorithm],
                        outcomes[RDS]);
    }
    for (enum algorithm i = USUAL; i < end; i++)
        authority_free(&authorities[i]);
    authority_free(&east);
}

static void check_ats(const char *outcomes)
{
    struct authority authority;
    char path[PATH_SIZE];

    if (access(beside_module(path, TRIAL_MODULE), R_OK) != 0 ||
        access(beside_module(path, TRIAL_KEY), R_OK) != 0) {
        skip("%s is not there", path);
        return;
    }
    make_ats(&authority);
    CHECK(authority.cross != NULL, "the trial CA");
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (shapes[i].service != RDS)
            check_shape(&shapes[i], &authority, outcomes[shapes[i].service]);
    }
    authority_free(&authority);
}

#define SCOPE_FUNCTIONS(id, uri, outcomes)                                    \
    _Static_assert(sizeof(outcomes) == SERVICES + 1, "all services");         \
    static void rds_##id(void)                                                \
    {                                                                         \
        check_rds(outcomes);                                                  \
    }                                                                         \
    static void ats_##id(void)                                                \
    {                                                                         \
        check_ats(outcomes);                                                  \
    }
SCOPES(SCOPE_FUNCTIONS)

#define SCOPE_TESTS(id, uri, outcomes)                                        \
    TEST("RDS: " uri, uri, rds_##id),                                         \
        TEST_TRIAL("Amazon Trust Services: " uri, uri, ats_##id),
static const struct test tests[] = {SCOPES(SCOPE_TESTS)};
SUITE(shapes);
