/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates made by the tests, in the shapes that AWS uses: root <-
 * subordinate <- leaf.  Keys are EC, since they are fast to make, whatever
 * the name says.
 */

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"

#define DAY 86400L
#define NAME_SIZE 128

static void name_add(X509_NAME *name, const char *field, const char *text,
                     int type)
{
    NEED(X509_NAME_add_entry_by_txt(
             name, field, type, (const unsigned char *)text, -1, -1, 0) == 1);
}

/* Of any length: a type of MBSTRING keeps to the 64 characters of RFC 5280. */
static void name_add_cn(X509_NAME *name, const struct recipe *recipe)
{
    if (recipe->cn != NULL)
        name_add(name, "CN", recipe->cn,
                 recipe->cn_type != 0 ? recipe->cn_type : V_ASN1_UTF8STRING);
}

/* In AWS's order: the common name is not the last of a CA's. */
static X509_NAME *name_of(const struct recipe *recipe)
{
    static const char *const ca[][2] = {
        {"C", "US"},          {"O", "Amazon Web Services, Inc."},
        {"OU", "Amazon RDS"}, {"ST", "WA"},
        {"CN", NULL},         {"L", "Seattle"},
    };
    static const char *const leaf[][2] = {
        {"CN", NULL},     {"OU", "RDS"},        {"O", "Amazon.com"},
        {"L", "Seattle"}, {"ST", "Washington"}, {"C", "US"},
    };
    X509_NAME *name = X509_NAME_new();

    NEED(name != NULL);
    for (size_t i = 0; i < COUNT_OF(ca); i++) {
        const char *const *part = recipe->kind == KIND_CA ? ca[i] : leaf[i];

        if (part[1] != NULL)
            name_add(name, part[0], part[1], MBSTRING_UTF8);
        else
            name_add_cn(name, recipe);
    }
    if (recipe->email != NULL)
        name_add(name, "emailAddress", recipe->email, MBSTRING_UTF8);
    return name;
}

static void extend(X509 *certificate, X509 *issuer, const char *conf, int nid,
                   const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    CONF *sections = NCONF_new(NULL);
    BIO *bio = BIO_new_mem_buf(conf != NULL ? conf : "x = y\n", -1);
    long line;

    NEED(sections != NULL && bio != NULL &&
         NCONF_load_bio(sections, bio, &line) == 1);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509V3_set_nconf(&context, sections);
    extension = X509V3_EXT_nconf_nid(sections, &context, nid, value);
    NEED(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    NCONF_free(sections);
    BIO_free(bio);
}

/* A value given by the recipe, else the usual one; "" is none at all. */
static void extend_usual(X509 *certificate, X509 *issuer,
                         const struct recipe *recipe, int nid,
                         const char *value, const char *usual)
{
    const char *text = value != NULL ? value : usual;

    if (text[0] != '\0')
        extend(certificate, issuer, recipe->conf, nid, text);
}

static void extend_all(X509 *certificate, X509 *issuer,
                       const struct recipe *recipe)
{
    bool ca = recipe->kind == KIND_CA;
    char dns[NAME_SIZE * 2];

    extend_usual(certificate, issuer, recipe, NID_basic_constraints,
                 recipe->basic, ca ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, issuer, NULL, NID_subject_key_identifier, "hash");
    if (issuer != certificate && !recipe->no_aki)
        extend(certificate, issuer, NULL, NID_authority_key_identifier,
               "keyid");
    extend_usual(certificate, issuer, recipe, NID_key_usage, recipe->usage,
                 ca ? "critical,keyCertSign,cRLSign"
                    : "digitalSignature,keyEncipherment");
    if (!ca) {
        (void)snprintf(dns, sizeof(dns), "DNS:%s",
                       recipe->cn != NULL ? recipe->cn : "");
        extend_usual(certificate, issuer, recipe, NID_ext_key_usage,
                     recipe->eku, "serverAuth");
        extend_usual(certificate, issuer, recipe, NID_subject_alt_name,
                     recipe->san, dns);
    }
    for (size_t i = 0; i < COUNT_OF(recipe->other); i++) {
        if (recipe->other[i] != NULL)
            extend(certificate, issuer, recipe->conf, recipe->other_nid[i],
                   recipe->other[i]);
    }
}

static EVP_PKEY *key_of(const struct recipe *recipe)
{
    if (recipe->rsa)
        return EVP_RSA_gen(2048);
    return EVP_EC_gen(recipe->group != NULL ? recipe->group : "P-256");
}

void pair_make(struct pair *out, const struct recipe *recipe)
{
    static long serial = 1000;
    bool usual = recipe->from == 0 && recipe->until == 0;
    const struct pair *issuer = recipe->issuer;
    X509 *certificate = X509_new();
    X509_NAME *name = name_of(recipe);

    out->certificate = certificate;
    out->key = key_of(recipe);
    NEED(certificate != NULL && out->key != NULL);
    NEED(X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) == 1 &&
         X509_set_subject_name(certificate, name) == 1 &&
         X509_set_issuer_name(certificate,
                              issuer != NULL
                                  ? X509_get_subject_name(issuer->certificate)
                                  : name) == 1 &&
         X509_set_pubkey(certificate, out->key) == 1);
    NEED(X509_gmtime_adj(X509_getm_notBefore(certificate),
                         usual ? -DAY : recipe->from * DAY) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate),
                         usual ? 365 * DAY : recipe->until * DAY) != NULL);
    extend_all(certificate, issuer != NULL ? issuer->certificate : certificate,
               recipe);
    NEED(X509_sign(certificate, issuer != NULL ? issuer->key : out->key,
                   EVP_sha256()) != 0);
    /* libcrypto reads the extensions when it first needs them, and a checker
     * does not see how threads that share the certificate agree on that. */
    (void)X509_get_extension_flags(certificate);
    X509_NAME_free(name);
}

void pair_free(struct pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    memset(pair, 0, sizeof(*pair));
}

void chain_make(struct chain *out, const char *region)
{
    char root[NAME_SIZE], subordinate[NAME_SIZE], leaf[NAME_SIZE];

    (void)snprintf(root, sizeof(root), "Amazon RDS %s Root CA ECC384 G1",
                   region);
    (void)snprintf(subordinate, sizeof(subordinate),
                   "Amazon RDS %s Subordinate CA ECC384 G1.A.1", region);
    (void)snprintf(leaf, sizeof(leaf), "db.abc123def.%s.rds.amazonaws.com",
                   region);
    pair_make(&out->root, &(struct recipe){.kind = KIND_CA, .cn = root});
    pair_make(&out->subordinate, &(struct recipe){.kind = KIND_CA,
                                                  .cn = subordinate,
                                                  .issuer = &out->root});
    pair_make(&out->leaf,
              &(struct recipe){.cn = leaf, .issuer = &out->subordinate});
}

void chain_free(struct chain *chain)
{
    pair_free(&chain->root);
    pair_free(&chain->subordinate);
    pair_free(&chain->leaf);
}

void leaf_make(struct pair *out, const struct chain *chain, const char *san)
{
    pair_make(out,
              &(struct recipe){.san = san, .issuer = &chain->subordinate});
}

void stranger_make(struct chain *out)
{
    pair_make(&out->root,
              &(struct recipe){.kind = KIND_CA, .cn = "Example Root CA"});
    pair_make(&out->subordinate, &(struct recipe){.kind = KIND_CA,
                                                  .cn = "Example CA",
                                                  .issuer = &out->root});
    pair_make(&out->leaf, &(struct recipe){.cn = "www.example.com",
                                           .issuer = &out->subordinate});
}
