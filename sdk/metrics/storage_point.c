#include "metrics/storage_point.h"

#include "metrics/exponential_cell.h"
#include "metrics/storage_internal.h"

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

static bool new_histogram(otmi_collection *c, otmi_total *total)
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
static void add_point(otmi_collection *c, const otmi_series *series, const otmi_total *total)
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

void otmi_collection_read_series(otmi_collection *c, otmi_series *series, const otmi_chunk_cells *found)
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
        otmi_chunk_cells_gather(storage, found, series, c->parity, &total);
    }
    add_point(c, series, &total);
}

bool otmi_collection_measured(const otmi_collection *c, const otmi_series *series)
{
    if (c->storage->shape.delta) {
        return __atomic_load_n(&series->by.admitted[c->parity], __ATOMIC_RELAXED) == c->epoch;
    }
    return __atomic_load_n(&series->start_ns, __ATOMIC_ACQUIRE) != 0;
}

void otmi_point_read_again(const otmi_storage *storage, otm_point *point, otmi_chunk_cells *found)
{
    const otmi_series *series = otmi_chunk_cells_series(storage, point->series_number, found);
    /* Made by this collection's first step, in its own arena. */
    otmi_total total = total_of((histogram_in_work *)(uintptr_t)point->data.histogram);
    otmi_chunk_cells_gather(storage, found, series, otmi_storage_old_parity(storage), &total);
    finish_histogram(&storage->shape, &total);
}
