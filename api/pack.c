#include "pack.h"

#define MAX_DEPTH 256
#define MAX_OPTIONS_SIZE 65536 /* no options struct will ever be larger: a bigger size is an uninitialised one */

void *otmi_pack_bytes(otmi_pack *pack, const void *bytes, size_t count, size_t element_size)
{
    const size_t alignment = 8; /* of every type packed here, and of the memory the pack fills */
    if (bytes == NULL || count == 0) {
        return NULL;
    }
    if (count > SIZE_MAX / 4 / element_size || pack->used > SIZE_MAX / 4) {
        pack->failed = true;
        return NULL;
    }
    size_t at = (pack->used + alignment - 1) / alignment * alignment;
    pack->used = at + count * element_size;
    return pack->base == NULL ? NULL : memcpy(pack->base + at, bytes, count * element_size);
}

char *otmi_pack_text(otmi_pack *pack, const char *text)
{
    return text == NULL ? NULL : otmi_pack_bytes(pack, text, strlen(text) + 1, 1);
}

static void pack_attrs_content(otmi_pack *pack, otm_attr *copies, const otm_attr *attrs, size_t count, unsigned depth);

/* Packs what `value` points to; `copy`, NULL while measuring, is the packed value and still has the old pointer.
 * Only the size of a value that points nowhere is mended, so that nobody reads from NULL later. */
static void pack_value_content(otmi_pack *pack, otm_value *copy, const otm_value *value, unsigned depth)
{
    otm_value ignored;
    if (copy == NULL) {
        ignored = *value;
        copy = &ignored;
    }
    if (depth > MAX_DEPTH) {
        pack->failed = true;
        return;
    }
    switch (value->type) {
    case OTM_VALUE_STRING:
    case OTM_VALUE_BYTES:
        copy->size = value->as.bytes == NULL ? 0 : value->size;
        copy->as.bytes = otmi_pack_bytes(pack, value->as.bytes, value->size, 1);
        break;
    case OTM_VALUE_ARRAY: {
        otm_value *elements = otmi_pack_bytes(pack, value->as.array, value->size, sizeof *elements);
        copy->size = value->as.array == NULL ? 0 : value->size;
        for (size_t i = 0; i < copy->size && !pack->failed; i++) {
            pack_value_content(pack, elements == NULL ? NULL : &elements[i], &value->as.array[i], depth + 1);
        }
        copy->as.array = elements;
        break;
    }
    case OTM_VALUE_MAP: {
        otm_attr *members = otmi_pack_bytes(pack, value->as.map, value->size, sizeof *members);
        copy->size = value->as.map == NULL ? 0 : value->size;
        pack_attrs_content(pack, members, value->as.map, copy->size, depth + 1);
        copy->as.map = members;
        break;
    }
    default:
        break;
    }
}

static void pack_attrs_content(otmi_pack *pack, otm_attr *copies, const otm_attr *attrs, size_t count, unsigned depth)
{
    for (size_t i = 0; i < count && !pack->failed; i++) {
        char *key = otmi_pack_bytes(pack, attrs[i].key, attrs[i].key_size, 1);
        if (copies != NULL) {
            copies[i].key = key;
            copies[i].key_size = key == NULL ? 0 : attrs[i].key_size;
        }
        pack_value_content(pack, copies == NULL ? NULL : &copies[i].value, &attrs[i].value, depth);
    }
}

const otm_attr *otmi_pack_attrs(otmi_pack *pack, const otm_attr *attrs, size_t count)
{
    otm_attr *copies = otmi_pack_bytes(pack, attrs, count, sizeof *copies);
    pack_attrs_content(pack, copies, attrs, attrs == NULL ? 0 : count, 0);
    return copies;
}

static const char *const *pack_texts(otmi_pack *pack, const char *const *texts, size_t count)
{
    const char **copies = otmi_pack_bytes(pack, texts, count, sizeof *copies);
    for (size_t i = 0; texts != NULL && i < count && !pack->failed; i++) {
        const char *copy = otmi_pack_text(pack, texts[i]);
        if (copies != NULL) {
            copies[i] = copy;
        }
    }
    return copies;
}

void otmi_pack_instrument_options(otmi_pack *pack, otm_instrument_options *copy, const otm_instrument_options *given)
{
    *copy = *given;
    copy->unit = otmi_pack_text(pack, given->unit);
    copy->description = otmi_pack_text(pack, given->description);
    copy->bucket_boundaries = otmi_pack_bytes(pack, given->bucket_boundaries, given->bucket_boundary_count,
                                              sizeof *given->bucket_boundaries);
    copy->attribute_keys = pack_texts(pack, given->attribute_keys, given->attribute_key_count);
}

otm_status otmi_api_options_read(void *known, size_t known_size, const void *given)
{
    memset(known, 0, known_size);
    memcpy(known, &known_size, sizeof known_size);
    if (given == NULL) {
        return OTM_OK;
    }
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size || size > MAX_OPTIONS_SIZE) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = known_size; i < size; i++) {
        if (((const unsigned char *)given)[i] != 0) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    memcpy(known, given, size < known_size ? size : known_size);
    memcpy(known, &known_size, sizeof known_size);
    return OTM_OK;
}

static bool bytes_same(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool value_same(const otm_value *a, const otm_value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case OTM_VALUE_STRING:
    case OTM_VALUE_BYTES:
        return bytes_same(a->as.bytes, a->size, b->as.bytes, b->size);
    case OTM_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case OTM_VALUE_I64:
    case OTM_VALUE_F64:
        return a->as.i64 == b->as.i64; /* doubles by their bits, so that a NaN is equal to itself */
    case OTM_VALUE_ARRAY:
        for (size_t i = 0; i < a->size && i < b->size; i++) {
            if (!value_same(&a->as.array[i], &b->as.array[i])) {
                return false;
            }
        }
        return a->size == b->size;
    case OTM_VALUE_MAP:
        return otmi_attrs_same(a->as.map, a->size, b->as.map, b->size);
    default:
        return true;
    }
}

static const otm_attr *find_last(const otm_attr *attrs, size_t count, const otm_attr *like)
{
    while (count > 0) {
        const otm_attr *attr = &attrs[--count];
        if (bytes_same(attr->key, attr->key_size, like->key, like->key_size)) {
            return attr;
        }
    }
    return NULL;
}

/* Whether each key of a has the same value in b. */
static bool covers(const otm_attr *b, size_t b_count, const otm_attr *a, size_t a_count)
{
    for (size_t i = 0; i < a_count; i++) {
        const otm_attr *last = find_last(a, a_count, &a[i]);
        const otm_attr *other = find_last(b, b_count, &a[i]);
        if (last == &a[i] && (other == NULL || !value_same(&last->value, &other->value))) {
            return false;
        }
    }
    return true;
}

bool otmi_attrs_same(const otm_attr *a, size_t a_count, const otm_attr *b, size_t b_count)
{
    return covers(a, a_count, b, b_count) && covers(b, b_count, a, a_count);
}
