/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an application expects, read both ways: the hosts themselves, and as
 * with OpenSSL 4, where OpenSSL itself is asked whether the certificate fits.
 * What OpenSSL cannot say counts as another identity.
 */

#include "../../provider/module/identity.h"

#include <string.h>

#include "tests.h"

#define HOST "db.abc123def.us-west-2.rds.amazonaws.com"
#define OTHER "db.xyz987.us-west-2.rds.amazonaws.com"
#define ADDRESS "192.0.2.1"
#define EMAIL "a@example.com"

static const struct {
    const char *row;
    const char *hosts[RDS_HOSTS_MAX + 2];
    const char *address, *email;
    size_t count; /* of hosts that are seen, up to OpenSSL 3 */
    bool other;   /* the same: something else is expected */
    bool misfit;  /* from OpenSSL 4 on */
} rows[] = {
    {"nobody", .count = 0},
    {"the host", {HOST}, .count = 1},
    {"in capitals", {"DB.ABC123DEF.us-west-2.rds.amazonaws.com"}, .count = 1},
    {"another host", {OTHER}, .count = 1, .misfit = true},
    {"one of two", {OTHER, HOST}, .count = 2},
    {"neither of two", {OTHER, "x." HOST}, .count = 2, .misfit = true},
    {"more than are looked at",
     {OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, HOST},
     .count = RDS_HOSTS_MAX},
    {"an address", .address = ADDRESS, .other = true, .misfit = true},
    {"an e-mail address", .email = EMAIL, .other = true, .misfit = true},
    {"both", .address = ADDRESS, .email = EMAIL, .other = true,
     .misfit = true},
    {"the host, and an address", {HOST}, ADDRESS, .count = 1, .misfit = true},
};

static unsigned int four(void)
{
    return 4;
}

/* A server's certificate that is out of force, so that only names count. */
static X509 *server(void)
{
    const unsigned char *at;
    struct made made;
    X509 *x;

    make_certificate(&made, &(struct recipe){.cn = HOST,
                                             .issuer = "somebody",
                                             .san = "DNS:" HOST,
                                             .from = day(2010, 1, 1),
                                             .until = day(2011, 1, 1),
                                             .no_ca = true});
    at = made.der;
    x = d2i_X509(NULL, &at, (long)made.size);
    NEED(x != NULL);
    return x;
}

/* A verification with what the row expects, and with much that must not
 * count. */
static X509_STORE_CTX *verification(X509 *x, size_t row)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    NEED(ctx != NULL && X509_STORE_CTX_init(ctx, NULL, x, NULL) == 1);
    param = X509_STORE_CTX_get0_param(ctx);
    NEED(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK_ALL |
                                                X509_V_FLAG_CRL_CHECK |
                                                X509_V_FLAG_X509_STRICT) == 1);
    for (const char *const *host = rows[row].hosts; *host != NULL; host++)
        NEED(X509_VERIFY_PARAM_add1_host(param, *host, 0) == 1);
    NEED(rows[row].address == NULL ||
         X509_VERIFY_PARAM_set1_ip_asc(param, rows[row].address) == 1);
    NEED(rows[row].email == NULL ||
         X509_VERIFY_PARAM_set1_email(param, rows[row].email, 0) == 1);
    return ctx;
}

static void describe(const struct rds_libcrypto *lc, X509 *x, size_t row,
                     const char *hosts[RDS_HOSTS_MAX], struct rds_leaf *out)
{
    X509_STORE_CTX *ctx = verification(x, row);

    memset(out, 0, sizeof(*out));
    rds_identity_describe(lc, ctx, x, hosts, out);
    X509_STORE_CTX_free(ctx);
}

static void test_texts(void)
{
    const char *hosts[RDS_HOSTS_MAX];
    struct rds_leaf leaf;
    X509 *x = server();

    if (OPENSSL_version_major() > 3) {
        skip("OpenSSL 4 gives no texts");
        X509_free(x);
        return;
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        X509_STORE_CTX *ctx = verification(x, i);

        memset(&leaf, 0, sizeof(leaf));
        rds_identity_describe(rds_libcrypto_linked(), ctx, x, hosts, &leaf);
        CHECK_NUMBER(leaf.host_count, rows[i].count, "%s", rows[i].row);
        CHECK_NUMBER(leaf.other_identity, rows[i].other, "%s", rows[i].row);
        for (size_t j = 0; j < leaf.host_count; j++)
            CHECK_TEXT(leaf.hosts[j], rows[i].hosts[j], "%s", rows[i].row);
        X509_STORE_CTX_free(ctx);
    }
    X509_free(x);
}

static void test_asked(void)
{
    struct rds_libcrypto lc = *rds_libcrypto_linked();
    const char *hosts[RDS_HOSTS_MAX];
    struct rds_leaf leaf;
    X509 *x = server();

    lc.OPENSSL_version_major = four;
    for (size_t i = 0; i < COUNT(rows); i++) {
        describe(&lc, x, i, hosts, &leaf);
        CHECK_NUMBER(leaf.host_count, 0, "%s: no text is read", rows[i].row);
        CHECK_NUMBER(leaf.other_identity, rows[i].misfit, "%s", rows[i].row);
    }
    X509_free(x);
}

/* ---- an OpenSSL that fails ---------------------------------------------- */

static X509_STORE_CTX *no_context(void)
{
    return NULL;
}

static OPENSSL_STACK *no_stack(void)
{
    return NULL;
}

static int no_push(OPENSSL_STACK *stack, const void *data)
{
    (void)stack;
    (void)data;
    return 0;
}

static int no_init(X509_STORE_CTX *ctx, X509_STORE *store, X509 *x,
                   STACK_OF(X509) * chain)
{
    (void)ctx;
    (void)store;
    (void)x;
    (void)chain;
    return 0;
}

static int no_copy(X509_VERIFY_PARAM *to, const X509_VERIFY_PARAM *from)
{
    (void)to;
    (void)from;
    return 0;
}

static int no_flags(X509_VERIFY_PARAM *param, unsigned long flags)
{
    (void)param;
    (void)flags;
    return 0;
}

static void check_fails(struct rds_libcrypto lc, X509 *x, const char *what)
{
    const char *hosts[RDS_HOSTS_MAX];
    struct rds_leaf leaf;

    lc.OPENSSL_version_major = four;
    describe(&lc, x, 1, hosts, &leaf);
    CHECK(leaf.other_identity, "%s", what);
}

/* The certificate fits, but nobody says so. */
static void test_failures(void)
{
    const struct rds_libcrypto whole = *rds_libcrypto_linked();
    struct rds_libcrypto lc;
    X509 *x = server();

#define WITHOUT(function, failing)                                            \
    lc = whole;                                                               \
    lc.function = (failing);                                                  \
    check_fails(lc, x, #function)
    WITHOUT(X509_STORE_CTX_new, no_context);
    WITHOUT(OPENSSL_sk_new_null, no_stack);
    WITHOUT(OPENSSL_sk_push, no_push);
    WITHOUT(X509_STORE_CTX_init, no_init);
    WITHOUT(X509_VERIFY_PARAM_set1, no_copy);
    WITHOUT(X509_VERIFY_PARAM_clear_flags, no_flags);
    WITHOUT(X509_VERIFY_PARAM_set_flags, no_flags);
#undef WITHOUT
    X509_free(x);
}

CU_TestInfo identity_tests[] = {
    {"the hosts themselves", test_texts},
    {"OpenSSL is asked", test_asked},
    {"what OpenSSL cannot say", test_failures},
    CU_TEST_INFO_NULL,
};
