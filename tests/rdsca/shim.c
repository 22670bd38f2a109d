/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be preloaded: it counts the calls that write, and kills the
 * process at one of them.  A write is done by half first, the others not at
 * all.
 *
 *   SHIM_DIRECTORY   descriptors of files elsewhere do not count
 *   SHIM_LOG         a file that gets a line for each call
 *   SHIM_KILL_AT     the number of the call, from 1
 *   SHIM_RENAMED, SHIM_REMOVE   as soon as the one is renamed to, the other
 * one is removed
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* "" for what is not in the directory. */
static const char *path_of(int fd)
{
    static char path[4096];
    const char *directory = getenv("SHIM_DIRECTORY");
    char link[64];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    path[size > 0 ? size : 0] = '\0';
    return strncmp(path, directory, strlen(directory)) == 0 ? path : "";
}

/* Whether this is the call to die at. */
static int step(const char *call, const char *path)
{
    static int count;
    const char *log = getenv("SHIM_LOG"), *at = getenv("SHIM_KILL_AT");
    FILE *file;

    if (path[0] == '\0')
        return 0;
    file = log != NULL ? fopen(log, "ae") : NULL;
    if (file != NULL) {
        fprintf(file, "%s %s\n", call, path);
        fclose(file);
    }
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

    if (step("rename", to))
        die();
    got = REAL(rename)(from, to);
    if (renamed != NULL && strcmp(renamed, to) == 0)
        REAL(unlink)(getenv("SHIM_REMOVE"));
    return got;
}

int unlink(const char *path)
{
    if (step("unlink", path))
        die();
    return REAL(unlink)(path);
}
