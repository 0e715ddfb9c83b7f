/* One collection: callbacks, then a snapshot of every storage, then the tree.
 *
 * The snapshot is taken by one collection of the provider at a time (core->snapshotting, no lock held): it raises
 * epochs, and two would disturb each other. It holds for microseconds, callbacks are outside of it. */
#include "metrics/core.h"
#include "metrics/pipeline.h"
#include "metrics/resource.h"
#include "util/alloc.h"

static otmi_core *of(const otmi_pipeline *pipeline)
{
    return (otmi_core *)(uintptr_t)pipeline;
}

const otm_clock *otmi_pipeline_clock(const otmi_pipeline *pipeline)
{
    return of(pipeline)->env.clock;
}

otmi_diag *otmi_pipeline_diag(const otmi_pipeline *pipeline)
{
    return of(pipeline)->env.diag;
}

const otm_diagnostics_options *otmi_pipeline_diagnostics(const otmi_pipeline *pipeline)
{
    return &of(pipeline)->diagnostics;
}

bool otmi_pipeline_inside_callback(void)
{
    return otmi_callback_inside();
}

bool otmi_pipeline_alive(const otmi_pipeline *pipeline)
{
    return otmi_env_alive(&of(pipeline)->env);
}

/* -- What there is to collect ------------------------------------------------------------------------------------ */

typedef struct collected_output {
    const otmi_output *output;
    const otmi_meter *meter;
    otmi_points points;
} collected_output;

/* One collection of one reader. All memory is in its arena. */
typedef struct collect_run {
    otmi_core *core;
    uint32_t reader;
    uint64_t deadline_ns;
    uint64_t now_ns;
    otmi_arena *arena;
    collected_output *outputs; /* in the order of meters and instruments */
    size_t output_count;
    otmi_storage **storages; /* distinct */
    otmi_points *storage_points;
    size_t storage_count;
} collect_run;

static size_t count_outputs_locked(const collect_run *run)
{
    size_t count = 0;
    for (size_t m = 0; m < run->core->meter_count; m++) {
        const otmi_meter *meter = run->core->meters[m];
        for (size_t i = 0; i < meter->instrument_count; i++) {
            count += meter->instruments[i]->readers[run->reader].streams.count;
        }
    }
    return count;
}

static void list_instrument(collect_run *run, const otmi_meter *meter, const otmi_instrument *instrument)
{
    const otmi_output_list *list = &instrument->readers[run->reader];
    for (size_t o = 0; o < list->streams.count; o++) {
        run->outputs[run->output_count++] = (collected_output){.output = &list->outputs[o], .meter = meter};
    }
}

/* Instruments and meters are never taken out of their lists while the core lives: the pointers stay good. A disabled
 * meter gives nothing (metrics/sdk.md, "MeterConfig"). */
static otm_status list_outputs(collect_run *run)
{
    otmi_core *core = run->core;
    otmi_mutex_lock(&core->mu);
    size_t most = count_outputs_locked(run) + 1;
    run->outputs = otmi_arena_alloc(run->arena, most * sizeof *run->outputs);
    run->storages = otmi_arena_alloc(run->arena, most * sizeof *run->storages);
    run->storage_points = otmi_arena_alloc(run->arena, most * sizeof *run->storage_points);
    otm_status st = run->outputs == NULL || run->storages == NULL || run->storage_points == NULL ? OTM_ERR_NO_MEMORY
                                                                                                   : OTM_OK;
    for (size_t m = 0; st == OTM_OK && m < core->meter_count; m++) {
        const otmi_meter *meter = core->meters[m];
        for (size_t i = 0; meter->enabled && i < meter->instrument_count; i++) {
            list_instrument(run, meter, meter->instruments[i]);
        }
    }
    otmi_mutex_unlock(&core->mu);
    return st;
}

/* -- Asynchronous instruments ------------------------------------------------------------------------------------ */

