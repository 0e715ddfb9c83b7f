/* As the encoder once was: the messages are built over the strings and arrays of the collected tree where the two have
 * the same form, and packed at once. */
#include "support/otlp_reference.h"

#include <stdlib.h>

#include "otlp_metrics_service.pb-c.h"

/* Values nest as deep as attribute sets let them; what lies deeper is empty. */
#define MAX_DEPTH 256

typedef Opentelemetry__Proto__Common__V1__KeyValue pb_attr;
typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;
typedef Opentelemetry__Proto__Common__V1__ArrayValue pb_array;
typedef Opentelemetry__Proto__Common__V1__KeyValueList pb_map;

#define COMMON(name) (&opentelemetry__proto__common__v1__##name##__descriptor)
#define VALUE_CASE(name) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##name

typedef Opentelemetry__Proto__Common__V1__InstrumentationScope pb_scope;
typedef Opentelemetry__Proto__Common__V1__EntityRef pb_entity;
typedef Opentelemetry__Proto__Resource__V1__Resource pb_resource;
typedef Opentelemetry__Proto__Metrics__V1__ResourceMetrics pb_resource_metrics;
typedef Opentelemetry__Proto__Metrics__V1__ScopeMetrics pb_scope_metrics;
typedef Opentelemetry__Proto__Metrics__V1__Metric pb_metric;
typedef Opentelemetry__Proto__Metrics__V1__Gauge pb_gauge;
typedef Opentelemetry__Proto__Metrics__V1__Sum pb_sum;
typedef Opentelemetry__Proto__Metrics__V1__Histogram pb_histogram;
typedef Opentelemetry__Proto__Metrics__V1__ExponentialHistogram pb_exponential;
typedef Opentelemetry__Proto__Metrics__V1__Summary pb_summary;
typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint pb_number_point;
typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint pb_histogram_point;
typedef Opentelemetry__Proto__Metrics__V1__ExponentialHistogramDataPoint pb_exponential_point;
typedef Opentelemetry__Proto__Metrics__V1__ExponentialHistogramDataPoint__Buckets pb_buckets;
typedef Opentelemetry__Proto__Metrics__V1__SummaryDataPoint pb_summary_point;
typedef Opentelemetry__Proto__Metrics__V1__SummaryDataPoint__ValueAtQuantile pb_quantile;
typedef Opentelemetry__Proto__Metrics__V1__Exemplar pb_exemplar;
typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest pb_request;

#define METRICS(name) (&opentelemetry__proto__metrics__v1__##name##__descriptor)
#define REQUEST (&opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__descriptor)
#define METRIC_CASE(name) OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_##name

/* -- Pieces ------------------------------------------------------------------------------------------------------ */

static void *new_piece(otmi_arena *arena, size_t size)
{
    void *piece = otmi_arena_alloc(arena, size);
    if (piece == NULL) {
        abort();
    }
    return piece;
}

static void *new_message(otmi_arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    void *message = new_piece(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

static void *new_list(otmi_arena *arena, size_t count)
{
    return new_piece(arena, count * sizeof(void *));
}

/* protobuf-c's structs are not const-correct; it only reads what it packs. */
static void *unconst(const void *pointer)
{
    union {
        const void *in;
        void *out;
    } both = {.in = pointer};
    return both.out;
}

static ProtobufCBinaryData as_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = data != NULL ? size : 0, .data = unconst(data)};
}

static ProtobufCBinaryData as_text(otm_string string)
{
    return as_bytes(string.data, string.size);
}

/* -- Attributes -------------------------------------------------------------------------------------------------- */

static pb_attr **new_attrs(otmi_arena *arena, const otm_attr *attrs, size_t count, unsigned depth, size_t *out_count);
static pb_value *new_value(otmi_arena *arena, const otm_value *value, unsigned depth);

static pb_array *new_array(otmi_arena *arena, const otm_value *values, size_t count, unsigned depth)
{
    pb_array *array = new_message(arena, COMMON(array_value));
    pb_value **list = new_list(arena, count);
    for (size_t i = 0; i < count; i++) {
        list[i] = new_value(arena, &values[i], depth);
    }
    array->values = list;
    array->n_values = count;
    return array;
}

static pb_map *new_map(otmi_arena *arena, const otm_attr *attrs, size_t count, unsigned depth)
{
    pb_map *map = new_message(arena, COMMON(key_value_list));
    map->values = new_attrs(arena, attrs, count, depth, &map->n_values);
    return map;
}

