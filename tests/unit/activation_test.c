/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of provider/rdsca/openssl/activation.h: for each shape of a
 * configuration the lines that are added, and those that are not; which names
 * are refused; and that a result which differs in anything else from what was
 * there is seen.
 */

#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/openssl/activation.h"

static void read_text(struct rdsca_cnf *out, const char *text)
{
    rdsca_cnf_read_text(out, "o.cnf", text, strlen(text));
    NEED(out->state == RDSCA_CNF_READ);
}

/* ---- the lines --------------------------------------------------------- */

#define OWN                                                                   \
    "[rds_sect]\nmodule = /m/rds.so\nactivate = 1\nrds-trust = rds://all\n"
#define START "openssl_conf = s\nnodejs_conf = s\n[s]\nproviders = p\n"

static const struct {
    const char *name;
    const char *before;
    bool keep_default, own_file;
    const char *has[4];  /* parts of the lines */
    const char *has_not; /* or NULL */
} rows[] = {
    {"empty",
     "",
     true,
     false,
     {"openssl_conf = openssl_init\nnodejs_conf = rds_node_sect\n",
      "[openssl_init]\nproviders = provider_sect\n",
      "[provider_sect]\ndefault = rds_default_sect\nrds = rds_sect\n",
      "[rds_default_sect]\nactivate = 1\n"},
     NULL},
    {"default listed, off",
     START "[p]\ndefault = d\n[d]\n",
     true,
     false,
     {"[p]\nrds = rds_sect\n", "[d]\nactivate = 1\n", OWN, ""},
     "rds_default_sect"},
    {"default listed, on",
     START "[p]\ndefault = d\n[d]\nactivate = yes\n",
     true,
     false,
     {"[p]\nrds = rds_sect\n", OWN, "", ""},
     "[d]"},
    {"the same, but for itself",
     START "[p]\ndefault = d\n[d]\nactivate = yes\n",
     true,
     true,
     {"[d]\nactivate = 1\n", OWN, "", ""},
     NULL},
    {"others on",
     START "[p]\nfips = f\nbase = b\n[f]\nactivate = 1\n[b]\nactivate = 1\n",
     false,
     false,
     {"[p]\nrds = rds_sect\n", OWN, "", ""},
     "default"},
    {"a list of Node.js's",
     "openssl_conf = s\nnodejs_conf = n\n[s]\nproviders = p\n[p]\n[n]\n"
     "providers = q\n[q]\ndefault = e\n[e]\n",
     false,
     false,
     {"[p]\nrds = rds_sect\n", "[q]\nrds = rds_sect\n", "[e]\nactivate = 1\n",
      OWN},
     "nodejs_conf"},
    {"a section of Node.js's without one",
     "openssl_conf = s\nnodejs_conf = n\n[s]\nproviders = p\n[p]\n[n]\n",
     false,
     false,
     {"[n]\nproviders = rds_node_providers\n", OWN, "", ""},
     "nodejs_conf"},
    {"usual names that are taken",
     "[openssl_init]\n[provider_sect]\nlegacy = l\n",
     true,
     false,
     {"openssl_conf = rds_openssl_init\n",
      "[rds_openssl_init]\nproviders = rds_provider_sect\n", OWN, ""},
     "[provider_sect]"},
    {"on already, for a command",
     START "[p]\naws = w\ndefault = d\n[d]\nactivate = 1\n[w]\nmodule = "
           "/old/rds.so\nrds-trust = rds://proxy\n",
     true,
     true,
     {"[w]\nmodule = /m/rds.so\nactivate = 1\nrds-trust = rds://all\n", "", "",
      ""},
     "rds = "},
};

static void test_lines(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rdsca_wish wish = {
            "/m/rds.so", "rds://all", rows[i].keep_default, rows[i].own_file};
        struct rdsca_cnf before, after;
        struct text whole = {NULL, 0};
        struct rds_error err;
        char *lines;

        read_text(&before, rows[i].before);
        CHECK(rdsca_activation_lines(&before, &wish, &lines, &err), "%s",
              rows[i].name);
        NEED(lines != NULL);
        for (size_t j = 0; j < COUNT(rows[i].has); j++)
            CHECK(strstr(lines, rows[i].has[j]) != NULL, "%s: %s in %s",
                  rows[i].name, rows[i].has[j], lines);
        CHECK(rows[i].has_not == NULL ||
                  strstr(lines, rows[i].has_not) == NULL,
              "%s: not %s in %s", rows[i].name, rows[i].has_not, lines);
        text_add(&whole, "%s\n%s", rows[i].before, lines);
        read_text(&after, whole.bytes);
        CHECK(rdsca_activation_adds(&before, &after, lines, rows[i].own_file,
                                    &err),
              "%s: %s", rows[i].name, err.text);
        text_clear(&whole);
        free(lines);
        rdsca_cnf_clear(&before);
        rdsca_cnf_clear(&after);
    }
}

