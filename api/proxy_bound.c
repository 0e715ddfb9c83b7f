/* Proxies of bound handles. */
#include "proxy.h"

typedef struct bound_proxy {
    otmi_proxy base;
    const otm_attr *attrs;
    size_t attr_count;
    otm_bind_options options;
} bound_proxy;

/* -- Class ------------------------------------------------------------------------------------------------------- */

static otm_status bound_connect(otmi_proxy *self, void *above, void **target)
{
    const bound_proxy *bound = (const bound_proxy *)self;
    otm_instrument *instrument = above;
    otm_bound *real = otm_noop_bound();
    otm_status st = instrument->ops->bind(instrument, bound->attrs, bound->attr_count, &bound->options, &real);
    *target = real;
    return st;
}

static void bound_fini(otmi_proxy *self, void *target)
{
    (void)self;
    if (target != NULL) {
        ((otm_bound *)target)->ops->release(target);
    }
}

static const otmi_proxy_class bound_class = {.connect = bound_connect, .fini = bound_fini};

/* -- Operations -------------------------------------------------------------------------------------------------- */

/* The real handle if a measurement would go anywhere, else NULL. */
static otm_bound *listening(const otm_bound *self)
{
    otm_bound *target = otmi_proxy_target((const otmi_proxy *)self);
    return target != NULL && OTM_LOAD_RELAXED(&target->state) != 0 ? target : NULL;
}

static void bound_record_i64(otm_bound *self, int64_t value)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->record_i64(target, value);
    }
}

static void bound_record_f64(otm_bound *self, double value)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->record_f64(target, value);
    }
}

static void bound_record_i64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->record_i64_ctx(target, value, context);
    }
}

static void bound_record_f64_ctx(otm_bound *self, double value, const otm_context *context)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->record_f64_ctx(target, value, context);
    }
}

static void bound_add_from_signal_i64(otm_bound *self, int64_t value)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->add_from_signal_i64(target, value);
    }
}

static void bound_add_from_signal_f64(otm_bound *self, double value)
{
    otm_bound *target = listening(self);
    if (target != NULL) {
        target->ops->add_from_signal_f64(target, value);
    }
}

static otm_status bound_peek(otm_bound *self, otm_series_value *out)
{
    otm_bound *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? OTM_ERR_NOT_FOUND : target->ops->peek(target, out);
}

static otm_status bound_rebind(otm_bound *self)
{
    otm_bound *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? OTM_OK : target->ops->rebind(target);
}

static void bound_retain(otm_bound *self)
{
    otmi_proxy_retain((otmi_proxy *)self);
}

static void bound_release(otm_bound *self)
{
    otmi_proxy_release((otmi_proxy *)self);
}

static const otm_bound_ops bound_ops = {
    .size = sizeof bound_ops,
    .record_i64 = bound_record_i64,
    .record_f64 = bound_record_f64,
    .record_i64_ctx = bound_record_i64_ctx,
    .record_f64_ctx = bound_record_f64_ctx,
    .add_from_signal_i64 = bound_add_from_signal_i64,
    .add_from_signal_f64 = bound_add_from_signal_f64,
    .peek = bound_peek,
    .rebind = bound_rebind,
    .retain = bound_retain,
    .release = bound_release,
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

otm_status otmi_proxy_bound_create(otmi_proxy *instrument, const otm_attr *attrs, size_t attr_count,
                                   const otm_bind_options *options, otm_bound **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_bound();
    otm_bind_options given;
    otm_status st = otmi_api_options_read(&given, sizeof given, options);
    if (st != OTM_OK) {
        return st;
    }
    otmi_pack pack = {0};
    (void)otmi_pack_attrs(&pack, attrs, attr_count);
    if (pack.failed || (attrs == NULL && attr_count > 0)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    bound_proxy *bound = otmi_proxy_create(sizeof *bound, &pack, &bound_class, instrument);
    if (bound == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    bound->attrs = otmi_pack_attrs(&pack, attrs, attr_count);
    bound->attr_count = attr_count;
    bound->options = given;
    bound->base.handle.bound.ops = &bound_ops;
    bound->base.kept = given.visible_from_start; /* its series is to be seen even if the handle was given back */
    otmi_proxy *proxy;
    st = otmi_proxy_remember(&bound->base, &proxy);
    if (proxy != NULL) {
        *out = &proxy->handle.bound;
    }
    return st;
}
