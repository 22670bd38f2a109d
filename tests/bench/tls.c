/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sides that verify: an SSL_CTX, chains by X509_verify_cert(), and the
 * client's side of TLS handshakes in memory.
 */

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define STEPS_MAX 10 /* of a handshake */

static struct chain chain;
static X509_STORE *store;
static SSL_CTX *client_ctx, *server_ctx;

/* ---- an SSL_CTX, ready ------------------------------------------------- */

static void prepare_ssl(void)
{
    NEED(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
}

static SSL_CTX *new_context(const char *ca_file)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char path[PATH_SIZE];

    NEED(ctx != NULL);
    NEED(ca_file == NULL ||
         SSL_CTX_load_verify_file(ctx, path_of(path, ca_file)) == 1);
    return ctx;
}

static void run_context(void)
{
    SSL_CTX_free(new_context(NULL));
}

static void run_context_global(void)
{
    SSL_CTX_free(new_context("global.pem"));
}

static void run_context_region(void)
{
    SSL_CTX_free(new_context("region.pem"));
}

const struct side ready_plain = {PLAIN, prepare_ssl, run_context};
const struct side ready_null = {NULLED, prepare_ssl, run_context};
const struct side ready_trust = {TRUSTED, prepare_ssl, run_context};
const struct side ready_global = {PLAIN, prepare_ssl, run_context_global};
const struct side ready_region = {PLAIN, prepare_ssl, run_context_region};

/* ---- the first chain of a process -------------------------------------- */

static struct {
    unsigned char *leaf, *subordinate;
    size_t leaf_size, subordinate_size;
} der;

/* Nothing of OpenSSL yet: its own start counts. */
static void prepare_first(void)
{
    der.leaf = read_file("own-leaf.der", &der.leaf_size);
    der.subordinate = read_file("own-subordinate.der", &der.subordinate_size);
}

static X509 *parse(const unsigned char *bytes, size_t size)
{
    X509 *certificate = d2i_X509(NULL, &bytes, (long)size);

    NEED(certificate != NULL);
    return certificate;
}

/* What it makes stays there: memory is looked at after it. */
static void first_chain(const char *ca_file, int result)
{
    SSL_CTX *ctx;

    prepare_ssl();
    ctx = new_context(ca_file);
    chain.leaf.certificate = parse(der.leaf, der.leaf_size);
    chain.subordinate.certificate =
        parse(der.subordinate, der.subordinate_size);
    NEED(verify_in(SSL_CTX_get_cert_store(ctx), &chain) == result);
}

static void run_first(void)
{
    first_chain(NULL, X509_V_OK);
}

static void run_first_file(void)
{
    first_chain("root.pem", X509_V_OK);
}

static void run_first_global(void)
{
    first_chain("global-root.pem", X509_V_OK);
}

static void run_first_nobody(void)
{
    first_chain(NULL, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

const struct side first_trust = {TRUSTED, prepare_first, run_first};
const struct side first_trust_region = {TRUSTED_REGION, prepare_first,
                                        run_first};
const struct side first_trust_global = {TRUSTED_GLOBAL, prepare_first,
                                        run_first};
const struct side first_file = {PLAIN, prepare_first, run_first_file};
const struct side first_global = {PLAIN, prepare_first, run_first_global};
const struct side first_nobody = {PLAIN, prepare_first, run_first_nobody};

/* ---- later chains ------------------------------------------------------ */

static void prepare_store(const char *name, bool knows_root)
{
    read_chain(&chain, name);
    store = X509_STORE_new();
    NEED(store != NULL);
    NEED(!knows_root || X509_STORE_add_cert(store, chain.root.certificate));
}

static void prepare_verify_trust(void)
{
    prepare_store("own", false);
}

static void prepare_verify_file(void)
{
    prepare_store("own", true);
}

static void prepare_stranger(void)
{
    prepare_store("stranger", true);
}

static void prepare_unknown(void)
{
    prepare_store("stranger", false);
}

static void run_verify(void)
{
    NEED(verify_in(store, &chain) == X509_V_OK);
}

static void run_unknown(void)
{
    NEED(verify_in(store, &chain) ==
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

const struct side verify_trust = {TRUSTED, prepare_verify_trust, run_verify};
const struct side verify_trust_files = {TRUSTED_MANY_FILES,
                                        prepare_verify_trust, run_verify};
const struct side verify_file = {PLAIN, prepare_verify_file, run_verify};
const struct side stranger_trust = {TRUSTED, prepare_stranger, run_verify};
const struct side stranger_plain = {PLAIN, prepare_stranger, run_verify};
const struct side unknown_trust = {TRUSTED, prepare_unknown, run_unknown};
const struct side unknown_plain = {PLAIN, prepare_unknown, run_unknown};

/* ---- handshakes -------------------------------------------------------- */

/* One connection; the server's side is excluded. */
struct connection {
    SSL *client, *server;
    bool client_done, server_done;
};

static bool step(SSL *ssl)
{
    int result = SSL_do_handshake(ssl);

    NEED(result == 1 || SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ);
    return result == 1;
}

static void start_server(void *arg)
{
    struct connection *connection = arg;

    connection->server = SSL_new(server_ctx);
    NEED(connection->server != NULL);
    SSL_set_accept_state(connection->server);
}

static void step_server(void *arg)
{
    struct connection *connection = arg;

    connection->server_done = step(connection->server);
}

static void end_server(void *arg)
{
    struct connection *connection = arg;

    SSL_free(connection->server);
}

static void join(struct connection *connection)
{
    BIO *client, *server;

    NEED(BIO_new_bio_pair(&client, 0, &server, 0) == 1);
    SSL_set_bio(connection->client, client, client);
    SSL_set_bio(connection->server, server, server);
}

static void run_handshake(void)
{
    struct connection connection = {.client = SSL_new(client_ctx)};

    bench_excluded(start_server, &connection);
    NEED(connection.client != NULL &&
         SSL_set1_host(connection.client, HOST) == 1);
    SSL_set_connect_state(connection.client);
    join(&connection);
    for (int i = 0; i < STEPS_MAX && !connection.server_done; i++) {
        if (!connection.client_done)
            connection.client_done = step(connection.client);
        bench_excluded(step_server, &connection);
    }
    NEED(connection.client_done && connection.server_done &&
         SSL_get_verify_result(connection.client) == X509_V_OK);
    SSL_free(connection.client);
    bench_excluded(end_server, &connection);
}

static void prepare_handshake(const char *ca_file)
{
    prepare_ssl();
    read_chain(&chain, "own");
    client_ctx = new_context(ca_file);
    SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
    server_ctx = SSL_CTX_new(TLS_server_method());
    NEED(server_ctx != NULL &&
         SSL_CTX_use_certificate(server_ctx, chain.leaf.certificate) == 1 &&
         SSL_CTX_use_PrivateKey(server_ctx, chain.leaf.key) == 1 &&
         SSL_CTX_add1_chain_cert(server_ctx, chain.subordinate.certificate) ==
             1);
}

static void prepare_later_trust(void)
{
    prepare_handshake(NULL);
}

static void prepare_later_file(void)
{
    prepare_handshake("root.pem");
}

const struct side later_trust = {TRUSTED, prepare_later_trust, run_handshake};
const struct side later_file = {PLAIN, prepare_later_file, run_handshake};
