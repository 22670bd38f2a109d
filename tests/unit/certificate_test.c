/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/certificate.h: dates are those of the Gregorian calendar and
 * in RFC 5280's forms; every built-in certificate reads as libcrypto reads
 * it; a certificate cut or changed at any byte is never read outside its
 * bytes, and what is told of it lies within it.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rds/builtin.h"
#include "rds/certificate.h"

/* ---- dates -------------------------------------------------------------- */

#define UTC RDS_DER_UTC_TIME
#define GENERAL RDS_DER_GENERALIZED_TIME
#define REFUSED INT64_MIN

static const struct {
    unsigned char tag;
    const char *text;
    int64_t seconds;
} times[] = {
    {UTC, "700101000000Z", 0},
    {UTC, "700101000001Z", 1},
    {UTC, "691231235959Z", -1},
    {UTC, "500101000000Z", -631152000},
    {UTC, "491231235959Z", 2524607999},
    {UTC, "000101000000Z", 946684800},
    {UTC, "000229000000Z", 951782400},
    {UTC, "240229120000Z", 1709208000},
    {UTC, "240822170850Z", 1724346530},
    {UTC, "991231235959Z", 946684799},
    {GENERAL, "20500101000000Z", 2524608000},
    {GENERAL, "20610519202416Z", 2883759856},
    {GENERAL, "21000228235959Z", 4107542399},
    {GENERAL, "21210519202416Z", 4777129456},
    {GENERAL, "24000229000000Z", 13574563200},
    {GENERAL, "99991231235959Z", 253402300799},
    {GENERAL, "20380119031408Z", 2147483648},
    {UTC, "010229000000Z", REFUSED},
    {UTC, "230229000000Z", REFUSED},
    {GENERAL, "21000229000000Z", REFUSED},
    {GENERAL, "19000101000000Z", REFUSED},
    {GENERAL, "00000101000000Z", REFUSED},
    {UTC, "240001000000Z", REFUSED},
    {UTC, "241301000000Z", REFUSED},
    {UTC, "240100000000Z", REFUSED},
    {UTC, "240132000000Z", REFUSED},
    {UTC, "240431000000Z", REFUSED},
    {UTC, "240631000000Z", REFUSED},
    {UTC, "240931000000Z", REFUSED},
    {UTC, "241131000000Z", REFUSED},
    {UTC, "240101240000Z", REFUSED},
    {UTC, "240101006000Z", REFUSED},
    {UTC, "240101000060Z", REFUSED},
    {UTC, "", REFUSED},
    {UTC, "Z", REFUSED},
    {UTC, "2401010000Z", REFUSED},
    {UTC, "240101000000", REFUSED},
    {UTC, "240101000000z", REFUSED},
    {UTC, "240101000000ZZ", REFUSED},
    {UTC, "240101000000+0000", REFUSED},
    {UTC, "24010100000 Z", REFUSED},
    {UTC, "-40101000000Z", REFUSED},
    {UTC, "2401010000/0Z", REFUSED},
    {UTC, "2401010000:0Z", REFUSED},
    {UTC, "20240101000000Z", REFUSED},
    {GENERAL, "240101000000Z", REFUSED},
    {GENERAL, "20500101000000", REFUSED},
    {GENERAL, "205001010000Z", REFUSED},
    {GENERAL, "20500101000000.5Z", REFUSED},
    {GENERAL, "20500101000000+0000", REFUSED},
    {GENERAL, "120500101000000Z", REFUSED},
    {RDS_DER_PRINTABLE_STRING, "240101000000Z", REFUSED},
    {0, "240101000000Z", REFUSED},
};

static void test_times(void)
{
    for (size_t i = 0; i < COUNT(times); i++) {
        size_t size = strlen(times[i].text);
        unsigned char *exact = exact_copy(times[i].text, size);
        struct rds_der content = {exact, size};
        int64_t seconds = REFUSED;

        if (!rds_time_read(times[i].tag, &content, &seconds))
            seconds = REFUSED;
        CHECK_NUMBER(seconds, times[i].seconds, "tag %u '%s'", times[i].tag,
                     times[i].text);
        free(exact);
    }
}

/*
 * Every day from 1950 to 2200, forth and back, against the C library; to 2037
 * where that cannot count further.
 */
