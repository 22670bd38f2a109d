/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/bundle.h: which file names are bundles; that a bundle of
 * certificates is read whatever stands around them; that a file with anything
 * else in it is refused with an exact text; which certificates are left out;
 * the caps; and that libcrypto's error queue stays as it was.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/bundle.h"

/* ---- names -------------------------------------------------------------- */

static const struct {
    const char *file;
    const char *region; /* NULL: not ours */
    enum rds_partition partition;
} file_names[] = {
    {"us-west-2-bundle.pem", "us-west-2", RDS_PARTITION_AWS},
    {"ap-foo-9-bundle.pem", "ap-foo-9", RDS_PARTITION_AWS},
    {"us-gov-west-1-bundle.pem", "us-gov-west-1", RDS_PARTITION_AWS_US_GOV},
    {"cn-north-1-bundle.pem", "cn-north-1", RDS_PARTITION_AWS_CN},
    {"eusc-de-east-1-bundle.pem", "eusc-de-east-1", RDS_PARTITION_AWS_EUSC},
    {"aws-global-bundle.pem", "", RDS_PARTITION_AWS},
    {"aws-us-gov-global-bundle.pem", "", RDS_PARTITION_AWS_US_GOV},
    {"aws-cn-global-bundle.pem", "", RDS_PARTITION_AWS_CN},
    {"aws-iso-b-global-bundle.pem", "", RDS_PARTITION_AWS_ISO_B},
    {"", NULL, 0},
    {".", NULL, 0},
    {"..", NULL, 0},
    {"bundle.pem", NULL, 0},
    {"-bundle.pem", NULL, 0},
    {"global-bundle.pem", NULL, 0},
    {"-global-bundle.pem", NULL, 0},
    {"us-west-2-global-bundle.pem", NULL, 0},
    {"aws-bundle.pem", NULL, 0},
    {"awsx-global-bundle.pem", NULL, 0},
    {"us-west-2-bundle.pem~", NULL, 0},
    {"us-west-2-bundle.pem.new", NULL, 0},
    {".us-west-2-bundle.pem", NULL, 0},
    {"..data", NULL, 0},
    {"us-west-2-bundle.p7b", NULL, 0},
    {"us-west-2.pem", NULL, 0},
    {"US-WEST-2-bundle.pem", NULL, 0},
    {"us-west-2-Bundle.pem", NULL, 0},
    {"us-west-2 -bundle.pem", NULL, 0},
    {"x/us-west-2-bundle.pem", NULL, 0},
    {"rds-combined-ca-bundle.pem", NULL, 0},
    {"abcdefghij-abcdefghij-1-bundle.pem", "abcdefghij-abcdefghij-1",
     RDS_PARTITION_AWS},
    {"abcdefghij-abcdefghijk-1-bundle.pem", NULL, 0},
};

static void test_file_names(void)
{
    struct rds_bundle_name name;
    char file[300];

    for (size_t i = 0; i < COUNT(file_names); i++) {
        bool good = rds_bundle_name_read(file_names[i].file, &name);

        CHECK_NUMBER(good, file_names[i].region != NULL, "'%s'",
                     file_names[i].file);
        if (!good || file_names[i].region == NULL)
            continue;
        CHECK_TEXT(name.file, file_names[i].file, "file");
        CHECK_TEXT(name.region, file_names[i].region, "%s", name.file);
        CHECK_NUMBER(name.partition, file_names[i].partition, "%s", name.file);
    }
    for (int size = 1; size < 250; size++) {
        (void)snprintf(file, sizeof(file), "%0*d-bundle.pem", size, 0);
        CHECK(!rds_bundle_name_read(file, &name), "%s", file);
        memset(file, 'a', (size_t)size);
        CHECK(!rds_bundle_name_read(file, &name), "%s", file);
    }
}

/* ---- parsing ------------------------------------------------------------ */

#define US_WEST_2 "us-west-2-bundle.pem"
#define AWS "aws-global-bundle.pem"

static void note(void *arg, const char *line)
{
    text_add(arg, "%s\n", line);
}

