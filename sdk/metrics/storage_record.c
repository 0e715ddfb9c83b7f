/* Recording into a storage: the look-up that every measurement takes, and the slow path of the first ones. */
#include <errno.h>

#include "metrics/exponential_cell.h"
#include "metrics/storage_internal.h"
#include "util/alloc.h"
#include "util/utf8.h"

bool otmi_storage_apply(otmi_storage *storage, const otmi_slot *slot, otmi_series *series, otmi_number value)
{
    const otmi_shape *shape = &storage->shape;
    /* Acquire: what the collector cleared before it raised the epoch is seen cleared. */
    uint32_t epoch = __atomic_load_n(&storage->epoch, __ATOMIC_ACQUIRE);
    if (shape->delta || shape->tracks_idle) {
        if (__atomic_load_n(&series->by.admitted[epoch & 1], __ATOMIC_RELAXED) != epoch) {
            return false;
        }
    } else if (__atomic_load_n(&series->start_ns, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    if (shape->kind == OTMI_SHAPE_LAST_VALUE) {
        /* One cell for all threads: only that has a last writer. */
        __atomic_store_n(&series->words[OTMI_WORD_VALUE], value.bits, __ATOMIC_RELAXED);
        return true;
    }
    char *cell = otmi_series_cell(series, slot);
    if (cell == NULL) {
        return false;
    }
    if (shape->halves && (epoch & 1) != 0) {
        cell += shape->half_size;
    }
    if (shape->kind == OTMI_SHAPE_SUM_I64) {
        otmi_sum_i64_add((uint64_t *)(void *)cell, value.i64);
    } else if (shape->kind == OTMI_SHAPE_SUM_F64) {
        otmi_sum_f64_add((uint64_t *)(void *)cell, value.f64);
    } else {
        double v = storage->stream->number == OTM_NUMBER_I64 ? (double)value.i64 : value.f64;
        if (shape->kind == OTMI_SHAPE_HISTOGRAM) {
            otmi_histogram_add((otmi_histogram_half *)(void *)cell, shape, v);
        } else {
            otmi_exponential_add((otmi_exponential_half *)(void *)cell, shape, storage->env->allocator, v);
        }
    }
    return true;
}

static inline void offer_if_eligible(otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    if (__builtin_expect(otmi_exemplar_eligible(&storage->exemplars, offer->context), 0)) {
        otmi_storage_offer(storage, series, offer);
    }
}

/* -- Slow path --------------------------------------------------------------------------------------------------- */

/* A recording that takes its time: its slot, inside a section, and what went wrong. */
typedef struct slow_record {
    int saved_errno;
    bool no_memory;
    bool empty_key;
    otmi_slot *slot;
    uint64_t now_ns;
} slow_record;

static void slow_begin(slow_record *slow, const otmi_storage *storage)
{
    const otm_clock *clock = storage->env->clock;
    *slow = (slow_record){.saved_errno = errno};
    slow->now_ns = clock->wall_ns(clock->context); /* the host's code: after errno was saved, before the section */
    slow->slot = otmi_slot_begin();
}

static void slow_end(slow_record *slow, const otmi_storage *storage)
{
    otmi_slot_end(slow->slot);
    otmi_diag_origin origin = {"instrument", storage->meter_name, storage->instrument_name};
    if (slow->no_memory) {
        otmi_diag_report(storage->env->diag, OTM_ERROR, OTM_ERR_NO_MEMORY, &origin,
                         "no memory for a measurement of '%s': it went to the overflow series or was dropped",
                         storage->instrument_name);
    }
    if (slow->empty_key) {
        otmi_diag_report(storage->env->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "an attribute of '%s' has an empty key and was left out: keys must be non-empty strings",
                         storage->instrument_name);
    }
    errno = slow->saved_errno;
}

static bool have_cell(const otmi_storage *storage, otmi_slot *slot, const otmi_series *series)
{
    return storage->shape.cell_size == 0 || otmi_series_cell(series, slot) != NULL ||
           otmi_cells_create(&storage->table, slot, series);
}

/* Inside this section no collector gets past the series. One may have raised the epoch since it was admitted, though:
 * then the next turn admits it to the new interval. */
static void slow_apply(slow_record *slow, otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    for (;;) {
        if (!have_cell(storage, slow->slot, series)) {
            slow->no_memory = true;
            return;
        }
        if (otmi_storage_apply(storage, slow->slot, series, offer->value)) {
            offer_if_eligible(storage, series, offer);
            return;
        }
        otmi_mutex_lock(&storage->mu);
        series = otmi_storage_begin_measuring_locked(storage, series, slow->now_ns);
        otmi_mutex_unlock(&storage->mu);
    }
}

static __attribute__((noinline)) void record_slow(otmi_storage *storage, const otmi_offer *offer)
{
    if (!otmi_env_alive(storage->env)) {
        return;
    }
    slow_record slow;
    slow_begin(&slow, storage);
    otmi_attr_set *set = NULL;
    otmi_series *series = storage->overflow;
    if (otmi_storage_canonical(storage, offer->attrs, offer->attr_count, &slow.empty_key, &set) != OTM_OK) {
        slow.no_memory = true;
    }
    otmi_mutex_lock(&storage->mu);
    if (set != NULL) {
        series = otmi_storage_series_locked(storage, set, &slow.no_memory);
    }
    series = otmi_storage_begin_measuring_locked(storage, series, slow.now_ns);
    otmi_mutex_unlock(&storage->mu);
    slow_apply(&slow, storage, series, offer);
    slow_end(&slow, storage);
}

/* -- The way of every measurement -------------------------------------------------------------------------------- */

/* Whether a set that is not found is surely new: no key twice, none empty, no text that would be stored as bytes. */
static bool is_canonical(const otmi_attr_span *span)
{
    for (size_t i = 0; i < span->count; i++) {
        const otm_attr *a = otmi_attr_span_at(span, i);
        bool plain = a->value.type == OTM_VALUE_STRING ? otmi_utf8_valid(a->value.as.string, a->value.size)
                                                       : a->value.type <= OTM_VALUE_F64;
        if (!plain || a->key_size == 0 || !otmi_utf8_valid(a->key, a->key_size)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            const otm_attr *b = otmi_attr_span_at(span, j);
            if (a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* At the limit, without a lock: sets with no place go to the overflow series. */
static bool overflows(const otmi_storage *storage, const otmi_series *series, const otmi_attr_span *span)
{
    if (__atomic_load_n(&storage->full, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    if (series == NULL) {
        return is_canonical(span);
    }
    uint32_t epoch = __atomic_load_n(&storage->epoch, __ATOMIC_RELAXED);
    return storage->shape.delta && series != storage->overflow &&
           __atomic_load_n(&series->bound, __ATOMIC_RELAXED) == 0 &&
           __atomic_load_n(&series->state, __ATOMIC_RELAXED) == OTMI_SERIES_LIVE &&
           __atomic_load_n(&series->by.admitted[epoch & 1], __ATOMIC_RELAXED) != epoch;
}

static inline __attribute__((always_inline)) bool record_fast(otmi_storage *storage, otmi_attr_span *span,
                                                              const otmi_offer *offer)
{
    otmi_attr_print prints[OTMI_PLACED_ATTRS];
    uint64_t hash = otmi_attr_span_print(storage->env->hash_key, span, prints);
    otmi_slot *slot = otmi_slot_begin();
    otmi_series *series = otmi_series_map_find(&storage->map, hash, span);
    bool done = series != NULL && otmi_storage_apply(storage, slot, series, offer->value);
    if (!done && overflows(storage, series, span)) {
        series = storage->overflow;
        done = otmi_storage_apply(storage, slot, series, offer->value);
    }
    if (done) {
        offer_if_eligible(storage, series, offer);
    }
    otmi_slot_end(slot);
    return done;
}

static __attribute__((noinline)) void record_filtered(otmi_storage *storage, const otmi_offer *offer)
{
    const otm_attr *kept[OTMI_STACK_ATTRS];
    otmi_attr_span span;
    bool fits = offer->attr_count <= OTMI_STACK_ATTRS;
    if (fits) {
        otmi_storage_keep(storage, offer->attrs, offer->attr_count, kept, &span);
    }
    if (!fits || !record_fast(storage, &span, offer)) {
        record_slow(storage, offer);
    }
}

void otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                         const otm_context *context)
{
    otmi_offer offer = {value, attrs, attrs == NULL ? 0 : attr_count, context, storage->env->clock};
    if (__builtin_expect(storage->stream->filter != NULL, 0)) {
        record_filtered(storage, &offer);
        return;
    }
    otmi_attr_span span = {.attrs = attrs, .count = offer.attr_count};
    if (!record_fast(storage, &span, &offer)) {
        record_slow(storage, &offer);
    }
}

/* -- Bound handles ----------------------------------------------------------------------------------------------- */

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
static otmi_series *target_series(otmi_target *target, slow_record *slow)
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

static otmi_offer target_offer(const otmi_target *target, otmi_number value, const otm_context *context)
{
    const otmi_attr_set *all = target->given != NULL ? target->given : target->attrs;
    return (otmi_offer){value, all->attrs, all->count, context, target->storage->env->clock};
}

void otmi_target_record(otmi_target *target, otmi_number value, const otm_context *context)
{
    otmi_slot *slot = otmi_slot_begin();
    otmi_series *series = __atomic_load_n(&target->series, __ATOMIC_ACQUIRE);
    bool done = series != NULL && otmi_storage_apply(target->storage, slot, series, value);
    if (done) {
        otmi_offer offer = target_offer(target, value, context);
        offer_if_eligible(target->storage, series, &offer);
    }
    otmi_slot_end(slot);
    if (!done) {
        otmi_storage_record_target(target, value, context);
    }
}

void otmi_storage_record_target(otmi_target *target, otmi_number value, const otm_context *context)
{
    otmi_storage *storage = target->storage;
    if (storage == NULL || !otmi_env_alive(storage->env)) {
        return;
    }
    slow_record slow;
    slow_begin(&slow, storage);
    otmi_offer offer = target_offer(target, value, context);
    slow_apply(&slow, storage, target_series(target, &slow), &offer);
    slow_end(&slow, storage);
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
    if (have_cell(storage, slot, series) && otmi_storage_apply(storage, slot, series, added)) {
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
