/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rds: URIs, taken apart.  Refuses every character that no name has, names
 * longer than any known one, and anything given twice.
 */

#include "rds/uri.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rds/nearest.h"

#define SCHEME "rds:"

/* A part of the URI's text. */
struct part {
    const char *at;
    size_t size;
};

struct reader {
    struct rds_uri *out;
    struct rds_error *err;
};

static bool part_is(struct part part, const char *text)
{
    return strlen(text) == part.size && memcmp(part.at, text, part.size) == 0;
}

/* Cuts what stands before `stop`; *more tells whether `stop` was there. */
static struct part cut(struct part *rest, char stop, bool *more)
{
    const char *found = memchr(rest->at, stop, rest->size);
    struct part head = *rest;

    *more = found != NULL;
    if (found == NULL) {
        rest->at += rest->size;
        rest->size = 0;
        return head;
    }
    head.size = (size_t)(found - rest->at);
    rest->at += head.size + 1;
    rest->size -= head.size + 1;
    return head;
}

static bool refuse(struct reader *reader, struct part part, const char *what)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(reader->err, RDS_R_BAD_URI, "%s '%s' in the URI", what,
                    rds_quote(quoted, part.at, part.size));
}

static bool name_letters(struct part name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
              c == '-'))
            return false;
    }
    return true;
}

/* Copies a name of at most `room` - 1 letters. */
static bool take_name(struct reader *reader, struct part name, char *out,
                      size_t room, const char *what)
{
    char quoted[RDS_QUOTE_MAX];

    if (name.size == 0)
        return rds_fail(reader->err, RDS_R_BAD_URI, "empty %s in the URI",
                        what);
    (void)rds_quote(quoted, name.at, name.size);
    if (!name_letters(name))
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "bad %s '%s' in the URI: names have only a-z, 0-9, "
                        "'.' and '-'",
                        what, quoted);
    if (name.size >= room)
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "%s '%s' is too long; at most %zu characters", what,
                        quoted, room - 1);
    memcpy(out, name.at, name.size);
    out[name.size] = '\0';
    return true;
}

static struct rds_selector *add(struct reader *reader,
                                enum rds_selector_kind kind)
{
    struct rds_uri *out = reader->out;

    if (out->count == RDS_SELECTORS_MAX) {
        (void)rds_fail(reader->err, RDS_R_BAD_URI,
                       "more than %d selectors in the URI; use 'all' or "
                       "'global'",
                       RDS_SELECTORS_MAX);
        return NULL;
    }
    memset(&out->selectors[out->count], 0, sizeof(out->selectors[0]));
    out->selectors[out->count].kind = kind;
    return &out->selectors[out->count++];
}

static bool read_region(struct reader *reader, struct part rest)
{
    char ca[RDS_CA_MAX] = "";
    struct part list, name;
    bool more;

    list = cut(&rest, '/', &more);
    if (more && !take_name(reader, rest, ca, sizeof(ca), "CA identifier"))
        return false;
    do {
        struct rds_selector *selector = add(reader, RDS_SELECT_REGION);

        name = cut(&list, ',', &more);
        if (selector == NULL ||
            !take_name(reader, name, selector->u.region.name,
                       sizeof(selector->u.region.name), "region"))
            return false;
        memcpy(selector->u.region.ca, ca, sizeof(ca));
    } while (more);
    return true;
}

static bool read_partition(struct reader *reader, struct part rest)
{
    static const char *const known[] = {"aws", "aws-us-gov", "aws-cn"};
    struct rds_nearest nearest = RDS_NEAREST_INIT(rest.at, rest.size);
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];
    struct rds_selector *selector = add(reader, RDS_SELECT_PARTITION);

    if (selector == NULL)
        return false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (part_is(rest, known[i]))
            return rds_partition_find(rest.at, rest.size,
                                      &selector->u.partition);
        rds_nearest_offer(&nearest, known[i]);
    }
    return rds_fail(reader->err, RDS_R_UNKNOWN_WORD,
                    "unknown partition '%s'%s (aws, aws-us-gov, aws-cn)",
                    rds_quote(quoted, rest.at, rest.size),
                    rds_nearest_hint(hint, &nearest));
}

static bool read_host(struct reader *reader, struct part rest)
{
    struct rds_selector *selector = add(reader, RDS_SELECT_HOST);
    char quoted[RDS_QUOTE_MAX], fault[RDS_ENDPOINT_FAULT_MAX];
    struct part host, port = rest;
    unsigned number = 0;
    bool more;

    if (selector == NULL)
        return false;
    host = cut(&port, ':', &more);
    for (size_t i = 0; more && i < port.size; i++) {
        if (port.at[i] < '0' || port.at[i] > '9' || number > 65535)
            return refuse(reader, port, "bad port");
        number = number * 10 + (unsigned)(port.at[i] - '0');
    }
    if (more && (number == 0 || number > 65535))
        return refuse(reader, port, "bad port");
    if (host.size == 0)
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "empty host in the URI; write host/ENDPOINT");
    if (!rds_endpoint_read(host.at, host.size, &selector->u.host))
        return rds_fail(reader->err, RDS_R_UNKNOWN_WORD,
                        "unknown host '%s': %s",
                        rds_quote(quoted, host.at, host.size),
                        rds_endpoint_fault(fault, host.at, host.size));
    return true;
}

