/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging a bundle before it is installed.  Refuses the whole of it wherever
 * one certificate is not what it should be.
 */

#include "validate.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "rds/builtin.h"
#include "unpack.h"

static const char *const note_names[] = {
    [RDSCA_NOTE_PINNED] = "pinned",
    [RDSCA_NOTE_ACCEPTED] = "accepted before",
    [RDSCA_NOTE_NEW] = "NEW",
    [RDSCA_NOTE_WITHDRAWN] = "WITHDRAWN",
    [RDSCA_NOTE_EXPIRED] = "expired, dropped",
    [RDSCA_NOTE_DUPLICATE] = "duplicate, dropped",
    [RDSCA_NOTE_LEFT_OUT] = "unknown, left out",
};

_Static_assert(sizeof(note_names) / sizeof(note_names[0]) == RDSCA_NOTE_KINDS,
               "every note has a name");

const char *rdsca_note_name(enum rdsca_note_kind kind)
{
    return (unsigned)kind < RDSCA_NOTE_KINDS ? note_names[kind] : "?";
}

/* A certificate of the bundle. */
struct member {
    X509 *x509;
    unsigned char *der;
    struct rds_anchor anchor;
    struct rds_certificate fields;
    bool unknown; /* of the anchor only SHA-256 and end are known; dropped */
    bool dropped;
};

struct vetting {
    const struct rdsca_candidate *candidate;
    struct rdsca_vetted *out;
    struct rds_error *err;
    STACK_OF(X509) * certificates;
    struct member *members;
    size_t count;
};

static bool refuse(struct vetting *vetting, const char *what, const char *cn)
{
    char quoted[RDS_QUOTE_MAX];

    return rds_fail(vetting->err, RDS_R_BAD_BUNDLE, "%s: '%s' %s",
                    vetting->candidate->name.file,
                    rds_quote(quoted, cn, strlen(cn)), what);
}

static bool no_memory(struct vetting *vetting)
{
    return rds_fail(vetting->err, RDS_R_NO_MEMORY, "out of memory");
}

/* ---- each certificate -------------------------------------------------- */

static void note(struct vetting *vetting, enum rdsca_note_kind kind,
                 const char *cn, const struct rds_anchor *anchor)
{
    struct rdsca_note *to = &vetting->out->notes[vetting->out->note_count++];

    to->kind = kind;
    (void)snprintf(to->cn, sizeof(to->cn), "%s", cn);
    memcpy(to->sha256, anchor->sha256, sizeof(to->sha256));
    to->not_after = anchor->not_after;
}

