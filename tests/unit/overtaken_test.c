/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of rds_truststore_snapshot() that looks at the directory which
 * overtake each other never bring back what a newer one has replaced: neither
 * at once nor when the file is damaged later.  A damaged file beside is
 * reported in the middle of a look, which is where a look can be held.
 */

#include "tests.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "rds/builtin.h"
#include "rds/truststore.h"

#define WEST "us-west-2-bundle.pem"
#define WEST_URI "rds:region/us-west-2"
#define OLD "us-west-2-rds-ca-rsa2048-g1"
#define NEW "us-west-2-rds-ca-ecc384-g1"

/* Two threads look; each thing that happens lets the next one happen. */
struct looks {
    struct folder folder;
    struct rds_truststore *store;
    pthread_t slow;       /* is held at its first report */
    atomic_uint reports;  /* of both */
    unsigned hold_at;     /* the report at which it is held, from 1 */
    bool release_at_next; /* the next report lets it go, and waits for it */
    sem_t held, go;
    const struct rds_snapshot *slow_result;
};

static void released(struct looks *looks)
{
    NEED(sem_post(&looks->go) == 0 && pthread_join(looks->slow, NULL) == 0);
}

static void report(void *arg, const char *line)
{
    struct looks *looks = arg;
    unsigned number = atomic_fetch_add(&looks->reports, 1) + 1;

    (void)line;
    if (number == looks->hold_at)
        NEED(sem_post(&looks->held) == 0 && sem_wait(&looks->go) == 0);
    else if (number == looks->hold_at + 1 && looks->release_at_next)
        released(looks);
}

static void *look_slowly(void *arg)
{
    struct looks *looks = arg;

    looks->slow_result = rds_truststore_snapshot(looks->store, NULL);
    return NULL;
}

static void write_bundle(const struct looks *looks, const char *file,
                         const char *alias)
{
    struct text content = {NULL, 0};

    if (alias != NULL)
        text_add_builtin(&content, alias);
    else
        text_add(&content, "damaged\n");
    folder_write(&looks->folder, file, &content);
    folder_touch(&looks->folder, file, rds_builtin_date + 86400);
    text_clear(&content);
}

static void start(struct looks *looks)
{
    struct rds_truststore_options options = {.report = report,
                                             .report_arg = looks};

    memset(looks, 0, sizeof(*looks));
    folder_make(&looks->folder);
    options.directory = looks->folder.path;
    looks->store = rds_truststore_new(rds_libcrypto_linked(), &options, NULL);
    NEED(looks->store != NULL && sem_init(&looks->held, 0, 0) == 0 &&
         sem_init(&looks->go, 0, 0) == 0);
    write_bundle(looks, WEST, OLD);
}

static void stop(struct looks *looks)
{
    rds_snapshot_release(looks->slow_result);
    rds_truststore_free(looks->store);
    folder_remove(&looks->folder);
    (void)sem_destroy(&looks->held);
    (void)sem_destroy(&looks->go);
}

static void start_slow(struct looks *looks)
{
    looks->hold_at = atomic_load(&looks->reports) + 1;
    NEED(pthread_create(&looks->slow, NULL, look_slowly, looks) == 0 &&
         sem_wait(&looks->held) == 0);
}

/* A look that began before the file was replaced is the first to end. */
static void test_older_look_ends_first(void)
{
    struct looks looks;

    start(&looks);
    write_bundle(&looks, "us-west-9-bundle.pem", NULL); /* read after WEST */
    looks.release_at_next = true;
    start_slow(&looks);
    write_bundle(&looks, WEST, NEW);
    check_store(looks.store, WEST_URI, NEW, "the new file");
    CHECK(looks.slow_result != NULL, "the slow look has ended before");
    write_bundle(&looks, WEST, NULL);
    check_store(looks.store, WEST_URI, NEW, "the last good content");
    stop(&looks);
}

/* A look that began before the new content was read finds it damaged. */
static void test_content_read_by_another(void)
{
    struct text text = {NULL, 0};
    struct looks looks;
    enum rds_reason reason;

    start(&looks);
    write_bundle(&looks, "us-west-1-bundle.pem", NULL); /* read before WEST */
    check_store(looks.store, WEST_URI, OLD, "the old file");
    write_bundle(&looks, "us-west-1-bundle.pem", NULL);
    start_slow(&looks);
    write_bundle(&looks, WEST, NEW);
    check_store(looks.store, WEST_URI, NEW, "the new file");
    write_bundle(&looks, WEST, NULL);
    released(&looks);
    NEED(looks.slow_result != NULL);
    answer(&text, rds_snapshot_view(looks.slow_result), WEST_URI, test_day(),
           &reason);
    CHECK_TEXT(text.bytes, NEW, "what the slow look says");
    check_store(looks.store, WEST_URI, NEW, "and what is said after it");
    text_clear(&text);
    stop(&looks);
}

CU_TestInfo overtaken_tests[] = {
    {"an older look ends first", test_older_look_ends_first},
    {"what another look has read", test_content_read_by_another},
    CU_TEST_INFO_NULL,
};
