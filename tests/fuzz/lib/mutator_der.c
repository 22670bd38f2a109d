/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutator of targets whose input begins with DER: changes a value in it,
 * or what stands behind it, and sometimes any byte.
 */

#include "../fuzz.h"
#include "mutate.h"

/* Changes only what stands behind the DER; 0 where that cannot be. */
static size_t change_rest(uint8_t *data, size_t size, size_t room)
{
    struct rds_der in = {data, size}, content;
    size_t head;
    uint8_t tag;

    if (!rds_der_next(&in, &tag, &content))
        return 0;
    head = size - in.left;
    return head == room
               ? 0
               : head + LLVMFuzzerMutate(data + head, in.left, room - head);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room,
                               unsigned seed)
{
    size_t made = 0;

    if (seed % 8 == 1)
        made = change_rest(data, size, room);
    else if (seed % 8 != 0)
        made = mutate_der(data, size, room, seed);
    return made != 0 ? made : LLVMFuzzerMutate(data, size, room);
}
