/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca timeline: the validity of each CA over time, as SVG.  Refuses to
 * refer to anything outside the file, and to run anything.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cli/output.h"
#include "../certs/describe.h"
#include "timeline_rows.h"
#include "../cli/options.h"

#define NAME "timeline"
#define SOON (RDSCA_SOON * (int64_t)RDSCA_DAY)

const char rdsca_timeline_help[] =
    "usage: rdsca timeline [URI] -o FILE.svg [OPTION...]\n"
    "\n"
    "Draws when the certificates that URI (default rds://all) answers with\n"
    "are in force, with today marked.  Certificates of the same CA and the\n"
    "same years share a bar.  To see past rotations, too:\n"
    "\n"
    "  rdsca timeline 'rds://all?expired=include' -o rotations.svg\n"
    "\n"
    "  -o, --output FILE  where to write the SVG, '-' for standard output; a\n"
    "                     file is replaced whole\n"
    "  --directory DIR    the bundle directory (default: the one configured)\n"
    "\n"
    "Exit status: 0 fine, 2 usage or no answer, 4 FILE cannot be written.\n";

/* Pixels.  Texts are measured by a wide font, for we do not know which one
 * will be used. */
#define MARGIN 28
#define GAP 16
#define PLOT_WIDTH 640
#define ROW 24
#define BAR 14
#define TOP 128       /* of the first row */
#define FOOT 64       /* below the last row */
#define CHARACTER 7.9 /* width of one */
#define URI_SHOWN 90  /* characters of the URI in the title */
#define TICKS_MAX 13

#define INK "#111827"
#define PALE_INK "#6b7280"
#define LINE "#e5e7eb"
#define IN_FORCE "#2563eb"
#define ENDING "#b45309"
#define PAST "#cbd5e1"
#define TODAY "#dc2626"

struct drawing {
    FILE *to;
    const struct rdsca_answer *answer;
    const struct rdsca_lanes *lanes;
    int first_year, last_year, step; /* of the axis */
    double place_at, plot_at, until_at, width, height;
};

/* ---- text -------------------------------------------------------------- */

static void escape(FILE *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size && text[i] != '\0'; i++) {
        switch (text[i]) {
        case '&':
            (void)fputs("&amp;", to);
            break;
        case '<':
            (void)fputs("&lt;", to);
            break;
        case '>':
            (void)fputs("&gt;", to);
            break;
        default:
            (void)fputc(text[i], to);
        }
    }
}

