/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenSSL configuration in force, and the trust store that it gives.
 * Refuses to guess: a file that does not name the module configures nothing.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/conf.h>

#include "command.h"
#include "rds/configuration.h"

#define MODULE_FILE "rds.so"

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static bool names_module(const char *module)
{
    const char *slash = module != NULL ? strrchr(module, '/') : NULL;

    return module != NULL &&
           strcmp(slash != NULL ? slash + 1 : module, MODULE_FILE) == 0;
}

/* Takes the values of the first section that loads the module. */
static void take_section(const CONF *conf, struct rdsca_settings *out)
{
    const char *start = NCONF_get_string(conf, NULL, "openssl_conf");
    const char *list =
        start != NULL ? NCONF_get_string(conf, start, "providers") : NULL;
    STACK_OF(CONF_VALUE) *providers =
        list != NULL ? NCONF_get_section(conf, list) : NULL;

    for (int i = 0; i < sk_CONF_VALUE_num(providers); i++) {
        const char *section = sk_CONF_VALUE_value(providers, i)->value;
        const char *module = NCONF_get_string(conf, section, "module");

        if (!names_module(module))
            continue;
        out->section = copy(section);
        out->module = copy(module);
        out->bundles = copy(NCONF_get_string(conf, section, "rds-bundles"));
        out->distrust = copy(NCONF_get_string(conf, section, "rds-distrust"));
        out->trust = copy(NCONF_get_string(conf, section, "rds-trust"));
        return;
    }
}

void rdsca_settings_read(struct rdsca_settings *out)
{
    char *file = CONF_get1_default_config_file();
    CONF *conf = NCONF_new(NULL);
    long line;

    memset(out, 0, sizeof(*out));
    if (file != NULL && conf != NULL && NCONF_load(conf, file, &line) > 0) {
        out->file = copy(file);
        take_section(conf, out);
    }
    NCONF_free(conf);
    OPENSSL_free(file);
    ERR_clear_error();
}

void rdsca_settings_clear(struct rdsca_settings *settings)
{
    free(settings->file);
    free(settings->section);
    free(settings->module);
    free(settings->bundles);
    free(settings->distrust);
    free(settings->trust);
    memset(settings, 0, sizeof(*settings));
}

const char *rdsca_settings_directory(const struct rdsca_settings *settings)
{
    return settings->bundles != NULL ? settings->bundles
                                     : RDS_DIRECTORY_DEFAULT;
}

static void report(void *arg, const char *line)
{
    rdsca_complain(arg, "%s", line);
}

static bool open_store(struct rdsca_trust *out, const char *name,
                       const char *directory,
                       const struct rdsca_settings *settings,
                       struct rds_configuration *values)
{
    struct rds_truststore_options options = {.report = report,
                                             .report_arg = (void *)name};
    struct rds_error err;

    if (directory == NULL)
        directory = settings->bundles;
    if (!rds_configuration_read(directory, settings->distrust, settings->trust,
                                values, &err))
        goto failed;
    (void)snprintf(out->directory, sizeof(out->directory), "%s",
                   values->bundles);
    options.directory = out->directory;
    options.distrust =
        (const unsigned char(*)[RDS_SHA256_SIZE])values->distrust;
    options.distrust_count = values->distrust_count;
    out->store = rds_truststore_new(rds_libcrypto_linked(), &options, &err);
    if (out->store == NULL)
        goto failed;
    out->snapshot = rds_truststore_snapshot(out->store, &err);
    if (out->snapshot == NULL)
        goto failed;
    out->view = rds_snapshot_view(out->snapshot);
    return true;
failed:
    rdsca_complain(name, "%s", err.text);
    return false;
}

bool rdsca_trust_open(struct rdsca_trust *out, const char *name,
                      const char *directory)
{
    struct rds_configuration *values = malloc(sizeof(*values));
    struct rdsca_settings settings;
    bool good = false;

    memset(out, 0, sizeof(*out));
    rdsca_settings_read(&settings);
    if (values == NULL)
        rdsca_complain(name, "out of memory");
    else
        good = open_store(out, name, directory, &settings, values);
    rdsca_settings_clear(&settings);
    free(values);
    if (!good)
        rdsca_trust_close(out);
    return good;
}

void rdsca_trust_close(struct rdsca_trust *trust)
{
    rds_snapshot_release(trust->snapshot);
    rds_truststore_free(trust->store);
    trust->snapshot = NULL;
    trust->store = NULL;
}

bool rdsca_select(const struct rdsca_trust *trust, const char *name,
                  const char *text, struct rds_selection *out)
{
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct rds_error err;
    bool good = false;

    if (uri == NULL)
        (void)rds_fail(&err, RDS_R_NO_MEMORY, "out of memory");
    else
        good = rds_uri_read(text != NULL ? text : "rds://all", uri, &err) &&
               rds_select(uri, trust->view, (int64_t)time(NULL), out, &err);
    if (!good)
        rdsca_complain(name, "%s", err.text);
    free(uri);
    return good;
}
