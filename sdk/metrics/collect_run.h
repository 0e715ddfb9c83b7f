/* One collection of one reader in progress, as the files of collect_*.c share it. */
#ifndef OTMI_COLLECT_RUN_H
#define OTMI_COLLECT_RUN_H

#include "metrics/collect_producers.h"
#include "metrics/core.h"

typedef struct otmi_collected_output {
    otmi_output *output;
    const otmi_meter *meter;
    const char *description;
    otm_filter_result verdict;
    otmi_points points;
    otm_metric *metric; /* what became of it in the tree; NULL: nothing */
} otmi_collected_output;

/* All memory is in the request's arena. */
typedef struct otmi_collect_run {
    otmi_core *core;
    const otmi_collect_request *request;
    uint32_t reader;
    uint64_t now_ns;
    otmi_collected_output *outputs; /* in the order of branches, meters and instruments */
    size_t output_count;
    size_t branch_count; /* the provider's own, which comes first, included */
    otmi_storage **storages; /* distinct */
    otmi_points *storage_points;
    size_t storage_count;
    otmi_lease *leases; /* the producers' part */
} otmi_collect_run;

/* -- Filter (collect_filter.c) ----------------------------------------------------------------------------------- */

/* Asks the reader's filter about every output. Calls it: under no lock. */
void otmi_collect_judge(otmi_collect_run *run);

/* Takes out of the tree what the filter drops of outputs that it accepted in part. Cannot fail: by now the streams have
 * been emptied. Calls the filter: under no lock, and while nobody waits for a snapshot. */
void otmi_collect_sift(otmi_collect_run *run, otm_metrics_data *data);

/* -- Tree (collect_tree.c) --------------------------------------------------------------------------------------- */

otm_metric_type otmi_metric_type_of(const otmi_stream *stream);
otm_scope otmi_meter_scope(const otmi_meter *meter);

/* resource -> scope -> metric -> point. OTM_ERR_NO_MEMORY. */
otm_status otmi_collect_tree(otmi_collect_run *run, otm_metrics_data **out);

#endif
