/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ETags between two updates.  Refuses one that came from another URL, or with
 * another bundle than the one that is there.
 */

#include "etag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "installed.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "replace.h"
#include "target.h"

static void etag_path(const char *directory,
                      const struct rds_bundle_name *name, char path[4096])
{
    const char *slash = strrchr(name->file, '/');
    const char *last = slash != NULL ? slash + 1 : name->file;

    (void)snprintf(path, 4096, "%s/%.*s.%s.etag", directory,
                   (int)(last - name->file), name->file, last);
}

/* The SHA-256 of the bundle on disk, in hexadecimal; "" where it has none. */
static void bundle_digest(const char *directory,
                          const struct rds_bundle_name *name,
                          char text[RDS_SHA256_TEXT])
{
    unsigned char sha256[RDS_SHA256_SIZE];
    void *bytes = NULL;
    size_t size;

    text[0] = '\0';
    if (rdsca_installed_read(directory, name, &bytes, &size)) {
        rds_sha256(bytes, size, sha256);
        (void)rds_sha256_write(text, sha256);
    }
    free(bytes);
}

static bool next_line(FILE *file, char *line, size_t room)
{
    if (fgets(line, (int)room, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

void rdsca_etag_read(const char *directory, const struct rds_bundle_name *name,
                     const char *url, char etag[RDSCA_ETAG_MAX])
{
    char path[4096], line[RDSCA_URL_MAX + 1], digest[RDS_SHA256_TEXT];
    FILE *file;
    bool ours;

    etag[0] = '\0';
    bundle_digest(directory, name, digest);
    etag_path(directory, name, path);
    file = digest[0] != '\0' ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    ours = next_line(file, line, sizeof(line)) && strcmp(line, url) == 0 &&
           next_line(file, line, sizeof(line)) && strcmp(line, digest) == 0;
    if (!ours || !next_line(file, etag, RDSCA_ETAG_MAX))
        etag[0] = '\0';
    (void)fclose(file);
}

void rdsca_etag_write(const char *directory,
                      const struct rds_bundle_name *name, const char *url,
                      const char *etag)
{
    char path[4096], text[RDSCA_URL_MAX + 400], digest[RDS_SHA256_TEXT];
    struct rds_error ignored;
    int size;

    etag_path(directory, name, path);
    bundle_digest(directory, name, digest);
    if (etag[0] == '\0' || digest[0] == '\0') {
        (void)unlink(path);
        return;
    }
    size = snprintf(text, sizeof(text), "%s\n%s\n%s\n", url, digest, etag);
    if (!rdsca_replace(path, text, (size_t)size, &ignored))
        (void)unlink(path);
}
