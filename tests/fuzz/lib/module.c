/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module within the target: linked into it, and loaded by OpenSSL like
 * any other provider.
 */

#include "../fuzz.h"

#include <openssl/conf.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>

OSSL_provider_init_fn OSSL_provider_init;

void load_module(const char *trust)
{
    struct memory_file file;
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "openssl_conf = init\n[init]\nproviders = all\n"
                   "[all]\ndefault = default_section\nrds = rds_section\n"
                   "[default_section]\nactivate = 1\n"
                   "[rds_section]\nactivate = 1\n"
                   "rds-bundles = /nonexistent\n%s%s\n",
                   trust != NULL ? "rds-trust = " : "",
                   trust != NULL ? trust : "");
    memory_file_make(&file);
    memory_file_fill(&file, text, strlen(text));
    NEED(OSSL_PROVIDER_add_builtin(NULL, "rds", OSSL_provider_init) == 1);
    NEED(CONF_modules_load_file(file.path, NULL, 0) == 1);
    NEED(OSSL_PROVIDER_available(NULL, "rds") == 1);
}
