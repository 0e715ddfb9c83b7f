/* Attributes: a key and a value of any kind that OpenTelemetry knows (common/README.md, "AnyValue").
 *
 * Arrays of otm_attr are the caller's memory and are only read during the call they are given to. Order does not
 * matter; of a repeated key the last value counts. Keys are non-empty; an attribute with an empty key is refused. */
#ifndef OTM_ATTRIBUTE_H
#define OTM_ATTRIBUTE_H

#include <otm/base.h>

OTM_BEGIN_DECLS

typedef enum otm_value_type {
    OTM_VALUE_EMPTY = 0, /* the empty value: meaningful, kept and exported */
    OTM_VALUE_STRING = 1,
    OTM_VALUE_BOOL = 2,
    OTM_VALUE_I64 = 3,
    OTM_VALUE_F64 = 4,
    OTM_VALUE_BYTES = 5,
    OTM_VALUE_ARRAY = 6, /* of values, of one kind or mixed */
    OTM_VALUE_MAP = 7    /* of attributes */
} otm_value_type;

struct otm_attr;

/* Pinned: 16 bytes on 64-bit machines, never grows, so that arrays of it can be indexed. */
typedef struct otm_value {
    uint32_t type; /* otm_value_type */
    uint32_t size; /* bytes of a string or byte string, elements of an array or map; otherwise 0 */
    union {
        int64_t i64;
        double f64;
        bool boolean;
        const char *string; /* UTF-8, size bytes, need not end in NUL */
        const uint8_t *bytes;
        const struct otm_value *array;
        const struct otm_attr *map;
    } as;
} otm_value;

/* Pinned like otm_value. */
typedef struct otm_attr {
    const char *key; /* UTF-8, key_size bytes, need not end in NUL */
    size_t key_size;
    otm_value value;
} otm_attr;

/* Strings longer than 4 GiB - 1 are cut there: no wire format carries them. */
#define OTM_SIZE32(size) ((size) > UINT32_MAX ? UINT32_MAX : (uint32_t)(size))

OTM_INLINE otm_value otm_value_empty(void)
{
    otm_value v;
    memset(&v, 0, sizeof v);
    return v;
}

OTM_INLINE otm_value otm_value_string_sized(const char *text, size_t size)
{
    otm_value v;
    v.type = OTM_VALUE_STRING;
    v.size = OTM_SIZE32(size);
    v.as.string = text;
    return v;
}

/* NULL counts as the empty string. */
OTM_INLINE otm_value otm_value_string(const char *text)
{
    return otm_value_string_sized(text, text == NULL ? 0 : strlen(text));
}

OTM_INLINE otm_value otm_value_bool(bool boolean)
{
    otm_value v = otm_value_empty();
    v.type = OTM_VALUE_BOOL;
    v.as.boolean = boolean;
    return v;
}

OTM_INLINE otm_value otm_value_i64(int64_t number)
{
    otm_value v;
    v.type = OTM_VALUE_I64;
    v.size = 0;
    v.as.i64 = number;
    return v;
}

OTM_INLINE otm_value otm_value_f64(double number)
{
    otm_value v;
    v.type = OTM_VALUE_F64;
    v.size = 0;
    v.as.f64 = number;
    return v;
}

OTM_INLINE otm_value otm_value_bytes(const uint8_t *bytes, size_t size)
{
    otm_value v;
    v.type = OTM_VALUE_BYTES;
    v.size = OTM_SIZE32(size);
    v.as.bytes = bytes;
    return v;
}

OTM_INLINE otm_value otm_value_array(const otm_value *values, size_t count)
{
    otm_value v;
    v.type = OTM_VALUE_ARRAY;
    v.size = OTM_SIZE32(count);
    v.as.array = values;
    return v;
}

OTM_INLINE otm_value otm_value_map(const otm_attr *attrs, size_t count)
{
    otm_value v;
    v.type = OTM_VALUE_MAP;
    v.size = OTM_SIZE32(count);
    v.as.map = attrs;
    return v;
}

/* The attribute of a NUL-terminated key and any value. */
OTM_INLINE otm_attr otm_attr_value(const char *key, otm_value value)
{
    otm_attr a;
    a.key = key;
    a.key_size = key == NULL ? 0 : strlen(key);
    a.value = value;
    return a;
}

OTM_INLINE otm_attr otm_attr_string(const char *key, const char *text)
{
    return otm_attr_value(key, otm_value_string(text));
}

OTM_INLINE otm_attr otm_attr_bool(const char *key, bool boolean)
{
    return otm_attr_value(key, otm_value_bool(boolean));
}

OTM_INLINE otm_attr otm_attr_i64(const char *key, int64_t number)
{
    return otm_attr_value(key, otm_value_i64(number));
}

OTM_INLINE otm_attr otm_attr_f64(const char *key, double number)
{
    return otm_attr_value(key, otm_value_f64(number));
}

OTM_END_DECLS

#endif
