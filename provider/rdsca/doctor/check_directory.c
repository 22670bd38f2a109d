/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle directory: whether the module reads it, and what each file in it
 * does.  Judges by the module's own functions.
 */

#include "stray_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../certs/describe.h"
#include "path_access.h"
#include "rds/builtin.h"
#include "rds/shortfall.h"

#define OLD (45 * RDSCA_DAY)   /* a timer would have confirmed it since */
#define LEFT_OUT_MAX 4         /* certificates that are told of */
#define LEFT_OUT " left out: " /* in the reports of rds_bundle_parse() */

/* ---- the directory itself ---------------------------------------------- */

static void tell_absent(const struct rdsca_directory *at, bool configured)
{
    char word[RDSCA_WORD_MAX];

    if (!configured) {
        rdsca_find(at->to, RDSCA_OK,
                   "'%s' is not there: the built-in set answers", at->quoted);
        return;
    }
    rdsca_find(at->to, RDSCA_NOTE,
               "rds-bundles = '%s' is not there: the built-in set answers",
               at->quoted);
    rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "install -d -m 755 %s",
               rdsca_word(word, at->path));
}

static void tell_refused(const struct rdsca_directory *at,
                         const struct rds_error *err)
{
    char word[RDSCA_WORD_MAX];

    rdsca_find(at->to, RDSCA_PROBLEM, "%s; the built-in set answers",
               err->text);
    if (S_ISDIR(at->identity.mode))
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "chmod go-w %s",
                   rdsca_word(word, at->path));
    else
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "make it a directory, or name another one in rds-bundles");
}

/* What may pass by itself. */
static void tell_unreadable(const struct rdsca_directory *at, const char *what,
                            int why)
{
    char word[RDSCA_WORD_MAX];

    rdsca_find(at->to, RDSCA_PROBLEM, "'%s': cannot %s: %s", at->quoted, what,
               strerror(why));
    rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "ls -la %s",
               rdsca_word(word, at->path));
}

static bool may_not_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    bool denied = fd < 0 && (errno == EACCES || errno == EPERM);

    if (fd >= 0)
        (void)close(fd);
    return denied;
}

static bool open_directory(struct rdsca_directory *at, bool configured)
{
    struct rds_error err;
    struct stat st;
    bool absent;

    if (may_not_open(at->path)) {
        rdsca_path_denied(at->to, at->path, RDSCA_PATH_DIRECTORY);
        return false;
    }
    at->fd = rds_directory_open(at->path, &at->identity, &absent, &err);
    if (absent)
        tell_absent(at, configured);
    else if (at->fd < 0)
        tell_refused(at, &err);
    if (at->fd < 0)
        return false;
    if (fstat(at->fd, &st) != 0) {
        tell_unreadable(at, "look at the directory", errno);
        return false;
    }
    st.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH); /* judged: a read-only mount */
    (void)rdsca_path_writers(at->to, at->path, &st);
    rdsca_path_readers(at->to, at->path, &st);
    return true;
}

/* ---- files that are refused -------------------------------------------- */

static bool may_not_read(const struct rdsca_directory *at, const char *file)
{
    struct rds_identity seen;
    bool denied;
    int fd;

    rds_identity_look(at->fd, file, &seen);
    if (seen.present && !S_ISREG(seen.mode))
        return false;
    fd = openat(at->fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    denied = fd < 0 && (errno == EACCES || errno == EPERM);
    if (fd >= 0)
        (void)close(fd);
    return denied;
}

/* By what can be seen of the file: its mode, its owner, else its content. */
static void mend_refused(const struct rdsca_directory *at,
                         const struct rds_refusal *refusal)
{
    struct rds_identity file;

    rds_identity_look(at->fd, refusal->file, &file);
    if (!file.present || !S_ISREG(file.mode))
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "put an ordinary file in its place, or remove it");
    else if (rds_directory_owner(&at->identity, file.owner) !=
             RDS_OWNER_TRUSTED)
        rdsca_directory_mend(at, "chown root", refusal->file);
    else if ((file.mode & (S_IWGRP | S_IWOTH)) != 0)
        rdsca_directory_mend(at, "chmod go-w", refusal->file);
    else
        rdsca_mend_update(at->doctor, at->path, refusal->region,
                          refusal->partition);
}

