/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the sides read, in a temporary folder: configurations,
 * bundles, what a user would have in the place of the module, and the chains.
 */

#include <openssl/pem.h>
#include <openssl/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../trust/process.h"
#include "bench.h"

#define AWS_GLOBAL "../shared/truststore/aws/global/global-bundle.pem"
#define LIMIT (64 * 1024 * 1024) /* bytes of a file that is read */

static char folder[PATH_SIZE / 2];
static char origin[128];

const char *bench_folder(void)
{
    return folder;
}

const char *global_origin(void)
{
    return origin;
}

/* ---- configurations ---------------------------------------------------- */

static const struct {
    const char *name;
    const char *bundles; /* folder, or NULL */
    const char *trust;
    bool absent; /* no lines of ours */
} configurations[] = {
    {PLAIN, NULL, NULL, true},
    {MODULE, "none", NULL, false},
    {TRUSTED, "bundles", TRUST, false},
    {TRUSTED_REGION, "region", TRUST, false},
    {TRUSTED_GLOBAL, "global", TRUST, false},
    {TRUSTED_MANY_FILES, "many-files", TRUST, false},
    {ANCHORS_ONE_FILE, "one-file", NULL, false},
    {ANCHORS_FEW, "few", NULL, false},
    {ANCHORS_MANY, "many", NULL, false},
};

static void write_configurations(void)
{
    char path[PATH_SIZE], bundles[PATH_SIZE];
    FILE *file;

    for (size_t i = 0; i < COUNT_OF(configurations); i++) {
        const struct section section = {
            .trust = configurations[i].trust,
            .absent = configurations[i].absent,
            .bundles = configurations[i].bundles != NULL
                           ? path_of(bundles, configurations[i].bundles)
                           : NULL,
        };

        (void)write_configuration(path, configurations[i].name, &section);
    }
    file = fopen(path_of(path, NULLED), "w");
    NEED(file != NULL);
    (void)fprintf(file, "openssl_conf = init\n[init]\nproviders = list\n"
                        "[list]\ndefault = builtin\nnull = nothing\n"
                        "[builtin]\nactivate = 1\n[nothing]\nactivate = 1\n");
    NEED(fclose(file) == 0);
}

/* ---- certificates of the module, as files ------------------------------ */

static void add_pem(const char *name, const X509 *certificate)
{
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(path, name), "a");

    NEED(file != NULL && PEM_write_X509(file, (X509 *)certificate) == 1 &&
         fclose(file) == 0);
}

/* As `openssl rehash` names it: <hash>.<n>, n the first that is free. */
static void add_hashed(const char *directory, const X509 *certificate)
{
    unsigned long hash = X509_NAME_hash_ex(X509_get_subject_name(certificate),
                                           NULL, NULL, NULL);
    char name[PATH_SIZE / 2], path[PATH_SIZE];
    unsigned n = 0;

    do
        (void)snprintf(name, sizeof(name), "%s/%08lx.%u", directory, hash,
                       n++);
    while (access(path_of(path, name), F_OK) == 0);
    add_pem(name, certificate);
}

/* Writes what a URI has to a PEM file, and hashed; returns how many. */
static size_t export_uri(OSSL_LIB_CTX *lib, const char *uri, const char *pem,
                         const char *hashed)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, lib, NULL, NULL, NULL, NULL, NULL, NULL);
    size_t count = 0;

    NEED(store != NULL);
    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        NEED(info != NULL);
        add_pem(pem, OSSL_STORE_INFO_get0_CERT(info));
        if (hashed != NULL)
            add_hashed(hashed, OSSL_STORE_INFO_get0_CERT(info));
        OSSL_STORE_INFO_free(info);
        count++;
    }
    NEED(OSSL_STORE_close(store) == 1 && count != 0);
    return count;
}

static size_t count_certificates(const char *name)
{
    char path[PATH_SIZE], line[256];
    FILE *file = fopen(path_of(path, name), "r");
    size_t count = 0;

    NEED(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL)
        count += strncmp(line, "-----BEGIN CERTIFICATE-----", 27) == 0;
    (void)fclose(file);
    return count;
}

static void make_global(OSSL_LIB_CTX *lib)
{
    char path[PATH_SIZE];
    bool aws = access(AWS_GLOBAL, R_OK) == 0;

    if (aws)
        NEED(copy_file(AWS_GLOBAL, path_of(path, "global.pem")));
    else
        (void)export_uri(lib, "rds://global", "global.pem", NULL);
    (void)snprintf(origin, sizeof(origin), "%zu certificates, %s",
                   count_certificates("global.pem"),
                   aws ? "AWS's file" : "made of rds://global");
}

static void make_pem_files(void)
{
    const struct section section = {.bundles = "/nonexistent"};
    OSSL_LIB_CTX *lib = context_new("export.cnf", &section);
    char path[PATH_SIZE];

    NEED(mkdir(path_of(path, "hashed"), 0755) == 0);
    (void)export_uri(lib, "rds://all", "all.pem", "hashed");
    (void)export_uri(lib, TRUST, "region.pem", NULL);
    make_global(lib);
    OSSL_LIB_CTX_free(lib);
}

/* ---- chains ------------------------------------------------------------ */

