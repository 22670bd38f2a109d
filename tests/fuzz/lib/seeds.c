/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the seeds that are no text: certificates, names, searches and bundles
 * out of the built-in ones, and leaves (seed_leaves.c).
 *
 * usage: fuzz-seeds FOLDER [TRUSTSTORE]
 *
 * TRUSTSTORE holds AWS's files as AWS serves them, should there be one.
 */

#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"

const char *seeds_folder;

void add(struct seed *seed, const void *bytes, size_t size)
{
    NEED(size <= SEED_MAX - seed->size);
    memcpy(seed->bytes + seed->size, bytes, size);
    seed->size += size;
}

void add_text(struct seed *seed, const char *text)
{
    add(seed, text, strlen(text));
}

void add_byte(struct seed *seed, unsigned byte)
{
    uint8_t one = (uint8_t)byte;

    add(seed, &one, 1);
}

void wrap(struct seed *seed)
{
    uint8_t head[] = {0x30, 0x82, (uint8_t)(seed->size >> 8),
                      (uint8_t)seed->size};
    size_t used = sizeof(head);

    if (seed->size < 0x80) {
        head[1] = (uint8_t)seed->size;
        used = 2;
    } else if (seed->size < 0x100) {
        head[1] = 0x81;
        head[2] = (uint8_t)seed->size;
        used = 3;
    }
    NEED(seed->size + used <= SEED_MAX);
    memmove(seed->bytes + used, seed->bytes, seed->size);
    memcpy(seed->bytes, head, used);
    seed->size += used;
}

void save(const char *target, const char *name, const struct seed *seed)
{
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s/%s", seeds_folder, target, name);
    file = fopen(path, "wbe");
    CLAIM(file != NULL, "cannot write %s", path);
    NEED(fwrite(seed->bytes, 1, seed->size, file) == seed->size);
    NEED(fclose(file) == 0);
}

/* ---- what is built in --------------------------------------------------- */

static void save_certificate(const struct rds_entry *entry)
{
    struct seed seed = {.size = 0};

    add(&seed, entry->der, entry->anchor->der_size);
    save("certificate", entry->anchor->alias, &seed);
}

static void save_names(const struct rds_entry *entry)
{
    const struct rds_anchor *anchor = entry->anchor;
    struct seed seed = {.size = 0};

    add(&seed, entry->der + anchor->subject.at, anchor->subject.size);
    add(&seed, entry->der + anchor->issuer.at, anchor->issuer.size);
    wrap(&seed);
    save("name", anchor->alias, &seed);
}

/* Keys and types as the target "search" numbers them. */
static void save_searches(const struct rds_entry *entry, unsigned uri)
{
    const struct rds_anchor *anchor = entry->anchor;
    struct seed subject = {.size = 0}, print = {.size = 0},
                alias = {.size = 0};
    char name[RDS_ALIAS_MAX + 16];

    add_byte(&subject, uri);
    add_byte(&subject, 1);
    add_byte(&subject, 4);
    add_byte(&subject, anchor->subject.size);
    add(&subject, entry->der + anchor->subject.at, anchor->subject.size);
    (void)snprintf(name, sizeof(name), "subject-%s", anchor->alias);
    save("search", name, &subject);

    add_byte(&print, uri);
    add_text(&print, "\x05\x03\x06SHA256");
    add_text(&print, "\x04\x04\x20");
    add(&print, anchor->sha256, sizeof(anchor->sha256));
    (void)snprintf(name, sizeof(name), "print-%s", anchor->alias);
    save("search", name, &print);

    add_byte(&alias, uri);
    add_text(&alias, "\x06\x03");
    add_byte(&alias, (unsigned)strlen(anchor->alias));
    add_text(&alias, anchor->alias);
    (void)snprintf(name, sizeof(name), "alias-%s", anchor->alias);
    save("search", name, &alias);
}

