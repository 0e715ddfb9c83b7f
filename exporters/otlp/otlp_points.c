/* Each function lists its message's fields from the last to the first. */
#include "otlp_points.h"

#include "util/attr_pb.h"

enum { START_TIME = 2, TIME = 3 }; /* of each kind of point */
enum { NUMBER_DOUBLE = 4, NUMBER_EXEMPLARS = 5, NUMBER_INT = 6, NUMBER_ATTRIBUTES = 7, NUMBER_FLAGS = 8 };
enum {
    HISTOGRAM_COUNT = 4,
    HISTOGRAM_SUM = 5,
    HISTOGRAM_BUCKET_COUNTS = 6,
    HISTOGRAM_BOUNDS = 7,
    HISTOGRAM_EXEMPLARS = 8,
    HISTOGRAM_ATTRIBUTES = 9,
    HISTOGRAM_FLAGS = 10,
    HISTOGRAM_MIN = 11,
    HISTOGRAM_MAX = 12
};
enum {
    EXPONENTIAL_ATTRIBUTES = 1,
    EXPONENTIAL_COUNT = 4,
    EXPONENTIAL_SUM = 5,
    EXPONENTIAL_SCALE = 6,
    EXPONENTIAL_ZERO_COUNT = 7,
    EXPONENTIAL_POSITIVE = 8,
    EXPONENTIAL_NEGATIVE = 9,
    EXPONENTIAL_FLAGS = 10,
    EXPONENTIAL_EXEMPLARS = 11,
    EXPONENTIAL_MIN = 12,
    EXPONENTIAL_MAX = 13,
    EXPONENTIAL_ZERO_THRESHOLD = 14
};
enum { BUCKETS_OFFSET = 1, BUCKETS_COUNTS = 2 };
enum { SUMMARY_COUNT = 4, SUMMARY_SUM = 5, SUMMARY_QUANTILES = 6, SUMMARY_ATTRIBUTES = 7, SUMMARY_FLAGS = 8 };
enum { QUANTILE_QUANTILE = 1, QUANTILE_VALUE = 2 };
enum {
    EXEMPLAR_TIME = 2,
    EXEMPLAR_DOUBLE = 3,
    EXEMPLAR_SPAN_ID = 4,
    EXEMPLAR_TRACE_ID = 5,
    EXEMPLAR_INT = 6,
    EXEMPLAR_ATTRIBUTES = 7
};

/* -- What the kinds share ---------------------------------------------------------------------------------------- */

static bool has_value(const otm_point *point)
{
    return (point->flags & OTM_POINT_NO_RECORDED_VALUE) == 0;
}

static void put_times(otmi_pb_writer *out, const otm_point *point)
{
    otmi_pb_fixed64_unless_0(out, TIME, point->time_unix_nano);
    otmi_pb_fixed64_unless_0(out, START_TIME, point->start_time_unix_nano);
}

static void put_exemplar(otmi_pb_writer *out, unsigned field, const otm_exemplar *exemplar)
{
    size_t start = out->size;
    otmi_pb_attrs(out, EXEMPLAR_ATTRIBUTES, exemplar->filtered_attributes, exemplar->filtered_attribute_count);
    if (exemplar->number == OTM_NUMBER_I64) {
        otmi_pb_fixed64(out, EXEMPLAR_INT, (uint64_t)exemplar->value.i64);
    }
    if (exemplar->has_span) {
        otmi_pb_sized(out, EXEMPLAR_TRACE_ID, exemplar->trace_id, sizeof exemplar->trace_id);
        otmi_pb_sized(out, EXEMPLAR_SPAN_ID, exemplar->span_id, sizeof exemplar->span_id);
    }
    if (exemplar->number != OTM_NUMBER_I64) {
        otmi_pb_f64(out, EXEMPLAR_DOUBLE, exemplar->value.f64);
    }
    otmi_pb_fixed64_unless_0(out, EXEMPLAR_TIME, exemplar->time_unix_nano);
    otmi_pb_close(out, field, start);
}

