/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of retired files (rds/legacy.h): that they answer to file/NAME alone
 * or in a union, in their own order, through the filters and each certificate
 * once, and that no other URI sees them; that the trust store reads the names
 * of the table and no others, sees them come and go, refuses them and their
 * directory as it does bundles, and distrusts in them, too.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rds/builtin.h"
#include "rds/truststore.h"

#define EAST "rds-ca-us-gov-east-1-2017-root"
#define INTERMEDIATE "rds-ca-2017-us-gov-east-1-intermediate"
#define WEST "rds-ca-2012-us-gov-west-1"
#define COMBINED "rds-combined-ca-bundle"
#define GOV "rds-combined-ca-us-gov-bundle"
#define FILE_URI(stem) "rds://file/" stem ".pem"

#define GOV_ROOT "rds-ca-us-gov-west-1-2017-root"
#define GOV_SUB "rds-ca-2017-us-gov-west-1"
#define OLD_ROOT "rds-ca-2015-root"
#define WEST_RSA "us-west-2-rds-ca-rsa2048-g1"
#define EAST_ALIAS EAST
#define WEST_ALIAS "rds-ca-2012"

/* As AWS's are, as far as they are known. */
static struct recipe east_root(void)
{
    return (struct recipe){.cn = "Amazon RDS CN Root CA",
                           .from = day(2018, 7, 28),
                           .until = day(2023, 7, 27)};
}

static struct recipe west_root(void)
{
    return (struct recipe){.cn = "aws.amazon.com/rds/",
                           .from = day(2012, 8, 16),
                           .until = day(2017, 8, 15)};
}

/* One that is in force, of a region that is answered. */
static struct recipe in_force(void)
{
    return (struct recipe){.cn = "Amazon RDS us-west-2 Root CA RSA2048 G7"};
}

/* ---- the table ---------------------------------------------------------- */

static void test_table(void)
{
    static const char *const hosts[] = {
        [RDS_PARTITION_AWS] = "https://s3.amazonaws.com",
        [RDS_PARTITION_AWS_US_GOV] = "https://s3.us-gov-west-1.amazonaws.com",
    };
    static const char *const stems[] = {EAST, INTERMEDIATE, WEST, COMBINED,
                                        GOV};

    CHECK_NUMBER(COUNT(stems), RDS_LEGACY_FILES, "files");
    for (size_t i = 0; i < COUNT(stems); i++) {
        const struct rds_legacy *legacy = rds_legacy_find(stems[i]);
        struct rds_bundle_name name;
        char text[256];

        if (!CHECK(legacy != NULL, "%s", stems[i]))
            continue;
        CHECK_TEXT(legacy->stem, stems[i], "stem");
        (void)snprintf(text, sizeof(text), "%s.pem", stems[i]);
        CHECK_TEXT(legacy->file, text, "file");
        (void)snprintf(
            text, sizeof(text), "%s/rds-downloads/%s.pem",
            hosts[strcmp(stems[i], COMBINED) == 0 ? RDS_PARTITION_AWS
                                                  : RDS_PARTITION_AWS_US_GOV],
            stems[i]);
        CHECK_TEXT(legacy->url, text, "address");
        CHECK(strncmp(legacy->url, hosts[legacy->partition],
                      strlen(hosts[legacy->partition])) == 0,
              "%s: partition", stems[i]);
        rds_bundle_name_retired(legacy, &name);
        (void)snprintf(text, sizeof(text), "retired/%s.pem", stems[i]);
        CHECK_TEXT(name.file, text, "path");
        CHECK(name.legacy == legacy, "%s", text);
        CHECK(!rds_bundle_name_read(legacy->file, &name), "no bundle: %s",
              legacy->file);
    }
    CHECK(rds_legacy_find("") == NULL, "nothing");
    CHECK(rds_legacy_find(EAST ".pem") == NULL, "a suffix");
    CHECK(rds_legacy_find("rds-ca-2019-root") == NULL, "one built in");
}

/* ---- selecting ---------------------------------------------------------- */

/* Two files of one made certificate, one of built-in ones, one in force. */
static void retire_some(struct test_view *view)
{
    struct recipe east = east_root(), west = west_root(), live = in_force();

    view_retire(view, EAST, &east);
    view_retire(view, WEST, &west);
    view_retire_builtin(view, GOV, GOV_SUB);
    view_retire_builtin(view, GOV, OLD_ROOT);
    view_retire_builtin(view, GOV, GOV_ROOT);
    view_retire(view, GOV, &live);
}

