/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of text.  Refuses to colour what is not a terminal.
 */

#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GAP 2               /* spaces between columns */
#define HEADER ((size_t)-1) /* in place of a row */

struct rdsca_row {
    enum rdsca_colour colour;
    char **cells;
};

static const char *const sequences[] = {"", "\033[33m", "\033[31m", "\033[1m"};
_Static_assert(sizeof(sequences) / sizeof(sequences[0]) == RDSCA_COLOURS,
               "every colour has a sequence");

static void clear_row(struct rdsca_row *row, size_t columns)
{
    for (size_t i = 0; row->cells != NULL && i < columns; i++)
        free(row->cells[i]);
    free(row->cells);
}

bool rdsca_table_add(struct rdsca_table *table, const char *const *cells,
                     enum rdsca_colour colour)
{
    struct rdsca_row row = {colour,
                            calloc(table->column_count, sizeof(char *))};
    struct rdsca_row *more =
        realloc(table->rows, (table->row_count + 1) * sizeof(row));
    bool good = row.cells != NULL && more != NULL;

    if (more != NULL)
        table->rows = more;
    for (size_t i = 0; good && i < table->column_count; i++) {
        row.cells[i] = strdup(cells[i]);
        good = row.cells[i] != NULL;
    }
    if (good)
        table->rows[table->row_count++] = row;
    else
        clear_row(&row, table->column_count);
    return good;
}

void rdsca_table_clear(struct rdsca_table *table)
{
    for (size_t i = 0; i < table->row_count; i++)
        clear_row(&table->rows[i], table->column_count);
    free(table->rows);
    table->rows = NULL;
    table->row_count = 0;
}

static const char *cell(const struct rdsca_table *table, size_t row,
                        size_t column)
{
    return row == HEADER ? table->columns[column].title
                         : table->rows[row].cells[column];
}

/* The last column gets no spaces behind it. */
static void measure(const struct rdsca_table *table, int *widths)
{
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = strlen(cell(table, HEADER, i));

        for (size_t row = 0; row < table->row_count; row++) {
            size_t size = strlen(cell(table, row, i));

            width = size > width ? size : width;
        }
        widths[i] = i + 1 == table->column_count ? 0 : (int)width;
    }
}

static void begin_colour(FILE *to, enum rdsca_colour colour)
{
    (void)fputs(sequences[colour], to);
}

static void end_colour(FILE *to, enum rdsca_colour colour)
{
    (void)fputs(colour != RDSCA_PLAIN ? "\033[0m" : "", to);
}

void rdsca_paint(FILE *to, enum rdsca_colour colour, const char *format, ...)
{
    va_list args;

    begin_colour(to, colour);
    va_start(args, format);
    (void)vfprintf(to, format, args);
    va_end(args);
    end_colour(to, colour);
}

static void print_row(const struct rdsca_table *table, FILE *to, size_t row,
                      const int *widths, bool colours)
{
    enum rdsca_colour colour =
        row == HEADER ? RDSCA_BOLD : table->rows[row].colour;

    if (!colours)
        colour = RDSCA_PLAIN;
    begin_colour(to, colour);
    for (size_t i = 0; i < table->column_count; i++)
        (void)fprintf(to, "%*s%*s", i == 0 ? 0 : GAP, "",
                      table->columns[i].right ? widths[i] : -widths[i],
                      cell(table, row, i));
    end_colour(to, colour);
    (void)fputc('\n', to);
}

bool rdsca_table_print(const struct rdsca_table *table, FILE *to, bool colours)
{
    int *widths = calloc(table->column_count + 1, sizeof(*widths));

    if (widths == NULL)
        return false;
    measure(table, widths);
    print_row(table, to, HEADER, widths, colours);
    for (size_t i = 0; i < table->row_count; i++)
        print_row(table, to, i, widths, colours);
    free(widths);
    return true;
}

bool rdsca_wants_colours(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(stream)) == 1 &&
           (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           term[0] != '\0' && strcmp(term, "dumb") != 0;
}
