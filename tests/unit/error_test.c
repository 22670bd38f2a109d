/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/error.h: a failure fills reason and text and returns false,
 * a NULL error is allowed, a long text is cut and stays terminated, and no
 * byte that could harm a terminal passes rds_quote().
 */

#include "tests.h"

#include <string.h>
#include <wchar.h>

static void test_fail(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    char word[2 * RDS_ERROR_TEXT];

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    CHECK(!rds_fail(&err, RDS_R_BAD_URI, "a %s of %d", "word", 7), "returns");
    CHECK_NUMBER(err.reason, RDS_R_BAD_URI, "reason");
    CHECK_TEXT(err.text, "a word of 7", "text");
    CHECK(!rds_fail(NULL, RDS_R_BAD_URI, "%s", "nobody reads"), "NULL");
    CHECK(!rds_fail(&err, RDS_R_BAD_BUNDLE, "%s", word), "long");
    CHECK_NUMBER(strlen(err.text), RDS_ERROR_TEXT - 1, "cut");
    CHECK(!rds_fail(&err, RDS_R_BAD_URI, "%lc", (wint_t)0xd800), "no letter");
    CHECK_NUMBER(err.reason, RDS_R_BAD_URI, "its reason stays");
    CHECK_TEXT(err.text, "", "what cannot be written is no text");
}

static void test_quote(void)
{
    static const struct {
        const char *word;
        size_t size;
        const char *quoted;
    } rows[] = {
        {"", 0, ""},
        {"us-west-2", 9, "us-west-2"},
        {" ~!\"%", 5, " ~!\"%"},
        {"it's", 4, "it\\x27s"},
        {"a\\b", 3, "a\\x5cb"},
        {"a\0b", 3, "a\\x00b"},
        {"\x1b[31m\r\n", 7, "\\x1b[31m\\x0d\\x0a"},
        {"\x7f\x80\xff", 3, "\\x7f\\x80\\xff"},
        {"\xc3\xa4", 2, "\\xc3\\xa4"},
    };
    char quoted[RDS_QUOTE_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_TEXT(rds_quote(quoted, rows[i].word, rows[i].size),
                   rows[i].quoted, "%s", rows[i].quoted);
    }
}

/* Every length of plain and of escaped bytes stays within the room. */
static void test_quote_lengths(void)
{
    static const char bytes[] = {'x', '\n'};
    char word[300], quoted[RDS_QUOTE_MAX];

    for (size_t kind = 0; kind < COUNT(bytes); kind++) {
        memset(word, bytes[kind], sizeof(word));
        for (size_t size = 0; size < sizeof(word); size++) {
            size_t whole = kind == 0 ? size : 4 * size, got;

            memset(quoted, '?', sizeof(quoted));
            got = strlen(rds_quote(quoted, word, size));
            CHECK(got < RDS_QUOTE_MAX, "%zu bytes of %d", size, bytes[kind]);
            CHECK(got == whole || strcmp(quoted + got - 3, "...") == 0,
                  "%zu bytes of %d", size, bytes[kind]);
        }
    }
}

static void test_reasons(void)
{
    CHECK_TEXT(rds_reason_text(RDS_R_BAD_URI), "malformed rds: URI", "first");
    CHECK_TEXT(rds_reason_text(RDS_R_NONE), "", "none");
    CHECK_TEXT(rds_reason_text(RDS_R_END), "", "behind the last");
    CHECK_TEXT(rds_reason_text((enum rds_reason) - 1), "", "negative");
    for (int i = RDS_R_NONE + 1; i < RDS_R_END; i++)
        CHECK(rds_reason_text((enum rds_reason)i)[0] != '\0', "reason %d", i);
}

CU_TestInfo error_tests[] = {
    {"an error is filled and cut", test_fail},
    {"words are quoted", test_quote},
    {"quoted words fit", test_quote_lengths},
    {"every reason has a text", test_reasons},
    CU_TEST_INFO_NULL,
};
