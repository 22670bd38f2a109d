/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to download, and from where.  Refuses partitions whose files AWS does
 * not publish, unless a mirror is named.
 */

#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rds/uri.h"

static const struct {
    enum rds_partition partition;
    const char *base;
    enum rdsca_ca_source ca;
} hosts[] = {
    {RDS_PARTITION_AWS, "https://truststore.pki.rds.amazonaws.com",
     RDSCA_CA_BUILTIN},
    {RDS_PARTITION_AWS_US_GOV,
     "https://truststore.pki.us-gov-west-1.rds.amazonaws.com",
     RDSCA_CA_BUILTIN},
    {RDS_PARTITION_AWS_CN,
     "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn", RDSCA_CA_SYSTEM},
};

/* Whether there is room for a file, or it is there already; not so: false. */
static bool make_room(const struct rdsca_targets *targets, const char *file,
                      bool *there, struct rds_error *err)
{
    *there = false;
    for (size_t i = 0; i < targets->count; i++) {
        *there = strcmp(targets->names[i].file, file) == 0;
        if (*there)
            return true;
    }
    return targets->count < RDSCA_TARGETS_MAX - 1 ||
           rds_fail(err, RDS_R_BAD_URI, "more than %d files at once",
                    RDSCA_TARGETS_MAX - 1);
}

bool rdsca_target_add(struct rdsca_targets *targets, const char *region,
                      enum rds_partition partition, struct rds_error *err)
{
    struct rds_bundle_name *name = &targets->names[targets->count];
    char file[RDS_FILE_NAME_MAX];
    bool there;

    (void)snprintf(file, sizeof(file), "%s-%sbundle.pem",
                   region[0] != '\0' ? region : rds_partition_name(partition),
                   region[0] != '\0' ? "" : "global-");
    if (!make_room(targets, file, &there, err) || there)
        return there;
    if (!rds_bundle_name_read(file, name))
        return rds_fail(err, RDS_R_UNKNOWN_WORD,
                        "'%.24s' does not have the shape of a region "
                        "(us-west-2)",
                        region);
    targets->count++;
    return true;
}

bool rdsca_target_add_retired(struct rdsca_targets *targets,
                              struct rds_error *err)
{
    for (size_t i = 0; i < RDS_LEGACY_FILES; i++) {
        struct rds_bundle_name name;
        bool there;

        rds_bundle_name_retired(&rds_legacy_files[i], &name);
        if (!make_room(targets, name.file, &there, err))
            return false;
        if (!there)
            targets->names[targets->count++] = name;
    }
    return true;
}

static bool add_selector(struct rdsca_targets *targets,
                         const struct rds_selector *selector,
                         struct rds_error *err)
{
    const struct rds_endpoint *host = &selector->u.host;

    switch (selector->kind) {
    case RDS_SELECT_REGION:
        return rdsca_target_add(
            targets, selector->u.region.name,
            rds_region_partition(selector->u.region.name,
                                 strlen(selector->u.region.name)),
            err);
    case RDS_SELECT_HOST:
        return host->family != RDS_FAMILY_RDS ||
               rdsca_target_add(targets, host->region, host->partition, err);
    case RDS_SELECT_PARTITION:
        return rdsca_target_add(targets, "", selector->u.partition, err);
    case RDS_SELECT_GLOBAL:
        return rdsca_target_add(targets, "", RDS_PARTITION_AWS, err);
    case RDS_SELECT_ALL:
    case RDS_SELECT_CA:
    case RDS_SELECT_FILE:
    case RDS_SELECT_SHA256:
        return rdsca_target_add(targets, "", RDS_PARTITION_AWS, err) &&
               rdsca_target_add(targets, "", RDS_PARTITION_AWS_US_GOV, err) &&
               rdsca_target_add(targets, "", RDS_PARTITION_AWS_CN, err);
    case RDS_SELECT_PROXY:
    case RDS_SELECT_LIST:
    case RDS_SELECTOR_KINDS:
        break;
    }
    return true;
}

bool rdsca_target_add_uri(struct rdsca_targets *targets, const char *uri,
                          struct rds_error *err)
{
    struct rds_uri *read = malloc(sizeof(*read));
    bool good;

