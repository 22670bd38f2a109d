/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answers.  Refuses redirects, bodies that are too large, and
 * every status but "here it is" and "unchanged".
 */

#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t rdsca_take_body(char *data, size_t one, size_t size, void *arg)
{
    struct rdsca_arrival *arrival = arg;
    struct rdsca_response *out = arrival->out;
    unsigned char *more;

    (void)one;
    if (size > RDSCA_DOWNLOAD_MAX - out->size) {
        arrival->too_large = true;
        return 0;
    }
    more = realloc(out->bytes, out->size + size + 1);
    if (more == NULL)
        return 0;
    out->bytes = more;
    memcpy(out->bytes + out->size, data, size);
    out->size += size;
    return size;
}

/* Copies the value of a header line, where it is this header. */
static void take_value(const char *line, size_t size, const char *name,
                       char *out, size_t room)
{
    size_t name_size = strlen(name);

    if (size <= name_size || strncasecmp(line, name, name_size) != 0)
        return;
    line += name_size;
    size -= name_size;
    while (size != 0 && (*line == ' ' || *line == '\t')) {
        line++;
        size--;
    }
    while (size != 0 && (line[size - 1] == '\r' || line[size - 1] == '\n'))
        size--;
    if (size >= room)
        return;
    memcpy(out, line, size);
    out[size] = '\0';
}

/* Of several answers, as after a proxy's CONNECT, the last one counts. */
static bool starts_answer(const char *line, size_t size)
{
    static const char word[] = "HTTP/";

    return size >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

size_t rdsca_take_header(char *data, size_t one, size_t size, void *arg)
{
    struct rdsca_arrival *arrival = arg;

    (void)one;
    if (starts_answer(data, size)) {
        arrival->out->etag[0] = '\0';
        arrival->location[0] = '\0';
    }
    take_value(data, size, "etag:", arrival->out->etag,
               sizeof(arrival->out->etag));
    take_value(data, size, "location:", arrival->location,
               sizeof(arrival->location));
    return size;
}

enum rdsca_outcome rdsca_read_status(long status,
                                     const struct rdsca_request *request,
                                     const struct rdsca_arrival *arrival,
                                     struct rds_error *err)
{
    const char *advice = "try again later";
    char quoted[RDS_QUOTE_MAX];

    if (status == 200)
        return RDSCA_FETCHED;
    if (status == 304 && request->etag != NULL && request->etag[0] != '\0')
        return RDSCA_UNCHANGED;
    if (status >= 300 && status < 400) {
        (void)rds_fail(
            err, RDS_R_BAD_BUNDLE,
            "%.200s: redirect to '%s' refused; AWS's hosts do "
            "not redirect",
            request->url,
            rds_quote(quoted, arrival->location, strlen(arrival->location)));
        return RDSCA_REFUSED;
    }
    if (status == 404 || status == 403)
        advice = request->missing != NULL ? request->missing
                                          : "is the region's name right?";
    else if (status == 401)
        advice = "put user and password into ~/.netrc";
    (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%.200s: the server says %ld; %s",
                   request->url, status, advice);
    return status >= 500 || status == 429 || status == 408 ? RDSCA_UNREACHABLE
                                                           : RDSCA_REFUSED;
}
