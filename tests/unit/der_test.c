/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/der.h: the reader takes one value after the other, refuses
 * what DER does not have, leaves its input alone where it refuses, and reads
 * nothing beyond the bytes given; names that libcrypto calls equal have the
 * same key, and what is no Name has none.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "rds/builtin.h"
#include "rds/der.h"

/* ---- one value ---------------------------------------------------------- */

/* Long values, to which bytes of zero are added. */
static const struct {
    const char *row;
    const char *hex;
    size_t zeros;
    bool good;
    unsigned char tag;
    size_t content;
    size_t left;
} values[] = {
    {"nothing", "", 0, false, 0, 0, 0},
    {"a tag only", "30", 0, false, 0, 0, 0},
    {"empty sequence", "30 00", 0, true, 0x30, 0, 0},
    {"integer", "02 01 05", 0, true, 0x02, 1, 0},
    {"integer, more behind", "02 01 05 02 01", 0, true, 0x02, 1, 2},
    {"content one short", "02 02 05", 0, false, 0, 0, 0},
    {"short form, longest", "04 7f", 127, true, 0x04, 127, 0},
    {"short form, one short", "04 7f", 126, false, 0, 0, 0},
    {"long form, 128", "04 81 80", 128, true, 0x04, 128, 0},
    {"long form, one short", "04 81 80", 127, false, 0, 0, 0},
    {"long form, 255", "04 81 ff", 256, true, 0x04, 255, 1},
    {"long form, 256", "04 82 01 00", 256, true, 0x04, 256, 0},
    {"long form, 65536", "04 83 01 00 00", 65536, true, 0x04, 65536, 0},
    {"long form of 127", "04 81 7f", 127, false, 0, 0, 0},
    {"long form of 0", "04 81 00", 4, false, 0, 0, 0},
    {"leading zero", "04 82 00 80", 128, false, 0, 0, 0},
    {"leading zeros", "04 84 00 00 01 00", 256, false, 0, 0, 0},
    {"length cut", "04 82 01", 0, false, 0, 0, 0},
    {"length absent", "04 82", 0, false, 0, 0, 0},
    {"4 GB", "04 84 ff ff ff ff", 16, false, 0, 0, 0},
    {"length of 8 octets", "04 88 ff ff ff ff ff ff ff ff", 16, false, 0, 0,
     0},
    {"length of 126 octets", "04 fe", 200, false, 0, 0, 0},
    {"length 0xff", "04 ff", 200, false, 0, 0, 0},
    {"indefinite", "30 80 02 01 05 00 00", 0, false, 0, 0, 0},
    {"multi-byte tag", "1f 01 00", 0, false, 0, 0, 0},
    {"multi-byte tag, context", "bf 81 01 00", 0, false, 0, 0, 0},
    {"context 3", "a3 02 05 00", 0, true, 0xa3, 2, 0},
};

static void test_next(void)
{
    unsigned char bytes[32];

    for (size_t i = 0; i < COUNT(values); i++) {
        size_t head = unhex(values[i].hex, bytes, sizeof(bytes));
        size_t size = head + values[i].zeros;
        unsigned char *copy = calloc(size + 1, 1), *exact, tag = 0;
        struct rds_der in, content = {NULL, 0};
        bool good;

        NEED(copy != NULL);
        memcpy(copy, bytes, head);
        exact = exact_copy(copy, size);
        in = (struct rds_der){exact, size};
        good = rds_der_next(&in, &tag, &content);
        CHECK_NUMBER(good, values[i].good, "%s", values[i].row);
        if (good) {
            CHECK_NUMBER(tag, values[i].tag, "%s", values[i].row);
            CHECK_NUMBER(content.left, values[i].content, "%s", values[i].row);
            CHECK_NUMBER(in.left, values[i].left, "%s", values[i].row);
            CHECK(in.at == exact + size - in.left, "%s", values[i].row);
            CHECK(content.at == in.at - content.left, "%s", values[i].row);
        } else {
            CHECK(in.at == exact && in.left == size, "%s", values[i].row);
        }
        free(exact);
        free(copy);
    }
}

