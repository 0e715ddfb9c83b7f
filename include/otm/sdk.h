/* The SDK: a meter provider with its resource, views and readers (metrics/sdk.md).
 *
 *     otm_meter_provider_options options;
 *     otm_meter_provider_options_init(&options);
 *     options.readers = readers;
 *     options.reader_count = 1;
 *     otm_meter_provider *provider;
 *     otm_status st = otm_meter_provider_create(&options, &provider);
 *
 * On failure the provider is a no-op, and the program goes on without metrics. */
#ifndef OTM_SDK_H
#define OTM_SDK_H

#include <otm/exemplar.h>
#include <otm/metrics.h>
#include <otm/resource.h>
#include <otm/sdk_reader.h>

OTM_BEGIN_DECLS

/* -- Views ------------------------------------------------------------------------------------------------------- */

/* Which instruments a view is for: all given criteria must hold; NULL and false match everything. */
typedef struct otm_view_selector {
    const char *instrument_name; /* with wildcards: * any run, ? one character; case-sensitive, on the first-seen
                                  * spelling */
    const char *unit;
    const char *meter_name;
    const char *meter_version;
    const char *meter_schema_url;
    bool has_kind;
    uint8_t reserved[3];
    uint32_t kind; /* otm_instrument_kind */
} otm_view_selector;

/* What becomes of the instruments selected. NULL and zero keep what the instrument or the reader says.
 * Attributes that a view removes may still show up on exemplars (as filtered attributes): switch exemplars off with
 * OTM_EXEMPLARS_ALWAYS_OFF where they must not leave the process. */
typedef struct otm_view_stream {
    const char *name;
    const char *description;
    otm_aggregation aggregation;
    uint32_t cardinality_limit;
    bool has_included_keys;
    bool has_aggregation; /* it counts even if it is DEFAULT: lets a composable view undo an earlier one's choice */
    uint8_t reserved[2];
    const char *const *included_keys; /* patterns as above; excluded ones are taken from these afterwards */
    size_t included_key_count;
    const char *const *excluded_keys;
    size_t excluded_key_count;
    otm_reservoir_choice exemplar_reservoir;
    int64_t idle_ttl_ms; /* series not measured for so long end (cumulative readers); 0: the reader's */
} otm_view_stream;

typedef struct otm_view {
    size_t struct_size; /* set by init; do not change */
    otm_view_selector selector;
    otm_view_stream stream;
} otm_view;

OTM_INLINE void otm_view_init(otm_view *view)
{
    memset(view, 0, sizeof *view);
    view->struct_size = sizeof *view;
}

/* -- Meter configurator ------------------------------------------------------------------------------------------ */

/* Decides whether a meter is enabled. Quick, and called under no lock; -1 means the default (enabled). */
typedef int (*otm_meter_configurator)(const otm_scope *scope, void *user_data);

/* -- Provider ---------------------------------------------------------------------------------------------------- */

typedef enum otm_exemplar_filter {
    OTM_EXEMPLARS_TRACE_BASED = 0, /* measurements in the context of a sampled span */
    OTM_EXEMPLARS_ALWAYS_ON = 1,
    OTM_EXEMPLARS_ALWAYS_OFF = 2
} otm_exemplar_filter;

typedef enum otm_view_matching {
    OTM_VIEWS_INDEPENDENT = 0, /* each matching view makes its own stream */
    OTM_VIEWS_COMPOSABLE = 1   /* matching views of one stream name are merged in order */
} otm_view_matching;

typedef struct otm_meter_provider_options {
    size_t struct_size;             /* set by init; do not change */
    const otm_allocator *allocator; /* must outlive the provider; NULL: malloc */
    const otm_clock *clock;         /* must outlive the provider; NULL: the system's */
    otm_resource *resource;         /* a reference is taken; NULL: otm_resource_default() */
    otm_reader *const *readers;     /* references are taken; each may belong to one provider only */
    size_t reader_count;
    const otm_view *views; /* copied; walked by view_stride */
    size_t view_count;
    size_t view_stride; /* set by init to sizeof(otm_view) */
    otm_diagnostics_options diagnostics;
    otm_meter_configurator meter_configurator; /* NULL: all enabled */
    void *meter_configurator_user_data;
    uint32_t exemplar_filter; /* otm_exemplar_filter */
    uint32_t view_matching;   /* otm_view_matching */
    uint32_t silent_in_child; /* 1: after fork() the child's copies stay silent (they always are inert) */
    uint32_t context_attributes; /* 1: measurements of synchronous instruments take the attributes of their context as
                                  * well, before views, advice and limits; of equal keys the call's or the bound
                                  * handle's counts (OTEP 4931). Each set of them makes series: mind their number */
} otm_meter_provider_options;

OTM_INLINE void otm_meter_provider_options_init(otm_meter_provider_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->view_stride = sizeof(otm_view);
    otm_diagnostics_options_init(&options->diagnostics);
}

