#include "node.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define WALLET_KEY_DIGITS 130

/* What a coordination executor reports a proposal to. */
typedef struct wallet {
    keep_node *node;
    unsigned index;
    char key[WALLET_KEY_DIGITS + 1];
    signing_executor *signer;           /* NULL until first needed */
    coordination_executor *coordinator; /* NULL until first needed */
} wallet;

struct keep_node {
    block_clock *clock;
    dice dice;
    fault_switches faults;
    otm_keep_recorder_ref recorder;
    network_provider *network;
    wallet_dispatcher *dispatcher;
    dkg_executor *dkg;
    beacon *beacon;
    _Atomic bool stopping;
    _Atomic uint64_t windows;

    pthread_mutex_t wiring; /* guards the executors in wallets, and wired; so none is missed that is being made */
    otm_keep_recorder *wired;
    wallet wallets[WALLET_COUNT];
};

/* -- Life ---------------------------------------------------------------------------------------------------------- */

static void init_wallet(keep_node *node, unsigned index)
{
    wallet *w = &node->wallets[index];
    w->node = node;
    w->index = index;
    w->key[0] = '0';
    w->key[1] = '4'; /* an uncompressed public key */
    for (size_t i = 2; i < WALLET_KEY_DIGITS; i++) {
        w->key[i] = "0123456789abcdef"[dice_below(&node->dice, 16)];
    }
}

keep_node *node_create(block_clock *clock, uint64_t seed)
{
    keep_node *node = node_alloc(sizeof *node);
    node->clock = clock;
    dice_init(&node->dice, seed);
    otm_keep_recorder_ref_init(&node->recorder);
    pthread_mutex_init(&node->wiring, NULL);
    for (unsigned i = 0; i < WALLET_COUNT; i++) {
        init_wallet(node, i);
    }
    node->network = network_provider_create(clock, dice_draw(&node->dice));
    channel_manager *channels = network_provider_channels(node->network);
    node->dispatcher = wallet_dispatcher_create(clock, &node->faults, dice_draw(&node->dice));
    node->dkg = dkg_executor_create(clock, channels, dice_draw(&node->dice));
    node->beacon = beacon_create(clock, channels, &node->faults, dice_draw(&node->dice));
    return node;
}

void node_destroy(keep_node *node)
{
    if (node == NULL) {
        return;
    }
    node_set_metrics_recorder(node, NULL);
    for (unsigned i = 0; i < WALLET_COUNT; i++) {
        signing_executor_destroy(node->wallets[i].signer);
        coordination_executor_destroy(node->wallets[i].coordinator);
    }
    beacon_destroy(node->beacon);
    dkg_executor_destroy(node->dkg);
    wallet_dispatcher_destroy(node->dispatcher);
    network_provider_destroy(node->network);
    otm_keep_recorder_ref_fini(&node->recorder);
    pthread_mutex_destroy(&node->wiring);
    free(node);
}

/* -- Wiring -------------------------------------------------------------------------------------------------------- */

void node_set_metrics_recorder(keep_node *node, otm_keep_recorder *recorder)
{
    pthread_mutex_lock(&node->wiring);
    (void)otm_keep_recorder_retain(recorder);
    otm_keep_recorder_release(node->wired);
    node->wired = recorder;
    (void)otm_keep_recorder_ref_set(&node->recorder, recorder);
    wallet_dispatcher_set_metrics_recorder(node->dispatcher, recorder);
    dkg_executor_set_metrics_recorder(node->dkg, recorder);
    for (unsigned i = 0; i < WALLET_COUNT; i++) {
        if (node->wallets[i].signer != NULL) {
            signing_executor_set_metrics_recorder(node->wallets[i].signer, recorder);
        }
        if (node->wallets[i].coordinator != NULL) {
            coordination_executor_set_metrics_recorder(node->wallets[i].coordinator, recorder);
        }
    }
    network_provider_set_metrics_recorder(node->network, recorder);
    beacon_set_metrics_recorder(node->beacon, recorder);
    pthread_mutex_unlock(&node->wiring);
}

static net_channel *wallet_channel(wallet *w, const char *suffix)
{
    char name[WALLET_KEY_DIGITS + 32];
    (void)snprintf(name, sizeof name, "tbtc-%s%s", w->key, suffix);
    return channel_manager_get(network_provider_channels(w->node->network), name);
}

signing_executor *node_signing_executor(keep_node *node, unsigned index)
{
    wallet *w = &node->wallets[index];
    pthread_mutex_lock(&node->wiring);
    if (w->signer == NULL) {
        net_channel *channel = wallet_channel(w, "");
        w->signer = signing_executor_create(node->clock, channel, &node->faults, dice_draw(&node->dice));
        signing_executor_set_metrics_recorder(w->signer, node->wired);
        channel_release(channel);
        channel_release(wallet_channel(w, "-inactivity")); /* opened together, and silent */
    }
    signing_executor *signer = w->signer;
    pthread_mutex_unlock(&node->wiring);
    return signer;
}

