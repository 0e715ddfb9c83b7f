/* How series end: removed, not measured any more, while collections are at any of their steps. */
#include "unit/storage_fixture.h"

static void open_with(storage_fixture *f, otm_temporality temporality, otm_aggregation_kind aggregation,
                      uint64_t readers)
{
    storage_fixture_init(f);
    f->stream.temporality = temporality;
    f->stream.aggregation.kind = aggregation;
    if (aggregation == OTM_AGGREGATION_LAST_VALUE) {
        f->stream.kind = OTM_GAUGE;
    }
    storage_fixture_open(f, readers);
}

/* -- Cumulative -------------------------------------------------------------------------------------------------- */

/* SDK-CARD-08 */
static void storage_end_removed_series_shows_once_more_and_never_again(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    assert_int_equal(storage_remove(&f, 1), OTM_ERR_NOT_FOUND);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 5);
    points = storage_collect(&f);
    assert_int_equal(points.count, 0);
    storage_fixture_fini(&f);
}

static void storage_end_every_reader_that_shares_it_sees_the_last_point_once(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 3);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    otmi_points points = storage_collect_as(&f, 0);
    assert_int_equal(points_of(&points, 1), 1);
    points = storage_collect_as(&f, 0);
    assert_int_equal(points.count, 0);
    points = storage_collect_as(&f, 1);
    assert_int_equal(points_of(&points, 1), 1);
    points = storage_collect_as(&f, 1);
    assert_int_equal(points.count, 0);
    (void)storage_collect_as(&f, 0);
    assert_int_equal(f.storage->leaving, 0);
    storage_fixture_fini(&f);
}

static void storage_end_set_that_begins_anew_shows_its_new_series_only(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    uint64_t first_start = f.clock.wall_ns;
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    fake_clock_advance_ms(&f.clock, 10);
    storage_record(&f, 1, 2);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 2);
    assert_true(point_of(&points, 1)->start_time_unix_nano > first_start);
    storage_fixture_fini(&f);
}

/* A free number below those that the collection began with is the trap: the new series must not pass for an old one. */
static void storage_end_set_removed_and_recorded_while_a_collection_runs_has_one_point(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 7, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 7), OTM_OK);
    for (int i = 0; i < 2; i++) {
        (void)storage_collect(&f); /* its number is free again now */
    }
    assert_non_null(f.storage->table.free);
    storage_begin(&f);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 2);
    otmi_points points = storage_read(&f, 0);
    storage_end(&f, 0, &points);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 5);
    points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 2);
    storage_fixture_fini(&f);
}

static void storage_end_set_removed_twice_around_the_begin_of_a_collection_has_one_point(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 2);
    storage_begin(&f);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 1);
    otmi_points points = storage_read(&f, 0);
    storage_end(&f, 0, &points);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 2);
    storage_fixture_fini(&f);
}

/* The youngest of three is not part of the collection, and must not hide the one in the middle. SDK-CARD-08 */
static void storage_end_set_removed_thrice_around_the_begin_of_a_collection_has_one_point(void **state)
{
    (void)state;
    const otm_temporality temporalities[] = {OTM_CUMULATIVE, OTM_DELTA};
    for (size_t i = 0; i < 2; i++) {
        storage_fixture f;
        open_with(&f, temporalities[i], OTM_AGGREGATION_SUM, 1);
        storage_record(&f, 1, 5);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        storage_record(&f, 1, 2);
        storage_begin(&f);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        storage_record(&f, 1, 1);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        otmi_points points = storage_read(&f, 0);
        storage_end(&f, 0, &points);
        assert_int_equal(points_of(&points, 1), 1);
        assert_int_equal(value_of(&points, 1), temporalities[i] == OTM_DELTA ? 7 : 2);
        storage_fixture_fini(&f);
    }
}

/* What waits for another reader is older, and hides nothing. SDK-RDR-10 */
static void storage_end_set_that_ends_again_is_seen_while_another_reader_has_yet_to_see_its_first_end(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 3);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    otmi_points points = storage_collect_as(&f, 0);
    assert_int_equal(value_of(&points, 1), 5);
    storage_record(&f, 1, 2);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    for (uint32_t reader = 0; reader < 2; reader++) {
        points = storage_collect_as(&f, reader);
        assert_int_equal(points_of(&points, 1), 1);
        assert_int_equal(value_of(&points, 1), 2);
    }
    storage_fixture_fini(&f);
}

