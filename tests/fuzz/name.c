/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of names: two names that X509_NAME_cmp() calls equal have the same key,
 * if one of them is plain ASCII; what is no name to the reader has none.  The
 * input: a pair of names.
 */

#include <string.h>

#include "fuzz.h"

/* Whether all texts of the name are ASCII. */
static bool plain(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const ASN1_STRING *value =
            X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        const unsigned char *at = ASN1_STRING_get0_data(value);
        int type = ASN1_STRING_type(value);

        if (type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING &&
            type != V_ASN1_IA5STRING && type != V_ASN1_T61STRING &&
            type != V_ASN1_VISIBLESTRING)
            return false;
        for (int j = 0; j < ASN1_STRING_length(value); j++) {
            if (at[j] >= 0x80)
                return false;
        }
    }
    return true;
}

/*
 * Whether the bytes are what libcrypto itself writes for the name.  A value
 * that is no string is kept as it came.
 */
static bool in_der(const X509_NAME *name, const struct rds_der *whole)
{
    X509_NAME *copy = X509_NAME_new();
    unsigned char *der = NULL;
    int size, set = -1;
    bool same, other = false;

    NEED(copy != NULL);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        int type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry));
        bool joined = X509_NAME_ENTRY_set(entry) == set;

        other |= type < 0 || type == V_ASN1_SEQUENCE || type == V_ASN1_SET;
        set = X509_NAME_ENTRY_set(entry);
        NEED(X509_NAME_add_entry(copy, entry, -1, joined ? -1 : 0) == 1);
    }
    size = i2d_X509_NAME(copy, &der);
    same = !other && size > 0 && (size_t)size == whole->left &&
           memcmp(der, whole->at, whole->left) == 0;
    OPENSSL_free(der);
    X509_NAME_free(copy);
    return same;
}

static X509_NAME *take_name(struct rds_der *in, struct rds_der *whole)
{
    const unsigned char *at = in->at;
    struct rds_der content;
    X509_NAME *name;

    if (!rds_der_expect(in, RDS_DER_SEQUENCE, &content))
        return NULL;
    *whole = (struct rds_der){at, (size_t)(in->at - at)};
    name = d2i_X509_NAME(NULL, &at, (long)whole->left);
    if (name == NULL || at != in->at) {
        X509_NAME_free(name);
        return NULL;
    }
    return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rds_der in = {data, size}, pair, one, other;
    unsigned long long key, other_key;
    X509_NAME *name = NULL, *second = NULL;

    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &pair))
        return 0;
    name = take_name(&pair, &one);
    if (name != NULL)
        second = take_name(&pair, &other);
    if (second != NULL) {
        key = rds_name_key(one.at, one.left);
        other_key = rds_name_key(other.at, other.left);
        reached();
        CLAIM(key != 0 || !in_der(name, &one), "a name without a key");
        /* A name in BER, which OpenSSL keeps as it is, has none. */
        if (key != 0 && other_key != 0 && X509_NAME_cmp(name, second) == 0 &&
            (plain(name) || plain(second)))
            CLAIM(key == other_key, "keys %llx and %llx of equal names", key,
                  other_key);
    }
    X509_NAME_free(name);
    X509_NAME_free(second);
    ERR_clear_error();
    return 0;
}
