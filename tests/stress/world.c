/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle directory and what it can hold.  One thread changes it; refuses
 * to change it in a way that README's rules of the directory do not allow an
 * administrator, but for damage, which anybody can do.
 */

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stress.h"

#define CONFIRMED 4102444800 /* 2100-01-01: later than any built-in set */
#define PHASES_KEPT 4096     /* an answer that took longer is not judged */
#define HURRIED 12           /* changes in a row that nobody waits for */
#define ANSWERS_WANTED 6     /* of each reader in a calm phase */
#define CHANGES_WANTED 3     /* of each kind */
#define CLOCK_GRAIN_MS 25    /* more than that of directory.c */

struct chain old_chain, new_chain, foo_chain, steady_chain, stranger_chain;

/* ---- phases ------------------------------------------------------------ */

struct phase {
    const char *change; /* what led to it */
    contents allowed[READERS][MOVING_FILES];
};

static struct phase phases[PHASES_KEPT];
static atomic_uint now_phase;

/* Answers within the present phase; and the last phase that had one. */
static atomic_uint answers[READERS], seen[READERS];

unsigned world_phase(void)
{
    return atomic_load(&now_phase);
}

contents world_allows(enum reader reader, enum moving file, unsigned began,
                      bool *exact)
{
    unsigned ended = world_phase();
    contents all = 0;

    *exact = began == ended && began % 2 == 0;
    if (ended - began >= PHASES_KEPT - 2)
        return ~0U;
    for (unsigned i = began; i != ended + 1; i++)
        all |= phases[i % PHASES_KEPT].allowed[reader][file];
    return all;
}

void world_seen(enum reader reader, unsigned phase)
{
    if (world_phase() != phase)
        return;
    atomic_store(&seen[reader], phase);
    atomic_fetch_add(&answers[reader], 1);
}

void world_tell(unsigned from, unsigned to)
{
    for (unsigned i = from > 8 ? from - 8 : 0; i <= to && i < from + 16; i++) {
        const struct phase *phase = &phases[i % PHASES_KEPT];

        (void)fprintf(stderr,
                      "    phase %u: %-12s trust %04x %04x, store "
                      "%04x %04x\n",
                      i, phase->change, phase->allowed[0][0],
                      phase->allowed[0][1], phase->allowed[1][0],
                      phase->allowed[1][1]);
    }
}

/* ---- what is known ----------------------------------------------------- */

/*
 * A file as the one who changes it knows it.  `answer` is what a reader that
 * looks now must say; `kept` what one that can no longer read the file may
 * still have: of those contents that it may have read, the last.
 */
struct state {
    const char *name;
    bool good; /* it can be read, or is absent; else damaged */
    enum content content;
    contents answer[READERS], kept[READERS];
};

static struct state files[MOVING_FILES] = {
    [MOVING_WEST] = {.name = REGION "-bundle.pem"},
    [MOVING_FOO] = {.name = "ap-foo-9-bundle.pem"},
};
static bool closed; /* the directory cannot be used: no file is looked at */

static void enter_phase(const char *change, bool moving)
{
    unsigned next = world_phase() + 1;
    struct phase *phase = &phases[next % PHASES_KEPT];
    const struct phase *before = &phases[(next - 1) % PHASES_KEPT];

    phase->change = change;
    for (size_t reader = 0; reader < READERS; reader++) {
        for (size_t file = 0; file < MOVING_FILES; file++) {
            phase->allowed[reader][file] = files[file].answer[reader];
            if (moving)
                phase->allowed[reader][file] |= before->allowed[reader][file];
        }
        atomic_store(&answers[reader], 0);
    }
    atomic_store(&now_phase, next);
}

/* Whoever has answered in this phase has read what is there. */
static void learn(void)
{
    for (size_t reader = 0; reader < READERS && !closed; reader++) {
        for (size_t file = 0; file < MOVING_FILES; file++) {
            if (atomic_load(&seen[reader]) == world_phase() &&
                files[file].good)
                files[file].kept[reader] = ONLY(files[file].content);
        }
    }
}

/* What readers answer from now on, after a change of files or directory. */
static void settle(void)
{
    for (size_t reader = 0; reader < READERS; reader++) {
        for (size_t i = 0; i < MOVING_FILES; i++) {
            struct state *file = &files[i];

            if (file->good)
                file->kept[reader] |= ONLY(file->content);
            file->answer[reader] = !closed && file->good ? ONLY(file->content)
                                                         : file->kept[reader];
        }
    }
}

/* ---- writing ----------------------------------------------------------- */

static unsigned random_state;
static unsigned versions; /* each file or folder has a number of its own */

