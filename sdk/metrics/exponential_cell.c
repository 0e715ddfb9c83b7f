#include "metrics/exponential_cell.h"

#include <errno.h>

#include "util/alloc.h"

#define WIDE_UNIT 65536u
#define LOWEST_NORMAL (-1) /* index of the smallest normal number at the smallest scale */

uint32_t otmi_exponential_half_size(uint32_t max_size)
{
    size_t size = sizeof(otmi_exponential_half) + max_size * sizeof(uint16_t);
    return (uint32_t)((size + 7) / 8 * 8);
}

static size_t wide_bytes(const otmi_shape *shape)
{
    return 2 * (size_t)shape->max_size * sizeof(uint64_t);
}

static bool widen(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator)
{
    if (half->wide == NULL) {
        int saved = errno;
        half->wide = otmi_alloc_zeroed(allocator, wide_bytes(shape));
        errno = saved;
    }
    return half->wide != NULL;
}

/* -- Windows ----------------------------------------------------------------------------------------------------- */

static int32_t range_high(const otmi_exponential_range *range)
{
    return range->low + (int32_t)range->size - 1;
}

/* By how much indexes must be shifted for low to high to fit into max_size buckets. */
static uint32_t shift_to_fit(int32_t low, int32_t high, uint32_t max_size)
{
    uint32_t by = 0;
    while ((int64_t)high - low >= (int64_t)max_size) {
        low >>= 1;
        high >>= 1;
        by++;
    }
    return by;
}

static uint32_t shift_to_take(const otmi_exponential_range *range, int32_t low, int32_t high, uint32_t max_size)
{
    if (range->size > 0) {
        low = low < range->low ? low : range->low;
        high = high > range_high(range) ? high : range_high(range);
    }
    return shift_to_fit(low, high, max_size);
}

/* Makes the window take in an index. Answers how far the counters have to move up for that. */
static uint32_t range_extend(otmi_exponential_range *range, int32_t index)
{
    uint32_t up = 0;
    if (range->size == 0) {
        *range = (otmi_exponential_range){index, 1};
    } else if (index < range->low) {
        up = (uint32_t)(range->low - index);
        range->low = index;
        range->size += up;
    } else if (index > range_high(range)) {
        range->size = (uint32_t)(index - range->low) + 1;
    }
    return up;
}

static otmi_exponential_range range_shifted(const otmi_exponential_range *range, uint32_t by)
{
    if (range->size == 0) {
        return *range;
    }
    int32_t low = range->low >> by;
    return (otmi_exponential_range){low, (uint32_t)((range_high(range) >> by) - low) + 1};
}

static void counts_up(uint64_t *counts, uint32_t old_size, uint32_t up)
{
    memmove(counts + up, counts, old_size * sizeof *counts);
    memset(counts, 0, up * sizeof *counts);
}

/* Lowers the scale of wide counters: each goes into the one its index falls to, which is never above its own. */
static void counts_shift(uint64_t *counts, const otmi_exponential_range *range, uint32_t by)
{
    int32_t low = range->low >> by;
    for (uint32_t i = 0; i < range->size; i++) {
        uint32_t to = (uint32_t)(((range->low + (int32_t)i) >> by) - low);
        uint64_t count = counts[i];
        counts[i] = 0;
        counts[to] += count;
    }
}

/* -- The owner's side -------------------------------------------------------------------------------------------- */

/* Adds to a positive counter and carries what 16 bits cannot hold. What cannot be carried is counted as lost. */
static inline void positive_add(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                                uint32_t at, uint32_t count)
{
    uint32_t sum = half->counts[at] + count;
    if (__builtin_expect(sum >= WIDE_UNIT, 0)) {
        if (widen(half, shape, allocator)) {
            half->wide[at]++;
        } else {
            half->lost += sum - (WIDE_UNIT - 1);
            sum = WIDE_UNIT - 1;
        }
    }
    half->counts[at] = (uint16_t)sum;
}

static void positive_shift(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                           uint32_t by)
{
    otmi_exponential_range *range = &half->positive;
    int32_t low = range->low >> by;
    if (half->wide != NULL) {
        counts_shift(half->wide, range, by);
    }
    for (uint32_t i = 0; i < range->size; i++) {
        uint32_t to = (uint32_t)(((range->low + (int32_t)i) >> by) - low);
        uint16_t count = half->counts[i];
        half->counts[i] = 0;
        positive_add(half, shape, allocator, to, count);
    }
    *range = range_shifted(range, by);
}

/* Both ranges share one scale. */
static void half_shift(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                       uint32_t by)
{
    positive_shift(half, shape, allocator, by);
    if (half->negative.size > 0) {
        counts_shift(half->wide + shape->max_size, &half->negative, by);
        half->negative = range_shifted(&half->negative, by);
    }
    half->down += by;
}

static void positive_extend(otmi_exponential_half *half, int32_t index)
{
    uint32_t old_size = half->positive.size;
    uint32_t up = range_extend(&half->positive, index);
    if (up > 0) {
        memmove(half->counts + up, half->counts, old_size * sizeof *half->counts);
        memset(half->counts, 0, up * sizeof *half->counts);
        if (half->wide != NULL) {
            counts_up(half->wide, old_size, up);
        }
    }
}

