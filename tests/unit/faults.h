/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_UNIT_FAULTS_H
#define RDS_UNIT_FAULTS_H

/*
 * Faults in the calls by which files are read.  The linker leads these calls
 * of the tests' program to faults.c (--wrap), which passes them on unless a
 * fault is set.  One at a time; the other threads of a test have none.
 */

#include <stdbool.h>
#include <stddef.h>

/* The name of a call in upper case, and its name. */
#define FAULT_CALLS(F)                                                        \
    F(OPENAT, openat)                                                         \
    F(FSTAT, fstat)                                                           \
    F(FSTATAT, fstatat)                                                       \
    F(FSTATVFS, fstatvfs)                                                     \
    F(FDOPENDIR, fdopendir)                                                   \
    F(READDIR, readdir)                                                       \
    F(READ, read)

enum fault_call {
#define FAULT_ENUM(upper, lower) FAULT_##upper,
    FAULT_CALLS(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_KINDS
};

struct fault {
    enum fault_call call;
    unsigned first;         /* the call at which it strikes first, from 1 */
    unsigned times;         /* calls in a row; 0: each from there on */
    void (*before)(void *); /* done before the call, or NULL */
    void *arg;              /* of that */
    int error;              /* errno of a call that fails, or 0 */
    size_t most;            /* bytes that a read gives at most, or 0 */
};

/* Sets it, for this thread; it is copied. */
void fault_set(const struct fault *fault);

/* Takes it away.  Returns how often it struck. */
unsigned fault_clear(void);

/* The name of a call, for messages. */
const char *fault_name(enum fault_call call);

#endif
