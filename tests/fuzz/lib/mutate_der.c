/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing DER, as mutate.h says: the values are taken apart into a list, one
 * is changed, and all of it is written again from the end to the front, so
 * that each length is known when it is written.
 */

#include "mutate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"

#define NODES_MAX 1024
#define DEPTH_MAX 16
#define SCRATCH 4096 /* of a changed content */

/* A value; its children follow it in the list. */
struct node {
    const uint8_t *at; /* tag */
    size_t head;       /* bytes of tag and length */
    size_t content;
    size_t lead;  /* of the content before the children: unused bits */
    size_t after; /* the node behind this one and its children */
    bool parent;
};

struct tree {
    struct node nodes[NODES_MAX];
    size_t count;
};

/* ---- taking apart ------------------------------------------------------- */

static bool take_apart(struct tree *tree, const uint8_t *at, size_t size,
                       int depth);

/* Takes one value; false where there is none, or too many. */
static bool take_value(struct tree *tree, struct rds_der *in, int depth)
{
    struct node *node = &tree->nodes[tree->count];
    struct rds_der content;
    size_t kept;
    uint8_t tag;

    if (tree->count == NODES_MAX)
        return false;
    memset(node, 0, sizeof(*node));
    node->at = in->at;
    if (!rds_der_next(in, &tag, &content))
        return false;
    node->head = (size_t)(content.at - node->at);
    node->content = content.left;
    node->lead = tag == RDS_DER_BIT_STRING && content.left != 0 ? 1 : 0;
    kept = ++tree->count;
    if ((tag & 0x20) != 0 || tag == RDS_DER_OCTET_STRING ||
        tag == RDS_DER_BIT_STRING)
        node->parent = take_apart(tree, content.at + node->lead,
                                  content.left - node->lead, depth + 1);
    if (!node->parent)
        tree->count = kept;
    node->after = tree->count;
    return true;
}

/* Takes a list of values that fills these bytes. */
static bool take_apart(struct tree *tree, const uint8_t *at, size_t size,
                       int depth)
{
    struct rds_der in = {at, size};

    if (size == 0 || depth > DEPTH_MAX)
        return false;
    while (in.left != 0) {
        if (!take_value(tree, &in, depth))
            return false;
    }
    return true;
}

/* ---- the change --------------------------------------------------------- */

enum change {
    CHANGE_CONTENT,
    CHANGE_TAG,
    REMOVE,
    REPEAT,
    REPLACE, /* by another value of the tree */
    INSERT,  /* another value of the tree behind it */
    CHANGE_CASE,
    ADD_SPACE,
    CHANGES
};

struct plan {
    const struct tree *tree;
    size_t target;
    enum change change;
    size_t other; /* for REPLACE and INSERT */
    uint8_t tag;
    uint8_t content[SCRATCH];
    size_t content_size;
};

static unsigned draw(unsigned *seed, size_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return below == 0 ? 0 : (*seed >> 8) % (unsigned)below;
}

static const uint8_t tags[] = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x12, 0x13, 0x14,
    0x16, 0x17, 0x18, 0x1a, 0x1c, 0x1e, 0x30, 0x31, 0x80, 0x81, 0x82,
    0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
};

/* Other letters that are the same name to OpenSSL, often. */
static void same_name(struct plan *plan, unsigned *seed)
{
    size_t at = draw(seed, plan->content_size + 1);

    if (plan->change == CHANGE_CASE) {
        for (size_t i = at; i < plan->content_size; i++) {
            uint8_t letter = plan->content[i] | 0x20;

            if (letter >= 'a' && letter <= 'z' && draw(seed, 2) == 0)
                plan->content[i] ^= 0x20;
        }
    } else if (plan->content_size < SCRATCH) {
        memmove(plan->content + at + 1, plan->content + at,
                plan->content_size - at);
        plan->content[at] = ' ';
        plan->content_size++;
    }
}

/* Any value; or one that is found from the outside inwards, so that those
 * near the outside, which are few, get their share. */
static size_t choose(const struct tree *tree, unsigned *seed)
{
    size_t at = 0, child, skipped;

    if (draw(seed, 2) == 0)
        return draw(seed, tree->count);
    while (tree->nodes[at].parent && draw(seed, 4) != 0) {
        child = at + 1;
        for (skipped = draw(seed, 8); skipped != 0; skipped--) {
            if (tree->nodes[child].after == tree->nodes[at].after)
                break;
            child = tree->nodes[child].after;
        }
        at = child;
    }
    return at;
}

