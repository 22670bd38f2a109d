/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/select.h: what every selector and filter answers at fixed
 * times, in which order, and the exact text where there is no answer.  The
 * answers are compared with lists and counts, and, for every region and
 * filter, with a second, plain implementation of the rules.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/builtin.h"

#define HOST "rds://host/db.cluster-abc123"
#define WEST "rds://host/db.x1.us-west-2.rds.amazonaws.com"

/* ---- the examples of the documentation ---------------------------------- */

#define US_WEST_1_2015                                                        \
    "31a5536c8241d423298b624cd4904ffc9543994122c4b868038c7b73891a7461"

#define NOW 0
#define IN_2024 1
#define IN_2200 2

static int64_t moment(int when)
{
    return when == NOW       ? day(2026, 11, 23)
           : when == IN_2024 ? day(2024, 1, 1)
                             : day(2200, 1, 1);
}

/*
 * Counts that the next region changes are written as one of these and what is
 * added to it; expected() turns them into numbers.
 */
#define BEYOND 10000
enum {
    ALL = BEYOND,      /* current, of every partition */
    AWS = 2 * BEYOND,  /* current, of the partition aws */
    EVER = 3 * BEYOND, /* retired ones among them */
    EACH = 4 * BEYOND, /* one CA of three: regions */
    COMBINED = 5 * BEYOND,
};

static long expected(long count)
{
    long more = count % BEYOND;

    switch (count - more) {
    case ALL:
        return built(BUILT_CURRENT) + more;
    case AWS:
        return built(BUILT_CURRENT_AWS) + more;
    case EVER:
        return built(BUILT_EVER) + more;
    case EACH:
        return built(BUILT_CURRENT) / 3 + more;
    case COMBINED:
        return (long)rds_builtin_combined_count + more;
    default:
        return count;
    }
}

static const struct {
    const char *uri;
    int when;
    long count;
} counts[] = {
    {"rds://region/us-west-2", NOW, 3},
    {"rds:region/us-west-2", NOW, 3},
    {"rds://region/us-west-2?ca=rds-ca-2019", NOW, 2},
    {"rds://region/us-west-2?expired=include", NOW, 7},
    {"rds://region/us-west-2?role=intermediate", NOW, -1},
    {"rds://region/us-west-2/rds-ca-ecc384-g1", NOW, 1},
    {HOST ".us-west-2.rds.amazonaws.com:5432", NOW, 8},
    {"rds://host/db.proxy-abc123.us-west-2.rds.amazonaws.com", NOW, 5},
    {"rds://region/us-west-2,eu-west-1+proxy", NOW, 11},
    {"rds://partition/aws-cn", NOW, 6},
    {"rds://all", NOW, ALL},
    {"rds://", NOW, ALL},
    {"rds:", NOW, ALL},
    {"rds://file/rds-ca-2019-us-west-2.pem", NOW, 1},
    {"rds://file/rds-combined-ca-bundle.pem", NOW, COMBINED},
    {"rds://region/us-wets-2", NOW, -1},
    {"rds://region/us-gov-west-1", NOW, -1},
    /* selectors */
    {"rds://global", NOW, AWS},
    {"rds://partition/aws", NOW, AWS},
    {"rds://partition/aws-us-gov", NOW, -1},
    {"rds://proxy", NOW, 5},
    {"rds://all+proxy", NOW, ALL + 5},
    {"rds://all+all+global", NOW, ALL},
    {"rds://ca/rds-ca-rsa2048-g1", NOW, EACH + 1}, /* China: one retired */
    {"rds://ca/rds-ca-ecc384-g1", NOW, EACH},
    {"rds://ca/rds-ca-2019", NOW, 29},
    {"rds://ca/rds-ca-2017", NOW, 2},
    {"rds://ca/rds-ca-2015", NOW, 18},
    {"rds://ca/rds-ca-2010", NOW, 1},
    {"rds://ca/amazon-root-ca-1", NOW, 1},
    {"rds://ca/starfield-services-root-g2", NOW, 1},
    {"rds://list", NOW, -1},
    /* hosts */
    {HOST ".cn-north-1.rds.amazonaws.com.cn", NOW, 8},
    {"rds://host/db.x1.rds.cn-north-1.amazonaws.com.cn", NOW, 8},
    {"rds://host/db.x1.us-west-2.rds-fips.amazonaws.com", NOW, 8},
    {WEST, NOW, 8},
    {WEST "+proxy", NOW, 8},
    {"rds://proxy+host/db.x1.us-west-2.rds.amazonaws.com", NOW, 8},
    {WEST "+region/us-west-2", NOW, 8},
    {WEST "+region/eu-west-1", NOW, 11},
    {WEST "?ca=rds-ca-rsa2048-g1", NOW, 1},
    {WEST "?ca=rds-ca-2019", NOW, 2},
    {WEST "?ca=amazon-root-ca-1", NOW, 1},
    {WEST "+proxy?ca=rds-ca-rsa2048-g1", NOW, -1},
    {WEST "?ca=amazon-root-ca-1&role=intermediate", NOW, -1},
    {WEST "?role=root", NOW, 8},
    {WEST "?role=intermediate", NOW, -1},
    {WEST "?role=intermediate&expired=include", NOW, 2},
    {WEST "?expired=include", NOW, 12},
    {WEST "?stage=beta", NOW, -1},
    {"rds://host/db.x1.us-east-1.rds.amazonaws.com?stage=beta", NOW, 3},
    {"rds://host/db.x1.us-east-2.rds.amazonaws.com?stage=preview", NOW, 3},
    {WEST, IN_2024, 10},
    {WEST, IN_2200, -1},
    {WEST "?expired=include", IN_2200, 7},
    {WEST "?ca=amazon-root-ca-1", IN_2200, -1},
    {"rds://host/db.x1.us-gov-west-1.rds.amazonaws.com?expired=include", NOW,
     2},
    {"rds://host/db.x1.us-gov-west-1.rds.amazonaws.com?ca=amazon-root-ca-1",
     NOW, -1},
    {"rds://host/db.x1.us-gov-west-1.rds.amazonaws.com+proxy", NOW, -1},
    {"rds://host/x.cluster-ro-abc.docdb.cn-north-1.amazonaws.com.cn", NOW, 3},
    {"rds://host/wg.123456789012.us-east-1.redshift-serverless.amazonaws.com",
     NOW, 5},
    {"rds://host/db.x1.global.rds.amazonaws.com", NOW, AWS},
    {"rds://host/db.x1.us-east-2.rds-preview.amazonaws.com", NOW, 3},
    {"rds://host/db.x1.us-west-2.rds-preview.amazonaws.com", NOW, -1},
    {"rds://host/db.x1.us-east-1.docdb.amazonaws.com", NOW, 3},
    {"rds://host/db-123456789012.us-east-1.docdb-elastic.amazonaws.com", NOW,
     5},
    {"rds://host/db.x1.us-east-1.neptune.amazonaws.com", NOW, 5},
    {"rds://host/abc.dsql.us-east-1.on.aws", NOW, 5},
    {"rds://host/c.us-east-1.redshift.amazonaws.com", NOW, 5},
    {"rds://host/db.proxy-x1.us-gov-west-1.rds.amazonaws.com", NOW, 5},
    {"rds://host/db.x1.us-gov-west-1.rds.amazonaws.com", NOW, -1},
    /* filters */
    {"rds://all?role=root", NOW, ALL},
    {"rds://all?role=intermediate", NOW, -1},
    {"rds://all?expired=include", NOW, EVER},
    {"rds://all?stage=beta", NOW, 3},
    {"rds://all?stage=preview", NOW, 3},
    {"rds://all?stage=beta&expired=include", NOW, 5},
    {"rds://all?stage=preview&expired=include", NOW, 6},
    {"rds://region/us-east-1?stage=beta", NOW, 3},
    {"rds://region/us-west-2?stage=beta", NOW, -1},
    {"rds://all?ca=rds-ca-2015", NOW, 18},
    {"rds://all?ca=rds-ca-2015&role=root", NOW, 1},
    {"rds://all?expired=include&role=intermediate", NOW, 42},
    {"rds://region/us-west-2?expired=include&role=intermediate", NOW, 2},
    {"rds://region/us-west-2?expired=include&role=root", NOW, 5},
    {"rds://region/us-gov-west-1?expired=include", NOW, 2},
    {"rds://partition/aws-us-gov?expired=include", NOW, 2},
    {"rds://proxy?role=root", NOW, 5},
    {"rds://proxy?role=intermediate", NOW, -1},
    {"rds://proxy?stage=beta", NOW, -1},
    /* each selector must give something */
    {"rds://region/us-west-2+region/us-gov-west-1", NOW, -1},
    {"rds://region/us-gov-west-1,us-west-2", NOW, -1},
    {"rds://region/us-west-2+proxy?ca=rds-ca-2019", NOW, -1},
    {"rds://region/us-west-2+proxy?role=intermediate&expired=include", NOW,
     -1},
    {"rds://region/us-west-2+proxy?role=root", NOW, 8},
    {"rds://region/us-east-1,us-west-2?stage=beta", NOW, -1},
    /* files */
    {"rds://file/global-bundle.pem", NOW, AWS + 6}, /* beta and preview */
    {"rds://file/us-west-2-bundle.pem", NOW, 3},
    {"rds://file/us-east-1-bundle.pem", NOW, 3},
    {"rds://file/us-west-2-bundle.p7b", NOW, 3},
    {"rds://file/cn-north-1-bundle.pem", NOW, 3},
    {"rds://file/us-west-2-bundle.pem?ca=rds-ca-rsa2048-g1", NOW, 1},
    {"rds://file/us-west-2-bundle.pem?role=root", NOW, 3},
    {"rds://file/us-west-2-bundle.pem?role=intermediate", NOW, -1},
    {"rds://file/global-bundle.pem?ca=rds-ca-rsa2048-g1&role=root", NOW, EACH},
    {"rds://file/rds-ca-2019-us-west-2.pem?ca=rds-ca-2019", NOW, 1},
    {"rds://file/rds-ca-2019-us-west-2.pem?ca=rds-ca-2015", NOW, -1},
    {"rds://file/rds-combined-ca-bundle.pem?role=root", NOW, 7},
    {"rds://file/rds-combined-ca-bundle.pem?ca=rds-ca-2015", NOW, -1},
    {"rds://file/rds-combined-ca-bundle.pem?ca=rds-ca-2019", NOW, COMBINED},
    {"rds://sha256/" US_WEST_1_2015 "?ca=rds-ca-2015", NOW, 1},
    {"rds://sha256/" US_WEST_1_2015 "?ca=rds-ca-2019", NOW, -1},
    {"rds://sha256/" US_WEST_1_2015 "?role=root", NOW, -1},
    {"rds://file/rds-combined-ca-bundle.p7b", NOW, COMBINED},
    {"rds://file/rds-combined-ca-us-gov-bundle.pem", NOW, 2},
    {"rds://file/us-gov-west-1-bundle.pem", NOW, -1},
    {"rds://file/aws-us-gov-global-bundle.pem", NOW, -1},
    /* when the CAs of 2019 were in force */
    {"rds://region/us-west-2", IN_2024, 5},
    {"rds://region/us-west-2?role=intermediate", IN_2024, 1},
    {"rds://region/af-south-1", IN_2024, 5},
    {"rds://region/ap-east-1", IN_2024, 4}, /* its intermediate was over */
    {"rds://region/cn-north-1", IN_2024, 5},
    {"rds://region/ap-south-2", IN_2024, 3},
    {"rds://region/us-gov-west-1", IN_2024, -1},
    {"rds://region/us-west-2?expired=include", IN_2024, 7},
    {"rds://region/us-east-2?stage=preview", IN_2024, 5},
    {"rds://file/us-west-2-bundle.pem", IN_2024, 3},
    /* when all are over */
    {"rds://region/us-west-2", IN_2200, -1},
    {"rds://all", IN_2200, -1},
    {"rds://proxy", IN_2200, -1},
    {"rds://all?expired=include", IN_2200, EVER},
    {"rds://file/us-west-2-bundle.pem", IN_2200, 3},
    {"rds://region/us-west-2/rds-ca-rsa2048-g1", IN_2200, 1},
};

