/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gets that reads the configuration: whether the provider is
 * active in it, whether process-wide trust is in force, and what rds://all
 * answers.  Runs where the configuration and the module were found good, so
 * what fails here fails in every process.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509_vfy.h>

#include "../openssl/trust_uri.h"

#define ALL "rds://all"
#define OFF "; rds-trust: off: "
#define LOOK "openssl list -providers -verbose"

struct process {
    FILE *to;
    const struct rdsca_cnf *cnf;
    struct rdsca_cnf_provider ours;
    const char *trust; /* of the configuration; NULL where it cannot be used */
};

/* ---- loading the configuration ----------------------------------------- */

/*
 * As a process loads it, but for the flag that hides what goes wrong.  The
 * section of OpenSSL's own name is taken, whatever the program's.
 */
bool rdsca_configuration_load(FILE *to, const char *file)
{
    char errors[RDS_ERROR_TEXT], quoted[RDS_QUOTE_MAX];

    rdsca_step(to, "look at what else the configuration loads",
               "loading the configuration '%s'",
               rds_quote(quoted, file, strlen(file)));
    ERR_clear_error();
    if (CONF_modules_load_file_ex(NULL, file, NULL,
                                  CONF_MFLAGS_DEFAULT_SECTION) > 0)
        return true;
    rdsca_find(to, RDSCA_PROBLEM,
               "OpenSSL stops in the configuration, and does not say so: %s",
               rdsca_openssl_errors(errors));
    rdsca_mend(to, RDSCA_MEND_DO, NULL, "correct what this names in '%s'",
               quoted);
    return false;
}

static void judge_cryptography(const struct process *process)
{
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    char errors[RDS_ERROR_TEXT];

    if (digest == NULL || cipher == NULL) {
        rdsca_find(process->to, RDSCA_PROBLEM,
                   "no provider has SHA-256 and AES: TLS fails in every "
                   "process: %s",
                   rdsca_openssl_errors(errors));
        rdsca_mend(process->to, RDSCA_MEND_RUN, NULL, LOOK);
    }
    EVP_MD_free(digest);
    EVP_CIPHER_free(cipher);
}

/* ---- the provider ------------------------------------------------------ */

struct search {
    const char *name;
    OSSL_PROVIDER *found;
};

static int look_at_provider(OSSL_PROVIDER *provider, void *arg)
{
    struct search *search = arg;

    if (strcmp(OSSL_PROVIDER_get0_name(provider), search->name) == 0)
        search->found = provider;
    return 1;
}

static OSSL_PROVIDER *find_provider(const struct process *process)
{
    struct search search = {process->ours.name, NULL};

    (void)OSSL_PROVIDER_do_all(NULL, look_at_provider, &search);
    return search.found;
}

static void tell_no_provider(const struct process *process)
{
    rdsca_find(process->to, RDSCA_PROBLEM,
               "the configuration does not bring the provider into a process, "
               "though the module loads alone");
    rdsca_mend(process->to, RDSCA_MEND_RUN, NULL, LOOK);
}

/* Whether stores that are made now ask the module for issuers. */
static bool stores_are_hooked(void)
{
    X509_STORE *store = X509_STORE_new();
    bool hooked = store != NULL && X509_STORE_get_get_issuer(store) != NULL;

    X509_STORE_free(store);
    return hooked;
}

static void judge_trust(const struct process *process, const char *built_in)
{
    const char *off = strstr(built_in, OFF);
    char quoted[RDS_QUOTE_MAX];

    (void)rds_quote(quoted, process->trust, strlen(process->trust));
    if (off != NULL)
        rdsca_find(process->to, RDSCA_PROBLEM,
                   "rds-trust = '%s' is off in a process: %s", quoted,
                   off + strlen(OFF));
    else if (!stores_are_hooked())
        rdsca_find(process->to, RDSCA_PROBLEM,
                   "rds-trust = '%s' is not in force: an X509_STORE made in a "
                   "process does not ask the module",
                   quoted);
    else {
        rdsca_find(process->to, RDSCA_OK,
                   "rds-trust = '%s' is in force in a process", quoted);
        return;
    }
    rdsca_mend(process->to, RDSCA_MEND_RUN, NULL, LOOK);
}

static void judge_provider(const struct process *process,
                           OSSL_PROVIDER *provider)
{
    const char *built_in = "";
    int status = 0;
    OSSL_PARAM params[] = {
        {OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, &built_in, 0, 0},
        {OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, &status, sizeof(status),
         0},
        {NULL, 0, NULL, 0, 0},
    };

    if (OSSL_PROVIDER_get_params(provider, params) != 1 || status != 1) {
        rdsca_find(process->to, RDSCA_PROBLEM,
                   "the provider is inactive in a process");
        rdsca_mend(process->to, RDSCA_MEND_RUN, NULL,
                   "openssl storeutl -noout -certs " ALL);
    }
    if (process->trust != NULL)
        judge_trust(process, built_in);
}

/* ---- a store ----------------------------------------------------------- */

static size_t count_certificates(OSSL_STORE_CTX *store)
{
    size_t found = 0;

    while (store != NULL && OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info == NULL)
            break; /* at the end, or in error */
        found += OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT;
        OSSL_STORE_INFO_free(info);
    }
    return found;
}

static void judge_store(const struct process *process)
{
    char errors[RDS_ERROR_TEXT];
    OSSL_STORE_CTX *store;
    size_t found;

    rdsca_step(process->to, "install the module anew", "opening " ALL);
    ERR_clear_error();
    store = OSSL_STORE_open(ALL, NULL, NULL, NULL, NULL);
    found = count_certificates(store);
    if (store != NULL && found != 0 && OSSL_STORE_error(store) == 0) {
        rdsca_find(process->to, RDSCA_OK, ALL " answers with %zu certificates",
                   found);
    } else {
        rdsca_find(process->to, RDSCA_PROBLEM, ALL " has no answer: %s",
                   rdsca_openssl_errors(errors));
        rdsca_mend(process->to, RDSCA_MEND_RUN, NULL,
                   "openssl storeutl -noout -certs " ALL);
    }
    (void)OSSL_STORE_close(store);
}

/* ---- all of it --------------------------------------------------------- */

/* The value of rds-trust; one that cannot be used was told of already. */
static const char *usable_trust(const struct rdsca_cnf *cnf,
                                const char *section)
{
    const char *trust = rdsca_cnf_value(cnf, section, "rds-trust");
    struct rds_uri *uri = malloc(sizeof(*uri));
    bool good =
        uri != NULL && trust != NULL && rdsca_trust_read(trust, uri, NULL);

    free(uri);
    return good ? trust : NULL;
}

bool rdsca_check_process(const struct rdsca_doctor *doctor)
{
    struct process process = {.to = doctor->to};
    OSSL_PROVIDER *provider;
    struct rdsca_cnf cnf;
    bool loaded;

    rdsca_cnf_read(&cnf);
    process.cnf = &cnf;
    if (!rdsca_cnf_ours(&cnf, cnf.providers, &process.ours)) {
        rdsca_cnf_clear(&cnf);
        return false;
    }
    process.trust = usable_trust(&cnf, process.ours.section);
    loaded = rdsca_configuration_load(process.to, cnf.file);
    provider = find_provider(&process);
    if (loaded)
        judge_cryptography(&process);
    if (loaded && provider == NULL)
        tell_no_provider(&process);
    if (provider != NULL) {
        judge_provider(&process, provider);
        judge_store(&process);
    }
    rdsca_cnf_clear(&cnf);
    return true;
}
