/* The wrapper around an exporter's table of operations; see exporter.h. */
#include "metrics/exporter.h"

#include <stdatomic.h>

#include "platform/platform.h"
#include "util/alloc.h"
#include "util/options.h"

/* A step is asked to wait no longer than this, so that a shutdown from another thread is noticed soon. */
#define STEP_SLICE_NS UINT64_C(20000000)
/* When to step again an exporter that has no poll operation to say so. */
#define STEP_AGAIN_NS UINT64_C(10000000)
/* Pause after a step that came back early without having finished, so that nothing spins. */
#define EARLY_PAUSE_NS UINT64_C(1000000)

/* The batch that was begun and is not finished. */
typedef struct open_batch {
    bool open;
    bool abandoned;   /* to be cancelled by whoever steps it next */
    otmi_limit limit; /* on the exporter's clock */
    otm_drop_reason late; /* what a cancelled batch counts under */
    uint64_t point_count;
    otm_status *result; /* of the reader that began it; NULL once that has abandoned it */
} open_batch;

/* Two tokens, no lock across a call. `holder` is the thread that has taken the exporter: others wait for it, within
 * their time; it alone calls operations. `calling` is true while it is inside one. Only a shutdown whose time is up
 * goes by that: it acts for a holder that is busy elsewhere (in a callback), but never beside an operation. */
struct otm_exporter {
    _Atomic uint32_t references;
    otm_exporter_ops ops; /* copied; entries that the given table was too short for are NULL. Never changes */
    void *self;
    _Atomic uint64_t holder; /* changes under mu; a thread may compare it to itself without */

