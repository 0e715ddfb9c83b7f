#include "support/otlp_any_tree.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MOST_NESTED 6 /* maps and arrays in each other */

typedef struct otlp_any_piece {
    struct otlp_any_piece *next;
    _Alignas(max_align_t) char bytes[];
} otlp_any_piece;

static void *new_piece(otlp_any_tree *tree, size_t size)
{
    otlp_any_piece *piece = calloc(1, sizeof *piece + size);
    if (piece == NULL) {
        abort();
    }
    piece->next = tree->pieces;
    tree->pieces = piece;
    return piece->bytes;
}

/* -- Choices: past the end of the bytes, the first one ----------------------------------------------------------- */

static uint8_t take(otlp_any_tree *tree)
{
    if (tree->byte_count == 0) {
        return 0;
    }
    tree->byte_count--;
    return *tree->bytes++;
}

static size_t below(otlp_any_tree *tree, size_t limit)
{
    return take(tree) % limit;
}

/* Often at an edge of the varint's lengths. */
static uint64_t any_u64(otlp_any_tree *tree)
{
    switch (below(tree, 4)) {
    case 0:
        return below(tree, 3);
    case 1:
        return (UINT64_C(1) << below(tree, 64)) - below(tree, 2);
    case 2:
        return UINT64_MAX - below(tree, 3);
    default:
        break;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof number; i++) {
        number = number << 8 | take(tree);
    }
    return number;
}

static double any_f64(otlp_any_tree *tree)
{
    static const double edges[] = {0, -0.0, 1, -1, 0.1, INFINITY, -INFINITY, NAN, 1e308, 5e-324};
    return edges[below(tree, COUNT(edges))];
}

/* Mostly short, at times at an edge of its length's varint. */
static size_t any_size(otlp_any_tree *tree)
{
    static const size_t edges[] = {126, 127, 128, 129, 4096, 16383, 16384, 16385};
    size_t choice = below(tree, 64);
    return choice < 56 ? choice : edges[choice - 56];
}

static void *any_text(otlp_any_tree *tree, size_t *out_size)
{
    *out_size = any_size(tree);
    if (*out_size == 0 && below(tree, 2) == 0) {
        return NULL;
    }
    char *text = new_piece(tree, *out_size);
    for (size_t i = 0; i < *out_size; i++) {
        text[i] = (char)('0' + i % 75);
    }
    return text;
}

static otm_string any_string(otlp_any_tree *tree)
{
    otm_string string;
    string.data = any_text(tree, &string.size);
    return string;
}

/* -- Attributes -------------------------------------------------------------------------------------------------- */

static const otm_attr *any_attrs(otlp_any_tree *tree, unsigned nested, size_t *out_count);

static otm_value any_value(otlp_any_tree *tree, unsigned nested)
{
    otm_value value = {.type = (uint32_t)below(tree, nested < MOST_NESTED ? 9 : 6)}; /* type 8 does not exist */
    size_t size = 0;
    if (value.type == OTM_VALUE_STRING || value.type == OTM_VALUE_BYTES) {
        value.as.string = any_text(tree, &size);
    } else if (value.type == OTM_VALUE_BOOL) {
        value.as.boolean = below(tree, 2) != 0;
    } else if (value.type == OTM_VALUE_I64) {
        value.as.i64 = (int64_t)any_u64(tree);
    } else if (value.type == OTM_VALUE_F64) {
        value.as.f64 = any_f64(tree);
    } else if (value.type == OTM_VALUE_ARRAY) {
        size = below(tree, 4);
        otm_value *values = new_piece(tree, size * sizeof *values);
        for (size_t i = 0; i < size; i++) {
            values[i] = any_value(tree, nested + 1);
        }
        value.as.array = values;
    } else if (value.type == OTM_VALUE_MAP) {
        value.as.map = any_attrs(tree, nested + 1, &size);
    }
    value.size = (uint32_t)size;
    return value;
}

