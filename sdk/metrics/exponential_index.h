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

/* `value` is finite and not 0; its sign does not matter. */
static inline int32_t otmi_exponential_index(const otmi_exponential_tables *tables, double value, int32_t scale)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= UINT64_MAX >> 1;
    int32_t exponent = (int32_t)(bits >> 52) - 1023;
    if (__builtin_expect(exponent == -1023, 0)) {
        int32_t shift = __builtin_clzll(bits) - 11; /* a subnormal: as if it had its leading bit where others have it */
        bits <<= shift;
        exponent = -1022 - shift;
    }
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int32_t below = tables->guess[fraction >> 41];
    /* At most one bound lies between two neighbours of the guess table. */
    below += fraction > tables->bounds[below + 1];
    /* Upper bounds are inclusive: a power of two belongs to the bucket below. */
    int32_t coarse = exponent * (1 << OTMI_TABLE_SCALE) + below - (fraction == 0);
    if (__builtin_expect(scale > OTMI_TABLE_SCALE, 0)) {
        return otmi_exponential_index_fine(fraction, coarse, scale);
    }
    return coarse >> (OTMI_TABLE_SCALE - scale);
}

#endif
