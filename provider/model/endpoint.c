/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint names, by a table of their forms.  A form covers all labels of a
 * name, and region and domain must be of one partition.
 */

#include "rds/endpoint.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [RDS_ENDPOINT_DATABASE] = "RDS or Aurora",
    [RDS_ENDPOINT_GLOBAL_WRITER] = "Aurora global database",
    [RDS_ENDPOINT_PREVIEW] = "Database Preview Environment",
    [RDS_ENDPOINT_PROXY] = "RDS Proxy",
    [RDS_ENDPOINT_DOCDB] = "DocumentDB",
    [RDS_ENDPOINT_DOCDB_ELASTIC] = "DocumentDB elastic cluster",
    [RDS_ENDPOINT_NEPTUNE] = "Neptune",
    [RDS_ENDPOINT_DSQL] = "Aurora DSQL",
    [RDS_ENDPOINT_REDSHIFT] = "Redshift",
    [RDS_ENDPOINT_REDSHIFT_SERVERLESS] = "Redshift Serverless",
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) ==
                   RDS_ENDPOINT_KINDS,
               "every kind has a name");

const char *rds_endpoint_kind_name(enum rds_endpoint_kind kind)
{
    return (unsigned)kind < RDS_ENDPOINT_KINDS ? kind_names[kind] : "?";
}

bool rds_endpoint_ambiguous(const struct rds_endpoint *endpoint)
{
    return endpoint->kind == RDS_ENDPOINT_DATABASE;
}

#define P(name) (1u << RDS_PARTITION_##name)
#define COMMERCIAL (P(AWS) | P(AWS_US_GOV)) /* share amazonaws.com */
#define ISOLATED (P(AWS_ISO) | P(AWS_ISO_B) | P(AWS_ISO_E) | P(AWS_ISO_F))
#define EVERY (P(AWS_CN) | P(AWS_EUSC) | COMMERCIAL | ISOLATED)

_Static_assert(EVERY == (1u << RDS_PARTITIONS) - 1, "no partition is missing");

/* Where the endpoints of each partition end. */
static const char *const domains[] = {
    [RDS_PARTITION_AWS] = "amazonaws.com",
    [RDS_PARTITION_AWS_US_GOV] = "amazonaws.com",
    [RDS_PARTITION_AWS_CN] = "amazonaws.com.cn",
    [RDS_PARTITION_AWS_EUSC] = "amazonaws.eu",
    [RDS_PARTITION_AWS_ISO] = "c2s.ic.gov",
    [RDS_PARTITION_AWS_ISO_B] = "sc2s.sgov.gov",
    [RDS_PARTITION_AWS_ISO_E] = "cloud.adc-e.uk",
    [RDS_PARTITION_AWS_ISO_F] = "csp.hci.ic.gov",
};

_Static_assert(sizeof(domains) / sizeof(domains[0]) == RDS_PARTITIONS,
               "every partition has a domain");

#define DSQL_DOMAIN "on.aws"

/*
 * The forms, label by label.  A word in capitals is one of `words` below, or
 * DOMAIN, the domain of the region's partition, which is the last of its
 * form.  | separates alternatives of a literal label.
 */
