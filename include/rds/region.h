/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_REGION_H
#define RDS_REGION_H

/*
 * AWS regions and partitions, by their names.
 *
 * The list of regions is not closed: a region is any word of the right shape,
 * and which ones are known is a question for the trust store.  The partition
 * follows from the region's prefix.  Source: AWS General Reference, "AWS
 * service endpoints"; the Amazon RDS certificates name their region in the
 * subject.  Pure and thread-safe.
 */

#include "rds/error.h"

#define RDS_REGION_MAX 24 /* bytes of a region's name, NUL included */

enum rds_partition {
    RDS_PARTITION_AWS,
    RDS_PARTITION_AWS_US_GOV,
    RDS_PARTITION_AWS_CN,
    RDS_PARTITION_AWS_EUSC,
    RDS_PARTITION_AWS_ISO,
    RDS_PARTITION_AWS_ISO_B,
    RDS_PARTITION_AWS_ISO_E,
    RDS_PARTITION_AWS_ISO_F,
    RDS_PARTITIONS
};

/* "aws", "aws-us-gov", ...; "?" for a value that is none. */
const char *rds_partition_name(enum rds_partition partition);

/* Finds a partition by its exact name of `size` bytes. */
RDS_MUST_CHECK bool rds_partition_find(const char *name, size_t size,
                                       enum rds_partition *partition);

/*
 * Whether `size` bytes have the shape of a region: lower-case words joined by
 * hyphens, the last one a number, as in us-west-2 or us-gov-east-1, shorter
 * than RDS_REGION_MAX.
 */
bool rds_region_shape(const char *name, size_t size);

/* The partition of a word that has the shape of a region. */
enum rds_partition rds_region_partition(const char *name, size_t size);

/*
 * Regions that AWS has announced and for which no RDS certificate has been
 * seen yet: known words, without anchors until a bundle brings some.  Source:
 * the endpoint tables of AWS's SDKs, 2026-11-10.
 */
#define RDS_ANNOUNCED_REGIONS 2
extern const char rds_announced_regions[RDS_ANNOUNCED_REGIONS][RDS_REGION_MAX];
bool rds_region_announced(const char *region);

#endif