static const struct {
    const char *uri;
    const char *aliases;
} answers[] = {
    {FILE_URI(EAST), EAST_ALIAS},
    {"rds://file/" EAST ".p7b", EAST_ALIAS},
    {FILE_URI(WEST), WEST_ALIAS},
    {FILE_URI(GOV),
     GOV_SUB " " OLD_ROOT " " GOV_ROOT " us-west-2-rds-ca-rsa2048-g7"},
    {FILE_URI(GOV) "?role=root",
     OLD_ROOT " " GOV_ROOT " us-west-2-rds-ca-rsa2048-g7"},
    {FILE_URI(GOV) "?role=intermediate", GOV_SUB},
    {FILE_URI(GOV) "?ca=rds-ca-2017", GOV_SUB " " GOV_ROOT},
    {FILE_URI(GOV) "?ca=rds-ca-rsa2048-g7", "us-west-2-rds-ca-rsa2048-g7"},
    {FILE_URI(WEST) "?ca=rds-ca-2012", WEST_ALIAS},
    {FILE_URI(WEST) "?expired=include", WEST_ALIAS},
    {FILE_URI(WEST) "?stage=beta",
     "error: the filters leave no certificate of 'file/" WEST ".pem'"},
    {FILE_URI(EAST) "?role=intermediate",
     "error: the filters leave no certificate of 'file/" EAST ".pem'"},
    {FILE_URI(EAST) "?ca=rds-ca-2012",
     "error: the filters leave no certificate of 'file/" EAST ".pem'"},
    /* In a union they stand behind, each certificate once. */
    {"rds://file/" EAST ".pem+region/us-west-2/rds-ca-rsa2048-g1",
     WEST_RSA " " EAST_ALIAS},
    {"rds://file/" WEST ".pem+file/" EAST ".pem", EAST_ALIAS " " WEST_ALIAS},
    {"rds://file/" GOV ".pem+file/" GOV_ROOT ".pem+file/" EAST ".pem", GOV_ROOT
     " " EAST_ALIAS " " GOV_SUB " " OLD_ROOT " us-west-2-rds-ca-rsa2048-g7"},
    {"rds://file/" GOV ".pem+file/" GOV ".p7b",
     GOV_SUB " " OLD_ROOT " " GOV_ROOT " us-west-2-rds-ca-rsa2048-g7"},
    {"rds://file/" EAST ".pem+file/" EAST ".pem", EAST_ALIAS},
    {"rds://file/" EAST ".pem+region/us-west-2?role=intermediate",
     "error: the filters leave no certificate of 'file/" EAST ".pem'"},
    /* What is not there is as before. */
    {FILE_URI(INTERMEDIATE),
     "error: file '" INTERMEDIATE ".pem' has no trustworthy public copy; AWS "
     "serves it at "
     "https://s3.us-gov-west-1.amazonaws.com/rds-downloads/" INTERMEDIATE
     ".pem; run 'rdsca update --retired'"},
};

static void test_answers(void)
{
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    CHECK_NUMBER(answer_count(&view.view, FILE_URI(GOV), test_day()), 2,
                 "what is built in of it");
    retire_some(&view);
    for (size_t i = 0; i < COUNT(answers); i++) {
        answer(&got, &view.view, answers[i].uri, test_day(), NULL);
        CHECK_TEXT(got.bytes, answers[i].aliases, "%s", answers[i].uri);
    }
    text_clear(&got);
    view_clear(&view);
}

/* Retired ones that are also of another retired file come once. */
static void test_twice_retired(void)
{
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, false);
    view_retire_builtin(&view, EAST, GOV_ROOT);
    view_retire_builtin(&view, COMBINED, OLD_ROOT);
    view_retire_builtin(&view, COMBINED, GOV_ROOT);
    view_retire_builtin(&view, GOV, GOV_ROOT);
    view_retire_builtin(&view, GOV, GOV_SUB);
    answer(&got, &view.view, "rds://file/" GOV ".pem+file/" COMBINED ".pem",
           test_day(), NULL);
    CHECK_TEXT(got.bytes, OLD_ROOT " " GOV_ROOT " " GOV_SUB, "of two files");
    answer(&got, &view.view, FILE_URI(GOV), test_day(), NULL);
    CHECK_TEXT(got.bytes, GOV_ROOT " " GOV_SUB, "of one");
    text_clear(&got);
    view_clear(&view);
}

