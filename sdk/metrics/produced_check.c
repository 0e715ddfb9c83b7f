#include "metrics/produced_check.h"

#include "metrics/attr_set.h"
#include "util/utf8.h"

static bool is_array(const void *items, size_t count, size_t stride, size_t element_size)
{
    return count == 0 || (items != NULL && stride >= element_size);
}

/* -- Text and attributes ----------------------------------------------------------------------------------------- */

static bool is_text(const otm_string *string)
{
    return string->data != NULL ? otmi_utf8_valid(string->data, string->size) : string->size == 0;
}

static bool are_attributes(const otm_attr *attributes, size_t count, unsigned depth);

static bool is_value(const otm_value *value, unsigned depth)
{
    if (value->size > 0 && value->as.string == NULL) { /* every pointer of the union */
        return value->type < OTM_VALUE_BYTES && value->type != OTM_VALUE_STRING;
    }
    bool good = depth < OTMI_ATTR_MAX_DEPTH;
    switch (value->type) {
    case OTM_VALUE_STRING:
        return otmi_utf8_valid(value->as.string, value->size);
    case OTM_VALUE_ARRAY:
        for (size_t i = 0; good && i < value->size; i++) {
            good = is_value(&value->as.array[i], depth + 1);
        }
        return good;
    case OTM_VALUE_MAP:
        return good && are_attributes(value->as.map, value->size, depth + 1);
    default:
        return value->type <= OTM_VALUE_MAP;
    }
}

static bool are_attributes(const otm_attr *attributes, size_t count, unsigned depth)
{
    bool good = is_array(attributes, count, sizeof *attributes, sizeof *attributes);
    for (size_t i = 0; good && i < count; i++) {
        const otm_attr *a = &attributes[i];
        good = a->key != NULL && a->key_size > 0 && otmi_utf8_valid(a->key, a->key_size) && is_value(&a->value, depth);
    }
    return good;
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static bool is_explicit(const otm_histogram_data *h)
{
    if (h->bucket_count == 0) {
        return h->bound_count == 0;
    }
    return h->bucket_counts != NULL && h->bucket_count == h->bound_count + 1 &&
           (h->bound_count == 0 || h->bounds != NULL);
}

static bool is_exponential(const otm_histogram_data *h)
{
    return (h->positive.count_size == 0 || h->positive.counts != NULL) &&
           (h->negative.count_size == 0 || h->negative.counts != NULL);
}

/* True if exporters can walk the data of a point. */
static bool has_data(const otm_point *point, uint32_t type)
{
    const otm_histogram_data *h = point->data.histogram;
    switch (type) {
    case OTM_METRIC_HISTOGRAM:
        return h != NULL && is_explicit(h);
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        return h != NULL && is_exponential(h);
    case OTM_METRIC_SUMMARY:
        return h != NULL && (h->quantile_count == 0 || h->quantiles != NULL);
    default:
        return point->data.number.number <= OTM_NUMBER_F64;
    }
}

static bool are_exemplars(const otm_exemplar *exemplars, size_t count)
{
    bool good = is_array(exemplars, count, sizeof *exemplars, sizeof *exemplars);
    for (size_t i = 0; good && i < count; i++) {
        good = exemplars[i].number <= OTM_NUMBER_F64 &&
               are_attributes(exemplars[i].filtered_attributes, exemplars[i].filtered_attribute_count, 0);
    }
    return good;
}

static const char *point_flaw(const otm_point *point, uint32_t type)
{
    if (!has_data(point, type)) {
        return "a point lacks its data, or its buckets do not fit its bounds";
    }
    if (!are_attributes(point->attributes, point->attribute_count, 0)) {
        return "the attributes of a point are missing, without a key, not UTF-8 or nested too deep";
    }
    if (!are_exemplars(point->exemplars, point->exemplar_count)) {
        return "the exemplars of a point are missing, or their attributes not UTF-8";
    }
    return NULL;
}

/* -- Metrics and scopes ------------------------------------------------------------------------------------------ */

static bool has_temporality(const otm_metric *metric)
{
    return metric->type != OTM_METRIC_GAUGE && metric->type != OTM_METRIC_SUMMARY;
}

const char *otmi_produced_metric_flaw(const otm_metric *metric)
{
    if (metric->name.data == NULL || metric->name.size == 0) {
        return "it has no name";
    }
    if (!is_text(&metric->name) || !is_text(&metric->description) || !is_text(&metric->unit) ||
        !are_attributes(metric->metadata, metric->metadata_count, 0)) {
        return "its name, description, unit or metadata is not UTF-8";
    }
    if (metric->type < OTM_METRIC_GAUGE || metric->type > OTM_METRIC_SUMMARY) {
        return "its type is none";
    }
    if (has_temporality(metric) && metric->temporality != OTM_DELTA && metric->temporality != OTM_CUMULATIVE) {
        return "its temporality is neither delta nor cumulative";
    }
    if (!is_array(metric->points, metric->point_count, metric->point_stride, sizeof(otm_point))) {
        return "its points are missing, or their stride is too short";
    }
    const char *flaw = NULL;
    for (size_t i = 0; flaw == NULL && i < metric->point_count; i++) {
        flaw = point_flaw(otm_metric_point(metric, i), metric->type);
    }
    return flaw;
}

const char *otmi_produced_scope_flaw(const otm_scope_metrics *scope)
{
    if (!is_text(&scope->name) || !is_text(&scope->version) || !is_text(&scope->schema_url) ||
        !are_attributes(scope->attributes, scope->attribute_count, 0)) {
        return "its name, version, schema URL or attributes are not UTF-8";
    }
    if (!is_array(scope->metrics, scope->metric_count, scope->metric_stride, sizeof(otm_metric))) {
        return "its metrics are missing, or their stride is too short";
    }
    return NULL;
}

bool otmi_produced_scopes(const otm_metrics_data *data, size_t *count)
{
    *count = 0;
    bool good = data->struct_size >= sizeof *data &&
                is_array(data->resources, data->resource_count, data->resource_stride, sizeof(otm_resource_metrics));
    for (size_t i = 0; good && i < data->resource_count; i++) {
        const otm_resource_metrics *resource = otm_data_resource(data, i);
        good = is_array(resource->scopes, resource->scope_count, resource->scope_stride, sizeof(otm_scope_metrics));
        *count += resource->scope_count;
    }
    return good;
}
