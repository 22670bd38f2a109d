/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_LEGACY_H
#define RDS_LEGACY_H

/*
 * AWS's legacy files: those that are not wholly built in, and the combined
 * one.
 *
 * `rdsca update --retired` fetches them from the addresses here into the
 * subdirectory `retired` of the bundle directory, where the trust store reads
 * these names and no others.  They answer to rds://file/NAME and join no
 * other answer.
 *
 * Source of the addresses: Amazon RDS user guide and AWS GovCloud (US) user
 * guide of 2019, "Using SSL/TLS to encrypt a connection to a DB instance".
 * Pure and thread-safe.
 */

#include "rds/region.h"

#define RDS_RETIRED "retired"              /* the subdirectory */
#define RDS_LEGACY_FOLDER "/rds-downloads" /* of each address, before NAME */
#define RDS_LEGACY_FILES 5

struct rds_legacy {
    const char *stem;             /* AWS's name of it, without .pem */
    const char *file;             /* and with it */
    enum rds_partition partition; /* whose host serves it */
    const char *url;
};

/* A file stands behind those that may hold the issuers of what is in it. */
extern const struct rds_legacy rds_legacy_files[RDS_LEGACY_FILES];

/* NULL where there is none of that name. */
const struct rds_legacy *rds_legacy_find(const char *stem);

#endif
