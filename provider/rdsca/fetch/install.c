/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing bundles.  Refuses whatever rdsca_vet() refuses, and touches the
 * old file only to replace it whole.
 */

#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "installed.h"
#include "../cli/json.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "../file/lock.h"
#include "../file/replace.h"

static bool path_of(const struct rdsca_job *job, const char *file,
                    char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", job->directory, file) < PATH_MAX;
}

static bool make_directory(const char *path, struct rds_error *err)
{
    if (mkdir(path, 0755) == 0)
        (void)chmod(path, 0755); /* whatever the umask says */
    else if (errno != EEXIST)
        return rds_fail(err, RDS_R_BAD_BUNDLE,
                        "%s: cannot make the directory: %s", path,
                        strerror(errno));
    return true;
}

int rdsca_job_lock(const struct rdsca_job *job)
{
    struct rds_error err;
    int fd;

    if (job->check) /* changes nothing, so there is nothing to lock */
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    fd = make_directory(job->directory, &err)
             ? rdsca_lock(job->directory, &err)
             : -1;
    if (fd < 0)
        rdsca_complain(job->command, "%s", err.text);
    else
        rdsca_sweep(job->directory);
    return fd;
}

/* ---- reports ----------------------------------------------------------- */

static json_t *note_to_json(const struct rdsca_note *note)
{
    char sha256[RDS_SHA256_TEXT], date[RDS_DATE_MAX];

    return json_pack("{s:s, s:s, s:s, s:s}", "change",
                     rdsca_note_name(note->kind), "subject", note->cn,
                     "sha256", rds_sha256_write(sha256, note->sha256),
                     "not_after", rds_date_write(date, note->not_after));
}

/* "sha256" is that of the bytes as they came, for comparing with others. */
static void report_json(const struct rdsca_job *job,
                        const struct rdsca_parcel *parcel, const char *result,
                        const struct rdsca_vetted *vetted)
{
    unsigned char sha256[RDS_SHA256_SIZE];
    char text[RDS_SHA256_TEXT];
    json_t *notes = json_array();

    rds_sha256(parcel->bytes, parcel->size, sha256);
    for (size_t i = 0; i < vetted->note_count; i++)
        rdsca_json_append(&notes, note_to_json(&vetted->notes[i]));
    rdsca_json_append(
        job->report,
        json_pack("{s:s, s:o, s:s, s:s, s:i, s:o}", "file", parcel->name.file,
                  "source", rdsca_json_text(parcel->source), "sha256",
                  rds_sha256_write(text, sha256), "result", result,
                  "certificates", (int)vetted->kept, "anchors", notes));
}

static void report_text(const struct rdsca_job *job,
                        const struct rdsca_parcel *parcel, const char *result,
                        const struct rdsca_vetted *vetted)
{
    char sha256[RDS_SHA256_TEXT];
    size_t pinned = 0;

    if (job->quiet)
        return;
    for (size_t i = 0; i < vetted->note_count; i++)
        pinned += vetted->notes[i].kind == RDSCA_NOTE_PINNED;
    (void)printf("%s: %s, %zu certificates, %zu pinned, from %s\n",
                 parcel->name.file, result, vetted->kept, pinned,
                 parcel->source);
    for (size_t i = 0; i < vetted->note_count; i++) {
        const struct rdsca_note *note = &vetted->notes[i];

        if (note->kind != RDSCA_NOTE_PINNED &&
            note->kind != RDSCA_NOTE_LEFT_OUT) /* see warn_left_out() */
            (void)printf("  %s: %s, SHA-256 %s\n", rdsca_note_name(note->kind),
                         note->cn, rds_sha256_write(sha256, note->sha256));
    }
}