/* A file of which nothing may be used is no reason to answer with another. */
static void test_emptied(void)
{
    struct text got = {NULL, 0};
    enum rds_reason reason;
    struct test_view view;

    view_start(&view, true);
    view.view.retired[rds_legacy_find(GOV) - rds_legacy_files] =
        (struct rds_retired){true, view.view.count, 0, NULL};
    answer(&got, &view.view, FILE_URI(GOV), test_day(), &reason);
    CHECK_TEXT(got.bytes,
               "error: file '" GOV ".pem': every certificate in it is "
               "distrusted",
               "all distrusted");
    CHECK_NUMBER(reason, RDS_R_NOT_CARRIED, "reason");
    text_clear(&got);
    view_clear(&view);
}

/* ---- what does not see them --------------------------------------------- */

static bool collect(void *arg, const char *uri, const char *description)
{
    (void)description;
    text_add(arg, "%s\n", uri);
    return true;
}

static void check_same(const struct rds_view *with,
                       const struct rds_view *without, const char *uri)
{
    struct text a = {NULL, 0}, b = {NULL, 0};

    answer(&a, with, uri, test_day(), NULL);
    answer(&b, without, uri, test_day(), NULL);
    CHECK_TEXT(a.bytes, b.bytes, "%s", uri);
    text_clear(&a);
    text_clear(&b);
}

/* Everything that can be asked for, and more. */
static void check_unseen(const struct test_view *with,
                         const struct test_view *without)
{
    static const char *const more[] = {
        "rds://",
        "rds://all?expired=include",
        "rds://global?expired=include",
        "rds://partition/aws?expired=include",
        "rds://partition/aws-us-gov?expired=include",
        "rds://partition/aws-cn?expired=include",
        "rds://all?expired=include&stage=beta",
        "rds://proxy?expired=include",
        "rds://region/us-gov-east-1?expired=include",
        "rds://region/us-gov-west-1?expired=include",
        "rds://region/us-west-2?expired=include",
        "rds://region/us-west-2/rds-ca-rsa2048-g7",
        "rds://region/us-west-2?ca=rds-ca-rsa2048-g7",
        "rds://host/db.x1.us-west-2.rds.amazonaws.com?expired=include",
        "rds://host/db.x1.us-gov-east-1.rds.amazonaws.com?expired=include",
        "rds://ca/rds-ca-2012",
        "rds://ca/rds-ca-2018",
        "rds://ca/rds-ca-rsa2048-g7",
        "rds://all?ca=rds-ca-2012",
        "rds://all?ca=rds-ca-2018",
        "rds://file/rds-ca-2012.pem",
        "rds://file/us-west-2-rds-ca-rsa2048-g7.pem",
        "rds://file/us-west-2-bundle.pem",
        "rds://file/us-gov-east-1-bundle.pem",
        "rds://file/aws-us-gov-global-bundle.pem",
        "rds://file/aws-cn-global-bundle.pem",
        "rds://file/rds-combined-ca-bundle.pem",
    };
    struct text uris = {NULL, 0};
    char *rest;

    (void)rds_list(&without->view, test_day(), collect, &uris);
    NEED(uris.bytes != NULL);
    for (char *uri = strtok_r(uris.bytes, "\n", &rest); uri != NULL;
         uri = strtok_r(NULL, "\n", &rest)) {
        if (strcmp(uri, FILE_URI(GOV)) != 0)
            check_same(&with->view, &without->view, uri);
    }
    text_clear(&uris);
    for (size_t i = 0; i < COUNT(more); i++)
        check_same(&with->view, &without->view, more[i]);
}

static void test_unseen(void)
{
    struct test_view with, without;
    char uri[128], text[RDS_SHA256_TEXT];

    view_start(&with, true);
    view_start(&without, true);
    retire_some(&with);
    check_unseen(&with, &without);
    for (size_t i = 0; i < with.view.retired_count; i++) {
        const struct rds_anchor *anchor =
            with.entries[with.view.count + i].anchor;

        (void)snprintf(uri, sizeof(uri), "rds://sha256/%s",
                       rds_sha256_write(text, anchor->sha256));
        check_same(&with.view, &without.view, uri);
    }
    view_clear(&with);
    view_clear(&without);
}

