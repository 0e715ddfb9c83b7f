#include "otlp_tree.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const otm_value inner_values[] = {
    {.type = OTM_VALUE_I64, .as = {.i64 = -1}},
    {.type = OTM_VALUE_EMPTY},
    {.type = OTM_VALUE_BOOL, .as = {.boolean = false}},
};
static const otm_attr inner_map[] = {
    {.key = "in", .key_size = 2, .value = {.type = OTM_VALUE_ARRAY, .size = 3, .as = {.array = inner_values}}}};
static const uint8_t some_bytes[] = {0, 0xFF, 7};

/* Strings hold a NUL, or do not end in one. */
static const otm_attr every_kind[] = {
    {.key = "string...", .key_size = 6, .value = {.type = OTM_VALUE_STRING, .size = 3, .as = {.string = "a\0b..."}}},
    {.key = "bool", .key_size = 4, .value = {.type = OTM_VALUE_BOOL, .as = {.boolean = true}}},
    {.key = "i64", .key_size = 3, .value = {.type = OTM_VALUE_I64, .as = {.i64 = INT64_MIN}}},
    {.key = "f64", .key_size = 3, .value = {.type = OTM_VALUE_F64, .as = {.f64 = 0.5}}},
    {.key = "bytes", .key_size = 5, .value = {.type = OTM_VALUE_BYTES, .size = 3, .as = {.bytes = some_bytes}}},
    {.key = "map", .key_size = 3, .value = {.type = OTM_VALUE_MAP, .size = 1, .as = {.map = inner_map}}},
    {.key = "empty", .key_size = 5, .value = {.type = OTM_VALUE_EMPTY}},
};

static const otm_exemplar exemplars[] = {
    {.time_unix_nano = 15,
     .value = {.i64 = 0},
     .number = OTM_NUMBER_I64,
     .has_span = 1,
     .trace_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
     .span_id = {1, 2, 3, 4, 5, 6, 7, 8},
     .filtered_attributes = inner_map,
     .filtered_attribute_count = 1},
    {.time_unix_nano = 16, .value = {.f64 = 2.5}, .number = OTM_NUMBER_F64},
};

static const double bounds[] = {0, 5, 10};
static const uint64_t bucket_counts[] = {1, 0, 2, 3};
static const otm_histogram_data histogram = {.count = 6,
                                             .sum = 0,
                                             .min = 0,
                                             .max = 20,
                                             .has_sum = true,
                                             .has_min = true,
                                             .has_max = true,
                                             .bounds = bounds,
                                             .bucket_counts = bucket_counts,
                                             .bound_count = 3,
                                             .bucket_count = 4};
static const uint64_t positive_counts[] = {1, 0, UINT64_C(1) << 40};
static const otm_histogram_data exponential = {.count = 8,
                                               .sum = 3,
                                               .has_sum = true,
                                               .zero_count = 2,
                                               .zero_threshold = 0.25,
                                               .scale = -3,
                                               .positive = {.counts = positive_counts, .count_size = 3, .offset = -7}};
static const otm_quantile_value quantiles[] = {{0.5, 1}, {0.99, 7}};
static const otm_histogram_data summary = {
    .count = 4, .sum = 9.5, .has_sum = true, .quantiles = quantiles, .quantile_count = 2};

static const otm_point gauge_points[] = {
    {.attributes = every_kind,
     .attribute_count = COUNT(every_kind),
     .time_unix_nano = 20,
     .exemplars = exemplars,
     .exemplar_count = 2,
     .data = {.number = {.as = {.f64 = 0}, .number = OTM_NUMBER_F64}}},
    {.time_unix_nano = 20,
     .flags = OTM_POINT_NO_RECORDED_VALUE,
     .data = {.number = {.as = {.i64 = 77}, .number = OTM_NUMBER_I64}}}};
static const otm_point sum_points[] = {
    {.start_time_unix_nano = 10, .time_unix_nano = 20, .data = {.number = {.as = {.i64 = INT64_MAX}}}},
    {.attributes = every_kind + 1,
     .attribute_count = 1,
     .start_time_unix_nano = 10,
     .time_unix_nano = 20,
     .data = {.number = {.as = {.i64 = INT64_MIN}}}}};
static const otm_point down_points[] = {
    {.start_time_unix_nano = 10, .time_unix_nano = 20, .data = {.number = {.as = {.i64 = 0}}}}};
static const otm_point histogram_points[] = {
    {.start_time_unix_nano = 10, .time_unix_nano = 20, .data = {.histogram = &histogram}}};