static void test_counts(void)
{
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < COUNT(counts); i++)
        CHECK_NUMBER(
            answer_count(&view.view, counts[i].uri, moment(counts[i].when)),
            expected(counts[i].count), "%s (time %d)", counts[i].uri,
            counts[i].when);
    view_clear(&view);
}

#define G1(region)                                                            \
    region "-rds-ca-ecc384-g1 " region "-rds-ca-rsa2048-g1 " region           \
           "-rds-ca-rsa4096-g1"
#define PROXIES                                                               \
    "amazon-root-ca-1 amazon-root-ca-2 amazon-root-ca-3 amazon-root-ca-4 "    \
    "starfield-services-root-g2"

/* Which ones, and in which order. */
static const struct {
    const char *uri;
    int when;
    const char *aliases;
} lists[] = {
    {"rds://region/us-west-2", NOW, G1("us-west-2")},
    {"rds://region/us-west-2?ca=rds-ca-2019", NOW,
     "rds-ca-2019-root rds-ca-2019-us-west-2"},
    {"rds://region/us-west-2/rds-ca-2019", NOW,
     "rds-ca-2019-root rds-ca-2019-us-west-2"},
    {"rds://region/us-west-2?expired=include", NOW,
     "rds-ca-2015-root rds-ca-2019-root " G1(
         "us-west-2") " rds-ca-2015-us-west-2 rds-ca-2019-us-west-2"},
    {"rds://region/af-south-1/rds-ca-2019", NOW,
     "rds-ca-af-south-1-2019-root rds-ca-2019-af-south-1"},
    {"rds://region/us-gov-west-1/rds-ca-2017", NOW,
     "rds-ca-us-gov-west-1-2017-root rds-ca-2017-us-gov-west-1"},
    {"rds://region/us-west-2,eu-west-1+proxy", NOW,
     G1("eu-west-1") " " G1("us-west-2") " " PROXIES},
    {"rds://proxy+region/us-west-2,eu-west-1", NOW,
     G1("eu-west-1") " " G1("us-west-2") " " PROXIES},
    {"rds://region/us-west-2+region/us-west-2,us-west-2", NOW,
     G1("us-west-2")},
    {"rds://partition/aws-cn", NOW, G1("cn-north-1") " " G1("cn-northwest-1")},
    {"rds://region/us-west-2", IN_2024,
     "rds-ca-2019-root " G1("us-west-2") " rds-ca-2019-us-west-2"},
    {"rds://region/us-east-2?stage=preview", NOW, G1("preview-us-east-2")},
    {"rds://host/db.x1.us-east-2.rds-preview.amazonaws.com", NOW,
     G1("preview-us-east-2")},
    {WEST, NOW, G1("us-west-2") " " PROXIES},
    {"rds://proxy+host/db.x1.us-west-2.rds.amazonaws.com", NOW,
     G1("us-west-2") " " PROXIES},
    {"rds://host/db.x1.rds.cn-north-1.amazonaws.com.cn", NOW,
     G1("cn-north-1") " " PROXIES},
    {"rds://host/x.cluster-ro-abc.docdb.cn-north-1.amazonaws.com.cn", NOW,
     G1("cn-north-1")},
    {WEST "?ca=rds-ca-rsa2048-g1", NOW, "us-west-2-rds-ca-rsa2048-g1"},
    {WEST "?ca=amazon-root-ca-3", NOW, "amazon-root-ca-3"},
    {"rds://file/rds-combined-ca-us-gov-bundle.pem", NOW,
     "rds-ca-us-gov-west-1-2017-root rds-ca-2017-us-gov-west-1"},
    {"rds://sha256/"
     "31a5536c8241d423298b624cd4904ffc9543994122c4b868038c7b73891a7461",
     NOW, "rds-ca-2015-us-west-1"},
    {"rds://sha256/"
     "8ECDE6884F3D87B1125BA31AC3FCB13D7016DE7F57CC904FE1CB97C6AE98196E",
     NOW, "amazon-root-ca-1"},
    {"rds://file/rds-ca-2019-root.pem+file/rds-ca-2015-root.pem", NOW,
     "rds-ca-2015-root rds-ca-2019-root"},
};

static void test_lists(void)
{
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < COUNT(lists); i++) {
        answer(&got, &view.view, lists[i].uri, moment(lists[i].when), NULL);
        CHECK_TEXT(got.bytes, lists[i].aliases, "%s", lists[i].uri);
    }
    text_clear(&got);
    view_clear(&view);
}

/* ---- no answer ---------------------------------------------------------- */

#define UNKNOWN RDS_R_UNKNOWN_WORD
#define NOTHING RDS_R_NOTHING_IN_FORCE
#define NOT_CARRIED RDS_R_NOT_CARRIED
#define GOV_HOST "https://s3.us-gov-west-1.amazonaws.com/rds-downloads/"
#define NO_COPY(stem, suffix)                                                 \
    "file '" stem suffix "' has no trustworthy public copy; AWS serves it "   \
    "at " GOV_HOST stem ".pem; run 'rdsca update --retired'"

