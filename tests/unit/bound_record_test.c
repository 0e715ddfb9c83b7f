/* Every fast path of bound handles counts what the general way counts, and what a plain loop says: bound and unbound
 * measurements of the same values, over several collections, so that both halves of a cell and each interval's first
 * and later measurements have their turn. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/diag_recorder.h"

#define MOST_BOUNDS 40

typedef struct stream_case {
    otm_instrument_kind kind;
    otm_number number;
    otm_aggregation_kind aggregation;
    size_t bounds; /* explicit: 0, 2, 4, ... */
    bool omit_min_max;
} stream_case;

static const stream_case cases[] = {
    {OTM_COUNTER, OTM_NUMBER_I64, OTM_AGGREGATION_SUM, 0, false},
    {OTM_COUNTER, OTM_NUMBER_F64, OTM_AGGREGATION_SUM, 0, false},
    {OTM_UP_DOWN_COUNTER, OTM_NUMBER_I64, OTM_AGGREGATION_SUM, 0, false},
    {OTM_UP_DOWN_COUNTER, OTM_NUMBER_F64, OTM_AGGREGATION_SUM, 0, false},
    {OTM_HISTOGRAM, OTM_NUMBER_I64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 0, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 1, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 3, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 4, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 32, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 33, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, MOST_BOUNDS, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, true},
    {OTM_HISTOGRAM, OTM_NUMBER_I64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, true},
    {OTM_COUNTER, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, false},
    {OTM_UP_DOWN_COUNTER, OTM_NUMBER_F64, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 15, false}, /* has no sum */
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 0, false},
    {OTM_HISTOGRAM, OTM_NUMBER_F64, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 0, true},
    {OTM_HISTOGRAM, OTM_NUMBER_I64, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 0, false},
    {OTM_COUNTER, OTM_NUMBER_F64, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, 0, false},
};

/* Sums of them are exact in any order. Some lie on bounds, some beside them. */
static const double values[] = {3,   0,    7.25, -2.5, 30, -0.0, 1,    NAN,       2,       12,      11.75, INFINITY,
                                4.5, 1e-3, 64,   65,   -9, 8,    1e6,  -INFINITY, DBL_MAX, -DBL_MAX, 28,    0.5};
#define VALUES (sizeof values / sizeof values[0])

static double value_of(const stream_case *c, size_t i)
{
    if (c->number == OTM_NUMBER_I64) {
        return fabs(values[i]) < 1e9 ? (double)(int64_t)values[i] : 5;
    }
    /* The largest ones would swallow what sums are to tell apart. */
    bool histogram_alone = c->kind == OTM_HISTOGRAM && c->bounds == MOST_BOUNDS;
    return values[i] == 1e-3 || (fabs(values[i]) == DBL_MAX && !histogram_alone) ? 6 : values[i];
}

static bool is_refused(const stream_case *c, double value)
{
    return !isfinite(value) || (c->kind == OTM_COUNTER && value < 0);
}

/* -- What a plain loop says -------------------------------------------------------------------------------------- */

typedef struct expectation {
    uint64_t count;
    double sum;
    double min;
    double max;
    uint64_t buckets[MOST_BOUNDS + 1];
} expectation;

/* -6, -4, -2, -0, 2, ... */
static double bound_at(size_t i)
{
    return i == 3 ? -0.0 : 2.0 * (double)i - 6;
}

static void expect(expectation *e, const stream_case *c, double value)
{
    size_t bucket = 0;
    while (bucket < c->bounds && value > bound_at(bucket)) {
        bucket++;
    }
    e->min = e->count == 0 ? value : fmin(e->min, value);
    e->max = e->count == 0 ? value : fmax(e->max, value);
    e->count++;
    e->sum += value;
    e->buckets[bucket]++;
}

/* -- A provider with one instrument ------------------------------------------------------------------------------ */

typedef struct rig {
    diag_recorder diagnostics;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_instrument *instrument;
    otm_bound *bound;
    otm_attr attrs[2]; /* of the handle's series, and of the other one */
} rig;

static void open_provider(rig *r, const stream_case *c, const otm_reader_options *reader_options)
{
    double bounds[MOST_BOUNDS];
    otm_view view;
    otm_meter_provider_options options;
    for (size_t i = 0; i < MOST_BOUNDS; i++) {
        bounds[i] = bound_at(i);
    }
    otm_view_init(&view);
    view.stream.aggregation = (otm_aggregation){.kind = c->aggregation,
                                                .has_boundaries = true,
                                                .omit_min_max = c->omit_min_max,
                                                .boundaries = bounds,
                                                .boundary_count = c->bounds};
    otm_meter_provider_options_init(&options);
    diag_recorder_init(&r->diagnostics);
    options.diagnostics = r->diagnostics.options;
    assert_int_equal(otm_manual_reader_create(reader_options, &r->reader), OTM_OK);
    options.readers = &r->reader;
    options.reader_count = 1;
    options.views = &view;
    options.view_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &r->provider), OTM_OK);
}

