/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what the trust store does when reading the directory fails, at each
 * of the calls that it makes: a process keeps its last good set, one that has
 * none answers with what is built in or says why, and both go on as if nothing
 * had been when the failure has passed, without a change on disk.  So it is
 * where a file changes, goes or becomes something else at any of these calls.
 */

#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "faults.h"
#include "rds/builtin.h"
#include "rds/directory.h"

#define WEST "us-west-2-bundle.pem"
#define GOV "us-gov-west-1-bundle.pem"
#define OLD "rds-ca-2012-us-gov-west-1.pem"
#define WEST_RSA "us-west-2-rds-ca-rsa2048-g1"
#define WEST_ALL                                                              \
    "us-west-2-rds-ca-ecc384-g1 " WEST_RSA " us-west-2-rds-ca-rsa4096-g1"

/* ---- what is asked ------------------------------------------------------ */

/* What the directory may hold; a state has one answer to each question. */
enum { FIRST, SECOND, THIRD, STATES };

static const struct {
    const char *uri;
    const char *answers[STATES];
    const char *built_in; /* NULL: an error */
} questions[] = {
    {"rds:region/us-west-2",
     {WEST_RSA, "us-west-2-rds-ca-rsa4096-g1", "us-west-2-rds-ca-ecc384-g1"},
     WEST_ALL},
    {"rds:region/us-gov-west-1",
     {"us-gov-west-1-rds-ca-rsa2048-g1", "us-gov-west-1-rds-ca-rsa4096-g1",
      "us-gov-west-1-rds-ca-ecc384-g1"},
     NULL},
    {"rds:file/" OLD,
     {"rds-ca-2015-root", "rds-ca-2019-root", "rds-ca-2017-us-gov-west-1"},
     NULL},
};

#define QUESTIONS COUNT(questions)

struct scene {
    struct folder folder, retired;
    struct rds_truststore *store;
};

static struct rds_truststore *new_store(const struct scene *scene)
{
    const struct rds_truststore_options options = {.directory =
                                                       scene->folder.path};
    struct rds_truststore *store =
        rds_truststore_new(rds_libcrypto_linked(), &options, NULL);

    NEED(store != NULL);
    return store;
}

static void put_gov(const struct folder *folder, int state)
{
    static const char *const names[STATES] = {
        "Amazon RDS us-gov-west-1 Root CA RSA2048 G1",
        "Amazon RDS us-gov-west-1 Root CA RSA4096 G1",
        "Amazon RDS us-gov-west-1 Root CA ECC384 G1"};
    struct text content = {NULL, 0};
    struct made made;

    make_root(&made, names[state]);
    text_add_made(&content, &made);
    folder_write(folder, GOV, &content);
    text_clear(&content);
}

/* All files of a state. */
static void put_state(const struct scene *scene, int state)
{
    folder_put(&scene->folder, WEST, questions[0].answers[state],
               rds_builtin_date + 86400);
    put_gov(&scene->folder, state);
    folder_put(&scene->retired, OLD, questions[2].answers[state],
               rds_builtin_date + 86400);
}

/* The same, long enough ago that nobody looks again because of its age. */
static void settle_state(const struct scene *scene, int state)
{
    put_state(scene, state);
    settle_clock();
}

static void scene_start(struct scene *scene)
{
    folder_make(&scene->folder);
    folder_inside(&scene->retired, &scene->folder, "retired");
    NEED(mkdir(scene->retired.path, 0755) == 0);
    scene->store = new_store(scene);
}

static void scene_end(struct scene *scene)
{
    rds_truststore_free(scene->store);
    folder_remove(&scene->folder);
}

/* ---- what is answered --------------------------------------------------- */

/* Which answers are right: a set of states, what is built in, an error. */
#define BIT(state) (1u << (state))
#define BUILT_IN BIT(STATES)
#define ERROR BIT(STATES + 1)

