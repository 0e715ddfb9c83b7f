/* Readers: what all of them share, and the manual one. */
#include "metrics/exporter.h"
#include "metrics/reader_internal.h"
#include "util/alloc.h"
#include "util/options.h"

#define DEFAULT_COLLECT_MS 30000
#define TREE_MAXIMUM_BYTES ((size_t)512 << 20)
#define NOBODY UINT64_MAX /* the collector while a tree is parked: not a thread */
#define DETACH_WAITS 100 /* of a millisecond */
#define DETACH_WAIT_NS UINT64_C(1000000)

/* -- Creation and references ------------------------------------------------------------------------------------- */

static otm_status init_waiting(otm_reader *r)
{
    otm_status st = otmi_mutex_init(&r->mu);
    if (st != OTM_OK) {
        return st;
    }
    st = otmi_cond_init(&r->changed);
    if (st != OTM_OK) {
        otmi_mutex_fini(&r->mu);
    }
    return st;
}

otm_status otmi_reader_create(const otmi_reader_kind *kind, size_t size, const otm_reader_options *options,
                              otm_exporter *exporter, otm_reader **out)
{
    const otm_allocator *allocator = otmi_allocator_or_default(options->allocator);
    otm_reader *r = otmi_alloc_zeroed(allocator, size);
    if (r == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    r->kind = kind;
    r->allocator = allocator;
    r->size = size;
    r->on_shutdown = options->on_shutdown;
    r->on_flush = options->on_flush;
    r->user_data = options->user_data;
    r->clock = otmi_clock_system();
    r->empty = (otm_metrics_data){.struct_size = sizeof r->empty, .resource_stride = sizeof(otm_resource_metrics)};
    atomic_init(&r->handles, 1);
    atomic_init(&r->owners, 1);
    otmi_arena_init(&r->arena, allocator, TREE_MAXIMUM_BYTES);
    otm_status st = otmi_reader_config_init(&r->config, allocator, options, exporter);
    if (st == OTM_OK) {
        st = otmi_reader_take_sources(r, options);
    }
    if (st == OTM_OK) {
        st = init_waiting(r);
    }
    if (st != OTM_OK) {
        otmi_reader_give_sources(r);
        otmi_reader_config_fini(&r->config, allocator);
        otmi_free(allocator, r, size);
        return st;
    }
    *out = r;
    return OTM_OK;
}

static void reader_destroy(otm_reader *r)
{
    if (r->kind->fini != NULL) {
        r->kind->fini(r);
    }
    otmi_reader_give_sources(r);
    otmi_arena_fini(&r->arena);
    otmi_reader_config_fini(&r->config, r->allocator);
    otmi_cond_fini(&r->changed);
    otmi_mutex_fini(&r->mu);
    otmi_free(r->allocator, r, r->size);
}

/* References are given up with release order; the last one acquires what all others did, before it frees. */
static bool was_last(_Atomic uint32_t *count)
{
    return atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) == 1;
}

void otmi_reader_disown(otm_reader *r)
{
    if (was_last(&r->owners)) {
        reader_destroy(r);
    }
}

otm_reader *otm_reader_retain(otm_reader *reader)
{
    if (reader != NULL) {
        atomic_fetch_add_explicit(&reader->handles, 1, memory_order_relaxed); /* the caller has one already */
    }
    return reader;
}

/* `pipeline` is the pinned one. */
static bool dead_with(const otm_reader *r, const otmi_pipeline *pipeline)
{
    return atomic_load(&r->inert) || (pipeline != NULL && !otmi_pipeline_alive(pipeline));
}

bool otmi_reader_dead_by_fork(otm_reader *r)
{
    bool dead = dead_with(r, otmi_reader_pin(r));
    otmi_reader_unpin(r);
    return dead;
}

/* In the child of a fork the memory stays: a lock that another thread held at the fork could not even be destroyed. */
void otm_reader_release(otm_reader *reader)
{
    if (reader == NULL || !was_last(&reader->handles) || otmi_reader_dead_by_fork(reader)) {
        return;
    }
    if (reader->kind->retire != NULL) {
        reader->kind->retire(reader);
    }
    otmi_reader_disown(reader);
}

