/* Cells: what one slot holds of one series. The owner of the slot alone writes a cell, with plain relaxed stores.
 *
 * A sum under cumulative readers is one word. Everything else has two halves: owners write the half of the storage's
 * epoch parity; a collector raises the epoch, waits until no section is left that saw the old one, and then has the
 * old half to itself, to read and (delta) to clear. All-zero bytes are an empty half. */
#ifndef OTMI_CELL_H
#define OTMI_CELL_H

#include <float.h>
#include <math.h>

#include <otm/sdk_data.h>

#include "metrics/stream.h"

typedef enum otmi_shape_kind {
    OTMI_SHAPE_SUM_I64,
    OTMI_SHAPE_SUM_F64,
    OTMI_SHAPE_LAST_VALUE, /* kept in the series, not in cells */
    OTMI_SHAPE_HISTOGRAM,
    OTMI_SHAPE_EXPONENTIAL
} otmi_shape_kind;

/* What a storage computes and how its cells lie. Constant after creation. */
typedef struct otmi_shape {
    otmi_shape_kind kind;
    bool delta;
    bool halves;          /* cells have two halves */
    bool one_word;        /* cells are one word, and nothing else of a measurement is kept: a cumulative sum */
    bool tracks_idle;     /* cumulative, and series end when they are idle: measurements mark their interval */
    bool record_sum;
    bool record_min_max;
    bool refuse_negative; /* counters, and whatever becomes a monotonic sum */
    uint32_t half_size;
    uint32_t cell_size;
    size_t bound_count;
    double *bounds;          /* owned */
    int64_t *ordered_bounds; /* owned: by otmi_ordered(), filled up with the largest to padded_count */
    size_t padded_count;     /* a power of two above bound_count, at least 16 */
    int32_t max_scale; /* exponential, from here */
    uint32_t max_size;
    const struct otmi_exponential_tables *tables;
} otmi_shape;

otm_status otmi_shape_init(otmi_shape *shape, const otm_allocator *allocator, const otmi_stream *stream);
void otmi_shape_fini(otmi_shape *shape, const otm_allocator *allocator);

/* A measurement in the number type of its instrument. */
typedef union otmi_number {
    int64_t i64;
    double f64;
    uint64_t bits;
} otmi_number;

/* Whether an int64_t holds the value exactly. */
static inline bool otmi_is_whole_i64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 && value == (double)(int64_t)value;
}

static inline double otmi_load_f64(const uint64_t *word)
{
    otmi_number n = {.bits = __atomic_load_n(word, __ATOMIC_RELAXED)};
    return n.f64;
}

static inline void otmi_store_f64(uint64_t *word, double value)
{
    otmi_number n = {.f64 = value};
    __atomic_store_n(word, n.bits, __ATOMIC_RELAXED);
}

/* Whole numbers wrap around, as the hardware does: SDK-NUM-02. */
static inline void otmi_sum_i64_add(uint64_t *word, int64_t value)
{
    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + (uint64_t)value, __ATOMIC_RELAXED);
}

static inline void otmi_sum_f64_add(uint64_t *word, double value)
{
    otmi_store_f64(word, otmi_load_f64(word) + value);
}

/* -- Explicit-bucket histogram ----------------------------------------------------------------------------------- */

/* A double as an integer that orders as it does, with -0 right below 0; and back. */
static inline int64_t otmi_ordered(double value)
{
    otmi_number n = {.f64 = value};
    return n.i64 ^ (int64_t)((uint64_t)(n.i64 >> 63) >> 1);
}

static inline double otmi_from_ordered(int64_t ordered)
{
    otmi_number n = {.i64 = ordered ^ (int64_t)((uint64_t)(ordered >> 63) >> 1)};
    return n.f64;
}

/* The least and the largest value of a half, as otmi_ordered(). Both 0: there is none yet, or there were only zeros;
 * the half's count tells. */
typedef struct otmi_extremes {
    int64_t min;
    int64_t max;
} otmi_extremes;

/* Whether a value changes nothing. False for NaN and infinities, which are never among them. */
static inline bool otmi_extremes_hold(const otmi_extremes *e, int64_t ordered)
{
    return ordered >= __atomic_load_n(&e->min, __ATOMIC_RELAXED) &&
           ordered <= __atomic_load_n(&e->max, __ATOMIC_RELAXED);
}

/* Takes a finite value in. `empty`: it is the first. */
static inline void otmi_extremes_take(otmi_extremes *e, bool empty, int64_t ordered)
{
    if (empty || ordered < __atomic_load_n(&e->min, __ATOMIC_RELAXED)) {
        __atomic_store_n(&e->min, ordered, __ATOMIC_RELAXED);
    }
    if (empty || ordered > __atomic_load_n(&e->max, __ATOMIC_RELAXED)) {
        __atomic_store_n(&e->max, ordered, __ATOMIC_RELAXED);
    }
}

/* Counters have 32 bits. How often one has crossed a multiple of 2^31 is noted in a block that the owner allocates when
 * one first does: after 2147483648 measurements. */
typedef struct otmi_histogram_half {
    uint64_t sum;
    otmi_extremes extremes;
    uint64_t *crossings; /* atomic, as its words; owned: by bucket. NULL: none yet, or no memory so far */
    uint32_t counts[];
} otmi_histogram_half;

#define OTMI_CROSSING_BITS 31

/* What a bucket holds. Its counter is written before its crossings are: if the lowest bit of these and the highest of
 * the counter differ, the last crossing is yet to be noted. */
