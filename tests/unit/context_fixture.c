#include "unit/context_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MOST_POINTS 64
#define POINT_TEXT 256

static otm_status make_readers(world *w, const world_plan *plan)
{
    otm_status st = OTM_OK;
    for (size_t i = 0; i < (plan->both ? 2u : 1u) && st == OTM_OK; i++) {
        otm_reader_options options;
        otm_reader_options_init(&options);
        options.allocator = plan->allocator;
        options.default_cardinality_limit = plan->cardinality_limit;
        options.temporality_preference = plan->delta || i == 1 ? OTM_PREFER_DELTA : OTM_PREFER_CUMULATIVE;
        st = otm_manual_reader_create(&options, &w->readers[i]);
    }
    return st;
}

otm_status world_open(world *w, const world_plan *plan)
{
    otm_meter_provider_options options;
    otm_instrument_options counter;
    memset(w, 0, sizeof *w);
    diag_recorder_init(&w->diagnostics);
    otm_meter_provider_options_init(&options);
    options.allocator = plan->allocator;
    options.diagnostics = w->diagnostics.options;
    options.exemplar_filter = plan->exemplar_filter;
    options.views = plan->views;
    options.view_count = plan->view_count;
    options.readers = w->readers;
    options.reader_count = plan->both ? 2 : 1;
    options.context_attributes = !plan->off;
    otm_status st = make_readers(w, plan);
    st = st == OTM_OK ? otm_meter_provider_create(&options, &w->provider) : st;
    if (st != OTM_OK) {
        return st;
    }
    otm_instrument_options_init(&counter);
    counter.has_attribute_keys = plan->advised_key_count > 0;
    counter.attribute_keys = plan->advised_keys;
    counter.attribute_key_count = plan->advised_key_count;
    w->meter = otm_meter_provider_get_meter(w->provider, "contexts", NULL);
    return otm_meter_create_counter_i64(w->meter, "c", &counter, &w->counter);
}

void world_close(world *w)
{
    otm_counter_i64_release(w->counter);
    otm_meter_release(w->meter);
    otm_meter_provider_release(w->provider);
    for (size_t i = 0; i < WORLD_READERS; i++) {
        otm_reader_release(w->readers[i]);
    }
    diag_recorder_fini(&w->diagnostics);
}

otm_view view_keeping(const char *stream_name, const char *const *key)
{
    otm_view view;
    otm_view_init(&view);
    view.stream.name = stream_name;
    view.stream.has_included_keys = true;
    view.stream.included_keys = key;
    view.stream.included_key_count = 1;
    return view;
}

otm_context context_with(const otm_attr *attrs, size_t count)
{
    otm_context context;
    otm_context_init(&context);
    memset(context.trace_id, 1, sizeof context.trace_id);
    memset(context.span_id, 1, sizeof context.span_id);
    context.trace_flags = OTM_TRACE_FLAG_SAMPLED;
    context.attributes = attrs;
    context.attribute_count = count;
    return context;
}

/* -- What was collected, as text ----------------------------------------------------------------------------------- */

static void append(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void append(char *to, size_t size, const char *format, ...)
{
    va_list values;
    size_t used = strlen(to);
    va_start(values, format);
    int added = vsnprintf(to + used, size - used, format, values);
    va_end(values);
    assert_true(added >= 0 && (size_t)added < size - used);
}

static void put_attrs(char *to, const otm_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const otm_value *v = &attrs[i].value;
        append(to, POINT_TEXT, "%s%.*s:", i == 0 ? "" : ",", (int)attrs[i].key_size, attrs[i].key);
        if (v->type == OTM_VALUE_STRING) {
            append(to, POINT_TEXT, "%.*s", (int)v->size, v->as.string);
        } else {
            append(to, POINT_TEXT, "%lld", v->type == OTM_VALUE_I64 ? (long long)v->as.i64 : v->as.boolean);
        }
    }
}

static void put_point(char *to, const otm_metric *metric, const otm_point *point)
{
    bool histogram = metric->type == OTM_METRIC_HISTOGRAM;
    long long value = histogram ? (long long)point->data.histogram->count : (long long)point->data.number.as.i64;
    if (!histogram && point->data.number.number == OTM_NUMBER_F64) {
        value = (long long)point->data.number.as.f64;
    }
    to[0] = 0;
    put_attrs(to, point->attributes, point->attribute_count);
    append(to, POINT_TEXT, "=%lld", value);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

typedef void (*for_point)(const otm_metric *metric, const otm_point *point);

static void walk(world *w, size_t reader, for_point visit)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(w->readers[reader], 0, &data), OTM_OK);
    const otm_scope_metrics *scope =
        data->resource_count == 0 ? NULL : otm_resource_scope(otm_data_resource(data, 0), 0);
    for (size_t m = 0; scope != NULL && m < scope->metric_count; m++) {
        const otm_metric *metric = otm_scope_metric(scope, m);
        for (size_t p = 0; p < metric->point_count; p++) {
            visit(metric, otm_metric_point(metric, p));
        }
    }
    otm_reader_return(w->readers[reader], data);
}

static char points[MOST_POINTS][POINT_TEXT];
static size_t point_count;

static void note_point(const otm_metric *metric, const otm_point *point)
{
    assert_true(point_count < MOST_POINTS);
    put_point(points[point_count++], metric, point);
}

const char *collected(world *w, size_t reader)
{
    static char text[MOST_POINTS * POINT_TEXT];
    point_count = 0;
    walk(w, reader, note_point);
    qsort(points, point_count, sizeof points[0], compare);
    text[0] = 0;
    for (size_t i = 0; i < point_count; i++) {
        append(text, sizeof text, "%s%s", i == 0 ? "" : " ", points[i]);
    }
    return text;
}

static char exemplar[POINT_TEXT];

static void note_exemplar(const otm_metric *metric, const otm_point *point)
{
    (void)metric;
    if (point->exemplar_count > 0) {
        exemplar[0] = 0;
        put_attrs(exemplar, point->exemplars[0].filtered_attributes, point->exemplars[0].filtered_attribute_count);
    }
}

const char *collected_exemplar(world *w, size_t reader)
{
    exemplar[0] = 0;
    append(exemplar, sizeof exemplar, "none");
    walk(w, reader, note_exemplar);
    return exemplar;
}
