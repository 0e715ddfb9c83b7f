#include "metrics/attr_set.h"

#include "util/alloc.h"
#include "util/utf8.h"

#define MAX_BLOCK_BYTES ((size_t)64 << 20)

/* NULL with a size is the caller's mistake; it counts as empty. */
static size_t text_size(const otm_value *value)
{
    return value->as.string != NULL ? value->size : 0;
}

static size_t element_count(const otm_value *value)
{
    return value->as.array != NULL ? value->size : 0;
}

/* -- Keys that are not UTF-8 ------------------------------------------------------------------------------------- */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

typedef struct character {
    const char *bytes; /* in the key, or `replacement` */
    size_t size;
    size_t taken; /* bytes of the key it stands for */
} character;

/* The character at key[at], at < size, repaired if need be. */
static character repaired_character(const char *key, size_t size, size_t at)
{
    size_t length = otmi_utf8_character(key + at, size - at);
    if (length == 0) {
        return (character){replacement, sizeof replacement - 1, 1};
    }
    return (character){key + at, length, length};
}

static size_t repaired_size(const char *key, size_t size)
{
    if (otmi_utf8_valid(key, size)) {
        return size;
    }
    size_t total = 0;
    for (size_t at = 0; at < size;) {
        character c = repaired_character(key, size, at);
        total += c.size;
        at += c.taken;
    }
    return total;
}

static void copy_repaired(char *out, const char *key, size_t size)
{
    for (size_t at = 0; at < size;) {
        character c = repaired_character(key, size, at);
        memcpy(out, c.bytes, c.size);
        out += c.size;
        at += c.taken;
    }
}

static bool repaired_equal(const otm_attr *a, const otm_attr *b)
{
    size_t at_a = 0;
    size_t at_b = 0;
    while (at_a < a->key_size && at_b < b->key_size) {
        character ca = repaired_character(a->key, a->key_size, at_a);
        character cb = repaired_character(b->key, b->key_size, at_b);
        if (ca.size != cb.size || memcmp(ca.bytes, cb.bytes, ca.size) != 0) {
            return false;
        }
        at_a += ca.taken;
        at_b += cb.taken;
    }
    return at_a == a->key_size && at_b == b->key_size;
}

/* -- Hash -------------------------------------------------------------------------------------------------------- */

static uint64_t hash_value(const otmi_hash_key *key, const otm_value *value, unsigned depth);

/* Of a repeated key the last counts; what stands before it is shadowed. Quadratic, but maps as attribute values are
 * rare and small, and this needs no memory on the recording path. */
static bool is_shadowed(const otm_attr *attrs, size_t count, size_t index)
{
    for (size_t i = index + 1; i < count; i++) {
        if (otmi_attr_key_equal(&attrs[i], &attrs[index])) {
            return true;
        }
    }
    return false;
}

static uint64_t hash_map(const otmi_hash_key *key, const otm_value *value, unsigned depth)
{
    size_t count = element_count(value);
    uint64_t sum = 0;
    size_t unique = 0;
    for (size_t i = 0; i < count; i++) {
        const otm_attr *attr = &value->as.map[i];
        if (!is_shadowed(value->as.map, count, i)) {
            sum += otmi_attr_hash_combine(key, otmi_hash_fold_bytes(key, attr->key, attr->key_size),
                                          hash_value(key, &attr->value, depth));
            unique++;
        }
    }
    return otmi_hash_words(key, sum, unique, OTM_VALUE_MAP);
}

static uint64_t hash_array(const otmi_hash_key *key, const otm_value *value, unsigned depth)
{
    size_t count = element_count(value);
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        hash = otmi_hash_words(key, hash, hash_value(key, &value->as.array[i], depth), 0);
    }
    return otmi_hash_words(key, hash, count, OTM_VALUE_ARRAY);
}

static uint64_t hash_value(const otmi_hash_key *key, const otm_value *value, unsigned depth)
{
    if (depth >= OTMI_ATTR_MAX_DEPTH) {
        return 0; /* such a set can never be created: any hash will do */
    }
    switch (value->type) {
    case OTM_VALUE_STRING:
    case OTM_VALUE_BYTES: /* like strings: a string that is no UTF-8 becomes bytes */
        return otmi_hash_fold_bytes(key, value->as.bytes, text_size(value));
    case OTM_VALUE_BOOL:
        return otmi_hash_words(key, value->as.boolean ? 1 : 0, 0, OTM_VALUE_BOOL);
    case OTM_VALUE_I64:
    case OTM_VALUE_F64: /* by its bits */
        return otmi_hash_words(key, (uint64_t)value->as.i64, 0, value->type);
    case OTM_VALUE_ARRAY:
        return hash_array(key, value, depth + 1);
    case OTM_VALUE_MAP:
        return hash_map(key, value, depth + 1);
    default:
        return otmi_hash_words(key, 0, 0, value->type);
    }
}

