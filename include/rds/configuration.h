/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_CONFIGURATION_H
#define RDS_CONFIGURATION_H

/*
 * The values of the provider's section in openssl.cnf.
 *
 *   rds-bundles  = /absolute/directory        default /var/lib/rds-ca
 *   rds-distrust = SHA256 [, SHA256 ...]
 *   rds-trust    = URI                        default none: no trust
 *
 * A value that cannot be understood is a fault, never ignored: a distrusted
 * anchor must not come back by a typing error.  Pure and thread-safe.
 */

#include "rds/truststore.h"

struct rds_configuration {
    const char *bundles; /* borrowed */
    const char *trust;   /* borrowed, not read yet; NULL: none */
    unsigned char distrust[RDS_DISTRUST_MAX][RDS_SHA256_SIZE];
    size_t distrust_count;
};

/* Reads the values, each NULL where the section has none. */
RDS_MUST_CHECK bool rds_configuration_read(const char *bundles,
                                           const char *distrust,
                                           const char *trust,
                                           struct rds_configuration *out,
                                           struct rds_error *err);

#endif
