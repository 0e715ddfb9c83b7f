#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <otm/stream.h>

#include "failing_alloc.h"

/* One resource with one scope with one metric: what the tests vary. */
typedef struct tree {
    otm_metrics_data data;
    otm_resource_metrics resource;
    otm_scope_metrics scope;
    otm_metric metric;
    otm_point point;
    otm_histogram_data histogram;
} tree;

static otm_string text(const char *data)
{
    otm_string s = {data, strlen(data)};
    return s;
}

static void tree_init(tree *t, otm_metric_type type)
{
    memset(t, 0, sizeof *t);
    t->data.struct_size = sizeof t->data;
    t->data.resources = &t->resource;
    t->data.resource_count = 1;
    t->data.resource_stride = sizeof t->resource;
    t->data.point_count = 1;
    t->resource.scopes = &t->scope;
    t->resource.scope_count = 1;
    t->resource.scope_stride = sizeof t->scope;
    t->scope.name = text("s");
    t->scope.metrics = &t->metric;
    t->scope.metric_count = 1;
    t->scope.metric_stride = sizeof t->metric;
    t->metric.name = text("m");
    t->metric.type = type;
    t->metric.points = &t->point;
    t->metric.point_count = 1;
    t->metric.point_stride = sizeof t->point;
    t->point.time_unix_nano = 20;
    if (type != OTM_METRIC_GAUGE && type != OTM_METRIC_SUM) {
        t->point.data.histogram = &t->histogram;
    }
}

static void assert_json(const otm_metrics_data *data, const char *expected)
{
    char *json;
    assert_int_equal(otm_metrics_to_json(data, &json), OTM_OK);
    assert_string_equal(json, expected);
    otm_memory_exporter_free_json(json);
}

/* The whole text of a tree of which only the metric matters. */
static void assert_metric_json(const tree *t, const char *metric)
{
    char expected[8192] = "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"s\"},"
                          "\"metrics\":[";
    strcat(expected, metric);
    strcat(expected, "]}]}]}");
    assert_json(&t->data, expected);
}

/* The text of one attribute value. */
static void assert_value_json(otm_value value, const char *json)
{
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    otm_attr attr = otm_attr_value("k", value);
    t.point.attributes = &attr;
    t.point.attribute_count = 1;
    char metric[8192] = "{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"attributes\":[{\"key\":\"k\",\"value\":";
    strcat(metric, json);
    strcat(metric, "}],\"timeUnixNano\":\"20\",\"asInt\":\"0\"}]}}");
    assert_metric_json(&t, metric);
}

static void json_of_no_data_has_an_empty_list(void **state)
{
    (void)state;
    otm_metrics_data data = {.struct_size = sizeof data};
    assert_json(&data, "{\"resourceMetrics\":[]}");
}

/* SDK-EXP-03 */
static void json_tells_resource_scope_and_schema_urls(void **state)
{
    (void)state;
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    otm_attr resource_attr = otm_attr_string("service.name", "x");
    otm_attr scope_attr = otm_attr_bool("b", true);
    t.resource.attributes = &resource_attr;
    t.resource.attribute_count = 1;
    t.resource.schema_url = text("r");
    t.scope.version = text("1");
    t.scope.schema_url = text("u");
    t.scope.attributes = &scope_attr;
    t.scope.attribute_count = 1;
    t.scope.metric_count = 0;
    assert_json(&t.data,
                "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
                "\"value\":{\"stringValue\":\"x\"}}]},"
                "\"scopeMetrics\":[{\"scope\":{\"name\":\"s\",\"version\":\"1\",\"attributes\":[{\"key\":\"b\","
                "\"value\":{\"boolValue\":true}}]},\"metrics\":[],\"schemaUrl\":\"u\"}],\"schemaUrl\":\"r\"}]}");
}

