/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many anchors: roots of regions that AWS does not have, one key for all of
 * them, since signing is quick and making keys is not.
 */

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define DAY 86400L
#define GENERATIONS_MAX 999 /* a generation has three digits at most */
#define REGIONS_MAX 99      /* and the number of a region two */

static void extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    NEED(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* What all of them have in common. */
static X509 *make_template(EVP_PKEY *key)
{
    X509 *certificate = X509_new();

    NEED(certificate != NULL &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * DAY) != NULL);
    extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(certificate, NID_subject_key_identifier, "hash");
    return certificate;
}

/* In AWS's order: the common name is not the last. */
static X509_NAME *make_name(unsigned region, unsigned generation)
{
    char cn[64];
    const char *const fields[][2] = {
        {"C", "US"},  {"O", "Amazon Web Services, Inc."},
        {"ST", "WA"}, {"OU", "Amazon RDS"},
        {"CN", cn},   {"L", "Seattle"},
    };
    X509_NAME *name = X509_NAME_new();

    (void)snprintf(cn, sizeof(cn), "Amazon RDS xx-test-%u Root CA ECC256 G%u",
                   region, generation);
    NEED(name != NULL);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        NEED(X509_NAME_add_entry_by_txt(name, fields[i][0], MBSTRING_UTF8,
                                        (const unsigned char *)fields[i][1],
                                        -1, -1, 0) == 1);
    return name;
}

static void write_anchor(FILE *file, X509 *certificate, EVP_PKEY *key,
                         unsigned region, unsigned generation)
{
    X509_NAME *name = make_name(region, generation);

    NEED(ASN1_INTEGER_set(X509_get_serialNumber(certificate),
                          region * 1000L + generation) == 1 &&
         X509_set_subject_name(certificate, name) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) != 0 &&
         PEM_write_X509(file, certificate) == 1);
    X509_NAME_free(name);
}

void make_anchors(const char *folder, unsigned files, unsigned count)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_template(key);
    char name[64], path[PATH_SIZE];

    NEED(files <= REGIONS_MAX && count <= GENERATIONS_MAX);
    for (unsigned region = 1; region <= files; region++) {
        FILE *file;

        (void)snprintf(name, sizeof(name), "%s/xx-test-%u-bundle.pem", folder,
                       region);
        file = fopen(path_of(path, name), "w");
        NEED(file != NULL);
        for (unsigned generation = 1; generation <= count; generation++)
            write_anchor(file, certificate, key, region, generation);
        NEED(fclose(file) == 0);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}
