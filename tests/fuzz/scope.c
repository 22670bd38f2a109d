/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of the scope, fed with raw bytes: a subject and a subjectAltName as
 * a pair in DER, then a byte of flags, and the host that is expected.  What is
 * found in one of many scopes must be so by libcrypto's reading, too.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define TWO_ACCOUNTS                                                          \
    "rds://host/a.abc123def.us-west-2.rds.amazonaws.com+host/"                \
    "a.zyx987.us-west-2.rds.amazonaws.com"

static const char *const uris[] = {
    "rds://all+proxy",
    "rds://all",
    "rds://global",
    "rds://region/us-west-2",
    "rds://region/us-west-2,us-east-1+proxy",
    "rds://region/us-west-2/rds-ca-rsa2048-g1",
    "rds://partition/aws-cn+proxy",
    "rds://host/db.abc123def.us-west-2.rds.amazonaws.com",
    "rds://host/db.abc123def.us-west-2.rds.amazonaws.com+region/us-east-1",
    TWO_ACCOUNTS,
    "rds://host/db.abc123def.us-east-2.rds-preview.amazonaws.com",
    "rds://host/db.us-west-2.redshift.amazonaws.com",
    "rds://host/d-123456789012.us-west-2.docdb-elastic.amazonaws.com",
    "rds://host/wg.123456789012.us-west-2.redshift-serverless.amazonaws.com",
    "rds://proxy",
    "rds://all?stage=preview",
    "rds://ca/rds-ca-rsa2048-g1",
};

#define URIS (sizeof(uris) / sizeof(uris[0]))

enum flag {
    NESTED = 1,
    CA = 2,
    EKU = 4,
    SERVER = 8,
    TWO_SANS = 16,
    HOST = 32,
    OTHER = 64,
};

struct subject_and_san {
    struct rds_der subject, san; /* whole values, with their heads */
};

static const struct rds_uri *uri_of(size_t i)
{
    static struct rds_uri read[URIS];
    struct rds_error err;

    if (read[i].count == 0)
        NEED(rds_uri_read(uris[i], &read[i], &err));
    return &read[i];
}

static const struct rds_scope *scope_of(size_t i)
{
    static struct rds_scope made[URIS];
    struct rds_error err;

    if (made[i].count == 0)
        NEED(rds_scope_make(&made[i], uri_of(i), &err));
    return &made[i];
}

/* Takes one value of any kind, with its head. */
static bool take_whole(struct rds_der *in, struct rds_der *out)
{
    struct rds_der content;
    unsigned char tag;

    out->at = in->at;
    if (!rds_der_next(in, &tag, &content))
        return false;
    out->left = (size_t)(in->at - out->at);
    return true;
}

static bool take_pair(struct feed *feed, struct subject_and_san *out)
{
    struct rds_der in = {feed->at, feed->left}, pair;

    if (!rds_der_expect(&in, RDS_DER_SEQUENCE, &pair))
        return false;
    feed->at = in.at;
    feed->left = in.left;
    return take_whole(&pair, &out->subject) && take_whole(&pair, &out->san) &&
           pair.left == 0;
}

/* A certificate with this subject and this extension; NULL where libcrypto
 * does not take the subject, so that there could be none. */
static X509 *certificate_of(const struct subject_and_san *pair)
{
    const unsigned char *at = pair->subject.at;
    X509_NAME *subject = d2i_X509_NAME(NULL, &at, (long)pair->subject.left);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509 *made = X509_new();
    X509_EXTENSION *extension;

    NEED(value != NULL && made != NULL);
    if (subject == NULL || at != pair->subject.at + pair->subject.left) {
        X509_free(made);
        made = NULL;
        goto done;
    }
    NEED(X509_set_subject_name(made, subject) == 1);
    NEED(ASN1_OCTET_STRING_set(value, pair->san.at, (int)pair->san.left) == 1);
    extension =
        X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    NEED(extension != NULL && X509_add_ext(made, extension, -1) == 1);
    X509_EXTENSION_free(extension);
done:
    X509_NAME_free(subject);
    ASN1_OCTET_STRING_free(value);
    return made;
}

