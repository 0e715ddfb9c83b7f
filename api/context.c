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

#if defined(OTMI_TLS_INITIAL_EXEC)
#define TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define TLS_MODEL
#endif

/* Every recording asks for the first where somebody traces. Of the memory that libraries loaded late have for words as
 * quick to reach there is little: hence the second has none of it. */
static _Thread_local const otm_context *attached TLS_MODEL;
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

static __attribute__((noinline)) const otm_context *ask(const supplier *s)
{
    otm_context_init(&supplied);
    return s->function(&supplied, s->user_data) ? &supplied : NULL;
}

const otm_context *otm_context_current(void)
{
    if (attached != NULL) {
        return attached;
    }
    const supplier *s = __atomic_load_n(&current_supplier, __ATOMIC_ACQUIRE);
    return s == NULL ? NULL : ask(s);
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
