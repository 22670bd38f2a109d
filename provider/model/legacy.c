/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of AWS's legacy files.  Refuses to guess an address.
 */

#include "rds/legacy.h"

#include <string.h>

#define SERVED_AT(host, partition, stem)                                      \
    {                                                                         \
        stem, stem ".pem", partition,                                         \
            "https://" host RDS_LEGACY_FOLDER "/" stem ".pem"                 \
    }
#define AWS(stem) SERVED_AT("s3.amazonaws.com", RDS_PARTITION_AWS, stem)
#define AWS_US_GOV(stem)                                                      \
    SERVED_AT("s3.us-gov-west-1.amazonaws.com", RDS_PARTITION_AWS_US_GOV, stem)

const struct rds_legacy rds_legacy_files[] = {
    AWS_US_GOV("rds-ca-us-gov-east-1-2017-root"),
    AWS_US_GOV("rds-ca-2017-us-gov-east-1-intermediate"),
    AWS_US_GOV("rds-ca-2012-us-gov-west-1"),
    AWS("rds-combined-ca-bundle"),               /* built in, too */
    AWS_US_GOV("rds-combined-ca-us-gov-bundle"), /* 2 of its 4 are */
};

_Static_assert(sizeof(rds_legacy_files) / sizeof(rds_legacy_files[0]) ==
                   RDS_LEGACY_FILES,
               "the header says how many there are");

const struct rds_legacy *rds_legacy_find(const char *stem)
{
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++) {
        if (strcmp(rds_legacy_files[i].stem, stem) == 0)
            return &rds_legacy_files[i];
    }
    return NULL;
}
