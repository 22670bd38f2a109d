/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS handshake of a probe.  Refuses to send a byte of its own, and
 * chains longer than any honest one.
 */

#include "handshake.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* The chain is judged later, whoever sent it. */
static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static SSL *new_ssl(const struct rdsca_wire *wire, const char *name)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    if (ctx != NULL) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
        ssl = SSL_new(ctx);
    }
    SSL_CTX_free(ctx);
    if (ssl != NULL &&
        (SSL_set_fd(ssl, wire->fd) != 1 ||
         (name != NULL && SSL_set_tlsext_host_name(ssl, name) != 1))) {
        SSL_free(ssl);
        ssl = NULL;
    }
    return ssl;
}

static enum rdsca_contact closed(struct rds_error *err, const char *how)
{
    (void)rds_fail(err, RDS_R_TRANSIENT, "the server %s in the TLS handshake",
                   how);
    return RDSCA_CONTACT_UNREACHABLE;
}

/* What OpenSSL says of a handshake that failed; `code` of SSL_get_error(). */
static enum rdsca_contact explain(int code, struct rds_error *err)
{
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);

    if (code == SSL_ERROR_SYSCALL || error == 0 ||
        (ERR_GET_LIB(error) == ERR_LIB_SSL &&
         ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING))
        return closed(err, "closes the connection");
    (void)rds_fail(err, RDS_R_TRANSIENT, "the TLS handshake fails: %s",
                   reason != NULL ? reason : "OpenSSL does not say why");
    return RDSCA_CONTACT_STRANGE;
}

static enum rdsca_contact connect_ssl(const struct rdsca_wire *wire, SSL *ssl,
                                      struct rds_error *err)
{
    for (;;) {
        int result = SSL_connect(ssl);
        int code = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);

        if (result == 1)
            return RDSCA_CONTACT_TLS;
        if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
            return explain(code, err);
        if (rdsca_time_left(wire) == 0 ||
            !rdsca_wait(wire, code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                        rdsca_time_left(wire)))
            return closed(err, "takes too long");
    }
}

static enum rdsca_contact take_chain(const SSL *ssl, struct rdsca_peer *out,
                                     struct rds_error *err)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int count = chain != NULL ? sk_X509_num(chain) : 0;

    if (count == 0 || count > RDSCA_CHAIN_MAX) {
        (void)rds_fail(err, RDS_R_TRANSIENT,
                       "the server sends %d certificates; 1 to %d are read",
                       count, RDSCA_CHAIN_MAX);
        return RDSCA_CONTACT_STRANGE;
    }
    out->chain = X509_chain_up_ref(chain);
    if (out->chain == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        return RDSCA_CONTACT_STRANGE;
    }
    return RDSCA_CONTACT_TLS;
}

/* OpenSSL writes to the socket without caring for SIGPIPE. */
static void ignore_pipes(struct sigaction *before)
{
    struct sigaction ignore;

    memset(&ignore, 0, sizeof(ignore));
    ignore.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &ignore, before);
}

enum rdsca_contact rdsca_handshake(struct rdsca_wire *wire, const char *name,
                                   struct rdsca_peer *out,
                                   struct rds_error *err)
{
    enum rdsca_contact contact = RDSCA_CONTACT_STRANGE;
    struct sigaction before;
    SSL *ssl;

    memset(out, 0, sizeof(*out));
    ERR_clear_error();
    ignore_pipes(&before);
    ssl = new_ssl(wire, name);
    if (ssl == NULL)
        (void)explain(SSL_ERROR_SSL, err);
    else
        contact = connect_ssl(wire, ssl, err);
    if (contact == RDSCA_CONTACT_TLS) {
        out->version = SSL_get_version(ssl);
        out->cipher = SSL_get_cipher_name(ssl);
        out->security_level = SSL_get_security_level(ssl);
        contact = take_chain(ssl, out, err);
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    (void)sigaction(SIGPIPE, &before, NULL);
    ERR_clear_error();
    return contact;
}
