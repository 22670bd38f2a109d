/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared object for node's process.dlopen().  It is linked against no
 * libcrypto, so its calls go to the OpenSSL that node exports.  When it is
 * loaded it prints:
 *
 *     loaded / not loaded          whether the provider `rds` is active
 *     COUNT                        certificates of rds://region/us-west-2
 *     FILE                         the object that the functions came from
 *
 * It is no addon: node complains after that.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include <openssl/provider.h>
#include <openssl/store.h>

static int count(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info;
    int found = 0;

    if (store == NULL)
        return -1;
    while (!OSSL_STORE_eof(store)) {
        info = OSSL_STORE_load(store);
        found += info != NULL &&
                 OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT;
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return found;
}

__attribute__((constructor)) static void report(void)
{
    Dl_info from;
    void *function = dlsym(RTLD_DEFAULT, "OSSL_STORE_open");

    puts(OSSL_PROVIDER_available(NULL, "rds") ? "loaded" : "not loaded");
    printf("%d\n", count("rds://region/us-west-2"));
    puts(dladdr(function, &from) != 0 ? from.dli_fname : "?");
    fflush(stdout);
}
