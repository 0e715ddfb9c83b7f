/* The cell of a base-2 exponential histogram: what one slot holds of one series, one half of it.
 *
 * 160 counters of 16 bits and a header; a range of negative values, and what 16 bits cannot hold, live in a block that
 * the owner allocates when it is first needed (once a half, counted in wide_blocks). Otherwise nothing is allocated
 * while recording. All-zero bytes are an empty half. */
#ifndef OTMI_EXPONENTIAL_CELL_H
#define OTMI_EXPONENTIAL_CELL_H

#include "metrics/cell.h"
#include "metrics/exponential_index.h"
#include "util/arena.h"

/* One side's window of buckets: counter i is bucket index low + i. */
typedef struct otmi_exponential_range {
    int32_t low;
    uint32_t size; /* 0: empty */
} otmi_exponential_range;

/* Written by the slot's owner, inside its section; by the collector while the half is its own. Words that peek reads at
 * any time (sum and count) are atomic, the rest is plain memory. */
typedef struct otmi_exponential_half {
    uint64_t sum;
    otmi_extremes extremes;
    uint64_t count;
    uint64_t zero_count;
    otmi_exponential_range positive;
    otmi_exponential_range negative;
    uint32_t down; /* how far the scale is below max_scale */
    uint32_t lost; /* measurements that found no memory to widen */
    uint64_t *wide; /* max_size counts of 65536 of the positive range, then max_size counts of the negative one */
    uint16_t counts[];
} otmi_exponential_half;

uint32_t otmi_exponential_half_size(uint32_t max_size);

/* `value` is finite. The owner's, inside its section. Preserves errno. */
void otmi_exponential_add(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                          double value);

/* The common case of a shape that leaves nothing out: a positive value between the extremes, in the window. False if it
 * is none, NaN and infinities included: then nothing was done. */
static inline bool otmi_exponential_add_common(otmi_exponential_half *half, const otmi_shape *shape, double value)
{
    int64_t ordered = otmi_ordered(value);
    int32_t shift = OTMI_TABLE_SCALE - shape->max_scale + (int32_t)half->down;
    if (__builtin_expect(ordered < INT64_C(1) << 52 || !otmi_extremes_hold(&half->extremes, ordered) || shift < 0, 0)) {
        return false;
    }
    int32_t index = otmi_exponential_coarse(shape->tables, (uint64_t)ordered) >> shift;
    uint32_t at = (uint32_t)index - (uint32_t)half->positive.low;
    if (__builtin_expect(at >= half->positive.size || half->counts[at] == UINT16_MAX, 0)) {
        return false;
    }
    half->counts[at]++;
    otmi_sum_i64_add(&half->count, 1);
    otmi_sum_f64_add(&half->sum, value);
    return true;
}

/* Adds what one half holds to another. Both are the collector's. False without memory: then nothing was done. */
bool otmi_exponential_move(const otmi_shape *shape, const otm_allocator *allocator, const otmi_exponential_half *from,
                           otmi_exponential_half *to);
void otmi_exponential_half_clear(otmi_exponential_half *half, const otmi_shape *shape);
void otmi_exponential_half_fini(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator);

/* -- For collectors ---------------------------------------------------------------------------------------------- */

/* What a collector gathers: one dense side. */
typedef struct otmi_exponential_side {
    uint64_t *counts; /* room for max_size */
    otmi_exponential_range range;
} otmi_exponential_side;

typedef struct otmi_exponential_total {
    otmi_exponential_side positive;
    otmi_exponential_side negative;
    uint32_t down;
    uint64_t lost;
} otmi_exponential_total;

/* An empty total whose memory is the arena's; false without memory. */
bool otmi_exponential_total_init(otmi_exponential_total *total, const otmi_shape *shape, otmi_arena *arena);
/* Scale, buckets and count of the point. The total may be added to afterwards, and finished anew. */
void otmi_exponential_total_finish(const otmi_exponential_total *total, const otmi_shape *shape,
                                   otm_histogram_data *data);

/* Adds a half; scales may differ, the total keeps the largest at which both sides fit. */
void otmi_exponential_gather(const otmi_shape *shape, const otmi_exponential_half *half, otmi_exponential_total *total,
                             otm_histogram_data *data);

/* Lowers the scale of a dense side by `by`: indexes are shifted right, with no error (SDK-EXPH-09). */
void otmi_exponential_side_lower(otmi_exponential_side *side, uint32_t by);

#endif
