/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_CERTIFICATE_H
#define RDS_CERTIFICATE_H

/*
 * What a CA certificate says of itself, read from its DER without copying
 * (RFC 5280, 4.1).
 *
 * This is for describing certificates, not for judging them: no signature,
 * key or constraint is looked at.  Whoever uses certificates from outside
 * lets libcrypto parse them too (see rds/bundle.h).  It refuses a certificate
 * whose frame is not DER, that is larger than RDS_CERTIFICATE_MAX, or whose
 * dates are in another form than RFC 5280 allows.  Pure and thread-safe.
 */

#include <stdint.h>

#include "rds/der.h"

#define RDS_CERTIFICATE_MAX 16384 /* bytes of DER; AWS's have up to 1,700 */
#define RDS_CN_MAX 64 /* RFC 5280, ub-common-name; NUL not counted */

/* A part of a certificate: offset and size in bytes within its DER. */
struct rds_span {
    uint16_t at;
    uint16_t size;
};

struct rds_certificate {
    struct rds_span serial;  /* content of the INTEGER, big-endian */
    struct rds_span issuer;  /* the whole Name, tag and length included */
    struct rds_span subject; /* likewise */
    struct rds_span ski;     /* key identifier, size 0 where absent */
    struct rds_span aki;     /* issuer's key identifier, size 0 where absent */
    int64_t not_before;      /* seconds since 1970-01-01 UTC */
    int64_t not_after;       /* likewise; the last second of validity */
    char subject_cn[RDS_CN_MAX + 1]; /* "" where there is none in ASCII */
    char issuer_cn[RDS_CN_MAX + 1];
    bool is_ca; /* basicConstraints with cA TRUE */
};

/* Reads `size` bytes of DER, which must be one certificate and nothing more.
 */
RDS_MUST_CHECK bool rds_certificate_read(const unsigned char *der, size_t size,
                                         struct rds_certificate *out,
                                         struct rds_error *err);

/*
 * Reads a date of a certificate: UTCTime (tag 0x17, YYMMDDHHMMSSZ, years 1950
 * to 2049) or GeneralizedTime (tag 0x18, YYYYMMDDHHMMSSZ); RFC 5280, 4.1.2.5.
 */
RDS_MUST_CHECK bool rds_time_read(unsigned char tag,
                                  const struct rds_der *content,
                                  int64_t *seconds);

/* Writes a date as "2026-11-23"; years up to 9999.  Returns `out`. */
#define RDS_DATE_MAX 16
const char *rds_date_write(char out[RDS_DATE_MAX], int64_t seconds);

#endif
