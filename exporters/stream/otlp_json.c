/* Rules that differ from ordinary protobuf JSON: enums are numbers, trace and span ids are hexadecimal. As everywhere
 * in protobuf JSON, 64-bit integers are decimal strings. Fields at their default are left out, unless they are optional
 * or one of several. */
#include "otlp_json.h"

#include <math.h>

#include "util/base64.h"
#include "util/json_text.h"
#include "util/number_text.h"

/* The SDK's own attributes nest less deep; what a foreign producer nests deeper becomes an empty value. */
#define MAX_DEPTH 256

/* -- JSON -------------------------------------------------------------------------------------------------------- */

/* A comma, unless a key or the start of an object or array comes before. */
static void separate(otmi_buf *out)
{
    char last = out->size > 0 ? out->data[out->size - 1] : '[';
    if (last != '{' && last != '[' && last != ':') {
        otmi_buf_byte(out, ',');
    }
}

static void key(otmi_buf *out, const char *name)
{
    separate(out);
    otmi_buf_byte(out, '"');
    otmi_buf_text(out, name);
    otmi_buf_text(out, "\":");
}

static void open(otmi_buf *out, char bracket)
{
    separate(out);
    otmi_buf_byte(out, bracket);
}

static void close(otmi_buf *out, char bracket)
{
    otmi_buf_byte(out, bracket);
}

static void put_string(otmi_buf *out, const char *text, size_t size)
{
    separate(out);
    otmi_json_string(out, text, size);
}

static void put_u64(otmi_buf *out, uint64_t number)
{
    separate(out);
    otmi_buf_byte(out, '"');
    otmi_buf_u64(out, number);
    otmi_buf_byte(out, '"');
}

static void put_i64(otmi_buf *out, int64_t number)
{
    separate(out);
    otmi_buf_byte(out, '"');
    otmi_buf_i64(out, number);
    otmi_buf_byte(out, '"');
}

static void put_small(otmi_buf *out, int64_t number)
{
    separate(out);
    otmi_buf_i64(out, number);
}

static void put_f64(otmi_buf *out, double number)
{
    char text[OTMI_F64_TEXT_SIZE];
    size_t size = otmi_f64_text(number, text);
    separate(out);
    if (!isfinite(number)) {
        otmi_json_string(out, text, size);
        return;
    }
    otmi_buf_append(out, text, size);
    if (strpbrk(text, ".e") == NULL) {
        otmi_buf_text(out, ".0"); /* or readers that tell integers from doubles choke on 1e20 in full */
    }
}

static void put_hex(otmi_buf *out, const uint8_t *bytes, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    separate(out);
    otmi_buf_byte(out, '"');
    for (size_t i = 0; i < size; i++) {
        otmi_buf_byte(out, hex[bytes[i] >> 4]);
        otmi_buf_byte(out, hex[bytes[i] & 15]);
    }
    otmi_buf_byte(out, '"');
}

/* Left out if empty. */
static void member_text(otmi_buf *out, const char *name, otm_string text)
{
    if (text.data != NULL && text.size > 0) {
        key(out, name);
        put_string(out, text.data, text.size);
    }
}

static void member_u64(otmi_buf *out, const char *name, uint64_t number)
{
    key(out, name);
    put_u64(out, number);
}

static void member_small(otmi_buf *out, const char *name, int64_t number)
{
    key(out, name);
    put_small(out, number);
}

static void member_f64(otmi_buf *out, const char *name, double number)
{
    key(out, name);
    put_f64(out, number);
}

/* -- Attributes -------------------------------------------------------------------------------------------------- */

static void put_value(otmi_buf *out, const otm_value *value, unsigned depth);

static void put_attr(otmi_buf *out, const otm_attr *attr, unsigned depth)
{
    open(out, '{');
    key(out, "key");
    put_string(out, attr->key, attr->key_size);
    key(out, "value");
    put_value(out, &attr->value, depth);
    close(out, '}');
}

