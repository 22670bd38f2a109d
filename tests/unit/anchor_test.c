/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/anchor.h: every built-in certificate, and every one that AWS
 * could make by its rules, describes itself with the right region, partition,
 * CA identifier, role, stage and alias; other names are refused; the order,
 * the dates of force and who issued whom are right.
 */

#include "tests.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/builtin.h"

#define ROOT RDS_ROLE_ROOT
#define INTERMEDIATE RDS_ROLE_INTERMEDIATE
#define PRODUCTION RDS_STAGE_PRODUCTION
#define BETA RDS_STAGE_BETA
#define PREVIEW RDS_STAGE_PREVIEW

/* ---- the built-in ones -------------------------------------------------- */

#define REGIONS_2015                                                          \
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 " \
    "ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 eu-west-1 "          \
    "eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
#define REGIONS_OPT_IN "af-south-1 ap-east-1 eu-south-1 me-south-1"
#define REGIONS_CN "cn-north-1 cn-northwest-1"
#define REGIONS_G1 NULL

/*
 * R stands for the region, of which each row names some; "" for none, NULL
 * for every known one but GovCloud's, which come by update.
 */
static const struct {
    const char *cn;
    const char *regions;
    const char *ca;
    const char *alias; /* NULL: AWS has no name for it */
    enum rds_role role;
    enum rds_stage stage;
} builtins[] = {
    {"Amazon RDS R Root CA RSA2048 G1", REGIONS_G1, "rds-ca-rsa2048-g1",
     "R-rds-ca-rsa2048-g1", ROOT, PRODUCTION},
    {"Amazon RDS R Root CA RSA4096 G1", REGIONS_G1, "rds-ca-rsa4096-g1",
     "R-rds-ca-rsa4096-g1", ROOT, PRODUCTION},
    {"Amazon RDS R Root CA ECC384 G1", REGIONS_G1, "rds-ca-ecc384-g1",
     "R-rds-ca-ecc384-g1", ROOT, PRODUCTION},
    {"Amazon RDS Beta R Root CA RSA2048 G1", "us-east-1", "rds-ca-rsa2048-g1",
     NULL, ROOT, BETA},
    {"Amazon RDS Beta R Root CA RSA4096 G1", "us-east-1", "rds-ca-rsa4096-g1",
     NULL, ROOT, BETA},
    {"Amazon RDS Beta R Root CA ECC384 G1", "us-east-1", "rds-ca-ecc384-g1",
     NULL, ROOT, BETA},
    {"Amazon RDS Preview R Root CA RSA2048 G1", "us-east-2",
     "rds-ca-rsa2048-g1", NULL, ROOT, PREVIEW},
    {"Amazon RDS Preview R Root CA RSA4096 G1", "us-east-2",
     "rds-ca-rsa4096-g1", NULL, ROOT, PREVIEW},
    {"Amazon RDS Preview R Root CA ECC384 G1", "us-east-2", "rds-ca-ecc384-g1",
     NULL, ROOT, PREVIEW},
    {"Amazon RDS Root 2019 CA", "", "rds-ca-2019", "rds-ca-2019-root", ROOT,
     PRODUCTION},
    {"Amazon RDS R 2019 CA", REGIONS_2015 " " REGIONS_CN, "rds-ca-2019",
     "rds-ca-2019-R", INTERMEDIATE, PRODUCTION},
    {"Amazon RDS R Root CA", REGIONS_OPT_IN, "rds-ca-2019",
     "rds-ca-R-2019-root", ROOT, PRODUCTION},
    {"Amazon RDS R CA", REGIONS_OPT_IN, "rds-ca-2019", "rds-ca-2019-R",
     INTERMEDIATE, PRODUCTION},
    {"Amazon RDS Beta Root 2019 CA", "", "rds-ca-2019", NULL, ROOT, BETA},
    {"Amazon RDS Beta R 2019 CA", "us-east-1", "rds-ca-2019", NULL,
     INTERMEDIATE, BETA},
    {"Amazon RDS Preview Root 2019 CA", "", "rds-ca-2019", NULL, ROOT,
     PREVIEW},
    {"Amazon RDS Preview R 2019 CA", "us-east-2", "rds-ca-2019", NULL,
     INTERMEDIATE, PREVIEW},
    {"Amazon RDS GovCloud Root CA", "", "rds-ca-2017",
     "rds-ca-us-gov-west-1-2017-root", ROOT, PRODUCTION},
    {"Amazon RDS R CA", "us-gov-west-1", "rds-ca-2017", "rds-ca-2017-R",
     INTERMEDIATE, PRODUCTION},
    {"Amazon RDS Root CA", "", "rds-ca-2015", "rds-ca-2015-root", ROOT,
     PRODUCTION},
    {"Amazon RDS R CA", REGIONS_2015, "rds-ca-2015", "rds-ca-2015-R",
     INTERMEDIATE, PRODUCTION},
    {"Amazon RDS preview-R CA", "us-east-2", "rds-ca-2015", NULL, INTERMEDIATE,
     PREVIEW},
    {"Amazon RDS CN Root 2019 CA", "", "rds-ca-2019", NULL, ROOT, PRODUCTION},
    {"aws.amazon.com/rds/", "", "rds-ca-2010", "rds-ca-2010", ROOT,
     PRODUCTION},
    {"Amazon Root CA 1", "", "amazon-root-ca-1", NULL, ROOT, PRODUCTION},
    {"Amazon Root CA 2", "", "amazon-root-ca-2", NULL, ROOT, PRODUCTION},
    {"Amazon Root CA 3", "", "amazon-root-ca-3", NULL, ROOT, PRODUCTION},
    {"Amazon Root CA 4", "", "amazon-root-ca-4", NULL, ROOT, PRODUCTION},
    {"Starfield Services Root Certificate Authority - G2", "",
     "starfield-services-root-g2", NULL, ROOT, PRODUCTION},
    /* An intermediate of 2021 below a G1 root: its issuer tells the CA. */
    {"Amazon RDS R CA", "cn-northwest-1", "rds-ca-rsa2048-g1", NULL,
     INTERMEDIATE, PRODUCTION},
};

