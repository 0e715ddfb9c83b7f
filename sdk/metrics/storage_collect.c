/* Collecting a storage: raise the epoch, (the caller waits for a grace period), read the half that is ours now.
 *
 * Nothing here blocks a recorder: storage->mu is held for lists and counters only, never while cells are read. */
#include "metrics/exponential_cell.h"
#include "metrics/storage_internal.h"
#include "util/alloc.h"

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

/* Behind what still waits for other readers: further down the list is always younger. */
static void drain_ended_locked(otmi_storage *storage)
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
        drain_ended_locked(storage);
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

/* -- Reading cells ----------------------------------------------------------------------------------------------- */

/* The cells that slots have of one chunk. */
typedef struct chunk_cells {
    const otmi_chunk *chunk; /* NULL: nothing found yet */
    char *cells[OTMI_MAX_SLOTS];
    size_t count;
} chunk_cells;

static void chunk_cells_find(chunk_cells *found, const otmi_storage *storage, const otmi_chunk *chunk)
{
    found->chunk = chunk;
    found->count = 0;
    if (storage->shape.cell_size == 0) {
        return;
    }
    size_t slots = otmi_slot_count();
    for (size_t i = 0; i < slots; i++) {
        char *cells = __atomic_load_n(&otmi_slot_at(i)->cells[chunk->id], __ATOMIC_ACQUIRE);
        if (cells != NULL) {
            found->cells[found->count++] = cells;
        }
    }
}

/* The series with a number, and the cells of its chunk, which its neighbours share. */
static otmi_series *series_at(const otmi_storage *storage, uint64_t number, chunk_cells *found)
{
    const otmi_chunk *chunk = otmi_chunk_of(&storage->table, (uint32_t)number);
    if (found->chunk != chunk) {
        chunk_cells_find(found, storage, chunk);
    }
    return otmi_series_numbered(&storage->table, (uint32_t)number);
}

/* Series made since the collection began are not part of it: their number may be an old one. */
static bool in_snapshot(const otmi_storage *storage, const otmi_series *series)
{
    return series->generation != storage->table.generation;
}

/* Parity of the half that belongs to the collector. */
static uint32_t old_parity(const otmi_storage *storage)
{
    return (storage->epoch - 1) & 1;
}

static size_t half_offset(const otmi_storage *storage, uint32_t parity)
{
    return storage->shape.halves && parity != 0 ? storage->shape.half_size : 0;
}

static void gather(const otmi_storage *storage, const chunk_cells *found, const otmi_series *series, uint32_t parity,
                   otmi_total *total)
{
    size_t offset = otmi_series_offset(series) + half_offset(storage, parity);
    for (size_t i = 0; i < found->count; i++) {
        otmi_half_gather(&storage->shape, found->cells[i] + offset, total);
    }
}

static void clear(const otmi_storage *storage, const chunk_cells *found, const otmi_series *series, uint32_t parity)
{
    size_t offset = otmi_series_offset(series) + half_offset(storage, parity);
    for (size_t i = 0; i < found->count; i++) {
        otmi_half_clear(&storage->shape, found->cells[i] + offset);
    }
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

/* One collection of one storage. */
typedef struct collection {
    otmi_storage *storage;
    uint64_t reader_mask;
    uint32_t reader_bit;
    otmi_arena *arena;
    uint64_t now_ns;
    uint32_t parity;
    uint32_t epoch; /* delta: the interval that is being drained */
    otmi_points *out;
    size_t live_points; /* cumulative: how many of them are of series that had not ended when it began */
    bool no_memory;
} collection;

/* A histogram in the making, kept over both steps: the point refers to its data. */
typedef struct histogram_in_work {
    otm_histogram_data data; /* first */
    uint64_t *counts;        /* explicit: data.bucket_counts */
    otmi_exponential_total exponential;
} histogram_in_work;

static otmi_total total_of(histogram_in_work *work)
{
    return (otmi_total){.histogram = &work->data, .bucket_counts = work->counts, .exponential = &work->exponential};
}

static bool new_histogram(collection *c, otmi_total *total)
{
    const otmi_shape *shape = &c->storage->shape;
    histogram_in_work *work = otmi_arena_alloc(c->arena, sizeof *work);
    if (work == NULL) {
        return false;
    }
    work->data.min = INFINITY;
    work->data.max = -INFINITY;
    *total = total_of(work);
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        return otmi_exponential_total_init(&work->exponential, shape, c->arena);
    }
    work->counts = otmi_arena_alloc(c->arena, (shape->bound_count + 1) * sizeof *work->counts);
    work->data.bounds = shape->bounds;
    work->data.bound_count = shape->bound_count;
    work->data.bucket_counts = work->counts;
    work->data.bucket_count = shape->bound_count + 1;
    total->bucket_counts = work->counts;
    return work->counts != NULL;
}

