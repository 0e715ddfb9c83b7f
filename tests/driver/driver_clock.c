/* The driver's time: wall time that stands still unless a line moves it, or the system's. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "driver.h"
#include "driver_values.h"

#define FIRST_NS UINT64_C(1700000000000000000)

static _Atomic uint64_t fake_now = FIRST_NS;
static _Atomic uint64_t advanced; /* by all clock lines together */
static _Atomic bool real;

static uint64_t system_ns(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t wall_ns(void *context)
{
    (void)context;
    return real ? system_ns(CLOCK_REALTIME) : fake_now;
}

/* Deadlines hang on this one, so it never stands still: a line that waits for something that does not come would wait
 * for ever. What the clock is advanced by has passed here, too. */
static uint64_t monotonic_ns(void *context)
{
    (void)context;
    return system_ns(CLOCK_MONOTONIC) + advanced;
}

void driver_clock_init(otm_clock *clock)
{
    *clock = (otm_clock){.wall_ns = wall_ns, .monotonic_ns = monotonic_ns};
}

static otm_status set_clock(const json_t *set, json_t *answer)
{
    int64_t now;
    if (json_is_string(set) && strcmp(json_string_value(set), "real") == 0) {
        real = true;
        return OTM_OK;
    }
    if (!driver_i64(set, &now) || now < 0) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "set: expected nanoseconds since 1970, or \"real\"");
    }
    real = false;
    fake_now = (uint64_t)now;
    return OTM_OK;
}

static otm_status advance_clock(const json_t *advance, json_t *answer)
{
    int64_t by;
    if (!driver_i64(advance, &by) || (by < 0 && (uint64_t)-(by + 1) >= fake_now)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "advance: expected nanoseconds");
    }
    fake_now += (uint64_t)by;
    advanced += by > 0 ? (uint64_t)by : 0;
    return OTM_OK;
}

otm_status driver_op_clock(driver *d, const json_t *request, json_t *answer)
{
    const json_t *set = json_object_get(request, "set");
    const json_t *advance = json_object_get(request, "advance");
    if ((set == NULL) == (advance == NULL)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "expected either set or advance");
    }
    otm_status st = set != NULL ? set_clock(set, answer) : advance_clock(advance, answer);
    if (st == OTM_OK) {
        char now[24];
        (void)snprintf(now, sizeof now, "%llu", (unsigned long long)d->clock.wall_ns(d->clock.context));
        (void)json_object_set_new(answer, "now", json_string(now));
    }
    return st;
}