/* Puts the region in the place of R. */
static const char *fill(char *out, size_t room, const char *pattern,
                        const char *region)
{
    size_t used = 0;

    for (const char *c = pattern; *c != '\0'; c++) {
        bool here = c[0] == 'R' && (c[1] == ' ' || c[1] == '-' || !c[1]) &&
                    (c == pattern || c[-1] == ' ' || c[-1] == '-');

        used += (size_t)snprintf(out + used, room - used, "%.*s",
                                 here ? (int)strlen(region) : 1,
                                 here ? region : c);
        NEED(used < room);
    }
    return out;
}

/* Common names of the built-in anchors, as libcrypto reads them. */
static char names[256][RDS_CN_MAX + 1];

static void read_names(void)
{
    NEED(rds_builtin_anchor_count <= COUNT(names));
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];
        const unsigned char *at = builtin_der(a);
        X509 *x = d2i_X509(NULL, &at, a->der_size);

        NEED(x != NULL);
        common_name(X509_get_subject_name(x), names[i], sizeof(names[i]));
        X509_free(x);
    }
}

/* The one built-in certificate with this common name. */
static const struct rds_anchor *find_by_name(const char *cn)
{
    const struct rds_anchor *found = NULL;

    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        if (strcmp(names[i], cn) == 0) {
            CHECK(found == NULL, "'%s' stands there once", cn);
            found = &rds_builtin_anchors[i];
        }
    }
    return found;
}

static enum rds_partition partition_of(const char *cn)
{
    if (strstr(cn, " cn-") != NULL || strstr(cn, " CN ") != NULL)
        return RDS_PARTITION_AWS_CN;
    return strstr(cn, "us-gov-") != NULL || strstr(cn, "GovCloud") != NULL
               ? RDS_PARTITION_AWS_US_GOV
               : RDS_PARTITION_AWS;
}

static void check_builtin(size_t row, const char *region)
{
    const struct rds_anchor *a;
    char cn[128], alias[128];
    bool proxy;

    (void)fill(cn, sizeof(cn), builtins[row].cn, region);
    proxy = strncmp(cn, "Amazon Root", 11) == 0 || cn[0] == 'S';
    a = find_by_name(cn);
    if (!CHECK(a != NULL, "'%s' is built in", cn))
        return;
    CHECK_TEXT(a->region, region, "%s: region", cn);
    CHECK_TEXT(a->ca, builtins[row].ca, "%s: CA", cn);
    if (builtins[row].alias != NULL)
        CHECK_TEXT(a->alias,
                   fill(alias, sizeof(alias), builtins[row].alias, region),
                   "%s: alias", cn);
    CHECK_NUMBER(a->role, builtins[row].role, "%s: role", cn);
    CHECK_NUMBER(a->stage, builtins[row].stage, "%s: stage", cn);
    CHECK_NUMBER(a->partition, partition_of(cn), "%s: partition", cn);
    CHECK_NUMBER(a->family, proxy ? RDS_FAMILY_PROXY : RDS_FAMILY_RDS,
                 "%s: family", cn);
}

static char *regions_of(const char *words)
{
    struct text all = {NULL, 0};

    if (words != NULL) {
        text_add(&all, "%s", words);
        return all.bytes;
    }
    for (size_t i = 0; i < rds_builtin_region_count; i++) {
        const char *region = rds_builtin_regions[i];

        if (rds_region_partition(region, strlen(region)) !=
            RDS_PARTITION_AWS_US_GOV)
            text_add(&all, " %s", region);
    }
    return all.bytes;
}

static void test_builtin(void)
{
    size_t count = 0;

    read_names();
    for (size_t i = 0; i < COUNT(builtins); i++) {
        char *words = regions_of(builtins[i].regions), *rest, *region;

        region = strtok_r(words, " ", &rest);
        do {
            check_builtin(i, region != NULL ? region : "");
            count++;
            if (region != NULL)
                region = strtok_r(NULL, " ", &rest);
        } while (region != NULL);
        free(words);
    }
    CHECK_NUMBER(count, rds_builtin_anchor_count, "every one has a row");
}

/* Describing the DER again gives the built-in table. */
static void test_described_again(void)
{
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];
        unsigned char sha256[RDS_SHA256_SIZE];
        struct rds_anchor again;
        struct rds_error err = {RDS_R_NONE, ""};

        NEED(EVP_Digest(builtin_der(a), a->der_size, sha256, NULL,
                        EVP_sha256(), NULL) == 1);
        CHECK(memcmp(sha256, a->sha256, sizeof(sha256)) == 0, "%s: SHA-256",
              a->alias);
        memset(&again, 0x55, sizeof(again));
        CHECK(rds_anchor_describe(&again, builtin_der(a), a->der_size, sha256,
                                  a->der_at, &err) &&
                  err.reason == RDS_R_NONE,
              "%s", a->alias);
        CHECK(rds_anchor_compare(a, &again) == 0 &&
                  again.der_at == a->der_at && again.der_size == a->der_size &&
                  again.not_before == a->not_before &&
                  again.not_after == a->not_after &&
                  again.subject_key == a->subject_key &&
                  again.issuer_key == a->issuer_key &&
                  memcmp(&again.serial, &a->serial, sizeof(a->serial)) == 0 &&
                  memcmp(&again.issuer, &a->issuer, sizeof(a->issuer)) == 0 &&
                  memcmp(&again.subject, &a->subject, sizeof(a->subject)) ==
                      0 &&
                  memcmp(&again.ski, &a->ski, sizeof(a->ski)) == 0 &&
                  memcmp(&again.aki, &a->aki, sizeof(a->aki)) == 0,
              "%s", a->alias);
    }
}

