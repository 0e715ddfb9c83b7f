/* Proxies of registered callbacks. */
#include "proxy.h"

typedef struct callback_proxy {
    otmi_proxy base;
    otm_callback callback;
    void *user_data;
    size_t instrument_count;
    otm_observable **instruments; /* with references; replaced by what they stand for when connected */
} callback_proxy;

static otm_status callback_connect(otmi_proxy *self, void *above, void **target)
{
    callback_proxy *callback = (callback_proxy *)self;
    otm_meter *meter = above;
    for (size_t i = 0; i < callback->instrument_count; i++) {
        otm_observable *proxy = callback->instruments[i];
        callback->instruments[i] = otm_observable_retain(otm_observable_behind(proxy));
        otm_observable_release(proxy);
    }
    otm_callback_handle *real = otm_noop_callback_handle();
    otm_status st = meter->ops->register_callback(meter, callback->callback, callback->user_data, callback->instruments,
                                                  callback->instrument_count, self->kept ? NULL : &real);
    *target = real;
    return st;
}

/* One that was registered for good has the no-op as its target: nothing is unregistered then. */
static void callback_fini(otmi_proxy *self, void *target)
{
    callback_proxy *callback = (callback_proxy *)self;
    otm_callback_unregister(target);
    for (size_t i = 0; i < callback->instrument_count; i++) {
        otm_observable_release(callback->instruments[i]);
    }
}

static const otmi_proxy_class callback_class = {.connect = callback_connect, .fini = callback_fini};

/* If another thread is just registering it, the callback may be running already: on return it is over. */
static void callback_unregister(otm_callback_handle *self)
{
    otmi_proxy_withdraw((otmi_proxy *)self);
    otmi_proxy_release((otmi_proxy *)self);
}

static const otm_callback_handle_ops callback_ops = {
    .size = sizeof callback_ops,
    .unregister = callback_unregister,
};

otm_status otmi_proxy_callback_create(otmi_proxy *meter, otm_callback callback, void *user_data,
                                      otm_observable *const *instruments, size_t instrument_count,
                                      otm_callback_handle **out)
{
    if (out != NULL) {
        *out = otm_noop_callback_handle();
    }
    otmi_pack pack = {0};
    (void)otmi_pack_bytes(&pack, instruments, instrument_count, sizeof *instruments);
    if (callback == NULL || instruments == NULL || instrument_count == 0 || pack.failed) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    callback_proxy *made = otmi_proxy_create(sizeof *made, &pack, &callback_class, meter);
    if (made == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    made->callback = callback;
    made->user_data = user_data;
    made->instruments = otmi_pack_bytes(&pack, instruments, instrument_count, sizeof *instruments);
    made->instrument_count = instrument_count;
    for (size_t i = 0; i < instrument_count; i++) {
        otm_observable_retain(made->instruments[i]);
    }
    made->base.handle.callback.ops = &callback_ops;
    made->base.kept = out == NULL;
    otmi_proxy *proxy;
    otm_status st = otmi_proxy_remember(&made->base, &proxy);
    if (out == NULL) {
        otmi_proxy_release(proxy); /* there is no handle; until it is connected the list holds it */
    } else if (proxy != NULL) {
        *out = &proxy->handle.callback;
    }
    return st;
}
