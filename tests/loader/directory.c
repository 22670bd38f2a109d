/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that bundles in the directory count: a new region becomes known, a
 * newer bundle replaces and an older one does not, a change is seen at the
 * next open, and an unsafe or damaged file is refused with its reason while
 * the last good content stays.
 */

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define NEW_REGION "rds://region/ap-foo-9"
#define NEW_FILE "ap-foo-9-bundle.pem"
#define NEW_CN "Amazon RDS ap-foo-9 Root CA RSA2048 G2"

/* A folder, a context that reads it, and a root of a new region. */
struct scene {
    char folder[PATH_SIZE];
    OSSL_LIB_CTX *lib;
    struct pair root;
};

static void scene_start(struct scene *scene)
{
    const struct setup setup = {.bundles =
                                    temp_folder(scene->folder, "bundles")};

    scene->lib = context_new(&setup);
    CU_ASSERT_FATAL(scene->lib != NULL);
    CU_ASSERT_FATAL(pair_new(&scene->root, NULL, NEW_CN, PAIR_CA));
}

static void scene_end(struct scene *scene)
{
    OSSL_LIB_CTX_free(scene->lib);
    pair_free(&scene->root);
}

/* Writes one certificate as a bundle. */
static void put(const struct scene *scene, const char *name, long age,
                const X509 *certificate)
{
    const X509 *const certificates[] = {certificate};

    CU_ASSERT(write_bundle(scene->folder, name, age, certificates, 1));
}

static const char *path_of(const struct scene *scene, const char *name,
                           char out[PATH_SIZE * 2])
{
    (void)snprintf(out, PATH_SIZE * 2, "%s/%s", scene->folder, name);
    return out;
}

static char *pem_of(const struct pair *pair, bool key, size_t *size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *copy;
    long length;

    if (key)
        (void)PEM_write_bio_PrivateKey(bio, pair->key, NULL, NULL, 0, NULL,
                                       NULL);
    else
        (void)PEM_write_bio_X509(bio, pair->certificate);
    length = BIO_get_mem_data(bio, &data);
    copy = malloc((size_t)length + 1);
    memcpy(copy, data, (size_t)length);
    copy[length] = '\0';
    *size = (size_t)length;
    BIO_free(bio);
    return copy;
}

/* Whether the answer is this one certificate. */
static bool answers_with(OSSL_LIB_CTX *lib, const char *uri, const X509 *only)
{
    STACK_OF(X509) *found = certificates_of(lib, uri);
    bool good = sk_X509_num(found) == 1 &&
                X509_cmp(sk_X509_value(found, 0), only) == 0;

    certificates_free(found);
    return good;
}

/* ---- regions ----------------------------------------------------------- */

static void test_new_region(void)
{
    struct scene scene;
    const struct question list = {.uri = "rds://list"};
    struct answer before, after;

    scene_start(&scene);
    CHECK_REFUSED(scene.lib, NEW_REGION, RDS_R_UNKNOWN_WORD,
                  "run 'rdsca update ap-foo-9'");
    ask(scene.lib, &list, &before);
    put(&scene, NEW_FILE, FRESH, scene.root.certificate);
    CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
          "the new region answers");
    CHECK(answers_with(scene.lib, NEW_REGION "/rds-ca-rsa2048-g2",
                       scene.root.certificate),
          "its CA identifier follows from the name");
    CHECK(answers_with(scene.lib, "rds://file/ap-foo-9-bundle.pem",
                       scene.root.certificate),
          "so does its file name");
    CHECK(answers_with(scene.lib,
                       "rds://host/db.abc123def.ap-foo-9.docdb.amazonaws.com",
                       scene.root.certificate),
          "so do its hosts");
    CU_ASSERT(count_of(scene.lib,
                       "rds://host/db.abc123def.ap-foo-9.rds.amazonaws.com") ==
              1 + 5); /* and Amazon Trust Services */
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all() + 1);
    CU_ASSERT(count_of(scene.lib, "rds://global") == carried_global() + 1);
    ask(scene.lib, &list, &after);
    CHECK(after.names > before.names, "the list grows from %zu to %zu",
          before.names, after.names);
    remove_file(scene.folder, NEW_FILE);
    CHECK_REFUSED(scene.lib, NEW_REGION, RDS_R_UNKNOWN_WORD,
                  "unknown region 'ap-foo-9'");
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all());
    answer_clear(&before);
    answer_clear(&after);
    scene_end(&scene);
}

