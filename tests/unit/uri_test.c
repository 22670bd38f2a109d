/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/uri.h: the whole grammar of rds: URIs, what each accepted one
 * says, the exact text of each refusal, and the caps on sizes.
 */

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/uri.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA_CAPITALS                                                          \
    "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
#define HOST "db.cluster-x1.us-west-2.rds.amazonaws.com"

static struct rds_uri uri; /* too large for the stack */

/* Writes what was understood, in one fixed form. */
static void describe(struct text *out, const struct rds_uri *in)
{
    static const char *const words[] = {
        "all", "global", "region", "partition", "host",
        "ca",  "file",   "sha256", "proxy",     "list"};
    char sha256[RDS_SHA256_TEXT];

    _Static_assert(COUNT(words) == RDS_SELECTOR_KINDS, "every kind");
    for (size_t i = 0; i < in->count; i++) {
        const struct rds_selector *s = &in->selectors[i];

        text_add(out, "%s%s", i != 0 ? " + " : "", words[s->kind]);
        if (s->kind == RDS_SELECT_REGION)
            text_add(out, " %s%s%s", s->u.region.name,
                     s->u.region.ca[0] != '\0' ? " of " : "", s->u.region.ca);
        else if (s->kind == RDS_SELECT_PARTITION)
            text_add(out, " %s", rds_partition_name(s->u.partition));
        else if (s->kind == RDS_SELECT_HOST)
            text_add(out, " %s in %s", s->u.host.name, s->u.host.region);
        else if (s->kind == RDS_SELECT_CA)
            text_add(out, " %s", s->u.ca);
        else if (s->kind == RDS_SELECT_FILE)
            text_add(out, " %s", s->u.file);
        else if (s->kind == RDS_SELECT_SHA256)
            text_add(out, " %s", rds_sha256_write(sha256, s->u.sha256));
    }
    if (in->filters.ca[0] != '\0')
        text_add(out, ", ca %s", in->filters.ca);
    if (in->filters.role != RDS_ROLES)
        text_add(out, ", role %s", rds_role_name(in->filters.role));
    if (in->filters.expired)
        text_add(out, ", expired");
    if (in->filters.stage != RDS_STAGE_PRODUCTION)
        text_add(out, ", stage %s", rds_stage_name(in->filters.stage));
}

