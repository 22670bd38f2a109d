/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the debug log says what went wrong, a line for each event, in a
 * file that only its owner can read; and that it writes to no other place
 * than the one that was named.
 *
 * The variable is read once in a process, so each case runs in a child, and
 * this suite runs before any other loads the module.
 */

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define LOG_SIZE 65536

/* Loads the module with the log on; asks one bad and one good URI. */
static bool use_module(void *arg)
{
    const char *value = arg;
    OSSL_LIB_CTX *lib;
    bool good;

    (void)setenv("RDS_PROVIDER_DEBUG", value, 1);
    lib = context_plain();
    good = lib != NULL && count_of(lib, "rds://region/us-wets-2") == -1 &&
           count_of(lib, "rds://region/two\nlines") == -1 &&
           count_of(lib, "rds://region/us-west-2/rds-ca-ecc384-g1") == 1;
    OSSL_LIB_CTX_free(lib);
    return good;
}

/* Runs the case; the log's text goes to `text`, "" where there is no file. */
static void run_case(const char *prefix, const char *path, const char *suffix,
                     char *text)
{
    char value[PATH_SIZE * 2];
    FILE *file;
    size_t size = 0;

    (void)snprintf(value, sizeof(value), "%s%s%s", prefix, path, suffix);
    CHECK(in_child(use_module, value, 60), "the module works with %s", value);
    file = fopen(path, "r");
    if (file != NULL) {
        size = fread(text, 1, LOG_SIZE - 1, file);
        (void)fclose(file);
    }
    text[size] = '\0';
}

static size_t lines_with(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        count++;
        text += strlen(part);
    }
    return count;
}

static void test_levels(void)
{
    static const struct {
        const char *prefix, *suffix;
        size_t errors, traces;
    } rows[] = {
        {"file:", "", 2, 0},          {"file:", ",level:1", 2, 0},
        {"file:", ",level:3", 2, 1},  {"file:", ",level:4", 0, 0},
        {"file:", ",level:11", 0, 0}, {"", "", 0, 0},
    };
    char folder[PATH_SIZE], path[PATH_SIZE], *text = malloc(LOG_SIZE);
    struct stat st;

    (void)temp_folder(folder, "log");
    (void)temp_path(path, "log/file");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)unlink(path);
        run_case(rows[i].prefix, path, rows[i].suffix, text);
        CHECK(lines_with(text, " error: ") == rows[i].errors,
              "'%s': %zu errors in '%s'", rows[i].suffix, rows[i].errors,
              text);
        CHECK(lines_with(text, " trace: loading us-west-2-rds-ca-ecc384-g1") ==
                  rows[i].traces,
              "%s: %zu loads in '%s'", rows[i].suffix, rows[i].traces, text);
        if (rows[i].errors == 0)
            continue;
        CHECK(lines_with(text, "unknown region 'us-wets-2'") == 1,
              "%s names the region: '%s'", rows[i].suffix, text);
        CHECK(lines_with(text, "two\\x0alines") == 1 &&
                  lines_with(text, "two\n") == 0,
              "%s escapes the name: '%s'", rows[i].suffix, text);
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
              "%s: mode 0600", rows[i].suffix);
    }
    free(text);
}

/* A link, a folder and a relative path get nothing. */
static void test_refused_places(void)
{
    char folder[PATH_SIZE], path[PATH_SIZE], link[PATH_SIZE];
    char text[LOG_SIZE];
    struct stat st;

    (void)temp_folder(folder, "log");
    (void)temp_path(path, "log/victim");
    (void)temp_path(link, "log/link");
    CU_ASSERT(write_file(folder, "victim", "kept", 4));
    CU_ASSERT(symlink(path, link) == 0);
    run_case("file:", link, ",level:3", text);
    CHECK(strcmp(text, "kept") == 0, "nothing goes through a link: '%s'",
          text);
    run_case("file:", folder, ",level:3", text);
    run_case("file:", "relative-log-of-rds", ",level:3", text);
    CHECK(stat("relative-log-of-rds", &st) != 0, "no relative file is made");
}

static const struct test tests[] = {
    {"levels, mode, escaping", test_levels},
    {"places that are refused", test_refused_places},
};

SUITE(log);
