/* What asynchronous instruments observe, round by round. */
#include "metrics/async_storage.h"
#include "unit/storage_fixture.h"

typedef struct fixture {
    storage_fixture base; /* environment and stream; no storage of its own */
    otmi_async_storage *storage;
    otmi_attr_set *kept[64]; /* observed sets, valid until the round is read */
    size_t kept_count;
} fixture;

static void setup(fixture *f, otm_temporality temporality, uint32_t limit)
{
    memset(f, 0, sizeof *f);
    storage_fixture_init(&f->base);
    f->base.stream.kind = OTM_OBSERVABLE_COUNTER;
    f->base.stream.temporality = temporality;
    f->base.stream.cardinality_limit = limit;
    assert_int_equal(otmi_async_storage_create(&f->base.env, &f->base.stream, f->base.clock.wall_ns, &f->storage),
                     OTM_OK);
}

static void teardown(fixture *f)
{
    otmi_async_storage_destroy(f->storage);
    storage_fixture_fini(&f->base);
}

static void observe(fixture *f, int64_t set, int64_t value)
{
    otm_attr attr = otm_attr_i64("set", set);
    otmi_attr_set *canonical;
    assert_int_equal(otmi_attr_set_create(&f->base.memory.base, &attr, 1, &canonical), OTM_OK);
    assert_int_equal(otmi_async_observe(f->storage, canonical, (otmi_number){.i64 = value}), OTM_OK);
    f->kept[f->kept_count++] = canonical;
}

static otmi_points read_round(fixture *f)
{
    otmi_points points;
    otmi_arena_reset(&f->base.arena);
    assert_int_equal(otmi_async_read(f->storage, &f->base.arena, f->base.clock.wall_ns, &points), OTM_OK);
    while (f->kept_count > 0) {
        otmi_attr_set_destroy(&f->base.memory.base, f->kept[--f->kept_count]);
    }
    return points;
}

static otmi_points finish(fixture *f)
{
    otmi_points points = read_round(f);
    otmi_async_commit(f->storage, f->base.clock.wall_ns);
    return points;
}

/* SDK-CB-05, SDK-RDR-04 */
static void async_storage_shows_only_what_the_round_observed(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_CUMULATIVE, 10);
    otmi_async_begin(f.storage);
    observe(&f, 1, 10);
    observe(&f, 2, 20);
    otmi_points points = finish(&f);
    assert_int_equal(points.count, 2);
    otmi_async_begin(f.storage);
    observe(&f, 2, 25);
    points = finish(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(value_of(&points, 2), 25);
    otmi_async_begin(f.storage);
    points = finish(&f);
    assert_int_equal(points.count, 0);
    teardown(&f);
}

/* SDK-RDR-05, SDK-RDR-06 */
static void async_storage_delta_gives_differences_and_forgets_none(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_DELTA, 10);
    static const int64_t totals[] = {10, 15, -1, 40, 3};
    static const int64_t differences[] = {10, 5, 0, 25, 3}; /* absent, then back; then from zero again */
    for (size_t i = 0; i < 5; i++) {
        otmi_async_begin(f.storage);
        if (totals[i] >= 0) {
            observe(&f, 1, totals[i]);
        }
        otmi_points points = finish(&f);
        assert_int_equal(points.count, totals[i] >= 0);
        assert_int_equal(value_of(&points, 1), differences[i]);
    }
    teardown(&f);
}

/* SDK-RDR-13 */
static void async_storage_round_given_up_counts_no_difference(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_DELTA, 10);
    otmi_async_begin(f.storage);
    observe(&f, 1, 10);
    (void)finish(&f);
    otmi_async_begin(f.storage);
    observe(&f, 1, 17);
    (void)read_round(&f); /* no commit: the collection failed after it */
    otmi_async_begin(f.storage);
    observe(&f, 1, 20);
    otmi_points points = finish(&f);
    assert_int_equal(value_of(&points, 1), 10);
    teardown(&f);
}

/* SDK-CARD-09, SDK-CARD-04, SDK-CARD-08 */
static void async_storage_at_its_limit_keeps_the_sets_observed_first(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_CUMULATIVE, 2);
    otmi_async_begin(f.storage);
    for (int64_t i = 0; i < 5; i++) {
        observe(&f, i, 1);
    }
    otmi_points points = finish(&f);
    assert_int_equal(points.count, 3);
    assert_int_equal(value_of(&points, 0) + value_of(&points, 1), 2);
    assert_int_equal(value_of(&points, OVERFLOW), 3);
    otmi_async_begin(f.storage);
    observe(&f, 4, 1); /* each round decides anew */
    points = finish(&f);
    assert_int_equal(value_of(&points, 4), 1);
    assert_int_equal(points.count, 1);
    teardown(&f);
}

