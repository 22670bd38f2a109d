/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libcrypto that a program is linked against, for the command and the
 * tests.  Refuses to be part of the module, which links against none.
 */

#include "rds/libcrypto.h"

const struct rds_libcrypto *rds_libcrypto_linked(void)
{
    static const struct rds_libcrypto linked = {
#define LINKED(name) .name = name,
        RDS_LIBCRYPTO_FUNCTIONS(LINKED)
#undef LINKED
    };

    return &linked;
}
