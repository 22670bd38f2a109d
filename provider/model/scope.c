/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which leaves anchors may vouch.  Refuses whatever has a name, or a way
 * to be named, other than the endpoints in scope.
 */

#include "rds/scope.h"

#include <string.h>

static const char *const clause_texts[] = {
#define CLAUSE_TEXT(name, text) [name] = text,
    RDS_CLAUSES(CLAUSE_TEXT)
#undef CLAUSE_TEXT
};

_Static_assert(sizeof(clause_texts) / sizeof(clause_texts[0]) ==
                   RDS_CLAUSE_END,
               "every clause has a text");

const char *rds_clause_text(enum rds_clause clause)
{
    return (unsigned)clause < RDS_CLAUSE_END ? clause_texts[clause] : "?";
}

/* ---- making a scope ---------------------------------------------------- */

static uint64_t bit_of(const struct rds_uri *uri,
                       const struct rds_selector *selector)
{
    return (uint64_t)1 << (selector - uri->selectors);
}

static struct rds_scope_rule *add_rule(struct rds_scope *scope,
                                       const struct rds_uri *uri,
                                       uint64_t selectors,
                                       enum rds_family family)
{
    struct rds_scope_rule *rule = &scope->rules[scope->count++];

    memset(rule, 0, sizeof(*rule));
    rule->selectors = selectors;
    rule->family = family;
    rule->partition = RDS_PARTITIONS;
    rule->preview = uri->filters.stage == RDS_STAGE_PREVIEW;
    return rule;
}

/*
 * The same names, under the CAs of Amazon Trust Services that these selectors
 * pick.
 */
static void add_twin(struct rds_scope *scope,
                     const struct rds_scope_rule *rule, uint64_t selectors)
{
    struct rds_scope_rule *twin = &scope->rules[scope->count++];

    *twin = *rule;
    twin->selectors = selectors;
    twin->family = RDS_FAMILY_PROXY;
    twin->ca[0] = '\0';
}

static bool is_twin(const struct rds_scope_rule *rule,
                    const struct rds_scope_rule *other)
{
    return other->family == RDS_FAMILY_PROXY && other->ca[0] == '\0' &&
           other->partition == rule->partition &&
           strcmp(other->region, rule->region) == 0 &&
           strcmp(other->label, rule->label) == 0 &&
           strcmp(other->host, rule->host) == 0;
}

static struct rds_scope_rule *find_twin(struct rds_scope *scope,
                                        const struct rds_scope_rule *rule)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (is_twin(rule, &scope->rules[i]))
            return &scope->rules[i];
    }
    return NULL;
}

static bool add_host(struct rds_scope *scope, const struct rds_uri *uri,
                     const struct rds_selector *selector,
                     struct rds_error *err)
{
    const struct rds_endpoint *host = &selector->u.host;
    struct rds_scope_rule *rule;

    if (host->kind == RDS_ENDPOINT_GLOBAL_WRITER)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "a global writer endpoint shows neither "
                        "region nor account; name the regional cluster "
                        "endpoints instead");
    rule = add_rule(scope, uri, bit_of(uri, selector), host->family);
    rule->partition = host->partition;
    memcpy(rule->region, host->region, sizeof(rule->region));
    if (host->kind == RDS_ENDPOINT_PREVIEW)
        rule->preview = true;
    if (host->label[0] != '\0')
        memcpy(rule->label, host->label, sizeof(rule->label));
    else
        memcpy(rule->host, host->name, sizeof(rule->host));
    if (rds_endpoint_ambiguous(host))
        add_twin(scope, rule, rule->selectors);
    return true;
}

/* ca, file, sha256: any endpoint that their anchors may vouch for. */
static bool add_certificates(struct rds_scope *scope,
                             const struct rds_uri *uri,
                             const struct rds_selector *selector,
                             struct rds_error *err)
{
    for (size_t i = 0; i < uri->count; i++) {
        if (selector->kind != RDS_SELECT_CA &&
            &uri->selectors[i] != selector &&
            uri->selectors[i].kind != RDS_SELECT_PROXY)
            return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                            "file/ and sha256/ cannot be joined with other "
                            "selectors here: their union would trust more "
                            "than its parts");
    }
    for (enum rds_family family = 0; family < RDS_FAMILIES; family++) {
        struct rds_scope_rule *rule =
            add_rule(scope, uri, bit_of(uri, selector), family);

        if (selector->kind == RDS_SELECT_CA)
            memcpy(rule->ca, selector->u.ca, sizeof(rule->ca));
    }
    return true;
}

