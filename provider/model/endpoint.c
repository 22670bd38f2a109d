/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint names, by a table of their forms.  Refuses names that only end
 * like an endpoint: a form covers all labels of a name.
 */

#include "rds/endpoint.h"

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
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) ==
                   RDS_ENDPOINT_KINDS,
               "every kind has a name");

const char *rds_endpoint_kind_name(enum rds_endpoint_kind kind)
{
    return (unsigned)kind < RDS_ENDPOINT_KINDS ? kind_names[kind] : "?";
}

/*
 * The forms, a label between two dots.  Capitals stand for
 *   N  any label
 *   P  [cluster- / cluster-ro- / cluster-custom- / shardgrp-] account label
 *   D  [cluster- / cluster-ro-] account label
 *   G  [global-] account label
 *   Q  proxy- account label
 *   V  [proxy-] account label
 *   R  a region
 *   S  dsql- suffix
 *   E  any, -, an account number of 12 digits
 *   C  [cluster-] account label
 * and | separates alternatives of a literal label.
 */
static const struct {
    const char *form;
    enum rds_endpoint_kind kind;
    enum rds_family family;
    const char *partition; /* whose regions may stand there: a name, with *
                              a prefix of names; NULL: any but aws-cn */
} forms[] = {
    {"N.P.R.rds|rds-fips.amazonaws.com|au|eu|uk", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, NULL},
    {"N.P.rds|rds-fips.R.amazonaws.com.cn", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, "aws-cn"},
    {"N.P.R.rds|rds-fips.amazonaws.com.cn", RDS_ENDPOINT_DATABASE,
     RDS_FAMILY_RDS, "aws-cn"},
    {"N.P.rds|rds-fips.R.amazonaws.com", RDS_ENDPOINT_DATABASE, RDS_FAMILY_RDS,
     "aws-iso*"},
    {"N.P.rds|rds-fips.R.c2s.ic.gov", RDS_ENDPOINT_DATABASE, RDS_FAMILY_RDS,
     "aws-iso"},
    {"N.P.rds|rds-fips.R.sc2s.sgov.gov", RDS_ENDPOINT_DATABASE, RDS_FAMILY_RDS,
     "aws-iso-b"},
    {"N.G.global.rds.amazonaws.com", RDS_ENDPOINT_GLOBAL_WRITER,
     RDS_FAMILY_RDS, NULL},
    {"N.P.R.rds-preview.amazonaws.com", RDS_ENDPOINT_PREVIEW, RDS_FAMILY_RDS,
     NULL},
    {"N.Q.R.rds.amazonaws.com", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY, NULL},
    {"N.endpoint.V.R.rds.amazonaws.com", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY,
     NULL},
    {"N.Q.rds.R.amazonaws.com.cn", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY,
     "aws-cn"},
    {"N.Q.R.rds.amazonaws.com.cn", RDS_ENDPOINT_PROXY, RDS_FAMILY_PROXY,
     "aws-cn"},
    {"N.endpoint.V.rds.R.amazonaws.com.cn", RDS_ENDPOINT_PROXY,
     RDS_FAMILY_PROXY, "aws-cn"},
    {"N.endpoint.V.R.rds.amazonaws.com.cn", RDS_ENDPOINT_PROXY,
     RDS_FAMILY_PROXY, "aws-cn"},
    {"N.D.R.docdb.amazonaws.com", RDS_ENDPOINT_DOCDB, RDS_FAMILY_RDS, NULL},
    {"N.C.docdb.R.amazonaws.com.cn", RDS_ENDPOINT_DOCDB, RDS_FAMILY_RDS,
     "aws-cn"},
    {"E.R.docdb-elastic.amazonaws.com", RDS_ENDPOINT_DOCDB_ELASTIC,
     RDS_FAMILY_PROXY, NULL},
    {"N.D.R.neptune.amazonaws.com", RDS_ENDPOINT_NEPTUNE, RDS_FAMILY_PROXY,
     NULL},
    {"N.dsql.R.on.aws", RDS_ENDPOINT_DSQL, RDS_FAMILY_PROXY, NULL},
    {"N.S.R.on.aws", RDS_ENDPOINT_DSQL, RDS_FAMILY_PROXY, NULL},
    {"N.R.redshift.amazonaws.com", RDS_ENDPOINT_REDSHIFT, RDS_FAMILY_PROXY,
     NULL},
    {"N.P.R.redshift.amazonaws.com", RDS_ENDPOINT_REDSHIFT, RDS_FAMILY_PROXY,
     NULL},
    {"N.R.redshift.amazonaws.com.cn", RDS_ENDPOINT_REDSHIFT, RDS_FAMILY_PROXY,
     "aws-cn"},
    {"N.P.R.redshift.amazonaws.com.cn", RDS_ENDPOINT_REDSHIFT,
     RDS_FAMILY_PROXY, "aws-cn"},
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

/* An account label, not empty: letters and digits only. */
static bool match_account(struct label label, struct rds_endpoint *out)
{
    for (size_t i = 0; i < label.size; i++) {
        if (label.at[i] == '-')
            return false;
    }
    memcpy(out->label, label.at, label.size);
    out->label[label.size] = '\0';
    return true;
}

/* An account label behind one of the prefixes; "" among them: or none. */
static bool match_prefixed(struct label label, const char *const *prefixes,
                           struct rds_endpoint *out)
{
    for (; *prefixes != NULL; prefixes++) {
        size_t size = strlen(*prefixes);

        if (label.size > size && memcmp(label.at, *prefixes, size) == 0 &&
            match_account((struct label){label.at + size, label.size - size},
                          out))
            return true;
    }
    return false;
}

/* Something, a hyphen, an account number. */
static bool match_numbered(struct label label)
{
    const size_t digits = 12;

    if (label.size < digits + 2 || label.at[label.size - digits - 1] != '-')
        return false;
    for (size_t i = label.size - digits; i < label.size; i++) {
        if (label.at[i] < '0' || label.at[i] > '9')
            return false;
    }
    return true;
}

static bool match_label(struct label form, struct label label,
                        struct rds_endpoint *out)
{
    static const char *const database[] = {
        "cluster-", "cluster-ro-", "cluster-custom-", "shardgrp-", "", NULL};
    static const char *const docdb[] = {"cluster-", "cluster-ro-", "", NULL};
    static const char *const cluster[] = {"cluster-", "", NULL};
    static const char *const global[] = {"global-", "", NULL};
    static const char *const proxy[] = {"proxy-", NULL};
    static const char *const proxy_or_none[] = {"proxy-", "", NULL};
    static const char *const dsql[] = {"dsql-", NULL};

    switch (form.at[0]) {
    case 'N':
        return label.size != 0;
    case 'P':
        return match_prefixed(label, database, out);
    case 'D':
        return match_prefixed(label, docdb, out);
    case 'C':
        return match_prefixed(label, cluster, out);
    case 'E':
        return match_numbered(label);
    case 'G':
        return match_prefixed(label, global, out);
    case 'Q':
        return match_prefixed(label, proxy, out);
    case 'V':
        return match_prefixed(label, proxy_or_none, out);
    case 'S':
        return match_prefixed(label, dsql, out);
    case 'R':
        if (!rds_region_shape(label.at, label.size))
            return false;
        memcpy(out->region, label.at, label.size);
        out->region[label.size] = '\0';
        return true;
    default:
        return match_literal(form, label);
    }
}

static bool match_form(const char *form, const char *name,
                       struct rds_endpoint *out)
{
    out->region[0] = '\0';
    out->label[0] = '\0';
    while (*form != '\0' && *name != '\0') {
        struct label expected = next_label(&form), found = next_label(&name);

        if (!match_label(expected, found, out))
            return false;
    }
    return *form == '\0' && *name == '\0';
}

/* Whether a region of this partition may stand in the form. */
static bool match_partition(const char *wanted, struct rds_endpoint *out)
{
    size_t size;

    out->partition = rds_region_partition(out->region, strlen(out->region));
    if (wanted == NULL)
        return out->partition != RDS_PARTITION_AWS_CN;
    size = strcspn(wanted, "*");
    if (wanted[size] == '*')
        return strncmp(rds_partition_name(out->partition), wanted, size) == 0;
    return strcmp(rds_partition_name(out->partition), wanted) == 0;
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

/*
 * Whether a form may end like this.  Almost every name that is asked about
 * belongs to somebody else; this spares it the table.
 */
static bool known_end(const char *text)
{
    static const char *const ends[] = {".amazonaws.com", ".amazonaws.com.cn",
                                       ".amazonaws.au",  ".amazonaws.eu",
                                       ".amazonaws.uk",  ".on.aws",
                                       ".c2s.ic.gov",    ".sc2s.sgov.gov"};
    size_t size = strlen(text);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);

        if (size > end && memcmp(text + size - end, ends[i], end) == 0)
            return true;
    }
    return false;
}

bool rds_endpoint_read(const char *name, size_t size, struct rds_endpoint *out)
{
    char text[RDS_ENDPOINT_MAX + 1] = "";

    memset(out, 0, sizeof(*out));
    if (!normalize(name, size, text) || !known_end(text))
        return false;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (match_form(forms[i].form, text, out) &&
            match_partition(forms[i].partition, out)) {
            out->kind = forms[i].kind;
            out->family = forms[i].family;
            memcpy(out->name, text, sizeof(out->name));
            if (out->kind == RDS_ENDPOINT_DSQL ||
                out->kind == RDS_ENDPOINT_REDSHIFT)
                out->label[0] = '\0'; /* no account label stands there */
            return true;
        }
    }
    return false;
}
