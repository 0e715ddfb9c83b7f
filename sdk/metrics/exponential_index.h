/* The bucket index of a value in a base-2 exponential histogram, exact for every double and scale -10 to 20.
 *
 * Bucket i at scale s holds 2^(i / 2^s) < |v| <= 2^((i + 1) / 2^s) (metrics/data-model.md, "Exponential Buckets").
 * The usual formula with a logarithm is off by one near bounds. Here the bounds inside one power of two are tables,
 * made once with twice the precision of a double; a comparison decides. */
#ifndef OTMI_EXPONENTIAL_INDEX_H
#define OTMI_EXPONENTIAL_INDEX_H

#include <stdint.h>
#include <string.h>

#define OTMI_EXPONENTIAL_MIN_SCALE (-10)
#define OTMI_EXPONENTIAL_MAX_SCALE 20
#define OTMI_TABLE_SCALE 10 /* up to here a look-up is all it takes */

typedef struct otmi_exponential_tables {
    /* Bound j at scale 10 inside [1, 2): 2^(j / 1024), rounded down, as the 52 bits of its fraction. A double is above
     * the true bound exactly if it is above the one rounded down. One more as a sentinel. */
    uint64_t bounds[(1 << OTMI_TABLE_SCALE) + 1];
    /* By the first 11 bits of a fraction: how many bounds lie below all fractions that begin so. */
    uint16_t guess[1 << 11];
} otmi_exponential_tables;

/* Made at the first call; race-free. Call once before indexes are taken. */
const otmi_exponential_tables *otmi_exponential_tables_get(void);

/* Scales above 10. `coarse` is the index at scale 10. */
int32_t otmi_exponential_index_fine(uint64_t fraction, int32_t coarse, int32_t scale);

/* The index at scale 10 of a positive normal number, by its bits. */
static inline int32_t otmi_exponential_coarse(const otmi_exponential_tables *tables, uint64_t bits)
{
    /* Upper bounds are inclusive: with one less, "above the bound" is "at least the bound", and a power of two falls to
     * the bucket below by itself. */
    uint64_t less = bits - 1;
    uint64_t fraction = less & ((UINT64_C(1) << 52) - 1);
    int32_t below = tables->guess[fraction >> 41];
    /* At most one bound lies between two neighbours of the guess table. */
    below += fraction >= tables->bounds[below + 1];
    return ((int32_t)(less >> 52) - 1023) * (1 << OTMI_TABLE_SCALE) + below;
}

/* `value` is finite and not 0; its sign does not matter. */
static inline int32_t otmi_exponential_index(const otmi_exponential_tables *tables, double value, int32_t scale)
{
    uint64_t bits;
    int32_t shift = 0;
    memcpy(&bits, &value, sizeof bits);
    bits &= UINT64_MAX >> 1;
    if (__builtin_expect(bits < UINT64_C(1) << 52, 0)) {
        shift = __builtin_clzll(bits) - 11; /* a subnormal: as if it had its leading bit where others have it */
        bits <<= shift;
    }
    int32_t coarse = otmi_exponential_coarse(tables, bits) - shift * (1 << OTMI_TABLE_SCALE);
    if (__builtin_expect(scale > OTMI_TABLE_SCALE, 0)) {
        return otmi_exponential_index_fine(bits & ((UINT64_C(1) << 52) - 1), coarse, scale);
    }
    return coarse >> (OTMI_TABLE_SCALE - scale);
}

#endif
