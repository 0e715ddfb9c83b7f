/* See periodic_machine.h. */
#include "metrics/periodic_machine.h"

/* start plus one interval, saturating. */
static uint64_t one_later(const otmi_periodic_machine *m, uint64_t start_ns)
{
    return start_ns > UINT64_MAX - m->interval_ns ? UINT64_MAX : start_ns + m->interval_ns;
}

void otmi_periodic_start(otmi_periodic_machine *m, uint64_t now_ns)
{
    m->state = OTMI_PERIODIC_WAITING;
    m->next_ns = one_later(m, now_ns);
}

void otmi_periodic_stop(otmi_periodic_machine *m)
{
    m->state = OTMI_PERIODIC_STOPPED;
}

bool otmi_periodic_due(otmi_periodic_machine *m, uint64_t now_ns)
{
    if (m->state != OTMI_PERIODIC_WAITING) {
        return false;
    }
    uint64_t farthest_ns = one_later(m, now_ns);
    if (m->next_ns > farthest_ns) { /* the clock was set back, against its promise: begin a new grid */
        m->next_ns = farthest_ns;
    }
    return now_ns >= m->next_ns;
}

void otmi_periodic_collecting(otmi_periodic_machine *m)
{
    m->state = OTMI_PERIODIC_COLLECTING;
    m->next_ns = one_later(m, m->next_ns);
}

void otmi_periodic_exporting(otmi_periodic_machine *m)
{
    m->state = OTMI_PERIODIC_EXPORTING;
}

void otmi_periodic_flushing(otmi_periodic_machine *m)
{
    m->state = OTMI_PERIODIC_FLUSHING;
}

void otmi_periodic_done(otmi_periodic_machine *m, uint64_t now_ns)
{
    if (m->state == OTMI_PERIODIC_STOPPED) {
        return;
    }
    m->state = OTMI_PERIODIC_WAITING;
    if (m->next_ns < now_ns) {
        uint64_t late_ns = now_ns - m->next_ns;
        uint64_t past_grid_ns = late_ns % m->interval_ns;
        m->next_ns = past_grid_ns == 0 ? now_ns : one_later(m, now_ns - past_grid_ns);
    }
}

uint64_t otmi_periodic_wake_ns(const otmi_periodic_machine *m)
{
    return m->state == OTMI_PERIODIC_WAITING ? m->next_ns : UINT64_MAX;
}