static const struct form {
    const char *text;
    enum rds_endpoint_kind kind;
    enum rds_family family;
    unsigned partitions; /* whose regions may stand there */
} forms[] = {
    {"NAME.CLUSTER.REGION.rds|rds-fips.DOMAIN", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, EVERY},
    {"NAME.CLUSTER.rds|rds-fips.REGION.DOMAIN", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, EVERY & ~P(AWS)},
    /* AWS's drivers take isolated regions under this domain too. */
    {"NAME.CLUSTER.rds|rds-fips.REGION.amazonaws.com", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, ISOLATED},
    {"NAME.GLOBAL.global.rds.amazonaws.com", RDS_ENDPOINT_GLOBAL_WRITER,
     RDS_FAMILY_RDS, P(AWS)},
    {"NAME.CLUSTER.REGION.rds-preview.amazonaws.com", RDS_ENDPOINT_PREVIEW,
     RDS_FAMILY_RDS, P(AWS)},
    {"NAME.PROXY.REGION.rds.DOMAIN", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY,
     EVERY},
    {"NAME.PROXY.rds.REGION.DOMAIN", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY,
     EVERY & ~COMMERCIAL},
    {"NAME.endpoint.PROXY?.REGION.rds.DOMAIN", RDS_ENDPOINT_PROXY,
     RDS_FAMILY_PROXY, EVERY},
    {"NAME.endpoint.PROXY?.rds.REGION.DOMAIN", RDS_ENDPOINT_PROXY,
     RDS_FAMILY_PROXY, EVERY & ~COMMERCIAL},
    {"NAME.DOCDB.REGION.docdb.amazonaws.com", RDS_ENDPOINT_DOCDB,
     RDS_FAMILY_RDS, COMMERCIAL},
    {"NAME.DOCDB.docdb.REGION.amazonaws.com.cn", RDS_ENDPOINT_DOCDB,
     RDS_FAMILY_RDS, P(AWS_CN)},
    {"NUMBERED.REGION.docdb-elastic.amazonaws.com", RDS_ENDPOINT_DOCDB_ELASTIC,
     RDS_FAMILY_PROXY, COMMERCIAL},
    {"NAME.CLUSTER.REGION.neptune.DOMAIN", RDS_ENDPOINT_NEPTUNE,
     RDS_FAMILY_PROXY, COMMERCIAL | P(AWS_CN)},
    {"NAME.CLUSTER.neptune.REGION.DOMAIN", RDS_ENDPOINT_NEPTUNE,
     RDS_FAMILY_PROXY, P(AWS_CN)},
    {"NAME.dsql.REGION." DSQL_DOMAIN, RDS_ENDPOINT_DSQL, RDS_FAMILY_PROXY,
     COMMERCIAL},
    {"NAME.SUFFIX.REGION." DSQL_DOMAIN, RDS_ENDPOINT_DSQL, RDS_FAMILY_PROXY,
     COMMERCIAL},
    {"NAME.REGION.redshift.DOMAIN", RDS_ENDPOINT_REDSHIFT, RDS_FAMILY_PROXY,
     COMMERCIAL | P(AWS_CN)},
    {"NAME.CLUSTER.REGION.redshift.DOMAIN", RDS_ENDPOINT_REDSHIFT,
     RDS_FAMILY_PROXY, COMMERCIAL | P(AWS_CN)},
    {"NAME.ACCOUNT.REGION.redshift-serverless.DOMAIN",
     RDS_ENDPOINT_REDSHIFT_SERVERLESS, RDS_FAMILY_PROXY,
     COMMERCIAL | P(AWS_CN)},
};

/* A label of a name or of a form. */
struct label {
    const char *at;
    size_t size;
};

static struct label next_label(const char **text)
{
    struct label label = {*text, strcspn(*text, ".")};

    *text += label.size;
    if (**text == '.')
        (*text)++;
    return label;
}

static bool label_is(struct label label, const char *text)
{
    return strlen(text) == label.size &&
           memcmp(label.at, text, label.size) == 0;
}

/* Whether the label is one of the literal's alternatives. */
static bool match_literal(struct label form, struct label label)
{
    while (form.size >= label.size) {
        if (memcmp(form.at, label.at, label.size) == 0 &&
            (form.size == label.size || form.at[label.size] == '|'))
            return true;
        while (form.size != 0 && *form.at != '|') {
            form.at++;
            form.size--;
        }
        if (form.size == 0)
            return false;
        form.at++;
        form.size--;
    }
    return false;
}

/* ---- words ------------------------------------------------------------- */

typedef bool word_fn(struct label label, const char *const *prefixes,
                     struct rds_endpoint *out);

static bool match_any(struct label label, const char *const *prefixes,
                      struct rds_endpoint *out)
{
    (void)prefixes;
    (void)out;
    return label.size != 0;
}

