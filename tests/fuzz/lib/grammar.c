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
enum where { NOT_CHINA, CHINA, ISOLATED, ISO, ISO_B, ANYWHERE };

static const struct {
    const char *expression;
    enum rds_endpoint_kind kind;
    bool proxy; /* served by Amazon Trust Services */
    enum where where;
    int label, region; /* which group holds it; 0: none */
} forms[] = {
    {ANY "\\." CLUSTER X "\\." REGION "\\." RDS
         "\\.amazonaws\\.(com|au|eu|uk)",
     RDS_ENDPOINT_DATABASE, false, NOT_CHINA, 2, 3},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_DATABASE, false, CHINA, 2, 4},
    {ANY "\\." CLUSTER X "\\." REGION "\\." RDS "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_DATABASE, false, CHINA, 2, 3},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.amazonaws\\.com",
     RDS_ENDPOINT_DATABASE, false, ISOLATED, 2, 4},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.c2s\\.ic\\.gov",
     RDS_ENDPOINT_DATABASE, false, ISO, 2, 4},
    {ANY "\\." CLUSTER X "\\." RDS "\\." REGION "\\.sc2s\\.sgov\\.gov",
     RDS_ENDPOINT_DATABASE, false, ISO_B, 2, 4},
    {ANY "\\.(global-)?" X "\\.global\\.rds\\.amazonaws\\.com",
     RDS_ENDPOINT_GLOBAL_WRITER, false, ANYWHERE, 2, 0},
    {ANY "\\." CLUSTER X "\\." REGION "\\.rds-preview\\.amazonaws\\.com",
     RDS_ENDPOINT_PREVIEW, false, NOT_CHINA, 2, 3},
    {ANY "\\.proxy-" X "\\." REGION "\\.rds\\.amazonaws\\.com",
     RDS_ENDPOINT_PROXY, true, NOT_CHINA, 1, 2},
    {ANY "\\.endpoint\\.(proxy-)?" X "\\." REGION "\\.rds\\.amazonaws\\.com",
     RDS_ENDPOINT_PROXY, true, NOT_CHINA, 2, 3},
    {ANY "\\.proxy-" X "\\.rds\\." REGION "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_PROXY, true, CHINA, 1, 2},
    {ANY "\\.proxy-" X "\\." REGION "\\.rds\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_PROXY, true, CHINA, 1, 2},
    {ANY "\\.endpoint\\.(proxy-)?" X "\\.rds\\." REGION
         "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_PROXY, true, CHINA, 2, 3},
    {ANY "\\.endpoint\\.(proxy-)?" X "\\." REGION
         "\\.rds\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_PROXY, true, CHINA, 2, 3},
    {ANY "\\.(cluster-|cluster-ro-)?" X "\\." REGION
         "\\.docdb\\.amazonaws\\.com",
     RDS_ENDPOINT_DOCDB, false, NOT_CHINA, 2, 3},
    {ANY "\\.(cluster-)?" X "\\.docdb\\." REGION "\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_DOCDB, false, CHINA, 2, 3},
    {ANY "-[0-9]{12}\\." REGION "\\.docdb-elastic\\.amazonaws\\.com",
     RDS_ENDPOINT_DOCDB_ELASTIC, true, NOT_CHINA, 0, 1},
    {ANY "\\.(cluster-|cluster-ro-)?" X "\\." REGION
         "\\.neptune\\.amazonaws\\.com",
     RDS_ENDPOINT_NEPTUNE, true, NOT_CHINA, 2, 3},
    {ANY "\\.dsql(-[a-z0-9]+)?\\." REGION "\\.on\\.aws", RDS_ENDPOINT_DSQL,
     true, NOT_CHINA, 0, 2},
    {ANY "\\.(" CLUSTER "[a-z0-9]+\\.)?" REGION
         "\\.redshift\\.amazonaws\\.com",
     RDS_ENDPOINT_REDSHIFT, true, NOT_CHINA, 0, 3},
    {ANY "\\.(" CLUSTER "[a-z0-9]+\\.)?" REGION
         "\\.redshift\\.amazonaws\\.com\\.cn",
     RDS_ENDPOINT_REDSHIFT, true, CHINA, 0, 3},
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))
#define GROUPS 8

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
    switch (where) {
    case NOT_CHINA:
        return !starts(region, "cn-");
    case CHINA:
        return starts(region, "cn-");
    case ISOLATED:
        return starts(region, "us-iso-") || starts(region, "us-isob-") ||
               starts(region, "eu-isoe-") || starts(region, "us-isof-");
    case ISO:
        return starts(region, "us-iso-");
    case ISO_B:
        return starts(region, "us-isob-");
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
    if (forms[i].region != 0 && !group(out->name, &groups[forms[i].region],
                                       out->region, sizeof(out->region)))
        return false;
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
