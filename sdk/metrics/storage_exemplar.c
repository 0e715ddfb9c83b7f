/* The exemplars of a storage's series: reservoirs beside the chunks, made when a series is first offered one. */
#include "metrics/storage_internal.h"
#include "util/alloc.h"

static otmi_reservoir **reservoirs_of(const otmi_chunk *chunk)
{
    return __atomic_load_n(&chunk->reservoirs, __ATOMIC_ACQUIRE);
}

static uint32_t index_of(const otmi_chunk *chunk, const otmi_series *series)
{
    return series->number - chunk->first;
}

/* The series' reservoir; makes it, and the list it is in, where there is none yet. NULL without memory. */
static otmi_reservoir *reservoir_locked(otmi_storage *storage, otmi_chunk *chunk, const otmi_series *series)
{
    const otm_allocator *allocator = storage->env->allocator;
    otmi_reservoir **list = reservoirs_of(chunk);
    if (list == NULL) {
        list = otmi_alloc_array(allocator, chunk->capacity, sizeof *list);
        if (list == NULL) {
            return NULL;
        }
        __atomic_store_n(&chunk->reservoirs, list, __ATOMIC_RELEASE);
    }
    otmi_reservoir **place = &list[index_of(chunk, series)];
    if (*place == NULL) {
        otmi_reservoir *made =
            otmi_reservoir_create(allocator, &storage->exemplars, &storage->shape, series->attrs, storage->readers);
        __atomic_store_n(place, made, __ATOMIC_RELEASE);
    }
    return *place;
}

static otmi_reservoir *find(const otmi_chunk *chunk, const otmi_series *series)
{
    otmi_reservoir **list = reservoirs_of(chunk);
    return list == NULL ? NULL : __atomic_load_n(&list[index_of(chunk, series)], __ATOMIC_ACQUIRE);
}

void otmi_storage_offer(otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    otmi_chunk *chunk = otmi_chunk_of(storage, series);
    otmi_reservoir *reservoir = find(chunk, series);
    if (reservoir == NULL) {
        otmi_mutex_lock(&storage->mu);
        reservoir = reservoir_locked(storage, chunk, series);
        otmi_mutex_unlock(&storage->mu);
    }
    if (reservoir != NULL) {
        otmi_reservoir_offer(reservoir, offer);
    }
}

void otmi_storage_collect_exemplars(otmi_storage *storage, const otmi_series *series, uint32_t reader_bit,
                                    otmi_arena *arena, otm_point *point)
{
    otmi_reservoir *reservoir = find(otmi_chunk_of(storage, series), series);
    if (reservoir != NULL) {
        /* Without memory there are none this time: a point without exemplars is a good point. */
        (void)otmi_reservoir_collect(reservoir, reader_bit, arena, &point->exemplars, &point->exemplar_count);
    }
}

void otmi_storage_drop_exemplars_locked(otmi_storage *storage, const otmi_series *series)
{
    otmi_chunk *chunk = otmi_chunk_of(storage, series);
    otmi_reservoir **list = reservoirs_of(chunk);
    if (list != NULL) {
        otmi_reservoir_destroy(list[index_of(chunk, series)]);
        list[index_of(chunk, series)] = NULL;
    }
}

void otmi_storage_exemplars_fini(otmi_storage *storage)
{
    for (uint32_t k = 0; k < storage->table.chunk_count; k++) {
        otmi_chunk *chunk = storage->table.chunks[k];
        for (uint32_t i = 0; chunk->reservoirs != NULL && i < chunk->capacity; i++) {
            otmi_reservoir_destroy(chunk->reservoirs[i]);
        }
        otmi_free(storage->env->allocator, chunk->reservoirs, chunk->capacity * sizeof *chunk->reservoirs);
        chunk->reservoirs = NULL;
    }
}
