#include <time.h>

#include "platform/platform.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0) {
        return 0; /* both clocks exist on every system we run on */
    }
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t otmi_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t otmi_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t system_wall_ns(void *context)
{
    (void)context;
    return otmi_wall_ns();
}

static uint64_t system_monotonic_ns(void *context)
{
    (void)context;
    return otmi_monotonic_ns();
}

static const otm_clock system_clock = {NULL, system_wall_ns, system_monotonic_ns};

const otm_clock *otmi_clock_system(void)
{
    return &system_clock;
}

const otm_clock *otmi_clock_or_system(const otm_clock *clock)
{
    return clock != NULL ? clock : &system_clock;
}

uint64_t otmi_deadline_ns(uint64_t now_ns, int64_t timeout_ms, int64_t default_ms)
{
    int64_t ms = timeout_ms == 0 ? default_ms : timeout_ms;
    uint64_t span_ns;
    uint64_t deadline_ns;
    if (ms < 0 || __builtin_mul_overflow((uint64_t)ms, NS_PER_MS, &span_ns) ||
        __builtin_add_overflow(now_ns, span_ns, &deadline_ns)) {
        return UINT64_MAX;
    }
    return deadline_ns;
}