static void put_attrs(otmi_buf *out, const otm_attr *attrs, size_t count, unsigned depth)
{
    open(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_attr(out, &attrs[i], depth);
    }
    close(out, ']');
}

static void put_values(otmi_buf *out, const otm_value *values, size_t count, unsigned depth)
{
    open(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_value(out, &values[i], depth);
    }
    close(out, ']');
}

static void put_bytes(otmi_buf *out, const void *bytes, size_t size)
{
    separate(out);
    otmi_buf_byte(out, '"');
    otmi_base64_append(out, bytes, size);
    otmi_buf_byte(out, '"');
}

/* The one member of a value; nothing for the empty value. */
static void put_value_member(otmi_buf *out, const otm_value *value, unsigned depth)
{
    switch (value->type) {
    case OTM_VALUE_STRING:
        key(out, "stringValue");
        put_string(out, value->as.string, value->size);
        break;
    case OTM_VALUE_BOOL:
        key(out, "boolValue");
        otmi_buf_text(out, value->as.boolean ? "true" : "false");
        break;
    case OTM_VALUE_I64:
        key(out, "intValue");
        put_i64(out, value->as.i64);
        break;
    case OTM_VALUE_F64:
        member_f64(out, "doubleValue", value->as.f64);
        break;
    case OTM_VALUE_BYTES:
        key(out, "bytesValue");
        put_bytes(out, value->as.bytes, value->size);
        break;
    case OTM_VALUE_ARRAY:
        key(out, "arrayValue");
        open(out, '{');
        key(out, "values");
        put_values(out, value->as.array, value->size, depth + 1);
        close(out, '}');
        break;
    case OTM_VALUE_MAP:
        key(out, "kvlistValue");
        open(out, '{');
        key(out, "values");
        put_attrs(out, value->as.map, value->size, depth + 1);
        close(out, '}');
        break;
    default:
        break;
    }
}

static void put_value(otmi_buf *out, const otm_value *value, unsigned depth)
{
    open(out, '{');
    if (depth < MAX_DEPTH) {
        put_value_member(out, value, depth);
    }
    close(out, '}');
}

