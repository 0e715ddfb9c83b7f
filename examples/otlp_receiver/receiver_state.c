#include "receiver_state.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SERIES 100000
#define MAX_DEPTH 16 /* of arrays and maps in attributes */

typedef Opentelemetry__Proto__Common__V1__AnyValue any_value;
typedef Opentelemetry__Proto__Common__V1__KeyValue key_value;
typedef Opentelemetry__Proto__Metrics__V1__Metric metric_message;
typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint number_point;
typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint histogram_point;

struct receiver_state {
    json_t *resources; /* by their text */
    json_t *series;    /* by resource, scope, name and attributes, as text */
};

receiver_state *receiver_state_create(void)
{
    receiver_state *state = malloc(sizeof *state);
    if (state != NULL) {
        *state = (receiver_state){json_object(), json_object()};
        if (state->resources == NULL || state->series == NULL) {
            receiver_state_destroy(state);
            return NULL;
        }
    }
    return state;
}

void receiver_state_destroy(receiver_state *state)
{
    if (state != NULL) {
        json_decref(state->resources);
        json_decref(state->series);
        free(state);
    }
}

/* -- Values as JSON ------------------------------------------------------------------------------------------------ */

static json_t *text_json(ProtobufCBinaryData text)
{
    json_t *string = json_stringn((const char *)text.data, text.len);
    return string != NULL ? string : json_string("(not UTF-8)");
}

/* JSON has no names for what is not finite. */
static json_t *double_json(double value)
{
    if (isfinite(value)) {
        return json_real(value);
    }
    return json_string(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

static json_t *bytes_json(ProtobufCBinaryData bytes)
{
    char *hex = calloc(2, bytes.len + 1);
    if (hex == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes.data[i]);
    }
    json_t *string = json_string(hex);
    free(hex);
    return string;
}

static json_t *attributes_json(size_t count, key_value *const *attributes, unsigned depth);

static json_t *value_json(const any_value *value, unsigned depth)
{
    if (value == NULL || depth > MAX_DEPTH) {
        return json_null();
    }
    switch (value->value_case) {
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE:
        return text_json(value->string_value);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE:
        return json_boolean(value->bool_value);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE:
        return json_integer(value->int_value);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE:
        return double_json(value->double_value);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE:
        return bytes_json(value->bytes_value);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE:
        return attributes_json(value->kvlist_value->n_values, value->kvlist_value->values, depth + 1);
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE: {
        json_t *array = json_array();
        for (size_t i = 0; i < value->array_value->n_values; i++) {
            (void)json_array_append_new(array, value_json(value->array_value->values[i], depth + 1));
        }
        return array;
    }
    default:
        return json_null();
    }
}

static json_t *attributes_json(size_t count, key_value *const *attributes, unsigned depth)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *key = text_json(attributes[i]->key);
        (void)json_object_set_new(object, json_string_value(key), value_json(attributes[i]->value, depth));
        json_decref(key);
    }
    return object;
}

/* -- Points -------------------------------------------------------------------------------------------------------- */

/* Where a point belongs, and with which request it came. */
typedef struct place {
    receiver_state *state;
    const char *resource_text;
    const metric_message *metric;
    json_t *scope;
    unsigned long request_number;
    bool complete;
} place;

/* The series of the same name, scope and attributes is replaced. Takes over `point`. */
static void keep_point(place *p, const char *type, size_t attribute_count, key_value *const *attributes, json_t *point)
{
    json_t *identity = json_pack("{s:s, s:O, s:o, s:o}", "resource", p->resource_text, "scope", p->scope, "name",
                                 text_json(p->metric->name), "attributes",
                                 attributes_json(attribute_count, attributes, 0));
    char *key = identity == NULL ? NULL : json_dumps(identity, JSON_COMPACT | JSON_SORT_KEYS);
    bool has_place = key != NULL && (json_object_size(p->state->series) < MAX_SERIES ||
                                     json_object_get(p->state->series, key) != NULL);
    if (has_place) {
        (void)json_object_del(identity, "resource");
        (void)json_object_set_new(identity, "type", json_string(type));
        (void)json_object_set_new(identity, "unit", text_json(p->metric->unit));
        (void)json_object_set_new(identity, "request", json_integer((json_int_t)p->request_number));
        has_place = json_object_update(identity, point) == 0 && json_object_set(p->state->series, key, identity) == 0;
    }
    p->complete = p->complete && has_place;
    free(key);
    json_decref(identity);
    json_decref(point);
}