static bool read_ca(struct reader *reader, struct part rest)
{
    struct rds_selector *selector = add(reader, RDS_SELECT_CA);

    return selector != NULL &&
           take_name(reader, rest, selector->u.ca, sizeof(selector->u.ca),
                     "CA identifier");
}

static bool read_file(struct reader *reader, struct part rest)
{
    struct rds_selector *selector = add(reader, RDS_SELECT_FILE);

    return selector != NULL && take_name(reader, rest, selector->u.file,
                                         sizeof(selector->u.file), "file");
}

static bool read_sha256(struct reader *reader, struct part rest)
{
    struct rds_selector *selector = add(reader, RDS_SELECT_SHA256);
    char quoted[RDS_QUOTE_MAX];

    if (selector == NULL)
        return false;
    if (!rds_sha256_read(rest.at, rest.size, selector->u.sha256))
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "bad SHA-256 '%s' in the URI: 64 hexadecimal digits "
                        "are needed",
                        rds_quote(quoted, rest.at, rest.size));
    return true;
}

/* The selectors.  Those with a reader take what follows a slash. */
static const struct {
    enum rds_selector_kind kind;
    const char *word;
    bool (*read)(struct reader *reader, struct part rest);
} selectors[] = {
    {RDS_SELECT_ALL, "all", NULL},
    {RDS_SELECT_GLOBAL, "global", NULL},
    {RDS_SELECT_REGION, "region", read_region},
    {RDS_SELECT_PARTITION, "partition", read_partition},
    {RDS_SELECT_HOST, "host", read_host},
    {RDS_SELECT_CA, "ca", read_ca},
    {RDS_SELECT_FILE, "file", read_file},
    {RDS_SELECT_SHA256, "sha256", read_sha256},
    {RDS_SELECT_PROXY, "proxy", NULL},
    {RDS_SELECT_LIST, "list", NULL},
};

#define SELECTOR_ROWS (sizeof(selectors) / sizeof(selectors[0]))

_Static_assert(SELECTOR_ROWS == RDS_SELECTOR_KINDS,
               "every selector has a row");

static bool unknown_selector(struct reader *reader, struct part word)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(word.at, word.size);
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];

    for (size_t i = 0; i < SELECTOR_ROWS; i++)
        rds_nearest_offer(&nearest, selectors[i].word);
    return rds_fail(reader->err, RDS_R_UNKNOWN_WORD, "unknown selector '%s'%s",
                    rds_quote(quoted, word.at, word.size),
                    rds_nearest_hint(hint, &nearest));
}

static bool read_selector(struct reader *reader, struct part text)
{
    struct part rest = text, word;
    bool slash;

    word = cut(&rest, '/', &slash);
    if (word.size == 0)
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "empty selector in the URI; write for example "
                        "rds://region/us-west-2+proxy, or rds://all");
    for (size_t i = 0; i < SELECTOR_ROWS; i++) {
        if (!part_is(word, selectors[i].word))
            continue;
        if (selectors[i].read != NULL && !slash)
            return rds_fail(reader->err, RDS_R_BAD_URI,
                            "selector '%s' needs a name: %s/NAME",
                            selectors[i].word, selectors[i].word);
        if (selectors[i].read != NULL)
            return selectors[i].read(reader, rest);
        if (slash)
            return refuse(reader, text, "nothing may follow the selector in");
        return add(reader, selectors[i].kind) != NULL;
    }
    return unknown_selector(reader, word);
}

static bool read_union(struct reader *reader, struct part text)
{
    bool more;

    do {
        if (!read_selector(reader, cut(&text, '+', &more)))
            return false;
    } while (more);
    for (size_t i = 0; reader->out->count > 1 && i < reader->out->count; i++) {
        if (reader->out->selectors[i].kind == RDS_SELECT_LIST)
            return rds_fail(reader->err, RDS_R_BAD_URI,
                            "'list' stands alone: it cannot be joined with "
                            "other selectors");
    }
    return true;
}

static bool bad_value(struct reader *reader, const char *filter,
                      struct part value, const char *allowed)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(reader->err, RDS_R_BAD_URI,
                    "bad value '%s' of the filter '%s'; allowed: %s",
                    rds_quote(quoted, value.at, value.size), filter, allowed);
}

static bool read_ca_filter(struct reader *reader, struct part value)
{
    return take_name(reader, value, reader->out->filters.ca,
                     sizeof(reader->out->filters.ca), "CA identifier");
}

