/* The periodic reader's own thread: waits for the next start, and runs it. */
#include "metrics/reader_periodic.h"

/* A clock of the host's may be moved by hand: how long the thread sleeps before it looks again. */
#define FOREIGN_CLOCK_WAIT_NS UINT64_C(100000000)

/* Waits on the system's clock for what the reader's clock says is left. */
static void wait_locked(otmi_periodic *p, uint64_t now_ns)
{
    uint64_t wake_ns = p->base.turn == 0 ? otmi_periodic_wake_ns(&p->machine) : UINT64_MAX;
    uint64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
    if (p->base.clock != otmi_clock_system()) {
        left_ns = otmi_min_ns(left_ns, FOREIGN_CLOCK_WAIT_NS);
    }
    (void)otmi_cond_wait_until(&p->base.changed, &p->base.mu, otmi_add_ns(otmi_monotonic_ns(), left_ns));
}

/* Returns true with the turn taken when a start is due, false when the reader is no longer open. */
static bool wait_for_start(otmi_periodic *p)
{
    otm_reader *r = &p->base;
    for (;;) {
        uint64_t now_ns = otmi_clock_now(r->clock); /* the host's function: not under the lock */
        otmi_mutex_lock(&r->mu);
        bool open = otmi_reader_phase_of(r) == OTMI_READER_OPEN;
        bool start = open && r->turn == 0 && otmi_periodic_due(&p->machine, now_ns);
        if (start) {
            r->turn = otmi_thread_id();
        } else if (open) {
            wait_locked(p, now_ns);
        }
        otmi_mutex_unlock(&r->mu);
        if (start || !open) {
            return start;
        }
    }
}

static void *thread_main(void *argument)
{
    otmi_periodic *p = argument;
    otmi_mutex_lock(&p->base.mu);
    p->thread_id = otmi_thread_id();
    otmi_mutex_unlock(&p->base.mu);
    while (wait_for_start(p)) {
        otmi_periodic_cycle(p);
        otmi_reader_give_turn(&p->base);
    }
    otmi_mutex_lock(&p->base.mu);
    p->thread_ended = true;
    otmi_cond_broadcast(&p->base.changed);
    otmi_mutex_unlock(&p->base.mu);
    otmi_reader_disown(&p->base);
    return NULL;
}

otm_status otmi_periodic_thread_start(otmi_periodic *p)
{
    atomic_fetch_add_explicit(&p->base.owners, 1, memory_order_relaxed); /* the thread's own */
    otmi_mutex_lock(&p->base.mu); /* the thread may end before it is known to have begun */
    otm_status st = otmi_thread_start(&p->thread, "otm-periodic", thread_main, p);
    p->has_thread = st == OTM_OK;
    otmi_mutex_unlock(&p->base.mu);
    if (st != OTM_OK) {
        otmi_reader_disown(&p->base);
    }
    return st;
}

/* Its turn may go on for long; without one it has only its end before it. */
static bool at_work_locked(const otmi_periodic *p)
{
    return p->thread_id != 0 && p->base.turn == p->thread_id;
}

/* Takes the thread out of the reader if it ended in time. */
static bool wait_for_end_locked(otmi_periodic *p, uint64_t system_ns, pthread_t *ended)
{
    bool in_time = true;
    while (p->has_thread && !p->thread_ended && in_time) {
        in_time = otmi_cond_wait_until(&p->base.changed, &p->base.mu, system_ns);
    }
    bool take = p->has_thread && p->thread_ended;
    if (take) {
        *ended = p->thread;
        p->has_thread = false;
    }
    return take;
}

static void join_ended(bool has_ended, pthread_t thread)
{
    if (has_ended) {
        pthread_join(thread, NULL); /* it has only its last instructions before it */
    }
}

otm_status otmi_periodic_thread_wait(otmi_periodic *p, uint64_t system_ns)
{
    pthread_t thread = {0};
    otmi_mutex_lock(&p->base.mu);
    bool has_ended = wait_for_end_locked(p, system_ns, &thread);
    bool at_work = p->has_thread && at_work_locked(p);
    otmi_mutex_unlock(&p->base.mu);
    join_ended(has_ended, thread);
    return at_work ? OTM_ERR_TIMEOUT : OTM_OK;
}

/* How long the last release waits, so that memory of the host's allocator is not in use any more when it returns. An
 * idle thread needs microseconds, and this long only on a machine so busy that it does not get to run. One at work was
 * told to stop; what does not by then keeps its memory until it does. */
#define IDLE_GRACE_NS UINT64_C(1000000000)
#define WORK_GRACE_NS UINT64_C(100000000)

void otmi_periodic_thread_part(otmi_periodic *p)
{
    pthread_t thread = {0};
    otmi_mutex_lock(&p->base.mu);
    bool self = p->thread_id == otmi_thread_id();
    uint64_t grace_ns = self ? 0 : at_work_locked(p) ? WORK_GRACE_NS : IDLE_GRACE_NS;
    bool has_ended = wait_for_end_locked(p, otmi_add_ns(otmi_monotonic_ns(), grace_ns), &thread);
    bool left = p->has_thread;
    p->has_thread = false;
    if (left) {
        pthread_detach(p->thread);
    }
    otmi_mutex_unlock(&p->base.mu);
    join_ended(has_ended, thread);
}