/* A reader that collects often ends what is idle; one that collects seldom has not seen all of it. SDK-RDR-10 */
static void storage_end_idle_series_is_seen_by_a_reader_that_was_not_there_when_it_ended(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.idle_ttl_ms = 1000;
    storage_fixture_open(&f, 3);
    storage_record(&f, 1, 5);
    for (int i = 0; i < 3; i++) {
        otmi_points often = storage_collect_as(&f, 0);
        assert_int_equal(often.count, i < 2);
        fake_clock_advance_ms(&f.clock, 1000);
    }
    otmi_points seldom = storage_collect_as(&f, 1);
    assert_int_equal(value_of(&seldom, 1), 5);
    for (uint32_t reader = 0; reader < 2; reader++) {
        otmi_points later = storage_collect_as(&f, reader);
        assert_int_equal(later.count, 0);
    }
    storage_fixture_fini(&f);
}

/* A handle between two series of a set, never measured through, parts them no more than it shows. SDK-CARD-08 */
static void storage_end_set_bound_in_vain_between_two_ends_has_one_point(void **state)
{
    (void)state;
    const otm_temporality temporalities[] = {OTM_CUMULATIVE, OTM_DELTA};
    for (size_t i = 0; i < 2; i++) {
        storage_fixture f;
        otmi_target target;
        otm_attr attr = otm_attr_i64("set", 1);
        open_with(&f, temporalities[i], OTM_AGGREGATION_SUM, 1);
        storage_record(&f, 1, 5);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        assert_int_equal(otmi_storage_bind(f.storage, &attr, 1, false, &target), OTM_OK);
        otmi_storage_unbind(&target);
        storage_record(&f, 1, 2);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        otmi_points points = storage_collect(&f);
        assert_int_equal(points_of(&points, 1), 1);
        assert_int_equal(value_of(&points, 1), temporalities[i] == OTM_DELTA ? 7 : 2);
        storage_fixture_fini(&f);
    }
}

/* The same of a handle that is still there, after the last of them. SDK-CARD-08 */
static void storage_end_set_bound_in_vain_after_two_ends_has_one_point(void **state)
{
    (void)state;
    const otm_temporality temporalities[] = {OTM_CUMULATIVE, OTM_DELTA};
    for (size_t i = 0; i < 2; i++) {
        storage_fixture f;
        otmi_target target;
        otm_attr attr = otm_attr_i64("set", 1);
        open_with(&f, temporalities[i], OTM_AGGREGATION_SUM, 1);
        storage_record(&f, 1, 5);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        storage_record(&f, 1, 2);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        assert_int_equal(otmi_storage_bind(f.storage, &attr, 1, false, &target), OTM_OK);
        otmi_points points = storage_collect(&f);
        assert_int_equal(points_of(&points, 1), 1);
        assert_int_equal(value_of(&points, 1), temporalities[i] == OTM_DELTA ? 7 : 2);
        otmi_storage_unbind(&target);
        storage_fixture_fini(&f);
    }
}

/* SDK-CARD-08 */
static void storage_end_delta_set_without_memory_for_its_new_series_has_one_point(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        open_with(&f, OTM_DELTA, OTM_AGGREGATION_SUM, 1);
        for (int64_t set = 1; set < 8; set++) {
            storage_record(&f, set, 5); /* with the overflow series they fill the first chunk */
        }
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        storage_record(&f, 1, 2);
        failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        otmi_points points = storage_collect(&f);
        assert_int_equal(points_of(&points, 1), 1);
        assert_true(value_of(&points, 1) == 5 || value_of(&points, 1) == 7);
        storage_fixture_fini(&f);
    }
}

/* A clock that is slow to answer, while others measure, collect and remove. */
static struct {
    storage_fixture *f;
    uint64_t (*read)(void *);
} slow_clock;

static uint64_t read_slowly(void *context)
{
    storage_fixture *f = slow_clock.f;
    uint64_t now_ns = slow_clock.read(context);
    slow_clock.f = NULL;
    if (f != NULL) {
        fake_clock_advance_ms(&f->clock, 10);
        storage_record(f, 1, 5);
        fake_clock_advance_ms(&f->clock, 10);
        (void)storage_collect(f);
        assert_int_equal(storage_remove(f, 1), OTM_OK);
    }
    return now_ns;
}

