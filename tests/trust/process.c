/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders, configurations and processes of a test.
 */

#include <fcntl.h>
#include <ftw.h>
#include <openssl/conf.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "tests.h"

/* Later than any built-in set: bundles that AWS confirmed then do count. */
#define CONFIRMED 2114380800 /* 2037-01-01: fits into 32 bits */

#define LOG_MAX (1 << 20)

#define WORDS_MAX 8 /* of a program that runs under an emulator */

static char folder[PATH_SIZE / 2];
static char module[PATH_SIZE / 2];

void set_folder(const char *path)
{
    (void)snprintf(folder, sizeof(folder), "%s", path);
}

bool find_module(void)
{
    const char *from = getenv("RDS_MODULE");
    char *found;

    if (from == NULL)
        from = "build/rds.so";
    found = realpath(from, NULL);
    if (found == NULL || strlen(found) >= sizeof(module)) {
        perror(from);
        free(found);
        return false;
    }
    (void)snprintf(module, sizeof(module), "%s", found);
    free(found);
    return true;
}

const char *module_path(void)
{
    return module;
}

const char *beside_module(char out[PATH_SIZE], const char *name)
{
    const char *slash = strrchr(module, '/');

    (void)snprintf(out, PATH_SIZE, "%.*s/%s", (int)(slash - module), module,
                   name);
    return out;
}

const char *path_of(char out[PATH_SIZE], const char *name)
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", folder, name);
    return out;
}

bool copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    bool good = in != NULL && out != NULL;
    char bytes[65536];
    size_t size;

    while (good && (size = fread(bytes, 1, sizeof(bytes), in)) != 0)
        good = fwrite(bytes, 1, size, out) == size;
    if (in != NULL)
        (void)fclose(in);
    if (out != NULL && fclose(out) != 0)
        good = false;
    return good && chmod(to, 0755) == 0;
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

unsigned slowness(void)
{
    const char *text = getenv("RDS_SLOW");
    long factor = text != NULL ? strtol(text, NULL, 10) : 1;

    return factor >= 1 && factor <= 1000 ? (unsigned)factor : 1;
}

double now_seconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void sleep_ms(unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000,
                            (long)(milliseconds % 1000) * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* ---- configurations ---------------------------------------------------- */

const char *write_configuration(char out[PATH_SIZE], const char *name,
                                const struct section *section)
{
    char bundles[PATH_SIZE];
    FILE *file = fopen(path_of(out, name), "w");

    NEED(file != NULL);
    (void)fprintf(file, "openssl_conf = init\n[init]\nproviders = list\n"
                        "[list]\ndefault = builtin\n");
    if (!section->absent)
        (void)fprintf(file, "rds = own\n");
    (void)fprintf(file, "[builtin]\nactivate = 1\n");
    if (!section->absent) {
        (void)fprintf(file,
                      "[own]\nactivate = 1\nmodule = %s\nrds-bundles = %s\n",
                      section->module != NULL ? section->module : module,
                      section->bundles != NULL ? section->bundles
                                               : path_of(bundles, "bundles"));
        if (section->trust != NULL)
            (void)fprintf(file, "rds-trust = %s\n", section->trust);
        if (section->distrust != NULL)
            (void)fprintf(file, "rds-distrust = %s\n", section->distrust);
    }
    NEED(fclose(file) == 0);
    return out;
}

OSSL_LIB_CTX *context_new(const char *name, const struct section *section)
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    char path[PATH_SIZE];

    NEED(lib != NULL);
    NEED(OSSL_LIB_CTX_load_config(
             lib, write_configuration(path, name, section)) == 1);
    NEED(section->absent || OSSL_PROVIDER_available(lib, "rds") == 1);
    return lib;
}

void load_into_default(const char *name, const struct section *section)
{
    char path[PATH_SIZE];

    NEED(CONF_modules_load_file(write_configuration(path, name, section), NULL,
                                0) == 1);
}

