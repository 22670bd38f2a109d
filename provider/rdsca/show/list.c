/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca list: the certificates at hand, as a table or as JSON.  Refuses to
 * count an anchor whose time has come among those that will do.
 */

#include <stdlib.h>
#include <string.h>

#include "../certs/describe.h"
#include "list_json.h"
#include "../cli/options.h"
#include "rds/builtin.h"
#include "../cli/table.h"

#define NAME "list"
#define DAYS_MAX 100000 /* more than any certificate's validity */

const char rdsca_list_help[] =
    "usage: rdsca list [URI] [OPTION...]\n"
    "\n"
    "Shows the certificates that URI (default rds://all) answers with.\n"
    "\n"
    "  --fingerprint     the SHA-256 of each, too\n"
    "  --expiring DAYS   only those that expire within DAYS days; ends with "
    "1\n"
    "                    where there are any\n"
    "  --json            as JSON\n"
    "  --directory DIR   the bundle directory (default: the one configured)\n"
    "\n"
    "Expired certificates are left out unless the URI asks for them, as in\n"
    "'rds://all?expired=include'.  On a terminal those that have expired are\n"
    "red and those that will within 180 days yellow, unless NO_COLOR is set.\n"
    "\n"
    "Exit status: 0 fine, 1 --expiring found some, 2 usage or no answer.\n";

struct list_options {
    const char *uri;
    const char *directory;
    bool fingerprint;
    bool json;
    long expiring; /* days; -1: all */
};

/* ---- the options ------------------------------------------------------- */

