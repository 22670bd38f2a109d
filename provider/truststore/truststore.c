/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust store: built-in anchors and the bundles of a directory, as
 * immutable snapshots.  Refuses to let a stale bundle hide a newer package,
 * or a damaged one take away what was there before.
 */

#include "rds/truststore.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rds/builtin.h"
#include "rds/directory.h"
#include "rds/guard.h"

/* A bundle file as it was seen last. */
struct file_state {
    struct rds_bundle_name name;
    char *path; /* absolute, to look at it again */
    struct rds_identity identity;
    struct rds_bundle *bundle; /* what it holds, or last held; or NULL */
    char *refusal;             /* why it was refused, or NULL */
};

struct rds_snapshot {
    unsigned users;        /* under the guard */
    size_t distrust_count; /* entries that were taken into account */
    struct rds_view view;
    struct rds_entry *entries;
    struct rds_identity directory;
    char *directory_refusal; /* why the directory was refused, or NULL */
    struct file_state *files;
    size_t file_count;
    struct rds_refusal *refusals;
};

struct rds_truststore {
    const struct rds_libcrypto *lc;
    char *directory; /* or NULL */
    /* Entries are added under the guard and never change after. */
    unsigned char distrust[RDS_DISTRUST_MAX][RDS_SHA256_SIZE];
    _Atomic size_t distrust_count;
    rds_report_fn *report;
    void *report_arg;
    struct rds_snapshot *current; /* under the guard */
};

/* ---- counting users ---------------------------------------------------- */

static struct rds_bundle *share_bundle(struct rds_bundle *bundle)
{
    if (bundle != NULL) {
        rds_guard_lock();
        bundle->users++;
        rds_guard_unlock();
    }
    return bundle;
}

static void release_bundle(struct rds_bundle *bundle)
{
    bool last = false;

    if (bundle == NULL)
        return;
    rds_guard_lock();
    last = --bundle->users == 0;
    rds_guard_unlock();
    if (last)
        rds_bundle_free(bundle);
}

static void free_snapshot(struct rds_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->file_count; i++) {
        release_bundle(snapshot->files[i].bundle);
        free(snapshot->files[i].refusal);
        free(snapshot->files[i].path);
    }
    free(snapshot->files);
    free(snapshot->refusals);
    free(snapshot->directory_refusal);
    free(snapshot->entries);
    free(snapshot);
}

void rds_snapshot_release(const struct rds_snapshot *snapshot)
{
    struct rds_snapshot *mine = (struct rds_snapshot *)snapshot;
    bool last;

    if (mine == NULL)
        return;
    rds_guard_lock();
    last = --mine->users == 0;
    rds_guard_unlock();
    if (last)
        free_snapshot(mine);
}

const struct rds_view *rds_snapshot_view(const struct rds_snapshot *snapshot)
{
    return &snapshot->view;
}

/* ---- reading the directory --------------------------------------------- */

static void report(const struct rds_truststore *store, const char *line)
{
    if (store->report != NULL)
        store->report(store->report_arg, line);
}

static bool no_memory(struct rds_error *err)
{
    return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
}

static const struct file_state *find_file(const struct rds_snapshot *snapshot,
                                          const char *file)
{
    for (size_t i = 0; snapshot != NULL && i < snapshot->file_count; i++) {
        if (strcmp(snapshot->files[i].name.file, file) == 0)
            return &snapshot->files[i];
    }
    return NULL;
}

static char *join_path(const char *directory, const char *file)
{
    size_t size = strlen(directory) + strlen(file) + 2;
    char *path = malloc(size);

    if (path != NULL)
        (void)snprintf(path, size, "%s/%s", directory, file);
    return path;
}

/* Takes over what an earlier snapshot knew of the file. */
static bool carry_over(struct file_state *state,
                       const struct file_state *before)
{
    state->identity = before->identity;
    state->bundle = share_bundle(before->bundle);
    if (before->refusal == NULL)
        return true;
    state->refusal = strdup(before->refusal);
    return state->refusal != NULL;
}

/* When AWS confirmed a file: never later than now. */
static int64_t confirmed_at(const struct rds_identity *identity)
{
    int64_t modified = (int64_t)identity->modified.tv_sec;
    int64_t now = (int64_t)time(NULL);

    return modified < now ? modified : now;
}

