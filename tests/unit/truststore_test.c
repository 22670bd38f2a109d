/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/truststore.h: what answers with and without a directory;
 * which file wins and when; that a withdrawn anchor disappears and a stale
 * file hides nothing; what a refused, vanished or changed file does; that
 * distrust is stronger than every source; and that snapshots stay what they
 * were, in threads and across fork().
 */

#include "tests.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rds/builtin.h"
#include "rds/guard.h"
#include "rds/shortfall.h"
#include "rds/truststore.h"

#define WEST "us-west-2-bundle.pem"
#define GLOBAL "aws-global-bundle.pem"
#define GOV "us-gov-west-1-bundle.pem"
#define WEST_RSA "us-west-2-rds-ca-rsa2048-g1"
#define WEST_RSA4 "us-west-2-rds-ca-rsa4096-g1"
#define WEST_ECC "us-west-2-rds-ca-ecc384-g1"
#define WEST_ALL WEST_ECC " " WEST_RSA " " WEST_RSA4
#define EAST_RSA "us-east-1-rds-ca-rsa2048-g1"
#define EAST_ALL                                                              \
    "us-east-1-rds-ca-ecc384-g1 " EAST_RSA " us-east-1-rds-ca-rsa4096-g1"
#define WEST_URI "rds:region/us-west-2"
#define EAST_URI "rds:region/us-east-1"
#define GOV_URI "rds:region/us-gov-west-1"

/* Fresh and stale, as seen from the date of the built-in set. */
static int64_t fresh(int days)
{
    return rds_builtin_date + (int64_t)days * 86400;
}

/* ---- a store over a folder ---------------------------------------------- */

struct fixture {
    struct folder folder;
    struct text reports;
    struct rds_truststore *store;
};

static void note(void *arg, const char *line)
{
    text_add(arg, "%s\n", line);
}

static struct rds_truststore *new_store(const char *directory,
                                        struct text *reports)
{
    struct rds_truststore_options options = {.directory = directory};
    struct rds_error err = {RDS_R_NONE, ""};
    struct rds_truststore *store;

    if (reports != NULL) {
        options.report = note;
        options.note = note;
        options.report_arg = reports;
    }
    store = rds_truststore_new(rds_libcrypto_linked(), &options, &err);
    NEED(store != NULL);
    return store;
}

static void start(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    folder_make(&fixture->folder);
    fixture->store = new_store(fixture->folder.path, &fixture->reports);
}

static void stop(struct fixture *fixture)
{
    rds_truststore_free(fixture->store);
    text_clear(&fixture->reports);
    folder_remove(&fixture->folder);
}

/* A store that does not ask libcrypto, over the same folder. */
static struct rds_truststore *new_unproven(const char *directory)
{
    const struct rds_truststore_options options = {.directory = directory,
                                                   .unproven = true};
    struct rds_truststore *store =
        rds_truststore_new(rds_libcrypto_linked(), &options, NULL);

    NEED(store != NULL);
    return store;
}

static void check(struct fixture *fixture, const char *uri, const char *wanted,
                  const char *row)
{
    check_store(fixture->store, uri, wanted, row);
}

static void put_text(const struct folder *folder, const char *file,
                     const char *content, int64_t modified)
{
    struct text text = {NULL, 0};

    text_add(&text, "%s", content);
    folder_write(folder, file, &text);
    folder_touch(folder, file, modified);
    text_clear(&text);
}

static bool mentions(const struct text *text, const char *word)
{
    return text->bytes != NULL && strstr(text->bytes, word) != NULL;
}

/* ---- without files ------------------------------------------------------ */

static void check_builtin_only(const char *directory, const char *row)
{
    struct text reports = {NULL, 0};
    struct rds_truststore *store = new_store(directory, &reports);
    const struct rds_snapshot *snapshot = take_snapshot(store),
                              *again = take_snapshot(store);
    const struct rds_view *view = rds_snapshot_view(snapshot);

    CHECK_NUMBER(view->count, rds_builtin_anchor_count, "%s", row);
    for (size_t i = 0; i < view->count; i++)
        CHECK(view->entries[i].anchor == &rds_builtin_anchors[i] &&
                  view->entries[i].der ==
                      builtin_der(&rds_builtin_anchors[i]) &&
                  view->entries[i].bundle == NULL,
              "%s: %zu", row, i);
    CHECK_NUMBER(view->region_count, rds_builtin_region_count, "%s", row);
    CHECK_NUMBER(view->pin_count, rds_builtin_pin_count, "%s", row);
    CHECK_NUMBER(view->combined_count, rds_builtin_combined_count, "%s", row);
    CHECK_NUMBER(view->set_date, rds_builtin_date, "%s", row);
    CHECK_NUMBER(view->refusal_count, 0, "%s", row);
    CHECK(again == snapshot, "%s: nothing changed, the same snapshot", row);
    CHECK_NUMBER(reports.size, 0, "%s: reports", row);
    rds_snapshot_release(again);
    rds_snapshot_release(snapshot);
    rds_truststore_free(store);
    text_clear(&reports);
}

static void test_builtin_only(void)
{
    struct folder folder;

    folder_make(&folder);
    check_builtin_only(NULL, "no directory");
    check_builtin_only(folder_path(&folder, "absent"), "absent directory");
    settle_clock();
    check_builtin_only(folder.path, "empty directory");
    folder_put(&folder, "us-west-2.pem", WEST_RSA, fresh(1));
    put_text(&folder, "README", "text", fresh(1));
    NEED(mkdir(folder_path(&folder, "..data"), 0755) == 0);
    settle_clock();
    check_builtin_only(folder.path, "files that are not ours");
    folder_remove(&folder);
    rds_truststore_free(NULL);
    rds_snapshot_release(NULL);
}

/* Files of the tests are of the days after the built-in set's. */
static void test_clock(void)
{
    CHECK(time(NULL) > fresh(4),
          "this machine's clock is not behind the built-in set");
}

/* ---- which file wins ---------------------------------------------------- */

#define MAX_FILES 3

static const struct {
    const char *row;
    struct {
        const char *name;
        const char *aliases;
        int days; /* after the date of the built-in set */
        int seconds;
    } files[MAX_FILES];
    const char *west;
    const char *east;
} wins[] = {
    {"nothing", {{NULL, NULL, 0, 0}}, WEST_ALL, EAST_ALL},
    {"a fresh file withdraws", {{WEST, WEST_RSA, 1, 0}}, WEST_RSA, EAST_ALL},
    {"of the very date", {{WEST, WEST_RSA, 0, 0}}, WEST_RSA, EAST_ALL},
    {"a second earlier", {{WEST, WEST_RSA, 0, -1}}, WEST_ALL, EAST_ALL},
    {"a year earlier", {{WEST, WEST_RSA, -365, 0}}, WEST_ALL, EAST_ALL},
    {"of the future", {{WEST, WEST_RSA, 3650, 0}}, WEST_RSA, EAST_ALL},
    {"a global file, its regions only",
     {{GLOBAL, WEST_RSA4, 1, 0}},
     WEST_RSA4,
     EAST_ALL},
    {"a global file of two regions",
     {{GLOBAL, WEST_RSA4 " " EAST_RSA, 1, 0}},
     WEST_RSA4,
     EAST_RSA},
    {"the newer: the global one",
     {{WEST, WEST_RSA, 1, 0}, {GLOBAL, WEST_RSA4 " " EAST_RSA, 2, 0}},
     WEST_RSA4,
     EAST_RSA},
    {"the newer: the regional one",
     {{WEST, WEST_RSA, 2, 0}, {GLOBAL, WEST_RSA4 " " EAST_RSA, 1, 0}},
     WEST_RSA,
     EAST_RSA},
    {"newer by a second",
     {{WEST, WEST_RSA, 1, 1}, {GLOBAL, WEST_RSA4, 1, 0}},
     WEST_RSA,
     EAST_ALL},
    {"a newer global file without the region",
     {{WEST, WEST_RSA, 1, 0}, {GLOBAL, EAST_RSA, 2, 0}},
     WEST_RSA,
     EAST_RSA},
    {"a stale regional, a fresh global one",
     {{WEST, WEST_RSA, -1, 0}, {GLOBAL, WEST_RSA4, 1, 0}},
     WEST_RSA4,
     EAST_ALL},
    {"a fresh regional, a stale global one",
     {{WEST, WEST_RSA, 1, 0}, {GLOBAL, WEST_RSA4 " " EAST_RSA, -1, 0}},
     WEST_RSA,
     EAST_ALL},
    {"both stale",
     {{WEST, WEST_RSA, -1, 0}, {GLOBAL, WEST_RSA4, -2, 0}},
     WEST_ALL,
     EAST_ALL},
    {"two regional ones",
     {{WEST, WEST_RSA, 1, 0}, {"us-east-1-bundle.pem", EAST_RSA, 1, 0}},
     WEST_RSA,
     EAST_RSA},
    {"the same as built in", {{WEST, WEST_ALL, 1, 0}}, WEST_ALL, EAST_ALL},
    {"another stage is not touched",
     {{GLOBAL, "beta-us-east-1-rds-ca-rsa2048-g1", 1, 0}},
     WEST_ALL,
     EAST_ALL},
    {"retired ones beside",
     {{WEST, WEST_RSA " rds-ca-2019-us-west-2 rds-ca-2019-root", 1, 0}},
     WEST_RSA,
     EAST_ALL},
};

