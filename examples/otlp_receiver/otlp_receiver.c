/* otlp-receiver: takes metrics in over OTLP/HTTP and shows them. A stand-in for a Collector, to see a push arrive. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "receiver_server.h"

static const char help[] = "otlp-receiver: takes in OTLP/HTTP metrics on 127.0.0.1 and prints what arrives.\n"
                           "\n"
                           "  --port N     listen there (4318; 0: any free port)\n"
                           "  --json FILE  keep the last state of every series there, one JSON object a line\n"
                           "  --quiet      print one line a request, no table\n"
                           "\n"
                           "SIGINT or SIGTERM ends it.";

/* 1: go on; 0: all was said; 2: not valid. */
static int read_options(int argc, char **argv, receiver_server_options *out)
{
    static const struct option long_options[] = {{"port", required_argument, NULL, 'p'},
                                                 {"json", required_argument, NULL, 'j'},
                                                 {"quiet", no_argument, NULL, 'q'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    *out = (receiver_server_options){.port = 4318};
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        char *end = NULL;
        unsigned long port;
        switch (option) {
        case 'p':
            port = strtoul(optarg, &end, 10);
            if (end == optarg || *end != '\0' || port > 65535) {
                fprintf(stderr, "otlp-receiver: --port \"%s\": a number from 0 to 65535 was expected\n", optarg);
                return 2;
            }
            out->port = (uint16_t)port;
            break;
        case 'j':
            out->json_path = optarg;
            break;
        case 'q':
            out->quiet = true;
            break;
        case 'h':
            puts(help);
            return 0;
        default:
            return 2;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    receiver_server_options options;
    int go_on = read_options(argc, argv, &options);
    if (go_on != 1) {
        return go_on;
    }
    sigset_t signals; /* blocked before the daemon's thread starts: only this one hears them */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    receiver_server *server = receiver_server_start(&options);
    if (server == NULL) {
        return 1;
    }
    printf("listening on http://127.0.0.1:%u/v1/metrics\n", (unsigned)receiver_server_port(server));
    fflush(stdout);
    (void)sigwaitinfo(&signals, NULL);
    receiver_server_stop(server);
    return 0;
}
