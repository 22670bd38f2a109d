/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FUZZ_MUTATE_H
#define RDS_FUZZ_MUTATE_H

/*
 * Changing one DER value within another such that all lengths around it stay
 * right.  Without this, nearly every change to a certificate ends at the
 * first length, and nothing behind it is ever read.
 *
 * Contents of OCTET STRINGs and BIT STRINGs are taken apart, too, where they
 * are DER, since extensions stand in them.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Changes the value with which `data` begins; what stands behind it stays.
 * Returns the new size; 0 where the data does not begin with DER or the
 * result has no room.
 */
size_t mutate_der(uint8_t *data, size_t size, size_t room, unsigned seed);

#endif
