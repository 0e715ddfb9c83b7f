/* The thread-held context, and the host's own source of one. */
#include <otm/context.h>

typedef struct supplier {
    otm_context_supplier function;
    void *user_data;
} supplier;

/* The supplier in force, published by its address: function and user data change together. Those replaced stay, in a
 * ring, for threads that are still in them. */
static supplier suppliers[16];
static uint32_t supplier_next;
static const supplier *current_supplier;
static uint32_t in_use;

static _Thread_local const otm_context *attached;
static _Thread_local otm_context supplied;

const uint32_t *otm_context_in_use(void)
{
    return &in_use;
}

const otm_context *otm_context_attach(const otm_context *context)
{
    const otm_context *before = attached;
    attached = context;
    if (OTM_LOAD_RELAXED(&in_use) == 0) {
        __atomic_store_n(&in_use, 1, __ATOMIC_RELAXED);
    }
    return before;
}

const otm_context *otm_context_current(void)
{
    if (attached != NULL) {
        return attached;
    }
    const supplier *s = __atomic_load_n(&current_supplier, __ATOMIC_ACQUIRE);
    if (s == NULL) {
        return NULL;
    }
    otm_context_init(&supplied);
    return s->function(&supplied, s->user_data) ? &supplied : NULL;
}

void otm_context_set_supplier(otm_context_supplier function, void *user_data)
{
    supplier *s = NULL;
    if (function != NULL) {
        s = &suppliers[__atomic_fetch_add(&supplier_next, 1, __ATOMIC_RELAXED) % 16];
        *s = (supplier){function, user_data};
        __atomic_store_n(&in_use, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&current_supplier, s, __ATOMIC_RELEASE);
}
