/* A storage under cumulative readers: the way of every measurement, limits, and what bad input does. */
#include <errno.h>
#include <pthread.h>

#include "unit/storage_fixture.h"

static void storage_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    static const otm_aggregation_kind kinds[] = {OTM_AGGREGATION_SUM, OTM_AGGREGATION_LAST_VALUE,
                                                 OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        otm_status st = OTM_ERR_NO_MEMORY;
        for (uint64_t n = 1; st != OTM_OK; n++) {
            storage_fixture f;
            storage_fixture_init(&f);
            f.stream.aggregation.kind = kinds[k];
            f.stream.aggregation.bounds = (double *)(uintptr_t)otmi_default_bounds;
            f.stream.aggregation.bound_count = 15;
            f.memory.fail_at = n;
            st = otmi_storage_create(&f.env, &f.stream, "meter", "instrument", &f.storage);
            assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
            storage_fixture_fini(&f);
        }
    }
}

static size_t calls;
static size_t unguarded_calls;

/* Runs inside a measurement, where its exemplar is dated: a collector must have to wait now. */
static uint64_t clock_that_looks_around(void *context)
{
    calls++;
    unguarded_calls += context != NULL && otmi_slots_wait(0) == OTM_OK;
    return 1;
}

static void *record_known_set(void *argument)
{
    storage_record(argument, 1, 1);
    return otmi_this_thread.slot == &otmi_empty_slot ? NULL : argument;
}

/* SDK-CARD-08: threads beyond the limit of slots look up series and maps too, and those must not be freed meanwhile. */
static void storage_guards_recordings_of_threads_that_have_no_slot(void **state)
{
    (void)state;
    storage_fixture f;
    pthread_t thread;
    void *had_slot;
    storage_fixture_init(&f);
    f.stream.kind = OTM_GAUGE; /* needs no cell */
    f.stream.aggregation.kind = OTM_AGGREGATION_LAST_VALUE;
    f.env.exemplar_filter = OTM_EXEMPLARS_ALWAYS_ON;
    storage_fixture_open(&f, 1);
    storage_record(&f, 1, 1);
    (void)storage_collect(&f); /* the next measurement is the first of its interval, and surely an exemplar */
    otm_clock clock = {&f, clock_that_looks_around, clock_that_looks_around};
    f.env.clock = &clock;
    otmi_slot_limit(1);
    assert_int_equal(pthread_create(&thread, NULL, record_known_set, &f), 0);
    pthread_join(thread, &had_slot);
    otmi_slot_limit(0);
    f.env.clock = &f.clock.base;
    assert_null(had_slot);
    assert_int_equal(calls, 1);
    assert_int_equal(unguarded_calls, 0);
    storage_fixture_fini(&f);
}

/* Whatever fails: no measurement counts twice, none counts for another set, and what memory sufficed for is there. */
static void storage_recording_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        storage_fixture_init(&f);
        storage_fixture_open(&f, 1);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        for (int64_t i = 0; i < 40; i++) { /* several chunks and tables */
            storage_record(&f, i, 1);
            storage_record(&f, i, 1);
        }
        failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        otmi_points points = storage_collect(&f);
        assert_true(total_of(&points) <= 80 && total_of(&points) >= 79);
        for (int64_t i = 0; i < 40; i++) {
            assert_true(value_of(&points, i) <= 2);
        }
        storage_fixture_fini(&f);
    }
}

/* SDK-CARD-04, SDK-CARD-05, SDK-CARD-06, SDK-CARD-08 */
static void storage_at_its_limit_gives_later_sets_to_the_overflow_series(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.cardinality_limit = 3;
    storage_fixture_open(&f, 1);
    for (int64_t i = 0; i < 3; i++) {
        storage_record(&f, i, 1);
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 3);
    for (int64_t i = 0; i < 6; i++) {
        storage_record(&f, i, 1);
    }
    points = storage_collect(&f);
    assert_int_equal(points.count, 4);
    assert_int_equal(value_of(&points, OVERFLOW), 3);
    assert_int_equal(value_of(&points, 0), 2);
    assert_int_equal(storage_remove(&f, 0), OTM_OK); /* there is a place again */
    storage_record(&f, 9, 1);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 9), 1);
    storage_fixture_fini(&f);
}

