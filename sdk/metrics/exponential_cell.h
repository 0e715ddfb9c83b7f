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
    uint64_t min; /* flipped, as in an explicit histogram */
    uint64_t max;
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

/* Adds what one half holds to another. Both are the collector's. */
void otmi_exponential_move(const otmi_shape *shape, const otm_allocator *allocator, const otmi_exponential_half *from,
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
