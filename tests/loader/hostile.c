/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that no parameter and no URI, however wrong, makes the loader crash,
 * read beyond its data or forget what it has; what cannot be used is an
 * error.  The functions are called directly, since OpenSSL would not pass
 * such values on.
 *
 * Data stands before a page that cannot be read, so that one byte too many is
 * a crash.  Each row runs in a child first; a crash there fails the row and
 * spares the others.
 */

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests.h"

#define URI "rds://region/us-west-2"
#define CHILD_SECONDS 60

/* ---- guarded data ------------------------------------------------------ */

struct guarded {
    unsigned char *pages;
    size_t size; /* of the pages */
};

/* A copy of the bytes that ends where reading must end. */
static void *guard(struct guarded *out, const void *bytes, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (size / page + 1) * page;

    out->size = room + page;
    out->pages = mmap(NULL, out->size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (out->pages == MAP_FAILED ||
        mprotect(out->pages + room, page, PROT_NONE) != 0)
        abort();
    if (bytes != NULL)
        memcpy(out->pages + room - size, bytes, size);
    return out->pages + room - size;
}

static void unguard(struct guarded *guarded)
{
    (void)munmap(guarded->pages, guarded->size);
}

/* ---- parameters -------------------------------------------------------- */

enum result {
    TAKEN,   /* 1, and all certificates are still there */
    NOTHING, /* 1, and nothing is found */
    REFUSED, /* 0, with an error */
    EITHER,  /* refused, or nothing found */
};

struct row {
    const char *name;
    const char *key;
    unsigned int type;
    const void *data; /* NULL: none */
    size_t size;      /* of the data */
    size_t claimed;   /* what the parameter says, where it lies; else 0 */
    enum result result;
};

/* The digest beside a fingerprint of 32 bytes. */
struct digest_row {
    const char *name;
    unsigned int type;
    const char *text; /* NULL: none */
    bool cut;         /* no NUL byte behind it */
    enum result result;
};

#define INT OSSL_PARAM_INTEGER
#define UINT OSSL_PARAM_UNSIGNED_INTEGER
#define REAL OSSL_PARAM_REAL
#define TEXT OSSL_PARAM_UTF8_STRING
#define TEXT_PTR OSSL_PARAM_UTF8_PTR
#define OCTETS OSSL_PARAM_OCTET_STRING
#define OCTETS_PTR OSSL_PARAM_OCTET_PTR

#define EXPECT OSSL_STORE_PARAM_EXPECT
#define SUBJECT OSSL_STORE_PARAM_SUBJECT
#define ISSUER OSSL_STORE_PARAM_ISSUER
#define SERIAL OSSL_STORE_PARAM_SERIAL
#define FINGERPRINT OSSL_STORE_PARAM_FINGERPRINT
#define ALIAS OSSL_STORE_PARAM_ALIAS
#define DIGEST OSSL_STORE_PARAM_DIGEST

#define HUGE_SIZE ((size_t)-1)
#define MEGABYTE (1024 * 1024)

static const int zero = 0, certificate = OSSL_STORE_INFO_CERT;
static const int minus_one = -1, unknown_type = 12345;
static const long long wide = 1LL << 40;
static const void *const null_pointer = NULL;
static const char hash[32];
static const char *const hash_pointer = hash;
static char megabyte[MEGABYTE];

/* DER that is a name (an empty SEQUENCE), and much that is none. */
#define EMPTY_NAME "\x30\x00"
#define TRAILING "\x30\x00\x00"
#define INDEFINITE "\x30\x80\x00\x00"
#define TRUNCATED "\x30\x7f\x31\x0b"
#define LONG_LENGTH "\x30\x84\xff\xff\xff\xff"
#define HIGH_TAG "\x3f\xff\xff\xff\xff\x7f\x00"
#define ODD_BMP                                                               \
    "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x1e\x03\x00\x41\x00"
#define EMPTY_SET "\x30\x02\x31\x00"
#define BYTES(text) text, sizeof(text) - 1

static const struct row rows[] = {
    {"expect: none", EXPECT, INT, &zero, sizeof(int), 0, TAKEN},
    {"expect: certificate", EXPECT, INT, &certificate, sizeof(int), 0, TAKEN},
    {"expect: unsigned", EXPECT, UINT, &certificate, sizeof(int), 0, TAKEN},
    {"expect: -1", EXPECT, INT, &minus_one, sizeof(int), 0, NOTHING},
    {"expect: 12345", EXPECT, INT, &unknown_type, sizeof(int), 0, NOTHING},
    {"expect: too wide", EXPECT, INT, &wide, sizeof(wide), 0, REFUSED},
    {"expect: a megabyte", EXPECT, INT, megabyte, MEGABYTE, 0, TAKEN},
    {"expect: text", EXPECT, TEXT, BYTES("5"), 0, REFUSED},
    {"expect: octets", EXPECT, OCTETS, BYTES("5"), 0, REFUSED},
    {"expect: no such type", EXPECT, 77, &zero, sizeof(int), 0, REFUSED},
    {"expect: NULL", EXPECT, INT, NULL, sizeof(int), 0, REFUSED},
    {"expect: NULL, no size", EXPECT, INT, NULL, 0, 0, REFUSED},

    {"subject: NULL", SUBJECT, OCTETS, NULL, 0, 0, REFUSED},
    {"subject: NULL, a size", SUBJECT, OCTETS, NULL, 100, 0, REFUSED},
    {"subject: pointer, NULL", SUBJECT, OCTETS_PTR, NULL, 8, 0, REFUSED},
    {"subject: pointer to NULL", SUBJECT, OCTETS_PTR, &null_pointer,
     sizeof(null_pointer), 0, REFUSED},
    {"subject: no bytes", SUBJECT, OCTETS, "", 0, 0, REFUSED},
    {"subject: text", SUBJECT, TEXT, BYTES("CN=x"), 0, REFUSED},
    {"subject: a number", SUBJECT, INT, &zero, sizeof(int), 0, REFUSED},
    {"subject: garbage", SUBJECT, OCTETS, BYTES("garbage"), 0, REFUSED},
    {"subject: one byte", SUBJECT, OCTETS, BYTES("\x30"), 0, REFUSED},
    {"subject: empty name", SUBJECT, OCTETS, BYTES(EMPTY_NAME), 0, NOTHING},
    {"subject: a byte too many", SUBJECT, OCTETS, BYTES(TRAILING), 0, REFUSED},
    {"subject: truncated", SUBJECT, OCTETS, BYTES(TRUNCATED), 0, REFUSED},
    {"subject: 4 GB by its length", SUBJECT, OCTETS, BYTES(LONG_LENGTH), 0,
     REFUSED},
    {"subject: high tag", SUBJECT, OCTETS, BYTES(HIGH_TAG), 0, REFUSED},
    {"subject: huge size", SUBJECT, OCTETS, BYTES("0"), HUGE_SIZE, REFUSED},
    {"subject: a megabyte", SUBJECT, OCTETS, megabyte, MEGABYTE, 0, REFUSED},
    {"subject: indefinite length", SUBJECT, OCTETS, BYTES(INDEFINITE), 0,
     EITHER},
    {"subject: BMPString of three bytes", SUBJECT, OCTETS, BYTES(ODD_BMP), 0,
     EITHER},
    {"subject: empty SET", SUBJECT, OCTETS, BYTES(EMPTY_SET), 0, EITHER},
    {"issuer: NULL", ISSUER, OCTETS, NULL, 0, 0, REFUSED},
    {"issuer: text", ISSUER, TEXT, BYTES("CN=x"), 0, REFUSED},
    {"issuer: garbage", ISSUER, OCTETS, BYTES("garbage"), 0, REFUSED},
    {"issuer: empty name", ISSUER, OCTETS, BYTES(EMPTY_NAME), 0, NOTHING},
    {"issuer: huge size", ISSUER, OCTETS, BYTES("0"), HUGE_SIZE, REFUSED},

    {"serial: NULL", SERIAL, UINT, NULL, 4, 0, REFUSED},
    {"serial: NULL, no size", SERIAL, UINT, NULL, 0, 0, REFUSED},
    {"serial: octets", SERIAL, OCTETS, BYTES("1"), 0, REFUSED},
    {"serial: text", SERIAL, TEXT, BYTES("1"), 0, REFUSED},
    {"serial: real", SERIAL, REAL, &wide, sizeof(wide), 0, REFUSED},
    {"serial: no bytes", SERIAL, UINT, "", 0, 0, NOTHING},
    {"serial: one byte", SERIAL, UINT, BYTES("\x7b"), 0, NOTHING},
    {"serial: huge size", SERIAL, UINT, BYTES("1"), HUGE_SIZE, REFUSED},
    {"serial: a megabyte", SERIAL, UINT, megabyte, MEGABYTE, 0, REFUSED},

    {"fingerprint: NULL", FINGERPRINT, OCTETS, NULL, 32, 0, REFUSED},
    {"fingerprint: text", FINGERPRINT, TEXT, BYTES("00"), 0, REFUSED},
    {"fingerprint: no bytes", FINGERPRINT, OCTETS, "", 0, 0, NOTHING},
    {"fingerprint: SHA-256 by default", FINGERPRINT, OCTETS, hash, 32, 0,
     NOTHING},
    {"fingerprint: pointer", FINGERPRINT, OCTETS_PTR, &hash_pointer,
     sizeof(hash_pointer), 32, NOTHING},
    {"fingerprint: pointer, NULL", FINGERPRINT, OCTETS_PTR, NULL, 32, 0,
     REFUSED},
    {"fingerprint: 31 bytes", FINGERPRINT, OCTETS, hash, 31, 0, NOTHING},
    {"fingerprint: huge size", FINGERPRINT, OCTETS, hash, 32, HUGE_SIZE,
     REFUSED},

    {"alias: NULL", ALIAS, TEXT, NULL, 0, 0, REFUSED},
    {"alias: pointer, NULL", ALIAS, TEXT_PTR, NULL, 0, 0, REFUSED},
    {"alias: pointer to NULL", ALIAS, TEXT_PTR, &null_pointer,
     sizeof(null_pointer), 0, REFUSED},
    {"alias: octets", ALIAS, OCTETS, BYTES("x"), 0, REFUSED},
    {"alias: a number", ALIAS, INT, &zero, sizeof(int), 0, REFUSED},
    {"alias: empty", ALIAS, TEXT, "", 1, 0, NOTHING},
    {"alias: binary", ALIAS, TEXT, "\x01\xff\n%s", 6, 0, NOTHING},
    /* OSSL_PARAM(3) does not promise a NUL byte after the text. */
    {"alias: without NUL", ALIAS, TEXT, BYTES("us-west-2-rds-ca-rsa2048-g"), 0,
     EITHER},

    {"unknown key", "no-such-key", TEXT, BYTES("x"), 0, TAKEN},
    {"unknown key, NULL", "no-such-key", TEXT, NULL, 0, 0, TAKEN},
    {"empty key", "", INT, &zero, sizeof(int), 0, TAKEN},
    {"properties", OSSL_STORE_PARAM_PROPERTIES, TEXT, BYTES("fips=yes"), 0,
     TAKEN},
    {"digest alone", DIGEST, TEXT, "SHA257", 7, 0, TAKEN},
};

static const struct digest_row digest_rows[] = {
    {"SHA256", TEXT, "SHA256", false, NOTHING},
    {"another size", TEXT, "SHA512", false, NOTHING},
    {"unknown", TEXT, "SHA257", false, REFUSED},
    {"empty", TEXT, "", false, REFUSED},
    {"not a digest", TEXT, "AES-128-CBC", false, REFUSED},
    {"a format", TEXT, "%s%n\xff", false, REFUSED},
    {"octets", OCTETS, "SHA256", false, REFUSED},
    {"a number", INT, "SHA256", false, REFUSED},
    {"NULL", TEXT, NULL, false, REFUSED},
    {"pointer, NULL", TEXT_PTR, NULL, false, REFUSED},
    {"without NUL", TEXT, "SHA256", true, EITHER},
};

static int count_object(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    ++*(int *)arg;
    return 1;
}

static int load_all(void *opened)
{
    int count = 0;

    while (shim.eof(opened) == 0 &&
           shim.load(opened, count_object, &count, NULL, NULL) == 1)
        ;
    return count;
}

struct outcome {
    int set;       /* what set_ctx_params returned */
    int reason;    /* of the last error */
    int remaining; /* certificates after it */
};

static void apply(const OSSL_PARAM params[], struct outcome *out)
{
    void *opened = shim.open(shim.provctx, URI);
    char text[ERROR_SIZE];

    ERR_clear_error();
    out->set = shim.set(opened, params);
    out->reason = last_error(text);
    out->remaining = load_all(opened);
    (void)shim.close(opened);
}

static void apply_row(const struct row *row, struct outcome *out)
{
    OSSL_PARAM params[2];
    struct guarded data;

    memset(params, 0, sizeof(params));
    params[0].key = row->key;
    params[0].data_type = row->type;
    params[0].data_size = row->claimed != 0 ? row->claimed : row->size;
    params[0].data = guard(&data, row->data, row->size);
    if (row->data == NULL)
        params[0].data = NULL;
    apply(params, out);
    unguard(&data);
}

static void apply_digest(const struct digest_row *row, struct outcome *out)
{
    size_t size = row->text != NULL ? strlen(row->text) : 0;
    OSSL_PARAM params[3];
    struct guarded data, digest;

    memset(params, 0, sizeof(params));
    params[0].key = FINGERPRINT;
    params[0].data_type = OCTETS;
    params[0].data_size = sizeof(hash);
    params[0].data = guard(&data, hash, sizeof(hash));
    params[1].key = DIGEST;
    params[1].data_type = row->type;
    params[1].data_size = size;
    params[1].data = guard(&digest, row->text, row->cut ? size : size + 1);
    if (row->text == NULL)
        params[1].data = NULL;
    apply(params, out);
    unguard(&data);
    unguard(&digest);
}

static bool survives(void *arg)
{
    struct outcome outcome;

    apply_row(arg, &outcome);
    return true;
}

static bool survives_digest(void *arg)
{
    struct outcome outcome;

    apply_digest(arg, &outcome);
    return true;
}

static void check_outcome(const char *name, enum result result,
                          const struct outcome *outcome)
{
    bool refused = outcome->set == 0 && outcome->reason == RDS_R_BAD_SEARCH &&
                   outcome->remaining == 3;
    bool nothing = outcome->set == 1 && outcome->remaining == 0;
    bool taken = outcome->set == 1 && outcome->remaining == 3;
    bool good = result == TAKEN     ? taken
                : result == NOTHING ? nothing
                : result == REFUSED ? refused
                                    : refused || nothing;

    CHECK(good, "%s: set %d, reason %d, %d certificates remain", name,
          outcome->set, outcome->reason, outcome->remaining);
}

static void test_params(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!CHECK(in_child(survives, (void *)&rows[i], CHILD_SECONDS),
                   "%s: no crash", rows[i].name))
            continue;
        apply_row(&rows[i], &outcome);
        check_outcome(rows[i].name, rows[i].result, &outcome);
    }
    OSSL_LIB_CTX_free(lib);
}

