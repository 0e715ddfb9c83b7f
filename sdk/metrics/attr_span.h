/* The attributes of a measurement that a stream keeps, in the order given: their hash, and whether they are a set.
 *
 * Neither depends on the order. A set says by a small table of its own where an attribute with a given hash stands, so
 * that each one of a measurement is compared with one of the set, whatever the order. */
#ifndef OTMI_ATTR_SPAN_H
#define OTMI_ATTR_SPAN_H

#include "metrics/attr_set.h"

typedef struct otmi_attr_span {
    const otm_attr *attrs;
    size_t count;
    const uint64_t *hashes; /* of each; NULL: not known */
} otmi_attr_span;

uint64_t otmi_attr_span_hash(const otmi_hash_key *key, const otmi_attr_span *span);

/* The same, and keeps the hash of each attribute in `room`, if OTMI_PLACED_ATTRS are enough. */
uint64_t otmi_attr_span_hashes(const otmi_hash_key *key, otmi_attr_span *span, uint64_t *room);

/* Makes the table of places by the hashes of its attributes, one for each. Before the set is shared. */
void otmi_attr_set_make_places(otmi_attr_set *set, const uint64_t *hashes);

/* Where the attribute with this hash stands, if it is one of the set's; else, or if no table could be made that has
 * them all, the place of another one. */
static inline size_t otmi_attr_set_place(const otmi_attr_set *set, uint64_t hash)
{
    return set->places[hash >> set->place_shift & set->place_mask];
}

/* True if the span holds just the attributes of the set, in any order. A span with a repeated key never matches: a
 * set's keys are unique, so each of its attributes must stand at a place of its own. */
bool otmi_attr_span_equals(const otmi_attr_span *span, const otmi_attr_set *set);

/* -- Without hashing texts: by where they lie -------------------------------------------------------------------- */

/* Orders of so many attributes fit into otmi_attr_order. */
#define OTMI_ORDERED_ATTRS 10u
#define OTMI_ORDER_BITS 4u

_Static_assert(OTMI_ORDERED_ATTRS + 1 < 1u << OTMI_ORDER_BITS, "places and numbers of attributes fit into the bits");

/* The place in a set of each attribute of a span, OTMI_ORDER_BITS for each from the lowest on. */
typedef uint64_t otmi_attr_order;

/* Of where the texts of attributes lie, their sizes, and what is no text. The lowest bits are their number, or where
 * they are too many to have an order, a number that none with an order has: orders of different lengths are not to be
 * confused. */
static OTMI_ALWAYS_INLINE uint64_t otmi_attrs_hash_addresses(const otm_attr *attrs, size_t count)
{
    uint64_t hash = 0;
    uint64_t factor = OTMI_HASH_SPREAD; /* another for each, so that the order counts, and none waits for another */
    for (const otm_attr *attr = attrs, *end = attrs + count; attr != end; attr++, factor *= OTMI_HASH_SPREAD) {
        uint64_t value = attr->value.size + (uint64_t)attr->value.as.i64;
        hash += (value ^ (uint64_t)(uintptr_t)attr->key << 20) * factor;
    }
    /* A product's lower bits know nothing of the upper ones, by which alone round doubles differ. */
    hash ^= hash >> 32;
    return hash << OTMI_ORDER_BITS | (count <= OTMI_ORDERED_ATTRS ? count : OTMI_ORDERED_ATTRS + 1);
}

/* Whether they are the set's, in this order; false if it is not sure. */
static OTMI_ALWAYS_INLINE bool otmi_attrs_equal_in_order(const otm_attr *attrs, size_t count,
                                                         const otmi_attr_set *set, otmi_attr_order order)
{
    if (count != set->count) {
        return false;
    }
    for (const otm_attr *attr = attrs, *end = attrs + count; attr != end; attr++, order >>= OTMI_ORDER_BITS) {
        if (!otmi_attr_equal_surely(attr, &set->attrs[order & ((1u << OTMI_ORDER_BITS) - 1)])) {
            return false;
        }
    }
    return true;
}

/* The order of a span with hashes that equals the set: each place stands in it once, since no key is repeated. False if
 * there is none that otmi_attrs_equal_in_order() would confirm. */
bool otmi_attr_span_order(const otmi_attr_span *span, const otmi_attr_set *set, otmi_attr_order *order);

#endif
