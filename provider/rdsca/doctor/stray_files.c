/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the bundle directory and is not read.  Refuses to call a file
 * left behind while an update may still be at work on it.
 */

#include "stray_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEFTOVER_AGE (60 * 60) /* seconds; no update takes as long */
#define STRAYS_MAX 16          /* files that are told of */

bool rdsca_directory_join(const struct rdsca_directory *at, const char *file,
                          char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", at->path, file) < PATH_MAX;
}

void rdsca_directory_mend(const struct rdsca_directory *at,
                          const char *command, const char *file)
{
    char path[PATH_MAX], word[RDSCA_WORD_MAX];

    if (rdsca_directory_join(at, file, path))
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "%s %s", command,
                   rdsca_word(word, path));
}

/* "us-west-2-bundle.pem.Ab3xYz", or an ETag's, as mkstemp() names them. */
static bool is_leftover(const char *file)
{
    char stem[RDS_FILE_NAME_MAX + 8];
    struct rds_bundle_name name;
    const char *dot = strrchr(file, '.');
    size_t size = dot != NULL ? (size_t)(dot - file) : 0;

    if (size == 0 || size >= sizeof(stem) || strlen(dot + 1) != 6)
        return false;
    (void)snprintf(stem, sizeof(stem), "%.*s", (int)size, file);
    if (stem[0] == '.' && size > 6 && strcmp(stem + size - 5, ".etag") == 0) {
        stem[size - 5] = '\0';
        return rds_bundle_name_read(stem + 1, &name);
    }
    return rds_bundle_name_read(stem, &name);
}

static bool is_old_leftover(const struct rdsca_directory *at, const char *file)
{
    struct stat st;

    return is_leftover(file) &&
           fstatat(at->fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           at->now - (int64_t)st.st_mtim.tv_sec > LEFTOVER_AGE;
}

static void tell_global(const struct rdsca_directory *at)
{
    char from[PATH_MAX], to[PATH_MAX], words[2][RDSCA_WORD_MAX];

    rdsca_find(at->to, RDSCA_NOTE,
               "global-bundle.pem is not read: its name does not say of which "
               "partition it is");
    if (faccessat(at->fd, "aws-global-bundle.pem", F_OK, 0) == 0)
        rdsca_directory_mend(at, "rm", "global-bundle.pem");
    else if (rdsca_directory_join(at, "global-bundle.pem", from) &&
             rdsca_directory_join(at, "aws-global-bundle.pem", to))
        rdsca_mend(at->to, RDSCA_MEND_RUN, NULL, "mv %s %s",
                   rdsca_word(words[0], from), rdsca_word(words[1], to));
}

/* Whether there was something to tell of. */
static bool judge_stray(const struct rdsca_directory *at, const char *file)
{
    size_t size = strlen(file);
    struct rds_bundle_name name;
    char quoted[RDS_QUOTE_MAX];

    if (rds_bundle_name_read(file, &name))
        return false;
    if (strcmp(file, "global-bundle.pem") == 0) {
        tell_global(at);
    } else if (is_old_leftover(at, file)) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "'%s' was left behind by an update that did not end",
                   rds_quote(quoted, file, size));
        rdsca_directory_mend(at, "rm", file);
    } else if (size > 4 && strcmp(file + size - 4, ".pem") == 0) {
        rdsca_find(at->to, RDSCA_NOTE,
                   "'%s' is not read: the name is neither REGION-bundle.pem "
                   "nor PARTITION-global-bundle.pem",
                   rds_quote(quoted, file, size));
        rdsca_mend(at->to, RDSCA_MEND_DO, NULL,
                   "give it such a name, or remove it");
    } else {
        return false;
    }
    return true;
}

void rdsca_directory_strays(const struct rdsca_directory *at)
{
    int fd = openat(at->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int found = 0;

    while (stream != NULL && found < STRAYS_MAX &&
           (entry = readdir(stream)) != NULL)
        found += judge_stray(at, entry->d_name);
    if (stream != NULL)
        (void)closedir(stream);
    else if (fd >= 0)
        (void)close(fd);
}