static void set_value(otmi_arena *arena, pb_value *message, const otm_value *value, unsigned depth)
{
    switch ((otm_value_type)value->type) {
    case OTM_VALUE_STRING:
        message->value_case = VALUE_CASE(STRING_VALUE);
        message->string_value = as_bytes(value->as.string, value->size);
        return;
    case OTM_VALUE_BOOL:
        message->value_case = VALUE_CASE(BOOL_VALUE);
        message->bool_value = value->as.boolean;
        return;
    case OTM_VALUE_I64:
        message->value_case = VALUE_CASE(INT_VALUE);
        message->int_value = value->as.i64;
        return;
    case OTM_VALUE_F64:
        message->value_case = VALUE_CASE(DOUBLE_VALUE);
        message->double_value = value->as.f64;
        return;
    case OTM_VALUE_BYTES:
        message->value_case = VALUE_CASE(BYTES_VALUE);
        message->bytes_value = as_bytes(value->as.bytes, value->size);
        return;
    case OTM_VALUE_ARRAY:
        message->value_case = VALUE_CASE(ARRAY_VALUE);
        message->array_value = new_array(arena, value->as.array, value->size, depth + 1);
        return;
    case OTM_VALUE_MAP:
        message->value_case = VALUE_CASE(KVLIST_VALUE);
        message->kvlist_value = new_map(arena, value->as.map, value->size, depth + 1);
        return;
    case OTM_VALUE_EMPTY:
        return; /* no member set */
    }
}

static pb_value *new_value(otmi_arena *arena, const otm_value *value, unsigned depth)
{
    pb_value *message = new_message(arena, COMMON(any_value));
    if (depth <= MAX_DEPTH) {
        set_value(arena, message, value, depth);
    }
    return message;
}

static pb_attr *new_attr(otmi_arena *arena, const otm_attr *attr, unsigned depth)
{
    pb_attr *message = new_message(arena, COMMON(key_value));
    message->key = as_bytes(attr->key, attr->key_size);
    message->value = new_value(arena, &attr->value, depth);
    return message;
}

static pb_attr **new_attrs(otmi_arena *arena, const otm_attr *attrs, size_t count, unsigned depth, size_t *out_count)
{
    *out_count = 0;
    if (count == 0) {
        return NULL;
    }
    pb_attr **list = new_list(arena, count);
    for (size_t i = 0; i < count; i++) {
        list[i] = new_attr(arena, &attrs[i], depth);
    }
    *out_count = count;
    return list;
}

