/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca run: one command with the module.  Refuses to start it without.
 *
 * OPENSSL_CONF needs a name that lasts as long as the command and its children
 * do.  A descriptor's name (/proc/self/fd/N) does not: where a child closes
 * the descriptor, OpenSSL goes on without any configuration, silently and
 * without the system's policy; where the number is used anew, it reads as its
 * configuration whatever was opened.  So it is a file, in a directory that
 * only this user writes to, named for what is in it: the same command finds it
 * again, and another one does not disturb it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "enable.h"
#include "../cli/options.h"
#include "overlay.h"
#include "rds/sha256.h"
#include "rds/uri.h"
#include "../file/replace.h"

#define NAME "run"
#define NODE "NODE_OPTIONS"
#define DEBUG "RDS_PROVIDER_DEBUG"

#define TITLE                                                                 \
    "# Written by 'rdsca run', for commands that read it when they start.\n"

/* As env(1) does it; usage is 2, as everywhere here. */
enum { RUN_FAILED = 125, RUN_NOT_EXECUTABLE = 126, RUN_NOT_FOUND = 127 };

const char rdsca_run_help[] =
    "usage: rdsca run [OPTION...] -- COMMAND [ARGUMENT...]\n"
    "\n"
    "Becomes the command, with the module loaded by it and its children:\n"
    "rds:// URIs have answers, and with --trust the servers that the URI\n"
    "names are trusted.  Nothing of the system is changed.  The "
    "configuration\n"
    "that the command would read (OPENSSL_CONF, else openssl.cnf) stays in\n"
    "force, in a file of its own that includes it; it is tried first, and\n"
    "where something works less than before, the command is not started.\n"
    "Good as the entry point of a container.\n"
    "\n"
    "  --trust URI   trust the servers that it names; rds://host/ENDPOINT is\n"
    "                the form to use\n"
    "\n"
    "The command sees OPENSSL_CONF, and for Node.js NODE_OPTIONS.  The file "
    "is\n"
    "in /run/rds-ca, $XDG_RUNTIME_DIR/rds-ca, or rds-ca-UID in $TMPDIR, /tmp\n"
    "or /dev/shm.\n"
    "\n"
    "Exit status: that of the command; 2 usage, 125 it was not started, 126 "
    "it\n"
    "cannot be executed, 127 it is not there.\n";

/* ---- the directory ----------------------------------------------------- */

