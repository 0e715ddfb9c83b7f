/* The SDK as the node uses it: one provider, read by a Prometheus endpoint and by a periodic OTLP push. */
#ifndef KEEP_NODE_METRICS_H
#define KEEP_NODE_METRICS_H

#include <stdbool.h>

#include "node.h"

typedef struct node_metrics node_metrics;

/* Serves `node`'s diagnostics beside the metrics. NULL, with a message on standard error, if nothing could be created.
 * If only the port is taken the node goes on without the endpoint: *port is 0 then. */
node_metrics *node_metrics_create(keep_node *node, uint32_t *port);

otm_meter_provider *node_metrics_provider(node_metrics *metrics);

/* Pushes everything now. False, with a message, if that did not work. */
bool node_metrics_flush(node_metrics *metrics);

/* The last push, then the end; prints what became of all points pushed. */
void node_metrics_destroy(node_metrics *metrics);

#endif
