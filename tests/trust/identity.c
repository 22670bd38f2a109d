/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an application says in its verify parameters whom it expects, one of
 * them must be an endpoint in scope.
 */

#include <stdio.h>

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
        {OTHER, NULL, NULL, NULL, X509_V_ERR_HOSTNAME_MISMATCH},
        {HOST, NULL, "127.0.0.1", NULL, X509_V_ERR_IP_ADDRESS_MISMATCH},
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

/* Eight hosts are looked at: a ninth is one too many, and never a way in. */
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
    CHECK_ERROR(verify_in(store, &chain), NO_ISSUER, "the endpoint is ninth");
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

static const struct test tests[] = {
    TEST("identities", TRUST, test_identities),
    TEST("an address as common name", TRUST, test_address_as_cn),
    TEST("many hosts", TRUST, test_many_hosts),
    TEST("TLS", TRUST, test_tls),
};
SUITE(identity);