static unsigned answer_kind(size_t question, const char *got)
{
    for (int state = 0; state < STATES; state++) {
        if (strcmp(got, questions[question].answers[state]) == 0)
            return BIT(state);
    }
    if (questions[question].built_in != NULL &&
        strcmp(got, questions[question].built_in) == 0)
        return BUILT_IN;
    return strncmp(got, "error: ", 7) == 0 ? ERROR : 0;
}

static void check_view(const struct rds_snapshot *snapshot, unsigned allowed,
                       const char *row)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct text got = {NULL, 0};

        answer(&got, rds_snapshot_view(snapshot), questions[i].uri, test_day(),
               NULL);
        CHECK((answer_kind(i, got.bytes) & allowed) != 0, "%s: %s: %s", row,
              questions[i].uri, got.bytes);
        text_clear(&got);
    }
}

static void check_now(struct rds_truststore *store, unsigned allowed,
                      const char *row)
{
    const struct rds_snapshot *snapshot = take_snapshot(store);

    check_view(snapshot, allowed, row);
    rds_snapshot_release(snapshot);
}

/* The same while the fault is set.  Returns how often it struck. */
static unsigned check_under(struct rds_truststore *store,
                            const struct fault *fault, unsigned allowed,
                            const char *row)
{
    const struct rds_snapshot *snapshot;
    unsigned struck;

    fault_set(fault);
    snapshot = take_snapshot(store);
    struck = fault_clear();
    check_view(snapshot, allowed, row);
    rds_snapshot_release(snapshot);
    return struck;
}

/* ---- calls that fail ---------------------------------------------------- */

/* Failures that pass by themselves. */
static const int errors[] = {EIO, EMFILE};

static const char *row_of(const struct fault *fault, const char *what)
{
    static char row[160];

    (void)snprintf(row, sizeof(row), "%s: call %u of %s%s", what, fault->first,
                   fault_name(fault->call),
                   fault->times == 0 ? " and all that follow" : "");
    return row;
}

/* From one state to another; returns whether the fault struck. */
static bool fails_with_last_good(struct scene *scene,
                                 const struct fault *fault, int state)
{
    const char *row = row_of(fault, strerror(fault->error));
    unsigned both = BIT(FIRST) | BIT(SECOND), struck;

    settle_state(scene, state);
    struck = check_under(scene->store, fault, both, row);
    check_now(scene->store, BIT(state), row);
    check_now(scene->store, BIT(state), row);
    return struck != 0;
}

/* A new process, to which the files are new. */
static bool fails_without(struct scene *scene, const struct fault *fault,
                          int state)
{
    const char *row = row_of(fault, strerror(fault->error));
    struct rds_truststore *store = new_store(scene);
    unsigned struck;

    struck = check_under(store, fault, BIT(state) | BUILT_IN | ERROR, row);
    check_now(store, BIT(state), row);
    rds_truststore_free(store);
    return struck != 0;
}

typedef bool with_fault(struct scene *scene, const struct fault *fault,
                        int state);

/* Fails each call in turn, once and for ever, until there are no more. */
static void fail_each_call(with_fault *test, unsigned least)
{
    unsigned total = 0;
    struct scene scene;
    int state = FIRST;

    scene_start(&scene);
    settle_state(&scene, state);
    check_now(scene.store, BIT(state), "good");
    for (size_t i = 0; i < COUNT(errors) * FAULT_KINDS * 2; i++) {
        struct fault fault = {.call = (enum fault_call)(i / 2 % FAULT_KINDS),
                              .error = errors[i / 2 / FAULT_KINDS],
                              .times = i % 2};
        bool struck = true;

        for (fault.first = 1; struck; fault.first++) {
            state = test == fails_without || state == SECOND ? FIRST : SECOND;
            struck = test(&scene, &fault, state);
            total += struck;
        }
    }
    CHECK(total >= least, "%u calls failed, of at least %u", total, least);
    scene_end(&scene);
}

