#include "util/attr_text.h"

#include <math.h>

#include "util/base64.h"
#include "util/json_text.h"
#include "util/number_text.h"

/* Values nest as deep as attribute sets let them (256), which bounds the recursion; what lies deeper is empty. */
#define MAX_DEPTH 256

static void append_json(otmi_buf *out, const otm_value *value, unsigned depth);

static void append_f64(otmi_buf *out, double number)
{
    char text[OTMI_F64_TEXT_SIZE];
    size_t size = otmi_f64_text(number, text);
    otmi_buf_append(out, text, size);
}

static void append_json_array(otmi_buf *out, const otm_value *values, size_t count, unsigned depth)
{
    otmi_buf_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            otmi_buf_byte(out, ',');
        }
        append_json(out, &values[i], depth);
    }
    otmi_buf_byte(out, ']');
}

static void append_json_map(otmi_buf *out, const otm_attr *attrs, size_t count, unsigned depth)
{
    otmi_buf_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            otmi_buf_byte(out, ',');
        }
        otmi_json_string(out, attrs[i].key, attrs[i].key_size);
        otmi_buf_byte(out, ':');
        append_json(out, &attrs[i].value, depth);
    }
    otmi_buf_byte(out, '}');
}

/* Inside arrays and maps NaN and infinities are JSON strings, bytes are base64 strings, and empty is null. */
static void append_json(otmi_buf *out, const otm_value *value, unsigned depth)
{
    if (depth > MAX_DEPTH) {
        otmi_buf_text(out, "null");
        return;
    }
    switch (value->type) {
    case OTM_VALUE_STRING:
        otmi_json_string(out, value->as.string, value->size);
        break;
    case OTM_VALUE_F64:
        if (!isfinite(value->as.f64)) {
            otmi_buf_byte(out, '"');
            append_f64(out, value->as.f64);
            otmi_buf_byte(out, '"');
            break;
        }
        append_f64(out, value->as.f64);
        break;
    case OTM_VALUE_BYTES:
        otmi_buf_byte(out, '"');
        otmi_base64_append(out, value->as.bytes, value->size);
        otmi_buf_byte(out, '"');
        break;
    case OTM_VALUE_BOOL:
        otmi_buf_text(out, value->as.boolean ? "true" : "false");
        break;
    case OTM_VALUE_I64:
        otmi_buf_i64(out, value->as.i64);
        break;
    case OTM_VALUE_ARRAY:
        append_json_array(out, value->as.array, value->size, depth + 1);
        break;
    case OTM_VALUE_MAP:
        append_json_map(out, value->as.map, value->size, depth + 1);
        break;
    default:
        otmi_buf_text(out, "null");
        break;
    }
}

void otmi_value_text(otmi_buf *out, const otm_value *value)
{
    switch (value->type) {
    case OTM_VALUE_EMPTY:
        break;
    case OTM_VALUE_STRING:
        otmi_buf_append(out, value->as.string, value->size);
        break;
    case OTM_VALUE_BYTES:
        otmi_base64_append(out, value->as.bytes, value->size);
        break;
    case OTM_VALUE_F64:
        append_f64(out, value->as.f64);
        break;
    default:
        append_json(out, value, 0);
        break;
    }
}
