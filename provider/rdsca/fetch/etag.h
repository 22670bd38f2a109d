/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_ETAG_H
#define RDSCA_ETAG_H

/*
 * The ETag of a bundle (RFC 9110, 8.8.3) stands beside it in .NAME.etag, with
 * the URL and the bundle's SHA-256: it is sent only for the same URL, and only
 * while the bundle is the one that came with it.  Losing one costs a download,
 * so no failure here is one of the update.
 */

#include "download.h"
#include "rds/bundle.h"

/* "" where there is none to send. */
void rdsca_etag_read(const char *directory, const struct rds_bundle_name *name,
                     const char *url, char etag[RDSCA_ETAG_MAX]);

/* Keeps the ETag of the bundle that is there now; "" removes it. */
void rdsca_etag_write(const char *directory,
                      const struct rds_bundle_name *name, const char *url,
                      const char *etag);

#endif
