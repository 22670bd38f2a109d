/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_VALIDATE_H
#define RDSCA_VALIDATE_H

/*
 * Judging a bundle before it is installed.
 *
 * Every certificate must parse, be a CA, name the partition and the region
 * that the bundle is for, and verify: a root under its own key, an
 * intermediate under a root of the same bundle or one already at hand.
 * Expired certificates and repeated ones are dropped.  A retired file
 * (rds/legacy.h) has expired ones only, of any region and partition, whose
 * roots may stand in another retired file, too.  A root that is neither
 * pinned nor at hand is new: it is taken from AWS's own host, and from
 * elsewhere only where the caller says so.  A bundle that would take a
 * region's last root in force is refused, and so is anything that is not a
 * bundle.
 *
 * A CA certificate that does not describe itself as an RDS CA
 * (rds_anchor_describe()) refuses the bundle, with one exception: in a bundle
 * from AWS's own host it is left out and reported if another certificate of
 * the bundle, which is kept, signed it.  What is left out is not in the PEM
 * to install, so neither the module nor a tool that reads the file trusts it.
 */

#include <openssl/x509.h>

#include "rds/bundle.h"

/* What is said of one certificate. */
enum rdsca_note_kind {
    RDSCA_NOTE_PINNED,
    RDSCA_NOTE_ACCEPTED, /* not pinned, but at hand: accepted before */
    RDSCA_NOTE_NEW,
    RDSCA_NOTE_WITHDRAWN, /* at hand until now, not in the bundle */
    RDSCA_NOTE_EXPIRED,   /* dropped */
    RDSCA_NOTE_DUPLICATE, /* dropped */
    RDSCA_NOTE_LEFT_OUT,  /* AWS's, but of a name that no rule knows */
    RDSCA_NOTE_KINDS
};

struct rdsca_note {
    enum rdsca_note_kind kind;
    char cn[RDS_CN_MAX + 1];
    unsigned char sha256[RDS_SHA256_SIZE];
    int64_t not_after;
};

/* "pinned", "NEW", "WITHDRAWN", ... */
const char *rdsca_note_name(enum rdsca_note_kind kind);

/* What to judge, and by what. */
struct rdsca_candidate {
    struct rds_bundle_name name; /* what it is for */
    const void *bytes;
    size_t size;
    bool from_aws;               /* from AWS's own host, over verified TLS */
    bool accept_new;             /* the operator takes new roots */
    const struct rds_view *view; /* what is at hand */
    struct rds_bundle *const *checked; /* see struct rdsca_job; or NULL */
    int64_t now;
};

struct rdsca_vetted {
    char *pem; /* what to install */
    size_t pem_size;
    size_t kept;
    size_t left_out; /* notes of RDSCA_NOTE_LEFT_OUT */
    struct rdsca_note *notes;
    size_t note_count;
};

/*
 * Judges PEM, or a certificates-only PKCS#7 in PEM or DER.  On failure the
 * text says what to do.  Clear *out in either case.
 */
RDS_MUST_CHECK bool rdsca_vet(const struct rdsca_candidate *candidate,
                              struct rdsca_vetted *out, struct rds_error *err);

void rdsca_vetted_clear(struct rdsca_vetted *vetted);

#endif
