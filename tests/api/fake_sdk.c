#include "fake_sdk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

typedef struct fake_object {
    union {
        otm_meter meter;
        otm_instrument instrument;
        otm_bound bound;
        otm_observable observable;
    } handle;
    fake_sdk *sdk;
    int references;
    char name[64];
} fake_object;

struct fake_callback {
    otm_callback_handle handle;
    fake_sdk *sdk;
    otm_callback run;
    void *user_data;
    size_t slot;
};

typedef struct fake_observer {
    otm_observer handle;
    fake_sdk *sdk;
} fake_observer;

static void note(fake_sdk *sdk, const char *format, ...)
{
    va_list arguments;
    if (sdk->quiet) {
        return;
    }
    pthread_mutex_lock(&sdk->lock);
    va_start(arguments, format);
    int written = vsnprintf(sdk->log + sdk->log_size, sizeof sdk->log - sdk->log_size, format, arguments);
    va_end(arguments);
    if (written > 0 && (size_t)written < sizeof sdk->log - sdk->log_size) {
        sdk->log_size += (size_t)written;
    }
    pthread_mutex_unlock(&sdk->lock);
}

static fake_object *object_new(fake_sdk *sdk, const char *name)
{
    fake_object *object = calloc(1, sizeof *object);
    if (object == NULL) {
        abort();
    }
    object->sdk = sdk;
    object->references = 1;
    snprintf(object->name, sizeof object->name, "%s", name == NULL ? "(null)" : name);
    object->handle.meter.state = sdk->instrument_state;
    __atomic_fetch_add(&sdk->live, 1, __ATOMIC_RELAXED);
    return object;
}

static void object_retain(void *self)
{
    __atomic_fetch_add(&((fake_object *)self)->references, 1, __ATOMIC_RELAXED);
}

static void object_release(void *self)
{
    fake_object *object = self;
    if (__atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_fetch_sub(&object->sdk->live, 1, __ATOMIC_RELAXED);
        free(object);
    }
}

static void count(fake_sdk *sdk, int64_t value)
{
    __atomic_fetch_add(&sdk->total, value, __ATOMIC_RELAXED);
}

/* -- Bound handle ------------------------------------------------------------------------------------------------ */

static void bound_record_i64(otm_bound *self, int64_t value)
{
    fake_object *bound = (fake_object *)self;
    count(bound->sdk, value);
    note(bound->sdk, "bound %s %" PRId64 "\n", bound->name, value);
}

static void bound_record_f64(otm_bound *self, double value)
{
    bound_record_i64(self, (int64_t)value);
}

static void bound_record_i64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    (void)context;
    bound_record_i64(self, value);
}

static void bound_record_f64_ctx(otm_bound *self, double value, const otm_context *context)
{
    (void)context;
    bound_record_i64(self, (int64_t)value);
}

static otm_status bound_peek(otm_bound *self, otm_series_value *out)
{
    (void)self;
    out->i64 = 42;
    return OTM_OK;
}

static otm_status bound_rebind(otm_bound *self)
{
    (void)self;
    return OTM_ERR_LIMIT;
}

static void bound_retain(otm_bound *self)
{
    object_retain(self);
}

static void bound_release(otm_bound *self)
{
    object_release(self);
}

static const otm_bound_ops bound_ops = {
    .size = sizeof bound_ops,
    .record_i64 = bound_record_i64,
    .record_f64 = bound_record_f64,
    .record_i64_ctx = bound_record_i64_ctx,
    .record_f64_ctx = bound_record_f64_ctx,
    .add_from_signal_i64 = bound_record_i64,
    .add_from_signal_f64 = bound_record_f64,
    .peek = bound_peek,
    .rebind = bound_rebind,
    .retain = bound_retain,
    .release = bound_release,
};

/* -- Synchronous instrument -------------------------------------------------------------------------------------- */

static void record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    fake_object *instrument = (fake_object *)self;
    (void)attrs;
    count(instrument->sdk, value);
    note(instrument->sdk, "record %s %" PRId64 " with %zu\n", instrument->name, value, attr_count);
}

static void record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    record_i64(self, (int64_t)value, attrs, attr_count);
}

static void record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context)
{
    (void)context;
    record_i64(self, value, attrs, attr_count);
}

static void record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                           const otm_context *context)
{
    (void)context;
    record_i64(self, (int64_t)value, attrs, attr_count);
}

static void note_attr(fake_sdk *sdk, const otm_attr *attr)
{
    if (attr->value.type == OTM_VALUE_STRING) {
        note(sdk, " %.*s=%.*s", (int)attr->key_size, attr->key, (int)attr->value.size, attr->value.as.string);
    } else {
        note(sdk, " %.*s:%u", (int)attr->key_size, attr->key, attr->value.type);
    }
}