static const struct {
    const char *text;
    const char *meaning;
} accepted[] = {
    {"rds:", "all"},
    {"rds://", "all"},
    {"RDS:", "all"},
    {"RdS://", "all"},
    {"rds:all", "all"},
    {"rds://all", "all"},
    {"rDs:all", "all"},
    {"rds:global", "global"},
    {"rds:proxy", "proxy"},
    {"rds:list", "list"},
    {"rds:region/us-west-2", "region us-west-2"},
    {"rds://region/us-west-2", "region us-west-2"},
    {"RDS://region/us-west-2", "region us-west-2"},
    {"rds:region/us-west-2,eu-west-1", "region us-west-2 + region eu-west-1"},
    {"rds:region/us-west-2,us-west-2", "region us-west-2 + region us-west-2"},
    {"rds:region/us-west-2/rds-ca-2019", "region us-west-2 of rds-ca-2019"},
    {"rds:region/a,b,c/d", "region a of d + region b of d + region c of d"},
    {"rds:region/us-wets-2", "region us-wets-2"},
    {"rds:region/1.2-3", "region 1.2-3"},
    {"rds:partition/aws", "partition aws"},
    {"rds:partition/aws-us-gov", "partition aws-us-gov"},
    {"rds:partition/aws-cn", "partition aws-cn"},
    {"rds:host/" HOST, "host " HOST " in us-west-2"},
    {"rds:host/" HOST ".", "host " HOST " in us-west-2"},
    {"rds:host/DB.CLUSTER-X1.US-WEST-2.RDS.AMAZONAWS.COM",
     "host " HOST " in us-west-2"},
    {"rds:host/" HOST ":1", "host " HOST " in us-west-2"},
    {"rds:host/" HOST ":5432", "host " HOST " in us-west-2"},
    {"rds:host/" HOST ".:5432", "host " HOST " in us-west-2"},
    {"rds:host/" HOST ":65535", "host " HOST " in us-west-2"},
    {"rds:host/db.x1.global.rds.amazonaws.com",
     "host db.x1.global.rds.amazonaws.com in "},
    {"rds:ca/rds-ca-rsa2048-g1", "ca rds-ca-rsa2048-g1"},
    {"rds:ca/anything", "ca anything"},
    {"rds:file/rds-combined-ca-bundle.pem", "file rds-combined-ca-bundle.pem"},
    {"rds:file/..", "file .."},
    {"rds:sha256/" SHA, "sha256 " SHA},
    {"rds:sha256/" SHA_CAPITALS, "sha256 " SHA},
    {"rds:region/us-west-2,eu-west-1+proxy",
     "region us-west-2 + region eu-west-1 + proxy"},
    {"rds:all+global+proxy", "all + global + proxy"},
    {"rds:proxy+proxy", "proxy + proxy"},
    {"rds:host/" HOST ":5432+ca/a+file/b.pem+sha256/" SHA,
     "host " HOST " in us-west-2 + ca a + file b.pem + sha256 " SHA},
    {"rds:all?ca=rds-ca-2019", "all, ca rds-ca-2019"},
    {"rds:all?role=root", "all, role root"},
    {"rds:all?role=intermediate", "all, role intermediate"},
    {"rds:all?expired=include", "all, expired"},
    {"rds:all?stage=beta", "all, stage beta"},
    {"rds:all?stage=preview", "all, stage preview"},
    {"rds:region/us-west-2+proxy?stage=beta&expired=include&role=root&ca=x",
     "region us-west-2 + proxy, ca x, role root, expired, stage beta"},
};

static void test_accepted(void)
{
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct rds_error err = {RDS_R_NONE, "untouched"};
        struct text meaning = {NULL, 0};

        memset(&uri, 0x55, sizeof(uri));
        if (CHECK(rds_uri_read(accepted[i].text, &uri, &err), "%s: %s",
                  accepted[i].text, err.text)) {
            describe(&meaning, &uri);
            CHECK_TEXT(meaning.bytes, accepted[i].meaning, "%s",
                       accepted[i].text);
            CHECK_TEXT(err.text, "untouched", "%s", accepted[i].text);
        }
        text_clear(&meaning);
    }
}

#define BAD RDS_R_BAD_URI
#define UNKNOWN RDS_R_UNKNOWN_WORD
#define FILTERS " (ca, role, expired, stage)"
#define LETTERS " in the URI: names have only a-z, 0-9, '.' and '-'"
#define NO_SHA(text)                                                          \
    "bad SHA-256 '" text "' in the URI: 64 hexadecimal digits are needed"
#define SHA_BAD                                                               \
    "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EMPTY_FILTER "empty filter in the URI (ca, role, expired, stage)"
#define EMPTY_SELECTOR                                                        \
    "empty selector in the URI; write for example "                           \
    "rds://region/us-west-2+proxy, or rds://all"
#define NO_ENDPOINT                                                           \
    ": not the name of an RDS or Aurora endpoint such as "                    \
    "mydb.abc123def.us-west-2.rds.amazonaws.com; for an alias (CNAME) give "  \
    "the name that it points to"
#define ALONE "'list' stands alone: it cannot be joined with other selectors"

