/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rdsca/doctor/diagnosis.h and rdsca/cli/shell_quote.h: which
 * versions of OpenSSL are complained about; of what a denied file is blamed
 * on, the nearest cause that the facts show, with the line that mends it; and
 * that a word in a command means to a shell what it was.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/doctor/diagnosis.h"

static struct rdsca_diagnosis out;

/* ---- versions ----------------------------------------------------------- */

static const struct {
    unsigned major, minor, patch;
    enum rdsca_level level;
    const char *text; /* a part of it */
    const char *mend;
} versions[] = {
    {1, 1, 1, RDSCA_PROBLEM, "1.1.1 has no providers", "OpenSSL 3.0 or later"},
    {2, 9, 9, RDSCA_PROBLEM, "no providers", "OpenSSL 3.0 or later"},
    {3, 0, 0, RDSCA_OK, "OpenSSL 3.0.0", ""},
    {3, 0, 16, RDSCA_OK, "OpenSSL 3.0.16", ""},
    {3, 0, 17, RDSCA_PROBLEM, "openssl#28171", "OpenSSL 3.0.18 or later"},
    {3, 0, 18, RDSCA_OK, "OpenSSL 3.0.18", ""},
    {3, 1, 17, RDSCA_OK, "OpenSSL 3.1.17", ""},
    {3, 1, 1, RDSCA_OK, "OpenSSL 3.1.1", ""},
    {3, 4, 2, RDSCA_OK, "OpenSSL 3.4.2", ""},
    {3, 5, 0, RDSCA_OK, "OpenSSL 3.5.0", ""},
    {3, 5, 1, RDSCA_PROBLEM, "3.5.1 crashes", "OpenSSL 3.5.3 or later"},
    {3, 5, 2, RDSCA_PROBLEM, "3.5.2 crashes", "OpenSSL 3.5.3 or later"},
    {3, 5, 3, RDSCA_OK, "OpenSSL 3.5.3", ""},
    {3, 99, 0, RDSCA_OK, "OpenSSL 3.99.0", ""},
    {4, 0, 0, RDSCA_NOTE, "only the first CA store URI", "join URIs with '+'"},
    {4, 5, 1, RDSCA_NOTE, "only the first CA store URI", "join URIs with '+'"},
    {5, 0, 17, RDSCA_NOTE, "only the first CA store URI", "'+'"},
};

static void test_versions(void)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        memset(&out, 'x', sizeof(out));
        rdsca_diagnose_openssl(versions[i].major, versions[i].minor,
                               versions[i].patch, &out);
        CHECK_NUMBER(out.level, versions[i].level, "row %zu", i);
        CHECK(strstr(out.text, versions[i].text) != NULL, "row %zu: %s", i,
              out.text);
        CHECK(strstr(out.mend, versions[i].mend) != NULL, "row %zu: %s", i,
              out.mend);
        CHECK((out.mend[0] == '\0') == (out.level == RDSCA_OK), "row %zu", i);
        CHECK_TEXT(out.file, "", "row %zu", i);
    }
}

/* ---- denials ------------------------------------------------------------ */

#define MODULE "/opt/rds/rds.so"
#define BUNDLES "/var/lib/rds-ca"

