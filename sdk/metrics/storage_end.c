/* The end of a series: out of the map, then from state to state until no reader waits for it and its number is free.
 * docs/design/recording.md has the table. */
#include "metrics/storage_cells.h"
#include "metrics/storage_internal.h"

void otmi_storage_end_locked(otmi_storage *storage, otmi_series *series, uint64_t yet_to_see)
{
    otmi_series_map_remove(&storage->map, series);
    storage->live--;
    storage->leaving++;
    if (series->bound > 0) {
        storage->bound--;
        for (otmi_target *t = storage->targets; t != NULL; t = t->next) {
            if (t->held == series) {
                t->held = NULL;
                __atomic_store_n(&t->location, 0, __ATOMIC_RELAXED);
                __atomic_store_n(&t->series, NULL, __ATOMIC_RELAXED);
            }
        }
        __atomic_store_n(&series->bound, 0, __ATOMIC_RELAXED);
    } else if (storage->shape.delta && series->by.admitted[storage->epoch & 1] == storage->epoch) {
        storage->admitted[storage->epoch & 1]--;
    }
    if (!storage->shape.delta) {
        /* Atomic: a late section may still look for its epoch here, and goes another way when it is not there. */
        __atomic_store_n(&series->by.pending_readers, yet_to_see, __ATOMIC_RELAXED);
        uint64_t seen_ns = otmi_not_before(storage->interval_start_ns, series->start_ns);
        storage->starts_from_ns = otmi_not_before(seen_ns, storage->starts_from_ns);
    }
    __atomic_store_n(&series->state, OTMI_SERIES_ENDED, __ATOMIC_RELEASE);
    otmi_series_push(&storage->ended, series);
    otmi_storage_update_full_locked(storage);
}

otm_status otmi_storage_remove(otmi_storage *storage, const otm_attr *attrs, size_t attr_count)
{
    bool empty_key = false;
    otmi_attr_set *set = NULL;
    otm_status st = otmi_storage_canonical(storage, attrs, attr_count, &empty_key, &set);
    if (st != OTM_OK) {
        return st;
    }
    otmi_mutex_lock(&storage->mu);
    otmi_series *series = otmi_storage_find_set(storage, set);
    if (series == NULL || series == storage->overflow || series->start_ns == 0) {
        st = OTM_ERR_NOT_FOUND;
    } else {
        otmi_storage_end_locked(storage, series, storage->readers);
    }
    otmi_mutex_unlock(&storage->mu);
    otmi_attr_set_destroy(storage->env->allocator, set);
    return st;
}

/* -- Series that nobody measures ----------------------------------------------------------------------------------- */

static bool is_idle(const otmi_storage *storage, otmi_series *series, uint64_t monotonic_ns)
{
    uint64_t ttl_ns = (uint64_t)storage->stream->idle_ttl_ms * 1000000;
    uint32_t active_from = storage->active_from;
    bool active = series->by.admitted[0] >= active_from || series->by.admitted[1] >= active_from;
    uint64_t *active_ns = &series->words[OTMI_WORD_ACTIVE_NS];
    if (active || *active_ns == 0) {
        *active_ns = monotonic_ns;
    }
    return monotonic_ns - *active_ns >= ttl_ns;
}

void otmi_storage_end_idle_locked(otmi_storage *storage, uint32_t reader_bit, uint64_t monotonic_ns)
{
    uint64_t others = storage->readers & ~(UINT64_C(1) << reader_bit);
    for (uint32_t k = 0; k < storage->snapshot_chunks; k++) {
        otmi_chunk *chunk = storage->table.chunks[k];
        uint32_t used = otmi_chunk_used(chunk, storage->snapshot_used);
        for (uint32_t i = 0; i < used; i++) {
            otmi_series *series = otmi_chunk_series(&storage->table, chunk, i);
            bool may_end = series->state == OTMI_SERIES_LIVE && series != storage->overflow && series->start_ns != 0 &&
                           !series->visible_from_start;
            if (may_end && is_idle(storage, series, monotonic_ns)) {
                otmi_storage_end_locked(storage, series, others);
            }
        }
    }
    storage->active_from = storage->epoch;
}