/* OTLP-JSON-01 */
static void json_of_a_sum_has_strings_for_wide_and_numbers_for_narrow_integers(void **state)
{
    (void)state;
    tree t;
    tree_init(&t, OTM_METRIC_SUM);
    t.metric.description = text("d");
    t.metric.unit = text("By");
    t.metric.temporality = OTM_CUMULATIVE;
    t.metric.monotonic = 1;
    t.point.start_time_unix_nano = 10;
    t.point.data.number.as.i64 = INT64_MAX;
    assert_metric_json(&t, "{\"name\":\"m\",\"description\":\"d\",\"unit\":\"By\",\"sum\":{\"dataPoints\":[{"
                           "\"startTimeUnixNano\":\"10\",\"timeUnixNano\":\"20\",\"asInt\":\"9223372036854775807\"}],"
                           "\"aggregationTemporality\":2,\"isMonotonic\":true}}");
}

/* OTLP-JSON-01: the member of a oneof is there even at zero. */
static void json_of_doubles_reads_back_as_doubles(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *json;
    } cases[] = {
        {0.0, "0.0"}, {-0.0, "-0.0"}, {0.1, "0.1"}, {1e20, "100000000000000000000.0"}, {5e-324, "5e-324"},
        {(double)NAN, "\"NaN\""}, {(double)INFINITY, "\"Infinity\""}, {-(double)INFINITY, "\"-Infinity\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tree t;
        tree_init(&t, OTM_METRIC_GAUGE);
        t.point.data.number.number = OTM_NUMBER_F64;
        t.point.data.number.as.f64 = cases[i].number;
        char metric[256] = "{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"asDouble\":";
        strcat(strcat(metric, cases[i].json), "}]}}");
        assert_metric_json(&t, metric);
    }
}

static void json_of_a_histogram_keeps_what_is_optional_only_if_set(void **state)
{
    (void)state;
    static const double bounds[] = {0, 2.5};
    static const uint64_t counts[] = {0, 0, 3};
    tree t;
    tree_init(&t, OTM_METRIC_HISTOGRAM);
    t.metric.temporality = OTM_DELTA;
    t.histogram.count = 3;
    t.histogram.bounds = bounds;
    t.histogram.bound_count = 2;
    t.histogram.bucket_counts = counts;
    t.histogram.bucket_count = 3;
    assert_metric_json(&t, "{\"name\":\"m\",\"histogram\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"count\":\"3\","
                           "\"bucketCounts\":[\"0\",\"0\",\"3\"],\"explicitBounds\":[0.0,2.5]}],"
                           "\"aggregationTemporality\":1}}");
    t.histogram.has_sum = t.histogram.has_min = t.histogram.has_max = true; /* all zero */
    t.histogram.bound_count = t.histogram.bucket_count = 0;
    assert_metric_json(&t, "{\"name\":\"m\",\"histogram\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"count\":\"3\","
                           "\"sum\":0.0,\"min\":0.0,\"max\":0.0}],\"aggregationTemporality\":1}}");
}

static void json_of_an_exponential_histogram_has_both_sides(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 0, 2};
    tree t;
    tree_init(&t, OTM_METRIC_EXPONENTIAL_HISTOGRAM);
    t.metric.temporality = OTM_CUMULATIVE;
    t.histogram.count = 7;
    t.histogram.scale = -1;
    t.histogram.zero_count = 1;
    t.histogram.zero_threshold = 0.5;
    t.histogram.positive = (otm_exponential_buckets){.counts = counts, .count_size = 3, .offset = -2};
    t.histogram.negative = (otm_exponential_buckets){.counts = counts + 2, .count_size = 1, .offset = 0};
    assert_metric_json(&t, "{\"name\":\"m\",\"exponentialHistogram\":{\"dataPoints\":[{\"timeUnixNano\":\"20\","
                           "\"count\":\"7\",\"scale\":-1,\"zeroCount\":\"1\",\"zeroThreshold\":0.5,\"positive\":{"
                           "\"offset\":-2,\"bucketCounts\":[\"1\",\"0\",\"2\"]},\"negative\":{\"offset\":0,"
                           "\"bucketCounts\":[\"2\"]}}],\"aggregationTemporality\":2}}");
}

