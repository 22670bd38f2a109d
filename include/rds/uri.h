/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_URI_H
#define RDS_URI_H

/*
 * The text of an rds: URI, taken apart.
 *
 *   rds-uri  = "rds:" [ "//" ] [ union [ "?" filter *( "&" filter ) ] ]
 *   union    = selector *( "+" selector )
 *   selector = "all" / "global" / "proxy" / "list"
 *            / "region/" region *( "," region ) [ "/" ca-id ]
 *            / "partition/" ( "aws" / "aws-us-gov" / "aws-cn" )
 *            / "host/" endpoint [ ":" port ]
 *            / "ca/" ca-id  /  "file/" name  /  "sha256/" 64HEXDIG
 *   filter   = "ca=" ca-id / "role=" ( "root" / "intermediate" )
 *            / "expired=include" / "stage=" ( "beta" / "preview" )
 *
 * The scheme is read in any case; nothing after it means "all".  There is no
 * percent-decoding and there are no paths.  Only the form is judged here;
 * whether a region or a CA identifier exists is a question for rds/select.h.
 * Pure and thread-safe.
 */

#include "rds/endpoint.h"

#define RDS_URI_MAX 4096     /* bytes of a URI */
#define RDS_SELECTORS_MAX 64 /* selectors in a union, each region counted */
#define RDS_FILE_NAME_MAX 88 /* bytes of a file's name, NUL included */

enum rds_selector_kind {
    RDS_SELECT_ALL,
    RDS_SELECT_GLOBAL,
    RDS_SELECT_REGION,
    RDS_SELECT_PARTITION,
    RDS_SELECT_HOST,
    RDS_SELECT_CA,
    RDS_SELECT_FILE,
    RDS_SELECT_SHA256,
    RDS_SELECT_PROXY,
    RDS_SELECT_LIST,
    RDS_SELECTOR_KINDS
};

struct rds_selector {
    enum rds_selector_kind kind;
    union {
        struct {
            char name[RDS_REGION_MAX];
            char ca[RDS_CA_MAX]; /* "" where none is named */
        } region;
        enum rds_partition partition;
        struct rds_endpoint host;
        char ca[RDS_CA_MAX];
        char file[RDS_FILE_NAME_MAX];
        unsigned char sha256[RDS_SHA256_SIZE];
    } u;
};

/* What the filters say; each field has a value for "not given". */
struct rds_filters {
    char ca[RDS_CA_MAX];  /* "" */
    enum rds_role role;   /* RDS_ROLES */
    enum rds_stage stage; /* RDS_STAGE_PRODUCTION */
    bool expired;         /* false */
};

struct rds_uri {
    struct rds_filters filters;
    size_t count; /* of selectors, at least 1 */
    struct rds_selector selectors[RDS_SELECTORS_MAX];
};

/* Whether the text begins with the scheme, in any case. */
bool rds_uri_is_rds(const char *text);

/*
 * Takes a NUL-terminated URI apart.  *out (about 30 kB: not for small
 * stacks) is unspecified on failure.
 */
RDS_MUST_CHECK bool rds_uri_read(const char *text, struct rds_uri *out,
                                 struct rds_error *err);

/* Whether the URI asks for the list of URIs. */
bool rds_uri_is_list(const struct rds_uri *uri);

/*
 * Reads 64 hexadecimal digits.  Used for the configuration too.
 */
RDS_MUST_CHECK bool rds_sha256_read(const char *hex, size_t size,
                                    unsigned char out[RDS_SHA256_SIZE]);

/* Writes them, in lower case.  Returns `out`. */
#define RDS_SHA256_TEXT (2 * RDS_SHA256_SIZE + 1)
const char *rds_sha256_write(char out[RDS_SHA256_TEXT],
                             const unsigned char sha256[RDS_SHA256_SIZE]);

#endif
