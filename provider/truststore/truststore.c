/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust store: built-in anchors and the bundles of a directory, as
 * immutable snapshots.  Refuses to let a stale bundle hide a newer package,
 * or a damaged one take away what was there before.
 */

#include "rds/truststore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle_cache.h"
#include "rds/builtin.h"
#include "rds/guard.h"

struct rds_snapshot {
    unsigned users;        /* under the guard */
    uint64_t look;         /* which look at the directory made it */
    size_t distrust_count; /* entries that were taken into account */
    struct rds_view view;
    struct rds_entry *entries;
    struct rds_folder bundles;
    struct rds_folder retired; /* files of rds/legacy.h */
    bool retired_there;        /* something of that name is in the directory */
    struct rds_refusal *refusals;
    struct rds_bound *bounds;
    struct rds_answers answers; /* kept for whoever asks again */
};

struct rds_truststore {
    struct rds_reader reader;
    char *directory;              /* or NULL */
    char *retired;                /* the one of retired files in it, or NULL */
    struct rds_snapshot *current; /* under the guard */
    uint64_t looks;               /* that have begun; under the guard */
    /* Entries are added under the guard and never change after; those beyond
     * the count are not even cleared: most processes need no page for them. */
    _Atomic size_t distrust_count;
    unsigned char distrust[RDS_DISTRUST_MAX][RDS_SHA256_SIZE];
};

/* ---- counting users ---------------------------------------------------- */

static void free_snapshot(struct rds_snapshot *snapshot)
{
    rds_folder_clear(&snapshot->bundles);
    rds_folder_clear(&snapshot->retired);
    rds_answers_clear(&snapshot->answers);
    free(snapshot->refusals);
    free(snapshot->bounds);
    free(snapshot->entries);
    free(snapshot);
}

void rds_snapshot_release(const struct rds_snapshot *snapshot)
{
    struct rds_snapshot *mine = (struct rds_snapshot *)snapshot;
    if (mine != NULL && rds_guard_leave(&mine->users))
        free_snapshot(mine);
}

const struct rds_view *rds_snapshot_view(const struct rds_snapshot *snapshot)
{
    return &snapshot->view;
}

const struct rds_answer *
rds_snapshot_answer(const struct rds_snapshot *snapshot, const char *text,
                    const struct rds_uri *uri, int64_t now,
                    struct rds_error *err)
{
    struct rds_snapshot *mine = (struct rds_snapshot *)snapshot;

    return rds_answer_get(&mine->answers, &mine->view, text, uri, now, err);
}

/* ---- reading the directory --------------------------------------------- */

static bool no_memory(struct rds_error *err)
{
    return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
}

/* What an operator may wonder about. */
static void report_oddities(const struct rds_truststore *store,
                            const struct rds_folder *folder, int fd)
{
    char line[RDS_ERROR_TEXT], day[RDS_DATE_MAX], built[RDS_DATE_MAX];

    if (faccessat(fd, "global-bundle.pem", F_OK, 0) == 0)
        rds_reader_report(&store->reader, "global-bundle.pem: not read; name "
                                          "it aws-global-bundle.pem");
    for (size_t i = 0; i < folder->count; i++) {
        const struct rds_bundle *bundle = folder->files[i].bundle;

        if (bundle == NULL || bundle->confirmed >= rds_builtin_date)
            continue;
        (void)snprintf(line, sizeof(line),
                       "%s: of %s, older than the built-in set of %s, which "
                       "holds for the regions that it has",
                       bundle->name.file,
                       rds_date_write(day, bundle->confirmed),
                       rds_date_write(built, rds_builtin_date));
        rds_reader_report(&store->reader, line);
    }
}

/*
 * The names of the table that stand in the directory, whatever they are.
 * Nothing is listed: no other name counts.
 */
static size_t find_retired(int fd,
                           struct rds_bundle_name names[RDS_LEGACY_FILES])
{
    struct stat st;
    size_t count = 0;