/* On standard error, whatever the form of the report, and with --quiet. */
static void warn_left_out(const struct rdsca_job *job,
                          const struct rdsca_parcel *parcel,
                          const struct rdsca_vetted *vetted)
{
    char sha256[RDS_SHA256_TEXT], cn[RDS_QUOTE_MAX];

    for (size_t i = 0; i < vetted->note_count; i++) {
        const struct rdsca_note *note = &vetted->notes[i];

        if (note->kind == RDSCA_NOTE_LEFT_OUT)
            rdsca_complain(job->command,
                           "%s: left out '%s', SHA-256 %s: this version does "
                           "not know what it is, so nothing trusts it; look "
                           "for a newer version",
                           parcel->name.file,
                           rds_quote(cn, note->cn, strlen(note->cn)),
                           rds_sha256_write(sha256, note->sha256));
    }
}

static void report(const struct rdsca_job *job,
                   const struct rdsca_parcel *parcel, const char *result,
                   const struct rdsca_vetted *vetted)
{
    warn_left_out(job, parcel, vetted);
    if (job->report != NULL)
        report_json(job, parcel, result, vetted);
    else
        report_text(job, parcel, result, vetted);
}

void rdsca_report_failure(const struct rdsca_job *job, const char *file,
                          const struct rds_error *err)
{
    rdsca_complain(job->command, "%s", err->text);
    if (job->report != NULL)
        rdsca_json_append(job->report,
                          json_pack("{s:s, s:s, s:s}", "file", file, "result",
                                    "failed", "error", err->text));
}

void rdsca_start_report(struct rdsca_job *job, json_t **report)
{
    *report = json_array();
    job->report = report;
}

enum rdsca_exit rdsca_print_report(struct rdsca_job *job,
                                   enum rdsca_exit outcome)
{
    json_t *whole;

    if (job->report == NULL)
        return rdsca_worse(outcome, rdsca_finish_output(job->command));
    whole = json_pack("{s:i, s:o, s:i, s:o}", "schema", 1, "directory",
                      rdsca_json_text(job->directory), "exit", (int)outcome,
                      "bundles", *job->report);
    job->report = NULL;
    return rdsca_worse(outcome, rdsca_json_print(job->command, whole));
}

/* ---- installing -------------------------------------------------------- */

static enum rdsca_exit failed(const struct rdsca_job *job, const char *file,
                              const struct rds_error *err)
{
    rdsca_report_failure(job, file, err);
    return RDSCA_UNSAFE;
}

/* Whether the file that is there was confirmed later. */
static bool newer_there(const char *path, const struct timespec *modified)
{
    struct stat st;

    return modified->tv_nsec != UTIME_NOW && stat(path, &st) == 0 &&
           st.st_mtim.tv_sec > modified->tv_sec;
}

/* The file is as it should be already: AWS has confirmed it. */
static enum rdsca_exit keep(const struct rdsca_job *job,
                            const struct rdsca_parcel *parcel,
                            const char *path,
                            const struct rdsca_vetted *vetted)
{
    struct rds_error err;

    if (!job->check && !newer_there(path, &parcel->modified) &&
        !rdsca_redate(path, &parcel->modified, &err))
        return failed(job, parcel->name.file, &err);
    report(job, parcel, "unchanged", vetted);
    return RDSCA_FINE;
}

/* Retired files have a directory of their own. */
static bool make_room(const struct rdsca_job *job,
                      const struct rds_bundle_name *name,
                      struct rds_error *err)
{
    char path[PATH_MAX];

    return name->legacy == NULL ||
           (path_of(job, RDS_RETIRED, path) && make_directory(path, err));
}

