/* Collecting a storage: raise the epoch, (the caller waits for a grace period), read the half that is ours now.
 *
 * Nothing here blocks a recorder: storage->mu is held for lists and counters only, never while cells are read. */
#include "metrics/storage_internal.h"
#include "metrics/storage_point.h"

bool otmi_storage_two_steps(const otmi_storage *storage)
{
    return storage->shape.halves && !storage->shape.delta;
}

static void raise_epoch_locked(otmi_storage *storage)
{
    uint32_t next = storage->epoch + 1;
    if (storage->shape.delta) {
        storage->admitted[next & 1] = 0;
        storage->undrained = true;
    }
    /* Release: recorders of the new epoch see the half cleared and the limit open again. */
    __atomic_store_n(&storage->full, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&storage->epoch, next, __ATOMIC_RELEASE);
    otmi_storage_update_full_locked(storage);
}

void otmi_storage_collect_begin(otmi_storage *storage, uint64_t now_ns)
{
    otmi_storage_record_signals(storage, now_ns);
    otmi_mutex_lock(&storage->mu);
    /* A delta half that an earlier collection could not drain must go first; what is newer comes next time, and with
     * it the series that ended since. */
    if (!storage->undrained) {
        if (storage->shape.halves || storage->shape.delta || storage->shape.tracks_idle) {
            raise_epoch_locked(storage);
        }
        otmi_storage_drain_ended_locked(storage);
    }
    otmi_series_map_condemn(&storage->map);
    storage->snapshot_used = storage->table.used;
    storage->snapshot_chunks = storage->table.chunk_count;
    otmi_series_next_generation(&storage->table);
    otmi_mutex_unlock(&storage->mu);
}

void otmi_storage_collect_again(otmi_storage *storage)
{
    otmi_mutex_lock(&storage->mu);
    raise_epoch_locked(storage);
    otmi_mutex_unlock(&storage->mu);
}

/* -- Read ---------------------------------------------------------------------------------------------------------- */

static void read_live(otmi_collection *c)
{
    otmi_storage *storage = c->storage;
    otmi_chunk_cells found;
    for (uint32_t k = 0; k < storage->snapshot_chunks && !c->no_memory; k++) {
        otmi_chunk *chunk = storage->table.chunks[k];
        uint32_t used = otmi_chunk_used(chunk, storage->snapshot_used);
        otmi_chunk_cells_find(&found, storage, chunk);
        for (uint32_t i = 0; i < used && !c->no_memory; i++) {
            otmi_series *series = otmi_chunk_series(&storage->table, chunk, i);
            uint8_t state = __atomic_load_n(&series->state, __ATOMIC_ACQUIRE);
            bool here = state == OTMI_SERIES_LIVE || state == OTMI_SERIES_ENDED;
            if (here && otmi_storage_in_snapshot(storage, series) && otmi_collection_measured(c, series)) {
                otmi_collection_read_series(c, series, &found);
            }
        }
    }
}

otm_status otmi_storage_collect_read(otmi_storage *storage, uint32_t reader_bit, otmi_arena *arena, uint64_t now_ns,
                                     otmi_points *out)
{
    /* Room for every number, and for what ended and waits. */
    size_t most = storage->snapshot_used + 1;
    *out = (otmi_points){.points = otmi_arena_alloc(arena, most * sizeof(otm_point))};
    if (out->points == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_collection c = {.storage = storage,
                         .reader_mask = UINT64_C(1) << reader_bit,
                         .reader_bit = reader_bit,
                         .arena = arena,
                         .now_ns = now_ns,
                         .parity = otmi_storage_old_parity(storage),
                         .epoch = storage->epoch - 1,
                         .out = out};
    /* Delta moves what has ended to live namesakes before they are read; cumulative shows what no live one hides. */
    if (storage->shape.delta) {
        otmi_collection_read_draining(&c);
        read_live(&c);
    } else {
        read_live(&c);
        c.live_points = out->count;
        otmi_collection_read_draining(&c);
    }
    return c.no_memory ? OTM_ERR_NO_MEMORY : OTM_OK;
}

void otmi_storage_collect_read_again(otmi_storage *storage, otmi_points *points)
{
    otmi_chunk_cells found = {.chunk = NULL};
    for (size_t i = 0; i < points->count; i++) {
        otmi_point_read_again(storage, &points->points[i], &found);
    }
}

/* -- End ----------------------------------------------------------------------------------------------------------- */

/* Delta: empties the halves that the points were read from, and keeps for peek what they held. Only now, that nothing
 * can fail any more: a collection that failed reads them again. */
static void empty_drained(otmi_storage *storage, const otmi_points *points)
{
    otmi_chunk_cells found = {.chunk = NULL};
    for (size_t i = 0; i < points->count; i++) {
        const otm_point *point = &points->points[i];
        otmi_series *series = otmi_chunk_cells_series(storage, point->series_number, &found);
        otmi_mutex_lock(&storage->mu); /* one by one: peek sees a point's sum in the half or in the series, not twice */
        if (storage->shape.kind == OTMI_SHAPE_SUM_I64) {
            otmi_sum_i64_add(&series->words[OTMI_WORD_VALUE], point->data.number.as.i64);
        } else if (storage->shape.kind == OTMI_SHAPE_SUM_F64) {
            otmi_sum_f64_add(&series->words[OTMI_WORD_VALUE], point->data.number.as.f64);
        } else if (otmi_shape_is_histogram(&storage->shape)) {
            otmi_sum_f64_add(&series->words[OTMI_WORD_VALUE], point->data.histogram->sum);
            otmi_sum_i64_add(&series->words[OTMI_WORD_COUNT], (int64_t)point->data.histogram->count);
        }
        otmi_chunk_cells_clear(storage, &found, series, otmi_storage_old_parity(storage));
        otmi_mutex_unlock(&storage->mu);
    }
}

void otmi_storage_collect_end(otmi_storage *storage, uint32_t reader_bit, uint64_t now_ns, const otmi_points *points)
{
    if (storage->shape.delta) {
        empty_drained(storage, points);
        storage->interval_start_ns = otmi_not_before(now_ns, storage->interval_start_ns);
    }
    const otm_clock *clock = storage->env->clock;
    uint64_t monotonic_ns = storage->shape.tracks_idle ? clock->monotonic_ns(clock->context) : 0;
    otmi_mutex_lock(&storage->mu);
    if (!storage->shape.delta) {
        storage->interval_start_ns = now_ns;
    }
    storage->undrained = false;
    otmi_series_map_free_condemned(&storage->map);
    otmi_reservoir *doomed = otmi_storage_leave_locked(storage, reader_bit);
    if (storage->shape.delta) {
        otmi_storage_end_unmeasured_locked(storage);
    } else if (storage->shape.tracks_idle) {
        otmi_storage_end_idle_locked(storage, reader_bit, monotonic_ns);
    }
    otmi_mutex_unlock(&storage->mu);
    otmi_reservoir_destroy(doomed);
}
