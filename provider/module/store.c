/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The STORE loader (provider-storemgmt(7)): a URI is answered when it is
 * opened, searches narrow the answer, loading hands out the exact DER.
 * Refuses at open whatever it would have to refuse later, since a load that
 * fails would hide every certificate after it.
 */

#include "module.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/store.h>

#include "log.h"

static OSSL_FUNC_store_open_fn store_open;
static OSSL_FUNC_store_attach_fn store_attach;
static OSSL_FUNC_store_settable_ctx_params_fn store_settable_ctx_params;
static OSSL_FUNC_store_set_ctx_params_fn store_set_ctx_params;
static OSSL_FUNC_store_load_fn store_load;
static OSSL_FUNC_store_eof_fn store_eof;
static OSSL_FUNC_store_close_fn store_close;

/* A line of rds://list. */
struct list_name {
    char *uri;
    char *description;
};

/* An opened URI: either certificates, or the names of URIs. */
struct opened {
    const struct rds_provider *provider;
    const struct rds_snapshot *snapshot;
    const struct rds_answer *answer; /* shared with others */
    uint32_t *found;                 /* what searches left of it, or NULL */
    const uint32_t *index;           /* of either: places in the view */
    size_t count;
    struct list_name *names; /* rds://list only */
    size_t name_count;
    bool list;
    bool unwanted; /* something else than certificates is expected */
    size_t next;   /* of index or names */
};

static const struct rds_entry *entry_at(const struct opened *opened, size_t i)
{
    return &rds_snapshot_view(opened->snapshot)->entries[opened->index[i]];
}

/* ---- opening and closing ----------------------------------------------- */

static int store_close(void *loaderctx)
{
    struct opened *opened = loaderctx;

    if (opened == NULL)
        return 1;
    for (size_t i = 0; i < opened->name_count; i++) {
        free(opened->names[i].uri);
        free(opened->names[i].description);
    }
    free(opened->names);
    free(opened->found);
    rds_answer_release(opened->answer);
    rds_snapshot_release(opened->snapshot);
    free(opened);
    return 1;
}

static bool add_name(void *arg, const char *uri, const char *description)
{
    struct opened *opened = arg;
    struct list_name *more =
        realloc(opened->names, (opened->name_count + 1) * sizeof(*more));

    if (more == NULL)
        return false;
    opened->names = more;
    more += opened->name_count++;
    more->uri = strdup(uri);
    more->description = strdup(description);
    return more->uri != NULL && more->description != NULL;
}

static bool answer(struct opened *opened, const char *text,
                   const struct rds_uri *uri, struct rds_error *err)
{
    int64_t now = (int64_t)time(NULL);

    opened->snapshot = rds_truststore_snapshot(opened->provider->store, err);
    if (opened->snapshot == NULL)
        return false;
    opened->list = rds_uri_is_list(uri);
    if (opened->list)
        return rds_list(rds_snapshot_view(opened->snapshot), now, add_name,
                        opened) ||
               rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    opened->answer =
        rds_snapshot_answer(opened->snapshot, text, uri, now, err);
    if (opened->answer == NULL)
        return false;
    opened->index = opened->answer->selection.index;
    opened->count = opened->answer->selection.count;
    return true;
}

static void log_opened(const struct opened *opened, const char *text)
{
    char quoted[RDS_QUOTE_MAX];

    if (rds_log_limit >= RDS_LOG_INFO)
        rds_log_write(RDS_LOG_INFO, "open '%s': %zu certificates, %zu names",
                      rds_quote(quoted, text, strlen(text)), opened->count,
                      opened->name_count);
}

static void *store_open(void *provctx, const char *text)
{
    struct rds_provider *provider = provctx;
    struct rds_uri *uri = malloc(sizeof(*uri));
    struct opened *opened = calloc(1, sizeof(*opened));
    struct rds_error err;
    bool good = false;

    if (provider->fault.reason != RDS_R_NONE) {
        err = provider->fault;
    } else if (uri == NULL || opened == NULL) {
        (void)rds_fail(&err, RDS_R_NO_MEMORY, "out of memory");
    } else if (text == NULL) {
        (void)rds_fail(&err, RDS_R_BAD_URI, "no URI");
    } else if (rds_binding_complete(&provider->binding, &err)) {
        opened->provider = provider;
        good =
            rds_uri_read(text, uri, &err) && answer(opened, text, uri, &err);
    }
    free(uri);
    if (good) {
        log_opened(opened, text);
        return opened;
    }
    (void)store_close(opened);
    rds_raise(provider, &err);
    return NULL;
}