static void test_dates(void)
{
    const bool narrow = sizeof(time_t) < sizeof(int64_t);
    const int64_t end = narrow ? day(2038, 1, 1) : day(2201, 1, 1);
    struct rds_der content = {NULL, 15};
    char out[RDS_DATE_MAX], wanted[32], general[32];
    size_t wrong = 0, count = 0;

    for (int64_t at = day(1950, 1, 1); at < end; at += 86400) {
        time_t seconds = (time_t)at + 86399;
        int64_t read = 0;
        struct tm tm;

        NEED(gmtime_r(&seconds, &tm) != NULL);
        (void)strftime(wanted, sizeof(wanted), "%Y-%m-%d", &tm);
        (void)strftime(general, sizeof(general), "%Y%m%d%H%M%SZ", &tm);
        content.at = (const unsigned char *)general;
        if (strcmp(rds_date_write(out, at), wanted) != 0 ||
            strcmp(rds_date_write(out, seconds), wanted) != 0 ||
            !rds_time_read(GENERAL, &content, &read) || read != seconds) {
            if (wrong++ == 0)
                CHECK(false, "%s", wanted);
        }
        count++;
    }
    CHECK_NUMBER(count, narrow ? 32142 : 91676, "days");
    CHECK_NUMBER(wrong, 0, "wrong days");
    CHECK_TEXT(rds_date_write(out, day(2026, 11, 23)), "2026-11-23", "date");
    CHECK_TEXT(rds_date_write(out, 253402300799), "9999-12-31", "the last");
    CHECK_TEXT(rds_date_write(out, day(9999, 1, 1)), "9999-01-01", "9999");
    CHECK_TEXT(rds_date_write(out, day(2400, 2, 29)), "2400-02-29", "2400");
}

/* ---- against libcrypto -------------------------------------------------- */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;

    NEED(ASN1_TIME_to_tm(time, &tm) == 1);
    return day(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) +
           tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

static bool same_bytes(const unsigned char *der, struct rds_span span,
                       const unsigned char *bytes, long size)
{
    return size >= 0 && span.size == (size_t)size &&
           (size == 0 || memcmp(der + span.at, bytes, (size_t)size) == 0);
}

static bool same_name(const unsigned char *der, struct rds_span span,
                      const X509_NAME *name)
{
    unsigned char *bytes = NULL;
    int size = i2d_X509_NAME(name, &bytes);
    bool same = same_bytes(der, span, bytes, size);

    OPENSSL_free(bytes);
    return same;
}

static bool same_string(const unsigned char *der, struct rds_span span,
                        const ASN1_OCTET_STRING *string)
{
    if (string == NULL)
        return span.size == 0;
    return same_bytes(der, span, ASN1_STRING_get0_data(string),
                      ASN1_STRING_length(string));
}

static bool same_serial(const unsigned char *der, struct rds_span span,
                        const ASN1_INTEGER *serial)
{
    unsigned char *bytes = NULL;
    int size = i2d_ASN1_INTEGER(serial, &bytes);
    bool same = size > 2 && same_bytes(der, span, bytes + 2, size - 2);

    OPENSSL_free(bytes);
    return same;
}

static void compare(const char *row, const unsigned char *der, size_t size)
{
    const unsigned char *at = der;
    X509 *x = d2i_X509(NULL, &at, (long)size);
    struct rds_certificate c;
    struct rds_error err = {RDS_R_NONE, ""};
    char cn[128];

    NEED(x != NULL);
    if (!CHECK(rds_certificate_read(der, size, &c, &err), "%s", row))
        goto done;
    CHECK_NUMBER(err.reason, RDS_R_NONE, "%s: error untouched", row);
    CHECK(same_serial(der, c.serial, X509_get0_serialNumber(x)), "%s", row);
    CHECK(same_name(der, c.issuer, X509_get_issuer_name(x)), "%s", row);
    CHECK(same_name(der, c.subject, X509_get_subject_name(x)), "%s", row);
    CHECK(same_string(der, c.ski, X509_get0_subject_key_id(x)), "%s", row);
    CHECK(same_string(der, c.aki, X509_get0_authority_key_id(x)), "%s", row);
    CHECK_NUMBER(c.not_before, seconds_of(X509_get0_notBefore(x)), "%s", row);
    CHECK_NUMBER(c.not_after, seconds_of(X509_get0_notAfter(x)), "%s", row);
    common_name(X509_get_subject_name(x), cn, sizeof(cn));
    CHECK_TEXT(c.subject_cn, cn, "%s: subject", row);
    common_name(X509_get_issuer_name(x), cn, sizeof(cn));
    CHECK_TEXT(c.issuer_cn, cn, "%s: issuer", row);
    CHECK_NUMBER(c.is_ca, X509_check_ca(x) == 1, "%s: CA", row);
done:
    X509_free(x);
}