/* What may go well the next time, without a change of the file. */
static bool passing(const struct rds_error *why)
{
    return why->reason == RDS_R_NO_MEMORY || why->reason == RDS_R_TRANSIENT;
}

/* Reads a file anew; where that fails, keeps its last good content. */
static bool read_file(const struct rds_truststore *store,
                      const struct rds_snapshot *snapshot, int directory_fd,
                      struct file_state *state,
                      const struct file_state *before)
{
    struct rds_error why;
    void *bytes = NULL;
    size_t size = 0;

    if (rds_directory_read(directory_fd, state->name.file,
                           &snapshot->directory, &state->identity, &bytes,
                           &size, &why))
        state->bundle = rds_bundle_parse(
            store->lc, &state->name, confirmed_at(&state->identity), bytes,
            size, store->report, store->report_arg, &why);
    free(bytes);
    if (state->bundle != NULL)
        return true;
    report(store, why.text);
    if (passing(&why))
        state->identity.settled = false;
    state->refusal = strdup(why.text);
    if (before != NULL)
        state->bundle = share_bundle(before->bundle);
    return state->refusal != NULL;
}

static bool look_at_file(const struct rds_truststore *store,
                         struct rds_snapshot *snapshot, int directory_fd,
                         const struct rds_bundle_name *name,
                         const struct rds_snapshot *previous)
{
    const struct file_state *before = find_file(previous, name->file);
    struct file_state *state = &snapshot->files[snapshot->file_count++];
    struct rds_identity now;

    state->name = *name;
    state->path = join_path(store->directory, name->file);
    if (state->path == NULL)
        return false;
    rds_identity_look(directory_fd, name->file, &now);
    if (before != NULL && previous != NULL &&
        rds_identity_unchanged(&before->identity, &now) &&
        previous->directory.owner == snapshot->directory.owner)
        return carry_over(state, before);
    return read_file(store, snapshot, directory_fd, state, before);
}

/* A refused directory, or one that is gone: everything stays as it was. */
static bool keep_files(const struct rds_truststore *store,
                       struct rds_snapshot *snapshot,
                       const struct rds_snapshot *previous,
                       const struct rds_error *why)
{
    size_t count = previous != NULL ? previous->file_count : 0;

    if (previous == NULL || previous->directory_refusal == NULL ||
        strcmp(previous->directory_refusal, why->text) != 0)
        report(store, why->text);
    if (passing(why))
        snapshot->directory.settled = false;
    snapshot->directory_refusal = strdup(why->text);
    snapshot->files = calloc(count + 1, sizeof(snapshot->files[0]));
    if (snapshot->directory_refusal == NULL || snapshot->files == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct file_state *state = &snapshot->files[snapshot->file_count++];

        state->name = previous->files[i].name;
        state->path = strdup(previous->files[i].path);
        if (state->path == NULL || !carry_over(state, &previous->files[i]))
            return false;
    }
    return true;
}

/* What an operator may wonder about. */
static void report_oddities(const struct rds_truststore *store,
                            const struct rds_snapshot *snapshot,
                            int directory_fd)
{
    char line[RDS_ERROR_TEXT], day[RDS_DATE_MAX], built[RDS_DATE_MAX];

    if (faccessat(directory_fd, "global-bundle.pem", F_OK, 0) == 0)
        report(store, "global-bundle.pem: not read; name it "
                      "aws-global-bundle.pem");
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const struct rds_bundle *bundle = snapshot->files[i].bundle;

        if (bundle == NULL || bundle->confirmed >= rds_builtin_date)
            continue;
        (void)snprintf(line, sizeof(line),
                       "%s: of %s, older than the built-in set of %s, which "
                       "holds for the regions that it has",
                       bundle->name.file,
                       rds_date_write(day, bundle->confirmed),
                       rds_date_write(built, rds_builtin_date));
        report(store, line);
    }
}

static bool look_at_files(const struct rds_truststore *store,
                          struct rds_snapshot *snapshot, int directory_fd,
                          const struct rds_snapshot *previous,
                          struct rds_error *err)
{
    struct rds_bundle_name *names;
    struct rds_error why;
    bool good, more;
    size_t count;

