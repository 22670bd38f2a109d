/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_BUNDLE_CACHE_H
#define RDS_BUNDLE_CACHE_H

/*
 * A directory of bundle files as it was seen last: the bundle directory, or
 * the one of retired files in it.
 *
 * A file that is refused keeps its last good content, and so do all files of
 * a directory that is refused.  A file whose identity is unchanged is not
 * read again.  Functions that return a bool are false where memory fails.
 */

#include "rds/directory.h"

/* A bundle file as it was seen last. */
struct rds_file_state {
    struct rds_bundle_name name;
    char *path; /* absolute, to look at it again */
    struct rds_identity identity;
    struct rds_bundle *bundle; /* what it holds, or last held; or NULL */
    char *refusal;             /* why it was refused, or NULL */
    off_t bytes;               /* of the file that `bundle` was read from */
    bool beyond;               /* the limit: not read, whatever it holds */
};

/* What may still be read at one look, in this directory and in `retired`. */
struct rds_allowance {
    off_t bytes;
    bool told; /* that it does not suffice */
};

struct rds_folder {
    struct rds_identity identity;
    char *refusal; /* why the directory was refused, or NULL */
    struct rds_file_state *files;
    size_t count;
};

/* What files are read with. */
struct rds_reader {
    const struct rds_libcrypto *lc;
    bool unproven;         /* see rds_bundle_parse() */
    const char *directory; /* the bundle directory, to which names belong */
    rds_report_fn *report; /* or NULL */
    void *report_arg;
};

void rds_reader_report(const struct rds_reader *reader, const char *line);

/*
 * Reads the files of these names in the opened directory `fd`, whose identity
 * is in out->identity; `before` is the same folder as it was, or an empty
 * one.  A file that goes beyond the allowance is refused, and keeps nothing.
 */
RDS_MUST_CHECK bool rds_folder_read(const struct rds_reader *reader,
                                    struct rds_folder *out, int fd,
                                    const struct rds_bundle_name *names,
                                    size_t count,
                                    const struct rds_folder *before,
                                    struct rds_allowance *allowance);

/* Takes over the files as they were, where nobody can look at them. */
RDS_MUST_CHECK bool rds_folder_carry(struct rds_folder *out,
                                     const struct rds_folder *before);

/* The same for a directory that is refused now, which it reports once. */
RDS_MUST_CHECK bool rds_folder_keep(const struct rds_reader *reader,
                                    struct rds_folder *out,
                                    const struct rds_folder *before,
                                    const struct rds_error *why);

/* Whether all that counts is on disk as the folder saw it. */
bool rds_folder_unchanged(const struct rds_folder *folder, const char *path);

/* How many certificates its files have. */
size_t rds_folder_anchors(const struct rds_folder *folder);

void rds_folder_clear(struct rds_folder *folder);

#endif
