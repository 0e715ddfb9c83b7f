#include "model/model.h"

/* -- One attribute ----------------------------------------------------------------------------------------------- */

typedef enum attribute_type {
    TYPE_STRING = 0, /* the schema's default */
    TYPE_BOOL,
    TYPE_INT,
    TYPE_DOUBLE,
    TYPE_ARRAY = 8 /* added to the element's type */
} attribute_type;

static otm_status read_scalar(const otmi_node *node, uint32_t type, otm_value *out)
{
    otm_status st;
    switch (type) {
    case TYPE_BOOL: {
        bool boolean = false;
        st = otmi_node_bool(node, &boolean);
        *out = otm_value_bool(boolean);
        return st;
    }
    case TYPE_INT: {
        int64_t number = 0;
        st = otmi_node_i64(node, INT64_MIN, INT64_MAX, &number);
        *out = otm_value_i64(number);
        return st;
    }
    case TYPE_DOUBLE: {
        double number = 0;
        st = otmi_node_f64(node, &number);
        *out = otm_value_f64(number);
        return st;
    }
    default: {
        const char *text = "";
        st = otmi_node_text(node, &text);
        *out = otm_value_string(text);
        return st;
    }
    }
}

static otm_status read_array(const otmi_node *node, uint32_t element_type, otm_value *out)
{
    size_t count;
    otm_status st = otmi_node_list(node, 1, &count);
    if (st != OTM_OK) {
        return st;
    }
    otm_value *values = otmi_model_array(node->model, count, sizeof *values);
    if (values == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        otmi_node element = otmi_node_element(node, i);
        st = otmi_node_missing(&element) ? otmi_node_fail(&element, "a value")
                                         : read_scalar(&element, element_type, &values[i]);
        if (st != OTM_OK) {
            return st;
        }
    }
    *out = otm_value_array(values, count);
    return OTM_OK;
}

/* Sets *ignored for an attribute whose value is null. */
static otm_status read_attribute(const otmi_node *node, otm_attr *out, bool *ignored)
{
    static const char *const keys[] = {"name", "value", "type", NULL};
    static const otmi_word types[] = {
        {"string", TYPE_STRING},
        {"bool", TYPE_BOOL},
        {"int", TYPE_INT},
        {"double", TYPE_DOUBLE},
        {"string_array", TYPE_ARRAY + TYPE_STRING},
        {"bool_array", TYPE_ARRAY + TYPE_BOOL},
        {"int_array", TYPE_ARRAY + TYPE_INT},
        {"double_array", TYPE_ARRAY + TYPE_DOUBLE},
        {NULL, 0},
    };
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node name = otmi_node_member(node, "name");
    otmi_node value = otmi_node_member(node, "value");
    otmi_node type = otmi_node_member(node, "type");
    uint32_t wanted = TYPE_STRING;
    const char *key = "";
    st = otmi_node_text(&name, &key);
    if (st == OTM_OK && key[0] == '\0') {
        st = otmi_node_fail(&name, "a non-empty string");
    }
    if (st == OTM_OK) {
        st = otmi_node_word(&type, types, &wanted);
    }
    if (st == OTM_OK && json_object_get(node->json, "value") == NULL) {
        st = otmi_node_fail(&value, "a value, or null");
    }
    *ignored = otmi_node_missing(&value);
    if (st != OTM_OK || *ignored) {
        return st;
    }
    *out = otm_attr_value(key, otm_value_empty());
    return wanted >= TYPE_ARRAY ? read_array(&value, wanted - TYPE_ARRAY, &out->value)
                                : read_scalar(&value, wanted, &out->value);
}

static otm_status read_attributes(const otmi_node *node, otmi_resource_plan *out)
{
    size_t count;
    otm_status st = otmi_node_list(node, 1, &count);
    if (st != OTM_OK || count == 0) {
        return st;
    }
    otm_attr *attributes = otmi_model_array(node->model, count, sizeof *attributes);
    if (attributes == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    out->attributes = attributes;
    for (size_t i = 0; i < count; i++) {
        bool ignored;
        otmi_node element = otmi_node_element(node, i);
        st = read_attribute(&element, &attributes[out->attribute_count], &ignored);
        if (st != OTM_OK) {
            return st;
        }
        out->attribute_count += ignored ? 0 : 1;
    }
    return OTM_OK;
}

/* -- Detection --------------------------------------------------------------------------------------------------- */

static otm_status read_detector(const otmi_node *node)
{
    static const char *const no_keys[] = {NULL};
    otmi_node detector;
    otm_status st = otmi_node_choice(node, "a map with the name of one detector", &detector);
    if (st != OTM_OK) {
        return st;
    }
    static const char *const ours[] = {"container", "host", "process", "service"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(detector.key, ours[i]) == 0) {
            return otmi_node_object(&detector, no_keys);
        }
    }
    return otmi_node_missing(&detector) || json_is_object(detector.json) ? OTM_OK
                                                                         : otmi_node_fail(&detector, "a map");
}

static otm_status read_detection(const otmi_node *node)
{
    static const char *const keys[] = {"attributes", "detectors", NULL};
    static const char *const filter_keys[] = {"included", "excluded", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node attributes = otmi_node_member(node, "attributes");
    otmi_node detectors = otmi_node_member(node, "detectors");
    if (st == OTM_OK) {
        st = otmi_node_object(&attributes, filter_keys);
    }
    for (size_t i = 0; st == OTM_OK && filter_keys[i] != NULL; i++) {
        const char *const *patterns;
        size_t count;
        otmi_node member = otmi_node_member(&attributes, filter_keys[i]);
        st = otmi_node_texts(&member, &patterns, &count);
    }
    size_t count = 0;
    if (st == OTM_OK) {
        st = otmi_node_list(&detectors, 1, &count);
    }
    for (size_t i = 0; st == OTM_OK && i < count; i++) {
        otmi_node detector = otmi_node_element(&detectors, i);
        st = read_detector(&detector);
    }
    return st == OTM_OK && count > 0 ? otmi_node_lacking(node) : st;
}

otm_status otmi_model_read_resource(const otmi_node *node, otmi_resource_plan *out)
{
    static const char *const keys[] = {"attributes", "attributes_list", "schema_url", "detection/development", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node attributes = otmi_node_member(node, "attributes");
    otmi_node list = otmi_node_member(node, "attributes_list");
    otmi_node schema_url = otmi_node_member(node, "schema_url");
    otmi_node detection = otmi_node_member(node, "detection/development");
    if (st == OTM_OK) {
        st = read_attributes(&attributes, out);
    }
    if (st == OTM_OK) {
        st = otmi_node_text(&list, &out->attributes_list);
    }
    if (st == OTM_OK) {
        st = otmi_node_text(&schema_url, &out->schema_url);
    }
    return st == OTM_OK ? read_detection(&detection) : st;
}
