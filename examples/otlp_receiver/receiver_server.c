#include "receiver_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "receiver_gunzip.h"
#include "receiver_table.h"
#include "rpc_status.pb-c.h"

#define PROTOBUF_TYPE "application/x-protobuf"
#define MAX_BODY_BYTES ((size_t)64 * 1024 * 1024) /* compressed, and decompressed */
#define IDLE_TIMEOUT_S 30u

/* Codes of google.rpc.Code. */
#define CODE_INVALID_ARGUMENT 3
#define CODE_NOT_FOUND 5
#define CODE_RESOURCE_EXHAUSTED 8
#define CODE_UNIMPLEMENTED 12

struct receiver_server {
    receiver_server_options options;
    struct MHD_Daemon *daemon;
    receiver_state *state; /* this and the counts: used by the daemon's only thread, and after its end */
    unsigned long requests;
    unsigned long refused;
    size_t points;
};

/* A request on its way in. */
typedef struct upload {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool too_large; /* the rest is read and forgotten, so that the answer gets through */
} upload;

/* -- Answers ------------------------------------------------------------------------------------------------------- */

/* Takes over body, which comes from malloc. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, void *body, size_t size)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, PROTOBUF_TYPE);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
    }
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_message(struct MHD_Connection *connection, unsigned status,
                                      const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *body = malloc(size + 1); /* never of size 0 */
    if (body == NULL) {
        return MHD_NO;
    }
    return answer(connection, status, body, protobuf_c_message_pack(message, body));
}

/* Errors are a google.rpc.Status, in the body's own encoding. */
static enum MHD_Result refuse(receiver_server *server, struct MHD_Connection *connection, unsigned http_status,
                              int32_t code, const char *text)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    status.code = code;
    status.message.data = (uint8_t *)(uintptr_t)text;
    status.message.len = strlen(text);
    server->refused++;
    printf("refused (%u): %s\n", http_status, text);
    fflush(stdout);
    return answer_message(connection, http_status, &status.base);
}

static enum MHD_Result accept_request(struct MHD_Connection *connection, bool complete)
{
    Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceResponse response =
        OPENTELEMETRY__PROTO__COLLECTOR__METRICS__V1__EXPORT_METRICS_SERVICE_RESPONSE__INIT;
    Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsPartialSuccess warning =
        OPENTELEMETRY__PROTO__COLLECTOR__METRICS__V1__EXPORT_METRICS_PARTIAL_SUCCESS__INIT;
    if (!complete) {
        static const char text[] = "some series are not kept: there are too many";
        warning.error_message.data = (uint8_t *)(uintptr_t)text;
        warning.error_message.len = sizeof text - 1;
        response.partial_success = &warning;
    }
    return answer_message(connection, MHD_HTTP_OK, &response.base);
}

/* -- A whole request ----------------------------------------------------------------------------------------------- */

static enum MHD_Result take_message(receiver_server *server, struct MHD_Connection *connection, const uint8_t *data,
                                    size_t size, size_t wire_size)
{
    receiver_request *request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, size, data);
    if (request == NULL) {
        return refuse(server, connection, MHD_HTTP_BAD_REQUEST, CODE_INVALID_ARGUMENT,
                      "the body is not an ExportMetricsServiceRequest");
    }
    size_t points = receiver_count_points(request);
    server->requests++;
    server->points += points;
    printf("request %lu: %zu points in %zu bytes%s\n", server->requests, points, wire_size,
           wire_size == size ? "" : ", compressed");
    if (!server->options.quiet) {
        receiver_table_print(stdout, request);
    }
    fflush(stdout);
    bool complete = receiver_state_add(server->state, request, server->requests);
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
    if (server->options.json_path != NULL && !receiver_state_save(server->state, server->options.json_path)) {
        fprintf(stderr, "otlp-receiver: %s: %s\n", server->options.json_path, strerror(errno));
    }
    return accept_request(connection, complete);
}