static bool add_selector(struct rds_scope *scope, const struct rds_uri *uri,
                         const struct rds_selector *selector,
                         struct rds_error *err)
{
    uint64_t bit = bit_of(uri, selector);
    struct rds_scope_rule *rule;

    switch (selector->kind) {
    case RDS_SELECT_HOST:
        return add_host(scope, uri, selector, err);
    case RDS_SELECT_REGION:
        rule = add_rule(scope, uri, bit, RDS_FAMILY_RDS);
        memcpy(rule->region, selector->u.region.name, sizeof(rule->region));
        memcpy(rule->ca, selector->u.region.ca, sizeof(rule->ca));
        return true;
    case RDS_SELECT_PARTITION:
        rule = add_rule(scope, uri, bit, RDS_FAMILY_RDS);
        rule->partition = selector->u.partition;
        return true;
    case RDS_SELECT_GLOBAL:
        rule = add_rule(scope, uri, bit, RDS_FAMILY_RDS);
        rule->partition = RDS_PARTITION_AWS;
        return true;
    case RDS_SELECT_ALL:
        (void)add_rule(scope, uri, bit, RDS_FAMILY_RDS);
        return true;
    case RDS_SELECT_CA:
    case RDS_SELECT_FILE:
    case RDS_SELECT_SHA256:
        return add_certificates(scope, uri, selector, err);
    case RDS_SELECT_PROXY: /* see add_proxy() */
        return true;
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                    "rds://list names no certificates");
}

/*
 * "proxy" widens the CAs, never the regions or accounts.  `proxies` are the
 * selectors of that word.
 */
static void add_proxy(struct rds_scope *scope, const struct rds_uri *uri,
                      uint64_t proxies)
{
    size_t count = scope->count;

    if (count == 0)
        (void)add_rule(scope, uri, proxies, RDS_FAMILY_PROXY);
    for (size_t i = 0; i < count && scope->count < RDS_SCOPE_RULES_MAX; i++) {
        struct rds_scope_rule *rule = &scope->rules[i];
        struct rds_scope_rule *twin;

        if (rule->family != RDS_FAMILY_RDS)
            continue;
        twin = find_twin(scope, rule);
        if (twin != NULL)
            twin->selectors |= proxies;
        else
            add_twin(scope, rule, proxies);
    }
}

bool rds_scope_make(struct rds_scope *out, const struct rds_uri *uri,
                    struct rds_error *err)
{
    uint64_t proxies = 0;

    out->count = 0;
    out->stage = uri->filters.stage;
    if (uri->filters.role == RDS_ROLE_INTERMEDIATE)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "role=intermediate trusts nothing: only roots are "
                        "offered");
    for (size_t i = 0; i < uri->count; i++) {
        if (!add_selector(out, uri, &uri->selectors[i], err))
            return false;
        if (uri->selectors[i].kind == RDS_SELECT_PROXY)
            proxies |= bit_of(uri, &uri->selectors[i]);
    }
    if (proxies != 0)
        add_proxy(out, uri, proxies);
    return true;
}

/* ---- names ------------------------------------------------------------- */

/* A name, as bytes with a length: it may hold anything. */
struct name {
    const unsigned char *at;
    size_t size;
};

/* Equal but for the case of ASCII letters, whatever the locale says. */
static bool same_letters(const unsigned char *a, const unsigned char *b,
                         size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char x = a[i], y = b[i];

        x = x >= 'A' && x <= 'Z' ? (unsigned char)(x | 0x20) : x;
        y = y >= 'A' && y <= 'Z' ? (unsigned char)(y | 0x20) : y;
        if (x != y)
            return false;
    }
    return true;
}

/* In the place of the star: a label that fits every form. */
#define ANY_LABEL "x-000000000000"

static bool read_wildcard(struct name name, struct rds_endpoint *out)
{
    char text[RDS_ENDPOINT_MAX + sizeof(ANY_LABEL)] = ANY_LABEL;
    size_t label = sizeof(ANY_LABEL) - 1;

    memcpy(text + label, name.at + 1, name.size - 1);
    return rds_endpoint_read(text, label + name.size - 1, out);
}

