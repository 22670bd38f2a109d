/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_EXPORT_FORMATS_H
#define RDSCA_EXPORT_FORMATS_H

/*
 * The certificates of an answer in the formats that other programs read, in
 * the order of the answer.  The same answer gives the same bytes.
 */

#include <openssl/bio.h>

#include "../certs/answer.h"

/* What Java reads with, where nobody says otherwise. */
#define RDSCA_PASSWORD "changeit"

/* All return a memory BIO, or NULL; then libcrypto's error queue says why. */

/* Plain PEM, as AWS writes it: no text between the blocks. */
BIO *rdsca_keystore_pem(const struct rdsca_answer *answer);

/*
 * A certificates-only PKCS#7 in PEM ("BEGIN PKCS7"), as AWS serves its .p7b
 * files and as Windows imports them.
 */
BIO *rdsca_keystore_p7b(const struct rdsca_answer *answer);

/*
 * A PKCS#12 trust store for Java, each certificate a trustedCertEntry with
 * its own alias: that of rds/anchor.h, followed by the beginning of the
 * fingerprint where two have the same.
 *
 * The certificates are public, so they are not encrypted, and a program that
 * gives no password reads them, too.  The password only keys the integrity
 * check (HMAC with SHA-256, as JDK 17 writes it).  Its salt is taken from the
 * contents rather than from chance, so that a file can be compared.
 */
BIO *rdsca_keystore_p12(const struct rdsca_answer *answer,
                        const char *password);

/* Writes one certificate in PEM. */
RDS_MUST_CHECK bool rdsca_write_pem(BIO *to, const struct rds_entry *entry);

#endif
