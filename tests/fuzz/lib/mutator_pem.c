/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutator of targets whose input is a line of options and a bundle:
 * changes a value within the DER of a bundle or of one of its PEM blocks,
 * repeats or removes a block, and sometimes changes any byte.
 */

#include <openssl/pem.h>
#include <string.h>

#include "../fuzz.h"
#include "mutate.h"

#define BEGIN "-----BEGIN "
#define DER_MAX 16384
#define OPTIONS_MAX 128

/* The block that begins at one of the BEGIN marks. */
struct block {
    size_t at, size;
};

static size_t count_blocks(const uint8_t *data, size_t size)
{
    return size != 0 ? rds_pem_marks(data, size, BEGIN) : 0;
}

/* Finds block `n`: from its mark to the next one, or to the end. */
static struct block find_block(const uint8_t *data, size_t size, size_t n)
{
    const uint8_t *at = memmem(data, size, BEGIN, strlen(BEGIN)), *next;
    struct block block;

    while (n-- != 0)
        at = memmem(at + 1, (size_t)(data + size - at - 1), BEGIN,
                    strlen(BEGIN));
    next =
        memmem(at + 1, (size_t)(data + size - at - 1), BEGIN, strlen(BEGIN));
    block.at = (size_t)(at - data);
    block.size = (size_t)((next != NULL ? next : data + size) - at);
    return block;
}

/* Puts `bytes` in the place of the block. */
static size_t splice(uint8_t *data, size_t size, size_t room,
                     struct block block, const void *bytes, size_t count)
{
    size_t behind = size - block.at - block.size;

    if (block.at + count + behind > room)
        return 0;
    memmove(data + block.at + count, data + block.at + block.size, behind);
    if (count != 0)
        memmove(data + block.at, bytes, count);
    return block.at + count + behind;
}

/* Changes the DER in the block. */
static size_t change_block(uint8_t *data, size_t size, size_t room,
                           struct block block, unsigned seed)
{
    BIO *in = BIO_new_mem_buf(data + block.at, (int)block.size);
    BIO *out = BIO_new(BIO_s_mem());
    char *name = NULL, *header = NULL, *text;
    unsigned char *der = NULL;
    uint8_t changed[DER_MAX];
    size_t made = 0;
    long der_size = 0;

    NEED(in != NULL && out != NULL);
    if (PEM_read_bio(in, &name, &header, &der, &der_size) == 1 &&
        der_size <= DER_MAX) {
        memcpy(changed, der, (size_t)der_size);
        made = mutate_der(changed, (size_t)der_size, DER_MAX, seed);
    }
    if (made != 0 && PEM_write_bio(out, name, header, changed, (long)made) > 0)
        made = (size_t)BIO_get_mem_data(out, &text);
    if (made != 0)
        made = splice(data, size, room, block, text, made);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(in);
    BIO_free(out);
    return made;
}

static size_t change_any_block(uint8_t *data, size_t size, size_t room,
                               unsigned seed)
{
    size_t count = count_blocks(data, size);
    struct block block;

    if (count == 0)
        return 0;
    block = find_block(data, size, seed / 64 % count);
    switch (seed / 8 % 8) {
    case 0:
        return splice(data, size, room, block, NULL, 0);
    case 1:
        return splice(data, size, room, (struct block){block.at, 0},
                      data + block.at, block.size);
    default:
        return change_block(data, size, room, block, seed);
    }
}

/* Changes the line of options only. */
static size_t change_line(uint8_t *data, size_t size, size_t room, size_t head)
{
    uint8_t line[OPTIONS_MAX];
    size_t made;

    if (head > OPTIONS_MAX)
        head = 0;
    if (head != 0)
        memcpy(line, data, head);
    made = LLVMFuzzerMutate(line, head, OPTIONS_MAX);
    return splice(data, size, room, (struct block){0, head}, line, made);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room,
                               unsigned seed)
{
    const uint8_t *line = size != 0 ? memchr(data, '\n', size) : NULL;
    size_t head = line != NULL ? (size_t)(line - data) + 1 : 0, made = 0;

    if (seed % 8 == 1)
        return change_line(data, size, room, head);
    if (seed % 8 != 0 && head != 0 && head < size) {
        if (data[head] == RDS_DER_SEQUENCE)
            made = mutate_der(data + head, size - head, room - head, seed / 8);
        else
            made =
                change_any_block(data + head, size - head, room - head, seed);
    }
    return made != 0 ? head + made : LLVMFuzzerMutate(data, size, room);
}
