/* Metrics held back: the filter of a reader (metrics/sdk.md, "MetricFilter").
 *
 * A filter lets a reader leave out metrics, or some of their series. It is a table of operations behind a
 * reference-counted object, given to readers (otm/sdk_reader.h). */
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

/* The operations of a filter. Called by collections under no lock, several at a time if several readers share the
 * filter. What they are given is valid during the call only. An answer that is none counts as ACCEPT. */
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
 * Fails: OTM_ERR_INVALID_ARGUMENT (test_metric missing), OTM_ERR_NO_MEMORY; *out is NULL then.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_metric_filter_create(const otm_metric_filter_ops *ops, void *self,
                                                           const otm_allocator *allocator, otm_metric_filter **out);
/* NULL is ignored.  Threads: any.  Blocks: no. */
OTM_API otm_metric_filter *otm_metric_filter_retain(otm_metric_filter *filter);
OTM_API void otm_metric_filter_release(otm_metric_filter *filter);

/* Asks a filter; for producers. NULL accepts everything. */
OTM_API otm_filter_result otm_metric_filter_test_metric(otm_metric_filter *filter, const otm_scope *scope,
                                                        const char *name, otm_metric_type type, const char *unit);
OTM_API otm_filter_result otm_metric_filter_test_attributes(otm_metric_filter *filter, const otm_scope *scope,
                                                            const char *name, otm_metric_type type, const char *unit,
                                                            const otm_attr *attributes, size_t attribute_count);

OTM_END_DECLS

#endif