static void test_wins(void)
{
    for (size_t i = 0; i < COUNT(wins); i++) {
        struct fixture fixture;

        start(&fixture);
        for (size_t f = 0; f < MAX_FILES; f++) {
            if (wins[i].files[f].name != NULL)
                folder_put(&fixture.folder, wins[i].files[f].name,
                           wins[i].files[f].aliases,
                           fresh(wins[i].files[f].days) +
                               wins[i].files[f].seconds);
        }
        check(&fixture, WEST_URI, wins[i].west, wins[i].row);
        check(&fixture, EAST_URI, wins[i].east, wins[i].row);
        check(&fixture, WEST_URI "/rds-ca-2019",
              "rds-ca-2019-root rds-ca-2019-us-west-2", wins[i].row);
        check(&fixture, "rds:file/rds-ca-2015-us-west-2.pem",
              "rds-ca-2015-us-west-2", wins[i].row);
        CHECK_NUMBER(mentions(&fixture.reports, "older than the built-in"),
                     strstr(wins[i].row, "stale") != NULL ||
                         strstr(wins[i].row, "earlier") != NULL,
                     "%s: reported", wins[i].row);
        stop(&fixture);
    }
}

/* ---- only what is valid replaces what is valid ---------------------------
 */

#define LACKS(what, names)                                                    \
    WEST ": lacks " what " of the built-in set (" names                       \
         "); fetch the file again, unless this is meant\n"

#define WEST_CA(kind) "Amazon RDS us-west-2 " kind
#define NO_ROOT(file)                                                         \
    file ": has no valid root for 1 region (us-west-2); what is valid there " \
         "stays; fetch the file again\n"

#define EXPIRED_RSA                                                           \
    {                                                                         \
        .cn = WEST_CA("Root CA RSA2048 G1"), .until = 1700000000              \
    }
#define VALID_RSA4                                                            \
    {                                                                         \
        .cn = WEST_CA("Root CA RSA4096 G1")                                   \
    }

#define MAX_MADE 2

static const struct {
    const char *row;
    struct {
        const char *name;
        int days; /* after the date of the built-in set */
        struct recipe recipes[MAX_MADE];
    } files[2];
    const char *west;
    const char *reported; /* the line that names the file, or NULL */
} validity[] = {
    {"nothing valid", {{WEST, 1, {EXPIRED_RSA}}}, WEST_ALL, NO_ROOT(WEST)},
    {"nothing valid, global",
     {{GLOBAL, 1, {EXPIRED_RSA}}},
     WEST_ALL,
     NO_ROOT(GLOBAL)},
    {"not valid yet",
     {{WEST, 1, {{.cn = WEST_CA("Root CA RSA2048 G1"), .from = 4000000000}}}},
     WEST_ALL,
     NO_ROOT(WEST)},
    {"a valid intermediate, but no root",
     {{WEST,
       1,
       {{.cn = WEST_CA("Subordinate CA RSA2048 G1.A.1"),
         .issuer = WEST_CA("Root CA RSA2048 G1")}}}},
     WEST_ALL,
     NO_ROOT(WEST)},
    {"an expired root and a valid one",
     {{WEST, 1, {EXPIRED_RSA, VALID_RSA4}}},
     WEST_RSA4,
     NULL},
    {"a newer file, but expired",
     {{WEST, 1, {VALID_RSA4}}, {GLOBAL, 2, {EXPIRED_RSA}}},
     WEST_RSA4,
     NO_ROOT(GLOBAL)},
    {"a newer file, but expired, and a stale one",
     {{WEST, -1, {VALID_RSA4}}, {GLOBAL, 2, {EXPIRED_RSA}}},
     WEST_ALL,
     NO_ROOT(GLOBAL)},
    {"an older file, expired",
     {{WEST, 1, {EXPIRED_RSA}}, {GLOBAL, 2, {VALID_RSA4}}},
     WEST_RSA4,
     NULL},
    {"stale and expired", {{WEST, -1, {EXPIRED_RSA}}}, WEST_ALL, NULL},
};

static void put_recipes(const struct folder *folder, const char *name,
                        const struct recipe *recipes, int64_t modified)
{
    struct text content = {NULL, 0};
    struct made made;

    for (size_t i = 0; i < MAX_MADE && recipes[i].cn != NULL; i++) {
        make_certificate(&made, &recipes[i]);
        text_add_made(&content, &made);
    }
    folder_write(folder, name, &content);
    folder_touch(folder, name, modified);
    text_clear(&content);
}

static void test_validity(void)
{
    for (size_t i = 0; i < COUNT(validity); i++) {
        const char *reported = validity[i].reported;
        struct fixture fixture;

        start(&fixture);
        for (size_t f = 0; f < COUNT(validity[i].files); f++) {
            if (validity[i].files[f].name != NULL)
                put_recipes(&fixture.folder, validity[i].files[f].name,
                            validity[i].files[f].recipes,
                            fresh(validity[i].files[f].days));
        }
        check(&fixture, WEST_URI, validity[i].west, validity[i].row);
        check(&fixture, EAST_URI, EAST_ALL, validity[i].row);
        CHECK(mentions(&fixture.reports,
                       reported != NULL ? reported : "has no valid root") ==
                  (reported != NULL),
              "%s: %s", validity[i].row, fixture.reports.bytes);
        stop(&fixture);
    }
}

/* A region of the file's that nobody else knows keeps what it has. */
static void test_expired_alone(void)
{
    static const struct recipe recipes[MAX_MADE] = {
        {.cn = "Amazon RDS ap-foo-9 Root CA RSA2048 G1", .until = 1700000000}};
    struct fixture fixture;

    start(&fixture);
    put_recipes(&fixture.folder, "ap-foo-9-bundle.pem", recipes, fresh(1));
    check(&fixture, "rds:region/ap-foo-9?expired=include",
          "ap-foo-9-rds-ca-rsa2048-g1", "nothing is displaced");
    CHECK_NUMBER(fixture.reports.size, 0, "reports");
    stop(&fixture);
}

