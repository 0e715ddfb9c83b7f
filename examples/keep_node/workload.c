#include "workload.h"

#include <pthread.h>
#include <stdlib.h>

struct workload {
    block_clock *clock;
    keep_node *node;
    dice dice;
    otm_keep_recorder *recorders[2];
    _Atomic uint64_t key_generations;
    _Atomic uint64_t relay_requests;
    _Atomic uint64_t presses;
    _Atomic uint64_t silences;
    _Atomic uint64_t recorder_changes;
    pthread_mutex_t mu; /* so that no recorder is changed after the end */
    bool stopping;
};

workload *workload_create(block_clock *clock, keep_node *node, uint64_t seed, otm_keep_recorder *first,
                          otm_keep_recorder *second)
{
    workload *load = node_alloc(sizeof *load);
    load->clock = clock;
    load->node = node;
    dice_init(&load->dice, seed);
    load->recorders[0] = otm_keep_recorder_retain(first);
    load->recorders[1] = otm_keep_recorder_retain(second);
    pthread_mutex_init(&load->mu, NULL);
    return load;
}

void workload_destroy(workload *load)
{
    if (load != NULL) {
        otm_keep_recorder_release(load->recorders[0]);
        otm_keep_recorder_release(load->recorders[1]);
        pthread_mutex_destroy(&load->mu);
        free(load);
    }
}

static bool is_stopping(workload *load)
{
    pthread_mutex_lock(&load->mu);
    bool stopping = load->stopping;
    pthread_mutex_unlock(&load->mu);
    return stopping;
}

static void again(workload *load, int64_t now_ns, double low_s, double high_s, block_task task)
{
    block_clock_at(load->clock, now_ns + dice_time(&load->dice, low_s, high_s), task, load);
}

/* -- What the chain asks for --------------------------------------------------------------------------------------- */

/* The first two show a challenge and an approval. Far more frequent than on a real network. */
static void generate_key(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    uint64_t count = load->key_generations++;
    dkg_executor_start(node_dkg_executor(load->node), now_ns,
                       count == 0   ? DKG_WITH_INVALID_RESULT
                       : count == 1 ? DKG_WITH_VALID_RESULT
                                    : DKG_BY_CHANCE);
    again(load, now_ns, 2000, count == 0 ? 2000 : 12000, generate_key);
}

/* The second one fails. */
static void request_entry(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    beacon_generate(node_beacon(load->node), now_ns, load->relay_requests++ == 1);
    again(load, now_ns, 300, 1500, request_entry);
}

/* -- Faults -------------------------------------------------------------------------------------------------------- */

/* Somebody asks for an action, at times for a signature as well, whether or not the wallet is busy. The first time it
 * is: after the first window wallet 2 has a proposal. */
static void press_wallet(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    unsigned wallet = load->presses++ == 0 ? 2 : dice_below(&load->dice, WALLET_COUNT);
    signing_executor *signer = node_signing_executor(load->node, wallet);
    (void)wallet_dispatcher_dispatch(node_wallet_dispatcher(load->node), wallet, ACTION_HEARTBEAT, signer, now_ns,
                                     now_ns + BLOCKS(1));
    if (dice_chance(&load->dice, 0.2)) {
        signing_executor_sign(signer, now_ns, NULL, NULL);
    }
    again(load, now_ns, 600, 2400, press_wallet);
}

/* More messages than the queues hold, on the beacon's channel. */
static void flood(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    channel_flood(beacon_channel(node_beacon(load->node)), now_ns, INCOMING_CAPACITY + 2000);
    again(load, now_ns, 2000, 8000, flood);
}

static void end_rpc_fault(void *subject, int64_t now_ns)
{
    (void)now_ns;
    node_faults(((workload *)subject)->node)->rpc_down = false;
}

static void break_rpc(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    node_faults(load->node)->rpc_down = true;
    again(load, now_ns, 120, 600, end_rpc_fault);
    again(load, now_ns, 5000, 20000, break_rpc);
}

static void end_silence(void *subject, int64_t now_ns)
{
    (void)now_ns;
    node_faults(((workload *)subject)->node)->silent_members = 0;
}

/* Every wallet is asked for a heartbeat; those that are busy reject it. */
static void press_all_wallets(workload *load, int64_t now_ns)
{
    for (unsigned wallet = 0; wallet < WALLET_COUNT; wallet++) {
        (void)wallet_dispatcher_dispatch(node_wallet_dispatcher(load->node), wallet, ACTION_HEARTBEAT,
                                         node_signing_executor(load->node, wallet), now_ns, now_ns + BLOCKS(1));
    }
}

/* First so many that no signature is possible, afterwards three. */
static void silence_members(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    bool is_first = load->silences++ == 0;
    node_faults(load->node)->silent_members = is_first ? 50 : 3;
    if (is_first) {
        press_all_wallets(load, now_ns);
    }
    again(load, now_ns, 600, 1200, end_silence);
    again(load, now_ns, 10000, 20000, silence_members);
}

/* -- Changing the recorder ----------------------------------------------------------------------------------------- */

static void set_recorder(workload *load, otm_keep_recorder *recorder)
{
    pthread_mutex_lock(&load->mu);
    if (!load->stopping) {
        node_set_metrics_recorder(load->node, recorder);
        load->recorder_changes++;
    }
    pthread_mutex_unlock(&load->mu);
}

static void set_first(void *subject, int64_t now_ns)
{
    (void)now_ns;
    workload *load = subject;
    set_recorder(load, load->recorders[0]);
}

/* Replaced by another recorder, set twice, cleared, and a minute later set again. */
static void change_recorder(void *subject, int64_t now_ns)
{
    workload *load = subject;
    if (is_stopping(load)) {
        return;
    }
    set_recorder(load, load->recorders[1]);
    set_recorder(load, load->recorders[0]);
    set_recorder(load, load->recorders[0]);
    set_recorder(load, NULL);
    block_clock_at(load->clock, now_ns + SECONDS(60), set_first, load);
    again(load, now_ns, 3000, 6000, change_recorder);
}

/* -- Life ---------------------------------------------------------------------------------------------------------- */

void workload_start(workload *load)
{
    /* Two executors are there before the recorder is set, and must get it all the same. */
    (void)node_signing_executor(load->node, 0);
    (void)node_coordination_executor(load->node, 0);
    set_recorder(load, load->recorders[0]);

    node_start(load->node, 0);
    block_clock_at(load->clock, SECONDS(60), generate_key, load);
    block_clock_at(load->clock, SECONDS(30), request_entry, load);
    block_clock_at(load->clock, SECONDS(40), flood, load);
    block_clock_at(load->clock, SECONDS(1000), press_wallet, load); /* actions wait for the end of the first window */
    block_clock_at(load->clock, SECONDS(3000), silence_members, load);
    block_clock_at(load->clock, SECONDS(4000), break_rpc, load);
    block_clock_at(load->clock, SECONDS(5000), change_recorder, load);
}

void workload_stop(workload *load)
{
    set_recorder(load, load->recorders[0]);
    pthread_mutex_lock(&load->mu);
    load->stopping = true;
    pthread_mutex_unlock(&load->mu);
    node_stop(load->node);
}

uint64_t workload_recorder_changes(const workload *load)
{
    return load->recorder_changes;
}
