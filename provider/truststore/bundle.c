/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM files of anchors.  Refuses a file that holds anything but certificates,
 * and leaves out certificates that are not what the file's name says.
 */

#include "rds/bundle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/sha256.h"

#define SUFFIX "-bundle.pem"
#define GLOBAL_SUFFIX "-global" SUFFIX
#define LEFT_OUT_MAX 64 /* certificates of a file that are reported singly */

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t end_size = strlen(end);

    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

bool rds_bundle_name_read(const char *file, struct rds_bundle_name *out)
{
    size_t size = strlen(file), stem;

    memset(out, 0, sizeof(*out));
    if (size >= sizeof(out->file))
        return false;
    memcpy(out->file, file, size);
    if (ends_with(file, size, GLOBAL_SUFFIX))
        return rds_partition_find(file, size - strlen(GLOBAL_SUFFIX),
                                  &out->partition);
    if (!ends_with(file, size, SUFFIX))
        return false;
    stem = size - strlen(SUFFIX);
    if (!rds_region_shape(file, stem))
        return false;
    memcpy(out->region, file, stem);
    out->partition = rds_region_partition(file, stem);
    return true;
}

void rds_bundle_name_retired(const struct rds_legacy *legacy,
                             struct rds_bundle_name *out)
{
    memset(out, 0, sizeof(*out));
    (void)snprintf(out->file, sizeof(out->file), RDS_RETIRED "/%s",
                   legacy->file);
    out->partition = legacy->partition;
    out->legacy = legacy;
}

size_t rds_bundle_anchors_max(const struct rds_bundle_name *name)
{
    return name->legacy != NULL ? RDS_RETIRED_ANCHORS_MAX
                                : RDS_BUNDLE_ANCHORS_MAX;
}

/* What a bundle is made with. */
struct maker {
    const struct rds_libcrypto *lc;
    bool prove;
    struct rds_bundle *bundle;
    rds_report_fn *report;
    void *arg;
    struct rds_error *err;
    size_t der_used;
    size_t found;    /* certificates, good or not */
    size_t left_out; /* of them */
    bool damaged;    /* libcrypto says that this is no PEM */
};

/* Reports it, and goes on: always true. */
static bool leave_out(struct maker *maker, const char *why)
{
    char line[RDS_ERROR_TEXT + RDS_FILE_NAME_MAX + 64];

    if (maker->report == NULL || ++maker->left_out > LEFT_OUT_MAX)
        return true;
    (void)snprintf(line, sizeof(line), "%s: certificate %zu left out: %s",
                   maker->bundle->name.file, maker->found, why);
    maker->report(maker->arg, line);
    return true;
}

static void report_left_out(const struct maker *maker)
{
    char line[RDS_ERROR_TEXT];

    if (maker->report == NULL || maker->left_out <= LEFT_OUT_MAX)
        return;
    (void)snprintf(line, sizeof(line), "%s: %zu more certificates left out",
                   maker->bundle->name.file, maker->left_out - LEFT_OUT_MAX);
    maker->report(maker->arg, line);
}

static bool libcrypto_reads(const struct rds_libcrypto *lc,
                            const unsigned char *der, size_t size)
{
    const unsigned char *at = der;
    X509 *certificate;
    bool good;

    (void)lc->ERR_set_mark();
    certificate = lc->d2i_X509(NULL, &at, (long)size);
    good = certificate != NULL && at == der + size;
    lc->X509_free(certificate);
    (void)lc->ERR_pop_to_mark();
    return good;
}

/*
 * Whether libcrypto takes the certificate, so that no reader stumbles.  It may
 * have had no memory, and does not say so: its no is believed when it says it
 * again.
 */
static bool libcrypto_takes(const struct rds_libcrypto *lc,
                            const unsigned char *der, size_t size)
{
    bool good = false;

    for (int tries = 0; !good && tries < 2; tries++)
        good = libcrypto_reads(lc, der, size);
    return good;
}

bool rds_bundle_name_fits(const struct rds_bundle_name *name,
                          const struct rds_anchor *anchor)
{
    if (anchor->family != RDS_FAMILY_RDS)
        return false;
    return name->legacy != NULL ||
           (anchor->partition == name->partition &&
            (name->region[0] == '\0' || anchor->region[0] == '\0' ||
             strcmp(name->region, anchor->region) == 0));
}

