#include "metrics/cell.h"

#include <errno.h>

#include "metrics/exponential_cell.h"
#include "util/alloc.h"

static otm_status init_histogram(otmi_shape *shape, const otm_allocator *allocator, const otmi_aggregation *aggregation)
{
    size_t count = aggregation->bound_count;
    shape->bound_count = count;
    shape->padded_count = OTMI_FEW_BOUNDS + 1;
    while (shape->padded_count <= count) {
        shape->padded_count *= 2;
    }
    shape->bounds = otmi_alloc_array(allocator, count + 1, sizeof *shape->bounds);
    shape->ordered_bounds = otmi_alloc_array(allocator, shape->padded_count, sizeof *shape->ordered_bounds);
    if (shape->bounds == NULL || shape->ordered_bounds == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < shape->padded_count; i++) {
        shape->ordered_bounds[i] = INT64_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        shape->bounds[i] = aggregation->bounds[i];
        shape->ordered_bounds[i] = otmi_ordered(aggregation->bounds[i] + 0.0); /* 0 is not above -0 */
    }
    size_t half_size = sizeof(otmi_histogram_half) + (count + 1) * sizeof(uint32_t);
    shape->half_size = (uint32_t)((half_size + 7) / 8 * 8);
    return OTM_OK;
}

static otmi_shape_kind shape_kind(const otmi_stream *stream)
{
    switch (stream->aggregation.kind) {
    case OTM_AGGREGATION_LAST_VALUE:
        return OTMI_SHAPE_LAST_VALUE;
    case OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM:
        return OTMI_SHAPE_HISTOGRAM;
    case OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        return OTMI_SHAPE_EXPONENTIAL;
    default:
        return stream->number == OTM_NUMBER_I64 ? OTMI_SHAPE_SUM_I64 : OTMI_SHAPE_SUM_F64;
    }
}

otm_status otmi_shape_init(otmi_shape *shape, const otm_allocator *allocator, const otmi_stream *stream)
{
    const otmi_aggregation *aggregation = &stream->aggregation;
    *shape = (otmi_shape){
        .kind = shape_kind(stream),
        .delta = stream->temporality == OTM_DELTA,
        .tracks_idle = stream->temporality == OTM_CUMULATIVE && stream->idle_ttl_ms > 0,
        .record_sum = aggregation->record_sum,
        .record_min_max = aggregation->record_min_max,
        .refuse_negative = stream->kind == OTM_COUNTER ||
                           (aggregation->kind == OTM_AGGREGATION_SUM && aggregation->monotonic),
        .max_scale = aggregation->max_scale,
        .max_size = aggregation->max_size,
        .half_size = sizeof(uint64_t),
    };
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        shape->tables = otmi_exponential_tables_get();
        shape->half_size = otmi_exponential_half_size(shape->max_size);
    }
    if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        otm_status st = init_histogram(shape, allocator, aggregation);
        if (st != OTM_OK) {
            return st;
        }
    }
    if (shape->kind == OTMI_SHAPE_LAST_VALUE) {
        shape->half_size = 0;
    } else {
        shape->halves = shape->delta || otmi_shape_is_histogram(shape);
    }
    shape->cell_size = shape->half_size * (shape->halves ? 2 : 1);
    shape->one_word = shape->cell_size == sizeof(uint64_t) && !shape->tracks_idle;
    return OTM_OK;
}

void otmi_shape_fini(otmi_shape *shape, const otm_allocator *allocator)
{
    otmi_free(allocator, shape->bounds, (shape->bound_count + 1) * sizeof *shape->bounds);
    otmi_free(allocator, shape->ordered_bounds, shape->padded_count * sizeof *shape->ordered_bounds);
    shape->bounds = NULL;
    shape->ordered_bounds = NULL;
}

static size_t crossings_bytes(const otmi_shape *shape)
{
    return (shape->bound_count + 1) * sizeof(uint64_t);
}

static uint64_t *have_crossings(otmi_histogram_half *half, const otmi_shape *shape, const otm_allocator *allocator)
{
    if (half->crossings == NULL) {
        int saved = errno;
        __atomic_store_n(&half->crossings, otmi_alloc_zeroed(allocator, crossings_bytes(shape)), __ATOMIC_RELEASE);
        errno = saved;
    }
    return half->crossings;
}

bool otmi_histogram_count_many(otmi_histogram_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                               size_t bucket, uint64_t number)
{
    uint64_t before = otmi_histogram_bucket(half, bucket);
    uint64_t after = before + number;
    bool crosses = (before ^ after) >> OTMI_CROSSING_BITS != 0;
    uint64_t *crossings = crosses ? have_crossings(half, shape, allocator) : half->crossings;
    if (crossings == NULL && after > UINT32_MAX) {
        return false;
    }
    __atomic_store_n(&half->counts[bucket], (uint32_t)after, __ATOMIC_RELAXED);
    if (crossings != NULL) {
        __atomic_store_n(&crossings[bucket], after >> OTMI_CROSSING_BITS, __ATOMIC_RELEASE);
    }
    return true;
}

static bool is_empty(const otmi_histogram_half *half, const otmi_shape *shape)
{
    uint64_t any = 0;
    for (size_t i = 0; i <= shape->bound_count && any == 0; i++) {
        any |= otmi_histogram_bucket(half, i);
    }
    return any == 0;
}

void otmi_histogram_add_any(otmi_histogram_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                            double value)
{
    int64_t ordered = otmi_ordered(value);
    if (shape->record_min_max) {
        otmi_extremes_take(&half->extremes, is_empty(half, shape), ordered);
    }
    bool counted = otmi_histogram_count_many(half, shape, allocator, otmi_bucket_of(shape, ordered), 1);
    if (counted && shape->record_sum) { /* else it is lost for both */
        otmi_sum_f64_add(&half->sum, value);
    }
}

