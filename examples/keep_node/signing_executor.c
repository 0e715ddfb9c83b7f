#include "signing_executor.h"

#include <stdlib.h>

#define ATTEMPT_BLOCKS 41
#define MAX_ATTEMPTS 5
#define LOCAL_SEATS 4

struct signing_executor {
    block_clock *clock;
    net_channel *channel;
    const fault_switches *faults;
    dice dice;
    otm_keep_recorder_ref recorder;
    _Atomic bool busy;
    _Atomic uint64_t running;
};

/* Measured wholly or not at all: with the recorder it began with. */
typedef struct operation {
    signing_executor *executor;
    otm_keep_recorder *recorder;
    int64_t start_ns;
    bool succeeds;
    signing_done done;
    void *subject;
} operation;

signing_executor *signing_executor_create(block_clock *clock, net_channel *channel, const fault_switches *faults,
                                          uint64_t seed)
{
    signing_executor *executor = node_alloc(sizeof *executor);
    executor->clock = clock;
    executor->channel = channel_retain(channel);
    executor->faults = faults;
    dice_init(&executor->dice, seed);
    otm_keep_recorder_ref_init(&executor->recorder);
    return executor;
}

void signing_executor_destroy(signing_executor *executor)
{
    if (executor != NULL) {
        otm_keep_recorder_ref_fini(&executor->recorder);
        channel_release(executor->channel);
        free(executor);
    }
}

void signing_executor_set_metrics_recorder(signing_executor *executor, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&executor->recorder, recorder);
}

uint64_t signing_executor_running(const signing_executor *executor)
{
    return executor->running;
}

static void end_operation(operation *op, bool is_signed, int64_t now_ns)
{
    (void)otm_keep_recorder_increment(
        op->recorder, is_signed ? OTM_KEEP_SIGNING_SUCCESS_TOTAL : OTM_KEEP_SIGNING_FAILED_TOTAL, 1);
    if (op->recorder != NULL) {
        op->executor->running--;
    }
    otm_keep_recorder_release(op->recorder);
    if (op->done != NULL) {
        op->done(op->subject, is_signed, now_ns);
    }
    free(op);
}

static void end_attempts(void *subject, int64_t now_ns)
{
    operation *op = subject;
    if (!op->succeeds) {
        (void)otm_keep_recorder_increment(op->recorder, OTM_KEEP_SIGNING_TIMEOUTS_TOTAL, 1);
    }
    (void)otm_keep_recorder_record_ns(op->recorder, OTM_KEEP_SIGNING_DURATION_SECONDS, now_ns - op->start_ns);
    op->executor->busy = false;
    end_operation(op, op->succeeds, now_ns);
}

/* Members are chosen at random for each attempt, so a few silent ones spoil many; beyond 49 no attempt can succeed. */
static double success_chance(unsigned silent_members)
{
    static const double chances[] = {0.97, 0.49, 0.24, 0.11, 0.05};
    return silent_members < sizeof chances / sizeof chances[0] ? chances[silent_members] : 0;
}

/* Goes through the attempts: each fails after 41 blocks, or succeeds after announcement and protocol. */
static int64_t draw_duration(signing_executor *executor, bool *succeeds)
{
    double chance = success_chance(executor->faults->silent_members);
    *succeeds = false;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        if (dice_chance(&executor->dice, chance)) {
            *succeeds = true;
            return BLOCKS(attempt * ATTEMPT_BLOCKS) + SECONDS(72) + dice_time(&executor->dice, 10, 120);
        }
    }
    return BLOCKS(MAX_ATTEMPTS * ATTEMPT_BLOCKS);
}

void signing_executor_sign(signing_executor *executor, int64_t now_ns, signing_done done, void *subject)
{
    operation *op = node_alloc(sizeof *op);
    *op = (operation){.executor = executor, .start_ns = now_ns, .done = done, .subject = subject};
    op->recorder = otm_keep_recorder_ref_retain(&executor->recorder);
    (void)otm_keep_recorder_increment(op->recorder, OTM_KEEP_SIGNING_OPERATIONS_TOTAL, 1);
    if (op->recorder != NULL) {
        executor->running++;
    }
    if (dice_chance(&executor->dice, 0.01)) { /* the key could not be encoded */
        end_operation(op, false, now_ns);
        return;
    }
    if (atomic_exchange(&executor->busy, true)) {
        end_operation(op, false, now_ns);
        return;
    }
    int64_t end_ns = now_ns + draw_duration(executor, &op->succeeds);
    channel_open_context(executor->channel, now_ns, end_ns, LOCAL_SEATS, 60);
    block_clock_at(executor->clock, end_ns, end_attempts, op);
}
