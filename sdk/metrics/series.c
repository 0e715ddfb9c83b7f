#include "metrics/series.h"

#include "util/alloc.h"

/* Most streams have few series. Smaller chunks than these save nothing worth their number; larger ones, or ones with
 * more cells than OTMI_CHUNK_CELL_BYTES, would make a slot that touches one series pay for too many. */
#define CHUNK_FIRST 8u
#define CHUNK_LEAST 32u
#define CHUNK_MOST (1u << OTMI_INDEX_BITS)
#define FEW_SERIES 1024u

/* Stands in front of each slot's cells of a chunk. */
typedef struct cells_header {
    void *memory;
    size_t memory_size;
    char reserved[48];
} cells_header;

_Static_assert(sizeof(cells_header) == 64, "cells begin on a cache line");

static size_t total; /* atomic */

size_t otmi_series_total(void)
{
    return __atomic_load_n(&total, __ATOMIC_RELAXED);
}

void otmi_series_table_init(otmi_series_table *table, const otm_allocator *allocator, size_t cell_size,
                            uint32_t words)
{
    *table = (otmi_series_table){
        .allocator = allocator,
        .cell_size = cell_size,
        .series_size = (uint32_t)(sizeof(otmi_series) + words * sizeof(uint64_t)),
        .generation = 1,
    };
}

static size_t chunk_bytes(const otmi_series_table *table, uint32_t capacity)
{
    return sizeof(otmi_chunk) + (size_t)capacity * table->series_size;
}

static void free_cells(otmi_series_table *table, uint32_t chunk_id)
{
    size_t slots = otmi_slot_count();
    for (size_t i = 0; i < slots; i++) {
        otmi_slot *slot = otmi_slot_at(i);
        char *cells = __atomic_exchange_n(&slot->cells[chunk_id], NULL, __ATOMIC_ACQ_REL);
        if (cells != NULL) {
            cells_header *header = (cells_header *)(void *)cells - 1;
            otmi_free(table->allocator, header->memory, header->memory_size);
        }
    }
}

void otmi_series_table_fini(otmi_series_table *table)
{
    for (uint32_t c = 0; c < table->chunk_count; c++) {
        otmi_chunk *chunk = table->chunks[c];
        for (uint32_t i = 0; i < otmi_chunk_used(chunk, table->used); i++) {
            otmi_attr_set_destroy(table->allocator, otmi_chunk_series(table, chunk, i)->attrs);
        }
        free_cells(table, chunk->id);
        otmi_chunk_id_give(chunk->id);
        otmi_free(table->allocator, chunk, chunk_bytes(table, chunk->capacity));
    }
    __atomic_sub_fetch(&total, table->used, __ATOMIC_RELAXED);
    table->chunk_count = 0;
    table->used = 0;
}

static uint32_t next_capacity(const otmi_series_table *table)
{
    uint32_t share = table->used / (table->used < FEW_SERIES ? 4 : 8);
    uint32_t capacity = table->used == 0 ? CHUNK_FIRST : CHUNK_LEAST;
    while (capacity < CHUNK_MOST && 2 * capacity <= share) {
        capacity *= 2;
    }
    while (capacity > 1 && capacity * table->cell_size > OTMI_CHUNK_CELL_BYTES) {
        capacity /= 2;
    }
    return capacity;
}

static void number_series(const otmi_series_table *table, otmi_chunk *chunk, uint32_t chunk_number)
{
    for (uint32_t i = 0; i < chunk->capacity; i++) {
        otmi_series *series = otmi_chunk_series(table, chunk, i);
        series->number = (chunk_number << OTMI_INDEX_BITS) + i;
        series->place = (chunk->id << OTMI_OFFSET_BITS) + (uint32_t)(i * table->cell_size / 8);
    }
}

static otm_status add_chunk(otmi_series_table *table)
{
    if (table->chunk_count == OTMI_MAX_CHUNKS) {
        return OTM_ERR_LIMIT;
    }
    uint32_t capacity = next_capacity(table);
    otmi_chunk *chunk = otmi_alloc_zeroed(table->allocator, chunk_bytes(table, capacity));
    if (chunk == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    chunk->id = otmi_chunk_id_take();
    if (chunk->id == 0) {
        otmi_free(table->allocator, chunk, chunk_bytes(table, capacity));
        return OTM_ERR_LIMIT;
    }
    chunk->first = table->used;
    chunk->capacity = capacity;
    table->chunks[table->chunk_count++] = chunk;
    number_series(table, chunk, table->chunk_count);
    return OTM_OK;
}

static otmi_series *unused_number(otmi_series_table *table)
{
    otmi_chunk *last = table->chunk_count == 0 ? NULL : table->chunks[table->chunk_count - 1];
    if (last == NULL || table->used == last->first + last->capacity) {
        if (add_chunk(table) != OTM_OK) {
            return NULL;
        }
        last = table->chunks[table->chunk_count - 1];
    }
    __atomic_add_fetch(&total, 1, __ATOMIC_RELAXED);
    return otmi_chunk_series(table, last, table->used++ - last->first);
}

otmi_series *otmi_series_take(otmi_series_table *table)
{
    otmi_series *series = otmi_series_pop(table, &table->free);
    series = series != NULL ? series : unused_number(table);
    if (series != NULL) {
        series->bound = 0;
        series->generation = table->generation;
    }
    return series;
}

void otmi_series_give(otmi_series_table *table, otmi_series *series)
{
    otmi_attr_set_destroy(table->allocator, series->attrs);
    series->attrs = NULL;
    series->hash = 0;
    series->start_ns = 0;
    series->by.pending_readers = 0;
    __atomic_store_n(&series->state, OTMI_SERIES_FREE, __ATOMIC_RELAXED);
    series->visible_from_start = false;
    memset(series->words, 0, table->series_size - sizeof *series);
    otmi_series_push(&table->free, series);
}

void otmi_series_next_generation(otmi_series_table *table)
{
    table->generation++;
    table->generation += table->generation == 0; /* which means "unknown" in a point */
}

bool otmi_cells_create(const otmi_series_table *table, otmi_slot *slot, const otmi_series *series)
{
    const otmi_chunk *chunk = otmi_chunk_of(table, series->number);
    size_t size = sizeof(cells_header) + chunk->capacity * table->cell_size + 63;
    char *memory = otmi_alloc_zeroed(table->allocator, size);
    if (memory == NULL) {
        return false;
    }
    char *aligned = memory + (64 - (uintptr_t)memory % 64) % 64;
    cells_header *header = (cells_header *)(void *)aligned;
    header->memory = memory;
    header->memory_size = size;
    /* Release: collectors read zeroed cells. */
    __atomic_store_n(&slot->cells[chunk->id], aligned + sizeof *header, __ATOMIC_RELEASE);
    return true;
}
