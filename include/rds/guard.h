/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_GUARD_H
#define RDS_GUARD_H

/*
 * One lock for everything that threads share: counters of users, and the
 * pointers to what is current.
 *
 * It is held for a few instructions only, never during a call into libcrypto,
 * the core or the file system, and never twice by a thread.  fork() takes it,
 * so that a child never finds it held by a thread that it does not have.
 */

#include "rds/error.h"

/* To be called once before the first use, in any thread; more do no harm. */
void rds_guard_start(void);

void rds_guard_lock(void);
void rds_guard_unlock(void);

/*
 * Counts one user more of what is shared, or one less; the last to leave,
 * true, frees it.
 */
void rds_guard_share(unsigned *users);
RDS_MUST_CHECK bool rds_guard_leave(unsigned *users);

#endif
