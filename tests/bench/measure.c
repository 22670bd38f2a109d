/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: two sides, in turns, and the ratios of what they give.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare);
    return count % 2 != 0 ? values[count / 2]
                          : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* What a session gave. */
struct session {
    double ours, theirs, ratio;
};

/* The turns of a session so far. */
struct turns {
    double ours[TURNS_MAX], theirs[TURNS_MAX], ratios[TURNS_MAX];
    size_t count;
};

static void add_turn(struct turns *turns, double ours, double theirs)
{
    turns->ours[turns->count] = ours;
    turns->theirs[turns->count] = theirs;
    turns->ratios[turns->count++] = ours / theirs;
}

static void end_turns(struct turns *turns, struct session *out)
{
    out->ours = median(turns->ours, turns->count);
    out->theirs = median(turns->theirs, turns->count);
    out->ratio = median(turns->ratios, turns->count);
}

/* ---- warm -------------------------------------------------------------- */

/* A process that waits for its turn. */
struct player {
    pid_t process;
    FILE *to, *from;
};

static double listen_to(const struct row *row, struct player *player)
{
    char line[64];

    if (fgets(line, sizeof(line), player->from) == NULL)
        die("%s: the process of a side failed", row->name);
    return strtod(line, NULL);
}

static void start_player(const struct row *row, enum which which,
                         const struct effort *effort, struct player *out)
{
    const char *const *argv =
        side_command(row, which, TASK_TURNS, effort->turn);
    int to[2], from[2];

    use_configuration(side_of(row, which));
    NEED(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
    out->process = fork();
    NEED(out->process >= 0);
    if (out->process == 0) {
        (void)dup2(to[0], STDIN_FILENO);
        (void)dup2(from[1], STDOUT_FILENO);
        (void)execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    out->to = fdopen(to[1], "w");
    out->from = fdopen(from[0], "r");
    NEED(out->to != NULL && out->from != NULL);
}

static double play(const struct row *row, struct player *player)
{
    (void)fputc('\n', player->to);
    (void)fflush(player->to);
    return listen_to(row, player);
}

/* It sees the end of its input, and leaves. */
static void end_player(const struct row *row, struct player *player)
{
    int status = -1;

    (void)fclose(player->to);
    (void)fclose(player->from);
    NEED(waitpid(player->process, &status, 0) == player->process);
    if (status != 0)
        die("%s: the process of a side failed", row->name);
}

/* Who begins changes, too. */
static void warm_session(const struct row *row, const struct effort *effort,
                         struct session *out)
{
    struct turns turns = {.count = 0};
    struct player players[2];
    double got[2];

    for (int i = 0; i < 2; i++)
        start_player(row, (enum which)i, effort, &players[i]);
    for (int i = 0; i < 2; i++)
        (void)listen_to(row, &players[i]); /* it is ready */
    while (turns.count < effort->turns) {
        int first = (int)turns.count % 2;

        got[first] = play(row, &players[first]);
        got[1 - first] = play(row, &players[1 - first]);
        add_turn(&turns, got[OURS], got[THEIRS]);
    }
    for (int i = 0; i < 2; i++)
        end_player(row, &players[i]);
    end_turns(&turns, out);
}

/* ---- the other kinds --------------------------------------------------- */

static void first_session(const struct row *row, const struct effort *effort,
                          struct session *out)
{
    struct turns turns = {.count = 0};
    double got[2];

    while (turns.count < effort->turns) {
        int first = (int)turns.count % 2;

        got[first] = ask_side(row, (enum which)first, TASK_FIRST);
        got[1 - first] = ask_side(row, (enum which)(1 - first), TASK_FIRST);
        add_turn(&turns, got[OURS], got[THEIRS]);
    }
    end_turns(&turns, out);
}

static void memory_session(const struct row *row, const struct effort *effort,
                           struct session *out)
{
    double neither = ask_side(row, NEITHER, TASK_MEMORY);

    (void)effort;
    out->ours = ask_side(row, OURS, TASK_MEMORY) - neither;
    out->theirs = ask_side(row, THEIRS, TASK_MEMORY) - neither;
    out->ratio = out->ours / out->theirs;
}

static void start_session(const struct row *row, const struct effort *effort,
                          struct session *out)
{
    (void)effort;
    out->ours = count_start(row, OURS);
    out->theirs = count_start(row, THEIRS);
    out->ratio = out->ours / out->theirs;
}

static void (*const session_of[])(const struct row *row,
                                  const struct effort *effort,
                                  struct session *out) = {
    [GAUGE_WARM] = warm_session,
    [GAUGE_FIRST] = first_session,
    [GAUGE_MEMORY] = memory_session,
    [GAUGE_START] = start_session,
};

_Static_assert(COUNT_OF(session_of) == GAUGES, "every gauge has its sessions");

/* ---- a row ------------------------------------------------------------- */

#define SESSIONS_SLOW 3

static unsigned sessions_for(const struct row *row,
                             const struct effort *effort)
{
    bool few = row->slow || row->gauge == GAUGE_START;

    return few && effort->sessions > SESSIONS_SLOW ? SESSIONS_SLOW
                                                   : effort->sessions;
}

static double ratio_of_instructions(const struct row *row)
{
    double ours = count_side(row, OURS), theirs = count_side(row, THEIRS);

    if (ours <= 0 || theirs <= 0)
        return 0;
    return row->times ? theirs / ours : ours / theirs;
}

void measure_row(const struct row *row, const struct effort *effort,
                 struct result *out)
{
    double ours[SESSIONS_MAX], theirs[SESSIONS_MAX], ratios[SESSIONS_MAX];
    unsigned count = sessions_for(row, effort);
    bool counted = row->gauge == GAUGE_WARM || row->gauge == GAUGE_FIRST;

    memset(out, 0, sizeof(*out));
    if (row->gauge == GAUGE_START && !has_valgrind())
        return;
    for (unsigned i = 0; i < count; i++) {
        struct session session;

        session_of[row->gauge](row, effort, &session);
        ours[i] = session.ours;
        theirs[i] = session.theirs;
        ratios[i] = row->times ? 1 / session.ratio : session.ratio;
    }
    out->ours = median(ours, count);
    out->theirs = median(theirs, count);
    out->ratio = median(ratios, count);
    out->low = ratios[0]; /* median() has sorted them */
    out->high = ratios[count - 1];
    if (counted && effort->count && !row->slow && has_valgrind())
        out->instructions = ratio_of_instructions(row);
}
