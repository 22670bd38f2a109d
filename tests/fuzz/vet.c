/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rdsca installs: a bundle that it accepts is read whole by the trust
 * store, its signatures verify, nothing in it is new unless new ones were
 * asked for, and what was left out is not in it.  The input: a line "FILE
 * LETTERS", then PEM or PKCS#7.  Letters: a from AWS's own host, n new ones
 * are accepted, s every certificate is signed again, by one key, so that
 * changed ones come beyond the signatures.
 */

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/fetch/validate.h"
#include "fuzz.h"
#include "rds/builtin.h"

static EVP_PKEY *key;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const unsigned char secret[32] = "a key that everybody knows";

    (void)argc;
    (void)argv;
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret,
                                       sizeof(secret));
    NEED(key != NULL);
    return 0;
}

/* Signs the certificate, should it be one; else writes it as it is. */
static void sign_again(BIO *out, const char *name, const char *header,
                       const unsigned char *data, long size)
{
    const unsigned char *at = data;
    X509 *certificate =
        strcmp(name, PEM_STRING_X509) == 0 ? d2i_X509(NULL, &at, size) : NULL;

    if (certificate != NULL && at == data + size &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_sign(certificate, key, NULL) != 0)
        (void)PEM_write_bio_X509(out, certificate);
    else
        (void)PEM_write_bio(out, name, header, data, size);
    X509_free(certificate);
}

