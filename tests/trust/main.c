/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the tests of process-wide trust, each in a process of its own: all of
 * them, or the suites that are named as arguments, or one as SUITE/TEST.
 * Fails where a test fails, crashes, hangs or checks nothing, and where none
 * ran.
 */

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "tests.h"

static const struct suite *const suites[] = {
    &accept_suite, &refuse_suite,   &alone_suite,  &identity_suite,
    &choice_suite, &contexts_suite, &life_suite,   &bundles_suite,
    &faults_suite, &two_suite,      &shapes_suite, &unions_suite,
};

#define CHILD_WORD "--test"
#define TIME_LIMIT 30 /* seconds for a test */

void (*at_the_end)(void);

/* ---- in the process of a test ------------------------------------------ */

static atomic_uint checks;

/* One line is one write, whoever else writes. */
static void report(const char *format, ...) PRINTF(1, 2);

static void report(const char *format, ...)
{
    char line[2048];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (size < 0)
        return;
    size = (int)strlen(line);
    line[size++] = '\n';
    if (write(REPORT_FD, line, (size_t)size) != size)
        _exit(125);
}

static void report_failure(const char *file, int line, const char *format,
                           va_list args) PRINTF(3, 0);

static void report_failure(const char *file, int line, const char *format,
                           va_list args)
{
    char text[1024];

    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    report("! %d %s %s", line, file, text);
}

bool check_row(bool good, const char *file, int line, const char *format, ...)
{
    va_list args;

    atomic_fetch_add(&checks, 1);
    if (good)
        return true;
    va_start(args, format);
    report_failure(file, line, format, args);
    va_end(args);
    return false;
}

bool check_error(int actual, int expected, const char *file, int line,
                 const char *format, ...)
{
    va_list args;
    char text[512];

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    return check_row(actual == expected, file, line,
                     "[%s] is %d (%s), not %d (%s)", text, actual,
                     X509_verify_cert_error_string(actual), expected,
                     X509_verify_cert_error_string(expected));
}

void need(bool good, const char *what, const char *file, int line)
{
    if (good)
        return;
    report("! %d %s preparation failed: %s", line, file, what);
    _exit(1);
}

void skip(const char *format, ...)
{
    va_list args;
    char text[512];

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    report("~ %s", text);
    atomic_fetch_add(&checks, 1);
}

static const struct test *find_test(const char *suite, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        if (strcmp(suites[i]->name, suite) != 0)
            continue;
        for (size_t j = 0; j < suites[i]->count; j++) {
            if (strcmp(suites[i]->tests[j].name, name) == 0)
                return &suites[i]->tests[j];
        }
    }
    return NULL;
}

static char **own_arguments;

int run_again(const char *program)
{
    const char *const argv[] = {program,          own_arguments[1],
                                own_arguments[2], own_arguments[3],
                                own_arguments[4], NULL};
    char out[256];

    return run_program(argv, out, sizeof(out));
}

/* argv: program --test SUITE TEST FOLDER */
static int run_test(char **argv)
{
    const struct test *test = find_test(argv[2], argv[3]);

    own_arguments = argv;
    if (test == NULL || !find_module())
        return 124;
    set_folder(argv[4]);
    if (!test->unloaded)
        NEED(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
    test->run();
    report(". %u", atomic_load(&checks));
    if (at_the_end != NULL)
        at_the_end();
    return 0;
}

/* ---- in the process that runs them all --------------------------------- */

static bool fail_at(unsigned line, const char *file, const char *text)
{
    return CU_assertImplementation(CU_FALSE, line, text, file, "", CU_FALSE) ==
           CU_TRUE;
}

static bool fail(const char *text)
{
    return fail_at(0, "", text);
}

static char own_path[PATH_MAX];

/* Becomes the process of a test. */
static void become(const struct test *test, int report_fd)
{
    const char *suite = CU_get_current_suite()->pName;
    char path[PATH_SIZE], log[PATH_SIZE], folder[PATH_SIZE],
        debug[PATH_SIZE * 2];

    (void)path_of(path, "openssl.cnf");
    (void)snprintf(debug, sizeof(debug), "file:%s,level:2",
                   path_of(log, "log"));
    (void)setenv("OPENSSL_CONF", path, 1);
    (void)setenv("RDS_PROVIDER_DEBUG", debug, 1);
    (void)path_of(folder, "");
    folder[strlen(folder) - 1] = '\0';
    (void)alarm(TIME_LIMIT * slowness());
    if (report_fd != REPORT_FD)
        (void)dup2(report_fd, REPORT_FD);
    become_program((const char *const[]){own_path, CHILD_WORD, suite,
                                         test->name, folder, NULL});
    _exit(126);
}

/* One line of a test's report.  Returns whether it ends the report well. */
static bool take_line(char *line)
{
    char *file, *text;
    long number;

    line[strcspn(line, "\n")] = '\0';
    switch (line[0]) {
    case '.':
        if (strtol(line + 1, NULL, 10) > 0)
            return true;
        (void)fail("the test checked nothing");
        return true;
    case '~':
        (void)printf("\n    SKIPPED: %s ", line + 2);
        return false;
    case '!':
        number = strtol(line + 1, &file, 10);
        file++;
        text = strchr(file, ' ');
        if (text == NULL)
            break;
        *text++ = '\0';
        (void)fail_at((unsigned)number, file, text);
        return false;
    default:
        break;
    }
    (void)fail(line);
    return false;
}

static void collect(pid_t child, int fd)
{
    FILE *reports = fdopen(fd, "r");
    bool ended = false;
    char line[2048], text[256];
    int status = 0;

    while (reports != NULL && fgets(line, sizeof(line), reports) != NULL)
        ended |= take_line(line);
    if (reports != NULL)
        (void)fclose(reports);
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        (void)snprintf(text, sizeof(text), "ended by signal %d%s",
                       WTERMSIG(status),
                       WTERMSIG(status) == SIGALRM ? ": too slow" : "");
        (void)fail(text);
    } else if (WEXITSTATUS(status) != 0 || !ended) {
        (void)snprintf(text, sizeof(text), "ended with status %d%s",
                       WEXITSTATUS(status), ended ? "" : ", too early");
        (void)fail(text);
    }
    CU_PASS("the process has ended");
}