/* While a process runs, with no change of the file. */
static void test_expiry(void)
{
    struct recipe recipes[MAX_MADE] = {VALID_RSA4};
    struct fixture fixture;

    recipes[0].until = (int64_t)time(NULL) + 2;
    start(&fixture);
    put_recipes(&fixture.folder, WEST, recipes, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA4, "valid");
    while (time(NULL) <= recipes[0].until)
        settle_clock();
    check(&fixture, WEST_URI, WEST_ALL, "expired");
    CHECK(mentions(&fixture.reports, NO_ROOT(WEST)), "reported");
    stop(&fixture);
}

/* What the operator distrusts is not missed. */
static void test_lack_distrusted(void)
{
    struct text reports = {NULL, 0};
    struct rds_truststore *store;
    struct folder folder;

    folder_make(&folder);
    folder_put(&folder, WEST, WEST_RSA, fresh(1));
    store = new_store(folder.path, &reports);
    NEED(rds_truststore_distrust(store, &builtin(WEST_ECC)->sha256, 1, NULL));
    check_store(store, WEST_URI, WEST_RSA, "distrusted");
    CHECK_TEXT(reports.bytes,
               LACKS("1 valid CA", "us-west-2 rds-ca-rsa4096-g1"),
               "the other one");
    rds_truststore_free(store);
    text_clear(&reports);
    folder_remove(&folder);
}

/* Of many regions and CAs some are named. */
static void test_lack_names(void)
{
    char line[RDS_ERROR_TEXT];
    struct rds_shortfall shortfall;
    struct rds_bundle bundle = {.name = {.file = GLOBAL}};
    struct rds_shortfalls all = {&shortfall, 0};
    struct rds_anchor anchor = *builtin(WEST_RSA);

    for (size_t i = 0; i < sizeof(anchor.region) - 1; i++)
        anchor.region[i] = 'r';
    for (size_t i = 0; i < sizeof(anchor.ca) - 1; i++)
        anchor.ca[i] = 'c';
    anchor.region[sizeof(anchor.region) - 1] = '\0';
    anchor.ca[sizeof(anchor.ca) - 1] = '\0';
    anchor.stage = RDS_STAGE_PREVIEW;
    for (int i = 0; i < 1000; i++)
        rds_shortfalls_add(&all, &bundle, RDS_LACK_CA, &anchor);
    (void)rds_shortfall_write(line, &shortfall);
    CHECK_NUMBER(all.count, 1, "one for the file");
    CHECK(strstr(line, GLOBAL
                 ": lacks 1000 valid CAs of the built-in set (") == line &&
              strstr(line, " and 992 more); fetch") != NULL,
          "%s", line);
}

/* A beta anchor replaces those of its stage only. */
static void test_stages(void)
{
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, GLOBAL, "beta-us-east-1-rds-ca-rsa2048-g1",
               fresh(1));
    check(&fixture, EAST_URI "?stage=beta", "beta-us-east-1-rds-ca-rsa2048-g1",
          "beta");
    check(&fixture, EAST_URI, EAST_ALL, "production");
    folder_put(&fixture.folder, GLOBAL, EAST_RSA, fresh(1));
    check(&fixture, EAST_URI, EAST_RSA, "production");
    check(&fixture, EAST_URI "?stage=beta",
          "beta-us-east-1-rds-ca-ecc384-g1 beta-us-east-1-rds-ca-rsa2048-g1 "
          "beta-us-east-1-rds-ca-rsa4096-g1",
          "beta");
    stop(&fixture);
}

/* Entries are sorted, each once, and say where they come from. */
static void test_entries(void)
{
    const struct rds_snapshot *snapshot;
    const struct rds_view *view;
    struct fixture fixture;
    size_t from_bundle = 0;

    start(&fixture);
    folder_put(&fixture.folder, GLOBAL,
               WEST_ALL " " EAST_RSA " rds-ca-2019-root rds-ca-2019-us-west-2",
               fresh(1));
    folder_put(&fixture.folder, WEST, WEST_ALL, fresh(1));
    snapshot = take_snapshot(fixture.store);
    view = rds_snapshot_view(snapshot);
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_entry *entry = &view->entries[i];

        CHECK(i == 0 ||
                  rds_anchor_compare(entry[-1].anchor, entry->anchor) < 0,
              "%s: order", entry->anchor->alias);
        CHECK(memcmp(entry->der, builtin_der(builtin(entry->anchor->alias)),
                     entry->anchor->der_size) == 0,
              "%s: bytes", entry->anchor->alias);
        from_bundle += entry->bundle != NULL ? 1 : 0;
        CHECK(entry->bundle == NULL || entry->bundle->confirmed == fresh(1),
              "%s: date", entry->anchor->alias);
    }
    CHECK(from_bundle >= 4, "%zu of bundles", from_bundle);
    CHECK_NUMBER(view->count, rds_builtin_anchor_count - 2,
                 "less two of us-east-1");
    rds_snapshot_release(snapshot);
    stop(&fixture);
}

/* A file of the future counts as one of now: a newer one can win again. */
/* Our reader takes it, libcrypto does not: its signature has 9 unused bits. */
static void test_unproven(void)
{
    const struct rds_anchor *rsa = builtin(WEST_RSA), *ecc = builtin(WEST_ECC);
    unsigned char *der = exact_copy(builtin_der(ecc), ecc->der_size);
    struct text content = {NULL, 0};
    struct rds_truststore *unproven;
    struct rds_der in = {der, ecc->der_size}, parts, part;
    const unsigned char *at = der;
    struct fixture fixture;

    NEED(rds_der_expect(&in, RDS_DER_SEQUENCE, &parts) &&
         rds_der_expect(&parts, RDS_DER_SEQUENCE, &part) &&
         rds_der_expect(&parts, RDS_DER_SEQUENCE, &part) &&
         rds_der_expect(&parts, RDS_DER_BIT_STRING, &part));
    der[part.at - der] = 9;
    NEED(d2i_X509(NULL, &at, ecc->der_size) == NULL);
    ERR_clear_error();
    start(&fixture);
    unproven = new_unproven(fixture.folder.path);
    text_add_pem(&content, der, ecc->der_size);
    text_add_pem(&content, builtin_der(rsa), rsa->der_size);
    folder_write(&fixture.folder, WEST, &content);
    folder_touch(&fixture.folder, WEST, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA, "proven");
    check_store(unproven, WEST_URI, WEST_ECC " " WEST_RSA, "unproven");
    CHECK_NUMBER(ERR_peek_error(), 0, "no error is left");
    rds_truststore_free(unproven);
    text_clear(&content);
    stop(&fixture);
    free(der);
}

static void test_future(void)
{
    const struct rds_snapshot *snapshot;
    const struct rds_view *view;
    struct fixture fixture;
    size_t seen = 0;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(3650));
    snapshot = take_snapshot(fixture.store);
    view = rds_snapshot_view(snapshot);
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_bundle *bundle = view->entries[i].bundle;

        CHECK(bundle == NULL || bundle->confirmed <= time(NULL), "not later");
        seen += bundle != NULL ? 1 : 0;
    }
    CHECK_NUMBER(seen, 1, "entries of the file");
    rds_snapshot_release(snapshot);
    stop(&fixture);
}

/* ---- bounds ------------------------------------------------------------- */

#define BEYOND(file)                                                          \
    file ": not read: with the files before it, there are more than 4194304 " \
         "bytes of bundles\n"

/* A bundle of this alias, filled up to so many bytes. */
static void put_padded(const struct folder *folder, const char *file,
                       const char *alias, size_t size)
{
    struct text content = {NULL, 0};
    char *filler = malloc(size);

    NEED(filler != NULL);
    memset(filler, '\n', size);
    text_add_builtin(&content, alias);
    text_add_bytes(&content, filler, size - content.size);
    folder_write(folder, file, &content);
    folder_touch(folder, file, fresh(1));
    text_clear(&content);
    free(filler);
}

static size_t count_of(const struct text *text, const char *word)
{
    return text->bytes != NULL ? rds_pem_marks(text->bytes, text->size, word)
                               : 0;
}