static void test_digests(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    struct outcome outcome;

    for (size_t i = 0; i < COUNT_OF(digest_rows); i++) {
        if (!CHECK(in_child(survives_digest, (void *)&digest_rows[i],
                            CHILD_SECONDS),
                   "digest: %s: no crash", digest_rows[i].name))
            continue;
        apply_digest(&digest_rows[i], &outcome);
        check_outcome(digest_rows[i].name, digest_rows[i].result, &outcome);
    }
    OSSL_LIB_CTX_free(lib);
}

/* No parameters, and none but the end mark: nothing to do. */
static void test_no_params(void)
{
    const OSSL_PARAM none[] = {{NULL, 0, NULL, 0, 0}};
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    void *opened = shim.open(shim.provctx, URI);

    CU_ASSERT_FATAL(opened != NULL);
    CU_ASSERT(shim.set(opened, NULL) == 1);
    CU_ASSERT(shim.set(opened, none) == 1);
    CU_ASSERT(load_all(opened) == 3);
    CU_ASSERT(shim.set(opened, NULL) == 1);
    CU_ASSERT(shim.close(opened) == 1);
    OSSL_LIB_CTX_free(lib);
}

/* ---- garbage names ----------------------------------------------------- */

/* A fixed sequence, so that a failure can be repeated. */
static unsigned next_random(void)
{
    static uint64_t state = 20261123;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33);
}

