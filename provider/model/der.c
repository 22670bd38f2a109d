/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER, one value at a time, and the key of a Name.  Refuses everything that
 * BER allows and DER does not in tags and lengths.
 */

#include "rds/der.h"

#include <string.h>

#define TAG_NUMBER_MASK 0x1f /* all ones: a multi-byte tag follows */
#define LONG_FORM 0x80

/* Reads a length; *head is what tag and length take. */
static bool read_length(const struct rds_der *in, size_t *head, size_t *length)
{
    size_t octets, value = 0;

    if (in->left < 2)
        return false;
    if (in->at[1] < LONG_FORM) {
        *head = 2;
        *length = in->at[1];
        return true;
    }
    octets = in->at[1] & 0x7f;
    if (octets == 0 || octets > 4 || in->left < 2 + octets || in->at[2] == 0)
        return false;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | in->at[2 + i];
    if (value < LONG_FORM)
        return false;
    *head = 2 + octets;
    *length = value;
    return true;
}

bool rds_der_next(struct rds_der *in, unsigned char *tag,
                  struct rds_der *content)
{
    size_t head, length;

    if (!read_length(in, &head, &length))
        return false;
    if ((in->at[0] & TAG_NUMBER_MASK) == TAG_NUMBER_MASK)
        return false;
    if (length > in->left - head)
        return false;
    *tag = in->at[0];
    content->at = in->at + head;
    content->left = length;
    in->at += head + length;
    in->left -= head + length;
    return true;
}

bool rds_der_expect(struct rds_der *in, unsigned char tag,
                    struct rds_der *content)
{
    struct rds_der rest = *in;
    unsigned char found;

    if (!rds_der_next(&rest, &found, content) || found != tag)
        return false;
    *in = rest;
    return true;
}

void rds_der_skip(struct rds_der *in, unsigned char tag)
{
    struct rds_der skipped;

    if (!rds_der_expect(in, tag, &skipped))
        return; /* absent: nothing to skip */
}

bool rds_der_equals(const struct rds_der *content, const void *bytes,
                    size_t size)
{
    return content->left == size && memcmp(content->at, bytes, size) == 0;
}

/* FNV-1a, 64 bits (draft-eastlake-fnv, offset basis and prime). */
#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static unsigned long long mix(unsigned long long key, unsigned char byte)
{
    return (key ^ byte) * FNV_PRIME;
}

/* Adds one attribute: its type byte by byte, of its value what counts. */
static bool attribute_key(struct rds_der attribute, unsigned long long *out)
{
    unsigned long long key = FNV_BASIS;
    struct rds_der oid, value;
    unsigned char tag;

    if (!rds_der_expect(&attribute, RDS_DER_OID, &oid) ||
        !rds_der_next(&attribute, &tag, &value) || attribute.left != 0)
        return false;
    for (size_t i = 0; i < oid.left; i++)
        key = mix(key, oid.at[i]);
    for (size_t i = 0; i < value.left; i++) {
        unsigned char c = value.at[i];

        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c + ('a' - 'A'));
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            key = mix(key, c);
    }
    *out = key;
    return true;
}

unsigned long long rds_name_key(const unsigned char *der, size_t size)
{
    struct rds_der in = {der, size}, name, set, attribute;
    unsigned long long key = FNV_BASIS, sum, one;

    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &name) || in.left != 0)
        return 0;
    while (name.left != 0) {
        if (!rds_der_expect(&name, RDS_DER_SET, &set) || set.left == 0)
            return 0; /* OpenSSL passes over an empty SET: it is no name */
        /* The order within a SET depends on the encodings: hence a sum. */
        for (sum = 0; set.left != 0; sum += one) {
            if (!rds_der_expect(&set, RDS_DER_SEQUENCE, &attribute) ||
                !attribute_key(attribute, &one))
                return 0;
        }
        for (size_t i = 0; i < sizeof(sum); i++)
            key = mix(key, (unsigned char)(sum >> (8 * i)));
    }
    return key;
}
