/* Proxies of asynchronous instruments. */
#include "proxy.h"

typedef struct observable_proxy {
    otmi_proxy base;
    otm_instrument_identity identity;
    otm_instrument_options options;
} observable_proxy;

static otm_status observable_connect(otmi_proxy *self, void *above, void **target)
{
    const observable_proxy *observable = (const observable_proxy *)self;
    otm_meter *meter = above;
    otm_observable *real = otm_noop_observable();
    otm_status st = meter->ops->create_observable(meter, &observable->identity, &observable->options, &real);
    *target = real;
    return st;
}

static void observable_fini(otmi_proxy *self, void *target)
{
    (void)self;
    otm_observable_release(target);
}

static const otmi_proxy_class observable_class = {.connect = observable_connect, .fini = observable_fini};

static void observable_retain(otm_observable *self)
{
    otmi_proxy_retain((otmi_proxy *)self);
}

static void observable_release(otm_observable *self)
{
    otmi_proxy_release((otmi_proxy *)self);
}

/* NULL before it is connected. An observer takes that for "the one instrument of this callback", which is right in the
 * only case there is: a collection runs the callback given at creation just before the proxy learns of its target. */
static otm_observable *observable_behind(otm_observable *self)
{
    return otmi_proxy_target((otmi_proxy *)self);
}

static const otm_observable_ops observable_ops = {
    .size = sizeof observable_ops,
    .retain = observable_retain,
    .release = observable_release,
    .behind = observable_behind,
};

static void observable_pack(otmi_pack *pack, observable_proxy *observable, const otm_instrument_identity *identity,
                            const otm_instrument_options *given)
{
    observable->identity = *identity;
    observable->identity.name = otmi_pack_text(pack, identity->name);
    otmi_pack_instrument_options(pack, &observable->options, given);
}

otm_status otmi_proxy_observable_create(otmi_proxy *meter, const otm_instrument_identity *identity,
                                        const otm_instrument_options *options, otm_observable **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_observable();
    otm_instrument_options given;
    otm_status st = otmi_api_options_read(&given, sizeof given, options);
    if (st != OTM_OK) {
        return st;
    }
    observable_proxy measured;
    otmi_pack pack = {0};
    observable_pack(&pack, &measured, identity, &given);
    if (pack.failed) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    observable_proxy *observable = otmi_proxy_create(sizeof *observable, &pack, &observable_class, meter);
    if (observable == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    observable_pack(&pack, observable, identity, &given);
    observable->base.handle.observable.ops = &observable_ops;
    observable->base.kept = given.callback != NULL; /* that callback is registered for good */
    otmi_proxy *proxy;
    st = otmi_proxy_remember(&observable->base, &proxy);
    if (proxy != NULL) {
        *out = &proxy->handle.observable;
    }
    return st;
}
