/* The meter provider: creation, flush, shutdown, and the life of its core. */
#include "metrics/core.h"
#include "metrics/reader_internal.h"
#include "util/alloc.h"
#include "util/options.h"

#define FLUSH_MS 30000

static otmi_core *of(otm_meter_provider *self)
{
    return (otmi_core *)self;
}

static otm_meter *get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    return otmi_meter_get(of(self), name, options);
}

static void retain(otm_meter_provider *self)
{
    otmi_core_retain(of(self));
}

static void release(otm_meter_provider *self)
{
    otmi_core_release(of(self));
}

static const otm_meter_provider_ops provider_ops = {sizeof(otm_meter_provider_ops), get_meter, retain, release};

otmi_core *otmi_core_of(otm_meter_provider *provider)
{
    return provider != NULL && provider->ops == &provider_ops ? of(provider) : NULL;
}

/* -- Life of the core -------------------------------------------------------------------------------------------- */

void otmi_core_retain(otmi_core *core)
{
    __atomic_add_fetch(&core->references, 1, __ATOMIC_RELAXED);
}

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
    for (size_t i = 0; i < core->meter_count; i++) {
        otmi_meter_destroy(core->meters[i]);
    }
    otmi_free(&allocator, core->meters, core->meter_capacity * sizeof *core->meters);
    otmi_callback_list_fini(core);
    for (size_t i = 0; core->runs != NULL && i < core->reader_count; i++) {
        otmi_run_release(core->runs[i]);
    }
    otmi_free(&allocator, core->runs, core->reader_capacity * sizeof *core->runs);
    otmi_free(&allocator, core->readers, core->reader_capacity * sizeof *core->readers);
    otmi_view_set_destroy(core->views);
    otm_resource_release(core->resource);
    otmi_diag_destroy(core->env.diag);
    otmi_cond_fini(&core->changed);
    otmi_mutex_fini(&core->mu);
    otmi_free(&allocator, core, sizeof *core);
}

void otmi_core_release(otmi_core *core)
{
    if (__atomic_sub_fetch(&core->references, 1, __ATOMIC_ACQ_REL) != 0 || !otmi_env_alive(&core->env)) {
        return;
    }
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
                options->view_matching <= OTM_VIEWS_COMPOSABLE &&
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
    core->handle = (otm_meter_provider){&provider_ops, 1};
    core->references = 1;
    core->env = (otmi_env){.allocator = allocator,
                           .clock = otmi_clock_or_system(options->clock),
                           .hash_key = otmi_hash_key_process(),
                           .context_in_use = otm_context_in_use(),
                           .exemplar_filter = (otm_exemplar_filter)options->exemplar_filter,
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
        core->resource = otm_resource_retain(options->resource);
    } else {
        st = otm_resource_default(allocator, &options->diagnostics, &core->resource);
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
        otmi_core_release(core);
        return st;
    }
    *out = &core->handle;
    return OTM_OK;
}

/* -- Flush, shutdown, configuration ------------------------------------------------------------------------------ */

/* The core, if it may be flushed or shut down by this thread now. */
static otm_status enter(otm_meter_provider *provider, otmi_core **out)
{
    otmi_core *core = otmi_core_of(provider);
    *out = core;
    if (core == NULL) {
        return provider == NULL ? OTM_OK : OTM_ERR_UNSUPPORTED;
    }
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

otm_status otm_meter_provider_flush(otm_meter_provider *provider, int64_t timeout_ms)
{
    otmi_core *core;
    otm_status st = enter(provider, &core);
    if (st != OTM_OK || core == NULL) {
        return st;
    }
    if (__atomic_load_n(&core->shutdown, __ATOMIC_ACQUIRE) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    uint64_t deadline_ns = otmi_deadline_ns(otmi_monotonic_ns(), timeout_ms, FLUSH_MS);
    for (size_t i = 0; i < core->reader_count; i++) {
        st = worse(st, otmi_reader_flush(core->readers[i], deadline_ns));
    }
    return st;
}

otm_status otm_meter_provider_shutdown(otm_meter_provider *provider, int64_t timeout_ms)
{
    otmi_core *core;
    otm_status st = enter(provider, &core);
    if (st != OTM_OK || core == NULL) {
        return st;
    }
    if (__atomic_exchange_n(&core->shutdown, 1, __ATOMIC_ACQ_REL) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    uint64_t deadline_ns = otmi_deadline_ns(otmi_monotonic_ns(), timeout_ms, FLUSH_MS);
    for (size_t i = 0; i < core->reader_count; i++) {
        st = worse(st, otmi_reader_shutdown(core->readers[i], deadline_ns));
    }
    otmi_mutex_lock(&core->mu);
    for (size_t i = 0; i < core->meter_count; i++) {
        otmi_meter_refresh_instruments_locked(core->meters[i]);
    }
    otmi_mutex_unlock(&core->mu);
    return st;
}

otm_status otm_meter_provider_configure_meters(otm_meter_provider *provider, otm_meter_configurator configurator,
                                               void *user_data)
{
    otmi_core *core = otmi_core_of(provider);
    if (core == NULL) {
        return provider == NULL ? OTM_OK : OTM_ERR_UNSUPPORTED;
    }
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
