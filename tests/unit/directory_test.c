/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds/directory.h: which directories and files are read and which
 * are refused, with the exact texts; that nothing blocks; that a read-only
 * mount excuses the mode of the directory and never that of a file; that an
 * owner whom a user namespace does not map is never trusted; that one state of
 * a file is told from another; and which names are listed, in which order.
 */

#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rds/directory.h"

#define FILE_NAME "us-west-2-bundle.pem"

/* Opens the folder; what fails is told in *err. */
static int open_folder(const char *path, struct rds_identity *identity,
                       bool *absent, struct rds_error *err)
{
    *err = (struct rds_error){RDS_R_NONE, ""};
    *absent = false;
    return rds_directory_open(path, identity, absent, err);
}

/* Reads a file of the folder; its content, or "error: " and the text. */
static void read_file(struct text *out, const struct folder *folder,
                      const char *file, struct rds_identity *identity)
{
    struct rds_identity directory, ignored;
    struct rds_error err;
    void *bytes = NULL;
    size_t size = 0;
    bool absent;
    int fd = open_folder(folder->path, &directory, &absent, &err);

    NEED(fd >= 0);
    text_clear(out);
    if (rds_directory_read(fd, file, &directory,
                           identity != NULL ? identity : &ignored, &bytes,
                           &size, &err)) {
        text_add_bytes(out, bytes, size);
        CHECK_NUMBER(err.reason, RDS_R_NONE, "%s", file);
        free(bytes);
    } else {
        text_add(out, "error: %s", err.text);
        CHECK_NUMBER(err.reason, RDS_R_BAD_BUNDLE, "%s", err.text);
    }
    NEED(close(fd) == 0);
}

static void check_read(const struct folder *folder, const char *file,
                       const char *wanted, const char *row)
{
    struct text got = {NULL, 0};

    read_file(&got, folder, file, NULL);
    CHECK_TEXT(got.bytes, wanted, "%s", row);
    text_clear(&got);
}

static void write_content(const struct folder *folder, const char *file,
                          const char *content)
{
    struct text text = {NULL, 0};

    text_add(&text, "%s", content);
    folder_write(folder, file, &text);
    text_clear(&text);
}

/* ---- the directory ------------------------------------------------------ */

static void check_directory(const char *path, bool good, bool is_absent,
                            const char *text)
{
    struct rds_identity identity;
    struct rds_error err;
    bool absent;
    int fd = open_folder(path, &identity, &absent, &err);

    CHECK_NUMBER(fd >= 0, good, "%s: %s", path, err.text);
    CHECK_NUMBER(absent, is_absent, "%s", path);
    CHECK_TEXT(err.text, text, "%s", path);
    if (fd >= 0) {
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "%s: close-on-exec",
              path);
        CHECK(identity.present && identity.owner == geteuid(), "%s", path);
        NEED(close(fd) == 0);
    } else if (is_absent) {
        CHECK(!identity.present, "%s", path);
    }
}

static void test_directory(void)
{
    static const struct {
        mode_t mode;
        bool good;
    } rows[] = {
        {0755, true},  {0700, true},  {0555, true},   {0750, true},
        {0775, false}, {0757, false}, {01777, false}, {0720, false},
        {0702, false}, {02755, true},
    };
    struct folder folder;
    struct text text = {NULL, 0};

    folder_make(&folder);
    for (size_t i = 0; i < COUNT(rows); i++) {
        NEED(chmod(folder.path, rows[i].mode) == 0);
        text_clear(&text);
        text_add(&text, "%s", "");
        if (!rows[i].good)
            text_add(&text,
                     "%s: the directory is writable by group or others (mode "
                     "%04o, owner %lu); run chmod go-w on it",
                     folder.path, (unsigned)rows[i].mode,
                     (unsigned long)geteuid());
        check_directory(folder.path, rows[i].good, false, text.bytes);
    }
    text_clear(&text);
    folder_remove(&folder);
}

