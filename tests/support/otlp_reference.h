/* What protobuf-c makes of a collected tree: the judge of the encoder's bytes. */
#ifndef OTM_TEST_OTLP_REFERENCE_H
#define OTM_TEST_OTLP_REFERENCE_H

#include <otm/sdk_data.h>

#include "util/arena.h"
#include "util/buf.h"

/* Appends the request, unless it has no points. `arena` holds the messages meanwhile. Aborts without memory. */
void otlp_reference_encode(const otm_metrics_data *data, otmi_arena *arena, otmi_buf *out);

#endif
