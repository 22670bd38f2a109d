/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/configuration.h: the values of the provider's section are
 * read, and one that cannot be understood is an error with an exact text.
 */

#include "tests.h"

#include <string.h>

#include "rds/configuration.h"
#include "rds/uri.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A_COLONS                                                              \
    "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:"                        \
    "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA"
#define NO_SHA "' is not a SHA-256 of 64 hexadecimal digits"

static const struct {
    const char *bundles;
    const char *distrust;
    const char *trust;     /* not judged yet */
    const char *directory; /* NULL: refused */
    const char *found;     /* first digit of each fingerprint, or the error */
} rows[] = {
    {NULL, NULL, NULL, "/var/lib/rds-ca", ""},
    {"/srv/bundles", NULL, NULL, "/srv/bundles", ""},
    {"/", NULL, NULL, "/", ""},
    {NULL, NULL, "rds://all", "/var/lib/rds-ca", ""},
    {"/x", A, "nonsense", "/x", "a"},
    {NULL, A, NULL, "/var/lib/rds-ca", "a"},
    {"/x", A "," B, NULL, "/x", "ab"},
    {"/x", A ", " B, NULL, "/x", "ab"},
    {"/x", "  " A " ,\t" B "  ", NULL, "/x", "ab"},
    {"/x", A " " B, NULL, "/x", "ab"},
    {"/x", A "," B "," A, NULL, "/x", "aba"},
    {"/x", A_COLONS ", " B, NULL, "/x", "ab"},
    {"", NULL, NULL, NULL,
     "rds-bundles = '': write an absolute directory such as /var/lib/rds-ca"},
    {"bundles", NULL, NULL, NULL,
     "rds-bundles = 'bundles': write an absolute directory such as "
     "/var/lib/rds-ca"},
    {"./x\n", NULL, NULL, NULL,
     "rds-bundles = './x\\x0a': write an absolute directory such as "
     "/var/lib/rds-ca"},
    {"~/x", A, NULL, NULL,
     "rds-bundles = '~/x': write an absolute directory such as "
     "/var/lib/rds-ca"},
    {"/x", "", NULL, NULL,
     "rds-distrust is empty: name a SHA-256 or remove the line"},
    {"/x", " , ,", NULL, NULL,
     "rds-distrust is empty: name a SHA-256 or remove the line"},
    {"/x", "abc", NULL, NULL, "rds-distrust: 'abc" NO_SHA},
    {"/x", A "a", NULL, NULL, "rds-distrust: '" A "a" NO_SHA},
    {"/x", A "," B ", x", NULL, NULL, "rds-distrust: 'x" NO_SHA},
    {"/x", "," A B, NULL, NULL, NULL},
    {"/x", A ";" B, NULL, NULL, NULL},
    {"/x", A "\n" B, NULL, NULL, NULL},
    {"/x", "sha256:" A, NULL, NULL, NULL},
    {"/x", "AA:AA", NULL, NULL, "rds-distrust: 'AA:AA" NO_SHA},
    {"/x", ":", NULL, NULL, "rds-distrust: ':" NO_SHA},
    {"/x", "all", NULL, NULL, "rds-distrust: 'all" NO_SHA},
};

static struct rds_configuration out;

static void test_rows(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rds_error err = {RDS_R_NONE, "untouched"};
        bool good = rds_configuration_read(rows[i].bundles, rows[i].distrust,
                                           rows[i].trust, &out, &err);

        CHECK_NUMBER(good, rows[i].directory != NULL, "row %zu: %s", i,
                     err.text);
        if (!good) {
            CHECK_NUMBER(err.reason, RDS_R_BAD_CONFIGURATION, "row %zu", i);
            if (rows[i].found != NULL)
                CHECK_TEXT(err.text, rows[i].found, "row %zu", i);
            continue;
        }
        CHECK_TEXT(err.text, "untouched", "row %zu", i);
        if (rows[i].directory == NULL)
            continue; /* has failed above */
        CHECK_TEXT(out.bundles, rows[i].directory, "row %zu", i);
        CHECK(out.trust == rows[i].trust, "row %zu", i);
        CHECK_NUMBER(out.distrust_count, strlen(rows[i].found), "row %zu", i);
        for (size_t j = 0; j < out.distrust_count; j++) {
            char text[RDS_SHA256_TEXT];

            CHECK_TEXT(rds_sha256_write(text, out.distrust[j]),
                       rows[i].found[j] == 'a' ? A : B, "row %zu, %zu", i, j);
        }
    }
}

static void test_most(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    struct text text = {NULL, 0};

    for (int i = 0; i < RDS_DISTRUST_MAX; i++)
        text_add(&text, "%064x,", i);
    CHECK(rds_configuration_read(NULL, text.bytes, NULL, &out, &err),
          "256: %s", err.text);
    CHECK_NUMBER(out.distrust_count, 256, "256");
    CHECK_NUMBER(out.distrust[255][31], 255, "the last");
    text_add(&text, A);
    CHECK(!rds_configuration_read(NULL, text.bytes, NULL, &out, &err), "257");
    CHECK_TEXT(err.text, "rds-distrust: more than 256 fingerprints", "text");
    CHECK(!rds_configuration_read(NULL, text.bytes, NULL, &out, NULL),
          "no error");
    text_clear(&text);
}

CU_TestInfo configuration_tests[] = {
    {"values", test_rows},
    {"the most fingerprints", test_most},
    CU_TEST_INFO_NULL,
};
