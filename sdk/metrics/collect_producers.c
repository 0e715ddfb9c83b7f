#include "metrics/collect_producers.h"

#include "metrics/metric_filter.h"
#include "metrics/metric_producer.h"
#include "metrics/produced_check.h"
#include "platform/platform.h"
#include "util/utf8.h"

/* One producer's turn. */
typedef struct merge {
    const otmi_collect_request *request;
    otmi_diag *diag;
    size_t index; /* of the producer */
    otmi_lease *lease;
} merge;

/* -- Reports ----------------------------------------------------------------------------------------------------- */

/* What is refused is not repeated word by word: its text may be what is wrong with it. */
static void report_scope(const merge *m, size_t index, const char *flaw)
{
    otmi_diag_report(m->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &(otmi_diag_origin){.component = "producer"},
                     "scope %zu of the reader's producer %zu was left out: %s", index, m->index, flaw);
}

static void report_metric(const merge *m, const otm_scope *scope, const otm_metric *metric, const char *flaw)
{
    bool legible = metric->name.data != NULL && otmi_utf8_valid(metric->name.data, metric->name.size);
    const char *name = legible ? metric->name.data : "(illegible)";
    otmi_diag_origin origin = {.component = "producer", .meter = scope->name, .instrument = name};
    otmi_diag_report(m->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                     "metric %s of scope %s, from the reader's producer %zu, was left out: %s", name, scope->name,
                     m->index, flaw);
}

/* -- Merging ----------------------------------------------------------------------------------------------------- */

/* Points of our own, to take some out. */
static otm_status filter_points(const merge *m, const otm_scope *scope, otm_metric *metric)
{
    otm_point *own = otmi_arena_alloc(m->request->arena, metric->point_count * sizeof *own);
    if (own == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < metric->point_count; i++) {
        own[i] = *otm_metric_point(metric, i);
    }
    otmi_metric_filter_points(m->request->filter, scope, metric, own);
    return OTM_OK;
}

/* Makes *metric what comes out of it: without points if nothing does. */
static otm_status keep_metric(const merge *m, const otm_scope *scope, otm_metric *metric)
{
    const char *flaw = otmi_produced_metric_flaw(metric);
    if (flaw != NULL) {
        report_metric(m, scope, metric, flaw);
        metric->point_count = 0;
        return OTM_OK;
    }
    metric->stream_id = 0; /* such numbers are the SDK's to give */
    if (metric->type == OTM_METRIC_GAUGE || metric->type == OTM_METRIC_SUMMARY) {
        metric->temporality = 0;
    }
    otm_filter_result verdict = otmi_metric_filter_judge(m->request->filter, scope, metric);
    if (verdict == OTM_FILTER_DROP) {
        metric->point_count = 0;
    }
    return verdict == OTM_FILTER_ACCEPT_PARTIAL ? filter_points(m, scope, metric) : OTM_OK;
}

static otm_status merge_scope(const merge *m, const otm_scope_metrics *given)
{
    otm_scope scope = otmi_scope_of(given);
    otm_metric *metrics = otmi_arena_alloc(m->request->arena, (given->metric_count + 1) * sizeof *metrics);
    otm_status st = metrics == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    size_t count = 0;
    for (size_t i = 0; st == OTM_OK && i < given->metric_count; i++) {
        metrics[count] = *otm_scope_metric(given, i);
        st = keep_metric(m, &scope, &metrics[count]);
        if (st == OTM_OK && metrics[count].point_count > 0) {
            m->lease->point_count += metrics[count++].point_count;
        }
    }
    if (count > 0) {
        otm_scope_metrics *kept = &m->lease->scopes[m->lease->scope_count++];
        *kept = *given;
        kept->metrics = metrics;
        kept->metric_count = count;
        kept->metric_stride = sizeof *metrics;
    }
    return st;
}

/* Whatever the resource says: the provider's takes its place. */
static otm_status merge_resource(const merge *m, const otm_resource_metrics *resource)
{
    otm_status st = OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < resource->scope_count; i++) {
        const otm_scope_metrics *scope = otm_resource_scope(resource, i);
        const char *flaw = otmi_produced_scope_flaw(scope);
        if (flaw != NULL) {
            report_scope(m, i, flaw);
        } else {
            st = merge_scope(m, scope);
        }
    }
    return st;
}

static otm_status merge_tree(const merge *m)
{
    size_t scope_count;
    if (!otmi_produced_scopes(m->lease->data, &scope_count)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    m->lease->scopes = otmi_arena_alloc(m->request->arena, (scope_count + 1) * sizeof *m->lease->scopes);
    otm_status st = m->lease->scopes == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < m->lease->data->resource_count; i++) {
        st = merge_resource(m, otm_data_resource(m->lease->data, i));
    }
    return st;
}

/* -- Asking ------------------------------------------------------------------------------------------------------ */

/* Half of what is left, so that there is some for the other producers and the snapshot. 0: nothing is left. */
static uint64_t share_of(uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        return deadline_ns;
    }
    uint64_t now_ns = otmi_monotonic_ns();
    return deadline_ns > now_ns ? now_ns + (deadline_ns - now_ns) / 2 : 0;
}

static otm_status ask(const merge *m, const otm_produce_request *asked)
{
    otm_produce_request own = *asked;
    own.deadline_ns = share_of(m->request->deadline_ns);
    if (own.deadline_ns == 0) {
        return OTM_ERR_TIMEOUT;
    }
    otm_status st = otmi_metric_producer_ask(m->lease->producer, &own, &m->lease->data);
    otm_status merged = m->lease->data != NULL ? merge_tree(m) : OTM_OK;
    return st != OTM_OK ? st : merged;
}

otmi_lease *otmi_producers_ask(const otmi_collect_request *request, const otm_produce_request *asked, otmi_diag *diag)
{
    otmi_lease *first = NULL;
    otmi_lease **end = &first;
    for (size_t i = 0; i < request->producer_count; i++) {
        otmi_lease *lease = otmi_arena_alloc(request->arena, sizeof *lease);
        otm_status st = OTM_ERR_NO_MEMORY;
        if (lease != NULL) {
            lease->producer = request->producers[i];
            st = ask(&(merge){.request = request, .diag = diag, .index = i, .lease = lease}, asked);
            *end = lease;
            end = &lease->next;
        }
        if (st != OTM_OK) {
            otmi_diag_report(diag, OTM_WARN, st, &(otmi_diag_origin){.component = "producer"},
                             "the reader's producer %zu failed with %s: what it gave before that is passed on", i,
                             otm_status_name(st));
        }
    }
    return first;
}

void otmi_leases_end(otmi_lease *leases)
{
    for (otmi_lease *lease = leases; lease != NULL; lease = lease->next) {
        if (lease->data != NULL) {
            otmi_metric_producer_give_back(lease->producer, lease->data);
        }
    }
}
