/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may read and who may change what is at a path.  Refuses to name a cause
 * that the modes of the path do not show.
 */

#include "path_access.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GROUPS_MAX 256
#define LABEL_MAX 256

/* Walks along a path: calls for "/", "/a", "/a/b"; stops where told. */
typedef bool visit_fn(void *arg, const char *prefix, bool last);

static void walk(const char *path, visit_fn *visit, void *arg)
{
    char prefix[PATH_MAX];
    size_t size = strlen(path);

    if (path[0] != '/' || size >= sizeof(prefix))
        return;
    for (size_t i = 1; i <= size; i++) {
        bool root = i == 1, end = i == size;

        if (!root && !end && path[i] != '/')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (!visit(arg, prefix, end))
            return;
    }
}

/* ---- who may read ------------------------------------------------------ */

static bool in_group(gid_t group)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);

    for (int i = 0; i < count; i++) {
        if (groups[i] == group)
            return true;
    }
    return group == getegid();
}

/* Whether the mode gives this process all of `wanted` (as for others). */
static bool mode_allows(const struct stat *st, mode_t wanted)
{
    if (geteuid() == 0)
        return true;
    if (st->st_uid == geteuid())
        wanted <<= 6;
    else if (in_group(st->st_gid))
        wanted <<= 3;
    return (st->st_mode & wanted) == wanted;
}

struct barrier {
    mode_t wanted; /* of the last component */
    bool found;
    char path[PATH_MAX];
};

static bool look_for_barrier(void *arg, const char *prefix, bool last)
{
    struct barrier *barrier = arg;
    struct stat st;

    if (stat(prefix, &st) != 0)
        return false;
    barrier->found = !mode_allows(&st, last ? barrier->wanted : S_IXOTH);
    (void)snprintf(barrier->path, sizeof(barrier->path), "%s", prefix);
    return !barrier->found;
}

/* What the kernel says of this process, without the end of the line. */
static void read_label(char label[LABEL_MAX])
{
    FILE *file = fopen("/proc/self/attr/current", "re");

    if (file == NULL || fgets(label, LABEL_MAX, file) == NULL)
        label[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
    label[strcspn(label, "\n")] = '\0';
}

static bool file_says(const char *path, char letter)
{
    FILE *file = fopen(path, "re");
    bool says = file != NULL && fgetc(file) == letter;

    if (file != NULL)
        (void)fclose(file);
    return says;
}

void rdsca_path_denied(FILE *to, const char *path, enum rdsca_path_kind kind)
{
    struct barrier barrier = {
        .wanted = kind == RDSCA_PATH_DIRECTORY ? S_IROTH | S_IXOTH : S_IROTH};
    struct rdsca_diagnosis diagnosis;
    struct rdsca_denial denial = {
        .path = path,
        .directory = kind == RDSCA_PATH_DIRECTORY,
        .module = kind == RDSCA_PATH_MODULE,
        .user = (unsigned long)geteuid(),
    };
    char label[LABEL_MAX];
    struct statvfs mount;

    walk(path, look_for_barrier, &barrier);
    read_label(label);
    denial.barrier = barrier.found ? barrier.path : NULL;
    denial.noexec =
        statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0;
    denial.label = label;
    denial.apparmor =
        file_says("/sys/module/apparmor/parameters/enabled", 'Y');
    denial.selinux = file_says("/sys/fs/selinux/enforce", '1');
    rdsca_diagnose_denial(&denial, &diagnosis);
    rdsca_find_diagnosis(to, &diagnosis);
}

void rdsca_path_readers(FILE *to, const char *path, const struct stat *st)
{
    mode_t wanted = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
    char quoted[RDS_QUOTE_MAX], word[RDSCA_WORD_MAX];

    if (st->st_uid != 0 || (st->st_mode & wanted) == wanted)
        return;
    rdsca_find(to, RDSCA_NOTE,
               "'%s' has mode %04o: processes of other users go on without "
               "it, silently",
               rds_quote(quoted, path, strlen(path)),
               (unsigned)st->st_mode & 07777u);
    rdsca_mend(to, RDSCA_MEND_RUN, NULL, "chmod a+r%s %s",
               S_ISDIR(st->st_mode) ? "x" : "", rdsca_word(word, path));
}

/* ---- who may change ---------------------------------------------------- */

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

struct weakness {
    FILE *to;
    char last[PATH_MAX]; /* the directory that was found fault with */
};

static bool foreign(const struct stat *st)
{
    return st->st_uid != 0 && st->st_uid != geteuid();
}

/* In a sticky directory nobody replaces what is another's. */
static bool open_to_others(const struct stat *st)
{
    mode_t writable = st->st_mode & OTHERS_WRITE;

    if (st->st_gid == 0)
        writable &= ~(mode_t)S_IWGRP;
    return writable != 0 && (st->st_mode & S_ISVTX) == 0;
}

static bool look_for_weakness(void *arg, const char *prefix, bool last)
{
    struct weakness *weakness = arg;
    char quoted[RDS_QUOTE_MAX], word[RDSCA_WORD_MAX];
    struct stat st;

    if (last || stat(prefix, &st) != 0)
        return !last;
    if (!open_to_others(&st) && !foreign(&st))
        return true;
    if (strcmp(weakness->last, prefix) == 0)
        return false; /* said already */
    (void)snprintf(weakness->last, sizeof(weakness->last), "%s", prefix);
    (void)rds_quote(quoted, prefix, strlen(prefix));
    (void)rdsca_word(word, prefix);
    rdsca_find(weakness->to, RDSCA_NOTE,
               "others than root can replace what is in '%s' (mode %04o, "
               "owner %lu, group %lu)",
               quoted, (unsigned)st.st_mode & 07777u, (unsigned long)st.st_uid,
               (unsigned long)st.st_gid);
    if (foreign(&st))
        rdsca_mend(weakness->to, RDSCA_MEND_RUN, NULL, "chown root %s", word);
    else
        rdsca_mend(weakness->to, RDSCA_MEND_RUN, NULL, "chmod go-w %s", word);
    return false;
}

/* Others write to it, or own it. */
static bool judge_itself(FILE *to, const char *path, const struct stat *st)
{
    bool directory = S_ISDIR(st->st_mode);
    char quoted[RDS_QUOTE_MAX], word[RDSCA_WORD_MAX];
    bool good = true;

    (void)rds_quote(quoted, path, strlen(path));
    (void)rdsca_word(word, path);
    if ((st->st_mode & OTHERS_WRITE) != 0) {
        good = false;
        rdsca_find(to, RDSCA_PROBLEM,
                   "'%s' is writable by group or others (mode %04o): who can "
                   "write there decides what processes do",
                   quoted, (unsigned)st->st_mode & 07777u);
        rdsca_mend(to, RDSCA_MEND_RUN, NULL, "chmod go-w %s", word);
    }
    if (foreign(st)) {
        good = good && directory;
        rdsca_find(to, directory ? RDSCA_NOTE : RDSCA_PROBLEM,
                   "'%s' is owned by user %lu, who decides what processes do",
                   quoted, (unsigned long)st->st_uid);
        rdsca_mend(to, RDSCA_MEND_RUN, NULL, "chown root %s", word);
    }
    return good;
}

bool rdsca_path_writers(FILE *to, const char *path, const struct stat *st)
{
    struct weakness weakness = {.to = to};
    char *real = realpath(path, NULL);
    bool good = judge_itself(to, path, st);

    walk(path, look_for_weakness, &weakness);
    if (real != NULL && strcmp(real, path) != 0)
        walk(real, look_for_weakness, &weakness);
    free(real);
    return good;
}
