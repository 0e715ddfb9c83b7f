#include "metrics/callback_run.h"
#include "util/alloc.h"

#define UNREGISTER_WAIT_MS 30000

/* The callback that this thread is inside, innermost. */
static _Thread_local const otmi_callback *inside;

bool otmi_callback_inside(void)
{
    return inside != NULL;
}

/* -- Registration ------------------------------------------------------------------------------------------------ */

static void callback_free(otmi_callback *callback)
{
    const otm_allocator *allocator = callback->core->env.allocator;
    otmi_free(allocator, callback->instruments, callback->instrument_count * sizeof *callback->instruments);
    otmi_free(allocator, callback, sizeof *callback);
}

static otmi_branch *branch_of(const otmi_callback *callback)
{
    return callback->instruments[0]->meter->branch;
}

static void callback_drop_locked(otmi_callback *callback)
{
    if (--callback->references == 0) {
        branch_of(callback)->pins--;
        callback_free(callback);
    }
}

static void unlist_locked(otmi_core *core, otmi_callback *callback)
{
    otmi_callback_list *list = &core->callbacks;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == callback) {
            memmove(&list->items[i], &list->items[i + 1], (list->count - i - 1) * sizeof *list->items);
            list->count--;
            callback->registered = false;
            return;
        }
    }
}

static void unregister(otm_callback_handle *self)
{
    otmi_callback *callback = (otmi_callback *)self;
    otmi_core *core = callback->core;
    if (!otmi_env_alive(&core->env)) {
        return;
    }
    uint64_t until_ns = otmi_deadline_ns(otmi_monotonic_ns(), UNREGISTER_WAIT_MS, 0);
    bool ended = true;
    otmi_mutex_lock(&core->mu);
    unlist_locked(core, callback);
    while (callback->running > 0 && inside != callback && ended) {
        ended = otmi_cond_wait_until(&core->changed, &core->mu, until_ns);
    }
    otmi_branch *branch = branch_of(callback);
    callback_drop_locked(callback);
    otmi_mutex_unlock(&core->mu);
    if (!ended) {
        otmi_diag_report(core->env.diag, OTM_ERROR, OTM_ERR_TIMEOUT, &(otmi_diag_origin){.component = "callback"},
                         "a callback that was unregistered has not returned for %d ms: its user data is still in use",
                         UNREGISTER_WAIT_MS);
    }
    otmi_branch_release(branch);
}

static const otm_callback_handle_ops handle_ops = {sizeof(otm_callback_handle_ops), unregister};