static pb_attr **new_all_attrs(otmi_arena *arena, const otm_attr *attrs, size_t count, size_t *out_count)
{
    return new_attrs(arena, attrs, count, 0, out_count);
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static pb_exemplar *new_exemplar(otmi_arena *arena, const otm_exemplar *exemplar)
{
    pb_exemplar *message = new_message(arena, METRICS(exemplar));
    message->filtered_attributes = new_all_attrs(arena, exemplar->filtered_attributes,
                                                 exemplar->filtered_attribute_count, &message->n_filtered_attributes);
    message->time_unix_nano = exemplar->time_unix_nano;
    if (exemplar->number == OTM_NUMBER_I64) {
        message->value_case = OPENTELEMETRY__PROTO__METRICS__V1__EXEMPLAR__VALUE_AS_INT;
        message->as_int = exemplar->value.i64;
    } else {
        message->value_case = OPENTELEMETRY__PROTO__METRICS__V1__EXEMPLAR__VALUE_AS_DOUBLE;
        message->as_double = exemplar->value.f64;
    }
    if (exemplar->has_span) {
        message->trace_id = as_bytes(exemplar->trace_id, sizeof exemplar->trace_id);
        message->span_id = as_bytes(exemplar->span_id, sizeof exemplar->span_id);
    }
    return message;
}

static pb_exemplar **new_exemplars(otmi_arena *arena, const otm_point *point, size_t *out_count)
{
    *out_count = 0;
    if (point->exemplar_count == 0) {
        return NULL;
    }
    pb_exemplar **list = new_list(arena, point->exemplar_count);
    for (size_t i = 0; i < point->exemplar_count; i++) {
        list[i] = new_exemplar(arena, &point->exemplars[i]);
    }
    *out_count = point->exemplar_count;
    return list;
}

/* What every kind of point has, under one set of names. */
#define SET_COMMON(arena, message, point) \
    do { \
        (message)->attributes = \
            new_all_attrs((arena), (point)->attributes, (point)->attribute_count, &(message)->n_attributes); \
        (message)->start_time_unix_nano = (point)->start_time_unix_nano; \
        (message)->time_unix_nano = (point)->time_unix_nano; \
        (message)->flags = (point)->flags; \
    } while (0)

static bool has_value(const otm_point *point)
{
    return (point->flags & OTM_POINT_NO_RECORDED_VALUE) == 0;
}

static void *new_number_point(otmi_arena *arena, const otm_point *point)
{
    pb_number_point *message = new_message(arena, METRICS(number_data_point));
    SET_COMMON(arena, message, point);
    message->exemplars = new_exemplars(arena, point, &message->n_exemplars);
    if (!has_value(point)) {
        return message;
    }
    if (point->data.number.number == OTM_NUMBER_I64) {
        message->value_case = OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT;
        message->as_int = point->data.number.as.i64;
    } else {
        message->value_case = OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
        message->as_double = point->data.number.as.f64;
    }
    return message;
}

static void *new_histogram_point(otmi_arena *arena, const otm_point *point)
{
    pb_histogram_point *message = new_message(arena, METRICS(histogram_data_point));
    const otm_histogram_data *data = point->data.histogram;
    SET_COMMON(arena, message, point);
    message->exemplars = new_exemplars(arena, point, &message->n_exemplars);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->n_bucket_counts = data->bucket_count;
    message->bucket_counts = unconst(data->bucket_counts);
    message->n_explicit_bounds = data->bound_count;
    message->explicit_bounds = unconst(data->bounds);
    if (data->has_sum) {
        message->has_sum_case = OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_SUM_SUM;
        message->sum = data->sum;
    }
    if (data->has_min) {
        message->has_min_case = OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_MIN_MIN;
        message->min = data->min;
    }
    if (data->has_max) {
        message->has_max_case = OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__HAS_MAX_MAX;
        message->max = data->max;
    }
    return message;
}

static pb_buckets *new_buckets(otmi_arena *arena, const otm_exponential_buckets *buckets)
{
    if (buckets->count_size == 0) {
        return NULL; /* an absent side is an empty one */
    }
    pb_buckets *message = new_message(arena, METRICS(exponential_histogram_data_point__buckets));
    message->offset = buckets->offset;
    message->n_bucket_counts = buckets->count_size;
    message->bucket_counts = unconst(buckets->counts);
    return message;
}

static void *new_exponential_point(otmi_arena *arena, const otm_point *point)
{
    pb_exponential_point *message = new_message(arena, METRICS(exponential_histogram_data_point));
    const otm_histogram_data *data = point->data.histogram;
    SET_COMMON(arena, message, point);
    message->exemplars = new_exemplars(arena, point, &message->n_exemplars);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->scale = data->scale;
    message->zero_count = data->zero_count;
    message->zero_threshold = data->zero_threshold;
    message->positive = new_buckets(arena, &data->positive);
    message->negative = new_buckets(arena, &data->negative);
    if (data->has_sum) {
        message->has_sum_case = OPENTELEMETRY__PROTO__METRICS__V1__EXPONENTIAL_HISTOGRAM_DATA_POINT__HAS_SUM_SUM;
        message->sum = data->sum;
    }
    if (data->has_min) {
        message->has_min_case = OPENTELEMETRY__PROTO__METRICS__V1__EXPONENTIAL_HISTOGRAM_DATA_POINT__HAS_MIN_MIN;
        message->min = data->min;
    }
    if (data->has_max) {
        message->has_max_case = OPENTELEMETRY__PROTO__METRICS__V1__EXPONENTIAL_HISTOGRAM_DATA_POINT__HAS_MAX_MAX;
        message->max = data->max;
    }
    return message;
}

static void *new_summary_point(otmi_arena *arena, const otm_point *point)
{
    pb_summary_point *message = new_message(arena, METRICS(summary_data_point));
    const otm_histogram_data *data = point->data.histogram;
    SET_COMMON(arena, message, point);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->sum = data->sum;
    pb_quantile **list = new_list(arena, data->quantile_count);
    for (size_t i = 0; i < data->quantile_count; i++) {
        pb_quantile *quantile = new_message(arena, METRICS(summary_data_point__value_at_quantile));
        quantile->quantile = data->quantiles[i].quantile;
        quantile->value = data->quantiles[i].value;
        list[i] = quantile;
    }
    message->quantile_values = list;
    message->n_quantile_values = data->quantile_count;
    return message;
}

/* -- Metrics ----------------------------------------------------------------------------------------------------- */

static bool temporality_known(const otm_metric *metric)
{
    return metric->temporality == OTM_DELTA || metric->temporality == OTM_CUMULATIVE;
}

/* SDK-EXP-05: what OTLP cannot express is left out and counted. */
static bool supported(const otm_metric *metric)
{
    switch ((otm_metric_type)metric->type) {
    case OTM_METRIC_GAUGE:
    case OTM_METRIC_SUMMARY:
        return true;
    case OTM_METRIC_SUM:
    case OTM_METRIC_HISTOGRAM:
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        return temporality_known(metric);
    }
    return false;
}

/* A list of messages, one for each point. */
static void *new_points(otmi_arena *arena, const otm_metric *metric,
                        void *(*new_point)(otmi_arena *, const otm_point *), size_t *out_count)
{
    void **list = new_list(arena, metric->point_count);
    *out_count = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        list[i] = new_point(arena, otm_metric_point(metric, i));
    }
    *out_count = metric->point_count;
    return list;
}