static void save_issuer_and_serial(const struct rds_entry *entry, unsigned uri)
{
    const struct rds_anchor *anchor = entry->anchor;
    struct seed search = {.size = 0}, find = {.size = 0};
    const uint8_t *serial = entry->der + anchor->serial.at;

    add_byte(&search, uri);
    add_byte(&search, 2);
    add_byte(&search, 4);
    add_byte(&search, anchor->issuer.size);
    add(&search, entry->der + anchor->issuer.at, anchor->issuer.size);
    add_text(&search, "\x03\x01");
    add_byte(&search, anchor->serial.size);
    for (size_t i = anchor->serial.size; i-- != 0;)
        add_byte(&search, serial[i]); /* least significant first */
    save("search", anchor->alias, &search);

    add(&find, entry->der + anchor->issuer.at, anchor->issuer.size);
    add_byte(&find, RDS_DER_INTEGER);
    add_byte(&find, anchor->serial.size);
    add(&find, serial, anchor->serial.size);
    wrap(&find);
    add_byte(&find, uri);
    add_byte(&find, 1);
    save("find", anchor->alias, &find);
}

/* Kinds as the target "find" numbers them. */
static void save_find(const char *what, const struct rds_entry *entry,
                      unsigned uri, unsigned kind, unsigned tag,
                      const void *bytes, size_t size)
{
    char name[RDS_ALIAS_MAX + 16];
    struct seed seed = {.size = 0};

    if (tag != 0) {
        add_byte(&seed, tag);
        add_byte(&seed, (unsigned)size);
    }
    add(&seed, bytes, size);
    wrap(&seed);
    add_byte(&seed, uri);
    add_byte(&seed, kind);
    (void)snprintf(name, sizeof(name), "%s-%s", what, entry->anchor->alias);
    save("find", name, &seed);
}

static void save_finds(const struct rds_entry *entry, unsigned uri)
{
    const struct rds_anchor *anchor = entry->anchor;

    save_find("subject", entry, uri, 0, 0, entry->der + anchor->subject.at,
              anchor->subject.size);
    save_find("print", entry, uri, 2, RDS_DER_OCTET_STRING, anchor->sha256,
              sizeof(anchor->sha256));
    save_find("alias", entry, uri, 3, RDS_DER_OCTET_STRING, anchor->alias,
              strlen(anchor->alias));
}

/* ---- bundles ------------------------------------------------------------ */

/* The production anchors of a place, in PEM, and as a PKCS#7. */
struct place {
    const char *file;
    enum rds_partition partition;
    const char *region;
    STACK_OF(X509) * certificates;
};

static void take_place(struct place *place, const char *file,
                       enum rds_partition partition, const char *region)
{
    const struct rds_view *view = builtin_view();

    *place = (struct place){.file = file,
                            .partition = partition,
                            .region = region,
                            .certificates = sk_X509_new_null()};
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;
        const unsigned char *at = view->entries[i].der;

        if (anchor->family == RDS_FAMILY_RDS &&
            anchor->partition == (uint8_t)partition &&
            strcmp(anchor->region, region) == 0 &&
            anchor->stage == RDS_STAGE_PRODUCTION &&
            sk_X509_num(place->certificates) < 5)
            NEED(sk_X509_push(place->certificates,
                              d2i_X509(NULL, &at, anchor->der_size)) > 0);
    }
    NEED(sk_X509_num(place->certificates) > 0);
}

static void add_bio(struct seed *seed, BIO *bio)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);

    add(seed, bytes, (size_t)size);
    BIO_free(bio);
}

static void add_pem(struct seed *seed, const struct place *place)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (int i = 0; i < sk_X509_num(place->certificates); i++)
        NEED(PEM_write_bio_X509(bio, sk_X509_value(place->certificates, i)) ==
             1);
    add_bio(seed, bio);
}

static void add_pkcs7(struct seed *seed, const struct place *place, bool pem)
{
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());

    NEED(PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
         PKCS7_content_new(p7, NID_pkcs7_data) == 1);
    for (int i = 0; i < sk_X509_num(place->certificates); i++)
        NEED(PKCS7_add_certificate(
                 p7, sk_X509_value(place->certificates, i)) == 1);
    NEED((pem ? PEM_write_bio_PKCS7(bio, p7) : i2d_PKCS7_bio(bio, p7)) == 1);
    PKCS7_free(p7);
    add_bio(seed, bio);
}

