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
    bool plain;             /* all are known to be plain: see otmi_attr_hash_plain() */
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

/* Of as many attributes as the set has. The first is for plain ones, and strings; false if it is not sure. */
bool otmi_attr_span_equals_plainly(const otm_attr *attrs, const uint64_t *hashes, const otmi_attr_set *set);
bool otmi_attr_span_equals_anyhow(const otmi_attr_span *span, const otmi_attr_set *set);

/* True if the span holds just the attributes of the set, in any order. A span with a repeated key never matches: a
 * set's keys are unique, so each of its attributes must stand at a place of its own. */
static inline bool otmi_attr_span_equals(const otmi_attr_span *span, const otmi_attr_set *set)
{
    if (span->count != set->count) {
        return false;
    }
    return span->count == 0 ||
           (span->plain && set->all_strings && otmi_attr_span_equals_plainly(span->attrs, span->hashes, set)) ||
           otmi_attr_span_equals_anyhow(span, set);
}

#endif
