/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saying what an anchor is.  Refuses to guess: what cannot be read is "?".
 */

#include "describe.h"

#include <stdio.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

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

const char *rdsca_time(char out[RDSCA_TIME_MAX], int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&when, &parts) == NULL ||
        strftime(out, RDSCA_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        (void)snprintf(out, RDSCA_TIME_MAX, "?");
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
