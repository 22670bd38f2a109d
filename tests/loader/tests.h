/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_LOADER_TESTS_H
#define RDS_LOADER_TESTS_H

/*
 * What the loader tests share.  They use the module as a program would:
 * through OpenSSL's public API.  Only the shim (see below) calls it directly.
 *
 * The module is taken from RDS_MODULE, else build/rds.so.  The tests run from
 * the project's root and write to one temporary folder, removed at the end.
 */

#include <CUnit/CUnit.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "rds/error.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* ---- suites ------------------------------------------------------------ */

struct test {
    const char *name;
    void (*run)(void);
};

struct suite {
    const char *name;
    const struct test *tests;
    size_t count;
};

#define SUITE(id) const struct suite id##_suite = {#id, tests, COUNT_OF(tests)}

extern const struct suite log_suite, bare_suite, object_suite, open_suite,
    load_suite, search_suite, hostile_suite, by_store_suite, providers_suite,
    directory_suite, contexts_suite, threads_suite;

/* Like CU_ASSERT, for a row of a table: the text tells which one. */
#define CHECK(condition, ...)                                                 \
    check_row(condition, __FILE__, __LINE__, __VA_ARGS__)

bool check_row(bool good, const char *file, int line, const char *format, ...)
    RDS_PRINTF(4, 5);

/* ---- files and processes ----------------------------------------------- */

#define PATH_SIZE 1024

bool temp_start(void);
void temp_end(void);

/* A path in the temporary folder.  Returns `out`. */
const char *temp_path(char out[PATH_SIZE], const char *name);

/* A new empty folder there, mode 0755; an old one of this name is removed. */
const char *temp_folder(char out[PATH_SIZE], const char *name);

bool write_file(const char *folder, const char *name, const void *bytes,
                size_t size);

/* Removes folder/name, which may be a folder. */
void remove_file(const char *folder, const char *name);

/* The module's absolute path. */
const char *module_path(void);

/*
 * Runs `body` in a child process and tells whether it returned true.  A
 * crash, or more than `seconds`, is false.  The child ends by exec, so that
 * no leak check of the parent's memory runs in it.
 */
bool in_child(bool (*body)(void *arg), void *arg, unsigned seconds);

/* ---- library contexts -------------------------------------------------- */

struct setup {
    const char *bundles;       /* rds-bundles; NULL: a folder that is absent */
    const char *distrust;      /* rds-distrust, or NULL */
    const char *properties;    /* default_properties, or NULL */
    bool no_default;           /* leave the default provider out */
    bool no_module;            /* leave the module out */
    OSSL_provider_init_fn *as; /* a provider "shim" instead of the module */
};

/* A context made by a configuration file; NULL fails the test. */
OSSL_LIB_CTX *context_new(const struct setup *setup);

/* The same with nothing but the module and the default provider. */
OSSL_LIB_CTX *context_plain(void);

/* The provider in the context, not counted as a user; or NULL. */
OSSL_PROVIDER *context_provider(OSSL_LIB_CTX *lib, const char *name);

/*
 * How many certificates "rds://all" and "rds://global" answer with, from the
 * lines of pins.tsv: current roots of production that a source carries.
 */
int carried_all(void);
int carried_global(void);

/* When the built-in set was confirmed, as buildinfo tells it. */
time_t builtin_date(void);

/* ---- asking ------------------------------------------------------------ */

struct question {
    const char *uri;
    const OSSL_STORE_SEARCH *search; /* or NULL */
    int expect;                      /* OSSL_STORE_INFO_..., or 0 */
    bool expect_last;                /* expect after the search */
    const char *properties;
};

struct answer {
    STACK_OF(X509) * certificates;
    size_t names; /* NAME objects */
    bool opened;
    bool set;     /* the search and the expectation were taken */
    bool failed;  /* OSSL_STORE_error() at some time */
    bool at_once; /* at the end before anything was loaded */
};

/* Asks and loads until the end.  The answer goes to answer_clear(). */
void ask(OSSL_LIB_CTX *lib, const struct question *question,
         struct answer *out);
void answer_clear(struct answer *answer);

/* The certificates of a URI; free with certificates_free().  NULL where the
 * URI was refused. */
STACK_OF(X509) * certificates_of(OSSL_LIB_CTX *lib, const char *uri);
void certificates_free(STACK_OF(X509) * certificates);

/* How many certificates; -1 where it was refused, -2 where a load failed. */
int count_of(OSSL_LIB_CTX *lib, const char *uri);

/*
 * Checks that the URI is refused, that the last error is the module's with
 * this reason, and that its text has `part`.  Empties the queue.
 */
#define CHECK_REFUSED(lib, uri, reason, part)                                 \
    check_refused(lib, uri, reason, part, __LINE__, __FILE__)
void check_refused(OSSL_LIB_CTX *lib, const char *uri, enum rds_reason reason,
                   const char *part, int line, const char *file);

/* The last error's reason and text.  Empties the queue. */
#define ERROR_SIZE 1024
int last_error(char text[ERROR_SIZE]);

#define SHA256_SIZE 32
bool sha256_of(const X509 *certificate, unsigned char out[SHA256_SIZE]);

/* The common name.  Returns `out`, "" where there is none. */
#define NAME_SIZE 128
const char *cn_of(const X509 *certificate, char out[NAME_SIZE]);

/* Whether one of them has the common name. */
bool has_cn(STACK_OF(X509) * certificates, const char *cn);

/* ---- generated certificates -------------------------------------------- */

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

enum pair_kind { PAIR_CA, PAIR_LEAF };

/* Issues one; `issuer` NULL: self-signed.  The subject is as AWS writes it. */
bool pair_new(struct pair *out, const struct pair *issuer, const char *cn,
              enum pair_kind kind);
void pair_free(struct pair *pair);

/* Root, subordinate and leaf in AWS's shape for a region. */
struct chain {
    struct pair root, subordinate, leaf;
};
bool chain_new(struct chain *out, const char *region);
void chain_free(struct chain *chain);

/*
 * Writes a bundle beside, then renames.  Its time is `age` seconds before or
 * after the date of the built-in set.
 */
#define FRESH 86400
#define STALE (-86400)
bool write_bundle(const char *folder, const char *name, long age,
                  const X509 *const certificates[], size_t count);

/* ---- the shim ---------------------------------------------------------- */

/*
 * A provider of the test's own that hands the module the real core functions
 * and keeps what it gives back: its functions can then be called directly.
 * One at a time.
 */
enum shim_core {
    SHIM_PLAIN,
    SHIM_NO_ERRORS, /* a core without functions to raise errors */
    SHIM_NO_PARAMS, /* a core without get_params */
    SHIM_FOREIGN,   /* get_params lies in this program, not in libcrypto */
};

struct shim {
    enum shim_core core;
    void *module; /* handle of dlopen() */
    void *provctx;
    const OSSL_DISPATCH *functions;       /* of the provider */
    const OSSL_DISPATCH *store_functions; /* of the loader */
    OSSL_FUNC_store_open_fn *open;
    OSSL_FUNC_store_settable_ctx_params_fn *settable;
    OSSL_FUNC_store_set_ctx_params_fn *set;
    OSSL_FUNC_store_load_fn *load;
    OSSL_FUNC_store_eof_fn *eof;
    OSSL_FUNC_store_close_fn *close;
    atomic_uint opened; /* how often OpenSSL opened a URI */
    atomic_uint closed;
};

extern struct shim shim;
OSSL_provider_init_fn shim_init;

/* A context with the shim in the module's place. */
OSSL_LIB_CTX *shim_context(enum shim_core core, const char *bundles);

#endif
