/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an application expects.  Refuses to read a text whose end it cannot
 * know.
 */

#include "identity.h"

/*
 * OpenSSL 4.0 keeps hosts with their length, and the copy of a parameter set
 * (which is what every verification works with) has no NUL behind them:
 * X509_VERIFY_PARAM_get0_host() returns a text without an end.
 */
#define LAST_MAJOR_WITH_TEXTS 3

static bool expects_something_else(const struct rds_libcrypto *lc,
                                   X509_VERIFY_PARAM *param)
{
    char *address = lc->X509_VERIFY_PARAM_get1_ip_asc(param);
    bool found =
        address != NULL || lc->X509_VERIFY_PARAM_get0_email(param) != NULL;

    lc->CRYPTO_free(address, __FILE__, __LINE__);
    return found;
}

/* The parameters, without all that could fail but the identity. */
static bool only_identity(const struct rds_libcrypto *lc,
                          X509_VERIFY_PARAM *param, X509_VERIFY_PARAM *out)
{
    const unsigned long flags =
        X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME;

    return lc->X509_VERIFY_PARAM_set1(out, param) == 1 &&
           lc->X509_VERIFY_PARAM_clear_flags(out, ~0UL) == 1 &&
           lc->X509_VERIFY_PARAM_set_flags(out, flags) == 1;
}

/*
 * Asks OpenSSL: a chain of the certificate alone, which is trusted, fails for
 * its identity or not at all.  It has no store, so our issuer function is not
 * asked again.
 */
static bool fits(const struct rds_libcrypto *lc, X509_VERIFY_PARAM *param,
                 X509 *certificate)
{
    X509_STORE_CTX *inner = lc->X509_STORE_CTX_new();
    OPENSSL_STACK *trusted = lc->OPENSSL_sk_new_null();
    bool good = false;

    if (inner == NULL || trusted == NULL ||
        lc->OPENSSL_sk_push(trusted, certificate) <= 0 ||
        lc->X509_STORE_CTX_init(inner, NULL, certificate, NULL) != 1)
        goto done;
    lc->X509_STORE_CTX_set0_trusted_stack(inner, (STACK_OF(X509) *)trusted);
    good = only_identity(lc, param, lc->X509_STORE_CTX_get0_param(inner)) &&
           lc->X509_verify_cert(inner) == 1;
done:
    lc->X509_STORE_CTX_free(inner);
    lc->OPENSSL_sk_free(trusted);
    return good;
}

void rds_identity_describe(const struct rds_libcrypto *lc, X509_STORE_CTX *ctx,
                           X509 *certificate, const char *hosts[RDS_HOSTS_MAX],
                           struct rds_leaf *leaf)
{
    X509_VERIFY_PARAM *param = lc->X509_STORE_CTX_get0_param(ctx);

    leaf->hosts = hosts;
    leaf->host_count = 0;
    if (lc->X509_VERIFY_PARAM_get0_host(param, 0) == NULL) {
        leaf->other_identity = expects_something_else(lc, param);
    } else if (lc->OPENSSL_version_major() > LAST_MAJOR_WITH_TEXTS) {
        leaf->other_identity = !fits(lc, param, certificate);
    } else {
        /* A host decides, whatever else is expected. */
        while (leaf->host_count < RDS_HOSTS_MAX &&
               (hosts[leaf->host_count] = lc->X509_VERIFY_PARAM_get0_host(
                    param, (int)leaf->host_count)) != NULL)
            leaf->host_count++;
    }
}
