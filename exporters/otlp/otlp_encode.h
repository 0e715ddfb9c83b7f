/* A collected tree as the bytes of an ExportMetricsServiceRequest. Pure: no sockets, no clock, no globals. */
#ifndef OTMI_OTLP_ENCODE_H
#define OTMI_OTLP_ENCODE_H

#include <otm/sdk_data.h>

#include "util/pb_writer.h"

typedef struct otmi_otlp_encoded {
    size_t points;      /* in the bytes */
    size_t unsupported; /* left out: of a metric type, temporality or number kind that OTLP does not have */
} otmi_otlp_encoded;

/* Makes the message in `out`, over what was there. It is empty if there are no points, and on failure.
 * Fails: OTM_ERR_LIMIT      the message has more than out->maximum bytes
 *        OTM_ERR_NO_MEMORY
 * counts->points and ->unsupported are set in each case. */
otm_status otmi_otlp_encode(const otm_metrics_data *data, otmi_pb_writer *out, otmi_otlp_encoded *counts);

#endif
