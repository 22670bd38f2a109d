/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_STRAY_FILES_H
#define RDSCA_STRAY_FILES_H

/*
 * The bundle directory, as its check sees it.
 */

#include <limits.h>

#include "check.h"
#include "rds/directory.h"

struct rdsca_directory {
    const struct rdsca_doctor *doctor;
    FILE *to;
    const char *path;
    char quoted[RDS_QUOTE_MAX]; /* the path, for texts */
    int fd;
    struct rds_identity identity;
    int64_t now;
};

/* Writes the path of a file in it; false where that is too long. */
RDS_MUST_CHECK bool rdsca_directory_join(const struct rdsca_directory *at,
                                         const char *file,
                                         char path[PATH_MAX]);

/* A command on a file in it mends the finding before. */
void rdsca_directory_mend(const struct rdsca_directory *at,
                          const char *command, const char *file);

/* Notes on what lies there and is not read. */
void rdsca_directory_strays(const struct rdsca_directory *at);

#endif
