/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings on their way from a check to who prints them.  Refuses lines that
 * are not of the form, and levels and mends that it does not know.
 */

#include "report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"ok", "note", "problem"};
_Static_assert(sizeof(level_names) / sizeof(level_names[0]) == RDSCA_LEVELS,
               "every level has a name");

static const char *const how_names[] = {"run", "append", "remove", "do"};
_Static_assert(sizeof(how_names) / sizeof(how_names[0]) == RDSCA_HOWS,
               "every way to mend has a name");

const char *rdsca_level_name(enum rdsca_level level)
{
    return level < RDSCA_LEVELS ? level_names[level] : "?";
}

const char *rdsca_how_name(enum rdsca_how how)
{
    return how < RDSCA_HOWS ? how_names[how] : "?";
}

/* ---- texts ------------------------------------------------------------- */

/*
 * Copies what can be shown, the rest as \xNN, as much as there is room for.
 * Line ends stay where they are meant as such.
 */
static void show(char *out, size_t room, const char *text, bool lines)
{
    size_t used = 0;

    for (; *text != '\0' && used + 5 < room; text++) {
        unsigned char byte = (unsigned char)*text;

        if ((byte >= 0x20 && byte < 0x7f) || (lines && byte == '\n'))
            out[used++] = (char)byte;
        else
            used += (size_t)snprintf(out + used, room - used, "\\x%02x", byte);
    }
    out[used] = '\0';
}

/* To be freed. */
static char *compose(const char *format, va_list args, size_t room, bool lines)
    RDS_PRINTF(1, 0);

static char *compose(const char *format, va_list args, size_t room, bool lines)
{
    char *raw = malloc(room), *shown = malloc(room);

    if (raw != NULL && shown != NULL) {
        if (vsnprintf(raw, room, format, args) < 0)
            raw[0] = '\0';
        show(shown, room, raw, lines);
    }
    if (raw == NULL) {
        free(shown);
        shown = NULL;
    }
    free(raw);
    return shown;
}

/* ---- writing ----------------------------------------------------------- */

/* Takes `record` over; NULL is allowed, where memory failed. */
static void put(FILE *to, json_t *record)
{
    if (record == NULL || json_dumpf(record, to, JSON_COMPACT) != 0)
        (void)fputs("{}", to); /* the reader says that it is none */
    (void)fputc('\n', to);
    (void)fflush(to);
    json_decref(record);
}

void rdsca_find(FILE *to, enum rdsca_level level, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = compose(format, args, RDSCA_FINDING_TEXT, false);
    va_end(args);
    put(to, json_pack("{s:s, s:s}", "level", rdsca_level_name(level), "text",
                      text != NULL ? text : "out of memory"));
    free(text);
}

static json_t *split(char *text)
{
    json_t *lines = json_array();
    char *line;

    while ((line = strsep(&text, "\n")) != NULL)
        (void)json_array_append_new(lines, json_string(line));
    return lines;
}

/* Takes `lines` over. */
static json_t *pack_mend(enum rdsca_how how, const char *file, json_t *lines)
{
    return json_pack("{s:s, s:s?, s:o}", "how", rdsca_how_name(how), "file",
                     file, "lines", lines);
}

void rdsca_mend(FILE *to, enum rdsca_how how, const char *file,
                const char *format, ...)
{
    char *text, *shown = malloc(RDSCA_FINDING_TEXT);
    va_list args;

    va_start(args, format);
    text = compose(format, args, RDSCA_MEND_TEXT, true);
    va_end(args);
    if (file != NULL && shown != NULL)
        show(shown, RDSCA_FINDING_TEXT, file, false);
    if (text != NULL && shown != NULL)
        put(to, json_pack(
                    "{s:o}", "mend",
                    pack_mend(how, file != NULL ? shown : NULL, split(text))));
    else
        put(to, NULL);
    free(text);
    free(shown);
}

void rdsca_find_diagnosis(FILE *to, const struct rdsca_diagnosis *diagnosis)
{
    rdsca_find(to, diagnosis->level, "%s", diagnosis->text);
    if (diagnosis->level != RDSCA_OK)
        rdsca_mend(to, diagnosis->how,
                   diagnosis->file[0] != '\0' ? diagnosis->file : NULL, "%s",
                   diagnosis->mend);
}

void rdsca_step(FILE *to, const char *mend, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = compose(format, args, RDSCA_FINDING_TEXT, false);
    va_end(args);
    put(to, json_pack("{s:s, s:o}", "step",
                      text != NULL ? text : "out of memory", "mend",
                      pack_mend(RDSCA_MEND_DO, NULL, json_pack("[s]", mend))));
    free(text);
}

/* ---- reading ----------------------------------------------------------- */

static bool is_one_of(const json_t *value, const char *const *names,
                      size_t count)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

/* As show() leaves it: a module that writes into the pipe gets no further. */
static bool is_shown(const json_t *value)
{
    const char *text = json_string_value(value);

    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            return false;
    }
    return text != NULL;
}

static bool good_mend(const json_t *mend)
{
    const json_t *lines = json_object_get(mend, "lines");
    const json_t *file = json_object_get(mend, "file");

    if (!is_one_of(json_object_get(mend, "how"), how_names, RDSCA_HOWS) ||
        !(is_shown(file) || json_is_null(file)) || json_array_size(lines) == 0)
        return false;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        if (!is_shown(json_array_get(lines, i)))
            return false;
    }
    return true;
}

/* To the finding that came before it. */
static bool take_mend(json_t *mend, json_t *findings)
{
    size_t count = json_array_size(findings);

    return good_mend(mend) && count != 0 &&
           json_object_set(json_array_get(findings, count - 1), "mend",
                           mend) == 0;
}

static bool take_finding(const json_t *record, const char *check,
                         json_t *findings)
{
    const json_t *level = json_object_get(record, "level");
    const json_t *text = json_object_get(record, "text");
    json_t *finding;

    if (!is_one_of(level, level_names, RDSCA_LEVELS) || !is_shown(text))
        return false;
    finding = json_pack("{s:s, s:s, s:s, s:n}", "check", check, "level",
                        json_string_value(level), "text",
                        json_string_value(text), "mend");
    return json_array_append_new(findings, finding) == 0;
}

bool rdsca_finding_read(const char *line, const char *check, json_t *findings,
                        json_t **step)
{
    json_t *record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    json_t *mend = json_object_get(record, "mend");
    bool good;

    if (is_shown(json_object_get(record, "step"))) {
        good = good_mend(mend);
        if (good) {
            json_decref(*step);
            *step = json_incref(record);
        }
    } else if (mend != NULL) {
        good = take_mend(mend, findings);
    } else {
        good = take_finding(record, check, findings);
    }
    json_decref(record);
    return good;
}

void rdsca_finding_add(json_t *findings, const char *check,
                       enum rdsca_level level, const json_t *step,
                       const char *format, ...)
{
    json_t *mend = json_incref(json_object_get(step, "mend"));
    va_list args;
    char *text;

    va_start(args, format);
    text = compose(format, args, RDSCA_FINDING_TEXT, false);
    va_end(args);
    if (mend == NULL)
        mend = pack_mend(RDSCA_MEND_DO, NULL,
                         json_pack("[s]", "run this command again; if that "
                                          "does not help, it is a fault of "
                                          "this command"));
    (void)json_array_append_new(
        findings,
        json_pack("{s:s, s:s, s:s, s:o}", "check", check, "level",
                  rdsca_level_name(level), "text",
                  text != NULL ? text : "out of memory", "mend", mend));
    free(text);
}