    if (read == NULL)
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    good = rds_uri_read(uri, read, err);
    for (size_t i = 0; good && i < read->count; i++)
        good = add_selector(targets, &read->selectors[i], err);
    free(read);
    return good;
}

/*
 * Whether the base is an address that we can ask, and may show: a password in
 * it would stand in each message, and beside the bundle with its ETag.
 */
static bool judge_base(const char *base, struct rds_error *err)
{
    static const char fit[] = "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._~:/[]@!$&()*+,;=%{}";
    size_t host = strlen("https://"), size = strspn(base, fit);
    char quoted[RDS_QUOTE_MAX];

    if (base[size] != '\0')
        return rds_fail(err, RDS_R_BAD_URI,
                        "a mirror's URL cannot hold '%s'; AWS's path is added "
                        "to it",
                        rds_quote(quoted, base + size, 1));
    if (strncmp(base, "https://", host) != 0)
        return rds_fail(err, RDS_R_BAD_URI,
                        "'%.200s' does not begin with https://", base);
    size = strcspn(base + host, "/");
    if (memchr(base + host, '@', size) != NULL)
        return rds_fail(err, RDS_R_BAD_URI,
                        "a mirror's URL with user or password in it would "
                        "show in logs; put them into ~/.netrc");
    return size != 0 ||
           rds_fail(err, RDS_R_BAD_URI, "'%.200s' names no host", base);
}

static const char *own_host(enum rds_partition partition,
                            enum rdsca_ca_source *ca)
{
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (hosts[i].partition == partition) {
            *ca = hosts[i].ca;
            return hosts[i].base;
        }
    }
    return NULL;
}

/* Writes the base with its {partition}, if it has one, and no final slash. */
static size_t write_base(const char *base, enum rds_partition partition,
                         char url[RDSCA_URL_MAX])
{
    static const char mark[] = "{partition}";
    const char *found = strstr(base, mark);
    int size;

    if (found == NULL)
        size = snprintf(url, RDSCA_URL_MAX, "%s", base);
    else
        size =
            snprintf(url, RDSCA_URL_MAX, "%.*s%s%s", (int)(found - base), base,
                     rds_partition_name(partition), found + sizeof(mark) - 1);
    while (size > 0 && size < RDSCA_URL_MAX && url[size - 1] == '/')
        url[--size] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/* AWS's path of a file. */
static int write_path(const struct rds_bundle_name *name, char *out,
                      size_t room)
{
    const char *folder = name->region[0] != '\0' ? name->region : "global";

    if (name->legacy != NULL)
        return snprintf(out, room, RDS_LEGACY_FOLDER "/%s",
                        name->legacy->file);
    return snprintf(out, room, "/%s/%s-bundle.pem", folder, folder);
}

bool rdsca_target_url(const struct rds_bundle_name *name, const char *mirror,
                      char url[RDSCA_URL_MAX], enum rdsca_ca_source *ca,
                      struct rds_error *err)
{
    const char *base = mirror;
    size_t size;
    int added;

    if (mirror == NULL && name->legacy != NULL) {
        *ca = RDSCA_CA_BUILTIN; /* S3's hosts have Amazon's certificates */
        (void)snprintf(url, RDSCA_URL_MAX, "%s", name->legacy->url);
        return true;
    }
    *ca = RDSCA_CA_SYSTEM;
    if (mirror == NULL)
        base = own_host(name->partition, ca);
    if (base == NULL)
        return rds_fail(err, RDS_R_UNKNOWN_WORD,
                        "%s: AWS does not publish files of partition '%s'; "
                        "use --mirror URL, or rdsca import",
                        name->file, rds_partition_name(name->partition));
    if (!judge_base(base, err))
        return false;
    size = write_base(base, name->partition, url);
    added = size < RDSCA_URL_MAX
                ? write_path(name, url + size, RDSCA_URL_MAX - size)
                : RDSCA_URL_MAX;
    return size + (size_t)added < RDSCA_URL_MAX ||
           rds_fail(err, RDS_R_BAD_URI, "the URL for %s is too long",
                    name->file);
}
