/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scope rule looks at in a server's certificate.  Refuses to leave
 * out any use that a certificate could be put to beyond serving.
 */

#include "rds/leaf.h"

#include <string.h>

/*
 * Whether the certificate could vouch for anything but a server.  Explicit
 * trust does not bind OpenSSL's purposes "crlsign" and "ocsphelper".
 */
static bool signs_for_others(const struct rds_libcrypto *lc, X509 *certificate,
                             uint32_t flags)
{
    uint32_t usage =
        (flags & EXFLAG_KUSAGE) != 0 ? lc->X509_get_key_usage(certificate) : 0;
    uint32_t extended = (flags & EXFLAG_XKUSAGE) != 0
                            ? lc->X509_get_extended_key_usage(certificate)
                            : 0;

    return (flags & (EXFLAG_CA | EXFLAG_PROXY | EXFLAG_INVALID)) != 0 ||
           (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0 ||
           (extended & XKU_OCSP_SIGN) != 0 ||
           lc->X509_check_ca(certificate) != 0;
}

void rds_leaf_describe(const struct rds_libcrypto *lc, X509 *certificate,
                       struct rds_leaf *out)
{
    int first = lc->X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    uint32_t flags = lc->X509_get_extension_flags(certificate);
    const ASN1_OCTET_STRING *value;

    memset(out, 0, sizeof(*out));
    if (first >= 0) {
        out->san_count = 1;
        if (lc->X509_get_ext_by_NID(certificate, NID_subject_alt_name,
                                    first) >= 0)
            out->san_count = 2;
        value =
            lc->X509_EXTENSION_get_data(lc->X509_get_ext(certificate, first));
        out->san = lc->ASN1_STRING_get0_data(value);
        out->san_size = (size_t)lc->ASN1_STRING_length(value);
    }
    (void)lc->X509_NAME_get0_der(lc->X509_get_subject_name(certificate),
                                 &out->subject, &out->subject_size);
    out->ca_or_proxy = signs_for_others(lc, certificate, flags);
    out->has_eku = (flags & EXFLAG_XKUSAGE) != 0;
    out->server_auth =
        (lc->X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) != 0;
}