/*
 * Reads a name as an endpoint; a first label "*" stands for any label.
 * Nothing is an endpoint that a careless reader could take for another name:
 * no final dot, no NUL, no characters beyond letters, digits, '-' and '.'.
 */
static bool read_endpoint(struct name name, struct rds_endpoint *out)
{
    char text[RDS_ENDPOINT_MAX];

    if (name.size == 0 || name.size > sizeof(text) ||
        name.at[name.size - 1] == '.')
        return false;
    memcpy(text, name.at, name.size);
    if (name.size > 2 && text[0] == '*' && text[1] == '.')
        return read_wildcard(name, out);
    return rds_endpoint_read(text, name.size, out);
}

/* Whether a kind is served under this rule's CAs and stage. */
static bool kind_fits(const struct rds_scope_rule *rule,
                      const struct rds_endpoint *endpoint)
{
    if (rule->family == RDS_FAMILY_PROXY)
        return endpoint->family == RDS_FAMILY_PROXY ||
               rds_endpoint_ambiguous(endpoint);
    return endpoint->family == RDS_FAMILY_RDS &&
           (endpoint->kind == RDS_ENDPOINT_PREVIEW) == rule->preview;
}

/* The very host of the rule, or a wildcard that stands for it. */
static bool host_fits(const struct rds_scope_rule *rule, struct name name)
{
    const char *host = rule->host;

    if (name.at[0] == '*') { /* and a dot: it was read as an endpoint */
        host += strcspn(host, ".");
        name.at++;
        name.size--;
    }
    return strlen(host) == name.size &&
           same_letters((const unsigned char *)host, name.at, name.size);
}

static bool rule_admits(const struct rds_scope_rule *rule, struct name name,
                        const struct rds_endpoint *endpoint)
{
    return kind_fits(rule, endpoint) &&
           (rule->partition == RDS_PARTITIONS ||
            rule->partition == endpoint->partition) &&
           (rule->region[0] == '\0' ||
            strcmp(rule->region, endpoint->region) == 0) &&
           (rule->label[0] == '\0' ||
            strcmp(rule->label, endpoint->label) == 0) &&
           (rule->host[0] == '\0' || host_fits(rule, name));
}

/* What the names of a leaf have in common so far. */
struct common {
    uint64_t rules[RDS_SCOPE_RULE_WORDS]; /* those that admit every name */
    bool any; /* a name that shows its region was seen */
    size_t names;
    struct rds_endpoint first;
};

static bool has_rule(const uint64_t *rules, size_t i)
{
    return (rules[i / 64] >> (i % 64) & 1) != 0;
}

static void drop_rule(uint64_t *rules, size_t i)
{
    rules[i / 64] &= ~((uint64_t)1 << (i % 64));
}

static void start_common(const struct rds_scope *scope, struct common *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < scope->count; i++)
        out->rules[i / 64] |= (uint64_t)1 << (i % 64);
}

/* A global writer's name is neutral, but only RDS CAs serve it. */
static bool fits(const struct rds_scope_rule *rule, struct name name,
                 const struct rds_endpoint *endpoint)
{
    if (endpoint->kind == RDS_ENDPOINT_GLOBAL_WRITER)
        return rule->family == RDS_FAMILY_RDS;
    return rule_admits(rule, name, endpoint);
}

/* Takes one name into account; the clause that it breaks, or IN_SCOPE. */
static enum rds_clause take_name(const struct rds_scope *scope,
                                 struct name name, struct common *common)
{
    struct rds_endpoint endpoint;
    bool left = false;

    if (++common->names > RDS_SCOPE_NAMES_MAX)
        return RDS_CLAUSE_MANY_NAMES;
    if (!read_endpoint(name, &endpoint))
        return RDS_CLAUSE_FOREIGN_NAME;
    for (size_t i = 0; i < scope->count; i++) {
        if (!has_rule(common->rules, i))
            continue;
        if (fits(&scope->rules[i], name, &endpoint))
            left = true;
        else
            drop_rule(common->rules, i);
    }
    if (!left)
        return RDS_CLAUSE_FOREIGN_NAME;
    if (endpoint.kind == RDS_ENDPOINT_GLOBAL_WRITER)
        return RDS_CLAUSE_IN_SCOPE;
    if (!common->any) {
        common->any = true;
        common->first = endpoint;
    }
    /* Of one stage they are, as each rule admits one only: kind_fits(). */
    if (endpoint.partition != common->first.partition ||
        strcmp(endpoint.region, common->first.region) != 0)
        return RDS_CLAUSE_MIXED_NAMES;
    return RDS_CLAUSE_IN_SCOPE;
}

