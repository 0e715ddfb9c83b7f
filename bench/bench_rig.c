#include "bench_rig.h"

#include <math.h>

static int disable(const otm_scope *scope, void *user_data)
{
    (void)scope;
    (void)user_data;
    return 0;
}

static size_t make_views(otm_view views[2], const bench_rig_options *options)
{
    otm_view_init(&views[0]);
    otm_view_init(&views[1]);
    if (options->drop) {
        views[0].stream.aggregation.kind = OTM_AGGREGATION_DROP;
        return 1;
    }
    views[0].selector.instrument_name = "exponential*";
    views[0].stream.aggregation.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    views[1].selector.instrument_name = "counter*";
    views[1].stream.exemplar_reservoir.kind = OTM_RESERVOIR_FIXED_SIZE;
    views[1].stream.exemplar_reservoir.size = options->reservoir_size;
    return options->reservoir_size > 0 ? 2 : 1;
}

static otm_reader *make_reader(const bench_rig_options *options)
{
    otm_reader_options reader_options;
    otm_reader *reader;
    otm_reader_options_init(&reader_options);
    reader_options.allocator = options->allocator;
    reader_options.default_cardinality_limit = options->cardinality_limit;
    reader_options.temporality_preference = options->delta ? OTM_PREFER_DELTA : OTM_PREFER_CUMULATIVE;
    otm_status st = otm_manual_reader_create(&reader_options, &reader);
    if (st != OTM_OK) {
        bench_die("no reader", st);
    }
    return reader;
}

void bench_rig_start(bench_rig *rig, const bench_rig_options *options)
{
    otm_meter_provider_options provider_options;
    otm_view views[2];
    otm_meter_provider_options_init(&provider_options);
    options = options != NULL ? options : &(bench_rig_options){0};
    rig->reader = options->reader != NULL ? options->reader : make_reader(options);
    provider_options.allocator = options->allocator;
    provider_options.views = views;
    provider_options.view_count = make_views(views, options);
    provider_options.exemplar_filter = options->exemplar_filter;
    provider_options.meter_configurator = options->disabled ? disable : NULL;
    provider_options.readers = &rig->reader;
    provider_options.reader_count = 1;
    otm_status st = otm_meter_provider_create(&provider_options, &rig->provider);
    if (st != OTM_OK) {
        bench_die("no provider", st);
    }
    rig->meter = otm_meter_provider_get_meter(rig->provider, "bench", NULL);
}

void bench_server_text(char *text, size_t number)
{
    snprintf(text, BENCH_SERVER, "node-%05u.example", (unsigned)number);
}

void bench_rig_end(bench_rig *rig)
{
    otm_meter_release(rig->meter);
    (void)otm_meter_provider_shutdown(rig->provider, 1000);
    otm_meter_provider_release(rig->provider);
    otm_reader_release(rig->reader);
}

static void add_metric(bench_total *total, const otm_metric *metric)
{
    for (size_t i = 0; i < metric->point_count; i++) {
        const otm_point *point = otm_metric_point(metric, i);
        total->points++;
        total->exemplars += point->exemplar_count;
        if (metric->type == OTM_METRIC_HISTOGRAM || metric->type == OTM_METRIC_EXPONENTIAL_HISTOGRAM) {
            total->count += point->data.histogram->count;
            total->sum += point->data.histogram->sum;
        } else if (point->data.number.number == OTM_NUMBER_I64) {
            total->i64 += point->data.number.as.i64;
        } else {
            total->f64 += point->data.number.as.f64;
        }
    }
}

bool bench_rig_collect(bench_rig *rig, bench_total *total)
{
    const otm_metrics_data *data;
    if (otm_reader_collect(rig->reader, 5000, &data) != OTM_OK) {
        return false;
    }
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                add_metric(total, otm_scope_metric(scope, m));
            }
        }
    }
    otm_reader_return(rig->reader, data);
    return true;
}

bool bench_judge_count(uint64_t exported, uint64_t recorded, char *why)
{
    snprintf(why, BENCH_WHY, "exported %llu, recorded %llu", (unsigned long long)exported,
             (unsigned long long)recorded);
    return exported == recorded;
}

bool bench_judge_histogram(const bench_total *exported, uint64_t recorded, char *why)
{
    double sum = bench_values_sum * (double)(recorded / BENCH_VALUES);
    if (fabs(exported->sum - sum) > 1e-6 * sum) {
        snprintf(why, BENCH_WHY, "exported a sum of %f, recorded %f", exported->sum, sum);
        return false;
    }
    return bench_judge_count(exported->count, recorded, why);
}

static bench_total collected(bench_row *row)
{
    bench_total total = {0};
    if (!bench_rig_collect(row->state, &total)) {
        bench_die("no collection", OTM_ERR_TIMEOUT);
    }
    return total;
}

bool bench_check_counter_i64(bench_row *row, char *why)
{
    return bench_judge_count((uint64_t)collected(row).i64, row->total, why);
}

bool bench_check_counter_f64(bench_row *row, char *why)
{
    return bench_judge_count((uint64_t)collected(row).f64, row->total, why);
}

bool bench_check_fallen_i64(bench_row *row, char *why)
{
    return bench_judge_count((uint64_t)-collected(row).i64, row->total, why);
}

bool bench_check_histogram(bench_row *row, char *why)
{
    bench_total total = collected(row);
    return bench_judge_histogram(&total, row->total, why);
}
