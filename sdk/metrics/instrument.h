/* Instruments of the SDK, synchronous and asynchronous, and their bound handles.
 *
 * An instrument lives as long as its provider's core, whoever still holds a handle: its data goes on being exported.
 * Each handle given out is one reference to the core. */
#ifndef OTMI_INSTRUMENT_H
#define OTMI_INSTRUMENT_H

#include "metrics/async_storage.h"
#include "metrics/storage.h"
#include "metrics/view.h"

struct otmi_core;
struct otmi_meter;

/* One stream of one reader: where its points come from. */
typedef struct otmi_output {
    const otmi_stream *stream;
    otmi_storage *storage;     /* synchronous; shared with other outputs of the instrument */
    otmi_async_storage *async; /* asynchronous; its own */
    uint64_t id;
    bool dropped; /* by its reader's filter, in the collection in progress; the collector's */
} otmi_output;

typedef struct otmi_output_list {
    otmi_stream_list streams; /* owns what the outputs refer to */
    otmi_output *outputs;     /* one a stream */
} otmi_output_list;

typedef struct otmi_bound otmi_bound;

/* Constant after creation but for `state`, and what has the core's lock. */
typedef struct otmi_instrument {
    union {
        otm_instrument sync;
        otm_observable async;
    } handle; /* first: handles are this */
    struct otmi_core *core;
    struct otmi_meter *meter;
    otmi_instrument_desc desc; /* texts and lists owned */
    char *longer_description;  /* the longest of its duplicates', if longer than its own; owned, core lock */
    uint64_t created_ns;
    otmi_output_list *readers; /* by reader index */
    size_t reader_count;
    otmi_storage **storages;   /* synchronous: the distinct ones */
    size_t storage_count;
    otmi_storage *only_storage; /* if there is one alone, else NULL */
    const uint32_t *traced;     /* points to 0 while no measurement of its need look at a context */
    otmi_bound *bounds;        /* core lock */
} otmi_instrument;

/* Creates an instrument of a meter with its streams for every reader; not yet in the meter's list.
 * Warnings about views go to the core's diagnostics: call it under no lock. */
otm_status otmi_instrument_create(struct otmi_meter *meter, const otmi_instrument_desc *desc, otmi_instrument **out);
void otmi_instrument_destroy(otmi_instrument *instrument);

/* A duplicate has this description: the longest is exported from then on (DM-ID-03). Core lock. */
otm_status otmi_instrument_describe(otmi_instrument *instrument, const char *description);

bool otmi_instrument_is_asynchronous(const otmi_instrument *instrument);

/* Sets what the inline calls read: 1 if a measurement would go anywhere. Core lock. */
void otmi_instrument_set_state(otmi_instrument *instrument, bool listening);

/* -- Bound handles (bound.c) ------------------------------------------------------------------------------------- */

struct otmi_bound {
    otm_bound handle; /* first */
    const otm_bound_ops *plain; /* the handle's table, or the one behind it where contexts add attributes */
    otmi_instrument *instrument;
    const uint32_t *traced; /* see is_traced() */
    uint32_t references;    /* atomic */
    uint32_t reserved;
    size_t size;         /* of the whole object */
    otmi_bound *next;    /* core lock */
    otmi_bound *prev;
    size_t target_count;
    otmi_target targets[]; /* one a storage */
};

otm_status otmi_bound_create(otmi_instrument *instrument, const otm_attr *attrs, size_t attr_count,
                             const otm_bind_options *options, otm_bound **out);

/* -- Checks shared by both ways of recording (instrument_record.c) ------------------------------------------------ */

/* False if a stream of this shape refuses the value: a negative increment, or one that is not finite. */
static inline bool otmi_shape_takes_i64(const otmi_shape *shape, int64_t value)
{
    return value >= 0 || !shape->refuse_negative;
}

static inline bool otmi_shape_takes_f64(const otmi_shape *shape, double value)
{
    if (shape->kind == OTMI_SHAPE_LAST_VALUE) {
        return true;
    }
    /* One NaN or infinity would make all of a sum that. Neither comparison holds for NaN. */
    return value <= DBL_MAX && value >= (shape->refuse_negative ? 0.0 : -DBL_MAX);
}

/* The word that tells whether their context may matter to measurements (for exemplars, for attributes): never, always,
 * or once somebody holds one. */
const uint32_t *otmi_instrument_traced_word(const otmi_env *env);

/* The context that the calling thread holds, if it may matter; NULL: none. */
const otm_context *otmi_context_held(const otmi_instrument *instrument);

/* Counts and reports a refused measurement. */
void otmi_instrument_refuse(const otmi_instrument *instrument, double value);

extern const otm_instrument_ops otmi_instrument_ops_i64;
extern const otm_instrument_ops otmi_instrument_ops_f64;
extern const otm_instrument_ops otmi_instrument_ops_in_context; /* of both, where contexts have a say in attributes */
extern const otm_observable_ops otmi_observable_ops;

/* -- Recording with the attributes of the context as well (instrument_in_context.c, bound_in_context.c) ----------- */

void otmi_in_context_record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count);
void otmi_in_context_record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count);
void otmi_in_context_record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                                    const otm_context *context);
void otmi_in_context_record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                                    const otm_context *context);
void otmi_in_context_bound_i64(otm_bound *self, int64_t value);
void otmi_in_context_bound_f64(otm_bound *self, double value);
void otmi_in_context_bound_i64_ctx(otm_bound *self, int64_t value, const otm_context *context);
void otmi_in_context_bound_f64_ctx(otm_bound *self, double value, const otm_context *context);

#endif
