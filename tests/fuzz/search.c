/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search parameters of any type and content, handed to the loader: what can be
 * used narrows the answer to what libcrypto's own comparison finds, in its
 * order; what cannot is an error.
 *
 * The input: a byte for the URI, then parameters: a byte for the key, one for
 * the type, one for the size, and the bytes.
 */

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/store.h>
#include <stdlib.h>
#include <string.h>

#include "lib/answers.h"

#define PARAMS_MAX 8

/* ---- parameters --------------------------------------------------------- */

static const char *const keys[] = {
    OSSL_STORE_PARAM_EXPECT,      OSSL_STORE_PARAM_SUBJECT,
    OSSL_STORE_PARAM_ISSUER,      OSSL_STORE_PARAM_SERIAL,
    OSSL_STORE_PARAM_FINGERPRINT, OSSL_STORE_PARAM_DIGEST,
    OSSL_STORE_PARAM_ALIAS,       OSSL_STORE_PARAM_PROPERTIES,
    "no-such-parameter",
};

static const unsigned types[] = {
    OSSL_PARAM_INTEGER,      OSSL_PARAM_UNSIGNED_INTEGER,
    OSSL_PARAM_REAL,         OSSL_PARAM_UTF8_STRING,
    OSSL_PARAM_OCTET_STRING, OSSL_PARAM_UTF8_PTR,
    OSSL_PARAM_OCTET_PTR,    99,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct params {
    OSSL_PARAM list[PARAMS_MAX + 1];
    uint8_t *bytes[PARAMS_MAX];
    size_t count;
};

static bool is_pointer(const OSSL_PARAM *param)
{
    return param->data_type == OSSL_PARAM_UTF8_PTR ||
           param->data_type == OSSL_PARAM_OCTET_PTR;
}

/* A parameter whose data ends where its memory does. */
static void take_param(struct feed *feed, struct params *params)
{
    OSSL_PARAM *param = &params->list[params->count];
    uint8_t **bytes = &params->bytes[params->count++];
    size_t size;

    param->key = keys[feed_byte(feed) % COUNT(keys)];
    param->data_type = types[feed_byte(feed) % COUNT(types)];
    param->return_size = 0;
    size = feed_byte(feed);
    if (size == 0xff && param->data_type == OSSL_PARAM_OCTET_STRING) {
        param->data = (void *)keys; /* a size that must not be believed */
        param->data_size = (size_t)-1;
        return;
    }
    if (param->data_type == OSSL_PARAM_UTF8_PTR) {
        *bytes = (uint8_t *)feed_text(feed, '\0');
        size = strlen((char *)*bytes);
    } else {
        *bytes = feed_bytes(feed, &size);
    }
    param->data = is_pointer(param) ? (void *)bytes : *bytes;
    param->data_size = size;
}

static void clear_params(struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        free(params->bytes[i]);
}

static void take_params(struct feed *feed, struct params *params)
{
    memset(params, 0, sizeof(*params));
    while (feed->left != 0 && params->count < PARAMS_MAX)
        take_param(feed, params);
}

/* ---- what the parameters mean ------------------------------------------- */

static const uint8_t *octets(const OSSL_PARAM *param)
{
    const uint8_t *bytes = param->data;

    if (param->data_type == OSSL_PARAM_OCTET_PTR)
        bytes = *(const uint8_t *const *)param->data;
    else if (param->data_type != OSSL_PARAM_OCTET_STRING)
        return NULL;
    return param->data_size <= RDS_CERTIFICATE_MAX ? bytes : NULL;
}

static char *text_of(const OSSL_PARAM *param)
{
    const char *text = param->data;

    if (param->data_type == OSSL_PARAM_UTF8_PTR)
        text = *(const char *const *)param->data;
    else if (param->data_type != OSSL_PARAM_UTF8_STRING)
        return NULL;
    if (text == NULL || strnlen(text, param->data_size) >= RDS_ALIAS_MAX)
        return NULL;
    return strndup(text, param->data_size);
}

/*
 * Whether each value that holds others says so in its tag, as DER has it.
 * libcrypto takes the tag without that bit, too; the loader finds nothing
 * then.
 */
static bool is_strict(const unsigned char *bytes, size_t size)
{
    struct rds_der in = {bytes, size}, names, set, pair;
    unsigned char tag;

    if (!rds_der_next(&in, &tag, &names) || tag != RDS_DER_SEQUENCE)
        return false;
    while (names.left != 0) {
        if (!rds_der_next(&names, &tag, &set) || tag != RDS_DER_SET)
            return false;
        while (set.left != 0) {
            if (!rds_der_next(&set, &tag, &pair) || tag != RDS_DER_SEQUENCE)
                return false;
        }
    }
    return true;
}

/* A name of which there is a key: see the target "name". */
static bool want_name(const OSSL_PARAM *param, X509_NAME **out, bool *unwanted)
{
    const unsigned char *bytes = octets(param), *at = bytes;
    X509_NAME *name = bytes != NULL
                          ? d2i_X509_NAME(NULL, &at, (long)param->data_size)
                          : NULL;

    *out = name;
    *unwanted |= name != NULL && !is_strict(bytes, param->data_size);
    return name != NULL && at == bytes + param->data_size;
}

static bool want_serial(const OSSL_PARAM *param, BIGNUM **out)
{
    if ((param->data_type != OSSL_PARAM_INTEGER &&
         param->data_type != OSSL_PARAM_UNSIGNED_INTEGER) ||
        param->data == NULL)
        return false;
    *out = BN_native2bn(param->data, (int)param->data_size, NULL);
    NEED(*out != NULL);
    return true;
}

static bool want_fingerprint(const OSSL_PARAM *param, const OSSL_PARAM *digest,
                             struct criteria *out)
{
    const uint8_t *bytes = octets(param);
    char *name = digest != NULL ? text_of(digest) : strdup("SHA256");

    if (name != NULL)
        out->digest = EVP_MD_fetch(NULL, name, NULL);
    free(name);
    if (bytes == NULL || out->digest == NULL)
        return false;
    out->fingerprint = malloc(param->data_size + 1);
    NEED(out->fingerprint != NULL);
    memcpy(out->fingerprint, bytes, param->data_size);
    out->fingerprint_size = param->data_size;
    return true;
}

static bool want_type(const OSSL_PARAM *param, bool list, bool *unwanted)
{
    int type;

    if (param->data == NULL || OSSL_PARAM_get_int(param, &type) != 1)
        return false;
    *unwanted = type != 0 && type != OSSL_STORE_INFO_CERT &&
                !(list && type == OSSL_STORE_INFO_NAME);
    return true;
}

/* The first parameter of each kind counts.  False: to be refused. */
static bool read_params(const struct params *params, bool list,
                        struct criteria *out)
{
    const OSSL_PARAM *all = params->list, *found[7];

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < COUNT(found); i++)
        found[i] = OSSL_PARAM_locate_const(all, keys[i]);
    out->any = found[1] != NULL || found[2] != NULL || found[3] != NULL ||
               found[4] != NULL || found[6] != NULL;
    if (found[6] != NULL)
        out->alias = text_of(found[6]);
    return (found[0] == NULL || want_type(found[0], list, &out->unwanted)) &&
           (found[1] == NULL ||
            want_name(found[1], &out->subject, &out->unwanted)) &&
           (found[2] == NULL ||
            want_name(found[2], &out->issuer, &out->unwanted)) &&
           (found[3] == NULL || want_serial(found[3], &out->serial)) &&
           (found[4] == NULL || want_fingerprint(found[4], found[5], out)) &&
           (found[6] == NULL || out->alias != NULL);
}

