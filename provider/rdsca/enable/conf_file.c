/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to write for the whole system.  Refuses a file that cannot be read as
 * OpenSSL reads it.
 */

#include "conf_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../file/lock.h"
#include "../file/replace.h"

bool rdsca_fail_at(struct rds_error *err, const char *path, const char *why)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(err, RDS_R_BAD_CONFIGURATION, "'%s': %s",
                    rds_quote(quoted, path, strlen(path)), why);
}

/* ---- which file -------------------------------------------------------- */

/* A file that is not there yet is named by the directory that is. */
static bool resolve(struct rdsca_place *place, const char *conf,
                    struct rds_error *err)
{
    char named[PATH_MAX], *slash;

    if (snprintf(named, sizeof(named), "%s%s", strchr(conf, '/') ? "" : "./",
                 conf) >= (int)sizeof(named))
        return rdsca_fail_at(err, conf, "the path is too long");
    if (realpath(named, place->file) == NULL) {
        slash = strrchr(named, '/');
        *slash = '\0';
        if (errno != ENOENT ||
            realpath(named[0] != '\0' ? named : "/", place->directory) ==
                NULL ||
            snprintf(place->file, PATH_MAX, "%s/%s", place->directory,
                     slash + 1) >= PATH_MAX)
            return rdsca_fail_at(err, conf, strerror(errno));
    }
    (void)memcpy(place->directory, place->file, PATH_MAX);
    slash = strrchr(place->directory, '/');
    slash[slash == place->directory] = '\0';
    if (snprintf(place->backup, PATH_MAX, "%s" RDSCA_BACKUP, place->file) >=
        PATH_MAX)
        return rdsca_fail_at(err, conf, "the path is too long");
    return true;
}

