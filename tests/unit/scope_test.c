/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of process-wide trust: what each form of a URI admits, each
 * clause of the rule reached alone, which anchors may vouch, and that no
 * change of a leaf's bytes reads outside of them or widens the scope.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rds/scope.h"
#include "tests.h"

#define DOMAIN_W2 "us-west-2.rds.amazonaws.com"
#define DB "db.abc123def." DOMAIN_W2
#define WRITER "db.global-abc123def.global.rds.amazonaws.com"
#define PREVIEW "db.abc123def.us-east-2.rds-preview.amazonaws.com"
#define REGION_URI "rds://region/us-west-2"
#define HOST_URI "rds://host/" DB
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEN "abcdefghij"

/* ---- a leaf, built ------------------------------------------------------ */

struct bytes {
    unsigned char at[2048];
    size_t size;
};

static void put_bytes(struct bytes *out, const void *bytes, size_t size)
{
    NEED(size <= sizeof(out->at) - out->size);
    memcpy(out->at + out->size, bytes, size);
    out->size += size;
}

static void put(struct bytes *out, unsigned char tag, const void *bytes,
                size_t size)
{
    unsigned char head[4] = {tag, (unsigned char)size};
    size_t used = 2;

    if (size > 0xff) {
        head[1] = 0x82;
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
        used = 4;
    } else if (size > 0x7f) {
        head[1] = 0x81;
        head[2] = (unsigned char)size;
        used = 3;
    }
    put_bytes(out, head, used);
    put_bytes(out, bytes, size);
}

/* A value: an entry of the SAN, or an attribute of the subject. */
struct value {
    unsigned char tag; /* 0 ends a list */
    const char *text;
    size_t size;
    const char *oid; /* NULL: that of a common name */
};

#define SIZED(text) text, sizeof(text) - 1
#define DNS(text)                                                             \
    {                                                                         \
        .tag = 0x82, SIZED(text)                                              \
    }
#define CN(text)                                                              \
    {                                                                         \
        .tag = RDS_DER_UTF8_STRING, SIZED(text)                               \
    }
#define OID_CN "\x55\x04\x03"
#define OID_OU "\x55\x04\x0b"
#define OID_EMAIL "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"
#define EMAIL(text)                                                           \
    {                                                                         \
        .tag = RDS_DER_IA5_STRING, SIZED(text), OID_EMAIL                     \
    }
#define OU(text)                                                              \
    {                                                                         \
        .tag = RDS_DER_UTF8_STRING, SIZED(text), OID_OU                       \
    }

#define VALUES 12

struct recipe_leaf {
    struct value san[VALUES];
    struct value subject[VALUES];
};

struct built {
    struct bytes san, subject;
    struct rds_leaf leaf;
};

static void put_attribute(struct bytes *out, const struct value *value)
{
    const char *oid = value->oid != NULL ? value->oid : OID_CN;
    struct bytes inner = {.size = 0};

    put(&inner, RDS_DER_OID, oid, strlen(oid));
    put(&inner, value->tag, value->text, value->size);
    put(out, RDS_DER_SEQUENCE, inner.at, inner.size);
}

static void build_subject(struct bytes *out, const struct value *values)
{
    struct bytes names = {.size = 0};

    for (; values->tag != 0; values++) {
        struct bytes attribute = {.size = 0};

        put_attribute(&attribute, values);
        put(&names, RDS_DER_SET, attribute.at, attribute.size);
    }
    out->size = 0;
    put(out, RDS_DER_SEQUENCE, names.at, names.size);
}

static void build_san(struct bytes *out, const struct value *values)
{
    struct bytes entries = {.size = 0};

    for (; values->tag != 0; values++)
        put(&entries, values->tag, values->text, values->size);
    out->size = 0;
    put(out, RDS_DER_SEQUENCE, entries.at, entries.size);
}

/* A server's leaf that differs from a good one by nothing but the recipe. */
static void build(struct built *out, const struct recipe_leaf *recipe)
{
    memset(out, 0, sizeof(*out));
    build_san(&out->san, recipe->san);
    build_subject(&out->subject, recipe->subject);
    out->leaf.san_count = 1;
    out->leaf.san = out->san.at;
    out->leaf.san_size = out->san.size;
    out->leaf.subject = out->subject.at;
    out->leaf.subject_size = out->subject.size;
    out->leaf.has_eku = out->leaf.server_auth = true;
}

static void build_good(struct built *out)
{
    static const struct recipe_leaf good = {{DNS(DB)}, {CN(DB), OU("RDS")}};

    build(out, &good);
}

/* The scope of a URI.  One at a time. */
static const struct rds_scope *scope_of(const char *text)
{
    static struct rds_scope scope;
    static struct rds_uri uri;
    struct rds_error err;

    NEED(rds_uri_read(text, &uri, &err));
    if (CHECK(rds_scope_make(&scope, &uri, &err), "%s", text))
        return &scope;
    scope.count = 0;
    return &scope;
}

static enum rds_clause judge(const char *uri, const struct rds_leaf *leaf,
                             struct rds_verdict *out)
{
    bool good = rds_scope_judge(scope_of(uri), leaf, out);

    CHECK(good == (out->clause == RDS_CLAUSE_IN_SCOPE),
          "%s: result and clause agree", uri);
    return out->clause;
}

/* ---- what a URI admits -------------------------------------------------- */

/* One name of each kind, with other accounts, regions and partitions. */
static const char *const samples[] = {
    DB,
    "db.xyz987." DOMAIN_W2,
    "db.abc123def.us-east-1.rds.amazonaws.com",
    "db.cluster-ro-abc123def." DOMAIN_W2,
    "db.abc123def.us-gov-west-1.rds.amazonaws.com",
    "db.abc123def.rds.cn-north-1.amazonaws.com.cn",
    PREVIEW,
    "p.proxy-abc123def." DOMAIN_W2,
    "p.endpoint.proxy-xyz987.us-east-1.rds.amazonaws.com",
    "d.cluster-abc123def.us-west-2.docdb.amazonaws.com",
    "d-123456789012.us-west-2.docdb-elastic.amazonaws.com",
    "n.cluster-abc123def.us-west-2.neptune.amazonaws.com",
    "q.dsql.us-west-2.on.aws",
    "s.us-west-2.redshift.amazonaws.com",
    "db.abc123def.rds.us-iso-east-1.c2s.ic.gov",
};

/*
 * A letter for each sample: whose anchors may vouch.
 * r RDS, p proxy, b both, - out of scope
 */
static const struct {
    const char *uri;
    const char *admitted;
} forms[] = {
    {"rds:", "rrrrrr---r----r"},
    {"rds://", "rrrrrr---r----r"},
    {"rds://all", "rrrrrr---r----r"},
    {"rds://all?role=root", "rrrrrr---r----r"},
    {"rds://all?expired=include", "rrrrrr---r----r"},
    {"rds://all?ca=rds-ca-2019", "rrrrrr---r----r"},
    {"rds://global", "rrrr-----r-----"},
    {"rds://partition/aws", "rrrr-----r-----"},
    {"rds://partition/aws-us-gov", "----r----------"},
    {"rds://partition/aws-cn", "-----r---------"},
    {REGION_URI, "rr-r-----r-----"},
    {"rds://region/us-west-2,us-east-1", "rrrr-----r-----"},
    {"rds://region/us-west-2/rds-ca-rsa2048-g1", "rr-r-----r-----"},
    {"rds://region/us-east-2", "---------------"},
    {"rds://region/us-iso-east-1", "--------------r"},
    {HOST_URI, "b--b---p-r-p---"},
    {HOST_URI ":5432", "b--b---p-r-p---"},
    {"rds://host/db.cluster-abc123def." DOMAIN_W2, "b--b---p-r-p---"},
    {"rds://host/DB.ABC123DEF.us-WEST-2.rds.amazonaws.com.",
     "b--b---p-r-p---"},
    {"rds://host/db.abc123def.rds.cn-north-1.amazonaws.com.cn",
     "-----b---------"},
    {"rds://host/db.abc123def.rds.us-iso-east-1.c2s.ic.gov",
     "--------------b"},
    {HOST_URI "?ca=rds-ca-rsa2048-g1", "b--b---p-r-p---"},
    {"rds://host/" PREVIEW, "------r--------"},
    {"rds://host/p.proxy-abc123def." DOMAIN_W2, "p--p---p---p---"},
    {"rds://host/p.endpoint.proxy-xyz987.us-east-1.rds.amazonaws.com",
     "--------p------"},
    {"rds://host/e.cluster-abc123def.us-west-2.docdb.amazonaws.com",
     "r--r-----r-----"},
    {"rds://host/d-123456789012.us-west-2.docdb-elastic.amazonaws.com",
     "----------p----"},
    {"rds://host/e-123456789012.us-west-2.docdb-elastic.amazonaws.com",
     "---------------"},
    {"rds://host/n.cluster-abc123def.us-west-2.neptune.amazonaws.com",
     "p--p---p---p---"},
    {"rds://host/q.dsql.us-west-2.on.aws", "------------p--"},
    {"rds://host/s.us-west-2.redshift.amazonaws.com", "-------------p-"},
    {"rds://host/s.us-east-1.redshift.amazonaws.com", "---------------"},
    {"rds://ca/rds-ca-rsa2048-g1", "bbbbbb-pprppppb"},
    {"rds://file/us-west-2-bundle.pem", "bbbbbb-pprppppb"},
    {"rds://sha256/" SHA, "bbbbbb-pprppppb"},
    {"rds://file/us-west-2-bundle.pem+proxy", "bbbbbb-pprppppb"},
    {"rds://proxy+sha256/" SHA, "bbbbbb-pprppppb"},
    {"rds://proxy", "pppppp-pp-ppppp"},
    {"rds://proxy+proxy", "pppppp-pp-ppppp"},
    {"rds://all+proxy", "bbbbbb-pprppppb"},
    {"rds://global+proxy", "bbbb---pprpppp-"},
    {"rds://partition/aws-us-gov+proxy", "----b----------"},
    {REGION_URI "+proxy", "bb-b---p-rpppp-"},
    {"rds://proxy+region/us-west-2", "bb-b---p-rpppp-"},
    {HOST_URI "+proxy", "b--b---p-r-p---"},
    {"rds://proxy+host/" DB, "b--b---p-r-p---"},
    {"rds://host/s.us-west-2.redshift.amazonaws.com+proxy", "-------------p-"},
    {"rds://host/" PREVIEW "+proxy", "------r--------"},
    {"rds://ca/rds-ca-rsa2048-g1+proxy", "bbbbbb-pprppppb"},
    {HOST_URI "+region/us-east-1", "b-rb---p-r-p---"},
    {HOST_URI "+host/" PREVIEW, "b--b--rp-r-p---"},
    {"rds://all?stage=preview", "------r--------"},
    {"rds://region/us-east-2?stage=preview", "------r--------"},
    {"rds://region/us-east-1?stage=preview", "---------------"},
    {"rds://all?stage=beta", "rrrrrr---r----r"},
};

