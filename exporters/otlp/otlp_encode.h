/* A collected tree as the bytes of an ExportMetricsServiceRequest. Pure: no sockets, no clock, no globals. */
#ifndef OTMI_OTLP_ENCODE_H
#define OTMI_OTLP_ENCODE_H

#include <otm/sdk_data.h>

#include "util/arena.h"
#include "util/buf.h"

typedef struct otmi_otlp_encoded {
    size_t points;      /* in the bytes */
    size_t unsupported; /* left out: of a metric type, temporality or number kind that OTLP does not have */
} otmi_otlp_encoded;

/* Appends the message to `out`, unless it has no points: then nothing is appended. `scratch` holds the tree of messages
 * meanwhile; its pieces are void afterwards.
 * Fails: OTM_ERR_LIMIT      the message has more than max_bytes
 *        OTM_ERR_NO_MEMORY
 * counts->points and ->unsupported are set in each case. */
otm_status otmi_otlp_encode(const otm_metrics_data *data, size_t max_bytes, otmi_arena *scratch, otmi_buf *out,
                            otmi_otlp_encoded *counts);

#endif
