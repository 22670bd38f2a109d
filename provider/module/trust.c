/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process-wide trust.  Refuses to offer an anchor wherever anything is
 * unclear, to change what the application does, and to leave a trace in the
 * error queue or errno.
 */

#include "trust.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity.h"
#include "log.h"
#include "rds/builtin.h"
#include "rds/guard.h"
#include "rds/leaf.h"
#include "rds/nearest.h"

#define SET_AGE_MAX (60 * 60) /* seconds until "in force" is asked anew */

/* A root that may be offered. */
struct root {
    struct rds_entry entry;
    uint64_t selectors;     /* of the URI, that picked it */
    _Atomic(X509 *) parsed; /* made when first needed; our reference */
};

/* The roots that the URI selects from one snapshot.  Immutable but for
 * `parsed`; counts its users under the guard. */
struct trust_set {
    unsigned users;
    const struct rds_libcrypto *lc;
    const struct rds_snapshot *snapshot;
    int64_t made; /* when */
    size_t count;
    struct root roots[];
};

/* Trust in one libcrypto, from its start to the end of the process. */
struct trust {
    struct rds_binding binding;
    char *bundles, *text; /* the values that it was started with */
    struct rds_uri *uri;
    struct rds_scope *scope;
    struct rds_truststore *store;
    struct trust_set *current; /* under the guard */
};

/*
 * OpenSSL gives the issuer function no argument, so each libcrypto of the
 * process needs a function of its own.  A slot is taken once and never
 * given back.
 */
#define SLOTS 4
static struct trust *_Atomic slots[SLOTS];

/* OpenSSL 4.0 made the certificate const. */
#if OPENSSL_VERSION_MAJOR >= 4
typedef const X509 subject_certificate;
#else
typedef X509 subject_certificate;
#endif

static int get_issuer(struct trust *trust, X509 **issuer, X509_STORE_CTX *ctx,
                      subject_certificate *subject);

#define ISSUER_FUNCTION(n)                                                    \
    static int get_issuer_##n(X509 **issuer, X509_STORE_CTX *ctx,             \
                              subject_certificate *subject)                   \
    {                                                                         \
        return get_issuer(atomic_load(&slots[n]), issuer, ctx, subject);      \
    }
ISSUER_FUNCTION(0)
ISSUER_FUNCTION(1)
ISSUER_FUNCTION(2)
ISSUER_FUNCTION(3)

static const X509_STORE_CTX_get_issuer_fn issuer_functions[] = {
    get_issuer_0, get_issuer_1, get_issuer_2, get_issuer_3};

_Static_assert(sizeof(issuer_functions) / sizeof(issuer_functions[0]) == SLOTS,
               "every slot has a function");

/* ---- the set of roots -------------------------------------------------- */

static void release_set(struct trust_set *set)
{
    if (set == NULL || !rds_guard_leave(&set->users))
        return;
    for (size_t i = 0; i < set->count; i++)
        set->lc->X509_free(atomic_load(&set->roots[i].parsed));
    rds_snapshot_release(set->snapshot);
    free(set);
}

static int compare_roots(const void *a, const void *b)
{
    const struct rds_anchor *x = ((const struct root *)a)->entry.anchor;
    const struct rds_anchor *y = ((const struct root *)b)->entry.anchor;

    if (x->subject_key != y->subject_key)
        return x->subject_key < y->subject_key ? -1 : 1;
    return rds_anchor_compare(x, y);
}

/* The first root whose subject has this key, or one behind it. */
static size_t find_key(const struct trust_set *set, unsigned long long key)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (set->roots[middle].entry.anchor->subject_key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool same_key(const struct trust_set *set, size_t i,
                     unsigned long long key)
{
    return i < set->count && set->roots[i].entry.anchor->subject_key == key;
}

/* Each anchor is parsed once in a process: takes over what is there. */
static void keep_parsed(struct trust_set *set, const struct trust_set *before)
{
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        const struct rds_anchor *old = before->roots[i].entry.anchor;
        X509 *parsed = atomic_load(&before->roots[i].parsed);

        if (parsed == NULL)
            continue;
        for (size_t j = find_key(set, old->subject_key);
             same_key(set, j, old->subject_key); j++) {
            if (memcmp(set->roots[j].entry.anchor->sha256, old->sha256,
                       RDS_SHA256_SIZE) == 0 &&
                set->lc->X509_up_ref(parsed) == 1)
                atomic_store(&set->roots[j].parsed, parsed);
        }
    }
}

/*
 * Makes a set of what the URI selects, an empty one where it selects nothing.
 * NULL where memory fails: that is no answer, and must not last.
 */
