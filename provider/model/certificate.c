/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate's own words, read in place (RFC 5280, 4.1).  Refuses to judge
 * them, and refuses any frame that is not exactly one certificate.
 */

#include "rds/certificate.h"

#include <stdio.h>
#include <string.h>

static const unsigned char oid_common_name[] = {0x55, 0x04, 0x03};
static const unsigned char oid_subject_key_id[] = {0x55, 0x1d, 0x0e};
static const unsigned char oid_authority_key_id[] = {0x55, 0x1d, 0x23};
static const unsigned char oid_basic_constraints[] = {0x55, 0x1d, 0x13};

/* Days from 1970-01-01 to the first day of a month, Gregorian. */
static int64_t days_before(int64_t year, int64_t month)
{
    static const int cumulated[] = {0,   31,  59,  90,  120, 151,
                                    181, 212, 243, 273, 304, 334};
    int64_t leap_years = month > 2 ? year : year - 1;

    return 365 * (year - 1970) + (leap_years / 4 - 1969 / 4) -
           (leap_years / 100 - 1969 / 100) + (leap_years / 400 - 1969 / 400) +
           cumulated[month - 1];
}

static int days_in_month(int64_t year, int64_t month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2)
        return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool read_digits(struct rds_der *in, size_t count, int64_t *value)
{
    *value = 0;
    if (in->left < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (in->at[i] < '0' || in->at[i] > '9')
            return false;
        *value = *value * 10 + (in->at[i] - '0');
    }
    in->at += count;
    in->left -= count;
    return true;
}

