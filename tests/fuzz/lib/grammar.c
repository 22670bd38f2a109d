/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of endpoint names a second time, as regular expressions over
 * the whole name.  Written from AWS's documentation of the names, not from
 * the reader's table.
 */

#include "../fuzz.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#define ANY "[a-z0-9-]+"
#define X "([a-z0-9]+)"
#define REGION "([a-z]+-[a-z]+(-[a-z]+)*-[0-9][0-9]?)"
#define CLUSTER "(cluster-|cluster-ro-|cluster-custom-|shardgrp-)?"
#define RDS "rds(-fips)?"

/* Which regions a form is for. */
enum where {
    COMMERCIAL, /* aws and aws-us-gov */
    PUBLIC,     /* aws alone */
    GOV,
    CHINA,
    EUSC,
    ISO,
    ISO_B,
    ISO_E,
    ISO_F,
    ISOLATED,
    ANYWHERE
};

/* Both orders of a region and a service of one partition. */
#define TAIL(domain, service)                                                 \
    "\\.(" service "\\." REGION "|" REGION "\\." service ")\\." domain
#define DATABASES(domain, where)                                              \
    {                                                                         \
        ANY "\\." CLUSTER X TAIL(domain, RDS), RDS_ENDPOINT_DATABASE, false,  \
            where, 2,                                                         \
        {                                                                     \
            5, 7                                                              \
        }                                                                     \
    }
#define PROXIES(domain, where)                                                \
    {                                                                         \
        ANY "\\.(endpoint\\.(proxy-)?|proxy-)" X TAIL(domain, "rds"),         \
            RDS_ENDPOINT_PROXY, true, where, 3,                               \
        {                                                                     \
            5, 7                                                              \
        }                                                                     \
    }

static const struct {
    const char *expression;
    enum rds_endpoint_kind kind;
    bool proxy; /* served by Amazon Trust Services */
    enum where where;
    int label, region[2]; /* which groups hold it; 0: none */
} forms[] = {
    {ANY "\\." CLUSTER X "\\." REGION "\\." RDS "\\.amazonaws\\.com",
     RDS_ENDPOINT_DATABASE,
     false,
     COMMERCIAL,
     2,
     {3, 0}},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.amazonaws\\.com",
     RDS_ENDPOINT_DATABASE,
     false,
     GOV,
     2,
     {4, 0}},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.amazonaws\\.com",
     RDS_ENDPOINT_DATABASE,
     false,
     ISOLATED,
     2,
     {4, 0}},
    DATABASES("amazonaws\\.com\\.cn", CHINA),
    DATABASES("amazonaws\\.eu", EUSC),
    DATABASES("c2s\\.ic\\.gov", ISO),
    DATABASES("sc2s\\.sgov\\.gov", ISO_B),
    DATABASES("cloud\\.adc-e\\.uk", ISO_E),
    DATABASES("csp\\.hci\\.ic\\.gov", ISO_F),
    {ANY "\\.(global-)?" X "\\.global\\.rds\\.amazonaws\\.com",
     RDS_ENDPOINT_GLOBAL_WRITER,
     false,
     ANYWHERE,
     2,
     {0, 0}},
    {ANY "\\." CLUSTER X "\\." REGION "\\.rds-preview\\.amazonaws\\.com",
     RDS_ENDPOINT_PREVIEW,
     false,
     PUBLIC,
     2,
     {3, 0}},
    {ANY "\\.(endpoint\\.(proxy-)?|proxy-)" X "\\." REGION
         "\\.rds\\.amazonaws\\.com",
     RDS_ENDPOINT_PROXY,
     true,
     COMMERCIAL,
     3,
     {4, 0}},
    PROXIES("amazonaws\\.com\\.cn", CHINA),
    PROXIES("amazonaws\\.eu", EUSC),
    PROXIES("c2s\\.ic\\.gov", ISO),
    PROXIES("sc2s\\.sgov\\.gov", ISO_B),
    PROXIES("cloud\\.adc-e\\.uk", ISO_E),
    PROXIES("csp\\.hci\\.ic\\.gov", ISO_F),
    {ANY "\\.(cluster-|cluster-ro-)?" X "\\." REGION
         "\\.docdb\\.amazonaws\\.com",
     RDS_ENDPOINT_DOCDB,
     false,
     COMMERCIAL,
     2,
     {3, 0}},
    {ANY "\\.(cluster-|cluster-ro-)?" X "\\.docdb\\." REGION
         "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_DOCDB,
     false,
     CHINA,
     2,
     {3, 0}},
    {ANY "-[0-9]{12}\\." REGION "\\.docdb-elastic\\.amazonaws\\.com",
     RDS_ENDPOINT_DOCDB_ELASTIC,
     true,
     COMMERCIAL,
     0,
     {1, 0}},
    {ANY "\\." CLUSTER X "\\." REGION "\\.neptune\\.amazonaws\\.com",
     RDS_ENDPOINT_NEPTUNE,
     true,
     COMMERCIAL,
     2,
     {3, 0}},
    {ANY "\\." CLUSTER X TAIL("amazonaws\\.com\\.cn", "neptune"),
     RDS_ENDPOINT_NEPTUNE,
     true,
     CHINA,
     2,
     {4, 6}},
    {ANY "\\.dsql(-[a-z0-9]+)?\\." REGION "\\.on\\.aws",
     RDS_ENDPOINT_DSQL,
     true,
     COMMERCIAL,
     0,
     {2, 0}},
    {ANY "\\.(" CLUSTER "[a-z0-9]+\\.)?" REGION
         "\\.redshift\\.amazonaws\\.com",
     RDS_ENDPOINT_REDSHIFT,
     true,
     COMMERCIAL,
     0,
     {3, 0}},
    {ANY "\\.(" CLUSTER "[a-z0-9]+\\.)?" REGION
         "\\.redshift\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_REDSHIFT,
     true,
     CHINA,
     0,
     {3, 0}},
    {ANY "\\.([0-9]{12})\\." REGION "\\.redshift-serverless\\.amazonaws\\.com",
     RDS_ENDPOINT_REDSHIFT_SERVERLESS,
     true,
     COMMERCIAL,
     1,
     {2, 0}},
    {ANY "\\.([0-9]{12})\\." REGION
         "\\.redshift-serverless\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_REDSHIFT_SERVERLESS,
     true,
     CHINA,
     1,
     {2, 0}},
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))
#define GROUPS 10

