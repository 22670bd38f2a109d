/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_REPORT_TEXT_H
#define RDSCA_REPORT_TEXT_H

/*
 * A finding as lines of text: the host, then "key: value", the verdict last.
 * All of it is ASCII without control characters, whatever the server sent.
 */

#include <stdio.h>

#include "result.h"

void rdsca_probe_text(const struct rdsca_finding *finding, FILE *to);

#endif
