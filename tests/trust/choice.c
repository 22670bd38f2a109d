/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several keys under one subject: the authority key identifier decides, then
 * validity now, then the signature.
 */

#include <ctype.h>

#include "tests.h"

#define ROOT_CN "Amazon RDS " REGION " Root CA ECC384 G1"
#define SUBORDINATE_CN "Amazon RDS " REGION " Subordinate CA ECC384 G1.A.1"

/* Some roots of one name, and a chain that one of them signed. */
struct family {
    struct pair roots[3];
    size_t count;
    struct pair subordinate, leaf;
};

static void family_start(struct family *family, size_t count,
                         const long (*dates)[2])
{
    const X509 *certificates[COUNT_OF(family->roots)] = {NULL};

    family->count = count;
    for (size_t i = 0; i < count; i++) {
        pair_make(&family->roots[i], &(struct recipe){.kind = KIND_CA,
                                                      .cn = ROOT_CN,
                                                      .from = dates[i][0],
                                                      .until = dates[i][1]});
        certificates[i] = family->roots[i].certificate;
    }
    write_bundle(REGION "-bundle.pem", certificates, count);
}

static void family_sign(struct family *family, size_t signer, bool no_aki)
{
    pair_make(&family->subordinate,
              &(struct recipe){.kind = KIND_CA,
                               .cn = SUBORDINATE_CN,
                               .issuer = &family->roots[signer],
                               .no_aki = no_aki});
    pair_make(&family->leaf,
              &(struct recipe){.cn = HOST, .issuer = &family->subordinate});
}

/* The error; *chosen is the root at the top, or -1. */
static int family_verify(const struct family *family, int *chosen)
{
    const struct question question = {
        .leaf = family->leaf.certificate,
        .untrusted = {family->subordinate.certificate}};
    struct answer answer;

    *chosen = -1;
    (void)verify(&question, &answer);
    for (size_t i = 0; i < family->count; i++) {
        if (answer.top != NULL &&
            X509_cmp(answer.top, family->roots[i].certificate) == 0)
            *chosen = (int)i;
    }
    answer_clear(&answer);
    return answer.error;
}

static void family_unsign(struct family *family)
{
    pair_free(&family->subordinate);
    pair_free(&family->leaf);
}

static void family_end(struct family *family)
{
    for (size_t i = 0; i < family->count; i++)
        pair_free(&family->roots[i]);
}

/* Whoever of three signed, with and without an identifier. */
static void test_all_in_force(void)
{
    static const long dates[][2] = {{-9, 9}, {-8, 8}, {-7, 7}};
    struct family family;
    int chosen;

    family_start(&family, 3, dates);
    for (size_t i = 0; i < 6; i++) {
        family_sign(&family, i / 2, i % 2 == 1);
        CHECK_ERROR(family_verify(&family, &chosen), X509_V_OK, "root %zu, %s",
                    i / 2, i % 2 == 1 ? "by signature" : "by identifier");
        CHECK(chosen == (int)(i / 2), "root %zu, not %d", i / 2, chosen);
        family_unsign(&family);
    }
    family_end(&family);
}

/* The identifier goes before validity. */
static void test_identifier_first(void)
{
    static const long dates[][2] = {{-9, 9}, {-9, -1}, {1, 9}};
    static const int errors[] = {X509_V_OK, X509_V_ERR_CERT_HAS_EXPIRED,
                                 X509_V_ERR_CERT_NOT_YET_VALID};
    struct family family;
    int chosen;

    family_start(&family, 3, dates);
    for (size_t i = 0; i < 3; i++) {
        family_sign(&family, i, false);
        CHECK_ERROR(family_verify(&family, &chosen), errors[i], "root %zu", i);
        CHECK(chosen == (int)i, "root %zu, not %d", i, chosen);
        family_unsign(&family);
    }
    family_end(&family);
}

