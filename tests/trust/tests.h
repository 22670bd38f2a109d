/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_TRUST_TESTS_H
#define RDS_TRUST_TESTS_H

/*
 * What the tests of process-wide trust share.
 *
 * The first rds-trust of a libcrypto holds for the process, so each test runs
 * in a process of its own: main.c makes a folder and an openssl.cnf, starts
 * itself again with the test's name, and collects what fails.  The module is
 * loaded by that configuration and by nothing else.
 *
 * The module is taken from RDS_MODULE, else build/rds.so.  RDS_SLOW=N in the
 * environment makes every time limit N times as long (for valgrind); with
 * RDS_EMULATOR=PROGRAM the tests are of another processor.
 */

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* ---- suites ------------------------------------------------------------ */

struct test {
    const char *name;
    const char *trust; /* rds-trust in the process's openssl.cnf, or NULL */
    void (*run)(void);
    bool unloaded; /* it starts before the configuration is loaded */
    bool trial;    /* with the trial module, if there is one */
};

#define TEST(name, trust, run)                                                \
    {                                                                         \
        name, trust, run, false, false                                        \
    }
#define TEST_UNLOADED(name, trust, run)                                       \
    {                                                                         \
        name, trust, run, true, false                                         \
    }
#define TEST_TRIAL(name, trust, run)                                          \
    {                                                                         \
        name, trust, run, false, true                                         \
    }

struct suite {
    const char *name;
    const struct test *tests;
    size_t count;
};

#define SUITE(id) const struct suite id##_suite = {#id, tests, COUNT_OF(tests)}

extern const struct suite accept_suite, refuse_suite, alone_suite,
    identity_suite, choice_suite, contexts_suite, life_suite, bundles_suite,
    faults_suite, two_suite, shapes_suite, unions_suite;

/* The usual rds-trust. */
#define TRUST "rds://region/us-west-2"
#define REGION "us-west-2"
#define HOST "db.abc123def.us-west-2.rds.amazonaws.com"
#define EVIL "evil.example.com"

/* ---- checks ------------------------------------------------------------ */

#define CHECK(condition, ...)                                                 \
    check_row(condition, __FILE__, __LINE__, __VA_ARGS__)
bool check_row(bool good, const char *file, int line, const char *format, ...)
    PRINTF(4, 5);

/* Checks an X.509 verification's error code and shows both. */
#define CHECK_ERROR(actual, expected, ...)                                    \
    check_error(actual, expected, __FILE__, __LINE__, __VA_ARGS__)
bool check_error(int actual, int expected, const char *file, int line,
                 const char *format, ...) PRINTF(5, 6);

/* What the lines of OpenSSL do not share: up to 3, and from 4 on. */
#if OPENSSL_VERSION_MAJOR >= 4
#define BY_LINE(three, four) (four)
#else
#define BY_LINE(three, four) (three)
#endif

/* Ends the process unless a preparation worked. */
#define NEED(good) need(good, #good, __FILE__, __LINE__)
void need(bool good, const char *what, const char *file, int line);

/* Tells why a part cannot run here. */
void skip(const char *format, ...) PRINTF(1, 2);

/* To be called when all else is done, in place of a return from main(). */
extern void (*at_the_end)(void);

/* ---- files and processes ----------------------------------------------- */

#define PATH_SIZE 1024

/* A path in the test's folder.  Returns `out`. */
const char *path_of(char out[PATH_SIZE], const char *name);

/*
 * The trial module is the module with one more root of Amazon Trust Services
 * built in.  The files lie beside the module; absent if openssl(1) was.
 */
#define TRIAL_MODULE "trial-ats.so"
#define TRIAL_ROOT "trial-ats.pem"
#define TRIAL_KEY "trial-ats.key"

/* The module's absolute path, and that of a file beside it. */
const char *module_path(void);
const char *beside_module(char out[PATH_SIZE], const char *name);

bool copy_file(const char *from, const char *to);

/* What openssl.cnf says of the module. */
struct section {
    const char *module; /* its path; NULL: the module */
    const char *trust;
    const char *bundles; /* NULL: the folder "bundles" of the test */
    const char *distrust;
    bool absent; /* no such section */
};

/* Writes one under a name.  Returns its path in `out`. */
const char *write_configuration(char out[PATH_SIZE], const char *name,
                                const struct section *section);

