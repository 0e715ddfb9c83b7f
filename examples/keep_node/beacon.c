#include "beacon.h"

#include <stdlib.h>

#define CLIENT_TIMEOUT_BLOCKS 64
#define SOFT_TIMEOUT_BLOCKS 1280 /* on the chain; from then on anybody may report */

struct beacon {
    block_clock *clock;
    net_channel *channel;
    const fault_switches *faults;
    dice dice;
    otm_keep_recorder_ref recorder;
    _Atomic uint64_t running;
};

/* Measured wholly or not at all: with the recorder it began with. */
typedef struct relay_entry {
    beacon *beacon;
    otm_keep_recorder *recorder;
    int64_t start_ns;
    bool fails;
    bool must_report;
} relay_entry;

beacon *beacon_create(block_clock *clock, channel_manager *channels, const fault_switches *faults, uint64_t seed)
{
    beacon *b = node_alloc(sizeof *b);
    b->clock = clock;
    b->channel = channel_manager_get(channels, "beacon-group-9f2c6b1d");
    b->faults = faults;
    dice_init(&b->dice, seed);
    otm_keep_recorder_ref_init(&b->recorder);
    channel_add_idle_handler(b->channel);
    return b;
}

void beacon_destroy(beacon *b)
{
    otm_keep_recorder_ref_fini(&b->recorder);
    channel_release(b->channel);
    free(b);
}

void beacon_set_metrics_recorder(beacon *b, otm_keep_recorder *recorder)
{
    (void)otm_keep_recorder_ref_set(&b->recorder, recorder);
}

net_channel *beacon_channel(beacon *b)
{
    return b->channel;
}

uint64_t beacon_running(const beacon *b)
{
    return b->running;
}

static void report_timeout(void *subject, int64_t now_ns)
{
    (void)now_ns;
    beacon *b = subject;
    (void)otm_keep_recorder_ref_increment(&b->recorder, OTM_KEEP_RELAY_ENTRY_TIMEOUT_REPORTED_TOTAL, 1);
}

static void end_entry(void *subject, int64_t now_ns)
{
    relay_entry *entry = subject;
    beacon *b = entry->beacon;
    (void)otm_keep_recorder_increment(
        entry->recorder, entry->fails ? OTM_KEEP_RELAY_ENTRY_FAILED_TOTAL : OTM_KEEP_RELAY_ENTRY_SUCCESS_TOTAL, 1);
    (void)otm_keep_recorder_record_ns(entry->recorder, OTM_KEEP_RELAY_ENTRY_DURATION_SECONDS,
                                      now_ns - entry->start_ns);
    if (entry->fails && (entry->must_report || dice_chance(&b->dice, 0.3))) {
        block_clock_at(b->clock, entry->start_ns + BLOCKS(SOFT_TIMEOUT_BLOCKS), report_timeout, b);
    }
    if (entry->recorder != NULL) {
        b->running--;
    }
    otm_keep_recorder_release(entry->recorder);
    free(entry);
}

void beacon_generate(beacon *b, int64_t now_ns, bool must_fail)
{
    relay_entry *entry = node_alloc(sizeof *entry);
    entry->beacon = b;
    entry->recorder = otm_keep_recorder_ref_retain(&b->recorder);
    entry->start_ns = now_ns;
    entry->must_report = must_fail;
    entry->fails = must_fail || b->faults->rpc_down || dice_chance(&b->dice, 0.03);
    (void)otm_keep_recorder_increment(entry->recorder, OTM_KEEP_RELAY_ENTRY_GENERATION_TOTAL, 1);
    if (entry->recorder != NULL) {
        b->running++;
    }
    int64_t end_ns = now_ns + (entry->fails ? BLOCKS(CLIENT_TIMEOUT_BLOCKS) : dice_time(&b->dice, 12, 120));
    channel_open_context(b->channel, now_ns, end_ns, 1, 33);
    block_clock_at(b->clock, end_ns, end_entry, entry);
}
