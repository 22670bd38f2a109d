/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/region.h: the shape of a region, its partition, and the names
 * of the partitions.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool region;
} shapes[] = {
    {"us-west-2", true},
    {"ap-southeast-7", true},
    {"us-gov-east-1", true},
    {"cn-northwest-1", true},
    {"eusc-de-east-1", true},
    {"us-isob-east-1", true},
    {"ap-foo-9", true},
    {"ap-foo-19", true},
    {"abcdefghij-abcdefghij-1", true},   /* 23 characters */
    {"abcdefghij-abcdefghijk-1", false}, /* 24 */
    {"", false},
    {"-", false},
    {"1", false},
    {"us", false},
    {"us-west", false},
    {"us-west-", false},
    {"-us-west-2", false},
    {"us--west-2", false},
    {"us-west--2", false},
    {"us-west-2-", false},
    {"us-west-2a", false},
    {"us-west-a2", false},
    {"us-west2", false},
    {"us-1-west-2", false},
    {"US-WEST-2", false},
    {"us-West-2", false},
    {"us_west_2", false},
    {"us-west-2 ", false},
    {"us-west.2", false},
    {"us-wes\xc3\xa9-2", false},
    {"global", false},
};

static void test_shape(void)
{
    for (size_t i = 0; i < COUNT(shapes); i++) {
        size_t size = strlen(shapes[i].name);
        char *exact = (char *)exact_copy(shapes[i].name, size);

        CHECK_NUMBER(rds_region_shape(exact, size), shapes[i].region, "%s",
                     shapes[i].name);
        free(exact);
    }
    CHECK(!rds_region_shape("us-west\0-2", 10), "NUL inside");
    CHECK(!rds_region_shape("us-west-2\0", 10), "NUL behind");
    CHECK(rds_region_shape("us-west-22", 9), "the size counts");
}

static const struct {
    const char *region;
    enum rds_partition partition;
    const char *name;
} partitions[] = {
    {"us-west-2", RDS_PARTITION_AWS, "aws"},
    {"eu-south-2", RDS_PARTITION_AWS, "aws"},
    {"il-central-1", RDS_PARTITION_AWS, "aws"},
    {"us-gov-west-1", RDS_PARTITION_AWS_US_GOV, "aws-us-gov"},
    {"us-gov-east-1", RDS_PARTITION_AWS_US_GOV, "aws-us-gov"},
    {"cn-north-1", RDS_PARTITION_AWS_CN, "aws-cn"},
    {"cn-northwest-1", RDS_PARTITION_AWS_CN, "aws-cn"},
    {"eusc-de-east-1", RDS_PARTITION_AWS_EUSC, "aws-eusc"},
    {"us-iso-east-1", RDS_PARTITION_AWS_ISO, "aws-iso"},
    {"us-iso-west-1", RDS_PARTITION_AWS_ISO, "aws-iso"},
    {"us-isob-east-1", RDS_PARTITION_AWS_ISO_B, "aws-iso-b"},
    {"eu-isoe-west-1", RDS_PARTITION_AWS_ISO_E, "aws-iso-e"},
    {"us-isof-south-1", RDS_PARTITION_AWS_ISO_F, "aws-iso-f"},
    {"cny-north-1", RDS_PARTITION_AWS, "aws"},
    {"us-govern-west-1", RDS_PARTITION_AWS, "aws"},
};

static void test_partition(void)
{
    for (size_t i = 0; i < COUNT(partitions); i++) {
        const char *region = partitions[i].region, *name = partitions[i].name;
        enum rds_partition partition =
                               rds_region_partition(region, strlen(region)),
                           found;

        CHECK_NUMBER(partition, partitions[i].partition, "%s", region);
        CHECK_TEXT(rds_partition_name(partition), name, "%s", region);
        CHECK(rds_partition_find(name, strlen(name), &found) &&
                  found == partition,
              "%s", name);
    }
}

static void test_partition_names(void)
{
    static const char *const unknown[] = {
        "", "a", "aw", "aws-", "AWS", "aws-us", "aws-iso-c", "aws-cn ",
    };
    enum rds_partition found;

    CHECK_TEXT(rds_partition_name(RDS_PARTITIONS), "?", "none");
    CHECK_TEXT(rds_partition_name((enum rds_partition) - 1), "?", "negative");
    for (size_t i = 0; i < COUNT(unknown); i++)
        CHECK(!rds_partition_find(unknown[i], strlen(unknown[i]), &found),
              "'%s'", unknown[i]);
    CHECK(rds_partition_find("aws-cn-x", 6, &found) &&
              found == RDS_PARTITION_AWS_CN,
          "the size counts");
}

CU_TestInfo region_tests[] = {
    {"the shape of a region", test_shape},
    {"a region's partition", test_partition},
    {"names of partitions", test_partition_names},
    CU_TEST_INFO_NULL,
};
