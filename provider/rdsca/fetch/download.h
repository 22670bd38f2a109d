/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_DOWNLOAD_H
#define RDSCA_DOWNLOAD_H

/*
 * Downloading one file over HTTPS, with libcurl.
 *
 * TLS 1.2 or later, the server's certificate and name always checked; no
 * redirect is followed; sizes and times are capped.  Transient failures are
 * tried again with growing pauses.  Proxies are taken from the usual
 * variables (https_proxy, no_proxy).
 */

#include "rds/error.h"

#define RDSCA_DOWNLOAD_MAX (4 * 1024 * 1024) /* bytes; AWS's have 165,408 */
#define RDSCA_ETAG_MAX 256                   /* bytes, NUL included */

enum rdsca_ca_source {
    RDSCA_CA_BUILTIN, /* the built-in Amazon Trust Services roots */
    RDSCA_CA_SYSTEM,  /* what libcurl uses by default */
};

struct rdsca_request {
    const char *url;
    const char *etag;   /* of what we have, or NULL */
    const char *cacert; /* a PEM file in place of `ca`, or NULL */
    enum rdsca_ca_source ca;
    bool netrc;             /* user and password from ~/.netrc */
    const char *missing;    /* what to say where there is no such file; NULL:
                             * that the region's name may be wrong */
    const char *connect_to; /* "HOST:PORT" to connect to instead, or NULL */
    long timeout;           /* seconds for one try, all of it */
    long stall;             /* seconds with next to nothing arriving */
    long tries;
    bool progress; /* a bar on standard error */
};

enum rdsca_outcome {
    RDSCA_FETCHED,
    RDSCA_UNCHANGED,   /* the server confirms what we have */
    RDSCA_UNREACHABLE, /* may work later */
    RDSCA_REFUSED,     /* must not be used */
};

struct rdsca_response {
    unsigned char *bytes; /* malloc'ed */
    size_t size;
    char etag[RDSCA_ETAG_MAX]; /* "" where the server gave none */
};

/* *err is filled for the last two outcomes.  Free out->bytes. */
enum rdsca_outcome rdsca_fetch(const struct rdsca_request *request,
                               struct rdsca_response *out,
                               struct rds_error *err);

#endif