/* Whether a rule of this family admits every name of the leaf. */
static bool by_family(const struct rds_scope *scope,
                      const struct rds_verdict *verdict,
                      enum rds_family family)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (scope->rules[i].family == family &&
            (verdict->rules[i / 64] >> (i % 64) & 1) != 0)
            return true;
    }
    return false;
}

static char letter_of(const struct rds_scope *scope, const char *name)
{
    struct recipe_leaf recipe = {{{.tag = 0x82}}, {{.tag = 0}}};
    struct rds_verdict verdict;
    struct built built;

    recipe.san[0].text = name;
    recipe.san[0].size = strlen(name);
    build(&built, &recipe);
    if (!rds_scope_judge(scope, &built.leaf, &verdict))
        return verdict.clause == RDS_CLAUSE_FOREIGN_NAME ? '-' : '?';
    if (by_family(scope, &verdict, RDS_FAMILY_PROXY))
        return by_family(scope, &verdict, RDS_FAMILY_RDS) ? 'b' : 'p';
    return by_family(scope, &verdict, RDS_FAMILY_RDS) ? 'r' : '!';
}

static void test_forms(void)
{
    char found[COUNT(samples) + 1] = "";

    for (size_t i = 0; i < COUNT(forms); i++) {
        const struct rds_scope *scope = scope_of(forms[i].uri);

        for (size_t j = 0; j < COUNT(samples); j++)
            found[j] = letter_of(scope, samples[j]);
        CHECK_TEXT(found, forms[i].admitted, "%s", forms[i].uri);
    }
}

/* A union admits what its parts admit, proxy aside: no more, no less. */
static void test_union_of_parts(void)
{
    static const char *const parts[] = {"region/us-west-2", "host/" DB,
                                        "partition/aws-cn", ("host/" PREVIEW),
                                        "region/us-east-1"};
    char uri[512];
    bool apart;

    for (size_t i = 0; i < COUNT(parts) * COUNT(parts); i++) {
        const char *a = parts[i / COUNT(parts)], *b = parts[i % COUNT(parts)];

        for (size_t j = 0; j < COUNT(samples); j++) {
            (void)snprintf(uri, sizeof(uri), "rds://%s", a);
            apart = letter_of(scope_of(uri), samples[j]) != '-';
            (void)snprintf(uri, sizeof(uri), "rds://%s", b);
            apart |= letter_of(scope_of(uri), samples[j]) != '-';
            (void)snprintf(uri, sizeof(uri), "rds://%s+%s", a, b);
            CHECK((letter_of(scope_of(uri), samples[j]) != '-') == apart,
                  "%s: %s", uri, samples[j]);
        }
    }
}

/*
 * A database name brings the proxy CAs by itself, for its account and region:
 * "proxy" beside it adds neither names nor rules.
 */
static void test_proxy_beside_database(void)
{
    static const char *const hosts[] = {
        HOST_URI,
        "rds://host/db.cluster-ro-abc123def." DOMAIN_W2,
        "rds://host/db.abc123def.us-gov-west-1.rds.amazonaws.com",
        "rds://host/db.abc123def.rds.cn-north-1.amazonaws.com.cn",
        HOST_URI "+host/db.xyz987." DOMAIN_W2,
    };
    char uri[512], alone[COUNT(samples)];
    size_t rules;

    for (size_t i = 0; i < COUNT(hosts); i++) {
        for (size_t j = 0; j < COUNT(samples); j++)
            alone[j] = letter_of(scope_of(hosts[i]), samples[j]);
        rules = scope_of(hosts[i])->count;
        (void)snprintf(uri, sizeof(uri), "%s+proxy", hosts[i]);
        CHECK_NUMBER(scope_of(uri)->count, rules, "%s: rules", uri);
        for (size_t j = 0; j < COUNT(samples); j++)
            CHECK_NUMBER(letter_of(scope_of(uri), samples[j]), alone[j],
                         "%s: %s", uri, samples[j]);
    }
}

/* "proxy" in a union admits no name whose region or account is foreign. */
static void test_proxy_never_widens(void)
{
    static const char *const narrow[] = {
        REGION_URI, HOST_URI, "rds://partition/aws-us-gov",
        "rds://host/db.abc123def.rds.cn-north-1.amazonaws.com.cn"};
    struct rds_endpoint endpoint, own;
    char uri[512];

    for (size_t i = 0; i < COUNT(narrow); i++) {
        (void)snprintf(uri, sizeof(uri), "%s+proxy", narrow[i]);
        for (size_t j = 0; j < COUNT(samples); j++) {
            if (letter_of(scope_of(uri), samples[j]) == '-')
                continue;
            NEED(rds_endpoint_read(samples[j], strlen(samples[j]), &endpoint));
            CHECK(i != 2 || endpoint.partition == RDS_PARTITION_AWS_US_GOV,
                  "%s: %s", uri, samples[j]);
            CHECK(i > 1 || strcmp(endpoint.region, "us-west-2") == 0, "%s: %s",
                  uri, samples[j]);
            NEED(rds_endpoint_read(DB, strlen(DB), &own));
            CHECK(i != 1 || strcmp(endpoint.label, own.label) == 0, "%s: %s",
                  uri, samples[j]);
        }
    }
}

static void test_most_selectors(void)
{
    struct text uri = {NULL, 0};
    const struct rds_scope *scope;

    text_add(&uri, "rds://ca/rds-ca-rsa2048-g1");
    for (size_t i = 1; i < RDS_SELECTORS_MAX; i++)
        text_add(&uri, "+ca/rds-ca-rsa2048-g1");
    scope = scope_of(uri.bytes);
    CHECK_NUMBER(scope->count, RDS_SCOPE_RULES_MAX, "two rules each");
    text_clear(&uri);
    text_add(&uri, "rds://proxy");
    for (size_t i = 1; i < RDS_SELECTORS_MAX; i++)
        text_add(&uri, i % 2 == 0 ? "+region/us-west-2" : "+ca/rds-ca-2019");
    scope = scope_of(uri.bytes);
    CHECK(scope->count <= RDS_SCOPE_RULES_MAX, "%zu rules", scope->count);
    text_clear(&uri);
    text_add(&uri, HOST_URI);
    for (size_t i = 1; i < RDS_SELECTORS_MAX; i++)
        text_add(&uri, "+host/" DB);
    scope = scope_of(uri.bytes);
    CHECK_NUMBER(scope->count, RDS_SCOPE_RULES_MAX, "two rules for a host");
    text_clear(&uri);
}

/*
 * With more rules than there is room for, those that are left out admit
 * nothing that the others do not.
 */
static void test_crowded_union(void)
{
    static const char *const kinds[] = {"+region/us-east-1", "+host/" DB,
                                        "+ca/rds-ca-2019"};
    struct text uri = {NULL, 0};
    const struct rds_scope *scope;

    for (size_t first = 0; first < COUNT(kinds); first++) {
        text_add(&uri, "rds://proxy");
        for (size_t i = 0; i < RDS_SELECTORS_MAX - 1; i++)
            text_add(&uri, "%s", kinds[(first + i / 21) % COUNT(kinds)]);
        scope = scope_of(uri.bytes);
        CHECK(scope->count <= RDS_SCOPE_RULES_MAX, "%zu rules", scope->count);
        for (size_t j = 0; j < COUNT(samples); j++)
            CHECK_NUMBER(letter_of(scope, samples[j]), "bbbbbb-pprppppb"[j],
                         "%zu first: %s", first, samples[j]);
        text_clear(&uri);
    }
}

static void test_refused_uris(void)
{
    static const struct {
        const char *uri;
        const char *text;
    } rows[] = {
        {"rds://host/" WRITER, "name the regional cluster endpoints"},
        {"rds://host/db.abc123def.global.rds.amazonaws.com",
         "name the regional cluster endpoints"},
        {REGION_URI "+host/" WRITER, "name the regional cluster endpoints"},
        {"rds://list", "rds://list names no certificates"},
        {REGION_URI "?role=intermediate", "only roots are offered"},
    };
    static struct rds_scope scope;
    static struct rds_uri uri;
    struct rds_error err;

    for (size_t i = 0; i < COUNT(rows); i++) {
        NEED(rds_uri_read(rows[i].uri, &uri, &err));
        err.text[0] = '\0';
        CHECK(!rds_scope_make(&scope, &uri, &err), "%s", rows[i].uri);
        CHECK_NUMBER(err.reason, RDS_R_BAD_CONFIGURATION, "%s", rows[i].uri);
        CHECK(strstr(err.text, rows[i].text) != NULL, "%s: %s", rows[i].uri,
              err.text);
    }
}

/* ---- names -------------------------------------------------------------- */

#define LONG_HOST TEN TEN TEN "." TEN TEN "." DOMAIN_W2
#define LONG_CUT TEN TEN TEN "." TEN TEN ".us-west-2.rd"

struct row {
    const char *what;
    const char *uri;
    enum rds_clause clause;
    struct recipe_leaf leaf;
};

