/* Recording where contexts have a say in attributes. Such instruments have a table of operations of their own, so that
 * the others do not ask; it hands on to the plain one. */
#include "metrics/context_attrs.h"
#include "metrics/core.h"

static const otmi_instrument *of(const otm_instrument *self)
{
    return (const otmi_instrument *)self;
}

static const otm_instrument_ops *plain(const otm_instrument *self)
{
    return of(self)->desc.number == OTM_NUMBER_I64 ? &otmi_instrument_ops_i64 : &otmi_instrument_ops_f64;
}

static bool adds(const otm_instrument *self, const otm_context *context)
{
    return otmi_context_adds(&of(self)->core->env, context);
}

static bool join(otmi_context_attrs *all, const otm_instrument *self, const otm_attr *attrs, size_t attr_count,
                 const otm_context *context)
{
    const otmi_instrument *instrument = of(self);
    otmi_diag_origin origin = {"instrument", instrument->meter->name, instrument->desc.name};
    return otmi_context_attrs_join(all, &instrument->core->env, &origin, attrs, attr_count, context);
}

/* The joined attributes take kilobytes of the stack: not where there are none. */
static __attribute__((noinline)) void record_joined_i64(otm_instrument *self, int64_t value, const otm_attr *attrs,
                                                        size_t attr_count, const otm_context *context)
{
    otmi_context_attrs all;
    if (join(&all, self, attrs, attr_count, context)) {
        plain(self)->record_i64_ctx(self, value, all.attrs, all.count, context);
        otmi_context_attrs_end(&all, &of(self)->core->env);
    }
}

static __attribute__((noinline)) void record_joined_f64(otm_instrument *self, double value, const otm_attr *attrs,
                                                        size_t attr_count, const otm_context *context)
{
    otmi_context_attrs all;
    if (join(&all, self, attrs, attr_count, context)) {
        plain(self)->record_f64_ctx(self, value, all.attrs, all.count, context);
        otmi_context_attrs_end(&all, &of(self)->core->env);
    }
}

void otmi_in_context_record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                                    const otm_context *context)
{
    if (adds(self, context)) {
        record_joined_i64(self, value, attrs, attr_count, context);
    } else {
        plain(self)->record_i64_ctx(self, value, attrs, attr_count, context);
    }
}

void otmi_in_context_record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                                    const otm_context *context)
{
    if (adds(self, context)) {
        record_joined_f64(self, value, attrs, attr_count, context);
    } else {
        plain(self)->record_f64_ctx(self, value, attrs, attr_count, context);
    }
}

void otmi_in_context_record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    otmi_in_context_record_i64_ctx(self, value, attrs, attr_count, otmi_context_to_add(&of(self)->core->env));
}

void otmi_in_context_record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    otmi_in_context_record_f64_ctx(self, value, attrs, attr_count, otmi_context_to_add(&of(self)->core->env));
}
