/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca update: downloads AWS's bundles.  Refuses to guess what to download,
 * and leaves the old file wherever there is any doubt.
 */

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "install.h"
#include "rds/nearest.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "replace.h"
#include "target.h"

#define NAME "update"

const char rdsca_update_help[] =
    "usage: rdsca update [OPTION...] [REGION...]\n\n"
    "Downloads AWS's bundles of RDS certificates into the bundle directory,\n"
    "after judging every certificate in them.  Running processes see them at\n"
    "their next lookup.\n\n"
    "Without REGION, --partition and --all: what rds-trust in the OpenSSL\n"
    "configuration names, else the files that are there already.\n\n"
    "  --partition P    the global file of a partition: aws, aws-us-gov,\n"
    "                   aws-cn; may be repeated\n"
    "  --all            those of all three\n"
    "  --check          change nothing; exit 1 where something would change\n"
    "  --mirror URL     AWS's paths below another https: address; "
    "{partition}\n"
    "                   in it stands for the partition's name\n"
    "  --accept-new     take unknown roots from a mirror, too\n"
    "  --cacert FILE    CAs that vouch for the server, in place of the\n"
    "                   built-in Amazon roots\n"
    "  --connect-to H:P connect to this host and port; the server must still\n"
    "                   prove to be the one in the URL\n"
    "  --timeout S      seconds for one try (120)\n"
    "  --tries N        how often a server is asked (4)\n"
    "  --directory DIR  the bundle directory\n"
    "  --quiet          say nothing but errors\n"
    "  --json           report as JSON\n\n"
    "Exit status: 0 fine, 1 would change (--check), 2 usage, 3 unreachable,\n"
    "try again, 4 refused as unsafe; the old file is kept in each case.\n";

struct update {
    struct rdsca_job job;
    struct rdsca_request request; /* but for the URL and the ETag */
    struct rdsca_targets targets;
    const char *mirror;
};

/* ---- ETags ------------------------------------------------------------- */

/*
 * The ETag of a bundle stands beside it in .FILE.etag, with the URL and the
 * bundle's SHA-256: it is sent only for the same URL, and only while the
 * bundle is the one that came with it.
 */
static void etag_path(const struct update *update,
                      const struct rds_bundle_name *name, char path[4096])
{
    (void)snprintf(path, 4096, "%s/.%s.etag", update->job.directory,
                   name->file);
}

/* The SHA-256 of the bundle on disk, in hexadecimal; "" where it has none. */
static void bundle_digest(const struct update *update,
                          const struct rds_bundle_name *name,
                          char text[RDS_SHA256_TEXT])
{
    unsigned char *bytes = malloc(RDS_BUNDLE_MAX + 1);
    unsigned char sha256[RDS_SHA256_SIZE];
    char path[4096];
    FILE *file;
    size_t size;

    text[0] = '\0';
    (void)snprintf(path, sizeof(path), "%s/%s", update->job.directory,
                   name->file);
    file = bytes != NULL ? fopen(path, "re") : NULL;
    if (file != NULL) {
        size = fread(bytes, 1, RDS_BUNDLE_MAX + 1, file);
        if (ferror(file) == 0 && size <= RDS_BUNDLE_MAX) {
            rds_sha256(bytes, size, sha256);
            (void)rds_sha256_write(text, sha256);
        }
        (void)fclose(file);
    }
    free(bytes);
}

