/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/endpoint.h: every form of endpoint that AWS documents is
 * read with its kind, family, partition, region and account label, in any
 * case and with one final dot; whatever only looks like one is refused.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/endpoint.h"

#define DATABASE RDS_ENDPOINT_DATABASE
#define WRITER RDS_ENDPOINT_GLOBAL_WRITER
#define PREVIEW RDS_ENDPOINT_PREVIEW
#define PROXY RDS_ENDPOINT_PROXY
#define DOCDB RDS_ENDPOINT_DOCDB
#define ELASTIC RDS_ENDPOINT_DOCDB_ELASTIC
#define NEPTUNE RDS_ENDPOINT_NEPTUNE
#define DSQL RDS_ENDPOINT_DSQL
#define REDSHIFT RDS_ENDPOINT_REDSHIFT
#define SERVERLESS RDS_ENDPOINT_REDSHIFT_SERVERLESS

#define AWS RDS_PARTITION_AWS
#define GOV RDS_PARTITION_AWS_US_GOV
#define CN RDS_PARTITION_AWS_CN
#define EUSC RDS_PARTITION_AWS_EUSC
#define ISO RDS_PARTITION_AWS_ISO
#define ISOB RDS_PARTITION_AWS_ISO_B
#define ISOE RDS_PARTITION_AWS_ISO_E
#define ISOF RDS_PARTITION_AWS_ISO_F

