/* The context of a measurement: which span was active when it was made, and what else is true of all of that work.
 *
 * Synchronous instruments take a context in their ..._ctx forms. It decides which measurements become exemplars, and
 * names trace and span on them (metrics/sdk.md, "Exemplar"). Its attributes are added to each measurement by providers
 * that were asked to (otm_meter_provider_options.context_attributes). So all that serve() measures is the tenant's:
 *
 *     otm_attr tenant = otm_attr_string("tenant", name);
 *     otm_context context;
 *     otm_context_init(&context);
 *     context.attributes = &tenant;
 *     context.attribute_count = 1;
 *     const otm_context *before = otm_context_attach(&context);
 *     serve(request);
 *     (void)otm_context_attach(before); */
#ifndef OTM_CONTEXT_H
#define OTM_CONTEXT_H

#include <otm/attribute.h>

OTM_BEGIN_DECLS

#define OTM_TRACE_FLAG_SAMPLED 0x01u

typedef struct otm_context {
    size_t struct_size; /* set by init; do not change */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint32_t trace_flags; /* W3C trace flags: OTM_TRACE_FLAG_SAMPLED */
    uint32_t reserved;    /* 0 */
    const otm_attr *baggage;
    size_t baggage_count;
    const otm_attr *attributes; /* context-scoped attributes (OTEP 4931); of a repeated key the last counts */
    size_t attribute_count;
} otm_context;

OTM_INLINE void otm_context_init(otm_context *context)
{
    memset(context, 0, sizeof *context);
    context->struct_size = sizeof *context;
}

/* The attributes of a context, their number in *count. NULL and 0 if it is NULL or has none; code that was compiled
 * before there were any makes contexts without them. Scopes that nest add theirs behind these in an array of their own.
 * Threads: any.  Blocks: no. */
OTM_INLINE const otm_attr *otm_context_attributes(const otm_context *context, size_t *count)
{
    size_t needed = offsetof(otm_context, attribute_count) + sizeof context->attribute_count;
    bool has = context != NULL && context->struct_size >= needed && context->attributes != NULL;
    *count = has ? context->attribute_count : 0;
    return *count > 0 ? context->attributes : NULL;
}

/* Makes `context` the calling thread's, for recordings that are not given one. It is not copied: it and what it points
 * to must stay valid until it is replaced. NULL: none. Returns the one before, to be attached again at the end of the
 * scope.
 * Threads: any, each has its own.  Blocks: no. */
OTM_API const otm_context *otm_context_attach(const otm_context *context);

/* The calling thread's context: the attached one, else what the supplier gives; NULL if there is none.
 * Valid until the thread attaches another or ends.  Threads: any.  Blocks: no. */
OTM_API const otm_context *otm_context_current(void);

/* Fills *context, which is initialised, with the calling thread's active span; false if there is none. What it points
 * to stays valid until the thread's next recording. Called while recording: quick, no lock, nothing of otm. */
typedef bool (*otm_context_supplier)(otm_context *context, void *user_data);

/* For hosts with a tracer of their own: where the context comes from when a thread has attached none. NULL: nowhere.
 * Set it before threads record; a change while they do may be seen late.  Threads: any.  Blocks: no. */
OTM_API void otm_context_set_supplier(otm_context_supplier supplier, void *user_data);

/* For implementations: points to a word that is 0 until a context was attached or a supplier set, so that recording
 * need not ask where nobody traces. Read it with OTM_LOAD_RELAXED.  Threads: any.  Blocks: no. */
OTM_API const uint32_t *otm_context_in_use(void);

OTM_END_DECLS

#endif