static inline uint64_t otmi_histogram_bucket(const otmi_histogram_half *half, size_t bucket)
{
    const uint64_t *crossings = __atomic_load_n(&half->crossings, __ATOMIC_ACQUIRE);
    if (crossings == NULL) {
        return __atomic_load_n(&half->counts[bucket], __ATOMIC_RELAXED);
    }
    uint64_t crossed = __atomic_load_n(&crossings[bucket], __ATOMIC_ACQUIRE);
    uint32_t count = __atomic_load_n(&half->counts[bucket], __ATOMIC_RELAXED);
    crossed += (crossed ^ count >> OTMI_CROSSING_BITS) & 1;
    return crossed << OTMI_CROSSING_BITS | (count & ((1u << OTMI_CROSSING_BITS) - 1));
}

#define OTMI_FEW_BOUNDS 15u

/* otmi_bucket_of() for up to OTMI_FEW_BOUNDS, in as few instructions as it takes. */
static inline size_t otmi_bucket_of_few(const otmi_shape *shape, int64_t ordered)
{
    const int64_t *bounds = shape->ordered_bounds;
    size_t below = (size_t)(ordered > bounds[7]) << 3;
    below += (size_t)(ordered > bounds[below + 3]) << 2;
    below += (size_t)(ordered > bounds[below + 1]) << 1;
    return below + (ordered > bounds[below]);
}

/* The bucket of a finite value: how many bounds lie below it. Upper bounds are inclusive. Each step of the search
 * halves what is left, with no branch, since mixed values would mispredict. */
static inline size_t otmi_bucket_of(const otmi_shape *shape, int64_t ordered)
{
    if (shape->padded_count == OTMI_FEW_BOUNDS + 1) {
        return otmi_bucket_of_few(shape, ordered);
    }
    const int64_t *bounds = shape->ordered_bounds;
    size_t below = 0;
    for (size_t step = shape->padded_count / 2; step > 0; step /= 2) {
        below += (ordered > bounds[below + step - 1]) * step;
    }
    return below;
}

/* Counts one; false, and nothing is counted, where it would be a crossing. */
static inline bool otmi_histogram_count(otmi_histogram_half *half, size_t bucket)
{
    uint32_t count = __atomic_load_n(&half->counts[bucket], __ATOMIC_RELAXED) + 1;
    if (__builtin_expect((count << 1) == 0, 0)) {
        return false;
    }
    __atomic_store_n(&half->counts[bucket], count, __ATOMIC_RELAXED);
    return true;
}

/* Counts any number; false without memory for what 32 bits cannot hold. Preserves errno. */
bool otmi_histogram_count_many(otmi_histogram_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                               size_t bucket, uint64_t number);

/* Any shape, a finite value that may be the first, extreme, or a crossing. The owner's, inside its section. Preserves
 * errno. */
void otmi_histogram_add_any(otmi_histogram_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                            double value);

/* Any shape, a finite value. */
static inline void otmi_histogram_add(otmi_histogram_half *half, const otmi_shape *shape,
                                      const otm_allocator *allocator, double value)
{
    int64_t ordered = otmi_ordered(value);
    bool holds = !shape->record_min_max || otmi_extremes_hold(&half->extremes, ordered);
    if (__builtin_expect(!holds, 0) || !otmi_histogram_count(half, otmi_bucket_of(shape, ordered))) {
        otmi_histogram_add_any(half, shape, allocator, value);
    } else if (shape->record_sum) {
        otmi_sum_f64_add(&half->sum, value);
    }
}

/* The common case of a shape with few bounds that leaves nothing out: a value between the extremes, no crossing. False
 * if it is none, NaN and infinities included: then nothing was done. */
static inline bool otmi_histogram_add_common(otmi_histogram_half *half, const otmi_shape *shape, double value)
{
    int64_t ordered = otmi_ordered(value);
    if (__builtin_expect(!otmi_extremes_hold(&half->extremes, ordered), 0) ||
        !otmi_histogram_count(half, otmi_bucket_of_few(shape, ordered))) {
        return false;
    }
    otmi_sum_f64_add(&half->sum, value);
    return true;
}

/* -- For collectors ---------------------------------------------------------------------------------------------- */

/* What a collector gathers of one series. */
typedef struct otmi_total {
    otmi_number number;
    otm_histogram_data *histogram; /* NULL for sums */
    uint64_t *bucket_counts;       /* explicit: histogram->bucket_counts to write to */
    struct otmi_exponential_total *exponential;
} otmi_total;

static inline bool otmi_shape_is_histogram(const otmi_shape *shape)
{
    return shape->kind == OTMI_SHAPE_HISTOGRAM || shape->kind == OTMI_SHAPE_EXPONENTIAL;
}

void otmi_extremes_gather(const otmi_extremes *e, bool empty, otm_histogram_data *data);
void otmi_extremes_move(const otmi_extremes *from, bool empty, otmi_extremes *to, bool to_empty);
void otmi_half_gather(const otmi_shape *shape, const char *half, otmi_total *total);
/* Moves what one half holds into another; the first is empty afterwards. Both are the collector's. False without
 * memory: then nothing was done. */
bool otmi_half_move(const otmi_shape *shape, const otm_allocator *allocator, char *from, char *to);
void otmi_half_clear(const otmi_shape *shape, char *half);
/* Frees what a half allocated beside itself. */
void otmi_half_fini(const otmi_shape *shape, const otm_allocator *allocator, char *half);

#endif