/* All files together; one that does not fit hinders no other. */
static void test_bytes(void)
{
    const size_t mega = 1024 * 1024;
    struct fixture fixture;

    start(&fixture);
    put_padded(&fixture.folder, "us-east-1-bundle.pem", EAST_RSA, 3 * mega);
    put_padded(&fixture.folder, "us-east-2-bundle.pem",
               "us-east-2-rds-ca-rsa2048-g1", 2 * mega);
    put_padded(&fixture.folder, "us-west-1-bundle.pem",
               "us-west-1-rds-ca-rsa2048-g1", 2 * mega);
    put_padded(&fixture.folder, WEST, WEST_RSA, mega);
    settle_clock();
    check(&fixture, EAST_URI, EAST_RSA, "the first");
    check(&fixture, WEST_URI, WEST_RSA, "one that fits");
    check(&fixture, "rds:region/us-east-2",
          "us-east-2-rds-ca-ecc384-g1 us-east-2-rds-ca-rsa2048-g1 "
          "us-east-2-rds-ca-rsa4096-g1",
          "one that does not");
    CHECK_NUMBER(count_of(&fixture.reports, ": not read: "), 1,
                 "two files, one line");
    CHECK(mentions(&fixture.reports, BEYOND("us-east-2-bundle.pem")), "%s",
          fixture.reports.bytes);
    folder_put(&fixture.folder, "us-east-1-bundle.pem", EAST_RSA, fresh(1));
    check(&fixture, "rds:region/us-east-2", "us-east-2-rds-ca-rsa2048-g1",
          "there is room now, and the file is unchanged");
    CHECK_NUMBER(count_of(&fixture.reports, ": not read: "), 1,
                 "the other one still has none");
    put_padded(&fixture.folder, "us-east-1-bundle.pem", EAST_RSA, 4 * mega);
    check(&fixture, WEST_URI, WEST_ALL, "nothing is kept of what goes beyond");
    stop(&fixture);
}

/* What is kept of a damaged file counts as before. */
static void test_bytes_kept(void)
{
    const size_t mega = 1024 * 1024;
    struct fixture fixture;

    start(&fixture);
    put_padded(&fixture.folder, "us-east-1-bundle.pem", EAST_RSA, 3 * mega);
    check(&fixture, EAST_URI, EAST_RSA, "good");
    put_text(&fixture.folder, "us-east-1-bundle.pem", "damaged", fresh(1));
    check(&fixture, EAST_URI, EAST_RSA, "its last good content");
    put_padded(&fixture.folder, WEST, WEST_RSA, 2 * mega);
    check(&fixture, WEST_URI, WEST_ALL, "no room");
    CHECK(mentions(&fixture.reports, BEYOND(WEST)), "reported");
    NEED(unlink(folder_path(&fixture.folder, "us-east-1-bundle.pem")) == 0);
    check(&fixture, WEST_URI, WEST_RSA, "room");
    stop(&fixture);
}

/* Links to one refused file: it is read once. */
static void test_links(void)
{
    struct text content = {NULL, 0};
    struct fixture fixture;
    char file[64];

    start(&fixture);
    while (content.size < RDS_BUNDLE_MAX - 4096)
        text_add_builtin(&content, EAST_RSA);
    folder_write(&fixture.folder, "junk", &content);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(file, sizeof(file), "ap-%c%c-1-bundle.pem",
                       'a' + i / 26, 'a' + i % 26);
        NEED(symlink("junk", folder_path(&fixture.folder, file)) == 0);
    }
    check(&fixture, EAST_URI, EAST_ALL, "the built-in set answers");
    CHECK(mentions(&fixture.reports, "ap-aa-1-bundle.pem: no certificate") ||
              mentions(&fixture.reports, "ap-aa-1-bundle.pem: more than"),
          "the first is read");
    CHECK(!mentions(&fixture.reports, "ap-ac-1-bundle.pem"),
          "the others are not");
    CHECK(mentions(&fixture.reports, BEYOND("ap-ab-1-bundle.pem")),
          "reported once");
    text_clear(&content);
    stop(&fixture);
}

/* Roots without a region come from every file, but not without end. */
static void test_same_name(void)
{
    enum { FILES = RDS_SAME_NAME_MAX + 4 };
    const struct rds_snapshot *snapshot;
    struct fixture fixture;
    size_t found = 0;

    start(&fixture);
    for (int i = 0; i < FILES; i++) {
        struct recipe recipes[MAX_MADE] = {
            {.cn = "Amazon RDS Root 2030 CA", .until = day(2060, 1, 1) + i}};
        char file[64];

        (void)snprintf(file, sizeof(file), "ap-foo-%d-bundle.pem", i);
        put_recipes(&fixture.folder, file, recipes, fresh(1));
    }
    snapshot = take_snapshot(fixture.store);
    for (size_t i = 0; i < rds_snapshot_view(snapshot)->count; i++)
        found += strcmp(rds_snapshot_view(snapshot)->entries[i].anchor->alias,
                        "rds-ca-2030-root") == 0;
    CHECK_NUMBER(found, RDS_SAME_NAME_MAX, "roots of one name");
    CHECK_NUMBER(count_of(&fixture.reports,
                          ": more than 16 certificates with the name of "
                          "rds-ca-2030-root in all files"),
                 1, "%s", fixture.reports.bytes);
    check(&fixture, WEST_URI, WEST_ALL, "the others");
    rds_snapshot_release(snapshot);
    stop(&fixture);
}

/* ---- new regions -------------------------------------------------------- */

static void test_gov(void)
{
    static const char root[] = "Amazon RDS us-gov-west-1 Root CA RSA2048 G1";
    struct text content = {NULL, 0};
    struct made made[3];
    struct fixture fixture;

    start(&fixture);
    check(&fixture, GOV_URI,
          "error: region 'us-gov-west-1' is known, but no certificate in "
          "force is at hand; run 'rdsca update us-gov-west-1'",
          "before");
    make_certificate(&made[0],
                     &(struct recipe){.cn = "Amazon RDS us-gov-west-1 "
                                            "Subordinate CA RSA2048 G1.A.2",
                                      .issuer = root,
                                      .aki = "root"});
    make_certificate(&made[1], &(struct recipe){.cn = root, .ski = "root"});
    make_certificate(&made[2],
                     &(struct recipe){.cn = "Amazon RDS us-gov-west-1 CA",
                                      .issuer = root,
                                      .from = day(2022, 1, 1),
                                      .aki = "root"});
    for (size_t i = 0; i < COUNT(made); i++)
        text_add_made(&content, &made[i]);
    folder_write(&fixture.folder, GOV, &content);
    folder_touch(&fixture.folder, GOV, fresh(1));
    check(&fixture, GOV_URI "?role=root", "us-gov-west-1-rds-ca-rsa2048-g1",
          "the root");
    check_store(fixture.store, GOV_URI "/rds-ca-2017",
                "rds-ca-us-gov-west-1-2017-root rds-ca-2017-us-gov-west-1",
                "retired ones stay");
    {
        const struct rds_snapshot *snapshot = take_snapshot(fixture.store);
        const struct rds_view *view = rds_snapshot_view(snapshot);

        CHECK_NUMBER(answer_count(view, GOV_URI, test_day()), 3, "all three");
        CHECK_NUMBER(
            answer_count(view, GOV_URI "?role=intermediate", test_day()), 2,
            "intermediates");
        CHECK_NUMBER(
            answer_count(view, "rds:partition/aws-us-gov", test_day()), 3,
            "partition");
        rds_snapshot_release(snapshot);
    }
    text_clear(&content);
    stop(&fixture);
}

