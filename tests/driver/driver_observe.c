/* observe, unobserve */
#include <pthread.h>
#include <stdlib.h>

#include "driver_instrument.h"

/* A callback with an id of its own. */
typedef struct callback {
    driver_instrument *instrument;
    otm_callback_handle *handle;
    driver_observations observations;
} callback;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards every driver_observations */

void driver_observe_lock(void)
{
    (void)pthread_mutex_lock(&mutex);
}

void driver_observe_unlock(void)
{
    (void)pthread_mutex_unlock(&mutex);
}

void driver_observations_fini(driver_observations *observations)
{
    for (size_t i = 0; i < observations->count; i++) {
        driver_attrs_fini(&observations->items[i].attrs);
    }
    free(observations->items);
    *observations = (driver_observations){.count = 0};
}

/* -- Callbacks --------------------------------------------------------------------------------------------------- */

static void report(otm_observer *observer, const driver_instrument *instrument, const driver_observations *list)
{
    driver_observe_lock();
    for (size_t i = 0; i < list->count; i++) {
        const driver_observation *o = &list->items[i];
        if (instrument->number == OTM_NUMBER_I64) {
            otm_observe_i64(observer, instrument->observable, o->value.i64, o->attrs.items, o->attrs.count);
        } else {
            otm_observe_f64(observer, instrument->observable, o->value.f64, o->attrs.items, o->attrs.count);
        }
    }
    driver_observe_unlock();
}

void driver_observe_own(otm_observer *observer, void *user_data)
{
    driver_instrument *instrument = user_data;
    report(observer, instrument, &instrument->own);
}

static void observe_named(otm_observer *observer, void *user_data)
{
    callback *c = user_data;
    report(observer, c->instrument, &c->observations);
}

void driver_callback_destroy(void *object)
{
    callback *c = object;
    otm_callback_unregister(c->handle);
    driver_observations_fini(&c->observations);
    free(c);
}

/* -- Operations -------------------------------------------------------------------------------------------------- */

static otm_status read_observations(const json_t *list, otm_number number, driver_observations *out)
{
    size_t count = json_array_size(list);
    *out = (driver_observations){.items = calloc(count + 1, sizeof *out->items)};
    if (out->items == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *element = json_array_get(list, i);
        driver_observation *o = &out->items[i];
        if (!driver_number_of(json_object_get(element, "value"), number, &o->value) ||
            driver_attrs_init(&o->attrs, json_object_get(element, "attributes")) != OTM_OK) {
            driver_observations_fini(out);
            return OTM_ERR_INVALID_ARGUMENT;
        }
        out->count = i + 1;
    }
    return OTM_OK;
}

/* Puts `now` in place of *list and frees what was there. */
static void replace(driver_observations *list, driver_observations now)
{
    driver_observe_lock();
    driver_observations before = *list;
    *list = now;
    driver_observe_unlock();
    driver_observations_fini(&before);
}

static otm_status add_callback(driver *d, const char *id, driver_instrument *instrument, driver_observations list)
{
    callback *c = calloc(1, sizeof *c);
    if (c == NULL) {
        driver_observations_fini(&list);
        return OTM_ERR_NO_MEMORY;
    }
    c->instrument = instrument;
    c->observations = list;
    /* What the SDK refuses shows in the diagnostics. */
    (void)otm_meter_register_callback(instrument->meter, observe_named, c, &instrument->observable, 1, &c->handle);
    if (!driver_table_add(&d->callbacks, id, c)) {
        driver_callback_destroy(c);
        return OTM_ERR_NO_MEMORY;
    }
    return OTM_OK;
}

static otm_status observe(driver *d, const char *id, driver_instrument *instrument, driver_observations list,
                          json_t *answer)
{
    if (id == NULL) {
        replace(&instrument->own, list);
        return OTM_OK;
    }
    callback *c = driver_table_find(&d->callbacks, id);
    if (c == NULL) {
        return add_callback(d, id, instrument, list);
    }
    if (c->instrument != instrument) {
        driver_observations_fini(&list);
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "callback: %s serves another instrument", id);
    }
    replace(&c->observations, list);
    return OTM_OK;
}

otm_status driver_op_observe(driver *d, const json_t *request, json_t *answer)
{
    driver_instrument *instrument;
    const char *id;
    otm_status st = driver_find(&d->instruments, request, "instrument", answer, &instrument);
    if (st == OTM_OK && instrument->calls != NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "instrument: expected an asynchronous one");
    }
    if (st == OTM_OK) {
        st = driver_text(request, "callback", answer, &id);
    }
    if (st != OTM_OK) {
        return st;
    }
    const json_t *json = json_object_get(request, "observations");
    driver_observations list;
    st = json_is_array(json) ? read_observations(json, instrument->number, &list) : OTM_ERR_INVALID_ARGUMENT;
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "observations: expected an array of value and attributes");
    }
    return observe(d, id, instrument, list, answer);
}

otm_status driver_op_unobserve(driver *d, const json_t *request, json_t *answer)
{
    callback *c;
    otm_status st = driver_find(&d->callbacks, request, "callback", answer, &c);
    if (st == OTM_OK) {
        driver_table_remove(&d->callbacks, json_string_value(json_object_get(request, "callback")));
    }
    return st;
}