static struct trust_set *make_set(const struct trust *trust,
                                  const struct rds_snapshot *snapshot,
                                  const struct trust_set *before, int64_t now)
{
    const struct rds_view *view = rds_snapshot_view(snapshot);
    struct rds_selection selection = {NULL, 0, NULL};
    struct trust_set *set;
    struct rds_error err;

    if (!rds_select(trust->uri, view, now, &selection, &err)) {
        if (err.reason == RDS_R_NO_MEMORY)
            return NULL;
        rds_log(RDS_LOG_ERROR, "rds-trust: nothing is trusted: %s", err.text);
    }
    set = calloc(1, sizeof(*set) + selection.count * sizeof(set->roots[0]));
    if (set == NULL) {
        rds_selection_clear(&selection);
        return NULL;
    }
    set->users = 1;
    set->lc = &trust->binding.all;
    set->snapshot = snapshot;
    set->made = now;
    for (size_t i = 0; i < selection.count; i++) {
        const struct rds_entry *entry = &view->entries[selection.index[i]];

        if (entry->anchor->role != RDS_ROLE_ROOT)
            continue;
        set->roots[set->count].entry = *entry;
        set->roots[set->count++].selectors = selection.selectors[i];
    }
    rds_selection_clear(&selection);
    qsort(set->roots, set->count, sizeof(set->roots[0]), compare_roots);
    keep_parsed(set, before);
    return set;
}

/* Makes `fresh` current and gives the caller a share of it. */
static struct trust_set *publish(struct trust *trust, struct trust_set *fresh)
{
    struct trust_set *replaced;

    rds_guard_lock();
    replaced = trust->current;
    trust->current = fresh;
    fresh->users++;
    rds_guard_unlock();
    release_set(replaced);
    return fresh;
}

/*
 * The roots as they are now; NULL where memory fails.  The last ones would not
 * do: what has changed may be that one of them is withdrawn.
 */
static struct trust_set *current_set(struct trust *trust)
{
    const struct rds_snapshot *snapshot =
        rds_truststore_snapshot(trust->store, NULL);
    int64_t now = (int64_t)time(NULL);
    struct trust_set *set, *fresh;

    rds_guard_lock();
    set = trust->current;
    if (set != NULL)
        set->users++;
    rds_guard_unlock();
    if (snapshot != NULL && set != NULL && set->snapshot == snapshot &&
        now >= set->made && now - set->made < SET_AGE_MAX) {
        rds_snapshot_release(snapshot);
        return set;
    }
    fresh = snapshot != NULL ? make_set(trust, snapshot, set, now) : NULL;
    release_set(set);
    if (fresh == NULL) {
        rds_snapshot_release(snapshot);
        return NULL;
    }
    return publish(trust, fresh);
}

/* ---- the leaf ---------------------------------------------------------- */

static void log_refusal(const struct rds_verdict *verdict)
{
    char quoted[RDS_QUOTE_MAX] = "";

    if (verdict->name != NULL)
        (void)rds_quote(quoted, (const char *)verdict->name,
                        verdict->name_size);
    rds_log_write(RDS_LOG_INFO, "trust: no anchor offered: %s%s%s%s",
                  rds_clause_text(verdict->clause),
                  verdict->name != NULL ? ": '" : "", quoted,
                  verdict->name != NULL ? "'" : "");
}

/* Judges the leaf of the chain at hand. */
static bool leaf_in_scope(const struct trust *trust, X509_STORE_CTX *ctx,
                          const X509 *subject, struct rds_verdict *verdict)
{
    X509 *certificate = trust->binding.all.X509_STORE_CTX_get0_cert(ctx);
    const char *hosts[RDS_HOSTS_MAX];
    struct rds_leaf leaf;
    bool good;

    if (certificate == NULL)
        return false;
    rds_leaf_describe(&trust->binding.all, certificate, &leaf);
    leaf.nested =
        trust->binding.all.X509_STORE_CTX_get0_parent_ctx(ctx) != NULL;
    good = rds_scope_judge(trust->scope, &leaf, verdict);
    if (good) {
        rds_identity_describe(&trust->binding.all, ctx, certificate, hosts,
                              &leaf);
        good = rds_scope_judge_identity(trust->scope, &leaf, verdict);
    }
    if (!good && rds_log_limit >= RDS_LOG_INFO && subject == certificate)
        log_refusal(verdict); /* once a chain, at its leaf */
    return good;
}

/* ---- the anchor -------------------------------------------------------- */

/*
 * Whether all of it could be decoded.  Where memory ends meanwhile, libcrypto
 * parses a certificate all the same, and it is invalid, or its key is absent
 * or has no size, for as long as it lives: for us, to the end of the process.
 */
