#include "driver_values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "driver_base64.h"

/* -- Numbers ----------------------------------------------------------------------------------------------------- */

bool driver_i64(const json_t *json, int64_t *out)
{
    if (json_is_integer(json)) {
        *out = json_integer_value(json);
        return true;
    }
    const char *text = json_string_value(json);
    if (text == NULL || text[0] == '\0' || strspn(text, "-0123456789") != strlen(text)) {
        return false;
    }
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *out = number;
    return errno == 0 && *end == '\0';
}

/* Read as JSON, since strtod() would follow the locale. */
static bool f64_of_text(const char *text, double *out)
{
    static const struct {
        const char *text;
        double value;
    } names[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i].text) == 0) {
            *out = names[i].value;
            return true;
        }
    }
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    bool is_number = json_is_number(json);
    *out = json_number_value(json);
    json_decref(json);
    return is_number;
}

bool driver_f64(const json_t *json, double *out)
{
    if (json_is_string(json)) {
        return f64_of_text(json_string_value(json), out);
    }
    *out = json_number_value(json);
    return json_is_number(json);
}

bool driver_number_of(const json_t *json, otm_number number, driver_number *out)
{
    return number == OTM_NUMBER_I64 ? driver_i64(json, &out->i64) : driver_f64(json, &out->f64);
}

/* -- Attribute values -------------------------------------------------------------------------------------------- */

static bool read_value(const json_t *json, otm_value *out);
static bool read_key_values(const json_t *list, otm_attr **items, size_t *count);

/* Frees what read_value() allocated: only arrays, maps and byte strings have memory of their own. */
static void free_value(const otm_value *value)
{
    switch (value->type) {
    case OTM_VALUE_BYTES:
        free((void *)value->as.bytes);
        break;
    case OTM_VALUE_ARRAY:
        for (size_t i = 0; i < value->size; i++) {
            free_value(&value->as.array[i]);
        }
        free((void *)value->as.array);
        break;
    case OTM_VALUE_MAP:
        for (size_t i = 0; i < value->size; i++) {
            free_value(&value->as.map[i].value);
        }
        free((void *)value->as.map);
        break;
    default:
        break;
    }
}

static void *zeroed(size_t count, size_t element_size)
{
    return calloc(count == 0 ? 1 : count, element_size);
}

static bool read_bytes(const json_t *json, otm_value *out)
{
    if (!json_is_string(json)) {
        return false;
    }
    size_t size;
    uint8_t *bytes = zeroed(json_string_length(json), 1);
    if (bytes == NULL || !driver_base64_decode(json_string_value(json), json_string_length(json), bytes, &size)) {
        free(bytes);
        return false;
    }
    *out = otm_value_bytes(bytes, size);
    return true;
}

/* "values" of an arrayValue or kvlistValue; absent counts as empty. */
static const json_t *values_of(const json_t *json)
{
    const json_t *values = json_object_get(json, "values");
    return json_is_object(json) && (values == NULL || json_is_array(values)) ? values : json;
}

static bool read_array(const json_t *json, otm_value *out)
{
    const json_t *list = values_of(json);
    if (list == json) {
        return false;
    }
    size_t count = json_array_size(list);
    otm_value *values = zeroed(count, sizeof *values);
    if (values == NULL) {
        return false;
    }
    *out = otm_value_array(values, count);
    for (size_t i = 0; i < count; i++) {
        if (!read_value(json_array_get(list, i), &values[i])) {
            free_value(out); /* what was not read yet is empty */
            *out = otm_value_empty();
            return false;
        }
    }
    return true;
}

static bool read_map(const json_t *json, otm_value *out)
{
    const json_t *list = values_of(json);
    otm_attr *items;
    size_t count;
    if (list == json || !read_key_values(list, &items, &count)) {
        return false;
    }
    *out = otm_value_map(items, count);
    return true;
}

