/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that is loaded before others (LD_PRELOAD) and stands before the
 * calls on files of one directory and below.
 *
 *   SHIM_DIRECTORY   the directory; its path has no links
 *   SHIM_LOG         a file that gets a line for each call that writes:
 *                    its name and the path
 *   SHIM_KILL_AT     the process dies at this one of them, from 1: a write is
 *                    done by half first, the others not at all
 *   SHIM_RENAMED     a file: as soon as it is renamed to,
 *   SHIM_REMOVE      this one is removed
 *   SHIM_READS       a file that gets the name of each call that reads
 *   SHIM_FAIL        "readdir 3": this one of the calls of that name fails
 *                    with an I/O error
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool inside(const char *path)
{
    const char *directory = getenv("SHIM_DIRECTORY");

    return directory != NULL &&
           strncmp(path, directory, strlen(directory)) == 0;
}

/* "" for what is not in the directory of bundles. */
static const char *path_of(int fd)
{
    static char path[4096];
    char link[64];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    path[size > 0 ? size : 0] = '\0';
    return inside(path) ? path : "";
}

static void note(const char *variable, const char *call, const char *path)
{
    const char *name = getenv(variable);
    FILE *file = name != NULL ? fopen(name, "ae") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%s%s%s\n", call, path[0] != '\0' ? " " : "", path);
    fclose(file);
}

/* ---- calls that write --------------------------------------------------- */

/* Whether this is the call to die at. */
static bool step(const char *call, const char *path)
{
    static int count;
    const char *at = getenv("SHIM_KILL_AT");

    if (path[0] == '\0')
        return false;
    note("SHIM_LOG", call, path);
    return at != NULL && ++count == atoi(at);
}

static void die(void)
{
    raise(SIGKILL);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (step("write", path_of(fd))) {
        REAL(write)(fd, bytes, size / 2);
        die();
    }
    return REAL(write)(fd, bytes, size);
}

int fsync(int fd)
{
    if (step("fsync", path_of(fd)))
        die();
    return REAL(fsync)(fd);
}

int fchmod(int fd, mode_t mode)
{
    if (step("fchmod", path_of(fd)))
        die();
    return REAL(fchmod)(fd, mode);
}

int futimens(int fd, const struct timespec times[2])
{
    if (step("futimens", path_of(fd)))
        die();
    return REAL(futimens)(fd, times);
}

int rename(const char *from, const char *to)
{
    const char *renamed = getenv("SHIM_RENAMED");
    int got;

    if (step("rename", inside(to) ? to : ""))
        die();
    got = REAL(rename)(from, to);
    if (renamed != NULL && strcmp(renamed, to) == 0)
        REAL(unlink)(getenv("SHIM_REMOVE"));
    return got;
}

int unlink(const char *path)
{
    if (step("unlink", inside(path) ? path : ""))
        die();
    return REAL(unlink)(path);
}

/* ---- calls that read ---------------------------------------------------- */

/* Whether this is the call to fail at; sets errno. */
static bool fails(const char *call, bool here)
{
    static int count;
    const char *at = getenv("SHIM_FAIL");
    size_t size = strlen(call);

    if (!here)
        return false;
    note("SHIM_READS", call, "");
    if (at == NULL || strncmp(at, call, size) != 0 || at[size] != ' ' ||
        ++count != atoi(at + size))
        return false;
    errno = EIO;
    return true;
}

/* Whether a path is there, as openat(2) and its like understand it. */
static bool inside_at(int at, const char *path)
{
    return path[0] == '/' ? inside(path)
                          : at != AT_FDCWD && path_of(at)[0] != '\0';
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return fails("open", inside_at(AT_FDCWD, path))
               ? -1
               : REAL(open)(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return fails("openat", inside_at(at, path))
               ? -1
               : REAL(openat)(at, path, flags, mode);
}

int fstat(int fd, struct stat *st)
{
    return fails("fstat", path_of(fd)[0] != '\0') ? -1 : REAL(fstat)(fd, st);
}

int fstatat(int at, const char *path, struct stat *st, int flags)
{
    return fails("fstatat", inside_at(at, path))
               ? -1
               : REAL(fstatat)(at, path, st, flags);
}

DIR *opendir(const char *path)
{
    return fails("opendir", inside(path)) ? NULL : REAL(opendir)(path);
}

DIR *fdopendir(int fd)
{
    return fails("fdopendir", path_of(fd)[0] != '\0') ? NULL
                                                      : REAL(fdopendir)(fd);
}

struct dirent *readdir(DIR *directory)
{
    return fails("readdir", path_of(dirfd(directory))[0] != '\0')
               ? NULL
               : REAL(readdir)(directory);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return fails("read", path_of(fd)[0] != '\0') ? -1
                                                 : REAL(read)(fd, bytes, size);
}
