/* The configuration model: any text. The host to listen on is made ours, so that no resolver is asked. */
#include <jansson.h>
#include <otm/config.h>
#include <stdlib.h>

#include "fuzz.h"

static bool keep_local(json_t *node);

static bool keep_object_local(json_t *object)
{
    const char *key;
    json_t *value;
    bool changed = false;
    json_object_foreach(object, key, value) {
        if (strcmp(key, "host") == 0 && json_is_string(value)) {
            (void)json_string_set(value, "127.0.0.1");
            changed = true;
        } else if (strcmp(key, "port") == 0 && json_is_integer(value) && json_integer_value(value) > 0) {
            changed |= json_integer_set(value, 0) == 0; /* any free one: other programs need theirs */
        }
        changed |= keep_local(value);
    }
    return changed;
}

static bool keep_local(json_t *node)
{
    bool changed = json_is_object(node) && keep_object_local(node);
    size_t i;
    json_t *element;
    json_array_foreach(node, i, element) {
        changed |= keep_local(element);
    }
    return changed;
}

static void check(const char *text, size_t size)
{
    otm_sdk_model_options options;
    otm_sdk *sdk = NULL;
    otm_sdk_model_options_init(&options);
    options.allow_manual_readers = true;
    options.view_matching = size % 2 != 0 ? OTM_VIEWS_COMPOSABLE : OTM_VIEWS_INDEPENDENT;
    otm_status st = otm_sdk_create_from_model(text, size, &options, &sdk);
    FUZZ_CHECK((st == OTM_OK) == (sdk != NULL));
    for (size_t i = 0; i < otm_sdk_reader_count(sdk); i++) {
        FUZZ_CHECK(otm_sdk_reader(sdk, i) != NULL);
    }
    otm_meter *meter = otm_meter_provider_get_meter(otm_sdk_provider(sdk), "m", NULL);
    otm_sdk_release(sdk);
    otm_meter_release(meter); /* outlives the provider */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *model = json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    char *text = keep_local(model) ? json_dumps(model, JSON_COMPACT) : NULL;
    if (text != NULL) {
        check(text, strlen(text));
    } else {
        check((const char *)data, size);
    }
    free(text);
    json_decref(model);
    return 0;
}