static const struct {
    const char *text;
    enum rds_reason reason;
    const char *error;
} refused[] = {
    /* the scheme */
    {"", BAD, "'' does not begin with 'rds:'"},
    {"rds", BAD, "'rds' does not begin with 'rds:'"},
    {"rds/all", BAD, "'rds/all' does not begin with 'rds:'"},
    {" rds:all", BAD, "' rds:all' does not begin with 'rds:'"},
    {"file:/x", BAD, "'file:/x' does not begin with 'rds:'"},
    {"\x1b[2J", BAD, "'\\x1b[2J' does not begin with 'rds:'"},
    /* selectors */
    {"rds:?role=root", BAD, EMPTY_SELECTOR},
    {"rds://?role=root", BAD, EMPTY_SELECTOR},
    {"rds:/", BAD, EMPTY_SELECTOR},
    {"rds:/all", BAD, EMPTY_SELECTOR},
    {"rds:///all", BAD, EMPTY_SELECTOR},
    {"rds:////", BAD, EMPTY_SELECTOR},
    {"rds:+", BAD, EMPTY_SELECTOR},
    {"rds:region/us-west-2+", BAD, EMPTY_SELECTOR},
    {"rds:+proxy", BAD, EMPTY_SELECTOR},
    {"rds:all++proxy", BAD, EMPTY_SELECTOR},
    {"rds:all+?role=root", BAD, EMPTY_SELECTOR},
    {"rds:ALL", UNKNOWN, "unknown selector 'ALL', did you mean 'all'?"},
    {"rds:regio/us-west-2", UNKNOWN,
     "unknown selector 'regio', did you mean 'region'?"},
    {"rds:prxoy", UNKNOWN, "unknown selector 'prxoy', did you mean 'proxy'?"},
    {"rds:all+us-west-2", UNKNOWN, "unknown selector 'us-west-2'"},
    {"rds:certificates/x", UNKNOWN, "unknown selector 'certificates'"},
    {"rds:all ", UNKNOWN, "unknown selector 'all ', did you mean 'all'?"},
    {"rds:a%6cl", UNKNOWN, "unknown selector 'a%6cl'"},
    {"rds:\nwhat's\xff/x", UNKNOWN, "unknown selector '\\x0awhat\\x27s\\xff'"},
    {"rds:all/", BAD, "nothing may follow the selector in 'all/' in the URI"},
    {"rds:all/x", BAD,
     "nothing may follow the selector in 'all/x' in the URI"},
    {"rds:proxy/us-west-2", BAD,
     "nothing may follow the selector in 'proxy/us-west-2' in the URI"},
    {"rds:list/x", BAD,
     "nothing may follow the selector in 'list/x' in the URI"},
    {"rds:region", BAD, "selector 'region' needs a name: region/NAME"},
    {"rds:host", BAD, "selector 'host' needs a name: host/NAME"},
    {"rds:sha256", BAD, "selector 'sha256' needs a name: sha256/NAME"},
    {"rds:list+all", BAD, ALONE},
    {"rds:all+list", BAD, ALONE},
    {"rds:region/us-west-2+list+proxy", BAD, ALONE},
    {"rds:list+list", BAD, ALONE},
    {"rds:list?role=root", BAD, "'list' takes no filters"},
    {"rds:list?", BAD, "'list' takes no filters"},
    /* names */
    {"rds:region/", BAD, "empty region in the URI"},
    {"rds:region/us-west-2,", BAD, "empty region in the URI"},
    {"rds:region/,us-west-2", BAD, "empty region in the URI"},
    {"rds:region//rds-ca-2019", BAD, "empty region in the URI"},
    {"rds:region/us-west-2/", BAD, "empty CA identifier in the URI"},
    {"rds:region/US-WEST-2", BAD, "bad region 'US-WEST-2'" LETTERS},
    {"rds:region/us-west-2, eu-west-1", BAD,
     "bad region ' eu-west-1'" LETTERS},
    {"rds:region/us%2dwest-2", BAD, "bad region 'us%2dwest-2'" LETTERS},
    {"rds:region/us_west_2", BAD, "bad region 'us_west_2'" LETTERS},
    {"rds:region/us-west-2\t", BAD, "bad region 'us-west-2\\x09'" LETTERS},
    {"rds:region/us-west-2/a/b", BAD, "bad CA identifier 'a/b'" LETTERS},
    {"rds:region/us-west-2/a,b", BAD, "bad CA identifier 'a,b'" LETTERS},
    {"rds:region/us-west-2:5432", BAD, "bad region 'us-west-2:5432'" LETTERS},
    {"rds:region/abcdefghijklmnopqrstuvwx", BAD,
     "region 'abcdefghijklmnopqrstuvwx' is too long; at most 23 characters"},
    {"rds:partition/", UNKNOWN,
     "unknown partition '' (aws, aws-us-gov, aws-cn)"},
    {"rds:partition/AWS", UNKNOWN,
     "unknown partition 'AWS', did you mean 'aws'? (aws, aws-us-gov, aws-cn)"},
    {"rds:partition/aws-gov", UNKNOWN,
     "unknown partition 'aws-gov' (aws, aws-us-gov, aws-cn)"},
    {"rds:partition/aws-iso", UNKNOWN, NULL},
    {"rds:partition/aws,aws-cn", UNKNOWN,
     "unknown partition 'aws,aws-cn' (aws, aws-us-gov, aws-cn)"},
    {"rds:ca/", BAD, "empty CA identifier in the URI"},
    {"rds:ca/RDS-CA-2019", BAD, "bad CA identifier 'RDS-CA-2019'" LETTERS},
    {"rds:ca/abcdefghijklmnopqrstuvwxyz123456", BAD,
     "CA identifier 'abcdefghijklmnopqrstuvwxyz123456' is too long; at most "
     "31 characters"},
    {"rds:file/", BAD, "empty file in the URI"},
    {"rds:file/a/b.pem", BAD, "bad file 'a/b.pem'" LETTERS},
    {"rds:file/../../etc/passwd", BAD, "bad file '../../etc/passwd'" LETTERS},
    {"rds:file/A.pem", BAD, "bad file 'A.pem'" LETTERS},
    {"rds:sha256/", BAD, NO_SHA("")},
    {"rds:sha256/abc", BAD, NO_SHA("abc")},
    {"rds:sha256/" SHA "0", BAD, NO_SHA(SHA "0")},
    {"rds:sha256/" SHA_BAD, BAD, NO_SHA(SHA_BAD)},
    {"rds:sha256/AA:BB", BAD, NO_SHA("AA:BB")},
    /* hosts and ports */
    {"rds:host/", BAD, "empty host in the URI; write host/ENDPOINT"},
    {"rds:host/:5432", BAD, "empty host in the URI; write host/ENDPOINT"},
    {"rds:host/db.example.com", UNKNOWN,
     "unknown host 'db.example.com'" NO_ENDPOINT},
    {"rds:host/fake-rds.amazonaws.com", UNKNOWN,
     "unknown host 'fake-rds.amazonaws.com'" NO_ENDPOINT},
    {"rds:host/" HOST "..", UNKNOWN, "unknown host '" HOST "..'" NO_ENDPOINT},
    {"rds:host/" HOST "/", UNKNOWN, "unknown host '" HOST "/'" NO_ENDPOINT},
    {"rds:host/" HOST ":", BAD, "bad port '' in the URI"},
    {"rds:host/" HOST ":0", BAD, "bad port '0' in the URI"},
    {"rds:host/" HOST ":00", BAD, "bad port '00' in the URI"},
    {"rds:host/" HOST ":65536", BAD, "bad port '65536' in the URI"},
    {"rds:host/" HOST ":4294967297", BAD, "bad port '4294967297' in the URI"},
    {"rds:host/" HOST ":18446744073709551617", BAD,
     "bad port '18446744073709551617' in the URI"},
    {"rds:host/" HOST ":-1", BAD, "bad port '-1' in the URI"},
    {"rds:host/" HOST ":+1", BAD, "bad port '' in the URI"},
    {"rds:host/" HOST ": 1", BAD, "bad port ' 1' in the URI"},
    {"rds:host/" HOST ":54x", BAD, "bad port '54x' in the URI"},
    {"rds:host/" HOST ":1:2", BAD, "bad port '1:2' in the URI"},
    {"rds:host/" HOST ":5432/db", BAD, "bad port '5432/db' in the URI"},
    {"rds:host/user@" HOST, UNKNOWN,
     "unknown host 'user@" HOST "'" NO_ENDPOINT},
    /* filters */
    {"rds:all?role", BAD, "filter 'role' needs a value: role=VALUE"},
    {"rds:all?stage&ca=x", BAD, "filter 'stage' needs a value: stage=VALUE"},
    {"rds:all?rol=root", UNKNOWN,
     "unknown filter 'rol', did you mean 'role'?" FILTERS},
    {"rds:all?Role=root", UNKNOWN,
     "unknown filter 'Role', did you mean 'role'?" FILTERS},
    {"rds:all?expierd=include", UNKNOWN,
     "unknown filter 'expierd', did you mean 'expired'?" FILTERS},
    {"rds:all?certificate=1", UNKNOWN, "unknown filter 'certificate'" FILTERS},
    {"rds:all?", BAD, EMPTY_FILTER},
    {"rds:all?ca=x&", BAD, EMPTY_FILTER},
    {"rds:all?&ca=x", BAD, EMPTY_FILTER},
    {"rds:all?=x", BAD, EMPTY_FILTER},
    {"rds:all?ca=a&ca=a", BAD, "filter 'ca' is given twice"},
    {"rds:all?role=root&role=root", BAD, "filter 'role' is given twice"},
    {"rds:all?role=root&ca=x&role=intermediate", BAD,
     "filter 'role' is given twice"},
    {"rds:all?expired=include&expired=include", BAD,
     "filter 'expired' is given twice"},
    {"rds:all?stage=beta&stage=preview", BAD, "filter 'stage' is given twice"},
    {"rds:all?ca=", BAD, "empty CA identifier in the URI"},
    {"rds:all?ca=A", BAD, "bad CA identifier 'A'" LETTERS},
    {"rds:all?ca=a=b", BAD, "bad CA identifier 'a=b'" LETTERS},
    {"rds:all?role=", BAD,
     "bad value '' of the filter 'role'; allowed: root, intermediate"},
    {"rds:all?role=Root", BAD,
     "bad value 'Root' of the filter 'role'; allowed: root, intermediate"},
    {"rds:all?role=leaf", BAD,
     "bad value 'leaf' of the filter 'role'; allowed: root, intermediate"},
    {"rds:all?expired=exclude", BAD,
     "bad value 'exclude' of the filter 'expired'; allowed: include"},
    {"rds:all?stage=production", BAD,
     "bad value 'production' of the filter 'stage'; allowed: beta, preview"},
    {"rds:all?role=root+proxy", BAD,
     "bad value 'root+proxy' of the filter 'role'; allowed: root, "
     "intermediate"},
    {"rds:all?role=root?ca=x", BAD,
     "bad value 'root?ca=x' of the filter 'role'; allowed: root, "
     "intermediate"},
    {"rds:all?role=root#x", BAD,
     "bad value 'root#x' of the filter 'role'; allowed: root, intermediate"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct rds_error err = {RDS_R_NONE, ""};

        CHECK(!rds_uri_read(refused[i].text, &uri, &err), "%s",
              refused[i].text);
        CHECK_NUMBER(err.reason, refused[i].reason, "%s", refused[i].text);
        CHECK(err.text[0] != '\0', "%s", refused[i].text);
        if (refused[i].error != NULL)
            CHECK_TEXT(err.text, refused[i].error, "%s", refused[i].text);
        CHECK(!rds_uri_read(refused[i].text, &uri, NULL), "%s: no error asked",
              refused[i].text);
    }
}

