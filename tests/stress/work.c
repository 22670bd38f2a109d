/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the threads ask, and what each answer says of the directory.  Refuses
 * any answer that does not fit what can have been there.
 */

#include <openssl/err.h>
#include <openssl/store.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "stress.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define WEST_URI "rds://region/" REGION
#define BUILT_IN 3 /* roots of a region */
#define FAULTS_SHOWN 5

#define KINDS_MAX 16
#define YES 1U
#define NO 2U

struct count {
    unsigned long yes, no, exact;
};

struct question_kind;

struct worker {
    pthread_t thread;
    unsigned random;
    const struct question_kind *kind; /* of the question at hand */
    struct count *count;              /* for it */
    struct count counts[KINDS_MAX];
};

struct question_kind {
    const char *name;
    void (*ask)(struct worker *worker);
    unsigned weight;
    unsigned answers; /* that must be seen: YES, NO */
};

static struct worker workers[THREADS];
static atomic_bool stopping;
static atomic_uint answered[KINDS_MAX]; /* YES, NO */
static atomic_ulong faults;

/* What the threads share, as the threads of a server do. */
static X509_STORE *shared_store;
static SSL_CTX *shared_client, *shared_server;
static struct pair evil_leaf, astray_leaf;

/* ---- judging ----------------------------------------------------------- */

static void tally(struct worker *worker, bool yes)
{
    (void)atomic_fetch_or(&answered[worker->count - worker->counts],
                          yes ? YES : NO);
    if (yes)
        worker->count->yes++;
    else
        worker->count->no++;
}

static void fault(const struct worker *worker, unsigned began, contents fits,
                  contents allowed)
{
    unsigned ended = world_phase();

    if (atomic_fetch_add(&faults, 1) >= FAULTS_SHOWN)
        return;
    (void)fprintf(stderr,
                  "stress: wrong answer to '%s', phases %u to %u: fits %04x, "
                  "allowed %04x\n",
                  worker->kind->name, began, ended, fits, allowed);
    world_tell(began, ended);
}

/* The answer fits some contents of the file; one of them may be there. */
static void judge(struct worker *worker, enum reader reader, enum moving file,
                  unsigned began, contents fits)
{
    bool exact;
    contents allowed = world_allows(reader, file, began, &exact);

    if ((fits & allowed) == 0) {
        fault(worker, began, fits, allowed);
        return;
    }
    if (!exact)
        return;
    worker->count->exact++;
    world_seen(reader, began);
}

/* An answer that never changes. */
static void judge_always(struct worker *worker, unsigned began, bool good)
{
    if (!good)
        fault(worker, began, 0, 0);
    worker->count->exact++;
}

/* The contents that have a root, or lack it. */
static contents having(unsigned root, bool yes)
{
    contents all = 0;

    for (unsigned content = 0; content < CONTENTS; content++) {
        if (((content & root) != 0) == yes)
            all |= ONLY(content);
    }
    return all;
}

/* No other answer than yes and "no issuer" is right, ever. */
static contents fitting(unsigned root, int error)
{
    if (error != X509_V_OK && error != NO_ISSUER)
        return 0;
    return having(root, error == X509_V_OK);
}

/* ---- chains ------------------------------------------------------------ */

static unsigned pick(struct worker *worker, unsigned limit)
{
    return random_below(&worker->random, limit);
}

/* In a new store, as each connection of some clients has; or in the shared
 * one. */
static int verify_somewhere(struct worker *worker, const struct chain *chain)
{
    return pick(worker, 2) != 0 ? verify_in(shared_store, chain)
                                : verify_chain(chain);
}

static void ask_chain(struct worker *worker)
{
    bool old = pick(worker, 2) != 0;
    unsigned began = world_phase();
    int error = verify_somewhere(worker, old ? &old_chain : &new_chain);

    judge(worker, READER_TRUST, MOVING_WEST, began,
          fitting(old ? CONTENT_OLD : CONTENT_NEW, error));
    tally(worker, error == X509_V_OK);
}

static void ask_steady_chain(struct worker *worker)
{
    unsigned began = world_phase();
    int error = verify_somewhere(worker, &steady_chain);

    judge_always(worker, began, error == X509_V_OK);
    tally(worker, error == X509_V_OK);
}

/* Another name, another region, a root out of scope, nobody's root. */
static void ask_bad_chain(struct worker *worker)
{
    unsigned began = world_phase();
    int error = X509_V_OK;

    switch (pick(worker, 4)) {
    case 0:
        error = verify_leaf(&steady_chain, &evil_leaf);
        break;
    case 1:
        error = verify_leaf(&steady_chain, &astray_leaf);
        break;
    case 2:
        error = verify_somewhere(worker, &foo_chain);
        break;
    default:
        error = verify_somewhere(worker, &stranger_chain);
        break;
    }
    judge_always(worker, began, error == NO_ISSUER);
    tally(worker, error == X509_V_OK);
}

static void ask_stranger(struct worker *worker)
{
    unsigned began = world_phase();
    bool good = stranger_verifies(&stranger_chain);

    judge_always(worker, began, good);
    tally(worker, good);
}

