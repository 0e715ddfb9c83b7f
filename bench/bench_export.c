/* The export side: collect and encode as OTLP protobuf, and a text scrape; nanoseconds, bytes and allocations. */
#include <stdlib.h>

#include <otm/prometheus.h>

#include "../exporters/otlp/otlp_encode.h"
#include "bench_counting.h"
#include "bench_many.h"

#define EACH 100 /* measurements a histogram */

static void report(const char *name, const char *unit, double value, const char *why)
{
    bench_figure figure = {.name = name, .unit = unit, .threads = 1, .value = value, .median = value, .runs = 1};
    if (why != NULL) {
        figure.checked = true;
        snprintf(figure.why, sizeof figure.why, "%s", why);
    }
    bench_report(&figure);
}

static size_t calls(const bench_counting *counting)
{
    return atomic_load(&counting->calls) + bench_malloc_calls();
}

/* -- OTLP -------------------------------------------------------------------------------------------------------- */

typedef struct encoded {
    double ns, encode_ns;
    size_t points, allocations;
} encoded;

/* One export as the exporter makes it, up to the bytes; it keeps its memory from one to the next. */
static encoded encode_once(bench_rig *rig, const bench_counting *counting, otmi_pb_writer *request)
{
    const otm_metrics_data *data;
    otmi_otlp_encoded counts;
    encoded e = {.allocations = calls(counting)};
    double began = bench_now_ns();
    if (otm_reader_collect(rig->reader, 5000, &data) != OTM_OK) {
        bench_die("no collection", OTM_ERR_TIMEOUT);
    }
    double collected = bench_now_ns();
    otm_status st = otmi_otlp_encode(data, request, &counts);
    e.encode_ns = bench_now_ns() - collected;
    otm_reader_return(rig->reader, data);
    e.ns = bench_now_ns() - began;
    e.allocations = calls(counting) - e.allocations;
    e.points = counts.points;
    if (st != OTM_OK) {
        bench_die("no OTLP", st);
    }
    return e;
}

typedef struct otlp_names {
    const char *total, *encode, *bytes, *allocations;
} otlp_names;

static void measure_otlp(const otlp_names *names, bench_kind kind, size_t series, size_t each)
{
    double total[BENCH_MAX_RUNS];
    double encode[BENCH_MAX_RUNS];
    size_t runs = bench_settings.quick ? 11 : BENCH_MAX_RUNS;
    bench_figure figure = {.name = names->total, .unit = "ns/point", .threads = 1, .checked = true};
    bench_counting counting;
    bench_rig rig;
    bench_many many;
    otmi_pb_writer request;
    encoded e = {0};
    if (!bench_wanted(names->total)) {
        return;
    }
    bench_counting_init(&counting);
    otmi_pb_init(&request, &counting.allocator, SIZE_MAX);
    bench_rig_start(&rig, &(bench_rig_options){.cardinality_limit = 2 * BENCH_MANY_COUNTERS});
    bench_many_start(&many, rig.meter, kind, series);
    bench_many_record(&many, each);
    for (size_t i = 0; i < runs + 2; i++) {
        e = encode_once(&rig, &counting, &request);
        if (e.points != series) {
            (void)bench_judge_count(e.points, series, figure.why);
        }
        if (i >= 2) {
            total[i - 2] = e.ns / (double)series;
            encode[i - 2] = e.encode_ns / (double)series;
        }
    }
    bench_many_end(&many);
    bench_rig_end(&rig);
    bench_report_samples(figure, total, runs);
    bench_report_samples((bench_figure){.name = names->encode, .unit = "ns/point", .threads = 1}, encode, runs);
    report(names->bytes, "bytes/point", (double)request.size / (double)series, NULL);
    report(names->allocations, "allocations", (double)e.allocations, NULL);
    otmi_pb_fini(&request);
}

void bench_measure_otlp(void)
{
    measure_otlp(&(otlp_names){"OTLP collect + encode, 10 000 counters", "OTLP encode alone, 10 000 counters",
                               "OTLP bytes, 10 000 counters", "OTLP allocations, 10 000 counters"},
                 BENCH_COUNTER, BENCH_MANY_COUNTERS, 1);
    measure_otlp(&(otlp_names){"OTLP collect + encode, 1 000 histograms", "OTLP encode alone, 1 000 histograms",
                               "OTLP bytes, 1 000 histograms", "OTLP allocations, 1 000 histograms"},
                 BENCH_HISTOGRAM, BENCH_MANY_HISTOGRAMS, EACH);
}