/* OpenSSL 3.0 calls this without looking whether it is there. */
static void *store_attach(void *provctx, OSSL_CORE_BIO *in)
{
    struct rds_error err;

    (void)in;
    (void)rds_fail(&err, RDS_R_BAD_URI,
                   "the rds loader reads no stream; open an rds:// URI");
    rds_raise((const struct rds_provider *)provctx, &err);
    return NULL;
}

/* ---- searching --------------------------------------------------------- */

/* What to look for; which member counts depends on the test. */
struct wanted {
    const struct rds_libcrypto *lc;
    const unsigned char *bytes;
    size_t size;
    const char *text;
    unsigned long long key;
    X509_NAME *name;
};

typedef bool test_fn(const struct wanted *wanted,
                     const struct rds_entry *entry);

static bool unusable(const struct opened *opened, const char *what)
{
    struct rds_error err;

    (void)rds_fail(&err, RDS_R_BAD_SEARCH, "%s", what);
    rds_raise(opened->provider, &err);
    return false;
}

static bool no_memory(const struct opened *opened)
{
    struct rds_error err;

    (void)rds_fail(&err, RDS_R_NO_MEMORY, "out of memory");
    rds_raise(opened->provider, &err);
    return false;
}

/* Goes on with what a search found: takes `found`, which may be NULL. */
static bool take_found(struct opened *opened, uint32_t *found, size_t count)
{
    if (found == NULL)
        return no_memory(opened);
    free(opened->found);
    opened->found = found;
    opened->index = found;
    opened->count = count;
    for (size_t i = 0; i < opened->name_count; i++) {
        free(opened->names[i].uri);
        free(opened->names[i].description);
    }
    opened->name_count = 0; /* a name is never found */
    opened->next = 0;
    return true;
}

/* Keeps, of what has not been loaded yet, what passes the test. */
static bool narrow(struct opened *opened, test_fn *test,
                   const struct wanted *wanted)
{
    uint32_t *kept = calloc(opened->count - opened->next + 1, sizeof(kept[0]));
    size_t count = 0;

    for (size_t i = opened->next; kept != NULL && i < opened->count; i++) {
        if (test(wanted, entry_at(opened, i)))
            kept[count++] = opened->index[i];
    }
    return take_found(opened, kept, count);
}

/*
 * A text of a parameter, copied: OpenSSL does not promise that it ends.
 * OSSL_PARAM(3): the size of a UTF-8 string is without its final NUL.
 */
