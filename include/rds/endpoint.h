/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_ENDPOINT_H
#define RDS_ENDPOINT_H

/*
 * What the host name of a database endpoint tells: the service, the region,
 * and the account label.
 *
 * The account label is the part that AWS assigns once for each account and
 * region, as abc123def in mydb.cluster-abc123def.us-west-2.rds.amazonaws.com.
 * Names are matched whole, label by label; a name that merely ends like an
 * endpoint, or that has a label too many, is none.  The reader is pure,
 * allocates nothing and is thread-safe.  Source of the forms: Amazon RDS,
 * Aurora, DocumentDB, Neptune, Redshift and Aurora DSQL user guides, and the
 * host patterns in AWS's own open-source drivers.
 *
 * Each partition has its own domain, and a name's region must be of the
 * partition whose domain it ends in.
 */

#include "rds/anchor.h"

#define RDS_ENDPOINT_MAX 253 /* characters; RFC 1035, 2.3.4 */
#define RDS_LABEL_MAX 63

enum rds_endpoint_kind {
    RDS_ENDPOINT_DATABASE,      /* RDS and Aurora instances and clusters */
    RDS_ENDPOINT_GLOBAL_WRITER, /* Aurora global database: no region in it */
    RDS_ENDPOINT_PREVIEW,       /* Database Preview Environment */
    RDS_ENDPOINT_PROXY,         /* RDS Proxy */
    RDS_ENDPOINT_DOCDB,         /* DocumentDB instance clusters */
    RDS_ENDPOINT_DOCDB_ELASTIC,
    RDS_ENDPOINT_NEPTUNE,
    RDS_ENDPOINT_DSQL,
    RDS_ENDPOINT_REDSHIFT,
    RDS_ENDPOINT_REDSHIFT_SERVERLESS,
    RDS_ENDPOINT_KINDS
};

struct rds_endpoint {
    enum rds_endpoint_kind kind;
    enum rds_family family;        /* which CAs serve this kind */
    enum rds_partition partition;  /* of the region; aws if there is none */
    char region[RDS_REGION_MAX];   /* "" for a global writer */
    char label[RDS_LABEL_MAX + 1]; /* account label in lower case, or "" */
    char name[RDS_ENDPOINT_MAX +
              1]; /* all of it, in lower case, no final dot */
};

/*
 * Reads the endpoint's name: `size` characters, any case, one final dot
 * allowed.  False where it is no endpoint that we know.
 */
RDS_MUST_CHECK bool rds_endpoint_read(const char *name, size_t size,
                                      struct rds_endpoint *out);

/*
 * Whether a server of this name may instead have a certificate of Amazon
 * Trust Services.  Aurora express configuration and Aurora Serverless v1 do,
 * under the names of ordinary databases: the name cannot tell.
 */
bool rds_endpoint_ambiguous(const struct rds_endpoint *endpoint);

/* What such a server is called in messages. */
#define RDS_ENDPOINT_AMBIGUITY                                                \
    "Aurora express configuration or Serverless v1: Amazon Trust Services "   \
    "under an ordinary endpoint name"

/*
 * Why rds_endpoint_read() does not take a name: a clause of printable ASCII
 * without a final stop, which does not quote the name.  Returns `out`.
 */
#define RDS_ENDPOINT_FAULT_MAX 192
const char *rds_endpoint_fault(char out[RDS_ENDPOINT_FAULT_MAX],
                               const char *name, size_t size);

/* "RDS Proxy", "Aurora DSQL", ...; "?" for a value that is none. */
const char *rds_endpoint_kind_name(enum rds_endpoint_kind kind);

#endif