static bool match_region(struct label label, const char *const *prefixes,
                         struct rds_endpoint *out)
{
    (void)prefixes;
    if (!rds_region_shape(label.at, label.size))
        return false;
    memcpy(out->region, label.at, label.size);
    out->region[label.size] = '\0';
    out->partition = rds_region_partition(label.at, label.size);
    return true;
}

static bool take_label(struct label label, struct rds_endpoint *out)
{
    memcpy(out->label, label.at, label.size);
    out->label[label.size] = '\0';
    return true;
}

/* An account label, not empty, after one of the prefixes. */
static bool match_prefixed(struct label label, const char *const *prefixes,
                           struct rds_endpoint *out)
{
    for (; *prefixes != NULL; prefixes++) {
        size_t size = strlen(*prefixes);

        if (label.size > size && memcmp(label.at, *prefixes, size) == 0 &&
            memchr(label.at + size, '-', label.size - size) == NULL)
            return take_label(
                (struct label){label.at + size, label.size - size}, out);
    }
    return false;
}

#define ACCOUNT_DIGITS 12 /* of the number of an AWS account */

static bool is_account(struct label label)
{
    for (size_t i = 0; i < label.size; i++) {
        if (label.at[i] < '0' || label.at[i] > '9')
            return false;
    }
    return label.size == ACCOUNT_DIGITS;
}

/* It serves as the account label. */
static bool match_account(struct label label, const char *const *prefixes,
                          struct rds_endpoint *out)
{
    (void)prefixes;
    return is_account(label) && take_label(label, out);
}

/* Something, a hyphen, an account number. */
static bool match_numbered(struct label label, const char *const *prefixes,
                           struct rds_endpoint *out)
{
    struct label number = {label.at + label.size, ACCOUNT_DIGITS};

    (void)prefixes;
    (void)out;
    if (label.size < ACCOUNT_DIGITS + 2)
        return false;
    number.at -= ACCOUNT_DIGITS;
    return number.at[-1] == '-' && is_account(number);
}

static const struct {
    const char *word;
    word_fn *match;
    const char *prefixes[6]; /* of match_prefixed(); "": none is needed */
} words[] = {
    {"NAME", match_any, {NULL}},
    {"REGION", match_region, {NULL}},
    {"CLUSTER",
     match_prefixed,
     {"cluster-", "cluster-ro-", "cluster-custom-", "shardgrp-", "", NULL}},
    {"DOCDB", match_prefixed, {"cluster-", "cluster-ro-", "", NULL}},
    {"GLOBAL", match_prefixed, {"global-", "", NULL}},
    {"PROXY", match_prefixed, {"proxy-", NULL}},
    {"PROXY?", match_prefixed, {"proxy-", "", NULL}},
    {"SUFFIX", match_prefixed, {"dsql-", NULL}},
    {"ACCOUNT", match_account, {NULL}},
    {"NUMBERED", match_numbered, {NULL}},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static bool match_label(struct label form, struct label label,
                        struct rds_endpoint *out)
{
    if (form.at[0] < 'A' || form.at[0] > 'Z')
        return match_literal(form, label);
    for (size_t i = 0; i < WORDS; i++) {
        if (label_is(form, words[i].word))
            return words[i].match(label, words[i].prefixes, out);
    }
    return false; /* cannot be: each form is tested */
}

/* ---- reading ----------------------------------------------------------- */

static bool match_labels(const char *form, const char *name,
                         struct rds_endpoint *out)
{
    out->region[0] = '\0';
    out->label[0] = '\0';
    out->partition = RDS_PARTITION_AWS;
    while (*form != '\0' && *name != '\0') {
        struct label expected = next_label(&form);

        if (label_is(expected, "DOMAIN"))
            return strcmp(name, domains[out->partition]) == 0;
        if (!match_label(expected, next_label(&name), out))
            return false;
    }
    return *form == '\0' && *name == '\0';
}

static bool match_form(const struct form *form, const char *name,
                       struct rds_endpoint *out)
{
    return match_labels(form->text, name, out) &&
           (form->partitions >> out->partition & 1) != 0;
}

/* Copies the name in lower case, without a final dot; judges its letters. */
static bool normalize(const char *name, size_t size,
                      char out[RDS_ENDPOINT_MAX + 1])
{
    size_t label = 0;

    if (size != 0 && name[size - 1] == '.')
        size--;
    if (size == 0 || size > RDS_ENDPOINT_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = name[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                   c == '-') {
            if (++label > RDS_LABEL_MAX)
                return false;
        } else {
            return false;
        }
        out[i] = c;
    }
    out[size] = '\0';
    return label != 0;
}

static bool ends_in(const char *text, const char *domain)
{
    size_t size = strlen(text), end = strlen(domain);

    return size > end && text[size - end - 1] == '.' &&
           memcmp(text + size - end, domain, end) == 0;
}

/*
 * Whether a form may end like this.  Almost every name that is asked about
 * belongs to somebody else; this spares it the table.
 */
static bool known_end(const char *text)
{
    for (size_t i = 0; i < RDS_PARTITIONS; i++) {
        if (ends_in(text, domains[i]))
            return true;
    }
    return ends_in(text, DSQL_DOMAIN);
}

bool rds_endpoint_read(const char *name, size_t size, struct rds_endpoint *out)
{
    char text[RDS_ENDPOINT_MAX + 1] = "";

    memset(out, 0, sizeof(*out));
    if (!normalize(name, size, text) || !known_end(text))
        return false;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (!match_form(&forms[i], text, out))
            continue;
        out->kind = forms[i].kind;
        out->family = forms[i].family;
        memcpy(out->name, text, sizeof(out->name));
        if (out->kind == RDS_ENDPOINT_DSQL ||
            out->kind == RDS_ENDPOINT_REDSHIFT)
            out->label[0] = '\0'; /* no account label stands there */
        return true;
    }
    return false;
}