static const otm_attr *any_attrs(otlp_any_tree *tree, unsigned nested, size_t *out_count)
{
    *out_count = below(tree, 4);
    otm_attr *attrs = new_piece(tree, *out_count * sizeof *attrs);
    for (size_t i = 0; i < *out_count; i++) {
        attrs[i].key = any_text(tree, &attrs[i].key_size);
        attrs[i].value = any_value(tree, nested);
    }
    return attrs;
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static const otm_exemplar *any_exemplars(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 3);
    otm_exemplar *exemplars = new_piece(tree, *out_count * sizeof *exemplars);
    for (size_t i = 0; i < *out_count; i++) {
        otm_exemplar *exemplar = &exemplars[i];
        exemplar->time_unix_nano = any_u64(tree);
        exemplar->number = (uint32_t)below(tree, 2);
        exemplar->value.i64 = (int64_t)any_u64(tree);
        exemplar->has_span = (uint8_t)below(tree, 2);
        exemplar->trace_id[0] = take(tree);
        exemplar->span_id[7] = take(tree);
        exemplar->filtered_attributes = any_attrs(tree, 0, &exemplar->filtered_attribute_count);
    }
    return exemplars;
}

static const uint64_t *any_counts(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 20);
    uint64_t *counts = new_piece(tree, *out_count * sizeof *counts);
    for (size_t i = 0; i < *out_count; i++) {
        counts[i] = any_u64(tree);
    }
    return counts;
}

static const double *any_bounds(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 20);
    double *bounds = new_piece(tree, *out_count * sizeof *bounds);
    for (size_t i = 0; i < *out_count; i++) {
        bounds[i] = any_f64(tree);
    }
    return bounds;
}

static const otm_quantile_value *any_quantiles(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 4);
    otm_quantile_value *quantiles = new_piece(tree, *out_count * sizeof *quantiles);
    for (size_t i = 0; i < *out_count; i++) {
        quantiles[i] = (otm_quantile_value){any_f64(tree), any_f64(tree)};
    }
    return quantiles;
}

/* Of whatever kind: an encoder has to take what its kind has. */
static const otm_histogram_data *any_histogram(otlp_any_tree *tree)
{
    otm_histogram_data *data = new_piece(tree, sizeof *data);
    size_t has = below(tree, 8);
    data->has_sum = (has & 1) != 0;
    data->has_min = (has & 2) != 0;
    data->has_max = (has & 4) != 0;
    data->count = any_u64(tree);
    data->sum = any_f64(tree);
    data->min = any_f64(tree);
    data->max = any_f64(tree);
    data->bounds = any_bounds(tree, &data->bound_count);
    data->bucket_counts = any_counts(tree, &data->bucket_count);
    data->zero_count = any_u64(tree);
    data->zero_threshold = any_f64(tree);
    data->scale = (int32_t)(uint32_t)any_u64(tree);
    data->positive.counts = any_counts(tree, &data->positive.count_size);
    data->positive.offset = (int32_t)(uint32_t)any_u64(tree);
    data->negative.counts = any_counts(tree, &data->negative.count_size);
    data->negative.offset = (int32_t)(uint32_t)any_u64(tree);
    data->quantiles = any_quantiles(tree, &data->quantile_count);
    return data;
}

static otm_point any_point(otlp_any_tree *tree, uint32_t type)
{
    otm_point point = {.flags = (uint32_t)below(tree, 6)};
    point.flags = point.flags < 4 ? point.flags & 1 : (uint32_t)any_u64(tree);
    point.attributes = any_attrs(tree, 0, &point.attribute_count);
    point.start_time_unix_nano = any_u64(tree);
    point.time_unix_nano = any_u64(tree);
    point.exemplars = any_exemplars(tree, &point.exemplar_count);
    if (type == OTM_METRIC_GAUGE || type == OTM_METRIC_SUM) {
        point.data.number.number = (uint32_t)below(tree, 2);
        point.data.number.as.i64 = (int64_t)any_u64(tree);
    } else {
        point.data.histogram = any_histogram(tree);
    }
    return point;
}

