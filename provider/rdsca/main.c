/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca: keeps the trust store of Amazon RDS CAs fresh, and serves it to
 * tools that read only files.  Refuses unknown words with the nearest known.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "rds/builtin.h"
#include "rds/nearest.h"

static const struct rdsca_command commands[] = {
    {"update", "download AWS's bundles into the bundle directory",
     rdsca_update_help, rdsca_update},
    {"import", "install a bundle that came by other means", rdsca_import_help,
     rdsca_import},
    {"list", "show the certificates at hand", rdsca_list_help, rdsca_list},
    {"timeline", "draw their validity over time", rdsca_timeline_help,
     rdsca_timeline},
    {"export", "write them to files for tools that read only files",
     rdsca_export_help, rdsca_export},
    {"probe", "judge a server's certificate, and say what to do",
     rdsca_probe_help, rdsca_probe},
    {"enable", "make OpenSSL's programs load the module, and trust by it",
     rdsca_enable_help, rdsca_enable},
    {"disable", "take that back", rdsca_disable_help, rdsca_disable},
    {"run", "start one command with the module", rdsca_run_help, rdsca_run},
    {"doctor", "check this machine, and say what mends it", rdsca_doctor_help,
     rdsca_doctor},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct rdsca_command *rdsca_command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void complain(const char *name, const char *format, va_list args)
    RDS_PRINTF(2, 0);

static void complain(const char *name, const char *format, va_list args)
{
    (void)fprintf(stderr, name[0] != '\0' ? "rdsca %s: " : "rdsca%s: ", name);
    (void)vfprintf(stderr, format, args);
}

void rdsca_complain(const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(name, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

enum rdsca_exit rdsca_misuse(const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(name, format, args);
    va_end(args);
    (void)fprintf(stderr, "; try 'rdsca %s%s--help'\n", name,
                  name[0] != '\0' ? " " : "");
    return RDSCA_USAGE;
}

enum rdsca_exit rdsca_finish_output(const char *name)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return RDSCA_FINE;
    rdsca_complain(name, "cannot write all of the output");
    return RDSCA_UNSAFE;
}

enum rdsca_exit rdsca_worse(enum rdsca_exit a, enum rdsca_exit b)
{
    return a > b ? a : b;
}

static void print_usage(void)
{
    (void)puts("usage: rdsca COMMAND [OPTION...]\n\n"
               "Keeps the Amazon RDS and Aurora CA certificates of this "
               "machine fresh,\nand serves them to tools that read only "
               "files.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    (void)puts("\n'rdsca COMMAND --help' says more.  --version prints the "
               "version.\nExit status: 0 fine, 1 a finding, 2 usage, 3 "
               "unreachable (try again),\n4 refused as unsafe.");
}

enum rdsca_exit rdsca_help(const char *name)
{
    const struct rdsca_command *command = rdsca_command_find(name);

    if (command == NULL)
        print_usage();
    else
        (void)fputs(command->help, stdout);
    return rdsca_finish_output(name);
}

static enum rdsca_exit unknown_command(const char *name)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(name, strlen(name));
    char quoted[RDS_QUOTE_MAX], hint[RDS_QUOTE_MAX];

    for (size_t i = 0; i < COMMANDS; i++)
        rds_nearest_offer(&nearest, commands[i].name);
    return rdsca_misuse("", "unknown command '%s'%s",
                        rds_quote(quoted, name, strlen(name)),
                        rds_nearest_hint(hint, &nearest));
}

int main(int argc, char **argv)
{
    const struct rdsca_command *command;
    const char *word = argc > 1 ? argv[1] : "";

    if (argc < 2)
        return rdsca_misuse("", "no command");
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return rdsca_help("");
    if (strcmp(word, "help") == 0)
        return rdsca_help(argc > 2 ? argv[2] : "");
    if (strcmp(word, "--version") == 0) {
        (void)printf("rdsca %s, %s\n", RDS_VERSION, rds_builtin_summary);
        return rdsca_finish_output("");
    }
    command = rdsca_command_find(word);
    if (command == NULL)
        return unknown_command(word);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return rdsca_help(word);
    }
    return command->run(argc - 1, argv + 1);
}
