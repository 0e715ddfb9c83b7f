/* Many threads record, come and go, while a cumulative and a delta reader collect back to back and series are removed.
 *
 * What must hold: the totals of every reader are exact at the end, no collection ever shows a cumulative total fall or
 * a torn histogram. SDK-CONC-01, SDK-RDR-03, SDK-RDR-04, SDK-RDR-05, SDK-RDR-10, SDK-CARD-08, SDK-BIND-01 */
#include "metrics/slot.h"
#include "stress/stress_ledger.h"

#define ROUNDS 120
#define PER_THREAD 2000
#define THREADS 12
#define SETS 7
#define SLOTS 8 /* fewer than threads: some record through the shared slot */

enum { COUNTER, UP_DOWN, HISTOGRAM, DOUBLES };
enum { CUMULATIVE, DELTA };

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    stress_ledger *ledger;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *histogram;
    otm_bound_histogram_f64 *bound_histogram;
    otm_counter_f64 *doubles;
    otm_bound_counter_f64 *bound_doubles;
} fixture;

static void create_instruments(fixture *f)
{
    otm_meter *meter = f->world.meter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "counter", NULL, &f->counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(meter, "up_down", NULL, &f->up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(meter, "histogram", NULL, &f->histogram), OTM_OK);
    assert_int_equal(otm_meter_create_counter_f64(meter, "doubles", NULL, &f->doubles), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(f->counter, NULL, 0, NULL, &f->bound), OTM_OK);
    assert_int_equal(otm_histogram_f64_bind(f->histogram, NULL, 0, NULL, &f->bound_histogram), OTM_OK);
    assert_int_equal(otm_counter_f64_bind(f->doubles, NULL, 0, NULL, &f->bound_doubles), OTM_OK);
}

static void set_up(fixture *f)
{
    static const char *const names[STRESS_METRICS] = {"counter", "up_down", "histogram", "doubles"};
    memset(f, 0, sizeof *f);
    f->ledger = stress_ledger_create(names);
    stress_world_add_reader(&f->world, OTM_CUMULATIVE, 0);
    stress_world_add_reader(&f->world, OTM_DELTA, 0);
    stress_world_open(&f->world, NULL);
    create_instruments(f);
}

static void tear_down(fixture *f)
{
    otm_bound_counter_i64_release(f->bound);
    otm_bound_histogram_f64_release(f->bound_histogram);
    otm_bound_counter_f64_release(f->bound_doubles);
    otm_counter_i64_release(f->counter);
    otm_up_down_counter_i64_release(f->up_down);
    otm_histogram_f64_release(f->histogram);
    otm_counter_f64_release(f->doubles);
    stress_world_close(&f->world);
    stress_ledger_destroy(f->ledger);
}

static void collect(void *test, size_t reader)
{
    fixture *f = test;
    (void)stress_ledger_collect(f->ledger, f->world.readers[reader], reader, 0, NULL);
}

static void record_one(const fixture *f, int64_t set, uint64_t *random, stress_total *t)
{
    otm_attr attrs[] = {otm_attr_i64("set", set), otm_attr_string("kind", "stress")};
    int64_t step = (int64_t)stress_below(random, 9) - 4;
    size_t value = (size_t)stress_below(random, STRESS_EXPLICIT_VALUES);
    otm_counter_i64_add(f->counter, 1, attrs, 2);
    otm_bound_counter_i64_add(f->bound, 1);
    otm_up_down_counter_i64_add(f->up_down, step, attrs, 2);
    otm_histogram_f64_record(f->histogram, stress_explicit_value(value), attrs, 2);
    otm_bound_histogram_f64_record(f->bound_histogram, stress_explicit_value(value));
    otm_counter_f64_add(f->doubles, 1.0, attrs, 2);
    otm_bound_counter_f64_add(f->bound_doubles, 1.0);
    t[COUNTER].number += 2;
    t[UP_DOWN].number += step;
    stress_note_explicit(&t[HISTOGRAM], value);
    stress_note_explicit(&t[HISTOGRAM], value);
    t[DOUBLES].sum += 2.0;
}

static void record(void *test, uint64_t seed)
{
    const fixture *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        record_one(f, i % SETS, &seed, totals);
    }
    stress_ledger_record(f->ledger, totals);
}

static void stress_recording_while_two_readers_collect_keeps_every_total_exact(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    stress_collectors_start(&f.collectors, f.world.reader_count, collect, &f);
    stress_run_rounds(stress_amount(ROUNDS), THREADS, record, &f);
    stress_collectors_stop(&f.collectors);
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        collect(&f, reader);
        stress_ledger_balance(f.ledger, reader);
        assert_true(f.collectors.each[reader].steps > 1);
    }
    stress_assert_content();
    tear_down(&f);
}

static void record_and_remove(void *test, uint64_t seed)
{
    const fixture *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        otm_attr attrs[] = {otm_attr_i64("set", i % SETS), otm_attr_string("kind", "stress")};
        record_one(f, i % SETS, &seed, totals);
        if (i % 50 == 0) {
            (void)otm_counter_i64_remove(f->counter, attrs, 2);
            (void)otm_counter_i64_remove(f->counter, NULL, 0);
            (void)otm_up_down_counter_i64_remove(f->up_down, attrs, 2);
            (void)otm_histogram_f64_remove(f->histogram, attrs, 2);
            (void)otm_histogram_f64_remove(f->histogram, NULL, 0);
        }
    }
    stress_ledger_record(f->ledger, totals);
}

/* Under delta nothing that was measured is lost, whenever its series ends. Cumulative totals begin anew. */
static void stress_removing_series_while_recording_loses_nothing_under_delta(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    f.ledger->series_end = true;
    stress_collectors_start(&f.collectors, f.world.reader_count, collect, &f);
    stress_run_rounds(stress_amount(ROUNDS), THREADS, record_and_remove, &f);
    stress_collectors_stop(&f.collectors);
    collect(&f, CUMULATIVE);
    collect(&f, DELTA);
    stress_ledger_balance(f.ledger, DELTA);
    assert_true(stress_ledger_shown(f.ledger, CUMULATIVE, COUNTER).number <= f.ledger->recorded[COUNTER].number);
    assert_true(stress_ledger_shown(f.ledger, CUMULATIVE, HISTOGRAM).count <= f.ledger->recorded[HISTOGRAM].count);
    stress_assert_content();
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_recording_while_two_readers_collect_keeps_every_total_exact),
        cmocka_unit_test(stress_removing_series_while_recording_loses_nothing_under_delta),
    };
    otmi_slot_limit(SLOTS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