static bool read_role_filter(struct reader *reader, struct part value)
{
    if (part_is(value, "root"))
        reader->out->filters.role = RDS_ROLE_ROOT;
    else if (part_is(value, "intermediate"))
        reader->out->filters.role = RDS_ROLE_INTERMEDIATE;
    else
        return bad_value(reader, "role", value, "root, intermediate");
    return true;
}

static bool read_expired_filter(struct reader *reader, struct part value)
{
    if (!part_is(value, "include"))
        return bad_value(reader, "expired", value, "include");
    reader->out->filters.expired = true;
    return true;
}

static bool read_stage_filter(struct reader *reader, struct part value)
{
    if (part_is(value, "beta"))
        reader->out->filters.stage = RDS_STAGE_BETA;
    else if (part_is(value, "preview"))
        reader->out->filters.stage = RDS_STAGE_PREVIEW;
    else
        return bad_value(reader, "stage", value, "beta, preview");
    return true;
}

static const struct {
    const char *word;
    bool (*read)(struct reader *reader, struct part value);
} filters[] = {
    {"ca", read_ca_filter},
    {"role", read_role_filter},
    {"expired", read_expired_filter},
    {"stage", read_stage_filter},
};

#define FILTER_ROWS (sizeof(filters) / sizeof(filters[0]))

static bool unknown_filter(struct reader *reader, struct part word)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(word.at, word.size);
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];

    for (size_t i = 0; i < FILTER_ROWS; i++)
        rds_nearest_offer(&nearest, filters[i].word);
    return rds_fail(reader->err, RDS_R_UNKNOWN_WORD,
                    "unknown filter '%s'%s (ca, role, expired, stage)",
                    rds_quote(quoted, word.at, word.size),
                    rds_nearest_hint(hint, &nearest));
}

static bool read_filter(struct reader *reader, struct part text,
                        bool seen[FILTER_ROWS])
{
    struct part value = text, word;
    bool equals;

    word = cut(&value, '=', &equals);
    if (word.size == 0)
        return rds_fail(reader->err, RDS_R_BAD_URI,
                        "empty filter in the URI (ca, role, expired, stage)");
    for (size_t i = 0; i < FILTER_ROWS; i++) {
        if (!part_is(word, filters[i].word))
            continue;
        if (!equals)
            return rds_fail(reader->err, RDS_R_BAD_URI,
                            "filter '%s' needs a value: %s=VALUE",
                            filters[i].word, filters[i].word);
        if (seen[i])
            return rds_fail(reader->err, RDS_R_BAD_URI,
                            "filter '%s' is given twice", filters[i].word);
        seen[i] = true;
        return filters[i].read(reader, value);
    }
    return unknown_filter(reader, word);
}

bool rds_uri_is_rds(const char *text)
{
    return strncasecmp(text, SCHEME, strlen(SCHEME)) == 0;
}

bool rds_uri_is_list(const struct rds_uri *uri)
{
    return uri->selectors[0].kind == RDS_SELECT_LIST;
}

bool rds_uri_read(const char *text, struct rds_uri *out, struct rds_error *err)
{
    struct reader reader = {out, err};
    bool seen[FILTER_ROWS] = {false}, more;
    char quoted[RDS_QUOTE_MAX];
    struct part rest, all;
    size_t size = strnlen(text, RDS_URI_MAX + 1);

    memset(&out->filters, 0, sizeof(out->filters));
    out->filters.role = RDS_ROLES;
    out->filters.stage = RDS_STAGE_PRODUCTION;
    out->count = 0;
    if (size > RDS_URI_MAX)
        return rds_fail(err, RDS_R_BAD_URI,
                        "the URI is longer than %d characters", RDS_URI_MAX);
    if (!rds_uri_is_rds(text))
        return rds_fail(err, RDS_R_BAD_URI, "'%s' does not begin with 'rds:'",
                        rds_quote(quoted, text, size));
    rest = (struct part){text + strlen(SCHEME), size - strlen(SCHEME)};
    if (rest.size >= 2 && memcmp(rest.at, "//", 2) == 0)
        rest = (struct part){rest.at + 2, rest.size - 2};
    if (rest.size == 0)
        return add(&reader, RDS_SELECT_ALL) != NULL;
    all = cut(&rest, '?', &more);
    if (!read_union(&reader, all))
        return false;
    if (more && rds_uri_is_list(out))
        return rds_fail(err, RDS_R_BAD_URI, "'list' takes no filters");
    while (more) {
        if (!read_filter(&reader, cut(&rest, '&', &more), seen))
            return false;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool rds_sha256_read(const char *hex, size_t size,
                     unsigned char out[RDS_SHA256_SIZE])
{
    if (size != (size_t)2 * RDS_SHA256_SIZE)
        return false;
    for (size_t i = 0; i < RDS_SHA256_SIZE; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

const char *rds_sha256_write(char out[RDS_SHA256_TEXT],
                             const unsigned char sha256[RDS_SHA256_SIZE])
{
    for (size_t i = 0; i < RDS_SHA256_SIZE; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sha256[i]);
    return out;
}