static void save_bundles(const char *file, enum rds_partition partition,
                         const char *region)
{
    static const char *const letters[] = {"", " a", " s", " ans"};
    char name[RDS_FILE_NAME_MAX + 16];
    struct place place;
    struct seed seed;

    take_place(&place, file, partition, region);
    for (size_t i = 0; i < 4; i++) {
        seed.size = 0;
        add_text(&seed, file);
        add_text(&seed, letters[i]);
        add_text(&seed, "\n");
        add_pem(&seed, &place);
        (void)snprintf(name, sizeof(name), "%zu-%s", i, file);
        save("vet", name, &seed);
        if (i == 0)
            save("bundle", name, &seed);
    }
    for (int pem = 0; pem < 2; pem++) {
        seed.size = 0;
        add_text(&seed, file);
        add_text(&seed, " a\n");
        add_pkcs7(&seed, &place, pem == 1);
        (void)snprintf(name, sizeof(name), "p7b-%d-%s", pem, file);
        save("vet", name, &seed);
    }
    sk_X509_pop_free(place.certificates, X509_free);
}

/* Anchors of several places under one name: the first `count` of these. */
static void save_mixed(const char *line, size_t count)
{
    static const char *const aliases[] = {
        "us-west-2-rds-ca-ecc384-g1",  "amazon-root-ca-3",
        "us-west-2-rds-ca-rsa2048-g1", "eu-west-1-rds-ca-ecc384-g1",
        "cn-north-1-rds-ca-ecc384-g1", "rds-ca-2019-root",
    };
    const struct rds_view *view = builtin_view();
    struct seed seed = {.size = 0};
    char name[RDS_FILE_NAME_MAX];
    BIO *bio;

    (void)snprintf(name, sizeof(name), "mixed-%zu-%s", count, line);
    add_text(&seed, line);
    add_text(&seed, "\n");
    for (size_t i = 0; i < view->count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(view->entries[i].anchor->alias, aliases[j]) != 0)
                continue;
            bio = BIO_new(BIO_s_mem());
            NEED(PEM_write_bio(bio, PEM_STRING_X509, "", view->entries[i].der,
                               view->entries[i].anchor->der_size) > 0);
            add_bio(&seed, bio);
        }
    }
    save("vet", name, &seed);
    save("bundle", name, &seed);
}

/* AWS's own file of a region, as it is. */
static void save_served(const char *truststore, const char *region)
{
    struct seed seed = {.size = 0};
    char path[4096], bytes[SEED_MAX - 128];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof(path), "%s/aws/%s/%s-bundle.pem", truststore,
                   region, region);
    file = fopen(path, "re");
    if (file == NULL) {
        (void)printf("fuzz-seeds: no %s: done without\n", path);
        return;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    NEED(size != 0 && size < sizeof(bytes) && fclose(file) == 0);
    add_text(&seed, region);
    add_text(&seed, "-bundle.pem a\n");
    add(&seed, bytes, size);
    save("vet", "served", &seed);
    seed.size = 0;
    add_text(&seed, region);
    add_text(&seed, "-bundle.pem\n");
    add(&seed, bytes, size);
    save("bundle", "served", &seed);
}

/* ------------------------------------------------------------------------- */

static void save_entries(void)
{
    const struct rds_view *view = builtin_view();

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;

        if (i % 4 == 0 || anchor->role == RDS_ROLE_INTERMEDIATE)
            save_certificate(&view->entries[i]);
        if (i % 16 == 0 || anchor->region[0] == '\0')
            save_names(&view->entries[i]);
        if (strcmp(anchor->region, "us-west-2") != 0 &&
            anchor->family == RDS_FAMILY_RDS)
            continue;
        save_searches(&view->entries[i], anchor->family != 0 ? 3 : 0);
        save_issuer_and_serial(&view->entries[i], anchor->family != 0 ? 3 : 0);
        save_finds(&view->entries[i], anchor->family != 0 ? 3 : 0);
    }
}

int main(int argc, char **argv)
{
    NEED(argc >= 2);
    seeds_folder = argv[1];
    save_entries();
    save_bundles("us-west-2-bundle.pem", RDS_PARTITION_AWS, "us-west-2");
    save_bundles("us-gov-west-1-bundle.pem", RDS_PARTITION_AWS_US_GOV,
                 "us-gov-west-1");
    save_bundles("aws-cn-global-bundle.pem", RDS_PARTITION_AWS_CN,
                 "cn-north-1");
    save_mixed("us-west-2-bundle.pem a", 2);
    save_mixed("us-west-2-bundle.pem", 4);
    save_mixed("aws-global-bundle.pem", 6);
    if (argc > 2)
        save_served(argv[2], "eu-central-1");
    save_leaves();
    return 0;
}
