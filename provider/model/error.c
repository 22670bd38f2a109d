/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a reason and one line.  Refuses to let bytes from outside reach a
 * terminal or a log unquoted.
 */

#include "rds/error.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const reason_texts[] = {[RDS_R_NONE] = "",
#define REASON_TEXT(name, text) [name] = text,
                                           RDS_REASONS(REASON_TEXT)
#undef REASON_TEXT
};

_Static_assert(sizeof(reason_texts) / sizeof(reason_texts[0]) == RDS_R_END,
               "every reason has a text");

const char *rds_reason_text(enum rds_reason reason)
{
    return (unsigned)reason < RDS_R_END ? reason_texts[reason] : "";
}

bool rds_fail(struct rds_error *err, enum rds_reason reason,
              const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    err->reason = reason;
    va_start(args, format);
    if (vsnprintf(err->text, sizeof(err->text), format, args) < 0)
        err->text[0] = '\0';
    va_end(args);
    return false;
}

const char *rds_quote(char out[RDS_QUOTE_MAX], const char *word, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)word[i];
        bool plain = c >= ' ' && c <= '~' && c != '\'' && c != '\\';
        size_t room = RDS_QUOTE_MAX - sizeof("...") - used;

        if (room < (plain ? 1u : 4u)) {
            for (const char *dot = "..."; *dot != '\0'; dot++)
                out[used++] = *dot;
            break;
        }
        if (plain) {
            out[used++] = (char)c;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    out[used] = '\0';
    return out;
}