static void test_builtin(void)
{
    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];
        unsigned char *exact = exact_copy(builtin_der(a), a->der_size);

        compare(a->alias, exact, a->der_size);
        free(exact);
    }
}

static void test_made(void)
{
    static const struct {
        const char *row;
        struct recipe recipe;
    } rows[] = {
        {"root", {.cn = "Amazon RDS x"}},
        {"no CA", {.cn = "leaf", .issuer = "Amazon RDS x", .no_ca = true}},
        {"no common name", {.cn = ""}},
        {"64 letters",
         {.cn = "abcdefghijklmnopabcdefghijklmnopabcdefghijklmnop"
                "abcdefghijklmnop"}},
        {"key identifiers", {.cn = "a", .ski = "subject", .aki = "authority"}},
        {"until 2049", {.cn = "a", .from = 946684800, .until = 2524607999LL}},
        {"until 2050",
         {.cn = "a", .from = 2524607999LL, .until = 2524608000LL}},
    };
    struct made made;

    for (size_t i = 0; i < COUNT(rows); i++) {
        make_certificate(&made, &rows[i].recipe);
        compare(rows[i].row, made.der, made.size);
    }
}

/* Appends bytes to a certificate that is put together by hand. */
static size_t put(unsigned char *der, size_t at, const char *hex)
{
    return at + unhex(hex, der + at, 64);
}

/* A certificate with this subject and issuer, and this behind the key. */
static size_t assemble_with(unsigned char der[256], const char *name_hex,
                            const char *behind_hex)
{
    size_t size = 4; /* room for the two heads */

    size = put(der, size, "02 01 07 30 00");
    size = put(der, size, name_hex);
    size = put(der, size,
               "30 1e 17 0d 32 31 30 31 30 31 30 30 30 30 30 30 5a"
               "17 0d 33 31 30 31 30 31 30 30 30 30 30 30 5a");
    size = put(der, size, name_hex);
    size = put(der, size, "30 00"); /* the key */
    size = put(der, size, behind_hex);
    der[0] = der[2] = RDS_DER_SEQUENCE;
    der[3] = (unsigned char)(size - 4);
    size = put(der, size, "30 00 03 00"); /* algorithm and signature */
    der[1] = (unsigned char)(size - 2);
    NEED(size - 2 < 128);
    return size;
}

static size_t assemble(unsigned char der[256], const char *name_hex)
{
    return assemble_with(der, name_hex, "");
}

/* An attribute that is a common name of two letters, or a unit. */
#define ATTRIBUTE(value) "30 09 06 03 55 04 03 " value
#define UNIT "30 09 06 03 55 04 0b 0c 02 55 55"