/* ---- why a name is none ------------------------------------------------ */

/* Domains that look like AWS's, and that nobody knows the owner of. */
static const char *const unowned[] = {"amazonaws.au", "amazonaws.uk"};

/* Finds the first label with the shape of a region. */
static bool find_region(const char *text, struct rds_endpoint *out)
{
    while (*text != '\0') {
        if (match_region(next_label(&text), NULL, out))
            return true;
    }
    return false;
}

static const char *find_unowned(const char *text)
{
    for (size_t i = 0; i < sizeof(unowned) / sizeof(unowned[0]); i++) {
        if (ends_in(text, unowned[i]))
            return unowned[i];
    }
    return NULL;
}

/* Whether the name ends in a domain of AWS that its region is not in. */
static bool other_partition(const char *text, const struct rds_endpoint *found)
{
    bool dsql = ends_in(text, DSQL_DOMAIN) &&
                (COMMERCIAL >> found->partition & 1) != 0;

    return known_end(text) && !dsql &&
           !ends_in(text, domains[found->partition]);
}

const char *rds_endpoint_fault(char out[RDS_ENDPOINT_FAULT_MAX],
                               const char *name, size_t size)
{
    struct rds_endpoint found = {.partition = RDS_PARTITION_AWS};
    char text[RDS_ENDPOINT_MAX + 1] = "";
    bool good = normalize(name, size, text);
    bool region = find_region(text, &found);
    const char *unknown = find_unowned(text);

    if (good && unknown != NULL)
        (void)snprintf(out, RDS_ENDPOINT_FAULT_MAX,
                       "'%s' is not known to be a domain of AWS; endpoints "
                       "%s%s end in '.%s'",
                       unknown, region ? "in " : "of RDS", found.region,
                       domains[found.partition]);
    else if (good && region && other_partition(text, &found))
        (void)snprintf(out, RDS_ENDPOINT_FAULT_MAX,
                       "endpoints in %s end in '.%s'", found.region,
                       domains[found.partition]);
    else
        (void)snprintf(out, RDS_ENDPOINT_FAULT_MAX,
                       "not the name of an RDS or Aurora endpoint such as "
                       "mydb.abc123def.us-west-2.rds.amazonaws.com; for an "
                       "alias (CNAME) give the name that it points to");
    return out;
}
