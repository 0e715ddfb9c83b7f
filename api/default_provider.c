/* The process-wide default provider: one object for the life of the process, which passes on to the installed SDK or
 * hands out late-binding proxies. */
#include "proxy.h"

static otm_meter *default_get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    (void)self;
    otm_meter_provider *installed = otmi_proxy_provider();
    if (installed == NULL) {
        return otmi_proxy_meter_get(name, options);
    }
    otm_meter *meter = installed->ops->get_meter(installed, name, options);
    installed->ops->release(installed);
    return meter;
}

static void default_ignore(otm_meter_provider *self)
{
    (void)self;
}

static const otm_meter_provider_ops default_ops = {
    .size = sizeof default_ops,
    .get_meter = default_get_meter,
    .retain = default_ignore,
    .release = default_ignore,
};

static otm_meter_provider default_provider = {.ops = &default_ops};

otm_meter_provider *otm_default_meter_provider(void)
{
    return &default_provider;
}

otm_status otm_set_default_meter_provider(otm_meter_provider *provider)
{
    if (provider == &default_provider) {
        return OTM_ERR_INVALID_ARGUMENT; /* it would pass every call on to itself */
    }
    /* The no-op counts as none: were objects made earlier connected to it, they could not come alive later. */
    return otmi_proxy_install(provider == otm_noop_meter_provider() ? NULL : provider);
}