/* The one of this libcrypto, whatever the environment says. */
static bool find_default(struct rdsca_place *place, struct rds_error *err)
{
    char *file = CONF_get1_default_config_file();
    bool good = file != NULL && resolve(place, file, err);

    if (file == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    else if (!good && (errno == ENOENT || errno == ENOTDIR))
        (void)rds_fail(err, RDS_R_BAD_CONFIGURATION,
                       "there is no OpenSSL 3 here: no directory for '%s'; "
                       "install the package openssl",
                       file);
    OPENSSL_free(file);
    return good;
}

/* ---- what is in it ----------------------------------------------------- */

static bool read_text(struct rdsca_place *place, struct rds_error *err)
{
    struct stat st;

    place->exists = lstat(place->file, &st) == 0;
    if (!place->exists)
        return errno == ENOENT ||
               rdsca_fail_at(err, place->file, strerror(errno));
    if (!rdsca_read_regular(place->file, RDSCA_CNF_MAX,
                            (unsigned char **)&place->text.bytes,
                            &place->text.size)) {
        place->text.bytes = NULL;
        return rdsca_fail_at(err, place->file,
                             errno == EINVAL  ? "not a regular file"
                             : errno == EFBIG ? "larger than 1 MiB"
                                              : strerror(errno));
    }
    place->text.bytes[place->text.size] = '\0'; /* there is room */
    if (memchr(place->text.bytes, '\0', place->text.size) != NULL)
        return rdsca_fail_at(err, place->file,
                             "has a NUL byte, and is no text");
    return true;
}

bool rdsca_place_understand(struct rdsca_place *place, struct rds_error *err)
{
    rdsca_cnf_read_text(&place->cnf, place->file, place->text.bytes,
                        place->text.size);
    if (place->cnf.state == RDSCA_CNF_READ)
        return true;
    return rdsca_fail_at(err, place->file, place->cnf.why);
}

/* ---- the directory for drop-ins ---------------------------------------- */

#define INCLUDE ".include"
#define BLANKS " \t\r"

/* The directory that a line includes, if it does and the directory is there.
 */
static bool included_directory(const char *line, size_t size,
                               char path[PATH_MAX])
{
    const char *at = line + strspn(line, BLANKS);
    struct stat st;

    if (strncmp(at, INCLUDE, strlen(INCLUDE)) != 0)
        return false;
    at += strlen(INCLUDE);
    at += strspn(at, BLANKS);
    if (*at == '=')
        at += 1 + strspn(at + 1, BLANKS);
    size -= (size_t)(at - line);
    size = strcspn(at, BLANKS "#\n") < size ? strcspn(at, BLANKS "#\n") : size;
    if (size == 0 || size >= PATH_MAX - sizeof(RDSCA_DROPIN) || at[0] != '/')
        return false;
    (void)snprintf(path, PATH_MAX, "%.*s", (int)size, at);
    return rdsca_cnf_plain(path) && stat(path, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

/* The line that includes it ends at the offset; 0: there is none. */
static size_t find_directory(const struct rdsca_text *text,
                             char path[PATH_MAX])
{
    const char *at = text->bytes, *end;

    for (; at != NULL && *at != '\0'; at = *end == '\n' ? end + 1 : end) {
        end = at + strcspn(at, "\n");
        if (included_directory(at, (size_t)(end - at), path))
            return (size_t)(end - text->bytes);
    }
    return 0;
}

bool rdsca_own_file(const char *path, bool *ours, struct rds_error *err)
{
    const size_t first = strlen(RDSCA_OWN_FILE);
    unsigned char *bytes = NULL;
    size_t size = 0;

    *ours = rdsca_read_regular(path, RDSCA_CNF_MAX, &bytes, &size);
    if (*ours) {
        *ours = size >= first && memcmp(bytes, RDSCA_OWN_FILE, first) == 0;
        free(bytes);
    }
    if (*ours || access(path, F_OK) != 0)
        return true;
    return rdsca_fail_at(err, path,
                         "this file is not of 'rdsca enable'; rename or "
                         "remove it");
}

static bool look_for_dropin(struct rdsca_place *place, struct rds_error *err)
{
    if (find_directory(&place->text, place->dropins) == 0)
        return true;
    (void)snprintf(place->dropin, PATH_MAX, "%.*s/" RDSCA_DROPIN,
                   PATH_MAX - (int)sizeof(RDSCA_DROPIN) - 1, place->dropins);
    return rdsca_own_file(place->dropin, &place->dropped_in, err);
}

bool rdsca_place_dropped(const struct rdsca_place *place, const char *lines,
                         struct rdsca_text *out)
{
    const struct rdsca_text *text = &place->text;
    char path[PATH_MAX];
    size_t at = find_directory(text, path);
    size_t size = strlen(lines), room = text->size + size + 3;

    *out = (struct rdsca_text){malloc(room), 0};
    if (out->bytes == NULL)
        return false;
    out->size = (size_t)snprintf(out->bytes, room, "%.*s\n%s%s", (int)at,
                                 text->bytes, lines, text->bytes + at);
    return true;
}

/* ---- all of it --------------------------------------------------------- */

bool rdsca_place_on(const struct rdsca_place *place)
{
    return place->marks == RDSCA_MARKS_BLOCK || place->dropped_in;
}

static bool take_lock(struct rdsca_place *place, struct rds_error *err)
{
    const char *name = strrchr(place->file, '/') + 1;

    place->lock = rdsca_lock(place->directory, err);
    if (place->lock < 0)
        return false;
    rdsca_sweep_file(place->directory, name);
    return true;
}

bool rdsca_place_open(struct rdsca_place *out, const char *conf, bool writing,
                      struct rds_error *err)
{
    memset(out, 0, sizeof(*out));
    out->lock = -1;
    if (!(conf != NULL ? resolve(out, conf, err) : find_default(out, err)) ||
        (writing && !take_lock(out, err)) || !read_text(out, err))
        return false;
    out->marks = rdsca_marks(&out->text);
    if (out->marks == RDSCA_MARKS_DAMAGED)
        return rdsca_fail_at(
            err, out->file,
            "the marks of rdsca's block are damaged; restore them, or "
            "remove block and marks by hand");
    return look_for_dropin(out, err);
}

void rdsca_place_clear(struct rdsca_place *place)
{
    rdsca_cnf_clear(&place->cnf);
    rdsca_text_clear(&place->text);
    if (place->lock >= 0)
        (void)close(place->lock);
    place->lock = -1;
}
