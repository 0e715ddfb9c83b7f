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
    bool tracks_idle;     /* cumulative, and series end when they are idle: measurements mark their interval */
    bool record_sum;
    bool record_min_max;
    bool refuse_negative; /* counters, and whatever becomes a monotonic sum */
    uint32_t half_size;
    uint32_t cell_size;
    size_t bound_count;
    size_t padded_count; /* bounds, filled up with infinities to a multiple of 4, at least 4 */
    double *bounds;      /* owned */
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

/* min and max are stored with the bits of +Infinity and -Infinity flipped, so that zero means "none yet". */
typedef struct otmi_histogram_half {
    uint64_t sum;
    uint64_t min;
    uint64_t max;
    uint64_t counts[];
} otmi_histogram_half;

#define OTMI_MIN_NONE UINT64_C(0x7ff0000000000000)
#define OTMI_MAX_NONE UINT64_C(0xfff0000000000000)

static inline double otmi_load_flipped(const uint64_t *word, uint64_t none)
{
    otmi_number n = {.bits = __atomic_load_n(word, __ATOMIC_RELAXED) ^ none};
    return n.f64;
}

static inline void otmi_store_flipped(uint64_t *word, double value, uint64_t none)
{
    otmi_number n = {.f64 = value};
    __atomic_store_n(word, n.bits ^ none, __ATOMIC_RELAXED);
}

static inline void otmi_min_add(uint64_t *min, double value)
{
    if (__builtin_expect(value < otmi_load_flipped(min, OTMI_MIN_NONE), 0)) {
        otmi_store_flipped(min, value, OTMI_MIN_NONE);
    }
}

static inline void otmi_max_add(uint64_t *max, double value)
{
    if (__builtin_expect(value > otmi_load_flipped(max, OTMI_MAX_NONE), 0)) {
        otmi_store_flipped(max, value, OTMI_MAX_NONE);
    }
}

/* Two numbers in one register, by the compilers' vector extension. */
typedef double otmi_f64_pair __attribute__((vector_size(16)));
typedef int64_t otmi_i64_pair __attribute__((vector_size(16)));

#define OTMI_FEW_BOUNDS 32u

/* The bucket of a finite value: how many bounds lie below it. Upper bounds are inclusive. For 4 to OTMI_FEW_BOUNDS:
 * all are compared, two at a time, none branched on, since mixed values would mispredict. A comparison gives -1 where
 * it holds. */
static inline size_t otmi_bucket_of_few(const double *bounds, size_t padded_count, double value)
{
    const otmi_f64_pair values = {value, value};
    otmi_i64_pair even = {0, 0};
    otmi_i64_pair odd = {0, 0};
    size_t i = 0;
    do {
        otmi_f64_pair first;
        otmi_f64_pair second;
        memcpy(&first, &bounds[i], sizeof first);
        memcpy(&second, &bounds[i + 2], sizeof second);
        even -= values > first;
        odd -= values > second;
        i += 4;
    } while (i < padded_count);
    even += odd;
    return (size_t)(even[0] + even[1]);
}

static inline size_t otmi_bucket_of_many(const double *bounds, size_t padded_count, double value)
{
    size_t low = 0;
    for (size_t span = padded_count; span > 0;) {
        size_t half = span / 2;
        bool above = value > bounds[low + half];
        low = above ? low + half + 1 : low;
        span = above ? span - half - 1 : half;
    }
    return low;
}

static inline size_t otmi_bucket_of(const double *bounds, size_t padded_count, double value)
{
    return padded_count <= OTMI_FEW_BOUNDS ? otmi_bucket_of_few(bounds, padded_count, value)
                                           : otmi_bucket_of_many(bounds, padded_count, value);
}

static inline void otmi_histogram_count(otmi_histogram_half *half, size_t bucket)
{
    uint64_t *count = &half->counts[bucket];
    __atomic_store_n(count, __atomic_load_n(count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* Any shape, a finite value. */
static inline void otmi_histogram_add(otmi_histogram_half *half, const otmi_shape *shape, double value)
{
    otmi_histogram_count(half, otmi_bucket_of(shape->bounds, shape->padded_count, value));
    if (shape->record_sum) {
        otmi_sum_f64_add(&half->sum, value);
    }
    if (shape->record_min_max) {
        otmi_min_add(&half->min, value);
        otmi_max_add(&half->max, value);
    }
}

/* The common histogram, for which bound handles have a fast path: it takes every number, and nothing is left out. */
static inline bool otmi_shape_is_plain_histogram(const otmi_shape *shape)
{
    return shape->kind == OTMI_SHAPE_HISTOGRAM && shape->padded_count <= OTMI_FEW_BOUNDS && shape->record_sum &&
           shape->record_min_max && !shape->refuse_negative;
}

/* A plain histogram, a finite value. */
static inline void otmi_histogram_add_plain(otmi_histogram_half *half, const otmi_shape *shape, double value)
{
    otmi_histogram_count(half, otmi_bucket_of_few(shape->bounds, shape->padded_count, value));
    otmi_sum_f64_add(&half->sum, value);
    otmi_min_add(&half->min, value);
    otmi_max_add(&half->max, value);
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

void otmi_half_gather(const otmi_shape *shape, const char *half, otmi_total *total);
/* Moves what one half holds into another; the first is empty afterwards. Both are the collector's. */
void otmi_half_move(const otmi_shape *shape, const otm_allocator *allocator, char *from, char *to);
void otmi_half_clear(const otmi_shape *shape, char *half);
/* Frees what a half allocated beside itself. */
void otmi_half_fini(const otmi_shape *shape, const otm_allocator *allocator, char *half);

#endif
