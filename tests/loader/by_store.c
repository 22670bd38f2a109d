/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the URI works where a program names a CA store: an X509_STORE
 * finds anchors by subject, verifies chains of the right region and no other,
 * asks again for what it did not find and not for what it found.
 *
 * The chains are made by the test; their roots reach the provider through
 * rds-bundles.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

/* Verifies the leaf; the peer sends the subordinate, perhaps the root. */
static int verify(OSSL_LIB_CTX *lib, X509_STORE *store, struct chain *chain,
                  bool send_root)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(lib, NULL);
    STACK_OF(X509) *sent = sk_X509_new_null();
    int error = -1;

    (void)sk_X509_push(sent, chain->subordinate.certificate);
    if (send_root)
        (void)sk_X509_push(sent, chain->root.certificate);
    if (X509_STORE_CTX_init(context, store, chain->leaf.certificate, sent) ==
        1) {
        int good = X509_verify_cert(context);

        error = X509_STORE_CTX_get_error(context);
        CHECK((good == 1) == (error == X509_V_OK), "result and error agree");
    }
    X509_STORE_CTX_free(context);
    sk_X509_free(sent);
    return error;
}

static X509_STORE *store_of(OSSL_LIB_CTX *lib, const char *uri)
{
    X509_STORE *store = X509_STORE_new();

    if (!CHECK(X509_STORE_load_store_ex(store, uri, lib, NULL) == 1,
               "%s is a CA store", uri)) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* A folder with the root of a chain in the bundle of its region. */
static void publish(const char *folder, const char *region,
                    const struct chain *chain)
{
    char name[NAME_SIZE];
    const X509 *const roots[] = {chain->root.certificate};

    (void)snprintf(name, sizeof(name), "%s-bundle.pem", region);
    CU_ASSERT(write_bundle(folder, name, FRESH, roots, 1));
}

static int objects_in(X509_STORE *store)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

/* ---- lookups ----------------------------------------------------------- */

/* Looks a subject up as a verification would; true where it was found. */
static bool look_up(OSSL_LIB_CTX *lib, X509_STORE *store, X509 *wanted)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(lib, NULL);
    X509_OBJECT *object = NULL;
    bool found = false;

    if (X509_STORE_CTX_init(context, store, NULL, NULL) == 1)
        object = X509_STORE_CTX_get_obj_by_subject(
            context, X509_LU_X509, X509_get_subject_name(wanted));
    if (object != NULL)
        found = X509_cmp(X509_OBJECT_get0_X509(object), wanted) == 0;
    X509_OBJECT_free(object);
    X509_STORE_CTX_free(context);
    return found;
}

static void test_by_subject(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    STACK_OF(X509) *here = certificates_of(lib, "rds://region/us-west-2");
    STACK_OF(X509) *there = certificates_of(lib, "rds://region/eu-west-1");
    X509_STORE *store = store_of(lib, "rds://region/us-west-2");

    CU_ASSERT(sk_X509_num(here) == 3 && sk_X509_num(there) == 3);
    for (int i = 0; i < sk_X509_num(here); i++) {
        CHECK(look_up(lib, store, sk_X509_value(here, i)), "number %d", i);
        CHECK(!look_up(lib, store, sk_X509_value(there, i)),
              "number %d of another region", i);
    }
    X509_STORE_free(store);
    certificates_free(here);
    certificates_free(there);
    OSSL_LIB_CTX_free(lib);
}

/* OpenSSL 4.0 asks the first store only: one URI must be able to say all. */
static void test_union(void)
{
    static const char *const parts[] = {
        "rds://region/us-west-2", "rds://region/eu-west-1", "rds://proxy"};
    OSSL_LIB_CTX *lib = context_plain();
    X509_STORE *store =
        store_of(lib, "rds://region/us-west-2,eu-west-1+proxy");

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        STACK_OF(X509) *part = certificates_of(lib, parts[i]);

        CHECK(sk_X509_num(part) >= 3, "%s", parts[i]);
        for (int j = 0; j < sk_X509_num(part); j++)
            CHECK(look_up(lib, store, sk_X509_value(part, j)),
                  "number %d of %s", j, parts[i]);
        certificates_free(part);
    }
    X509_STORE_free(store);
    OSSL_LIB_CTX_free(lib);
}

