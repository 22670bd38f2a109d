/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_ERROR_H
#define RDS_ERROR_H

/*
 * One error: a reason and one line of text for the person who reads it.
 *
 * The text names the offending word, file, URL or region and says what to do.
 * It never holds a control character: words that come from outside pass
 * rds_quote() first.  Filling an error allocates nothing and cannot fail.
 *
 * Every function that takes a struct rds_error fills it when it fails.  After
 * a success its content means nothing.
 */

#include <stdbool.h>
#include <stddef.h>

#define RDS_MUST_CHECK __attribute__((warn_unused_result))
#define RDS_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* The reasons: enum, and the text that stands before the details. */
#define RDS_REASONS(F)                                                        \
    F(RDS_R_BAD_URI, "malformed rds: URI")                                    \
    F(RDS_R_UNKNOWN_WORD, "unknown name in rds: URI")                         \
    F(RDS_R_NOTHING_IN_FORCE, "no certificate to answer with")                \
    F(RDS_R_NOT_CARRIED, "certificate known but not carried")                 \
    F(RDS_R_BAD_CERTIFICATE, "unusable certificate")                          \
    F(RDS_R_BAD_BUNDLE, "bundle refused")                                     \
    F(RDS_R_BAD_CONFIGURATION, "bad provider configuration")                  \
    F(RDS_R_BAD_SEARCH, "unusable search criterion")                          \
    F(RDS_R_TRANSIENT, "failed this time")                                    \
    F(RDS_R_NO_MEMORY, "out of memory")                                       \
    F(RDS_R_NO_LIBCRYPTO,                                                     \
      "cannot bind to the libcrypto that loaded the module")

enum rds_reason {
    RDS_R_NONE = 0,
#define RDS_REASON_ENUM(name, text) name,
    RDS_REASONS(RDS_REASON_ENUM)
#undef RDS_REASON_ENUM
        RDS_R_END
};

#define RDS_ERROR_TEXT 512 /* bytes of text, the final NUL included */
#define RDS_QUOTE_MAX 96   /* bytes that rds_quote() may write, NUL included */

struct rds_error {
    enum rds_reason reason;
    char text[RDS_ERROR_TEXT]; /* NUL-terminated, one line, ASCII */
};

/*
 * Fills *err (which may be NULL) and returns false, so that a function can
 * end with `return rds_fail(err, ...)`.  A text that is too long is cut.
 */
bool rds_fail(struct rds_error *err, enum rds_reason reason,
              const char *format, ...) RDS_PRINTF(3, 4);

/*
 * Copies `size` bytes of `word` to `out` for display: printable ASCII as it
 * is, ' and \ and everything else as \xNN, cut with "..." where it is longer
 * than the room.  Returns `out`, always terminated.
 */
const char *rds_quote(char out[RDS_QUOTE_MAX], const char *word, size_t size);

/* The fixed text of a reason; "" for a value that is none. */
const char *rds_reason_text(enum rds_reason reason);

#endif