static bool add_negative(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                         int32_t index)
{
    if (!widen(half, shape, allocator)) {
        half->lost++;
        return false;
    }
    uint64_t *counts = half->wide + shape->max_size;
    uint32_t old_size = half->negative.size;
    uint32_t up = range_extend(&half->negative, index);
    if (up > 0) {
        counts_up(counts, old_size, up);
    }
    counts[index - half->negative.low]++;
    return true;
}

static bool add_bucket(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                       double value)
{
    int32_t index = otmi_exponential_index(shape->tables, value, shape->max_scale - (int32_t)half->down);
    otmi_exponential_range *range = value > 0 ? &half->positive : &half->negative;
    /* Unsigned: at scale 20 the distance of two indexes may pass an int32_t. */
    if (__builtin_expect((uint32_t)index - (uint32_t)range->low >= range->size, 0)) {
        uint32_t by = shift_to_take(range, index, index, shape->max_size);
        if (by > 0) {
            half_shift(half, shape, allocator, by);
            index >>= by;
        }
        if (value > 0) {
            positive_extend(half, index);
        }
    }
    if (__builtin_expect(value < 0, 0)) {
        return add_negative(half, shape, allocator, index);
    }
    positive_add(half, shape, allocator, (uint32_t)(index - range->low), 1);
    return true;
}

void otmi_exponential_add(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                          double value)
{
    if (value == 0) {
        half->zero_count++;
    } else if (!add_bucket(half, shape, allocator, value)) {
        return;
    }
    if (shape->record_min_max && __builtin_expect(!otmi_extremes_hold(&half->extremes, otmi_ordered(value)), 0)) {
        otmi_extremes_take(&half->extremes, half->count == 0, otmi_ordered(value));
    }
    otmi_sum_i64_add(&half->count, 1);
    if (shape->record_sum) {
        otmi_sum_f64_add(&half->sum, value);
    }
}

void otmi_exponential_half_clear(otmi_exponential_half *half, const otmi_shape *shape)
{
    uint64_t *wide = half->wide; /* kept: a half that needed it once will again */
    if (wide != NULL) {
        memset(wide, 0, wide_bytes(shape));
    }
    otmi_store_f64(&half->sum, 0.0);
    __atomic_store_n(&half->count, 0, __ATOMIC_RELAXED);
    half->extremes = (otmi_extremes){0, 0};
    half->zero_count = 0;
    half->positive = half->negative = (otmi_exponential_range){0, 0};
    half->down = half->lost = 0;
    memset(half->counts, 0, shape->max_size * sizeof *half->counts);
}

void otmi_exponential_half_fini(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator)
{
    otmi_free(allocator, half->wide, wide_bytes(shape));
    half->wide = NULL;
}

static void add_many(otmi_exponential_half *half, const otmi_shape *shape, const otm_allocator *allocator,
                     int32_t index, bool negative, uint64_t count)
{
    const otmi_exponential_range *range = negative ? &half->negative : &half->positive;
    uint32_t by = shift_to_take(range, index, index, shape->max_size);
    if (by > 0) {
        half_shift(half, shape, allocator, by);
        index >>= by;
    }
    if (negative) {
        if (add_negative(half, shape, allocator, index)) {
            half->wide[shape->max_size + (uint32_t)(index - half->negative.low)] += count - 1;
        }
        return;
    }
    positive_extend(half, index);
    uint32_t at = (uint32_t)(index - half->positive.low);
    positive_add(half, shape, allocator, at, (uint32_t)(count % WIDE_UNIT));
    if (count >= WIDE_UNIT && widen(half, shape, allocator)) {
        half->wide[at] += count / WIDE_UNIT;
    }
}

bool otmi_exponential_move(const otmi_shape *shape, const otm_allocator *allocator, const otmi_exponential_half *from,
                           otmi_exponential_half *to)
{
    /* With so few measurements no counter can pass 16 bits. */
    bool fits = from->wide == NULL && from->count + to->count < WIDE_UNIT;
    if (!fits && !widen(to, shape, allocator)) {
        return false;
    }
    if (from->down > to->down) {
        half_shift(to, shape, allocator, from->down - to->down);
    }
    for (uint32_t i = 0; i < from->positive.size; i++) {
        uint64_t count = from->counts[i] + (from->wide == NULL ? 0 : WIDE_UNIT * from->wide[i]);
        if (count > 0) {
            add_many(to, shape, allocator, (from->positive.low + (int32_t)i) >> (to->down - from->down), false, count);
        }
    }
    for (uint32_t i = 0; i < from->negative.size; i++) {
        uint64_t count = from->wide[shape->max_size + i];
        if (count > 0) {
            add_many(to, shape, allocator, (from->negative.low + (int32_t)i) >> (to->down - from->down), true, count);
        }
    }
    to->zero_count += from->zero_count;
    to->lost += from->lost;
    otmi_extremes_move(&from->extremes, from->count == 0, &to->extremes, to->count == 0);
    otmi_sum_i64_add(&to->count, (int64_t)from->count);
    otmi_sum_f64_add(&to->sum, otmi_load_f64(&from->sum));
    return true;
}

