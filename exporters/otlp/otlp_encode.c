/* The messages are built over the strings and arrays of the collected tree where the two have the same form, and packed
 * at once: nothing is copied that need not be. */
#include "otlp_encode.h"

#include "otlp_message.h"

/* What a message takes in memory is at most this many times what it takes on the wire: an empty value in an array is
 * the extreme (2 bytes, against a message and a pointer to it). A tree past it is too large in any case. */
#define TREE_BYTES_PER_WIRE_BYTE 64
#define TREE_BYTES_AT_LEAST ((size_t)64 << 10)

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

/* -- Points ------------------------------------------------------------------------------------------------------ */

static pb_exemplar *new_exemplar(otmi_pb_tree *tree, const otm_exemplar *exemplar)
{
    pb_exemplar *message = otmi_pb_message(tree, METRICS(exemplar));
    if (message == NULL) {
        return NULL;
    }
    message->filtered_attributes = otmi_pb_attrs(tree, exemplar->filtered_attributes,
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
        message->trace_id = otmi_pb_bytes(exemplar->trace_id, sizeof exemplar->trace_id);
        message->span_id = otmi_pb_bytes(exemplar->span_id, sizeof exemplar->span_id);
    }
    return message;
}

static pb_exemplar **new_exemplars(otmi_pb_tree *tree, const otm_point *point, size_t *out_count)
{
    *out_count = 0;
    if (point->exemplar_count == 0) {
        return NULL;
    }
    pb_exemplar **list = otmi_pb_list(tree, point->exemplar_count);
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < point->exemplar_count; i++) {
        list[i] = new_exemplar(tree, &point->exemplars[i]);
    }
    *out_count = point->exemplar_count;
    return list;
}

/* What every kind of point has, under one set of names. */
#define SET_COMMON(tree, message, point) \
    do { \
        (message)->attributes = \
            otmi_pb_attrs((tree), (point)->attributes, (point)->attribute_count, &(message)->n_attributes); \
        (message)->start_time_unix_nano = (point)->start_time_unix_nano; \
        (message)->time_unix_nano = (point)->time_unix_nano; \
        (message)->flags = (point)->flags; \
    } while (0)

static bool has_value(const otm_point *point)
{
    return (point->flags & OTM_POINT_NO_RECORDED_VALUE) == 0;
}

