#include "metrics/series_map.h"

#include "util/alloc.h"

#define MAP_FIRST 16u
#define MAP_MOST (UINT32_C(1) << 23)

static size_t map_bytes(size_t entries)
{
    return sizeof(otmi_map_table) + entries * sizeof(uint32_t);
}

static otmi_map_table *map_table_create(const otm_allocator *allocator, size_t entries)
{
    otmi_map_table *table = otmi_alloc_zeroed(allocator, map_bytes(entries));
    if (table != NULL) {
        table->mask = entries - 1;
    }
    return table;
}

static uint32_t entry_of(const otmi_series *series)
{
    return series->number << OTMI_TAG_BITS | otmi_map_tag(series->hash);
}

static otmi_series *series_of(const otmi_series_map *map, uint32_t entry)
{
    return otmi_series_numbered(map->series, entry >> OTMI_TAG_BITS);
}

otm_status otmi_series_map_init(otmi_series_map *map, const otmi_series_table *series)
{
    *map = (otmi_series_map){.series = series, .table = map_table_create(series->allocator, MAP_FIRST)};
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
        otmi_free(map->series->allocator, table, map_bytes(table->mask + 1));
    }
}

void otmi_series_map_fini(otmi_series_map *map)
{
    otmi_series_map_condemn(map);
    otmi_series_map_free_condemned(map);
    if (map->table != NULL) {
        otmi_free(map->series->allocator, map->table, map_bytes(map->table->mask + 1));
    }
    map->table = NULL;
}

static void place(otmi_map_table *table, const otmi_series *series)
{
    size_t i = series->hash & table->mask;
    while (table->entries[i] > OTMI_ENTRY_REMOVED) {
        i = (i + 1) & table->mask;
    }
    table->filled += table->entries[i] == 0;
    /* Release: who finds the series sees its chunk, hash and attributes. */
    __atomic_store_n(&table->entries[i], entry_of(series), __ATOMIC_RELEASE);
}

/* Makes room: a table at most three eighths full, removed entries gone. Readers go on in the old one, which stays until
 * the next grace period. */
static otm_status rebuild(otmi_series_map *map)
{
    size_t entries = MAP_FIRST;
    while (3 * entries < 8 * (map->live + 1)) {
        entries *= 2;
    }
    if (entries > MAP_MOST) {
        return OTM_ERR_LIMIT;
    }
    otmi_map_table *table = map_table_create(map->series->allocator, entries);
    if (table == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i <= map->table->mask; i++) {
        uint32_t entry = map->table->entries[i];
        if (entry > OTMI_ENTRY_REMOVED) {
            place(table, series_of(map, entry));
        }
    }
    map->table->next = map->retired;
    map->retired = map->table;
    __atomic_store_n(&map->table, table, __ATOMIC_RELEASE);
    return OTM_OK;
}

otm_status otmi_series_map_reserve(otmi_series_map *map)
{
    if (2 * (map->table->filled + 1) <= map->table->mask + 1) {
        return OTM_OK;
    }
    otm_status st = rebuild(map);
    /* A table that is merely fuller than we like still works; one without an empty place would not. */
    return 8 * (map->table->filled + 1) <= 7 * (map->table->mask + 1) ? OTM_OK : st;
}

void otmi_series_map_insert(otmi_series_map *map, const otmi_series *series)
{
    place(map->table, series);
    map->live++;
}

void otmi_series_map_remove(otmi_series_map *map, const otmi_series *series)
{
    otmi_map_table *table = map->table;
    for (size_t i = series->hash & table->mask; table->entries[i] != 0; i = (i + 1) & table->mask) {
        if (table->entries[i] == entry_of(series)) {
            __atomic_store_n(&table->entries[i], OTMI_ENTRY_REMOVED, __ATOMIC_RELEASE);
            map->live--;
            return;
        }
    }
}

otmi_series *otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span)
{
    const otmi_map_table *table = __atomic_load_n(&map->table, __ATOMIC_ACQUIRE);
    for (size_t i = (uint32_t)hash;; i++) {
        uint32_t entry = __atomic_load_n(&table->entries[i & table->mask], __ATOMIC_ACQUIRE);
        if (entry == 0) {
            return NULL;
        }
        if (otmi_map_entry_may_be(entry, (uint32_t)hash)) {
            otmi_series *series = otmi_series_numbered(map->series, entry >> OTMI_TAG_BITS);
            if (otmi_attr_span_equals(span, series->attrs)) {
                return series;
            }
        }
    }
}
