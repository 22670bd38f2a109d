/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update fetches, and from where: the files that a URI of rds-trust
 * stands for, each once, no more than there is room for; and the addresses.
 */

#include "../../provider/rdsca/fetch/target.h"

#include <stdio.h>
#include <string.h>

#include "tests.h"

#define DB ".cluster-abc123.us-west-2.rds.amazonaws.com"
#define AWS_FILES                                                             \
    "aws-global-bundle.pem aws-us-gov-global-bundle.pem "                     \
    "aws-cn-global-bundle.pem"

static struct rdsca_targets targets;

/* Their files, separated by spaces. */
static const char *files(struct text *out)
{
    text_clear(out);
    text_add(out, "%s", "");
    for (size_t i = 0; i < targets.count; i++)
        text_add(out, "%s%s", i != 0 ? " " : "", targets.names[i].file);
    return out->bytes;
}

static void test_uris(void)
{
    static const struct {
        const char *uri;
        const char *files;
    } rows[] = {
        {"rds://region/us-west-2", "us-west-2-bundle.pem"},
        {"rds://region/us-west-2,eu-west-1+region/us-west-2",
         "us-west-2-bundle.pem eu-west-1-bundle.pem"},
        {"rds://host/a" DB "+host/b" DB, "us-west-2-bundle.pem"},
        {"rds://host/p.proxy-abc123.us-west-2.rds.amazonaws.com", ""},
        {"rds://partition/aws-cn", "aws-cn-global-bundle.pem"},
        {"rds://global", "aws-global-bundle.pem"},
        {"rds://all+global", AWS_FILES},
        {"rds://ca/rds-ca-rsa2048-g1", AWS_FILES},
        {"rds://file/global-bundle.pem", AWS_FILES},
        {"rds://proxy", ""},
        {"rds://list", ""},
    };
    struct text got = {NULL, 0};
    struct rds_error err;

    for (size_t i = 0; i < COUNT(rows); i++) {
        targets.count = 0;
        if (CHECK(rdsca_target_add_uri(&targets, rows[i].uri, &err), "%s",
                  rows[i].uri))
            CHECK_TEXT(files(&got), rows[i].files, "%s", rows[i].uri);
    }
    text_clear(&got);
}

static void test_refused(void)
{
    static const struct {
        const char *uri;
        enum rds_reason reason;
        const char *text;
    } rows[] = {
        {"rds://nonsense", RDS_R_UNKNOWN_WORD, NULL},
        {"rds://region/nowhere", RDS_R_UNKNOWN_WORD,
         "'nowhere' does not have the shape of a region (us-west-2)"},
    };
    struct rds_error err;

    for (size_t i = 0; i < COUNT(rows); i++) {
        targets.count = 0;
        CHECK(!rdsca_target_add_uri(&targets, rows[i].uri, &err), "%s",
              rows[i].uri);
        CHECK_NUMBER(err.reason, rows[i].reason, "%s", rows[i].uri);
        if (rows[i].text != NULL)
            CHECK_TEXT(err.text, rows[i].text, "%s", rows[i].uri);
    }
    memory_fail_at(1);
    CHECK(!rdsca_target_add_uri(&targets, "rds://all", &err), "no memory");
    CHECK(memory_failed(), "it was asked for");
    CHECK_NUMBER(err.reason, RDS_R_NO_MEMORY, "no memory");
    CHECK_TEXT(err.text, "out of memory", "no memory");
}

/* One place stays free, for the name that is being read. */
static void test_room(void)
{
    static const char full[] = "more than 127 files at once";
    char region[RDS_REGION_MAX];
    struct rds_error err;

    targets.count = 0;
    for (int i = 1; i < RDSCA_TARGETS_MAX; i++) {
        (void)snprintf(region, sizeof(region), "us-%c%c-%d", 'a' + i / 26,
                       'a' + i % 26, i % 10);
        CHECK(rdsca_target_add(&targets, region, RDS_PARTITION_AWS, &err),
              "%s", region);
    }
    CHECK_NUMBER(targets.count, RDSCA_TARGETS_MAX - 1, "each is another");
    CHECK(rdsca_target_add(&targets, region, RDS_PARTITION_AWS, &err),
          "one that is there");
    CHECK(!rdsca_target_add(&targets, "us-west-2", RDS_PARTITION_AWS, &err),
          "one more");
    CHECK_NUMBER(err.reason, RDS_R_BAD_URI, "one more");
    CHECK_TEXT(err.text, full, "one more");
    CHECK(!rdsca_target_add_retired(&targets, &err), "the retired");
    CHECK_TEXT(err.text, full, "the retired");
    CHECK_NUMBER(targets.count, RDSCA_TARGETS_MAX - 1, "nothing was added");
}

static void check_url(const char *file, const char *mirror, const char *wanted)
{
    struct rds_bundle_name name;
    enum rdsca_ca_source ca;
    char url[RDSCA_URL_MAX];
    struct rds_error err;

    NEED(rds_bundle_name_read(file, &name));
    CHECK_TEXT(rdsca_target_url(&name, mirror, url, &ca, &err) ? url
                                                               : err.text,
               wanted, "%s of %s", file, mirror != NULL ? mirror : "AWS");
}

static void test_urls(void)
{
    static const char host[] = "https://mirror.example/";
    char mirror[2 * RDSCA_URL_MAX], wanted[3 * RDSCA_URL_MAX];
    const char *path = "/us-west-2/us-west-2-bundle.pem";
    size_t longest = RDSCA_URL_MAX - 1 - strlen(path);

    check_url("us-west-2-bundle.pem", NULL,
              "https://truststore.pki.rds.amazonaws.com/us-west-2/"
              "us-west-2-bundle.pem");
    check_url("aws-cn-global-bundle.pem", NULL,
              "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/"
              "global-bundle.pem");
    check_url("us-iso-east-1-bundle.pem", NULL,
              "us-iso-east-1-bundle.pem: AWS does not publish files of "
              "partition 'aws-iso'; use --mirror URL, or rdsca import");
    check_url("us-gov-west-1-bundle.pem",
              "https://mirror.example/{partition}/x//",
              "https://mirror.example/aws-us-gov/x/us-gov-west-1/"
              "us-gov-west-1-bundle.pem");
    for (size_t size = longest - 1; size <= longest + 1; size++) {
        (void)snprintf(mirror, sizeof(mirror), "%s%0*d", host,
                       (int)(size - strlen(host)), 0);
        (void)snprintf(wanted, sizeof(wanted), "%s%s", mirror, path);
        check_url("us-west-2-bundle.pem", mirror,
                  size <= longest
                      ? wanted
                      : "the URL for us-west-2-bundle.pem is too long");
    }
    (void)snprintf(mirror, sizeof(mirror), "%s%0*d", host, RDSCA_URL_MAX, 0);
    check_url("us-west-2-bundle.pem", mirror,
              "the URL for us-west-2-bundle.pem is too long");
}

CU_TestInfo target_tests[] = {
    {"what a URI stands for", test_uris},
    {"what is refused", test_refused},
    {"no more than there is room for", test_room},
    {"addresses", test_urls},
    CU_TEST_INFO_NULL,
};
