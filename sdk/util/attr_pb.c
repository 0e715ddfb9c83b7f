#include "util/attr_pb.h"

/* Values nest as deep as attribute sets let them, which bounds the recursion; what lies deeper is empty. */
#define MAX_DEPTH 256

enum { PAIR_KEY = 1, PAIR_VALUE = 2 };
enum {
    VALUE_STRING = 1,
    VALUE_BOOL = 2,
    VALUE_INT = 3,
    VALUE_DOUBLE = 4,
    VALUE_ARRAY = 5,
    VALUE_MAP = 6,
    VALUE_BYTES = 7
};
enum { LIST_VALUES = 1 };

static void put_attrs(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count, unsigned depth);
static void put_value(otmi_pb_writer *out, unsigned field, const otm_value *value, unsigned depth);

/* The members of a value; an empty one has none. */
static void put_content(otmi_pb_writer *out, const otm_value *value, unsigned depth)
{
    size_t start = out->size;
    switch ((otm_value_type)value->type) {
    case OTM_VALUE_STRING:
        otmi_pb_sized(out, VALUE_STRING, value->as.string, value->size);
        return;
    case OTM_VALUE_BOOL:
        otmi_pb_varint(out, VALUE_BOOL, value->as.boolean);
        return;
    case OTM_VALUE_I64:
        otmi_pb_varint(out, VALUE_INT, (uint64_t)value->as.i64);
        return;
    case OTM_VALUE_F64:
        otmi_pb_f64(out, VALUE_DOUBLE, value->as.f64);
        return;
    case OTM_VALUE_BYTES:
        otmi_pb_sized(out, VALUE_BYTES, value->as.bytes, value->size);
        return;
    case OTM_VALUE_ARRAY:
        for (size_t i = value->size; i > 0 && out->status == OTM_OK; i--) {
            put_value(out, LIST_VALUES, &value->as.array[i - 1], depth + 1);
        }
        otmi_pb_close(out, VALUE_ARRAY, start);
        return;
    case OTM_VALUE_MAP:
        put_attrs(out, LIST_VALUES, value->as.map, value->size, depth + 1);
        otmi_pb_close(out, VALUE_MAP, start);
        return;
    case OTM_VALUE_EMPTY:
        return;
    }
}

static void put_value(otmi_pb_writer *out, unsigned field, const otm_value *value, unsigned depth)
{
    size_t start = out->size;
    if (depth <= MAX_DEPTH) {
        put_content(out, value, depth);
    }
    otmi_pb_close(out, field, start);
}

static void put_attr(otmi_pb_writer *out, unsigned field, const otm_attr *attr, unsigned depth)
{
    size_t start = out->size;
    put_value(out, PAIR_VALUE, &attr->value, depth);
    otmi_pb_sized_unless_empty(out, PAIR_KEY, attr->key, attr->key_size);
    otmi_pb_close(out, field, start);
}

/* What most attributes are, with one check for room and the place kept in a register; the bytes are put_attr()'s. */
static void put_text_attr(otmi_pb_writer *out, unsigned field, const otm_attr *attr)
{
    size_t size = attr->value.size;
    if (!otmi_pb_room(out, attr->key_size + size + 4 * OTMI_PB_HEAD_BYTES)) {
        return;
    }
    uint8_t *end = otmi_pb_front(out);
    uint8_t *front = otmi_pb_sized_before(end, VALUE_STRING, attr->value.as.string, size);
    front = otmi_pb_head_before(front, PAIR_VALUE, end);
    front = otmi_pb_sized_before(front, PAIR_KEY, attr->key, attr->key_size);
    otmi_pb_set_front(out, otmi_pb_head_before(front, field, end));
}

static bool is_text(const otm_attr *attr)
{
    return attr->value.type == OTM_VALUE_STRING && attr->value.as.string != NULL && attr->key_size > 0 &&
           attr->key != NULL;
}

static void put_attrs(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count, unsigned depth)
{
    for (size_t i = count; i > 0 && out->status == OTM_OK; i--) {
        const otm_attr *attr = &attrs[i - 1];
        if (is_text(attr) && depth <= MAX_DEPTH) {
            put_text_attr(out, field, attr);
        } else {
            put_attr(out, field, attr, depth);
        }
    }
}

void otmi_pb_attrs(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count)
{
    put_attrs(out, field, attrs, count, 0);
}