/* Nobody else may put a file there. */
static bool is_ours(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
                (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return good;
}

/*
 * Readable for others: a command may change its user.  Only the user, and
 * root, may rename what is directly in it, as in a sticky directory.
 */
static bool use_directory(const char *parent, const char *name,
                          char path[PATH_MAX])
{
    if (parent == NULL || parent[0] != '/' || !rdsca_cnf_plain(parent) ||
        snprintf(path, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX)
        return false;
    if (mkdir(path, 0755) == 0 && chmod(path, 0755) != 0)
        return false;
    return is_ours(path) && access(path, W_OK) == 0;
}

static bool find_directory(char path[PATH_MAX])
{
    char name[64];

    (void)snprintf(name, sizeof(name), "rds-ca-%lu", (unsigned long)geteuid());
    return use_directory("/run", "rds-ca", path) ||
           use_directory(getenv("XDG_RUNTIME_DIR"), "rds-ca", path) ||
           use_directory(getenv("TMPDIR"), name, path) ||
           use_directory("/tmp", name, path) ||
           use_directory("/dev/shm", name, path);
}

/* ---- the file ---------------------------------------------------------- */

static bool write_file(const struct rdsca_text *text, char path[PATH_MAX],
                       struct rds_error *err)
{
    unsigned char digest[RDS_SHA256_SIZE];
    char directory[PATH_MAX], hex[RDS_SHA256_TEXT];

    if (!find_directory(directory))
        return rds_fail(
            err, RDS_R_BAD_CONFIGURATION,
            "no directory for the configuration: /run, /tmp and "
            "/dev/shm cannot be written to, or are not safe; mount "
            "a tmpfs there, or use 'rdsca enable' when the image "
            "is made");
    rds_sha256(text->bytes, text->size, digest);
    if (snprintf(path, PATH_MAX, "%s/%.16s.cnf", directory,
                 rds_sha256_write(hex, digest)) >= PATH_MAX)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION, "the path is too long");
    return rdsca_holds(path, text->bytes, text->size) ||
           rdsca_replace(path, text->bytes, text->size, err);
}

/* The configuration that the command would read, to be freed; or NULL. */
static char *find_base(const char *variable, struct rds_error *err, bool *good)
{
    char *file, *path;

    *good = true;
    if (variable != NULL && variable[0] == '\0')
        return NULL;
    if (variable == NULL) {
        file = CONF_get1_default_config_file();
        path = file != NULL && access(file, F_OK) == 0 ? strdup(file) : NULL;
        OPENSSL_free(file);
        return path;
    }
    path = realpath(variable, NULL);
    *good = path != NULL ||
            rds_fail(err, RDS_R_BAD_CONFIGURATION,
                     "OPENSSL_CONF: %s; correct or unset it", strerror(errno));
    return path;
}

static bool make_file(const char *variable, const char *trust,
                      char path[PATH_MAX], struct rds_error *err)
{
    struct rdsca_text text = {NULL, 0};
    bool good;
    char *base = find_base(variable, err, &good);

    good = good && rdsca_own_file_make(TITLE, base, true, trust, &text, err) &&
           write_file(&text, path, err);
    rdsca_text_clear(&text);
    free(base);
    return good;
}

/* ---- the environment --------------------------------------------------- */

/*
 * Node.js reads OPENSSL_CONF, but not where its options name another file; of
 * two the last one holds.  It takes a section of its own from the file.
 */
static bool set_node(const char *path)
{
    const char *options = getenv(NODE);
    char *value = NULL;
    bool good;

    if (asprintf(&value, "%s%s--openssl-config=%s",
                 options != NULL ? options : "",
                 options != NULL && options[0] != '\0' ? " " : "", path) < 0)
        return false;
    good = setenv(NODE, value, 1) == 0;
    free(value);
    return good;
}

static bool set_environment(const char *path, const char *debug)
{
    return setenv("OPENSSL_CONF", path, 1) == 0 && set_node(path) &&
           (debug == NULL || setenv(DEBUG, debug, 1) == 0);
}

static enum rdsca_exit become(char **command)
{
    char quoted[RDS_QUOTE_MAX];
    int why;

    (void)execvp(command[0], command);
    why = errno;
    rdsca_complain(NAME, "'%s': %s",
                   rds_quote(quoted, command[0], strlen(command[0])),
                   strerror(why));
    return (enum rdsca_exit)(why == ENOENT ? RUN_NOT_FOUND
                                           : RUN_NOT_EXECUTABLE);
}

/* ---- the command ------------------------------------------------------- */

static bool read_options(int argc, char **argv, const char **trust)
{
    static const struct option longs[] = {
        {"trust", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *trust = NULL;
    while ((letter = rdsca_option(NAME, argc, argv, "+:", longs)) != -1) {
        if (letter != 't')
            return false;
        *trust = optarg;
    }
    if (strcmp(argv[optind - 1], "--") != 0)
        (void)rdsca_misuse(NAME, "the command stands behind '--'");
    else if (optind == argc)
        (void)rdsca_misuse(NAME, "no command behind '--'");
    else
        return true;
    return false;
}

enum rdsca_exit rdsca_run(int argc, char **argv)
{
    const char *trust, *value = getenv(DEBUG);
    char *debug = value != NULL ? strdup(value) : NULL, *variable;
    enum rdsca_exit code = (enum rdsca_exit)RUN_FAILED;
    char path[PATH_MAX];
    struct rds_error err;

    if (!read_options(argc, argv, &trust)) {
        free(debug);
        return RDSCA_USAGE;
    }
    variable = rdsca_enable_prepare(false);
    if (trust != NULL && !rdsca_enable_trust(trust, &err))
        code = rdsca_misuse(NAME, "--trust: %s", err.text);
    else if (!make_file(variable, trust, path, &err))
        rdsca_complain(NAME, "%s", err.text);
    else if (!set_environment(path, debug))
        rdsca_complain(NAME, "out of memory");
    else
        code = become(argv + optind);
    free(variable);
    free(debug);
    return code;
}
