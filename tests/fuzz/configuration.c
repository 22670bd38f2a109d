/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the provider's section, and RDS_PROVIDER_DEBUG.  The input:
 * rds-bundles, rds-distrust, rds-trust and the variable, with a NUL byte
 * between them; what is missing is not given.
 */

#include <stdlib.h>
#include <string.h>

#include "../../provider/module/log.h"
#include "fuzz.h"
#include "rds/configuration.h"

/* The hexadecimal digits of a word without its colons. */
static size_t digits_of(const char *word, size_t size,
                        char out[RDS_SHA256_TEXT])
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (word[i] == ':')
            continue;
        if (strchr("0123456789abcdefABCDEF", word[i]) == NULL ||
            used == (size_t)2 * RDS_SHA256_SIZE)
            return 0;
        out[used++] =
            (char)(word[i] >= 'A' && word[i] <= 'F' ? word[i] + 32 : word[i]);
    }
    out[used] = '\0';
    return used;
}

/* Whether the text is a list of fingerprints; then it is that list. */
static bool is_list(const char *text, const struct rds_configuration *read)
{
    char digits[RDS_SHA256_TEXT], theirs[RDS_SHA256_TEXT];
    size_t count = 0, size;

    while (*(text += strspn(text, ", \t")) != '\0') {
        size = strcspn(text, ", \t");
        if (digits_of(text, size, digits) != (size_t)2 * RDS_SHA256_SIZE)
            return false;
        if (read != NULL) {
            CLAIM(count < read->distrust_count, "fingerprint %zu is missing",
                  count);
            (void)rds_sha256_write(theirs, read->distrust[count]);
            CLAIM(strcmp(digits, theirs) == 0, "%s is read as %s", digits,
                  theirs);
        }
        count++;
        text += size;
    }
    CLAIM(read == NULL || count == read->distrust_count, "%zu of %zu read",
          read->distrust_count, count);
    return count != 0 && count <= RDS_DISTRUST_MAX;
}

static void try_section(const char *bundles, const char *distrust,
                        const char *trust)
{
    static struct rds_configuration read;
    struct rds_error err;
    bool good = (bundles == NULL || bundles[0] == '/') &&
                (distrust == NULL || is_list(distrust, NULL));

    memset(&read, 0xa5, sizeof(read));
    if (!rds_configuration_read(bundles, distrust, trust, &read, &err)) {
        CLAIM(!good, "good values are refused: %s", err.text);
        claim_error(&err);
        return;
    }
    reached();
    CLAIM(good, "bad values are accepted");
    CLAIM(read.bundles == bundles ||
              (bundles == NULL &&
               strcmp(read.bundles, RDS_DIRECTORY_DEFAULT) == 0),
          "the directory '%s'", read.bundles);
    CLAIM(read.trust == trust, "rds-trust");
    if (distrust != NULL)
        (void)is_list(distrust, &read);
    else
        CLAIM(read.distrust_count == 0, "%zu out of nothing",
              read.distrust_count);
}

static void try_variable(const char *text)
{
    static const char *const levels[] = {"", ",level:1", ",level:2",
                                         ",level:3"};
    char path[RDS_LOG_PATH_MAX], again[RDS_LOG_PATH_MAX + 32];
    int level;
    bool same = false;

    if (!rds_log_read(text, path, &level)) {
        CLAIM(strncmp(text, "file:/", 6) != 0 ||
                  strlen(text + 5) >= RDS_LOG_PATH_MAX ||
                  strstr(text, ",level:") != NULL,
              "'%s' is refused", text);
        return;
    }
    CLAIM(level >= 1 && level <= 3, "level %d", level);
    CLAIM(path[0] == '/', "the path '%s'", path);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(again, sizeof(again), "file:%s%s", path, levels[i]);
        same |= (i == 0 ? level == 1 : level == i) && strcmp(again, text) == 0;
    }
    CLAIM(same, "'%s' is read as '%s', level %d", text, path, level);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    char *texts[4] = {NULL};

    for (size_t i = 0; i < 4 && feed.left != 0; i++)
        texts[i] = feed_text(&feed, '\0');
    try_section(texts[0], texts[1], texts[2]);
    if (texts[3] != NULL)
        try_variable(texts[3]);
    for (size_t i = 0; i < 4; i++)
        free(texts[i]);
    return 0;
}
