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
    otm_attr attrs[];
} otmi_attr_set;

#define OTMI_ATTR_MAX_DEPTH 256

/* Attributes with an empty key are refused: OTM_ERR_INVALID_ARGUMENT. OTM_ERR_LIMIT: values nest more than
 * OTMI_ATTR_MAX_DEPTH deep, or the set takes more than 64 MiB. OTM_ERR_NO_MEMORY. *out is NULL then. */
otm_status otmi_attr_set_create(const otm_allocator *allocator, const otm_attr *attrs, size_t count,
                                otmi_attr_set **out);
void otmi_attr_set_destroy(const otm_allocator *allocator, otmi_attr_set *set);

/* Hash of one attribute; a set's hash is the sum over its attributes, so that order does not matter. */
uint64_t otmi_attr_hash(const otmi_hash_key *key, const otm_attr *attr);

/* Equal type and content; doubles by bits, maps in any order. */
bool otmi_value_equal(const otm_value *a, const otm_value *b);
bool otmi_attr_equal(const otm_attr *a, const otm_attr *b);
bool otmi_attr_key_equal(const otm_attr *a, const otm_attr *b);

#endif
