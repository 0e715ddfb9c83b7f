/* The no-op objects (metrics/noop.md): one static object of each kind, the same for everybody. They hold no state and
 * read none of their parameters; `state` is 0, so that recording calls do not even get here. No operation fails: only
 * peek says truthfully that there is no value. */
#include <otm/metrics.h>

static otm_meter_provider noop_provider;
static otm_meter noop_meter;
static otm_instrument noop_instrument;
static otm_bound noop_bound;
static otm_observable noop_observable;
static otm_callback_handle noop_callback_handle;

/* -- Provider ---------------------------------------------------------------------------------------------------- */

static otm_meter *provider_get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    (void)self, (void)name, (void)options;
    return &noop_meter;
}

static void provider_ignore(otm_meter_provider *self)
{
    (void)self;
}

static const otm_meter_provider_ops provider_ops = {
    .size = sizeof provider_ops,
    .get_meter = provider_get_meter,
    .retain = provider_ignore,
    .release = provider_ignore,
};

static otm_meter_provider noop_provider = {.ops = &provider_ops};

/* -- Meter ------------------------------------------------------------------------------------------------------- */

static otm_status meter_create_instrument(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_instrument **out)
{
    (void)self, (void)identity, (void)options;
    if (out != NULL) {
        *out = &noop_instrument;
    }
    return OTM_OK;
}

static otm_status meter_create_observable(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_observable **out)
{
    (void)self, (void)identity, (void)options;
    if (out != NULL) {
        *out = &noop_observable;
    }
    return OTM_OK;
}

static otm_status meter_register_callback(otm_meter *self, otm_callback callback, void *user_data,
                                          otm_observable *const *instruments, size_t instrument_count,
                                          otm_callback_handle **out)
{
    (void)self, (void)callback, (void)user_data, (void)instruments, (void)instrument_count;
    if (out != NULL) {
        *out = &noop_callback_handle;
    }
    return OTM_OK;
}

static void meter_ignore(otm_meter *self)
{
    (void)self;
}

static const otm_meter_ops meter_ops = {
    .size = sizeof meter_ops,
    .create_instrument = meter_create_instrument,
    .create_observable = meter_create_observable,
    .register_callback = meter_register_callback,
    .retain = meter_ignore,
    .release = meter_ignore,
};

static otm_meter noop_meter = {.ops = &meter_ops};

/* -- Synchronous instrument -------------------------------------------------------------------------------------- */

static void instrument_record_i64(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    (void)self, (void)value, (void)attrs, (void)attr_count;
}

static void instrument_record_f64(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count)
{
    (void)self, (void)value, (void)attrs, (void)attr_count;
}

static void instrument_record_i64_ctx(otm_instrument *self, int64_t value, const otm_attr *attrs, size_t attr_count,
                                      const otm_context *context)
{
    (void)self, (void)value, (void)attrs, (void)attr_count, (void)context;
}

static void instrument_record_f64_ctx(otm_instrument *self, double value, const otm_attr *attrs, size_t attr_count,
                                      const otm_context *context)
{
    (void)self, (void)value, (void)attrs, (void)attr_count, (void)context;
}

static otm_status instrument_bind(otm_instrument *self, const otm_attr *attrs, size_t attr_count,
                                  const otm_bind_options *options, otm_bound **out)
{
    (void)self, (void)attrs, (void)attr_count, (void)options;
    if (out != NULL) {
        *out = &noop_bound;
    }
    return OTM_OK;
}

static otm_status instrument_remove(otm_instrument *self, const otm_attr *attrs, size_t attr_count)
{
    (void)self, (void)attrs, (void)attr_count;
    return OTM_OK;
}

static void instrument_ignore(otm_instrument *self)
{
    (void)self;
}

static const otm_instrument_ops instrument_ops = {
    .size = sizeof instrument_ops,
    .record_i64 = instrument_record_i64,
    .record_f64 = instrument_record_f64,
    .record_i64_ctx = instrument_record_i64_ctx,
    .record_f64_ctx = instrument_record_f64_ctx,
    .bind = instrument_bind,
    .remove = instrument_remove,
    .retain = instrument_ignore,
    .release = instrument_ignore,
};

static otm_instrument noop_instrument = {.ops = &instrument_ops};

/* -- Bound handle ------------------------------------------------------------------------------------------------ */

static void bound_record_i64(otm_bound *self, int64_t value)
{
    (void)self, (void)value;
}

static void bound_record_f64(otm_bound *self, double value)
{
    (void)self, (void)value;
}

static void bound_record_i64_ctx(otm_bound *self, int64_t value, const otm_context *context)
{
    (void)self, (void)value, (void)context;
}

static void bound_record_f64_ctx(otm_bound *self, double value, const otm_context *context)
{
    (void)self, (void)value, (void)context;
}

static otm_status bound_peek(otm_bound *self, otm_series_value *out)
{
    (void)self, (void)out;
    return OTM_ERR_NOT_FOUND;
}

static otm_status bound_rebind(otm_bound *self)
{
    (void)self;
    return OTM_OK;
}

static void bound_ignore(otm_bound *self)
{
    (void)self;
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
    .retain = bound_ignore,
    .release = bound_ignore,
};

static otm_bound noop_bound = {.ops = &bound_ops};

/* -- Asynchronous instrument and callback ------------------------------------------------------------------------ */

static void observable_ignore(otm_observable *self)
{
    (void)self;
}

static const otm_observable_ops observable_ops = {
    .size = sizeof observable_ops,
    .retain = observable_ignore,
    .release = observable_ignore,
};

static otm_observable noop_observable = {.ops = &observable_ops};

static void callback_unregister(otm_callback_handle *self)
{
    (void)self;
}

static const otm_callback_handle_ops callback_handle_ops = {
    .size = sizeof callback_handle_ops,
    .unregister = callback_unregister,
};

static otm_callback_handle noop_callback_handle = {.ops = &callback_handle_ops};

/* -- Where they are had ------------------------------------------------------------------------------------------ */

otm_meter_provider *otm_noop_meter_provider(void)
{
    return &noop_provider;
}

otm_meter *otm_noop_meter(void)
{
    return &noop_meter;
}

otm_instrument *otm_noop_instrument(void)
{
    return &noop_instrument;
}

otm_bound *otm_noop_bound(void)
{
    return &noop_bound;
}

otm_observable *otm_noop_observable(void)
{
    return &noop_observable;
}

otm_callback_handle *otm_noop_callback_handle(void)
{
    return &noop_callback_handle;
}
