/* The node's peers: connections that come and go, and the ping test of each peer that is new. */
#ifndef KEEP_NODE_NETWORK_PROVIDER_H
#define KEEP_NODE_NETWORK_PROVIDER_H

#include "channel_manager.h"
#include "dice.h"

#define PEER_COUNT 100

typedef struct network_provider network_provider;

network_provider *network_provider_create(block_clock *clock, uint64_t seed);
void network_provider_destroy(network_provider *network);

/* Also hands it to the channel manager. */
void network_provider_set_metrics_recorder(network_provider *network, otm_keep_recorder *recorder);

channel_manager *network_provider_channels(network_provider *network);

/* Connects to all peers, then keeps losing and finding some of them until stopped. */
void network_provider_start(network_provider *network, int64_t now_ns);
void network_provider_stop(network_provider *network);

/* Ping tests that are measured and not over. */
uint64_t network_provider_running_pings(const network_provider *network);
unsigned network_provider_connected_peers(network_provider *network);

#endif
