/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values from openssl.cnf.  Refuses relative directories and fingerprints
 * that are not whole.
 */

#include "rds/configuration.h"

#include <string.h>

#include "rds/uri.h"

#define SEPARATORS ", \t"

static bool read_bundles(const char *text, struct rds_configuration *out,
                         struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX];

    out->bundles = text != NULL ? text : RDS_DIRECTORY_DEFAULT;
    if (out->bundles[0] != '/')
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "rds-bundles = '%s': write an absolute directory "
                        "such as " RDS_DIRECTORY_DEFAULT,
                        rds_quote(quoted, out->bundles, strlen(out->bundles)));
    return true;
}

/* Fingerprints may be written with colons, as openssl prints them. */
static bool read_fingerprint(const char *text, size_t size,
                             unsigned char out[RDS_SHA256_SIZE])
{
    char hex[RDS_SHA256_TEXT];
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == ':')
            continue;
        if (used == sizeof(hex) - 1)
            return false;
        hex[used++] = text[i];
    }
    return rds_sha256_read(hex, used, out);
}

static bool read_distrust(const char *text, struct rds_configuration *out,
                          struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX];
    size_t size;

    out->distrust_count = 0;
    if (text == NULL)
        return true;
    for (text += strspn(text, SEPARATORS); *text != '\0';
         text += strspn(text, SEPARATORS)) {
        size = strcspn(text, SEPARATORS);
        if (out->distrust_count == RDS_DISTRUST_MAX)
            return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                            "rds-distrust: more than %d fingerprints",
                            RDS_DISTRUST_MAX);
        if (!read_fingerprint(text, size,
                              out->distrust[out->distrust_count++]))
            return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                            "rds-distrust: '%s' is not a SHA-256 of 64 "
                            "hexadecimal digits",
                            rds_quote(quoted, text, size));
        text += size;
    }
    if (out->distrust_count == 0)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "rds-distrust is empty: name a SHA-256 or remove the "
                        "line");
    return true;
}

bool rds_configuration_read(const char *bundles, const char *distrust,
                            const char *trust, struct rds_configuration *out,
                            struct rds_error *err)
{
    out->trust = trust;
    return read_bundles(bundles, out, err) &&
           read_distrust(distrust, out, err);
}
