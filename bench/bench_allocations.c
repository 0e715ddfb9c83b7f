/* That recordings of known sets and collections in the steady state allocate nothing. */
#include "bench_counting.h"
#include "bench_rig.h"

#define RECORDINGS 100000

typedef struct known_sets {
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_bound_counter_i64 *bound;
    otm_gauge_f64 *gauge;
} known_sets;

/* In both orders, with a key repeated, and beyond the limit of the rig below. */
static void record_known(const known_sets *known, size_t count)
{
    otm_attr attrs[] = {otm_attr_string("method", "POST"), otm_attr_string("server", "node-17.example")};
    otm_attr reversed[] = {attrs[1], attrs[0]};
    for (size_t i = 0; i < count; i++) {
        otm_attr beyond[] = {otm_attr_string("method", "GET"), otm_attr_i64("number", (int64_t)i)};
        otm_counter_i64_add(known->counter, 1, i % 2 == 0 ? attrs : reversed, 2);
        otm_counter_i64_add(known->counter, 1, NULL, 0);
        otm_counter_i64_add(known->counter, 1, beyond, 2);
        otm_histogram_f64_record(known->histogram, (double)i, attrs, 2);
        otm_gauge_f64_record(known->gauge, (double)i, attrs, 2);
        otm_bound_counter_i64_add(known->bound, 1);
    }
}

static void report_allocations(const char *name, size_t counted)
{
    bench_figure figure = {.name = name, .unit = "allocations", .threads = 1, .value = (double)counted,
                           .median = (double)counted, .runs = 1, .checked = true};
    if (counted != 0) {
        snprintf(figure.why, sizeof figure.why, "%zu where there should be none", counted);
    }
    bench_report(&figure);
}

void bench_measure_allocations(void)
{
    bench_counting counting;
    bench_rig rig;
    known_sets known;
    if (!bench_wanted("allocations")) {
        return;
    }
    bench_counting_init(&counting);
    bench_rig_start(&rig, &(bench_rig_options){.allocator = &counting.allocator, .cardinality_limit = 10});
    (void)otm_meter_create_counter_i64(rig.meter, "counter", NULL, &known.counter);
    (void)otm_meter_create_histogram_f64(rig.meter, "histogram", NULL, &known.histogram);
    (void)otm_meter_create_gauge_f64(rig.meter, "gauge", NULL, &known.gauge);
    (void)otm_counter_i64_bind(known.counter, NULL, 0, NULL, &known.bound);
    record_known(&known, 100);

    size_t before = atomic_load(&counting.calls) + bench_malloc_calls();
    record_known(&known, RECORDINGS);
    report_allocations("allocations of 600 000 recordings, known sets",
                       atomic_load(&counting.calls) + bench_malloc_calls() - before);

    bench_total total = {0};
    (void)bench_rig_collect(&rig, &total);
    (void)bench_rig_collect(&rig, &total);
    before = atomic_load(&counting.calls) + bench_malloc_calls();
    (void)bench_rig_collect(&rig, &total);
    report_allocations("allocations of a collection, steady state",
                       atomic_load(&counting.calls) + bench_malloc_calls() - before);
    otm_bound_counter_i64_release(known.bound);
    otm_gauge_f64_release(known.gauge);
    otm_histogram_f64_release(known.histogram);
    otm_counter_i64_release(known.counter);
    bench_rig_end(&rig);
}
