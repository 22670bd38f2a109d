/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the module loads, and is the one that belongs to this command.
 * OpenSSL says nothing of a module that it cannot load.  Refuses to load one
 * that others could have written.
 */

#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "path_access.h"
#include "rds/builtin.h"

#define INIT "OSSL_provider_init"
#define INSTALL "install the module and the command of one release"

struct module {
    FILE *to;
    const char *path;
    const char *section;
    const char *file; /* the configuration */
    char quoted[RDS_QUOTE_MAX];
};

/* ---- the file ---------------------------------------------------------- */

static void tell_missing(const struct module *module, int why)
{
    char *path = rdsca_module_at_hand();

    rdsca_find(module->to, RDSCA_PROBLEM,
               "'%s': %s; OpenSSL goes on without it", module->quoted,
               strerror(why));
    if (path != NULL && access(path, R_OK) == 0 &&
        strcmp(path, module->path) != 0)
        rdsca_mend(module->to, RDSCA_MEND_APPEND, module->file,
                   "[%s]\nmodule = %s", module->section, path);
    else
        rdsca_mend(module->to, RDSCA_MEND_DO, NULL,
                   "install the module there, or name its path in [%s]",
                   module->section);
    free(path);
}

/* The ELF header of a part of the kernel that is built for this processor. */
static const ElfW(Ehdr) * own_header(void)
{
    return (const void *)getauxval(AT_SYSINFO_EHDR); /* 0: none */
}

/* glibc calls a module for another processor a missing file. */
static bool judge_header(const struct module *module, int fd)
{
    const ElfW(Ehdr) *own = own_header();
    ElfW(Ehdr) header;
    ssize_t got = pread(fd, &header, sizeof(header), 0);

    if (got < (ssize_t)EI_NIDENT ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        rdsca_find(module->to, RDSCA_PROBLEM,
                   "'%s' is no shared object (not ELF)", module->quoted);
    } else if (own != NULL && (got < (ssize_t)sizeof(header) ||
                               memcmp(header.e_ident + EI_CLASS,
                                      own->e_ident + EI_CLASS, 2) != 0 ||
                               header.e_machine != own->e_machine)) {
        rdsca_find(module->to, RDSCA_PROBLEM,
                   "'%s' is for another processor (ELF class %d, machine %d; "
                   "here %d, %d)",
                   module->quoted, header.e_ident[EI_CLASS], header.e_machine,
                   own->e_ident[EI_CLASS], own->e_machine);
    } else {
        return true;
    }
    rdsca_mend(module->to, RDSCA_MEND_DO, NULL,
               "install the module that is built for this machine");
    return false;
}

static bool judge_opened(const struct module *module, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    if (!S_ISREG(st.st_mode)) {
        rdsca_find(module->to, RDSCA_PROBLEM, "'%s' is not a regular file",
                   module->quoted);
        rdsca_mend(module->to, RDSCA_MEND_DO, NULL,
                   "name the file of the module in [%s]", module->section);
        return false;
    }
    rdsca_path_readers(module->to, module->path, &st);
    if (rdsca_path_writers(module->to, module->path, &st))
        return judge_header(module, fd);
    rdsca_find(module->to, RDSCA_OK,
               "for that reason this command does not load it");
    return false;
}

static bool judge_file(const struct module *module)
{
    int fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int why = errno;
    bool good = false;

    if (fd >= 0)
        good = judge_opened(module, fd);
    else if (why == EACCES || why == EPERM)
        rdsca_path_denied(module->to, module->path, RDSCA_PATH_MODULE);
    else
        tell_missing(module, why);
    if (fd >= 0)
        (void)close(fd);
    return good;
}

/* ---- loading ----------------------------------------------------------- */

static bool on_noexec_mount(const char *path)
{
    struct statvfs mount;

    return statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0;
}

