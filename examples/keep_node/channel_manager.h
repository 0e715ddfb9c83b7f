/* The channels of the node, by name. New ones get the recorder that is set; all of them are watched by one callback. */
#ifndef KEEP_NODE_CHANNEL_MANAGER_H
#define KEEP_NODE_CHANNEL_MANAGER_H

#include "channel.h"

typedef struct channel_manager channel_manager;

channel_manager *channel_manager_create(block_clock *clock);
void channel_manager_destroy(channel_manager *manager);

/* Hands the recorder to all channels, and moves the queue watch over to it. Setting one twice changes nothing. */
void channel_manager_set_metrics_recorder(channel_manager *manager, otm_keep_recorder *recorder);

/* The channel of this name, made if there is none; with a reference for the caller. */
net_channel *channel_manager_get(channel_manager *manager, const char *name);

/* Forgets a channel; those who use it keep it alive. */
void channel_manager_close(channel_manager *manager, const char *name);

size_t channel_manager_channel_count(channel_manager *manager);

/* How many queue watches there are, and what they have seen. */
size_t channel_manager_watch_count(channel_manager *manager);
void channel_manager_longest_queues(channel_manager *manager, uint64_t *incoming, uint64_t *handler);

#endif
