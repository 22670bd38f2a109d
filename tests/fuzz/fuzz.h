/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FUZZ_H
#define RDS_FUZZ_H

/*
 * What the fuzz targets share.
 *
 * A target is one file: LLVMFuzzerTestOneInput() feeds a parser that meets
 * outside input, and claims what must hold whatever the input is.  Where there
 * is another opinion to be had, from libcrypto or from a grammar written down
 * a second time, the target compares.  A claim that does not hold ends the
 * program, and the fuzzer keeps the input.
 *
 * The same files, linked with lib/replay.c instead of libFuzzer, read the
 * inputs of tests/fuzz/regress/ again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rds/bundle.h"
#include "rds/libcrypto.h"
#include "rds/scope.h"

/* ---- what libFuzzer calls, and what it offers --------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room,
                               unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* ---- claims ------------------------------------------------------------- */

/* What must hold; the text behind it says of what. */
#define CLAIM(good, ...)                                                      \
    do {                                                                      \
        if (!(good))                                                          \
            claim_failed(#good, __FILE__, __LINE__, __VA_ARGS__);             \
    } while (0)
void claim_failed(const char *claim, const char *file, int line,
                  const char *format, ...) RDS_PRINTF(4, 5)
    __attribute__((noreturn));

/* A preparation that fails is a failure, too: it must not pass for none. */
#define NEED(good) CLAIM(good, "the target cannot be prepared")

/*
 * To be called where an input was accepted, before what is claimed of it.
 * Seeds none of which gets there prove nothing, and fail (lib/replay.c).
 */
void reached(void);
size_t times_reached(void);

/* An error has a reason and one line of printable ASCII. */
void claim_error(const struct rds_error *err);
void claim_line(const char *text);

/* ---- taking an input apart ---------------------------------------------- */

struct feed {
    const uint8_t *at;
    size_t left;
};

/* The next byte; 0 where there is none. */
uint8_t feed_byte(struct feed *feed);

/* The next `size` bytes, or what is left, in memory of exactly that size. */
uint8_t *feed_bytes(struct feed *feed, size_t *size);

/* What stands before the next `stop` byte, as a text; it is passed over. */
char *feed_text(struct feed *feed, char stop);

/* ---- what there is to choose from --------------------------------------- */

/* The built-in anchors, without a directory. */
const struct rds_view *builtin_view(void);

/* The times at which the targets ask: now, and when others were in force. */
#define TIMES 4
extern const int64_t times[TIMES];

/* Whether the anchor's bytes are a certificate with its SHA-256, and it fits
 * the bundle's name. */
void claim_anchor(const struct rds_bundle *bundle,
                  const struct rds_anchor *anchor);

/* ---- the module --------------------------------------------------------- */

/*
 * Loads the module, which is linked into the target, by a configuration with
 * an absent directory and, unless it is NULL, this rds-trust.
 */
void load_module(const char *trust);

/* A file in memory; `path` opens it.  Filled anew by memory_file_fill(). */
struct memory_file {
    int fd;
    char path[32];
};
void memory_file_make(struct memory_file *file);
void memory_file_fill(const struct memory_file *file, const void *bytes,
                      size_t size);

/* ---- endpoints, by a grammar of its own --------------------------------- */

/*
 * The grammar of endpoint names as regular expressions: slow, and written
 * apart from the reader.  True where `name` is one.
 */
bool grammar_reads(const char *name, size_t size, struct rds_endpoint *out);

/* The same, of a name whose first label may be a star; it stays in the name,
 * and stands for any label. */
bool grammar_reads_wildcard(const char *name, size_t size,
                            struct rds_endpoint *out);

/*
 * Which endpoints a URI names for rds-trust, as rds/scope.h documents it: that
 * of one selector, and of all together.  An endpoint whose name begins with
 * "*" stands for a wildcard.
 */
bool selector_covers(const struct rds_uri *uri, size_t i,
                     const struct rds_endpoint *endpoint);
bool uri_covers(const void *uri, const struct rds_endpoint *endpoint);

/* Claims of the scope of a URI, unless it has none. */
void claim_scope(const struct rds_uri *uri);

/* ---- leaves ------------------------------------------------------------- */

/*
 * Claims of a leaf that was found in scope, by what libcrypto sees in it:
 * every name is an endpoint for which `admits` stands, no identity but those
 * is matched by X509_check_host() and its like.
 */
typedef bool admits_fn(const void *arg, const struct rds_endpoint *endpoint);
void claim_leaf(X509 *leaf, admits_fn *admits, const void *arg);

#endif
