/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JSON reports share.  Refuses to print half a document.
 */

#include "json.h"

#include <stdlib.h>
#include <string.h>

static char *escape(const char *text)
{
    char *escaped = malloc(4 * strlen(text) + 1), *to = escaped;

    for (; escaped != NULL && *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= ' ' && byte < 0x7f && byte != '\\')
            *to++ = (char)byte;
        else
            to += sprintf(to, "\\x%02x", byte);
    }
    if (escaped != NULL)
        *to = '\0';
    return escaped;
}

json_t *rdsca_json_text(const char *text)
{
    json_t *made = json_string(text);
    char *escaped;

    if (made != NULL)
        return made;
    escaped = escape(text);
    made = escaped != NULL ? json_string(escaped) : NULL;
    free(escaped);
    return made;
}

void rdsca_json_append(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value) == 0)
        return;
    json_decref(*array);
    *array = NULL;
}

/*
 * The document as text, or NULL.  Not by json_dumps(): where its buffer cannot
 * grow, jansson 2.14 goes on, and a piece of the text is missing.
 */
static char *to_text(const json_t *document)
{
    size_t size = json_dumpb(document, NULL, 0, JSON_INDENT(2));
    char *text = size != 0 ? malloc(size + 1) : NULL;

    if (text == NULL)
        return NULL;
    if (json_dumpb(document, text, size, JSON_INDENT(2)) != size) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

enum rdsca_exit rdsca_json_print(const char *name, json_t *document)
{
    char *text = document != NULL ? to_text(document) : NULL;

    json_decref(document);
    if (text == NULL) {
        rdsca_complain(name, "out of memory");
        return RDSCA_UNSAFE;
    }
    (void)puts(text);
    free(text);
    return rdsca_finish_output(name);
}