static otm_status instrument_bind(otm_instrument *self, const otm_attr *attrs, size_t attr_count,
                                  const otm_bind_options *options, otm_bound **out)
{
    fake_object *instrument = (fake_object *)self;
    fake_sdk *sdk = instrument->sdk;
    note(sdk, "bind %s", instrument->name);
    for (size_t i = 0; i < attr_count; i++) {
        note_attr(sdk, &attrs[i]);
    }
    note(sdk, "%s\n", options != NULL && options->visible_from_start ? " visible" : "");
    fake_object *bound = object_new(sdk, instrument->name);
    bound->handle.bound.ops = &bound_ops;
    *out = &bound->handle.bound;
    return OTM_OK;
}

static otm_status instrument_remove(otm_instrument *self, const otm_attr *attrs, size_t attr_count)
{
    (void)attrs;
    note(((fake_object *)self)->sdk, "remove %s with %zu\n", ((fake_object *)self)->name, attr_count);
    return OTM_OK;
}

static void instrument_retain(otm_instrument *self)
{
    object_retain(self);
}

static void instrument_release(otm_instrument *self)
{
    object_release(self);
}

static const otm_instrument_ops instrument_ops = {
    .size = sizeof instrument_ops,
    .record_i64 = record_i64,
    .record_f64 = record_f64,
    .record_i64_ctx = record_i64_ctx,
    .record_f64_ctx = record_f64_ctx,
    .bind = instrument_bind,
    .remove = instrument_remove,
    .retain = instrument_retain,
    .release = instrument_release,
};

/* -- Asynchronous instrument ------------------------------------------------------------------------------------- */

static void observable_retain(otm_observable *self)
{
    object_retain(self);
}

static void observable_release(otm_observable *self)
{
    object_release(self);
}

static const otm_observable_ops observable_ops = {
    .size = sizeof observable_ops,
    .retain = observable_retain,
    .release = observable_release,
};

static const char *observable_name(const otm_observable *instrument)
{
    if (instrument == NULL) {
        return "itself";
    }
    return instrument->ops == &observable_ops ? ((const fake_object *)instrument)->name : "a stranger";
}

static void observe_i64(otm_observer *self, otm_observable *instrument, int64_t value, const otm_attr *attrs,
                        size_t attr_count)
{
    (void)attrs, (void)attr_count;
    note(((fake_observer *)self)->sdk, "observe %s %" PRId64 "\n", observable_name(instrument), value);
}

static void observe_f64(otm_observer *self, otm_observable *instrument, double value, const otm_attr *attrs,
                        size_t attr_count)
{
    observe_i64(self, instrument, (int64_t)value, attrs, attr_count);
}

static const otm_observer_ops observer_ops = {
    .size = sizeof observer_ops,
    .observe_i64 = observe_i64,
    .observe_f64 = observe_f64,
};

static void callback_unregister(otm_callback_handle *self)
{
    fake_callback *callback = (fake_callback *)self;
    fake_sdk *sdk = callback->sdk;
    note(sdk, "unregister\n");
    pthread_mutex_lock(&sdk->lock);
    sdk->callbacks[callback->slot] = NULL;
    pthread_mutex_unlock(&sdk->lock);
    free(callback);
    __atomic_fetch_sub(&sdk->live, 1, __ATOMIC_RELAXED);
}

static const otm_callback_handle_ops callback_ops = {
    .size = sizeof callback_ops,
    .unregister = callback_unregister,
};

static fake_callback *callback_add(fake_sdk *sdk, otm_callback run, void *user_data)
{
    fake_callback *callback = calloc(1, sizeof *callback);
    size_t slot = 0;
    pthread_mutex_lock(&sdk->lock);
    while (slot < FAKE_CALLBACKS && sdk->callbacks[slot] != NULL) {
        slot++;
    }
    if (callback == NULL || slot == FAKE_CALLBACKS) {
        abort();
    }
    *callback = (fake_callback){{&callback_ops, 1}, sdk, run, user_data, slot};
    sdk->callbacks[slot] = callback;
    pthread_mutex_unlock(&sdk->lock);
    return callback;
}

/* -- Meter ------------------------------------------------------------------------------------------------------- */