/* Parses; `lines` receives the reports. */
static struct rds_bundle *parse(const char *file, const void *bytes,
                                size_t size, struct text *lines,
                                struct rds_error *err)
{
    unsigned char *exact = exact_copy(bytes, size);
    struct rds_bundle_name name;
    struct rds_bundle *bundle;

    NEED(rds_bundle_name_read(file, &name));
    bundle = rds_bundle_parse(rds_libcrypto_linked(), &name, true, 1234, exact,
                              size, lines != NULL ? note : NULL, lines, err);
    free(exact);
    return bundle;
}

/* The kinds of things that a file is put together from. */
enum part {
    END,
    WEST_RSA,  /* of us-west-2 */
    WEST_ECC,  /* of us-west-2 */
    WEST_2019, /* an intermediate of us-west-2 */
    ROOT_2019, /* its root, without a region */
    EAST_RSA,  /* of us-east-1 */
    BETA_RSA,  /* of us-east-1, beta */
    CHINA_RSA, /* of cn-north-1 */
    TRUST_SERVICES,
    STRANGER, /* a CA of another name */
    LEAF,     /* no CA */
    COMMENT,
    UMLAUTS,
    PRIVATE_KEY,
    RSA_KEY,
    ENCRYPTED_KEY,
    REQUEST,
    TRUSTED,
    OLD_LABEL,
    CRL,
    HEADERS,
    BAD_BASE64,
    CUT,
    NO_DER,
    TRAILING,
};

static void add_block(struct text *file, const char *label, const char *inner)
{
    text_add(file, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label, inner,
             label);
}

static void add_certificate(struct text *file, const char *cn, bool ca)
{
    struct made made;

    make_certificate(&made, &(struct recipe){.cn = cn, .no_ca = !ca});
    text_add_made(file, &made);
}

/* A certificate with a byte behind its DER. */
static void add_trailing(struct text *file)
{
    const struct rds_anchor *a = builtin("us-west-2-rds-ca-rsa4096-g1");
    unsigned char *longer = longer_copy(builtin_der(a), a->der_size);

    text_add_pem(file, longer, a->der_size + 1u);
    free(longer);
}

static void add_part(struct text *file, enum part part)
{
    static const char base64[] = "MIIBATCBqKADAgECAgEBMAoGCCqGSM49BAMC";

    switch (part) {
    case WEST_RSA:
        text_add_builtin(file, "us-west-2-rds-ca-rsa2048-g1");
        break;
    case WEST_ECC:
        text_add_builtin(file, "us-west-2-rds-ca-ecc384-g1");
        break;
    case WEST_2019:
        text_add_builtin(file, "rds-ca-2019-us-west-2");
        break;
    case ROOT_2019:
        text_add_builtin(file, "rds-ca-2019-root");
        break;
    case EAST_RSA:
        text_add_builtin(file, "us-east-1-rds-ca-rsa2048-g1");
        break;
    case BETA_RSA:
        text_add_builtin(file, "beta-us-east-1-rds-ca-rsa2048-g1");
        break;
    case CHINA_RSA:
        text_add_builtin(file, "cn-north-1-rds-ca-rsa2048-g1");
        break;
    case TRUST_SERVICES:
        text_add_builtin(file, "amazon-root-ca-1");
        break;
    case STRANGER:
        add_certificate(file, "Evil Root", true);
        break;
    case LEAF:
        add_certificate(file, "db.x1.us-west-2.rds.amazonaws.com", false);
        break;
    case COMMENT:
        text_add(file, "# us-west-2\n\nsubject=/CN=x\n");
        break;
    case UMLAUTS:
        text_add(file, "\xc3\xa4\xff -----BEGIN\t\n");
        break;
    case PRIVATE_KEY:
        add_block(file, "PRIVATE KEY", base64);
        break;
    case RSA_KEY:
        add_block(file, "RSA PRIVATE KEY", base64);
        break;
    case ENCRYPTED_KEY:
        add_block(file, "ENCRYPTED PRIVATE KEY", base64);
        break;
    case REQUEST:
        add_block(file, "CERTIFICATE REQUEST", base64);
        break;
    case TRUSTED:
        add_block(file, "TRUSTED CERTIFICATE", base64);
        break;
    case OLD_LABEL:
        add_block(file, "X509 CERTIFICATE", base64);
        break;
    case CRL:
        add_block(file, "X509 CRL", base64);
        break;
    case HEADERS:
        add_block(file, "CERTIFICATE",
                  "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
                  "MIIBATCBqKADAgECAgEBMAoGCCqGSM49BAMC");
        break;
    case BAD_BASE64:
        add_block(file, "CERTIFICATE", "MIIB*TCBqKADAgECAgEBMAoGCCqGSM49BAMC");
        break;
    case CUT:
        text_add(file, "-----BEGIN CERTIFICATE-----\nMIIBATCBqKADAgECAgEB\n");
        break;
    case NO_DER:
        add_block(file, "CERTIFICATE", base64);
        break;
    case TRAILING:
        add_trailing(file);
        break;
    case END:
        break;
    }
}

