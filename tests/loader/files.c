/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, folders and child processes of the tests.
 */

#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests.h"

static char root[PATH_SIZE / 2];
static char module[PATH_MAX];

bool check_row(bool good, const char *file, int line, const char *format, ...)
{
    char text[ERROR_SIZE];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    for (char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?'; /* the tests use odd bytes; terminals should not */
    }
    return CU_assertImplementation(good, (unsigned)line, text, file, "",
                                   CU_FALSE) == CU_TRUE;
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

bool temp_start(void)
{
    const char *where = getenv("TMPDIR"), *from = getenv("RDS_MODULE");

    (void)snprintf(root, sizeof(root), "%s/rds-loader.XXXXXX",
                   where != NULL && where[0] == '/' ? where : "/tmp");
    if (realpath(from != NULL ? from : "build/rds.so", module) == NULL) {
        perror(from != NULL ? from : "build/rds.so");
        root[0] = '\0';
        return false;
    }
    if (mkdtemp(root) != NULL)
        return true;
    perror(root);
    root[0] = '\0';
    return false;
}

void temp_end(void)
{
    if (root[0] != '\0')
        (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *module_path(void)
{
    return module;
}

const char *temp_path(char out[PATH_SIZE], const char *name)
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", root, name);
    return out;
}

const char *temp_folder(char out[PATH_SIZE], const char *name)
{
    (void)temp_path(out, name);
    (void)nftw(out, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    CHECK(mkdir(out, 0755) == 0, "a new folder %s", name);
    return out;
}

bool write_file(const char *folder, const char *name, const void *bytes,
                size_t size)
{
    char path[PATH_SIZE * 2];
    bool good;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL)
        return false;
    good = size == 0 || fwrite(bytes, size, 1, file) == 1;
    return fclose(file) == 0 && good;
}

void remove_file(const char *folder, const char *name)
{
    char path[PATH_SIZE * 2];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool in_child(bool (*body)(void *arg), void *arg, unsigned seconds)
{
    pid_t child = fork();
    int status = 0;

    if (child < 0)
        return false;
    if (child == 0) {
        (void)alarm(seconds);
        (void)(body(arg) ? execlp("true", "true", (char *)NULL)
                         : execlp("false", "false", (char *)NULL));
        _exit(1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
