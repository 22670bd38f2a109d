/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a certificate.  Refuses to keep more of them than are looked
 * at.
 */

#include "san.h"

#include <string.h>

#include "rds/leaf.h"

void rdsca_names_read(struct rdsca_names *out, X509 *x509)
{
    struct rds_der in, list, entry;
    struct rds_leaf leaf;
    unsigned char tag;

    memset(out, 0, sizeof(*out));
    rds_leaf_describe(rds_libcrypto_linked(), x509, &leaf);
    in = (struct rds_der){leaf.san, leaf.san_size};
    if (leaf.san_count == 0 || !rds_der_expect(&in, RDS_DER_SEQUENCE, &list))
        return;
    while (rds_der_next(&list, &tag, &entry)) {
        if (tag != RDS_DER_CONTEXT(2))
            out->others++;
        else if (out->count == RDS_SCOPE_NAMES_MAX)
            out->beyond++;
        else
            out->items[out->count++] =
                (struct rdsca_alt_name){entry.at, entry.left};
    }
}
