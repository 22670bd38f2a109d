/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong in the configuration or on disk: the process goes on as if
 * the line were not there, and the log says why.
 */

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define FILE_NAME "bundles/" REGION "-bundle.pem"

struct row {
    struct section section;
    const char *log;
};

static struct chain chain, stranger;

/* The rest of the process, with a configuration of which nothing comes. */
static void check_goes_on(const char *what)
{
    struct tls tls = {.client = SSL_CTX_new(TLS_client_method()),
                      .server_pair = &stranger.leaf,
                      .extra = stranger.subordinate.certificate,
                      .host = "www.example.com"};

    CHECK(stranger_verifies(&stranger), "%s: a stranger's chain", what);
    NEED(X509_STORE_add_cert(SSL_CTX_get_cert_store(tls.client),
                             stranger.root.certificate) == 1);
    CHECK(handshake(&tls), "%s: a stranger's connection", what);
    CHECK_ERROR(verify_chain(&chain), NO_ISSUER, "%s: our chain", what);
    CHECK(!handshake_with(&chain, &chain.leaf, HOST), "%s: our connection",
          what);
    SSL_CTX_free(tls.client);
}

static bool run_row(void *arg)
{
    const struct row *row = arg;

    log_clear();
    load_into_default("row.cnf", &row->section);
    check_goes_on(row->log);
    return CHECK(log_count(row->log) >= 1, "the log says: %s", row->log);
}

/* Bytes that a log or a terminal must not get as they are. */
#define HOSTILE "rds://region/\x1b[31m\x07"

static void test_configurations(void)
{
    static const struct row rows[] = {
        {{.trust = "rds://nonsense"}, "unknown selector 'nonsense'"},
        {{.trust = "region/us-west-2"}, "does not begin with 'rds:'"},
        {{.trust = "file:/etc/ssl/certs"}, "does not begin with 'rds:'"},
        {{.trust = "rds://region/"}, "empty region"},
        {{.trust = TRUST "+"}, "empty selector"},
        {{.trust = "rds://region/us_west_2"}, "bad region"},
        {{.trust = HOSTILE}, "bad region '\\x1b[31m\\x07'"},
        {{.trust = "rds://list"}, "names no certificates"},
        {{.trust = "rds://host/" EVIL}, "unknown host"},
        {{.trust = "rds://host/db.global-abc.global.rds.amazonaws.com"},
         "global writer"},
        {{.trust = "rds://region/us-wset-2"}, "unknown region 'us-wset-2'"},
        {{.trust = TRUST "+region/us-wset-2"}, "us-wset-2"},
        {{.trust = TRUST "/rds-ca-nonsense"}, "rds-ca-nonsense"},
        {{.trust = TRUST "?ca=rds-ca-nonsense"}, "rds-ca-nonsense"},
        {{.trust = TRUST "?role=nonsense"}, "bad value 'nonsense'"},
        {{.trust = TRUST "?role=intermediate"}, "only roots are offered"},
        {{.trust = TRUST, .bundles = "relative"}, "write an absolute"},
        {{.trust = TRUST, .distrust = "nonsense"}, "not a SHA-256"},
        {{.trust = TRUST, .distrust = ","}, "rds-distrust is empty"},
    };

    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(in_fork(run_row, (void *)&rows[i]), "%s", rows[i].log);
    chain_free(&chain);
    chain_free(&stranger);
}

/* The same row with good values trusts: the rows above do fail by themselves.
 */
static bool run_good(void *arg)
{
    load_into_default("good.cnf", arg);
    return verify_chain(&chain) == X509_V_OK;
}

static void test_good_configurations(void)
{
    static const struct section rows[] = {
        {.trust = TRUST},
        {.trust = "RDS:region/us-west-2"},
        {.trust = TRUST "+proxy"},
        {.trust = TRUST "/rds-ca-ecc384-g1"},
        {.trust = TRUST "?role=root"},
        {.trust = TRUST "+region/us-east-1"},
        {.trust = "rds:"},
        {.trust = "rds://host/" HOST ":5432"},
        {.trust = "rds://file/us-west-2-bundle.pem"},
        {.trust = "rds://ca/rds-ca-ecc384-g1"},
    };

    chain_make(&chain, REGION);
    write_root(chain.root.certificate);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(in_fork(run_good, (void *)&rows[i]), "%s", rows[i].trust);
    chain_free(&chain);
}