static void test_aliases_once(void)
{
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const char *alias = rds_builtin_anchors[i].alias;

        CHECK(alias[0] != '\0', "anchor %zu has an alias", i);
        CHECK(builtin(alias) == &rds_builtin_anchors[i], "'%s' once", alias);
    }
}

/* ---- made-up ones ------------------------------------------------------- */

#define G1_ROOT "Amazon RDS ap-foo-9 Root CA RSA2048 G1"

static const struct {
    const char *cn;
    const char *issuer; /* NULL: itself */
    const char *region;
    const char *ca;
    const char *alias; /* NULL: not stated */
    enum rds_role role;
    enum rds_stage stage;
    enum rds_partition partition;
    int year; /* of not_before; 0: 2021 */
} future[] = {
    {"Amazon RDS ap-foo-9 Root CA RSA2048 G2", NULL, "ap-foo-9",
     "rds-ca-rsa2048-g2", "ap-foo-9-rds-ca-rsa2048-g2", ROOT, PRODUCTION,
     RDS_PARTITION_AWS, 2040},
    {"Amazon RDS us-west-2 Root CA ECC521 G12", NULL, "us-west-2",
     "rds-ca-ecc521-g12", "us-west-2-rds-ca-ecc521-g12", ROOT, PRODUCTION,
     RDS_PARTITION_AWS, 0},
    {"Amazon RDS us-west-2 Root CA MLDSA87 G3", NULL, "us-west-2",
     "rds-ca-mldsa87-g3", NULL, ROOT, PRODUCTION, RDS_PARTITION_AWS, 0},
    {G1_ROOT, NULL, "ap-foo-9", "rds-ca-rsa2048-g1",
     "ap-foo-9-rds-ca-rsa2048-g1", ROOT, PRODUCTION, RDS_PARTITION_AWS, 0},
    {"Amazon RDS ap-foo-9 Subordinate CA RSA2048 G1.A.7", G1_ROOT, "ap-foo-9",
     "rds-ca-rsa2048-g1", NULL, INTERMEDIATE, PRODUCTION, RDS_PARTITION_AWS,
     0},
    /* GovCloud, 2022: neither "Root" nor "Subordinate CA". */
    {"Amazon RDS us-gov-west-1 RSA2048 G1",
     "Amazon RDS us-gov-west-1 Root CA RSA2048 G1", "us-gov-west-1",
     "rds-ca-rsa2048-g1", "us-gov-west-1-rds-ca-rsa2048-g1-subordinate",
     INTERMEDIATE, PRODUCTION, RDS_PARTITION_AWS_US_GOV, 2022},
    {"Amazon RDS Beta eu-foo-2 ECC384 G2",
     "Amazon RDS Beta eu-foo-2 Root CA ECC384 G2", "eu-foo-2",
     "rds-ca-ecc384-g2", NULL, INTERMEDIATE, BETA, RDS_PARTITION_AWS, 0},
    {"Amazon RDS us-west-2 RSA2048 G1.A.7",
     "Amazon RDS us-west-2 Root CA RSA2048 G1", "us-west-2",
     "rds-ca-rsa2048-g1", NULL, INTERMEDIATE, PRODUCTION, RDS_PARTITION_AWS,
     0},
    {"Amazon RDS cn-foo-1 Root CA RSA4096 G2", NULL, "cn-foo-1",
     "rds-ca-rsa4096-g2", NULL, ROOT, PRODUCTION, RDS_PARTITION_AWS_CN, 0},
    {"Amazon RDS us-gov-east-1 Root CA RSA2048 G1", NULL, "us-gov-east-1",
     "rds-ca-rsa2048-g1", "us-gov-east-1-rds-ca-rsa2048-g1", ROOT, PRODUCTION,
     RDS_PARTITION_AWS_US_GOV, 0},
    {"Amazon RDS eusc-de-east-1 Root CA RSA2048 G1", NULL, "eusc-de-east-1",
     "rds-ca-rsa2048-g1", NULL, ROOT, PRODUCTION, RDS_PARTITION_AWS_EUSC, 0},
    {"Amazon RDS us-isob-east-1 Root CA RSA2048 G1", NULL, "us-isob-east-1",
     "rds-ca-rsa2048-g1", NULL, ROOT, PRODUCTION, RDS_PARTITION_AWS_ISO_B, 0},
    {"Amazon RDS Beta eu-foo-2 Root CA ECC384 G2", NULL, "eu-foo-2",
     "rds-ca-ecc384-g2", NULL, ROOT, BETA, RDS_PARTITION_AWS, 0},
    {"Amazon RDS Preview eu-foo-2 Root CA ECC384 G2", NULL, "eu-foo-2",
     "rds-ca-ecc384-g2", NULL, ROOT, PREVIEW, RDS_PARTITION_AWS, 0},
    {"Amazon RDS Root 2024 CA", NULL, "", "rds-ca-2024", "rds-ca-2024-root",
     ROOT, PRODUCTION, RDS_PARTITION_AWS, 0},
    {"Amazon RDS ap-foo-9 2024 CA", "Amazon RDS Root 2024 CA", "ap-foo-9",
     "rds-ca-2024", "rds-ca-2024-ap-foo-9", INTERMEDIATE, PRODUCTION,
     RDS_PARTITION_AWS, 0},
    {"Amazon RDS CN Root 2024 CA", NULL, "", "rds-ca-2024", NULL, ROOT,
     PRODUCTION, RDS_PARTITION_AWS_CN, 0},
    {"Amazon RDS Beta Root 2024 CA", NULL, "", "rds-ca-2024", NULL, ROOT, BETA,
     RDS_PARTITION_AWS, 0},
    /* One pattern, told apart by issuer and date. */
    {"Amazon RDS ap-foo-9 CA", "Amazon RDS Root CA", "ap-foo-9", "rds-ca-2015",
     "rds-ca-2015-ap-foo-9", INTERMEDIATE, PRODUCTION, RDS_PARTITION_AWS,
     2018},
    {"Amazon RDS ap-foo-9 CA", "Amazon RDS ap-foo-9 Root CA", "ap-foo-9",
     "rds-ca-2019", "rds-ca-2019-ap-foo-9", INTERMEDIATE, PRODUCTION,
     RDS_PARTITION_AWS, 2019},
    {"Amazon RDS ap-foo-9 Root CA", NULL, "ap-foo-9", "rds-ca-2019",
     "rds-ca-ap-foo-9-2019-root", ROOT, PRODUCTION, RDS_PARTITION_AWS, 2019},
    {"Amazon RDS us-gov-east-1 CA", "Amazon RDS GovCloud Root CA",
     "us-gov-east-1", "rds-ca-2017", "rds-ca-2017-us-gov-east-1", INTERMEDIATE,
     PRODUCTION, RDS_PARTITION_AWS_US_GOV, 2018},
    /* "CN", but the 2017 root of us-gov-east-1, and what it issued. */
    {"Amazon RDS CN Root CA", NULL, "us-gov-east-1", "rds-ca-2017",
     "rds-ca-us-gov-east-1-2017-root", ROOT, PRODUCTION,
     RDS_PARTITION_AWS_US_GOV, 2018},
    {"Amazon RDS us-gov-east-1 CA", "Amazon RDS CN Root CA", "us-gov-east-1",
     "rds-ca-2017", "rds-ca-2017-us-gov-east-1-intermediate", INTERMEDIATE,
     PRODUCTION, RDS_PARTITION_AWS_US_GOV, 2018},
    /* Of another year it would be China's, by the pattern. */
    {"Amazon RDS CN Root CA", NULL, "", "rds-ca-2024", "rds-ca-2024-cn-root",
     ROOT, PRODUCTION, RDS_PARTITION_AWS_CN, 2024},
    {"Amazon RDS us-gov-west-1 CA",
     "Amazon RDS us-gov-west-1 Root CA RSA4096 G1", "us-gov-west-1",
     "rds-ca-rsa4096-g1", NULL, INTERMEDIATE, PRODUCTION,
     RDS_PARTITION_AWS_US_GOV, 2021},
    {"aws.amazon.com/rds/", NULL, "", "rds-ca-2012", NULL, ROOT, PRODUCTION,
     RDS_PARTITION_AWS, 2012},
};

