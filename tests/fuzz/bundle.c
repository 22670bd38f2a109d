/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: what is kept of a file is what its name says, byte by byte, each
 * once.  The input: a line with the file's name, then the file.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct tally {
    size_t reports;
};

static void report(void *arg, const char *line)
{
    struct tally *tally = arg;

    tally->reports++;
    claim_line(line);
}

static void claim_file_name(const char *file,
                            const struct rds_bundle_name *name)
{
    char text[RDS_FILE_NAME_MAX];

    CLAIM(strcmp(name->file, file) == 0, "the file '%s'", file);
    (void)snprintf(text, sizeof(text), "%s%s-bundle.pem",
                   name->region[0] != '\0'
                       ? name->region
                       : rds_partition_name(name->partition),
                   name->region[0] != '\0' ? "" : "-global");
    CLAIM(strcmp(text, file) == 0, "'%s' is read as '%s'", file, text);
    CLAIM(strchr(file, '/') == NULL, "a path");
}

static void claim_bundle(const struct rds_bundle *bundle, const void *bytes,
                         size_t size, size_t reports)
{
    size_t at = 0, begins = rds_pem_marks(bytes, size, "-----BEGIN ");

    reached();
    CLAIM(bundle->count != 0, "an empty bundle");
    CLAIM(bundle->count + reports == begins,
          "%zu kept and %zu reported of %zu", bundle->count, reports, begins);
    for (size_t i = 0; i < bundle->count; i++) {
        CLAIM(bundle->anchors[i].der_at == at, "a gap before anchor %zu", i);
        at += bundle->anchors[i].der_size;
        CLAIM(at <= size, "more bytes than the file has");
        claim_anchor(bundle, &bundle->anchors[i]);
        for (size_t j = 0; j < i; j++)
            CLAIM(memcmp(bundle->anchors[i].sha256, bundle->anchors[j].sha256,
                         RDS_SHA256_SIZE) != 0,
                  "anchor %zu twice", i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    struct tally tally = {0};
    char *file = feed_text(&feed, '\n');
    struct rds_bundle_name name;
    struct rds_bundle *bundle;
    struct rds_error err;
    size_t left = feed.left;
    uint8_t *bytes = feed_bytes(&feed, &left);

    if (rds_bundle_name_read(file, &name))
        claim_file_name(file, &name);
    else
        NEED(rds_bundle_name_read("us-west-2-bundle.pem", &name));
    ERR_clear_error();
    bundle = rds_bundle_parse(rds_libcrypto_linked(), &name, true, 0, bytes,
                              left, report, &tally, &err);
    CLAIM(ERR_peek_error() == 0, "a trace in the error queue");
    if (bundle != NULL)
        claim_bundle(bundle, bytes, left, tally.reports);
    else
        claim_error(&err);
    rds_bundle_free(bundle);
    free(bytes);
    free(file);
    return 0;
}
