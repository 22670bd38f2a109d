/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers, and the model of a search.
 */

#include "answers.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

const char *const answer_uris[] = {
    "rds://region/us-west-2",
    "rds://host/a.b.cn-north-1.rds.amazonaws.com.cn",
    "rds://ca/rds-ca-2015",
    "rds://proxy",
    "rds://all",
    "rds://list",
};

_Static_assert(sizeof(answer_uris) / sizeof(answer_uris[0]) == URIS,
               "every answer has a URI");

struct loader loader;
struct answer answers[URIS];

/* ---- the model ---------------------------------------------------------- */

static bool has_fingerprint(const struct criteria *criteria, X509 *x)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    return X509_digest(x, criteria->digest, digest, &size) == 1 &&
           size == criteria->fingerprint_size &&
           memcmp(digest, criteria->fingerprint, size) == 0;
}

static bool has_serial(const struct criteria *criteria, const X509 *x)
{
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    bool same = serial != NULL && BN_cmp(serial, criteria->serial) == 0;

    BN_free(serial);
    return same;
}

bool criteria_meet(const struct criteria *criteria,
                   const struct answer *answer, size_t i)
{
    X509 *x = answer->certificates[i];

    return (criteria->subject == NULL ||
            X509_NAME_cmp(X509_get_subject_name(x), criteria->subject) == 0) &&
           (criteria->issuer == NULL ||
            X509_NAME_cmp(X509_get_issuer_name(x), criteria->issuer) == 0) &&
           (criteria->serial == NULL || has_serial(criteria, x)) &&
           (criteria->fingerprint == NULL || has_fingerprint(criteria, x)) &&
           (criteria->alias == NULL ||
            strcmp(answer->aliases[i], criteria->alias) == 0);
}

void criteria_clear(struct criteria *criteria)
{
    X509_NAME_free(criteria->subject);
    X509_NAME_free(criteria->issuer);
    BN_free(criteria->serial);
    free(criteria->fingerprint);
    EVP_MD_free(criteria->digest);
    free(criteria->alias);
}

size_t criteria_count(const struct criteria *criteria,
                      const struct answer *answer)
{
    size_t count = 0;

    if (criteria->unwanted)
        return 0;
    if (answer->names != 0)
        return criteria->any ? 0 : answer->names;
    for (size_t i = 0; i < answer->count; i++)
        count += criteria_meet(criteria, answer, i);
    return count;
}

/* ---- the answers -------------------------------------------------------- */

static void find_functions(const OSSL_DISPATCH *table)
{
    for (; table->function_id != 0; table++) {
        switch (table->function_id) {
        case OSSL_FUNC_STORE_OPEN:
            loader.open = OSSL_FUNC_store_open(table);
            break;
        case OSSL_FUNC_STORE_SET_CTX_PARAMS:
            loader.set = OSSL_FUNC_store_set_ctx_params(table);
            break;
        case OSSL_FUNC_STORE_LOAD:
            loader.load = OSSL_FUNC_store_load(table);
            break;
        case OSSL_FUNC_STORE_EOF:
            loader.eof = OSSL_FUNC_store_eof(table);
            break;
        case OSSL_FUNC_STORE_CLOSE:
            loader.close = OSSL_FUNC_store_close(table);
            break;
        default:
            break;
        }
    }
}

static const char *alias_of(const unsigned char *der, size_t size)
{
    const struct rds_view *view = builtin_view();

    for (size_t i = 0; i < view->count; i++) {
        if (view->entries[i].anchor->der_size == size &&
            memcmp(view->entries[i].der, der, size) == 0)
            return view->entries[i].anchor->alias;
    }
    CLAIM(false, "a certificate that is not built in");
    return NULL;
}

static int keep_object(const OSSL_PARAM params[], void *arg)
{
    const OSSL_PARAM *data =
        OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_DATA);
    struct answer *answer = arg;
    const unsigned char *at;

    NEED(data != NULL && answer->count < CERTIFICATES_MAX);
    at = data->data;
    if (data->data_type == OSSL_PARAM_UTF8_STRING) {
        answer->names++;
        return 1;
    }
    answer->aliases[answer->count] = alias_of(at, data->data_size);
    answer->certificates[answer->count] =
        d2i_X509(NULL, &at, (long)data->data_size);
    NEED(answer->certificates[answer->count++] != NULL);
    return 1;
}

static void keep_answer(size_t uri)
{
    void *opened = loader.open(loader.context, answer_uris[uri]);

    NEED(opened != NULL);
    while (loader.eof(opened) == 0)
        NEED(loader.load(opened, keep_object, &answers[uri], NULL, NULL) == 1);
    (void)loader.close(opened);
    NEED((answers[uri].names != 0) == (uri == LIST));
    NEED((answers[uri].count != 0) == (uri != LIST));
}

static int take_provider(OSSL_PROVIDER *provider, void *arg)
{
    const OSSL_ALGORITHM *loaders;
    int no_cache = 0;

    (void)arg;
    if (strcmp(OSSL_PROVIDER_get0_name(provider), "rds") != 0)
        return 1;
    loaders =
        OSSL_PROVIDER_query_operation(provider, OSSL_OP_STORE, &no_cache);
    NEED(loaders != NULL);
    find_functions(loaders[0].implementation);
    loader.context = OSSL_PROVIDER_get0_provider_ctx(provider);
    return 1;
}

void answers_start(void)
{
    load_module(NULL);
    NEED(OSSL_PROVIDER_do_all(NULL, take_provider, NULL) == 1);
    NEED(loader.context != NULL && loader.open != NULL && loader.set != NULL &&
         loader.load != NULL && loader.eof != NULL && loader.close != NULL);
    for (size_t i = 0; i < URIS; i++)
        keep_answer(i);
}
