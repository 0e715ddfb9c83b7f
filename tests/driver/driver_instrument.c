/* meter, instrument, enabled, bind, unbind, remove */
#include "driver_instrument.h"

#include <stdlib.h>

#include "driver_provider.h"

/* -- Meter ------------------------------------------------------------------------------------------------------- */

void driver_meter_destroy(void *meter)
{
    otm_meter_release(meter);
}

static otm_status make_meter(driver_provider *provider, const json_t *request, const driver_attrs *attrs,
                             json_t *answer, otm_meter **out)
{
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.attributes = attrs->items;
    options.attribute_count = attrs->count;
    const char *name;
    otm_status st = driver_text(request, "name", answer, &name);
    if (st == OTM_OK) {
        st = driver_text(request, "version", answer, &options.version);
    }
    if (st == OTM_OK) {
        st = driver_text(request, "schema_url", answer, &options.schema_url);
    }
    if (st == OTM_OK) {
        *out = otm_meter_provider_get_meter(otm_sdk_provider(provider->sdk), name, &options);
    }
    return st;
}

otm_status driver_op_meter(driver *d, const json_t *request, json_t *answer)
{
    driver_provider *provider;
    driver_attrs attrs;
    otm_meter *meter = NULL;
    otm_status st = driver_check_id(&d->meters, request, answer);
    if (st == OTM_OK) {
        st = driver_find(&d->providers, request, "provider", answer, &provider);
    }
    if (st != OTM_OK) {
        return st;
    }
    st = driver_attrs_init(&attrs, json_object_get(request, "attributes"));
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "attributes: not of the form the protocol has");
    }
    st = make_meter(provider, request, &attrs, answer, &meter);
    driver_attrs_fini(&attrs);
    return st == OTM_OK ? driver_add(&d->meters, request, answer, meter) : st;
}

/* -- Instrument -------------------------------------------------------------------------------------------------- */

/* The callback given at creation stays for good, so the providers have to be gone by now. */
void driver_instrument_destroy(void *object)
{
    driver_instrument *instrument = object;
    if (instrument->calls != NULL) {
        instrument->calls->release(instrument->handle);
    }
    otm_observable_release(instrument->observable);
    otm_meter_release(instrument->meter);
    driver_observations_fini(&instrument->own);
    free(instrument);
}

static otm_status read_kind(const json_t *request, json_t *answer, otm_instrument_kind *kind, otm_number *number)
{
    static const char *const names[OTM_INSTRUMENT_KIND_COUNT] = {
        [OTM_COUNTER] = "counter",
        [OTM_UP_DOWN_COUNTER] = "up_down_counter",
        [OTM_HISTOGRAM] = "histogram",
        [OTM_GAUGE] = "gauge",
        [OTM_OBSERVABLE_COUNTER] = "observable_counter",
        [OTM_OBSERVABLE_UP_DOWN_COUNTER] = "observable_up_down_counter",
        [OTM_OBSERVABLE_GAUGE] = "observable_gauge",
    };
    const char *name = json_string_value(json_object_get(request, "kind"));
    const char *type = json_string_value(json_object_get(request, "number"));
    *number = type != NULL && strcmp(type, "double") == 0 ? OTM_NUMBER_F64 : OTM_NUMBER_I64;
    if (type == NULL || (strcmp(type, "double") != 0 && strcmp(type, "int") != 0)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "number: expected int or double");
    }
    for (int i = 0; name != NULL && i < OTM_INSTRUMENT_KIND_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *kind = (otm_instrument_kind)i;
            return OTM_OK;
        }
    }
    return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "kind: expected one of the seven kinds of instruments");
}

/* The lists of the options, which have memory of their own. */
typedef struct advice_lists {
    double *boundaries;
    const char **keys;
} advice_lists;

static otm_status read_boundaries(const json_t *list, advice_lists *lists, otm_instrument_options *out)
{
    size_t count = json_array_size(list);
    lists->boundaries = calloc(count + 1, sizeof *lists->boundaries);
    if (lists->boundaries == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!driver_f64(json_array_get(list, i), &lists->boundaries[i])) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    out->has_bucket_boundaries = true;
    out->bucket_boundaries = lists->boundaries;
    out->bucket_boundary_count = count;
    return OTM_OK;
}

