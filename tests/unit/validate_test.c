/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/fetch/validate.h which certificates of unknown
 * names are left out of a bundle, and which refuse it: only AWS's own file may
 * bring one, and only below a certificate of the file that is kept.
 */

#include "tests.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/fetch/validate.h"
#include "rds/builtin.h"

#define DAY 86400L
#define ROOT "Amazon RDS us-gov-west-1 Root CA ECC384 G1"
#define OTHER "Amazon RDS us-gov-west-1 Root CA RSA2048 G1"
#define KNOWN "Amazon RDS us-gov-west-1 ECC384 G1"
#define SURPRISE "Amazon RDS us-gov-west-1 Issuing ECC384 G1"
#define FILE_NAME "us-gov-west-1-bundle.pem"

/* ---- certificates ------------------------------------------------------- */

struct one {
    X509 *x509;
    EVP_PKEY *key;
};

static X509_NAME *name_with(const char *cn)
{
    X509_NAME *name = X509_NAME_new();

    NEED(name != NULL && (cn[0] == '\0' ||
                          X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                     (const unsigned char *)cn,
                                                     -1, -1, 0) == 1));
    return name;
}

static void add_basic(X509 *x509, bool ca)
{
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                            ca ? "critical,CA:TRUE" : "CA:FALSE");

    NEED(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* `issuer` NULL: itself.  It begins a day ago. */
static void make(struct one *out, const char *cn, const struct one *issuer,
                 bool ca, long days)
{
    static long serial = 1;
    X509_NAME *name = name_with(cn);

    out->key = EVP_EC_gen("P-256");
    out->x509 = X509_new();
    if (issuer == NULL)
        issuer = out;
    NEED(
        out->key != NULL && out->x509 != NULL &&
        X509_set_version(out->x509, X509_VERSION_3) &&
        ASN1_INTEGER_set(X509_get_serialNumber(out->x509), ++serial) &&
        X509_set_subject_name(out->x509, name) &&
        X509_set_issuer_name(out->x509, X509_get_subject_name(issuer->x509)) &&
        X509_set_pubkey(out->x509, out->key) &&
        X509_gmtime_adj(X509_getm_notBefore(out->x509), -2 * DAY) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(out->x509), days * DAY) != NULL);
    add_basic(out->x509, ca);
    NEED(X509_sign(out->x509, issuer->key, EVP_sha256()) != 0);
    X509_NAME_free(name);
}

/* Another last byte of the signature. */
static void damage(struct one *one)
{
    const ASN1_BIT_STRING *signature;

    X509_get0_signature(&signature, NULL, one->x509);
    ((unsigned char *)ASN1_STRING_get0_data(
        signature))[ASN1_STRING_length(signature) - 1] ^= 1;
}

/* ---- judging ------------------------------------------------------------ */

/* What a bundle may hold. */
enum {
    ROOT_,
    OTHER_,
    KNOWN_,
    BELOW_KNOWN,
    BELOW_ROOT,
    NAMELESS,
    CROSS,
    SELF,
    ORPHAN,
    LEAF,
    FLIPPED,
    PAST,
    PAST_ROOT,
    BELOW_PAST,
    BELOW_SURPRISE,
    ONES
};

static struct one ones[ONES];

static void make_ones(void)
{
    static struct one stranger;

    make(&ones[ROOT_], ROOT, NULL, true, 3650);
    make(&ones[OTHER_], OTHER, NULL, true, 3650);
    make(&ones[KNOWN_], KNOWN, &ones[ROOT_], true, 365);
    make(&ones[BELOW_KNOWN], SURPRISE, &ones[KNOWN_], true, 365);
    make(&ones[BELOW_ROOT], SURPRISE, &ones[ROOT_], true, 365);
    make(&ones[NAMELESS], "Amazon\x1b[31mRDS", &ones[ROOT_], true, 365);
    /* A new root that the old one vouches for. */
    make(&ones[CROSS], "Amazon RDS us-gov-west-1 Root CA ECC384 G2",
         &ones[ROOT_], true, 365);
    make(&ones[SELF], "Amazon Database Root CA", NULL, true, 365);
    make(&stranger, "Amazon RDS us-gov-west-1 Root CA RSA4096 G1", NULL, true,
         365);
    make(&ones[ORPHAN], SURPRISE, &stranger, true, 365);
    make(&ones[LEAF], SURPRISE, &ones[ROOT_], false, 365);
    make(&ones[FLIPPED], SURPRISE, &ones[ROOT_], true, 365);
    damage(&ones[FLIPPED]);
    make(&ones[PAST], SURPRISE, &ones[ROOT_], true, -1);
    make(&ones[PAST_ROOT], OTHER, NULL, true, -1);
    make(&ones[BELOW_PAST], SURPRISE, &ones[PAST_ROOT], true, 365);
    make(&ones[BELOW_SURPRISE], SURPRISE " of another", &ones[BELOW_ROOT],
         true, 365);
    X509_free(stranger.x509);
    EVP_PKEY_free(stranger.key);
}

