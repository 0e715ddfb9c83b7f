/* The attributes of a measurement that a stream keeps, in the order given: their hash, and whether they are a set.
 *
 * Neither depends on the order. A set says by a small table of its own where an attribute with a given hash stands, so
 * that each one of a measurement is compared with one of the set, whatever the order. */
#ifndef OTMI_ATTR_SPAN_H
#define OTMI_ATTR_SPAN_H

#include "metrics/attr_set.h"

/* Makes the table of places by the hashes of its attributes, one for each. Before the set is shared. */
void otmi_attr_set_make_places(otmi_attr_set *set, const otmi_attr_print *prints);

/* Where the attribute with this hash stands, if it is one of the set's; else, or if no table could be made that has
 * them all, the place of another one. */
static inline size_t otmi_attr_set_place(const otmi_attr_set *set, uint64_t hash)
{
    return set->places[hash >> set->place_shift & set->place_mask];
}

typedef struct otmi_attr_span {
    const otm_attr *attrs;       /* all of them, if kept is NULL */
    const otm_attr *const *kept; /* else these */
    size_t count;
    const otmi_attr_print *prints; /* of each; NULL: not known */
} otmi_attr_span;

static inline const otm_attr *otmi_attr_span_at(const otmi_attr_span *span, size_t index)
{
    return span->kept == NULL ? &span->attrs[index] : span->kept[index];
}

uint64_t otmi_attr_span_hash(const otmi_hash_key *key, const otmi_attr_span *span);

/* The same, and keeps the print of each attribute in `room`, if OTMI_PLACED_ATTRS are enough. */
uint64_t otmi_attr_span_print(const otmi_hash_key *key, otmi_attr_span *span, otmi_attr_print *room);

/* True if the span holds just the attributes of the set, in any order. A span with a repeated key never matches: a
 * set's keys are unique, so each of its attributes must stand at a place of its own. */
bool otmi_attr_span_equals(const otmi_attr_span *span, const otmi_attr_set *set);

#endif
