/* A small HTTP server on the loopback that answers as a test has written down, one connection at a time. */
#ifndef OTM_TEST_OTLP_SERVER_H
#define OTM_TEST_OTLP_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct otlp_reply {
    const void *data; /* NULL: never answers, until the client goes away */
    size_t size;
    bool close; /* closes the connection afterwards */
} otlp_reply;

#define OTLP_SERVER_HEAD_BYTES 4096
#define OTLP_SERVER_BODY_BYTES (4 << 20)

#define OTLP_SERVER_REPLIES 16

typedef struct otlp_server {
    int listener;
    uint16_t port;
    pthread_t thread;
    otlp_reply replies[OTLP_SERVER_REPLIES]; /* the n-th request gets the n-th, the last one repeats */
    size_t reply_count;
    pthread_mutex_t mu; /* guards what follows */
    size_t connections;
    size_t requests;
    char head[OTLP_SERVER_HEAD_BYTES]; /* of the last request, NUL-terminated */
    size_t body_size;
    uint8_t body[OTLP_SERVER_BODY_BYTES];
} otlp_server;

void otlp_server_start(otlp_server *server, const otlp_reply *replies, size_t reply_count);
void otlp_server_stop(otlp_server *server); /* the client has closed its connection before */
size_t otlp_server_requests(otlp_server *server);
size_t otlp_server_connections(otlp_server *server);

/* How often the head of the last request has this line, whatever its case. */
size_t otlp_server_count_line(otlp_server *server, const char *line);
bool otlp_server_has_header(otlp_server *server, const char *name);

#endif
