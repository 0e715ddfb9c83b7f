/* The attributes of a measurement together with those of its context (OTEP 4931, "SDK changes").
 *
 * Where a provider was asked to, they are joined before anything looks at a measurement's attributes. */
#ifndef OTMI_CONTEXT_ATTRS_H
#define OTMI_CONTEXT_ATTRS_H

#include "metrics/storage.h"

/* On the stack: it points into itself. */
typedef struct otmi_context_attrs {
    const otm_attr *attrs; /* those added, then the measurement's own */
    size_t count;
    size_t added;
    otm_attr *block; /* owned; NULL: there was room */
    size_t block_size;
    otm_attr room[OTMI_STACK_ATTRS];
} otmi_context_attrs;

/* Whether the context has attributes that measurements are to take. */
static inline bool otmi_context_adds(const otmi_env *env, const otm_context *context)
{
    size_t count;
    return context != NULL && env->context_attributes && otm_context_attributes(context, &count) != NULL;
}

/* The context that the calling thread holds, or NULL; asked for whatever exemplars are wanted. */
static inline const otm_context *otmi_context_to_add(const otmi_env *env)
{
    return OTM_LOAD_RELAXED(env->context_in_use) == 0 ? NULL : otm_context_current();
}

/* Joins them: of the context's what neither the measurement's nor a later one of its own overrides. Allocates only
 * where there is no room. False: no memory; that was reported, and the measurement is dropped. Preserves errno. */
bool otmi_context_attrs_join(otmi_context_attrs *joined, const otmi_env *env, const otmi_diag_origin *origin,
                             const otm_attr *attrs, size_t attr_count, const otm_context *context);
void otmi_context_attrs_end(otmi_context_attrs *joined, const otmi_env *env);

#endif