static const struct {
    const char *uri;
    int when;
    enum rds_reason reason;
    const char *text;
} errors[] = {
    {"rds://region/us-wets-2", NOW, UNKNOWN,
     "unknown region 'us-wets-2', did you mean 'us-west-2'? (if it is new, "
     "run 'rdsca update us-wets-2')"},
    {"rds://region/zz-nowhere-77", NOW, UNKNOWN,
     "unknown region 'zz-nowhere-77' (if it is new, run 'rdsca update "
     "zz-nowhere-77')"},
    {"rds://region/us-west", NOW, UNKNOWN,
     "unknown region 'us-west', did you mean 'us-west-1'?"},
    {"rds://region/mars", NOW, UNKNOWN, "unknown region 'mars'"},
    {"rds://region/us-west-2,us-eats-1", NOW, UNKNOWN,
     "unknown region 'us-eats-1', did you mean 'us-east-1'? (if it is new, "
     "run 'rdsca update us-eats-1')"},
    {"rds://host/db.x1.us-wets-2.rds.amazonaws.com", NOW, UNKNOWN,
     "unknown region 'us-wets-2', did you mean 'us-west-2'? (if it is new, "
     "run 'rdsca update us-wets-2')"},
    {"rds://region/us-gov-west-1", NOW, NOTHING,
     "region 'us-gov-west-1' is known, but no certificate in force is at "
     "hand; run 'rdsca update us-gov-west-1'"},
    {"rds://region/us-gov-east-1", NOW, NOTHING,
     "region 'us-gov-east-1' is known, but no certificate in force is at "
     "hand; run 'rdsca update us-gov-east-1'"},
    {"rds://host/db.x1.us-gov-west-1.rds.amazonaws.com", NOW, NOTHING,
     "region 'us-gov-west-1' is known, but no certificate in force is at "
     "hand; run 'rdsca update us-gov-west-1'"},
    {"rds://region/me-west-1", NOW, NOTHING,
     "region 'me-west-1' is announced, no certificates seen yet; run 'rdsca "
     "update me-west-1'"},
    {"rds://host/db.x1.sa-west-1.rds.amazonaws.com", NOW, NOTHING,
     "region 'sa-west-1' is announced, no certificates seen yet; run 'rdsca "
     "update sa-west-1'"},
    {"rds://region/me-wets-1", NOW, UNKNOWN,
     "unknown region 'me-wets-1', did you mean 'me-west-1'? (if it is new, "
     "run 'rdsca update me-wets-1')"},
    {WEST "?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'us-west-2': servers send "
     "theirs; retired ones: add expired=include"},
    {WEST, IN_2200, NOTHING,
     "region 'us-west-2' is known, but no certificate in force is at hand; "
     "run 'rdsca update us-west-2'"},
    {"rds://region/us-west-2", IN_2200, NOTHING,
     "region 'us-west-2' is known, but no certificate in force is at hand; "
     "run 'rdsca update us-west-2'"},
    {"rds://region/us-west-2+region/us-gov-west-1", NOW, NOTHING,
     "region 'us-gov-west-1' is known, but no certificate in force is at "
     "hand; run 'rdsca update us-gov-west-1'"},
    {"rds://file/us-gov-west-1-bundle.pem", NOW, NOTHING,
     "region 'us-gov-west-1' is known, but no certificate in force is at "
     "hand; run 'rdsca update us-gov-west-1'"},
    {"rds://partition/aws-us-gov", NOW, NOTHING,
     "partition 'aws-us-gov' is known, but no certificate in force is at "
     "hand; run 'rdsca update --partition aws-us-gov'"},
    {"rds://file/aws-us-gov-global-bundle.pem", NOW, NOTHING,
     "partition 'aws-us-gov' is known, but no certificate in force is at "
     "hand; run 'rdsca update --partition aws-us-gov'"},
    {"rds://region/us-west-2?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'us-west-2': servers send "
     "theirs; retired ones: add expired=include"},
    {"rds://region/ap-south-2?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'ap-south-2': servers send "
     "theirs"},
    {"rds://region/ap-south-2?role=intermediate&expired=include", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'ap-south-2': servers send "
     "theirs"},
    {"rds://all?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'all': servers send theirs; "
     "retired ones: add expired=include"},
    {"rds://global?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'global': servers send "
     "theirs; retired ones: add expired=include"},
    {"rds://partition/aws-cn?role=intermediate", NOW, NOTHING,
     "AWS publishes no intermediate in force for 'partition/aws-cn': servers "
     "send theirs; retired ones: add expired=include"},
    {"rds://region/us-west-2?stage=beta", NOW, NOTHING,
     "region 'us-west-2' has no certificate of the stage 'beta' that the URI "
     "asks for"},
    {"rds://host/db.x1.us-west-2.rds-preview.amazonaws.com", NOW, NOTHING,
     "region 'us-west-2' has no certificate of the stage 'preview' that the "
     "URI asks for"},
    {"rds://region/ap-south-2?ca=rds-ca-2019", NOW, NOTHING,
     "region 'ap-south-2' has no certificate of 'rds-ca-2019'"},
    {"rds://region/ap-south-2/rds-ca-2015", NOW, NOTHING,
     "region 'ap-south-2' has no certificate of 'rds-ca-2015'"},
    {"rds://region/us-west-2/rds-ca-rsa2048-g1?role=intermediate", NOW,
     NOTHING, "region 'us-west-2' has no intermediate of 'rds-ca-rsa2048-g1'"},
    {"rds://region/us-west-2/rds-ca-2019?ca=rds-ca-2015", NOW, NOTHING, NULL},
    {"rds://proxy?stage=beta", NOW, NOTHING,
     "the filters leave no certificate of 'proxy'"},
    {"rds://proxy+region/us-west-2?ca=rds-ca-2019", NOW, NOTHING,
     "the filters leave no certificate of 'proxy'"},
    {"rds://ca/rds-ca-2015?stage=beta", NOW, NOTHING,
     "the filters leave no certificate of 'ca/rds-ca-2015'"},
    {"rds://file/rds-ca-2019-root.pem?role=intermediate&expired=include", NOW,
     NOTHING,
     "the filters leave no certificate of 'file/rds-ca-2019-root.pem'"},
    {"rds://ca/rds-ca-2091", NOW, UNKNOWN,
     "unknown CA identifier 'rds-ca-2091', did you mean 'rds-ca-2019'?"},
    {"rds://all?ca=rds-ca-rsa248-g1", NOW, UNKNOWN,
     "unknown CA identifier 'rds-ca-rsa248-g1', did you mean "
     "'rds-ca-rsa2048-g1'?"},
    {"rds://region/us-west-2/rds-ca-rsa2048-g9", NOW, UNKNOWN,
     "unknown CA identifier 'rds-ca-rsa2048-g9', did you mean "
     "'rds-ca-rsa2048-g1'?"},
    {"rds://ca/rds-ca-2012", NOW, NOT_CARRIED,
     "CA 'rds-ca-2012' has no trustworthy public copy; see "
     "rds://file/rds-ca-2012-us-gov-west-1.pem"},
    {"rds://region/us-gvo-west-1", NOW, UNKNOWN, NULL},
    {"rds://region/us-gov-west-3", NOW, UNKNOWN,
     "unknown region 'us-gov-west-3', did you mean 'us-gov-west-1'? (if it is "
     "new, run 'rdsca update us-gov-west-3')"},
    {"rds://region/eusc-de-east-1", NOW, NOT_CARRIED,
     "region 'eusc-de-east-1' is of partition 'aws-eusc', whose certificates "
     "AWS does not publish openly; put its bundle into the bundle directory "
     "as eusc-de-east-1-bundle.pem"},
    {"rds://proxy?role=intermediate", NOW, NOTHING,
     "the filters leave no certificate of 'proxy'"},
    {"rds://ca/lets-encrypt", NOW, UNKNOWN,
     "unknown CA identifier 'lets-encrypt'"},
    {"rds://file/rds-ca-2019-us-wets-2.pem", NOW, UNKNOWN,
     "unknown file 'rds-ca-2019-us-wets-2.pem', did you mean "
     "'rds-ca-2019-us-west-2'? (.pem or .p7b; rds://list names all)"},
    {"rds://file/hosts", NOW, UNKNOWN,
     "unknown file 'hosts': AWS's names end in .pem or .p7b"},
    {"rds://file/.pem", NOW, UNKNOWN, NULL},
    {"rds://file/rds-ca-2019-root.der", NOW, UNKNOWN,
     "unknown file 'rds-ca-2019-root.der': AWS's names end in .pem or .p7b"},
    {"rds://file/quite-another-thing.pem", NOW, UNKNOWN,
     "unknown file 'quite-another-thing.pem' (.pem or .p7b; rds://list names "
     "all)"},
    {"rds://file/us-wets-2-bundle.pem", NOW, UNKNOWN,
     "unknown region 'us-wets-2', did you mean 'us-west-2'? (if it is new, "
     "run 'rdsca update us-wets-2')"},
    {"rds://file/rds-ca-us-gov-east-1-2017-root.pem", NOW, NOT_CARRIED,
     NO_COPY("rds-ca-us-gov-east-1-2017-root", ".pem")},
    {"rds://file/rds-ca-2017-us-gov-east-1-intermediate.pem", NOW, NOT_CARRIED,
     NO_COPY("rds-ca-2017-us-gov-east-1-intermediate", ".pem")},
    {"rds://file/rds-ca-2012-us-gov-west-1.pem", NOW, NOT_CARRIED,
     NO_COPY("rds-ca-2012-us-gov-west-1", ".pem")},
    {"rds://sha256/"
     "0000000000000000000000000000000000000000000000000000000000000001",
     NOW, UNKNOWN,
     "unknown SHA-256 "
     "'0000000000000000000000000000000000000000000000000000000000000001': no "
     "Amazon RDS certificate at hand has it"},
    {"rds://file/-bundle.pem", NOW, UNKNOWN,
     "unknown file '-bundle.pem' (.pem or .p7b; rds://list names all)"},
    {"rds://all?role=intermediate&ca=rds-ca-ecc384-g1", IN_2024, NOTHING,
     "the filters leave no certificate of 'all'"},
    {"rds://all?role=intermediate&stage=beta", NOW, NOTHING,
     "the filters leave no certificate of 'all'"},
    {"rds://host/db.us-west-2.redshift.amazonaws.com?role=intermediate", NOW,
     NOTHING, "the filters leave no certificate of 'host/Redshift'"},
    {"rds://host/db.global-abc123.global.rds.amazonaws.com?role=intermediate",
     NOW, NOTHING,
     "the filters leave no certificate of 'host/Aurora global database'"},
    {"rds://list", NOW, RDS_R_BAD_URI,
     "rds://list names URIs; it has no certificates"},
};

