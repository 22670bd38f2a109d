/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: what the reader says of one that libcrypto reads, too, is
 * what libcrypto says; what describes itself as an anchor is in bounds.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

static bool span_is(const unsigned char *der, struct rds_span span,
                    const void *bytes, size_t size)
{
    return span.size == size && memcmp(der + span.at, bytes, size) == 0;
}

static void claim_spans(const struct rds_certificate *read, size_t size)
{
    const struct rds_span spans[] = {read->serial, read->issuer, read->subject,
                                     read->ski, read->aki};

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        CLAIM((size_t)spans[i].at + spans[i].size <= size,
              "span %zu reaches beyond the certificate", i);
}

static int64_t seconds_of(const ASN1_TIME *date)
{
    struct tm tm;

    return ASN1_TIME_to_tm(date, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

static void claim_names(const unsigned char *der,
                        const struct rds_certificate *read, const X509 *theirs)
{
    const unsigned char *name;
    size_t size;

    NEED(X509_NAME_get0_der(X509_get_subject_name(theirs), &name, &size) == 1);
    CLAIM(span_is(der, read->subject, name, size), "the subject");
    NEED(X509_NAME_get0_der(X509_get_issuer_name(theirs), &name, &size) == 1);
    CLAIM(span_is(der, read->issuer, name, size), "the issuer");
}

/* Whether the certificate has just one extension of the kind. */
static bool has_one(const X509 *theirs, int nid)
{
    int first = X509_get_ext_by_NID(theirs, nid, -1);

    return first >= 0 && X509_get_ext_by_NID(theirs, nid, first) < 0;
}

static void claim_extensions(const unsigned char *der,
                             const struct rds_certificate *read, X509 *theirs)
{
    const ASN1_OCTET_STRING *id;
    BASIC_CONSTRAINTS *basic;

    if (has_one(theirs, NID_basic_constraints)) {
        basic = X509_get_ext_d2i(theirs, NID_basic_constraints, NULL, NULL);
        CLAIM(basic == NULL || !read->is_ca || basic->ca != 0, "a CA");
        BASIC_CONSTRAINTS_free(basic);
    } else {
        CLAIM(!read->is_ca ||
                  X509_get_ext_by_NID(theirs, NID_basic_constraints, -1) >= 0,
              "a CA without basicConstraints");
    }
    id = X509_get0_subject_key_id(theirs);
    if (id != NULL && has_one(theirs, NID_subject_key_identifier))
        CLAIM(span_is(der, read->ski, ASN1_STRING_get0_data(id),
                      (size_t)ASN1_STRING_length(id)),
              "the subject's key identifier");
    id = X509_get0_authority_key_id(theirs);
    if (id != NULL && has_one(theirs, NID_authority_key_identifier))
        CLAIM(span_is(der, read->aki, ASN1_STRING_get0_data(id),
                      (size_t)ASN1_STRING_length(id)),
              "the issuer's key identifier");
}

/* The last common name, where the reader gives one. */
static void claim_common_name(const char *cn, const X509_NAME *name)
{
    int at = -1, last = -1;
    const ASN1_STRING *value;

    while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
        last = at;
    if (cn[0] == '\0')
        return;
    CLAIM(last >= 0, "'%s' without a common name", cn);
    value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
    CLAIM((size_t)ASN1_STRING_length(value) == strlen(cn) &&
              memcmp(ASN1_STRING_get0_data(value), cn, strlen(cn)) == 0,
          "the common name '%s'", cn);
    claim_line(cn);
}

static void claim_same(const unsigned char *der, size_t size,
                       const struct rds_certificate *read)
{
    const unsigned char *at = der;
    X509 *theirs = d2i_X509(NULL, &at, (long)size);
    int64_t from, until;

    ERR_clear_error();
    if (theirs != NULL && at == der + size) {
        claim_names(der, read, theirs);
        claim_extensions(der, read, theirs);
        claim_common_name(read->subject_cn, X509_get_subject_name(theirs));
        claim_common_name(read->issuer_cn, X509_get_issuer_name(theirs));
        from = seconds_of(X509_get0_notBefore(theirs));
        until = seconds_of(X509_get0_notAfter(theirs));
        CLAIM(from == read->not_before && until == read->not_after,
              "valid from %lld to %lld, not from %lld to %lld",
              (long long)read->not_before, (long long)read->not_after,
              (long long)from, (long long)until);
    }
    X509_free(theirs);
    ERR_clear_error();
}

static void claim_described(const unsigned char *der,
                            const struct rds_anchor *anchor,
                            const struct rds_certificate *read, size_t size)
{
    const char *region = anchor->region;
    char date[RDS_DATE_MAX];

    reached();
    CLAIM(read->is_ca, "an anchor that is no CA");
    CLAIM(anchor->der_size == size && anchor->der_at == 7, "size and place");
    CLAIM(anchor->partition < RDS_PARTITIONS &&
              anchor->family < RDS_FAMILIES && anchor->role < RDS_ROLES &&
              anchor->stage < RDS_STAGES,
          "a value out of range");
    CLAIM(region[0] == '\0' || rds_region_shape(region, strlen(region)),
          "the region '%s'", region);
    CLAIM(region[0] == '\0' ||
              anchor->partition ==
                  (uint8_t)rds_region_partition(region, strlen(region)),
          "the partition of '%s'", region);
    CLAIM(strspn(anchor->ca, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
                  strlen(anchor->ca) &&
              anchor->ca[0] != '\0',
          "the CA identifier '%s'", anchor->ca);
    CLAIM(memchr(anchor->alias, '\0', sizeof(anchor->alias)) != NULL,
          "an alias without an end");
    claim_line(anchor->alias);
    CLAIM((anchor->role == RDS_ROLE_ROOT) ==
              (read->subject.size == read->issuer.size &&
               memcmp(der + read->subject.at, der + read->issuer.at,
                      read->subject.size) == 0),
          "the role of '%s'", read->subject_cn);
    CLAIM(anchor->role != RDS_ROLE_ROOT ||
              rds_name_may_be_root(der + read->subject.at, read->subject.size),
          "a root by the name '%s'", read->subject_cn);
    CLAIM(anchor->subject_key != 0 && anchor->issuer_key != 0, "no key");
    claim_line(rds_date_write(date, anchor->not_after));
    CLAIM(strlen(date) == 10, "the date '%s'", date);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char sha256[RDS_SHA256_SIZE];
    struct rds_certificate read;
    struct rds_anchor anchor;
    struct rds_error err;
    bool good = rds_certificate_read(data, size, &read, &err);

    if (good) {
        claim_spans(&read, size);
        claim_same(data, size, &read);
    } else {
        claim_error(&err);
    }
    if (rds_anchor_describe(&anchor, data, size, sha256, 7, &err)) {
        CLAIM(good, "an anchor that cannot be read");
        claim_described(data, &anchor, &read, size);
    } else {
        claim_error(&err);
    }
    return 0;
}
