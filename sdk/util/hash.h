/* A keyed 64-bit hash for short strings and numbers. Not cryptographic; keyed with OS randomness per process.
 *
 * Folded multiplication: both halves of a string go into one 64x64->128 multiplication, whose halves are XORed. The
 * key makes the multiplicands unknown outside the process, so that colliding attribute sets cannot be prepared.
 * Strings of up to 32 bytes, most attribute keys and values, take at most four loads, inline. */
#ifndef OTMI_HASH_H
#define OTMI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct otmi_hash_key {
    uint64_t k0, k1;
} otmi_hash_key;

/* One random key for the process, made on first use. Threads: any. */
const otmi_hash_key *otmi_hash_key_process(void);

/* Folded 64x64->128 multiplication. */
static inline uint64_t otmi_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t otmi_load_u64(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint64_t otmi_load_u32(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Two words and a tag (a size, a type) to one. The tag comes in only after the key has made the words unknown: were it
 * added to one of them, strings of different sizes could be made to meet without knowing the key. */
static inline uint64_t otmi_hash_fold(const otmi_hash_key *key, uint64_t a, uint64_t b, uint64_t tag)
{
    return otmi_mix(a ^ key->k0, b ^ key->k1) + tag * UINT64_C(0xd6e8feb86659fd93);
}

/* The same, with every bit of the result depending on every bit that went in. */
static inline uint64_t otmi_hash_words(const otmi_hash_key *key, uint64_t a, uint64_t b, uint64_t tag)
{
    return otmi_mix(otmi_hash_fold(key, a, b, tag) ^ key->k1, UINT64_C(0x9e3779b97f4a7c15));
}

/* More than 32 bytes, as otmi_hash_fold_bytes(). */
uint64_t otmi_hash_fold_long(const otmi_hash_key *key, const unsigned char *bytes, size_t size);

/* A string to a word that is to be mixed further: what otmi_hash_bytes() and attribute hashes begin with. */
static inline uint64_t otmi_hash_fold_bytes(const otmi_hash_key *key, const void *bytes, size_t size)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint64_t a = 0;
    uint64_t b = 0;
    /* The loads overlap where the size lies between two powers of two: no byte loop, and every byte is in. The size,
     * as the tag, tells "a" from "aa", whose loads are alike. */
    if (size > 16) {
        if (size > 32) {
            return otmi_hash_fold_long(key, p, size);
        }
        a = otmi_mix(otmi_load_u64(p) ^ key->k0, otmi_load_u64(p + 8) ^ key->k1) ^ otmi_load_u64(p + size - 16);
        b = otmi_load_u64(p + size - 8);
    } else if (size >= 8) {
        a = otmi_load_u64(p);
        b = otmi_load_u64(p + size - 8);
    } else if (size >= 4) {
        a = otmi_load_u32(p);
        b = otmi_load_u32(p + size - 4);
    } else if (size > 0) {
        a = ((uint64_t)p[0] << 16) | ((uint64_t)p[size / 2] << 8) | p[size - 1];
    }
    return otmi_hash_fold(key, a, b, size);
}

static inline uint64_t otmi_hash_bytes(const otmi_hash_key *key, const void *bytes, size_t size)
{
    return otmi_mix(otmi_hash_fold_bytes(key, bytes, size) ^ key->k1, UINT64_C(0x9e3779b97f4a7c15));
}

/* Whether two strings of one size are equal; short ones without a call, with loads that overlap as above. */
static inline bool otmi_bytes_equal(const void *a, const void *b, size_t size)
{
    const unsigned char *p = (const unsigned char *)a;
    const unsigned char *q = (const unsigned char *)b;
    if (size > 16) {
        return memcmp(p, q, size) == 0;
    }
    if (size >= 8) {
        size_t last = size - 8;
        return ((otmi_load_u64(p) ^ otmi_load_u64(q)) | (otmi_load_u64(p + last) ^ otmi_load_u64(q + last))) == 0;
    }
    if (size >= 4) {
        size_t last = size - 4;
        return ((otmi_load_u32(p) ^ otmi_load_u32(q)) | (otmi_load_u32(p + last) ^ otmi_load_u32(q + last))) == 0;
    }
    return size == 0 || ((p[0] ^ q[0]) | (p[size / 2] ^ q[size / 2]) | (p[size - 1] ^ q[size - 1])) == 0;
}

#endif
