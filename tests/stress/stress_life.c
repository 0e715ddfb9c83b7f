#include "stress/stress_life.h"

#define PER_THREAD 1000
#define THREADS 8
#define LIMIT 9 /* of the sets of up_down */

static void create_instruments(stress_life *f)
{
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "counter", NULL, &f->counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(f->meter, "up_down", NULL, &f->up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "explicit", NULL, &f->explicit_), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "exponential", NULL, &f->exponential), OTM_OK);
    for (int64_t i = 0; i < STRESS_LIFE_BOUND_SETS; i++) {
        otm_attr attr = otm_attr_i64("set", i);
        assert_int_equal(otm_counter_i64_bind(f->counter, &attr, 1, NULL, &f->bound_counter[i]), OTM_OK);
        assert_int_equal(otm_histogram_f64_bind(f->exponential, &attr, 1, NULL, &f->bound_exponential[i]), OTM_OK);
    }
}

void stress_life_release_instruments(stress_life *f)
{
    for (size_t i = 0; i < STRESS_LIFE_BOUND_SETS; i++) {
        otm_bound_counter_i64_release(f->bound_counter[i]);
        otm_bound_histogram_f64_release(f->bound_exponential[i]);
    }
    otm_counter_i64_release(f->counter);
    otm_up_down_counter_i64_release(f->up_down);
    otm_histogram_f64_release(f->explicit_);
    otm_histogram_f64_release(f->exponential);
    otm_meter_release(f->meter);
}

void stress_life_open(stress_life *f)
{
    static const char *const names[STRESS_METRICS] = {"counter", "up_down", "explicit", "exponential"};
    otm_meter_provider_options options;
    otm_view views[2];
    f->ledger = stress_ledger_create(names);
    f->ledger->series_end = true;
    fake_clock_init(&f->clock);
    otm_view_init(&views[0]);
    otm_view_init(&views[1]);
    views[0].selector.instrument_name = "exponential";
    views[0].stream.aggregation.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    views[1].selector.instrument_name = "up_down";
    views[1].stream.cardinality_limit = LIMIT;
    otm_meter_provider_options_init(&options);
    options.clock = &f->clock.base;
    options.allocator = f->allocator;
    options.exemplar_filter = f->exemplars;
    options.views = views;
    options.view_count = 2;
    stress_world_open(&f->world, &options);
    f->meter = otm_meter_provider_get_meter(f->world.provider, "lifecycle", NULL);
    create_instruments(f);
}

void stress_life_close(stress_life *f)
{
    stress_life_release_instruments(f);
    stress_world_close(&f->world);
    stress_ledger_destroy(f->ledger);
}

/* -- Recording ----------------------------------------------------------------------------------------------------- */

static void record_one(const stress_life *f, int64_t set, uint64_t *random, stress_total *t)
{
    otm_attr attr = otm_attr_i64("set", set);
    int64_t by = (int64_t)stress_below(random, 5);
    size_t explicit_ = (size_t)stress_below(random, STRESS_EXPLICIT_VALUES);
    size_t exponential = (size_t)stress_below(random, STRESS_EXPONENTIAL_VALUES);
    otm_counter_i64_add(f->counter, by, &attr, 1);
    otm_up_down_counter_i64_add(f->up_down, by - 2, &attr, 1);
    otm_histogram_f64_record(f->explicit_, stress_explicit_value(explicit_), &attr, 1);
    otm_histogram_f64_record(f->exponential, stress_exponential_value(exponential), &attr, 1);
    t[COUNTER].number += by;
    t[UP_DOWN].number += by - 2;
    stress_note_explicit(&t[EXPLICIT], explicit_);
    stress_note_exponential(&t[EXPONENTIAL], exponential);
}

