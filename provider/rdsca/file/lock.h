/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_LOCK_H
#define RDSCA_LOCK_H

/*
 * One writer at a time in a directory of bundles.
 */

#include "rds/error.h"

/*
 * Locks a directory for writers until the descriptor is closed: an exclusive
 * flock() on the directory itself.  Waits, but not for ever.  -1 on failure.
 */
int rdsca_lock(const char *directory, struct rds_error *err);

/*
 * Removes what killed writers left in a directory.  Only under its lock: what
 * a writer at work has there looks the same.
 */
void rdsca_sweep(const char *directory);

/* The same, of those who wrote this file of it, for directories of others. */
void rdsca_sweep_file(const char *directory, const char *file);

#endif