static void open_rig(rig *r, const stream_case *c, const otm_reader_options *reader_options)
{
    otm_instrument_identity identity = {.kind = c->kind, .number = c->number, .name = "measured"};
    open_provider(r, c, reader_options);
    r->attrs[0] = otm_attr_bool("bound", true);
    r->attrs[1] = otm_attr_bool("bound", false);
    r->meter = otm_meter_provider_get_meter(r->provider, "m", NULL);
    assert_int_equal(r->meter->ops->create_instrument(r->meter, &identity, NULL, &r->instrument), OTM_OK);
    assert_int_equal(r->instrument->ops->bind(r->instrument, &r->attrs[0], 1, NULL, &r->bound), OTM_OK);
    assert_int_equal(diag_recorder_count(&r->diagnostics), 0);
}

static void close_rig(rig *r)
{
    r->bound->ops->release(r->bound);
    r->instrument->ops->release(r->instrument);
    otm_meter_release(r->meter);
    otm_meter_provider_release(r->provider);
    otm_reader_release(r->reader);
    diag_recorder_fini(&r->diagnostics);
}

static void record_both_ways(const rig *r, const stream_case *c, double value)
{
    if (c->number == OTM_NUMBER_I64) {
        r->bound->ops->record_i64(r->bound, (int64_t)value);
        r->instrument->ops->record_i64(r->instrument, (int64_t)value, &r->attrs[1], 1);
    } else {
        r->bound->ops->record_f64(r->bound, value);
        r->instrument->ops->record_f64(r->instrument, value, &r->attrs[1], 1);
    }
}

/* -- What the reader says ---------------------------------------------------------------------------------------- */

static const otm_point *point_with(const otm_metric *metric, bool is_bound)
{
    for (size_t i = 0; i < metric->point_count; i++) {
        const otm_point *point = otm_metric_point(metric, i);
        if (point->attribute_count == 1 && point->attributes[0].value.as.boolean == is_bound) {
            return point;
        }
    }
    fail();
    return NULL;
}

static void assert_same_side(const otm_exponential_buckets *a, const otm_exponential_buckets *b)
{
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->count_size, b->count_size);
    assert_memory_equal(a->counts, b->counts, a->count_size * sizeof *a->counts);
}

static void assert_histogram(const otm_histogram_data *data, const stream_case *c, const expectation *e)
{
    assert_int_equal(data->count, e->count);
    assert_int_equal(data->has_sum, c->kind != OTM_UP_DOWN_COUNTER);
    assert_true(!data->has_sum || data->sum == e->sum);
    assert_int_equal(data->has_min, !c->omit_min_max);
    assert_true(c->omit_min_max || (data->min == e->min && data->max == e->max));
    if (c->aggregation == OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        assert_int_equal(data->bucket_count, c->bounds + 1);
        assert_memory_equal(data->bucket_counts, e->buckets, data->bucket_count * sizeof *e->buckets);
    }
}

static void assert_point(const otm_metric *metric, const otm_point *point, const stream_case *c, const expectation *e)
{
    if (metric->type != OTM_METRIC_SUM) {
        assert_histogram(point->data.histogram, c, e);
    } else if (c->number == OTM_NUMBER_I64) {
        assert_int_equal(point->data.number.as.i64, (int64_t)e->sum);
    } else {
        assert_true(point->data.number.as.f64 == e->sum);
    }
}

/* What the thread holds decides about exemplars, and about nothing else. */
static void assert_exemplars(const otm_point *point)
{
    const otm_context *held = otm_context_current();
    bool sampled = held != NULL && (held->trace_flags & OTM_TRACE_FLAG_SAMPLED) != 0;
    assert_int_equal(point->exemplar_count > 0, sampled);
}

static void assert_collected(const rig *r, const stream_case *c, const expectation *e)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(r->reader, 5000, &data), OTM_OK);
    const otm_metric *metric = otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0);
    const otm_point *bound = point_with(metric, true);
    const otm_point *other = point_with(metric, false);
    assert_point(metric, bound, c, e);
    assert_point(metric, other, c, e);
    assert_exemplars(bound);
    assert_exemplars(other);
    if (metric->type == OTM_METRIC_EXPONENTIAL_HISTOGRAM) {
        assert_int_equal(bound->data.histogram->scale, other->data.histogram->scale);
        assert_same_side(&bound->data.histogram->positive, &other->data.histogram->positive);
        assert_same_side(&bound->data.histogram->negative, &other->data.histogram->negative);
    }
    otm_reader_return(r->reader, data);
}

