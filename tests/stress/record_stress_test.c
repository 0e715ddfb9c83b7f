/* Many threads record, come and go, while a cumulative and a delta reader collect back to back and series are removed.
 *
 * What must hold: the totals of every reader are exact at the end, no collection ever shows a cumulative total fall or
 * a torn histogram. SDK-CONC-01, SDK-RDR-03, SDK-RDR-04, SDK-RDR-05, SDK-RDR-10, SDK-CARD-08, SDK-BIND-01 */
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "metrics/slot.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ROUNDS 40
#define PER_THREAD 500
#else
#define ROUNDS 200
#define PER_THREAD 2000
#endif
#define THREADS 12
#define SETS 7
#define SLOTS 8 /* fewer than threads: some record through the shared slot */

typedef struct totals {
    int64_t counter;
    int64_t up_down;
    uint64_t histogram_count;
    double histogram_sum;
    double doubles;
} totals;

typedef struct world {
    otm_meter_provider *provider;
    otm_reader *readers[2];
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *histogram;
    otm_bound_histogram_f64 *bound_histogram;
    otm_counter_f64 *doubles;
    otm_bound_counter_f64 *bound_doubles;
    atomic_bool done;
    atomic_int failures;
    totals delta; /* the delta collector's sums */
    uint64_t collections;
} world;

static void complain(world *w, const char *what)
{
    if (atomic_fetch_add(&w->failures, 1) < 5) {
        fprintf(stderr, "stress: %s\n", what);
    }
}

static void add_number(totals *t, const otm_metric *metric, const otm_point *point)
{
    if (strcmp(metric->name.data, "counter") == 0) {
        t->counter += point->data.number.as.i64;
    } else if (strcmp(metric->name.data, "up_down") == 0) {
        t->up_down += point->data.number.as.i64;
    } else if (strcmp(metric->name.data, "doubles") == 0) {
        t->doubles += point->data.number.as.f64;
    }
}

/* Every recorded value is 1: a histogram is whole when its sum, its count and its buckets agree. */
static void add_histogram(world *w, totals *t, const otm_point *point)
{
    const otm_histogram_data *data = point->data.histogram;
    uint64_t in_buckets = 0;
    for (size_t i = 0; i < data->bucket_count; i++) {
        in_buckets += data->bucket_counts[i];
    }
    if (in_buckets != data->count || data->sum != (double)data->count || (data->count > 0 && data->min != 1.0)) {
        complain(w, "a torn histogram");
    }
    t->histogram_count += data->count;
    t->histogram_sum += data->sum;
}

static void add_tree(world *w, totals *t, const otm_metrics_data *data)
{
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                for (size_t p = 0; p < metric->point_count; p++) {
                    const otm_point *point = otm_metric_point(metric, p);
                    if (metric->type == OTM_METRIC_HISTOGRAM) {
                        add_histogram(w, t, point);
                    } else {
                        add_number(t, metric, point);
                    }
                }
            }
        }
    }
}

static totals collect(world *w, size_t reader)
{
    totals t = {0};
    const otm_metrics_data *data = NULL;
    otm_status st = otm_reader_collect(w->readers[reader], 0, &data);
    if (st != OTM_OK) {
        complain(w, otm_status_name(st));
        return t;
    }
    add_tree(w, &t, data);
    otm_reader_return(w->readers[reader], data);
    return t;
}

static void *collect_cumulative(void *argument)
{
    world *w = argument;
    totals last = {0};
    while (!atomic_load(&w->done)) {
        totals now = collect(w, 0);
        if (now.counter < last.counter || now.histogram_count < last.histogram_count || now.doubles < last.doubles) {
            complain(w, "a cumulative total fell");
        }
        last = now;
    }
    return NULL;
}

static void add_totals(totals *sum, totals t)
{
    sum->counter += t.counter;
    sum->up_down += t.up_down;
    sum->histogram_count += t.histogram_count;
    sum->histogram_sum += t.histogram_sum;
    sum->doubles += t.doubles;
}

static void *collect_delta(void *argument)
{
    world *w = argument;
    while (!atomic_load(&w->done)) {
        add_totals(&w->delta, collect(w, 1));
        w->collections++;
    }
    return NULL;
}

static void *record(void *argument)
{
    world *w = argument;
    for (int i = 0; i < PER_THREAD; i++) {
        otm_attr attrs[] = {otm_attr_i64("set", i % SETS), otm_attr_string("kind", "stress")};
        otm_counter_i64_add(w->counter, 1, attrs, 2);
        otm_bound_counter_i64_add(w->bound, 1);
        otm_up_down_counter_i64_add(w->up_down, i % 2 == 0 ? 3 : -2, attrs, 2);
        otm_histogram_f64_record(w->histogram, 1.0, attrs, 2);
        otm_bound_histogram_f64_record(w->bound_histogram, 1.0);
        otm_counter_f64_add(w->doubles, 1.0, attrs, 2);
        otm_bound_counter_f64_add(w->bound_doubles, 1.0);
    }
    return NULL;
}

static void create_readers(world *w)
{
    otm_reader_options options;
    otm_reader_options_init(&options);
    assert_int_equal(otm_manual_reader_create(&options, &w->readers[0]), OTM_OK);
    options.temporality_preference = OTM_PREFER_DELTA;
    options.temporality[OTM_UP_DOWN_COUNTER] = OTM_DELTA;
    assert_int_equal(otm_manual_reader_create(&options, &w->readers[1]), OTM_OK);
}

