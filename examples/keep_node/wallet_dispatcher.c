#include "wallet_dispatcher.h"

#include <pthread.h>
#include <stdlib.h>

struct wallet_dispatcher {
    block_clock *clock;
    const fault_switches *faults;
    dice dice;
    otm_keep_recorder_ref recorder;
    pthread_mutex_t mu; /* guards what follows */
    bool busy[WALLET_COUNT];
    wallet_dispatcher_state state;
};

/* Measured wholly or not at all: with the recorder it began with. */
typedef struct wallet_action {
    wallet_dispatcher *dispatcher;
    otm_keep_recorder *recorder;
    signing_executor *signer;
    int64_t accepted_ns;
    unsigned wallet;
    wallet_action_type type;
    unsigned signatures_left;
} wallet_action;

wallet_dispatcher *wallet_dispatcher_create(block_clock *clock, const fault_switches *faults, uint64_t seed)
{
    wallet_dispatcher *dispatcher = node_alloc(sizeof *dispatcher);
    dispatcher->clock = clock;
    dispatcher->faults = faults;
    dice_init(&dispatcher->dice, seed);
    otm_keep_recorder_ref_init(&dispatcher->recorder);
    pthread_mutex_init(&dispatcher->mu, NULL);
    return dispatcher;
}

void wallet_dispatcher_destroy(wallet_dispatcher *dispatcher)
{
    otm_keep_recorder_ref_fini(&dispatcher->recorder);
    pthread_mutex_destroy(&dispatcher->mu);
    free(dispatcher);
}

/* Under the lock, so that the last value set is the last that was true. Recording takes no locks of its callers'. */
static void show_active_locked(wallet_dispatcher *dispatcher)
{
    (void)otm_keep_recorder_ref_set_gauge(&dispatcher->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS,
                                          dispatcher->state.active);
}

/* A recorder that comes late, or comes back, learns how many actions run already. */
void wallet_dispatcher_set_metrics_recorder(wallet_dispatcher *dispatcher, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&dispatcher->recorder, recorder);
    pthread_mutex_lock(&dispatcher->mu);
    show_active_locked(dispatcher);
    pthread_mutex_unlock(&dispatcher->mu);
}

wallet_dispatcher_state wallet_dispatcher_get_state(wallet_dispatcher *dispatcher)
{
    pthread_mutex_lock(&dispatcher->mu);
    wallet_dispatcher_state state = dispatcher->state;
    pthread_mutex_unlock(&dispatcher->mu);
    return state;
}

/* -- An action, from its start to its end -------------------------------------------------------------------------- */

static void end_action(wallet_action *action, bool success, int64_t now_ns)
{
    wallet_dispatcher *dispatcher = action->dispatcher;
    (void)otm_keep_recorder_increment(
        action->recorder, success ? OTM_KEEP_WALLET_ACTION_SUCCESS_TOTAL : OTM_KEEP_WALLET_ACTION_FAILED_TOTAL, 1);
    (void)otm_keep_recorder_record_ns(action->recorder, OTM_KEEP_WALLET_ACTION_DURATION_SECONDS,
                                      now_ns - action->accepted_ns);
    pthread_mutex_lock(&dispatcher->mu);
    dispatcher->busy[action->wallet] = false;
    dispatcher->state.active--;
    show_active_locked(dispatcher);
    pthread_mutex_unlock(&dispatcher->mu);
    otm_keep_recorder_release(action->recorder);
    free(action);
}

static void end_broadcast(void *subject, int64_t now_ns)
{
    wallet_action *action = subject;
    end_action(action, !action->dispatcher->faults->rpc_down, now_ns);
}

/* A heartbeat has signed all there is; the others broadcast a transaction, and look for it a minute later. */
static void finish(wallet_action *action, int64_t now_ns)
{
    if (action->type == ACTION_HEARTBEAT) {
        end_action(action, true, now_ns);
        return;
    }
    int64_t wait_ns = dice_time(&action->dispatcher->dice, 60, 300);
    block_clock_at(action->dispatcher->clock, now_ns + wait_ns, end_broadcast, action);
}

static void sign_next(void *subject, int64_t now_ns);

static void on_signature(void *subject, bool is_signed, int64_t now_ns)
{
    wallet_action *action = subject;
    if (!is_signed) {
        end_action(action, false, now_ns);
    } else if (--action->signatures_left == 0) {
        finish(action, now_ns);
    } else {
        block_clock_at(action->dispatcher->clock, now_ns + BLOCKS(2), sign_next, action);
    }
}

static void sign_next(void *subject, int64_t now_ns)
{
    wallet_action *action = subject;
    signing_executor_sign(action->signer, now_ns, on_signature, action);
}

static void start_action(void *subject, int64_t now_ns)
{
    wallet_action *action = subject;
    if (dice_chance(&action->dispatcher->dice, 0.03)) { /* the proposal was not valid */
        end_action(action, false, now_ns);
        return;
    }
    sign_next(action, now_ns);
}

/* -- Dispatch ------------------------------------------------------------------------------------------------------ */

static unsigned signatures_of(wallet_dispatcher *dispatcher, wallet_action_type type)
{
    return type == ACTION_DEPOSIT_SWEEP ? 2 + dice_below(&dispatcher->dice, 5) : 1; /* main output and deposits */
}

static bool take_wallet(wallet_dispatcher *dispatcher, unsigned wallet, bool is_measured)
{
    pthread_mutex_lock(&dispatcher->mu);
    wallet_dispatcher_state *state = &dispatcher->state;
    state->measured += is_measured ? 1 : 0;
    bool taken = !dispatcher->busy[wallet];
    if (taken) {
        dispatcher->busy[wallet] = true;
        state->active++;
        state->most_active = state->active > state->most_active ? state->active : state->most_active;
        show_active_locked(dispatcher);
    }
    pthread_mutex_unlock(&dispatcher->mu);
    return taken;
}

bool wallet_dispatcher_dispatch(wallet_dispatcher *dispatcher, unsigned wallet, wallet_action_type type,
                                signing_executor *signer, int64_t now_ns, int64_t start_ns)
{
    otm_keep_recorder *recorder = otm_keep_recorder_ref_retain(&dispatcher->recorder);
    if (!take_wallet(dispatcher, wallet, recorder != NULL)) {
        (void)otm_keep_recorder_increment(recorder, OTM_KEEP_WALLET_DISPATCHER_REJECTED_TOTAL, 1);
        otm_keep_recorder_release(recorder);
        return false;
    }
    (void)otm_keep_recorder_increment(recorder, OTM_KEEP_WALLET_ACTIONS_TOTAL, 1);
    wallet_action *action = node_alloc(sizeof *action);
    *action = (wallet_action){.dispatcher = dispatcher,
                              .recorder = recorder,
                              .signer = signer,
                              .accepted_ns = now_ns,
                              .wallet = wallet,
                              .type = type,
                              .signatures_left = signatures_of(dispatcher, type)};
    block_clock_at(dispatcher->clock, start_ns, start_action, action);
    return true;
}