static void test_expect(void)
{
    static const unsigned char bytes[] = {0x02, 0x01, 0x05, 0x04, 0x00};
    struct rds_der in = {bytes, sizeof(bytes)}, content;

    CHECK(!rds_der_expect(&in, RDS_DER_OCTET_STRING, &content), "wrong tag");
    CHECK(in.at == bytes && in.left == 5, "unchanged");
    rds_der_skip(&in, RDS_DER_OCTET_STRING);
    CHECK(in.at == bytes && in.left == 5, "nothing to skip");
    CHECK(rds_der_expect(&in, RDS_DER_INTEGER, &content), "right tag");
    CHECK(rds_der_equals(&content, "\x05", 1), "content");
    CHECK(!rds_der_equals(&content, "\x05\x00", 2), "longer");
    CHECK(!rds_der_equals(&content, "\x06", 1), "other");
    rds_der_skip(&in, RDS_DER_OCTET_STRING);
    CHECK_NUMBER(in.left, 0, "skipped");
    CHECK(!rds_der_expect(&in, RDS_DER_OCTET_STRING, &content), "end");
    rds_der_skip(&in, RDS_DER_OCTET_STRING);
    CHECK_NUMBER(in.left, 0, "nothing more to skip");
}

/* ---- the key of a name -------------------------------------------------- */

/* A common name of this string type; organization before it. */
static X509_NAME *make_name(int type, const char *letters, int width,
                            const char *organization)
{
    X509_NAME *name = X509_NAME_new();
    unsigned char wide[256] = {0};
    int size = 0;

    for (const char *c = letters; *c != '\0'; c++) {
        size += width;
        wide[size - 1] = (unsigned char)*c; /* big-endian */
    }

    NEED(name != NULL);
    NEED(X509_NAME_add_entry_by_NID(
             name, NID_organizationName, V_ASN1_UTF8STRING,
             (const unsigned char *)organization, -1, -1, 0) == 1);
    NEED(X509_NAME_add_entry_by_NID(name, NID_commonName, type, wide, size, -1,
                                    0) == 1);
    return name;
}

static unsigned long long key_of(X509_NAME *name)
{
    unsigned char *der = NULL, *exact;
    int size = i2d_X509_NAME(name, &der);
    unsigned long long key;

    NEED(size > 0);
    exact = exact_copy(der, (size_t)size);
    key = rds_name_key(exact, (size_t)size);
    free(exact);
    OPENSSL_free(der);
    return key;
}

#define NAME "Amazon RDS us-west-2 2019 CA"

static const struct {
    const char *row;
    int type;
    const char *letters;
    int width; /* bytes a letter */
    const char *organization;
    bool equal; /* for libcrypto, which the test asks, too */
} spellings[] = {
    {"the same", V_ASN1_UTF8STRING, NAME, 1, "Amazon", true},
    {"printable", V_ASN1_PRINTABLESTRING, NAME, 1, "Amazon", true},
    {"IA5", V_ASN1_IA5STRING, NAME, 1, "Amazon", true},
    {"teletex", V_ASN1_T61STRING, NAME, 1, "Amazon", true},
    {"upper case", V_ASN1_UTF8STRING, "AMAZON RDS US-WEST-2 2019 CA", 1,
     "AMAZON", true},
    {"lower case", V_ASN1_PRINTABLESTRING, "amazon rds us-west-2 2019 ca", 1,
     "amazon", true},
    {"spaces around", V_ASN1_UTF8STRING, "  " NAME "   ", 1, " Amazon ", true},
    {"spaces within", V_ASN1_UTF8STRING, "Amazon    RDS \t us-west-2  2019 CA",
     1, "Amazon", true},
    {"two bytes a letter", V_ASN1_BMPSTRING, NAME, 2, "Amazon", true},
    {"four bytes a letter", V_ASN1_UNIVERSALSTRING, NAME, 4, "Amazon", true},
    {"another region", V_ASN1_UTF8STRING, "Amazon RDS us-west-1 2019 CA", 1,
     "Amazon", false},
    {"another year", V_ASN1_UTF8STRING, "Amazon RDS us-west-2 2024 CA", 1,
     "Amazon", false},
    {"another organization", V_ASN1_UTF8STRING, NAME, 1, "Amazing", false},
    {"shorter", V_ASN1_UTF8STRING, "Amazon RDS us-west-2 2019 C", 1, "Amazon",
     false},
};

static void test_name_key(void)
{
    X509_NAME *plain = make_name(V_ASN1_UTF8STRING, NAME, 1, "Amazon");
    unsigned long long key = key_of(plain);

    CHECK(key != 0, "a name has a key");
    for (size_t i = 0; i < COUNT(spellings); i++) {
        X509_NAME *other =
            make_name(spellings[i].type, spellings[i].letters,
                      spellings[i].width, spellings[i].organization);

        NEED((X509_NAME_cmp(plain, other) == 0) == spellings[i].equal);
        CHECK_NUMBER(key_of(other) == key, spellings[i].equal, "%s",
                     spellings[i].row);
        X509_NAME_free(other);
    }
    X509_NAME_free(plain);
}