static void test_future(void)
{
    for (size_t i = 0; i < COUNT(future); i++) {
        const char *cn = future[i].cn;
        struct rds_error err = {RDS_R_NONE, ""};
        struct rds_anchor a;
        struct made made;

        make_certificate(
            &made, &(struct recipe){.cn = cn,
                                    .issuer = future[i].issuer,
                                    .from = future[i].year != 0
                                                ? day(future[i].year, 6, 1)
                                                : 0});
        if (!CHECK(rds_anchor_describe(&a, made.der, made.size, made.sha256,
                                       77, &err),
                   "%s: %s", cn, err.text))
            continue;
        CHECK_TEXT(a.region, future[i].region, "%s: region", cn);
        CHECK_TEXT(a.ca, future[i].ca, "%s: CA", cn);
        if (future[i].alias != NULL)
            CHECK_TEXT(a.alias, future[i].alias, "%s: alias", cn);
        CHECK_NUMBER(a.role, future[i].role, "%s: role", cn);
        CHECK_NUMBER(a.stage, future[i].stage, "%s: stage", cn);
        CHECK_NUMBER(a.partition, future[i].partition, "%s: partition", cn);
        CHECK_NUMBER(a.family, RDS_FAMILY_RDS, "%s: family", cn);
        CHECK_NUMBER(a.der_at, 77, "%s: place", cn);
        CHECK_NUMBER(a.der_size, made.size, "%s: size", cn);
    }
}

#define OTHER_CA(issuer)                                                      \
    "' was issued by '" issuer "', not by the root of its region and CA"
#define NO_NAME "' is not the name of an Amazon RDS CA"

