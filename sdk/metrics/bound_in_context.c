/* Recording through bound handles where contexts add attributes: ahead of the plain operations, which follow in a
 * context that has none. */
#include "metrics/context_attrs.h"
#include "metrics/core.h"

static otmi_bound *of(otm_bound *self)
{
    return (otmi_bound *)self;
}

static bool is_i64(otm_bound *self)
{
    return of(self)->instrument->desc.number == OTM_NUMBER_I64;
}

static bool adds(otm_bound *self, const otm_context *context)
{
    return otmi_context_adds(&of(self)->instrument->core->env, context);
}

/* A value of the instrument's own number. */
static void record(otm_bound *self, otmi_number value, const otm_context *context)
{
    otmi_bound *bound = of(self);
    bool taken = true;
    for (size_t i = 0; i < bound->target_count; i++) {
        otmi_target *target = &bound->targets[i];
        const otmi_shape *shape = &target->storage->shape;
        if (is_i64(self) ? otmi_shape_takes_i64(shape, value.i64) : otmi_shape_takes_f64(shape, value.f64)) {
            otmi_target_record_in_context(target, value, context);
        } else {
            taken = false;
        }
    }
    if (!taken) {
        otmi_instrument_refuse(bound->instrument, is_i64(self) ? (double)value.i64 : value.f64);
    }
}

void otmi_in_context_bound_i64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    if (!adds(self, context)) {
        of(self)->plain->record_i64_ctx(self, value, context);
    } else if (is_i64(self)) {
        record(self, (otmi_number){.i64 = value}, context);
    } else {
        record(self, (otmi_number){.f64 = (double)value}, context);
    }
}

void otmi_in_context_bound_f64_ctx(otm_bound *self, double value, const otm_context *context)
{
    if (!adds(self, context) || (is_i64(self) && !otmi_is_whole_i64(value))) {
        of(self)->plain->record_f64_ctx(self, value, context); /* which refuses what is not a whole number */
    } else if (is_i64(self)) {
        record(self, (otmi_number){.i64 = (int64_t)value}, context);
    } else {
        record(self, (otmi_number){.f64 = value}, context);
    }
}

void otmi_in_context_bound_i64(otm_bound *self, int64_t value)
{
    const otm_context *context = otmi_context_to_add(&of(self)->instrument->core->env);
    if (adds(self, context)) {
        otmi_in_context_bound_i64_ctx(self, value, context);
    } else {
        of(self)->plain->record_i64(self, value);
    }
}

void otmi_in_context_bound_f64(otm_bound *self, double value)
{
    const otm_context *context = otmi_context_to_add(&of(self)->instrument->core->env);
    if (adds(self, context)) {
        otmi_in_context_bound_f64_ctx(self, value, context);
    } else {
        of(self)->plain->record_f64(self, value);
    }
}