static void *new_number_point(otmi_pb_tree *tree, const otm_point *point)
{
    pb_number_point *message = otmi_pb_message(tree, METRICS(number_data_point));
    if (message == NULL) {
        return NULL;
    }
    SET_COMMON(tree, message, point);
    message->exemplars = new_exemplars(tree, point, &message->n_exemplars);
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

static void *new_histogram_point(otmi_pb_tree *tree, const otm_point *point)
{
    pb_histogram_point *message = otmi_pb_message(tree, METRICS(histogram_data_point));
    const otm_histogram_data *data = point->data.histogram;
    if (message == NULL) {
        return NULL;
    }
    SET_COMMON(tree, message, point);
    message->exemplars = new_exemplars(tree, point, &message->n_exemplars);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->n_bucket_counts = data->bucket_count;
    message->bucket_counts = otmi_pb_unconst(data->bucket_counts);
    message->n_explicit_bounds = data->bound_count;
    message->explicit_bounds = otmi_pb_unconst(data->bounds);
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

static pb_buckets *new_buckets(otmi_pb_tree *tree, const otm_exponential_buckets *buckets)
{
    if (buckets->count_size == 0) {
        return NULL; /* an absent side is an empty one */
    }
    pb_buckets *message = otmi_pb_message(tree, METRICS(exponential_histogram_data_point__buckets));
    if (message != NULL) {
        message->offset = buckets->offset;
        message->n_bucket_counts = buckets->count_size;
        message->bucket_counts = otmi_pb_unconst(buckets->counts);
    }
    return message;
}

static void *new_exponential_point(otmi_pb_tree *tree, const otm_point *point)
{
    pb_exponential_point *message = otmi_pb_message(tree, METRICS(exponential_histogram_data_point));
    const otm_histogram_data *data = point->data.histogram;
    if (message == NULL) {
        return NULL;
    }
    SET_COMMON(tree, message, point);
    message->exemplars = new_exemplars(tree, point, &message->n_exemplars);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->scale = data->scale;
    message->zero_count = data->zero_count;
    message->zero_threshold = data->zero_threshold;
    message->positive = new_buckets(tree, &data->positive);
    message->negative = new_buckets(tree, &data->negative);
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

static void *new_summary_point(otmi_pb_tree *tree, const otm_point *point)
{
    pb_summary_point *message = otmi_pb_message(tree, METRICS(summary_data_point));
    const otm_histogram_data *data = point->data.histogram;
    if (message == NULL) {
        return NULL;
    }
    SET_COMMON(tree, message, point);
    if (!has_value(point)) {
        return message;
    }
    message->count = data->count;
    message->sum = data->sum;
    pb_quantile **list = otmi_pb_list(tree, data->quantile_count);
    for (size_t i = 0; list != NULL && i < data->quantile_count; i++) {
        pb_quantile *quantile = otmi_pb_message(tree, METRICS(summary_data_point__value_at_quantile));
        if (quantile != NULL) {
            quantile->quantile = data->quantiles[i].quantile;
            quantile->value = data->quantiles[i].value;
        }
        list[i] = quantile;
    }
    message->quantile_values = list;
    message->n_quantile_values = list != NULL ? data->quantile_count : 0;
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
static void *new_points(otmi_pb_tree *tree, const otm_metric *metric,
                        void *(*new_point)(otmi_pb_tree *, const otm_point *), size_t *out_count)
{
    void **list = otmi_pb_list(tree, metric->point_count);
    *out_count = 0;
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < metric->point_count; i++) {
        list[i] = new_point(tree, otm_metric_point(metric, i));
    }
    *out_count = metric->point_count;
    return list;
}

static void set_gauge(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    pb_gauge *gauge = otmi_pb_message(tree, METRICS(gauge));
    if (gauge != NULL) {
        gauge->data_points = new_points(tree, metric, new_number_point, &gauge->n_data_points);
    }
    message->data_case = METRIC_CASE(GAUGE);
    message->gauge = gauge;
}

static void set_sum(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    pb_sum *sum = otmi_pb_message(tree, METRICS(sum));
    if (sum != NULL) {
        sum->aggregation_temporality = metric->temporality;
        sum->is_monotonic = metric->monotonic != 0;
        sum->data_points = new_points(tree, metric, new_number_point, &sum->n_data_points);
    }
    message->data_case = METRIC_CASE(SUM);
    message->sum = sum;
}

static void set_histogram(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    pb_histogram *histogram = otmi_pb_message(tree, METRICS(histogram));
    if (histogram != NULL) {
        histogram->aggregation_temporality = metric->temporality;
        histogram->data_points = new_points(tree, metric, new_histogram_point, &histogram->n_data_points);
    }
    message->data_case = METRIC_CASE(HISTOGRAM);
    message->histogram = histogram;
}

static void set_exponential(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    pb_exponential *histogram = otmi_pb_message(tree, METRICS(exponential_histogram));
    if (histogram != NULL) {
        histogram->aggregation_temporality = metric->temporality;
        histogram->data_points = new_points(tree, metric, new_exponential_point, &histogram->n_data_points);
    }
    message->data_case = METRIC_CASE(EXPONENTIAL_HISTOGRAM);
    message->exponential_histogram = histogram;
}

static void set_summary(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    pb_summary *summary = otmi_pb_message(tree, METRICS(summary));
    if (summary != NULL) {
        summary->data_points = new_points(tree, metric, new_summary_point, &summary->n_data_points);
    }
    message->data_case = METRIC_CASE(SUMMARY);
    message->summary = summary;
}

static void set_data(otmi_pb_tree *tree, pb_metric *message, const otm_metric *metric)
{
    switch ((otm_metric_type)metric->type) {
    case OTM_METRIC_GAUGE:
        set_gauge(tree, message, metric);
        return;
    case OTM_METRIC_SUM:
        set_sum(tree, message, metric);
        return;
    case OTM_METRIC_HISTOGRAM:
        set_histogram(tree, message, metric);
        return;
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        set_exponential(tree, message, metric);
        return;
    case OTM_METRIC_SUMMARY:
        set_summary(tree, message, metric);
        return;
    }
}

static pb_metric *new_metric(otmi_pb_tree *tree, const otm_metric *metric)
{
    pb_metric *message = otmi_pb_message(tree, METRICS(metric));
    if (message != NULL) {
        message->name = otmi_pb_string(metric->name);
        message->description = otmi_pb_string(metric->description);
        message->unit = otmi_pb_string(metric->unit);
        message->metadata = otmi_pb_attrs(tree, metric->metadata, metric->metadata_count, &message->n_metadata);
        set_data(tree, message, metric);
    }
    return message;
}

/* -- Scopes and resources ---------------------------------------------------------------------------------------- */

/* NULL if no metric with points is in it (OTLP-SEND-01: no empty envelopes), or on failure. */
static pb_scope_metrics *new_scope(otmi_pb_tree *tree, const otm_scope_metrics *scope)
{
    pb_metric **list = otmi_pb_list(tree, scope->metric_count);
    size_t count = 0;
    for (size_t i = 0; list != NULL && i < scope->metric_count; i++) {
        const otm_metric *metric = otm_scope_metric(scope, i);
        if (supported(metric) && metric->point_count > 0) {
            list[count++] = new_metric(tree, metric);
        }
    }
    if (count == 0) {
        return NULL;
    }
    pb_scope_metrics *message = otmi_pb_message(tree, METRICS(scope_metrics));
    pb_scope *identity = otmi_pb_message(tree, &opentelemetry__proto__common__v1__instrumentation_scope__descriptor);
    if (message == NULL || identity == NULL) {
        return NULL;
    }
    identity->name = otmi_pb_string(scope->name);
    identity->version = otmi_pb_string(scope->version);
    identity->attributes = otmi_pb_attrs(tree, scope->attributes, scope->attribute_count, &identity->n_attributes);
    message->scope = identity;
    message->schema_url = otmi_pb_string(scope->schema_url);
    message->metrics = list;
    message->n_metrics = count;
    return message;
}

static ProtobufCBinaryData *new_keys(otmi_pb_tree *tree, const otm_string *keys, size_t count)
{
    ProtobufCBinaryData *list = otmi_pb_array(tree, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = otmi_pb_string(keys[i]);
    }
    return list;
}

static pb_entity *new_entity(otmi_pb_tree *tree, const otm_entity_ref *entity)
{
    pb_entity *message = otmi_pb_message(tree, &opentelemetry__proto__common__v1__entity_ref__descriptor);
    if (message != NULL) {
        message->type = otmi_pb_string(entity->type);
        message->schema_url = otmi_pb_string(entity->schema_url);
        message->n_id_keys = entity->id_key_count;
        message->id_keys = new_keys(tree, entity->id_keys, entity->id_key_count);
        message->n_description_keys = entity->description_key_count;
        message->description_keys = new_keys(tree, entity->description_keys, entity->description_key_count);
    }
    return message;
}

static void set_entities(otmi_pb_tree *tree, pb_resource *message, const otm_resource_metrics *resource)
{
    if (resource->entity_count == 0) {
        return;
    }
    pb_entity **list = otmi_pb_list(tree, resource->entity_count);
    for (size_t i = 0; list != NULL && i < resource->entity_count; i++) {
        list[i] = new_entity(tree, otm_resource_entity_ref(resource, i));
    }
    message->entity_refs = list;
    message->n_entity_refs = list != NULL ? resource->entity_count : 0;
}

static pb_resource_metrics *new_resource(otmi_pb_tree *tree, const otm_resource_metrics *resource)
{
    pb_scope_metrics **list = otmi_pb_list(tree, resource->scope_count);
    size_t count = 0;
    for (size_t i = 0; list != NULL && i < resource->scope_count; i++) {
        pb_scope_metrics *scope = new_scope(tree, otm_resource_scope(resource, i));
        if (scope != NULL) {
            list[count++] = scope;
        }
    }
    if (count == 0) {
        return NULL;
    }
    pb_resource_metrics *message = otmi_pb_message(tree, METRICS(resource_metrics));
    pb_resource *identity = otmi_pb_message(tree, &opentelemetry__proto__resource__v1__resource__descriptor);
    if (message == NULL || identity == NULL) {
        return NULL;
    }
    identity->attributes =
        otmi_pb_attrs(tree, resource->attributes, resource->attribute_count, &identity->n_attributes);
    set_entities(tree, identity, resource);
    message->resource = identity;
    message->schema_url = otmi_pb_string(resource->schema_url);
    message->scope_metrics = list;
    message->n_scope_metrics = count;
    return message;
}

/* NULL if there is nothing to send, or on failure. */
static pb_request *new_request(otmi_pb_tree *tree, const otm_metrics_data *data)
{
    pb_resource_metrics **list = otmi_pb_list(tree, data->resource_count);
    pb_request *request = otmi_pb_message(tree, REQUEST);
    if (list == NULL || request == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < data->resource_count; i++) {
        pb_resource_metrics *resource = new_resource(tree, otm_data_resource(data, i));
        if (resource != NULL) {
            list[request->n_resource_metrics++] = resource;
        }
    }
    request->resource_metrics = list;
    return request->n_resource_metrics > 0 ? request : NULL;
}

static otm_status pack(const pb_request *request, size_t max_bytes, otmi_buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(&request->base);
    if (size > max_bytes) {
        return OTM_ERR_LIMIT;
    }
    char *room = otmi_buf_reserve(out, size);
    if (room == NULL) {
        return out->status;
    }
    out->size += protobuf_c_message_pack(&request->base, (uint8_t *)room);
    return OTM_OK;
}

/* The points of the whole tree; encoding stops at a failure, but all of them have to be accounted for. */
static void count_points(const otm_metrics_data *data, otmi_otlp_encoded *counts)
{
    *counts = (otmi_otlp_encoded){0, 0};
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                *(supported(metric) ? &counts->points : &counts->unsupported) += metric->point_count;
            }
        }
    }
}

otm_status otmi_otlp_encode(const otm_metrics_data *data, size_t max_bytes, otmi_arena *scratch, otmi_buf *out,
                            otmi_otlp_encoded *counts)
{
    otmi_pb_tree tree = {.scratch = scratch, .bytes_left = SIZE_MAX};
    if (max_bytes < (SIZE_MAX - TREE_BYTES_AT_LEAST) / TREE_BYTES_PER_WIRE_BYTE) {
        tree.bytes_left = TREE_BYTES_AT_LEAST + max_bytes * TREE_BYTES_PER_WIRE_BYTE;
    }
    count_points(data, counts);
    pb_request *request = new_request(&tree, data);
    otm_status st = tree.status;
    if (st == OTM_OK && request != NULL) {
        st = pack(request, max_bytes, out);
    }
    otmi_arena_reset(scratch);
    return st;
}
