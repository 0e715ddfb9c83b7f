#include "metrics/exponential_index.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

/* A number as the unevaluated sum of two doubles, the second at most half a unit in the last place of the first: about
 * 106 bits. */
typedef struct twofold {
    double high;
    double low;
} twofold;

static twofold two_sum(double a, double b)
{
    double s = a + b;
    double bb = s - a;
    return (twofold){s, (a - (s - bb)) + (b - bb)};
}

static twofold two_product(double a, double b)
{
    double p = a * b;
    return (twofold){p, fma(a, b, -p)};
}

static twofold multiply(twofold a, twofold b)
{
    twofold p = two_product(a.high, b.high);
    p.low += a.high * b.low + a.low * b.high;
    return two_sum(p.high, p.low);
}

/* One Newton step from the double square root doubles its digits: r + (a - r^2) / 2r. */
static twofold square_root(twofold a)
{
    double r = sqrt(a.high);
    twofold square = two_product(r, r);
    double rest = ((a.high - square.high) - square.low) + a.low;
    return two_sum(r, rest / (2.0 * r));
}

/* 2^(i / 1024) and 2^(i / 2^20), i below 1024: any bound up to scale 20 is a product of one of each. */
static twofold coarse_powers[1 << OTMI_TABLE_SCALE];
static twofold fine_powers[1 << OTMI_TABLE_SCALE];
static otmi_exponential_tables tables;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* powers[i] = root^i from the roots of its bits, so that errors do not add up. roots[k] = root^(2^k). */
static void fill_powers(twofold *powers, const twofold *roots)
{
    for (unsigned i = 0; i < 1u << OTMI_TABLE_SCALE; i++) {
        twofold power = {1.0, 0.0};
        for (unsigned k = 0; k < OTMI_TABLE_SCALE; k++) {
            power = (i >> k & 1) != 0 ? multiply(power, roots[k]) : power;
        }
        powers[i] = power;
    }
}

static uint64_t fraction_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits & ((UINT64_C(1) << 52) - 1);
}

static void make_tables(void)
{
    twofold roots[2 * OTMI_TABLE_SCALE]; /* roots[k] = 2^(2^k / 2^20) */
    twofold root = {2.0, 0.0};
    for (int k = 2 * OTMI_TABLE_SCALE - 1; k >= 0; k--) {
        root = square_root(root);
        roots[k] = root;
    }
    fill_powers(fine_powers, roots);
    fill_powers(coarse_powers, roots + OTMI_TABLE_SCALE);
    for (int j = 0; j < 1 << OTMI_TABLE_SCALE; j++) {
        twofold bound = coarse_powers[j];
        tables.bounds[j] = fraction_of(bound.low >= 0 ? bound.high : nextafter(bound.high, 0.0));
    }
    tables.bounds[0] = 0;
    tables.bounds[1 << OTMI_TABLE_SCALE] = UINT64_MAX;
    uint16_t below = 0;
    for (uint64_t g = 0; g < 1u << 11; g++) {
        while (tables.bounds[below + 1] < g << 41) {
            below++;
        }
        tables.guess[g] = below;
    }
}

const otmi_exponential_tables *otmi_exponential_tables_get(void)
{
    pthread_once(&once, make_tables);
    return &tables;
}

/* Whether the number in [1, 2) is above bound j at scale 20. */
static bool above(double number, uint32_t j)
{
    twofold bound = multiply(coarse_powers[j >> OTMI_TABLE_SCALE], fine_powers[j & ((1 << OTMI_TABLE_SCALE) - 1)]);
    return number > bound.high || (number == bound.high && bound.low < 0);
}

int32_t otmi_exponential_index_fine(uint64_t fraction, int32_t coarse, int32_t scale)
{
    int32_t step = 1 << OTMI_TABLE_SCALE;
    if (fraction == 0) {
        return ((coarse + 1) * step - 1) >> (OTMI_EXPONENTIAL_MAX_SCALE - scale);
    }
    uint64_t unit_bits = fraction | UINT64_C(1023) << 52;
    double number;
    memcpy(&number, &unit_bits, sizeof number);
    /* Between two bounds of scale 10 the logarithm is all but a straight line: a guess that is at most one off. */
    uint32_t k = (uint32_t)(coarse & (step - 1));
    double low = coarse_powers[k].high;
    double high = k + 1 < (uint32_t)step ? coarse_powers[k + 1].high : 2.0;
    int32_t inside = (int32_t)((number - low) / (high - low) * step);
    inside = inside < 0 ? 0 : inside >= step ? step - 1 : inside;
    while (inside > 0 && !above(number, k << OTMI_TABLE_SCALE | (uint32_t)inside)) {
        inside--;
    }
    while (inside + 1 < step && above(number, (k << OTMI_TABLE_SCALE | (uint32_t)inside) + 1)) {
        inside++;
    }
    return (coarse * step + inside) >> (OTMI_EXPONENTIAL_MAX_SCALE - scale);
}
