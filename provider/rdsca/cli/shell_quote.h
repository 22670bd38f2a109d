/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_SHELL_QUOTE_H
#define RDSCA_SHELL_QUOTE_H

/*
 * A word as a shell reads it back: as it is where that is safe, else in
 * single quotes.  What is not printable ASCII stands as \xNN: the command
 * then names no file, rather than another one.  Any path has room; what is
 * longer is cut.  Pure and thread-safe.
 */

#include <limits.h>

#define RDSCA_WORD_MAX (4 * PATH_MAX + 16) /* bytes, NUL included */
const char *rdsca_word(char out[RDSCA_WORD_MAX], const char *word);

#endif
