/* What is measured once, not timed by the harness: allocations, collections, bytes a series. */
#include <string.h>

#include "bench_counting.h"
#include "bench_rig.h"

#define RECORDINGS 100000
#define COUNTERS 10000
#define HISTOGRAMS 1000

/* One series a number, told apart by one attribute. */
static void add_series(otm_counter_i64 *counter, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        otm_attr attrs[] = {otm_attr_i64("series", (int64_t)i)};
        otm_counter_i64_add(counter, 1, attrs, 1);
    }
}

static void record_series(otm_histogram_f64 *histogram, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        otm_attr attrs[] = {otm_attr_i64("series", (int64_t)i)};
        otm_histogram_f64_record(histogram, 1.0, attrs, 1);
    }
}

/* -- Allocations ------------------------------------------------------------------------------------------------- */

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

/* -- Collections ------------------------------------------------------------------------------------------------- */

static void measure_collections(const char *name, bench_rig *rig, size_t series)
{
    double samples[BENCH_MAX_RUNS];
    bench_figure figure = {.name = name, .unit = "ns/series", .threads = 1, .checked = true};
    size_t runs = bench_settings.quick ? 7 : BENCH_MAX_RUNS;
    for (size_t i = 0; i < runs; i++) {
        bench_total total = {0};
        const otm_metrics_data *data;
        double began = bench_now_ns();
        if (otm_reader_collect(rig->reader, 5000, &data) != OTM_OK) {
            bench_die("no collection", OTM_ERR_TIMEOUT);
        }
        samples[i] = (bench_now_ns() - began) / (double)series;
        otm_reader_return(rig->reader, data);
        if (bench_rig_collect(rig, &total) && (uint64_t)total.i64 + total.count != series) {
            (void)bench_judge_count((uint64_t)total.i64 + total.count, series, figure.why);
        }
    }
    bench_report_samples(figure, samples, runs);
}

void bench_measure_collect(void)
{
    const bench_rig_options options = {.cardinality_limit = 2 * COUNTERS};
    bench_rig rig;
    if (bench_wanted("collection of 10 000 counters")) {
        otm_counter_i64 *counter;
        bench_rig_start(&rig, &options);
        (void)otm_meter_create_counter_i64(rig.meter, "counter", NULL, &counter);
        add_series(counter, COUNTERS);
        measure_collections("collection of 10 000 counters", &rig, COUNTERS);
        otm_counter_i64_release(counter);
        bench_rig_end(&rig);
    }
    if (bench_wanted("collection of 1 000 histograms, 15 bounds")) {
        otm_histogram_f64 *histogram;
        bench_rig_start(&rig, &options);
        (void)otm_meter_create_histogram_f64(rig.meter, "histogram", NULL, &histogram);
        record_series(histogram, HISTOGRAMS);
        measure_collections("collection of 1 000 histograms, 15 bounds", &rig, HISTOGRAMS);
        otm_histogram_f64_release(histogram);
        bench_rig_end(&rig);
    }
}

/* -- Bytes ------------------------------------------------------------------------------------------------------- */

static void report_bytes(const char *name, size_t bytes, size_t series)
{
    double value = (double)bytes / (double)series;
    bench_report(&(bench_figure){.name = name, .unit = "bytes", .threads = 1, .value = value, .median = value,
                                 .runs = 1});
}

/* From no series to many, as many as fill the chunks they lie in. */
void bench_measure_memory(void)
{
    const size_t series = 8184; /* 8 + 16 + ... + 4096 */
    bench_counting counting;
    bench_rig rig;
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    if (!bench_wanted("bytes a series")) {
        return;
    }
    bench_counting_init(&counting);
    bench_rig_start(&rig, &(bench_rig_options){.allocator = &counting.allocator, .cardinality_limit = 2 * COUNTERS});
    (void)otm_meter_create_counter_i64(rig.meter, "counter", NULL, &counter);
    (void)otm_meter_create_histogram_f64(rig.meter, "histogram", NULL, &histogram);
    size_t large = atomic_load(&counting.large_bytes);
    size_t small = atomic_load(&counting.small_bytes);
    add_series(counter, series);
    report_bytes("bytes a series: counter", atomic_load(&counting.large_bytes) - large, series);
    report_bytes("bytes a series: its attributes, one integer", atomic_load(&counting.small_bytes) - small, series);
    large = atomic_load(&counting.large_bytes);
    record_series(histogram, series);
    report_bytes("bytes a series: histogram, 15 bounds", atomic_load(&counting.large_bytes) - large, series);
    otm_histogram_f64_release(histogram);
    otm_counter_i64_release(counter);
    bench_rig_end(&rig);
}