/* What the dynamic loader says, which OpenSSL hides. */
static bool load_object(const struct module *module)
{
    void *handle;

    rdsca_step(module->to, INSTALL ", or take it out of the configuration",
               "loading '%s'", module->quoted);
    handle = dlopen(module->path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL && on_noexec_mount(module->path)) {
        rdsca_path_denied(module->to, module->path, RDSCA_PATH_MODULE);
        return false;
    }
    if (handle == NULL) {
        rdsca_find(module->to, RDSCA_PROBLEM,
                   "the module cannot be loaded, which OpenSSL does not say: "
                   "%s",
                   dlerror());
        rdsca_mend(module->to, RDSCA_MEND_DO, NULL, INSTALL);
        return false;
    }
    if (dlsym(handle, INIT) != NULL)
        return true;
    rdsca_find(module->to, RDSCA_PROBLEM,
               "'%s' is no module of OpenSSL: it has no " INIT,
               module->quoted);
    rdsca_mend(module->to, RDSCA_MEND_DO, NULL, INSTALL);
    return false;
}

const char *rdsca_openssl_errors(char out[RDS_ERROR_TEXT])
{
    size_t used = 0;
    const char *data;
    unsigned long code;
    int flags;

    (void)snprintf(out, RDS_ERROR_TEXT, "no error was raised");
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        const char *reason = ERR_reason_error_string(code);
        bool text = (flags & ERR_TXT_STRING) != 0 && data[0] != '\0';
        int size = snprintf(out + used, RDS_ERROR_TEXT - used, "%s%s%s%s",
                            used != 0 ? "; " : "",
                            reason != NULL ? reason : "unknown error",
                            text ? ": " : "", text ? data : "");

        if (size < 0 || (size_t)size >= RDS_ERROR_TEXT - used)
            break;
        used += (size_t)size;
    }
    ERR_clear_error();
    return out;
}

static OSSL_PROVIDER *load_provider(const struct module *module)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    char errors[RDS_ERROR_TEXT];
    OSSL_PROVIDER *provider;

    rdsca_step(module->to, INSTALL ", or take it out of the configuration",
               "starting the provider of '%s'", module->quoted);
    ERR_clear_error();
    provider = OSSL_PROVIDER_load(context, module->path);
    if (provider != NULL)
        return provider;
    rdsca_find(module->to, RDSCA_PROBLEM,
               "the provider does not start, which OpenSSL does not say: %s",
               rdsca_openssl_errors(errors));
    rdsca_mend(module->to, RDSCA_MEND_DO, NULL, INSTALL);
    return NULL;
}

/* ---- what it says of itself -------------------------------------------- */

static void judge_release(const struct module *module, OSSL_PROVIDER *provider)
{
    const char *version = "?", *built_in = "?";
    char quoted[2][RDS_QUOTE_MAX];
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, &version, 0, 0},
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, &built_in, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };

    if (OSSL_PROVIDER_get_params(provider, params) == 1 &&
        strcmp(version, RDS_VERSION) == 0 &&
        strcmp(built_in, rds_builtin_summary) == 0) {
        rdsca_find(module->to, RDSCA_OK,
                   "'%s' loads; version %s and %s, as this command",
                   module->quoted, RDS_VERSION, rds_builtin_summary);
        return;
    }
    rdsca_find(module->to, RDSCA_PROBLEM,
               "'%s' is of version %s with %s, this command of %s with %s",
               module->quoted, rds_quote(quoted[0], version, strlen(version)),
               rds_quote(quoted[1], built_in, strlen(built_in)), RDS_VERSION,
               rds_builtin_summary);
    rdsca_mend(module->to, RDSCA_MEND_DO, NULL, INSTALL);
}

/* ---- all of it --------------------------------------------------------- */

bool rdsca_check_module(const struct rdsca_doctor *doctor)
{
    struct module module = {.to = doctor->to};
    struct rdsca_cnf_provider ours;
    OSSL_PROVIDER *provider = NULL;
    struct rdsca_cnf cnf;

    rdsca_cnf_read(&cnf);
    if (rdsca_cnf_ours(&cnf, cnf.providers, &ours) && ours.module != NULL &&
        ours.module[0] == '/') {
        module.path = ours.module;
        module.section = ours.section;
        module.file = cnf.file;
        (void)rds_quote(module.quoted, ours.module, strlen(ours.module));
        if (judge_file(&module) && load_object(&module))
            provider = load_provider(&module);
        if (provider != NULL)
            judge_release(&module, provider);
    }
    rdsca_cnf_clear(&cnf);
    return provider != NULL;
}
