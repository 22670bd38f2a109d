/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading bundle files safely.  Refuses files and directories that others
 * could have written, and anything but a regular file of a sane size.
 */

#include "rds/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * A file changed less than this ago may change again without a visible trace,
 * since kernels stamp files with the time of their last clock tick.
 */
#define CLOCK_GRAIN_NS 20000000LL

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
#define READ_TRIES 3 /* for a file that changes while it is read */

/* As whom the kernel shows owners that a user namespace does not map, and the
 * sysctl that can say another number; user_namespaces(7). */
#define UNMAPPED_OWNER 65534
#define UNMAPPED_OWNER_FILE "/proc/sys/kernel/overflowuid"
#define USER_MAP_FILE "/proc/self/uid_map"
#define ALL_USERS "0 0 4294967295" /* a map that leaves nobody out */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool rds_identity_unchanged(const struct rds_identity *a,
                            const struct rds_identity *b)
{
    if (!a->settled || a->present != b->present)
        return false;
    return !a->present ||
           (a->device == b->device && a->inode == b->inode &&
            a->size == b->size && a->mode == b->mode && a->owner == b->owner &&
            same_time(&a->modified, &b->modified) &&
            same_time(&a->changed, &b->changed));
}

static bool long_ago(const struct timespec *when)
{
    struct timespec now;
    long long age;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    age = (long long)(now.tv_sec - when->tv_sec) * 1000000000LL +
          (now.tv_nsec - when->tv_nsec);
    return age < 0 || age > CLOCK_GRAIN_NS;
}

static void identify(const struct stat *st, struct rds_identity *out)
{
    memset(out, 0, sizeof(*out));
    out->device = st->st_dev;
    out->inode = st->st_ino;
    out->size = st->st_size;
    out->mode = st->st_mode;
    out->owner = st->st_uid;
    out->modified = st->st_mtim;
    out->changed = st->st_ctim;
    out->present = true;
    out->settled = long_ago(&st->st_ctim);
}

void rds_identity_look(int directory_fd, const char *path,
                       struct rds_identity *out)
{
    struct stat st;

    if (fstatat(directory_fd, path, &st, 0) == 0) {
        identify(&st, out);
        return;
    }
    memset(out, 0, sizeof(*out));
    out->settled = true;
}