uint64_t otmi_attr_hash_any(const otmi_hash_key *key, const otm_attr *attr)
{
    return otmi_attr_hash_combine(key, otmi_hash_fold_bytes(key, attr->key, attr->key_size),
                                  hash_value(key, &attr->value, 0));
}

/* -- Equality ---------------------------------------------------------------------------------------------------- */

/* No byte loop: this is on the way of recordings. */
static inline bool is_ascii(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    uint64_t all = 0;
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            all |= otmi_load_u64(p + i);
        }
        all |= otmi_load_u64(p + size - 8); /* may overlap the word before */
    } else if (size >= 4) {
        all = otmi_load_u32(p) | otmi_load_u32(p + size - 4);
    } else if (size > 0) {
        all = (uint64_t)(p[0] | p[size / 2] | p[size - 1]);
    }
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

bool otmi_attr_key_equal(const otm_attr *a, const otm_attr *b)
{
    if (a->key_size == b->key_size && (a->key_size == 0 || memcmp(a->key, b->key, a->key_size) == 0)) {
        return true;
    }
    /* Repaired forms can only be equal where one key is not UTF-8, hence not ASCII, and then neither is the other. */
    if (is_ascii(a->key, a->key_size) || is_ascii(b->key, b->key_size)) {
        return false;
    }
    return repaired_equal(a, b);
}

static bool value_equal(const otm_value *a, const otm_value *b, unsigned depth);

static bool array_equal(const otm_value *a, const otm_value *b, unsigned depth)
{
    size_t count = element_count(a);
    if (count != element_count(b)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!value_equal(&a->as.array[i], &b->as.array[i], depth)) {
            return false;
        }
    }
    return true;
}

/* The last attribute with the key of `attr`, which is the one that counts. */
static const otm_attr *find_key(const otm_value *map, const otm_attr *attr)
{
    for (size_t i = element_count(map); i > 0; i--) {
        if (otmi_attr_key_equal(&map->as.map[i - 1], attr)) {
            return &map->as.map[i - 1];
        }
    }
    return NULL;
}

static size_t unique_count(const otm_value *map)
{
    size_t unique = 0;
    size_t count = element_count(map);
    for (size_t i = 0; i < count; i++) {
        unique += is_shadowed(map->as.map, count, i) ? 0 : 1;
    }
    return unique;
}

static bool map_equal(const otm_value *a, const otm_value *b, unsigned depth)
{
    size_t count = element_count(a);
    for (size_t i = 0; i < count; i++) {
        const otm_attr *mine = &a->as.map[i];
        if (is_shadowed(a->as.map, count, i)) {
            continue;
        }
        const otm_attr *theirs = find_key(b, mine);
        if (theirs == NULL || !value_equal(&mine->value, &theirs->value, depth)) {
            return false;
        }
    }
    return unique_count(a) == unique_count(b);
}

static bool bytes_equal(const otm_value *a, const otm_value *b)
{
    size_t size = text_size(a);
    return size == text_size(b) && (size == 0 || memcmp(a->as.bytes, b->as.bytes, size) == 0);
}

/* A string that is no UTF-8, and the bytes it becomes in a canonical set. */
static bool string_equals_bytes(const otm_value *string, const otm_value *bytes)
{
    return string->type == OTM_VALUE_STRING && bytes->type == OTM_VALUE_BYTES && bytes_equal(string, bytes) &&
           !otmi_utf8_valid(string->as.string, text_size(string));
}

static bool value_equal(const otm_value *a, const otm_value *b, unsigned depth)
{
    if (a->type != b->type) {
        return string_equals_bytes(a, b) || string_equals_bytes(b, a);
    }
    if (depth >= OTMI_ATTR_MAX_DEPTH) {
        return false;
    }
    switch (a->type) {
    case OTM_VALUE_STRING:
    case OTM_VALUE_BYTES:
        return bytes_equal(a, b);
    case OTM_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case OTM_VALUE_I64:
    case OTM_VALUE_F64: /* by its bits: a NaN equals itself, -0 is not 0 */
        return a->as.i64 == b->as.i64;
    case OTM_VALUE_ARRAY:
        return array_equal(a, b, depth + 1);
    case OTM_VALUE_MAP:
        return map_equal(a, b, depth + 1);
    default:
        return a->type == OTM_VALUE_EMPTY;
    }
}