/* The roots come first, whatever the intermediates are called. */
static void test_roots_first(void)
{
    static const char root[] = "Amazon RDS us-gov-west-1 Root CA ECC384 G1";
    const struct rds_snapshot *snapshot;
    struct text content = {NULL, 0}, got = {NULL, 0};
    struct made made[2];
    struct fixture fixture;

    start(&fixture);
    make_certificate(&made[0],
                     &(struct recipe){.cn = "Amazon RDS us-gov-west-1 CA",
                                      .issuer = root,
                                      .from = day(2021, 10, 1)});
    make_root(&made[1], root);
    for (size_t i = 0; i < COUNT(made); i++)
        text_add_made(&content, &made[i]);
    folder_write(&fixture.folder, GOV, &content);
    folder_touch(&fixture.folder, GOV, fresh(1));
    snapshot = take_snapshot(fixture.store);
    answer(&got, rds_snapshot_view(snapshot), GOV_URI, test_day(), NULL);
    CHECK(strncmp(got.bytes, "us-gov-west-1-rds-ca-ecc384-g1 ", 31) == 0, "%s",
          got.bytes);
    rds_snapshot_release(snapshot);
    text_clear(&got);
    text_clear(&content);
    stop(&fixture);
}

/* A file's region need not be known, and a new root may serve many. */
static void test_new_names(void)
{
    struct text content = {NULL, 0};
    struct made made[3];
    struct fixture fixture;

    start(&fixture);
    make_certificate(&made[0],
                     &(struct recipe){.cn = "Amazon RDS ap-foo-9 2030 CA",
                                      .issuer = "Amazon RDS Root 2030 CA"});
    make_root(&made[1], "Amazon RDS Root 2030 CA");
    make_root(&made[2], "Amazon RDS ap-foo-9 Root CA RSA2048 G2");
    for (size_t i = 0; i < COUNT(made); i++)
        text_add_made(&content, &made[i]);
    folder_write(&fixture.folder, "ap-foo-9-bundle.pem", &content);
    folder_touch(&fixture.folder, "ap-foo-9-bundle.pem", fresh(1));
    check(&fixture, "rds:region/ap-foo-9",
          "rds-ca-2030-root ap-foo-9-rds-ca-rsa2048-g2 rds-ca-2030-ap-foo-9",
          "a new region");
    check(&fixture, WEST_URI, WEST_ALL, "the others");
    /* A second file with the same root: it serves both. */
    text_clear(&content);
    make_certificate(&made[0],
                     &(struct recipe){.cn = "Amazon RDS ap-bar-1 2030 CA",
                                      .issuer = "Amazon RDS Root 2030 CA"});
    text_add_made(&content, &made[0]);
    text_add_made(&content, &made[1]);
    folder_write(&fixture.folder, "ap-bar-1-bundle.pem", &content);
    folder_touch(&fixture.folder, "ap-bar-1-bundle.pem", fresh(3));
    check(&fixture, "rds:region/ap-foo-9",
          "rds-ca-2030-root ap-foo-9-rds-ca-rsa2048-g2 rds-ca-2030-ap-foo-9",
          "a shared root");
    check(&fixture, "rds:region/ap-bar-1",
          "rds-ca-2030-root rds-ca-2030-ap-bar-1", "a shared root");
    text_clear(&content);
    stop(&fixture);
}

/* The regions that a root without a region may serve, "" for none of two. */
static void check_serves(struct fixture *fixture, const char *alias, bool west,
                         bool east, const char *row)
{
    const struct rds_snapshot *snapshot = take_snapshot(fixture->store);
    const struct rds_view *view = rds_snapshot_view(snapshot);
    size_t found = 0;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (strcmp(anchor->alias, alias) != 0)
            continue;
        found++;
        CHECK(rds_view_serves(view, anchor, "us-west-2") == west, "%s: west",
              row);
        CHECK(rds_view_serves(view, anchor, "us-east-1") == east, "%s: east",
              row);
    }
    CHECK_NUMBER(found, 1, "%s: the root, once", row);
    rds_snapshot_release(snapshot);
}

/* A regional file serves its own region, whatever is in it. */
static void test_bounds(void)
{
    static const char alias[] = "rds-ca-2030-root";
    struct text content = {NULL, 0};
    struct fixture fixture;
    struct made root;

    start(&fixture);
    make_root(&root, "Amazon RDS Root 2030 CA");
    text_add_made(&content, &root);
    text_add_builtin(&content, "rds-ca-2019-root");
    folder_write(&fixture.folder, WEST, &content);
    folder_touch(&fixture.folder, WEST, fresh(1));
    check_serves(&fixture, alias, true, false, "one region's file");
    check_serves(&fixture, "rds-ca-2019-root", true, true, "built in, too");
    folder_write(&fixture.folder, "us-east-1-bundle.pem", &content);
    folder_touch(&fixture.folder, "us-east-1-bundle.pem", fresh(2));
    check_serves(&fixture, alias, true, true, "the files of both");
    NEED(unlink(folder_path(&fixture.folder, WEST)) == 0);
    check_serves(&fixture, alias, false, true, "the other's file");
    folder_write(&fixture.folder, GLOBAL, &content);
    folder_touch(&fixture.folder, GLOBAL, fresh(3));
    check_serves(&fixture, alias, true, true, "a global file beside it");
    text_clear(&content);
    stop(&fixture);
}

/* ---- changes ------------------------------------------------------------ */

static void test_changes(void)
{
    struct fixture fixture;

    start(&fixture);
    check(&fixture, WEST_URI, WEST_ALL, "no file");
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA, "a file came");
    folder_put(&fixture.folder, WEST, WEST_RSA4, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA4, "replaced, the same time");
    folder_put(&fixture.folder, WEST, WEST_ECC " " WEST_RSA, fresh(2));
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA, "replaced");
    folder_touch(&fixture.folder, WEST, fresh(-1));
    check(&fixture, WEST_URI, WEST_ALL, "grown stale by its time");
    folder_touch(&fixture.folder, WEST, fresh(1));
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA, "confirmed again");
    NEED(unlink(folder_path(&fixture.folder, WEST)) == 0);
    check(&fixture, WEST_URI, WEST_ALL, "the file went");
    CHECK_TEXT(
        fixture.reports.bytes != NULL ? fixture.reports.bytes : "",
        LACKS("2 valid CAs",
              "us-west-2 rds-ca-ecc384-g1, us-west-2 rds-ca-rsa4096-g1")
            LACKS("2 valid CAs",
                  "us-west-2 rds-ca-ecc384-g1, us-west-2 rds-ca-rsa2048-g1")
                LACKS("1 valid CA", "us-west-2 rds-ca-rsa4096-g1") WEST
        ": of 2026-08-31, older than the built-in set of "
        "2026-09-01, which holds for the regions that it has\n" LACKS(
            "1 valid CA", "us-west-2 rds-ca-rsa4096-g1"),
        "each state is reported once");
    stop(&fixture);
}

/* Overwritten in place, at once after it was read. */
static void test_in_place(void)
{
    struct fixture fixture;
    struct text one = {NULL, 0}, two = {NULL, 0};

    start(&fixture);
    text_add_builtin(&one, WEST_RSA);
    text_add_builtin(&two, EAST_RSA); /* not of the region: as large */
    NEED(one.size > 100 && two.size > 100);
    for (int i = 0; i < 20; i++) {
        FILE *file = fopen(folder_path(&fixture.folder, GLOBAL), "w");
        const struct text *content = i % 2 == 0 ? &one : &two;

        NEED(file != NULL);
        NEED(fwrite(content->bytes, 1, content->size, file) == content->size);
        NEED(fclose(file) == 0);
        NEED(chmod(folder_path(&fixture.folder, GLOBAL), 0644) == 0);
        folder_touch(&fixture.folder, GLOBAL, fresh(1));
        check(&fixture, WEST_URI, i % 2 == 0 ? WEST_RSA : WEST_ALL,
              "in place");
        check(&fixture, EAST_URI, i % 2 == 0 ? EAST_ALL : EAST_RSA,
              "in place");
    }
    text_clear(&two);
    text_clear(&one);
    stop(&fixture);
}