/* -- The collector's side ---------------------------------------------------------------------------------------- */

void otmi_exponential_side_lower(otmi_exponential_side *side, uint32_t by)
{
    counts_shift(side->counts, &side->range, by);
    side->range = range_shifted(&side->range, by);
}

static void total_lower(otmi_exponential_total *total, uint32_t by)
{
    otmi_exponential_side_lower(&total->positive, by);
    otmi_exponential_side_lower(&total->negative, by);
    total->down += by;
}

/* How far the total must be lowered to take in a range of a half that is lowered by `by` itself. */
static uint32_t shift_for_side(const otmi_exponential_side *side, const otmi_exponential_range *range, uint32_t by,
                               uint32_t max_size)
{
    if (range->size == 0) {
        return 0;
    }
    return shift_to_take(&side->range, range->low >> by, range_high(range) >> by, max_size);
}

static void side_add(otmi_exponential_side *side, int32_t index, uint64_t count)
{
    uint32_t old_size = side->range.size;
    uint32_t up = range_extend(&side->range, index);
    if (up > 0) {
        counts_up(side->counts, old_size, up);
    }
    side->counts[index - side->range.low] += count;
}

static void side_gather(otmi_exponential_side *side, const otmi_exponential_range *range, uint32_t by,
                        const uint16_t *narrow, const uint64_t *wide, uint64_t wide_unit)
{
    for (uint32_t i = 0; i < range->size; i++) {
        uint64_t count = (narrow == NULL ? 0 : narrow[i]) + (wide == NULL ? 0 : wide_unit * wide[i]);
        if (count > 0) {
            side_add(side, (range->low + (int32_t)i) >> by, count);
        }
    }
}

void otmi_exponential_gather(const otmi_shape *shape, const otmi_exponential_half *half, otmi_exponential_total *total,
                             otm_histogram_data *data)
{
    total->lost += half->lost;
    data->zero_count += half->zero_count;
    data->sum += otmi_load_f64(&half->sum);
    otmi_extremes_gather(&half->extremes, half->count == 0, data);
    if (half->down > total->down) {
        total_lower(total, half->down - total->down);
    }
    uint32_t by = total->down - half->down;
    uint32_t more = shift_for_side(&total->positive, &half->positive, by, shape->max_size);
    uint32_t negative = shift_for_side(&total->negative, &half->negative, by, shape->max_size);
    more = more > negative ? more : negative;
    if (more > 0) {
        total_lower(total, more);
        by += more;
    }
    side_gather(&total->positive, &half->positive, by, half->counts, half->wide, WIDE_UNIT);
    side_gather(&total->negative, &half->negative, by, NULL,
                half->wide == NULL ? NULL : half->wide + shape->max_size, 1);
}

bool otmi_exponential_total_init(otmi_exponential_total *total, const otmi_shape *shape, otmi_arena *arena)
{
    *total = (otmi_exponential_total){.down = 0};
    total->positive.counts = otmi_arena_alloc(arena, shape->max_size * sizeof(uint64_t));
    total->negative.counts = otmi_arena_alloc(arena, shape->max_size * sizeof(uint64_t));
    return total->positive.counts != NULL && total->negative.counts != NULL;
}

static uint64_t side_finish(const otmi_exponential_side *side, otm_exponential_buckets *buckets)
{
    uint64_t count = 0;
    buckets->counts = side->counts;
    buckets->count_size = side->range.size;
    buckets->offset = side->range.size == 0 ? 0 : side->range.low;
    for (uint32_t i = 0; i < side->range.size; i++) {
        count += side->counts[i];
    }
    return count;
}

/* At scale -10 two buckets hold every normal number. What is smaller, 2^-1024 and less, is rounded up into the lower
 * one (SDK-EXPH-05), which makes the buckets of scale -11, to which it may have driven a cell, the same as those of
 * -10. The side stays one that may be added to. */
static void side_round_up(const otmi_exponential_side *side, otm_exponential_buckets *buckets)
{
    if (buckets->offset >= LOWEST_NORMAL) {
        return;
    }
    buckets->offset = LOWEST_NORMAL;
    if (buckets->count_size > 1) {
        side->counts[1] += side->counts[0];
        side->counts[0] = 0;
        buckets->counts++;
        buckets->count_size--;
    }
}

void otmi_exponential_total_finish(const otmi_exponential_total *total, const otmi_shape *shape,
                                   otm_histogram_data *data)
{
    data->scale = shape->max_scale - (int32_t)total->down;
    data->count = data->zero_count + side_finish(&total->positive, &data->positive) +
                  side_finish(&total->negative, &data->negative);
    if (data->scale <= OTMI_EXPONENTIAL_MIN_SCALE) {
        data->scale = OTMI_EXPONENTIAL_MIN_SCALE;
        side_round_up(&total->positive, &data->positive);
        side_round_up(&total->negative, &data->negative);
    }
}
