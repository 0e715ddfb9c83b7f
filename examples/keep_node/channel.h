/* A broadcast channel: an incoming queue, worked off by the channel, and one queue for each handler.
 *
 * Nothing is really sent: a context (an announcement, a signing attempt, a key generation) brings its own messages and
 * those of the other members in each block while it lives, since all are sent again until it ends. */
#ifndef KEEP_NODE_CHANNEL_H
#define KEEP_NODE_CHANNEL_H

#include <otm/keep.h>

#include "block_clock.h"

#define INCOMING_CAPACITY 4096
#define HANDLER_CAPACITY 512

typedef struct net_channel net_channel; /* reference-counted */

net_channel *channel_create(const char *name, block_clock *clock);
net_channel *channel_retain(net_channel *c);
void channel_release(net_channel *c);
const char *channel_name(const net_channel *c);

void channel_set_metrics_recorder(net_channel *c, otm_keep_recorder *recorder);

/* From now to end_ns: a handler that gets what comes in, `own` messages published and `others` arriving each block. */
void channel_open_context(net_channel *c, int64_t now_ns, int64_t end_ns, unsigned own, unsigned others);

/* A handler that lives as long as the channel and that nobody reads from. */
void channel_add_idle_handler(net_channel *c);

/* Messages arrive all at once; what the incoming queue cannot hold is dropped. They are worked off 8 s later. */
void channel_flood(net_channel *c, int64_t now_ns, unsigned count);

void channel_report_queues(net_channel *c, otm_keep_queue_observer *observer, uint64_t *longest_incoming,
                           uint64_t *longest_handler);

#endif
