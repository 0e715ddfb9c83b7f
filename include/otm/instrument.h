/* The contract between instrumented code and whatever implements it: handles and their tables of operations.
 *
 * Programs include <otm/metrics.h> and use the typed calls there; this header is for those who implement the API (the
 * SDK, the no-op, the late-binding proxy, a test double) and for what all instruments share.
 *
 * ABI. Every handle begins with two words: `ops` and `state`. A table begins with its size and is appended to only;
 * whoever calls an entry that was not in the first release checks the size first (OTM_HAS_OP). `state` is 0 when
 * nobody listens (no-op, disabled meter, dropped by every view): then a recording call is one predictable branch. */
#ifndef OTM_INSTRUMENT_H
#define OTM_INSTRUMENT_H

#include <otm/attribute.h>
#include <otm/context.h>

OTM_BEGIN_DECLS

typedef enum otm_instrument_kind {
    OTM_COUNTER = 0,
    OTM_UP_DOWN_COUNTER = 1,
    OTM_HISTOGRAM = 2,
    OTM_GAUGE = 3,
    OTM_OBSERVABLE_COUNTER = 4,
    OTM_OBSERVABLE_UP_DOWN_COUNTER = 5,
    OTM_OBSERVABLE_GAUGE = 6
} otm_instrument_kind;

#define OTM_INSTRUMENT_KIND_COUNT 7

typedef enum otm_number { OTM_NUMBER_I64 = 0, OTM_NUMBER_F64 = 1 } otm_number;

typedef struct otm_instrument otm_instrument;             /* any synchronous instrument */
typedef struct otm_bound otm_bound;                       /* a synchronous instrument with its attributes fixed */
typedef struct otm_observable otm_observable;             /* any asynchronous instrument */
typedef struct otm_callback_handle otm_callback_handle;   /* one registered callback */
typedef struct otm_observer otm_observer;                 /* where a callback reports to */
typedef struct otm_meter otm_meter;
typedef struct otm_meter_provider otm_meter_provider;

/* Reports values through the observer, during this call only.
 *
 * Three rules (metrics/api.md, "Asynchronous Instrument API"): be safe to run at the same time for several readers,
 * return in finite time, and do not report one attribute set twice (if it happens, sums add up, and of a gauge the last
 * report counts).
 * It may create, register and unregister instruments and callbacks; it must not flush or shut down its provider
 * (that answers OTM_ERR_REENTRANT). */
typedef void (*otm_callback)(otm_observer *observer, void *user_data);

/* What a meter needs to create an instrument. Names are required and follow the grammar of metrics/api.md,
 * "Instrument name syntax" (1 to 255 of A-Z a-z 0-9 _ . - /, the first a letter); the SDK reports one that does not. */
typedef struct otm_instrument_options {
    size_t struct_size;                /* set by init; do not change */
    const char *unit;                  /* UCUM, case-sensitive; NULL: "" */
    const char *description;           /* UTF-8; NULL: "". Of instruments alike in all else the longest is shown */
    const double *bucket_boundaries;   /* advice for explicit-bucket histograms; upper bounds, strictly increasing */
    size_t bucket_boundary_count;
    bool has_bucket_boundaries;        /* tells an empty list (one bucket) from no advice */
    bool has_attribute_keys;           /* tells an empty list (keep none) from no advice */
    uint8_t reserved[6];               /* 0 */
    const char *const *attribute_keys; /* advice: the keys the metric should keep */
    size_t attribute_key_count;
    otm_callback callback;             /* asynchronous instruments: registered for good, for this instrument alone */
    void *callback_user_data;
} otm_instrument_options;

