/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: makes the built-in tables from PEM files, at build time, on the
 * build host.
 *
 * usage: digest PINS COMBINED DATE-FILE PEM... > builtin.c
 *
 * Refuses a certificate that is not in PINS, one whose name or dates differ
 * from its pin, one that does not describe itself as an Amazon RDS CA, and a
 * file that holds anything but certificates.  Any refusal ends the build.
 * The output depends on the contents of the files only, not on their order.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "rds/select.h"
#include "rds/uri.h"

#define ANCHORS_MAX 1024
#define PINS_MAX 1024
#define COMBINED_MAX 128
#define LINE_MAX_SIZE 512

static struct rds_anchor anchors[ANCHORS_MAX];
static unsigned char *ders[ANCHORS_MAX];
static struct rds_entry entries[ANCHORS_MAX];
static size_t anchor_count;
static struct rds_pin pins[PINS_MAX];
static size_t pin_count;
static unsigned char combined[COMBINED_MAX][RDS_SHA256_SIZE];
static size_t combined_count;
static char date_text[RDS_DATE_MAX];
static int64_t date;

static void die(const char *format, ...) RDS_PRINTF(1, 2)
    __attribute__((noreturn));

static void die(const char *format, ...)
{
    va_list args;

    (void)fputs("digest: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    return file;
}

/* The next line without its end; comments and empty lines are passed over. */
static char *next_line(FILE *file, char line[LINE_MAX_SIZE], const char *path)
{
    while (fgets(line, LINE_MAX_SIZE, file) != NULL) {
        size_t size = strcspn(line, "\n");

        if (line[size] != '\n')
            die("%s: line too long, or the last one does not end", path);
        line[size] = '\0';
        if (size != 0 && line[0] != '#')
            return line;
    }
    return NULL;
}

/* Reads "2026-09-01T00:00:00Z" or "2026-09-01". */
static int64_t read_iso(const char *text, const char *path)
{
    char digits[] = "00000000000000Z";
    struct rds_der content = {(const unsigned char *)digits, 15};
    size_t used = 0;
    int64_t seconds;

    for (; *text != '\0' && used < 14; text++) {
        if (*text >= '0' && *text <= '9')
            digits[used++] = *text;
        else if (strchr("-:T", *text) == NULL)
            break;
    }
    if (used < 8 ||
        !rds_time_read(RDS_DER_GENERALIZED_TIME, &content, &seconds))
        die("%s: bad date", path);
    return seconds;
}

static char *field(char **rest, const char *path)
{
    char *text = strsep(rest, "\t");

    if (text == NULL)
        die("%s: a line with too few columns", path);
    return text;
}

static int compare_pins(const void *a, const void *b)
{
    return memcmp(((const struct rds_pin *)a)->sha256,
                  ((const struct rds_pin *)b)->sha256, RDS_SHA256_SIZE);
}

static void read_pins(const char *path)
{
    char line[LINE_MAX_SIZE], *rest, *text;
    FILE *file = open_file(path);

    if (next_line(file, line, path) == NULL)
        die("%s: no header line", path);
    while ((rest = next_line(file, line, path)) != NULL) {
        struct rds_pin *pin = &pins[pin_count++];

        if (pin_count == PINS_MAX)
            die("%s: too many pins", path);
        text = field(&rest, path);
        if (!rds_sha256_read(text, strlen(text), pin->sha256))
            die("%s: '%s' is no SHA-256", path, text);
        text = field(&rest, path);
        if (strlen(text) > RDS_CN_MAX)
            die("%s: '%s' is too long", path, text);
        memcpy(pin->cn, text, strlen(text) + 1);
        pin->not_before = read_iso(field(&rest, path), path);
        pin->not_after = read_iso(field(&rest, path), path);
    }
    (void)fclose(file);
    qsort(pins, pin_count, sizeof(pins[0]), compare_pins);
}

static void read_combined(const char *path)
{
    char line[LINE_MAX_SIZE];
    FILE *file = open_file(path);

    while (next_line(file, line, path) != NULL) {
        if (combined_count == COMBINED_MAX)
            die("%s: too many lines", path);
        if (!rds_sha256_read(line, strlen(line), combined[combined_count++]))
            die("%s: '%s' is no SHA-256", path, line);
    }
    (void)fclose(file);
}

static void read_date(const char *path)
{
    char line[LINE_MAX_SIZE];
    FILE *file = open_file(path);

    if (next_line(file, line, path) == NULL)
        die("%s: no date", path);
    date = read_iso(line, path);
    (void)rds_date_write(date_text, date);
    (void)fclose(file);
}

static void check_pin(const char *path, const struct rds_anchor *anchor,
                      const char *cn)
{
    struct rds_pin wanted = {.cn = ""}, *pin;
    char text[RDS_SHA256_TEXT];

    memcpy(wanted.sha256, anchor->sha256, sizeof(wanted.sha256));
    pin = bsearch(&wanted, pins, pin_count, sizeof(pins[0]), compare_pins);
    (void)rds_sha256_write(text, anchor->sha256);
    if (pin == NULL)
        die("%s: '%s', SHA-256 %s, is not in pins.tsv; a certificate that is "
            "not pinned is never built in",
            path, cn, text);
    if (strcmp(pin->cn, cn) != 0 || pin->not_before != anchor->not_before ||
        pin->not_after != anchor->not_after)
        die("%s: '%s', SHA-256 %s, differs from its pin in name or dates",
            path, cn, text);
}

static bool known(const unsigned char *sha256)
{
    for (size_t i = 0; i < anchor_count; i++) {
        if (memcmp(anchors[i].sha256, sha256, RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

static void take_certificate(const char *path, const unsigned char *der,
                             size_t size)
{
    struct rds_anchor *anchor = &anchors[anchor_count];
    struct rds_certificate certificate;
    unsigned char sha256[RDS_SHA256_SIZE];
    const unsigned char *at = der;
    struct rds_error err;
    X509 *parsed;

    if (EVP_Digest(der, size, sha256, NULL, EVP_sha256(), NULL) != 1)
        die("no SHA-256 in this OpenSSL");
    if (!rds_anchor_describe(anchor, der, size, sha256, 0, &err) ||
        !rds_certificate_read(der, size, &certificate, &err))
        die("%s: %s", path, err.text);
    parsed = d2i_X509(NULL, &at, (long)size);
    if (parsed == NULL || at != der + size)
        die("%s: OpenSSL cannot read '%s'", path, certificate.subject_cn);
    X509_free(parsed);
    check_pin(path, anchor, certificate.subject_cn);
    if (known(sha256))
        return; /* in two files: once is enough */
    if (anchor_count == ANCHORS_MAX - 1)
        die("%s: too many certificates", path);
    ders[anchor_count] = malloc(size);
    if (ders[anchor_count] == NULL)
        die("out of memory");
    memcpy(ders[anchor_count], der, size);
    anchor_count++;
}

static void read_pem(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    char *name, *header;
    unsigned char *data;
    size_t found = 0;
    long size;

    if (bio == NULL)
        die("%s: cannot open", path);
    while (PEM_read_bio(bio, &name, &header, &data, &size) == 1) {
        if (strcmp(name, PEM_STRING_X509) != 0 || size <= 0)
            die("%s: holds '%s'", path, name);
        take_certificate(path, data, (size_t)size);
        found++;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE ||
        found == 0)
        die("%s: damaged, or no certificate in it", path);
    ERR_clear_error();
    BIO_free(bio);
}

static int compare_entries(const void *a, const void *b)
{
    return rds_anchor_compare(((const struct rds_entry *)a)->anchor,
                              ((const struct rds_entry *)b)->anchor);
}

static void sort_anchors(void)
{
    for (size_t i = 0; i < anchor_count; i++)
        entries[i] = (struct rds_entry){&anchors[i], ders[i], NULL};
    qsort(entries, anchor_count, sizeof(entries[0]), compare_entries);
}

static void write_bytes(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        (void)printf("%u,%s", bytes[i], i % 24 == 23 ? "\n" : "");
}

static void write_span(const char *name, struct rds_span span)
{
    (void)printf(" .%s = {%u, %u},", name, span.at, span.size);
}

static void write_der(void)
{
    (void)puts("const unsigned char rds_builtin_der[] = {");
    for (size_t i = 0; i < anchor_count; i++) {
        write_bytes(entries[i].der, entries[i].anchor->der_size);
        (void)puts("");
    }
    (void)puts("};\n");
}

static void write_anchors(void)
{
    uint32_t at = 0;

    (void)puts("const struct rds_anchor rds_builtin_anchors[] = {");
    for (size_t i = 0; i < anchor_count; i++) {
        const struct rds_anchor *a = entries[i].anchor;

        (void)printf("{.not_before = %lldLL, .not_after = %lldLL,\n"
                     " .subject_key = 0x%llxULL, .issuer_key = 0x%llxULL,\n"
                     " .der_at = %u, .der_size = %u,\n",
                     (long long)a->not_before, (long long)a->not_after,
                     a->subject_key, a->issuer_key, at, a->der_size);
        write_span("serial", a->serial);
        write_span("issuer", a->issuer);
        write_span("subject", a->subject);
        write_span("ski", a->ski);
        write_span("aki", a->aki);
        (void)printf("\n .region = \"%s\", .ca = \"%s\", .alias = \"%s\",\n"
                     " .partition = %u, .family = %u, .role = %u, "
                     ".stage = %u,\n .sha256 = {",
                     a->region, a->ca, a->alias, a->partition, a->family,
                     a->role, a->stage);
        write_bytes(a->sha256, sizeof(a->sha256));
        (void)puts("}},");
        at += a->der_size;
    }
    (void)printf("};\nconst size_t rds_builtin_anchor_count = %zu;\n\n",
                 anchor_count);
}

static void write_pins(void)
{
    (void)puts("const struct rds_pin rds_builtin_pins[] = {");
    for (size_t i = 0; i < pin_count; i++) {
        (void)printf("{.cn = \"%s\", .not_before = %lldLL, "
                     ".not_after = %lldLL,\n .sha256 = {",
                     pins[i].cn, (long long)pins[i].not_before,
                     (long long)pins[i].not_after);
        write_bytes(pins[i].sha256, sizeof(pins[i].sha256));
        (void)puts("}},");
    }
    (void)printf("};\nconst size_t rds_builtin_pin_count = %zu;\n\n",
                 pin_count);
}

static int compare_regions(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The word of a pinned name that has the shape of a region. */
static bool region_of(const char *cn, char region[RDS_REGION_MAX])
{
    while (*cn != '\0') {
        size_t size = strcspn(cn, " ");

        if (rds_region_shape(cn, size) && strncmp(cn, "preview-", 8) != 0) {
            memcpy(region, cn, size);
            region[size] = '\0';
            return true;
        }
        cn += size + (cn[size] == ' ');
    }
    return false;
}

static void write_regions(void)
{
    static char regions[PINS_MAX][RDS_REGION_MAX];
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < pin_count; i++)
        count += region_of(pins[i].cn, regions[count]);
    qsort(regions, count, sizeof(regions[0]), compare_regions);
    (void)puts("const char rds_builtin_regions[][RDS_REGION_MAX] = {");
    for (size_t i = 0; i < count; i++) {
        if (i != 0 && strcmp(regions[i], regions[i - 1]) == 0)
            continue;
        (void)printf("\"%s\",\n", regions[i]);
        kept++;
    }
    (void)printf("};\nconst size_t rds_builtin_region_count = %zu;\n\n", kept);
}

static void write_combined(void)
{
    (void)puts("const unsigned char rds_builtin_combined[]"
               "[RDS_SHA256_SIZE] = {");
    for (size_t i = 0; i < combined_count; i++) {
        if (!known(combined[i]))
            die("the combined list names a certificate that is not built in");
        (void)puts("{");
        write_bytes(combined[i], RDS_SHA256_SIZE);
        (void)puts("},");
    }
    (void)printf("};\nconst size_t rds_builtin_combined_count = %zu;\n\n",
                 combined_count);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        die("usage: digest PINS COMBINED DATE-FILE PEM... > builtin.c");
    read_pins(argv[1]);
    read_combined(argv[2]);
    read_date(argv[3]);
    for (int i = 4; i < argc; i++)
        read_pem(argv[i]);
    sort_anchors();
    (void)puts("/* Made by digest from provider/anchors; do not edit. */\n"
               "#include \"rds/builtin.h\"\n");
    write_der();
    write_anchors();
    write_pins();
    write_regions();
    write_combined();
    (void)printf("const int64_t rds_builtin_date = %lldLL;\n"
                 "const char rds_builtin_summary[] =\n"
                 "    \"%zu anchors of %s\";\n",
                 (long long)date, anchor_count, date_text);
    if (fflush(stdout) != 0 || ferror(stdout))
        die("cannot write: %s", strerror(errno));
    return 0;
}
