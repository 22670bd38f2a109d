/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a bundle to certificates.  Refuses what is no bundle, by
 * the name of what it is, and a bundle of which anything is missing.
 */

#include "unpack.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "rds/der.h"

/* What is taken apart, and what was found in it. */
struct packed {
    const struct rds_bundle_name *name;
    const void *bytes;
    size_t size;
    STACK_OF(X509) * certificates;
    struct rds_error *err;
};

static bool starts_with(const struct packed *packed, const char *text)
{
    const char *bytes = packed->bytes;
    size_t skipped = 0;

    while (skipped < packed->size &&
           strchr(" \t\r\n", bytes[skipped]) != NULL && bytes[skipped] != '\0')
        skipped++;
    return packed->size - skipped >= strlen(text) &&
           memcmp(bytes + skipped, text, strlen(text)) == 0;
}

static bool contains(const struct packed *packed, const char *text)
{
    return memmem(packed->bytes, packed->size, text, strlen(text)) != NULL;
}

/* What is no bundle at all, said in the words of what it is. */
static bool looks_like_bundle(const struct packed *packed)
{
    const char *file = packed->name->file;

    if (packed->size == 0)
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: empty; nothing was installed", file);
    if (packed->size > RDS_BUNDLE_MAX)
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: larger than %d bytes", file, RDS_BUNDLE_MAX);
    if (starts_with(packed, "<"))
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: a web page, no bundle; is there a proxy or a "
                        "login page on the way?",
                        file);
    if (contains(packed, "PRIVATE KEY-----"))
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: holds a private key; a bundle has certificates "
                        "only",
                        file);
    return true;
}

/* Moves the certificates of a PKCS#7 into the stack. */
static bool take_pkcs7(const struct packed *packed, PKCS7 *p7)
{
    STACK_OF(X509) *found = NULL;
    bool good = true;

    if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
        found = p7->d.sign->cert;
    for (int i = 0; good && i < sk_X509_num(found); i++)
        good = X509_add_cert(packed->certificates, sk_X509_value(found, i),
                             X509_ADD_FLAG_UP_REF) == 1;
    PKCS7_free(p7);
    return good && found != NULL;
}

/* PEM: certificates and PKCS#7, and nothing else. */
static bool take_pem(const struct packed *packed, BIO *bio)
{
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    size_t blocks = 0;
    bool good = true;
    long size;

    while (good && PEM_read_bio(bio, &name, &header, &data, &size) == 1) {
        const unsigned char *at = data;
        X509 *certificate;

        if (strcmp(name, PEM_STRING_X509) == 0) {
            certificate = d2i_X509(NULL, &at, size);
            good = certificate != NULL && at == data + size &&
                   X509_add_cert(packed->certificates, certificate,
                                 X509_ADD_FLAG_UP_REF) == 1;
            X509_free(certificate);
        } else {
            good = strcmp(name, PEM_STRING_PKCS7) == 0 &&
                   take_pkcs7(packed, d2i_PKCS7(NULL, &at, size));
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        blocks++;
    }
    /* What is cut within a BEGIN or END line is no block to OpenSSL. */
    return good &&
           rds_pem_marks(packed->bytes, packed->size, "-----BEGIN") ==
               blocks &&
           rds_pem_marks(packed->bytes, packed->size, "-----END") == blocks &&
           ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* Whether all of it was understood. */
static bool take_all(const struct packed *packed)
{
    const unsigned char *at = packed->bytes;
    bool good = false;
    BIO *bio;

    if (packed->size > 1 && at[0] == RDS_DER_SEQUENCE && at[1] >= 0x80)
        return take_pkcs7(packed, d2i_PKCS7(NULL, &at, (long)packed->size));
    bio = BIO_new_mem_buf(packed->bytes, (int)packed->size);
    if (bio != NULL)
        good = take_pem(packed, bio);
    BIO_free(bio);
    return good;
}

static bool take_apart(const struct packed *packed)
{
    const char *file = packed->name->file;
    size_t most = rds_bundle_anchors_max(packed->name);
    bool good = take_all(packed);
    int count = sk_X509_num(packed->certificates);

    ERR_clear_error();
    if (!good)
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: truncated or damaged after certificate %d", file,
                        count);
    if (count == 0)
        return rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                        "%s: no certificate in it", file);
    return (size_t)count <= most ||
           rds_fail(packed->err, RDS_R_BAD_BUNDLE,
                    "%s: more than %zu certificates", file, most);
}

STACK_OF(X509) * rdsca_unpack(const struct rds_bundle_name *name,
                              const void *bytes, size_t size,
                              struct rds_error *err)
{
    struct packed packed = {name, bytes, size, sk_X509_new_null(), err};

    if (packed.certificates == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    else if (looks_like_bundle(&packed) && take_apart(&packed))
        return packed.certificates;
    sk_X509_pop_free(packed.certificates, X509_free);
    return NULL;
}