#define ROW(what, uri, clause, leaf)                                          \
    {                                                                         \
        what, uri, clause, leaf                                               \
    }
#define LEAF(san, subject)                                                    \
    {                                                                         \
        san, subject                                                          \
    }
#define LIST(...)                                                             \
    {                                                                         \
        __VA_ARGS__                                                           \
    }
#define NO_CN LIST({0})

static void check_rows(const struct row *rows, size_t count)
{
    struct rds_verdict verdict;
    struct built built;

    for (size_t i = 0; i < count; i++) {
        build(&built, &rows[i].leaf);
        CHECK_TEXT(rds_clause_text(judge(rows[i].uri, &built.leaf, &verdict)),
                   rds_clause_text(rows[i].clause), "%s", rows[i].what);
    }
}

static void test_san_names(void)
{
#define ONE(what, clause, name)                                               \
    ROW(what, REGION_URI, clause, LEAF(LIST(DNS(name)), NO_CN))
    static const struct row rows[] = {
        ONE("upper case", RDS_CLAUSE_IN_SCOPE,
            "DB.ABC123DEF.US-WEST-2.RDS.AMAZONAWS.COM"),
        ONE("wildcard", RDS_CLAUSE_IN_SCOPE, "*.abc123def." DOMAIN_W2),
        ONE("wildcard cluster", RDS_CLAUSE_IN_SCOPE,
            "*.cluster-abc123def." DOMAIN_W2),
        ONE("wildcard account", RDS_CLAUSE_FOREIGN_NAME, "*." DOMAIN_W2),
        ONE("wildcard region", RDS_CLAUSE_FOREIGN_NAME, "*.rds.amazonaws.com"),
        ONE("wildcard inside", RDS_CLAUSE_FOREIGN_NAME, "db.*." DOMAIN_W2),
        ONE("two wildcards", RDS_CLAUSE_FOREIGN_NAME, "*.*." DOMAIN_W2),
        ONE("d*", RDS_CLAUSE_FOREIGN_NAME, "d*.abc123def." DOMAIN_W2),
        ONE("*b", RDS_CLAUSE_FOREIGN_NAME, "*b.abc123def." DOMAIN_W2),
        ONE("**", RDS_CLAUSE_FOREIGN_NAME, "**.abc123def." DOMAIN_W2),
        ONE("only *", RDS_CLAUSE_FOREIGN_NAME, "*"),
        ONE("*.", RDS_CLAUSE_FOREIGN_NAME, "*."),
        ONE("final dot", RDS_CLAUSE_FOREIGN_NAME, DB "."),
        ONE("two final dots", RDS_CLAUSE_FOREIGN_NAME, DB ".."),
        ONE("leading dot", RDS_CLAUSE_FOREIGN_NAME, "." DB),
        ONE("empty label", RDS_CLAUSE_FOREIGN_NAME,
            "db..abc123def." DOMAIN_W2),
        ONE("underscore", RDS_CLAUSE_FOREIGN_NAME, "d_b.abc123def." DOMAIN_W2),
        ONE("slash", RDS_CLAUSE_FOREIGN_NAME, "evil.com/.abc1." DOMAIN_W2),
        ONE("a label too many", RDS_CLAUSE_FOREIGN_NAME, "evil." DB),
        ONE("no instance", RDS_CLAUSE_FOREIGN_NAME, "abc123def." DOMAIN_W2),
        ONE("suffix inside", RDS_CLAUSE_FOREIGN_NAME, DB ".evil.example"),
        ONE("fake-rds", RDS_CLAUSE_FOREIGN_NAME,
            "db.abc123def.us-west-2.fake-rds.amazonaws.com"),
        ONE("other service", RDS_CLAUSE_FOREIGN_NAME,
            "db.abc123def.us-west-2.elb.amazonaws.com"),
        ONE("other zone", RDS_CLAUSE_FOREIGN_NAME,
            "db.abc123def.us-west-2.rds.amazonaws.org"),
        ONE("other region", RDS_CLAUSE_FOREIGN_NAME,
            "db.abc123def.us-east-1.rds.amazonaws.com"),
        ONE("address", RDS_CLAUSE_FOREIGN_NAME, "127.0.0.1"),
        ONE("localhost", RDS_CLAUSE_FOREIGN_NAME, "localhost"),
        ONE("253 letters", RDS_CLAUSE_FOREIGN_NAME,
            TEN TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN TEN
                                    "." TEN TEN TEN TEN TEN TEN "." TEN TEN TEN
                                    "ab.abc123def." DOMAIN_W2),
        ONE("label of 63", RDS_CLAUSE_IN_SCOPE,
            TEN TEN TEN TEN TEN TEN "abc.abc123def." DOMAIN_W2),
        ONE("label of 64", RDS_CLAUSE_FOREIGN_NAME,
            TEN TEN TEN TEN TEN TEN "abcd.abc123def." DOMAIN_W2),
    };
#undef ONE

    check_rows(rows, COUNT(rows));
}

/* A name shown by one SAN must hold for all of them, in any order. */
static void test_several_names(void)
{
    static const struct row rows[] = {
        ROW("two of one account", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(DB), DNS("db.cluster-abc123def." DOMAIN_W2)),
                 NO_CN)),
        ROW("stranger last", REGION_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(DB), DNS("evil.example.com")), NO_CN)),
        ROW("stranger first", REGION_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS("evil.example.com"), DNS(DB)), NO_CN)),
        ROW("stranger between", REGION_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(DB), DNS("evil.example.com"), DNS(DB)), NO_CN)),
        ROW("other account", HOST_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(DB), DNS("db.xyz987." DOMAIN_W2)), NO_CN)),
        ROW("two regions", "rds://global", RDS_CLAUSE_MIXED_NAMES,
            LEAF(
                LIST(DNS(DB), DNS("db.abc123def.us-east-1.rds.amazonaws.com")),
                NO_CN)),
        ROW("two partitions", "rds://all", RDS_CLAUSE_MIXED_NAMES,
            LEAF(LIST(DNS(DB),
                      DNS("db.abc123def.rds.cn-north-1.amazonaws.com.cn")),
                 NO_CN)),
        ROW("two stages", "rds://region/us-east-2+host/" PREVIEW,
            RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(PREVIEW),
                      DNS("db.abc123def.us-east-2.rds.amazonaws.com")),
                 NO_CN)),
        ROW("two stages, other order", "rds://region/us-east-2+host/" PREVIEW,
            RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS("db.abc123def.us-east-2.rds.amazonaws.com"),
                      DNS(PREVIEW)),
                 NO_CN)),
        ROW("two regions of one union", "rds://region/us-west-2,us-east-1",
            RDS_CLAUSE_FOREIGN_NAME,
            LEAF(
                LIST(DNS(DB), DNS("db.abc123def.us-east-1.rds.amazonaws.com")),
                NO_CN)),
        ROW("two accounts of one union", HOST_URI "+host/db.xyz987." DOMAIN_W2,
            RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(DB), DNS("db.xyz987." DOMAIN_W2)), NO_CN)),
        ROW("two accounts of one union, as CN",
            HOST_URI "+host/db.xyz987." DOMAIN_W2, RDS_CLAUSE_FOREIGN_CN,
            LEAF(LIST(DNS(DB)), LIST(CN("db.xyz987." DOMAIN_W2)))),
        ROW("database and proxy share the proxy CAs", REGION_URI "+proxy",
            RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(DB), DNS("p.proxy-abc123def." DOMAIN_W2)), NO_CN)),
        ROW("no CA serves both", REGION_URI "+proxy", RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS("p.proxy-abc123def." DOMAIN_W2),
                      DNS("d.abc123def.us-west-2.docdb.amazonaws.com")),
                 NO_CN)),
    };

    check_rows(rows, COUNT(rows));
}

static void test_global_writers(void)
{
    static const struct row rows[] = {
        ROW("beside an instance", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS("*.global-abc123def.global.rds.amazonaws.com"),
                      DNS(DB)),
                 NO_CN)),
        ROW("behind an instance", HOST_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(DB), DNS(WRITER)), LIST(CN(DB)))),
        ROW("alone", REGION_URI, RDS_CLAUSE_NEUTRAL_ONLY,
            LEAF(LIST(DNS(WRITER)), NO_CN)),
        ROW("alone, with an instance as CN", REGION_URI,
            RDS_CLAUSE_NEUTRAL_ONLY, LEAF(LIST(DNS(WRITER)), LIST(CN(DB)))),
        ROW("as CN", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(DB)), LIST(CN(WRITER)))),
        ROW("beside another region's", REGION_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(WRITER),
                      DNS("db.abc123def.us-east-1.rds.amazonaws.com")),
                 NO_CN)),
        ROW("beside another account's", HOST_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(WRITER), DNS("db.xyz987." DOMAIN_W2)), NO_CN)),
        ROW("never under the proxy CAs", "rds://proxy",
            RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS("p.proxy-abc123def." DOMAIN_W2), DNS(WRITER)),
                 NO_CN)),
    };
    struct rds_verdict verdict;
    struct built built;

    check_rows(rows, COUNT(rows));
    build(&built, &rows[0].leaf);
    CHECK_NUMBER(judge(REGION_URI "+proxy", &built.leaf, &verdict),
                 RDS_CLAUSE_IN_SCOPE, "with the proxy CAs in the union");
    CHECK(by_family(scope_of(REGION_URI "+proxy"), &verdict, RDS_FAMILY_RDS) &&
              !by_family(scope_of(REGION_URI "+proxy"), &verdict,
                         RDS_FAMILY_PROXY),
          "RDS anchors only");
    CHECK_TEXT(verdict.region, "us-west-2", "the other name's region");
}

