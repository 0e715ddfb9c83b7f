/* Which provider is installed, which proxies wait for one, and how they are connected. */
#include "proxy.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define MAX_REMEMBERED 4096

static struct {
    pthread_mutex_t lock;
    pthread_cond_t settled; /* told whenever `connecting` changes */

    /* Guarded by the lock. */
    otm_meter_provider *provider; /* with a reference; NULL: none, or the no-op */
    otmi_proxy *first;            /* not connected, in order of creation: parents come before their children */
    otmi_proxy *last;
    size_t count;
    bool running; /* one thread at a time connects, so that the order holds */
    pthread_t runner;
    otmi_proxy *connecting; /* the one it is at; it holds a reference to it */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .settled = PTHREAD_COND_INITIALIZER};

static void watch_forks(void);

static void lock(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch_forks);
    pthread_mutex_lock(&registry.lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&registry.lock);
}

/* The thread that was connecting does not exist in the child; what it was at stays a no-op there. */
static void unlock_in_child(void)
{
    registry.running = false;
    registry.connecting = NULL;
    pthread_cond_init(&registry.settled, NULL);
    unlock();
}

/* Without this a fork() during a change of the list would leave the child a lock that nobody opens. */
static void watch_forks(void)
{
    (void)pthread_atfork(lock, unlock, unlock_in_child);
}

/* -- The list ---------------------------------------------------------------------------------------------------- */

static void append_locked(otmi_proxy *proxy)
{
    proxy->previous = registry.last;
    proxy->next = NULL;
    *(registry.last == NULL ? &registry.first : &registry.last->next) = proxy;
    registry.last = proxy;
    registry.count++;
    proxy->listed = true;
}

static void unlink_locked(otmi_proxy *proxy)
{
    *(proxy->previous == NULL ? &registry.first : &proxy->previous->next) = proxy->next;
    *(proxy->next == NULL ? &registry.last : &proxy->next->previous) = proxy->previous;
    registry.count--;
    proxy->listed = false;
}

static otmi_proxy *find_equal_locked(const otmi_proxy *proxy)
{
    if (proxy->class->equal == NULL) {
        return NULL;
    }
    for (otmi_proxy *p = registry.first; p != NULL; p = p->next) {
        if (p->class == proxy->class && p->class->equal(p, proxy)) {
            return p;
        }
    }
    return NULL;
}

/* -- Lifetime ---------------------------------------------------------------------------------------------------- */

void *otmi_proxy_create(size_t size, otmi_pack *pack, const otmi_proxy_class *class, otmi_proxy *parent)
{
    int saved = errno;
    char *memory = calloc(1, size + pack->used);
    errno = saved;
    if (memory == NULL) {
        return NULL;
    }
    pack->base = memory + size;
    pack->used = 0;
    otmi_proxy *proxy = (otmi_proxy *)(void *)memory;
    proxy->class = class;
    proxy->references = 1;
    proxy->parent = parent;
    if (parent != NULL) {
        otmi_proxy_retain(parent);
    }
    return memory;
}

static void destroy(otmi_proxy *proxy)
{
    int saved = errno;
    proxy->class->fini(proxy, otmi_proxy_target(proxy));
    free(proxy);
    errno = saved;
}

void otmi_proxy_retain(otmi_proxy *proxy)
{
    lock();
    proxy->references++;
    unlock();
}

void otmi_proxy_release(otmi_proxy *proxy)
{
    while (proxy != NULL) {
        lock();
        bool last = --proxy->references == 0;
        if (last && proxy->listed) {
            unlink_locked(proxy);
        }
        unlock();
        if (!last) {
            return;
        }
        otmi_proxy *parent = proxy->parent;
        destroy(proxy);
        proxy = parent;
    }
}

/* -- Connecting -------------------------------------------------------------------------------------------------- */

/* What the proxy can be created from now, or NULL. */
static void *above_locked(const otmi_proxy *proxy)
{
    return proxy->parent == NULL ? registry.provider : otmi_proxy_target(proxy->parent);
}

/* A provider may be replaced and given back while a meter is being created from it, hence the reference. The parent's
 * target needs none: the proxy holds its parent. */