/* ---- caps --------------------------------------------------------------- */

static bool read_text(const struct text *text, struct rds_error *err)
{
    char *exact = (char *)exact_copy(text->bytes, text->size + 1);
    bool good = rds_uri_read(exact, &uri, err);

    free(exact);
    return good;
}

static void test_longest(void)
{
    struct rds_error err = {RDS_R_NONE, ""};
    struct text text = {NULL, 0};

    text_add(&text, "rds://");
    for (int i = 0; i < 56; i++)
        text_add(&text, "sha256/" SHA "+");
    text_add(&text, "ca/a+file/");
    text_add(&text, "%0*d", (int)(RDS_URI_MAX - text.size), 0);
    NEED(text.size == RDS_URI_MAX);
    CHECK(read_text(&text, &err), "4096 characters: %s", err.text);
    CHECK_NUMBER(uri.count, 58, "all of it is read");
    text_add(&text, "0");
    CHECK(!read_text(&text, &err), "4097 characters");
    CHECK_TEXT(err.text, "the URI is longer than 4096 characters", "text");
    CHECK_NUMBER(err.reason, RDS_R_BAD_URI, "reason");
    text_add(&text, "%0*d", 100000, 0);
    CHECK(!read_text(&text, &err), "many more");
    text_clear(&text);
}

