#include "otlp_message.h"

/* Values nest as deep as attribute sets let them, which bounds the recursion; what lies deeper is empty. */
#define MAX_DEPTH 256

typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;
typedef Opentelemetry__Proto__Common__V1__ArrayValue pb_array;
typedef Opentelemetry__Proto__Common__V1__KeyValueList pb_map;

#define COMMON(name) (&opentelemetry__proto__common__v1__##name##__descriptor)
#define VALUE_CASE(name) OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_##name

static void *allocate(otmi_pb_tree *tree, size_t size)
{
    if (tree->status != OTM_OK) {
        return NULL;
    }
    if (size > tree->bytes_left) {
        tree->status = OTM_ERR_LIMIT;
        return NULL;
    }
    tree->bytes_left -= size;
    void *piece = otmi_arena_alloc(tree->scratch, size);
    if (piece == NULL) {
        tree->status = OTM_ERR_NO_MEMORY;
    }
    return piece;
}

void *otmi_pb_message(otmi_pb_tree *tree, const ProtobufCMessageDescriptor *descriptor)
{
    void *message = allocate(tree, descriptor->sizeof_message);
    if (message != NULL) {
        protobuf_c_message_init(descriptor, message);
    }
    return message;
}

void *otmi_pb_array(otmi_pb_tree *tree, size_t count, size_t element_size)
{
    if (count > SIZE_MAX / element_size) {
        tree->status = OTM_ERR_LIMIT;
        return NULL;
    }
    return allocate(tree, count * element_size);
}

void *otmi_pb_list(otmi_pb_tree *tree, size_t count)
{
    return otmi_pb_array(tree, count, sizeof(void *));
}

static otmi_pb_attr **new_attrs(otmi_pb_tree *tree, const otm_attr *attrs, size_t count, unsigned depth,
                                size_t *out_count);
static pb_value *new_value(otmi_pb_tree *tree, const otm_value *value, unsigned depth);

static pb_array *new_array(otmi_pb_tree *tree, const otm_value *values, size_t count, unsigned depth)
{
    pb_array *array = otmi_pb_message(tree, COMMON(array_value));
    pb_value **list = otmi_pb_list(tree, count);
    if (array == NULL || list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = new_value(tree, &values[i], depth);
    }
    array->values = list;
    array->n_values = count;
    return array;
}

static pb_map *new_map(otmi_pb_tree *tree, const otm_attr *attrs, size_t count, unsigned depth)
{
    pb_map *map = otmi_pb_message(tree, COMMON(key_value_list));
    if (map != NULL) {
        map->values = new_attrs(tree, attrs, count, depth, &map->n_values);
    }
    return map;
}

static void set_value(otmi_pb_tree *tree, pb_value *message, const otm_value *value, unsigned depth)
{
    switch ((otm_value_type)value->type) {
    case OTM_VALUE_STRING:
        message->value_case = VALUE_CASE(STRING_VALUE);
        message->string_value = otmi_pb_bytes(value->as.string, value->size);
        return;
    case OTM_VALUE_BOOL:
        message->value_case = VALUE_CASE(BOOL_VALUE);
        message->bool_value = value->as.boolean;
        return;
    case OTM_VALUE_I64:
        message->value_case = VALUE_CASE(INT_VALUE);
        message->int_value = value->as.i64;
        return;
    case OTM_VALUE_F64:
        message->value_case = VALUE_CASE(DOUBLE_VALUE);
        message->double_value = value->as.f64;
        return;
    case OTM_VALUE_BYTES:
        message->value_case = VALUE_CASE(BYTES_VALUE);
        message->bytes_value = otmi_pb_bytes(value->as.bytes, value->size);
        return;
    case OTM_VALUE_ARRAY:
        message->value_case = VALUE_CASE(ARRAY_VALUE);
        message->array_value = new_array(tree, value->as.array, value->size, depth + 1);
        return;
    case OTM_VALUE_MAP:
        message->value_case = VALUE_CASE(KVLIST_VALUE);
        message->kvlist_value = new_map(tree, value->as.map, value->size, depth + 1);
        return;
    case OTM_VALUE_EMPTY:
        return; /* no member set */
    }
}

static pb_value *new_value(otmi_pb_tree *tree, const otm_value *value, unsigned depth)
{
    pb_value *message = otmi_pb_message(tree, COMMON(any_value));
    if (message != NULL && depth <= MAX_DEPTH) {
        set_value(tree, message, value, depth);
    }
    return message;
}

static otmi_pb_attr *new_attr(otmi_pb_tree *tree, const otm_attr *attr, unsigned depth)
{
    otmi_pb_attr *message = otmi_pb_message(tree, COMMON(key_value));
    if (message != NULL) {
        message->key = otmi_pb_bytes(attr->key, attr->key_size);
        message->value = new_value(tree, &attr->value, depth);
    }
    return message;
}

static otmi_pb_attr **new_attrs(otmi_pb_tree *tree, const otm_attr *attrs, size_t count, unsigned depth,
                                size_t *out_count)
{
    *out_count = 0;
    if (count == 0) {
        return NULL;
    }
    otmi_pb_attr **list = otmi_pb_list(tree, count);
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = new_attr(tree, &attrs[i], depth);
    }
    *out_count = count;
    return list;
}

otmi_pb_attr **otmi_pb_attrs(otmi_pb_tree *tree, const otm_attr *attrs, size_t count, size_t *out_count)
{
    return new_attrs(tree, attrs, count, 0, out_count);
}