/* DM-SUMM-01 */
static void json_of_a_summary_lists_its_quantiles(void **state)
{
    (void)state;
    static const otm_quantile_value quantiles[] = {{0, 1}, {0.5, 2}};
    tree t;
    tree_init(&t, OTM_METRIC_SUMMARY);
    t.histogram.count = 2;
    t.histogram.sum = 3;
    t.histogram.quantiles = quantiles;
    t.histogram.quantile_count = 2;
    assert_metric_json(&t, "{\"name\":\"m\",\"summary\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"count\":\"2\","
                           "\"sum\":3.0,\"quantileValues\":[{\"quantile\":0.0,\"value\":1.0},{\"quantile\":0.5,"
                           "\"value\":2.0}]}]}}");
}

/* OTLP-JSON-01: ids are hexadecimal. */
static void json_of_exemplars_has_hexadecimal_ids(void **state)
{
    (void)state;
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    otm_attr filtered = otm_attr_i64("user", 5);
    otm_exemplar exemplars[2] = {{.time_unix_nano = 15, .has_span = 1}, {.time_unix_nano = 16}};
    exemplars[0].filtered_attributes = &filtered;
    exemplars[0].filtered_attribute_count = 1;
    exemplars[0].value.i64 = -4;
    memset(exemplars[0].trace_id, 0xAB, sizeof exemplars[0].trace_id);
    memset(exemplars[0].span_id, 0x01, sizeof exemplars[0].span_id);
    exemplars[1].number = OTM_NUMBER_F64;
    exemplars[1].value.f64 = 1.5;
    t.point.exemplars = exemplars;
    t.point.exemplar_count = 2;
    assert_metric_json(&t, "{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"asInt\":\"0\","
                           "\"exemplars\":[{\"filteredAttributes\":[{\"key\":\"user\",\"value\":{\"intValue\":\"5\"}}],"
                           "\"timeUnixNano\":\"15\",\"asInt\":\"-4\",\"spanId\":\"0101010101010101\",\"traceId\":"
                           "\"abababababababababababababababab\"},{\"timeUnixNano\":\"16\",\"asDouble\":1.5}]}]}}");
}

/* DM-FLAG-01 */
static void json_of_a_gap_has_its_flag_and_no_value(void **state)
{
    (void)state;
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    otm_attr metadata = otm_attr_string("prometheus.type", "unknown");
    t.metric.metadata = &metadata;
    t.metric.metadata_count = 1;
    t.point.flags = OTM_POINT_NO_RECORDED_VALUE;
    assert_metric_json(&t, "{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"20\",\"flags\":1}]},"
                           "\"metadata\":[{\"key\":\"prometheus.type\",\"value\":{\"stringValue\":\"unknown\"}}]}");
}

/* ATTR-02, ATTR-03 */
static void json_has_a_form_for_every_value(void **state)
{
    (void)state;
    otm_value inner[] = {otm_value_string("a"), otm_value_i64(-1), otm_value_empty()};
    otm_attr map[] = {otm_attr_f64("f", 2), otm_attr_value("n", otm_value_map(NULL, 0))};
    assert_value_json(otm_value_empty(), "{}");
    assert_value_json(otm_value_string(""), "{\"stringValue\":\"\"}");
    assert_value_json(otm_value_string("a\"\n"), "{\"stringValue\":\"a\\\"\\n\"}");
    assert_value_json(otm_value_bool(false), "{\"boolValue\":false}");
    assert_value_json(otm_value_i64(INT64_MIN), "{\"intValue\":\"-9223372036854775808\"}");
    assert_value_json(otm_value_f64((double)NAN), "{\"doubleValue\":\"NaN\"}");
    assert_value_json(otm_value_bytes((const uint8_t *)"\1\2\3", 3), "{\"bytesValue\":\"AQID\"}");
    assert_value_json(otm_value_array(NULL, 0), "{\"arrayValue\":{\"values\":[]}}");
    assert_value_json(otm_value_array(inner, 3),
                      "{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},{\"intValue\":\"-1\"},{}]}}");
    assert_value_json(otm_value_map(map, 2),
                      "{\"kvlistValue\":{\"values\":[{\"key\":\"f\",\"value\":{\"doubleValue\":2.0}},"
                      "{\"key\":\"n\",\"value\":{\"kvlistValue\":{\"values\":[]}}}]}}");
}

