/* What bound handles hold of a storage: attached to a series, recorded through, let go of. */
#include "metrics/context_attrs.h"
#include "metrics/storage_slow.h"
#include "util/alloc.h"

static void hold_locked(otmi_target *target, otmi_series *series)
{
    otmi_storage *storage = target->storage;
    target->held = series;
    if (series->bound == 0 && series != storage->overflow) {
        storage->bound++;
        if (storage->shape.delta && series->by.admitted[storage->epoch & 1] == storage->epoch) {
            storage->admitted[storage->epoch & 1]--; /* it has a place for good now, not one for the interval */
        }
    }
    __atomic_store_n(&series->bound, series->bound + 1, __ATOMIC_RELAXED);
}

static void publish_locked(otmi_target *target)
{
    __atomic_store_n(&target->series, target->held, __ATOMIC_RELEASE);
    __atomic_store_n(&target->location, otmi_series_location(target->held), __ATOMIC_RELEASE);
}

static void unhold_locked(otmi_target *target)
{
    otmi_storage *storage = target->storage;
    otmi_series *series = target->held;
    target->held = NULL;
    __atomic_store_n(&target->location, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&target->series, NULL, __ATOMIC_RELAXED);
    if (series == NULL) {
        return;
    }
    __atomic_store_n(&series->bound, series->bound - 1, __ATOMIC_RELAXED);
    if (series->bound == 0 && series != storage->overflow) {
        storage->bound--;
        if (storage->shape.delta && series->by.admitted[storage->epoch & 1] == storage->epoch) {
            storage->admitted[storage->epoch & 1]++;
        }
        if (!storage->shape.delta && series->start_ns == 0) {
            otmi_storage_end_locked(storage, series, 0); /* never measured: it gives its place back */
        }
    }
}

/* Attaches to the series of target->attrs, with a copy of them. Without memory it stays as it is, for another try:
 * only a full storage binds a handle to the overflow series. */
static void attach_locked(otmi_target *target, otmi_attr_set *copy, bool *no_memory)
{
    otmi_storage *storage = target->storage;
    otmi_series *series = otmi_storage_series_locked(storage, copy, no_memory);
    if (!*no_memory) {
        hold_locked(target, otmi_storage_has_place_locked(storage, series) ? series : storage->overflow);
        otmi_storage_update_full_locked(storage);
    }
}

/* Exemplars show what the stream filtered out: it is kept where they may be asked for. */
static otm_status keep_given(otmi_target *target, const otm_attr *attrs, size_t attr_count)
{
    const otmi_storage *storage = target->storage;
    if (storage->stream->filter == NULL || storage->exemplars.filter == OTM_EXEMPLARS_ALWAYS_OFF) {
        return OTM_OK;
    }
    otm_status st = otmi_attr_set_create(storage->env->allocator, attrs, attr_count, &target->given);
    return st == OTM_ERR_NO_MEMORY ? st : OTM_OK; /* refused for an empty key: only the kept ones then */
}

static void target_fini(otmi_target *target)
{
    otmi_attr_set_destroy(target->storage->env->allocator, target->attrs);
    otmi_attr_set_destroy(target->storage->env->allocator, target->given);
    target->attrs = target->given = NULL;
}

otm_status otmi_storage_bind(otmi_storage *storage, const otm_attr *attrs, size_t attr_count, bool visible_from_start,
                             otmi_target *target)
{
    const otm_allocator *allocator = storage->env->allocator;
    bool empty_key = false;
    bool no_memory = false;
    otmi_attr_set *copy = NULL;
    *target = (otmi_target){.storage = storage, .visible_from_start = visible_from_start};
    otm_status st = otmi_storage_canonical(storage, attrs, attr_count, &empty_key, &target->attrs);
    st = st == OTM_OK ? keep_given(target, attrs, attr_count) : st;
    st = st == OTM_OK ? otmi_attr_set_create(allocator, target->attrs->attrs, target->attrs->count, &copy) : st;
    if (st != OTM_OK) {
        target_fini(target);
        return st;
    }
    uint64_t now_ns = storage->env->clock->wall_ns(storage->env->clock->context);
    otmi_mutex_lock(&storage->mu);
    attach_locked(target, copy, &no_memory);
    if (visible_from_start && !no_memory && target->held != storage->overflow) {
        target->held->visible_from_start = true;
        (void)otmi_storage_begin_measuring_locked(storage, target->held, now_ns);
        publish_locked(target);
    }
    target->next = storage->targets;
    if (target->next != NULL) {
        target->next->prev = target;
    }
    storage->targets = target;
    otmi_mutex_unlock(&storage->mu);
    if (no_memory) {
        otmi_storage_unbind(target);
        return OTM_ERR_NO_MEMORY;
    }
    return OTM_OK;
}

