/* Distributed key generation: joins with its members, then validates the result, and challenges or approves it. */
#ifndef KEEP_NODE_DKG_EXECUTOR_H
#define KEEP_NODE_DKG_EXECUTOR_H

#include "channel_manager.h"
#include "dice.h"

typedef struct dkg_executor dkg_executor;

typedef enum dkg_plan {
    DKG_BY_CHANCE,
    DKG_WITH_INVALID_RESULT, /* a member fails, and the result has to be challenged */
    DKG_WITH_VALID_RESULT    /* which this node is the first to approve */
} dkg_plan;

dkg_executor *dkg_executor_create(block_clock *clock, channel_manager *channels, uint64_t seed);
void dkg_executor_destroy(dkg_executor *executor);

void dkg_executor_set_metrics_recorder(dkg_executor *executor, otm_keep_recorder *recorder);

/* A key generation was started on the chain; the node waits 20 blocks to be sure of it. */
void dkg_executor_start(dkg_executor *executor, int64_t now_ns, dkg_plan plan);

/* Measured members that were aborted during set-up, and those that still run. */
uint64_t dkg_executor_aborted(const dkg_executor *executor);
uint64_t dkg_executor_running(const dkg_executor *executor);

#endif
