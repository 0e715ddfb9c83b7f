/* The tree of one collection: the SDK's metrics, then those of producers, under the provider's resource. */
#include "metrics/collect_run.h"
#include "metrics/resource.h"

static otm_string string_of(const char *text)
{
    return (otm_string){text, strlen(text)};
}

otm_metric_type otmi_metric_type_of(const otmi_stream *stream)
{
    switch (stream->aggregation.kind) {
    case OTM_AGGREGATION_LAST_VALUE:
        return OTM_METRIC_GAUGE;
    case OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM:
        return OTM_METRIC_HISTOGRAM;
    case OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        return OTM_METRIC_EXPONENTIAL_HISTOGRAM;
    default:
        return OTM_METRIC_SUM;
    }
}

otm_scope otmi_meter_scope(const otmi_meter *meter)
{
    return (otm_scope){.name = meter->name,
                       .version = meter->version,
                       .schema_url = meter->schema_url,
                       .attributes = meter->attributes->attrs,
                       .attribute_count = meter->attributes->count};
}

static void fill_metric(otm_metric *metric, const otmi_collected_output *c)
{
    const otmi_stream *stream = c->output->stream;
    metric->name = string_of(stream->name);
    metric->description = string_of(c->description);
    metric->unit = string_of(stream->unit);
    metric->type = otmi_metric_type_of(stream);
    metric->temporality = metric->type == OTM_METRIC_GAUGE ? 0 : (uint32_t)stream->temporality;
    metric->monotonic = metric->type == OTM_METRIC_SUM && stream->aggregation.monotonic;
    metric->points = c->points.points;
    metric->point_count = c->points.count;
    metric->point_stride = sizeof(otm_point);
    metric->stream_id = c->output->id;
}

static void fill_scope(otm_scope_metrics *scope, const otmi_meter *meter, otm_metric *metrics)
{
    scope->name = string_of(meter->name);
    scope->version = string_of(meter->version);
    scope->schema_url = string_of(meter->schema_url);
    scope->attributes = meter->attributes->attrs;
    scope->attribute_count = meter->attributes->count;
    scope->metrics = metrics;
    scope->metric_stride = sizeof *metrics;
}

/* Outputs lie meter by meter: a scope is a run of those that have points. */
static void fill_scopes(const otmi_collect_run *run, otm_resource_metrics *resource, otm_scope_metrics *scopes,
                        otm_metric *metrics, size_t *point_count)
{
    const otmi_meter *meter = NULL;
    otm_scope_metrics *scope = NULL;
    for (size_t i = 0; i < run->output_count; i++) {
        otmi_collected_output *c = &run->outputs[i];
        if (c->points.count == 0) {
            continue;
        }
        if (c->meter != meter) {
            meter = c->meter;
            scope = &scopes[resource->scope_count++];
            fill_scope(scope, meter, metrics);
        }
        c->metric = metrics++;
        fill_metric(c->metric, c);
        scope->metric_count++;
        *point_count += c->points.count;
    }
}

static size_t count_produced(const otmi_lease *leases)
{
    size_t count = 0;
    for (const otmi_lease *lease = leases; lease != NULL; lease = lease->next) {
        count += lease->scope_count;
    }
    return count;
}

static void add_produced(const otmi_lease *leases, otm_resource_metrics *resource, otm_scope_metrics *scopes,
                         size_t *point_count)
{
    for (const otmi_lease *lease = leases; lease != NULL; lease = lease->next) {
        for (size_t i = 0; i < lease->scope_count; i++) {
            scopes[resource->scope_count++] = lease->scopes[i];
        }
        *point_count += lease->point_count;
    }
}

otm_status otmi_collect_tree(otmi_collect_run *run, otm_metrics_data **out)
{
    otmi_arena *arena = run->request->arena;
    size_t most_scopes = run->output_count + count_produced(run->leases) + 1;
    otm_metrics_data *data = otmi_arena_alloc(arena, sizeof *data);
    otm_resource_metrics *resource = otmi_arena_alloc(arena, sizeof *resource);
    otm_scope_metrics *scopes = otmi_arena_alloc(arena, most_scopes * sizeof *scopes);
    otm_metric *metrics = otmi_arena_alloc(arena, (run->output_count + 1) * sizeof *metrics);
    if (data == NULL || resource == NULL || scopes == NULL || metrics == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    resource->attributes = otm_resource_attributes(run->core->resource, &resource->attribute_count);
    resource->schema_url = string_of(otm_resource_schema_url(run->core->resource));
    resource->entities =
        otmi_resource_entity_refs(run->core->resource, &resource->entity_count, &resource->entity_stride);
    resource->scopes = scopes;
    resource->scope_stride = sizeof *scopes;
    data->struct_size = sizeof *data;
    data->resources = resource;
    data->resource_stride = sizeof *resource;
    fill_scopes(run, resource, scopes, metrics, &data->point_count);
    add_produced(run->leases, resource, scopes, &data->point_count);
    data->resource_count = resource->scope_count > 0;
    *out = data;
    return OTM_OK;
}
