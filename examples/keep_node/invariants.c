#include "invariants.h"

#include <inttypes.h>

typedef struct checker {
    FILE *to;
    otm_keep_recorder *recorder;
    unsigned failed;
    unsigned unreadable; /* getters that gave no value */
} checker;

/* -- Values -------------------------------------------------------------------------------------------------------- */

static double counter(checker *c, otm_keep_metric metric)
{
    double value = 0;
    c->unreadable += otm_keep_recorder_counter(c->recorder, metric, &value) != OTM_OK ? 1 : 0;
    return value;
}

static double durations(checker *c, otm_keep_metric metric)
{
    uint64_t count = 0;
    c->unreadable += otm_keep_recorder_histogram(c->recorder, metric, &count, NULL) != OTM_OK ? 1 : 0;
    return (double)count;
}

static double active_actions(checker *c)
{
    double value = 0;
    c->unreadable +=
        otm_keep_recorder_gauge(c->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, &value) != OTM_OK ? 1 : 0;
    return value;
}

/* -- Rows ---------------------------------------------------------------------------------------------------------- */

static void row(checker *c, const char *text, double left, const char *relation, double right, bool holds)
{
    fprintf(c->to, "  %-66s %10.0f %-2s %10.0f  %s\n", text, left, relation, right, holds ? "holds" : "BROKEN");
    c->failed += holds ? 0 : 1;
}

static void equal(checker *c, const char *text, double left, double right)
{
    row(c, text, left, "=", right, left == right);
}

static void at_most(checker *c, const char *text, double left, double right)
{
    row(c, text, left, "<=", right, left <= right);
}

/* -- Groups -------------------------------------------------------------------------------------------------------- */

static void check_wallets(checker *c, keep_node *node)
{
    wallet_dispatcher_state state = wallet_dispatcher_get_state(node_wallet_dispatcher(node));
    double actions = counter(c, OTM_KEEP_WALLET_ACTIONS_TOTAL);
    double rejected = counter(c, OTM_KEEP_WALLET_DISPATCHER_REJECTED_TOTAL);
    double ended = counter(c, OTM_KEEP_WALLET_ACTION_SUCCESS_TOTAL) + counter(c, OTM_KEEP_WALLET_ACTION_FAILED_TOTAL);
    equal(c, "wallet actions = success + failed + active", actions, ended + active_actions(c));
    equal(c, "wallet action durations = success + failed",
          durations(c, OTM_KEEP_WALLET_ACTION_DURATION_SECONDS), ended);
    equal(c, "active actions = the dispatcher's own number", active_actions(c), state.active);
    at_most(c, "most active actions ever <= wallets", state.most_active, WALLET_COUNT);
    equal(c, "wallet actions + rejected = dispatches asked for", actions + rejected, (double)state.measured);
}

static void check_dkg(checker *c, keep_node *node)
{
    dkg_executor *dkg = node_dkg_executor(node);
    double joined = counter(c, OTM_KEEP_DKG_JOINED_TOTAL);
    double ended = durations(c, OTM_KEEP_DKG_DURATION_SECONDS);
    at_most(c, "dkg durations <= joined", ended, joined);
    equal(c, "dkg joined = durations + aborted in set-up + running", joined,
          ended + (double)dkg_executor_aborted(dkg) + (double)dkg_executor_running(dkg));
    at_most(c, "dkg failed <= durations", counter(c, OTM_KEEP_DKG_FAILED_TOTAL), ended);
}

static void check_network(checker *c, keep_node *node)
{
    network_provider *network = node_network_provider(node);
    equal(c, "ping tests = success + failed + running", counter(c, OTM_KEEP_PING_TEST_TOTAL),
          counter(c, OTM_KEEP_PING_TEST_SUCCESS_TOTAL) + counter(c, OTM_KEEP_PING_TEST_FAILED_TOTAL) +
              (double)network_provider_running_pings(network));
    at_most(c, "peer disconnections <= connections", counter(c, OTM_KEEP_PEER_DISCONNECTIONS_TOTAL),
            counter(c, OTM_KEEP_PEER_CONNECTIONS_TOTAL));
    equal(c, "queue watches, however often the recorder was set", c->recorder == NULL ? 0 : 1,
          (double)channel_manager_watch_count(network_provider_channels(network)));
}

