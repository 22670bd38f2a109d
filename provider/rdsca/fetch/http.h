/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_HTTP_H
#define RDSCA_HTTP_H

/*
 * What a server answers, as libcurl hands it over: header lines, pieces of the
 * body, and the status at the end (RFC 9110, 8.8.3, 10.2.2 and 15).
 */

#include "download.h"

/* What has arrived of one try. */
struct rdsca_arrival {
    struct rdsca_response *out;
    bool too_large;
    char location[256]; /* where a redirect points */
};

/* For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION; `arg` is a struct
 * rdsca_arrival. */
size_t rdsca_take_body(char *data, size_t one, size_t size, void *arg);
size_t rdsca_take_header(char *data, size_t one, size_t size, void *arg);

/* What the status means; *err is filled where it is no success. */
enum rdsca_outcome rdsca_read_status(long status,
                                     const struct rdsca_request *request,
                                     const struct rdsca_arrival *arrival,
                                     struct rds_error *err);

#endif