static const struct {
    const char *cn;
    const char *issuer;
    bool no_ca;
    const char *text; /* behind the quoted common name */
} refused[] = {
    {"", NULL, false, NO_NAME},
    {"Amazon RDS", NULL, false, NO_NAME},
    {"Amazon RDS ", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 X1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 Gx", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1x", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G0", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1234", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1xA.1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1.a.1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1.1.1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1.AB.1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1.A.", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1.A.x", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA rsa2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA G1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1 Evil", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1'", NULL, false, NULL},
    {"Amazon RDS us-west-2 Evil Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Evil Amazon RDS us-west-2 Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS US-WEST-2 Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS us-west Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS  us-west-2 Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2  Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA  RSA2048 G1", NULL, false, NO_NAME},
    {" Amazon RDS us-west-2 Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"amazon rds us-west-2 root ca rsa2048 g1", NULL, false, NO_NAME},
    {"Amazon RDS Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS CN Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS Gamma us-west-2 Root CA RSA2048 G1", NULL, false, NO_NAME},
    {"Amazon RDS Beta preview-us-east-2 CA", "Amazon RDS Root CA", false,
     NO_NAME},
    {"Amazon RDS Preview preview-us-east-2 CA", "Amazon RDS Root CA", false,
     NO_NAME},
    {"Amazon RDS Root 19 CA", NULL, false, NO_NAME},
    {"Amazon RDS Root 20199 CA", NULL, false, NO_NAME},
    {"Amazon RDS Root 2O19 CA", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root 2019 CA", NULL, false, NO_NAME},
    {"Amazon RDS 2019 CA", "Amazon RDS Root 2019 CA", false, NO_NAME},
    {"Amazon RDS CA", "Amazon RDS Root CA", false, NO_NAME},
    {"aws.amazon.com/rds/", NULL, false, NO_NAME}, /* of 2021 */
    {"Amazon Root CA 5", NULL, false, NO_NAME},
    {"Amazon Root CA 11", NULL, false, NO_NAME},
    {"Amazon Root CA", NULL, false, NO_NAME},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1", NULL, true,
     "' is not a CA certificate"},
    {"db.x1.us-west-2.rds.amazonaws.com", G1_ROOT, true,
     "' is not a CA certificate"},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1", "Evil Root", false,
     "' names a root, but its issuer is another"},
    {"Amazon Root CA 1", "Evil Root", false,
     "' names a root, but its issuer is another"},
    {"Amazon RDS us-west-2 2019 CA", NULL, false,
     "' names an intermediate, but its issuer is itself"},
    {"Amazon RDS ap-foo-9 RSA2048 G1", NULL, false,
     "' names an intermediate, but its issuer is itself"},
    {"Amazon RDS ap-foo-9 ROOT G1", NULL, false,
     "' names an intermediate, but its issuer is itself"},
    {"Amazon RDS ap-foo-9 RSA2048", G1_ROOT, false, NO_NAME},
    {"Amazon RDS ap-foo-9 G1", G1_ROOT, false, NO_NAME},
    {"Amazon RDS ap-foo-9 RSA2048 G1 CA", G1_ROOT, false, NO_NAME},
    {"Amazon RDS ap-foo-9 CA RSA2048 G1", G1_ROOT, false, NO_NAME},
    {"Amazon RDS RSA2048 G1", G1_ROOT, false, NO_NAME},
    {"Amazon RDS CN RSA2048 G1", G1_ROOT, false, NO_NAME},
    {"Amazon RDS ap-foo-8 RSA2048 G1", G1_ROOT, false, OTHER_CA(G1_ROOT)},
    {"Amazon RDS ap-foo-9 RSA4096 G1", G1_ROOT, false, OTHER_CA(G1_ROOT)},
    {"Amazon RDS ap-foo-9 RSA2048 G2", G1_ROOT, false, OTHER_CA(G1_ROOT)},
    {"Amazon RDS Beta ap-foo-9 RSA2048 G1", G1_ROOT, false, OTHER_CA(G1_ROOT)},
    {"Amazon RDS ap-foo-9 RSA2048 G1", "Evil Root", false,
     OTHER_CA("Evil Root")},
    {"Amazon RDS ap-foo-9 RSA2048 G1",
     "Amazon RDS ap-foo-9 Subordinate CA RSA2048 G1.A.1", false,
     OTHER_CA("Amazon RDS ap-foo-9 Subordinate CA RSA2048 G1.A.1")},
    {"Amazon RDS ap-foo-9 RSA2048 G1", "Amazon RDS ap-foo-9 Root CA", false,
     OTHER_CA("Amazon RDS ap-foo-9 Root CA")},
};

static void test_refused(void)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct rds_error err = {RDS_R_NONE, ""};
        struct rds_anchor a;
        struct made made;
        char text[256];

        make_certificate(&made, &(struct recipe){.cn = refused[i].cn,
                                                 .issuer = refused[i].issuer,
                                                 .no_ca = refused[i].no_ca});
        CHECK(!rds_anchor_describe(&a, made.der, made.size, made.sha256, 0,
                                   &err),
              "'%s'", refused[i].cn);
        CHECK_NUMBER(err.reason, RDS_R_BAD_CERTIFICATE, "'%s'", refused[i].cn);
        (void)snprintf(text, sizeof(text), "'%s%s", refused[i].cn,
                       refused[i].text != NULL ? refused[i].text : "");
        if (refused[i].text != NULL)
            CHECK_TEXT(err.text, text, "'%s'", refused[i].cn);
    }
}

/* ---- a name alone ------------------------------------------------------- */

static const struct {
    const char *cn;
    const char *region; /* NULL: no rule knows the name */
    const char *ca;
    enum rds_partition partition;
    enum rds_role role;
    enum rds_stage stage;
} lone_names[] = {
    {"Amazon RDS us-west-2 Root CA RSA2048 G1", "us-west-2",
     "rds-ca-rsa2048-g1", RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"Amazon RDS us-gov-west-1 RSA4096 G1", "us-gov-west-1",
     "rds-ca-rsa4096-g1", RDS_PARTITION_AWS_US_GOV, INTERMEDIATE, PRODUCTION},
    {"Amazon RDS us-gov-west-1 Subordinate CA ECC384 G2.A.13", "us-gov-west-1",
     "rds-ca-ecc384-g2", RDS_PARTITION_AWS_US_GOV, INTERMEDIATE, PRODUCTION},
    {"Amazon RDS Preview us-east-2 Root CA RSA4096 G1", "us-east-2",
     "rds-ca-rsa4096-g1", RDS_PARTITION_AWS, ROOT, PREVIEW},
    {"Amazon RDS us-west-2 2019 CA", "us-west-2", "rds-ca-2019",
     RDS_PARTITION_AWS, INTERMEDIATE, PRODUCTION},
    {"Amazon RDS CN Root 2019 CA", "", "rds-ca-2019", RDS_PARTITION_AWS_CN,
     ROOT, PRODUCTION},
    /* The date would tell, and there is none. */
    {"Amazon RDS us-west-2 CA", "us-west-2", "", RDS_PARTITION_AWS,
     INTERMEDIATE, PRODUCTION},
    {"Amazon RDS Root CA", "", "", RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"", NULL, NULL, RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"Amazon RDS ", NULL, NULL, RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"Amazon RDS us-west-2", NULL, NULL, RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"Amazon RDS us-west-2 Root CA RSA2048 G1 ", NULL, NULL, RDS_PARTITION_AWS,
     ROOT, PRODUCTION},
    {"Amazon Root CA 1", NULL, NULL, RDS_PARTITION_AWS, ROOT, PRODUCTION},
    {"aws.amazon.com/rds/", NULL, NULL, RDS_PARTITION_AWS, ROOT, PRODUCTION},
};

