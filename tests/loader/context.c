/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Library contexts with the module in them.
 */

#define _DEFAULT_SOURCE /* timegm */

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

static bool write_configuration(const char *path, const struct setup *setup)
{
    char absent[PATH_SIZE];
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    (void)fprintf(file, "openssl_conf = init\n[init]\n%sproviders = list\n",
                  setup->properties != NULL ? "alg_section = alg\n" : "");
    if (setup->properties != NULL)
        (void)fprintf(file, "[alg]\ndefault_properties = %s\n",
                      setup->properties);
    (void)fprintf(file, "[list]\n%s",
                  setup->no_default ? "" : "default = builtin\n");
    if (!setup->no_module)
        (void)fprintf(file, "%s = own\n", setup->as != NULL ? "shim" : "rds");
    (void)fprintf(file, "[builtin]\nactivate = 1\n[own]\nactivate = 1\n");
    if (setup->as == NULL)
        (void)fprintf(file, "module = %s\n", module_path());
    (void)fprintf(file, "rds-bundles = %s\n",
                  setup->bundles != NULL ? setup->bundles
                                         : temp_path(absent, "absent"));
    if (setup->distrust != NULL)
        (void)fprintf(file, "rds-distrust = %s\n", setup->distrust);
    return fclose(file) == 0;
}

OSSL_LIB_CTX *context_new(const struct setup *setup)
{
    const char *name = setup->no_module    ? "default"
                       : setup->as != NULL ? "shim"
                                           : "rds";
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    char path[PATH_SIZE];
    bool good = lib != NULL;

    (void)temp_path(path, "openssl.cnf");
    if (good && setup->as != NULL)
        good = OSSL_PROVIDER_add_builtin(lib, name, setup->as) == 1;
    good = good && write_configuration(path, setup) &&
           OSSL_LIB_CTX_load_config(lib, path) == 1 &&
           OSSL_PROVIDER_available(lib, name) == 1;
    (void)unlink(path);
    if (CHECK(good, "a library context with the provider '%s'", name))
        return lib;
    OSSL_LIB_CTX_free(lib);
    return NULL;
}

OSSL_LIB_CTX *context_plain(void)
{
    const struct setup setup = {0};

    return context_new(&setup);
}

struct looking {
    const char *name;
    OSSL_PROVIDER *found;
};

static int look(OSSL_PROVIDER *provider, void *arg)
{
    struct looking *looking = arg;

    if (strcmp(OSSL_PROVIDER_get0_name(provider), looking->name) == 0)
        looking->found = provider;
    return 1;
}

OSSL_PROVIDER *context_provider(OSSL_LIB_CTX *lib, const char *name)
{
    struct looking looking = {name, NULL};

    (void)OSSL_PROVIDER_do_all(lib, look, &looking);
    return looking.found;
}

/*
 * Counts the roots in force by their lines in pins.tsv: "Amazon RDS REGION
 * Root CA ALGORITHM G1", with a source.
 */
static int count_carried(bool with_china)
{
    FILE *file = fopen("provider/anchors/pins.tsv", "r");
    char line[512];
    int count = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strstr(line, "\tAmazon RDS ") != NULL &&
            strstr(line, " Root CA ") != NULL &&
            strstr(line, " Beta ") == NULL &&
            strstr(line, " Preview ") == NULL &&
            strstr(line, "Z\t-\n") == NULL &&
            (with_china || strstr(line, " cn-") == NULL))
            count++;
    }
    if (file != NULL)
        (void)fclose(file);
    CHECK(count > 0, "roots in pins.tsv");
    return count;
}

int carried_all(void)
{
    return count_carried(true);
}

int carried_global(void)
{
    return count_carried(false);
}

/* "175 anchors of 2026-09-01" */
time_t builtin_date(void)
{
    static time_t known;
    OSSL_LIB_CTX *lib;
    const char *text = NULL;
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, &text, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };
    struct tm tm = {0};

    if (known != 0)
        return known;
    lib = context_plain();
    if (lib != NULL &&
        OSSL_PROVIDER_get_params(context_provider(lib, "rds"), params) == 1 &&
        text != NULL && (text = strstr(text, " of ")) != NULL &&
        strptime(text, " of %Y-%m-%d", &tm) != NULL)
        known = timegm(&tm);
    OSSL_LIB_CTX_free(lib);
    CHECK(known != 0, "buildinfo ends with a date");
    return known;
}
