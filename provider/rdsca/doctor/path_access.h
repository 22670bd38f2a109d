/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_PATH_ACCESS_H
#define RDSCA_PATH_ACCESS_H

/*
 * Who may read and who may change what is at a path, and findings about it.
 */

#include <stdio.h>
#include <sys/stat.h>

#include "report.h"

enum rdsca_path_kind {
    RDSCA_PATH_FILE,
    RDSCA_PATH_MODULE,
    RDSCA_PATH_DIRECTORY
};

/* Says why a path could not be opened (EACCES or EPERM). */
void rdsca_path_denied(FILE *to, const char *path, enum rdsca_path_kind kind);

/*
 * Says who else than root and the user of this process could change what is
 * at the path, or put something else in its place.  False where that is the
 * file itself: a problem, and reason enough not to load it.  The owner of a
 * directory of bundles, and the directories above, are notes.
 */
bool rdsca_path_writers(FILE *to, const char *path, const struct stat *st);

/* Notes that processes of other users may not read a file of root's. */
void rdsca_path_readers(FILE *to, const char *path, const struct stat *st);

#endif
