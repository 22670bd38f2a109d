/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that fail, that give less than was asked for, or before which
 * something happens to the file.
 */

#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static _Thread_local struct fault set;
static _Thread_local bool armed;
static _Thread_local unsigned seen, struck;

void fault_set(const struct fault *fault)
{
    set = *fault;
    seen = struck = 0;
    armed = true;
}

unsigned fault_clear(void)
{
    armed = false;
    return struck;
}

const char *fault_name(enum fault_call call)
{
    static const char *const names[] = {
#define FAULT_NAME(upper, lower) #lower,
        FAULT_CALLS(FAULT_NAME)
#undef FAULT_NAME
    };

    return names[call];
}

/* Whether the fault is at this call. */
static bool strikes(enum fault_call call)
{
    if (!armed || set.call != call || ++seen < set.first ||
        (set.times != 0 && seen >= set.first + set.times))
        return false;
    struck++;
    if (set.before != NULL) {
        armed = false; /* its own calls are none of the tested ones */
        set.before(set.arg);
        armed = true;
    }
    return true;
}

/* Whether this call is to fail; sets errno. */
static bool fails(enum fault_call call)
{
    if (!strikes(call) || set.error == 0)
        return false;
    errno = set.error;
    return true;
}

/* ---- in the place of the calls ------------------------------------------ */

int __real_openat(int at, const char *path, int flags, ...);
int __real_fstat(int fd, struct stat *st);
int __real_fstatat(int at, const char *path, struct stat *st, int flags);
int __real_fstatvfs(int fd, struct statvfs *st);
DIR *__real_fdopendir(int fd);
struct dirent *__real_readdir(DIR *directory);
ssize_t __real_read(int fd, void *bytes, size_t size);

#pragma GCC visibility push(default) /* as in memory.c */
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstatat(int at, const char *path, struct stat *st, int flags);
int __wrap_fstatvfs(int fd, struct statvfs *st);
DIR *__wrap_fdopendir(int fd);
struct dirent *__wrap_readdir(DIR *directory);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
#pragma GCC visibility pop

int __wrap_openat(int at, const char *path, int flags, ...)
{
    mode_t mode = 0; /* is there only where a file is made */
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(args, mode_t);
    va_end(args);
    return fails(FAULT_OPENAT) ? -1 : __real_openat(at, path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *st)
{
    return fails(FAULT_FSTAT) ? -1 : __real_fstat(fd, st);
}

int __wrap_fstatat(int at, const char *path, struct stat *st, int flags)
{
    return fails(FAULT_FSTATAT) ? -1 : __real_fstatat(at, path, st, flags);
}

int __wrap_fstatvfs(int fd, struct statvfs *st)
{
    return fails(FAULT_FSTATVFS) ? -1 : __real_fstatvfs(fd, st);
}

DIR *__wrap_fdopendir(int fd)
{
    return fails(FAULT_FDOPENDIR) ? NULL : __real_fdopendir(fd);
}

struct dirent *__wrap_readdir(DIR *directory)
{
    return fails(FAULT_READDIR) ? NULL : __real_readdir(directory);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    bool here = strikes(FAULT_READ);

    if (here && set.error != 0) {
        errno = set.error;
        return -1;
    }
    if (here && set.most != 0 && size > set.most)
        size = set.most;
    return __real_read(fd, bytes, size);
}