/* With large files on 32 bits the calls have other names (openat64, ...). */
static bool reachable(void)
{
    if (sizeof(long) >= sizeof(int64_t))
        return true;
    skip("where long has 32 bits, faults cannot be put into these calls");
    return false;
}

static void test_last_good(void)
{
    if (!reachable())
        return;
    fail_each_call(fails_with_last_good, 100);
}

static void test_no_last_good(void)
{
    if (!reachable())
        return;
    fail_each_call(fails_without, 100);
}

/* The reason is told where nothing else answers. */
static void test_reason(void)
{
    if (!reachable())
        return;
    static const struct {
        enum fault_call call;
        unsigned first;
        const char *part;
        bool says_why; /* and then the system's word for EIO */
    } rows[] = {
        {FAULT_OPENAT, 1, ": cannot open the directory: ", true},
        {FAULT_FSTAT, 1, ": cannot look at the directory: ", true},
        {FAULT_OPENAT, 2, ".: cannot list the directory: ", true},
        {FAULT_FDOPENDIR, 1, ".: cannot list the directory: ", true},
        {FAULT_READDIR, 1, ".: cannot list the directory: ", true},
        {FAULT_OPENAT, 3, GOV ": cannot read: ", true},
        {FAULT_READ, 1, GOV ": changed while it was read, or unreadable",
         false},
    };
    struct scene scene;

    scene_start(&scene);
    settle_state(&scene, FIRST);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fault fault = {
            .call = rows[i].call, .first = rows[i].first, .error = EIO};
        struct rds_truststore *store = new_store(&scene);
        const struct rds_snapshot *snapshot;
        struct text got = {NULL, 0};
        const char *told, *why = rows[i].says_why ? strerror(EIO) : "";

        fault_set(&fault);
        snapshot = take_snapshot(store);
        (void)fault_clear();
        answer(&got, rds_snapshot_view(snapshot), questions[1].uri, test_day(),
               NULL);
        told = strstr(got.bytes, rows[i].part);
        CHECK(strncmp(got.bytes, "error: region 'us-gov-west-1': ", 31) == 0 &&
                  told != NULL &&
                  strncmp(told + strlen(rows[i].part), why, strlen(why)) == 0,
              "%s%s: %s", rows[i].part, why, got.bytes);
        text_clear(&got);
        rds_snapshot_release(snapshot);
        rds_truststore_free(store);
    }
    scene_end(&scene);
}

/* ---- reads that give little --------------------------------------------- */

static void test_short_reads(void)
{
    if (!reachable())
        return;
    static const struct fault rows[] = {
        {.call = FAULT_READ, .first = 1, .most = 1},
        {.call = FAULT_READ, .first = 1, .most = 7},
        {.call = FAULT_READ, .first = 1, .most = 100},
        {.call = FAULT_READ, .first = 1, .times = 5, .error = EINTR},
        {.call = FAULT_READ, .first = 2, .times = 5, .error = EINTR},
        {.call = FAULT_READ, .first = 3, .times = 5, .error = EINTR},
    };
    struct scene scene;

    scene_start(&scene);
    put_state(&scene, FIRST);
    check_now(scene.store, BIT(FIRST), "good");
    for (size_t i = 0; i < COUNT(rows); i++) {
        int state = i % 2 == 0 ? SECOND : FIRST;

        put_state(&scene, state);
        CHECK(check_under(scene.store, &rows[i], BIT(state), "little") != 0,
              "row %zu", i);
    }
    scene_end(&scene);
}

/* ---- files that change while they are looked at ------------------------- */

static const char *west_path(const struct scene *scene)
{
    return folder_path(&scene->folder, WEST);
}

static void replace(void *arg)
{
    put_state(arg, THIRD);
}

static void rewrite(void *arg)
{
    struct text content = {NULL, 0};
    int fd = open(west_path(arg), O_WRONLY | O_TRUNC);

    text_add_builtin(&content, questions[0].answers[THIRD]);
    NEED(fd >= 0 &&
         write(fd, content.bytes, content.size) == (ssize_t)content.size &&
         close(fd) == 0);
    text_clear(&content);
}

