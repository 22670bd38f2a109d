/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying as an application does: X509_verify_cert(), and TLS connections
 * in memory.
 */

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define ROUNDS_MAX 20 /* of messages of a handshake */

/* ---- X509_verify_cert() ------------------------------------------------ */

static STACK_OF(X509) * untrusted_of(const struct question *question)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    NEED(stack != NULL);
    for (size_t i = 0; i < COUNT_OF(question->untrusted); i++)
        NEED(question->untrusted[i] == NULL ||
             sk_X509_push(stack, question->untrusted[i]) > 0);
    return stack;
}

static void set_param(X509_STORE_CTX *ctx, const struct question *question)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    int purpose =
        question->purpose != 0 ? question->purpose : X509_PURPOSE_SSL_SERVER;

    NEED(purpose == NO_PURPOSE ||
         X509_STORE_CTX_set_purpose(ctx, purpose) == 1);
    NEED(X509_VERIFY_PARAM_set_flags(param, question->flags) == 1 &&
         X509_VERIFY_PARAM_clear_flags(param, question->less_flags) == 1);
    NEED(question->host == NULL ||
         X509_VERIFY_PARAM_set1_host(param, question->host, 0) == 1);
    NEED(question->more_host == NULL ||
         X509_VERIFY_PARAM_add1_host(param, question->more_host, 0) == 1);
    NEED(question->ip == NULL ||
         X509_VERIFY_PARAM_set1_ip_asc(param, question->ip) == 1);
    NEED(question->email == NULL ||
         X509_VERIFY_PARAM_set1_email(param, question->email, 0) == 1);
}

int verify(const struct question *question, struct answer *answer)
{
    STACK_OF(X509) *untrusted = untrusted_of(question), *chain, *none = NULL;
    X509_STORE *store =
        question->store != NULL ? question->store : X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(question->lib, NULL);
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    int result, count;

    NEED(store != NULL && ctx != NULL && crls != NULL);
    NEED(X509_STORE_CTX_init(ctx, store, question->leaf, untrusted) == 1);
    set_param(ctx, question);
    if (question->crl != NULL && sk_X509_CRL_push(crls, question->crl) > 0)
        X509_STORE_CTX_set0_crls(ctx, crls);
    if (question->trusted_stack) {
        none = sk_X509_new_null();
        X509_STORE_CTX_set0_trusted_stack(ctx, none);
    }
    result = X509_verify_cert(ctx);
    answer->error = X509_STORE_CTX_get_error(ctx);
    answer->depth = X509_STORE_CTX_get_error_depth(ctx);
    chain = X509_STORE_CTX_get0_chain(ctx);
    count = chain != NULL ? sk_X509_num(chain) : 0;
    answer->top = count > 0 ? sk_X509_value(chain, count - 1) : NULL;
    if (answer->top != NULL)
        (void)X509_up_ref(answer->top);
    CHECK((result == 1) == (answer->error == X509_V_OK), "result %d, error %d",
          result, answer->error);
    X509_STORE_CTX_free(ctx);
    if (question->store == NULL)
        X509_STORE_free(store);
    sk_X509_free(untrusted);
    sk_X509_free(none);
    sk_X509_CRL_free(crls);
    return answer->error;
}

void answer_clear(struct answer *answer)
{
    X509_free(answer->top);
    answer->top = NULL;
}

int verify_in(X509_STORE *store, const struct chain *chain)
{
    const struct question question = {
        .store = store,
        .leaf = chain->leaf.certificate,
        .untrusted = {chain->subordinate.certificate}};
    struct answer answer;

    (void)verify(&question, &answer);
    answer_clear(&answer);
    return answer.error;
}

int verify_leaf(const struct chain *chain, const struct pair *leaf)
{
    const struct question question = {
        .leaf = leaf->certificate,
        .untrusted = {chain->subordinate.certificate}};
    struct answer answer;

    (void)verify(&question, &answer);
    answer_clear(&answer);
    return answer.error;
}

int verify_chain(const struct chain *chain)
{
    return verify_leaf(chain, &chain->leaf);
}

bool stranger_verifies(const struct chain *stranger)
{
    X509_STORE *store = X509_STORE_new();
    bool good;

    NEED(store != NULL &&
         X509_STORE_add_cert(store, stranger->root.certificate) == 1);
    good = verify_in(store, stranger) == X509_V_OK;
    X509_STORE_free(store);
    return good && verify_chain(stranger) ==
                       X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

/* ---- TLS --------------------------------------------------------------- */

static void give_pair(SSL *ssl, const struct pair *pair, X509 *extra,
                      STACK_OF(X509) * chain)
{
    if (pair == NULL)
        return;
    NEED(SSL_use_certificate(ssl, pair->certificate) == 1 &&
         SSL_use_PrivateKey(ssl, pair->key) == 1);
    NEED(extra == NULL || SSL_add1_chain_cert(ssl, extra) == 1);
    NEED(chain == NULL || SSL_set1_chain(ssl, chain) == 1);
}

/* Both sides in turn until both are done, or one has failed. */
static bool shake(SSL *client, SSL *server)
{
    bool done[2] = {false, false};
    SSL *const sides[2] = {client, server};

    for (int i = 0; i < ROUNDS_MAX && !(done[0] && done[1]); i++) {
        int side = i % 2, result = SSL_do_handshake(sides[side]);

        done[side] = result == 1;
        if (result != 1 &&
            SSL_get_error(sides[side], result) != SSL_ERROR_WANT_READ)
            return false;
    }
    return done[0] && done[1];
}

/* One byte from the server: a refused client certificate shows then. */
static bool talk(SSL *client, SSL *server)
{
    char byte = 'x';

    return SSL_write(server, &byte, 1) == 1 && SSL_read(client, &byte, 1) == 1;
}

static void join(SSL *client, SSL *server)
{
    BIO *one, *other;

    NEED(BIO_new_bio_pair(&one, 0, &other, 0) == 1);
    SSL_set_bio(client, one, one);
    SSL_set_bio(server, other, other);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
}

bool handshake(struct tls *tls)
{
    SSL_CTX *client_ctx =
        tls->client != NULL ? tls->client : SSL_CTX_new(TLS_client_method());
    SSL_CTX *server_ctx =
        tls->server != NULL ? tls->server : SSL_CTX_new(TLS_server_method());
    SSL *client = SSL_new(client_ctx), *server = SSL_new(server_ctx);
    bool good;

    NEED(client != NULL && server != NULL);
    join(client, server);
    give_pair(server, tls->server_pair, tls->extra, tls->chain);
    give_pair(client, tls->client_pair, tls->extra, NULL);
    NEED(tls->version == 0 ||
         SSL_set_max_proto_version(client, tls->version) == 1);
    NEED(tls->host == NULL || SSL_set1_host(client, tls->host) == 1);
    SSL_set_verify(
        client, tls->trust_nothing ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (tls->verify_client)
        SSL_set_verify(
            server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    good = shake(client, server) && talk(client, server);
    tls->client_result = SSL_get_verify_result(client);
    tls->server_result = SSL_get_verify_result(server);
    SSL_free(client);
    SSL_free(server);
    if (tls->client == NULL)
        SSL_CTX_free(client_ctx);
    if (tls->server == NULL)
        SSL_CTX_free(server_ctx);
    ERR_clear_error();
    return good;
}

bool handshake_with(const struct chain *chain, const struct pair *leaf,
                    const char *host)
{
    struct tls tls = {.server_pair = leaf,
                      .extra = chain->subordinate.certificate,
                      .host = host};

    return handshake(&tls);
}
