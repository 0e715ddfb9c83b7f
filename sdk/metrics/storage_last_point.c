/* The last points of series that have ended: their own, or their namesake's, where the same attributes came back. */
#include "metrics/storage_internal.h"
#include "metrics/storage_point.h"

/* Delta: what an ended series measured goes to its namesake: one interval has one point for one set. Both old halves
 * are the collector's. A gauge's value is not: owners write it in any epoch, so the older one is left where it is, and
 * shows only where the namesake has none of this interval. */
static bool move_to(otmi_collection *c, otmi_series *from, const otmi_chunk_cells *found, otmi_series *to)
{
    otmi_storage *storage = c->storage;
    if (storage->shape.kind == OTMI_SHAPE_LAST_VALUE) {
        return otmi_collection_measured(c, to);
    }
    otmi_chunk_cells there = {.chunk = NULL};
    size_t offset = otmi_storage_half_offset(storage, c->parity);
    (void)otmi_chunk_cells_series(storage, to->number, &there);
    if (there.count == 0) {
        /* It was to be measured, and there was no memory for a cell. */
        __atomic_store_n(&to->by.admitted[c->parity], 0, __ATOMIC_RELAXED);
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

/* A series of the same attributes that this collection reads, if it ever was measured. */
static otmi_series *listed(const otmi_storage *storage, uint32_t list, const otmi_series *like)
{
    otmi_attr_span span = {.attrs = like->attrs->attrs, .count = like->attrs->count};
    for (otmi_series *s; (s = otmi_series_pop(&storage->table, &list)) != NULL;) {
        if (s->hash == like->hash && otmi_storage_in_snapshot(storage, s) && s->state != OTMI_SERIES_RETIRED &&
            s->start_ns != 0 && otmi_attr_span_equals(&span, s->attrs)) {
            return s;
        }
    }
    return NULL;
}

/* A younger series of the same attributes that this collection reads: the live one, or one that ended since it began,
 * or one that ended before, but after this one. */
static otmi_series *namesake(const otmi_collection *c, const otmi_series *series)
{
    otmi_storage *storage = c->storage;
    otmi_mutex_lock(&storage->mu);
    otmi_series *found = otmi_storage_find_set(storage, series->attrs);
    if (found == NULL || !otmi_storage_in_snapshot(storage, found)) {
        found = listed(storage, storage->ended, series);
    }
    otmi_mutex_unlock(&storage->mu);
    return found != NULL ? found : listed(storage, series->next, series);
}

/* Cumulative: whether the series has a point already. Those of read_live() come first, by rising number. */
static bool shown(const otmi_collection *c, const otmi_series *series)
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
static bool hidden_by(const otmi_collection *c, const otmi_series *other)
{
    bool draining = __atomic_load_n(&other->state, __ATOMIC_RELAXED) == OTMI_SERIES_DRAINING;
    return draining ? otmi_collection_measured(c, other) : shown(c, other);
}

static void read_ended(otmi_collection *c, otmi_series *series)
{
    otmi_storage *storage = c->storage;
    otmi_chunk_cells found = {.chunk = NULL};
    bool due = storage->shape.delta || (series->by.pending_readers & c->reader_mask) != 0;
    if (!due || !otmi_collection_measured(c, series)) {
        return;
    }
    otmi_series *other = namesake(c, series);
    (void)otmi_chunk_cells_series(storage, series->number, &found);
    bool merged = other != NULL && (storage->shape.delta ? move_to(c, series, &found, other) : hidden_by(c, other));
    if (!merged) {
        otmi_collection_read_series(c, series, &found);
    }
}

void otmi_collection_read_draining(otmi_collection *c)
{
    uint32_t rest = c->storage->draining;
    for (otmi_series *s; !c->no_memory && (s = otmi_series_pop(&c->storage->table, &rest)) != NULL;) {
        if (s->state == OTMI_SERIES_DRAINING) {
            read_ended(c, s);
        }
    }
}
