/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What list, timeline and export share.  Refuses options it does not know,
 * directories that are not there, and to replace a device or a pipe by a
 * file.
 */

#include "list_answer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "rds/nearest.h"
#include "replace.h"

/* ---- options ----------------------------------------------------------- */

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
    char dashed[8][RDS_QUOTE_MAX];

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
    for (size_t i = 0; i < 8 && longs[i].name != NULL; i++) {
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

/* ---- the answer -------------------------------------------------------- */

/* The trust store takes absolute directories only. */
static char *find_directory(const char *name, const char *directory)
{
    char *path = realpath(directory, NULL), quoted[RDS_QUOTE_MAX];
    struct stat st;

    if (path != NULL && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        free(path);
        path = NULL;
    }
    if (path == NULL)
        rdsca_complain(name, "--directory '%s': %s",
                       rds_quote(quoted, directory, strlen(directory)),
                       strerror(errno));
    return path;
}

enum rdsca_exit rdsca_answer_open(struct rdsca_answer *out, const char *name,
                                  const char *uri, const char *directory)
{
    char *path = NULL;
    bool opened;

    memset(out, 0, sizeof(*out));
    out->uri = uri != NULL ? uri : "rds://all";
    out->now = (int64_t)time(NULL);
    if (directory != NULL) {
        path = find_directory(name, directory);
        if (path == NULL)
            return RDSCA_USAGE;
    }
    opened = rdsca_trust_open(&out->trust, name, path);
    free(path);
    if (!opened)
        return RDSCA_USAGE;
    if (rdsca_select(&out->trust, name, out->uri, &out->selection))
        return RDSCA_FINE;
    rdsca_trust_close(&out->trust);
    return RDSCA_USAGE;
}

void rdsca_answer_close(struct rdsca_answer *answer)
{
    rds_selection_clear(&answer->selection);
    rdsca_trust_close(&answer->trust);
}

const struct rds_entry *rdsca_answer_entry(const struct rdsca_answer *answer,
                                           size_t i)
{
    return &answer->trust.view->entries[answer->selection.index[i]];
}

/* ---- saying what an anchor is ------------------------------------------ */

int64_t rdsca_days_left(const struct rds_anchor *anchor, int64_t now)
{
    int64_t seconds = anchor->not_after - now;

    return seconds >= 0 ? seconds / RDSCA_DAY
                        : -((-seconds + RDSCA_DAY - 1) / RDSCA_DAY);
}

const char *rdsca_place(char out[RDSCA_PLACE_MAX],
                        const struct rds_anchor *anchor)
{
    const char *stage = anchor->stage != RDS_STAGE_PRODUCTION
                            ? rds_stage_name((enum rds_stage)anchor->stage)
                            : "";

    if (anchor->family == RDS_FAMILY_PROXY)
        (void)snprintf(out, RDSCA_PLACE_MAX, "RDS Proxy");
    else
        (void)snprintf(
            out, RDSCA_PLACE_MAX, "%s%s%s%s",
            anchor->region[0] != '\0' ? "" : "all of ",
            anchor->region[0] != '\0'
                ? anchor->region
                : rds_partition_name((enum rds_partition)anchor->partition),
            stage[0] != '\0' ? " " : "", stage);
    return out;
}

const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&when, &parts) == NULL ||
        strftime(out, RDSCA_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        (void)snprintf(out, RDSCA_TIME_MAX, "?");
    return out;
}

X509 *rdsca_x509(const struct rds_entry *entry)
{
    const unsigned char *at = entry->der;

    return d2i_X509(NULL, &at, (long)entry->anchor->der_size);
}

/* "P-384" rather than "secp384r1", where NIST has a name for it. */
static const char *curve_name(const char *group)
{
    const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));

    return nist != NULL ? nist : group;
}

const char *rdsca_key(char out[RDSCA_KEY_MAX], const struct rds_entry *entry)
{
    X509 *x509 = rdsca_x509(entry);
    EVP_PKEY *key = x509 != NULL ? X509_get0_pubkey(x509) : NULL;
    char group[24];

    if (key == NULL)
        (void)snprintf(out, RDSCA_KEY_MAX, "?");
    else if (EVP_PKEY_is_a(key, "EC") &&
             EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
        (void)snprintf(out, RDSCA_KEY_MAX, "EC %s", curve_name(group));
    else if (EVP_PKEY_is_a(key, "RSA"))
        (void)snprintf(out, RDSCA_KEY_MAX, "RSA %d", EVP_PKEY_get_bits(key));
    else
        (void)snprintf(out, RDSCA_KEY_MAX, "%s", EVP_PKEY_get0_type_name(key));
    X509_free(x509);
    return out;
}

/* ---- writing files ----------------------------------------------------- */

/* A rename would turn /dev/null or /dev/stdout, which is a link, into a file.
 */
static bool replaceable(const char *name, const char *path)
{
    char quoted[RDS_QUOTE_MAX];
    struct stat st;

    if (lstat(path, &st) != 0 || S_ISREG(st.st_mode))
        return true;
    rdsca_complain(name,
                   "%s: is %s, not a regular file; '-' is standard output",
                   rds_quote(quoted, path, strlen(path)),
                   S_ISLNK(st.st_mode)   ? "a symbolic link"
                   : S_ISDIR(st.st_mode) ? "a directory"
                                         : "a device or a pipe");
    return false;
}

static enum rdsca_exit deliver_to_stdout(const char *name, const void *bytes,
                                         size_t size)
{
    /* What is lacking is found out and told by rdsca_finish_output(). */
    (void)fwrite(bytes, 1, size, stdout);
    return rdsca_finish_output(name);
}

enum rdsca_exit rdsca_deliver(const char *name, const char *path,
                              const void *bytes, size_t size, const char *what)
{
    char quoted[RDS_QUOTE_MAX];
    struct rds_error err;
    bool held;

    if (path == NULL || strcmp(path, "-") == 0)
        return deliver_to_stdout(name, bytes, size);
    if (path[0] == '\0')
        return rdsca_misuse(name, "--output '': an empty name");
    if (!replaceable(name, path))
        return RDSCA_UNSAFE;
    held = rdsca_holds(path, bytes, size);
    if (!held && !rdsca_replace(path, bytes, size, &err)) {
        rdsca_complain(name, "%s", err.text);
        return RDSCA_UNSAFE;
    }
    (void)printf("%s: %s, %s\n", rds_quote(quoted, path, strlen(path)), what,
                 held ? "unchanged" : "written");
    return rdsca_finish_output(name);
}