static void grow(void *arg)
{
    FILE *file = fopen(west_path(arg), "a");

    NEED(file != NULL && fputs("more\n", file) >= 0 && fclose(file) == 0);
}

static void cut(void *arg)
{
    NEED(truncate(west_path(arg), 300) == 0);
}

static void empty(void *arg)
{
    NEED(truncate(west_path(arg), 0) == 0);
}

static void inflate(void *arg)
{
    NEED(truncate(west_path(arg), (off_t)1 << 40) == 0);
}

static void open_to_all(void *arg)
{
    NEED(chmod(west_path(arg), 0666) == 0);
}

static void be_gone(void *arg)
{
    (void)remove(west_path(arg));
}

static void be_fifo(void *arg)
{
    be_gone(arg);
    NEED(mkfifo(west_path(arg), 0644) == 0);
}

static void be_folder(void *arg)
{
    be_gone(arg);
    NEED(mkdir(west_path(arg), 0755) == 0);
}

static void be_socket(void *arg)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    be_gone(arg);
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", west_path(arg));
    NEED(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 &&
         close(fd) == 0);
}

static void be_link(void *arg, const char *target)
{
    be_gone(arg);
    NEED(symlink(target, west_path(arg)) == 0);
}

static void be_loop(void *arg)
{
    be_link(arg, WEST);
}

static void be_dangling(void *arg)
{
    be_link(arg, "nowhere");
}

static void be_zero(void *arg)
{
    be_link(arg, "/dev/zero");
}

static void be_memory(void *arg)
{
    be_link(arg, "/proc/self/mem");
}

static void be_environment(void *arg)
{
    be_link(arg, "/proc/self/environ");
}

/* The directory itself goes. */
static void move_away(void *arg)
{
    const struct scene *scene = arg;
    char gone[sizeof(scene->folder.path) + 8];

    (void)snprintf(gone, sizeof(gone), "%s.gone", scene->folder.path);
    (void)rename(scene->folder.path, gone);
}

static void move_back(const struct scene *scene)
{
    char gone[sizeof(scene->folder.path) + 8];

    (void)snprintf(gone, sizeof(gone), "%s.gone", scene->folder.path);
    (void)rename(gone, scene->folder.path);
}

/* What may be answered meanwhile, and what must be after. */
#define GOOD (BIT(FIRST) | BIT(SECOND))

static const struct {
    const char *name;
    void (*change)(void *scene);
    unsigned meanwhile; /* beside GOOD */
    unsigned after;     /* of the region us-west-2 */
} changes[] = {
    {"replaced", replace, BIT(THIRD), BIT(THIRD)},
    {"rewritten in place", rewrite, BIT(THIRD), BIT(THIRD)},
    {"grown", grow, 0, BIT(SECOND)},
    {"cut", cut, 0, GOOD},
    {"emptied", empty, 0, GOOD},
    {"inflated to 1 TiB", inflate, 0, GOOD},
    {"made writable", open_to_all, 0, GOOD},
    {"removed", be_gone, BUILT_IN, BUILT_IN},
    {"a FIFO", be_fifo, 0, GOOD},
    {"a directory", be_folder, 0, GOOD},
    {"a socket", be_socket, 0, GOOD},
    {"a loop", be_loop, 0, GOOD},
    {"a dangling link", be_dangling, 0, GOOD},
    {"/dev/zero", be_zero, 0, GOOD},
    {"/proc/self/mem", be_memory, 0, GOOD},
    {"/proc/self/environ", be_environment, 0, GOOD},
    {"the directory gone", move_away, 0, GOOD},
};