/* -- The provider's pipeline ------------------------------------------------------------------------------------- */

otmi_pipeline *otmi_reader_pin(otm_reader *r)
{
    atomic_fetch_add(&r->pins, 1);
    return atomic_load(&r->pipeline);
}

void otmi_reader_unpin(otm_reader *r)
{
    atomic_fetch_sub(&r->pins, 1);
}

const otmi_reader_config *otmi_reader_config_of(const otm_reader *reader)
{
    return &reader->config;
}

otm_status otmi_reader_attach(otm_reader *r, otmi_pipeline *pipeline, size_t index)
{
    otmi_mutex_lock(&r->mu);
    otm_status st = r->attached ? OTM_ERR_IN_USE : OTM_OK;
    if (st == OTM_OK) {
        r->attached = true;
        r->index = index;
        r->clock = otmi_pipeline_clock(pipeline);
        atomic_store(&r->pipeline, pipeline);
    }
    otmi_mutex_unlock(&r->mu);
    return st;
}

otm_status otmi_reader_start(otm_reader *r)
{
    otm_status st = r->kind->start != NULL ? r->kind->start(r) : OTM_OK;
    otmi_mutex_lock(&r->mu);
    r->started = st == OTM_OK;
    otmi_mutex_unlock(&r->mu);
    return st;
}

static bool unpinned_soon(otm_reader *r)
{
    for (int i = 0; i < DETACH_WAITS && atomic_load(&r->pins) != 0; i++) {
        otmi_sleep_ns(DETACH_WAIT_NS);
    }
    return atomic_load(&r->pins) == 0;
}

bool otmi_reader_detach(otm_reader *r)
{
    otmi_pipeline *pipeline = atomic_load(&r->pipeline);
    if (pipeline == NULL) {
        return unpinned_soon(r);
    }
    if (!otmi_pipeline_alive(pipeline)) {
        atomic_store(&r->inert, true);
        return false;
    }
    otmi_mutex_lock(&r->mu);
    r->attached = r->started; /* a provider that could not be created gives its readers back as they were */
    otmi_mutex_unlock(&r->mu);
    atomic_store(&r->pipeline, NULL);
    return unpinned_soon(r);
}

/* -- Tokens ------------------------------------------------------------------------------------------------------ */

otmi_reader_phase otmi_reader_phase_of(const otm_reader *r)
{
    return (otmi_reader_phase)atomic_load(&r->phase);
}

/* Relaxed: a thread finds its own number only where it has put it itself. */
bool otmi_reader_inside(const otm_reader *r)
{
    uint64_t self = otmi_thread_id();
    return atomic_load_explicit(&r->collector, memory_order_relaxed) == self ||
           atomic_load_explicit(&r->turn, memory_order_relaxed) == self;
}

otm_status otmi_reader_enter(otm_reader *r)
{
    otm_status st = OTM_OK;
    if (dead_with(r, otmi_reader_pin(r))) {
        st = OTM_ERR_SHUTDOWN;
    } else if (otmi_reader_inside(r) || otmi_diag_inside_handler()) {
        st = OTM_ERR_REENTRANT;
    } else if (otmi_reader_phase_of(r) != OTMI_READER_OPEN) {
        st = OTM_ERR_SHUTDOWN;
    }
    if (st != OTM_OK) {
        otmi_reader_unpin(r);
    }
    return st;
}

/* Takes a token, if it is free in time. */
static otm_status take_token(otm_reader *r, _Atomic uint64_t *token, uint64_t system_ns)
{
    bool in_time = true;
    otmi_mutex_lock(&r->mu);
    while (*token != 0 && in_time) {
        in_time = otmi_cond_wait_until(&r->changed, &r->mu, system_ns);
    }
    bool got = *token == 0;
    if (got) {
        *token = otmi_thread_id();
    }
    otmi_mutex_unlock(&r->mu);
    return got ? OTM_OK : OTM_ERR_TIMEOUT;
}

