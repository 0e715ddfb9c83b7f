/* Push to an OpenTelemetry Collector, or anything else that speaks OTLP/HTTP (protocol/exporter.md).
 *
 *     otm_otlp_http_exporter_options options;
 *     otm_otlp_http_exporter_options_init(&options);
 *     options.use_environment = true;
 *     otm_exporter *exporter;
 *     otm_status st = otm_otlp_http_exporter_create(&options, NULL, &exporter);
 *
 * Give the exporter to a periodic reader (otm_periodic_reader_create()). */
#ifndef OTM_OTLP_H
#define OTM_OTLP_H

#include <otm/sdk_reader.h>

OTM_BEGIN_DECLS

typedef enum otm_otlp_compression {
    OTM_OTLP_COMPRESSION_DEFAULT = 0, /* the environment's, else none */
    OTM_OTLP_COMPRESSION_NONE = 1,
    OTM_OTLP_COMPRESSION_GZIP = 2
} otm_otlp_compression;

typedef enum otm_otlp_histogram {
    OTM_OTLP_HISTOGRAM_DEFAULT = 0, /* the environment's, else explicit buckets */
    OTM_OTLP_HISTOGRAM_EXPLICIT = 1,
    OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL = 2
} otm_otlp_histogram;

/* No limit, for the sizes below. */
#define OTM_OTLP_NO_LIMIT SIZE_MAX

typedef struct otm_otlp_header {
    const char *name;  /* letters, digits and the marks that HTTP allows in names */
    const char *value; /* NULL: empty; no control characters, so no line break can be smuggled in */
} otm_otlp_header;

/* Settings for otm_otlp_http_exporter_create(): call the init function, then change what you need. All strings and
 * arrays are copied. */
typedef struct otm_otlp_http_exporter_options {
    size_t struct_size; /* set by init; do not change */

    /* The whole URL, http or https, used unchanged; no path means "/". NULL: http://localhost:4318/v1/metrics. A user
     * and password in it are sent as basic authentication and appear in no diagnostic. */
    const char *endpoint;

    /* Sent with each request; of a repeated name the last counts. The exporter's own (Content-Type, Content-Encoding,
     * Content-Length, Transfer-Encoding, Connection, Expect, Accept-Encoding, User-Agent) may not be set. Values never
     * appear in a diagnostic. */
    const otm_otlp_header *headers;
    size_t header_count;

    int64_t timeout_ms; /* of one batch with all its retries; 0: 10 000; OTM_NO_TIMEOUT. The reader's time counts too */
    size_t max_request_bytes;  /* before and after compression; a larger batch is dropped. 0: 64 MiB */
    size_t max_response_bytes; /* after decompression; a larger answer fails the batch. 0: 4 MiB */

    /* PEM files for https: the authorities to trust (NULL: the system's), and for mutual TLS the client's certificate
     * and key, which come together. They are read anew for each connection. */
    const char *ca_file;
    const char *cert_file;
    const char *key_file;

    const char *user_agent_prefix; /* put before "OTel-OTLP-Exporter-C/VERSION", with a blank; NULL: nothing */

    /* A retry waits a random time up to the initial backoff, up to twice that the next time, and so on up to the
     * maximum; longer where the server says so (Retry-After). */
    int64_t initial_backoff_ms; /* 0: 1000 */
    int64_t max_backoff_ms;     /* 0: 5000, or the initial backoff if that is larger */

    uint32_t compression;            /* otm_otlp_compression */
    uint32_t temporality_preference; /* otm_temporality_preference */
    uint32_t histogram;              /* otm_otlp_histogram: what histograms become where no view says so */

    /* Fills what is not set above from OTEL_EXPORTER_OTLP_* and, before those, OTEL_EXPORTER_OTLP_METRICS_*: ENDPOINT,
     * HEADERS, TIMEOUT, COMPRESSION, CERTIFICATE, CLIENT_CERTIFICATE, CLIENT_KEY; and from
     * OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE and ..._DEFAULT_HISTOGRAM_AGGREGATION. A value that is not
     * valid is reported and counts as not set. */
    bool use_environment;
    uint8_t reserved[3];

    const otm_allocator *allocator; /* must outlive the exporter; NULL: malloc. libcurl has its own memory */

    /* Random 64-bit numbers for the backoff, for tests; NULL: the system's. */
    uint64_t (*random)(void *context);
    void *random_context;
} otm_otlp_http_exporter_options;

