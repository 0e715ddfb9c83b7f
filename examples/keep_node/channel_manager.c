#include "channel_manager.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CHANNELS 128

struct channel_manager {
    block_clock *clock;

    pthread_mutex_t wiring; /* guards recorder and watch; taken before mu, and never by the callback */
    otm_keep_recorder *recorder;
    otm_keep_queue_watch *watch;

    pthread_mutex_t mu; /* guards what follows */
    net_channel *channels[MAX_CHANNELS];
    size_t count;
    uint64_t longest_incoming; /* as seen by collections */
    uint64_t longest_handler;
};

channel_manager *channel_manager_create(block_clock *clock)
{
    channel_manager *manager = node_alloc(sizeof *manager);
    manager->clock = clock;
    pthread_mutex_init(&manager->wiring, NULL);
    pthread_mutex_init(&manager->mu, NULL);
    return manager;
}

void channel_manager_destroy(channel_manager *manager)
{
    channel_manager_set_metrics_recorder(manager, NULL);
    for (size_t i = 0; i < manager->count; i++) {
        channel_release(manager->channels[i]);
    }
    pthread_mutex_destroy(&manager->mu);
    pthread_mutex_destroy(&manager->wiring);
    free(manager);
}

/* Runs at each collection. The list is copied, so that no channel is reported while its own lock waits for ours. */
static void report_queues(otm_keep_queue_observer *observer, void *user_data)
{
    channel_manager *manager = user_data;
    net_channel *channels[MAX_CHANNELS];
    pthread_mutex_lock(&manager->mu);
    size_t count = manager->count;
    for (size_t i = 0; i < count; i++) {
        channels[i] = channel_retain(manager->channels[i]);
    }
    pthread_mutex_unlock(&manager->mu);

    uint64_t incoming = 0;
    uint64_t handler = 0;
    for (size_t i = 0; i < count; i++) {
        channel_report_queues(channels[i], observer, &incoming, &handler);
        channel_release(channels[i]);
    }
    pthread_mutex_lock(&manager->mu);
    manager->longest_incoming = incoming > manager->longest_incoming ? incoming : manager->longest_incoming;
    manager->longest_handler = handler > manager->longest_handler ? handler : manager->longest_handler;
    pthread_mutex_unlock(&manager->mu);
}

/* The former watch ends first: two would report every queue twice. */
static void move_watch_locked(channel_manager *manager, otm_keep_recorder *recorder)
{
    otm_keep_queue_watch_release(manager->watch);
    if (otm_keep_recorder_observe_queues(recorder, report_queues, manager, &manager->watch) != OTM_OK) {
        fprintf(stderr, "keep-node: the queues are not watched\n"); /* and the rest goes on */
    }
    (void)otm_keep_recorder_retain(recorder);
    otm_keep_recorder_release(manager->recorder);
    manager->recorder = recorder;
}

void channel_manager_set_metrics_recorder(channel_manager *manager, otm_keep_recorder *recorder)
{
    pthread_mutex_lock(&manager->wiring);
    if (recorder != manager->recorder) {
        move_watch_locked(manager, recorder);
    }
    pthread_mutex_lock(&manager->mu);
    for (size_t i = 0; i < manager->count; i++) {
        channel_set_metrics_recorder(manager->channels[i], recorder);
    }
    pthread_mutex_unlock(&manager->mu);
    pthread_mutex_unlock(&manager->wiring);
}

static size_t find_locked(const channel_manager *manager, const char *name)
{
    size_t i = 0;
    while (i < manager->count && strcmp(channel_name(manager->channels[i]), name) != 0) {
        i++;
    }
    return i;
}

/* Both locks: a channel that is new must not miss a recorder that is being set. */
net_channel *channel_manager_get(channel_manager *manager, const char *name)
{
    pthread_mutex_lock(&manager->wiring);
    pthread_mutex_lock(&manager->mu);
    size_t i = find_locked(manager, name);
    net_channel *found;
    if (i < manager->count) {
        found = channel_retain(manager->channels[i]);
    } else {
        found = channel_create(name, manager->clock);
        channel_set_metrics_recorder(found, manager->recorder);
        if (manager->count < MAX_CHANNELS) { /* beyond that it works, unwatched */
            manager->channels[manager->count++] = channel_retain(found);
        }
    }
    pthread_mutex_unlock(&manager->mu);
    pthread_mutex_unlock(&manager->wiring);
    return found;
}

void channel_manager_close(channel_manager *manager, const char *name)
{
    pthread_mutex_lock(&manager->mu);
    size_t i = find_locked(manager, name);
    net_channel *closed = NULL;
    if (i < manager->count) {
        closed = manager->channels[i];
        manager->channels[i] = manager->channels[--manager->count];
    }
    pthread_mutex_unlock(&manager->mu);
    if (closed != NULL) {
        channel_release(closed);
    }
}

size_t channel_manager_channel_count(channel_manager *manager)
{
    pthread_mutex_lock(&manager->mu);
    size_t count = manager->count;
    pthread_mutex_unlock(&manager->mu);
    return count;
}

size_t channel_manager_watch_count(channel_manager *manager)
{
    pthread_mutex_lock(&manager->wiring);
    size_t count = manager->watch == NULL ? 0 : 1;
    pthread_mutex_unlock(&manager->wiring);
    return count;
}

void channel_manager_longest_queues(channel_manager *manager, uint64_t *incoming, uint64_t *handler)
{
    pthread_mutex_lock(&manager->mu);
    *incoming = manager->longest_incoming;
    *handler = manager->longest_handler;
    pthread_mutex_unlock(&manager->mu);
}