/* The PEM blocks of the input with new signatures. */
static BIO *signed_again(const uint8_t *bytes, size_t size)
{
    BIO *in = BIO_new_mem_buf(bytes, (int)size), *out = BIO_new(BIO_s_mem());
    char *name, *header;
    unsigned char *data;
    long data_size;

    NEED(in != NULL && out != NULL);
    while (PEM_read_bio(in, &name, &header, &data, &data_size) == 1) {
        sign_again(out, name, header, data, data_size);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(in);
    ERR_clear_error();
    return out;
}

static void claim_nothing_left_out(void *arg, const char *line)
{
    (void)arg;
    CLAIM(false, "%s", line);
}

static bool pinned(const unsigned char *sha256)
{
    for (size_t i = 0; i < rds_builtin_pin_count; i++) {
        if (memcmp(rds_builtin_pins[i].sha256, sha256, RDS_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

static X509 *certificate_at(const struct rds_bundle *bundle, size_t i)
{
    const unsigned char *at = bundle->der + bundle->anchors[i].der_at;
    X509 *made = d2i_X509(NULL, &at, bundle->anchors[i].der_size);

    NEED(made != NULL);
    return made;
}

static void claim_root(const struct rdsca_candidate *candidate,
                       const struct rds_bundle *bundle, size_t i)
{
    const struct rds_anchor *anchor = &bundle->anchors[i];
    X509 *certificate = certificate_at(bundle, i);

    CLAIM(anchor->not_after >= candidate->now, "%s has expired",
          anchor->alias);
    if (anchor->role == RDS_ROLE_ROOT) {
        CLAIM(X509_self_signed(certificate, 1) == 1, "the signature of %s",
              anchor->alias);
        CLAIM(candidate->from_aws || candidate->accept_new ||
                  pinned(anchor->sha256),
              "%s is new", anchor->alias);
    }
    X509_free(certificate);
}

/* A region that had a root in force has one. */
static void claim_regions(const struct rdsca_candidate *candidate,
                          const struct rds_bundle *bundle)
{
    const struct rds_view *view = candidate->view;

    for (size_t i = 0; i < view->count; i++) {
        const struct rds_anchor *anchor = view->entries[i].anchor;
        bool kept = false;

        if (strcmp(anchor->region, candidate->name.region) != 0 ||
            anchor->region[0] == '\0' || anchor->role != RDS_ROLE_ROOT ||
            anchor->stage != RDS_STAGE_PRODUCTION ||
            !rds_anchor_in_force(anchor, candidate->now))
            continue;
        for (size_t j = 0; j < bundle->count; j++)
            kept |= bundle->anchors[j].role == RDS_ROLE_ROOT &&
                    strcmp(bundle->anchors[j].region, anchor->region) == 0 &&
                    rds_anchor_in_force(&bundle->anchors[j], candidate->now);
        CLAIM(kept, "%s loses its last root", anchor->region);
    }
}

/* Only AWS may serve what nobody can describe, and nothing takes it. */
static void claim_left_out(const struct rdsca_candidate *candidate,
                           const struct rds_bundle *bundle,
                           const struct rdsca_note *note)
{
    CLAIM(candidate->from_aws, "'%s' is left out of a mirror's file",
          note->cn);
    for (size_t i = 0; i < bundle->count; i++)
        CLAIM(memcmp(bundle->anchors[i].sha256, note->sha256,
                     RDS_SHA256_SIZE) != 0,
              "'%s' is left out and installed", note->cn);
}

static void claim_accepted(const struct rdsca_candidate *candidate,
                           const struct rdsca_vetted *vetted)
{
    struct rds_bundle *bundle;
    struct rds_error err;
    size_t notes = 0, left_out = 0;

    reached();
    bundle = rds_bundle_parse(rds_libcrypto_linked(), &candidate->name, true,
                              0, vetted->pem, vetted->pem_size,
                              claim_nothing_left_out, NULL, &err);
    CLAIM(bundle != NULL, "the trust store refuses it: %s", err.text);
    CLAIM(bundle->count == vetted->kept, "%zu of %zu read", bundle->count,
          vetted->kept);
    for (size_t i = 0; i < bundle->count; i++) {
        claim_anchor(bundle, &bundle->anchors[i]);
        claim_root(candidate, bundle, i);
    }
    claim_regions(candidate, bundle);
    for (size_t i = 0; i < vetted->note_count; i++) {
        const struct rdsca_note *note = &vetted->notes[i];

        if (note->kind == RDSCA_NOTE_LEFT_OUT) {
            left_out++;
            claim_left_out(candidate, bundle, note);
            continue; /* it may have no name to print */
        }
        claim_line(note->cn);
        notes +=
            note->kind == RDSCA_NOTE_PINNED || note->kind == RDSCA_NOTE_NEW;
    }
    CLAIM(notes == vetted->kept, "%zu notes of %zu kept", notes, vetted->kept);
    CLAIM(left_out == vetted->left_out, "%zu notes of %zu left out", left_out,
          vetted->left_out);
    rds_bundle_free(bundle);
}

static void take_options(char *line, struct rdsca_candidate *candidate,
                         bool *sign)
{
    char *letters = strchr(line, ' ');

    if (letters != NULL)
        *letters++ = '\0';
    if (!rds_bundle_name_read(line, &candidate->name))
        NEED(rds_bundle_name_read("us-west-2-bundle.pem", &candidate->name));
    candidate->from_aws = letters != NULL && strchr(letters, 'a') != NULL;
    candidate->accept_new = letters != NULL && strchr(letters, 'n') != NULL;
    *sign = letters != NULL && strchr(letters, 's') != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rdsca_candidate candidate = {.view = builtin_view(),
                                        .now = times[0]};
    struct feed feed = {data, size};
    char *line = feed_text(&feed, '\n'), *again;
    struct rdsca_vetted vetted;
    struct rds_error err;
    size_t left = feed.left;
    uint8_t *bytes = feed_bytes(&feed, &left);
    BIO *bio = NULL;
    bool sign;

    take_options(line, &candidate, &sign);
    candidate.bytes = bytes;
    candidate.size = left;
    if (sign && left != 0) {
        bio = signed_again(bytes, left);
        candidate.size = (size_t)BIO_get_mem_data(bio, &again);
        candidate.bytes = again;
    }
    if (rdsca_vet(&candidate, &vetted, &err))
        claim_accepted(&candidate, &vetted);
    else
        claim_error(&err);
    CLAIM(ERR_peek_error() == 0, "a trace in the error queue");
    rdsca_vetted_clear(&vetted);
    BIO_free(bio);
    free(bytes);
    free(line);
    return 0;
}
