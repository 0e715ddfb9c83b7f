/* One delta reader collects back to back: threads without a slot of their own look series up while maps are replaced
 * and series end and are freed, and a handle's total is read back while it is drained. SDK-CARD-08, SDK-CONC-01 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "metrics/slot.h"

#define THREADS 4
#define RECORDINGS 20000
#define SETS 64

typedef struct world {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
    otm_gauge_i64 *gauge;
    atomic_bool done;
    atomic_int wrong;
    int64_t total;
} world;

static void add_points(world *w, const otm_metric *metric)
{
    for (size_t p = 0; p < metric->point_count; p++) {
        const otm_point *point = otm_metric_point(metric, p);
        if (metric->type == OTM_METRIC_SUM) {
            w->total += point->data.number.as.i64;
        } else if (point->attributes[0].value.type == OTM_VALUE_I64 &&
                   point->data.number.as.i64 % SETS != point->attributes[0].value.as.i64) {
            atomic_fetch_add(&w->wrong, 1); /* another set's value */
        }
    }
}

static void collect(world *w)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(w->reader, 0, &data), OTM_OK);
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_scope_metrics *scope = otm_resource_scope(otm_data_resource(data, r), 0);
        for (size_t m = 0; m < scope->metric_count; m++) {
            add_points(w, otm_scope_metric(scope, m));
        }
    }
    otm_reader_return(w->reader, data);
}

static void *collect_until_done(void *argument)
{
    world *w = argument;
    while (!atomic_load(&w->done)) {
        collect(w);
    }
    return NULL;
}

static void *record(void *argument)
{
    world *w = argument;
    for (int64_t i = 0; i < RECORDINGS; i++) {
        int64_t set = i * 7 % SETS;
        otm_attr attr = otm_attr_i64("set", set);
        otm_counter_i64_add(w->counter, 1, &attr, 1);
        otm_gauge_i64_record(w->gauge, set + SETS * (i % 5), &attr, 1);
        if (i % 3 == 0) {
            attr.value.as.i64 = i * 11 % SETS;
            (void)otm_counter_i64_remove(w->counter, &attr, 1);
            (void)otm_gauge_i64_remove(w->gauge, &attr, 1);
        }
    }
    return NULL;
}

static void world_init(world *w)
{
    otm_reader_options reader_options;
    otm_meter_provider_options options;
    memset(w, 0, sizeof *w);
    otm_reader_options_init(&reader_options);
    reader_options.temporality_preference = OTM_PREFER_DELTA;
    assert_int_equal(otm_manual_reader_create(&reader_options, &w->reader), OTM_OK);
    otm_meter_provider_options_init(&options);
    options.readers = &w->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &w->provider), OTM_OK);
    otm_meter *meter = otm_meter_provider_get_meter(w->provider, "stress", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "counter", NULL, &w->counter), OTM_OK);
    assert_int_equal(otm_meter_create_gauge_i64(meter, "gauge", NULL, &w->gauge), OTM_OK);
    otm_meter_release(meter);
}

static void world_fini(world *w)
{
    otm_counter_i64_release(w->counter);
    otm_gauge_i64_release(w->gauge);
    otm_meter_provider_release(w->provider);
    otm_reader_release(w->reader);
}

static void stress_threads_without_a_slot_meet_series_that_end(void **state)
{
    (void)state;
    world w;
    pthread_t threads[THREADS];
    pthread_t collector;
    world_init(&w);
    assert_int_equal(pthread_create(&collector, NULL, collect_until_done, &w), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, record, &w), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&w.done, true);
    pthread_join(collector, NULL);
    collect(&w);
    assert_int_equal(w.total, (int64_t)THREADS * RECORDINGS);
    assert_int_equal(atomic_load(&w.wrong), 0);
    world_fini(&w);
}

/* What a collection has drained is in the half, or in the series: never in both, never in none. */
static void stress_peek_while_its_total_is_drained_is_exact(void **state)
{
    (void)state;
    world w;
    pthread_t collector;
    otm_bound_counter_i64 *bound;
    world_init(&w);
    assert_int_equal(otm_counter_i64_bind(w.counter, NULL, 0, NULL, &bound), OTM_OK);
    assert_int_equal(pthread_create(&collector, NULL, collect_until_done, &w), 0);
    for (int64_t i = 1; i <= RECORDINGS; i++) {
        otm_series_value value;
        otm_series_value_init(&value);
        otm_bound_counter_i64_add(bound, 1);
        assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
        assert_int_equal(value.i64, i);
    }
    atomic_store(&w.done, true);
    pthread_join(collector, NULL);
    otm_bound_counter_i64_release(bound);
    world_fini(&w);
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
