/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenSSL configuration in force.  Refuses files that could block or fill
 * the memory.
 */

#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#define MODULE_FILE "rds.so"
#define OUR_NAME "rds" /* what OpenSSL makes rds.so of, without a module */

/* ---- the file ---------------------------------------------------------- */

static void say(struct rdsca_cnf *out, enum rdsca_cnf_state state,
                const char *why)
{
    out->state = state;
    (void)snprintf(out->why, sizeof(out->why), "%s", why);
}

/* Whether the file can be given to OpenSSL, which opens it anew. */
static bool judge_file(struct rdsca_cnf *out)
{
    int fd = open(out->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        say(out, RDSCA_CNF_ABSENT, strerror(errno));
        return false;
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        say(out, RDSCA_CNF_DENIED, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    (void)close(fd);
    if (S_ISREG(st.st_mode) && st.st_size <= RDSCA_CNF_MAX)
        return true;
    say(out, RDSCA_CNF_UNUSUAL,
        S_ISREG(st.st_mode) ? "larger than 1 MiB" : "not a regular file");
    return false;
}

/* What OpenSSL says of the line at which it gave up. */
static void say_malformed(struct rdsca_cnf *out, long line)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    char text[RDS_ERROR_TEXT];

    if (line > 0)
        (void)snprintf(text, sizeof(text), "line %ld: %s", line,
                       reason != NULL ? reason : "not understood");
    else
        (void)snprintf(text, sizeof(text), "%s",
                       reason != NULL ? reason : "not understood");
    say(out, RDSCA_CNF_MALFORMED, text);
}

/* OpenSSL passes over an .include of what is not there, and says nothing. */
static void say_passed_over(struct rdsca_cnf *out)
{
    const char *what = NULL;
    int flags = 0;

    if (ERR_peek_last_error_data(&what, &flags) != 0 && what != NULL &&
        (flags & ERR_TXT_STRING) != 0)
        say(out, RDSCA_CNF_READ, what);
}

/* Of what was loaded, or could not be. */
static void look_into(struct rdsca_cnf *out, int loaded, long line)
{
    if (loaded <= 0) {
        say_malformed(out, line);
        return;
    }
    say_passed_over(out);
    out->start = NCONF_get_string(out->conf, NULL, "openssl_conf");
    out->node = NCONF_get_string(out->conf, NULL, "nodejs_conf");
    out->providers = rdsca_cnf_value(out, out->start, "providers");
}

static bool begin(struct rdsca_cnf *out, const char *path)
{
    memset(out, 0, sizeof(*out));
    out->file = path != NULL ? strdup(path) : NULL;
    out->conf = NCONF_new(NULL);
    if (out->file == NULL || out->conf == NULL)
        say(out, RDSCA_CNF_DENIED, "out of memory");
    ERR_clear_error();
    return out->file != NULL && out->conf != NULL;
}

void rdsca_cnf_read(struct rdsca_cnf *out)
{
    char *file = CONF_get1_default_config_file();

    rdsca_cnf_read_file(out, file);
    OPENSSL_free(file);
}

void rdsca_cnf_read_file(struct rdsca_cnf *out, const char *path)
{
    long line = 0;
    int loaded;

    if (!begin(out, path))
        return;
    if (out->file[0] == '\0') {
        say(out, RDSCA_CNF_UNNAMED, "no file is named");
    } else if (judge_file(out)) {
        loaded = NCONF_load(out->conf, out->file, &line);
        look_into(out, loaded, line);
    }
}

void rdsca_cnf_read_text(struct rdsca_cnf *out, const char *path,
                         const void *bytes, size_t size)
{
    BIO *text = NULL;
    long line = 0;
    int loaded;

    if (!begin(out, path))
        return;
    if (size > RDSCA_CNF_MAX) {
        say(out, RDSCA_CNF_UNUSUAL, "larger than 1 MiB");
    } else if ((text = BIO_new_mem_buf(size != 0 ? bytes : "", (int)size)) ==
               NULL) {
        say(out, RDSCA_CNF_DENIED, "out of memory");
    } else {
        loaded = NCONF_load_bio(out->conf, text, &line);
        look_into(out, loaded, line);
    }
    (void)BIO_free(text);
}

void rdsca_cnf_clear(struct rdsca_cnf *cnf)
{
    NCONF_free(cnf->conf);
    free(cnf->file);
    memset(cnf, 0, sizeof(*cnf));
    ERR_clear_error();
}

/* ---- sections ---------------------------------------------------------- */

static STACK_OF(CONF_VALUE) *
    section_of(const struct rdsca_cnf *cnf, const char *section)
{
    return section != NULL && cnf->conf != NULL
               ? NCONF_get_section(cnf->conf, section)
               : NULL;
}

bool rdsca_cnf_has_section(const struct rdsca_cnf *cnf, const char *section)
{
    return section_of(cnf, section) != NULL;
}

const char *rdsca_cnf_value(const struct rdsca_cnf *cnf, const char *section,
                            const char *name)
{
    STACK_OF(CONF_VALUE) *values = section_of(cnf, section);

    for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
        const CONF_VALUE *value = sk_CONF_VALUE_value(values, i);

        if (strcmp(value->name, name) == 0)
            return value->value;
    }
    return NULL;
}

/* ---- words ------------------------------------------------------------- */

bool rdsca_cnf_plain(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789/._-+:,@%=?&*~") == strlen(text);
}

/* ---- providers --------------------------------------------------------- */

/* OpenSSL leaves out what stands before a dot, as in "1.rds = section". */
static const char *skip_dot(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot != NULL ? dot + 1 : name;
}

static bool names_module(const char *module)
{
    const char *slash = strrchr(module, '/');

    return strcmp(slash != NULL ? slash + 1 : module, MODULE_FILE) == 0;
}

bool rdsca_cnf_provider(const struct rdsca_cnf *cnf, const char *providers,
                        int i, struct rdsca_cnf_provider *out)
{
    STACK_OF(CONF_VALUE) *list = section_of(cnf, providers);
    const CONF_VALUE *line;
    const char *identity;

    if (i >= sk_CONF_VALUE_num(list))
        return false;
    line = sk_CONF_VALUE_value(list, i);
    identity = rdsca_cnf_value(cnf, line->value, "identity");
    out->line = line->name;
    out->name = identity != NULL ? identity : skip_dot(line->name);
    out->section = line->value;
    out->module = rdsca_cnf_value(cnf, line->value, "module");
    out->ours = out->module != NULL ? names_module(out->module)
                                    : strcmp(out->name, OUR_NAME) == 0;
    return true;
}

bool rdsca_cnf_ours(const struct rdsca_cnf *cnf, const char *providers,
                    struct rdsca_cnf_provider *out)
{
    for (int i = 0; rdsca_cnf_provider(cnf, providers, i, out); i++) {
        if (out->ours)
            return true;
    }
    return false;
}
