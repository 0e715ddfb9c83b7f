/* The message is written from its end to its start: a part's length stands before the part, and is known once the part
 * is written. So all goes into the buffer byte by byte in reverse, and is turned around at the end. One message of a
 * few hundred bytes is not worth a dependency on a protobuf library. */
#include "process_context_encode.h"

/* Fields of the messages ProcessContext, Resource, KeyValue, AnyValue, ArrayValue, KeyValueList and EntityRef. */
enum { CONTEXT_RESOURCE = 1 };
enum { RESOURCE_ATTRIBUTES = 1, RESOURCE_ENTITY_REFS = 3 };
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
enum { ENTITY_SCHEMA_URL = 1, ENTITY_TYPE = 2, ENTITY_ID_KEYS = 3, ENTITY_DESCRIPTION_KEYS = 4 };

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_SIZED = 2 };

/* -- The wire, backwards ----------------------------------------------------------------------------------------- */

static void put_bytes(otmi_buf *out, const void *bytes, size_t size)
{
    char *room = otmi_buf_reserve(out, size);
    if (room != NULL) {
        for (size_t i = 0; i < size; i++) {
            room[i] = ((const char *)bytes)[size - 1 - i];
        }
        out->size += size;
    }
}

static void put_varint(otmi_buf *out, uint64_t number)
{
    char bytes[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7) {
        bytes[size++] = (char)(number | 0x80);
    }
    bytes[size++] = (char)number;
    put_bytes(out, bytes, size);
}

static void put_tag(otmi_buf *out, uint32_t field, uint32_t wire)
{
    put_varint(out, field << 3 | wire);
}

/* Closes a part that was written from `start` on. */
static void put_head(otmi_buf *out, uint32_t field, size_t start)
{
    put_varint(out, out->size - start);
    put_tag(out, field, WIRE_SIZED);
}

static void put_sized(otmi_buf *out, uint32_t field, const void *bytes, size_t size)
{
    put_bytes(out, bytes, size);
    put_varint(out, size);
    put_tag(out, field, WIRE_SIZED);
}

/* -- Attributes -------------------------------------------------------------------------------------------------- */

static void put_attrs(otmi_buf *out, uint32_t field, const otm_attr *attrs, size_t count);
static void put_value(otmi_buf *out, uint32_t field, const otm_value *value);

static void put_f64(otmi_buf *out, double number)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &number, sizeof bits);
    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (char)(bits >> 8 * i);
    }
    put_bytes(out, bytes, sizeof bytes);
    put_tag(out, VALUE_DOUBLE, WIRE_FIXED64);
}

/* The members of an AnyValue; an empty value has none. Sets nest less deep than the stack would bear. */
static void put_content(otmi_buf *out, const otm_value *value)
{
    size_t start = out->size;
    switch ((otm_value_type)value->type) {
    case OTM_VALUE_EMPTY:
        return;
    case OTM_VALUE_STRING:
        put_sized(out, VALUE_STRING, value->as.string, value->size);
        return;
    case OTM_VALUE_BYTES:
        put_sized(out, VALUE_BYTES, value->as.bytes, value->size);
        return;
    case OTM_VALUE_BOOL:
        put_varint(out, value->as.boolean ? 1 : 0);
        put_tag(out, VALUE_BOOL, WIRE_VARINT);
        return;
    case OTM_VALUE_I64:
        put_varint(out, (uint64_t)value->as.i64);
        put_tag(out, VALUE_INT, WIRE_VARINT);
        return;
    case OTM_VALUE_F64:
        put_f64(out, value->as.f64);
        return;
    case OTM_VALUE_ARRAY:
        for (size_t i = value->size; i > 0; i--) {
            put_value(out, LIST_VALUES, &value->as.array[i - 1]);
        }
        put_head(out, VALUE_ARRAY, start);
        return;
    case OTM_VALUE_MAP:
        put_attrs(out, LIST_VALUES, value->as.map, value->size);
        put_head(out, VALUE_MAP, start);
        return;
    }
}

static void put_value(otmi_buf *out, uint32_t field, const otm_value *value)
{
    size_t start = out->size;
    put_content(out, value);
    put_head(out, field, start);
}

static void put_attrs(otmi_buf *out, uint32_t field, const otm_attr *attrs, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        size_t start = out->size;
        put_value(out, PAIR_VALUE, &attrs[i - 1].value);
        put_sized(out, PAIR_KEY, attrs[i - 1].key, attrs[i - 1].key_size);
        put_head(out, field, start);
    }
}

/* -- The context ------------------------------------------------------------------------------------------------- */

static void put_keys(otmi_buf *out, uint32_t field, const otm_attr *attrs, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        put_sized(out, field, attrs[i - 1].key, attrs[i - 1].key_size);
    }
}

static void put_entity(otmi_buf *out, const otm_entity *entity)
{
    size_t start = out->size;
    put_keys(out, ENTITY_DESCRIPTION_KEYS, entity->description_attributes, entity->description_attribute_count);
    put_keys(out, ENTITY_ID_KEYS, entity->id_attributes, entity->id_attribute_count);
    put_sized(out, ENTITY_TYPE, entity->type, strlen(entity->type));
    if (entity->schema_url[0] != '\0') {
        put_sized(out, ENTITY_SCHEMA_URL, entity->schema_url, strlen(entity->schema_url));
    }
    put_head(out, RESOURCE_ENTITY_REFS, start);
}

static void turn_around(otmi_buf *out)
{
    for (size_t i = 0, j = out->size; i + 1 < j; i++) {
        char byte = out->data[--j];
        out->data[j] = out->data[i];
        out->data[i] = byte;
    }
}

void otmi_process_context_encode(const otm_resource *resource, otmi_buf *out)
{
    for (size_t i = otm_resource_entity_count(resource); i > 0; i--) {
        put_entity(out, otm_resource_entity(resource, i - 1));
    }
    size_t count;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    put_attrs(out, RESOURCE_ATTRIBUTES, attrs, count);
    put_head(out, CONTEXT_RESOURCE, 0);
    turn_around(out);
}