static bool take_text(const OSSL_PARAM *param, char out[RDS_ALIAS_MAX])
{
    const char *text = param->data;
    size_t size = param->data_size;

    if (text != NULL && param->data_type == OSSL_PARAM_UTF8_PTR) {
        text = *(const char *const *)param->data;
        size = RDS_ALIAS_MAX;
    } else if (param->data_type != OSSL_PARAM_UTF8_STRING) {
        return false;
    }
    if (text == NULL)
        return false;
    size = strnlen(text, size);
    if (size >= RDS_ALIAS_MAX)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* The octets of a parameter, in place. */
static bool take_octets(const OSSL_PARAM *param, struct wanted *wanted)
{
    wanted->bytes = param->data;
    wanted->size = param->data_size;
    if (param->data != NULL && param->data_type == OSSL_PARAM_OCTET_PTR)
        wanted->bytes = *(const unsigned char *const *)param->data;
    else if (param->data_type != OSSL_PARAM_OCTET_STRING)
        return false;
    return wanted->bytes != NULL && wanted->size <= RDS_CERTIFICATE_MAX;
}

/* The same bytes, or names that OpenSSL calls equal. */
static bool same_name(const struct wanted *wanted, const unsigned char *der,
                      size_t size)
{
    const unsigned char *at = der;
    X509_NAME *name;
    bool same;

    if (size == wanted->size && memcmp(der, wanted->bytes, size) == 0)
        return true;
    (void)wanted->lc->ERR_set_mark();
    name = wanted->lc->d2i_X509_NAME(NULL, &at, (long)size);
    (void)wanted->lc->ERR_pop_to_mark();
    same = name != NULL && wanted->lc->X509_NAME_cmp(name, wanted->name) == 0;
    wanted->lc->X509_NAME_free(name);
    return same;
}

static bool has_subject(const struct wanted *wanted,
                        const struct rds_entry *entry)
{
    const struct rds_anchor *anchor = entry->anchor;

    return anchor->subject_key == wanted->key &&
           same_name(wanted, entry->der + anchor->subject.at,
                     anchor->subject.size);
}

static bool has_issuer(const struct wanted *wanted,
                       const struct rds_entry *entry)
{
    const struct rds_anchor *anchor = entry->anchor;

    return anchor->issuer_key == wanted->key &&
           same_name(wanted, entry->der + anchor->issuer.at,
                     anchor->issuer.size);
}

/*
 * Of an answer from which nobody has searched or loaded yet, the index knows
 * the few whose subject may be meant.
 */
static bool narrow_to_key(struct opened *opened, unsigned long long key)
{
    uint32_t *found;
    size_t count = 0;

    if (opened->answer == NULL || opened->found != NULL || opened->next != 0)
        return true;
    found = rds_answer_with_subject(
        opened->answer, rds_snapshot_view(opened->snapshot), key, &count);
    return take_found(opened, found, count);
}

static bool search_name(struct opened *opened, const OSSL_PARAM *param,
                        test_fn *test)
{
    const struct rds_libcrypto *lc = &opened->provider->binding.all;
    struct wanted wanted = {.lc = lc};
    const unsigned char *at;
    bool good;

    if (!take_octets(param, &wanted))
        return unusable(opened, "the name to search for is no octet string");
    at = wanted.bytes;
    wanted.name = lc->d2i_X509_NAME(NULL, &at, (long)wanted.size);
    if (wanted.name == NULL || at != wanted.bytes + wanted.size) {
        lc->X509_NAME_free(wanted.name);
        return unusable(opened, "the name to search for is no X.501 name");
    }
    wanted.key = rds_name_key(wanted.bytes, wanted.size);
    good = (test != has_subject || narrow_to_key(opened, wanted.key)) &&
           narrow(opened, test, &wanted);
    lc->X509_NAME_free(wanted.name);
    return good;
}

static bool search_subject(struct opened *opened, const OSSL_PARAM *param,
                           const OSSL_PARAM *all)
{
    (void)all;
    return search_name(opened, param, has_subject);
}

static bool search_issuer(struct opened *opened, const OSSL_PARAM *param,
                          const OSSL_PARAM *all)
{
    (void)all;
    return search_name(opened, param, has_issuer);
}

/* The byte of place i of a native integer, 0 being the least significant. */
static unsigned char native_byte(const struct wanted *wanted, size_t i)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return wanted->bytes[i];
#else
    return wanted->bytes[wanted->size - 1 - i];
#endif
}

static bool has_serial(const struct wanted *wanted,
                       const struct rds_entry *entry)
{
    struct rds_span serial = entry->anchor->serial;
    size_t longer = serial.size > wanted->size ? serial.size : wanted->size;

    for (size_t i = 0; i < longer; i++) {
        unsigned char a =
            i < serial.size ? entry->der[serial.at + serial.size - 1 - i] : 0;
        unsigned char b = i < wanted->size ? native_byte(wanted, i) : 0;

        if (a != b)
            return false;
    }
    return true;
}

static bool search_serial(struct opened *opened, const OSSL_PARAM *param,
                          const OSSL_PARAM *all)
{
    struct wanted wanted = {.bytes = param->data, .size = param->data_size};

    (void)all;
    if ((param->data_type != OSSL_PARAM_UNSIGNED_INTEGER &&
         param->data_type != OSSL_PARAM_INTEGER) ||
        param->data == NULL || param->data_size > RDS_CERTIFICATE_MAX)
        return unusable(opened, "the serial number to search for is no "
                                "integer");
    return narrow(opened, has_serial, &wanted);
}