    if (!rds_directory_list(directory_fd, &names, &count, &more, &why))
        return keep_files(store, snapshot, previous, &why) || no_memory(err);
    if (more)
        report(store, "more bundle files than are read; use one global file "
                      "for each partition");
    snapshot->files = calloc(count + 1, sizeof(snapshot->files[0]));
    good = snapshot->files != NULL;
    for (size_t i = 0; good && i < count; i++)
        good =
            look_at_file(store, snapshot, directory_fd, &names[i], previous);
    free(names);
    if (good)
        report_oddities(store, snapshot, directory_fd);
    return good || no_memory(err);
}

static bool look_at_directory(const struct rds_truststore *store,
                              struct rds_snapshot *snapshot,
                              const struct rds_snapshot *previous,
                              struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX];
    struct rds_error why;
    bool absent, good;
    int fd;

    if (store->directory == NULL)
        return true;
    fd = rds_directory_open(store->directory, &snapshot->directory, &absent,
                            &why);
    if (absent && (previous == NULL || previous->file_count == 0))
        return true;
    if (absent)
        (void)rds_fail(
            &why, RDS_R_BAD_BUNDLE,
            "%s: is gone (a chroot?); its last content stays in "
            "use",
            rds_quote(quoted, store->directory, strlen(store->directory)));
    if (fd < 0)
        return keep_files(store, snapshot, previous, &why) || no_memory(err);
    good = look_at_files(store, snapshot, fd, previous, err);
    (void)close(fd);
    return good;
}

/* Whether everything on disk is as the snapshot saw it. */
static bool unchanged(const struct rds_truststore *store,
                      const struct rds_snapshot *snapshot)
{
    struct rds_identity now;

    if (snapshot->distrust_count != atomic_load(&store->distrust_count))
        return false;
    if (store->directory == NULL)
        return true;
    rds_identity_look(AT_FDCWD, store->directory, &now);
    if (!rds_identity_unchanged(&snapshot->directory, &now))
        return false;
    if (snapshot->directory_refusal != NULL)
        return true; /* its files are not looked at */
    for (size_t i = 0; i < snapshot->file_count; i++) {
        rds_identity_look(AT_FDCWD, snapshot->files[i].path, &now);
        if (!rds_identity_unchanged(&snapshot->files[i].identity, &now))
            return false;
    }
    return true;
}

/* ---- merging ------------------------------------------------------------ */

/* Entries that replace each other stand together. */
static int compare_groups(const struct rds_anchor *a,
                          const struct rds_anchor *b)
{
    int order;

    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    if ((order = strcmp(a->region, b->region)) != 0)
        return order;
    return (int)a->stage - (int)b->stage;
}

static int compare_by_group(const void *a, const void *b)
{
    return compare_groups(((const struct rds_entry *)a)->anchor,
                          ((const struct rds_entry *)b)->anchor);
}

static int compare_entries(const void *a, const void *b)
{
    return rds_anchor_compare(((const struct rds_entry *)a)->anchor,
                              ((const struct rds_entry *)b)->anchor);
}

static bool current_builtin(const struct rds_entry *entry)
{
    return entry->bundle == NULL &&
           !rds_anchor_retired(entry->anchor, rds_builtin_date);
}

/* Of two bundles that speak for a region: the newer, else the regional one. */
static const struct rds_bundle *better(const struct rds_bundle *a,
                                       const struct rds_bundle *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (a->confirmed != b->confirmed)
        return a->confirmed > b->confirmed ? a : b;
    return a->name.region[0] != '\0' ? a : b;
}

/* A built-in anchor stays if it is retired, or if no bundle replaces it. */
static bool keeps_builtin(const struct rds_entry *entry,
                          const struct rds_bundle *best)
{
    return best == NULL || !current_builtin(entry);
}

/*
 * Of bundles the best counts.  Roots without a region come from every bundle:
 * each is there for its own regions.
 */
static bool keeps_bundle(const struct rds_entry *entry,
                         const struct rds_bundle *best)
{
    return best != NULL &&
           (entry->bundle == best || entry->anchor->region[0] == '\0');
}

/* Keeps of one group what counts, in place; returns how many. */
static size_t settle_group(const struct rds_entry *group, size_t count,
                           struct rds_entry *out)
{
    const struct rds_bundle *best = NULL;
    bool builtin = false;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        best = better(best, group[i].bundle);
        builtin |= current_builtin(&group[i]);
    }
    if (builtin && best != NULL && best->confirmed < rds_builtin_date)
        best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct rds_entry entry = group[i];

        if (entry.bundle == NULL ? keeps_builtin(&entry, best)
                                 : keeps_bundle(&entry, best))
            out[kept++] = entry;
    }
    return kept;
}

