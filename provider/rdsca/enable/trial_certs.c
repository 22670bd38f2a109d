/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for trials: a CA that is none of RDS's and one that is named as
 * RDS's are, each with a server's certificate.  Their keys live as long as the
 * folder that they are in.  Refuses to make them where others could look in.
 */

#include "trial.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define CURVE "P-384"
#define DIGEST "SHA384"
#define HOUR 3600L

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

/* ---- one certificate --------------------------------------------------- */

/*
 * The parts of a CA's name stand in AWS's order.  Like AWS, this does not hold
 * a common name to the 64 characters of RFC 5280; MBSTRING_ASC would.
 */
static bool set_name(X509 *certificate, const char *cn)
{
    const struct {
        const char *field, *value;
        int type;
    } parts[] = {
        {"C", "US", MBSTRING_ASC},
        {"O", "Amazon Web Services, Inc.", MBSTRING_ASC},
        {"OU", "Amazon RDS", MBSTRING_ASC},
        {"ST", "WA", MBSTRING_ASC},
        {"CN", cn, V_ASN1_UTF8STRING},
        {"L", "Seattle", MBSTRING_ASC},
    };
    X509_NAME *name = X509_NAME_new();
    bool good = name != NULL;

    for (size_t i = 0; good && i < sizeof(parts) / sizeof(parts[0]); i++)
        good = X509_NAME_add_entry_by_txt(
                   name, parts[i].field, parts[i].type,
                   (const unsigned char *)parts[i].value, -1, -1, 0) == 1;
    good = good && X509_set_subject_name(certificate, name) == 1;
    X509_NAME_free(name);
    return good;
}

static bool set_serial(X509 *certificate, long number)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    bool good = serial != NULL && ASN1_INTEGER_set(serial, number) == 1 &&
                X509_set_serialNumber(certificate, serial) == 1;

    ASN1_INTEGER_free(serial);
    return good;
}

static bool set_extension(X509 *certificate, X509 *issuer, int nid,
                          const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    bool good;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool set_extensions(X509 *certificate, X509 *issuer, const char *host)
{
    char san[RDS_ENDPOINT_MAX + 8];

    if (!set_extension(certificate, issuer, NID_subject_key_identifier,
                       "hash") ||
        !set_extension(certificate, issuer, NID_basic_constraints,
                       host == NULL ? "critical,CA:TRUE"
                                    : "critical,CA:FALSE") ||
        !set_extension(certificate, issuer, NID_key_usage,
                       host == NULL
                           ? "critical,digitalSignature,keyCertSign,cRLSign"
                           : "critical,digitalSignature"))
        return false;
    if (host == NULL)
        return true;
    (void)snprintf(san, sizeof(san), "DNS:%s", host);
    return set_extension(certificate, issuer, NID_authority_key_identifier,
                         "keyid") &&
           set_extension(certificate, issuer, NID_subject_alt_name, san) &&
           set_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
}

/* A CA of this name where `host` is NULL, else a server's certificate. */
static bool make(struct identity *out, const struct identity *issuer,
                 const char *cn, const char *host)
{
    const struct identity *by = host == NULL ? out : issuer;
    X509 *certificate = X509_new();
    EVP_MD *digest = EVP_MD_fetch(NULL, DIGEST, NULL);
    bool good;

    out->certificate = certificate;
    out->key = EVP_EC_gen(CURVE);
    good =
        certificate != NULL && out->key != NULL && digest != NULL &&
        X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate, host == NULL ? 1 : 2) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -HOUR) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * HOUR) != NULL &&
        set_name(certificate, cn) &&
        X509_set_issuer_name(certificate,
                             X509_get_subject_name(by->certificate)) == 1 &&
        X509_set_pubkey(certificate, out->key) == 1 &&
        set_extensions(certificate, by->certificate, host) &&
        X509_sign(certificate, by->key, digest) != 0;
    EVP_MD_free(digest);
    return good;
}

/* ---- files ------------------------------------------------------------- */

static bool write_pem(const char *path, const struct identity *identity,
                      bool with_key)
{
    FILE *file = fopen(path, "wex");
    bool good;

    if (file == NULL)
        return false;
    good = PEM_write_X509(file, identity->certificate) == 1 &&
           (!with_key || PEM_write_PrivateKey(file, identity->key, NULL, NULL,
                                              0, NULL, NULL) == 1);
    return fclose(file) == 0 && good;
}

/* A CA in the file `ca`, and the server that it vouches for. */
static bool make_pair(const struct rdsca_trial *trial, const char *cn,
                      const char *host, const char *ca, const char *server)
{
    struct identity root = {NULL, NULL}, leaf = {NULL, NULL};
    char path[2][PATH_MAX];
    bool good;

    good =
        snprintf(path[0], PATH_MAX, "%s/%s", trial->folder, ca) < PATH_MAX &&
        snprintf(path[1], PATH_MAX, "%s/%s", trial->folder, server) <
            PATH_MAX &&
        make(&root, NULL, cn, NULL) && make(&leaf, &root, host, host) &&
        write_pem(path[0], &root, false) && write_pem(path[1], &leaf, true);
    X509_free(root.certificate);
    X509_free(leaf.certificate);
    EVP_PKEY_free(root.key);
    EVP_PKEY_free(leaf.key);
    return good;
}

bool rdsca_trial_pki(const struct rdsca_doctor *doctor)
{
    const struct rdsca_trial *trial = doctor->arg;
    char cn[128], bundle[128], errors[RDS_ERROR_TEXT];

    (void)umask(077);
    (void)snprintf(cn, sizeof(cn), "Amazon RDS %s Root CA ECC384 G1",
                   trial->region);
    (void)snprintf(bundle, sizeof(bundle), "bundles/%s-bundle.pem",
                   trial->region);
    if (make_pair(trial, "rdsca trial CA", RDSCA_OTHER_HOST, "other-ca.pem",
                  "other.pem") &&
        make_pair(trial, cn, trial->endpoint, bundle, "rds.pem"))
        return true;
    rdsca_find(doctor->to, RDSCA_PROBLEM,
               "cannot make certificates to try TLS with: %s",
               rdsca_openssl_errors(errors));
    rdsca_mend(doctor->to, RDSCA_MEND_RUN, NULL, "rdsca doctor");
    return false;
}
