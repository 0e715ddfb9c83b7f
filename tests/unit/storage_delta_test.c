/* A storage of a delta reader: intervals, the limit within each, and collections that were given up. */
#include "unit/storage_fixture.h"

static void open_delta(storage_fixture *f, uint32_t limit)
{
    storage_fixture_init(f);
    f->stream.temporality = OTM_DELTA;
    f->stream.cardinality_limit = limit;
    storage_fixture_open(f, 1);
}

static otmi_target *bind(storage_fixture *f, otmi_target *target, int64_t set)
{
    otm_attr attr = otm_attr_i64("set", set);
    assert_int_equal(otmi_storage_bind(f->storage, &attr, 1, false, target), OTM_OK);
    return target;
}

/* SDK-CARD-05, SDK-CARD-07, SDK-CARD-08 */
static void storage_delta_counts_the_limit_anew_in_each_interval(void **state)
{
    (void)state;
    storage_fixture f;
    open_delta(&f, 3);
    for (int64_t interval = 0; interval < 20; interval++) {
        for (int64_t i = 0; i < 3; i++) {
            storage_record(&f, 10 * interval + i, 1);
        }
        if (interval % 2 == 1) {
            storage_record(&f, 5000, 2); /* one too many */
            storage_record(&f, 10 * interval, 1);
        }
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.count, interval % 2 == 1 ? 4 : 3);
        assert_int_equal(value_of(&points, OVERFLOW), interval % 2 == 1 ? 2 : 0);
        assert_int_equal(value_of(&points, 10 * interval), interval % 2 == 1 ? 2 : 1);
    }
    storage_fixture_fini(&f);
}

/* The default limit, and not one set twice: those of earlier intervals must be out of the way. SDK-CARD-05 */
static void storage_delta_with_new_sets_only_never_overflows_below_its_limit(void **state)
{
    (void)state;
    storage_fixture f;
    open_delta(&f, 2000);
    for (int64_t interval = 0; interval < 8; interval++) {
        for (int64_t i = 0; i < 2000; i++) {
            storage_record(&f, 2000 * interval + i, 1);
        }
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.count, 2000);
        assert_int_equal(points_of(&points, OVERFLOW), 0);
        assert_int_equal(total_of(&points), 2000);
    }
    storage_fixture_fini(&f);
}

/* SDK-BIND-02 */
static void storage_delta_handles_keep_a_place_in_every_interval(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target targets[3];
    open_delta(&f, 3);
    (void)bind(&f, &targets[0], 100);
    (void)bind(&f, &targets[1], 100); /* the same series: one place */
    (void)bind(&f, &targets[2], 101);
    for (int interval = 0; interval < 3; interval++) {
        storage_record(&f, interval, 1);
        storage_record(&f, 50 + interval, 1); /* no place left */
        for (int i = 0; i < 3; i++) {
            otmi_target_record(&targets[i], (otmi_number){.i64 = 1}, NULL);
        }
        otmi_points points = storage_collect(&f);
        assert_int_equal(value_of(&points, interval), 1);
        assert_int_equal(value_of(&points, OVERFLOW), 1);
        assert_int_equal(value_of(&points, 100), 2);
        assert_int_equal(value_of(&points, 101), 1);
    }
    for (int i = 0; i < 3; i++) {
        otmi_storage_unbind(&targets[i]);
    }
    assert_int_equal(f.storage->bound, 0);
    for (int64_t i = 0; i < 3; i++) {
        storage_record(&f, 200 + i, 1);
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, OVERFLOW), 0);
    storage_fixture_fini(&f);
}

/* A place is counted once, whichever comes first. */
static void storage_delta_set_measured_bound_and_let_go_takes_one_place(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_delta(&f, 2);
    storage_record(&f, 1, 1);
    (void)bind(&f, &target, 1);
    otmi_target_record(&target, (otmi_number){.i64 = 1}, NULL);
    otmi_storage_unbind(&target);
    storage_record(&f, 2, 1);
    storage_record(&f, 3, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 2);
    assert_int_equal(value_of(&points, 2), 1);
    assert_int_equal(value_of(&points, OVERFLOW), 1);
    storage_fixture_fini(&f);
}

static void storage_delta_removed_set_gives_its_place_to_another(void **state)
{
    (void)state;
    storage_fixture f;
    open_delta(&f, 1);
    storage_record(&f, 1, 1);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 2, 1);
    storage_record(&f, 3, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 2), 1);
    assert_int_equal(value_of(&points, OVERFLOW), 1);
    storage_fixture_fini(&f);
}