void otmi_storage_end_unmeasured_locked(otmi_storage *storage)
{
    uint32_t old = storage->epoch - 1;
    for (uint32_t k = 0; k < storage->snapshot_chunks; k++) {
        otmi_chunk *chunk = storage->table.chunks[k];
        uint32_t used = otmi_chunk_used(chunk, storage->snapshot_used);
        for (uint32_t i = 0; i < used; i++) {
            otmi_series *series = otmi_chunk_series(&storage->table, chunk, i);
            if (series->state == OTMI_SERIES_LIVE && series != storage->overflow && series->bound == 0 &&
                series->by.admitted[old & 1] != old && series->by.admitted[storage->epoch & 1] != storage->epoch) {
                otmi_storage_end_locked(storage, series, 0);
            }
        }
    }
}

/* -- On the way out ------------------------------------------------------------------------------------------------ */

/* Behind what still waits for other readers: further down the list is always younger. */
void otmi_storage_drain_ended_locked(otmi_storage *storage)
{
    uint32_t drained = 0;
    for (otmi_series *s; (s = otmi_series_pop(&storage->table, &storage->ended)) != NULL;) { /* the youngest first */
        __atomic_store_n(&s->state, OTMI_SERIES_DRAINING, __ATOMIC_RELAXED);
        otmi_series_push(&drained, s);
    }
    uint32_t *end = &storage->draining;
    while (*end != 0) {
        end = &otmi_series_numbered(&storage->table, *end)->next;
    }
    __atomic_store_n(end, drained, __ATOMIC_RELAXED);
}

/* Every slot's cell of an ended series is empty again, for whoever gets the number next. */
static void wipe(const otmi_storage *storage, const otmi_series *series)
{
    otmi_chunk_cells found = {.chunk = NULL};
    (void)otmi_chunk_cells_series(storage, series->number, &found);
    otmi_chunk_cells_clear(storage, &found, series, 0);
    if (storage->shape.halves) {
        otmi_chunk_cells_clear(storage, &found, series, 1);
    }
}

/* One more step on an ended series' way out, now that the reader has seen it: from ended to retired, from retired to
 * free. A reader that collects again has given its last tree back. */
static bool leaves_locked(otmi_storage *storage, otmi_series *series, uint32_t reader_bit, otmi_reservoir **doomed)
{
    if (!storage->shape.delta) {
        series->by.pending_readers &= ~(UINT64_C(1) << reader_bit);
        if (series->by.pending_readers != 0) {
            return false;
        }
    }
    if (series->state == OTMI_SERIES_DRAINING) {
        __atomic_store_n(&series->state, OTMI_SERIES_RETIRED, __ATOMIC_RELAXED);
        if (!storage->shape.delta) {
            series->by.pending_readers = storage->readers;
        }
        return false;
    }
    wipe(storage, series);
    otmi_reservoir *reservoir = otmi_storage_take_exemplars_locked(storage, series);
    if (reservoir != NULL) {
        *doomed = otmi_reservoir_chain(reservoir, *doomed);
    }
    otmi_series_give(&storage->table, series);
    storage->leaving--;
    return true;
}

otmi_reservoir *otmi_storage_leave_locked(otmi_storage *storage, uint32_t reader_bit)
{
    otmi_reservoir *doomed = NULL;
    for (uint32_t *link = &storage->draining; *link != 0;) {
        otmi_series *series = otmi_series_numbered(&storage->table, *link);
        uint32_t next = series->next;
        if (leaves_locked(storage, series, reader_bit, &doomed)) {
            *link = next;
        } else {
            link = &series->next;
        }
    }
    return doomed;
}
