/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader costs, beside what one would use instead.  Both are run in
 * turns in the same process, many times; the table shows the medians and
 * their ratio.  Nothing is asserted: only ratios travel from one machine to
 * the next.
 *
 * The certificates of the other side are the same, in files that the program
 * makes in a temporary folder: a folder with hashed names, as `openssl
 * rehash` makes it, and one PEM file.
 */

#include <ftw.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 31
#define ROUND_NS 8000000.0 /* about how long a round of one side takes */
#define CERTIFICATES_MAX 512
#define FOLDER_SIZE 1024
#define PATH_SIZE 2048
#define SCHEME "file:"

#define ALL "rds://all"
#define REGION "rds://region/us-west-2"

static struct {
    OSSL_LIB_CTX *lib;
    char folder[FOLDER_SIZE]; /* temporary */
    char hashed[PATH_SIZE];   /* file: URI of the hashed folder */
    char pem[PATH_SIZE];      /* file: URI of the PEM file */
    X509_NAME *nobody;        /* a subject that no certificate has */
    struct {
        unsigned char *der;
        int size;
    } region[CERTIFICATES_MAX];
    size_t region_count;
} bench;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static void need(bool good, const char *what)
{
    if (!good)
        die(what);
}

/* ---- what is measured -------------------------------------------------- */

static OSSL_STORE_CTX *open_uri(const char *uri)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, bench.lib, NULL, NULL, NULL, NULL, NULL, NULL);

    need(store != NULL, uri);
    return store;
}

/* Loads what is there; returns how many certificates. */
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

static void search_nobody(const char *uri)
{
    OSSL_STORE_SEARCH *search = OSSL_STORE_SEARCH_by_name(bench.nobody);
    OSSL_STORE_CTX *store = open_uri(uri);

    need(OSSL_STORE_find(store, search) == 1, "search");
    need(load_rest(store) == 0, "nobody is found");
    OSSL_STORE_SEARCH_free(search);
}

static void our_search(void)
{
    search_nobody(ALL);
}

static void their_search(void)
{
    search_nobody(bench.hashed);
}

static void our_region(void)
{
    need(load_rest(open_uri(REGION)) == bench.region_count, REGION);
}

static void parse_region(void)
{
    for (size_t i = 0; i < bench.region_count; i++) {
        const unsigned char *at = bench.region[i].der;
        X509 *certificate = X509_new_ex(bench.lib, NULL);

        need(d2i_X509(&certificate, &at, bench.region[i].size) != NULL,
             "d2i_X509");
        X509_free(certificate);
    }
}

static void our_all(void)
{
    need(load_rest(open_uri(ALL)) >= 80, ALL);
}

static void their_all(void)
{
    need(load_rest(open_uri(bench.pem)) >= 80, bench.pem);
}

static void our_open(void)
{
    (void)OSSL_STORE_close(open_uri(REGION));
}

static const struct {
    const char *name;
    void (*ours)(void);
    void (*theirs)(void); /* or NULL */
    const char *other;    /* what theirs is */
    double aim;           /* at most this ratio */
} rows[] = {
    {"search without a match, " ALL, our_search, their_search,
     "file: hashed folder", 0.5},
    {"load " REGION, our_region, parse_region, "d2i_X509", 1.15},
    {"load " ALL, our_all, their_all, "file: one PEM file", 0.9},
    {"open and close " REGION, our_open, NULL, "", 0},
};

/* ---- measuring --------------------------------------------------------- */

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_ns(void (*run)(void), unsigned times)
{
    double begin = now_ns();

    for (unsigned i = 0; i < times; i++)
        run();
    return (now_ns() - begin) / times;
}

static unsigned times_for(void (*run)(void))
{
    double once;

    (void)time_ns(run, 3); /* fills the caches */
    once = time_ns(run, 3);
    return once >= ROUND_NS ? 1 : (unsigned)(ROUND_NS / once);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(values[0]), compare);
    return values[ROUNDS / 2];
}

static void measure(size_t row)
{
    double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS];
    unsigned our_times = times_for(rows[row].ours), their_times = 0;

    if (rows[row].theirs != NULL)
        their_times = times_for(rows[row].theirs);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = time_ns(rows[row].ours, our_times);
        if (their_times != 0) {
            theirs[i] = time_ns(rows[row].theirs, their_times);
            ratios[i] = ours[i] / theirs[i];
        }
    }
    (void)printf("%-42s %9.1f ", rows[row].name, median(ours) / 1000);
    if (their_times == 0)
        (void)printf("%9s %6s %5s\n", "-", "-", "-");
    else
        (void)printf("%9.1f %6.2f %5.2f  %s\n", median(theirs) / 1000,
                     median(ratios), rows[row].aim, rows[row].other);
}