static const otm_point exponential_points[] = {
    {.start_time_unix_nano = 10, .time_unix_nano = 20, .data = {.histogram = &exponential}}};
static const otm_point summary_points[] = {
    {.start_time_unix_nano = 10, .time_unix_nano = 20, .data = {.histogram = &summary}}};

#define POINTS(array) .points = (array), .point_count = COUNT(array), .point_stride = sizeof(otm_point)

static const otm_metric first_metrics[] = {
    {.name = {"gauge", 5},
     .description = {"What", 4},
     .unit = {"{x}", 3},
     .type = OTM_METRIC_GAUGE,
     .metadata = inner_map,
     .metadata_count = 1,
     POINTS(gauge_points)},
    {.name = {"sum", 3}, .type = OTM_METRIC_SUM, .temporality = OTM_CUMULATIVE, .monotonic = 1, POINTS(sum_points)},
    {.name = {"down", 4}, .type = OTM_METRIC_SUM, .temporality = OTM_DELTA, POINTS(down_points)},
};
static const otm_metric second_metrics[] = {
    {.name = {"histogram", 9}, .type = OTM_METRIC_HISTOGRAM, .temporality = OTM_CUMULATIVE, POINTS(histogram_points)},
    {.name = {"exponential", 11},
     .type = OTM_METRIC_EXPONENTIAL_HISTOGRAM,
     .temporality = OTM_DELTA,
     POINTS(exponential_points)},
    {.name = {"summary", 7}, .type = OTM_METRIC_SUMMARY, POINTS(summary_points)},
};

static const otm_scope_metrics scopes[] = {
    {.name = {"first", 5},
     .version = {"1.2", 3},
     .schema_url = {"http://scope", 12},
     .attributes = every_kind,
     .attribute_count = 2,
     .metrics = first_metrics,
     .metric_count = COUNT(first_metrics),
     .metric_stride = sizeof(otm_metric)},
    {.name = {NULL, 0},
     .metrics = second_metrics,
     .metric_count = COUNT(second_metrics),
     .metric_stride = sizeof(otm_metric)},
};
static const otm_resource_metrics full_resource = {.attributes = every_kind,
                                                   .attribute_count = 3,
                                                   .schema_url = {"http://resource", 15},
                                                   .scopes = scopes,
                                                   .scope_count = COUNT(scopes),
                                                   .scope_stride = sizeof(otm_scope_metrics)};

const otm_metrics_data *otlp_tree_full(void)
{
    static const otm_metrics_data data = {.struct_size = sizeof data,
                                          .resources = &full_resource,
                                          .resource_count = 1,
                                          .resource_stride = sizeof(otm_resource_metrics),
                                          .point_count = OTLP_TREE_POINTS};
    return &data;
}

const otm_metrics_data *otlp_tree_of(const otm_metric *metrics, size_t count)
{
    static otm_scope_metrics scope;
    static otm_resource_metrics resource;
    static otm_metrics_data data;
    scope = (otm_scope_metrics){.metrics = metrics, .metric_count = count, .metric_stride = sizeof *metrics};
    resource = (otm_resource_metrics){.scopes = &scope, .scope_count = 1, .scope_stride = sizeof scope};
    data = (otm_metrics_data){.struct_size = sizeof data,
                              .resources = &resource,
                              .resource_count = 1,
                              .resource_stride = sizeof resource};
    for (size_t i = 0; i < count; i++) {
        data.point_count += metrics[i].point_count;
    }
    return &data;
}

const otm_metrics_data *otlp_tree_small(void)
{
    static const otm_point points[] = {{.time_unix_nano = 2, .data = {.number = {.as = {.i64 = 1}}}}};
    static const otm_metric metric = {.name = {"g", 1}, .type = OTM_METRIC_GAUGE, POINTS(points)};
    return otlp_tree_of(&metric, 1);
}

const otm_metrics_data *otlp_tree_many(size_t count)
{
    static otm_point points[OTLP_TREE_MANY];
    static otm_metric metric;
    for (size_t i = 0; i < count; i++) {
        points[i] = (otm_point){.attributes = every_kind,
                                .attribute_count = 4,
                                .time_unix_nano = 20,
                                .data = {.number = {.as = {.i64 = (int64_t)i}}}};
    }
    metric = (otm_metric){.name = {"many", 4},
                          .type = OTM_METRIC_GAUGE,
                          .points = points,
                          .point_count = count,
                          .point_stride = sizeof *points};
    return otlp_tree_of(&metric, 1);
}