static bool on_read_only_mount(int fd)
{
    struct statvfs mount;

    return fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

/* Paths are quoted in texts: a configuration may hold anything. */
static bool refuse(struct rds_error *err, const char *path, const char *format,
                   ...) RDS_PRINTF(3, 4);

/* A failed call: lasting or not, so that a passing one is tried again; or for
 * want of memory. */
static bool failed(struct rds_error *err, const char *path, const char *what)
{
    int why = errno;
    bool lasting = why == EACCES || why == EPERM || why == ENOENT ||
                   why == ELOOP || why == ENOTDIR || why == ENXIO;
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(err,
                    why == ENOMEM ? RDS_R_NO_MEMORY
                    : lasting     ? RDS_R_BAD_BUNDLE
                                  : RDS_R_TRANSIENT,
                    "%s: cannot %s: %s", rds_quote(quoted, path, strlen(path)),
                    what, strerror(why));
}

static bool refuse(struct rds_error *err, const char *path, const char *format,
                   ...)
{
    char quoted[RDS_QUOTE_MAX], why[RDS_ERROR_TEXT / 2];
    va_list args;

    va_start(args, format);
    if (vsnprintf(why, sizeof(why), format, args) < 0)
        why[0] = '\0';
    va_end(args);
    return rds_fail(err, RDS_R_BAD_BUNDLE, "%s: %s",
                    rds_quote(quoted, path, strlen(path)), why);
}

int rds_directory_open(const char *path, struct rds_identity *identity,
                       bool *absent, struct rds_error *err)
{
    return rds_directory_open_in(AT_FDCWD, path, path, identity, absent, err);
}

int rds_directory_open_in(int directory_fd, const char *name, const char *path,
                          struct rds_identity *identity, bool *absent,
                          struct rds_error *err)
{
    int fd = openat(directory_fd, name,
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    memset(identity, 0, sizeof(*identity));
    identity->settled = true;
    *absent = fd < 0 && errno == ENOENT;
    if (*absent)
        return -1;
    if (fd < 0) {
        (void)failed(err, path, "open the directory");
        rds_identity_look(directory_fd, name, identity);
        return -1;
    }
    if (fstat(fd, &st) != 0) {
        (void)failed(err, path, "look at the directory");
        goto refused;
    }
    identify(&st, identity);
    if ((st.st_mode & OTHERS_WRITE) != 0 && !on_read_only_mount(fd)) {
        (void)refuse(err, path,
                     "the directory is writable by group or others (mode "
                     "%04o, owner %lu); run chmod go-w on it",
                     (unsigned)st.st_mode & 07777u, (unsigned long)st.st_uid);
        goto refused;
    }
    return fd;
refused:
    (void)close(fd);
    return -1;
}

static bool not_regular(const char *file, mode_t mode, uid_t owner,
                        struct rds_error *err)
{
    return refuse(err, file, "not a regular file (mode %04o, owner %lu)",
                  (unsigned)mode & 07777u, (unsigned long)owner);
}

/* Reads a small file of the kernel's, with one space between its words. */
static void read_kernel_file(const char *path, char *out, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : pread(fd, out, room - 1, 0);
    size_t used = 0;

    if (fd >= 0)
        (void)close(fd);
    for (ssize_t i = 0; i < size; i++) {
        bool space = out[i] == ' ' || out[i] == '\n';

        if (!space)
            out[used++] = out[i];
        else if (used != 0 && out[used - 1] != ' ')
            out[used++] = ' ';
    }
    while (used != 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

/*
 * Any number of users can be shown as this one, unless every user is mapped,
 * as on a host.  Where /proc cannot be read, the namespace is not known.
 */
static bool may_be_unmapped(uid_t owner)
{
    char text[64];

    read_kernel_file(UNMAPPED_OWNER_FILE, text, sizeof(text));
    if (owner != UNMAPPED_OWNER &&
        (text[0] == '\0' || owner != (uid_t)strtoul(text, NULL, 10)))
        return false;
    read_kernel_file(USER_MAP_FILE, text, sizeof(text));
    return strcmp(text, ALL_USERS) != 0;
}

static bool writable_by_others(const struct rds_identity *directory)
{
    return (directory->mode & OTHERS_WRITE) != 0;
}

enum rds_owner rds_directory_owner(const struct rds_identity *directory,
                                   uid_t owner)
{
    if (owner == 0)
        return RDS_OWNER_TRUSTED;
    if (owner != geteuid() && owner != directory->owner)
        return RDS_OWNER_FOREIGN;
    if (may_be_unmapped(owner))
        return RDS_OWNER_UNMAPPED;
    return owner == geteuid() || !writable_by_others(directory)
               ? RDS_OWNER_TRUSTED
               : RDS_OWNER_OPEN_DIRECTORY;
}

static bool judge_owner(const char *file, const struct stat *st,
                        const struct rds_identity *directory,
                        struct rds_error *err)
{
    static const char *const texts[] = {
        [RDS_OWNER_FOREIGN] = "who is neither root, nor this process, nor "
                              "the directory's owner",
        [RDS_OWNER_UNMAPPED] = "which can stand for any owner that a user "
                               "namespace does not map; give it to root or "
                               "to another user",
        [RDS_OWNER_OPEN_DIRECTORY] = "who is neither root nor this process, "
                                     "in a directory that others can write "
                                     "to; run chmod go-w on the directory",
    };
    enum rds_owner verdict = rds_directory_owner(directory, st->st_uid);

    _Static_assert(sizeof(texts) / sizeof(texts[0]) == RDS_OWNERS,
                   "a text for each verdict");
    return verdict == RDS_OWNER_TRUSTED ||
           refuse(err, file, "owned by user %lu (mode %04o), %s",
                  (unsigned long)st->st_uid, (unsigned)st->st_mode & 07777u,
                  texts[verdict]);
}

static bool judge(const char *file, const struct stat *st,
                  const struct rds_identity *directory, struct rds_error *err)
{
    if (!S_ISREG(st->st_mode))
        return not_regular(file, st->st_mode, st->st_uid, err);
    if (!judge_owner(file, st, directory, err))
        return false;
    if ((st->st_mode & OTHERS_WRITE) != 0)
        return refuse(err, file,
                      "writable by group or others (mode %04o, owner %lu); "
                      "run chmod go-w on it",
                      (unsigned)st->st_mode & 07777u,
                      (unsigned long)st->st_uid);
    if (st->st_size <= 0)
        return refuse(err, file, "empty; fetch the file again");
    if (st->st_size > RDS_BUNDLE_MAX)
        return refuse(err, file, "%lld bytes are too many; at most %d",
                      (long long)st->st_size, RDS_BUNDLE_MAX);
    return true;
}

/* Reads exactly `size` bytes and sees the end behind them. */
static bool read_exactly(int fd, unsigned char *bytes, size_t size)
{
    size_t have = 0;
    unsigned char more;
    ssize_t got;

    while (have < size) {
        got = read(fd, bytes + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    do
        got = read(fd, &more, 1);
    while (got < 0 && errno == EINTR);
    return got == 0;
}

/* One try.  *again: the file changed meanwhile. */
static bool read_once(int directory_fd, const char *file,
                      const struct rds_identity *directory,
                      struct rds_identity *identity, void **bytes,
                      size_t *size, bool *again, struct rds_error *err)
{
    int fd = openat(directory_fd, file,
                    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct rds_identity after;
    unsigned char *buffer = NULL;
    struct stat st;
    bool good = false;

    *again = false;
    if (fd < 0 || fstat(fd, &st) != 0) {
        (void)failed(err, file, "read");
        goto done;
    }
    identify(&st, identity);
    if (!judge(file, &st, directory, err))
        goto done;
    buffer = malloc((size_t)st.st_size);
    if (buffer == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "%s: out of memory", file);
        goto done;
    }
    good = read_exactly(fd, buffer, (size_t)st.st_size) && fstat(fd, &st) == 0;
    identify(&st, &after);
    after.settled = identity->settled;
    if (!good || !same_time(&identity->modified, &after.modified) ||
        identity->size != after.size) {
        *again = true;
        good = refuse(err, file, "changed while it was read, or unreadable");
        goto done;
    }
    *bytes = buffer;
    *size = (size_t)st.st_size;
    buffer = NULL;
done:
    free(buffer);
    if (fd >= 0)
        (void)close(fd);
    return good;
}

bool rds_directory_read(int directory_fd, const char *file,
                        const struct rds_identity *directory,
                        struct rds_identity *identity, void **bytes,
                        size_t *size, struct rds_error *err)
{
    bool good = false, again = true;

    rds_identity_look(directory_fd, file, identity);
    if (identity->present && !S_ISREG(identity->mode))
        return not_regular(file, identity->mode, identity->owner, err);
    for (int i = 0; again && i < READ_TRIES; i++)
        good = read_once(directory_fd, file, directory, identity, bytes, size,
                         &again, err);
    if (!good && again)
        identity->settled = false;
    return good;
}

/* Keeps the first of all names in their order, whatever order they come in. */
static void keep_name(struct rds_bundle_name *names, size_t *count, bool *more,
                      const struct rds_bundle_name *name)
{
    size_t at = *count;

    if (at == RDS_DIRECTORY_FILES_MAX) {
        *more = true;
        if (strcmp(name->file, names[at - 1].file) > 0)
            return;
        at--;
    } else {
        (*count)++;
    }
    for (; at > 0 && strcmp(name->file, names[at - 1].file) < 0; at--)
        names[at] = names[at - 1];
    names[at] = *name;
}

/*
 * NULL at the end, and where the directory cannot be read, which *why tells:
 * files that nobody saw must not count as gone.
 */
static const struct dirent *next_entry(DIR *directory, int *why)
{
    const struct dirent *entry;

    errno = 0;
    entry = readdir(directory);
    *why = entry == NULL ? errno : 0;
    return entry;
}

static bool read_names(DIR *directory, struct rds_bundle_name *names,
                       size_t *count, bool *more, struct rds_error *err)
{
    struct rds_bundle_name name;
    const struct dirent *entry;
    size_t entries = 0;
    int why = 0;

    while ((entry = next_entry(directory, &why)) != NULL) {
        if (++entries > RDS_DIRECTORY_ENTRIES_MAX)
            return refuse(err, ".",
                          "the directory has more than %d entries; remove "
                          "what is not a bundle",
                          RDS_DIRECTORY_ENTRIES_MAX);
        if (rds_bundle_name_read(entry->d_name, &name))
            keep_name(names, count, more, &name);
    }
    errno = why;
    return why == 0 || failed(err, ".", "list the directory");
}

bool rds_directory_list(int directory_fd, struct rds_bundle_name **names,
                        size_t *count, bool *more, struct rds_error *err)
{
    int fd = openat(directory_fd, ".",
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    struct rds_bundle_name *found;
    bool good;

    *names = NULL;
    *count = 0;
    *more = false;
    if (directory == NULL) {
        good = failed(err, ".", "list the directory");
        if (fd >= 0)
            (void)close(fd);
        return good;
    }
    found = malloc(RDS_DIRECTORY_FILES_MAX * sizeof(found[0]));
    good = found != NULL ? read_names(directory, found, count, more, err)
                         : rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    (void)closedir(directory);
    if (good)
        *names = found;
    else
        free(found);
    return good;
}