static void json_of_a_string_that_is_no_utf8_is_repaired(void **state)
{
    (void)state;
    assert_value_json(otm_value_string("a\xFF"), "{\"stringValue\":\"a\xEF\xBF\xBD\"}");
}

static void json_of_values_that_have_no_bottom_ends(void **state)
{
    (void)state;
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    otm_value self = otm_value_array(&self, 1);
    otm_attr attr = otm_attr_value("k", self);
    t.point.attributes = &attr;
    t.point.attribute_count = 1;
    char *json;
    assert_int_equal(otm_metrics_to_json(&t.data, &json), OTM_OK);
    assert_true(strlen(json) < 20000);
    otm_memory_exporter_free_json(json);
}

static void json_of_nothing_is_refused(void **state)
{
    (void)state;
    char *json;
    otm_metrics_data data = {.struct_size = sizeof data};
    assert_int_equal(otm_metrics_to_json(NULL, &json), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_metrics_to_json(&data, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_memory_exporter_free_json(NULL);
}

/* -- The exporter, behind a stand-in for the SDK's wrapper ------------------------------------------------------- */

struct otm_exporter {
    const otm_exporter_ops *ops;
    void *self;
};

static bool wrapper_fails;

otm_status otm_exporter_create(const otm_exporter_ops *ops, void *self, otm_exporter **out)
{
    *out = wrapper_fails ? NULL : malloc(sizeof **out);
    if (*out == NULL) {
        ops->destroy(self);
        return OTM_ERR_NO_MEMORY;
    }
    **out = (otm_exporter){ops, self};
    return OTM_OK;
}

void otm_exporter_release(otm_exporter *exporter)
{
    if (exporter != NULL) {
        exporter->ops->destroy(exporter->self);
        free(exporter);
    }
}

otm_temporality otm_temporality_of(otm_temporality_preference preference, otm_instrument_kind kind)
{
    assert_int_not_equal(preference, OTM_PREFER_DEFAULT);
    return preference == OTM_PREFER_DELTA && kind == OTM_COUNTER ? OTM_DELTA : OTM_CUMULATIVE;
}

static otm_exporter *make_exporter(uint32_t max_batches, uint32_t preference)
{
    otm_memory_exporter_options options;
    otm_exporter *exporter;
    otm_memory_exporter_options_init(&options);
    options.max_batches = max_batches;
    options.temporality_preference = preference;
    assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_OK);
    return exporter;
}

/* Exports a gauge of this value. */
static otm_status export_value(otm_exporter *exporter, int64_t value)
{
    tree t;
    tree_init(&t, OTM_METRIC_GAUGE);
    t.point.data.number.as.i64 = value;
    return exporter->ops->begin(exporter->self, &t.data, UINT64_MAX);
}

static void assert_kept(otm_exporter *exporter, size_t index, const char *part)
{
    char *json;
    assert_int_equal(otm_memory_exporter_json(exporter, index, &json), OTM_OK);
    assert_non_null(strstr(json, part));
    otm_memory_exporter_free_json(json);
}

/* OUT-01 */
static void memory_exporter_keeps_batches_in_order(void **state)
{
    (void)state;
    otm_exporter *exporter = make_exporter(0, 0);
    assert_int_equal(otm_memory_exporter_count(exporter), 0);
    assert_int_equal(export_value(exporter, 1), OTM_OK);
    assert_int_equal(export_value(exporter, 2), OTM_OK);
    assert_int_equal(otm_memory_exporter_count(exporter), 2);
    assert_kept(exporter, 0, "\"asInt\":\"1\"");
    assert_kept(exporter, 1, "\"asInt\":\"2\"");
    char *json;
    assert_int_equal(otm_memory_exporter_json(exporter, 2, &json), OTM_ERR_NOT_FOUND);
    assert_null(json);
    otm_exporter_release(exporter);
}

/* LIB-03 */
static void memory_exporter_at_its_maximum_forgets_the_oldest(void **state)
{
    (void)state;
    otm_exporter *exporter = make_exporter(3, 0);
    for (int64_t i = 1; i <= 5; i++) {
        assert_int_equal(export_value(exporter, i), OTM_OK);
    }
    assert_int_equal(otm_memory_exporter_count(exporter), 3);
    assert_kept(exporter, 0, "\"asInt\":\"3\"");
    assert_kept(exporter, 2, "\"asInt\":\"5\"");
    otm_memory_exporter_reset(exporter);
    assert_int_equal(otm_memory_exporter_count(exporter), 0);
    assert_int_equal(export_value(exporter, 6), OTM_OK);
    assert_kept(exporter, 0, "\"asInt\":\"6\"");
    otm_exporter_release(exporter);
}

/* SDK-EXP-07 */
static void memory_exporter_after_shutdown_takes_nothing_but_shows_what_it_has(void **state)
{
    (void)state;
    otm_exporter *exporter = make_exporter(0, 0);
    assert_int_equal(export_value(exporter, 1), OTM_OK);
    assert_int_equal(exporter->ops->shutdown(exporter->self, UINT64_MAX), OTM_OK);
    assert_int_equal(export_value(exporter, 2), OTM_ERR_SHUTDOWN);
    assert_int_equal(otm_memory_exporter_count(exporter), 1);
    assert_kept(exporter, 0, "\"asInt\":\"1\"");
    otm_exporter_release(exporter);
}

/* OUT-01, SDK-RDR-02 */
static void memory_exporter_is_cumulative_unless_told_otherwise(void **state)
{
    (void)state;
    otm_exporter *exporter = make_exporter(0, 0);
    for (int kind = 0; kind < OTM_INSTRUMENT_KIND_COUNT; kind++) {
        assert_int_equal(exporter->ops->temporality(exporter->self, (otm_instrument_kind)kind), OTM_CUMULATIVE);
    }
    otm_exporter_release(exporter);
    exporter = make_exporter(0, OTM_PREFER_DELTA);
    assert_int_equal(exporter->ops->temporality(exporter->self, OTM_COUNTER), OTM_DELTA);
    otm_exporter_release(exporter);
}

/* OUT-01 */
static void memory_exporter_asks_for_temporality_and_aggregation_by_kind(void **state)
{
    (void)state;
    otm_memory_exporter_options options;
    otm_exporter *exporter;
    otm_aggregation aggregation;
    otm_memory_exporter_options_init(&options);
    options.temporality_preference = OTM_PREFER_DELTA;
    options.temporality[OTM_COUNTER] = OTM_CUMULATIVE;
    options.temporality[OTM_HISTOGRAM] = OTM_DELTA;
    options.aggregation[OTM_HISTOGRAM] = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_OK);
    assert_int_equal(exporter->ops->temporality(exporter->self, OTM_COUNTER), OTM_CUMULATIVE);
    assert_int_equal(exporter->ops->temporality(exporter->self, OTM_HISTOGRAM), OTM_DELTA);
    exporter->ops->aggregation(exporter->self, OTM_HISTOGRAM, &aggregation);
    assert_int_equal(aggregation.kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    exporter->ops->aggregation(exporter->self, OTM_COUNTER, &aggregation);
    assert_int_equal(aggregation.kind, OTM_AGGREGATION_DEFAULT);
    otm_exporter_release(exporter);
}

static void memory_exporter_calls_on_another_exporter_or_null_are_harmless(void **state)
{
    (void)state;
    otm_exporter other = {NULL, NULL};
    otm_exporter *ours = make_exporter(0, 0);
    char *json;
    assert_int_equal(otm_memory_exporter_count(&other), 0);
    assert_int_equal(otm_memory_exporter_count(NULL), 0);
    assert_int_equal(otm_memory_exporter_json(&other, 0, &json), OTM_ERR_NOT_FOUND);
    otm_memory_exporter_reset(&other);
    otm_memory_exporter_reset(NULL);
    assert_int_equal(otm_memory_exporter_json(ours, 0, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_exporter_release(ours);
}

static void memory_exporter_create_refuses_bad_arguments(void **state)
{
    (void)state;
    otm_memory_exporter_options options;
    otm_exporter *exporter;
    otm_memory_exporter_options_init(&options);
    options.temporality_preference = 77;
    assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(exporter);
    otm_memory_exporter_options_init(&options);
    options.temporality[OTM_GAUGE] = 3;
    assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_ERR_INVALID_ARGUMENT);
    otm_memory_exporter_options_init(&options);
    options.aggregation[OTM_GAUGE] = OTM_AGGREGATION_KIND_COUNT;
    assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_memory_exporter_create(NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void memory_exporter_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_memory_exporter_options options;
        otm_memory_exporter_options_init(&options);
        options.allocator = &fa.base;
        otm_exporter *exporter;
        wrapper_fails = n == 3; /* after the exporter's own two */
        st = otm_memory_exporter_create(&options, &exporter);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && exporter == NULL));
        otm_exporter_release(exporter);
        assert_int_equal(fa.live, 0);
    }
}