#define MAX_PARTS 6
#define LEFT_OUT(file, number, why)                                           \
    file ": certificate " number " left out: " why "\n"
#define FOREIGN "not of the region or partition that the file's name states"
#define KEY "holds a private key; remove it, a bundle has certificates only"
#define ONLY "; a bundle has certificates only"
#define NONE "no certificate of its region or partition in it; "
#define AGAIN "fetch the file again"

static const struct {
    const char *file;
    enum part parts[MAX_PARTS];
    const char *result; /* aliases in their order, or the error */
    const char *report; /* NULL: none */
} bundles[] = {
    {US_WEST_2, {WEST_RSA}, "us-west-2-rds-ca-rsa2048-g1", NULL},
    {US_WEST_2,
     {WEST_RSA, WEST_ECC},
     "us-west-2-rds-ca-rsa2048-g1 us-west-2-rds-ca-ecc384-g1",
     NULL},
    {US_WEST_2,
     {COMMENT, WEST_RSA, UMLAUTS, WEST_ECC, COMMENT},
     "us-west-2-rds-ca-rsa2048-g1 us-west-2-rds-ca-ecc384-g1",
     NULL},
    {US_WEST_2,
     {WEST_2019, ROOT_2019},
     "rds-ca-2019-us-west-2 rds-ca-2019-root",
     NULL},
    {AWS,
     {EAST_RSA, WEST_RSA, BETA_RSA, ROOT_2019},
     "us-east-1-rds-ca-rsa2048-g1 us-west-2-rds-ca-rsa2048-g1 "
     "beta-us-east-1-rds-ca-rsa2048-g1 rds-ca-2019-root",
     NULL},
    /* some are left out */
    {US_WEST_2,
     {WEST_RSA, WEST_RSA},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "2", "it stands in the file twice")},
    {US_WEST_2,
     {EAST_RSA, WEST_RSA},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "1", FOREIGN)},
    {AWS,
     {EAST_RSA, CHINA_RSA},
     "us-east-1-rds-ca-rsa2048-g1",
     LEFT_OUT(AWS, "2", FOREIGN)},
    {AWS,
     {TRUST_SERVICES, WEST_RSA, TRUST_SERVICES},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(AWS, "1", FOREIGN) LEFT_OUT(AWS, "3", FOREIGN)},
    {US_WEST_2,
     {STRANGER, WEST_RSA},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "1",
              "'Evil Root' is not the name of an Amazon RDS CA")},
    {US_WEST_2,
     {WEST_RSA, LEAF},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "2",
              "'db.x1.us-west-2.rds.amazonaws.com' is not a CA certificate")},
    {US_WEST_2,
     {NO_DER, WEST_RSA},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "1", "not an X.509 certificate in DER")},
    {US_WEST_2,
     {TRAILING, WEST_RSA},
     "us-west-2-rds-ca-rsa2048-g1",
     LEFT_OUT(US_WEST_2, "1", "not an X.509 certificate in DER")},
    /* nothing is left */
    {US_WEST_2, {EAST_RSA}, US_WEST_2 ": " NONE AGAIN, "one"},
    {US_WEST_2, {TRUST_SERVICES, STRANGER}, US_WEST_2 ": " NONE AGAIN, "one"},
    {AWS, {CHINA_RSA}, AWS ": " NONE AGAIN, "one"},
    {US_WEST_2,
     {COMMENT},
     US_WEST_2 ": no PEM certificate in it; " AGAIN,
     NULL},
    {US_WEST_2,
     {UMLAUTS},
     US_WEST_2 ": no PEM certificate in it; " AGAIN,
     NULL},
    /* what is no certificate refuses the file */
    {US_WEST_2, {PRIVATE_KEY}, US_WEST_2 ": " KEY, NULL},
    {US_WEST_2, {WEST_RSA, PRIVATE_KEY}, US_WEST_2 ": " KEY, NULL},
    {US_WEST_2, {WEST_RSA, RSA_KEY, WEST_ECC}, US_WEST_2 ": " KEY, NULL},
    {US_WEST_2, {ENCRYPTED_KEY, WEST_RSA}, US_WEST_2 ": " KEY, NULL},
    {US_WEST_2,
     {WEST_RSA, REQUEST},
     US_WEST_2 ": holds 'CERTIFICATE REQUEST'" ONLY,
     NULL},
    {US_WEST_2,
     {TRUSTED, WEST_RSA},
     US_WEST_2 ": holds 'TRUSTED CERTIFICATE'" ONLY,
     NULL},
    {US_WEST_2,
     {OLD_LABEL, WEST_RSA},
     US_WEST_2 ": holds 'X509 CERTIFICATE'" ONLY,
     NULL},
    {US_WEST_2, {CRL, WEST_RSA}, US_WEST_2 ": holds 'X509 CRL'" ONLY, NULL},
    {US_WEST_2, {WEST_RSA, HEADERS}, "", NULL},
    /* damage refuses the file */
    {US_WEST_2,
     {BAD_BASE64, WEST_RSA},
     US_WEST_2 ": damaged PEM after certificate 0; " AGAIN,
     NULL},
    {US_WEST_2,
     {WEST_RSA, BAD_BASE64},
     US_WEST_2 ": damaged PEM after certificate 1; " AGAIN,
     NULL},
    {US_WEST_2,
     {WEST_RSA, WEST_ECC, CUT},
     US_WEST_2 ": damaged PEM after certificate 2; " AGAIN,
     NULL},
    {US_WEST_2, {CUT, WEST_RSA}, "", "one"},
};

