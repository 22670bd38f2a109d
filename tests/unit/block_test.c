/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/enable/block.h: whatever the text, a block put in
 * and taken out again gives the same bytes; edits outside of it stay; and
 * marks that are not one whole pair are never cut at.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/enable/block.h"

#define LINES "[a]\nx = y\n"

static struct rdsca_text text_of(const char *bytes, size_t size)
{
    return (struct rdsca_text){(char *)longer_copy(bytes, size), size};
}

/* ---- in and out -------------------------------------------------------- */

static const char *const texts[] = {
    "",
    "\n",
    "\n\n",
    "a",
    "a\n",
    "a\n\n",
    "a\r\n",
    "a\r",
    "a\\",
    "a\\\n",
    "[a]\nb",
    "# >> x",
    "# <<< other",
    " # >>> rdsca enable",
    "\n\n\na",
    "\xff\x01",
    "# >>> rdsc",
    "x# >>> rdsca",
};

static void test_there_and_back(void)
{
    for (size_t i = 0; i < 2 * COUNT(texts); i++) {
        const char *bytes = texts[i / 2];
        struct rdsca_text text = text_of(bytes, strlen(bytes));
        struct rdsca_text with = {NULL, 0}, without = {NULL, 0};
        bool fresh = i % 2 != 0, was = !fresh;

        CHECK(rdsca_marks(&text) == RDSCA_MARKS_NONE, "%zu", i);
        NEED(rdsca_marked_add(&text, LINES, fresh, &with));
        CHECK_NUMBER(strlen(with.bytes), with.size, "%zu", i);
        CHECK(rdsca_marks(&with) == RDSCA_MARKS_BLOCK, "%zu", i);
        CHECK(strstr(with.bytes, LINES) != NULL, "%zu", i);
        NEED(rdsca_marked_remove(&with, &without, &was));
        CHECK(rdsca_text_same(&text, &without), "%zu", i);
        CHECK(was == fresh, "%zu", i);
        rdsca_text_clear(&text);
        rdsca_text_clear(&with);
        rdsca_text_clear(&without);
    }
}

/* ---- edits ------------------------------------------------------------- */

static const struct {
    const char *before; /* the block is put behind it */
    const char *from;   /* of the text with the block: what is replaced ... */
    const char *to;     /* ... by this; from "" at the end */
    const char *after;  /* without the block */
} edits[] = {
    {"a\n", "", "b\n", "a\nb\n"},
    {"a", "", "b\n", "a\nb\n"},
    {"", "", "b\n", "b\n"},
    {"a\nb\n", "a\n", "", "b\n"},
    {"a\nb\n", "b\n", "", "a\n"},
    {"a\n", "\n# >>>", "# >>>", "a"}, /* only the last line end */
    {"a\n", "x = y", "x = z", "a\n"},
    {"a\n\n", "a\n\n\n", "a\n", "a"},
};

/* The first `from` in the text is replaced, or the end. */
static struct rdsca_text edit(const struct rdsca_text *text, const char *from,
                              const char *to)
{
    const char *at =
        from[0] != '\0' ? strstr(text->bytes, from) : text->bytes + text->size;
    struct text out = {NULL, 0};

    NEED(at != NULL);
    text_add(&out, "%.*s%s%s", (int)(at - text->bytes), text->bytes, to,
             at + strlen(from));
    return (struct rdsca_text){out.bytes, out.size};
}

static void test_edits(void)
{
    for (size_t i = 0; i < COUNT(edits); i++) {
        struct rdsca_text text =
            text_of(edits[i].before, strlen(edits[i].before));
        struct rdsca_text with = {NULL, 0}, out = {NULL, 0}, edited;
        bool fresh;

        NEED(rdsca_marked_add(&text, LINES, false, &with));
        edited = edit(&with, edits[i].from, edits[i].to);
        CHECK(rdsca_marked_remove(&edited, &out, &fresh), "%zu", i);
        CHECK_TEXT(out.bytes, edits[i].after, "%zu", i);
        rdsca_text_clear(&text);
        rdsca_text_clear(&with);
        rdsca_text_clear(&edited);
        rdsca_text_clear(&out);
    }
}

/* ---- damage ------------------------------------------------------------ */

static const struct {
    const char *from, *to; /* as above */
} damages[] = {
    {"# >>> rdsca", "# > rdsca"},    {"# <<< rdsca", "# < rdsca"},
    {"# >>> rdsca", " # >>> rdsca"}, {"# <<< rdsca enable", "# <<< rdsca"},
    {"end mark\n", "end mark \n"},   {"enable <<<\n", "enable <<<"},
    {"", "# >>> rdsca\n"},           {"", "# <<< rdsca enable <<<\n"},
    {"a\n", "# <<< rdsca\n"},
};

static void test_damage(void)
{
    for (size_t i = 0; i < COUNT(damages); i++) {
        struct rdsca_text text = text_of("a\n", 2), with = {NULL, 0};
        struct rdsca_text out = {NULL, 0}, edited;
        bool fresh;

        NEED(rdsca_marked_add(&text, LINES, false, &with));
        edited = edit(&with, damages[i].from, damages[i].to);
        CHECK(rdsca_marks(&edited) == RDSCA_MARKS_DAMAGED, "%zu", i);
        CHECK(!rdsca_marked_remove(&edited, &out, &fresh), "%zu", i);
        rdsca_text_clear(&text);
        rdsca_text_clear(&with);
        rdsca_text_clear(&edited);
        rdsca_text_clear(&out);
    }
}

CU_TestInfo marked_tests[] = {
    {"there and back", test_there_and_back},
    {"edits", test_edits},
    {"damage", test_damage},
    CU_TEST_INFO_NULL,
};
