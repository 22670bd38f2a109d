/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libcrypto of this process, and what the environment asks of it.
 * Refuses to blame a variable that changes nothing.
 */

#include "check.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* ---- OpenSSL ----------------------------------------------------------- */

static const char *libcrypto_path(char out[RDS_QUOTE_MAX])
{
    const char *(*function)(int) = OpenSSL_version;
    void *address = NULL;
    Dl_info info;

    memcpy(&address, &function, sizeof(address));
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return "?";
    return rds_quote(out, info.dli_fname, strlen(info.dli_fname));
}

/* What the findings can speak of depends on who asks. */
static void tell_user(FILE *to)
{
    unsigned long user = (unsigned long)geteuid();

    if (user == 0)
        rdsca_find(to, RDSCA_OK,
                   "run as root, who may read what a service may not: where "
                   "one fails, run it as the service's user, too");
    else
        rdsca_find(to, RDSCA_OK,
                   "run as user %lu; not checked: what other users' processes "
                   "may read",
                   user);
}

bool rdsca_check_openssl(const struct rdsca_doctor *doctor)
{
    struct rdsca_diagnosis diagnosis;
    char path[RDS_QUOTE_MAX];

    rdsca_diagnose_openssl(OPENSSL_version_major(), OPENSSL_version_minor(),
                           OPENSSL_version_patch(), &diagnosis);
    if (diagnosis.level == RDSCA_OK)
        rdsca_find(doctor->to, RDSCA_OK, "%s, %s", diagnosis.text,
                   libcrypto_path(path));
    else
        rdsca_find_diagnosis(doctor->to, &diagnosis);
    tell_user(doctor->to);
    return true;
}

/* ---- variables --------------------------------------------------------- */

/* Whether a variable matters, and how much. */
typedef bool trap_fn(const char *value);

static bool is_set(const char *value)
{
    (void)value;
    return true;
}

static bool is_store_uri(const char *value)
{
    return strncasecmp(value, "rds:", 4) == 0;
}

static bool has_store_uri(const char *value)
{
    for (; *value != '\0'; value++) {
        if (is_store_uri(value))
            return true;
    }
    return false;
}

static bool names_configuration(const char *value)
{
    return strstr(value, "--openssl-") != NULL;
}

/* Of the rows for a variable the first one that fits counts. */
static const struct trap {
    const char *variable;
    trap_fn *fits;
    enum rdsca_level level;
    const char *text; /* behind "NAME is 'VALUE': " */
} traps[] = {
    {"OPENSSL_CONF", is_set, RDSCA_NOTE,
     "this run speaks of that file; processes without the variable read "
     "another"},
    {"OPENSSL_CONF_INCLUDE", is_set, RDSCA_NOTE,
     "openssl.cnf takes the files that it includes from there"},
    {"OPENSSL_MODULES", is_set, RDSCA_NOTE,
     "modules without an absolute path are looked for there"},
    {"SSL_CERT_DIR", has_store_uri, RDSCA_PROBLEM,
     "every program also trusts files in ./rds of its working directory"},
    {"SSL_CERT_DIR", is_set, RDSCA_NOTE,
     "programs take CAs from there in place of the system's directory"},
    {"SSL_CERT_FILE", is_store_uri, RDSCA_PROBLEM,
     "the variable names a file, and no program takes a store URI there"},
    {"SSL_CERT_FILE", is_set, RDSCA_NOTE,
     "programs take CAs from there in place of the system's file"},
    {"CURL_CA_BUNDLE", is_store_uri, RDSCA_PROBLEM,
     "the variable names a file, and curl takes no store URI there"},
    {"REQUESTS_CA_BUNDLE", is_store_uri, RDSCA_PROBLEM,
     "the variable names a file, and Python takes no store URI there"},
    {"PGSSLROOTCERT", is_store_uri, RDSCA_PROBLEM,
     "the variable names a file, and libpq takes no store URI there"},
    {"NODE_EXTRA_CA_CERTS", is_store_uri, RDSCA_PROBLEM,
     "the variable names a file, and Node.js takes no store URI there"},
    {"NODE_EXTRA_CA_CERTS", is_set, RDSCA_NOTE,
     "Node.js trusts the CAs in that file for every name"},
    {"NODE_OPTIONS", names_configuration, RDSCA_NOTE,
     "Node.js may read another configuration than the one looked at here"},
    {"RDS_PROVIDER_DEBUG", is_set, RDSCA_NOTE,
     "every process with the variable writes the module's log (this run does "
     "not)"},
};

static void tell_trap(FILE *to, const struct trap *trap, const char *value)
{
    char quoted[RDS_QUOTE_MAX];

    rdsca_find(to, trap->level, "%s is '%s': %s", trap->variable,
               rds_quote(quoted, value, strlen(value)), trap->text);
    rdsca_mend(to, RDSCA_MEND_RUN, NULL, "unset %s", trap->variable);
}

/* As it was when the command began. */
static const char *value_of(const struct rdsca_doctor *doctor,
                            const char *variable)
{
    if (strcmp(variable, "RDS_PROVIDER_DEBUG") == 0)
        return doctor->debug;
    if (strcmp(variable, "OPENSSL_CONF") == 0 && doctor->conf != NULL)
        return NULL; /* --conf stands in its place */
    return getenv(variable);
}

bool rdsca_check_environment(const struct rdsca_doctor *doctor)
{
    const char *said = "";
    size_t found = 0;

    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        const struct trap *trap = &traps[i];
        const char *value = value_of(doctor, trap->variable);

        if (value == NULL || strcmp(said, trap->variable) == 0 ||
            !trap->fits(value))
            continue;
        tell_trap(doctor->to, trap, value);
        said = trap->variable;
        found++;
    }
    if (found == 0)
        rdsca_find(doctor->to, RDSCA_OK,
                   "no variable changes the configuration or the trust");
    return true;
}
