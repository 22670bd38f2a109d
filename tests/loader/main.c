/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the loader tests: all of them, or the suites that are named as
 * arguments.  Fails where a test fails and where none ran.
 */

#include <CUnit/Basic.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests.h"

/*
 * The log's settings are read once, and a default context is filled once, so
 * these two come first; they do all in children.
 */
static const struct suite *const suites[] = {
    &log_suite,       &bare_suite,      &object_suite,   &open_suite,
    &load_suite,      &search_suite,    &hostile_suite,  &by_store_suite,
    &providers_suite, &directory_suite, &contexts_suite, &threads_suite,
};

/* What a test leaves in the error queue would mislead the next one. */
static void forget_errors(void)
{
    ERR_clear_error();
}

static bool named(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(name, argv[i]) == 0)
            return true;
    }
    return argc <= 1;
}

static bool add_suite(const struct suite *suite)
{
    CU_pSuite made = CU_add_suite_with_setup_and_teardown(
        suite->name, NULL, NULL, NULL, forget_errors);

    for (size_t i = 0; made != NULL && i < suite->count; i++) {
        if (CU_add_test(made, suite->tests[i].name, suite->tests[i].run) ==
            NULL)
            return false;
    }
    return made != NULL;
}

static bool run(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        if (named(suites[i]->name, argc, argv) && !add_suite(suites[i]))
            return false;
    }
    return CU_basic_run_tests() == CUE_SUCCESS &&
           CU_get_number_of_tests_run() != 0 &&
           CU_get_number_of_failures() == 0 &&
           CU_get_number_of_suites_failed() == 0;
}

int main(int argc, char **argv)
{
    bool good = false;

    (void)umask(022);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (!temp_start() || CU_initialize_registry() != CUE_SUCCESS) {
        (void)fprintf(stderr, "cannot start\n");
    } else {
        good = run(argc, argv);
        CU_cleanup_registry();
    }
    temp_end();
    OPENSSL_cleanup();
    return good ? 0 : 1;
}
