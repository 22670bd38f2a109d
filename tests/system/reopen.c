/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that lives on and asks again: opens each URI that it reads from
 * standard input, one a line, and prints one line of answer:
 *
 *     COUNT SHA-256 SHA-256 ...    the certificates, in order
 *     error REASON: TEXT           the last error
 *
 * First it prints "loaded" or "not loaded": whether the provider `rds` is
 * active.  Arguments are libraries that it opens before, for everybody to
 * see, as a program does that has a second libcrypto.
 *
 * The configuration comes from OPENSSL_CONF.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#define LINE_MAX_SIZE 4096
#define CERTIFICATES_MAX 1024

struct answer {
    size_t count;
    unsigned char sha256[CERTIFICATES_MAX][32];
};

static void print_error(void)
{
    const char *data = "", *reason;
    unsigned long error =
        ERR_peek_last_error_all(NULL, NULL, NULL, &data, NULL);

    reason = ERR_reason_error_string(error);
    printf("error %s: %s\n", reason != NULL ? reason : "?", data);
    ERR_clear_error();
}

static void take(struct answer *answer, const OSSL_STORE_INFO *info)
{
    X509 *certificate;

    if (OSSL_STORE_INFO_get_type(info) != OSSL_STORE_INFO_CERT ||
        answer->count == CERTIFICATES_MAX)
        return;
    certificate = OSSL_STORE_INFO_get0_CERT(info);
    if (X509_digest(certificate, EVP_sha256(), answer->sha256[answer->count],
                    NULL) == 1)
        answer->count++;
}

static int ask(const char *uri, struct answer *answer)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info;
    int failed = 0;

    answer->count = 0;
    if (store == NULL)
        return 0;
    while (!OSSL_STORE_eof(store)) {
        info = OSSL_STORE_load(store);
        if (info != NULL)
            take(answer, info);
        failed |= OSSL_STORE_error(store);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return !failed;
}

static void print_answer(const struct answer *answer)
{
    printf("%zu", answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        putchar(' ');
        for (size_t j = 0; j < sizeof(answer->sha256[i]); j++)
            printf("%02x", answer->sha256[i][j]);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    static struct answer answer;
    char line[LINE_MAX_SIZE];

    for (int i = 1; i < argc; i++) {
        if (dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL) == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    puts(OSSL_PROVIDER_available(NULL, "rds") ? "loaded" : "not loaded");
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (ask(line, &answer))
            print_answer(&answer);
        else
            print_error();
    }
    return 0;
}