/* SDK-START-03, DM-TIME-04 */
static void storage_end_set_begins_anew_after_it_was_last_seen_however_late_the_recording_is(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    slow_clock.read = f.clock.base.wall_ns;
    slow_clock.f = &f;
    f.clock.base.wall_ns = read_slowly;
    storage_record(&f, 1, 2);
    uint64_t last_seen_ns = f.clock.wall_ns;
    fake_clock_advance_ms(&f.clock, 10);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 2);
    assert_true(point_of(&points, 1)->start_time_unix_nano >= last_seen_ns);
    storage_fixture_fini(&f);
}

static void storage_end_numbers_are_used_again_with_other_generations(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_CUMULATIVE, OTM_AGGREGATION_SUM, 1);
    uint64_t last_generation = 0;
    for (int i = 0; i < 1000; i++) {
        storage_record(&f, i, 1);
        otmi_points points = storage_collect(&f);
        assert_int_equal(value_of(&points, i), 1);
        assert_true(point_of(&points, i)->series_generation > last_generation);
        last_generation = point_of(&points, i)->series_generation;
        assert_int_equal(storage_remove(&f, i), OTM_OK);
    }
    assert_true(f.storage->table.used <= 8); /* memory does not grow */
    storage_fixture_fini(&f);
}

static void storage_end_with_a_reader_that_never_collects_memory_stays_bounded(void **state)
{
    (void)state;
    storage_fixture f;
    storage_fixture_init(&f);
    f.stream.cardinality_limit = 10;
    storage_fixture_open(&f, 3);
    for (int i = 0; i < 5000; i++) {
        storage_record(&f, i, 1);
        (void)storage_remove(&f, i);
        if (i % 100 == 0) {
            (void)storage_collect_as(&f, 0);
        }
    }
    assert_true(f.storage->table.used <= 10 + 2 * 10 + 1024 + 1);
    otmi_points points = storage_collect_as(&f, 0);
    assert_true(value_of(&points, OVERFLOW) > 0);
    storage_fixture_fini(&f);
}

/* -- Delta ------------------------------------------------------------------------------------------------------- */

static void storage_end_delta_merges_what_a_removed_series_measured_with_its_namesake(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_DELTA, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 2);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 8);
    points = storage_collect(&f);
    assert_int_equal(points.count, 0);
    storage_fixture_fini(&f);
}

/* SDK-RDR-13 */
static void storage_end_delta_collection_given_up_after_merging_is_read_again_once(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_DELTA, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 2);
    storage_begin(&f);
    (void)storage_read(&f, 0); /* and no end: something failed */
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 7);
    points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 1);
    storage_fixture_fini(&f);
}

/* Gauges have one word for all epochs: an ended one must not write its value over a newer one's. */
/* SDK-RDR-13: the set begins anew between a collection that failed and the next, which reads the same interval. */
static void storage_end_delta_set_removed_twice_around_a_collection_given_up_has_one_point(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_DELTA, OTM_AGGREGATION_SUM, 1);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 2);
    storage_begin(&f); /* and nothing was read */
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    storage_record(&f, 1, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 7);
    points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 1);
    storage_fixture_fini(&f);
}

/* Two halves of one set that need more than they have: a range of negative values, counters that pass 16 bits. */
static void measure_before_and_after_the_end(storage_fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        storage_record(f, 1, i % 2 == 0 ? 7 : -3);
        storage_record(f, 1, 7);
    }
    assert_int_equal(storage_remove(f, 1), OTM_OK);
    for (int i = 0; i < count; i++) {
        storage_record(f, 1, 7);
    }
}

