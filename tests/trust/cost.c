/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rds-trust costs, as ratios against the same configuration without the
 * module.  Judges nothing: it prints a table.
 *
 * Each measurement runs in a process of its own, in turn with and without;
 * the table has medians of processor time, and instructions where valgrind is
 * installed.
 */

#include <ftw.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "tests.h"

#define ROUNDS 15 /* processes of each kind */
#define BATCHES 9 /* of the loop in a process */
#define CHILD_WORD "--measure"

/* ---- what the helpers of the tests need -------------------------------- */

static void complain(const char *format, ...) PRINTF(1, 2);

static void complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

bool check_row(bool good, const char *file, int line, const char *format, ...)
{
    if (!good)
        complain("%s:%d: %s", file, line, format);
    return good;
}

void need(bool good, const char *what, const char *file, int line)
{
    if (!good)
        complain("%s:%d: %s", file, line, what);
}

/* ---- what is measured -------------------------------------------------- */

static struct chain chain;
static X509_STORE *store;
static SSL_CTX *client, *server;

/* A pair of the folder, made once for all processes: RSA keys take long. */
static void take_pair(struct pair *out, const char *name,
                      const struct recipe *recipe)
{
    char path[PATH_SIZE], file[64];
    FILE *pem;

    (void)snprintf(file, sizeof(file), "%s.pem", name);
    pem = fopen(path_of(path, file), "r");
    if (pem == NULL) {
        pair_make(out, recipe);
        pem = fopen(path, "w");
        NEED(pem != NULL && PEM_write_X509(pem, out->certificate) == 1 &&
             PEM_write_PrivateKey(pem, out->key, NULL, NULL, 0, NULL, NULL) ==
                 1);
    } else {
        out->certificate = PEM_read_X509(pem, NULL, NULL, NULL);
        out->key = PEM_read_PrivateKey(pem, NULL, NULL, NULL);
        NEED(out->certificate != NULL && out->key != NULL);
    }
    NEED(fclose(pem) == 0);
}

static void make_chain(const char *root, const char *subordinate,
                       const char *leaf)
{
    take_pair(&chain.root, root,
              &(struct recipe){.kind = KIND_CA, .cn = root, .rsa = true});
    take_pair(&chain.subordinate, subordinate,
              &(struct recipe){.kind = KIND_CA,
                               .cn = subordinate,
                               .issuer = &chain.root,
                               .rsa = true});
    take_pair(&chain.leaf, leaf,
              &(struct recipe){
                  .cn = leaf, .issuer = &chain.subordinate, .rsa = true});
}

static void make_own_chain(void)
{
    make_chain("Amazon RDS " REGION " Root CA RSA2048 G1",
               "Amazon RDS " REGION " Subordinate CA RSA2048 G1.A.1", HOST);
    write_root(chain.root.certificate);
    sleep_ms(50); /* until the file's time is settled */
}

/* Whom the store knows: without rds-trust, the very root. */
static void prepare_verify(bool with)
{
    make_own_chain();
    store = X509_STORE_new();
    NEED(with || X509_STORE_add_cert(store, chain.root.certificate) == 1);
}

static void prepare_stranger(bool with)
{
    (void)with;
    make_chain("Example Root CA", "Example CA", "www.example.com");
    store = X509_STORE_new();
    NEED(X509_STORE_add_cert(store, chain.root.certificate) == 1);
}

static void prepare_handshake(bool with)
{
    make_own_chain();
    client = SSL_CTX_new(TLS_client_method());
    server = SSL_CTX_new(TLS_server_method());
    NEED(with || X509_STORE_add_cert(SSL_CTX_get_cert_store(client),
                                     chain.root.certificate) == 1);
}

static void prepare_nothing(bool with)
{
    (void)with;
    NEED(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
}

static void once_context(void)
{
    SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
}

static void once_verify(void)
{
    NEED(verify_in(store, &chain) == X509_V_OK);
}

static void once_unknown(void)
{
    NEED(verify_chain(&chain) != X509_V_OK);
}

static void once_handshake(void)
{
    struct tls tls = {.client = client,
                      .server = server,
                      .server_pair = &chain.leaf,
                      .extra = chain.subordinate.certificate,
                      .host = HOST};

    NEED(handshake(&tls));
}

static const struct measure {
    const char *name;
    const char *what;
    double aim;
    unsigned count;
    void (*prepare)(bool with);
    void (*once)(void);
} measures[] = {
    {"context", "SSL_CTX_new and free", 1.02, 200, prepare_nothing,
     once_context},
    {"stranger", "a stranger's chain, known", 1.01, 200, prepare_stranger,
     once_verify},
    {"unknown", "a stranger's chain, unknown", 1.01, 200, prepare_stranger,
     once_unknown},
    {"chain", "an RDS chain, warm", 1.02, 200, prepare_verify, once_verify},
    {"handshake", "a handshake, warm", 1.02, 30, prepare_handshake,
     once_handshake},
};

/* ---- in the process of a measurement ----------------------------------- */

static double processor_seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare_doubles);
    return values[count / 2];
}

