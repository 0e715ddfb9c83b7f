#include "coordination_executor.h"

#include <stdlib.h>

#define WINDOW_LENGTH_BLOCKS 100 /* 80 active, 20 passive */
#define ACTIVE_PHASE_BLOCKS 80
#define LEADER_SHARE (1.0 / 20)
#define NOOP_SHARE 0.75

struct coordination_executor {
    block_clock *clock;
    net_channel *channel;
    const fault_switches *faults;
    dice dice;
    coordination_proposal on_proposal;
    void *subject;
    otm_keep_recorder_ref recorder;
};

typedef enum outcome { OUTCOME_NOOP, OUTCOME_PROPOSAL, OUTCOME_FAILED, OUTCOME_LEADER_TIMEOUT } outcome;

/* Measured wholly or not at all: with the recorder it began with. */
typedef struct procedure {
    coordination_executor *executor;
    otm_keep_recorder *recorder;
    int64_t start_ns;
    outcome outcome;
} procedure;

coordination_executor *coordination_executor_create(block_clock *clock, net_channel *channel,
                                                    const fault_switches *faults, uint64_t seed,
                                                    coordination_proposal on_proposal, void *subject)
{
    coordination_executor *executor = node_alloc(sizeof *executor);
    executor->clock = clock;
    executor->channel = channel_retain(channel);
    executor->faults = faults;
    executor->on_proposal = on_proposal;
    executor->subject = subject;
    dice_init(&executor->dice, seed);
    otm_keep_recorder_ref_init(&executor->recorder);
    return executor;
}

void coordination_executor_destroy(coordination_executor *executor)
{
    if (executor != NULL) {
        otm_keep_recorder_ref_fini(&executor->recorder);
        channel_release(executor->channel);
        free(executor);
    }
}

void coordination_executor_set_metrics_recorder(coordination_executor *executor, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&executor->recorder, recorder);
}

static wallet_action_type draw_action(dice *d)
{
    double x = dice_between(d, 0, 1);
    return x < 0.45   ? ACTION_REDEMPTION
           : x < 0.75 ? ACTION_DEPOSIT_SWEEP
           : x < 0.92 ? ACTION_HEARTBEAT
           : x < 0.97 ? ACTION_MOVING_FUNDS
                      : ACTION_MOVED_FUNDS_SWEEP;
}

static const otm_keep_metric outcome_metrics[] = {
    [OUTCOME_NOOP] = OTM_KEEP_COORDINATION_PROCEDURES_EXECUTED_TOTAL, /* a no-op is a proposal, too */
    [OUTCOME_PROPOSAL] = OTM_KEEP_COORDINATION_PROCEDURES_EXECUTED_TOTAL,
    [OUTCOME_FAILED] = OTM_KEEP_COORDINATION_FAILED_TOTAL,
    [OUTCOME_LEADER_TIMEOUT] = OTM_KEEP_COORDINATION_LEADER_TIMEOUT_TOTAL,
};

static void end_procedure(void *subject, int64_t now_ns)
{
    procedure *p = subject;
    coordination_executor *executor = p->executor;
    (void)otm_keep_recorder_increment(p->recorder, outcome_metrics[p->outcome], 1);
    (void)otm_keep_recorder_record_ns(p->recorder, OTM_KEEP_COORDINATION_DURATION_SECONDS, now_ns - p->start_ns);
    if (p->outcome == OUTCOME_PROPOSAL) {
        executor->on_proposal(executor->subject, draw_action(&executor->dice), now_ns,
                              p->start_ns + BLOCKS(WINDOW_LENGTH_BLOCKS));
    }
    otm_keep_recorder_release(p->recorder);
    free(p);
}

static outcome draw_outcome(coordination_executor *executor, coordination_plan plan, bool is_leader)
{
    switch (plan) {
    case COORDINATE_WITH_FAILING_LEADER:
        return OUTCOME_FAILED;
    case COORDINATE_WITH_IDLE_LEADER:
        return OUTCOME_LEADER_TIMEOUT;
    case COORDINATE_TO_PROPOSAL:
        return OUTCOME_PROPOSAL;
    default:
        break;
    }
    if (is_leader && (executor->faults->rpc_down || dice_chance(&executor->dice, 0.1))) {
        return OUTCOME_FAILED;
    }
    if (!is_leader && dice_chance(&executor->dice, 0.05)) {
        return OUTCOME_LEADER_TIMEOUT;
    }
    return dice_chance(&executor->dice, NOOP_SHARE) ? OUTCOME_NOOP : OUTCOME_PROPOSAL;
}

/* A leader builds a proposal, twice if it fails; a follower waits for the message, at most for the active phase. */
static int64_t draw_duration(dice *d, outcome o, bool is_leader)
{
    if (o == OUTCOME_LEADER_TIMEOUT) {
        return BLOCKS(ACTIVE_PHASE_BLOCKS);
    }
    if (o == OUTCOME_FAILED) {
        return SECONDS(60) + dice_time(d, 2, 60);
    }
    return is_leader ? dice_time(d, 1, 30) : dice_time(d, 1, 60);
}

void coordination_executor_coordinate(coordination_executor *executor, int64_t now_ns, coordination_plan plan)
{
    bool is_leader = plan == COORDINATE_WITH_FAILING_LEADER || dice_chance(&executor->dice, LEADER_SHARE);
    procedure *p = node_alloc(sizeof *p);
    p->executor = executor;
    p->recorder = otm_keep_recorder_ref_retain(&executor->recorder);
    p->start_ns = now_ns;
    p->outcome = draw_outcome(executor, plan, is_leader);
    int64_t end_ns = now_ns + draw_duration(&executor->dice, p->outcome, is_leader);
    channel_open_context(executor->channel, now_ns, end_ns, is_leader ? 1 : 0, 4);
    block_clock_at(executor->clock, end_ns, end_procedure, p);
}