/* Of several common names the last counts; one that is not ASCII is none. */
static void test_common_name(void)
{
    static const struct {
        const char *row;
        const char *hex;
        const char *cn;
    } rows[] = {
        {"UTF-8, ASCII", "30 0d 31 0b" ATTRIBUTE("0c 02 41 42"), "AB"},
        {"printable", "30 0d 31 0b" ATTRIBUTE("13 02 41 42"), "AB"},
        {"UTF-8, umlaut", "30 0d 31 0b" ATTRIBUTE("0c 02 c3 a4"), ""},
        {"NUL behind", "30 0d 31 0b" ATTRIBUTE("0c 02 41 00"), ""},
        {"NUL before", "30 0d 31 0b" ATTRIBUTE("0c 02 00 41"), ""},
        {"control", "30 0d 31 0b" ATTRIBUTE("0c 02 41 0a"), ""},
        {"two bytes a letter", "30 0d 31 0b" ATTRIBUTE("1e 02 00 41"), ""},
        {"two sets",
         "30 1a 31 0b" ATTRIBUTE("0c 02 41 42") "31 0b" ATTRIBUTE(
             "0c 02 43 44"),
         "CD"},
        {"two in a set",
         "30 18 31 16" ATTRIBUTE("0c 02 41 42") ATTRIBUTE("0c 02 43 44"),
         "CD"},
        {"two in a set, the last not ASCII",
         "30 18 31 16" ATTRIBUTE("0c 02 41 42") ATTRIBUTE("0c 02 c3 a4"), ""},
        {"a unit before it in the set",
         "30 18 31 16" UNIT ATTRIBUTE("0c 02 41 42"), "AB"},
        {"a unit behind it in the set",
         "30 18 31 16" ATTRIBUTE("0c 02 41 42") UNIT, "AB"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned char der[256], *exact;
        size_t size = assemble(der, rows[i].hex);
        struct rds_certificate c;

        exact = exact_copy(der, size);
        if (CHECK(rds_certificate_read(exact, size, &c, NULL), "%s",
                  rows[i].row)) {
            CHECK_TEXT(c.subject_cn, rows[i].cn, "%s", rows[i].row);
            CHECK_TEXT(c.issuer_cn, rows[i].cn, "%s", rows[i].row);
            CHECK(!c.is_ca, "%s", rows[i].row);
        }
        free(exact);
    }
}

/* Encodes a certificate whose common name is longer than libcrypto's writer
 * allows. */
static size_t encode_with(unsigned char *der, const char *cn)
{
    X509_NAME *name = X509_NAME_new();
    const unsigned char *at;
    struct made made;
    X509 *x;

    make_root(&made, "replaced");
    at = made.der;
    x = d2i_X509(NULL, &at, (long)made.size);
    NEED(x != NULL && name != NULL &&
         X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                    (const unsigned char *)cn, -1, -1,
                                    0) == 1 &&
         X509_set_subject_name(x, name) == 1 && i2d_re_X509_tbs(x, NULL) > 0);
    made.size = (size_t)i2d_X509(x, &der);
    X509_NAME_free(name);
    X509_free(x);
    return made.size;
}

/* Where a common name is longer than any, there is none. */
static void test_long_common_name(void)
{
    char cn[2 * RDS_CN_MAX];

    for (size_t letters = RDS_CN_MAX - 1; letters <= RDS_CN_MAX + 1;
         letters++) {
        unsigned char der[1024];
        struct rds_certificate c;
        size_t size;

        memset(cn, 'a', letters);
        cn[letters] = '\0';
        size = encode_with(der, cn);
        if (CHECK(rds_certificate_read(der, size, &c, NULL), "%zu letters",
                  letters))
            CHECK_TEXT(c.subject_cn, letters <= RDS_CN_MAX ? cn : "",
                       "%zu letters", letters);
    }
}

