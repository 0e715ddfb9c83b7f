/* OTLP in its JSON form (protocol/otlp.md, "JSON Protobuf Encoding"): a pure writer. */
#ifndef OTMI_OTLP_JSON_H
#define OTMI_OTLP_JSON_H

#include <otm/sdk_data.h>

#include "util/buf.h"

/* One MetricsData object without a newline. Failures stick to the buffer. */
void otmi_otlp_json_append(otmi_buf *out, const otm_metrics_data *data);

#endif