/* Whether the change came at that call. */
static bool change_at(struct scene *scene, size_t row, enum fault_call call,
                      unsigned nth)
{
    const struct fault fault = {.call = call,
                                .first = nth,
                                .times = 1,
                                .before = changes[row].change,
                                .arg = scene};
    const char *name = row_of(&fault, changes[row].name);
    struct text got = {NULL, 0};
    const struct rds_snapshot *snapshot;
    unsigned struck;

    put_state(scene, FIRST);
    check_now(scene->store, BIT(FIRST), name);
    settle_state(scene, SECOND);
    (void)alarm(60); /* what blocks ends here */
    struck =
        check_under(scene->store, &fault, GOOD | changes[row].meanwhile, name);
    if (struck != 0) {
        snapshot = take_snapshot(scene->store);
        answer(&got, rds_snapshot_view(snapshot), questions[0].uri, test_day(),
               NULL);
        CHECK((answer_kind(0, got.bytes) & changes[row].after) != 0,
              "%s: after it: %s", name, got.bytes);
        text_clear(&got);
        rds_snapshot_release(snapshot);
    }
    (void)alarm(0);
    move_back(scene);
    be_gone(scene);
    return struck != 0;
}

static void test_changes(void)
{
    static const enum fault_call calls[] = {FAULT_OPENAT,    FAULT_FSTAT,
                                            FAULT_FSTATAT,   FAULT_READ,
                                            FAULT_FDOPENDIR, FAULT_READDIR};
    struct scene scene;

    if (!reachable())
        return;
    scene_start(&scene);
    for (size_t row = 0; row < COUNT(changes); row++) {
        unsigned total = 0;

        for (size_t i = 0; i < COUNT(calls); i++) {
            for (unsigned nth = 1; change_at(&scene, row, calls[i], nth);
                 nth++)
                total++;
        }
        CHECK(total >= 15, "%s: at %u calls", changes[row].name, total);
    }
    scene_end(&scene);
}

/* To open a device can do something: what is seen to be one is not opened. */
static void test_not_opened(void)
{
    if (!reachable())
        return;
    static void (*const kinds[])(void *scene) = {be_fifo, be_folder, be_socket,
                                                 be_zero};
    const struct fault count = {.call = FAULT_OPENAT, .first = 1};
    struct rds_identity directory, identity;
    struct rds_error err;
    struct scene scene;
    void *bytes = NULL;
    bool absent;
    size_t size;
    int fd;

    scene_start(&scene);
    put_state(&scene, FIRST);
    fd = rds_directory_open(scene.folder.path, &directory, &absent, NULL);
    NEED(fd >= 0);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        kinds[i](&scene);
        fault_set(&count);
        CHECK(!rds_directory_read(fd, WEST, &directory, &identity, &bytes,
                                  &size, &err),
              "kind %zu", i);
        CHECK_NUMBER(fault_clear(), 0, "kind %zu is opened", i);
        CHECK(strstr(err.text, ": not a regular file (mode ") != NULL, "%s",
              err.text);
    }
    NEED(close(fd) == 0);
    be_gone(&scene);
    scene_end(&scene);
}

/* A file that changes at each read is given up, not read for ever. */
static void test_restless(void)
{
    if (!reachable())
        return;
    struct scene scene;
    struct fault fault = {
        .call = FAULT_READ, .first = 1, .before = grow, .arg = &scene};

    scene_start(&scene);
    put_state(&scene, FIRST);
    check_now(scene.store, BIT(FIRST), "good");
    put_state(&scene, SECOND);
    (void)check_under(scene.store, &fault, GOOD, "restless");
    check_now(scene.store, BIT(SECOND), "at rest");
    scene_end(&scene);
}

CU_TestInfo faults_tests[] = {
    {"each call fails, with a last good set", test_last_good},
    {"each call fails, in a new process", test_no_last_good},
    {"the reason of a failure", test_reason},
    {"reads that give little", test_short_reads},
    {"a file changes at each call", test_changes},
    {"what is no file is not opened", test_not_opened},
    {"a file that changes without end", test_restless},
    CU_TEST_INFO_NULL,
};
