#include "prom_bodies.h"

#include <stdatomic.h>

#include "util/alloc.h"

/* What a body that is kept may be larger than the one expected, so that a huge exposition is not paid for ever. */
#define LARGEST_RATIO 4
#define LARGEST_SURPLUS ((size_t)64 << 10)

/* Lies in the memory of the body itself. */
typedef struct kept_body {
    size_t size;
} kept_body;

/* Without a lock: a response may be freed in the child of a fork(), where nobody would give a lock back. */
struct otmi_prom_bodies {
    otm_allocator allocator; /* of the buffers, and thereby of the responses: takes bodies back */
    const otm_allocator *host;
    _Atomic uint32_t users;    /* the exporter and each body that is out */
    _Atomic(kept_body *) kept; /* may be NULL */
};

static void leave(otmi_prom_bodies *bodies)
{
    if (atomic_fetch_sub_explicit(&bodies->users, 1, memory_order_acq_rel) != 1) {
        return;
    }
    kept_body *kept = atomic_load_explicit(&bodies->kept, memory_order_relaxed);
    otmi_free(bodies->host, kept, kept != NULL ? kept->size : 0);
    otmi_free(bodies->host, bodies, sizeof *bodies);
}

static void enter(otmi_prom_bodies *bodies)
{
    atomic_fetch_add_explicit(&bodies->users, 1, memory_order_relaxed);
}

/* -- As an allocator --------------------------------------------------------------------------------------------- */

static void *body_alloc(void *context, size_t size)
{
    otmi_prom_bodies *bodies = context;
    void *body = otmi_alloc(bodies->host, size);
    if (body != NULL) {
        enter(bodies);
    }
    return body;
}

static void *body_resize(void *context, void *body, size_t old_size, size_t new_size)
{
    otmi_prom_bodies *bodies = context;
    return otmi_resize(bodies->host, body, old_size, new_size);
}

static void body_release(void *context, void *body, size_t size)
{
    otmi_prom_bodies *bodies = context;
    kept_body *none = NULL;
    kept_body *freed = body;
    if (size >= sizeof *freed) {
        freed->size = size;
    }
    if (size < sizeof *freed ||
        !atomic_compare_exchange_strong_explicit(&bodies->kept, &none, freed, memory_order_release,
                                                 memory_order_relaxed)) {
        otmi_free(bodies->host, body, size);
    }
    leave(bodies);
}

/* -- For the exporter -------------------------------------------------------------------------------------------- */

otmi_prom_bodies *otmi_prom_bodies_create(const otm_allocator *allocator)
{
    otmi_prom_bodies *bodies = otmi_alloc_zeroed(allocator, sizeof *bodies);
    if (bodies != NULL) {
        bodies->allocator = (otm_allocator){bodies, body_alloc, body_resize, body_release};
        bodies->host = allocator;
        atomic_init(&bodies->users, 1);
    }
    return bodies;
}

void otmi_prom_bodies_release(otmi_prom_bodies *bodies)
{
    if (bodies != NULL) {
        leave(bodies);
    }
}

void otmi_prom_body_init(otmi_buf *body, otmi_prom_bodies *bodies, size_t maximum, size_t expected)
{
    otmi_buf_init(body, &bodies->allocator, maximum);
    kept_body *kept = atomic_exchange_explicit(&bodies->kept, NULL, memory_order_acquire);
    if (kept == NULL) {
        return;
    }
    size_t size = kept->size;
    if (size > LARGEST_SURPLUS && (size - LARGEST_SURPLUS) / LARGEST_RATIO > expected) {
        otmi_free(bodies->host, kept, size);
        return;
    }
    enter(bodies);
    body->data = (char *)kept;
    body->capacity = size;
}
