/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_LIST_ANSWER_H
#define RDSCA_LIST_ANSWER_H

/*
 * What list, timeline and export share: reading options, the answer to a URI,
 * and saying what an anchor is.
 */

#include <getopt.h>

#include <openssl/x509.h>

#include "command.h"

/* ---- options ----------------------------------------------------------- */

/*
 * The next option, as getopt_long(3) with `longs`, each of which has a letter
 * in `val`; -1 at the end; '?' after a complaint.  `shorts` begins with ':'.
 */
int rdsca_option(const char *name, int argc, char **argv, const char *shorts,
                 const struct option *longs);

/*
 * What stands behind the options: at most one word, NULL where there is none.
 * False after a complaint.
 */
RDS_MUST_CHECK bool rdsca_operand(const char *name, int argc, char **argv,
                                  const char **word);

/* ---- the answer -------------------------------------------------------- */

/* The answer to a URI, at one moment. */
struct rdsca_answer {
    const char *uri; /* borrowed */
    int64_t now;     /* seconds since 1970-01-01 UTC */
    struct rdsca_trust trust;
    struct rds_selection selection;
};

/*
 * Opens the trust store and selects; `uri` NULL means rds://all.  A directory
 * that is named must exist; it may be relative.  RDSCA_FINE, or another code
 * after a complaint; then there is nothing to close.
 */
enum rdsca_exit rdsca_answer_open(struct rdsca_answer *out, const char *name,
                                  const char *uri, const char *directory);
void rdsca_answer_close(struct rdsca_answer *answer);

const struct rds_entry *rdsca_answer_entry(const struct rdsca_answer *answer,
                                           size_t i);

/* ---- saying what an anchor is ------------------------------------------ */

#define RDSCA_DAY 86400

/* Whole days until it expires, negative where it has. */
int64_t rdsca_days_left(const struct rds_anchor *anchor, int64_t now);

/* "us-west-2", "us-east-1 beta", "all of aws-cn", "RDS Proxy". */
#define RDSCA_PLACE_MAX 40
const char *rdsca_place(char out[RDSCA_PLACE_MAX],
                        const struct rds_anchor *anchor);

/* "2061-05-18T22:49:47Z" */
#define RDSCA_TIME_MAX 32
const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds);

/* The certificate in libcrypto, to be freed; NULL where it cannot be read. */
X509 *rdsca_x509(const struct rds_entry *entry);

/* "RSA 2048", "EC P-384"; "?" where it cannot be read. */
#define RDSCA_KEY_MAX 40
const char *rdsca_key(char out[RDSCA_KEY_MAX], const struct rds_entry *entry);

/* ---- writing files ----------------------------------------------------- */

/*
 * Gives the bytes to standard output where `path` is "-" or NULL; else
 * replaces the file, unless it holds them already, and says so on standard
 * output, `what` being its content ("90 certificates").  Refuses to replace
 * what is not a regular file, links included.
 */
enum rdsca_exit rdsca_deliver(const char *name, const char *path,
                              const void *bytes, size_t size,
                              const char *what);

#endif
