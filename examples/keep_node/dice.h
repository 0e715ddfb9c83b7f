/* Chance with a fixed seed. Threads: any, at the same time; a draw is one atomic addition. */
#ifndef KEEP_NODE_DICE_H
#define KEEP_NODE_DICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct dice {
    _Atomic uint64_t state;
} dice;

void dice_init(dice *d, uint64_t seed);
uint64_t dice_draw(dice *d);
bool dice_chance(dice *d, double probability);
double dice_between(dice *d, double low, double high);
unsigned dice_below(dice *d, unsigned limit);

/* Seconds between, as virtual nanoseconds. */
int64_t dice_time(dice *d, double low_s, double high_s);

/* Log-normal around a median. */
double dice_log_normal(dice *d, double median, double sigma);

#endif