/* Where a host shows no account, the very host, or a wildcard over it. */
static void test_exact_hosts(void)
{
    static const char uri[] = "rds://host/s.us-west-2.redshift.amazonaws.com";
#define ONE(what, clause, name)                                               \
    ROW(what, uri, clause, LEAF(LIST(DNS(name)), NO_CN))
    static const struct row rows[] = {
        ONE("itself", RDS_CLAUSE_IN_SCOPE,
            "s.us-west-2.redshift.amazonaws.com"),
        ONE("in capitals", RDS_CLAUSE_IN_SCOPE,
            "S.US-WEST-2.redshift.amazonaws.com"),
        ONE("wildcard", RDS_CLAUSE_IN_SCOPE,
            "*.us-west-2.redshift.amazonaws.com"),
        ONE("another", RDS_CLAUSE_FOREIGN_NAME,
            "t.us-west-2.redshift.amazonaws.com"),
        ONE("longer", RDS_CLAUSE_FOREIGN_NAME,
            "ss.us-west-2.redshift.amazonaws.com"),
        ONE("another region's wildcard", RDS_CLAUSE_FOREIGN_NAME,
            "*.us-east-1.redshift.amazonaws.com"),
        ONE("another service's wildcard", RDS_CLAUSE_FOREIGN_NAME,
            "*.us-west-2.on.aws"),
        ONE("a wildcard one label down", RDS_CLAUSE_FOREIGN_NAME,
            "*.abc123def.us-west-2.redshift.amazonaws.com"),
    };
#undef ONE

    check_rows(rows, COUNT(rows));
}

/* A star stands for a label that must have a form of its own, too. */
static void test_numbered_hosts(void)
{
#define ELASTIC ".us-west-2.docdb-elastic.amazonaws.com"
#define WORKGROUPS ".123456789012.us-west-2.redshift-serverless.amazonaws.com"
#define ONE(what, uri, clause, name)                                          \
    ROW(what, "rds://host/" uri, clause, LEAF(LIST(DNS(name)), NO_CN))
    static const struct row rows[] = {
        ONE("an elastic cluster", "d-123456789012" ELASTIC,
            RDS_CLAUSE_IN_SCOPE, "d-123456789012" ELASTIC),
        ONE("a wildcard over it", "d-123456789012" ELASTIC,
            RDS_CLAUSE_IN_SCOPE, "*" ELASTIC),
        ONE("another cluster", "d-123456789012" ELASTIC,
            RDS_CLAUSE_FOREIGN_NAME, "e-123456789012" ELASTIC),
        ONE("the label that stands for the star", "d-123456789012" ELASTIC,
            RDS_CLAUSE_FOREIGN_NAME, "x-000000000000" ELASTIC),
        ONE("another region", "d-123456789012" ELASTIC,
            RDS_CLAUSE_FOREIGN_NAME,
            "*.us-east-1.docdb-elastic.amazonaws.com"),
        ONE("a part of the label", "d-123456789012" ELASTIC,
            RDS_CLAUSE_FOREIGN_NAME, "*-123456789012" ELASTIC),
        ONE("a workgroup", "wg" WORKGROUPS, RDS_CLAUSE_IN_SCOPE,
            "wg" WORKGROUPS),
        ONE("another of the account", "wg" WORKGROUPS, RDS_CLAUSE_IN_SCOPE,
            "other" WORKGROUPS),
        ONE("the account's wildcard", "wg" WORKGROUPS, RDS_CLAUSE_IN_SCOPE,
            "*" WORKGROUPS),
        ONE("another account", "wg" WORKGROUPS, RDS_CLAUSE_FOREIGN_NAME,
            "wg.210987654321.us-west-2.redshift-serverless.amazonaws.com"),
        ONE("a wildcard over accounts", "wg" WORKGROUPS,
            RDS_CLAUSE_FOREIGN_NAME,
            "*.us-west-2.redshift-serverless.amazonaws.com"),
        ROW("the region's elastic clusters", REGION_URI "+proxy",
            RDS_CLAUSE_IN_SCOPE, LEAF(LIST(DNS("*" ELASTIC)), NO_CN)),
    };
#undef ONE

    check_rows(rows, COUNT(rows));
}

#define FIFTY TEN TEN TEN TEN TEN

static void test_common_names(void)
{
#define NAMED(...)                                                            \
    {                                                                         \
        {DNS(DB), DNS(LONG_HOST)},                                            \
        {                                                                     \
            __VA_ARGS__                                                       \
        }                                                                     \
    }
#define TAGGED(number, text)                                                  \
    {                                                                         \
        .tag = (number), SIZED(text)                                          \
    }
    static const struct row rows[] = {
        ROW("none", REGION_URI, RDS_CLAUSE_IN_SCOPE, NAMED(OU("RDS"))),
        ROW("a SAN", REGION_URI, RDS_CLAUSE_IN_SCOPE, NAMED(CN(DB))),
        ROW("not among the SANs", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(CN("other.abc123def." DOMAIN_W2))),
        ROW("wildcard", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(CN("*.abc123def." DOMAIN_W2))),
        ROW("two", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(CN(DB), OU("x"), CN("b.abc123def." DOMAIN_W2))),
        ROW("PrintableString", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(TAGGED(RDS_DER_PRINTABLE_STRING, DB))),
        ROW("IA5String", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(TAGGED(RDS_DER_IA5_STRING, DB))),
        ROW("BMPString", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(TAGGED(0x1e, DB))),
        ROW("T61String", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(TAGGED(0x14, DB))),
        ROW("UniversalString", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(TAGGED(0x1c, DB))),
        ROW("a stranger", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("evil.example.com"))),
        ROW("an address", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("127.0.0.1"))),
        ROW("empty", REGION_URI, RDS_CLAUSE_FOREIGN_CN, NAMED(CN(""))),
        ROW("longer than any name", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(FIFTY FIFTY FIFTY FIFTY FIFTY "." DB))),
        ROW("stranger second", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(DB), CN("evil.example.com"))),
        ROW("stranger first", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("evil.example.com"), CN(DB))),
        ROW("another region", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("db.abc123def.us-east-1.rds.amazonaws.com"))),
        ROW("another region, in scope", "rds://global", RDS_CLAUSE_MIXED_NAMES,
            NAMED(CN("db.abc123def.us-east-1.rds.amazonaws.com"))),
        ROW("another account", HOST_URI, RDS_CLAUSE_FOREIGN_CN,
            LEAF(LIST(DNS(DB)), LIST(CN("db.xyz987." DOMAIN_W2)))),
        ROW("final dot", REGION_URI, RDS_CLAUSE_FOREIGN_CN, NAMED(CN(DB "."))),
        ROW("NUL inside", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(DB "\0.evil.example"))),
        ROW("NUL behind", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(DB "\0"))),
        ROW("NUL before", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("evil\0." DB))),
        ROW("space", REGION_URI, RDS_CLAUSE_FOREIGN_CN, NAMED(CN(" " DB))),
        ROW("e-mail", REGION_URI, RDS_CLAUSE_EMAIL,
            NAMED(CN(DB), EMAIL("a@example.com"))),
        ROW("e-mail that is an endpoint", REGION_URI, RDS_CLAUSE_EMAIL,
            NAMED(EMAIL(DB))),
        ROW("empty e-mail", REGION_URI, RDS_CLAUSE_EMAIL,
            NAMED(CN(DB), EMAIL(""))),
    };

    check_rows(rows, COUNT(rows));
}

/* N.X of 36, 37 and 42 characters, so that the whole has 64, 65 and 70. */
#define HOST_64 TEN "abcde." TEN TEN "." DOMAIN_W2
#define HOST_65 TEN "abcdef." TEN TEN "." DOMAIN_W2
#define HOST_70 TEN TEN "a." TEN TEN "." DOMAIN_W2
#define HOST_LONGEST FIFTY TEN "abc." FIFTY TEN "abc." DOMAIN_W2
#define CUT_65 TEN "abcdef." TEN TEN ".us-west-2.rds.amazonaws.co"

/* AWS ignores the 64 characters of RFC 5280: a common name is never cut. */
static void test_long_common_names(void)
{
#define WHOLE(name) LEAF(LIST(DNS(name)), LIST(CN(name)))
    static const struct row rows[] = {
        ROW("64", REGION_URI, RDS_CLAUSE_IN_SCOPE, WHOLE(HOST_64)),
        ROW("65", REGION_URI, RDS_CLAUSE_IN_SCOPE, WHOLE(HOST_65)),
        ROW("70", REGION_URI, RDS_CLAUSE_IN_SCOPE, WHOLE(HOST_70)),
        ROW("labels of 63", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            WHOLE(HOST_LONGEST)),
        ROW("70, PrintableString", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(HOST_70)),
                 LIST(TAGGED(RDS_DER_PRINTABLE_STRING, HOST_70)))),
        ROW("70, not among the SANs", REGION_URI, RDS_CLAUSE_IN_SCOPE,
            NAMED(CN(HOST_70))),
        ROW("70, another account", HOST_URI, RDS_CLAUSE_FOREIGN_CN,
            LEAF(LIST(DNS(DB)), LIST(CN(HOST_70)))),
        ROW("70, another region", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(TEN TEN "a." TEN TEN ".us-east-1.rds.amazonaws.com"))),
        ROW("70, a stranger", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(HOST_70 ".evil.example"))),
    };

    CHECK_NUMBER(strlen(HOST_64), 64, "the name of 64");
    CHECK_NUMBER(strlen(HOST_65), 65, "the name of 65");
    CHECK_NUMBER(strlen(HOST_70), 70, "the name of 70");
    check_rows(rows, COUNT(rows));
#undef WHOLE
}

