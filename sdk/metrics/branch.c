#include "metrics/branch.h"

#include "metrics/core.h"
#include "metrics/resource.h"
#include "util/alloc.h"

static otmi_branch *of(otm_meter_provider *self)
{
    return (otmi_branch *)self;
}

static otm_meter *get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    return otmi_meter_get(of(self)->home, name, options);
}

static void retain(otm_meter_provider *self)
{
    otmi_branch_retain(of(self));
}

static void release(otm_meter_provider *self)
{
    otmi_branch_release(of(self));
}

static const otm_meter_provider_ops provider_ops = {sizeof(otm_meter_provider_ops), get_meter, retain, release};

otmi_branch *otmi_branch_of(otm_meter_provider *provider)
{
    return provider != NULL && provider->ops == &provider_ops ? of(provider) : NULL;
}

/* -- Life ---------------------------------------------------------------------------------------------------------- */

static void init(otmi_branch *branch, otmi_core *core, otmi_branch *home, otm_resource *resource)
{
    *branch = (otmi_branch){
        .handle = {&provider_ops, 1}, .core = core, .home = home, .resource = resource, .references = 1};
}

void otmi_branch_init_root(otmi_branch *root, otmi_core *core)
{
    init(root, core, root, NULL);
}

void otmi_branch_fini(otmi_branch *branch)
{
    for (size_t i = 0; i < branch->meter_count; i++) {
        otmi_meter_destroy(branch->meters[i]);
    }
    otmi_free(branch->core->env.allocator, branch->meters, branch->meter_capacity * sizeof *branch->meters);
    otm_resource_release(branch->resource);
}

void otmi_branch_retain(otmi_branch *branch)
{
    /* Relaxed: whoever retains holds a reference already, or the core's lock. */
    __atomic_add_fetch(&branch->references, 1, __ATOMIC_RELAXED);
}

/* False: this may be the last one. Release: what its holder recorded comes before whatever the last one does. */
static bool drop_one_of_several(otmi_branch *branch)
{
    uint32_t references = __atomic_load_n(&branch->references, __ATOMIC_RELAXED);
    while (references > 1) {
        if (__atomic_compare_exchange_n(&branch->references, &references, references - 1, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

/* The last one goes under the lock, so that nobody finds the child between its last reference and its end. */
static void drop_perhaps_last(otmi_branch *child)
{
    otmi_core *core = child->core;
    otmi_mutex_lock(&core->mu);
    bool last = __atomic_sub_fetch(&child->references, 1, __ATOMIC_ACQ_REL) == 0;
    if (last) {
        otmi_callbacks_end_locked(core, child);
        child->listed = child->shown = child->passed = 0;
    }
    otmi_mutex_unlock(&core->mu);
    if (last) {
        otmi_branch_release(&core->root);
    }
}

void otmi_branch_release(otmi_branch *branch)
{
    otmi_core *core = branch->core;
    if (otmi_branch_is_root(branch)) {
        if (__atomic_sub_fetch(&branch->references, 1, __ATOMIC_ACQ_REL) == 0 && otmi_env_alive(&core->env)) {
            otmi_core_end(core);
        }
    } else if (!drop_one_of_several(branch) && otmi_env_alive(&core->env)) {
        drop_perhaps_last(branch);
    }
}

/* -- Children ------------------------------------------------------------------------------------------------------ */

static otmi_branch *child_create(otmi_core *core, otm_resource *resource)
{
    otmi_branch *child = otmi_alloc_zeroed(core->env.allocator, sizeof *child);
    if (child == NULL) {
        otm_resource_release(resource);
        return NULL;
    }
    /* Two branches of one resource would write the same streams (metrics/data-model.md, "Single-Writer"). */
    bool twin = otmi_resource_equal(resource, core->root.resource);
    init(child, core, twin ? &core->root : child, resource);
    return child;
}

/* Where the child of this resource is, or where a new one would be put: at the end. */
static otmi_branch **find_locked(otmi_core *core, const otm_resource *resource, size_t *count)
{
    otmi_branch **at = &core->children;
    for (*count = 0; *at != NULL && !otmi_resource_equal((*at)->resource, resource); (*count)++) {
        at = &(*at)->next;
    }
    return at;
}

static void hold_locked(otmi_branch *child)
{
    if (__atomic_fetch_add(&child->references, 1, __ATOMIC_RELAXED) == 0) { /* new, or nobody's so far */
        otmi_branch_retain(&child->core->root);
        child->listed = child->shown = child->passed = 0;
    }
}

otm_status otmi_branch_child(otmi_core *core, otm_resource *resource, otmi_branch **out)
{
    otmi_branch *created = child_create(core, resource);
    size_t count;
    if (created == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_mutex_lock(&core->mu);
    otmi_branch *passed = otmi_branches_take_passed_locked(core);
    otmi_branch **at = find_locked(core, resource, &count);
    if (*at == NULL && count < OTMI_MAX_CHILDREN) {
        created->references = 0;
        *at = created;
    }
    otmi_branch *child = *at;
    if (child != NULL) {
        hold_locked(child);
    }
    otmi_mutex_unlock(&core->mu);
    otmi_branches_free(passed);
    if (child != created) {
        created->next = NULL;
        otmi_branches_free(created);
    }
    *out = child;
    return child != NULL ? OTM_OK : OTM_ERR_LIMIT;
}

otmi_branch *otmi_branch_next_locked(otmi_core *core, const otmi_branch *before)
{
    if (before == NULL) {
        return &core->root;
    }
    return otmi_branch_is_root(before) ? core->children : before->next;
}

/* -- Collections --------------------------------------------------------------------------------------------------- */

static bool is_held_locked(const otmi_branch *branch)
{
    return __atomic_load_n(&branch->references, __ATOMIC_RELAXED) > 0;
}

bool otmi_branch_list_locked(otmi_branch *branch, uint32_t reader)
{
    uint64_t bit = UINT64_C(1) << reader;
    if (otmi_branch_is_root(branch) || is_held_locked(branch)) {
        return true;
    }
    branch->listed |= bit;
    branch->passed |= branch->shown & bit;
    return (branch->passed & bit) == 0;
}

void otmi_branches_shown(otmi_core *core, uint32_t reader)
{
    uint64_t bit = UINT64_C(1) << reader;
    otmi_mutex_lock(&core->mu);
    for (otmi_branch *child = core->children; child != NULL; child = child->next) {
        /* Not one that was still held when the collection began: its handles may have recorded since. */
        child->shown |= child->listed & bit;
    }
    otmi_mutex_unlock(&core->mu);
}

otmi_branch *otmi_branches_take_passed_locked(otmi_core *core)
{
    size_t readers = core->reader_count;
    uint64_t all = readers == 64 ? UINT64_MAX : (UINT64_C(1) << readers) - 1;
    otmi_branch *taken = NULL;
    otmi_branch **at = &core->children;
    while (*at != NULL) {
        otmi_branch *child = *at;
        if (is_held_locked(child) || child->passed != all || child->pins > 0) {
            at = &child->next;
            continue;
        }
        *at = child->next;
        child->next = taken;
        taken = child;
        core->meter_count -= child->meter_count;
    }
    return taken;
}

void otmi_branches_free(otmi_branch *taken)
{
    while (taken != NULL) {
        otmi_branch *next = taken->next;
        const otm_allocator *allocator = taken->core->env.allocator;
        otmi_branch_fini(taken);
        otmi_free(allocator, taken, sizeof *taken);
        taken = next;
    }
}
