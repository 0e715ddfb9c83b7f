/* One collection of one reader in progress, as the files of collect_*.c share it. */
#ifndef OTMI_COLLECT_RUN_H
#define OTMI_COLLECT_RUN_H

#include "metrics/core.h"
#include "metrics/pipeline.h"

typedef struct otmi_collected_output {
    const otmi_output *output;
    const otmi_meter *meter;
    otmi_points points;
} otmi_collected_output;

/* All memory is in the request's arena. */
typedef struct otmi_collect_run {
    otmi_core *core;
    const otmi_collect_request *request;
    uint32_t reader;
    uint64_t now_ns;
    otmi_collected_output *outputs; /* in the order of meters and instruments */
    size_t output_count;
    otmi_storage **storages; /* distinct */
    otmi_points *storage_points;
    size_t storage_count;
} otmi_collect_run;

/* resource -> scope -> metric -> point (collect_tree.c). OTM_ERR_NO_MEMORY. */
otm_status otmi_collect_tree(const otmi_collect_run *run, const otm_metrics_data **out);

#endif
