/* Late-binding proxies: what the default provider hands out while no SDK is installed.
 *
 * A proxy remembers how it was made. When an SDK is installed each is connected, in the order of creation: the real
 * object is created and becomes the proxy's target, to which every later call is passed on. Before that recording stops
 * at the `state` word, as with a no-op. A target never changes once it is set.
 *
 * Who may touch what: `target` and the handle's `state` are atomic, written once by the thread that connects; the list
 * links, `references` and `listed` belong to the registry's lock; everything else never changes after creation.
 * The lock is held for a few instructions only and never while an implementation's code runs, apart from retain(). */
#ifndef OTMI_PROXY_H
#define OTMI_PROXY_H

#include <otm/metrics.h>

#include "pack.h"

typedef struct otmi_proxy otmi_proxy;

typedef struct otmi_proxy_class {
    /* Makes the real object. `above` is the parent's target, for a meter the provider. *target is usable whatever is
     * returned: implementations give no-ops where they fail. Called once, without the lock. */
    otm_status (*connect)(otmi_proxy *self, void *above, void **target);
    /* Gives the real object back, if there is one, and whatever else the proxy holds. Called without the lock. */
    void (*fini)(otmi_proxy *self, void *target);
    /* Whether both would make the same object; NULL: never. */
    bool (*equal)(const otmi_proxy *a, const otmi_proxy *b);
} otmi_proxy_class;

struct otmi_proxy {
    union {
        otm_meter meter;
        otm_instrument instrument;
        otm_bound bound;
        otm_observable observable;
        otm_callback_handle callback;
    } handle; /* first, so that a handle is a proxy's address */
    const otmi_proxy_class *class;
    otmi_proxy *parent; /* with a reference; NULL for meters */
    void *target;
    otmi_proxy *previous;
    otmi_proxy *next;
    size_t references;
    bool listed;
    bool kept; /* the list holds a reference too: it has to come alive even if its handle was given back */
};

/* NULL before the proxy is connected. Lock-free and safe in a signal handler. The acquire pairs with the release of the
 * connecting thread, so that the real object's contents are seen as well. */
static inline void *otmi_proxy_target(const otmi_proxy *proxy)
{
    return __atomic_load_n(&proxy->target, __ATOMIC_ACQUIRE);
}

/* A zeroed object of `size` bytes that begins with an otmi_proxy, with room for what `pack` measured; the pack is set
 * up to fill that room. The caller holds the only reference. NULL: no memory. Preserves errno. */
void *otmi_proxy_create(size_t size, otmi_pack *pack, const otmi_proxy_class *class, otmi_proxy *parent);

/* Puts a new proxy at the end of the list of those to be connected, or connects it now if that is possible by now.
 * Consumes the caller's reference. *out is the proxy, an equal one that was there before, or NULL on failure.
 * Fails: OTM_ERR_LIMIT, and whatever connecting fails with. */
otm_status otmi_proxy_remember(otmi_proxy *proxy, otmi_proxy **out);

void otmi_proxy_retain(otmi_proxy *proxy);
void otmi_proxy_release(otmi_proxy *proxy);

/* From now on nobody begins to connect this proxy, and no other thread is in the middle of it. */
void otmi_proxy_withdraw(otmi_proxy *proxy);

/* The installed provider with a reference, or NULL. */
otm_meter_provider *otmi_proxy_provider(void);

/* Replaces the installed provider (NULL: none) and connects what can be connected.
 * Fails: OTM_ERR_NO_MEMORY */
otm_status otmi_proxy_install(otm_meter_provider *provider);

/* Constructors of the kinds of proxies; *out is set in any case. */
otm_meter *otmi_proxy_meter_get(const char *name, const otm_meter_options *options);
otm_status otmi_proxy_instrument_create(otmi_proxy *meter, const otm_instrument_identity *identity,
                                        const otm_instrument_options *options, otm_instrument **out);
otm_status otmi_proxy_bound_create(otmi_proxy *instrument, const otm_attr *attrs, size_t attr_count,
                                   const otm_bind_options *options, otm_bound **out);
otm_status otmi_proxy_observable_create(otmi_proxy *meter, const otm_instrument_identity *identity,
                                        const otm_instrument_options *options, otm_observable **out);
otm_status otmi_proxy_callback_create(otmi_proxy *meter, otm_callback callback, void *user_data,
                                      otm_observable *const *instruments, size_t instrument_count,
                                      otm_callback_handle **out);

#endif
