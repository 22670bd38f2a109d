/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TRUST_URI_H
#define RDSCA_TRUST_URI_H

/*
 * What the checks share about the values of the provider's section.
 */

#include "../doctor/check.h"
#include "rds/uri.h"

/* Reads a value of rds-trust, and refuses what the module would refuse. */
RDS_MUST_CHECK bool rdsca_trust_read(const char *text, struct rds_uri *out,
                                     struct rds_error *err);

/* The first selector that admits the databases of every account, or NULL. */
const char *rdsca_trust_wide(const struct rds_uri *uri);

#endif
