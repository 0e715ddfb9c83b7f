#include "driver_tree.h"

#include <stdlib.h>

/* Memory of a tree, in a list; `attrs` may hold what the driver reads attributes into. */
typedef struct driver_tree_block {
    struct driver_tree_block *next;
    driver_attrs attrs;
    _Alignas(max_align_t) unsigned char bytes[];
} driver_tree_block;

static driver_tree_block *add_block(driver_tree *tree, size_t size)
{
    driver_tree_block *block = calloc(1, sizeof *block + size);
    if (block != NULL) {
        block->next = tree->blocks;
        tree->blocks = block;
    }
    return block;
}

/* Zeroed room for a JSON array's elements; NULL without memory, or if it is something else. An absent one is empty. */
static void *room_for(driver_tree *tree, const json_t *array, size_t element_size)
{
    if (array != NULL && !json_is_array(array)) {
        return NULL;
    }
    driver_tree_block *block = add_block(tree, json_array_size(array) * element_size);
    return block != NULL ? block->bytes : NULL;
}

/* -- Scalars: an absent one keeps *out --------------------------------------------------------------------------- */

static bool read_u64(const json_t *object, const char *key, uint64_t *out)
{
    const json_t *json = json_object_get(object, key);
    const char *text = json_string_value(json);
    if (json == NULL) {
        return true;
    }
    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *out = (uint64_t)json_integer_value(json);
        return true;
    }
    if (text == NULL || text[0] == '\0' || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    *out = strtoull(text, NULL, 10);
    return true;
}

static bool read_u32(const json_t *object, const char *key, uint32_t *out)
{
    uint64_t wide = *out;
    bool read = read_u64(object, key, &wide) && wide <= UINT32_MAX;
    *out = (uint32_t)wide;
    return read;
}

static bool read_i32(const json_t *object, const char *key, int32_t *out)
{
    const json_t *json = json_object_get(object, key);
    int64_t wide = *out;
    bool read = json == NULL || (driver_i64(json, &wide) && wide >= INT32_MIN && wide <= INT32_MAX);
    *out = (int32_t)wide;
    return read;
}

static bool read_f64(const json_t *object, const char *key, double *out)
{
    const json_t *json = json_object_get(object, key);
    return json == NULL || driver_f64(json, out);
}

/* A double that has a field saying whether it is there. */
static bool read_optional_f64(const json_t *object, const char *key, double *out, bool *has)
{
    *has = json_object_get(object, key) != NULL;
    return read_f64(object, key, out);
}

static bool read_string(const json_t *object, const char *key, otm_string *out)
{
    const json_t *json = json_object_get(object, key);
    *out = (otm_string){json_string_value(json), json_string_length(json)};
    return json == NULL || json_is_string(json);
}

static bool read_attrs(driver_tree *tree, const json_t *object, const char *key, const otm_attr **out, size_t *count)
{
    driver_tree_block *block = add_block(tree, 0);
    if (block == NULL || driver_attrs_init(&block->attrs, json_object_get(object, key)) != OTM_OK) {
        return false;
    }
    *out = block->attrs.items;
    *count = block->attrs.count;
    return true;
}

/* -- Arrays of numbers ------------------------------------------------------------------------------------------- */

static bool read_counts(driver_tree *tree, const json_t *object, const uint64_t **out, size_t *count)
{
    const json_t *array = json_object_get(object, "bucketCounts");
    uint64_t *counts = room_for(tree, array, sizeof *counts);
    *out = counts;
    *count = json_array_size(array);
    bool good = counts != NULL;
    for (size_t i = 0; good && i < *count; i++) {
        int64_t value = -1;
        good = driver_i64(json_array_get(array, i), &value) && value >= 0;
        counts[i] = (uint64_t)value;
    }
    return good;
}

static bool read_bounds(driver_tree *tree, const json_t *object, otm_histogram_data *out)
{
    const json_t *array = json_object_get(object, "explicitBounds");
    double *bounds = room_for(tree, array, sizeof *bounds);
    out->bounds = bounds;
    out->bound_count = json_array_size(array);
    bool good = bounds != NULL;
    for (size_t i = 0; good && i < out->bound_count; i++) {
        good = driver_f64(json_array_get(array, i), &bounds[i]);
    }
    return good;
}