/* Changes some bytes of a real name, or makes it shorter. */
static bool search_garbage(void *arg)
{
    static const char base[] = "\x30\x1c\x31\x0b\x30\x09\x06\x03\x55\x04\x06"
                               "\x13\x02US\x31\x0d\x30\x0b\x06\x03\x55\x04\x03"
                               "\x1e\x04\x00R\x00S";
    const char *key = arg;

    for (int round = 0; round < 2000; round++) {
        size_t size = sizeof(base) - 1;
        char bytes[sizeof(base)];
        struct row row = {"garbage", key, OCTETS, bytes, size, 0, EITHER};
        struct outcome outcome;

        memcpy(bytes, base, sizeof(base));
        for (unsigned i = next_random() % 4; i < 4; i++)
            bytes[next_random() % size] = (char)next_random();
        if (next_random() % 4 == 0)
            row.size = next_random() % size;
        apply_row(&row, &outcome);
        if (outcome.set == 0 ? outcome.reason != RDS_R_BAD_SEARCH
                             : outcome.remaining != 0)
            return false;
    }
    return true;
}

static void test_garbage(void)
{
    static const char *const keys[] = {SUBJECT, ISSUER};
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        CHECK(in_child(search_garbage, (void *)keys[i], CHILD_SECONDS),
              "garbage as %s: refused, or nothing found", keys[i]);
    OSSL_LIB_CTX_free(lib);
}

