#include "prom_reply.h"

#include "util/alloc.h"

/* One request that the host's handler may answer. */
struct otm_prometheus_reply {
    const otm_allocator *allocator;
    bool sent;
    uint32_t http_status;
    char *content_type; /* NULL after sent: there was no memory */
    char *body;
    size_t size;
};

static const char page[] =
    "<!doctype html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Metrics</title></head>\n"
    "<body><h1>Metrics</h1>\n"
    "<p>This program serves its metrics to Prometheus at <a href=\"/metrics\">/metrics</a>.</p>\n"
    "</body></html>\n";

/* -- Sending ----------------------------------------------------------------------------------------------------- */

/* NULL and empty values are left out. */
static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        (void)MHD_add_response_header(response, name, value); /* a header that is none is left out */
    }
}

/* Sends and gives up the response; NULL is no memory. */
static enum MHD_Result queue(struct MHD_Connection *connection, uint32_t http_status, struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_queue_response(connection, http_status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_static(struct MHD_Connection *connection, uint32_t http_status, const char *content_type,
                                   const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    }
    return queue(connection, http_status, response);
}

enum MHD_Result otmi_prom_reply_wrong_method(struct MHD_Connection *connection)
{
    static char text[] = "only GET and HEAD\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        add_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    return queue(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

/* -- /metrics ---------------------------------------------------------------------------------------------------- */

/* A rendered body that lives until libmicrohttpd has sent it. */
typedef struct sent_metrics {
    const otm_allocator *allocator;
    otm_prometheus_response response;
} sent_metrics;

static void free_metrics(void *user_data)
{
    sent_metrics *sent = user_data;
    otm_prometheus_response_free(&sent->response);
    otmi_free(sent->allocator, sent, sizeof *sent);
}

static enum MHD_Result send_metrics(otm_prometheus_exporter *exporter, struct MHD_Connection *connection)
{
    sent_metrics *sent = otmi_alloc_zeroed(exporter->allocator, sizeof *sent);
    if (sent == NULL) {
        return send_static(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", "out of memory\n");
    }
    sent->allocator = exporter->allocator;
    otm_prometheus_response *metrics = &sent->response;
    otm_prometheus_response_init(metrics);
    /* A failure is a response too, and already reported. */
    (void)otm_prometheus_render(exporter,
                                MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT),
                                MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                            MHD_HTTP_HEADER_ACCEPT_ENCODING),
                                metrics);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        metrics->size, (void *)(uintptr_t)metrics->body, free_metrics, sent);
    if (response == NULL) {
        free_metrics(sent);
        return MHD_NO;
    }
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, metrics->content_type);
    add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, metrics->content_encoding);
    add_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
    return queue(connection, metrics->status, response);
}

/* -- Other paths ------------------------------------------------------------------------------------------------- */

otm_status otm_prometheus_reply_send(otm_prometheus_reply *reply, uint32_t http_status, const char *content_type,
                                     const void *body, size_t size)
{
    if (reply == NULL || content_type == NULL || (body == NULL && size > 0) || http_status < 200 ||
        http_status > 599) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (reply->sent) {
        return OTM_ERR_IN_USE;
    }
    reply->sent = true;
    reply->http_status = http_status;
    reply->content_type = otmi_text_copy(reply->allocator, content_type, strlen(content_type));
    reply->body = otmi_alloc(reply->allocator, size + 1);
    if (reply->content_type == NULL || reply->body == NULL) {
        otmi_free_text(reply->allocator, reply->content_type);
        otmi_free(reply->allocator, reply->body, size + 1);
        reply->content_type = reply->body = NULL;
        return OTM_ERR_NO_MEMORY;
    }
    if (size > 0) {
        memcpy(reply->body, body, size);
    }
    reply->size = size;
    return OTM_OK;
}

static enum MHD_Result send_reply(otm_prometheus_reply *reply, struct MHD_Connection *connection)
{
    if (reply->content_type == NULL) {
        return send_static(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", "out of memory\n");
    }
    /* Copied once more, into libmicrohttpd's memory: such pages are small, and asked for by people. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->size, reply->body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    }
    otmi_free_text(reply->allocator, reply->content_type);
    otmi_free(reply->allocator, reply->body, reply->size + 1);
    return queue(connection, reply->http_status, response);
}

enum MHD_Result otmi_prom_reply_to(otm_prometheus_exporter *exporter, struct MHD_Connection *connection,
                                   const char *path)
{
    if (strcmp(path, "/metrics") == 0) {
        return send_metrics(exporter, connection);
    }
    otm_prometheus_reply reply = {.allocator = exporter->allocator};
    if (exporter->on_request != NULL) {
        exporter->on_request(path, &reply, exporter->on_request_user_data);
    }
    if (reply.sent) {
        return send_reply(&reply, connection);
    }
    if (strcmp(path, "/") == 0) {
        return send_static(connection, MHD_HTTP_OK, "text/html; charset=utf-8", page);
    }
    return send_static(connection, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8", "not found; see /metrics\n");
}
