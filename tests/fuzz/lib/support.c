/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz.h declares for all targets.  Claims nothing by itself.
 */

#include "../fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rds/truststore.h"

void claim_failed(const char *claim, const char *file, int line,
                  const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s:%d: does not hold: %s\n  ", file, line, claim);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\n");
    abort();
}

static size_t reached_count;

void reached(void)
{
    reached_count++;
}

size_t times_reached(void)
{
    return reached_count;
}

void claim_line(const char *text)
{
    CLAIM(text[0] != '\0', "an empty line");
    for (const char *c = text; *c != '\0'; c++)
        CLAIM(*c >= ' ' && *c <= '~', "a raw byte %02x in '%s'",
              (unsigned)(unsigned char)*c, text);
}

void claim_error(const struct rds_error *err)
{
    CLAIM(err->reason > RDS_R_NONE && err->reason < RDS_R_END, "reason %d",
          (int)err->reason);
    CLAIM(memchr(err->text, '\0', sizeof(err->text)) != NULL,
          "a text without an end");
    claim_line(err->text);
}

/* ---- taking an input apart ---------------------------------------------- */

uint8_t feed_byte(struct feed *feed)
{
    if (feed->left == 0)
        return 0;
    feed->left--;
    return *feed->at++;
}

uint8_t *feed_bytes(struct feed *feed, size_t *size)
{
    uint8_t *copy;

    if (*size > feed->left)
        *size = feed->left;
    copy = malloc(*size);
    NEED(copy != NULL || *size == 0);
    if (*size != 0)
        memcpy(copy, feed->at, *size);
    feed->at += *size;
    feed->left -= *size;
    return copy;
}

char *feed_text(struct feed *feed, char stop)
{
    const uint8_t *found = memchr(feed->at, stop, feed->left);
    size_t size = found != NULL ? (size_t)(found - feed->at) : feed->left;
    char *text = malloc(size + 1);

    NEED(text != NULL);
    memcpy(text, feed->at, size);
    text[size] = '\0';
    size += found != NULL;
    feed->at += size;
    feed->left -= size;
    return text;
}

/* ---- what there is to choose from --------------------------------------- */

const int64_t times[TIMES] = {
    1793491200, /* 2026-11-01 */
    1577836800, /* 2020-01-01 */
    1735689600, /* 2025-01-01 */
    2871763200, /* 2061-01-01 */
};

const struct rds_view *builtin_view(void)
{
    static const struct rds_truststore_options options;
    static const struct rds_view *view;
    struct rds_truststore *store;
    struct rds_error err;

    if (view == NULL) {
        store = rds_truststore_new(rds_libcrypto_linked(), &options, &err);
        NEED(store != NULL);
        view = rds_snapshot_view(rds_truststore_snapshot(store, &err));
        NEED(view->count > 100);
        rds_truststore_free(store); /* the snapshot stays */
    }
    return view;
}

void claim_anchor(const struct rds_bundle *bundle,
                  const struct rds_anchor *anchor)
{
    const unsigned char *der = bundle->der + anchor->der_at, *at = der;
    unsigned char sha256[EVP_MAX_MD_SIZE];
    X509 *certificate = d2i_X509(NULL, &at, anchor->der_size);

    CLAIM(certificate != NULL && at == der + anchor->der_size,
          "an anchor that libcrypto cannot read");
    X509_free(certificate);
    NEED(EVP_Digest(der, anchor->der_size, sha256, NULL, EVP_sha256(), NULL) ==
         1);
    CLAIM(memcmp(sha256, anchor->sha256, RDS_SHA256_SIZE) == 0,
          "the SHA-256 of %s", anchor->alias);
    CLAIM(anchor->family == RDS_FAMILY_RDS &&
              anchor->partition == bundle->name.partition,
          "%s of another partition in %s", anchor->alias, bundle->name.file);
    CLAIM(bundle->name.region[0] == '\0' || anchor->region[0] == '\0' ||
              strcmp(bundle->name.region, anchor->region) == 0,
          "%s of another region in %s", anchor->alias, bundle->name.file);
}

/* ---- files in memory ---------------------------------------------------- */

void memory_file_make(struct memory_file *file)
{
    file->fd = memfd_create("fuzz", MFD_CLOEXEC);
    NEED(file->fd >= 0 && fchmod(file->fd, 0600) == 0);
    (void)snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d",
                   file->fd);
}

void memory_file_fill(const struct memory_file *file, const void *bytes,
                      size_t size)
{
    NEED(ftruncate(file->fd, 0) == 0);
    NEED(size == 0 || pwrite(file->fd, bytes, size, 0) == (ssize_t)size);
}