static const char *const parts[] = {"root", "subordinate", "leaf"};

static struct pair *part_of(struct chain *chain, size_t i)
{
    struct pair *const pairs[] = {&chain->root, &chain->subordinate,
                                  &chain->leaf};

    return pairs[i];
}

static FILE *open_part(const char *chain, const char *part, const char *suffix,
                       const char *mode)
{
    char name[64], path[PATH_SIZE];
    FILE *file;

    (void)snprintf(name, sizeof(name), "%s-%s.%s", chain, part, suffix);
    file = fopen(path_of(path, name), mode);
    NEED(file != NULL);
    return file;
}

static void write_chain(struct chain *chain, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct pair *pair = part_of(chain, i);
        FILE *pem = open_part(name, parts[i], "pem", "w");
        FILE *der = open_part(name, parts[i], "der", "w");

        NEED(PEM_write_X509(pem, pair->certificate) == 1 &&
             PEM_write_PrivateKey(pem, pair->key, NULL, NULL, 0, NULL, NULL) ==
                 1 &&
             i2d_X509_fp(der, pair->certificate) == 1);
        NEED(fclose(pem) == 0 && fclose(der) == 0);
    }
}

void read_chain(struct chain *out, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct pair *pair = part_of(out, i);
        FILE *pem = open_part(name, parts[i], "pem", "r");

        pair->certificate = PEM_read_X509(pem, NULL, NULL, NULL);
        pair->key = PEM_read_PrivateKey(pem, NULL, NULL, NULL);
        NEED(pair->certificate != NULL && pair->key != NULL);
        NEED(fclose(pem) == 0);
    }
}

/* RSA keys, as the default of RDS has them. */
static void make_chain(struct chain *out, const char *root,
                       const char *subordinate, const char *leaf)
{
    pair_make(&out->root,
              &(struct recipe){.kind = KIND_CA, .cn = root, .rsa = true});
    pair_make(&out->subordinate, &(struct recipe){.kind = KIND_CA,
                                                  .cn = subordinate,
                                                  .issuer = &out->root,
                                                  .rsa = true});
    pair_make(&out->leaf, &(struct recipe){.cn = leaf,
                                           .issuer = &out->subordinate,
                                           .rsa = true});
}

/* Which files have the root, and whose certificates stand before it. */
static const struct {
    const char *file;
    const char *others; /* or NULL */
} holders[] = {
    {"root.pem", NULL},
    {"bundles/" REGION "-bundle.pem", NULL},
    {"many-files/" REGION "-bundle.pem", NULL},
    {"region/" REGION "-bundle.pem", "region.pem"},
    {"global/aws-global-bundle.pem", "global.pem"},
    {"global-root.pem", "global.pem"},
};

static void make_chains(void)
{
    char path[PATH_SIZE], from[PATH_SIZE];
    struct chain chain;

    make_chain(&chain, "Amazon RDS " REGION " Root CA RSA2048 G7",
               "Amazon RDS " REGION " Subordinate CA RSA2048 G7.A.1", HOST);
    write_chain(&chain, "own");
    for (size_t i = 0; i < COUNT_OF(holders); i++) {
        if (holders[i].others != NULL)
            NEED(copy_file(path_of(from, holders[i].others),
                           path_of(path, holders[i].file)));
        add_pem(holders[i].file, chain.root.certificate);
        NEED(chmod(path_of(path, holders[i].file), 0644) == 0);
    }
    chain_free(&chain);
    make_chain(&chain, "Example Root CA", "Example CA", "www.example.com");
    write_chain(&chain, "stranger");
    chain_free(&chain);
}

/* ---- all of it --------------------------------------------------------- */

unsigned char *read_file(const char *name, size_t *size)
{
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(path, name), "rb");
    unsigned char *bytes;
    struct stat st;

    NEED(file != NULL && fstat(fileno(file), &st) == 0 && st.st_size > 0 &&
         st.st_size <= LIMIT);
    *size = (size_t)st.st_size;
    bytes = malloc(*size);
    NEED(bytes != NULL && fread(bytes, 1, *size, file) == *size);
    (void)fclose(file);
    return bytes;
}

void remove_files(void)
{
    if (folder[0] != '\0')
        remove_tree(folder);
}

void make_files(bool slow)
{
    static const char *const folders[] = {"bundles",    "region",   "global",
                                          "many-files", "one-file", "few",
                                          "many"};
    const char *where = getenv("TMPDIR");
    char path[PATH_SIZE];

    (void)snprintf(folder, sizeof(folder), "%s/rds-bench.XXXXXX",
                   where != NULL && where[0] == '/' ? where : "/tmp");
    NEED(mkdtemp(folder) != NULL);
    set_folder(folder);
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        NEED(mkdir(path_of(path, folders[i]), 0755) == 0);
    write_configurations();
    make_pem_files();
    make_chains();
    make_anchors("many-files", FILES_MANY, 1);
    make_anchors("one-file", 1, ANCHOR_FILES * FEW_IN_A_FILE);
    make_anchors("few", ANCHOR_FILES, FEW_IN_A_FILE);
    if (slow)
        make_anchors("many", ANCHOR_FILES, MANY_IN_A_FILE);
}
