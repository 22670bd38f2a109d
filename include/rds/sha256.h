/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_SHA256_H
#define RDS_SHA256_H

/*
 * SHA-256 (FIPS 180-4), for fingerprints of certificates only.
 *
 * libcrypto's needs a provider in the library context at hand, and an
 * application may well have made its default context without one; a bundle
 * would then be lost, and with it what it withdraws.  The build computes the
 * fingerprints of the built-in anchors with libcrypto, and a test compares.
 * Pure and thread-safe; cannot fail.
 */

#include "rds/anchor.h"

void rds_sha256(const void *bytes, size_t size,
                unsigned char out[RDS_SHA256_SIZE]);

#endif
