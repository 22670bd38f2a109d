/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_MODULE_H
#define RDS_MODULE_H

/*
 * What one loaded instance of the provider holds, and how it raises errors.
 *
 * An instance belongs to one OSSL_LIB_CTX.  It is made by OSSL_provider_init
 * and does not change after, so its functions may run in any thread.
 */

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include "rds/truststore.h"

struct rds_provider {
    const OSSL_CORE_HANDLE *handle;
    OSSL_FUNC_core_get_params_fn *core_get_params;
    OSSL_FUNC_core_new_error_fn *core_new_error;
    OSSL_FUNC_core_set_error_debug_fn *core_set_error_debug;
    OSSL_FUNC_core_vset_error_fn *core_vset_error;
    struct rds_binding binding; /* complete once a URI was opened */
    struct rds_truststore *store;
    char buildinfo[RDS_ERROR_TEXT + 64];
    struct rds_error fault; /* reason != RDS_R_NONE: every open fails so */
};

/* Raises the error through the core, as of the calling function. */
#define rds_raise(provider, err)                                              \
    rds_raise_at(provider, err, __FILE__, __LINE__, __func__)

void rds_raise_at(const struct rds_provider *provider,
                  const struct rds_error *err, const char *file, int line,
                  const char *function);

/* The dispatch table of the STORE loader; its operation context is a
 * struct rds_provider. */
extern const OSSL_DISPATCH rds_store_functions[];

#endif