static void claim_flags(unsigned flags)
{
    CLAIM((flags & (NESTED | CA | TWO_SANS)) == 0, "flags %x", flags);
    CLAIM((flags & EKU) == 0 || (flags & SERVER) != 0, "no server");
    CLAIM((flags & HOST) != 0 || (flags & OTHER) == 0,
          "another identity is expected");
}

/* A global writer may be expected, too: it is neutral. */
static void claim_expected(const struct rds_uri *uri, const char *host)
{
    struct rds_endpoint endpoint;

    CLAIM(grammar_reads(host, strlen(host), &endpoint) &&
              uri_covers(uri, &endpoint),
          "'%s' is expected", host);
}

/* All names that libcrypto sees fit one selector, and one region. */
static void claim_one_selector(const struct rds_uri *uri, X509 *leaf)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    struct rds_endpoint endpoint;
    bool fits[RDS_SELECTORS_MAX], any = false;
    char region[RDS_REGION_MAX] = "";

    memset(fits, 1, sizeof(fits));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const ASN1_STRING *name = sk_GENERAL_NAME_value(names, i)->d.dNSName;

        CLAIM(grammar_reads_wildcard((const char *)ASN1_STRING_get0_data(name),
                                     (size_t)ASN1_STRING_length(name),
                                     &endpoint),
              "no endpoint");
        for (size_t j = 0; j < uri->count; j++)
            fits[j] &= selector_covers(uri, j, &endpoint);
        if (region[0] == '\0')
            memcpy(region, endpoint.region, sizeof(region));
        CLAIM(endpoint.region[0] == '\0' ||
                  strcmp(region, endpoint.region) == 0,
              "%s and %s", region, endpoint.region);
    }
    for (size_t j = 0; j < uri->count; j++)
        any |= fits[j];
    CLAIM(any, "names that no selector names all");
    GENERAL_NAMES_free(names);
}

/* What the input says besides the names. */
struct circumstances {
    unsigned flags;
    const char *host;
};

static void claim_verdict(size_t which, const struct rds_leaf *leaf,
                          const struct circumstances *given, X509 *certificate)
{
    const struct rds_scope *scope = scope_of(which);
    const struct rds_view *view = builtin_view();
    struct rds_verdict verdict;

    if (!rds_scope_judge(scope, leaf, &verdict)) {
        CLAIM(verdict.clause > RDS_CLAUSE_IN_SCOPE &&
                  verdict.clause < RDS_CLAUSE_END,
              "clause %d", (int)verdict.clause);
        for (size_t i = 0; i < view->count; i += 16)
            CLAIM(!rds_scope_anchor(scope, &verdict, view,
                                    view->entries[i].anchor, UINT64_MAX),
                  "an anchor for a leaf out of scope");
        return;
    }
    reached();
    claim_flags(given->flags);
    if ((given->flags & HOST) != 0)
        claim_expected(uri_of(which), given->host);
    claim_leaf(certificate, uri_covers, uri_of(which));
    claim_one_selector(uri_of(which), certificate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    struct circumstances given;
    struct subject_and_san pair;
    struct rds_leaf leaf;
    X509 *certificate;
    char *host;

    if (!take_pair(&feed, &pair))
        return 0;
    given.flags = feed_byte(&feed);
    given.host = host = feed_text(&feed, '\0');
    leaf = (struct rds_leaf){
        .subject = pair.subject.at,
        .subject_size = pair.subject.left,
        .san_count = (given.flags & TWO_SANS) != 0 ? 2 : 1,
        .san = pair.san.at,
        .san_size = pair.san.left,
        .nested = (given.flags & NESTED) != 0,
        .ca_or_proxy = (given.flags & CA) != 0,
        .has_eku = (given.flags & EKU) != 0,
        .server_auth = (given.flags & SERVER) != 0,
        .hosts = &given.host,
        .host_count = (given.flags & HOST) != 0 ? 1 : 0,
        .other_identity = (given.flags & OTHER) != 0,
    };
    certificate = certificate_of(&pair);
    for (size_t i = 0; certificate != NULL && i < URIS; i++)
        claim_verdict(i, &leaf, &given, certificate);
    X509_free(certificate);
    free(host);
    return 0;
}
