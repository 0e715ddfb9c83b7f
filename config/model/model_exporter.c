#include "model/model.h"

static otm_status read_console(const otmi_node *node, otm_stdout_exporter_options *out)
{
    static const char *const keys[] = {"temporality_preference", "default_histogram_aggregation", NULL};
    otm_stdout_exporter_options_init(out);
    otm_status st = otmi_node_object(node, keys);
    return st == OTM_OK ? otmi_model_read_preferences(node, &out->temporality_preference,
                                                      &out->aggregation[OTM_HISTOGRAM])
                        : st;
}

/* Read, so that mistakes show; had when there is a file exporter. */
static otm_status read_otlp_file(const otmi_node *node)
{
    static const char *const keys[] = {"output_stream", "temporality_preference", "default_histogram_aggregation",
                                       NULL};
    uint32_t temporality = 0;
    uint32_t histogram = 0;
    const char *output;
    otm_status st = otmi_node_object(node, keys);
    otmi_node stream = otmi_node_member(node, "output_stream");
    if (st == OTM_OK) {
        st = otmi_node_text(&stream, &output);
    }
    if (st == OTM_OK) {
        st = otmi_model_read_preferences(node, &temporality, &histogram);
    }
    return st == OTM_OK ? otmi_node_lacking(node) : st;
}

/* An exporter of a name that is not the format's own: valid, but nobody registered it. */
static otm_status read_plugin(const otmi_node *node)
{
    if (!otmi_node_missing(node) && !json_is_object(node->json)) {
        return otmi_node_fail(node, "a map");
    }
    return otmi_node_lacking(node);
}

otm_status otmi_model_read_push_exporter(const otmi_node *node, otmi_reader_plan *out)
{
    otmi_node body;
    otm_status st = otmi_node_choice(node, "a map with one exporter (otlp_http, otlp_grpc, otlp_file/development, "
                                           "console)", &body);
    if (st != OTM_OK) {
        return st;
    }
    if (strcmp(body.key, "otlp_http") == 0) {
        out->exporter = OTMI_EXPORTER_OTLP_HTTP;
        return otmi_model_read_otlp_http(&body, &out->otlp);
    }
    if (strcmp(body.key, "otlp_grpc") == 0) {
        return otmi_model_read_otlp_grpc(&body);
    }
    if (strcmp(body.key, "console") == 0) {
        out->exporter = OTMI_EXPORTER_CONSOLE;
        return read_console(&body, &out->console);
    }
    if (strcmp(body.key, "otlp_file/development") == 0) {
        return read_otlp_file(&body);
    }
    return read_plugin(&body);
}

/* -- Prometheus -------------------------------------------------------------------------------------------------- */

static otm_status read_constant_labels(const otmi_node *node, otm_prometheus_exporter_options *out)
{
    static const char *const keys[] = {"included", "excluded", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node included = otmi_node_member(node, "included");
    otmi_node excluded = otmi_node_member(node, "excluded");
    if (st == OTM_OK) {
        st = otmi_node_texts(&included, &out->included_resource_keys, &out->included_resource_key_count);
    }
    if (st == OTM_OK) {
        st = otmi_node_texts(&excluded, &out->excluded_resource_keys, &out->excluded_resource_key_count);
    }
    out->has_resource_constant_labels = !otmi_node_missing(node);
    return st;
}

static otm_status read_address(const otmi_node *node, otm_prometheus_exporter_options *out)
{
    otmi_node host = otmi_node_member(node, "host");
    otmi_node port = otmi_node_member(node, "port");
    otm_status st = otmi_node_text(&host, &out->host);
    if (st == OTM_OK) {
        st = otmi_node_u32(&port, 0, 65535, &out->port);
    }
    /* As with sockets; the options' 0 is the default port. */
    if (st == OTM_OK && !otmi_node_missing(&port) && out->port == 0) {
        out->port = OTM_PORT_ANY;
    }
    return st;
}

static otm_status read_info_switches(const otmi_node *node, otm_prometheus_exporter_options *out)
{
    otmi_node scope_info = otmi_node_member(node, "scope_info_enabled");
    otmi_node target_info = otmi_node_member(node, "target_info_enabled/development");
    bool scope = true;
    bool target = true;
    otm_status st = otmi_node_bool(&scope_info, &scope);
    if (st == OTM_OK) {
        st = otmi_node_bool(&target_info, &target);
    }
    out->omit_scope_info = !scope;
    out->omit_target_info = !target;
    return st;
}

static otm_status read_prometheus(const otmi_node *node, otm_prometheus_exporter_options *out)
{
    static const char *const keys[] = {"host",
                                       "port",
                                       "scope_info_enabled",
                                       "target_info_enabled/development",
                                       "resource_constant_labels",
                                       "translation_strategy",
                                       NULL};
    static const otmi_word strategies[] = {
        {"underscore_escaping_with_suffixes", OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES},
        {"underscore_escaping_without_suffixes/development", OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES},
        {"no_utf8_escaping_with_suffixes/development", OTM_PROMETHEUS_NO_UTF8_ESCAPING_WITH_SUFFIXES},
        {"no_translation/development", OTM_PROMETHEUS_NO_TRANSLATION},
        {NULL, 0},
    };
    otm_prometheus_exporter_options_init(out);
    otm_status st = otmi_node_object(node, keys);
    otmi_node labels = otmi_node_member(node, "resource_constant_labels");
    otmi_node strategy = otmi_node_member(node, "translation_strategy");
    if (st == OTM_OK) {
        st = read_address(node, out);
    }
    if (st == OTM_OK) {
        st = read_info_switches(node, out);
    }
    if (st == OTM_OK) {
        st = read_constant_labels(&labels, out);
    }
    return st == OTM_OK ? otmi_node_word(&strategy, strategies, &out->translation) : st;
}

otm_status otmi_model_read_pull_exporter(const otmi_node *node, otmi_reader_plan *out)
{
    otmi_node body;
    otm_status st = otmi_node_choice(node, "a map with one exporter (prometheus/development)", &body);
    if (st != OTM_OK) {
        return st;
    }
    if (strcmp(body.key, "prometheus/development") == 0) {
        out->exporter = OTMI_EXPORTER_PROMETHEUS;
        return read_prometheus(&body, &out->prometheus);
    }
    return read_plugin(&body);
}