static otm_status distribute(collect_run *run, const otmi_run *callbacks)
{
    size_t count = 0;
    const otmi_observation *observations = otmi_run_observations(callbacks, &count);
    otm_status st = OTM_OK;
    for (size_t i = 0; i < run->output_count; i++) {
        if (run->outputs[i].output->async != NULL) {
            otmi_async_begin(run->outputs[i].output->async);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const otmi_output_list *list = &observations[i].instrument->readers[run->reader];
        for (size_t o = 0; o < list->streams.count; o++) {
            otm_status s = otmi_async_observe(list->outputs[o].async, observations[i].attrs, observations[i].value);
            st = s != OTM_OK ? s : st;
        }
    }
    return st;
}

static otm_status observe(collect_run *run)
{
    otmi_run *callbacks = NULL;
    otm_status st = otmi_callbacks_run(run->core, run->reader, run->deadline_ns, &callbacks);
    if (callbacks == NULL) {
        return st;
    }
    otm_status distributed = distribute(run, callbacks);
    if (st == OTM_ERR_TIMEOUT) {
        otmi_run_release(callbacks); /* abandoned; its thread has the other reference */
    }
    if (distributed != OTM_OK) {
        otmi_diag_report(run->core->env.diag, OTM_ERROR, distributed, &(otmi_diag_origin){.component = "callback"},
                         "no memory for all observations: some went to the overflow series");
    }
    return OTM_OK; /* what did not return in time has no points; the rest has */
}

/* -- Snapshot ---------------------------------------------------------------------------------------------------- */

static otm_status snapshot_enter(collect_run *run)
{
    otmi_core *core = run->core;
    bool in_time = true;
    otmi_mutex_lock(&core->mu);
    while (core->snapshotting && in_time) {
        in_time = otmi_cond_wait_until(&core->changed, &core->mu, run->deadline_ns);
    }
    bool entered = !core->snapshotting;
    if (entered) {
        core->snapshotting = true;
        core->serial++;
    }
    otmi_mutex_unlock(&core->mu);
    return entered ? OTM_OK : OTM_ERR_TIMEOUT;
}

static void snapshot_leave(collect_run *run)
{
    otmi_mutex_lock(&run->core->mu);
    run->core->snapshotting = false;
    otmi_cond_broadcast(&run->core->changed);
    otmi_mutex_unlock(&run->core->mu);
}

static void list_storages(collect_run *run)
{
    for (size_t i = 0; i < run->output_count; i++) {
        otmi_storage *storage = run->outputs[i].output->storage;
        if (storage != NULL && storage->collected_in != run->core->serial) {
            storage->collected_in = run->core->serial;
            storage->collected = &run->storage_points[run->storage_count];
            run->storages[run->storage_count++] = storage;
        }
    }
}

static otm_status first_step(collect_run *run)
{
    for (size_t i = 0; i < run->storage_count; i++) {
        otmi_storage_collect_begin(run->storages[i], run->now_ns);
    }
    otm_status st = otmi_slots_wait(run->deadline_ns);
    for (size_t i = 0; i < run->storage_count && st == OTM_OK; i++) {
        st = otmi_storage_collect_read(run->storages[i], run->reader, run->arena, run->now_ns,
                                       &run->storage_points[i]);
    }
    return st;
}

static otm_status second_step(collect_run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->storage_count; i++) {
        if (otmi_storage_two_steps(run->storages[i])) {
            otmi_storage_collect_again(run->storages[i]);
            any = true;
        }
    }
    otm_status st = any ? otmi_slots_wait(run->deadline_ns) : OTM_OK;
    for (size_t i = 0; i < run->storage_count && st == OTM_OK; i++) {
        if (otmi_storage_two_steps(run->storages[i])) {
            otmi_storage_collect_read_again(run->storages[i], &run->storage_points[i]);
        }
    }
    return st;
}