static void test_no_directory(void)
{
    struct folder folder;
    struct text text = {NULL, 0};

    folder_make(&folder);
    check_directory(folder_path(&folder, "absent"), false, true, "");
    check_directory(folder_path(&folder, "absent/deep"), false, true, "");
    write_content(&folder, "file", "x");
    text_add(&text, "%s: cannot open the directory: Not a directory",
             folder_path(&folder, "file"));
    check_directory(folder_path(&folder, "file"), false, false, text.bytes);
    text_clear(&text);
    text_add(&text, "%s: cannot open the directory: Not a directory",
             folder_path(&folder, "fifo"));
    NEED(mkfifo(folder_path(&folder, "fifo"), 0644) == 0);
    check_directory(folder_path(&folder, "fifo"), false, false, text.bytes);
    NEED(symlink("absent", folder_path(&folder, "dangling")) == 0);
    check_directory(folder_path(&folder, "dangling"), false, true, "");
    NEED(symlink(".", folder_path(&folder, "link")) == 0);
    check_directory(folder_path(&folder, "link"), true, false, "");
    text_clear(&text);
    if (geteuid() != 0) {
        NEED(chmod(folder.path, 0) == 0);
        text_add(&text, "%s: cannot open the directory: Permission denied",
                 folder.path);
        check_directory(folder.path, false, false, text.bytes);
    } else {
        skip("an unreadable directory: root reads everything");
    }
    text_clear(&text);
    folder_remove(&folder);
}

/* ---- files -------------------------------------------------------------- */

static void test_modes(void)
{
    static const mode_t good[] = {0644, 0600, 0444, 0400, 0755, 04644};
    static const mode_t bad[] = {0664, 0646, 0666, 0777, 0620, 0602, 02664};
    struct folder folder;
    struct text text = {NULL, 0};

    folder_make(&folder);
    write_content(&folder, FILE_NAME, "content");
    for (size_t i = 0; i < COUNT(good); i++) {
        NEED(chmod(folder_path(&folder, FILE_NAME), good[i]) == 0);
        text_clear(&text);
        text_add(&text, "mode %04o", (unsigned)good[i]);
        check_read(&folder, FILE_NAME, "content", text.bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        NEED(chmod(folder_path(&folder, FILE_NAME), bad[i]) == 0);
        text_clear(&text);
        text_add(&text,
                 "error: " FILE_NAME ": writable by group or others (mode "
                 "%04o, owner %lu); run chmod go-w on it",
                 (unsigned)bad[i], (unsigned long)geteuid());
        check_read(&folder, FILE_NAME, text.bytes, "mode");
    }
    text_clear(&text);
    if (geteuid() != 0) {
        NEED(chmod(folder_path(&folder, FILE_NAME), 0) == 0);
        check_read(&folder, FILE_NAME,
                   "error: " FILE_NAME ": cannot read: Permission denied",
                   "mode 0");
    } else {
        skip("an unreadable file: root reads everything");
    }
    folder_remove(&folder);
}

static void test_owners(void)
{
    struct folder folder;

    if (geteuid() != 0) {
        skip("owners of files: only root can give files away");
        return;
    }
    folder_make(&folder);
    write_content(&folder, FILE_NAME, "content");
    NEED(chown(folder_path(&folder, FILE_NAME), 4001, 4001) == 0);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME ": owned by user 4001 (mode 0644), who is "
               "neither root, nor this process, nor the directory's owner",
               "somebody's");
    NEED(chown(folder.path, 4002, 4002) == 0);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME ": owned by user 4001 (mode 0644), who is "
               "neither root, nor this process, nor the directory's owner",
               "somebody's, the directory another's");
    NEED(chown(folder.path, 4001, 4001) == 0);
    check_read(&folder, FILE_NAME, "content", "the directory's owner's");
    NEED(chown(folder_path(&folder, FILE_NAME), 0, 0) == 0);
    check_read(&folder, FILE_NAME, "content", "root's");
    NEED(chown(folder.path, 0, 0) == 0);
    NEED(chown(folder_path(&folder, FILE_NAME), 4001, 4001) == 0);
    NEED(seteuid(4001) == 0);
    check_read(&folder, FILE_NAME, "content", "the effective user's");
    NEED(seteuid(0) == 0);
    folder_remove(&folder);
}