/* Creates a meter provider and starts its periodic readers.
 *
 * On success the caller holds a reference and gives it back with otm_meter_provider_release().
 * On failure *out is a no-op provider, which every function accepts: the program goes on without metrics.
 * Threads: any.  Blocks: no.
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, or options set a field this library lacks or a value out of range
 *         OTM_ERR_IN_USE            a reader already belongs to a provider
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_IO                a thread could not be started */
OTM_API OTM_MUST_CHECK otm_status otm_meter_provider_create(const otm_meter_provider_options *options,
                                                            otm_meter_provider **out);

/* Makes every periodic reader collect and export now, one after the other, within timeout_ms (0: 30 s).
 * A provider that is not of this SDK answers OTM_ERR_UNSUPPORTED.
 * Threads: any.  Blocks: at most timeout_ms.
 * Fails:  OTM_ERR_TIMEOUT, OTM_ERR_SHUTDOWN, OTM_ERR_EXPORT (a reader failed), OTM_ERR_REENTRANT */
OTM_API otm_status otm_meter_provider_flush(otm_meter_provider *provider, int64_t timeout_ms);

/* Exports what is left and ends all readers and exporters; what was created before does nothing from now on.
 * Works once; later calls answer OTM_ERR_SHUTDOWN. When time runs out exports are aborted and accounted for, threads
 * are told to end, and the call returns.
 * Threads: any.  Blocks: at most timeout_ms (0: 30 s).
 * Fails:  OTM_ERR_TIMEOUT, OTM_ERR_SHUTDOWN, OTM_ERR_EXPORT, OTM_ERR_REENTRANT */
OTM_API otm_status otm_meter_provider_shutdown(otm_meter_provider *provider, int64_t timeout_ms);

/* Replaces the configurator: every live meter, of children too, is judged anew, at once (metrics/sdk.md,
 * "MeterConfigurator"). A child has no configuration of its own: OTM_ERR_UNSUPPORTED.
 * Fails:  OTM_ERR_SHUTDOWN, OTM_ERR_UNSUPPORTED */
OTM_API otm_status otm_meter_provider_configure_meters(otm_meter_provider *provider,
                                                       otm_meter_configurator configurator, void *user_data);

/* -- Children ---------------------------------------------------------------------------------------------------- */

/* A child of the provider, for metrics about other entities: a tenant, a session (oteps/entities/4665, Development).
 *
 *     otm_attr id[] = {otm_attr_string("tenant.id", "42")};
 *     otm_entity tenant = {.type = "tenant", .id_attributes = id, .id_attribute_count = 1};
 *     otm_meter_provider *child;
 *     otm_status st = otm_meter_provider_for_entity(provider, &tenant, 1, sizeof tenant, &child);
 *
 * It is a meter provider whose metrics come under a resource of their own: that of `provider` merged with the entities,
 * of which there may be one of a type; they are copied, and walked by `stride`. An entity of the provider's that has
 * another identity or schema URL than a new one of its type, or a key of one of another type, is left out with its
 * attributes: the new one takes its place. The provider and what it gave out stay as they are. A child of a child
 * starts from the child's resource and does not depend on its life.
 *
 * All else is shared: readers, views, limits, exemplar filter, configurator. Flush is the provider's, of all readers
 * and all metrics, and so is shutdown, which closes nothing. The provider's shutdown ends its children.
 * A reader's tree has the provider's resource first, then those of children. In Prometheus a child's series are shown
 * only with resource attributes as labels that tell them from others' (has_resource_constant_labels in
 * otm/prometheus.h); target_info is the provider's.
 *
 * Children of equal resources are one. A child lives while it, or any meter, instrument, bound handle or callback
 * handle that came of it, is held. Then its callbacks without a handle are not entered any more (one that runs may go
 * on a little: unregister it if its user data ends), each reader is shown once more what was measured, and all is freed
 * when every reader has begun another collection. Asked for again before that, it goes on where it was.
 * At most 4096 of a provider, those included that a reader has not been shown to the end.
 *
 * On success the caller holds a reference and gives it back with otm_meter_provider_release(); on failure *out is a
 * no-op provider. A provider that is not of this SDK answers OTM_ERR_UNSUPPORTED; NULL gives a no-op.
 * Threads: any.  Blocks: no.
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL; no entity or more than 256, no array of this stride, an entity without
 *                                   type or identity, two of one type
 *         OTM_ERR_LIMIT             too many children, attributes or entities
 *         OTM_ERR_SHUTDOWN, OTM_ERR_UNSUPPORTED, OTM_ERR_NO_MEMORY */
OTM_API OTM_MUST_CHECK otm_status otm_meter_provider_for_entity(otm_meter_provider *provider,
                                                                const otm_entity *entities, size_t count,
                                                                size_t stride, otm_meter_provider **out);

OTM_END_DECLS

#endif
