/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca import: a bundle that came by other means, for closed networks.
 * Refuses what update refuses, and new roots unless they are accepted.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install.h"
#include "../cli/options.h"
#include "rds/configuration.h"

#define NAME "import"

const char rdsca_import_help[] =
    "usage: rdsca import [OPTION...] FILE|-\n\n"
    "Installs a bundle of Amazon RDS certificates that came by other means:\n"
    "PEM, or a certificates-only PKCS#7 (.p7b).  For which region or\n"
    "partition it is follows from --for, else from FILE's name\n"
    "(us-west-2-bundle.pem, aws-us-gov-global-bundle.pem).\n\n"
    "  --for WORD       a region, or a partition (aws, aws-us-gov, aws-cn)\n"
    "  --accept-new     take roots that this version does not know\n"
    "  --directory DIR  the bundle directory\n"
    "  --check          change nothing; exit 1 where something would change\n"
    "  -q, --quiet      say nothing but errors\n"
    "  --json           report as JSON\n\n"
    "The date of FILE counts as the day on which AWS confirmed it; the date\n"
    "of standard input is now.  An older bundle than the built-in set does\n"
    "not replace it.\n\n"
    "Exit status: 0 fine, 1 would change (--check), 2 usage, 4 refused as\n"
    "unsafe; the old file is kept in each case.\n";

/* Reads everything, up to one byte more than a bundle may have. */
static bool read_all(int fd, unsigned char **bytes, size_t *size)
{
    size_t room = RDS_BUNDLE_MAX + 1;
    unsigned char *buffer = malloc(room);
    ssize_t got = 1;

    *size = 0;
    while (buffer != NULL && got > 0 && *size < room) {
        got = read(fd, buffer + *size, room - *size);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            *size += (size_t)got;
    }
    *bytes = buffer;
    return buffer != NULL && got >= 0;
}

static bool name_from_word(const char *word, struct rds_bundle_name *out)
{
    char file[RDS_FILE_NAME_MAX];
    enum rds_partition partition;
    size_t size = strlen(word);

    if (size >= RDS_REGION_MAX)
        return false;
    (void)snprintf(file, sizeof(file), "%s-%sbundle.pem", word,
                   rds_partition_find(word, size, &partition) ? "global-"
                                                              : "");
    return rds_bundle_name_read(file, out);
}

/* The file's own name tells; a .p7b as its .pem does. */
static bool name_from_file(const char *path, struct rds_bundle_name *out)
{
    const char *slash = strrchr(path, '/');
    char file[RDS_FILE_NAME_MAX];
    size_t size;

    (void)snprintf(file, sizeof(file), "%s", slash != NULL ? slash + 1 : path);
    size = strlen(file);
    if (size > 4 && strcmp(file + size - 4, ".p7b") == 0)
        memcpy(file + size - 4, ".pem", 4);
    return rds_bundle_name_read(file, out);
}

static enum rdsca_exit import_file(const struct rdsca_job *job,
                                   const char *path,
                                   const struct rds_bundle_name *name)
{
    struct rdsca_parcel parcel = {.name = *name, .from_aws = false};
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum rdsca_exit outcome = RDSCA_UNSAFE;
    unsigned char *bytes = NULL;
    char quoted[RDS_QUOTE_MAX];
    struct stat st;
    bool whole; /* always: only AWS's own host may serve what is unknown */

    (void)rds_quote(quoted, path, strlen(path));
    if (fd < 0 || fstat(fd, &st) != 0 || !read_all(fd, &bytes, &parcel.size)) {
        rdsca_complain(NAME, "%s: cannot read: %s", quoted, strerror(errno));
        goto done;
    }
    parcel.bytes = bytes;
    parcel.source = job->report != NULL ? path : quoted;
    if (standard)
        parcel.source = "standard input";
    parcel.modified.tv_nsec = UTIME_NOW;
    if (!standard)
        parcel.modified = st.st_mtim;
    outcome = rdsca_install(job, &parcel, &whole);
done:
    free(bytes);
    if (fd >= 0 && !standard)
        (void)close(fd);
    return outcome;
}

struct import_options {
    struct rdsca_job job;
    const char *path;
    const char *word; /* of --for, or NULL */
    bool json;
    char directory[RDSCA_PATH_MAX]; /* of --directory, where relative */
};

static bool read_options(int argc, char **argv, struct import_options *out)
{
    static const struct option longs[] = {
        {"accept-new", no_argument, NULL, 'n'},
        {"check", no_argument, NULL, 'c'},
        {"directory", required_argument, NULL, 'd'},
        {"for", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *out = (struct import_options){.job = {.command = NAME}};
    while ((letter = rdsca_option(NAME, argc, argv, ":q", longs)) != -1) {
        switch (letter) {
        case 'c':
            out->job.check = true;
            break;
        case 'd':
            out->job.directory = rdsca_absolute(NAME, optarg, out->directory);
            if (out->job.directory == NULL)
                return false;
            break;
        case 'f':
            out->word = optarg;
            break;
        case 'j':
            out->json = true;
            break;
        case 'n':
            out->job.accept_new = true;
            break;
        case 'q':
            out->job.quiet = true;
            break;
        default:
            return false;
        }
    }
    out->path = argv[optind];
    if (argc - optind == 1)
        return true;
    (void)rdsca_misuse(NAME,
                       argc == optind ? "no FILE" : "more than one FILE");
    return false;
}

enum rdsca_exit rdsca_import(int argc, char **argv)
{
    struct rdsca_settings settings;
    struct import_options options;
    json_t *report;
    struct rds_bundle_name name;
    enum rdsca_exit outcome;
    const char *word;
    int guard;

    if (!read_options(argc, argv, &options))
        return RDSCA_USAGE;
    word = options.word != NULL ? options.word : options.path;
    if (options.word != NULL ? !name_from_word(word, &name)
                             : !name_from_file(word, &name)) {
        char quoted[RDS_QUOTE_MAX];

        return rdsca_misuse(NAME,
                            "'%s' names no region and no partition; say "
                            "--for WORD",
                            rds_quote(quoted, word, strlen(word)));
    }
    rdsca_settings_read(&settings);
    if (options.job.directory == NULL)
        options.job.directory = rdsca_settings_directory(&settings);
    if (options.json)
        rdsca_start_report(&options.job, &report);
    guard = rdsca_job_lock(&options.job);
    outcome = guard < 0 ? RDSCA_UNSAFE
                        : import_file(&options.job, options.path, &name);
    outcome = rdsca_print_report(&options.job, outcome);
    if (guard >= 0)
        (void)close(guard);
    rdsca_settings_clear(&settings);
    return outcome;
}
