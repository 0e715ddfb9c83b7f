/* Recording into a storage: the look-up that every measurement takes, and the slow path of the first ones. */
#include "metrics/exponential_cell.h"
#include "metrics/storage_slow.h"
#include "util/utf8.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline void add_to_sum(const otmi_shape *shape, char *cell, otmi_number value)
{
    if (shape->kind == OTMI_SHAPE_SUM_I64) {
        otmi_sum_i64_add((uint64_t *)(void *)cell, value.i64);
    } else {
        otmi_sum_f64_add((uint64_t *)(void *)cell, value.f64);
    }
}

static __attribute__((noinline)) void add_to_histogram(const otmi_storage *storage, char *half, otmi_number value)
{
    const otmi_shape *shape = &storage->shape;
    double v = storage->stream->number == OTM_NUMBER_I64 ? (double)value.i64 : value.f64;
    if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        otmi_histogram_add((otmi_histogram_half *)(void *)half, shape, storage->env->allocator, v);
    } else {
        otmi_exponential_add((otmi_exponential_half *)(void *)half, shape, storage->env->allocator, v);
    }
}

static ALWAYS_INLINE bool apply(const otmi_storage *storage, const otmi_slot *slot, otmi_series *series,
                                otmi_number value)
{
    const otmi_shape *shape = &storage->shape;
    if (shape->one_word) {
        char *word = otmi_series_cell(series, slot);
        if (word == NULL || __atomic_load_n(&series->start_ns, __ATOMIC_RELAXED) == 0) {
            return false;
        }
        add_to_sum(shape, word, value);
        return true;
    }
    /* Acquire: what the collector cleared before it raised the epoch is seen cleared. */
    uint32_t epoch = __atomic_load_n(&storage->epoch, __ATOMIC_ACQUIRE);
    if (shape->delta || shape->tracks_idle) {
        if (__atomic_load_n(&series->by.admitted[epoch & 1], __ATOMIC_RELAXED) != epoch) {
            return false;
        }
    } else if (__atomic_load_n(&series->start_ns, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    if (shape->kind == OTMI_SHAPE_LAST_VALUE) {
        /* One cell for all threads: only that has a last writer. */
        __atomic_store_n(&series->words[OTMI_WORD_VALUE], value.bits, __ATOMIC_RELAXED);
        return true;
    }
    char *cell = otmi_series_cell(series, slot);
    if (cell == NULL) {
        return false;
    }
    if (shape->halves && (epoch & 1) != 0) {
        cell += shape->half_size;
    }
    if (otmi_shape_is_histogram(shape)) {
        add_to_histogram(storage, cell, value);
    } else {
        add_to_sum(shape, cell, value);
    }
    return true;
}

bool otmi_storage_apply(otmi_storage *storage, const otmi_slot *slot, otmi_series *series, otmi_number value)
{
    return apply(storage, slot, series, value);
}

static __attribute__((noinline)) void record_slow(otmi_storage *storage, otmi_number value, const otm_attr *attrs,
                                                  size_t attr_count, const otm_context *context)
{
    if (!otmi_env_alive(storage->env)) {
        return;
    }
    otmi_offer offer = {value, attrs, attr_count, context, storage->env->clock};
    otmi_slow_record slow;
    otmi_slow_begin(&slow, storage);
    otmi_attr_set *set = NULL;
    otmi_series *series = storage->overflow;
    if (otmi_storage_canonical(storage, attrs, attr_count, &slow.empty_key, &set) != OTM_OK) {
        slow.no_memory = true;
    }
    otmi_mutex_lock(&storage->mu);
    if (set != NULL) {
        series = otmi_storage_series_locked(storage, set, &slow.no_memory);
    }
    series = otmi_storage_begin_measuring_locked(storage, series, slow.now_ns);
    otmi_mutex_unlock(&storage->mu);
    otmi_slow_apply(&slow, storage, series, &offer);
    otmi_slow_end(&slow, storage);
}

/* Whether a set that is not found is surely new: no key twice, none empty, no text that would be stored as bytes. */
static bool is_canonical(const otmi_attr_span *span)
{
    for (size_t i = 0; i < span->count; i++) {
        const otm_attr *a = &span->attrs[i];
        bool plain = a->value.type == OTM_VALUE_STRING ? otmi_utf8_valid(a->value.as.string, a->value.size)
                                                       : a->value.type <= OTM_VALUE_F64;
        if (!plain || a->key_size == 0 || !otmi_utf8_valid(a->key, a->key_size)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            const otm_attr *b = &span->attrs[j];
            if (a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* At the limit, without a lock: sets with no place go to the overflow series. */
static bool overflows(const otmi_storage *storage, const otmi_series *series, const otmi_attr_span *span)
{
    if (__atomic_load_n(&storage->full, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    if (series == NULL) {
        return is_canonical(span);
    }
    uint32_t epoch = __atomic_load_n(&storage->epoch, __ATOMIC_RELAXED);
    return storage->shape.delta && series != storage->overflow &&
           __atomic_load_n(&series->bound, __ATOMIC_RELAXED) == 0 &&
           __atomic_load_n(&series->state, __ATOMIC_RELAXED) == OTMI_SERIES_LIVE &&
           __atomic_load_n(&series->by.admitted[epoch & 1], __ATOMIC_RELAXED) != epoch;
}

/* -- The way of a measurement ------------------------------------------------------------------------------------- */

/* A memory's meaning: a series' number above the order of the attributes given. */
#define ORDER_BITS (OTMI_ORDERED_ATTRS * OTMI_ORDER_BITS)

_Static_assert(ORDER_BITS + OTMI_NUMBER_BITS <= 64, "a number and an order fit into a memory's meaning");

/* The series that attributes at these addresses were the last time, if they are its own now. */
static ALWAYS_INLINE otmi_series *remembered(const otmi_storage *storage, const otmi_slot *slot, uint64_t addresses,
                                             const otm_attr *attrs, size_t attr_count)
{
    uint64_t meaning = otmi_memo_find(&slot->memo, storage->memo_owner, addresses);
    if (__builtin_expect(meaning == 0, 0)) {
        return NULL;
    }
    otmi_series *series = otmi_series_numbered(&storage->table, (uint32_t)(meaning >> ORDER_BITS));
    /* Acquire: a series that is live shows its attributes, and has them until this section is over. */
    bool confirmed = __atomic_load_n(&series->state, __ATOMIC_ACQUIRE) == OTMI_SERIES_LIVE &&
                     otmi_attrs_equal_in_order(attrs, attr_count, series->attrs, meaning);
    return __builtin_expect(confirmed, 1) ? series : NULL;
}

/* NULL: there is none. */
static __attribute__((noinline)) otmi_series *look_up(otmi_storage *storage, otmi_slot *slot, uint64_t addresses,
                                                      const otm_attr *attrs, size_t attr_count)
{
    uint64_t hashes[OTMI_PLACED_ATTRS];
    otmi_attr_span span = {.attrs = attrs, .count = attr_count};
    otmi_attr_order order;
    uint64_t hash = otmi_attr_span_hashes(storage->env->hash_key, &span, hashes);
    otmi_series *series = otmi_series_map_find(&storage->map, hash, &span);
    if (otmi_memo_missed(&slot->memo, storage->memo_owner, addresses) && series != NULL &&
        otmi_attr_span_order(&span, series->attrs, &order)) {
        uint64_t meaning = (uint64_t)series->number << ORDER_BITS | order;
        otmi_memo_keep(&slot->memo, storage->memo_owner, addresses, meaning, otmi_series_total());
    }
    return series;
}

/* What is rare, to end a measurement's section with: it overflows, or becomes an exemplar. */
static __attribute__((noinline)) bool record_rare(otmi_storage *storage, otmi_slot *slot, otmi_series *series,
                                                  bool done, const otmi_attr_span *kept, const otmi_offer *offer)
{
    if (!done && overflows(storage, series, kept)) {
        series = storage->overflow;
        done = otmi_storage_apply(storage, slot, series, offer->value);
    }
    if (done) {
        otmi_storage_offer_if_eligible(storage, series, offer);
    }
    otmi_slot_end(slot);
    return done;
}

/* False if only the slow path can. `attrs` are what the stream keeps of those given. */
static ALWAYS_INLINE bool record_fast(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t count,
                                      const otm_attr *given, size_t given_count, const otm_context *context)
{
    uint64_t addresses = otmi_attrs_hash_addresses(attrs, count);
    otmi_slot *slot = otmi_slot_begin();
    otmi_series *series = remembered(storage, slot, addresses, attrs, count);
    if (__builtin_expect(series == NULL, 0)) {
        series = look_up(storage, slot, addresses, attrs, count);
    }
    bool done = series != NULL && apply(storage, slot, series, value);
    if (__builtin_expect(done && !otmi_exemplar_eligible(&storage->exemplars, context), 1)) {
        otmi_slot_end(slot);
        return true;
    }
    otmi_attr_span kept = {.attrs = attrs, .count = count};
    otmi_offer offer = {value, given, given_count, context, storage->env->clock};
    return record_rare(storage, slot, series, done, &kept, &offer);
}

static __attribute__((noinline)) void record_filtered(otmi_storage *storage, otmi_number value, const otm_attr *attrs,
                                                      size_t attr_count, const otm_context *context)
{
    otm_attr kept[OTMI_STACK_ATTRS];
    size_t count = attr_count <= OTMI_STACK_ATTRS ? otmi_storage_keep(storage, attrs, attr_count, kept) : 0;
    if (attr_count > OTMI_STACK_ATTRS || !record_fast(storage, value, kept, count, attrs, attr_count, context)) {
        record_slow(storage, value, attrs, attr_count, context);
    }
}

void otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                         const otm_context *context)
{
    static const otm_attr none; /* NULL has no end to run to */
    attr_count = attrs == NULL ? 0 : attr_count;
    attrs = attrs == NULL ? &none : attrs;
    if (__builtin_expect(storage->stream->filter != NULL, 0)) {
        record_filtered(storage, value, attrs, attr_count, context);
    } else if (__builtin_expect(!record_fast(storage, value, attrs, attr_count, attrs, attr_count, context), 0)) {
        record_slow(storage, value, attrs, attr_count, context);
    }
}
