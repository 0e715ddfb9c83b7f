/* The points of a metric, as the messages of its type. */
#ifndef OTMI_OTLP_POINTS_H
#define OTMI_OTLP_POINTS_H

#include <otm/sdk_data.h>

#include "util/pb_writer.h"

/* One message for each point, before what is there. The metric's type is one of otm_metric_type. */
void otmi_otlp_put_points(otmi_pb_writer *out, unsigned field, const otm_metric *metric);

#endif
