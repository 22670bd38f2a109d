/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TRIAL_H
#define RDSCA_TRIAL_H

/*
 * Trying out an OpenSSL configuration before anybody else reads it.
 *
 * Each trial is a process of its own (subprocess.c) that loads the
 * configuration as any program does; this process loads none, and must not
 * use libcrypto before that.  Servers, clients and CAs of a trial are within
 * that process; there is no network in it.
 */

#include <limits.h>

#include "../doctor/check.h"
#include "rds/endpoint.h"

#define RDSCA_FACTS_PROVIDERS 16
#define RDSCA_FACTS_NAME 64

/* What a process has that loaded a configuration. */
struct rdsca_facts {
    unsigned count;
    char providers[RDSCA_FACTS_PROVIDERS][RDSCA_FACTS_NAME]; /* active */
    bool fips; /* fetches are for FIPS, by default */
};

bool rdsca_facts_have(const struct rdsca_facts *facts, const char *provider);

/* Whether `after` is `before` with the provider rds. */
RDS_MUST_CHECK bool rdsca_facts_add(const struct rdsca_facts *before,
                                    const struct rdsca_facts *after,
                                    struct rds_error *err);

struct rdsca_trial {
    char folder[PATH_MAX]; /* of this process's own; removed at the end */
    char conf[PATH_MAX];   /* in it; the file of rdsca_trial_write() */
    char endpoint[RDS_ENDPOINT_MAX + 1]; /* of the RDS server */
    char region[RDS_REGION_MAX];
    bool own_trust; /* the URI of rds-trust admits the endpoint */
    bool trusted;   /* there is one */
    struct rdsca_facts facts;
};

/*
 * Begins trials with a URI of rds-trust, or NULL: makes the folder and the
 * certificates.  Always to be ended.  NULL on failure.
 */
struct rdsca_trial *rdsca_trial_begin(const char *trust,
                                      struct rds_error *err);
void rdsca_trial_end(struct rdsca_trial *trial);

/* Writes a configuration into the file that trials read. */
RDS_MUST_CHECK bool rdsca_trial_write(struct rdsca_trial *trial,
                                      const char *bytes, size_t size,
                                      struct rds_error *err);

/* What a process has with this file; and a TLS handshake works in it. */
RDS_MUST_CHECK bool rdsca_trial_facts(struct rdsca_trial *trial,
                                      const char *file,
                                      struct rdsca_facts *out,
                                      struct rds_error *err);

/* Nobody but root and the user decides what the file loads. */
RDS_MUST_CHECK bool rdsca_trial_owners(struct rdsca_trial *trial,
                                       const char *file,
                                       struct rds_error *err);

/*
 * With this file the module loads and is of this command's release, URIs have
 * answers, and rds-trust is in force.
 */
RDS_MUST_CHECK bool rdsca_trial_module(struct rdsca_trial *trial,
                                       const char *file,
                                       struct rds_error *err);

/*
 * With the configuration that was written a TLS handshake works with a server
 * of an RDS endpoint's name, whose CA a bundle has: by rds-trust, else by a
 * store URI.  Appends to that configuration.
 */
RDS_MUST_CHECK bool rdsca_trial_rds(struct rdsca_trial *trial,
                                    struct rds_error *err);

/* ---- within a trial's process ------------------------------------------ */

/* Makes CAs and servers' certificates in the folder (trial_certs.c). */
rdsca_check_fn rdsca_trial_pki;

#define RDSCA_OTHER_HOST "server.rdsca.test"

/*
 * A TLS handshake in memory, with the server of a PEM file, and a client that
 * verifies it for `host` (trial_handshake.c).  It trusts the CAs of the file
 * `ca`, or of the store URI `store`, where they are not NULL.  False after a
 * finding.
 */
struct rdsca_meeting {
    FILE *to;
    const char *server;
    const char *host;
    const char *ca;
    const char *store;
};

bool rdsca_trial_meet(const struct rdsca_meeting *meeting);

#endif