static void test_errors(void)
{
    struct text got = {NULL, 0}, wanted = {NULL, 0};
    struct test_view view;
    enum rds_reason reason;

    view_start(&view, true);
    for (size_t i = 0; i < COUNT(errors); i++) {
        answer(&got, &view.view, errors[i].uri, moment(errors[i].when),
               &reason);
        CHECK_NUMBER(reason, errors[i].reason, "%s", errors[i].uri);
        text_clear(&wanted);
        text_add(&wanted, "error: %s",
                 errors[i].text != NULL ? errors[i].text : "");
        if (errors[i].text != NULL)
            CHECK_TEXT(got.bytes, wanted.bytes, "%s", errors[i].uri);
        else
            CHECK(strncmp(got.bytes, "error: ", 7) == 0 && got.size > 7, "%s",
                  errors[i].uri);
        CHECK_NUMBER(
            answer_count(&view.view, errors[i].uri, moment(errors[i].when)),
            -1, "%s, no error asked", errors[i].uri);
    }
    text_clear(&wanted);
    text_clear(&got);
    view_clear(&view);
}

/* A pinned certificate that is not carried is named. */
static bool carried(const unsigned char *sha256)
{
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        if (memcmp(rds_builtin_anchors[i].sha256, sha256, RDS_SHA256_SIZE) ==
            0)
            return true;
    }
    return false;
}

static void test_not_carried(void)
{
    struct text got = {NULL, 0}, uri = {NULL, 0};
    char sha256[RDS_SHA256_TEXT];
    struct test_view view;
    enum rds_reason reason;
    size_t missing = 0, uncarried = 0;

    view_start(&view, true);
    for (size_t i = 0; i < view.view.pin_count; i++)
        uncarried += !carried(view.view.pins[i].sha256);
    for (size_t i = 0; i < view.view.pin_count; i++) {
        const struct rds_pin *pin = &view.view.pins[i];

        text_clear(&uri);
        text_add(&uri, "rds://sha256/%s",
                 rds_sha256_write(sha256, pin->sha256));
        answer(&got, &view.view, uri.bytes, moment(NOW), &reason);
        if (reason == RDS_R_NONE)
            continue;
        missing++;
        CHECK_NUMBER(reason, NOT_CARRIED, "%s", pin->cn);
        CHECK(strstr(got.bytes, sha256) != NULL &&
                  strstr(got.bytes, pin->cn) != NULL &&
                  strstr(got.bytes, "rdsca update") != NULL,
              "%s: %s", pin->cn, got.bytes);
    }
    CHECK_NUMBER(missing, uncarried, "not carried");
    text_clear(&uri);
    text_clear(&got);
    view_clear(&view);
}

/* ---- file names --------------------------------------------------------- */

#define OLD_REGIONS                                                           \
    "ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 "                \
    "ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 "      \
    "eu-west-2 eu-west-3 eu-north-1 sa-east-1 us-east-1 us-east-2 us-west-1 " \
    "us-west-2"

/* R stands for each of the regions. */
static const struct {
    const char *file;
    const char *regions;
    const char *cn;
} files[] = {
    {"rds-ca-2019-root", "-", "Amazon RDS Root 2019 CA"},
    {"rds-ca-%s-2019-root", "af-south-1 ap-east-1 eu-south-1 me-south-1",
     "Amazon RDS %s Root CA"},
    {"rds-ca-2019-%s", OLD_REGIONS, "Amazon RDS %s 2019 CA"},
    {"rds-ca-us-gov-west-1-2017-root", "-", "Amazon RDS GovCloud Root CA"},
    {"rds-ca-2017-us-gov-west-1", "-", "Amazon RDS us-gov-west-1 CA"},
};

/* The common name of the one certificate that the URI answers with. */
static void only_name(const struct rds_view *view, const char *uri, char *cn,
                      int room)
{
    struct rds_selection selection = {NULL, 0, NULL};
    struct rds_uri *read = malloc(sizeof(*read));
    const struct rds_entry *entry;
    const unsigned char *at;
    X509 *x;

    NEED(read != NULL);
    cn[0] = '\0';
    if (rds_uri_read(uri, read, NULL) &&
        rds_select(read, view, moment(NOW), &selection, NULL) &&
        selection.count == 1) {
        entry = &view->entries[selection.index[0]];
        at = entry->der;
        x = d2i_X509(NULL, &at, entry->anchor->der_size);
        NEED(x != NULL);
        common_name(X509_get_subject_name(x), cn, room);
        X509_free(x);
    }
    rds_selection_clear(&selection);
    free(read);
}

/* Puts the region in the place of %s, if there is one. */
static void put_region(char *out, size_t room, const char *pattern,
                       const char *region)
{
    const char *place = strstr(pattern, "%s");

    if (place == NULL)
        (void)snprintf(out, room, "%s", pattern);
    else
        (void)snprintf(out, room, "%.*s%s%s", (int)(place - pattern), pattern,
                       region, place + 2);
}

static void test_files(void)
{
    static const char *const suffixes[] = {".pem", ".p7b"};
    char file[128], uri[192], wanted[128], cn[128];
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < COUNT(files); i++) {
        char *words = strdup(files[i].regions), *rest;

        NEED(words != NULL);
        for (char *region = strtok_r(words, " ", &rest); region != NULL;
             region = strtok_r(NULL, " ", &rest)) {
            put_region(file, sizeof(file), files[i].file, region);
            put_region(wanted, sizeof(wanted), files[i].cn, region);
            for (size_t s = 0; s < COUNT(suffixes); s++) {
                (void)snprintf(uri, sizeof(uri), "rds://file/%s%s", file,
                               suffixes[s]);
                only_name(&view.view, uri, cn, sizeof(cn));
                CHECK_TEXT(cn, wanted, "%s", uri);
            }
        }
        free(words);
    }
    view_clear(&view);
}

/* Every alias is a file that answers with that very certificate. */
static void test_aliases(void)
{
    struct text got = {NULL, 0}, uri = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < view.view.count; i++) {
        const char *alias = view.view.entries[i].anchor->alias;

        text_clear(&uri);
        text_add(&uri, "rds://file/%s.pem", alias);
        answer(&got, &view.view, uri.bytes, moment(NOW), NULL);
        CHECK_TEXT(got.bytes, alias, "%s", alias);
    }
    text_clear(&uri);
    text_clear(&got);
    view_clear(&view);
}

