/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_REPLACE_H
#define RDSCA_REPLACE_H

/*
 * Replacing a file whole: written beside, synced, renamed, the directory
 * synced.  At any moment, also after a crash or a full disk, the name stands
 * for the old content or the new one.  Who is killed meanwhile leaves a hidden
 * .NAME.XXXXXX.new, which no reader looks at.
 */

#include "rds/error.h"

/*
 * Replaces `path`; the new file has mode 0644.
 * On failure the old file is untouched and nothing is left beside it.
 */
RDS_MUST_CHECK bool rdsca_replace(const char *path, const void *bytes,
                                  size_t size, struct rds_error *err);

/* The same, with this modification time; NULL: now. */
struct timespec;
RDS_MUST_CHECK bool rdsca_replace_dated(const char *path, const void *bytes,
                                        size_t size,
                                        const struct timespec *modified,
                                        struct rds_error *err);

/*
 * The same, with the owner, the mode, the access list and the SELinux label of
 * another file, which may be the old one; `dated`: its time, too.
 */
RDS_MUST_CHECK bool rdsca_replace_like(const char *path, const void *bytes,
                                       size_t size, const char *like,
                                       bool dated, struct rds_error *err);

/*
 * Gives a bundle this modification time.  Only its owner can do that, so a
 * file of another user's is replaced by a copy of our own.
 */
RDS_MUST_CHECK bool rdsca_redate(const char *path,
                                 const struct timespec *modified,
                                 struct rds_error *err);

/*
 * Reads a regular file of at most `most` bytes; a pipe or a device in its
 * place holds nobody up.  *bytes is malloc'ed.  Sets errno where it fails:
 * EINVAL where it is no regular file, EFBIG where it is larger.
 */
RDS_MUST_CHECK bool rdsca_read_regular(const char *path, size_t most,
                                       unsigned char **bytes, size_t *size);

/* Removes a file, and lets that reach the disk. */
RDS_MUST_CHECK bool rdsca_remove(const char *path, struct rds_error *err);

/* Whether the file holds exactly these bytes. */
bool rdsca_holds(const char *path, const void *bytes, size_t size);

/*
 * Whether a file name is one of those that are written beside; who finds it
 * after a crash may remove it.
 */
bool rdsca_unfinished(const char *name);

#endif
