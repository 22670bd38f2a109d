/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's chain and the anchors behind it.  Refuses to let anything else
 * vouch for it.
 */

#include "chain.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "../certs/describe.h"
#include "rds/der.h"

static int64_t read_time(const ASN1_TIME *time)
{
    struct tm parts;

    memset(&parts, 0, sizeof(parts));
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return RDSCA_NO_TIME;
    return rdsca_seconds(&parts);
}

int64_t rdsca_not_before(const X509 *x509)
{
    return read_time(X509_get0_notBefore(x509));
}

int64_t rdsca_not_after(const X509 *x509)
{
    return read_time(X509_get0_notAfter(x509));
}

/* ---- the signers ------------------------------------------------------- */

/* Takes over `x509`, unless the anchor is there already. */
static void add_signer(struct rdsca_signers *out,
                       const struct rds_entry *entry, X509 *x509)
{
    bool known = out->count == RDSCA_SIGNERS_MAX;

    for (size_t i = 0; !known && i < out->count; i++)
        known = out->items[i].entry == entry;
    if (known)
        X509_free(x509);
    else
        out->items[out->count++] = (struct rdsca_signer){entry, x509};
}

static unsigned long long issuer_key(X509 *x509)
{
    const unsigned char *name = NULL;
    size_t size = 0;

    if (X509_NAME_get0_der(X509_get_issuer_name(x509), &name, &size) != 1)
        return 0;
    return rds_name_key(name, size);
}

/* Finds who signed one certificate. */
static void find_signers_of(struct rdsca_signers *out,
                            const struct rds_view *view, X509 *x509)
{
    const X509_NAME *issuer = X509_get_issuer_name(x509);
    unsigned long long key = issuer_key(x509);
    const struct rds_entry *namesake = NULL;
    bool found = false;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_entry *entry = &view->entries[i];
        X509 *anchor;

        if (entry->anchor->subject_key != key)
            continue;
        anchor = rdsca_x509(entry);
        if (anchor == NULL ||
            X509_NAME_cmp(X509_get_subject_name(anchor), issuer) != 0) {
            X509_free(anchor);
        } else if (X509_verify(x509, X509_get0_pubkey(anchor)) == 1) {
            add_signer(out, entry, anchor);
            found = true;
        } else {
            X509_free(anchor);
            namesake = entry;
        }
    }
    if (!found && namesake != NULL)
        out->namesake = namesake;
}

void rdsca_signers_find(struct rdsca_signers *out, const struct rds_view *view,
                        const STACK_OF(X509) * chain)
{
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < sk_X509_num(chain); i++)
        find_signers_of(out, view, sk_X509_value(chain, i));
    for (size_t i = 0; i < out->count; i++) /* it grows on the way */
        find_signers_of(out, view, out->items[i].x509);
    ERR_clear_error();
}

void rdsca_signers_clear(struct rdsca_signers *signers)
{
    for (size_t i = 0; i < signers->count; i++)
        X509_free(signers->items[i].x509);
    signers->count = 0;
}

/* ---- the path ---------------------------------------------------------- */

/* Takes every error down and goes on, so that one does not hide another. */
static int take_error(int good, X509_STORE_CTX *ctx)
{
    struct rdsca_path *out = X509_STORE_CTX_get_app_data(ctx);
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);

    if (good == 1)
        return 1;
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        out->expired = out->expired != NULL ? out->expired : at;
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        out->early = out->early != NULL ? out->early : at;
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        break; /* told by `anchor` */
    default:
        out->error = out->error != X509_V_OK ? out->error : error;
        break;
    }
    return 1;
}

/*
 * The process may have rds-trust in it, which gives every new store an issuer
 * function of its own.  Ours gets OpenSSL's back.
 */
static X509_STORE *make_store(const struct rdsca_signers *signers,
                              const bool *allowed)
{
    X509_STORE *store = X509_STORE_new();

    if (store == NULL)
        return NULL;
    X509_STORE_set_get_issuer(store, X509_STORE_CTX_get1_issuer);
    for (size_t i = 0; i < signers->count; i++) {
        if ((allowed == NULL || allowed[i]) &&
            X509_STORE_add_cert(store, signers->items[i].x509) != 1) {
            X509_STORE_free(store);
            return NULL;
        }
    }
    return store;
}

static const struct rds_entry *entry_of(const struct rdsca_signers *signers,
                                        const bool *allowed, const X509 *x509)
{
    for (size_t i = 0; i < signers->count; i++) {
        const struct rdsca_signer *signer = &signers->items[i];

        if ((allowed == NULL || allowed[i]) &&
            signer->entry->anchor->role == RDS_ROLE_ROOT &&
            X509_cmp(signer->x509, x509) == 0)
            return signer->entry;
    }
    return NULL;
}

static void read_chain(struct rdsca_path *out,
                       const struct rdsca_signers *signers,
                       const struct rdsca_terms *terms,
                       const STACK_OF(X509) * built)
{
    int count = built != NULL ? sk_X509_num(built) : 0;

    if (count == 0)
        return;
    out->anchor =
        entry_of(signers, terms->allowed, sk_X509_value(built, count - 1));
    for (int i = 0; i < count; i++) {
        X509 *x509 = sk_X509_value(built, i);

        if (out->soonest == NULL ||
            rdsca_not_after(x509) < rdsca_not_after(out->soonest))
            out->soonest = x509;
    }
}

void rdsca_path_build(struct rdsca_path *out,
                      const struct rdsca_signers *signers,
                      STACK_OF(X509) * chain, const struct rdsca_terms *terms)
{
    X509_STORE *store = make_store(signers, terms->allowed);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    memset(out, 0, sizeof(*out));
    out->no_memory =
        store == NULL || ctx == NULL ||
        X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) != 1 ||
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) != 1 ||
        X509_STORE_CTX_set_app_data(ctx, out) != 1;
    if (!out->no_memory) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t)terms->now);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx),
                                         terms->security_level);
        X509_STORE_CTX_set_verify_cb(ctx, take_error);
        result = X509_verify_cert(ctx);
        read_chain(out, signers, terms, X509_STORE_CTX_get0_chain(ctx));
        if (result != 1 && rdsca_path_good(out))
            out->error = X509_V_ERR_UNSPECIFIED;
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
}

bool rdsca_path_good(const struct rdsca_path *path)
{
    return !path->no_memory && path->anchor != NULL && path->expired == NULL &&
           path->early == NULL && path->error == X509_V_OK;
}
