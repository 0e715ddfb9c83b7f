/* The random beacon: relay entries of the groups in which this node has a member. */
#ifndef KEEP_NODE_BEACON_H
#define KEEP_NODE_BEACON_H

#include "channel_manager.h"
#include "dice.h"
#include "faults.h"

typedef struct beacon beacon;

beacon *beacon_create(block_clock *clock, channel_manager *channels, const fault_switches *faults, uint64_t seed);
void beacon_destroy(beacon *b);

void beacon_set_metrics_recorder(beacon *b, otm_keep_recorder *recorder);

/* A relay request was confirmed. It fails by chance, or certainly: then the timeout is reported as well. */
void beacon_generate(beacon *b, int64_t now_ns, bool must_fail);

/* The group's channel. It has a handler that nobody reads from any more: an old fault that shows in its queue. */
net_channel *beacon_channel(beacon *b);

/* Relay entries that are measured and not over. */
uint64_t beacon_running(const beacon *b);

#endif
