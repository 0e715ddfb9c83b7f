/* The reader's metric filter in one collection of the SDK's own metrics. */
#include "metrics/collect_run.h"
#include "metrics/metric_filter.h"

void otmi_collect_judge(otmi_collect_run *run)
{
    otm_metric_filter *filter = run->request->filter;
    for (size_t i = 0; i < run->output_count; i++) {
        otmi_collected_output *c = &run->outputs[i];
        if (filter != NULL) {
            otm_scope scope = otmi_meter_scope(c->meter);
            const otmi_stream *stream = c->output->stream;
            c->verdict = otm_metric_filter_test_metric(filter, &scope, stream->name, otmi_metric_type_of(stream),
                                                       stream->unit);
        }
        c->output->dropped = c->verdict == OTM_FILTER_DROP;
    }
}

/* Metrics without points go, and scopes without metrics. The tree is ours, made a moment ago: constant for others. */
static void prune_resource(otm_metrics_data *data, otm_resource_metrics *resource)
{
    otm_scope_metrics *scopes = (otm_scope_metrics *)(uintptr_t)resource->scopes;
    size_t scope_count = 0;
    for (size_t s = 0; s < resource->scope_count; s++) {
        otm_metric *metrics = (otm_metric *)(uintptr_t)scopes[s].metrics;
        size_t metric_count = 0;
        for (size_t m = 0; m < scopes[s].metric_count; m++) {
            if (metrics[m].point_count > 0) {
                data->point_count += metrics[m].point_count;
                metrics[metric_count++] = metrics[m];
            }
        }
        scopes[s].metric_count = metric_count;
        if (metric_count > 0) {
            scopes[scope_count++] = scopes[s];
        }
    }
    resource->scope_count = scope_count;
}

/* Resources without scopes go as well. */
static void prune(otm_metrics_data *data)
{
    otm_resource_metrics *resources = (otm_resource_metrics *)(uintptr_t)data->resources;
    size_t resource_count = 0;
    data->point_count = 0;
    for (size_t r = 0; r < data->resource_count; r++) {
        prune_resource(data, &resources[r]);
        if (resources[r].scope_count > 0) {
            resources[resource_count++] = resources[r];
        }
    }
    data->resource_count = resource_count;
}

void otmi_collect_sift(otmi_collect_run *run, otm_metrics_data *data)
{
    bool any = false;
    for (size_t i = 0; i < run->output_count; i++) {
        otmi_collected_output *c = &run->outputs[i];
        if (c->verdict == OTM_FILTER_ACCEPT_PARTIAL && c->metric != NULL) {
            otm_scope scope = otmi_meter_scope(c->meter);
            otmi_metric_filter_points(run->request->filter, &scope, c->metric, c->points.points);
            any = true;
        }
    }
    if (any) {
        prune(data);
    }
}