static void check_case(const stream_case *c, const otm_reader_options *reader_options)
{
    rig r;
    expectation e = {0};
    size_t refused = 0;
    open_rig(&r, c, reader_options);
    for (size_t collection = 0; collection < 4; collection++) {
        if (reader_options->temporality_preference == OTM_PREFER_DELTA) {
            e = (expectation){0};
        }
        for (size_t i = 0; i < VALUES; i++) {
            double value = value_of(c, (i + collection) % VALUES);
            record_both_ways(&r, c, value);
            if (is_refused(c, value)) {
                refused += 2;
            } else {
                expect(&e, c, value);
            }
        }
        assert_collected(&r, c, &e);
        assert_int_equal(diag_recorder_count(&r.diagnostics), refused);
    }
    close_rig(&r);
}

static void check_cases(const otm_reader_options *reader_options)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i], reader_options);
    }
}

/* In no span, in one that is not sampled, in one that is, and in none again. */
static void check_all(const otm_reader_options *reader_options)
{
    otm_context context;
    otm_context_init(&context);
    memset(context.trace_id, 1, sizeof context.trace_id);
    memset(context.span_id, 2, sizeof context.span_id);
    check_cases(reader_options);
    assert_null(otm_context_attach(&context));
    check_cases(reader_options);
    context.trace_flags = OTM_TRACE_FLAG_SAMPLED;
    check_cases(reader_options);
    assert_ptr_equal(otm_context_attach(NULL), &context);
    check_cases(reader_options);
}

static otm_reader_options delta_options(uint32_t limit)
{
    otm_reader_options options;
    otm_reader_options_init(&options);
    options.temporality_preference = OTM_PREFER_DELTA;
    options.default_cardinality_limit = limit;
    return options;
}

/* -- Tests ------------------------------------------------------------------------------------------------------- */

/* SDK-BIND-01 */
static void bound_recordings_count_as_unbound_ones_do_under_a_cumulative_reader(void **state)
{
    (void)state;
    otm_reader_options options;
    otm_reader_options_init(&options);
    check_all(&options);
}

static void bound_recordings_count_as_unbound_ones_do_under_a_delta_reader(void **state)
{
    (void)state;
    otm_reader_options options = delta_options(0);
    for (size_t kind = 0; kind < OTM_INSTRUMENT_KIND_COUNT; kind++) {
        options.temporality[kind] = OTM_DELTA; /* up-down counters, too */
    }
    check_all(&options);
}

static void bound_recordings_count_as_unbound_ones_do_where_series_end_when_idle(void **state)
{
    (void)state;
    otm_reader_options options;
    otm_reader_options_init(&options);
    options.idle_ttl_ms = 3600000;
    check_all(&options);
}

/* A series that is taken away, and comes back, within one interval has one point with all that was measured. */
static void bound_handle_of_a_removed_delta_series_loses_nothing(void **state)
{
    (void)state;
    rig r;
    expectation e = {0};
    otm_reader_options options = delta_options(0);
    open_rig(&r, &cases[0], &options);
    for (int i = 0; i < 3; i++) {
        record_both_ways(&r, &cases[0], i);
        expect(&e, &cases[0], i);
        assert_int_equal(r.instrument->ops->remove(r.instrument, &r.attrs[0], 1), OTM_OK);
    }
    assert_collected(&r, &cases[0], &e);
    close_rig(&r);
}

/* SDK-BIND-02 */
static void bound_at_the_limit_counts_in_the_overflow_series_of_each_interval(void **state)
{
    (void)state;
    rig r;
    otm_bound *late;
    otm_reader_options options = delta_options(1);
    open_rig(&r, &cases[0], &options);
    assert_int_equal(r.instrument->ops->bind(r.instrument, &r.attrs[1], 1, NULL, &late), OTM_OK);
    for (int interval = 0; interval < 3; interval++) {
        const otm_metrics_data *data = NULL;
        for (int i = 0; i < 5; i++) {
            r.bound->ops->record_i64(r.bound, 1);
            late->ops->record_i64(late, 2);
        }
        assert_int_equal(otm_reader_collect(r.reader, 5000, &data), OTM_OK);
        const otm_metric *metric = otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0);
        assert_int_equal(metric->point_count, 2);
        for (size_t i = 0; i < 2; i++) {
            const otm_point *point = otm_metric_point(metric, i);
            bool overflow = strcmp(point->attributes[0].key, "otel.metric.overflow") == 0;
            assert_int_equal(point->data.number.as.i64, overflow ? 10 : 5);
        }
        otm_reader_return(r.reader, data);
    }
    late->ops->release(late);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_recordings_count_as_unbound_ones_do_under_a_cumulative_reader),
        cmocka_unit_test(bound_recordings_count_as_unbound_ones_do_under_a_delta_reader),
        cmocka_unit_test(bound_recordings_count_as_unbound_ones_do_where_series_end_when_idle),
        cmocka_unit_test(bound_handle_of_a_removed_delta_series_loses_nothing),
        cmocka_unit_test(bound_at_the_limit_counts_in_the_overflow_series_of_each_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
