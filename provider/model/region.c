/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions and partitions by name.  Refuses to know which regions exist.
 */

#include "rds/region.h"

#include <string.h>

/* Prefixes are looked at from top to bottom; the last fits every region. */
static const struct {
    enum rds_partition partition;
    const char *name;
    const char *prefix; /* of its regions */
} partitions[] = {
    {RDS_PARTITION_AWS_US_GOV, "aws-us-gov", "us-gov-"},
    {RDS_PARTITION_AWS_CN, "aws-cn", "cn-"},
    {RDS_PARTITION_AWS_EUSC, "aws-eusc", "eusc-"},
    {RDS_PARTITION_AWS_ISO, "aws-iso", "us-iso-"},
    {RDS_PARTITION_AWS_ISO_B, "aws-iso-b", "us-isob-"},
    {RDS_PARTITION_AWS_ISO_E, "aws-iso-e", "eu-isoe-"},
    {RDS_PARTITION_AWS_ISO_F, "aws-iso-f", "us-isof-"},
    {RDS_PARTITION_AWS, "aws", ""},
};

#define PARTITION_ROWS (sizeof(partitions) / sizeof(partitions[0]))

_Static_assert(PARTITION_ROWS == RDS_PARTITIONS, "every partition has a row");

const char *rds_partition_name(enum rds_partition partition)
{
    for (size_t i = 0; i < PARTITION_ROWS; i++) {
        if (partitions[i].partition == partition)
            return partitions[i].name;
    }
    return "?";
}

bool rds_partition_find(const char *name, size_t size,
                        enum rds_partition *partition)
{
    for (size_t i = 0; i < PARTITION_ROWS; i++) {
        if (strlen(partitions[i].name) == size &&
            memcmp(partitions[i].name, name, size) == 0) {
            *partition = partitions[i].partition;
            return true;
        }
    }
    return false;
}

static bool all_between(const char *word, size_t size, char low, char high)
{
    for (size_t i = 0; i < size; i++) {
        if (word[i] < low || word[i] > high)
            return false;
    }
    return size != 0;
}

bool rds_region_shape(const char *name, size_t size)
{
    size_t start = 0, words = 0;

    if (size >= RDS_REGION_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (name[i] != '-')
            continue;
        if (!all_between(name + start, i - start, 'a', 'z'))
            return false;
        words++;
        start = i + 1;
    }
    return words >= 2 && size - start <= 2 &&
           all_between(name + start, size - start, '0', '9');
}

enum rds_partition rds_region_partition(const char *name, size_t size)
{
    size_t i = 0, prefix;

    for (; i < PARTITION_ROWS - 1; i++) {
        prefix = strlen(partitions[i].prefix);
        if (size >= prefix && memcmp(name, partitions[i].prefix, prefix) == 0)
            break;
    }
    return partitions[i].partition;
}

const char rds_announced_regions[][RDS_REGION_MAX] = {
    "me-west-1", /* Saudi Arabia */
    "sa-west-1", /* Chile */
};

_Static_assert(sizeof(rds_announced_regions) /
                       sizeof(rds_announced_regions[0]) ==
                   RDS_ANNOUNCED_REGIONS,
               "the table is of the size that the header gives");

bool rds_region_announced(const char *region)
{
    for (size_t i = 0; i < RDS_ANNOUNCED_REGIONS; i++) {
        if (strcmp(rds_announced_regions[i], region) == 0)
            return true;
    }
    return false;
}
