/* The meter provider: creation, flush, shutdown, children, and the end of its core. */
#include "metrics/core.h"
#include "metrics/reader_internal.h"
#include "metrics/resource_bind.h"
#include "util/alloc.h"
#include "util/options.h"

#define FLUSH_MS 30000

/* -- Life of the core -------------------------------------------------------------------------------------------- */

/* False: a reader is still inside, and all that it might touch is left behind. */
static bool give_readers_back(otmi_core *core)
{
    bool all = true;
    for (size_t i = 0; i < core->reader_count; i++) {
        all = otmi_reader_detach(core->readers[i]) && all;
        otm_reader_release(core->readers[i]);
    }
    return all;
}

static void core_free(otmi_core *core)
{
    otm_allocator allocator = *core->env.allocator;
    otmi_branches_free(core->children); /* whoever holds one holds the core, so nobody does */
    otmi_branch_fini(&core->root);
    otmi_callback_list_fini(core);
    for (size_t i = 0; core->runs != NULL && i < core->reader_count; i++) {
        otmi_run_release(core->runs[i]);
    }
    otmi_free(&allocator, core->runs, core->reader_capacity * sizeof *core->runs);
    otmi_free(&allocator, core->readers, core->reader_capacity * sizeof *core->readers);
    otmi_view_set_destroy(core->views);
    otmi_diag_destroy(core->env.diag);
    otmi_cond_fini(&core->changed);
    otmi_mutex_fini(&core->mu);
    otmi_free(&allocator, core, sizeof *core);
}

void otmi_core_end(otmi_core *core)
{
    uint64_t now_ns = otmi_monotonic_ns();
    if (__atomic_exchange_n(&core->shutdown, 1, __ATOMIC_ACQ_REL) == 0) {
        for (size_t i = 0; i < core->reader_count; i++) {
            if (core->readers[i]->started) { /* else the provider could not be created, and the reader is for another */
                (void)otmi_reader_shutdown(core->readers[i], now_ns); /* at once: release does not export */
            }
        }
    }
    if (give_readers_back(core)) {
        core_free(core);
    }
}

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static otm_status check_options(const otm_meter_provider_options *options)
{
    bool good = options->reader_count <= OTMI_MAX_READERS && (options->reader_count == 0 || options->readers != NULL) &&
                options->exemplar_filter <= OTM_EXEMPLARS_ALWAYS_OFF &&
                options->view_matching <= OTM_VIEWS_COMPOSABLE && options->context_attributes <= 1 &&
                (options->view_count == 0 || (options->views != NULL && options->view_stride >= sizeof(size_t)));
    for (size_t i = 0; good && i < options->reader_count; i++) {
        good = options->readers[i] != NULL;
    }
    return good ? OTM_OK : OTM_ERR_INVALID_ARGUMENT;
}