/* SDK-RDR-05, SDK-RDR-08, SDK-START-01 */
static void storage_delta_intervals_follow_each_other_without_a_gap(void **state)
{
    (void)state;
    storage_fixture f;
    open_delta(&f, 10);
    uint64_t last = f.clock.wall_ns;
    for (int i = 0; i < 4; i++) {
        fake_clock_advance_ms(&f.clock, 10);
        storage_record(&f, 1, i + 1);
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.points[0].start_time_unix_nano, last);
        last = points.points[0].time_unix_nano;
        assert_int_equal(last, f.clock.wall_ns);
        assert_int_equal(value_of(&points, 1), i + 1);
    }
    storage_fixture_fini(&f);
}

/* SDK-RDR-13 */
static void storage_delta_collection_given_up_at_any_step_loses_nothing(void **state)
{
    (void)state;
    storage_fixture f;
    open_delta(&f, 10);
    storage_record(&f, 1, 1);
    otmi_storage_collect_begin(f.storage, 0); /* ran out of time while it waited */
    storage_record(&f, 1, 2);
    storage_record(&f, 2, 4);
    storage_begin(&f);
    (void)storage_read(&f, 0); /* no memory for the tree */
    storage_record(&f, 1, 8);
    otmi_points first = storage_collect(&f);
    assert_int_equal(value_of(&first, 1), 1);
    assert_int_equal(points_of(&first, 2), 0);
    otmi_points second = storage_collect(&f);
    assert_int_equal(value_of(&second, 1), 10);
    assert_int_equal(value_of(&second, 2), 4);
    second = storage_collect(&f);
    assert_int_equal(second.count, 0);
    storage_fixture_fini(&f);
}

static void storage_delta_without_memory_for_points_reads_them_next_time(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        otmi_points points;
        open_delta(&f, 10);
        storage_record(&f, 1, 5);
        storage_begin(&f);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        otm_status st = otmi_storage_collect_read(f.storage, 0, &f.arena, 0, &points);
        failed = failing_alloc_failed(&f.memory);
        assert_int_equal(st, failed ? OTM_ERR_NO_MEMORY : OTM_OK);
        f.memory.fail_at = 0;
        points = storage_collect(&f);
        assert_int_equal(value_of(&points, 1), 5);
        storage_fixture_fini(&f);
    }
}

/* 0.1 three times and then 0.2: what a difference of totals could not give back. */
static void storage_delta_sums_of_doubles_are_those_of_the_interval(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.temporality = OTM_DELTA;
    f.stream.number = OTM_NUMBER_F64;
    storage_fixture_open(&f, 1);
    for (int i = 0; i < 3; i++) {
        otmi_storage_record(f.storage, (otmi_number){.f64 = 0.1}, NULL, 0, NULL);
    }
    (void)storage_collect(&f);
    otmi_storage_record(f.storage, (otmi_number){.f64 = 0.2}, NULL, 0, NULL);
    otmi_points points = storage_collect(&f);
    assert_true(points.points[0].data.number.as.f64 == 0.2);
    storage_fixture_fini(&f);
}

static void storage_delta_peek_gives_totals_whatever_was_drained(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_delta(&f, 10);
    (void)bind(&f, &target, 1);
    otm_series_value value;
    otm_series_value_init(&value);
    assert_int_equal(otmi_storage_peek(&target, &value), OTM_ERR_NOT_FOUND);
    for (int64_t i = 1; i <= 4; i++) {
        otmi_target_record(&target, (otmi_number){.i64 = 10}, NULL);
        assert_int_equal(otmi_storage_peek(&target, &value), OTM_OK);
        assert_int_equal(value.i64, 10 * i);
        (void)storage_collect(&f);
        assert_int_equal(otmi_storage_peek(&target, &value), OTM_OK);
        assert_int_equal(value.i64, 10 * i);
    }
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_delta_counts_the_limit_anew_in_each_interval),
        cmocka_unit_test(storage_delta_with_new_sets_only_never_overflows_below_its_limit),
        cmocka_unit_test(storage_delta_handles_keep_a_place_in_every_interval),
        cmocka_unit_test(storage_delta_set_measured_bound_and_let_go_takes_one_place),
        cmocka_unit_test(storage_delta_removed_set_gives_its_place_to_another),
        cmocka_unit_test(storage_delta_intervals_follow_each_other_without_a_gap),
        cmocka_unit_test(storage_delta_collection_given_up_at_any_step_loses_nothing),
        cmocka_unit_test(storage_delta_without_memory_for_points_reads_them_next_time),
        cmocka_unit_test(storage_delta_sums_of_doubles_are_those_of_the_interval),
        cmocka_unit_test(storage_delta_peek_gives_totals_whatever_was_drained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
