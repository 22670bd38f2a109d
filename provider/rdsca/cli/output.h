/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_OUTPUT_H
#define RDSCA_OUTPUT_H

/*
 * Giving a result to where -o says.
 */

#include "command.h"

/*
 * Gives the bytes to standard output where `path` is "-" or NULL; else
 * replaces the file, unless it holds them already, and says so on standard
 * output, `what` being its content ("90 certificates").  Refuses to replace
 * what is not a regular file, links included.
 */
enum rdsca_exit rdsca_deliver(const char *name, const char *path,
                              const void *bytes, size_t size,
                              const char *what);

#endif