/* -- Prometheus -------------------------------------------------------------------------------------------------- */

typedef struct scrape {
    double ns;
    size_t bytes, lines, allocations;
    uint64_t counted; /* the sum over the counters' samples */
} scrape;

static void read_text(const char *text, size_t size, scrape *s)
{
    const char *line = text;
    for (const char *at = text; at < text + size; at++) {
        if (*at == '\n') {
            s->lines += *line != '#';
            const char *value = at;
            while (value > line && value[-1] != ' ') {
                value--;
            }
            s->counted += strncmp(line, "counter", 7) == 0 ? strtoull(value, NULL, 10) : 0;
            line = at + 1;
        }
    }
}

static scrape scrape_once(otm_prometheus_exporter *exporter, const bench_counting *counting)
{
    otm_prometheus_response response;
    scrape s = {.allocations = calls(counting)};
    otm_prometheus_response_init(&response);
    double began = bench_now_ns();
    otm_status st = otm_prometheus_render(exporter, "text/plain;version=0.0.4", NULL, &response);
    s.ns = bench_now_ns() - began;
    s.allocations = calls(counting) - s.allocations;
    if (st != OTM_OK) {
        bench_die("no scrape", st);
    }
    s.bytes = response.size;
    read_text(response.body, response.size, &s);
    otm_prometheus_response_free(&response);
    return s;
}

static otm_prometheus_exporter *make_exporter(const otm_allocator *allocator)
{
    otm_prometheus_exporter_options options;
    otm_reader_options reader_options;
    otm_prometheus_exporter *exporter;
    otm_reader_options_init(&reader_options);
    reader_options.default_cardinality_limit = 2 * BENCH_MANY_COUNTERS;
    otm_prometheus_exporter_options_init(&options);
    options.allocator = allocator;
    options.omit_scope_info = true; /* as in the peers' text: three labels */
    options.reader = &reader_options;
    otm_status st = otm_prometheus_exporter_create(&options, &exporter);
    if (st != OTM_OK) {
        bench_die("no Prometheus exporter", st);
    }
    return exporter;
}

void bench_measure_prometheus(void)
{
    double samples[BENCH_MAX_RUNS];
    size_t runs = bench_settings.quick ? 11 : BENCH_MAX_RUNS;
    bench_figure figure = {.name = "text scrape, 10 000 counters + 1 000 histograms", .unit = "ms", .threads = 1,
                           .checked = true};
    bench_counting counting;
    bench_rig rig;
    bench_many counters;
    bench_many histograms;
    scrape s = {0};
    if (!bench_wanted(figure.name)) {
        return;
    }
    bench_counting_init(&counting);
    otm_prometheus_exporter *exporter = make_exporter(&counting.allocator);
    bench_rig_start(&rig, &(bench_rig_options){.reader = otm_reader_retain(otm_prometheus_exporter_reader(exporter))});
    bench_many_start(&counters, rig.meter, BENCH_COUNTER, BENCH_MANY_COUNTERS);
    bench_many_start(&histograms, rig.meter, BENCH_HISTOGRAM, BENCH_MANY_HISTOGRAMS);
    bench_many_record(&counters, 1);
    bench_many_record(&histograms, EACH);
    for (size_t i = 0; i < runs + 2; i++) {
        s = scrape_once(exporter, &counting);
        if (s.counted != BENCH_MANY_COUNTERS) {
            (void)bench_judge_count(s.counted, BENCH_MANY_COUNTERS, figure.why);
        }
        if (i >= 2) {
            samples[i - 2] = s.ns / 1e6;
        }
    }
    bench_many_end(&counters);
    bench_many_end(&histograms);
    bench_rig_end(&rig);
    (void)otm_prometheus_exporter_release(exporter);
    bench_report_samples(figure, samples, runs);
    report("text scrape, time a line", "ns/line", samples[0] * 1e6 / (double)s.lines, NULL);
    report("text scrape, size", "bytes", (double)s.bytes, NULL);
    report("text scrape, allocations", "allocations", (double)s.allocations, NULL);
}