static bool read_options(int argc, char **argv, struct list_options *out)
{
    static const struct option longs[] = {
        {"directory", required_argument, NULL, 'd'},
        {"expiring", required_argument, NULL, 'e'},
        {"fingerprint", no_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *out = (struct list_options){.expiring = -1};
    while ((letter = rdsca_option(NAME, argc, argv, ":", longs)) != -1) {
        switch (letter) {
        case 'd':
            out->directory = optarg;
            break;
        case 'e':
            if (!rdsca_number(NAME, "--expiring", optarg, 0, DAYS_MAX,
                              &out->expiring))
                return false;
            break;
        case 'f':
            out->fingerprint = true;
            break;
        case 'j':
            out->json = true;
            break;
        default:
            return false;
        }
    }
    return rdsca_operand(NAME, argc, argv, &out->uri);
}

/* Keeps of the answer what expires within so many days. */
static void keep_expiring(struct rdsca_answer *answer, int64_t days)
{
    struct rds_selection *selection = &answer->selection;
    int64_t limit = answer->now + days * RDSCA_DAY;
    size_t kept = 0;

    for (size_t i = 0; i < selection->count; i++) {
        if (rdsca_answer_entry(answer, i)->anchor->not_after <= limit)
            selection->index[kept++] = selection->index[i];
    }
    selection->count = kept;
}

/* ---- the table --------------------------------------------------------- */

static enum rdsca_colour colour_of(const struct rds_anchor *anchor,
                                   int64_t now)
{
    int64_t days = rdsca_days_left(anchor->not_after, now);

    if (days < 0)
        return RDSCA_RED;
    return days < RDSCA_SOON ? RDSCA_YELLOW : RDSCA_PLAIN;
}

static void write_days(char *out, size_t size, const struct rds_anchor *anchor,
                       int64_t now)
{
    int64_t days = rdsca_days_left(anchor->not_after, now);

    if (days < 0)
        (void)snprintf(out, size, "expired");
    else if (anchor->not_before > now)
        (void)snprintf(out, size, "not yet");
    else
        (void)snprintf(out, size, "%lld", (long long)days);
}

static void write_source(char *out, size_t size, const struct rds_entry *entry)
{
    char date[RDS_DATE_MAX];

    if (entry->bundle == NULL)
        (void)snprintf(out, size, "built in");
    else
        (void)snprintf(out, size, "%s of %s", entry->bundle->name.file,
                       rds_date_write(date, entry->bundle->confirmed));
}

static bool add_row(struct rdsca_table *table, const struct rds_entry *entry,
                    int64_t now)
{
    const struct rds_anchor *anchor = entry->anchor;
    char place[RDSCA_PLACE_MAX], key[RDSCA_KEY_MAX], until[RDS_DATE_MAX];
    char days[24], source[RDS_FILE_NAME_MAX + 24], sha256[RDS_SHA256_TEXT];
    const char *const cells[] = {
        rdsca_place(place, anchor),
        anchor->ca,
        rds_role_name((enum rds_role)anchor->role),
        rdsca_entry_key(key, entry),
        rds_date_write(until, anchor->not_after),
        days,
        source,
        rds_sha256_write(sha256, anchor->sha256),
    };

    write_days(days, sizeof(days), anchor, now);
    write_source(source, sizeof(source), entry);
    return rdsca_table_add(table, cells, colour_of(anchor, now));
}

static size_t count_colour(const struct rdsca_answer *answer,
                           enum rdsca_colour colour)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->selection.count; i++) {
        const struct rds_anchor *anchor =
            rdsca_answer_entry(answer, i)->anchor;

        count += colour_of(anchor, answer->now) == colour;
    }
    return count;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each once, whatever the order of the answer: AWS's files have their own. */
static bool count_regions(const struct rdsca_answer *answer, size_t *count)
{
    size_t all = answer->selection.count;
    const char **regions = calloc(all + 1, sizeof(regions[0]));

    *count = 0;
    if (regions == NULL)
        return false;
    for (size_t i = 0; i < all; i++)
        regions[i] = rdsca_answer_entry(answer, i)->anchor->region;
    qsort(regions, all, sizeof(regions[0]), compare_texts);
    for (size_t i = 0; i < all; i++)
        *count += strcmp(regions[i], i != 0 ? regions[i - 1] : "") != 0;
    free(regions);
    return true;
}

static void print_summary(const struct rdsca_answer *answer, size_t regions)
{
    size_t count = answer->selection.count;
    size_t expired = count_colour(answer, RDSCA_RED);

    (void)printf("\n%zu certificate%s", count, count == 1 ? "" : "s");
    if (regions != 0)
        (void)printf(" of %zu region%s", regions, regions == 1 ? "" : "s");
    if (expired != 0)
        (void)printf(", %zu expired", expired);
    (void)printf(", %zu expiring within %d days; built in: %s\n",
                 count_colour(answer, RDSCA_YELLOW), RDSCA_SOON,
                 rds_builtin_summary);
}

static bool print_table(const struct rdsca_answer *answer, bool fingerprint)
{
    static const struct rdsca_column columns[] = {
        {"REGION", false}, {"CA", false},      {"ROLE", false},
        {"KEY", false},    {"UNTIL", false},   {"DAYS", true},
        {"SOURCE", false}, {"SHA-256", false},
    };
    size_t count = sizeof(columns) / sizeof(columns[0]);
    struct rdsca_table table = {columns, fingerprint ? count : count - 1, NULL,
                                0};
    size_t regions;
    bool good = count_regions(answer, &regions);

    for (size_t i = 0; good && i < answer->selection.count; i++)
        good = add_row(&table, rdsca_answer_entry(answer, i), answer->now);
    good =
        good && rdsca_table_print(&table, stdout, rdsca_wants_colours(stdout));
    if (good)
        print_summary(answer, regions);
    rdsca_table_clear(&table);
    return good;
}

/* ---- the command ------------------------------------------------------- */

static enum rdsca_exit print_answer(const struct rdsca_answer *answer,
                                    const struct list_options *options)
{
    if (options->json)
        return rdsca_list_json(NAME, answer);
    if (answer->selection.count == 0) {
        (void)printf("nothing expires within %ld days\n", options->expiring);
    } else if (!print_table(answer, options->fingerprint)) {
        rdsca_complain(NAME, "out of memory");
        return RDSCA_UNSAFE;
    }
    return rdsca_finish_output(NAME);
}

enum rdsca_exit rdsca_list(int argc, char **argv)
{
    struct list_options options;
    struct rdsca_answer answer;
    enum rdsca_exit code;

    if (!read_options(argc, argv, &options))
        return RDSCA_USAGE;
    code = rdsca_answer_open(&answer, NAME, options.uri, options.directory);
    if (code != RDSCA_FINE)
        return code;
    if (options.expiring >= 0)
        keep_expiring(&answer, options.expiring);
    code = print_answer(&answer, &options);
    if (code == RDSCA_FINE && options.expiring >= 0 &&
        answer.selection.count != 0)
        code = RDSCA_FINDING;
    rdsca_answer_close(&answer);
    return code;
}
