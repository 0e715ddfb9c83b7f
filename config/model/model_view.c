#include "model/model.h"

static otm_status read_selector(const otmi_node *node, otm_view_selector *out)
{
    static const char *const keys[] = {"instrument_name", "instrument_type", "unit",           "meter_name",
                                       "meter_version",   "meter_schema_url", NULL};
    static const otmi_word kinds[] = {
        {"counter", OTM_COUNTER},
        {"gauge", OTM_GAUGE},
        {"histogram", OTM_HISTOGRAM},
        {"observable_counter", OTM_OBSERVABLE_COUNTER},
        {"observable_gauge", OTM_OBSERVABLE_GAUGE},
        {"observable_up_down_counter", OTM_OBSERVABLE_UP_DOWN_COUNTER},
        {"up_down_counter", OTM_UP_DOWN_COUNTER},
        {NULL, 0},
    };
    otm_status st = otmi_node_object(node, keys);
    const struct {
        const char *key;
        const char **out;
    } texts[] = {
        {"instrument_name", &out->instrument_name}, {"unit", &out->unit},
        {"meter_name", &out->meter_name},           {"meter_version", &out->meter_version},
        {"meter_schema_url", &out->meter_schema_url},
    };
    for (size_t i = 0; st == OTM_OK && i < sizeof texts / sizeof texts[0]; i++) {
        otmi_node member = otmi_node_member(node, texts[i].key);
        st = otmi_node_text(&member, texts[i].out);
    }
    if (st != OTM_OK) {
        return st;
    }
    otmi_node kind = otmi_node_member(node, "instrument_type");
    out->has_kind = !otmi_node_missing(&kind);
    return otmi_node_word(&kind, kinds, &out->kind);
}

static otm_status read_attribute_keys(const otmi_node *node, otm_view_stream *out)
{
    static const char *const keys[] = {"included", "excluded", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node included = otmi_node_member(node, "included");
    otmi_node excluded = otmi_node_member(node, "excluded");
    if (st == OTM_OK) {
        out->has_included_keys = !otmi_node_missing(&included);
        st = otmi_node_texts(&included, &out->included_keys, &out->included_key_count);
    }
    return st == OTM_OK ? otmi_node_texts(&excluded, &out->excluded_keys, &out->excluded_key_count) : st;
}

static otm_status read_stream(const otmi_node *node, otm_view_stream *out)
{
    static const char *const keys[] = {"name", "description", "aggregation", "aggregation_cardinality_limit",
                                       "attribute_keys", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node name = otmi_node_member(node, "name");
    otmi_node description = otmi_node_member(node, "description");
    otmi_node aggregation = otmi_node_member(node, "aggregation");
    otmi_node limit = otmi_node_member(node, "aggregation_cardinality_limit");
    otmi_node attribute_keys = otmi_node_member(node, "attribute_keys");
    if (st == OTM_OK) {
        st = otmi_node_text(&name, &out->name);
    }
    if (st == OTM_OK) {
        st = otmi_node_text(&description, &out->description);
    }
    if (st == OTM_OK) {
        st = otmi_model_read_aggregation(&aggregation, &out->aggregation);
        out->has_aggregation = !otmi_node_missing(&aggregation); /* `default:` is a choice too */
    }
    if (st == OTM_OK) {
        st = otmi_node_u32(&limit, 1, UINT32_MAX, &out->cardinality_limit);
    }
    return st == OTM_OK ? read_attribute_keys(&attribute_keys, out) : st;
}

otm_status otmi_model_read_view(const otmi_node *node, otm_view *out)
{
    static const char *const keys[] = {"selector", "stream", NULL};
    otm_view_init(out);
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node selector = otmi_node_member(node, "selector");
    otmi_node stream = otmi_node_member(node, "stream");
    /* Both may be empty, but a view that forgot one of them is a mistake that would select, or change, too much. */
    if (otmi_node_missing(&selector)) {
        return otmi_node_fail(&selector, "a map");
    }
    if (otmi_node_missing(&stream)) {
        return otmi_node_fail(&stream, "a map");
    }
    st = read_selector(&selector, &out->selector);
    return st == OTM_OK ? read_stream(&stream, &out->stream) : st;
}
