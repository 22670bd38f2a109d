/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_DIAGNOSIS_H
#define RDSCA_DIAGNOSIS_H

/*
 * What facts mean, where the facts are rare or need another machine: a known
 * bad version of OpenSSL, a file that may not be opened.  Pure: the facts are
 * passed in, so that all of them can be tested here.
 */

#include <limits.h>

#include "rds/error.h"
#include "../cli/shell_quote.h"

enum rdsca_level { RDSCA_OK, RDSCA_NOTE, RDSCA_PROBLEM, RDSCA_LEVELS };

/* How a mend is to be used. */
enum rdsca_how {
    RDSCA_MEND_RUN,    /* commands for a shell */
    RDSCA_MEND_APPEND, /* lines to append to a file; sections are merged, and
                        * of two values for a name the later one holds */
    RDSCA_MEND_REMOVE, /* lines to remove from a file */
    RDSCA_MEND_DO,     /* words for a person */
    RDSCA_HOWS
};

struct rdsca_diagnosis {
    enum rdsca_level level;
    char text[RDS_ERROR_TEXT];
    enum rdsca_how how;
    char file[RDS_ERROR_TEXT]; /* that APPEND and REMOVE are about, or "" */
    char mend[2 * RDSCA_WORD_MAX]; /* empty where all is well */
};

/* A version of libcrypto, as OPENSSL_version_major() and so on tell it. */
void rdsca_diagnose_openssl(unsigned major, unsigned minor, unsigned patch,
                            struct rdsca_diagnosis *out);

/* A path that could not be opened: EACCES or EPERM. */
struct rdsca_denial {
    const char *path;
    bool directory;
    bool module;         /* a file to be mapped and executed */
    bool noexec;         /* its mount forbids that */
    const char *barrier; /* it or the directory above it whose owner and mode
                          * forbid it; NULL: the modes allow it */
    const char *label;   /* what /proc/self/attr/current says, or "" */
    bool apparmor;       /* the kernel's AppArmor is on */
    bool selinux;        /* SELinux is on, and enforces */
    unsigned long user;  /* who asked */
};

void rdsca_diagnose_denial(const struct rdsca_denial *denial,
                           struct rdsca_diagnosis *out);

#endif
