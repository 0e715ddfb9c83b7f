/* The periodic reader: collects and exports every interval, on flush, and a last time on shutdown. */
#include "metrics/reader_periodic.h"

#include "util/options.h"

#define DEFAULT_INTERVAL_MS 60000 /* metrics/sdk.md, "Periodic exporting MetricReader" */
#define DEFAULT_TIMEOUT_MS 30000
/* When a host-stepped reader looks again for what it must not wait for: an exporter or a turn that is taken. */
#define RETRY_NS UINT64_C(10000000)
#define BATCH_MAXIMUM_BYTES ((size_t)512 << 20)

/* -- Machine ----------------------------------------------------------------------------------------------------- */

static void enter_state(otmi_periodic *p, void (*transition)(otmi_periodic_machine *))
{
    otmi_mutex_lock(&p->base.mu);
    transition(&p->machine);
    otmi_mutex_unlock(&p->base.mu);
}

static void done(otmi_periodic *p)
{
    uint64_t now_ns = otmi_clock_now(p->base.clock);
    otmi_mutex_lock(&p->base.mu);
    otmi_periodic_done(&p->machine, now_ns);
    otmi_mutex_unlock(&p->base.mu);
}

/* Only the thread that has the turn changes the state, and only that one asks. */
static bool exporting(const otmi_periodic *p)
{
    return p->machine.state == OTMI_PERIODIC_EXPORTING;
}

/* -- One collection with its export ------------------------------------------------------------------------------ */

/* To the end of the last batch. The calling thread has the turn and the exporter. */
static otm_status collect_and_export(otmi_periodic *p, const otmi_limit *limit, otm_drop_reason late)
{
    otm_status st = otmi_periodic_begin(p, limit, late);
    while (st == OTM_PENDING) { /* ends with the limit, since that is the batches' own, give or take clock reading */
        st = otmi_periodic_finish(p, limit);
    }
    return st;
}

void otmi_periodic_cycle(otmi_periodic *p)
{
    otmi_limit limit = otmi_limit_after(p->base.clock, p->timeout_ns);
    enter_state(p, otmi_periodic_collecting);
    otm_status st = otmi_exporter_take(p->exporter, &limit);
    if (st == OTM_OK) {
        (void)collect_and_export(p, &limit, OTM_DROP_UNREACHED); /* reported; the next start tries with new data */
        otmi_exporter_give(p->exporter);
    } else {
        otmi_periodic_report_collection(p, st);
    }
    done(p);
}

/* What a host-stepped reader still has under way, to the end; reported, the caller answers for its own export. No batch
 * is open. OTM_ERR_TIMEOUT: the rest is left to later steps. */
static otm_status finish_left(otmi_periodic *p, const otmi_limit *limit)
{
    if (!exporting(p)) {
        return OTM_OK;
    }
    otm_status st = otmi_periodic_go_on(p);
    if (st == OTM_PENDING) {
        st = otmi_periodic_finish(p, limit);
    }
    if (st == OTM_PENDING) {
        otmi_periodic_park(p);
        return OTM_ERR_TIMEOUT;
    }
    done(p);
    return OTM_OK;
}

/* -- Flush and shutdown ------------------------------------------------------------------------------------------ */

/* The caller's time, but no more than one collection with its export may take. */
static otmi_limit work_limit(otmi_periodic *p, uint64_t deadline_ns)
{
    otmi_limit callers = otmi_limit_at_system(p->base.clock, deadline_ns);
    otmi_limit usual = otmi_limit_after(p->base.clock, p->timeout_ns);
    return otmi_limit_earlier(&callers, &usual);
}