/* With others on, the default provider is named for Node.js only. */
static void test_fips(void)
{
    const struct rdsca_wish wish = {"/m/rds.so", NULL, false, false};
    struct rdsca_cnf before, lines_alone;
    struct rds_error err;
    char *lines;

    read_text(&before, "openssl_conf = s\n[s]\nproviders = p\n[p]\nfips = f\n"
                       "[f]\nactivate = 1\n");
    NEED(rdsca_activation_lines(&before, &wish, &lines, &err));
    read_text(&lines_alone, lines);
    CHECK(rdsca_cnf_value(&lines_alone, "p", "default") == NULL, "%s", lines);
    CHECK_TEXT(rdsca_cnf_value(&lines_alone, "rds_node_providers", "default"),
               "rds_default_sect", "%s", lines);
    CHECK(strstr(lines, "rds-trust") == NULL, "%s", lines);
    rdsca_cnf_clear(&before);
    rdsca_cnf_clear(&lines_alone);
    free(lines);
}

/* ---- what is refused --------------------------------------------------- */

static const struct {
    const char *before, *why;
} refusals[] = {
    {"[rds_sect]\n", "section [rds_sect] already"},
    {"[rds_node_sect]\n", "section [rds_node_sect] already"},
    {"[rds_default_sect]\n", "section [rds_default_sect] already"},
    {START "[p]\nrds = x\n[x]\nmodule = /m/other.so\n",
     "the provider 'rds' in [p]"},
    {START "[p]\n1.rds = x\n[x]\nmodule = /m/other.so\n",
     "the provider 'rds' in [p]"},
    {START "[p]\nx = x\n[x]\nmodule = /m/rds.so\n",
     "[x] loads rds.so already"},
    {START "[p]\nrds = x\n", "[x] loads rds.so already"},
    {"openssl_conf = s t\n", "'s t' is too odd"},
    {"openssl_conf = s\n[s]\nproviders = p q\n", "'p q' is too odd"},
};

static void test_refusals(void)
{
    const struct rdsca_wish wish = {"/m/rds.so", NULL, true, false};

    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct rdsca_cnf before;
        struct rds_error err;
        char *lines;

        read_text(&before, refusals[i].before);
        CHECK(!rdsca_activation_lines(&before, &wish, &lines, &err), "%s",
              refusals[i].before);
        CHECK(lines == NULL && strstr(err.text, refusals[i].why) != NULL,
              "%s: %s", refusals[i].before, err.text);
        rdsca_cnf_clear(&before);
    }
}

static const struct {
    const char *before, *after, *lines;
    bool own_file, good;
} comparisons[] = {
    {"[a]\nx=1\n", "[a]\nx=1\n[b]\ny=1\n", "[b]\ny=1\n", false, true},
    {"[a]\nx=1\n", "[b]\ny=1\n", "[b]\ny=1\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=2\n[b]\ny=1\n", "[b]\ny=1\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=1\nz=1\n[b]\ny=1\n", "[b]\ny=1\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=1\n", "[b]\ny=1\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=1\n[b]\ny=2\n", "[b]\ny=1\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=2\n", "[a]\nx=2\n", false, false},
    {"[a]\nx=1\n", "[a]\nx=2\n", "[a]\nx=2\n", true, true},
    {"[a]\nactivate=0\n", "[a]\nactivate=1\n", "[a]\nactivate=1\n", false,
     true},
    {"[a]\nactivate=0\n", "[a]\nactivate=1\n", "[b]\ny=1\n", false, false},
    {"x=1\n", "x=1\ny=2\n", "[default]\ny=2\n", false, true},
};

static void test_comparisons(void)
{
    for (size_t i = 0; i < COUNT(comparisons); i++) {
        struct rdsca_cnf before, after;
        struct rds_error err;

        read_text(&before, comparisons[i].before);
        read_text(&after, comparisons[i].after);
        CHECK(rdsca_activation_adds(&before, &after, comparisons[i].lines,
                                    comparisons[i].own_file,
                                    &err) == comparisons[i].good,
              "%zu", i);
        rdsca_cnf_clear(&before);
        rdsca_cnf_clear(&after);
    }
}

static void test_plain(void)
{
    static const char *const plain[] = {"rds://host/a.b:1+region/c?ca=x&y=z",
                                        "/usr/lib/x/rds.so", "a_b-c,~*%@"};
    static const char *const odd[] = {"",      "a b",  "a$b", "a#b",  "a\\b",
                                      "a'b",   "a\"b", "a;b", "a\nb", "[a]",
                                      "a\xff", "a`b",  "a(b)"};

    for (size_t i = 0; i < COUNT(plain); i++)
        CHECK(rdsca_cnf_plain(plain[i]), "%s", plain[i]);
    for (size_t i = 0; i < COUNT(odd); i++)
        CHECK(!rdsca_cnf_plain(odd[i]), "%s", odd[i]);
}

CU_TestInfo activation_tests[] = {
    {"lines", test_lines},       {"fips", test_fips},
    {"refusals", test_refusals}, {"comparisons", test_comparisons},
    {"plain words", test_plain}, CU_TEST_INFO_NULL,
};
