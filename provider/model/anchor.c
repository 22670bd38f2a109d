/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anchors describe themselves: from the common names and dates of a
 * certificate to region, CA identifier, role and stage.  Refuses a
 * certificate whose names follow none of AWS's rules.
 */

#include "rds/anchor.h"

#include <stdio.h>
#include <string.h>

#define RDS_PREFIX "Amazon RDS "

static const char *const role_names[] = {"root", "intermediate"};
static const char *const stage_names[] = {"production", "beta", "preview"};

_Static_assert(sizeof(role_names) / sizeof(role_names[0]) == RDS_ROLES,
               "every role has a name");
_Static_assert(sizeof(stage_names) / sizeof(stage_names[0]) == RDS_STAGES,
               "every stage has a name");

const char *rds_role_name(enum rds_role role)
{
    return (unsigned)role < RDS_ROLES ? role_names[role] : "?";
}

const char *rds_stage_name(enum rds_stage stage)
{
    return (unsigned)stage < RDS_STAGES ? stage_names[stage] : "?";
}

/*
 * Certificates whose names do not say what they are: each is known by its
 * common name, the year in which its validity starts, and its issuer.
 * `year` 0: any; `issuer` NULL: itself; `alias` NULL: `ca`.
 * Sources: Amazon RDS user guide, "Using SSL/TLS to encrypt a connection", and
 * its edition for AWS GovCloud (US); amazontrust.com/repository.
 */
static const struct fixed_name {
    const char *cn;
    const char *issuer;
    const char *ca;
    const char *region; /* "": serves many */
    const char *alias;
    int year; /* of not_before */
    enum rds_family family;
} fixed_names[] = {
    {"aws.amazon.com/rds/", NULL, "rds-ca-2010", "", NULL, 2010,
     RDS_FAMILY_RDS},
    {"aws.amazon.com/rds/", NULL, "rds-ca-2012", "", NULL, 2012,
     RDS_FAMILY_RDS},
    /* "CN", but the root of us-gov-east-1; no region in China used it. */
    {"Amazon RDS CN Root CA", NULL, "rds-ca-2017", "us-gov-east-1",
     "rds-ca-us-gov-east-1-2017-root", 2018, RDS_FAMILY_RDS},
    {"Amazon RDS us-gov-east-1 CA", "Amazon RDS CN Root CA", "rds-ca-2017",
     "us-gov-east-1", "rds-ca-2017-us-gov-east-1-intermediate", 2018,
     RDS_FAMILY_RDS},
    {"Amazon Root CA 1", NULL, "amazon-root-ca-1", "", NULL, 0,
     RDS_FAMILY_PROXY},
    {"Amazon Root CA 2", NULL, "amazon-root-ca-2", "", NULL, 0,
     RDS_FAMILY_PROXY},
    {"Amazon Root CA 3", NULL, "amazon-root-ca-3", "", NULL, 0,
     RDS_FAMILY_PROXY},
    {"Amazon Root CA 4", NULL, "amazon-root-ca-4", "", NULL, 0,
     RDS_FAMILY_PROXY},
    {"Starfield Services Root Certificate Authority - G2", NULL,
     "starfield-services-root-g2", "", NULL, 0, RDS_FAMILY_PROXY},
};

#define FIXED_NAMES (sizeof(fixed_names) / sizeof(fixed_names[0]))

/* How the generation is told. */
enum generation {
    BY_NUMBER, /* "RSA2048 G1" stands in the name */
    BY_YEAR,   /* "2019" stands in the name */
    BY_DATE,   /* the year of not_before, or the issuer's name */
    BY_ISSUER, /* "RSA2048 G1" is in the name and in that of the issuer, a
                * root of the same region */
};

/*
 * What follows "Amazon RDS ", the stage and the region in a common name.
 * A is an algorithm, G a generation such as G1 or G1.A.2, Y a year.
 */