/* ---- the leaf ---------------------------------------------------------- */

static enum rds_clause refuse(struct rds_verdict *out, struct name name,
                              enum rds_clause clause)
{
    out->name = name.at;
    out->name_size = name.size;
    return clause;
}

/* A dNSName: IA5String of printable ASCII without spaces. */
static bool well_formed(struct name name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] <= ' ' || name.at[i] > '~')
            return false;
    }
    return name.size != 0 && name.size <= RDS_ENDPOINT_MAX;
}

static enum rds_clause judge_san(const struct rds_scope *scope,
                                 const struct rds_leaf *leaf,
                                 struct common *common,
                                 struct rds_verdict *out)
{
    struct rds_der in = {leaf->san, leaf->san_size}, list, entry;
    enum rds_clause clause;
    unsigned char tag;
    struct name name;

    if (leaf->san_count != 1)
        return leaf->san_count == 0 ? RDS_CLAUSE_NO_SAN : RDS_CLAUSE_MANY_SAN;
    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &list) || in.left != 0)
        return RDS_CLAUSE_BAD_SAN;
    if (list.left == 0)
        return RDS_CLAUSE_EMPTY_SAN;
    while (list.left != 0) {
        if (!rds_der_next(&list, &tag, &entry))
            return RDS_CLAUSE_BAD_SAN;
        if (tag != RDS_DER_CONTEXT(2))
            return RDS_CLAUSE_OTHER_SAN;
        name = (struct name){entry.at, entry.left};
        if (!well_formed(name))
            return refuse(out, name, RDS_CLAUSE_BAD_NAME);
        clause = take_name(scope, name, common);
        if (clause != RDS_CLAUSE_IN_SCOPE || out->name == NULL)
            (void)refuse(out, name, clause);
        if (clause != RDS_CLAUSE_IN_SCOPE)
            return clause;
    }
    return common->any ? RDS_CLAUSE_IN_SCOPE : RDS_CLAUSE_NEUTRAL_ONLY;
}

static enum rds_clause judge_attribute(const struct rds_scope *scope,
                                       struct rds_der attribute,
                                       struct common *common,
                                       struct rds_verdict *out)
{
    static const unsigned char common_name[] = {0x55, 0x04, 0x03};
    static const unsigned char email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                          0x0d, 0x01, 0x09, 0x01};
    struct rds_der oid, value;
    enum rds_clause clause;
    unsigned char tag;
    struct name cn;

    if (!rds_der_expect(&attribute, RDS_DER_OID, &oid) ||
        !rds_der_next(&attribute, &tag, &value) || attribute.left != 0)
        return RDS_CLAUSE_BAD_SUBJECT;
    if (rds_der_equals(&oid, email, sizeof(email)))
        return RDS_CLAUSE_EMAIL;
    if (!rds_der_equals(&oid, common_name, sizeof(common_name)))
        return RDS_CLAUSE_IN_SCOPE;
    cn = (struct name){value.at, value.left};
    if (tag != RDS_DER_UTF8_STRING && tag != RDS_DER_PRINTABLE_STRING &&
        tag != RDS_DER_IA5_STRING)
        return refuse(out, cn, RDS_CLAUSE_FOREIGN_CN);
    clause = take_name(scope, cn, common);
    if (clause == RDS_CLAUSE_FOREIGN_NAME)
        clause = RDS_CLAUSE_FOREIGN_CN;
    return clause == RDS_CLAUSE_IN_SCOPE ? clause : refuse(out, cn, clause);
}

static enum rds_clause judge_subject(const struct rds_scope *scope,
                                     const struct rds_leaf *leaf,
                                     struct common *common,
                                     struct rds_verdict *out)
{
    struct rds_der in = {leaf->subject, leaf->subject_size};
    struct rds_der name, set, attribute;
    enum rds_clause clause;

    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &name) || in.left != 0)
        return RDS_CLAUSE_BAD_SUBJECT;
    while (name.left != 0) {
        if (!rds_der_expect(&name, RDS_DER_SET, &set))
            return RDS_CLAUSE_BAD_SUBJECT;
        while (set.left != 0) {
            if (!rds_der_expect(&set, RDS_DER_SEQUENCE, &attribute))
                return RDS_CLAUSE_BAD_SUBJECT;
            clause = judge_attribute(scope, attribute, common, out);
            if (clause != RDS_CLAUSE_IN_SCOPE)
                return clause;
        }
    }
    return RDS_CLAUSE_IN_SCOPE;
}

