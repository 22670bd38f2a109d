/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca disable: takes back what `rdsca enable` wrote.  Refuses to cut where
 * it cannot tell its own lines from others.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enable.h"
#include "../cli/options.h"
#include "../file/replace.h"

#define NAME "disable"

const char rdsca_disable_help[] =
    "usage: rdsca disable [OPTION...]\n"
    "\n"
    "Takes back what 'rdsca enable' wrote: openssl.cnf is as it was, byte "
    "for\n"
    "byte.  What was edited in it since, outside of the marked block, stays.\n"
    "Processes that run keep what they have until they start anew.\n"
    "\n"
    "  --system      for the whole system (the default)\n"
    "  --unit NAME   for one service of systemd\n"
    "  --conf FILE   the system's OpenSSL configuration, in place of the\n"
    "                default file\n"
    "\n"
    "Exit status: 0 it is off, 2 usage, 4 nothing was changed.\n";

/* ---- a block ----------------------------------------------------------- */

static void tell_restored(const struct rdsca_place *place, bool same)
{
    if (same)
        (void)printf("%s: off, and as it was before\n", place->file);
    else
        (void)printf("%s: off; what was edited in it since stays\n",
                     place->file);
    if (!same && access(place->backup, F_OK) == 0)
        (void)printf("%s: what was there before\n", place->backup);
}

/*
 * The backup has the owner, the mode and the time that the file had.  Where
 * the file was edited since, it stays for the person who did that.
 */
static bool restore(const struct rdsca_place *place,
                    const struct rdsca_text *text, struct rds_error *err)
{
    bool same = rdsca_holds(place->backup, text->bytes, text->size);

    if (!rdsca_replace_like(place->file, text->bytes, text->size,
                            same ? place->backup : place->file, same, err) ||
        (same && !rdsca_remove(place->backup, err)))
        return false;
    tell_restored(place, same);
    return true;
}

static bool remove_block(const struct rdsca_place *place,
                         struct rds_error *err)
{
    struct rdsca_text text = {NULL, 0};
    bool fresh = false, good;

    if (!rdsca_marked_remove(&place->text, &text, &fresh))
        return rds_fail(err, RDS_R_NO_MEMORY, "out of memory");
    if (fresh && text.size == 0) {
        good = rdsca_remove(place->file, err);
        if (good)
            (void)printf("%s: off, and removed: it was not there before\n",
                         place->file);
    } else {
        good = restore(place, &text, err);
    }
    rdsca_text_clear(&text);
    return good;
}

static bool remove_dropin(const struct rdsca_place *place,
                          struct rds_error *err)
{
    if (!rdsca_remove(place->dropin, err))
        return false;
    (void)printf("%s: off, and removed\n", place->dropin);
    return true;
}

static enum rdsca_exit disable_system(const struct rdsca_enable *options)
{
    struct rdsca_place *place = calloc(1, sizeof(*place));
    enum rdsca_exit code = RDSCA_UNSAFE;
    struct rds_error err;
    bool good;

    if (place == NULL) {
        rdsca_complain(NAME, "out of memory");
        return code;
    }
    good = rdsca_place_open(place, options->conf, true, &err);
    if (good && !rdsca_place_on(place))
        (void)printf("%s: it is off\n", place->file);
    if (good && place->dropped_in)
        good = remove_dropin(place, &err);
    if (good && place->marks == RDSCA_MARKS_BLOCK)
        good = remove_block(place, &err);
    if (good)
        code = rdsca_finish_output(NAME);
    else
        rdsca_complain(NAME, "%s", err.text);
    rdsca_place_clear(place);
    free(place);
    return code;
}

/* ---- the command ------------------------------------------------------- */

enum rdsca_exit rdsca_disable(int argc, char **argv)
{
    static const struct option longs[] = {
        {"conf", required_argument, NULL, 'c'},
        {"system", no_argument, NULL, 's'},
        {"unit", required_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    struct rdsca_enable options;

    if (!rdsca_enable_options(NAME, argc, argv, longs, &options))
        return RDSCA_USAGE;
    free(rdsca_enable_prepare(true));
    return options.unit[0] == '\0' ? disable_system(&options)
                                   : rdsca_disable_unit(&options);
}