/* The account label is "x1" in all of them; NULL: not stated by AWS. */
static const struct {
    const char *name;
    enum rds_endpoint_kind kind;
    enum rds_partition partition;
    const char *region;
    const char *label;
} endpoints[] = {
    /* databases, the prefixes */
    {"db.x1.us-west-2.rds.amazonaws.com", DATABASE, AWS, "us-west-2", "x1"},
    {"db.cluster-x1.us-west-2.rds.amazonaws.com", DATABASE, AWS, "us-west-2",
     "x1"},
    {"db.cluster-ro-x1.us-west-2.rds.amazonaws.com", DATABASE, AWS,
     "us-west-2", "x1"},
    {"db.cluster-custom-x1.us-west-2.rds.amazonaws.com", DATABASE, AWS,
     "us-west-2", "x1"},
    {"db.shardgrp-x1.us-west-2.rds.amazonaws.com", DATABASE, AWS, "us-west-2",
     "x1"},
    {"my-db-2.x1.ap-southeast-7.rds.amazonaws.com", DATABASE, AWS,
     "ap-southeast-7", "x1"},
    {"db.x1.ap-foo-9.rds.amazonaws.com", DATABASE, AWS, "ap-foo-9", "x1"},
    /* databases, the suffixes */
    {"db.x1.us-west-2.rds-fips.amazonaws.com", DATABASE, AWS, "us-west-2",
     "x1"},
    {"db.cluster-x1.us-gov-west-1.rds-fips.amazonaws.com", DATABASE, GOV,
     "us-gov-west-1", "x1"},
    {"db.x1.us-gov-east-1.rds.amazonaws.com", DATABASE, GOV, "us-gov-east-1",
     "x1"},
    {"db.x1.eusc-de-east-1.rds.amazonaws.eu", DATABASE, EUSC, "eusc-de-east-1",
     "x1"},
    {"db.cluster-ro-x1.eusc-de-east-1.rds-fips.amazonaws.eu", DATABASE, EUSC,
     "eusc-de-east-1", "x1"},
    {"db.x1.rds.eusc-de-east-1.amazonaws.eu", DATABASE, EUSC, "eusc-de-east-1",
     "x1"},
    {"db.x1.me-west-1.rds.amazonaws.com", DATABASE, AWS, "me-west-1", "x1"},
    {"db.cluster-x1.sa-west-1.rds.amazonaws.com", DATABASE, AWS, "sa-west-1",
     "x1"},
    /* GovCloud's second order */
    {"db.x1.rds.us-gov-west-1.amazonaws.com", DATABASE, GOV, "us-gov-west-1",
     "x1"},
    {"db.cluster-ro-x1.rds.us-gov-east-1.amazonaws.com", DATABASE, GOV,
     "us-gov-east-1", "x1"},
    /* China, both orders */
    {"db.x1.rds.cn-north-1.amazonaws.com.cn", DATABASE, CN, "cn-north-1",
     "x1"},
    {"db.cluster-x1.rds.cn-northwest-1.amazonaws.com.cn", DATABASE, CN,
     "cn-northwest-1", "x1"},
    {"db.x1.rds-fips.cn-north-1.amazonaws.com.cn", DATABASE, CN, "cn-north-1",
     "x1"},
    {"db.x1.cn-north-1.rds.amazonaws.com.cn", DATABASE, CN, "cn-north-1",
     "x1"},
    {"db.cluster-ro-x1.cn-north-1.rds.amazonaws.com.cn", DATABASE, CN,
     "cn-north-1", "x1"},
    {"db.x1.cn-north-1.rds-fips.amazonaws.com.cn", DATABASE, CN, "cn-north-1",
     "x1"},
    /* isolated partitions */
    {"db.x1.rds.us-iso-east-1.c2s.ic.gov", DATABASE, ISO, "us-iso-east-1",
     "x1"},
    {"db.cluster-x1.rds.us-isob-east-1.sc2s.sgov.gov", DATABASE, ISOB,
     "us-isob-east-1", "x1"},
    {"db.x1.us-iso-east-1.rds.c2s.ic.gov", DATABASE, ISO, "us-iso-east-1",
     "x1"},
    {"db.cluster-ro-x1.us-isob-east-1.rds-fips.sc2s.sgov.gov", DATABASE, ISOB,
     "us-isob-east-1", "x1"},
    {"db.x1.rds.eu-isoe-west-1.cloud.adc-e.uk", DATABASE, ISOE,
     "eu-isoe-west-1", "x1"},
    {"db.cluster-custom-x1.eu-isoe-west-1.rds.cloud.adc-e.uk", DATABASE, ISOE,
     "eu-isoe-west-1", "x1"},
    {"db.x1.rds.us-isof-south-1.csp.hci.ic.gov", DATABASE, ISOF,
     "us-isof-south-1", "x1"},
    {"db.shardgrp-x1.us-isof-east-1.rds.csp.hci.ic.gov", DATABASE, ISOF,
     "us-isof-east-1", "x1"},
    {"db.cluster-x1.rds.us-iso-east-1.amazonaws.com", DATABASE, ISO,
     "us-iso-east-1", "x1"},
    {"db.x1.rds.us-isof-south-1.amazonaws.com", DATABASE, ISOF,
     "us-isof-south-1", "x1"},
    {"db.x1.rds-fips.eu-isoe-west-1.amazonaws.com", DATABASE, ISOE,
     "eu-isoe-west-1", "x1"},
    /* global writer */
    {"db.global-x1.global.rds.amazonaws.com", WRITER, AWS, "", "x1"},
    {"db.x1.global.rds.amazonaws.com", WRITER, AWS, "", "x1"},
    /* preview */
    {"db.x1.us-east-2.rds-preview.amazonaws.com", PREVIEW, AWS, "us-east-2",
     "x1"},
    {"db.cluster-x1.us-east-2.rds-preview.amazonaws.com", PREVIEW, AWS,
     "us-east-2", "x1"},
    /* proxies */
    {"db.proxy-x1.us-west-2.rds.amazonaws.com", PROXY, AWS, "us-west-2", "x1"},
    {"db.endpoint.proxy-x1.us-west-2.rds.amazonaws.com", PROXY, AWS,
     "us-west-2", "x1"},
    {"db.endpoint.x1.us-west-2.rds.amazonaws.com", PROXY, AWS, "us-west-2",
     "x1"},
    {"db.proxy-x1.us-gov-west-1.rds.amazonaws.com", PROXY, GOV,
     "us-gov-west-1", "x1"},
    {"db.proxy-x1.rds.cn-north-1.amazonaws.com.cn", PROXY, CN, "cn-north-1",
     "x1"},
    {"db.proxy-x1.cn-north-1.rds.amazonaws.com.cn", PROXY, CN, "cn-north-1",
     "x1"},
    {"db.endpoint.proxy-x1.rds.cn-north-1.amazonaws.com.cn", PROXY, CN,
     "cn-north-1", "x1"},
    {"db.endpoint.x1.cn-north-1.rds.amazonaws.com.cn", PROXY, CN, "cn-north-1",
     "x1"},
    {"db.proxy-x1.eusc-de-east-1.rds.amazonaws.eu", PROXY, EUSC,
     "eusc-de-east-1", "x1"},
    {"db.proxy-x1.rds.eusc-de-east-1.amazonaws.eu", PROXY, EUSC,
     "eusc-de-east-1", "x1"},
    {"db.endpoint.proxy-x1.eusc-de-east-1.rds.amazonaws.eu", PROXY, EUSC,
     "eusc-de-east-1", "x1"},
    {"db.endpoint.x1.rds.eusc-de-east-1.amazonaws.eu", PROXY, EUSC,
     "eusc-de-east-1", "x1"},
    {"db.proxy-x1.us-iso-east-1.rds.c2s.ic.gov", PROXY, ISO, "us-iso-east-1",
     "x1"},
    {"db.proxy-x1.rds.us-iso-east-1.c2s.ic.gov", PROXY, ISO, "us-iso-east-1",
     "x1"},
    {"db.endpoint.x1.us-iso-west-1.rds.c2s.ic.gov", PROXY, ISO,
     "us-iso-west-1", "x1"},
    {"db.endpoint.proxy-x1.rds.us-isob-east-1.sc2s.sgov.gov", PROXY, ISOB,
     "us-isob-east-1", "x1"},
    {"db.proxy-x1.us-isob-east-1.rds.sc2s.sgov.gov", PROXY, ISOB,
     "us-isob-east-1", "x1"},
    {"db.proxy-x1.rds.eu-isoe-west-1.cloud.adc-e.uk", PROXY, ISOE,
     "eu-isoe-west-1", "x1"},
    {"db.proxy-x1.eu-isoe-west-1.rds.cloud.adc-e.uk", PROXY, ISOE,
     "eu-isoe-west-1", "x1"},
    {"db.proxy-x1.rds.us-isof-south-1.csp.hci.ic.gov", PROXY, ISOF,
     "us-isof-south-1", "x1"},
    {"db.proxy-x1.us-isof-south-1.rds.csp.hci.ic.gov", PROXY, ISOF,
     "us-isof-south-1", "x1"},
    /* DocumentDB */
    {"db.x1.us-east-1.docdb.amazonaws.com", DOCDB, AWS, "us-east-1", "x1"},
    {"db.cluster-x1.us-east-1.docdb.amazonaws.com", DOCDB, AWS, "us-east-1",
     "x1"},
    {"db.cluster-ro-x1.us-east-1.docdb.amazonaws.com", DOCDB, AWS, "us-east-1",
     "x1"},
    {"db.x1.docdb.cn-north-1.amazonaws.com.cn", DOCDB, CN, "cn-north-1", "x1"},
    {"db.cluster-x1.docdb.cn-northwest-1.amazonaws.com.cn", DOCDB, CN,
     "cn-northwest-1", "x1"},
    {"x.cluster-ro-x1.docdb.cn-north-1.amazonaws.com.cn", DOCDB, CN,
     "cn-north-1", "x1"},
    {"db.cluster-x1.us-gov-west-1.docdb.amazonaws.com", DOCDB, GOV,
     "us-gov-west-1", "x1"},
    {"db-123456789012.us-east-1.docdb-elastic.amazonaws.com", ELASTIC, AWS,
     "us-east-1", NULL},
    /* others */
    {"db.x1.us-east-1.neptune.amazonaws.com", NEPTUNE, AWS, "us-east-1", "x1"},
    {"db.cluster-x1.us-east-1.neptune.amazonaws.com", NEPTUNE, AWS,
     "us-east-1", "x1"},
    {"db.cluster-ro-x1.us-gov-west-1.neptune.amazonaws.com", NEPTUNE, GOV,
     "us-gov-west-1", "x1"},
    {"db.cluster-custom-x1.us-east-1.neptune.amazonaws.com", NEPTUNE, AWS,
     "us-east-1", "x1"},
    {"db.cluster-x1.cn-north-1.neptune.amazonaws.com.cn", NEPTUNE, CN,
     "cn-north-1", "x1"},
    {"db.cluster-custom-x1.cn-northwest-1.neptune.amazonaws.com.cn", NEPTUNE,
     CN, "cn-northwest-1", "x1"},
    {"db.cluster-ro-x1.neptune.cn-northwest-1.amazonaws.com.cn", NEPTUNE, CN,
     "cn-northwest-1", "x1"},
    {"db.x1.neptune.cn-north-1.amazonaws.com.cn", NEPTUNE, CN, "cn-north-1",
     "x1"},
    {"abcdefghij.dsql.us-east-1.on.aws", DSQL, AWS, "us-east-1", ""},
    {"abcdefghij.dsql-fnh4.us-east-1.on.aws", DSQL, AWS, "us-east-1", NULL},
    {"cluster.us-east-1.redshift.amazonaws.com", REDSHIFT, AWS, "us-east-1",
     NULL},
    {"cluster.cn-north-1.redshift.amazonaws.com.cn", REDSHIFT, CN,
     "cn-north-1", NULL},
    {"wg.123456789012.us-east-1.redshift-serverless.amazonaws.com", SERVERLESS,
     AWS, "us-east-1", "123456789012"},
    {"wg.123456789012.us-gov-west-1.redshift-serverless.amazonaws.com",
     SERVERLESS, GOV, "us-gov-west-1", "123456789012"},
    {"wg.123456789012.cn-north-1.redshift-serverless.amazonaws.com.cn",
     SERVERLESS, CN, "cn-north-1", "123456789012"},
    {"cluster.x1.us-east-1.redshift.amazonaws.com", REDSHIFT, AWS, "us-east-1",
     NULL},
    {"cluster.x1.cn-north-1.redshift.amazonaws.com.cn", REDSHIFT, CN,
     "cn-north-1", NULL},
};