/* Nothing stands between the sorted entries and a retired file's. */
static void test_right_behind(void)
{
    struct text got = {NULL, 0};
    struct recipe live = in_force();
    struct test_view view;

    view_start(&view, false);
    view_retire(&view, GOV, &live);
    CHECK(!rds_view_knows_region(&view.view, "us-west-2"), "unknown");
    answer(&got, &view.view, "rds://region/us-west-2", test_day(), NULL);
    CHECK_TEXT(got.bytes,
               "error: unknown region 'us-west-2', did you mean "
               "'me-west-1'? (if it is new, run 'rdsca update us-west-2')",
               "no region of it, and an announced one is near");
    answer(&got, &view.view, FILE_URI(GOV), test_day(), NULL);
    CHECK_TEXT(got.bytes, "us-west-2-rds-ca-rsa2048-g7", "the file");
    text_clear(&got);
    view_clear(&view);
}

/* A root in a retired file is nobody's issuer. */
static void test_no_issuer(void)
{
    static const char root[] = "Amazon RDS Root 2030 CA";
    struct text got = {NULL, 0};
    struct test_view view;

    view_start(&view, true);
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-west-2 2030 CA",
                                     .issuer = root});
    view_retire(&view, EAST, &(struct recipe){.cn = root});
    answer(&got, &view.view, "rds://region/us-west-2/rds-ca-2030", test_day(),
           NULL);
    CHECK_TEXT(got.bytes, "rds-ca-2030-us-west-2", "without its root");
    text_clear(&got);
    view_clear(&view);
}

/* ---- rds://list --------------------------------------------------------- */

static size_t times(const struct text *text, const char *line)
{
    size_t count = 0;

    for (const char *at = text->bytes;
         at != NULL && (at = strstr(at, line)) != NULL; at += strlen(line))
        count++;
    return count;
}

static void test_list(void)
{
    struct text uris = {NULL, 0};
    struct recipe east = east_root();
    struct test_view view;

    view_start(&view, true);
    CHECK(rds_list(&view.view, test_day(), collect, &uris), "without");
    CHECK_NUMBER(times(&uris, FILE_URI(EAST) "\n"), 0, "not there");
    CHECK_NUMBER(times(&uris, FILE_URI(WEST) "\n"), 0, "not there");
    CHECK_NUMBER(times(&uris, FILE_URI(GOV) "\n"), 1, "built in");
    CHECK_NUMBER(times(&uris, FILE_URI(COMBINED) "\n"), 1, "built in");
    text_clear(&uris);
    view_retire(&view, EAST, &east);
    CHECK(rds_list(&view.view, test_day(), collect, &uris), "with");
    CHECK_NUMBER(times(&uris, FILE_URI(EAST) "\n"), 1, "there");
    CHECK_NUMBER(times(&uris, FILE_URI(WEST) "\n"), 0, "not there");
    CHECK_NUMBER(times(&uris, EAST), 1, "no other name");
    text_clear(&uris);
    view_clear(&view);
    /* A bundle may have a certificate whose alias is that name. */
    view_start(&view, true);
    view_add(&view, &(struct recipe){.cn = "Amazon RDS us-gov-east-1 Root CA",
                                     .from = day(2017, 5, 1),
                                     .until = day(2022, 5, 1)});
    CHECK(rds_list(&view.view, test_day(), collect, &uris), "an alias");
    CHECK_NUMBER(times(&uris, FILE_URI(EAST) "\n"), 1, "once");
    text_clear(&uris);
    view_clear(&view);
}

/* ---- a store over a folder ---------------------------------------------- */

struct fixture {
    struct folder folder, inner;
    struct text reports;
    struct rds_truststore *store;
};

static void note(void *arg, const char *line)
{
    text_add(arg, "%s\n", line);
}

static struct rds_truststore *new_store(struct fixture *fixture,
                                        const char *distrust)
{
    struct rds_truststore_options options = {.directory = fixture->folder.path,
                                             .report = note,
                                             .report_arg = &fixture->reports};
    struct rds_truststore *store;

    if (distrust != NULL) {
        options.distrust =
            (const unsigned char(*)[RDS_SHA256_SIZE])builtin(distrust)->sha256;
        options.distrust_count = 1;
    }
    store = rds_truststore_new(rds_libcrypto_linked(), &options, NULL);
    NEED(store != NULL);
    return store;
}

static void start(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    folder_make(&fixture->folder);
    folder_inside(&fixture->inner, &fixture->folder, "retired");
    fixture->store = new_store(fixture, NULL);
}