/* Where the application names whom it expects, one must be in scope. */
static enum rds_clause judge_identity(const struct rds_scope *scope,
                                      const struct rds_leaf *leaf,
                                      struct rds_verdict *out)
{
    struct name host = {NULL, 0};

    if (leaf->host_count == 0 && !leaf->other_identity)
        return RDS_CLAUSE_IN_SCOPE;
    for (size_t i = 0; i < leaf->host_count; i++) {
        struct common alone;

        start_common(scope, &alone);
        host = (struct name){(const unsigned char *)leaf->hosts[i],
                             strlen(leaf->hosts[i])};
        if (host.size > 1 && host.at[host.size - 1] == '.')
            host.size--;
        if (host.size != 0 && host.at[0] != '*' &&
            take_name(scope, host, &alone) == RDS_CLAUSE_IN_SCOPE)
            return RDS_CLAUSE_IN_SCOPE;
    }
    return refuse(out, host, RDS_CLAUSE_IDENTITY);
}

bool rds_scope_judge_identity(const struct rds_scope *scope,
                              const struct rds_leaf *leaf,
                              struct rds_verdict *verdict)
{
    verdict->clause = judge_identity(scope, leaf, verdict);
    return verdict->clause == RDS_CLAUSE_IN_SCOPE;
}

static enum rds_clause judge(const struct rds_scope *scope,
                             const struct rds_leaf *leaf,
                             struct common *common, struct rds_verdict *out)
{
    enum rds_clause clause;

    if (leaf->nested)
        return RDS_CLAUSE_NESTED;
    clause = judge_san(scope, leaf, common, out);
    if (clause == RDS_CLAUSE_IN_SCOPE)
        clause = judge_subject(scope, leaf, common, out);
    if (clause != RDS_CLAUSE_IN_SCOPE)
        return clause;
    if (leaf->ca_or_proxy)
        return RDS_CLAUSE_CA;
    if (leaf->has_eku && !leaf->server_auth)
        return RDS_CLAUSE_NOT_SERVER;
    return judge_identity(scope, leaf, out);
}

bool rds_scope_judge(const struct rds_scope *scope,
                     const struct rds_leaf *leaf, struct rds_verdict *out)
{
    struct common common;

    memset(out, 0, sizeof(*out));
    start_common(scope, &common);
    out->clause = judge(scope, leaf, &common, out);
    if (out->clause != RDS_CLAUSE_IN_SCOPE)
        return false;
    memcpy(out->rules, common.rules, sizeof(out->rules));
    memcpy(out->region, common.first.region, sizeof(out->region));
    out->partition = common.first.partition;
    out->stage = common.first.kind == RDS_ENDPOINT_PREVIEW ? RDS_STAGE_PREVIEW
                                                           : scope->stage;
    return true;
}

static bool anchor_fits_rule(const struct rds_scope_rule *rule,
                             const struct rds_anchor *anchor,
                             uint64_t selectors)
{
    return (rule->selectors & selectors) != 0 &&
           rule->family == (enum rds_family)anchor->family &&
           (rule->ca[0] == '\0' || strcmp(rule->ca, anchor->ca) == 0);
}

bool rds_scope_anchor(const struct rds_scope *scope,
                      const struct rds_verdict *verdict,
                      const struct rds_view *view,
                      const struct rds_anchor *anchor, uint64_t selectors)
{
    bool fitting = false;

    for (size_t i = 0; i < scope->count; i++)
        fitting |= has_rule(verdict->rules, i) &&
                   anchor_fits_rule(&scope->rules[i], anchor, selectors);
    if (!fitting || verdict->clause != RDS_CLAUSE_IN_SCOPE ||
        anchor->role != RDS_ROLE_ROOT)
        return false;
    if (anchor->family == RDS_FAMILY_PROXY)
        return true;
    return anchor->partition == verdict->partition &&
           (anchor->region[0] == '\0' ||
            strcmp(anchor->region, verdict->region) == 0) &&
           anchor->stage == verdict->stage &&
           rds_view_serves(view, anchor, verdict->region);
}