bool rds_time_read(unsigned char tag, const struct rds_der *content,
                   int64_t *seconds)
{
    struct rds_der in = *content;
    int64_t year, month, day, hour, minute, second;

    if (tag != RDS_DER_UTC_TIME && tag != RDS_DER_GENERALIZED_TIME)
        return false;
    if (!read_digits(&in, tag == RDS_DER_UTC_TIME ? 2 : 4, &year) ||
        !read_digits(&in, 2, &month) || !read_digits(&in, 2, &day) ||
        !read_digits(&in, 2, &hour) || !read_digits(&in, 2, &minute) ||
        !read_digits(&in, 2, &second) || !rds_der_equals(&in, "Z", 1))
        return false;
    if (tag == RDS_DER_UTC_TIME)
        year += year < 50 ? 2000 : 1900;
    if (year < 1950 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    *seconds = (days_before(year, month) + day - 1) * 86400 + hour * 3600 +
               minute * 60 + second;
    return true;
}

const char *rds_date_write(char out[RDS_DATE_MAX], int64_t seconds)
{
    int64_t days = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
    int64_t year = 1970 + days / 366, month = 1;

    if (days < 0)
        year = 1950;
    while (year < 9999 && days_before(year + 1, 1) <= days)
        year++;
    while (month < 12 && days_before(year, month + 1) <= days)
        month++;
    days -= days_before(year, month);
    (void)snprintf(out, RDS_DATE_MAX, "%04u-%02u-%02u", (unsigned)year % 10000,
                   (unsigned)month % 100, (unsigned)(days + 1) % 100);
    return out;
}

/* Takes an attribute, should it be a common name: short printable ASCII. */
static void take_attribute(struct rds_der attribute, char out[RDS_CN_MAX + 1])
{
    struct rds_der oid, value;
    unsigned char tag;

    if (!rds_der_expect(&attribute, RDS_DER_OID, &oid) ||
        !rds_der_next(&attribute, &tag, &value) ||
        !rds_der_equals(&oid, oid_common_name, sizeof(oid_common_name)))
        return;
    out[0] = '\0';
    if (value.left > RDS_CN_MAX ||
        (tag != RDS_DER_UTF8_STRING && tag != RDS_DER_PRINTABLE_STRING))
        return;
    for (size_t i = 0; i < value.left; i++) {
        if (value.at[i] < ' ' || value.at[i] > '~') {
            out[0] = '\0';
            break;
        }
        out[i] = (char)value.at[i];
        out[i + 1] = '\0';
    }
}

/* The last common name; a SET may hold several. */
static void read_common_name(struct rds_der name, char out[RDS_CN_MAX + 1])
{
    struct rds_der set, attribute;

    out[0] = '\0';
    while (rds_der_expect(&name, RDS_DER_SET, &set)) {
        while (rds_der_expect(&set, RDS_DER_SEQUENCE, &attribute))
            take_attribute(attribute, out);
    }
}

/* Reads a Name: its place with head, its common name. */
static bool read_name(struct rds_der *in, const unsigned char *der,
                      struct rds_span *span, char cn[RDS_CN_MAX + 1])
{
    const unsigned char *start = in->at;
    struct rds_der name;

    if (!rds_der_expect(in, RDS_DER_SEQUENCE, &name))
        return false;
    span->at = (uint16_t)(start - der);
    span->size = (uint16_t)(in->at - start);
    read_common_name(name, cn);
    return true;
}

static bool read_validity(struct rds_der *in, struct rds_certificate *out)
{
    struct rds_der validity, from, until;
    unsigned char from_tag, until_tag;

    return rds_der_expect(in, RDS_DER_SEQUENCE, &validity) &&
           rds_der_next(&validity, &from_tag, &from) &&
           rds_der_next(&validity, &until_tag, &until) && validity.left == 0 &&
           rds_time_read(from_tag, &from, &out->not_before) &&
           rds_time_read(until_tag, &until, &out->not_after);
}

static struct rds_span span_of(const struct rds_der *content,
                               const unsigned char *der)
{
    struct rds_span span = {(uint16_t)(content->at - der),
                            (uint16_t)content->left};

    return span;
}

/* The one extension: sets what we keep of it.  False: malformed. */
static bool read_extension_value(const struct rds_der *oid,
                                 struct rds_der value,
                                 const unsigned char *der,
                                 struct rds_certificate *out)
{
    struct rds_der inner, id;

    if (rds_der_equals(oid, oid_subject_key_id, sizeof(oid_subject_key_id))) {
        if (!rds_der_expect(&value, RDS_DER_OCTET_STRING, &id))
            return false;
        out->ski = span_of(&id, der);
    } else if (rds_der_equals(oid, oid_authority_key_id,
                              sizeof(oid_authority_key_id))) {
        if (!rds_der_expect(&value, RDS_DER_SEQUENCE, &inner))
            return false;
        if (rds_der_expect(&inner, RDS_DER_CONTEXT(0), &id))
            out->aki = span_of(&id, der);
    } else if (rds_der_equals(oid, oid_basic_constraints,
                              sizeof(oid_basic_constraints))) {
        if (!rds_der_expect(&value, RDS_DER_SEQUENCE, &inner))
            return false;
        out->is_ca = rds_der_expect(&inner, RDS_DER_BOOLEAN, &id) &&
                     rds_der_equals(&id, "\xff", 1);
    }
    return true;
}

static bool read_extensions(struct rds_der *in, const unsigned char *der,
                            struct rds_certificate *out)
{
    struct rds_der wrapped, list, extension, oid, value;

    if (!rds_der_expect(in, RDS_DER_CONTEXT_CONSTRUCTED(3), &wrapped))
        return in->left == 0;
    if (!rds_der_expect(&wrapped, RDS_DER_SEQUENCE, &list) ||
        wrapped.left != 0 || in->left != 0)
        return false;
    while (list.left != 0) {
        if (!rds_der_expect(&list, RDS_DER_SEQUENCE, &extension) ||
            !rds_der_expect(&extension, RDS_DER_OID, &oid))
            return false;
        rds_der_skip(&extension, RDS_DER_BOOLEAN);
        if (!rds_der_expect(&extension, RDS_DER_OCTET_STRING, &value) ||
            extension.left != 0 ||
            !read_extension_value(&oid, value, der, out))
            return false;
    }
    return true;
}

static bool read_tbs(struct rds_der in, const unsigned char *der,
                     struct rds_certificate *out)
{
    struct rds_der skipped, serial;

    rds_der_skip(&in, RDS_DER_CONTEXT_CONSTRUCTED(0));
    if (!rds_der_expect(&in, RDS_DER_INTEGER, &serial))
        return false;
    out->serial = span_of(&serial, der);
    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &skipped) || /* signature */
        !read_name(&in, der, &out->issuer, out->issuer_cn) ||
        !read_validity(&in, out) ||
        !read_name(&in, der, &out->subject, out->subject_cn) ||
        !rds_der_expect(&in, RDS_DER_SEQUENCE, &skipped)) /* key */
        return false;
    rds_der_skip(&in, RDS_DER_CONTEXT(1));
    rds_der_skip(&in, RDS_DER_CONTEXT(2));
    return read_extensions(&in, der, out);
}

bool rds_certificate_read(const unsigned char *der, size_t size,
                          struct rds_certificate *out, struct rds_error *err)
{
    struct rds_der in = {der, size}, certificate, tbs, skipped;

    memset(out, 0, sizeof(*out));
    if (size > RDS_CERTIFICATE_MAX)
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "certificate of %zu bytes; at most %d are read", size,
                        RDS_CERTIFICATE_MAX);
    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &certificate) || in.left != 0 ||
        !rds_der_expect(&certificate, RDS_DER_SEQUENCE, &tbs) ||
        !rds_der_expect(&certificate, RDS_DER_SEQUENCE, &skipped) ||
        !rds_der_expect(&certificate, RDS_DER_BIT_STRING, &skipped) ||
        certificate.left != 0 || !read_tbs(tbs, der, out))
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "not an X.509 certificate in DER");
    return true;
}
