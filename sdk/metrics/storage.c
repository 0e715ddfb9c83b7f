#include "metrics/storage.h"

#include "metrics/storage_internal.h"
#include "util/alloc.h"

static otm_status create_overflow(otmi_storage *storage)
{
    otm_attr attr = otm_attr_bool("otel.metric.overflow", true); /* metrics/sdk.md, "Overflow attribute" */
    otmi_attr_set *set = NULL;
    otm_status st = otmi_attr_set_create(storage->env->allocator, &attr, 1, &set);
    if (st != OTM_OK) {
        return st;
    }
    storage->overflow = otmi_storage_add_locked(storage, set);
    return storage->overflow == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

/* How many of otmi_series_word a series of this shape has. */
static uint32_t series_words(const otmi_shape *shape)
{
    if (shape->tracks_idle || (shape->delta && otmi_shape_is_histogram(shape))) {
        return 2;
    }
    return shape->delta || shape->kind == OTMI_SHAPE_LAST_VALUE ? 1 : 0;
}

otm_status otmi_storage_create(const otmi_env *env, const otmi_stream *stream, const char *meter_name,
                               const char *instrument_name, otmi_storage **out)
{
    *out = NULL;
    otmi_storage *storage = otmi_alloc_zeroed(env->allocator, sizeof *storage);
    if (storage == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    storage->env = env;
    storage->stream = stream;
    storage->meter_name = meter_name;
    storage->instrument_name = instrument_name;
    storage->created_ns = env->clock->wall_ns(env->clock->context);
    storage->interval_start_ns = storage->created_ns;
    storage->epoch = 1;
    storage->memo_owner = otmi_memo_owner();
    otm_status st = otmi_mutex_init(&storage->mu);
    if (st != OTM_OK) {
        otmi_free(env->allocator, storage, sizeof *storage);
        return st;
    }
    st = otmi_shape_init(&storage->shape, env->allocator, stream);
    storage->exemplars =
        otmi_exemplar_rule_make(env->exemplar_filter, &stream->reservoir, &storage->shape, stream->number);
    otmi_series_table_init(&storage->table, env->allocator, storage->shape.cell_size, series_words(&storage->shape));
    st = st == OTM_OK ? otmi_series_map_init(&storage->map, &storage->table) : st;
    st = st == OTM_OK ? create_overflow(storage) : st;
    if (st != OTM_OK) {
        otmi_storage_destroy(storage);
        return st;
    }
    storage->live = 0; /* the overflow series has a place beyond the limit */
    *out = storage;
    return OTM_OK;
}

/* Frees what cells allocated beside themselves. */
static void cells_fini(otmi_storage *storage)
{
    size_t slots = otmi_slot_count();
    for (uint32_t k = 0; otmi_shape_is_histogram(&storage->shape) && k < storage->table.chunk_count; k++) {
        const otmi_chunk *chunk = storage->table.chunks[k];
        for (size_t s = 0; s < slots; s++) {
            char *cells = __atomic_load_n(&otmi_slot_at(s)->cells[chunk->id], __ATOMIC_ACQUIRE);
            for (uint32_t i = 0; cells != NULL && i < 2 * chunk->capacity; i++) {
                otmi_half_fini(&storage->shape, storage->env->allocator, cells + i * (size_t)storage->shape.half_size);
            }
        }
    }
}

void otmi_storage_destroy(otmi_storage *storage)
{
    const otm_allocator *allocator = storage->env->allocator;
    cells_fini(storage);
    otmi_storage_exemplars_fini(storage);
    otmi_series_map_fini(&storage->map);
    otmi_series_table_fini(&storage->table);
    otmi_shape_fini(&storage->shape, allocator);
    otmi_mutex_fini(&storage->mu);
    otmi_free(allocator, storage, sizeof *storage);
}

size_t otmi_storage_keep(const otmi_storage *storage, const otm_attr *attrs, size_t attr_count, otm_attr *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < attr_count; i++) {
        if (otmi_key_filter_keeps(storage->stream->filter, attrs[i].key, attrs[i].key_size)) {
            kept[count++] = attrs[i];
        }
    }
    return count;
}

/* A canonical copy of what the stream keeps of the attributes; those with an empty key, which mean nothing, are left
 * out and reported as such by the caller. */
otm_status otmi_storage_canonical(const otmi_storage *storage, const otm_attr *attrs, size_t attr_count,
                                  bool *had_empty_key, otmi_attr_set **out)
{
    const otm_allocator *allocator = storage->env->allocator;
    otm_attr *copy = otmi_alloc_array(allocator, attr_count + 1, sizeof *copy);
    *out = NULL;
    if (copy == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; attrs != NULL && i < attr_count; i++) {
        if (attrs[i].key == NULL || attrs[i].key_size == 0) {
            *had_empty_key = true;
        } else if (otmi_key_filter_keeps(storage->stream->filter, attrs[i].key, attrs[i].key_size)) {
            copy[count++] = attrs[i];
        }
    }
    otm_status st = otmi_attr_set_create(allocator, copy, count, out);
    otmi_free(allocator, copy, (attr_count + 1) * sizeof *copy);
    return st;
}

static uint64_t set_hash(const otmi_storage *storage, const otmi_attr_set *set, otmi_attr_span *span)
{
    *span = (otmi_attr_span){.attrs = set->attrs, .count = set->count};
    return otmi_attr_span_hash(storage->env->hash_key, span);
}

otmi_series *otmi_storage_find_set(const otmi_storage *storage, const otmi_attr_set *set)
{
    otmi_attr_span span;
    uint64_t hash = set_hash(storage, set, &span);
    return otmi_series_map_find(&storage->map, hash, &span);
}

otmi_series *otmi_storage_add_locked(otmi_storage *storage, otmi_attr_set *set)
{
    otmi_attr_span span = {.attrs = set->attrs, .count = set->count};
    uint64_t hashes[OTMI_PLACED_ATTRS];
    /* All that can fail comes first: a thread that remembers the number follows it as soon as the series is live. */
    otmi_series *series =
        otmi_series_map_reserve(&storage->map) == OTM_OK ? otmi_series_take(&storage->table) : NULL;
    if (series == NULL) {
        otmi_attr_set_destroy(storage->env->allocator, set);
        return NULL;
    }
    series->attrs = set;
    series->hash = (uint32_t)otmi_attr_span_hashes(storage->env->hash_key, &span, hashes);
    otmi_attr_set_make_places(set, hashes);
    /* Release: who sees it live sees its attributes. */
    __atomic_store_n(&series->state, OTMI_SERIES_LIVE, __ATOMIC_RELEASE);
    otmi_series_map_insert(&storage->map, series);
    storage->live++;
    return series;
}

/* Ended series take memory until every reader has seen them. One that never collects does not make it grow for ever.
 * Two limits of them are usual, where every interval of a delta reader has new sets only: those of the interval before
 * last wait for its tree to be given back, those of the last for theirs to be read. */
#define LEAVING_EXTRA 1024u

static bool too_many_leaving(const otmi_storage *storage)
{
    return storage->leaving >= 2 * (uint64_t)storage->stream->cardinality_limit + LEAVING_EXTRA;
}

/* How many sets count against the limit now. Under delta those measured in this interval, and the bound ones. */
static uint32_t places_taken(const otmi_storage *storage)
{
    return storage->shape.delta ? storage->admitted[storage->epoch & 1] + storage->bound : storage->live;
}

void otmi_storage_update_full_locked(otmi_storage *storage)
{
    uint32_t full = places_taken(storage) >= storage->stream->cardinality_limit;
    __atomic_store_n(&storage->full, full, __ATOMIC_RELAXED);
}

otmi_series *otmi_storage_series_locked(otmi_storage *storage, otmi_attr_set *set, bool *no_memory)
{
    otmi_series *series = otmi_storage_find_set(storage, set);
    if (series != NULL) {
        otmi_attr_set_destroy(storage->env->allocator, set);
        return series;
    }
    if (places_taken(storage) >= storage->stream->cardinality_limit || too_many_leaving(storage)) {
        otmi_attr_set_destroy(storage->env->allocator, set);
        return storage->overflow;
    }
    series = otmi_storage_add_locked(storage, set);
    *no_memory = series == NULL;
    return series == NULL ? storage->overflow : series;
}

bool otmi_storage_has_place_locked(const otmi_storage *storage, const otmi_series *series)
{
    return !storage->shape.delta || series == storage->overflow || series->bound > 0 ||
           series->by.admitted[storage->epoch & 1] == storage->epoch ||
           places_taken(storage) < storage->stream->cardinality_limit;
}

/* Delta: makes the series part of the interval in progress, or answers the overflow series if there is no place. */
static otmi_series *admit_locked(otmi_storage *storage, otmi_series *series)
{
    uint32_t epoch = storage->epoch;
    uint32_t parity = epoch & 1;
    if (series->by.admitted[parity] == epoch) {
        return series;
    }
    if (!otmi_storage_has_place_locked(storage, series)) {
        series = storage->overflow;
    } else if (series != storage->overflow && series->bound == 0) {
        storage->admitted[parity]++;
    }
    __atomic_store_n(&series->by.admitted[parity], epoch, __ATOMIC_RELAXED);
    return series;
}

otmi_series *otmi_storage_begin_measuring_locked(otmi_storage *storage, otmi_series *series, uint64_t now_ns)
{
    if (series->state != OTMI_SERIES_LIVE) {
        series = storage->overflow; /* it was removed between two steps of this recording: nothing may be lost */
    }
    if (storage->shape.delta) {
        series = admit_locked(storage, series);
    } else if (storage->shape.tracks_idle) {
        __atomic_store_n(&series->by.admitted[storage->epoch & 1], storage->epoch, __ATOMIC_RELAXED);
    }
    if (series->start_ns == 0) {
        /* The clock was read without the lock: a set may have ended since. 0 means "not yet", also where the host's
         * clock says it. */
        uint64_t start_ns = otmi_not_before(now_ns == 0 ? 1 : now_ns, storage->starts_from_ns);
        __atomic_store_n(&series->start_ns, start_ns, __ATOMIC_RELEASE);
    }
    otmi_storage_update_full_locked(storage);
    return series;
}
