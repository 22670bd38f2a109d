/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves as AWS issues them, and some that must not pass for them.
 */

#include "seeds.h"

#include <openssl/ec.h>
#include <stdio.h>
#include <string.h>

#define HOST "db.abc123def.us-west-2.rds.amazonaws.com"
#define LONG_HOST                                                             \
    "a-very-long-name-of-a-database.cluster-abc123def456.us-west-2.rds."      \
    "amazonaws.com"

static const struct {
    const char *name, *cn, *san, *eku, *basic, *usage, *email;
} leaves[] = {
    {"usual", HOST, "DNS:" HOST, "serverAuth", "CA:FALSE",
     "digitalSignature,keyEncipherment", NULL},
    {"no-cn", NULL, "DNS:" HOST, NULL, NULL, NULL, NULL},
    {"wildcard", HOST, "DNS:*.abc123def.us-west-2.rds.amazonaws.com",
     "serverAuth", NULL, NULL, NULL},
    {"cluster", "db.cluster-abc123def.us-west-2.rds.amazonaws.com",
     "DNS:db.cluster-abc123def.us-west-2.rds.amazonaws.com,"
     "DNS:db.cluster-ro-abc123def.us-west-2.rds.amazonaws.com,"
     "DNS:db.global-abc123def.global.rds.amazonaws.com",
     "serverAuth", "CA:FALSE", NULL, NULL},
    {"writer", NULL, "DNS:db.global-abc123def.global.rds.amazonaws.com", NULL,
     NULL, NULL, NULL},
    {"proxy", NULL, "DNS:db.proxy-abc123def.us-west-2.rds.amazonaws.com",
     "serverAuth,clientAuth", NULL, NULL, NULL},
    {"cut", "a-very-long-name-of-a-database.cluster-abc123def456.us-west-2.rd",
     "DNS:" LONG_HOST, "serverAuth", NULL, NULL, NULL},
    {"long", LONG_HOST, "DNS:" LONG_HOST, NULL, NULL, NULL, NULL},
    {"two-accounts", NULL,
     "DNS:" HOST ",DNS:db.zyx987.us-west-2.rds.amazonaws.com", NULL, NULL,
     NULL, NULL},
    {"china", NULL, "DNS:db.abc123def.rds.cn-north-1.amazonaws.com.cn", NULL,
     NULL, NULL, NULL},
    {"preview", NULL, "DNS:db.abc123def.us-east-2.rds-preview.amazonaws.com",
     NULL, NULL, NULL, NULL},
    {"redshift", NULL, "DNS:db.us-west-2.redshift.amazonaws.com", NULL, NULL,
     NULL, NULL},
    {"stranger", "evil.example", "DNS:" HOST, NULL, NULL, NULL, NULL},
    {"address", HOST, "DNS:" HOST ",IP:192.0.2.1", NULL, NULL, NULL, NULL},
    {"uri", HOST, "DNS:" HOST ",URI:https://evil.example/", NULL, NULL, NULL,
     NULL},
    {"other", HOST, "otherName:1.2.3.4;UTF8:evil.example", NULL, NULL, NULL,
     NULL},
    {"email", HOST, "DNS:" HOST, NULL, NULL, NULL, "a@evil.example"},
    {"ca", HOST, "DNS:" HOST, NULL, "critical,CA:TRUE", "keyCertSign,cRLSign",
     NULL},
    {"ocsp", HOST, "DNS:" HOST, "OCSPSigning,serverAuth", NULL, NULL, NULL},
    {"client", HOST, "DNS:" HOST, "clientAuth", NULL, NULL, NULL},
};

static void extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    if (value == NULL)
        return;
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    NEED(extension != NULL && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* A type of MBSTRING keeps to the 64 characters of RFC 5280; AWS does not. */
static void name_add(X509_NAME *name, const char *field, const char *value)
{
    int type = strcmp(field, "CN") == 0 ? V_ASN1_UTF8STRING : MBSTRING_UTF8;

    if (value != NULL)
        NEED(X509_NAME_add_entry_by_txt(name, field, type,
                                        (const unsigned char *)value, -1, -1,
                                        0) == 1);
}

static X509 *make_leaf(size_t i)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"); /* of the root's kind */
    X509_NAME *name = X509_NAME_new();
    X509 *x = X509_new();

    NEED(key != NULL && name != NULL && x != NULL);
    name_add(name, "CN", leaves[i].cn);
    name_add(name, "OU", "RDS");
    name_add(name, "emailAddress", leaves[i].email);
    NEED(X509_set_version(x, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1 &&
         X509_set_subject_name(x, name) == 1 &&
         X509_set_issuer_name(x, name) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(x), 1700000000) != NULL &&
         ASN1_TIME_set(X509_getm_notAfter(x), 1900000000) != NULL &&
         X509_set_pubkey(x, key) == 1);
    extend(x, NID_subject_alt_name, leaves[i].san);
    extend(x, NID_ext_key_usage, leaves[i].eku);
    extend(x, NID_basic_constraints, leaves[i].basic);
    extend(x, NID_key_usage, leaves[i].usage);
    NEED(X509_sign(x, key, EVP_sha256()) != 0);
    X509_NAME_free(name);
    EVP_PKEY_free(key);
    return x;
}

/* The certificate, then what the application expects. */
static void save_leaf(size_t i, X509 *x)
{
    struct seed seed = {.size = 0};
    unsigned char *der = NULL;
    char name[64];
    int size = i2d_X509(x, &der);

    NEED(size > 0);
    add(&seed, der, (size_t)size);
    OPENSSL_free(der);
    save("leaf", leaves[i].name, &seed);
    add_text(&seed, "\x01" HOST);
    (void)snprintf(name, sizeof(name), "%s-expected", leaves[i].name);
    save("leaf", name, &seed);
}

/* Subject and subjectAltName, then flags and host. */
static void save_pair(const char *name, X509 *x, unsigned flags)
{
    int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
    const ASN1_OCTET_STRING *san =
        X509_EXTENSION_get_data(X509_get_ext(x, at));
    struct seed seed = {.size = 0};
    const unsigned char *subject;
    size_t size;

    NEED(X509_NAME_get0_der(X509_get_subject_name(x), &subject, &size) == 1);
    add(&seed, subject, size);
    add(&seed, ASN1_STRING_get0_data(san), (size_t)ASN1_STRING_length(san));
    wrap(&seed);
    add_byte(&seed, flags);
    add_text(&seed, HOST);
    save("scope", name, &seed);
}

/* A good leaf with each of the flags of scope.c alone: most are a reason to
 * refuse it. */
static void save_flags(X509 *x)
{
    char name[16];

    for (unsigned bit = 0; bit < 7; bit++) {
        (void)snprintf(name, sizeof(name), "flag-%u", 1U << bit);
        save_pair(name, x, 1U << bit);
    }
}

void save_leaves(void)
{
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        X509 *x = make_leaf(i);

        save_leaf(i, x);
        save_pair(leaves[i].name, x, i % 2 == 0 ? 0 : 4 + 8 + 32);
        if (i == 0)
            save_flags(x);
        X509_free(x);
    }
}