static void hold_above_locked(const otmi_proxy *proxy, void *above)
{
    if (proxy->parent == NULL && above != NULL) {
        ((otm_meter_provider *)above)->ops->retain(above);
    }
}

/* Connects a proxy that no other thread can connect now; `above` is held. */
static otm_status connect(otmi_proxy *proxy, void *above)
{
    void *target = NULL;
    otm_status st = proxy->class->connect(proxy, above, &target);
    /* First the target, then the state word that lets recordings through; whoever sees the latter without the former
     * (it is read relaxed) finds no target and drops that one measurement. */
    __atomic_store_n(&proxy->target, target, __ATOMIC_RELEASE);
    __atomic_store_n(&proxy->handle.instrument.state, 1, __ATOMIC_RELEASE);
    if (proxy->parent == NULL) {
        ((otm_meter_provider *)above)->ops->release(above);
    }
    return st;
}

/* Takes the first proxy that can be connected off the list, with a reference. */
static otmi_proxy *take_locked(void **above)
{
    for (otmi_proxy *p = registry.first; p != NULL; p = p->next) {
        *above = above_locked(p);
        if (*above != NULL) {
            unlink_locked(p);
            p->references += p->kept ? 0 : 1; /* what the list held becomes ours */
            hold_above_locked(p, *above);
            return p;
        }
    }
    return NULL;
}

/* Connects what can be connected. Where another thread is at it already, that thread sees the change and goes on. */
static otm_status connect_remembered(void)
{
    otm_status result = OTM_OK;
    lock();
    if (registry.running) {
        unlock();
        return OTM_OK;
    }
    registry.running = true;
    registry.runner = pthread_self();
    void *above = NULL;
    otmi_proxy *proxy;
    while ((proxy = take_locked(&above)) != NULL) {
        registry.connecting = proxy;
        unlock();
        if (connect(proxy, above) == OTM_ERR_NO_MEMORY) {
            result = OTM_ERR_NO_MEMORY;
        }
        lock();
        registry.connecting = NULL;
        pthread_cond_broadcast(&registry.settled);
        unlock();
        otmi_proxy_release(proxy);
        lock();
    }
    registry.running = false;
    unlock();
    return result;
}

void otmi_proxy_withdraw(otmi_proxy *proxy)
{
    lock();
    while (registry.connecting == proxy && !pthread_equal(registry.runner, pthread_self())) {
        pthread_cond_wait(&registry.settled, &registry.lock);
    }
    if (proxy->listed) {
        unlink_locked(proxy);
    }
    unlock();
}

otm_status otmi_proxy_remember(otmi_proxy *proxy, otmi_proxy **out)
{
    lock();
    otmi_proxy *equal = find_equal_locked(proxy);
    void *above = equal == NULL ? above_locked(proxy) : NULL;
    bool full = registry.count >= MAX_REMEMBERED;
    if (equal != NULL) {
        equal->references++;
    } else if (above != NULL) {
        hold_above_locked(proxy, above);
    } else if (!full) {
        append_locked(proxy);
        proxy->references += proxy->kept ? 1 : 0;
    }
    unlock();
    *out = equal != NULL ? equal : proxy;
    if (equal != NULL) {
        otmi_proxy_release(proxy);
    } else if (above != NULL) {
        return connect(proxy, above);
    } else if (full) {
        otmi_proxy_release(proxy);
        *out = NULL;
        return OTM_ERR_LIMIT;
    }
    return OTM_OK;
}

/* -- The installed provider -------------------------------------------------------------------------------------- */

otm_meter_provider *otmi_proxy_provider(void)
{
    lock();
    otm_meter_provider *provider = registry.provider;
    if (provider != NULL) {
        provider->ops->retain(provider);
    }
    unlock();
    return provider;
}

otm_status otmi_proxy_install(otm_meter_provider *provider)
{
    otm_meter_provider_retain(provider);
    lock();
    otm_meter_provider *old = registry.provider;
    registry.provider = provider;
    unlock();
    otm_meter_provider_release(old);
    return connect_remembered();
}
