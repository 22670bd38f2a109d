/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the project's own list of fingerprints, provider/anchors/
 * pins.tsv, says what the independent list ../shared/truststore/anchors.tsv
 * says, that every built-in certificate stands in it, and that the built-in
 * tables agree with it and with each other.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/builtin.h"
#include "rds/uri.h"

#define PINS "provider/anchors/pins.tsv"
#define ANCHORS "../shared/truststore/anchors.tsv"
#define ROWS_MAX 512

/* Of one source only: nobody confirmed it. */
static const char *const unconfirmed[] = {
    "f1bf712728fe5ef753e4357459506ec14561adffab629694d5f00df2f534b0df",
};

struct row {
    char sha256[RDS_SHA256_TEXT];
    char cn[RDS_CN_MAX + 1];
    char from[24], until[24];
    bool packaged; /* a registry package carries it */
};

struct rows {
    struct row at[ROWS_MAX];
    size_t count;
};

static void take(char *out, size_t room, char **line)
{
    const char *word = strsep(line, "\t");

    NEED(word != NULL && strlen(word) < room);
    (void)snprintf(out, room, "%s", word);
}

/* Reads the columns; `issuer`: there is one behind the common name. */
static bool read_rows(struct rows *out, const char *path, bool issuer)
{
    FILE *file = fopen(path, "r");
    char line[1024], ignored[128];
    bool header = false;

    out->count = 0;
    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL) {
        struct row *row = &out->at[out->count];
        char *rest = line;

        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (!header) {
            header = strncmp(line, "sha256\t", 7) == 0;
            NEED(header);
            continue;
        }
        NEED(++out->count < ROWS_MAX);
        take(row->sha256, sizeof(row->sha256), &rest);
        take(row->cn, sizeof(row->cn), &rest);
        if (issuer)
            take(ignored, sizeof(ignored), &rest);
        take(row->from, sizeof(row->from), &rest);
        take(row->until, sizeof(row->until), &rest);
        row->packaged = rest != NULL && rest[0] != '\0' && rest[0] != '-';
    }
    (void)fclose(file);
    return true;
}

static const struct row *find(const struct rows *rows, const char *sha256)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->at[i].sha256, sha256) == 0)
            return &rows->at[i];
    }
    return NULL;
}

static bool is_unconfirmed(const char *sha256)
{
    for (size_t i = 0; i < COUNT(unconfirmed); i++) {
        if (strcmp(unconfirmed[i], sha256) == 0)
            return true;
    }
    return false;
}

static const struct rds_anchor *carried(const char *sha256)
{
    unsigned char bytes[RDS_SHA256_SIZE];

    NEED(rds_sha256_read(sha256, strlen(sha256), bytes));
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        if (memcmp(rds_builtin_anchors[i].sha256, bytes, sizeof(bytes)) == 0)
            return &rds_builtin_anchors[i];
    }
    return NULL;
}

static struct rows pins, anchors;

static void test_lists(void)
{
    NEED(read_rows(&pins, PINS, false));
    if (!read_rows(&anchors, ANCHORS, true)) {
        skip(ANCHORS " is not here: the pins are not compared with it");
        return;
    }
    CHECK_NUMBER(pins.count, anchors.count - COUNT(unconfirmed), "rows");
    for (size_t i = 0; i < anchors.count; i++) {
        const struct row *wanted = &anchors.at[i];
        const struct row *pin = find(&pins, wanted->sha256);

        if (is_unconfirmed(wanted->sha256)) {
            CHECK(pin == NULL, "%s is not confirmed", wanted->sha256);
            CHECK(carried(wanted->sha256) == NULL, "%s is not confirmed",
                  wanted->sha256);
            continue;
        }
        if (!CHECK(pin != NULL, "%s is pinned", wanted->sha256))
            continue;
        CHECK_TEXT(pin->cn, wanted->cn, "%s", wanted->sha256);
        CHECK_TEXT(pin->from, wanted->from, "%s", wanted->sha256);
        CHECK_TEXT(pin->until, wanted->until, "%s", wanted->sha256);
        CHECK_NUMBER(pin->packaged, wanted->packaged, "%s: its source",
                     wanted->sha256);
        CHECK_NUMBER(carried(wanted->sha256) != NULL, wanted->packaged,
                     "%s is carried", wanted->sha256);
    }
    for (size_t i = 0; i < pins.count; i++)
        CHECK(find(&anchors, pins.at[i].sha256) != NULL, "%s is known",
              pins.at[i].sha256);
}

