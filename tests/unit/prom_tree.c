#include "prom_tree.h"

#include <assert.h>

static otm_string text(const char *s)
{
    return (otm_string){s, s != NULL ? strlen(s) : 0};
}

void prom_tree_init(prom_tree *tree)
{
    memset(tree, 0, sizeof *tree);
    tree->resource.scopes = tree->scopes;
    tree->resource.scope_stride = sizeof(otm_scope_metrics);
    tree->data.struct_size = sizeof tree->data;
    tree->data.resources = &tree->resource;
    tree->data.resource_count = 1;
    tree->data.resource_stride = sizeof(otm_resource_metrics);
}

otm_scope_metrics *prom_tree_scope(prom_tree *tree, const char *name, const char *version)
{
    assert(tree->resource.scope_count < PROM_TREE_SCOPES);
    otm_scope_metrics *scope = &tree->scopes[tree->resource.scope_count++];
    scope->name = text(name);
    scope->version = text(version);
    scope->metrics = &tree->metrics[tree->metric_count];
    scope->metric_stride = sizeof(otm_metric);
    return scope;
}

otm_metric *prom_tree_metric(prom_tree *tree, otm_metric_type type, const char *name, const char *unit,
                             const char *description)
{
    assert(tree->metric_count < PROM_TREE_METRICS);
    if (tree->resource.scope_count == 0) {
        (void)prom_tree_scope(tree, "meter", "");
    }
    otm_metric *metric = &tree->metrics[tree->metric_count++];
    tree->scopes[tree->resource.scope_count - 1].metric_count++;
    metric->name = text(name);
    metric->unit = text(unit);
    metric->description = text(description);
    metric->type = type;
    metric->temporality = type == OTM_METRIC_GAUGE || type == OTM_METRIC_SUMMARY ? 0 : OTM_CUMULATIVE;
    metric->points = &tree->points[tree->point_count];
    metric->point_stride = sizeof(otm_point);
    tree->metric = metric;
    return metric;
}

otm_metric *prom_tree_counter(prom_tree *tree, const char *name)
{
    otm_metric *metric = prom_tree_metric(tree, OTM_METRIC_SUM, name, "", "");
    metric->monotonic = 1;
    return metric;
}

static otm_point *add_point(prom_tree *tree, const otm_attr *attrs, size_t attr_count)
{
    assert(tree->point_count < PROM_TREE_POINTS);
    otm_point *point = &tree->points[tree->point_count++];
    tree->metric->point_count++;
    tree->data.point_count++;
    point->attributes = attrs;
    point->attribute_count = attr_count;
    return point;
}

otm_point *prom_tree_i64(prom_tree *tree, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    otm_point *point = add_point(tree, attrs, attr_count);
    point->data.number.number = OTM_NUMBER_I64;
    point->data.number.as.i64 = value;
    return point;
}

otm_point *prom_tree_f64(prom_tree *tree, double value, const otm_attr *attrs, size_t attr_count)
{
    otm_point *point = add_point(tree, attrs, attr_count);
    point->data.number.number = OTM_NUMBER_F64;
    point->data.number.as.f64 = value;
    return point;
}

otm_histogram_data *prom_tree_histogram(prom_tree *tree, const double *bounds, const uint64_t *counts,
                                        size_t bound_count, double sum, const otm_attr *attrs, size_t attr_count)
{
    otm_histogram_data *data = &tree->histograms[tree->point_count];
    add_point(tree, attrs, attr_count)->data.histogram = data;
    data->bounds = bounds;
    data->bound_count = bound_count;
    data->bucket_counts = counts;
    data->bucket_count = counts != NULL ? bound_count + 1 : 0;
    for (size_t i = 0; i < data->bucket_count; i++) {
        data->count += counts[i];
    }
    data->sum = sum;
    data->has_sum = true;
    return data;
}
