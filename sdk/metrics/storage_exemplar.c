/* The exemplars of a storage's series: reservoirs beside the chunks, made when a series is first offered one. */
#include "metrics/storage_internal.h"
#include "util/alloc.h"

static otmi_reservoir **reservoirs_of(const otmi_chunk *chunk)
{
    return __atomic_load_n(&chunk->reservoirs, __ATOMIC_ACQUIRE);
}

/* The chunk's list of reservoirs; made where there is none yet. NULL without memory. */
static otmi_reservoir **list_locked(const otmi_storage *storage, otmi_chunk *chunk)
{
    otmi_reservoir **list = reservoirs_of(chunk);
    if (list == NULL) {
        list = otmi_alloc_array(storage->env->allocator, chunk->capacity, sizeof *list);
        __atomic_store_n(&chunk->reservoirs, list, __ATOMIC_RELEASE);
    }
    return list;
}

/* Makes the series' reservoir, under no lock (a custom one is the host's code), and puts it in place unless another
 * thread was faster. NULL without memory. */
static otmi_reservoir *make(otmi_storage *storage, otmi_chunk *chunk, const otmi_series *series)
{
    otmi_reservoir *made = otmi_reservoir_create(storage->env->allocator, &storage->exemplars, &storage->shape,
                                                 series->attrs, storage->readers);
    if (made == NULL) {
        return NULL;
    }
    otmi_mutex_lock(&storage->mu);
    otmi_reservoir **list = list_locked(storage, chunk);
    otmi_reservoir *there = list == NULL ? NULL : list[otmi_chunk_index(series->number)];
    if (list != NULL && there == NULL) {
        __atomic_store_n(&list[otmi_chunk_index(series->number)], made, __ATOMIC_RELEASE);
        there = made;
    }
    otmi_mutex_unlock(&storage->mu);
    if (there != made) {
        otmi_reservoir_destroy(made);
    }
    return there;
}

static otmi_reservoir *find(const otmi_chunk *chunk, const otmi_series *series)
{
    otmi_reservoir **list = reservoirs_of(chunk);
    return list == NULL ? NULL : __atomic_load_n(&list[otmi_chunk_index(series->number)], __ATOMIC_ACQUIRE);
}

void otmi_storage_offer(otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    otmi_chunk *chunk = otmi_chunk_of(&storage->table, series->number);
    otmi_reservoir *reservoir = find(chunk, series);
    reservoir = reservoir != NULL ? reservoir : make(storage, chunk, series);
    if (reservoir != NULL) {
        otmi_reservoir_offer(reservoir, offer);
    }
}

void otmi_storage_collect_exemplars(otmi_storage *storage, const otmi_series *series, uint32_t reader_bit,
                                    otmi_arena *arena, otm_point *point)
{
    otmi_reservoir *reservoir = find(otmi_chunk_of(&storage->table, series->number), series);
    if (reservoir != NULL) {
        /* Without memory there are none this time: a point without exemplars is a good point. */
        (void)otmi_reservoir_collect(reservoir, reader_bit, arena, &point->exemplars, &point->exemplar_count);
    }
}

otmi_reservoir *otmi_storage_take_exemplars_locked(otmi_storage *storage, const otmi_series *series)
{
    const otmi_chunk *chunk = otmi_chunk_of(&storage->table, series->number);
    otmi_reservoir **list = reservoirs_of(chunk);
    return list == NULL ? NULL : __atomic_exchange_n(&list[otmi_chunk_index(series->number)], NULL, __ATOMIC_ACQ_REL);
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