static bool read_quantiles(driver_tree *tree, const json_t *object, otm_histogram_data *out)
{
    const json_t *array = json_object_get(object, "quantileValues");
    otm_quantile_value *quantiles = room_for(tree, array, sizeof *quantiles);
    out->quantiles = quantiles;
    out->quantile_count = json_array_size(array);
    bool good = quantiles != NULL;
    for (size_t i = 0; good && i < out->quantile_count; i++) {
        const json_t *element = json_array_get(array, i);
        good = read_f64(element, "quantile", &quantiles[i].quantile) && read_f64(element, "value", &quantiles[i].value);
    }
    return good;
}

static bool read_buckets(driver_tree *tree, const json_t *object, const char *key, otm_exponential_buckets *out)
{
    const json_t *side = json_object_get(object, key);
    return side == NULL ||
           (read_i32(side, "offset", &out->offset) && read_counts(tree, side, &out->counts, &out->count_size));
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static bool read_number(const json_t *object, int64_t *i64, double *f64, uint32_t *number)
{
    const json_t *as_int = json_object_get(object, "asInt");
    const json_t *as_double = json_object_get(object, "asDouble");
    *number = as_int != NULL ? OTM_NUMBER_I64 : OTM_NUMBER_F64;
    return as_int != NULL ? driver_i64(as_int, i64) : as_double != NULL && driver_f64(as_double, f64);
}

static bool read_exemplar(driver_tree *tree, const json_t *json, otm_exemplar *out)
{
    otm_context context;
    json_t *ids = json_pack("{s:O*,s:O*}", "trace_id", json_object_get(json, "traceId"), "span_id",
                            json_object_get(json, "spanId"));
    if (driver_context(ids, &context)) {
        out->has_span = 1;
        memcpy(out->trace_id, context.trace_id, sizeof out->trace_id);
        memcpy(out->span_id, context.span_id, sizeof out->span_id);
    }
    json_decref(ids);
    return read_u64(json, "timeUnixNano", &out->time_unix_nano) &&
           read_number(json, &out->value.i64, &out->value.f64, &out->number) &&
           read_attrs(tree, json, "filteredAttributes", &out->filtered_attributes, &out->filtered_attribute_count);
}

static bool read_exemplars(driver_tree *tree, const json_t *object, otm_point *point)
{
    const json_t *array = json_object_get(object, "exemplars");
    otm_exemplar *exemplars = room_for(tree, array, sizeof *exemplars);
    point->exemplars = exemplars;
    point->exemplar_count = json_array_size(array);
    bool good = exemplars != NULL;
    for (size_t i = 0; good && i < point->exemplar_count; i++) {
        good = read_exemplar(tree, json_array_get(array, i), &exemplars[i]);
    }
    return good;
}

/* Histogram, exponential histogram or summary: each has some of these. */
static bool read_histogram(driver_tree *tree, const json_t *json, otm_point *point)
{
    driver_tree_block *block = add_block(tree, sizeof(otm_histogram_data));
    if (block == NULL) {
        return false;
    }
    otm_histogram_data *data = (otm_histogram_data *)(void *)block->bytes;
    point->data.histogram = data;
    return read_u64(json, "count", &data->count) && read_optional_f64(json, "sum", &data->sum, &data->has_sum) &&
           read_optional_f64(json, "min", &data->min, &data->has_min) &&
           read_optional_f64(json, "max", &data->max, &data->has_max) && read_bounds(tree, json, data) &&
           read_counts(tree, json, &data->bucket_counts, &data->bucket_count) &&
           read_u64(json, "zeroCount", &data->zero_count) && read_f64(json, "zeroThreshold", &data->zero_threshold) &&
           read_i32(json, "scale", &data->scale) && read_buckets(tree, json, "positive", &data->positive) &&
           read_buckets(tree, json, "negative", &data->negative) && read_quantiles(tree, json, data);
}

static bool read_point(driver_tree *tree, const json_t *json, uint32_t type, otm_point *out)
{
    bool is_number = type == OTM_METRIC_GAUGE || type == OTM_METRIC_SUM;
    otm_number_data *number = &out->data.number;
    return read_attrs(tree, json, "attributes", &out->attributes, &out->attribute_count) &&
           read_u64(json, "startTimeUnixNano", &out->start_time_unix_nano) &&
           read_u64(json, "timeUnixNano", &out->time_unix_nano) && read_u32(json, "flags", &out->flags) &&
           read_exemplars(tree, json, out) &&
           (is_number ? read_number(json, &number->as.i64, &number->as.f64, &number->number)
                      : read_histogram(tree, json, out));
}

/* -- Metrics and scopes ------------------------------------------------------------------------------------------ */

static bool read_points(driver_tree *tree, const json_t *body, otm_metric *metric)
{
    const json_t *array = json_object_get(body, "dataPoints");
    otm_point *points = room_for(tree, array, sizeof *points);
    metric->points = points;
    metric->point_count = json_array_size(array);
    metric->point_stride = sizeof *points;
    bool good = points != NULL;
    for (size_t i = 0; good && i < metric->point_count; i++) {
        good = read_point(tree, json_array_get(array, i), metric->type, &points[i]);
    }
    tree->data.point_count += metric->point_count;
    return good;
}

/* The one member that says what kind of metric it is. */
static const json_t *body_of(const json_t *json, uint32_t *type)
{
    static const struct {
        const char *key;
        otm_metric_type type;
    } kinds[] = {{"gauge", OTM_METRIC_GAUGE},
                 {"sum", OTM_METRIC_SUM},
                 {"histogram", OTM_METRIC_HISTOGRAM},
                 {"exponentialHistogram", OTM_METRIC_EXPONENTIAL_HISTOGRAM},
                 {"summary", OTM_METRIC_SUMMARY}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const json_t *body = json_object_get(json, kinds[i].key);
        if (body != NULL) {
            *type = kinds[i].type;
            return body;
        }
    }
    return NULL;
}

static bool read_metric(driver_tree *tree, const json_t *json, otm_metric *out)
{
    const json_t *body = body_of(json, &out->type);
    out->monotonic = json_is_true(json_object_get(body, "isMonotonic"));
    return body != NULL && read_string(json, "name", &out->name) && read_string(json, "unit", &out->unit) &&
           read_string(json, "description", &out->description) &&
           read_attrs(tree, json, "metadata", &out->metadata, &out->metadata_count) &&
           read_u32(body, "aggregationTemporality", &out->temporality) && read_points(tree, body, out);
}

static bool read_scope(driver_tree *tree, const json_t *json, otm_scope_metrics *out)
{
    const json_t *scope = json_object_get(json, "scope");
    const json_t *array = json_object_get(json, "metrics");
    otm_metric *metrics = room_for(tree, array, sizeof *metrics);
    out->metrics = metrics;
    out->metric_count = json_array_size(array);
    out->metric_stride = sizeof *metrics;
    bool good = metrics != NULL && read_string(scope, "name", &out->name) &&
                read_string(scope, "version", &out->version) && read_string(json, "schemaUrl", &out->schema_url) &&
                read_attrs(tree, scope, "attributes", &out->attributes, &out->attribute_count);
    for (size_t i = 0; good && i < out->metric_count; i++) {
        good = read_metric(tree, json_array_get(array, i), &metrics[i]);
    }
    return good;
}

bool driver_tree_init(driver_tree *tree, json_t *json)
{
    *tree = (driver_tree){.json = json_incref(json)};
    size_t count = json_array_size(json);
    otm_scope_metrics *scopes = room_for(tree, json, sizeof *scopes);
    bool good = json != NULL && scopes != NULL;
    for (size_t i = 0; good && i < count; i++) {
        good = read_scope(tree, json_array_get(json, i), &scopes[i]);
    }
    if (!good) {
        driver_tree_fini(tree);
        return false;
    }
    tree->resource = (otm_resource_metrics){.scopes = scopes, .scope_count = count, .scope_stride = sizeof *scopes};
    tree->data.struct_size = sizeof tree->data;
    tree->data.resources = &tree->resource;
    tree->data.resource_count = 1;
    tree->data.resource_stride = sizeof tree->resource;
    return true;
}

void driver_tree_fini(driver_tree *tree)
{
    while (tree->blocks != NULL) {
        driver_tree_block *block = tree->blocks;
        tree->blocks = block->next;
        driver_attrs_fini(&block->attrs);
        free(block);
    }
    json_decref(tree->json);
    *tree = (driver_tree){.json = NULL};
}
