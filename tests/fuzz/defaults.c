/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/default/rdsca: whatever is accepted reads the same in sh and in
 * systemd's EnvironmentFile=, by a reader of its own that knows no more than
 * what the two have in common.  The input is the file.
 */

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/fetch/defaults.h"
#include "../../provider/rdsca/fetch/target.h"
#include "fuzz.h"

static struct memory_file file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    memory_file_make(&file);
    return 0;
}

/* The value that is read under this name; "" where there is none. */
static const char *value_of(const struct rdsca_defaults *read,
                            const char *name, size_t size)
{
    const struct {
        const char *name, *value;
    } all[] = {
        {"RDSCA_UPDATE", read->update}, {"RDSCA_MIRROR", read->mirror},
        {"RDSCA_CACERT", read->cacert}, {"RDSCA_TIMEOUT", read->timeout},
        {"RDSCA_TRIES", read->tries},   {"https_proxy", read->https_proxy},
        {"no_proxy", read->no_proxy},   {"all_proxy", read->all_proxy},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strlen(all[i].name) == size &&
            memcmp(all[i].name, name, size) == 0)
            return all[i].value != NULL ? all[i].value : "";
    }
    CLAIM(false, "the unknown name '%.*s'", (int)size, name);
    return "";
}

/*
 * The one word behind "=", as both read it (POSIX Shell Command Language, 2.2
 * and 2.6; systemd.exec(5), EnvironmentFile=).
 */
static void common_value(const char *at, const char *end, char *out)
{
    char quote = '\0', before = '=';

    for (; at < end; before = *at++) {
        CLAIM(*at == '\t' || (*at >= ' ' && *at <= '~'),
              "a control character, or a byte that may be no UTF-8");
        if (quote != '\0' && *at == quote) {
            quote = '\0';
        } else if (quote != '\0') {
            CLAIM(quote == '\'' || strchr("\\$`", *at) == NULL,
                  "%c within double quotes", *at);
            *out++ = *at;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == ' ' || *at == '\t') {
            while (at < end && (*at == ' ' || *at == '\t'))
                at++;
            CLAIM(at == end, "two words");
            break;
        } else {
            CLAIM(strchr("\\$`;&|<>()#", *at) == NULL, "%c outside quotes",
                  *at);
            CLAIM(*at != '~' || (before != '=' && before != ':'),
                  "sh puts a home directory in the place of ~");
            *out++ = *at;
        }
    }
    CLAIM(quote == '\0', "a quote without an end");
    *out = '\0';
}

/* One line.  Of a name that is given twice the last value holds. */
static void claim_line_of(const struct rdsca_defaults *read, const char *line,
                          const char *end, const char *rest)
{
    char *value, *again;
    const char *equals;
    size_t name;

    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    if (line == end)
        return;
    if (*line == '#') {
        CLAIM(end[-1] != '\\', "a comment that systemd continues");
        CLAIM(memchr(line, '\r', (size_t)(end - line)) == NULL,
              "a comment that ends earlier for systemd");
        return;
    }
    equals = memchr(line, '=', (size_t)(end - line));
    CLAIM(equals != NULL, "a line without =");
    name = (size_t)(equals - line);
    value = malloc((size_t)(end - equals) + 1);
    NEED(value != NULL);
    common_value(equals + 1, end, value);
    again = strndup(line, name + 1);
    NEED(again != NULL);
    if (strstr(rest, again) == NULL)
        CLAIM(strcmp(value, value_of(read, line, name)) == 0,
              "'%.*s' is '%s', not '%s'", (int)name, line, value,
              value_of(read, line, name));
    free(again);
    free(value);
}

static void claim_read(const struct rdsca_defaults *read, const char *text)
{
    const char *end;

    while (*text != '\0') {
        end = text + strcspn(text, "\n");
        claim_line_of(read, text, end, end);
        text = end + (*end == '\n');
    }
}

/* A mirror is used over HTTPS or not at all. */
static void claim_mirror(const char *mirror)
{
    struct rds_bundle_name name;
    enum rdsca_ca_source ca;
    char url[RDSCA_URL_MAX];
    struct rds_error err;

    NEED(rds_bundle_name_read("aws-cn-global-bundle.pem", &name));
    if (!rdsca_target_url(&name, mirror, url, &ca, &err)) {
        claim_error(&err);
        return;
    }
    CLAIM(strlen(url) < RDSCA_URL_MAX, "a URL without an end");
    CLAIM(strncmp(url, "https://", 8) == 0, "the URL '%s'", url);
    CLAIM(strstr(url, "/global/global-bundle.pem") != NULL, "the URL '%s'",
          url);
    claim_line(url);
    CLAIM(strchr(url, ' ') == NULL, "the URL '%s'", url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    struct rdsca_defaults read;
    struct rds_error err;
    char *text;

    memory_file_fill(&file, data, size);
    if (!rdsca_defaults_read(file.path, &read, &err)) {
        claim_error(&err);
        return 0;
    }
    reached();
    CLAIM(size == 0 || memchr(data, '\0', size) == NULL, "a NUL byte");
    CLAIM(size <= RDSCA_DEFAULTS_MAX, "%zu bytes", size);
    text = feed_text(&feed, '\0');
    claim_read(&read, text);
    if (read.mirror != NULL)
        claim_mirror(read.mirror);
    free(text);
    rdsca_defaults_clear(&read);
    return 0;
}
