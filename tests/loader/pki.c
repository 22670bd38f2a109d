/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates made by the tests, in the shape that AWS uses since 2021:
 * root <- subordinate <- leaf.  Keys are EC, since they are fast to make,
 * whatever the name says.
 */

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests.h"

#define DAY 86400L

/* In AWS's order: the common name is not the last of a CA's. */
static X509_NAME *name_new(const char *cn, enum pair_kind kind)
{
    const char *const ca[][2] = {
        {"C", "US"},          {"O", "Amazon Web Services, Inc."},
        {"OU", "Amazon RDS"}, {"ST", "WA"},
        {"CN", cn},           {"L", "Seattle"},
    };
    const char *const leaf[][2] = {
        {"CN", cn},       {"OU", "RDS"},        {"O", "Amazon.com"},
        {"L", "Seattle"}, {"ST", "Washington"}, {"C", "US"},
    };
    X509_NAME *name = X509_NAME_new();

    for (size_t i = 0; i < COUNT_OF(ca); i++) {
        const char *const *part = kind == PAIR_CA ? ca[i] : leaf[i];

        if (X509_NAME_add_entry_by_txt(name, part[0], MBSTRING_UTF8,
                                       (const unsigned char *)part[1], -1, -1,
                                       0) != 1) {
            X509_NAME_free(name);
            return NULL;
        }
    }
    return name;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid,
                          const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool good;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const char *cn,
                           enum pair_kind kind)
{
    char dns[NAME_SIZE + sizeof("DNS:")];

    (void)snprintf(dns, sizeof(dns), "DNS:%s", cn);
    return add_extension(certificate, issuer, NID_basic_constraints,
                         kind == PAIR_CA ? "critical,CA:TRUE"
                                         : "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_subject_key_identifier,
                         "hash") &&
           add_extension(certificate, issuer, NID_key_usage,
                         kind == PAIR_CA ? "critical,keyCertSign,cRLSign"
                                         : "critical,digitalSignature") &&
           (issuer == certificate ||
            add_extension(certificate, issuer, NID_authority_key_identifier,
                          "keyid")) &&
           (kind == PAIR_CA ||
            add_extension(certificate, issuer, NID_subject_alt_name, dns));
}

static bool set_fields(X509 *certificate, const struct pair *issuer,
                       EVP_PKEY *key, X509_NAME *name)
{
    static long serial = 1000;

    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) ==
               1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * DAY) !=
               NULL &&
           X509_set_subject_name(certificate, name) == 1 &&
           X509_set_issuer_name(
               certificate, issuer != NULL
                                ? X509_get_subject_name(issuer->certificate)
                                : name) == 1 &&
           X509_set_pubkey(certificate, key) == 1;
}

bool pair_new(struct pair *out, const struct pair *issuer, const char *cn,
              enum pair_kind kind)
{
    X509_NAME *name = name_new(cn, kind);
    bool good;

    out->certificate = X509_new();
    out->key = EVP_EC_gen("P-256");
    good =
        name != NULL && out->certificate != NULL && out->key != NULL &&
        set_fields(out->certificate, issuer, out->key, name) &&
        add_extensions(out->certificate,
                       issuer != NULL ? issuer->certificate : out->certificate,
                       cn, kind) &&
        X509_sign(out->certificate, issuer != NULL ? issuer->key : out->key,
                  EVP_sha256()) != 0;
    X509_NAME_free(name);
    return CHECK(good, "a certificate for '%s'", cn);
}

void pair_free(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    memset(pair, 0, sizeof(*pair));
}

bool chain_new(struct chain *out, const char *region)
{
    char root[NAME_SIZE], subordinate[NAME_SIZE], leaf[NAME_SIZE];

    memset(out, 0, sizeof(*out));
    (void)snprintf(root, sizeof(root), "Amazon RDS %s Root CA ECC384 G1",
                   region);
    (void)snprintf(subordinate, sizeof(subordinate),
                   "Amazon RDS %s Subordinate CA ECC384 G1.A.1", region);
    (void)snprintf(leaf, sizeof(leaf), "db.abc123def.%s.rds.amazonaws.com",
                   region);
    return pair_new(&out->root, NULL, root, PAIR_CA) &&
           pair_new(&out->subordinate, &out->root, subordinate, PAIR_CA) &&
           pair_new(&out->leaf, &out->subordinate, leaf, PAIR_LEAF);
}

void chain_free(struct chain *chain)
{
    pair_free(&chain->root);
    pair_free(&chain->subordinate);
    pair_free(&chain->leaf);
}

bool write_bundle(const char *folder, const char *name, long age,
                  const X509 *const certificates[], size_t count)
{
    char beside[PATH_SIZE * 2], path[PATH_SIZE * 2];
    struct timespec times[2] = {{0, 0}, {0, 0}};
    bool good = true;
    FILE *file;

    (void)snprintf(beside, sizeof(beside), "%s/.%s.new", folder, name);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    times[0].tv_sec = times[1].tv_sec = builtin_date() + age;
    file = fopen(beside, "w");
    if (file == NULL)
        return CHECK(false, "cannot write %s", beside);
    for (size_t i = 0; good && i < count; i++)
        good = PEM_write_X509(file, (X509 *)certificates[i]) == 1;
    good = fclose(file) == 0 && good &&
           utimensat(AT_FDCWD, beside, times, 0) == 0 &&
           rename(beside, path) == 0;
    return CHECK(good, "the bundle %s", name);
}