OTM_INLINE void otm_instrument_options_init(otm_instrument_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

typedef struct otm_bind_options {
    size_t struct_size;      /* set by init; do not change */
    bool visible_from_start; /* export a point (zero, or an empty histogram) before the first measurement */
    uint8_t reserved[7];     /* 0 */
} otm_bind_options;

OTM_INLINE void otm_bind_options_init(otm_bind_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* What peek reads back from a bound series: totals since the series began, whatever readers collect. */
typedef struct otm_series_value {
    size_t struct_size; /* set by init; do not change */
    int64_t i64;        /* sum or last value of an integer instrument */
    double f64;         /* the same as a double, for both number types */
    uint64_t count;     /* histograms: how many measurements */
    double sum;         /* histograms: their sum */
    bool is_histogram;
    bool has_value;     /* false before the first measurement of a series that is not visible from the start */
    uint8_t reserved[6];
} otm_series_value;

OTM_INLINE void otm_series_value_init(otm_series_value *value)
{
    memset(value, 0, sizeof *value);
    value->struct_size = sizeof *value;
}

typedef struct otm_instrument_ops {
    size_t size;
    void (*record_i64)(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count);
    void (*record_f64)(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count);
    void (*record_i64_ctx)(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context);
    void (*record_f64_ctx)(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context);
    otm_status (*bind)(otm_instrument *self, const otm_attr *attrs, size_t attr_count, const otm_bind_options *options,
                       otm_bound **out);
    otm_status (*remove)(otm_instrument *self, const otm_attr *attrs, size_t attr_count);
    void (*retain)(otm_instrument *self);
    void (*release)(otm_instrument *self);
    bool (*enabled)(const otm_instrument *self); /* NULL: `state` says it all. Set by what stands in for another */
} otm_instrument_ops;

struct otm_instrument {
    const otm_instrument_ops *ops;
    uint64_t state;
};

/* Whether a measurement would go anywhere, for any synchronous instrument. */
OTM_INLINE bool otm_instrument_enabled(const otm_instrument *instrument)
{
    return instrument != NULL && OTM_LOAD_RELAXED(&instrument->state) != 0 &&
           (instrument->ops->enabled == NULL || instrument->ops->enabled(instrument));
}

/* A measurement whose value and attributes are worked out only if it goes anywhere:
 *
 *     OTM_RECORD(otm_counter_i64_add, requests, 1, otm_attr_string("method", method), otm_attr_i64("status", status));
 *
 * `call` is a recording call for the instrument that takes a value and attributes, of which there must be one or more.
 * The instrument is evaluated twice, everything else once or not at all. Temporary objects that attributes
 * point to are there until the call is over, as they are for the arguments of a function. */
#define OTM_RECORD(call, instrument, value, ...)                            \
    do {                                                                    \
        if (otm_instrument_enabled((const otm_instrument *)(instrument))) { \
            OTM_RECORD_ALL(call, instrument, value, __VA_ARGS__);           \
        }                                                                   \
    } while (0)

/* One expression: an array with a name would outlive the temporary objects that its attributes point to. */
#ifdef __cplusplus
#define OTM_RECORD_ALL(call, instrument, value, ...) otm_record_all((call), (instrument), (value), __VA_ARGS__)
#else
#define OTM_RECORD_ALL(call, instrument, value, ...)                 \
    call((instrument), (value), (const otm_attr[]){__VA_ARGS__},     \
         sizeof((const otm_attr[]){__VA_ARGS__}) / sizeof(otm_attr))
#endif

typedef struct otm_bound_ops {
    size_t size;
    void (*record_i64)(otm_bound *self, int64_t value);
    void (*record_f64)(otm_bound *self, double value);
    void (*record_i64_ctx)(otm_bound *self, int64_t value, const otm_context *context);
    void (*record_f64_ctx)(otm_bound *self, double value, const otm_context *context);
    void (*add_from_signal_i64)(otm_bound *self, int64_t value);
    void (*add_from_signal_f64)(otm_bound *self, double value);
    otm_status (*peek)(otm_bound *self, otm_series_value *out);
    otm_status (*rebind)(otm_bound *self);
    void (*retain)(otm_bound *self);
    void (*release)(otm_bound *self);
} otm_bound_ops;

struct otm_bound {
    const otm_bound_ops *ops;
    uint64_t state;
};

typedef struct otm_observable_ops {
    size_t size;
    void (*retain)(otm_observable *self);
    void (*release)(otm_observable *self);
    otm_observable *(*behind)(otm_observable *self); /* NULL: nothing but itself. Set by what stands in for another */
} otm_observable_ops;

struct otm_observable {
    const otm_observable_ops *ops;
    uint64_t state;
};

/* The instrument that this one stands in for, or itself. Implementations of register_callback() ask for each
 * instrument they are given, so that one made before the SDK was installed is known by both its names. */
OTM_INLINE otm_observable *otm_observable_behind(otm_observable *instrument)
{
    return instrument == NULL || instrument->ops->behind == NULL ? instrument : instrument->ops->behind(instrument);
}

typedef struct otm_callback_handle_ops {
    size_t size;
    void (*unregister)(otm_callback_handle *self);
} otm_callback_handle_ops;

struct otm_callback_handle {
    const otm_callback_handle_ops *ops;
    uint64_t state;
};

typedef struct otm_observer_ops {
    size_t size;
    void (*observe_i64)(otm_observer *self, otm_observable *instrument, int64_t value, const otm_attr *attrs,
                        size_t attr_count);
    void (*observe_f64)(otm_observer *self, otm_observable *instrument, double value, const otm_attr *attrs,
                        size_t attr_count);
} otm_observer_ops;

struct otm_observer {
    const otm_observer_ops *ops;
    uint64_t state;
};

/* Identity of an instrument as a meter's table sees it. */
typedef struct otm_instrument_identity {
    otm_instrument_kind kind;
    otm_number number;
    const char *name;
} otm_instrument_identity;

typedef struct otm_meter_ops {
    size_t size;
    otm_status (*create_instrument)(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *options, otm_instrument **out);
    otm_status (*create_observable)(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *options, otm_observable **out);
    otm_status (*register_callback)(otm_meter *self, otm_callback callback, void *user_data,
                                    otm_observable *const *instruments, size_t instrument_count,
                                    otm_callback_handle **out);
    void (*retain)(otm_meter *self);
    void (*release)(otm_meter *self);
} otm_meter_ops;

struct otm_meter {
    const otm_meter_ops *ops;
    uint64_t state;
};

typedef struct otm_meter_options {
    size_t struct_size;     /* set by init; do not change */
    const char *version;    /* NULL: "" */
    const char *schema_url; /* NULL: "" */
    const otm_attr *attributes;
    size_t attribute_count;
} otm_meter_options;

OTM_INLINE void otm_meter_options_init(otm_meter_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

typedef struct otm_meter_provider_ops {
    size_t size;
    otm_meter *(*get_meter)(otm_meter_provider *self, const char *name, const otm_meter_options *options);
    void (*retain)(otm_meter_provider *self);
    void (*release)(otm_meter_provider *self);
} otm_meter_provider_ops;

struct otm_meter_provider {
    const otm_meter_provider_ops *ops;
    uint64_t state;
};

/* True if the table of `handle` is long enough to hold `entry`. */
#define OTM_HAS_OP(handle, table_type, entry) \
    ((handle)->ops->size >= offsetof(table_type, entry) + sizeof((handle)->ops->entry))

/* The objects that stand in where there is nothing: static, without state, never freed. All calls on them do nothing;
 * creating calls give further no-ops (metrics/noop.md).  Threads: any.  Blocks: no. */
OTM_API otm_meter_provider *otm_noop_meter_provider(void);
OTM_API otm_meter *otm_noop_meter(void);
OTM_API otm_instrument *otm_noop_instrument(void);
OTM_API otm_bound *otm_noop_bound(void);
OTM_API otm_observable *otm_noop_observable(void);
OTM_API otm_callback_handle *otm_noop_callback_handle(void);

OTM_END_DECLS

#ifdef __cplusplus
/* Of OTM_RECORD: C++ has no array without a name that could be given to a call. */
extern "C++" {
template <typename Call, typename Instrument, typename Value, typename... Attrs>
inline void otm_record_all(Call call, Instrument *instrument, Value value, const Attrs &...attrs)
{
    const otm_attr list[] = {attrs...};
    call(instrument, value, list, sizeof...(attrs));
}
}
#endif

#endif