static void test_selectors(void)
{
    static const char many[] =
        "more than 64 selectors in the URI; use 'all' or 'global'";
    struct rds_error err = {RDS_R_NONE, ""};

    static const char *const last[] = {
        "global",
        "partition/aws",
        "host/" HOST,
        "ca/rds-ca-2019",
        "file/rds-ca-2019-root.pem",
        "sha256/"
        "0123456789abcdef0123456789abcdef"
        "0123456789abcdef0123456789abcdef",
    };
    struct text full = {NULL, 0};

    text_add(&full, "rds:proxy");
    for (int i = 1; i < RDS_SELECTORS_MAX; i++)
        text_add(&full, "+proxy");
    for (size_t i = 0; i < COUNT(last); i++) {
        struct text text = {NULL, 0};

        text_add(&text, "rds:%s", last[i]);
        CHECK(read_text(&text, &err), "alone, %s: %s", last[i], err.text);
        text_clear(&text);
        text_add(&text, "%s+%s", full.bytes, last[i]);
        CHECK(!read_text(&text, &err), "65, %s", last[i]);
        CHECK_TEXT(err.text, many, "65, %s", last[i]);
        CHECK_NUMBER(err.reason, RDS_R_BAD_URI, "65, %s", last[i]);
        text_clear(&text);
    }
    text_clear(&full);
    for (int kind = 0; kind < 3; kind++) {
        struct text text = {NULL, 0};

        text_add(&text, kind == 0 ? "rds:proxy" : "rds:region/r0");
        for (int i = 1; i < RDS_SELECTORS_MAX; i++)
            text_add(&text,
                     kind == 0   ? "+proxy"
                     : kind == 1 ? "+region/r%d"
                                 : ",r%d",
                     i);
        CHECK(read_text(&text, &err), "64, kind %d: %s", kind, err.text);
        CHECK_NUMBER(uri.count, 64, "64, kind %d", kind);
        text_add(&text, kind == 0 ? "+proxy" : kind == 1 ? "+all" : ",r64");
        CHECK(!read_text(&text, &err), "65, kind %d", kind);
        CHECK_TEXT(err.text, many, "65, kind %d", kind);
        text_clear(&text);
    }
}