static void finish_histogram(const otmi_shape *shape, const otmi_total *total)
{
    otm_histogram_data *data = total->histogram;
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        otmi_exponential_total_finish(total->exponential, shape, data);
    }
    data->has_sum = shape->record_sum;
    data->has_min = shape->record_min_max && data->min <= DBL_MAX;
    data->has_max = shape->record_min_max && data->max >= -DBL_MAX;
}

/* Adds a point for a series, with what `total` gathered of it. */
static void add_point(collection *c, const otmi_series *series, const otmi_total *total)
{
    const otmi_storage *storage = c->storage;
    otm_point *point = &c->out->points[c->out->count++];
    memset(point, 0, sizeof *point);
    point->attributes = series->attrs->attrs;
    point->attribute_count = series->attrs->count;
    point->start_time_unix_nano = storage->shape.delta ? storage->interval_start_ns
                                                       : __atomic_load_n(&series->start_ns, __ATOMIC_RELAXED);
    point->time_unix_nano = otmi_not_before(c->now_ns, point->start_time_unix_nano);
    point->series_number = series->number;
    point->series_generation = series->generation;
    if (total->histogram != NULL) {
        finish_histogram(&storage->shape, total);
        point->data.histogram = total->histogram;
    } else {
        point->data.number.number = storage->stream->number;
        point->data.number.as.i64 = total->number.i64;
    }
    if (storage->exemplars.filter != OTM_EXEMPLARS_ALWAYS_OFF) {
        otmi_storage_collect_exemplars(c->storage, series, c->reader_bit, c->arena, point);
    }
}

static void read_series(collection *c, otmi_series *series, const chunk_cells *found)
{
    otmi_storage *storage = c->storage;
    otmi_total total = {.number = {.bits = 0}};
    if (otmi_shape_is_histogram(&storage->shape) && !new_histogram(c, &total)) {
        c->no_memory = true;
        return;
    }
    if (storage->shape.kind == OTMI_SHAPE_LAST_VALUE) {
        total.number.bits = __atomic_load_n(&series->words[OTMI_WORD_VALUE], __ATOMIC_RELAXED);
    } else {
        gather(storage, found, series, c->parity, &total);
    }
    add_point(c, series, &total);
}

static bool measured(const collection *c, const otmi_series *series)
{
    if (c->storage->shape.delta) {
        return __atomic_load_n(&series->by.admitted[c->parity], __ATOMIC_RELAXED) == c->epoch;
    }
    return __atomic_load_n(&series->start_ns, __ATOMIC_ACQUIRE) != 0;
}

static void read_live(collection *c)
{
    otmi_storage *storage = c->storage;
    chunk_cells found;
    for (uint32_t k = 0; k < storage->snapshot_chunks && !c->no_memory; k++) {
        otmi_chunk *chunk = storage->table.chunks[k];
        uint32_t used = otmi_chunk_used(chunk, storage->snapshot_used);
        chunk_cells_find(&found, storage, chunk);
        for (uint32_t i = 0; i < used && !c->no_memory; i++) {
            otmi_series *series = otmi_chunk_series(&storage->table, chunk, i);
            uint8_t state = __atomic_load_n(&series->state, __ATOMIC_ACQUIRE);
            bool here = state == OTMI_SERIES_LIVE || state == OTMI_SERIES_ENDED;
            if (here && in_snapshot(storage, series) && measured(c, series)) {
                read_series(c, series, &found);
            }
        }
    }
}

