/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the bundle directory.  Refuses what the module refuses.
 */

#include "installed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rds/directory.h"

bool rdsca_installed_read(const char *directory,
                          const struct rds_bundle_name *name, void **bytes,
                          size_t *size)
{
    struct rds_identity folder, file;
    struct rds_error ignored;
    bool absent, good;
    int fd = rds_directory_open(directory, &folder, &absent, &ignored);

    if (fd < 0)
        return false;
    good = rds_directory_read(fd, name->file, &folder, &file, bytes, size,
                              &ignored);
    (void)close(fd);
    return good;
}

bool rdsca_installed_holds(const char *directory,
                           const struct rds_bundle_name *name,
                           const void *bytes, size_t size)
{
    void *found = NULL;
    size_t found_size = 0;
    bool same = rdsca_installed_read(directory, name, &found, &found_size) &&
                found_size == size && memcmp(found, bytes, size) == 0;

    free(found);
    return same;
}
