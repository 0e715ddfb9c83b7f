#include "channel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HANDLERS 32
#define MAX_NAME 255

typedef struct handler {
    uint64_t id; /* never used again on this channel; 0: free */
    unsigned length;
    bool idle; /* nobody reads from it */
} handler;

struct net_channel {
    char name[MAX_NAME + 1];
    block_clock *clock;
    otm_keep_recorder_ref recorder;
    pthread_mutex_t mu; /* guards what follows */
    uint64_t references;
    uint64_t last_handler_id;
    unsigned incoming;
    handler handlers[MAX_HANDLERS];
};

typedef struct context {
    net_channel *channel;
    uint64_t handler_id;
    int64_t end_ns;
    unsigned own;
    unsigned others;
} context;

/* -- Life ---------------------------------------------------------------------------------------------------------- */

net_channel *channel_create(const char *name, block_clock *clock)
{
    net_channel *c = node_alloc(sizeof *c);
    strncpy(c->name, name, MAX_NAME);
    c->clock = clock;
    c->references = 1;
    otm_keep_recorder_ref_init(&c->recorder);
    pthread_mutex_init(&c->mu, NULL);
    return c;
}

net_channel *channel_retain(net_channel *c)
{
    pthread_mutex_lock(&c->mu);
    c->references++;
    pthread_mutex_unlock(&c->mu);
    return c;
}

void channel_release(net_channel *c)
{
    pthread_mutex_lock(&c->mu);
    bool last = --c->references == 0;
    pthread_mutex_unlock(&c->mu);
    if (last) {
        otm_keep_recorder_ref_fini(&c->recorder);
        pthread_mutex_destroy(&c->mu);
        free(c);
    }
}

const char *channel_name(const net_channel *c)
{
    return c->name;
}

void channel_set_metrics_recorder(net_channel *c, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&c->recorder, recorder);
}

/* -- Messages ------------------------------------------------------------------------------------------------------ */

static void count_messages(net_channel *c, otm_keep_metric metric, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)otm_keep_recorder_ref_increment(&c->recorder, metric, 1);
    }
}

static void publish(net_channel *c, unsigned count)
{
    count_messages(c, OTM_KEEP_MESSAGE_BROADCAST_TOTAL, count);
}

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

static void deliver(net_channel *c, unsigned count)
{
    pthread_mutex_lock(&c->mu);
    c->incoming = at_most(c->incoming + count, INCOMING_CAPACITY); /* the rest is dropped */
    pthread_mutex_unlock(&c->mu);
}

/* The channel's worker: takes messages from the incoming queue and hands them to every handler. */
static void work_off(net_channel *c, unsigned count)
{
    pthread_mutex_lock(&c->mu);
    unsigned taken = at_most(count, c->incoming);
    c->incoming -= taken;
    for (size_t i = 0; i < MAX_HANDLERS; i++) {
        if (c->handlers[i].id != 0) {
            c->handlers[i].length = at_most(c->handlers[i].length + taken, HANDLER_CAPACITY);
        }
    }
    pthread_mutex_unlock(&c->mu);
    count_messages(c, OTM_KEEP_MESSAGE_RECEIVED_TOTAL, taken);
}

static handler *find_handler_locked(net_channel *c, uint64_t id)
{
    for (size_t i = 0; i < MAX_HANDLERS; i++) {
        if (c->handlers[i].id == id) {
            return &c->handlers[i];
        }
    }
    return NULL;
}

/* 0 if there are too many: then the messages are counted, but queue nowhere. */
static uint64_t add_handler(net_channel *c, bool idle)
{
    pthread_mutex_lock(&c->mu);
    handler *free_place = find_handler_locked(c, 0);
    uint64_t id = 0;
    if (free_place != NULL) {
        id = ++c->last_handler_id;
        *free_place = (handler){.id = id, .idle = idle};
    }
    pthread_mutex_unlock(&c->mu);
    return id;
}

static void read_handler(net_channel *c, uint64_t id)
{
    pthread_mutex_lock(&c->mu);
    handler *h = id == 0 ? NULL : find_handler_locked(c, id);
    if (h != NULL && !h->idle) {
        h->length = 0;
    }
    pthread_mutex_unlock(&c->mu);
}

static void remove_handler(net_channel *c, uint64_t id)
{
    pthread_mutex_lock(&c->mu);
    handler *h = id == 0 ? NULL : find_handler_locked(c, id);
    if (h != NULL) {
        *h = (handler){0};
    }
    pthread_mutex_unlock(&c->mu);
}

void channel_add_idle_handler(net_channel *c)
{
    (void)add_handler(c, true);
}

/* -- Contexts ------------------------------------------------------------------------------------------------------ */

/* A block in three tasks, each of which asks for the next: tasks of one context never run at the same time. */
static void begin_block(void *subject, int64_t now_ns);

static void work_rest(void *subject, int64_t now_ns)
{
    context *ctx = subject;
    work_off(ctx->channel, INCOMING_CAPACITY);
    if (now_ns < ctx->end_ns) {
        block_clock_at(ctx->channel->clock, now_ns + SECONDS(4), begin_block, ctx);
        return;
    }
    remove_handler(ctx->channel, ctx->handler_id);
    channel_release(ctx->channel);
    free(ctx);
}

static void work_half(void *subject, int64_t now_ns)
{
    context *ctx = subject;
    work_off(ctx->channel, ctx->others / 2);
    block_clock_at(ctx->channel->clock, now_ns + SECONDS(4), work_rest, ctx);
}

static void begin_block(void *subject, int64_t now_ns)
{
    context *ctx = subject;
    read_handler(ctx->channel, ctx->handler_id);
    publish(ctx->channel, ctx->own);
    deliver(ctx->channel, ctx->own + ctx->others); /* a channel hears itself, too */
    block_clock_at(ctx->channel->clock, now_ns + SECONDS(4), work_half, ctx);
}

void channel_open_context(net_channel *c, int64_t now_ns, int64_t end_ns, unsigned own, unsigned others)
{
    context *ctx = node_alloc(sizeof *ctx);
    *ctx = (context){channel_retain(c), add_handler(c, false), end_ns, own, others};
    begin_block(ctx, now_ns);
}

static void end_flood(void *subject, int64_t now_ns)
{
    (void)now_ns;
    net_channel *c = subject;
    work_off(c, INCOMING_CAPACITY);
    channel_release(c);
}

void channel_flood(net_channel *c, int64_t now_ns, unsigned count)
{
    deliver(c, count);
    block_clock_at(c->clock, now_ns + SECONDS(8), end_flood, channel_retain(c));
}

/* -- Collection ---------------------------------------------------------------------------------------------------- */

void channel_report_queues(net_channel *c, otm_keep_queue_observer *observer, uint64_t *longest_incoming,
                           uint64_t *longest_handler)
{
    pthread_mutex_lock(&c->mu);
    unsigned incoming = c->incoming;
    handler handlers[MAX_HANDLERS];
    memcpy(handlers, c->handlers, sizeof handlers);
    pthread_mutex_unlock(&c->mu);

    otm_keep_report_incoming_queue(observer, c->name, incoming);
    *longest_incoming = incoming > *longest_incoming ? incoming : *longest_incoming;
    for (size_t i = 0; i < MAX_HANDLERS; i++) {
        if (handlers[i].id != 0) {
            otm_keep_report_handler_queue(observer, c->name, handlers[i].id, handlers[i].length);
            *longest_handler = handlers[i].length > *longest_handler ? handlers[i].length : *longest_handler;
        }
    }
}