static void free_ones(void)
{
    for (size_t i = 0; i < ONES; i++) {
        X509_free(ones[i].x509);
        EVP_PKEY_free(ones[i].key);
    }
}

/* The bundle of these certificates, as PEM in a BIO. */
static BIO *bundle_of(const int *which, size_t count)
{
    BIO *bio = BIO_new(BIO_s_mem());

    NEED(bio != NULL);
    for (size_t i = 0; i < count; i++)
        NEED(PEM_write_bio_X509(bio, ones[which[i]].x509) == 1);
    return bio;
}

#define NOT_A_NAME                                                            \
    FILE_NAME ": '" SURPRISE "' is not the name of an Amazon RDS CA"
#define NOT_ISSUED(cn)                                                        \
    FILE_NAME ": '" cn "' does not describe itself as an Amazon RDS CA, and " \
              "none in the bundle issued it; nothing was installed"

#define MOST 4

static const struct {
    const char *row;
    int which[MOST];
    size_t count;
    size_t kept, left_out;
    const char *aws;       /* the refusal in AWS's own file; NULL: taken */
    const char *elsewhere; /* and in another one, with --accept-new */
} rows[] = {
    {"nothing but known ones", {ROOT_, KNOWN_}, 2, 2, 0, NULL, NULL},
    {"one below a root", {ROOT_, BELOW_ROOT}, 2, 1, 1, NULL, NOT_A_NAME},
    {"... that stands before it",
     {BELOW_ROOT, ROOT_},
     2,
     1,
     1,
     NULL,
     NOT_A_NAME},
    {"one below an intermediate",
     {ROOT_, KNOWN_, BELOW_KNOWN},
     3,
     2,
     1,
     NULL,
     NOT_A_NAME},
    {"the same twice",
     {ROOT_, BELOW_ROOT, BELOW_ROOT},
     3,
     1,
     1,
     NULL,
     NOT_A_NAME},
    {"two of one name",
     {ROOT_, KNOWN_, BELOW_ROOT, BELOW_KNOWN},
     4,
     2,
     2,
     NULL,
     NOT_A_NAME},
    {"one that has expired", {ROOT_, PAST}, 2, 1, 1, NULL, NOT_A_NAME},
    {"one without a name to print",
     {ROOT_, NAMELESS},
     2,
     1,
     1,
     NULL,
     FILE_NAME ": '' is not the name of an Amazon RDS CA"},
    {"a cross-signed root",
     {ROOT_, CROSS},
     2,
     1,
     1,
     NULL,
     FILE_NAME ": 'Amazon RDS us-gov-west-1 Root CA ECC384 G2' names a root, "
               "but its issuer is another"},
    {"one that signed itself",
     {ROOT_, SELF},
     2,
     0,
     0,
     NOT_ISSUED("Amazon Database Root CA"),
     FILE_NAME ": 'Amazon Database Root CA' is not the name of an Amazon RDS "
               "CA"},
    {"one whose issuer is not there",
     {ROOT_, ORPHAN},
     2,
     0,
     0,
     NOT_ISSUED(SURPRISE),
     NOT_A_NAME},
    {"one of a root that is not there",
     {OTHER_, BELOW_ROOT},
     2,
     0,
     0,
     NOT_ISSUED(SURPRISE),
     NOT_A_NAME},
    {"one below another",
     {ROOT_, BELOW_ROOT, BELOW_SURPRISE},
     3,
     0,
     0,
     NOT_ISSUED(SURPRISE " of another"),
     NOT_A_NAME},
    {"one below a root that is dropped",
     {ROOT_, PAST_ROOT, BELOW_PAST},
     3,
     0,
     0,
     NOT_ISSUED(SURPRISE),
     NOT_A_NAME},
    {"nothing but unknown ones",
     {BELOW_ROOT},
     1,
     0,
     0,
     NOT_ISSUED(SURPRISE),
     NOT_A_NAME},
    {"no CA",
     {ROOT_, LEAF},
     2,
     0,
     0,
     FILE_NAME ": '" SURPRISE "' is not a CA certificate",
     FILE_NAME ": '" SURPRISE "' is not a CA certificate"},
    {"a bad signature",
     {ROOT_, FLIPPED},
     2,
     0,
     0,
     NOT_ISSUED(SURPRISE),
     NOT_A_NAME},
};

