/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint names: the reader and a grammar of its own say the same of every
 * name, and what is read is in normal form.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const char *const ends[] = {".amazonaws.com",  ".amazonaws.com.cn",
                                   ".amazonaws.eu",   ".on.aws",
                                   ".c2s.ic.gov",     ".sc2s.sgov.gov",
                                   ".cloud.adc-e.uk", ".csp.hci.ic.gov"};

static bool known_end(const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);

        if (size > end && strcmp(name + size - end, ends[i]) == 0)
            return true;
    }
    return false;
}

static bool same(const struct rds_endpoint *a, const struct rds_endpoint *b)
{
    return a->kind == b->kind && a->family == b->family &&
           strcmp(a->region, b->region) == 0 &&
           strcmp(a->label, b->label) == 0 && strcmp(a->name, b->name) == 0;
}

static void claim_form(const struct rds_endpoint *endpoint)
{
    const char *name = endpoint->name, *region = endpoint->region;

    CLAIM(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
              strlen(name),
          "the name '%s'", name);
    CLAIM(known_end(name), "the end of '%s'", name);
    CLAIM(strspn(endpoint->label, "abcdefghijklmnopqrstuvwxyz0123456789") ==
              strlen(endpoint->label),
          "the label '%s'", endpoint->label);
    CLAIM(strstr(name, endpoint->label) != NULL &&
              strstr(name, region) != NULL,
          "label and region stand in '%s'", name);
    CLAIM((region[0] == '\0') ==
              (endpoint->kind == RDS_ENDPOINT_GLOBAL_WRITER),
          "the region of '%s'", name);
    CLAIM(region[0] == '\0' || rds_region_shape(region, strlen(region)),
          "the region '%s'", region);
    CLAIM(endpoint->partition == rds_region_partition(region, strlen(region)),
          "the partition of '%s'", name);
}

/* The same name in other letters, and with more behind it. */
static void claim_relatives(const struct rds_endpoint *endpoint)
{
    static const char *const evil[] = {".evil.example", ".com", "a", "-", "..",
                                       ".cn",           "\n"};
    char text[RDS_ENDPOINT_MAX + 32];
    struct rds_endpoint again;
    size_t size = strlen(endpoint->name);

    CLAIM(rds_endpoint_read(endpoint->name, size, &again) &&
              same(endpoint, &again),
          "'%s' once more", endpoint->name);
    for (size_t i = 0; i <= size; i++) {
        text[i] = endpoint->name[i];
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - 'a' + 'A');
    }
    CLAIM(rds_endpoint_read(text, size, &again) && same(endpoint, &again),
          "'%s' in capitals", endpoint->name);
    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        memcpy(text, endpoint->name, size);
        memcpy(text + size, evil[i], strlen(evil[i]) + 1);
        CLAIM(!rds_endpoint_read(text, strlen(text), &again) ||
                  known_end(text),
              "'%s' is none", text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rds_endpoint read, grammar;
    const char *name = (const char *)data;
    bool good = rds_endpoint_read(name, size, &read);

    CLAIM(good == grammar_reads(name, size, &grammar),
          "'%.*s' is%s an endpoint to the reader", (int)size, name,
          good ? "" : " not");
    if (!good) {
        char fault[RDS_ENDPOINT_FAULT_MAX];

        claim_line(rds_endpoint_fault(fault, name, size));
        return 0;
    }
    reached();
    CLAIM(same(&read, &grammar), "'%s' is read in two ways", read.name);
    claim_form(&read);
    claim_relatives(&read);
    return 0;
}