static void tell_refusals(const struct rdsca_directory *at,
                          const struct rds_view *view)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < view->refusal_count; i++) {
        const struct rds_refusal *refusal = &view->refusals[i];

        if (refusal->partition == RDS_PARTITIONS)
            continue; /* the directory, which was judged above */
        if (may_not_read(at, refusal->file) &&
            rdsca_directory_join(at, refusal->file, path)) {
            rdsca_path_denied(at->to, path, RDSCA_PATH_FILE);
            continue;
        }
        rdsca_find(at->to, RDSCA_PROBLEM, "refused: %s", refusal->text);
        mend_refused(at, refusal);
    }
}

static bool is_refused(const struct rds_view *view, const char *file)
{
    for (size_t i = 0; i < view->refusal_count; i++) {
        if (strcmp(view->refusals[i].file, file) == 0)
            return true;
    }
    return false;
}

/* ---- files that are read ----------------------------------------------- */

static void tell_shortfalls(const struct rdsca_directory *at,
                            const struct rds_view *view)
{
    char line[RDS_ERROR_TEXT];

    for (size_t i = 0; i < view->shortfall_count; i++) {
        const struct rds_bundle_name *name = &view->shortfalls[i].bundle->name;

        rdsca_find(at->to, RDSCA_NOTE, "%s",
                   rds_shortfall_write(line, &view->shortfalls[i]));
        rdsca_mend_update(at->doctor, at->path, name->region, name->partition);
    }
}

static bool falls_short(const struct rds_view *view, const char *file)
{
    for (size_t i = 0; i < view->shortfall_count; i++) {
        if (strcmp(view->shortfalls[i].bundle->name.file, file) == 0)
            return true;
    }
    return false;
}

/* What the file answers with: for how many regions, and whether at all. */
static size_t count_regions(const struct rds_view *view, const char *file,
                            bool *used)
{
    const char *last = "";
    size_t count = 0;

    *used = false;
    for (size_t i = 0; i < view->count; i++) {
        const struct rds_entry *entry = &view->entries[i];

        if (entry->bundle == NULL ||
            strcmp(entry->bundle->name.file, file) != 0)
            continue;
        *used = true;
        count += strcmp(last, entry->anchor->region) != 0 &&
                 entry->anchor->region[0] != '\0';
        last = entry->anchor->region;
    }
    return count;
}

static void tell_useless(const struct rdsca_directory *at,
                         const struct rds_bundle_name *name, int64_t confirmed)
{
    char day[RDS_DATE_MAX], built[RDS_DATE_MAX];

    if (confirmed >= rds_builtin_date) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "%s of %s answers for nothing: newer files, or "
                   "rds-distrust, leave nothing of it",
                   name->file, rds_date_write(day, confirmed));
        rdsca_directory_mend(at, "rm", name->file);
        return;
    }
    rdsca_find(at->to, RDSCA_PROBLEM,
               "%s of %s has no effect: it is older than the built-in set of "
               "%s",
               name->file, rds_date_write(day, confirmed),
               rds_date_write(built, rds_builtin_date));
    rdsca_mend_update(at->doctor, at->path, name->region, name->partition);
}

static void tell_age(const struct rdsca_directory *at,
                     const struct rds_bundle_name *name, int64_t confirmed)
{
    char day[RDS_DATE_MAX];

    if (confirmed > at->now + RDSCA_DAY) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "%s is dated in the future (%s): it never counts as old",
                   name->file, rds_date_write(day, confirmed));
        rdsca_directory_mend(at, "touch", name->file);
    } else if (at->now - confirmed > OLD) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "%s was last confirmed %lld days ago: does the timer not "
                   "run?",
                   name->file, (long long)((at->now - confirmed) / RDSCA_DAY));
        rdsca_mend_update(at->doctor, at->path, name->region, name->partition);
    }
}

