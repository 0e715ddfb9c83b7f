/* The lock-free map that finds the series of attributes. */
#ifndef OTMI_SERIES_MAP_H
#define OTMI_SERIES_MAP_H

#include "metrics/attr_span.h"
#include "metrics/series.h"

/* An entry is a series' number above the highest bits of its hash; 0 is empty, OTMI_ENTRY_REMOVED was removed. */
typedef struct otmi_map_table {
    size_t mask;   /* entries - 1 */
    size_t filled; /* entries that are not empty, removed ones included */
    struct otmi_map_table *next; /* in the list of retired or condemned tables */
    uint32_t entries[]; /* atomic */
} otmi_map_table;

/* Open addressing, linear probing. Look-ups are lock-free inside a section; changes under the storage's mutex. */
typedef struct otmi_series_map {
    const otmi_series_table *series;
    otmi_map_table *table;     /* atomic */
    otmi_map_table *retired;   /* replaced; look-ups may still be in them */
    otmi_map_table *condemned; /* retired before the grace period of the collection in progress */
    size_t live;
} otmi_series_map;

otm_status otmi_series_map_init(otmi_series_map *map, const otmi_series_table *series);
void otmi_series_map_fini(otmi_series_map *map);
otm_status otmi_series_map_insert(otmi_series_map *map, const otmi_series *series);
void otmi_series_map_remove(otmi_series_map *map, const otmi_series *series);
/* Before a grace period, and after it: what was replaced by then is freed. */
void otmi_series_map_condemn(otmi_series_map *map);
void otmi_series_map_free_condemned(otmi_series_map *map);

#define OTMI_TAG_BITS (32 - OTMI_NUMBER_BITS)
#define OTMI_ENTRY_REMOVED 1u

/* The bits of a hash that do not choose the place to look first, but in the largest of tables. */
static inline uint32_t otmi_map_tag(uint32_t hash)
{
    return hash >> OTMI_NUMBER_BITS;
}

/* NULL: not there. Only inside a section, or under the mutex. */
otmi_series *otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);

static inline bool otmi_map_entry_may_be(uint32_t entry, uint32_t hash)
{
    return (entry & ((1u << OTMI_TAG_BITS) - 1)) == otmi_map_tag(hash) && entry > OTMI_ENTRY_REMOVED;
}

/* The same, without a call where the first series that its hash speaks for is the one: for recordings. */
static inline __attribute__((always_inline)) otmi_series *otmi_series_map_look_up(const otmi_series_map *map,
                                                                                  uint64_t hash,
                                                                                  const otmi_attr_span *span)
{
    const otmi_map_table *table = __atomic_load_n(&map->table, __ATOMIC_ACQUIRE);
    uint32_t entry;
    for (size_t i = (uint32_t)hash;; i++) {
        entry = __atomic_load_n(&table->entries[i & table->mask], __ATOMIC_ACQUIRE);
        if (otmi_map_entry_may_be(entry, (uint32_t)hash)) {
            break;
        }
        if (entry == 0) {
            return NULL;
        }
    }
    otmi_series *series = otmi_series_numbered(map->series, entry >> OTMI_TAG_BITS);
    return __builtin_expect(otmi_attr_span_equals(span, series->attrs), 1) ? series
                                                                           : otmi_series_map_find(map, hash, span);
}

#endif