static void test_kinds(void)
{
    struct folder folder;
    struct text text = {NULL, 0};

    folder_make(&folder);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME ": cannot read: No such file or directory",
               "absent");
    NEED(mkfifo(folder_path(&folder, "fifo"), 0600) == 0);
    text_add(&text, "error: fifo: not a regular file (mode 0600, owner %lu)",
             (unsigned long)geteuid());
    (void)alarm(30); /* an open that blocks ends here */
    check_read(&folder, "fifo", text.bytes, "a FIFO, without blocking");
    (void)alarm(0);
    NEED(mkdir(folder_path(&folder, "folder"), 0700) == 0);
    text_clear(&text);
    text_add(&text, "error: folder: not a regular file (mode 0700, owner %lu)",
             (unsigned long)geteuid());
    check_read(&folder, "folder", text.bytes, "a directory");
    NEED(symlink("/dev/zero", folder_path(&folder, "zero")) == 0);
    check_read(&folder, "zero",
               "error: zero: not a regular file (mode 0666, owner 0)",
               "a device");
    write_content(&folder, "real", "content");
    NEED(symlink("real", folder_path(&folder, "link")) == 0);
    check_read(&folder, "link", "content", "a link");
    NEED(symlink("link", folder_path(&folder, "links")) == 0);
    check_read(&folder, "links", "content", "a link to a link");
    NEED(symlink("absent", folder_path(&folder, "dangling")) == 0);
    check_read(&folder, "dangling",
               "error: dangling: cannot read: No such file or directory",
               "a dangling link");
    NEED(symlink("loop", folder_path(&folder, "loop")) == 0);
    text_clear(&text);
    text_add(&text, "error: loop: cannot read: %s", strerror(ELOOP));
    check_read(&folder, "loop", text.bytes, "a loop");
    NEED(chmod(folder_path(&folder, "real"), 0666) == 0);
    text_clear(&text);
    text_add(&text,
             "error: link: writable by group or others (mode 0666, owner "
             "%lu); run chmod go-w on it",
             (unsigned long)geteuid());
    check_read(&folder, "link", text.bytes, "a link to a bad file");
    text_clear(&text);
    folder_remove(&folder);
}

static void test_sizes(void)
{
    struct folder folder;
    struct text got = {NULL, 0};

    folder_make(&folder);
    write_content(&folder, FILE_NAME, "");
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME ": empty; fetch the file again", "empty");
    write_content(&folder, FILE_NAME, "x");
    check_read(&folder, FILE_NAME, "x", "one byte");
    NEED(truncate(folder_path(&folder, FILE_NAME), RDS_BUNDLE_MAX) == 0);
    read_file(&got, &folder, FILE_NAME, NULL);
    CHECK_NUMBER(got.size, RDS_BUNDLE_MAX, "4 MiB");
    NEED(truncate(folder_path(&folder, FILE_NAME), RDS_BUNDLE_MAX + 1) == 0);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME
               ": 4194305 bytes are too many; at most 4194304",
               "a byte more");
    NEED(truncate(folder_path(&folder, FILE_NAME), (off_t)1 << 40) == 0);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME
               ": 1099511627776 bytes are too many; at most 4194304",
               "a sparse file");
    text_clear(&got);
    folder_remove(&folder);
}

/* ---- a read-only mount -------------------------------------------------- */

enum { TAKEN, REFUSED, NO_DIRECTORY, NOT_POSSIBLE };

/* In a process of its own, since it changes the mounts or the user. */
struct attempt {
    const char *path;
    bool read_only;
    uid_t user; /* as whom it reads; 0: as who it is */
};

static int try_read(const char *path)
{
    struct rds_identity identity, file;
    void *bytes = NULL;
    bool absent, good;
    size_t size;
    int fd = rds_directory_open(path, &identity, &absent, NULL);

    if (fd < 0)
        return NO_DIRECTORY;
    good = rds_directory_read(fd, FILE_NAME, &identity, &file, &bytes, &size,
                              NULL);
    free(bytes);
    (void)close(fd);
    return good ? TAKEN : REFUSED;
}