/* RDS CAs serve these kinds; Amazon Trust Services the others. */
static enum rds_family family_of(enum rds_endpoint_kind kind)
{
    return kind == DATABASE || kind == WRITER || kind == PREVIEW ||
                   kind == DOCDB
               ? RDS_FAMILY_RDS
               : RDS_FAMILY_PROXY;
}

/* Reads a name whose last byte is the last that may be read. */
static bool read_exact(const char *name, size_t size, struct rds_endpoint *out)
{
    char *exact = (char *)exact_copy(name, size);
    bool good;

    memset(out, 0x55, sizeof(*out));
    good = rds_endpoint_read(exact, size, out);
    free(exact);
    return good;
}

static void check_endpoint(size_t row, const char *name)
{
    struct rds_endpoint out;

    if (!CHECK(read_exact(name, strlen(name), &out), "%s", name))
        return;
    CHECK_NUMBER(out.kind, endpoints[row].kind, "%s: kind", name);
    CHECK_NUMBER(out.family, family_of(endpoints[row].kind), "%s: family",
                 name);
    CHECK_NUMBER(out.partition, endpoints[row].partition, "%s: partition",
                 name);
    CHECK_TEXT(out.region, endpoints[row].region, "%s: region", name);
    if (endpoints[row].label != NULL)
        CHECK_TEXT(out.label, endpoints[row].label, "%s: label", name);
    CHECK_TEXT(out.name, endpoints[row].name, "%s: name", name);
}

