#include "metrics/attr_span.h"

uint64_t otmi_attr_span_hash(const otmi_hash_key *key, const otmi_attr_span *span)
{
    uint64_t hash = span->count;
    for (size_t i = 0; i < span->count; i++) {
        hash += otmi_attr_hash(key, &span->attrs[i]);
    }
    return hash;
}

uint64_t otmi_attr_span_hashes(const otmi_hash_key *key, otmi_attr_span *span, uint64_t *room)
{
    const otmi_hash_key local = *key; /* which no store into `room` changes */
    const otm_attr *attrs = span->attrs;
    size_t count = span->count;
    if (__builtin_expect(count > OTMI_PLACED_ATTRS, 0)) {
        return otmi_attr_span_hash(key, span);
    }
    span->hashes = room;
    uint64_t sum = count;
    for (size_t i = 0; i < count; i++) {
        room[i] = otmi_attr_hash(&local, &attrs[i]);
        sum += room[i];
    }
    return sum;
}

/* False if two hashes meet. */
static bool fill_places(otmi_attr_set *set, const uint64_t *hashes)
{
    uint64_t taken[4 * OTMI_PLACED_ATTRS / 64] = {0};
    bool unique = true;
    for (size_t i = 0; i < set->count; i++) {
        size_t at = hashes[i] >> set->place_shift & set->place_mask;
        unique = unique && (taken[at / 64] >> at % 64 & 1) == 0;
        taken[at / 64] |= UINT64_C(1) << at % 64;
        set->places[at] = (uint8_t)i;
    }
    return unique;
}

void otmi_attr_set_make_places(otmi_attr_set *set, const uint64_t *hashes)
{
    if (set->count <= OTMI_PLACED_ATTRS) {
        while (!fill_places(set, hashes) && set->place_shift < 56) {
            set->place_shift++;
        }
    }
}

static bool span_holds(const otmi_attr_span *span, const otm_attr *attr)
{
    for (size_t i = 0; i < span->count; i++) {
        if (otmi_attr_equal(&span->attrs[i], attr)) {
            return true;
        }
    }
    return false;
}

static bool equals_in_any_order(const otmi_attr_span *span, const otmi_attr_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!otmi_attr_equal(&span->attrs[i], &set->attrs[i]) && !span_holds(span, &set->attrs[i])) {
            return false;
        }
    }
    return true;
}

/* Where the set has a place for each attribute of the span, and its equal stands there. Each of the set's must have
 * been met, or the span repeats one. */
static bool equals_by_places(const otmi_attr_span *span, const otmi_attr_set *set)
{
    uint64_t met = 0;
    for (size_t i = 0; i < span->count; i++) {
        size_t place = otmi_attr_set_place(set, span->hashes[i]);
        const otm_attr *theirs = &set->attrs[place];
        if (!otmi_attr_equal_surely(&span->attrs[i], theirs) && !otmi_attr_equal(&span->attrs[i], theirs)) {
            return false;
        }
        met |= UINT64_C(1) << (place & 63);
    }
    return (met + 1) >> span->count == 1;
}

bool otmi_attr_span_equals(const otmi_attr_span *span, const otmi_attr_set *set)
{
    return span->count == set->count && (span->count == 0 || (span->hashes != NULL && equals_by_places(span, set)) ||
                                         equals_in_any_order(span, set));
}

bool otmi_attr_span_order(const otmi_attr_span *span, const otmi_attr_set *set, otmi_attr_order *order)
{
    *order = 0;
    if (span->count > OTMI_ORDERED_ATTRS) {
        return false;
    }
    for (size_t i = 0; i < span->count; i++) {
        *order |= (otmi_attr_order)otmi_attr_set_place(set, span->hashes[i]) << i * OTMI_ORDER_BITS;
    }
    return otmi_attrs_equal_in_order(span->attrs, span->count, set, *order);
}