static otm_status core_alloc(const otm_meter_provider_options *options, otmi_core **out)
{
    const otm_allocator *allocator = otmi_allocator_or_default(options->allocator);
    otmi_core *core = otmi_alloc_zeroed(allocator, sizeof *core);
    if (core == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_branch_init_root(&core->root, core);
    core->env = (otmi_env){.allocator = allocator,
                           .clock = otmi_clock_or_system(options->clock),
                           .hash_key = otmi_hash_key_process(),
                           .context_in_use = otm_context_in_use(),
                           .exemplar_filter = (otm_exemplar_filter)options->exemplar_filter,
                           .context_attributes = options->context_attributes != 0,
                           .generation = otmi_process_generation()};
    core->diagnostics = options->diagnostics;
    core->configurator = options->meter_configurator;
    core->configurator_user_data = options->meter_configurator_user_data;
    if (otmi_mutex_init(&core->mu) != OTM_OK) {
        otmi_free(allocator, core, sizeof *core);
        return OTM_ERR_NO_MEMORY;
    }
    if (otmi_cond_init(&core->changed) != OTM_OK) {
        otmi_mutex_fini(&core->mu);
        otmi_free(allocator, core, sizeof *core);
        return OTM_ERR_NO_MEMORY;
    }
    *out = core;
    return OTM_OK;
}

static otm_status core_fill(otmi_core *core, const otm_meter_provider_options *options)
{
    const otm_allocator *allocator = core->env.allocator;
    core->env.diag = otmi_diag_create(allocator, &options->diagnostics, core->env.clock);
    core->reader_capacity = options->reader_count + 1;
    core->readers = otmi_alloc_array(allocator, core->reader_capacity, sizeof *core->readers);
    core->runs = otmi_alloc_array(allocator, core->reader_capacity, sizeof *core->runs);
    if (core->readers == NULL || core->runs == NULL || core->env.diag == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = OTM_OK;
    if (options->resource != NULL) {
        core->root.resource = otm_resource_retain(options->resource);
    } else {
        st = otm_resource_default(allocator, &options->diagnostics, &core->root.resource);
    }
    if (st != OTM_OK) {
        return st;
    }
    return otmi_view_set_create(allocator, options->views, options->view_count, options->view_stride,
                                (otm_view_matching)options->view_matching, core->env.diag, &core->views);
}

/* What was done before a failure is undone by core_free() and give_readers_back(). */
static otm_status core_start(otmi_core *core, const otm_meter_provider_options *options)
{
    size_t count = options->reader_count;
    for (size_t i = 0; i < count; i++) {
        otm_status st = otmi_reader_attach(options->readers[i], (otmi_pipeline *)core, i);
        if (st != OTM_OK) {
            otmi_diag_report(core->env.diag, OTM_ERROR, st, &(otmi_diag_origin){.component = "provider"},
                             "reader %zu already belongs to a provider: each reader can be given to one only", i);
            return st;
        }
        core->readers[i] = otm_reader_retain(options->readers[i]);
        __atomic_store_n(&core->reader_count, i + 1, __ATOMIC_RELEASE);
    }
    for (size_t i = 0; i < count; i++) {
        otm_status st = otmi_reader_start(core->readers[i]);
        if (st != OTM_OK) {
            return st;
        }
    }
    return OTM_OK;
}

otm_status otm_meter_provider_create(const otm_meter_provider_options *given, otm_meter_provider **out)
{
    otm_meter_provider_options options;
    otmi_core *core = NULL;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_meter_provider();
    otm_meter_provider_options_init(&options);
    otm_status st = given == NULL ? OTM_OK : otmi_options_read(given, &options, sizeof options);
    options.diagnostics.struct_size = sizeof options.diagnostics;
    st = st == OTM_OK ? check_options(&options) : st;
    st = st == OTM_OK ? core_alloc(&options, &core) : st;
    if (st != OTM_OK) {
        return st;
    }
    st = core_fill(core, &options);
    st = st == OTM_OK ? core_start(core, &options) : st;
    if (st != OTM_OK) {
        otmi_branch_release(&core->root);
        return st;
    }
    *out = &core->root.handle;
    return OTM_OK;
}

/* -- Flush, shutdown, configuration ------------------------------------------------------------------------------ */

/* The branch, if its readers may be flushed or shut down by this thread now. NULL and OTM_OK: none was given. */
static otm_status enter(otm_meter_provider *provider, otmi_branch **out)
{
    otmi_branch *branch = otmi_branch_of(provider);
    *out = branch;
    if (branch == NULL) {
        return provider == NULL ? OTM_OK : OTM_ERR_UNSUPPORTED;
    }
    const otmi_core *core = branch->core;
    if (!otmi_env_alive(&core->env)) {
        return OTM_ERR_SHUTDOWN;
    }
    bool inside = otmi_callback_inside() || otmi_diag_inside_handler();
    for (size_t i = 0; i < core->reader_count && !inside; i++) {
        inside = otmi_reader_inside(core->readers[i]);
    }
    return inside ? OTM_ERR_REENTRANT : OTM_OK;
}

/* Which of two failures the caller should hear: running out of time outweighs a failed export. */
static otm_status worse(otm_status a, otm_status b)
{
    if (a == OTM_OK || b == OTM_ERR_TIMEOUT) {
        return b == OTM_OK ? a : b;
    }
    return a;
}

/* Readers collect the metrics of all branches at once. */
static otm_status flush(otmi_core *core, int64_t timeout_ms)
{
    otm_status st = OTM_OK;
    if (__atomic_load_n(&core->shutdown, __ATOMIC_ACQUIRE) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    uint64_t deadline_ns = otmi_deadline_ns(otmi_monotonic_ns(), timeout_ms, FLUSH_MS);
    for (size_t i = 0; i < core->reader_count; i++) {
        st = worse(st, otmi_reader_flush(core->readers[i], deadline_ns));
    }
    return st;
}

otm_status otm_meter_provider_flush(otm_meter_provider *provider, int64_t timeout_ms)
{
    otmi_branch *branch;
    otm_status st = enter(provider, &branch);
    return st != OTM_OK || branch == NULL ? st : flush(branch->core, timeout_ms);
}

otm_status otm_meter_provider_shutdown(otm_meter_provider *provider, int64_t timeout_ms)
{
    otmi_branch *branch;
    otm_status st = enter(provider, &branch);
    if (st != OTM_OK || branch == NULL) {
        return st;
    }
    otmi_core *core = branch->core;
    if (!otmi_branch_is_root(branch)) {
        return flush(core, timeout_ms); /* the readers are its parent's (OTEP 4665, "SDK Details") */
    }
    if (__atomic_exchange_n(&core->shutdown, 1, __ATOMIC_ACQ_REL) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    uint64_t deadline_ns = otmi_deadline_ns(otmi_monotonic_ns(), timeout_ms, FLUSH_MS);
    for (size_t i = 0; i < core->reader_count; i++) {
        st = worse(st, otmi_reader_shutdown(core->readers[i], deadline_ns));
    }
    otmi_meters_set_state(core);
    return st;
}

otm_status otm_meter_provider_configure_meters(otm_meter_provider *provider, otm_meter_configurator configurator,
                                               void *user_data)
{
    otmi_branch *branch = otmi_branch_of(provider);
    if (branch == NULL || !otmi_branch_is_root(branch)) {
        return provider == NULL ? OTM_OK : OTM_ERR_UNSUPPORTED;
    }
    otmi_core *core = branch->core;
    if (!otmi_env_alive(&core->env) || __atomic_load_n(&core->shutdown, __ATOMIC_ACQUIRE) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    otmi_mutex_lock(&core->mu);
    core->configurator = configurator;
    core->configurator_user_data = user_data;
    core->configured++;
    otmi_mutex_unlock(&core->mu);
    otmi_meters_refresh(core);
    return OTM_OK;
}

/* -- Children ---------------------------------------------------------------------------------------------------- */

otm_status otm_meter_provider_for_entity(otm_meter_provider *provider, const otm_entity *entities, size_t count,
                                           size_t stride, otm_meter_provider **out)
{
    otm_resource *resource;
    otmi_branch *child;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_meter_provider();
    const otmi_branch *parent = otmi_branch_of(provider);
    if (parent == NULL) {
        return provider == NULL ? OTM_OK : OTM_ERR_UNSUPPORTED;
    }
    otmi_core *core = parent->core;
    if (!otmi_env_alive(&core->env) || __atomic_load_n(&core->shutdown, __ATOMIC_ACQUIRE) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    const otmi_entity_list list = {entities, count, stride};
    otm_status st = otmi_resource_bind(parent->resource, &list, core->env.allocator, core->env.diag, &resource);
    st = st == OTM_OK ? otmi_branch_child(core, resource, &child) : st;
    if (st == OTM_ERR_LIMIT) {
        otmi_diag_report(core->env.diag, OTM_ERROR, st, &(otmi_diag_origin){.component = "provider"},
                         "a provider for entities was not made: of those made so far more than %u are held, or have "
                         "something to show a reader yet", OTMI_MAX_CHILDREN);
    }
    if (st == OTM_OK) {
        *out = &child->handle;
    }
    return st;
}