/* The first 64 characters of an endpoint can be a name in another domain. */
static void test_cut_common_names(void)
{
    static const struct row rows[] = {
        ROW("at 64", REGION_URI, RDS_CLAUSE_FOREIGN_CN, NAMED(CN(LONG_CUT))),
        ROW("at 64, alone", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            LEAF(LIST(DNS(LONG_HOST)), LIST(CN(LONG_CUT)))),
        ROW("at 64, everything in scope", "rds://all+proxy",
            RDS_CLAUSE_FOREIGN_CN, NAMED(CN(LONG_CUT))),
        ROW("in capitals", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN("ABCDEFGHIJ" TEN TEN "." TEN TEN ".us-west-2.rd"))),
        ROW("PrintableString", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(TAGGED(RDS_DER_PRINTABLE_STRING, LONG_CUT))),
        ROW("at 64, in the domain amazonaws.co", REGION_URI,
            RDS_CLAUSE_FOREIGN_CN, LEAF(LIST(DNS(HOST_65)), LIST(CN(CUT_65)))),
        ROW("at 63", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(TEN TEN TEN "." TEN TEN ".us-west-2.r"))),
        ROW("at 65", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(LONG_CUT "s"))),
        ROW("beside the whole", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            NAMED(CN(LONG_HOST), CN(LONG_CUT))),
    };

    CHECK_NUMBER(strlen(LONG_CUT), 64, "the cut name");
    CHECK_NUMBER(strlen(CUT_65), 64, "the name in amazonaws.co");
    check_rows(rows, COUNT(rows));
}
#undef NAMED

/* ---- each clause alone -------------------------------------------------- */

static bool reached[RDS_CLAUSE_END];

static void check_clause(const struct rds_leaf *leaf, enum rds_clause clause,
                         const char *what, size_t row)
{
    struct rds_verdict verdict;

    reached[clause] = true;
    CHECK_TEXT(rds_clause_text(judge(REGION_URI, leaf, &verdict)),
               rds_clause_text(clause), "%s, row %zu", what, row);
    if (clause == RDS_CLAUSE_IN_SCOPE)
        return;
    for (size_t i = 0; i < RDS_SCOPE_RULE_WORDS; i++)
        CHECK(verdict.rules[i] == 0, "%s, row %zu: nobody vouches", what, row);
}

static void check_raw_san(const void *bytes, size_t size,
                          enum rds_clause clause, size_t row)
{
    struct built built;
    unsigned char *copy = exact_copy(bytes, size);

    build_good(&built);
    built.leaf.san = copy;
    built.leaf.san_size = size;
    check_clause(&built.leaf, clause, "raw SAN", row);
    free(copy);
}

static void check_raw_subject(const void *bytes, size_t size, size_t row)
{
    struct built built;
    unsigned char *copy = exact_copy(bytes, size);

    build_good(&built);
    built.leaf.subject = copy;
    built.leaf.subject_size = size;
    check_clause(&built.leaf, RDS_CLAUSE_BAD_SUBJECT, "raw subject", row);
    free(copy);
}

static void test_undecodable(void)
{
#define RAW(text)                                                             \
    {                                                                         \
        SIZED(text)                                                           \
    }
    static const struct {
        const char *bytes;
        size_t size;
    } sans[] =
        {
            RAW(""),
            RAW("\x30"),
            RAW("\x31\x00"),
            RAW("\x30\x00\x00"),
            RAW("\x30\x80\x00\x00"),
            RAW("\x30\x81\x00"),
            RAW("\x30\x01\x82"),
            RAW("\x30\x02\x82\x01"),
            RAW("\x30\x03\x82\x81\x01"),
            RAW("\x30\x04\x9f\x82\x00\x00"),
            RAW("\x04\x02\x30\x00"),
            RAW("\x30\x84\xff\xff\xff\xff"),
            RAW("\x30\x85\x01\x00\x00\x00\x00"),
        },
      subjects[] = {
          RAW(""),
          RAW("\x30"),
          RAW("\x31\x00"),
          RAW("\x30\x00\x00"),
          RAW("\x30\x80\x00\x00"),
          RAW("\x30\x02\x30\x00"),
          RAW("\x30\x04\x31\x02\x31\x00"),
          RAW("\x30\x04\x31\x02\x30\x00"),
          RAW("\x30\x07\x31\x05\x30\x03\x06\x01\x55"),
          RAW("\x30\x09\x31\x07\x30\x05\x0c\x03\x55\x04\x03"),
          RAW("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x0b\x0c\x00\x0c\x00"),
          RAW("\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x01"),
      };
#undef RAW

    for (size_t i = 0; i < COUNT(sans); i++)
        check_raw_san(sans[i].bytes, sans[i].size, RDS_CLAUSE_BAD_SAN, i);
    for (size_t i = 0; i < COUNT(subjects); i++)
        check_raw_subject(subjects[i].bytes, subjects[i].size, i);
    check_raw_san("\x30\x00", 2, RDS_CLAUSE_EMPTY_SAN, 0);
}

/* A common name that shares its set with another attribute is seen, too. */
static void test_several_in_a_set(void)
{
    static const struct value ou = OU("RDS"), cn = CN("evil.example.com");
    struct bytes set = {.size = 0}, name = {.size = 0};
    struct built built;

    build_good(&built);
    put_attribute(&set, &ou);
    put_attribute(&set, &cn);
    put(&name, RDS_DER_SET, set.at, set.size);
    built.subject.size = 0;
    put(&built.subject, RDS_DER_SEQUENCE, name.at, name.size);
    built.leaf.subject_size = built.subject.size;
    check_clause(&built.leaf, RDS_CLAUSE_FOREIGN_CN, "in a set", 0);
}

/* Every other kind of entry: alone, and beside a good name. */
static void test_other_entries(void)
{
    static const unsigned char tags[] = {0xa0, 0x81, 0xa3, 0xa4, 0xa5,
                                         0x86, 0x87, 0x88, 0xa2, 0x16,
                                         0x0c, 0x30, 0x89};
    struct recipe_leaf recipe = {{DNS(DB), DNS(DB), DNS(DB)}, {CN(DB)}};
    struct built built;

    for (size_t i = 0; i < COUNT(tags) * 3; i++) {
        unsigned char *tag = &recipe.san[i % 3].tag;

        *tag = tags[i / 3];
        build(&built, &recipe);
        check_clause(&built.leaf, RDS_CLAUSE_OTHER_SAN, "among three", i);
        *tag = 0x82;
    }
    recipe.san[1].tag = 0;
    for (size_t i = 0; i < COUNT(tags); i++) {
        recipe.san[0].tag = tags[i];
        build(&built, &recipe);
        check_clause(&built.leaf, RDS_CLAUSE_OTHER_SAN, "alone", i);
    }
}

static void test_malformed_names(void)
{
    static const struct value names[] = {
        DNS(""),
        DNS(" "),
        DNS("\0"),
        DNS(DB "\0"),
        DNS(DB "\0.evil.example"),
        DNS("evil.example\0." DB),
        DNS(" " DB),
        DNS(DB "\n"),
        DNS("d\x7f"
            "b.abc123def." DOMAIN_W2),
        DNS("d\x80"
            "b.abc123def." DOMAIN_W2),
        DNS("d\xc3\xa4"
            "b.abc123def." DOMAIN_W2),
    };
    struct recipe_leaf recipe = {{{0}}, {CN(DB)}};
    struct built built;
    char large[RDS_ENDPOINT_MAX + 1];

    for (size_t i = 0; i < COUNT(names); i++) {
        recipe.san[0] = names[i];
        build(&built, &recipe);
        check_clause(&built.leaf, RDS_CLAUSE_BAD_NAME, "name", i);
    }
    memset(large, 'a', sizeof(large));
    recipe.san[0] = (struct value){.tag = 0x82, large, sizeof(large)};
    build(&built, &recipe);
    check_clause(&built.leaf, RDS_CLAUSE_BAD_NAME, "254 letters", 0);
}

static void test_recipes(void)
{
    static const struct {
        enum rds_clause clause;
        struct recipe_leaf leaf;
    } rows[] = {
        {RDS_CLAUSE_IN_SCOPE, {{DNS(DB)}, {CN(DB)}}},
        {RDS_CLAUSE_FOREIGN_NAME, {{DNS("evil.example.com")}, {CN(DB)}}},
        {RDS_CLAUSE_NEUTRAL_ONLY, {{DNS(WRITER)}, {CN(DB)}}},
        {RDS_CLAUSE_FOREIGN_CN, {{DNS(DB)}, {CN("evil.example.com")}}},
        {RDS_CLAUSE_EMAIL, {{DNS(DB)}, {CN(DB), EMAIL("a@b")}}},
    };
    struct rds_verdict verdict;
    struct built built;

    for (size_t i = 0; i < COUNT(rows); i++) {
        build(&built, &rows[i].leaf);
        check_clause(&built.leaf, rows[i].clause, "recipe", i);
    }
    build(&built,
          &(struct recipe_leaf){
              {DNS(DB), DNS("d.a.us-east-1.rds.amazonaws.com")}, {CN(DB)}});
    reached[RDS_CLAUSE_MIXED_NAMES] = true;
    CHECK_NUMBER(judge("rds://global", &built.leaf, &verdict),
                 RDS_CLAUSE_MIXED_NAMES, "two regions");
}

static void test_flags(void)
{
    static const char *const evil[] = {"evil.example.com"};
    struct built built;

    build_good(&built);
    built.leaf.nested = true;
    check_clause(&built.leaf, RDS_CLAUSE_NESTED, "flags", 0);
    build_good(&built);
    built.leaf.san_count = 0;
    built.leaf.san = NULL;
    built.leaf.san_size = 0;
    check_clause(&built.leaf, RDS_CLAUSE_NO_SAN, "flags", 1);
    build_good(&built);
    built.leaf.san_count = 2;
    check_clause(&built.leaf, RDS_CLAUSE_MANY_SAN, "flags", 2);
    build_good(&built);
    built.leaf.ca_or_proxy = true;
    check_clause(&built.leaf, RDS_CLAUSE_CA, "flags", 3);
    build_good(&built);
    built.leaf.server_auth = false;
    check_clause(&built.leaf, RDS_CLAUSE_NOT_SERVER, "flags", 4);
    built.leaf.has_eku = false;
    check_clause(&built.leaf, RDS_CLAUSE_IN_SCOPE, "flags", 5);
    build_good(&built);
    built.leaf.hosts = evil;
    built.leaf.host_count = 1;
    check_clause(&built.leaf, RDS_CLAUSE_IDENTITY, "flags", 6);
}

