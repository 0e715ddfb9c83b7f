/* Compiled without alignment of loops: each begins where it says. */
#include "bench_baseline.h"

/* The code after it begins `shift` bytes behind the begin of a cache line. */
#define AT(shift) __asm__ volatile(".balign 64\n\t.skip " #shift ", 0x90" ::: "memory")

static uint64_t word;
static double double_word;

static BENCH_OUT_OF_LINE void increment(uint64_t value)
{
    word += value;
    __asm__ volatile("" ::: "memory");
}

static BENCH_OUT_OF_LINE void increment_double(double value)
{
    double_word += value;
    __asm__ volatile("" ::: "memory");
}

uint64_t bench_incremented(void)
{
    return word;
}

#define LAYOUT(shift)                                                                                                  \
    static BENCH_OUT_OF_LINE void increments_at_##shift(uint64_t count)                                                \
    {                                                                                                                  \
        AT(shift);                                                                                                     \
        do {                                                                                                           \
            increment(1);                                                                                              \
        } while (--count > 0);                                                                                         \
    }

LAYOUT(0)
LAYOUT(16)
LAYOUT(32)
LAYOUT(48)

void bench_increment(uint64_t count, unsigned layout)
{
    static void (*const layouts[BENCH_LAYOUTS])(uint64_t) = {increments_at_0, increments_at_16, increments_at_32,
                                                             increments_at_48};
    if (count > 0) {
        layouts[layout % BENCH_LAYOUTS](count);
    }
}

BENCH_OUT_OF_LINE void bench_increment_double(uint64_t count)
{
    AT(0);
    for (; count > 0; count--) {
        increment_double(1.0);
    }
}

BENCH_OUT_OF_LINE void bench_empty_loop(uint64_t count)
{
    AT(0);
    for (; count > 0; count--) {
        __asm__ volatile("" ::: "memory");
    }
}
