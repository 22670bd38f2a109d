/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mends that several checks give.  Refuses to repeat lines that are there
 * already.
 */

#include "check.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "rds/truststore.h"

#define MODULE_FILE "rds.so"

/* ---- the module -------------------------------------------------------- */

static bool beside_command(char path[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash;

    if (size <= 0)
        return false;
    path[size] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL ||
        (size_t)(slash + 1 - path) + sizeof(MODULE_FILE) > PATH_MAX)
        return false;
    (void)memcpy(slash + 1, MODULE_FILE, sizeof(MODULE_FILE));
    return access(path, F_OK) == 0;
}

char *rdsca_module_at_hand(void)
{
    const char *directory = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
    char beside[PATH_MAX], *path = NULL;

    if (directory == NULL)
        directory = "/usr/lib/ossl-modules";
    if (asprintf(&path, "%s/" MODULE_FILE, directory) < 0)
        return NULL;
    if (access(path, F_OK) != 0 && beside_command(beside)) {
        free(path);
        path = strdup(beside);
    }
    return path;
}

/* ---- the configuration ------------------------------------------------- */

/* Whether the list has the default provider, or one in its place. */
static bool lists_default(const struct rdsca_cnf *cnf)
{
    struct rdsca_cnf_provider provider;

    for (int i = 0; rdsca_cnf_provider(cnf, cnf->providers, i, &provider);
         i++) {
        if (strcmp(provider.name, "default") == 0 ||
            strcmp(provider.name, "fips") == 0)
            return true;
    }
    return false;
}

static void write_activation(FILE *text, const struct rdsca_cnf *cnf,
                             const char *module)
{
    const char *start = cnf->start != NULL ? cnf->start : "openssl_init";
    const char *list =
        cnf->providers != NULL ? cnf->providers : "provider_sect";
    bool listed = lists_default(cnf);

    if (cnf->start == NULL || cnf->node == NULL) {
        (void)fputs("[default]\n", text);
        if (cnf->start == NULL)
            (void)fprintf(text, "openssl_conf = %s\n", start);
        if (cnf->node == NULL)
            (void)fprintf(text, "nodejs_conf = %s\n", start);
        (void)fputc('\n', text);
    }
    if (cnf->providers == NULL)
        (void)fprintf(text, "[%s]\nproviders = %s\n\n", start, list);
    (void)fprintf(text, "[%s]\n%srds = rds_sect\n\n", list,
                  listed ? "" : "default = default_sect\n");
    if (!listed)
        (void)fputs("[default_sect]\nactivate = 1\n\n", text);
    (void)fprintf(text, "[rds_sect]\nmodule = %s\nactivate = 1", module);
}

/* Whether OpenSSL comes to the end of it, so that `rdsca enable` takes it. */
static bool can_be_enabled(const struct rdsca_cnf *cnf)
{
    return (cnf->start == NULL || rdsca_cnf_has_section(cnf, cnf->start)) &&
           (cnf->providers == NULL ||
            rdsca_cnf_has_section(cnf, cnf->providers));
}

static void mend_by_lines(FILE *to, const struct rdsca_cnf *cnf)
{
    char *module = rdsca_module_at_hand(), *lines = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&lines, &size);

    if (text != NULL) {
        write_activation(text, cnf, module != NULL ? module : MODULE_FILE);
        (void)fclose(text);
    }
    rdsca_mend(to, RDSCA_MEND_APPEND, cnf->file, "%s",
               lines != NULL ? lines : "out of memory");
    free(lines);
    free(module);
}

void rdsca_mend_activation(FILE *to, const struct rdsca_cnf *cnf)
{
    char word[RDSCA_WORD_MAX];
    bool named = getenv("OPENSSL_CONF") != NULL; /* or by --conf */

    if (can_be_enabled(cnf))
        rdsca_mend(to, RDSCA_MEND_RUN, NULL, "rdsca enable%s%s",
                   named ? " --conf " : "",
                   named ? rdsca_word(word, cnf->file) : "");
    else
        mend_by_lines(to, cnf);
}

/* ---- bundles ----------------------------------------------------------- */

void rdsca_mend_update(const struct rdsca_doctor *doctor,
                       const char *directory, const char *region,
                       enum rds_partition partition)
{
    char word[RDSCA_WORD_MAX];
    bool named = doctor->conf != NULL; /* `rdsca update` reads another file */

    if (partition > RDS_PARTITION_AWS_CN)
        rdsca_mend(doctor->to, RDSCA_MEND_DO, NULL,
                   "bring the file anew and install it: rdsca import FILE");
    else
        rdsca_mend(doctor->to, RDSCA_MEND_RUN, NULL, "rdsca update %s%s%s%s",
                   region[0] != '\0' ? "" : "--partition ",
                   region[0] != '\0' ? region : rds_partition_name(partition),
                   named ? " --directory " : "",
                   named ? rdsca_word(word, directory) : "");
}
