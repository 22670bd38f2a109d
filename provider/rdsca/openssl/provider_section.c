/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenSSL configuration in force, and the trust store that it gives.
 * Refuses to guess: a file that does not name the module configures nothing.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf.h"
#include "../cli/command.h"
#include "rds/configuration.h"

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

void rdsca_settings_read(struct rdsca_settings *out)
{
    struct rdsca_cnf_provider ours;
    struct rdsca_cnf cnf;

    memset(out, 0, sizeof(*out));
    rdsca_cnf_read(&cnf);
    if (cnf.state == RDSCA_CNF_READ)
        out->file = copy(cnf.file);
    if (rdsca_cnf_ours(&cnf, cnf.providers, &ours)) {
        out->section = copy(ours.section);
        out->module = copy(ours.module);
        out->bundles =
            copy(rdsca_cnf_value(&cnf, ours.section, "rds-bundles"));
        out->distrust =
            copy(rdsca_cnf_value(&cnf, ours.section, "rds-distrust"));
        out->trust = copy(rdsca_cnf_value(&cnf, ours.section, "rds-trust"));
    }
    rdsca_cnf_clear(&cnf);
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

static bool open_store(struct rdsca_trust *out, const char *directory,
                       const struct rdsca_settings *settings,
                       struct rds_truststore_options *options,
                       struct rds_configuration *values, struct rds_error *err)
{
    if (directory == NULL)
        directory = settings->bundles;
    if (!rds_configuration_read(directory, settings->distrust, settings->trust,
                                values, err))
        return false;
    (void)snprintf(out->directory, sizeof(out->directory), "%s",
                   values->bundles);
    options->directory = out->directory;
    options->distrust =
        (const unsigned char(*)[RDS_SHA256_SIZE])values->distrust;
    options->distrust_count = values->distrust_count;
    out->store = rds_truststore_new(rds_libcrypto_linked(), options, err);
    if (out->store != NULL)
        out->snapshot = rds_truststore_snapshot(out->store, err);
    if (out->snapshot != NULL)
        out->view = rds_snapshot_view(out->snapshot);
    return out->snapshot != NULL;
}

bool rdsca_trust_load(struct rdsca_trust *out, const char *directory,
                      rds_report_fn *report, void *arg, struct rds_error *err)
{
    struct rds_configuration *values = malloc(sizeof(*values));
    struct rds_truststore_options options = {.report = report,
                                             .report_arg = arg};
    struct rdsca_settings settings;
    bool good = false;

    memset(out, 0, sizeof(*out));
    rdsca_settings_read(&settings);
    if (values == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    else
        good = open_store(out, directory, &settings, &options, values, err);
    rdsca_settings_clear(&settings);
    free(values);
    if (!good)
        rdsca_trust_close(out);
    return good;
}

static void complain(void *arg, const char *line)
{
    rdsca_complain(arg, "%s", line);
}

bool rdsca_trust_open(struct rdsca_trust *out, const char *name,
                      const char *directory)
{
    struct rds_error err;

    if (rdsca_trust_load(out, directory, complain, (void *)name, &err))
        return true;
    rdsca_complain(name, "%s", err.text);
    return false;
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