/* AWS's combined file keeps AWS's order. */
static void test_combined(void)
{
    struct rds_selection selection = {NULL, 0, NULL};
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct test_view view;
    bool whole;

    NEED(uri != NULL);
    view_start(&view, true);
    whole = rds_uri_read("rds://file/rds-combined-ca-bundle.pem", uri, NULL) &&
            rds_select(uri, &view.view, moment(NOW), &selection, NULL) &&
            selection.count == rds_builtin_combined_count;
    CHECK(whole, "all of it");
    for (size_t i = 0; whole && i < selection.count; i++)
        CHECK(memcmp(view.entries[selection.index[i]].anchor->sha256,
                     rds_builtin_combined[i], RDS_SHA256_SIZE) == 0,
              "number %zu", i);
    rds_selection_clear(&selection);
    CHECK(selection.index == NULL && selection.count == 0, "cleared");
    rds_selection_clear(&selection);
    free(uri);
    view_clear(&view);
}

/* ---- against a second implementation ------------------------------------ */

struct rule {
    const char *uri; /* what stands in the URI, with R for the region */
    bool expired;    /* takes those out of force */
    const char *ca;  /* "": any */
    int role, stage; /* RDS_ROLES: any */
};

static const struct rule rules[] = {
    {"", false, "", RDS_ROLES, RDS_STAGE_PRODUCTION},
    {"?expired=include", true, "", RDS_ROLES, RDS_STAGE_PRODUCTION},
    {"?role=root", false, "", RDS_ROLE_ROOT, RDS_STAGE_PRODUCTION},
    {"?role=intermediate", false, "", RDS_ROLE_INTERMEDIATE,
     RDS_STAGE_PRODUCTION},
    {"?role=intermediate&expired=include", true, "", RDS_ROLE_INTERMEDIATE,
     RDS_STAGE_PRODUCTION},
    {"?stage=beta", false, "", RDS_ROLES, RDS_STAGE_BETA},
    {"?stage=preview", false, "", RDS_ROLES, RDS_STAGE_PREVIEW},
    {"?stage=beta&expired=include", true, "", RDS_ROLES, RDS_STAGE_BETA},
    {"?ca=rds-ca-2019", true, "rds-ca-2019", RDS_ROLES, RDS_STAGE_PRODUCTION},
    {"?ca=rds-ca-2015&role=root", true, "rds-ca-2015", RDS_ROLE_ROOT,
     RDS_STAGE_PRODUCTION},
    {"?ca=rds-ca-rsa2048-g1", true, "rds-ca-rsa2048-g1", RDS_ROLES,
     RDS_STAGE_PRODUCTION},
    {"?ca=amazon-root-ca-2", true, "amazon-root-ca-2", RDS_ROLES,
     RDS_STAGE_PRODUCTION},
};

static bool rule_takes(const struct rule *rule, const struct rds_anchor *a,
                       int64_t now)
{
    return (rule->expired || (a->not_before <= now && now <= a->not_after)) &&
           (rule->ca[0] == '\0' || strcmp(rule->ca, a->ca) == 0) &&
           (int)a->stage == rule->stage;
}

/* Whether the names say that `root` issued `own`, byte by byte. */
static bool issued(const struct rds_entry *own, const struct rds_entry *root)
{
    const struct rds_anchor *a = own->anchor, *r = root->anchor;

    return a->issuer.size == r->subject.size &&
           memcmp(own->der + a->issuer.at, root->der + r->subject.at,
                  a->issuer.size) == 0 &&
           (a->aki.size == 0 || r->ski.size == 0 ||
            (a->aki.size == r->ski.size &&
             memcmp(own->der + a->aki.at, root->der + r->ski.at,
                    a->aki.size) == 0));
}

/* Whether the region's answer holds this root for another's sake. */
static bool root_for(const struct rds_view *view, size_t root,
                     const char *region, const struct rule *rule, int64_t now)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *a = view->entries[i].anchor;

        if (strcmp(a->region, region) == 0 && rule_takes(rule, a, now) &&
            a->role == RDS_ROLE_INTERMEDIATE &&
            issued(&view->entries[i], &view->entries[root]))
            return true;
    }
    return false;
}

/* What the selector at hand takes; `word` is its name. */
static bool wanted(const struct rds_view *view, size_t i, const char *kind,
                   const char *word, const struct rule *rule, int64_t now)
{
    const struct rds_anchor *a = view->entries[i].anchor;
    bool rds = a->family == RDS_FAMILY_RDS;
    struct rule loose = *rule;

    /* Roots that issued a region's certificates count whatever their stage. */
    if (strcmp(kind, "region/") == 0 && a->region[0] == '\0')
        loose.stage = (int)a->stage;
    if (!rule_takes(&loose, a, now) ||
        (rule->role != RDS_ROLES && (int)a->role != rule->role))
        return false;
    if (strcmp(kind, "all") == 0)
        return rds;
    if (strcmp(kind, "global") == 0)
        return rds && a->partition == RDS_PARTITION_AWS;
    if (strcmp(kind, "proxy") == 0)
        return !rds;
    if (strcmp(kind, "partition/") == 0)
        return rds && strcmp(rds_partition_name(a->partition), word) == 0;
    return rds &&
           (strcmp(a->region, word) == 0 ||
            (a->region[0] == '\0' && root_for(view, i, word, rule, now)));
}

static void compare(const struct rds_view *view, const char *kind,
                    const char *word, const struct rule *rule, int64_t now)
{
    struct text got = {NULL, 0}, expected = {NULL, 0}, uri = {NULL, 0};
    enum rds_reason reason;

    text_add(&uri, "rds://%s%s%s", kind, word, rule->uri);
    text_add(&expected, "%s", "");
    for (size_t i = 0; i < view->count; i++) {
        if (wanted(view, i, kind, word, rule, now))
            text_add(&expected, "%s%s", expected.size != 0 ? " " : "",
                     view->entries[i].anchor->alias);
    }
    answer(&got, view, uri.bytes, now, &reason);
    if (expected.size != 0)
        CHECK_TEXT(got.bytes, expected.bytes, "%s at %lld", uri.bytes,
                   (long long)now);
    else
        CHECK_NUMBER(reason, RDS_R_NOTHING_IN_FORCE, "%s at %lld: %s",
                     uri.bytes, (long long)now, got.bytes);
    text_clear(&uri);
    text_clear(&expected);
    text_clear(&got);
}

static void test_second_implementation(void)
{
    static const char *const kinds[] = {"all", "global", "proxy"};
    static const char *const partitions[] = {"aws", "aws-us-gov", "aws-cn"};
    int64_t times[] = {day(2014, 1, 1),   day(2018, 1, 1), day(2024, 1, 1),
                       day(2026, 11, 23), day(2062, 1, 1), day(2200, 1, 1)};
    struct test_view view;

    view_start(&view, true);
    for (size_t t = 0; t < COUNT(times); t++) {
        for (size_t r = 0; r < COUNT(rules); r++) {
            for (size_t i = 0; i < COUNT(kinds); i++)
                compare(&view.view, kinds[i], "", &rules[r], times[t]);
            for (size_t i = 0; i < COUNT(partitions); i++)
                compare(&view.view, "partition/", partitions[i], &rules[r],
                        times[t]);
            for (size_t i = 0; i < view.view.region_count; i++)
                compare(&view.view, "region/", view.view.regions[i], &rules[r],
                        times[t]);
        }
    }
    view_clear(&view);
}

/* ---- what is learnt from the certificates ------------------------------- */

static void test_new_region(void)
{
    struct text got = {NULL, 0};
    struct test_view view;
    enum rds_reason reason;

    view_start(&view, true);
    CHECK(!rds_view_knows_region(&view.view, "ap-foo-9"), "unknown yet");
    view_add(&view,
             &(struct recipe){.cn = "Amazon RDS ap-foo-9 Root CA RSA2048 G1"});
    view_add(&view,
             &(struct recipe){.cn = "Amazon RDS ap-foo-9 Root CA RSA2048 G2",
                              .from = day(2040, 1, 1)});
    view_add(&view,
             &(struct recipe){.cn = "Amazon RDS us-west-2 Root CA RSA2048 "
                                    "G2"});
    CHECK(rds_view_knows_region(&view.view, "ap-foo-9"), "known now");
    answer(&got, &view.view, "rds://region/ap-foo-9", moment(NOW), NULL);
    CHECK_TEXT(got.bytes, "ap-foo-9-rds-ca-rsa2048-g1", "in force");
    answer(&got, &view.view, "rds://region/ap-foo-9", day(2041, 1, 1), NULL);
    CHECK_TEXT(got.bytes,
               "ap-foo-9-rds-ca-rsa2048-g1 ap-foo-9-rds-ca-rsa2048-g2",
               "later");
    answer(&got, &view.view, "rds://region/ap-foo-9/rds-ca-rsa2048-g2",
           moment(NOW), NULL);
    CHECK_TEXT(got.bytes, "ap-foo-9-rds-ca-rsa2048-g2", "named, not yet");
    answer(&got, &view.view, "rds://region/ap-fo-9", moment(NOW), &reason);
    CHECK_TEXT(got.bytes,
               "error: unknown region 'ap-fo-9', did you mean 'ap-foo-9'? (if "
               "it is new, run 'rdsca update ap-fo-9')",
               "suggested");
    CHECK_NUMBER(
        answer_count(&view.view, "rds://region/us-west-2", moment(NOW)), 4,
        "a second generation beside the first");
    CHECK_NUMBER(answer_count(&view.view,
                              "rds://host/db.x1.ap-foo-9.rds.amazonaws.com",
                              moment(NOW)),
                 6, "by host");
    CHECK_NUMBER(answer_count(&view.view, "rds://file/ap-foo-9-bundle.pem",
                              moment(NOW)),
                 2, "by file");
    CHECK_NUMBER(answer_count(&view.view, "rds://all", moment(NOW)),
                 expected(ALL) + 2, "among all");
    text_clear(&got);
    view_clear(&view);
}

