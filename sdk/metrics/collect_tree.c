/* The tree of one collection: under the provider's resource the SDK's metrics and those of producers, then what came in
 * by children, under theirs. */
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

static void fill_resource(otm_resource_metrics *metrics, const otmi_branch *branch, otm_scope_metrics *scopes)
{
    const otm_resource *resource = branch->resource;
    metrics->attributes = otm_resource_attributes(resource, &metrics->attribute_count);
    metrics->schema_url = string_of(otm_resource_schema_url(resource));
    metrics->entities = otmi_resource_entity_refs(resource, &metrics->entity_count, &metrics->entity_stride);
    metrics->scopes = scopes;
    metrics->scope_stride = sizeof *scopes;
    metrics->child = !otmi_branch_is_root(branch);
}

/* The tree as it grows; memory for all that there could be. */
typedef struct tree {
    otm_metrics_data *data;
    otm_resource_metrics *resources;
    otm_scope_metrics *scopes; /* this and the next: the free rest */
    otm_metric *metrics;
} tree;

static bool allocate(const otmi_collect_run *run, size_t produced_count, tree *t)
{
    otmi_arena *arena = run->request->arena;
    t->data = otmi_arena_alloc(arena, sizeof *t->data);
    t->resources = otmi_arena_alloc(arena, run->branch_count * sizeof *t->resources);
    t->scopes = otmi_arena_alloc(arena, (run->output_count + produced_count + 1) * sizeof *t->scopes);
    t->metrics = otmi_arena_alloc(arena, (run->output_count + 1) * sizeof *t->metrics);
    return t->data != NULL && t->resources != NULL && t->scopes != NULL && t->metrics != NULL;
}

/* Outputs lie branch by branch and meter by meter: a scope is a run of those that have points. Returns where the next
 * branch's begin. */
static size_t fill_scopes(const otmi_collect_run *run, size_t first, tree *t, otm_resource_metrics *resource)
{
    const otmi_meter *meter = NULL;
    otm_scope_metrics *scope = NULL;
    size_t i = first;
    for (; i < run->output_count && run->outputs[i].meter->branch == run->outputs[first].meter->branch; i++) {
        otmi_collected_output *c = &run->outputs[i];
        if (c->points.count == 0) {
            continue;
        }
        if (c->meter != meter) {
            meter = c->meter;
            scope = t->scopes++;
            resource->scope_count++;
            fill_scope(scope, meter, t->metrics);
        }
        c->metric = t->metrics++;
        fill_metric(c->metric, c);
        scope->metric_count++;
        t->data->point_count += c->points.count;
    }
    return i;
}

static size_t count_produced(const otmi_lease *leases)
{
    size_t count = 0;
    for (const otmi_lease *lease = leases; lease != NULL; lease = lease->next) {
        count += lease->scope_count;
    }
    return count;
}

static void add_produced(const otmi_lease *leases, tree *t, otm_resource_metrics *resource)
{
    for (const otmi_lease *lease = leases; lease != NULL; lease = lease->next) {
        for (size_t i = 0; i < lease->scope_count; i++) {
            *t->scopes++ = lease->scopes[i];
            resource->scope_count++;
        }
        t->data->point_count += lease->point_count;
    }
}

/* Adds the resource of the outputs from `first` on. */
static size_t add_branch(const otmi_collect_run *run, const otmi_branch *branch, size_t first, tree *t)
{
    otm_resource_metrics *resource = &t->resources[t->data->resource_count];
    size_t next = first;
    fill_resource(resource, branch, t->scopes);
    if (first < run->output_count && run->outputs[first].meter->branch == branch) {
        next = fill_scopes(run, first, t, resource);
    }
    if (otmi_branch_is_root(branch)) {
        add_produced(run->leases, t, resource);
    }
    if (resource->scope_count > 0) {
        t->data->resource_count++;
    }
    return next;
}

otm_status otmi_collect_tree(otmi_collect_run *run, otm_metrics_data **out)
{
    tree t;
    if (!allocate(run, count_produced(run->leases), &t)) {
        return OTM_ERR_NO_MEMORY;
    }
    t.data->struct_size = sizeof *t.data;
    t.data->resources = t.resources;
    t.data->resource_stride = sizeof *t.resources;
    size_t next = add_branch(run, &run->core->root, 0, &t);
    while (next < run->output_count) {
        next = add_branch(run, run->outputs[next].meter->branch, next, &t);
    }
    *out = t.data;
    return OTM_OK;
}
