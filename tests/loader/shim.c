/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim: a provider inside the test program that loads the module itself
 * and stands between it and OpenSSL.
 */

#include <dlfcn.h>
#include <openssl/core_names.h>
#include <string.h>

#include "tests.h"

#define DISPATCH_MAX 128

struct shim shim;

static OSSL_FUNC_provider_query_operation_fn query_operation;
static OSSL_FUNC_store_open_fn counted_open;
static OSSL_FUNC_store_close_fn counted_close;
static OSSL_FUNC_core_get_params_fn foreign_get_params;

/* Finds a function in a dispatch table; NULL where there is none. */
static void (*find(const OSSL_DISPATCH *table, int id))(void)
{
    for (; table != NULL && table->function_id != 0; table++) {
        if (table->function_id == id)
            return table->function;
    }
    return NULL;
}

static int foreign_get_params(const OSSL_CORE_HANDLE *handle,
                              OSSL_PARAM params[])
{
    (void)handle;
    (void)params;
    return 1;
}

/* The core functions that the module gets to see. */
static const OSSL_DISPATCH *filter_core(const OSSL_DISPATCH *in)
{
    static OSSL_DISPATCH out[DISPATCH_MAX];
    size_t used = 0;

    for (; in->function_id != 0 && used < DISPATCH_MAX - 1; in++) {
        int id = in->function_id;
        bool params = id == OSSL_FUNC_CORE_GET_PARAMS;
        bool errors = id == OSSL_FUNC_CORE_NEW_ERROR ||
                      id == OSSL_FUNC_CORE_SET_ERROR_DEBUG ||
                      id == OSSL_FUNC_CORE_VSET_ERROR;

        if ((shim.core == SHIM_NO_ERRORS && errors) ||
            (shim.core == SHIM_NO_PARAMS && params))
            continue;
        out[used] = *in;
        if (shim.core == SHIM_FOREIGN && params)
            out[used].function = (void (*)(void))foreign_get_params;
        used++;
    }
    memset(&out[used], 0, sizeof(out[used]));
    return out;
}

static void *counted_open(void *provctx, const char *uri)
{
    atomic_fetch_add(&shim.opened, 1);
    return shim.open(provctx, uri);
}

static int counted_close(void *loaderctx)
{
    atomic_fetch_add(&shim.closed, 1);
    return shim.close(loaderctx);
}

/* The module's loader, with counters in front of two functions. */
static const OSSL_ALGORITHM *query_operation(void *provctx, int operation,
                                             int *no_cache)
{
    static OSSL_DISPATCH counted[DISPATCH_MAX];
    static OSSL_ALGORITHM loaders[2];
    OSSL_FUNC_provider_query_operation_fn *query =
        (OSSL_FUNC_provider_query_operation_fn *)find(
            shim.functions, OSSL_FUNC_PROVIDER_QUERY_OPERATION);
    const OSSL_ALGORITHM *theirs = query(provctx, operation, no_cache);
    const OSSL_DISPATCH *in;
    size_t i = 0;

    if (theirs == NULL)
        return NULL;
    loaders[0] = theirs[0];
    for (in = theirs[0].implementation;
         in->function_id != 0 && i < DISPATCH_MAX - 1; in++, i++) {
        counted[i] = *in;
        if (in->function_id == OSSL_FUNC_STORE_OPEN)
            counted[i].function = (void (*)(void))counted_open;
        if (in->function_id == OSSL_FUNC_STORE_CLOSE)
            counted[i].function = (void (*)(void))counted_close;
    }
    loaders[0].implementation = counted;
    return loaders;
}

static const OSSL_DISPATCH *wrap(const OSSL_DISPATCH *in)
{
    static OSSL_DISPATCH out[DISPATCH_MAX];
    size_t i = 0;

    for (; in->function_id != 0 && i < DISPATCH_MAX - 1; in++, i++) {
        out[i] = *in;
        if (in->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION)
            out[i].function = (void (*)(void))query_operation;
    }
    memset(&out[i], 0, sizeof(out[i]));
    return out;
}

static void take_store(void)
{
    OSSL_FUNC_provider_query_operation_fn *query =
        (OSSL_FUNC_provider_query_operation_fn *)find(
            shim.functions, OSSL_FUNC_PROVIDER_QUERY_OPERATION);
    int no_cache = 0;
    const OSSL_ALGORITHM *loaders =
        query(shim.provctx, OSSL_OP_STORE, &no_cache);
    const OSSL_DISPATCH *table = loaders[0].implementation;

    shim.store_functions = table;
    shim.open = (OSSL_FUNC_store_open_fn *)find(table, OSSL_FUNC_STORE_OPEN);
    shim.settable = (OSSL_FUNC_store_settable_ctx_params_fn *)find(
        table, OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS);
    shim.set = (OSSL_FUNC_store_set_ctx_params_fn *)find(
        table, OSSL_FUNC_STORE_SET_CTX_PARAMS);
    shim.load = (OSSL_FUNC_store_load_fn *)find(table, OSSL_FUNC_STORE_LOAD);
    shim.eof = (OSSL_FUNC_store_eof_fn *)find(table, OSSL_FUNC_STORE_EOF);
    shim.close =
        (OSSL_FUNC_store_close_fn *)find(table, OSSL_FUNC_STORE_CLOSE);
}

int shim_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
              const OSSL_DISPATCH **out, void **provctx)
{
    OSSL_provider_init_fn *init = NULL;
    void *symbol;

    /* Stays open: the module is linked so that it is never unloaded. */
    if (shim.module == NULL)
        shim.module = dlopen(module_path(), RTLD_NOW | RTLD_LOCAL);
    symbol =
        shim.module != NULL ? dlsym(shim.module, "OSSL_provider_init") : NULL;
    if (symbol == NULL)
        return 0;
    memcpy(&init, &symbol, sizeof(init));
    if (init(handle, filter_core(in), &shim.functions, &shim.provctx) != 1)
        return 0;
    take_store();
    *out = wrap(shim.functions);
    *provctx = shim.provctx;
    return 1;
}

OSSL_LIB_CTX *shim_context(enum shim_core core, const char *bundles)
{
    const struct setup setup = {.bundles = bundles, .as = shim_init};

    shim.core = core;
    shim.provctx = NULL;
    shim.functions = shim.store_functions = NULL;
    atomic_store(&shim.opened, 0);
    atomic_store(&shim.closed, 0);
    return context_new(&setup);
}
