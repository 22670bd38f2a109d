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
#include <time.h>
#include <unistd.h>

#include "bundle_cache.h"
#include "rds/builtin.h"
#include "rds/guard.h"
#include "rds/shortfall.h"

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
    struct rds_shortfalls shortfalls;
    int64_t from, until; /* when bundles replace as they do in it */
    struct rds_bound *bounds;
    struct rds_answers answers; /* kept for whoever asks again */
};

struct rds_truststore {
    struct rds_reader reader;
    rds_report_fn *note;          /* or NULL */
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
    free(snapshot->shortfalls.list);
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
                            const struct rds_folder *before,
                            struct rds_allowance *allowance)
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
                           find_retired(inner, names), before, allowance);
    (void)close(inner);
    return good;
}

static void report_more(const struct rds_truststore *store, const char *last)
{
    char line[RDS_ERROR_TEXT];

    (void)snprintf(line, sizeof(line),
                   "more than %d bundle files: those after %s by name are not "
                   "read; use one global file for each partition",
                   RDS_DIRECTORY_FILES_MAX, last);
    rds_reader_report(&store->reader, line);
}

static bool look_at_files(const struct rds_truststore *store,
                          struct rds_snapshot *snapshot, int fd,
                          const struct rds_snapshot *previous)
{
    const struct rds_folder *before = &previous->bundles;
    struct rds_folder *folder = &snapshot->bundles;
    struct rds_allowance allowance = {RDS_DIRECTORY_BYTES_MAX, false};
    struct rds_bundle_name *names;
    struct rds_error why;
    size_t count;
    bool good, more;

    if (!rds_directory_list(fd, &names, &count, &more, &why))
        return rds_folder_keep(&store->reader, folder, before, &why) &&
               rds_folder_carry(&snapshot->retired, &previous->retired);
    if (more)
        report_more(store, names[count - 1].file);
    good = rds_folder_read(&store->reader, folder, fd, names, count, before,
                           &allowance);
    free(names);
    if (good)
        report_oddities(store, folder, fd);
    return good && look_at_retired(store, snapshot, fd, &previous->retired,
                                   &allowance);
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

/* Whether everything on disk is as the snapshot saw it, and counts the same.
 */
static bool unchanged(const struct rds_truststore *store,
                      const struct rds_snapshot *snapshot)
{
    int64_t now;

    if (snapshot->distrust_count != atomic_load(&store->distrust_count))
        return false;
    if (store->directory == NULL)
        return true;
    now = (int64_t)time(NULL);
    if (now < snapshot->from || now >= snapshot->until)
        return false;
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
static const struct rds_bundle *newer(const struct rds_bundle *a,
                                      const struct rds_bundle *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (a->confirmed != b->confirmed)
        return a->confirmed > b->confirmed ? a : b;
    return a->name.region[0] != '\0' ? a : b;
}

/* What a source can do for a region. */
enum weight {
    WEIGHT_NONE, /* nothing of it is valid */
    WEIGHT_INTERMEDIATE,
    WEIGHT_ROOT
};

/* Whether its bundle has the valid root without a region that issued it. */
static bool brings_issuer(const struct rds_entry *entry, int64_t now)
{
    const struct rds_bundle *bundle = entry->bundle;

    for (size_t i = 0; bundle != NULL && i < bundle->count; i++) {
        const struct rds_anchor *root = &bundle->anchors[i];

        if (root->role == RDS_ROLE_ROOT && root->region[0] == '\0' &&
            rds_anchor_in_force(root, now) &&
            rds_entry_issued_by(
                entry,
                &(struct rds_entry){root, bundle->der + root->der_at, bundle}))
            return true;
    }
    return false;
}

/* An intermediate weighs as much as the root that comes with it. */
static enum weight weigh(const struct rds_entry *entry, int64_t now)
{
    const struct rds_anchor *anchor = entry->anchor;

    if (!rds_anchor_in_force(anchor, now))
        return WEIGHT_NONE;
    return anchor->role == RDS_ROLE_ROOT || brings_issuer(entry, now)
               ? WEIGHT_ROOT
               : WEIGHT_INTERMEDIATE;
}

/* Only what is valid replaces what is valid; no other code sees to that. */
static bool outweighs(enum weight a, enum weight b)
{
    return a > b;
}

/* What speaks for one stage of a place. */
struct claims {
    bool current; /* the built-in set has current anchors, of this weight */
    enum weight builtin;
    const struct rds_bundle *newest; /* by its date alone, or NULL */
    const struct rds_bundle *best;   /* what counts, or NULL: built in */
    enum weight best_weight;
};

static void claim_bundle(struct claims *claims,
                         const struct rds_bundle *bundle, enum weight weight)
{
    if (claims->current && bundle->confirmed < rds_builtin_date)
        return;
    claims->newest = newer(claims->newest, bundle);
    if (outweighs(claims->best_weight, weight))
        return;
    claims->best = outweighs(weight, claims->best_weight)
                       ? bundle
                       : newer(claims->best, bundle);
    claims->best_weight = weight;
}

/* Within this time nothing that counted becomes valid or expires. */
static void hold_while_valid(struct rds_snapshot *snapshot,
                             const struct rds_anchor *anchor, int64_t now)
{
    const int64_t changes[] = {
        anchor->not_before,
        anchor->not_after < INT64_MAX ? anchor->not_after + 1 : INT64_MAX};

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (changes[i] <= now && changes[i] > snapshot->from)
            snapshot->from = changes[i];
        else if (changes[i] > now && changes[i] < snapshot->until)
            snapshot->until = changes[i];
    }
}

static void gather_claims(const struct rds_entry *place, size_t count,
                          int64_t now, struct rds_snapshot *snapshot,
                          struct claims claims[RDS_STAGES])
{
    memset(claims, 0, RDS_STAGES * sizeof(claims[0]));
    for (size_t i = 0; i < count; i++) {
        struct claims *own = &claims[place[i].anchor->stage];
        enum weight weight = weigh(&place[i], now);

        hold_while_valid(snapshot, place[i].anchor, now);
        if (!current_builtin(&place[i]))
            continue;
        own->current = true;
        if (weight > own->builtin)
            own->builtin = weight;
    }
    for (size_t i = 0; i < count; i++) {
        if (place[i].bundle != NULL)
            claim_bundle(&claims[place[i].anchor->stage], place[i].bundle,
                         weigh(&place[i], now));
    }
    for (size_t i = 0; i < RDS_STAGES; i++) {
        if (outweighs(claims[i].builtin, claims[i].best_weight))
            claims[i].best = NULL;
    }
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

/* Whether what counts of a place has a valid root of the same CA. */
static bool has_ca(const struct rds_entry *place, size_t count,
                   const struct rds_bundle *best,
                   const struct rds_anchor *wanted, int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        const struct rds_anchor *anchor = place[i].anchor;

        if (place[i].bundle != NULL && keeps_bundle(&place[i], best) &&
            anchor->stage == wanted->stage &&
            weigh(&place[i], now) == WEIGHT_ROOT &&
            strcmp(anchor->ca, wanted->ca) == 0)
            return true;
    }
    return false;
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

/* Notes what the bundles of a place lack. */
static void compare_place(const struct rds_truststore *store,
                          struct rds_snapshot *snapshot,
                          const struct rds_entry *place, size_t count,
                          const struct claims claims[RDS_STAGES], int64_t now)
{
    bool told[RDS_STAGES] = {false};

    for (size_t i = 0; i < count; i++) {
        const struct rds_anchor *anchor = place[i].anchor;
        const struct claims *own = &claims[anchor->stage];

        if (own->newest != own->best && !told[anchor->stage]) {
            rds_shortfalls_add(&snapshot->shortfalls, own->newest,
                               RDS_LACK_VALID, anchor);
            told[anchor->stage] = true;
        }
        if (own->best != NULL && current_builtin(&place[i]) &&
            weigh(&place[i], now) == WEIGHT_ROOT &&
            !distrusted(store, snapshot->distrust_count, anchor->sha256) &&
            !has_ca(place, count, own->best, anchor, now))
            rds_shortfalls_add(&snapshot->shortfalls, own->best, RDS_LACK_CA,
                               anchor);
    }
}

/* Keeps of one place what counts, in place; returns how many. */
static size_t settle_place(const struct rds_truststore *store,
                           struct rds_snapshot *snapshot,
                           const struct rds_entry *place, size_t count,
                           int64_t now, struct rds_entry *out)
{
    struct claims claims[RDS_STAGES];
    size_t kept = 0;

    gather_claims(place, count, now, snapshot, claims);
    compare_place(store, snapshot, place, count, claims, now);
    for (size_t i = 0; i < count; i++) {
        struct rds_entry entry = place[i];
        const struct rds_bundle *best = claims[entry.anchor->stage].best;

        if (entry.bundle == NULL ? keeps_builtin(&entry, best)
                                 : keeps_bundle(&entry, best))
            out[kept++] = entry;
    }
    return kept;
}

/* Of sorted entries, so that those of a place stand together. */
static size_t settle(const struct rds_truststore *store,
                     struct rds_snapshot *snapshot, size_t count)
{
    struct rds_entry *entries = snapshot->entries;
    int64_t now = (int64_t)time(NULL);
    size_t kept = 0, next;

    for (size_t i = 0; i < count; i = next) {
        bool bundled = entries[i].bundle != NULL;

        for (next = i + 1; next < count &&
                           same_place(entries[i].anchor, entries[next].anchor);
             next++)
            bundled |= entries[next].bundle != NULL;
        if (bundled) {
            kept += settle_place(store, snapshot, entries + i, next - i, now,
                                 entries + kept);
            continue;
        }
        memmove(entries + kept, entries + i, (next - i) * sizeof(entries[0]));
        kept += next - i;
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

/* An entry by its subject. */
struct named {
    unsigned long long key;
    size_t place;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void report_names(const struct rds_truststore *store,
                         const struct rds_entry *entry)
{
    char line[RDS_ERROR_TEXT];

    (void)snprintf(line, sizeof(line),
                   "%s: more than %d certificates with the name of %s in all "
                   "files; the others are not used",
                   entry->bundle != NULL ? entry->bundle->name.file
                                         : "the built-in set",
                   RDS_SAME_NAME_MAX, entry->anchor->alias);
    rds_reader_report(&store->reader, line);
}

/*
 * No file has more certificates of a name than RDS_SAME_NAME_MAX; neither may
 * all files together.  Marks the others by having no anchor.
 */
static void mark_names(const struct rds_truststore *store,
                       struct rds_entry *entries, struct named *named,
                       size_t count)
{
    bool told = false;
    size_t same = 0;

    for (size_t i = 0; i < count; i++)
        named[i] = (struct named){entries[i].anchor->subject_key, i};
    qsort(named, count, sizeof(named[0]), compare_named);
    for (size_t i = 0; i < count; i++) {
        same = i != 0 && named[i].key == named[i - 1].key ? same + 1 : 1;
        if (same <= RDS_SAME_NAME_MAX)
            continue;
        if (!told)
            report_names(store, &entries[named[i].place]);
        told = true;
        entries[named[i].place].anchor = NULL;
    }
}

static bool bound_names(const struct rds_truststore *store,
                        struct rds_snapshot *snapshot)
{
    size_t count = snapshot->view.count, kept = 0;
    struct rds_entry *entries = snapshot->entries;
    struct named *named;

    if (rds_folder_anchors(&snapshot->bundles) <= RDS_SAME_NAME_MAX)
        return true;
    named = calloc(count + 1, sizeof(named[0]));
    if (named == NULL)
        return false;
    mark_names(store, entries, named, count);
    free(named);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].anchor != NULL)
            entries[kept++] = entries[i];
    }
    snapshot->view.count = kept;
    return true;
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
    snapshot->shortfalls.list = calloc(snapshot->bundles.count * RDS_LACKS + 1,
                                       sizeof(snapshot->shortfalls.list[0]));
    if (snapshot->entries == NULL || snapshot->shortfalls.list == NULL)
        return false;
    count =
        gather_bundles(snapshot, snapshot->entries + rds_builtin_anchor_count);
    add_builtin(snapshot->entries, count);
    snapshot->view.count =
        settle(store, snapshot, rds_builtin_anchor_count + count);
    snapshot->view.count = drop_distrusted(store, snapshot);
    if (!set_bounds(snapshot))
        return false;
    snapshot->view.count = keep_once(snapshot->entries, snapshot->view.count);
    if (!bound_names(store, snapshot))
        return false;
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

static bool was_told(const struct rds_snapshot *previous,
                     const struct rds_shortfall *shortfall)
{
    for (size_t i = 0; i < previous->shortfalls.count; i++) {
        const struct rds_shortfall *told = &previous->shortfalls.list[i];

        if (told->bundle == shortfall->bundle &&
            told->lack == shortfall->lack && told->count == shortfall->count &&
            strcmp(told->names, shortfall->names) == 0)
            return true;
    }
    return false;
}

/* Each once, as long as its file is unchanged. */
static void report_shortfalls(const struct rds_truststore *store,
                              const struct rds_snapshot *snapshot,
                              const struct rds_snapshot *previous)
{
    char line[RDS_ERROR_TEXT];

    for (size_t i = 0; i < snapshot->shortfalls.count; i++) {
        const struct rds_shortfall *shortfall = &snapshot->shortfalls.list[i];

        if (store->note != NULL && !was_told(previous, shortfall))
            store->note(store->reader.report_arg,
                        rds_shortfall_write(line, shortfall));
    }
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
    view->shortfalls = snapshot->shortfalls.list;
    view->shortfall_count = snapshot->shortfalls.count;
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

    if (previous == NULL)
        previous = &nothing;
    if (snapshot == NULL)
        goto failed;
    snapshot->users = 1;
    snapshot->from = INT64_MIN;
    snapshot->until = INT64_MAX;
    snapshot->bundles.identity.settled = true;
    snapshot->distrust_count = atomic_load(&store->distrust_count);
    if (!look_at_directory(store, snapshot, previous) ||
        !merge(store, snapshot) || !collect_refusals(snapshot))
        goto failed;
    report_shortfalls(store, snapshot, previous);
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
    store->note = options->note;
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