/* How many have its subject; *twice: whether it is one of them itself. */
static size_t same_name(const struct rds_bundle *bundle,
                        const struct rds_anchor *wanted, bool *twice)
{
    size_t count = 0;

    *twice = false;
    for (size_t i = 0; i < bundle->count; i++) {
        const struct rds_anchor *anchor = &bundle->anchors[i];

        if (anchor->subject_key != wanted->subject_key)
            continue;
        count++;
        *twice |= memcmp(anchor->sha256, wanted->sha256, RDS_SHA256_SIZE) == 0;
    }
    return count;
}

static bool too_many_of_a_name(const struct maker *maker,
                               const struct rds_anchor *anchor)
{
    return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                    "%s: more than %d certificates with the name of %s; fetch "
                    "the file again",
                    maker->bundle->name.file, RDS_SAME_NAME_MAX,
                    anchor->alias);
}

/* One certificate: kept, or left out with a report; false ends the reading. */
static bool take_certificate(struct maker *maker, const unsigned char *der,
                             size_t size)
{
    struct rds_bundle *bundle = maker->bundle;
    struct rds_anchor *anchor = &bundle->anchors[bundle->count];
    size_t most = rds_bundle_anchors_max(&bundle->name);
    unsigned char sha256[RDS_SHA256_SIZE];
    struct rds_error why;
    size_t same;
    bool twice;

    maker->found++;
    if (maker->found > most)
        return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                        "%s: more than %zu certificates", bundle->name.file,
                        most);
    rds_sha256(der, size, sha256);
    if (!rds_anchor_describe(anchor, der, size, sha256,
                             (uint32_t)maker->der_used, &why))
        return leave_out(maker, why.text);
    if (!rds_bundle_name_fits(&bundle->name, anchor))
        return leave_out(maker, bundle->name.legacy != NULL
                                    ? "not of Amazon RDS"
                                    : "not of the region or partition that "
                                      "the file's name states");
    same = same_name(bundle, anchor, &twice);
    if (twice)
        return leave_out(maker, "it stands in the file twice");
    if (same == RDS_SAME_NAME_MAX)
        return too_many_of_a_name(maker, anchor);
    if (maker->prove && !libcrypto_takes(maker->lc, der, size))
        return leave_out(maker, "libcrypto cannot read it");
    memcpy(bundle->der + maker->der_used, der, size);
    maker->der_used += size;
    bundle->count++;
    return true;
}

/* One PEM block of any kind. */
static bool take_block(struct maker *maker, const char *name,
                       const char *header, const unsigned char *data,
                       long size)
{
    const char *file = maker->bundle->name.file;
    char quoted[RDS_QUOTE_MAX];

    if (strstr(name, "PRIVATE KEY") != NULL)
        return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                        "%s: holds a private key; remove it, a bundle has "
                        "certificates only",
                        file);
    if (strcmp(name, PEM_STRING_X509) != 0 || header[0] != '\0' || size <= 0)
        return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                        "%s: holds '%s'; a bundle has certificates only", file,
                        rds_quote(quoted, name, strlen(name)));
    return take_certificate(maker, data, (size_t)size);
}

size_t rds_pem_marks(const void *bytes, size_t size, const char *mark)
{
    const char *at = bytes, *end = at + size;
    size_t count = 0;

    while ((at = memmem(at, (size_t)(end - at), mark, strlen(mark))) != NULL) {
        at += strlen(mark);
        count++;
    }
    return count;
}

/*
 * A damaged BEGIN line would make its certificate vanish without a word, as
 * if AWS had withdrawn it.
 */
static bool all_found(const struct maker *maker, const void *bytes,
                      size_t size)
{
    return rds_pem_marks(bytes, size, "-----BEGIN ") == maker->found &&
           rds_pem_marks(bytes, size, "-----END ") == maker->found;
}

static bool no_memory(const struct maker *maker)
{
    return rds_fail(maker->err, RDS_R_NO_MEMORY, "%s: out of memory",
                    maker->bundle->name.file);
}