static bool repeated(const struct vetting *vetting, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (memcmp(vetting->members[i].anchor.sha256,
                   vetting->members[at].anchor.sha256, RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

/*
 * Sets aside a CA certificate that no rule describes, until leave_out() can
 * tell whether a known one issued it.  Only in AWS's own file: whoever can put
 * a certificate into another could hide there that it was tampered with.
 */
static bool set_aside(struct vetting *vetting, struct member *member,
                      const unsigned char *sha256, const struct rds_error *why)
{
    if (!vetting->candidate->from_aws ||
        vetting->candidate->name.legacy != NULL || !member->fields.is_ca)
        return rds_fail(vetting->err, RDS_R_BAD_BUNDLE, "%s: %.300s",
                        vetting->candidate->name.file, why->text);
    memset(&member->anchor, 0, sizeof(member->anchor));
    memcpy(member->anchor.sha256, sha256, RDS_SHA256_SIZE);
    member->anchor.not_after = member->fields.not_after;
    member->unknown = true;
    member->dropped = true;
    return true;
}

/* Reads a certificate and says what it is. */
static bool describe(struct vetting *vetting, size_t at)
{
    struct member *member = &vetting->members[at];
    unsigned char sha256[EVP_MAX_MD_SIZE];
    struct rds_error why;
    int size;

    member->x509 = sk_X509_value(vetting->certificates, (int)at);
    size = i2d_X509(member->x509, &member->der);
    if (size <= 0 || EVP_Digest(member->der, (size_t)size, sha256, NULL,
                                EVP_sha256(), NULL) != 1)
        return no_memory(vetting);
    if (!rds_certificate_read(member->der, (size_t)size, &member->fields,
                              &why))
        return rds_fail(vetting->err, RDS_R_BAD_BUNDLE, "%s: %.300s",
                        vetting->candidate->name.file, why.text);
    return rds_anchor_describe(&member->anchor, member->der, (size_t)size,
                               sha256, 0, &why) ||
           set_aside(vetting, member, sha256, &why);
}

/* Whether the certificate belongs into the bundle, and is to be kept. */
static bool sort_out(struct vetting *vetting, size_t at)
{
    struct member *member = &vetting->members[at];
    bool expired;

    if (!member->unknown &&
        !rds_bundle_name_fits(&vetting->candidate->name, &member->anchor))
        return refuse(vetting,
                      "is not of the region or partition asked for; nothing "
                      "was installed",
                      member->fields.subject_cn);
    expired = member->anchor.not_after < vetting->candidate->now;
    if (repeated(vetting, at)) {
        member->unknown = false; /* the first one is told of */
        member->dropped = true;
        note(vetting, RDSCA_NOTE_DUPLICATE, member->fields.subject_cn,
             &member->anchor);
    } else if (vetting->candidate->name.legacy != NULL) {
        return expired ||
               refuse(vetting,
                      "has not expired, so it is not retired: it must come "
                      "with the bundle of its region; nothing was installed",
                      member->fields.subject_cn);
    } else if (expired && !member->unknown) {
        member->dropped = true;
        note(vetting, RDSCA_NOTE_EXPIRED, member->fields.subject_cn,
             &member->anchor);
    }
    return true;
}

static bool signed_by(X509 *certificate, X509 *issuer)
{
    return X509_check_issued(issuer, certificate) == X509_V_OK &&
           X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

static bool pinned(const unsigned char *sha256)
{
    for (size_t i = 0; i < rds_builtin_pin_count; i++) {
        if (memcmp(rds_builtin_pins[i].sha256, sha256, RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

/*
 * What the module trusts already, since somebody accepted it once, is not
 * asked about at each change of its bundle.
 */
static bool at_hand(const struct vetting *vetting, const unsigned char *sha256)
{
    const struct rds_view *view = vetting->candidate->view;

    for (size_t i = 0; i < view->count; i++) {
        if (memcmp(view->entries[i].anchor->sha256, sha256, RDS_SHA256_SIZE) ==
            0)
            return true;
    }
    return false;
}

/* What is known of a certificate, or else of its issuer. */
static enum rdsca_note_kind known_as(const struct vetting *vetting,
                                     const unsigned char *sha256,
                                     const unsigned char *issuer)
{
    if (pinned(sha256) || pinned(issuer))
        return RDSCA_NOTE_PINNED;
    return at_hand(vetting, sha256) || at_hand(vetting, issuer)
               ? RDSCA_NOTE_ACCEPTED
               : RDSCA_NOTE_NEW;
}

/* The issuer among the bundle's certificates: its fingerprint, or NULL. */
static const unsigned char *issuer_here(const struct vetting *vetting,
                                        const struct member *member)
{
    for (size_t i = 0; i < vetting->count; i++) {
        const struct member *other = &vetting->members[i];

        if (!other->unknown && other->anchor.role == RDS_ROLE_ROOT &&
            other != member && signed_by(member->x509, other->x509))
            return other->anchor.sha256;
    }
    return NULL;
}

static bool issued_by(const struct member *member,
                      const struct rds_anchor *root, const unsigned char *der)
{
    X509 *parsed;
    bool issued;

    if (root->role != RDS_ROLE_ROOT ||
        root->subject_key != member->anchor.issuer_key)
        return false;
    parsed = d2i_X509(NULL, &der, root->der_size);
    issued = parsed != NULL && signed_by(member->x509, parsed);
    X509_free(parsed);
    return issued;
}

/* The issuer among the roots at hand: its fingerprint, or NULL. */
static const unsigned char *issuer_at_hand(const struct vetting *vetting,
                                           const struct member *member)
{
    const struct rds_view *view = vetting->candidate->view;
    bool retired = vetting->candidate->name.legacy != NULL;
    size_t count = view->count + (retired ? view->retired_count : 0);

    for (size_t i = 0; i < count; i++) {
        const struct rds_entry *entry = &view->entries[i];

        if (issued_by(member, entry->anchor, entry->der))
            return entry->anchor->sha256;
    }
    return NULL;
}

/* The issuer among the retired files that --check found good, or NULL. */
static const unsigned char *issuer_checked(const struct vetting *vetting,
                                           const struct member *member)
{
    const struct rdsca_candidate *candidate = vetting->candidate;

    if (candidate->name.legacy == NULL || candidate->checked == NULL)
        return NULL;
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++) {
        const struct rds_bundle *bundle = candidate->checked[i];

        for (size_t j = 0; bundle != NULL && j < bundle->count; j++) {
            const struct rds_anchor *root = &bundle->anchors[j];

            if (issued_by(member, root, bundle->der + root->der_at))
                return root->sha256;
        }
    }
    return NULL;
}

/* The signature; then whether the certificate, or its issuer, is known. */
static bool verify(struct vetting *vetting, struct member *member)
{
    const struct rdsca_candidate *candidate = vetting->candidate;
    const unsigned char *issuer = member->anchor.sha256;
    bool root = member->anchor.role == RDS_ROLE_ROOT;
    enum rdsca_note_kind known;
    char text[RDS_SHA256_TEXT];

    if (root && !signed_by(member->x509, member->x509))
        return refuse(vetting, "has a signature that does not verify",
                      member->fields.subject_cn);
    if (!root) {
        issuer = issuer_here(vetting, member);
        if (issuer == NULL)
            issuer = issuer_at_hand(vetting, member);
        if (issuer == NULL)
            issuer = issuer_checked(vetting, member);
        if (issuer == NULL)
            return refuse(vetting,
                          "was issued by no root of the bundle and by none "
                          "at hand",
                          member->fields.subject_cn);
    }
    known = known_as(vetting, member->anchor.sha256, issuer);
    if (known == RDSCA_NOTE_NEW && !candidate->from_aws &&
        !candidate->accept_new) {
        (void)rds_sha256_write(text, member->anchor.sha256);
        return rds_fail(vetting->err, RDS_R_BAD_BUNDLE,
                        "%s: '%s' is new, SHA-256 %s; compare it with AWS's "
                        "own file, then repeat with --accept-new",
                        candidate->name.file, member->fields.subject_cn, text);
    }
    note(vetting, known, member->fields.subject_cn, &member->anchor);
    return true;
}

/*
 * What AWS serves under a name that this version does not know is left out,
 * so that it locks nobody out, if a certificate that was verified issued it.
 * It is not installed: nothing may trust what nobody here can describe.
 */
static bool leave_out(struct vetting *vetting, const struct member *member)
{
    for (size_t i = 0; i < vetting->count; i++) {
        const struct member *issuer = &vetting->members[i];

        if (issuer->dropped || !signed_by(member->x509, issuer->x509))
            continue;
        note(vetting, RDSCA_NOTE_LEFT_OUT, member->fields.subject_cn,
             &member->anchor);
        vetting->out->left_out++;
        return true;
    }
    return refuse(vetting,
                  "does not describe itself as an Amazon RDS CA, and none "
                  "in the bundle issued it; nothing was installed",
                  member->fields.subject_cn);
}

/* ---- what would be lost ------------------------------------------------ */

static bool kept(const struct vetting *vetting, const unsigned char *sha256)
{
    for (size_t i = 0; i < vetting->count; i++) {
        if (!vetting->members[i].dropped &&
            memcmp(vetting->members[i].anchor.sha256, sha256,
                   RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

static bool keeps_root(const struct vetting *vetting, const char *region,
                       uint8_t stage)
{
    for (size_t i = 0; i < vetting->count; i++) {
        const struct member *member = &vetting->members[i];

        if (!member->dropped && member->anchor.role == RDS_ROLE_ROOT &&
            member->anchor.stage == stage &&
            strcmp(member->anchor.region, region) == 0 &&
            rds_anchor_in_force(&member->anchor, vetting->candidate->now))
            return true;
    }
    return false;
}

/* Whether the bundle, once installed, speaks for this anchor's region. */
static bool speaks_for(const struct vetting *vetting,
                       const struct rds_anchor *anchor)
{
    const struct rds_bundle_name *name = &vetting->candidate->name;

    if (anchor->family != RDS_FAMILY_RDS ||
        anchor->partition != name->partition || anchor->region[0] == '\0')
        return false;
    return name->region[0] == '\0'
               ? true
               : strcmp(name->region, anchor->region) == 0 &&
                     anchor->stage == RDS_STAGE_PRODUCTION;
}

static bool compare_with_view(struct vetting *vetting)
{
    const struct rdsca_candidate *candidate = vetting->candidate;
    struct rds_certificate fields;

    for (size_t i = 0; i < candidate->view->count; i++) {
        const struct rds_entry *entry = &candidate->view->entries[i];
        const struct rds_anchor *anchor = entry->anchor;

        if (!speaks_for(vetting, anchor) ||
            !rds_anchor_in_force(anchor, candidate->now) ||
            kept(vetting, anchor->sha256))
            continue;
        if (anchor->role == RDS_ROLE_ROOT &&
            !keeps_root(vetting, anchor->region, anchor->stage))
            return rds_fail(vetting->err, RDS_R_BAD_BUNDLE,
                            "%s: region '%s' would lose its last root in "
                            "force; nothing was installed",
                            candidate->name.file, anchor->region);
        if (!rds_certificate_read(entry->der, anchor->der_size, &fields, NULL))
            fields.subject_cn[0] = '\0';
        note(vetting, RDSCA_NOTE_WITHDRAWN, fields.subject_cn, anchor);
    }
    return true;
}

/* ---- the result -------------------------------------------------------- */

static bool write_pem(struct vetting *vetting)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio != NULL;
    char *bytes = NULL;
    long size;

    for (size_t i = 0; good && i < vetting->count; i++) {
        if (vetting->members[i].dropped)
            continue;
        good = PEM_write_bio_X509(bio, vetting->members[i].x509) == 1;
        vetting->out->kept++;
    }
    size = good ? BIO_get_mem_data(bio, &bytes) : 0;
    if (size > 0)
        vetting->out->pem = malloc((size_t)size);
    if (vetting->out->pem != NULL && bytes != NULL) {
        memcpy(vetting->out->pem, bytes, (size_t)size);
        vetting->out->pem_size = (size_t)size;
    }
    BIO_free(bio);
    if (size > RDS_BUNDLE_MAX)
        return rds_fail(vetting->err, RDS_R_BAD_BUNDLE,
                        "%s: larger than %d bytes as PEM",
                        vetting->candidate->name.file, RDS_BUNDLE_MAX);
    if (good && vetting->out->kept == 0)
        return rds_fail(vetting->err, RDS_R_BAD_BUNDLE,
                        "%s: every certificate in it has expired",
                        vetting->candidate->name.file);
    return vetting->out->pem != NULL || no_memory(vetting);
}

static bool judge(struct vetting *vetting)
{
    const struct rdsca_candidate *candidate = vetting->candidate;

    vetting->certificates = rdsca_unpack(&candidate->name, candidate->bytes,
                                         candidate->size, vetting->err);
    if (vetting->certificates == NULL)
        return false;
    vetting->count = (size_t)sk_X509_num(vetting->certificates);
    vetting->members = calloc(vetting->count + 1, sizeof(vetting->members[0]));
    /* One note for each certificate, one for each that is withdrawn. */
    vetting->out->notes =
        calloc(vetting->count + vetting->candidate->view->count + 1,
               sizeof(vetting->out->notes[0]));
    if (vetting->members == NULL || vetting->out->notes == NULL)
        return no_memory(vetting);
    for (size_t i = 0; i < vetting->count; i++) {
        if (!describe(vetting, i) || !sort_out(vetting, i))
            return false;
    }
    for (size_t i = 0; i < vetting->count; i++) {
        if (!vetting->members[i].dropped &&
            !verify(vetting, &vetting->members[i]))
            return false;
    }
    for (size_t i = 0; i < vetting->count; i++) {
        if (vetting->members[i].unknown &&
            !leave_out(vetting, &vetting->members[i]))
            return false;
    }
    /* A retired file replaces nothing but itself. */
    return (vetting->candidate->name.legacy != NULL ||
            compare_with_view(vetting)) &&
           write_pem(vetting);
}

bool rdsca_vet(const struct rdsca_candidate *candidate,
               struct rdsca_vetted *out, struct rds_error *err)
{
    struct vetting vetting = {candidate, out, err, NULL, NULL, 0};
    bool good;

    memset(out, 0, sizeof(*out));
    good = judge(&vetting);
    for (size_t i = 0; vetting.members != NULL && i < vetting.count; i++)
        OPENSSL_free(vetting.members[i].der);
    free(vetting.members);
    sk_X509_pop_free(vetting.certificates, X509_free);
    ERR_clear_error();
    return good;
}

void rdsca_vetted_clear(struct rdsca_vetted *vetted)
{
    free(vetted->pem);
    free(vetted->notes);
    memset(vetted, 0, sizeof(*vetted));
}
