/* Metrics as OTLP JSON, read into the SDK's read-only tree. */
#ifndef DRIVER_TREE_H
#define DRIVER_TREE_H

#include <jansson.h>
#include <otm/sdk_data.h>

#include "driver_values.h"

typedef struct driver_tree {
    otm_metrics_data data;
    otm_resource_metrics resource;
    json_t *json; /* held: strings stay where they are in it */
    struct driver_tree_block *blocks;
} driver_tree;

/* From an array of ScopeMetrics. False: it is none, and nothing is held. The tree points into itself: never copy it. */
bool driver_tree_init(driver_tree *tree, json_t *scopes);
void driver_tree_fini(driver_tree *tree);

#endif