static void put_exemplars(otmi_pb_writer *out, unsigned field, const otm_point *point)
{
    for (size_t i = point->exemplar_count; i > 0; i--) {
        put_exemplar(out, field, &point->exemplars[i - 1]);
    }
}

static void put_f64_if(otmi_pb_writer *out, bool present, unsigned field, double number)
{
    if (present) {
        otmi_pb_f64(out, field, number);
    }
}

/* -- Numbers ----------------------------------------------------------------------------------------------------- */

static void put_number_point(otmi_pb_writer *out, unsigned field, const otm_point *point)
{
    const otm_number_data *data = &point->data.number;
    bool is_int = data->number == OTM_NUMBER_I64;
    size_t start = out->size;
    otmi_pb_varint_unless_0(out, NUMBER_FLAGS, point->flags);
    otmi_pb_attrs(out, NUMBER_ATTRIBUTES, point->attributes, point->attribute_count);
    if (is_int && has_value(point)) {
        otmi_pb_fixed64(out, NUMBER_INT, (uint64_t)data->as.i64);
    }
    put_exemplars(out, NUMBER_EXEMPLARS, point);
    put_f64_if(out, !is_int && has_value(point), NUMBER_DOUBLE, data->as.f64);
    put_times(out, point);
    otmi_pb_close(out, field, start);
}

/* -- Histograms -------------------------------------------------------------------------------------------------- */

/* Integers, or doubles by their bits. */
static void put_packed_fixed64(otmi_pb_writer *out, unsigned field, const void *numbers, size_t count)
{
    uint64_t bits;
    size_t start = out->size;
    if (count == 0 || !otmi_pb_room(out, count * sizeof bits)) {
        return;
    }
    uint8_t *front = otmi_pb_front(out);
    for (size_t i = count; i > 0; i--) {
        memcpy(&bits, (const char *)numbers + (i - 1) * sizeof bits, sizeof bits);
        front = otmi_pb_fixed64_before(front, bits);
    }
    otmi_pb_set_front(out, front);
    otmi_pb_close(out, field, start);
}

static void put_histogram_data(otmi_pb_writer *out, const otm_histogram_data *data)
{
    put_packed_fixed64(out, HISTOGRAM_BOUNDS, data->bounds, data->bound_count);
    put_packed_fixed64(out, HISTOGRAM_BUCKET_COUNTS, data->bucket_counts, data->bucket_count);
    put_f64_if(out, data->has_sum, HISTOGRAM_SUM, data->sum);
    otmi_pb_fixed64_unless_0(out, HISTOGRAM_COUNT, data->count);
}

static void put_histogram_point(otmi_pb_writer *out, unsigned field, const otm_point *point)
{
    const otm_histogram_data *data = point->data.histogram;
    size_t start = out->size;
    if (has_value(point)) {
        put_f64_if(out, data->has_max, HISTOGRAM_MAX, data->max);
        put_f64_if(out, data->has_min, HISTOGRAM_MIN, data->min);
    }
    otmi_pb_varint_unless_0(out, HISTOGRAM_FLAGS, point->flags);
    otmi_pb_attrs(out, HISTOGRAM_ATTRIBUTES, point->attributes, point->attribute_count);
    put_exemplars(out, HISTOGRAM_EXEMPLARS, point);
    if (has_value(point)) {
        put_histogram_data(out, data);
    }
    put_times(out, point);
    otmi_pb_close(out, field, start);
}

static void put_buckets(otmi_pb_writer *out, unsigned field, const otm_exponential_buckets *buckets)
{
    size_t start = out->size;
    if (buckets->count_size == 0) {
        return; /* an absent side is an empty one */
    }
    for (size_t i = buckets->count_size; i > 0 && otmi_pb_room(out, OTMI_PB_VARINT_BYTES); i--) {
        otmi_pb_set_front(out, otmi_pb_varint_before(otmi_pb_front(out), buckets->counts[i - 1]));
    }
    otmi_pb_close(out, BUCKETS_COUNTS, start);
    otmi_pb_varint_unless_0(out, BUCKETS_OFFSET, otmi_pb_zigzag(buckets->offset));
    otmi_pb_close(out, field, start);
}