/* A name on which libcrypto and the reader must agree, in DER. */
static X509_NAME *parse_name(const unsigned char *der, size_t size)
{
    X509_NAME *name = d2i_X509_NAME(NULL, &der, (long)size);

    NEED(name != NULL);
    return name;
}

/* Of all built-in subjects, those that are equal share a key. */
static void test_name_keys_of_anchors(void)
{
    size_t count = rds_builtin_anchor_count;
    X509_NAME **names = calloc(count, sizeof(names[0]));

    NEED(names != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];

        names[i] = parse_name(builtin_der(a) + a->subject.at, a->subject.size);
        CHECK(a->subject_key != 0 && a->issuer_key != 0, "%s", a->alias);
        CHECK(rds_name_key(builtin_der(a) + a->subject.at, a->subject.size) ==
                  a->subject_key,
              "%s", a->alias);
        for (size_t j = 0; j < i; j++) {
            bool same = X509_NAME_cmp(names[i], names[j]) == 0;

            if (same != (a->subject_key == rds_builtin_anchors[j].subject_key))
                CHECK(false, "%s and %s", a->alias,
                      rds_builtin_anchors[j].alias);
        }
    }
    for (size_t i = 0; i < count; i++)
        X509_NAME_free(names[i]);
    free(names);
}

static void test_no_name(void)
{
    static const struct {
        const char *row;
        const char *hex;
    } rows[] = {
        {"nothing", ""},
        {"a set", "31 00"},
        {"an empty set in the sequence", "30 02 31 00"},
        {"an empty set behind another",
         "30 0d 31 09 30 07 06 03 55 04 03 0c 00 31 00"},
        {"an integer", "02 01 05"},
        {"a null in the sequence", "30 02 05 00"},
        {"an attribute without a set", "30 09 30 07 06 03 55 04 03 0c 00"},
        {"an attribute without a value", "30 09 31 07 30 05 06 03 55 04 03"},
        {"an attribute without a type", "30 06 31 04 30 02 0c 00"},
        {"an attribute with two values",
         "30 0d 31 0b 30 09 06 03 55 04 03 0c 00 0c 00"},
        {"an indefinite length", "30 80 00 00"},
        {"a value behind the name", "30 00 05 00"},
        {"a set in the set", "30 04 31 02 31 00"},
    };
    unsigned char bytes[64];

    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t size = unhex(rows[i].hex, bytes, sizeof(bytes));
        unsigned char *exact = exact_copy(bytes, size);

        CHECK(rds_name_key(exact, size) == 0, "%s", rows[i].row);
        free(exact);
    }
}

/* A name cut anywhere, or with a byte behind it, is none. */
static void test_cut_name(void)
{
    const struct rds_anchor *a = builtin("us-west-2-rds-ca-rsa2048-g1");
    const unsigned char *name = builtin_der(a) + a->subject.at;
    unsigned char *exact;

    for (size_t size = 0; size < a->subject.size; size++) {
        exact = exact_copy(name, size);
        CHECK(rds_name_key(exact, size) == 0, "cut to %zu bytes", size);
        free(exact);
    }
    exact = exact_copy(name, a->subject.size + 1u);
    CHECK(rds_name_key(exact, a->subject.size + 1u) == 0, "a byte behind");
    free(exact);
}

/* Any byte changed to anything: reads nothing outside, and ends. */
static void test_damaged_name(void)
{
    const struct rds_anchor *a = builtin("rds-ca-2019-us-west-2");
    unsigned char *exact =
        exact_copy(builtin_der(a) + a->subject.at, a->subject.size);
    unsigned long long sum = 0;

    for (size_t i = 0; i < a->subject.size; i++) {
        unsigned char kept = exact[i];

        for (unsigned value = 0; value < 256; value++) {
            exact[i] = (unsigned char)value;
            sum += rds_name_key(exact, a->subject.size);
        }
        exact[i] = kept;
    }
    CHECK(sum != 0, "it was called");
    CHECK(rds_name_key(exact, a->subject.size) == a->subject_key, "restored");
    free(exact);
}

CU_TestInfo der_tests[] = {
    {"values and what is none", test_next},
    {"expected and skipped values", test_expect},
    {"equal names have the same key", test_name_key},
    {"keys of the built-in names", test_name_keys_of_anchors},
    {"no name, no key", test_no_name},
    {"a cut name has no key", test_cut_name},
    {"a damaged name does no harm", test_damaged_name},
    CU_TEST_INFO_NULL,
};