static void storage_with_the_largest_limit_has_no_overflow(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.cardinality_limit = UINT32_MAX;
    storage_fixture_open(&f, 1);
    for (int64_t i = 0; i < 1200; i++) {
        storage_record(&f, i, 1);
        assert_int_equal(storage_remove(&f, i), OTM_OK);
    }
    storage_record(&f, 5000, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, OVERFLOW), 0);
    assert_int_equal(value_of(&points, 5000), 1);
    storage_fixture_fini(&f);
}

static void storage_takes_sets_in_any_order_and_the_last_of_a_repeated_key(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr a = otm_attr_i64("a", 1);
    otm_attr set = otm_attr_i64("set", 1);
    otm_attr other = otm_attr_i64("set", 2);
    const otm_attr forward[] = {a, set};
    const otm_attr backward[] = {set, a};
    const otm_attr repeated[] = {other, a, set};
    otmi_storage_record(f.storage, (otmi_number){.i64 = 1}, forward, 2, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 2}, backward, 2, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 4}, repeated, 3, NULL);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(points.points[0].data.number.as.i64, 7);
    storage_fixture_fini(&f);
}

/* Their hash is not that of the repaired form: only the slow path finds the series. */
static void storage_takes_keys_that_are_no_utf8_to_the_series_of_their_repaired_form(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.cardinality_limit = 1;
    storage_fixture_open(&f, 1);
    const otm_attr illegible = otm_attr_string("caf\xE9", "v");
    const otm_attr repaired = otm_attr_string("caf\xEF\xBF\xBD", "v");
    const otm_attr other = otm_attr_string("caf\xE9", "w");
    otmi_storage_record(f.storage, (otmi_number){.i64 = 1}, &illegible, 1, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 2}, &repaired, 1, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 4}, &illegible, 1, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 8}, &other, 1, NULL); /* at the limit */
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 2);
    assert_int_equal(value_of(&points, OVERFLOW), 8);
    assert_int_equal(total_of(&points), 15);
    storage_fixture_fini(&f);
}

static void storage_leaves_out_empty_keys_and_attributes_that_are_not_there(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr empty = otm_attr_i64("", 1);
    otm_attr null = otm_attr_i64(NULL, 1);
    const otm_attr *none = NULL; /* with a count */
    otmi_storage_record(f.storage, (otmi_number){.i64 = 1}, &empty, 1, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 2}, &null, 1, NULL);
    otmi_storage_record(f.storage, (otmi_number){.i64 = 4}, none, 3, NULL);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(value_of(&points, -1), 7);
    assert_int_equal(otmi_storage_remove(f.storage, none, 2), OTM_OK);
    storage_fixture_fini(&f);
}

/* A host without a clock must not be caught in the first measurement. */
static void storage_with_a_clock_at_zero_records_all_the_same(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    fake_clock_set_wall(&f.clock, 0);
    storage_fixture_open(&f, 1);
    storage_record(&f, 1, 5);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 5);
    storage_fixture_fini(&f);
}

/* SDK-START-02, SDK-START-03 */
static void storage_gives_each_series_its_own_start_time_for_good(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    uint64_t start[2];
    for (int64_t i = 0; i < 2; i++) {
        fake_clock_advance_ms(&f.clock, 10);
        start[i] = f.clock.wall_ns;
        storage_record(&f, i, 1);
    }
    for (int round = 0; round < 3; round++) {
        fake_clock_advance_ms(&f.clock, 10);
        otmi_points points = storage_collect(&f);
        assert_int_equal(point_of(&points, 0)->start_time_unix_nano, start[0]);
        assert_int_equal(point_of(&points, 1)->start_time_unix_nano, start[1]);
        assert_int_equal(point_of(&points, 1)->time_unix_nano, f.clock.wall_ns);
    }
    fake_clock_set_wall(&f.clock, start[0] - 1); /* the clock was set back */
    otmi_points points = storage_collect(&f);
    assert_int_equal(point_of(&points, 0)->time_unix_nano, start[0]);
    storage_fixture_fini(&f);
}

