/* Proxies of meters. */
#include "proxy.h"

typedef struct meter_proxy {
    otmi_proxy base;
    const char *name; /* NULL as given: the SDK reports it */
    otm_meter_options options;
} meter_proxy;

/* -- Class ------------------------------------------------------------------------------------------------------- */

static otm_status meter_connect(otmi_proxy *self, void *above, void **target)
{
    const meter_proxy *meter = (const meter_proxy *)self;
    otm_meter_provider *provider = above;
    *target = provider->ops->get_meter(provider, meter->name, &meter->options);
    return *target == otm_noop_meter() ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static void meter_fini(otmi_proxy *self, void *target)
{
    (void)self;
    otm_meter_release(target);
}

static bool text_same(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool meter_equal(const otmi_proxy *a, const otmi_proxy *b)
{
    const meter_proxy *x = (const meter_proxy *)a;
    const meter_proxy *y = (const meter_proxy *)b;
    return text_same(x->name, y->name) && text_same(x->options.version, y->options.version) &&
           text_same(x->options.schema_url, y->options.schema_url) &&
           otmi_attrs_same(x->options.attributes, x->options.attribute_count, y->options.attributes,
                           y->options.attribute_count);
}

static const otmi_proxy_class meter_class = {.connect = meter_connect, .fini = meter_fini, .equal = meter_equal};

/* -- Operations -------------------------------------------------------------------------------------------------- */

static otm_status meter_create_instrument(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_instrument **out)
{
    otm_meter *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? otmi_proxy_instrument_create((otmi_proxy *)self, identity, options, out)
                          : target->ops->create_instrument(target, identity, options, out);
}

static otm_status meter_create_observable(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_observable **out)
{
    otm_meter *target = otmi_proxy_target((otmi_proxy *)self);
    return target == NULL ? otmi_proxy_observable_create((otmi_proxy *)self, identity, options, out)
                          : target->ops->create_observable(target, identity, options, out);
}

/* Also when connected by a proxy of ours: it replaces proxies among the instruments by what they stand for. */
static otm_status meter_register_callback(otm_meter *self, otm_callback callback, void *user_data,
                                          otm_observable *const *instruments, size_t instrument_count,
                                          otm_callback_handle **out)
{
    return otmi_proxy_callback_create((otmi_proxy *)self, callback, user_data, instruments, instrument_count, out);
}

static void meter_retain(otm_meter *self)
{
    otmi_proxy_retain((otmi_proxy *)self);
}

static void meter_release(otm_meter *self)
{
    otmi_proxy_release((otmi_proxy *)self);
}

static const otm_meter_ops meter_ops = {
    .size = sizeof meter_ops,
    .create_instrument = meter_create_instrument,
    .create_observable = meter_create_observable,
    .register_callback = meter_register_callback,
    .retain = meter_retain,
    .release = meter_release,
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static void meter_pack(otmi_pack *pack, meter_proxy *meter, const char *name, const otm_meter_options *given)
{
    meter->name = otmi_pack_text(pack, name);
    meter->options = *given;
    meter->options.version = otmi_pack_text(pack, given->version);
    meter->options.schema_url = otmi_pack_text(pack, given->schema_url);
    meter->options.attributes = otmi_pack_attrs(pack, given->attributes, given->attribute_count);
}

otm_meter *otmi_proxy_meter_get(const char *name, const otm_meter_options *options)
{
    otm_meter_options given;
    meter_proxy measured;
    otmi_pack pack = {0};
    /* Malformed options count as none: this call cannot fail. */
    (void)otmi_api_options_read(&given, sizeof given, options);
    if (given.attributes == NULL) {
        given.attribute_count = 0;
    }
    meter_pack(&pack, &measured, name, &given);
    meter_proxy *meter = pack.failed ? NULL : otmi_proxy_create(sizeof *meter, &pack, &meter_class, NULL);
    if (meter == NULL) {
        return otm_noop_meter();
    }
    meter_pack(&pack, meter, name, &given);
    meter->base.handle.meter.ops = &meter_ops;
    otmi_proxy *proxy;
    (void)otmi_proxy_remember(&meter->base, &proxy);
    return proxy == NULL ? otm_noop_meter() : &proxy->handle.meter;
}
