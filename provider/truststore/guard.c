/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one lock.  Refuses to be inherited locked.
 */

#include "rds/guard.h"

#include <pthread.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;

void rds_guard_lock(void)
{
    (void)pthread_mutex_lock(&guard);
}

void rds_guard_unlock(void)
{
    (void)pthread_mutex_unlock(&guard);
}

void rds_guard_share(unsigned *users)
{
    rds_guard_lock();
    ++*users;
    rds_guard_unlock();
}

bool rds_guard_leave(unsigned *users)
{
    bool last;

    rds_guard_lock();
    last = --*users == 0;
    rds_guard_unlock();
    return last;
}

static void watch_fork(void)
{
    (void)pthread_atfork(rds_guard_lock, rds_guard_unlock, rds_guard_unlock);
}

void rds_guard_start(void)
{
    (void)pthread_once(&start_once, watch_fork);
}
