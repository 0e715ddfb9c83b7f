#include "metrics/context_attrs.h"

#include <errno.h>

#include "util/alloc.h"

static bool hold_key(const otm_attr *attrs, size_t count, const otm_attr *attr)
{
    for (size_t i = 0; i < count; i++) {
        if (otmi_attr_key_equal(&attrs[i], attr)) {
            return true;
        }
    }
    return false;
}

/* Where to join so many; NULL without memory, and in a forked child. */
static otm_attr *make_room(otmi_context_attrs *joined, const otmi_env *env, const otmi_diag_origin *origin,
                           size_t count)
{
    joined->block = NULL;
    if (count <= OTMI_STACK_ATTRS) {
        return joined->room;
    }
    if (!otmi_env_alive(env)) {
        return NULL;
    }
    int saved_errno = errno;
    joined->block_size = count * sizeof *joined->block;
    joined->block = otmi_alloc_array(env->allocator, count, sizeof *joined->block);
    if (joined->block == NULL) {
        otmi_diag_report(env->diag, OTM_ERROR, OTM_ERR_NO_MEMORY, origin,
                         "no memory for a measurement of '%s' with the attributes of its context: it was dropped",
                         origin->instrument);
    }
    errno = saved_errno;
    return joined->block;
}

bool otmi_context_attrs_join(otmi_context_attrs *joined, const otmi_env *env, const otmi_diag_origin *origin,
                             const otm_attr *attrs, size_t attr_count, const otm_context *context)
{
    size_t scoped_count;
    const otm_attr *scoped = otm_context_attributes(context, &scoped_count);
    size_t own_count = attrs == NULL ? 0 : attr_count;
    joined->added = 0;
    otm_attr *to = make_room(joined, env, origin, scoped_count + own_count);
    if (to == NULL) {
        return false;
    }
    for (size_t i = 0; i < scoped_count; i++) {
        if (!hold_key(attrs, own_count, &scoped[i]) && !hold_key(&scoped[i + 1], scoped_count - i - 1, &scoped[i])) {
            to[joined->added++] = scoped[i];
        }
    }
    for (size_t i = 0; i < own_count; i++) {
        to[joined->added + i] = attrs[i];
    }
    joined->attrs = to;
    joined->count = joined->added + own_count;
    return true;
}

void otmi_context_attrs_end(otmi_context_attrs *joined, const otmi_env *env)
{
    if (joined->block != NULL) {
        int saved_errno = errno;
        otmi_free(env->allocator, joined->block, joined->block_size);
        errno = saved_errno;
    }
}