static bool mount_it(const struct attempt *attempt)
{
    const unsigned long flags =
        MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;

    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(attempt->path, attempt->path, "none", MS_BIND, NULL) == 0 &&
           (!attempt->read_only ||
            mount("none", attempt->path, "none", flags, NULL) == 0);
}

static int try_mount(void *arg)
{
    const struct attempt *attempt = arg;

    if (!mount_it(attempt) ||
        (attempt->user != 0 && seteuid(attempt->user) != 0))
        return NOT_POSSIBLE;
    return try_read(attempt->path);
}

/* What others can write elsewhere is not excused by how it is seen here. */
static const struct {
    const char *row;
    mode_t directory, file;
    int read_only, writable; /* TAKEN, ... on such a mount */
} mounts[] = {
    {"a ConfigMap", 0777, 0644, TAKEN, NO_DIRECTORY},
    {"a Secret", 01777, 0400, TAKEN, NO_DIRECTORY},
    {"a ConfigMap with fsGroup", 02777, 0640, TAKEN, NO_DIRECTORY},
    {"a group's directory", 0775, 0644, TAKEN, NO_DIRECTORY},
    {"a file of mode 0666", 0755, 0666, REFUSED, REFUSED},
    {"a file of mode 0664", 0755, 0664, REFUSED, REFUSED},
    {"all of mode 0777", 0777, 0777, REFUSED, NO_DIRECTORY},
    {"good modes", 0755, 0644, TAKEN, TAKEN},
};

static void test_read_only_mount(void)
{
    struct attempt attempt = {.read_only = true};
    struct folder folder;

    folder_make(&folder);
    attempt.path = folder.path;
    write_content(&folder, FILE_NAME, "content");
    if (in_child(try_mount, &attempt) == NOT_POSSIBLE) {
        skip("a read-only mount: no mount namespace to be had here");
        folder_remove(&folder);
        return;
    }
    for (size_t i = 0; i < COUNT(mounts); i++) {
        NEED(chmod(folder_path(&folder, FILE_NAME), mounts[i].file) == 0);
        NEED(chmod(folder.path, mounts[i].directory) == 0);
        attempt.read_only = true;
        CHECK_NUMBER(in_child(try_mount, &attempt), mounts[i].read_only,
                     "%s, read-only", mounts[i].row);
        attempt.read_only = false;
        CHECK_NUMBER(in_child(try_mount, &attempt), mounts[i].writable,
                     "%s, writable", mounts[i].row);
    }
    folder_remove(&folder);
}

/* Others may have put another file of the directory's owner in the place. */
static void test_open_directory_owner(void)
{
    struct attempt attempt = {.read_only = true};
    struct folder folder;

    folder_make(&folder);
    attempt.path = folder.path;
    write_content(&folder, FILE_NAME, "content");
    if (geteuid() != 0 || chown(folder.path, 4001, 4001) != 0 ||
        chown(folder_path(&folder, FILE_NAME), 4001, 4001) != 0 ||
        in_child(try_mount, &attempt) == NOT_POSSIBLE) {
        skip("another user's directory on a read-only mount: needs root");
        folder_remove(&folder);
        return;
    }
    CHECK_NUMBER(in_child(try_mount, &attempt), TAKEN, "mode 0755");
    NEED(chmod(folder.path, 0777) == 0);
    CHECK_NUMBER(in_child(try_mount, &attempt), REFUSED, "mode 0777");
    attempt.user = 4001;
    CHECK_NUMBER(in_child(try_mount, &attempt), TAKEN, "its own process");
    NEED(chown(folder_path(&folder, FILE_NAME), 0, 0) == 0);
    attempt.user = 4002;
    CHECK_NUMBER(in_child(try_mount, &attempt), TAKEN, "root's file");
    folder_remove(&folder);
}

/* ---- owners that a user namespace does not map ------------------------- */

#define NOBODY 65534

