/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of certificates by the hashes of their subjects.  Refuses to
 * replace or remove a file that it did not write.
 */

#include "export_hash_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "../certs/describe.h"
#include "export_formats.h"
#include "../file/replace.h"

/* The first line; it never changes, or old files would become foreign. */
#define MARK "# written by rdsca export --hash-dir; it may remove this file\n"

#define FILE_MAX 65536 /* bytes of a file of ours */
#define HASH_DIGITS 8
#define FILE_NAME_MAX 32

/* A file to write. */
struct wanted {
    char name[FILE_NAME_MAX];
    unsigned long hash;
    BIO *content;
};

struct target {
    const char *command; /* for complaints */
    const char *path;    /* of the directory */
    int fd;
    bool made; /* by us */
    struct wanted *files;
    size_t count;
    size_t written, removed;
};

static bool fails(const struct target *target, const char *file,
                  const char *why)
{
    char path[RDS_QUOTE_MAX], name[RDS_QUOTE_MAX];

    rdsca_complain(target->command, "%s%s%s: %s",
                   rds_quote(path, target->path, strlen(target->path)),
                   file[0] != '\0' ? "/" : "",
                   rds_quote(name, file, strlen(file)), why);
    return false;
}

/* ---- what to write ----------------------------------------------------- */

/* MARK and one certificate; NULL where memory runs out. */
static BIO *content_of(const unsigned char *der, long size)
{
    BIO *content = BIO_new(BIO_s_mem());

    if (content != NULL &&
        (BIO_puts(content, MARK) <= 0 ||
         PEM_write_bio(content, PEM_STRING_X509, "", der, size) <= 0)) {
        BIO_free(content);
        return NULL;
    }
    return content;
}

static bool name_file(struct wanted *files, size_t i,
                      const struct rds_entry *entry)
{
    X509 *x509 = rdsca_x509(entry);
    size_t number = 0;
    int good = 0;

    if (x509 != NULL)
        files[i].hash =
            X509_NAME_hash_ex(X509_get_subject_name(x509), NULL, NULL, &good);
    X509_free(x509);
    for (size_t j = 0; j < i; j++)
        number += files[j].hash == files[i].hash;
    (void)snprintf(files[i].name, sizeof(files[i].name), "%0*lx.%zu",
                   HASH_DIGITS, files[i].hash, number);
    return good == 1;
}

static bool make_files(struct target *target,
                       const struct rdsca_answer *answer)
{
    target->count = answer->selection.count;
    target->files = calloc(target->count + 1, sizeof(target->files[0]));
    if (target->files == NULL)
        return fails(target, "", "out of memory");
    for (size_t i = 0; i < target->count; i++) {
        const struct rds_entry *entry = rdsca_answer_entry(answer, i);

        target->files[i].content =
            content_of(entry->der, (long)entry->anchor->der_size);
        if (target->files[i].content == NULL)
            return fails(target, "", "out of memory");
        if (!name_file(target->files, i, entry))
            return fails(target, "",
                         "the hash of a subject needs SHA-1, which this "
                         "OpenSSL configuration does not allow");
    }
    return true;
}

static bool is_wanted(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->count; i++) {
        if (strcmp(target->files[i].name, name) == 0)
            return true;
    }
    return false;
}

/* ---- what is there ----------------------------------------------------- */

static bool hash_name(const char *name)
{
    size_t digits;

    if (strspn(name, "0123456789abcdef") != HASH_DIGITS ||
        name[HASH_DIGITS] != '.')
        return false;
    name += HASH_DIGITS + 1;
    digits = strspn(name, "0123456789");
    return digits != 0 && name[digits] == '\0';
}

/* Whether the bytes are what content_of() makes of the certificate in them. */
static bool our_content(const char *bytes, size_t size)
{
    char *name = NULL, *header = NULL, *again;
    unsigned char *der = NULL;
    bool ours = false;
    BIO *in = BIO_new_mem_buf(bytes, (int)size), *content = NULL;
    long der_size;

    if (in != NULL && PEM_read_bio(in, &name, &header, &der, &der_size) == 1)
        content = content_of(der, der_size);
    if (content != NULL)
        ours = (size_t)BIO_get_mem_data(content, &again) == size &&
               memcmp(again, bytes, size) == 0;
    ERR_clear_error();
    BIO_free(content);
    BIO_free(in);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return ours;
}