/* Validity goes before the signature. */
static void test_validity_second(void)
{
    static const long dates[][2] = {{-9, 9}, {-9, -1}, {1, 9}};
    struct family family;
    int chosen;

    family_start(&family, 3, dates);
    for (size_t i = 0; i < 3; i++) {
        family_sign(&family, i, true);
        CHECK_ERROR(family_verify(&family, &chosen),
                    i == 0 ? X509_V_OK : X509_V_ERR_CERT_SIGNATURE_FAILURE,
                    "root %zu", i);
        CHECK(chosen == 0, "the one in force, not %d", chosen);
        family_unsign(&family);
    }
    family_end(&family);
}

/* Roots of which none is valid replace no built-in ones, so none is chosen. */
static void test_none_valid(void)
{
    static const long dates[][2] = {{-9, -1}, {-8, -1}, {-7, -1}};
    struct family family;
    int chosen;

    family_start(&family, 3, dates);
    for (size_t i = 0; i < 3; i++) {
        family_sign(&family, i, true);
        CHECK(family_verify(&family, &chosen) != X509_V_OK, "root %zu", i);
        CHECK(chosen == -1, "root %d is chosen", chosen);
        family_unsign(&family);
    }
    family_end(&family);
}

/* The name as OpenSSL takes it for equal: other letters, another type. */
static X509_NAME *rewritten(const X509_NAME *name)
{
    X509_NAME *out = X509_NAME_new();

    NEED(out != NULL);
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        const unsigned char *text = ASN1_STRING_get0_data(value);
        unsigned char wide[2 * 64] = {0};
        int size = ASN1_STRING_length(value);

        NEED(size <= 64);
        for (int j = 0; j < size; j++)
            wide[2 * j + 1] = (unsigned char)toupper(text[j]);
        NEED(X509_NAME_add_entry_by_OBJ(out, X509_NAME_ENTRY_get_object(entry),
                                        V_ASN1_BMPSTRING, wide, 2 * size, -1,
                                        0) == 1);
    }
    NEED(X509_NAME_cmp(out, name) == 0);
    return out;
}

/* A subordinate that writes its issuer's name in a way of its own. */
static void test_writings(void)
{
    static const long dates[][2] = {{-9, 9}};
    struct family family;
    X509_NAME *name;
    int chosen;

    family_start(&family, 1, dates);
    family_sign(&family, 0, false);
    name = rewritten(X509_get_subject_name(family.roots[0].certificate));
    NEED(X509_set_issuer_name(family.subordinate.certificate, name) == 1 &&
         X509_sign(family.subordinate.certificate, family.roots[0].key,
                   EVP_sha256()) != 0);
    CHECK_ERROR(family_verify(&family, &chosen), X509_V_OK,
                "written differently");
    CHECK(chosen == 0, "%d", chosen);
    X509_NAME_free(name);
    family_unsign(&family);
    family_end(&family);
}

/* A name that nobody has, and another key. */
static void test_names(void)
{
    static const long dates[][2] = {{-9, 9}};
    struct family family, foreign;
    int chosen;

    family_start(&foreign, 1, dates);
    family_start(&family, 1, dates);
    family_sign(&foreign, 0, true);
    CHECK(family_verify(&foreign, &chosen) != X509_V_OK, "another key");
    family_unsign(&foreign);
    family_sign(&foreign, 0, false);
    CHECK_ERROR(family_verify(&foreign, &chosen),
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                "another key, and it says so");
    family_unsign(&foreign);
    family_end(&foreign);
    family_end(&family);
}

#define EXPIRED TRUST "?expired=include"

static const struct test tests[] = {
    TEST("all in force", TRUST, test_all_in_force),
    TEST("the identifier first", EXPIRED, test_identifier_first),
    TEST("validity second", EXPIRED, test_validity_second),
    TEST("none valid", EXPIRED, test_none_valid),
    TEST("a name written differently", TRUST, test_writings),
    TEST("other keys", TRUST, test_names),
};
SUITE(choice);