static size_t settle(struct rds_entry *entries, size_t count)
{
    size_t kept = 0, next;

    qsort(entries, count, sizeof(entries[0]), compare_by_group);
    for (size_t i = 0; i < count; i = next) {
        next = i + 1;
        while (next < count &&
               compare_groups(entries[i].anchor, entries[next].anchor) == 0)
            next++;
        kept += settle_group(entries + i, next - i, entries + kept);
    }
    return kept;
}

/* Sorts for answers; each certificate once. */
static size_t sort_once(struct rds_entry *entries, size_t count)
{
    size_t kept = 0;

    qsort(entries, count, sizeof(entries[0]), compare_entries);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 ||
            memcmp(entries[kept - 1].anchor->sha256, entries[i].anchor->sha256,
                   RDS_SHA256_SIZE) != 0)
            entries[kept++] = entries[i];
    }
    return kept;
}

static bool distrusted(const struct rds_truststore *store, size_t count,
                       const unsigned char *sha256)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(store->distrust[i], sha256, RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

static void gather(struct rds_snapshot *snapshot,
                   const struct rds_anchor *anchors, size_t count,
                   const unsigned char *der, const struct rds_bundle *bundle)
{
    for (size_t i = 0; i < count; i++) {
        snapshot->entries[snapshot->view.count++] =
            (struct rds_entry){&anchors[i], der + anchors[i].der_at, bundle};
    }
}

/*
 * After it is settled what replaces what: distrusting all that a bundle holds
 * must not bring back what the bundle replaced.
 */
static size_t drop_distrusted(const struct rds_truststore *store,
                              const struct rds_snapshot *snapshot)
{
    struct rds_entry *entries = snapshot->entries;
    size_t kept = 0;

    for (size_t i = 0; i < snapshot->view.count; i++) {
        if (!distrusted(store, snapshot->distrust_count,
                        entries[i].anchor->sha256))
            entries[kept++] = entries[i];
    }
    return kept;
}

static bool merge(const struct rds_truststore *store,
                  struct rds_snapshot *snapshot)
{
    size_t room = rds_builtin_anchor_count + 1;

    for (size_t i = 0; i < snapshot->file_count; i++) {
        if (snapshot->files[i].bundle != NULL)
            room += snapshot->files[i].bundle->count;
    }
    snapshot->entries = calloc(room, sizeof(snapshot->entries[0]));
    if (snapshot->entries == NULL)
        return false;
    gather(snapshot, rds_builtin_anchors, rds_builtin_anchor_count,
           rds_builtin_der, NULL);
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const struct rds_bundle *bundle = snapshot->files[i].bundle;

        if (bundle != NULL)
            gather(snapshot, bundle->anchors, bundle->count, bundle->der,
                   bundle);
    }
    snapshot->view.count = settle(snapshot->entries, snapshot->view.count);
    snapshot->view.count = drop_distrusted(store, snapshot);
    snapshot->view.count = sort_once(snapshot->entries, snapshot->view.count);
    return true;
}

static void add_refusal(struct rds_snapshot *snapshot,
                        const struct rds_bundle_name *name, const char *text)
{
    struct rds_refusal *refusal =
        &snapshot->refusals[snapshot->view.refusal_count++];

    memcpy(refusal->file, name->file, sizeof(refusal->file));
    memcpy(refusal->region, name->region, sizeof(refusal->region));
    refusal->partition = name->partition;
    (void)snprintf(refusal->text, sizeof(refusal->text), "%s", text);
}

static bool collect_refusals(struct rds_snapshot *snapshot)
{
    static const struct rds_bundle_name any = {"", "", RDS_PARTITIONS};

    snapshot->refusals =
        calloc(snapshot->file_count + 1, sizeof(snapshot->refusals[0]));
    if (snapshot->refusals == NULL)
        return false;
    if (snapshot->directory_refusal != NULL)
        add_refusal(snapshot, &any, snapshot->directory_refusal);
    for (size_t i = 0; i < snapshot->file_count; i++) {
        if (snapshot->files[i].refusal != NULL)
            add_refusal(snapshot, &snapshot->files[i].name,
                        snapshot->files[i].refusal);
    }
    return true;
}

