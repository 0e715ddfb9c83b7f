/* The totals of a bound handle's series, read beside all collections. */
#include "metrics/exponential_cell.h"
#include "metrics/storage_cells.h"

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
        out->count += otmi_histogram_bucket(half, b);
    }
}

static void peek_histogram(const otmi_storage *storage, const otmi_chunk_cells *found, const otmi_series *series,
                           otm_series_value *out)
{
    out->is_histogram = true;
    out->sum = storage->shape.delta ? otmi_load_f64(&series->words[OTMI_WORD_VALUE]) : 0;
    out->count = storage->shape.delta ? __atomic_load_n(&series->words[OTMI_WORD_COUNT], __ATOMIC_RELAXED) : 0;
    for (size_t i = 0; i < found->count; i++) {
        for (uint32_t parity = 0; parity < 2; parity++) {
            const char *cell = found->cells[i] + otmi_series_offset(series);
            peek_half(&storage->shape, cell + otmi_storage_half_offset(storage, parity), out);
        }
    }
    out->f64 = out->sum;
}

static void peek_locked(otmi_storage *storage, const otmi_series *series, otm_series_value *out)
{
    otmi_chunk_cells found = {.chunk = NULL};
    otmi_total total = {.number = {.bits = 0}};
    (void)otmi_chunk_cells_series(storage, series->number, &found);
    if (otmi_shape_is_histogram(&storage->shape)) {
        peek_histogram(storage, &found, series, out);
        return;
    }
    if (storage->shape.kind == OTMI_SHAPE_LAST_VALUE || storage->shape.delta) {
        total.number.bits = __atomic_load_n(&series->words[OTMI_WORD_VALUE], __ATOMIC_RELAXED);
    }
    if (storage->shape.kind != OTMI_SHAPE_LAST_VALUE) {
        otmi_chunk_cells_gather(storage, &found, series, 0, &total);
        if (storage->shape.halves) {
            otmi_chunk_cells_gather(storage, &found, series, 1, &total);
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
