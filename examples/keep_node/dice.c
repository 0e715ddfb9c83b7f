#include "dice.h"

#include <math.h>

#include "block_clock.h"

#define STEP UINT64_C(0x9E3779B97F4A7C15) /* of the splitmix64 generator */

void dice_init(dice *d, uint64_t seed)
{
    atomic_init(&d->state, seed);
}

uint64_t dice_draw(dice *d)
{
    uint64_t z = atomic_fetch_add_explicit(&d->state, STEP, memory_order_relaxed) + STEP;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

double dice_between(dice *d, double low, double high)
{
    return low + (high - low) * (double)(dice_draw(d) >> 11) * 0x1p-53;
}

bool dice_chance(dice *d, double probability)
{
    return dice_between(d, 0, 1) < probability;
}

unsigned dice_below(dice *d, unsigned limit)
{
    return (unsigned)(dice_draw(d) % limit);
}

int64_t dice_time(dice *d, double low_s, double high_s)
{
    return SECONDS(dice_between(d, low_s, high_s));
}

double dice_log_normal(dice *d, double median, double sigma)
{
    double radius = sqrt(-2.0 * log(1.0 - dice_between(d, 0, 1)));
    double angle = 6.283185307179586 * dice_between(d, 0, 1);
    return median * exp(sigma * radius * cos(angle));
}
