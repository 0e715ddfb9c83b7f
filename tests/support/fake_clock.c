#include "fake_clock.h"

static uint64_t read_wall(void *context)
{
    fake_clock *clock = context;
    return __atomic_load_n(&clock->wall_ns, __ATOMIC_SEQ_CST);
}

static uint64_t read_monotonic(void *context)
{
    fake_clock *clock = context;
    return __atomic_load_n(&clock->monotonic_ns, __ATOMIC_SEQ_CST);
}

void fake_clock_init(fake_clock *clock)
{
    clock->base.context = clock;
    clock->base.wall_ns = read_wall;
    clock->base.monotonic_ns = read_monotonic;
    clock->wall_ns = FAKE_CLOCK_WALL_START_NS;
    clock->monotonic_ns = FAKE_CLOCK_MONOTONIC_START_NS;
}

void fake_clock_set_wall(fake_clock *clock, uint64_t wall_ns)
{
    __atomic_store_n(&clock->wall_ns, wall_ns, __ATOMIC_SEQ_CST);
}

void fake_clock_set_monotonic(fake_clock *clock, uint64_t monotonic_ns)
{
    __atomic_store_n(&clock->monotonic_ns, monotonic_ns, __ATOMIC_SEQ_CST);
}

void fake_clock_advance(fake_clock *clock, uint64_t ns)
{
    __atomic_fetch_add(&clock->wall_ns, ns, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&clock->monotonic_ns, ns, __ATOMIC_SEQ_CST);
}

void fake_clock_advance_ms(fake_clock *clock, uint64_t ms)
{
    fake_clock_advance(clock, ms * UINT64_C(1000000));
}