static unsigned pick(unsigned limit)
{
    return random_below(&random_state, limit);
}

static void number_path(char out[PATH_SIZE], const char *what)
{
    char name[PATH_SIZE / 2];

    (void)snprintf(name, sizeof(name), "%s-%u", what, ++versions);
    (void)path_of(out, name);
}

static void bundle_path(char out[PATH_SIZE], const char *prefix,
                        const char *name, const char *suffix)
{
    char text[PATH_SIZE / 2];

    (void)snprintf(text, sizeof(text), "bundles/%s%s%s", prefix, name, suffix);
    (void)path_of(out, text);
}

static void write_roots(const char *path, const X509 *const roots[],
                        size_t count)
{
    const struct timespec times[2] = {{CONFIRMED, 0}, {CONFIRMED, 0}};
    FILE *file = fopen(path, "w");

    NEED(file != NULL);
    for (size_t i = 0; i < count; i++)
        NEED(PEM_write_X509(file, (X509 *)roots[i]) == 1);
    NEED(fclose(file) == 0);
    NEED(utimensat(AT_FDCWD, path, times, 0) == 0);
}

static void write_content(const char *path, enum moving file,
                          enum content content)
{
    const X509 *const both[] = {old_chain.root.certificate,
                                new_chain.root.certificate};
    const X509 *const foo[] = {foo_chain.root.certificate};

    if (file == MOVING_FOO)
        write_roots(path, foo, 1);
    else if (content == CONTENT_BOTH)
        write_roots(path, both, 2);
    else
        write_roots(path, content == CONTENT_OLD ? &both[0] : &both[1], 1);
}

static void write_wanted(const char *path, enum moving file)
{
    write_content(path, file, files[file].content);
}

static void write_bytes(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    size_t size = strlen(text);

    NEED(fd >= 0 && write(fd, text, size) == (ssize_t)size && close(fd) == 0);
}

/* ---- ways to put a file ------------------------------------------------ */

static void put_beside(enum moving file)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];

    number_path(fresh, "beside");
    bundle_path(path, "", files[file].name, "");
    write_wanted(fresh, file);
    NEED(rename(fresh, path) == 0);
}

/* In the directory itself, as rdsca does. */
static void put_within(enum moving file)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];

    bundle_path(fresh, ".", files[file].name, ".new");
    bundle_path(path, "", files[file].name, "");
    write_wanted(fresh, file);
    NEED(rename(fresh, path) == 0);
}

static void put_symlink(const char *target, const char *path)
{
    char link[PATH_SIZE];

    number_path(link, "link");
    NEED(symlink(target, link) == 0 && rename(link, path) == 0);
}

static void put_link(enum moving file)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];

    number_path(fresh, "version");
    bundle_path(path, "", files[file].name, "");
    write_wanted(fresh, file);
    put_symlink(fresh, path);
}

/* The file leads through a link elsewhere, as in a ConfigMap: once that is
 * switched, nothing in the directory itself has changed. */
static void put_through(enum moving file)
{
    char folder[PATH_SIZE], fresh[PATH_SIZE + 16], path[PATH_SIZE],
        through[PATH_SIZE], target[PATH_SIZE + 16], name[PATH_SIZE / 2],
        before[PATH_SIZE + 16] = "";

    number_path(folder, "data");
    (void)snprintf(fresh, sizeof(fresh), "%s/bundle.pem", folder);
    (void)snprintf(name, sizeof(name), "through-%s", files[file].name);
    (void)path_of(through, name);
    (void)snprintf(target, sizeof(target), "%s/bundle.pem", through);
    bundle_path(path, "", files[file].name, "");
    NEED(mkdir(folder, 0755) == 0);
    write_wanted(fresh, file);
    put_symlink(folder, through);
    if (readlink(path, before, sizeof(before) - 1) < 0 ||
        strcmp(before, target) != 0)
        put_symlink(target, path);
}

/* ---- ways to damage one ------------------------------------------------ */

static void rename_over(enum moving file, const char *fresh)
{
    char path[PATH_SIZE];

    bundle_path(path, "", files[file].name, "");
    NEED(rename(fresh, path) == 0);
}

static void damage_garbage(enum moving file)
{
    char fresh[PATH_SIZE];

    number_path(fresh, "garbage");
    write_bytes(fresh, "-----BEGIN CERTIFICATE-----\nMIIB\n");
    rename_over(file, fresh);
}

static void damage_empty(enum moving file)
{
    char fresh[PATH_SIZE];

    number_path(fresh, "empty");
    write_bytes(fresh, "");
    rename_over(file, fresh);
}