/* `style` are further attributes. */
static void put_text(const struct drawing *d, double x, double y,
                     const char *style, const char *text)
{
    (void)fprintf(d->to, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
    escape(d->to, text, strlen(text));
    (void)fputs("</text>\n", d->to);
}

static const char *until_text(char *out, size_t size,
                              const struct rdsca_lane *lane)
{
    char first[RDS_DATE_MAX], last[RDS_DATE_MAX];

    (void)rds_date_write(first, lane->until);
    (void)rds_date_write(last, lane->last);
    if (strcmp(first, last) == 0)
        (void)snprintf(out, size, "%s", first);
    else
        (void)snprintf(out, size, "%s to %s", first, last);
    return out;
}

/* ---- the layout -------------------------------------------------------- */

static double wider(double width, const char *text)
{
    double needed = (double)strlen(text) * CHARACTER;

    return needed > width ? needed : width;
}

static void lay_out_columns(struct drawing *d)
{
    double ca = 0, place = 0, until = 0;
    char text[RDSCA_LANE_LABEL_MAX];

    for (size_t i = 0; i < d->lanes->count; i++) {
        const struct rdsca_lane *lane = &d->lanes->lanes[i];

        ca = wider(ca, lane->anchors[0]->ca);
        place = wider(place, rdsca_lane_label(text, lane));
        until = wider(until, until_text(text, sizeof(text), lane));
    }
    d->place_at = MARGIN + ca + GAP;
    d->plot_at = d->place_at + place + GAP;
    d->until_at = d->plot_at + PLOT_WIDTH + 2 * GAP;
    d->width = d->until_at + until + MARGIN;
    d->height = TOP + (double)d->lanes->count * ROW + FOOT;
}

/* Whole steps of years, so few that their labels do not touch. */
static void lay_out_axis(struct drawing *d)
{
    static const int steps[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    int first = rdsca_year(d->answer->now), last = first;
    size_t i = 0;

    for (size_t lane = 0; lane < d->lanes->count; lane++) {
        int from = rdsca_year(d->lanes->lanes[lane].from);
        int until = rdsca_year(d->lanes->lanes[lane].last);

        first = from < first ? from : first;
        last = until > last ? until : last;
    }
    do {
        d->step = steps[i];
        d->first_year = first - first % d->step;
        d->last_year = last + d->step - last % d->step;
        i++;
    } while (i < sizeof(steps) / sizeof(steps[0]) &&
             (d->last_year - d->first_year) / d->step >= TICKS_MAX);
}

static int64_t start_of_year(int year)
{
    struct tm parts = {.tm_year = (year > 9999 ? 9999 : year) - 1900,
                       .tm_mday = 1};

    return rdsca_seconds(&parts);
}

static double x_of(const struct drawing *d, int64_t seconds)
{
    double first = (double)start_of_year(d->first_year);
    double last = (double)start_of_year(d->last_year);

    return d->plot_at +
           PLOT_WIDTH * ((double)seconds - first) / (last - first);
}

/* ---- drawing ----------------------------------------------------------- */

static void draw_head(const struct drawing *d)
{
    size_t count = d->answer->selection.count;
    const char *uri = d->answer->uri;
    char date[RDS_DATE_MAX];

    (void)fprintf(
        d->to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
        "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
        "font-family=\"'DejaVu Sans', Verdana, 'Segoe UI', sans-serif\" "
        "font-size=\"13\" fill=\"" INK "\">\n"
        "<title>When the Amazon RDS CAs are in force</title>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
        d->width, d->height, d->width, d->height);
    put_text(d, MARGIN, 44, "font-size=\"20\" font-weight=\"bold\"",
             "When the Amazon RDS CAs are in force");
    (void)fprintf(d->to, "<text x=\"%d\" y=\"68\" fill=\"" PALE_INK "\">",
                  MARGIN);
    escape(d->to, uri, URI_SHOWN);
    (void)fprintf(d->to, "%s: %zu certificate%s, as of %s</text>\n",
                  strlen(uri) > URI_SHOWN ? "..." : "", count,
                  count == 1 ? "" : "s", rds_date_write(date, d->answer->now));
}

static void draw_axis(const struct drawing *d)
{
    double bottom = d->height - FOOT;
    char text[16];

    for (int year = d->first_year; year <= d->last_year; year += d->step) {
        double x = x_of(d, start_of_year(year));

        (void)fprintf(d->to,
                      "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" "
                      "stroke=\"" LINE "\"/>\n",
                      x, TOP - 4, x, bottom);
        (void)snprintf(text, sizeof(text), "%d", year);
        put_text(d, x, TOP - 10,
                 "font-size=\"12\" text-anchor=\"middle\" fill=\"" PALE_INK
                 "\"",
                 text);
    }
    put_text(d, MARGIN, TOP - 10, "font-weight=\"bold\"", "CA");
    put_text(d, d->until_at, TOP - 10, "font-weight=\"bold\"", "until");
}

static void draw_bar(const struct drawing *d, double y, int64_t from,
                     int64_t until, const char *colour)
{
    double x = x_of(d, from), width = x_of(d, until) - x;

    if (from < until)
        (void)fprintf(d->to,
                      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                      "height=\"%d\" fill=\"%s\"/>\n",
                      x, y, width > 1 ? width : 1, BAR, colour);
}

/* What a viewer shows when the pointer rests on the bar. */
static void draw_tip(const struct drawing *d, const struct rdsca_lane *lane)
{
    char text[RDSCA_PLACE_MAX], from[RDS_DATE_MAX], until[64];

    (void)fputs("<title>", d->to);
    escape(d->to, lane->anchors[0]->ca, RDS_CA_MAX);
    (void)fprintf(d->to, ", %s to %s: ", rds_date_write(from, lane->from),
                  until_text(until, sizeof(until), lane));
    for (size_t i = 0; i < lane->count; i++)
        (void)fprintf(d->to, "%s%s", i == 0 ? "" : ", ",
                      rdsca_place(text, lane->anchors[i]));
    (void)fputs("</title>\n", d->to);
}

static void draw_lane(const struct drawing *d, size_t i)
{
    const struct rdsca_lane *lane = &d->lanes->lanes[i];
    bool begins = i == 0 || !rdsca_lane_same_ca(lane - 1, lane);
    int64_t now = d->answer->now;
    double y = TOP + (double)i * ROW;
    bool expired = lane->last < now;
    bool ending = !expired && lane->until - now < SOON;
    const char *style = expired  ? "fill=\"" PALE_INK "\""
                        : ending ? "fill=\"" ENDING "\""
                                 : "";
    char text[RDSCA_LANE_LABEL_MAX];

    (void)fputs("<g>\n", d->to);
    draw_tip(d, lane);
    if (begins) {
        (void)fprintf(d->to,
                      "<line x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                      "stroke=\"" LINE "\"/>\n",
                      MARGIN, y, d->width - MARGIN, y);
        put_text(d, MARGIN, y + 17, style, lane->anchors[0]->ca);
    }
    put_text(d, d->place_at, y + 17, style, rdsca_lane_label(text, lane));
    draw_bar(d, y + 5, lane->from, expired ? lane->last : now, PAST);
    draw_bar(d, y + 5, lane->from > now ? lane->from : now, lane->last,
             ending ? ENDING : IN_FORCE);
    put_text(d, d->until_at, y + 17, style,
             until_text(text, sizeof(text), lane));
    (void)fputs("</g>\n", d->to);
}

/* Above the years, within the plot. */
static void draw_today(const struct drawing *d)
{
    double x = x_of(d, d->answer->now), half = 10 * CHARACTER;
    char text[RDS_DATE_MAX + 8], date[RDS_DATE_MAX], style[96];
    const char *anchor = x - half < d->plot_at                ? "start"
                         : x + half > d->plot_at + PLOT_WIDTH ? "end"
                                                              : "middle";

    (void)fprintf(d->to,
                  "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" "
                  "stroke=\"" TODAY "\" stroke-width=\"1.5\"/>\n",
                  x, TOP - 4, x, d->height - FOOT);
    (void)snprintf(text, sizeof(text), "today, %s",
                   rds_date_write(date, d->answer->now));
    (void)snprintf(
        style, sizeof(style),
        "text-anchor=\"%s\" font-weight=\"bold\" fill=\"" TODAY "\"", anchor);
    put_text(d, x, TOP - 28, style, text);
}

static void draw_legend(const struct drawing *d)
{
    static const struct {
        const char *colour, *text;
    } entries[] = {
        {IN_FORCE, "in force"},
        {ENDING, "expires within 180 days"},
        {PAST, "past"},
    };
    double x = d->plot_at, y = d->height - 34;

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        (void)fprintf(d->to,
                      "<rect x=\"%.1f\" y=\"%.1f\" width=\"22\" "
                      "height=\"%d\" fill=\"%s\"/>\n",
                      x, y, BAR, entries[i].colour);
        put_text(d, x + 30, y + 12, "", entries[i].text);
        x += 30 + wider(0, entries[i].text) + 2 * GAP;
    }
    (void)fputs("</svg>\n", d->to);
}

/* To be freed with free(); NULL where memory runs out. */
static char *draw(const struct rdsca_answer *answer,
                  const struct rdsca_lanes *lanes, size_t *size)
{
    char *text = NULL;
    struct drawing d = {
        .to = open_memstream(&text, size), .answer = answer, .lanes = lanes};

    if (d.to == NULL)
        return NULL;
    lay_out_columns(&d);
    lay_out_axis(&d);
    draw_head(&d);
    draw_axis(&d);
    for (size_t i = 0; i < lanes->count; i++)
        draw_lane(&d, i);
    draw_today(&d);
    draw_legend(&d);
    if (fclose(d.to) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- the command ------------------------------------------------------- */

static enum rdsca_exit write_drawing(const struct rdsca_answer *answer,
                                     const char *path)
{
    struct rdsca_lanes lanes;
    enum rdsca_exit code = RDSCA_UNSAFE;
    char *text = NULL, what[48];
    size_t size = 0;

    if (rdsca_lanes_make(answer, &lanes)) {
        text = draw(answer, &lanes, &size);
        (void)snprintf(what, sizeof(what), "%zu bar%s", lanes.count,
                       lanes.count == 1 ? "" : "s");
        rdsca_lanes_clear(&lanes);
    }
    if (text != NULL)
        code = rdsca_deliver(NAME, path, text, size, what);
    else
        rdsca_complain(NAME, "out of memory");
    free(text);
    return code;
}

enum rdsca_exit rdsca_timeline(int argc, char **argv)
{
    static const struct option longs[] = {
        {"directory", required_argument, NULL, 'd'},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *uri, *directory = NULL, *path = NULL;
    struct rdsca_answer answer;
    enum rdsca_exit code;
    int letter;

    while ((letter = rdsca_option(NAME, argc, argv, ":o:", longs)) != -1) {
        if (letter == '?')
            return RDSCA_USAGE;
        *(letter == 'd' ? &directory : &path) = optarg;
    }
    if (!rdsca_operand(NAME, argc, argv, &uri))
        return RDSCA_USAGE;
    if (path == NULL)
        return rdsca_misuse(NAME, "name a file with -o, or '-' for standard "
                                  "output");
    code = rdsca_answer_open(&answer, NAME, uri, directory);
    if (code != RDSCA_FINE)
        return code;
    code = write_drawing(&answer, path);
    rdsca_answer_close(&answer);
    return code;
}
