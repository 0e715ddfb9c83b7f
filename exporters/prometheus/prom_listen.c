#include "prom_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64
#define MOST_TRIES 16 /* to find one port that is free on all addresses */

/* -- Addresses --------------------------------------------------------------------------------------------------- */

typedef struct address {
    struct sockaddr_storage storage;
    socklen_t size;
} address;

typedef struct address_list {
    address items[OTMI_PROM_MAX_LISTENERS];
    size_t count;
} address_list;

static void add_address(address_list *list, const void *socket_address, size_t size)
{
    if (list->count < OTMI_PROM_MAX_LISTENERS && size <= sizeof list->items[0].storage) {
        address *added = &list->items[list->count++];
        memcpy(&added->storage, socket_address, size);
        added->size = (socklen_t)size;
    }
}

/* Both loopback addresses, whatever the resolver has to say about the name. */
static void add_loopback(address_list *list)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    add_address(list, &v4, sizeof v4);
    add_address(list, &v6, sizeof v6);
}

static otm_status find_addresses(const char *host, address_list *list, const char **reason)
{
    if (strcmp(host, "localhost") == 0) {
        add_loopback(list);
        return OTM_OK;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        *reason = gai_strerror(error);
        return error == EAI_MEMORY ? OTM_ERR_NO_MEMORY : OTM_ERR_INVALID_ARGUMENT;
    }
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        add_address(list, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(found);
    return OTM_OK;
}

/* The port stands at the same place in both families. */
static void set_port(address *a, uint32_t port)
{
    if (a->storage.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&a->storage)->sin6_port = htons((uint16_t)port);
    } else {
        ((struct sockaddr_in *)&a->storage)->sin_port = htons((uint16_t)port);
    }
}

static uint32_t port_of(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

static void describe(const address *a, char *text, size_t size)
{
    const void *bytes = a->storage.ss_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)&a->storage)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)&a->storage)->sin_addr;
    if (inet_ntop(a->storage.ss_family, bytes, text, (socklen_t)size) == NULL) {
        snprintf(text, size, "?");
    }
}

/* -- Sockets ----------------------------------------------------------------------------------------------------- */

/* "::" means all interfaces of both families; any other IPv6 address means itself. */
static int wants_v6_only(const address *a)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->storage;
    return memcmp(&v6->sin6_addr, &in6addr_any, sizeof in6addr_any) != 0;
}

/* A listening socket, or -1 with errno set. */
static int open_socket(const address *a)
{
    int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1; /* a restart need not wait for connections of the last run to be forgotten */
    bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (ok && a->storage.ss_family == AF_INET6) {
        int only = wants_v6_only(a);
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0;
    }
    ok = ok && bind(fd, (const struct sockaddr *)&a->storage, a->size) == 0 && listen(fd, BACKLOG) == 0;
    if (!ok) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool machine_lacks(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static otm_status status_of(int error)
{
    if (machine_lacks(error)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    return error == EADDRINUSE                      ? OTM_ERR_IN_USE
           : error == ENOMEM || error == ENOBUFS ? OTM_ERR_NO_MEMORY
                                                    : OTM_ERR_IO;
}

static const char *reason_of(int error)
{
    const char *text = strerrordesc_np(error);
    return text != NULL ? text : "unknown error";
}

static void close_all(otmi_prom_listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++) {
        close(listeners->fds[i]);
    }
    listeners->count = 0;
}

/* Opens all addresses on `port`, or on the one that the first of them is given. */
static otm_status open_all(address_list *list, uint32_t port, otmi_prom_listeners *out)
{
    otm_status st = OTM_ERR_INVALID_ARGUMENT;
    out->port = port;
    for (size_t i = 0; i < list->count; i++) {
        set_port(&list->items[i], out->port);
        int fd = open_socket(&list->items[i]);
        if (fd >= 0) {
            out->fds[out->count++] = fd;
            out->port = port_of(fd);
            continue;
        }
        int error = errno;
        if (out->count == 0 || !machine_lacks(error)) {
            st = status_of(error);
            out->reason = reason_of(error);
            describe(&list->items[i], out->address, sizeof out->address);
        }
        if (!machine_lacks(error)) {
            close_all(out);
            return st;
        }
    }
    return out->count > 0 ? OTM_OK : st;
}

otm_status otmi_prom_listen(const char *host, uint32_t port, otmi_prom_listeners *out)
{
    address_list list = {.count = 0};
    *out = (otmi_prom_listeners){.reason = "no address"};
    snprintf(out->address, sizeof out->address, "%s", host);
    otm_status st = find_addresses(host, &list, &out->reason);
    if (st != OTM_OK) {
        return st;
    }
    st = open_all(&list, port, out);
    /* A port that is free on the first address may be taken on the next. */
    for (int tries = 1; port == 0 && st == OTM_ERR_IN_USE && tries < MOST_TRIES; tries++) {
        st = open_all(&list, port, out);
    }
    return st;
}

/* -- fork() ------------------------------------------------------------------------------------------------------ */

#define WATCHED 64

/* Descriptor + 1; 0 is free. Any thread sets and clears a slot with an atomic exchange, so a slot has one owner. The
 * child's hook runs while no other thread exists. No other data hangs on a slot: relaxed order is enough. */
static _Atomic int watched[WATCHED];
static pthread_once_t hook_once = PTHREAD_ONCE_INIT;

static void close_in_child(void)
{
    for (size_t i = 0; i < WATCHED; i++) {
        int slot = atomic_exchange_explicit(&watched[i], 0, memory_order_relaxed);
        if (slot != 0) {
            close(slot - 1);
        }
    }
}

static void install_hook(void)
{
    (void)pthread_atfork(NULL, NULL, close_in_child);
}

void otmi_prom_watch(int fd)
{
    pthread_once(&hook_once, install_hook);
    for (size_t i = 0; i < WATCHED; i++) {
        int free_slot = 0;
        if (atomic_compare_exchange_strong_explicit(&watched[i], &free_slot, fd + 1, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            return;
        }
    }
}

void otmi_prom_forget(int fd)
{
    for (size_t i = 0; i < WATCHED; i++) {
        int slot = fd + 1;
        if (atomic_compare_exchange_strong_explicit(&watched[i], &slot, 0, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            return;
        }
    }
}
