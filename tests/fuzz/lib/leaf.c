/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold of a leaf that was found in scope, by libcrypto's own reading
 * of it.
 */

#include "../fuzz.h"

#include <stdlib.h>
#include <string.h>

/* What a leaf may vouch for. */
struct allowed {
    admits_fn *admits;
    const void *arg;
    GENERAL_NAMES *names;
};

/* Whether a name of the leaf is allowed; `admits` sees a star. */
static bool admitted(const struct allowed *allowed, const char *name,
                     size_t size, struct rds_endpoint *out)
{
    return size != 0 && size <= RDS_ENDPOINT_MAX && name[size - 1] != '.' &&
           grammar_reads_wildcard(name, size, out) &&
           allowed->admits(allowed->arg, out);
}

static void claim_san(X509 *leaf, struct allowed *allowed)
{
    struct rds_endpoint endpoint;
    bool regional = false;
    int critical;

    allowed->names =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    CLAIM(allowed->names != NULL, "one subjectAltName that can be read (%d)",
          critical);
    CLAIM(sk_GENERAL_NAME_num(allowed->names) > 0, "an empty subjectAltName");
    for (int i = 0; i < sk_GENERAL_NAME_num(allowed->names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(allowed->names, i);
        const char *text;
        int size;

        CLAIM(name->type == GEN_DNS, "a name of type %d", name->type);
        text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        size = ASN1_STRING_length(name->d.dNSName);
        CLAIM(admitted(allowed, text, (size_t)size, &endpoint),
              "the dNSName '%.*s'", size, text);
        regional |= endpoint.kind != RDS_ENDPOINT_GLOBAL_WRITER;
    }
    CLAIM(regional, "no name that shows a region");
}

static void claim_subject(X509 *leaf, const struct allowed *allowed)
{
    const X509_NAME *subject = X509_get_subject_name(leaf);
    struct rds_endpoint endpoint;
    unsigned char *text;
    int size, nid;

    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);

        nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        CLAIM(nid != NID_pkcs9_emailAddress, "an e-mail address");
        if (nid != NID_commonName)
            continue;
        size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
        CLAIM(size > 0, "a common name that is no text");
        CLAIM(admitted(allowed, (char *)text, (size_t)size, &endpoint),
              "the common name '%.*s'", size, (char *)text);
        OPENSSL_free(text);
    }
}

static void claim_use(X509 *leaf)
{
    uint32_t flags = X509_get_extension_flags(leaf);

    CLAIM((flags & (EXFLAG_CA | EXFLAG_PROXY | EXFLAG_INVALID)) == 0,
          "flags %x", flags);
    CLAIM(X509_check_ca(leaf) == 0, "a CA");
    CLAIM((flags & EXFLAG_KUSAGE) == 0 ||
              (X509_get_key_usage(leaf) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) ==
                  0,
          "a signer of certificates or CRLs");
    CLAIM((flags & EXFLAG_XKUSAGE) == 0 ||
              (X509_get_extended_key_usage(leaf) &
               (XKU_SSL_SERVER | XKU_OCSP_SIGN)) == XKU_SSL_SERVER,
          "no server, or a signer of OCSP answers");
}

/* ---- whom an application would take it for ------------------------------ */

static const unsigned checks[] = {
    0,
    X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT,
    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
    X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT |
        X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS,
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static void claim_no_stranger(X509 *leaf)
{
    static const char *const hosts[] = {
        "evil.example",
        "localhost",
        "192.0.2.1",
        "com",
        "amazonaws.com",
        "rds.amazonaws.com",
        "fake-rds.amazonaws.com",
        "s3.amazonaws.com",
        "truststore.pki.rds.amazonaws.com",
        "us-west-2.rds.amazonaws.com",
        "db.abc123def.us-west-2.rds.amazonaws.com.evil.example",
        "db.abc123def.us-west-2.rds.amazonaws.com\xc2\xa0",
    };

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        for (size_t j = 0; j < CHECKS; j++)
            CLAIM(X509_check_host(leaf, hosts[i], 0, checks[j], NULL) != 1,
                  "it passes for %s", hosts[i]);
    }
    CLAIM(X509_check_ip_asc(leaf, "192.0.2.1", 0) != 1, "an address");
    CLAIM(X509_check_ip_asc(leaf, "2001:db8::1", 0) != 1, "an address");
    CLAIM(X509_check_email(leaf, "root@evil.example", 0, 0) != 1, "an e-mail");
}

/*
 * Whether the host stands below a name with a star, at any depth: what an
 * application takes that has asked for X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS.
 * The name with its star was admitted, so the zone is that of an account.
 */
static bool below_star(const struct allowed *allowed, const char *host,
                       size_t size)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(allowed->names); i++) {
        const ASN1_STRING *name =
            sk_GENERAL_NAME_value(allowed->names, i)->d.dNSName;
        const char *text = (const char *)ASN1_STRING_get0_data(name);
        size_t length = (size_t)ASN1_STRING_length(name);

        if (length > 2 && memcmp(text, "*.", 2) == 0 && size >= length &&
            OPENSSL_strncasecmp(text + 1, host + size - (length - 1),
                                length - 1) == 0)
            return true;
    }
    return false;
}

/* A text of the leaf as the host that somebody expects. */
static void claim_host(X509 *leaf, const struct allowed *allowed,
                       const char *text, size_t size)
{
    struct rds_endpoint endpoint;
    char host[1024];

    size = strnlen(text, size < sizeof(host) ? size : sizeof(host) - 1);
    memcpy(host, text, size);
    host[size] = '\0';
    if (size == 0 || host[0] == '.')
        return; /* "any name below": no host */
    for (size_t j = 0; j < CHECKS; j++) {
        if (X509_check_host(leaf, host, size, checks[j], NULL) == 1)
            CLAIM(admitted(allowed, host, size, &endpoint) ||
                      ((checks[j] & X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS) !=
                           0 &&
                       below_star(allowed, host, size)),
                  "it passes for '%s'", host);
    }
    CLAIM(X509_check_ip_asc(leaf, host, 0) != 1, "the address %s", host);
    CLAIM(X509_check_email(leaf, host, size, 0) != 1, "the e-mail %s", host);
}

/* Every text of the subject, whatever it is called and encoded as. */
static void claim_own_texts(X509 *leaf, const struct allowed *allowed)
{
    const X509_NAME *subject = X509_get_subject_name(leaf);
    unsigned char *text;
    int size;

    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        const ASN1_STRING *value =
            X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));

        claim_host(leaf, allowed, (const char *)ASN1_STRING_get0_data(value),
                   (size_t)ASN1_STRING_length(value));
        size = ASN1_STRING_to_UTF8(&text, value);
        if (size < 0)
            continue;
        claim_host(leaf, allowed, (char *)text, (size_t)size);
        OPENSSL_free(text);
    }
}

void claim_leaf(X509 *leaf, admits_fn *admits, const void *arg)
{
    struct allowed allowed = {admits, arg, NULL};

    claim_san(leaf, &allowed);
    claim_subject(leaf, &allowed);
    claim_use(leaf);
    claim_no_stranger(leaf);
    claim_own_texts(leaf, &allowed);
    GENERAL_NAMES_free(allowed.names);
}
