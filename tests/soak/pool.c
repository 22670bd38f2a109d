/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long-lived client for the soak: one process whose threads open database
 * sessions, each with a verified TLS connection of its own.  Refuses to call a
 * session good that is not encrypted on both of its ways: to PgBouncer, and
 * from there to the server.
 *
 *     soak-pool THREADS CONNINFO
 *
 * Each line on stdin is a number of sessions to open and close.  Each is
 * answered by one line: how many were good, how many failed, and what the
 * first failure said.
 */

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define SESSIONS_MAX 1000000
#define TEXT_SIZE 512

/* What the server says of the connection that this session came by. */
#define QUERY "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

/* The sessions that one line asks for. */
struct batch {
    const char *conninfo;
    atomic_long left;
    atomic_long good;
    atomic_long failed;
    pthread_mutex_t lock;
    char first[TEXT_SIZE]; /* failure, in one line; under the lock */
};

static void note_failure(struct batch *batch, const char *what,
                         const char *why)
{
    atomic_fetch_add(&batch->failed, 1);
    (void)pthread_mutex_lock(&batch->lock);
    if (batch->first[0] == '\0') {
        (void)snprintf(batch->first, sizeof(batch->first), "%s: %s", what,
                       why);
        for (char *c = batch->first; *c != '\0'; c++)
            *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    }
    (void)pthread_mutex_unlock(&batch->lock);
}

static void run_session(struct batch *batch)
{
    PGconn *connection = PQconnectdb(batch->conninfo);
    PGresult *result = NULL;

    if (PQstatus(connection) != CONNECTION_OK) {
        note_failure(batch, "connect", PQerrorMessage(connection));
        goto done;
    }
    if (!PQsslInUse(connection)) {
        note_failure(batch, "connect", "no TLS");
        goto done;
    }
    result = PQexec(connection, QUERY);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        note_failure(batch, "query", PQerrorMessage(connection));
    else if (PQntuples(result) != 1 ||
             strcmp(PQgetvalue(result, 0, 0), "t") != 0)
        note_failure(batch, "query", "no TLS to the server");
    else
        atomic_fetch_add(&batch->good, 1);
done:
    PQclear(result);
    PQfinish(connection);
}

static void *work(void *arg)
{
    struct batch *batch = arg;

    while (atomic_fetch_sub(&batch->left, 1) > 0)
        run_session(batch);
    return NULL;
}

/* Returns false where a thread cannot be made. */
static bool run_batch(struct batch *batch, int threads)
{
    pthread_t ids[THREADS_MAX];
    int started = 0;

    while (started < threads &&
           pthread_create(&ids[started], NULL, work, batch) == 0)
        started++;
    for (int i = 0; i < started; i++)
        (void)pthread_join(ids[i], NULL);
    return started == threads;
}

int main(int argc, char **argv)
{
    long threads = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    char line[32];

    if (threads < 1 || threads > THREADS_MAX) {
        (void)fprintf(stderr, "usage: soak-pool THREADS CONNINFO (1 to %d)\n",
                      THREADS_MAX);
        return 2;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct batch batch = {.conninfo = argv[2],
                              .left = strtol(line, NULL, 10),
                              .lock = PTHREAD_MUTEX_INITIALIZER};

        if (batch.left < 1 || batch.left > SESSIONS_MAX) {
            (void)fprintf(stderr, "soak-pool: not 1 to %d sessions: %s\n",
                          SESSIONS_MAX, line);
            return 2;
        }
        if (!run_batch(&batch, (int)threads)) {
            (void)fprintf(stderr, "soak-pool: cannot start %ld threads\n",
                          threads);
            return 1;
        }
        (void)printf("%ld %ld %s\n", batch.good, batch.failed, batch.first);
        (void)fflush(stdout);
    }
    return 0;
}
