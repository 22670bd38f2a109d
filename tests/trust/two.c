/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several libcryptos in one process, each with the same module: each gets
 * trust, and anchors, of its own.  Programs with a libcrypto inside.
 */

#include <dlfcn.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define OTHER_LIBRARY "libother-crypto.so"
#define LIBRARIES_MAX 4 /* of one process that get trust */

/* ---- a libcrypto, by its functions ------------------------------------- */

#define FUNCTIONS(F)                                                          \
    F(EVP_PKEY_get0_provider)                                                 \
    F(OPENSSL_init_crypto)                                                    \
    F(OPENSSL_sk_free)                                                        \
    F(OPENSSL_sk_new_null)                                                    \
    F(OPENSSL_sk_num)                                                         \
    F(OPENSSL_sk_push)                                                        \
    F(OPENSSL_sk_value)                                                       \
    F(OSSL_PROVIDER_available)                                                \
    F(OSSL_PROVIDER_get0_dispatch)                                            \
    F(X509_STORE_CTX_free)                                                    \
    F(X509_STORE_CTX_get0_chain)                                              \
    F(X509_STORE_CTX_get_error)                                               \
    F(X509_STORE_CTX_init)                                                    \
    F(X509_STORE_CTX_new)                                                     \
    F(X509_STORE_CTX_set_purpose)                                             \
    F(X509_STORE_add_cert)                                                    \
    F(X509_STORE_free)                                                        \
    F(X509_STORE_get_get_issuer)                                              \
    F(X509_STORE_new)                                                         \
    F(X509_free)                                                              \
    F(X509_get0_pubkey)                                                       \
    F(X509_verify_cert)                                                       \
    F(d2i_X509)