static void give_token(otm_reader *r, _Atomic uint64_t *token)
{
    otmi_mutex_lock(&r->mu);
    *token = 0;
    otmi_cond_broadcast(&r->changed);
    otmi_mutex_unlock(&r->mu);
}

otm_status otmi_reader_take_turn(otm_reader *r, uint64_t system_ns)
{
    return take_token(r, &r->turn, system_ns);
}

void otmi_reader_give_turn(otm_reader *r)
{
    give_token(r, &r->turn);
}

/* -- Collecting -------------------------------------------------------------------------------------------------- */

/* Called with the collector's token. */
static otm_status collect_tree(otm_reader *r, otmi_pipeline *pipeline, uint64_t system_ns, const otm_metrics_data **out)
{
    if (otmi_reader_phase_of(r) == OTMI_READER_CLOSED) {
        return OTM_ERR_SHUTDOWN;
    }
    if (pipeline == NULL) {
        *out = &r->empty;
        return OTM_OK;
    }
    otmi_arena_reset(&r->arena);
    otmi_collect_request request = {.reader_index = r->index,
                                    .temporality = r->config.temporality,
                                    .deadline_ns = system_ns,
                                    .producers = r->producers,
                                    .arena = &r->arena};
    otmi_mutex_lock(&r->mu);
    request.filter = otm_metric_filter_retain(r->filter);
    request.producer_count = r->producer_count;
    otmi_mutex_unlock(&r->mu);
    otmi_collected collected = {.data = NULL};
    otm_status st = otmi_pipeline_collect(pipeline, &request, &collected);
    otm_metric_filter_release(request.filter);
    *out = collected.data;
    r->leases = collected.leases;
    return st;
}

static otm_status collect_pinned(otm_reader *r, otmi_pipeline *pipeline, uint64_t system_ns,
                                 const otm_metrics_data **out)
{
    if (dead_with(r, pipeline) || otmi_reader_phase_of(r) == OTMI_READER_CLOSED) {
        return OTM_ERR_SHUTDOWN;
    }
    if (atomic_load_explicit(&r->collector, memory_order_relaxed) == otmi_thread_id() ||
        otmi_pipeline_inside_callback()) {
        return OTM_ERR_REENTRANT;
    }
    otm_status st = take_token(r, &r->collector, system_ns);
    if (st != OTM_OK) {
        return st;
    }
    st = collect_tree(r, pipeline, system_ns, out);
    if (st != OTM_OK) {
        *out = NULL;
        give_token(r, &r->collector);
        return st;
    }
    otmi_mutex_lock(&r->mu);
    r->lent = *out;
    otmi_mutex_unlock(&r->mu);
    return OTM_OK;
}

/* The pin of the collection stays with the tree. */
void otmi_reader_park_tree(otm_reader *r)
{
    otmi_mutex_lock(&r->mu);
    r->collector = NOBODY;
    otmi_mutex_unlock(&r->mu);
}

void otmi_reader_take_up_tree(otm_reader *r)
{
    otmi_mutex_lock(&r->mu);
    r->collector = otmi_thread_id();
    otmi_mutex_unlock(&r->mu);
}

/* On success the pin stays until the tree is given back: it points into the pipeline. */
otm_status otmi_reader_collect_until(otm_reader *r, uint64_t system_ns, const otm_metrics_data **out)
{
    *out = NULL;
    otm_status st = collect_pinned(r, otmi_reader_pin(r), system_ns, out);
    if (st != OTM_OK) {
        otmi_reader_unpin(r);
    }
    return st;
}

