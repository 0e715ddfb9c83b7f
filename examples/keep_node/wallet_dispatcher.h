/* Starts the actions of the wallets: at most one at a time in each. */
#ifndef KEEP_NODE_WALLET_DISPATCHER_H
#define KEEP_NODE_WALLET_DISPATCHER_H

#include <stdatomic.h>

#include "signing_executor.h"

#define WALLET_COUNT 5

typedef enum wallet_action_type {
    ACTION_HEARTBEAT,
    ACTION_REDEMPTION,
    ACTION_DEPOSIT_SWEEP,
    ACTION_MOVING_FUNDS,
    ACTION_MOVED_FUNDS_SWEEP
} wallet_action_type;

typedef struct wallet_dispatcher wallet_dispatcher;

wallet_dispatcher *wallet_dispatcher_create(block_clock *clock, const fault_switches *faults, uint64_t seed);
void wallet_dispatcher_destroy(wallet_dispatcher *dispatcher);

void wallet_dispatcher_set_metrics_recorder(wallet_dispatcher *dispatcher, otm_keep_recorder *recorder);

/* False if the wallet is busy. The action's signatures begin at start_ns: the end of the coordination window. */
bool wallet_dispatcher_dispatch(wallet_dispatcher *dispatcher, unsigned wallet, wallet_action_type type,
                                signing_executor *signer, int64_t now_ns, int64_t start_ns);

typedef struct wallet_dispatcher_state {
    unsigned active;      /* wallets with an action in flight */
    unsigned most_active; /* ever */
    uint64_t measured;    /* dispatches asked for while there was a recorder, rejected ones included */
} wallet_dispatcher_state;

wallet_dispatcher_state wallet_dispatcher_get_state(wallet_dispatcher *dispatcher);

#endif
