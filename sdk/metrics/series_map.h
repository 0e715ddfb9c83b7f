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
/* Makes room for one more. OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT. */
otm_status otmi_series_map_reserve(otmi_series_map *map);
/* There must be room. */
void otmi_series_map_insert(otmi_series_map *map, const otmi_series *series);
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

#endif