void otmi_storage_unbind(otmi_target *target)
{
    otmi_storage *storage = target->storage;
    if (storage == NULL || !otmi_env_alive(storage->env)) {
        return;
    }
    otmi_number added = {.bits = __atomic_exchange_n(&target->signal, 0, __ATOMIC_RELAXED)};
    if (added.bits != 0) {
        otmi_storage_record_target(target, added, NULL);
    }
    otmi_mutex_lock(&storage->mu);
    unhold_locked(target);
    if (target->prev != NULL) {
        target->prev->next = target->next;
    } else {
        storage->targets = target->next;
    }
    if (target->next != NULL) {
        target->next->prev = target->prev;
    }
    otmi_storage_update_full_locked(storage);
    otmi_mutex_unlock(&storage->mu);
    target_fini(target);
    target->storage = NULL;
}

/* Attaches the target if it is not (any more), and takes the measurement's series from it. */
static otmi_series *target_series(otmi_target *target, otmi_slow_record *slow)
{
    otmi_storage *storage = target->storage;
    otmi_attr_set *copy = NULL;
    otmi_series *series = storage->overflow;
    (void)otmi_attr_set_create(storage->env->allocator, target->attrs->attrs, target->attrs->count, &copy);
    otmi_mutex_lock(&storage->mu);
    if (target->held == NULL && copy != NULL) {
        attach_locked(target, copy, &slow->no_memory);
        copy = NULL;
    }
    if (target->held != NULL) {
        series = target->held;
        publish_locked(target);
    } else {
        slow->no_memory = true;
    }
    series = otmi_storage_begin_measuring_locked(storage, series, slow->now_ns);
    otmi_mutex_unlock(&storage->mu);
    otmi_attr_set_destroy(storage->env->allocator, copy);
    return series;
}

/* `joined`: with attributes that the context adds; NULL: the handle's own. */
static inline otmi_offer target_offer(const otmi_target *target, otmi_number value, const otm_context *context,
                                      const otmi_context_attrs *joined)
{
    const otm_clock *clock = target->storage->env->clock;
    const otmi_attr_set *own = target->given != NULL ? target->given : target->attrs;
    return joined != NULL ? (otmi_offer){value, joined->attrs, joined->count, context, clock}
                          : (otmi_offer){value, own->attrs, own->count, context, clock};
}

static __attribute__((noinline)) void record_slow(otmi_target *target, otmi_number value, const otm_context *context,
                                                  const otmi_context_attrs *joined)
{
    otmi_storage *storage = target->storage;
    if (storage == NULL || !otmi_env_alive(storage->env)) {
        return;
    }
    otmi_slow_record slow;
    otmi_slow_begin(&slow, storage);
    otmi_offer offer = target_offer(target, value, context, joined);
    otmi_slow_apply(&slow, storage, target_series(target, &slow), &offer);
    otmi_slow_end(&slow, storage);
}

static inline __attribute__((always_inline)) void record(otmi_target *target, otmi_number value,
                                                         const otm_context *context, const otmi_context_attrs *joined)
{
    otmi_slot *slot = otmi_slot_begin();
    otmi_series *series = __atomic_load_n(&target->series, __ATOMIC_ACQUIRE);
    bool done = series != NULL && otmi_storage_apply(target->storage, slot, series, value);
    if (done && otmi_exemplar_eligible(&target->storage->exemplars, context)) {
        otmi_offer offer = target_offer(target, value, context, joined);
        otmi_storage_offer(target->storage, series, &offer);
    }
    otmi_slot_end(slot);
    if (!done) {
        record_slow(target, value, context, joined);
    }
}

/* What has no key counts as kept: the way of measurements without a handle reports it. */
static bool keeps_any(const otmi_stream *stream, const otm_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (attrs[i].key_size == 0 || otmi_key_filter_keeps(stream->filter, attrs[i].key, attrs[i].key_size)) {
            return true;
        }
    }
    return false;
}

/* The handle's attributes and the context's: a series without a handle, unless what is added leaves no trace in it. */
void otmi_target_record_in_context(otmi_target *target, otmi_number value, const otm_context *context)
{
    otmi_storage *storage = target->storage;
    otmi_context_attrs all;
    otmi_offer own = target_offer(target, value, context, NULL);
    otmi_diag_origin origin = {"instrument", storage->meter_name, storage->instrument_name};
    if (!otmi_context_attrs_join(&all, storage->env, &origin, own.attrs, own.attr_count, context)) {
        return;
    }
    if (keeps_any(storage->stream, all.attrs, all.added)) {
        otmi_storage_record(storage, value, all.attrs, all.count, context);
    } else {
        record(target, value, context, &all);
    }
    otmi_context_attrs_end(&all, storage->env);
}