static void memory_exporter_export_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 3; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_memory_exporter_options options;
        otm_memory_exporter_options_init(&options);
        options.allocator = &fa.base;
        otm_exporter *exporter;
        assert_int_equal(otm_memory_exporter_create(&options, &exporter), OTM_OK);
        st = export_value(exporter, 1);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        assert_int_equal(otm_memory_exporter_count(exporter), st == OTM_OK ? 1 : 0);
        otm_exporter_release(exporter);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_of_no_data_has_an_empty_list),
        cmocka_unit_test(json_tells_resource_scope_and_schema_urls),
        cmocka_unit_test(json_of_a_sum_has_strings_for_wide_and_numbers_for_narrow_integers),
        cmocka_unit_test(json_of_doubles_reads_back_as_doubles),
        cmocka_unit_test(json_of_a_histogram_keeps_what_is_optional_only_if_set),
        cmocka_unit_test(json_of_an_exponential_histogram_has_both_sides),
        cmocka_unit_test(json_of_a_summary_lists_its_quantiles),
        cmocka_unit_test(json_of_exemplars_has_hexadecimal_ids),
        cmocka_unit_test(json_of_a_gap_has_its_flag_and_no_value),
        cmocka_unit_test(json_has_a_form_for_every_value),
        cmocka_unit_test(json_of_a_string_that_is_no_utf8_is_repaired),
        cmocka_unit_test(json_of_values_that_have_no_bottom_ends),
        cmocka_unit_test(json_of_nothing_is_refused),
        cmocka_unit_test(memory_exporter_keeps_batches_in_order),
        cmocka_unit_test(memory_exporter_at_its_maximum_forgets_the_oldest),
        cmocka_unit_test(memory_exporter_after_shutdown_takes_nothing_but_shows_what_it_has),
        cmocka_unit_test(memory_exporter_is_cumulative_unless_told_otherwise),
        cmocka_unit_test(memory_exporter_asks_for_temporality_and_aggregation_by_kind),
        cmocka_unit_test(memory_exporter_calls_on_another_exporter_or_null_are_harmless),
        cmocka_unit_test(memory_exporter_create_refuses_bad_arguments),
        cmocka_unit_test(memory_exporter_create_survives_failure_of_each_allocation),
        cmocka_unit_test(memory_exporter_export_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
