/* The longest that a single recording took while another thread collected back to back. A thread may lose its core to
 * another or to the kernel at any time; so each row has a control that reads the clock and records nothing. A recording
 * that gave up its core of itself, which only a lock does, fails the row. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "bench_many.h"

#define NOTABLE_NS 2000

typedef struct latency {
    bench_rig rig;
    bench_many many; /* a collection has something to do */
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_bound_counter_i64 *bound_counter;
    otm_bound_histogram_f64 *bound_histogram;
    atomic_bool stop;
    uint64_t collections;
} latency;

typedef enum subject { NOTHING, COUNTER, HISTOGRAM, UNBOUND } subject;

static void *collect_back_to_back(void *argument)
{
    latency *l = argument;
    while (!atomic_load_explicit(&l->stop, memory_order_relaxed)) {
        bench_total total = {0};
        l->collections += bench_rig_collect(&l->rig, &total);
    }
    return NULL;
}

static void record(const latency *l, subject what)
{
    if (what == COUNTER) {
        otm_bound_counter_i64_add(l->bound_counter, 1);
    } else if (what == HISTOGRAM) {
        otm_bound_histogram_f64_record(l->bound_histogram, 7.0);
    } else if (what == UNBOUND) {
        otm_attr attrs[] = {otm_attr_string("method", BENCH_METHOD), otm_attr_string("route", BENCH_ROUTE),
                            otm_attr_string("server", "node-17.example")};
        otm_counter_i64_add(l->counter, 1, attrs, 3);
    }
}

/* The worst, leaving out those during which this thread was sent from its core; *given_up counts the times it went of
 * itself. */
static double worst_ns(const latency *l, subject what, uint64_t count, long *given_up)
{
    struct rusage before;
    struct rusage after;
    double worst = 0;
    getrusage(RUSAGE_THREAD, &before);
    long began = before.ru_nvcsw;
    for (uint64_t i = 0; i < count; i++) {
        double from = bench_now_ns();
        record(l, what);
        double took = bench_now_ns() - from;
        if (took > NOTABLE_NS) {
            getrusage(RUSAGE_THREAD, &after);
            if (after.ru_nivcsw == before.ru_nivcsw && took > worst) {
                worst = took;
            }
            before = after;
        } else if (took > worst) {
            worst = took;
        }
    }
    getrusage(RUSAGE_THREAD, &after);
    *given_up += after.ru_nvcsw - began;
    return worst;
}

static void start(latency *l)
{
    *l = (latency){0};
    bench_rig_start(&l->rig, &(bench_rig_options){.cardinality_limit = 2 * BENCH_MANY_COUNTERS});
    bench_many_start(&l->many, l->rig.meter, BENCH_COUNTER, BENCH_MANY_HISTOGRAMS);
    bench_many_record(&l->many, 1);
    (void)otm_meter_create_counter_i64(l->rig.meter, "counter.watched", NULL, &l->counter);
    (void)otm_meter_create_histogram_f64(l->rig.meter, "histogram.watched", NULL, &l->histogram);
    (void)otm_counter_i64_bind(l->counter, NULL, 0, NULL, &l->bound_counter);
    (void)otm_histogram_f64_bind(l->histogram, NULL, 0, NULL, &l->bound_histogram);
    record(l, COUNTER);
    record(l, HISTOGRAM);
    record(l, UNBOUND);
}

static void end(latency *l)
{
    otm_bound_counter_i64_release(l->bound_counter);
    otm_bound_histogram_f64_release(l->bound_histogram);
    otm_counter_i64_release(l->counter);
    otm_histogram_f64_release(l->histogram);
    bench_many_end(&l->many);
    bench_rig_end(&l->rig);
}

static void measure(const char *name, subject what)
{
    double samples[7];
    bench_figure figure = {.name = name, .unit = "ns", .threads = 1, .checked = what != NOTHING};
    pthread_t collector;
    latency l;
    long given_up = 0;
    if (!bench_wanted(name)) {
        return;
    }
    start(&l);
    if (pthread_create(&collector, NULL, collect_back_to_back, &l) != 0) {
        bench_die("a thread could not be started", OTM_ERR_IO);
    }
    for (size_t i = 0; i < 7; i++) {
        samples[i] = worst_ns(&l, what, bench_settings.quick ? 500000 : 3000000, &given_up);
    }
    atomic_store(&l.stop, true);
    pthread_join(collector, NULL);
    if (l.collections < 2 || given_up > 0) {
        snprintf(figure.why, sizeof figure.why, "%llu collections, the recording thread waited %ld times",
                 (unsigned long long)l.collections, given_up);
    }
    end(&l);
    bench_report_samples(figure, samples, 7);
}

void bench_measure_latency(void)
{
    measure("worst latency beside collections: nothing", NOTHING);
    measure("worst latency beside collections: bound counter", COUNTER);
    measure("worst latency beside collections: bound histogram", HISTOGRAM);
    measure("worst latency beside collections: 3 attributes", UNBOUND);
}
