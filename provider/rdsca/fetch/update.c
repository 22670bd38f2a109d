/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca update: downloads AWS's bundles.  Refuses to guess what to download,
 * and leaves the old file wherever there is any doubt.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "defaults.h"
#include "etag.h"
#include "install.h"
#include "../cli/options.h"
#include "rds/nearest.h"
#include "target.h"

#define NAME "update"
#define TIMEOUT 120L /* seconds for one try */
#define STALL 20L    /* seconds with next to nothing arriving */
#define TRIES 4L

const char rdsca_update_help[] =
    "usage: rdsca update [OPTION...] [REGION...]\n\n"
    "Downloads AWS's bundles of RDS certificates into the bundle directory,\n"
    "after judging every certificate in them.  Running processes see them at\n"
    "their next lookup.\n\n"
    "Without REGION, --partition, --all and --retired: what rds-trust in the\n"
    "OpenSSL configuration names, else the files that are there already.\n"
    "Settings are read from /etc/default/rdsca.\n\n"
    "  --partition P    the global file of a partition: aws, aws-us-gov,\n"
    "                   aws-cn; may be repeated\n"
    "  --all            those of all three\n"
    "  --retired        AWS's old files that are not built in, into the\n"
    "                   directory 'retired'; they answer to\n"
    "                   rds://file/NAME and to nothing else\n"
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
    "  --settings FILE  in place of /etc/default/rdsca; '-' for none\n"
    "  -q, --quiet      say nothing but errors and what was left out\n"
    "  --json           report as JSON\n\n"
    "Exit status: 0 fine, 1 would change (--check), 2 usage, 3 unreachable,\n"
    "try again, 4 refused as unsafe; the old file is kept in each case.\n";

struct update {
    struct rdsca_job job;
    struct rdsca_request request; /* but for the URL and the ETag */
    struct rdsca_targets targets;
    const char *mirror;
    const char *settings; /* the file of --settings, or NULL */
    bool json;
    char directory[RDSCA_PATH_MAX]; /* of --directory, where relative */
    struct rds_bundle *checked[RDS_LEGACY_FILES]; /* see struct rdsca_job */
};

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
    bool whole;
    enum rdsca_exit outcome = rdsca_install(&update->job, &parcel, &whole);

    /* What was left out is told of each time, and a later version may take it:
     * so the file is fetched each time. */
    if (outcome == RDSCA_FINE && !update->job.check)
        rdsca_etag_write(update->job.directory, name, url,
                         whole ? response->etag : "");
    return outcome;
}

static enum rdsca_exit update_one(struct update *update,
                                  const struct rds_bundle_name *name)
{
    struct rdsca_request request = update->request;
    struct rdsca_response response = {0};
    enum rdsca_exit outcome = RDSCA_UNSAFE;
    char url[RDSCA_URL_MAX], etag[RDSCA_ETAG_MAX];
    struct rds_error err;

    if (!rdsca_target_url(name, update->mirror, url, &request.ca, &err)) {
        rdsca_report_failure(&update->job, name->file, &err);
        return RDSCA_USAGE;
    }
    rdsca_etag_read(update->job.directory, name, url, etag);
    if (name->legacy != NULL)
        request.missing = "this server does not have the file";
    request.url = url;
    request.etag = etag;
    request.netrc = update->mirror != NULL;
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

/* The bundles that are there already.  What cannot be listed is not empty. */
static bool add_present(struct update *update, struct rds_error *err)
{
    const char *path = update->job.directory;
    DIR *directory = opendir(path);
    int why = directory == NULL && errno != ENOENT ? errno : 0;
    const struct dirent *entry = NULL;
    struct rds_bundle_name name;
    char quoted[RDS_QUOTE_MAX];
    bool good = true;

    do {
        if (entry != NULL && rds_bundle_name_read(entry->d_name, &name))
            good = rdsca_target_add(&update->targets, name.region,
                                    name.partition, err);
        errno = 0;
        entry = directory != NULL && good ? readdir(directory) : NULL;
        why = errno != 0 ? errno : why;
    } while (entry != NULL);
    if (directory != NULL)
        (void)closedir(directory);
    if (good && why != 0)
        good = rds_fail(err, RDS_R_TRANSIENT, "%s: cannot list: %s",
                        rds_quote(quoted, path, strlen(path)), strerror(why));
    return good;
}

/* What cannot be read now is no misuse. */
static enum rdsca_exit blame(const struct rds_error *err)
{
    return err->reason == RDS_R_NO_MEMORY || err->reason == RDS_R_TRANSIENT
               ? RDSCA_UNSAFE
               : RDSCA_USAGE;
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
        return blame(&err);
    }
    if (update->targets.count == 0 && !add_present(update, &err)) {
        rdsca_complain(NAME, "%s", err.text);
        return blame(&err);
    }
    if (update->targets.count == 0)
        return rdsca_misuse(NAME,
                            "nothing to update: no rds-trust is configured, "
                            "no RDSCA_UPDATE in " RDSCA_DEFAULTS_FILE
                            ", and %s holds no bundle; name a region "
                            "(us-west-2), --partition aws, or --all",
                            update->job.directory);
    return RDSCA_FINE;
}

