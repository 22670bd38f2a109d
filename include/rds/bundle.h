/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_BUNDLE_H
#define RDS_BUNDLE_H

/*
 * A bundle: a PEM file of anchors, as AWS serves it (RFC 7468).
 *
 * Everything in it must be a certificate; a private key or anything else
 * refuses the whole file, for then it is not what it claims to be.  Each
 * certificate must describe itself as an RDS CA of the region or partition
 * that the file's name states, and must parse in libcrypto where that is to
 * be proven (one that does not would hide those after it from every reader of
 * the store); the others are left out and reported.  A retired file
 * (rds/legacy.h) may hold RDS CAs of any region and partition: AWS gave some
 * of them odd names.  Amazon Trust Services roots are left out too: only the
 * package carries those.  A file with nothing left is refused, and so is one
 * with more than RDS_SAME_NAME_MAX certificates of one subject: a verification
 * may have to try the key of each.
 *
 * A bundle is immutable once it is made and counts its users.
 */

#include "rds/libcrypto.h"
#include "rds/select.h"

#define RDS_BUNDLE_MAX (4 * 1024 * 1024) /* bytes of a file; AWS: 200,000 */
#define RDS_BUNDLE_ANCHORS_MAX 4096      /* certificates in a file */
#define RDS_RETIRED_ANCHORS_MAX 1024     /* of a retired file */
#define RDS_SAME_NAME_MAX 16 /* certificates of one subject; AWS: 1 */

/* What a file's name says that it holds. */
struct rds_bundle_name {
    char file[RDS_FILE_NAME_MAX]; /* its path in the bundle directory */
    char region[RDS_REGION_MAX];  /* "" for a partition's global file */
    enum rds_partition partition;
    const struct rds_legacy *legacy; /* a retired file; else NULL */
};

struct rds_bundle {
    struct rds_bundle_name name;
    int64_t confirmed; /* when AWS last confirmed it: the file's mtime */
    size_t count;      /* at least 1 */
    struct rds_anchor *anchors;
    unsigned char *der; /* the bytes of all of them, one after the other */
    unsigned int users; /* of the struct; touched under the caller's lock */
};

/*
 * Reads a file's name: `<region>-bundle.pem` or
 * `<partition>-global-bundle.pem`.  False for every other name, which is no
 * error: such a file is not ours.
 */
RDS_MUST_CHECK bool rds_bundle_name_read(const char *file,
                                         struct rds_bundle_name *out);

/* The name of a retired file, "retired/NAME". */
void rds_bundle_name_retired(const struct rds_legacy *legacy,
                             struct rds_bundle_name *out);

/* How many certificates a file of this name may have. */
size_t rds_bundle_anchors_max(const struct rds_bundle_name *name);

/*
 * Whether an anchor belongs into a file of this name: an RDS CA of its region
 * or partition; in a retired file, of any.
 */
bool rds_bundle_name_fits(const struct rds_bundle_name *name,
                          const struct rds_anchor *anchor);

/* Receives a line for each certificate that was left out. */
typedef void rds_report_fn(void *arg, const char *line);

/*
 * Makes a bundle, with one user, from the `size` bytes of a file.  NULL on
 * failure.  Leaves libcrypto's error queue as it was.  `prove` has libcrypto
 * parse each certificate, which costs a hundred times what all else does; who
 * does without must stand that one of them does not parse.
 */
struct rds_bundle *rds_bundle_parse(const struct rds_libcrypto *lc,
                                    const struct rds_bundle_name *name,
                                    bool prove, int64_t confirmed,
                                    const void *bytes, size_t size,
                                    rds_report_fn *report, void *arg,
                                    struct rds_error *err) RDS_MUST_CHECK;

/*
 * How often a mark such as "-----BEGIN " stands in the bytes.  OpenSSL passes
 * over what is cut within one, so whoever reads PEM compares the counts with
 * the blocks that were found.
 */
size_t rds_pem_marks(const void *bytes, size_t size, const char *mark);

/* Frees it, whoever uses it.  NULL is allowed. */
void rds_bundle_free(struct rds_bundle *bundle);

#endif