static enum MHD_Result take_gzip(receiver_server *server, struct MHD_Connection *connection, const upload *u)
{
    uint8_t *data = NULL;
    size_t size = 0;
    switch (receiver_gunzip(u->data, u->size, MAX_BODY_BYTES, &data, &size)) {
    case GUNZIP_OK:
        break;
    case GUNZIP_TOO_LARGE:
        return refuse(server, connection, MHD_HTTP_CONTENT_TOO_LARGE, CODE_RESOURCE_EXHAUSTED,
                      "the body is over 64 MiB when decompressed");
    default:
        return refuse(server, connection, MHD_HTTP_BAD_REQUEST, CODE_INVALID_ARGUMENT, "the body is not valid gzip");
    }
    enum MHD_Result result = take_message(server, connection, data, size, u->size);
    free(data);
    return result;
}

static bool is_media_type(const char *header, const char *type)
{
    size_t size = strlen(type);
    return header != NULL && strncasecmp(header, type, size) == 0 &&
           (header[size] == '\0' || header[size] == ';' || header[size] == ' ');
}

static enum MHD_Result take_request(receiver_server *server, struct MHD_Connection *connection, const upload *u)
{
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *coding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_ENCODING);
    if (u->too_large) {
        return refuse(server, connection, MHD_HTTP_CONTENT_TOO_LARGE, CODE_RESOURCE_EXHAUSTED,
                      "the body is over 64 MiB");
    }
    if (!is_media_type(type, PROTOBUF_TYPE)) {
        return refuse(server, connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, CODE_INVALID_ARGUMENT,
                      "Content-Type must be application/x-protobuf");
    }
    if (coding == NULL || strcasecmp(coding, "identity") == 0) {
        return take_message(server, connection, u->data, u->size, u->size);
    }
    if (strcasecmp(coding, "gzip") == 0) {
        return take_gzip(server, connection, u);
    }
    return refuse(server, connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, CODE_INVALID_ARGUMENT,
                  "Content-Encoding must be gzip or absent");
}

/* -- The daemon ---------------------------------------------------------------------------------------------------- */

/* False when the sender is to be cut off: no memory, or it does not stop after the limit. */
static bool append(upload *u, const char *data, size_t size)
{
    if (u->too_large || size > MAX_BODY_BYTES - u->size) {
        u->too_large = true;
        u->size += size;
        return u->size < 4 * MAX_BODY_BYTES;
    }
    if (u->size + size > u->capacity) {
        size_t capacity = 2 * (u->size + size);
        uint8_t *larger = realloc(u->data, capacity);
        if (larger == NULL) {
            return false;
        }
        u->data = larger;
        u->capacity = capacity;
    }
    memcpy(u->data + u->size, data, size);
    u->size += size;
    return true;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *data_size,
                                  void **request_context)
{
    (void)version;
    receiver_server *server = context;
    upload *u = *request_context;
    if (u == NULL) { /* the headers are in */
        *request_context = u = calloc(1, sizeof *u);
        return u == NULL ? MHD_NO : MHD_YES;
    }
    if (*data_size > 0) {
        bool goes_on = append(u, data, *data_size);
        *data_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    if (strcmp(url, "/v1/metrics") != 0) {
        return refuse(server, connection, MHD_HTTP_NOT_FOUND, CODE_NOT_FOUND, "only /v1/metrics is served");
    }
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
        return refuse(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED, CODE_UNIMPLEMENTED, "only POST is served");
    }
    return take_request(server, connection, u);
}

static void on_end(void *context, struct MHD_Connection *connection, void **request_context,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    upload *u = *request_context;
    if (u != NULL) {
        free(u->data);
        free(u);
    }
}

receiver_server *receiver_server_start(const receiver_server_options *options)
{
    receiver_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    server->options = *options;
    server->state = receiver_state_create();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server->state != NULL) {
        server->daemon = MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD, options->port, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
            (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
            IDLE_TIMEOUT_S, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    }
    if (server->daemon == NULL) {
        fprintf(stderr, "otlp-receiver: cannot listen on 127.0.0.1:%u: %s\n", (unsigned)options->port,
                strerror(errno));
        receiver_server_stop(server);
        return NULL;
    }
    return server;
}

uint16_t receiver_server_port(const receiver_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}

void receiver_server_stop(receiver_server *server)
{
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
        printf("received %lu requests with %zu points; refused %lu\n", server->requests, server->points,
               server->refused);
    }
    receiver_state_destroy(server->state);
    free(server);
}
