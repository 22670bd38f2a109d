/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading options.  Refuses those that it does not know, with the nearest
 * known one.
 */

#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rds/nearest.h"

#define LONGS_MAX 32 /* long options that are looked at for a hint */

static const struct option *find_option(const struct option *longs, int letter)
{
    for (; longs->name != NULL; longs++) {
        if (longs->val == letter)
            return longs;
    }
    return NULL;
}

/* getopt says '?'; what was wrong is told by the word it looked at. */
static void complain_option(const char *name, const char *word,
                            const struct option *longs)
{
    const struct option *known = find_option(longs, optopt);
    size_t size = strcspn(word, "=");
    struct rds_nearest nearest = RDS_NEAREST_INIT(word, size);
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX], full[RDS_QUOTE_MAX];
    char dashed[LONGS_MAX][RDS_QUOTE_MAX];

    if (optopt != 0 && known != NULL) {
        (void)snprintf(full, sizeof(full), "--%s", known->name);
        (void)rdsca_misuse(name, "%s takes no value", full);
        return;
    }
    if (optopt != 0) {
        const char letter = (char)optopt;

        (void)rdsca_misuse(name, "unknown option '-%s'",
                           rds_quote(quoted, &letter, 1));
        return;
    }
    for (size_t i = 0; i < LONGS_MAX && longs[i].name != NULL; i++) {
        (void)snprintf(dashed[i], sizeof(dashed[i]), "--%s", longs[i].name);
        rds_nearest_offer(&nearest, dashed[i]);
    }
    (void)rdsca_misuse(name, "unknown option '%s'%s",
                       rds_quote(quoted, word, size),
                       rds_nearest_hint(hint, &nearest));
}

int rdsca_option(const char *name, int argc, char **argv, const char *shorts,
                 const struct option *longs)
{
    const struct option *known;
    const char *word;
    int letter;

    opterr = 0;
    optopt = 0;
    letter = getopt_long(argc, argv, shorts, longs, NULL);
    word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    if (letter == ':') {
        known = find_option(longs, optopt);
        (void)rdsca_misuse(name, "--%s needs a value",
                           known != NULL ? known->name : "?");
        return '?';
    }
    if (letter == '?')
        complain_option(name, word, longs);
    return letter;
}

bool rdsca_operand(const char *name, int argc, char **argv, const char **word)
{
    char quoted[RDS_QUOTE_MAX];

    *word = optind < argc ? argv[optind] : NULL;
    if (optind + 1 >= argc)
        return true;
    (void)rdsca_misuse(
        name, "one URI is enough, '%s' is too much; join them with '+'",
        rds_quote(quoted, argv[optind + 1], strlen(argv[optind + 1])));
    return false;
}

bool rdsca_no_operand(const char *name, int argc, char **argv)
{
    char quoted[RDS_QUOTE_MAX];

    if (optind == argc)
        return true;
    (void)rdsca_misuse(name, "'%s' is too much",
                       rds_quote(quoted, argv[optind], strlen(argv[optind])));
    return false;
}

bool rdsca_number(const char *name, const char *option, const char *text,
                  long least, long most, long *out)
{
    char quoted[RDS_QUOTE_MAX];
    size_t digits = strspn(text, "0123456789");

    errno = 0;
    *out = strtol(text, NULL, 10);
    if (digits != 0 && text[digits] == '\0' && errno == 0 && *out >= least &&
        *out <= most)
        return true;
    (void)rdsca_misuse(name, "%s takes a number from %ld to %ld, not '%s'",
                       option, least, most,
                       rds_quote(quoted, text, strlen(text)));
    return false;
}

const char *rdsca_absolute(const char *name, const char *path,
                           char out[RDSCA_PATH_MAX])
{
    char quoted[RDS_QUOTE_MAX];
    size_t size;

    if (path[0] == '/')
        return path;
    if (path[0] != '\0' && getcwd(out, RDSCA_PATH_MAX) != NULL) {
        size = strlen(out);
        if (snprintf(out + size, RDSCA_PATH_MAX - size, "/%s", path) <
            (int)(RDSCA_PATH_MAX - size))
            return out;
    }
    (void)rdsca_misuse(name, "--directory '%s': no such path",
                       rds_quote(quoted, path, strlen(path)));
    return NULL;
}