static void test_lone_names(void)
{
    for (size_t i = 0; i < COUNT(lone_names); i++) {
        const char *cn = lone_names[i].cn;
        struct rds_anchor a;
        bool known;

        memset(&a, 0xff, sizeof(a));
        known = rds_anchor_read_name(&a, cn);
        CHECK_NUMBER(known, lone_names[i].region != NULL, "'%s'", cn);
        if (!known || lone_names[i].region == NULL)
            continue;
        CHECK_TEXT(a.region, lone_names[i].region, "'%s': region", cn);
        CHECK_TEXT(a.ca, lone_names[i].ca, "'%s': CA", cn);
        CHECK_NUMBER(a.partition, lone_names[i].partition, "'%s'", cn);
        CHECK_NUMBER(a.role, lone_names[i].role, "'%s': role", cn);
        CHECK_NUMBER(a.stage, lone_names[i].stage, "'%s': stage", cn);
        CHECK_NUMBER(a.family, RDS_FAMILY_RDS, "'%s': family", cn);
        CHECK_NUMBER(a.not_after, 0, "'%s': no date", cn);
        CHECK_NUMBER(a.der_size, 0, "'%s': no certificate", cn);
    }
}

/*
 * A common name is found although another attribute of the name is damaged;
 * but nobody could ever look for such a certificate by its name.
 */
static void test_no_name(void)
{
    static const unsigned char locality[] = {0x06, 0x03, 0x55, 0x04, 0x07};
    const struct rds_anchor *whole = builtin("us-west-2-rds-ca-ecc384-g1");
    unsigned char *der = exact_copy(builtin_der(whole), whole->der_size), *at;
    size_t size = whole->der_size, changed = 0;
    struct rds_error err = {RDS_R_NONE, ""};
    struct rds_anchor a;

    NEED(rds_anchor_describe(&a, der, size, whole->sha256, 0, &err));
    while ((at = memmem(der, size, locality, sizeof(locality))) != NULL) {
        at[0] = RDS_DER_INTEGER;
        changed++;
    }
    CHECK_NUMBER(changed, 2, "subject and issuer");
    CHECK(!rds_anchor_describe(&a, der, size, whole->sha256, 0, &err),
          "described");
    CHECK_NUMBER(err.reason, RDS_R_BAD_CERTIFICATE, "reason");
    CHECK_TEXT(err.text,
               "'Amazon RDS us-west-2 Root CA ECC384 G1' has a subject or an "
               "issuer that is no name in DER",
               "text");
    free(der);
}

/* ---- order, force, issuers ---------------------------------------------- */

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void test_order(void)
{
    size_t count = rds_builtin_anchor_count;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const struct rds_anchor *a = &rds_builtin_anchors[i],
                                    *b = &rds_builtin_anchors[j];
            int order = sign(rds_anchor_compare(a, b));

            if (order != (i > j) - (i < j))
                CHECK(false, "%s, %s: %d", a->alias, b->alias, order);
        }
    }
    CHECK(count > 1, "%zu compared", count);
}

/* One field after the other, the more important first. */
static void test_order_of_fields(void)
{
    struct rds_anchor low, high;

    for (int field = 0; field < 8; field++) {
        memset(&low, 0, sizeof(low));
        memset(&high, 0, sizeof(high));
        (void)strcpy(low.region, "b");
        (void)strcpy(low.ca, "b");
        (void)strcpy(low.alias, "b");
        low.family = low.partition = low.role = low.stage = 1;
        low.sha256[0] = 1;
        high = low;
        /* what follows in importance says the contrary */
        switch (field) {
        case 0:
            high.family = 2;
            high.partition = 0;
            break;
        case 1:
            high.partition = 2;
            high.region[0] = 'a';
            break;
        case 2:
            high.region[0] = 'c';
            high.role = 0;
            break;
        case 3:
            high.role = 2;
            high.ca[0] = 'a';
            break;
        case 4:
            high.ca[0] = 'c';
            high.stage = 0;
            break;
        case 5:
            high.stage = 2;
            high.alias[0] = 'a';
            break;
        case 6:
            high.alias[0] = 'c';
            high.sha256[0] = 0;
            break;
        default:
            high.sha256[0] = 2;
            break;
        }
        CHECK(rds_anchor_compare(&low, &high) < 0, "field %d", field);
        CHECK(rds_anchor_compare(&high, &low) > 0, "field %d", field);
    }
    CHECK(rds_anchor_compare(&low, &low) == 0, "the same");
}

static void test_in_force(void)
{
    const struct rds_anchor *a = builtin("rds-ca-2019-root");

    CHECK_NUMBER(a->not_after, 1724346530, "2024-08-22T17:08:50Z");
    CHECK(!rds_anchor_in_force(a, a->not_before - 1), "too early");
    CHECK(rds_anchor_in_force(a, a->not_before), "first second");
    CHECK(rds_anchor_in_force(a, a->not_after), "last second");
    CHECK(!rds_anchor_in_force(a, a->not_after + 1), "too late");
    CHECK(!rds_anchor_in_force(a, 0), "1970");
}