static otm_status read_keys(const json_t *list, advice_lists *lists, otm_instrument_options *out)
{
    size_t count = json_array_size(list);
    lists->keys = calloc(count + 1, sizeof *lists->keys);
    if (lists->keys == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        lists->keys[i] = json_string_value(json_array_get(list, i));
        if (lists->keys[i] == NULL) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    out->has_attribute_keys = true;
    out->attribute_keys = lists->keys;
    out->attribute_key_count = count;
    return OTM_OK;
}

static otm_status read_advice(const json_t *json, advice_lists *lists, otm_instrument_options *out)
{
    const json_t *boundaries = json_object_get(json, "explicit_bucket_boundaries");
    const json_t *keys = json_object_get(json, "attributes");
    otm_status st = OTM_OK;
    if (json_is_array(boundaries)) {
        st = read_boundaries(boundaries, lists, out);
    }
    if (st == OTM_OK && json_is_array(keys)) {
        st = read_keys(keys, lists, out);
    }
    return st;
}

/* What the SDK says about it is in the diagnostics; the handle is usable in any case. */
static void create_handle(driver_instrument *instrument, otm_instrument_kind kind, const char *name,
                          otm_instrument_options *options)
{
    if (instrument->calls != NULL) {
        (void)instrument->calls->create(instrument->meter, name, options, &instrument->handle);
        return;
    }
    options->callback = driver_observe_own;
    options->callback_user_data = instrument;
    (void)driver_create_observable(instrument->meter, kind, instrument->number, name, options,
                                   &instrument->observable);
}

static otm_status make_instrument(otm_meter *meter, const json_t *request, json_t *answer, driver_instrument **out)
{
    otm_instrument_kind kind = OTM_COUNTER;
    otm_number number = OTM_NUMBER_I64;
    const char *name;
    advice_lists lists = {NULL, NULL};
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    otm_status st = read_kind(request, answer, &kind, &number);
    if (st == OTM_OK) {
        st = driver_text(request, "name", answer, &name);
    }
    if (st == OTM_OK) {
        st = driver_text(request, "unit", answer, &options.unit);
    }
    if (st == OTM_OK) {
        st = driver_text(request, "description", answer, &options.description);
    }
    if (st == OTM_OK) {
        st = read_advice(json_object_get(request, "advisory"), &lists, &options);
    }
    driver_instrument *instrument = st == OTM_OK ? calloc(1, sizeof *instrument) : NULL;
    if (instrument != NULL) {
        instrument->meter = otm_meter_retain(meter);
        instrument->calls = driver_calls_of(kind, number);
        instrument->number = number;
        create_handle(instrument, kind, name, &options);
    } else if (st == OTM_OK) {
        st = OTM_ERR_NO_MEMORY;
    }
    free(lists.boundaries);
    free(lists.keys);
    *out = instrument;
    return st;
}

otm_status driver_op_instrument(driver *d, const json_t *request, json_t *answer)
{
    otm_meter *meter;
    driver_instrument *instrument;
    otm_status st = driver_check_id(&d->instruments, request, answer);
    if (st == OTM_OK) {
        st = driver_find(&d->meters, request, "meter", answer, &meter);
    }
    if (st == OTM_OK) {
        st = make_instrument(meter, request, answer, &instrument);
    }
    return st == OTM_OK ? driver_add(&d->instruments, request, answer, instrument) : st;
}

/* -- Synchronous instruments ------------------------------------------------------------------------------------- */

static otm_status find_synchronous(driver *d, const json_t *request, json_t *answer, driver_instrument **out)
{
    otm_status st = driver_find(&d->instruments, request, "instrument", answer, out);
    if (st == OTM_OK && (*out)->calls == NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "instrument: expected a synchronous one");
    }
    return st;
}

otm_status driver_op_enabled(driver *d, const json_t *request, json_t *answer)
{
    driver_instrument *instrument;
    otm_status st = find_synchronous(d, request, answer, &instrument);
    if (st == OTM_OK) {
        bool enabled = instrument->calls->enabled(instrument->handle);
        (void)json_object_set_new(answer, "enabled", json_boolean(enabled));
    }
    return st;
}

void driver_bound_destroy(void *object)
{
    driver_bound *bound = object;
    bound->calls->release_bound(bound->handle);
    free(bound);
}

otm_status driver_op_bind(driver *d, const json_t *request, json_t *answer)
{
    driver_instrument *instrument;
    driver_attrs attrs;
    otm_status st = driver_check_id(&d->bounds, request, answer);
    if (st == OTM_OK) {
        st = find_synchronous(d, request, answer, &instrument);
    }
    if (st != OTM_OK) {
        return st;
    }
    st = driver_attrs_init(&attrs, json_object_get(request, "attributes"));
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "attributes: not of the form the protocol has");
    }
    driver_bound *bound = calloc(1, sizeof *bound);
    if (bound != NULL) {
        bound->calls = instrument->calls;
        bound->number = instrument->number;
        (void)bound->calls->bind(instrument->handle, &attrs, &bound->handle); /* usable in any case */
    }
    driver_attrs_fini(&attrs);
    return bound == NULL ? OTM_ERR_NO_MEMORY : driver_add(&d->bounds, request, answer, bound);
}

otm_status driver_op_unbind(driver *d, const json_t *request, json_t *answer)
{
    driver_bound *bound;
    otm_status st = driver_find(&d->bounds, request, "bound", answer, &bound);
    if (st == OTM_OK) {
        driver_table_remove(&d->bounds, json_string_value(json_object_get(request, "bound")));
    }
    return st;
}

otm_status driver_op_remove(driver *d, const json_t *request, json_t *answer)
{
    driver_instrument *instrument;
    driver_attrs attrs;
    otm_status st = find_synchronous(d, request, answer, &instrument);
    if (st != OTM_OK) {
        return st;
    }
    st = driver_attrs_init(&attrs, json_object_get(request, "attributes"));
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "attributes: not of the form the protocol has");
    }
    (void)instrument->calls->remove(instrument->handle, &attrs); /* that there is no such series is no failure */
    driver_attrs_fini(&attrs);
    return OTM_OK;
}