/* GovCloud's shape: a root and intermediates of a region, roots first. */
static void test_intermediates(void)
{
    static const char root[] = "Amazon RDS us-gov-west-1 Root CA RSA2048 G1";
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    view_add(
        &view,
        &(struct recipe){
            .cn = "Amazon RDS us-gov-west-1 Subordinate CA RSA2048 G1.A.1",
            .issuer = root,
            .aki = "root"});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-gov-west-1 CA",
                                     .issuer = root,
                                     .until = day(2025, 1, 1),
                                     .aki = "root"});
    view_add(&view, &(struct recipe){.cn = root, .ski = "root"});
    answer(&got, &view.view, "rds://region/us-gov-west-1", moment(NOW), NULL);
    CHECK_TEXT(got.bytes,
               "us-gov-west-1-rds-ca-rsa2048-g1 "
               "us-gov-west-1-rds-ca-rsa2048-g1-subordinate",
               "root first");
    CHECK_NUMBER(answer_count(&view.view,
                              "rds://region/us-gov-west-1?role=intermediate",
                              moment(NOW)),
                 1, "the intermediate in force");
    CHECK_NUMBER(answer_count(&view.view,
                              "rds://region/us-gov-west-1/rds-ca-rsa2048-g1",
                              moment(NOW)),
                 3, "all of the CA that is named");
    text_clear(&got);
    view_clear(&view);
}

/* AWS's file for GovCloud: all roots of a region before its intermediates. */
static void test_govcloud(void)
{
#define GOV_WEST "Amazon RDS us-gov-west-1 "
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    view_add(&view, &(struct recipe){.cn = GOV_WEST "RSA4096 G1",
                                     .issuer = GOV_WEST "Root CA RSA4096 G1",
                                     .aki = "4096"});
    view_add(&view, &(struct recipe){.cn = GOV_WEST "RSA2048 G1",
                                     .issuer = GOV_WEST "Root CA RSA2048 G1",
                                     .aki = "2048"});
    view_add(&view, &(struct recipe){.cn = GOV_WEST "Root CA RSA4096 G1",
                                     .ski = "4096"});
    view_add(&view, &(struct recipe){.cn = GOV_WEST "Root CA RSA2048 G1",
                                     .ski = "2048"});
    view_add(&view, &(struct recipe){.cn = GOV_WEST "Root CA ECC384 G1"});
    answer(&got, &view.view, "rds://partition/aws-us-gov", moment(NOW), NULL);
    CHECK_TEXT(
        got.bytes,
        "us-gov-west-1-rds-ca-ecc384-g1 us-gov-west-1-rds-ca-rsa2048-g1 "
        "us-gov-west-1-rds-ca-rsa4096-g1 "
        "us-gov-west-1-rds-ca-rsa2048-g1-subordinate "
        "us-gov-west-1-rds-ca-rsa4096-g1-subordinate",
        "roots first");
    CHECK_NUMBER(answer_count(&view.view,
                              "rds://region/us-gov-west-1?role=root",
                              moment(NOW)),
                 3, "an intermediate is not taken for a root");
    CHECK_NUMBER(
        answer_count(&view.view,
                     "rds://region/us-gov-west-1?ca=rds-ca-rsa4096-g1",
                     moment(NOW)),
        2, "a CA: its root and its intermediate");
    text_clear(&got);
    view_clear(&view);
}

/* Of two roots with one name, the one that issued. */
static void test_two_roots(void)
{
    static const char name[] = "Amazon RDS Root 2030 CA";
    struct rds_selection selection = {NULL, 0, NULL};
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct test_view view;

    NEED(uri != NULL);
    view_start(&view, false);
    view_add(&view, &(struct recipe){.cn = name, .ski = "old"});
    view_add(&view, &(struct recipe){.cn = name, .ski = "new"});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-west-2 2030 CA",
                                     .issuer = name,
                                     .aki = "new"});
    NEED(rds_uri_read("rds:region/us-west-2", uri, NULL));
    if (CHECK(rds_select(uri, &view.view, moment(NOW), &selection, NULL),
              "an answer"))
        CHECK_NUMBER(selection.count, 2, "one root, one intermediate");
    for (size_t i = 0; i < selection.count; i++)
        CHECK(view.entries[selection.index[i]].anchor != &view.extra[0],
              "not the other root");
    rds_selection_clear(&selection);
    free(uri);
    view_clear(&view);
}

/*
 * A root without a region, of one region's file: no other region gets it, not
 * even with an intermediate that it issued.
 */
static void test_bound_root(void)
{
    static const char name[] = "Amazon RDS Root 2030 CA";
    struct text got = {NULL, 0};
    struct rds_bound bound;
    struct test_view view;

    view_start(&view, false);
    view_add(&view, &(struct recipe){.cn = name});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-west-2 2030 CA",
                                     .issuer = name});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-east-1 2030 CA",
                                     .issuer = name});
    for (int i = 0; i < 2; i++) {
        bound = (struct rds_bound){&view.extra[0], "us-west-2"};
        view.view.bounds = &bound;
        view.view.bound_count = (size_t)i;
        answer(&got, &view.view, "rds:region/us-west-2", moment(NOW), NULL);
        CHECK_TEXT(got.bytes, "rds-ca-2030-root rds-ca-2030-us-west-2",
                   "its region, %d", i);
        answer(&got, &view.view, "rds:region/us-east-1", moment(NOW), NULL);
        CHECK_TEXT(got.bytes,
                   i == 0 ? "rds-ca-2030-root rds-ca-2030-us-east-1"
                          : "rds-ca-2030-us-east-1",
                   "another region, %d", i);
        answer(&got, &view.view, "rds:file/us-east-1-bundle.pem", moment(NOW),
               NULL);
        CHECK_TEXT(got.bytes,
                   i == 0 ? "rds-ca-2030-us-east-1 rds-ca-2030-root"
                          : "rds-ca-2030-us-east-1",
                   "its file, %d", i);
        CHECK(rds_view_serves(&view.view, &view.extra[0], "us-west-2") &&
                  rds_view_serves(&view.view, &view.extra[0], "us-east-1") ==
                      (i == 0) &&
                  rds_view_serves(&view.view, &view.extra[1], "us-east-1"),
              "serves, %d", i);
    }
    text_clear(&got);
    view_clear(&view);
}

/* Each certificate comes with the selectors that picked it. */
static void test_selectors_of_each(void)
{
    static const struct {
        const char *uri;
        uint64_t west, east, proxy; /* expected */
    } rows[] = {
        {"rds://region/us-west-2", 1, 0, 0},
        {"rds://region/us-west-2,us-east-1", 1, 2, 0},
        {"rds://region/us-west-2+all", 3, 2, 0},
        {"rds://proxy+region/us-east-1+global", 4, 6, 1},
        {"rds://file/us-west-2-bundle.pem", 1, 0, 0},
        {"rds://host/db.abc123def.us-west-2.rds.amazonaws.com+proxy", 1, 0, 3},
    };
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct rds_selection selection;
    struct test_view view;

    NEED(uri != NULL);
    view_start(&view, true);
    for (size_t i = 0; i < COUNT(rows); i++) {
        NEED(rds_uri_read(rows[i].uri, uri, NULL) &&
             rds_select(uri, &view.view, moment(NOW), &selection, NULL));
        for (size_t j = 0; j < selection.count; j++) {
            const struct rds_anchor *anchor =
                view.entries[selection.index[j]].anchor;

            CHECK(selection.selectors[j] != 0, "%s: %s", rows[i].uri,
                  anchor->alias);
            if (strcmp(anchor->region, "us-west-2") == 0)
                CHECK_NUMBER(selection.selectors[j], rows[i].west, "%s: %s",
                             rows[i].uri, anchor->alias);
            if (strcmp(anchor->region, "us-east-1") == 0)
                CHECK_NUMBER(selection.selectors[j], rows[i].east, "%s: %s",
                             rows[i].uri, anchor->alias);
            if (anchor->family == RDS_FAMILY_PROXY)
                CHECK_NUMBER(selection.selectors[j], rows[i].proxy, "%s: %s",
                             rows[i].uri, anchor->alias);
        }
        rds_selection_clear(&selection);
    }
    free(uri);
    view_clear(&view);
}

