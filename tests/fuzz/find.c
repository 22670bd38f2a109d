/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searches through OSSL_STORE, as an application makes them: what is found is
 * what libcrypto's own comparison finds, in its order.
 *
 * The input: a SEQUENCE of what is searched for (a name; an issuer and a
 * serial number; an OCTET STRING that is a fingerprint or an alias), a byte
 * for the URI, and one for the kind of search.
 */

#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

#include "lib/answers.h"

/* A name, of whatever encoding libcrypto takes. */
static X509_NAME *take_name(struct rds_der *in)
{
    const unsigned char *at = in->at;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)in->left);

    if (name != NULL)
        *in = (struct rds_der){at, in->left - (size_t)(at - in->at)};
    return name;
}

static OSSL_STORE_SEARCH *by_subject(struct rds_der *in, struct criteria *out)
{
    out->subject = take_name(in);
    return out->subject != NULL ? OSSL_STORE_SEARCH_by_name(out->subject)
                                : NULL;
}

/* OpenSSL hands over the bytes of a number, not its sign. */
static OSSL_STORE_SEARCH *by_issuer(struct rds_der *in, struct criteria *out,
                                    ASN1_INTEGER **serial)
{
    const unsigned char *at;

    out->issuer = take_name(in);
    at = in->at;
    *serial = d2i_ASN1_INTEGER(NULL, &at, (long)in->left);
    out->serial = *serial != NULL ? ASN1_INTEGER_to_BN(*serial, NULL) : NULL;
    return out->issuer != NULL && out->serial != NULL &&
                   !BN_is_negative(out->serial)
               ? OSSL_STORE_SEARCH_by_issuer_serial(out->issuer, *serial)
               : NULL;
}

static OSSL_STORE_SEARCH *by_fingerprint(const struct rds_der *octets,
                                         struct criteria *out)
{
    const char *digest = octets->left == 20   ? "SHA1"
                         : octets->left == 48 ? "SHA384"
                                              : "SHA256";

    out->digest = EVP_MD_fetch(NULL, digest, NULL);
    out->fingerprint_size = octets->left;
    out->fingerprint = malloc(octets->left + 1);
    NEED(out->fingerprint != NULL && out->digest != NULL);
    memcpy(out->fingerprint, octets->at, octets->left);
    return OSSL_STORE_SEARCH_by_key_fingerprint(out->digest, out->fingerprint,
                                                out->fingerprint_size);
}

static OSSL_STORE_SEARCH *by_alias(const struct rds_der *octets,
                                   struct criteria *out)
{
    out->alias = strndup((const char *)octets->at, octets->left);
    NEED(out->alias != NULL);
    return OSSL_STORE_SEARCH_by_alias(out->alias);
}

/* A search as an application makes one; NULL where OpenSSL refuses to. */
static OSSL_STORE_SEARCH *make_search(unsigned kind, struct rds_der in,
                                      struct criteria *out,
                                      ASN1_INTEGER **serial)
{
    struct rds_der octets;

    if (kind == 0)
        return by_subject(&in, out);
    if (kind == 1)
        return by_issuer(&in, out, serial);
    if (!rds_der_expect(&in, RDS_DER_OCTET_STRING, &octets))
        return NULL;
    return kind == 2 ? by_fingerprint(&octets, out) : by_alias(&octets, out);
}

/* A name whose encoding is no DER has no key, and finds nothing. */
static bool has_key(const X509_NAME *name)
{
    const unsigned char *der;
    size_t size;

    return name == NULL || (X509_NAME_get0_der(name, &der, &size) == 1 &&
                            rds_name_key(der, size) != 0);
}

static void compare_store(OSSL_STORE_CTX *context, const struct answer *answer,
                          const struct criteria *criteria)
{
    size_t at = 0, found = 0, count = criteria_count(criteria, answer);
    OSSL_STORE_INFO *info;

    reached();
    while (OSSL_STORE_eof(context) == 0) {
        info = OSSL_STORE_load(context);
        CLAIM(info != NULL && OSSL_STORE_error(context) == 0,
              "a load that fails");
        while (at < answer->count && !criteria_meet(criteria, answer, at))
            at++;
        CLAIM(at < answer->count && X509_cmp(OSSL_STORE_INFO_get0_CERT(info),
                                             answer->certificates[at]) == 0,
              "another certificate than the search finds");
        at++;
        found++;
        OSSL_STORE_INFO_free(info);
    }
    CLAIM(found == count, "%zu found of %zu", found, count);
}

static void ask_store(size_t uri, unsigned kind, struct rds_der what)
{
    struct criteria criteria = {.any = true};
    OSSL_STORE_CTX *context = NULL;
    OSSL_STORE_SEARCH *search;
    ASN1_INTEGER *serial = NULL;

    search = make_search(kind, what, &criteria, &serial);
    if (search != NULL && has_key(criteria.subject) &&
        has_key(criteria.issuer)) {
        context = OSSL_STORE_open_ex(answer_uris[uri], NULL, NULL, NULL, NULL,
                                     NULL, NULL, NULL);
        CLAIM(context != NULL, "%s does not open", answer_uris[uri]);
        if (OSSL_STORE_expect(context, OSSL_STORE_INFO_CERT) == 1 &&
            OSSL_STORE_find(context, search) == 1)
            compare_store(context, &answers[uri], &criteria);
        else
            CLAIM(criteria.alias != NULL &&
                      strlen(criteria.alias) >= RDS_ALIAS_MAX,
                  "the search is refused");
    }
    (void)OSSL_STORE_close(context);
    OSSL_STORE_SEARCH_free(search);
    ASN1_INTEGER_free(serial);
    criteria_clear(&criteria);
    ERR_clear_error();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    answers_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rds_der in = {data, size}, what;
    struct feed feed;
    size_t uri;

    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &what))
        return 0;
    feed = (struct feed){in.at, in.left};
    uri = feed_byte(&feed) % LIST;
    ask_store(uri, feed_byte(&feed) % 4, what);
    return 0;
}
