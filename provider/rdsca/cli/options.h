/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_OPTIONS_H
#define RDSCA_OPTIONS_H

/*
 * Reading a subcommand's options, with getopt_long(3), and saying in one line
 * what is wrong with them.
 */

#include <getopt.h>

#include "command.h"

/*
 * The next option, as getopt_long(3) with `longs`, each of which has a letter
 * in `val`; -1 at the end; '?' after a complaint.  `shorts` begins with ':'.
 */
int rdsca_option(const char *name, int argc, char **argv, const char *shorts,
                 const struct option *longs);

/*
 * What stands behind the options: at most one word, NULL where there is none.
 * False after a complaint.
 */
RDS_MUST_CHECK bool rdsca_operand(const char *name, int argc, char **argv,
                                  const char **word);

/* Nothing stands behind the options; false after a complaint. */
RDS_MUST_CHECK bool rdsca_no_operand(const char *name, int argc, char **argv);

/*
 * Reads a decimal number from `least` to `most`; `option` is the option's
 * name with its hyphens.  False after a complaint.
 */
RDS_MUST_CHECK bool rdsca_number(const char *name, const char *option,
                                 const char *text, long least, long most,
                                 long *out);

/*
 * A directory as the trust store takes it: an absolute path.  Returns `path`
 * where it is one, else `out`; NULL after a complaint.
 */
#define RDSCA_PATH_MAX 4096
const char *rdsca_absolute(const char *name, const char *path,
                           char out[RDSCA_PATH_MAX]);

#endif