/* A new library context with it. */
OSSL_LIB_CTX *context_new(const char *name, const struct section *section);

/* Takes it into the global default context. */
void load_into_default(const char *name, const struct section *section);

/* A bundle of the test's folder: written beside, then renamed. */
void write_bundle(const char *file, const X509 *const *certificates,
                  size_t count);
void write_root(const X509 *root); /* as that of us-west-2, alone */
void remove_bundle(const char *file);

/* How many lines of the module's log have the text in them. */
size_t log_count(const char *part);
void log_clear(void);

/* Runs `body` in a forked process; a crash or 10 seconds are false. */
bool in_fork(bool (*body)(void *arg), void *arg);

/*
 * Becomes a program, under the emulator that RDS_EMULATOR names if it is set.
 * Returns where that fails.
 */
void become_program(const char *const *argv);

/* Starts a program and waits; its standard output goes to `out`. */
int run_program(const char *const *argv, char *out, size_t room);

/* Runs this test again in another file of the same program. */
int run_again(const char *program);

/* How much longer than usual things may take. */
unsigned slowness(void);

double now_seconds(void);
void sleep_ms(unsigned milliseconds);

/* ---- certificates ------------------------------------------------------ */

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

enum kind { KIND_LEAF, KIND_CA };

/* How a certificate is to be; 0 and NULL stand for what AWS does. */
struct recipe {
    enum kind kind;
    const char *cn;
    int cn_type;               /* 0: V_ASN1_UTF8STRING */
    const struct pair *issuer; /* NULL: self-signed */
    const char *san;           /* of a leaf; NULL: the CN; "": none */
    const char *eku;           /* "": none */
    const char *usage;         /* "": none */
    const char *basic;         /* basicConstraints; "": none */
    const char *email;         /* in the subject */
    const char *other[2];      /* names and values of two more extensions */
    const char *conf;          /* sections that they name */
    int other_nid[2];
    bool no_aki;
    bool rsa;          /* a key of 2048 bits; slow to make */
    const char *group; /* of an EC key; NULL: P-256 */
    long from, until;  /* days from now; both 0: -1, 365 */
};

void pair_make(struct pair *out, const struct recipe *recipe);
void pair_free(struct pair *pair);

/* Root, subordinate and leaf of a region. */
struct chain {
    struct pair root, subordinate, leaf;
};
void chain_make(struct chain *out, const char *region);
void chain_free(struct chain *chain);

/* Another leaf of its subordinate. */
void leaf_make(struct pair *out, const struct chain *chain, const char *san);

/* ---- verifying --------------------------------------------------------- */

#define NO_PURPOSE (-1)

struct question {
    X509_STORE *store; /* NULL: a new one */
    X509 *leaf;
    X509 *untrusted[3];
    int purpose; /* 0: sslserver */
    unsigned long flags;
    unsigned long less_flags; /* to be cleared */
    const char *host, *more_host, *ip, *email;
    OSSL_LIB_CTX *lib;
    X509_CRL *crl;
    bool trusted_stack; /* an empty one */
};

/* The error code; *depth and *top (or NULL) of the chain that was built. */
struct answer {
    int error;
    int depth;
    X509 *top; /* one reference */
};

int verify(const struct question *question, struct answer *answer);
void answer_clear(struct answer *answer);

/* The usual question about a chain, with a new store. */
int verify_chain(const struct chain *chain);
int verify_leaf(const struct chain *chain, const struct pair *leaf);
int verify_in(X509_STORE *store, const struct chain *chain);

/* One TLS connection in memory. */
struct tls {
    SSL_CTX *client, *server; /* NULL: as is usual */
    const struct pair *server_pair, *client_pair;
    X509 *extra;            /* sent by whoever has a pair */
    STACK_OF(X509) * chain; /* sent by the server, in its place */
    const char *host;
    int version;
    long client_result, server_result; /* SSL_get_verify_result() */
    bool verify_client;
    bool trust_nothing; /* the client does not verify */
};
bool handshake(struct tls *tls);
bool handshake_with(const struct chain *chain, const struct pair *leaf,
                    const char *host);

/* A chain that has nothing to do with us, and whether it still verifies. */
void stranger_make(struct chain *out);
bool stranger_verifies(const struct chain *stranger);

#endif
