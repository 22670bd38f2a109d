/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trying out a configuration.  Refuses to take the word of a process that
 * crashed, hung, or said that something is wrong.
 */

#include "trial.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "../openssl/conf.h"
#include "../openssl/trust_uri.h"
#include "../file/replace.h"

#define SECONDS 60 /* for one trial, on a busy machine */
#define SAMPLE_REGION "us-west-2"
#define SAMPLE_NAME "rdsca.abcdefghijkl." /* .REGION.rds.amazonaws.com */

/* ---- facts ------------------------------------------------------------- */

bool rdsca_facts_have(const struct rdsca_facts *facts, const char *provider)
{
    for (unsigned i = 0; i < facts->count; i++) {
        if (strcmp(facts->providers[i], provider) == 0)
            return true;
    }
    return false;
}

static bool others_are_in(const struct rdsca_facts *some,
                          const struct rdsca_facts *all, const char **missing)
{
    for (unsigned i = 0; i < some->count; i++) {
        *missing = some->providers[i];
        if (strcmp(*missing, "rds") != 0 && !rdsca_facts_have(all, *missing))
            return false;
    }
    return true;
}

bool rdsca_facts_add(const struct rdsca_facts *before,
                     const struct rdsca_facts *after, struct rds_error *err)
{
    char quoted[RDS_QUOTE_MAX];
    const char *name = "";

    if (!others_are_in(before, after, &name))
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "the provider '%s' would not be active any more",
                        rds_quote(quoted, name, strlen(name)));
    if (!others_are_in(after, before, &name))
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "the provider '%s' would become active",
                        rds_quote(quoted, name, strlen(name)));
    if (!rdsca_facts_have(after, "rds"))
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "the provider 'rds' would not be active");
    if (before->fips != after->fips)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "whether FIPS is in force would change");
    return true;
}

static int add_provider(OSSL_PROVIDER *provider, void *arg)
{
    struct rdsca_facts *facts = arg;

    if (facts->count == RDSCA_FACTS_PROVIDERS)
        return 0;
    (void)snprintf(facts->providers[facts->count++], RDSCA_FACTS_NAME, "%s",
                   OSSL_PROVIDER_get0_name(provider));
    return 1;
}

/* ---- in a child -------------------------------------------------------- */

static bool look(const struct rdsca_doctor *doctor)
{
    struct rdsca_trial *trial = doctor->arg;
    struct rdsca_facts *facts = &trial->facts;
    char server[PATH_MAX + 32], ca[PATH_MAX + 32];
    const struct rdsca_meeting meeting = {.to = doctor->to,
                                          .server = server,
                                          .host = RDSCA_OTHER_HOST,
                                          .ca = ca};

    facts->count = 0;
    if (doctor->conf != NULL &&
        !rdsca_configuration_load(doctor->to, doctor->conf))
        return false;
    if (OSSL_PROVIDER_do_all(NULL, add_provider, facts) != 1) {
        rdsca_find(doctor->to, RDSCA_PROBLEM, "too many providers are active");
        return false;
    }
    facts->fips = EVP_default_properties_is_fips_enabled(NULL) == 1;
    (void)snprintf(server, sizeof(server), "%s/other.pem", trial->folder);
    (void)snprintf(ca, sizeof(ca), "%s/other-ca.pem", trial->folder);
    return rdsca_trial_meet(&meeting);
}

static bool meet_rds(const struct rdsca_doctor *doctor)
{
    const struct rdsca_trial *trial = doctor->arg;
    char server[PATH_MAX + 32], store[RDS_ENDPOINT_MAX + 32];
    const struct rdsca_meeting meeting = {
        .to = doctor->to,
        .server = server,
        .host = trial->endpoint,
        .store = trial->trusted ? NULL : store,
    };

    (void)snprintf(server, sizeof(server), "%s/rds.pem", trial->folder);
    (void)snprintf(store, sizeof(store), "rds://host/%s", trial->endpoint);
    return rdsca_configuration_load(doctor->to, doctor->conf) &&
           rdsca_trial_meet(&meeting);
}

/* ---- running them ------------------------------------------------------ */

/*
 * The reason, as text.  The file of a trial is gone when somebody reads of it,
 * and is called by what it stands for.
 */
