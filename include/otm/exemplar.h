/* Exemplars: single measurements kept beside an aggregate, with the trace they belong to (metrics/sdk.md, "Exemplar").
 *
 * A filter decides which measurements are eligible (otm_meter_provider_options.exemplar_filter), a reservoir which of
 * them stay until a reader collects. Two reservoirs are built in; a view can name one, or bring its own. */
#ifndef OTM_EXEMPLAR_H
#define OTM_EXEMPLAR_H

#include <otm/host.h>
#include <otm/sdk_data.h>

OTM_BEGIN_DECLS

typedef enum otm_reservoir_kind {
    /* Explicit-bucket histograms of more than one bucket: ALIGNED; exponential ones: FIXED_SIZE of min(20, max_size);
     * everything else: FIXED_SIZE of 1. */
    OTM_RESERVOIR_DEFAULT = 0,
    OTM_RESERVOIR_FIXED_SIZE = 1, /* a uniform sample of `size` */
    OTM_RESERVOIR_ALIGNED = 2,    /* one a bucket, uniform among those of the bucket; explicit-bucket histograms */
    OTM_RESERVOIR_CUSTOM = 3
} otm_reservoir_kind;

/* What a reservoir is offered. The attributes are all that the measurement was given; those that are not on the
 * point are its filtered attributes. Valid during the call. */
typedef struct otm_measurement {
    size_t struct_size;
    int64_t i64;     /* integer instruments */
    double f64;      /* the value as a double, always */
    uint32_t number; /* otm_number */
    uint32_t bucket; /* explicit-bucket histograms: which one it fell into */
    uint64_t time_unix_nano;
    const otm_attr *attributes;
    size_t attribute_count;
    const otm_context *context; /* NULL: none */
} otm_measurement;

/* What a reservoir is made for: one series of one stream, for one reader. */
typedef struct otm_reservoir_config {
    size_t struct_size;
    const otm_attr *attributes; /* of the series; valid until destroy is called */
    size_t attribute_count;
    size_t bucket_count; /* explicit-bucket histograms, else 0 */
    const otm_allocator *allocator;
} otm_reservoir_config;

/* A reservoir of your own. offer and collect may run at the same time, on any thread. offer runs while the
 * measurement is being recorded: quick, and nothing of otm. create, collect and destroy run during collections,
 * create also at the first eligible measurement of a series. */
typedef struct otm_reservoir_ops {
    size_t size;
    void *(*create)(void *factory, const otm_reservoir_config *config); /* NULL: no memory; no exemplars then */
    void (*offer)(void *self, const otm_measurement *measurement);
    /* Hands out what was kept since the last collect, at most `capacity`, and begins anew. What the exemplars point
     * to must stay valid until the next collect or destroy. */
    size_t (*collect)(void *self, otm_exemplar *exemplars, size_t capacity);
    void (*destroy)(void *self);
} otm_reservoir_ops;

/* In a view's stream. Zero means the default. */
typedef struct otm_reservoir_choice {
    uint32_t kind; /* otm_reservoir_kind */
    uint32_t size; /* FIXED_SIZE: 0 means 1; at most 1024 */
    const otm_reservoir_ops *ops; /* CUSTOM; must stay valid */
    void *factory;                /* CUSTOM; passed to create */
} otm_reservoir_choice;

OTM_END_DECLS

#endif
