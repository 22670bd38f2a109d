/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an application says in its verify parameters whom it expects, one of
 * them must be an endpoint in scope.  From OpenSSL 4 on, where these cannot be
 * read, the leaf must be what it expects: this refuses more, and earlier.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define OTHER "other.abc123def.us-west-2.rds.amazonaws.com"
#define OUTSIDE "db.abc123def.us-east-1.rds.amazonaws.com"

static void test_identities(void)
{
    static const struct {
        const char *host, *more, *ip, *email;
        int error;
    } rows[] = {
        {NULL, NULL, NULL, NULL, X509_V_OK},
        {HOST, NULL, NULL, NULL, X509_V_OK},
        {"DB.ABC123DEF.US-WEST-2.RDS.AMAZONAWS.COM", NULL, NULL, NULL,
         X509_V_OK},
        {EVIL, HOST, NULL, NULL, X509_V_OK},
        {HOST, EVIL, NULL, NULL, X509_V_OK},
        {OTHER, NULL, NULL, NULL,
         BY_LINE(X509_V_ERR_HOSTNAME_MISMATCH, NO_ISSUER)},
        {HOST, NULL, "127.0.0.1", NULL,
         BY_LINE(X509_V_ERR_IP_ADDRESS_MISMATCH, NO_ISSUER)},
        {EVIL, NULL, NULL, NULL, NO_ISSUER},
        {OUTSIDE, NULL, NULL, NULL, NO_ISSUER},
        {EVIL, OUTSIDE, NULL, NULL, NO_ISSUER},
        {"127.0.0.1", NULL, NULL, NULL, NO_ISSUER},
        {NULL, NULL, "127.0.0.1", NULL, NO_ISSUER},
        {NULL, NULL, "::1", NULL, NO_ISSUER},
        {NULL, NULL, NULL, "a@example.com", NO_ISSUER},
        {EVIL, NULL, "127.0.0.1", "a@example.com", NO_ISSUER},
    };
    struct answer answer;
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct question question = {
            .leaf = chain.leaf.certificate,
            .untrusted = {chain.subordinate.certificate},
            .host = rows[i].host,
            .more_host = rows[i].more,
            .ip = rows[i].ip,
            .email = rows[i].email};

        log_clear();
        CHECK_ERROR(verify(&question, &answer), rows[i].error, "row %zu", i);
        CHECK((log_count("another identity") != 0) ==
                  (rows[i].error == NO_ISSUER),
              "row %zu: the log", i);
        answer_clear(&answer);
    }
    chain_free(&chain);
}

/* A leaf whose SAN is in scope, asked for under an address in its CN. */
static void test_address_as_cn(void)
{
    struct question question = {.host = "127.0.0.1"};
    struct answer answer;
    struct chain chain;
    struct pair leaf;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    pair_make(&leaf, &(struct recipe){.cn = "127.0.0.1",
                                      .san = "DNS:" HOST,
                                      .issuer = &chain.subordinate});
    question.leaf = leaf.certificate;
    question.untrusted[0] = chain.subordinate.certificate;
    CHECK_ERROR(verify(&question, &answer), NO_ISSUER, "the address");
    answer_clear(&answer);
    question.host = NULL;
    CHECK_ERROR(verify(&question, &answer), NO_ISSUER, "nobody");
    answer_clear(&answer);
    pair_free(&leaf);
    chain_free(&chain);
}

/* A ninth host is one too many, and never a way in for strangers. */
static void test_many_hosts(void)
{
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    struct chain chain;
    char name[64];

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (int i = 0; i < 8; i++) {
        (void)snprintf(name, sizeof(name), "h%d.example.com", i);
        NEED(X509_VERIFY_PARAM_add1_host(param, name, 0) == 1);
    }
    CHECK_ERROR(verify_in(store, &chain), NO_ISSUER, "eight strangers");
    NEED(X509_VERIFY_PARAM_add1_host(param, HOST, 0) == 1);
    CHECK_ERROR(verify_in(store, &chain), BY_LINE(NO_ISSUER, X509_V_OK),
                "the endpoint is ninth");
    NEED(X509_VERIFY_PARAM_set1_host(param, HOST, 0) == 1);
    for (int i = 0; i < 20; i++)
        NEED(X509_VERIFY_PARAM_add1_host(param, EVIL, 0) == 1);
    CHECK_ERROR(verify_in(store, &chain), X509_V_OK, "the endpoint is first");
    X509_STORE_free(store);
    chain_free(&chain);
}

