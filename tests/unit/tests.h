/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_UNIT_TESTS_H
#define RDS_UNIT_TESTS_H

/*
 * What the unit tests share: the suites, checks that name the row of a table
 * that failed, certificates made on the spot, views to select from, and
 * folders that vanish again.
 *
 * A preparation that fails ends the program: a test never passes
 * because its preparation failed.
 */

#include <CUnit/CUnit.h>
#include <sys/types.h>

#include "rds/libcrypto.h"
#include "rds/select.h"
#include "rds/truststore.h"

/* ---- suites ------------------------------------------------------------- */

#define TEST_SUITES(F)                                                        \
    F(error)                                                                  \
    F(der)                                                                    \
    F(certificate)                                                            \
    F(region)                                                                 \
    F(endpoint)                                                               \
    F(nearest)                                                                \
    F(sha256)                                                                 \
    F(anchor)                                                                 \
    F(uri)                                                                    \
    F(select)                                                                 \
    F(answer)                                                                 \
    F(leaf)                                                                   \
    F(scope)                                                                  \
    F(identity)                                                               \
    F(configuration)                                                          \
    F(bundle)                                                                 \
    F(directory)                                                              \
    F(truststore)                                                             \
    F(overtaken)                                                              \
    F(faults)                                                                 \
    F(retired)                                                                \
    F(anchors_list)                                                           \
    F(host)                                                                   \
    F(greeting)                                                               \
    F(vet)                                                                    \
    F(target)                                                                 \
    F(verdict)                                                                \
    F(diagnosis)                                                              \
    F(marked)                                                                 \
    F(activation)

#define TEST_SUITE_EXTERN(name) extern CU_TestInfo name##_tests[];
TEST_SUITES(TEST_SUITE_EXTERN)
#undef TEST_SUITE_EXTERN

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- checks ------------------------------------------------------------- */

