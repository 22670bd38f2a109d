/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing a file whole.  Refuses to leave a torn file, or a trace of a
 * failed attempt.
 */

#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "rds/bundle.h"

#define UNIQUE "XXXXXX" /* what mkstemps(3) replaces */
#define UNFINISHED ".new"
#define LABEL_MAX 4096 /* bytes of a label that is copied */

static bool failed(struct rds_error *err, const char *what, const char *path)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(err, RDS_R_BAD_BUNDLE, "%s: cannot %s: %s",
                    rds_quote(quoted, path, strlen(path)), what,
                    strerror(errno));
}

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size != 0) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

/* The directory's own entry must reach the disk, too. */
static bool sync_directory(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd, good;

    (void)snprintf(directory, sizeof(directory), "%.*s",
                   slash != NULL ? (int)(slash - path) + 1 : 1,
                   slash != NULL ? path : ".");
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    good = fsync(fd) == 0 || errno == EINVAL;
    (void)close(fd);
    return good;
}

static bool set_time(int fd, const struct timespec *modified)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_nsec = UTIME_OMIT}};

    if (modified != NULL)
        times[1] = *modified;
    return futimens(fd, times) == 0;
}

/* A hidden name in the same directory, for mkstemps(3). */
static bool name_beside(const char *path, char beside[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path) + 1 : 0;

    if (snprintf(beside, PATH_MAX, "%.*s.%s." UNIQUE UNFINISHED, folder, path,
                 path + folder) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

bool rdsca_replace(const char *path, const void *bytes, size_t size,
                   struct rds_error *err)
{
    return rdsca_replace_dated(path, bytes, size, NULL, err);
}

/* What the new file gets beside its bytes. */
struct traits {
    mode_t mode;
    const struct timespec *modified; /* NULL: now */
    const char *like; /* a file to be copied in the rest, or NULL */
    struct stat st;   /* of `like` */
};

/*
 * Who may read a file also stands in these.  Others describe the content and
 * must not be carried over.  What cannot be set here was not in use here.
 */
static void copy_labels(int fd, const char *like)
{
    static const char *const names[] = {"security.selinux",
                                        "system.posix_acl_access"};
    char value[LABEL_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ssize_t size = getxattr(like, names[i], value, sizeof(value));

        if (size > 0)
            (void)fsetxattr(fd, names[i], value, (size_t)size, 0);
    }
}

/* The owner before the mode: chown(2) clears bits of it. */
static bool set_traits(int fd, const struct traits *traits)
{
    if (traits->like != NULL &&
        (traits->st.st_uid != geteuid() || traits->st.st_gid != getegid()) &&
        fchown(fd, traits->st.st_uid, traits->st.st_gid) != 0)
        return false;
    if (fchmod(fd, traits->mode) != 0)
        return false;
    if (traits->like != NULL)
        copy_labels(fd, traits->like);
    return set_time(fd, traits->modified);
}

static bool replace(const char *path, const void *bytes, size_t size,
                    const struct traits *traits, struct rds_error *err)
{
    char beside[PATH_MAX];
    int fd;

    fd = name_beside(path, beside) ? mkstemps(beside, (int)strlen(UNFINISHED))
                                   : -1;
    if (fd < 0)
        return failed(err, "write beside it", path);
    if (!write_all(fd, bytes, size) || !set_traits(fd, traits) ||
        fsync(fd) != 0) {
        (void)failed(err, "write", path);
        (void)close(fd);
        goto undo;
    }
    if (close(fd) != 0 || rename(beside, path) != 0) {
        (void)failed(err, "replace it", path);
        goto undo;
    }
    if (!sync_directory(path))
        return failed(err, "sync its directory", path);
    return true;
undo:
    (void)unlink(beside);
    return false;
}

bool rdsca_replace_dated(const char *path, const void *bytes, size_t size,
                         const struct timespec *modified,
                         struct rds_error *err)
{
    const struct traits traits = {.mode = 0644, .modified = modified};

    return replace(path, bytes, size, &traits, err);
}

bool rdsca_replace_like(const char *path, const void *bytes, size_t size,
                        const char *like, bool dated, struct rds_error *err)
{
    struct traits traits = {.like = like};

    if (stat(like, &traits.st) != 0)
        return failed(err, "look at", like);
    traits.mode = traits.st.st_mode & 07777u;
    traits.modified = dated ? &traits.st.st_mtim : NULL;
    return replace(path, bytes, size, &traits, err);
}

bool rdsca_remove(const char *path, struct rds_error *err)
{
    if (unlink(path) != 0)
        return failed(err, "remove", path);
    if (!sync_directory(path))
        return failed(err, "sync its directory", path);
    return true;
}

bool rdsca_read_regular(const char *path, size_t most, unsigned char **bytes,
                        size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool good = false;
    struct stat st;
    ssize_t got = 1;
    int why;

    *bytes = malloc(most + 1);
    *size = 0;
    if (fd < 0 || *bytes == NULL || fstat(fd, &st) != 0)
        goto done;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        goto done;
    }
    while (got > 0 && *size <= most) {
        got = read(fd, *bytes + *size, most + 1 - *size);
        if (got > 0)
            *size += (size_t)got;
    }
    if (got > 0)
        errno = EFBIG;
    good = got == 0;
done:
    why = errno;
    if (!good)
        free(*bytes);
    if (fd >= 0)
        (void)close(fd);
    errno = why;
    return good;
}

bool rdsca_holds(const char *path, const void *bytes, size_t size)
{
    unsigned char *found;
    size_t found_size;
    bool same;

    if (!rdsca_read_regular(path, size, &found, &found_size))
        return false;
    same = found_size == size && memcmp(found, bytes, size) == 0;
    free(found);
    return same;
}

bool rdsca_unfinished(const char *name)
{
    size_t size = strlen(name), end = strlen("." UNIQUE UNFINISHED);

    return name[0] == '.' && size > end + 1 && name[size - end] == '.' &&
           strcmp(name + size - strlen(UNFINISHED), UNFINISHED) == 0;
}

/* A copy that is this process's own takes the file's place. */
static bool replace_by_copy(const char *path, const struct timespec *modified,
                            struct rds_error *err)
{
    unsigned char *bytes;
    size_t size;
    bool good;

    if (!rdsca_read_regular(path, RDS_BUNDLE_MAX, &bytes, &size))
        return failed(err, "read", path);
    good = rdsca_replace_dated(path, bytes, size, modified, err);
    free(bytes);
    return good;
}

bool rdsca_redate(const char *path, const struct timespec *modified,
                  struct rds_error *err)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *modified};

    if (utimensat(AT_FDCWD, path, times, 0) == 0)
        return true;
    if (errno == EPERM)
        return replace_by_copy(path, modified, err);
    return failed(err, "set its date", path);
}
