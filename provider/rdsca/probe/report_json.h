/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_REPORT_JSON_H
#define RDSCA_REPORT_JSON_H

/*
 * Findings as JSON.
 *
 *   {"schema": 1, "time": ..., "directory": ..., "hosts": [
 *     {"host", "endpoint": {"kind", "region", "partition", "label"} or null,
 *      "address": text or null, "port": that was connected to, else the one
 *        that was given, or null,
 *      "protocol": "postgres"/"mysql"/"tls" or null,
 *      "tls": {"version", "cipher"} or null,
 *      "chain": [{"cn", "issuer_cn", "subject", "issuer", "names": [...],
 *        "key", "not_before", "not_after", "days_left", "sha256"}],
 *      "ca": CA identifier or null, "anchor": {"ca", "region", "family",
 *        "not_after", "days_left", "sha256", "source", "file"} or null,
 *      "trust": [{"uri", "in_force", "recommended", "trusts", "clause",
 *        "name", "text"}],
 *      "verdict", "exit": exit code, "text": the line of the verdict}]}
 *
 * "anchor" is what vouches; "ca" without an anchor is what the chain claims.
 * Names from a certificate are quoted as in the text, so they are ASCII;
 * "subject" and "issuer" are RFC 2253, null where they cannot be written so,
 * and so are dates that cannot be read.  Members that are not known are null.
 * Times are ISO 8601, UTC.  A later schema may add members, not change these.
 */

#include <jansson.h>

#include "../cli/command.h"
#include "result.h"

/* One host; NULL where memory runs out. */
json_t *rdsca_probe_json(const struct rdsca_finding *finding) RDS_MUST_CHECK;

/*
 * Prints all of them to standard output; takes `hosts`, an array, whatever the
 * outcome.  Where memory runs out nothing is written.
 */
enum rdsca_exit rdsca_probe_print_json(const char *name, json_t *hosts,
                                       int64_t now, const char *directory);

#endif