    for (size_t i = 0; i < RDS_LEGACY_FILES; i++) {
        if (fstatat(fd, rds_legacy_files[i].file, &st, AT_SYMLINK_NOFOLLOW) ==
                0 ||
            errno != ENOENT)
            rds_bundle_name_retired(&rds_legacy_files[i], &names[count++]);
    }
    return count;
}

/*
 * Where it is gone, so are its files.  `fd` is the bundle directory; by its
 * path one could come into another, or find none.
 */
static bool look_at_retired(const struct rds_truststore *store,
                            struct rds_snapshot *snapshot, int fd,
                            const struct rds_folder *before)
{
    struct rds_bundle_name names[RDS_LEGACY_FILES];
    struct rds_folder *folder = &snapshot->retired;
    struct rds_error why;
    struct stat st;
    bool absent, good;
    int inner;

    /* Its coming changes the bundle directory, so nobody looks for it. */
    snapshot->retired_there =
        fstatat(fd, RDS_RETIRED, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
        errno != ENOENT;
    if (!snapshot->retired_there)
        return true;
    inner = rds_directory_open_in(fd, RDS_RETIRED, store->retired,
                                  &folder->identity, &absent, &why);
    if (absent)
        return true;
    if (inner < 0)
        return rds_folder_keep(&store->reader, folder, before, &why);
    good = rds_folder_read(&store->reader, folder, inner, names,
                           find_retired(inner, names), before);
    (void)close(inner);
    return good;
}

static bool look_at_files(const struct rds_truststore *store,
                          struct rds_snapshot *snapshot, int fd,
                          const struct rds_snapshot *previous)
{
    const struct rds_folder *before = &previous->bundles;
    struct rds_folder *folder = &snapshot->bundles;
    struct rds_bundle_name *names;
    struct rds_error why;
    size_t count;
    bool good, more;

    if (!rds_directory_list(fd, &names, &count, &more, &why))
        return rds_folder_keep(&store->reader, folder, before, &why) &&
               rds_folder_carry(&snapshot->retired, &previous->retired);
    if (more)
        rds_reader_report(&store->reader,
                          "more bundle files than are read; use one global "
                          "file for each partition");
    good = rds_folder_read(&store->reader, folder, fd, names, count, before);
    free(names);
    if (good)
        report_oddities(store, folder, fd);
    return good && look_at_retired(store, snapshot, fd, &previous->retired);
}

static bool look_at_directory(const struct rds_truststore *store,
                              struct rds_snapshot *snapshot,
                              const struct rds_snapshot *previous)
{
    char quoted[RDS_QUOTE_MAX];
    struct rds_error why;
    bool absent, good;
    int fd;

    if (store->directory == NULL)
        return true;
    fd = rds_directory_open(store->directory, &snapshot->bundles.identity,
                            &absent, &why);
    if (absent && previous->bundles.count + previous->retired.count == 0)
        return true;
    if (absent)
        (void)rds_fail(
            &why, RDS_R_BAD_BUNDLE,
            "%s: is gone (a chroot?); its last content stays in "
            "use",
            rds_quote(quoted, store->directory, strlen(store->directory)));
    if (fd < 0)
        return rds_folder_keep(&store->reader, &snapshot->bundles,
                               &previous->bundles, &why) &&
               rds_folder_carry(&snapshot->retired, &previous->retired);
    good = look_at_files(store, snapshot, fd, previous);
    (void)close(fd);
    return good;
}

/* Whether everything on disk is as the snapshot saw it. */
static bool unchanged(const struct rds_truststore *store,
                      const struct rds_snapshot *snapshot)
{
    if (snapshot->distrust_count != atomic_load(&store->distrust_count))
        return false;
    if (store->directory == NULL)
        return true;
    if (!rds_folder_unchanged(&snapshot->bundles, store->directory))
        return false;
    return snapshot->bundles.refusal != NULL || !snapshot->retired_there ||
           rds_folder_unchanged(&snapshot->retired, store->retired);
}

/* ---- merging ------------------------------------------------------------ */

/* Entries that replace each other: those of a place, stage by stage. */
static bool same_place(const struct rds_anchor *a, const struct rds_anchor *b)
{
    return a->family == b->family && a->partition == b->partition &&
           strcmp(a->region, b->region) == 0;
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

/* Keeps of one place what counts, in place; returns how many. */
static size_t settle_place(const struct rds_entry *place, size_t count,
                           struct rds_entry *out)
{
    const struct rds_bundle *best[RDS_STAGES] = {NULL};
    bool builtin[RDS_STAGES] = {false};
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t stage = place[i].anchor->stage;

        best[stage] = better(best[stage], place[i].bundle);
        builtin[stage] |= current_builtin(&place[i]);
    }
    for (size_t i = 0; i < RDS_STAGES; i++) {
        if (builtin[i] && best[i] != NULL &&
            best[i]->confirmed < rds_builtin_date)
            best[i] = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct rds_entry entry = place[i];
        const struct rds_bundle *holds = best[entry.anchor->stage];

        if (entry.bundle == NULL ? keeps_builtin(&entry, holds)
                                 : keeps_bundle(&entry, holds))
            out[kept++] = entry;
    }
    return kept;
}

/* Of sorted entries, so that those of a place stand together. */
static size_t settle(struct rds_entry *entries, size_t count)
{
    size_t kept = 0, next;

    for (size_t i = 0; i < count; i = next) {
        next = i + 1;
        while (next < count &&
               same_place(entries[i].anchor, entries[next].anchor))
            next++;
        kept += settle_place(entries + i, next - i, entries + kept);
    }
    return kept;
}

/* Each certificate once: equal ones stand together. */
static size_t keep_once(struct rds_entry *entries, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept == 0 ||
            memcmp(entries[kept - 1].anchor->sha256, entries[i].anchor->sha256,
                   RDS_SHA256_SIZE) != 0)
            entries[kept++] = entries[i];
    }
    return kept;
}

