/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundle files as they were seen last.  Refuses to let a damaged file take
 * away what was there before.
 */

#include "bundle_cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "rds/guard.h"

void rds_reader_report(const struct rds_reader *reader, const char *line)
{
    if (reader->report != NULL)
        reader->report(reader->report_arg, line);
}

/* ---- counting users ---------------------------------------------------- */

static struct rds_bundle *share_bundle(struct rds_bundle *bundle)
{
    if (bundle != NULL)
        rds_guard_share(&bundle->users);
    return bundle;
}

static void release_bundle(struct rds_bundle *bundle)
{
    if (bundle != NULL && rds_guard_leave(&bundle->users))
        rds_bundle_free(bundle);
}

void rds_folder_clear(struct rds_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        release_bundle(folder->files[i].bundle);
        free(folder->files[i].refusal);
        free(folder->files[i].path);
    }
    free(folder->files);
    free(folder->refusal);
}

/* ---- reading ----------------------------------------------------------- */

static const struct rds_file_state *find_file(const struct rds_folder *folder,
                                              const char *file)
{
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->files[i].name.file, file) == 0)
            return &folder->files[i];
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

/* Takes over what was known of the file. */
static bool carry_over(struct rds_file_state *state,
                       const struct rds_file_state *before)
{
    state->identity = before->identity;
    state->bundle = share_bundle(before->bundle);
    state->bytes = before->bytes;
    state->beyond = before->beyond;
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

/*
 * Notes why something cannot be read, which then keeps what it had, and
 * reports it unless that is known.  What may go well the next time, without a
 * change of the file, is tried again.  Memory that ends says nothing of the
 * file, and keeps nothing.
 */
static bool refuse(const struct rds_reader *reader,
                   const struct rds_error *why, bool known,
                   struct rds_identity *identity, char **refusal)
{
    if (why->reason == RDS_R_NO_MEMORY)
        return false;
    if (!known)
        rds_reader_report(reader, why->text);
    if (why->reason == RDS_R_TRANSIENT)
        identity->settled = false;
    *refusal = strdup(why->text);
    return *refusal != NULL;
}

/* Within its own directory a retired file has the last part of its path. */
static const char *name_in_folder(const struct rds_bundle_name *name)
{
    return name->legacy != NULL ? name->legacy->file : name->file;
}

/* Its bundle, or NULL. */
static struct rds_bundle *parse_file(const struct rds_reader *reader,
                                     const struct rds_folder *folder, int fd,
                                     struct rds_file_state *state,
                                     struct rds_error *why)
{
    struct rds_bundle *bundle = NULL;
    struct rds_error inner;
    void *bytes = NULL;
    size_t size = 0;

    if (rds_directory_read(fd, name_in_folder(&state->name), &folder->identity,
                           &state->identity, &bytes, &size, &inner))
        bundle = rds_bundle_parse(reader->lc, &state->name, !reader->unproven,
                                  confirmed_at(&state->identity), bytes, size,
                                  reader->report, reader->report_arg, why);
    else
        (void)rds_fail(why, inner.reason, "%s%s",
                       state->name.legacy != NULL ? RDS_RETIRED "/" : "",
                       inner.text);
    free(bytes);
    return bundle;
}

/* Reads a file anew; where that fails, keeps its last good content. */
static bool read_file(const struct rds_reader *reader,
                      const struct rds_folder *folder, int fd,
                      struct rds_file_state *state,
                      const struct rds_file_state *before)
{
    struct rds_error why;

    state->bundle = parse_file(reader, folder, fd, state, &why);
    state->bytes = state->identity.size;
    if (state->bundle != NULL)
        return true;
    if (before != NULL) {
        state->bundle = share_bundle(before->bundle);
        state->bytes = before->bytes;
    }
    return refuse(reader, &why, false, &state->identity, &state->refusal);
}

/* Whether the directory, as it is now, judges owners as it did before. */
static bool same_judge(const struct rds_folder *a, const struct rds_folder *b)
{
    return a->identity.owner == b->identity.owner &&
           a->identity.mode == b->identity.mode;
}

/*
 * What the file may cost: to be read, and to keep what was read of it before.
 * One that is refused unread costs nothing.
 */
static off_t cost(const struct rds_identity *now,
                  const struct rds_file_state *last)
{
    bool readable =
        now->present && S_ISREG(now->mode) && now->size <= RDS_BUNDLE_MAX;
    off_t size = readable ? now->size : 0;

    return last != NULL && last->bundle != NULL && last->bytes > size
               ? last->bytes
               : size;
}

static bool go_beyond(const struct rds_reader *reader,
                      struct rds_file_state *state,
                      const struct rds_identity *now,
                      const struct rds_file_state *last,
                      struct rds_allowance *allowance)
{
    bool known = allowance->told || (last != NULL && last->beyond);
    struct rds_error why;

    (void)rds_fail(&why, RDS_R_BAD_BUNDLE,
                   "%s: not read: with the files before it, there are more "
                   "than %d bytes of bundles",
                   state->name.file, RDS_DIRECTORY_BYTES_MAX);
    allowance->told = true;
    state->beyond = true;
    state->identity = *now;
    return refuse(reader, &why, known, &state->identity, &state->refusal);
}

static bool look_at_file(const struct rds_reader *reader,
                         struct rds_folder *out, int fd,
                         const struct rds_bundle_name *name,
                         const struct rds_folder *before,
                         struct rds_allowance *allowance)
{
    const struct rds_file_state *last = find_file(before, name->file);
    struct rds_file_state *state = &out->files[out->count++];
    struct rds_identity now;
    bool good;

    state->name = *name;
    state->path = join_path(reader->directory, name->file);
    if (state->path == NULL)
        return false;
    rds_identity_look(fd, name_in_folder(name), &now);
    if (cost(&now, last) > allowance->bytes)
        return go_beyond(reader, state, &now, last, allowance);
    if (last != NULL && !last->beyond &&
        rds_identity_unchanged(&last->identity, &now) &&
        same_judge(before, out))
        good = carry_over(state, last);
    else
        good = read_file(reader, out, fd, state, last);
    /* It may have grown since the look: then nothing more is read. */
    allowance->bytes -= cost(&state->identity, state);
    return good;
}

bool rds_folder_read(const struct rds_reader *reader, struct rds_folder *out,
                     int fd, const struct rds_bundle_name *names, size_t count,
                     const struct rds_folder *before,
                     struct rds_allowance *allowance)
{
    bool good;

    out->files = calloc(count + 1, sizeof(out->files[0]));
    good = out->files != NULL;
    for (size_t i = 0; good && i < count; i++)
        good = look_at_file(reader, out, fd, &names[i], before, allowance);
    return good;
}

/* ---- keeping ----------------------------------------------------------- */

static bool carry_files(struct rds_folder *out,
                        const struct rds_folder *before)
{
    out->files = calloc(before->count + 1, sizeof(out->files[0]));
    if (out->files == NULL)
        return false;
    for (size_t i = 0; i < before->count; i++) {
        struct rds_file_state *state = &out->files[out->count++];

        state->name = before->files[i].name;
        state->path = strdup(before->files[i].path);
        if (state->path == NULL || !carry_over(state, &before->files[i]))
            return false;
    }
    return true;
}

bool rds_folder_carry(struct rds_folder *out, const struct rds_folder *before)
{
    out->identity = before->identity;
    return carry_files(out, before);
}

bool rds_folder_keep(const struct rds_reader *reader, struct rds_folder *out,
                     const struct rds_folder *before,
                     const struct rds_error *why)
{
    bool known =
        before->refusal != NULL && strcmp(before->refusal, why->text) == 0;

    return refuse(reader, why, known, &out->identity, &out->refusal) &&
           carry_files(out, before);
}

/* ---- looking again ----------------------------------------------------- */

bool rds_folder_unchanged(const struct rds_folder *folder, const char *path)
{
    struct rds_identity now;

    rds_identity_look(AT_FDCWD, path, &now);
    if (!rds_identity_unchanged(&folder->identity, &now))
        return false;
    if (folder->refusal != NULL)
        return true; /* its files are not looked at */
    for (size_t i = 0; i < folder->count; i++) {
        rds_identity_look(AT_FDCWD, folder->files[i].path, &now);
        if (!rds_identity_unchanged(&folder->files[i].identity, &now))
            return false;
    }
    return true;
}

size_t rds_folder_anchors(const struct rds_folder *folder)
{
    size_t count = 0;

    for (size_t i = 0; i < folder->count; i++) {
        if (folder->files[i].bundle != NULL)
            count += folder->files[i].bundle->count;
    }
    return count;
}