static void check_signing(checker *c, keep_node *node)
{
    double success = counter(c, OTM_KEEP_SIGNING_SUCCESS_TOTAL);
    double failed = counter(c, OTM_KEEP_SIGNING_FAILED_TOTAL);
    double timeouts = counter(c, OTM_KEEP_SIGNING_TIMEOUTS_TOTAL);
    equal(c, "signing operations = success + failed + running", counter(c, OTM_KEEP_SIGNING_OPERATIONS_TOTAL),
          success + failed + (double)node_running_signings(node));
    at_most(c, "signing timeouts <= failed", timeouts, failed);
    equal(c, "signing durations = success + timeouts", durations(c, OTM_KEEP_SIGNING_DURATION_SECONDS),
          success + timeouts);
}

static void check_coordination(checker *c)
{
    equal(c, "coordination durations = executed + failed + leader timeouts",
          durations(c, OTM_KEEP_COORDINATION_DURATION_SECONDS),
          counter(c, OTM_KEEP_COORDINATION_PROCEDURES_EXECUTED_TOTAL) +
              counter(c, OTM_KEEP_COORDINATION_FAILED_TOTAL) +
              counter(c, OTM_KEEP_COORDINATION_LEADER_TIMEOUT_TOTAL));
}

static void check_beacon(checker *c, keep_node *node)
{
    double ended = counter(c, OTM_KEEP_RELAY_ENTRY_SUCCESS_TOTAL) + counter(c, OTM_KEEP_RELAY_ENTRY_FAILED_TOTAL);
    equal(c, "relay entry generations = success + failed + running",
          counter(c, OTM_KEEP_RELAY_ENTRY_GENERATION_TOTAL), ended + (double)beacon_running(node_beacon(node)));
    equal(c, "relay entry durations = success + failed", durations(c, OTM_KEEP_RELAY_ENTRY_DURATION_SECONDS), ended);
}

/* -- The recorder itself ------------------------------------------------------------------------------------------- */

static bool was_above_zero(checker *c, keep_node *node, otm_keep_metric metric, uint32_t kind)
{
    uint64_t incoming = 0;
    uint64_t handler = 0;
    switch (kind) {
    case OTM_COUNTER:
        return counter(c, metric) > 0;
    case OTM_HISTOGRAM:
        return durations(c, metric) > 0;
    case OTM_GAUGE:
        return wallet_dispatcher_get_state(node_wallet_dispatcher(node)).most_active > 0;
    default:
        channel_manager_longest_queues(network_provider_channels(node_network_provider(node)), &incoming, &handler);
        return metric == OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE ? incoming > 0 : handler > 0;
    }
}

/* Of a short run it is only told which metrics had no occasion to grow. */
static void check_all_used(checker *c, keep_node *node, bool is_long_run)
{
    size_t used = 0;
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info;
        otm_keep_metric_info_init(&info);
        (void)otm_keep_metric_describe((otm_keep_metric)metric, &info);
        bool above = was_above_zero(c, node, (otm_keep_metric)metric, info.kind);
        used += above ? 1 : 0;
        if (!above) {
            fprintf(c->to, "  never above zero: %s\n", info.exported_name);
        }
    }
    size_t all = otm_keep_metric_count();
    row(c, "metrics that were above zero at some time", (double)used, is_long_run ? "=" : "<=", (double)all,
        used == all || !is_long_run);
}

static void check_refusals(checker *c)
{
    otm_keep_refusals refusals;
    otm_keep_refusals_init(&refusals);
    (void)otm_keep_recorder_refusals(c->recorder, &refusals);
    equal(c, "recordings refused or clamped",
          (double)(refusals.unknown_metric + refusals.wrong_kind + refusals.bad_value + refusals.clamped), 0);
    equal(c, "getters without a value", c->unreadable, 0);
}

bool invariants_check(FILE *to, keep_node *node, otm_keep_recorder *recorder, const workload *load, bool is_long_run)
{
    checker c = {.to = to, .recorder = recorder};
    fprintf(to, "invariants of the metrics (recorder replaced or cleared %" PRIu64 " times meanwhile):\n",
            workload_recorder_changes(load));
    check_wallets(&c, node);
    check_dkg(&c, node);
    check_network(&c, node);
    check_signing(&c, node);
    check_coordination(&c);
    check_beacon(&c, node);
    check_all_used(&c, node, is_long_run);
    check_refusals(&c);
    fprintf(to, c.failed == 0 ? "all invariants hold\n" : "%u INVARIANTS ARE BROKEN\n", c.failed);
    return c.failed == 0;
}
