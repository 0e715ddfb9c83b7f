/* Coordinates one wallet in each coordination window: as its leader, or as a follower who waits for the leader. */
#ifndef KEEP_NODE_COORDINATION_EXECUTOR_H
#define KEEP_NODE_COORDINATION_EXECUTOR_H

#include "channel.h"
#include "dice.h"
#include "faults.h"
#include "wallet_dispatcher.h"

typedef struct coordination_executor coordination_executor;

typedef enum coordination_plan {
    COORDINATE_BY_CHANCE,
    COORDINATE_WITH_FAILING_LEADER, /* this node */
    COORDINATE_WITH_IDLE_LEADER,    /* another one */
    COORDINATE_TO_PROPOSAL          /* of an action, not a no-op */
} coordination_plan;

/* Somebody proposed an action for the wallet that `subject` stands for; start_ns is the end of the window. */
typedef void (*coordination_proposal)(void *subject, wallet_action_type type, int64_t now_ns, int64_t start_ns);

/* The channel is retained. */
coordination_executor *coordination_executor_create(block_clock *clock, net_channel *channel,
                                                    const fault_switches *faults, uint64_t seed,
                                                    coordination_proposal on_proposal, void *subject);
void coordination_executor_destroy(coordination_executor *executor);

void coordination_executor_set_metrics_recorder(coordination_executor *executor, otm_keep_recorder *recorder);

void coordination_executor_coordinate(coordination_executor *executor, int64_t now_ns, coordination_plan plan);

#endif
