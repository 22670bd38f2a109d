/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses.  Refuses to wait longer than it was told.
 */

#include "resolve.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Shared by two threads; whoever is the last to leave frees it. */
struct request {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;      /* under the lock, like what follows */
    bool abandoned; /* nobody waits any more */
    int code;       /* of getaddrinfo() */
    struct addrinfo *found;
    char host[];
};

int64_t rdsca_clock(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void free_request(struct request *request)
{
    if (request->found != NULL)
        freeaddrinfo(request->found);
    (void)pthread_cond_destroy(&request->changed);
    (void)pthread_mutex_destroy(&request->lock);
    free(request);
}

static struct request *new_request(const char *host)
{
    size_t size = strlen(host) + 1;
    struct request *request = calloc(1, sizeof(*request) + size);
    pthread_condattr_t attributes;

    if (request == NULL)
        return NULL;
    memcpy(request->host, host, size);
    (void)pthread_mutex_init(&request->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&request->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return request;
}

static int look_up(const char *host, int flags, struct addrinfo **found)
{
    struct addrinfo hints = {
        .ai_flags = flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    *found = NULL;
    return getaddrinfo(host, NULL, &hints, found);
}

static void *work(void *arg)
{
    struct request *request = arg;
    struct addrinfo *found;
    int code = look_up(request->host, 0, &found);
    bool last;

    (void)pthread_mutex_lock(&request->lock);
    request->code = code;
    request->found = found;
    request->done = true;
    last = request->abandoned;
    (void)pthread_cond_signal(&request->changed);
    (void)pthread_mutex_unlock(&request->lock);
    if (last)
        free_request(request);
    return NULL;
}

static bool start_work(struct request *request)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool good;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    good = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) ==
               0 &&
           pthread_create(&thread, &attributes, work, request) == 0;
    (void)pthread_attr_destroy(&attributes);
    return good;
}

/* Waits for the answer; false, and the request is not ours any more, where
 * it does not come in time. */
static bool wait_for(struct request *request, int64_t deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / 1000),
                             .tv_nsec = (long)(deadline % 1000) * 1000000};
    int code = 0;
    bool done;

    (void)pthread_mutex_lock(&request->lock);
    while (!request->done && code != ETIMEDOUT)
        code =
            pthread_cond_timedwait(&request->changed, &request->lock, &until);
    done = request->done;
    request->abandoned = !done;
    (void)pthread_mutex_unlock(&request->lock);
    return done;
}

static struct addrinfo *finish(const char *host, int code,
                               struct addrinfo *found, struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX];

    if (code == 0 && found != NULL)
        return found;
    (void)rds_fail(err, RDS_R_TRANSIENT, "cannot resolve '%s': %s",
                   rds_quote(quoted, host, strlen(host)), gai_strerror(code));
    return NULL;
}

struct addrinfo *rdsca_resolve(const char *host, bool address,
                               int64_t deadline, struct rds_error *err)
{
    struct addrinfo *found = NULL;
    struct request *request;
    char quoted[RDS_QUOTE_MAX];
    int code;

    if (address) {
        code = look_up(host, AI_NUMERICHOST, &found);
        return finish(host, code, found, err);
    }
    request = new_request(host);
    if (request == NULL || !start_work(request)) {
        if (request != NULL)
            free_request(request);
        (void)rds_fail(err, RDS_R_NO_MEMORY, "cannot start a thread");
        return NULL;
    }
    if (!wait_for(request, deadline)) {
        (void)rds_fail(err, RDS_R_TRANSIENT,
                       "cannot resolve '%s': the name servers take too long",
                       rds_quote(quoted, host, strlen(host)));
        return NULL;
    }
    found = request->found;
    request->found = NULL;
    code = request->code;
    free_request(request);
    return finish(host, code, found, err);
}