static void make_inner(struct fixture *fixture)
{
    NEED(mkdir(fixture->inner.path, 0755) == 0);
}

static void stop(struct fixture *fixture)
{
    rds_truststore_free(fixture->store);
    text_clear(&fixture->reports);
    folder_remove(&fixture->folder);
}

static void check(struct fixture *fixture, const char *uri, const char *wanted,
                  const char *row)
{
    check_store(fixture->store, uri, wanted, row);
}

/* A file of built-in certificates. */
static void put(const struct folder *folder, const char *file,
                const char *aliases)
{
    struct text content = {NULL, 0};
    char *words = strdup(aliases), *rest;

    NEED(words != NULL);
    for (char *alias = strtok_r(words, " ", &rest); alias != NULL;
         alias = strtok_r(NULL, " ", &rest))
        text_add_builtin(&content, alias);
    folder_write(folder, file, &content);
    text_clear(&content);
    free(words);
}

static void put_text(const struct folder *folder, const char *file,
                     const char *content)
{
    struct text text = {NULL, 0};

    text_add(&text, "%s", content);
    folder_write(folder, file, &text);
    text_clear(&text);
}

static bool mentions(const struct text *text, const char *word)
{
    return text->bytes != NULL && strstr(text->bytes, word) != NULL;
}

#define NOT_THERE(stem)                                                       \
    "error: file '" stem ".pem' has no trustworthy public copy; AWS serves "  \
    "it at https://s3.us-gov-west-1.amazonaws.com/rds-downloads/" stem        \
    ".pem; run 'rdsca update --retired'"
#define BUILTIN_GOV GOV_ROOT " " GOV_SUB

/* ---- coming and going --------------------------------------------------- */

static void test_comes_and_goes(void)
{
    struct fixture fixture;

    start(&fixture);
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "no directory");
    settle_clock();
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "no directory, at rest");
    make_inner(&fixture);
    settle_clock();
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "an empty directory");
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "a file came");
    settle_clock();
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "at rest");
    put(&fixture.inner, EAST ".pem", GOV_SUB " " OLD_ROOT);
    check(&fixture, FILE_URI(EAST), GOV_SUB " " OLD_ROOT, "it is replaced");
    put(&fixture.inner, GOV ".pem", GOV_SUB " " GOV_ROOT);
    check(&fixture, FILE_URI(GOV), GOV_SUB " " GOV_ROOT, "a second one");
    NEED(unlink(folder_path(&fixture.inner, EAST ".pem")) == 0);
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "the file went");
    check(&fixture, FILE_URI(GOV), GOV_SUB " " GOV_ROOT, "the other stays");
    settle_clock();
    folder_remove(&fixture.inner);
    check(&fixture, FILE_URI(GOV), BUILTIN_GOV, "the directory went");
    settle_clock();
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "it is back");
    CHECK_NUMBER(fixture.reports.size, 0, "nothing to report: %s",
                 fixture.reports.bytes);
    stop(&fixture);
}

/* A link to nowhere changes without a trace in the directory. */
static void test_links(void)
{
    struct fixture fixture;
    struct folder aside;

    start(&fixture);
    folder_make(&aside);
    NEED(symlink(folder_path(&aside, "later"), fixture.inner.path) == 0);
    settle_clock();
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "a link to nowhere");
    NEED(mkdir(folder_path(&aside, "later"), 0755) == 0);
    settle_clock();
    NEED(symlink(folder_path(&aside, "file"),
                 folder_path(&aside, "later/" EAST ".pem")) == 0);
    settle_clock();
    check(&fixture, FILE_URI(EAST),
          "error: file '" EAST ".pem': retired/" EAST ".pem: cannot read: No "
          "such file or directory",
          "a link in it, to nowhere");
    put(&aside, "file", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "now there");
    stop(&fixture);
    folder_remove(&aside);
}

/* What is unchanged is the same snapshot, and nothing is reported again. */
static void test_unchanged(void)
{
    const struct rds_snapshot *one, *two;
    struct fixture fixture;
    size_t reported;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    put_text(&fixture.inner, WEST ".pem", "garbage");
    settle_clock();
    one = take_snapshot(fixture.store);
    reported = fixture.reports.size;
    CHECK(reported != 0, "the garbage");
    two = take_snapshot(fixture.store);
    CHECK(one == two, "the same snapshot");
    rds_snapshot_release(two);
    put_text(&fixture.folder, "README", "touches the bundle directory");
    settle_clock();
    two = take_snapshot(fixture.store);
    CHECK(one != two, "another snapshot");
    CHECK_NUMBER(fixture.reports.size, reported, "nothing is read again");
    rds_snapshot_release(two);
    rds_snapshot_release(one);
    stop(&fixture);
}