static bool whole(const struct rds_libcrypto *lc, X509 *certificate)
{
    const EVP_PKEY *key = lc->X509_get0_pubkey(certificate);

    return key != NULL && lc->EVP_PKEY_get_security_bits(key) > 0 &&
           (lc->X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0;
}

/*
 * Parses under the global default context, which lives as long as the
 * process, and restricts the anchor to TLS servers before anybody sees it.
 */
static X509 *parse(const struct trust *trust, const struct rds_entry *entry)
{
    const struct rds_libcrypto *lc = &trust->binding.all;
    X509 *made = lc->X509_new_ex(lc->OSSL_LIB_CTX_get0_global_default(), NULL);
    const unsigned char *at = entry->der;

    if (made != NULL &&
        lc->d2i_X509(&made, &at, entry->anchor->der_size) != NULL &&
        lc->X509_add1_trust_object(made, lc->OBJ_nid2obj(NID_server_auth)) ==
            1 &&
        whole(lc, made))
        return made;
    lc->X509_free(made);
    return NULL;
}

static X509 *parsed_root(const struct trust *trust, struct root *root)
{
    X509 *parsed = atomic_load(&root->parsed), *mine;

    if (parsed != NULL)
        return parsed;
    mine = parse(trust, &root->entry);
    if (mine == NULL)
        return NULL;
    if (atomic_compare_exchange_strong(&root->parsed, &parsed, mine))
        return mine;
    trust->binding.all.X509_free(mine); /* another thread was faster */
    return parsed;
}

/* The name, the key identifier and the usage of the issuer fit. */
static X509 *candidate(const struct trust *trust, const struct trust_set *set,
                       struct root *root, const struct rds_verdict *verdict,
                       subject_certificate *subject)
{
    X509 *parsed;

    if (!rds_scope_anchor(trust->scope, verdict,
                          rds_snapshot_view(set->snapshot), root->entry.anchor,
                          root->selectors))
        return NULL;
    parsed = parsed_root(trust, root);
    if (parsed == NULL) {
        rds_log(RDS_LOG_ERROR,
                "rds-trust: libcrypto cannot read %s of %s; it is not offered",
                root->entry.anchor->alias,
                root->entry.bundle != NULL ? root->entry.bundle->name.file
                                           : "the built-in set");
        return NULL;
    }
    if (trust->binding.all.X509_check_issued(parsed, (X509 *)subject) !=
        X509_V_OK)
        return NULL;
    return parsed;
}

static bool signed_by(const struct rds_libcrypto *lc,
                      subject_certificate *subject, X509 *issuer)
{
    return lc->X509_verify((X509 *)subject, lc->X509_get0_pubkey(issuer)) == 1;
}

/*
 * Of several keys under one name: the one whose identifier fits, then one in
 * force, then the one that signed.
 */
static struct root *choose(const struct trust *trust, struct trust_set *set,
                           const struct rds_verdict *verdict,
                           subject_certificate *subject,
                           unsigned long long key)
{
    struct root *best = NULL;
    int64_t now = (int64_t)time(NULL);

    for (size_t i = find_key(set, key); same_key(set, i, key); i++) {
        struct root *root = &set->roots[i];
        X509 *parsed = candidate(trust, set, root, verdict, subject);
        bool better;

        if (parsed == NULL)
            continue;
        if (best == NULL) {
            best = root;
            continue;
        }
        better = rds_anchor_in_force(root->entry.anchor, now);
        if (better == rds_anchor_in_force(best->entry.anchor, now))
            better = !signed_by(&trust->binding.all, subject,
                                atomic_load(&best->parsed)) &&
                     signed_by(&trust->binding.all, subject, parsed);
        if (better)
            best = root;
    }
    return best;
}

static void log_no_root(const struct rds_libcrypto *lc, X509_STORE_CTX *ctx,
                        subject_certificate *subject,
                        const struct rds_verdict *verdict)
{
    rds_log(RDS_LOG_INFO,
            "trust: '%.*s' is in scope, but this certificate's issuer is no "
            "root at hand%s",
            (int)verdict->name_size, (const char *)verdict->name,
            subject == lc->X509_STORE_CTX_get0_cert(ctx)
                ? " (as it should be where a subordinate follows)"
                : "");
}

/*
 * An issuer whose name no root can have costs one look at that name: neither
 * the leaf is judged nor the directory looked at, unless somebody reads why.
 * So it is for chains that are none of our business, and at the leaf of ours.
 */
static bool offer(struct trust *trust, X509 **issuer, X509_STORE_CTX *ctx,
                  subject_certificate *subject)
{
    const struct rds_libcrypto *lc = &trust->binding.all;
    const unsigned char *name = NULL;
    struct rds_verdict verdict;
    struct trust_set *set;
    struct root *root;
    X509 *parsed = NULL;
    size_t size = 0;

    if (lc->X509_NAME_get0_der(lc->X509_get_issuer_name(subject), &name,
                               &size) != 1)
        return false;
    if (!rds_name_may_be_root(name, size)) {
        if (rds_log_limit >= RDS_LOG_INFO &&
            leaf_in_scope(trust, ctx, subject, &verdict))
            log_no_root(lc, ctx, subject, &verdict);
        return false;
    }
    if (!leaf_in_scope(trust, ctx, subject, &verdict))
        return false;
    set = current_set(trust);
    if (set == NULL)
        return false;
    root = choose(trust, set, &verdict, subject, rds_name_key(name, size));
    if (root != NULL) {
        parsed = atomic_load(&root->parsed);
        rds_log(RDS_LOG_INFO, "trust: anchor %s offered for '%.*s'",
                root->entry.anchor->alias, (int)verdict.name_size,
                (const char *)verdict.name);
    } else {
        log_no_root(lc, ctx, subject, &verdict);
    }
    if (parsed != NULL && lc->X509_up_ref(parsed) != 1)
        parsed = NULL;
    release_set(set);
    if (parsed == NULL)
        return false;
    *issuer = parsed;
    return true;
}

/* The application's own answer first; ours leaves no trace but the issuer. */
static int get_issuer(struct trust *trust, X509 **issuer, X509_STORE_CTX *ctx,
                      subject_certificate *subject)
{
    int own =
        trust->binding.start.X509_STORE_CTX_get1_issuer(issuer, ctx, subject);
    int saved = errno;
    bool offered;

    if (own != 0 || !rds_binding_complete(&trust->binding, NULL))
        return own;
    (void)trust->binding.all.ERR_set_mark();
    offered = offer(trust, issuer, ctx, subject);
    (void)trust->binding.all.ERR_pop_to_mark();
    errno = saved;
    return offered ? 1 : 0;
}

/* ---- starting ---------------------------------------------------------- */

/* OpenSSL calls this from X509_STORE_new(), before the store has a lock. */
static void store_made(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
                       long argl, void *argp)
{
    const struct trust *trust = atomic_load(&slots[argl]);
    X509_STORE *store = parent;

    (void)ptr;
    (void)ad;
    (void)index;
    (void)argp;
    if (trust->binding.start.X509_STORE_get_get_issuer(store) == NULL)
        trust->binding.start.X509_STORE_set_get_issuer(store,
                                                       issuer_functions[argl]);
}

/*
 * Registers in the library context that is the thread's default.  Indices are
 * never given back, so a probe tells whether we are there already.
 */
static void hook_default_context(const struct rds_libcrypto_start *lc,
                                 size_t slot)
{
    X509_STORE *probe = lc->X509_STORE_new();
    bool hooked = probe != NULL && lc->X509_STORE_get_get_issuer(probe) ==
                                       issuer_functions[slot];

    lc->X509_STORE_free(probe);
    if (!hooked &&
        lc->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, (long)slot,
                                    NULL, store_made, NULL, NULL) < 0)
        rds_log(RDS_LOG_ERROR, "rds-trust: OpenSSL takes no ex-data index");
}

