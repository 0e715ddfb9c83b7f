#include "metrics/attr_span.h"

uint64_t otmi_attr_span_hash(const otmi_hash_key *key, const otmi_attr_span *span)
{
    uint64_t hash = span->count;
    for (size_t i = 0; i < span->count; i++) {
        hash += otmi_attr_hash(key, &span->attrs[i]);
    }
    return hash;
}

/* Where not all are plain: the hashes from the first that is not, added to those before it. */
static __attribute__((noinline)) uint64_t hash_rest(const otmi_hash_key *key, const otmi_attr_span *span,
                                                    uint64_t *room, size_t from, uint64_t hash)
{
    for (size_t i = from; i < span->count; i++) {
        room[i] = otmi_attr_hash(key, &span->attrs[i]);
        hash += room[i];
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
        uint64_t hash;
        if (__builtin_expect(!otmi_attr_hash_plain(&local, &attrs[i], &hash), 0)) {
            return hash_rest(key, span, room, i, sum);
        }
        room[i] = hash;
        sum += hash;
    }
    span->plain = true;
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
static OTMI_ALWAYS_INLINE bool equals_by_places(const otm_attr *attrs, const uint64_t *hashes, const otmi_attr_set *set,
                                                bool plain)
{
    const uint64_t *end = hashes + set->count;
    uint64_t met = 0;
    for (; hashes != end; hashes++, attrs++) {
        size_t place = otmi_attr_set_place(set, *hashes);
        const otm_attr *theirs = &set->attrs[place];
        if (__builtin_expect(!(plain ? otmi_attr_equal_plain(attrs, theirs) : otmi_attr_equal(attrs, theirs)), 0)) {
            return false;
        }
        met |= UINT64_C(1) << (place & 63);
    }
    return (met + 1) >> set->count == 1;
}

bool otmi_attr_span_equals_plainly(const otm_attr *attrs, const uint64_t *hashes, const otmi_attr_set *set)
{
    return equals_by_places(attrs, hashes, set, true);
}

bool otmi_attr_span_equals_anyhow(const otmi_attr_span *span, const otmi_attr_set *set)
{
    return (span->hashes != NULL && equals_by_places(span->attrs, span->hashes, set, false)) ||
           equals_in_any_order(span, set);
}
