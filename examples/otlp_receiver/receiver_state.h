/* What has arrived: the last state of every series. */
#ifndef OTLP_RECEIVER_STATE_H
#define OTLP_RECEIVER_STATE_H

#include <stdbool.h>

#include "otlp_metrics_service.pb-c.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest receiver_request;
typedef struct receiver_state receiver_state;

receiver_state *receiver_state_create(void); /* NULL without memory */
void receiver_state_destroy(receiver_state *state);

/* Takes over the points of a request, the request_number-th. False if one had to be left out: no memory, or too many
 * series. */
bool receiver_state_add(receiver_state *state, const receiver_request *request, unsigned long request_number);

/* Writes one JSON object a line, first of each resource, then of each series; replaces the file at once. */
bool receiver_state_save(const receiver_state *state, const char *path);

#endif