static bool tell_reason(const struct rdsca_trial *trial, const char *text,
                        struct rds_error *err)
{
    char name[RDS_QUOTE_MAX + 2], quoted[RDS_QUOTE_MAX];
    const char *at;

    (void)snprintf(name, sizeof(name), "'%s'",
                   rds_quote(quoted, trial->conf, strlen(trial->conf)));
    at = trial->conf[0] != '\0' ? strstr(text, name) : NULL;
    if (at == NULL)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION, "%s", text);
    return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                    "%.*swith the lines for rds%s", (int)(at - text), text,
                    at + strlen(name));
}

/* The first problem is the reason. */
static bool give_reason(const struct rdsca_trial *trial,
                        const json_t *findings, struct rds_error *err)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *level =
            json_string_value(json_object_get(finding, "level"));
        const char *text = json_string_value(json_object_get(finding, "text"));

        if (level != NULL && text != NULL &&
            strcmp(level, rdsca_level_name(RDSCA_PROBLEM)) == 0)
            return tell_reason(trial, text, err);
    }
    return true;
}

/* The checks of doctor look at the file that OPENSSL_CONF names. */
static bool try(struct rdsca_trial *trial, rdsca_check_fn *run,
                const char *file, struct rds_error *err)
{
    const struct rdsca_doctor doctor = {.conf = file, .arg = trial};
    json_t *findings = json_array();
    bool good, came_to_end;

    if (findings == NULL ||
        setenv("OPENSSL_CONF", file != NULL ? file : "", 1) != 0) {
        json_decref(findings);
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    }
    came_to_end = rdsca_doctor_child("trial", run, &doctor, SECONDS, findings);
    good = give_reason(trial, findings, err);
    if (good && !came_to_end)
        good = rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "a trial failed without a reason");
    json_decref(findings);
    (void)unsetenv("OPENSSL_CONF");
    return good;
}

bool rdsca_trial_facts(struct rdsca_trial *trial, const char *file,
                       struct rdsca_facts *out, struct rds_error *err)
{
    bool good = try(trial, look, file, err);

    *out = trial->facts;
    if (out->count > RDSCA_FACTS_PROVIDERS)
        out->count = RDSCA_FACTS_PROVIDERS;
    for (unsigned i = 0; i < RDSCA_FACTS_PROVIDERS; i++)
        out->providers[i][RDSCA_FACTS_NAME - 1] = '\0';
    return good;
}

bool rdsca_trial_owners(struct rdsca_trial *trial, const char *file,
                        struct rds_error *err)
{
    return try(trial, rdsca_check_owners, file, err);
}

bool rdsca_trial_module(struct rdsca_trial *trial, const char *file,
                        struct rds_error *err)
{
    return try(trial, rdsca_check_module, file, err) &&
           try(trial, rdsca_check_values, file, err) &&
           try(trial, rdsca_check_process, file, err) &&
           try(trial, rdsca_check_anchors, file, err);
}

/* Values that hold in this trial only stand behind those of the section. */
static bool write_bundles(const struct rdsca_trial *trial,
                          struct rds_error *err)
{
    struct rdsca_cnf_provider ours;
    struct rdsca_cnf cnf;
    FILE *file = NULL;
    bool good = false;

    rdsca_cnf_read_file(&cnf, trial->conf);
    if (rdsca_cnf_ours(&cnf, cnf.providers, &ours))
        file = fopen(trial->conf, "ae");
    if (file != NULL) {
        (void)fprintf(file, "\n[%s]\nrds-bundles = %s/bundles\n", ours.section,
                      trial->folder);
        if (trial->trusted && !trial->own_trust)
            (void)fprintf(file, "rds-trust = rds://host/%s\n",
                          trial->endpoint);
        good = fclose(file) == 0;
    }
    rdsca_cnf_clear(&cnf);
    return good || rds_fail(err, RDS_R_BAD_CONFIGURATION,
                            "cannot write a configuration to try: %s",
                            strerror(errno));
}

bool rdsca_trial_rds(struct rdsca_trial *trial, struct rds_error *err)
{
    return write_bundles(trial, err) && try(trial, meet_rds, trial->conf, err);
}

bool rdsca_trial_write(struct rdsca_trial *trial, const char *bytes,
                       size_t size, struct rds_error *err)
{
    return rdsca_replace(trial->conf, bytes, size, err);
}