static const struct {
    struct rdsca_denial denial;
    const char *text; /* a part of it */
    enum rdsca_how how;
    const char *file;
    const char *mend; /* all of it */
} denials[] = {
    {{.path = MODULE,
      .module = true,
      .barrier = MODULE,
      .label = "",
      .user = 33},
     "'" MODULE "' may not be opened by user 33: owner and mode of '" MODULE
     "' forbid it",
     RDSCA_MEND_RUN,
     "",
     "chmod a+r " MODULE},
    {{.path = MODULE, .module = true, .barrier = "/opt/rds", .label = ""},
     "mode of '/opt/rds' forbid",
     RDSCA_MEND_RUN,
     "",
     "chmod a+x /opt/rds"},
    {{.path = BUNDLES, .directory = true, .barrier = BUNDLES, .label = ""},
     "mode of '" BUNDLES "' forbid",
     RDSCA_MEND_RUN,
     "",
     "chmod a+rx " BUNDLES},
    {{.path = BUNDLES, .directory = true, .barrier = "/var/lib", .label = ""},
     "mode of '/var/lib' forbid",
     RDSCA_MEND_RUN,
     "",
     "chmod a+x /var/lib"},
    {{.path = "/a b/it's", .barrier = "/a b/it's", .label = ""},
     "owner and mode",
     RDSCA_MEND_RUN,
     "",
     "chmod a+r '/a b/it'\\''s'"},
    /* the modes explain it: no security module is blamed */
    {{.path = MODULE,
      .module = true,
      .barrier = MODULE,
      .apparmor = true,
      .selinux = true,
      .label = "/usr/sbin/mysqld (enforce)"},
     "owner and mode",
     RDSCA_MEND_RUN,
     "",
     "chmod a+r " MODULE},
    /* the mount, for what is executed only */
    {{.path = MODULE, .module = true, .noexec = true, .label = ""},
     "mounted noexec",
     RDSCA_MEND_RUN,
     "",
     "mount -o remount,exec \"$(findmnt -no TARGET -T " MODULE ")\""},
    {{.path = BUNDLES, .directory = true, .noexec = true, .label = ""},
     "an access control list",
     RDSCA_MEND_RUN,
     "",
     "namei -l " BUNDLES "; getfacl " BUNDLES},
    /* AppArmor */
    {{.path = MODULE,
      .module = true,
      .apparmor = true,
      .label = "/usr/sbin/mysqld (enforce)"},
     "AppArmor profile '/usr/sbin/mysqld' forbids",
     RDSCA_MEND_APPEND,
     "the AppArmor profile /usr/sbin/mysqld (then apparmor_parser -r)",
     MODULE " mr,"},
    {{.path = BUNDLES,
      .directory = true,
      .apparmor = true,
      .label = "pg (enforce)"},
     "AppArmor profile 'pg' forbids",
     RDSCA_MEND_APPEND,
     "the AppArmor profile pg (then apparmor_parser -r)",
     BUNDLES "/ r,\n" BUNDLES "/** r,"},
    {{.path = "/etc/ssl/openssl.cnf",
      .apparmor = true,
      .label = "pg (enforce)"},
     "AppArmor profile 'pg' forbids",
     RDSCA_MEND_APPEND,
     "the AppArmor profile pg (then apparmor_parser -r)",
     "/etc/ssl/openssl.cnf r,"},
    /* a profile that only complains forbids nothing, nor does none */
    {{.path = MODULE,
      .module = true,
      .apparmor = true,
      .label = "pg (complain)"},
     "an access control list",
     RDSCA_MEND_RUN,
     "",
     "namei -l " MODULE "; getfacl " MODULE},
    {{.path = MODULE, .module = true, .apparmor = true, .label = "unconfined"},
     "an access control list",
     RDSCA_MEND_RUN,
     "",
     "namei -l " MODULE "; getfacl " MODULE},
    {{.path = MODULE, .module = true, .apparmor = true, .label = " (enforce)"},
     "an access control list",
     RDSCA_MEND_RUN,
     "",
     "namei -l " MODULE "; getfacl " MODULE},
    /* a label of that form where the kernel has no AppArmor */
    {{.path = MODULE, .module = true, .label = "pg (enforce)"},
     "an access control list",
     RDSCA_MEND_RUN,
     "",
     "namei -l " MODULE "; getfacl " MODULE},
    /* SELinux */
    {{.path = MODULE,
      .module = true,
      .selinux = true,
      .label = "system_u:system_r:mysqld_t:s0"},
     "SELinux enforces, and this process is "
     "'system_u:system_r:mysqld_t:s0'",
     RDSCA_MEND_RUN,
     "",
     "restorecon -v " MODULE},
    {{.path = BUNDLES, .directory = true, .selinux = true, .label = "x"},
     "SELinux enforces",
     RDSCA_MEND_RUN,
     "",
     "restorecon -Rv " BUNDLES},
    /* what is shown holds no control character */
    {{.path = "/a\x1b[2J", .barrier = "/a\x1b[2J", .label = ""},
     "'/a\\x1b[2J' may",
     RDSCA_MEND_RUN,
     "",
     "chmod a+r '/a\\x1b[2J'"},
    {{.path = MODULE, .module = true, .selinux = true, .label = "a\nb"},
     "is 'a\\x0ab'",
     RDSCA_MEND_RUN,
     "",
     "restorecon -v " MODULE},
};

