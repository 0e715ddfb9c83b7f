/* What a reader needs from the provider it belongs to: one collection. */
#ifndef OTMI_PIPELINE_H
#define OTMI_PIPELINE_H

#include <otm/sdk_reader.h>

#include "util/arena.h"
#include "util/diag.h"

typedef struct otmi_pipeline otmi_pipeline; /* the provider's core, as readers see it */

/* One collection as a reader asks for it. */
typedef struct otmi_collect_request {
    size_t reader_index;
    const otm_temporality *temporality; /* by instrument kind */
    uint64_t deadline_ns;               /* on the system's monotonic clock */
    otm_metric_filter *filter;          /* NULL: none */
    otm_metric_producer *const *producers;
    size_t producer_count;
    otmi_arena *arena; /* where all of it lies */
} otmi_collect_request;

/* What a collection gave. The producers' trees in it are to be given back with otmi_leases_end(). */
typedef struct otmi_collected {
    const otm_metrics_data *data;
    struct otmi_lease *leases;
} otmi_collected;

/* Runs callbacks, asks producers, and snapshots all streams of the reader. The caller runs one collection of a reader
 * at a time. OTM_ERR_TIMEOUT, OTM_ERR_NO_MEMORY: nothing is lost, the data comes with the next collection, and there is
 * nothing to give back. */
otm_status otmi_pipeline_collect(otmi_pipeline *pipeline, const otmi_collect_request *request, otmi_collected *out);

const otm_clock *otmi_pipeline_clock(const otmi_pipeline *pipeline);
otmi_diag *otmi_pipeline_diag(const otmi_pipeline *pipeline);
const otm_diagnostics_options *otmi_pipeline_diagnostics(const otmi_pipeline *pipeline);

/* True on a thread that runs a callback, for whatever collection: it must not wait for one. */
bool otmi_pipeline_inside_callback(void);

/* False in the child of a fork: the object is inert, touch none of its locks. */
bool otmi_pipeline_alive(const otmi_pipeline *pipeline);

#endif
