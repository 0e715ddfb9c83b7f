/* The cells that slots have of a storage's series, for those who read them: collections and peek. */
#ifndef OTMI_STORAGE_CELLS_H
#define OTMI_STORAGE_CELLS_H

#include "metrics/storage.h"

/* The cells that slots have of one chunk. */
typedef struct otmi_chunk_cells {
    const otmi_chunk *chunk; /* NULL: nothing found yet */
    char *cells[OTMI_MAX_SLOTS];
    size_t count;
} otmi_chunk_cells;

void otmi_chunk_cells_find(otmi_chunk_cells *found, const otmi_storage *storage, const otmi_chunk *chunk);

/* The series with a number, and the cells of its chunk, which its neighbours share. */
otmi_series *otmi_chunk_cells_series(const otmi_storage *storage, uint64_t number, otmi_chunk_cells *found);

/* Parity of the half that belongs to the collector. */
uint32_t otmi_storage_old_parity(const otmi_storage *storage);
size_t otmi_storage_half_offset(const otmi_storage *storage, uint32_t parity);

/* Adds what all slots have of a series in one half, or empties it in all slots. */
void otmi_chunk_cells_gather(const otmi_storage *storage, const otmi_chunk_cells *found, const otmi_series *series,
                             uint32_t parity, otmi_total *total);
void otmi_chunk_cells_clear(const otmi_storage *storage, const otmi_chunk_cells *found, const otmi_series *series,
                            uint32_t parity);

#endif