static enum rdsca_exit put(const struct rdsca_job *job,
                           const struct rdsca_parcel *parcel,
                           const struct rdsca_vetted *vetted)
{
    char path[PATH_MAX];
    struct rds_error err;

    if (!path_of(job, parcel->name.file, path)) {
        (void)rds_fail(&err, RDS_R_BAD_BUNDLE, "%s: the path is too long",
                       parcel->name.file);
        return failed(job, parcel->name.file, &err);
    }
    if (rdsca_installed_holds(job->directory, &parcel->name, vetted->pem,
                              vetted->pem_size))
        return keep(job, parcel, path, vetted);
    if (newer_there(path, &parcel->modified)) {
        (void)rds_fail(&err, RDS_R_BAD_BUNDLE,
                       "%s: the installed bundle was confirmed later than "
                       "this one; to install it all the same, touch it first",
                       parcel->name.file);
        return failed(job, parcel->name.file, &err);
    }
    if (job->check) {
        report(job, parcel, "would change", vetted);
        return RDSCA_FINDING;
    }
    if (!make_room(job, &parcel->name, &err) ||
        !rdsca_replace_dated(path, vetted->pem, vetted->pem_size,
                             &parcel->modified, &err))
        return failed(job, parcel->name.file, &err);
    report(job, parcel, "installed", vetted);
    return RDSCA_FINE;
}

/* A bundle that no process would read must not be called installed. */
static bool directory_refused(const struct rds_view *view,
                              const struct rds_bundle_name *name,
                              struct rds_error *err)
{
    if (name->legacy != NULL && view->retired_refusal != NULL) {
        (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%s", view->retired_refusal);
        return true;
    }
    for (size_t i = 0; i < view->refusal_count; i++) {
        if (view->refusals[i].partition == RDS_PARTITIONS) {
            (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%s",
                           view->refusals[i].text);
            return true;
        }
    }
    return false;
}

/* What --check found good, for the intermediates of later files. */
static void keep_checked(const struct rdsca_job *job,
                         const struct rds_bundle_name *name,
                         const struct rdsca_vetted *vetted)
{
    struct rds_error ignored;

    if (job->check && job->checked != NULL && name->legacy != NULL)
        job->checked[name->legacy - rds_legacy_files] = rds_bundle_parse(
            rds_libcrypto_linked(), name, true, 0, vetted->pem,
            vetted->pem_size, NULL, NULL, &ignored);
}

enum rdsca_exit rdsca_install(const struct rdsca_job *job,
                              const struct rdsca_parcel *parcel, bool *whole)
{
    struct rdsca_candidate candidate = {
        .name = parcel->name,
        .bytes = parcel->bytes,
        .size = parcel->size,
        .from_aws = parcel->from_aws,
        .accept_new = job->accept_new,
        .checked = job->checked,
        .now = (int64_t)time(NULL),
    };
    enum rdsca_exit outcome;
    struct rdsca_vetted vetted;
    struct rdsca_trust trust;
    struct rds_error err;

    *whole = false;
    if (!rdsca_trust_open(&trust, job->command, job->directory))
        return RDSCA_UNSAFE;
    candidate.view = trust.view;
    if (directory_refused(trust.view, &parcel->name, &err)) {
        rdsca_trust_close(&trust);
        return failed(job, parcel->name.file, &err);
    }
    if (rdsca_vet(&candidate, &vetted, &err)) {
        keep_checked(job, &parcel->name, &vetted);
        outcome = put(job, parcel, &vetted);
        *whole = vetted.left_out == 0;
    } else {
        outcome = failed(job, parcel->name.file, &err);
    }
    rdsca_vetted_clear(&vetted);
    rdsca_trust_close(&trust);
    return outcome;
}

enum rdsca_exit rdsca_confirm(const struct rdsca_job *job,
                              const struct rds_bundle_name *name)
{
    struct timespec now = {.tv_nsec = UTIME_NOW};
    char path[PATH_MAX];
    struct rds_error err;

    if (!path_of(job, name->file, path)) {
        (void)rds_fail(&err, RDS_R_BAD_BUNDLE, "%s: the path is too long",
                       name->file);
        return failed(job, name->file, &err);
    }
    if (!job->check && !rdsca_redate(path, &now, &err))
        return failed(job, name->file, &err);
    if (job->report != NULL)
        rdsca_json_append(job->report,
                          json_pack("{s:s, s:s}", "file", name->file, "result",
                                    "unchanged"));
    else if (!job->quiet)
        (void)printf("%s: unchanged, confirmed by the server\n", name->file);
    return RDSCA_FINE;
}
