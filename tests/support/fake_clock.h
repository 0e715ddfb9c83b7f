/* A clock that stands still until the test moves it. Threads: any. */
#ifndef OTM_TEST_FAKE_CLOCK_H
#define OTM_TEST_FAKE_CLOCK_H

#include <otm/host.h>

#define FAKE_CLOCK_WALL_START_NS UINT64_C(1700000000000000000)
#define FAKE_CLOCK_MONOTONIC_START_NS UINT64_C(1000000000)

typedef struct fake_clock {
    otm_clock base; /* give &clock.base to the code under test */
    uint64_t wall_ns;
    uint64_t monotonic_ns;
} fake_clock;

void fake_clock_init(fake_clock *clock); /* at the start values above */
void fake_clock_set_wall(fake_clock *clock, uint64_t wall_ns);
void fake_clock_set_monotonic(fake_clock *clock, uint64_t monotonic_ns);
void fake_clock_advance(fake_clock *clock, uint64_t ns); /* both */
void fake_clock_advance_ms(fake_clock *clock, uint64_t ms);

#endif