static void make_plan(struct plan *plan, const struct tree *tree,
                      unsigned seed)
{
    const struct node *node;

    plan->tree = tree;
    plan->target = choose(tree, &seed);
    plan->change = draw(&seed, 3) == 0 ? draw(&seed, CHANGES) : CHANGE_CONTENT;
    plan->other = draw(&seed, tree->count);
    plan->tag = tags[draw(&seed, sizeof(tags))];
    node = &tree->nodes[plan->target];
    plan->content_size = node->content < SCRATCH ? node->content : SCRATCH;
    memcpy(plan->content, node->at + node->head, plan->content_size);
    if (plan->change == CHANGE_CONTENT)
        plan->content_size =
            LLVMFuzzerMutate(plan->content, plan->content_size, SCRATCH);
    else if (plan->change == CHANGE_CASE || plan->change == ADD_SPACE)
        same_name(plan, &seed);
}

/* ---- writing, from the end to the front --------------------------------- */

struct out {
    uint8_t *bytes;
    size_t left; /* room in front of what is written */
    bool full;
};

static void put(struct out *out, const uint8_t *bytes, size_t size)
{
    if (size > out->left) {
        out->full = true;
        return;
    }
    out->left -= size;
    if (size != 0)
        memcpy(out->bytes + out->left, bytes, size);
}

static void put_head(struct out *out, uint8_t tag, size_t size)
{
    uint8_t head[6];
    size_t used = 0;

    head[used++] = tag;
    if (size >= 0x10000) {
        head[used++] = 0x83;
        head[used++] = (uint8_t)(size >> 16);
        head[used++] = (uint8_t)(size >> 8);
    } else if (size >= 0x100) {
        head[used++] = 0x82;
        head[used++] = (uint8_t)(size >> 8);
    } else if (size >= 0x80) {
        head[used++] = 0x81;
    }
    head[used++] = (uint8_t)size;
    put(out, head, used);
}

static void put_as_it_is(struct out *out, const struct node *node)
{
    put(out, node->at, node->head + node->content);
}

/* The order of siblings is turned round by following them recursively. */
static void put_list(struct out *out, const struct plan *plan, size_t from,
                     size_t until);

static void put_node(struct out *out, const struct plan *plan, size_t i)
{
    const struct node *node = &plan->tree->nodes[i];
    bool target = i == plan->target;
    uint8_t tag = node->at[0];
    size_t end;

    if (target && plan->change == REMOVE)
        return;
    if (target && plan->change == REPLACE) {
        put_as_it_is(out, &plan->tree->nodes[plan->other]);
        return;
    }
    if (target && plan->change == INSERT)
        put_as_it_is(out, &plan->tree->nodes[plan->other]);
    if (target && plan->change == REPEAT)
        put_as_it_is(out, node);
    if (target && plan->change == CHANGE_TAG)
        tag = plan->tag;
    end = out->left;
    if (target && (plan->change == CHANGE_CONTENT ||
                   plan->change == CHANGE_CASE || plan->change == ADD_SPACE)) {
        put(out, plan->content, plan->content_size);
    } else if (node->parent) {
        put_list(out, plan, i + 1, node->after);
        put(out, node->at + node->head, node->lead);
    } else {
        put(out, node->at + node->head, node->content);
    }
    if (!out->full)
        put_head(out, tag, end - out->left);
}

static void put_list(struct out *out, const struct plan *plan, size_t from,
                     size_t until)
{
    if (from >= until)
        return;
    put_list(out, plan, plan->tree->nodes[from].after, until);
    put_node(out, plan, from);
}

size_t mutate_der(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    static struct tree tree;
    static struct plan plan;
    struct rds_der in = {data, size};
    struct out out = {malloc(room), room, false};
    size_t result;

    NEED(out.bytes != NULL);
    tree.count = 0;
    if (!take_value(&tree, &in, 0)) {
        free(out.bytes);
        return 0;
    }
    make_plan(&plan, &tree, seed);
    put(&out, in.at, in.left); /* what stands behind */
    put_node(&out, &plan, 0);
    result = out.full ? 0 : room - out.left;
    if (result != 0)
        memcpy(data, out.bytes + out.left, result);
    free(out.bytes);
    return result;
}