    otmi_mutex mu; /* guards what follows */
    otmi_cond changed;
    bool calling;
    bool attached;
    bool closing;   /* to be shut down as soon as no operation runs; no batch begins any more */
    bool shut_down; /* the operation has returned, with: */
    otm_status shutdown_status;
    uint64_t shutdown_deadline_ns;
    size_t readers;
    const otm_clock *clock; /* of the first reader; set before the first operation, then never changed */
    open_batch batch;
    otm_accounts counts; /* for exporters that do not count themselves */
    uint64_t announced; /* points that wait to be given to it; like the next, not in its own counts */
    uint64_t never_given[OTM_DROP_REASON_COUNT]; /* points that were dropped instead */
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static otm_exporter *exporter_new(const otm_exporter_ops *ops, void *self)
{
    otm_exporter *e = otmi_alloc_zeroed(otmi_allocator_default(), sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->ops = *ops;
    e->self = self;
    e->clock = otmi_clock_system();
    otm_accounts_init(&e->counts);
    atomic_init(&e->references, 1);
    if (otmi_mutex_init(&e->mu) != OTM_OK) {
        otmi_free(otmi_allocator_default(), e, sizeof *e);
        return NULL;
    }
    if (otmi_cond_init(&e->changed) != OTM_OK) {
        otmi_mutex_fini(&e->mu);
        otmi_free(otmi_allocator_default(), e, sizeof *e);
        return NULL;
    }
    return e;
}

otm_status otm_exporter_create(const otm_exporter_ops *given, void *self, otm_exporter **out)
{
    otm_exporter_ops ops;
    otmi_options_take_known(given, &ops, sizeof ops);
    otm_status st = out == NULL || ops.begin == NULL || ops.destroy == NULL ? OTM_ERR_INVALID_ARGUMENT : OTM_OK;
    otm_exporter *e = NULL;
    if (st == OTM_OK) {
        e = exporter_new(&ops, self);
        st = e != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    if (st != OTM_OK && ops.destroy != NULL) {
        ops.destroy(self);
    }
    if (out != NULL) {
        *out = e;
    }
    return st;
}

otm_exporter *otm_exporter_retain(otm_exporter *exporter)
{
    if (exporter != NULL) {
        /* Relaxed: whoever retains has a reference already, so the object is safely seen. */
        atomic_fetch_add_explicit(&exporter->references, 1, memory_order_relaxed);
    }
    return exporter;
}

void otm_exporter_release(otm_exporter *exporter)
{
    /* Release what this thread did to it; the last one acquires what all others did, before it frees. */
    if (exporter == NULL || atomic_fetch_sub_explicit(&exporter->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    exporter->ops.destroy(exporter->self);
    otmi_cond_fini(&exporter->changed);
    otmi_mutex_fini(&exporter->mu);
    otmi_free(otmi_allocator_default(), exporter, sizeof *exporter);
}

/* -- Preferences ------------------------------------------------------------------------------------------------- */

otm_temporality otmi_exporter_temporality(otm_exporter *e, otm_instrument_kind kind)
{
    return e->ops.temporality != NULL ? e->ops.temporality(e->self, kind) : OTM_CUMULATIVE;
}

void otmi_exporter_aggregation(otm_exporter *e, otm_instrument_kind kind, otm_aggregation *out)
{
    memset(out, 0, sizeof *out);
    if (e->ops.aggregation != NULL) {
        e->ops.aggregation(e->self, kind, out);
    }
}

/* -- Accounts ---------------------------------------------------------------------------------------------------- */

const char *otm_drop_reason_name(otm_drop_reason reason)
{
    static const char *const names[OTM_DROP_REASON_COUNT] = {
        [OTM_DROP_REFUSED] = "refused",     [OTM_DROP_UNREACHED] = "unreached",
        [OTM_DROP_SHUTDOWN] = "shutdown",   [OTM_DROP_TOO_LARGE] = "too_large",
        [OTM_DROP_NO_MEMORY] = "no_memory", [OTM_DROP_UNSUPPORTED] = "unsupported",
        [OTM_DROP_RESPONSE] = "response",
    };
    return (unsigned)reason < OTM_DROP_REASON_COUNT ? names[reason] : "unknown";
}

/* What a failure of begin or step means for the points. */
static otm_drop_reason drop_reason_of(otm_status status)
{
    switch (status) {
    case OTM_ERR_TIMEOUT:
        return OTM_DROP_UNREACHED;
    case OTM_ERR_SHUTDOWN:
        return OTM_DROP_SHUTDOWN;
    case OTM_ERR_LIMIT:
        return OTM_DROP_TOO_LARGE;
    case OTM_ERR_NO_MEMORY:
        return OTM_DROP_NO_MEMORY;
    case OTM_ERR_UNSUPPORTED:
        return OTM_DROP_UNSUPPORTED;
    default:
        return OTM_DROP_REFUSED;
    }
}

/* Copies what the caller's struct has room for. */
static void accounts_give(const otm_accounts *accounts, otm_accounts *out)
{
    size_t size = out->struct_size < sizeof *accounts ? out->struct_size : sizeof *accounts;
    size_t head = sizeof out->struct_size;
    if (size > head) {
        memcpy((char *)out + head, (const char *)accounts + head, size - head);
    }
}

static void collect_accounts(otm_exporter *e, otm_accounts *out)
{
    bool counts_itself = e->ops.accounts != NULL;
    if (counts_itself) {
        e->ops.accounts(e->self, out);
    }
    otmi_mutex_lock(&e->mu);
    if (!counts_itself) {
        *out = e->counts;
    }
    out->pending += e->announced;
    for (int i = 0; i < OTM_DROP_REASON_COUNT; i++) {
        out->dropped[i] += e->never_given[i];
    }
    otmi_mutex_unlock(&e->mu);
}

void otmi_exporter_announce(otm_exporter *e, uint64_t point_count)
{
    otmi_mutex_lock(&e->mu);
    e->announced += point_count;
    otmi_mutex_unlock(&e->mu);
}

void otmi_exporter_drop(otm_exporter *e, uint64_t point_count, otm_drop_reason reason)
{
    otmi_mutex_lock(&e->mu);
    e->announced -= point_count;
    e->never_given[reason] += point_count;
    otmi_mutex_unlock(&e->mu);
}

void otm_exporter_accounts(otm_exporter *exporter, otm_accounts *out)
{
    if (out == NULL) {
        return;
    }
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    if (exporter != NULL) {
        collect_accounts(exporter, &accounts);
    }
    accounts_give(&accounts, out);
}

/* -- Calls into the exporter ------------------------------------------------------------------------------------- */

/* Ends the open batch in the books. */
static void batch_close_locked(otm_exporter *e, otm_status status, otm_drop_reason reason)
{
    open_batch *batch = &e->batch;
    e->counts.pending -= batch->point_count;
    if (status == OTM_OK) {
        e->counts.exported += batch->point_count;
    } else {
        e->counts.dropped[reason] += batch->point_count;
    }
    if (batch->result != NULL) {
        *batch->result = status;
    }
    *batch = (open_batch){.open = false};
}

static void cancel_call(otm_exporter *e, otm_drop_reason reason)
{
    if (e->ops.cancel != NULL) {
        e->ops.cancel(e->self, reason);
    }
}

/* Calls cancel and shutdown, if that was asked for and no operation runs. The lock is let go during the calls. */
static void shut_down_if_due_locked(otm_exporter *e)
{
    if (!e->closing || e->shut_down || e->calling) {
        return;
    }
    bool cancel = e->batch.open;
    if (cancel) {
        batch_close_locked(e, OTM_ERR_SHUTDOWN, OTM_DROP_SHUTDOWN);
    }
    e->calling = true;
    otmi_mutex_unlock(&e->mu);
    if (cancel) {
        cancel_call(e, OTM_DROP_SHUTDOWN);
    }
    otm_status st = e->ops.shutdown != NULL ? e->ops.shutdown(e->self, e->shutdown_deadline_ns) : OTM_OK;
    otmi_mutex_lock(&e->mu);
    e->calling = false;
    e->shut_down = true;
    e->shutdown_status = st;
    otmi_cond_broadcast(&e->changed);
}

/* False if the exporter is (being) shut down: then there is nothing to call, and no batch open. */
static bool call_begin_locked(otm_exporter *e)
{
    if (!e->closing) {
        e->calling = true;
    }
    return !e->closing;
}

static void call_end_locked(otm_exporter *e)
{
    e->calling = false;
    shut_down_if_due_locked(e);
    otmi_cond_broadcast(&e->changed);
}

static void call_end(otm_exporter *e)
{
    otmi_mutex_lock(&e->mu);
    call_end_locked(e);
    otmi_mutex_unlock(&e->mu);
}

/* -- Taking ------------------------------------------------------------------------------------------------------ */

static otm_status hold_until(otm_exporter *e, uint64_t system_ns)
{
    uint64_t self = otmi_thread_id();
    if (atomic_load_explicit(&e->holder, memory_order_relaxed) == self) {
        return OTM_ERR_REENTRANT;
    }
    otmi_mutex_lock(&e->mu);
    bool in_time = true;
    while (e->holder != 0 && in_time) {
        in_time = otmi_cond_wait_until(&e->changed, &e->mu, system_ns);
    }
    bool got = e->holder == 0;
    if (got) {
        e->holder = self;
    }
    otmi_mutex_unlock(&e->mu);
    return got ? OTM_OK : OTM_ERR_TIMEOUT;
}

otm_status otmi_exporter_try_take(otm_exporter *e)
{
    otm_status st = hold_until(e, 0);
    return st == OTM_ERR_TIMEOUT ? OTM_PENDING : st;
}

otm_status otmi_exporter_take(otm_exporter *e, const otmi_limit *limit)
{
    otm_status st = hold_until(e, limit->system_ns);
    if (st != OTM_OK) {
        return st;
    }
    st = otmi_exporter_finish(e, limit);
    if (st != OTM_OK) {
        otmi_exporter_give(e);
    }
    return st;
}

void otmi_exporter_give(otm_exporter *e)
{
    otmi_mutex_lock(&e->mu);
    e->holder = 0;
    otmi_cond_broadcast(&e->changed);
    otmi_mutex_unlock(&e->mu);
}

/* -- Batches ----------------------------------------------------------------------------------------------------- */

/* Books what an operation made of the batch: still pending, or ended with `status`. */
static void batch_settle(otm_exporter *e, otm_status status, otm_drop_reason reason)
{
    otmi_mutex_lock(&e->mu);
    if (status != OTM_PENDING) {
        batch_close_locked(e, status, reason);
    }
    call_end_locked(e);
    otmi_mutex_unlock(&e->mu);
}

otm_status otmi_exporter_begin(otm_exporter *e, const otm_metrics_data *data, const otmi_limit *limit,
                               otm_drop_reason late, otm_status *result)
{
    otmi_limit own_limit = otmi_limit_on(limit, e->clock);
    otmi_mutex_lock(&e->mu);
    bool go = call_begin_locked(e);
    *result = go ? OTM_PENDING : OTM_ERR_SHUTDOWN;
    if (go) {
        e->batch = (open_batch){
            .open = true, .limit = own_limit, .late = late, .point_count = data->point_count, .result = result};
        e->announced -= data->point_count;
        e->counts.pending += data->point_count;
    }
    otmi_mutex_unlock(&e->mu);
    if (!go) {
        otmi_exporter_drop(e, data->point_count, OTM_DROP_SHUTDOWN);
        return OTM_ERR_SHUTDOWN;
    }

    otm_status st = e->ops.begin(e->self, data, own_limit.clock_ns);
    if (st == OTM_PENDING && e->ops.step == NULL) { /* a promise that nobody can keep */
        cancel_call(e, OTM_DROP_UNSUPPORTED);
        st = OTM_ERR_UNSUPPORTED;
    }
    batch_settle(e, st, drop_reason_of(st));
    return otmi_exporter_result(e, result);
}

otm_status otmi_exporter_result(otm_exporter *e, const otm_status *result)
{
    otmi_mutex_lock(&e->mu);
    otm_status st = *result;
    otmi_mutex_unlock(&e->mu);
    return st;
}

/* Marks a call to step; false if there is no batch to step. */
static bool step_begin(otm_exporter *e, open_batch *batch)
{
    otmi_mutex_lock(&e->mu);
    *batch = e->batch;
    if (batch->open) {
        e->calling = true; /* not closing: that would have ended the batch */
    }
    otmi_mutex_unlock(&e->mu);
    return batch->open;
}

/* True if a step that has just left the batch pending was its last; *late says what it is cancelled under. */
static bool batch_is_over(otm_exporter *e, otm_drop_reason *late)
{
    otmi_mutex_lock(&e->mu);
    open_batch batch = e->batch;
    otmi_mutex_unlock(&e->mu);
    *late = batch.late;
    return batch.abandoned || otmi_limit_passed(&batch.limit);
}

otm_status otmi_exporter_advance(otm_exporter *e, uint64_t until_ns)
{
    open_batch batch;
    if (!step_begin(e, &batch)) {
        return OTM_OK;
    }
    otm_status st = e->ops.step(e->self, otmi_min_ns(until_ns, batch.limit.clock_ns));
    otm_drop_reason reason = drop_reason_of(st);
    if (st == OTM_PENDING && batch_is_over(e, &reason)) {
        cancel_call(e, reason);
        st = OTM_ERR_TIMEOUT;
    }
    batch_settle(e, st, reason);
    return st == OTM_PENDING ? OTM_PENDING : OTM_OK;
}

/* An exporter whose step comes back before its time, or a clock that stands still, must not make us spin. */
static void pause_if_early(otm_exporter *e, uint64_t until_ns)
{
    if (otmi_clock_now(e->clock) < until_ns) {
        otmi_mutex_lock(&e->mu);
        (void)otmi_cond_wait_until(&e->changed, &e->mu, otmi_add_ns(otmi_monotonic_ns(), EARLY_PAUSE_NS));
        otmi_mutex_unlock(&e->mu);
    }
}

otm_status otmi_exporter_finish(otm_exporter *e, const otmi_limit *limit)
{
    otmi_limit own_limit = otmi_limit_on(limit, e->clock);
    for (;;) {
        uint64_t slice_ns = otmi_add_ns(otmi_clock_now(e->clock), STEP_SLICE_NS);
        uint64_t until_ns = otmi_min_ns(slice_ns, own_limit.clock_ns);
        if (otmi_exporter_advance(e, until_ns) != OTM_PENDING) {
            return OTM_OK;
        }
        if (otmi_limit_passed(&own_limit)) {
            return OTM_ERR_TIMEOUT;
        }
        pause_if_early(e, until_ns);
    }
}

otm_status otmi_exporter_flush(otm_exporter *e, const otmi_limit *limit)
{
    uint64_t deadline_ns = otmi_limit_on(limit, e->clock).clock_ns;
    otmi_mutex_lock(&e->mu);
    bool go = call_begin_locked(e);
    otmi_mutex_unlock(&e->mu);
    if (!go) {
        return OTM_ERR_SHUTDOWN;
    }
    otm_status st = e->ops.flush != NULL ? e->ops.flush(e->self, deadline_ns) : OTM_OK;
    call_end(e);
    return st;
}

size_t otmi_exporter_poll(otm_exporter *e, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns)
{
    open_batch batch;
    if (!step_begin(e, &batch)) {
        return 0;
    }
    *wake_ns = otmi_min_ns(*wake_ns, batch.limit.clock_ns);
    size_t count = 0;
    if (e->ops.poll != NULL) {
        count = e->ops.poll(e->self, fds, capacity, wake_ns);
    } else {
        *wake_ns = otmi_min_ns(*wake_ns, otmi_add_ns(otmi_clock_now(e->clock), STEP_AGAIN_NS));
    }
    call_end(e);
    return count;
}

void otmi_exporter_abandon(otm_exporter *e, otm_status *result, otm_drop_reason reason)
{
    otmi_mutex_lock(&e->mu);
    bool ours = e->batch.open && e->batch.result == result;
    bool free = e->holder == 0;
    if (ours && free) {
        e->holder = otmi_thread_id();
        e->calling = true;
        batch_close_locked(e, OTM_ERR_SHUTDOWN, reason);
    } else if (ours) { /* its holder cancels it, after the step it may be in */
        *result = OTM_ERR_SHUTDOWN;
        e->batch.result = NULL;
        e->batch.abandoned = true;
        e->batch.late = reason;
    }
    otmi_mutex_unlock(&e->mu);
    if (ours && free) {
        cancel_call(e, reason);
        call_end(e);
        otmi_exporter_give(e);
    }
}

/* -- Joining and leaving ----------------------------------------------------------------------------------------- */

void otmi_exporter_join(otm_exporter *e, const otm_clock *clock, const otm_diagnostics_options *diagnostics)
{
    otmi_mutex_lock(&e->mu);
    e->readers++;
    bool first = !e->attached;
    if (first) {
        e->attached = true;
        e->clock = clock;
        e->holder = otmi_thread_id(); /* the next reader's first batch waits until attach has returned */
    }
    otmi_mutex_unlock(&e->mu);
    if (!first) {
        return;
    }
    if (e->ops.attach != NULL) {
        e->ops.attach(e->self, clock, diagnostics);
    }
    otmi_exporter_give(e);
}

void otmi_exporter_quit(otm_exporter *e)
{
    otmi_mutex_lock(&e->mu);
    e->readers--;
    otmi_mutex_unlock(&e->mu);
}

static otm_status leave_early(otm_exporter *e, const otmi_limit *limit)
{
    otm_status st = otmi_exporter_take(e, limit);
    if (st == OTM_OK) {
        st = otmi_exporter_flush(e, limit);
        otmi_exporter_give(e);
    }
    return st;
}

static otm_status leave_last(otm_exporter *e, const otmi_limit *limit)
{
    uint64_t deadline_ns = otmi_limit_on(limit, e->clock).clock_ns;
    bool held = hold_until(e, limit->system_ns) == OTM_OK;
    otmi_mutex_lock(&e->mu);
    e->closing = true;
    e->shutdown_deadline_ns = deadline_ns;
    shut_down_if_due_locked(e);
    otm_status st = e->shut_down ? e->shutdown_status : OTM_ERR_TIMEOUT;
    otmi_mutex_unlock(&e->mu);
    if (held) {
        otmi_exporter_give(e);
    }
    return st;
}

otm_status otmi_exporter_leave(otm_exporter *e, const otmi_limit *limit)
{
    otmi_mutex_lock(&e->mu);
    e->readers--;
    bool last = e->readers == 0;
    otmi_mutex_unlock(&e->mu);
    return last ? leave_last(e, limit) : leave_early(e, limit);
}
