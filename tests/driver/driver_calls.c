#include "driver_calls.h"

/* The calls of one kind and number; VERB is add or record. */
#define DRIVER_CALLS(KIND, VERB, NUMBER)                                                                               \
    static otm_status create_##KIND##_##NUMBER(otm_meter *meter, const char *name,                                    \
                                               const otm_instrument_options *options, void **out)                     \
    {                                                                                                                  \
        otm_##KIND##_##NUMBER *created = NULL;                                                                         \
        otm_status st = otm_meter_create_##KIND##_##NUMBER(meter, name, options, &created);                           \
        *out = created;                                                                                                \
        return st;                                                                                                     \
    }                                                                                                                  \
    static void record_##KIND##_##NUMBER(void *instrument, driver_number value, const driver_attrs *attrs,            \
                                         const otm_context *context)                                                   \
    {                                                                                                                  \
        if (context == NULL) {                                                                                         \
            otm_##KIND##_##NUMBER##_##VERB(instrument, value.NUMBER, attrs->items, attrs->count);                     \
        } else {                                                                                                       \
            otm_##KIND##_##NUMBER##_##VERB##_ctx(instrument, value.NUMBER, attrs->items, attrs->count, context);      \
        }                                                                                                              \
    }                                                                                                                  \
    static bool enabled_##KIND##_##NUMBER(void *instrument)                                                            \
    {                                                                                                                  \
        return otm_##KIND##_##NUMBER##_enabled(instrument);                                                            \
    }                                                                                                                  \
    static otm_status bind_##KIND##_##NUMBER(void *instrument, const driver_attrs *attrs, void **out)                 \
    {                                                                                                                  \
        otm_bound_##KIND##_##NUMBER *bound = NULL;                                                                     \
        otm_status st = otm_##KIND##_##NUMBER##_bind(instrument, attrs->items, attrs->count, NULL, &bound);           \
        *out = bound;                                                                                                  \
        return st;                                                                                                     \
    }                                                                                                                  \
    static otm_status remove_##KIND##_##NUMBER(void *instrument, const driver_attrs *attrs)                           \
    {                                                                                                                  \
        return otm_##KIND##_##NUMBER##_remove(instrument, attrs->items, attrs->count);                                 \
    }                                                                                                                  \
    static void release_##KIND##_##NUMBER(void *instrument)                                                            \
    {                                                                                                                  \
        otm_##KIND##_##NUMBER##_release(instrument);                                                                   \
    }                                                                                                                  \
    static void record_bound_##KIND##_##NUMBER(void *bound, driver_number value, const otm_context *context)          \
    {                                                                                                                  \
        if (context == NULL) {                                                                                         \
            otm_bound_##KIND##_##NUMBER##_##VERB(bound, value.NUMBER);                                                 \
        } else {                                                                                                       \
            otm_bound_##KIND##_##NUMBER##_##VERB##_ctx(bound, value.NUMBER, context);                                  \
        }                                                                                                              \
    }                                                                                                                  \
    static void release_bound_##KIND##_##NUMBER(void *bound)                                                           \
    {                                                                                                                  \
        otm_bound_##KIND##_##NUMBER##_release(bound);                                                                  \
    }                                                                                                                  \
    static const driver_calls calls_##KIND##_##NUMBER = {                                                              \
        .create = create_##KIND##_##NUMBER,                                                                            \
        .record = record_##KIND##_##NUMBER,                                                                            \
        .enabled = enabled_##KIND##_##NUMBER,                                                                          \
        .bind = bind_##KIND##_##NUMBER,                                                                                \
        .remove = remove_##KIND##_##NUMBER,                                                                            \
        .release = release_##KIND##_##NUMBER,                                                                          \
        .record_bound = record_bound_##KIND##_##NUMBER,                                                                \
        .release_bound = release_bound_##KIND##_##NUMBER,                                                              \
    };

DRIVER_CALLS(counter, add, i64)
DRIVER_CALLS(counter, add, f64)
DRIVER_CALLS(up_down_counter, add, i64)
DRIVER_CALLS(up_down_counter, add, f64)
DRIVER_CALLS(histogram, record, i64)
DRIVER_CALLS(histogram, record, f64)
DRIVER_CALLS(gauge, record, i64)
DRIVER_CALLS(gauge, record, f64)

const driver_calls *driver_calls_of(otm_instrument_kind kind, otm_number number)
{
    static const driver_calls *const calls[][2] = {
        [OTM_COUNTER] = {&calls_counter_i64, &calls_counter_f64},
        [OTM_UP_DOWN_COUNTER] = {&calls_up_down_counter_i64, &calls_up_down_counter_f64},
        [OTM_HISTOGRAM] = {&calls_histogram_i64, &calls_histogram_f64},
        [OTM_GAUGE] = {&calls_gauge_i64, &calls_gauge_f64},
    };
    return (size_t)kind < sizeof calls / sizeof calls[0] ? calls[kind][number] : NULL;
}

otm_status driver_create_observable(otm_meter *meter, otm_instrument_kind kind, otm_number number, const char *name,
                                    const otm_instrument_options *options, otm_observable **out)
{
    bool is_i64 = number == OTM_NUMBER_I64;
    switch (kind) {
    case OTM_OBSERVABLE_COUNTER:
        return is_i64 ? otm_meter_create_observable_counter_i64(meter, name, options, out)
                      : otm_meter_create_observable_counter_f64(meter, name, options, out);
    case OTM_OBSERVABLE_UP_DOWN_COUNTER:
        return is_i64 ? otm_meter_create_observable_up_down_counter_i64(meter, name, options, out)
                      : otm_meter_create_observable_up_down_counter_f64(meter, name, options, out);
    case OTM_OBSERVABLE_GAUGE:
        return is_i64 ? otm_meter_create_observable_gauge_i64(meter, name, options, out)
                      : otm_meter_create_observable_gauge_f64(meter, name, options, out);
    default:
        return OTM_ERR_INVALID_ARGUMENT;
    }
}
