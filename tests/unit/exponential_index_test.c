/* The exact bucket index, and the cell of an exponential histogram. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metrics/exponential_cell.h"
#include "support/failing_alloc.h"
#include "support/suite_csv.h"
#include "util/alloc.h"

/* DM-EXP-03, DM-EXP-04, DM-EXP-05, DM-EXP-06 */
static void index_of_every_row_of_the_table_is_exact(void **state)
{
    (void)state;
    suite_csv csv;
    size_t rows = 0;
    size_t near_misses = 0;
    if (!suite_csv_open(&csv, "sdk/exphist_index.csv", "index_of_every_row_of_the_table_is_exact")) {
        skip();
    }
    while (suite_csv_next(&csv)) {
        uint64_t bits = strtoull(csv.fields[2], NULL, 16);
        double value;
        memcpy(&value, &bits, sizeof value);
        int32_t scale = (int32_t)strtol(csv.fields[0], NULL, 10);
        int32_t expected = (int32_t)strtol(csv.fields[3], NULL, 10);
        int32_t index = otmi_exponential_index(otmi_exponential_tables_get(), value, scale);
        bool near = strcmp(csv.fields[5], "near") == 0;
        near_misses += near && index != expected;
        if (!near) {
            assert_int_equal(index, expected);
        }
        rows++;
    }
    suite_csv_close(&csv);
    print_message("%zu rows, %zu of the near ones missed\n", rows, near_misses);
    assert_true(rows > 1000);
    assert_int_equal(near_misses, 0);
}

/* A power of two is the upper, inclusive bound of its bucket. DM-EXP-04 */
static void index_of_powers_of_two_is_one_below_their_exponent_at_every_scale(void **state)
{
    (void)state;
    const otmi_exponential_tables *tables = otmi_exponential_tables_get();
    for (int32_t scale = OTMI_EXPONENTIAL_MIN_SCALE; scale <= OTMI_EXPONENTIAL_MAX_SCALE; scale++) {
        for (int exponent = -1074; exponent <= 1023; exponent += 7) {
            int64_t shifted = scale >= 0 ? (int64_t)exponent * (INT64_C(1) << scale) - 1 : (exponent - 1) >> -scale;
            assert_int_equal(otmi_exponential_index(tables, ldexp(1.0, exponent), scale), shifted);
            assert_int_equal(otmi_exponential_index(tables, -ldexp(1.0, exponent), scale), shifted);
        }
    }
}

typedef struct cell {
    otmi_shape shape;
    otmi_exponential_half *half;
} cell;

static void cell_init(cell *c, uint32_t max_size)
{
    c->shape = (otmi_shape){.kind = OTMI_SHAPE_EXPONENTIAL,
                            .record_sum = true,
                            .record_min_max = true,
                            .max_scale = 20,
                            .max_size = max_size,
                            .tables = otmi_exponential_tables_get()};
    c->half = calloc(1, otmi_exponential_half_size(max_size));
    assert_non_null(c->half);
}

static void cell_fini(cell *c, const otm_allocator *allocator)
{
    otmi_exponential_half_fini(c->half, &c->shape, allocator);
    free(c->half);
}

static otm_histogram_data gather(const cell *c, otmi_arena *arena)
{
    otm_histogram_data data = {.min = INFINITY, .max = -INFINITY};
    otmi_exponential_total total;
    assert_true(otmi_exponential_total_init(&total, &c->shape, arena));
    otmi_exponential_gather(&c->shape, c->half, &total, &data);
    otmi_exponential_total_finish(&total, &c->shape, &data);
    return data;
}

static uint64_t counted(const otm_exponential_buckets *buckets)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < buckets->count_size; i++) {
        sum += buckets->counts[i];
    }
    return sum;
}

static void cell_counts_past_what_its_narrow_counters_hold(void **state)
{
    (void)state;
    const otm_allocator *allocator = otmi_allocator_default();
    cell c;
    otmi_arena arena;
    cell_init(&c, 20);
    otmi_arena_init(&arena, allocator, 1 << 20);
    for (int i = 0; i < 200000; i++) {
        otmi_exponential_add(c.half, &c.shape, allocator, 3.0);
        otmi_exponential_add(c.half, &c.shape, allocator, i % 2 == 0 ? 5.0 : -5.0);
    }
    otmi_exponential_add(c.half, &c.shape, allocator, 1e300); /* lowers the scale: wide counts move too */
    otm_histogram_data data = gather(&c, &arena);
    assert_int_equal(data.count, 400001);
    assert_int_equal(counted(&data.positive), 300001);
    assert_int_equal(counted(&data.negative), 100000);
    assert_true(data.max == 1e300 && data.min == -5.0);
    otmi_exponential_half_clear(c.half, &c.shape);
    data = gather(&c, &arena);
    assert_int_equal(data.count, 0);
    assert_int_equal(data.scale, 20);
    otmi_arena_fini(&arena);
    cell_fini(&c, allocator);
}

