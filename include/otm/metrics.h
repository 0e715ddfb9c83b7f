/* The metrics API: all that instrumented code needs.
 *
 *     #include <otm/metrics.h>
 *
 *     otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "shop", NULL);
 *     otm_counter_i64 *orders;
 *     (void)otm_meter_create_counter_i64(meter, "shop.orders", NULL, &orders);
 *     otm_attr attrs[] = {otm_attr_string("country", "nz")};
 *     otm_counter_i64_add(orders, 1, attrs, 1);
 *
 * Link otm::api alone and every call does nothing; link and install an SDK and it counts.
 *
 * For every function here
 *   Threads  any, at the same time, also during and after the provider's shutdown; implementations of the API are
 *            expected to be safe under concurrent use (metrics/api.md, "Concurrency requirements").
 *   NULL     handles are ignored; creating calls that fail set a working no-op object and return why, so that no
 *            caller has to check before recording.
 *   Blocks   recording never waits for a collection or an export. The first use of an attribute set may lock briefly
 *            and allocate; later ones do neither. A thread beyond the slot budget records under a short lock.
 *   Strings  are NUL-terminated UTF-8 and copied; attributes are read during the call only, in any order.
 *   Objects  are reference-counted: create gives the caller one reference, release gives it back. A handle must not
 *            be used after its own release; releasing the provider first is fine, what is left then does nothing.
 *   Numbers  sums of integers wrap around past 64 bits; doubles go to infinity, where further ones change nothing.
 *   errno    is preserved.
 *
 * Recording from a signal handler: only the ..._add_from_signal calls on bound counters.
 *
 * Written by scripts/gen-metrics-header.py. */
#ifndef OTM_METRICS_H
#define OTM_METRICS_H

#include <otm/instrument.h>

OTM_BEGIN_DECLS

/* -- Provider and meter ------------------------------------------------------------------------------------------ */

/* The process-wide default provider (metrics/api.md, "MeterProvider").
 *
 * What it hands out works at once and does nothing until otm_set_default_meter_provider() installs an SDK; then
 * instruments taken earlier come alive. At most 4096 objects made earlier are remembered; later ones are no-ops.
 * The result lives as long as the process and needs no release.
 * Blocks: no. */
OTM_API otm_meter_provider *otm_default_meter_provider(void);

/* Makes `provider` the default (NULL: back to none). Holds a reference until it is replaced.
 * Objects that earlier came alive stay with the provider they came alive with. otm_noop_meter_provider() counts as
 * none. Of two calls that race the last one counts; the other may return before all is connected.
 * Blocks: briefly, while objects made earlier are connected.
 * Fails:  OTM_ERR_NO_MEMORY         some objects made earlier could not be connected; they stay no-ops
 *         OTM_ERR_INVALID_ARGUMENT  it is what otm_default_meter_provider() returns */
OTM_API otm_status otm_set_default_meter_provider(otm_meter_provider *provider);

/* Gives one reference back; the last one frees the provider (shut it down first: release does not export).
 * Blocks: the last one briefly, while threads of its readers end; up to a second each on a machine that does not let
 * them run. */
OTM_INLINE void otm_meter_provider_release(otm_meter_provider *provider)
{
    if (provider != NULL) {
        provider->ops->release(provider);
    }
}

OTM_INLINE otm_meter_provider *otm_meter_provider_retain(otm_meter_provider *provider)
{
    if (provider != NULL) {
        provider->ops->retain(provider);
    }
    return provider;
}

/* The meter of this instrumentation scope: name, version, schema URL and attributes (options may be NULL).
 *
 * Equal scopes give the same meter. Never NULL: after shutdown, or without memory, it is a no-op meter; with a NULL
 * or empty name it works and the SDK reports the name (metrics/sdk.md, "Meter creation").
 * The caller releases it with otm_meter_release().
 * Blocks: briefly. */
OTM_INLINE otm_meter *otm_meter_provider_get_meter(otm_meter_provider *provider, const char *name,
                                                   const otm_meter_options *options)
{
    return provider == NULL ? otm_noop_meter() : provider->ops->get_meter(provider, name, options);
}

OTM_INLINE otm_meter *otm_meter_retain(otm_meter *meter)
{
    if (meter != NULL) {
        meter->ops->retain(meter);
    }
    return meter;
}