static bool prepare(const struct test *test, char root[PATH_SIZE])
{
    struct section section = {.trust = test->trust,
                              .absent = test->trust == NULL};
    const char *where = getenv("TMPDIR");
    char path[PATH_SIZE], trial[PATH_SIZE];

    if (test->trial && access(beside_module(trial, TRIAL_MODULE), R_OK) == 0)
        section.module = trial;

    (void)snprintf(root, PATH_SIZE, "%.300s/rds-trust.XXXXXX",
                   where != NULL && where[0] == '/' ? where : "/tmp");
    if (mkdtemp(root) == NULL)
        return false;
    set_folder(root);
    if (chmod(root, 0755) != 0 || mkdir(path_of(path, "bundles"), 0755) != 0)
        return false;
    (void)write_configuration(path, "openssl.cnf", &section);
    return true;
}

/* What every test of CUnit is. */
static void start_test(void)
{
    const struct test *test =
        find_test(CU_get_current_suite()->pName, CU_get_current_test()->pName);
    char root[PATH_SIZE];
    int ends[2];
    pid_t child;

    if (test == NULL || !prepare(test, root) || pipe2(ends, O_CLOEXEC) != 0) {
        (void)fail("cannot prepare the test");
        return;
    }
    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        become(test, ends[1]);
    (void)close(ends[1]);
    if (child > 0)
        collect(child, ends[0]);
    else
        (void)fail("cannot fork");
    remove_tree(root);
}

/* Whether an argument names the suite, or the suite and the test. */
static bool wanted(const struct suite *suite, const struct test *test,
                   int argc, char **argv)
{
    size_t size = strlen(suite->name);

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], suite->name, size) == 0 &&
            (argv[i][size] == '\0' ||
             (argv[i][size] == '/' &&
              strcmp(argv[i] + size + 1, test->name) == 0)))
            return true;
    }
    return argc <= 1;
}

static bool add_suite(const struct suite *suite, int argc, char **argv)
{
    CU_pSuite made = NULL;

    for (size_t i = 0; i < suite->count; i++) {
        if (!wanted(suite, &suite->tests[i], argc, argv))
            continue;
        if (made == NULL)
            made = CU_add_suite(suite->name, NULL, NULL);
        if (made == NULL ||
            CU_add_test(made, suite->tests[i].name, start_test) == NULL)
            return false;
    }
    return true;
}

static bool run(int argc, char **argv)
{
    unsigned failed, count;

    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        if (!add_suite(suites[i], argc, argv))
            return false;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    (void)CU_basic_run_tests();
    failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    count = CU_get_number_of_tests_run();
    (void)printf("trust-tests: %u tests, %u failures\n", count, failed);
    return failed == 0 && count != 0;
}

int main(int argc, char **argv)
{
    bool good = false;

    (void)umask(022);
    if (argc == 5 && strcmp(argv[1], CHILD_WORD) == 0)
        return run_test(argv);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (realpath("/proc/self/exe", own_path) != NULL && find_module() &&
        CU_initialize_registry() == CUE_SUCCESS) {
        good = run(argc, argv);
        CU_cleanup_registry();
    }
    return good ? 0 : 1;
}