static void test_names(void)
{
    static const struct {
        const char *before;
        int longest;
        const char *what;
    } rows[] = {
        {"rds:region/", RDS_REGION_MAX - 1, "region"},
        {"rds:region/a/", RDS_CA_MAX - 1, "CA identifier"},
        {"rds:ca/", RDS_CA_MAX - 1, "CA identifier"},
        {"rds:all?ca=", RDS_CA_MAX - 1, "CA identifier"},
        {"rds:file/", RDS_FILE_NAME_MAX - 1, "file"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int size = rows[i].longest; size < 4000; size += size / 3 + 1) {
            struct rds_error err = {RDS_R_NONE, ""};
            struct text text = {NULL, 0}, error = {NULL, 0};

            text_add(&text, "%s%0*d", rows[i].before, size, 0);
            CHECK_NUMBER(read_text(&text, &err), size == rows[i].longest,
                         "%s of %d", rows[i].what, size);
            text_add(&error, "is too long; at most %d characters",
                     rows[i].longest);
            CHECK(size == rows[i].longest ||
                      strstr(err.text, error.bytes) != NULL,
                  "%s of %d: %s", rows[i].what, size, err.text);
            text_clear(&error);
            text_clear(&text);
        }
    }
}

/* Whatever byte stands anywhere: an answer or an error in plain ASCII. */
static void test_any_byte(void)
{
    static const char base[] =
        "rds://region/a,b/c+host/" HOST ":1+sha256/" SHA "?ca=x&role=root";
    size_t bad = 0;

    for (size_t at = 0; at < sizeof(base) - 1; at++) {
        for (int byte = 1; byte < 256; byte++) {
            struct rds_error err = {RDS_R_NONE, ""};
            char text[sizeof(base)];

            memcpy(text, base, sizeof(base));
            text[at] = (char)byte;
            if (rds_uri_read(text, &uri, &err))
                continue;
            bad += err.reason == RDS_R_NONE || err.text[0] == '\0' ? 1 : 0;
            for (const char *c = err.text; *c != '\0'; c++)
                bad += *c < ' ' || *c > '~' ? 1 : 0;
        }
    }
    CHECK_NUMBER(bad, 0, "errors without a clean text");
}

