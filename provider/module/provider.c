/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider itself: binding, parameters, errors.  Refuses to load where it
 * cannot bind to the libcrypto that loads it; with a bad configuration it
 * loads and refuses every URI, so that the reason is seen.
 */

#include "module.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>

#include "log.h"
#include "rds/builtin.h"
#include "rds/configuration.h"
#include "trust.h"

__attribute__((visibility("default")))
OSSL_provider_init_fn OSSL_provider_init;

static OSSL_FUNC_provider_teardown_fn teardown;
static OSSL_FUNC_provider_gettable_params_fn gettable_params;
static OSSL_FUNC_provider_get_params_fn get_params;
static OSSL_FUNC_provider_query_operation_fn query_operation;
static OSSL_FUNC_provider_get_reason_strings_fn get_reason_strings;

/* ---- errors ------------------------------------------------------------ */

static const OSSL_ITEM reason_strings[] = {
#define REASON_ITEM(name, text) {name, (char *)(text)},
    RDS_REASONS(REASON_ITEM)
#undef REASON_ITEM
        {0, NULL}};

_Static_assert(sizeof(reason_strings) / sizeof(reason_strings[0]) == RDS_R_END,
               "every reason has a string");

static void vset_error(const struct rds_provider *provider, uint32_t reason,
                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    provider->core_vset_error(provider->handle, reason, format, args);
    va_end(args);
}

void rds_raise_at(const struct rds_provider *provider,
                  const struct rds_error *err, const char *file, int line,
                  const char *function)
{
    rds_log(RDS_LOG_ERROR, "%s", err->text);
    if (provider->core_new_error == NULL ||
        provider->core_set_error_debug == NULL ||
        provider->core_vset_error == NULL)
        return;
    provider->core_new_error(provider->handle);
    provider->core_set_error_debug(provider->handle, file, line, function);
    vset_error(provider, (uint32_t)err->reason, "%s", err->text);
}

/* ---- dispatch ---------------------------------------------------------- */

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM gettable[] = {
        {OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0, 0},
        {OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0, 0},
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0, 0},
        {OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, sizeof(int), 0},
        {NULL, 0, NULL, 0, 0},
    };

    (void)provctx;
    return gettable;
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    static const char *const texts[][2] = {
        {OSSL_PROV_PARAM_NAME, "rds (Amazon RDS and Aurora certificates)"},
        {OSSL_PROV_PARAM_VERSION, RDS_VERSION},
    };
    struct rds_provider *provider = provctx;
    const struct rds_libcrypto *lc = &provider->binding.all;
    OSSL_PARAM *param;

    if (!rds_binding_complete(&provider->binding, NULL))
        return 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        param = lc->OSSL_PARAM_locate(params, texts[i][0]);
        if (param != NULL && !lc->OSSL_PARAM_set_utf8_ptr(param, texts[i][1]))
            return 0;
    }
    param = lc->OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
    if (param != NULL &&
        !lc->OSSL_PARAM_set_utf8_ptr(param, provider->buildinfo))
        return 0;
    param = lc->OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return param == NULL ||
           lc->OSSL_PARAM_set_int(param, provider->fault.reason == RDS_R_NONE);
}

static const OSSL_ALGORITHM *query_operation(void *provctx, int operation,
                                             int *no_cache)
{
    static const OSSL_ALGORITHM loaders[] = {
        {"rds", "provider=rds,fips=yes", rds_store_functions,
         "Amazon RDS and Aurora CA certificates"},
        {NULL, NULL, NULL, NULL},
    };

    (void)provctx;
    *no_cache = 0;
    return operation == OSSL_OP_STORE ? loaders : NULL;
}

static const OSSL_ITEM *get_reason_strings(void *provctx)
{
    (void)provctx;
    return reason_strings;
}

static void teardown(void *provctx)
{
    struct rds_provider *provider = provctx;

    rds_truststore_free(provider->store);
    free(provider);
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_operation},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS,
     (void (*)(void))get_reason_strings},
    {0, NULL},
};

/* ---- loading ----------------------------------------------------------- */

static void take_core(struct rds_provider *provider, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            provider->core_get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            provider->core_new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            provider->core_set_error_debug =
                OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            provider->core_vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        default:
            break;
        }
    }
}

/*
 * Trust that cannot start is no trust, and no reason to stop: the process
 * goes on as if the line were not there.  The log and buildinfo tell.
 */
static void start_trust(struct rds_provider *provider,
                        const struct rds_configuration *configuration)
{
    struct rds_error err;

    if (rds_trust_start(&provider->binding, configuration, &err)) {
        rds_log(RDS_LOG_INFO, "rds-trust: %s", configuration->trust);
        (void)snprintf(provider->buildinfo, sizeof(provider->buildinfo),
                       "%s; rds-trust: %s", rds_builtin_summary,
                       configuration->trust);
        return;
    }
    rds_log(RDS_LOG_ERROR, "rds-trust: nothing is trusted: %s", err.text);
    (void)snprintf(provider->buildinfo, sizeof(provider->buildinfo),
                   "%s; rds-trust: off: %s", rds_builtin_summary, err.text);
}

/* Reads the section's values and makes the trust store. */
static bool configure(struct rds_provider *provider, struct rds_error *err)
{
    const char *bundles = NULL, *distrust = NULL, *trust = NULL;
    OSSL_PARAM params[] = {
        {"rds-bundles", OSSL_PARAM_UTF8_PTR, &bundles, 0, 0},
        {"rds-distrust", OSSL_PARAM_UTF8_PTR, &distrust, 0, 0},
        {"rds-trust", OSSL_PARAM_UTF8_PTR, &trust, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };
    struct rds_truststore_options options = {.report = rds_log_report,
                                             .note = rds_log_report};
    struct rds_configuration *configuration;
    bool good = false;

    configuration = malloc(sizeof(*configuration));
    if (configuration == NULL)
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    if (!provider->core_get_params(provider->handle, params)) {
        (void)rds_fail(err, RDS_R_BAD_CONFIGURATION,
                       "OpenSSL does not tell the values of the section");
    } else if (rds_configuration_read(bundles, distrust, trust, configuration,
                                      err)) {
        options.directory = configuration->bundles;
        options.distrust =
            (const unsigned char(*)[RDS_SHA256_SIZE])configuration->distrust;
        options.distrust_count = configuration->distrust_count;
        provider->store =
            rds_truststore_new(&provider->binding.all, &options, err);
        good = provider->store != NULL &&
               rds_trust_distrust(&provider->binding, configuration, err);
        if (good && configuration->trust != NULL)
            start_trust(provider, configuration);
    }
    free(configuration);
    return good;
}

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    struct rds_provider *provider = calloc(1, sizeof(*provider));
    struct rds_error err;

    rds_log_start();
    if (provider == NULL)
        return 0;
    provider->handle = handle;
    take_core(provider, in);
    if (provider->core_get_params == NULL)
        goto failed;
    if (!rds_binding_start(&provider->binding,
                           (void (*)(void))provider->core_get_params, &err)) {
        rds_raise(provider, &err);
        goto failed;
    }
    (void)snprintf(provider->buildinfo, sizeof(provider->buildinfo), "%s",
                   rds_builtin_summary);
    if (!configure(provider, &provider->fault))
        rds_log(RDS_LOG_ERROR, "%s", provider->fault.text);
    *out = provider_functions;
    *provctx = provider;
    return 1;
failed:
    free(provider);
    return 0;
}
