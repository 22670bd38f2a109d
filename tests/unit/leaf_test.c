/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scope rule is told of a certificate: every use beyond serving is
 * seen, in each of the places where X.509 can say it.
 */

#include "rds/leaf.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "tests.h"

#define EXTENSIONS 4

struct extension {
    int nid; /* 0 ends a list */
    const char *value;
};

#define SAN                                                                   \
    NID_subject_alt_name, "DNS:db.abc123def.us-west-2.rds.amazonaws.com"
#define CONSTRAINTS NID_basic_constraints
#define USAGE NID_key_usage
#define PURPOSE NID_ext_key_usage

static const struct {
    const char *row;
    struct extension extensions[EXTENSIONS];
    bool version1; /* no extensions then, and issued by itself */
    bool ca_or_proxy, has_eku, server_auth;
    size_t san_count;
} rows[] = {
    {"nothing", {{0}}, .san_count = 0},
    {"a name", {{SAN}}, .san_count = 1},
    {"a server as AWS issues it",
     {{SAN},
      {CONSTRAINTS, "CA:FALSE"},
      {USAGE, "critical,digitalSignature,keyEncipherment"},
      {PURPOSE, "serverAuth"}},
     .has_eku = true,
     .server_auth = true,
     .san_count = 1},
    {"a client",
     {{SAN}, {PURPOSE, "clientAuth"}},
     .has_eku = true,
     .san_count = 1},
    {"both",
     {{SAN}, {PURPOSE, "clientAuth,serverAuth"}},
     .has_eku = true,
     .server_auth = true,
     .san_count = 1},
    {"any purpose is not that of a server",
     {{SAN}, {PURPOSE, "anyExtendedKeyUsage"}},
     .has_eku = true,
     .san_count = 1},
    {"a CA",
     {{SAN}, {CONSTRAINTS, "critical,CA:TRUE"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"signs certificates, no CA",
     {{SAN}, {CONSTRAINTS, "CA:FALSE"}, {USAGE, "keyCertSign"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"signs certificates, and nothing more is said",
     {{SAN}, {USAGE, "keyCertSign"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"signs CRLs",
     {{SAN}, {USAGE, "digitalSignature,cRLSign"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"signs OCSP answers",
     {{SAN}, {PURPOSE, "OCSPSigning"}},
     .ca_or_proxy = true,
     .has_eku = true,
     .san_count = 1},
    {"serves, and signs OCSP answers",
     {{SAN}, {PURPOSE, "serverAuth,OCSPSigning"}},
     .ca_or_proxy = true,
     .has_eku = true,
     .server_auth = true,
     .san_count = 1},
    {"a CA by Netscape's extension",
     {{SAN}, {NID_netscape_cert_type, "sslCA"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"a proxy certificate (RFC 3820)",
     {{NID_proxyCertInfo, "critical,language:id-ppl-anyLanguage"}},
     .ca_or_proxy = true},
    {"constraints that cannot be read",
     {{SAN}, {CONSTRAINTS, "DER:0500"}},
     .ca_or_proxy = true,
     .san_count = 1},
    {"of the first version, issued by itself",
     {{0}},
     .version1 = true,
     .ca_or_proxy = true},
    {"two lists of names",
     {{SAN}, {NID_subject_alt_name, "DNS:evil.example"}},
     .ca_or_proxy = true,
     .san_count = 2},
    {"three", {{SAN}, {SAN}, {SAN}}, .ca_or_proxy = true, .san_count = 2},
};

/* From its bytes, as a certificate comes. */
static X509 *make(size_t row)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *made = X509_new();
    X509_NAME *name = X509_NAME_new();
    unsigned char *der = NULL;
    const unsigned char *at;
    X509V3_CTX context;
    CONF *none = NCONF_new(NULL);
    int size;

    NEED(none != NULL && key != NULL && made != NULL && name != NULL);
    NEED(X509_set_version(made, rows[row].version1 ? 0 : 2) == 1);
    NEED(X509_gmtime_adj(X509_getm_notBefore(made), 0) != NULL);
    NEED(X509_gmtime_adj(X509_getm_notAfter(made), 3600) != NULL);
    NEED(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)rows[row].row, -1,
                                    -1, 0) == 1);
    NEED(X509_set_subject_name(made, name) == 1);
    NEED(!rows[row].version1 || X509_set_issuer_name(made, name) == 1);
    NEED(X509_set_pubkey(made, key) == 1);
    X509V3_set_ctx(&context, made, made, NULL, NULL, 0);
    X509V3_set_nconf(&context, none);
    for (const struct extension *e = rows[row].extensions;
         e < rows[row].extensions + EXTENSIONS && e->nid != 0; e++) {
        X509_EXTENSION *extension =
            X509V3_EXT_nconf_nid(NULL, &context, e->nid, e->value);

        NEED(extension != NULL && X509_add_ext(made, extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    NEED(X509_sign(made, key, NULL) > 0);
    size = i2d_X509(made, &der);
    at = der;
    X509_free(made);
    made = d2i_X509(NULL, &at, size);
    NEED(made != NULL);
    OPENSSL_free(der);
    NCONF_free(none);
    X509_NAME_free(name);
    EVP_PKEY_free(key);
    return made;
}

static void check_bytes(const struct rds_leaf *leaf, X509 *x, const char *row)
{
    int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
    const unsigned char *subject;
    size_t size;

    NEED(X509_NAME_get0_der(X509_get_subject_name(x), &subject, &size) == 1);
    CHECK(leaf->subject_size == size &&
              memcmp(leaf->subject, subject, size) == 0,
          "%s: subject", row);
    if (at < 0) {
        CHECK(leaf->san == NULL && leaf->san_size == 0, "%s: no names", row);
        return;
    }
    CHECK(leaf->san == ASN1_STRING_get0_data(
                           X509_EXTENSION_get_data(X509_get_ext(x, at))) &&
              leaf->san_size ==
                  (size_t)ASN1_STRING_length(
                      X509_EXTENSION_get_data(X509_get_ext(x, at))),
          "%s: the first list of names", row);
}

static void test_describe(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].row;
        X509 *x = make(i);
        struct rds_leaf leaf;

        memset(&leaf, 0xff, sizeof(leaf));
        rds_leaf_describe(rds_libcrypto_linked(), x, &leaf);
        CHECK_NUMBER(leaf.ca_or_proxy, rows[i].ca_or_proxy, "%s", row);
        CHECK_NUMBER(leaf.has_eku, rows[i].has_eku, "%s: purposes", row);
        CHECK(!leaf.has_eku || leaf.server_auth == rows[i].server_auth,
              "%s: server", row);
        CHECK_NUMBER(leaf.san_count, rows[i].san_count, "%s: SANs", row);
        CHECK(!leaf.nested && leaf.host_count == 0 && !leaf.other_identity,
              "%s: of the certificate alone", row);
        check_bytes(&leaf, x, row);
        X509_free(x);
    }
}

CU_TestInfo leaf_tests[] = {
    {"every use is seen", test_describe},
    CU_TEST_INFO_NULL,
};