static void test_forms(void)
{
    for (size_t i = 0; i < COUNT(endpoints); i++)
        check_endpoint(i, endpoints[i].name);
}

static void test_case_and_dot(void)
{
    char name[RDS_ENDPOINT_MAX + 2];

    for (size_t i = 0; i < COUNT(endpoints); i++) {
        (void)snprintf(name, sizeof(name), "%s.", endpoints[i].name);
        check_endpoint(i, name);
        for (size_t at = 0; name[at] != '\0'; at++) {
            if (name[at] >= 'a' && name[at] <= 'z')
                name[at] = (char)(name[at] - 'a' + 'A');
        }
        check_endpoint(i, name);
    }
}

static void check_refused(const char *name, size_t size)
{
    struct rds_endpoint out;

    CHECK(!read_exact(name, size, &out), "'%.*s' (%zu bytes)", (int)size, name,
          size);
}

/* Names that only look like endpoints. */
static const char *const strangers[] = {
    "",
    /* no account number, or none behind a name */
    "db-12345678901.us-east-1.docdb-elastic.amazonaws.com",
    "db-12345678901a.us-east-1.docdb-elastic.amazonaws.com",
    "db-1234567890-2.us-east-1.docdb-elastic.amazonaws.com",
    "db0123456789012.us-east-1.docdb-elastic.amazonaws.com",
    "-123456789012.us-east-1.docdb-elastic.amazonaws.com",
    "123456789012.us-east-1.docdb-elastic.amazonaws.com",
    ".",
    "..",
    "com",
    "localhost",
    "192.0.2.1",
    "2001:db8::1",
    "www.amazon.com",
    "rds.amazonaws.com",
    "us-west-2.rds.amazonaws.com",
    "x1.us-west-2.rds.amazonaws.com",
    "fake-rds.amazonaws.com",
    "db.x1.us-west-2.fake-rds.amazonaws.com",
    "rds.amazonaws.com.evil.example",
    "db.x1.us-west-2.rds.amazonaws.com.evil.example",
    "db.x1.us-west-2.rds.amazonaws.comevil",
    "db.x1.us-west-2.rds.evilamazonaws.com",
    "db.x1.us-west-2.rds.amazonaws.org",
    "db.x1.us-west-2.rds.amazonaws.com.au",
    "db.x1.us-west-2.rds.amazonaws.co.uk",
    "db.x1.us-west-2.rds.amazonaws",
    "db.x1.us-west-2.rdsamazonaws.com",
    "db.x1.us-west-2rds.amazonaws.com",
    "db.x1.us-west-2.rds-fips-x.amazonaws.com",
    "db.x1.us-west-2.rds-fip.amazonaws.com",
    "db.x1.us-west-2.rd.amazonaws.com",
    "db.x1.us-west-2.rds.rds.amazonaws.com",
    "more.db.x1.us-west-2.rds.amazonaws.com",
    "db.x1.us-west-2.ec2.amazonaws.com",
    "db.x1.uswest2.rds.amazonaws.com",
    "db.x1.us-west.rds.amazonaws.com",
    "db.x1.global.rds-fips.amazonaws.com",
    /* labels that are no account's */
    "db.x-1.us-west-2.rds.amazonaws.com",
    "db.cluster-.us-west-2.rds.amazonaws.com",
    "db.cluster-x-1.us-west-2.rds.amazonaws.com",
    "db.cluster-rw-x1.us-west-2.rds.amazonaws.com",
    "db.cluster-cluster-x1.us-west-2.rds.amazonaws.com",
    "db.proxy-.us-west-2.rds.amazonaws.com",
    "db.proxy-x-1.us-west-2.rds.amazonaws.com",
    "db.global-.global.rds.amazonaws.com",
    "db.cluster-x1.global.rds.amazonaws.com",
    "db.proxy-x1.us-west-2.rds-preview.amazonaws.com",
    "db.proxy-x1.us-west-2.docdb.amazonaws.com",
    "db.shardgrp-x1.us-west-2.docdb.amazonaws.com",
    "db.cluster-custom-x1.us-west-2.docdb.amazonaws.com",
    "abcdefghij.dsql-.us-east-1.on.aws",
    "abcdefghij.dsqlx.us-east-1.on.aws",
    "abcdefghij.x1.us-east-1.on.aws",
    "dsql.us-east-1.on.aws",
    /* the wrong suffix for the region */
    "db.x1.cn-north-1.rds.amazonaws.com",
    "db.x1.rds.cn-north-1.amazonaws.com",
    "db.proxy-x1.cn-north-1.rds.amazonaws.com",
    "db.x1.cn-north-1.docdb.amazonaws.com",
    "db.x1.cn-north-1.rds-preview.amazonaws.com",
    "cluster.cn-north-1.redshift.amazonaws.com",
    "db.x1.cn-north-1.rds.amazonaws.eu",
    "db.x1.us-west-2.rds.amazonaws.com.cn",
    "db.x1.rds.us-west-2.amazonaws.com.cn",
    "db.proxy-x1.rds.us-west-2.amazonaws.com.cn",
    "db.x1.us-gov-west-1.rds.amazonaws.com.cn",
    "db.x1.docdb.us-west-2.amazonaws.com.cn",
    "db.x1.rds.us-west-2.c2s.ic.gov",
    "db.x1.rds.us-isob-east-1.c2s.ic.gov",
    "db.x1.rds.us-iso-east-1.sc2s.sgov.gov",
    "db.x1.us-iso-east-1.rds.sc2s.sgov.gov",
    "db.x1.us-iso-east-1.rds.amazonaws.com",
    "db.proxy-x1.rds.us-iso-east-1.amazonaws.com",
    "db.x1.rds.us-isof-south-1.c2s.ic.gov",
    "db.x1.rds.us-iso-east-1.csp.hci.ic.gov",
    "db.x1.rds.us-iso-east-1.cloud.adc-e.uk",
    "db.x1.rds.eu-isoe-west-1.csp.hci.ic.gov",
    "db.x1.rds.eu-west-2.cloud.adc-e.uk",
    "db.x1.eusc-de-east-1.rds.amazonaws.com",
    "db.proxy-x1.eusc-de-east-1.rds.amazonaws.com",
    "db.x1.rds.eusc-de-east-1.amazonaws.com",
    "db.x1.eusc-de-east-1.rds.amazonaws.com.cn",
    "db.x1.eu-central-1.rds.amazonaws.eu",
    "db.proxy-x1.eu-central-1.rds.amazonaws.eu",
    "db.x1.us-gov-west-1.rds.amazonaws.eu",
    "db.global-x1.global.rds.amazonaws.eu",
    "db.global-x1.global.rds.amazonaws.com.cn",
    "db.x1.us-gov-west-1.rds-preview.amazonaws.com",
    "db.cluster-x1.eusc-de-east-1.docdb.amazonaws.eu",
    "db.cluster-x1.us-iso-east-1.docdb.c2s.ic.gov",
    "db-123456789012.cn-north-1.docdb-elastic.amazonaws.com",
    "db-123456789012.cn-north-1.docdb-elastic.amazonaws.com.cn",
    "db.x1.cn-north-1.neptune.amazonaws.com",
    "db.x1.us-west-2.neptune.amazonaws.com.cn",
    "db.x1.neptune.us-west-2.amazonaws.com.cn",
    "db.x1.eusc-de-east-1.neptune.amazonaws.eu",
    "abcdefghij.dsql.cn-north-1.on.aws",
    "abcdefghij.dsql.eusc-de-east-1.on.aws",
    "wg.123456789012.cn-north-1.redshift-serverless.amazonaws.com",
    "wg.123456789012.us-west-2.redshift-serverless.amazonaws.com.cn",
    /* domains of nobody that we know */
    "db.x1.ap-southeast-2.rds.amazonaws.au",
    "db.x1.eu-west-2.rds.amazonaws.uk",
    "db.x1.eu-west-2.rds-fips.amazonaws.uk",
    "db.x1.us-east-1.rds.amazonaws.uk",
    "db.proxy-x1.eu-west-2.rds.amazonaws.uk",
    "db.x1.rds.us-iso-east-1.ic.gov",
    "db.x1.rds.us-isof-south-1.hci.ic.gov",
    "db.x1.rds.us-iso-east-1.csp.c2s.ic.gov",
    "db.x1.rds.eu-isoe-west-1.adc-e.uk",
    "db.x1.rds.us-isob-east-1.sgov.gov",
    "db.x1.rds.us-iso-east-1.evilc2s.ic.gov",
    /* region and service in an order that the service does not have */
    "db.x1.rds.us-west-2.amazonaws.com",
    "db.proxy-x1.rds.us-west-2.amazonaws.com",
    "db.proxy-x1.rds.us-gov-west-1.amazonaws.com",
    "db.x1.docdb.us-west-2.amazonaws.com",
    "db.x1.cn-north-1.docdb.amazonaws.com.cn",
    "db.x1.neptune.us-west-2.amazonaws.com",
    "db.x1.rds-preview.us-east-2.amazonaws.com",
    "cluster.x1.redshift.us-west-2.amazonaws.com",
    "wg.123456789012.redshift-serverless.us-west-2.amazonaws.com",
    "abcdefghij.us-east-1.dsql.on.aws",
    /* no account number of 12 digits */
    "wg.12345678901.us-east-1.redshift-serverless.amazonaws.com",
    "wg.1234567890123.us-east-1.redshift-serverless.amazonaws.com",
    "wg.12345678901a.us-east-1.redshift-serverless.amazonaws.com",
    "wg.cluster-123456789012.us-east-1.redshift-serverless.amazonaws.com",
    "wg.us-east-1.redshift-serverless.amazonaws.com",
    "123456789012.us-east-1.redshift-serverless.amazonaws.com",
    /* the words of the table */
    "NAME.CLUSTER.REGION.rds.DOMAIN",
    "db.x1.REGION.rds.amazonaws.com",
    "db.x1.us-west-2.rds.DOMAIN",
    /* characters */
    "*.x1.us-west-2.rds.amazonaws.com",
    "d*.x1.us-west-2.rds.amazonaws.com",
    "db.*.us-west-2.rds.amazonaws.com",
    "my_db.x1.us-west-2.rds.amazonaws.com",
    "db.x_1.us-west-2.rds.amazonaws.com",
    "db .x1.us-west-2.rds.amazonaws.com",
    " db.x1.us-west-2.rds.amazonaws.com",
    "db.x1.us-west-2.rds.amazonaws.com ",
    "db.x1.us-west-2.rds.amazonaws.com\n",
    "db.x1.us-west-2.rds.amazonaws.com:5432",
    "db.x1.us-west-2.rds.amazonaws.com/",
    "db@x1.us-west-2.rds.amazonaws.com",
    "db%2ex1.us-west-2.rds.amazonaws.com",
    "d\xc3\xa4.x1.us-west-2.rds.amazonaws.com",
    "db.x1.us-west-2.rds|rds-fips.amazonaws.com",
    "db.x1.us-west-2.rds.amazonaws.com|au",
};

