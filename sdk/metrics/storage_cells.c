#include "metrics/storage_cells.h"

void otmi_chunk_cells_find(otmi_chunk_cells *found, const otmi_storage *storage, const otmi_chunk *chunk)
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

otmi_series *otmi_chunk_cells_series(const otmi_storage *storage, uint64_t number, otmi_chunk_cells *found)
{
    const otmi_chunk *chunk = otmi_chunk_of(&storage->table, (uint32_t)number);
    if (found->chunk != chunk) {
        otmi_chunk_cells_find(found, storage, chunk);
    }
    return otmi_series_numbered(&storage->table, (uint32_t)number);
}

uint32_t otmi_storage_old_parity(const otmi_storage *storage)
{
    return (storage->epoch - 1) & 1;
}

size_t otmi_storage_half_offset(const otmi_storage *storage, uint32_t parity)
{
    return storage->shape.halves && parity != 0 ? storage->shape.half_size : 0;
}

void otmi_chunk_cells_gather(const otmi_storage *storage, const otmi_chunk_cells *found, const otmi_series *series,
                             uint32_t parity, otmi_total *total)
{
    size_t offset = otmi_series_offset(series) + otmi_storage_half_offset(storage, parity);
    for (size_t i = 0; i < found->count; i++) {
        otmi_half_gather(&storage->shape, found->cells[i] + offset, total);
    }
}

void otmi_chunk_cells_clear(const otmi_storage *storage, const otmi_chunk_cells *found, const otmi_series *series,
                            uint32_t parity)
{
    size_t offset = otmi_series_offset(series) + otmi_storage_half_offset(storage, parity);
    for (size_t i = 0; i < found->count; i++) {
        otmi_half_clear(&storage->shape, found->cells[i] + offset);
    }
}
