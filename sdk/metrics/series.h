/* Series: one attribute set of one storage, in chunks that never move; and the lock-free map that finds them. */
#ifndef OTMI_SERIES_H
#define OTMI_SERIES_H

#include "metrics/attr_span.h"
#include "metrics/slot.h"

typedef enum otmi_series_state {
    OTMI_SERIES_FREE = 0,
    OTMI_SERIES_LIVE = 1,
    OTMI_SERIES_ENDED = 2,    /* out of the map; a collection in progress still reads it */
    OTMI_SERIES_DRAINING = 3, /* ended before the last grace period; readers have yet to see its last point */
    OTMI_SERIES_RETIRED = 4   /* all have; their trees may still point to its attributes */
} otmi_series_state;

/* Lock: the storage's mutex, where nothing else is said. "Atomic" members are read without it, inside a section. */
typedef struct otmi_series {
    otmi_location location; /* of its cells; never changes */
    uint64_t hash;          /* of its attributes; constant while live */
    otmi_attr_set *attrs;   /* owned; constant while live */
    uint64_t start_ns;      /* atomic; wall time of the first measurement, 0 before it */
    uint64_t value;         /* atomic; gauges: the last value's bits. Cumulative sums: what signal handlers added.
                             * Delta: the sum drained so far, for peek */
    union {
        uint64_t drained_count; /* delta histograms: the count drained so far, for peek */
        uint64_t active_ns;     /* cumulative that ends when idle: monotonic time it was last known to be measured */
    };
    union {
        uint32_t admitted[2];      /* atomic; delta, or tracking idle series, by parity: the last epoch with a
                                    * measurement */
        uint64_t pending_readers;  /* cumulative, ended: bits of the readers that have yet to see its last point;
                                    * retired: that may still hold a tree with it */
    } by;
    uint64_t generation; /* rises with each series of the storage; constant while live */
    uint32_t number;
    uint32_t bound;      /* handles that hold it */
    uint8_t state;       /* atomic; otmi_series_state */
    bool visible_from_start;
    uint8_t reserved[2];
    struct otmi_series *next; /* in the list of free, ended or draining series */
} otmi_series;

#define OTMI_MAX_CHUNKS 512u

typedef struct otmi_chunk {
    uint32_t id;
    uint32_t first; /* number of its first series */
    uint32_t capacity;
    uint32_t reserved;
    struct otmi_reservoir **reservoirs; /* atomic; the storage's: exemplars by series, NULL before the first */
    otmi_series series[];
} otmi_chunk;

/* The series of one storage by number, and the memory of their cells. Grows chunk by chunk: 8, 16, 32, ... */
typedef struct otmi_series_table {
    const otm_allocator *allocator;
    size_t cell_size;
    uint32_t used;        /* numbers given out so far, free ones included */
    uint32_t chunk_count;
    otmi_chunk *chunks[OTMI_MAX_CHUNKS];
    otmi_series *free; /* by next */
    uint64_t generation; /* of the series made last */
} otmi_series_table;

void otmi_series_table_init(otmi_series_table *table, const otm_allocator *allocator, size_t cell_size);
/* Frees chunks and the cells of every slot. Nobody records any more. */
void otmi_series_table_fini(otmi_series_table *table);

/* A series with a number, its cells' place and a new generation, state FREE; NULL without memory or at the maximum. */
otmi_series *otmi_series_take(otmi_series_table *table);
void otmi_series_give(otmi_series_table *table, otmi_series *series);

/* How many series of a chunk have had a number, when `used` have in all. */
static inline uint32_t otmi_chunk_used(const otmi_chunk *chunk, uint32_t used)
{
    uint32_t here = used - chunk->first;
    return here < chunk->capacity ? here : chunk->capacity;
}

/* Gives `slot` its cells of the chunk that `location` is in, zeroed, and returns the cell; NULL without memory.
 * Only the slot's owner calls this, inside its section. */
char *otmi_cells_create(const otm_allocator *allocator, otmi_slot *slot, otmi_location location,
                        const otmi_chunk *chunk, size_t cell_size);

/* -- The map ----------------------------------------------------------------------------------------------------- */

typedef struct otmi_map_table {
    size_t mask; /* entries - 1 */
    size_t filled; /* entries that are not empty, tombstones included */
    struct otmi_map_table *next; /* in the list of retired or condemned tables */
    otmi_series *entries[]; /* atomic */
} otmi_map_table;

/* Open addressing, linear probing. Look-ups are lock-free inside a section; changes under the storage's mutex. */
typedef struct otmi_series_map {
    const otm_allocator *allocator;
    otmi_map_table *table;   /* atomic */
    otmi_map_table *retired;   /* replaced; look-ups may still be in them */
    otmi_map_table *condemned; /* retired before the grace period of the collection in progress */
    size_t live;
} otmi_series_map;

#define OTMI_TOMBSTONE ((otmi_series *)(uintptr_t)1)

otm_status otmi_series_map_init(otmi_series_map *map, const otm_allocator *allocator);
void otmi_series_map_fini(otmi_series_map *map);
otm_status otmi_series_map_insert(otmi_series_map *map, otmi_series *series);
void otmi_series_map_remove(otmi_series_map *map, otmi_series *series);
/* Before a grace period, and after it: what was replaced by then is freed. */
void otmi_series_map_condemn(otmi_series_map *map);
void otmi_series_map_free_condemned(otmi_series_map *map);

/* NULL: not there. Only inside a section, or under the mutex. */
otmi_series *otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);

#endif