static void put_exponential_data(otmi_pb_writer *out, const otm_histogram_data *data)
{
    put_buckets(out, EXPONENTIAL_NEGATIVE, &data->negative);
    put_buckets(out, EXPONENTIAL_POSITIVE, &data->positive);
    otmi_pb_fixed64_unless_0(out, EXPONENTIAL_ZERO_COUNT, data->zero_count);
    otmi_pb_varint_unless_0(out, EXPONENTIAL_SCALE, otmi_pb_zigzag(data->scale));
    put_f64_if(out, data->has_sum, EXPONENTIAL_SUM, data->sum);
    otmi_pb_fixed64_unless_0(out, EXPONENTIAL_COUNT, data->count);
}

static void put_exponential_point(otmi_pb_writer *out, unsigned field, const otm_point *point)
{
    const otm_histogram_data *data = point->data.histogram;
    size_t start = out->size;
    if (has_value(point)) {
        otmi_pb_f64_unless_0(out, EXPONENTIAL_ZERO_THRESHOLD, data->zero_threshold);
        put_f64_if(out, data->has_max, EXPONENTIAL_MAX, data->max);
        put_f64_if(out, data->has_min, EXPONENTIAL_MIN, data->min);
    }
    put_exemplars(out, EXPONENTIAL_EXEMPLARS, point);
    otmi_pb_varint_unless_0(out, EXPONENTIAL_FLAGS, point->flags);
    if (has_value(point)) {
        put_exponential_data(out, data);
    }
    put_times(out, point);
    otmi_pb_attrs(out, EXPONENTIAL_ATTRIBUTES, point->attributes, point->attribute_count);
    otmi_pb_close(out, field, start);
}

/* -- Summaries --------------------------------------------------------------------------------------------------- */

static void put_quantile(otmi_pb_writer *out, const otm_quantile_value *quantile)
{
    size_t start = out->size;
    otmi_pb_f64_unless_0(out, QUANTILE_VALUE, quantile->value);
    otmi_pb_f64_unless_0(out, QUANTILE_QUANTILE, quantile->quantile);
    otmi_pb_close(out, SUMMARY_QUANTILES, start);
}

static void put_summary_data(otmi_pb_writer *out, const otm_histogram_data *data)
{
    for (size_t i = data->quantile_count; i > 0; i--) {
        put_quantile(out, &data->quantiles[i - 1]);
    }
    otmi_pb_f64_unless_0(out, SUMMARY_SUM, data->sum);
    otmi_pb_fixed64_unless_0(out, SUMMARY_COUNT, data->count);
}

static void put_summary_point(otmi_pb_writer *out, unsigned field, const otm_point *point)
{
    size_t start = out->size;
    otmi_pb_varint_unless_0(out, SUMMARY_FLAGS, point->flags);
    otmi_pb_attrs(out, SUMMARY_ATTRIBUTES, point->attributes, point->attribute_count);
    if (has_value(point)) {
        put_summary_data(out, point->data.histogram);
    }
    put_times(out, point);
    otmi_pb_close(out, field, start);
}

/* -- All points of a metric -------------------------------------------------------------------------------------- */

typedef void (*put_point)(otmi_pb_writer *out, unsigned field, const otm_point *point);

static put_point put_point_of(otm_metric_type type)
{
    switch (type) {
    case OTM_METRIC_HISTOGRAM:
        return put_histogram_point;
    case OTM_METRIC_EXPONENTIAL_HISTOGRAM:
        return put_exponential_point;
    case OTM_METRIC_SUMMARY:
        return put_summary_point;
    case OTM_METRIC_GAUGE:
    case OTM_METRIC_SUM:
        break;
    }
    return put_number_point;
}

void otmi_otlp_put_points(otmi_pb_writer *out, unsigned field, const otm_metric *metric)
{
    put_point put = put_point_of((otm_metric_type)metric->type);
    for (size_t i = metric->point_count; i > 0 && out->status == OTM_OK; i--) {
        put(out, field, otm_metric_point(metric, i - 1));
    }
}
