#include "metrics/callback_run.h"

#include "util/alloc.h"

#define RUN_MAXIMUM_BYTES (UINT64_C(256) << 20)
#define RUN_MAXIMUM_OBSERVATIONS (UINT32_C(1) << 22)

static void *arena_alloc(void *context, size_t size)
{
    return otmi_arena_alloc(context, size);
}

static void *arena_resize(void *context, void *pointer, size_t old_size, size_t new_size)
{
    void *larger = otmi_arena_alloc(context, new_size);
    if (larger != NULL && pointer != NULL) {
        memcpy(larger, pointer, old_size < new_size ? old_size : new_size);
    }
    return larger;
}

static void arena_release(void *context, void *pointer, size_t size)
{
    (void)context;
    (void)pointer;
    (void)size;
}

otmi_run *otmi_run_create(otmi_core *core, size_t reader_index)
{
    otmi_run *run = otmi_alloc_zeroed(core->env.allocator, sizeof *run);
    if (run == NULL) {
        return NULL;
    }
    run->core = core;
    run->reader_index = reader_index;
    run->references = 1;
    otmi_arena_init(&run->arena, core->env.allocator, RUN_MAXIMUM_BYTES);
    run->memory = (otm_allocator){&run->arena, arena_alloc, arena_resize, arena_release};
    if (otmi_mutex_init(&run->mu) != OTM_OK) {
        otmi_free(core->env.allocator, run, sizeof *run);
        return NULL;
    }
    if (otmi_cond_init(&run->changed) != OTM_OK) {
        otmi_mutex_fini(&run->mu);
        otmi_free(core->env.allocator, run, sizeof *run);
        return NULL;
    }
    return run;
}

void otmi_run_release(otmi_run *run)
{
    if (run == NULL) {
        return;
    }
    otmi_mutex_lock(&run->mu);
    bool last = --run->references == 0;
    otmi_mutex_unlock(&run->mu);
    if (last) {
        const otm_allocator *allocator = run->core->env.allocator;
        otmi_arena_fini(&run->arena);
        otmi_cond_fini(&run->changed);
        otmi_mutex_fini(&run->mu);
        otmi_free(allocator, run, sizeof *run);
    }
}

void otmi_run_reset(otmi_run *run)
{
    otmi_arena_reset(&run->arena);
    run->done = run->abandoned = false;
    run->active = NULL;
    run->stuck_in = NULL;
    run->observations = NULL;
    run->count = run->capacity = run->complete = run->todo_count = 0;
}

const otmi_observation *otmi_run_observations(const otmi_run *run, size_t *count)
{
    *count = run->complete;
    return run->observations;
}

/* -- Observing --------------------------------------------------------------------------------------------------- */

static bool run_reserve(otmi_run *run)
{
    if (run->count < run->capacity) {
        return true;
    }
    size_t capacity = run->capacity == 0 ? 32 : 2 * run->capacity;
    otmi_observation *wider = otmi_arena_alloc(&run->arena, capacity * sizeof *wider);
    if (capacity > RUN_MAXIMUM_OBSERVATIONS || wider == NULL) {
        return false;
    }
    if (run->count > 0) {
        memcpy(wider, run->observations, run->count * sizeof *wider);
    }
    run->observations = wider;
    run->capacity = capacity;
    return true;
}

static bool run_add_locked(otmi_run *run, otmi_instrument *instrument, otmi_number value, const otm_attr *attrs,
                           size_t attr_count)
{
    otmi_attr_set *set = NULL;
    if (!run_reserve(run) || otmi_attr_set_create(&run->memory, attrs, attr_count, &set) != OTM_OK) {
        return false;
    }
    run->observations[run->count++] = (otmi_observation){instrument, set, value};
    return true;
}

static otmi_instrument *observed_instrument(const otmi_callback *callback, otm_observable *named)
{
    if (named == NULL) {
        return callback->instrument_count == 1 ? callback->instruments[0] : NULL;
    }
    named = otm_observable_behind(named);
    for (size_t i = 0; i < callback->instrument_count; i++) {
        if (&callback->instruments[i]->handle.async == named) {
            return callback->instruments[i];
        }
    }
    return NULL;
}

void otmi_observation_refuse(const otmi_core *core, const otmi_instrument *instrument, const char *why)
{
    otmi_diag_origin origin = {"callback", instrument == NULL ? NULL : instrument->meter->name,
                               instrument == NULL ? NULL : instrument->desc.name};
    otmi_diag_report(core->env.diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin, "an observation was refused: %s",
                     why);
}

static void observe(otm_observer *self, otm_observable *named, otmi_number value, const otm_attr *attrs,
                    size_t attr_count, bool is_i64)
{
    otmi_run_observer *observer = (otmi_run_observer *)self;
    otmi_run *run = observer->run;
    otmi_instrument *instrument = observed_instrument(observer->callback, named);
    if (instrument == NULL) {
        otmi_observation_refuse(run->core, NULL, "the callback was not registered for that instrument");
        return;
    }
    if (instrument->desc.number == OTM_NUMBER_F64 && is_i64) {
        value.f64 = (double)value.i64;
    } else if (instrument->desc.number == OTM_NUMBER_I64 && !is_i64) {
        otmi_observation_refuse(run->core, instrument, "it is a double, and the instrument counts integers");
        return;
    }
    otmi_mutex_lock(&run->mu);
    bool active = run->active == observer && !run->abandoned;
    bool added = active && run_add_locked(run, instrument, value, attrs, attr_count);
    otmi_mutex_unlock(&run->mu);
    if (!active) {
        otmi_observation_refuse(run->core, instrument, "it was made outside its callback");
    } else if (!added) {
        otmi_observation_refuse(run->core, instrument, "an attribute has an empty key, or there is no memory");
    }
}

static void observe_i64(otm_observer *self, otm_observable *named, int64_t value, const otm_attr *attrs,
                        size_t attr_count)
{
    observe(self, named, (otmi_number){.i64 = value}, attrs, attr_count, true);
}

static void observe_f64(otm_observer *self, otm_observable *named, double value, const otm_attr *attrs,
                        size_t attr_count)
{
    observe(self, named, (otmi_number){.f64 = value}, attrs, attr_count, false);
}

static const otm_observer_ops observer_ops = {sizeof(otm_observer_ops), observe_i64, observe_f64};

otmi_run_observer *otmi_run_observer_create(otmi_run *run, otmi_callback *callback)
{
    otmi_run_observer *observer = otmi_arena_alloc(&run->arena, sizeof *observer);
    if (observer != NULL) {
        *observer = (otmi_run_observer){{&observer_ops, 1}, run, callback};
    }
    return observer;
}
