/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_LIBCRYPTO_H
#define RDS_LIBCRYPTO_H

/*
 * The functions of libcrypto that we call, bound to one libcrypto.
 *
 * A process can hold several libcryptos: the system's, one bundled in a
 * Python wheel, the one inside node.  The module must use the one that loaded
 * it, so it links against none and calls through this table.  The command
 * and the tests link against theirs and use rds_libcrypto_linked().
 *
 * All functions exist in OpenSSL 3.0.  The types are those of the headers at
 * build time; names are used as const.
 */

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "rds/error.h"

/*
 * What is needed while the module is loaded: looking a symbol up costs more
 * than all else that we do then.
 */
#define RDS_LIBCRYPTO_START_FUNCTIONS(F)                                      \
    F(CRYPTO_get_ex_new_index)                                                \
    F(OSSL_LIB_CTX_get0_global_default)                                       \
    F(OSSL_LIB_CTX_set0_default)                                              \
    F(X509_STORE_CTX_get1_issuer)                                             \
    F(X509_STORE_free)                                                        \
    F(X509_STORE_get_get_issuer)                                              \
    F(X509_STORE_new)                                                         \
    F(X509_STORE_set_get_issuer)

/* What is needed when a URI is opened, or an issuer looked for. */
#define RDS_LIBCRYPTO_FUNCTIONS(F)                                            \
    F(ASN1_STRING_get0_data)                                                  \
    F(ASN1_STRING_length)                                                     \
    F(BIO_free)                                                               \
    F(BIO_new_mem_buf)                                                        \
    F(CRYPTO_free)                                                            \
    F(ERR_peek_last_error)                                                    \
    F(ERR_pop_to_mark)                                                        \
    F(ERR_set_mark)                                                           \
    F(EVP_PKEY_get_security_bits)                                             \
    F(EVP_Q_digest)                                                           \
    F(OBJ_nid2obj)                                                            \
    F(OPENSSL_sk_free)                                                        \
    F(OPENSSL_sk_new_null)                                                    \
    F(OPENSSL_sk_push)                                                        \
    F(OPENSSL_version_major)                                                  \
    F(OSSL_PARAM_get_int)                                                     \
    F(OSSL_PARAM_locate)                                                      \
    F(OSSL_PARAM_locate_const)                                                \
    F(OSSL_PARAM_set_int)                                                     \
    F(OSSL_PARAM_set_utf8_ptr)                                                \
    F(OSSL_LIB_CTX_get0_global_default)                                       \
    F(PEM_read_bio)                                                           \
    F(X509_EXTENSION_get_data)                                                \
    F(X509_NAME_cmp)                                                          \
    F(X509_NAME_free)                                                         \
    F(X509_NAME_get0_der)                                                     \
    F(X509_STORE_CTX_free)                                                    \
    F(X509_STORE_CTX_get0_cert)                                               \
    F(X509_STORE_CTX_get0_param)                                              \
    F(X509_STORE_CTX_get0_parent_ctx)                                         \
    F(X509_STORE_CTX_init)                                                    \
    F(X509_STORE_CTX_new)                                                     \
    F(X509_STORE_CTX_set0_trusted_stack)                                      \
    F(X509_VERIFY_PARAM_clear_flags)                                          \
    F(X509_VERIFY_PARAM_get0_email)                                           \
    F(X509_VERIFY_PARAM_get0_host)                                            \
    F(X509_VERIFY_PARAM_get1_ip_asc)                                          \
    F(X509_VERIFY_PARAM_set1)                                                 \
    F(X509_VERIFY_PARAM_set_flags)                                            \
    F(X509_add1_trust_object)                                                 \
    F(X509_check_ca)                                                          \
    F(X509_check_issued)                                                      \
    F(X509_free)                                                              \
    F(X509_get0_pubkey)                                                       \
    F(X509_get_ext)                                                           \
    F(X509_get_ext_by_NID)                                                    \
    F(X509_get_extended_key_usage)                                            \
    F(X509_get_extension_flags)                                               \
    F(X509_get_issuer_name)                                                   \
    F(X509_get_key_usage)                                                     \
    F(X509_get_subject_name)                                                  \
    F(X509_new_ex)                                                            \
    F(X509_up_ref)                                                            \
    F(X509_verify)                                                            \
    F(X509_verify_cert)                                                       \
    F(d2i_X509)                                                               \
    F(d2i_X509_NAME)

#define RDS_LIBCRYPTO_MEMBER(name) __typeof__(&name) name;

struct rds_libcrypto_start {
    RDS_LIBCRYPTO_START_FUNCTIONS(RDS_LIBCRYPTO_MEMBER)
};

struct rds_libcrypto {
    RDS_LIBCRYPTO_FUNCTIONS(RDS_LIBCRYPTO_MEMBER)
};

#undef RDS_LIBCRYPTO_MEMBER

/* One libcrypto, found and bound. */
struct rds_binding {
    const void *object; /* an address in it; tells one from another */
    void *handle;       /* of dlopen(), never closed */
    struct rds_libcrypto_start start;
    _Atomic bool complete; /* `all` is filled in and does not change */
    struct rds_libcrypto all;
};

/*
 * Binds to the libcrypto that holds `core_function`, a function pointer that
 * the core passed to OSSL_provider_init, and fills in `start`.  Every symbol
 * must lie in that very object; if one does not, nothing is bound and the
 * result is false.  Keeps the object loaded for the life of the process.
 */
RDS_MUST_CHECK bool rds_binding_start(struct rds_binding *out,
                                      void (*core_function)(void),
                                      struct rds_error *err);

/*
 * Fills in `all`, by the same rule, unless it is already.  Costs one load
 * then.  Thread-safe.
 */
RDS_MUST_CHECK bool rds_binding_complete(struct rds_binding *binding,
                                         struct rds_error *err);

/*
 * A digest by the name that OpenSSL knows it by, from the library context
 * that is the thread's default, or else from the global one: an application
 * may have made the one or the other without providers.  `out` has
 * EVP_MAX_MD_SIZE bytes.  Leaves the error queue as it was.
 */
RDS_MUST_CHECK bool rds_digest(const struct rds_libcrypto *lc,
                               const char *name, const void *bytes,
                               size_t size, unsigned char *out,
                               size_t *out_size);

/* The table of the libcrypto that this program is linked against. */
const struct rds_libcrypto *rds_libcrypto_linked(void);

#endif