static void test_strangers(void)
{
    for (size_t i = 0; i < COUNT(strangers); i++)
        check_refused(strangers[i], strlen(strangers[i]));
}

#define COM ".amazonaws.com'"
#define UK "'amazonaws.uk' is not known to be a domain of AWS; endpoints "
#define GENERAL                                                               \
    "not the name of an RDS or Aurora endpoint such as "                      \
    "mydb.abc123def.us-west-2.rds.amazonaws.com; for an alias (CNAME) give "  \
    "the name that it points to"

/* What is said of a name that is none. */
static const struct {
    const char *name;
    const char *fault;
} faults[] = {
    {"db.abc.us-east-1.rds.amazonaws.uk", UK "in us-east-1 end in '" COM},
    {"DB.ABC.US-EAST-1.RDS.AMAZONAWS.UK.", UK "in us-east-1 end in '" COM},
    {"db.abc.eusc-de-east-1.rds.amazonaws.uk",
     UK "in eusc-de-east-1 end in '.amazonaws.eu'"},
    {"db.abc.global.rds.amazonaws.uk", UK "of RDS end in '" COM},
    {"db.abc.ap-southeast-2.rds.amazonaws.au",
     "'amazonaws.au' is not known to be a domain of AWS; endpoints in "
     "ap-southeast-2 end in '" COM},
    {"db.x1.eusc-de-east-1.rds.amazonaws.com",
     "endpoints in eusc-de-east-1 end in '.amazonaws.eu'"},
    {"db.x1.eu-central-1.rds.amazonaws.eu",
     "endpoints in eu-central-1 end in '" COM},
    {"db.x1.cn-north-1.rds.amazonaws.com",
     "endpoints in cn-north-1 end in '.amazonaws.com.cn'"},
    {"db.x1.us-west-2.rds.amazonaws.com.cn",
     "endpoints in us-west-2 end in '" COM},
    {"db.x1.us-gov-west-1.rds.c2s.ic.gov",
     "endpoints in us-gov-west-1 end in '" COM},
    {"db.x1.rds.us-isof-south-1.c2s.ic.gov",
     "endpoints in us-isof-south-1 end in '.csp.hci.ic.gov'"},
    {"db.x1.rds.us-isob-east-1.cloud.adc-e.uk",
     "endpoints in us-isob-east-1 end in '.sc2s.sgov.gov'"},
    {"abc.dsql.cn-north-1.on.aws",
     "endpoints in cn-north-1 end in '.amazonaws.com.cn'"},
    /* the domain is right, or somebody else's */
    {"abc.x1.us-east-1.on.aws", GENERAL},
    {"db.x-1.us-west-2.rds.amazonaws.com", GENERAL},
    {"db.example.com", GENERAL},
    {"db.us-west-2.example.com", GENERAL},
    {"db.x1.us-west-2.rds.amazonaws.com.evil.example", GENERAL},
    {"amazonaws.uk", GENERAL},
    {"db_1.abc.us-east-1.rds.amazonaws.uk", GENERAL},
    {"db.abc.us-east-1.rds.amazonaws.uk..", GENERAL},
    {"", GENERAL},
};

