/* The metrics of the seed, in its order, and one of its successors: a follower's timeout is counted nowhere else.
 *
 * Units are chosen so that no exporter's name translation adds anything: annotations ("{action}") are dropped, and
 * "s" stands only with names that end in _seconds. */
#include "catalogue.h"

#include <pthread.h>

/* -- Bucket sets: upper bounds in seconds -------------------------------------------------------------------------- */

/* The alert limits of operators, 60 s and 300 s, are bounds wherever such a duration can occur. */
static const double action_bounds[] = {10,   30,   60,   120,  300,  600,   900,   1200, 1800,
                                       2700, 3600, 5400, 7200, 7800, 10800, 14400, 21600};
/* One attempt ends by block 216, which is 2592 s. */
static const double dkg_bounds[] = {10,  30,  60,   120,  180,  240,  300,  420,
                                    600, 900, 1200, 1800, 2400, 2700, 3600, 7200};
/* One attempt takes 492 s, the last of five ends after 2460 s. */
static const double sign_bounds[] = {1,   5,   10,  30,  60,  90,  120,  180,  240,
                                     300, 420, 500, 600, 900, 1200, 1800, 2500, 3600};
/* The active phase ends after 960 s. */
static const double coord_bounds[] = {0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 600, 960, 1200};
/* The client gives up after 768 s. */
static const double relay_bounds[] = {1,   5,   12,  24,  36,  60,  120,  180,
                                      300, 420, 600, 768, 900, 1800, 3600, 15360};

#define SET(name, bounds) {name, bounds, sizeof(bounds) / sizeof((bounds)[0])}
static const otmi_keep_buckets action_buckets = SET("B-action", action_bounds);
static const otmi_keep_buckets dkg_buckets = SET("B-dkg", dkg_bounds);
static const otmi_keep_buckets sign_buckets = SET("B-sign", sign_bounds);
static const otmi_keep_buckets coord_buckets = SET("B-coord", coord_bounds);
static const otmi_keep_buckets relay_buckets = SET("B-relay", relay_bounds);

static const char *const channel_labels[] = {"channel"};
static const char *const handler_labels[] = {"channel", "handler"};

/* -- Rows ---------------------------------------------------------------------------------------------------------- */

#define COUNTER(name, unit, text) {OTMI_KEEP_NAME_PREFIX name, OTM_COUNTER, unit, text, NULL, NULL, 0}
#define GAUGE(name, unit, text) {OTMI_KEEP_NAME_PREFIX name, OTM_GAUGE, unit, text, NULL, NULL, 0}
#define DURATION(name, buckets, text) {OTMI_KEEP_NAME_PREFIX name, OTM_HISTOGRAM, "s", text, &(buckets), NULL, 0}
#define QUEUE(name, labels, text) \
    {OTMI_KEEP_NAME_PREFIX name, OTM_OBSERVABLE_GAUGE, "{message}", text, NULL, labels, \
     sizeof(labels) / sizeof((labels)[0])}

