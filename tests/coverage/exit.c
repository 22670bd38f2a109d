/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process has counted is written when it calls exit().  A child of
 * rdsca doctor ends by _exit(), so that nothing which it loaded has a say;
 * with --wrap its calls come here first.  Part of no other build.
 */

#include <stdnoreturn.h>

void __gcov_dump(void);
noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
