/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_COMMAND_H
#define RDSCA_COMMAND_H

/*
 * What the subcommands of rdsca share: exit codes, messages, settings, and
 * the trust store as the module would see it.
 *
 * A subcommand is a function that takes its own arguments, argv[0] being its
 * name.  It writes results to standard output and one line for each error to
 * standard error, and writes nothing else where it fails.
 */

#include <stdio.h>

#include "rds/truststore.h"

/* Exit codes. */
enum rdsca_exit {
    RDSCA_FINE = 0,
    RDSCA_FINDING = 1, /* would change, expiring, bad verdict */
    RDSCA_USAGE = 2,
    RDSCA_RETRY = 3,  /* unreachable, try again */
    RDSCA_UNSAFE = 4, /* refused */
};

struct rdsca_command {
    const char *name;
    const char *summary; /* one line, for `rdsca --help` */
    const char *help;    /* the whole text of `rdsca NAME --help` */
    enum rdsca_exit (*run)(int argc, char **argv);
};

/* NULL where there is none of that name. */
const struct rdsca_command *rdsca_command_find(const char *name);

/* "rdsca NAME: text" on standard error. */
void rdsca_complain(const char *name, const char *format, ...)
    RDS_PRINTF(2, 3);

/* The same, and where to read more; returns RDSCA_USAGE. */
enum rdsca_exit rdsca_misuse(const char *name, const char *format, ...)
    RDS_PRINTF(2, 3);

/* Prints the help of a command to standard output. */
enum rdsca_exit rdsca_help(const char *name);

/*
 * Ends standard output: RDSCA_FINE, or RDSCA_UNSAFE with a complaint where
 * not all of it could be written (a full disk, a closed pipe).
 */
enum rdsca_exit rdsca_finish_output(const char *name);

/* The worse of two outcomes, for a command that does several things. */
enum rdsca_exit rdsca_worse(enum rdsca_exit a, enum rdsca_exit b);

/* ---- settings ---------------------------------------------------------- */

/*
 * The values of the provider's section in the OpenSSL configuration in force
 * (OPENSSL_CONF, else the default file): of the first section in the list of
 * providers that loads rds.so, with a `module` line of that name, or with none
 * and the name rds.
 */
struct rdsca_settings {
    char *file;    /* the configuration file that was looked at, or NULL */
    char *section; /* the provider's section, or NULL: not configured */
    char *module;  /* its values; NULL where there is none */
    char *bundles;
    char *distrust;
    char *trust;
};

/* A file that cannot be read or understood leaves everything NULL. */
void rdsca_settings_read(struct rdsca_settings *out);
void rdsca_settings_clear(struct rdsca_settings *settings);

/* The bundle directory: that of the settings, else the default one. */
const char *rdsca_settings_directory(const struct rdsca_settings *settings);

/* ---- the trust store --------------------------------------------------- */

/*
 * The trust store of a directory (NULL: that of the settings in force, else
 * the default one), with the settings' distrust.  Refused files are
 * complained about in the name of the command.  NULL, with a complaint, where
 * it cannot be had.
 */
struct rdsca_trust {
    struct rds_truststore *store;
    const struct rds_snapshot *snapshot;
    const struct rds_view *view;
    char directory[4096];
};

RDS_MUST_CHECK bool rdsca_trust_open(struct rdsca_trust *out, const char *name,
                                     const char *directory);
void rdsca_trust_close(struct rdsca_trust *trust);

/* The same, with nothing on standard error. */
RDS_MUST_CHECK bool rdsca_trust_load(struct rdsca_trust *out,
                                     const char *directory,
                                     rds_report_fn *report, void *arg,
                                     struct rds_error *err);

/*
 * Reads a URI and selects from the trust store as of now; complains where
 * that fails.  `text` NULL means "rds://all".  Clear the selection with
 * rds_selection_clear().
 */
RDS_MUST_CHECK bool rdsca_select(const struct rdsca_trust *trust,
                                 const char *name, const char *text,
                                 struct rds_selection *out);

/* ---- the subcommands --------------------------------------------------- */

enum rdsca_exit rdsca_list(int argc, char **argv);
enum rdsca_exit rdsca_timeline(int argc, char **argv);
enum rdsca_exit rdsca_export(int argc, char **argv);
enum rdsca_exit rdsca_probe(int argc, char **argv);
enum rdsca_exit rdsca_import(int argc, char **argv);
enum rdsca_exit rdsca_update(int argc, char **argv);
enum rdsca_exit rdsca_enable(int argc, char **argv);
enum rdsca_exit rdsca_disable(int argc, char **argv);
enum rdsca_exit rdsca_run(int argc, char **argv);
enum rdsca_exit rdsca_doctor(int argc, char **argv);

extern const char rdsca_list_help[];
extern const char rdsca_timeline_help[];
extern const char rdsca_export_help[];
extern const char rdsca_probe_help[];
extern const char rdsca_import_help[];
extern const char rdsca_update_help[];
extern const char rdsca_enable_help[];
extern const char rdsca_disable_help[];
extern const char rdsca_run_help[];
extern const char rdsca_doctor_help[];

#endif
