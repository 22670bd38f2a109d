/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a command line.  Refuses to let a word end early or begin like an
 * option.
 */

#include "shell_quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool plain(char letter)
{
    return (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') ||
           strchr("/._-+=:,@%", letter) != NULL;
}

const char *rdsca_word(char out[RDSCA_WORD_MAX], const char *word)
{
    bool quoted = *word == '\0', option = *word == '-';
    size_t used = 0;

    for (const char *at = word; *at != '\0'; at++)
        quoted |= !plain(*at);
    if (quoted)
        out[used++] = '\'';
    if (option) {
        out[used++] = '.'; /* no command takes it for an option */
        out[used++] = '/';
    }
    for (; *word != '\0' && used + 8 < RDSCA_WORD_MAX; word++) {
        unsigned char byte = (unsigned char)*word;

        if (byte == '\'')
            used += (size_t)snprintf(out + used, 5, "'\\''");
        else if (byte >= 0x20 && byte < 0x7f)
            out[used++] = (char)byte;
        else
            used += (size_t)snprintf(out + used, 5, "\\x%02x", byte);
    }
    if (quoted)
        out[used++] = '\'';
    out[used] = '\0';
    return out;
}