/* Kubernetes' ConfigMap: a link to a folder that is swapped as a whole. */
static void test_config_map(void)
{
    struct fixture fixture;
    struct folder inner;

    start(&fixture);
    for (int i = 1; i <= 2; i++) {
        folder_inside(&inner, &fixture.folder,
                      i == 1 ? "..data_1" : "..data_2");
        NEED(mkdir(inner.path, 0755) == 0);
        folder_put(&inner, WEST, i == 1 ? WEST_RSA : WEST_RSA4, fresh(1));
    }
    NEED(symlink("..data_1", folder_path(&fixture.folder, "..data")) == 0);
    NEED(symlink("..data/" WEST, folder_path(&fixture.folder, WEST)) == 0);
    check(&fixture, WEST_URI, WEST_RSA, "the first");
    settle_clock();
    check(&fixture, WEST_URI, WEST_RSA, "still the first");
    NEED(symlink("..data_2", folder_path(&fixture.folder, "..tmp")) == 0);
    NEED(rename(folder_path(&fixture.folder, "..tmp"),
                folder_path(&fixture.folder, "..data")) == 0);
    check(&fixture, WEST_URI, WEST_RSA4, "the second");
    stop(&fixture);
}

/* The directory comes; when it goes (a chroot), its content stays in use. */
static void test_directory_comes(void)
{
    struct text reports = {NULL, 0};
    struct rds_truststore *store;
    struct folder folder, inner;
    size_t reported;

    folder_make(&folder);
    folder_inside(&inner, &folder, "inner");
    store = new_store(inner.path, &reports);
    check_store(store, WEST_URI, WEST_ALL, "absent");
    for (int i = 0; i < 2; i++) {
        const char *own = i == 0 ? WEST_RSA : WEST_RSA4;

        NEED(mkdir(inner.path, 0755) == 0);
        folder_put(&inner, WEST, own, fresh(1));
        check_store(store, WEST_URI, own, "there");
        CHECK_NUMBER(mentions(&reports, "is gone (a chroot?)"), i, "reports");
        folder_remove(&inner);
        check_store(store, WEST_URI, own, "gone");
        settle_clock();
        check_store(store, WEST_URI, own, "gone, at rest");
        reported = reports.size;
        check_store(store, WEST_URI, own, "gone, unchanged");
        CHECK_NUMBER(reports.size, reported, "nothing more to report");
        CHECK(mentions(&reports, "/inner: is gone (a chroot?); its last "
                                 "content stays in use"),
              "%s", reports.bytes);
    }
    NEED(mkdir(inner.path, 0755) == 0);
    check_store(store, WEST_URI, WEST_ALL, "there, without the file");
    folder_remove(&inner);
    check_store(store, WEST_URI, WEST_ALL, "gone, without a file");
    rds_truststore_free(store);
    text_clear(&reports);
    folder_remove(&folder);
}

/* A file by AWS's own name, which says no partition. */
static void test_global_name(void)
{
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, "global-bundle.pem", WEST_RSA, fresh(1));
    check(&fixture, WEST_URI, WEST_ALL, "not read");
    CHECK(mentions(&fixture.reports, "global-bundle.pem: not read; name it "
                                     "aws-global-bundle.pem\n"),
          "reported");
    stop(&fixture);
}

/* What is unchanged is neither read again nor reported again. */
static void test_unchanged(void)
{
    const struct rds_snapshot *one, *two;
    struct fixture fixture;
    size_t reported;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA " " EAST_RSA, fresh(1));
    put_text(&fixture.folder, GOV, "garbage", fresh(1));
    settle_clock();
    one = take_snapshot(fixture.store);
    reported = fixture.reports.size;
    CHECK(reported != 0, "the foreign certificate and the garbage");
    two = take_snapshot(fixture.store);
    CHECK(one == two, "the same snapshot");
    CHECK_NUMBER(fixture.reports.size, reported, "no more reports");
    rds_snapshot_release(two);
    rds_snapshot_release(one);
    folder_put(&fixture.folder, GLOBAL, EAST_ALL, fresh(1));
    settle_clock();
    two = take_snapshot(fixture.store);
    CHECK_NUMBER(fixture.reports.size, reported,
                 "other files are not read again");
    rds_snapshot_release(two);
    stop(&fixture);
}

/* ---- refusals ----------------------------------------------------------- */

static size_t refusals(struct rds_truststore *store)
{
    const struct rds_snapshot *snapshot = take_snapshot(store);
    size_t count = rds_snapshot_view(snapshot)->refusal_count;

    rds_snapshot_release(snapshot);
    return count;
}

/* A file that turns bad keeps its last good content. */
static void test_keeps_last_good(void)
{
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA, "good");
    CHECK_NUMBER(refusals(fixture.store), 0, "good");
    NEED(chmod(folder_path(&fixture.folder, WEST), 0666) == 0);
    check(&fixture, WEST_URI, WEST_RSA, "writable");
    CHECK_NUMBER(refusals(fixture.store), 1, "writable");
    CHECK(mentions(&fixture.reports,
                   WEST ": writable by group or others (mode "
                        "0666"),
          "reported: %s", fixture.reports.bytes);
    put_text(&fixture.folder, WEST, "-----BEGIN CERTIFICATE-----\n", fresh(2));
    check(&fixture, WEST_URI, WEST_RSA, "damaged");
    put_text(&fixture.folder, WEST, "", fresh(2));
    check(&fixture, WEST_URI, WEST_RSA, "empty");
    folder_put(&fixture.folder, WEST, EAST_RSA, fresh(2));
    check(&fixture, WEST_URI, WEST_RSA, "of another region");
    settle_clock();
    check(&fixture, WEST_URI, WEST_RSA, "and again");
    check(&fixture, WEST_URI, WEST_RSA, "and again, unchanged");
    CHECK_NUMBER(refusals(fixture.store), 1, "one file");
    folder_put(&fixture.folder, WEST, WEST_RSA4, fresh(2));
    check(&fixture, WEST_URI, WEST_RSA4, "good again");
    CHECK_NUMBER(refusals(fixture.store), 0, "good again");
    NEED(unlink(folder_path(&fixture.folder, WEST)) == 0);
    check(&fixture, WEST_URI, WEST_ALL, "gone is not refused");
    stop(&fixture);
}

/* A file that never was good: the built-in anchors, else the reason. */
static void test_never_good(void)
{
    const struct rds_snapshot *snapshot;
    const struct rds_view *view;
    struct fixture fixture;

    start(&fixture);
    put_text(&fixture.folder, WEST, "garbage", fresh(1));
    put_text(&fixture.folder, GOV, "garbage", fresh(1));
    NEED(mkfifo(folder_path(&fixture.folder, GLOBAL), 0600) == 0);
    check(&fixture, WEST_URI, WEST_ALL, "built in");
    check(&fixture, EAST_URI, EAST_ALL, "built in");
    check(&fixture, GOV_URI,
          "error: region 'us-gov-west-1': " GOV
          ": no PEM certificate in it; fetch the file again",
          "the reason");
    check(&fixture, "rds:region/us-gov-east-1",
          "error: region 'us-gov-east-1' is known, but no certificate in "
          "force is at hand; run 'rdsca update us-gov-east-1'",
          "another region");
    snapshot = take_snapshot(fixture.store);
    view = rds_snapshot_view(snapshot);
    CHECK_NUMBER(view->count, rds_builtin_anchor_count, "built in");
    if (CHECK(view->refusal_count == 3, "three files")) {
        CHECK_TEXT(view->refusals[0].file, GLOBAL, "sorted");
        CHECK_TEXT(view->refusals[0].region, "", "global");
        CHECK_NUMBER(view->refusals[0].partition, RDS_PARTITION_AWS, "aws");
        CHECK_TEXT(view->refusals[1].region, "us-gov-west-1", "region");
        CHECK_NUMBER(view->refusals[1].partition, RDS_PARTITION_AWS_US_GOV,
                     "gov");
        for (size_t i = 0; i < 3; i++) {
            CHECK(strstr(view->refusals[i].text, view->refusals[i].file) !=
                      NULL,
                  "%s", view->refusals[i].text);
            CHECK(mentions(&fixture.reports, view->refusals[i].text), "%s",
                  view->refusals[i].text);
        }
    }
    rds_snapshot_release(snapshot);
    stop(&fixture);
}