static void set_view(struct rds_snapshot *snapshot)
{
    struct rds_view *view = &snapshot->view;

    view->entries = snapshot->entries;
    view->regions = rds_builtin_regions;
    view->region_count = rds_builtin_region_count;
    view->pins = rds_builtin_pins;
    view->pin_count = rds_builtin_pin_count;
    view->combined = rds_builtin_combined;
    view->combined_count = rds_builtin_combined_count;
    view->refusals = snapshot->refusals;
    view->set_date = rds_builtin_date;
}

static struct rds_snapshot *build(const struct rds_truststore *store,
                                  const struct rds_snapshot *previous,
                                  struct rds_error *err)
{
    struct rds_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL) {
        (void)no_memory(err);
        return NULL;
    }
    snapshot->users = 1;
    snapshot->directory.settled = true;
    snapshot->distrust_count = atomic_load(&store->distrust_count);
    if (!look_at_directory(store, snapshot, previous, err))
        goto failed;
    if (!merge(store, snapshot) || !collect_refusals(snapshot)) {
        (void)no_memory(err);
        goto failed;
    }
    set_view(snapshot);
    return snapshot;
failed:
    free_snapshot(snapshot);
    return NULL;
}

/* ---- the trust store ---------------------------------------------------- */

/* Makes `fresh` the current one, unless somebody else was faster. */
static void publish(struct rds_truststore *store,
                    const struct rds_snapshot *previous,
                    struct rds_snapshot *fresh)
{
    struct rds_snapshot *replaced = NULL;

    rds_guard_lock();
    if (store->current == previous) {
        replaced = store->current;
        store->current = fresh;
        fresh->users++;
    }
    rds_guard_unlock();
    rds_snapshot_release(replaced);
}

const struct rds_snapshot *
rds_truststore_snapshot(struct rds_truststore *store, struct rds_error *err)
{
    struct rds_snapshot *previous, *fresh;

    rds_guard_lock();
    previous = store->current;
    if (previous != NULL)
        previous->users++;
    rds_guard_unlock();
    if (previous != NULL && unchanged(store, previous))
        return previous;
    fresh = build(store, previous, err);
    if (fresh == NULL)
        return previous; /* the last good one; NULL where there is none */
    publish(store, previous, fresh);
    rds_snapshot_release(previous);
    return fresh;
}

/* Adds what is not there yet; returns whether all had room.  Guarded. */
static bool add_distrust(struct rds_truststore *store,
                         const unsigned char (*distrust)[RDS_SHA256_SIZE],
                         size_t count)
{
    size_t have = atomic_load(&store->distrust_count);

    for (size_t i = 0; i < count; i++) {
        if (distrusted(store, have, distrust[i]))
            continue;
        if (have == RDS_DISTRUST_MAX)
            return false;
        memcpy(store->distrust[have++], distrust[i], RDS_SHA256_SIZE);
    }
    atomic_store(&store->distrust_count, have);
    return true;
}

bool rds_truststore_distrust(struct rds_truststore *store,
                             const unsigned char (*distrust)[RDS_SHA256_SIZE],
                             size_t count, struct rds_error *err)
{
    bool good;

    rds_guard_lock();
    good = add_distrust(store, distrust, count);
    rds_guard_unlock();
    return good || rds_fail(err, RDS_R_BAD_CONFIGURATION,
                            "rds-distrust: more than %d fingerprints",
                            RDS_DISTRUST_MAX);
}

struct rds_truststore *
rds_truststore_new(const struct rds_libcrypto *lc,
                   const struct rds_truststore_options *options,
                   struct rds_error *err)
{
    struct rds_truststore *store = calloc(1, sizeof(*store));

    rds_guard_start();
    if (store == NULL)
        goto failed;
    store->lc = lc;
    store->report = options->report;
    store->report_arg = options->report_arg;
    if (!rds_truststore_distrust(store, options->distrust,
                                 options->distrust_count, err))
        goto refused;
    if (options->directory != NULL) {
        store->directory = strdup(options->directory);
        if (store->directory == NULL)
            goto failed;
    }
    return store;
failed:
    (void)no_memory(err);
refused:
    rds_truststore_free(store);
    return NULL;
}

void rds_truststore_free(struct rds_truststore *store)
{
    if (store == NULL)
        return;
    rds_snapshot_release(store->current);
    free(store->directory);
    free(store);
}