/* What is not there at all, and an intermediate of another stage only. */
static void test_poor_view(void)
{
    static const struct {
        const char *uri;
        const char *text;
    } rows[] = {
        {"rds://region/us-west-2", "us-west-2-rds-ca-rsa2048-g1"},
        {"rds://region/us-west-2?role=intermediate",
         "error: AWS publishes no intermediate in force for 'us-west-2': "
         "servers send theirs; retired ones: add expired=include"},
        {"rds://region/us-west-2?role=intermediate&expired=include",
         "error: AWS publishes no intermediate in force for 'us-west-2': "
         "servers send theirs"},
        {"rds://all?role=intermediate&expired=include",
         "error: the filters leave no certificate of 'all'"},
        {"rds://proxy",
         "error: no certificate of 'proxy' is in force at hand; run 'rdsca "
         "update'"},
        {"rds://host/db.us-west-2.redshift.amazonaws.com",
         "error: no certificate of 'host/Redshift' is in force at hand; run "
         "'rdsca "
         "update'"},
    };
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, false);
    view_add(&view, &(struct recipe){
                        .cn = "Amazon RDS us-west-2 Root CA RSA2048 G1"});
    view_add(&view, &(struct recipe){.cn = "Amazon RDS Beta us-west-2 2019 CA",
                                     .issuer = "Amazon RDS Beta Root 2019 CA",
                                     .until = day(2024, 8, 22)});
    for (size_t i = 0; i < COUNT(rows); i++) {
        answer(&got, &view.view, rows[i].uri, moment(NOW), NULL);
        CHECK_TEXT(got.bytes, rows[i].text, "%s", rows[i].uri);
    }
    text_clear(&got);
    view_clear(&view);
}

/* A filter for the stage holds of a fingerprint, too. */
static void test_stage_of_fingerprint(void)
{
    const struct rds_anchor *beta = NULL;
    char uri[160], sha256[RDS_SHA256_TEXT];
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < view.view.count; i++) {
        if (view.entries[i].anchor->stage == RDS_STAGE_BETA)
            beta = view.entries[i].anchor;
    }
    NEED(beta != NULL);
    (void)rds_sha256_write(sha256, beta->sha256);
    (void)snprintf(uri, sizeof(uri), "rds://sha256/%s?stage=beta", sha256);
    answer(&got, &view.view, uri, moment(NOW), NULL);
    CHECK_TEXT(got.bytes, beta->alias, "its stage");
    (void)snprintf(uri, sizeof(uri), "rds://sha256/%s?stage=preview", sha256);
    answer(&got, &view.view, uri, moment(NOW), NULL);
    CHECK_TEXT(got.bytes,
               "error: the filters leave no certificate of 'sha256/'",
               "another");
    text_clear(&got);
    view_clear(&view);
}

/* The list of AWS's combined file: once each, what is at hand. */
static void test_odd_combined(void)
{
    unsigned char list[3][RDS_SHA256_SIZE] = {{0}};
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    memcpy(list[1], builtin("rds-ca-2019-root")->sha256, RDS_SHA256_SIZE);
    memcpy(list[2], list[1], RDS_SHA256_SIZE);
    view.view.combined = (const unsigned char(*)[RDS_SHA256_SIZE])list;
    view.view.combined_count = COUNT(list);
    answer(&got, &view.view, "rds://file/rds-combined-ca-bundle.pem",
           moment(NOW), NULL);
    CHECK_TEXT(got.bytes, "rds-ca-2019-root", "unknown, known, again");
    text_clear(&got);
    view_clear(&view);
}

/* ---- memory ------------------------------------------------------------- */

static void small_view(struct test_view *view)
{
    view_start(view, false);
    view_add(view, &(struct recipe){
                       .cn = "Amazon RDS us-west-2 Root CA RSA2048 G1"});
}

static void test_select_without_memory(void)
{
    struct rds_selection selection = {NULL, 0, NULL};
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct rds_error err;
    struct test_view view;
    unsigned nth = 1;

    NEED(uri != NULL && rds_uri_read("rds://all", uri, NULL));
    small_view(&view);
    for (;; nth++) {
        bool good;

        memory_fail_at(nth);
        good = rds_select(uri, &view.view, moment(NOW), &selection, &err);
        if (!memory_failed()) {
            CHECK(good && selection.count == 1, "enough memory");
            break;
        }
        CHECK(!good, "allocation %u", nth);
        CHECK_NUMBER(err.reason, RDS_R_NO_MEMORY, "allocation %u", nth);
        CHECK_TEXT(err.text, "out of memory", "allocation %u", nth);
        CHECK(selection.index == NULL && selection.count == 0, "no answer");
    }
    CHECK_NUMBER(nth, 5, "four allocations");
    rds_selection_clear(&selection);
    free(uri);
    view_clear(&view);
}

static bool count_uris(void *arg, const char *uri, const char *description)
{
    size_t *count = arg;

    (void)uri;
    (void)description;
    ++*count;
    return true;
}

/* A list with a gap would not show it. */
static void test_list_without_memory(void)
{
    struct test_view view;
    size_t whole = 0, listed;
    unsigned nth = 1;

    small_view(&view);
    NEED(rds_list(&view.view, moment(NOW), count_uris, &whole) && whole > 5);
    for (;; nth++) {
        bool good;

        listed = 0;
        memory_fail_at(nth);
        good = rds_list(&view.view, moment(NOW), count_uris, &listed);
        if (!memory_failed()) {
            CHECK(good, "enough memory");
            break;
        }
        CHECK(!good, "allocation %u of the list", nth);
    }
    CHECK(nth > 2 * whole, "%u allocations for %zu URIs", nth, whole);
    CHECK_NUMBER(listed, whole, "the whole list");
    view_clear(&view);
}

/* ---- refused files ------------------------------------------------------ */

static void test_refusals(void)
{
    static const struct rds_refusal regional = {
        "us-gov-west-1-bundle.pem", "us-gov-west-1", RDS_PARTITION_AWS_US_GOV,
        "us-gov-west-1-bundle.pem: writable by group"};
    static const struct rds_refusal global = {
        "aws-us-gov-global-bundle.pem", "", RDS_PARTITION_AWS_US_GOV,
        "aws-us-gov-global-bundle.pem: empty"};
    static const struct rds_refusal directory = {"", "", RDS_PARTITIONS,
                                                 "/x: writable"};
    static const struct {
        const char *row;
        const struct rds_refusal *refusal;
        const char *uri;
        const char *text; /* NULL: an answer */
    } rows[] = {
        {"its region", &regional, "rds://region/us-gov-west-1",
         "error: region 'us-gov-west-1': us-gov-west-1-bundle.pem: writable "
         "by group"},
        {"its host", &regional,
         "rds://host/db.x1.us-gov-west-1.rds.amazonaws.com",
         "error: region 'us-gov-west-1': us-gov-west-1-bundle.pem: writable "
         "by group"},
        {"all of its partition", &global, "rds://partition/aws-us-gov",
         "error: partition 'aws-us-gov': aws-us-gov-global-bundle.pem: "
         "empty"},
        {"the file of its partition", &global,
         "rds://file/aws-us-gov-global-bundle.pem",
         "error: partition 'aws-us-gov': aws-us-gov-global-bundle.pem: "
         "empty"},
        {"another region", &regional, "rds://region/us-gov-east-1",
         "error: region 'us-gov-east-1' is known, but no certificate in force "
         "is at hand; run 'rdsca update us-gov-east-1'"},
        {"its partition", &global, "rds://region/us-gov-east-1",
         "error: region 'us-gov-east-1': aws-us-gov-global-bundle.pem: "
         "empty"},
        {"another partition", &global, "rds://region/me-west-1",
         "error: region 'me-west-1' is announced, no certificates seen yet; "
         "run 'rdsca update me-west-1'"},
        {"a region that answers", &global, "rds://region/us-west-2", NULL},
        {"the directory", &directory, "rds://region/us-gov-east-1",
         "error: region 'us-gov-east-1': /x: writable"},
        {"the directory, an unknown region", &directory,
         "rds://region/ap-foo-9", "error: region 'ap-foo-9': /x: writable"},
    };
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    for (size_t i = 0; i < COUNT(rows); i++) {
        view.view.refusals = rows[i].refusal;
        view.view.refusal_count = 1;
        answer(&got, &view.view, rows[i].uri, moment(NOW), NULL);
        CHECK_TEXT(got.bytes,
                   rows[i].text != NULL ? rows[i].text : G1("us-west-2"), "%s",
                   rows[i].row);
    }
    text_clear(&got);
    view_clear(&view);
}

