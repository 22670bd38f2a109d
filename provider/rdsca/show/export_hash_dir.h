/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_EXPORT_HASH_DIR_H
#define RDSCA_EXPORT_HASH_DIR_H

/*
 * A directory that OpenSSL reads with -CApath (openssl-rehash(1)): a file
 * <hash of the subject>.<number> for each certificate.
 *
 * Afterwards the directory's files of ours are those of the answer.  A file
 * is ours if it has such a name and holds what we write, to the byte: a line
 * that says so and one certificate.  All others are foreign; they are never
 * changed, and where one has a name that we need nothing is written.  The
 * directory is made where it is not there.
 */

#include "../certs/answer.h"

enum rdsca_exit rdsca_export_hash(const char *name, const char *directory,
                                  const struct rdsca_answer *answer);

#endif