static const struct {
    const char *form;
    enum rds_role role;
    enum generation generation;
    bool region; /* a region stands before it */
    bool shared; /* none does */
} forms[] = {
    {"Root CA A G", RDS_ROLE_ROOT, BY_NUMBER, true, false},
    {"Subordinate CA A G", RDS_ROLE_INTERMEDIATE, BY_NUMBER, true, false},
    /* GovCloud, 2022; says so little that the issuer must bear it out. */
    {"A G", RDS_ROLE_INTERMEDIATE, BY_ISSUER, true, false},
    {"Root Y CA", RDS_ROLE_ROOT, BY_YEAR, false, true},
    {"Y CA", RDS_ROLE_INTERMEDIATE, BY_YEAR, true, false},
    {"Root CA", RDS_ROLE_ROOT, BY_DATE, true, true},
    {"CA", RDS_ROLE_INTERMEDIATE, BY_DATE, true, false},
};

/* A word of a common name. */
struct word {
    const char *at;
    size_t size;
};

static struct word next_word(const char **text)
{
    struct word word = {*text, strcspn(*text, " ")};

    *text += word.size;
    if (**text == ' ')
        (*text)++;
    return word;
}

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.size && memcmp(word.at, text, word.size) == 0;
}

static bool only(struct word word, const char *allowed)
{
    return word.size != 0 && strspn(word.at, allowed) >= word.size;
}

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What the placeholders of a form stood for. */
struct matched {
    struct word algorithm, number, year;
};

/* G1, or in a subordinate's name G1.A.2: one letter, one number. */
static bool match_generation(struct word word, struct word *number)
{
    const char *end = word.at + word.size, *at;

    if (word.size < 2 || word.at[0] != 'G' || word.at[1] == '0')
        return false;
    *number = (struct word){word.at + 1, strspn(word.at + 1, DIGITS)};
    at = number->at + number->size;
    if (number->size == 0 || number->size > 3)
        return false;
    if (at == end)
        return true;
    return end - at >= 4 && at[0] == '.' && at[1] >= 'A' && at[1] <= 'Z' &&
           at[2] == '.' &&
           only((struct word){at + 3, (size_t)(end - at - 3)}, DIGITS);
}

static bool match_word(char placeholder, struct word word, struct matched *out)
{
    switch (placeholder) {
    case 'A':
        out->algorithm = word;
        return word.size <= 8 && only(word, CAPITALS DIGITS);
    case 'G':
        return match_generation(word, &out->number);
    default: /* Y */
        out->year = word;
        return word.size == 4 && only(word, DIGITS);
    }
}

static bool match_form(const char *form, const char *text, struct matched *out)
{
    while (*form != '\0' && *text != '\0') {
        struct word expected = next_word(&form), found = next_word(&text);
        bool placeholder = expected.size == 1;

        if (placeholder ? !match_word(expected.at[0], found, out)
                        : found.size != expected.size ||
                              memcmp(found.at, expected.at, found.size) != 0)
            return false;
    }
    return *form == '\0' && *text == '\0';
}

static void set_region(struct rds_anchor *out, struct word word)
{
    memcpy(out->region, word.at, word.size);
    out->region[word.size] = '\0';
    out->partition = (uint8_t)rds_region_partition(word.at, word.size);
}

/* Takes "Beta"/"Preview", then a region or what stands in its place. */
static const char *read_place(struct rds_anchor *out, const char *text)
{
    static const char old_preview[] = "preview-";
    const char *rest = text;
    struct word word = next_word(&rest);

    if (word_is(word, "Beta") || word_is(word, "Preview")) {
        out->stage = word.at[0] == 'B' ? RDS_STAGE_BETA : RDS_STAGE_PREVIEW;
        text = rest;
        word = next_word(&rest);
    }
    if (word.size > sizeof(old_preview) - 1 &&
        memcmp(word.at, old_preview, sizeof(old_preview) - 1) == 0) {
        if (out->stage != RDS_STAGE_PRODUCTION)
            return text;
        out->stage = RDS_STAGE_PREVIEW;
        word.at += sizeof(old_preview) - 1;
        word.size -= sizeof(old_preview) - 1;
    }
    if (rds_region_shape(word.at, word.size)) {
        set_region(out, word);
        return rest;
    }
    if (word_is(word, "CN")) {
        out->partition = RDS_PARTITION_AWS_CN;
        return rest;
    }
    if (word_is(word, "GovCloud")) {
        out->partition = RDS_PARTITION_AWS_US_GOV;
        return rest;
    }
    return text;
}

static unsigned year_of(int64_t seconds)
{
    char date[RDS_DATE_MAX];
    unsigned year = 0;

    (void)rds_date_write(date, seconds);
    for (size_t i = 0; i < 4; i++)
        year = year * 10 + (unsigned)(date[i] - '0');
    return year;
}