static void world_init(world *w)
{
    otm_meter_provider_options options;
    memset(w, 0, sizeof *w);
    create_readers(w);
    otm_meter_provider_options_init(&options);
    options.readers = w->readers;
    options.reader_count = 2;
    assert_int_equal(otm_meter_provider_create(&options, &w->provider), OTM_OK);
    otm_meter *meter = otm_meter_provider_get_meter(w->provider, "stress", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "counter", NULL, &w->counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(meter, "up_down", NULL, &w->up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(meter, "histogram", NULL, &w->histogram), OTM_OK);
    assert_int_equal(otm_meter_create_counter_f64(meter, "doubles", NULL, &w->doubles), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w->counter, NULL, 0, NULL, &w->bound), OTM_OK);
    assert_int_equal(otm_histogram_f64_bind(w->histogram, NULL, 0, NULL, &w->bound_histogram), OTM_OK);
    assert_int_equal(otm_counter_f64_bind(w->doubles, NULL, 0, NULL, &w->bound_doubles), OTM_OK);
    otm_meter_release(meter);
}

static void world_fini(world *w)
{
    otm_bound_counter_i64_release(w->bound);
    otm_bound_histogram_f64_release(w->bound_histogram);
    otm_bound_counter_f64_release(w->bound_doubles);
    otm_counter_i64_release(w->counter);
    otm_up_down_counter_i64_release(w->up_down);
    otm_histogram_f64_release(w->histogram);
    otm_counter_f64_release(w->doubles);
    assert_int_equal(otm_meter_provider_shutdown(w->provider, 0), OTM_OK);
    otm_meter_provider_release(w->provider);
    otm_reader_release(w->readers[0]);
    otm_reader_release(w->readers[1]);
}

/* Each round's threads are new ones: slots change hands all the time. */
static void run_rounds(world *w, void *(*work)(void *))
{
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, work, w), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
    }
}

static const int64_t RECORDED = (int64_t)ROUNDS * THREADS * PER_THREAD;

static void stress_recording_while_two_readers_collect_keeps_every_total_exact(void **state)
{
    (void)state;
    world w;
    pthread_t cumulative;
    pthread_t delta;
    world_init(&w);
    assert_int_equal(pthread_create(&cumulative, NULL, collect_cumulative, &w), 0);
    assert_int_equal(pthread_create(&delta, NULL, collect_delta, &w), 0);
    run_rounds(&w, record);
    atomic_store(&w.done, true);
    pthread_join(cumulative, NULL);
    pthread_join(delta, NULL);

    totals all = collect(&w, 0);
    add_totals(&w.delta, collect(&w, 1));
    assert_int_equal(atomic_load(&w.failures), 0);
    assert_int_equal(all.counter, 2 * RECORDED);
    assert_int_equal(w.delta.counter, 2 * RECORDED);
    assert_int_equal(all.up_down, RECORDED / 2);
    assert_int_equal(w.delta.up_down, RECORDED / 2);
    assert_int_equal(all.histogram_count, 2 * RECORDED);
    assert_int_equal(w.delta.histogram_count, 2 * RECORDED);
    assert_true(all.histogram_sum == 2.0 * (double)RECORDED);
    assert_true(w.delta.histogram_sum == 2.0 * (double)RECORDED);
    assert_true(all.doubles == 2.0 * (double)RECORDED);
    assert_true(w.delta.doubles == 2.0 * (double)RECORDED);
    assert_true(w.collections > 10);
    world_fini(&w);
}

static void *record_and_remove(void *argument)
{
    world *w = argument;
    for (int i = 0; i < PER_THREAD; i++) {
        otm_attr attr = otm_attr_i64("set", i % SETS);
        otm_counter_i64_add(w->counter, 1, &attr, 1);
        otm_bound_counter_i64_add(w->bound, 1);
        otm_histogram_f64_record(w->histogram, 1.0, &attr, 1);
        otm_bound_histogram_f64_record(w->bound_histogram, 1.0);
        if (i % 50 == 0) {
            (void)otm_counter_i64_remove(w->counter, &attr, 1);
            (void)otm_counter_i64_remove(w->counter, NULL, 0);
            (void)otm_histogram_f64_remove(w->histogram, &attr, 1);
            (void)otm_histogram_f64_remove(w->histogram, NULL, 0);
        }
    }
    return NULL;
}

/* Under delta nothing that was measured is lost, whenever its series ends. */
static void stress_removing_series_while_recording_loses_nothing_under_delta(void **state)
{
    (void)state;
    world w;
    pthread_t delta;
    world_init(&w);
    assert_int_equal(pthread_create(&delta, NULL, collect_delta, &w), 0);
    run_rounds(&w, record_and_remove);
    atomic_store(&w.done, true);
    pthread_join(delta, NULL);
    add_totals(&w.delta, collect(&w, 1));
    assert_int_equal(atomic_load(&w.failures), 0);
    assert_int_equal(w.delta.counter, 2 * RECORDED);
    assert_int_equal(w.delta.histogram_count, 2 * RECORDED);
    assert_true(w.delta.histogram_sum == 2.0 * (double)RECORDED);
    world_fini(&w);
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
