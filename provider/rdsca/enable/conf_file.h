/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_CONF_FILE_H
#define RDSCA_CONF_FILE_H

/*
 * Where `rdsca enable` writes for the whole system: a file of its own in a
 * directory that openssl.cnf includes, as Fedora's has one; else a marked
 * block at the end of openssl.cnf itself.
 *
 * openssl.cnf is the default file of this libcrypto, or another that was
 * named; never what OPENSSL_CONF says, which other processes do not see.  A
 * symbolic link is followed, and stays.
 */

#include <limits.h>

#include "../openssl/conf.h"
#include "block.h"

#define RDSCA_DROPIN "rdsca.cnf"     /* in the directory that is included */
#define RDSCA_BACKUP ".rdsca-backup" /* behind the name of openssl.cnf */

struct rdsca_place {
    char file[PATH_MAX];      /* openssl.cnf, without symbolic links */
    char directory[PATH_MAX]; /* that it is in */
    char backup[PATH_MAX];    /* of openssl.cnf, where a block is in it */
    char dropin[PATH_MAX];    /* of ours; "": there is no directory for it */
    char dropins[PATH_MAX];   /* that directory */
    bool exists;              /* openssl.cnf is there */
    struct rdsca_text text;   /* what is in it */
    enum rdsca_marks marks;
    bool dropped_in;      /* our drop-in is there */
    struct rdsca_cnf cnf; /* as OpenSSL reads the file now */
    int lock;
};

/*
 * Finds it (`conf` NULL: the default file), takes the lock where `writing`,
 * and reads what is there.  Always to be cleared.  Fails where the file cannot
 * be read, and where its marks are damaged.
 */
RDS_MUST_CHECK bool rdsca_place_open(struct rdsca_place *out, const char *conf,
                                     bool writing, struct rds_error *err);
void rdsca_place_clear(struct rdsca_place *place);

/* Fills `cnf`.  Fails where OpenSSL does not understand the file. */
RDS_MUST_CHECK bool rdsca_place_understand(struct rdsca_place *place,
                                           struct rds_error *err);

/* Whether rdsca's own lines are there. */
bool rdsca_place_on(const struct rdsca_place *place);

/* The first line of a file that is all ours. */
#define RDSCA_OWN_FILE                                                        \
    "# Written by 'rdsca enable'; 'rdsca disable' removes this file.\n"

/* *ours: it is there, and begins with that.  Fails where it is another's. */
RDS_MUST_CHECK bool rdsca_own_file(const char *path, bool *ours,
                                   struct rds_error *err);

/* "'PATH': WHY"; returns false. */
bool rdsca_fail_at(struct rds_error *err, const char *path, const char *why);

/*
 * What openssl.cnf would say with a drop-in of these lines: the text with them
 * behind the line that includes the directory.
 */
RDS_MUST_CHECK bool rdsca_place_dropped(const struct rdsca_place *place,
                                        const char *lines,
                                        struct rdsca_text *out);

#endif
