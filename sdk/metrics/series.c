#include "metrics/series.h"

#include "util/alloc.h"

/* Larger chunks would make a slot that touches one series pay for too many. */
#define CHUNK_FIRST 8u
#define CHUNK_MOST 4096u
#define CHUNK_BYTES (1024u * 1024u)

/* Stands in front of each slot's cells of a chunk. */
typedef struct cells_header {
    void *memory;
    size_t memory_size;
    char reserved[48];
} cells_header;

_Static_assert(sizeof(cells_header) == 64, "cells begin on a cache line");

void otmi_series_table_init(otmi_series_table *table, const otm_allocator *allocator, size_t cell_size)
{
    *table = (otmi_series_table){.allocator = allocator, .cell_size = cell_size};
}

static size_t chunk_bytes(uint32_t capacity)
{
    return sizeof(otmi_chunk) + capacity * sizeof(otmi_series);
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
            otmi_attr_set_destroy(table->allocator, chunk->series[i].attrs);
        }
        free_cells(table, chunk->id);
        otmi_chunk_id_give(chunk->id);
        otmi_free(table->allocator, chunk, chunk_bytes(chunk->capacity));
    }
    table->chunk_count = 0;
    table->used = 0;
}

static uint32_t next_capacity(const otmi_series_table *table)
{
    uint32_t capacity = CHUNK_FIRST;
    for (uint32_t c = 0; c < table->chunk_count && capacity < CHUNK_MOST; c++) {
        capacity *= 2;
    }
    while (capacity > 1 && capacity * table->cell_size > CHUNK_BYTES) {
        capacity /= 2;
    }
    return capacity;
}

static otm_status add_chunk(otmi_series_table *table)
{
    if (table->chunk_count == OTMI_MAX_CHUNKS) {
        return OTM_ERR_LIMIT;
    }
    uint32_t capacity = next_capacity(table);
    otmi_chunk *chunk = otmi_alloc_zeroed(table->allocator, chunk_bytes(capacity));
    if (chunk == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    chunk->id = otmi_chunk_id_take();
    if (chunk->id == 0) {
        otmi_free(table->allocator, chunk, chunk_bytes(capacity));
        return OTM_ERR_LIMIT;
    }
    chunk->first = table->used;
    chunk->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++) {
        chunk->series[i].number = chunk->first + i;
        chunk->series[i].location = otmi_location_make(chunk->id, (uint32_t)(i * table->cell_size));
    }
    table->chunks[table->chunk_count++] = chunk;
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
    return &last->series[table->used++ - last->first];
}

otmi_series *otmi_series_take(otmi_series_table *table)
{
    otmi_series *series = table->free;
    if (series != NULL) {
        table->free = series->next;
        series->next = NULL;
    } else {
        series = unused_number(table);
    }
    if (series != NULL) {
        series->generation = ++table->generation;
    }
    return series;
}

void otmi_series_give(otmi_series_table *table, otmi_series *series)
{
    otmi_attr_set_destroy(table->allocator, series->attrs);
    series->attrs = NULL;
    series->hash = 0;
    series->start_ns = 0;
    series->value = 0;
    series->drained_count = 0;
    series->by.pending_readers = 0;
    series->bound = 0;
    series->state = OTMI_SERIES_FREE;
    series->visible_from_start = false;
    series->next = table->free;
    table->free = series;
}

char *otmi_cells_create(const otm_allocator *allocator, otmi_slot *slot, otmi_location location,
                        const otmi_chunk *chunk, size_t cell_size)
{
    size_t size = sizeof(cells_header) + chunk->capacity * cell_size + 63;
    char *memory = otmi_alloc_zeroed(allocator, size);
    if (memory == NULL) {
        return NULL;
    }
    char *aligned = memory + (64 - (uintptr_t)memory % 64) % 64;
    cells_header *header = (cells_header *)(void *)aligned;
    header->memory = memory;
    header->memory_size = size;
    char *cells = aligned + sizeof *header;
    __atomic_store_n(&slot->cells[location >> 32], cells, __ATOMIC_RELEASE); /* collectors read zeroed cells */
    return cells + (uint32_t)location;
}

/* -- The map ----------------------------------------------------------------------------------------------------- */