void otmi_target_record(otmi_target *target, otmi_number value, const otm_context *context)
{
    record(target, value, context, NULL);
}

void otmi_storage_record_target(otmi_target *target, otmi_number value, const otm_context *context)
{
    record_slow(target, value, context, NULL);
}

otm_status otmi_storage_rebind(otmi_target *target)
{
    otmi_storage *storage = target->storage;
    otmi_attr_set *copy = NULL;
    bool no_memory = false;
    otm_status st = otmi_attr_set_create(storage->env->allocator, target->attrs->attrs, target->attrs->count, &copy);
    if (st != OTM_OK) {
        return st;
    }
    otmi_mutex_lock(&storage->mu);
    if (target->held == storage->overflow) {
        unhold_locked(target);
        attach_locked(target, copy, &no_memory);
        copy = NULL;
        st = no_memory ? OTM_ERR_NO_MEMORY : target->held == storage->overflow ? OTM_ERR_LIMIT : OTM_OK;
    }
    otmi_mutex_unlock(&storage->mu);
    otmi_attr_set_destroy(storage->env->allocator, copy);
    return st;
}

/* -- What signal handlers added ------------------------------------------------------------------------------------ */

static bool signals_wait_locked(const otmi_storage *storage)
{
    const otmi_target *t = storage->targets;
    while (t != NULL && __atomic_load_n(&t->signal, __ATOMIC_RELAXED) == 0) {
        t = t->next;
    }
    return t != NULL;
}

/* A handle whose series has ended gets a new one, as it does when it records. */
static void attach_again_locked(otmi_target *target)
{
    otmi_attr_set *copy = NULL;
    bool no_memory = false;
    if (target->held == NULL && otmi_attr_set_create(target->storage->env->allocator, target->attrs->attrs,
                                                     target->attrs->count, &copy) == OTM_OK) {
        attach_locked(target, copy, &no_memory);
    }
}

/* What signal handlers added becomes an ordinary measurement of the shared slot. */
static bool record_signal_locked(otmi_storage *storage, otmi_target *target, otmi_slot *slot, uint64_t now_ns)
{
    attach_again_locked(target);
    if (target->held == NULL) {
        return false; /* no memory: next time */
    }
    otmi_number added = {.bits = __atomic_exchange_n(&target->signal, 0, __ATOMIC_RELAXED)};
    otmi_series *series = otmi_storage_begin_measuring_locked(storage, target->held, now_ns);
    if (otmi_slow_have_cell(storage, slot, series) && otmi_storage_apply(storage, slot, series, added)) {
        return true;
    }
    otmi_target_add_from_signal(target, added); /* no memory: next time, with what handlers added meanwhile */
    return false;
}

void otmi_storage_record_signals(otmi_storage *storage, uint64_t now_ns)
{
    otmi_mutex_lock(&storage->mu);
    bool any = signals_wait_locked(storage);
    otmi_mutex_unlock(&storage->mu);
    if (!any) {
        return;
    }
    otmi_slot *slot = otmi_slot_borrow(); /* before storage->mu, as in every recording */
    otmi_mutex_lock(&storage->mu);
    for (otmi_target *t = storage->targets; t != NULL; t = t->next) {
        if (__atomic_load_n(&t->signal, __ATOMIC_RELAXED) != 0 && !record_signal_locked(storage, t, slot, now_ns)) {
            break;
        }
    }
    otmi_mutex_unlock(&storage->mu);
    otmi_slot_return(slot);
}

void otmi_target_add_from_signal(otmi_target *target, otmi_number value)
{
    const otmi_shape *shape = &target->storage->shape;
    if (shape->kind == OTMI_SHAPE_SUM_I64) {
        __atomic_add_fetch(&target->signal, value.bits, __ATOMIC_RELAXED);
    } else if (shape->kind == OTMI_SHAPE_SUM_F64) {
        otmi_number old = {.bits = __atomic_load_n(&target->signal, __ATOMIC_RELAXED)};
        otmi_number sum;
        do {
            sum.f64 = old.f64 + value.f64;
        } while (!__atomic_compare_exchange_n(&target->signal, &old.bits, sum.bits, false, __ATOMIC_RELAXED,
                                              __ATOMIC_RELAXED));
    }
}