static void test_faults(void)
{
    char out[RDS_ENDPOINT_FAULT_MAX];

    for (size_t i = 0; i < COUNT(faults); i++) {
        const char *name = faults[i].name;
        char *exact = (char *)exact_copy(name, strlen(name));

        check_refused(name, strlen(name));
        CHECK_TEXT(rds_endpoint_fault(out, exact, strlen(name)),
                   faults[i].fault, "%s", name);
        free(exact);
    }
}

/* No region is long enough to cut a text. */
static void test_long_fault(void)
{
    static const char name[] =
        "db.x1.eusc-abcdefghijklmnop-1.rds.amazonaws.uk";
    char out[RDS_ENDPOINT_FAULT_MAX];

    CHECK_TEXT(rds_endpoint_fault(out, name, strlen(name)),
               UK "in eusc-abcdefghijklmnop-1 end in '.amazonaws.eu'", "%s",
               name);
}

/* Databases alone may have a server under either family of CAs. */
static void test_ambiguous(void)
{
    struct rds_endpoint out;

    for (size_t i = 0; i < COUNT(endpoints); i++) {
        const char *name = endpoints[i].name;

        NEED(rds_endpoint_read(name, strlen(name), &out));
        CHECK(rds_endpoint_ambiguous(&out) == (endpoints[i].kind == DATABASE),
              "%s", name);
    }
}

