/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads inputs again without libFuzzer: hands each file, and each file of a
 * folder, to the target.  A claim that does not hold, or a checker that stops
 * the program, ends it with the name of the file.
 */

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fuzz.h"

#define INPUT_MAX (1024 * 1024)

static char current[4096];

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

/* The checkers are told to end by SIGABRT, too. */
static void tell(int number)
{
    static const char text[] = "replay: it ended with the input ";

    if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0 &&
        write(STDERR_FILENO, current, strlen(current)) > 0 &&
        write(STDERR_FILENO, "\n", 1) > 0)
        (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static size_t replay_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "re");
    uint8_t *copy;
    size_t size;

    NEED(file != NULL);
    size = fread(bytes, 1, sizeof(bytes), file);
    NEED(ferror(file) == 0 && size < sizeof(bytes));
    (void)fclose(file);
    copy = malloc(size);
    NEED(copy != NULL || size == 0);
    memcpy(copy, bytes, size);
    (void)snprintf(current, sizeof(current), "%s", path);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

static size_t replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char inner[4096];
    size_t count = 0;

    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        NEED(snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) <
             (int)sizeof(inner));
        count += replay_file(inner);
    }
    (void)closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    struct stat st;
    size_t count = 0;

    (void)signal(SIGABRT, tell);
    (void)LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) != 0)
            continue; /* a target without such a folder */
        count += S_ISDIR(st.st_mode) ? replay_folder(argv[i])
                                     : replay_file(argv[i]);
    }
    (void)printf("%6zu inputs, %6zu accepted\n", count, times_reached());
    return times_reached() != 0 ? 0 : 1;
}