static bool add_target(struct update *update, const char *region,
                       enum rds_partition partition)
{
    struct rds_error err;

    if (rdsca_target_add(&update->targets, region, partition, &err))
        return true;
    rdsca_complain(NAME, "%s", err.text);
    return false;
}

static bool add_partition(struct update *update, const char *word)
{
    static const char *const known[] = {"aws", "aws-us-gov", "aws-cn"};
    struct rds_nearest nearest = RDS_NEAREST_INIT(word, strlen(word));
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];
    enum rds_partition partition;

    if (rds_partition_find(word, strlen(word), &partition))
        return add_target(update, "", partition);
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
    if (!rds_region_shape(word, strlen(word))) {
        char quoted[RDS_QUOTE_MAX];

        (void)rdsca_misuse(NAME,
                           "'%s' does not have the shape of a region "
                           "(us-west-2)",
                           rds_quote(quoted, word, strlen(word)));
        return false;
    }
    return add_target(update, word, rds_region_partition(word, strlen(word)));
}

static bool add_retired(struct update *update)
{
    struct rds_error err;

    if (rdsca_target_add_retired(&update->targets, &err))
        return true;
    rdsca_complain(NAME, "%s", err.text);
    return false;
}

static bool read_timeout(struct update *update, const char *text)
{
    return rdsca_number(NAME, "--timeout", text, 1, 3600,
                        &update->request.timeout);
}

static bool read_tries(struct update *update, const char *text)
{
    return rdsca_number(NAME, "--tries", text, 1, 10, &update->request.tries);
}

static bool take_option(struct update *update, int letter)
{
    switch (letter) {
    case 'p':
        return add_partition(update, optarg);
    case 'a':
        return add_all(update);
    case 'R':
        return add_retired(update);
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
        return read_timeout(update, optarg);
    case 'r':
        return read_tries(update, optarg);
    case 'd':
        update->job.directory =
            rdsca_absolute(NAME, optarg, update->directory);
        return update->job.directory != NULL;
    case 's':
        update->settings = optarg;
        return true;
    case 'q':
        update->job.quiet = true;
        return true;
    case 'j':
        update->json = true;
        return true;
    default:
        return false;
    }
}