/* ---- the loader, called directly ---------------------------------------- */

struct loaded {
    const struct answer *answer;
    const struct criteria *criteria;
    size_t at; /* the certificate of the answer that comes next */
    size_t count;
};

/* Each object is the next one of the answer that meets the criteria. */
static int take_object(const OSSL_PARAM params[], void *arg)
{
    const OSSL_PARAM *data =
        OSSL_PARAM_locate_const(params, OSSL_OBJECT_PARAM_DATA);
    struct loaded *loaded = arg;
    const struct answer *answer = loaded->answer;
    unsigned char *der = NULL;
    int size;

    NEED(data != NULL);
    loaded->count++;
    if (answer->names != 0)
        return 1;
    while (loaded->at < answer->count && loaded->criteria != NULL &&
           !criteria_meet(loaded->criteria, answer, loaded->at))
        loaded->at++;
    CLAIM(loaded->at < answer->count, "more than there are");
    size = i2d_X509(answer->certificates[loaded->at++], &der);
    CLAIM((size_t)size == data->data_size &&
              memcmp(der, data->data, data->data_size) == 0,
          "another certificate than the search finds");
    OPENSSL_free(der);
    return 1;
}

static void load_all(void *opened, struct loaded *loaded)
{
    while (loader.eof(opened) == 0)
        CLAIM(loader.load(opened, take_object, loaded, NULL, NULL) == 1,
              "a load that fails");
    CLAIM(loader.load(opened, take_object, loaded, NULL, NULL) == 0,
          "a load behind the end");
}

static void claim_raised(void)
{
    const char *data = NULL;
    unsigned long code =
        ERR_peek_last_error_all(NULL, NULL, NULL, &data, NULL);

    CLAIM(ERR_GET_REASON(code) == RDS_R_BAD_SEARCH, "reason %d",
          ERR_GET_REASON(code));
    claim_line(data != NULL ? data : "");
}

static void ask_loader(size_t uri, struct feed *feed)
{
    struct loaded loaded = {.answer = &answers[uri]};
    struct params params;
    struct criteria criteria;
    void *opened = loader.open(loader.context, answer_uris[uri]);
    bool good;

    CLAIM(opened != NULL, "%s does not open", answer_uris[uri]);
    take_params(feed, &params);
    good = read_params(&params, uri == LIST, &criteria);
    ERR_clear_error();
    if (loader.set(opened, params.list) == 1) {
        reached();
        CLAIM(good, "unusable parameters are taken");
        loaded.criteria = &criteria;
        load_all(opened, &loaded);
        CLAIM(loaded.count == criteria_count(&criteria, &answers[uri]),
              "%zu found", loaded.count);
    } else {
        CLAIM(!good, "usable parameters are refused");
        claim_raised();
    }
    (void)loader.close(opened);
    criteria_clear(&criteria);
    clear_params(&params);
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
    struct feed feed = {data, size};
    size_t uri = feed_byte(&feed) % URIS;

    ask_loader(uri, &feed);
    return 0;
}
