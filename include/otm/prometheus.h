/* Prometheus exporter: a pull exporter that answers scrapes (metrics/sdk_exporters/prometheus.md).
 *
 *     otm_prometheus_exporter *exporter;
 *     otm_status st = otm_prometheus_exporter_create(NULL, &exporter);
 *     otm_reader *reader = otm_prometheus_exporter_reader(exporter);
 *     ... otm_meter_provider_options.readers = &reader ...
 *     st = otm_prometheus_exporter_start(exporter);     http://localhost:9464/metrics
 *     ...
 *     otm_prometheus_exporter_release(exporter);
 *
 * A host with a web server of its own never calls start, and answers its /metrics with otm_prometheus_render().
 *
 * Series of several instruments may come out under one name. A name has one type: the metric that claims it first
 * keeps it, others of another type are left out as a whole. Of several descriptions the first is shown. An attribute
 * whose label name is taken by the format (le, quantile, __name__), by the scope or by a constant label is shown as
 * exported_NAME. Everything left out or renamed is reported to the diagnostic handler. */
#ifndef OTM_PROMETHEUS_H
#define OTM_PROMETHEUS_H

#include <otm/sdk_reader.h>

OTM_BEGIN_DECLS

typedef struct otm_prometheus_exporter otm_prometheus_exporter;

/* How names become Prometheus names. What the scraper cannot read is escaped afterwards in any case: a scrape that
 * does not ask for UTF-8 names gets underscores. Suffixes are the unit in words, _ratio (gauges of unit 1), _total. */
typedef enum otm_prometheus_translation {
    OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES = 0,
    OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES = 1,
    OTM_PROMETHEUS_NO_UTF8_ESCAPING_WITH_SUFFIXES = 2,
    OTM_PROMETHEUS_NO_TRANSLATION = 3
} otm_prometheus_translation;

/* As a port: any free one; otm_prometheus_exporter_port() tells which. */
#define OTM_PORT_ANY UINT32_MAX

/* -- Other paths of the server ----------------------------------------------------------------------------------- */

typedef struct otm_prometheus_reply otm_prometheus_reply;

/* Answers the request. Copies content_type and body; may be called once a request.
 * Threads: the handler's, during the handler's call.  Blocks: no.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  a required argument is NULL, or http_status is not 200 to 599
 *          OTM_ERR_IN_USE            the request is answered already
 *          OTM_ERR_NO_MEMORY         the request is answered with 503 */
OTM_API otm_status otm_prometheus_reply_send(otm_prometheus_reply *reply, uint32_t http_status,
                                             const char *content_type, const void *body, size_t size);

/* Called for a GET or HEAD of a path other than /metrics ("/diagnostics"; the query is cut off). If it sends nothing
 * the built-in answer follows: a short page for "/", else 404. It runs on the server's thread, under no lock; scrapes
 * wait meanwhile. It may render, but stop and release answer OTM_ERR_REENTRANT. */
typedef void (*otm_prometheus_request_handler)(const char *path, otm_prometheus_reply *reply, void *user_data);

/* -- Exporter ---------------------------------------------------------------------------------------------------- */

typedef struct otm_prometheus_exporter_options {
    size_t struct_size;             /* set by init; do not change */
    const otm_allocator *allocator; /* must outlive the exporter; NULL: malloc */
    const otm_clock *clock;         /* must outlive the exporter; times throttled diagnostics; NULL: the system's */
    otm_diagnostics_options diagnostics;

    const char *host;              /* address, or name to look up; "::" and "0.0.0.0" are all interfaces. NULL:
                                    * "localhost", which is both ::1 and 127.0.0.1 */
    uint32_t port;                 /* 0: 9464; OTM_PORT_ANY */
    uint32_t max_connections;      /* at the same time, on each address; 0: 64 */
    int64_t connection_timeout_ms; /* of a silent client, rounded up to seconds; 0: 15 000 */
    int64_t scrape_timeout_ms;     /* for the collection; 0: 10 000; OTM_NO_TIMEOUT */
    otm_prometheus_request_handler on_request; /* NULL: no other paths */
    void *on_request_user_data;

    uint32_t translation;   /* otm_prometheus_translation */
    bool omit_scope_info;   /* no otel_scope_... labels */
    bool omit_target_info;  /* no target_info */
    bool has_resource_constant_labels; /* copy resource attributes to every series (all, if no pattern is given); what
                                        * comes by otm_meter_provider_for_entity() is left out, with a report, unless
                                        * these tell it from all else */
    uint8_t reserved[1];                          /* 0 */
    const char *const *included_resource_keys;    /* patterns with * and ?; none given: all */
    size_t included_resource_key_count;
    const char *const *excluded_resource_keys;    /* taken from those afterwards */
    size_t excluded_resource_key_count;

    /* Cardinality limits and aggregations by instrument kind; the temporality is cumulative whatever it says.
     * NULL: defaults. */
    const otm_reader_options *reader;
} otm_prometheus_exporter_options;