/* -- Series that have ended -------------------------------------------------------------------------------------- */

/* Delta: what an ended series measured goes to its namesake: one interval has one point for one set. Both old halves
 * are the collector's. A gauge's value is not: owners write it in any epoch, so the older one is left where it is, and
 * shows only where the namesake has none of this interval. */
static bool move_to(collection *c, otmi_series *from, const chunk_cells *found, otmi_series *to)
{
    otmi_storage *storage = c->storage;
    if (storage->shape.kind == OTMI_SHAPE_LAST_VALUE) {
        return measured(c, to);
    }
    chunk_cells there = {.chunk = NULL};
    size_t offset = half_offset(storage, c->parity);
    (void)series_at(storage, to->number, &there);
    if (there.count == 0) {
        return false;
    }
    for (size_t i = 0; i < found->count; i++) {
        char *source = found->cells[i] + otmi_series_offset(from) + offset;
        otmi_half_move(&storage->shape, storage->env->allocator, source,
                       there.cells[0] + otmi_series_offset(to) + offset);
    }
    __atomic_store_n(&to->by.admitted[c->parity], c->epoch, __ATOMIC_RELAXED);
    /* Should this collection fail, the next one finds nothing here any more. */
    __atomic_store_n(&from->by.admitted[c->parity], 0, __ATOMIC_RELAXED);
    return true;
}

/* A series of the same attributes that this collection reads. */
static otmi_series *listed(const otmi_storage *storage, uint32_t list, const otmi_series *like)
{
    otmi_attr_span span = {.attrs = like->attrs->attrs, .count = like->attrs->count};
    for (otmi_series *s; (s = otmi_series_pop(&storage->table, &list)) != NULL;) {
        if (s->hash == like->hash && in_snapshot(storage, s) && s->state != OTMI_SERIES_RETIRED &&
            otmi_attr_span_equals(&span, s->attrs)) {
            return s;
        }
    }
    return NULL;
}

/* A younger series of the same attributes that this collection reads: the live one, or one that ended since it began,
 * or one that ended before, but after this one. */
static otmi_series *namesake(const collection *c, const otmi_series *series)
{
    otmi_storage *storage = c->storage;
    otmi_mutex_lock(&storage->mu);
    otmi_series *found = otmi_storage_find_set(storage, series->attrs);
    if (found == NULL || !in_snapshot(storage, found)) {
        found = listed(storage, storage->ended, series);
    }
    otmi_mutex_unlock(&storage->mu);
    return found != NULL ? found : listed(storage, series->next, series);
}

