/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/default/rdsca.  Refuses a file that others could have written, names
 * that it does not know, and lines that sh and systemd would read otherwise.
 */

#include "defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rds/nearest.h"

static const struct {
    const char *name;
    size_t at; /* of its value in struct rdsca_defaults */
} names[] = {
    {"RDSCA_UPDATE", offsetof(struct rdsca_defaults, update)},
    {"RDSCA_MIRROR", offsetof(struct rdsca_defaults, mirror)},
    {"RDSCA_CACERT", offsetof(struct rdsca_defaults, cacert)},
    {"RDSCA_TIMEOUT", offsetof(struct rdsca_defaults, timeout)},
    {"RDSCA_TRIES", offsetof(struct rdsca_defaults, tries)},
    {"https_proxy", offsetof(struct rdsca_defaults, https_proxy)},
    {"no_proxy", offsetof(struct rdsca_defaults, no_proxy)},
    {"all_proxy", offsetof(struct rdsca_defaults, all_proxy)},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* ---- the file ---------------------------------------------------------- */

static bool judge(int fd, const char *path, struct rds_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s: not a regular file",
                        path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "%s: owned by user %lu, who is neither root nor this "
                        "process",
                        path, (unsigned long)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "%s: writable by group or others; run chmod go-w on "
                        "it",
                        path);
    return st.st_size <= RDSCA_DEFAULTS_MAX ||
           rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s: larger than %d bytes",
                    path, RDSCA_DEFAULTS_MAX);
}

/* The whole file as text, to be freed. */
static char *read_text(int fd, const char *path, struct rds_error *err)
{
    char *text = calloc(1, RDSCA_DEFAULTS_MAX + 1);
    size_t size = 0;
    ssize_t got = 1;

    if (text == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        return NULL;
    }
    while (got > 0 && size < RDSCA_DEFAULTS_MAX) {
        got = read(fd, text + size, RDSCA_DEFAULTS_MAX - size);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            size += (size_t)got;
    }
    if (got >= 0 && strlen(text) == size)
        return text;
    (void)rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s: %s", path,
                   got < 0 ? strerror(errno) : "holds a NUL byte");
    free(text);
    return NULL;
}

/* ---- a line ------------------------------------------------------------ */

static bool bad_line(struct rds_error *err, const char *path, size_t number,
                     const char *what)
{
    return rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s, line %zu: %s", path,
                    number, what);
}

/* Control characters but tab: systemd ends a line at a carriage return. */
static bool holds_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    }
    return false;
}

/* Bytes beyond ASCII: systemd drops a value that is no UTF-8. */
static bool holds_8bit(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= 0x80)
            return true;
    }
    return false;
}

/*
 * Takes the quotes off, in place.  What sh would expand, split or run is
 * refused.
 */
static char *unquote(char *value)
{
    size_t size = strlen(value);
    char quote = value[0];

    while (size != 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        value[--size] = '\0';
    if (quote != '"' && quote != '\'')
        return strpbrk(value, " \t\"'\\$`;&|<>()#~") == NULL ? value : NULL;
    if (size < 2 || value[size - 1] != quote)
        return NULL;
    value[size - 1] = '\0';
    return strpbrk(value + 1, quote == '"' ? "\"\\$`" : "'") == NULL
               ? value + 1
               : NULL;
}

static bool unknown_name(struct rds_error *err, const char *path,
                         size_t number, const char *name)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(name, strlen(name));
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];

    for (size_t i = 0; i < NAMES; i++)
        rds_nearest_offer(&nearest, names[i].name);
    return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                    "%s, line %zu: unknown name '%s'%s", path, number,
                    rds_quote(quoted, name, strlen(name)),
                    rds_nearest_hint(hint, &nearest));
}

static bool take_line(struct rdsca_defaults *out, char *line, size_t number,
                      struct rds_error *err)
{
    char *equals, *value;

    line += strspn(line, " \t");
    if (holds_control(line))
        return bad_line(err, out->path, number,
                        "holds a control character; are its line ends those "
                        "of Windows?");
    if (*line == '#' && line[strlen(line) - 1] == '\\')
        return bad_line(err, out->path, number,
                        "systemd would take the next line for a part of a "
                        "comment that ends with a backslash");
    if (*line == '\0' || *line == '#')
        return true;
    equals = strchr(line, '=');
    if (equals == NULL)
        return bad_line(err, out->path, number, "not of the form NAME=VALUE");
    *equals = '\0';
    value = unquote(equals + 1);
    if (value != NULL && holds_8bit(value))
        return bad_line(err, out->path, number,
                        "a value has nothing but ASCII in it");
    if (value == NULL)
        return bad_line(err, out->path, number,
                        "a value with spaces or special characters stands in "
                        "quotes, and nothing is expanded in it");
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].name, line) != 0)
            continue;
        *(const char **)(void *)((char *)out + names[i].at) =
            *value != '\0' ? value : NULL;
        return true;
    }
    return unknown_name(err, out->path, number, line);
}

/* ---- all of it --------------------------------------------------------- */

bool rdsca_defaults_read(const char *path, struct rdsca_defaults *out,
                         struct rds_error *err)
{
    char *next, *line;
    size_t number = 0;
    bool good;
    int fd;

    memset(out, 0, sizeof(*out));
    out->path = path != NULL ? path : RDSCA_DEFAULTS_FILE;
    fd = open(out->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return (path == NULL && errno == ENOENT) ||
               rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s: %s", out->path,
                        strerror(errno));
    if (judge(fd, out->path, err))
        out->text = read_text(fd, out->path, err);
    (void)close(fd);
    good = out->text != NULL;
    for (next = out->text; good && next != NULL && *next != '\0';) {
        line = strsep(&next, "\n");
        good = take_line(out, line, ++number, err);
    }
    if (!good)
        rdsca_defaults_clear(out);
    return good;
}

void rdsca_defaults_set_proxies(const struct rdsca_defaults *defaults)
{
    /* libcurl reads both spellings; the environment's comes first. */
    if (defaults->https_proxy != NULL && getenv("HTTPS_PROXY") == NULL)
        (void)setenv("https_proxy", defaults->https_proxy, 0);
    if (defaults->no_proxy != NULL && getenv("NO_PROXY") == NULL)
        (void)setenv("no_proxy", defaults->no_proxy, 0);
    if (defaults->all_proxy != NULL && getenv("ALL_PROXY") == NULL)
        (void)setenv("all_proxy", defaults->all_proxy, 0);
}

void rdsca_defaults_clear(struct rdsca_defaults *defaults)
{
    free(defaults->text);
    memset(defaults, 0, sizeof(*defaults));
}
