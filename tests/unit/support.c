/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests.h declares.  Proves nothing by itself.
 */

#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rds/builtin.h"

/* ---- checks ------------------------------------------------------------- */

static bool judge(bool good, const char *what, const char *file, unsigned line,
                  const char *format, va_list args) RDS_PRINTF(5, 0);

static bool judge(bool good, const char *what, const char *file, unsigned line,
                  const char *format, va_list args)
{
    char row[512], text[2048];

    if (good) {
        (void)CU_assertImplementation(CU_TRUE, line, what, file, "", CU_FALSE);
        return true;
    }
    if (vsnprintf(row, sizeof(row), format, args) < 0)
        row[0] = '\0';
    (void)snprintf(text, sizeof(text), "[%s] %s", row, what);
    (void)CU_assertImplementation(CU_FALSE, line, text, file, "", CU_FALSE);
    return false;
}

bool check_that(bool good, const char *condition, const char *file,
                unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)judge(good, condition, file, line, format, args);
    va_end(args);
    return good;
}

bool check_text(const char *actual, const char *expected, const char *file,
                unsigned line, const char *format, ...)
{
    bool good = strcmp(actual, expected) == 0;
    char what[1500];
    va_list args;

    (void)snprintf(what, sizeof(what), "is '%.700s', not '%.700s'", actual,
                   expected);
    va_start(args, format);
    (void)judge(good, what, file, line, format, args);
    va_end(args);
    return good;
}

bool check_number(long long actual, long long expected, const char *file,
                  unsigned line, const char *format, ...)
{
    bool good = actual == expected;
    char what[96];
    va_list args;

    (void)snprintf(what, sizeof(what), "is %lld, not %lld", actual, expected);
    va_start(args, format);
    (void)judge(good, what, file, line, format, args);
    va_end(args);
    return good;
}

void skip(const char *format, ...)
{
    va_list args;

    (void)printf("\n  SKIPPED: ");
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

void need(bool good, const char *what, const char *file, unsigned line)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s:%u: the test cannot be prepared: %s\n", file,
                  line, what);
    exit(2);
}

/* ---- bytes and times ---------------------------------------------------- */

/* By the Julian day number; time_t may have 32 bits only. */
int64_t day(int year, int month, int day_of_month)
{
    int64_t before = (14 - month) / 12, y = year + 4800 - before,
            m = month + 12 * before - 3;
    int64_t julian = day_of_month + (153 * m + 2) / 5 + 365 * y + y / 4 -
                     y / 100 + y / 400 - 32045;

    return (julian - 2440588) * 86400;
}

/* ASN1_TIME_set() takes a time_t. */
static bool set_time(ASN1_TIME *time, int64_t seconds)
{
    return ASN1_TIME_adj(time, 0, (int)(seconds / 86400),
                         (long)(seconds % 86400)) != NULL;
}

size_t unhex(const char *hex, unsigned char *out, size_t room)
{
    size_t size = 0;
    unsigned byte;
    int used;

    for (hex += strspn(hex, " "); *hex != '\0'; hex += strspn(hex, " ")) {
        NEED(size < room && sscanf(hex, "%2x%n", &byte, &used) == 1 &&
             used == 2);
        out[size++] = (unsigned char)byte;
        hex += 2;
    }
    return size;
}

unsigned char *exact_copy(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size != 0 ? size : 1);

    NEED(copy != NULL);
    if (size != 0)
        memcpy(copy, bytes, size);
    return copy;
}

unsigned char *longer_copy(const void *bytes, size_t size)
{
    unsigned char *copy = calloc(size + 1, 1);

    NEED(copy != NULL);
    memcpy(copy, bytes, size);
    return copy;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    char *grown = realloc(text->bytes, text->size + size + 1);

    NEED(grown != NULL);
    text->bytes = grown;
    if (size != 0)
        memcpy(grown + text->size, bytes, size);
    text->size += size;
    grown[text->size] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    char *added = NULL;
    va_list args;
    int size;

    va_start(args, format);
    size = vasprintf(&added, format, args);
    va_end(args);
    NEED(size >= 0);
    text_add_bytes(text, added, (size_t)size);
    free(added);
}

void text_clear(struct text *text)
{
    free(text->bytes);
    text->bytes = NULL;
    text->size = 0;
}

/* ---- certificates ------------------------------------------------------- */

static void add_name(X509_NAME *name, const char *field, const char *value)
{
    NEED(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                    (const unsigned char *)value, -1, -1,
                                    0) == 1);
}

