#include "model/model.h"

otm_status otmi_model_read_preferences(const otmi_node *node, uint32_t *temporality, uint32_t *histogram)
{
    static const otmi_word preferences[] = {
        {"cumulative", OTM_PREFER_CUMULATIVE}, {"delta", OTM_PREFER_DELTA}, {"low_memory", OTM_PREFER_LOW_MEMORY},
        {NULL, 0}};
    static const otmi_word histograms[] = {
        {"explicit_bucket_histogram", OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM},
        {"base2_exponential_bucket_histogram", OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM},
        {NULL, 0}};
    otmi_node preference = otmi_node_member(node, "temporality_preference");
    otmi_node aggregation = otmi_node_member(node, "default_histogram_aggregation");
    otm_status st = otmi_node_word(&preference, preferences, temporality);
    return st == OTM_OK ? otmi_node_word(&aggregation, histograms, histogram) : st;
}

static otm_status read_limits(const otmi_node *node, otm_reader_options *out)
{
    static const char *const keys[] = {"default", "counter", "gauge", "histogram", "observable_counter",
                                       "observable_gauge", "observable_up_down_counter", "up_down_counter", NULL};
    static const otm_instrument_kind kinds[] = {OTM_COUNTER, OTM_GAUGE, OTM_HISTOGRAM, OTM_OBSERVABLE_COUNTER,
                                                OTM_OBSERVABLE_GAUGE, OTM_OBSERVABLE_UP_DOWN_COUNTER,
                                                OTM_UP_DOWN_COUNTER};
    otm_status st = otmi_node_object(node, keys);
    for (size_t i = 0; st == OTM_OK && keys[i] != NULL; i++) {
        otmi_node limit = otmi_node_member(node, keys[i]);
        uint32_t *target = i == 0 ? &out->default_cardinality_limit : &out->cardinality_limit[kinds[i - 1]];
        st = otmi_node_u32(&limit, 1, UINT32_MAX, target);
    }
    return st;
}

static otm_status read_producer(const otmi_node *node)
{
    static const char *const no_keys[] = {NULL};
    otmi_node producer;
    otm_status st = otmi_node_choice(node, "a map with the name of one producer", &producer);
    if (st == OTM_OK && strcmp(producer.key, "opencensus") == 0) {
        st = otmi_node_object(&producer, no_keys);
    } else if (st == OTM_OK && !otmi_node_missing(&producer) && !json_is_object(producer.json)) {
        st = otmi_node_fail(&producer, "a map");
    }
    return st == OTM_OK ? otmi_node_lacking(&producer) : st;
}

/* What every kind of reader has. */
static otm_status read_common(const otmi_node *node, otm_reader_options *out)
{
    otmi_node producers = otmi_node_member(node, "producers");
    otmi_node limits = otmi_node_member(node, "cardinality_limits");
    size_t count;
    otm_status st = otmi_node_list(&producers, 1, &count);
    for (size_t i = 0; st == OTM_OK && i < count; i++) {
        otmi_node producer = otmi_node_element(&producers, i);
        st = read_producer(&producer);
    }
    return st == OTM_OK ? read_limits(&limits, out) : st;
}

static otm_status read_times(const otmi_node *node, otm_periodic_reader_options *out)
{
    otmi_node interval = otmi_node_member(node, "interval");
    otmi_node timeout = otmi_node_member(node, "timeout");
    otm_status st = otmi_node_i64(&interval, 0, INT64_MAX, &out->interval_ms);
    /* An explicit 0 is not the options' "default": as often as possible, and no timeout. */
    if (st == OTM_OK && !otmi_node_missing(&interval) && out->interval_ms == 0) {
        out->interval_ms = 1;
    }
    if (st == OTM_OK) {
        st = otmi_node_i64(&timeout, 0, INT64_MAX, &out->timeout_ms);
    }
    if (st == OTM_OK && !otmi_node_missing(&timeout) && out->timeout_ms == 0) {
        out->timeout_ms = OTM_NO_TIMEOUT;
    }
    return st;
}

static otm_status read_periodic(const otmi_node *node, otmi_reader_plan *out)
{
    static const char *const keys[] = {"interval",  "timeout",            "max_export_batch_size/development",
                                       "exporter",  "producers",          "cardinality_limits", NULL};
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st == OTM_OK) {
        st = read_times(node, &out->periodic);
    }
    if (st != OTM_OK) {
        return st;
    }
    otmi_node batch_size = otmi_node_member(node, "max_export_batch_size/development");
    otmi_node exporter = otmi_node_member(node, "exporter");
    int64_t points = 0;
    st = otmi_node_i64(&batch_size, 1, INT64_MAX, &points);
    if (st == OTM_OK) {
        out->periodic.max_export_batch_size = points < UINT32_MAX ? (uint32_t)points : UINT32_MAX;
        st = otmi_model_read_push_exporter(&exporter, out);
    }
    if (out->exporter == OTMI_EXPORTER_CONSOLE && out->periodic.interval_ms == 0) {
        out->periodic.interval_ms = OTM_STDOUT_INTERVAL_MS;
    }
    return st == OTM_OK ? read_common(node, &out->reader) : st;
}

static otm_status read_pull(const otmi_node *node, otmi_reader_plan *out)
{
    static const char *const keys[] = {"exporter", "producers", "cardinality_limits", NULL};
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node exporter = otmi_node_member(node, "exporter");
    st = otmi_model_read_pull_exporter(&exporter, out);
    return st == OTM_OK ? read_common(node, &out->reader) : st;
}

/* Not of the file format: `manual`, for hosts that collect by themselves. */
static otm_status read_manual(const otmi_node *node, otmi_reader_plan *out)
{
    static const char *const keys[] = {"temporality_preference", "default_histogram_aggregation", "producers",
                                       "cardinality_limits", "idle_ttl", NULL};
    otm_status st = otmi_node_object(node, keys);
    otm_reader_options *options = &out->reader;
    otmi_node idle_ttl = otmi_node_member(node, "idle_ttl");
    if (st == OTM_OK) {
        st = otmi_node_i64(&idle_ttl, 0, INT64_MAX / 1000000, &options->idle_ttl_ms);
    }
    if (st == OTM_OK) {
        st = otmi_model_read_preferences(node, &options->temporality_preference,
                                         &options->aggregation[OTM_HISTOGRAM].kind);
    }
    return st == OTM_OK ? read_common(node, options) : st;
}

otm_status otmi_model_read_reader(const otmi_node *node, otmi_reader_plan *out)
{
    *out = (otmi_reader_plan){.exporter = OTMI_EXPORTER_NONE};
    otm_reader_options_init(&out->reader);
    otm_periodic_reader_options_init(&out->periodic);
    const char *expected = node->model->allow_manual_readers ? "a map with one key of periodic, pull, manual"
                                                             : "a map with one key of periodic, pull";
    otmi_node body;
    otm_status st = otmi_node_choice(node, expected, &body);
    if (st != OTM_OK) {
        return st;
    }
    if (strcmp(body.key, "periodic") == 0) {
        return read_periodic(&body, out);
    }
    if (strcmp(body.key, "pull") == 0) {
        return read_pull(&body, out);
    }
    if (node->model->allow_manual_readers && strcmp(body.key, "manual") == 0) {
        return read_manual(&body, out);
    }
    return otmi_node_fail(node, expected);
}
