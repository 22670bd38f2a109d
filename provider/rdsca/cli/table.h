/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_TABLE_H
#define RDSCA_TABLE_H

/*
 * A table of text: a header, and columns as wide as their contents.  Cells
 * are ASCII.
 */

#include <stdio.h>

#include "rds/error.h"

enum rdsca_colour {
    RDSCA_PLAIN,
    RDSCA_YELLOW,
    RDSCA_RED,
    RDSCA_BOLD,
    RDSCA_COLOURS
};

struct rdsca_column {
    const char *title;
    bool right; /* aligned to the right, as numbers are */
};

struct rdsca_row;
struct rdsca_table {
    const struct rdsca_column *columns; /* borrowed */
    size_t column_count;
    struct rdsca_row *rows;
    size_t row_count;
};

/* Adds a row; the cells, one for each column, are copied. */
RDS_MUST_CHECK bool rdsca_table_add(struct rdsca_table *table,
                                    const char *const *cells,
                                    enum rdsca_colour colour);

/* Prints it; `colours`: with escape sequences for a terminal. */
RDS_MUST_CHECK bool rdsca_table_print(const struct rdsca_table *table,
                                      FILE *to, bool colours);

void rdsca_table_clear(struct rdsca_table *table);

/* Prints a text in a colour, RDSCA_PLAIN as it is. */
void rdsca_paint(FILE *to, enum rdsca_colour colour, const char *format, ...)
    RDS_PRINTF(3, 4);

/*
 * Whether a stream is to have colours: it is a terminal that knows them, and
 * NO_COLOR is unset or empty (no-color.org).
 */
bool rdsca_wants_colours(FILE *stream);

#endif