static void hook(const struct rds_libcrypto_start *lc, size_t slot)
{
    OSSL_LIB_CTX *global = lc->OSSL_LIB_CTX_get0_global_default();
    OSSL_LIB_CTX *before;

    hook_default_context(lc, slot);
    before = lc->OSSL_LIB_CTX_set0_default(global);
    if (before != global)
        hook_default_context(lc, slot);
    (void)lc->OSSL_LIB_CTX_set0_default(before);
}

static void free_trust(struct trust *trust)
{
    if (trust == NULL)
        return;
    rds_truststore_free(trust->store);
    free(trust->uri);
    free(trust->scope);
    free(trust->bundles);
    free(trust->text);
    free(trust);
}

/*
 * A region that this version does not know is no fault: a bundle may bring
 * it.  But a mistyped one would never be heard of, as no name is in its scope.
 */
static void warn_of_region(const char *region)
{
    struct rds_nearest nearest = RDS_NEAREST_INIT(region, strlen(region));
    char hint[RDS_QUOTE_MAX];

    for (size_t i = 0; i < rds_builtin_region_count; i++) {
        if (strcmp(rds_builtin_regions[i], region) == 0)
            return;
    }
    if (rds_region_announced(region))
        return;
    for (size_t i = 0; i < rds_builtin_region_count; i++)
        rds_nearest_offer(&nearest, rds_builtin_regions[i]);
    for (size_t i = 0; i < RDS_ANNOUNCED_REGIONS; i++)
        rds_nearest_offer(&nearest, rds_announced_regions[i]);
    rds_log(RDS_LOG_ERROR,
            "rds-trust: unknown region '%s'%s (unless a bundle brings it)",
            region, rds_nearest_hint(hint, &nearest));
}

