#include "network_provider.h"

#include <pthread.h>
#include <stdlib.h>

#define PING_TIMEOUT SECONDS(60)
#define CHURN_MIN_S 72 /* 50 changes an hour */
#define CHURN_MAX_S 360

/* A connection is measured wholly or not at all: both its ends count with the recorder it began with. */
typedef struct connection {
    otm_keep_recorder *recorder;
    bool open;
} connection;

typedef struct peer {
    connection connections[2]; /* a peer may have more than one; only the first makes it a new peer */
} peer;

struct network_provider {
    block_clock *clock;
    dice dice;
    channel_manager *channels;
    otm_keep_recorder_ref recorder;
    _Atomic bool stopping;
    _Atomic uint64_t started_pings;
    _Atomic uint64_t running_pings;
    pthread_mutex_t mu; /* guards peers */
    peer peers[PEER_COUNT];
};

typedef struct ping {
    network_provider *network;
    otm_keep_recorder *recorder;
    bool answered;
} ping;

network_provider *network_provider_create(block_clock *clock, uint64_t seed)
{
    network_provider *network = node_alloc(sizeof *network);
    network->clock = clock;
    dice_init(&network->dice, seed);
    network->channels = channel_manager_create(clock);
    otm_keep_recorder_ref_init(&network->recorder);
    pthread_mutex_init(&network->mu, NULL);
    return network;
}

void network_provider_destroy(network_provider *network)
{
    for (size_t i = 0; i < PEER_COUNT; i++) {
        otm_keep_recorder_release(network->peers[i].connections[0].recorder);
        otm_keep_recorder_release(network->peers[i].connections[1].recorder);
    }
    channel_manager_destroy(network->channels);
    otm_keep_recorder_ref_fini(&network->recorder);
    pthread_mutex_destroy(&network->mu);
    free(network);
}

void network_provider_set_metrics_recorder(network_provider *network, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&network->recorder, recorder);
    channel_manager_set_metrics_recorder(network->channels, recorder);
}

channel_manager *network_provider_channels(network_provider *network)
{
    return network->channels;
}

/* -- Ping tests ---------------------------------------------------------------------------------------------------- */

static void end_ping(void *subject, int64_t now_ns)
{
    (void)now_ns;
    ping *p = subject;
    (void)otm_keep_recorder_increment(
        p->recorder, p->answered ? OTM_KEEP_PING_TEST_SUCCESS_TOTAL : OTM_KEEP_PING_TEST_FAILED_TOTAL, 1);
    if (p->recorder != NULL) {
        p->network->running_pings--;
    }
    otm_keep_recorder_release(p->recorder);
    free(p);
}

/* The first one gets no answer. */
static void start_ping(network_provider *network, int64_t now_ns)
{
    ping *p = node_alloc(sizeof *p);
    p->network = network;
    p->recorder = otm_keep_recorder_ref_retain(&network->recorder);
    p->answered = network->started_pings++ > 0 && !dice_chance(&network->dice, 0.02);
    (void)otm_keep_recorder_increment(p->recorder, OTM_KEEP_PING_TEST_TOTAL, 1);
    if (p->recorder != NULL) {
        network->running_pings++;
    }
    double round_trip_s = dice_log_normal(&network->dice, 0.06, 0.6);
    block_clock_at(network->clock, now_ns + (p->answered ? SECONDS(round_trip_s) : PING_TIMEOUT), end_ping, p);
}

/* -- Connections --------------------------------------------------------------------------------------------------- */

static void connect_peer(network_provider *network, size_t index, int64_t now_ns)
{
    peer *p = &network->peers[index];
    pthread_mutex_lock(&network->mu);
    bool is_new = !p->connections[0].open;
    connection *c = &p->connections[is_new ? 0 : 1];
    bool opened = !c->open;
    if (opened) {
        c->open = true;
        c->recorder = otm_keep_recorder_ref_retain(&network->recorder);
        (void)otm_keep_recorder_increment(c->recorder, OTM_KEEP_PEER_CONNECTIONS_TOTAL, 1);
    }
    pthread_mutex_unlock(&network->mu);
    if (opened && is_new) {
        start_ping(network, now_ns);
    }
}

static void close_connection_locked(connection *c)
{
    if (c->open) {
        (void)otm_keep_recorder_increment(c->recorder, OTM_KEEP_PEER_DISCONNECTIONS_TOTAL, 1);
        otm_keep_recorder_release(c->recorder);
        *c = (connection){NULL, false};
    }
}

static void disconnect_peer(network_provider *network, size_t index)
{
    pthread_mutex_lock(&network->mu);
    close_connection_locked(&network->peers[index].connections[0]);
    close_connection_locked(&network->peers[index].connections[1]);
    pthread_mutex_unlock(&network->mu);
}

static void churn(void *subject, int64_t now_ns)
{
    network_provider *network = subject;
    if (network->stopping) {
        return;
    }
    size_t index = dice_below(&network->dice, PEER_COUNT);
    if (dice_chance(&network->dice, 0.5)) {
        disconnect_peer(network, index);
    } else {
        connect_peer(network, index, now_ns); /* found again, or one connection more */
    }
    block_clock_at(network->clock, now_ns + dice_time(&network->dice, CHURN_MIN_S, CHURN_MAX_S), churn, network);
}

static void connect_all(void *subject, int64_t now_ns)
{
    network_provider *network = subject;
    for (size_t i = 0; i < PEER_COUNT; i++) {
        connect_peer(network, i, now_ns);
    }
    block_clock_at(network->clock, now_ns + dice_time(&network->dice, CHURN_MIN_S, CHURN_MAX_S), churn, network);
}

void network_provider_start(network_provider *network, int64_t now_ns)
{
    block_clock_at(network->clock, now_ns + SECONDS(1), connect_all, network);
}

void network_provider_stop(network_provider *network)
{
    network->stopping = true;
}

uint64_t network_provider_running_pings(const network_provider *network)
{
    return network->running_pings;
}

unsigned network_provider_connected_peers(network_provider *network)
{
    unsigned count = 0;
    pthread_mutex_lock(&network->mu);
    for (size_t i = 0; i < PEER_COUNT; i++) {
        count += network->peers[i].connections[0].open ? 1 : 0;
    }
    pthread_mutex_unlock(&network->mu);
    return count;
}