/* ---- URIs -------------------------------------------------------------- */

/* Texts that OpenSSL's own checks would stop. */
static bool open_bad(void *arg)
{
    void *opened;
    char text[ERROR_SIZE];

    ERR_clear_error();
    opened = shim.open(shim.provctx, arg);
    return opened == NULL && last_error(text) != 0 && text[0] != '\0';
}

static void test_bad_uris(void)
{
    static const char *const uris[] = {NULL,      "",         "r",   "rds",
                                       "rdx:all", "file:all", "all", ":",
                                       "rds;all", "//all"};
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);

    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        char *copy = NULL;
        struct guarded guarded = {NULL, 0};

        if (uris[i] != NULL)
            copy = guard(&guarded, uris[i], strlen(uris[i]) + 1);
        CHECK(in_child(open_bad, copy, CHILD_SECONDS),
              "'%s' is refused with an error",
              uris[i] != NULL ? uris[i] : "NULL");
        if (copy != NULL)
            unguard(&guarded);
    }
    OSSL_LIB_CTX_free(lib);
}

/* A reader that stops: the next load goes on behind it. */
static int refuse_object(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    (void)arg;
    return 0;
}

static void test_failing_reader(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);
    void *opened = shim.open(shim.provctx, URI);

    CU_ASSERT_FATAL(opened != NULL);
    CU_ASSERT(shim.load(opened, refuse_object, NULL, NULL, NULL) == 0);
    CU_ASSERT(shim.eof(opened) == 0);
    CU_ASSERT(load_all(opened) == 2);
    CU_ASSERT(shim.eof(opened) == 1);
    CU_ASSERT(shim.close(opened) == 1);
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"parameters", test_params},
    {"digests", test_digests},
    {"no parameters", test_no_params},
    {"garbage names", test_garbage},
    {"bad URIs", test_bad_uris},
    {"a reader that fails", test_failing_reader},
};

SUITE(hostile);
