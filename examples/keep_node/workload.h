/* What happens to the node: key generations, relay requests, faults, and a recorder that is changed while it runs. */
#ifndef KEEP_NODE_WORKLOAD_H
#define KEEP_NODE_WORKLOAD_H

#include "node.h"

typedef struct workload workload;

/* Two recorders of one provider, to be swapped for each other; both NULL to run unmeasured. They are retained. */
workload *workload_create(block_clock *clock, keep_node *node, uint64_t seed, otm_keep_recorder *first,
                          otm_keep_recorder *second);
void workload_destroy(workload *load);

/* Starts the node, and what it has to deal with. */
void workload_start(workload *load);

/* Begins nothing new, and leaves the first recorder set. */
void workload_stop(workload *load);

/* How often the recorder was replaced, cleared or set again while components recorded. */
uint64_t workload_recorder_changes(const workload *load);

#endif