/* Sets that come and go for ever take bounded memory. */
static void async_storage_forgets_old_sets_when_it_is_full(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_DELTA, 3);
    int64_t most = 0;
    for (int64_t i = 0; i < 1000; i++) {
        otmi_async_begin(f.storage);
        observe(&f, i, 5);
        observe(&f, i + 1, 5);
        otmi_points points = finish(&f);
        assert_int_equal(points.count, 2);
        assert_int_equal(value_of(&points, i + 1), 5);
        assert_int_equal(value_of(&points, i), i == 0 ? 5 : 0);
        most = i < 100 && f.base.memory.live > most ? f.base.memory.live : most;
        assert_true(i < 100 || f.base.memory.live <= most);
    }
    teardown(&f);
}

/* What falls together in one round: sums add up, of gauges the last counts. */
static void async_storage_set_observed_twice_is_summed_and_of_a_gauge_the_last(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_CUMULATIVE, 10);
    otmi_async_begin(f.storage);
    observe(&f, 1, 2);
    observe(&f, 1, 3);
    otmi_points points = finish(&f);
    assert_int_equal(value_of(&points, 1), 5);
    f.base.stream.aggregation.kind = OTM_AGGREGATION_LAST_VALUE;
    otmi_async_begin(f.storage);
    observe(&f, 1, 2);
    observe(&f, 1, 3);
    points = finish(&f);
    assert_int_equal(value_of(&points, 1), 3);
    teardown(&f);
}

/* SDK-START-04, SDK-START-02 */
static void async_storage_series_starts_with_the_interval_it_was_first_seen_in(void **state)
{
    (void)state;
    fixture f;
    setup(&f, OTM_CUMULATIVE, 10);
    uint64_t created = f.base.clock.wall_ns;
    fake_clock_advance_ms(&f.base.clock, 10);
    otmi_async_begin(f.storage);
    observe(&f, 1, 1);
    otmi_points points = finish(&f);
    uint64_t first = f.base.clock.wall_ns;
    assert_int_equal(point_of(&points, 1)->start_time_unix_nano, created);
    fake_clock_advance_ms(&f.base.clock, 10);
    otmi_async_begin(f.storage);
    observe(&f, 1, 1);
    observe(&f, 2, 1);
    points = finish(&f);
    assert_int_equal(point_of(&points, 1)->start_time_unix_nano, created);
    assert_int_equal(point_of(&points, 2)->start_time_unix_nano, first);
    teardown(&f);
}

static void async_storage_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture base;
        otmi_async_storage *storage;
        storage_fixture_init(&base);
        base.stream.kind = OTM_OBSERVABLE_COUNTER;
        base.memory.fail_at = n;
        int64_t refused = 0;
        otm_status st = otmi_async_storage_create(&base.env, &base.stream, 0, &storage);
        if (st == OTM_OK) {
            otmi_async_begin(storage);
            for (int64_t i = 0; i < 40; i++) {
                otm_attr attr = otm_attr_i64("set", i);
                otmi_attr_set *set;
                if (otmi_attr_set_create(NULL, &attr, 1, &set) == OTM_OK) {
                    refused += otmi_async_observe(storage, set, (otmi_number){.i64 = 1}) != OTM_OK;
                    otmi_attr_set_destroy(NULL, set);
                }
            }
            base.memory.fail_at = 0;
            otmi_points points;
            assert_int_equal(otmi_async_read(storage, &base.arena, 0, &points), OTM_OK);
            assert_int_equal(total_of(&points), 40); /* what had no memory is in the overflow series */
            assert_int_equal(value_of(&points, OVERFLOW), refused);
        }
        failed = base.memory.requests >= n;
        otmi_async_storage_destroy(storage);
        storage_fixture_fini(&base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(async_storage_shows_only_what_the_round_observed),
        cmocka_unit_test(async_storage_delta_gives_differences_and_forgets_none),
        cmocka_unit_test(async_storage_round_given_up_counts_no_difference),
        cmocka_unit_test(async_storage_at_its_limit_keeps_the_sets_observed_first),
        cmocka_unit_test(async_storage_forgets_old_sets_when_it_is_full),
        cmocka_unit_test(async_storage_set_observed_twice_is_summed_and_of_a_gauge_the_last),
        cmocka_unit_test(async_storage_series_starts_with_the_interval_it_was_first_seen_in),
        cmocka_unit_test(async_storage_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
