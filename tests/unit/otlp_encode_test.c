/* The encoder: bytes written down by hand, and what protobuf-c reads back from ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "otlp_encode.h"
#include "otlp_metrics_service.pb-c.h"
#include "otlp_tree.h"
#include "support/failing_alloc.h"
#include "util/alloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest pb_request;
typedef Opentelemetry__Proto__Metrics__V1__Metric pb_metric;
typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint pb_number_point;
typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint pb_histogram_point;
typedef Opentelemetry__Proto__Metrics__V1__ExponentialHistogramDataPoint pb_exponential_point;
typedef Opentelemetry__Proto__Metrics__V1__SummaryDataPoint pb_summary_point;
typedef Opentelemetry__Proto__Metrics__V1__ScopeMetrics pb_scope_metrics;
typedef Opentelemetry__Proto__Common__V1__KeyValue pb_attr;
typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;

#define VALUE(name) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##name
#define METRIC(name) OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_##name

typedef struct fixture {
    otmi_pb_writer out;
    otmi_otlp_encoded counts;
    pb_request *request;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    otmi_pb_init(&f.out, otmi_allocator_default(), SIZE_MAX);
    f.request = NULL;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    if (f->request != NULL) {
        opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(f->request, NULL);
    }
    otmi_pb_fini(&f->out);
    return 0;
}

static otm_status encode(fixture *f, const otm_metrics_data *data)
{
    return otmi_otlp_encode(data, &f->out, &f->counts);
}

static const pb_request *encode_and_decode(fixture *f, const otm_metrics_data *data)
{
    assert_int_equal(encode(f, data), OTM_OK);
    f->request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, f->out.size, otmi_pb_data(&f->out));
    assert_non_null(f->request);
    assert_int_equal(f->request->base.n_unknown_fields, 0);
    return f->request;
}

static const pb_metric *metric_of(const pb_request *request, size_t scope, size_t metric)
{
    const pb_scope_metrics *scope_metrics = request->resource_metrics[0]->scope_metrics[scope];
    assert_true(metric < scope_metrics->n_metrics);
    return scope_metrics->metrics[metric];
}

static void assert_text(ProtobufCBinaryData actual, const char *expected, size_t size)
{
    assert_int_equal(actual.len, size);
    if (size > 0) {
        assert_memory_equal(actual.data, expected, size);
    }
}

#define ASSERT_TEXT(actual, text) assert_text((actual), (text), sizeof(text) - 1)

/* -- Bytes ------------------------------------------------------------------------------------------------------- */

/* OTLP-HTTP-01 */
static void otlp_encode_of_a_small_tree_gives_these_bytes(void **state)
{
    fixture *f = *state;
    static const uint8_t expected[] = {
        0x0A, 0x21,                      /* request.resource_metrics, 33 bytes */
        0x0A, 0x00,                      /* resource, empty */
        0x12, 0x1D,                      /* scope_metrics, 29 bytes */
        0x0A, 0x00,                      /* scope, empty */
        0x12, 0x19,                      /* metrics, 25 bytes */
        0x0A, 0x01, 'g',                 /* name */
        0x2A, 0x14,                      /* gauge, 20 bytes; oneof field 5 */
        0x0A, 0x12,                      /* data_points, 18 bytes */
        0x19, 0x02, 0, 0, 0, 0, 0, 0, 0, /* time_unix_nano, fixed64 */
        0x31, 0x01, 0, 0, 0, 0, 0, 0, 0, /* as_int, sfixed64; oneof field 6 */
    };
    assert_int_equal(encode(f, otlp_tree_small()), OTM_OK);
    assert_int_equal(f->counts.points, 1);
    assert_int_equal(f->out.size, sizeof expected);
    assert_memory_equal(otmi_pb_data(&f->out), expected, sizeof expected);
}