/* Every endpoint, damaged in every place in the same way. */
static void test_damaged(void)
{
    static const char bad[] = "_*/:@ \n\x80\xff";
    char name[RDS_ENDPOINT_MAX + 100];

    for (size_t i = 0; i < COUNT(endpoints); i++) {
        const char *good = endpoints[i].name;
        size_t size = strlen(good);

        for (size_t at = 0; at <= size; at++) {
            for (size_t b = 0; b < sizeof(bad); b++) { /* the NUL, too */
                memcpy(name, good, at);
                name[at] = bad[b];
                memcpy(name + at + 1, good + at, size - at);
                check_refused(name, size + 1);
            }
            if (at != size && (at == 0 || good[at] == '.')) {
                memcpy(name, good, at);
                name[at] = '.';
                memcpy(name + at + 1, good + at, size - at);
                check_refused(name, size + 1); /* an empty label */
            }
        }
        (void)snprintf(name, sizeof(name), "%s..", good);
        check_refused(name, size + 2);
        (void)snprintf(name, sizeof(name), ".%s", good);
        check_refused(name, size + 1);
        (void)snprintf(name, sizeof(name), "%s.evil.example", good);
        check_refused(name, strlen(name));
        (void)snprintf(name, sizeof(name), "%s.%s", good, good);
        check_refused(name, strlen(name));
        check_refused(good, size - 1);
    }
}