static const otmi_keep_row rows[OTMI_KEEP_METRIC_COUNT + 1] = {
    [OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS] =
        GAUGE("wallet_dispatcher_active_actions", "{wallet}", "Wallets that have an action in flight."),
    [OTM_KEEP_WALLET_DISPATCHER_REJECTED_TOTAL] =
        COUNTER("wallet_dispatcher_rejected_total", "{action}", "Actions refused because their wallet was busy."),
    [OTM_KEEP_WALLET_ACTIONS_TOTAL] =
        COUNTER("wallet_actions_total", "{action}", "Wallet actions accepted for execution."),
    [OTM_KEEP_WALLET_ACTION_SUCCESS_TOTAL] =
        COUNTER("wallet_action_success_total", "{action}", "Wallet actions that ended without an error."),
    [OTM_KEEP_WALLET_ACTION_FAILED_TOTAL] =
        COUNTER("wallet_action_failed_total", "{action}", "Wallet actions that ended with an error."),
    [OTM_KEEP_WALLET_ACTION_DURATION_SECONDS] =
        DURATION("wallet_action_duration_seconds", action_buckets,
                 "Time from the start of a wallet action to its end, whatever the outcome."),

    [OTM_KEEP_DKG_JOINED_TOTAL] =
        COUNTER("dkg_joined_total", "{member}", "Members with which the node joined a distributed key generation."),
    [OTM_KEEP_DKG_FAILED_TOTAL] =
        COUNTER("dkg_failed_total", "{member}", "Members whose key generation ended with an error."),
    [OTM_KEEP_DKG_DURATION_SECONDS] =
        DURATION("dkg_duration_seconds", dkg_buckets,
                 "Time of a member's key generation protocol, whatever the outcome."),
    [OTM_KEEP_DKG_VALIDATION_TOTAL] =
        COUNTER("dkg_validation_total", "{validation}", "Submitted key generation results that were validated."),
    [OTM_KEEP_DKG_CHALLENGES_SUBMITTED_TOTAL] =
        COUNTER("dkg_challenges_submitted_total", "{challenge}",
                "Challenges of key generation results that this node submitted."),
    [OTM_KEEP_DKG_APPROVALS_SUBMITTED_TOTAL] =
        COUNTER("dkg_approvals_submitted_total", "{approval}",
                "Approvals of key generation results that this node submitted."),

    [OTM_KEEP_PEER_CONNECTIONS_TOTAL] =
        COUNTER("peer_connections_total", "{connection}", "Connections to peers that were established."),
    [OTM_KEEP_PEER_DISCONNECTIONS_TOTAL] =
        COUNTER("peer_disconnections_total", "{connection}", "Connections to peers that were closed."),
    [OTM_KEEP_MESSAGE_BROADCAST_TOTAL] =
        COUNTER("message_broadcast_total", "{message}", "Messages published, retransmissions included."),
    [OTM_KEEP_MESSAGE_RECEIVED_TOTAL] =
        COUNTER("message_received_total", "{message}",
                "Messages taken from the incoming queues, retransmissions included."),
    [OTM_KEEP_PING_TEST_TOTAL] = COUNTER("ping_test_total", "{test}", "Ping tests started."),
    [OTM_KEEP_PING_TEST_SUCCESS_TOTAL] =
        COUNTER("ping_test_success_total", "{test}", "Ping tests that were answered."),
    [OTM_KEEP_PING_TEST_FAILED_TOTAL] =
        COUNTER("ping_test_failed_total", "{test}", "Ping tests that failed or were not answered in time."),
    [OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE] =
        QUEUE("incoming_message_queue_size", channel_labels, "Messages waiting in a channel's incoming queue."),
    [OTM_KEEP_MESSAGE_HANDLER_QUEUE_SIZE] =
        QUEUE("message_handler_queue_size", handler_labels, "Messages waiting for one handler of a channel."),

    [OTM_KEEP_SIGNING_OPERATIONS_TOTAL] =
        COUNTER("signing_operations_total", "{operation}", "Messages that were to be signed."),
    [OTM_KEEP_SIGNING_SUCCESS_TOTAL] =
        COUNTER("signing_success_total", "{operation}", "Messages that were signed."),
    [OTM_KEEP_SIGNING_FAILED_TOTAL] =
        COUNTER("signing_failed_total", "{operation}", "Messages that were not signed, for whatever reason."),
    [OTM_KEEP_SIGNING_DURATION_SECONDS] =
        DURATION("signing_duration_seconds", sign_buckets,
                 "Time from the request for a signature to the signature, or to all signers giving up."),
    [OTM_KEEP_SIGNING_TIMEOUTS_TOTAL] =
        COUNTER("signing_timeouts_total", "{operation}", "Messages on which all local signers gave up."),

    [OTM_KEEP_COORDINATION_WINDOWS_DETECTED_TOTAL] =
        COUNTER("coordination_windows_detected_total", "{window}", "Coordination windows that began."),
    [OTM_KEEP_COORDINATION_PROCEDURES_EXECUTED_TOTAL] =
        COUNTER("coordination_procedures_executed_total", "{procedure}",
                "Coordination procedures of a wallet that ended with a proposal."),
    [OTM_KEEP_COORDINATION_FAILED_TOTAL] =
        COUNTER("coordination_failed_total", "{procedure}",
                "Coordination procedures that failed while this node was the leader."),
    [OTM_KEEP_COORDINATION_DURATION_SECONDS] =
        DURATION("coordination_duration_seconds", coord_buckets,
                 "Time of a wallet's coordination procedure, whatever the outcome."),

    [OTM_KEEP_RELAY_ENTRY_GENERATION_TOTAL] =
        COUNTER("relay_entry_generation_total", "{entry}",
                "Relay entry requests for which this node holds a member of the group."),
    [OTM_KEEP_RELAY_ENTRY_SUCCESS_TOTAL] =
        COUNTER("relay_entry_success_total", "{entry}", "Relay entries submitted in time, by anyone."),
    [OTM_KEEP_RELAY_ENTRY_FAILED_TOTAL] =
        COUNTER("relay_entry_failed_total", "{entry}", "Relay entries on which every local member failed."),
    [OTM_KEEP_RELAY_ENTRY_DURATION_SECONDS] =
        DURATION("relay_entry_duration_seconds", relay_buckets,
                 "Time from a relay entry request to its outcome, whatever it is."),
    [OTM_KEEP_RELAY_ENTRY_TIMEOUT_REPORTED_TOTAL] =
        COUNTER("relay_entry_timeout_reported_total", "{report}", "Relay entry timeouts that this node reported."),

    [OTM_KEEP_COORDINATION_LEADER_TIMEOUT_TOTAL] =
        COUNTER("coordination_leader_timeout_total", "{procedure}",
                "Coordination procedures in which this node heard nothing from the leader."),
};

