/* One delta reader collects back to back: threads without a slot of their own look series up while maps are replaced
 * and series end and are freed, and a handle's total is read back while it is drained. SDK-CARD-08, SDK-CONC-01 */
#include "metrics/slot.h"
#include "stress/stress_rig.h"

#define THREADS 4
#define RECORDINGS 20000
#define SETS 64

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    otm_counter_i64 *counter;
    otm_gauge_i64 *gauge;
    int64_t total; /* the collecting thread's */
} fixture;

static void add_point(void *context, const otm_metric *metric, const otm_point *point)
{
    fixture *f = context;
    if (metric->type == OTM_METRIC_SUM) {
        f->total += point->data.number.as.i64;
    } else if (point->attributes[0].value.type == OTM_VALUE_I64 &&
               point->data.number.as.i64 % SETS != point->attributes[0].value.as.i64) {
        stress_complain("a gauge has another set's value");
    }
}

static void collect(void *test, size_t reader)
{
    fixture *f = test;
    (void)stress_collect(f->world.readers[reader], 0, OTM_OK, add_point, f);
}

static void record(void *test, uint64_t seed)
{
    const fixture *f = test;
    for (int i = stress_amount(RECORDINGS); i > 0; i--) {
        int64_t set = (int64_t)stress_below(&seed, SETS);
        otm_attr attr = otm_attr_i64("set", set);
        otm_counter_i64_add(f->counter, 1, &attr, 1);
        otm_gauge_i64_record(f->gauge, set + SETS * (i % 5), &attr, 1);
        if (i % 3 == 0) {
            attr.value.as.i64 = (int64_t)stress_below(&seed, SETS);
            (void)otm_counter_i64_remove(f->counter, &attr, 1);
            (void)otm_gauge_i64_remove(f->gauge, &attr, 1);
        }
    }
}

static void set_up(fixture *f)
{
    memset(f, 0, sizeof *f);
    stress_world_add_reader(&f->world, OTM_DELTA, 0);
    stress_world_open(&f->world, NULL);
    assert_int_equal(otm_meter_create_counter_i64(f->world.meter, "counter", NULL, &f->counter), OTM_OK);
    assert_int_equal(otm_meter_create_gauge_i64(f->world.meter, "gauge", NULL, &f->gauge), OTM_OK);
    stress_collectors_start(&f->collectors, 1, collect, f);
}

static void tear_down(fixture *f)
{
    otm_counter_i64_release(f->counter);
    otm_gauge_i64_release(f->gauge);
    stress_world_close(&f->world);
}

static void stress_threads_without_a_slot_meet_series_that_end(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    stress_run_rounds(1, THREADS, record, &f);
    stress_collectors_stop(&f.collectors);
    collect(&f, 0);
    assert_int_equal(f.total, (int64_t)THREADS * stress_amount(RECORDINGS));
    stress_assert_content();
    tear_down(&f);
}

/* What a collection has drained is in the half, or in the series: never in both, never in none. */
static void stress_peek_while_its_total_is_drained_is_exact(void **state)
{
    (void)state;
    fixture f;
    otm_bound_counter_i64 *bound;
    set_up(&f);
    assert_int_equal(otm_counter_i64_bind(f.counter, NULL, 0, NULL, &bound), OTM_OK);
    for (int64_t i = 1; i <= stress_amount(RECORDINGS); i++) {
        otm_series_value value;
        otm_series_value_init(&value);
        otm_bound_counter_i64_add(bound, 1);
        assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
        assert_int_equal(value.i64, i);
    }
    stress_collectors_stop(&f.collectors);
    otm_bound_counter_i64_release(bound);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_peek_while_its_total_is_drained_is_exact),
        cmocka_unit_test(stress_threads_without_a_slot_meet_series_that_end),
    };
    otmi_slot_limit(1); /* one thread has it, all others share one */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
