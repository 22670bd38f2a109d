/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_TRUST_H
#define RDS_TRUST_H

/*
 * Process-wide trust: the anchors that rds-trust names become issuers in
 * every X509_STORE of the process, for the leaves in their scope.
 *
 * OpenSSL calls us from X509_STORE_new() (ex-data, CRYPTO_get_ex_new_index(3))
 * and, through the function set there, for each issuer that a chain lacks
 * (X509_STORE_set_get_issuer(3)).  The application's own trust store is asked
 * first and is never changed.
 *
 * It belongs to a libcrypto, not to a provider instance: it outlives the
 * instance that started it, since stores keep the function.  The first
 * rds-trust of a libcrypto holds for the process; a different one is refused.
 * Distrust adds up: what any later instance distrusts, with an rds-trust of
 * its own or without, is offered no more.
 */

#include "module.h"
#include "rds/configuration.h"

/*
 * Starts trust as configured.  Called from OSSL_provider_init: fetches and
 * parses nothing, reads no file, and takes no lock across a call out.  False,
 * with nothing changed, where the URI cannot be used or another one holds.
 */
RDS_MUST_CHECK bool rds_trust_start(const struct rds_binding *binding,
                                    const struct rds_configuration *values,
                                    struct rds_error *err);

/* What an instance without rds-trust distrusts counts, too. */
RDS_MUST_CHECK bool rds_trust_distrust(const struct rds_binding *binding,
                                       const struct rds_configuration *values,
                                       struct rds_error *err);

#endif