/* Whether the entry is a root that any region could claim, but for its file.
 */
static bool needs_bound(const struct rds_entry *entry)
{
    return entry->anchor->family == RDS_FAMILY_RDS &&
           entry->anchor->region[0] == '\0' && entry->bundle != NULL &&
           entry->bundle->name.region[0] != '\0';
}

/* The first entry of another certificate; equal ones stand together. */
static size_t skip_equal(const struct rds_entry *entries, size_t count,
                         size_t i)
{
    size_t next = i + 1;

    while (next < count &&
           memcmp(entries[next].anchor->sha256, entries[i].anchor->sha256,
                  RDS_SHA256_SIZE) == 0)
        next++;
    return next;
}

/*
 * Notes the regions of roots that nothing but regional files hold, before
 * each certificate is kept once and only one of its files is known.
 */
static bool set_bounds(struct rds_snapshot *snapshot)
{
    const struct rds_entry *entries = snapshot->entries;
    size_t count = snapshot->view.count, room = 0, next;

    for (size_t i = 0; i < count; i++)
        room += needs_bound(&entries[i]);
    snapshot->bounds = calloc(room + 1, sizeof(snapshot->bounds[0]));
    if (snapshot->bounds == NULL)
        return false;
    for (size_t i = 0; i < count; i = next) {
        size_t bound = i;

        next = skip_equal(entries, count, i);
        while (bound < next && needs_bound(&entries[bound]))
            bound++;
        for (size_t j = i; bound == next && j < next; j++)
            snapshot->bounds[snapshot->view.bound_count++] =
                (struct rds_bound){entries[j].anchor,
                                   entries[j].bundle->name.region};
    }
    return true;
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

/* The anchors of the bundles, sorted; returns how many. */
static size_t gather_bundles(const struct rds_snapshot *snapshot,
                             struct rds_entry *out)
{
    size_t count = 0;

    for (size_t i = 0; i < snapshot->bundles.count; i++) {
        const struct rds_bundle *bundle = snapshot->bundles.files[i].bundle;

        for (size_t j = 0; bundle != NULL && j < bundle->count; j++)
            out[count++] = (struct rds_entry){
                &bundle->anchors[j], bundle->der + bundle->anchors[j].der_at,
                bundle};
    }
    qsort(out, count, sizeof(out[0]), compare_entries);
    return count;
}

/*
 * Adds the built-in anchors, which are sorted, to those of the bundles, which
 * stand behind the room for them.  What is written never overtakes what is
 * still to be read; what is left at the end is in its place.
 */
static void add_builtin(struct rds_entry *entries, size_t bundle_count)
{
    const struct rds_entry *next = entries + rds_builtin_anchor_count;
    const struct rds_entry *end = next + bundle_count;

    for (size_t i = 0; i < rds_builtin_anchor_count;) {
        const struct rds_anchor *anchor = &rds_builtin_anchors[i];

        if (next < end && rds_anchor_compare(next->anchor, anchor) < 0) {
            *entries++ = *next++;
            continue;
        }
        *entries++ =
            (struct rds_entry){anchor, rds_builtin_der + anchor->der_at, NULL};
        i++;
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

/* Retired files stand behind, each in its own order. */
static void add_retired(const struct rds_truststore *store,
                        struct rds_snapshot *snapshot,
                        const struct rds_file_state *state)
{
    const struct rds_bundle *bundle = state->bundle;
    struct rds_view *view = &snapshot->view;
    struct rds_retired *retired =
        &view->retired[state->name.legacy - rds_legacy_files];

    retired->refusal = state->refusal;
    retired->present = bundle != NULL;
    retired->first = view->count + view->retired_count;
    for (size_t i = 0; bundle != NULL && i < bundle->count; i++) {
        const struct rds_anchor *anchor = &bundle->anchors[i];

        if (distrusted(store, snapshot->distrust_count, anchor->sha256))
            continue;
        snapshot->entries[retired->first + retired->count++] =
            (struct rds_entry){anchor, bundle->der + anchor->der_at, bundle};
    }
    view->retired_count += retired->count;
}

static bool merge(const struct rds_truststore *store,
                  struct rds_snapshot *snapshot)
{
    size_t room = rds_builtin_anchor_count +
                  rds_folder_anchors(&snapshot->bundles) +
                  rds_folder_anchors(&snapshot->retired) + 1;
    size_t count;

    snapshot->entries = calloc(room, sizeof(snapshot->entries[0]));
    if (snapshot->entries == NULL)
        return false;
    count =
        gather_bundles(snapshot, snapshot->entries + rds_builtin_anchor_count);
    add_builtin(snapshot->entries, count);
    snapshot->view.count =
        settle(snapshot->entries, rds_builtin_anchor_count + count);
    snapshot->view.count = drop_distrusted(store, snapshot);
    if (!set_bounds(snapshot))
        return false;
    snapshot->view.count = keep_once(snapshot->entries, snapshot->view.count);
    for (size_t i = 0; i < snapshot->retired.count; i++)
        add_retired(store, snapshot, &snapshot->retired.files[i]);
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
    static const struct rds_bundle_name any = {"", "", RDS_PARTITIONS, NULL};
    const struct rds_folder *folder = &snapshot->bundles;

    snapshot->refusals =
        calloc(folder->count + 1, sizeof(snapshot->refusals[0]));
    if (snapshot->refusals == NULL)
        return false;
    if (folder->refusal != NULL)
        add_refusal(snapshot, &any, folder->refusal);
    for (size_t i = 0; i < folder->count; i++) {
        if (folder->files[i].refusal != NULL)
            add_refusal(snapshot, &folder->files[i].name,
                        folder->files[i].refusal);
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
    view->bounds = snapshot->bounds;
    view->refusals = snapshot->refusals;
    view->retired_refusal = snapshot->retired.refusal != NULL
                                ? snapshot->retired.refusal
                                : snapshot->bundles.refusal;
    view->set_date = rds_builtin_date;
}

static struct rds_snapshot *build(const struct rds_truststore *store,
                                  const struct rds_snapshot *previous,
                                  struct rds_error *err)
{
    static const struct rds_snapshot nothing;
    struct rds_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL)
        goto failed;
    snapshot->users = 1;
    snapshot->bundles.identity.settled = true;
    snapshot->distrust_count = atomic_load(&store->distrust_count);
    if (!look_at_directory(store, snapshot,
                           previous != NULL ? previous : &nothing) ||
        !merge(store, snapshot) || !collect_refusals(snapshot))
        goto failed;
    set_view(snapshot);
    return snapshot;
failed:
    (void)no_memory(err);
    if (snapshot != NULL)
        free_snapshot(snapshot);
    return NULL;
}

/* ---- the trust store ---------------------------------------------------- */

/* Begins a look: its number, and a share of what is current, or NULL. */
static struct rds_snapshot *begin_look(struct rds_truststore *store,
                                       uint64_t *look)
{
    struct rds_snapshot *current;

    rds_guard_lock();
    *look = ++store->looks;
    current = store->current;
    if (current != NULL)
        current->users++;
    rds_guard_unlock();
    return current;
}

/* Makes `fresh` the current one, unless somebody else was faster. */
static bool publish(struct rds_truststore *store,
                    const struct rds_snapshot *previous,
                    struct rds_snapshot *fresh, uint64_t look)
{
    struct rds_snapshot *replaced = NULL;
    bool first;

    fresh->look = look;
    rds_guard_lock();
    first = store->current == previous;
    if (first) {
        replaced = store->current;
        store->current = fresh;
        fresh->users++;
    }
    rds_guard_unlock();
    rds_snapshot_release(replaced);
    return first;
}

/*
 * Who was not the first to publish has built on last good contents that may
 * be outdated, and has seen what the current one may lack: both are put right
 * by looking once more, unless the current one was begun later than this
 * call.  Else a file that is damaged next would bring back what it held before
 * its last good content.
 */
const struct rds_snapshot *
rds_truststore_snapshot(struct rds_truststore *store, struct rds_error *err)
{
    struct rds_snapshot *previous, *fresh;
    uint64_t began = 0, look;
    bool published;

    for (;;) {
        previous = begin_look(store, &look);
        if (began == 0)
            began = look;
        if (previous != NULL &&
            (previous->look > began || unchanged(store, previous)))
            return previous;
        fresh = build(store, previous, err);
        published = fresh != NULL && publish(store, previous, fresh, look);
        rds_snapshot_release(previous);
        if (fresh == NULL || published)
            return fresh;
        rds_snapshot_release(fresh);
    }
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
    struct rds_truststore *store = malloc(sizeof(*store));

    rds_guard_start();
    if (store == NULL)
        goto failed;
    memset(store, 0, offsetof(struct rds_truststore, distrust));
    store->reader = (struct rds_reader){.lc = lc,
                                        .unproven = options->unproven,
                                        .report = options->report,
                                        .report_arg = options->report_arg};
    if (!rds_truststore_distrust(store, options->distrust,
                                 options->distrust_count, err))
        goto refused;
    if (options->directory != NULL) {
        store->directory = strdup(options->directory);
        if (asprintf(&store->retired, "%s/" RDS_RETIRED, options->directory) <
            0)
            store->retired = NULL;
        if (store->directory == NULL || store->retired == NULL)
            goto failed;
        store->reader.directory = store->directory;
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
    free(store->retired);
    free(store);
}