/* Something behind the list of extensions, or behind what wraps it. */
static void test_behind_extensions(void)
{
    static const struct {
        const char *row;
        const char *hex;
        bool good;
    } rows[] = {
        {"none", "", true},
        {"an empty list", "a3 02 30 00", true},
        {"something behind the list", "a3 04 30 00 05 00", false},
        {"something behind the wrapping", "a3 02 30 00 05 00", false},
        {"no list", "a3 02 05 00", false},
        {"nothing in the wrapping", "a3 00", false},
        {"something else", "05 00", false},
        {"an extension that is none", "a3 04 30 02 05 00", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned char der[256], *exact;
        struct rds_error err = {RDS_R_NONE, ""};
        struct rds_certificate c;
        size_t size;

        size = assemble_with(der, "30 0d 31 0b" ATTRIBUTE("0c 02 41 42"),
                             rows[i].hex);
        exact = exact_copy(der, size);
        CHECK_NUMBER(rds_certificate_read(exact, size, &c, &err), rows[i].good,
                     "%s", rows[i].row);
        if (!rows[i].good)
            CHECK_TEXT(err.text, "not an X.509 certificate in DER", "%s",
                       rows[i].row);
        free(exact);
    }
}

/* ---- damage ------------------------------------------------------------- */

static bool inside(struct rds_span span, size_t size)
{
    return (size_t)span.at + span.size <= size;
}

/* Reads, and tells whether all that is told of it makes sense. */
static bool sane(const unsigned char *der, size_t size, bool *taken)
{
    struct rds_certificate c;
    struct rds_anchor anchor;
    unsigned char sha256[RDS_SHA256_SIZE] = {0};

    *taken = rds_certificate_read(der, size, &c, NULL);
    (void)!rds_anchor_describe(&anchor, der, size, sha256, 0, NULL);
    return !*taken ||
           (inside(c.serial, size) && inside(c.issuer, size) &&
            inside(c.subject, size) && inside(c.ski, size) &&
            inside(c.aki, size) && c.not_before >= day(1950, 1, 1) &&
            c.not_after <= 253402300799 &&
            memchr(c.subject_cn, 0, sizeof(c.subject_cn)) != NULL &&
            memchr(c.issuer_cn, 0, sizeof(c.issuer_cn)) != NULL);
}

/* One of each kind of anchor. */
static const char *const samples[] = {
    "rds-ca-2010",
    "rds-ca-2015-us-west-2",
    "rds-ca-2019-root",
    "us-west-2-rds-ca-rsa4096-g1",
    "us-west-2-rds-ca-ecc384-g1",
    "starfield-services-root-g2",
};

static void test_cut(void)
{
    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct rds_anchor *a = builtin(samples[i]);
        size_t taken = 0, insane = 0;
        unsigned char *exact;
        bool good;

        for (size_t size = 0; size < a->der_size; size++) {
            exact = exact_copy(builtin_der(a), size);
            insane += sane(exact, size, &good) ? 0 : 1;
            taken += good ? 1 : 0;
            free(exact);
        }
        CHECK_NUMBER(taken, 0, "%s: cut ones taken", a->alias);
        CHECK_NUMBER(insane, 0, "%s", a->alias);
        exact = longer_copy(builtin_der(a), a->der_size);
        CHECK(sane(exact, a->der_size + 1u, &good) && !good,
              "%s: a byte behind", a->alias);
        free(exact);
    }
}

static void test_flipped(void)
{
    static const unsigned char flips[] = {0x01, 0x02, 0x04, 0x08, 0x10,
                                          0x20, 0x40, 0x80, 0xff};

    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct rds_anchor *a = builtin(samples[i]);
        unsigned char *exact = exact_copy(builtin_der(a), a->der_size);
        size_t insane = 0, refused = 0;
        bool good;

        for (size_t at = 0; at < a->der_size; at++) {
            for (size_t flip = 0; flip < COUNT(flips); flip++) {
                exact[at] ^= flips[flip];
                insane += sane(exact, a->der_size, &good) ? 0 : 1;
                refused += good ? 0 : 1;
                exact[at] ^= flips[flip];
            }
        }
        CHECK_NUMBER(insane, 0, "%s", a->alias);
        CHECK(refused > 100, "%s: damage to the frame is seen", a->alias);
        free(exact);
    }
}

static void test_size(void)
{
    unsigned char *bytes = calloc(RDS_CERTIFICATE_MAX + 1, 1);
    struct rds_error err = {RDS_R_NONE, ""};
    struct rds_certificate c;

    NEED(bytes != NULL);
    CHECK(!rds_certificate_read(bytes, RDS_CERTIFICATE_MAX + 1, &c, &err),
          "too large");
    CHECK_NUMBER(err.reason, RDS_R_BAD_CERTIFICATE, "reason");
    CHECK_TEXT(err.text, "certificate of 16385 bytes; at most 16384 are read",
               "text");
    CHECK(!rds_certificate_read(bytes, 0, &c, &err), "empty");
    CHECK_TEXT(err.text, "not an X.509 certificate in DER", "text");
    free(bytes);
}

CU_TestInfo certificate_tests[] = {
    {"times and what is none", test_times},
    {"every day, forth and back", test_dates},
    {"built-in ones read as libcrypto reads them", test_builtin},
    {"made ones read as libcrypto reads them", test_made},
    {"common names", test_common_name},
    {"long common names", test_long_common_name},
    {"behind the extensions", test_behind_extensions},
    {"cut at every byte", test_cut},
    {"changed at every byte", test_flipped},
    {"sizes", test_size},
    CU_TEST_INFO_NULL,
};
