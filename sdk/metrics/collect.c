/* One collection: callbacks and producers, then a snapshot of every storage, then the tree.
 *
 * The snapshot is taken by one collection of the provider at a time (core->snapshotting, no lock held): it raises
 * epochs, and two would disturb each other. It holds for microseconds; callbacks, producers and filters are outside of
 * it. */
#include "metrics/collect_run.h"
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

/* Passes over what has nothing to show any more. */
static otmi_branch *next_branch_locked(const otmi_collect_run *run, const otmi_branch *before)
{
    otmi_branch *next = otmi_branch_next_locked(run->core, before);
    while (next != NULL && !otmi_branch_list_locked(next, run->reader)) {
        next = next->next;
    }
    return next;
}

static size_t count_outputs_locked(otmi_collect_run *run)
{
    size_t count = 0;
    for (otmi_branch *b = next_branch_locked(run, NULL); b != NULL; b = next_branch_locked(run, b)) {
        run->branch_count++;
        for (size_t m = 0; m < b->meter_count; m++) {
            for (size_t i = 0; i < b->meters[m]->instrument_count; i++) {
                count += b->meters[m]->instruments[i]->readers[run->reader].streams.count;
            }
        }
    }
    return count;
}

/* The stream's, or a copy of the longest that the instrument's duplicates have: that may be replaced at any time. */
static const char *description_of(const otmi_collect_run *run, const otmi_instrument *instrument,
                                  const otmi_stream *stream)
{
    const char *longer = instrument->longer_description;
    if (longer == NULL || stream->described) {
        return stream->description;
    }
    size_t size = strlen(longer) + 1;
    char *copy = otmi_arena_alloc(run->request->arena, size);
    return copy == NULL ? NULL : memcpy(copy, longer, size);
}