/* The aliases, or the error; and that each anchor fits its bytes. */
static void describe(struct text *out, const struct rds_bundle *bundle,
                     const struct rds_error *err)
{
    struct rds_anchor again;

    text_clear(out);
    if (bundle == NULL) {
        text_add(out, "%s", err->text);
        CHECK_NUMBER(err->reason, RDS_R_BAD_BUNDLE, "%s", err->text);
        return;
    }
    CHECK_NUMBER(bundle->confirmed, 1234, "confirmed");
    CHECK_NUMBER(bundle->users, 1, "users");
    text_add(out, "%s", "");
    for (size_t i = 0; i < bundle->count; i++) {
        const struct rds_anchor *a = &bundle->anchors[i];

        text_add(out, "%s%s", i != 0 ? " " : "", a->alias);
        CHECK(rds_anchor_describe(&again, bundle->der + a->der_at, a->der_size,
                                  a->sha256, a->der_at, NULL) &&
                  memcmp(&again, a, sizeof(again)) == 0,
              "%s", a->alias);
    }
}

static void check_bundle(size_t row, const struct text *file, const char *how)
{
    struct text got = {NULL, 0}, lines = {NULL, 0};
    struct rds_error err = {RDS_R_NONE, ""};
    struct rds_bundle *bundle =
        parse(bundles[row].file, file->bytes, file->size, &lines, &err);

    describe(&got, bundle, &err);
    if (bundles[row].result[0] != '\0')
        CHECK_TEXT(got.bytes, bundles[row].result, "row %zu, %s", row, how);
    else
        CHECK(bundle == NULL, "row %zu, %s: %s", row, how, got.bytes);
    if (bundles[row].report == NULL)
        CHECK_TEXT(lines.bytes != NULL ? lines.bytes : "", "", "row %zu, %s",
                   row, how);
    else if (bundle != NULL)
        CHECK_TEXT(lines.bytes != NULL ? lines.bytes : "", bundles[row].report,
                   "row %zu, %s", row, how);
    else
        CHECK(lines.size != 0, "row %zu, %s: reported", row, how);
    rds_bundle_free(bundle);
    text_clear(&lines);
    text_clear(&got);
}

