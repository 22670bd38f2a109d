/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FUZZ_ANSWERS_H
#define RDS_FUZZ_ANSWERS_H

/*
 * What the loader answers to a few URIs, and what a search must leave of it
 * by libcrypto's own comparisons: the model for the targets "search" and
 * "find".
 */

#include <openssl/core_dispatch.h>

#include "../fuzz.h"

extern const char *const answer_uris[];
#define URIS 6
#define LIST (URIS - 1) /* the one whose answer is names */
#define CERTIFICATES_MAX 512

/* The loader's functions, and the provider's context. */
struct loader {
    void *context;
    OSSL_FUNC_store_open_fn *open;
    OSSL_FUNC_store_set_ctx_params_fn *set;
    OSSL_FUNC_store_load_fn *load;
    OSSL_FUNC_store_eof_fn *eof;
    OSSL_FUNC_store_close_fn *close;
};
extern struct loader loader;

/* What a URI answers without a search. */
struct answer {
    X509 *certificates[CERTIFICATES_MAX];
    const char *aliases[CERTIFICATES_MAX];
    size_t count;
    size_t names;
};
extern struct answer answers[URIS];

/* Loads the module, finds its functions, and keeps the answers. */
void answers_start(void);

/* What is searched for; NULL where it is not. */
struct criteria {
    X509_NAME *subject, *issuer;
    BIGNUM *serial;
    uint8_t *fingerprint;
    size_t fingerprint_size;
    EVP_MD *digest;
    char *alias;
    bool unwanted; /* another type is expected */
    bool any;
};

/* Whether certificate i of the answer is one that the search finds. */
bool criteria_meet(const struct criteria *criteria,
                   const struct answer *answer, size_t i);

/* How many it finds. */
size_t criteria_count(const struct criteria *criteria,
                      const struct answer *answer);
void criteria_clear(struct criteria *criteria);

#endif
