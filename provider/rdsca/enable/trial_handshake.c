/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS handshake within one process.  Refuses to use a socket.
 */

#include "trial.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define TURNS 64 /* of both sides; a handshake needs three */

struct side {
    SSL_CTX *ctx;
    SSL *ssl;
};

static bool make_client(struct side *client,
                        const struct rdsca_meeting *meeting)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    client->ctx = ctx;
    if (ctx == NULL ||
        (meeting->ca != NULL &&
         SSL_CTX_load_verify_file(ctx, meeting->ca) != 1) ||
        (meeting->store != NULL &&
         SSL_CTX_load_verify_store(ctx, meeting->store) != 1))
        return false;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    client->ssl = SSL_new(ctx);
    if (client->ssl == NULL ||
        SSL_set_tlsext_host_name(client->ssl, meeting->host) != 1 ||
        SSL_set1_host(client->ssl, meeting->host) != 1)
        return false;
    SSL_set_connect_state(client->ssl);
    return true;
}

static bool make_server(struct side *server,
                        const struct rdsca_meeting *meeting)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    server->ctx = ctx;
    if (ctx == NULL ||
        SSL_CTX_use_certificate_chain_file(ctx, meeting->server) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, meeting->server, SSL_FILETYPE_PEM) !=
            1)
        return false;
    server->ssl = SSL_new(ctx);
    if (server->ssl == NULL)
        return false;
    SSL_set_accept_state(server->ssl);
    return true;
}

/* Each writes into what the other reads. */
static bool join(const struct side *client, const struct side *server)
{
    BIO *here = NULL, *there = NULL;

    if (BIO_new_bio_pair(&here, 0, &there, 0) != 1)
        return false;
    SSL_set_bio(client->ssl, here, here);
    SSL_set_bio(server->ssl, there, there);
    return true;
}

/* 1: done, 0: waits for the other side, -1: failed */
static int step(SSL *ssl)
{
    int got = SSL_do_handshake(ssl);

    if (got == 1)
        return 1;
    return SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ ||
                   SSL_get_error(ssl, got) == SSL_ERROR_WANT_WRITE
               ? 0
               : -1;
}

static bool shake_hands(const struct side *client, const struct side *server)
{
    int here = 0, there = 0;

    for (int i = 0; i < TURNS && (here == 0 || there == 0); i++) {
        if (here == 0)
            here = step(client->ssl);
        if (here >= 0 && there == 0)
            there = step(server->ssl);
        if (here < 0 || there < 0)
            return false;
    }
    return here == 1 && there == 1;
}

static void tell(const struct rdsca_meeting *meeting,
                 const struct side *client)
{
    long verdict =
        client->ssl != NULL ? SSL_get_verify_result(client->ssl) : X509_V_OK;
    char errors[RDS_ERROR_TEXT];

    if (verdict != X509_V_OK)
        rdsca_find(meeting->to, RDSCA_PROBLEM,
                   "a TLS client does not accept a server named '%s': %s",
                   meeting->host, X509_verify_cert_error_string(verdict));
    else
        rdsca_find(meeting->to, RDSCA_PROBLEM,
                   "TLS with a server named '%s' fails: %s", meeting->host,
                   rdsca_openssl_errors(errors));
    rdsca_mend(meeting->to, RDSCA_MEND_RUN, NULL, "rdsca doctor");
}

bool rdsca_trial_meet(const struct rdsca_meeting *meeting)
{
    struct side client = {NULL, NULL}, server = {NULL, NULL};
    bool good;

    ERR_clear_error();
    rdsca_step(meeting->to, "look at what else the configuration loads",
               "a TLS handshake with a server named '%s'", meeting->host);
    good = make_client(&client, meeting) && make_server(&server, meeting) &&
           join(&client, &server) && shake_hands(&client, &server);
    if (!good)
        tell(meeting, &client);
    SSL_free(client.ssl);
    SSL_free(server.ssl);
    SSL_CTX_free(client.ctx);
    SSL_CTX_free(server.ctx);
    return good;
}
