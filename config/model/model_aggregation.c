#include <math.h>

#include "model/model.h"

static const char *const no_keys[] = {NULL};

static otm_status read_min_max(const otmi_node *node, otm_aggregation *out)
{
    bool record = true;
    otmi_node member = otmi_node_member(node, "record_min_max");
    otm_status st = otmi_node_bool(&member, &record);
    out->omit_min_max = !record;
    return st;
}

static otm_status read_boundaries(const otmi_node *node, otm_aggregation *out)
{
    size_t count;
    otm_status st = otmi_node_list(node, 0, &count);
    if (st != OTM_OK || otmi_node_missing(node)) {
        return st;
    }
    out->has_boundaries = true;
    if (count == 0) {
        return OTM_OK;
    }
    double *boundaries = otmi_model_array(node->model, count, sizeof *boundaries);
    if (boundaries == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        otmi_node element = otmi_node_element(node, i);
        st = otmi_node_missing(&element) ? otmi_node_fail(&element, "a number")
                                         : otmi_node_f64(&element, &boundaries[i]);
        if (st != OTM_OK) {
            return st;
        }
        if (!isfinite(boundaries[i]) || (i > 0 && boundaries[i] <= boundaries[i - 1])) {
            return otmi_node_fail(&element, "a finite bound above the one before");
        }
    }
    out->boundaries = boundaries;
    out->boundary_count = count;
    return OTM_OK;
}

static otm_status read_explicit(const otmi_node *node, otm_aggregation *out)
{
    static const char *const keys[] = {"boundaries", "record_min_max", NULL};
    otm_status st = otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node boundaries = otmi_node_member(node, "boundaries");
    st = read_boundaries(&boundaries, out);
    return st == OTM_OK ? read_min_max(node, out) : st;
}

static otm_status read_exponential(const otmi_node *node, otm_aggregation *out)
{
    static const char *const keys[] = {"max_scale", "max_size", "record_min_max", NULL};
    otm_status st = otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node scale = otmi_node_member(node, "max_scale");
    otmi_node size = otmi_node_member(node, "max_size");
    int64_t max_scale = 0;
    st = otmi_node_i64(&scale, -10, 20, &max_scale);
    if (st == OTM_OK) {
        out->has_max_scale = !otmi_node_missing(&scale);
        out->max_scale = (int32_t)max_scale;
        st = otmi_node_u32(&size, 2, INT32_MAX, &out->max_size);
    }
    return st == OTM_OK ? read_min_max(node, out) : st;
}

otm_status otmi_model_read_aggregation(const otmi_node *node, otm_aggregation *out)
{
    static const otmi_word kinds[] = {
        {"default", OTM_AGGREGATION_DEFAULT},
        {"drop", OTM_AGGREGATION_DROP},
        {"sum", OTM_AGGREGATION_SUM},
        {"last_value", OTM_AGGREGATION_LAST_VALUE},
        {"explicit_bucket_histogram", OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM},
        {"base2_exponential_bucket_histogram", OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM},
    };
    static const char expected[] = "a map with one key of default, drop, sum, last_value, explicit_bucket_histogram, "
                                   "base2_exponential_bucket_histogram";
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    otmi_node body;
    otm_status st = otmi_node_choice(node, expected, &body);
    if (st != OTM_OK) {
        return st;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(body.key, kinds[i].text) != 0) {
            continue;
        }
        out->kind = kinds[i].value;
        switch (out->kind) {
        case OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM:
            return read_explicit(&body, out);
        case OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM:
            return read_exponential(&body, out);
        default:
            return otmi_node_object(&body, no_keys);
        }
    }
    return otmi_node_fail(&body, "another key: default, drop, sum, last_value, explicit_bucket_histogram or "
                                 "base2_exponential_bucket_histogram");
}