/* ---- bundles that cannot be used --------------------------------------- */

static void write_text(const char *text)
{
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(path, FILE_NAME), "w");

    NEED(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void bundle_empty(void)
{
    write_text("");
}

static void bundle_damaged(void)
{
    write_text("-----BEGIN CERTIFICATE-----\nMIIB\n");
}

static void bundle_writable(void)
{
    char path[PATH_SIZE];

    write_root(chain.root.certificate);
    NEED(chmod(path_of(path, FILE_NAME), 0664) == 0);
}

static void bundle_fifo(void)
{
    char path[PATH_SIZE];

    NEED(mkfifo(path_of(path, FILE_NAME), 0600) == 0);
}

static void bundle_folder(void)
{
    char path[PATH_SIZE];

    NEED(mkdir(path_of(path, FILE_NAME), 0755) == 0);
}

static void bundle_foreign(void)
{
    write_root(stranger.root.certificate);
}

static void bundle_key(void)
{
    char path[PATH_SIZE];
    FILE *file;

    write_root(chain.root.certificate);
    file = fopen(path_of(path, FILE_NAME), "a");
    NEED(file != NULL &&
         PEM_write_PrivateKey(file, chain.root.key, NULL, NULL, 0, NULL,
                              NULL) == 1 &&
         fclose(file) == 0);
}

static void folder_writable(void)
{
    char path[PATH_SIZE];

    write_root(chain.root.certificate);
    NEED(chmod(path_of(path, "bundles"), 0777) == 0);
}

static bool run_bundle(void *arg)
{
    load_into_default("bundle.cnf", &(struct section){.trust = TRUST});
    check_goes_on(arg);
    return CHECK(log_count(arg) >= 1, "the log says: %s", (const char *)arg);
}

static void test_bundles(void)
{
    static const struct {
        void (*make)(void);
        const char *log;
    } rows[] = {
        {bundle_empty, "empty"},
        {bundle_damaged, "damaged PEM"},
        {bundle_writable, "writable by group or others"},
        {bundle_fifo, "not a regular file"},
        {bundle_folder, "not a regular file"},
        {bundle_foreign, "not the name of an Amazon RDS CA"},
        {bundle_key, "holds a private key"},
        {folder_writable, "the directory is writable"},
    };
    char path[PATH_SIZE];

    chain_make(&chain, REGION);
    stranger_make(&stranger);
    (void)path_of(path, FILE_NAME);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rows[i].make();
        log_clear();
        CHECK(in_fork(run_bundle, (void *)rows[i].log), "%s", rows[i].log);
        NEED(remove(path) == 0);
    }
    chain_free(&chain);
    chain_free(&stranger);
}

/* ---- seen without the log ---------------------------------------------- */

static const char *buildinfo_of(OSSL_LIB_CTX *lib)
{
    const char *text = "";
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, &text, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(lib, "rds");

    NEED(provider != NULL && OSSL_PROVIDER_get_params(provider, params) == 1);
    NEED(OSSL_PROVIDER_unload(provider) == 1);
    return text;
}

static void test_buildinfo(void)
{
    OSSL_LIB_CTX *lib;

    lib = context_new("bad.cnf", &(struct section){.trust = "rds://nonsense"});
    CHECK(strstr(buildinfo_of(lib), "rds-trust: off: ") != NULL, "%s",
          buildinfo_of(lib));
    OSSL_LIB_CTX_free(lib);
    lib = context_new("good.cnf", &(struct section){.trust = TRUST});
    CHECK(strstr(buildinfo_of(lib), "rds-trust: " TRUST) != NULL, "%s",
          buildinfo_of(lib));
    OSSL_LIB_CTX_free(lib);
    lib = context_new("other.cnf", &(struct section){.trust = "rds://all"});
    CHECK(strstr(buildinfo_of(lib), "rds-trust: off: ") != NULL, "%s",
          buildinfo_of(lib));
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    TEST("configurations", NULL, test_configurations),
    TEST("good configurations", NULL, test_good_configurations),
    TEST("bundles", NULL, test_bundles),
    TEST("buildinfo", NULL, test_buildinfo),
};
SUITE(faults);