/* -- What is around them ----------------------------------------------------------------------------------------- */

static otm_metric any_metric(otlp_any_tree *tree)
{
    otm_metric metric = {.name = any_string(tree),
                         .description = any_string(tree),
                         .unit = any_string(tree),
                         .type = (uint32_t)below(tree, 7),
                         .temporality = (uint32_t)(2 - below(tree, 3)),
                         .monotonic = (uint32_t)below(tree, 2),
                         .point_count = below(tree, 4),
                         .point_stride = sizeof(otm_point)};
    metric.metadata = any_attrs(tree, 0, &metric.metadata_count);
    otm_point *points = new_piece(tree, metric.point_count * sizeof *points);
    for (size_t i = 0; i < metric.point_count; i++) {
        points[i] = any_point(tree, metric.type);
    }
    metric.points = points;
    return metric;
}

static otm_scope_metrics any_scope(otlp_any_tree *tree)
{
    otm_scope_metrics scope = {.name = any_string(tree),
                               .version = any_string(tree),
                               .schema_url = any_string(tree),
                               .metric_count = below(tree, 5),
                               .metric_stride = sizeof(otm_metric)};
    scope.attributes = any_attrs(tree, 0, &scope.attribute_count);
    otm_metric *metrics = new_piece(tree, scope.metric_count * sizeof *metrics);
    for (size_t i = 0; i < scope.metric_count; i++) {
        metrics[i] = any_metric(tree);
    }
    scope.metrics = metrics;
    return scope;
}

static const otm_string *any_keys(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 3);
    otm_string *keys = new_piece(tree, *out_count * sizeof *keys);
    for (size_t i = 0; i < *out_count; i++) {
        keys[i] = any_string(tree);
    }
    return keys;
}

static const otm_entity_ref *any_entities(otlp_any_tree *tree, size_t *out_count)
{
    *out_count = below(tree, 3);
    otm_entity_ref *entities = new_piece(tree, *out_count * sizeof *entities);
    for (size_t i = 0; i < *out_count; i++) {
        entities[i] = (otm_entity_ref){.type = any_string(tree), .schema_url = any_string(tree)};
        entities[i].id_keys = any_keys(tree, &entities[i].id_key_count);
        entities[i].description_keys = any_keys(tree, &entities[i].description_key_count);
    }
    return entities;
}

static otm_resource_metrics any_resource(otlp_any_tree *tree)
{
    otm_resource_metrics resource = {.schema_url = any_string(tree),
                                     .scope_count = below(tree, 4),
                                     .scope_stride = sizeof(otm_scope_metrics),
                                     .entity_stride = sizeof(otm_entity_ref)};
    resource.attributes = any_attrs(tree, 0, &resource.attribute_count);
    resource.entities = any_entities(tree, &resource.entity_count);
    otm_scope_metrics *scopes = new_piece(tree, resource.scope_count * sizeof *scopes);
    for (size_t i = 0; i < resource.scope_count; i++) {
        scopes[i] = any_scope(tree);
    }
    resource.scopes = scopes;
    return resource;
}

void otlp_any_tree_make(otlp_any_tree *tree, const uint8_t *bytes, size_t byte_count)
{
    *tree = (otlp_any_tree){.bytes = bytes, .byte_count = byte_count};
    size_t count = below(tree, 3);
    otm_resource_metrics *resources = new_piece(tree, count * sizeof *resources);
    for (size_t i = 0; i < count; i++) {
        resources[i] = any_resource(tree);
    }
    tree->data = (otm_metrics_data){.struct_size = sizeof tree->data,
                                    .resources = resources,
                                    .resource_count = count,
                                    .resource_stride = sizeof *resources};
}

void otlp_any_tree_free(otlp_any_tree *tree)
{
    while (tree->pieces != NULL) {
        otlp_any_piece *next = tree->pieces->next;
        free(tree->pieces);
        tree->pieces = next;
    }
}