void otmi_extremes_gather(const otmi_extremes *e, bool empty, otm_histogram_data *data)
{
    if (!empty) {
        data->min = fmin(data->min, otmi_from_ordered(__atomic_load_n(&e->min, __ATOMIC_RELAXED)));
        data->max = fmax(data->max, otmi_from_ordered(__atomic_load_n(&e->max, __ATOMIC_RELAXED)));
    }
}

void otmi_extremes_move(const otmi_extremes *from, bool empty, otmi_extremes *to, bool to_empty)
{
    if (!empty) {
        otmi_extremes_take(to, to_empty, from->min);
        otmi_extremes_take(to, false, from->max);
    }
}

static void gather_histogram(const otmi_shape *shape, const otmi_histogram_half *half, otmi_total *total)
{
    otm_histogram_data *data = total->histogram;
    uint64_t before = data->count;
    for (size_t i = 0; i <= shape->bound_count; i++) {
        uint64_t count = otmi_histogram_bucket(half, i);
        total->bucket_counts[i] += count;
        data->count += count;
    }
    data->sum += otmi_load_f64(&half->sum);
    otmi_extremes_gather(&half->extremes, data->count == before, data);
}

void otmi_half_gather(const otmi_shape *shape, const char *half, otmi_total *total)
{
    const uint64_t *word = (const uint64_t *)(const void *)half;
    if (shape->kind == OTMI_SHAPE_SUM_I64) {
        total->number.bits += __atomic_load_n(word, __ATOMIC_RELAXED);
    } else if (shape->kind == OTMI_SHAPE_SUM_F64) {
        total->number.f64 += otmi_load_f64(word);
    } else if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        gather_histogram(shape, (const otmi_histogram_half *)(const void *)half, total);
    } else if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        otmi_exponential_gather(shape, (const otmi_exponential_half *)(const void *)half, total->exponential,
                                total->histogram);
    }
}

/* The block is kept: a half that needed it once will again. */
static void clear_histogram(otmi_histogram_half *half, const otmi_shape *shape)
{
    __atomic_store_n(&half->sum, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&half->extremes.min, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&half->extremes.max, 0, __ATOMIC_RELAXED);
    for (size_t i = 0; i <= shape->bound_count; i++) {
        __atomic_store_n(&half->counts[i], 0, __ATOMIC_RELAXED);
        if (half->crossings != NULL) {
            __atomic_store_n(&half->crossings[i], 0, __ATOMIC_RELAXED);
        }
    }
}

void otmi_half_clear(const otmi_shape *shape, char *half)
{
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        otmi_exponential_half_clear((otmi_exponential_half *)(void *)half, shape);
    } else if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        clear_histogram((otmi_histogram_half *)(void *)half, shape);
    } else if (shape->kind != OTMI_SHAPE_LAST_VALUE) {
        __atomic_store_n((uint64_t *)(void *)half, 0, __ATOMIC_RELAXED);
    }
}

/* Whether a counter of the sum of two halves is one that needs a note of its crossings. */
static bool will_cross(const otmi_shape *shape, const otmi_histogram_half *from, const otmi_histogram_half *to)
{
    bool any = false;
    for (size_t i = 0; i <= shape->bound_count; i++) {
        uint64_t before = otmi_histogram_bucket(to, i);
        any = any || (before ^ (before + otmi_histogram_bucket(from, i))) >> OTMI_CROSSING_BITS != 0;
    }
    return any;
}

static bool move_histogram(const otmi_shape *shape, const otm_allocator *allocator, const otmi_histogram_half *from,
                           otmi_histogram_half *to)
{
    if (will_cross(shape, from, to) && have_crossings(to, shape, allocator) == NULL) {
        return false;
    }
    otmi_extremes_move(&from->extremes, is_empty(from, shape), &to->extremes, is_empty(to, shape));
    for (size_t i = 0; i <= shape->bound_count; i++) {
        (void)otmi_histogram_count_many(to, shape, allocator, i, otmi_histogram_bucket(from, i));
    }
    otmi_sum_f64_add(&to->sum, otmi_load_f64(&from->sum));
    return true;
}

void otmi_half_fini(const otmi_shape *shape, const otm_allocator *allocator, char *half)
{
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        otmi_exponential_half_fini((otmi_exponential_half *)(void *)half, shape, allocator);
    } else if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        otmi_histogram_half *histogram = (otmi_histogram_half *)(void *)half;
        otmi_free(allocator, histogram->crossings, crossings_bytes(shape));
        histogram->crossings = NULL;
    }
}

bool otmi_half_move(const otmi_shape *shape, const otm_allocator *allocator, char *from, char *to)
{
    uint64_t *source = (uint64_t *)(void *)from;
    uint64_t *target = (uint64_t *)(void *)to;
    bool moved = true;
    if (shape->kind == OTMI_SHAPE_SUM_I64) {
        otmi_sum_i64_add(target, (int64_t)*source);
    } else if (shape->kind == OTMI_SHAPE_SUM_F64) {
        otmi_sum_f64_add(target, otmi_load_f64(source));
    } else if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
        moved = move_histogram(shape, allocator, (const otmi_histogram_half *)(const void *)from,
                               (otmi_histogram_half *)(void *)to);
    } else if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        moved = otmi_exponential_move(shape, allocator, (const otmi_exponential_half *)(const void *)from,
                                      (otmi_exponential_half *)(void *)to);
    }
    if (moved) {
        otmi_half_clear(shape, from);
    }
    return moved;
}
