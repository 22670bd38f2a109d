/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit tests: registers every suite and runs them.  Ends with status 1
 * where a test failed or none ran.
 */

#include <CUnit/Basic.h>
#include <stdio.h>

#include "tests.h"

#define SUITE(name) {#name, NULL, NULL, NULL, NULL, name##_tests},

static CU_SuiteInfo suites[] = {TEST_SUITES(SUITE) CU_SUITE_INFO_NULL};

int main(void)
{
    unsigned failed, run;

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS) {
        (void)fprintf(stderr, "unit-tests: %s\n", CU_get_error_msg());
        return 1;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    (void)CU_basic_run_tests();
    failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    run = CU_get_number_of_tests_run();
    (void)printf("unit-tests: %u tests, %u asserts, %u failed\n", run,
                 CU_get_number_of_asserts(), failed);
    CU_cleanup_registry();
    return failed != 0 || run == 0 ? 1 : 0;
}