OTM_INLINE void otm_prometheus_exporter_options_init(otm_prometheus_exporter_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    otm_diagnostics_options_init(&options->diagnostics);
}

/* Creates an exporter with its reader; opens nothing yet. All options are copied; NULL means all defaults.
 * Threads: any.  Blocks: no.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  out is NULL, or an option is out of range
 *          OTM_ERR_NO_MEMORY         nothing was created
 *          *out is NULL then, and every function here accepts that */
OTM_API OTM_MUST_CHECK otm_status otm_prometheus_exporter_create(const otm_prometheus_exporter_options *options,
                                                                 otm_prometheus_exporter **out);

/* The reader to give to one provider. It belongs to the exporter: retain it to keep it longer. NULL exporter: NULL.
 * Threads: any.  Blocks: no. */
OTM_API otm_reader *otm_prometheus_exporter_reader(otm_prometheus_exporter *exporter);

/* Opens the port and serves /metrics on a thread of the exporter's own (one for each address), all signals blocked.
 * A failure changes nothing: the host goes on, without the endpoint, and may try again.
 *
 * After a fork() the server is absent in the child, and its port is closed there.
 * Threads: any.
 * Blocks:  while the system's resolver looks up a host that is neither an address nor "localhost".
 * Fails:   OTM_ERR_INVALID_ARGUMENT  the host is no address of this machine
 *          OTM_ERR_IN_USE            the port is taken, or this exporter serves already
 *          OTM_ERR_IO                the system refused otherwise; the diagnostic names address, port and reason
 *          OTM_ERR_NO_MEMORY */
OTM_API OTM_MUST_CHECK otm_status otm_prometheus_exporter_start(otm_prometheus_exporter *exporter);

/* The port that is served; 0 while none is.  Threads: any.  Blocks: no. */
OTM_API uint32_t otm_prometheus_exporter_port(otm_prometheus_exporter *exporter);

/* Closes the port and all connections; it may be started again. Nothing happens if it does not serve.
 * A provider's shutdown does not close the port: scrapes are answered 503 from then on.
 * Threads: any.
 * Blocks:  while a request is being answered: at most the scrape timeout, and what on_request takes.
 * Fails:   OTM_ERR_REENTRANT  called from a callback or handler that runs for a request of this exporter */
OTM_API otm_status otm_prometheus_exporter_stop(otm_prometheus_exporter *exporter);

/* Stops and frees the exporter and gives back its reader; NULL is ignored. No other call may be in progress or follow.
 * Threads: any.
 * Blocks:  as stop.
 * Fails:   OTM_ERR_REENTRANT  as stop; nothing is freed */
OTM_API otm_status otm_prometheus_exporter_release(otm_prometheus_exporter *exporter);

/* -- Rendering --------------------------------------------------------------------------------------------------- */

/* A complete answer to a scrape. */
typedef struct otm_prometheus_response {
    size_t struct_size; /* set by init; do not change */
    uint32_t status;    /* of HTTP: 200, or 503 with one line of text */
    uint32_t reserved;
    const char *content_type;     /* for the Content-Type header; never freed */
    const char *content_encoding; /* "gzip", or "" for none; never freed */
    const char *body;
    size_t size;
    size_t capacity;                /* ours */
    const otm_allocator *allocator; /* ours */
} otm_prometheus_response;

OTM_INLINE void otm_prometheus_response_init(otm_prometheus_response *response)
{
    memset(response, 0, sizeof *response);
    response->struct_size = sizeof *response;
}

/* Collects and writes what a scrape with these headers gets. Either header may be NULL (not sent).
 *
 * *out is filled whatever happens, so that a web server can send it: on failure it is a 503 that tells why. Give it
 * back with otm_prometheus_response_free().
 * Threads: any, several at a time; their collections run one after the other.
 * Blocks:  for the collection, at most the scrape timeout.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  exporter or out is NULL, or *out was not initialised
 *          OTM_ERR_LIMIT             the text would exceed 256 MiB
 *          and what otm_reader_collect() fails with */
OTM_API otm_status otm_prometheus_render(otm_prometheus_exporter *exporter, const char *accept,
                                         const char *accept_encoding, otm_prometheus_response *out);

/* Frees the body. NULL, and a response that was only initialised, are ignored.  Threads: any.  Blocks: no. */
OTM_API void otm_prometheus_response_free(otm_prometheus_response *response);

OTM_END_DECLS

#endif