static otm_status periodic_flush(otm_reader *r, uint64_t deadline_ns)
{
    otmi_periodic *p = otmi_periodic_of(r);
    if (!r->started) {
        return OTM_OK;
    }
    otmi_limit limit = otmi_limit_at_system(r->clock, deadline_ns);
    otm_status st = otmi_exporter_take(p->exporter, &limit); /* finishes an open batch of ours, too */
    if (st != OTM_OK) {
        return st;
    }
    st = finish_left(p, &limit);
    if (st != OTM_OK) {
        otmi_exporter_give(p->exporter);
        return st;
    }
    enter_state(p, otmi_periodic_flushing);
    otmi_limit work = work_limit(p, deadline_ns);
    st = collect_and_export(p, &work, OTM_DROP_UNREACHED);
    /* Also after a timeout (metrics/sdk.md, "ForceFlush" of the periodic reader). */
    st = otmi_first_failure(st, otmi_exporter_flush(p->exporter, &limit));
    otmi_exporter_give(p->exporter);
    done(p);
    return st;
}

static otm_status last_export(otmi_periodic *p, uint64_t deadline_ns)
{
    otmi_limit limit = work_limit(p, deadline_ns);
    if (otmi_limit_passed(&limit)) { /* a collection now could only lose what it takes */
        return OTM_ERR_TIMEOUT;
    }
    otm_status st = otmi_exporter_take(p->exporter, &limit);
    if (st != OTM_OK) {
        return st;
    }
    st = finish_left(p, &limit);
    if (st == OTM_OK) {
        st = collect_and_export(p, &limit, OTM_DROP_SHUTDOWN);
    }
    otmi_exporter_give(p->exporter);
    return st;
}

/* Without the turn a flush or the reader's thread is still at it: then their batch is cancelled, the exporter shut down
 * by them or at once, and the thread ends by itself. */
static otm_status periodic_shutdown(otm_reader *r, uint64_t deadline_ns, bool has_turn)
{
    otmi_periodic *p = otmi_periodic_of(r);
    if (!r->started) {
        return OTM_OK;
    }
    otm_status st = has_turn ? last_export(p, deadline_ns) : OTM_ERR_TIMEOUT;
    if (has_turn) {
        otmi_periodic_drop_rest(p, OTM_DROP_SHUTDOWN);
        enter_state(p, otmi_periodic_stop);
    }
    otmi_exporter_abandon(p->exporter, &p->result, OTM_DROP_SHUTDOWN);
    otmi_limit limit = otmi_limit_at_system(r->clock, deadline_ns);
    st = otmi_first_failure(st, otmi_exporter_leave(p->exporter, &limit));
    p->joined = false;
    return otmi_first_failure(st, otmi_periodic_thread_wait(p, deadline_ns));
}

/* -- Steps by the host ------------------------------------------------------------------------------------------- */

typedef struct step_waits {
    otm_poll_fd *fds;
    size_t capacity;
    size_t count;
    uint64_t wake_ns;
} step_waits;

static void wake_in(step_waits *waits, uint64_t now_ns, uint64_t span_ns)
{
    waits->wake_ns = otmi_min_ns(waits->wake_ns, otmi_add_ns(now_ns, span_ns));
}

static void wait_for_export(otmi_periodic *p, uint64_t now_ns, step_waits *waits)
{
    size_t wanted = otmi_exporter_poll(p->exporter, waits->fds, waits->capacity, &waits->wake_ns);
    waits->count = wanted < waits->capacity ? wanted : waits->capacity;
    if (wanted > waits->capacity) { /* the host cannot see all that may happen */
        wake_in(waits, now_ns, RETRY_NS);
    }
}

/* A start that is due. Ours is the exporter, with no batch open. */
static otm_status step_start(otmi_periodic *p)
{
    otmi_limit limit = otmi_limit_after(p->base.clock, p->timeout_ns);
    enter_state(p, otmi_periodic_collecting);
    otm_status st = otmi_periodic_begin(p, &limit, OTM_DROP_UNREACHED);
    if (st == OTM_PENDING) {
        enter_state(p, otmi_periodic_exporting);
        otmi_periodic_park(p);
        return OTM_OK;
    }
    done(p);
    return st;
}