otm_status otmi_callback_register(otmi_core *core, otm_callback function, void *user_data,
                                  otmi_instrument *const *instruments, size_t instrument_count, otmi_callback **out)
{
    const otm_allocator *allocator = core->env.allocator;
    otmi_callback *callback = otmi_alloc_zeroed(allocator, sizeof *callback);
    if (callback == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    *callback = (otmi_callback){.handle = {&handle_ops, 1}, .core = core, .function = function,
                                .user_data = user_data, .instrument_count = instrument_count, .references = 1};
    callback->instruments = otmi_alloc_array(allocator, instrument_count, sizeof *instruments);
    if (callback->instruments == NULL) {
        otmi_free(allocator, callback, sizeof *callback);
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(callback->instruments, instruments, instrument_count * sizeof *instruments);
    otmi_mutex_lock(&core->mu);
    otm_status st = otmi_grow(allocator, (void **)&core->callbacks.items, &core->callbacks.capacity,
                              core->callbacks.count, sizeof(otmi_callback *), OTMI_MAX_CALLBACKS);
    if (st == OTM_OK) {
        core->callbacks.items[core->callbacks.count++] = callback;
        callback->registered = true;
        branch_of(callback)->pins++;
    }
    otmi_mutex_unlock(&core->mu);
    if (st != OTM_OK) {
        callback_free(callback);
        return st;
    }
    *out = callback;
    return OTM_OK;
}

void otmi_callbacks_end_locked(otmi_core *core, const otmi_branch *branch)
{
    otmi_callback_list *list = &core->callbacks;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        otmi_callback *callback = list->items[i];
        if (branch_of(callback) != branch) {
            list->items[kept++] = callback;
            continue;
        }
        callback->registered = false;
        callback_drop_locked(callback);
    }
    list->count = kept;
}

void otmi_callback_list_fini(otmi_core *core)
{
    for (size_t i = 0; i < core->callbacks.count; i++) {
        callback_free(core->callbacks.items[i]);
    }
    otmi_free(core->env.allocator, core->callbacks.items, core->callbacks.capacity * sizeof(otmi_callback *));
    core->callbacks = (otmi_callback_list){.count = 0};
}

/* -- Running ----------------------------------------------------------------------------------------------------- */

/* True if something of the instrument comes out: it has streams, and the reader's filter does not drop all. */
static bool wanted(const otmi_output_list *list)
{
    bool any = false;
    for (size_t o = 0; o < list->streams.count && !any; o++) {
        any = !list->outputs[o].dropped;
    }
    return any;
}

static bool serves(const otmi_callback *callback, size_t reader_index)
{
    for (size_t i = 0; i < callback->instrument_count; i++) {
        const otmi_instrument *instrument = callback->instruments[i];
        if (OTM_LOAD_RELAXED(&instrument->handle.async.state) != 0 && wanted(&instrument->readers[reader_index])) {
            return true;
        }
    }
    return false;
}

/* Takes the callbacks of this run in hand. One that an earlier run was abandoned in is not entered again. */
static otm_status choose(otmi_run *run, size_t *stuck)
{
    otmi_core *core = run->core;
    otm_status st = OTM_OK;
    otmi_mutex_lock(&core->mu);
    run->todo = otmi_arena_alloc(&run->arena, (core->callbacks.count + 1) * sizeof *run->todo);
    st = run->todo == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < core->callbacks.count; i++) {
        otmi_callback *callback = core->callbacks.items[i];
        if (callback->stuck > 0) {
            (*stuck)++;
        } else if (serves(callback, run->reader_index)) {
            callback->references++;
            run->todo[run->todo_count++] = callback;
        }
    }
    otmi_mutex_unlock(&core->mu);
    return st;
}

/* False: the callback was unregistered, or the run abandoned. Both locks, here and in abandon(): it is abandoned inside
 * a callback or between two, and nothing in between. */
static bool enter(otmi_run *run, otmi_callback *callback, const otmi_run_observer *observer)
{
    otmi_core *core = run->core;
    otmi_mutex_lock(&core->mu);
    otmi_mutex_lock(&run->mu);
    bool go = callback->registered && !run->abandoned;
    callback->running += go;
    run->active = go ? observer : NULL;
    otmi_mutex_unlock(&run->mu);
    otmi_mutex_unlock(&core->mu);
    return go;
}

static void leave(otmi_run *run, otmi_callback *callback)
{
    otmi_core *core = run->core;
    otmi_mutex_lock(&core->mu);
    otmi_mutex_lock(&run->mu);
    run->active = NULL;
    if (!run->abandoned) {
        run->complete = run->count;
    }
    callback->stuck -= run->stuck_in == callback;
    otmi_mutex_unlock(&run->mu);
    callback->running--;
    otmi_cond_broadcast(&core->changed);
    otmi_mutex_unlock(&core->mu);
}

static void run_one(otmi_run *run, otmi_callback *callback)
{
    otmi_run_observer *observer = otmi_run_observer_create(run, callback);
    if (observer == NULL) {
        otmi_observation_refuse(run->core, callback->instruments[0], "there is no memory to run its callback");
        return;
    }
    if (enter(run, callback, observer)) {
        const otmi_callback *outer = inside;
        inside = callback;
        callback->function(&observer->handle, callback->user_data);
        inside = outer;
        leave(run, callback);
    }
}

