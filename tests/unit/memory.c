/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that fails when a test says so.  Proves nothing by itself.
 *
 * The linker sends the calls of malloc() and calloc() in this program here
 * (--wrap); what libraries and libc allocate for themselves does not come by.
 */

#include <stdlib.h>

#include "tests.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
/* Visible: without versions of symbols, as in musl, the linker takes the calls
 * of libraries for wrapped, too, and refuses hidden ones. */
#pragma GCC visibility push(default)
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
#pragma GCC visibility pop

/* Until one fails, itself included; 0: none will. */
static _Thread_local unsigned left;

void memory_fail_at(unsigned nth)
{
    left = nth;
}

bool memory_failed(void)
{
    bool failed = left == 0;

    left = 0;
    return failed;
}

static bool fails(void)
{
    return left != 0 && --left == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}