static void test_scheme(void)
{
    CHECK(rds_uri_is_rds("rds:"), "lower case");
    CHECK(rds_uri_is_rds("RDS:x"), "upper case");
    CHECK(rds_uri_is_rds("rDs://x"), "mixed");
    CHECK(!rds_uri_is_rds(""), "empty");
    CHECK(!rds_uri_is_rds("rds"), "no colon");
    CHECK(!rds_uri_is_rds("rdss:"), "longer");
    CHECK(!rds_uri_is_rds("./rds:"), "a path");
}

static void test_sha256(void)
{
    unsigned char bytes[RDS_SHA256_SIZE];
    char text[RDS_SHA256_TEXT];

    CHECK(rds_sha256_read(SHA, 64, bytes), "lower case");
    CHECK_TEXT(rds_sha256_write(text, bytes), SHA, "written");
    CHECK(rds_sha256_read(SHA_CAPITALS, 64, bytes), "upper case");
    CHECK_TEXT(rds_sha256_write(text, bytes), SHA, "in lower case");
    CHECK(!rds_sha256_read(SHA, 63, bytes), "63");
    CHECK(!rds_sha256_read(SHA "0", 65, bytes), "65");
    CHECK(!rds_sha256_read("", 0, bytes), "0");
    for (size_t at = 0; at < 64; at++) {
        static const char bad[] = "gG/:@`\xff ";
        char hex[65] = SHA;

        for (size_t i = 0; i < sizeof(bad); i++) {
            hex[at] = bad[i];
            CHECK(!rds_sha256_read(hex, 64, bytes), "%d at %zu", bad[i], at);
        }
    }
}

CU_TestInfo uri_tests[] = {
    {"accepted", test_accepted},
    {"refused", test_refused},
    {"the longest", test_longest},
    {"the most selectors", test_selectors},
    {"long names", test_names},
    {"any byte anywhere", test_any_byte},
    {"the scheme", test_scheme},
    {"SHA-256", test_sha256},
    CU_TEST_INFO_NULL,
};
