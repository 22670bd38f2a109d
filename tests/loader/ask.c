/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a URI through OSSL_STORE, and what comes back.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

static void take(struct answer *out, OSSL_STORE_INFO *info)
{
    X509 *certificate;

    if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_NAME)
        out->names++;
    certificate = OSSL_STORE_INFO_get1_CERT(info);
    if (certificate != NULL &&
        sk_X509_push(out->certificates, certificate) == 0)
        X509_free(certificate);
    OSSL_STORE_INFO_free(info);
}

static bool restrict_to(OSSL_STORE_CTX *store, const struct question *question)
{
    bool expect = question->expect != 0;

    if (expect && !question->expect_last &&
        OSSL_STORE_expect(store, question->expect) != 1)
        return false;
    if (question->search != NULL &&
        OSSL_STORE_find(store, question->search) != 1)
        return false;
    return !expect || !question->expect_last ||
           OSSL_STORE_expect(store, question->expect) == 1;
}

void ask(OSSL_LIB_CTX *lib, const struct question *question,
         struct answer *out)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(question->uri, lib, question->properties, NULL,
                           NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info;

    memset(out, 0, sizeof(*out));
    out->certificates = sk_X509_new_null();
    out->opened = store != NULL;
    if (store == NULL)
        return;
    out->set = restrict_to(store, question);
    out->at_once = OSSL_STORE_eof(store) == 1;
    while (out->set && !out->failed && OSSL_STORE_eof(store) == 0) {
        info = OSSL_STORE_load(store);
        out->failed = OSSL_STORE_error(store) == 1;
        if (info != NULL)
            take(out, info);
    }
    (void)OSSL_STORE_close(store);
}

void answer_clear(struct answer *answer)
{
    certificates_free(answer->certificates);
    answer->certificates = NULL;
}

void certificates_free(STACK_OF(X509) * certificates)
{
    sk_X509_pop_free(certificates, X509_free);
}

STACK_OF(X509) * certificates_of(OSSL_LIB_CTX *lib, const char *uri)
{
    const struct question question = {.uri = uri};
    struct answer answer;

    ask(lib, &question, &answer);
    if (answer.opened && !answer.failed)
        return answer.certificates;
    answer_clear(&answer);
    return NULL;
}

int count_of(OSSL_LIB_CTX *lib, const char *uri)
{
    const struct question question = {.uri = uri};
    struct answer answer;
    int count;

    ask(lib, &question, &answer);
    count = answer.failed ? -2 : sk_X509_num(answer.certificates);
    answer_clear(&answer);
    return answer.opened ? count : -1;
}

int last_error(char text[ERROR_SIZE])
{
    const char *data = "";
    unsigned long code =
        ERR_peek_last_error_all(NULL, NULL, NULL, &data, NULL);

    (void)snprintf(text, ERROR_SIZE, "%s", data != NULL ? data : "");
    ERR_clear_error();
    return ERR_GET_REASON(code);
}

static const char *reason_text(enum rds_reason reason)
{
    static const char *const texts[RDS_R_END] = {
#define REASON_TEXT(name, text) [name] = text,
        RDS_REASONS(REASON_TEXT)
#undef REASON_TEXT
    };

    return texts[reason];
}

/* One line of printable ASCII. */
static bool one_line(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            return false;
    }
    return text[0] != '\0' && strlen(text) < 512;
}

void check_refused(OSSL_LIB_CTX *lib, const char *uri, enum rds_reason reason,
                   const char *part, int line, const char *file)
{
    OSSL_STORE_CTX *store;
    const char *library, *words;
    char text[ERROR_SIZE];
    unsigned long code;

    ERR_clear_error();
    store = OSSL_STORE_open_ex(uri, lib, NULL, NULL, NULL, NULL, NULL, NULL);
    check_row(store == NULL, file, line, "%.100s is refused", uri);
    (void)OSSL_STORE_close(store);
    code = ERR_peek_last_error();
    library = ERR_lib_error_string(code);
    words = ERR_reason_error_string(code);
    check_row(library != NULL && strcmp(library, "rds") == 0, file, line,
              "%.100s: the module raises the last error, not '%s'", uri,
              library != NULL ? library : "nobody");
    check_row(words != NULL && strcmp(words, reason_text(reason)) == 0, file,
              line, "%.100s: '%s' is the reason, not '%s'", uri,
              reason_text(reason), words != NULL ? words : "");
    check_row(last_error(text) == (int)reason, file, line, "%.100s: reason %d",
              uri, (int)reason);
    check_row(strstr(text, part) != NULL, file, line,
              "%.100s: '%s' stands in '%s'", uri, part, text);
    check_row(one_line(text), file, line, "%.100s: one line: '%s'", uri, text);
}

bool sha256_of(const X509 *certificate, unsigned char out[SHA256_SIZE])
{
    unsigned int size = SHA256_SIZE;

    return X509_digest(certificate, EVP_sha256(), out, &size) == 1 &&
           size == SHA256_SIZE;
}

const char *cn_of(const X509 *certificate, char out[NAME_SIZE])
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *text;

    out[0] = '\0';
    if (at < 0)
        return out;
    text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    (void)snprintf(out, NAME_SIZE, "%.*s", ASN1_STRING_length(text),
                   (const char *)ASN1_STRING_get0_data(text));
    return out;
}

bool has_cn(STACK_OF(X509) * certificates, const char *cn)
{
    char name[NAME_SIZE];

    for (int i = 0; i < sk_X509_num(certificates); i++) {
        if (strcmp(cn_of(sk_X509_value(certificates, i), name), cn) == 0)
            return true;
    }
    return false;
}