/* A time as "2026-09-01T00:00:00Z". */
static const char *iso(char out[24], int64_t seconds)
{
    char date[RDS_DATE_MAX];
    unsigned second = (unsigned)(((seconds % 86400) + 86400) % 86400);

    (void)snprintf(out, 24, "%.10sT%02u:%02u:%02uZ",
                   rds_date_write(date, seconds), second / 3600 % 24,
                   second / 60 % 60, second % 60);
    return out;
}

static void test_builtin(void)
{
    char sha256[RDS_SHA256_TEXT], time[24];

    NEED(read_rows(&pins, PINS, false));
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];
        const struct row *pin =
            find(&pins, rds_sha256_write(sha256, a->sha256));

        if (!CHECK(pin != NULL, "%s is pinned", a->alias))
            continue;
        CHECK_TEXT(iso(time, a->not_before), pin->from, "%s", a->alias);
        CHECK_TEXT(iso(time, a->not_after), pin->until, "%s", a->alias);
    }
}

/* The table of pins in the program is the list, sorted. */
static void test_pins(void)
{
    char sha256[RDS_SHA256_TEXT], time[24];

    NEED(read_rows(&pins, PINS, false));
    CHECK_NUMBER(rds_builtin_pin_count, pins.count, "pins");
    for (size_t i = 0; i < rds_builtin_pin_count; i++) {
        const struct rds_pin *built = &rds_builtin_pins[i];
        const struct row *pin =
            find(&pins, rds_sha256_write(sha256, built->sha256));

        CHECK(i == 0 ||
                  memcmp(built[-1].sha256, built->sha256, RDS_SHA256_SIZE) < 0,
              "%s: order", sha256);
        if (!CHECK(pin != NULL, "%s", sha256))
            continue;
        CHECK_TEXT(built->cn, pin->cn, "%s", sha256);
        CHECK_TEXT(iso(time, built->not_before), pin->from, "%s", sha256);
        CHECK_TEXT(iso(time, built->not_after), pin->until, "%s", sha256);
    }
}

static void test_tables(void)
{
    char sha256[RDS_SHA256_TEXT], summary[64], date[RDS_DATE_MAX];
    uint32_t at = 0;

    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        CHECK_NUMBER(rds_builtin_anchors[i].der_at, at, "no gaps");
        at += rds_builtin_anchors[i].der_size;
    }
    CHECK_NUMBER(rds_builtin_combined_count, 30, "the frozen combined file");
    for (size_t i = 0; i < rds_builtin_combined_count; i++)
        CHECK(carried(rds_sha256_write(sha256, rds_builtin_combined[i])) !=
                  NULL,
              "%s is carried", sha256);
    for (size_t i = 1; i < rds_builtin_region_count; i++)
        CHECK(strcmp(rds_builtin_regions[i - 1], rds_builtin_regions[i]) < 0,
              "%s: order", rds_builtin_regions[i]);
    (void)snprintf(summary, sizeof(summary), "%zu anchors of %s",
                   rds_builtin_anchor_count,
                   rds_date_write(date, rds_builtin_date));
    CHECK_TEXT(rds_builtin_summary, summary, "summary");
}

CU_TestInfo anchors_list_tests[] = {
    {"the pins and the independent list", test_lists},
    {"every built-in anchor is pinned", test_builtin},
    {"the table of pins", test_pins},
    {"the other tables", test_tables},
    CU_TEST_INFO_NULL,
};
