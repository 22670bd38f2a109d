/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ETags between two updates.  Refuses one that came from another URL, or with
 * another bundle than the one that is there, and any that could end a header.
 */

#include "etag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "installed.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "../file/replace.h"
#include "target.h"

/* The URL, the SHA-256, the ETag, each with a line end. */
#define TEXT_MAX (RDSCA_URL_MAX + RDS_SHA256_TEXT + RDSCA_ETAG_MAX + 3)

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

/* It comes from a server, and is sent again within a header. */
static bool sendable(const char *etag)
{
    for (const char *c = etag; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            return false;
    }
    return etag[0] != '\0';
}

/* All of the file, without a NUL byte; "" where it is not such a text. */
static void read_text(const char *path, char text[TEXT_MAX])
{
    unsigned char *bytes;
    size_t size;

    text[0] = '\0';
    if (!rdsca_read_regular(path, TEXT_MAX - 1, &bytes, &size))
        return;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (strlen(text) != size)
        text[0] = '\0';
    free(bytes);
}

void rdsca_etag_read(const char *directory, const struct rds_bundle_name *name,
                     const char *url, char etag[RDSCA_ETAG_MAX])
{
    char path[4096], text[TEXT_MAX], head[TEXT_MAX], digest[RDS_SHA256_TEXT];
    size_t size, start;

    etag[0] = '\0';
    bundle_digest(directory, name, digest);
    etag_path(directory, name, path);
    read_text(path, text);
    (void)snprintf(head, sizeof(head), "%s\n%s\n", url, digest);
    start = strlen(head);
    if (digest[0] == '\0' || strncmp(text, head, start) != 0)
        return;
    size = strcspn(text + start, "\n");
    if (size >= RDSCA_ETAG_MAX || strcmp(text + start + size, "\n") != 0)
        return; /* not as rdsca_etag_write() writes it */
    memcpy(etag, text + start, size);
    etag[size] = '\0';
    if (!sendable(etag))
        etag[0] = '\0';
}

void rdsca_etag_write(const char *directory,
                      const struct rds_bundle_name *name, const char *url,
                      const char *etag)
{
    char path[4096], text[TEXT_MAX], digest[RDS_SHA256_TEXT];
    struct rds_error ignored;
    int size;

    etag_path(directory, name, path);
    bundle_digest(directory, name, digest);
    if (!sendable(etag) || digest[0] == '\0') {
        (void)unlink(path);
        return;
    }
    size = snprintf(text, sizeof(text), "%s\n%s\n%s\n", url, digest, etag);
    if (!rdsca_replace(path, text, (size_t)size, &ignored))
        (void)unlink(path);
}
