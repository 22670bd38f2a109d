/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for OpenSSL's FIPS module, which Debian does not carry: a
 * provider of any name that has the algorithms of the default one and says
 * fips=yes of them.  It validates nothing.
 */

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#define OPERATIONS 32
#define ALGORITHMS 512

static OSSL_PROVIDER *real;
static OSSL_ALGORITHM tables[OPERATIONS][ALGORITHMS];

static const OSSL_ALGORITHM *query(void *ctx, int operation, int *no_cache)
{
    const OSSL_ALGORITHM *all =
        OSSL_PROVIDER_query_operation(real, operation, no_cache);
    int i = 0;

    (void)ctx;
    if (all == NULL || operation >= OPERATIONS || operation == OSSL_OP_STORE)
        return NULL;
    for (; all[i].algorithm_names != NULL && i < ALGORITHMS - 1; i++) {
        tables[operation][i] = all[i];
        tables[operation][i].property_definition = "provider=fips,fips=yes";
    }
    tables[operation][i].algorithm_names = NULL;
    return tables[operation];
}

static const OSSL_PARAM *gettable(void *ctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
        OSSL_PARAM_END};

    (void)ctx;
    return known;
}

static int get_params(void *ctx, OSSL_PARAM params[])
{
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    (void)ctx;
    return status == NULL || OSSL_PARAM_set_int(status, 1);
}

/* The groups of TLS. */
static int capabilities(void *ctx, const char *name, OSSL_CALLBACK *call,
                        void *arg)
{
    (void)ctx;
    return OSSL_PROVIDER_get_capabilities(real, name, call, arg);
}

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **ctx)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable},
        {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
        {0, NULL}};

    (void)handle;
    (void)in;
    real = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
    if (real == NULL)
        return 0;
    *out = functions;
    *ctx = OSSL_PROVIDER_get0_provider_ctx(real);
    return 1;
}
