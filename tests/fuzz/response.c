/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answers, as libcurl hands it over: lines of headers, pieces of
 * the body, the status.  Only the last answer counts where there are several
 * (100 Continue, a proxy's answer to CONNECT).  The input: a byte of options,
 * then the answer.
 */

#include <stdlib.h>
#include <string.h>

#include "../../provider/rdsca/fetch/http.h"
#include "fuzz.h"

enum option {
    HAS_ETAG = 1,
    NEARLY_FULL = 14, /* as much has arrived as may, but for a few bytes */
    PIECES = 0xf0,    /* their size, in 16 bytes */
};

#define ROOM 64 /* bytes that still may arrive */
#define URL "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"

/* The headers of the last answer. */
struct headers {
    const uint8_t *at;
    size_t size;
    long status;
};

static bool starts_answer(const uint8_t *line, size_t size)
{
    return size >= 5 && memcmp(line, "HTTP/", 5) == 0;
}

static long status_of(const uint8_t *line, size_t size)
{
    const uint8_t *space = memchr(line, ' ', size);
    long status = 0;

    if (space == NULL)
        return 0;
    for (space++; space < line + size && *space >= '0' && *space <= '9' &&
                  status < 1000;
         space++)
        status = status * 10 + (*space - '0');
    return status;
}

/* Hands over lines until an answer ends that is not one before others. */
static void send_headers(struct feed *feed, struct rdsca_arrival *arrival,
                         struct headers *last)
{
    const uint8_t *end;
    size_t size;
    char *line;
    bool blank;

    memset(last, 0, sizeof(*last));
    while (feed->left != 0) {
        end = memchr(feed->at, '\n', feed->left);
        size = end != NULL ? (size_t)(end - feed->at) + 1 : feed->left;
        if (last->at == NULL || starts_answer(feed->at, size))
            *last = (struct headers){feed->at, 0, status_of(feed->at, size)};
        last->size += size;
        line = (char *)feed_bytes(feed, &size);
        CLAIM(rdsca_take_header(line, 1, size, arrival) == size,
              "a header that ends the transfer");
        blank = line[size - 1] == '\n' &&
                (size == 1 || (size == 2 && line[0] == '\r'));
        free(line);
        if (blank && !starts_answer(feed->at, feed->left))
            return;
    }
}

/* A value that was taken stands in the headers, and is one line. */
static void claim_value(const char *value, size_t room,
                        const struct headers *last)
{
    CLAIM(memchr(value, '\0', room) != NULL, "a value without an end");
    CLAIM(value[0] == '\0' ||
              memmem(last->at, last->size, value, strlen(value)) != NULL,
          "'%s' is not of the last answer", value);
}

static void send_body(struct feed *feed, size_t piece,
                      struct rdsca_arrival *arrival)
{
    struct rdsca_response *out = arrival->out;
    size_t before = out->size, size, taken;
    const uint8_t *start = feed->at;
    char *bytes;

    while (feed->left != 0) {
        size = piece;
        bytes = (char *)feed_bytes(feed, &size);
        taken = rdsca_take_body(bytes, 1, size, arrival);
        free(bytes);
        CLAIM(out->size <= RDSCA_DOWNLOAD_MAX, "%zu bytes", out->size);
        if (taken == size)
            continue;
        CLAIM(taken == 0 && arrival->too_large, "%zu of %zu", taken, size);
        CLAIM(size > RDSCA_DOWNLOAD_MAX - out->size, "it had room");
        return;
    }
    CLAIM(!arrival->too_large, "too large");
    CLAIM(out->size == before + (size_t)(feed->at - start) &&
              (out->size == before ||
               memcmp(out->bytes + before, start, out->size - before) == 0),
          "another body");
}

static void claim_outcome(long status, bool has_etag,
                          const struct rdsca_arrival *arrival)
{
    const struct rdsca_request request = {.url = URL,
                                          .etag = has_etag ? "\"x\"" : ""};
    struct rds_error err;
    enum rdsca_outcome outcome =
        rdsca_read_status(status, &request, arrival, &err);

    CLAIM((outcome == RDSCA_FETCHED) == (status == 200), "status %ld", status);
    CLAIM((outcome == RDSCA_UNCHANGED) == (status == 304 && has_etag),
          "status %ld", status);
    CLAIM(
        outcome != RDSCA_UNREACHABLE ||
            (status != 0 && (status >= 500 || status == 408 || status == 429)),
        "status %ld is tried again", status);
    if (outcome == RDSCA_FETCHED)
        reached();
    if (outcome == RDSCA_REFUSED || outcome == RDSCA_UNREACHABLE)
        claim_error(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {data, size};
    unsigned options = feed_byte(&feed);
    struct rdsca_response response = {0};
    struct rdsca_arrival arrival = {.out = &response};
    struct headers last;

    if ((options & NEARLY_FULL) == NEARLY_FULL) {
        response.size = RDSCA_DOWNLOAD_MAX - ROOM;
        response.bytes = malloc(response.size);
        NEED(response.bytes != NULL);
    }
    send_headers(&feed, &arrival, &last);
    claim_value(response.etag, sizeof(response.etag), &last);
    claim_value(arrival.location, sizeof(arrival.location), &last);
    send_body(&feed, ((options & PIECES) | 1), &arrival);
    claim_outcome(last.status, (options & HAS_ETAG) != 0, &arrival);
    free(response.bytes);
    return 0;
}