/* Rejected proposals are counted by the dispatcher; nothing else becomes of them. */
static void on_proposal(void *subject, wallet_action_type type, int64_t now_ns, int64_t start_ns)
{
    wallet *w = subject;
    (void)wallet_dispatcher_dispatch(w->node->dispatcher, w->index, type, node_signing_executor(w->node, w->index),
                                     now_ns, start_ns);
}

coordination_executor *node_coordination_executor(keep_node *node, unsigned index)
{
    wallet *w = &node->wallets[index];
    pthread_mutex_lock(&node->wiring);
    if (w->coordinator == NULL) {
        net_channel *channel = wallet_channel(w, "-coordination");
        w->coordinator = coordination_executor_create(node->clock, channel, &node->faults, dice_draw(&node->dice),
                                                      on_proposal, w);
        coordination_executor_set_metrics_recorder(w->coordinator, node->wired);
        channel_release(channel);
    }
    coordination_executor *coordinator = w->coordinator;
    pthread_mutex_unlock(&node->wiring);
    return coordinator;
}

wallet_dispatcher *node_wallet_dispatcher(keep_node *node)
{
    return node->dispatcher;
}

dkg_executor *node_dkg_executor(keep_node *node)
{
    return node->dkg;
}

network_provider *node_network_provider(keep_node *node)
{
    return node->network;
}

beacon *node_beacon(keep_node *node)
{
    return node->beacon;
}

fault_switches *node_faults(keep_node *node)
{
    return &node->faults;
}

/* -- Coordination windows ------------------------------------------------------------------------------------------ */

/* The first window shows all that can happen; afterwards it is left to chance. */
static const coordination_plan first_plans[WALLET_COUNT] = {
    COORDINATE_WITH_FAILING_LEADER, COORDINATE_WITH_IDLE_LEADER, COORDINATE_TO_PROPOSAL,
    COORDINATE_TO_PROPOSAL,         COORDINATE_TO_PROPOSAL,
};

static void on_window(void *subject, int64_t now_ns)
{
    keep_node *node = subject;
    if (node->stopping) {
        return;
    }
    bool is_first = node->windows++ == 0;
    (void)otm_keep_recorder_ref_increment(&node->recorder, OTM_KEEP_COORDINATION_WINDOWS_DETECTED_TOTAL, 1);
    for (unsigned i = 0; i < WALLET_COUNT; i++) {
        coordination_executor_coordinate(node_coordination_executor(node, i), now_ns,
                                         is_first ? first_plans[i] : COORDINATE_BY_CHANCE);
    }
    block_clock_at(node->clock, now_ns + BLOCKS(WINDOW_BLOCKS), on_window, node);
}

void node_start(keep_node *node, int64_t now_ns)
{
    network_provider_start(node->network, now_ns);
    int64_t blocks_left = WINDOW_BLOCKS - block_clock_block(now_ns) % WINDOW_BLOCKS;
    block_clock_at(node->clock, now_ns + BLOCKS(blocks_left), on_window, node);
}

void node_stop(keep_node *node)
{
    node->stopping = true;
    network_provider_stop(node->network);
}

/* -- What the node knows of itself --------------------------------------------------------------------------------- */

uint64_t node_running_signings(keep_node *node)
{
    uint64_t running = 0;
    pthread_mutex_lock(&node->wiring);
    for (unsigned i = 0; i < WALLET_COUNT; i++) {
        running += node->wallets[i].signer == NULL ? 0 : signing_executor_running(node->wallets[i].signer);
    }
    pthread_mutex_unlock(&node->wiring);
    return running;
}

size_t node_write_diagnostics(keep_node *node, char *text, size_t capacity)
{
    int written = snprintf(text, capacity,
                           "{\"client_info\":{\"chain_address\":\"0x7c3f0b8ad9e64d10a7c2f9e1b5d3806e4fa29c51\","
                           "\"network_id\":\"16Uiu2HAmSimulatedNode\",\"version\":\"v2.5.1-simulated\"},"
                           "\"connected_peers\":%u,\"channels\":%zu,"
                           "\"eth_chain_info\":{\"latest_block_number\":%" PRId64 "},"
                           "\"coordination_windows\":%" PRIu64 "}\n",
                           network_provider_connected_peers(node->network),
                           channel_manager_channel_count(network_provider_channels(node->network)),
                           block_clock_block(block_clock_now(node->clock)), node->windows);
    return written < 0 ? 0 : (size_t)written < capacity ? (size_t)written : capacity - 1;
}
