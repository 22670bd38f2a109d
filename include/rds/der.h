/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_DER_H
#define RDS_DER_H

/*
 * A reader of DER, one tag-length-value at a time (ITU-T X.690, 8.1 and 10).
 *
 * It refuses what DER does not have: indefinite lengths, lengths longer than
 * needed, multi-byte tags (no certificate structure uses them), and any value
 * that reaches beyond its surroundings.  It never reads outside the given
 * bytes, allocates nothing and does not recurse.  Pure and thread-safe.
 */

#include "rds/error.h"

#define RDS_DER_BOOLEAN 0x01
#define RDS_DER_INTEGER 0x02
#define RDS_DER_BIT_STRING 0x03
#define RDS_DER_OCTET_STRING 0x04
#define RDS_DER_OID 0x06
#define RDS_DER_UTF8_STRING 0x0c
#define RDS_DER_PRINTABLE_STRING 0x13
#define RDS_DER_IA5_STRING 0x16
#define RDS_DER_UTC_TIME 0x17
#define RDS_DER_GENERALIZED_TIME 0x18
#define RDS_DER_UNIVERSAL_STRING 0x1c
#define RDS_DER_BMP_STRING 0x1e
#define RDS_DER_SEQUENCE 0x30
#define RDS_DER_SET 0x31
#define RDS_DER_CONTEXT(n) (0x80 | (n))             /* [n] primitive */
#define RDS_DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] constructed */

struct rds_der {
    const unsigned char *at; /* the next byte to read */
    size_t left;             /* bytes from there on */
};

/*
 * Reads the next value: its tag, and its content as a reader of its own.
 * Moves `in` behind it.  False where there is none or it is not DER; `in` is
 * then unchanged.
 */
RDS_MUST_CHECK bool rds_der_next(struct rds_der *in, unsigned char *tag,
                                 struct rds_der *content);

/* The same for a value that must have this tag. */
RDS_MUST_CHECK bool rds_der_expect(struct rds_der *in, unsigned char tag,
                                   struct rds_der *content);

/* Moves `in` behind a value with this tag, if that is what comes next. */
void rds_der_skip(struct rds_der *in, unsigned char tag);

/* Whether the content is exactly these bytes. */
bool rds_der_equals(const struct rds_der *content, const void *bytes,
                    size_t size);

/*
 * A hash of an X.501 Name in DER (SEQUENCE OF SET OF attribute), such that
 * two names that OpenSSL's X509_NAME_cmp() calls equal have the same key,
 * as long as one of them is plain ASCII: letters and digits count, without
 * their case; string types, spaces and punctuation do not.  Different names
 * may share a key: compare them before use.  0 for anything that is no Name.
 */
unsigned long long rds_name_key(const unsigned char *der, size_t size);

#endif