/* ---- begin and end ----------------------------------------------------- */

static void copy(char *to, size_t room, const char *text)
{
    (void)snprintf(to, room, "%s", text);
}

/* A name that a URI admits, where its own CA can be made up. */
static bool own_endpoint(struct rdsca_trial *trial, const struct rds_uri *uri)
{
    const struct rds_selector *selector = &uri->selectors[0];
    const struct rds_filters *filters = &uri->filters;

    if (filters->ca[0] != '\0' || filters->stage != RDS_STAGE_PRODUCTION)
        return false;
    switch (selector->kind) {
    case RDS_SELECT_HOST:
        if (selector->u.host.kind != RDS_ENDPOINT_DATABASE ||
            selector->u.host.region[0] == '\0')
            return false;
        copy(trial->endpoint, sizeof(trial->endpoint), selector->u.host.name);
        copy(trial->region, sizeof(trial->region), selector->u.host.region);
        return true;
    case RDS_SELECT_REGION:
        if (selector->u.region.ca[0] != '\0')
            return false;
        copy(trial->region, sizeof(trial->region), selector->u.region.name);
        return true;
    case RDS_SELECT_ALL:
    case RDS_SELECT_GLOBAL:
        return true;
    case RDS_SELECT_PARTITION:
    case RDS_SELECT_CA:
    case RDS_SELECT_FILE:
    case RDS_SELECT_SHA256:
    case RDS_SELECT_PROXY:
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        return false;
    }
    return false;
}

static bool choose_endpoint(struct rdsca_trial *trial, const char *trust,
                            struct rds_error *err)
{
    struct rds_uri *uri = malloc(sizeof(*uri));
    bool good = uri != NULL;

    copy(trial->region, sizeof(trial->region), SAMPLE_REGION);
    trial->trusted = trust != NULL;
    if (uri == NULL)
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    if (good && trust != NULL) {
        good = rdsca_trust_read(trust, uri, err);
        trial->own_trust = good && own_endpoint(trial, uri);
    }
    if (trial->endpoint[0] == '\0')
        (void)snprintf(trial->endpoint, sizeof(trial->endpoint),
                       SAMPLE_NAME "%s.rds.amazonaws.com%s", trial->region,
                       strncmp(trial->region, "cn-", 3) == 0 ? ".cn" : "");
    free(uri);
    return good;
}

/* The first directory of these that can be written to. */
static bool make_folder(struct rdsca_trial *trial, struct rds_error *err)
{
    const char *const places[] = {getenv("TMPDIR"), "/tmp", "/run", "/dev/shm",
                                  "/var/tmp"};
    char bundles[PATH_MAX + 16];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i] == NULL || places[i][0] != '/' ||
            !rdsca_cnf_plain(places[i]) ||
            snprintf(trial->folder, PATH_MAX - 32, "%s/rdsca.XXXXXX",
                     places[i]) >= PATH_MAX - 32 ||
            mkdtemp(trial->folder) == NULL) {
            trial->folder[0] = '\0';
            continue;
        }
        (void)snprintf(bundles, sizeof(bundles), "%s/bundles", trial->folder);
        (void)snprintf(trial->conf, sizeof(trial->conf), "%.*s/trial.cnf",
                       PATH_MAX - 32, trial->folder);
        if (mkdir(bundles, 0700) == 0)
            return true;
        break;
    }
    return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                    "no directory to try a configuration in: /tmp, /run and "
                    "/dev/shm cannot be written to: %s",
                    strerror(errno));
}

struct rdsca_trial *rdsca_trial_begin(const char *trust, struct rds_error *err)
{
    /* Shared with the children, for the facts. */
    struct rdsca_trial *trial =
        mmap(NULL, sizeof(*trial), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (trial == MAP_FAILED) {
        (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (choose_endpoint(trial, trust, err) && make_folder(trial, err) &&
        try(trial, rdsca_trial_pki, NULL, err))
        return trial;
    rdsca_trial_end(trial);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path);
    return 0;
}

void rdsca_trial_end(struct rdsca_trial *trial)
{
    if (trial == NULL)
        return;
    if (trial->folder[0] != '\0')
        (void)nftw(trial->folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
    (void)munmap(trial, sizeof(*trial));
}