static bool has_fingerprint(const struct wanted *wanted,
                            const struct rds_entry *entry)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t size = 0;

    if (wanted->text == NULL) /* SHA-256 */
        return wanted->size == RDS_SHA256_SIZE &&
               memcmp(entry->anchor->sha256, wanted->bytes, RDS_SHA256_SIZE) ==
                   0;
    return rds_digest(wanted->lc, wanted->text, entry->der,
                      entry->anchor->der_size, digest, &size) &&
           size == wanted->size && memcmp(digest, wanted->bytes, size) == 0;
}

/* The names of SHA-256, whose fingerprints are known beforehand. */
static bool is_sha256(const char *name)
{
    static const char *const names[] = {"SHA256", "SHA2-256", "SHA-256"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static bool search_fingerprint(struct opened *opened, const OSSL_PARAM *param,
                               const OSSL_PARAM *all)
{
    const struct rds_libcrypto *lc = &opened->provider->binding.all;
    const OSSL_PARAM *digest =
        lc->OSSL_PARAM_locate_const(all, OSSL_STORE_PARAM_DIGEST);
    char name[RDS_ALIAS_MAX] = "SHA256";
    struct wanted wanted = {.lc = lc, .text = name};

    unsigned char probe[EVP_MAX_MD_SIZE];
    size_t size;

    if (!take_octets(param, &wanted))
        return unusable(opened, "the fingerprint to search for is no octet "
                                "string");
    if (digest != NULL && !take_text(digest, name))
        return unusable(opened, "the digest to search with has no name");
    if (is_sha256(name))
        wanted.text = NULL;
    else if (!rds_digest(lc, name, "", 0, probe, &size))
        return unusable(opened, "the digest to search with is not available");
    return narrow(opened, has_fingerprint, &wanted);
}

static bool has_alias(const struct wanted *wanted,
                      const struct rds_entry *entry)
{
    return strcmp(entry->anchor->alias, wanted->text) == 0;
}

static bool search_alias(struct opened *opened, const OSSL_PARAM *param,
                         const OSSL_PARAM *all)
{
    char alias[RDS_ALIAS_MAX];
    struct wanted wanted = {.text = alias};

    (void)all;
    if (!take_text(param, alias))
        return unusable(opened, "the alias to search for is no text, or "
                                "longer than any alias");
    return narrow(opened, has_alias, &wanted);
}

/* Nothing but certificates, and names of them, is to be had here. */
static bool expect(struct opened *opened, const OSSL_PARAM *param,
                   const OSSL_PARAM *all)
{
    int type = 0;

    (void)all;
    if (param->data == NULL ||
        !opened->provider->binding.all.OSSL_PARAM_get_int(param, &type))
        return unusable(opened, "the expected type is no number");
    opened->unwanted = type != 0 && type != OSSL_STORE_INFO_CERT &&
                       !(type == OSSL_STORE_INFO_NAME && opened->list);
    return true;
}

/* What can be set, and what it does. */
static const struct {
    const char *key;
    bool (*set)(struct opened *opened, const OSSL_PARAM *param,
                const OSSL_PARAM *all);
} settables[] = {
    {OSSL_STORE_PARAM_EXPECT, expect},
    {OSSL_STORE_PARAM_SUBJECT, search_subject},
    {OSSL_STORE_PARAM_ISSUER, search_issuer},
    {OSSL_STORE_PARAM_SERIAL, search_serial},
    {OSSL_STORE_PARAM_FINGERPRINT, search_fingerprint},
    {OSSL_STORE_PARAM_ALIAS, search_alias},
};

static const OSSL_PARAM *store_settable_ctx_params(void *provctx)
{
    static const OSSL_PARAM settable[] = {
        {OSSL_STORE_PARAM_EXPECT, OSSL_PARAM_INTEGER, NULL, 0, 0},
        {OSSL_STORE_PARAM_SUBJECT, OSSL_PARAM_OCTET_STRING, NULL, 0, 0},
        {OSSL_STORE_PARAM_ISSUER, OSSL_PARAM_OCTET_STRING, NULL, 0, 0},
        {OSSL_STORE_PARAM_SERIAL, OSSL_PARAM_UNSIGNED_INTEGER, NULL, 0, 0},
        {OSSL_STORE_PARAM_FINGERPRINT, OSSL_PARAM_OCTET_STRING, NULL, 0, 0},
        {OSSL_STORE_PARAM_DIGEST, OSSL_PARAM_UTF8_STRING, NULL, 0, 0},
        {OSSL_STORE_PARAM_ALIAS, OSSL_PARAM_UTF8_STRING, NULL, 0, 0},
        {OSSL_STORE_PARAM_PROPERTIES, OSSL_PARAM_UTF8_STRING, NULL, 0, 0},
        {NULL, 0, NULL, 0, 0},
    };

    (void)provctx;
    return settable;
}

static int store_set_ctx_params(void *loaderctx, const OSSL_PARAM params[])
{
    struct opened *opened = loaderctx;
    const OSSL_PARAM *param;

    if (params == NULL)
        return 1;
    for (size_t i = 0; i < sizeof(settables) / sizeof(settables[0]); i++) {
        param = opened->provider->binding.all.OSSL_PARAM_locate_const(
            params, settables[i].key);
        if (param != NULL && !settables[i].set(opened, param, params))
            return 0;
    }
    return 1;
}

/* ---- loading ----------------------------------------------------------- */

static int store_eof(void *loaderctx)
{
    const struct opened *opened = loaderctx;

    return opened->unwanted ||
           opened->next == (opened->list ? opened->name_count : opened->count);
}

static int give_name(const struct list_name *name, OSSL_CALLBACK *object_cb,
                     void *object_cbarg)
{
    int type = OSSL_OBJECT_NAME;
    OSSL_PARAM object[] = {
        {OSSL_OBJECT_PARAM_TYPE, OSSL_PARAM_INTEGER, &type, sizeof(type), 0},
        {OSSL_OBJECT_PARAM_DATA, OSSL_PARAM_UTF8_STRING, name->uri,
         strlen(name->uri), 0},
        {OSSL_OBJECT_PARAM_DESC, OSSL_PARAM_UTF8_STRING, name->description,
         strlen(name->description), 0},
        {NULL, 0, NULL, 0, 0},
    };

    return object_cb(object, object_cbarg);
}

static int give_certificate(const struct rds_entry *entry,
                            OSSL_CALLBACK *object_cb, void *object_cbarg)
{
    int type = OSSL_OBJECT_CERT;
    OSSL_PARAM object[] = {
        {OSSL_OBJECT_PARAM_TYPE, OSSL_PARAM_INTEGER, &type, sizeof(type), 0},
        {OSSL_OBJECT_PARAM_DATA, OSSL_PARAM_OCTET_STRING,
         (unsigned char *)entry->der, entry->anchor->der_size, 0},
        {NULL, 0, NULL, 0, 0},
    };

    return object_cb(object, object_cbarg);
}

static int store_load(void *loaderctx, OSSL_CALLBACK *object_cb,
                      void *object_cbarg, OSSL_PASSPHRASE_CALLBACK *pw_cb,
                      void *pw_cbarg)
{
    struct opened *opened = loaderctx;
    size_t i;

    (void)pw_cb;
    (void)pw_cbarg;
    if (store_eof(opened))
        return 0;
    i = opened->next++;
    if (opened->list)
        return give_name(&opened->names[i], object_cb, object_cbarg);
    rds_log(RDS_LOG_TRACE, "loading %s", entry_at(opened, i)->anchor->alias);
    return give_certificate(entry_at(opened, i), object_cb, object_cbarg);
}

const OSSL_DISPATCH rds_store_functions[] = {
    {OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
    {OSSL_FUNC_STORE_ATTACH, (void (*)(void))store_attach},
    {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS,
     (void (*)(void))store_settable_ctx_params},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set_ctx_params},
    {OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
    {OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
    {OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
    {0, NULL},
};
