/* Bound handles: recording with no look-up.
 *
 * The common handle has one storage and a table of operations made for its shape; with several storages (more views or
 * readers that cannot share) the general table walks them. */
#include "metrics/core.h"
#include "metrics/exponential_cell.h"
#include "util/alloc.h"

static otmi_bound *of(otm_bound *self)
{
    return (otmi_bound *)self;
}

/* -- One storage, made for its shape ----------------------------------------------------------------------------- */

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* What a fast path adds to. A constant in each of them: of what follows the compiler keeps what applies. */
typedef enum way {
    ONE_WORD, /* a sum under cumulative readers */
    HALVES,   /* a histogram under cumulative readers */
    INTERVALS /* anything whose series have to be admitted to each interval: delta, or they end when they are idle */
} way;

/* NULL, if the series has yet to be admitted to the interval. */
static inline char *admitted_cell(const otmi_target *target, const otmi_slot *slot, uint32_t epoch)
{
    const otmi_series *series = __atomic_load_n(&target->series, __ATOMIC_ACQUIRE);
    bool admitted =
        series != NULL && __atomic_load_n(&series->by.admitted[epoch & 1], __ATOMIC_RELAXED) == epoch;
    return __builtin_expect(admitted, 1) ? otmi_series_cell(series, slot) : NULL;
}

/* The word or half to add to, in a section that was entered; NULL (and no section) if only the slow path can. */
static ALWAYS_INLINE char *enter(const otmi_target *target, way how, otmi_slot **slot)
{
    const otmi_storage *storage = target->storage;
    *slot = otmi_this_thread.slot;
    otmi_slot_enter(*slot);
    /* Read inside the section: after a grace period nobody uses a location that was taken away. */
    uint32_t epoch = how == ONE_WORD ? 0 : __atomic_load_n(&storage->epoch, __ATOMIC_ACQUIRE);
    char *cell = how == INTERVALS
                     ? admitted_cell(target, *slot, epoch)
                     : otmi_slot_cell(*slot, __atomic_load_n(&target->location, __ATOMIC_RELAXED));
    if (__builtin_expect(cell == NULL, 0)) {
        otmi_slot_leave(*slot);
        return NULL;
    }
    bool second = (epoch & 1) != 0 && (how == HALVES || storage->shape.halves);
    return second ? cell + storage->shape.half_size : cell;
}

/* Whether measurements may become exemplars now: then the context has to be asked for, in record_traced_*(). */
static inline bool is_traced(const otmi_bound *bound)
{
    return OTM_LOAD_RELAXED(bound->traced) != 0;
}

/* Out of the way of the fast paths, so that these need no stack of their own: inlined, they cost half as much again. */
static __attribute__((noinline)) void record_any_i64(otm_bound *self, int64_t value);
static __attribute__((noinline)) void record_any_f64(otm_bound *self, double value);
static __attribute__((noinline)) void record_traced_i64(otm_bound *self, int64_t value);
static __attribute__((noinline)) void record_traced_f64(otm_bound *self, double value);

static __attribute__((noinline)) void slow(otmi_bound *bound, otmi_number value)
{
    otmi_storage_record_target(&bound->targets[0], value, NULL);
}

static __attribute__((noinline)) void refuse(const otmi_bound *bound, double value)
{
    otmi_instrument_refuse(bound->instrument, value);
}

/* Where a fast path begins: what to add to, in a section that was entered. NULL: the value went another way: through
 * record_any_*() if it is not `plain`, through record_traced_*() if the context is still to be asked for, or through
 * slow(). */
static ALWAYS_INLINE char *begin_i64(otm_bound *self, bool ask, way how, bool plain, int64_t value, otmi_slot **slot)
{
    otmi_bound *bound = of(self);
    if (__builtin_expect(!plain, 0)) {
        record_any_i64(self, value);
        return NULL;
    }
    if (ask && __builtin_expect(is_traced(bound), 0)) {
        record_traced_i64(self, value);
        return NULL;
    }
    char *cell = enter(&bound->targets[0], how, slot);
    if (__builtin_expect(cell == NULL, 0)) {
        slow(bound, (otmi_number){.i64 = value});
    }
    return cell;
}

static ALWAYS_INLINE char *begin_f64(otm_bound *self, bool ask, way how, bool plain, double value, otmi_slot **slot)
{
    otmi_bound *bound = of(self);
    if (__builtin_expect(!plain, 0)) {
        record_any_f64(self, value);
        return NULL;
    }
    if (ask && __builtin_expect(is_traced(bound), 0)) {
        record_traced_f64(self, value);
        return NULL;
    }
    char *cell = enter(&bound->targets[0], how, slot);
    if (__builtin_expect(cell == NULL, 0)) {
        slow(bound, (otmi_number){.f64 = value});
    }
    return cell;
}

