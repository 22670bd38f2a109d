/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates in the formats that other programs read.  Refuses to make a
 * file that holds less than the answer.
 */

#include "export_formats.h"

#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#include "../certs/describe.h"

/* ---- PEM --------------------------------------------------------------- */

bool rdsca_write_pem(BIO *to, const struct rds_entry *entry)
{
    return PEM_write_bio(to, PEM_STRING_X509, "", entry->der,
                         (long)entry->anchor->der_size) > 0;
}

BIO *rdsca_keystore_pem(const struct rdsca_answer *answer)
{
    BIO *out = BIO_new(BIO_s_mem());

    for (size_t i = 0; out != NULL && i < answer->selection.count; i++) {
        if (!rdsca_write_pem(out, rdsca_answer_entry(answer, i))) {
            BIO_free(out);
            return NULL;
        }
    }
    return out;
}

/* ---- PKCS#7 ------------------------------------------------------------ */

/* RFC 2315, 9.1: signed data without a signer or contents. */
static PKCS7 *make_p7(const struct rdsca_answer *answer)
{
    PKCS7 *p7 = PKCS7_new();
    bool good = p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
                PKCS7_content_new(p7, NID_pkcs7_data) == 1 &&
                PKCS7_set_detached(p7, 1) == 1;

    for (size_t i = 0; good && i < answer->selection.count; i++) {
        X509 *x509 = rdsca_x509(rdsca_answer_entry(answer, i));

        good = x509 != NULL && PKCS7_add_certificate(p7, x509) == 1;
        X509_free(x509);
    }
    if (good)
        return p7;
    PKCS7_free(p7);
    return NULL;
}

BIO *rdsca_keystore_p7b(const struct rdsca_answer *answer)
{
    PKCS7 *p7 = make_p7(answer);
    BIO *out = BIO_new(BIO_s_mem());

    if (p7 == NULL || out == NULL || PEM_write_bio_PKCS7(out, p7) != 1) {
        BIO_free(out);
        out = NULL;
    }
    PKCS7_free(p7);
    return out;
}

/* ---- PKCS#12 ----------------------------------------------------------- */

/*
 * Oracle's attribute: without it Java takes a certificate for part of a chain
 * and not for a trusted entry.  Its value names the purposes; keytool writes
 * anyExtendedKeyUsage.
 */
#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

#define ITERATIONS 10000 /* as keytool 17 has it */
#define SALT_SIZE 20

/* Java folds the case of aliases, and of two equal ones keeps the last. */
static bool alias_taken(const struct rdsca_answer *answer, size_t i)
{
    const char *alias = rdsca_answer_entry(answer, i)->anchor->alias;

    for (size_t j = 0; j < i; j++) {
        if (strcasecmp(rdsca_answer_entry(answer, j)->anchor->alias, alias) ==
            0)
            return true;
    }
    return false;
}

static bool add_attributes(PKCS12_SAFEBAG *bag,
                           const struct rdsca_answer *answer, size_t i)
{
    const struct rds_anchor *anchor = rdsca_answer_entry(answer, i)->anchor;
    char alias[RDS_ALIAS_MAX + 1 + RDS_SHA256_TEXT], sha256[RDS_SHA256_TEXT];
    const ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);
    bool taken = alias_taken(answer, i);

    (void)rds_sha256_write(sha256, anchor->sha256);
    (void)snprintf(alias, sizeof(alias), "%s%s%.16s", anchor->alias,
                   taken ? "-" : "", taken ? sha256 : "");
    return PKCS12_add_friendlyname_utf8(bag, alias, -1) == 1 &&
           PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT,
                                   (const unsigned char *)any, -1) == 1;
}

static STACK_OF(PKCS12_SAFEBAG) * make_bags(const struct rdsca_answer *answer)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    bool good = true;

    for (size_t i = 0; good && i < answer->selection.count; i++) {
        X509 *x509 = rdsca_x509(rdsca_answer_entry(answer, i));
        PKCS12_SAFEBAG *bag =
            x509 != NULL ? PKCS12_add_cert(&bags, x509) : NULL;

        good = bag != NULL && add_attributes(bag, answer, i);
        X509_free(x509);
    }
    if (good)
        return bags;
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return NULL;
}

/* Without its MAC. */
static PKCS12 *make_p12(const struct rdsca_answer *answer)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = make_bags(answer);
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12 *p12 = NULL;

    if (bags != NULL && PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1)
        p12 = PKCS12_add_safes(safes, 0);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return p12;
}

static bool add_mac(PKCS12 *p12, const char *password)
{
    unsigned char *bytes = NULL, digest[EVP_MAX_MD_SIZE];
    int size = i2d_PKCS12(p12, &bytes);
    bool good = size > 0 &&
                EVP_Digest(bytes, (size_t)size, digest, NULL, EVP_sha256(),
                           NULL) == 1 &&
                PKCS12_set_mac(p12, password, -1, digest, SALT_SIZE,
                               ITERATIONS, EVP_sha256()) == 1;

    OPENSSL_free(bytes);
    return good;
}

BIO *rdsca_keystore_p12(const struct rdsca_answer *answer,
                        const char *password)
{
    PKCS12 *p12 = make_p12(answer);
    BIO *out = BIO_new(BIO_s_mem());

    if (p12 == NULL || out == NULL || !add_mac(p12, password) ||
        i2d_PKCS12_bio(out, p12) != 1) {
        BIO_free(out);
        out = NULL;
    }
    PKCS12_free(p12);
    return out;
}