#define MAP_FIRST 16u
#define MAP_MOST (UINT32_C(1) << 22)

static size_t map_bytes(size_t entries)
{
    return sizeof(otmi_map_table) + entries * sizeof(otmi_series *);
}

static otmi_map_table *map_table_create(const otm_allocator *allocator, size_t entries)
{
    otmi_map_table *table = otmi_alloc_zeroed(allocator, map_bytes(entries));
    if (table != NULL) {
        table->mask = entries - 1;
    }
    return table;
}

otm_status otmi_series_map_init(otmi_series_map *map, const otm_allocator *allocator)
{
    *map = (otmi_series_map){.allocator = allocator, .table = map_table_create(allocator, MAP_FIRST)};
    return map->table == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

void otmi_series_map_condemn(otmi_series_map *map)
{
    while (map->retired != NULL) {
        otmi_map_table *table = map->retired;
        map->retired = table->next;
        table->next = map->condemned;
        map->condemned = table;
    }
}

void otmi_series_map_free_condemned(otmi_series_map *map)
{
    while (map->condemned != NULL) {
        otmi_map_table *table = map->condemned;
        map->condemned = table->next;
        otmi_free(map->allocator, table, map_bytes(table->mask + 1));
    }
}

void otmi_series_map_fini(otmi_series_map *map)
{
    otmi_series_map_condemn(map);
    otmi_series_map_free_condemned(map);
    if (map->table != NULL) {
        otmi_free(map->allocator, map->table, map_bytes(map->table->mask + 1));
    }
    map->table = NULL;
}

static void place(otmi_map_table *table, otmi_series *series)
{
    size_t i = series->hash & table->mask;
    while (table->entries[i] != NULL && table->entries[i] != OTMI_TOMBSTONE) {
        i = (i + 1) & table->mask;
    }
    table->filled += table->entries[i] == NULL;
    /* Release: who finds the series sees its hash and attributes. */
    __atomic_store_n(&table->entries[i], series, __ATOMIC_RELEASE);
}

/* Makes room: a table at most half full, tombstones gone. Readers go on in the old one, which stays until the next
 * grace period. */
static otm_status rebuild(otmi_series_map *map)
{
    size_t entries = MAP_FIRST;
    while (entries < 4 * (map->live + 1)) {
        entries *= 2;
    }
    if (entries > MAP_MOST) {
        return OTM_ERR_LIMIT;
    }
    otmi_map_table *table = map_table_create(map->allocator, entries);
    if (table == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i <= map->table->mask; i++) {
        otmi_series *series = map->table->entries[i];
        if (series != NULL && series != OTMI_TOMBSTONE) {
            place(table, series);
        }
    }
    map->table->next = map->retired;
    map->retired = map->table;
    __atomic_store_n(&map->table, table, __ATOMIC_RELEASE);
    return OTM_OK;
}

otm_status otmi_series_map_insert(otmi_series_map *map, otmi_series *series)
{
    if (2 * (map->table->filled + 1) > map->table->mask + 1) {
        otm_status st = rebuild(map);
        /* A table that is merely fuller than we like still works; one without an empty place would not. */
        if (st != OTM_OK && 8 * (map->table->filled + 1) > 7 * (map->table->mask + 1)) {
            return st;
        }
    }
    place(map->table, series);
    map->live++;
    return OTM_OK;
}

void otmi_series_map_remove(otmi_series_map *map, otmi_series *series)
{
    otmi_map_table *table = map->table;
    for (size_t i = series->hash & table->mask; table->entries[i] != NULL; i = (i + 1) & table->mask) {
        if (table->entries[i] == series) {
            __atomic_store_n(&table->entries[i], OTMI_TOMBSTONE, __ATOMIC_RELEASE);
            map->live--;
            return;
        }
    }
}

otmi_series *otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span)
{
    const otmi_map_table *table = __atomic_load_n(&map->table, __ATOMIC_ACQUIRE);
    for (size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        otmi_series *series = __atomic_load_n(&table->entries[i], __ATOMIC_ACQUIRE);
        if (series == NULL) {
            return NULL;
        }
        if (series != OTMI_TOMBSTONE && series->hash == hash && otmi_attr_span_equals(span, series->attrs)) {
            return series;
        }
    }
}
