/* Collected trees built by hand: one resource, scopes added one after the other, metrics to the last scope, points to
 * the last metric. Fixed room; attributes and texts are the caller's and must outlive the tree. */
#ifndef OTM_TEST_PROM_TREE_H
#define OTM_TEST_PROM_TREE_H

#include <otm/sdk_data.h>

#define PROM_TREE_SCOPES 8
#define PROM_TREE_METRICS 64
#define PROM_TREE_POINTS 256

typedef struct prom_tree {
    otm_metrics_data data;
    otm_resource_metrics resource;
    otm_scope_metrics scopes[PROM_TREE_SCOPES];
    otm_metric metrics[PROM_TREE_METRICS];
    otm_point points[PROM_TREE_POINTS];
    otm_histogram_data histograms[PROM_TREE_POINTS];
    size_t metric_count;
    size_t point_count;
    otm_metric *metric; /* the last */
} prom_tree;

void prom_tree_init(prom_tree *tree);
otm_scope_metrics *prom_tree_scope(prom_tree *tree, const char *name, const char *version);
otm_metric *prom_tree_metric(prom_tree *tree, otm_metric_type type, const char *name, const char *unit,
                             const char *description);
otm_metric *prom_tree_counter(prom_tree *tree, const char *name); /* a cumulative monotonic sum */
otm_point *prom_tree_i64(prom_tree *tree, int64_t value, const otm_attr *attrs, size_t attr_count);
otm_point *prom_tree_f64(prom_tree *tree, double value, const otm_attr *attrs, size_t attr_count);
otm_histogram_data *prom_tree_histogram(prom_tree *tree, const double *bounds, const uint64_t *counts,
                                        size_t bound_count, double sum, const otm_attr *attrs, size_t attr_count);

#endif
