/* Metrics from elsewhere, and metrics held back: producers and filters of a reader (metrics/sdk.md, "MetricProducer",
 * "MetricFilter").
 *
 * A producer adds metrics that another library has aggregated already to what a reader collects; its points come out
 * as they are. A filter lets a reader leave out metrics, or some of their series, of the SDK and of its producers.
 * Both are tables of operations behind a reference-counted object, given to readers (otm/sdk_reader.h). */
#ifndef OTM_PRODUCER_H
#define OTM_PRODUCER_H

#include <otm/host.h>
#include <otm/sdk_data.h>

OTM_BEGIN_DECLS

/* -- Filter ------------------------------------------------------------------------------------------------------ */

typedef enum otm_filter_result {
    OTM_FILTER_ACCEPT = 0,
    OTM_FILTER_DROP = 1,
    OTM_FILTER_ACCEPT_PARTIAL = 2 /* of a metric: ask about the attributes of each of its points */
} otm_filter_result;

typedef struct otm_metric_filter otm_metric_filter;

/* The operations of a filter. Called on the thread that collects, under no lock; several at a time if several readers
 * share the filter. What they are given is valid during the call only. An answer that is none counts as ACCEPT. They
 * have no deadline, and the collection waits for them: quick, and without I/O. They may use the library, but a
 * collection, flush or shutdown that needs the reader which asks answers OTM_ERR_REENTRANT. */
typedef struct otm_metric_filter_ops {
    size_t size; /* set to sizeof(otm_metric_filter_ops) */

    /* Asked once a collection about each metric, before anything is done for it. */
    otm_filter_result (*test_metric)(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                     const char *unit);

    /* Asked about each point of a metric that test_metric answered ACCEPT_PARTIAL for: ACCEPT or DROP. NULL: as if it
     * always answered ACCEPT. */
    otm_filter_result (*test_attributes)(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                         const char *unit, const otm_attr *attributes, size_t attribute_count);

    /* Frees self, after the last reference is gone. NULL: nothing to do. */
    void (*destroy)(void *self);
} otm_metric_filter_ops;

/* Wraps a filter. `ops` is copied; self is destroyed with the last reference, on failure at once. NULL allocator:
 * malloc.
 * Threads: any.  Blocks: no.
 * Fails: OTM_ERR_INVALID_ARGUMENT (test_metric or out missing), OTM_ERR_NO_MEMORY; *out is NULL then. */
OTM_API OTM_MUST_CHECK otm_status otm_metric_filter_create(const otm_metric_filter_ops *ops, void *self,
                                                           const otm_allocator *allocator, otm_metric_filter **out);
/* NULL is ignored.  Threads: any.  Blocks: no. */
OTM_API otm_metric_filter *otm_metric_filter_retain(otm_metric_filter *filter);
OTM_API void otm_metric_filter_release(otm_metric_filter *filter);

/* Asks a filter; for producers, while they are asked themselves. NULL accepts everything; an answer that is none is
 * ACCEPT.
 * Threads: any.  Blocks: as long as the filter does. */
OTM_API otm_filter_result otm_metric_filter_test_metric(otm_metric_filter *filter, const otm_scope *scope,
                                                        const char *name, otm_metric_type type, const char *unit);
OTM_API otm_filter_result otm_metric_filter_test_attributes(otm_metric_filter *filter, const otm_scope *scope,
                                                            const char *name, otm_metric_type type, const char *unit,
                                                            const otm_attr *attributes, size_t attribute_count);

/* -- Producer ---------------------------------------------------------------------------------------------------- */

typedef struct otm_metric_producer otm_metric_producer;

/* What a collection asks a producer for; valid during the call only. It may grow at its end. */
typedef struct otm_produce_request {
    size_t struct_size;
    /* Be back by then (system's monotonic clock; UINT64_MAX: no limit). It leaves the collection some of its time. */
    uint64_t deadline_ns;
    uint64_t time_unix_nano;   /* when the collection began */
    otm_metric_filter *filter; /* of the reader; NULL: none. The reader applies it to what comes back in any case */
    uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT]; /* otm_temporality that the reader has for the SDK's metrics */
    uint32_t reserved;
    const otm_attr *resource_attributes; /* of the provider */
    size_t resource_attribute_count;
    const char *resource_schema_url;
} otm_produce_request;

/* The operations of a producer. Called on the thread that collects, under no lock; several at a time if several readers
 * share the producer. They may use the library, but a collection, flush or shutdown that needs the reader which asks
 * answers OTM_ERR_REENTRANT. */
typedef struct otm_metric_producer_ops {
    size_t size; /* set to sizeof(otm_metric_producer_ops) */

    /* Sets *out to a tree that stays as it is until it is given back; NULL: nothing. Any status but OTM_OK is reported
     * to the provider's diagnostics; *out counts all the same (a partial result).
     *
     * Use one scope, whose name tells the producer. Strings are UTF-8, those of metrics and scopes NUL-terminated as
     * well; keys are unique within a set. Points may be of every type, and times and temporality are up to the
     * producer; stream_id and series_generation stay 0. The tree's resources are replaced by the provider's. A metric
     * whose type or temporality is none, whose points lack their data, or that has text which is no UTF-8 is left out
     * and reported. The collection waits for it: what does not come back at all keeps its reader from collecting, and
     * with it a thread that waits for this without a timeout. */
    otm_status (*produce)(void *self, const otm_produce_request *request, const otm_metrics_data **out);

    /* Takes back a tree, once for each that produce set, when the reader's own tree is returned. NULL: nothing to
     * do. */
    void (*release)(void *self, const otm_metrics_data *data);

    /* Frees self, after the last reference is gone. NULL: nothing to do. */
    void (*destroy)(void *self);
} otm_metric_producer_ops;

/* Wraps a producer. `ops` is copied; self is destroyed with the last reference, on failure at once. NULL allocator:
 * malloc.
 * Threads: any.  Blocks: no.
 * Fails: OTM_ERR_INVALID_ARGUMENT (produce or out missing), OTM_ERR_NO_MEMORY; *out is NULL then. */
OTM_API OTM_MUST_CHECK otm_status otm_metric_producer_create(const otm_metric_producer_ops *ops, void *self,
                                                             const otm_allocator *allocator, otm_metric_producer **out);
/* NULL is ignored.  Threads: any.  Blocks: no. */
OTM_API otm_metric_producer *otm_metric_producer_retain(otm_metric_producer *producer);
OTM_API void otm_metric_producer_release(otm_metric_producer *producer);

OTM_END_DECLS

#endif