struct library {
    const char *name;
    char file[PATH_SIZE]; /* as the dynamic loader knows it */
    void *handle;
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

static const char *file_of(const void *address, const char **out)
{
    Dl_info info;

    *out = dladdr(address, &info) != 0 ? info.dli_fname : "";
    return *out;
}

static void library_open(struct library *library, const char *path)
{
    const char *file;

    memset(library, 0, sizeof(*library));
    library->name = path;
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    NEED(library->handle != NULL);
#define LOOK_UP(function)                                                     \
    {                                                                         \
        void *symbol = dlsym(library->handle, #function);                     \
                                                                              \
        NEED(symbol != NULL);                                                 \
        memcpy(&library->function, &symbol, sizeof(symbol));                  \
        (void)snprintf(library->file, sizeof(library->file), "%s",            \
                       file_of(symbol, &file));                               \
    }
    FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    NEED(library->OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
}

/* ---- chains as bytes, which every libcrypto reads for itself ----------- */

struct der {
    unsigned char *bytes;
    int size;
};

struct chain_bytes {
    struct der root, subordinate, leaf;
};

static void encode(struct der *out, const X509 *certificate)
{
    out->bytes = NULL;
    out->size = i2d_X509(certificate, &out->bytes);
    NEED(out->size > 0);
}

static void encode_chain(struct chain_bytes *out, const struct chain *chain)
{
    encode(&out->root, chain->root.certificate);
    encode(&out->subordinate, chain->subordinate.certificate);
    encode(&out->leaf, chain->leaf.certificate);
}

static void free_bytes(struct chain_bytes *chain)
{
    OPENSSL_free(chain->root.bytes);
    OPENSSL_free(chain->subordinate.bytes);
    OPENSSL_free(chain->leaf.bytes);
}

static X509 *decode(const struct library *library, const struct der *der)
{
    const unsigned char *at = der->bytes;
    X509 *certificate = library->d2i_X509(NULL, &at, der->size);

    NEED(certificate != NULL);
    return certificate;
}

/* Whether the key of the anchor is held by this very library. */
static bool holds(const struct library *library, const X509 *anchor)
{
    const OSSL_PROVIDER *provider =
        library->EVP_PKEY_get0_provider(library->X509_get0_pubkey(anchor));
    const OSSL_DISPATCH *dispatch;
    const char *file;
    void *function;

    NEED(provider != NULL);
    dispatch = library->OSSL_PROVIDER_get0_dispatch(provider);
    NEED(dispatch != NULL && dispatch->function_id != 0);
    memcpy(&function, &dispatch->function, sizeof(function));
    return strcmp(file_of(function, &file), library->file) == 0;
}

/* Verifies by one library.  *held: the anchor is its own. */
static int verify_by(const struct library *library,
                     const struct chain_bytes *chain, bool know_root,
                     bool *held)
{
    X509 *leaf = decode(library, &chain->leaf);
    X509 *subordinate = decode(library, &chain->subordinate);
    X509 *root = decode(library, &chain->root);
    OPENSSL_STACK *untrusted = library->OPENSSL_sk_new_null(), *found;
    X509_STORE *store = library->X509_STORE_new();
    X509_STORE_CTX *ctx = library->X509_STORE_CTX_new();
    int error;

    NEED(store != NULL && ctx != NULL &&
         library->OPENSSL_sk_push(untrusted, subordinate) > 0);
    NEED(!know_root || library->X509_STORE_add_cert(store, root) == 1);
    NEED(library->X509_STORE_CTX_init(ctx, store, leaf,
                                      (STACK_OF(X509) *)untrusted) == 1);
    NEED(library->X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) ==
         1);
    (void)library->X509_verify_cert(ctx);
    error = library->X509_STORE_CTX_get_error(ctx);
    found = (OPENSSL_STACK *)library->X509_STORE_CTX_get0_chain(ctx);
    *held = error == X509_V_OK &&
            holds(library, library->OPENSSL_sk_value(
                               found, library->OPENSSL_sk_num(found) - 1));
    library->X509_STORE_CTX_free(ctx);
    library->X509_STORE_free(store);
    library->OPENSSL_sk_free(untrusted);
    library->X509_free(leaf);
    library->X509_free(subordinate);
    library->X509_free(root);
    return error;
}

static void check_library(const struct library *library,
                          const struct chain_bytes *ours,
                          const struct chain_bytes *stranger, int expected)
{
    bool held;

    CHECK_ERROR(verify_by(library, ours, false, &held), expected, "%s: ours",
                library->name);
    CHECK(held == (expected == X509_V_OK), "%s: the anchor is its own",
          library->name);
    CHECK_ERROR(verify_by(library, stranger, true, &held), X509_V_OK,
                "%s: a stranger that it knows", library->name);
    CHECK_ERROR(verify_by(library, stranger, false, &held), NO_ISSUER,
                "%s: a stranger", library->name);
}

/* ---- two at once ------------------------------------------------------- */

static const char *system_library(void)
{
    static char path[PATH_SIZE];
    const char *file;
    X509_STORE *(*function)(void) = X509_STORE_new;
    void *address;

    memcpy(&address, &function, sizeof(address));
    address = dlsym(RTLD_DEFAULT, "X509_STORE_new");
    NEED(address != NULL);
    (void)snprintf(path, sizeof(path), "%s", file_of(address, &file));
    return path;
}

static bool have(const char *name, char path[PATH_SIZE])
{
    if (access(beside_module(path, name), R_OK) == 0)
        return true;
    skip("%s was not built: no static libcrypto here", name);
    return false;
}

struct errand {
    const struct library *library;
    const struct chain_bytes *chain;
    unsigned good, held;
};

#define TIMES 200

static void *verify_often(void *arg)
{
    struct errand *errand = arg;
    bool held;

    for (int i = 0; i < TIMES; i++) {
        errand->good += verify_by(errand->library, errand->chain, false,
                                  &held) == X509_V_OK;
        errand->held += held;
    }
    return NULL;
}

static void check_at_once(const struct library *libraries,
                          const struct chain_bytes *chain)
{
    struct errand errands[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        errands[i] = (struct errand){&libraries[i % 2], chain, 0, 0};
        NEED(pthread_create(&threads[i], NULL, verify_often, &errands[i]) ==
             0);
    }
    for (int i = 0; i < 4; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
        CHECK(errands[i].good == TIMES, "%s: %u verified",
              errands[i].library->name, errands[i].good);
        CHECK(errands[i].held == TIMES, "%s: %u anchors of its own",
              errands[i].library->name, errands[i].held);
    }
}

static void test_two(void)
{
    struct library libraries[2];
    struct chain chain, stranger;
    struct chain_bytes ours, foreign;
    X509_STORE *stores[2];
    char path[PATH_SIZE];

    if (!have(OTHER_LIBRARY, path))
        return;
    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    encode_chain(&ours, &chain);
    encode_chain(&foreign, &stranger);
    library_open(&libraries[0], system_library());
    library_open(&libraries[1], path);
    CHECK(libraries[0].X509_STORE_new != libraries[1].X509_STORE_new &&
              strcmp(libraries[0].file, libraries[1].file) != 0,
          "two libraries: %s, %s", libraries[0].file, libraries[1].file);
    for (int i = 0; i < 2; i++) {
        check_library(&libraries[i], &ours, &foreign, X509_V_OK);
        stores[i] = libraries[i].X509_STORE_new();
    }
    CHECK(libraries[0].X509_STORE_get_get_issuer(stores[0]) !=
              libraries[1].X509_STORE_get_get_issuer(stores[1]),
          "each has a function of its own");
    for (int i = 0; i < 2; i++)
        libraries[i].X509_STORE_free(stores[i]);
    check_at_once(libraries, &ours);
    chain_free(&chain);
    write_root(stranger.root.certificate);
    check_library(&libraries[1], &ours, &foreign, X509_V_OK);
    remove_bundle(REGION "-bundle.pem");
    for (int i = 0; i < 2; i++)
        check_library(&libraries[i], &ours, &foreign, NO_ISSUER);
    chain_free(&stranger);
    free_bytes(&ours);
    free_bytes(&foreign);
}

/* One more than there is room for: it is told so, and goes on without. */
static void test_too_many(void)
{
    static struct library libraries[LIBRARIES_MAX + 1];
    struct chain chain, stranger;
    struct chain_bytes ours, foreign;
    char path[PATH_SIZE], copies[LIBRARIES_MAX][PATH_SIZE], name[64];

    if (!have(OTHER_LIBRARY, path))
        return;
    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    encode_chain(&ours, &chain);
    encode_chain(&foreign, &stranger);
    library_open(&libraries[0], system_library());
    for (int i = 1; i <= LIBRARIES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "libcopy%d.so", i);
        NEED(copy_file(path, path_of(copies[i - 1], name)));
        CHECK(log_count("more than") == 0, "room for number %d", i);
        library_open(&libraries[i], copies[i - 1]);
    }
    CHECK(log_count("more than 4 libcryptos") == 1, "no room for the fifth");
    for (int i = 0; i <= LIBRARIES_MAX; i++)
        check_library(&libraries[i], &ours, &foreign,
                      i < LIBRARIES_MAX ? X509_V_OK : NO_ISSUER);
    chain_free(&chain);
    chain_free(&stranger);
    free_bytes(&ours);
    free_bytes(&foreign);
}

/* ---- a libcrypto inside the program ------------------------------------ */

static void write_der(const char *name, const X509 *certificate)
{
    char path[PATH_SIZE], file[64];
    BIO *bio;

    (void)snprintf(file, sizeof(file), "%s.der", name);
    bio = BIO_new_file(path_of(path, file), "wb");
    NEED(bio != NULL && i2d_X509_bio(bio, certificate) == 1);
    BIO_free(bio);
}

static void check_program(const char *name, const char *expected)
{
    char path[PATH_SIZE], folder[PATH_SIZE], out[256];
    const char *const argv[] = {path, folder, NULL};
    struct chain chain, stranger;

    if (!have(name, path))
        return;
    chain_make(&chain, REGION);
    stranger_make(&stranger);
    write_root(chain.root.certificate);
    write_der("chain-leaf", chain.leaf.certificate);
    write_der("chain-subordinate", chain.subordinate.certificate);
    write_der("stranger-leaf", stranger.leaf.certificate);
    write_der("stranger-subordinate", stranger.subordinate.certificate);
    write_der("stranger-root", stranger.root.certificate);
    log_clear();
    (void)path_of(folder, "");
    CHECK(run_program(argv, out, sizeof(out)) == 0, "%s ends well", name);
    CHECK(strcmp(out, expected) == 0, "%s: %s", name, out);
    chain_free(&chain);
    chain_free(&stranger);
}

/* Without exported symbols there is nothing to bind to, and no crash. */
static void test_hidden(void)
{
    char path[PATH_SIZE];

    check_program("trust-hidden", "provider 0, ours 20, stranger 0, 20\n");
    if (access(beside_module(path, "trust-hidden"), R_OK) != 0)
        return;
    CHECK(log_count("offered") == 0, "no trust in another libcrypto");
    CHECK(log_count("does not export") >= 1, "the log says why");
}

static void test_exported(void)
{
    check_program("trust-exported", "provider 1, ours 0, stranger 0, 20\n");
}

static const struct test tests[] = {
    TEST("two libcryptos", TRUST, test_two),
    TEST("too many libcryptos", TRUST, test_too_many),
    TEST("a hidden libcrypto", TRUST, test_hidden),
    TEST("an exported libcrypto", TRUST, test_exported),
};
SUITE(two);
