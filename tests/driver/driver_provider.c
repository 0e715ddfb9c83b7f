/* provider, configure_meters, flush, shutdown */
#include "driver_provider.h"

#include <stdlib.h>
#include <time.h>

#include "driver_instrument.h"
#include "driver_values.h"

void driver_provider_destroy(void *object)
{
    driver_provider *provider = object;
    otm_sdk_release(provider->sdk);
    json_decref(provider->reader_ids);
    free(provider);
}

void driver_reader_destroy(void *object)
{
    driver_reader *reader = object;
    otm_reader_release(reader->reader);
    free(reader);
}

/* -- Reader ids -------------------------------------------------------------------------------------------------- */

/* The protocol lets each reader have an "id", which the model does not know: taken out, and returned by index. */
static json_t *take_reader_ids(json_t *config)
{
    json_t *readers = json_object_get(json_object_get(config, "meter_provider"), "readers");
    json_t *ids = json_array();
    size_t i;
    json_t *reader;
    json_array_foreach(readers, i, reader) {
        json_t *body = json_object_iter_value(json_object_iter(reader));
        json_t *id = json_object_get(body, "id");
        (void)json_array_append(ids, json_is_string(id) ? id : json_null());
        (void)json_object_del(body, "id");
    }
    return ids;
}

static otm_status check_reader_ids(const driver *d, const json_t *ids, json_t *answer)
{
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id) {
        bool taken = json_is_string(id) && driver_table_find(&d->readers, json_string_value(id)) != NULL;
        for (size_t j = 0; j < i && json_is_string(id); j++) {
            taken = taken || json_equal(id, json_array_get(ids, j));
        }
        if (taken) {
            return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "the reader id %s is taken", json_string_value(id));
        }
    }
    return OTM_OK;
}

static otm_status add_readers(driver *d, const driver_provider *provider)
{
    for (size_t i = 0; i < otm_sdk_reader_count(provider->sdk); i++) {
        const char *id = json_string_value(json_array_get(provider->reader_ids, i));
        if (id == NULL) {
            continue;
        }
        driver_reader *reader = calloc(1, sizeof *reader);
        if (reader == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
        reader->reader = otm_reader_retain(otm_sdk_reader(provider->sdk, i));
        reader->prometheus = otm_sdk_prometheus_exporter(provider->sdk, i);
        if (!driver_table_add(&d->readers, id, reader)) {
            driver_reader_destroy(reader);
            return OTM_ERR_NO_MEMORY;
        }
    }
    return OTM_OK;
}

/* -- Provider ---------------------------------------------------------------------------------------------------- */

static otm_status read_extras(const json_t *request, json_t *answer, otm_sdk_model_options *out)
{
    const char *mode;
    otm_status st = driver_text(request, "view_matching_mode", answer, &mode);
    if (st != OTM_OK) {
        return st;
    }
    if (mode != NULL && strcmp(mode, "composable") == 0) {
        out->view_matching = OTM_VIEWS_COMPOSABLE;
    } else if (mode != NULL && strcmp(mode, "independent") != 0) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT,
                             "view_matching_mode: expected independent or composable");
    }
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(request, "sdk"), key, value) {
        if (strcmp(key, "silent_in_child") != 0 || !json_is_boolean(value)) {
            return driver_refuse(answer, OTM_ERR_UNSUPPORTED, "sdk.%s: no such option", key);
        }
        out->silent_in_child = json_is_true(value);
    }
    return OTM_OK;
}

static otm_status create_sdk(driver *d, const json_t *request, const json_t *config, json_t *answer, otm_sdk **out)
{
    otm_sdk_model_options options;
    otm_sdk_model_options_init(&options);
    options.clock = &d->clock;
    options.allow_manual_readers = true;
    driver_diag_options(&options.diagnostics);
    otm_status st = read_extras(request, answer, &options);
    if (st != OTM_OK) {
        return st;
    }
    char *text = json_dumps(config, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    st = otm_sdk_create_from_model(text, strlen(text), &options, out);
    free(text);
    return st;
}

static otm_status make_provider(driver *d, const json_t *request, json_t *config, json_t *answer,
                                driver_provider *provider)
{
    provider->reader_ids = take_reader_ids(config);
    otm_status st = check_reader_ids(d, provider->reader_ids, answer);
    if (st == OTM_OK) {
        st = create_sdk(d, request, config, answer, &provider->sdk);
    }
    return st == OTM_OK ? add_readers(d, provider) : st;
}

otm_status driver_op_provider(driver *d, const json_t *request, json_t *answer)
{
    otm_status st = driver_check_id(&d->providers, request, answer);
    if (st != OTM_OK) {
        return st;
    }
    json_t *config = json_deep_copy(json_object_get(request, "config"));
    driver_provider *provider = calloc(1, sizeof *provider);
    if (config == NULL || provider == NULL) {
        json_decref(config);
        free(provider);
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "config: expected the declarative model");
    }
    st = make_provider(d, request, config, answer, provider);
    json_decref(config);
    if (st != OTM_OK) {
        driver_provider_destroy(provider);
        return st;
    }
    return driver_add(&d->providers, request, answer, provider);
}

otm_status driver_op_configure_meters(driver *d, const json_t *request, json_t *answer)
{
    driver_provider *provider;
    otm_status st = driver_find(&d->providers, request, "provider", answer, &provider);
    if (st != OTM_OK) {
        return st;
    }
    const json_t *rules = json_object_get(request, "meter_configurator");
    char *text = rules == NULL ? NULL : json_dumps(rules, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "meter_configurator: expected the rules");
    }
    st = otm_sdk_configure_meters(provider->sdk, text, strlen(text));
    free(text);
    return st;
}

/* -- Flush and shutdown ------------------------------------------------------------------------------------------ */

/* Of real time, whatever the driver's clock says. */
static int64_t milliseconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static otm_status timed(driver *d, const json_t *request, json_t *answer,
                        otm_status (*call)(otm_meter_provider *provider, int64_t timeout_ms))
{
    driver_provider *provider;
    otm_status st = driver_find(&d->providers, request, "provider", answer, &provider);
    if (st != OTM_OK) {
        return st;
    }
    int64_t timeout_ms = 0;
    const json_t *timeout = json_object_get(request, "timeout_ms");
    if (timeout != NULL && !driver_i64(timeout, &timeout_ms)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "timeout_ms: expected milliseconds");
    }
    int64_t begin = milliseconds_now();
    st = call(otm_sdk_provider(provider->sdk), timeout_ms);
    (void)json_object_set_new(answer, "elapsed_ms", json_integer(milliseconds_now() - begin));
    return st;
}

otm_status driver_op_flush(driver *d, const json_t *request, json_t *answer)
{
    return timed(d, request, answer, otm_meter_provider_flush);
}

otm_status driver_op_shutdown(driver *d, const json_t *request, json_t *answer)
{
    return timed(d, request, answer, otm_meter_provider_shutdown);
}