/* A fresh bundle replaces the region, so that AWS can withdraw a CA. */
static void test_replacing(void)
{
    static const char cn[] = "Amazon RDS us-west-2 Root CA RSA2048 G2";
    struct scene scene;
    struct pair mine;

    scene_start(&scene);
    CU_ASSERT(pair_new(&mine, NULL, cn, PAIR_CA));
    put(&scene, "us-west-2-bundle.pem", FRESH, mine.certificate);
    CHECK(answers_with(scene.lib, "rds://region/us-west-2", mine.certificate),
          "a fresh bundle replaces the built-in anchors");
    CU_ASSERT(count_of(scene.lib, "rds://region/us-west-1") == 3);
    CU_ASSERT(count_of(scene.lib, "rds://file/rds-ca-2019-us-west-2.pem") ==
              1);
    put(&scene, "us-west-2-bundle.pem", STALE, mine.certificate);
    CHECK(count_of(scene.lib, "rds://region/us-west-2") == 3,
          "a stale bundle does not");
    put(&scene, "us-west-2-bundle.pem", 0, mine.certificate);
    CHECK(answers_with(scene.lib, "rds://region/us-west-2", mine.certificate),
          "one of the same day does");
    pair_free(&mine);
    scene_end(&scene);
}

/* Of a regional and a global file the newer wins. */
static void test_newer_file(void)
{
    static const char cn[] = "Amazon RDS ap-foo-9 Root CA ECC384 G1";
    struct scene scene;
    struct pair other;

    scene_start(&scene);
    CU_ASSERT(pair_new(&other, NULL, cn, PAIR_CA));
    put(&scene, NEW_FILE, FRESH, scene.root.certificate);
    put(&scene, "aws-global-bundle.pem", FRESH + 60, other.certificate);
    CHECK(answers_with(scene.lib, NEW_REGION, other.certificate),
          "the global file is newer");
    put(&scene, NEW_FILE, FRESH + 120, scene.root.certificate);
    CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
          "the regional file is newer");
    CHECK(count_of(scene.lib, "rds://region/us-west-2") == 3,
          "a region that no file holds keeps the built-in anchors");
    pair_free(&other);
    scene_end(&scene);
}

/* What the file's name does not cover is left out; other names are not read.
 */
static void test_file_names(void)
{
    static const char *const names[] = {
        "bundle.pem",
        "ap-foo-9.pem",
        ".ap-foo-9-bundle.pem",
        "AP-FOO-9-bundle.pem",
        "ap-foo-9-bundle.pem~",
        "ap-foo-9-bundle.p7b",
        "rds-global-bundle.pem",
    };
    struct scene scene;

    scene_start(&scene);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        put(&scene, names[i], FRESH, scene.root.certificate);
        CHECK(count_of(scene.lib, NEW_REGION) == -1, "%s is not read",
              names[i]);
        remove_file(scene.folder, names[i]);
    }
    put(&scene, "ap-foo-8-bundle.pem", FRESH, scene.root.certificate);
    CHECK_REFUSED(scene.lib, "rds://region/ap-foo-8", RDS_R_NOTHING_IN_FORCE,
                  "no certificate of its region or partition in it");
    CHECK(count_of(scene.lib, NEW_REGION) == -1,
          "a region's file speaks for no other");
    put(&scene, "aws-cn-global-bundle.pem", FRESH, scene.root.certificate);
    CHECK(count_of(scene.lib, NEW_REGION) == -1,
          "a partition's file speaks for no other");
    put(&scene, "aws-global-bundle.pem", FRESH, scene.root.certificate);
    CHECK(count_of(scene.lib, NEW_REGION) == 1, "its own does");
    scene_end(&scene);
}

/* ---- changes ----------------------------------------------------------- */

/* Each of many changes in a row is seen, however fast they come. */
static void test_each_change(void)
{
    struct scene scene;
    struct pair other;
    bool good = true;

    scene_start(&scene);
    CU_ASSERT(pair_new(&other, NULL, NEW_CN, PAIR_CA));
    for (int i = 0; good && i < 50; i++) {
        const X509 *now =
            i % 2 == 0 ? scene.root.certificate : other.certificate;

        put(&scene, NEW_FILE, FRESH, now);
        good = CHECK(answers_with(scene.lib, NEW_REGION, now), "change %d", i);
    }
    pair_free(&other);
    scene_end(&scene);
}