static bool read_arguments(struct update *update, int argc, char **argv)
{
    static const struct option longs[] = {
        {"partition", required_argument, NULL, 'p'},
        {"all", no_argument, NULL, 'a'},
        {"retired", no_argument, NULL, 'R'},
        {"check", no_argument, NULL, 'c'},
        {"mirror", required_argument, NULL, 'm'},
        {"accept-new", no_argument, NULL, 'n'},
        {"cacert", required_argument, NULL, 'C'},
        {"connect-to", required_argument, NULL, 'T'},
        {"timeout", required_argument, NULL, 't'},
        {"tries", required_argument, NULL, 'r'},
        {"directory", required_argument, NULL, 'd'},
        {"settings", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    while ((letter = rdsca_option(NAME, argc, argv, ":q", longs)) != -1) {
        if (!take_option(update, letter))
            return false;
    }
    for (; optind < argc; optind++) {
        if (!add_region(update, argv[optind]))
            return false;
    }
    return true;
}

/* ---- /etc/default/rdsca ------------------------------------------------ */

static bool add_word(struct update *update, const char *word)
{
    if (strcmp(word, "all") == 0)
        return add_all(update);
    return strncmp(word, "aws", 3) == 0 ? add_partition(update, word)
                                        : add_region(update, word);
}

/* The words of RDSCA_UPDATE, where the command line names nothing. */
static bool add_words(struct update *update, const char *words)
{
    char word[RDS_FILE_NAME_MAX]; /* longer ones are none of ours */
    size_t size;

    for (; *words != '\0'; words += size) {
        words += strspn(words, " \t");
        size = strcspn(words, " \t");
        (void)snprintf(word, sizeof(word), "%.*s", (int)size, words);
        if (size != 0 && !add_word(update, word))
            return false;
    }
    return true;
}

/* What the command line says comes before what the file says. */
static bool apply_defaults(struct update *update,
                           const struct rdsca_defaults *defaults)
{
    if (update->mirror == NULL)
        update->mirror = defaults->mirror;
    if (update->request.cacert == NULL)
        update->request.cacert = defaults->cacert;
    if (update->request.timeout == 0) {
        update->request.timeout = TIMEOUT;
        if (defaults->timeout != NULL &&
            !read_timeout(update, defaults->timeout))
            return false;
    }
    if (update->request.tries == 0) {
        update->request.tries = TRIES;
        if (defaults->tries != NULL && !read_tries(update, defaults->tries))
            return false;
    }
    rdsca_defaults_set_proxies(defaults);
    return update->targets.count != 0 || defaults->update == NULL ||
           add_words(update, defaults->update);
}

static enum rdsca_exit read_defaults(struct update *update,
                                     struct rdsca_defaults *defaults)
{
    const char *path = update->settings;
    struct rds_error err;

    memset(defaults, 0, sizeof(*defaults));
    if ((path == NULL || strcmp(path, "-") != 0) &&
        !rdsca_defaults_read(path, defaults, &err)) {
        rdsca_complain(NAME, "%s", err.text);
        return blame(&err);
    }
    return apply_defaults(update, defaults) ? RDSCA_FINE : RDSCA_USAGE;
}

/* ---- the command ------------------------------------------------------- */

static enum rdsca_exit update_all(struct update *update)
{
    enum rdsca_exit outcome = RDSCA_FINE;
    int guard = rdsca_job_lock(&update->job);
    json_t *report;

    if (guard < 0)
        return RDSCA_UNSAFE;
    if (update->json)
        rdsca_start_report(&update->job, &report);
    update->job.checked = update->checked;
    update->request.progress =
        !update->json && !update->job.quiet && isatty(STDERR_FILENO) == 1;
    update->request.stall =
        update->request.timeout < STALL ? update->request.timeout : STALL;
    for (size_t i = 0; i < update->targets.count; i++)
        outcome = rdsca_worse(outcome,
                              update_one(update, &update->targets.names[i]));
    outcome = rdsca_print_report(&update->job, outcome);
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++)
        rds_bundle_free(update->checked[i]);
    (void)close(guard);
    return outcome;
}

static enum rdsca_exit run(struct update *update,
                           const struct rdsca_settings *settings)
{
    struct rdsca_defaults defaults;
    enum rdsca_exit outcome;

    if (update->job.directory == NULL)
        update->job.directory = rdsca_settings_directory(settings);
    outcome = read_defaults(update, &defaults);
    if (outcome == RDSCA_FINE)
        outcome = choose_targets(update, settings);
    if (outcome == RDSCA_FINE)
        outcome = update_all(update);
    rdsca_defaults_clear(&defaults);
    return outcome;
}

enum rdsca_exit rdsca_update(int argc, char **argv)
{
    struct update *update = calloc(1, sizeof(*update));
    enum rdsca_exit outcome = RDSCA_USAGE;
    struct rdsca_settings settings;

    if (update == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        rdsca_complain(NAME, "out of memory");
        free(update);
        return RDSCA_UNSAFE;
    }
    update->job.command = NAME;
    if (read_arguments(update, argc, argv)) {
        rdsca_settings_read(&settings);
        outcome = run(update, &settings);
        rdsca_settings_clear(&settings);
    }
    curl_global_cleanup();
    free(update);
    return outcome;
}
