/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_CHECK_H
#define RDSCA_CHECK_H

/*
 * The checks of `rdsca doctor`.
 *
 * Each runs in a process of its own (subprocess.c), which may crash or
 * hang, load a module and a configuration, and ends afterwards.  So checks
 * share nothing but this struct, and the process that prints has loaded
 * nothing.  Nothing is written to disk.
 *
 * One fault gives one problem.  A check that finds what makes later ones
 * senseless returns false, and those are left out.
 */

#include "../openssl/conf.h"
#include "report.h"
#include "rds/region.h"

struct rdsca_doctor {
    FILE *to;          /* where findings go; set in the check's process */
    const char *conf;  /* the file of --conf, or NULL */
    const char *debug; /* what RDS_PROVIDER_DEBUG was, or NULL; it is unset */
    void *arg;         /* for checks of other commands than doctor */
};

typedef bool rdsca_check_fn(const struct rdsca_doctor *doctor);

rdsca_check_fn rdsca_check_openssl;     /* check_environment.c */
rdsca_check_fn rdsca_check_environment; /* check_environment.c */
rdsca_check_fn rdsca_check_file;        /* check_file.c */
rdsca_check_fn rdsca_check_owners;      /* check_file.c */
rdsca_check_fn rdsca_check_sections;    /* check_sections.c */
rdsca_check_fn rdsca_check_values;      /* check_values.c */
rdsca_check_fn rdsca_check_module;      /* check_module.c */
rdsca_check_fn rdsca_check_process;     /* check_process.c */
rdsca_check_fn rdsca_check_directory;   /* check_directory.c */
rdsca_check_fn rdsca_check_anchors;     /* check_anchors.c */

/*
 * Runs one check in a child process, at most so many seconds, and appends
 * what it found to `findings`, in the name `check`.  A child that crashes,
 * hangs, or says what cannot be understood is a problem.  Returns what the
 * check returned; false where it came to no end.
 */
bool rdsca_doctor_child(const char *check, rdsca_check_fn *run,
                        const struct rdsca_doctor *doctor, long seconds,
                        json_t *findings);

/*
 * Loads a configuration into this process, the child of a check.  False, with
 * a finding, where OpenSSL gives up on the way; what is missing then needs no
 * telling.
 */
bool rdsca_configuration_load(FILE *to, const char *file);

/* The errors in OpenSSL's queue in one line, the first one first; clears it.
 */
const char *rdsca_openssl_errors(char out[RDS_ERROR_TEXT]);

/* ---- mends that several checks give (fixes.c) ------------------------- */

/*
 * The absolute path at which rds.so is, or should be: in the directory of
 * modules of this libcrypto, or else beside the command.  To be freed; NULL
 * where memory fails.
 */
char *rdsca_module_at_hand(void);

/* The command, or else the lines, that make the configuration load the module.
 */
void rdsca_mend_activation(FILE *to, const struct rdsca_cnf *cnf);

/*
 * The command that fetches a bundle anew into the directory: the region's, or
 * where that is "" the partition's.
 */
void rdsca_mend_update(const struct rdsca_doctor *doctor,
                       const char *directory, const char *region,
                       enum rds_partition partition);

#endif