/* The text with line ends behind it; takes the other one over. */
static char *padded(char *text, size_t size, size_t wanted)
{
    char *longer = malloc(wanted + 1);

    CU_ASSERT_FATAL(longer != NULL);
    memcpy(longer, text, size);
    memset(longer + size, '\n', wanted + 1 - size);
    free(text);
    return longer;
}

/*
 * A file that is rewritten in place, with the same size and the same time, so
 * fast that the kernel's clock has not moved on: nothing but the content
 * tells.  Tools that replace by rename never do that; editors may.
 */
static void test_same_looks(void)
{
    struct scene scene;
    struct pair other;
    size_t size, sizes[2];
    char *texts[2], path[PATH_SIZE * 2];
    bool good = true;

    scene_start(&scene);
    CU_ASSERT_FATAL(pair_new(&other, NULL, NEW_CN, PAIR_CA));
    texts[0] = pem_of(&scene.root, false, &sizes[0]);
    texts[1] = pem_of(&other, false, &sizes[1]);
    size = sizes[0] > sizes[1] ? sizes[0] : sizes[1];
    for (int i = 0; i < 2; i++) /* signatures differ by some bytes */
        texts[i] = padded(texts[i], sizes[i], size);
    CU_ASSERT(write_file(scene.folder, NEW_FILE, texts[0], size));
    (void)path_of(&scene, NEW_FILE, path);
    for (int i = 0; good && i < 60; i++) {
        int fd = open(path, O_WRONLY);
        const struct timespec times[2] = {{builtin_date() + FRESH, 0},
                                          {builtin_date() + FRESH, 0}};

        good =
            CHECK(fd >= 0 && write(fd, texts[i % 2], size) == (ssize_t)size &&
                      futimens(fd, times) == 0 && close(fd) == 0,
                  "rewriting");
        good = good && CHECK(answers_with(scene.lib, NEW_REGION,
                                          i % 2 == 0 ? scene.root.certificate
                                                     : other.certificate),
                             "rewritten %d times", i);
    }
    free(texts[0]);
    free(texts[1]);
    pair_free(&other);
    scene_end(&scene);
}

/* A change after the files have been left alone for a while. */
static void test_late_change(void)
{
    static const struct timespec wait = {0, 60 * 1000 * 1000};
    struct scene scene;

    scene_start(&scene);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all());
    (void)nanosleep(&wait, NULL);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all());
    put(&scene, NEW_FILE, FRESH, scene.root.certificate);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all() + 1);
    (void)nanosleep(&wait, NULL);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all() + 1);
    (void)nanosleep(&wait, NULL);
    put(&scene, NEW_FILE, FRESH + 1, scene.root.certificate);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all() + 1);
    remove_file(scene.folder, NEW_FILE);
    CU_ASSERT(count_of(scene.lib, "rds://all") == carried_all());
    scene_end(&scene);
}

/* The directory may come later.  Once gone, as after a chroot, it counts on.
 */
static void test_directory_comes(void)
{
    struct scene scene;

    scene_start(&scene);
    CU_ASSERT(rmdir(scene.folder) == 0);
    CU_ASSERT(count_of(scene.lib, NEW_REGION) == -1);
    CU_ASSERT(mkdir(scene.folder, 0755) == 0);
    put(&scene, NEW_FILE, FRESH, scene.root.certificate);
    CU_ASSERT(count_of(scene.lib, NEW_REGION) == 1);
    remove_file(scene.folder, "");
    CHECK(count_of(scene.lib, NEW_REGION) == 1, "its last content stays");
    CU_ASSERT(count_of(scene.lib, "rds://region/us-west-2") == 3);
    CU_ASSERT(mkdir(scene.folder, 0755) == 0);
    CHECK(count_of(scene.lib, NEW_REGION) == -1, "until it is back, empty");
    scene_end(&scene);
}

