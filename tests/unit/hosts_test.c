/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/probe/hosts.h: each form of HOST[:PORT] is read as
 * what it is, everything else is refused by what is wrong with it, and a list
 * is read line by line up to its limits.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/probe/hosts.h"

#define LABEL63                                                               \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME253 /* and no more */                                             \
    LABEL63 "." LABEL63 "." LABEL63 "."                                       \
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define BAD_NAME "not a host name; write HOST or HOST:PORT, in ASCII"
#define BAD_PORT "the port is a number from 1 to 65535"
#define BAD_SIX "an IPv6 address is written [ADDRESS]:PORT"

static const struct {
    const char *text;
    const char *name; /* NULL: refused */
    const char *why;  /* what the error ends with */
    unsigned port;
    bool address;
} forms[] = {
    {"db", "db", NULL, 0, false},
    {"DB.Example.COM.", "db.example.com", NULL, 0, false},
    {"db.example.com:5432", "db.example.com", NULL, 5432, false},
    {"db.example.com.:1", "db.example.com", NULL, 1, false},
    {"a_b.c-d.e1", "a_b.c-d.e1", NULL, 0, false},
    {LABEL63, LABEL63, NULL, 0, false},
    {NAME253, NAME253, NULL, 0, false},
    {NAME253 ".", NAME253, NULL, 0, false},
    {NAME253 "a", NULL, "longer than a host name can be", 0, false},
    {LABEL63 "a", NULL, BAD_NAME, 0, false},
    {"127.0.0.1", "127.0.0.1", NULL, 0, true},
    {"127.0.0.1:65535", "127.0.0.1", NULL, 65535, true},
    {"127.0.0.1.2", "127.0.0.1.2", NULL, 0, false},
    {"::1", "::1", NULL, 0, true},
    {"2001:DB8::1", "2001:db8::1", NULL, 0, true},
    {"[::1]", "::1", NULL, 0, true},
    {"[::1]:3306", "::1", NULL, 3306, true},
    {"[::ffff:127.0.0.1]:3306", "::ffff:127.0.0.1", NULL, 3306, true},
    {"", NULL, "no host name", 0, false},
    {".", NULL, "no host name", 0, false},
    {":5432", NULL, "no host name", 0, false},
    {"[]", NULL, "no host name", 0, false},
    {"a..b", NULL, BAD_NAME, 0, false},
    {".a", NULL, BAD_NAME, 0, false},
    {"a.-b", NULL, BAD_NAME, 0, false},
    {"a b", NULL, BAD_NAME, 0, false},
    {"a/b", NULL, BAD_NAME, 0, false},
    {"a@b", NULL, BAD_NAME, 0, false},
    {"postgres://db", NULL, BAD_PORT, 0, false},
    {"a*", NULL, BAD_NAME, 0, false},
    {"\xc3\xa4", NULL, BAD_NAME, 0, false},
    {"fe80::1%eth0", NULL, BAD_NAME, 0, false},
    {"1:2:3", NULL, BAD_NAME, 0, false},
    {"db:", NULL, BAD_PORT, 0, false},
    {"db:0", NULL, BAD_PORT, 0, false},
    {"db:65536", NULL, BAD_PORT, 0, false},
    {"db:4294972728", NULL, BAD_PORT, 0, false},
    {"db:54x", NULL, BAD_PORT, 0, false},
    {"db:+1", NULL, BAD_PORT, 0, false},
    {"db: 1", NULL, BAD_PORT, 0, false},
    {"[::1]:", NULL, BAD_PORT, 0, false},
    {"[::1", NULL, BAD_SIX, 0, false},
    {"[::1]x", NULL, BAD_SIX, 0, false},
    {"[127.0.0.1]", NULL, BAD_SIX, 0, false},
    {"[db]:1", NULL, BAD_SIX, 0, false},
};

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);

    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static void test_forms(void)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct rds_error err = {RDS_R_NONE, ""};
        struct rdsca_host host;
        char *text = (char *)longer_copy(forms[i].text, strlen(forms[i].text));
        bool good = rdsca_host_read(text, &host, &err);

        CHECK_NUMBER(good, forms[i].name != NULL, "'%s'", forms[i].text);
        if (good && forms[i].name != NULL) {
            CHECK_TEXT(host.name, forms[i].name, "'%s'", forms[i].text);
            CHECK_NUMBER(host.port, forms[i].port, "'%s'", forms[i].text);
            CHECK_NUMBER(host.address, forms[i].address, "'%s'",
                         forms[i].text);
        } else if (forms[i].why != NULL) {
            CHECK(ends_with(err.text, forms[i].why), "'%s': '%s'",
                  forms[i].text, err.text);
        }
        free(text);
    }
}