static void test_denials(void)
{
    for (size_t i = 0; i < COUNT(denials); i++) {
        memset(&out, 'x', sizeof(out));
        rdsca_diagnose_denial(&denials[i].denial, &out);
        CHECK_NUMBER(out.level, RDSCA_PROBLEM, "row %zu", i);
        CHECK(strstr(out.text, denials[i].text) != NULL, "row %zu: %s", i,
              out.text);
        CHECK_NUMBER(out.how, denials[i].how, "row %zu", i);
        CHECK_TEXT(out.file, denials[i].file, "row %zu", i);
        CHECK_TEXT(out.mend, denials[i].mend, "row %zu", i);
    }
}

/* A path as long as can be does not overrun, and is not shortened. */
static void test_long_path(void)
{
    static char path[PATH_MAX];
    struct rdsca_denial denial = {.path = path, .barrier = path, .label = ""};

    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    rdsca_diagnose_denial(&denial, &out);
    CHECK_NUMBER(strlen(out.mend), strlen("chmod a+r ") + strlen(path),
                 "mend");
    memset(path + 1, '\'', sizeof(path) - 2);
    rdsca_diagnose_denial(&denial, &out);
    CHECK_NUMBER(strlen(out.mend),
                 strlen("chmod a+r '/'") + 4 * (strlen(path) - 1), "mend");
    CHECK_NUMBER(out.mend[strlen(out.mend) - 1], '\'', "is closed");
}

/* ---- words ---------------------------------------------------------------
 */

static const struct {
    const char *word;
    const char *expected;
} words[] = {
    {"/var/lib/rds-ca/us-west-2-bundle.pem",
     "/var/lib/rds-ca/us-west-2-bundle.pem"},
    {"", "''"},
    {"a b", "'a b'"},
    {"it's", "'it'\\''s'"},
    {"-rf", "./-rf"},
    {"-r f", "'./-r f'"},
    {"$(id)", "'$(id)'"},
    {"`id`", "'`id`'"},
    {"a;b", "'a;b'"},
    {"a&b", "'a&b'"},
    {"a|b", "'a|b'"},
    {"*", "'*'"},
    {"?", "'?'"},
    {"~", "'~'"},
    {"#x", "'#x'"},
    {"a\\b", "'a\\b'"},
    {"\"", "'\"'"},
    {"a\nb", "'a\\x0ab'"},
    {"\xc3\xa4", "'\\xc3\\xa4'"},
};

static void test_words(void)
{
    char word[RDSCA_WORD_MAX];

    for (size_t i = 0; i < COUNT(words); i++)
        CHECK_TEXT(rdsca_word(word, words[i].word), words[i].expected,
                   "row %zu", i);
}

/* What can be shown comes back from a real shell as it was. */
static void test_words_in_a_shell(void)
{
    char word[RDSCA_WORD_MAX], line[256], back[256];

    for (size_t i = 0; i < COUNT(words); i++) {
        const char *meant = words[i].word;
        FILE *shell;

        if (meant[0] == '-' || strpbrk(meant, "\n\xc3") != NULL)
            continue;
        (void)snprintf(line, sizeof(line), "printf %%s %s",
                       rdsca_word(word, meant));
        shell = popen(line, "r");
        NEED(shell != NULL);
        memset(back, 0, sizeof(back));
        CHECK_NUMBER(fread(back, 1, sizeof(back) - 1, shell), strlen(meant),
                     "row %zu", i);
        CHECK_NUMBER(pclose(shell), 0, "row %zu", i);
        CHECK_TEXT(back, meant, "row %zu", i);
    }
}

static void test_long_word(void)
{
    static char word[RDSCA_WORD_MAX];
    char *meant = malloc(4 * RDSCA_WORD_MAX);

    NEED(meant != NULL);
    for (int letter = 1; letter < 256; letter += 7) {
        size_t size;

        memset(meant, letter, 4 * RDSCA_WORD_MAX - 1);
        meant[4 * RDSCA_WORD_MAX - 1] = '\0';
        size = strlen(rdsca_word(word, meant));
        CHECK(size < RDSCA_WORD_MAX && size > RDSCA_WORD_MAX - 16,
              "letter %d: %zu", letter, size);
        CHECK(word[0] != '\'' || word[size - 1] == '\'', "letter %d", letter);
    }
    free(meant);
}

CU_TestInfo diagnosis_tests[] = {
    {"versions of OpenSSL", test_versions},
    {"what may not be opened", test_denials},
    {"a long path", test_long_path},
    {"words of a command", test_words},
    {"words, as a shell reads them", test_words_in_a_shell},
    {"long words", test_long_word},
    CU_TEST_INFO_NULL,
};