/* ---- rds://list --------------------------------------------------------- */

struct listing {
    const struct rds_view *view;
    int64_t now;
    struct text all;
    size_t count;
    size_t stop_at;
};

static bool note(void *arg, const char *uri, const char *description)
{
    struct listing *listing = arg;
    struct text line = {NULL, 0};
    char *copy = strdup(uri); /* the text lives during the call only */

    NEED(copy != NULL);
    CHECK(answer_count(listing->view, copy, listing->now) > 0, "%s answers",
          copy);
    CHECK(description[0] != '\0', "%s is described", copy);
    text_add(&line, "\n%s\n", copy);
    CHECK(listing->all.bytes == NULL ||
              strstr(listing->all.bytes, line.bytes) == NULL,
          "%s once", copy);
    text_add(&listing->all, "%s", line.bytes);
    text_clear(&line);
    free(copy);
    return ++listing->count != listing->stop_at;
}

static void list(struct listing *listing, const struct rds_view *view,
                 int64_t now, size_t stop_at)
{
    text_clear(&listing->all);
    *listing = (struct listing){view, now, {NULL, 0}, 0, stop_at};
    text_add(&listing->all, "%s", "");
    CHECK_NUMBER(rds_list(view, now, note, listing), stop_at == 0,
                 "list, stop at %zu", stop_at);
}

static void test_list(void)
{
    static const struct {
        const char *line;
        bool now, in_2200;
    } rows[] = {
        {"\nrds://all\n", true, false},
        {"\nrds://global\n", true, false},
        {"\nrds://proxy\n", true, false},
        {"\nrds://partition/aws-cn\n", true, false},
        {"\nrds://partition/aws-us-gov\n", false, false},
        {"\nrds://region/us-west-2\n", true, false},
        {"\nrds://region/us-west-2/rds-ca-rsa2048-g1\n", true, false},
        {"\nrds://region/us-gov-west-1\n", false, false},
        {"\nrds://region/ca-west-1\n", true, false},
        {"\nrds://ca/rds-ca-2019\n", true, true},
        {"\nrds://ca/amazon-root-ca-1\n", true, true},
        {"\nrds://file/global-bundle.pem\n", true, true},
        {"\nrds://file/us-west-2-bundle.pem\n", true, true},
        {"\nrds://file/rds-combined-ca-bundle.pem\n", true, true},
        {"\nrds://file/rds-ca-2019-us-west-2.pem\n", true, true},
        {"\nrds://file/us-west-2-rds-ca-rsa2048-g1.pem\n", true, true},
        {"\nrds://file/rds-ca-2012-us-gov-west-1.pem\n", false, false},
        {"\nrds://file/aws-us-gov-global-bundle.pem\n", false, false},
    };
    struct listing listing = {NULL, 0, {NULL, 0}, 0, 0};
    struct test_view view;

    view_start(&view, true);
    list(&listing, &view.view, moment(NOW), 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_NUMBER(strstr(listing.all.bytes, rows[i].line) != NULL,
                     rows[i].now, "now: %s", rows[i].line + 1);
    list(&listing, &view.view, moment(IN_2200), 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_NUMBER(strstr(listing.all.bytes, rows[i].line) != NULL,
                     rows[i].in_2200, "2200: %s", rows[i].line + 1);
    for (size_t stop = listing.count; stop > 0; stop -= stop > 7 ? 7 : 1) {
        list(&listing, &view.view, moment(NOW), stop);
        CHECK_NUMBER(listing.count, stop, "stopped");
    }
    view_clear(&view);
    small_view(&view);
    view_add(&view,
             &(struct recipe){
                 .cn = "Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.1",
                 .issuer = "Amazon RDS us-west-2 Root CA RSA2048 G1"});
    list(&listing, &view.view, moment(NOW), 0); /* its CA once */
    CHECK(strstr(listing.all.bytes,
                 "\nrds://region/us-west-2/rds-ca-rsa2048-g1\n") != NULL,
          "a root and an intermediate of one CA");
    view_clear(&view);
    view_start(&view, false);
    list(&listing, &view.view, moment(NOW), 0);
    CHECK_NUMBER(listing.count, 0, "nothing to choose from");
    text_clear(&listing.all);
    view_clear(&view);
}

/* ---- the rest ----------------------------------------------------------- */

static void test_empty_view(void)
{
    static const char *const uris[] = {
        "rds://all",
        "rds://global",
        "rds://proxy",
        "rds://region/us-west-2",
        "rds://partition/aws",
        "rds://ca/rds-ca-2019",
        "rds://list",
        "rds://file/global-bundle.pem",
        "rds://file/rds-ca-2019-root.pem",
        "rds://file/rds-combined-ca-bundle.pem",
        "rds://host/db.x1.us-west-2.rds.amazonaws.com"};
    struct text got = {NULL, 0};
    struct test_view view;
    enum rds_reason reason;

    view_start(&view, false);
    for (size_t i = 0; i < COUNT(uris); i++) {
        answer(&got, &view.view, uris[i], moment(NOW), &reason);
        CHECK(reason != RDS_R_NONE && got.size > 7, "%s: %s", uris[i],
              got.bytes);
    }
    text_clear(&got);
    view_clear(&view);
}

static void test_is_list(void)
{
    struct rds_uri *uri = malloc(sizeof(*uri));

    NEED(uri != NULL);
    CHECK(rds_uri_read("rds:list", uri, NULL) && rds_uri_is_list(uri), "list");
    CHECK(rds_uri_read("rds:all", uri, NULL) && !rds_uri_is_list(uri), "all");
    CHECK(rds_uri_read("rds:", uri, NULL) && !rds_uri_is_list(uri), "empty");
    free(uri);
}

static void test_retired(void)
{
    struct rds_anchor a = {.not_after = 1000};

    CHECK(rds_anchor_retired(&a, 1001), "over before");
    CHECK(!rds_anchor_retired(&a, 1000), "the last second");
    CHECK(!rds_anchor_retired(&a, 999), "in force");
    CHECK_NUMBER(rds_builtin_date, day(2026, 9, 1), "of the built-in set");
}

static void test_known_regions(void)
{
    static const char *const known[] = {
        "us-west-2",      "us-gov-west-1",  "us-gov-east-1", "cn-north-1",
        "ca-west-1",      "mx-central-1",   "ap-east-2",     "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "af-south-1"};
    static const char *const unknown[] = {"us-wets-2", "us-west",
                                          "preview-us-east-2", "global"};
    struct test_view view;

    view_start(&view, true);
    CHECK_NUMBER(view.view.region_count, rds_builtin_region_count, "all");
    for (size_t i = 0; i < COUNT(known); i++)
        CHECK(rds_view_knows_region(&view.view, known[i]), "%s", known[i]);
    for (size_t i = 0; i < COUNT(unknown); i++)
        CHECK(!rds_view_knows_region(&view.view, unknown[i]), "'%s'",
              unknown[i]);
    view_clear(&view);
}

CU_TestInfo select_tests[] = {
    {"how many", test_counts},
    {"which ones, in which order", test_lists},
    {"texts of errors", test_errors},
    {"pinned but not carried", test_not_carried},
    {"AWS's file names", test_files},
    {"every alias is a file", test_aliases},
    {"the combined file", test_combined},
    {"against a second implementation", test_second_implementation},
    {"a new region, a second generation", test_new_region},
    {"intermediates of a region", test_intermediates},
    {"GovCloud's own file", test_govcloud},
    {"two roots of one name", test_two_roots},
    {"a root of one region's file", test_bound_root},
    {"the selectors of each", test_selectors_of_each},
    {"what is not there", test_poor_view},
    {"the stage of a fingerprint", test_stage_of_fingerprint},
    {"an odd list of the combined file", test_odd_combined},
    {"an answer without memory", test_select_without_memory},
    {"a list without memory", test_list_without_memory},
    {"refused files are named", test_refusals},
    {"the list names what answers", test_list},
    {"nothing to choose from", test_empty_view},
    {"is it the list", test_is_list},
    {"retired", test_retired},
    {"known regions", test_known_regions},
    CU_TEST_INFO_NULL,
};