/* A store that asks a URI, for a root that rds-trust does not offer. */
static void ask_by_store(struct worker *worker)
{
    X509_STORE *store = X509_STORE_new();
    unsigned began = world_phase();
    int error = NO_ISSUER;

    NEED(store != NULL);
    if (X509_STORE_load_store(store, FOO_URI) == 1)
        error = verify_in(store, &foo_chain);
    judge(worker, READER_STORE, MOVING_FOO, began,
          fitting(CONTENT_FOO, error));
    tally(worker, error == X509_V_OK);
    X509_STORE_free(store);
}

/* ---- TLS --------------------------------------------------------------- */

/* The verification's result; the handshake goes as it says. */
static int connect_to(struct worker *worker, const struct chain *chain,
                      const struct pair *leaf)
{
    bool shared = pick(worker, 2) != 0;
    struct tls tls = {.client = shared ? shared_client : NULL,
                      .server = shared ? shared_server : NULL,
                      .server_pair = leaf,
                      .extra = chain->subordinate.certificate,
                      .version = pick(worker, 2) != 0 ? TLS1_2_VERSION : 0};
    bool connected = handshake(&tls);

    if (connected != (tls.client_result == X509_V_OK))
        return X509_V_ERR_UNSPECIFIED;
    return (int)tls.client_result;
}

static void ask_handshake(struct worker *worker)
{
    bool old = pick(worker, 2) != 0;
    const struct chain *chain = old ? &old_chain : &new_chain;
    unsigned began = world_phase();
    int error = connect_to(worker, chain, &chain->leaf);

    judge(worker, READER_TRUST, MOVING_WEST, began,
          fitting(old ? CONTENT_OLD : CONTENT_NEW, error));
    tally(worker, error == X509_V_OK);
}

static void ask_steady_handshake(struct worker *worker)
{
    bool evil = pick(worker, 2) != 0;
    unsigned began = world_phase();
    int error = connect_to(worker, &steady_chain,
                           evil ? &evil_leaf : &steady_chain.leaf);

    judge_always(worker, began, error == (evil ? NO_ISSUER : X509_V_OK));
    tally(worker, error == X509_V_OK);
}

/* ---- URIs -------------------------------------------------------------- */

/* What is found, and which of the roots that we know are among it. */
struct found {
    bool opened;
    unsigned count;
    enum content content; /* of the west */
};

static void take(struct found *found, const X509 *certificate)
{
    found->count++;
    if (X509_cmp(certificate, old_chain.root.certificate) == 0)
        found->content |= CONTENT_OLD;
    if (X509_cmp(certificate, new_chain.root.certificate) == 0)
        found->content |= CONTENT_NEW;
}

static bool narrow(OSSL_STORE_CTX *ctx, X509_NAME *subject)
{
    OSSL_STORE_SEARCH *search = OSSL_STORE_SEARCH_by_name(subject);
    bool good = search != NULL && OSSL_STORE_find(ctx, search) == 1;

    OSSL_STORE_SEARCH_free(search);
    return good;
}

static struct found look(OSSL_LIB_CTX *lib, const char *uri,
                         X509_NAME *subject)
{
    OSSL_STORE_CTX *ctx =
        OSSL_STORE_open_ex(uri, lib, NULL, NULL, NULL, NULL, NULL, NULL);
    struct found found = {.opened = ctx != NULL};

    if (ctx != NULL && subject != NULL)
        NEED(narrow(ctx, subject));
    while (ctx != NULL && OSSL_STORE_eof(ctx) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(ctx);

        if (info == NULL)
            continue;
        NEED(OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT);
        take(&found, OSSL_STORE_INFO_get0_CERT(info));
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(ctx);
    ERR_clear_error();
    return found;
}

static unsigned roots_in(enum content content)
{
    return (content & 1U) + (content >> 1);
}

/* All of a region: the bundle's roots alone, else the built-in ones. */
static void ask_region(struct worker *worker)
{
    unsigned began = world_phase();
    struct found found = look(NULL, WEST_URI, NULL);
    unsigned wanted =
        found.content == CONTENT_NONE ? BUILT_IN : roots_in(found.content);

    judge(worker, READER_STORE, MOVING_WEST, began,
          found.opened && found.count == wanted ? ONLY(found.content) : 0);
    tally(worker, found.content != CONTENT_NONE);
}

/* Old, new and one of the built-in roots have the same name. */
static void ask_subject(struct worker *worker)
{
    unsigned began = world_phase();
    struct found found = look(
        NULL, WEST_URI, X509_get_subject_name(old_chain.root.certificate));
    unsigned wanted =
        found.content == CONTENT_NONE ? 1 : roots_in(found.content);

    judge(worker, READER_STORE, MOVING_WEST, began,
          found.opened && found.count == wanted ? ONLY(found.content) : 0);
    tally(worker, found.content != CONTENT_NONE);
}

static void ask_foo(struct worker *worker)
{
    unsigned began = world_phase();
    struct found found =
        look(NULL, FOO_URI, X509_get_subject_name(foo_chain.root.certificate));

    judge(worker, READER_STORE, MOVING_FOO, began,
          found.count != (unsigned)found.opened
              ? 0
              : having(CONTENT_FOO, found.opened));
    tally(worker, found.opened);
}

static void ask_steady_uri(struct worker *worker)
{
    static const struct {
        const char *uri;
        unsigned count; /* 0: an error */
    } rows[] = {{"rds://region/" STEADY_REGION, 1},
                {"rds://region/eu-west-3", BUILT_IN},
                {"rds://region/us-wets-2", 0},
                {"rds://region/eu-west-3,us-wets-2", 0}};
    size_t row = pick(worker, COUNT_OF(rows));
    unsigned began = world_phase();
    struct found found = look(NULL, rows[row].uri, NULL);

    judge_always(worker, began,
                 found.count == rows[row].count &&
                     found.opened == (rows[row].count != 0));
    tally(worker, found.opened);
}

/* A library context comes, loads the module once more, and goes. */
static void ask_context(struct worker *worker)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    unsigned began = world_phase();
    struct found found = {0};
    char path[PATH_SIZE];

    NEED(lib != NULL &&
         OSSL_LIB_CTX_load_config(lib, path_of(path, "openssl.cnf")) == 1);
    found = look(lib, "rds://region/eu-west-3", NULL);
    judge_always(worker, began, found.count == BUILT_IN);
    tally(worker, found.opened);
    OPENSSL_thread_stop_ex(lib);
    OSSL_LIB_CTX_free(lib);
}

