/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HOST[:PORT].  Refuses what is neither a host name in ASCII nor an address,
 * URLs among it, and lists that are too long.
 */

#include "hosts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512 /* of a list */

static bool refuse(struct rds_error *err, const char *text, const char *why)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(err, RDS_R_UNKNOWN_WORD, "'%s': %s",
                    rds_quote(quoted, text, strlen(text)), why);
}

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 ||
           inet_pton(AF_INET6, name, bytes) == 1;
}

/* Labels of 1 to 63 letters, digits, hyphens and underscores. */
static bool is_name(const char *name)
{
    size_t label = 0;

    for (; *name != '\0'; name++) {
        char c = *name;

        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                   (c == '-' && label != 0) || c == '_') {
            if (++label > RDS_LABEL_MAX)
                return false;
        } else {
            return false;
        }
    }
    return label != 0;
}

static bool read_port(const char *text, unsigned *port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long value = strtoul(text, NULL, 10);

    if (digits == 0 || digits > 5 || text[digits] != '\0' || value == 0 ||
        value > 65535)
        return false;
    *port = (unsigned)value;
    return true;
}

/* Where the host ends, and the port, if one follows. */
static bool split(const char *text, const char **host, size_t *size,
                  const char **port)
{
    const char *colon = strchr(text, ':'), *end;

    *host = text;
    *port = NULL;
    if (text[0] == '[') {
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        *host = text + 1;
        *size = (size_t)(end - text) - 1;
        *port = end[1] == ':' ? end + 2 : NULL;
        return true;
    }
    *size = strlen(text);
    if (colon == NULL || strchr(colon + 1, ':') != NULL)
        return true; /* no port, or an IPv6 address without brackets */
    *size = (size_t)(colon - text);
    *port = colon + 1;
    return true;
}

bool rdsca_host_read(const char *text, struct rdsca_host *out,
                     struct rds_error *err)
{
    const char *host, *port;
    size_t size;

    memset(out, 0, sizeof(*out));
    if (!split(text, &host, &size, &port))
        return refuse(err, text, "an IPv6 address is written [ADDRESS]:PORT");
    if (size != 0 && host[size - 1] == '.')
        size--;
    if (size == 0)
        return refuse(err, text, "no host name");
    if (size > RDS_ENDPOINT_MAX)
        return refuse(err, text, "longer than a host name can be");
    for (size_t i = 0; i < size; i++)
        out->name[i] = host[i] >= 'A' && host[i] <= 'Z'
                           ? (char)(host[i] + ('a' - 'A'))
                           : host[i];
    if (port != NULL && !read_port(port, &out->port))
        return refuse(err, text, "the port is a number from 1 to 65535");
    out->address = is_address(out->name);
    if (text[0] == '[' && strchr(out->name, ':') == NULL)
        return refuse(err, text, "an IPv6 address is written [ADDRESS]:PORT");
    return out->address || is_name(out->name) ||
           refuse(err, text,
                  "not a host name; write HOST or HOST:PORT, in ASCII");
}

bool rdsca_hosts_add(struct rdsca_hosts *hosts, const char *text,
                     struct rds_error *err)
{
    if (hosts->count == RDSCA_HOSTS_MAX)
        return rds_fail(err, RDS_R_UNKNOWN_WORD, "more than %d hosts at once",
                        RDSCA_HOSTS_MAX);
    if (!rdsca_host_read(text, &hosts->items[hosts->count], err))
        return false;
    hosts->count++;
    return true;
}

/* Cuts the white space around it off, in place. */
static char *trim(char *line)
{
    size_t size;

    line += strspn(line, " \t\r\n");
    size = strlen(line);
    while (size != 0 && strchr(" \t\r\n", line[size - 1]) != NULL)
        line[--size] = '\0';
    return line;
}

bool rdsca_hosts_add_list(struct rdsca_hosts *hosts, FILE *from,
                          struct rds_error *err)
{
    char line[LINE_MAX_BYTES], *word;
    struct rds_error inner;

    for (size_t number = 1; fgets(line, sizeof(line), from) != NULL;
         number++) {
        if (strchr(line, '\n') == NULL && !feof(from))
            return rds_fail(err, RDS_R_UNKNOWN_WORD,
                            "line %zu of the list: too long, or not text",
                            number);
        word = trim(line);
        if (word[0] == '\0' || word[0] == '#')
            continue;
        if (!rdsca_hosts_add(hosts, word, &inner))
            return rds_fail(err, RDS_R_UNKNOWN_WORD,
                            "line %zu of the list: %.*s", number,
                            RDS_ERROR_TEXT / 2, inner.text);
    }
    return ferror(from) == 0 ||
           rds_fail(err, RDS_R_TRANSIENT, "the list of hosts cannot be read");
}
