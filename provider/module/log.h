/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_LOG_H
#define RDS_LOG_H

/*
 * The debug log: what happens where nobody reads OpenSSL's error queue.
 *
 * RDS_PROVIDER_DEBUG=file:/absolute/path[,level:N] in the environment turns
 * it on, except in programs that run with raised privileges.  Each line is
 * one write to a file that is opened with O_APPEND and O_NOFOLLOW, made with
 * mode 0600, and closed again, so that no descriptor of ours stays in the
 * host process.  errno is preserved.  Thread-safe.
 */

#include "rds/error.h"

enum rds_log_level {
    RDS_LOG_ERROR = 1, /* refused files, bad configuration */
    RDS_LOG_INFO = 2,  /* decisions */
    RDS_LOG_TRACE = 3, /* every call */
};

/*
 * Reads the variable's text, file:/path[,level:N] with N from 1 to 3; false
 * for anything else, which leaves the log off.
 */
#define RDS_LOG_PATH_MAX 512 /* bytes, NUL included */
RDS_MUST_CHECK bool rds_log_read(const char *text, char path[RDS_LOG_PATH_MAX],
                                 int *level);

/* Reads the environment; once, from OSSL_provider_init. */
void rds_log_start(void);

extern _Atomic int rds_log_limit; /* 0: off */

/* Costs one comparison where the log is off. */
#define rds_log(level, ...)                                                   \
    do {                                                                      \
        if ((int)(level) <= rds_log_limit)                                    \
            rds_log_write(level, __VA_ARGS__);                                \
    } while (0)

void rds_log_write(enum rds_log_level level, const char *format, ...)
    RDS_PRINTF(2, 3);

/* The same as an rds_report_fn, for the trust store. */
void rds_log_report(void *arg, const char *line);

#endif