static bool take_blocks(struct maker *maker, BIO *bio, const void *bytes,
                        size_t bytes_size)
{
    const struct rds_libcrypto *lc = maker->lc;
    char *name, *header;
    unsigned char *data;
    long size;
    bool good = true;
    int reason;

    while (good && lc->PEM_read_bio(bio, &name, &header, &data, &size) == 1) {
        good = take_block(maker, name, header, data, size);
        lc->CRYPTO_free(name, __FILE__, __LINE__);
        lc->CRYPTO_free(header, __FILE__, __LINE__);
        lc->CRYPTO_free(data, __FILE__, __LINE__);
    }
    if (!good)
        return false;
    reason = ERR_GET_REASON(lc->ERR_peek_last_error());
    if (reason == ERR_R_MALLOC_FAILURE)
        return no_memory(maker);
    maker->damaged = reason != PEM_R_NO_START_LINE || maker->found == 0 ||
                     !all_found(maker, bytes, bytes_size);
    if (maker->damaged && (reason != PEM_R_NO_START_LINE || maker->found != 0))
        return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                        "%s: damaged PEM after certificate %zu; fetch the "
                        "file again",
                        maker->bundle->name.file, maker->found);
    if (maker->bundle->count == 0)
        return rds_fail(maker->err, RDS_R_BAD_BUNDLE,
                        "%s: %s; fetch the file again",
                        maker->bundle->name.file,
                        maker->found == 0 ? "no PEM certificate in it"
                        : maker->bundle->name.legacy != NULL
                            ? "no Amazon RDS CA in it"
                            : "no certificate of its region or partition in "
                              "it");
    return true;
}

/* Room for what begins in the file, as far as it is read. */
static size_t room_for(const struct rds_bundle_name *name, const void *bytes,
                       size_t size)
{
    size_t count = rds_pem_marks(bytes, size, "-----BEGIN ");
    size_t most = rds_bundle_anchors_max(name);

    return (count < most ? count : most) + 1;
}

/* An empty bundle with room for the content, or NULL. */
static struct rds_bundle *make_bundle(const struct rds_bundle_name *name,
                                      int64_t confirmed, const void *bytes,
                                      size_t size)
{
    struct rds_bundle *bundle = calloc(1, sizeof(*bundle));

    if (bundle == NULL)
        return NULL;
    bundle->name = *name;
    bundle->confirmed = confirmed;
    bundle->users = 1;
    bundle->anchors =
        calloc(room_for(name, bytes, size), sizeof(bundle->anchors[0]));
    bundle->der = malloc(size + 1); /* DER is shorter than PEM */
    if (bundle->anchors != NULL && bundle->der != NULL)
        return bundle;
    rds_bundle_free(bundle);
    return NULL;
}

/* Fills the maker's bundle. */
static bool fill(struct maker *maker, const void *bytes, size_t size)
{
    const struct rds_libcrypto *lc = maker->lc;
    BIO *bio = lc->BIO_new_mem_buf(bytes, (int)size);
    bool good;

    if (bio == NULL)
        return no_memory(maker);
    good = take_blocks(maker, bio, bytes, size);
    lc->BIO_free(bio);
    return good;
}

/* Not all that libcrypto has no memory for is said to be that: see above. */
static bool fill_at_last(struct maker *maker, const void *bytes, size_t size)
{
    if (fill(maker, bytes, size))
        return true;
    if (!maker->damaged)
        return false;
    maker->report = NULL; /* has been told */
    maker->bundle->count = 0;
    maker->der_used = 0;
    maker->found = 0;
    return fill(maker, bytes, size);
}

struct rds_bundle *rds_bundle_parse(const struct rds_libcrypto *lc,
                                    const struct rds_bundle_name *name,
                                    bool prove, int64_t confirmed,
                                    const void *bytes, size_t size,
                                    rds_report_fn *report, void *arg,
                                    struct rds_error *err)
{
    struct maker maker = {
        .lc = lc, .prove = prove, .report = report, .arg = arg, .err = err};
    bool good;

    if (size > RDS_BUNDLE_MAX) {
        (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%s: larger than %d bytes",
                       name->file, RDS_BUNDLE_MAX);
        return NULL;
    }
    maker.bundle = make_bundle(name, confirmed, bytes, size);
    if (maker.bundle == NULL) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "%s: out of memory", name->file);
        return NULL;
    }
    (void)lc->ERR_set_mark();
    good = fill_at_last(&maker, bytes, size);
    report_left_out(&maker);
    (void)lc->ERR_pop_to_mark();
    if (good)
        return maker.bundle;
    rds_bundle_free(maker.bundle);
    return NULL;
}

void rds_bundle_free(struct rds_bundle *bundle)
{
    if (bundle == NULL)
        return;
    free(bundle->anchors);
    free(bundle->der);
    free(bundle);
}