/* Each fast path twice: as the operation of handles, and as what measurements take that turned out to be unsampled. */
#define PATHS(name, type, what, ...)                            \
    static void name(otm_bound *self, type value)               \
    {                                                           \
        what(self, true, __VA_ARGS__, value);                   \
    }                                                           \
    static void name##_unsampled(otm_bound *self, type value)   \
    {                                                           \
        what(self, false, __VA_ARGS__, value);                  \
    }

static ALWAYS_INLINE void add_i64(otm_bound *self, bool ask, way how, bool plain, int64_t value)
{
    otmi_slot *slot;
    char *cell = begin_i64(self, ask, how, plain, value, &slot);
    if (cell != NULL) {
        otmi_sum_i64_add((uint64_t *)(void *)cell, value);
        otmi_slot_leave(slot);
    }
}

PATHS(add_counter_i64, int64_t, add_i64, ONE_WORD, value >= 0)
PATHS(add_counter_of_interval_i64, int64_t, add_i64, INTERVALS, value >= 0)
PATHS(add_sum_i64, int64_t, add_i64, ONE_WORD, true)
PATHS(add_sum_of_interval_i64, int64_t, add_i64, INTERVALS, true)

static ALWAYS_INLINE void add_f64(otm_bound *self, bool ask, way how, bool plain, double value)
{
    otmi_slot *slot;
    char *cell = begin_f64(self, ask, how, plain, value, &slot);
    if (cell != NULL) {
        otmi_sum_f64_add((uint64_t *)(void *)cell, value);
        otmi_slot_leave(slot);
    }
}

/* False for NaN, too. */
static inline bool is_finite(double value)
{
    return fabs(value) <= DBL_MAX;
}

PATHS(add_counter_f64, double, add_f64, ONE_WORD, value >= 0 && value <= DBL_MAX)
PATHS(add_counter_of_interval_f64, double, add_f64, INTERVALS, value >= 0 && value <= DBL_MAX)
PATHS(add_sum_f64, double, add_f64, ONE_WORD, is_finite(value))
PATHS(add_sum_of_interval_f64, double, add_f64, INTERVALS, is_finite(value))
/* What is not the common case of a histogram. Leaves the section. */
static __attribute__((noinline)) void record_uncommon(otm_bound *self, char *half, otmi_slot *slot, double value)
{
    const otmi_storage *storage = of(self)->targets[0].storage;
    const otm_allocator *allocator = storage->env->allocator;
    bool finite = is_finite(value);
    if (finite && storage->shape.kind == OTMI_SHAPE_HISTOGRAM) {
        otmi_histogram_add((otmi_histogram_half *)(void *)half, &storage->shape, allocator, value);
    } else if (finite) {
        otmi_exponential_add((otmi_exponential_half *)(void *)half, &storage->shape, allocator, value);
    }
    otmi_slot_leave(slot);
    if (!finite) {
        record_any_f64(self, value);
    }
}

/* Which histograms a fast path is for. Their common case is inline, but for the last. */
typedef enum histogram {
    FEW_BOUNDS,
    EXPONENTIAL,
    OTHER_HISTOGRAM /* more bounds, or something is left out */
} histogram;

static ALWAYS_INLINE void add_to_histogram(otm_bound *self, histogram which, const otmi_shape *shape, char *half,
                                           otmi_slot *slot, double value)
{
    bool done = false;
    if (which == FEW_BOUNDS) {
        done = otmi_histogram_add_common((otmi_histogram_half *)(void *)half, shape, value);
    } else if (which == EXPONENTIAL) {
        done = otmi_exponential_add_common((otmi_exponential_half *)(void *)half, shape, value);
    }
    if (__builtin_expect(done, 1)) {
        otmi_slot_leave(slot);
    } else {
        record_uncommon(self, half, slot, value);
    }
}

static ALWAYS_INLINE void to_histogram_i64(otm_bound *self, bool ask, way how, histogram which, int64_t value)
{
    const otmi_shape *shape = &of(self)->targets[0].storage->shape; /* loaded once: before the section's stores */
    otmi_slot *slot;
    char *half = begin_i64(self, ask, how, true, value, &slot);
    if (half != NULL) {
        add_to_histogram(self, which, shape, half, slot, (double)value);
    }
}

