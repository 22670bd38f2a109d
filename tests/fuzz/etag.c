/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of an ETag: what is read from it belongs to the URL and to the
 * bundle that are there, and can stand in a header.  The input is the file.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../provider/rdsca/fetch/etag.h"
#include "fuzz.h"

#define URL "https://x/us-west-2/us-west-2-bundle.pem"
#define BUNDLE "us-west-2-bundle.pem"
#define CONTENT "x"
#define DIGEST                                                                \
    "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static char directory[256];
static struct rds_bundle_name name;

static const char *path_of(const char *file)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, file);
    return path;
}

static void write_file(const char *file, const void *bytes, size_t size)
{
    FILE *out = fopen(path_of(file), "wbe");

    NEED(out != NULL && fwrite(bytes, 1, size, out) == size);
    NEED(fclose(out) == 0);
}

static void clean(void)
{
    (void)unlink(path_of(BUNDLE));
    (void)unlink(path_of("." BUNDLE ".etag"));
    (void)rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *parent = getenv("TMPDIR");

    (void)argc;
    (void)argv;
    (void)snprintf(directory, sizeof(directory), "%s/fuzz-etag-XXXXXX",
                   parent != NULL ? parent : "/tmp");
    NEED(mkdtemp(directory) != NULL && atexit(clean) == 0);
    NEED(rds_bundle_name_read(BUNDLE, &name));
    write_file(BUNDLE, CONTENT, strlen(CONTENT));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = URL "\n" DIGEST "\n";
    char etag[RDSCA_ETAG_MAX], again[RDSCA_ETAG_MAX];

    write_file("." BUNDLE ".etag", data, size);
    memset(etag, 'x', sizeof(etag));
    rdsca_etag_read(directory, &name, URL, etag);
    CLAIM(memchr(etag, '\0', sizeof(etag)) != NULL, "an ETag without an end");
    if (etag[0] == '\0')
        return 0;
    reached();
    claim_line(etag);
    CLAIM(size == sizeof(head) + strlen(etag) &&
              memcmp(data, head, sizeof(head) - 1) == 0 &&
              memcmp(data + sizeof(head) - 1, etag, strlen(etag)) == 0 &&
              data[size - 1] == '\n',
          "the ETag '%s' of something else", etag);
    rdsca_etag_write(directory, &name, URL, etag);
    rdsca_etag_read(directory, &name, URL, again);
    CLAIM(strcmp(etag, again) == 0, "'%s' is read again as '%s'", etag, again);
    rdsca_etag_read(directory, &name, URL "x", again);
    CLAIM(again[0] == '\0', "the ETag '%s' of another URL", again);
    return 0;
}