OTM_INLINE void otm_otlp_http_exporter_options_init(otm_otlp_http_exporter_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* Creates an exporter that POSTs each batch as http/protobuf and keeps its connection. Nothing is sent yet.
 *
 * The answer decides what becomes of a batch's points (otm_exporter_accounts()):
 *   2xx                   exported; what the answer counts as rejected is rejected, and its message is reported. An
 *                         answer whose body cannot be read is reported too, but the points did arrive
 *   2xx with an HTML page dropped (RESPONSE), as is an answer over max_response_bytes, or one that is not HTTP
 *   429, 502, 503, 504    sent again later, as are connections that fail, or break before a status arrives; dropped
 *                         (UNREACHED) when the time is over
 *   anything else         dropped (REFUSED) and never sent again. Redirects are in this class: they are reported, and
 *                         neither data nor headers go to a place that nobody configured
 * A partial success is never sent again. Batches that fail are reported once, not once a try.
 *
 * https verifies the server's certificate and name; there is no switch to turn that off, and no fall-back to http.
 * libcurl reads http_proxy, https_proxy and no_proxy from the environment and honours them. Sockets to the network are
 * close-on-exec; the pairs by which libcurl wakes itself are not. Names and certificates are libcurl's too: the first
 * https connection reads the system's authorities, which takes some 50 ms of one step.
 * `diagnostics` is where faults in the options and in exports are reported. NULL: faults in the options are not, those
 * in exports go where the provider's diagnostics go.
 *
 * Threads: any; the exporter itself is run by its reader. libcurl's threads that resolve names block all signals.
 * Blocks:  no (it reads no network; the PEM files are opened once to see that they are there).
 * Fails:   OTM_ERR_INVALID_ARGUMENT  out is NULL, or a setting is not valid: the diagnostic names it
 *          OTM_ERR_IO                a PEM file cannot be read, or libcurl cannot start
 *          OTM_ERR_NO_MEMORY         nothing was created
 * *out is NULL then. */
OTM_API OTM_MUST_CHECK otm_status otm_otlp_http_exporter_create(const otm_otlp_http_exporter_options *options,
                                                                const otm_diagnostics_options *diagnostics,
                                                                otm_exporter **out);

/* A collected tree as OTLP protobuf: the bytes of an ExportMetricsServiceRequest, which are those of a MetricsData too.
 * For hosts that send or store them their own way. No points give no bytes (*bytes is NULL then). The caller frees
 * them with otm_otlp_free_bytes() and the same allocator (NULL: malloc).
 * Threads: any.  Blocks: no.
 * Fails:   OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT (over 2 GiB) */
OTM_API OTM_MUST_CHECK otm_status otm_otlp_encode(const otm_metrics_data *data, const otm_allocator *allocator,
                                                  uint8_t **bytes, size_t *size);
OTM_API void otm_otlp_free_bytes(const otm_allocator *allocator, uint8_t *bytes, size_t size);

/* Fills interval_ms and timeout_ms, where they are 0, from OTEL_METRIC_EXPORT_INTERVAL and OTEL_METRIC_EXPORT_TIMEOUT
 * (milliseconds; a timeout of 0 is OTM_NO_TIMEOUT, an interval of 0 is not valid). A value that is not a whole number
 * of that range is reported to `diagnostics` (may be NULL) and leaves the default.
 * Threads: any, while none changes the environment.  Blocks: no. */
OTM_API void otm_periodic_reader_options_from_env(otm_periodic_reader_options *options,
                                                  const otm_diagnostics_options *diagnostics);

OTM_END_DECLS

#endif