/*
 * The generation of a name without one.  The intermediates of 2015 were
 * issued until 2018, so there the issuer decides.
 */
static unsigned generation_year(const struct rds_certificate *certificate,
                                enum rds_role role)
{
    if (role == RDS_ROLE_INTERMEDIATE) {
        if (strcmp(certificate->issuer_cn, RDS_PREFIX "Root CA") == 0)
            return 2015;
        if (strcmp(certificate->issuer_cn, RDS_PREFIX "GovCloud Root CA") == 0)
            return 2017;
    }
    return year_of(certificate->not_before);
}

static void set_ca(struct rds_anchor *out, enum generation generation,
                   const struct matched *matched,
                   const struct rds_certificate *certificate)
{
    switch (generation) {
    case BY_NUMBER:
    case BY_ISSUER:
        (void)snprintf(out->ca, sizeof(out->ca), "rds-ca-%.*s-g%.*s",
                       (int)matched->algorithm.size, matched->algorithm.at,
                       (int)matched->number.size, matched->number.at);
        break;
    case BY_YEAR:
        (void)snprintf(out->ca, sizeof(out->ca), "rds-ca-%.*s",
                       (int)matched->year.size, matched->year.at);
        break;
    case BY_DATE:
        (void)snprintf(out->ca, sizeof(out->ca), "rds-ca-%u",
                       generation_year(certificate, out->role));
        break;
    }
    for (char *c = out->ca; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    }
}

static const struct fixed_name *
find_fixed(const struct rds_certificate *certificate)
{
    for (size_t i = 0; i < FIXED_NAMES; i++) {
        const struct fixed_name *name = &fixed_names[i];

        if (strcmp(name->cn, certificate->subject_cn) == 0 &&
            (name->issuer == NULL ||
             strcmp(name->issuer, certificate->issuer_cn) == 0) &&
            (name->year == 0 ||
             year_of(certificate->not_before) == (unsigned)name->year))
            return name;
    }
    return NULL;
}

static void set_fixed(struct rds_anchor *out, const struct fixed_name *name)
{
    out->family = (uint8_t)name->family;
    out->role = name->issuer == NULL ? RDS_ROLE_ROOT : RDS_ROLE_INTERMEDIATE;
    if (name->region[0] != '\0')
        set_region(out, (struct word){name->region, strlen(name->region)});
    (void)snprintf(out->ca, sizeof(out->ca), "%s", name->ca);
    (void)snprintf(out->alias, sizeof(out->alias), "%s",
                   name->alias != NULL ? name->alias : name->ca);
}

/*
 * "Amazon RDS cn-northwest-1 CA" was issued by a G1 root: an intermediate
 * without a generation in its name has that of such an issuer.
 */
static bool issuer_generation(const struct rds_certificate *certificate,
                              struct matched *matched)
{
    struct rds_anchor place = {0};
    const char *text = certificate->issuer_cn;

    if (strncmp(text, RDS_PREFIX, strlen(RDS_PREFIX)) != 0)
        return false;
    text = read_place(&place, text + strlen(RDS_PREFIX));
    return place.region[0] != '\0' && match_form("Root CA A G", text, matched);
}

/* A name with a region or what stands in its place, by the forms. */
static bool match_name(struct rds_anchor *out, const char *cn,
                       struct matched *matched, enum generation *generation)
{
    const char *text = cn;

    if (strncmp(text, RDS_PREFIX, strlen(RDS_PREFIX)) != 0 ||
        text[strlen(text) - 1] == ' ')
        return false;
    text = read_place(out, text + strlen(RDS_PREFIX));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (!match_form(forms[i].form, text, matched) ||
            !(out->region[0] != '\0' ? forms[i].region : forms[i].shared))
            continue;
        out->role = (uint8_t)forms[i].role;
        *generation = forms[i].generation;
        return true;
    }
    return false;
}

/*
 * AWS's file name for the certificate, without its suffix.  Where AWS never
 * had a file for it, the name that the same pattern gives.
 */