/* What is open keeps what it had. */
static void test_open_stays(void)
{
    struct scene scene;
    OSSL_STORE_CTX *store;
    OSSL_STORE_INFO *info;

    scene_start(&scene);
    put(&scene, NEW_FILE, FRESH, scene.root.certificate);
    store = OSSL_STORE_open_ex(NEW_REGION, scene.lib, NULL, NULL, NULL, NULL,
                               NULL, NULL);
    CU_ASSERT_FATAL(store != NULL);
    remove_file(scene.folder, NEW_FILE);
    CU_ASSERT(count_of(scene.lib, NEW_REGION) == -1);
    info = OSSL_STORE_load(store);
    CHECK(info != NULL && X509_cmp(OSSL_STORE_INFO_get0_CERT(info),
                                   scene.root.certificate) == 0,
          "an open URI keeps its snapshot");
    OSSL_STORE_INFO_free(info);
    CU_ASSERT(OSSL_STORE_eof(store) == 1);
    (void)OSSL_STORE_close(store);
    scene_end(&scene);
}

/* The layout of a Kubernetes volume: links, switched by one rename. */
static void test_config_map(void)
{
    char path[PATH_SIZE * 2], beside[PATH_SIZE * 2], target[PATH_SIZE];
    struct scene scene;
    struct pair other;

    scene_start(&scene);
    CU_ASSERT(pair_new(&other, NULL, NEW_CN, PAIR_CA));
    CU_ASSERT(mkdir(path_of(&scene, "..2026_1", path), 0755) == 0);
    CU_ASSERT(mkdir(path_of(&scene, "..2026_2", path), 0755) == 0);
    (void)snprintf(target, sizeof(target), "..2026_1/%s", NEW_FILE);
    put(&scene, "first", FRESH, scene.root.certificate);
    put(&scene, "second", FRESH, other.certificate);
    CU_ASSERT(rename(path_of(&scene, "first", path),
                     path_of(&scene, target, beside)) == 0);
    (void)snprintf(target, sizeof(target), "..2026_2/%s", NEW_FILE);
    CU_ASSERT(rename(path_of(&scene, "second", path),
                     path_of(&scene, target, beside)) == 0);
    CU_ASSERT(symlink("..2026_1", path_of(&scene, "..data", path)) == 0);
    CU_ASSERT(symlink("..data/" NEW_FILE, path_of(&scene, NEW_FILE, path)) ==
              0);
    CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
          "links are followed");
    CU_ASSERT(symlink("..2026_2", path_of(&scene, "..data_tmp", beside)) == 0);
    CU_ASSERT(rename(beside, path_of(&scene, "..data", path)) == 0);
    CHECK(answers_with(scene.lib, NEW_REGION, other.certificate),
          "a switched link is seen");
    pair_free(&other);
    scene_end(&scene);
}

/* ---- retired files ----------------------------------------------------- */

#define RETIRED_FILE "rds-ca-us-gov-east-1-2017-root.pem"
#define RETIRED_URI "rds://file/" RETIRED_FILE
#define RETIRED_CN "Amazon RDS CN Root CA"

/* A file comes, answers to its name and to nothing else, and goes. */
static void test_retired(void)
{
    const struct question list = {.uri = "rds://list"};
    struct question named = {.uri = RETIRED_URI};
    struct answer before, after, found;
    char path[PATH_SIZE * 2], folder[PATH_SIZE * 2];
    const X509 *both[2];
    OSSL_STORE_SEARCH *search;
    struct scene scene;
    struct pair old;

    scene_start(&scene);
    CU_ASSERT(pair_new(&old, NULL, RETIRED_CN, PAIR_CA));
    CHECK_REFUSED(scene.lib, RETIRED_URI, RDS_R_NOT_CARRIED,
                  "run 'rdsca update --retired'");
    ask(scene.lib, &list, &before);
    both[0] = scene.root.certificate;
    both[1] = old.certificate;
    CU_ASSERT(mkdir(path_of(&scene, "retired", folder), 0755) == 0);
    CU_ASSERT(write_bundle(folder, RETIRED_FILE, STALE, both, 2));
    search = OSSL_STORE_SEARCH_by_name(X509_get_subject_name(old.certificate));
    named.search = search;
    ask(scene.lib, &named, &found);
    CHECK(sk_X509_num(found.certificates) == 1 &&
              X509_cmp(sk_X509_value(found.certificates, 0),
                       old.certificate) == 0,
          "a search finds one of them");
    answer_clear(&found);
    named.uri = "rds://all?expired=include";
    ask(scene.lib, &named, &found);
    CHECK(found.opened && sk_X509_num(found.certificates) == 0,
          "but not in another answer");
    answer_clear(&found);
    OSSL_STORE_SEARCH_free(search);
    CHECK(count_of(scene.lib, RETIRED_URI) == 2, "both");
    CHECK(count_of(scene.lib, RETIRED_URI "+region/us-west-2") == 5,
          "in a union");
    CHECK(count_of(scene.lib, NEW_REGION) == -1, "no region of it");
    ask(scene.lib, &list, &after);
    CHECK(after.names == before.names + 1, "%zu URIs, then %zu", before.names,
          after.names);
    remove_file(folder, RETIRED_FILE);
    CHECK(rmdir(path_of(&scene, "retired", path)) == 0, "removed");
    CHECK_REFUSED(scene.lib, RETIRED_URI, RDS_R_NOT_CARRIED,
                  "run 'rdsca update --retired'");
    answer_clear(&before);
    answer_clear(&after);
    pair_free(&old);
    scene_end(&scene);
}

