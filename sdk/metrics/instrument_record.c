/* The operations of instrument handles: what the inline calls of <otm/metrics.h> end in. */
#include "metrics/core.h"

static otmi_instrument *of(otm_instrument *self)
{
    return (otmi_instrument *)self;
}

void otmi_instrument_refuse(const otmi_instrument *instrument, double value)
{
    const otmi_core *core = instrument->core;
    if (!otmi_env_alive(&core->env)) {
        return;
    }
    otmi_diag_origin origin = {"instrument", instrument->meter->name, instrument->desc.name};
    otmi_diag_report(core->env.diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                     "a measurement of '%s' was refused: %s", instrument->desc.name,
                     fabs(value) <= DBL_MAX ? "a counter takes non-negative increments only"
                                            : "it is not a finite number");
}

const uint32_t *otmi_instrument_traced_word(const otmi_env *env)
{
    static const uint32_t never = 0;
    static const uint32_t always = 1;
    switch (env->exemplar_filter) {
    case OTM_EXEMPLARS_ALWAYS_OFF:
        return env->context_attributes ? env->context_in_use : &never;
    case OTM_EXEMPLARS_ALWAYS_ON:
        return &always;
    default:
        return env->context_in_use;
    }
}

const otm_context *otmi_context_held(const otmi_instrument *instrument)
{
    const otmi_env *env = &instrument->core->env;
    bool matters = env->exemplar_filter != OTM_EXEMPLARS_ALWAYS_OFF || env->context_attributes;
    if (OTM_LOAD_RELAXED(env->context_in_use) == 0 || !matters) {
        return NULL;
    }
    return otm_context_current();
}

static __attribute__((noinline)) void record_i64_each(otm_instrument *self, int64_t value, const otm_attr *attrs,
                                                     size_t attr_count, const otm_context *context)
{
    const otmi_instrument *instrument = of(self);
    bool taken = true;
    for (size_t i = 0; i < instrument->storage_count; i++) {
        otmi_storage *storage = instrument->storages[i];
        if (otmi_shape_takes_i64(&storage->shape, value)) {
            otmi_storage_record(storage, (otmi_number){.i64 = value}, attrs, attr_count, context);
        } else {
            taken = false;
        }
    }
    if (!taken) {
        otmi_instrument_refuse(instrument, (double)value);
    }
}

/* The common instrument has one storage. */
static inline void record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                                  const otm_context *context)
{
    otmi_storage *storage = of(self)->only_storage;
    if (__builtin_expect(storage != NULL && otmi_shape_takes_i64(&storage->shape, value), 1)) {
        otmi_storage_record(storage, (otmi_number){.i64 = value}, attrs, attr_count, context);
    } else {
        record_i64_each(self, value, attrs, attr_count, context);
    }
}

static __attribute__((noinline)) void record_f64_each(otm_instrument *self, double value, const otm_attr *attrs,
                                                     size_t attr_count, const otm_context *context)
{
    const otmi_instrument *instrument = of(self);
    bool taken = true;
    for (size_t i = 0; i < instrument->storage_count; i++) {
        otmi_storage *storage = instrument->storages[i];
        if (otmi_shape_takes_f64(&storage->shape, value)) {
            otmi_storage_record(storage, (otmi_number){.f64 = value}, attrs, attr_count, context);
        } else {
            taken = false;
        }
    }
    if (!taken) {
        otmi_instrument_refuse(instrument, value);
    }
}

/* The common instrument has one storage. */
static inline void record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                                  const otm_context *context)
{
    otmi_storage *storage = of(self)->only_storage;
    if (__builtin_expect(storage != NULL && otmi_shape_takes_f64(&storage->shape, value), 1)) {
        otmi_storage_record(storage, (otmi_number){.f64 = value}, attrs, attr_count, context);
    } else {
        record_f64_each(self, value, attrs, attr_count, context);
    }
}

static __attribute__((noinline)) void record_i64_held(otm_instrument *self, int64_t value, const otm_attr *attrs,
                                                     size_t attr_count)
{
    record_i64_ctx(self, value, attrs, attr_count, otmi_context_held(of(self)));
}

