/* In-memory exporter, for tests and for hosts that look at their own metrics (metrics/sdk_exporters/in-memory.md). */
#ifndef OTM_STREAM_H
#define OTM_STREAM_H

#include <otm/sdk_reader.h>

OTM_BEGIN_DECLS

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

OTM_END_DECLS

#endif