/* A directory that turns bad: everything stays as it was. */
static void test_refused_directory(void)
{
    struct text wanted = {NULL, 0};
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA, "good");
    NEED(chmod(fixture.folder.path, 0777) == 0);
    check(&fixture, WEST_URI, WEST_RSA, "writable");
    folder_put(&fixture.folder, WEST, WEST_RSA4, fresh(2));
    check(&fixture, WEST_URI, WEST_RSA, "what others may have written");
    text_add(&wanted,
             "error: region 'us-gov-west-1': %s: the directory is writable by "
             "group or others (mode 0777, owner %lu); run chmod go-w on it",
             fixture.folder.path, (unsigned long)geteuid());
    check(&fixture, GOV_URI, wanted.bytes, "the reason");
    CHECK(mentions(&fixture.reports, "the directory is writable"), "%s",
          fixture.reports.bytes);
    NEED(chmod(fixture.folder.path, 0755) == 0);
    check(&fixture, WEST_URI, WEST_RSA4, "good again");
    text_clear(&wanted);
    stop(&fixture);
    /* bad from the start */
    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    NEED(chmod(fixture.folder.path, 0777) == 0);
    check(&fixture, WEST_URI, WEST_ALL, "bad from the start");
    stop(&fixture);
}

/* A failure that passes is tried again, though nothing changed on disk. */
static void test_passing_failure(void)
{
    struct rlimit kept, none;
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    check(&fixture, WEST_URI, WEST_RSA, "good");
    folder_put(&fixture.folder, WEST, WEST_RSA4, fresh(2));
    settle_clock();
    NEED(getrlimit(RLIMIT_NOFILE, &kept) == 0);
    none = (struct rlimit){0, kept.rlim_max};
    NEED(setrlimit(RLIMIT_NOFILE, &none) == 0);
    check(&fixture, WEST_URI, WEST_RSA, "no file can be opened");
    NEED(setrlimit(RLIMIT_NOFILE, &kept) == 0);
    CHECK(mentions(&fixture.reports, strerror(EMFILE)), "reported");
    check(&fixture, WEST_URI, WEST_RSA4, "files can be opened again");
    CHECK_NUMBER(refusals(fixture.store), 0, "nothing is left of it");
    stop(&fixture);
}

/* ---- distrust ----------------------------------------------------------- */

static struct rds_truststore *
distrusting(const char *directory, const char *const *aliases, size_t count)
{
    unsigned char distrust[8][RDS_SHA256_SIZE];
    struct rds_truststore_options options = {
        .directory = directory,
        .distrust = (const unsigned char(*)[RDS_SHA256_SIZE])distrust,
        .distrust_count = count};
    struct rds_truststore *store;

    NEED(count <= COUNT(distrust));
    for (size_t i = 0; i < count; i++)
        memcpy(distrust[i], builtin(aliases[i])->sha256, RDS_SHA256_SIZE);
    store = rds_truststore_new(rds_libcrypto_linked(), &options, NULL);
    NEED(store != NULL);
    memset(distrust, 0, sizeof(distrust)); /* the options are copied */
    return store;
}

static void test_distrust(void)
{
    static const char *const aliases[] = {WEST_RSA, "rds-ca-2019-root",
                                          "amazon-root-ca-1"};
    struct folder folder;
    struct rds_truststore *store;

    folder_make(&folder);
    store = distrusting(folder.path, aliases, COUNT(aliases));
    check_store(store, WEST_URI, WEST_ECC " " WEST_RSA4, "built in");
    check_store(store, WEST_URI "/rds-ca-2019", "rds-ca-2019-us-west-2",
                "a retired root");
    check_store(store, "rds:proxy",
                "amazon-root-ca-2 amazon-root-ca-3 amazon-root-ca-4 "
                "starfield-services-root-g2",
                "a proxy root");
    folder_put(&folder, WEST, WEST_ALL, fresh(1));
    check_store(store, WEST_URI, WEST_ECC " " WEST_RSA4, "of a bundle");
    folder_put(&folder, WEST, WEST_RSA " " WEST_RSA4, fresh(1));
    check_store(store, WEST_URI, WEST_RSA4, "of a bundle that withdraws");
    /* All that the bundle holds: what it replaced must not come back. */
    folder_put(&folder, WEST, WEST_RSA, fresh(1));
    check_store(store, WEST_URI,
                "error: region 'us-west-2' is known, but no certificate in "
                "force is at hand; run 'rdsca update us-west-2'",
                "all of a bundle");
    check_store(store, EAST_URI, EAST_ALL, "another region");
    rds_truststore_free(store);
    folder_remove(&folder);
}

static void test_more_distrust(void)
{
    unsigned char many[RDS_DISTRUST_MAX + 1][RDS_SHA256_SIZE];
    struct rds_error err = {RDS_R_NONE, ""};
    const struct rds_snapshot *before;
    struct fixture fixture;

    start(&fixture);
    memset(many, 0, sizeof(many));
    for (size_t i = 0; i < COUNT(many); i++)
        many[i][0] = (unsigned char)i, many[i][1] = (unsigned char)(i >> 8);
    before = take_snapshot(fixture.store);
    CHECK(
        rds_truststore_distrust(
            fixture.store,
            (const unsigned char(*)[RDS_SHA256_SIZE])builtin(WEST_RSA)->sha256,
            1, &err),
        "%s", err.text);
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA4, "at the next snapshot");
    CHECK_NUMBER(answer_count(rds_snapshot_view(before), WEST_URI, test_day()),
                 3, "not in the one before");
    rds_snapshot_release(before);
    CHECK(!rds_truststore_distrust(
              fixture.store, (const unsigned char(*)[RDS_SHA256_SIZE])many,
              RDS_DISTRUST_MAX, &err),
          "257");
    CHECK_TEXT(err.text, "rds-distrust: more than 256 fingerprints", "text");
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA4, "nothing changed");
    CHECK(rds_truststore_distrust(
              fixture.store, (const unsigned char(*)[RDS_SHA256_SIZE])many,
              RDS_DISTRUST_MAX - 1, &err),
          "256");
    CHECK(
        rds_truststore_distrust(
            fixture.store,
            (const unsigned char(*)[RDS_SHA256_SIZE])builtin(WEST_RSA)->sha256,
            1, &err),
        "one that is there already");
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA4, "the same");
    stop(&fixture);
}

/* ---- snapshots ---------------------------------------------------------- */

static void test_snapshot_stays(void)
{
    const struct rds_snapshot *old, *older;
    struct text got = {NULL, 0};
    struct fixture fixture;

    start(&fixture);
    older = take_snapshot(fixture.store);
    folder_put(&fixture.folder, WEST, WEST_RSA, fresh(1));
    old = take_snapshot(fixture.store);
    CHECK(old != older, "a new one");
    folder_put(&fixture.folder, WEST, WEST_RSA4, fresh(2));
    check(&fixture, WEST_URI, WEST_RSA4, "the newest");
    stop(&fixture); /* store and files are gone */
    answer(&got, rds_snapshot_view(old), WEST_URI, test_day(), NULL);
    CHECK_TEXT(got.bytes, WEST_RSA, "the old one");
    answer(&got, rds_snapshot_view(older), WEST_URI, test_day(), NULL);
    CHECK_TEXT(got.bytes, WEST_ALL, "the oldest");
    rds_snapshot_release(old);
    answer(&got, rds_snapshot_view(older), WEST_URI, test_day(), NULL);
    CHECK_TEXT(got.bytes, WEST_ALL, "the oldest still");
    rds_snapshot_release(older);
    text_clear(&got);
}

