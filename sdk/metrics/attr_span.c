#include "metrics/attr_span.h"

uint64_t otmi_attr_span_hash(const otmi_hash_key *key, const otmi_attr_span *span)
{
    uint64_t hash = span->count;
    for (size_t i = 0; i < span->count; i++) {
        hash += otmi_attr_hash(key, otmi_attr_span_at(span, i));
    }
    return hash;
}

uint64_t otmi_attr_span_print(const otmi_hash_key *key, otmi_attr_span *span, otmi_attr_print *room)
{
    if (span->count > OTMI_PLACED_ATTRS) {
        return otmi_attr_span_hash(key, span);
    }
    uint64_t hash = span->count;
    for (size_t i = 0; i < span->count; i++) {
        hash += otmi_attr_print_make(key, otmi_attr_span_at(span, i), &room[i]);
    }
    span->prints = room;
    return hash;
}

/* False if two hashes meet. */
static bool fill_places(otmi_attr_set *set, const otmi_attr_print *prints)
{
    uint64_t taken[4 * OTMI_PLACED_ATTRS / 64] = {0};
    bool unique = true;
    for (size_t i = 0; i < set->count; i++) {
        size_t at = prints[i].hash >> set->place_shift & set->place_mask;
        unique = unique && (taken[at / 64] >> at % 64 & 1) == 0;
        taken[at / 64] |= UINT64_C(1) << at % 64;
        set->places[at] = (uint8_t)i;
    }
    return unique;
}

void otmi_attr_set_make_places(otmi_attr_set *set, const otmi_attr_print *prints)
{
    if (set->count <= OTMI_PLACED_ATTRS) {
        while (!fill_places(set, prints) && set->place_shift < 56) {
            set->place_shift++;
        }
    }
}

static bool span_holds(const otmi_attr_span *span, const otm_attr *attr)
{
    for (size_t i = 0; i < span->count; i++) {
        if (otmi_attr_equal(otmi_attr_span_at(span, i), attr)) {
            return true;
        }
    }
    return false;
}

static __attribute__((noinline)) bool equals_in_any_order(const otmi_attr_span *span, const otmi_attr_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!otmi_attr_equal(otmi_attr_span_at(span, i), &set->attrs[i]) && !span_holds(span, &set->attrs[i])) {
            return false;
        }
    }
    return true;
}

/* Where the set has a place for each attribute of the span, and its equal stands there. Each of the set's must have
 * been met, or the span repeats one. */
static inline bool equals_by_places(const otmi_attr_span *span, const otmi_attr_set *set)
{
    const otmi_attr_print *prints = span->prints;
    uint64_t met = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t place = otmi_attr_set_place(set, prints[i].hash);
        if (__builtin_expect(!otmi_attr_equal_to(otmi_attr_span_at(span, i), &prints[i], &set->attrs[place]), 0)) {
            return false;
        }
        met |= UINT64_C(1) << place;
    }
    return met == UINT64_MAX >> (64 - set->count);
}

bool otmi_attr_span_equals(const otmi_attr_span *span, const otmi_attr_set *set)
{
    if (span->count != set->count) {
        return false;
    }
    if (span->count == 0 || (span->prints != NULL && equals_by_places(span, set))) {
        return true;
    }
    return equals_in_any_order(span, set);
}