const otmi_keep_row *otmi_keep_row_of(otm_keep_metric metric)
{
    return metric > OTM_KEEP_NONE && (unsigned)metric <= OTMI_KEEP_METRIC_COUNT ? &rows[metric] : NULL;
}

const char *otmi_keep_row_name(const otmi_keep_row *row)
{
    return row->exported_name + sizeof OTMI_KEEP_NAME_PREFIX - 1;
}

size_t otm_keep_metric_count(void)
{
    return OTMI_KEEP_METRIC_COUNT;
}

otm_status otm_keep_metric_describe(otm_keep_metric metric, otm_keep_metric_info *out)
{
    if (out == NULL || out->struct_size < sizeof *out) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    const otmi_keep_row *row = otmi_keep_row_of(metric);
    if (row == NULL) {
        return OTM_ERR_NOT_FOUND;
    }
    out->name = otmi_keep_row_name(row);
    out->exported_name = row->exported_name;
    out->unit = row->unit;
    out->description = row->description;
    out->bucket_set = row->buckets == NULL ? "" : row->buckets->name;
    out->bucket_bounds = row->buckets == NULL ? NULL : row->buckets->bounds;
    out->bucket_bound_count = row->buckets == NULL ? 0 : row->buckets->bound_count;
    out->labels = row->labels;
    out->label_count = row->label_count;
    out->kind = row->kind;
    out->visible_at_zero = row->label_count == 0;
    return OTM_OK;
}

/* -- Look-up by name ----------------------------------------------------------------------------------------------- */

#define NAME_TABLE_SIZE 128u /* a power of two, and at most a third full */

static uint8_t name_table[NAME_TABLE_SIZE]; /* handles, 0 where free; read-only once filled */
static pthread_once_t name_table_once = PTHREAD_ONCE_INIT;

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    }
    return hash ^ (hash >> 16);
}

static void name_table_fill(void)
{
    for (unsigned metric = 1; metric <= OTMI_KEEP_METRIC_COUNT; metric++) {
        uint32_t i = name_hash(otmi_keep_row_name(&rows[metric])) % NAME_TABLE_SIZE;
        while (name_table[i] != 0) {
            i = (i + 1) % NAME_TABLE_SIZE;
        }
        name_table[i] = (uint8_t)metric;
    }
}

otm_keep_metric otm_keep_metric_find(const char *name)
{
    if (name == NULL) {
        return OTM_KEEP_NONE;
    }
    (void)pthread_once(&name_table_once, name_table_fill);
    for (uint32_t i = name_hash(name) % NAME_TABLE_SIZE; name_table[i] != 0; i = (i + 1) % NAME_TABLE_SIZE) {
        if (strcmp(name, otmi_keep_row_name(&rows[name_table[i]])) == 0) {
            return (otm_keep_metric)name_table[i];
        }
    }
    return OTM_KEEP_NONE;
}
