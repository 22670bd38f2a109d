/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_JSON_H
#define RDSCA_JSON_H

/*
 * What the JSON reports share.  JSON is UTF-8, but paths and names on a
 * command line are any bytes.
 */

#include <jansson.h>

#include "command.h"

/*
 * The text as a JSON string; where it is no UTF-8, the bytes that are not
 * printable ASCII, and \, become \xNN.  NULL where memory fails.
 */
json_t *rdsca_json_text(const char *text);

/*
 * Adds a value, which it takes over, to an array.  Where one of them is NULL,
 * or memory fails, the array is freed, and NULL: none lacks a value.
 */
void rdsca_json_append(json_t **array, json_t *value);

/*
 * Prints the document and a new line to standard output, and frees it; NULL
 * counts as out of memory.  RDSCA_FINE, or another code after a complaint.
 */
enum rdsca_exit rdsca_json_print(const char *name, json_t *document);

#endif