/* Nobody is mapped: the process and all files have the same number. */
static int try_unmapped(void *arg)
{
    const struct attempt *attempt = arg;

    if ((attempt->user != 0 && setreuid(attempt->user, attempt->user) != 0) ||
        unshare(CLONE_NEWUSER) != 0)
        return NOT_POSSIBLE;
    return geteuid() == NOBODY ? try_read(attempt->path) : NOT_POSSIBLE;
}

static void test_unmapped(void)
{
    struct attempt attempt = {.read_only = false};
    struct folder folder;
    int own, foreign;

    folder_make(&folder);
    attempt.path = folder.path;
    write_content(&folder, FILE_NAME, "content");
    own = in_child(try_unmapped, &attempt);
    if (own == NOT_POSSIBLE) {
        skip("an unmapped owner: no user namespace to be had here");
    } else {
        CHECK_NUMBER(own, REFUSED, "an owner that may be this process");
        if (geteuid() == 0) {
            attempt.user = 4001;
            foreign = in_child(try_unmapped, &attempt);
            CHECK_NUMBER(foreign, REFUSED, "an owner that is not");
        }
    }
    folder_remove(&folder);
}

/* Where every user is mapped, "nobody" is a user like others. */
static void test_nobody(void)
{
    struct folder folder;

    if (geteuid() != 0) {
        skip("files of user 65534: only root can give files away");
        return;
    }
    folder_make(&folder);
    write_content(&folder, FILE_NAME, "content");
    NEED(chown(folder_path(&folder, FILE_NAME), NOBODY, NOBODY) == 0);
    check_read(&folder, FILE_NAME,
               "error: " FILE_NAME ": owned by user 65534 (mode 0644), who is "
               "neither root, nor this process, nor the directory's owner",
               "nobody's");
    NEED(seteuid(NOBODY) == 0);
    check_read(&folder, FILE_NAME, "content", "the process is nobody's, too");
    NEED(seteuid(0) == 0);
    NEED(chown(folder.path, NOBODY, NOBODY) == 0);
    check_read(&folder, FILE_NAME, "content",
               "the directory is nobody's, too");
    NEED(chown(folder_path(&folder, FILE_NAME), 0, 0) == 0);
    check_read(&folder, FILE_NAME, "content", "root's");
    folder_remove(&folder);
}

/* ---- identities --------------------------------------------------------- */

static struct rds_identity look(const struct folder *folder, const char *file)
{
    struct rds_identity identity;

    memset(&identity, 0x55, sizeof(identity));
    rds_identity_look(AT_FDCWD, folder_path(folder, file), &identity);
    return identity;
}

static bool same(struct rds_identity a, struct rds_identity b)
{
    return rds_identity_unchanged(&a, &b);
}

static void test_identity(void)
{
    struct rds_identity before;
    struct folder folder;

    folder_make(&folder);
    before = look(&folder, "absent");
    CHECK(!before.present && before.settled, "absent");
    CHECK(same(before, look(&folder, "absent")), "still absent");
    for (int i = 0; i < 100 && before.settled; i++) { /* a slow machine */
        write_content(&folder, "file", "x");
        before = look(&folder, "file");
    }
    CHECK(before.present, "there");
    CHECK(!before.settled, "changed this moment");
    CHECK(!same(before, look(&folder, "file")), "so look again");
    settle_clock();
    before = look(&folder, "file");
    CHECK(before.settled && same(before, look(&folder, "file")), "settled");
    CHECK(!same(before, look(&folder, "absent")), "gone");
    CHECK(!same(look(&folder, "absent"), before), "come");
    NEED(chmod(folder_path(&folder, "file"), 0600) == 0);
    settle_clock();
    CHECK(!same(before, look(&folder, "file")), "another mode");
    before = look(&folder, "file");
    folder_touch(&folder, "file", day(2026, 1, 1));
    settle_clock();
    CHECK(!same(before, look(&folder, "file")), "another time");
    before = look(&folder, "file");
    write_content(&folder, "file", "y");
    folder_touch(&folder, "file", day(2026, 1, 1));
    settle_clock();
    CHECK(!same(before, look(&folder, "file")), "another file");
    before = look(&folder, "file");
    NEED(truncate(folder_path(&folder, "file"), 7) == 0);
    folder_touch(&folder, "file", day(2026, 1, 1));
    settle_clock();
    CHECK(!same(before, look(&folder, "file")), "another size");
    before = look(&folder, "file");
    NEED(symlink("file", folder_path(&folder, "link")) == 0);
    CHECK(same(before, look(&folder, "link")), "links are followed");
    folder_remove(&folder);
}

