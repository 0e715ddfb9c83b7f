/* Proxies of synchronous instruments. */
#include "proxy.h"

typedef struct instrument_proxy {
    otmi_proxy base;
    otm_instrument_identity identity;
    otm_instrument_options options;
} instrument_proxy;

/* -- Class ------------------------------------------------------------------------------------------------------- */

static otm_status instrument_connect(otmi_proxy *self, void *above, void **target)
{
    const instrument_proxy *instrument = (const instrument_proxy *)self;
    otm_meter *meter = above;
    otm_instrument *real = otm_noop_instrument();
    otm_status st = meter->ops->create_instrument(meter, &instrument->identity, &instrument->options, &real);
    *target = real;
    return st;
}

static void instrument_fini(otmi_proxy *self, void *target)
{
    (void)self;
    if (target != NULL) {
        ((otm_instrument *)target)->ops->release(target);
    }
}

static const otmi_proxy_class instrument_class = {.connect = instrument_connect, .fini = instrument_fini};

/* -- Operations -------------------------------------------------------------------------------------------------- */

/* The real instrument if a measurement would go anywhere, else NULL. */
static otm_instrument *listening(const otm_instrument *self)
{
    otm_instrument *target = otmi_proxy_target((const otmi_proxy *)self);
    return target != NULL && OTM_LOAD_RELAXED(&target->state) != 0 ? target : NULL;
}

static void instrument_record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *target = listening(self);
    if (target != NULL) {
        target->ops->record_i64(target, value, attrs, attr_count);
    }
}

static void instrument_record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *target = listening(self);
    if (target != NULL) {
        target->ops->record_f64(target, value, attrs, attr_count);
    }
}

static void instrument_record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                                      const otm_context *context)
{
    otm_instrument *target = listening(self);
    if (target != NULL) {
        target->ops->record_i64_ctx(target, value, attrs, attr_count, context);
    }
}

static void instrument_record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                                      const otm_context *context)
{
    otm_instrument *target = listening(self);
    if (target != NULL) {
        target->ops->record_f64_ctx(target, value, attrs, attr_count, context);
    }
}

static otm_status instrument_bind(otm_instrument *self, const otm_attr *attrs, size_t attr_count,
                                  const otm_bind_options *options, otm_bound **out)
{
    otm_instrument *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? otmi_proxy_bound_create((otmi_proxy *)self, attrs, attr_count, options, out)
                          : target->ops->bind(target, attrs, attr_count, options, out);
}

static otm_status instrument_remove(otm_instrument *self, const otm_attr *attrs, size_t attr_count)
{
    otm_instrument *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? OTM_ERR_NOT_FOUND : target->ops->remove(target, attrs, attr_count);
}

static void instrument_retain(otm_instrument *self)
{
    otmi_proxy_retain((otmi_proxy *)self);
}

static void instrument_release(otm_instrument *self)
{
    otmi_proxy_release((otmi_proxy *)self);
}

/* The proxy's own state says only that it is connected; the real instrument can be switched off and on later. */
static bool instrument_enabled(const otm_instrument *self)
{
    return otm_instrument_enabled(otmi_proxy_target((const otmi_proxy *)self));
}

static const otm_instrument_ops instrument_ops = {
    .size = sizeof instrument_ops,
    .record_i64 = instrument_record_i64,
    .record_f64 = instrument_record_f64,
    .record_i64_ctx = instrument_record_i64_ctx,
    .record_f64_ctx = instrument_record_f64_ctx,
    .bind = instrument_bind,
    .remove = instrument_remove,
    .retain = instrument_retain,
    .release = instrument_release,
    .enabled = instrument_enabled,
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static void instrument_pack(otmi_pack *pack, instrument_proxy *instrument, const otm_instrument_identity *identity,
                            const otm_instrument_options *given)
{
    instrument->identity = *identity;
    instrument->identity.name = otmi_pack_text(pack, identity->name);
    otmi_pack_instrument_options(pack, &instrument->options, given);
}

otm_status otmi_proxy_instrument_create(otmi_proxy *meter, const otm_instrument_identity *identity,
                                        const otm_instrument_options *options, otm_instrument **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_instrument();
    otm_instrument_options given;
    otm_status st = otmi_api_options_read(&given, sizeof given, options);
    if (st != OTM_OK) {
        return st;
    }
    instrument_proxy measured;
    otmi_pack pack = {0};
    instrument_pack(&pack, &measured, identity, &given);
    if (pack.failed) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    instrument_proxy *instrument = otmi_proxy_create(sizeof *instrument, &pack, &instrument_class, meter);
    if (instrument == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    instrument_pack(&pack, instrument, identity, &given);
    instrument->base.handle.instrument.ops = &instrument_ops;
    otmi_proxy *proxy;
    st = otmi_proxy_remember(&instrument->base, &proxy);
    if (proxy != NULL) {
        *out = &proxy->handle.instrument;
    }
    return st;
}
