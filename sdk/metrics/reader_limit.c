/* See reader_limit.h. */
#include "metrics/reader_limit.h"

#include "platform/platform.h"

uint64_t otmi_clock_now(const otm_clock *clock)
{
    return clock->monotonic_ns(clock->context);
}

uint64_t otmi_add_ns(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > UINT64_MAX - b_ns ? UINT64_MAX : a_ns + b_ns;
}

uint64_t otmi_min_ns(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

otmi_limit otmi_limit_after(const otm_clock *clock, uint64_t span_ns)
{
    return (otmi_limit){.clock = clock,
                        .clock_ns = otmi_add_ns(otmi_clock_now(clock), span_ns),
                        .system_ns = otmi_add_ns(otmi_monotonic_ns(), span_ns)};
}

otmi_limit otmi_limit_at_system(const otm_clock *clock, uint64_t system_ns)
{
    otmi_limit limit = {.clock = clock, .clock_ns = system_ns, .system_ns = system_ns};
    if (clock != otmi_clock_system() && system_ns != UINT64_MAX) {
        uint64_t now = otmi_monotonic_ns();
        uint64_t left = system_ns > now ? system_ns - now : 0;
        limit.clock_ns = otmi_add_ns(otmi_clock_now(clock), left);
    }
    return limit;
}

otmi_limit otmi_limit_on(const otmi_limit *limit, const otm_clock *clock)
{
    return clock == limit->clock ? *limit : otmi_limit_at_system(clock, limit->system_ns);
}

otmi_limit otmi_limit_earlier(const otmi_limit *a, const otmi_limit *b)
{
    return (otmi_limit){.clock = a->clock,
                        .clock_ns = otmi_min_ns(a->clock_ns, b->clock_ns),
                        .system_ns = otmi_min_ns(a->system_ns, b->system_ns)};
}

bool otmi_limit_passed(const otmi_limit *limit)
{
    return otmi_clock_now(limit->clock) >= limit->clock_ns || otmi_monotonic_ns() >= limit->system_ns;
}
