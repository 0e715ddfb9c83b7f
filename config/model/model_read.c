/* The root of the model, and its meter provider. */
#include "model/model.h"

static otm_status read_log_level(const otmi_node *node, uint32_t *out)
{
    /* Each of the format's levels comes in four steps; ours are coarser. */
    static const otmi_word levels[] = {
        {"trace", OTM_DEBUG}, {"trace2", OTM_DEBUG}, {"trace3", OTM_DEBUG}, {"trace4", OTM_DEBUG},
        {"debug", OTM_DEBUG}, {"debug2", OTM_DEBUG}, {"debug3", OTM_DEBUG}, {"debug4", OTM_DEBUG},
        {"info", OTM_INFO},   {"info2", OTM_INFO},   {"info3", OTM_INFO},   {"info4", OTM_INFO},
        {"warn", OTM_WARN},   {"warn2", OTM_WARN},   {"warn3", OTM_WARN},   {"warn4", OTM_WARN},
        {"error", OTM_ERROR}, {"error2", OTM_ERROR}, {"error3", OTM_ERROR}, {"error4", OTM_ERROR},
        {"fatal", OTM_ERROR}, {"fatal2", OTM_ERROR}, {"fatal3", OTM_ERROR}, {"fatal4", OTM_ERROR},
        {NULL, 0},
    };
    return otmi_node_word(node, levels, out);
}

/* Read, so that mistakes show. Metric and resource attributes are exempt from them (common/README.md, "Exempt
 * entities"). */
static otm_status read_attribute_limits(const otmi_node *node)
{
    static const char *const keys[] = {"attribute_value_length_limit", "attribute_count_limit",
                                       "attribute_value_depth_limit", NULL};
    static const int64_t minimum[] = {0, 0, 1};
    otm_status st = otmi_node_object(node, keys);
    for (size_t i = 0; st == OTM_OK && keys[i] != NULL; i++) {
        int64_t limit = 0;
        otmi_node member = otmi_node_member(node, keys[i]);
        st = otmi_node_i64(&member, minimum[i], INT64_MAX, &limit);
    }
    return st;
}

static otm_status read_readers(const otmi_node *node, otmi_plan *out)
{
    if (otmi_node_missing(node)) {
        return otmi_node_fail(node, "a list of one or more");
    }
    otm_status st = otmi_node_list(node, 1, &out->reader_count);
    if (st != OTM_OK) {
        return st;
    }
    out->readers = otmi_model_array(node->model, out->reader_count, sizeof *out->readers);
    if (out->readers == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; st == OTM_OK && i < out->reader_count; i++) {
        otmi_node reader = otmi_node_element(node, i);
        st = otmi_model_read_reader(&reader, &out->readers[i]);
    }
    return st;
}

static otm_status read_views(const otmi_node *node, otmi_plan *out)
{
    otm_status st = otmi_node_list(node, 1, &out->view_count);
    if (st != OTM_OK || out->view_count == 0) {
        return st;
    }
    out->views = otmi_model_array(node->model, out->view_count, sizeof *out->views);
    if (out->views == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; st == OTM_OK && i < out->view_count; i++) {
        otmi_node view = otmi_node_element(node, i);
        st = otmi_model_read_view(&view, &out->views[i]);
    }
    return st;
}

static otm_status read_meter_provider(const otmi_node *node, otmi_plan *out)
{
    static const char *const keys[] = {"readers", "views", "exemplar_filter", "meter_configurator/development", NULL};
    static const otmi_word filters[] = {
        {"trace_based", OTM_EXEMPLARS_TRACE_BASED},
        {"always_on", OTM_EXEMPLARS_ALWAYS_ON},
        {"always_off", OTM_EXEMPLARS_ALWAYS_OFF},
        {NULL, 0},
    };
    otm_status st = otmi_node_object(node, keys);
    otmi_node readers = otmi_node_member(node, "readers");
    otmi_node views = otmi_node_member(node, "views");
    otmi_node filter = otmi_node_member(node, "exemplar_filter");
    otmi_node configurator = otmi_node_member(node, "meter_configurator/development");
    if (st == OTM_OK) {
        st = read_readers(&readers, out);
    }
    if (st == OTM_OK) {
        st = read_views(&views, out);
    }
    if (st == OTM_OK) {
        st = otmi_node_word(&filter, filters, &out->exemplar_filter);
    }
    return st == OTM_OK ? otmi_meter_rules_read(&configurator, &out->meter_rules) : st;
}

otm_status otmi_model_read(otmi_model *model, const json_t *json, otmi_plan *out)
{
    *out = (otmi_plan){.reader_count = 0};
    otmi_node root = otmi_node_root(model, json, NULL);
    otmi_node disabled = otmi_node_member(&root, "disabled");
    otmi_node log_level = otmi_node_member(&root, "log_level");
    otmi_node limits = otmi_node_member(&root, "attribute_limits");
    otmi_node resource = otmi_node_member(&root, "resource");
    otmi_node provider = otmi_node_member(&root, "meter_provider");
    otm_status st = otmi_node_bool(&disabled, &out->disabled);
    if (st == OTM_OK) {
        st = read_log_level(&log_level, &out->log_level);
    }
    if (st == OTM_OK) {
        st = read_attribute_limits(&limits);
    }
    if (st == OTM_OK) {
        st = otmi_model_read_resource(&resource, &out->resource);
    }
    if (otmi_node_missing(&provider)) {
        out->disabled = true;
        return st;
    }
    return st == OTM_OK ? read_meter_provider(&provider, out) : st;
}