/* Where nobody traces, the context is not asked for; and this ends in a jump. */
static void record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    if (__builtin_expect(OTM_LOAD_RELAXED(of(self)->traced) != 0, 0)) {
        record_i64_held(self, value, attrs, attr_count);
    } else {
        record_i64_ctx(self, value, attrs, attr_count, NULL);
    }
}

static __attribute__((noinline)) void record_f64_held(otm_instrument *self, double value, const otm_attr *attrs,
                                                     size_t attr_count)
{
    record_f64_ctx(self, value, attrs, attr_count, otmi_context_held(of(self)));
}

/* Where nobody traces, the context is not asked for; and this ends in a jump. */
static void record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    if (__builtin_expect(OTM_LOAD_RELAXED(of(self)->traced) != 0, 0)) {
        record_f64_held(self, value, attrs, attr_count);
    } else {
        record_f64_ctx(self, value, attrs, attr_count, NULL);
    }
}

/* The typed calls never mix the number types; a caller of the tables may. A double that is a whole number fits. */
static void f64_as_i64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context)
{
    if (otmi_is_whole_i64(value)) {
        record_i64_ctx(self, (int64_t)value, attrs, attr_count, context);
    } else {
        otmi_instrument_refuse(of(self), NAN);
    }
}

static void f64_as_i64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    f64_as_i64_ctx(self, value, attrs, attr_count, otmi_context_held(of(self)));
}

static void i64_as_f64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context)
{
    record_f64_ctx(self, (double)value, attrs, attr_count, context);
}

static void i64_as_f64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    record_f64(self, (double)value, attrs, attr_count);
}

static otm_status bind(otm_instrument *self, const otm_attr *attrs, size_t attr_count, const otm_bind_options *options,
                       otm_bound **out)
{
    return otmi_bound_create(of(self), attrs, attr_count, options, out);
}

static otm_status remove_series(otm_instrument *self, const otm_attr *attrs, size_t attr_count)
{
    const otmi_instrument *instrument = of(self);
    otm_status found = OTM_ERR_NOT_FOUND;
    if (!otmi_env_alive(&instrument->core->env)) {
        return OTM_ERR_SHUTDOWN;
    }
    for (size_t i = 0; i < instrument->storage_count; i++) {
        otm_status st = otmi_storage_remove(instrument->storages[i], attrs, attr_count);
        found = st != OTM_ERR_NOT_FOUND ? st : found;
    }
    return found;
}

static void retain(otm_instrument *self)
{
    otmi_branch_retain(of(self)->meter->branch);
}

static void release(otm_instrument *self)
{
    otmi_branch_release(of(self)->meter->branch);
}

static void retain_observable(otm_observable *self)
{
    otmi_branch_retain(((otmi_instrument *)self)->meter->branch);
}

static void release_observable(otm_observable *self)
{
    otmi_branch_release(((otmi_instrument *)self)->meter->branch);
}

const otm_instrument_ops otmi_instrument_ops_i64 = {
    .size = sizeof(otm_instrument_ops),
    .record_i64 = record_i64,
    .record_f64 = f64_as_i64,
    .record_i64_ctx = record_i64_ctx,
    .record_f64_ctx = f64_as_i64_ctx,
    .bind = bind,
    .remove = remove_series,
    .retain = retain,
    .release = release,
};

const otm_instrument_ops otmi_instrument_ops_f64 = {
    .size = sizeof(otm_instrument_ops),
    .record_i64 = i64_as_f64,
    .record_f64 = record_f64,
    .record_i64_ctx = i64_as_f64_ctx,
    .record_f64_ctx = record_f64_ctx,
    .bind = bind,
    .remove = remove_series,
    .retain = retain,
    .release = release,
};

const otm_instrument_ops otmi_instrument_ops_in_context = {
    .size = sizeof(otm_instrument_ops),
    .record_i64 = otmi_in_context_record_i64,
    .record_f64 = otmi_in_context_record_f64,
    .record_i64_ctx = otmi_in_context_record_i64_ctx,
    .record_f64_ctx = otmi_in_context_record_f64_ctx,
    .bind = bind,
    .remove = remove_series,
    .retain = retain,
    .release = release,
};

const otm_observable_ops otmi_observable_ops = {
    .size = sizeof(otm_observable_ops),
    .retain = retain_observable,
    .release = release_observable,
};
