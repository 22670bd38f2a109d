/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_ANCHOR_H
#define RDS_ANCHOR_H

/*
 * An anchor: one CA certificate with what we know of it.
 *
 * Anchors describe themselves.  Region, CA identifier, role and stage follow
 * from subject, issuer and dates, by the naming rules that AWS has kept since
 * 2015, so that a new region or a second generation ("G2") needs no release.
 * A certificate whose names follow none of the rules is refused, never
 * guessed at.
 *
 * The struct holds no pointer: the built-in ones are constants in a read-only
 * section that all processes share and that the loader need not relocate.
 */

#include "rds/certificate.h"
#include "rds/region.h"

#define RDS_CA_MAX 32    /* bytes of a CA identifier, NUL included */
#define RDS_ALIAS_MAX 80 /* bytes of an alias, NUL included */
#define RDS_SHA256_SIZE 32

enum rds_family {
    RDS_FAMILY_RDS,   /* Amazon RDS: instances and clusters */
    RDS_FAMILY_PROXY, /* Amazon Trust Services: RDS Proxy and others */
    RDS_FAMILIES
};

enum rds_role { RDS_ROLE_ROOT, RDS_ROLE_INTERMEDIATE, RDS_ROLES };

enum rds_stage {
    RDS_STAGE_PRODUCTION,
    RDS_STAGE_BETA,    /* AWS's own environment */
    RDS_STAGE_PREVIEW, /* the Database Preview Environment */
    RDS_STAGES
};

struct rds_anchor {
    int64_t not_before; /* seconds since 1970-01-01 UTC */
    int64_t not_after;
    unsigned long long subject_key; /* rds_name_key() of subject and issuer */
    unsigned long long issuer_key;
    uint32_t der_at;   /* where the DER begins in the bytes of its bundle */
    uint16_t der_size; /* bytes */
    struct rds_span serial, issuer, subject, ski, aki; /* within the DER */
    unsigned char sha256[RDS_SHA256_SIZE];             /* of the DER */
    char region[RDS_REGION_MAX]; /* "" for a root that serves many regions */
    char ca[RDS_CA_MAX];         /* CA identifier, as rds-ca-rsa2048-g1 */
    char alias[RDS_ALIAS_MAX];   /* AWS's file name without suffix */
    uint8_t partition;           /* enum rds_partition */
    uint8_t family;              /* enum rds_family */
    uint8_t role;                /* enum rds_role */
    uint8_t stage;               /* enum rds_stage */
};

/* An anchor at hand: its description, its bytes, and where it comes from. */
struct rds_bundle;
struct rds_entry {
    const struct rds_anchor *anchor;
    const unsigned char *der;        /* anchor->der_size bytes */
    const struct rds_bundle *bundle; /* NULL: built in */
};

/*
 * Describes one certificate.  `der` are its `size` bytes, `sha256` their
 * digest, `der_at` is stored as it is.  Fails where the certificate cannot be
 * read, is no CA, or has names that no rule knows.
 */
RDS_MUST_CHECK bool rds_anchor_describe(struct rds_anchor *out,
                                        const unsigned char *der, size_t size,
                                        const unsigned char *sha256,
                                        uint32_t der_at,
                                        struct rds_error *err);

/*
 * What the common name of an RDS CA says by itself, of a CA whose certificate
 * is not at hand: region, partition, stage and role, and the CA identifier
 * where the name tells the generation (else "").  The other members are 0.
 * It is a claim: anybody can choose a name.  False where no rule knows it.
 */
RDS_MUST_CHECK bool rds_anchor_read_name(struct rds_anchor *out,
                                         const char *cn);

/*
 * Whether a root could have this Name in DER, by its words: a quick look that
 * errs towards true.  False is certain: rds_anchor_describe() takes no root
 * of a name that OpenSSL's X509_NAME_cmp() calls equal to it, however it is
 * written.
 */
bool rds_name_may_be_root(const unsigned char *name, size_t size);

/*
 * The stable order of every answer: family, partition, region, roots first,
 * CA identifier, stage, alias, fingerprint.  Like strcmp().
 */
int rds_anchor_compare(const struct rds_anchor *a, const struct rds_anchor *b);

/* Whether the anchor is in force at `now`. */
bool rds_anchor_in_force(const struct rds_anchor *anchor, int64_t now);

/*
 * Whether `issuer` may have issued `anchor`: the names have the same key
 * (rds_name_key()), and the key identifiers are the same, or where one is
 * missing the names are, byte by byte.  No signature is checked.
 */
bool rds_entry_issued_by(const struct rds_entry *entry,
                         const struct rds_entry *issuer);

/* "root", "production", ...; "?" for a value that is none. */
const char *rds_role_name(enum rds_role role);
const char *rds_stage_name(enum rds_stage stage);

#endif