/* OTLP-HTTP-01, DM-EXP-02: optional and oneof members are there at zero too; packed numbers, zigzag. */
static void otlp_encode_of_an_exponential_histogram_gives_these_bytes(void **state)
{
    fixture *f = *state;
    static const uint64_t counts[] = {1, 300};
    static const otm_histogram_data data = {.count = 301,
                                            .sum = 0,
                                            .has_sum = true,
                                            .scale = -1,
                                            .positive = {.counts = counts, .count_size = 2, .offset = -2}};
    static const otm_point point = {.data = {.histogram = &data}};
    static const otm_metric metric = {.type = OTM_METRIC_EXPONENTIAL_HISTOGRAM,
                                      .temporality = OTM_DELTA,
                                      .points = &point,
                                      .point_count = 1,
                                      .point_stride = sizeof point};
    static const uint8_t expected[] = {
        0x0A, 0x2B, 0x0A, 0x00,                               /* resource */
        0x12, 0x27, 0x0A, 0x00,                               /* scope */
        0x12, 0x23, 0x52, 0x21,                               /* metric, exponential_histogram */
        0x0A, 0x1D,                                           /* data_points */
        0x21, 0x2D, 0x01, 0, 0, 0, 0, 0, 0,                   /* count, fixed64 */
        0x29, 0, 0, 0, 0, 0, 0, 0, 0,                         /* sum, present at zero */
        0x30, 0x01,                                           /* scale, zigzag */
        0x42, 0x07, 0x08, 0x03, 0x12, 0x03, 0x01, 0xAC, 0x02, /* positive: offset zigzag, counts packed varints */
        0x10, 0x01,                                           /* temporality */
    };
    assert_int_equal(encode(f, otlp_tree_of(&metric, 1)), OTM_OK);
    assert_int_equal(f->out.size, sizeof expected);
    assert_memory_equal(otmi_pb_data(&f->out), expected, sizeof expected);
}

/* -- What is read back ------------------------------------------------------------------------------------------- */

/* OTLP-SEND-03, SDK-EXP-03 */
static void otlp_encode_carries_resource_and_scope_with_their_schema_urls(void **state)
{
    const pb_request *request = encode_and_decode(*state, otlp_tree_full());
    assert_int_equal(request->n_resource_metrics, 1);
    assert_int_equal(request->resource_metrics[0]->resource->n_attributes, 3);
    ASSERT_TEXT(request->resource_metrics[0]->schema_url, "http://resource");
    assert_int_equal(request->resource_metrics[0]->n_scope_metrics, 2);
    const pb_scope_metrics *first = request->resource_metrics[0]->scope_metrics[0];
    ASSERT_TEXT(first->scope->name, "first");
    ASSERT_TEXT(first->scope->version, "1.2");
    ASSERT_TEXT(first->schema_url, "http://scope");
    assert_int_equal(first->scope->n_attributes, 2);
    assert_int_equal(first->n_metrics, 3);
    const pb_scope_metrics *second = request->resource_metrics[0]->scope_metrics[1];
    ASSERT_TEXT(second->scope->name, "");
    assert_int_equal(second->n_metrics, 3);
}

/* ATTR-02, ATTR-03 */
static void otlp_encode_carries_values_of_every_kind(void **state)
{
    const pb_request *request = encode_and_decode(*state, otlp_tree_full());
    const pb_metric *metric = metric_of(request, 0, 0);
    const pb_number_point *point = metric->gauge->data_points[0];
    assert_int_equal(point->n_attributes, 7);
    pb_attr **attrs = point->attributes;
    ASSERT_TEXT(attrs[0]->key, "string");
    assert_int_equal(attrs[0]->value->value_case, VALUE(STRING_VALUE));
    ASSERT_TEXT(attrs[0]->value->string_value, "a\0b"); /* ATTR-08: not cut at the NUL */
    assert_int_equal(attrs[1]->value->value_case, VALUE(BOOL_VALUE));
    assert_true(attrs[1]->value->bool_value);
    assert_true(attrs[2]->value->int_value == INT64_MIN);
    assert_true(attrs[3]->value->double_value == 0.5);
    assert_int_equal(attrs[4]->value->value_case, VALUE(BYTES_VALUE));
    ASSERT_TEXT(attrs[4]->value->bytes_value, "\0\xFF\7");
    assert_int_equal(attrs[5]->value->value_case, VALUE(KVLIST_VALUE));
    const pb_attr *inner = attrs[5]->value->kvlist_value->values[0];
    ASSERT_TEXT(inner->key, "in");
    assert_int_equal(inner->value->array_value->n_values, 3);
    assert_true(inner->value->array_value->values[0]->int_value == -1);
    assert_int_equal(inner->value->array_value->values[1]->value_case, VALUE(_NOT_SET));
    assert_int_equal(inner->value->array_value->values[2]->value_case, VALUE(BOOL_VALUE));
    ASSERT_TEXT(attrs[6]->key, "empty");
    assert_int_equal(attrs[6]->value->value_case, VALUE(_NOT_SET));
}