void stress_life_record_bound(const stress_life *f, uint64_t *random, stress_total *t)
{
    size_t which = (size_t)stress_below(random, STRESS_LIFE_BOUND_SETS);
    size_t exponential = (size_t)stress_below(random, STRESS_EXPONENTIAL_VALUES);
    otm_bound_counter_i64_add(f->bound_counter[which], 1);
    otm_bound_histogram_f64_record(f->bound_exponential[which], stress_exponential_value(exponential));
    t[COUNTER].number++;
    stress_note_exponential(&t[EXPONENTIAL], exponential);
}

void stress_life_record_some(const stress_life *f, uint64_t seed, stress_total *totals)
{
    int64_t first = (int64_t)stress_below(&seed, STRESS_LIFE_SETS);
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        record_one(f, (first + (int64_t)stress_below(&seed, 5)) % STRESS_LIFE_SETS, &seed, totals);
        if (stress_below(&seed, 3) == 0) {
            stress_life_record_bound(f, &seed, totals);
        }
    }
}

void stress_life_record(void *test, uint64_t seed)
{
    const stress_life *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    stress_life_record_some(f, seed, totals);
    stress_ledger_record(f->ledger, totals);
}

void stress_life_remove(const stress_life *f, int64_t set)
{
    otm_attr attr = otm_attr_i64("set", set);
    (void)otm_counter_i64_remove(f->counter, &attr, 1);
    (void)otm_up_down_counter_i64_remove(f->up_down, &attr, 1);
    (void)otm_histogram_f64_remove(f->explicit_, &attr, 1);
    (void)otm_histogram_f64_remove(f->exponential, &attr, 1);
}

void stress_life_collect(void *test, size_t reader)
{
    stress_life *f = test;
    (void)stress_ledger_collect(f->ledger, f->world.readers[reader], reader, 0, NULL);
}

void stress_life_run_with(stress_life *f, size_t readers, stress_work work, stress_step step)
{
    stress_collectors_start(&f->collectors, readers, step, f);
    stress_run_rounds(1, THREADS, work, f);
    stress_collectors_stop(&f->collectors);
}

void stress_life_run(stress_life *f, stress_work work, stress_step step)
{
    stress_life_run_with(f, f->world.reader_count, work, step);
}

void stress_life_balance(stress_life *f)
{
    for (size_t reader = 0; reader < f->world.reader_count; reader++) {
        stress_life_collect(f, reader);
        stress_ledger_balance(f->ledger, reader);
    }
}

/* A handle of the thread's own, on a series that others remove. */
static void bind_and_let_go(const stress_life *f, int64_t set, stress_total *t)
{
    otm_attr attr = otm_attr_i64("set", set);
    otm_bound_up_down_counter_i64 *bound = NULL;
    otm_status st = otm_up_down_counter_i64_bind(f->up_down, &attr, 1, NULL, &bound);
    if (st != OTM_OK) {
        if (f->allocator == NULL) {
            stress_complain("binding failed: %s", otm_status_name(st));
        }
        return;
    }
    otm_bound_up_down_counter_i64_add(bound, 3);
    (void)otm_bound_up_down_counter_i64_rebind(bound);
    otm_bound_up_down_counter_i64_add(bound, -1);
    otm_bound_up_down_counter_i64_release(bound);
    t[UP_DOWN].number += 2;
}

void stress_life_record_and_remove(void *test, uint64_t seed)
{
    const stress_life *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        int64_t set = (int64_t)stress_below(&seed, STRESS_LIFE_SETS);
        record_one(f, set, &seed, totals);
        stress_life_record_bound(f, &seed, totals);
        if (stress_below(&seed, 16) == 0) {
            bind_and_let_go(f, (int64_t)stress_below(&seed, STRESS_LIFE_SETS), totals);
            stress_life_remove(f, (int64_t)stress_below(&seed, STRESS_LIFE_SETS));
        }
    }
    stress_ledger_record(f->ledger, totals);
}

void stress_life_open_both(stress_life *f)
{
    stress_world_add_reader(&f->world, OTM_CUMULATIVE, 0);
    stress_world_add_reader(&f->world, OTM_DELTA, 0);
    stress_life_open(f);
}