static bool start_is_due(otmi_periodic *p, uint64_t now_ns)
{
    otmi_mutex_lock(&p->base.mu);
    bool due = otmi_periodic_due(&p->machine, now_ns);
    otmi_mutex_unlock(&p->base.mu);
    return due;
}

/* The open batch has ended. */
static otm_status step_on(otmi_periodic *p)
{
    otm_status st = otmi_periodic_go_on(p);
    if (st == OTM_PENDING) {
        otmi_periodic_park(p);
        return OTM_OK;
    }
    done(p);
    return st;
}

/* The calling thread has the turn and the exporter. */
static otm_status step_with_exporter(otmi_periodic *p, uint64_t now_ns, step_waits *waits)
{
    otm_status st = OTM_OK;
    if (otmi_exporter_advance(p->exporter, 0) == OTM_OK) {
        if (exporting(p)) {
            st = step_on(p);
        } else if (start_is_due(p, now_ns)) {
            st = step_start(p);
        }
    }
    if (exporting(p) || start_is_due(p, now_ns)) { /* due still: the exporter is busy with another reader's batch */
        wait_for_export(p, now_ns, waits);
    }
    return st;
}

static otm_status step_in_turn(otmi_periodic *p, step_waits *waits)
{
    otm_status st = OTM_OK;
    uint64_t now_ns = otmi_clock_now(p->base.clock);
    if (exporting(p) || start_is_due(p, now_ns)) {
        st = otmi_exporter_try_take(p->exporter);
        if (st == OTM_PENDING) {
            wake_in(waits, now_ns, RETRY_NS);
            return OTM_OK;
        }
        if (st != OTM_OK) {
            return st;
        }
        st = step_with_exporter(p, now_ns, waits);
        otmi_exporter_give(p->exporter);
    }
    waits->wake_ns = otmi_min_ns(waits->wake_ns, otmi_periodic_wake_ns(&p->machine));
    return st;
}

static otm_status step_entered(otmi_periodic *p, step_waits *waits)
{
    if (otmi_reader_take_turn(&p->base, 0) != OTM_OK) { /* a flush is at work on another thread */
        wake_in(waits, otmi_clock_now(p->base.clock), RETRY_NS);
        return OTM_OK;
    }
    otm_status st = step_in_turn(p, waits);
    otmi_reader_give_turn(&p->base);
    return st;
}

otm_status otm_periodic_reader_step(otm_reader *reader, otm_poll_fd *fds, size_t fd_capacity, size_t *fd_count,
                                    uint64_t *wake_ns)
{
    step_waits waits = {.fds = fds, .capacity = fds != NULL ? fd_capacity : 0, .wake_ns = UINT64_MAX};
    otmi_periodic *p = otmi_periodic_of(reader);
    otm_status st = OTM_ERR_INVALID_ARGUMENT;
    if (p != NULL && p->run_mode == OTM_RUN_HOST_STEPPED) {
        st = otmi_reader_enter(reader);
        if (st == OTM_OK) {
            st = step_entered(p, &waits);
            otmi_reader_unpin(reader);
        }
    }
    if (fd_count != NULL) {
        *fd_count = waits.count;
    }
    if (wake_ns != NULL) {
        *wake_ns = waits.wake_ns;
    }
    return st;
}

/* -- Creation and end -------------------------------------------------------------------------------------------- */

static otm_status periodic_start(otm_reader *r)
{
    otmi_periodic *p = otmi_periodic_of(r);
    otmi_pipeline *pipeline = otmi_reader_pin(r);
    otm_status st = OTM_OK;
    if (pipeline != NULL) {
        otmi_exporter_join(p->exporter, r->clock, otmi_pipeline_diagnostics(pipeline));
        p->joined = true;
        uint64_t now_ns = otmi_clock_now(r->clock);
        otmi_periodic_start(&p->machine, now_ns);
        st = p->run_mode == OTM_RUN_OWN_THREAD ? otmi_periodic_thread_start(p) : OTM_OK;
    }
    if (st != OTM_OK) {
        otmi_periodic_stop(&p->machine);
        otmi_exporter_quit(p->exporter);
        p->joined = false;
    }
    otmi_reader_unpin(r);
    return st;
}

