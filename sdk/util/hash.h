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

/* Odd, its bits evenly spread: a multiplication by it carries small differences into all bits above them. */
#define OTMI_HASH_SPREAD UINT64_C(0x9e3779b97f4a7c15)

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

/* On the way of every unbound recording: their callers' loops are to keep what they need in registers. */
#define OTMI_ALWAYS_INLINE inline __attribute__((always_inline))

#define OTMI_SHORT_BYTES 16u
#define OTMI_MEDIUM_BYTES 32u

/* All bytes of a string of up to OTMI_SHORT_BYTES. Of two strings of one size, both words are equal only if they are.
 * The loads overlap where the size lies between two powers of two. */
typedef struct otmi_short_bytes {
    uint64_t a, b;
} otmi_short_bytes;

/* The same of less than 8. */
static OTMI_ALWAYS_INLINE otmi_short_bytes otmi_load_shorter(const unsigned char *p, size_t size)
{
    if (__builtin_expect(size >= 4, 1)) {
        return (otmi_short_bytes){otmi_load_u32(p), otmi_load_u32(p + size - 4)};
    }
    if (size > 0) {
        return (otmi_short_bytes){(uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1], 0};
    }
    return (otmi_short_bytes){0, 0};
}

static OTMI_ALWAYS_INLINE otmi_short_bytes otmi_load_short(const unsigned char *p, size_t size)
{
    return size < 8 ? otmi_load_shorter(p, size) : (otmi_short_bytes){otmi_load_u64(p), otmi_load_u64(p + size - 8)};
}

/* Two words and a tag (a size, a type) to one, which is to be mixed further. The tag comes in only after the key has
 * made the words unknown: were it added to one of them, strings of different sizes could be made to meet without
 * knowing the key. */
static inline uint64_t otmi_hash_fold(const otmi_hash_key *key, uint64_t a, uint64_t b, uint64_t tag)
{
    return otmi_mix(a ^ key->k0, b ^ key->k1) + tag;
}

/* The same, with every bit of the result depending on every bit that went in. */
static inline uint64_t otmi_hash_words(const otmi_hash_key *key, uint64_t a, uint64_t b, uint64_t tag)
{
    return otmi_mix(otmi_hash_fold(key, a, b, tag) ^ key->k1, OTMI_HASH_SPREAD);
}

/* A string of more than OTMI_SHORT_BYTES to two words. */
otmi_short_bytes otmi_load_longer(const otmi_hash_key *key, const unsigned char *bytes, size_t size);

/* The same of OTMI_SHORT_BYTES + 1 to OTMI_MEDIUM_BYTES. */
static OTMI_ALWAYS_INLINE otmi_short_bytes otmi_load_medium(const otmi_hash_key *key, const unsigned char *p,
                                                            size_t size)
{
    /* The last 16 bytes may overlap those before. */
    uint64_t first = otmi_mix(otmi_load_u64(p) ^ key->k0, otmi_load_u64(p + 8) ^ key->k1);
    return (otmi_short_bytes){first ^ otmi_load_u64(p + size - 16), otmi_load_u64(p + size - 8)};
}

/* A string to a word that is to be mixed further: what otmi_hash_bytes() and attribute hashes begin with. The size, as
 * the tag, tells "a" from "aa", whose loads are alike. */
static OTMI_ALWAYS_INLINE uint64_t otmi_hash_fold_bytes(const otmi_hash_key *key, const void *bytes, size_t size)
{
    const unsigned char *p = (const unsigned char *)bytes;
    otmi_short_bytes words = size <= OTMI_SHORT_BYTES    ? otmi_load_short(p, size)
                             : size <= OTMI_MEDIUM_BYTES ? otmi_load_medium(key, p, size)
                                                         : otmi_load_longer(key, p, size);
    return otmi_hash_fold(key, words.a, words.b, size);
}

static inline uint64_t otmi_hash_bytes(const otmi_hash_key *key, const void *bytes, size_t size)
{
    return otmi_mix(otmi_hash_fold_bytes(key, bytes, size) ^ key->k1, OTMI_HASH_SPREAD);
}

static inline uint64_t otmi_differ_u64(const unsigned char *p, const unsigned char *q)
{
    return otmi_load_u64(p) ^ otmi_load_u64(q);
}

/* 0 if two texts of one size are equal. */
static OTMI_ALWAYS_INLINE uint64_t otmi_text_differ(const void *a, const void *b, size_t size)
{
    const unsigned char *p = (const unsigned char *)a;
    const unsigned char *q = (const unsigned char *)b;
    if (size < 8) {
        otmi_short_bytes mine = otmi_load_shorter(p, size);
        otmi_short_bytes theirs = otmi_load_shorter(q, size);
        return (mine.a ^ theirs.a) | (mine.b ^ theirs.b);
    }
    uint64_t differ = otmi_differ_u64(p, q) | otmi_differ_u64(p + size - 8, q + size - 8);
    if (size > OTMI_SHORT_BYTES) {
        if (__builtin_expect(size > OTMI_MEDIUM_BYTES, 0)) {
            return (uint64_t)(memcmp(a, b, size) != 0);
        }
        differ |= otmi_differ_u64(p + 8, q + 8) | otmi_differ_u64(p + size - 16, q + size - 16);
    }
    return differ;
}

#endif
