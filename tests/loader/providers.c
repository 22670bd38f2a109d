/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what the provider says of itself, under which names its loader is
 * found, and that a bad configuration loads and then refuses every URI with
 * the reason.
 */

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

static int status_of(OSSL_LIB_CTX *lib)
{
    int status = -1;
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, &status, sizeof(status),
         0},
        {NULL, 0, NULL, 0, 0},
    };

    return OSSL_PROVIDER_get_params(context_provider(lib, "rds"), params) == 1
               ? status
               : -1;
}

static void test_description(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    const OSSL_PROVIDER *provider = context_provider(lib, "rds");
    const char *name = NULL, *version = NULL, *buildinfo = NULL;
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, &name, 0, 0},
        {OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, &version, 0, 0},
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, &buildinfo, 0, 0},
        {"no-such-parameter", OSSL_PARAM_UTF8_PTR, NULL, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };

    CU_ASSERT_FATAL(provider != NULL);
    CU_ASSERT(OSSL_PROVIDER_get_params(provider, params) == 1);
    CU_ASSERT(name != NULL && strstr(name, "rds") != NULL);
    CHECK(version != NULL && strcmp(version, RDS_VERSION) == 0,
          "version " RDS_VERSION);
    CHECK(buildinfo != NULL && strstr(buildinfo, " anchors of 20") != NULL,
          "buildinfo has the date of the anchors");
    CU_ASSERT(status_of(lib) == 1);
    OSSL_LIB_CTX_free(lib);
}

/* `openssl list -providers -verbose` asks for these. */
static void test_gettable(void)
{
    static const char *const names[] = {
        OSSL_PROV_PARAM_NAME, OSSL_PROV_PARAM_VERSION,
        OSSL_PROV_PARAM_BUILDINFO, OSSL_PROV_PARAM_STATUS};
    OSSL_LIB_CTX *lib = context_plain();
    const OSSL_PARAM *gettable =
        OSSL_PROVIDER_gettable_params(context_provider(lib, "rds"));

    CU_ASSERT_FATAL(gettable != NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        CHECK(OSSL_PARAM_locate_const(gettable, names[i]) != NULL, "%s",
              names[i]);
    OSSL_LIB_CTX_free(lib);
}

/* Without a configuration file: a search path and the name. */
static void test_search_path(void)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    char folder[PATH_SIZE * 4], *slash;
    OSSL_PROVIDER *provider;

    CU_ASSERT_FATAL(strlen(module_path()) < sizeof(folder));
    (void)strcpy(folder, module_path());
    slash = strrchr(folder, '/');
    CU_ASSERT_FATAL(slash != NULL && strcmp(slash, "/rds.so") == 0);
    *slash = '\0';
    CU_ASSERT(OSSL_PROVIDER_set_default_search_path(lib, folder) == 1);
    provider = OSSL_PROVIDER_load(lib, "rds");
    CU_ASSERT_FATAL(provider != NULL);
    /* /var/lib/rds-ca may hold anything: no exact count here. */
    CU_ASSERT(count_of(lib, "rds://region/us-west-2") > 0);
    CU_ASSERT(OSSL_PROVIDER_unload(provider) == 1);
    CU_ASSERT(count_of(lib, "rds://region/us-west-2") == -1);
    OSSL_LIB_CTX_free(lib);
}

/* ---- the loader's names and properties --------------------------------- */

static void collect(OSSL_STORE_LOADER *loader, void *arg)
{
    const char **properties = arg;

    if (OSSL_STORE_LOADER_is_a(loader, "rds"))
        *properties = OSSL_STORE_LOADER_get0_properties(loader);
}

static void test_loader(void)
{
    static const struct {
        const char *query;
        bool found;
    } rows[] = {
        {NULL, true},
        {"provider=rds", true},
        {"fips=yes", true},
        {"provider=rds,fips=yes", true},
        {"fips=no", false},
        {"provider=default", false},
        {"?provider=default", true},
    };
    OSSL_LIB_CTX *lib = context_plain();
    const char *properties = NULL;

    CU_ASSERT(OSSL_PROVIDER_available(lib, "rds") == 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OSSL_STORE_LOADER *loader =
            OSSL_STORE_LOADER_fetch(lib, "rds", rows[i].query);

        CHECK((loader != NULL) == rows[i].found, "query '%s'",
              rows[i].query != NULL ? rows[i].query : "");
        OSSL_STORE_LOADER_free(loader);
    }
    OSSL_STORE_LOADER_do_all_provided(lib, collect, &properties);
    CHECK(properties != NULL &&
              strcmp(properties, "provider=rds,fips=yes") == 0,
          "the properties are '%s'", properties != NULL ? properties : "none");
    OSSL_LIB_CTX_free(lib);
}

