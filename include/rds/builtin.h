/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_BUILTIN_H
#define RDS_BUILTIN_H

/*
 * The built-in anchors: constant tables that the digest program makes at
 * build time from the PEM files in provider/anchors/.  They hold no pointers,
 * so they stay in pages that all processes share.
 */

#include "rds/select.h"

extern const unsigned char rds_builtin_der[];
extern const struct rds_anchor rds_builtin_anchors[]; /* sorted */
extern const size_t rds_builtin_anchor_count;
extern const struct rds_pin rds_builtin_pins[]; /* sorted by fingerprint */
extern const size_t rds_builtin_pin_count;
extern const char rds_builtin_regions[][RDS_REGION_MAX]; /* sorted */
extern const size_t rds_builtin_region_count;
extern const unsigned char rds_builtin_combined[][RDS_SHA256_SIZE];
extern const size_t rds_builtin_combined_count;
extern const int64_t rds_builtin_date;   /* when AWS last confirmed the set */
extern const char rds_builtin_summary[]; /* "175 anchors of 2026-09-01" */

#endif