static struct rds_entry entry_of(const char *alias)
{
    const struct rds_anchor *a = builtin(alias);

    return (struct rds_entry){a, builtin_der(a), NULL};
}

static void test_issuers_of_builtin(void)
{
    static const char *const rows[][2] = {
        {"rds-ca-2019-us-west-2", "rds-ca-2019-root"},
        {"rds-ca-2015-us-west-2", "rds-ca-2015-root"},
        {"rds-ca-2019-af-south-1", "rds-ca-af-south-1-2019-root"},
        {"rds-ca-2017-us-gov-west-1", "rds-ca-us-gov-west-1-2017-root"},
        {"rds-ca-2019-root", "rds-ca-2019-root"},
        {"us-west-2-rds-ca-rsa2048-g1", "us-west-2-rds-ca-rsa2048-g1"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rds_entry own = entry_of(rows[i][0]);
        size_t issuers = 0;

        for (size_t j = 0; j < rds_builtin_anchor_count; j++) {
            struct rds_entry other = entry_of(rds_builtin_anchors[j].alias);
            bool issued = rds_entry_issued_by(&own, &other);

            issuers += issued ? 1 : 0;
            CHECK(!issued || strcmp(other.anchor->alias, rows[i][1]) == 0,
                  "%s by %s", rows[i][0], other.anchor->alias);
        }
        CHECK_NUMBER(issuers, 1, "%s", rows[i][0]);
    }
}

static void test_issuers(void)
{
    static const struct {
        const char *row;
        const char *ski, *aki, *root;
        const char *organization; /* of the issuer; NULL: as the root's */
        bool issued;
    } rows[] = {
        {"same identifiers", "key 1", "key 1", "Amazon RDS Root 2019 CA", NULL,
         true},
        {"other identifiers", "key 1", "key 2", "Amazon RDS Root 2019 CA",
         NULL, false},
        {"longer identifier", "key 1", "key 11", "Amazon RDS Root 2019 CA",
         NULL, false},
        {"root has none", NULL, "key 1", "Amazon RDS Root 2019 CA", NULL,
         true},
        {"intermediate has none", "key 1", NULL, "Amazon RDS Root 2019 CA",
         NULL, true},
        {"neither has one", NULL, NULL, "Amazon RDS Root 2019 CA", NULL, true},
        {"another name", "key 1", "key 1", "Amazon RDS Root 2024 CA", NULL,
         false},
        /* Names that are equal as names: then the identifiers decide, or the
         * bytes. */
        {"capitals, with identifiers", "key 1", "key 1",
         "Amazon RDS Root 2019 CA", "AMAZON WEB SERVICES, INC.", true},
        {"capitals", NULL, NULL, "Amazon RDS Root 2019 CA",
         "AMAZON WEB SERVICES, INC.", false},
        {"spaces", NULL, NULL, "Amazon RDS Root 2019 CA",
         "Amazon  Web  Services,  Inc.", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rds_anchor root, own;
        struct made root_made, own_made;
        struct rds_entry root_entry, own_entry;

        make_certificate(&root_made, &(struct recipe){.cn = rows[i].root,
                                                      .ski = rows[i].ski});
        make_certificate(
            &own_made,
            &(struct recipe){.cn = "Amazon RDS us-west-2 2019 CA",
                             .issuer = "Amazon RDS Root 2019 CA",
                             .issuer_organization = rows[i].organization,
                             .aki = rows[i].aki});
        NEED(rds_anchor_describe(&root, root_made.der, root_made.size,
                                 root_made.sha256, 0, NULL));
        NEED(rds_anchor_describe(&own, own_made.der, own_made.size,
                                 own_made.sha256, 0, NULL));
        root_entry = (struct rds_entry){&root, root_made.der, NULL};
        own_entry = (struct rds_entry){&own, own_made.der, NULL};
        CHECK_NUMBER(rds_entry_issued_by(&own_entry, &root_entry),
                     rows[i].issued, "%s", rows[i].row);
        CHECK(!rds_entry_issued_by(&root_entry, &own_entry), "%s: reverse",
              rows[i].row);
    }
}

/* ---- a quick look at a name --------------------------------------------- */

/* How many bytes of a string type a letter has. */
static const struct {
    const char *name;
    int type;
    unsigned width;
} writings[] = {
    {"UTF8String", V_ASN1_UTF8STRING, 1},
    {"PrintableString", V_ASN1_PRINTABLESTRING, 1},
    {"T61String", V_ASN1_T61STRING, 1},
    {"BMPString", V_ASN1_BMPSTRING, 2},
    {"UniversalString", V_ASN1_UNIVERSALSTRING, 4},
};

static X509_NAME *name_of(const char *cn, int type, unsigned width)
{
    unsigned char bytes[4 * 128] = {0};
    X509_NAME *name = X509_NAME_new();
    size_t size = strlen(cn);

    NEED(name != NULL && size * width <= sizeof(bytes));
    for (size_t i = 0; i < size; i++)
        bytes[(i + 1) * width - 1] = (unsigned char)cn[i];
    NEED(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                    (const unsigned char *)"Amazon", -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_NID(name, NID_commonName, type, bytes,
                                    (int)(size * width), -1, 0) == 1);
    return name;
}

static bool looks_like_root(X509_NAME *name)
{
    const unsigned char *der;
    unsigned char *exact;
    size_t size;
    bool result;

    NEED(X509_NAME_get0_der(name, &der, &size) == 1);
    exact = exact_copy(der, size);
    result = rds_name_may_be_root(exact, size);
    free(exact);
    return result;
}

/* The same name in other letters, with more spaces. */
static void rewrite(const char *cn, bool upper, char out[128])
{
    size_t used = 0;

    for (; *cn != '\0' && used + 2 < 128; cn++) {
        if (*cn == ' ')
            out[used++] = ' ';
        out[used++] = upper && *cn >= 'a' && *cn <= 'z'    ? (char)(*cn - 32)
                      : !upper && *cn >= 'A' && *cn <= 'Z' ? (char)(*cn + 32)
                                                           : *cn;
    }
    out[used] = '\0';
}

/* However OpenSSL lets a root's name be written, the look does not miss it. */
static void check_root_name(const char *cn)
{
    char texts[3][128];

    (void)snprintf(texts[0], sizeof(texts[0]), "%s", cn);
    rewrite(cn, true, texts[1]);
    rewrite(cn, false, texts[2]);
    for (size_t i = 0; i < COUNT(texts) * COUNT(writings); i++) {
        const char *text = texts[i / COUNT(writings)];
        size_t writing = i % COUNT(writings);
        X509_NAME *usual = name_of(cn, V_ASN1_UTF8STRING, 1);
        X509_NAME *name =
            name_of(text, writings[writing].type, writings[writing].width);

        NEED(X509_NAME_cmp(usual, name) == 0);
        CHECK(looks_like_root(name), "'%s' as %s", text,
              writings[writing].name);
        X509_NAME_free(usual);
        X509_NAME_free(name);
    }
}

static void test_root_names(void)
{
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *anchor = &rds_builtin_anchors[i];
        const unsigned char *der = builtin_der(anchor);
        struct rds_certificate certificate;

        if (anchor->role != RDS_ROLE_ROOT)
            continue;
        NEED(rds_certificate_read(der, anchor->der_size, &certificate, NULL));
        CHECK(rds_name_may_be_root(der + anchor->subject.at,
                                   anchor->subject.size),
              "%s", anchor->alias);
        check_root_name(certificate.subject_cn);
    }
    check_root_name("Amazon RDS xx-new-1 Root CA MLDSA65 G12");
    check_root_name("Amazon RDS Root 2031 CA");
}

/* Names as those of AWS's servers' issuers: they are not to cost more. */
static void test_subordinate_names(void)
{
    static const char *const algorithms[] = {"RSA2048", "RSA4096", "ECC384"};
    struct recipe recipe = {.issuer = "Amazon RDS Root 2019 CA"};

    for (size_t i = 0; i < COUNT(algorithms) * rds_builtin_region_count; i++) {
        struct rds_certificate certificate;
        struct made made;
        char cn[80];

        (void)snprintf(cn, sizeof(cn),
                       "Amazon RDS %s Subordinate CA %s G1.A.%zu",
                       rds_builtin_regions[i / COUNT(algorithms)],
                       algorithms[i % COUNT(algorithms)], 1 + i % 30);
        recipe.cn = cn;
        make_certificate(&made, &recipe);
        NEED(rds_certificate_read(made.der, made.size, &certificate, NULL));
        CHECK(!rds_name_may_be_root(made.der + certificate.subject.at,
                                    certificate.subject.size),
              "%s", cn);
    }
}

static void test_other_names(void)
{
    static const struct {
        const char *cn;
        bool root;
    } rows[] = {
        {"Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.1", false},
        {"Amazon RDS us-gov-west-1 RSA2048 G1", false},
        {"Amazon RDS us-west-2 CA", true}, /* a length that looks like a tag */
        {"Amazon RDS us-west-2 2019 CA.", false},
        {"GTS CA 1C3", false},
        {"DigiCert TLS RSA SHA256 2020 CA1", false},
        {"Ro ot rds R", false},
        {"roo", false},
        {"rds", false},
        {"r", false},
        {"root", true},
        {"chroots", true},
        {"/RDS/", true},
        {"ISRG Root X1", true},
    };
    const unsigned char *nothing = exact_copy("", 0);

    for (size_t i = 0; i < COUNT(rows); i++) {
        X509_NAME *name = name_of(rows[i].cn, V_ASN1_UTF8STRING, 1);

        CHECK_NUMBER(looks_like_root(name), rows[i].root, "%s", rows[i].cn);
        X509_NAME_free(name);
    }
    CHECK(!rds_name_may_be_root(nothing, 0), "no bytes");
    free((void *)nothing);
}

static void test_names(void)
{
    CHECK_TEXT(rds_role_name(ROOT), "root", "role");
    CHECK_TEXT(rds_role_name(INTERMEDIATE), "intermediate", "role");
    CHECK_TEXT(rds_role_name(RDS_ROLES), "?", "no role");
    CHECK_TEXT(rds_stage_name(PRODUCTION), "production", "stage");
    CHECK_TEXT(rds_stage_name(BETA), "beta", "stage");
    CHECK_TEXT(rds_stage_name(PREVIEW), "preview", "stage");
    CHECK_TEXT(rds_stage_name(RDS_STAGES), "?", "no stage");
}

CU_TestInfo anchor_tests[] = {
    {"every built-in anchor", test_builtin},
    {"built-in anchors described again", test_described_again},
    {"aliases are unique", test_aliases_once},
    {"names that AWS may use one day", test_future},
    {"refused names", test_refused},
    {"names alone", test_lone_names},
    {"names that are none", test_no_name},
    {"the order of the built-in anchors", test_order},
    {"the order of the fields", test_order_of_fields},
    {"in force", test_in_force},
    {"issuers of built-in anchors", test_issuers_of_builtin},
    {"issuers by name and key identifier", test_issuers},
    {"names of roots, however written", test_root_names},
    {"names of subordinates", test_subordinate_names},
    {"other names", test_other_names},
    {"names of roles and stages", test_names},
    CU_TEST_INFO_NULL,
};