static void set_names(X509 *certificate, const struct recipe *recipe)
{
    const char *own = recipe->organization != NULL
                          ? recipe->organization
                          : "Amazon Web Services, Inc.";
    const char *issuers = recipe->issuer_organization != NULL
                              ? recipe->issuer_organization
                              : own;
    const char *issuer = recipe->issuer != NULL ? recipe->issuer : recipe->cn;
    X509_NAME *name = X509_NAME_new();

    NEED(name != NULL);
    add_name(name, "C", "US");
    add_name(name, "O", own);
    if (recipe->cn[0] != '\0')
        add_name(name, "CN", recipe->cn);
    add_name(name, "L", "Seattle");
    NEED(X509_set_subject_name(certificate, name) == 1);
    X509_NAME_free(name);
    name = X509_NAME_new();
    NEED(name != NULL);
    add_name(name, "C", "US");
    add_name(name, "O", issuers);
    if (issuer[0] != '\0')
        add_name(name, "CN", issuer);
    add_name(name, "L", "Seattle");
    NEED(X509_set_issuer_name(certificate, name) == 1);
    X509_NAME_free(name);
}

static void add_key_ids(X509 *certificate, const struct recipe *recipe)
{
    ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();

    NEED(ski != NULL && aki != NULL);
    if (recipe->ski != NULL) {
        NEED(ASN1_OCTET_STRING_set(ski, (const unsigned char *)recipe->ski,
                                   -1) == 1);
        NEED(X509_add1_ext_i2d(certificate, NID_subject_key_identifier, ski, 0,
                               X509V3_ADD_DEFAULT) == 1);
    }
    if (recipe->aki != NULL) {
        aki->keyid = ASN1_OCTET_STRING_new();
        NEED(aki->keyid != NULL &&
             ASN1_OCTET_STRING_set(
                 aki->keyid, (const unsigned char *)recipe->aki, -1) == 1);
        NEED(X509_add1_ext_i2d(certificate, NID_authority_key_identifier, aki,
                               0, X509V3_ADD_DEFAULT) == 1);
    }
    ASN1_OCTET_STRING_free(ski);
    AUTHORITY_KEYID_free(aki);
}

static void add_basic_constraints(X509 *certificate, bool ca)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

    NEED(constraints != NULL);
    constraints->ca = ca ? 0xff : 0;
    NEED(X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1,
                           X509V3_ADD_DEFAULT) == 1);
    BASIC_CONSTRAINTS_free(constraints);
}