/* Cumulative: whether the series has a point already. Those of read_live() come first, by rising number. */
static bool shown(const collection *c, const otmi_series *series)
{
    size_t low = 0;
    for (size_t high = c->live_points; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (c->out->points[middle].series_number < series->number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < c->live_points && c->out->points[low].series_number == series->number;
}

/* Under cumulative a set that began anew shows its new series only: one set has one point. */
static bool hidden_by(const collection *c, const otmi_series *other)
{
    bool draining = __atomic_load_n(&other->state, __ATOMIC_RELAXED) == OTMI_SERIES_DRAINING;
    return draining ? measured(c, other) : shown(c, other);
}

static void read_ended(collection *c, otmi_series *series)
{
    otmi_storage *storage = c->storage;
    chunk_cells found = {.chunk = NULL};
    bool due = storage->shape.delta || (series->by.pending_readers & c->reader_mask) != 0;
    if (!due || !measured(c, series)) {
        return;
    }
    otmi_series *other = namesake(c, series);
    (void)series_at(storage, series->number, &found);
    bool merged = other != NULL && (storage->shape.delta ? move_to(c, series, &found, other) : hidden_by(c, other));
    if (!merged) {
        read_series(c, series, &found);
    }
}

static void read_draining(collection *c)
{
    uint32_t rest = c->storage->draining;
    for (otmi_series *s; !c->no_memory && (s = otmi_series_pop(&c->storage->table, &rest)) != NULL;) {
        if (s->state == OTMI_SERIES_DRAINING) {
            read_ended(c, s);
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
    collection c = {.storage = storage,
                    .reader_mask = UINT64_C(1) << reader_bit,
                    .reader_bit = reader_bit,
                    .arena = arena,
                    .now_ns = now_ns,
                    .parity = old_parity(storage),
                    .epoch = storage->epoch - 1,
                    .out = out};
    /* Delta moves what has ended to live namesakes before they are read; cumulative shows what no live one hides. */
    if (storage->shape.delta) {
        read_draining(&c);
        read_live(&c);
    } else {
        read_live(&c);
        c.live_points = out->count;
        read_draining(&c);
    }
    return c.no_memory ? OTM_ERR_NO_MEMORY : OTM_OK;
}

void otmi_storage_collect_read_again(otmi_storage *storage, otmi_points *points)
{
    chunk_cells found = {.chunk = NULL};
    uint32_t parity = old_parity(storage);
    for (size_t i = 0; i < points->count; i++) {
        otm_point *point = &points->points[i];
        const otmi_series *series = series_at(storage, point->series_number, &found);
        /* Made by this collection's first step, in its own arena. */
        otmi_total total = total_of((histogram_in_work *)(uintptr_t)point->data.histogram);
        gather(storage, &found, series, parity, &total);
        finish_histogram(&storage->shape, &total);
    }
}

/* -- End --------------------------------------------------------------------------------------------------------- */

/* Delta: empties the halves that the points were read from, and keeps for peek what they held. Only now, that nothing
 * can fail any more: a collection that failed reads them again. */
static void empty_drained(otmi_storage *storage, const otmi_points *points)
{
    chunk_cells found = {.chunk = NULL};
    for (size_t i = 0; i < points->count; i++) {
        const otm_point *point = &points->points[i];
        otmi_series *series = series_at(storage, point->series_number, &found);
        otmi_mutex_lock(&storage->mu); /* one by one: peek sees a point's sum in the half or in the series, not twice */
        if (storage->shape.kind == OTMI_SHAPE_SUM_I64) {
            otmi_sum_i64_add(&series->words[OTMI_WORD_VALUE], point->data.number.as.i64);
        } else if (storage->shape.kind == OTMI_SHAPE_SUM_F64) {
            otmi_sum_f64_add(&series->words[OTMI_WORD_VALUE], point->data.number.as.f64);
        } else if (otmi_shape_is_histogram(&storage->shape)) {
            otmi_sum_f64_add(&series->words[OTMI_WORD_VALUE], point->data.histogram->sum);
            otmi_sum_i64_add(&series->words[OTMI_WORD_COUNT], (int64_t)point->data.histogram->count);
        }
        clear(storage, &found, series, old_parity(storage));
        otmi_mutex_unlock(&storage->mu);
    }
}

/* Delta: sets that were not measured in the interval, and not since, give their place and memory back. */
static void reclaim_idle_locked(otmi_storage *storage)
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

/* Every slot's cell of an ended series is empty again, for whoever gets the number next. */
static void wipe(const otmi_storage *storage, const otmi_series *series)
{
    chunk_cells found = {.chunk = NULL};
    (void)series_at(storage, series->number, &found);
    clear(storage, &found, series, 0);
    if (storage->shape.halves) {
        clear(storage, &found, series, 1);
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

void otmi_storage_collect_end(otmi_storage *storage, uint32_t reader_bit, uint64_t now_ns, const otmi_points *points)
{
    if (storage->shape.delta) {
        empty_drained(storage, points);
        storage->interval_start_ns = otmi_not_before(now_ns, storage->interval_start_ns);
    }
    const otm_clock *clock = storage->env->clock;
    uint64_t monotonic_ns = storage->shape.tracks_idle ? clock->monotonic_ns(clock->context) : 0;
    otmi_mutex_lock(&storage->mu);
    storage->undrained = false;
    otmi_series_map_free_condemned(&storage->map);
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
    if (storage->shape.delta) {
        reclaim_idle_locked(storage);
    } else if (storage->shape.tracks_idle) {
        otmi_storage_end_idle_locked(storage, reader_bit, monotonic_ns);
    }
    otmi_mutex_unlock(&storage->mu);
    otmi_reservoir_destroy(doomed);
}

/* -- Peek -------------------------------------------------------------------------------------------------------- */

static void peek_number(const otmi_storage *storage, const otmi_total *total, otm_series_value *out)
{
    out->i64 = storage->stream->number == OTM_NUMBER_I64 ? total->number.i64 : 0;
    out->f64 = storage->stream->number == OTM_NUMBER_I64 ? (double)total->number.i64 : total->number.f64;
}

static void peek_half(const otmi_shape *shape, const char *at, otm_series_value *out)
{
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        const otmi_exponential_half *half = (const otmi_exponential_half *)(const void *)at;
        out->sum += otmi_load_f64(&half->sum);
        out->count += __atomic_load_n(&half->count, __ATOMIC_RELAXED);
        return;
    }
    const otmi_histogram_half *half = (const otmi_histogram_half *)(const void *)at;
    out->sum += otmi_load_f64(&half->sum);
    for (size_t b = 0; b <= shape->bound_count; b++) {
        out->count += __atomic_load_n(&half->counts[b], __ATOMIC_RELAXED);
    }
}

static void peek_histogram(const otmi_storage *storage, const chunk_cells *found, const otmi_series *series,
                           otm_series_value *out)
{
    out->is_histogram = true;
    out->sum = storage->shape.delta ? otmi_load_f64(&series->words[OTMI_WORD_VALUE]) : 0;
    out->count = storage->shape.delta ? __atomic_load_n(&series->words[OTMI_WORD_COUNT], __ATOMIC_RELAXED) : 0;
    for (size_t i = 0; i < found->count; i++) {
        for (uint32_t parity = 0; parity < 2; parity++) {
            const char *cell = found->cells[i] + otmi_series_offset(series);
            peek_half(&storage->shape, cell + half_offset(storage, parity), out);
        }
    }
    out->f64 = out->sum;
}

static void peek_locked(otmi_storage *storage, const otmi_series *series, otm_series_value *out)
{
    chunk_cells found = {.chunk = NULL};
    otmi_total total = {.number = {.bits = 0}};
    (void)series_at(storage, series->number, &found);
    if (otmi_shape_is_histogram(&storage->shape)) {
        peek_histogram(storage, &found, series, out);
        return;
    }
    if (storage->shape.kind == OTMI_SHAPE_LAST_VALUE || storage->shape.delta) {
        total.number.bits = __atomic_load_n(&series->words[OTMI_WORD_VALUE], __ATOMIC_RELAXED);
    }
    if (storage->shape.kind != OTMI_SHAPE_LAST_VALUE) {
        gather(storage, &found, series, 0, &total);
        if (storage->shape.halves) {
            gather(storage, &found, series, 1, &total);
        }
    }
    peek_number(storage, &total, out);
}

otm_status otmi_storage_peek(otmi_target *target, otm_series_value *out)
{
    otmi_storage *storage = target->storage;
    otm_status st = OTM_ERR_NOT_FOUND;
    otmi_mutex_lock(&storage->mu);
    if (target->held != NULL && target->held->start_ns != 0) {
        peek_locked(storage, target->held, out);
        out->has_value = true;
        st = OTM_OK;
    }
    otmi_mutex_unlock(&storage->mu);
    return st;
}
