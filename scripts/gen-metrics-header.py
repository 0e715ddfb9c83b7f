#!/usr/bin/env python3
"""Writes include/otm/metrics.h: the typed calls of every instrument kind, from one template.

The file is kept in the repository; a test runs this program and compares. Usage: gen-metrics-header.py OUTPUT
"""
import re
import sys
import textwrap

LINE = 120

HEAD = r'''/* The metrics API: all that instrumented code needs.
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
'''

KIND_DOC = {
    'counter': ('Counter', 'a sum that only grows',
                'value is the increment and expected to be non-negative; the SDK refuses, counts and reports a '
                'negative one or a NaN.'),
    'up_down_counter': ('UpDownCounter', 'a sum that grows and falls', 'value is the increment, of either sign.'),
    'histogram': ('Histogram', 'a distribution',
                  'value is one measurement, expected to be non-negative.'),
    'gauge': ('Gauge', 'the last of the recorded values', 'value is the current absolute value.'),
}

SYNC = r'''
/* -- {Title}, {number}: {what} {dashes} */

typedef struct otm_{t} otm_{t};
typedef struct otm_bound_{t} otm_bound_{t};

/* Creates {article} {Title} of {ctype}. options may be NULL.
 *
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, the name is NULL or breaks the grammar, or the options are malformed
 *         OTM_ERR_NO_MEMORY         nothing was created
 *         OTM_ERR_LIMIT             too many instruments in this meter
 * Blocks: briefly. */
OTM_INLINE otm_status otm_meter_create_{t}(otm_meter *meter, const char *name,
                                           const otm_instrument_options *options, otm_{t} **out)
{{
    otm_instrument_identity identity = {{OTM_{KIND}, OTM_NUMBER_{NUM}, name}};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_instrument(m, &identity, options, (otm_instrument **)out);
}}

/* {Verb_doc}
 * {value_doc} */
OTM_INLINE void otm_{t}_{verb}(otm_{t} *instrument, {ctype} value, const otm_attr *attrs, size_t attr_count)
{{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {{
        i->ops->record_{num}(i, value, attrs, attr_count);
    }}
}}

/* The same with the context it happened in; NULL: no context, whatever the thread holds. */
OTM_INLINE void otm_{t}_{verb}_ctx(otm_{t} *instrument, {ctype} value, const otm_attr *attrs,
                                   size_t attr_count, const otm_context *context)
{{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL && OTM_LOAD_RELAXED(&i->state) != 0) {{
        i->ops->record_{num}_ctx(i, value, attrs, attr_count, context);
    }}
}}

/* Whether a measurement would go anywhere. The answer can change at any time: ask before each costly measurement. */
OTM_INLINE bool otm_{t}_enabled(const otm_{t} *instrument)
{{
    return otm_instrument_enabled((const otm_instrument *)instrument);
}}

/* Fixes an attribute set once, so that recording needs no look-up (metrics/api.md, "Bind").
 *
 * *out is always usable: on failure a no-op. Filtering and the cardinality limit apply now: beyond the limit the
 * handle records into the overflow series and stays there (otm_bound_{t}_rebind() tries again).
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_{t}_bind(otm_{t} *instrument, const otm_attr *attrs, size_t attr_count,
                                   const otm_bind_options *options, otm_bound_{t} **out)
{{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->bind(i, attrs, attr_count, options, (otm_bound **)out);
}}

/* Ends the series of this attribute set: what was measured since a reader's last collection is exported to it once
 * more, then it is gone and its place is free. A later measurement, on a bound handle too, begins a new series.
 * Fails:  OTM_ERR_NOT_FOUND  there is no such series.  Blocks: briefly. */
OTM_INLINE otm_status otm_{t}_remove(otm_{t} *instrument, const otm_attr *attrs, size_t attr_count)
{{
    otm_instrument *i = instrument == NULL ? otm_noop_instrument() : (otm_instrument *)instrument;
    return i->ops->remove(i, attrs, attr_count);
}}

OTM_INLINE otm_{t} *otm_{t}_retain(otm_{t} *instrument)
{{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {{
        i->ops->retain(i);
    }}
    return instrument;
}}

OTM_INLINE void otm_{t}_release(otm_{t} *instrument)
{{
    otm_instrument *i = (otm_instrument *)instrument;
    if (i != NULL) {{
        i->ops->release(i);
    }}
}}

OTM_INLINE void otm_bound_{t}_{verb}(otm_bound_{t} *bound, {ctype} value)
{{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {{
        b->ops->record_{num}(b, value);
    }}
}}

OTM_INLINE void otm_bound_{t}_{verb}_ctx(otm_bound_{t} *bound, {ctype} value, const otm_context *context)
{{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {{
        b->ops->record_{num}_ctx(b, value, context);
    }}
}}
{signal}
/* Reads back what the series holds now, not what was last collected. Init *out first.
 * Fails: OTM_ERR_NOT_FOUND (no SDK, dropped, or no measurement yet), OTM_ERR_INVALID_ARGUMENT.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_{t}_peek(otm_bound_{t} *bound, otm_series_value *out)
{{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->peek(b, out);
}}

/* Tries again to give a handle that was bound into the overflow series a series of its own.
 * Fails: OTM_ERR_LIMIT (still no place), OTM_ERR_NO_MEMORY.  Blocks: briefly. */
OTM_INLINE otm_status otm_bound_{t}_rebind(otm_bound_{t} *bound)
{{
    otm_bound *b = bound == NULL ? otm_noop_bound() : (otm_bound *)bound;
    return b->ops->rebind(b);
}}

/* Gives the handle back. The series stays. */
OTM_INLINE void otm_bound_{t}_release(otm_bound_{t} *bound)
{{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL) {{
        b->ops->release(b);
    }}
}}
'''

