/* One request obeyed: the table of operations, and what they share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver.h"
#include "driver_instrument.h"

/* -- Help for operations ----------------------------------------------------------------------------------------- */

otm_status driver_refuse(json_t *answer, otm_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *message = json_vsprintf(format, arguments);
    va_end(arguments);
    if (message != NULL) {
        (void)json_object_set_new(answer, "message", message);
    }
    return status;
}

otm_status driver_text(const json_t *request, const char *key, json_t *answer, const char **out)
{
    const json_t *json = json_object_get(request, key);
    *out = json_string_value(json);
    if (json == NULL || json_is_null(json)) {
        return OTM_OK;
    }
    if (!json_is_string(json)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "%s: expected a string", key);
    }
    if (strlen(*out) != json_string_length(json)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "%s: a C string cannot hold a NUL", key);
    }
    return OTM_OK;
}

otm_status driver_needed_text(const json_t *request, const char *key, json_t *answer, const char **out)
{
    otm_status st = driver_text(request, key, answer, out);
    if (st == OTM_OK && *out == NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "%s: expected a string", key);
    }
    return st;
}

otm_status driver_find(const driver_table *table, const json_t *request, const char *key, json_t *answer, void *out)
{
    const char *id;
    otm_status st = driver_needed_text(request, key, answer, &id);
    void *object = st == OTM_OK ? driver_table_find(table, id) : NULL;
    if (st == OTM_OK && object == NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "no %s has the id %s", table->kind, id);
    }
    memcpy(out, &object, sizeof object);
    return st;
}

otm_status driver_check_id(const driver_table *table, const json_t *request, json_t *answer)
{
    const char *id;
    otm_status st = driver_needed_text(request, "id", answer, &id);
    if (st == OTM_OK && driver_table_find(table, id) != NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "the %s id %s is taken", table->kind, id);
    }
    return st;
}

otm_status driver_add(driver_table *table, const json_t *request, json_t *answer, void *object)
{
    const json_t *id = json_object_get(request, "id");
    if (!driver_table_add(table, json_string_value(id), object)) {
        table->destroy(object);
        return OTM_ERR_NO_MEMORY;
    }
    (void)json_object_set(answer, "id", (json_t *)id);
    return OTM_OK;
}

/* -- Obeying ----------------------------------------------------------------------------------------------------- */

static otm_status not_built(driver *d, const json_t *request, json_t *answer)
{
    (void)d;
    (void)request;
    return driver_refuse(answer, OTM_ERR_UNSUPPORTED, "not built yet");
}

static const struct {
    const char *name;
    driver_op obey;
} operations[] = {
    {"record", driver_op_record},
    {"records", driver_op_records},
    {"observe", driver_op_observe},
    {"unobserve", driver_op_unobserve},
    {"collect", driver_op_collect},
    {"clock", driver_op_clock},
    {"provider", driver_op_provider},
    {"meter", driver_op_meter},
    {"instrument", driver_op_instrument},
    {"join", driver_op_join},
    {"bind", driver_op_bind},
    {"unbind", driver_op_unbind},
    {"remove", driver_op_remove},
    {"enabled", driver_op_enabled},
    {"configure_meters", driver_op_configure_meters},
    {"render", driver_op_render},
    {"flush", driver_op_flush},
    {"shutdown", driver_op_shutdown},
    {"accounts", driver_op_accounts},
    {"fork", driver_op_fork},
    {"provider_env", not_built},
    {"describe", not_built},
    {"producer", driver_op_producer},
    {"filter", driver_op_filter},
};

static otm_status obey(driver *d, const json_t *request, json_t *answer)
{
    const char *name = json_string_value(json_object_get(request, "op"));
    for (size_t i = 0; name != NULL && i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return operations[i].obey(d, request, answer);
        }
    }
    return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "op: there is no such operation");
}

json_t *driver_obey(driver *d, const json_t *request)
{
    json_t *answer = json_object();
    otm_status st = obey(d, request, answer);
    (void)json_object_set_new(answer, "ok", json_boolean(st == OTM_OK));
    if (st != OTM_OK) {
        (void)json_object_set_new(answer, "status", json_string(otm_status_name(st)));
        if (json_object_get(answer, "message") == NULL) {
            (void)json_object_set_new(answer, "message", json_string(otm_status_text(st)));
        }
    }
    driver_diag_take(answer);
    return answer;
}

void driver_init(driver *d)
{
    driver_clock_init(&d->clock);
    driver_table_init(&d->providers, "provider", driver_provider_destroy);
    driver_table_init(&d->readers, "reader", driver_reader_destroy);
    driver_table_init(&d->meters, "meter", driver_meter_destroy);
    driver_table_init(&d->instruments, "instrument", driver_instrument_destroy);
    driver_table_init(&d->bounds, "bound instrument", driver_bound_destroy);
    driver_table_init(&d->callbacks, "callback", driver_callback_destroy);
    driver_table_init(&d->backgrounds, "background", driver_background_destroy);
}

void driver_fini(driver *d)
{
    driver_table_fini(&d->backgrounds);
    driver_table_fini(&d->readers);
    driver_table_fini(&d->providers); /* from here on no callback runs */
    driver_table_fini(&d->callbacks);
    driver_table_fini(&d->bounds);
    driver_table_fini(&d->instruments);
    driver_table_fini(&d->meters);
}
