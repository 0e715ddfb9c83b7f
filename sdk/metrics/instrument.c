#include "metrics/instrument.h"

#include "metrics/core.h"
#include "util/alloc.h"

bool otmi_instrument_is_asynchronous(const otmi_instrument *instrument)
{
    return otmi_kind_is_asynchronous(instrument->desc.kind);
}

/* -- Description ------------------------------------------------------------------------------------------------- */

static otm_status copy_text(const otm_allocator *allocator, const char *text, const char **out)
{
    const char *given = text == NULL ? "" : text;
    *out = otmi_text_copy(allocator, given, strlen(given));
    return *out == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static otm_status copy_bounds(const otm_allocator *allocator, otmi_instrument_desc *desc)
{
    if (desc->advice_bound_count == 0) {
        desc->advice_bounds = NULL;
        return OTM_OK;
    }
    double *copy = otmi_alloc_array(allocator, desc->advice_bound_count, sizeof *copy);
    if (copy != NULL) {
        memcpy(copy, desc->advice_bounds, desc->advice_bound_count * sizeof *copy);
    }
    desc->advice_bounds = copy;
    return copy == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static otm_status copy_keys(const otm_allocator *allocator, otmi_instrument_desc *desc)
{
    const char *const *given = desc->advice_keys;
    size_t count = desc->advice_key_count;
    desc->advice_keys = NULL;
    if (count == 0) {
        return OTM_OK;
    }
    const char **copy = otmi_alloc_array(allocator, count, sizeof *copy);
    desc->advice_keys = copy;
    otm_status st = copy == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    for (size_t i = 0; i < count && st == OTM_OK; i++) {
        st = copy_text(allocator, given[i], &copy[i]);
    }
    return st;
}

static void desc_fini(const otm_allocator *allocator, otmi_instrument_desc *desc)
{
    for (size_t i = 0; desc->advice_keys != NULL && i < desc->advice_key_count; i++) {
        otmi_free_text(allocator, (char *)(uintptr_t)desc->advice_keys[i]);
    }
    otmi_free(allocator, (void *)(uintptr_t)desc->advice_keys, desc->advice_key_count * sizeof *desc->advice_keys);
    otmi_free(allocator, (void *)(uintptr_t)desc->advice_bounds, desc->advice_bound_count * sizeof(double));
    otmi_free_text(allocator, (char *)(uintptr_t)desc->name);
    otmi_free_text(allocator, (char *)(uintptr_t)desc->unit);
    otmi_free_text(allocator, (char *)(uintptr_t)desc->description);
}

/* On failure what was copied is freed with desc_fini(). */
static otm_status desc_copy(const otm_allocator *allocator, const otmi_instrument_desc *from, otmi_instrument_desc *to)
{
    *to = *from;
    to->name = to->unit = to->description = NULL;
    otm_status st = copy_bounds(allocator, to);
    if (st != OTM_OK) {
        to->advice_keys = NULL;
        return st;
    }
    st = copy_keys(allocator, to);
    st = st == OTM_OK ? copy_text(allocator, from->name, &to->name) : st;
    st = st == OTM_OK ? copy_text(allocator, from->unit, &to->unit) : st;
    return st == OTM_OK ? copy_text(allocator, from->description, &to->description) : st;
}

otm_status otmi_instrument_describe(otmi_instrument *instrument, const char *description)
{
    const otm_allocator *allocator = instrument->core->env.allocator;
    const char *longest = instrument->longer_description;
    longest = longest != NULL ? longest : instrument->desc.description;
    if (strlen(description) <= strlen(longest)) {
        return OTM_OK;
    }
    char *copy = otmi_text_copy(allocator, description, strlen(description));
    if (copy == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_free_text(allocator, instrument->longer_description); /* collections have copies */
    instrument->longer_description = copy;
    return OTM_OK;
}

/* -- Streams and storages ---------------------------------------------------------------------------------------- */

static otmi_storage *storage_to_share(const otmi_instrument *instrument, const otmi_stream *stream)
{
    for (size_t i = 0; i < instrument->storage_count; i++) {
        if (otmi_stream_same_storage(instrument->storages[i]->stream, stream)) {
            return instrument->storages[i];
        }
    }
    return NULL;
}

static otm_status sync_output(otmi_instrument *instrument, size_t reader, otmi_output *output)
{
    const otmi_core *core = instrument->core;
    otmi_storage *storage = storage_to_share(instrument, output->stream);
    if (storage == NULL) {
        size_t count = instrument->storage_count;
        otmi_storage **list = otmi_resize(core->env.allocator, instrument->storages, count * sizeof *list,
                                          (count + 1) * sizeof *list);
        if (list == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
        instrument->storages = list;
        list[count] = NULL;
        instrument->storage_count = count + 1;
        otm_status st = otmi_storage_create(&core->env, output->stream, instrument->meter->name,
                                            instrument->desc.name, &storage);
        list[count] = storage;
        if (st != OTM_OK) {
            return st;
        }
    }
    storage->readers |= UINT64_C(1) << reader;
    output->storage = storage;
    return OTM_OK;
}

static otm_status create_outputs(otmi_instrument *instrument, size_t reader)
{
    otmi_core *core = instrument->core;
    otmi_output_list *list = &instrument->readers[reader];
    otmi_scope_id scope = {instrument->meter->name, instrument->meter->version, instrument->meter->schema_url};
    otm_status st = otmi_view_set_resolve(core->views, core->env.allocator, &scope, &instrument->desc,
                                          otmi_reader_config_of(core->readers[reader]),
                                          reader == 0 ? core->env.diag : NULL, &list->streams);
    if (st != OTM_OK || list->streams.count == 0) {
        return st;
    }
    list->outputs = otmi_alloc_array(core->env.allocator, list->streams.count, sizeof *list->outputs);
    if (list->outputs == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < list->streams.count && st == OTM_OK; i++) {
        otmi_output *output = &list->outputs[i];
        output->stream = &list->streams.items[i];
        output->id = __atomic_add_fetch(&core->next_output_id, 1, __ATOMIC_RELAXED);
        st = otmi_instrument_is_asynchronous(instrument)
                 ? otmi_async_storage_create(&core->env, output->stream, instrument->created_ns, &output->async)
                 : sync_output(instrument, reader, output);
    }
    return st;
}

static void destroy_outputs(otmi_instrument *instrument, otmi_output_list *list)
{
    for (size_t i = 0; list->outputs != NULL && i < list->streams.count; i++) {
        otmi_async_storage_destroy(list->outputs[i].async);
    }
    otmi_free(instrument->core->env.allocator, list->outputs, list->streams.count * sizeof *list->outputs);
}

otm_status otmi_instrument_create(otmi_meter *meter, const otmi_instrument_desc *desc, otmi_instrument **out)
{
    otmi_core *core = meter->core;
    const otm_allocator *allocator = core->env.allocator;
    otmi_instrument *instrument = otmi_alloc_zeroed(allocator, sizeof *instrument);
    *out = NULL;
    if (instrument == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    instrument->core = core;
    instrument->meter = meter;
    instrument->traced = otmi_instrument_traced_word(&core->env);
    instrument->created_ns = core->env.clock->wall_ns(core->env.clock->context);
    if (otmi_kind_is_asynchronous(desc->kind)) {
        instrument->handle.async.ops = &otmi_observable_ops;
    } else {
        instrument->handle.sync.ops = core->env.context_attributes ? &otmi_instrument_ops_in_context
                                      : desc->number == OTM_NUMBER_I64 ? &otmi_instrument_ops_i64
                                                                       : &otmi_instrument_ops_f64;
    }
    otm_status st = desc_copy(allocator, desc, &instrument->desc);
    if (st == OTM_OK) {
        instrument->readers = otmi_alloc_array(allocator, core->reader_count + 1, sizeof *instrument->readers);
        st = instrument->readers == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    }
    for (size_t r = 0; r < core->reader_count && st == OTM_OK; r++) {
        instrument->reader_count = r + 1;
        st = create_outputs(instrument, r);
    }
    if (st != OTM_OK) {
        otmi_instrument_destroy(instrument);
        return st;
    }
    instrument->only_storage = instrument->storage_count == 1 ? instrument->storages[0] : NULL;
    *out = instrument;
    return OTM_OK;
}

void otmi_instrument_destroy(otmi_instrument *instrument)
{
    const otm_allocator *allocator = instrument->core->env.allocator;
    for (size_t i = 0; i < instrument->storage_count; i++) {
        if (instrument->storages[i] != NULL) {
            otmi_storage_destroy(instrument->storages[i]);
        }
    }
    otmi_free(allocator, instrument->storages, instrument->storage_count * sizeof *instrument->storages);
    for (size_t r = 0; r < instrument->reader_count; r++) {
        destroy_outputs(instrument, &instrument->readers[r]);
        otmi_stream_list_fini(&instrument->readers[r].streams);
    }
    otmi_free(allocator, instrument->readers, (instrument->core->reader_count + 1) * sizeof *instrument->readers);
    desc_fini(allocator, &instrument->desc);
    otmi_free_text(allocator, instrument->longer_description);
    otmi_free(allocator, instrument, sizeof *instrument);
}

static bool has_outputs(const otmi_instrument *instrument)
{
    for (size_t r = 0; r < instrument->reader_count; r++) {
        if (instrument->readers[r].streams.count > 0) {
            return true;
        }
    }
    return false;
}

void otmi_instrument_set_state(otmi_instrument *instrument, bool listening)
{
    uint64_t state = listening && has_outputs(instrument);
    uint64_t *word = otmi_instrument_is_asynchronous(instrument) ? &instrument->handle.async.state
                                                                 : &instrument->handle.sync.state;
    __atomic_store_n(word, state, __ATOMIC_RELAXED);
    for (otmi_bound *bound = instrument->bounds; bound != NULL; bound = bound->next) {
        __atomic_store_n(&bound->handle.state, state, __ATOMIC_RELAXED);
    }
}