static otm_status list_instrument_locked(otmi_collect_run *run, const otmi_meter *meter,
                                         const otmi_instrument *instrument)
{
    const otmi_output_list *list = &instrument->readers[run->reader];
    for (size_t o = 0; o < list->streams.count; o++) {
        const char *description = description_of(run, instrument, &list->streams.items[o]);
        if (description == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
        run->outputs[run->output_count++] =
            (otmi_collected_output){.output = &list->outputs[o], .meter = meter, .description = description};
    }
    return OTM_OK;
}

/* A disabled meter gives nothing (metrics/sdk.md, "MeterConfig"). */
static otm_status list_branch_locked(otmi_collect_run *run, const otmi_branch *branch)
{
    otm_status st = OTM_OK;
    for (size_t m = 0; m < branch->meter_count; m++) {
        const otmi_meter *meter = branch->meters[m];
        for (size_t i = 0; meter->enabled && i < meter->instrument_count && st == OTM_OK; i++) {
            st = list_instrument_locked(run, meter, meter->instruments[i]);
        }
    }
    return st;
}

/* Instruments and meters are never taken out of their lists while their branch lives, and it does until the reader
 * begins another collection: the pointers stay good. */
static otm_status list_outputs(otmi_collect_run *run)
{
    otmi_core *core = run->core;
    otmi_mutex_lock(&core->mu);
    size_t most = count_outputs_locked(run) + 1;
    run->outputs = otmi_arena_alloc(run->request->arena, most * sizeof *run->outputs);
    run->storages = otmi_arena_alloc(run->request->arena, most * sizeof *run->storages);
    run->storage_points = otmi_arena_alloc(run->request->arena, most * sizeof *run->storage_points);
    otm_status st = run->outputs == NULL || run->storages == NULL || run->storage_points == NULL ? OTM_ERR_NO_MEMORY
                                                                                                   : OTM_OK;
    for (otmi_branch *b = next_branch_locked(run, NULL); b != NULL && st == OTM_OK; b = next_branch_locked(run, b)) {
        st = list_branch_locked(run, b);
    }
    otmi_branch *passed = otmi_branches_take_passed_locked(core);
    otmi_mutex_unlock(&core->mu);
    otmi_branches_free(passed);
    return st;
}

/* -- Asynchronous instruments ------------------------------------------------------------------------------------ */

/* What the filter drops of an asynchronous instrument has no round: it goes on later from where it was. */
static bool is_observed(const otmi_output *output)
{
    return output->async != NULL && !output->dropped;
}

static otm_status distribute(otmi_collect_run *run, const otmi_run *callbacks)
{
    size_t count = 0;
    const otmi_observation *observations = otmi_run_observations(callbacks, &count);
    otm_status st = OTM_OK;
    for (size_t i = 0; i < run->output_count; i++) {
        if (is_observed(run->outputs[i].output)) {
            otmi_async_begin(run->outputs[i].output->async);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const otmi_output_list *list = &observations[i].instrument->readers[run->reader];
        for (size_t o = 0; o < list->streams.count; o++) {
            if (is_observed(&list->outputs[o])) {
                otm_status s = otmi_async_observe(list->outputs[o].async, observations[i].attrs, observations[i].value);
                st = s != OTM_OK ? s : st;
            }
        }
    }
    return st;
}

static otm_status observe(otmi_collect_run *run)
{
    otmi_run *callbacks = NULL;
    otm_status st = otmi_callbacks_run(run->core, run->reader, run->request->deadline_ns, &callbacks);
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

static otm_status snapshot_enter(otmi_collect_run *run)
{
    otmi_core *core = run->core;
    bool in_time = true;
    otmi_mutex_lock(&core->mu);
    while (core->snapshotting && in_time) {
        in_time = otmi_cond_wait_until(&core->changed, &core->mu, run->request->deadline_ns);
    }
    bool entered = !core->snapshotting;
    if (entered) {
        core->snapshotting = true;
        core->serial++;
    }
    otmi_mutex_unlock(&core->mu);
    return entered ? OTM_OK : OTM_ERR_TIMEOUT;
}

static void snapshot_leave(otmi_collect_run *run)
{
    otmi_mutex_lock(&run->core->mu);
    run->core->snapshotting = false;
    otmi_cond_broadcast(&run->core->changed);
    otmi_mutex_unlock(&run->core->mu);
}

static void list_storages(otmi_collect_run *run)
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

static otm_status first_step(otmi_collect_run *run)
{
    for (size_t i = 0; i < run->storage_count; i++) {
        otmi_storage_collect_begin(run->storages[i], run->now_ns);
    }
    otm_status st = otmi_slots_wait(run->request->deadline_ns);
    for (size_t i = 0; i < run->storage_count && st == OTM_OK; i++) {
        st = otmi_storage_collect_read(run->storages[i], run->reader, run->request->arena, run->now_ns,
                                       &run->storage_points[i]);
    }
    return st;
}

static otm_status second_step(otmi_collect_run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->storage_count; i++) {
        if (otmi_storage_two_steps(run->storages[i])) {
            otmi_storage_collect_again(run->storages[i]);
            any = true;
        }
    }
    otm_status st = any ? otmi_slots_wait(run->request->deadline_ns) : OTM_OK;
    for (size_t i = 0; i < run->storage_count && st == OTM_OK; i++) {
        if (otmi_storage_two_steps(run->storages[i])) {
            otmi_storage_collect_read_again(run->storages[i], &run->storage_points[i]);
        }
    }
    return st;
}

/* Outputs may share a storage: one that the filter is to take points out of has points of its own. */
static otm_status take_points(const otmi_collect_run *run, otmi_collected_output *c, const otmi_points *collected)
{
    c->points = *collected;
    if (c->verdict != OTM_FILTER_ACCEPT_PARTIAL) {
        return OTM_OK;
    }
    c->points.points = otmi_arena_alloc(run->request->arena, (collected->count + 1) * sizeof(otm_point));
    if (c->points.points == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(c->points.points, collected->points, collected->count * sizeof(otm_point));
    return OTM_OK;
}

static otm_status read_outputs(otmi_collect_run *run)
{
    otm_status st = OTM_OK;
    for (size_t i = 0; i < run->output_count && st == OTM_OK; i++) {
        otmi_collected_output *c = &run->outputs[i];
        if (c->output->dropped) {
            continue; /* its storage is emptied all the same, so that nothing piles up */
        }
        if (c->output->storage != NULL) {
            st = take_points(run, c, c->output->storage->collected);
        } else {
            st = otmi_async_read(c->output->async, run->request->arena, run->now_ns, &c->points);
        }
    }
    return st;
}

static void commit(otmi_collect_run *run)
{
    for (size_t i = 0; i < run->storage_count; i++) {
        otmi_storage_collect_end(run->storages[i], run->reader, run->now_ns, &run->storage_points[i]);
    }
    for (size_t i = 0; i < run->output_count; i++) {
        if (is_observed(run->outputs[i].output)) {
            otmi_async_commit(run->outputs[i].output->async, run->now_ns);
        }
    }
    otmi_branches_shown(run->core, run->reader);
}

static otm_status snapshot(otmi_collect_run *run, otm_metrics_data **out)
{
    otm_status st = snapshot_enter(run);
    if (st != OTM_OK) {
        return st;
    }
    list_storages(run);
    st = first_step(run);
    st = st == OTM_OK ? second_step(run) : st;
    st = st == OTM_OK ? read_outputs(run) : st;
    st = st == OTM_OK ? otmi_collect_tree(run, out) : st;
    if (st == OTM_OK) {
        commit(run);
    }
    snapshot_leave(run);
    return st;
}

/* -- All of it --------------------------------------------------------------------------------------------------- */

static void ask_producers(otmi_collect_run *run)
{
    otm_produce_request asked = {.struct_size = sizeof asked, .time_unix_nano = run->now_ns};
    asked.filter = run->request->filter;
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        asked.temporality[k] = (uint32_t)run->request->temporality[k];
    }
    asked.resource_attributes = otm_resource_attributes(run->core->root.resource, &asked.resource_attribute_count);
    asked.resource_schema_url = otm_resource_schema_url(run->core->root.resource);
    run->leases = otmi_producers_ask(run->request, &asked, run->core->env.diag);
}

otm_status otmi_pipeline_collect(otmi_pipeline *pipeline, const otmi_collect_request *request, otmi_collected *out)
{
    otmi_core *core = of(pipeline);
    otmi_collect_run run = {.core = core,
                            .request = request,
                            .reader = (uint32_t)request->reader_index,
                            /* metrics/sdk.md, "MetricReader": the moment Collect was invoked, so before callbacks */
                            .now_ns = core->env.clock->wall_ns(core->env.clock->context)};
    otm_metrics_data *data = NULL;
    otm_status st = list_outputs(&run);
    if (st != OTM_OK) {
        return st;
    }
    otmi_collect_judge(&run);
    st = observe(&run);
    if (st == OTM_OK) {
        ask_producers(&run);
        st = snapshot(&run, &data);
    }
    if (st != OTM_OK) {
        otmi_leases_end(run.leases);
        return st;
    }
    otmi_collect_sift(&run, data);
    *out = (otmi_collected){.data = data, .leases = run.leases};
    return OTM_OK;
}