static void damage_fifo(enum moving file)
{
    char fresh[PATH_SIZE];

    number_path(fresh, "fifo");
    NEED(mkfifo(fresh, 0600) == 0);
    rename_over(file, fresh);
}

/* Readable, but others could have written it. */
static void damage_mode(enum moving file)
{
    char fresh[PATH_SIZE];

    number_path(fresh, "mode");
    write_content(fresh, file,
                  file == MOVING_FOO ? CONTENT_FOO : CONTENT_BOTH);
    NEED(chmod(fresh, 0664) == 0);
    rename_over(file, fresh);
}

static void damage_dangling(enum moving file)
{
    char path[PATH_SIZE];

    bundle_path(path, "", files[file].name, "");
    put_symlink("nowhere", path);
}

/* The file itself is cut and overwritten, while others read it. */
static void damage_in_place(enum moving file)
{
    char path[PATH_SIZE];
    struct stat st;

    bundle_path(path, "", files[file].name, "");
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        write_bytes(path, "overwritten\n");
    else
        damage_garbage(file);
}

static void change_mode_in_place(enum moving file)
{
    char path[PATH_SIZE];
    struct stat st;

    bundle_path(path, "", files[file].name, "");
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        NEED(chmod(path, 0666) == 0);
    else
        damage_mode(file);
}

/* ---- ways to change the directory -------------------------------------- */

static void remove_file(enum moving file)
{
    char path[PATH_SIZE];

    bundle_path(path, "", files[file].name, "");
    (void)unlink(path); /* it may be gone already */
}

/* Another directory, whole, in the place of this one. */
static void switch_directory(enum moving unused)
{
    char folder[PATH_SIZE], path[PATH_SIZE], file[PATH_SIZE * 2];
    const X509 *const steady[] = {steady_chain.root.certificate};

    (void)unused;
    number_path(folder, "set");
    NEED(mkdir(folder, 0755) == 0);
    (void)snprintf(file, sizeof(file), "%s/" STEADY_REGION "-bundle.pem",
                   folder);
    write_roots(file, steady, 1);
    for (unsigned i = 0; i < MOVING_FILES; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", folder, files[i].name);
        if (files[i].content != CONTENT_NONE)
            write_wanted(file, (enum moving)i);
    }
    put_symlink(folder, path_of(path, "bundles"));
}

static void open_to_all(enum moving unused)
{
    char path[PATH_SIZE];

    (void)unused;
    NEED(chmod(path_of(path, "bundles"), 0777) == 0);
}

static void close_to_others(enum moving unused)
{
    char path[PATH_SIZE];

    (void)unused;
    NEED(chmod(path_of(path, "bundles"), 0755) == 0);
}

static void move_away(enum moving unused)
{
    char path[PATH_SIZE], away[PATH_SIZE];

    (void)unused;
    NEED(rename(path_of(path, "bundles"), path_of(away, "away")) == 0);
}

static void move_back(enum moving unused)
{
    char path[PATH_SIZE], away[PATH_SIZE];

    (void)unused;
    NEED(rename(path_of(away, "away"), path_of(path, "bundles")) == 0);
}

/* ---- what a change means ----------------------------------------------- */

static void plan_put(enum moving file)
{
    files[file].good = true;
    files[file].content = file == MOVING_FOO
                              ? CONTENT_FOO
                              : (enum content)(CONTENT_OLD + pick(3));
}

/* Of the same size and date, so that only the file itself tells. */
static void plan_other(enum moving file)
{
    enum content before = files[file].content;

    plan_put(file);
    if (file == MOVING_WEST)
        files[file].content =
            before == CONTENT_OLD ? CONTENT_NEW : CONTENT_OLD;
}

static void plan_damage(enum moving file)
{
    files[file].good = false;
}

static void plan_remove(enum moving file)
{
    files[file].good = true;
    files[file].content = CONTENT_NONE;
}

static void plan_switch(enum moving unused)
{
    (void)unused;
    for (unsigned i = 0; i < MOVING_FILES; i++) {
        plan_put((enum moving)i);
        if (pick(3) == 0)
            plan_remove((enum moving)i);
    }
}

static void plan_closed(enum moving unused)
{
    (void)unused;
    closed = true;
}

static void plan_undo(enum moving unused)
{
    (void)unused;
    closed = false;
}

/* ---- changes ----------------------------------------------------------- */

