/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_VERDICT_H
#define RDSCA_VERDICT_H

/*
 * From what was found out about a host to a verdict, and to one line that
 * says what to do.  Pure.
 */

#include "../cli/command.h"
#include "result.h"

/*
 * Fills in verdict and advice.  What expires within `expiring` days is a
 * finding.
 */
void rdsca_judge(struct rdsca_finding *finding, int64_t expiring);

/* "verified", ...; "?" for a value that is none. */
const char *rdsca_verdict_name(enum rdsca_verdict verdict);
enum rdsca_exit rdsca_verdict_exit(enum rdsca_verdict verdict);

#endif