/* DM-FLAG-01, DM-GAUGE-01: data_rules.csv d001, d019, d021 */
static void otlp_encode_carries_gauges_with_exemplars_and_gaps(void **state)
{
    const pb_request *request = encode_and_decode(*state, otlp_tree_full());
    const pb_metric *metric = metric_of(request, 0, 0);
    ASSERT_TEXT(metric->name, "gauge");
    ASSERT_TEXT(metric->description, "What");
    ASSERT_TEXT(metric->unit, "{x}");
    assert_int_equal(metric->n_metadata, 1);
    assert_int_equal(metric->data_case, METRIC(GAUGE));
    const pb_number_point *point = metric->gauge->data_points[0];
    assert_int_equal(point->value_case, OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_DOUBLE);
    assert_true(point->as_double == 0);
    assert_int_equal(point->n_exemplars, 2);
    assert_int_equal(point->exemplars[0]->trace_id.len, 16);
    assert_int_equal(point->exemplars[0]->span_id.len, 8);
    assert_int_equal(point->exemplars[0]->n_filtered_attributes, 1);
    assert_int_equal(point->exemplars[0]->value_case, OPENTELEMETRY__PROTO__METRICS__V1__EXEMPLAR__VALUE_AS_INT);
    assert_int_equal(point->exemplars[1]->trace_id.len, 0);
    assert_true(point->exemplars[1]->as_double == 2.5);
    const pb_number_point *gap = metric->gauge->data_points[1];
    assert_int_equal(gap->flags, 1);
    assert_int_equal(gap->value_case, OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE__NOT_SET);
}

/* data_rules.csv d000, d018 */
static void otlp_encode_carries_sums_to_their_extremes(void **state)
{
    const pb_request *request = encode_and_decode(*state, otlp_tree_full());
    const pb_metric *sum = metric_of(request, 0, 1);
    assert_int_equal(sum->data_case, METRIC(SUM));
    assert_int_equal(sum->sum->aggregation_temporality, 2);
    assert_true(sum->sum->is_monotonic);
    assert_true(sum->sum->data_points[0]->as_int == INT64_MAX);
    assert_true(sum->sum->data_points[1]->as_int == INT64_MIN);
    assert_int_equal(sum->sum->data_points[0]->start_time_unix_nano, 10);
    assert_int_equal(sum->sum->data_points[0]->time_unix_nano, 20);
    const pb_metric *down = metric_of(request, 0, 2);
    assert_int_equal(down->sum->aggregation_temporality, 1);
    assert_false(down->sum->is_monotonic);
    assert_int_equal(down->sum->data_points[0]->value_case,
                     OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT);
}

/* DM-SUMM-01, DM-HIST-02: data_rules.csv d003, d007 */
static void otlp_encode_carries_histograms_and_summaries(void **state)
{
    const pb_request *request = encode_and_decode(*state, otlp_tree_full());
    const pb_histogram_point *histogram = metric_of(request, 1, 0)->histogram->data_points[0];
    assert_int_equal(histogram->count, 6);
    assert_int_equal(histogram->n_bucket_counts, 4);
    assert_int_equal(histogram->bucket_counts[3], 3);
    assert_int_equal(histogram->n_explicit_bounds, 3);
    assert_true(histogram->explicit_bounds[2] == 10);
    assert_int_equal(histogram->has_sum_case, OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_SUM_SUM);
    assert_int_equal(histogram->has_min_case, OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_MIN_MIN);
    assert_true(histogram->max == 20);
    const pb_exponential_point *exponential = metric_of(request, 1, 1)->exponential_histogram->data_points[0];
    assert_int_equal(exponential->scale, -3);
    assert_int_equal(exponential->zero_count, 2);
    assert_true(exponential->zero_threshold == 0.25);
    assert_int_equal(exponential->positive->offset, -7);
    assert_true(exponential->positive->bucket_counts[2] == UINT64_C(1) << 40);
    assert_null(exponential->negative);
    assert_int_equal(exponential->has_min_case,
                     OPENTELEMETRY__PROTO__METRICS__V1__EXPONENTIAL_HISTOGRAM_DATA_POINT__HAS_MIN__NOT_SET);
    const pb_summary_point *summary = metric_of(request, 1, 2)->summary->data_points[0];
    assert_int_equal(summary->count, 4);
    assert_true(summary->sum == 9.5);
    assert_int_equal(summary->n_quantile_values, 2);
    assert_true(summary->quantile_values[1]->quantile == 0.99);
}

/* -- What is left out -------------------------------------------------------------------------------------------- */

/* OTLP-SEND-01 */
static void otlp_encode_without_points_gives_no_bytes(void **state)
{
    fixture *f = *state;
    static const otm_metric empty = {.name = {"none", 4}, .type = OTM_METRIC_GAUGE, .point_stride = sizeof(otm_point)};
    assert_int_equal(encode(f, otlp_tree_of(&empty, 1)), OTM_OK);
    assert_int_equal(f->out.size, 0);
    assert_int_equal(f->counts.points, 0);
    static const otm_metrics_data nothing = {.struct_size = sizeof nothing};
    assert_int_equal(encode(f, &nothing), OTM_OK);
    assert_int_equal(f->out.size, 0);
}