/* ---- bundles and the log ----------------------------------------------- */

void write_bundle(const char *file, const X509 *const *certificates,
                  size_t count)
{
    const struct timespec times[2] = {{CONFIRMED, 0}, {CONFIRMED, 0}};
    char name[PATH_SIZE / 2], path[PATH_SIZE], beside[PATH_SIZE];
    FILE *out = fopen(path_of(beside, "new.pem"), "w");

    NEED(out != NULL);
    for (size_t i = 0; i < count; i++)
        NEED(PEM_write_X509(out, (X509 *)certificates[i]) == 1);
    NEED(fclose(out) == 0);
    NEED(utimensat(AT_FDCWD, beside, times, 0) == 0);
    (void)snprintf(name, sizeof(name), "bundles/%s", file);
    NEED(rename(beside, path_of(path, name)) == 0);
}

void write_root(const X509 *root)
{
    write_bundle(REGION "-bundle.pem", &root, 1);
}

void remove_bundle(const char *file)
{
    char name[PATH_SIZE / 2], path[PATH_SIZE];

    (void)snprintf(name, sizeof(name), "bundles/%s", file);
    NEED(unlink(path_of(path, name)) == 0);
}

size_t log_count(const char *part)
{
    static char text[LOG_MAX];
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(path, "log"), "r");
    size_t count = 0;

    if (file == NULL)
        return 0;
    while (fgets(text, sizeof(text), file) != NULL)
        count += strstr(text, part) != NULL;
    (void)fclose(file);
    return count;
}

void log_clear(void)
{
    char path[PATH_SIZE];

    (void)unlink(path_of(path, "log"));
}

/* ---- processes --------------------------------------------------------- */

/* Whether no other thread runs beside this one. */
static bool single_thread(void)
{
    struct stat st;

    return stat("/proc/self/task", &st) == 0 && st.st_nlink == 3;
}

/*
 * The child ends as another program: no leak check of our memory runs.  But
 * what was counted in the module is written at exit only.
 */
bool in_fork(bool (*body)(void *arg), void *arg)
{
    bool counted = getenv("RDS_COVERAGE") != NULL && single_thread();
    pid_t child = fork();
    int status = 0;
    bool good;

    if (child < 0)
        return false;
    if (child == 0) {
        (void)alarm(10 * slowness());
        good = body(arg);
        if (counted)
            exit(good ? 0 : 1);
        (void)(good ? execlp("true", "true", (char *)NULL)
                    : execlp("false", "false", (char *)NULL));
        _exit(1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static size_t read_all(int fd, char *out, size_t room)
{
    size_t used = 0;
    ssize_t got;
    char lost[256];

    do {
        got = used + 1 < room ? read(fd, out + used, room - 1 - used)
                              : read(fd, lost, sizeof(lost));
        if (got > 0 && used + 1 < room)
            used += (size_t)got;
    } while (got > 0);
    out[used] = '\0';
    return used;
}

void become_program(const char *const *argv)
{
    const char *emulator = getenv("RDS_EMULATOR");
    const char *words[WORDS_MAX + 2] = {emulator};
    size_t count = 0;

    if (emulator == NULL) {
        (void)execv(argv[0], (char *const *)argv);
        return;
    }
    while (argv[count] != NULL && count < WORDS_MAX) {
        words[count + 1] = argv[count];
        count++;
    }
    if (argv[count] == NULL)
        (void)execvp(emulator, (char *const *)words);
}

int run_program(const char *const *argv, char *out, size_t room)
{
    int ends[2], status = -1;
    pid_t child;

    NEED(pipe(ends) == 0);
    child = fork();
    NEED(child >= 0);
    if (child == 0) {
        (void)alarm(30 * slowness());
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        become_program(argv);
        _exit(127);
    }
    (void)close(ends[1]);
    (void)read_all(ends[0], out, room);
    (void)close(ends[0]);
    NEED(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
