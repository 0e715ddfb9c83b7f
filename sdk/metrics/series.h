/* Series: one attribute set of one storage, in chunks that never move. */
#ifndef OTMI_SERIES_H
#define OTMI_SERIES_H

#include "metrics/attr_set.h"
#include "metrics/slot.h"

typedef enum otmi_series_state {
    OTMI_SERIES_FREE = 0,
    OTMI_SERIES_LIVE = 1,
    OTMI_SERIES_ENDED = 2,    /* out of the map; a collection in progress still reads it */
    OTMI_SERIES_DRAINING = 3, /* ended before the last grace period; readers have yet to see its last point */
    OTMI_SERIES_RETIRED = 4   /* all have; their trees may still point to its attributes */
} otmi_series_state;

/* A number is the series' place in its table: chunk (from 1) and index in it. 0 is none. */
#define OTMI_INDEX_BITS 13u
#define OTMI_NUMBER_BITS 22u
#define OTMI_MAX_CHUNKS ((1u << (OTMI_NUMBER_BITS - OTMI_INDEX_BITS)) - 1)

/* Lock: the storage's mutex, where nothing else is said. "Atomic" members are read without it, inside a section.
 * There may be very many: what only some storages need is in words[], what is not known by a word is in the map. */
typedef struct otmi_series {
    otmi_attr_set *attrs; /* owned; constant while live */
    uint64_t start_ns;    /* atomic; wall time of the first measurement, 0 before it */
    union {
        uint32_t admitted[2];     /* atomic; delta, or tracking idle series, by parity: the last epoch with a
                                   * measurement */
        uint64_t pending_readers; /* cumulative, ended: bits of the readers that have yet to see its last point;
                                   * retired: that may still hold a tree with it */
    } by;
    uint32_t hash;       /* of its attributes, the lower half; constant while live */
    uint32_t place;      /* of its cells: otmi_series_cell(); never changes */
    uint32_t number;     /* never changes */
    uint32_t generation; /* the table's when it was made; constant while live */
    union {
        uint32_t bound; /* atomic; live: handles that hold it */
        uint32_t next;  /* atomic; else: number of the next in the list of free, ended or draining series */
    };
    uint8_t state; /* atomic; otmi_series_state */
    bool visible_from_start;
    uint8_t reserved[2];
    uint64_t words[]; /* atomic; as many as the table says, see otmi_series_word */
} otmi_series;

typedef enum otmi_series_word {
    OTMI_WORD_VALUE = 0,     /* gauges: the last value's bits. Delta: the sum drained so far, for peek */
    OTMI_WORD_COUNT = 1,     /* delta histograms: the count drained so far, for peek */
    OTMI_WORD_ACTIVE_NS = 1 /* tracking idle series: monotonic time it was last known to be measured */
} otmi_series_word;

typedef struct otmi_chunk {
    uint32_t id;
    uint32_t first; /* how many series the chunks before it have */
    uint32_t capacity;
    uint32_t reserved;
    struct otmi_reservoir **reservoirs; /* atomic; the storage's: exemplars by series, NULL before the first */
    uint64_t series[];                  /* otmi_chunk_series() */
} otmi_chunk;

/* The series of one storage by number, and the memory of their cells. Grows chunk by chunk, by an eighth of what there
 * is: no more lies idle. */
typedef struct otmi_series_table {
    const otm_allocator *allocator;
    size_t cell_size;
    uint32_t series_size;
    uint32_t used;       /* numbers given out so far, free ones included */
    uint32_t generation; /* of the series made now; a number is not used twice in one */
    uint32_t free;       /* list */
    uint32_t chunk_count;
    otmi_chunk *chunks[OTMI_MAX_CHUNKS];
} otmi_series_table;

/* `words`: how many of a series' words there are. */
void otmi_series_table_init(otmi_series_table *table, const otm_allocator *allocator, size_t cell_size,
                            uint32_t words);
/* Frees chunks and the cells of every slot. Nobody records any more. */
void otmi_series_table_fini(otmi_series_table *table);

/* A series with a number, its cells' place and the generation of now, state FREE; NULL without memory or at the
 * maximum. */
otmi_series *otmi_series_take(otmi_series_table *table);
void otmi_series_give(otmi_series_table *table, otmi_series *series);
/* How many series the tables of the process have given numbers to. Threads: any. */
size_t otmi_series_total(void);
/* Series made from now on are told from all older ones. */
void otmi_series_next_generation(otmi_series_table *table);

static inline otmi_series *otmi_chunk_series(const otmi_series_table *table, otmi_chunk *chunk, uint32_t index)
{
    return (otmi_series *)(void *)((char *)chunk->series + (size_t)index * table->series_size);
}

static inline otmi_chunk *otmi_chunk_of(const otmi_series_table *table, uint32_t number)
{
    return table->chunks[(size_t)(number >> OTMI_INDEX_BITS) - 1];
}

static inline uint32_t otmi_chunk_index(uint32_t number)
{
    return number & ((1u << OTMI_INDEX_BITS) - 1);
}

static inline otmi_series *otmi_series_numbered(const otmi_series_table *table, uint32_t number)
{
    return otmi_chunk_series(table, otmi_chunk_of(table, number), otmi_chunk_index(number));
}

/* Lists of series that are not live, by number; 0 is empty. */
static inline void otmi_series_push(uint32_t *list, otmi_series *series)
{
    __atomic_store_n(&series->next, *list, __ATOMIC_RELAXED);
    *list = series->number;
}

static inline otmi_series *otmi_series_pop(const otmi_series_table *table, uint32_t *list)
{
    if (*list == 0) {
        return NULL;
    }
    otmi_series *series = otmi_series_numbered(table, *list);
    *list = series->next;
    return series;
}

/* A place is a location in half the bits: cells are made of words of 8 bytes, and a slot's of one chunk are few. */
#define OTMI_OFFSET_BITS 17u
#define OTMI_CHUNK_CELL_BYTES (UINT32_C(8) << OTMI_OFFSET_BITS)

_Static_assert(OTMI_CHUNK_IDS <= 1u << (32 - OTMI_OFFSET_BITS), "a chunk's id and an offset fit into a place");

static inline uint32_t otmi_series_offset(const otmi_series *series)
{
    return (series->place & ((1u << OTMI_OFFSET_BITS) - 1)) * 8;
}

/* The cell of this slot, or NULL if the slot has none there yet. */
static inline char *otmi_series_cell(const otmi_series *series, const otmi_slot *slot)
{
    char *cells = __atomic_load_n(&slot->cells[series->place >> OTMI_OFFSET_BITS], __ATOMIC_ACQUIRE);
    return cells == NULL ? NULL : cells + otmi_series_offset(series);
}

/* The same for handles, which need not decode it. */
static inline otmi_location otmi_series_location(const otmi_series *series)
{
    return otmi_location_make(series->place >> OTMI_OFFSET_BITS, otmi_series_offset(series));
}

/* How many series of a chunk have had a number, when `used` have in all. */
static inline uint32_t otmi_chunk_used(const otmi_chunk *chunk, uint32_t used)
{
    uint32_t here = used - chunk->first;
    return here < chunk->capacity ? here : chunk->capacity;
}

/* Gives `slot` its cells of a series' chunk, zeroed; false without memory. Only the slot's owner calls this, inside its
 * section. */
bool otmi_cells_create(const otmi_series_table *table, otmi_slot *slot, const otmi_series *series);

#endif
