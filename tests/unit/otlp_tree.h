/* Collected trees built by hand, for tests of the OTLP exporter. */
#ifndef OTM_TEST_OTLP_TREE_H
#define OTM_TEST_OTLP_TREE_H

#include <otm/sdk_data.h>

#define OTLP_TREE_POINTS 8 /* of otlp_tree_full() */

#define OTLP_STRING(text) ((otm_string){(text), sizeof(text) - 1})

/* One of everything: each metric type, each value kind, exemplars, schema URLs, a gap. */
const otm_metrics_data *otlp_tree_full(void);

/* One resource, one scope, one gauge "g" with one point 1 at time 2. */
const otm_metrics_data *otlp_tree_small(void);

/* One gauge with `count` points of equal form; `count` is at most OTLP_TREE_MANY. */
#define OTLP_TREE_MANY 4096
const otm_metrics_data *otlp_tree_many(size_t count);

/* A tree around these metrics. One at a time. */
const otm_metrics_data *otlp_tree_of(const otm_metric *metrics, size_t count);

#endif