/* Reads a list; true where it can be read. */
static bool read_list(const char *text, size_t size, struct rdsca_hosts *hosts,
                      struct rds_error *err)
{
    FILE *file = tmpfile();
    bool good;

    NEED(file != NULL && fwrite(text, 1, size, file) == size &&
         fseek(file, 0, SEEK_SET) == 0);
    hosts->count = 0;
    good = rdsca_hosts_add_list(hosts, file, err);
    NEED(fclose(file) == 0);
    return good;
}

static void test_lists(void)
{
    static const struct {
        const char *text;
        size_t count; /* of the hosts; 0 with an error */
        const char *error;
    } rows[] = {
        {"", 0, NULL},
        {"\n\n# only words\n", 0, NULL},
        {"a\nb:1\n", 2, NULL},
        {"a\nb:1", 2, NULL},
        {" \ta \r\n#b\n \n\tc\n", 2, NULL},
        {"a\n\nb c\nd\n", 0, "line 3 of the list: 'b c': " BAD_NAME},
        {"a\nb:0\n", 0, "line 2 of the list: 'b:0': " BAD_PORT},
    };
    struct rdsca_hosts *hosts = malloc(sizeof(*hosts));
    struct rds_error err;

    NEED(hosts != NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool good = read_list(rows[i].text, strlen(rows[i].text), hosts, &err);

        CHECK_NUMBER(good, rows[i].error == NULL, "row %zu", i);
        if (good)
            CHECK_NUMBER(hosts->count, rows[i].count, "row %zu", i);
        else
            CHECK_TEXT(err.text, rows[i].error, "row %zu", i);
    }
    CHECK(!read_list("a\nb\0c\nd\n", 8, hosts, &err), "a NUL");
    CHECK_TEXT(err.text, "line 2 of the list: too long, or not text", "a NUL");
    free(hosts);
}

static void test_limits(void)
{
    struct rdsca_hosts *hosts = malloc(sizeof(*hosts));
    struct text list = {NULL, 0};
    struct rds_error err;

    NEED(hosts != NULL);
    for (size_t i = 0; i < RDSCA_HOSTS_MAX; i++)
        text_add(&list, "h%zu\n", i);
    CHECK(read_list(list.bytes, list.size, hosts, &err), "all");
    CHECK_NUMBER(hosts->count, RDSCA_HOSTS_MAX, "all");
    CHECK_TEXT(hosts->items[RDSCA_HOSTS_MAX - 1].name, "h255", "the last");
    text_add(&list, "one-more\n");
    CHECK(!read_list(list.bytes, list.size, hosts, &err), "one more");
    CHECK_TEXT(err.text, "line 257 of the list: more than 256 hosts at once",
               "one more");
    text_clear(&list);
    for (size_t i = 0; i < 600; i++)
        text_add(&list, "a");
    CHECK(!read_list(list.bytes, list.size, hosts, &err), "a long line");
    text_clear(&list);
    free(hosts);
}

CU_TestInfo host_tests[] = {
    {"forms", test_forms},
    {"lists", test_lists},
    {"limits", test_limits},
    CU_TEST_INFO_NULL,
};