static void judge_bundle(const struct rdsca_directory *at,
                         const struct rds_view *view,
                         const struct rds_bundle_name *name)
{
    struct rds_identity file;
    char day[RDS_DATE_MAX], built[RDS_DATE_MAX];
    int64_t confirmed;
    size_t regions;
    bool used;

    regions = count_regions(view, name->file, &used);
    rds_identity_look(at->fd, name->file, &file);
    if (is_refused(view, name->file))
        return;
    if (!file.present) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "%s: went away, or cannot be looked at now", name->file);
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "rdsca doctor");
        return;
    }
    confirmed = (int64_t)file.modified.tv_sec;
    if (!used) {
        if (!falls_short(view, name->file))
            tell_useless(at, name, confirmed);
        return;
    }
    rdsca_find(at->to, RDSCA_OK,
               "%s of %s is in force for %zu region%s: %s the built-in set of "
               "%s",
               name->file, rds_date_write(day, confirmed), regions,
               regions == 1 ? "" : "s",
               confirmed < rds_builtin_date ? "not carried by"
                                            : "not older than",
               rds_date_write(built, rds_builtin_date));
    tell_age(at, name, confirmed);
}

static void judge_bundles(const struct rdsca_directory *at,
                          const struct rds_view *view)
{
    char word[RDSCA_WORD_MAX];
    struct rds_bundle_name *names;
    struct rds_error err;
    size_t count;
    bool more;

    if (!rds_directory_list(at->fd, &names, &count, &more, &err)) {
        rdsca_find(at->to, RDSCA_PROBLEM, "%s", err.text);
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "ls -la %s",
                   rdsca_word(word, at->path));
        return;
    }
    if (count == 0)
        rdsca_find(at->to, RDSCA_OK,
                   "'%s' has no bundle: the built-in set answers", at->quoted);
    for (size_t i = 0; i < count; i++)
        judge_bundle(at, view, &names[i]);
    if (more) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "only the first %d bundle files are read",
                   RDS_DIRECTORY_FILES_MAX);
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "use one global file for each partition");
    }
    free(names);
}

/* ---- all of it --------------------------------------------------------- */

struct left_out {
    const struct rdsca_directory *at;
    size_t count;
};

/* The reports of the module that nothing else here tells. */
static void report(void *arg, const char *line)
{
    struct left_out *left_out = arg;
    const struct rdsca_directory *at = left_out->at;
    char file[RDS_FILE_NAME_MAX];
    struct rds_bundle_name name;

    (void)snprintf(file, sizeof(file), "%.*s", (int)strcspn(line, ":"), line);
    if (strstr(line, LEFT_OUT) == NULL || !rds_bundle_name_read(file, &name) ||
        left_out->count++ >= LEFT_OUT_MAX)
        return;
    rdsca_find(at->to, RDSCA_NOTE, "%s", line);
    rdsca_mend_update(at->doctor, at->path, name.region, name.partition);
}

static void look_at_files(const struct rdsca_directory *at)
{
    struct left_out left_out = {at, 0};
    struct rdsca_trust trust;
    struct rds_error err;

    if (!rdsca_trust_load(&trust, at->path, report, &left_out, &err)) {
        rdsca_find(at->to, RDSCA_PROBLEM, "%s", err.text);
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL, "free some memory");
        return;
    }
    if (left_out.count > LEFT_OUT_MAX)
        rdsca_find(at->to, RDSCA_OK, "%zu more certificates are left out",
                   left_out.count - LEFT_OUT_MAX);
    tell_refusals(at, trust.view);
    tell_shortfalls(at, trust.view);
    judge_bundles(at, trust.view);
    rdsca_directory_strays(at);
    rdsca_trust_close(&trust);
}

bool rdsca_check_directory(const struct rdsca_doctor *doctor)
{
    struct rdsca_directory at = {.doctor = doctor, .to = doctor->to, .fd = -1};
    struct rdsca_settings settings;

    rdsca_settings_read(&settings);
    at.path = rdsca_settings_directory(&settings);
    at.now = (int64_t)time(NULL);
    (void)rds_quote(at.quoted, at.path, strlen(at.path));
    if (open_directory(&at, settings.bundles != NULL))
        look_at_files(&at);
    if (at.fd >= 0)
        (void)close(at.fd);
    rdsca_settings_clear(&settings);
    return true;
}