bool otmi_value_equal(const otm_value *a, const otm_value *b)
{
    return value_equal(a, b, 0);
}

bool otmi_attr_equal_any(const otm_attr *a, const otm_attr *b)
{
    return otmi_attr_key_equal(a, b) && value_equal(&a->value, &b->value, 0);
}

/* -- The canonical copy ------------------------------------------------------------------------------------------ */

/* The block holds the arrays first, all aligned alike, and then the texts. First both are measured, then filled. */
typedef struct extent {
    size_t array_bytes;
    size_t text_bytes;
} extent;

static otm_status measure_value(const otm_value *value, unsigned depth, extent *need);

/* OTM_ERR_LIMIT as soon as it is too much: values may share arrays, and unfold to far more than they take. */
static otm_status check_total(const extent *need)
{
    return need->array_bytes > MAX_BLOCK_BYTES || need->text_bytes > MAX_BLOCK_BYTES ? OTM_ERR_LIMIT : OTM_OK;
}

static otm_status measure_attrs(const otm_attr *attrs, size_t count, unsigned depth, extent *need)
{
    if (count > MAX_BLOCK_BYTES / sizeof *attrs) {
        return OTM_ERR_LIMIT;
    }
    need->array_bytes += count * sizeof *attrs;
    otm_status st = check_total(need);
    for (size_t i = 0; i < count && st == OTM_OK; i++) {
        if (attrs[i].key_size > MAX_BLOCK_BYTES) {
            return OTM_ERR_LIMIT;
        }
        if (attrs[i].key == NULL && attrs[i].key_size > 0) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
        need->text_bytes += repaired_size(attrs[i].key, attrs[i].key_size) + 1;
        st = measure_value(&attrs[i].value, depth, need);
    }
    return st;
}

static otm_status measure_array(const otm_value *value, unsigned depth, extent *need)
{
    size_t count = element_count(value);
    if (count > MAX_BLOCK_BYTES / sizeof *value) {
        return OTM_ERR_LIMIT;
    }
    need->array_bytes += count * sizeof *value;
    otm_status st = check_total(need);
    for (size_t i = 0; i < count && st == OTM_OK; i++) {
        st = measure_value(&value->as.array[i], depth, need);
    }
    return st;
}

static otm_status measure_value(const otm_value *value, unsigned depth, extent *need)
{
    if (depth >= OTMI_ATTR_MAX_DEPTH) {
        return OTM_ERR_LIMIT;
    }
    switch (value->type) {
    case OTM_VALUE_EMPTY:
    case OTM_VALUE_BOOL:
    case OTM_VALUE_I64:
    case OTM_VALUE_F64:
        return OTM_OK;
    case OTM_VALUE_STRING:
    case OTM_VALUE_BYTES:
        need->text_bytes += text_size(value) + 1;
        return check_total(need);
    case OTM_VALUE_ARRAY:
        return measure_array(value, depth + 1, need);
    case OTM_VALUE_MAP:
        return measure_attrs(value->as.map, element_count(value), depth + 1, need);
    default:
        return OTM_ERR_INVALID_ARGUMENT;
    }
}

/* Where the next array and the next text go. */
typedef struct cursor {
    char *array;
    char *text;
} cursor;

static const char *put_text(cursor *at, const char *text, size_t size)
{
    char *copy = at->text;
    if (size > 0) {
        memcpy(copy, text, size);
    }
    copy[size] = '\0';
    at->text += size + 1;
    return copy;
}

static otm_value put_value(cursor *at, const otm_value *value);

/* Keys, then the place in the array given: put_key() hands out rising addresses, which tells the order of repeats. */
static bool stands_before(const otm_attr *a, const otm_attr *b)
{
    size_t common = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, common);
    if (order != 0) {
        return order < 0;
    }
    if (a->key_size != b->key_size) {
        return a->key_size < b->key_size;
    }
    return a->key < b->key;
}

/* Moves attrs[root] down to where it belongs in the heap. */
static void sift_down(otm_attr *attrs, size_t root, size_t count)
{
    otm_attr moving = attrs[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && stands_before(&attrs[child], &attrs[child + 1])) {
            child++;
        }
        if (!stands_before(&moving, &attrs[child])) {
            break;
        }
        attrs[root] = attrs[child];
        root = child;
    }
    attrs[root] = moving;
}

/* Heapsort: in place, and never quadratic. qsort() may call malloc(), which is not the allocator we were given. */
static void sort_attrs(otm_attr *attrs, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(attrs, i - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        otm_attr last = attrs[0];
        attrs[0] = attrs[end - 1];
        attrs[end - 1] = last;
        sift_down(attrs, 0, end - 1);
    }
}

