/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_INSTALLED_H
#define RDSCA_INSTALLED_H

/*
 * What stands in the bundle directory, as the module sees it: a file that the
 * module would refuse counts as none.  So it is fetched and written anew, and
 * never called unchanged.
 */

#include "rds/bundle.h"

/* Reads an installed bundle.  *bytes is malloc'ed. */
RDS_MUST_CHECK bool rdsca_installed_read(const char *directory,
                                         const struct rds_bundle_name *name,
                                         void **bytes, size_t *size);

/* Whether the installed bundle holds exactly these bytes. */
bool rdsca_installed_holds(const char *directory,
                           const struct rds_bundle_name *name,
                           const void *bytes, size_t size);

#endif
