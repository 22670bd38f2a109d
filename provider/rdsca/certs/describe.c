/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saying what an anchor is.  Refuses to guess: what cannot be read is "?".
 */

#include "describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "rds/der.h"

int64_t rdsca_days_left(int64_t not_after, int64_t now)
{
    int64_t seconds = not_after - now;

    return seconds >= 0 ? seconds / RDSCA_DAY
                        : -((-seconds + RDSCA_DAY - 1) / RDSCA_DAY);
}

const char *rdsca_place(char out[RDSCA_PLACE_MAX],
                        const struct rds_anchor *anchor)
{
    const char *stage = anchor->stage != RDS_STAGE_PRODUCTION
                            ? rds_stage_name((enum rds_stage)anchor->stage)
                            : "";

    if (anchor->family == RDS_FAMILY_PROXY)
        (void)snprintf(out, RDSCA_PLACE_MAX, "RDS Proxy");
    else
        (void)snprintf(
            out, RDSCA_PLACE_MAX, "%s%s%s%s",
            anchor->region[0] != '\0' ? "" : "all of ",
            anchor->region[0] != '\0'
                ? anchor->region
                : rds_partition_name((enum rds_partition)anchor->partition),
            stage[0] != '\0' ? " " : "", stage);
    return out;
}

const char *rdsca_ca_words(char out[RDSCA_WORDS_MAX],
                           const struct rds_anchor *anchor)
{
    char place[RDSCA_PLACE_MAX];

    (void)snprintf(out, RDSCA_WORDS_MAX, "%s of %s",
                   anchor->ca[0] != '\0' ? anchor->ca : "an RDS CA",
                   anchor->family == RDS_FAMILY_PROXY
                       ? "Amazon Trust Services"
                       : rdsca_place(place, anchor));
    return out;
}

const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds)
{
    int rest = (int)((seconds % 86400 + 86400) % 86400);
    char date[RDS_DATE_MAX];

    (void)snprintf(out, RDSCA_TIME_MAX, "%sT%02d:%02d:%02dZ",
                   rds_date_write(date, seconds), rest / 3600, rest / 60 % 60,
                   rest % 60);
    return out;
}

int64_t rdsca_seconds(const struct tm *parts)
{
    char text[sizeof("YYYYMMDDHHMMSSZ") + 6 * 11];
    struct rds_der content = {(const unsigned char *)text, 0};
    int64_t seconds;

    content.left = (size_t)snprintf(
        text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", parts->tm_year + 1900,
        parts->tm_mon + 1, parts->tm_mday, parts->tm_hour, parts->tm_min,
        parts->tm_sec);
    return rds_time_read(RDS_DER_GENERALIZED_TIME, &content, &seconds)
               ? seconds
               : RDSCA_NO_TIME;
}

static bool plain_name(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
              c == '*'))
            return false;
    }
    return true;
}

const char *rdsca_name(char out[RDSCA_NAME_MAX], const void *bytes,
                       size_t size)
{
    if (size >= RDSCA_NAME_MAX || !plain_name(bytes, size))
        return rds_quote(out, bytes, size);
    if (size != 0)
        memcpy(out, bytes, size);
    out[size] = '\0';
    return out;
}

char *rdsca_name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy = NULL;
    long size;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        size = BIO_get_mem_data(bio, &text);
        copy = size > 0 ? strndup(text, (size_t)size) : strdup("");
    }
    BIO_free(bio);
    return copy;
}

const char *rdsca_cn(char out[RDSCA_NAME_MAX], const X509_NAME *name)
{
    const ASN1_STRING *value = NULL;
    char *all;

    for (int i = -1;
         (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
        value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
    if (value != NULL)
        return rdsca_name(out, ASN1_STRING_get0_data(value),
                          (size_t)ASN1_STRING_length(value));
    all = rdsca_name_text(name);
    (void)rds_quote(out, all != NULL ? all : "?",
                    all != NULL ? strlen(all) : 1);
    free(all);
    return out;
}

X509 *rdsca_x509(const struct rds_entry *entry)
{
    const unsigned char *at = entry->der;

    return d2i_X509(NULL, &at, (long)entry->anchor->der_size);
}

/* "P-384" rather than "secp384r1", where NIST has a name for it. */
static const char *curve_name(const char *group)
{
    const char *nist = EC_curve_nid2nist(OBJ_sn2nid(group));

    return nist != NULL ? nist : group;
}

const char *rdsca_key(char out[RDSCA_KEY_MAX], X509 *x509)
{
    EVP_PKEY *key = x509 != NULL ? X509_get0_pubkey(x509) : NULL;
    char group[24];

    if (key == NULL)
        (void)snprintf(out, RDSCA_KEY_MAX, "?");
    else if (EVP_PKEY_is_a(key, "EC") &&
             EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
        (void)snprintf(out, RDSCA_KEY_MAX, "EC %s", curve_name(group));
    else if (EVP_PKEY_is_a(key, "RSA"))
        (void)snprintf(out, RDSCA_KEY_MAX, "RSA %d", EVP_PKEY_get_bits(key));
    else
        (void)snprintf(out, RDSCA_KEY_MAX, "%s", EVP_PKEY_get0_type_name(key));
    return out;
}

const char *rdsca_entry_key(char out[RDSCA_KEY_MAX],
                            const struct rds_entry *entry)
{
    X509 *x509 = rdsca_x509(entry);

    (void)rdsca_key(out, x509);
    X509_free(x509);
    return out;
}