static void set_alias(struct rds_anchor *out)
{
    static const char *const stage_words[] = {"", "beta-", "preview-"};
    const char *stage = stage_words[out->stage];
    char year[sizeof(out->ca)]; /* bounded, for gcc on 32 bits */
    bool root = out->role == RDS_ROLE_ROOT;
    char *to = out->alias;
    size_t room = sizeof(out->alias);
    bool by_year;

    (void)snprintf(year, sizeof(year), "%s", out->ca + strlen("rds-ca-"));
    by_year = strspn(year, DIGITS) == strlen(year);
    if (!by_year)
        (void)snprintf(to, room, "%s%s-%s%s", stage, out->region, out->ca,
                       root ? "" : "-subordinate");
    else if (root && out->region[0] == '\0' &&
             out->partition == RDS_PARTITION_AWS_US_GOV)
        (void)snprintf(to, room, "rds-ca-us-gov-west-1-%s-root", year);
    else if (root && out->region[0] != '\0')
        (void)snprintf(to, room, "rds-ca-%s%s-%s-root", stage, out->region,
                       year);
    else if (root)
        (void)snprintf(to, room, "rds-ca-%s-%s%sroot", year, stage,
                       out->partition == RDS_PARTITION_AWS_CN ? "cn-" : "");
    else
        (void)snprintf(to, room, "rds-ca-%s-%s%s", year, stage, out->region);
}

static bool match_names(struct rds_anchor *out,
                        const struct rds_certificate *certificate,
                        enum generation *generation)
{
    struct matched matched = {{"", 0}, {"", 0}, {"", 0}};
    const struct fixed_name *fixed = find_fixed(certificate);

    *generation = BY_DATE;
    if (fixed != NULL) {
        set_fixed(out, fixed);
        return true;
    }
    if (!match_name(out, certificate->subject_cn, &matched, generation))
        return false;
    if (*generation == BY_DATE && out->role == RDS_ROLE_INTERMEDIATE &&
        issuer_generation(certificate, &matched))
        *generation = BY_NUMBER;
    set_ca(out, *generation, &matched, certificate);
    set_alias(out);
    return true;
}

/* Whether the issuer's name is that of the root of the same CA. */
static bool issuer_agrees(const struct rds_anchor *anchor,
                          const struct rds_certificate *certificate)
{
    struct rds_anchor issuer;

    return rds_anchor_read_name(&issuer, certificate->issuer_cn) &&
           issuer.role == RDS_ROLE_ROOT && issuer.stage == anchor->stage &&
           strcmp(issuer.region, anchor->region) == 0 &&
           strcmp(issuer.ca, anchor->ca) == 0;
}

bool rds_anchor_read_name(struct rds_anchor *out, const char *cn)
{
    struct matched matched = {{"", 0}, {"", 0}, {"", 0}};
    enum generation generation;

    memset(out, 0, sizeof(*out));
    if (!match_name(out, cn, &matched, &generation))
        return false;
    for (size_t i = 0; i < FIXED_NAMES; i++) {
        if (fixed_names[i].issuer == NULL &&
            strcmp(fixed_names[i].cn, cn) == 0) {
            set_fixed(out, &fixed_names[i]);
            out->alias[0] = '\0';
            return true;
        }
    }
    if (generation != BY_DATE)
        set_ca(out, generation, &matched, NULL);
    return true;
}

/*
 * One of these is in every root's name, the second for "aws.amazon.com/rds/";
 * intermediates say "Subordinate CA", just "CA", or neither.
 */
static const char *const root_words[] = {"root", "rds/"};

#define ROOT_WORD_SIZE 4

/* In any case; other bytes than letters are equal to themselves at least. */
static bool root_word_at(const unsigned char *at)
{
    for (size_t i = 0; i < sizeof(root_words) / sizeof(root_words[0]); i++) {
        const char *word = root_words[i];
        size_t same = 0;

        while (same < ROOT_WORD_SIZE &&
               (at[same] | 0x20) == (word[same] | 0x20))
            same++;
        if (same == ROOT_WORD_SIZE)
            return true;
    }
    return false;
}

bool rds_name_may_be_root(const unsigned char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        /* A letter may have two or four bytes there: hard to tell. */
        if (name[i] == RDS_DER_BMP_STRING ||
            name[i] == RDS_DER_UNIVERSAL_STRING)
            return true;
        if ((name[i] | 0x20) == 'r' && size - i >= ROOT_WORD_SIZE &&
            root_word_at(name + i))
            return true;
    }
    return false;
}

