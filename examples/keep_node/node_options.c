#include "node_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_PORT = 1, OPTION_SECONDS, OPTION_SPEED, OPTION_SEED, OPTION_NO_METRICS, OPTION_HOLD, OPTION_AVERAGES };

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"no-metrics", no_argument, NULL, OPTION_NO_METRICS},
    {"hold", no_argument, NULL, OPTION_HOLD},
    {"averages", no_argument, NULL, OPTION_AVERAGES},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

void node_options_print_help(void)
{
    puts("keep-node: a simulated Keep node that serves its metrics to Prometheus and pushes them over OTLP/HTTP.\n"
         "\n"
         "  --port N       serve http://localhost:N/metrics and /diagnostics (9601; 0: any free port)\n"
         "  --seconds N    end after N seconds of wall time (0: when told by SIGINT or SIGTERM)\n"
         "  --speed X      virtual seconds in a second of wall time, 1 to 100000 (2000)\n"
         "  --seed N       of all that is left to chance (1)\n"
         "  --hold         when the work is drained keep serving, until SIGINT or SIGTERM (again)\n"
         "  --averages     export ..._avg gauges beside the histograms\n"
         "  --no-metrics   run unmeasured: no SDK, no server, no push\n"
         "\n"
         "Pushes go to OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318), every OTEL_METRIC_EXPORT_INTERVAL\n"
         "milliseconds (60000). At the end the work is drained, everything is flushed, and the invariants of the\n"
         "metrics are checked; the exit code is 1 if one is broken.");
}

static bool read_number(const char *option, const char *text, double low, double high, double *out)
{
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(value >= low && value <= high)) {
        fprintf(stderr, "keep-node: %s \"%s\": a number from %.0f to %.0f was expected\n", option, text, low, high);
        return false;
    }
    *out = value;
    return true;
}

static bool read_option(int option, const char *text, node_options *o)
{
    double number = 0;
    switch (option) {
    case OPTION_PORT:
        if (!read_number("--port", text, 0, 65535, &number)) {
            return false;
        }
        o->port = (uint32_t)number;
        return true;
    case OPTION_SECONDS:
        return read_number("--seconds", text, 0, 1e9, &o->seconds);
    case OPTION_SPEED:
        return read_number("--speed", text, 1, 1e5, &o->speed);
    case OPTION_SEED:
        if (!read_number("--seed", text, 0, 9e15, &number)) {
            return false;
        }
        o->seed = (uint64_t)number;
        return true;
    case OPTION_NO_METRICS:
        o->no_metrics = true;
        return true;
    case OPTION_HOLD:
        o->hold = true;
        return true;
    case OPTION_AVERAGES:
        o->averages = true;
        return true;
    case 'h':
        o->help = true;
        return true;
    default:
        return false; /* getopt said why */
    }
}

bool node_options_read(int argc, char **argv, node_options *out)
{
    *out = (node_options){.port = 9601, .speed = 2000, .seed = 1};
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (!read_option(option, optarg, out)) {
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "keep-node: what is \"%s\"? See --help\n", argv[optind]);
        return false;
    }
    return true;
}