static otm_status create_instrument(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *options, otm_instrument **out)
{
    fake_sdk *sdk = ((fake_object *)self)->sdk;
    if (sdk->on_create != NULL) {
        sdk->on_create(sdk->on_create_data);
    }
    note(sdk, "instrument %s/%s kind %d number %d unit %s bounds %zu keys %zu\n", ((fake_object *)self)->name,
         identity->name == NULL ? "(null)" : identity->name, (int)identity->kind, (int)identity->number,
         options == NULL || options->unit == NULL ? "-" : options->unit,
         options == NULL ? 0 : options->bucket_boundary_count, options == NULL ? 0 : options->attribute_key_count);
    if (sdk->creation_result != OTM_OK) {
        *out = otm_noop_instrument();
        return sdk->creation_result;
    }
    fake_object *instrument = object_new(sdk, identity->name);
    instrument->handle.instrument.ops = &instrument_ops;
    *out = &instrument->handle.instrument;
    return OTM_OK;
}

static otm_status create_observable(otm_meter *self, const otm_instrument_identity *identity,
                                    const otm_instrument_options *options, otm_observable **out)
{
    fake_sdk *sdk = ((fake_object *)self)->sdk;
    note(sdk, "observable %s/%s kind %d number %d\n", ((fake_object *)self)->name, identity->name, (int)identity->kind,
         (int)identity->number);
    if (options != NULL && options->callback != NULL) {
        callback_add(sdk, options->callback, options->callback_user_data);
    }
    fake_object *observable = object_new(sdk, identity->name);
    observable->handle.observable.ops = &observable_ops;
    *out = &observable->handle.observable;
    return OTM_OK;
}

static otm_status register_callback(otm_meter *self, otm_callback callback, void *user_data,
                                    otm_observable *const *instruments, size_t instrument_count,
                                    otm_callback_handle **out)
{
    fake_sdk *sdk = ((fake_object *)self)->sdk;
    note(sdk, "callback");
    for (size_t i = 0; i < instrument_count; i++) {
        note(sdk, " %s", observable_name(instruments[i]));
    }
    note(sdk, "\n");
    fake_callback *added = callback_add(sdk, callback, user_data);
    if (out != NULL) {
        __atomic_fetch_add(&sdk->live, 1, __ATOMIC_RELAXED);
        *out = &added->handle;
    }
    return OTM_OK;
}

static void meter_retain(otm_meter *self)
{
    object_retain(self);
}

static void meter_release(otm_meter *self)
{
    object_release(self);
}

static const otm_meter_ops meter_ops = {
    .size = sizeof meter_ops,
    .create_instrument = create_instrument,
    .create_observable = create_observable,
    .register_callback = register_callback,
    .retain = meter_retain,
    .release = meter_release,
};

/* -- Provider ---------------------------------------------------------------------------------------------------- */

static otm_meter *get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    fake_sdk *sdk = (fake_sdk *)self;
    note(sdk, "meter %s", name == NULL ? "(null)" : name);
    if (options != NULL && options->version != NULL) {
        note(sdk, " version %s", options->version);
    }
    if (options != NULL && options->schema_url != NULL) {
        note(sdk, " schema %s", options->schema_url);
    }
    for (size_t i = 0; options != NULL && i < options->attribute_count; i++) {
        note_attr(sdk, &options->attributes[i]);
    }
    note(sdk, "\n");
    fake_object *meter = object_new(sdk, name);
    meter->handle.meter.ops = &meter_ops;
    return &meter->handle.meter;
}

static void provider_retain(otm_meter_provider *self)
{
    __atomic_fetch_add(&((fake_sdk *)self)->references, 1, __ATOMIC_RELAXED);
}

static void provider_release(otm_meter_provider *self)
{
    __atomic_fetch_sub(&((fake_sdk *)self)->references, 1, __ATOMIC_RELEASE);
}

static const otm_meter_provider_ops provider_ops = {
    .size = sizeof provider_ops,
    .get_meter = get_meter,
    .retain = provider_retain,
    .release = provider_release,
};

void fake_sdk_init(fake_sdk *sdk)
{
    memset(sdk, 0, sizeof *sdk);
    sdk->provider.ops = &provider_ops;
    sdk->provider.state = 1;
    sdk->references = 1;
    sdk->instrument_state = 1;
    pthread_mutex_init(&sdk->lock, NULL);
}

void fake_sdk_fini(fake_sdk *sdk)
{
    for (size_t i = 0; i < FAKE_CALLBACKS; i++) {
        free(sdk->callbacks[i]);
    }
    pthread_mutex_destroy(&sdk->lock);
}

void fake_sdk_collect(fake_sdk *sdk)
{
    fake_observer observer = {{&observer_ops, 1}, sdk};
    for (size_t i = 0; i < FAKE_CALLBACKS; i++) {
        if (sdk->callbacks[i] != NULL) {
            sdk->callbacks[i]->run(&observer.handle, sdk->callbacks[i]->user_data);
        }
    }
}

void fake_sdk_forget(fake_sdk *sdk)
{
    sdk->log_size = 0;
    sdk->log[0] = '\0';
}
