/* One collection of one storage, and the points that it makes. */
#ifndef OTMI_STORAGE_POINT_H
#define OTMI_STORAGE_POINT_H

#include "metrics/storage_cells.h"

typedef struct otmi_collection {
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
} otmi_collection;

/* Series made since the collection began are not part of it: their number may be an old one. */
static inline bool otmi_storage_in_snapshot(const otmi_storage *storage, const otmi_series *series)
{
    return series->generation != storage->table.generation;
}

/* Delta: in the interval that is being drained. */
bool otmi_collection_measured(const otmi_collection *c, const otmi_series *series);

/* Adds a point for a series. Without memory c->no_memory. */
void otmi_collection_read_series(otmi_collection *c, otmi_series *series, const otmi_chunk_cells *found);

/* Cumulative histograms: adds the other half to a point. */
void otmi_point_read_again(const otmi_storage *storage, otm_point *point, otmi_chunk_cells *found);

/* Adds points for series that have ended and are yet to be shown (storage_last_point.c). */
void otmi_collection_read_draining(otmi_collection *c);

#endif