/* What cannot be opened is refused when it is registered. */
static void test_bad_registration(void)
{
    static const char *const uris[] = {"rds://region/us-wets-2",
                                       "rds://region/us-gov-west-1", "rds:x"};
    OSSL_LIB_CTX *lib = context_plain();
    X509_STORE *store = X509_STORE_new();

    for (size_t i = 0; i < COUNT_OF(uris); i++)
        CHECK(X509_STORE_load_store_ex(store, uris[i], lib, NULL) != 1,
              "%s is refused", uris[i]);
    X509_STORE_free(store);
    OSSL_LIB_CTX_free(lib);
}

/* ---- chains ------------------------------------------------------------ */

static void test_chain(void)
{
    static const struct {
        const char *uri;
        int error;           /* where the peer sends no root */
        int error_with_root; /* where it does */
    } rows[] = {
        {"rds://region/us-west-2", X509_V_OK, X509_V_OK},
        {"rds:region/us-west-2", X509_V_OK, X509_V_OK},
        {"rds://all", X509_V_OK, X509_V_OK},
        {"rds://region/eu-west-1,us-west-2+proxy", X509_V_OK, X509_V_OK},
        {"rds://host/db.abc123def.us-west-2.rds.amazonaws.com", X509_V_OK,
         X509_V_OK},
        {"rds://region/eu-west-1",
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
         X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
        {"rds://proxy", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
         X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
        {"rds://list", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
         X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
    };
    char folder[PATH_SIZE];
    const struct setup setup = {.bundles = temp_folder(folder, "chain")};
    OSSL_LIB_CTX *lib;
    struct chain chain;

    CU_ASSERT_FATAL(chain_new(&chain, "us-west-2"));
    publish(folder, "us-west-2", &chain);
    lib = context_new(&setup);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        X509_STORE *store = store_of(lib, rows[i].uri);
        int without = verify(lib, store, &chain, false);
        int with = verify(lib, store, &chain, true);

        CHECK(without == rows[i].error, "%s: error %d", rows[i].uri, without);
        CHECK(with == rows[i].error_with_root, "%s, root sent: error %d",
              rows[i].uri, with);
        X509_STORE_free(store);
    }
    chain_free(&chain);
    OSSL_LIB_CTX_free(lib);
}

/* The genuine roots do not vouch for a root that only bears their name. */
static void test_impostor(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    X509_STORE *store = store_of(lib, "rds://region/us-west-2");
    struct chain chain;
    int error;

    CU_ASSERT_FATAL(chain_new(&chain, "us-west-2"));
    error = verify(lib, store, &chain, false);
    CHECK(error != X509_V_OK, "no root sent: error %d", error);
    error = verify(lib, store, &chain, true);
    CHECK(error != X509_V_OK, "root sent: error %d", error);
    X509_STORE_free(store);
    chain_free(&chain);
    OSSL_LIB_CTX_free(lib);
}

/* GovCloud's shape: the server sends its leaf only, the bundle has both. */
static void test_subordinate_in_bundle(void)
{
    char folder[PATH_SIZE];
    const struct setup setup = {.bundles = temp_folder(folder, "gov")};
    X509_STORE_CTX *context = NULL;
    STACK_OF(X509) * found;
    X509_STORE *store;
    OSSL_LIB_CTX *lib;
    struct chain chain;
    char cn[NAME_SIZE];

    CU_ASSERT_FATAL(chain_new(&chain, "us-gov-west-1"));
    CU_ASSERT(write_bundle(folder, "us-gov-west-1-bundle.pem", FRESH,
                           (const X509 *const[]){
                               chain.subordinate.certificate,
                               chain.root.certificate,
                           },
                           2));
    lib = context_new(&setup);
    found = certificates_of(lib, "rds://region/us-gov-west-1");
    CU_ASSERT(sk_X509_num(found) == 2);
    if (sk_X509_num(found) == 2)
        CHECK(strcmp(cn_of(sk_X509_value(found, 0), cn),
                     "Amazon RDS us-gov-west-1 Root CA ECC384 G1") == 0,
              "the root stands first, not '%s'", cn);
    certificates_free(found);
    store = store_of(lib, "rds://region/us-gov-west-1");
    context = X509_STORE_CTX_new_ex(lib, NULL);
    CU_ASSERT(X509_STORE_CTX_init(context, store, chain.leaf.certificate,
                                  NULL) == 1);
    CHECK(X509_verify_cert(context) == 1, "verified: error %d",
          X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    chain_free(&chain);
    OSSL_LIB_CTX_free(lib);
}

/* ---- how often the URI is opened --------------------------------------- */

/* Looks up and tells how often that opened the URI. */
static unsigned opens_for(OSSL_LIB_CTX *lib, X509_STORE *store, X509 *wanted,
                          bool expected)
{
    unsigned before = shim.opened;

    CHECK(look_up(lib, store, wanted) == expected, "found: %d", !expected);
    return shim.opened - before;
}

static void test_cache(void)
{
    char folder[PATH_SIZE];
    OSSL_LIB_CTX *lib;
    X509_STORE *store;
    struct chain chain;
    X509 *root;

    (void)temp_folder(folder, "cache");
    CU_ASSERT_FATAL(chain_new(&chain, "ap-foo-9"));
    root = chain.root.certificate;
    lib = shim_context(SHIM_PLAIN, folder);
    store = store_of(lib, "rds://all");
    CHECK(shim.opened == 1 && shim.closed == 1,
          "registration opens and closes");
    CHECK(objects_in(store) == 0, "registration loads nothing");

    CHECK(opens_for(lib, store, root, false) == 1, "a miss opens the URI");
    CHECK(opens_for(lib, store, root, false) == 1, "and so does the next");
    CHECK(objects_in(store) == 0, "misses load nothing");
    publish(folder, "ap-foo-9", &chain);
    CHECK(opens_for(lib, store, root, true) == 1, "the first hit opens it");
    CHECK(opens_for(lib, store, root, true) == 0, "the next does not");
    remove_file(folder, "ap-foo-9-bundle.pem");
    CHECK(opens_for(lib, store, root, true) == 0,
          "what was found stays in the X509_STORE");
    CHECK(objects_in(store) == 1, "one certificate is in it, not %d",
          objects_in(store));
    CU_ASSERT(verify(lib, store, &chain, false) == X509_V_OK);
    CHECK(shim.opened == shim.closed, "opened %u times, closed %u times",
          shim.opened, shim.closed);
    X509_STORE_free(store);
    chain_free(&chain);
    OSSL_LIB_CTX_free(lib);
}

/* ---- libssl ------------------------------------------------------------ */

/* The libssl beside the libcrypto in use; the tests link to the latter. */
static void *open_libssl(void)
{
    static const char crypto[] = "libcrypto", tls[] = "libssl";
    void (*function)(void) = (void (*)(void))OPENSSL_cleanup;
    char path[PATH_SIZE];
    void *address, *handle;
    const char *name;
    Dl_info info;

    memcpy(&address, &function, sizeof(address));
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL ||
        (name = strstr(info.dli_fname, crypto)) == NULL)
        return dlopen("libssl.so.3", RTLD_NOW);
    (void)snprintf(path, sizeof(path), "%.*s%s%s",
                   (int)(name - info.dli_fname), info.dli_fname, tls,
                   name + strlen(crypto));
    handle = dlopen(path, RTLD_NOW);
    return handle != NULL ? handle : dlopen("libssl.so.3", RTLD_NOW);
}

#define TLS_FUNCTIONS(F)                                                      \
    F(TLS_client_method)                                                      \
    F(SSL_CTX_new_ex)                                                         \
    F(SSL_CTX_load_verify_store)                                              \
    F(SSL_CTX_get_cert_store)                                                 \
    F(SSL_CTX_free)

static struct {
#define MEMBER(name) __typeof__(&name) name;
    TLS_FUNCTIONS(MEMBER)
#undef MEMBER
} tls;

static bool bind_libssl(void)
{
    void *handle = open_libssl(), *symbol;

    if (handle == NULL)
        return false;
#define BIND(name)                                                            \
    if ((symbol = dlsym(handle, #name)) == NULL)                              \
        return false;                                                         \
    memcpy(&tls.name, &symbol, sizeof(symbol));
    TLS_FUNCTIONS(BIND)
#undef BIND
    return true;
}

/* SSL_CTX_load_verify_store(): what a TLS client calls. */
static void test_tls(void)
{
    static const struct {
        const char *uri;
        int error;
    } rows[] = {
        {"rds://region/us-west-2", X509_V_OK},
        {"rds://region/eu-west-1",
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };
    char folder[PATH_SIZE];
    const struct setup setup = {.bundles = temp_folder(folder, "tls")};
    OSSL_LIB_CTX *lib;
    struct chain chain;

    CU_ASSERT_FATAL(bind_libssl());
    CU_ASSERT_FATAL(chain_new(&chain, "us-west-2"));
    publish(folder, "us-west-2", &chain);
    lib = context_new(&setup);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SSL_CTX *client =
            tls.SSL_CTX_new_ex(lib, NULL, tls.TLS_client_method());
        int error;

        CHECK(tls.SSL_CTX_load_verify_store(client, rows[i].uri) == 1,
              "%s is taken", rows[i].uri);
        error = verify(lib, tls.SSL_CTX_get_cert_store(client), &chain, false);
        CHECK(error == rows[i].error, "%s: error %d", rows[i].uri, error);
        CHECK(tls.SSL_CTX_load_verify_store(client, "rds://region/x") != 1,
              "a bad URI is not");
        tls.SSL_CTX_free(client);
    }
    chain_free(&chain);
    OSSL_LIB_CTX_free(lib);
}

/* ---- what not to do ---------------------------------------------------- */

/*
 * A folder lookup (SSL_CERT_DIR) splits `rds:region/us-west-2` at the colon
 * and trusts ./rds/<hash>.0.  This is how OpenSSL is; the test keeps the
 * reason at hand why nobody should put the URI there.
 */
static void test_folder_hijack(void)
{
    char folder[PATH_SIZE], inner[PATH_SIZE], name[NAME_SIZE];
    X509_STORE *store = X509_STORE_new();
    int back = open(".", O_RDONLY | O_DIRECTORY);
    struct chain evil;
    X509_LOOKUP *lookup;
    OSSL_LIB_CTX *lib = context_plain();

    (void)temp_folder(folder, "split");
    (void)temp_folder(inner, "split/rds");
    CU_ASSERT_FATAL(chain_new(&evil, "us-west-2"));
    (void)snprintf(
        name, sizeof(name), "%08lx.0",
        X509_NAME_hash_ex(X509_get_subject_name(evil.root.certificate), NULL,
                          NULL, NULL));
    CU_ASSERT(write_bundle(inner, name, FRESH,
                           (const X509 *const[]){evil.root.certificate}, 1));
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    CU_ASSERT(X509_LOOKUP_add_dir(lookup, "rds:region/us-west-2",
                                  X509_FILETYPE_PEM) == 1);
    if (back >= 0 && chdir(folder) == 0) {
        CHECK(verify(lib, store, &evil, false) == X509_V_OK,
              "a folder lookup trusts ./rds");
        CU_ASSERT(fchdir(back) == 0);
    }
    if (back >= 0)
        (void)close(back);
    X509_STORE_free(store);
    chain_free(&evil);
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"anchors by subject", test_by_subject},
    {"a union in one URI", test_union},
    {"a bad URI is not registered", test_bad_registration},
    {"chains", test_chain},
    {"an impostor", test_impostor},
    {"a subordinate in the bundle", test_subordinate_in_bundle},
    {"hits and misses", test_cache},
    {"SSL_CTX_load_verify_store", test_tls},
    {"a folder lookup", test_folder_hijack},
};

SUITE(by_store);