/* ---- what is read ------------------------------------------------------- */

static void test_names(void)
{
    const struct rds_snapshot *snapshot;
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, "us-west-2-bundle.pem", WEST_RSA);
    put(&fixture.inner, "rds-ca-2019-root.pem", OLD_ROOT);
    put(&fixture.inner, "global-bundle.pem", OLD_ROOT);
    put(&fixture.folder, EAST ".pem", OLD_ROOT);
    snapshot = take_snapshot(fixture.store);
    CHECK_NUMBER(rds_snapshot_view(snapshot)->count, rds_builtin_anchor_count,
                 "sorted");
    CHECK_NUMBER(rds_snapshot_view(snapshot)->retired_count, 0, "retired");
    CHECK_NUMBER(fixture.reports.size, 0, "reports");
    rds_snapshot_release(snapshot);
    check(&fixture, FILE_URI(EAST), NOT_THERE(EAST), "not in `retired`");
    check(&fixture, "rds://file/rds-ca-2019-root.pem", "rds-ca-2019-root",
          "a name that is not in the table");
    stop(&fixture);
}

/* In the file's order, of any partition, in force or not, each once. */
static void test_content(void)
{
    const struct rds_snapshot *snapshot;
    const struct rds_retired *retired;
    const struct rds_view *view;
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, GOV ".pem",
        WEST_RSA " rds-ca-2019-cn-root " GOV_SUB " amazon-root-ca-1 " GOV_SUB
                 " " OLD_ROOT);
    check(&fixture, FILE_URI(GOV),
          WEST_RSA " rds-ca-2019-cn-root " GOV_SUB " " OLD_ROOT, "as it is");
    CHECK(mentions(&fixture.reports, "retired/" GOV ".pem: certificate 4 left "
                                     "out: not of Amazon RDS\n"),
          "%s", fixture.reports.bytes);
    CHECK(mentions(&fixture.reports, "retired/" GOV ".pem: certificate 5 left "
                                     "out: it stands in the file twice\n"),
          "%s", fixture.reports.bytes);
    snapshot = take_snapshot(fixture.store);
    view = rds_snapshot_view(snapshot);
    retired = &view->retired[rds_legacy_find(GOV) - rds_legacy_files];
    CHECK_NUMBER(view->count, rds_builtin_anchor_count, "sorted");
    CHECK_NUMBER(view->retired_count, 4, "retired");
    CHECK_NUMBER(retired->first, view->count, "they stand behind");
    CHECK_NUMBER(retired->count, 4, "all of one file");
    for (size_t i = 0; i < retired->count; i++) {
        const struct rds_entry *entry = &view->entries[retired->first + i];

        CHECK(entry->bundle != NULL, "%zu has a source", i);
        if (entry->bundle != NULL)
            CHECK_TEXT(entry->bundle->name.file, "retired/" GOV ".pem", "%zu",
                       i);
        CHECK(memcmp(entry->der, builtin_der(builtin(entry->anchor->alias)),
                     entry->anchor->der_size) == 0,
              "%s: bytes", entry->anchor->alias);
    }
    rds_snapshot_release(snapshot);
    stop(&fixture);
}

static void test_too_many(void)
{
    struct text content = {NULL, 0};
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    for (size_t i = 0; i <= RDS_RETIRED_ANCHORS_MAX; i++)
        text_add_builtin(&content, OLD_ROOT);
    folder_write(&fixture.inner, EAST ".pem", &content);
    check(&fixture, FILE_URI(EAST),
          "error: file '" EAST ".pem': retired/" EAST ".pem: more than 1024 "
          "certificates",
          "too many");
    text_clear(&content);
    stop(&fixture);
}