/* One member of an AnyValue. */
static bool read_member(const char *key, const json_t *json, otm_value *out)
{
    int64_t i64;
    double f64;
    if (strcmp(key, "stringValue") == 0 && json_is_string(json)) {
        *out = otm_value_string_sized(json_string_value(json), json_string_length(json));
        return true;
    }
    if (strcmp(key, "boolValue") == 0 && json_is_boolean(json)) {
        *out = otm_value_bool(json_is_true(json));
        return true;
    }
    if (strcmp(key, "intValue") == 0 && driver_i64(json, &i64)) {
        *out = otm_value_i64(i64);
        return true;
    }
    if (strcmp(key, "doubleValue") == 0 && driver_f64(json, &f64)) {
        *out = otm_value_f64(f64);
        return true;
    }
    if (strcmp(key, "bytesValue") == 0) {
        return read_bytes(json, out);
    }
    if (strcmp(key, "arrayValue") == 0) {
        return read_array(json, out);
    }
    return strcmp(key, "kvlistValue") == 0 && read_map(json, out);
}

static bool read_value(const json_t *json, otm_value *out)
{
    *out = otm_value_empty();
    if (json == NULL || json_is_null(json)) {
        return true;
    }
    if (!json_is_object(json) || json_object_size(json) > 1) {
        return false;
    }
    void *member = json_object_iter((json_t *)json);
    return member == NULL || read_member(json_object_iter_key(member), json_object_iter_value(member), out);
}

static void free_items(otm_attr *items, size_t count)
{
    otm_value map = otm_value_map(items, count);
    free_value(&map);
}

static bool read_key_values(const json_t *list, otm_attr **out, size_t *count)
{
    *count = json_array_size(list);
    otm_attr *items = zeroed(*count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        const json_t *element = json_array_get(list, i);
        const json_t *key = json_object_get(element, "key");
        items[i].key = key == NULL ? "" : json_string_value(key);
        items[i].key_size = json_string_length(key);
        if (!json_is_object(element) || items[i].key == NULL ||
            !read_value(json_object_get(element, "value"), &items[i].value)) {
            free_items(items, *count);
            return false;
        }
    }
    *out = items;
    return true;
}

/* A plain JSON scalar, as the shorthand has them. */
static bool read_scalar(const json_t *json, otm_value *out)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        *out = otm_value_string_sized(json_string_value(json), json_string_length(json));
        return true;
    case JSON_INTEGER:
        *out = otm_value_i64(json_integer_value(json));
        return true;
    case JSON_REAL:
        *out = otm_value_f64(json_real_value(json));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = otm_value_bool(json_is_true(json));
        return true;
    default:
        return false;
    }
}

static bool read_shorthand(const json_t *object, otm_attr **out, size_t *count)
{
    *count = json_object_size(object);
    otm_attr *items = zeroed(*count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        items[i].key = key;
        items[i].key_size = strlen(key);
        if (!read_scalar(value, &items[i].value)) {
            free(items);
            return false;
        }
        i++;
    }
    *out = items;
    return true;
}

otm_status driver_attrs_init(driver_attrs *attrs, json_t *json)
{
    *attrs = (driver_attrs){.count = 0};
    if (json == NULL || json_is_null(json)) {
        return OTM_OK;
    }
    bool read = json_is_array(json)    ? read_key_values(json, &attrs->items, &attrs->count)
                : json_is_object(json) ? read_shorthand(json, &attrs->items, &attrs->count)
                                       : false;
    if (!read) {
        *attrs = (driver_attrs){.count = 0};
        return OTM_ERR_INVALID_ARGUMENT;
    }
    attrs->json = json_incref(json);
    return OTM_OK;
}

void driver_attrs_fini(driver_attrs *attrs)
{
    if (attrs->json != NULL) {
        free_items(attrs->items, attrs->count);
        json_decref(attrs->json);
    }
    *attrs = (driver_attrs){.count = 0};
}

/* -- Context ----------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                                                                        : -1;
}

static bool read_hex(const json_t *json, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json);
    if (text == NULL || strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool driver_context(const json_t *json, otm_context *out)
{
    otm_context_init(out);
    out->trace_flags = json_is_true(json_object_get(json, "sampled")) ? OTM_TRACE_FLAG_SAMPLED : 0;
    return read_hex(json_object_get(json, "trace_id"), out->trace_id, sizeof out->trace_id) &&
           read_hex(json_object_get(json, "span_id"), out->span_id, sizeof out->span_id);
}
