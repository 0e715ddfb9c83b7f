/* What one collection takes, without its export, for each kind of series and both temporalities. */
#include "bench_many.h"

static bool collect_timed(bench_rig *rig, double *ns)
{
    const otm_metrics_data *data;
    double began = bench_now_ns();
    if (otm_reader_collect(rig->reader, 5000, &data) != OTM_OK) {
        return false;
    }
    *ns = bench_now_ns() - began;
    otm_reader_return(rig->reader, data);
    return true;
}

/* A delta reader's collection takes away what it shows: the one that is timed and the one that is checked each have
 * the same to do. */
static void measure(const char *name, bench_kind kind, size_t series, bool delta)
{
    double samples[BENCH_MAX_RUNS];
    size_t runs = bench_settings.quick ? 7 : BENCH_MAX_RUNS;
    bench_figure figure = {.name = name, .unit = "ns/series", .threads = 1, .checked = true};
    bench_rig rig;
    bench_many many;
    if (!bench_wanted(name)) {
        return;
    }
    bench_rig_start(&rig, &(bench_rig_options){.cardinality_limit = 2 * BENCH_MANY_COUNTERS, .delta = delta});
    bench_many_start(&many, rig.meter, kind, series);
    bench_many_record(&many, 1);
    for (size_t i = 0; i < runs; i++) {
        bench_total total = {0};
        if (!collect_timed(&rig, &samples[i])) {
            bench_die("no collection", OTM_ERR_TIMEOUT);
        }
        samples[i] /= (double)series;
        bench_many_record(&many, 1);
        uint64_t recorded = delta ? series : series * (2 * i + 2);
        if (!bench_rig_collect(&rig, &total) || (uint64_t)total.i64 + total.count != recorded) {
            (void)bench_judge_count((uint64_t)total.i64 + total.count, recorded, figure.why);
        }
        bench_many_record(&many, 1);
    }
    bench_many_end(&many);
    bench_rig_end(&rig);
    bench_report_samples(figure, samples, runs);
}

void bench_measure_collect(void)
{
    measure("collection of 10 000 counters", BENCH_COUNTER, BENCH_MANY_COUNTERS, false);
    measure("collection of 10 000 counters, delta", BENCH_COUNTER, BENCH_MANY_COUNTERS, true);
    measure("collection of 1 000 histograms, 15 bounds", BENCH_HISTOGRAM, BENCH_MANY_HISTOGRAMS, false);
    measure("collection of 1 000 histograms, 15 bounds, delta", BENCH_HISTOGRAM, BENCH_MANY_HISTOGRAMS, true);
    measure("collection of 1 000 exponential histograms", BENCH_EXPONENTIAL, BENCH_MANY_HISTOGRAMS, false);
    measure("collection of 1 000 exponential histograms, delta", BENCH_EXPONENTIAL, BENCH_MANY_HISTOGRAMS, true);
}
