/* Metrics, scopes and resources around the points; each function lists its message's fields from the last to the
 * first. */
#include "otlp_encode.h"

#include "otlp_points.h"
#include "util/attr_pb.h"

enum { REQUEST_RESOURCE_METRICS = 1 };
enum { RESOURCE_METRICS_RESOURCE = 1, RESOURCE_METRICS_SCOPE_METRICS = 2, RESOURCE_METRICS_SCHEMA_URL = 3 };
enum { RESOURCE_ATTRIBUTES = 1, RESOURCE_ENTITY_REFS = 3 };
enum { ENTITY_SCHEMA_URL = 1, ENTITY_TYPE = 2, ENTITY_ID_KEYS = 3, ENTITY_DESCRIPTION_KEYS = 4 };
enum { SCOPE_METRICS_SCOPE = 1, SCOPE_METRICS_METRICS = 2, SCOPE_METRICS_SCHEMA_URL = 3 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2, SCOPE_ATTRIBUTES = 3 };
enum {
    METRIC_NAME = 1,
    METRIC_DESCRIPTION = 2,
    METRIC_UNIT = 3,
    METRIC_GAUGE = 5,
    METRIC_SUM = 7,
    METRIC_HISTOGRAM = 9,
    METRIC_EXPONENTIAL_HISTOGRAM = 10,
    METRIC_SUMMARY = 11,
    METRIC_METADATA = 12
};
enum { DATA_POINTS = 1, DATA_TEMPORALITY = 2, DATA_MONOTONIC = 3 }; /* of each type of metric, as far as it has them */

static void put_string(otmi_pb_writer *out, unsigned field, otm_string string)
{
    otmi_pb_sized_unless_empty(out, field, string.data, string.size);
}

/* -- Metrics ----------------------------------------------------------------------------------------------------- */

/* The field that holds data of this type; 0 if OTLP has none (SDK-EXP-05: left out and counted). */
static unsigned data_field(const otm_metric *metric)
{
    bool temporality_known = metric->temporality == OTM_DELTA || metric->temporality == OTM_CUMULATIVE;
    switch ((otm_metric_type)metric->type) {
    case OTM_METRIC_GAUGE:
        return METRIC_GAUGE;
    case OTM_METRIC_SUMMARY:
        return METRIC_SUMMARY;
    case OTM_METRIC_SUM:
        return temporality_known ? METRIC_SUM : 0;
    case OTM_METRIC_HISTOGRAM:
        return temporality_known ? METRIC_HISTOGRAM : 0;
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        return temporality_known ? METRIC_EXPONENTIAL_HISTOGRAM : 0;
    }
    return 0;
}

static bool has_points(const otm_metric *metric)
{
    return metric->point_count > 0 && data_field(metric) != 0;
}

static void put_data(otmi_pb_writer *out, const otm_metric *metric)
{
    size_t start = out->size;
    unsigned field = data_field(metric);
    if (field == METRIC_SUM) {
        otmi_pb_varint_unless_0(out, DATA_MONOTONIC, metric->monotonic != 0);
    }
    if (field != METRIC_GAUGE && field != METRIC_SUMMARY) {
        otmi_pb_varint(out, DATA_TEMPORALITY, metric->temporality);
    }
    otmi_otlp_put_points(out, DATA_POINTS, metric);
    otmi_pb_close(out, field, start);
}

static void put_metric(otmi_pb_writer *out, const otm_metric *metric)
{
    size_t start = out->size;
    otmi_pb_attrs(out, METRIC_METADATA, metric->metadata, metric->metadata_count);
    put_data(out, metric);
    put_string(out, METRIC_UNIT, metric->unit);
    put_string(out, METRIC_DESCRIPTION, metric->description);
    put_string(out, METRIC_NAME, metric->name);
    otmi_pb_close(out, SCOPE_METRICS_METRICS, start);
}

/* -- Scopes ------------------------------------------------------------------------------------------------------ */

