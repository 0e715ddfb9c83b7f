/* Collected metrics: the read-only tree that readers hand to exporters (metrics/data-model.md).
 *
 * resource -> scope -> metric -> point. The tree belongs to the reader and is valid only as the function that gave it
 * says. Arrays are walked through the accessor functions, never by indexing: the structs may grow at their end. */
#ifndef OTM_SDK_DATA_H
#define OTM_SDK_DATA_H

#include <otm/instrument.h>

OTM_BEGIN_DECLS

typedef enum otm_temporality { OTM_DELTA = 1, OTM_CUMULATIVE = 2 } otm_temporality; /* values of the wire */

typedef enum otm_metric_type {
    OTM_METRIC_GAUGE = 1,
    OTM_METRIC_SUM = 2,
    OTM_METRIC_HISTOGRAM = 3,
    OTM_METRIC_EXPONENTIAL_HISTOGRAM = 4,
    OTM_METRIC_SUMMARY = 5 /* from metric producers only */
} otm_metric_type;

#define OTM_POINT_NO_RECORDED_VALUE 0x1u /* the point marks a gap: only attributes and times count */

/* NUL-terminated as well, for convenience; size does not count the NUL. NULL data means "". */
typedef struct otm_string {
    const char *data;
    size_t size;
} otm_string;

typedef struct otm_exemplar {
    uint64_t time_unix_nano;
    union {
        int64_t i64;
        double f64;
    } value;
    uint32_t number;  /* otm_number */
    uint8_t has_span; /* trace_id and span_id are set */
    uint8_t reserved[3];
    uint8_t trace_id[16];
    uint8_t span_id[8];
    const otm_attr *filtered_attributes;
    size_t filtered_attribute_count;
} otm_exemplar;

/* One side of an exponential histogram: counts[i] counts bucket index offset + i. */
typedef struct otm_exponential_buckets {
    const uint64_t *counts;
    size_t count_size;
    int32_t offset;
    uint32_t reserved;
} otm_exponential_buckets;

typedef struct otm_quantile_value {
    double quantile;
    double value;
} otm_quantile_value;

typedef struct otm_number_data {
    union {
        int64_t i64;
        double f64;
    } as;
    uint32_t number; /* otm_number */
    uint32_t reserved;
} otm_number_data;

/* Histogram and exponential histogram and summary: what they share. */
typedef struct otm_histogram_data {
    uint64_t count;
    double sum;
    double min;
    double max;
    bool has_sum;
    bool has_min;
    bool has_max;
    uint8_t reserved[5];
    const double *bounds; /* explicit: bound_count bounds, and bound_count + 1 counts unless both are empty */
    const uint64_t *bucket_counts;
    size_t bound_count;
    size_t bucket_count;
    uint64_t zero_count; /* exponential: from here */
    double zero_threshold;
    int32_t scale;
    uint32_t reserved2;
    otm_exponential_buckets positive;
    otm_exponential_buckets negative;
    const otm_quantile_value *quantiles; /* summary: quantiles in [0, 1], strictly increasing; values not negative */
    size_t quantile_count;
} otm_histogram_data;

typedef struct otm_point {
    const otm_attr *attributes; /* unique keys */
    size_t attribute_count;
    uint64_t start_time_unix_nano; /* 0: unknown */
    uint64_t time_unix_nano;
    /* Number and generation of the series within this stream: while both stay the same, so do the attributes (the
     * pointer as well), and an exporter may keep what it made of them. Generation 0: not kept by the SDK (a foreign
     * producer's point). */
    uint64_t series_number;
    uint64_t series_generation;
    uint32_t flags;
    uint32_t reserved;
    const otm_exemplar *exemplars;
    size_t exemplar_count;
    union {
        otm_number_data number;             /* gauge, sum */
        const otm_histogram_data *histogram; /* histogram, exponential histogram, summary */
    } data;
} otm_point;

typedef struct otm_metric {
    otm_string name;
    otm_string description;
    otm_string unit;
    uint32_t type;        /* otm_metric_type */
    uint32_t temporality; /* otm_temporality; 0 for gauges and summaries */
    uint32_t monotonic;   /* sums: 1 or 0 */
    uint32_t reserved;
    const otm_attr *metadata;
    size_t metadata_count;
    const otm_point *points; /* walk with otm_metric_point() */
    size_t point_count;
    size_t point_stride;
    uint64_t stream_id; /* stable over collections of one reader; 0: none */
} otm_metric;

/* A scope, as configurators and filters are asked about it. No string is NULL. */
typedef struct otm_scope {
    const char *name;
    const char *version;
    const char *schema_url;
    const otm_attr *attributes;
    size_t attribute_count;
} otm_scope;

typedef struct otm_scope_metrics {
    otm_string name;
    otm_string version;
    otm_string schema_url;
    const otm_attr *attributes;
    size_t attribute_count;
    const otm_metric *metrics; /* walk with otm_scope_metric() */
    size_t metric_count;
    size_t metric_stride;
} otm_scope_metrics;

/* An entity of the resource: its keys name attributes that are there. */
typedef struct otm_entity_ref {
    otm_string type;
    otm_string schema_url;
    const otm_string *id_keys; /* at least one */
    size_t id_key_count;
    const otm_string *description_keys;
    size_t description_key_count;
} otm_entity_ref;

typedef struct otm_resource_metrics {
    const otm_attr *attributes;
    size_t attribute_count;
    otm_string schema_url;
    const otm_scope_metrics *scopes; /* walk with otm_resource_scope() */
    size_t scope_count;
    size_t scope_stride;
    const otm_entity_ref *entities; /* walk with otm_resource_entity_ref() */
    size_t entity_count;
    size_t entity_stride;
    uint32_t child; /* 1: of a provider made by otm_meter_provider_for_entity(); what is the provider's own, if any,
                     * comes before these */
    uint32_t reserved;
} otm_resource_metrics;

/* What one collection of one reader gave. Metrics without points, and scopes without metrics, are not in it. */
typedef struct otm_metrics_data {
    size_t struct_size;
    const otm_resource_metrics *resources; /* walk with otm_data_resource() */
    size_t resource_count;
    size_t resource_stride;
    size_t point_count; /* over all metrics */
} otm_metrics_data;

OTM_INLINE const otm_resource_metrics *otm_data_resource(const otm_metrics_data *data, size_t index)
{
    return (const otm_resource_metrics *)(const void *)((const char *)data->resources + index * data->resource_stride);
}

OTM_INLINE const otm_scope_metrics *otm_resource_scope(const otm_resource_metrics *resource, size_t index)
{
    return (const otm_scope_metrics *)(const void *)((const char *)resource->scopes + index * resource->scope_stride);
}

OTM_INLINE const otm_entity_ref *otm_resource_entity_ref(const otm_resource_metrics *resource, size_t index)
{
    return (const otm_entity_ref *)(const void *)((const char *)resource->entities + index * resource->entity_stride);
}

OTM_INLINE const otm_metric *otm_scope_metric(const otm_scope_metrics *scope, size_t index)
{
    return (const otm_metric *)(const void *)((const char *)scope->metrics + index * scope->metric_stride);
}

OTM_INLINE const otm_point *otm_metric_point(const otm_metric *metric, size_t index)
{
    return (const otm_point *)(const void *)((const char *)metric->points + index * metric->point_stride);
}

OTM_END_DECLS

#endif