/* Each field counts by itself. */
static void test_identity_fields(void)
{
    struct rds_identity a, b;

    memset(&a, 0, sizeof(a));
    a.present = a.settled = true;
    b = a;
    CHECK(rds_identity_unchanged(&a, &b), "equal");
    b.device = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "device");
    b = a;
    b.inode = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "inode");
    b = a;
    b.size = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "size");
    b = a;
    b.mode = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "mode");
    b = a;
    b.owner = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "owner");
    b = a;
    b.modified.tv_nsec = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "time of modification");
    b = a;
    b.changed.tv_sec = 1;
    CHECK(!rds_identity_unchanged(&a, &b), "time of change");
    b = a;
    b.present = false;
    CHECK(!rds_identity_unchanged(&a, &b), "absent");
    a.settled = false;
    b = a;
    CHECK(!rds_identity_unchanged(&a, &b), "not settled");
}

/* What was read is what the identity tells of, refused or not. */
static void test_identity_of_read(void)
{
    struct rds_identity read, now;
    struct text got = {NULL, 0};
    struct folder folder;

    folder_make(&folder);
    write_content(&folder, FILE_NAME, "content");
    settle_clock();
    read_file(&got, &folder, FILE_NAME, &read);
    now = look(&folder, FILE_NAME);
    CHECK(rds_identity_unchanged(&read, &now), "read");
    NEED(chmod(folder_path(&folder, FILE_NAME), 0666) == 0);
    settle_clock();
    read_file(&got, &folder, FILE_NAME, &read);
    now = look(&folder, FILE_NAME);
    CHECK(rds_identity_unchanged(&read, &now), "refused");
    NEED(unlink(folder_path(&folder, FILE_NAME)) == 0);
    read_file(&got, &folder, FILE_NAME, &read);
    now = look(&folder, FILE_NAME);
    CHECK(rds_identity_unchanged(&read, &now), "absent");
    text_clear(&got);
    folder_remove(&folder);
}

/* ---- listing ------------------------------------------------------------ */

/* Lists; `others`: there are more than are told. */
static size_t list(const struct folder *folder, struct text *out, bool others)
{
    struct rds_bundle_name *names = NULL;
    struct rds_identity identity;
    struct rds_error err;
    bool absent, more = !others;
    size_t count = 0;
    int fd = open_folder(folder->path, &identity, &absent, &err);

    NEED(fd >= 0);
    text_clear(out);
    text_add(out, "%s", "");
    CHECK(rds_directory_list(fd, &names, &count, &more, &err), "%s", err.text);
    CHECK_NUMBER(more, others, "%zu files: are there others", count);
    for (size_t i = 0; i < count; i++)
        text_add(out, "%s%s", i != 0 ? " " : "", names[i].file);
    free(names);
    NEED(close(fd) == 0);
    return count;
}

