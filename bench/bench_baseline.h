/* What every figure is compared with: a plain increment. */
#ifndef OTM_BENCH_BASELINE_H
#define OTM_BENCH_BASELINE_H

#include <stdint.h>

#if defined(__clang__)
#define BENCH_OUT_OF_LINE __attribute__((noinline))
#else
#define BENCH_OUT_OF_LINE __attribute__((noipa))
#endif

/* The same loop begun at several places of a cache line, the first at its begin: what differs is layout alone. */
#define BENCH_LAYOUTS 4

/* `count` calls of a function that is not inlined and adds to a variable. */
void bench_increment(uint64_t count, unsigned layout);
void bench_increment_double(uint64_t count);
void bench_empty_loop(uint64_t count);
/* The sum of all calls of bench_increment(). */
uint64_t bench_incremented(void);

#endif
