/* One collection with its export: collect, cut into batches, one after the other to the exporter. */
#include "metrics/reader_periodic.h"
#include "util/diag.h"

/* -- Reports ----------------------------------------------------------------------------------------------------- */

static const otmi_diag_origin origin = {.component = "periodic_reader"};

void otmi_periodic_report_collection(otmi_periodic *p, otm_status status)
{
    otmi_pipeline *pipeline = otmi_reader_pin(&p->base);
    if (pipeline != NULL) {
        otmi_diag_report(otmi_pipeline_diag(pipeline), OTM_WARN, status, &origin,
                         "a collection failed with %s: its data comes with the next one", otm_status_name(status));
    }
    otmi_reader_unpin(&p->base);
}

static void report_export(otmi_periodic *p, otm_status status)
{
    otmi_pipeline *pipeline = otmi_reader_pin(&p->base);
    if (pipeline != NULL) {
        otmi_diag_report(otmi_pipeline_diag(pipeline), OTM_WARN, status, &origin,
                         "an export failed with %s: it is not repeated, the exporter's accounts say what became of "
                         "its points",
                         otm_status_name(status));
    }
    otmi_reader_unpin(&p->base);
}

/* -- Batches ----------------------------------------------------------------------------------------------------- */

/* The batches read from the tree, and nobody collects meanwhile; with the last one begun it is free again. */
static void return_tree(otmi_periodic *p)
{
    otm_reader_return(&p->base, p->export.tree);
    p->export.tree = NULL;
}

void otmi_periodic_drop_rest(otmi_periodic *p, otm_drop_reason reason)
{
    if (p->export.tree != NULL) {
        otmi_exporter_drop(p->exporter, p->export.points_left, reason);
        p->export.points_left = 0;
        return_tree(p);
    }
}

void otmi_periodic_park(otmi_periodic *p)
{
    if (p->export.tree != NULL) {
        otmi_reader_park_tree(&p->base);
    }
}

/* Why no other batch may begin; OTM_OK: it may. */
static otm_status check_rest(const otmi_periodic *p, otm_drop_reason *reason)
{
    bool first = p->export.points_left == p->export.tree->point_count;
    *reason = p->export.late;
    if (otmi_reader_phase_of(&p->base) == OTMI_READER_CLOSED) { /* shut down without waiting for this thread */
        *reason = OTM_DROP_SHUTDOWN;
        return OTM_ERR_SHUTDOWN;
    }
    /* The first one always begins: what has been collected is for the exporter to account for. */
    return !first && otmi_limit_passed(&p->export.limit) ? OTM_ERR_TIMEOUT : OTM_OK;
}

static otm_status cut_batch(otmi_periodic *p, const otm_metrics_data **out)
{
    otmi_periodic_export *e = &p->export;
    if (p->batch_points == 0 || e->tree->point_count <= p->batch_points) {
        *out = e->tree;
        return OTM_OK;
    }
    otmi_arena_reset(&p->batch_arena);
    return otmi_batch_next(e->tree, p->batch_points, &e->next, &p->batch_arena, out);
}

/* Begins one batch, or drops all that are left. */
static otm_status begin_batch(otmi_periodic *p)
{
    otmi_periodic_export *e = &p->export;
    const otm_metrics_data *batch = NULL;
    otm_drop_reason reason;
    otm_status st = check_rest(p, &reason);
    if (st == OTM_OK) {
        st = cut_batch(p, &batch);
        reason = OTM_DROP_NO_MEMORY;
    }
    if (st != OTM_OK || batch == NULL) {
        otmi_periodic_drop_rest(p, reason);
        return st;
    }
    e->points_left -= batch->point_count;
    st = otmi_exporter_begin(p->exporter, batch, &e->limit, e->late, &p->result);
    if (e->points_left == 0) {
        return_tree(p);
    }
    return st;
}

static void note(otmi_periodic *p, otm_status status)
{
    if (status != OTM_OK) {
        report_export(p, status);
    }
    p->export.outcome = otmi_first_failure(p->export.outcome, status);
}

/* Begins batch after batch until one stays open. */
static otm_status begin_batches(otmi_periodic *p)
{
    while (p->export.tree != NULL) {
        otm_status st = begin_batch(p);
        if (st == OTM_PENDING) {
            return st;
        }
        note(p, st);
    }
    return p->export.outcome;
}

otm_status otmi_periodic_begin(otmi_periodic *p, const otmi_limit *limit, otm_drop_reason late)
{
    const otm_metrics_data *data;
    otm_status st = otmi_reader_collect_until(&p->base, limit->system_ns, &data);
    if (st != OTM_OK) {
        otmi_periodic_report_collection(p, st);
        return st;
    }
    p->export = (otmi_periodic_export){.tree = data, .points_left = data->point_count, .limit = *limit, .late = late};
    otmi_exporter_announce(p->exporter, data->point_count);
    if (data->point_count == 0) { /* an empty request is not sent */
        return_tree(p);
    }
    return begin_batches(p);
}

otm_status otmi_periodic_go_on(otmi_periodic *p)
{
    otm_status st = otmi_exporter_result(p->exporter, &p->result);
    if (st == OTM_PENDING) {
        return st;
    }
    note(p, st);
    if (p->export.tree != NULL) {
        otmi_reader_take_up_tree(&p->base);
    }
    return begin_batches(p);
}

otm_status otmi_periodic_finish(otmi_periodic *p, const otmi_limit *limit)
{
    otm_status st = OTM_PENDING;
    while (st == OTM_PENDING && otmi_exporter_finish(p->exporter, limit) == OTM_OK) {
        st = otmi_periodic_go_on(p);
    }
    return st;
}