static void warn_of_regions(const struct rds_uri *uri)
{
    for (size_t i = 0; i < uri->count; i++) {
        const struct rds_selector *selector = &uri->selectors[i];

        if (selector->kind == RDS_SELECT_REGION)
            warn_of_region(selector->u.region.name);
        else if (selector->kind == RDS_SELECT_HOST)
            warn_of_region(selector->u.host.region);
    }
}

static struct trust *make_trust(const struct rds_binding *binding,
                                const struct rds_configuration *values,
                                struct rds_error *err)
{
    /* parse() copes with what libcrypto cannot read. */
    struct rds_truststore_options options = {
        .unproven = true, .report = rds_log_report, .note = rds_log_report};
    struct trust *trust = calloc(1, sizeof(*trust));

    if (trust == NULL)
        goto no_memory;
    trust->binding.object = binding->object;
    trust->binding.handle = binding->handle;
    trust->binding.start = binding->start;
    trust->bundles = strdup(values->bundles);
    trust->text = strdup(values->trust);
    trust->uri = malloc(sizeof(*trust->uri));
    trust->scope = malloc(sizeof(*trust->scope));
    if (trust->bundles == NULL || trust->text == NULL || trust->uri == NULL ||
        trust->scope == NULL)
        goto no_memory;
    options.directory = values->bundles;
    options.distrust =
        (const unsigned char(*)[RDS_SHA256_SIZE])values->distrust;
    options.distrust_count = values->distrust_count;
    if (!rds_uri_read(values->trust, trust->uri, err) ||
        !rds_scope_make(trust->scope, trust->uri, err))
        goto failed;
    warn_of_regions(trust->uri);
    trust->store = rds_truststore_new(&trust->binding.all, &options, err);
    if (trust->store == NULL)
        goto failed;
    return trust;
no_memory:
    (void)rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
failed:
    free_trust(trust);
    return NULL;
}

static bool same_values(const struct trust *a, const struct trust *b)
{
    return strcmp(a->text, b->text) == 0 &&
           strcmp(a->bundles, b->bundles) == 0;
}

/*
 * Takes a slot for `mine`, or finds the one that its libcrypto has.  Returns
 * SLOTS where there is no room.
 */
static size_t take_slot(struct trust *mine)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct trust *found = NULL;

        if (atomic_compare_exchange_strong(&slots[i], &found, mine) ||
            found->binding.object == mine->binding.object)
            return i;
    }
    return SLOTS;
}

/* Distrust is added whoever asks for it, and whatever else they ask for. */
static bool distrust(struct trust *holder,
                     const struct rds_configuration *values,
                     struct rds_error *err)
{
    return rds_truststore_distrust(
        holder->store,
        (const unsigned char(*)[RDS_SHA256_SIZE])values->distrust,
        values->distrust_count, err);
}

bool rds_trust_distrust(const struct rds_binding *binding,
                        const struct rds_configuration *values,
                        struct rds_error *err)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct trust *holder = atomic_load(&slots[i]);

        if (holder != NULL && holder->binding.object == binding->object)
            return distrust(holder, values, err);
    }
    return true;
}

bool rds_trust_start(const struct rds_binding *binding,
                     const struct rds_configuration *values,
                     struct rds_error *err)
{
    struct trust *mine = make_trust(binding, values, err), *holder;
    size_t slot;
    bool same;

    if (mine == NULL)
        return false;
    slot = take_slot(mine);
    if (slot == SLOTS) {
        free_trust(mine);
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "more than %d libcryptos in one process", SLOTS);
    }
    holder = atomic_load(&slots[slot]);
    same = holder == mine || same_values(holder, mine);
    if (holder != mine)
        free_trust(mine);
    if (holder != mine && !distrust(holder, values, err))
        return false;
    if (!same)
        return rds_fail(err, RDS_R_BAD_CONFIGURATION,
                        "'%.200s' already holds in this process; "
                        "another value, or other bundles, are not joined to "
                        "it",
                        holder->text);

    hook(&binding->start, slot);
    return true;
}