/* A file in force changes no answer but its own, whatever it holds. */
static void test_store_unseen(void)
{
    static const char *const uris[] = {
        "rds://all?expired=include", "rds://partition/aws-us-gov",
        "rds://region/us-west-2", "rds://ca/rds-ca-2018"};
    struct text content = {NULL, 0}, before[COUNT(uris)], after = {NULL, 0};
    const struct rds_snapshot *snapshot;
    struct fixture fixture;
    struct recipe live = in_force(), east = east_root();
    struct made made[2];

    start(&fixture);
    memset(before, 0, sizeof(before));
    snapshot = take_snapshot(fixture.store);
    for (size_t i = 0; i < COUNT(uris); i++)
        answer(&before[i], rds_snapshot_view(snapshot), uris[i], test_day(),
               NULL);
    rds_snapshot_release(snapshot);
    make_certificate(&made[0], &live);
    make_certificate(&made[1], &east);
    text_add_made(&content, &made[0]);
    text_add_made(&content, &made[1]);
    make_inner(&fixture);
    folder_write(&fixture.inner, COMBINED ".pem", &content);
    check(&fixture, FILE_URI(COMBINED),
          "us-west-2-rds-ca-rsa2048-g7 " EAST_ALIAS, "it is there");
    snapshot = take_snapshot(fixture.store);
    for (size_t i = 0; i < COUNT(uris); i++) {
        answer(&after, rds_snapshot_view(snapshot), uris[i], test_day(), NULL);
        CHECK_TEXT(after.bytes, before[i].bytes, "%s", uris[i]);
        text_clear(&before[i]);
    }
    rds_snapshot_release(snapshot);
    text_clear(&after);
    text_clear(&content);
    stop(&fixture);
}

/* ---- refusals ----------------------------------------------------------- */

static void test_refused_file(void)
{
    const struct rds_snapshot *snapshot;
    struct text wanted = {NULL, 0};
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    NEED(chmod(folder_path(&fixture.inner, EAST ".pem"), 0666) == 0);
    text_add(&wanted,
             "error: file '" EAST ".pem': retired/" EAST ".pem: writable by "
             "group or others (mode 0666, owner %lu); run chmod go-w on it",
             (unsigned long)geteuid());
    check(&fixture, FILE_URI(EAST), wanted.bytes, "unsafe from the start");
    CHECK(mentions(&fixture.reports, "retired/" EAST ".pem: writable by"),
          "reported: %s", fixture.reports.bytes);
    put_text(&fixture.inner, GOV ".pem", "garbage");
    check(&fixture, FILE_URI(GOV), BUILTIN_GOV, "what is built in of it");
    CHECK(mentions(&fixture.reports,
                   "retired/" GOV ".pem: no PEM certificate in it"),
          "reported: %s", fixture.reports.bytes);
    put(&fixture.inner, WEST ".pem", "amazon-root-ca-1");
    check(&fixture, FILE_URI(WEST),
          "error: file '" WEST ".pem': retired/" WEST ".pem: no Amazon RDS CA "
          "in it; fetch the file again",
          "nothing of RDS");
    check(&fixture, FILE_URI(INTERMEDIATE), NOT_THERE(INTERMEDIATE),
          "another file");
    snapshot = take_snapshot(fixture.store);
    CHECK_NUMBER(rds_snapshot_view(snapshot)->refusal_count, 0,
                 "no refusal of a region or partition");
    rds_snapshot_release(snapshot);
    text_clear(&wanted);
    stop(&fixture);
}

static void test_keeps_last_good(void)
{
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "good");
    put_text(&fixture.inner, EAST ".pem", "-----BEGIN CERTIFICATE-----\n");
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "damaged");
    CHECK(mentions(&fixture.reports, "retired/" EAST ".pem: damaged PEM"),
          "reported: %s", fixture.reports.bytes);
    put_text(&fixture.inner, EAST ".pem", "");
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "empty");
    settle_clock();
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "and again, at rest");
    put(&fixture.inner, EAST ".pem", GOV_ROOT);
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "good again");
    stop(&fixture);
}