/* A collection that fails for want of memory, wherever it does, leaves all for the next. SDK-RDR-13 */
static void check_that_merging_loses_nothing_without_memory(otm_aggregation_kind aggregation, int count)
{
    static double bounds[] = {0, 10};
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        storage_fixture f;
        otmi_points points;
        storage_fixture_init(&f);
        f.stream.kind = OTM_HISTOGRAM;
        f.stream.temporality = OTM_DELTA;
        f.stream.aggregation = (otmi_aggregation){.kind = aggregation,
                                                  .bounds = bounds,
                                                  .bound_count = 2,
                                                  .max_size = 160,
                                                  .max_scale = 20,
                                                  .record_sum = true,
                                                  .record_min_max = true};
        storage_fixture_open(&f, 1);
        measure_before_and_after_the_end(&f, count);
        storage_begin(&f);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        st = otmi_storage_collect_read(f.storage, 0, &f.arena, f.clock.wall_ns, &points);
        bool failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        assert_int_equal(st, failed ? OTM_ERR_NO_MEMORY : OTM_OK);
        points = storage_collect(&f);
        assert_int_equal(points_of(&points, 1), 1);
        const otm_histogram_data *data = point_of(&points, 1)->data.histogram;
        assert_int_equal(data->count, 3 * (uint64_t)count);
        assert_true(data->sum == 3.0 * 7 * count - 10.0 * (count / 2));
        assert_true(data->min == -3 && data->max == 7);
        storage_fixture_fini(&f);
    }
}

static void storage_end_delta_merging_without_memory_loses_nothing(void **state)
{
    (void)state;
    check_that_merging_loses_nothing_without_memory(OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 2);
    check_that_merging_loses_nothing_without_memory(OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 40000);
    check_that_merging_loses_nothing_without_memory(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 2);
}

static void storage_end_delta_gauge_keeps_the_newer_value(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_DELTA, OTM_AGGREGATION_LAST_VALUE, 1);
    storage_record(&f, 1, 9);
    (void)storage_collect(&f);
    otmi_points points = storage_collect(&f); /* not measured: it ends, and is still on its way out */
    assert_int_equal(points.count, 0);
    storage_record(&f, 1, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    otm_attr attr = otm_attr_i64("set", 1);
    otmi_target target;
    assert_int_equal(otmi_storage_bind(f.storage, &attr, 1, false, &target), OTM_OK); /* there, and not measured */
    storage_begin(&f);
    storage_record(&f, 1, 7); /* of the next interval */
    points = storage_read(&f, 0);
    storage_end(&f, 0, &points);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 5);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 7);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

static void storage_end_delta_series_without_measurements_give_their_memory_back(void **state)
{
    (void)state;
    storage_fixture f;
    open_with(&f, OTM_DELTA, OTM_AGGREGATION_SUM, 1);
    for (int64_t i = 0; i < 1000; i++) {
        storage_record(&f, i, 1);
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.count, 1);
        assert_int_equal(value_of(&points, i), 1);
    }
    assert_true(f.storage->table.used <= 8);
    storage_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_end_removed_series_shows_once_more_and_never_again),
        cmocka_unit_test(storage_end_every_reader_that_shares_it_sees_the_last_point_once),
        cmocka_unit_test(storage_end_set_that_begins_anew_shows_its_new_series_only),
        cmocka_unit_test(storage_end_set_removed_and_recorded_while_a_collection_runs_has_one_point),
        cmocka_unit_test(storage_end_set_removed_twice_around_the_begin_of_a_collection_has_one_point),
        cmocka_unit_test(storage_end_set_removed_thrice_around_the_begin_of_a_collection_has_one_point),
        cmocka_unit_test(storage_end_set_that_ends_again_is_seen_while_another_reader_has_yet_to_see_its_first_end),
        cmocka_unit_test(storage_end_idle_series_is_seen_by_a_reader_that_was_not_there_when_it_ended),
        cmocka_unit_test(storage_end_set_bound_in_vain_between_two_ends_has_one_point),
        cmocka_unit_test(storage_end_set_bound_in_vain_after_two_ends_has_one_point),
        cmocka_unit_test(storage_end_delta_set_without_memory_for_its_new_series_has_one_point),
        cmocka_unit_test(storage_end_set_begins_anew_after_it_was_last_seen_however_late_the_recording_is),
        cmocka_unit_test(storage_end_numbers_are_used_again_with_other_generations),
        cmocka_unit_test(storage_end_with_a_reader_that_never_collects_memory_stays_bounded),
        cmocka_unit_test(storage_end_delta_merges_what_a_removed_series_measured_with_its_namesake),
        cmocka_unit_test(storage_end_delta_collection_given_up_after_merging_is_read_again_once),
        cmocka_unit_test(storage_end_delta_set_removed_twice_around_a_collection_given_up_has_one_point),
        cmocka_unit_test(storage_end_delta_merging_without_memory_loses_nothing),
        cmocka_unit_test(storage_end_delta_gauge_keeps_the_newer_value),
        cmocka_unit_test(storage_end_delta_series_without_measurements_give_their_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