static const regex_t *compiled(size_t i)
{
    static regex_t made[FORMS];
    static bool ready[FORMS];
    char whole[512];

    if (!ready[i]) {
        NEED(snprintf(whole, sizeof(whole), "^%s$", forms[i].expression) <
             (int)sizeof(whole));
        NEED(regcomp(&made[i], whole, REG_EXTENDED) == 0);
        ready[i] = true;
    }
    return &made[i];
}

/* Lower case, no final dot, labels of at most 63 letters. */
static bool fold(const char *name, size_t size, char out[RDS_ENDPOINT_MAX + 1])
{
    size_t label = 0;

    if (size != 0 && name[size - 1] == '.')
        size--;
    if (size == 0 || size > RDS_ENDPOINT_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        out[i] = name[i];
        if (name[i] == '\0')
            return false;
        if (name[i] >= 'A' && name[i] <= 'Z')
            out[i] = "abcdefghijklmnopqrstuvwxyz"[name[i] - 'A'];
        label = name[i] == '.' ? 0 : label + 1;
        if (label > RDS_LABEL_MAX)
            return false;
    }
    out[size] = '\0';
    return true;
}

static bool starts(const char *region, const char *prefix)
{
    return strncmp(region, prefix, strlen(prefix)) == 0;
}

static bool region_fits(enum where where, const char *region)
{
    bool isolated = starts(region, "us-iso-") || starts(region, "us-isob-") ||
                    starts(region, "eu-isoe-") || starts(region, "us-isof-");
    bool other = isolated || starts(region, "cn-") || starts(region, "eusc-");

    switch (where) {
    case COMMERCIAL:
        return !other;
    case PUBLIC:
        return !other && !starts(region, "us-gov-");
    case GOV:
        return starts(region, "us-gov-");
    case CHINA:
        return starts(region, "cn-");
    case EUSC:
        return starts(region, "eusc-");
    case ISO:
        return starts(region, "us-iso-");
    case ISO_B:
        return starts(region, "us-isob-");
    case ISO_E:
        return starts(region, "eu-isoe-");
    case ISO_F:
        return starts(region, "us-isof-");
    case ISOLATED:
        return isolated;
    case ANYWHERE:
        break;
    }
    return true;
}

static bool group(const char *name, const regmatch_t *match, char *out,
                  size_t room)
{
    size_t size = (size_t)(match->rm_eo - match->rm_so);

    if (size >= room)
        return false;
    memcpy(out, name + match->rm_so, size);
    out[size] = '\0';
    return true;
}

static bool form_reads(size_t i, struct rds_endpoint *out)
{
    regmatch_t groups[GROUPS];

    out->region[0] = out->label[0] = '\0';
    if (regexec(compiled(i), out->name, GROUPS, groups, 0) != 0)
        return false;
    if (forms[i].label != 0)
        NEED(group(out->name, &groups[forms[i].label], out->label,
                   sizeof(out->label)));
    for (size_t j = 0; j < 2; j++) {
        const regmatch_t *match = &groups[forms[i].region[j]];

        if (forms[i].region[j] != 0 && match->rm_so >= 0 &&
            !group(out->name, match, out->region, sizeof(out->region)))
            return false;
    }
    if (!region_fits(forms[i].where, out->region))
        return false;
    out->partition = rds_region_partition(out->region, strlen(out->region));
    out->kind = forms[i].kind;
    out->family = forms[i].proxy ? RDS_FAMILY_PROXY : RDS_FAMILY_RDS;
    return true;
}

bool grammar_reads(const char *name, size_t size, struct rds_endpoint *out)
{
    memset(out, 0, sizeof(*out));
    if (!fold(name, size, out->name))
        return false;
    for (size_t i = 0; i < FORMS; i++) {
        if (form_reads(i, out))
            return true;
    }
    return false;
}

bool grammar_reads_wildcard(const char *name, size_t size,
                            struct rds_endpoint *out)
{
    static const char *const labels[] = {"x", "x-111111111111"};
    char text[RDS_ENDPOINT_MAX + 16];
    size_t label;

    if (size < 2 || size > RDS_ENDPOINT_MAX || memcmp(name, "*.", 2) != 0)
        return grammar_reads(name, size, out);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        label = strlen(labels[i]);
        memcpy(text, labels[i], label);
        memcpy(text + label, name + 1, size - 1);
        if (grammar_reads(text, label + size - 1, out)) {
            out->name[0] = '*';
            memmove(out->name + 1, out->name + label,
                    strlen(out->name + label) + 1);
            return true;
        }
    }
    return false;
}