/* The same lines with a carriage return at each end. */
static void add_returns(struct text *out, const struct text *in)
{
    for (size_t i = 0; i < in->size; i++) {
        if (in->bytes[i] == '\n')
            text_add_bytes(out, "\r", 1);
        text_add_bytes(out, in->bytes + i, 1);
    }
}

static void test_bundles(void)
{
    for (size_t i = 0; i < COUNT(bundles); i++) {
        struct text file = {NULL, 0}, returns = {NULL, 0};

        for (size_t p = 0; p < MAX_PARTS; p++)
            add_part(&file, bundles[i].parts[p]);
        check_bundle(i, &file, "plain");
        add_returns(&returns, &file);
        check_bundle(i, &returns, "with CR LF");
        text_clear(&returns);
        text_clear(&file);
    }
}

/* Without a reporter and without an error, too. */
static void test_silent(void)
{
    struct text file = {NULL, 0};
    struct rds_bundle *bundle;

    add_part(&file, EAST_RSA);
    CHECK(parse(US_WEST_2, file.bytes, file.size, NULL, NULL) == NULL,
          "refused in silence");
    add_part(&file, WEST_RSA);
    bundle = parse(US_WEST_2, file.bytes, file.size, NULL, NULL);
    CHECK(bundle != NULL && bundle->count == 1, "one left out in silence");
    rds_bundle_free(bundle);
    rds_bundle_free(NULL);
    text_clear(&file);
}

/* ---- damage ------------------------------------------------------------- */

/* Cut at any byte: refused, unless all that was cut is the last line's end. */
static void test_cut(void)
{
    struct text file = {NULL, 0};
    size_t taken = 0;

    add_part(&file, WEST_ECC);
    for (size_t size = 0; size <= file.size; size++) {
        struct rds_error err = {RDS_R_NONE, ""};
        struct rds_bundle *bundle =
            parse(US_WEST_2, file.bytes, size, NULL, &err);

        taken += bundle != NULL ? 1 : 0;
        CHECK(bundle == NULL || size + 1 >= file.size, "%zu of %zu bytes",
              size, file.size);
        CHECK(bundle != NULL || err.text[0] != '\0', "%zu bytes", size);
        rds_bundle_free(bundle);
    }
    CHECK_NUMBER(taken, 2, "with and without the last line feed");
    text_clear(&file);
}

/* Any bit changed: whatever is taken is a certificate of the region. */
static void test_flipped(void)
{
    const struct rds_anchor *own = builtin("us-west-2-rds-ca-ecc384-g1");
    struct text file = {NULL, 0};
    size_t strange = 0;

    add_part(&file, WEST_ECC);
    for (size_t at = 0; at < file.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct rds_error err = {RDS_R_NONE, ""};
            struct rds_bundle *bundle;

            file.bytes[at] ^= (char)(1 << bit);
            bundle = parse(US_WEST_2, file.bytes, file.size, NULL, &err);
            if (bundle != NULL &&
                (bundle->count != 1 ||
                 strcmp(bundle->anchors[0].region, own->region) != 0))
                strange++;
            rds_bundle_free(bundle);
            file.bytes[at] ^= (char)(1 << bit);
        }
    }
    CHECK_NUMBER(strange, 0, "taken for something else");
    text_clear(&file);
}

/* A certificate that our reader takes and libcrypto does not. */
static void add_unreadable(struct text *file, unsigned serial)
{
    const struct rds_anchor *a = builtin("us-west-2-rds-ca-ecc384-g1");
    unsigned char *der = exact_copy(builtin_der(a), a->der_size);
    struct rds_certificate certificate;
    const unsigned char *at = der;
    size_t algorithm;
    X509 *x;

    NEED(rds_certificate_read(der, a->der_size, &certificate, NULL));
    algorithm = (size_t)certificate.serial.at + certificate.serial.size;
    NEED(der[algorithm] == RDS_DER_SEQUENCE && der[algorithm + 2] == 0x06);
    der[algorithm + 2] = 0x04; /* the algorithm's identifier is none */
    der[certificate.serial.at + 1] = (unsigned char)serial;
    x = d2i_X509(NULL, &at, a->der_size);
    NEED(x == NULL);
    ERR_clear_error();
    text_add_pem(file, der, a->der_size);
    free(der);
}

