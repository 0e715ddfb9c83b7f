/* Cells of histograms with explicit bounds: counters of 32 bits, and what they cannot hold. SDK-NUM-01 */
#include <errno.h>

#include "metrics/storage_cells.h"
#include "unit/storage_fixture.h"

#define TWO_31 (UINT64_C(1) << 31)
#define TWO_32 (UINT64_C(1) << 32)

static double bounds[] = {0, 10};

static void open_histogram(storage_fixture *f, otm_temporality temporality)
{
    storage_fixture_init(f);
    f->stream.kind = OTM_HISTOGRAM;
    f->stream.temporality = temporality;
    f->stream.aggregation = (otmi_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                               .bounds = bounds,
                                               .bound_count = 2,
                                               .record_sum = true,
                                               .record_min_max = true};
    storage_fixture_open(f, 1);
}

/* The half of set 1 that this thread records into now. */
static otmi_histogram_half *half_of(storage_fixture *f)
{
    otm_attr attr = otm_attr_i64("set", 1);
    otmi_attr_span span = {.attrs = &attr, .count = 1};
    uint64_t hash = otmi_attr_span_hash(f->env.hash_key, &span);
    const otmi_series *series = otmi_series_map_find(&f->storage->map, hash, &span);
    assert_non_null(series);
    char *cell = otmi_series_cell(series, otmi_this_thread.slot);
    return (otmi_histogram_half *)(void *)(cell + otmi_storage_half_offset(f->storage, f->storage->epoch & 1));
}

/* As if there had been so many measurements of 5. */
static void count(storage_fixture *f, uint64_t number)
{
    assert_true(otmi_histogram_count_many(half_of(f), &f->storage->shape, &f->memory.base, 1, number));
}

static const otm_histogram_data *collected(storage_fixture *f)
{
    otmi_points points = storage_collect(f);
    return point_of(&points, 1)->data.histogram;
}

static void histogram_cell_counts_on_past_31_and_32_bits(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_CUMULATIVE);
    storage_record(&f, 1, 5);
    half_of(&f)->counts[1] = (uint32_t)TWO_31 - 2;
    uint64_t expected = TWO_31 - 2;
    for (int i = 0; i < 5; i++) {
        storage_record(&f, 1, 5);
        assert_int_equal(otmi_histogram_bucket(half_of(&f), 1), ++expected);
    }
    for (int crossing = 0; crossing < 3; crossing++) {
        count(&f, TWO_31 - 4);
        expected += TWO_31 - 4;
        for (int i = 0; i < 7; i++) {
            storage_record(&f, 1, 5);
            assert_int_equal(otmi_histogram_bucket(half_of(&f), 1), ++expected);
        }
    }
    assert_true(expected > TWO_32);
    storage_record(&f, 1, 11);
    const otm_histogram_data *data = collected(&f);
    assert_int_equal(data->bucket_counts[0], 0);
    assert_int_equal(data->bucket_counts[1], expected);
    assert_int_equal(data->bucket_counts[2], 1);
    assert_int_equal(data->count, expected + 1);
    storage_fixture_fini(&f);
}

/* Both halves of a cumulative histogram count for themselves, and are added. */
static void histogram_cell_halves_past_32_bits_are_added(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_CUMULATIVE);
    uint64_t expected = 0;
    for (uint64_t i = 0; i < 4; i++) {
        storage_begin(&f); /* the other half from here */
        storage_record(&f, 1, 5);
        count(&f, TWO_32 - i);
        expected += TWO_32 - i + 1;
    }
    assert_int_equal(collected(&f)->bucket_counts[1], expected);
    assert_int_equal(collected(&f)->bucket_counts[1], expected);
    storage_fixture_fini(&f);
}

static void histogram_cell_of_a_drained_interval_is_empty_again(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_DELTA);
    for (uint64_t interval = 0; interval < 6; interval++) {
        uint64_t number = interval % 3 == 0 ? TWO_32 + interval : interval;
        storage_record(&f, 1, 5);
        count(&f, number);
        const otm_histogram_data *data = collected(&f);
        assert_int_equal(data->bucket_counts[1], number + 1);
        assert_int_equal(data->count, number + 1);
        assert_true(data->min == 5 && data->max == 5);
    }
    storage_fixture_fini(&f);
}

/* A set that ended and came back within an interval has one point; a counter that is full when they meet carries. */
static void histogram_cell_takes_what_an_ended_namesake_counted(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_DELTA);
    storage_record(&f, 1, 5);
    count(&f, TWO_31 - 2);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 7);
    count(&f, TWO_32 - 2);
    const otm_histogram_data *data = collected(&f);
    assert_int_equal(data->bucket_counts[1], TWO_31 - 1 + TWO_32 - 1);
    assert_true(data->min == 5 && data->max == 7);
    storage_fixture_fini(&f);
}

