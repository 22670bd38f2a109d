/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_ENABLE_H
#define RDSCA_ENABLE_H

/*
 * What `rdsca enable`, `disable` and `run` share.
 *
 * Turning on is a transaction: what is to be written is made in memory, tried
 * in processes of its own (trial.h), written whole (replace.h), tried again
 * from where it is, and taken back where that fails.  Who is killed meanwhile
 * leaves the old file or the new one, which was tried.
 */

#include "../openssl/activation.h"
#include "../cli/command.h"
#include "conf_file.h"
#include "trial.h"

#define RDSCA_UNIT_MAX 200 /* bytes of a unit's name, NUL included */

struct rdsca_enable {
    const char *conf;     /* the file of --conf, or NULL */
    const char *trust;    /* the URI of --trust, or NULL */
    bool print;           /* show it, write nothing */
    const char *variable; /* what OPENSSL_CONF was, or NULL */
    /* Of --unit, without .service; "": the whole system. */
    char unit[RDSCA_UNIT_MAX];
};

/*
 * Reads the options of enable or disable, as many of them as `longs` has.
 * False after a complaint.
 */
struct option;
RDS_MUST_CHECK bool rdsca_enable_options(const char *name, int argc,
                                         char **argv,
                                         const struct option *longs,
                                         struct rdsca_enable *out);

/*
 * Makes this process one that can try configurations: its libcrypto loads
 * none, and OPENSSL_CONF names none.  `alone`: nor does any other variable of
 * the caller's change what is tried.  Returns what OPENSSL_CONF was, to be
 * freed; NULL where it was not set.
 */
char *rdsca_enable_prepare(bool alone);

/* A URI that rds-trust takes, and that can stand in a file.  Pure. */
RDS_MUST_CHECK bool rdsca_enable_trust(const char *trust,
                                       struct rds_error *err);

/* Whether two values of rds-trust are the same; NULL is none.  Pure. */
bool rdsca_enable_same(const char *there, const char *wanted);

/* The module's path, to be freed; NULL where it is not there. */
char *rdsca_enable_module(struct rds_error *err);

/* What a person should know who turned it on, on standard error. */
void rdsca_enable_note(const struct rdsca_enable *options);

/*
 * What processes have with a file (NULL: none) before any change.  `own`: it
 * is this process's own matter whose file that is; else nothing is loaded that
 * others than root and the user could have written.
 */
RDS_MUST_CHECK bool rdsca_enable_before(struct rdsca_trial *trial,
                                        const char *file, bool own,
                                        struct rdsca_facts *out,
                                        struct rds_error *err);

/* Tries `text` in place of a configuration with which processes had `before`.
 */
RDS_MUST_CHECK bool rdsca_enable_try(struct rdsca_trial *trial,
                                     const struct rdsca_facts *before,
                                     const struct rdsca_text *text,
                                     struct rds_error *err);

/* The same of a file that is where processes read it. */
RDS_MUST_CHECK bool rdsca_enable_confirm(struct rdsca_trial *trial,
                                         const struct rdsca_facts *before,
                                         const char *file,
                                         struct rds_error *err);

/* One unit of systemd (unit.c). */
enum rdsca_exit rdsca_enable_unit(const struct rdsca_enable *options);
enum rdsca_exit rdsca_disable_unit(const struct rdsca_enable *options);

/* Reads a unit's name; false after a complaint of the command. */
RDS_MUST_CHECK bool rdsca_unit_name(const char *command, const char *name,
                                    char out[RDSCA_UNIT_MAX]);

#endif
