/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_LIST_JSON_H
#define RDSCA_LIST_JSON_H

/*
 * The answer to a URI as JSON.
 *
 *   {"schema": 1, "uri": ..., "time": ..., "directory": ..., "anchors": [
 *     {"region": text or null, "partition", "family": "rds"/"proxy", "ca",
 *      "role", "stage", "key", "not_before", "not_after", "days_left": whole
 *      days, negative where expired, "source": "built in"/"directory",
 *      "file": path or null, "confirmed": when AWS last confirmed it or null,
 *      "sha256", "subject": RFC 2253, "alias"}]}
 *
 * Times are ISO 8601, UTC.  A later schema may add members, not change these.
 */

#include "../certs/answer.h"

/* Prints it to standard output; where memory runs out, nothing. */
enum rdsca_exit rdsca_list_json(const char *name,
                                const struct rdsca_answer *answer);

#endif
