/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sides that read certificates: through OSSL_STORE, or by d2i_X509() alone.
 */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define CERTIFICATES_MAX 1024
#define FILE_SCHEME "file:"

static char uri[PATH_SIZE + sizeof(FILE_SCHEME)];
static size_t expected; /* certificates of a load; 0: of a search */

static X509_NAME *nobody; /* a subject that no certificate has */

static struct {
    unsigned char *der;
    int size;
} parsed[CERTIFICATES_MAX];

/* ---- what is run ------------------------------------------------------- */

static OSSL_STORE_CTX *open_uri(void)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);

    if (store == NULL)
        ERR_print_errors_fp(stderr);
    NEED(store != NULL);
    return store;
}

static size_t load_rest(OSSL_STORE_CTX *store)
{
    size_t count = 0;

    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        count += info != NULL &&
                 OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT;
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(store);
    ERR_clear_error();
    return count;
}

static void run_load(void)
{
    NEED(load_rest(open_uri()) == expected);
}

static void run_parse(void)
{
    for (size_t i = 0; i < expected; i++) {
        const unsigned char *at = parsed[i].der;
        X509 *certificate = d2i_X509(NULL, &at, parsed[i].size);

        NEED(certificate != NULL);
        X509_free(certificate);
    }
}

static void run_search(void)
{
    OSSL_STORE_SEARCH *search = OSSL_STORE_SEARCH_by_name(nobody);
    OSSL_STORE_CTX *store = open_uri();

    NEED(OSSL_STORE_find(store, search) == 1);
    NEED(load_rest(store) == 0);
    OSSL_STORE_SEARCH_free(search);
}

/* ---- preparations ------------------------------------------------------ */

static void use_uri(const char *text)
{
    (void)snprintf(uri, sizeof(uri), "%s", text);
}

static void use_path(const char *name)
{
    char path[PATH_SIZE];

    (void)snprintf(uri, sizeof(uri), FILE_SCHEME "%s", path_of(path, name));
}

/* Keeps the DERs of a PEM file, and how many there are. */
static void read_pem(const char *name)
{
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(path, name), "r");
    X509 *certificate;

    NEED(file != NULL);
    while ((certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        NEED(expected < CERTIFICATES_MAX);
        parsed[expected].size = i2d_X509(certificate, &parsed[expected].der);
        NEED(parsed[expected++].size > 0);
        X509_free(certificate);
    }
    ERR_clear_error();
    (void)fclose(file);
}

static void prepare_load_region(void)
{
    read_pem("region.pem");
    use_uri(TRUST);
}

static void prepare_load_all(void)
{
    read_pem("all.pem");
    use_uri("rds://all");
}

static void prepare_file_all(void)
{
    read_pem("all.pem");
    use_path("all.pem");
}

static void prepare_parse_region(void)
{
    read_pem("region.pem");
}

static void prepare_parse_all(void)
{
    read_pem("all.pem");
}

static void make_nobody(void)
{
    nobody = X509_NAME_new();
    NEED(X509_NAME_add_entry_by_txt(
             nobody, "CN", MBSTRING_ASC,
             (const unsigned char *)"Amazon RDS us-west-2 Root CA RSA2048 G9",
             -1, -1, 0) == 1);
}

static void prepare_search(void)
{
    make_nobody();
    use_uri("rds://all");
}

static void prepare_search_hashed(void)
{
    make_nobody();
    use_path("hashed");
}

/* That the directory is read, and wholly. */
static void prepare_search_in(size_t anchors)
{
    size_t all;

    prepare_load_all();
    all = load_rest(open_uri());
    if (all != expected + anchors)
        die("rds://all has %zu certificates in the place of %zu", all,
            expected + anchors);
    make_nobody();
}

static void prepare_search_few(void)
{
    prepare_search_in(ANCHOR_FILES * FEW_IN_A_FILE);
}

static void prepare_search_many(void)
{
    prepare_search_in(ANCHOR_FILES * MANY_IN_A_FILE);
}

/* ---- the sides --------------------------------------------------------- */

const struct side load_region = {MODULE, prepare_load_region, run_load};
const struct side parse_region = {PLAIN, prepare_parse_region, run_parse};
const struct side load_all = {MODULE, prepare_load_all, run_load};
const struct side file_all = {PLAIN, prepare_file_all, run_load};
const struct side parse_all = {PLAIN, prepare_parse_all, run_parse};
const struct side search_all = {MODULE, prepare_search, run_search};
const struct side search_hashed = {PLAIN, prepare_search_hashed, run_search};
const struct side search_few = {ANCHORS_FEW, prepare_search_few, run_search};
const struct side search_many = {ANCHORS_MANY, prepare_search_many,
                                 run_search};
const struct side search_one_file = {ANCHORS_ONE_FILE, prepare_search_few,
                                     run_search};