/* The last handle is gone, perhaps without a shutdown: the thread ends, and the last owner frees. */
static void periodic_retire(otm_reader *r)
{
    otmi_mutex_lock(&r->mu);
    r->phase = OTMI_READER_CLOSED;
    otmi_cond_broadcast(&r->changed);
    otmi_mutex_unlock(&r->mu);
    otmi_periodic_thread_part(otmi_periodic_of(r));
}

static void periodic_fini(otm_reader *r)
{
    otmi_periodic *p = otmi_periodic_of(r);
    otmi_exporter_abandon(p->exporter, &p->result, OTM_DROP_SHUTDOWN);
    otmi_periodic_drop_rest(p, OTM_DROP_SHUTDOWN);
    otmi_arena_fini(&p->batch_arena);
    if (p->joined) {
        otmi_exporter_quit(p->exporter);
    }
    otm_exporter_release(p->exporter);
}

static const otmi_reader_kind periodic_kind = {.start = periodic_start,
                                               .flush = periodic_flush,
                                               .shutdown = periodic_shutdown,
                                               .retire = periodic_retire,
                                               .fini = periodic_fini};

otmi_periodic *otmi_periodic_of(otm_reader *reader)
{
    return reader != NULL && reader->kind == &periodic_kind ? (otmi_periodic *)reader : NULL;
}

static otm_status read_options(const otm_periodic_reader_options *given, otm_periodic_reader_options *out,
                               otm_reader_options *reader)
{
    otm_status st = otmi_options_read(given, out, sizeof *out);
    if (st == OTM_OK) {
        st = otmi_options_read(out->reader, reader, sizeof *reader);
    }
    bool valid = out->interval_ms >= 0 && out->timeout_ms >= OTM_NO_TIMEOUT && out->run_mode <= OTM_RUN_HOST_STEPPED;
    return st == OTM_OK && !valid ? OTM_ERR_INVALID_ARGUMENT : st;
}

static void periodic_init(otmi_periodic *p, otm_exporter *exporter, const otm_periodic_reader_options *options)
{
    p->exporter = otm_exporter_retain(exporter);
    p->machine.interval_ns = otmi_deadline_ns(0, options->interval_ms, DEFAULT_INTERVAL_MS);
    p->timeout_ns = otmi_deadline_ns(0, options->timeout_ms, DEFAULT_TIMEOUT_MS);
    p->run_mode = (otm_run_mode)options->run_mode;
    p->batch_points = options->max_export_batch_size;
    otmi_arena_init(&p->batch_arena, p->base.allocator, BATCH_MAXIMUM_BYTES);
}

otm_status otm_periodic_reader_create(otm_exporter *exporter, const otm_periodic_reader_options *options,
                                      otm_reader **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_periodic_reader_options o;
    otm_reader_options reader;
    otm_status st = exporter != NULL ? read_options(options, &o, &reader) : OTM_ERR_INVALID_ARGUMENT;
    if (st == OTM_OK) {
        st = otmi_reader_create(&periodic_kind, sizeof(otmi_periodic), &reader, exporter, out);
    }
    if (st == OTM_OK) {
        periodic_init(otmi_periodic_of(*out), exporter, &o);
    }
    return st;
}

void otm_reader_accounts(otm_reader *reader, otm_accounts *out)
{
    otmi_periodic *p = otmi_periodic_of(reader);
    bool usable = p != NULL && !otmi_reader_dead_by_fork(reader);
    otm_exporter_accounts(usable ? p->exporter : NULL, out);
}
