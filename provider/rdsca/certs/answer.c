/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a URI.  Refuses directories that are not there.
 */

#include "answer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The trust store takes absolute directories only. */
static char *find_directory(const char *name, const char *directory)
{
    char *path = realpath(directory, NULL), quoted[RDS_QUOTE_MAX];
    struct stat st;

    if (path != NULL && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        free(path);
        path = NULL;
    }
    if (path == NULL)
        rdsca_complain(name, "--directory '%s': %s",
                       rds_quote(quoted, directory, strlen(directory)),
                       strerror(errno));
    return path;
}

enum rdsca_exit rdsca_answer_open(struct rdsca_answer *out, const char *name,
                                  const char *uri, const char *directory)
{
    char *path = NULL;
    bool opened;

    memset(out, 0, sizeof(*out));
    out->uri = uri != NULL ? uri : "rds://all";
    out->now = (int64_t)time(NULL);
    if (directory != NULL) {
        path = find_directory(name, directory);
        if (path == NULL)
            return RDSCA_USAGE;
    }
    opened = rdsca_trust_open(&out->trust, name, path);
    free(path);
    if (!opened)
        return RDSCA_USAGE;
    if (rdsca_select(&out->trust, name, out->uri, &out->selection))
        return RDSCA_FINE;
    rdsca_trust_close(&out->trust);
    return RDSCA_USAGE;
}

void rdsca_answer_close(struct rdsca_answer *answer)
{
    rds_selection_clear(&answer->selection);
    rdsca_trust_close(&answer->trust);
}

const struct rds_entry *rdsca_answer_entry(const struct rdsca_answer *answer,
                                           size_t i)
{
    return &answer->trust.view->entries[answer->selection.index[i]];
}
