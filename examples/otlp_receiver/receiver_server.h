/* POST /v1/metrics: takes in requests, one at a time. */
#ifndef OTLP_RECEIVER_SERVER_H
#define OTLP_RECEIVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "receiver_state.h"

typedef struct receiver_server receiver_server;

typedef struct receiver_server_options {
    uint16_t port;         /* on 127.0.0.1; 0: any free one */
    const char *json_path; /* where the state is kept up to date; NULL: nowhere */
    bool quiet;            /* one line a request, no table */
} receiver_server_options;

/* NULL, with a message on standard error, if it cannot listen. */
receiver_server *receiver_server_start(const receiver_server_options *options);

uint16_t receiver_server_port(const receiver_server *server);

/* Ends it, and prints how much has arrived. */
void receiver_server_stop(receiver_server *server);

#endif
