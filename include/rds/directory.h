/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_DIRECTORY_H
#define RDS_DIRECTORY_H

/*
 * Reading bundle files safely.
 *
 * What is seen to be no regular file is not opened: to open a device can do
 * something.  A file is opened without blocking and without becoming a
 * terminal, and judged by what was opened: a regular file, not empty, not
 * larger than RDS_BUNDLE_MAX, of a trusted owner (enum rds_owner), not
 * writable by group or others.  Symbolic links are followed, since ConfigMaps
 * are made of them.
 *
 * The directory must not be writable by group or others either, with one
 * exception: if this process sees it on a read-only mount, only its files are
 * judged.  Kubernetes mounts ConfigMaps so: the directory has mode 0777
 * (Secrets: 01777), while the files are root's and have mode 0644 or what
 * defaultMode says.  A mount that is read-only here may be writable elsewhere
 * (systemd's ProtectSystem=, docker's -v DIR:DIR:ro), so it excuses no file,
 * and in such a directory the directory's owner is not trusted.
 */

#include <sys/types.h>
#include <time.h>

#include "rds/bundle.h"

/*
 * What a process looks at, whoever may write the directory.  AWS's bundles of
 * all regions and partitions have about 40 files and 500,000 bytes.
 */
#define RDS_DIRECTORY_FILES_MAX 128            /* bundle files that are read */
#define RDS_DIRECTORY_ENTRIES_MAX 16384        /* of any name */
#define RDS_DIRECTORY_BYTES_MAX RDS_BUNDLE_MAX /* of all bundle files */

/* What tells one state of a file from another. */
struct rds_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    mode_t mode;
    uid_t owner;
    struct timespec modified;
    struct timespec changed;
    bool present;
    bool settled; /* false: changed within the clock's grain, look again */
};

/*
 * Whether what was `seen` is what is there `now`.  Never for what was not
 * settled when it was seen.
 */
bool rds_identity_unchanged(const struct rds_identity *seen,
                            const struct rds_identity *now);

/* Looks at a file or directory by path, following links. */
void rds_identity_look(int directory_fd, const char *path,
                       struct rds_identity *out);

/* What the owner of a file makes of it. */
enum rds_owner {
    RDS_OWNER_TRUSTED,  /* root, the effective user, the directory's owner */
    RDS_OWNER_FOREIGN,  /* none of them */
    RDS_OWNER_UNMAPPED, /* the number that stands for every owner that this
                         * user namespace does not map: two files with it can
                         * have two owners, so it is never trusted, not even
                         * if it is the effective user's.  On a host, where
                         * all are mapped, it is the user "nobody" */
    RDS_OWNER_OPEN_DIRECTORY, /* the directory's, but others can write there */
    RDS_OWNERS
};

/* Judges the owner of a file in this directory. */
enum rds_owner rds_directory_owner(const struct rds_identity *directory,
                                   uid_t owner);

/*
 * Opens and judges the directory.  Returns a file descriptor (close-on-exec),
 * or -1: *absent tells whether there simply is none, which is no error.
 */
RDS_MUST_CHECK int rds_directory_open(const char *path,
                                      struct rds_identity *identity,
                                      bool *absent, struct rds_error *err);

/* The same for one in an open directory; `path` is what errors call it. */
RDS_MUST_CHECK int rds_directory_open_in(int directory_fd, const char *name,
                                         const char *path,
                                         struct rds_identity *identity,
                                         bool *absent, struct rds_error *err);

/*
 * Reads a whole file of the directory, judged as above.  *bytes is malloc'ed.
 * *identity is that of what was read, or as good as can be had where the file
 * was refused.
 */
RDS_MUST_CHECK bool rds_directory_read(int directory_fd, const char *file,
                                       const struct rds_identity *directory,
                                       struct rds_identity *identity,
                                       void **bytes, size_t *size,
                                       struct rds_error *err);

/*
 * The names of the bundle files in it, sorted: of more than
 * RDS_DIRECTORY_FILES_MAX the first by name, and *more tells that there are
 * others.  Fails if the directory has more than RDS_DIRECTORY_ENTRIES_MAX
 * entries.  *names is malloc'ed.
 */
RDS_MUST_CHECK bool rds_directory_list(int directory_fd,
                                       struct rds_bundle_name **names,
                                       size_t *count, bool *more,
                                       struct rds_error *err);

#endif
