/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_TRUSTSTORE_H
#define RDS_TRUSTSTORE_H

/*
 * The trust store: the built-in anchors, and the bundles in a directory.
 *
 * For each region (with its stage) in its contents a bundle replaces the
 * built-in current anchors, so that a CA that AWS withdraws disappears, if
 * AWS last confirmed the bundle (its mtime) no earlier than the date of the
 * built-in set.  Of several bundles for a region the newer wins.  But only
 * what has a valid root for the region replaces what has one: a bundle whose
 * certificates have all expired takes nothing away (rds/shortfall.h).  Retired
 * built-in anchors stay.  Distrusted anchors are removed, whatever the source.
 *
 * Retired files (rds/legacy.h) in the directory `retired` in it are judged in
 * the same way and answer to their own names only.  One that is refused and
 * never was good leaves its name to the built-in anchors, where they have any
 * of it.  Where the directory `retired` is gone, so is its content.
 *
 * A snapshot is an immutable view that counts its users.  Asking for one
 * costs a stat of the directory and of each bundle file in it, and the same
 * of `retired` where it is there; what has
 * changed is read again, so a running process sees an update without a
 * restart.  A file that is refused keeps its last good content in this
 * process, and so does a directory that is gone (after a chroot); where there
 * is none the built-in anchors answer.
 *
 * Thread-safe, and safe across fork().  No lock is held during a call into
 * libcrypto.
 */

#include "rds/answer.h"
#include "rds/bundle.h"

#define RDS_DIRECTORY_DEFAULT "/var/lib/rds-ca"
#define RDS_DISTRUST_MAX 256 /* fingerprints */

struct rds_truststore;
struct rds_snapshot;

struct rds_truststore_options {
    const char *directory; /* absolute path, or NULL for built in only */
    const unsigned char (*distrust)[RDS_SHA256_SIZE];
    size_t distrust_count;
    bool unproven; /* nobody has tried to parse the bundles' certificates */
    rds_report_fn *report; /* refused files and certificates, or NULL */
    rds_report_fn *note;   /* what bundles lack (rds/shortfall.h), or NULL */
    void *report_arg;      /* of both */
};

/* Makes one; the options are copied.  Reads nothing yet. */
struct rds_truststore *
rds_truststore_new(const struct rds_libcrypto *lc,
                   const struct rds_truststore_options *options,
                   struct rds_error *err) RDS_MUST_CHECK;

/*
 * Distrusts more anchors, from the next snapshot on.  There is no way back.
 * Fails, with nothing changed, where they are too many.
 */
RDS_MUST_CHECK bool
rds_truststore_distrust(struct rds_truststore *store,
                        const unsigned char (*distrust)[RDS_SHA256_SIZE],
                        size_t count, struct rds_error *err);

/* Snapshots taken from it stay valid.  NULL is allowed. */
void rds_truststore_free(struct rds_truststore *store);

/*
 * The trust store as it is now.  Give it back with rds_snapshot_release().
 * NULL, and the reason RDS_R_NO_MEMORY, where memory ends while something has
 * changed: what was there before would have anchors that are withdrawn or
 * distrusted by now.
 */
const struct rds_snapshot *
rds_truststore_snapshot(struct rds_truststore *store,
                        struct rds_error *err) RDS_MUST_CHECK;

void rds_snapshot_release(const struct rds_snapshot *snapshot);

/* What one can select from; lives as long as the snapshot. */
const struct rds_view *rds_snapshot_view(const struct rds_snapshot *snapshot);

/* rds_answer_get() with that view; the last answers are kept with it. */
const struct rds_answer *
rds_snapshot_answer(const struct rds_snapshot *snapshot, const char *text,
                    const struct rds_uri *uri, int64_t now,
                    struct rds_error *err) RDS_MUST_CHECK;

#endif
