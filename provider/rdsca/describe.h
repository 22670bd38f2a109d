/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_DESCRIBE_H
#define RDSCA_DESCRIBE_H

/*
 * Saying what an anchor is, in the words that all subcommands use.
 */

#include <openssl/x509.h>

#include "rds/anchor.h"

#define RDSCA_DAY 86400 /* seconds */

/* Whole days until `not_after`, negative where it is over. */
int64_t rdsca_days_left(int64_t not_after, int64_t now);

/* "us-west-2", "us-east-1 beta", "all of aws-cn", "RDS Proxy". */
#define RDSCA_PLACE_MAX 40
const char *rdsca_place(char out[RDSCA_PLACE_MAX],
                        const struct rds_anchor *anchor);

/* "2061-05-18T22:49:47Z" */
#define RDSCA_TIME_MAX 32
const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds);

/* The certificate in libcrypto, to be freed; NULL where it cannot be read. */
X509 *rdsca_x509(const struct rds_entry *entry);

/* "RSA 2048", "EC P-384"; "?" where it is NULL or cannot be read. */
#define RDSCA_KEY_MAX 40
const char *rdsca_key(char out[RDSCA_KEY_MAX], X509 *x509);

/* The same of an anchor. */
const char *rdsca_entry_key(char out[RDSCA_KEY_MAX],
                            const struct rds_entry *entry);

#endif
