/* keep-node: see --help. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "invariants.h"
#include "node_metrics.h"
#include "node_options.h"

#define THREADS 4
#define LONG_RUN_NS SECONDS(10000) /* virtual: the scripted part of the workload is over */

/* -- Signals ------------------------------------------------------------------------------------------------------- */

/* Blocked before any thread starts, so that only the main thread hears them, when it waits. */
static sigset_t block_stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

/* Until told to stop, or until the time (0: no limit) is over. */
static void wait_for_stop(const sigset_t *signals, double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    int got;
    do {
        got = seconds == 0 ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &time);
    } while (got < 0 && errno == EINTR);
}

/* -- Run ----------------------------------------------------------------------------------------------------------- */

typedef struct simulation {
    block_clock *clock;
    keep_node *node;
    node_metrics *metrics; /* NULL: unmeasured */
    otm_keep_recorder *recorders[2];
    workload *load;
} simulation;

/* Without metrics the recorder stands on the API's default provider, which does nothing while no SDK is installed. */
static bool create_recorders(simulation *s, const node_options *options)
{
    otm_meter_provider *provider =
        s->metrics == NULL ? otm_default_meter_provider() : node_metrics_provider(s->metrics);
    otm_keep_recorder_options o;
    otm_keep_recorder_options_init(&o);
    o.average_gauges = options->averages;
    for (size_t i = 0; i < 2; i++) {
        otm_status st = otm_keep_recorder_create(provider, &o, &s->recorders[i]);
        if (st != OTM_OK) {
            fprintf(stderr, "keep-node: no recorder: %s\n", otm_status_text(st));
            return false;
        }
    }
    return true;
}

static bool create(simulation *s, const node_options *options)
{
    s->clock = block_clock_create(options->speed);
    s->node = node_create(s->clock, options->seed);
    uint32_t port = options->port;
    if (!options->no_metrics) {
        s->metrics = node_metrics_create(s->node, &port);
        if (s->metrics == NULL) {
            return false;
        }
    }
    if (!create_recorders(s, options)) {
        return false;
    }
    s->load = workload_create(s->clock, s->node, options->seed + 1, s->recorders[0], s->recorders[1]);
    if (s->metrics == NULL) {
        printf("running unmeasured\n");
    } else if (port != 0) {
        printf("serving http://localhost:%" PRIu32 "/metrics\n", port);
    }
    fflush(stdout);
    return true;
}

static bool run(simulation *s, const node_options *options, const sigset_t *signals)
{
    workload_start(s->load);
    if (!block_clock_start(s->clock, THREADS)) {
        fprintf(stderr, "keep-node: no threads\n");
        return false;
    }
    wait_for_stop(signals, options->seconds);
    workload_stop(s->load);
    int64_t worked_ns = block_clock_now(s->clock);
    block_clock_drain(s->clock);
    printf("worked for %.0f virtual seconds, to block %" PRId64 "\n", (double)worked_ns / NS_PER_SECOND,
           block_clock_block(worked_ns));
    if (s->metrics == NULL) {
        return true;
    }
    bool flushed = node_metrics_flush(s->metrics);
    bool holds = invariants_check(stdout, s->node, s->recorders[0], s->load, worked_ns >= LONG_RUN_NS);
    printf("drained%s\n", flushed ? " and flushed" : "");
    fflush(stdout);
    if (options->hold) {
        wait_for_stop(signals, 0);
    }
    return holds;
}

static void destroy(simulation *s)
{
    workload_destroy(s->load);
    node_metrics_destroy(s->metrics); /* before the node: collections and the endpoint ask it */
    block_clock_destroy(s->clock);
    node_destroy(s->node);
    otm_keep_recorder_release(s->recorders[0]);
    otm_keep_recorder_release(s->recorders[1]);
}

int main(int argc, char **argv)
{
    node_options options;
    if (!node_options_read(argc, argv, &options)) {
        return 2;
    }
    if (options.help) {
        node_options_print_help();
        return 0;
    }
    sigset_t signals = block_stop_signals();
    simulation s = {0};
    bool ok = create(&s, &options) && run(&s, &options, &signals);
    destroy(&s);
    return ok ? 0 : 1;
}