static void test_refused_directory(void)
{
    struct text wanted = {NULL, 0};
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "good");
    NEED(chmod(fixture.inner.path, 0777) == 0);
    put(&fixture.inner, EAST ".pem", GOV_ROOT);
    put(&fixture.inner, WEST ".pem", GOV_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "what was there before");
    text_add(&wanted,
             "error: file '" WEST ".pem': %s: the directory is writable by "
             "group or others (mode 0777, owner %lu); run chmod go-w on it",
             fixture.inner.path, (unsigned long)geteuid());
    check(&fixture, FILE_URI(WEST), wanted.bytes, "nothing new");
    check(&fixture, FILE_URI(GOV), BUILTIN_GOV, "what is built in");
    check(&fixture, "rds://region/us-west-2/rds-ca-rsa2048-g1", WEST_RSA,
          "other answers");
    NEED(chmod(fixture.inner.path, 0755) == 0);
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "good again");
    check(&fixture, FILE_URI(WEST), GOV_ROOT, "good again");
    stop(&fixture);
    /* no directory at all */
    start(&fixture);
    put_text(&fixture.folder, "retired", "a file");
    check(&fixture, FILE_URI(GOV), BUILTIN_GOV, "what is built in");
    text_clear(&wanted);
    text_add(&wanted,
             "error: file '" WEST ".pem': %s: cannot open the directory: Not "
             "a directory",
             fixture.inner.path);
    check(&fixture, FILE_URI(WEST), wanted.bytes, "no directory");
    text_clear(&wanted);
    stop(&fixture);
}

/* The bundle directory is refused, or gone: so it is for what is in it. */
static void test_refused_outside(void)
{
    struct text wanted = {NULL, 0};
    struct folder aside;
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "good");
    NEED(chmod(fixture.folder.path, 0777) == 0);
    put(&fixture.inner, EAST ".pem", GOV_ROOT);
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "what was there before");
    text_add(&wanted,
             "error: file '" WEST ".pem': %s: the directory is writable by "
             "group or others (mode 0777, owner %lu); run chmod go-w on it",
             fixture.folder.path, (unsigned long)geteuid());
    check(&fixture, FILE_URI(WEST), wanted.bytes, "nothing new");
    NEED(chmod(fixture.folder.path, 0755) == 0);
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "good again");
    folder_make(&aside);
    folder_remove(&aside);
    NEED(rename(fixture.folder.path, aside.path) == 0);
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "gone, as after a chroot");
    settle_clock();
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "gone, at rest");
    NEED(rename(aside.path, fixture.folder.path) == 0);
    check(&fixture, FILE_URI(EAST), GOV_ROOT, "back");
    text_clear(&wanted);
    stop(&fixture);
}

/* ---- distrust ----------------------------------------------------------- */

static void test_distrust(void)
{
    struct rds_truststore *store;
    struct fixture fixture;

    start(&fixture);
    make_inner(&fixture);
    put(&fixture.inner, GOV ".pem",
        GOV_SUB " " OLD_ROOT " " GOV_ROOT " " WEST_RSA);
    put(&fixture.inner, EAST ".pem", OLD_ROOT);
    put(&fixture.inner, WEST ".pem", GOV_SUB);
    store = new_store(&fixture, OLD_ROOT);
    check_store(store, FILE_URI(GOV), GOV_SUB " " GOV_ROOT " " WEST_RSA,
                "one of four");
    check_store(store, FILE_URI(WEST), GOV_SUB, "another file");
    check_store(store, FILE_URI(EAST),
                "error: file '" EAST ".pem': every certificate in it is "
                "distrusted",
                "the only one");
    check(&fixture, FILE_URI(EAST), OLD_ROOT, "without distrust");
    rds_truststore_free(store);
    /* More of it, while the process runs. */
    NEED(rds_truststore_distrust(
        fixture.store,
        (const unsigned char(*)[RDS_SHA256_SIZE])builtin(GOV_SUB)->sha256, 1,
        NULL));
    check(&fixture, FILE_URI(GOV), OLD_ROOT " " GOV_ROOT " " WEST_RSA,
          "at the next snapshot");
    stop(&fixture);
}

CU_TestInfo retired_tests[] = {
    {"the table", test_table},
    {"answers", test_answers},
    {"a certificate in two files", test_twice_retired},
    {"a file without anything to use", test_emptied},
    {"no other answer", test_unseen},
    {"right behind the sorted ones", test_right_behind},
    {"nobody's issuer", test_no_issuer},
    {"rds://list", test_list},
    {"files come and go", test_comes_and_goes},
    {"links", test_links},
    {"what is unchanged", test_unchanged},
    {"the names that are read", test_names},
    {"the content of a file", test_content},
    {"too many certificates", test_too_many},
    {"a store's other answers", test_store_unseen},
    {"a refused file", test_refused_file},
    {"the last good content", test_keeps_last_good},
    {"a refused directory", test_refused_directory},
    {"a refused bundle directory", test_refused_outside},
    {"distrust", test_distrust},
    CU_TEST_INFO_NULL,
};