/* What cannot be counted for want of memory is counted as lost, and what is there stays whole. */
static void cell_without_memory_to_widen_tells_how_many_it_lost(void **state)
{
    (void)state;
    failing_alloc fa;
    cell c;
    otmi_arena arena;
    failing_alloc_init(&fa, 1);
    cell_init(&c, 20);
    otmi_arena_init(&arena, otmi_allocator_default(), 1 << 20);
    otmi_exponential_add(c.half, &c.shape, &fa.base, 2.0);
    otmi_exponential_add(c.half, &c.shape, &fa.base, -2.0);
    assert_int_equal(c.half->lost, 1);
    otm_histogram_data data = gather(&c, &arena);
    assert_int_equal(data.count, 1);
    assert_true(data.min == 2.0);
    otmi_arena_fini(&arena);
    cell_fini(&c, &fa.base);
    assert_int_equal(fa.live, 0);
}

/* SDK-EXPH-08, SDK-EXPH-09: parts of different scale are merged at the largest scale at which all fits. */
static void cells_of_different_scale_are_merged_without_error(void **state)
{
    (void)state;
    const otm_allocator *allocator = otmi_allocator_default();
    cell a;
    cell b;
    otmi_arena arena;
    otm_histogram_data together = {.min = INFINITY, .max = -INFINITY};
    otmi_exponential_total total;
    cell_init(&a, 40);
    cell_init(&b, 40);
    otmi_arena_init(&arena, allocator, 1 << 20);
    for (int i = 1; i <= 100; i++) {
        otmi_exponential_add(a.half, &a.shape, allocator, 1.0 + i / 1000.0);
        otmi_exponential_add(b.half, &b.shape, allocator, i * 10.0);
        otmi_exponential_add(b.half, &b.shape, allocator, 1.0 / i);
    }
    assert_true(otmi_exponential_total_init(&total, &a.shape, &arena));
    otmi_exponential_gather(&a.shape, a.half, &total, &together);
    otmi_exponential_gather(&b.shape, b.half, &total, &together);
    otmi_exponential_total_finish(&total, &a.shape, &together);
    otmi_exponential_move(&a.shape, allocator, a.half, b.half);
    otm_histogram_data moved = gather(&b, &arena);
    assert_int_equal(together.count, 300);
    assert_int_equal(moved.count, 300);
    assert_int_equal(moved.scale, together.scale);
    assert_int_equal(moved.positive.offset, together.positive.offset);
    assert_int_equal(moved.positive.count_size, together.positive.count_size);
    assert_memory_equal(moved.positive.counts, together.positive.counts,
                        moved.positive.count_size * sizeof *moved.positive.counts);
    otmi_arena_fini(&arena);
    cell_fini(&a, allocator);
    cell_fini(&b, allocator);
}

/* SDK-EXPH-05, SDK-EXPH-06: what is rounded up at the smallest scale stays so when a total is added to and finished
 * anew, as a cumulative collection does. */
static void total_at_the_smallest_scale_may_be_finished_twice(void **state)
{
    (void)state;
    const otm_allocator *allocator = otmi_allocator_default();
    cell c;
    otm_histogram_data data = {.min = INFINITY, .max = -INFINITY};
    otmi_exponential_total total = {.positive.counts = calloc(3, sizeof(uint64_t)),
                                    .negative.counts = calloc(3, sizeof(uint64_t))};
    cell_init(&c, 3);
    const double values[] = {DBL_TRUE_MIN, 1.0, 3.0, 4.0, -DBL_TRUE_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        otmi_exponential_add(c.half, &c.shape, allocator, values[i]);
    }
    for (uint64_t times = 1; times <= 3; times++) {
        otmi_exponential_gather(&c.shape, c.half, &total, &data);
        otmi_exponential_total_finish(&total, &c.shape, &data);
        assert_int_equal(data.scale, -10);
        assert_int_equal(data.count, 5 * times);
        assert_int_equal(data.positive.offset, -1);
        assert_int_equal(data.positive.count_size, 2);
        assert_int_equal(data.positive.counts[0], 2 * times);
        assert_int_equal(data.positive.counts[1], 2 * times);
        assert_int_equal(data.negative.offset, -1);
        assert_int_equal(data.negative.count_size, 1);
        assert_int_equal(data.negative.counts[0], times);
    }
    free(total.positive.counts);
    free(total.negative.counts);
    cell_fini(&c, allocator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_of_every_row_of_the_table_is_exact),
        cmocka_unit_test(index_of_powers_of_two_is_one_below_their_exponent_at_every_scale),
        cmocka_unit_test(cell_counts_past_what_its_narrow_counters_hold),
        cmocka_unit_test(cell_without_memory_to_widen_tells_how_many_it_lost),
        cmocka_unit_test(cells_of_different_scale_are_merged_without_error),
        cmocka_unit_test(total_at_the_smallest_scale_may_be_finished_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