/* ---- configurations ---------------------------------------------------- */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define COLONS "01:23:45:67:89:AB:CD:EF"

static void test_bad_configuration(void)
{
    static const struct {
        const char *bundles, *distrust, *part;
    } rows[] = {
        {"relative/folder", NULL, "rds-bundles = 'relative/folder'"},
        {"./here", NULL, "write an absolute directory"},
        {NULL, "zz", "rds-distrust: 'zz' is not a SHA-256"},
        {NULL, HEX "0", HEX},
        {NULL, HEX ", 00", "rds-distrust: '00' is not a SHA-256"},
        {NULL, HEX ";" HEX, "is not a SHA-256"},
        {NULL, ",", "rds-distrust is empty"},
        {NULL, "two\\nlines", "two\\x0alines"},
    };
    static const char *const uris[] = {
        "rds://all",
        "rds:region/us-west-2",
        "rds://list",
        "rds://region/us-wets-2",
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct setup setup = {.bundles = rows[i].bundles,
                                    .distrust = rows[i].distrust};
        OSSL_LIB_CTX *lib = context_new(&setup);

        if (lib == NULL)
            continue;
        CHECK(status_of(lib) == 0, "row %zu: status %d", i, status_of(lib));
        for (size_t j = 0; j < COUNT_OF(uris); j++)
            CHECK_REFUSED(lib, uris[j], RDS_R_BAD_CONFIGURATION, rows[i].part);
        OSSL_LIB_CTX_free(lib);
    }
}

static void test_good_configuration(void)
{
    static const char *const values[] = {
        HEX,
        HEX ", " HEX,
        COLONS ":" COLONS ":" COLONS ":" COLONS,
    };

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct setup setup = {.distrust = values[i]};
        OSSL_LIB_CTX *lib = context_new(&setup);

        CHECK(lib != NULL && status_of(lib) == 1, "row %zu", i);
        CHECK(count_of(lib, "rds://region/us-west-2") == 3, "row %zu", i);
        OSSL_LIB_CTX_free(lib);
    }
}

/*
 * A section for any provider turns OpenSSL's implicit default provider off,
 * so a snippet needs a section for it, too.  The URIs work all the same.
 */
static void test_without_default(void)
{
    const struct setup setup = {.no_default = true};
    OSSL_LIB_CTX *lib = context_new(&setup);
    EVP_MD *digest;

    CU_ASSERT_FATAL(lib != NULL);
    digest = EVP_MD_fetch(lib, "SHA256", NULL);
    CHECK(digest == NULL, "there is no default provider");
    EVP_MD_free(digest);
    ERR_clear_error();
    CU_ASSERT(count_of(lib, "rds://region/us-west-2") == 3);
    CU_ASSERT(count_of(lib, "rds://all") == carried_all());
    CHECK_REFUSED(lib, "rds://region/x", RDS_R_UNKNOWN_WORD, "'x'");
    OSSL_LIB_CTX_free(lib);
}

/* Programs that insist on FIPS algorithms still find the certificates. */
static void test_fips_properties(void)
{
    static const char *const properties[] = {"fips=yes", "fips = yes",
                                             "?provider=rds,fips=yes"};

    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        const struct setup setup = {.properties = properties[i]};
        OSSL_LIB_CTX *lib = context_new(&setup);

        if (lib == NULL)
            continue;
        CHECK(EVP_default_properties_is_fips_enabled(lib) == 1, "%s is set",
              properties[i]);
        CHECK(count_of(lib, "rds://region/us-west-2") == 3, "%s",
              properties[i]);
        CHECK(count_of(lib, "rds:region/us-west-2") == 3, "%s, short form",
              properties[i]);
        OSSL_LIB_CTX_free(lib);
    }
}

/* Properties that the caller gives when it opens the URI. */
static void test_open_properties(void)
{
    static const struct {
        const char *properties;
        int opened;
    } rows[] = {
        {"provider=rds", 1},
        {"fips=yes", 1},
        {"provider=default", 0},
    };
    OSSL_LIB_CTX *lib = context_plain();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct question question = {.uri = "rds://region/us-west-2",
                                          .properties = rows[i].properties};
        struct answer answer;

        ask(lib, &question, &answer);
        CHECK(answer.opened == rows[i].opened, "%s", rows[i].properties);
        CHECK(sk_X509_num(answer.certificates) == 3 * rows[i].opened, "%s",
              rows[i].properties);
        answer_clear(&answer);
    }
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"what it says of itself", test_description},
    {"what can be asked", test_gettable},
    {"a search path", test_search_path},
    {"the loader's properties", test_loader},
    {"bad configurations", test_bad_configuration},
    {"good configurations", test_good_configuration},
    {"no default provider", test_without_default},
    {"fips=yes by default", test_fips_properties},
    {"properties of an open", test_open_properties},
};

SUITE(providers);