static void run_all(otmi_run *run)
{
    for (size_t i = 0; i < run->todo_count; i++) { /* once it is abandoned, none is entered any more */
        run_one(run, run->todo[i]);
    }
    otmi_core *core = run->core;
    otmi_mutex_lock(&core->mu);
    for (size_t i = 0; i < run->todo_count; i++) {
        callback_drop_locked(run->todo[i]);
    }
    otmi_mutex_unlock(&core->mu);
    otmi_mutex_lock(&run->mu);
    run->done = true;
    otmi_cond_broadcast(&run->changed);
    otmi_mutex_unlock(&run->mu);
}

static void *run_thread(void *argument)
{
    otmi_run *run = argument;
    otmi_core *core = run->core;
    run_all(run);
    otmi_run_release(run);
    otmi_branch_release(&core->root);
    return NULL;
}

/* False: it was done after all. */
static bool abandon(otmi_run *run)
{
    otmi_mutex_lock(&run->core->mu);
    otmi_mutex_lock(&run->mu);
    run->abandoned = !run->done;
    if (run->abandoned && run->active != NULL) {
        run->stuck_in = run->active->callback;
        run->stuck_in->stuck++;
    }
    bool abandoned = run->abandoned;
    otmi_mutex_unlock(&run->mu);
    otmi_mutex_unlock(&run->core->mu);
    return abandoned;
}

/* Waits for the run's thread. False: it was abandoned. */
static bool await(otmi_run *run, uint64_t deadline_ns)
{
    bool in_time = true;
    otmi_mutex_lock(&run->mu);
    while (!run->done && in_time) {
        in_time = otmi_cond_wait_until(&run->changed, &run->mu, deadline_ns);
    }
    bool done = run->done;
    otmi_mutex_unlock(&run->mu);
    return done || !abandon(run);
}

static otm_status run_with_deadline(otmi_run *run, uint64_t deadline_ns)
{
    pthread_t thread;
    otmi_branch_retain(&run->core->root);
    run->references++;
    if (otmi_thread_start(&thread, "otm-callbacks", run_thread, run) != OTM_OK) {
        run->references--;
        otmi_branch_release(&run->core->root);
        run_all(run); /* no thread to be had: without a limit rather than not at all */
        return OTM_OK;
    }
    bool done = await(run, deadline_ns);
    if (done) {
        pthread_join(thread, NULL);
        return OTM_OK;
    }
    pthread_detach(thread);
    return OTM_ERR_TIMEOUT;
}

otm_status otmi_callbacks_run(otmi_core *core, size_t reader_index, uint64_t deadline_ns, otmi_run **out)
{
    otmi_run *run = core->runs[reader_index];
    size_t stuck = 0;
    *out = NULL;
    if (run == NULL) {
        run = otmi_run_create(core, reader_index);
        core->runs[reader_index] = run;
        if (run == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
    }
    otmi_run_reset(run);
    otm_status st = choose(run, &stuck);
    if (st != OTM_OK) {
        return st;
    }
    *out = run;
    if (run->todo_count > 0 && deadline_ns != UINT64_MAX) {
        uint64_t now_ns = otmi_monotonic_ns();
        /* Half of the time, so that there is some left for what does not depend on a callback that hangs. */
        st = run_with_deadline(run, now_ns + (deadline_ns > now_ns ? (deadline_ns - now_ns) / 2 : 0));
    } else {
        run_all(run);
    }
    if (st == OTM_ERR_TIMEOUT) {
        core->runs[reader_index] = NULL; /* *out is the collector's until it releases it */
    }
    if (st == OTM_ERR_TIMEOUT || stuck > 0) {
        otmi_diag_report(core->env.diag, OTM_ERROR, OTM_ERR_TIMEOUT, &(otmi_diag_origin){.component = "callback"},
                         "a callback has not returned in time: its instruments have no points until it does, and its "
                         "memory stays in use");
    }
    return st;
}