/* ---- files of the other side ------------------------------------------- */

static const char *path_of(const char *uri)
{
    return uri + strlen(SCHEME);
}

static void write_pem(const char *path, const char *mode,
                      const X509 *certificate)
{
    FILE *file = fopen(path, mode);

    need(file != NULL && PEM_write_X509(file, (X509 *)certificate) == 1 &&
             fclose(file) == 0,
         path);
}

/* <hash>.<n>, n the first that is free. */
static void write_hashed(const char *folder, const X509 *certificate)
{
    unsigned long hash = X509_NAME_hash_ex(X509_get_subject_name(certificate),
                                           bench.lib, NULL, NULL);
    char path[PATH_SIZE + 32];

    for (unsigned n = 0;; n++) {
        need(snprintf(path, sizeof(path), "%s/%08lx.%u", folder, hash, n) <
                 (int)sizeof(path),
             folder);
        if (access(path, F_OK) != 0)
            break;
    }
    write_pem(path, "w", certificate);
}

static void keep_region(const X509 *certificate)
{
    size_t i = bench.region_count;

    need(i < CERTIFICATES_MAX, "too many certificates");
    bench.region[i].size = i2d_X509((X509 *)certificate, &bench.region[i].der);
    need(bench.region[i].size > 0, "i2d_X509");
    bench.region_count++;
}

static void keep_all(const X509 *certificate)
{
    write_pem(path_of(bench.pem), "a", certificate);
    write_hashed(path_of(bench.hashed), certificate);
}

static size_t for_each(const char *uri, void (*keep)(const X509 *certificate))
{
    OSSL_STORE_CTX *store = open_uri(uri);
    size_t count = 0;

    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        need(info != NULL, uri);
        keep(OSSL_STORE_INFO_get0_CERT(info));
        OSSL_STORE_INFO_free(info);
        count++;
    }
    (void)OSSL_STORE_close(store);
    return count;
}

static void make_files(void)
{
    (void)snprintf(bench.pem, sizeof(bench.pem), SCHEME "%s/all.pem",
                   bench.folder);
    (void)snprintf(bench.hashed, sizeof(bench.hashed), SCHEME "%s/hashed",
                   bench.folder);
    need(mkdir(path_of(bench.hashed), 0755) == 0, bench.hashed);
    (void)printf("%zu certificates in %s\n", for_each(ALL, keep_all), ALL);
    (void)for_each(REGION, keep_region);
    bench.nobody = X509_NAME_new();
    need(X509_NAME_add_entry_by_txt(
             bench.nobody, "CN", MBSTRING_ASC,
             (const unsigned char *)"Amazon RDS us-west-2 Root CA RSA2048 G9",
             -1, -1, 0) == 1,
         "name");
}

/* ---- start and end ----------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The module beside the default provider, with no bundles. */
static void load_module(void)
{
    const char *module = getenv("RDS_MODULE");
    char path[PATH_SIZE], where[PATH_MAX];
    FILE *file;

    if (realpath(module != NULL ? module : "build/rds.so", where) == NULL)
        die("no module");
    (void)snprintf(path, sizeof(path), "%s/openssl.cnf", bench.folder);
    file = fopen(path, "w");
    need(file != NULL, path);
    (void)fprintf(file,
                  "openssl_conf = init\n[init]\nproviders = list\n[list]\n"
                  "default = builtin\nrds = own\n[builtin]\nactivate = 1\n"
                  "[own]\nmodule = %s\nrds-bundles = %s/none\nactivate = 1\n",
                  where, bench.folder);
    need(fclose(file) == 0, path);
    bench.lib = OSSL_LIB_CTX_new();
    need(OSSL_LIB_CTX_load_config(bench.lib, path) == 1 &&
             OSSL_PROVIDER_available(bench.lib, "rds") == 1,
         "the module does not load");
}

int main(void)
{
    const char *where = getenv("TMPDIR");

    (void)snprintf(bench.folder, sizeof(bench.folder), "%s/rds-bench.XXXXXX",
                   where != NULL && where[0] == '/' ? where : "/tmp");
    need(mkdtemp(bench.folder) != NULL, bench.folder);
    (void)atexit(clean_up);
    load_module();
    make_files();
    (void)printf("%s, median of %d rounds\n\n%-42s %9s %9s %6s %5s\n",
                 OpenSSL_version(OPENSSL_VERSION), ROUNDS, "", "ours us",
                 "theirs us", "ratio", "aim");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure(i);
    for (size_t i = 0; i < bench.region_count; i++)
        OPENSSL_free(bench.region[i].der);
    X509_NAME_free(bench.nobody);
    OSSL_LIB_CTX_free(bench.lib);
    return 0;
}
