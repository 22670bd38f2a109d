/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debug log.  Refuses relative paths, links, and anything but a regular
 * file.
 */

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VARIABLE "RDS_PROVIDER_DEBUG"
#define LINE_SIZE 1024

_Atomic int rds_log_limit;

static char log_path[RDS_LOG_PATH_MAX];
static pthread_once_t start_once = PTHREAD_ONCE_INIT;

bool rds_log_read(const char *text, char path[RDS_LOG_PATH_MAX], int *level)
{
    static const char file_word[] = "file:", level_word[] = ",level:";
    const char *comma;
    size_t size;

    if (strncmp(text, file_word, strlen(file_word)) != 0)
        return false;
    text += strlen(file_word);
    comma = strstr(text, level_word);
    size = comma != NULL ? (size_t)(comma - text) : strlen(text);
    *level = RDS_LOG_ERROR;
    if (comma != NULL) {
        comma += strlen(level_word);
        if (comma[0] < '1' || comma[0] > '3' || comma[1] != '\0')
            return false;
        *level = comma[0] - '0';
    }
    if (text[0] != '/' || size >= RDS_LOG_PATH_MAX)
        return false;
    memcpy(path, text, size);
    path[size] = '\0';
    return true;
}

static void start(void)
{
    const char *text = secure_getenv(VARIABLE);
    int level;

    if (text != NULL && rds_log_read(text, log_path, &level))
        rds_log_limit = level;
}

void rds_log_start(void)
{
    (void)pthread_once(&start_once, start);
}

static void append(const char *line, size_t size)
{
    int fd = open(log_path,
                  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
                      O_CLOEXEC | O_NOCTTY,
                  0600);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        write(fd, line, size) < 0)
        rds_log_limit = 0; /* a full disk is no reason to go on trying */
    (void)close(fd);
}

void rds_log_write(enum rds_log_level level, const char *format, ...)
{
    static const char *const names[] = {"", "error", "info", "trace"};
    char line[LINE_SIZE];
    int saved = errno, head, body;
    struct timespec now = {0, 0};
    va_list args;
    size_t size;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    head = snprintf(line, sizeof(line),
                    "%lld.%03ld %ld rds %s: ", (long long)now.tv_sec,
                    now.tv_nsec / 1000000, (long)getpid(), names[level]);
    va_start(args, format);
    body =
        vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
    va_end(args);
    if (head > 0 && body >= 0) {
        size = strlen(line);
        line[size++] = '\n';
        append(line, size);
    }
    errno = saved;
}

void rds_log_report(void *arg, const char *line)
{
    (void)arg;
    rds_log(RDS_LOG_ERROR, "%s", line);
}
