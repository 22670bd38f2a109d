/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to rds-provider: no public API, and it may change at any time. */
#ifndef RDS_SELECT_H
#define RDS_SELECT_H

/*
 * Which anchors a URI asks for, at a given time.
 *
 * By default an answer holds the certificates in force, of the production
 * stage, in both roles, each once, in the order of rds_anchor_compare().
 * Naming a CA, a file or a fingerprint includes those out of force.  A region
 * answers with its own certificates and with the roots that issued them.
 *
 * Retired files that were fetched (rds/legacy.h) answer to file/NAME, and to
 * nothing else: no other selector sees their certificates.
 *
 * There is no silent empty answer and no silent wider one: each selector must
 * contribute at least one certificate, or the whole is an error that says
 * which one does not and what to do.
 *
 * host/ENDPOINT with a database name answers the CAs of its region, then the
 * roots of Amazon Trust Services: see rds_endpoint_ambiguous().  Without an
 * RDS certificate in force for the region it is an error, whatever those
 * roots say; a filter may leave either part alone.
 *
 * Pure: the anchors and the time are passed in.  Thread-safe.
 */

#include "rds/legacy.h"
#include "rds/uri.h"

/* A known fingerprint, its certificate carried or not. */
struct rds_pin {
    unsigned char sha256[RDS_SHA256_SIZE];
    char cn[RDS_CN_MAX + 1];
    int64_t not_before;
    int64_t not_after;
};

/* A file that could not be used, and the region or partition it speaks for. */
#define RDS_REFUSAL_TEXT 256
struct rds_refusal {
    char file[RDS_FILE_NAME_MAX];
    char region[RDS_REGION_MAX];  /* "" for a global file */
    enum rds_partition partition; /* RDS_PARTITIONS: the whole directory */
    char text[RDS_REFUSAL_TEXT];  /* one line, with the file's name */
};

struct rds_shortfall; /* rds/shortfall.h */

/*
 * A root without a region that is at hand only because the file of one region
 * has it.  AWS said there that it serves that region, and nothing of others.
 */
struct rds_bound {
    const struct rds_anchor *anchor;
    const char *region;
};

/* One of rds_legacy_files, fetched or not. */
struct rds_retired {
    bool present; /* at hand, if only as it was before it was refused */
    size_t first; /* its entries, in its own order; distrusted ones are */
    size_t count; /* left out */
    const char *refusal; /* why the file was refused, or NULL */
};

/*
 * What there is to choose from.  All pointers are borrowed; a view and what
 * it points to do not change while somebody selects from it.
 */
struct rds_view {
    const struct rds_entry *entries; /* sorted by rds_anchor_compare() */
    size_t count;
    size_t retired_count; /* more entries behind those: of retired files */
    const char (
        *regions)[RDS_REGION_MAX]; /* known ones, with anchors or not */
    size_t region_count;
    const struct rds_pin *pins;
    size_t pin_count;
    const unsigned char (*combined)[RDS_SHA256_SIZE]; /* AWS's frozen file */
    size_t combined_count;
    const struct rds_bound *bounds; /* one for each such root and region */
    size_t bound_count;
    const struct rds_refusal *refusals;
    size_t refusal_count;
    const struct rds_shortfall *shortfalls; /* of the bundles */
    size_t shortfall_count;
    struct rds_retired retired[RDS_LEGACY_FILES];
    const char *retired_refusal; /* why their directory was refused, or NULL */
    int64_t set_date; /* of the built-in set; older anchors are retired */
};

/*
 * The answer: places in view->entries, in the order to give them out, and
 * which selectors of the URI gave each: bit i is for uri->selectors[i].
 */
struct rds_selection {
    uint32_t *index; /* free both with rds_selection_clear() */
    size_t count;
    uint64_t *selectors;
};

_Static_assert(RDS_SELECTORS_MAX <= 64, "a bit for each selector");

/*
 * Selects.  `now` is in seconds since 1970-01-01 UTC.  A URI that asks for
 * the list is an error here (see rds_list()).
 */
RDS_MUST_CHECK bool rds_select(const struct rds_uri *uri,
                               const struct rds_view *view, int64_t now,
                               struct rds_selection *out,
                               struct rds_error *err);

void rds_selection_clear(struct rds_selection *selection);

/*
 * Every URI that can be asked for now and gets an answer, with a line of
 * description: calls `each` until it returns false.  The texts live only
 * during the call.  Returns false where `each` did, or memory failed.
 */
typedef bool rds_list_fn(void *arg, const char *uri, const char *description);
bool rds_list(const struct rds_view *view, int64_t now, rds_list_fn *each,
              void *arg);

/* Whether the anchor was out of force before the built-in set was made. */
bool rds_anchor_retired(const struct rds_anchor *anchor, int64_t set_date);

/*
 * Whether the anchor may serve a region at all, as far as the files say that
 * hold it: one that only regional files hold serves their regions.
 */
bool rds_view_serves(const struct rds_view *view,
                     const struct rds_anchor *anchor, const char *region);

/* Whether the region is among the known ones or has an anchor. */
bool rds_view_knows_region(const struct rds_view *view, const char *region);

#endif