/* ---- refusals ---------------------------------------------------------- */

static void make_writable(struct scene *scene, const char *path)
{
    put(scene, NEW_FILE, FRESH, scene->root.certificate);
    CU_ASSERT(chmod(path, 0664) == 0);
}

static void make_empty(struct scene *scene, const char *path)
{
    (void)path;
    CU_ASSERT(write_file(scene->folder, NEW_FILE, "", 0));
}

static void make_text(struct scene *scene, const char *path)
{
    (void)path;
    CU_ASSERT(write_file(scene->folder, NEW_FILE, "<html>", 6));
}

static void make_key(struct scene *scene, const char *path)
{
    size_t size;
    char *text = pem_of(&scene->root, true, &size);

    (void)path;
    CU_ASSERT(write_file(scene->folder, NEW_FILE, text, size));
    free(text);
}

static void make_cut(struct scene *scene, const char *path)
{
    size_t size;
    char *text = pem_of(&scene->root, false, &size);

    (void)path;
    CU_ASSERT(write_file(scene->folder, NEW_FILE, text, size / 2));
    free(text);
}

static void make_other_pem(struct scene *scene, const char *path)
{
    static const char text[] = "-----BEGIN X509 CRL-----\nMAA=\n"
                               "-----END X509 CRL-----\n";

    (void)path;
    CU_ASSERT(write_file(scene->folder, NEW_FILE, text, strlen(text)));
}

static void make_huge(struct scene *scene, const char *path)
{
    put(scene, NEW_FILE, FRESH, scene->root.certificate);
    CU_ASSERT(truncate(path, 4 * 1024 * 1024 + 1) == 0);
}

static void make_fifo(struct scene *scene, const char *path)
{
    (void)scene;
    CU_ASSERT(mkfifo(path, 0644) == 0);
}

static void make_folder(struct scene *scene, const char *path)
{
    (void)scene;
    CU_ASSERT(mkdir(path, 0755) == 0);
}

static void make_dangling(struct scene *scene, const char *path)
{
    (void)scene;
    CU_ASSERT(symlink("nowhere", path) == 0);
}

static void make_leaf(struct scene *scene, const char *path)
{
    struct pair leaf;

    (void)path;
    CU_ASSERT(pair_new(&leaf, &scene->root,
                       "db.abc123def.ap-foo-9.rds.amazonaws.com", PAIR_LEAF));
    put(scene, NEW_FILE, FRESH, leaf.certificate);
    pair_free(&leaf);
}

static void make_foreign_owner(struct scene *scene, const char *path)
{
    put(scene, NEW_FILE, FRESH, scene->root.certificate);
    CU_ASSERT(chown(path, 54321, (gid_t)-1) == 0);
}

static void make_open_folder(struct scene *scene, const char *path)
{
    (void)path;
    put(scene, NEW_FILE, FRESH, scene->root.certificate);
    CU_ASSERT(chmod(scene->folder, 0777) == 0);
}