/* A subjectAltName of `count` times this name. */
static unsigned char *repeat_name(const char *name, size_t count, size_t *size)
{
    const size_t entry = 2 + strlen(name);
    unsigned char *san = malloc(4 + count * entry);

    NEED(san != NULL && entry < 130 && count * entry < 65536);
    san[0] = 0x30;
    san[1] = 0x82;
    san[2] = (unsigned char)(count * entry >> 8);
    san[3] = (unsigned char)(count * entry);
    for (size_t i = 0; i < count; i++) {
        san[4 + i * entry] = 0x82;
        san[5 + i * entry] = (unsigned char)strlen(name);
        memcpy(san + 6 + i * entry, name, strlen(name));
    }
    *size = 4 + count * entry;
    return san;
}

static void check_count(size_t count, enum rds_clause clause)
{
    size_t size;
    unsigned char *san = repeat_name(DB, count, &size);

    check_raw_san(san, size, clause, count);
    free(san);
}

/* The subject of the good leaf has one name more. */
static void test_many_names(void)
{
    check_count(RDS_SCOPE_NAMES_MAX - 1, RDS_CLAUSE_IN_SCOPE);
    check_count(RDS_SCOPE_NAMES_MAX, RDS_CLAUSE_MANY_NAMES);
    check_count(RDS_SCOPE_NAMES_MAX + 1, RDS_CLAUSE_MANY_NAMES);
}

/* Runs after those that reach the clauses. */
static void test_every_clause(void)
{
    for (int i = 0; i < RDS_CLAUSE_END; i++)
        CHECK(reached[i], "%s", rds_clause_text((enum rds_clause)i));
    CHECK_TEXT(rds_clause_text(RDS_CLAUSE_END), "?", "no clause");
    CHECK_TEXT(rds_clause_text((enum rds_clause) - 1), "?", "no clause");
}

/* ---- whom the application expects --------------------------------------- */

/* At once, and after the rest was judged without knowing whom. */
static void check_identity(const char *uri, const struct rds_leaf *leaf,
                           enum rds_clause clause, size_t row)
{
    struct rds_leaf nobody = *leaf;
    struct rds_verdict verdict;

    CHECK_NUMBER(judge(uri, leaf, &verdict), clause, "row %zu", row);
    nobody.host_count = 0;
    nobody.other_identity = false;
    CHECK_NUMBER(judge(uri, &nobody, &verdict), RDS_CLAUSE_IN_SCOPE,
                 "row %zu, nobody", row);
    CHECK_NUMBER(rds_scope_judge_identity(scope_of(uri), leaf, &verdict),
                 clause == RDS_CLAUSE_IN_SCOPE, "row %zu, later", row);
    CHECK_NUMBER(verdict.clause, clause, "row %zu, later", row);
}

static void test_identity(void)
{
#define EVIL "evil.example.com"
#define OTHER "other.cluster-abc123def." DOMAIN_W2
    static const struct {
        const char *uri;
        bool other;
        bool good;
        const char *hosts[9];
    } rows[] = {
        {REGION_URI, false, true, {NULL}},
        {REGION_URI, true, false, {NULL}},
        {REGION_URI, false, true, {DB}},
        {REGION_URI, true, true, {DB}},
        {REGION_URI, false, true, {DB "."}},
        {REGION_URI, false, true, {"DB.ABC123DEF." DOMAIN_W2}},
        {REGION_URI, false, true, {OTHER}},
        {REGION_URI, false, true, {WRITER}},
        {REGION_URI, false, true, {EVIL, DB}},
        {REGION_URI, false, true, {DB, EVIL}},
        {REGION_URI, false, false, {EVIL}},
        {REGION_URI, true, false, {EVIL}},
        {REGION_URI, false, false, {""}},
        {REGION_URI, false, false, {"."}},
        {REGION_URI, false, false, {DB ".."}},
        {REGION_URI, false, false, {"127.0.0.1"}},
        {REGION_URI, false, false, {FIFTY FIFTY FIFTY FIFTY FIFTY "." DB}},
        {REGION_URI, false, false, {"*.abc123def." DOMAIN_W2}},
        {REGION_URI, false, false, {".abc123def." DOMAIN_W2}},
        {REGION_URI, false, false, {"d.a.us-east-1.rds.amazonaws.com"}},
        {HOST_URI, false, false, {"db.xyz987." DOMAIN_W2}},
        {HOST_URI, false, true, {OTHER}},
        {REGION_URI,
         false,
         true,
         {EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, DB}},
        {REGION_URI,
         false,
         false,
         {EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL}},
    };
    struct built built;

    for (size_t i = 0; i < COUNT(rows); i++) {
        build_good(&built);
        built.leaf.hosts = rows[i].hosts;
        while (rows[i].hosts[built.leaf.host_count] != NULL)
            built.leaf.host_count++;
        built.leaf.other_identity = rows[i].other;
        check_identity(
            rows[i].uri, &built.leaf,
            rows[i].good ? RDS_CLAUSE_IN_SCOPE : RDS_CLAUSE_IDENTITY, i);
    }
}

/* ---- what the verdict says, and which anchors fit it -------------------- */

static void test_verdict_names(void)
{
    static const struct row rows[] = {
        ROW(DB, REGION_URI, RDS_CLAUSE_IN_SCOPE,
            LEAF(LIST(DNS(DB), DNS("b.abc123def." DOMAIN_W2)), LIST(CN(DB)))),
        ROW("evil.example.com", REGION_URI, RDS_CLAUSE_FOREIGN_NAME,
            LEAF(LIST(DNS(DB), DNS("evil.example.com")), LIST(CN(DB)))),
        ROW("evil.example.com", REGION_URI, RDS_CLAUSE_FOREIGN_CN,
            LEAF(LIST(DNS(DB)), LIST(CN(DB), CN("evil.example.com")))),
    };
    static const char *const hosts[] = {"one.example.com", "two.example.com"};
    struct rds_verdict verdict;
    struct built built;

    for (size_t i = 0; i < COUNT(rows); i++) {
        build(&built, &rows[i].leaf);
        CHECK_NUMBER(judge(rows[i].uri, &built.leaf, &verdict), rows[i].clause,
                     "row %zu", i);
        CHECK_NUMBER(verdict.name_size, strlen(rows[i].what), "row %zu", i);
        CHECK(verdict.name != NULL &&
                  memcmp(verdict.name, rows[i].what, verdict.name_size) == 0,
              "row %zu names the culprit", i);
    }
    build_good(&built);
    built.leaf.hosts = hosts;
    built.leaf.host_count = 2;
    CHECK_NUMBER(judge(REGION_URI, &built.leaf, &verdict), RDS_CLAUSE_IDENTITY,
                 "hosts");
    CHECK(verdict.name == (const unsigned char *)hosts[1], "the last host");
}

static struct rds_anchor anchor_of(enum rds_family family,
                                   enum rds_partition partition,
                                   const char *region, enum rds_stage stage,
                                   enum rds_role role)
{
    struct rds_anchor anchor = {.family = (uint8_t)family,
                                .partition = (uint8_t)partition,
                                .stage = (uint8_t)stage,
                                .role = (uint8_t)role};

    (void)snprintf(anchor.region, sizeof(anchor.region), "%s", region);
    return anchor;
}

#define EVERY UINT64_MAX /* selectors picked the anchor */

/*
 * Whether an anchor that these selectors picked may vouch for a leaf of this
 * name under this URI.
 */
static bool vouches_by(const char *uri, const char *name,
                       const struct rds_anchor *anchor, uint64_t selectors)
{
    static const struct rds_view unbound;
    struct recipe_leaf recipe = {{{.tag = 0x82}}, {{0}}};
    struct rds_verdict verdict;
    struct built built;

    recipe.san[0].text = name;
    recipe.san[0].size = strlen(name);
    build(&built, &recipe);
    return judge(uri, &built.leaf, &verdict) == RDS_CLAUSE_IN_SCOPE &&
           rds_scope_anchor(scope_of(uri), &verdict, &unbound, anchor,
                            selectors);
}

static bool vouches(const char *uri, const char *name,
                    const struct rds_anchor *anchor)
{
    return vouches_by(uri, name, anchor, EVERY);
}

static void test_anchors(void)
{
#define RDS RDS_FAMILY_RDS
#define AWS RDS_PARTITION_AWS
#define GOV RDS_PARTITION_AWS_US_GOV
#define PROD RDS_STAGE_PRODUCTION
#define ROOT RDS_ROLE_ROOT
    static const char any[] = "rds://all+proxy+host/" PREVIEW;
    static const char gov[] = "db.abc123def.us-gov-west-1.rds.amazonaws.com";
    static const char proxy[] = "p.proxy-abc123def." DOMAIN_W2;
    static const struct {
        const char *name;
        bool good;
        enum rds_family family;
        enum rds_partition partition;
        const char *region;
        enum rds_stage stage;
        enum rds_role role;
    } rows[] = {
        {DB, true, RDS, AWS, "us-west-2", PROD, ROOT},
        {DB, true, RDS, AWS, "", PROD, ROOT},
        {DB, true, RDS_FAMILY_PROXY, AWS, "", PROD, ROOT},
        {DB, false, RDS, AWS, "us-west-2", RDS_STAGE_BETA, ROOT},
        {DB, false, RDS, AWS, "us-west-2", PROD, RDS_ROLE_INTERMEDIATE},
        {DB, false, RDS, AWS, "us-east-1", PROD, ROOT},
        {DB, false, RDS, AWS, "us-west-22", PROD, ROOT},
        {DB, false, RDS, GOV, "us-west-2", PROD, ROOT},
        {DB, false, RDS, GOV, "", PROD, ROOT},
        {DB, false, RDS, RDS_PARTITION_AWS_CN, "", PROD, ROOT},
        {DB, false, RDS, AWS, "us-west-2", RDS_STAGE_PREVIEW, ROOT},
        {DB, false, RDS_FAMILIES, AWS, "us-west-2", PROD, ROOT},
        {gov, true, RDS, GOV, "us-gov-west-1", PROD, ROOT},
        {gov, true, RDS, GOV, "", PROD, ROOT},
        {gov, false, RDS, AWS, "", PROD, ROOT},
        {gov, false, RDS, GOV, "us-gov-east-1", PROD, ROOT},
        {PREVIEW, true, RDS, AWS, "us-east-2", RDS_STAGE_PREVIEW, ROOT},
        {PREVIEW, false, RDS, AWS, "us-east-2", PROD, ROOT},
        {PREVIEW, false, RDS, AWS, "us-east-2", RDS_STAGE_BETA, ROOT},
        {PREVIEW, false, RDS_FAMILY_PROXY, AWS, "", PROD, ROOT},
        {proxy, true, RDS_FAMILY_PROXY, AWS, "", PROD, ROOT},
        {proxy, false, RDS_FAMILY_PROXY, AWS, "", PROD, RDS_ROLE_INTERMEDIATE},
        {proxy, false, RDS, AWS, "us-west-2", PROD, ROOT},
        {proxy, false, RDS, AWS, "", PROD, ROOT},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rds_anchor anchor =
            anchor_of(rows[i].family, rows[i].partition, rows[i].region,
                      rows[i].stage, rows[i].role);

        CHECK(vouches(any, rows[i].name, &anchor) == rows[i].good, "row %zu",
              i);
    }
}

