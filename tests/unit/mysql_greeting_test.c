/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/probe/mysql_greeting.h: the greetings of MySQL and
 * MariaDB are told from errors and from everything else, every cut of one is
 * refused without a read beyond it, and the request is what the protocol says.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/probe/mysql_greeting.h"

/* As MySQL 8.0 and MariaDB 10.11 send them, but for the salts. */
#define MYSQL_START "0a 38 2e 30 2e 33 36 00 07000000 6162636465666768 00 "
#define MARIADB_START                                                         \
    "0a 35 2e 35 2e 35 2d 31 30 2e 31 31 2e 36 2d 4d 61 72 69 61 44 42 00 "   \
    "07000000 6162636465666768 00 "
#define REST                                                                  \
    " 21 0200 ffdf 15 00000000000000000000 696a6b6c6d6e6f7071727374 00"

static const struct {
    const char *what;
    const char *hex;
    enum rdsca_greeting_kind kind;
    const char *message;
} greetings[] = {
    {"MySQL with TLS", MYSQL_START "ffff" REST, RDSCA_GREETING_TLS, ""},
    {"MySQL without", MYSQL_START "fff7" REST, RDSCA_GREETING_PLAIN, ""},
    {"only TLS", MYSQL_START "0008" REST, RDSCA_GREETING_TLS, ""},
    {"all but TLS in the first byte", MYSQL_START "0800" REST,
     RDSCA_GREETING_PLAIN, ""},
    {"MariaDB with TLS", MARIADB_START "feff" REST, RDSCA_GREETING_TLS, ""},
    {"MariaDB without", MARIADB_START "fef7" REST, RDSCA_GREETING_PLAIN, ""},
    {"nothing behind the capabilities", MYSQL_START "ffff", RDSCA_GREETING_TLS,
     ""},
    {"an error", "ff 6904 626c6f636b6564", RDSCA_GREETING_ERROR, "blocked"},
    {"an error with a state", "ff 1004 23 3038303034 6d616e79",
     RDSCA_GREETING_ERROR, "many"},
    {"an error with half a state", "ff 1004 23 3038", RDSCA_GREETING_ERROR,
     "#08"},
    {"an error without a text", "ff 6904", RDSCA_GREETING_ERROR, ""},
    {"an error without a code", "ff 69", RDSCA_GREETING_STRANGE, ""},
    {"nothing", "", RDSCA_GREETING_STRANGE, ""},
    {"an old protocol", "09 38 00", RDSCA_GREETING_STRANGE, ""},
    {"a version without an end", "0a 3838383838383838383838383838383838",
     RDSCA_GREETING_STRANGE, ""},
    {"an OK packet", "00 00 00 0200 0000", RDSCA_GREETING_STRANGE, ""},
};

static void test_greetings(void)
{
    unsigned char bytes[256], *copy;
    const char *message;
    size_t size, message_size;
    char text[64];

    for (size_t i = 0; i < COUNT(greetings); i++) {
        size = unhex(greetings[i].hex, bytes, sizeof(bytes));
        copy = exact_copy(bytes, size);
        CHECK_NUMBER(rdsca_greeting_read(copy, size, &message, &message_size),
                     greetings[i].kind, "%s", greetings[i].what);
        NEED(message_size < sizeof(text));
        memcpy(text, message, message_size);
        text[message_size] = '\0';
        CHECK_TEXT(text, greetings[i].message, "%s", greetings[i].what);
        free(copy);
    }
}

static void test_cuts(void)
{
    unsigned char bytes[256], *copy;
    size_t size = unhex(MYSQL_START "ffff", bytes, sizeof(bytes)), left;
    const char *message;

    for (size_t cut = 0; cut < size; cut++) {
        copy = exact_copy(bytes, cut);
        CHECK_NUMBER(rdsca_greeting_read(copy, cut, &message, &left),
                     RDSCA_GREETING_STRANGE, "cut at %zu", cut);
        free(copy);
    }
}

static void test_heads(void)
{
    static const struct {
        unsigned char head[RDSCA_GREETING_HEAD];
        size_t size;
    } rows[] = {
        {{0x4a, 0, 0, 0}, 74}, {{1, 0, 0, 0}, 1}, {{0, 4, 0, 0}, 1024},
        {{1, 4, 0, 0}, 0},     {{0, 0, 1, 0}, 0}, {{0xff, 0xff, 0xff, 0}, 0},
        {{0x4a, 0, 0, 1}, 0},  {{0, 0, 0, 0}, 0}, {{'S', 'S', 'H', '-'}, 0},
        {{0x15, 3, 3, 0}, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_NUMBER(rdsca_greeting_size(rows[i].head), rows[i].size,
                     "row %zu", i);
    }
}

static void test_request(void)
{
    static const char expected[] =
        "20000001 018a0000 00000001 21 "
        "0000000000000000000000000000000000000000000000";
    unsigned char bytes[64], request[RDSCA_SSL_REQUEST];
    size_t size = unhex(expected, bytes, sizeof(bytes));

    memset(request, 0xff, sizeof(request));
    rdsca_greeting_request(request);
    CHECK_NUMBER(size, RDSCA_SSL_REQUEST, "the size");
    CHECK(memcmp(request, bytes, size) == 0, "the bytes");
}

CU_TestInfo greeting_tests[] = {
    {"greetings", test_greetings},
    {"every cut of one", test_cuts},
    {"heads of packets", test_heads},
    {"the request for TLS", test_request},
    CU_TEST_INFO_NULL,
};