OTM_INLINE void otm_meter_release(otm_meter *meter)
{
    if (meter != NULL) {
        meter->ops->release(meter);
    }
}

/* -- Counter, integer: a sum that only grows ----------------------------------------------------------------------- */

typedef struct otm_counter_i64 otm_counter_i64;
typedef struct otm_bound_counter_i64 otm_bound_counter_i64;

/* Creates a Counter of int64_t. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_counter_i64(otm_meter *meter, const char *name,
                                                   const otm_instrument_options *options, otm_counter_i64 **out)
{
    otm_instrument_identity identity = {OTM_COUNTER, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Adds value to the series of these attributes.
 * value is the increment and expected to be non-negative; the SDK refuses, counts and reports a negative one or a NaN.
 * Returns nothing, since the caller could do nothing about it: what is refused is counted and reported to the
 * diagnostic handler. */
OTM_INLINE void otm_counter_i64_add(otm_counter_i64 *instrument, int64_t value, const otm_attr *attrs,
                                    size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_counter_i64_add_ctx(otm_counter_i64 *instrument, int64_t value, const otm_attr *attrs,
                                        size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_counter_i64_enabled(const otm_counter_i64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_counter_i64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_counter_i64_bind(otm_counter_i64 *instrument, const otm_attr *attrs, size_t attr_count,
                                           const otm_bind_options *options, otm_bound_counter_i64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_counter_i64_remove(otm_counter_i64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_counter_i64 *otm_counter_i64_retain(otm_counter_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_counter_i64_release(otm_counter_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_counter_i64_add(otm_bound_counter_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64(b, value);
    }
}

OTM_INLINE void otm_bound_counter_i64_add_ctx(otm_bound_counter_i64 *bound, int64_t value, const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64_ctx(b, value, context);
    }
}

/* Adds from a signal handler: one atomic addition, no lock, no allocation, no thread-local storage; exact, and seen
 * by the next collection. Only for handles whose metric is a sum; others ignore it. */
OTM_INLINE void otm_bound_counter_i64_add_from_signal(otm_bound_counter_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->add_from_signal_i64(b, value);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_counter_i64_peek(otm_bound_counter_i64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_counter_i64_rebind(otm_bound_counter_i64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_counter_i64_release(otm_bound_counter_i64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Counter, double: a sum that only grows ------------------------------------------------------------------------ */

typedef struct otm_counter_f64 otm_counter_f64;
typedef struct otm_bound_counter_f64 otm_bound_counter_f64;

/* Creates a Counter of double. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_counter_f64(otm_meter *meter, const char *name,
                                                   const otm_instrument_options *options, otm_counter_f64 **out)
{
    otm_instrument_identity identity = {OTM_COUNTER, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Adds value to the series of these attributes.
 * value is the increment and expected to be non-negative; the SDK refuses, counts and reports a negative one or a NaN.
 * Returns nothing, since the caller could do nothing about it: what is refused is counted and reported to the
 * diagnostic handler. */
OTM_INLINE void otm_counter_f64_add(otm_counter_f64 *instrument, double value, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_counter_f64_add_ctx(otm_counter_f64 *instrument, double value, const otm_attr *attrs,
                                        size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_counter_f64_enabled(const otm_counter_f64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_counter_f64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_counter_f64_bind(otm_counter_f64 *instrument, const otm_attr *attrs, size_t attr_count,
                                           const otm_bind_options *options, otm_bound_counter_f64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_counter_f64_remove(otm_counter_f64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_counter_f64 *otm_counter_f64_retain(otm_counter_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_counter_f64_release(otm_counter_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_counter_f64_add(otm_bound_counter_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64(b, value);
    }
}

OTM_INLINE void otm_bound_counter_f64_add_ctx(otm_bound_counter_f64 *bound, double value, const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64_ctx(b, value, context);
    }
}

/* Adds from a signal handler: one atomic addition, no lock, no allocation, no thread-local storage; exact, and seen
 * by the next collection. Only for handles whose metric is a sum; others ignore it. */
OTM_INLINE void otm_bound_counter_f64_add_from_signal(otm_bound_counter_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->add_from_signal_f64(b, value);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_counter_f64_peek(otm_bound_counter_f64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_counter_f64_rebind(otm_bound_counter_f64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_counter_f64_release(otm_bound_counter_f64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- UpDownCounter, integer: a sum that grows and falls ------------------------------------------------------------ */

typedef struct otm_up_down_counter_i64 otm_up_down_counter_i64;
typedef struct otm_bound_up_down_counter_i64 otm_bound_up_down_counter_i64;

/* Creates an UpDownCounter of int64_t. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_up_down_counter_i64(otm_meter *meter, const char *name,
                                                           const otm_instrument_options *options,
                                                           otm_up_down_counter_i64 **out)
{
    otm_instrument_identity identity = {OTM_UP_DOWN_COUNTER, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Adds value to the series of these attributes.
 * value is the increment, of either sign. Returns nothing, since the caller could do nothing about it: what is refused
 * is counted and reported to the diagnostic handler. */
OTM_INLINE void otm_up_down_counter_i64_add(otm_up_down_counter_i64 *instrument, int64_t value, const otm_attr *attrs,
                                            size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_up_down_counter_i64_add_ctx(otm_up_down_counter_i64 *instrument, int64_t value,
                                                const otm_attr *attrs, size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_up_down_counter_i64_enabled(const otm_up_down_counter_i64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_up_down_counter_i64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_up_down_counter_i64_bind(otm_up_down_counter_i64 *instrument, const otm_attr *attrs,
                                                   size_t attr_count, const otm_bind_options *options,
                                                   otm_bound_up_down_counter_i64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_up_down_counter_i64_remove(otm_up_down_counter_i64 *instrument, const otm_attr *attrs,
                                                     size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_up_down_counter_i64 *otm_up_down_counter_i64_retain(otm_up_down_counter_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_up_down_counter_i64_release(otm_up_down_counter_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_up_down_counter_i64_add(otm_bound_up_down_counter_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64(b, value);
    }
}

OTM_INLINE void otm_bound_up_down_counter_i64_add_ctx(otm_bound_up_down_counter_i64 *bound, int64_t value,
                                                      const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64_ctx(b, value, context);
    }
}

/* Adds from a signal handler: one atomic addition, no lock, no allocation, no thread-local storage; exact, and seen
 * by the next collection. Only for handles whose metric is a sum; others ignore it. */
OTM_INLINE void otm_bound_up_down_counter_i64_add_from_signal(otm_bound_up_down_counter_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->add_from_signal_i64(b, value);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_up_down_counter_i64_peek(otm_bound_up_down_counter_i64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_up_down_counter_i64_rebind(otm_bound_up_down_counter_i64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_up_down_counter_i64_release(otm_bound_up_down_counter_i64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- UpDownCounter, double: a sum that grows and falls ------------------------------------------------------------- */

typedef struct otm_up_down_counter_f64 otm_up_down_counter_f64;
typedef struct otm_bound_up_down_counter_f64 otm_bound_up_down_counter_f64;

/* Creates an UpDownCounter of double. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_up_down_counter_f64(otm_meter *meter, const char *name,
                                                           const otm_instrument_options *options,
                                                           otm_up_down_counter_f64 **out)
{
    otm_instrument_identity identity = {OTM_UP_DOWN_COUNTER, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Adds value to the series of these attributes.
 * value is the increment, of either sign. Returns nothing, since the caller could do nothing about it: what is refused
 * is counted and reported to the diagnostic handler. */
OTM_INLINE void otm_up_down_counter_f64_add(otm_up_down_counter_f64 *instrument, double value, const otm_attr *attrs,
                                            size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_up_down_counter_f64_add_ctx(otm_up_down_counter_f64 *instrument, double value,
                                                const otm_attr *attrs, size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_up_down_counter_f64_enabled(const otm_up_down_counter_f64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_up_down_counter_f64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_up_down_counter_f64_bind(otm_up_down_counter_f64 *instrument, const otm_attr *attrs,
                                                   size_t attr_count, const otm_bind_options *options,
                                                   otm_bound_up_down_counter_f64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_up_down_counter_f64_remove(otm_up_down_counter_f64 *instrument, const otm_attr *attrs,
                                                     size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_up_down_counter_f64 *otm_up_down_counter_f64_retain(otm_up_down_counter_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_up_down_counter_f64_release(otm_up_down_counter_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_up_down_counter_f64_add(otm_bound_up_down_counter_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64(b, value);
    }
}

OTM_INLINE void otm_bound_up_down_counter_f64_add_ctx(otm_bound_up_down_counter_f64 *bound, double value,
                                                      const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64_ctx(b, value, context);
    }
}

/* Adds from a signal handler: one atomic addition, no lock, no allocation, no thread-local storage; exact, and seen
 * by the next collection. Only for handles whose metric is a sum; others ignore it. */
OTM_INLINE void otm_bound_up_down_counter_f64_add_from_signal(otm_bound_up_down_counter_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->add_from_signal_f64(b, value);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_up_down_counter_f64_peek(otm_bound_up_down_counter_f64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_up_down_counter_f64_rebind(otm_bound_up_down_counter_f64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_up_down_counter_f64_release(otm_bound_up_down_counter_f64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Histogram, integer: a distribution ---------------------------------------------------------------------------- */

typedef struct otm_histogram_i64 otm_histogram_i64;
typedef struct otm_bound_histogram_i64 otm_bound_histogram_i64;

/* Creates a Histogram of int64_t. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_histogram_i64(otm_meter *meter, const char *name,
                                                     const otm_instrument_options *options, otm_histogram_i64 **out)
{
    otm_instrument_identity identity = {OTM_HISTOGRAM, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Records value into the series of these attributes.
 * value is one measurement, expected to be non-negative. Returns nothing, since the caller could do nothing about it:
 * what is refused is counted and reported to the diagnostic handler. */
OTM_INLINE void otm_histogram_i64_record(otm_histogram_i64 *instrument, int64_t value, const otm_attr *attrs,
                                         size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_histogram_i64_record_ctx(otm_histogram_i64 *instrument, int64_t value, const otm_attr *attrs,
                                             size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_histogram_i64_enabled(const otm_histogram_i64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_histogram_i64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_histogram_i64_bind(otm_histogram_i64 *instrument, const otm_attr *attrs, size_t attr_count,
                                             const otm_bind_options *options, otm_bound_histogram_i64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_histogram_i64_remove(otm_histogram_i64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_histogram_i64 *otm_histogram_i64_retain(otm_histogram_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_histogram_i64_release(otm_histogram_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_histogram_i64_record(otm_bound_histogram_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64(b, value);
    }
}

OTM_INLINE void otm_bound_histogram_i64_record_ctx(otm_bound_histogram_i64 *bound, int64_t value,
                                                   const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64_ctx(b, value, context);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_histogram_i64_peek(otm_bound_histogram_i64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_histogram_i64_rebind(otm_bound_histogram_i64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_histogram_i64_release(otm_bound_histogram_i64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Histogram, double: a distribution ----------------------------------------------------------------------------- */

typedef struct otm_histogram_f64 otm_histogram_f64;
typedef struct otm_bound_histogram_f64 otm_bound_histogram_f64;

/* Creates a Histogram of double. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_histogram_f64(otm_meter *meter, const char *name,
                                                     const otm_instrument_options *options, otm_histogram_f64 **out)
{
    otm_instrument_identity identity = {OTM_HISTOGRAM, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Records value into the series of these attributes.
 * value is one measurement, expected to be non-negative. Returns nothing, since the caller could do nothing about it:
 * what is refused is counted and reported to the diagnostic handler. */
OTM_INLINE void otm_histogram_f64_record(otm_histogram_f64 *instrument, double value, const otm_attr *attrs,
                                         size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_histogram_f64_record_ctx(otm_histogram_f64 *instrument, double value, const otm_attr *attrs,
                                             size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_histogram_f64_enabled(const otm_histogram_f64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_histogram_f64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_histogram_f64_bind(otm_histogram_f64 *instrument, const otm_attr *attrs, size_t attr_count,
                                             const otm_bind_options *options, otm_bound_histogram_f64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_histogram_f64_remove(otm_histogram_f64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_histogram_f64 *otm_histogram_f64_retain(otm_histogram_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_histogram_f64_release(otm_histogram_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_histogram_f64_record(otm_bound_histogram_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64(b, value);
    }
}

OTM_INLINE void otm_bound_histogram_f64_record_ctx(otm_bound_histogram_f64 *bound, double value,
                                                   const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64_ctx(b, value, context);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_histogram_f64_peek(otm_bound_histogram_f64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_histogram_f64_rebind(otm_bound_histogram_f64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_histogram_f64_release(otm_bound_histogram_f64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Gauge, integer: the last of the recorded values --------------------------------------------------------------- */

typedef struct otm_gauge_i64 otm_gauge_i64;
typedef struct otm_bound_gauge_i64 otm_bound_gauge_i64;

/* Creates a Gauge of int64_t. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_gauge_i64(otm_meter *meter, const char *name,
                                                 const otm_instrument_options *options, otm_gauge_i64 **out)
{
    otm_instrument_identity identity = {OTM_GAUGE, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Records value into the series of these attributes.
 * value is the current absolute value. Returns nothing, since the caller could do nothing about it: what is refused is
 * counted and reported to the diagnostic handler. */
OTM_INLINE void otm_gauge_i64_record(otm_gauge_i64 *instrument, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_gauge_i64_record_ctx(otm_gauge_i64 *instrument, int64_t value, const otm_attr *attrs,
                                         size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_i64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_gauge_i64_enabled(const otm_gauge_i64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_gauge_i64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_gauge_i64_bind(otm_gauge_i64 *instrument, const otm_attr *attrs, size_t attr_count,
                                         const otm_bind_options *options, otm_bound_gauge_i64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_gauge_i64_remove(otm_gauge_i64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_gauge_i64 *otm_gauge_i64_retain(otm_gauge_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_gauge_i64_release(otm_gauge_i64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_gauge_i64_record(otm_bound_gauge_i64 *bound, int64_t value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64(b, value);
    }
}

OTM_INLINE void otm_bound_gauge_i64_record_ctx(otm_bound_gauge_i64 *bound, int64_t value, const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_i64_ctx(b, value, context);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_gauge_i64_peek(otm_bound_gauge_i64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_gauge_i64_rebind(otm_bound_gauge_i64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_gauge_i64_release(otm_bound_gauge_i64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Gauge, double: the last of the recorded values ---------------------------------------------------------------- */

typedef struct otm_gauge_f64 otm_gauge_f64;
typedef struct otm_bound_gauge_f64 otm_bound_gauge_f64;

/* Creates a Gauge of double. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_gauge_f64(otm_meter *meter, const char *name,
                                                 const otm_instrument_options *options, otm_gauge_f64 **out)
{
    otm_instrument_identity identity = {OTM_GAUGE, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}

/* Records value into the series of these attributes.
 * value is the current absolute value. Returns nothing, since the caller could do nothing about it: what is refused is
 * counted and reported to the diagnostic handler. */
OTM_INLINE void otm_gauge_f64_record(otm_gauge_f64 *instrument, double value, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64(i, value, attrs, attr_count);
    }
}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_gauge_f64_record_ctx(otm_gauge_f64 *instrument, double value, const otm_attr *attrs,
                                         size_t attr_count, const otm_context *context)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {
        i->ops->record_f64_ctx(i, value, attrs, attr_count, context);
    }
}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_gauge_f64_enabled(const otm_gauge_f64 *instrument)
{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_gauge_f64_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_gauge_f64_bind(otm_gauge_f64 *instrument, const otm_attr *attrs, size_t attr_count,
                                         const otm_bind_options *options, otm_bound_gauge_f64 **out)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_gauge_f64_remove(otm_gauge_f64 *instrument, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}

OTM_INLINE otm_gauge_f64 *otm_gauge_f64_retain(otm_gauge_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->retain(i);
    }
    return instrument;
}

OTM_INLINE void otm_gauge_f64_release(otm_gauge_f64 *instrument)
{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {
        i->ops->release(i);
    }
}

OTM_INLINE void otm_bound_gauge_f64_record(otm_bound_gauge_f64 *bound, double value)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64(b, value);
    }
}

OTM_INLINE void otm_bound_gauge_f64_record_ctx(otm_bound_gauge_f64 *bound, double value, const otm_context *context)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {
        b->ops->record_f64_ctx(b, value, context);
    }
}

/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_gauge_f64_peek(otm_bound_gauge_f64 *bound, otm_series_value *out)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_gauge_f64_rebind(otm_bound_gauge_f64 *bound)
{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_gauge_f64_release(otm_bound_gauge_f64 *bound)
{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {
        b->ops->release(b);
    }
}

/* -- Asynchronous instruments ------------------------------------------------------------------------------------ */

/* Creation takes at most one callback (options->callback), which serves that instrument for good; others are
 * registered with otm_meter_register_callback(). ObservableCounter and ObservableUpDownCounter observe absolute
 * totals, ObservableGauge a current value. Failures as for synchronous instruments. */

OTM_INLINE otm_status otm_meter_create_observable_counter_i64(otm_meter *meter, const char *name,
                                                              const otm_instrument_options *options,
                                                              otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_COUNTER, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_status otm_meter_create_observable_counter_f64(otm_meter *meter, const char *name,
                                                              const otm_instrument_options *options,
                                                              otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_COUNTER, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_status otm_meter_create_observable_up_down_counter_i64(otm_meter *meter, const char *name,
                                                                      const otm_instrument_options *options,
                                                                      otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_UP_DOWN_COUNTER, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_status otm_meter_create_observable_up_down_counter_f64(otm_meter *meter, const char *name,
                                                                      const otm_instrument_options *options,
                                                                      otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_UP_DOWN_COUNTER, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_status otm_meter_create_observable_gauge_i64(otm_meter *meter, const char *name,
                                                            const otm_instrument_options *options, otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_GAUGE, OTM_NUMBER_I64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_status otm_meter_create_observable_gauge_f64(otm_meter *meter, const char *name,
                                                            const otm_instrument_options *options, otm_observable **out)
{
    otm_instrument_identity identity = {OTM_OBSERVABLE_GAUGE, OTM_NUMBER_F64, name};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}

OTM_INLINE otm_observable *otm_observable_retain(otm_observable *instrument)
{
    if (instrument != NULL) {
        instrument->ops->retain(instrument);
    }
    return instrument;
}

OTM_INLINE void otm_observable_release(otm_observable *instrument)
{
    if (instrument != NULL) {
        instrument->ops->release(instrument);
    }
}

/* Registers a callback that serves the listed instruments, all of this meter. It runs once in every collection of
 * every reader, before that reader's data is read, on the collecting thread and under no lock of ours.
 *
 * *out is the handle for otm_callback_unregister(); out may be NULL if the callback is to stay for good.
 * Fails:  OTM_ERR_INVALID_ARGUMENT  callback is NULL, there is no instrument, or one belongs to another meter
 *         OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_register_callback(otm_meter *meter, otm_callback callback, void *user_data,
                                                  otm_observable *const *instruments, size_t instrument_count,
                                                  otm_callback_handle **out)
{
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->register_callback(m, callback, user_data, instruments, instrument_count, out);
}

/* Ends a registration and frees the handle. On return no run of the callback has begun that was not over, unless the
 * call comes from inside that very callback: its user data may be freed then.
 * Blocks: while another thread is inside the callback. */
OTM_INLINE void otm_callback_unregister(otm_callback_handle *handle)
{
    if (handle != NULL) {
        handle->ops->unregister(handle);
    }
}

/* Reports one value from inside a callback. `instrument` may be NULL where the callback serves one instrument only.
 * Refused and reported: an instrument that was not registered with this callback, and any call after the callback
 * returned. An integer given to a double instrument is converted; a double given to an integer one is refused. */
OTM_INLINE void otm_observe_i64(otm_observer *observer, otm_observable *instrument, int64_t value,
                                const otm_attr *attrs, size_t attr_count)
{
    if (observer != NULL) {
        observer->ops->observe_i64(observer, otm_observable_behind(instrument), value, attrs, attr_count);
    }
}

OTM_INLINE void otm_observe_f64(otm_observer *observer, otm_observable *instrument, double value, const otm_attr *attrs,
                                size_t attr_count)
{
    if (observer != NULL) {
        observer->ops->observe_f64(observer, otm_observable_behind(instrument), value, attrs, attr_count);
    }
}

OTM_END_DECLS

#endif