/* Reads what is no larger than ours could be; links are foreign. */
static bool our_file(int directory_fd, const char *name)
{
    int fd = openat(directory_fd, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *bytes = malloc(FILE_MAX);
    struct stat st;
    size_t size = 0;
    ssize_t got = 1;
    bool ours = false;

    if (fd >= 0 && bytes != NULL && fstat(fd, &st) == 0 &&
        S_ISREG(st.st_mode)) {
        while (size < FILE_MAX && got > 0) {
            got = read(fd, bytes + size, FILE_MAX - size);
            size += got > 0 ? (size_t)got : 0;
        }
        ours = got == 0 && our_content(bytes, size);
    }
    free(bytes);
    if (fd >= 0)
        (void)close(fd);
    return ours;
}

/* Opens it for one writer at a time; makes it where it is not there. */
static bool open_directory(struct target *target)
{
    target->made = mkdir(target->path, 0755) == 0;
    if (!target->made && errno != EEXIST)
        return fails(target, "", strerror(errno));
    target->fd = open(target->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target->fd < 0)
        return fails(target, "", strerror(errno));
    while (flock(target->fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return fails(target, "", strerror(errno));
    }
    return true;
}

static bool free_of_foreign(const struct target *target)
{
    struct stat st;

    for (size_t i = 0; i < target->count; i++) {
        const char *name = target->files[i].name;

        if (fstatat(target->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            !our_file(target->fd, name))
            return fails(target, name,
                         "was not written by rdsca export; move it away, or "
                         "name another directory");
    }
    return true;
}

/* ---- writing ----------------------------------------------------------- */

static bool write_file(struct target *target, const struct wanted *file)
{
    char path[PATH_MAX], *bytes;
    size_t size = (size_t)BIO_get_mem_data(file->content, &bytes);
    struct rds_error err;

    if (snprintf(path, sizeof(path), "%s/%s", target->path, file->name) >=
        (int)sizeof(path))
        return fails(target, file->name, strerror(ENAMETOOLONG));
    if (rdsca_holds(path, bytes, size))
        return true;
    if (!rdsca_replace(path, bytes, size, &err)) {
        rdsca_complain(target->command, "%s", err.text);
        return false;
    }
    target->written++;
    return true;
}

/* NULL at the end, and with errno where the directory cannot be read. */
static const struct dirent *next_entry(DIR *listing)
{
    errno = 0;
    return readdir(listing);
}

/* Removes files of ours that the answer does not have any more. */
static bool remove_others(struct target *target)
{
    int fd = openat(target->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    bool good = true;

    if (listing == NULL) {
        good = fails(target, "", strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return good;
    }
    while (good && (entry = next_entry(listing)) != NULL) {
        if (!hash_name(entry->d_name) || is_wanted(target, entry->d_name) ||
            !our_file(target->fd, entry->d_name))
            continue;
        if (unlinkat(target->fd, entry->d_name, 0) != 0)
            good = fails(target, entry->d_name, strerror(errno));
        else
            target->removed++;
    }
    if (good && errno != 0)
        good = fails(target, "", strerror(errno));
    (void)closedir(listing);
    return good;
}

static bool write_files(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        if (!write_file(target, &target->files[i]))
            return false;
    }
    if (!remove_others(target))
        return false;
    if (target->removed != 0 && fsync(target->fd) != 0 && errno != EINVAL)
        return fails(target, "", strerror(errno));
    return true;
}

enum rdsca_exit rdsca_export_hash(const char *name, const char *directory,
                                  const struct rdsca_answer *answer)
{
    struct target target = {.command = name, .path = directory, .fd = -1};
    char quoted[RDS_QUOTE_MAX];
    bool good;

    if (directory[0] == '\0')
        return rdsca_misuse(name, "--hash-dir '': an empty name");
    good = make_files(&target, answer) && open_directory(&target) &&
           free_of_foreign(&target) && write_files(&target);
    if (good)
        (void)printf("%s: %zu certificate%s, %zu written, %zu removed\n",
                     rds_quote(quoted, directory, strlen(directory)),
                     target.count, target.count == 1 ? "" : "s",
                     target.written, target.removed);
    else if (target.made)
        (void)rmdir(directory); /* if nothing is in it */
    if (target.fd >= 0)
        (void)close(target.fd);
    for (size_t i = 0; target.files != NULL && i < target.count; i++)
        BIO_free(target.files[i].content);
    free(target.files);
    return good ? rdsca_finish_output(name) : RDSCA_UNSAFE;
}