static otm_status read_outputs(collect_run *run)
{
    otm_status st = OTM_OK;
    for (size_t i = 0; i < run->output_count && st == OTM_OK; i++) {
        collected_output *c = &run->outputs[i];
        if (c->output->storage != NULL) {
            c->points = *c->output->storage->collected;
        } else {
            st = otmi_async_read(c->output->async, run->arena, run->now_ns, &c->points);
        }
    }
    return st;
}

static void commit(collect_run *run)
{
    for (size_t i = 0; i < run->storage_count; i++) {
        otmi_storage_collect_end(run->storages[i], run->reader, run->now_ns, &run->storage_points[i]);
    }
    for (size_t i = 0; i < run->output_count; i++) {
        if (run->outputs[i].output->async != NULL) {
            otmi_async_commit(run->outputs[i].output->async, run->now_ns);
        }
    }
}

/* -- The tree ---------------------------------------------------------------------------------------------------- */

static otm_string string_of(const char *text)
{
    return (otm_string){text, strlen(text)};
}

static otm_metric_type type_of(const otmi_stream *stream)
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

static void fill_metric(otm_metric *metric, const collected_output *c)
{
    const otmi_stream *stream = c->output->stream;
    metric->name = string_of(stream->name);
    metric->description = string_of(stream->description);
    metric->unit = string_of(stream->unit);
    metric->type = type_of(stream);
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
static void fill_scopes(const collect_run *run, otm_resource_metrics *resource, otm_scope_metrics *scopes,
                        otm_metric *metrics, size_t *point_count)
{
    const otmi_meter *meter = NULL;
    otm_scope_metrics *scope = NULL;
    for (size_t i = 0; i < run->output_count; i++) {
        const collected_output *c = &run->outputs[i];
        if (c->points.count == 0) {
            continue;
        }
        if (c->meter != meter) {
            meter = c->meter;
            scope = &scopes[resource->scope_count++];
            fill_scope(scope, meter, metrics);
        }
        fill_metric(metrics++, c);
        scope->metric_count++;
        *point_count += c->points.count;
    }
}

static otm_status build_tree(const collect_run *run, const otm_metrics_data **out)
{
    otm_metrics_data *data = otmi_arena_alloc(run->arena, sizeof *data);
    otm_resource_metrics *resource = otmi_arena_alloc(run->arena, sizeof *resource);
    otm_scope_metrics *scopes = otmi_arena_alloc(run->arena, (run->output_count + 1) * sizeof *scopes);
    otm_metric *metrics = otmi_arena_alloc(run->arena, (run->output_count + 1) * sizeof *metrics);
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
    data->resource_count = resource->scope_count > 0;
    *out = data;
    return OTM_OK;
}

static otm_status snapshot(collect_run *run, const otm_metrics_data **out)
{
    otm_status st = snapshot_enter(run);
    if (st != OTM_OK) {
        return st;
    }
    list_storages(run);
    st = first_step(run);
    st = st == OTM_OK ? second_step(run) : st;
    st = st == OTM_OK ? read_outputs(run) : st;
    st = st == OTM_OK ? build_tree(run, out) : st;
    if (st == OTM_OK) {
        commit(run);
    }
    snapshot_leave(run);
    return st;
}

otm_status otmi_pipeline_collect(otmi_pipeline *pipeline, size_t reader_index, uint64_t deadline_ns, otmi_arena *arena,
                                 const otm_metrics_data **out)
{
    otmi_core *core = of(pipeline);
    collect_run run = {.core = core,
                       .reader = (uint32_t)reader_index,
                       .deadline_ns = deadline_ns,
                       .now_ns = core->env.clock->wall_ns(core->env.clock->context), /* SDK-RDR-09: before callbacks */
                       .arena = arena};
    otm_status st = list_outputs(&run);
    st = st == OTM_OK ? observe(&run) : st;
    return st == OTM_OK ? snapshot(&run, out) : st;
}