static uint64_t clock_that_spoils_errno(void *context)
{
    (void)context;
    errno = EBADF;
    return 1;
}

static void storage_preserves_errno_whatever_the_hosts_clock_does(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    const otm_clock spoiling = {NULL, clock_that_spoils_errno, clock_that_spoils_errno};
    f.env.clock = &spoiling;
    storage_fixture_open(&f, 1);
    errno = ENOENT;
    storage_record(&f, 1, 1);
    assert_int_equal(errno, ENOENT);
    storage_fixture_fini(&f);
}

/* SDK-NUM-02 */
static void storage_wraps_whole_numbers_around(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.kind = OTM_UP_DOWN_COUNTER;
    f.stream.aggregation.monotonic = false;
    storage_fixture_open(&f, 1);
    storage_record(&f, 1, INT64_MAX);
    storage_record(&f, 1, 2);
    otmi_points points = storage_collect(&f);
    assert_true(value_of(&points, 1) == INT64_MIN + 1);
    storage_fixture_fini(&f);
}

static void storage_histogram_of_two_halves_is_whole_in_every_collection(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    double bounds[] = {1, 2, 3, 4, 5};
    f.stream.kind = OTM_HISTOGRAM;
    f.stream.number = OTM_NUMBER_F64;
    f.stream.aggregation = (otmi_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                              .record_sum = true, .record_min_max = true,
                                              .bounds = bounds, .bound_count = 5};
    storage_fixture_open(&f, 1);
    uint64_t count = 0;
    for (int round = 0; round < 7; round++) {
        for (int64_t v = 0; v <= round; v++) {
            storage_record(&f, 1, v);
            count++;
        }
        otmi_points points = storage_collect(&f);
        const otm_histogram_data *data = point_of(&points, 1)->data.histogram;
        assert_int_equal(data->count, count);
        assert_true(data->has_min && data->min == 0.0);
        assert_true(data->has_max && data->max == (double)round);
    }
    storage_fixture_fini(&f);
}

/* More series than fit into one chunk, and more chunks than fit into one map table. */
static void storage_finds_each_of_many_series(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.cardinality_limit = 20000;
    storage_fixture_open(&f, 1);
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < 20000; i++) {
            storage_record(&f, i, i);
        }
    }
    uint64_t requests = f.memory.requests;
    storage_record(&f, 12345, 0); /* a known set: no allocation */
    assert_int_equal(f.memory.requests, requests);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 20000);
    for (size_t i = 0; i < points.count; i++) {
        const otm_point *p = &points.points[i];
        assert_int_equal(p->data.number.as.i64, 2 * p->attributes[0].value.as.i64);
    }
    storage_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_guards_recordings_of_threads_that_have_no_slot),
        cmocka_unit_test(storage_create_survives_failure_of_each_allocation),
        cmocka_unit_test(storage_recording_survives_failure_of_each_allocation),
        cmocka_unit_test(storage_at_its_limit_gives_later_sets_to_the_overflow_series),
        cmocka_unit_test(storage_with_the_largest_limit_has_no_overflow),
        cmocka_unit_test(storage_takes_sets_in_any_order_and_the_last_of_a_repeated_key),
        cmocka_unit_test(storage_takes_keys_that_are_no_utf8_to_the_series_of_their_repaired_form),
        cmocka_unit_test(storage_leaves_out_empty_keys_and_attributes_that_are_not_there),
        cmocka_unit_test(storage_with_a_clock_at_zero_records_all_the_same),
        cmocka_unit_test(storage_gives_each_series_its_own_start_time_for_good),
        cmocka_unit_test(storage_preserves_errno_whatever_the_hosts_clock_does),
        cmocka_unit_test(storage_wraps_whole_numbers_around),
        cmocka_unit_test(storage_histogram_of_two_halves_is_whole_in_every_collection),
        cmocka_unit_test(storage_finds_each_of_many_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