static ALWAYS_INLINE void to_histogram_f64(otm_bound *self, bool ask, way how, histogram which, double value)
{
    const otmi_shape *shape = &of(self)->targets[0].storage->shape; /* loaded once: before the section's stores */
    otmi_slot *slot;
    char *half = begin_f64(self, ask, how, true, value, &slot);
    if (half != NULL) {
        add_to_histogram(self, which, shape, half, slot, value);
    }
}

#define HISTOGRAM_PATHS(name, which)                                                \
    PATHS(name##_i64, int64_t, to_histogram_i64, HALVES, which)                     \
    PATHS(name##_of_interval_i64, int64_t, to_histogram_i64, INTERVALS, which)      \
    PATHS(name##_f64, double, to_histogram_f64, HALVES, which)                      \
    PATHS(name##_of_interval_f64, double, to_histogram_f64, INTERVALS, which)

HISTOGRAM_PATHS(record_few, FEW_BOUNDS)
HISTOGRAM_PATHS(record_exponential, EXPONENTIAL)
HISTOGRAM_PATHS(record_other, OTHER_HISTOGRAM)

/* -- Any number of storages, any shape --------------------------------------------------------------------------- */

static void record_i64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    otmi_bound *bound = of(self);
    bool taken = true;
    for (size_t i = 0; i < bound->target_count; i++) {
        otmi_target *target = &bound->targets[i];
        if (otmi_shape_takes_i64(&target->storage->shape, value)) {
            otmi_target_record(target, (otmi_number){.i64 = value}, context);
        } else {
            taken = false;
        }
    }
    if (!taken) {
        refuse(bound, (double)value);
    }
}

static void record_any_i64(otm_bound *self, int64_t value)
{
    record_i64_ctx(self, value, otmi_context_held(of(self)->instrument));
}

static void record_f64_ctx(otm_bound *self, double value, const otm_context *context)
{
    otmi_bound *bound = of(self);
    bool taken = true;
    for (size_t i = 0; i < bound->target_count; i++) {
        otmi_target *target = &bound->targets[i];
        if (otmi_shape_takes_f64(&target->storage->shape, value)) {
            otmi_target_record(target, (otmi_number){.f64 = value}, context);
        } else {
            taken = false;
        }
    }
    if (!taken) {
        refuse(bound, value);
    }
}

static void record_any_f64(otm_bound *self, double value)
{
    record_f64_ctx(self, value, otmi_context_held(of(self)->instrument));
}

/* -- One storage, and somebody holds a context ------------------------------------------------------------------- */

/* The operations of a handle with one storage, and the way back to them. */
typedef struct one_storage_ops {
    otm_bound_ops ops; /* first */
    void (*unsampled_i64)(otm_bound *self, int64_t value);
    void (*unsampled_f64)(otm_bound *self, double value);
} one_storage_ops;

static const one_storage_ops *ops_of(const otm_bound *self)
{
    return (const one_storage_ops *)(const void *)((const otmi_bound *)self)->plain;
}

static void record_traced_i64(otm_bound *self, int64_t value)
{
    otmi_target *target = &of(self)->targets[0];
    const otm_context *context = otm_context_current();
    if (__builtin_expect(!otmi_exemplar_eligible(&target->storage->exemplars, context), 1)) {
        ops_of(self)->unsampled_i64(self, value);
    } else if (otmi_shape_takes_i64(&target->storage->shape, value)) {
        otmi_target_record(target, (otmi_number){.i64 = value}, context);
    } else {
        refuse(of(self), (double)value);
    }
}

static void record_traced_f64(otm_bound *self, double value)
{
    otmi_target *target = &of(self)->targets[0];
    const otm_context *context = otm_context_current();
    if (__builtin_expect(!otmi_exemplar_eligible(&target->storage->exemplars, context), 1)) {
        ops_of(self)->unsampled_f64(self, value);
    } else if (otmi_shape_takes_f64(&target->storage->shape, value)) {
        otmi_target_record(target, (otmi_number){.f64 = value}, context);
    } else {
        refuse(of(self), value);
    }
}

/* -- Shared by all ----------------------------------------------------------------------------------------------- */

static void record_i64_as_f64(otm_bound *self, int64_t value)
{
    self->ops->record_f64(self, (double)value);
}

static void record_f64_as_i64(otm_bound *self, double value)
{
    if (otmi_is_whole_i64(value)) {
        self->ops->record_i64(self, (int64_t)value);
    } else {
        refuse(of(self), NAN);
    }
}

static void i64_as_f64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    record_f64_ctx(self, (double)value, context);
}

static void f64_as_i64_ctx(otm_bound *self, double value, const otm_context *context)
{
    if (otmi_is_whole_i64(value)) {
        record_i64_ctx(self, (int64_t)value, context);
    } else {
        refuse(of(self), NAN);
    }
}

/* In a signal handler: what cannot be taken is dropped without a report. */
static void add_from_signal_i64(otm_bound *self, int64_t value)
{
    otmi_bound *bound = of(self);
    for (size_t i = 0; i < bound->target_count; i++) {
        if (otmi_shape_takes_i64(&bound->targets[i].storage->shape, value)) {
            otmi_target_add_from_signal(&bound->targets[i], (otmi_number){.i64 = value});
        }
    }
}

static void add_from_signal_f64(otm_bound *self, double value)
{
    otmi_bound *bound = of(self);
    for (size_t i = 0; i < bound->target_count; i++) {
        if (otmi_shape_takes_f64(&bound->targets[i].storage->shape, value)) {
            otmi_target_add_from_signal(&bound->targets[i], (otmi_number){.f64 = value});
        }
    }
}

static otm_status peek(otm_bound *self, otm_series_value *out)
{
    otmi_bound *bound = of(self);
    if (out == NULL || out->struct_size < sizeof *out) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (!otmi_env_alive(&bound->instrument->core->env) || bound->target_count == 0) {
        return OTM_ERR_NOT_FOUND;
    }
    return otmi_storage_peek(&bound->targets[0], out);
}

static otm_status rebind(otm_bound *self)
{
    otmi_bound *bound = of(self);
    otm_status worst = OTM_OK;
    if (!otmi_env_alive(&bound->instrument->core->env)) {
        return OTM_ERR_SHUTDOWN;
    }
    for (size_t i = 0; i < bound->target_count; i++) {
        otm_status st = otmi_storage_rebind(&bound->targets[i]);
        worst = st != OTM_OK ? st : worst;
    }
    return worst;
}

static void retain(otm_bound *self)
{
    __atomic_add_fetch(&of(self)->references, 1, __ATOMIC_RELAXED);
}

static void unlist_locked(otmi_bound *bound)
{
    if (bound->prev != NULL) {
        bound->prev->next = bound->next;
    } else {
        bound->instrument->bounds = bound->next;
    }
    if (bound->next != NULL) {
        bound->next->prev = bound->prev;
    }
}

static void release(otm_bound *self)
{
    otmi_bound *bound = of(self);
    otmi_core *core = bound->instrument->core;
    if (__atomic_sub_fetch(&bound->references, 1, __ATOMIC_ACQ_REL) != 0 || !otmi_env_alive(&core->env)) {
        return;
    }
    otmi_mutex_lock(&core->mu);
    unlist_locked(bound);
    otmi_mutex_unlock(&core->mu);
    for (size_t i = 0; i < bound->target_count; i++) {
        otmi_storage_unbind(&bound->targets[i]);
    }
    otmi_branch *branch = bound->instrument->meter->branch;
    otmi_free(core->env.allocator, bound, bound->size);
    otmi_branch_release(branch);
}

#define BOUND_OPS(i64, f64, i64_ctx, f64_ctx)                                                                  \
    {sizeof(otm_bound_ops), i64, f64, i64_ctx, f64_ctx, add_from_signal_i64, add_from_signal_f64, peek, rebind, \
     retain, release}
#define OPS_I64(record) BOUND_OPS(record, record_f64_as_i64, record_i64_ctx, f64_as_i64_ctx)
#define OPS_F64(record) BOUND_OPS(record_i64_as_f64, record, i64_as_f64_ctx, record_f64_ctx)
/* Of each pair, the second is for storages that admit series to intervals. */
#define ONE_I64(name) \
    {{OPS_I64(name##_i64), name##_i64_unsampled, NULL}, \
     {OPS_I64(name##_of_interval_i64), name##_of_interval_i64_unsampled, NULL}}
#define ONE_F64(name) \
    {{OPS_F64(name##_f64), NULL, name##_f64_unsampled}, \
     {OPS_F64(name##_of_interval_f64), NULL, name##_of_interval_f64_unsampled}}

static const one_storage_ops counter_i64_ops[] = ONE_I64(add_counter);
static const one_storage_ops counter_f64_ops[] = ONE_F64(add_counter);
static const one_storage_ops sum_i64_ops[] = ONE_I64(add_sum);
static const one_storage_ops sum_f64_ops[] = ONE_F64(add_sum);
static const one_storage_ops few_i64_ops[] = ONE_I64(record_few);
static const one_storage_ops few_f64_ops[] = ONE_F64(record_few);
static const one_storage_ops exponential_i64_ops[] = ONE_I64(record_exponential);
static const one_storage_ops exponential_f64_ops[] = ONE_F64(record_exponential);
static const one_storage_ops other_i64_ops[] = ONE_I64(record_other);
static const one_storage_ops other_f64_ops[] = ONE_F64(record_other);
static const otm_bound_ops any_i64_ops = OPS_I64(record_any_i64);
static const otm_bound_ops any_f64_ops = OPS_F64(record_any_f64);
/* Where contexts add attributes: ahead of the plain ones. */
static const otm_bound_ops in_context_ops = BOUND_OPS(otmi_in_context_bound_i64, otmi_in_context_bound_f64,
                                                      otmi_in_context_bound_i64_ctx, otmi_in_context_bound_f64_ctx);

static const one_storage_ops *histogram_ops_for(const otmi_shape *shape, bool is_i64)
{
    if (shape->refuse_negative) {
        return NULL;
    }
    if (!shape->record_sum || !shape->record_min_max || shape->bound_count > OTMI_FEW_BOUNDS) {
        return is_i64 ? other_i64_ops : other_f64_ops;
    }
    if (shape->kind == OTMI_SHAPE_EXPONENTIAL) {
        return is_i64 ? exponential_i64_ops : exponential_f64_ops;
    }
    return is_i64 ? few_i64_ops : few_f64_ops;
}

/* The pair made for a shape, or NULL. */
static const one_storage_ops *fast_ops_for(const otmi_shape *shape, bool is_i64)
{
    switch (shape->kind) {
    case OTMI_SHAPE_SUM_I64:
        return shape->refuse_negative ? counter_i64_ops : sum_i64_ops;
    case OTMI_SHAPE_SUM_F64:
        return shape->refuse_negative ? counter_f64_ops : sum_f64_ops;
    case OTMI_SHAPE_HISTOGRAM:
    case OTMI_SHAPE_EXPONENTIAL:
        return histogram_ops_for(shape, is_i64);
    default:
        return NULL;
    }
}

static const otm_bound_ops *ops_for(const otmi_instrument *instrument)
{
    bool is_i64 = instrument->desc.number == OTM_NUMBER_I64;
    const otmi_shape *shape = instrument->storage_count == 1 ? &instrument->storages[0]->shape : NULL;
    const one_storage_ops *ops = shape == NULL ? NULL : fast_ops_for(shape, is_i64);
    if (ops == NULL) {
        return is_i64 ? &any_i64_ops : &any_f64_ops;
    }
    return &ops[shape->delta || shape->tracks_idle].ops;
}

static void unbind_all(otmi_bound *bound, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        otmi_storage_unbind(&bound->targets[i]);
    }
    otmi_free(bound->instrument->core->env.allocator, bound, bound->size);
}

otm_status otmi_bound_create(otmi_instrument *instrument, const otm_attr *attrs, size_t attr_count,
                             const otm_bind_options *options, otm_bound **out)
{
    otmi_core *core = instrument->core;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_bound();
    if (!otmi_env_alive(&core->env)) {
        return OTM_ERR_SHUTDOWN;
    }
    size_t size = sizeof(otmi_bound) + instrument->storage_count * sizeof(otmi_target);
    otmi_bound *bound = otmi_alloc_zeroed(core->env.allocator, size);
    if (bound == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    bool visible = options != NULL && options->struct_size >= sizeof *options && options->visible_from_start;
    bound->plain = ops_for(instrument);
    bound->handle.ops = core->env.context_attributes ? &in_context_ops : bound->plain;
    bound->traced = instrument->traced;
    bound->instrument = instrument;
    bound->references = 1;
    bound->size = size;
    bound->target_count = instrument->storage_count;
    for (size_t i = 0; i < bound->target_count; i++) {
        otm_status st = otmi_storage_bind(instrument->storages[i], attrs, attr_count, visible, &bound->targets[i]);
        if (st != OTM_OK) {
            unbind_all(bound, i);
            return st;
        }
    }
    otmi_branch_retain(instrument->meter->branch);
    otmi_mutex_lock(&core->mu);
    bound->handle.state = OTM_LOAD_RELAXED(&instrument->handle.sync.state);
    bound->next = instrument->bounds;
    if (bound->next != NULL) {
        bound->next->prev = bound;
    }
    instrument->bounds = bound;
    otmi_mutex_unlock(&core->mu);
    *out = &bound->handle;
    return OTM_OK;
}
