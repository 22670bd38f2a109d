/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer at a time.  Refuses to wait for ever, and to remove anything but
 * regular files that a writer of ours began.
 */

#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "replace.h"

#define LOCK_SECONDS 300 /* that a lock is waited for */
#define LOCK_LOOKS 10    /* a second */

/* Whoever may read the directory can lock it, so the wait has an end. */
static bool lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 1000000000L / LOCK_LOOKS};

    for (int i = 0; i < LOCK_SECONDS * LOCK_LOOKS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

/*
 * The directory itself is locked: a lock file that root made could not be
 * opened by the user who owns the directory.
 */
int rdsca_lock(const char *directory, struct rds_error *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char quoted[RDS_QUOTE_MAX];

    if (fd >= 0 && lock(fd))
        return fd;
    if (errno == EWOULDBLOCK)
        (void)rds_fail(err, RDS_R_BAD_BUNDLE,
                       "%s: locked by another process for %d seconds; "
                       "'fuser -v' shows which",
                       rds_quote(quoted, directory, strlen(directory)),
                       LOCK_SECONDS);
    else
        (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%s: cannot lock: %s",
                       rds_quote(quoted, directory, strlen(directory)),
                       strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void sweep(const char *directory, const char *prefix)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    struct stat st;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (rdsca_unfinished(entry->d_name) &&
            strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            S_ISREG(st.st_mode))
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
    }
    if (stream != NULL)
        (void)closedir(stream);
}

void rdsca_sweep(const char *directory)
{
    sweep(directory, "");
}

void rdsca_sweep_file(const char *directory, const char *file)
{
    char prefix[NAME_MAX + 3];

    if (snprintf(prefix, sizeof(prefix), ".%s.", file) < (int)sizeof(prefix))
        sweep(directory, prefix);
}
