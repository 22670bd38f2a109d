/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests.  Refuses to depend on one library context alone.
 */

#include "rds/libcrypto.h"

bool rds_digest(const struct rds_libcrypto *lc, const char *name,
                const void *bytes, size_t size, unsigned char *out,
                size_t *out_size)
{
    OSSL_LIB_CTX *contexts[] = {NULL, lc->OSSL_LIB_CTX_get0_global_default()};
    bool good = false;

    (void)lc->ERR_set_mark();
    for (size_t i = 0; !good && i < 2; i++)
        good = lc->EVP_Q_digest(contexts[i], name, NULL, bytes, size, out,
                                out_size) == 1;
    (void)lc->ERR_pop_to_mark();
    return good;
}
