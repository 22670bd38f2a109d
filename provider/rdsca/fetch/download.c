/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloading over HTTPS.  Refuses other schemes, redirects, certificates
 * that do not verify, and answers that are too large or too slow.
 */

#include "download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "rds/builtin.h"
#include "http.h"

#define CONNECT_SECONDS 15L
#define STALL_BYTES 64L /* a second; less is a stall */
#define LONGEST_PAUSE 8 /* seconds between two tries */

/* One try. */
struct transfer {
    CURL *curl;
    struct rdsca_arrival arrival;
    char message[CURL_ERROR_SIZE];
};

#define BAR_WIDTH 30

static int draw_progress(void *arg, curl_off_t total, curl_off_t now,
                         curl_off_t up_total, curl_off_t up_now)
{
    int done = total > 0 ? (int)(now * BAR_WIDTH / total) : 0;

    (void)arg;
    (void)up_total;
    (void)up_now;
    (void)fprintf(stderr, "\r  [%.*s%*s] %lld kB", done,
                  "##############################", BAR_WIDTH - done, "",
                  (long long)now / 1000);
    return 0;
}

/* The built-in Amazon Trust Services roots as PEM; free with BIO_free(). */
static BIO *builtin_roots(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (size_t i = 0; bio != NULL && i < rds_builtin_anchor_count; i++) {
        const struct rds_anchor *anchor = &rds_builtin_anchors[i];

        if (anchor->family == RDS_FAMILY_PROXY &&
            PEM_write_bio(bio, PEM_STRING_X509, "",
                          rds_builtin_der + anchor->der_at,
                          anchor->der_size) <= 0) {
            BIO_free(bio);
            return NULL;
        }
    }
    return bio;
}

static bool set_trust(CURL *curl, const struct rdsca_request *request)
{
    struct curl_blob blob = {.flags = CURL_BLOB_COPY};
    char *bytes;
    BIO *bio;
    bool good;

    if (request->cacert != NULL)
        return curl_easy_setopt(curl, CURLOPT_CAINFO, request->cacert) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (request->ca == RDSCA_CA_SYSTEM)
        return true;
    bio = builtin_roots();
    if (bio == NULL)
        return false;
    blob.len = (size_t)BIO_get_mem_data(bio, &bytes);
    blob.data = bytes;
    good = curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
    BIO_free(bio);
    return good;
}

static bool set_options(CURL *curl, const struct rdsca_request *request,
                        struct transfer *transfer)
{
    CURLcode bad = CURLE_OK;

#define SET(option, value) bad |= curl_easy_setopt(curl, option, value)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC,
        (long)(request->netrc ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    SET(CURLOPT_TIMEOUT, request->timeout);
    SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, request->stall);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)RDSCA_DOWNLOAD_MAX);
    SET(CURLOPT_USERAGENT, "rdsca/" RDS_VERSION);
    SET(CURLOPT_ERRORBUFFER, transfer->message);
    SET(CURLOPT_WRITEFUNCTION, rdsca_take_body);
    SET(CURLOPT_WRITEDATA, &transfer->arrival);
    SET(CURLOPT_HEADERFUNCTION, rdsca_take_header);
    SET(CURLOPT_HEADERDATA, &transfer->arrival);
    SET(CURLOPT_XFERINFOFUNCTION, draw_progress);
    SET(CURLOPT_NOPROGRESS, request->progress ? 0L : 1L);
#undef SET
    return bad == CURLE_OK && set_trust(curl, request);
}

/*
 * An option that is a list of one line, where there is a value; or the request
 * would go elsewhere, or ask for something else, than is wanted.
 */
static bool set_list(CURL *curl, CURLoption option, struct curl_slist **list,
                     const char *prefix, const char *value)
{
    char line[512];

    if (value == NULL || value[0] == '\0')
        return true;
    (void)snprintf(line, sizeof(line), "%s%s", prefix, value);
    *list = curl_slist_append(NULL, line);
    return *list != NULL && curl_easy_setopt(curl, option, *list) == CURLE_OK;
}

/* What failed inside libcurl. */
static enum rdsca_outcome explain(CURLcode code,
                                  const struct rdsca_request *request,
                                  const struct transfer *transfer,
                                  struct rds_error *err)
{
    long reset = 0;
    const char *message = transfer->message[0] != '\0'
                              ? transfer->message
                              : curl_easy_strerror(code);

    if (transfer->arrival.too_large || code == CURLE_FILESIZE_EXCEEDED) {
        (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%.200s: larger than %d bytes",
                       request->url, RDSCA_DOWNLOAD_MAX);
        return RDSCA_REFUSED;
    }
    (void)curl_easy_getinfo(transfer->curl, CURLINFO_OS_ERRNO, &reset);
    if (code == CURLE_SSL_CONNECT_ERROR && reset != 0)
        code = CURLE_RECV_ERROR; /* cut off, not distrusted */
    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
        (void)rds_fail(err, RDS_R_BAD_BUNDLE,
                       "%.200s: the connection cannot be trusted: %.200s",
                       request->url, message);
        return RDSCA_REFUSED;
    case CURLE_URL_MALFORMAT:
        (void)rds_fail(err, RDS_R_BAD_BUNDLE, "%.200s: malformed URL",
                       request->url);
        return RDSCA_REFUSED;
    default:
        (void)rds_fail(err, RDS_R_BAD_BUNDLE,
                       "%.200s: %.200s; try again later, or use --mirror",
                       request->url, message);
        return RDSCA_UNREACHABLE;
    }
}

static enum rdsca_outcome try_once(const struct rdsca_request *request,
                                   struct rdsca_response *out,
                                   struct rds_error *err)
{
    struct transfer transfer = {.curl = curl_easy_init(),
                                .arrival = {.out = out}};
    struct curl_slist *headers = NULL, *route = NULL;
    enum rdsca_outcome outcome = RDSCA_UNREACHABLE;
    long status = 0;
    CURLcode code;

    (void)rds_fail(err, RDS_R_NO_MEMORY, "libcurl cannot be set up");
    if (transfer.curl == NULL ||
        !set_options(transfer.curl, request, &transfer) ||
        !set_list(transfer.curl, CURLOPT_HTTPHEADER, &headers,
                  "If-None-Match: ", request->etag) ||
        !set_list(transfer.curl, CURLOPT_CONNECT_TO, &route,
                  "::", request->connect_to))
        goto done;
    code = curl_easy_perform(transfer.curl);
    if (request->progress)
        (void)fputs("\r\033[K", stderr);
    (void)curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    outcome = code != CURLE_OK
                  ? explain(code, request, &transfer, err)
                  : rdsca_read_status(status, request, &transfer.arrival, err);
done:
    curl_slist_free_all(headers);
    curl_slist_free_all(route);
    curl_easy_cleanup(transfer.curl);
    return outcome;
}

enum rdsca_outcome rdsca_fetch(const struct rdsca_request *request,
                               struct rdsca_response *out,
                               struct rds_error *err)
{
    enum rdsca_outcome outcome = RDSCA_UNREACHABLE;
    unsigned pause = 1;

    for (long i = 0; i < request->tries; i++) {
        if (i != 0) {
            (void)sleep(pause);
            pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
        }
        memset(out, 0, sizeof(*out));
        outcome = try_once(request, out, err);
        if (outcome != RDSCA_UNREACHABLE)
            break;
        free(out->bytes);
        out->bytes = NULL;
    }
    if (outcome != RDSCA_FETCHED) {
        free(out->bytes);
        out->bytes = NULL;
        out->size = 0;
    }
    return outcome;
}