static void test_unreadable(void)
{
    struct text file = {NULL, 0}, lines = {NULL, 0}, got = {NULL, 0};
    struct rds_error err = {RDS_R_NONE, ""};
    struct rds_bundle *bundle;

    add_unreadable(&file, 1);
    bundle = parse(US_WEST_2, file.bytes, file.size, &lines, &err);
    CHECK(bundle == NULL, "nothing else in it");
    text_clear(&lines);
    add_part(&file, WEST_RSA);
    bundle = parse(US_WEST_2, file.bytes, file.size, &lines, &err);
    describe(&got, bundle, &err);
    CHECK_TEXT(got.bytes, "us-west-2-rds-ca-rsa2048-g1", "the other one");
    CHECK_TEXT(lines.bytes != NULL ? lines.bytes : "",
               LEFT_OUT(US_WEST_2, "1", "libcrypto cannot read it"), "report");
    rds_bundle_free(bundle);
    text_clear(&got);
    text_clear(&lines);
    text_clear(&file);
}

/* ---- the error queue ---------------------------------------------------- */

/* How many errors there are; the queue is empty after. */
static size_t drain(unsigned long *first)
{
    unsigned long error;
    size_t count = 0;

    *first = ERR_peek_error();
    while ((error = ERR_get_error()) != 0)
        count++;
    return count;
}

static void check_queue(const struct text *file, const char *row)
{
    for (unsigned before = 0; before < 4; before++) {
        unsigned long first;
        struct rds_bundle *bundle;

        ERR_clear_error();
        for (unsigned i = 0; i < before; i++)
            ERR_raise(ERR_LIB_USER, 100 + (int)i);
        bundle = parse(US_WEST_2, file->bytes, file->size, NULL, NULL);
        rds_bundle_free(bundle);
        CHECK_NUMBER(drain(&first), before, "%s", row);
        CHECK(before == 0 || (ERR_GET_LIB(first) == ERR_LIB_USER &&
                              ERR_GET_REASON(first) == 100),
              "%s", row);
    }
}

static void test_queue(void)
{
    struct text file = {NULL, 0};

    for (size_t i = 0; i < COUNT(bundles); i++) {
        for (size_t p = 0; p < MAX_PARTS; p++)
            add_part(&file, bundles[i].parts[p]);
        check_queue(&file, bundles[i].result);
        text_clear(&file);
    }
    /* more errors than the queue holds */
    for (unsigned i = 0; i < 24; i++)
        add_unreadable(&file, i);
    check_queue(&file, "only unreadable ones");
    add_part(&file, WEST_RSA);
    check_queue(&file, "unreadable ones and one more");
    text_clear(&file);
    text_add(&file, "%s", "");
    check_queue(&file, "empty");
    text_clear(&file);
}

/* ---- caps --------------------------------------------------------------- */

static void test_size(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    struct text file = {NULL, 0};
    char *filler = malloc(RDS_BUNDLE_MAX);
    struct rds_bundle *bundle;

    NEED(filler != NULL);
    memset(filler, '\n', RDS_BUNDLE_MAX);
    add_part(&file, WEST_RSA);
    text_add_bytes(&file, filler, RDS_BUNDLE_MAX - file.size);
    bundle = parse(US_WEST_2, file.bytes, file.size, NULL, &err);
    CHECK(bundle != NULL && bundle->count == 1, "4 MiB: %s", err.text);
    rds_bundle_free(bundle);
    text_add_bytes(&file, "\n", 1);
    CHECK(parse(US_WEST_2, file.bytes, file.size, NULL, &err) == NULL,
          "a byte more");
    CHECK_TEXT(err.text, US_WEST_2 ": larger than 4194304 bytes", "text");
    free(filler);
    text_clear(&file);
}