static void histogram_cell_peek_sees_what_a_counter_has_no_bits_for(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    otm_attr attr = otm_attr_i64("set", 1);
    otm_series_value value = {.struct_size = sizeof value};
    open_histogram(&f, OTM_CUMULATIVE);
    assert_int_equal(otmi_storage_bind(f.storage, &attr, 1, false, &target), OTM_OK);
    otmi_target_record(&target, (otmi_number){.i64 = 5}, NULL);
    count(&f, 3 * TWO_31);
    assert_int_equal(otmi_storage_peek(&target, &value), OTM_OK);
    assert_int_equal(value.count, 3 * TWO_31 + 1);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

/* 32 bits hold the first crossing without a block for it. At the second one a measurement is lost rather than all that
 * were before it, until there is memory again. */
static void histogram_cell_without_memory_stays_full(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_CUMULATIVE);
    storage_record(&f, 1, 5);
    half_of(&f)->counts[1] = (uint32_t)TWO_31 - 1;
    f.memory.requests = 0;
    f.memory.fail_at = 1;
    storage_record(&f, 1, 5);
    assert_true(failing_alloc_failed(&f.memory));
    assert_int_equal(otmi_histogram_bucket(half_of(&f), 1), TWO_31);

    half_of(&f)->counts[1] = UINT32_MAX;
    f.memory.requests = 0;
    errno = 17;
    storage_record(&f, 1, 5);
    assert_int_equal(errno, 17);
    assert_true(failing_alloc_failed(&f.memory));
    assert_int_equal(otmi_histogram_bucket(half_of(&f), 1), UINT32_MAX);
    assert_true(otmi_load_f64(&half_of(&f)->sum) == 10);
    storage_record(&f, 1, 5); /* the failing one is behind us */
    assert_int_equal(otmi_histogram_bucket(half_of(&f), 1), TWO_32);
    storage_fixture_fini(&f);
}

/* What bound handles do in line leaves the rest to the general way, with nothing added. */
static void histogram_cell_common_case_ends_where_a_counter_crosses(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_CUMULATIVE);
    storage_record(&f, 1, 5);
    otmi_histogram_half *half = half_of(&f);
    assert_true(otmi_histogram_add_common(half, &f.storage->shape, 5));
    assert_false(otmi_histogram_add_common(half, &f.storage->shape, 6)); /* beyond the largest */
    const uint32_t crossing[] = {(uint32_t)TWO_31 - 1, UINT32_MAX};
    for (size_t i = 0; i < 2; i++) {
        half->counts[1] = crossing[i];
        assert_false(otmi_histogram_add_common(half, &f.storage->shape, 5));
        assert_int_equal(half->counts[1], crossing[i]);
    }
    assert_true(otmi_load_f64(&half->sum) == 10);
    storage_fixture_fini(&f);
}

/* The owner writes a counter first and notes its crossing then: whoever reads in between is not misled. */
static void histogram_cell_reads_right_between_the_two_stores_of_a_crossing(void **state)
{
    (void)state;
    storage_fixture f;
    open_histogram(&f, OTM_CUMULATIVE);
    storage_record(&f, 1, 5);
    otmi_histogram_half *half = half_of(&f);
    count(&f, TWO_31);
    half->counts[1] = UINT32_MAX;
    assert_int_equal(otmi_histogram_bucket(half, 1), UINT32_MAX);
    half->counts[1] = 0;
    assert_int_equal(otmi_histogram_bucket(half, 1), TWO_32);
    half->crossings[1] = 2;
    assert_int_equal(otmi_histogram_bucket(half, 1), TWO_32);
    storage_fixture_fini(&f);
}

/* Neither of the two halves of one set has passed 31 bits, both together do. */
static void histogram_cell_merged_past_31_bits_without_memory_loses_nothing(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        storage_fixture f;
        otmi_points points;
        open_histogram(&f, OTM_DELTA);
        storage_record(&f, 1, 5);
        count(&f, TWO_31 - 2);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        storage_record(&f, 1, 5);
        storage_record(&f, 1, 5);
        storage_begin(&f);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        st = otmi_storage_collect_read(f.storage, 0, &f.arena, f.clock.wall_ns, &points);
        assert_int_equal(st, failing_alloc_failed(&f.memory) ? OTM_ERR_NO_MEMORY : OTM_OK);
        f.memory.fail_at = 0;
        const otm_histogram_data *data = collected(&f);
        assert_int_equal(data->bucket_counts[1], TWO_31 + 1);
        assert_true(data->sum == 15);
        storage_fixture_fini(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histogram_cell_merged_past_31_bits_without_memory_loses_nothing),
        cmocka_unit_test(histogram_cell_counts_on_past_31_and_32_bits),
        cmocka_unit_test(histogram_cell_halves_past_32_bits_are_added),
        cmocka_unit_test(histogram_cell_of_a_drained_interval_is_empty_again),
        cmocka_unit_test(histogram_cell_takes_what_an_ended_namesake_counted),
        cmocka_unit_test(histogram_cell_peek_sees_what_a_counter_has_no_bits_for),
        cmocka_unit_test(histogram_cell_without_memory_stays_full),
        cmocka_unit_test(histogram_cell_common_case_ends_where_a_counter_crosses),
        cmocka_unit_test(histogram_cell_reads_right_between_the_two_stores_of_a_crossing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