/* Whether subject and issuer fit the role that the names tell. */
static bool judge_role(const struct rds_anchor *anchor,
                       const struct rds_certificate *certificate,
                       const unsigned char *der, enum generation generation,
                       struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX], issuer[RDS_QUOTE_MAX];
    bool self_issued =
        certificate->subject.size == certificate->issuer.size &&
        memcmp(der + certificate->subject.at, der + certificate->issuer.at,
               certificate->subject.size) == 0;

    (void)rds_quote(quoted, certificate->subject_cn,
                    strlen(certificate->subject_cn));
    if (self_issued != (anchor->role == RDS_ROLE_ROOT))
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' names %s, but its issuer is %s", quoted,
                        self_issued ? "an intermediate" : "a root",
                        self_issued ? "itself" : "another");
    if (generation == BY_ISSUER && !issuer_agrees(anchor, certificate))
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' was issued by '%s', not by the root of its "
                        "region and CA",
                        quoted,
                        rds_quote(issuer, certificate->issuer_cn,
                                  strlen(certificate->issuer_cn)));
    if (anchor->role == RDS_ROLE_ROOT &&
        !rds_name_may_be_root(der + certificate->subject.at,
                              certificate->subject.size))
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' has none of the words of a root's name", quoted);
    return true;
}

bool rds_anchor_describe(struct rds_anchor *out, const unsigned char *der,
                         size_t size, const unsigned char *sha256,
                         uint32_t der_at, struct rds_error *err)
{
    struct rds_certificate certificate;
    char quoted[RDS_QUOTE_MAX];
    enum generation generation;

    if (!rds_certificate_read(der, size, &certificate, err))
        return false;
    (void)rds_quote(quoted, certificate.subject_cn,
                    strlen(certificate.subject_cn));
    if (!certificate.is_ca)
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' is not a CA certificate", quoted);
    memset(out, 0, sizeof(*out));
    if (!match_names(out, &certificate, &generation))
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' is not the name of an Amazon RDS CA", quoted);
    if (!judge_role(out, &certificate, der, generation, err))
        return false;
    out->not_before = certificate.not_before;
    out->not_after = certificate.not_after;
    out->serial = certificate.serial;
    out->issuer = certificate.issuer;
    out->subject = certificate.subject;
    out->ski = certificate.ski;
    out->aki = certificate.aki;
    out->subject_key = rds_name_key(der + out->subject.at, out->subject.size);
    out->issuer_key = rds_name_key(der + out->issuer.at, out->issuer.size);
    if (out->subject_key == 0 || out->issuer_key == 0)
        return rds_fail(err, RDS_R_BAD_CERTIFICATE,
                        "'%s' has a subject or an issuer that is no name in "
                        "DER",
                        quoted);
    out->der_at = der_at;
    out->der_size = (uint16_t)size;
    memcpy(out->sha256, sha256, RDS_SHA256_SIZE);
    return true;
}

int rds_anchor_compare(const struct rds_anchor *a, const struct rds_anchor *b)
{
    int order;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    if ((order = strcmp(a->region, b->region)) != 0)
        return order;
    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    if ((order = strcmp(a->ca, b->ca)) != 0)
        return order;
    if (a->stage != b->stage)
        return a->stage < b->stage ? -1 : 1;
    if ((order = strcmp(a->alias, b->alias)) != 0)
        return order;
    return memcmp(a->sha256, b->sha256, RDS_SHA256_SIZE);
}

bool rds_anchor_in_force(const struct rds_anchor *anchor, int64_t now)
{
    return anchor->not_before <= now && now <= anchor->not_after;
}

bool rds_entry_issued_by(const struct rds_entry *entry,
                         const struct rds_entry *issuer)
{
    const struct rds_anchor *a = entry->anchor, *i = issuer->anchor;

    if (a->issuer_key != i->subject_key)
        return false;
    if (a->aki.size != 0 && i->ski.size != 0)
        return a->aki.size == i->ski.size &&
               memcmp(entry->der + a->aki.at, issuer->der + i->ski.at,
                      a->aki.size) == 0;
    return a->issuer.size == i->subject.size &&
           memcmp(entry->der + a->issuer.at, issuer->der + i->subject.at,
                  a->issuer.size) == 0;
}
