/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TARGET_H
#define RDSCA_TARGET_H

/*
 * What to download, and from where.
 *
 * Source of the addresses: Amazon RDS user guide, "Using SSL/TLS to encrypt
 * a connection to a DB instance or cluster", and its GovCloud and China
 * counterparts.
 */

#include "download.h"
#include "rds/bundle.h"

#define RDSCA_TARGETS_MAX 128
#define RDSCA_URL_MAX 512

struct rdsca_targets {
    size_t count;
    struct rds_bundle_name names[RDSCA_TARGETS_MAX];
};

/* Adds a region's or, with region "", a partition's file; each once. */
RDS_MUST_CHECK bool rdsca_target_add(struct rdsca_targets *targets,
                                     const char *region,
                                     enum rds_partition partition,
                                     struct rds_error *err);

/* Adds all of rds_legacy_files; each once. */
RDS_MUST_CHECK bool rdsca_target_add_retired(struct rdsca_targets *targets,
                                             struct rds_error *err);

/* Adds what the URI of rds-trust names. */
RDS_MUST_CHECK bool rdsca_target_add_uri(struct rdsca_targets *targets,
                                         const char *uri,
                                         struct rds_error *err);

/*
 * Writes the URL of a bundle.  `mirror` NULL: AWS's own host; else a base to
 * which AWS's path is added (for a retired file /rds-downloads/NAME), in which
 * {partition} stands for the partition's name.  *ca tells whose certificate
 * the host has.
 */
RDS_MUST_CHECK bool rdsca_target_url(const struct rds_bundle_name *name,
                                     const char *mirror,
                                     char url[RDSCA_URL_MAX],
                                     enum rdsca_ca_source *ca,
                                     struct rds_error *err);

#endif
