/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_INSTALL_H
#define RDSCA_INSTALL_H

/*
 * Installing a bundle that was judged, and saying what that did.  Used by
 * update and import.
 */

#include <jansson.h>
#include <time.h>

#include "../cli/command.h"
#include "validate.h"

/* What the options of a command say of all its bundles. */
struct rdsca_job {
    const char *command;
    const char *directory; /* the bundle directory */
    bool accept_new;
    bool check; /* change nothing, say what would change */
    bool quiet;
    /* The results as a JSON array, NULL once memory failed for one: none is
     * printed then.  Or NULL: lines of text. */
    json_t **report;
    /* With `check` nothing is written, so what would be at hand for the
     * intermediates of later files stands here: retired files that were found
     * good.  By their places in rds_legacy_files; NULL: not kept. */
    struct rds_bundle **checked;
};

struct rdsca_parcel {
    struct rds_bundle_name name;
    const void *bytes;
    size_t size;
    const char *source; /* where it came from, for the report */
    bool from_aws;
    struct timespec modified; /* when AWS confirmed it */
};

/*
 * Vets and installs one bundle.  RDSCA_FINE: installed, or the same as
 * before (its date is then set anew); RDSCA_FINDING: --check, it would
 * change; RDSCA_UNSAFE: refused, the old file is untouched.  *whole: nothing
 * was left out because its name is unknown (vet.h).
 */
enum rdsca_exit rdsca_install(const struct rdsca_job *job,
                              const struct rdsca_parcel *parcel, bool *whole);

/* AWS confirms the file that is there: its date becomes now. */
enum rdsca_exit rdsca_confirm(const struct rdsca_job *job,
                              const struct rds_bundle_name *name);

/* Makes the directory where it is missing, mode 0755; locks it for writers. */
int rdsca_job_lock(const struct rdsca_job *job);

/* Reports that a bundle failed, in the form that the job wants. */
void rdsca_report_failure(const struct rdsca_job *job, const char *file,
                          const struct rds_error *err);

/* Begins the report of a job that is to have one. */
void rdsca_start_report(struct rdsca_job *job, json_t **report);

/* Prints job->report as the value of a JSON object, and frees it. */
enum rdsca_exit rdsca_print_report(struct rdsca_job *job,
                                   enum rdsca_exit outcome);

#endif