SIGNAL = r'''
/* Adds from a signal handler: one atomic addition, no lock, no allocation, no thread-local storage; exact, and seen
 * by the next collection. Only for handles whose metric is a sum; others ignore it. */
OTM_INLINE void otm_bound_{t}_add_from_signal(otm_bound_{t} *bound, {ctype} value)
{{
    otm_bound *b = (otm_bound *)bound;
    if (b != NULL && OTM_LOAD_RELAXED(&b->state) != 0) {{
        b->ops->add_from_signal_{num}(b, value);
    }}
}}
'''

OBSERVABLE_HEAD = r'''
/* -- Asynchronous instruments ------------------------------------------------------------------------------------ */

/* Creation takes at most one callback (options->callback), which serves that instrument for good; others are
 * registered with otm_meter_register_callback(). ObservableCounter and ObservableUpDownCounter observe absolute
 * totals, ObservableGauge a current value. Failures as for synchronous instruments. */
'''

OBSERVABLE = r'''
OTM_INLINE otm_status otm_meter_create_{t}(otm_meter *meter, const char *name,
                                           const otm_instrument_options *options, otm_observable **out)
{{
    otm_instrument_identity identity = {{OTM_{KIND}, OTM_NUMBER_{NUM}, name}};
    otm_meter *m = meter == NULL ? otm_noop_meter() : meter;
    return m->ops->create_observable(m, &identity, options, out);
}}
'''

TAIL = r'''
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

OTM_INLINE void otm_observe_f64(otm_observer *observer, otm_observable *instrument, double value,
                                const otm_attr *attrs, size_t attr_count)
{
    if (observer != NULL) {
        observer->ops->observe_f64(observer, otm_observable_behind(instrument), value, attrs, attr_count);
    }
}

OTM_END_DECLS

#endif
'''

REFUSED = ('Returns nothing, since the caller could do nothing about it: what is refused is counted and reported to '
           'the diagnostic handler.')

VERB_DOC = {
    'add': 'Adds value to the series of these attributes.',
    'record': 'Records value into the series of these attributes.',
}


def wrap_declaration(match):
    """Breaks a function's head at commas so that no line is over LINE, parameters aligned with the first."""
    text = ' '.join(match.group(1).split())
    indent = ' ' * (text.index('(') + 1)
    lines, line = [], ''
    for part in re.split(r'(?<=,) ', text):
        if line and len(line) + 1 + len(part) > LINE:
            lines.append(line)
            line = indent + part
        else:
            line = f'{line} {part}' if line else part
    return '\n'.join(lines + [line]) + '\n{'


def main():
    out = [HEAD]
    for kind in ('counter', 'up_down_counter', 'histogram', 'gauge'):
        title, what, value_doc = KIND_DOC[kind]
        verb = 'add' if 'counter' in kind else 'record'
        for num, ctype, number in (('i64', 'int64_t', 'integer'), ('f64', 'double', 'double')):
            names = dict(t=f'{kind}_{num}', article='an' if title[0] == 'U' else 'a', KIND=kind.upper(),
                         NUM=num.upper(), num=num, ctype=ctype, verb=verb, Title=title, number=number, what=what,
                         Verb_doc=VERB_DOC[verb],
                         value_doc=textwrap.fill(f'{value_doc} {REFUSED}', LINE - 3).replace('\n', '\n * '))
            heading = f'/* -- {title}, {number}: {what} '
            names['dashes'] = '-' * max(4, 115 - len(heading) + 2)
            names['signal'] = SIGNAL.format(**names) if verb == 'add' else ''
            out.append(SYNC.format(**names))
    out.append(OBSERVABLE_HEAD)
    for kind in ('observable_counter', 'observable_up_down_counter', 'observable_gauge'):
        for num in ('i64', 'f64'):
            out.append(OBSERVABLE.format(t=f'{kind}_{num}', KIND=kind.upper(), NUM=num.upper()))
    out.append(TAIL)
    with open(sys.argv[1], 'w') as f:
        f.write(re.sub(r'^(OTM_INLINE [^{;]*?\))\n\{', wrap_declaration, ''.join(out), flags=re.M))


main()