static void add_san(X509 *certificate, const char *san)
{
    X509_EXTENSION *extension =
        X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, san);

    NEED(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void make_certificate(struct made *out, const struct recipe *recipe)
{
    static long serial = 1000;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *certificate = X509_new();
    unsigned char *at = out->der;
    int64_t from = recipe->from != 0 ? recipe->from : day(2021, 6, 1);
    int64_t until = recipe->until != 0 ? recipe->until : day(2061, 6, 1);
    int size;

    NEED(key != NULL && certificate != NULL);
    NEED(X509_set_version(certificate, 2) == 1);
    NEED(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) == 1);
    NEED(set_time(X509_getm_notBefore(certificate), from) &&
         set_time(X509_getm_notAfter(certificate), until));
    NEED(X509_set_pubkey(certificate, key) == 1);
    set_names(certificate, recipe);
    add_basic_constraints(certificate, !recipe->no_ca);
    add_key_ids(certificate, recipe);
    if (recipe->san != NULL)
        add_san(certificate, recipe->san);
    NEED(X509_sign(certificate, key, NULL) > 0);
    size = i2d_X509(certificate, NULL);
    NEED(size > 0 && (size_t)size <= sizeof(out->der));
    out->size = (size_t)i2d_X509(certificate, &at);
    NEED(EVP_Digest(out->der, out->size, out->sha256, NULL, EVP_sha256(),
                    NULL) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void make_root(struct made *out, const char *cn)
{
    make_certificate(out, &(struct recipe){.cn = cn});
}

void text_add_pem(struct text *text, const unsigned char *der, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    long pem_size;

    NEED(bio != NULL &&
         PEM_write_bio(bio, PEM_STRING_X509, "", der, (long)size) > 0);
    pem_size = BIO_get_mem_data(bio, &pem);
    text_add_bytes(text, pem, (size_t)pem_size);
    BIO_free(bio);
}

void text_add_made(struct text *text, const struct made *made)
{
    text_add_pem(text, made->der, made->size);
}

long built(enum built_set what)
{
    long count = 0;

    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *a = &rds_builtin_anchors[i];

        if (a->family != RDS_FAMILY_RDS || a->stage != RDS_STAGE_PRODUCTION ||
            (what != BUILT_EVER &&
             (a->not_after < rds_builtin_date || a->role != RDS_ROLE_ROOT)) ||
            (what == BUILT_CURRENT_AWS && a->partition != RDS_PARTITION_AWS))
            continue;
        count++;
    }
    return count;
}

const struct rds_anchor *builtin(const char *alias)
{
    const struct rds_anchor *found = NULL;

    for (size_t i = 0; i < rds_builtin_anchor_count; i++) {
        if (strcmp(rds_builtin_anchors[i].alias, alias) == 0)
            found = &rds_builtin_anchors[i];
    }
    NEED(found != NULL);
    return found;
}

const unsigned char *builtin_der(const struct rds_anchor *anchor)
{
    return rds_builtin_der + anchor->der_at;
}

void text_add_builtin(struct text *text, const char *alias)
{
    const struct rds_anchor *anchor = builtin(alias);

    text_add_pem(text, builtin_der(anchor), anchor->der_size);
}

void common_name(const X509_NAME *name, char *out, int room)
{
    if (X509_NAME_get_text_by_NID(name, NID_commonName, out, room) < 0)
        out[0] = '\0';
}

/* ---- views -------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
    return rds_anchor_compare(((const struct rds_entry *)a)->anchor,
                              ((const struct rds_entry *)b)->anchor);
}

void view_start(struct test_view *view, bool with_builtin)
{
    size_t count = with_builtin ? rds_builtin_anchor_count : 0;

    memset(view, 0, sizeof(*view));
    view->entries = calloc(count + VIEW_EXTRA, sizeof(view->entries[0]));
    NEED(view->entries != NULL);
    for (size_t i = 0; i < count; i++)
        view->entries[i] =
            (struct rds_entry){&rds_builtin_anchors[i],
                               builtin_der(&rds_builtin_anchors[i]), NULL};
    view->view.entries = view->entries;
    view->view.count = count;
    view->view.regions = rds_builtin_regions;
    view->view.region_count = with_builtin ? rds_builtin_region_count : 0;
    view->view.pins = rds_builtin_pins;
    view->view.pin_count = with_builtin ? rds_builtin_pin_count : 0;
    view->view.combined = rds_builtin_combined;
    view->view.combined_count = with_builtin ? rds_builtin_combined_count : 0;
    view->view.set_date = rds_builtin_date;
}

/* Makes a certificate and describes it, in the next of the extra places. */
static void describe_extra(struct test_view *view, const struct recipe *recipe)
{
    struct rds_anchor *anchor = &view->extra[view->extra_count];
    struct made *made = &view->made[view->extra_count];
    struct rds_error err = {RDS_R_NONE, ""};

    NEED(view->extra_count < VIEW_EXTRA);
    view->extra_count++;
    make_certificate(made, recipe);
    NEED(rds_anchor_describe(anchor, made->der, made->size, made->sha256, 0,
                             &err));
}

void view_add(struct test_view *view, const struct recipe *recipe)
{
    struct rds_entry added = {&view->extra[view->extra_count],
                              view->made[view->extra_count].der, NULL};

    NEED(view->view.retired_count == 0);
    describe_extra(view, recipe);
    view->entries[view->view.count++] = added;
    qsort(view->entries, view->view.count, sizeof(view->entries[0]),
          compare_entries);
}

static void retire(struct test_view *view, const char *stem,
                   struct rds_entry entry)
{
    const struct rds_legacy *legacy = rds_legacy_find(stem);
    size_t at = view->view.count + view->view.retired_count++;
    struct rds_retired *retired;

    NEED(legacy != NULL);
    retired = &view->view.retired[legacy - rds_legacy_files];
    if (!retired->present)
        *retired = (struct rds_retired){true, at, 0, NULL};
    NEED(retired->first + retired->count++ == at);
    view->entries[at] = entry;
}

void view_retire(struct test_view *view, const char *stem,
                 const struct recipe *recipe)
{
    struct rds_entry added = {&view->extra[view->extra_count],
                              view->made[view->extra_count].der, NULL};

    describe_extra(view, recipe);
    retire(view, stem, added);
}

void view_retire_builtin(struct test_view *view, const char *stem,
                         const char *alias)
{
    const struct rds_anchor *anchor = builtin(alias);

    NEED(view->extra_count++ < VIEW_EXTRA); /* a place among the entries */
    retire(view, stem, (struct rds_entry){anchor, builtin_der(anchor), NULL});
}

void view_clear(struct test_view *view)
{
    free(view->entries);
    view->entries = NULL;
}

/* One at a time: it is too large for the stack. */
static struct rds_uri scratch_uri;

void answer(struct text *out, const struct rds_view *view, const char *uri,
            int64_t now, enum rds_reason *reason)
{
    struct rds_selection selection = {NULL, 0, NULL};
    struct rds_error err = {RDS_R_NONE, ""};

    text_clear(out);
    if (!rds_uri_read(uri, &scratch_uri, &err) ||
        !rds_select(&scratch_uri, view, now, &selection, &err)) {
        text_add(out, "error: %s", err.text);
        if (reason != NULL)
            *reason = err.reason;
        return;
    }
    if (reason != NULL)
        *reason = RDS_R_NONE;
    text_add(out, "%s", "");
    for (size_t i = 0; i < selection.count; i++)
        text_add(out, "%s%s", i != 0 ? " " : "",
                 view->entries[selection.index[i]].anchor->alias);
    rds_selection_clear(&selection);
}

long answer_count(const struct rds_view *view, const char *uri, int64_t now)
{
    struct rds_selection selection = {NULL, 0, NULL};
    long count = -1;

    if (rds_uri_read(uri, &scratch_uri, NULL) &&
        rds_select(&scratch_uri, view, now, &selection, NULL))
        count = (long)selection.count;
    rds_selection_clear(&selection);
    return count;
}

/* ---- trust stores ------------------------------------------------------- */

int64_t test_day(void)
{
    return day(2026, 11, 23);
}

const struct rds_snapshot *take_snapshot(struct rds_truststore *store)
{
    struct rds_error err = {RDS_R_NONE, ""};
    const struct rds_snapshot *snapshot = rds_truststore_snapshot(store, &err);

    NEED(snapshot != NULL);
    return snapshot;
}

void check_store(struct rds_truststore *store, const char *uri,
                 const char *wanted, const char *row)
{
    const struct rds_snapshot *snapshot = take_snapshot(store);
    struct text got = {NULL, 0};

    answer(&got, rds_snapshot_view(snapshot), uri, test_day(), NULL);
    CHECK_TEXT(got.bytes, wanted, "%s: %s", row, uri);
    text_clear(&got);
    rds_snapshot_release(snapshot);
}

/* ---- processes ---------------------------------------------------------- */

#define CHILD_SECONDS 20 /* a lock held for ever ends here */

int in_child(int (*work)(void *arg), void *arg)
{
    unsigned char byte;
    int ends[2], result;
    ssize_t got;
    pid_t child;

    NEED(fflush(stdout) == 0 && pipe(ends) == 0);
    child = fork();
    NEED(child >= 0);
    if (child == 0) {
        (void)alarm(CHILD_SECONDS);
        byte = (unsigned char)work(arg);
        (void)!write(ends[1], &byte, 1);
        (void)execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    NEED(close(ends[1]) == 0);
    do
        got = read(ends[0], &byte, 1);
    while (got < 0 && errno == EINTR);
    result = got == 1 ? byte : -1;
    NEED(close(ends[0]) == 0);
    while (waitpid(child, NULL, 0) < 0)
        NEED(errno == EINTR);
    return result;
}

/* ---- folders ------------------------------------------------------------ */

void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/rds-unit-XXXXXX");
    NEED(mkdtemp(folder->path) != NULL);
    NEED(chmod(folder->path, 0755) == 0);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void folder_remove(struct folder *folder)
{
    (void)chmod(folder->path, 0755);
    NEED(nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

const char *folder_path(const struct folder *folder, const char *file)
{
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % COUNT(paths)];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, file);
    return path;
}

void folder_inside(struct folder *out, const struct folder *folder,
                   const char *name)
{
    const char *path = folder_path(folder, name);

    NEED(strlen(path) < sizeof(out->path));
    memcpy(out->path, path, strlen(path) + 1);
}

void folder_write(const struct folder *folder, const char *file,
                  const struct text *content)
{
    const char *beside = folder_path(folder, "new");
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    NEED(fd >= 0 && fchmod(fd, 0644) == 0);
    NEED(write(fd, content->bytes, content->size) == (ssize_t)content->size);
    NEED(close(fd) == 0);
    NEED(rename(beside, folder_path(folder, file)) == 0);
}

void folder_touch(const struct folder *folder, const char *file,
                  int64_t seconds)
{
    struct timespec times[2] = {{(time_t)seconds, 0}, {(time_t)seconds, 0}};

    NEED(utimensat(AT_FDCWD, folder_path(folder, file), times, 0) == 0);
}

void folder_put(const struct folder *folder, const char *file,
                const char *aliases, int64_t modified)
{
    struct text content = {NULL, 0};
    char *words = strdup(aliases), *rest;

    NEED(words != NULL);
    text_add(&content, "%s", "");
    for (char *alias = strtok_r(words, " ", &rest); alias != NULL;
         alias = strtok_r(NULL, " ", &rest))
        text_add_builtin(&content, alias);
    folder_write(folder, file, &content);
    folder_touch(folder, file, modified);
    text_clear(&content);
    free(words);
}

void settle_clock(void)
{
    struct timespec wait = {0, 40 * 1000 * 1000};

    NEED(nanosleep(&wait, NULL) == 0);
}
