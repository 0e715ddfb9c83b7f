/* Meters: scopes, and the instruments created in them. */
#include "metrics/core.h"
#include "metrics/duplicate.h"
#include "metrics/instrument_name.h"
#include "util/alloc.h"
#include "util/options.h"

static otmi_meter *of(otm_meter *self)
{
    return (otmi_meter *)self;
}

/* -- Creating instruments ---------------------------------------------------------------------------------------- */

static void report(const otmi_meter *meter, otm_level level, const char *instrument, const char *text)
{
    if (text[0] != '\0') {
        otmi_diag_report(meter->core->env.diag, level, OTM_ERR_INVALID_ARGUMENT,
                         &(otmi_diag_origin){"instrument", meter->name, instrument}, "%s", text);
    }
}

/* The description that the caller's options give, with advice that is no good left out and reported. */
static otm_status read_desc(const otmi_meter *meter, const otm_instrument_identity *identity,
                            const otm_instrument_options *options, otmi_instrument_desc *desc)
{
    const char *why = NULL;
    otmi_diag_origin origin = {"instrument", meter->name, identity->name};
    if (!otmi_instrument_name_valid(identity->name)) {
        otmi_diag_report(meter->core->env.diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "'%s' is no instrument name: expected 1 to 255 of A-Z a-z 0-9 _ . - /, the first a letter; "
                         "the instrument does nothing", identity->name == NULL ? "(null)" : identity->name);
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *desc = (otmi_instrument_desc){.kind = identity->kind,
                                   .number = identity->number,
                                   .name = identity->name,
                                   .unit = options->unit == NULL ? "" : options->unit,
                                   .description = options->description == NULL ? "" : options->description,
                                   .advice_keys = options->attribute_keys,
                                   .advice_key_count = options->attribute_key_count,
                                   .has_advice_keys = options->has_attribute_keys || options->attribute_key_count > 0};
    if (!options->has_bucket_boundaries && options->bucket_boundary_count == 0) {
        return OTM_OK;
    }
    otm_status st = otmi_bounds_validate(options->bucket_boundaries, options->bucket_boundary_count, &why);
    if (st == OTM_OK && identity->kind != OTM_HISTOGRAM) {
        why = "only histograms can be advised so";
        st = OTM_ERR_INVALID_ARGUMENT;
    }
    if (st != OTM_OK) {
        otmi_diag_report(meter->core->env.diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "the advised bucket boundaries of '%s' are ignored: %s", identity->name, why);
    } else {
        desc->advice_bounds = options->bucket_boundaries;
        desc->advice_bound_count = options->bucket_boundary_count;
        desc->has_advice_bounds = true;
    }
    return OTM_OK;
}

/* The instrument most like the description among those that the meter has; of equals the first. */
static otmi_duplicate_verdict find_locked(const otmi_meter *meter, const otmi_instrument_desc *desc,
                                          otmi_instrument **match)
{
    otmi_duplicate_verdict greatest = OTMI_DUPLICATE_NONE;
    for (size_t i = 0; i < meter->instrument_count; i++) {
        otmi_duplicate_verdict verdict = otmi_duplicate_compare(&meter->instruments[i]->desc, desc);
        if (verdict > greatest) {
            greatest = verdict;
            *match = meter->instruments[i];
        }
    }
    return greatest;
}

static bool is_same(otmi_duplicate_verdict verdict)
{
    return verdict == OTMI_DUPLICATE_IDENTICAL || verdict == OTMI_DUPLICATE_DESCRIPTION;
}

/* Readers differ in little: the first one stands for all. */
static otmi_instrument_streams streams_of(const otmi_instrument *instrument)
{
    return (otmi_instrument_streams){instrument->desc.name, instrument->readers[0].streams.items,
                                     instrument->readers[0].streams.count};
}

/* Warns of a name that two streams of the meter share. */
static void explain_streams_locked(const otmi_meter *meter, const otmi_instrument *created,
                                   otmi_duplicate_report *text)
{
    otmi_instrument_streams mine = streams_of(created);
    bool found = otmi_duplicate_explain_streams(&mine, &mine, text);
    for (size_t i = 0; i < meter->instrument_count && !found; i++) {
        otmi_instrument_streams theirs = streams_of(meter->instruments[i]);
        found = otmi_duplicate_explain_streams(&theirs, &mine, text);
    }
}

static otm_status add_locked(otmi_meter *meter, otmi_instrument *created)
{
    otm_status st = otmi_grow(meter->core->env.allocator, (void **)&meter->instruments, &meter->instrument_capacity,
                              meter->instrument_count, sizeof(otmi_instrument *), OTMI_MAX_INSTRUMENTS);
    if (st == OTM_OK) {
        meter->instruments[meter->instrument_count++] = created;
        otmi_instrument_set_state(created, meter->enabled && __atomic_load_n(&meter->core->shutdown,
                                                                             __ATOMIC_RELAXED) == 0);
    }
    return st;
}

/* The instrument of this description: an identical one that the meter has, or a new one. */
static otm_status find_or_create(otmi_meter *meter, otmi_instrument_desc *desc, otmi_instrument **out)
{
    otmi_core *core = meter->core;
    otmi_scope_id scope = {meter->name, meter->version, meter->schema_url};
    otmi_duplicate_report text;
    otmi_instrument *match = NULL;
    otmi_instrument *created = NULL;
    otm_status st = OTM_OK;
    otmi_duplicate_report_init(&text);
    otmi_mutex_lock(&core->mu);
    otmi_duplicate_verdict verdict = find_locked(meter, desc, &match);
    otmi_mutex_unlock(&core->mu);
    if (verdict == OTMI_DUPLICATE_CONFLICT) {
        otmi_duplicate_explain_spelling(&match->desc, desc, &text);
        desc->name = match->desc.name;
    }
    if (!is_same(verdict)) {
        st = otmi_instrument_create(meter, desc, &created);
    }
    if (created != NULL) {
        otmi_mutex_lock(&core->mu);
        if (!is_same(find_locked(meter, desc, &match))) { /* else another thread was faster */
            explain_streams_locked(meter, created, &text);
            st = add_locked(meter, created);
            match = created;
        }
        otmi_mutex_unlock(&core->mu);
        if (match != created || st != OTM_OK) {
            otmi_instrument_destroy(created);
        }
    }
    if (st == OTM_OK && match != created) {
        otmi_mutex_lock(&core->mu);
        st = otmi_instrument_describe(match, desc->description);
        otmi_mutex_unlock(&core->mu);
        otmi_duplicate_explain_same(&match->desc, desc, otmi_view_set_sets_description(core->views, &scope, desc),
                                    &text);
    }
    report(meter, OTM_ERROR, desc->name, text.error);
    report(meter, OTM_WARN, desc->name, text.warning);
    *out = st == OTM_OK ? match : NULL;
    return st;
}

static otm_status create_any(otmi_meter *meter, const otm_instrument_identity *identity,
                             const otm_instrument_options *given, otm_instrument_options *options,
                             otmi_instrument **out)
{
    otmi_instrument_desc desc;
    *out = NULL;
    otm_instrument_options_init(options);
    if (!otmi_env_alive(&meter->core->env) || __atomic_load_n(&meter->core->shutdown, __ATOMIC_RELAXED) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    otm_status st = otmi_options_read(given, options, sizeof *options);
    st = st == OTM_OK ? read_desc(meter, identity, options, &desc) : st;
    st = st == OTM_OK ? find_or_create(meter, &desc, out) : st;
    if (st == OTM_OK) {
        otmi_branch_retain(meter->branch);
    }
    return st;
}

static otm_status create_instrument(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *given, otm_instrument **out)
{
    otm_instrument_options options;
    otmi_instrument *instrument;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_status st = create_any(of(self), identity, given, &options, &instrument);
    *out = st == OTM_OK ? &instrument->handle.sync : otm_noop_instrument();
    return st;
}

static otm_status create_observable(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *given, otm_observable **out)
{
    otm_instrument_options options;
    otmi_instrument *instrument;
    otmi_callback *callback;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = otm_noop_observable();
    otm_status st = create_any(of(self), identity, given, &options, &instrument);
    if (st != OTM_OK) {
        return st;
    }
    if (options.callback != NULL) {
        st = otmi_callback_register(of(self)->core, options.callback, options.callback_user_data, &instrument, 1,
                                    &callback);
        if (st != OTM_OK) {
            otmi_branch_release(of(self)->branch);
            return st;
        }
    }
    *out = &instrument->handle.async;
    return OTM_OK;
}

/* -- Callbacks for several instruments --------------------------------------------------------------------------- */

/* The instruments of this meter that the handles stand for; no-ops are left out. */
static otm_status own_instruments(const otmi_meter *meter, otm_observable *const *handles, size_t count,
                                  otmi_instrument **out, size_t *own)
{
    *own = 0;
    for (size_t i = 0; i < count; i++) {
        otm_observable *handle = otm_observable_behind(handles[i]);
        if (handle == NULL || handle == otm_noop_observable()) {
            continue;
        }
        if (handle->ops != &otmi_observable_ops || ((otmi_instrument *)handle)->meter != meter) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
        out[(*own)++] = (otmi_instrument *)handle;
    }
    return OTM_OK;
}

static otm_status register_callback(otm_meter *self, otm_callback function, void *user_data,
                                    otm_observable *const *handles, size_t count, otm_callback_handle **out)
{
    otmi_meter *meter = of(self);
    otmi_core *core = meter->core;
    otmi_callback *callback = NULL;
    size_t own = 0;
    if (out != NULL) {
        *out = otm_noop_callback_handle();
    }
    if (!otmi_env_alive(&core->env) || __atomic_load_n(&core->shutdown, __ATOMIC_RELAXED) != 0) {
        return OTM_ERR_SHUTDOWN;
    }
    if (function == NULL || count == 0 || handles == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otmi_instrument **instruments = otmi_alloc_array(core->env.allocator, count, sizeof *instruments);
    if (instruments == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = own_instruments(meter, handles, count, instruments, &own);
    if (st != OTM_OK) {
        report(meter, OTM_ERROR, "", "a callback was not registered: one of its instruments belongs to another meter");
    } else if (own > 0) {
        st = otmi_callback_register(core, function, user_data, instruments, own, &callback);
    }
    otmi_free(core->env.allocator, instruments, count * sizeof *instruments);
    if (callback != NULL && out != NULL) {
        otmi_branch_retain(meter->branch);
        *out = &callback->handle;
    }
    return st;
}

/* -- Meters ------------------------------------------------------------------------------------------------------ */

static void retain(otm_meter *self)
{
    otmi_branch_retain(of(self)->branch);
}

static void release(otm_meter *self)
{
    otmi_branch_release(of(self)->branch);
}

static const otm_meter_ops meter_ops = {sizeof(otm_meter_ops), create_instrument, create_observable,
                                        register_callback, retain, release};

void otmi_meter_destroy(otmi_meter *meter)
{
    const otm_allocator *allocator = meter->core->env.allocator;
    for (size_t i = 0; i < meter->instrument_count; i++) {
        otmi_instrument_destroy(meter->instruments[i]);
    }
    otmi_free(allocator, meter->instruments, meter->instrument_capacity * sizeof *meter->instruments);
    otmi_free_text(allocator, meter->name);
    otmi_free_text(allocator, meter->version);
    otmi_free_text(allocator, meter->schema_url);
    otmi_attr_set_destroy(allocator, meter->attributes);
    otmi_free(allocator, meter, sizeof *meter);
}

static char *copied(const otm_allocator *allocator, const char *text)
{
    return text == NULL ? otmi_text_copy(allocator, "", 0) : otmi_text_copy(allocator, text, strlen(text));
}

/* A meter works whatever it is given: attributes that cannot be a scope's are left out, all of them, and reported. */
static otm_status copy_attributes(const otmi_core *core, const char *name, const otm_meter_options *options,
                                  otmi_attr_set **out)
{
    const otm_allocator *allocator = core->env.allocator;
    otm_status st = otmi_attr_set_create(allocator, options->attributes, options->attribute_count, out);
    if (st == OTM_OK || st == OTM_ERR_NO_MEMORY) {
        return st;
    }
    otmi_diag_origin origin = {"meter", name, NULL};
    otmi_diag_report(core->env.diag, OTM_ERROR, st, &origin, "the attributes of meter '%s' were left out: %s",
                     name == NULL ? "" : name,
                     st == OTM_ERR_LIMIT ? "they are too large" : "expected non-empty keys and values of a known type");
    return otmi_attr_set_create(allocator, NULL, 0, out);
}

static otmi_meter *meter_create(otmi_branch *branch, const char *name, const otm_meter_options *options)
{
    otmi_core *core = branch->core;
    const otm_allocator *allocator = core->env.allocator;
    otmi_meter *meter = otmi_alloc_zeroed(allocator, sizeof *meter);
    if (meter == NULL) {
        return NULL;
    }
    meter->handle = (otm_meter){&meter_ops, 1};
    meter->core = core;
    meter->branch = branch;
    meter->name = copied(allocator, name);
    meter->version = copied(allocator, options->version);
    meter->schema_url = copied(allocator, options->schema_url);
    otm_status st = copy_attributes(core, name, options, &meter->attributes);
    if (meter->name == NULL || meter->version == NULL || meter->schema_url == NULL || st != OTM_OK) {
        otmi_meter_destroy(meter);
        return NULL;
    }
    return meter;
}

static bool same_scope(const otmi_meter *a, const otmi_meter *b)
{
    otmi_attr_span span = {.attrs = a->attributes->attrs, .count = a->attributes->count};
    return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0 &&
           strcmp(a->schema_url, b->schema_url) == 0 && otmi_attr_span_equals(&span, b->attributes);
}

/* Enables the meter or not, as the configurator in force says. Gives the lock up for asking, and asks again if one was
 * set meanwhile, were it the same: no older verdict ever replaces a newer one. */
static void judge_locked(otmi_core *core, otmi_meter *meter)
{
    otm_scope scope = {meter->name, meter->version, meter->schema_url, meter->attributes->attrs,
                       meter->attributes->count};
    uint64_t asked_in;
    bool enabled;
    do {
        otm_meter_configurator configurator = core->configurator;
        void *user_data = core->configurator_user_data;
        asked_in = core->configured;
        otmi_mutex_unlock(&core->mu);
        enabled = configurator == NULL || configurator(&scope, user_data) != 0;
        otmi_mutex_lock(&core->mu);
    } while (asked_in != core->configured);
    meter->enabled = enabled;
}

static otmi_meter *find_meter_locked(const otmi_meter *like)
{
    const otmi_branch *branch = like->branch;
    for (size_t i = 0; i < branch->meter_count; i++) {
        if (same_scope(branch->meters[i], like)) {
            return branch->meters[i];
        }
    }
    return NULL;
}

static bool add_meter_locked(otmi_meter *meter)
{
    otmi_core *core = meter->core;
    otmi_branch *branch = meter->branch;
    if (core->meter_count >= OTMI_MAX_METERS ||
        otmi_grow(core->env.allocator, (void **)&branch->meters, &branch->meter_capacity, branch->meter_count,
                  sizeof(otmi_meter *), OTMI_MAX_METERS) != OTM_OK) {
        return false;
    }
    branch->meters[branch->meter_count++] = meter;
    core->meter_count++;
    return true;
}

/* Puts a new meter into the list, unless its scope is there already: then it is freed. NULL: no room. */
static otmi_meter *enlist(otmi_meter *created)
{
    otmi_core *core = created->core;
    otmi_mutex_lock(&core->mu);
    otmi_meter *meter = find_meter_locked(created);
    if (meter == NULL) {
        judge_locked(core, created);
        meter = find_meter_locked(created);
        if (meter == NULL && add_meter_locked(created)) {
            meter = created;
        }
    }
    otmi_mutex_unlock(&core->mu);
    if (meter != created) {
        otmi_meter_destroy(created);
    }
    return meter;
}

otm_meter *otmi_meter_get(otmi_branch *branch, const char *name, const otm_meter_options *given)
{
    otmi_core *core = branch->core;
    otm_meter_options options;
    otm_meter_options_init(&options);
    if (!otmi_env_alive(&core->env) || __atomic_load_n(&core->shutdown, __ATOMIC_RELAXED) != 0) {
        return otm_noop_meter();
    }
    otmi_diag_origin origin = {"meter", name, NULL};
    if (otmi_options_read(given, &options, sizeof options) != OTM_OK) {
        otmi_diag_report(core->env.diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "the options of meter '%s' are not of this library's version: they are ignored",
                         name == NULL ? "" : name);
        otm_meter_options_init(&options);
    }
    otmi_meter *created = meter_create(branch, name, &options);
    otmi_meter *meter = created == NULL ? NULL : enlist(created);
    if (meter == NULL) {
        otmi_diag_report(core->env.diag, OTM_ERROR, OTM_ERR_NO_MEMORY, &origin,
                         "meter '%s' could not be created: it does nothing", name == NULL ? "" : name);
        return otm_noop_meter();
    }
    if (name == NULL || name[0] == '\0') {
        otmi_diag_report(core->env.diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "a meter was asked for without a name: it works, but its metrics cannot be told from others'");
    }
    otmi_branch_retain(branch);
    return &meter->handle;
}

static void set_state_locked(otmi_meter *meter)
{
    bool listening = meter->enabled && __atomic_load_n(&meter->core->shutdown, __ATOMIC_RELAXED) == 0;
    for (size_t i = 0; i < meter->instrument_count; i++) {
        otmi_instrument_set_state(meter->instruments[i], listening);
    }
}

/* For a walk that gives the lock up: neither the branch nor its meters go meanwhile. */
static otmi_branch *next_pinned_locked(otmi_core *core, otmi_branch *before)
{
    otmi_branch *next = otmi_branch_next_locked(core, before);
    if (before != NULL) {
        before->pins--;
    }
    if (next != NULL) {
        next->pins++;
    }
    return next;
}

static void for_each_meter(otmi_core *core, bool judge)
{
    otmi_mutex_lock(&core->mu);
    for (otmi_branch *b = next_pinned_locked(core, NULL); b != NULL; b = next_pinned_locked(core, b)) {
        for (size_t i = 0; i < b->meter_count; i++) { /* meters are never taken out of their branch */
            if (judge) {
                judge_locked(core, b->meters[i]);
            }
            set_state_locked(b->meters[i]);
        }
    }
    otmi_mutex_unlock(&core->mu);
}

void otmi_meters_refresh(otmi_core *core)
{
    for_each_meter(core, true);
}

void otmi_meters_set_state(otmi_core *core)
{
    for_each_meter(core, false);
}
