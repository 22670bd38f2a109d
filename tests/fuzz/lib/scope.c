/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of a URI, asked with names that many a URI must not admit.
 */

#include "../fuzz.h"

#include <string.h>

static const char *const probes[] = {
    "db.abc123def.us-west-2.rds.amazonaws.com",
    "db.cluster-ro-abc123def.us-west-2.rds.amazonaws.com",
    "other.zyx987.us-west-2.rds.amazonaws.com",
    "db.abc123def.us-east-1.rds.amazonaws.com",
    "db.abc123def.us-gov-west-1.rds.amazonaws.com",
    "db.abc123def.rds.cn-north-1.amazonaws.com.cn",
    "db.abc123def.us-east-2.rds-preview.amazonaws.com",
    "db.proxy-abc123def.us-west-2.rds.amazonaws.com",
    "db.proxy-abc123def.us-east-1.rds.amazonaws.com",
    "db.global-abc123def.global.rds.amazonaws.com",
    "db.dsql.us-west-2.on.aws",
    "db.us-west-2.redshift.amazonaws.com",
    "wg.123456789012.us-west-2.redshift-serverless.amazonaws.com",
    "d-123456789012.us-west-2.docdb-elastic.amazonaws.com",
    "db.cluster-abc123def.us-west-2.docdb.amazonaws.com",
    "evil.example",
    "fake-rds.amazonaws.com",
};

#define PROBES (sizeof(probes) / sizeof(probes[0]))

/* One name as an entry of subjectAltName. */
static size_t put_name(unsigned char *out, const char *name)
{
    size_t size = strlen(name), head = 0;

    out[head++] = 0x82;
    if (size >= 0x80)
        out[head++] = 0x81;
    out[head++] = (unsigned char)size;
    memcpy(out + head, name, size);
    return head + size;
}

/* Judges a leaf with these names in subjectAltName, and nothing else. */
static bool judge(const struct rds_scope *scope, const char *one,
                  const char *other, struct rds_verdict *verdict)
{
    static const unsigned char subject[] = {0x30, 0x00};
    unsigned char bytes[4 + 2 * (3 + RDS_ENDPOINT_MAX)], *san = bytes;
    size_t size = put_name(bytes + 4, one);
    struct rds_leaf leaf = {
        .subject = subject, .subject_size = sizeof(subject), .san_count = 1};

    if (other != NULL)
        size += put_name(bytes + 4 + size, other);
    if (size >= 0x100) {
        bytes[1] = 0x82;
        bytes[2] = (unsigned char)(size >> 8);
    } else if (size >= 0x80) {
        san += 1;
        san[1] = 0x81;
    } else {
        san += 2;
    }
    san[0] = RDS_DER_SEQUENCE;
    bytes[3] = (unsigned char)size;
    leaf.san = san;
    leaf.san_size = (size_t)(bytes + 4 + size - san);
    return rds_scope_judge(scope, &leaf, verdict);
}

static void claim_anchors(const struct rds_scope *scope,
                          const struct rds_verdict *verdict,
                          const struct rds_endpoint *endpoint)
{
    const struct rds_view *view = builtin_view();

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (!rds_scope_anchor(scope, verdict, view, anchor, UINT64_MAX))
            continue;
        CLAIM(anchor->role == RDS_ROLE_ROOT, "%s is no root", anchor->alias);
        CLAIM(anchor->family == RDS_FAMILY_PROXY ||
                  (anchor->partition == endpoint->partition &&
                   (anchor->region[0] == '\0' ||
                    strcmp(anchor->region, endpoint->region) == 0)),
              "%s for '%s'", anchor->alias, endpoint->name);
        CLAIM(anchor->family == RDS_FAMILY_RDS ||
                  endpoint->family == RDS_FAMILY_PROXY ||
                  endpoint->kind == RDS_ENDPOINT_DATABASE,
              "%s for '%s'", anchor->alias, endpoint->name);
    }
}

static void claim_probe(const struct rds_uri *uri,
                        const struct rds_scope *scope, const char *name)
{
    struct rds_endpoint endpoint, second;
    struct rds_verdict verdict;
    bool both;

    if (!judge(scope, name, NULL, &verdict))
        return;
    CLAIM(grammar_reads(name, strlen(name), &endpoint), "'%s' in scope", name);
    CLAIM(uri_covers(uri, &endpoint), "'%s' in scope", name);
    CLAIM(endpoint.region[0] != '\0', "'%s' alone in scope", name);
    claim_anchors(scope, &verdict, &endpoint);
    for (size_t i = 0; i < PROBES; i++) {
        if (!judge(scope, name, probes[i], &verdict))
            continue;
        CLAIM(grammar_reads(probes[i], strlen(probes[i]), &second),
              "'%s' in scope", probes[i]);
        both = false;
        for (size_t j = 0; j < uri->count; j++)
            both |= selector_covers(uri, j, &endpoint) &&
                    selector_covers(uri, j, &second);
        CLAIM(both, "'%s' and '%s', which no selector names both", name,
              probes[i]);
        CLAIM(second.region[0] == '\0' ||
                  strcmp(second.region, endpoint.region) == 0,
              "'%s' and '%s' in scope", name, probes[i]);
    }
}

void claim_scope(const struct rds_uri *uri)
{
    static struct rds_scope scope;
    struct rds_error err;

    if (!rds_scope_make(&scope, uri, &err)) {
        claim_error(&err);
        return;
    }
    CLAIM(scope.count >= 1 && scope.count <= RDS_SCOPE_RULES_MAX, "%zu rules",
          scope.count);
    for (size_t i = 0; i < PROBES; i++)
        claim_probe(uri, &scope, probes[i]);
    for (size_t i = 0; i < uri->count; i++) {
        if (uri->selectors[i].kind == RDS_SELECT_HOST)
            claim_probe(uri, &scope, uri->selectors[i].u.host.name);
    }
}
