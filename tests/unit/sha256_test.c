/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256: the examples of FIPS 180-4, every length around the block size
 * against libcrypto's, and the fingerprints of all built-in anchors, which
 * the build computed with libcrypto.
 */

#include <openssl/evp.h>
#include <string.h>

#include "rds/builtin.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "tests.h"

static void test_examples(void)
{
    static const struct {
        const char *text;
        const char *digest;
    } rows[] = {
        {"",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    unsigned char digest[RDS_SHA256_SIZE];
    char text[RDS_SHA256_TEXT];

    for (size_t i = 0; i < COUNT(rows); i++) {
        rds_sha256(rows[i].text, strlen(rows[i].text), digest);
        CHECK_TEXT(rds_sha256_write(text, digest), rows[i].digest, "%s",
                   rows[i].text);
    }
}

static void test_lengths(void)
{
    unsigned char bytes[300], ours[RDS_SHA256_SIZE], theirs[EVP_MAX_MD_SIZE];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + 3);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        rds_sha256(bytes, size, ours);
        NEED(EVP_Digest(bytes, size, theirs, NULL, EVP_sha256(), NULL) == 1);
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0, "%zu bytes", size);
    }
}

static void test_anchors(void)
{
    unsigned char digest[RDS_SHA256_SIZE];

    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *anchor = &rds_builtin_anchors[i];

        rds_sha256(rds_builtin_der + anchor->der_at, anchor->der_size, digest);
        CHECK(memcmp(digest, anchor->sha256, sizeof(digest)) == 0, "%s",
              anchor->alias);
    }
}

CU_TestInfo sha256_tests[] = {
    {"examples", test_examples},
    {"lengths", test_lengths},
    {"built-in anchors", test_anchors},
    CU_TEST_INFO_NULL,
};
