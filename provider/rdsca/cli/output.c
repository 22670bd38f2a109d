/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving a result to where -o says.  Refuses to replace a device or a pipe by
 * a file.
 */

#include "output.h"

#include <string.h>
#include <sys/stat.h>

#include "../file/replace.h"

/* A rename would turn /dev/null or /dev/stdout, which is a link, into a file.
 */
static bool replaceable(const char *name, const char *path)
{
    char quoted[RDS_QUOTE_MAX];
    struct stat st;

    if (lstat(path, &st) != 0 || S_ISREG(st.st_mode))
        return true;
    rdsca_complain(name,
                   "%s: is %s, not a regular file; '-' is standard output",
                   rds_quote(quoted, path, strlen(path)),
                   S_ISLNK(st.st_mode)   ? "a symbolic link"
                   : S_ISDIR(st.st_mode) ? "a directory"
                                         : "a device or a pipe");
    return false;
}

static enum rdsca_exit deliver_to_stdout(const char *name, const void *bytes,
                                         size_t size)
{
    /* What is lacking is found out and told by rdsca_finish_output(). */
    (void)fwrite(bytes, 1, size, stdout);
    return rdsca_finish_output(name);
}

enum rdsca_exit rdsca_deliver(const char *name, const char *path,
                              const void *bytes, size_t size, const char *what)
{
    char quoted[RDS_QUOTE_MAX];
    struct rds_error err;
    bool held;

    if (path == NULL || strcmp(path, "-") == 0)
        return deliver_to_stdout(name, bytes, size);
    if (path[0] == '\0')
        return rdsca_misuse(name, "--output '': an empty name");
    if (!replaceable(name, path))
        return RDSCA_UNSAFE;
    held = rdsca_holds(path, bytes, size);
    if (!held && !rdsca_replace(path, bytes, size, &err)) {
        rdsca_complain(name, "%s", err.text);
        return RDSCA_UNSAFE;
    }
    (void)printf("%s: %s, %s\n", rds_quote(quoted, path, strlen(path)), what,
                 held ? "unchanged" : "written");
    return rdsca_finish_output(name);
}