/* Left out if empty. */
static void member_attrs(otmi_buf *out, const char *name, const otm_attr *attrs, size_t count)
{
    if (count > 0) {
        key(out, name);
        put_attrs(out, attrs, count, 0);
    }
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static void member_number(otmi_buf *out, uint32_t type, int64_t i64, double f64)
{
    if (type == OTM_NUMBER_I64) {
        key(out, "asInt");
        put_i64(out, i64);
    } else {
        member_f64(out, "asDouble", f64);
    }
}

static void put_exemplar(otmi_buf *out, const otm_exemplar *exemplar)
{
    open(out, '{');
    member_attrs(out, "filteredAttributes", exemplar->filtered_attributes, exemplar->filtered_attribute_count);
    member_u64(out, "timeUnixNano", exemplar->time_unix_nano);
    member_number(out, exemplar->number, exemplar->value.i64, exemplar->value.f64);
    if (exemplar->has_span) {
        key(out, "spanId");
        put_hex(out, exemplar->span_id, sizeof exemplar->span_id);
        key(out, "traceId");
        put_hex(out, exemplar->trace_id, sizeof exemplar->trace_id);
    }
    close(out, '}');
}

static void member_u64_array(otmi_buf *out, const char *name, const uint64_t *numbers, size_t count)
{
    key(out, name);
    open(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_u64(out, numbers[i]);
    }
    close(out, ']');
}

static void member_f64_array(otmi_buf *out, const char *name, const double *numbers, size_t count)
{
    key(out, name);
    open(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_f64(out, numbers[i]);
    }
    close(out, ']');
}

/* What both kinds of histogram have; minimum and maximum come after the buckets. */
static void put_histogram_head(otmi_buf *out, const otm_histogram_data *histogram)
{
    member_u64(out, "count", histogram->count);
    if (histogram->has_sum) {
        member_f64(out, "sum", histogram->sum);
    }
}

static void put_min_max(otmi_buf *out, const otm_histogram_data *histogram)
{
    if (histogram->has_min) {
        member_f64(out, "min", histogram->min);
    }
    if (histogram->has_max) {
        member_f64(out, "max", histogram->max);
    }
}

static void put_explicit(otmi_buf *out, const otm_histogram_data *histogram)
{
    put_histogram_head(out, histogram);
    if (histogram->bucket_count > 0) {
        member_u64_array(out, "bucketCounts", histogram->bucket_counts, histogram->bucket_count);
    }
    if (histogram->bound_count > 0) {
        member_f64_array(out, "explicitBounds", histogram->bounds, histogram->bound_count);
    }
    put_min_max(out, histogram);
}

static void put_side(otmi_buf *out, const char *name, const otm_exponential_buckets *side)
{
    if (side->count_size > 0) {
        key(out, name);
        open(out, '{');
        member_small(out, "offset", side->offset);
        member_u64_array(out, "bucketCounts", side->counts, side->count_size);
        close(out, '}');
    }
}

static void put_exponential(otmi_buf *out, const otm_histogram_data *histogram)
{
    put_histogram_head(out, histogram);
    member_small(out, "scale", histogram->scale);
    member_u64(out, "zeroCount", histogram->zero_count);
    if (histogram->zero_threshold != 0) {
        member_f64(out, "zeroThreshold", histogram->zero_threshold);
    }
    put_side(out, "positive", &histogram->positive);
    put_side(out, "negative", &histogram->negative);
    put_min_max(out, histogram);
}

static void put_summary(otmi_buf *out, const otm_histogram_data *summary)
{
    member_u64(out, "count", summary->count);
    member_f64(out, "sum", summary->sum);
    if (summary->quantile_count == 0) {
        return;
    }
    key(out, "quantileValues");
    open(out, '[');
    for (size_t i = 0; i < summary->quantile_count; i++) {
        open(out, '{');
        member_f64(out, "quantile", summary->quantiles[i].quantile);
        member_f64(out, "value", summary->quantiles[i].value);
        close(out, '}');
    }
    close(out, ']');
}

static void put_point_data(otmi_buf *out, uint32_t type, const otm_point *point)
{
    switch (type) {
    case OTM_METRIC_GAUGE:
    case OTM_METRIC_SUM:
        if ((point->flags & OTM_POINT_NO_RECORDED_VALUE) == 0) {
            const otm_number_data *number = &point->data.number;
            member_number(out, number->number, number->as.i64, number->as.f64);
        }
        break;
    case OTM_METRIC_HISTOGRAM:
        put_explicit(out, point->data.histogram);
        break;
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        put_exponential(out, point->data.histogram);
        break;
    case OTM_METRIC_SUMMARY:
        put_summary(out, point->data.histogram);
        break;
    default:
        break;
    }
}

static void put_point(otmi_buf *out, uint32_t type, const otm_point *point)
{
    open(out, '{');
    member_attrs(out, "attributes", point->attributes, point->attribute_count);
    if (point->start_time_unix_nano != 0) {
        member_u64(out, "startTimeUnixNano", point->start_time_unix_nano);
    }
    member_u64(out, "timeUnixNano", point->time_unix_nano);
    put_point_data(out, type, point);
    if (point->exemplar_count > 0) {
        key(out, "exemplars");
        open(out, '[');
        for (size_t i = 0; i < point->exemplar_count; i++) {
            put_exemplar(out, &point->exemplars[i]);
        }
        close(out, ']');
    }
    if (point->flags != 0) {
        member_small(out, "flags", point->flags);
    }
    close(out, '}');
}

/* -- Metrics, scopes, resources ---------------------------------------------------------------------------------- */

/* NULL: a type of a later SDK, of which only name and unit can be told. */
static const char *type_name(uint32_t type)
{
    static const char *const names[] = {
        [OTM_METRIC_GAUGE] = "gauge",
        [OTM_METRIC_SUM] = "sum",
        [OTM_METRIC_HISTOGRAM] = "histogram",
        [OTM_METRIC_EXPONENTIAL_HISTOGRAM] = "exponentialHistogram",
        [OTM_METRIC_SUMMARY] = "summary",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

static void put_metric_data(otmi_buf *out, const otm_metric *metric)
{
    open(out, '{');
    key(out, "dataPoints");
    open(out, '[');
    for (size_t i = 0; i < metric->point_count; i++) {
        put_point(out, metric->type, otm_metric_point(metric, i));
    }
    close(out, ']');
    if (metric->temporality != 0) {
        member_small(out, "aggregationTemporality", metric->temporality);
    }
    if (metric->type == OTM_METRIC_SUM && metric->monotonic != 0) {
        key(out, "isMonotonic");
        otmi_buf_text(out, "true");
    }
    close(out, '}');
}

static void put_metric(otmi_buf *out, const otm_metric *metric)
{
    open(out, '{');
    member_text(out, "name", metric->name);
    member_text(out, "description", metric->description);
    member_text(out, "unit", metric->unit);
    if (type_name(metric->type) != NULL) {
        key(out, type_name(metric->type));
        put_metric_data(out, metric);
    }
    member_attrs(out, "metadata", metric->metadata, metric->metadata_count);
    close(out, '}');
}

static void put_scope(otmi_buf *out, const otm_scope_metrics *scope)
{
    open(out, '{');
    key(out, "scope");
    open(out, '{');
    member_text(out, "name", scope->name);
    member_text(out, "version", scope->version);
    member_attrs(out, "attributes", scope->attributes, scope->attribute_count);
    close(out, '}');
    key(out, "metrics");
    open(out, '[');
    for (size_t i = 0; i < scope->metric_count; i++) {
        put_metric(out, otm_scope_metric(scope, i));
    }
    close(out, ']');
    member_text(out, "schemaUrl", scope->schema_url);
    close(out, '}');
}

/* Left out if empty. */
static void member_keys(otmi_buf *out, const char *name, const otm_string *keys, size_t count)
{
    if (count > 0) {
        key(out, name);
        open(out, '[');
        for (size_t i = 0; i < count; i++) {
            put_string(out, keys[i].data, keys[i].size);
        }
        close(out, ']');
    }
}

static void put_entity(otmi_buf *out, const otm_entity_ref *entity)
{
    open(out, '{');
    member_text(out, "schemaUrl", entity->schema_url);
    member_text(out, "type", entity->type);
    member_keys(out, "idKeys", entity->id_keys, entity->id_key_count);
    member_keys(out, "descriptionKeys", entity->description_keys, entity->description_key_count);
    close(out, '}');
}

static void member_entities(otmi_buf *out, const otm_resource_metrics *resource)
{
    if (resource->entity_count > 0) {
        key(out, "entityRefs");
        open(out, '[');
        for (size_t i = 0; i < resource->entity_count; i++) {
            put_entity(out, otm_resource_entity_ref(resource, i));
        }
        close(out, ']');
    }
}

static void put_resource(otmi_buf *out, const otm_resource_metrics *resource)
{
    open(out, '{');
    key(out, "resource");
    open(out, '{');
    member_attrs(out, "attributes", resource->attributes, resource->attribute_count);
    member_entities(out, resource);
    close(out, '}');
    key(out, "scopeMetrics");
    open(out, '[');
    for (size_t i = 0; i < resource->scope_count; i++) {
        put_scope(out, otm_resource_scope(resource, i));
    }
    close(out, ']');
    member_text(out, "schemaUrl", resource->schema_url);
    close(out, '}');
}

void otmi_otlp_json_append(otmi_buf *out, const otm_metrics_data *data)
{
    otmi_buf_byte(out, '{');
    key(out, "resourceMetrics");
    open(out, '[');
    for (size_t i = 0; i < data->resource_count; i++) {
        put_resource(out, otm_data_resource(data, i));
    }
    close(out, ']');
    close(out, '}');
}