static bool next_line(FILE *file, char *line, size_t room)
{
    if (fgets(line, (int)room, file) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void read_etag(const struct update *update,
                      const struct rds_bundle_name *name, const char *url,
                      char etag[256])
{
    char path[4096], line[RDSCA_URL_MAX + 1], digest[RDS_SHA256_TEXT];
    FILE *file;
    bool ours;

    etag[0] = '\0';
    bundle_digest(update, name, digest);
    etag_path(update, name, path);
    file = digest[0] != '\0' ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    ours = next_line(file, line, sizeof(line)) && strcmp(line, url) == 0 &&
           next_line(file, line, sizeof(line)) && strcmp(line, digest) == 0;
    if (!ours || !next_line(file, etag, 256))
        etag[0] = '\0';
    (void)fclose(file);
}

/* Losing an ETag costs a download, so no failure here is one of the update. */
static void write_etag(const struct update *update,
                       const struct rds_bundle_name *name, const char *url,
                       const char *etag)
{
    char path[4096], text[RDSCA_URL_MAX + 400], digest[RDS_SHA256_TEXT];
    struct rds_error ignored;
    int size;

    etag_path(update, name, path);
    bundle_digest(update, name, digest);
    if (etag[0] == '\0' || digest[0] == '\0') {
        (void)unlink(path);
        return;
    }
    size = snprintf(text, sizeof(text), "%s\n%s\n%s\n", url, digest, etag);
    if (!rdsca_replace(path, text, (size_t)size, &ignored))
        (void)unlink(path);
}

/* ---- one bundle -------------------------------------------------------- */

static enum rdsca_exit install(struct update *update,
                               const struct rds_bundle_name *name,
                               const char *url,
                               const struct rdsca_response *response)
{
    struct rdsca_parcel parcel = {
        .name = *name,
        .bytes = response->bytes,
        .size = response->size,
        .source = url,
        .from_aws = update->mirror == NULL && update->request.cacert == NULL,
        .modified = {.tv_nsec = UTIME_NOW},
    };
    enum rdsca_exit outcome = rdsca_install(&update->job, &parcel);

    if (outcome == RDSCA_FINE && !update->job.check)
        write_etag(update, name, url, response->etag);
    return outcome;
}

static enum rdsca_exit update_one(struct update *update,
                                  const struct rds_bundle_name *name)
{
    struct rdsca_request request = update->request;
    struct rdsca_response response = {0};
    enum rdsca_exit outcome = RDSCA_UNSAFE;
    char url[RDSCA_URL_MAX], etag[256];
    struct rds_error err;

    if (!rdsca_target_url(name, update->mirror, url, &request.ca, &err)) {
        rdsca_report_failure(&update->job, name->file, &err);
        return RDSCA_USAGE;
    }
    read_etag(update, name, url, etag);
    request.url = url;
    request.etag = etag;
    switch (rdsca_fetch(&request, &response, &err)) {
    case RDSCA_FETCHED:
        outcome = install(update, name, url, &response);
        break;
    case RDSCA_UNCHANGED:
        outcome = rdsca_confirm(&update->job, name);
        break;
    case RDSCA_UNREACHABLE:
        rdsca_report_failure(&update->job, name->file, &err);
        outcome = RDSCA_RETRY;
        break;
    case RDSCA_REFUSED:
        rdsca_report_failure(&update->job, name->file, &err);
        break;
    }
    free(response.bytes);
    return outcome;
}

/* ---- what to update ---------------------------------------------------- */

/* The bundles that are there already. */
static bool add_present(struct update *update, struct rds_error *err)
{
    DIR *directory = opendir(update->job.directory);
    struct rds_bundle_name name;
    struct dirent *entry;
    bool good = true;

    while (directory != NULL && good && (entry = readdir(directory)) != NULL)
        good = !rds_bundle_name_read(entry->d_name, &name) ||
               rdsca_target_add(&update->targets, name.region, name.partition,
                                err);
    if (directory != NULL)
        (void)closedir(directory);
    return good;
}

static enum rdsca_exit choose_targets(struct update *update,
                                      const struct rdsca_settings *settings)
{
    struct rds_error err;

    if (update->targets.count != 0)
        return RDSCA_FINE;
    if (settings->trust != NULL &&
        !rdsca_target_add_uri(&update->targets, settings->trust, &err)) {
        rdsca_complain(NAME, "rds-trust in %s: %s", settings->file, err.text);
        return RDSCA_USAGE;
    }
    if (update->targets.count == 0 && !add_present(update, &err)) {
        rdsca_complain(NAME, "%s", err.text);
        return RDSCA_USAGE;
    }
    if (update->targets.count == 0)
        return rdsca_misuse(NAME,
                            "nothing to update: no rds-trust is configured "
                            "and %s holds no bundle; name a region "
                            "(us-west-2), --partition aws, or --all",
                            update->job.directory);
    return RDSCA_FINE;
}

static bool add_partition(struct update *update, const char *word)
{
    static const char *const known[] = {"aws", "aws-us-gov", "aws-cn"};
    struct rds_nearest nearest = RDS_NEAREST_INIT(word, strlen(word));
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];
    enum rds_partition partition;
    struct rds_error err;

    if (rds_partition_find(word, strlen(word), &partition))
        return rdsca_target_add(&update->targets, "", partition, &err);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        rds_nearest_offer(&nearest, known[i]);
    (void)rdsca_misuse(NAME, "unknown partition '%s'%s",
                       rds_quote(quoted, word, strlen(word)),
                       rds_nearest_hint(hint, &nearest));
    return false;
}

static bool add_all(struct update *update)
{
    return add_partition(update, "aws") &&
           add_partition(update, "aws-us-gov") &&
           add_partition(update, "aws-cn");
}

/* A region must be of the right shape; AWS says whether it exists. */
static bool add_region(struct update *update, const char *word)
{
    struct rds_error err;

    if (!rds_region_shape(word, strlen(word))) {
        char quoted[RDS_QUOTE_MAX];

        (void)rdsca_misuse(NAME,
                           "'%s' does not have the shape of a region "
                           "(us-west-2)",
                           rds_quote(quoted, word, strlen(word)));
        return false;
    }
    if (rdsca_target_add(&update->targets, word,
                         rds_region_partition(word, strlen(word)), &err))
        return true;
    rdsca_complain(NAME, "%s", err.text);
    return false;
}

static bool read_number(const char *word, const char *option, long most,
                        long *out)
{
    char *end;

    errno = 0;
    *out = strtol(word, &end, 10);
    if (errno == 0 && *end == '\0' && end != word && *out >= 1 && *out <= most)
        return true;
    (void)rdsca_misuse(NAME, "%s takes a number from 1 to %ld, not '%.40s'",
                       option, most, word);
    return false;
}

static bool take_option(struct update *update, int option, bool *json)
{
    long number;

    switch (option) {
    case 'p':
        return add_partition(update, optarg);
    case 'a':
        return add_all(update);
    case 'c':
        update->job.check = true;
        return true;
    case 'm':
        update->mirror = optarg;
        return true;
    case 'n':
        update->job.accept_new = true;
        return true;
    case 'C':
        update->request.cacert = optarg;
        return true;
    case 'T':
        update->request.connect_to = optarg;
        return true;
    case 't':
        if (!read_number(optarg, "--timeout", 3600, &number))
            return false;
        update->request.timeout = number;
        return true;
    case 'r':
        if (!read_number(optarg, "--tries", 10, &number))
            return false;
        update->request.tries = (int)number;
        return true;
    case 'd':
        update->job.directory = optarg;
        return true;
    case 'q':
        update->job.quiet = true;
        return true;
    case 'j':
        *json = true;
        return true;
    default:
        return false;
    }
}

static enum rdsca_exit read_arguments(struct update *update, int argc,
                                      char **argv, bool *json)
{
    static const struct option options[] = {
        {"partition", required_argument, NULL, 'p'},
        {"all", no_argument, NULL, 'a'},
        {"check", no_argument, NULL, 'c'},
        {"mirror", required_argument, NULL, 'm'},
        {"accept-new", no_argument, NULL, 'n'},
        {"cacert", required_argument, NULL, 'C'},
        {"connect-to", required_argument, NULL, 'T'},
        {"timeout", required_argument, NULL, 't'},
        {"tries", required_argument, NULL, 'r'},
        {"directory", required_argument, NULL, 'd'},
        {"quiet", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return rdsca_misuse(NAME, "bad option '%s'", argv[optind - 1]);
        if (!take_option(update, option, json))
            return RDSCA_USAGE;
    }
    for (; optind < argc; optind++) {
        if (!add_region(update, argv[optind]))
            return RDSCA_USAGE;
    }
    return RDSCA_FINE;
}

static enum rdsca_exit update_all(struct update *update, bool json)
{
    enum rdsca_exit outcome = RDSCA_FINE;
    int guard = rdsca_job_lock(&update->job);

    if (guard < 0)
        return RDSCA_UNSAFE;
    update->job.report = json ? json_array() : NULL;
    update->request.progress =
        !json && !update->job.quiet && isatty(STDERR_FILENO) == 1;
    for (size_t i = 0; i < update->targets.count; i++)
        outcome = rdsca_worse(outcome,
                              update_one(update, &update->targets.names[i]));
    outcome = rdsca_print_report(&update->job, outcome);
    (void)close(guard);
    return outcome;
}

enum rdsca_exit rdsca_update(int argc, char **argv)
{
    struct update *update = calloc(1, sizeof(*update));
    struct rdsca_settings settings;
    enum rdsca_exit outcome;
    bool json = false;

    if (update == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        rdsca_complain(NAME, "out of memory");
        free(update);
        return RDSCA_UNSAFE;
    }
    update->job.command = NAME;
    update->request.timeout = 120;
    update->request.stall = 20;
    update->request.tries = 4;
    rdsca_settings_read(&settings);
    outcome = read_arguments(update, argc, argv, &json);
    if (update->job.directory == NULL)
        update->job.directory = settings.bundles != NULL
                                    ? settings.bundles
                                    : RDS_DIRECTORY_DEFAULT;
    if (update->request.stall > update->request.timeout)
        update->request.stall = update->request.timeout;
    if (outcome == RDSCA_FINE)
        outcome = choose_targets(update, &settings);
    if (outcome == RDSCA_FINE)
        outcome = update_all(update, json);
    rdsca_settings_clear(&settings);
    curl_global_cleanup();
    free(update);
    return outcome;
}
