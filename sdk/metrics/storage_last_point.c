/* The last points of series that have ended: their own, or their namesake's, where the same attributes came back. */
#include "metrics/storage_internal.h"
#include "metrics/storage_point.h"

/* Whether the series has a point already. Those of read_live() come first, by rising number. */
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

/* Whether it takes the place of an older series of its attributes. Cumulative: if it has a point, or gets one further
 * down the list. What is not on that list may be measured for the first time at any moment. */
static bool stands_in(const otmi_collection *c, const otmi_series *series, bool measured)
{
    if (c->storage->shape.delta) {
        return !measured || otmi_collection_measured(c, series);
    }
    bool draining = __atomic_load_n(&series->state, __ATOMIC_RELAXED) == OTMI_SERIES_DRAINING;
    return draining ? otmi_collection_measured(c, series) : shown(c, series);
}

/* A series of the same attributes that this collection reads. */
static otmi_series *listed(const otmi_collection *c, uint32_t list, const otmi_series *like, bool measured)
{
    const otmi_storage *storage = c->storage;
    otmi_attr_span span = {.attrs = like->attrs->attrs, .count = like->attrs->count};
    for (otmi_series *s; (s = otmi_series_pop(&storage->table, &list)) != NULL;) {
        if (s->hash == like->hash && otmi_storage_in_snapshot(storage, s) && s->state != OTMI_SERIES_RETIRED &&
            otmi_attr_span_equals(&span, s->attrs) && stands_in(c, s, measured)) {
            return s;
        }
    }
    return NULL;
}

/* A younger series of the same attributes that this collection reads: the live one, or one that ended since it began,
 * or one that ended before, but after this one. */
static otmi_series *find_namesake(const otmi_collection *c, const otmi_series *series, bool measured)
{
    otmi_storage *storage = c->storage;
    otmi_mutex_lock(&storage->mu);
    otmi_series *found = otmi_storage_find_set(storage, series->attrs);
    if (found == NULL || !otmi_storage_in_snapshot(storage, found) || !stands_in(c, found, measured)) {
        found = listed(c, storage->ended, series, measured);
    }
    otmi_mutex_unlock(&storage->mu);
    return found != NULL ? found : listed(c, series->next, series, measured);
}

/* -- Delta: one interval has one point for one set ----------------------------------------------------------------- */

/* The one that has a point of this interval anyway, where there is one: after a collection that failed, the set may
 * have ended and begun anew before the next, which reads the same interval. */
static otmi_series *heir(const otmi_collection *c, const otmi_series *series)
{
    otmi_series *found = find_namesake(c, series, true);
    return found != NULL ? found : find_namesake(c, series, false);
}

/* What an ended series measured goes to its namesake. Both old halves are the collector's. Without memory this
 * collection fails, and the next one finds each half where it is now. */
static void move_to(otmi_collection *c, otmi_series *from, const otmi_chunk_cells *found, otmi_series *to,
                    const otmi_chunk_cells *there)
{
    const otmi_storage *storage = c->storage;
    size_t offset = otmi_storage_half_offset(storage, c->parity);
    char *target = there->cells[0] + otmi_series_offset(to) + offset;
    size_t moved = 0;
    while (moved < found->count && otmi_half_move(&storage->shape, storage->env->allocator,
                                                  found->cells[moved] + otmi_series_offset(from) + offset, target)) {
        moved++;
    }
    if (moved > 0) {
        __atomic_store_n(&to->by.admitted[c->parity], c->epoch, __ATOMIC_RELAXED);
    }
    if (moved < found->count) {
        c->no_memory = true;
    } else {
        __atomic_store_n(&from->by.admitted[c->parity], 0, __ATOMIC_RELAXED);
    }
}

/* False: there is nobody to take it. */
static bool merge(otmi_collection *c, otmi_series *series, const otmi_chunk_cells *found)
{
    for (otmi_series *to; (to = heir(c, series)) != NULL;) {
        if (c->storage->shape.kind == OTMI_SHAPE_LAST_VALUE) {
            /* Owners write a gauge's value in any epoch, so the older one is left where it is, and shows only where the
             * namesake has none of this interval. */
            return otmi_collection_measured(c, to);
        }
        otmi_chunk_cells there = {.chunk = NULL};
        (void)otmi_chunk_cells_series(c->storage, to->number, &there);
        if (there.count > 0) {
            move_to(c, series, found, to, &there);
            return true;
        }
        if (!otmi_collection_measured(c, to)) {
            return false;
        }
        /* It was to be measured, and there was no memory for a cell. */
        __atomic_store_n(&to->by.admitted[c->parity], 0, __ATOMIC_RELAXED);
    }
    return false;
}

/* -- Cumulative ---------------------------------------------------------------------------------------------------- */

/* A set that began anew shows its new series only: one set has one point. */
static bool hidden(const otmi_collection *c, const otmi_series *series)
{
    return find_namesake(c, series, false) != NULL;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void read_ended(otmi_collection *c, otmi_series *series)
{
    otmi_storage *storage = c->storage;
    otmi_chunk_cells found = {.chunk = NULL};
    bool due = storage->shape.delta || (series->by.pending_readers & c->reader_mask) != 0;
    if (!due || !otmi_collection_measured(c, series)) {
        return;
    }
    (void)otmi_chunk_cells_series(storage, series->number, &found);
    bool has_point = storage->shape.delta ? merge(c, series, &found) : hidden(c, series);
    if (!has_point) {
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