static void test_list(void)
{
    static const char *const files[] = {"us-west-2-bundle.pem",
                                        "aws-global-bundle.pem",
                                        "README",
                                        "us-west-2-bundle.pem.new",
                                        ".hidden-bundle.pem",
                                        "eu-west-1-bundle.pem",
                                        "global-bundle.pem",
                                        "cn-north-1-bundle.pem"};
    struct text got = {NULL, 0};
    struct folder folder;

    folder_make(&folder);
    CHECK_NUMBER(list(&folder, &got, false), 0, "empty");
    for (size_t i = 0; i < COUNT(files); i++)
        write_content(&folder, files[i], "x");
    NEED(symlink("absent", folder_path(&folder, "sa-east-1-bundle.pem")) == 0);
    CHECK_NUMBER(list(&folder, &got, false), 5, "five of ours");
    CHECK_TEXT(got.bytes,
               "aws-global-bundle.pem cn-north-1-bundle.pem "
               "eu-west-1-bundle.pem sa-east-1-bundle.pem "
               "us-west-2-bundle.pem",
               "sorted");
    for (int i = 5; i < RDS_DIRECTORY_FILES_MAX + 2; i++) {
        char file[64];

        CHECK_NUMBER(list(&folder, &got, i > RDS_DIRECTORY_FILES_MAX),
                     i < RDS_DIRECTORY_FILES_MAX ? i : RDS_DIRECTORY_FILES_MAX,
                     "%d files", i);
        (void)snprintf(file, sizeof(file), "ap-%c%c-1-bundle.pem",
                       'a' + i / 26, 'a' + i % 26);
        write_content(&folder, file, "x");
    }
    text_clear(&got);
    folder_remove(&folder);
}

static void many_name(char out[64], int i)
{
    (void)snprintf(out, 64, "ap-%c%c-1-bundle.pem", 'a' + i / 26,
                   'a' + i % 26);
}

/*
 * Which of too many files are read depends on their names alone: file systems
 * list them by a hash, the newest first, or the oldest first.
 */
static void test_list_order(void)
{
    enum { MANY = RDS_DIRECTORY_FILES_MAX + 39 };
    static const int steps[] = {1, MANY - 1, 5, 83}; /* MANY is a prime */
    struct text got = {NULL, 0}, wanted = {NULL, 0};
    char file[64];

    for (int i = 0; i < RDS_DIRECTORY_FILES_MAX; i++) {
        many_name(file, i);
        text_add(&wanted, "%s%s", i != 0 ? " " : "", file);
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct folder folder;

        folder_make(&folder);
        for (int file_at = 0; file_at < MANY; file_at++) {
            many_name(file, file_at * steps[i] % MANY);
            write_content(&folder, file, "x");
        }
        CHECK_NUMBER(list(&folder, &got, true), RDS_DIRECTORY_FILES_MAX,
                     "step %d", steps[i]);
        CHECK_TEXT(got.bytes, wanted.bytes, "step %d", steps[i]);
        folder_remove(&folder);
    }
    text_clear(&got);
    text_clear(&wanted);
}

static void test_entries(void)
{
    struct rds_bundle_name *names;
    struct rds_error err = {RDS_R_NONE, ""};
    struct folder folder;
    char file[64];
    size_t count;
    bool more;
    int fd;

    folder_make(&folder);
    for (int i = 0; i < RDS_DIRECTORY_ENTRIES_MAX - 1; i++) {
        (void)snprintf(file, sizeof(file), "%d", i);
        NEED(symlink("x", folder_path(&folder, file)) == 0);
    }
    fd = open(folder.path, O_RDONLY | O_DIRECTORY);
    NEED(fd >= 0);
    CHECK(!rds_directory_list(fd, &names, &count, &more, &err),
          "with . and .. one too many");
    CHECK_TEXT(err.text,
               ".: the directory has more than 16384 entries; remove what is "
               "not a bundle",
               "text");
    NEED(unlink(folder_path(&folder, file)) == 0);
    CHECK(rds_directory_list(fd, &names, &count, &more, &err), "%s", err.text);
    free(names);
    NEED(close(fd) == 0);
    folder_remove(&folder);
}

CU_TestInfo directory_tests[] = {
    {"modes of the directory", test_directory},
    {"no directory", test_no_directory},
    {"modes of files", test_modes},
    {"owners of files", test_owners},
    {"what is no regular file", test_kinds},
    {"sizes", test_sizes},
    {"a read-only mount", test_read_only_mount},
    {"a directory's owner on a read-only mount", test_open_directory_owner},
    {"an unmapped owner", test_unmapped},
    {"user 65534", test_nobody},
    {"one state and another", test_identity},
    {"each field of an identity", test_identity_fields},
    {"the identity of what was read", test_identity_of_read},
    {"listing", test_list},
    {"which of too many files", test_list_order},
    {"too many entries", test_entries},
    CU_TEST_INFO_NULL,
};