static void test_tls(void)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    struct tls tls = {.client = client};
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    tls.server_pair = &chain.leaf;
    tls.extra = chain.subordinate.certificate;
    NEED(X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(client),
                                       "127.0.0.1") == 1);
    CHECK(!handshake(&tls), "an address");
    CHECK_ERROR((int)tls.client_result, NO_ISSUER, "an address");
    SSL_CTX_free(client);
    chain_free(&chain);
}

/* ---- other faults ------------------------------------------------------- */

/* Whom the application expects does not hide what else is wrong. */
static void test_other_faults(void)
{
    static const struct {
        unsigned long flags;
        long until;
        int error;
    } rows[] = {
        {0, 1, X509_V_OK},
        {0, -1, X509_V_ERR_CERT_HAS_EXPIRED},
        {X509_V_FLAG_CRL_CHECK, 1, X509_V_ERR_UNABLE_TO_GET_CRL},
        {X509_V_FLAG_EXPLICIT_POLICY, 1, X509_V_ERR_NO_EXPLICIT_POLICY},
    };
    struct chain chain;

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        X509_STORE *store = X509_STORE_new();
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
        struct pair leaf;

        pair_make(&leaf, &(struct recipe){.cn = HOST,
                                          .issuer = &chain.subordinate,
                                          .from = -2,
                                          .until = rows[i].until});
        NEED(X509_VERIFY_PARAM_set1_host(param, HOST, 0) == 1 &&
             X509_VERIFY_PARAM_set_flags(param, rows[i].flags) == 1);
        CHECK_ERROR(verify_in(store, &(struct chain){chain.root,
                                                     chain.subordinate, leaf}),
                    rows[i].error, "row %zu", i);
        pair_free(&leaf);
        X509_STORE_free(store);
    }
    chain_free(&chain);
}

/* ---- texts without an end ---------------------------------------------- */

#define BEHIND 32 /* bytes that are not the caller's */

/* Whoever reads on behind a text reads "zzz". */
static void *dirty_malloc(size_t size, const char *file, int line)
{
    char *made = malloc(size + BEHIND);

    (void)file;
    (void)line;
    if (made == NULL)
        return NULL;
    memset(made, 'z', size + BEHIND - 1);
    made[size + BEHIND - 1] = '\0';
    return made;
}

static void *dirty_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(old, size + BEHIND);
}

static void dirty_free(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* OpenSSL 4.0 copies hosts and addresses without the NUL behind them. */
static void test_no_end(void)
{
    static const struct {
        const char *host, *email;
        int error;
    } rows[] = {
        {HOST, NULL, X509_V_OK},
        {EVIL, NULL, NO_ISSUER},
        {"db.abc123def.us-west-2.rds.amazonaws.co", NULL, NO_ISSUER},
        {NULL, "a@example.com", NO_ISSUER},
    };
    struct chain chain;

    NEED(CRYPTO_set_mem_functions(dirty_malloc, dirty_realloc, dirty_free) ==
         1);
    NEED(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        X509_STORE *store = X509_STORE_new();
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);

        NEED(X509_VERIFY_PARAM_set1_host(param, rows[i].host, 0) == 1);
        NEED(rows[i].email == NULL ||
             X509_VERIFY_PARAM_set1_email(param, rows[i].email, 0) == 1);
        CHECK_ERROR(verify_in(store, &chain), rows[i].error, "row %zu", i);
        X509_STORE_free(store);
    }
    CHECK(log_count("another identity") == 3, "the log says why");
    CHECK(log_count("zz") == 0, "and nothing of what lies behind");
    chain_free(&chain);
}

static const struct test tests[] = {
    TEST("identities", TRUST, test_identities),
    TEST("an address as common name", TRUST, test_address_as_cn),
    TEST("many hosts", TRUST, test_many_hosts),
    TEST("TLS", TRUST, test_tls),
    TEST("other faults", TRUST, test_other_faults),
    TEST_UNLOADED("texts without an end", TRUST, test_no_end),
};
SUITE(identity);