static bool scope_has_points(const otm_scope_metrics *scope)
{
    for (size_t i = 0; i < scope->metric_count; i++) {
        if (has_points(otm_scope_metric(scope, i))) {
            return true;
        }
    }
    return false;
}

static void put_scope_identity(otmi_pb_writer *out, const otm_scope_metrics *scope)
{
    size_t start = out->size;
    otmi_pb_attrs(out, SCOPE_ATTRIBUTES, scope->attributes, scope->attribute_count);
    put_string(out, SCOPE_VERSION, scope->version);
    put_string(out, SCOPE_NAME, scope->name);
    otmi_pb_close(out, SCOPE_METRICS_SCOPE, start);
}

/* OTLP-SEND-01: no empty envelopes. */
static void put_scope(otmi_pb_writer *out, const otm_scope_metrics *scope)
{
    size_t start = out->size;
    if (!scope_has_points(scope)) {
        return;
    }
    put_string(out, SCOPE_METRICS_SCHEMA_URL, scope->schema_url);
    for (size_t i = scope->metric_count; i > 0; i--) {
        const otm_metric *metric = otm_scope_metric(scope, i - 1);
        if (has_points(metric)) {
            put_metric(out, metric);
        }
    }
    put_scope_identity(out, scope);
    otmi_pb_close(out, RESOURCE_METRICS_SCOPE_METRICS, start);
}

/* -- Resources --------------------------------------------------------------------------------------------------- */

static void put_keys(otmi_pb_writer *out, unsigned field, const otm_string *keys, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        otmi_pb_sized(out, field, keys[i - 1].data, keys[i - 1].size);
    }
}

static void put_entity(otmi_pb_writer *out, const otm_entity_ref *entity)
{
    size_t start = out->size;
    put_keys(out, ENTITY_DESCRIPTION_KEYS, entity->description_keys, entity->description_key_count);
    put_keys(out, ENTITY_ID_KEYS, entity->id_keys, entity->id_key_count);
    put_string(out, ENTITY_TYPE, entity->type);
    put_string(out, ENTITY_SCHEMA_URL, entity->schema_url);
    otmi_pb_close(out, RESOURCE_ENTITY_REFS, start);
}

static void put_resource_identity(otmi_pb_writer *out, const otm_resource_metrics *resource)
{
    size_t start = out->size;
    for (size_t i = resource->entity_count; i > 0; i--) {
        put_entity(out, otm_resource_entity_ref(resource, i - 1));
    }
    otmi_pb_attrs(out, RESOURCE_ATTRIBUTES, resource->attributes, resource->attribute_count);
    otmi_pb_close(out, RESOURCE_METRICS_RESOURCE, start);
}

static bool resource_has_points(const otm_resource_metrics *resource)
{
    for (size_t i = 0; i < resource->scope_count; i++) {
        if (scope_has_points(otm_resource_scope(resource, i))) {
            return true;
        }
    }
    return false;
}

static void put_resource(otmi_pb_writer *out, const otm_resource_metrics *resource)
{
    size_t start = out->size;
    if (!resource_has_points(resource)) {
        return;
    }
    put_string(out, RESOURCE_METRICS_SCHEMA_URL, resource->schema_url);
    for (size_t i = resource->scope_count; i > 0; i--) {
        put_scope(out, otm_resource_scope(resource, i - 1));
    }
    put_resource_identity(out, resource);
    otmi_pb_close(out, REQUEST_RESOURCE_METRICS, start);
}

/* -- The request ------------------------------------------------------------------------------------------------- */

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
                *(data_field(metric) != 0 ? &counts->points : &counts->unsupported) += metric->point_count;
            }
        }
    }
}

otm_status otmi_otlp_encode(const otm_metrics_data *data, otmi_pb_writer *out, otmi_otlp_encoded *counts)
{
    count_points(data, counts);
    otmi_pb_reset(out);
    for (size_t i = data->resource_count; i > 0; i--) {
        put_resource(out, otm_data_resource(data, i - 1));
    }
    return otmi_pb_finish(out);
}
