/* Exporters for people and tests: standard output (metrics/sdk_exporters/stdout.md), and memory, for hosts that look at
 * their own metrics (metrics/sdk_exporters/in-memory.md). */
#ifndef OTM_STREAM_H
#define OTM_STREAM_H

#include <otm/sdk_reader.h>

OTM_BEGIN_DECLS

/* -- Memory ------------------------------------------------------------------------------------------------------ */

typedef struct otm_memory_exporter_options {
    size_t struct_size;              /* set by init; do not change */
    uint32_t temporality_preference; /* otm_temporality_preference */
    uint32_t max_batches;            /* kept; the oldest goes first. 0: 16 */
    const otm_allocator *allocator;  /* must outlive the exporter; NULL: malloc */
    uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT]; /* otm_temporality by kind; 0: by the preference */
    uint32_t aggregation[OTM_INSTRUMENT_KIND_COUNT]; /* otm_aggregation_kind by kind, with its own defaults */
} otm_memory_exporter_options;

OTM_INLINE void otm_memory_exporter_options_init(otm_memory_exporter_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* Creates an exporter that keeps its batches in memory, to be given to a periodic reader. The caller releases *out with
 * otm_exporter_release(). NULL options: the defaults.
 * Threads: any.  Blocks: no.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  out is NULL, or an option has a value that does not exist
 *          OTM_ERR_NO_MEMORY         nothing was created
 *          *out is NULL then */
OTM_API OTM_MUST_CHECK otm_status otm_memory_exporter_create(const otm_memory_exporter_options *options,
                                                             otm_exporter **out);

/* How many batches are kept; 0 for an exporter that is not of this kind.  Threads: any.  Blocks: briefly. */
OTM_API size_t otm_memory_exporter_count(otm_exporter *exporter);

/* A kept batch as OTLP JSON (one MetricsData object, no newline), 0 the oldest. The caller frees *json with
 * otm_memory_exporter_free_json().
 * Threads: any.  Blocks: briefly.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  json is NULL
 *          OTM_ERR_NOT_FOUND         fewer batches are kept, or the exporter is not of this kind
 *          OTM_ERR_NO_MEMORY
 *          *json is NULL then */
OTM_API OTM_MUST_CHECK otm_status otm_memory_exporter_json(otm_exporter *exporter, size_t index, char **json);
OTM_API void otm_memory_exporter_free_json(char *json);

/* Forgets all kept batches.  Threads: any.  Blocks: briefly. */
OTM_API void otm_memory_exporter_reset(otm_exporter *exporter);

/* Any collected tree as OTLP JSON (section "JSON Protobuf Encoding" of the OTLP specification): the text of one
 * MetricsData object. For tests, drivers and files. Freed as above.
 * Threads: any, while the tree is theirs.  Blocks: no.  Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY. */
OTM_API OTM_MUST_CHECK otm_status otm_metrics_to_json(const otm_metrics_data *data, char **json);

/* -- Standard output --------------------------------------------------------------------------------------------- */

/* This exporter is for debugging and learning. It is not recommended for production use: its format is not
 * standardised and can change at any time. Who wants a standardised format on standard output wants the OTLP File
 * Exporter (protocol/file-exporter.md), which this library does not have yet; until then there is OTLP to a Collector
 * (otlp.h), and otm_metrics_to_json() above.
 *
 *     otm_exporter *exporter;
 *     otm_status st = otm_stdout_exporter_create(NULL, &exporter);
 *     options.interval_ms = OTM_STDOUT_INTERVAL_MS;
 *     st = otm_periodic_reader_create(exporter, &options, &reader);
 */

/* The interval at which the specification has a periodic reader export to standard output. A configuration (config.h)
 * takes it by itself where none is given; code passes it on. */
#define OTM_STDOUT_INTERVAL_MS 10000

typedef struct otm_stdout_exporter_options {
    size_t struct_size;              /* set by init; do not change */
    uint32_t temporality_preference; /* otm_temporality_preference; 0: cumulative */
    bool has_fd;                     /* false: standard output, whatever it is when something is written */
    uint8_t reserved[3];
    uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT]; /* otm_temporality by kind; 0: by the preference */
    uint32_t aggregation[OTM_INSTRUMENT_KIND_COUNT]; /* otm_aggregation_kind by kind, with its own defaults */
    int fd;                /* file, pipe, terminal or socket; stays the host's, open while the exporter is in use */
    uint32_t reserved2;
    size_t max_line_bytes; /* a longer line is dropped as a whole; 0: 64 MiB */
    /* Takes the lines in place of a descriptor: the whole line at once, its newline included, valid during the call. It
     * runs where the reader exports, under no lock, and must not block past the deadline (monotonic nanoseconds of the
     * provider's clock; UINT64_MAX: none). Anything but OTM_OK means that the line is lost; the status says under which
     * reason its points are counted: OTM_ERR_TIMEOUT, _SHUTDOWN, _LIMIT, _NO_MEMORY, _UNSUPPORTED, else refused. */
    otm_status (*write)(void *context, const char *line, size_t size, uint64_t deadline_ns);
    void *write_context;
    const otm_allocator *allocator; /* must outlive the exporter; NULL: malloc */
} otm_stdout_exporter_options;

OTM_INLINE void otm_stdout_exporter_options_init(otm_stdout_exporter_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* Creates an exporter that writes each batch as one line of OTLP JSON, and nothing else ever. The caller releases *out
 * with otm_exporter_release(). NULL options: the defaults.
 *
 * Lines go to the descriptor directly, past the buffers of stdio: flush those to keep the order. A descriptor that
 * takes no more is waited for, until the time of the export is over; its flags are not changed. (A write to a file
 * cannot be interrupted; neither can one to another user's pipe or terminal, or without /proc, if something else fills
 * it at that moment.) A reader that is gone raises no SIGPIPE. What fails is reported to the provider's diagnostics,
 * and its points are dropped: UNREACHED (no room in time), REFUSED (closed, broken, disk full), TOO_LARGE, NO_MEMORY,
 * SHUTDOWN. If a line could be written in part only, the next one starts on a line of its own all the same. On a pipe,
 * lines of more than PIPE_BUF bytes may be mixed with what others write at that moment.
 * Threads: any; the exporter itself is run by its reader.
 * Blocks:  no.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  out is NULL, or an option has a value that does not exist, or fd and write are
 *                                    both given, or fd is negative
 *          OTM_ERR_NO_MEMORY         nothing was created
 *          *out is NULL then */
OTM_API OTM_MUST_CHECK otm_status otm_stdout_exporter_create(const otm_stdout_exporter_options *options,
                                                             otm_exporter **out);

OTM_END_DECLS

#endif
