/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A union admits what its parts admit and no more.  Only a root without a
 * region can tell the two apart, so that is what the regional files hold here.
 */

#include <stdio.h>

#include "tests.h"

#define NO_ISSUER X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
#define OTHER_REGION "eu-west-1"
#define OTHER_HOST "db.zyx987wvu." OTHER_REGION ".rds.amazonaws.com"
#define ROOT_CN "Amazon RDS Root 2031 CA"

/* A root without a region, and a chain of it in each of two regions. */
struct shared {
    struct pair root, subordinates[2], leaves[2];
};

static const char *const hosts[] = {HOST, OTHER_HOST};

static void shared_make(struct shared *out)
{
    static const char *const names[] = {"Amazon RDS " REGION " 2031 CA",
                                        "Amazon RDS " OTHER_REGION " 2031 CA"};

    pair_make(&out->root, &(struct recipe){.kind = KIND_CA, .cn = ROOT_CN});
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        pair_make(&out->subordinates[i],
                  &(struct recipe){
                      .kind = KIND_CA, .cn = names[i], .issuer = &out->root});
        pair_make(
            &out->leaves[i],
            &(struct recipe){.cn = hosts[i], .issuer = &out->subordinates[i]});
    }
}

static void shared_free(struct shared *shared)
{
    pair_free(&shared->root);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        pair_free(&shared->subordinates[i]);
        pair_free(&shared->leaves[i]);
    }
}

static void check_leaf(const struct shared *shared, size_t which, int expected,
                       const char *what)
{
    const struct question question = {
        .leaf = shared->leaves[which].certificate,
        .untrusted = {shared->subordinates[which].certificate}};
    struct answer answer;

    CHECK_ERROR(verify(&question, &answer), expected, "%s: %s", what,
                hosts[which]);
    answer_clear(&answer);
}

static void write_shared(const char *file, const struct shared *shared,
                         bool subordinate)
{
    const X509 *const certificates[] = {shared->root.certificate,
                                        shared->subordinates[0].certificate};

    write_bundle(file, certificates, subordinate ? 2 : 1);
}

/* The file of one region, then those of both, then one for all. */
static void test_bundles(void)
{
    struct shared shared;

    shared_make(&shared);
    write_shared(REGION "-bundle.pem", &shared, true);
    check_leaf(&shared, 0, X509_V_OK, "its own file");
    check_leaf(&shared, 1, NO_ISSUER, "the file of another region");
    write_bundle(OTHER_REGION "-bundle.pem",
                 (const X509 *const[]){shared.root.certificate,
                                       shared.subordinates[1].certificate},
                 2);
    check_leaf(&shared, 0, X509_V_OK, "the files of both");
    check_leaf(&shared, 1, X509_V_OK, "the files of both");
    remove_bundle(REGION "-bundle.pem");
    check_leaf(&shared, 0, NO_ISSUER, "the file of the other region only");
    check_leaf(&shared, 1, X509_V_OK, "the file of the other region only");
    remove_bundle(OTHER_REGION "-bundle.pem");
    write_bundle("aws-global-bundle.pem",
                 (const X509 *const[]){shared.root.certificate,
                                       shared.subordinates[0].certificate,
                                       shared.subordinates[1].certificate},
                 3);
    check_leaf(&shared, 0, X509_V_OK, "the global file");
    check_leaf(&shared, 1, X509_V_OK, "the global file");
    shared_free(&shared);
}

/*
 * The global file has the root, but a subordinate of one region only, so the
 * other region's selector does not pick the root.
 */
static void test_selectors(void)
{
    struct shared shared;

    shared_make(&shared);
    write_shared("aws-global-bundle.pem", &shared, true);
    check_leaf(&shared, 0, X509_V_OK, "its selector picked the root");
    check_leaf(&shared, 1, NO_ISSUER, "another selector picked the root");
    shared_free(&shared);
}

#define HOSTS "rds://host/" HOST "+host/" OTHER_HOST
#define REGIONS "rds://region/" REGION "," OTHER_REGION

static const struct test tests[] = {
    TEST("files, two hosts", HOSTS, test_bundles),
    TEST("files, two regions", REGIONS, test_bundles),
    TEST("files, all", "rds://all", test_bundles),
    TEST("files, global", "rds://global", test_bundles),
    TEST("files, a partition", "rds://partition/aws", test_bundles),
    TEST("files, a CA", "rds://ca/rds-ca-2031", test_bundles),
    TEST("selectors, two hosts", HOSTS, test_selectors),
    TEST("selectors, two regions", REGIONS, test_selectors),
    TEST("selectors, with proxy", REGIONS "+proxy", test_selectors),
};
SUITE(unions);