static const struct {
    const char *name;
    void (*make)(struct scene *scene, const char *path);
    const char *part; /* of the error for the region */
    bool root;        /* needs root to be made */
} refusals[] = {
    {"writable by others", make_writable, "mode 0664", false},
    {"empty", make_empty, NEW_FILE ": empty", false},
    {"no PEM", make_text, "no PEM certificate in it", false},
    {"a private key", make_key, "holds a private key", false},
    {"cut off", make_cut, "damaged PEM after certificate 0", false},
    {"a CRL", make_other_pem, "holds 'X509 CRL'", false},
    {"too large", make_huge, "4194305 bytes are too many", false},
    {"a fifo", make_fifo, "not a regular file", false},
    {"a folder", make_folder, "not a regular file", false},
    {"a dangling link", make_dangling, "No such file", false},
    {"a leaf", make_leaf, "no certificate of its region", false},
    {"a foreign owner", make_foreign_owner, "owned by user 54321", true},
    {"a folder writable by others", make_open_folder, "mode 0777", false},
};

/* A region that only the refused file could answer: the reason is told. */
static void test_refused_files(void)
{
    struct scene scene;
    char path[PATH_SIZE * 2];

    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        if (refusals[i].root && geteuid() != 0)
            continue;
        scene_start(&scene);
        refusals[i].make(&scene, path_of(&scene, NEW_FILE, path));
        CHECK_REFUSED(scene.lib, NEW_REGION, RDS_R_NOTHING_IN_FORCE,
                      refusals[i].part);
        CHECK(count_of(scene.lib, "rds://region/us-west-2") == 3,
              "%s: other regions answer", refusals[i].name);
        CHECK(count_of(scene.lib, "rds://all") == carried_all(),
              "%s: all others answer", refusals[i].name);
        scene_end(&scene);
    }
}

/* The same refusals after a good file: its content stays. */
static void test_last_good(void)
{
    struct scene scene;
    char path[PATH_SIZE * 2];

    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        if (refusals[i].root && geteuid() != 0)
            continue;
        scene_start(&scene);
        put(&scene, NEW_FILE, FRESH, scene.root.certificate);
        CU_ASSERT(count_of(scene.lib, NEW_REGION) == 1);
        (void)unlink(path_of(&scene, NEW_FILE, path));
        refusals[i].make(&scene, path);
        CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
              "%s: the last good content stays", refusals[i].name);
        CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
              "%s: also the next time", refusals[i].name);
        (void)chmod(scene.folder, 0755);
        remove_file(scene.folder, NEW_FILE);
        CHECK(count_of(scene.lib, NEW_REGION) == -1,
              "%s: until the file is gone", refusals[i].name);
        scene_end(&scene);
    }
}

/*
 * A certificate that libcrypto cannot read would hide all that stand behind
 * it, so it is left out when the bundle is read.  The signature of this one
 * is no BIT STRING.
 */
static void test_unreadable_certificate(void)
{
    struct scene scene;
    struct pair second;
    unsigned char *der = NULL;
    char path[PATH_SIZE * 2];
    const ASN1_BIT_STRING *signature;
    FILE *file;
    int size;

    scene_start(&scene);
    CU_ASSERT(pair_new(&second, NULL, "Amazon RDS ap-foo-9 Root CA ECC384 G2",
                       PAIR_CA));
    X509_get0_signature(&signature, NULL, second.certificate);
    size = i2d_X509(second.certificate, &der);
    CU_ASSERT_FATAL(size > ASN1_STRING_length(signature));
    der[size - ASN1_STRING_length(signature) - 1] = 9; /* unused bits */
    file = fopen(path_of(&scene, NEW_FILE, path), "w");
    CU_ASSERT_FATAL(file != NULL);
    (void)PEM_write(file, PEM_STRING_X509, "", der, size);
    (void)PEM_write_X509(file, scene.root.certificate);
    (void)fclose(file);
    CHECK(answers_with(scene.lib, NEW_REGION, scene.root.certificate),
          "the good certificate is loaded, the other left out");
    OPENSSL_free(der);
    pair_free(&second);
    scene_end(&scene);
}

static const struct test tests[] = {
    {"a new region", test_new_region},
    {"replacing", test_replacing},
    {"the newer file", test_newer_file},
    {"file names", test_file_names},
    {"each change is seen", test_each_change},
    {"rewritten in place", test_same_looks},
    {"a late change is seen", test_late_change},
    {"the directory comes and goes", test_directory_comes},
    {"what is open stays", test_open_stays},
    {"a ConfigMap", test_config_map},
    {"retired files", test_retired},
    {"refused files", test_refused_files},
    {"the last good content", test_last_good},
    {"an unreadable certificate", test_unreadable_certificate},
};

SUITE(directory);
