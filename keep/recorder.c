/* The recorder: bound handles by metric, so that recording is one check and one call. */
#include "recorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define METER_NAME "keep"

/* -- Memory -------------------------------------------------------------------------------------------------------- */

static void *malloc_alloc(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void *malloc_resize(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    return realloc(pointer, new_size);
}

static void malloc_release(void *context, void *pointer, size_t size)
{
    (void)context;
    (void)size;
    free(pointer);
}

static const otm_allocator malloc_allocator = {NULL, malloc_alloc, malloc_resize, malloc_release};

/* -- Creation ------------------------------------------------------------------------------------------------------ */

static otm_status bind_counter(otm_meter *meter, const otmi_keep_row *row, const otm_instrument_options *options,
                               const otm_bind_options *bind, otm_bound **out)
{
    otm_counter_f64 *counter = NULL;
    otm_bound_counter_f64 *bound = NULL;
    otm_status st = otm_meter_create_counter_f64(meter, row->exported_name, options, &counter);
    if (st == OTM_OK) {
        st = otm_counter_f64_bind(counter, NULL, 0, bind, &bound);
    }
    otm_counter_f64_release(counter);
    *out = (otm_bound *)bound;
    return st;
}

static otm_status bind_gauge(otm_meter *meter, const otmi_keep_row *row, const otm_instrument_options *options,
                             const otm_bind_options *bind, otm_bound **out)
{
    otm_gauge_f64 *gauge = NULL;
    otm_bound_gauge_f64 *bound = NULL;
    otm_status st = otm_meter_create_gauge_f64(meter, row->exported_name, options, &gauge);
    if (st == OTM_OK) {
        st = otm_gauge_f64_bind(gauge, NULL, 0, bind, &bound);
    }
    otm_gauge_f64_release(gauge);
    *out = (otm_bound *)bound;
    return st;
}

static otm_status bind_histogram(otm_meter *meter, const otmi_keep_row *row, const otm_instrument_options *options,
                                 const otm_bind_options *bind, otm_bound **out)
{
    otm_histogram_f64 *histogram = NULL;
    otm_bound_histogram_f64 *bound = NULL;
    otm_status st = otm_meter_create_histogram_f64(meter, row->exported_name, options, &histogram);
    if (st == OTM_OK) {
        st = otm_histogram_f64_bind(histogram, NULL, 0, bind, &bound);
    }
    otm_histogram_f64_release(histogram);
    *out = (otm_bound *)bound;
    return st;
}

static otm_status create_metric(otm_keep_recorder *recorder, otm_keep_metric metric)
{
    const otmi_keep_row *row = otmi_keep_row_of(metric);
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.unit = row->unit;
    options.description = row->description;
    otm_bind_options bind;
    otm_bind_options_init(&bind);
    bind.visible_from_start = row->label_count == 0;
    otm_bound **bound = &recorder->bound[metric];
    switch (row->kind) {
    case OTM_COUNTER:
        return bind_counter(recorder->meter, row, &options, &bind, bound);
    case OTM_GAUGE:
        return bind_gauge(recorder->meter, row, &options, &bind, bound);
    case OTM_HISTOGRAM:
        options.bucket_boundaries = row->buckets->bounds;
        options.bucket_boundary_count = row->buckets->bound_count;
        options.has_bucket_boundaries = true;
        return bind_histogram(recorder->meter, row, &options, &bind, bound);
    default:
        return otm_meter_create_observable_gauge_f64(recorder->meter, row->exported_name, &options,
                                                     &recorder->observed[metric]);
    }
}

/* Runs in every collection. A histogram without a measurement has no average, so its gauge stays absent. */
static void report_averages(otm_observer *observer, void *user_data)
{
    const otm_keep_recorder *recorder = (const otm_keep_recorder *)user_data;
    for (size_t i = 0; i < recorder->average_count; i++) {
        const otmi_keep_average *average = &recorder->averages[i];
        otm_series_value value;
        otm_series_value_init(&value);
        otm_status st = otm_bound_histogram_f64_peek(
            (otm_bound_histogram_f64 *)recorder->bound[average->metric], &value);
        if (st == OTM_OK && value.count > 0) {
            otm_observe_f64(observer, average->gauge, value.sum / (double)value.count, NULL, 0);
        }
    }
}

static otm_status create_average(otm_keep_recorder *recorder, otm_keep_metric metric)
{
    const otmi_keep_row *row = otmi_keep_row_of(metric);
    char name[96];
    (void)snprintf(name, sizeof name, "%s_avg", row->exported_name);
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.unit = "{second}"; /* with "s" a translation would append _seconds */
    options.description = "Mean since the start; the histogram of the same name says more.";
    otmi_keep_average *average = &recorder->averages[recorder->average_count];
    average->metric = metric;
    recorder->average_count++;
    return otm_meter_create_observable_gauge_f64(recorder->meter, name, &options, &average->gauge);
}

static otm_status create_averages(otm_keep_recorder *recorder)
{
    otm_observable *gauges[OTMI_KEEP_AVERAGE_MAX];
    for (unsigned metric = 1; metric <= OTMI_KEEP_METRIC_COUNT; metric++) {
        if (otmi_keep_row_of((otm_keep_metric)metric)->kind == OTM_HISTOGRAM) {
            otm_status st = create_average(recorder, (otm_keep_metric)metric);
            if (st != OTM_OK) {
                return st;
            }
            gauges[recorder->average_count - 1] = recorder->averages[recorder->average_count - 1].gauge;
        }
    }
    return otm_meter_register_callback(recorder->meter, report_averages, recorder, gauges, recorder->average_count,
                                       &recorder->average_callback);
}

static otm_status create_metrics(otm_keep_recorder *recorder)
{
    for (unsigned metric = 1; metric <= OTMI_KEEP_METRIC_COUNT; metric++) {
        otm_status st = create_metric(recorder, (otm_keep_metric)metric);
        if (st != OTM_OK) {
            return st;
        }
    }
    return OTM_OK;
}

/* Older callers give a shorter struct, and get defaults; of a longer one the unknown part must be 0. */
static otm_status read_options(const otm_keep_recorder_options *given, otm_keep_recorder_options *out)
{
    otm_keep_recorder_options_init(out);
    if (given == NULL) {
        return OTM_OK;
    }
    if (given->struct_size < sizeof given->struct_size) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = sizeof *out; i < given->struct_size; i++) {
        if (((const unsigned char *)given)[i] != 0) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    out->struct_size = sizeof *out;
    return OTM_OK;
}

otm_status otm_keep_recorder_create(otm_meter_provider *provider, const otm_keep_recorder_options *options,
                                    otm_keep_recorder **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_keep_recorder_options o;
    otm_status st = read_options(options, &o);
    if (st != OTM_OK) {
        return st;
    }
    const otm_allocator *allocator = o.allocator == NULL ? &malloc_allocator : o.allocator;
    otm_keep_recorder *recorder = (otm_keep_recorder *)allocator->alloc(allocator->context, sizeof *recorder);
    if (recorder == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memset(recorder, 0, sizeof *recorder);
    atomic_init(&recorder->references, 1);
    recorder->allocator = allocator;
    recorder->diagnostics = o.diagnostics;
    recorder->meter = otm_meter_provider_get_meter(provider, METER_NAME, NULL);
    st = create_metrics(recorder);
    if (st == OTM_OK && o.average_gauges) {
        st = create_averages(recorder);
    }
    if (st != OTM_OK) {
        otm_keep_recorder_release(recorder);
        return st;
    }
    *out = recorder;
    return OTM_OK;
}

otm_keep_recorder *otm_keep_recorder_retain(otm_keep_recorder *recorder)
{
    if (recorder != NULL) {
        /* Relaxed: whoever retains has a reference, so nothing can be freed meanwhile. */
        atomic_fetch_add_explicit(&recorder->references, 1, memory_order_relaxed);
    }
    return recorder;
}

/* Also of a recorder that is half built. The callback goes first: it uses the rest. */
static void recorder_destroy(otm_keep_recorder *recorder)
{
    otm_callback_unregister(recorder->average_callback);
    for (size_t i = 0; i < recorder->average_count; i++) {
        otm_observable_release(recorder->averages[i].gauge);
    }
    for (size_t i = 0; i <= OTMI_KEEP_METRIC_COUNT; i++) {
        if (recorder->bound[i] != NULL) {
            recorder->bound[i]->ops->release(recorder->bound[i]);
        }
        otm_observable_release(recorder->observed[i]);
    }
    otm_meter_release(recorder->meter);
    recorder->allocator->release(recorder->allocator->context, recorder, sizeof *recorder);
}

void otm_keep_recorder_release(otm_keep_recorder *recorder)
{
    /* Release: what this holder did is done. Acquire: the last one sees what all did before it frees. */
    if (recorder != NULL && atomic_fetch_sub_explicit(&recorder->references, 1, memory_order_acq_rel) == 1) {
        recorder_destroy(recorder);
    }
}

/* -- Recording ----------------------------------------------------------------------------------------------------- */

/* The bound handle of a metric, if it is of this kind; if not, the refusal is done with. name is the caller's. */
static otm_status find_bound(otm_keep_recorder *recorder, otm_keep_metric metric, otm_instrument_kind kind,
                             const char *name, otm_bound **out)
{
    const otmi_keep_row *row = otmi_keep_row_of(metric);
    if (row == NULL) {
        return otmi_keep_refuse(recorder, OTMI_KEEP_UNKNOWN_METRIC, name);
    }
    if (row->kind != kind) {
        return otmi_keep_refuse(recorder, OTMI_KEEP_WRONG_KIND, otmi_keep_row_name(row));
    }
    *out = recorder->bound[metric];
    return OTM_OK;
}

static otm_status refuse_value(otm_keep_recorder *recorder, otm_keep_metric metric)
{
    return otmi_keep_refuse(recorder, OTMI_KEEP_BAD_VALUE, otmi_keep_row_name(otmi_keep_row_of(metric)));
}

static otm_status increment(otm_keep_recorder *recorder, otm_keep_metric metric, const char *name, double value)
{
    otm_bound *bound = NULL;
    otm_status st = find_bound(recorder, metric, OTM_COUNTER, name, &bound);
    if (st != OTM_OK) {
        return st;
    }
    if (!isfinite(value) || value < 0) {
        return refuse_value(recorder, metric);
    }
    otm_bound_counter_f64_add((otm_bound_counter_f64 *)bound, value);
    return OTM_OK;
}

static otm_status record_seconds(otm_keep_recorder *recorder, otm_keep_metric metric, const char *name, double value)
{
    otm_bound *bound = NULL;
    otm_status st = find_bound(recorder, metric, OTM_HISTOGRAM, name, &bound);
    if (st != OTM_OK) {
        return st;
    }
    if (!isfinite(value)) {
        return refuse_value(recorder, metric);
    }
    if (value < 0) {
        (void)otmi_keep_refuse(recorder, OTMI_KEEP_CLAMPED, otmi_keep_row_name(otmi_keep_row_of(metric)));
        value = 0;
    }
    otm_bound_histogram_f64_record((otm_bound_histogram_f64 *)bound, value);
    return OTM_OK;
}

static otm_status set_gauge(otm_keep_recorder *recorder, otm_keep_metric metric, const char *name, double value,
                            bool unknown)
{
    otm_bound *bound = NULL;
    otm_status st = find_bound(recorder, metric, OTM_GAUGE, name, &bound);
    if (st != OTM_OK) {
        return st;
    }
    if (!isfinite(value) && !unknown) {
        return refuse_value(recorder, metric);
    }
    otm_bound_gauge_f64_record((otm_bound_gauge_f64 *)bound, value);
    return OTM_OK;
}

/* Whole seconds and the rest apart: exact for durations beyond the 53 bits of a double in nanoseconds. */
static double seconds_of_ns(int64_t duration_ns)
{
    return (double)(duration_ns / 1000000000) + (double)(duration_ns % 1000000000) / 1e9;
}

otm_status otm_keep_recorder_increment(otm_keep_recorder *recorder, otm_keep_metric metric, double value)
{
    return recorder == NULL ? OTM_OK : increment(recorder, metric, NULL, value);
}

otm_status otm_keep_recorder_increment_by_name(otm_keep_recorder *recorder, const char *name, double value)
{
    return recorder == NULL ? OTM_OK : increment(recorder, otm_keep_metric_find(name), name, value);
}

otm_status otm_keep_recorder_record_seconds(otm_keep_recorder *recorder, otm_keep_metric metric, double duration_s)
{
    return recorder == NULL ? OTM_OK : record_seconds(recorder, metric, NULL, duration_s);
}

otm_status otm_keep_recorder_record_seconds_by_name(otm_keep_recorder *recorder, const char *name, double duration_s)
{
    return recorder == NULL ? OTM_OK : record_seconds(recorder, otm_keep_metric_find(name), name, duration_s);
}

otm_status otm_keep_recorder_record_ns(otm_keep_recorder *recorder, otm_keep_metric metric, int64_t duration_ns)
{
    return otm_keep_recorder_record_seconds(recorder, metric, seconds_of_ns(duration_ns));
}

otm_status otm_keep_recorder_record_ns_by_name(otm_keep_recorder *recorder, const char *name, int64_t duration_ns)
{
    return otm_keep_recorder_record_seconds_by_name(recorder, name, seconds_of_ns(duration_ns));
}

otm_status otm_keep_recorder_set_gauge(otm_keep_recorder *recorder, otm_keep_metric metric, double value)
{
    return recorder == NULL ? OTM_OK : set_gauge(recorder, metric, NULL, value, false);
}

otm_status otm_keep_recorder_set_gauge_by_name(otm_keep_recorder *recorder, const char *name, double value)
{
    return recorder == NULL ? OTM_OK : set_gauge(recorder, otm_keep_metric_find(name), name, value, false);
}

otm_status otm_keep_recorder_set_gauge_unknown(otm_keep_recorder *recorder, otm_keep_metric metric)
{
    return recorder == NULL ? OTM_OK : set_gauge(recorder, metric, NULL, (double)NAN, true);
}

/* -- Getters ------------------------------------------------------------------------------------------------------- */

/* Leaves *value at zeros unless it succeeds. A getter that asks for nonsense changes nothing, so it counts nothing. */
static otm_status peek(otm_keep_recorder *recorder, otm_keep_metric metric, otm_instrument_kind kind,
                       otm_series_value *value)
{
    otm_series_value_init(value);
    if (recorder == NULL) {
        return OTM_OK;
    }
    const otmi_keep_row *row = otmi_keep_row_of(metric);
    if (row == NULL) {
        return OTM_ERR_NOT_FOUND;
    }
    if (row->kind != kind) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_bound *bound = recorder->bound[metric];
    otm_status st = bound->ops->peek(bound, value);
    if (st != OTM_OK) {
        otm_series_value_init(value);
    }
    return st;
}

static otm_status peek_number(otm_keep_recorder *recorder, otm_keep_metric metric, otm_instrument_kind kind,
                              double *out)
{
    otm_series_value value;
    otm_status st = peek(recorder, metric, kind, &value);
    if (out != NULL) {
        *out = value.f64;
    }
    return st;
}

otm_status otm_keep_recorder_counter(otm_keep_recorder *recorder, otm_keep_metric metric, double *value)
{
    return peek_number(recorder, metric, OTM_COUNTER, value);
}

otm_status otm_keep_recorder_counter_by_name(otm_keep_recorder *recorder, const char *name, double *value)
{
    return peek_number(recorder, otm_keep_metric_find(name), OTM_COUNTER, value);
}

otm_status otm_keep_recorder_gauge(otm_keep_recorder *recorder, otm_keep_metric metric, double *value)
{
    return peek_number(recorder, metric, OTM_GAUGE, value);
}

otm_status otm_keep_recorder_gauge_by_name(otm_keep_recorder *recorder, const char *name, double *value)
{
    return peek_number(recorder, otm_keep_metric_find(name), OTM_GAUGE, value);
}

otm_status otm_keep_recorder_histogram(otm_keep_recorder *recorder, otm_keep_metric metric, uint64_t *count,
                                       double *sum_s)
{
    otm_series_value value;
    otm_status st = peek(recorder, metric, OTM_HISTOGRAM, &value);
    if (count != NULL) {
        *count = value.count;
    }
    if (sum_s != NULL) {
        *sum_s = value.sum;
    }
    return st;
}

otm_status otm_keep_recorder_histogram_by_name(otm_keep_recorder *recorder, const char *name, uint64_t *count,
                                               double *sum_s)
{
    return otm_keep_recorder_histogram(recorder, otm_keep_metric_find(name), count, sum_s);
}
