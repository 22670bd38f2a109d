/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check in a process of its own.  Refuses to wait longer than it was told,
 * and to hear more than SAYS_MAX bytes.
 */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAYS_MAX (1024 * 1024) /* bytes of all findings of a check */
#define TICK 20                /* milliseconds between looks at the child */
#define KILL_WAIT 2000         /* milliseconds for a killed child to end */

/*
 * The exit status of a check that came to its end: none that a module would
 * give to exit().
 */
enum { GOES_ON = 60, STOPS = 61 };

struct child {
    pid_t pid;
    int fd; /* what it says; non-blocking */
    char *says;
    size_t size;
    bool silent; /* it closed its end */
    bool babbles;
    bool ended;
    int status;
};

/* ---- in the child ------------------------------------------------------ */

static void shut_the_doors(void)
{
    const struct rlimit none = {0, 0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 0); /* a crash leaves no file */
    (void)setrlimit(RLIMIT_CORE, &none);
    for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
}

/* _exit(): no destructor of what was loaded has a say. */
static _Noreturn void be_the_child(const struct rdsca_doctor *doctor,
                                   rdsca_check_fn *run, int fd)
{
    struct rdsca_doctor mine = *doctor;
    bool goes_on;

    shut_the_doors();
    mine.to = fdopen(fd, "w");
    if (mine.to == NULL)
        abort();
    goes_on = run(&mine);
    if (fflush(mine.to) != 0)
        abort();
    _exit(goes_on ? GOES_ON : STOPS);
}

/* ---- in the parent ----------------------------------------------------- */

static long long milliseconds(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool start(struct child *child, rdsca_check_fn *run,
                  const struct rdsca_doctor *doctor)
{
    int ends[2], safe;

    memset(child, 0, sizeof(*child));
    child->says = malloc(SAYS_MAX + 1);
    if (child->says == NULL || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    (void)fflush(NULL);
    child->fd = ends[0];
    child->pid = fork();
    if (child->pid == 0) {
        safe = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        be_the_child(doctor, run, safe);
    }
    (void)close(ends[1]);
    (void)fcntl(child->fd, F_SETFL, O_NONBLOCK);
    if (child->pid < 0)
        (void)close(child->fd);
    return child->pid > 0;
}

/* Whether something came. */
static bool hear(struct child *child)
{
    size_t room = SAYS_MAX - child->size;
    ssize_t got;

    if (child->silent || child->babbles)
        return false;
    got = read(child->fd, child->says + child->size, room);
    if (got > 0)
        child->size += (size_t)got;
    child->silent = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    child->babbles = child->size == SAYS_MAX;
    return got > 0;
}

static void look(struct child *child)
{
    if (!child->ended)
        child->ended =
            waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/* Waits for the end, or for a word; `until` as milliseconds() counts. */
static void wait_until(struct child *child, long long until)
{
    while (milliseconds() < until) {
        struct pollfd event = {child->silent ? -1 : child->fd, POLLIN, 0};

        (void)poll(&event, 1, child->silent ? 1 : TICK);
        look(child);
        while (hear(child))
            ;
        if (child->ended || child->babbles)
            return;
    }
}

/* Also one that cannot be killed now, as on a dead network mount. */
static void finish(struct child *child)
{
    if (!child->ended) {
        (void)kill(child->pid, SIGKILL);
        for (long long until = milliseconds() + KILL_WAIT;
             waitpid(child->pid, &child->status, WNOHANG) == 0 &&
             milliseconds() < until;)
            (void)poll(NULL, 0, TICK);
    }
    (void)close(child->fd);
    child->says[child->size] = '\0';
}

/* What the child said, up to the line that it was cut off in. */
static bool read_lines(const struct child *child, const char *check,
                       json_t *findings, json_t **step)
{
    char *rest = child->says, *line;
    bool good = memchr(child->says, '\0', child->size) == NULL;

    while (good && rest != NULL && strchr(rest, '\n') != NULL) {
        line = strsep(&rest, "\n");
        good = rdsca_finding_read(line, check, findings, step);
    }
    return good;
}

/* How it ended, where that is not as it should be. */
static void add_ending(const struct child *child, const char *check,
                       long seconds, json_t *findings, const json_t *step)
{
    const char *doing = json_string_value(json_object_get(step, "step"));

    if (doing == NULL)
        doing = "the check";
    if (child->babbles)
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, step,
                          "%s: says more than %d bytes, and was ended", doing,
                          SAYS_MAX);
    else if (!child->ended)
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, step,
                          "%s: comes to no end; stopped after %ld seconds",
                          doing, seconds);
    else if (WIFSIGNALED(child->status))
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, step,
                          "%s: died by signal %d (%s)", doing,
                          WTERMSIG(child->status),
                          strsignal(WTERMSIG(child->status)));
    else
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, step,
                          "%s: ended the process with status %d", doing,
                          WEXITSTATUS(child->status));
}

bool rdsca_doctor_child(const char *check, rdsca_check_fn *run,
                        const struct rdsca_doctor *doctor, long seconds,
                        json_t *findings)
{
    json_t *step = NULL;
    struct child child;
    bool goes_on = false, whole, understood = true;

    if (!start(&child, run, doctor)) {
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, NULL,
                          "cannot start a process for this check: %s",
                          strerror(errno));
        free(child.says);
        return false;
    }
    wait_until(&child, milliseconds() + seconds * 1000);
    finish(&child);
    understood = read_lines(&child, check, findings, &step);
    whole = child.ended && !child.babbles && WIFEXITED(child.status) &&
            (WEXITSTATUS(child.status) == GOES_ON ||
             WEXITSTATUS(child.status) == STOPS);
    if (!whole)
        add_ending(&child, check, seconds, findings, step);
    else if (!understood)
        rdsca_finding_add(findings, check, RDSCA_PROBLEM, step,
                          "the check says what cannot be understood");
    else
        goes_on = WEXITSTATUS(child.status) == GOES_ON;
    json_decref(step);
    free(child.says);
    return goes_on;
}