/* Checks a condition; the text behind it says which row it is. */
#define CHECK(good, ...)                                                      \
    check_that((good), #good, __FILE__, __LINE__, __VA_ARGS__)

/* Checks a text or a number, and shows both on failure. */
#define CHECK_TEXT(actual, expected, ...)                                     \
    check_text((actual), (expected), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_NUMBER(actual, expected, ...)                                   \
    check_number((long long)(actual), (long long)(expected), __FILE__,        \
                 __LINE__, __VA_ARGS__)

bool check_that(bool good, const char *condition, const char *file,
                unsigned line, const char *format, ...) RDS_PRINTF(5, 6);
bool check_text(const char *actual, const char *expected, const char *file,
                unsigned line, const char *format, ...) RDS_PRINTF(5, 6);
bool check_number(long long actual, long long expected, const char *file,
                  unsigned line, const char *format, ...) RDS_PRINTF(5, 6);

/* Prints a line about a part that cannot run here. */
void skip(const char *format, ...) RDS_PRINTF(1, 2);

/* Ends the program unless a preparation worked. */
#define NEED(good) need((good), #good, __FILE__, __LINE__)
void need(bool good, const char *what, const char *file, unsigned line);

/* ---- memory ------------------------------------------------------------- */

/* Lets the nth malloc() or calloc() of this thread from here on fail. */
void memory_fail_at(unsigned nth);

/* Whether one has failed since; ends it. */
bool memory_failed(void);

/* ---- bytes and times ---------------------------------------------------- */

/* Seconds since 1970-01-01 UTC of a day's begin. */
int64_t day(int year, int month, int day_of_month);

/* Reads hexadecimal digits, spaces ignored; returns how many bytes. */
size_t unhex(const char *hex, unsigned char *out, size_t room);

/* A copy of exactly `size` bytes, so that a checker sees a read beyond. */
unsigned char *exact_copy(const void *bytes, size_t size);

/* The same with a byte of zero behind. */
unsigned char *longer_copy(const void *bytes, size_t size);

/* A text that grows.  Free with text_clear(). */
struct text {
    char *bytes; /* NUL-terminated */
    size_t size;
};

void text_add(struct text *text, const char *format, ...) RDS_PRINTF(2, 3);
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_clear(struct text *text);

/* ---- certificates ------------------------------------------------------- */

/* How a certificate is to be; 0 and NULL stand for what is usual. */
struct recipe {
    const char *cn;
    const char *issuer; /* common name; NULL: self-issued */
    int64_t from;       /* 0: 2021-06-01 */
    int64_t until;      /* 0: 2061-06-01 */
    const char *ski;    /* bytes of the key identifiers; NULL: none */
    const char *aki;
    const char *organization;        /* of the subject; NULL: Amazon's */
    const char *issuer_organization; /* NULL: as the subject's */
    bool no_ca;                      /* basicConstraints says FALSE */
    const char *san;                 /* subjectAltName; NULL: none */
};

struct made {
    unsigned char der[1024];
    size_t size;
    unsigned char sha256[RDS_SHA256_SIZE];
};

void make_certificate(struct made *out, const struct recipe *recipe);

/* The same, with a common name and nothing else said. */
void make_root(struct made *out, const char *cn);

/* Appends a certificate in PEM. */
void text_add_pem(struct text *text, const unsigned char *der, size_t size);
void text_add_made(struct text *text, const struct made *made);

/*
 * How many RDS certificates of production are built in, counted in the table,
 * so that the next region changes no test: those that are current, of every
 * partition or of "aws"; and those of all times.
 */
enum built_set { BUILT_CURRENT, BUILT_CURRENT_AWS, BUILT_EVER };
long built(enum built_set what);

/* The built-in anchor with this alias, and its bytes. */
const struct rds_anchor *builtin(const char *alias);
const unsigned char *builtin_der(const struct rds_anchor *anchor);

/* Appends it in PEM. */
void text_add_builtin(struct text *text, const char *alias);

/* The common name of a subject or an issuer, as libcrypto reads it. */
void common_name(const X509_NAME *name, char *out, int room);

/* ---- views -------------------------------------------------------------- */

#define VIEW_EXTRA 16

/* The built-in anchors with made ones among them. */
struct test_view {
    struct rds_view view;
    struct rds_entry *entries;
    struct rds_anchor extra[VIEW_EXTRA];
    struct made made[VIEW_EXTRA];
    size_t extra_count;
};

void view_start(struct test_view *view, bool with_builtin);
void view_add(struct test_view *view, const struct recipe *recipe);

/* Adds to a retired file, after all else; one file after the other. */
void view_retire(struct test_view *view, const char *stem,
                 const struct recipe *recipe);
void view_retire_builtin(struct test_view *view, const char *stem,
                         const char *alias);
void view_clear(struct test_view *view);

/*
 * Reads the URI and selects.  Returns the aliases in their order, separated
 * by spaces, or "error: " and the text.  The caller clears `out`.
 */
void answer(struct text *out, const struct rds_view *view, const char *uri,
            int64_t now, enum rds_reason *reason);

/* The number of certificates; -1 for an error. */
long answer_count(const struct rds_view *view, const char *uri, int64_t now);

/* ---- trust stores ------------------------------------------------------- */

/* A day of late 2026, at which the built-in set is in force. */
int64_t test_day(void);

/* The store's snapshot, which must be had. */
const struct rds_snapshot *take_snapshot(struct rds_truststore *store);

/* What the store answers to a URI on that day. */
void check_store(struct rds_truststore *store, const char *uri,
                 const char *wanted, const char *row);

/* ---- processes ---------------------------------------------------------- */

/*
 * Does the work in a child process; what it returns (0 to 255), or -1 where
 * the child died or hung before.  The child ends as another program, so that
 * no checker counts what other threads left in it.
 */
int in_child(int (*work)(void *arg), void *arg);

/* ---- folders ------------------------------------------------------------ */

struct folder {
    char path[96];
};

void folder_make(struct folder *folder);
void folder_remove(struct folder *folder);

/* A path in the folder; valid until the fourth next call. */
const char *folder_path(const struct folder *folder, const char *file);

/* Names a folder in the folder, without making it. */
void folder_inside(struct folder *out, const struct folder *folder,
                   const char *name);

/* Writes beside and renames; mode 0644. */
void folder_write(const struct folder *folder, const char *file,
                  const struct text *content);

/* Sets the time of modification. */
void folder_touch(const struct folder *folder, const char *file,
                  int64_t seconds);

/* Writes a bundle of the built-in anchors with these aliases. */
void folder_put(const struct folder *folder, const char *file,
                const char *aliases, int64_t modified);

/* Waits until a change is older than the grain of the file system's clock. */
void settle_clock(void);

#endif