static void run_batches(const struct measure *measure, unsigned count)
{
    double times[BATCHES];

    for (size_t i = 0; i < BATCHES; i++) {
        double from = processor_seconds();

        for (unsigned j = 0; j < count; j++)
            measure->once();
        times[i] = (processor_seconds() - from) / count;
    }
    (void)printf("%.9f\n", median(times, BATCHES));
}

/*
 * argv: program --measure NAME with|without TIMES FOLDER; TIMES 0 stands for
 * the usual number, in batches, and a time on the standard output.
 */
static int run_measure(char **argv)
{
    bool with = strcmp(argv[3], "with") == 0;
    long times = strtol(argv[4], NULL, 10);

    set_folder(argv[5]);
    for (size_t i = 0; i < COUNT_OF(measures); i++) {
        if (strcmp(measures[i].name, argv[2]) != 0)
            continue;
        measures[i].prepare(with);
        measures[i].once();
        for (long j = 0; j < times; j++)
            measures[i].once();
        if (times == 0)
            run_batches(&measures[i], measures[i].count);
        return 0;
    }
    return 2;
}

/* ---- in the process that prints the table ------------------------------ */

static char own_path[PATH_SIZE];
static char folder[PATH_SIZE];

static void set_environment(bool with)
{
    char path[PATH_SIZE];

    NEED(setenv("OPENSSL_CONF",
                path_of(path, with ? "with.cnf" : "without.cnf"), 1) == 0);
}

static double time_of(const struct measure *measure, bool with)
{
    const char *const argv[] = {
        own_path, CHILD_WORD, measure->name, with ? "with" : "without",
        "0",      folder,     NULL};
    char out[256];

    set_environment(with);
    NEED(run_program(argv, out, sizeof(out)) == 0);
    return strtod(out, NULL);
}

/* The instructions of a program, or 0 where valgrind is missing. */
static double instructions_of(const char *const *command, bool with)
{
    const char *argv[24] = {"/bin/sh", "-c",
                            "exec valgrind --tool=callgrind "
                            "--callgrind-out-file=/dev/null \"$@\" 2>&1 | "
                            "sed -n 's/.*Collected : *//p'",
                            "sh"};
    size_t count = 4;
    char out[256];

    for (; *command != NULL && count + 1 < COUNT_OF(argv); command++)
        argv[count++] = *command;
    argv[count] = NULL;
    set_environment(with);
    return run_program(argv, out, sizeof(out)) == 0 ? strtod(out, NULL) : 0;
}

/* Of one time, as the difference between a few and twice as many. */
static double instructions_once(const struct measure *measure, bool with)
{
    const char *argv[] = {
        own_path, CHILD_WORD, measure->name, with ? "with" : "without",
        "10",     folder,     NULL};
    double few = instructions_of(argv, with);

    argv[4] = "30";
    return (instructions_of(argv, with) - few) / 20;
}

static void print_row(const char *what, const char *unit, double without,
                      double with, double aim)
{
    if (without <= 0 || with <= 0)
        (void)printf("  %-28s %-12s (not measured)\n", what, unit);
    else
        (void)printf("  %-28s %-12s %12.1f %12.1f %7.3f %6.2f%s\n", what, unit,
                     without, with, with / without, aim,
                     with / without > aim ? "  missed" : "");
}

static void measure_one(const struct measure *measure)
{
    double times[2][ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        for (int with = 0; with < 2; with++)
            times[with][i] = time_of(measure, with == 1);
    }
    print_row(measure->what, "us", median(times[0], ROUNDS) * 1e6,
              median(times[1], ROUNDS) * 1e6, measure->aim);
    if (strcmp(measure->name, "handshake") != 0) /* its keys are random */
        print_row("", "instructions", instructions_once(measure, false),
                  instructions_once(measure, true), measure->aim);
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void prepare(void)
{
    const struct section with = {.trust = TRUST}, without = {.absent = true};
    char path[PATH_SIZE];

    (void)snprintf(folder, sizeof(folder), "/tmp/rds-cost.XXXXXX");
    NEED(mkdtemp(folder) != NULL);
    set_folder(folder);
    NEED(mkdir(path_of(path, "bundles"), 0755) == 0);
    (void)write_configuration(path, "with.cnf", &with);
    (void)write_configuration(path, "without.cnf", &without);
}

int main(int argc, char **argv)
{
    static const char *const version[] = {"openssl", "version", NULL};
    ssize_t size;

    (void)umask(022);
    if (!find_module())
        return 1;
    if (argc == 6 && strcmp(argv[1], CHILD_WORD) == 0)
        return run_measure(argv);
    size = readlink("/proc/self/exe", own_path, sizeof(own_path) - 1);
    NEED(size > 0);
    prepare();
    (void)printf("  %-28s %-12s %12s %12s %7s %6s\n", "", "unit", "without",
                 "with", "ratio", "aim");
    for (size_t i = 0; i < COUNT_OF(measures); i++)
        measure_one(&measures[i]);
    print_row("openssl version", "instructions",
              instructions_of(version, false), instructions_of(version, true),
              1.03);
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