/* Exactly what was left out is not in what would be installed. */
static void check_vetted(const struct rdsca_vetted *vetted, size_t i)
{
    struct rds_bundle_name name;
    struct rds_bundle *bundle;
    struct rds_error err;
    size_t left_out = 0;

    CHECK_NUMBER(vetted->kept, rows[i].kept, "%s: kept", rows[i].row);
    CHECK_NUMBER(vetted->left_out, rows[i].left_out, "%s: left out",
                 rows[i].row);
    NEED(rds_bundle_name_read(FILE_NAME, &name));
    bundle = rds_bundle_parse(rds_libcrypto_linked(), &name, true, 0,
                              vetted->pem, vetted->pem_size, NULL, NULL, &err);
    if (!CHECK(bundle != NULL, "%s: %s", rows[i].row, err.text))
        return;
    CHECK_NUMBER(bundle->count, rows[i].kept, "%s: installed", rows[i].row);
    for (size_t j = 0; j < vetted->note_count; j++) {
        const struct rdsca_note *note = &vetted->notes[j];

        if (note->kind != RDSCA_NOTE_LEFT_OUT)
            continue;
        left_out++;
        CHECK(note->not_after != 0, "%s: when it ends", rows[i].row);
        for (size_t k = 0; k < bundle->count; k++)
            CHECK(memcmp(bundle->anchors[k].sha256, note->sha256,
                         RDS_SHA256_SIZE) != 0,
                  "%s: is not installed", rows[i].row);
    }
    CHECK_NUMBER(left_out, rows[i].left_out, "%s: notes", rows[i].row);
    rds_bundle_free(bundle);
}

static void vet_row(size_t i, bool from_aws)
{
    const char *refusal = from_aws ? rows[i].aws : rows[i].elsewhere;
    BIO *bio = bundle_of(rows[i].which, rows[i].count);
    const struct rds_view view = {0};
    struct rdsca_candidate candidate = {
        .from_aws = from_aws,
        .accept_new = true,
        .view = &view,
        .now = (int64_t)time(NULL),
    };
    struct rdsca_vetted vetted;
    struct rds_error err = {RDS_R_NONE, ""};
    char *bytes;
    bool taken;

    NEED(rds_bundle_name_read(FILE_NAME, &candidate.name));
    candidate.size = (size_t)BIO_get_mem_data(bio, &bytes);
    candidate.bytes = bytes;
    taken = rdsca_vet(&candidate, &vetted, &err);
    CHECK_NUMBER(taken, refusal == NULL, "%s, %s: %s", rows[i].row,
                 from_aws ? "AWS" : "elsewhere", err.text);
    if (taken)
        check_vetted(&vetted, i);
    else if (refusal != NULL)
        CHECK_TEXT(err.text, refusal, "%s", rows[i].row);
    CHECK(ERR_peek_error() == 0, "%s: the error queue", rows[i].row);
    rdsca_vetted_clear(&vetted);
    BIO_free(bio);
}

static void test_unknown(void)
{
    make_ones();
    for (size_t i = 0; i < COUNT(rows); i++) {
        vet_row(i, true);
        vet_row(i, false);
    }
    free_ones();
}

/* Retired files are frozen: nothing new comes with them. */
static void test_retired(void)
{
    const int which[] = {PAST_ROOT, BELOW_PAST};
    const struct rds_view view = {0};
    struct rdsca_candidate candidate = {
        .from_aws = true, .view = &view, .now = (int64_t)time(NULL)};
    struct rdsca_vetted vetted;
    struct rds_error err;
    char *bytes;
    BIO *bio;

    make_ones();
    bio = bundle_of(which, COUNT(which));
    rds_bundle_name_retired(&rds_legacy_files[0], &candidate.name);
    candidate.size = (size_t)BIO_get_mem_data(bio, &bytes);
    candidate.bytes = bytes;
    CHECK(!rdsca_vet(&candidate, &vetted, &err), "an unknown name");
    CHECK(strstr(err.text, "' is not the name of an Amazon RDS CA") != NULL,
          "%s", err.text);
    rdsca_vetted_clear(&vetted);
    BIO_free(bio);
    free_ones();
}

CU_TestInfo vet_tests[] = {
    {"unknown names", test_unknown},
    {"unknown names in retired files", test_retired},
    CU_TEST_INFO_NULL,
};