/* ---- threads ----------------------------------------------------------- */

static const struct question_kind kinds[] = {
    {"a chain", ask_chain, 12, YES | NO},
    {"a chain to a root that stays", ask_steady_chain, 6, YES},
    {"a chain to refuse", ask_bad_chain, 6, NO},
    {"a stranger's chain", ask_stranger, 3, YES},
    {"a chain with -CAstore", ask_by_store, 6, YES | NO},
    {"a handshake", ask_handshake, 10, YES | NO},
    {"a handshake, always the same", ask_steady_handshake, 6, YES | NO},
    {"a region", ask_region, 10, YES | NO},
    {"a search by subject", ask_subject, 10, YES | NO},
    {"a region that comes and goes", ask_foo, 10, YES | NO},
    {"a region that stays", ask_steady_uri, 6, YES | NO},
    {"a library context", ask_context, 1, YES},
};
_Static_assert(COUNT_OF(kinds) <= KINDS_MAX, "every kind is counted");

static size_t pick_kind(struct worker *worker)
{
    unsigned sum = 0, at;
    size_t kind = 0;

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        sum += kinds[i].weight;
    at = pick(worker, sum);
    while (at >= kinds[kind].weight)
        at -= kinds[kind++].weight;
    return kind;
}

static void *work(void *arg)
{
    struct worker *worker = arg;

    while (!atomic_load(&stopping)) {
        size_t kind = pick_kind(worker);

        worker->kind = &kinds[kind];
        worker->count = &worker->counts[kind];
        kinds[kind].ask(worker);
        ERR_clear_error();
    }
    return NULL;
}

void work_start(unsigned seed)
{
    shared_store = X509_STORE_new();
    shared_client = SSL_CTX_new(TLS_client_method());
    shared_server = SSL_CTX_new(TLS_server_method());
    NEED(shared_store != NULL && shared_client != NULL &&
         shared_server != NULL);
    leaf_make(&evil_leaf, &steady_chain, "DNS:" EVIL);
    leaf_make(&astray_leaf, &steady_chain, "DNS:" HOST);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].random = seed + i * 7919;
        NEED(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
}

void work_stop(void)
{
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < THREADS; i++)
        NEED(pthread_join(workers[i].thread, NULL) == 0);
    X509_STORE_free(shared_store);
    SSL_CTX_free(shared_client);
    SSL_CTX_free(shared_server);
    pair_free(&evil_leaf);
    pair_free(&astray_leaf);
}

unsigned long work_faults(void)
{
    return atomic_load(&faults);
}

static struct count count_of(size_t kind)
{
    struct count sum = {0, 0, 0};

    for (size_t i = 0; i < THREADS; i++) {
        sum.yes += workers[i].counts[kind].yes;
        sum.no += workers[i].counts[kind].no;
        sum.exact += workers[i].counts[kind].exact;
    }
    return sum;
}

bool work_whole(void)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (atomic_load(&answered[i]) != kinds[i].answers)
            return false;
    }
    return true;
}

void work_report(void)
{
    unsigned long all = 0;

    (void)printf("%-30s %9s %9s %9s\n", "asked for", "yes", "no",
                 "in one phase");
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct count count = count_of(i);

        (void)printf("%-30s %9lu %9lu %9lu\n", kinds[i].name, count.yes,
                     count.no, count.exact);
        all += count.yes + count.no;
    }
    (void)printf("%lu questions by %d threads, %lu wrong answers\n", all,
                 THREADS, work_faults());
}
