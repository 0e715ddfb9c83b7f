#include "model/model.h"

#include "util/kvlist.h"

/* -- Headers ----------------------------------------------------------------------------------------------------- */

static char *keep_text(otmi_model *model, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = otmi_arena_alloc(&model->arena, size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static otm_status keep_listed(otmi_model *model, const otmi_kvlist *list, otm_otlp_header *headers)
{
    for (size_t i = 0; i < list->count; i++) {
        headers[i].name = keep_text(model, list->items[i].key);
        headers[i].value = keep_text(model, list->items[i].value);
        if (headers[i].name == NULL || headers[i].value == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
    }
    return OTM_OK;
}

/* Sets *ignored for a header whose value is null. */
static otm_status read_header(const otmi_node *node, otm_otlp_header *out, bool *ignored)
{
    static const char *const keys[] = {"name", "value", NULL};
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node name = otmi_node_member(node, "name");
    otmi_node value = otmi_node_member(node, "value");
    if (otmi_node_missing(&name)) {
        return otmi_node_fail(&name, "a string");
    }
    if (json_object_get(node->json, "value") == NULL) {
        return otmi_node_fail(&value, "a string, or null");
    }
    *ignored = otmi_node_missing(&value);
    st = otmi_node_text(&name, &out->name);
    return st == OTM_OK ? otmi_node_text(&value, &out->value) : st;
}

/* headers_list first, so that headers win: of a repeated name the last counts. */
static otm_status merge_headers(const otmi_node *headers, size_t count, const otmi_kvlist *listed,
                                otm_otlp_http_exporter_options *out)
{
    size_t total = count + listed->count;
    if (total == 0) {
        return OTM_OK;
    }
    otm_otlp_header *merged = otmi_model_array(headers->model, total, sizeof *merged);
    if (merged == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = keep_listed(headers->model, listed, merged);
    size_t kept = listed->count;
    for (size_t i = 0; st == OTM_OK && i < count; i++) {
        bool ignored = false;
        otmi_node element = otmi_node_element(headers, i);
        st = read_header(&element, &merged[kept], &ignored);
        kept += ignored ? 0 : 1;
    }
    out->headers = merged;
    out->header_count = kept;
    return st;
}

static otm_status read_headers(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    otmi_node headers = otmi_node_member(node, "headers");
    otmi_node list = otmi_node_member(node, "headers_list");
    const char *text = "";
    size_t count;
    otm_status st = otmi_node_list(&headers, 1, &count);
    if (st == OTM_OK) {
        st = otmi_node_text(&list, &text);
    }
    if (st != OTM_OK) {
        return st;
    }
    otmi_kvlist listed;
    st = otmi_kvlist_parse(&listed, node->model->allocator, text, NULL);
    if (st == OTM_ERR_CONFIG) {
        st = otmi_node_fail(&list, "a list of the form name=value,name=value");
    } else if (st == OTM_OK) {
        st = merge_headers(&headers, count, &listed, out);
    }
    otmi_kvlist_fini(&listed);
    return st;
}

/* -- Other settings ---------------------------------------------------------------------------------------------- */

static otm_status read_path(const otmi_node *tls, const char *key, const char **out)
{
    otmi_node member = otmi_node_member(tls, key);
    otm_status st = otmi_node_text(&member, out);
    if (st == OTM_OK && *out != NULL && (*out)[0] != '/') {
        st = otmi_node_fail(&member, "an absolute path");
    }
    return st;
}

static otm_status read_tls(const otmi_node *node, otm_otlp_http_exporter_options *out, bool grpc)
{
    static const char *const keys[] = {"ca_file", "key_file", "cert_file", NULL};
    static const char *const grpc_keys[] = {"ca_file", "key_file", "cert_file", "insecure", NULL};
    bool insecure = false;
    otm_status st = otmi_node_object(node, grpc ? grpc_keys : keys);
    if (st == OTM_OK) {
        st = read_path(node, "ca_file", &out->ca_file);
    }
    if (st == OTM_OK) {
        st = read_path(node, "key_file", &out->key_file);
    }
    if (st == OTM_OK) {
        st = read_path(node, "cert_file", &out->cert_file);
    }
    if (st == OTM_OK && (out->key_file == NULL) != (out->cert_file == NULL)) {
        st = otmi_node_fail(node, "key_file and cert_file together");
    }
    otmi_node member = otmi_node_member(node, "insecure");
    return st == OTM_OK ? otmi_node_bool(&member, &insecure) : st;
}

static otm_status read_sizes(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    int64_t request = 0;
    int64_t response = 0;
    otmi_node max_request = otmi_node_member(node, "max_request_size");
    otmi_node max_response = otmi_node_member(node, "max_response_size");
    otm_status st = otmi_node_i64(&max_request, 0, INT64_MAX, &request);
    if (st == OTM_OK) {
        st = otmi_node_i64(&max_response, 1, INT64_MAX, &response);
    }
    bool unlimited = !otmi_node_missing(&max_request) && request == 0;
    out->max_request_bytes = unlimited || (uint64_t)request > SIZE_MAX ? OTM_OTLP_NO_LIMIT : (size_t)request;
    out->max_response_bytes = (uint64_t)response > SIZE_MAX ? OTM_OTLP_NO_LIMIT : (size_t)response;
    return st;
}

static otm_status read_compression(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    static const otmi_word words[] = {
        {"none", OTM_OTLP_COMPRESSION_NONE}, {"gzip", OTM_OTLP_COMPRESSION_GZIP}, {NULL, 0}};
    /* Not the default of the options, which would ask the environment if that were in use. */
    out->compression = OTM_OTLP_COMPRESSION_NONE;
    otmi_node member = otmi_node_member(node, "compression");
    return otmi_node_word(&member, words, &out->compression);
}

static otm_status read_timeout(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    otmi_node member = otmi_node_member(node, "timeout");
    otm_status st = otmi_node_i64(&member, 0, INT64_MAX, &out->timeout_ms);
    if (st == OTM_OK && !otmi_node_missing(&member) && out->timeout_ms == 0) {
        out->timeout_ms = OTM_NO_TIMEOUT;
    }
    return st;
}

static otm_status read_preferences(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    uint32_t histogram = OTM_AGGREGATION_DEFAULT;
    otm_status st = otmi_model_read_preferences(node, &out->temporality_preference, &histogram);
    out->histogram = histogram == OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM ? OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL
                                                                        : OTM_OTLP_HISTOGRAM_EXPLICIT;
    return st;
}

static otm_status read_shared(const otmi_node *node, otm_otlp_http_exporter_options *out, bool grpc)
{
    otm_otlp_http_exporter_options_init(out);
    otmi_node endpoint = otmi_node_member(node, "endpoint");
    otmi_node tls = otmi_node_member(node, "tls");
    otm_status st = otmi_node_text(&endpoint, &out->endpoint);
    if (st == OTM_OK) {
        st = read_tls(&tls, out, grpc);
    }
    if (st == OTM_OK) {
        st = read_headers(node, out);
    }
    if (st == OTM_OK) {
        st = read_compression(node, out);
    }
    if (st == OTM_OK) {
        st = read_sizes(node, out);
    }
    if (st == OTM_OK) {
        st = read_timeout(node, out);
    }
    return st == OTM_OK ? read_preferences(node, out) : st;
}

static const char *const http_keys[] = {"encoding",
                                        "endpoint",
                                        "tls",
                                        "headers",
                                        "headers_list",
                                        "compression",
                                        "max_request_size",
                                        "max_response_size",
                                        "timeout",
                                        "temporality_preference",
                                        "default_histogram_aggregation",
                                        NULL};

otm_status otmi_model_read_otlp_http(const otmi_node *node, otm_otlp_http_exporter_options *out)
{
    static const otmi_word encodings[] = {{"protobuf", 0}, {"json", 1}, {NULL, 0}};
    uint32_t encoding = 0;
    otm_status st = otmi_node_object(node, http_keys);
    if (st == OTM_OK) {
        st = read_shared(node, out, false);
    }
    otmi_node member = otmi_node_member(node, "encoding");
    if (st == OTM_OK) {
        st = otmi_node_word(&member, encodings, &encoding);
    }
    return st == OTM_OK && encoding != 0 ? otmi_node_lacking(&member) : st;
}

/* Read, so that mistakes show. */
otm_status otmi_model_read_otlp_grpc(const otmi_node *node)
{
    otm_otlp_http_exporter_options unused;
    otm_status st = otmi_node_object(node, http_keys + 1); /* all but encoding */
    if (st == OTM_OK) {
        st = read_shared(node, &unused, true);
    }
    return st == OTM_OK ? otmi_node_lacking(node) : st;
}