static void set_gauge(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    pb_gauge *gauge = new_message(arena, METRICS(gauge));
    gauge->data_points = new_points(arena, metric, new_number_point, &gauge->n_data_points);
    message->data_case = METRIC_CASE(GAUGE);
    message->gauge = gauge;
}

static void set_sum(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    pb_sum *sum = new_message(arena, METRICS(sum));
    sum->aggregation_temporality = metric->temporality;
    sum->is_monotonic = metric->monotonic != 0;
    sum->data_points = new_points(arena, metric, new_number_point, &sum->n_data_points);
    message->data_case = METRIC_CASE(SUM);
    message->sum = sum;
}

static void set_histogram(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    pb_histogram *histogram = new_message(arena, METRICS(histogram));
    histogram->aggregation_temporality = metric->temporality;
    histogram->data_points = new_points(arena, metric, new_histogram_point, &histogram->n_data_points);
    message->data_case = METRIC_CASE(HISTOGRAM);
    message->histogram = histogram;
}

static void set_exponential(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    pb_exponential *histogram = new_message(arena, METRICS(exponential_histogram));
    histogram->aggregation_temporality = metric->temporality;
    histogram->data_points = new_points(arena, metric, new_exponential_point, &histogram->n_data_points);
    message->data_case = METRIC_CASE(EXPONENTIAL_HISTOGRAM);
    message->exponential_histogram = histogram;
}

static void set_summary(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    pb_summary *summary = new_message(arena, METRICS(summary));
    summary->data_points = new_points(arena, metric, new_summary_point, &summary->n_data_points);
    message->data_case = METRIC_CASE(SUMMARY);
    message->summary = summary;
}

static void set_data(otmi_arena *arena, pb_metric *message, const otm_metric *metric)
{
    switch ((otm_metric_type)metric->type) {
    case OTM_METRIC_GAUGE:
        set_gauge(arena, message, metric);
        return;
    case OTM_METRIC_SUM:
        set_sum(arena, message, metric);
        return;
    case OTM_METRIC_HISTOGRAM:
        set_histogram(arena, message, metric);
        return;
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        set_exponential(arena, message, metric);
        return;
    case OTM_METRIC_SUMMARY:
        set_summary(arena, message, metric);
        return;
    }
}

static pb_metric *new_metric(otmi_arena *arena, const otm_metric *metric)
{
    pb_metric *message = new_message(arena, METRICS(metric));
    message->name = as_text(metric->name);
    message->description = as_text(metric->description);
    message->unit = as_text(metric->unit);
    message->metadata = new_all_attrs(arena, metric->metadata, metric->metadata_count, &message->n_metadata);
    set_data(arena, message, metric);
    return message;
}

/* -- Scopes and resources ---------------------------------------------------------------------------------------- */

