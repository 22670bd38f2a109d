/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that holds a libcrypto of its own, linked statically; made twice
 * (see rules.mk): one exports nothing of it, as most do, one exports all of
 * it, as node does.  Prints what it sees of the chains in a folder; the test
 * "two" judges.
 */

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static X509 *read_certificate(const char *folder, const char *name)
{
    X509 *certificate = NULL;
    char path[1024];
    BIO *bio;

    (void)snprintf(path, sizeof(path), "%s/%s.der", folder, name);
    bio = BIO_new_file(path, "rb");
    if (bio != NULL)
        certificate = d2i_X509_bio(bio, NULL);
    BIO_free(bio);
    if (certificate == NULL) {
        perror(path);
        exit(2);
    }
    return certificate;
}

static int verify(const char *folder, const char *prefix, X509 *own_root)
{
    char leaf_name[64], subordinate_name[64];
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509 *leaf, *subordinate;
    int error = -1;

    (void)snprintf(leaf_name, sizeof(leaf_name), "%s-leaf", prefix);
    (void)snprintf(subordinate_name, sizeof(subordinate_name),
                   "%s-subordinate", prefix);
    leaf = read_certificate(folder, leaf_name);
    subordinate = read_certificate(folder, subordinate_name);
    if (untrusted != NULL && sk_X509_push(untrusted, subordinate) > 0 &&
        (own_root == NULL || X509_STORE_add_cert(store, own_root) == 1) &&
        X509_STORE_CTX_init(ctx, store, leaf, untrusted) == 1 &&
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1) {
        (void)X509_verify_cert(ctx);
        error = X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(untrusted);
    X509_free(leaf);
    X509_free(subordinate);
    return error;
}

int main(int argc, char **argv)
{
    X509 *root;

    if (argc != 2 || OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
        return 2;
    root = read_certificate(argv[1], "stranger-root");
    (void)printf(
        "provider %d, ours %d, stranger %d, %d\n",
        OSSL_PROVIDER_available(NULL, "rds"), verify(argv[1], "chain", NULL),
        verify(argv[1], "stranger", root), verify(argv[1], "stranger", NULL));
    X509_free(root);
    return 0;
}
