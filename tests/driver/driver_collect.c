/* collect, render, accounts */
#include <otm/otlp.h>
#include <otm/stream.h>
#include <stdlib.h>

#include "driver_provider.h"
#include "driver_values.h"

/* -- collect ----------------------------------------------------------------------------------------------------- */

static otm_status put_json(const otm_metrics_data *data, json_t *answer)
{
    char *text;
    otm_status st = otm_metrics_to_json(data, &text);
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "the collected data could not be written");
    }
    json_error_t error;
    json_t *metrics = json_loads(text, JSON_ALLOW_NUL, &error);
    otm_memory_exporter_free_json(text);
    if (metrics == NULL) {
        return driver_refuse(answer, OTM_ERR_EXPORT, "what was written is no JSON: %s", error.text);
    }
    return json_object_set_new(answer, "metrics", metrics) == 0 ? OTM_OK : OTM_ERR_NO_MEMORY;
}

static otm_status put_protobuf(const otm_metrics_data *data, json_t *answer)
{
    uint8_t *bytes;
    size_t size;
    otm_status st = otm_otlp_encode(data, NULL, &bytes, &size);
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "the collected data could not be encoded");
    }
    char *text = driver_base64((const char *)bytes, size);
    otm_otlp_free_bytes(NULL, bytes, size);
    st = json_object_set_new(answer, "metrics", json_string(text == NULL ? "" : text)) == 0 ? OTM_OK
                                                                                             : OTM_ERR_NO_MEMORY;
    free(text);
    return st;
}

otm_status driver_op_collect(driver *d, const json_t *request, json_t *answer)
{
    driver_reader *reader;
    const char *form;
    otm_status st = driver_find(&d->readers, request, "reader", answer, &reader);
    if (st == OTM_OK) {
        st = driver_text(request, "as", answer, &form);
    }
    if (st != OTM_OK) {
        return st;
    }
    bool protobuf = form != NULL && strcmp(form, "otlp_protobuf") == 0;
    if (form != NULL && !protobuf && strcmp(form, "otlp_json") != 0) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "as: expected otlp_json or otlp_protobuf, not %s", form);
    }
    const otm_metrics_data *data = NULL;
    st = otm_reader_collect(reader->reader, 0, &data);
    if (st != OTM_OK) {
        return st;
    }
    st = protobuf ? put_protobuf(data, answer) : put_json(data, answer);
    otm_reader_return(reader->reader, data);
    return st;
}

/* -- render ------------------------------------------------------------------------------------------------------ */

/* Text as it is; what is no UTF-8 (gzip, protobuf) as base64. */
static json_t *body_of(const otm_prometheus_response *response)
{
    json_t *body = response->content_encoding[0] == '\0' ? json_stringn(response->body, response->size) : NULL;
    if (body != NULL) {
        return body;
    }
    char *text = driver_base64(response->body, response->size);
    body = json_string(text == NULL ? "" : text);
    free(text);
    return body;
}

otm_status driver_op_render(driver *d, const json_t *request, json_t *answer)
{
    driver_reader *reader;
    const char *accept;
    const char *accept_encoding;
    otm_status st = driver_find(&d->readers, request, "reader", answer, &reader);
    if (st == OTM_OK && reader->prometheus == NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "reader: expected one of a Prometheus exporter");
    }
    if (st == OTM_OK) {
        st = driver_text(request, "accept", answer, &accept);
    }
    if (st == OTM_OK) {
        st = driver_text(request, "accept_encoding", answer, &accept_encoding);
    }
    if (st != OTM_OK) {
        return st;
    }
    otm_prometheus_response response;
    otm_prometheus_response_init(&response);
    st = otm_prometheus_render(reader->prometheus, accept, accept_encoding, &response);
    if (st == OTM_OK) {
        (void)json_object_set_new(answer, "content_type", json_string(response.content_type));
        (void)json_object_set_new(answer, "content_encoding", json_string(response.content_encoding));
        (void)json_object_set_new(answer, "body", body_of(&response));
    }
    otm_prometheus_response_free(&response);
    return st;
}

/* -- accounts ---------------------------------------------------------------------------------------------------- */

static json_t *accounts_of(const otm_accounts *accounts)
{
    json_t *dropped = json_object();
    for (int i = 0; i < OTM_DROP_REASON_COUNT; i++) {
        if (accounts->dropped[i] != 0) {
            (void)json_object_set_new(dropped, otm_drop_reason_name((otm_drop_reason)i),
                                      json_integer((json_int_t)accounts->dropped[i]));
        }
    }
    return json_pack("{s:I,s:I,s:o,s:I}", "exported", (json_int_t)accounts->exported, "rejected",
                     (json_int_t)accounts->rejected, "dropped", dropped, "pending", (json_int_t)accounts->pending);
}

/* One object a reader, in the configuration's order: a reader has one exporter, so their accounts are the same. */
otm_status driver_op_accounts(driver *d, const json_t *request, json_t *answer)
{
    driver_provider *provider;
    otm_status st = driver_find(&d->providers, request, "provider", answer, &provider);
    if (st != OTM_OK) {
        return st;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < otm_sdk_reader_count(provider->sdk); i++) {
        otm_accounts accounts;
        otm_accounts_init(&accounts);
        otm_reader_accounts(otm_sdk_reader(provider->sdk, i), &accounts);
        json_t *entry = accounts_of(&accounts);
        (void)json_object_set(entry, "reader", json_array_get(provider->reader_ids, i));
        (void)json_array_append_new(list, entry);
    }
    return json_object_set_new(answer, "readers", list) == 0 ? OTM_OK : OTM_ERR_NO_MEMORY;
}
