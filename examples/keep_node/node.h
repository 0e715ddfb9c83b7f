/* The node: its wallets, and all components, wired in the order of the original.
 *
 * Signing and coordination executors are made when they are first needed and kept from then on, before or after a
 * recorder is set. */
#ifndef KEEP_NODE_NODE_H
#define KEEP_NODE_NODE_H

#include "beacon.h"
#include "coordination_executor.h"
#include "dkg_executor.h"
#include "network_provider.h"
#include "wallet_dispatcher.h"

typedef struct keep_node keep_node;

keep_node *node_create(block_clock *clock, uint64_t seed);
void node_destroy(keep_node *node);

/* Hands the recorder (NULL: none) to every component, those that exist already and those that are still to be made.
 * Threads: any, while everything runs. */
void node_set_metrics_recorder(keep_node *node, otm_keep_recorder *recorder);

/* Connects to the peers and begins to watch for coordination windows. */
void node_start(keep_node *node, int64_t now_ns);

/* Begins nothing new; what runs goes on to its end. */
void node_stop(keep_node *node);

/* The components. */
signing_executor *node_signing_executor(keep_node *node, unsigned wallet);
coordination_executor *node_coordination_executor(keep_node *node, unsigned wallet);
wallet_dispatcher *node_wallet_dispatcher(keep_node *node);
dkg_executor *node_dkg_executor(keep_node *node);
network_provider *node_network_provider(keep_node *node);
beacon *node_beacon(keep_node *node);
fault_switches *node_faults(keep_node *node);

/* What the node knows of itself, beside its metrics. */
uint64_t node_running_signings(keep_node *node);

/* The answer to GET /diagnostics, as JSON; the number of bytes written, without the final NUL. */
size_t node_write_diagnostics(keep_node *node, char *text, size_t capacity);

#endif