static struct change {
    const char *name;
    void (*plan)(enum moving file);
    void (*make)(enum moving file);
    void (*then_plan)(enum moving file); /* the next change, of that file */
    void (*then_make)(enum moving file);
    unsigned count;
} changes[] = {
    {"renamed over", plan_put, put_beside, NULL, NULL, 0},
    {"renamed within", plan_put, put_within, NULL, NULL, 0},
    {"link renamed over", plan_put, put_link, NULL, NULL, 0},
    {"link switched", plan_put, put_through, plan_other, put_through, 0},
    {"removed", plan_remove, remove_file, NULL, NULL, 0},
    {"directory switched", plan_switch, switch_directory, NULL, NULL, 0},
    {"cut certificate", plan_damage, damage_garbage, NULL, NULL, 0},
    {"empty", plan_damage, damage_empty, NULL, NULL, 0},
    {"FIFO", plan_damage, damage_fifo, NULL, NULL, 0},
    {"link to nowhere", plan_damage, damage_dangling, NULL, NULL, 0},
    {"group may write", plan_damage, damage_mode, NULL, NULL, 0},
    {"overwritten in place", plan_damage, damage_in_place, NULL, NULL, 0},
    {"all may write", plan_damage, change_mode_in_place, NULL, NULL, 0},
    {"directory open to all", plan_closed, open_to_all, plan_undo,
     close_to_others, 0},
    {"directory gone", plan_closed, move_away, plan_undo, move_back, 0},
};

static void make_change(const char *name, enum moving file,
                        void (*plan)(enum moving file),
                        void (*make)(enum moving file))
{
    learn();
    plan(file);
    settle();
    enter_phase(name, true);
    make(file);
    enter_phase(name, false);
}

/* Each kind as often as the others, in no order. */
static struct change *next_change(void)
{
    static unsigned order[COUNT_OF(changes)], left;
    unsigned at, kind;

    if (left == 0) {
        for (left = 0; left < COUNT_OF(changes); left++)
            order[left] = left;
    }
    at = pick(left--);
    kind = order[at];
    order[at] = order[left];
    changes[kind].count++;
    return &changes[kind];
}

void world_wait(void)
{
    while (!time_is_over() &&
           (atomic_load(&answers[READER_TRUST]) < ANSWERS_WANTED ||
            atomic_load(&answers[READER_STORE]) < ANSWERS_WANTED))
        sleep_ms(1);
}

/* Until both readers have looked at files that are no longer new to them: from
 * then on nothing is read again that looks as before. */
static void wait_until_old(void)
{
    world_wait();
    sleep_ms(CLOCK_GRAIN_MS);
    for (size_t reader = 0; reader < READERS; reader++)
        atomic_store(&answers[reader], 0);
    world_wait();
}

void world_change(void)
{
    unsigned count = pick(4) == 0 ? HURRIED : 1;

    for (unsigned i = 0; i < count && !time_is_over(); i++) {
        const struct change *change = next_change();
        enum moving file = (enum moving)pick(MOVING_FILES);

        make_change(change->name, file, change->plan, change->make);
        if (count == 1)
            wait_until_old();
        if (change->then_make != NULL)
            make_change("... then", file, change->then_plan,
                        change->then_make);
    }
    world_wait();
}

/* ---- the beginning and the end ----------------------------------------- */

static int size_of(const struct chain *chain)
{
    return i2d_X509(chain->root.certificate, NULL);
}

void world_make(unsigned seed)
{
    random_state = seed;
    chain_make(&old_chain, REGION);
    chain_make(&new_chain, REGION);
    /* The size is not to tell the files apart.  Both anew: one of them may be
     * of a rare size. */
    while (size_of(&new_chain) != size_of(&old_chain)) {
        chain_free(&old_chain);
        chain_free(&new_chain);
        chain_make(&old_chain, REGION);
        chain_make(&new_chain, REGION);
    }
    chain_make(&foo_chain, "ap-foo-9");
    chain_make(&steady_chain, STEADY_REGION);
    stranger_make(&stranger_chain);
    for (unsigned i = 0; i < MOVING_FILES; i++)
        plan_put((enum moving)i);
    settle();
    switch_directory(MOVING_WEST);
    enter_phase("begin", false);
    enter_phase("begin", false);
}

void world_free(void)
{
    chain_free(&old_chain);
    chain_free(&new_chain);
    chain_free(&foo_chain);
    chain_free(&steady_chain);
    chain_free(&stranger_chain);
}

bool world_whole(void)
{
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        if (changes[i].count < CHANGES_WANTED)
            return false;
    }
    return true;
}

void world_report(void)
{
    unsigned all = 0;

    (void)printf("changes:");
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        (void)printf("%s %u %s", i != 0 ? "," : "", changes[i].count,
                     changes[i].name);
        all += changes[i].count;
    }
    (void)printf("; %u\n", all);
}