/* An anchor of AWS's own environments only where the URI asks for it. */
static void test_anchor_stages(void)
{
    static const char *const uris[] = {"rds://all", "rds://all?stage=beta",
                                       "rds://all?stage=preview"};
    static const char *const names[] = {DB, DB, PREVIEW};

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < RDS_STAGES; j++) {
            struct rds_anchor anchor =
                anchor_of(RDS, AWS, i == 2 ? "us-east-2" : "us-west-2",
                          (enum rds_stage)j, ROOT);

            CHECK(vouches(uris[i], names[i], &anchor) == (i == j),
                  "%s, stage %d", uris[i], j);
        }
    }
}

/*
 * A union never lends the names of one selector to the anchors of another:
 * host/ stays with its account, whatever is joined to it.
 */
static void test_union_keeps_anchors_apart(void)
{
    static const char other[] = "db.zzz999." DOMAIN_W2;
    struct rds_anchor g1 = anchor_of(RDS, AWS, "us-west-2", PROD, ROOT);
    struct rds_anchor old = anchor_of(RDS, AWS, "", PROD, ROOT);

    (void)snprintf(g1.ca, sizeof(g1.ca), "rds-ca-rsa2048-g1");
    (void)snprintf(old.ca, sizeof(old.ca), "rds-ca-2019");
    CHECK(vouches(HOST_URI "+ca/rds-ca-2019", DB, &g1), "own account");
    CHECK(!vouches(HOST_URI "+ca/rds-ca-2019", other, &g1), "other account");
    CHECK(vouches(HOST_URI "+ca/rds-ca-2019", other, &old), "the named CA");
    CHECK(!vouches(HOST_URI "+region/us-west-2/rds-ca-2019", other, &g1),
          "a region's CA");
    CHECK(vouches(HOST_URI "+region/us-west-2", other, &g1), "the region");
}

/* An anchor vouches by the rules of the selectors that picked it. */
static void test_union_keeps_selectors_apart(void)
{
    static const char east[] = "db.zzz999.us-east-1.rds.amazonaws.com";
    static const char union_of_hosts[] =
        HOST_URI "+host/db.zzz999.us-east-1.rds.amazonaws.com";
    struct rds_anchor root = anchor_of(RDS, AWS, "", PROD, ROOT);
    struct rds_anchor ats = anchor_of(RDS_FAMILY_PROXY, AWS, "", PROD, ROOT);
    static const struct {
        const char *uri;
        uint64_t own, other; /* the selectors whose roots vouch */
    } rows[] = {
        {union_of_hosts, 1, 2},
        {"rds://region/us-west-2,us-east-1", 1, 2},
        {"rds://global+region/us-east-1", 1, 3},
        {"rds://region/us-west-2+partition/aws", 3, 2},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (uint64_t picked = 0; picked < 4; picked++) {
            CHECK(vouches_by(rows[i].uri, DB, &root, picked) ==
                      ((picked & rows[i].own) != 0),
                  "%s by %d", rows[i].uri, (int)picked);
            CHECK(vouches_by(rows[i].uri, east, &root, picked) ==
                      ((picked & rows[i].other) != 0),
                  "%s by %d", rows[i].uri, (int)picked);
        }
    }
    CHECK(vouches_by(union_of_hosts, east, &ats, 2), "the second host's");
    CHECK(!vouches_by(union_of_hosts, east, &ats, 1), "the first host's");
    CHECK(vouches_by(HOST_URI "+proxy", DB, &ats, 1) &&
              vouches_by(HOST_URI "+proxy", DB, &ats, 2),
          "both have brought it");
    CHECK(!vouches_by(REGION_URI "+proxy", DB, &ats, 1) &&
              vouches_by(REGION_URI "+proxy", DB, &ats, 2),
          "only proxy has");
}

static void test_refused_unions(void)
{
    static const char *const uris[] = {
        HOST_URI "+file/us-west-2-bundle.pem",
        HOST_URI "+sha256/" SHA,
        "rds://sha256/" SHA "+sha256/" SHA,
        "rds://region/us-west-2?role=intermediate",
    };
    static struct rds_scope scope;
    static struct rds_uri uri;
    struct rds_error err;

    for (size_t i = 0; i < COUNT(uris); i++) {
        NEED(rds_uri_read(uris[i], &uri, &err));
        CHECK(!rds_scope_make(&scope, &uri, &err), "%s", uris[i]);
        CHECK(strstr(err.text, i < 3 ? "cannot be joined" : "only roots") !=
                  NULL,
              "%s", err.text);
    }
}

