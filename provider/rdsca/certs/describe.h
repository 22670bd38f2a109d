/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_DESCRIBE_H
#define RDSCA_DESCRIBE_H

/*
 * Saying what an anchor is, in the words that all subcommands use.
 */

#include <openssl/x509.h>

#include "rds/anchor.h"

#define RDSCA_DAY 86400 /* seconds */

/*
 * Days before its end in which a CA certificate counts as expiring.  Replacing
 * a CA takes months: each server needs another certificate first.
 */
#define RDSCA_SOON 180

/* Whole days until `not_after`, negative where it is over. */
int64_t rdsca_days_left(int64_t not_after, int64_t now);

/* "us-west-2", "us-east-1 beta", "all of aws-cn", "RDS Proxy". */
#define RDSCA_PLACE_MAX 40
const char *rdsca_place(char out[RDSCA_PLACE_MAX],
                        const struct rds_anchor *anchor);

/*
 * "rds-ca-ecc384-g1 of us-west-2", "amazon-root-ca-1 of Amazon Trust
 * Services"; "an RDS CA of us-west-2" where the anchor has no CA identifier.
 */
#define RDSCA_WORDS_MAX 160
const char *rdsca_ca_words(char out[RDSCA_WORDS_MAX],
                           const struct rds_anchor *anchor);

/* "2061-05-18T22:49:47Z" */
#define RDSCA_TIME_MAX 32
const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds);

/*
 * Seconds since 1970-01-01 UTC, or RDSCA_NO_TIME outside of the years 1950 to
 * 9999.  Not timegm(): time_t has 32 bits on some systems, and ends in 2038.
 */
#define RDSCA_NO_TIME INT64_MIN
int64_t rdsca_seconds(const struct tm *parts);

/* The certificate in libcrypto, to be freed; NULL where it cannot be read. */
X509 *rdsca_x509(const struct rds_entry *entry);

/*
 * A host name from outside, for display: whole where it has only letters,
 * digits, '.', '-', '_' and '*'; else by rds_quote().
 */
#define RDSCA_NAME_MAX 256
const char *rdsca_name(char out[RDSCA_NAME_MAX], const void *bytes,
                       size_t size);

/* The last common name of a Name by rdsca_name(), else all of it by
 * rds_quote(). */
const char *rdsca_cn(char out[RDSCA_NAME_MAX], const X509_NAME *name);

/*
 * All of a Name in the form of RFC 2253, in ASCII; to be freed with free().
 * NULL where it cannot be written so.
 */
char *rdsca_name_text(const X509_NAME *name);

/* "RSA 2048", "EC P-384"; "?" where it is NULL or cannot be read. */
#define RDSCA_KEY_MAX 40
const char *rdsca_key(char out[RDSCA_KEY_MAX], X509 *x509);

/* The same of an anchor. */
const char *rdsca_entry_key(char out[RDSCA_KEY_MAX],
                            const struct rds_entry *entry);

#endif