otm_status otm_reader_collect(otm_reader *reader, int64_t timeout_ms, const otm_metrics_data **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    if (reader == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    return otmi_reader_collect_until(reader, otmi_deadline_ns(otmi_monotonic_ns(), timeout_ms, DEFAULT_COLLECT_MS),
                                     out);
}

void otm_reader_return(otm_reader *reader, const otm_metrics_data *data)
{
    if (reader == NULL || data == NULL || otmi_reader_dead_by_fork(reader)) {
        return;
    }
    otmi_mutex_lock(&reader->mu);
    bool ours = data == reader->lent;
    reader->lent = ours ? NULL : reader->lent;
    otmi_mutex_unlock(&reader->mu);
    if (ours) {
        otmi_leases_end(reader->leases);
        reader->leases = NULL;
        give_token(reader, &reader->collector);
        otmi_reader_unpin(reader);
    }
}

/* -- Flush and shutdown ------------------------------------------------------------------------------------------ */

otm_status otmi_first_failure(otm_status first, otm_status second)
{
    return first != OTM_OK ? first : second;
}

static otm_status call_hook(otm_status (*hook)(void *, uint64_t), otm_reader *r, uint64_t deadline_ns)
{
    return hook != NULL ? hook(r->user_data, deadline_ns) : OTM_OK;
}

static otm_status flush_in_turn(otm_reader *r, uint64_t deadline_ns)
{
    otm_status st = otmi_reader_take_turn(r, deadline_ns);
    if (st != OTM_OK) {
        return st;
    }
    if (otmi_reader_phase_of(r) != OTMI_READER_OPEN) { /* shut down while this thread waited */
        st = OTM_ERR_SHUTDOWN;
    } else {
        st = r->kind->flush != NULL ? r->kind->flush(r, deadline_ns) : OTM_OK;
        st = otmi_first_failure(st, call_hook(r->on_flush, r, deadline_ns));
    }
    otmi_reader_give_turn(r);
    return st;
}

otm_status otmi_reader_flush(otm_reader *r, uint64_t deadline_ns)
{
    otm_status st = otmi_reader_enter(r);
    if (st == OTM_OK) {
        st = flush_in_turn(r, deadline_ns);
        otmi_reader_unpin(r);
    }
    return st;
}

/* True for the one caller that moves the reader on from `from`. */
static bool change_phase(otm_reader *r, otmi_reader_phase from, otmi_reader_phase to)
{
    otmi_mutex_lock(&r->mu);
    bool changed = r->phase == from;
    if (changed) {
        r->phase = to;
        otmi_cond_broadcast(&r->changed);
    }
    otmi_mutex_unlock(&r->mu);
    return changed;
}

/* Goes all the way even when its time is up: whatever kind and hook have to close must be closed. */
static otm_status shut_down_once(otm_reader *r, uint64_t deadline_ns)
{
    if (!change_phase(r, OTMI_READER_OPEN, OTMI_READER_CLOSING)) {
        return OTM_ERR_SHUTDOWN;
    }
    bool has_turn = otmi_reader_take_turn(r, deadline_ns) == OTM_OK;
    otm_status st = r->kind->shutdown != NULL ? r->kind->shutdown(r, deadline_ns, has_turn) : OTM_OK;
    st = otmi_first_failure(st, call_hook(r->on_shutdown, r, deadline_ns));
    change_phase(r, OTMI_READER_CLOSING, OTMI_READER_CLOSED);
    if (has_turn) {
        otmi_reader_give_turn(r);
    }
    return has_turn ? st : OTM_ERR_TIMEOUT;
}

otm_status otmi_reader_shutdown(otm_reader *r, uint64_t deadline_ns)
{
    otm_status st = otmi_reader_enter(r);
    if (st == OTM_OK) {
        st = shut_down_once(r, deadline_ns);
        otmi_reader_unpin(r);
    }
    return st;
}

/* -- The manual reader ------------------------------------------------------------------------------------------- */

/* Everything it does is common to all readers. */
static const otmi_reader_kind manual_kind = {.start = NULL};

otm_status otm_manual_reader_create(const otm_reader_options *options, otm_reader **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_reader_options o;
    otm_status st = otmi_options_read(options, &o, sizeof o);
    return st == OTM_OK ? otmi_reader_create(&manual_kind, sizeof(otm_reader), &o, NULL, out) : st;
}