/* Labels of 63 characters pass, of 64 do not; names of 254 neither. */
static void test_lengths(void)
{
    static const char suffix[] = ".us-west-2.rds.amazonaws.com";
    char name[600];
    struct rds_endpoint out;

    for (int size = 60; size <= 70; size++) {
        (void)snprintf(name, sizeof(name), "%0*d.x1%s", size, 7, suffix);
        CHECK_NUMBER(read_exact(name, strlen(name), &out), size <= 63,
                     "name of %d", size);
        (void)snprintf(name, sizeof(name), "db.%0*d%s", size, 7, suffix);
        CHECK_NUMBER(read_exact(name, strlen(name), &out), size <= 63,
                     "account label of %d", size);
        (void)snprintf(name, sizeof(name), "db.cluster-%0*d%s", size - 8, 7,
                       suffix);
        CHECK_NUMBER(read_exact(name, strlen(name), &out), size <= 63,
                     "label with a prefix of %d", size);
    }
    for (int size = 200; size <= 560; size++) {
        (void)snprintf(name, sizeof(name), "%0*d%s", size, 7, suffix);
        check_refused(name, strlen(name));
        for (int at = 40; at < size; at += 41)
            name[at] = '.';
        check_refused(name, strlen(name));
    }
    memset(name, '.', sizeof(name));
    for (size_t size = 0; size < 300; size++)
        check_refused(name, size);
}

static void test_kind_names(void)
{
    CHECK_TEXT(rds_endpoint_kind_name(PROXY), "RDS Proxy", "proxy");
    CHECK_TEXT(rds_endpoint_kind_name(DSQL), "Aurora DSQL", "DSQL");
    CHECK_TEXT(rds_endpoint_kind_name(SERVERLESS), "Redshift Serverless",
               "Redshift Serverless");
    CHECK_TEXT(rds_endpoint_kind_name(RDS_ENDPOINT_KINDS), "?", "none");
    CHECK_TEXT(rds_endpoint_kind_name((enum rds_endpoint_kind) - 1), "?",
               "negative");
}

CU_TestInfo endpoint_tests[] = {
    {"every form", test_forms},
    {"any case, one final dot", test_case_and_dot},
    {"look-alikes are refused", test_strangers},
    {"why a name is none", test_faults},
    {"the longest fault", test_long_fault},
    {"names that leave the CA open", test_ambiguous},
    {"damaged names are refused", test_damaged},
    {"lengths", test_lengths},
    {"names of the kinds", test_kind_names},
    CU_TEST_INFO_NULL,
};