/* SDK-EXP-05, DM-TIME-05 */
static void otlp_encode_leaves_out_and_counts_what_otlp_cannot_express(void **state)
{
    static const otm_point points[2];
    otm_metric metrics[3] = {
        {.type = 99, .points = points, .point_count = 2, .point_stride = sizeof *points},
        {.type = OTM_METRIC_SUM, .points = points, .point_count = 1, .point_stride = sizeof *points},
        {.type = OTM_METRIC_GAUGE, .points = points, .point_count = 1, .point_stride = sizeof *points},
    };
    fixture *f = *state;
    const pb_request *request = encode_and_decode(f, otlp_tree_of(metrics, 3));
    assert_int_equal(f->counts.unsupported, 3);
    assert_int_equal(f->counts.points, 1);
    assert_int_equal(request->resource_metrics[0]->scope_metrics[0]->n_metrics, 1);
}

/* -- Limits ------------------------------------------------------------------------------------------------------ */

/* OTLP-OPT-12 */
static void otlp_encode_past_the_limit_is_refused_and_at_it_is_not(void **state)
{
    fixture *f = *state;
    assert_int_equal(encode(f, otlp_tree_full()), OTM_OK);
    f->out.maximum = f->out.size;
    assert_int_equal(encode(f, otlp_tree_full()), OTM_OK);
    f->out.maximum--;
    assert_int_equal(encode(f, otlp_tree_full()), OTM_ERR_LIMIT);
    assert_int_equal(f->out.size, 0);
    assert_int_equal(f->counts.points, OTLP_TREE_POINTS);
}

static void otlp_encode_past_the_limit_takes_no_memory_past_it(void **state)
{
    fixture *f = *state;
    f->out.maximum = 1000;
    assert_int_equal(encode(f, otlp_tree_many(OTLP_TREE_MANY)), OTM_ERR_LIMIT);
    assert_int_equal(f->counts.points, OTLP_TREE_MANY);
    assert_true(f->out.capacity <= 1000 + OTMI_PB_SLACK);
}

static void otlp_encode_ends_the_nesting_of_values_where_attribute_sets_do(void **state)
{
    static otm_value levels[1000];
    for (size_t i = 0; i + 1 < COUNT(levels); i++) {
        levels[i] = otm_value_array(&levels[i + 1], 1);
    }
    otm_attr attr = otm_attr_value("deep", levels[0]);
    otm_point point = {.attributes = &attr, .attribute_count = 1};
    otm_metric metric = {
        .type = OTM_METRIC_GAUGE, .points = &point, .point_count = 1, .point_stride = sizeof point};
    const pb_request *request = encode_and_decode(*state, otlp_tree_of(&metric, 1));
    const pb_value *value = metric_of(request, 0, 0)->gauge->data_points[0]->attributes[0]->value;
    size_t depth = 0;
    while (value->value_case == VALUE(ARRAY_VALUE)) {
        value = value->array_value->values[0];
        depth++;
    }
    assert_int_equal(depth, 257);
}

static void otlp_encode_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        otmi_pb_writer out;
        otmi_otlp_encoded counts;
        failing_alloc_init(&fa, n);
        otmi_pb_init(&out, &fa.base, SIZE_MAX);
        otm_status st = otmi_otlp_encode(otlp_tree_many(200), &out, &counts);
        failed = failing_alloc_failed(&fa);
        assert_int_equal(st, failed ? OTM_ERR_NO_MEMORY : OTM_OK);
        assert_int_equal(counts.points, 200);
        otmi_pb_fini(&out);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(otlp_encode_of_a_small_tree_gives_these_bytes),
        TEST(otlp_encode_of_an_exponential_histogram_gives_these_bytes),
        TEST(otlp_encode_carries_resource_and_scope_with_their_schema_urls),
        TEST(otlp_encode_carries_values_of_every_kind),
        TEST(otlp_encode_carries_gauges_with_exemplars_and_gaps),
        TEST(otlp_encode_carries_sums_to_their_extremes),
        TEST(otlp_encode_carries_histograms_and_summaries),
        TEST(otlp_encode_without_points_gives_no_bytes),
        TEST(otlp_encode_leaves_out_and_counts_what_otlp_cannot_express),
        TEST(otlp_encode_past_the_limit_is_refused_and_at_it_is_not),
        TEST(otlp_encode_past_the_limit_takes_no_memory_past_it),
        TEST(otlp_encode_ends_the_nesting_of_values_where_attribute_sets_do),
        TEST(otlp_encode_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