/* Many regions' certificates of one global file, all of them kept. */
static void test_many(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    struct text file = {NULL, 0};
    struct rds_bundle *bundle;
    struct made made;

    for (int i = 0; i < 300; i++) {
        char cn[RDS_CN_MAX + 1];

        (void)snprintf(cn, sizeof(cn),
                       "Amazon RDS ap-%c%c-%d Root CA RSA2048 G1",
                       'a' + i / 26, 'a' + i % 26, i % 10);
        make_root(&made, cn);
        text_add_made(&file, &made);
    }
    bundle = parse(AWS, file.bytes, file.size, NULL, &err);
    if (CHECK(bundle != NULL, "%s", err.text)) {
        CHECK_NUMBER(bundle->count, 300, "all of them");
        CHECK(memcmp(bundle->anchors[299].sha256, made.sha256,
                     RDS_SHA256_SIZE) == 0 &&
                  memcmp(bundle->der + bundle->anchors[299].der_at, made.der,
                         made.size) == 0,
              "the last one");
    }
    rds_bundle_free(bundle);
    text_clear(&file);
}

/* As many roots of one name, each another certificate. */
static void add_same(struct text *file, int count)
{
    struct made made;

    for (int i = 0; i < count; i++) {
        make_certificate(
            &made,
            &(struct recipe){.cn = "Amazon RDS us-west-2 Root CA RSA2048 G1",
                             .until = day(2060, 1, 1) + i});
        text_add_made(file, &made);
    }
}

static void test_same_name(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    struct text file = {NULL, 0};
    struct rds_bundle *bundle;
    unsigned char *again;

    add_same(&file, RDS_SAME_NAME_MAX);
    text_add_builtin(&file, "us-west-2-rds-ca-rsa4096-g1");
    again = exact_copy(file.bytes, file.size);
    text_add_bytes(&file, again, file.size);
    free(again);
    bundle = parse(US_WEST_2, file.bytes, file.size, NULL, &err);
    if (CHECK(bundle != NULL, "%s", err.text))
        CHECK_NUMBER(bundle->count, RDS_SAME_NAME_MAX + 1, "each once");
    rds_bundle_free(bundle);
    text_clear(&file);
    add_same(&file, RDS_SAME_NAME_MAX + 1);
    CHECK(parse(US_WEST_2, file.bytes, file.size, NULL, &err) == NULL,
          "one more");
    CHECK_TEXT(err.text,
               US_WEST_2 ": more than 16 certificates with the name of "
                         "us-west-2-rds-ca-rsa2048-g1; fetch the file again",
               "text");
    text_clear(&file);
}

static void count_line(void *arg, const char *line)
{
    size_t *counts = arg;

    counts[strstr(line, " more certificates left out") != NULL]++;
}

/* A file of strangers does not flood the log. */
static void test_many_left_out(void)
{
    struct rds_bundle_name name;
    struct rds_error err = {RDS_R_NONE, ""};
    struct text file = {NULL, 0};
    size_t counts[2] = {0, 0};

    for (int i = 0; i < 500; i++)
        text_add_builtin(&file, "us-east-1-rds-ca-rsa2048-g1");
    NEED(rds_bundle_name_read(US_WEST_2, &name));
    CHECK(rds_bundle_parse(rds_libcrypto_linked(), &name, true, 0, file.bytes,
                           file.size, count_line, counts, &err) == NULL,
          "nothing is left");
    CHECK_NUMBER(counts[0], 64, "lines");
    CHECK_NUMBER(counts[1], 1, "and how many more");
    text_clear(&file);
}

CU_TestInfo bundle_tests[] = {
    {"names of files", test_file_names},
    {"what is read, left out, refused", test_bundles},
    {"nobody listens", test_silent},
    {"cut at every byte", test_cut},
    {"changed at every bit", test_flipped},
    {"libcrypto has a veto", test_unreadable},
    {"the error queue", test_queue},
    {"the largest file", test_size},
    {"many certificates", test_many},
    {"many certificates of one name", test_same_name},
    {"many that are left out", test_many_left_out},
    CU_TEST_INFO_NULL,
};