/* A selector that names a CA lets that CA vouch, and no other of a union. */
static void test_anchor_cas(void)
{
    static const struct {
        const char *uri, *name, *ca;
        bool good;
    } rows[] = {
        {REGION_URI "/one", DB, "one", true},
        {REGION_URI "/one", DB, "two", false},
        {REGION_URI "/one", DB, "", false},
        {"rds://ca/one", DB, "one", true},
        {"rds://ca/one", DB, "two", false},
        {"rds://ca/one+ca/two", DB, "two", true},
        {"rds://ca/one+region/us-west-2", DB, "two", true},
        {"rds://ca/one+region/us-east-1", DB, "two", false},
        {REGION_URI "/one+region/us-east-1/two", DB, "two", false},
        {REGION_URI "/one+all", DB, "two", true},
        {HOST_URI "+ca/one", DB, "two", true},
        {HOST_URI "+ca/one", "db.xyz987." DOMAIN_W2, "two", false},
        {HOST_URI "+ca/one", "db.xyz987." DOMAIN_W2, "one", true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rds_anchor anchor =
            anchor_of(RDS, AWS, "us-west-2", PROD, ROOT);

        (void)snprintf(anchor.ca, sizeof(anchor.ca), "%s", rows[i].ca);
        CHECK(vouches(rows[i].uri, rows[i].name, &anchor) == rows[i].good,
              "%s, %s, CA %s", rows[i].uri, rows[i].name, rows[i].ca);
        anchor.family = RDS_FAMILY_PROXY;
        CHECK(vouches(rows[i].uri, rows[i].name, &anchor) ==
                  ((strstr(rows[i].uri, "host/") != NULL &&
                    strcmp(rows[i].name, DB) == 0) ||
                   (rows[i].good && strstr(rows[i].uri, "ca/") != NULL &&
                    strstr(rows[i].uri, rows[i].ca) != NULL)),
              "%s, %s, proxy CA %s", rows[i].uri, rows[i].name, rows[i].ca);
    }
}

/* "proxy" beside a CA of RDS is any proxy CA, for the same names. */
static void test_proxy_beside_ca(void)
{
    struct rds_anchor anchor =
        anchor_of(RDS_FAMILY_PROXY, AWS, "", PROD, ROOT);

    (void)snprintf(anchor.ca, sizeof(anchor.ca), "amazon-root-ca-1");
    CHECK(vouches(REGION_URI "/one+proxy", DB, &anchor), "the region");
    CHECK(!vouches(REGION_URI "/one+proxy",
                   "p.proxy-a.us-east-1.rds.amazonaws.com", &anchor),
          "another region");
}

/* A verdict that is not "in scope" opens nothing, whatever else it says. */
static void test_anchor_needs_scope(void)
{
    static const struct rds_view unbound;
    struct rds_anchor anchor = anchor_of(RDS, AWS, "us-west-2", PROD, ROOT);
    struct rds_verdict verdict;
    struct built built;

    build_good(&built);
    CHECK_NUMBER(judge(REGION_URI, &built.leaf, &verdict), RDS_CLAUSE_IN_SCOPE,
                 "good");
    CHECK(rds_scope_anchor(scope_of(REGION_URI), &verdict, &unbound, &anchor,
                           EVERY),
          "good");
    for (int i = 1; i < RDS_CLAUSE_END; i++) {
        verdict.clause = (enum rds_clause)i;
        CHECK(!rds_scope_anchor(scope_of(REGION_URI), &verdict, &unbound,
                                &anchor, EVERY),
              "clause %d", i);
    }
    CHECK(!vouches("rds://proxy", DB, &anchor), "proxy alone");
    anchor.family = RDS_FAMILY_PROXY;
    CHECK(!vouches(REGION_URI, DB, &anchor), "without proxy");
}

/* ---- hostile bytes ------------------------------------------------------ */

/*
 * Bytes between two pages that nobody may touch: a read before or behind
 * them ends the program.
 */
struct cage {
    unsigned char *middle;
    size_t page;
};

static void cage_make(struct cage *cage)
{
    unsigned char *at;

    cage->page = (size_t)sysconf(_SC_PAGESIZE);
    at = mmap(NULL, 3 * cage->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
    NEED(at != MAP_FAILED);
    cage->middle = at + cage->page;
    NEED(mprotect(cage->middle, cage->page, PROT_READ | PROT_WRITE) == 0);
}

static void cage_free(struct cage *cage)
{
    (void)munmap(cage->middle - cage->page, 3 * cage->page);
}

static const unsigned char *put_in(struct cage *cage,
                                   const struct bytes *bytes, bool at_end)
{
    unsigned char *at =
        at_end ? cage->middle + cage->page - bytes->size : cage->middle;

    NEED(bytes->size <= cage->page);
    memcpy(at, bytes->at, bytes->size);
    return at;
}

static struct cage cages[2];

/* Judges a copy of the leaf at both ends of the cages. */
static bool judge_caged(const struct rds_scope *scope, const struct bytes *san,
                        const struct bytes *subject)
{
    struct rds_verdict verdicts[2];
    struct built built;

    build_good(&built);
    for (int end = 0; end < 2; end++) {
        built.leaf.san = put_in(&cages[0], san, end == 1);
        built.leaf.san_size = san->size;
        built.leaf.subject = put_in(&cages[1], subject, end == 1);
        built.leaf.subject_size = subject->size;
        (void)!rds_scope_judge(scope, &built.leaf, &verdicts[end]);
    }
    if (verdicts[0].clause != verdicts[1].clause)
        CHECK(false, "the place of the bytes changes the clause");
    return verdicts[0].clause == RDS_CLAUSE_IN_SCOPE;
}

/* A second reader, of its own make and as narrow as can be. */
struct span {
    const unsigned char *at;
    size_t size;
};

static bool cut_off(struct span *in, unsigned tag, struct span *out)
{
    size_t head = 2, size;

    if (in->size < 2 || in->at[0] != tag || in->at[1] > 0x81)
        return false;
    size = in->at[1];
    if (size == 0x81) {
        if (in->size < 3 || in->at[2] < 0x80)
            return false;
        size = in->at[2];
        head = 3;
    } else if (size == 0x80) {
        return false;
    }
    if (size > in->size - head)
        return false;
    *out = (struct span){in->at + head, size};
    *in = (struct span){in->at + head + size, in->size - head - size};
    return true;
}

/* NAME.abc123def.us-west-2.rds.amazonaws.com in any case. */
static bool plain_name(struct span name)
{
    static const char rest[] = ".abc123def." DOMAIN_W2;
    size_t label = 0, tail = sizeof(rest) - 1;

    if (name.size <= tail ||
        strncasecmp((const char *)name.at + name.size - tail, rest, tail) != 0)
        return false;
    if (name.size == tail + 1 && name.at[0] == '*')
        return true;
    for (; label < name.size - tail; label++) {
        unsigned char c = name.at[label];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return label <= 63;
}

static bool plain_san(struct span san)
{
    struct span list, entry;

    if (!cut_off(&san, 0x30, &list) || san.size != 0 || list.size == 0)
        return false;
    while (list.size != 0) {
        if (!cut_off(&list, 0x82, &entry) || !plain_name(entry))
            return false;
    }
    return true;
}

/* What may stand in an attribute: no e-mail, no name that is not plain. */
static bool plain_attribute(struct span attribute)
{
    struct span oid, value, rest = attribute;
    bool text = false;

    if (!cut_off(&rest, 0x06, &oid) || rest.size < 2)
        return false;
    if (oid.size == 9 && memcmp(oid.at, OID_EMAIL, 9) == 0)
        return false;
    if (oid.size != 3 || memcmp(oid.at, OID_CN, 3) != 0)
        return true;
    for (size_t i = 0; !text && i < 3; i++)
        text = cut_off(&rest, (unsigned char)"\x0c\x13\x16"[i], &value);
    return text && plain_name(value);
}

static bool plain_subject(struct span subject)
{
    struct span name, set, attribute;

    if (!cut_off(&subject, 0x30, &name) || subject.size != 0)
        return false;
    while (name.size != 0) {
        if (!cut_off(&name, 0x31, &set))
            return false;
        while (set.size != 0) {
            if (!cut_off(&set, 0x30, &attribute) ||
                !plain_attribute(attribute))
                return false;
        }
    }
    return true;
}

/* In scope only where the narrow reader finds nothing wrong. */
static bool never_wider(const struct rds_scope *scope, const struct bytes *san,
                        const struct bytes *subject, size_t *accepted)
{
    if (!judge_caged(scope, san, subject))
        return true;
    ++*accepted;
    return plain_san((struct span){san->at, san->size}) &&
           plain_subject((struct span){subject->at, subject->size});
}

static const struct recipe_leaf victims[] = {
    {{DNS(DB)}, {CN(DB), OU("RDS"), OU("US")}},
    {{DNS(TEN TEN TEN TEN ".abc123def." DOMAIN_W2),
      DNS("*.abc123def." DOMAIN_W2), DNS(DB)},
     {OU("Amazon.com"), CN(TEN TEN TEN TEN ".abc123def." DOMAIN_W2), CN(DB)}},
};

static void test_truncated(void)
{
    const struct rds_scope *scope = scope_of(HOST_URI);
    struct built built;

    for (size_t i = 0; i < COUNT(victims); i++) {
        build(&built, &victims[i]);
        CHECK(judge_caged(scope, &built.san, &built.subject), "whole %zu", i);
        for (size_t size = built.san.size; size-- > 0;) {
            struct bytes less = built.san;

            less.size = size;
            CHECK(!judge_caged(scope, &less, &built.subject),
                  "leaf %zu, SAN cut to %zu", i, size);
        }
        for (size_t size = built.subject.size; size-- > 0;) {
            struct bytes less = built.subject;

            less.size = size;
            CHECK(!judge_caged(scope, &built.san, &less),
                  "leaf %zu, subject cut to %zu", i, size);
        }
    }
}

/* Every byte of `which` set to every value. */
static size_t change_bytes(const struct rds_scope *scope, struct built *built,
                           struct bytes *which, size_t leaf)
{
    size_t accepted = 0;

    for (size_t at = 0; at < which->size; at++) {
        unsigned char before = which->at[at];

        for (unsigned value = 0; value < 256; value++) {
            which->at[at] = (unsigned char)value;
            if (!never_wider(scope, &built->san, &built->subject, &accepted))
                CHECK(false, "leaf %zu: byte %zu from %02x to %02x", leaf, at,
                      before, value);
        }
        which->at[at] = before;
    }
    return accepted;
}

static void test_changed_bytes(void)
{
    const struct rds_scope *scope = scope_of(HOST_URI);
    struct built built;
    size_t accepted;

    for (size_t i = 0; i < COUNT(victims); i++) {
        build(&built, &victims[i]);
        accepted = change_bytes(scope, &built, &built.san, i);
        CHECK(accepted > built.san.size, "leaf %zu: %zu SANs accepted", i,
              accepted);
        accepted = change_bytes(scope, &built, &built.subject, i);
        CHECK(accepted > built.subject.size, "leaf %zu: %zu accepted", i,
              accepted);
    }
}

/* A generator of numbers that are the same in each run. */
static unsigned next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void test_random_changes(void)
{
    const struct rds_scope *scope = scope_of(HOST_URI);
    unsigned state = 1;
    size_t accepted = 0;

    for (size_t round = 0; round < 100000; round++) {
        unsigned changes = 1 + next_number(&state) % 6;
        struct built built;
        struct bytes *which;

        build(&built, &victims[round % COUNT(victims)]);
        which = round / 2 % 2 == 0 ? &built.san : &built.subject;
        while (changes-- > 0)
            which->at[next_number(&state) % which->size] =
                (unsigned char)next_number(&state);
        if (next_number(&state) % 8 == 0)
            which->size -= next_number(&state) % which->size;
        if (!never_wider(scope, &built.san, &built.subject, &accepted))
            CHECK(false, "round %zu", round);
    }
    CHECK(accepted != 0, "%zu accepted", accepted);
}

static void with_cages(void (*run)(void))
{
    cage_make(&cages[0]);
    cage_make(&cages[1]);
    run();
    cage_free(&cages[0]);
    cage_free(&cages[1]);
}

static void test_hostile_bytes(void)
{
    with_cages(test_truncated);
    with_cages(test_changed_bytes);
    with_cages(test_random_changes);
}

CU_TestInfo scope_tests[] = {
    {"each form of a URI", test_forms},
    {"a union is the sum of its parts", test_union_of_parts},
    {"proxy beside a database", test_proxy_beside_database},
    {"proxy never widens", test_proxy_never_widens},
    {"as many selectors as a URI has", test_most_selectors},
    {"a crowded union", test_crowded_union},
    {"URIs that make no scope", test_refused_uris},
    {"names of the SAN", test_san_names},
    {"several names", test_several_names},
    {"global writers", test_global_writers},
    {"hosts without an account", test_exact_hosts},
    {"names with account numbers", test_numbered_hosts},
    {"common names", test_common_names},
    {"long common names", test_long_common_names},
    {"cut common names", test_cut_common_names},
    {"undecodable SANs and subjects", test_undecodable},
    {"several attributes in a set", test_several_in_a_set},
    {"other SAN entries", test_other_entries},
    {"malformed names", test_malformed_names},
    {"leaves with one fault", test_recipes},
    {"flags", test_flags},
    {"many names", test_many_names},
    {"every clause is reached", test_every_clause},
    {"identities", test_identity},
    {"the name of a verdict", test_verdict_names},
    {"which anchors vouch", test_anchors},
    {"stages of anchors", test_anchor_stages},
    {"unions keep anchors apart", test_union_keeps_anchors_apart},
    {"unions keep selectors apart", test_union_keeps_selectors_apart},
    {"unions that are refused", test_refused_unions},
    {"CAs of anchors", test_anchor_cas},
    {"proxy beside a CA", test_proxy_beside_ca},
    {"anchors need a scope", test_anchor_needs_scope},
    {"hostile bytes", test_hostile_bytes},
    CU_TEST_INFO_NULL,
};
