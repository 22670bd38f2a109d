/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endpoints the selectors of a URI name, as rds/scope.h documents it:
 * by region, partition and account label, without the rules of the scope.
 */

#include "../fuzz.h"

#include <string.h>

/* Whether an endpoint, perhaps one with a star, is the host. */
static bool same_host(const struct rds_endpoint *host,
                      const struct rds_endpoint *endpoint)
{
    size_t own = strcspn(host->name, "."),
           theirs = strcspn(endpoint->name, ".");

    if (host->label[0] != '\0')
        return strcmp(host->label, endpoint->label) == 0;
    return strcmp(host->name + own, endpoint->name + theirs) == 0 &&
           (endpoint->name[0] == '*' ||
            strcmp(host->name, endpoint->name) == 0);
}

/* "proxy" alone is for all; else for the places of the other selectors. */
static bool proxy_covers(const struct rds_uri *uri,
                         const struct rds_endpoint *endpoint)
{
    bool alone = true;

    for (size_t i = 0; i < uri->count; i++) {
        if (uri->selectors[i].kind == RDS_SELECT_PROXY)
            continue;
        alone = false;
        if (selector_covers(uri, i, endpoint))
            return true;
    }
    return alone;
}

bool selector_covers(const struct rds_uri *uri, size_t i,
                     const struct rds_endpoint *endpoint)
{
    const struct rds_selector *selector = &uri->selectors[i];

    if (endpoint->kind == RDS_ENDPOINT_GLOBAL_WRITER)
        return true; /* neutral */
    switch (selector->kind) {
    case RDS_SELECT_GLOBAL:
        return endpoint->partition == RDS_PARTITION_AWS;
    case RDS_SELECT_PARTITION:
        return endpoint->partition == selector->u.partition;
    case RDS_SELECT_REGION:
        return strcmp(endpoint->region, selector->u.region.name) == 0;
    case RDS_SELECT_HOST:
        return strcmp(endpoint->region, selector->u.host.region) == 0 &&
               endpoint->partition == selector->u.host.partition &&
               same_host(&selector->u.host, endpoint);
    case RDS_SELECT_PROXY:
        return proxy_covers(uri, endpoint);
    case RDS_SELECT_ALL:
    case RDS_SELECT_CA:
    case RDS_SELECT_FILE:
    case RDS_SELECT_SHA256:
        return true;
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return false;
}

/* Whether a selector brings the proxy CAs. */
static bool selects_proxies(const struct rds_selector *selector)
{
    return selector->kind == RDS_SELECT_PROXY ||
           selector->kind == RDS_SELECT_CA ||
           selector->kind == RDS_SELECT_FILE ||
           selector->kind == RDS_SELECT_SHA256 ||
           (selector->kind == RDS_SELECT_HOST &&
            (selector->u.host.family == RDS_FAMILY_PROXY ||
             selector->u.host.kind == RDS_ENDPOINT_DATABASE));
}

static bool selects_previews(const struct rds_uri *uri,
                             const struct rds_selector *selector)
{
    return uri->filters.stage == RDS_STAGE_PREVIEW ||
           (selector->kind == RDS_SELECT_HOST &&
            selector->u.host.kind == RDS_ENDPOINT_PREVIEW);
}

bool uri_covers(const void *arg, const struct rds_endpoint *endpoint)
{
    const struct rds_uri *uri = arg;
    bool covered = false, proxies = false, previews = false;

    for (size_t i = 0; i < uri->count; i++) {
        covered |= selector_covers(uri, i, endpoint);
        proxies |= selects_proxies(&uri->selectors[i]);
        previews |= selects_previews(uri, &uri->selectors[i]);
    }
    return covered && (proxies || endpoint->family != RDS_FAMILY_PROXY) &&
           (previews || endpoint->kind != RDS_ENDPOINT_PREVIEW);
}