/* Two stores over one folder do not know each other. */
static void test_two_stores(void)
{
    static const char *const aliases[] = {WEST_RSA};
    struct rds_truststore *other;
    struct fixture fixture;

    start(&fixture);
    folder_put(&fixture.folder, WEST, WEST_RSA " " WEST_ECC, fresh(1));
    other = distrusting(fixture.folder.path, aliases, 1);
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA, "the first");
    check_store(other, WEST_URI, WEST_ECC, "the other");
    check(&fixture, WEST_URI, WEST_ECC " " WEST_RSA, "the first again");
    rds_truststore_free(other);
    stop(&fixture);
}

/* ---- threads and fork --------------------------------------------------- */

#define THREADS 8

struct race {
    struct rds_truststore *store;
    int64_t now; /* timegm() takes a lock, which a child may find held */
    atomic_bool stop;
    atomic_size_t taken;
    atomic_size_t wrong;
    atomic_size_t seen[2];
};

/* The region's anchors in force; they are of one file or of the other. */
static void look_once(struct race *race)
{
    const struct rds_snapshot *snapshot =
        rds_truststore_snapshot(race->store, NULL);
    const struct rds_view *view;
    size_t found = 0, rsa = 0;

    if (snapshot == NULL) {
        atomic_fetch_add(&race->wrong, 1);
        return;
    }
    view = rds_snapshot_view(snapshot);
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *a = view->entries[i].anchor;

        if (strcmp(a->region, "us-west-2") != 0 ||
            !rds_anchor_in_force(a, race->now))
            continue;
        found++;
        rsa += strcmp(a->alias, WEST_RSA) == 0 ? 1 : 0;
        if (view->entries[i].der[0] != RDS_DER_SEQUENCE)
            atomic_fetch_add(&race->wrong, 1);
    }
    /* either WEST_RSA alone, or the two others */
    if (!(found == 1 && rsa == 1) && !(found == 2 && rsa == 0))
        atomic_fetch_add(&race->wrong, 1);
    atomic_fetch_add(&race->seen[rsa], 1);
    atomic_fetch_add(&race->taken, 1);
    rds_snapshot_release(snapshot);
}

static void *run(void *arg)
{
    struct race *race = arg;

    while (!atomic_load(&race->stop))
        look_once(race);
    return NULL;
}

static void start_race(struct race *race, struct fixture *fixture,
                       pthread_t threads[THREADS])
{
    start(fixture);
    rds_truststore_free(fixture->store);
    fixture->store = new_store(fixture->folder.path, NULL);
    folder_put(&fixture->folder, WEST, WEST_RSA, fresh(1));
    settle_clock();
    memset(race, 0, sizeof(*race));
    race->store = fixture->store;
    race->now = test_day();
    look_once(race);
    for (size_t i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, run, race) == 0);
}

static void stop_race(struct race *race, struct fixture *fixture,
                      pthread_t threads[THREADS])
{
    atomic_store(&race->stop, true);
    for (size_t i = 0; i < THREADS; i++)
        NEED(pthread_join(threads[i], NULL) == 0);
    CHECK_NUMBER(atomic_load(&race->wrong), 0, "torn views");
    folder_put(&fixture->folder, WEST, WEST_ECC, fresh(3));
    check(fixture, WEST_URI, WEST_ECC, "afterwards");
    stop(fixture);
}

/* Files are renamed over each other until the threads have seen enough. */
static void test_threads(void)
{
    pthread_t threads[THREADS];
    struct fixture fixture;
    struct race race;

    start_race(&race, &fixture, threads);
    for (int i = 0; i < 600 && (atomic_load(&race.taken) < 2000 ||
                                atomic_load(&race.seen[0]) == 0 ||
                                atomic_load(&race.seen[1]) == 0);
         i++) {
        folder_put(&fixture.folder, WEST,
                   i % 2 == 0 ? WEST_ECC " " WEST_RSA4 : WEST_RSA,
                   fresh(1 + i % 2));
        (void)usleep(500);
    }
    CHECK(atomic_load(&race.seen[0]) != 0 && atomic_load(&race.seen[1]) != 0,
          "both files were seen");
    stop_race(&race, &fixture, threads);
}

/*
 * A child takes snapshots while the parent's threads are anywhere.  Nothing
 * changes on disk meanwhile: what changed would be parsed again, and
 * libcrypto's own locks do not survive such a fork.
 */
static int look_in_child(void *arg)
{
    struct race *race = arg;

    atomic_store(&race->wrong, 0);
    for (int i = 0; i < 3; i++)
        look_once(race);
    return atomic_load(&race->wrong) != 0 ? 1 : 0;
}

/* Holds the lock for a while. */
static void *hold_guard(void *arg)
{
    atomic_bool *held = arg;

    rds_guard_lock();
    atomic_store(held, true);
    (void)usleep(50 * 1000);
    rds_guard_unlock();
    return NULL;
}

static int lock_guard(void *arg)
{
    (void)arg;
    rds_guard_lock();
    rds_guard_unlock();
    return 0;
}

/* A child forked while another thread holds the lock can take it. */
static void test_fork_guard(void)
{
    atomic_bool held = false;
    pthread_t thread;

    rds_guard_start();
    rds_guard_start(); /* once more does no harm */
    NEED(pthread_create(&thread, NULL, hold_guard, &held) == 0);
    while (!atomic_load(&held))
        (void)usleep(100);
    CHECK_NUMBER(in_child(lock_guard, NULL), 0, "the child's lock");
    NEED(pthread_join(thread, NULL) == 0);
    rds_guard_lock();
    rds_guard_unlock();
}

static void test_fork(void)
{
    pthread_t threads[THREADS];
    struct fixture fixture;
    struct race race;
    int result = 0;

    start_race(&race, &fixture, threads);
    for (int i = 0; i < 60 && result == 0; i++)
        result = in_child(look_in_child, &race);
    CHECK_NUMBER(result, 0, "the child's snapshots");
    stop_race(&race, &fixture, threads);
}

CU_TestInfo truststore_tests[] = {
    {"built in only", test_builtin_only},
    {"the clock of the tests", test_clock},
    {"which file wins", test_wins},
    {"only what is valid replaces what is valid", test_validity},
    {"an expired bundle of a region of its own", test_expired_alone},
    {"a bundle that expires meanwhile", test_expiry},
    {"a lack of what is distrusted", test_lack_distrusted},
    {"the names of what is lacking", test_lack_names},
    {"bytes of all files", test_bytes},
    {"bytes of what is kept", test_bytes_kept},
    {"links to one refused file", test_links},
    {"roots of one name in many files", test_same_name},
    {"not proven", test_unproven},
    {"a file of the future", test_future},
    {"stages", test_stages},
    {"entries", test_entries},
    {"GovCloud's shape", test_gov},
    {"roots first", test_roots_first},
    {"new regions and roots", test_new_names},
    {"roots of one region's file", test_bounds},
    {"changes are seen", test_changes},
    {"changes in place are seen", test_in_place},
    {"a ConfigMap", test_config_map},
    {"the directory comes and goes", test_directory_comes},
    {"AWS's name of a global file", test_global_name},
    {"what is unchanged", test_unchanged},
    {"the last good content", test_keeps_last_good},
    {"never a good content", test_never_good},
    {"a refused directory", test_refused_directory},
    {"a failure that passes", test_passing_failure},
    {"distrust", test_distrust},
    {"more distrust", test_more_distrust},
    {"a snapshot stays", test_snapshot_stays},
    {"two stores", test_two_stores},
    {"threads", test_threads},
    {"fork while the lock is held", test_fork_guard},
    {"fork", test_fork},
    CU_TEST_INFO_NULL,
};
