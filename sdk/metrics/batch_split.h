/* A tree cut into batches of limited size (metrics/sdk.md, "Periodic exporting MetricReader", maxExportBatchSize).
 *
 * A batch is a tree of its own whose points stay where they are: a metric that is cut shows a part of the same
 * array. */
#ifndef OTMI_BATCH_SPLIT_H
#define OTMI_BATCH_SPLIT_H

#include <otm/sdk_data.h>

#include "util/arena.h"

/* Where the next batch begins; all 0: at the beginning. */
typedef struct otmi_batch_cursor {
    size_t resource;
    size_t scope;
    size_t metric;
    size_t point;
} otmi_batch_cursor;

/* Makes the next batch, in the arena: `maximum` points (above 0), or what is left, in the tree's order. Metrics and
 * scopes without points are not in it. *out is NULL at the end. OTM_ERR_NO_MEMORY: the cursor is where it was. */
otm_status otmi_batch_next(const otm_metrics_data *data, size_t maximum, otmi_batch_cursor *cursor, otmi_arena *arena,
                           const otm_metrics_data **out);

#endif