/* NULL if no metric with points is in it (OTLP-SEND-01: no empty envelopes). */
static pb_scope_metrics *new_scope(otmi_arena *arena, const otm_scope_metrics *scope)
{
    pb_metric **list = new_list(arena, scope->metric_count);
    size_t count = 0;
    for (size_t i = 0; i < scope->metric_count; i++) {
        const otm_metric *metric = otm_scope_metric(scope, i);
        if (supported(metric) && metric->point_count > 0) {
            list[count++] = new_metric(arena, metric);
        }
    }
    if (count == 0) {
        return NULL;
    }
    pb_scope_metrics *message = new_message(arena, METRICS(scope_metrics));
    pb_scope *identity = new_message(arena, &opentelemetry__proto__common__v1__instrumentation_scope__descriptor);
    identity->name = as_text(scope->name);
    identity->version = as_text(scope->version);
    identity->attributes = new_all_attrs(arena, scope->attributes, scope->attribute_count, &identity->n_attributes);
    message->scope = identity;
    message->schema_url = as_text(scope->schema_url);
    message->metrics = list;
    message->n_metrics = count;
    return message;
}

static ProtobufCBinaryData *new_keys(otmi_arena *arena, const otm_string *keys, size_t count)
{
    ProtobufCBinaryData *list = new_piece(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = as_text(keys[i]);
    }
    return list;
}

static pb_entity *new_entity(otmi_arena *arena, const otm_entity_ref *entity)
{
    pb_entity *message = new_message(arena, &opentelemetry__proto__common__v1__entity_ref__descriptor);
    message->type = as_text(entity->type);
    message->schema_url = as_text(entity->schema_url);
    message->n_id_keys = entity->id_key_count;
    message->id_keys = new_keys(arena, entity->id_keys, entity->id_key_count);
    message->n_description_keys = entity->description_key_count;
    message->description_keys = new_keys(arena, entity->description_keys, entity->description_key_count);
    return message;
}

static void set_entities(otmi_arena *arena, pb_resource *message, const otm_resource_metrics *resource)
{
    if (resource->entity_count == 0) {
        return;
    }
    pb_entity **list = new_list(arena, resource->entity_count);
    for (size_t i = 0; i < resource->entity_count; i++) {
        list[i] = new_entity(arena, otm_resource_entity_ref(resource, i));
    }
    message->entity_refs = list;
    message->n_entity_refs = resource->entity_count;
}

static pb_resource_metrics *new_resource(otmi_arena *arena, const otm_resource_metrics *resource)
{
    pb_scope_metrics **list = new_list(arena, resource->scope_count);
    size_t count = 0;
    for (size_t i = 0; i < resource->scope_count; i++) {
        pb_scope_metrics *scope = new_scope(arena, otm_resource_scope(resource, i));
        if (scope != NULL) {
            list[count++] = scope;
        }
    }
    if (count == 0) {
        return NULL;
    }
    pb_resource_metrics *message = new_message(arena, METRICS(resource_metrics));
    pb_resource *identity = new_message(arena, &opentelemetry__proto__resource__v1__resource__descriptor);
    identity->attributes =
        new_all_attrs(arena, resource->attributes, resource->attribute_count, &identity->n_attributes);
    set_entities(arena, identity, resource);
    message->resource = identity;
    message->schema_url = as_text(resource->schema_url);
    message->scope_metrics = list;
    message->n_scope_metrics = count;
    return message;
}

/* NULL if there is nothing to send. */
static pb_request *new_request(otmi_arena *arena, const otm_metrics_data *data)
{
    pb_resource_metrics **list = new_list(arena, data->resource_count);
    pb_request *request = new_message(arena, REQUEST);
    for (size_t i = 0; i < data->resource_count; i++) {
        pb_resource_metrics *resource = new_resource(arena, otm_data_resource(data, i));
        if (resource != NULL) {
            list[request->n_resource_metrics++] = resource;
        }
    }
    request->resource_metrics = list;
    return request->n_resource_metrics > 0 ? request : NULL;
}

void otlp_reference_encode(const otm_metrics_data *data, otmi_arena *arena, otmi_buf *out)
{
    pb_request *request = new_request(arena, data);
    if (request != NULL) {
        size_t size = protobuf_c_message_get_packed_size(&request->base);
        char *room = otmi_buf_reserve(out, size);
        if (room == NULL || protobuf_c_message_pack(&request->base, (uint8_t *)room) != size) {
            abort();
        }
        out->size += size;
    }
    otmi_arena_reset(arena);
}