/* Keeps the last of each run of equal keys. Returns how many are left. */
static size_t drop_repeats(otm_attr *attrs, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool repeated = i + 1 < count && attrs[i].key_size == attrs[i + 1].key_size &&
                        memcmp(attrs[i].key, attrs[i + 1].key, attrs[i].key_size) == 0;
        if (!repeated) {
            attrs[kept++] = attrs[i];
        }
    }
    return kept;
}

static void put_key(cursor *at, const otm_attr *attr, otm_attr *out)
{
    out->key_size = repaired_size(attr->key, attr->key_size);
    out->key = at->text;
    copy_repaired(at->text, attr->key, attr->key_size);
    at->text[out->key_size] = '\0';
    at->text += out->key_size + 1;
}

/* Fills `out`, of `count` places, and returns how many it took. */
static size_t put_attrs(cursor *at, const otm_attr *attrs, size_t count, otm_attr *out)
{
    for (size_t i = 0; i < count; i++) {
        put_key(at, &attrs[i], &out[i]);
        out[i].value = put_value(at, &attrs[i].value);
    }
    sort_attrs(out, count);
    return drop_repeats(out, count);
}

static otm_value put_map(cursor *at, const otm_value *value)
{
    size_t count = element_count(value);
    otm_attr *out = (otm_attr *)(void *)at->array;
    at->array += count * sizeof *out;
    size_t kept = put_attrs(at, value->as.map, count, out);
    return otm_value_map(out, kept);
}

static otm_value put_array(cursor *at, const otm_value *value)
{
    size_t count = element_count(value);
    otm_value *out = (otm_value *)(void *)at->array;
    at->array += count * sizeof *out;
    for (size_t i = 0; i < count; i++) {
        out[i] = put_value(at, &value->as.array[i]);
    }
    return otm_value_array(out, count);
}

static otm_value put_value(cursor *at, const otm_value *value)
{
    size_t size;
    switch (value->type) {
    case OTM_VALUE_STRING:
        size = text_size(value);
        if (otmi_utf8_valid(value->as.string, size)) {
            return otm_value_string_sized(put_text(at, value->as.string, size), size);
        }
        return otm_value_bytes((const uint8_t *)put_text(at, value->as.string, size), size);
    case OTM_VALUE_BYTES:
        size = text_size(value);
        return otm_value_bytes((const uint8_t *)put_text(at, value->as.string, size), size);
    case OTM_VALUE_BOOL:
        return otm_value_bool(value->as.boolean);
    case OTM_VALUE_I64:
        return otm_value_i64(value->as.i64);
    case OTM_VALUE_F64:
        return otm_value_f64(value->as.f64);
    case OTM_VALUE_ARRAY:
        return put_array(at, value);
    case OTM_VALUE_MAP:
        return put_map(at, value);
    default:
        return otm_value_empty();
    }
}

static otm_status check_keys(const otm_attr *attrs, size_t count)
{
    if (attrs == NULL && count > 0) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        if (attrs[i].key == NULL || attrs[i].key_size == 0) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    return OTM_OK;
}

/* Two to four for each attribute, so that a shift under which no two meet is soon found. */
static size_t place_count(size_t count)
{
    size_t places = 1;
    while (count <= OTMI_PLACED_ATTRS && places < 2 * count) {
        places *= 2;
    }
    return places;
}

otm_status otmi_attr_set_create(const otm_allocator *allocator, const otm_attr *attrs, size_t count,
                                otmi_attr_set **out)
{
    *out = NULL;
    extent need = {0, 0};
    otm_status st = check_keys(attrs, count);
    if (st == OTM_OK) {
        st = measure_attrs(attrs, count, 0, &need);
    }
    if (st != OTM_OK) {
        return st;
    }
    size_t places = place_count(count);
    size_t size = sizeof **out + need.array_bytes + need.text_bytes + places;
    otmi_attr_set *set = otmi_alloc(allocator, size);
    if (set == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    char *arrays = (char *)set->attrs;
    cursor at = {arrays + count * sizeof *attrs, arrays + need.array_bytes};
    *set = (otmi_attr_set){
        .block_size = size, .places = (uint8_t *)set + size - places, .place_mask = (uint16_t)(places - 1)};
    memset(set->places, 0, places);
    set->count = put_attrs(&at, attrs, count, set->attrs);
    *out = set;
    return OTM_OK;
}

void otmi_attr_set_destroy(const otm_allocator *allocator, otmi_attr_set *set)
{
    if (set != NULL) {
        otmi_free(allocator, set, set->block_size);
    }
}