static void keep_number(place *p, const char *type, const number_point *n)
{
    json_t *value = n->value_case == OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT
                        ? json_integer(n->as_int)
                        : double_json(n->as_double);
    keep_point(p, type, n->n_attributes, n->attributes, json_pack("{s:o}", "value", value));
}

static void keep_histogram(place *p, const histogram_point *h)
{
    json_t *bounds = json_array();
    json_t *counts = json_array();
    for (size_t i = 0; i < h->n_explicit_bounds; i++) {
        (void)json_array_append_new(bounds, double_json(h->explicit_bounds[i]));
    }
    for (size_t i = 0; i < h->n_bucket_counts; i++) {
        (void)json_array_append_new(counts, json_integer((json_int_t)h->bucket_counts[i]));
    }
    keep_point(p, "histogram", h->n_attributes, h->attributes,
               json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)h->count, "sum", double_json(h->sum), "bounds",
                         bounds, "counts", counts));
}

static void keep_metric(place *p, const metric_message *m)
{
    p->metric = m;
    switch (m->data_case) {
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_GAUGE:
        for (size_t i = 0; i < m->gauge->n_data_points; i++) {
            keep_number(p, "gauge", m->gauge->data_points[i]);
        }
        break;
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUM:
        for (size_t i = 0; i < m->sum->n_data_points; i++) {
            keep_number(p, m->sum->is_monotonic ? "counter" : "sum", m->sum->data_points[i]);
        }
        break;
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_HISTOGRAM:
        for (size_t i = 0; i < m->histogram->n_data_points; i++) {
            keep_histogram(p, m->histogram->data_points[i]);
        }
        break;
    default: /* shown in the table; the state is for what text exposition can hold as well */
        break;
    }
}

bool receiver_state_add(receiver_state *state, const receiver_request *request, unsigned long request_number)
{
    place p = {.state = state, .request_number = request_number, .complete = true};
    for (size_t r = 0; r < request->n_resource_metrics; r++) {
        const Opentelemetry__Proto__Metrics__V1__ResourceMetrics *resource = request->resource_metrics[r];
        json_t *attributes = resource->resource == NULL
                                 ? json_object()
                                 : attributes_json(resource->resource->n_attributes, resource->resource->attributes, 0);
        char *text = json_dumps(attributes, JSON_COMPACT | JSON_SORT_KEYS);
        p.resource_text = text == NULL ? "" : text;
        (void)json_object_set_new(
            state->resources, p.resource_text,
            json_pack("{s:s, s:o, s:I}", "type", "resource", "attributes", attributes, "request",
                      (json_int_t)request_number));
        for (size_t s = 0; s < resource->n_scope_metrics; s++) {
            const Opentelemetry__Proto__Metrics__V1__ScopeMetrics *scope = resource->scope_metrics[s];
            p.scope = scope->scope == NULL ? json_string("") : text_json(scope->scope->name);
            for (size_t m = 0; m < scope->n_metrics; m++) {
                keep_metric(&p, scope->metrics[m]);
            }
            json_decref(p.scope);
        }
        free(text);
    }
    return p.complete;
}

/* -- File ---------------------------------------------------------------------------------------------------------- */

static bool write_lines(FILE *to, json_t *objects)
{
    const char *key;
    json_t *value;
    json_object_foreach(objects, key, value)
    {
        if (json_dumpf(value, to, JSON_COMPACT | JSON_REAL_PRECISION(17)) != 0 || fputc('\n', to) == EOF) {
            return false;
        }
    }
    return true;
}

bool receiver_state_save(const receiver_state *state, const char *path)
{
    char *draft = malloc(strlen(path) + sizeof ".new");
    if (draft == NULL) {
        return false;
    }
    (void)sprintf(draft, "%s.new", path);
    FILE *to = fopen(draft, "w");
    bool ok = to != NULL && write_lines(to, state->resources) && write_lines(to, state->series);
    ok = (to != NULL && fclose(to) == 0) && ok && rename(draft, path) == 0;
    free(draft);
    return ok;
}
