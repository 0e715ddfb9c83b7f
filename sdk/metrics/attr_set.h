/* Attribute sets: canonical (unique keys, last wins), copied, hashed in any order, compared in full.
 *
 * Hash and comparison take attributes as instrumented code gave them, and agree with the canonical copy: a string that
 * is no UTF-8 equals the byte string made of it, a key that is no UTF-8 equals its repaired form, repeated keys of a
 * nested map count once. So a set can be looked up without making its canonical form first. Repeated keys on the top
 * level are the caller's to drop. */
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
    uint32_t place_mask;
    otm_attr attrs[];
} otmi_attr_set;

#define OTMI_ATTR_MAX_DEPTH 256

/* Attributes with an empty key are refused: OTM_ERR_INVALID_ARGUMENT. OTM_ERR_LIMIT: values nest more than
 * OTMI_ATTR_MAX_DEPTH deep, or the set takes more than 64 MiB. OTM_ERR_NO_MEMORY. *out is NULL then. */
otm_status otmi_attr_set_create(const otm_allocator *allocator, const otm_attr *attrs, size_t count,
                                otmi_attr_set **out);
void otmi_attr_set_destroy(const otm_allocator *allocator, otmi_attr_set *set);

/* What the hash of an attribute made of it; with a short key and a string value also its texts, so that comparing it
 * loads them from the other side only. */
typedef struct otmi_attr_print {
    uint64_t hash;
    otmi_short_bytes key;
    otmi_short_bytes value; /* if that is short as well */
    uint64_t has_texts;     /* 1: there are */
} otmi_attr_print;

/* Sets of more attributes have no places. */
#define OTMI_PLACED_ATTRS 32u

/* Equal type and content; doubles by bits, maps in any order. */
bool otmi_value_equal(const otm_value *a, const otm_value *b);
bool otmi_attr_key_equal(const otm_attr *a, const otm_attr *b);

/* What the calls below leave to others: anything but a string under a short ASCII key. */
uint64_t otmi_attr_hash_any(const otmi_hash_key *key, const otm_attr *attr);
bool otmi_attr_equal_any(const otm_attr *a, const otm_attr *b);

static inline uint64_t otmi_attr_hash_combine(const otmi_hash_key *key, uint64_t key_hash, uint64_t value_hash)
{
    return otmi_mix(key_hash ^ key->k1, value_hash ^ key->k0);
}

/* Hash of one attribute; a set's hash is the sum over its attributes, so that order does not matter. */
static inline __attribute__((always_inline)) uint64_t otmi_attr_print_make(const otmi_hash_key *key,
                                                                           const otm_attr *attr,
                                                                           otmi_attr_print *print)
{
    const otm_value *value = &attr->value;
    const unsigned char *text = (const unsigned char *)value->as.string;
    if (__builtin_expect(value->type == OTM_VALUE_STRING && text != NULL && attr->key_size <= OTMI_SHORT_BYTES, 1)) {
        otmi_short_bytes k = otmi_load_short((const unsigned char *)attr->key, attr->key_size);
        if (__builtin_expect(((k.a | k.b) & UINT64_C(0x8080808080808080)) == 0, 1)) { /* ASCII */
            otmi_short_bytes v = value->size <= OTMI_SHORT_BYTES ? otmi_load_short(text, value->size)
                                                                 : otmi_load_long(key, text, value->size);
            print->key = k;
            print->value = v;
            print->has_texts = 1;
            return print->hash = otmi_attr_hash_combine(key, otmi_hash_fold(key, k.a, k.b, attr->key_size),
                                                        otmi_hash_fold(key, v.a, v.b, value->size));
        }
    }
    print->has_texts = 0;
    return print->hash = otmi_attr_hash_any(key, attr);
}

static inline uint64_t otmi_attr_hash(const otmi_hash_key *key, const otm_attr *attr)
{
    otmi_attr_print print;
    return otmi_attr_print_make(key, attr, &print);
}

static inline bool otmi_attr_equal(const otm_attr *a, const otm_attr *b)
{
    bool strings = a->value.type == OTM_VALUE_STRING && b->value.type == OTM_VALUE_STRING &&
                   a->value.as.string != NULL && b->value.as.string != NULL;
    if (__builtin_expect(strings && a->key_size == b->key_size, 1) &&
        __builtin_expect(otmi_bytes_equal(a->key, b->key, a->key_size), 1)) {
        return a->value.size == b->value.size &&
               otmi_bytes_equal(a->value.as.string, b->value.as.string, a->value.size);
    }
    return otmi_attr_equal_any(a, b);
}

/* The same, where the print of `a` is known. */
static inline bool otmi_attr_equal_to(const otm_attr *a, const otmi_attr_print *print, const otm_attr *b)
{
    if (__builtin_expect(print->has_texts == 0 || b->value.type != OTM_VALUE_STRING, 0)) {
        return otmi_attr_equal_any(a, b);
    }
    size_t size = a->value.size;
    if (__builtin_expect(a->key_size != b->key_size || size != b->value.size, 0)) {
        return false;
    }
    const unsigned char *text = (const unsigned char *)b->value.as.string;
    bool key_differs = otmi_short_differ(print->key, otmi_load_short((const unsigned char *)b->key, b->key_size));
    if (__builtin_expect(size <= OTMI_SHORT_BYTES, 1)) {
        return !(key_differs | otmi_short_differ(print->value, otmi_load_short(text, size)));
    }
    return !key_differs && otmi_bytes_equal(a->value.as.string, text, size);
}

#endif
