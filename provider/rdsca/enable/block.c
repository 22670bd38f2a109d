/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A marked block.  Refuses to cut at marks that are not one pair, each a whole
 * line.
 */

#include "block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN                                                                 \
    "# >>> rdsca enable >>> 'rdsca disable' removes all up to the end mark\n"
#define END "# <<< rdsca enable <<<\n"
#define FRESH "# There was no such file before.\n"

/* Also of a mark that was changed. */
#define BEGIN_LIKE "# >>> rdsca"
#define END_LIKE "# <<< rdsca"

void rdsca_text_clear(struct rdsca_text *text)
{
    free(text->bytes);
    *text = (struct rdsca_text){NULL, 0};
}

bool rdsca_text_same(const struct rdsca_text *a, const struct rdsca_text *b)
{
    return a->size == b->size &&
           (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* ---- finding it -------------------------------------------------------- */

static bool starts(const char *at, const char *end, const char *with)
{
    size_t size = strlen(with);

    return (size_t)(end - at) >= size && memcmp(at, with, size) == 0;
}

/* The lines that begin like this; *first is where the first one is. */
static size_t count(const struct rdsca_text *text, const char *with,
                    const char **first)
{
    const char *at = text->bytes, *end = at != NULL ? at + text->size : at;
    size_t found = 0;

    *first = NULL;
    while (at != NULL && at < end) {
        if (starts(at, end, with) && found++ == 0)
            *first = at;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    return found;
}

static enum rdsca_marks find(const struct rdsca_text *text, const char **from,
                             const char **to)
{
    const char *like;
    size_t begins = count(text, BEGIN_LIKE, &like);
    size_t ends = count(text, END_LIKE, &like);

    if (begins == 0 && ends == 0)
        return RDSCA_MARKS_NONE;
    if (begins != 1 || ends != 1 || count(text, BEGIN, from) != 1 ||
        count(text, END, to) != 1 || *to < *from)
        return RDSCA_MARKS_DAMAGED;
    *to += strlen(END);
    return RDSCA_MARKS_BLOCK;
}

enum rdsca_marks rdsca_marks(const struct rdsca_text *text)
{
    const char *from, *to;

    return find(text, &from, &to);
}

/* ---- in and out -------------------------------------------------------- */

/*
 * The first line end is the block's own: it ends the last line of a file that
 * leaves it open.
 */
bool rdsca_marked_add(const struct rdsca_text *text, const char *lines,
                      bool fresh, struct rdsca_text *out)
{
    const char *parts[] = {"\n", BEGIN, fresh ? FRESH : "", lines, END};
    size_t size = text->size, part;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        size += strlen(parts[i]);
    *out = (struct rdsca_text){malloc(size + 1), size};
    if (out->bytes == NULL)
        return false;
    if (text->size != 0)
        (void)memcpy(out->bytes, text->bytes, text->size);
    size = text->size;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        part = strlen(parts[i]);
        (void)memcpy(out->bytes + size, parts[i], part);
        size += part;
    }
    out->bytes[size] = '\0';
    return true;
}

/*
 * Whether the line end before the block is the block's own.  Where somebody
 * took away the empty line and wrote behind the block, it is not.
 */
static bool owns_line_end(const struct rdsca_text *text, const char *from,
                          const char *to)
{
    if (from == text->bytes)
        return false;
    return from - 1 == text->bytes || from[-2] == '\n' ||
           to == text->bytes + text->size;
}

bool rdsca_marked_remove(const struct rdsca_text *text, struct rdsca_text *out,
                         bool *fresh)
{
    const char *from = NULL, *to = NULL, *end = text->bytes + text->size;
    size_t before, after;

    if (find(text, &from, &to) != RDSCA_MARKS_BLOCK)
        return false;
    *fresh = starts(from + strlen(BEGIN), end, FRESH);
    before = (size_t)(from - text->bytes) - owns_line_end(text, from, to);
    after = (size_t)(end - to);
    *out = (struct rdsca_text){malloc(before + after + 1), before + after};
    if (out->bytes == NULL)
        return false;
    (void)memcpy(out->bytes, text->bytes, before);
    (void)memcpy(out->bytes + before, to, after);
    out->bytes[out->size] = '\0';
    return true;
}
