/* Attribute sets: canonical (unique keys, last wins), copied, hashed in any order, compared in full.
 *
 * Hash and comparison take attributes as instrumented code gave them, and agree with the canonical copy: a string that
 * is no UTF-8 equals the byte string made of it, repeated keys of a nested map count once. So a set can be looked up
 * without making its canonical form first. Repeated keys on the top level are the caller's to drop; a key that is no
 * UTF-8 equals its repaired form, but does not hash as that does: then the canonical form has to be looked up. */
#ifndef OTMI_ATTR_SET_H
#define OTMI_ATTR_SET_H

#include <otm/attribute.h>
#include <otm/host.h>

#include "util/hash.h"

/* A deep copy of attributes in one block: unique keys, keys sorted, invalid UTF-8 strings turned into bytes, invalid
 * bytes of keys replaced by U+FFFD. Strings and keys end in NUL as well. */
typedef struct otmi_attr_set {
    size_t count;
    size_t block_size; /* of the whole allocation, this header included */
    uint8_t *places; /* in the block: see otmi_attr_set_place() in attr_span.h */
    uint32_t place_shift;
    uint16_t place_mask;
    otm_attr attrs[];
} otmi_attr_set;

#define OTMI_ATTR_MAX_DEPTH 256

/* Attributes with an empty key are refused: OTM_ERR_INVALID_ARGUMENT. OTM_ERR_LIMIT: values nest more than
 * OTMI_ATTR_MAX_DEPTH deep, or the set takes more than 64 MiB. OTM_ERR_NO_MEMORY. *out is NULL then. */
otm_status otmi_attr_set_create(const otm_allocator *allocator, const otm_attr *attrs, size_t count,
                                otmi_attr_set **out);
void otmi_attr_set_destroy(const otm_allocator *allocator, otmi_attr_set *set);

/* Sets of more attributes have no places. */
#define OTMI_PLACED_ATTRS 32u

/* Equal type and content; doubles by bits, maps in any order. */
bool otmi_value_equal(const otm_value *a, const otm_value *b);
bool otmi_attr_key_equal(const otm_attr *a, const otm_attr *b);

/* For any attribute. Like the calls below, which do without a call where they can. */
uint64_t otmi_attr_hash_any(const otmi_hash_key *key, const otm_attr *attr);
bool otmi_attr_equal_any(const otm_attr *a, const otm_attr *b);

/* Of two folds that the key has made unknown. They are not to be exchanged: hence its word on one side. */
static inline uint64_t otmi_attr_hash_combine(const otmi_hash_key *key, uint64_t key_fold, uint64_t value_fold)
{
    return otmi_mix(key_fold ^ key->k1, value_fold);
}

static OTMI_ALWAYS_INLINE otmi_short_bytes otmi_load_plain(const otmi_hash_key *key, const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    return size <= OTMI_SHORT_BYTES ? otmi_load_short(p, size) : otmi_load_medium(key, p, size);
}

/* The hash of a plain attribute: a string, no longer than OTMI_MEDIUM_BYTES, as is its key. False for others. Nothing
 * in it is a call. */
static OTMI_ALWAYS_INLINE bool otmi_attr_hash_plain(const otmi_hash_key *key, const otm_attr *attr, uint64_t *hash)
{
    const char *text = attr->value.as.string;
    size_t size = attr->value.size;
    if (__builtin_expect(attr->value.type != OTM_VALUE_STRING, 0) || __builtin_expect(text == NULL, 0) ||
        __builtin_expect((attr->key_size | size) > OTMI_MEDIUM_BYTES, 0)) {
        return false;
    }
    otmi_short_bytes k = otmi_load_plain(key, attr->key, attr->key_size);
    otmi_short_bytes v = otmi_load_plain(key, text, size);
    *hash = otmi_attr_hash_combine(key, otmi_hash_fold(key, k.a, k.b, attr->key_size),
                                   otmi_hash_fold(key, v.a, v.b, size));
    return true;
}

/* Hash of one attribute; a set's hash is the sum over its attributes, so that order does not matter. */
static inline uint64_t otmi_attr_hash(const otmi_hash_key *key, const otm_attr *attr)
{
    uint64_t hash;
    return otmi_attr_hash_plain(key, attr, &hash) ? hash : otmi_attr_hash_any(key, attr);
}

static inline bool otmi_attr_equal(const otm_attr *a, const otm_attr *b)
{
    bool strings = a->value.type == OTM_VALUE_STRING && b->value.type == OTM_VALUE_STRING &&
                   a->value.as.string != NULL && b->value.as.string != NULL;
    if (__builtin_expect(strings && a->key_size == b->key_size, 1) &&
        __builtin_expect(otmi_text_differ(a->key, b->key, a->key_size) == 0, 1)) {
        return a->value.size == b->value.size &&
               otmi_text_differ(a->value.as.string, b->value.as.string, a->value.size) == 0;
    }
    return otmi_attr_equal_any(a, b);
}

/* Whether an attribute is surely one of a set, which has values of its own: no string of these is NULL. Type and size
 * were often just written, each by itself: asked for at once, as a compiler does that finds the questions side by side,
 * the processor would have to wait for both. */
static OTMI_ALWAYS_INLINE bool otmi_attr_equal_surely(const otm_attr *attr, const otm_attr *of_set)
{
    if (attr->key_size != of_set->key_size || attr->value.type != of_set->value.type ||
        otmi_text_differ(attr->key, of_set->key, attr->key_size) != 0 || attr->value.size != of_set->value.size) {
        return false;
    }
    if (__builtin_expect(attr->value.type == OTM_VALUE_STRING, 1)) {
        const char *text = attr->value.as.string;
        return text != NULL && otmi_text_differ(text, of_set->value.as.string, attr->value.size) == 0;
    }
    return attr->value.as.i64 == of_set->value.as.i64; /* what lies elsewhere is the same only if it is the set's own */
}

#endif
