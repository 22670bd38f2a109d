/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FUZZ_SEEDS_H
#define RDS_FUZZ_SEEDS_H

/*
 * Seeds, put together byte by byte.  What does not work ends the program.
 */

#include "../fuzz.h"

#define SEED_MAX 16384

/* A seed that grows. */
struct seed {
    uint8_t bytes[SEED_MAX];
    size_t size;
};

void add(struct seed *seed, const void *bytes, size_t size);
void add_text(struct seed *seed, const char *text);
void add_byte(struct seed *seed, unsigned byte);

/* Puts the head of a SEQUENCE before all of it. */
void wrap(struct seed *seed);

/* Writes it to a file of the target's folder. */
void save(const char *target, const char *name, const struct seed *seed);
extern const char *seeds_folder; /* that of all targets */

/* Leaves in the shapes that the scope judges, for "leaf" and "scope". */
void save_leaves(void);

#endif
